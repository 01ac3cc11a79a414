"""What quizzes leave in the record: kept whole or not at all, never changed, and carried over from older versions."""

import json
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tutor.errors import RecordError
from tutor.feedback import add_feedback, read_feedback
from tutor.learner import Record, open_record
from tutor.quiz.items import Item
from tutor.quiz.rounds import Round
from tutor.record_tables import APPEND_ONLY, MIGRATIONS, SCHEMA_VERSION
from tutor.study_record import QuizRecord, Review, standing

DAY = datetime(2025, 3, 1, 9, 0, tzinfo=UTC)
GRADE = {"verdict": "correct", "score": 1.0, "points": [], "feedback": "Right."}
WRONG = GRADE | {"verdict": "wrong", "score": 0.0}
VERSION_1 = Path(__file__).parent / "records" / "version-1.db"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "record.db"


@pytest.fixture
def record(path: Path) -> Iterator[Record]:
    with open_record(path, now=lambda: DAY) as opened:
        yield opened


def attempt(item: str = "i1", **more: Any) -> dict[str, Any]:
    return {"item_id": item, "answer": "an answer", "grade": GRADE, "fact_id": "f1", "kind": "short"} | more


def test_all_that_a_step_keeps_comes_back_after_a_restart(path: Path) -> None:
    with open_record(path, now=lambda: DAY) as record:
        chat = record.new_chat("quiz")
        with QuizRecord(record).step() as step:
            step.save_round(chat, {"index": 0})
            step.save_items([{"id": "i1", "stem": "old"}, {"id": "i2", "stem": "b", "fact_id": "f2"}])
        with QuizRecord(record).step() as step:
            step.save_round(chat, {"index": 1})
            step.save_items([{"id": "i1", "stem": "a", "fact_id": "f1"}])
            number = step.add_attempt(
                attempt(concept="GAN", hints=2, confidence=0.9, rating="easy", chosen_fact_id="f9")
            )
            step.add_review("f1", Review(number, "good", DAY))
            step.keep_card("f1", {"stability": 2.3065}, DAY + timedelta(days=2))
            step.accept("f1", "生成器")
            step.accept("f1", "生成器")
            step.add_reports([{"item_id": "i2", "reason": "two right answers", "said": "A and B"}])
    with open_record(path, now=lambda: DAY) as record:
        kept = QuizRecord(record)
        assert kept.load_round(chat) == {"index": 1}
        assert kept.item("i1") == {"id": "i1", "stem": "a", "fact_id": "f1"} and kept.item("i3") is None
        assert kept.item_facts() == {"i1": ("f1", ""), "i2": ("f2", "")}
        (one,) = kept.attempts()
        assert (one.item_id, one.fact_id, one.concept, one.kind, one.at) == ("i1", "f1", "GAN", "short", DAY)
        assert (one.hints, one.confidence, one.rating, one.overrides, one.chosen_fact_id) == (
            2, 0.9, "easy", 0, "f9",
        )  # fmt: skip
        assert kept.cards() == {"f1": {"stability": 2.3065}}
        assert kept.accepted("f1") == ("生成器",) and kept.accepted("f2") == ()
        assert kept.reports() == [{"item_id": "i2", "reason": "two right answers", "said": "A and B"}]
        with kept.looked_up() as step:
            assert step.reviews("f1") == [Review(number, "good", DAY)]


def test_a_step_that_fails_at_its_end_keeps_nothing_of_itself(record: Record) -> None:
    chat = record.new_chat("quiz")
    kept = QuizRecord(record)
    with kept.step() as step:
        step.save_round(chat, {"index": 0})
    with pytest.raises(RecordError, match="not in it"), kept.step() as step:
        step.save_round(chat, {"index": 1})
        step.save_items([{"id": "i1"}])
        step.add_attempt(attempt())
        step.add_attempt(attempt("never saved"))
    assert kept.load_round(chat) == {"index": 0} and kept.item("i1") is None and kept.attempts() == []
    with pytest.raises(RecordError, match="not in it"), kept.step() as step:
        step.save_round("no chat", {})


def test_a_deleted_chat_takes_its_round_when_it_goes_and_leaves_the_attempts(path: Path) -> None:
    with open_record(path, now=lambda: DAY) as record:
        chat = record.new_chat("quiz")
        kept = QuizRecord(record)
        with kept.step() as step:
            step.save_round(chat, {"index": 0})
            step.save_items([{"id": "i1"}])
            step.add_attempt(attempt())
        record.delete_chat(chat)
        assert kept.load_round(chat) is None
        record.restore_chat(chat)
        assert kept.load_round(chat) == {"index": 0}
        record.delete_chat(chat)
    with open_record(path, now=lambda: DAY + timedelta(days=2)) as record:
        assert QuizRecord(record).load_round(chat) is None
        assert [(one.item_id, one.answer) for one in QuizRecord(record).attempts()] == [("i1", "an answer")]


def test_answers_reviews_and_reports_can_neither_be_changed_nor_deleted(path: Path, record: Record) -> None:
    with QuizRecord(record).step() as step:
        step.save_items([{"id": "i1"}])
        step.add_review("f1", Review(step.add_attempt(attempt()), "good", DAY))
        step.add_reports([{"item_id": "i1", "reason": "typo"}])
    add_feedback(record, record.add_turn(record.new_chat("a"), "assistant", "so"), "like")
    connection = sqlite3.connect(path)
    for table in APPEND_ONLY:
        for change in (f"UPDATE {table} SET at = 'later'", f"DELETE FROM {table}"):
            with pytest.raises(sqlite3.IntegrityError, match=f"{table} are append-only"):
                connection.execute(change)
    connection.close()


def test_of_an_answer_the_last_revision_stands_at_the_time_of_the_answer(record: Record) -> None:
    kept = QuizRecord(record)
    with kept.step() as step:
        step.save_items([{"id": "i1"}])
        first = step.add_attempt(attempt(grade=WRONG))
        other = step.add_attempt(attempt())
        revised = step.add_attempt(attempt(overrides=first))
        last = step.add_attempt(attempt(grade=WRONG, overrides=revised))
        assert [found and found.id for found in map(step.answered, (first, revised, last, other, 99))] == [
            first, first, first, other, None,
        ]  # fmt: skip
    found = standing(kept.attempts())
    assert [(one.id, one.grade["verdict"]) for one in found] == [(last, "wrong"), (other, "correct")]


def test_a_program_killed_within_a_step_leaves_none_of_it_and_all_of_the_steps_before(path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import os, signal
        from datetime import datetime, UTC
        from pathlib import Path
        from tutor.learner import open_record
        from tutor.study_record import QuizRecord
        record = open_record(Path({str(path)!r}), now=lambda: datetime(2025, 3, 1, tzinfo=UTC))
        chat = record.new_chat("quiz")
        kept = QuizRecord(record)
        for number in range(10):
            with kept.step() as step:
                step.save_round(chat, {{"index": number}})
                step.save_items([{{"id": f"i{{number}}"}}])
                if number == 9:
                    os.kill(os.getpid(), signal.SIGKILL)
                step.add_attempt({{"item_id": f"i{{number}}", "answer": "a", "grade": {GRADE!r}}})
        """
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    with open_record(path, now=lambda: DAY) as record:
        kept = QuizRecord(record)
        assert kept.load_round(record.list_chats()[0].id) == {"index": 8}
        assert [one.item_id for one in kept.attempts()] == [f"i{number}" for number in range(9)]
        assert kept.item("i9") is None


# -- older records -----------------------------------------------------------------------------------------------


@pytest.fixture
def older(path: Path) -> Path:
    """A record that version 1 wrote in a real session: two quizzes, the second one open, two answers."""
    path.parent.mkdir()
    shutil.copy(VERSION_1, path)
    return path


def shape(path: Path) -> dict[str, Any]:
    """Columns, indices, foreign keys and triggers of a database."""
    connection = sqlite3.connect(path)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {
        name: [
            sorted(row[1:] for row in connection.execute(f"PRAGMA table_info({name})")),
            sorted(row[1:4] for row in connection.execute(f"PRAGMA index_list({name})")),
            sorted(row[2:7] for row in connection.execute(f"PRAGMA foreign_key_list({name})")),
        ]
        for name in names
    }
    triggers = [row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")]
    connection.close()
    return found | {"triggers": sorted(triggers)}


def test_a_record_of_version_1_keeps_everything_and_goes_on(older: Path) -> None:
    before = sqlite3.connect(older)
    attempts = before.execute(
        "SELECT id, item_id, answer, verdict, score, grade, at FROM attempts"
    ).fetchall()
    turns = before.execute("SELECT role, content, payload FROM turns").fetchall()
    items = dict(before.execute("SELECT id, body FROM items").fetchall())
    before.close()
    assert len(attempts) == 2 and len(turns) > 6
    with open_record(older, now=lambda: DAY) as record:
        kept = QuizRecord(record)
        (chat,) = record.list_chats()
        assert [(t.role, t.content, t.payload) for t in record.turns(chat.id)] == [
            (role, content, payload and json.loads(payload)) for role, content, payload in turns
        ]
        found = kept.attempts()
        assert [(a.id, a.item_id, a.answer, a.grade["verdict"]) for a in found] == [
            row[:4] for row in attempts
        ]
        assert [(a.kind, a.hints, a.overrides, a.confidence) for a in found] == [("short", 0, 0, None)] * 2
        assert {a.fact_id for a in found} == {json.loads(items[a.item_id])["fact_id"] for a in found}
        open_round = Round.from_dict(kept.load_round(chat.id) or {})
        assert open_round.asked is not None
        assert Item.from_dict(kept.item(open_round.asked.id) or {}) == open_round.asked
        with kept.step() as step:
            step.add_attempt(attempt(open_round.asked.id))
        assert len(kept.attempts()) == 3


def test_a_migrated_record_has_the_shape_of_a_new_one(older: Path, tmp_path: Path) -> None:
    open_record(older, now=lambda: DAY).close()
    open_record(tmp_path / "new.db", now=lambda: DAY).close()
    assert shape(older) == shape(tmp_path / "new.db")


def test_what_was_thought_of_answers_is_carried_over_with_its_words(older: Path) -> None:
    before = sqlite3.connect(older)
    turn, answer = before.execute("SELECT id, content FROM turns WHERE role = 'assistant'").fetchall()[1]
    before.execute(
        "INSERT INTO feedback (turn_id, value, at) VALUES (?, 'dislike', '2025-02-01T00:00:00+00:00')",
        (turn,),
    )
    before.commit()
    question = before.execute(
        "SELECT content FROM turns WHERE role = 'user' AND id < ? ORDER BY id DESC", (turn,)
    ).fetchone()[0]
    before.close()
    with open_record(older, now=lambda: DAY) as record:
        said = read_feedback(record)[-1]
        assert (said.turn_id, said.value, said.word) == (turn, "dislike", "")
        assert (said.question, said.answer) == (question, answer) and question


def test_the_old_record_is_copied_before_it_is_migrated(older: Path) -> None:
    with open_record(older, now=lambda: DAY):
        copy = sqlite3.connect(older.parent / "backups" / "record-2025-03-01.db")
        assert copy.execute("SELECT max(version) FROM schema_version").fetchone() == (1,)
        copy.close()


def test_there_is_a_step_from_every_version() -> None:
    assert sorted(MIGRATIONS) == list(range(1, SCHEMA_VERSION))


@pytest.mark.parametrize(
    ("version", "statement"), [(1, n) for n in range(0, 24, 4)] + [(2, n) for n in range(0, 9, 2)]
)
def test_a_program_killed_while_it_migrates_leaves_the_old_record(
    older: Path, version: int, statement: int
) -> None:
    before = sqlite3.connect(older)
    turn = before.execute("SELECT id FROM turns WHERE role = 'assistant'").fetchall()[1][0]
    before.execute("INSERT INTO feedback (turn_id, value, at) VALUES (?, 'dislike', '2025-02-01')", (turn,))
    before.commit()
    said = before.execute("SELECT turn_id, value FROM feedback ORDER BY id").fetchall()
    before.close()
    script = textwrap.dedent(
        f"""
        import os, signal
        from datetime import datetime, UTC
        from pathlib import Path
        from tutor import record_tables
        from tutor.learner import open_record
        def step(connection):
            for number, statement in enumerate(record_tables._TO_{version + 1}):
                if number == {statement}:
                    os.kill(os.getpid(), signal.SIGKILL)
                connection.exec_driver_sql(statement)
        record_tables.MIGRATIONS[{version}] = step
        open_record(Path({str(older)!r}), now=lambda: datetime(2025, 3, 1, tzinfo=UTC))
        """
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    connection = sqlite3.connect(older)
    assert connection.execute("SELECT max(version) FROM schema_version").fetchone() == (1,)
    assert connection.execute("SELECT turn_id, value FROM feedback ORDER BY id").fetchall() == said
    connection.close()
    with open_record(older, now=lambda: DAY) as record:
        assert len(QuizRecord(record).attempts()) == 2
        assert [(one.turn_id, one.value) for one in read_feedback(record)] == said


def test_an_old_record_is_not_read_half_understood(older: Path) -> None:
    with pytest.raises(RecordError, match="Start tutor once"):
        open_record(older, now=lambda: DAY, exclusive=False)
    open_record(older, now=lambda: DAY).close()
    with open_record(older, now=lambda: DAY, exclusive=False) as reader:
        assert len(QuizRecord(reader).attempts()) == 2
