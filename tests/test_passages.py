"""Passages: bounded by the embedding model's own tokenizer, stable, and traceable to their lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tutor.notes import Note, read_library
from tutor.notes.note import Block, Card, Kind, QuizQuestion, Text
from tutor.passages import Passage, embedded_text, split_note
from tutor.vocabulary import glossary_columns

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
LIMIT = 220


def text(words: str, line: int = 1) -> Text:
    starts, offset = [], 0
    for number, part in enumerate(words.split("\n"), line):
        starts.append((offset, number))
        offset += len(part) + 1
    return Text(words, tuple(starts), line + words.count("\n"))


def note(*blocks: Block, **parts: Any) -> Note:
    return Note("gan.md", "markdown", "GAN", blocks, **parts)


def block(
    words: str, kind: Kind = "prose", heading: tuple[str, ...] = (), speaker: str = "", line: int = 1
) -> Block:
    return Block(kind, heading, text(words, line), speaker)


def count_words(words: str) -> int:
    return len(words.split())


@pytest.fixture(scope="module")
def count_tokens(embedding: Any) -> Callable[[str], int]:
    found: Callable[[str], int] = embedding.count_tokens
    return found


@pytest.fixture(scope="module")
def corpus() -> tuple[Note, ...]:
    return tuple(read_library([CORPUS]).notes)


@pytest.fixture(scope="module")
def corpus_passages(corpus: tuple[Note, ...], count_tokens: Callable[[str], int]) -> list[Passage]:
    return [passage for one in corpus for passage in split_note(one, count_tokens, LIMIT)]


# -- over the bundled notes --------------------------------------------------------------------------------------


def test_no_passage_of_the_corpus_but_code_exceeds_the_bound(
    corpus_passages: list[Passage], count_tokens: Callable[[str], int]
) -> None:
    too_long = [p.id for p in corpus_passages if p.kind != "code" and count_tokens(p.embedded_text) > LIMIT]
    assert len(corpus_passages) > 300 and too_long == []


def test_ids_of_the_corpus_are_unique_and_the_same_again(
    corpus: tuple[Note, ...], corpus_passages: list[Passage], count_tokens: Callable[[str], int]
) -> None:
    ids = [passage.id for passage in corpus_passages]
    assert len(set(ids)) == len(ids)
    assert ids == [passage.id for one in corpus for passage in split_note(one, count_tokens, LIMIT)]


def test_every_word_of_a_passage_stands_at_its_lines(corpus_passages: list[Passage]) -> None:
    files = {
        path: (CORPUS / path).read_text(encoding="utf-8").split("\n")
        for path in {p.note for p in corpus_passages}
    }
    for passage in corpus_passages:
        first, last = passage.text.lines
        assert found(passage.text.words) <= found("\n".join(files[passage.note][first - 1 : last])), passage


def test_every_line_of_a_passage_holds_its_words(corpus_passages: list[Passage]) -> None:
    files = {
        path: (CORPUS / path).read_text(encoding="utf-8").split("\n")
        for path in {p.note for p in corpus_passages}
    }
    for passage in corpus_passages:
        starts = [offset for offset, _ in passage.text.starts]
        for begin, end in zip(starts, [*starts[1:], len(passage.text.words)], strict=True):
            first, last = passage.text.lines_of(begin, end)
            lines = files[passage.note][first - 1 : last + 1]
            assert found(passage.text.words[begin:end]) <= found("\n".join(lines)), (passage.note, first)


def test_pieces_of_a_block_hold_all_its_words(
    corpus: tuple[Note, ...], corpus_passages: list[Passage]
) -> None:
    for one in corpus:
        said = " ".join(passage.text.words for passage in corpus_passages if passage.note == one.path)
        for part in one.blocks:
            if glossary_columns(part.text.words):
                continue  # of a glossary's row only the meaning is a passage
            assert found(part.text.words) <= found(said)


def found(words: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", words.replace("&amp;", "&").lower()))


# -- bounds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "A generator turns noise into samples. " * 60,
        "word " * 900,
        "alpha/beta/" * 300,
        "生成器产生样本，判别器判断真假。" * 80,
        "- An item of a list.\n" * 80,
        "$" + "x + " * 500 + "x$ is long.",
        "~~struck~~ and kept. " * 90,
    ],
    ids=["sentences", "one sentence", "one word", "chinese", "list", "formula", "struck"],
)
@pytest.mark.parametrize("limit", [60, LIMIT])
def test_long_text_is_cut_below_the_bound_and_nothing_is_lost(
    words: str, limit: int, count_tokens: Callable[[str], int]
) -> None:
    pieces = split_note(note(block(words, heading=("Training",))), count_tokens, limit)
    assert all(count_tokens(piece.embedded_text) <= limit for piece in pieces)
    assert "".join(piece.text.words for piece in pieces) == words
    assert [piece.part for piece in pieces] == list(range(len(pieces))) and len(pieces) > 1


def test_a_text_is_cut_between_sentences() -> None:
    pieces = split_note(note(block("One two three four. Five six seven. Eight nine ten.")), count_words, 10)
    assert [piece.text.words.strip() for piece in pieces] == [
        "One two three four. Five six seven.",
        "Eight nine ten.",
    ]


def test_each_piece_knows_its_own_lines() -> None:
    pieces = split_note(
        note(block("One two three.\nFour five six.\nSeven eight nine.", line=7)), count_words, 5
    )
    assert [piece.text.lines for piece in pieces] == [(7, 7), (8, 8), (9, 9)]


def test_code_is_kept_whole_beyond_the_bound() -> None:
    (piece,) = split_note(note(block("x = 1\n" * 400, "code")), count_words, 50)
    assert piece.kind == "code" and piece.text.words == "x = 1\n" * 400


def test_endless_code_is_cut_between_lines() -> None:
    pieces = split_note(note(block("y = f(x)\n" * 2000, "code")), count_words, 50)
    assert len(pieces) > 1 and all(piece.text.words.endswith("y = f(x)\n") for piece in pieces)


# -- what belongs together ---------------------------------------------------------------------------------------


def test_prose_list_and_formula_under_one_heading_make_one_passage() -> None:
    parts = [block("One.", line=1), block("Two.", "list", line=3), block("$$x$$", "math", line=5)]
    (piece,) = split_note(note(*parts), count_words)
    assert (piece.kind, piece.text.words, piece.text.lines) == ("prose", "One.\n\nTwo.\n\n$$x$$", (1, 5))


def test_a_single_list_keeps_its_kind() -> None:
    assert [piece.kind for piece in split_note(note(block("- One.", "list")), count_words)] == ["list"]


@pytest.mark.parametrize("kind", ["code", "table", "analogy", "answer"])
def test_other_kinds_are_never_mixed_with_prose(kind: Kind) -> None:
    pieces = split_note(note(block("One."), block("Two.", kind), block("Three.")), count_words)
    assert [piece.kind for piece in pieces] == ["prose", kind, "prose"]


def test_headings_and_speakers_are_never_mixed() -> None:
    parts = [
        block("One.", heading=("A",)),
        block("Two.", heading=("B",)),
        block("Three.", heading=("B",), speaker="Me"),
    ]
    pieces = split_note(note(*parts), count_words)
    assert [(piece.heading, piece.speaker) for piece in pieces] == [
        (("A",), ""),
        (("B",), ""),
        (("B",), "Me"),
    ]


def test_a_card_stands_under_its_question_and_its_background_once() -> None:
    background = text("Both networks are trained in turn.")
    cards = tuple(Card(("GAN",), text(f"Question {i}?"), text(f"Answer {i}."), background) for i in (1, 2))
    pieces = split_note(note(cards=cards), count_words)
    assert [(piece.kind, piece.heading, piece.text.words) for piece in pieces] == [
        ("prose", ("GAN",), "Both networks are trained in turn."),
        ("card", ("GAN", "Question 1?"), "Answer 1."),
        ("card", ("GAN", "Question 2?"), "Answer 2."),
    ]


def test_a_quiz_question_stands_over_its_answer() -> None:
    (piece,) = split_note(note(quiz=(QuizQuestion(("Quiz",), text("Why?"), text("So.")),)), count_words)
    assert (piece.kind, piece.heading, piece.text.words) == ("quiz", ("Quiz", "Why?"), "So.")


# -- struck words, ids, JSON -------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["~~All of it is wrong.~~", "~~One.~~\n\n~~Two.~~", " ", ""])
def test_struck_words_alone_make_no_passage(words: str) -> None:
    assert split_note(note(block(words)), count_words) == []


def test_struck_words_are_kept_in_the_text_and_left_out_of_what_is_embedded() -> None:
    (piece,) = split_note(note(block("One. ~~Two.~~ Three.")), count_words)
    assert "~~Two.~~" in piece.text.words
    assert "Two" not in piece.embedded_text


def test_an_id_depends_on_note_heading_and_words_alone() -> None:
    one = block("One.", heading=("A",))
    (first,) = split_note(note(one), count_words)
    moved = split_note(note(block("Before."), replace(one, text=text("One.", 90))), count_words)[1]
    assert moved.id == first.id
    (other_words,) = split_note(note(block("One!", heading=("A",))), count_words)
    (other_heading,) = split_note(note(block("One.", heading=("B",))), count_words)
    (other_note,) = split_note(replace(note(one), path="vae.md"), count_words)
    assert len({first.id, other_words.id, other_heading.id, other_note.id}) == 4


def test_equal_passages_of_a_note_get_ids_of_their_own() -> None:
    same = [block("One.", "analogy"), block("Two.", "code"), block("One.", "analogy"), block("Two.", "code")]
    ids = [piece.id for piece in split_note(note(*same), count_words)]
    assert len(set(ids)) == 4 and ids[2].startswith(ids[0])


def test_equal_content_has_one_hash_wherever_it_stands() -> None:
    (one,) = split_note(note(block("One.")), count_words)
    (other,) = split_note(replace(note(block("One.", line=9)), path="b.md"), count_words)
    assert one.id != other.id and one.content_hash == other.content_hash


def test_a_passage_survives_json() -> None:
    (piece,) = split_note(
        note(block("One is 生成.\nTwo.", heading=("A", "B"), speaker="Me", line=4)), count_words
    )
    assert Passage.from_json(piece.to_json()) == piece


def test_title_and_headings_come_before_the_words() -> None:
    assert embedded_text("GAN", ("Training", ""), " One. ") == "GAN > Training\nOne."
    assert embedded_text("", (), "One.") == "\nOne."


def test_a_long_question_over_a_card_leaves_room_for_its_answer(count_tokens: Callable[[str], int]) -> None:
    question = text("Why does it happen? " * 12)
    cards = (Card(("GAN",), question, text("The generator turns noise into samples. " * 40)),)
    pieces = split_note(note(cards=cards), count_tokens, LIMIT)
    assert len(pieces) > 1 and all(count_tokens(piece.embedded_text) <= LIMIT for piece in pieces)
