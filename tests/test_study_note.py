"""A chat saved as a note: the real readers find its cards, and each sentence says whose it is."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tutor.errors import NotesError
from tutor.grounding import evidence_in
from tutor.learner import Turn
from tutor.notes import Note, read_library
from tutor.passages import split_note
from tutor.study_note import chat_as_note, save_note
from tutor.turns import Answer, Citation, DemoOutcome, Event, QuizGrade, QuizItem, Sentence, event_to_json

DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def chat(*said: tuple[str, list[Event]]) -> list[Turn]:
    turns = []
    for message, events in said:
        turns.append(Turn(len(turns), "user", message, None, NOW))
        payload = {"events": [event_to_json(event) for event in events]}
        turns.append(Turn(len(turns), "assistant", "", payload, NOW))
    return turns


def answer(
    question: str, *texts: str, support: Any = "quoted", note: str = "gans/gan.md", **more: Any
) -> Answer:
    cited = tuple(Citation(n, note, (n + 2, n + 3), text, "GAN", **more) for n, text in enumerate(texts, 1))
    sentences = tuple(Sentence(text, support, (n,)) for n, text in enumerate(texts, 1))
    return Answer("", False, cited, sentences, (), "plain", 5.0, "notes-only", {}, question)


def read_back(text: str, folder: Path) -> Note:
    (folder / "chat.md").write_text(text, encoding="utf-8")
    library = read_library([folder])
    assert not library.skipped
    return library.notes[0]


def words(note: Note) -> str:
    return "\n".join(
        [*(card.answer.words for card in note.cards), *(block.text.words for block in note.blocks)]
    )


GAN = "A GAN is a pair of networks."


def test_questions_become_cards_that_the_real_reader_finds(tmp_path: Path) -> None:
    text = chat_as_note("GANs: a talk", chat(("What is a GAN?", [answer("What is a GAN?", GAN)])), DAY)
    note = read_back(text, tmp_path)
    assert note.title == "GANs: a talk"
    assert note.related == ("gan",) and note.tags == ("chat",)
    assert [card.question.words for card in note.cards] == ["What is a GAN?"]
    assert note.cards[0].answer.words == "A GAN is a pair of networks (from gans/gan.md, lines 3 to 4)."
    assert "2026-11-21" in text


def test_each_sentence_that_may_be_quoted_later_names_its_source(tmp_path: Path) -> None:
    said = answer(
        "What is a GAN?",
        GAN,
        "Two sentences. In one quote.",
        "It has steps:\n- one\n- two",
        note="my n. b.md",
    )
    note = read_back(chat_as_note("T", chat(("What is a GAN?", [said])), DAY), tmp_path)
    pieces = [
        piece for passage in split_note(note, lambda t: len(t.split())) for piece in evidence_in(passage)
    ]
    # All of them: nothing that the program itself says of the note can be quoted.
    assert len(pieces) == 4
    assert all("from my n.b.md, lines" in piece.text for piece in pieces)


def test_what_the_notes_do_not_support_is_not_saved(tmp_path: Path) -> None:
    doubted = answer("What is a GAN?", "It was found on a Tuesday.", support="unsupported")
    refused = Answer(
        "No.", True, (), (Sentence("No.", "connective"),), (), "plain", 1.0, "notes-only", {}, "Why Rome?"
    )
    note = read_back(chat_as_note("T", chat(("a?", [doubted]), ("Why Rome?", [refused])), DAY), tmp_path)
    assert "Tuesday" not in words(note)
    assert not note.cards
    assert "Why Rome?" in words(note)


def test_struck_words_stay_struck(tmp_path: Path) -> None:
    said = answer("What is a GAN?", "~~GANs copy images.~~", "A GAN ~~never~~ trains two nets.")
    note = read_back(chat_as_note("T", chat(("q?", [said])), DAY), tmp_path)
    assert [text.words.split(" (")[0].strip("~") for text in note.retractions] == [
        "GANs copy images",
        "never",
    ]
    pieces = [p.text for passage in split_note(note, lambda t: len(t.split())) for p in evidence_in(passage)]
    assert not any("copy images" in text for text in pieces)


def test_a_story_is_read_back_as_a_story_and_not_as_a_fact(tmp_path: Path) -> None:
    said = answer("Explain GANs", "Imagine a cook.", "The cook bakes pie.", heading=("Analogy",))
    note = read_back(chat_as_note("T", chat(("Explain GANs", [said])), DAY), tmp_path)
    assert not note.cards
    assert "The cook bakes pie (from gans/gan.md, lines 4 to 5)." in note.analogies[0].text.words


@pytest.mark.parametrize(
    "text",
    [
        "Q: is this a label?",
        "A: is no label.",
        "ChatGPT: said nothing.",
        "- begins with a dash.",
        "1. begins with a number.",
        "# begins with a hash.",
        "> begins with an arrow.",
        "*stars* and _lines_ and `ticks` and [links](http://x.y) stay.",
        "Shapes [4, 1] and [CLS] stay.",
        "<b>tags</b> and &amp; stay.",
        "It costs $5 to $6 and $x_i * y_i$ too.",
        "生成式模型学习数据的分布。",
    ],
)
def test_any_sentence_reads_back_as_it_was(text: str, tmp_path: Path) -> None:
    note = read_back(chat_as_note("T", chat(("q?", [answer("What?", GAN, text)])), DAY), tmp_path)
    assert text[:-1] in note.cards[0].answer.words
    assert not any(block.speaker for block in note.blocks)
    assert len(note.cards) == 1


def test_code_tables_and_formulas_keep_their_kind(tmp_path: Path) -> None:
    code, table = "def f(x):\n    return x_1 * 2", "Loss | *Kind*\na_b | c"
    said = answer("Show it", code, table, "The loss:\n\n$$\na_b\n$$")
    note = read_back(chat_as_note("T", chat(("Show it", [said])), DAY), tmp_path)
    found = {block.kind: block for block in note.blocks}
    assert found["code"].text.words == code
    assert found["table"].text.words == table
    assert "from gans/gan.md" in found["code"].heading[-1]
    assert "a_b" in words(note) and "The loss (from gans/gan.md, lines 5 to 6):" in words(note)


def test_quiz_questions_become_cards_and_demos_say_they_were_one_run(tmp_path: Path) -> None:
    cited = Citation(1, "gans/gan.md", (3, 3), GAN)
    quiz: list[Event] = [QuizItem("i", "What is a GAN?", (), 1, 1)]
    graded: list[Event] = [QuizGrade("i", "wrong", 0.0, "No.", "nets", cited)]
    demo: list[Event] = [DemoOutcome({"demo": "gan-2d", "verdict": "7 of 8 modes are covered."})]
    note = read_back(
        chat_as_note("T", chat(("quiz me", quiz), ("cats", graded), ("demo", demo)), DAY), tmp_path
    )
    assert [card.question.words for card in note.cards] == ["What is a GAN?"]
    assert "cats" not in words(note)
    assert "7 of 8 modes are covered (one run, saved 2026-11-21)." in words(note)


def test_a_question_asked_twice_makes_one_card(tmp_path: Path) -> None:
    twice = chat(*[("What is a GAN?", [answer("What is a GAN?", GAN)])] * 2)
    assert len(read_back(chat_as_note("T", twice, DAY), tmp_path).cards) == 1


def test_what_was_quoted_from_a_saved_chat_keeps_its_first_source(tmp_path: Path) -> None:
    marked = "A GAN is a pair of networks (from gans/gan.md, lines 3 to 4)."
    said = answer("What is a GAN?", marked, note="my chat.md")
    note = read_back(chat_as_note("T", chat(("What is a GAN?", [said])), DAY), tmp_path)
    assert note.cards[0].answer.words == marked


@pytest.mark.parametrize(
    "marked",
    [
        "A GAN is a pair (from my (old) notes/gan.md, line 3).",
        "From gans/gan.md, lines 3 to 4:\n\n$$\na_b\n$$",
        "The loss (from gans/gan.md, line 5):\n\n$$\na_b\n$$",
    ],
)
def test_a_source_is_never_named_twice(marked: str, tmp_path: Path) -> None:
    said = answer("What is a GAN?", marked, note="my chat.md")
    note = read_back(chat_as_note("T", chat(("What is a GAN?", [said])), DAY), tmp_path)
    assert "my chat.md" not in words(note)
    assert words(note).lower().count("from ") == 1


def test_a_compared_table_is_kept_whole_and_its_cells_are_no_sentences(tmp_path: Path) -> None:
    row = "Loss | minimax game | negative ELBO"
    cited = (Citation(1, "gans/gan.md", (3, 3), GAN), Citation(2, "vae.md", (9, 9), row))
    table = "|  | GAN | VAE |\n| --- | --- | --- |\n| **Loss** | minimax game [2] | negative ELBO [2] |"
    sentences = (
        Sentence(GAN, "quoted", (1,)),
        Sentence("GAN | VAE", "connective"),
        Sentence("Loss", "connective"),
        Sentence("minimax game", "quoted", (2,)),
        Sentence("negative ELBO", "quoted", (2,)),
    )
    said = Answer(
        f"{GAN} [1]\n\n{table}", False, cited, sentences, (), "plain", 5.0, "notes-only", {}, "GAN vs VAE"
    )
    note = read_back(chat_as_note("T", chat(("GAN vs VAE", [said])), DAY), tmp_path)
    assert [card.answer.words for card in note.cards] == [
        "A GAN is a pair of networks (from gans/gan.md, line 3)."
    ]
    (block,) = [block for block in note.blocks if block.kind == "table"]
    assert "Loss | minimax game | negative ELBO" in block.text.words
    assert "from vae.md" in block.heading[-1]


def test_a_statement_that_was_rejected_is_saved_as_a_question(tmp_path: Path) -> None:
    verdict = Answer(
        "",
        False,
        (Citation(1, "gans/gan.md", (3, 3), GAN),),
        (
            Sentence("Not quite. Your notes say otherwise:", "connective"),
            Sentence(GAN, "quoted", (1,)),
        ),
        (), "plain", 5.0, "notes-only", {}, "So a GAN is one network.",
    )  # fmt: skip
    text = chat_as_note("T", chat(("So a GAN is one network.", [verdict])), DAY)
    note = read_back(text, tmp_path)
    assert note.cards[0].question.words == "Is it true: “So a GAN is one network”?"
    assert "## Is it true: “So a GAN is one network”?" in text
    assert "one network" not in words(note)


def test_an_empty_chat_and_an_odd_title_still_make_a_note(tmp_path: Path) -> None:
    note = read_back(chat_as_note('a: "b" # [c]\n---', [], DAY), tmp_path)
    assert note.title == 'a: "b" # [c] ---'


def test_a_saved_note_never_replaces_another(tmp_path: Path) -> None:
    places = [save_note(f"text {n}", tmp_path, "GAN/VAE: notes?") for n in range(3)]
    assert [place.name for place in places] == [
        "GAN-VAE notes.md",
        "GAN-VAE notes-2.md",
        "GAN-VAE notes-3.md",
    ]
    assert [place.read_text() for place in places] == ["text 0", "text 1", "text 2"]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    "title", ["../../etc/passwd", "README", "", ".hidden", "x" * 400, "生成", "a\x00b", "~$a~"]
)
def test_a_title_never_leads_out_of_the_folder_and_the_note_is_read(title: str, tmp_path: Path) -> None:
    place = save_note("# A note\n\nWords.\n", tmp_path, title)
    assert place.parent == tmp_path
    assert len(read_library([tmp_path]).notes) == 1


def test_a_folder_that_is_gone_or_full_gives_the_remedy_and_leaves_nothing(
    tmp_path: Path, monkeypatch: Any
) -> None:
    with pytest.raises(NotesError, match="Check that the folder exists"):
        save_note("text", tmp_path / "gone" / "below", "T")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotesError, match="No space left"):
        save_note("text", tmp_path, "T")
    assert not list(tmp_path.iterdir())
