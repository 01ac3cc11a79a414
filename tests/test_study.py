"""What an answer does to the schedule: once a day, revised with its grade, whole or not at all, equal when replayed."""

import json
import random
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tutor.errors import QuizError, RecordError
from tutor.learner import Record, open_record
from tutor.quiz.items import Item
from tutor.quiz.schedule import due_at, replayed
from tutor.quiz.study import StudyRecord
from tutor.study_record import QuizRecord
from tutor.turns import Citation

DAY = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
FACTS = {"f1": 1, "f2": 2, "f3": 3}


@pytest.fixture(autouse=True)
def _utc(live_in: Callable[[str], None]) -> None:
    """The student lives in UTC, where a test says nothing else."""
    live_in("UTC")


class Clock:
    def __init__(self) -> None:
        self.at = DAY

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "record.db"


@pytest.fixture
def record(path: Path, clock: Clock) -> Iterator[Record]:
    with open_record(path, now=clock) as opened:
        yield opened


@pytest.fixture
def study(record: Record) -> StudyRecord:
    found = StudyRecord(record)
    found.keep_items([item("i1", "f1"), item("i2", "f2"), item("yes", "f1", "true-false")])
    return found


def item(item_id: str, fact: str, kind: Any = "short") -> dict[str, Any]:
    cited = Citation(1, "gan.md", (3, 3), "Two networks.", "GAN", ("GAN",), "Two networks.")
    return Item(item_id, kind, "What is a GAN?", (), "Two networks.", "", cited, "Two networks.", ("GAN",), "gan.md",
                fact, "GAN").to_dict()  # fmt: skip


def answer(verdict: str, item_id: str = "i1", fact: str = "f1", **more: Any) -> dict[str, Any]:
    score = {"correct": 1.0, "partial": 0.7, "wrong": 0.0, "unsure": 0.0}[verdict]
    grade = {"verdict": verdict, "score": score, "points": [], "feedback": "", "dont_know": False}
    return {
        "item_id": item_id,
        "fact_id": fact,
        "concept": "GAN",
        "kind": "short",
        "answer": "x",
        "grade": grade,
    } | more


def due_in(done: dict[str, Any], clock: Clock) -> int | None:
    return (datetime.fromisoformat(done["next_due"]) - clock()).days if done["next_due"] else None


def ratings(record: Record, fact: str = "f1") -> list[tuple[int, str | None]]:
    with QuizRecord(record).looked_up() as step:
        return [(review.attempt_id, review.rating) for review in step.reviews(fact)]


def test_a_step_returns_the_numbers_of_its_answers_and_when_their_facts_are_due(
    record: Record, study: StudyRecord, clock: Clock
) -> None:
    chat = record.new_chat("quiz")
    done = study.keep_step(
        chat,
        {"index": 1},
        items=[item("i3", "f3")],
        attempts=[
            answer("correct"), answer("wrong", "i2", "f2"), answer("unsure", "i3", "f3"), answer("correct", fact=""),
        ],
        reports=[{"item_id": "i2", "reason": "unclear"}],
    )  # fmt: skip
    assert [one["attempt_id"] for one in done] == [1, 2, 3, 4]
    assert [one["fact_id"] for one in done] == ["f1", "f2", "f3", ""]
    assert [due_in(one, clock) for one in done] == [2, 1, None, None]
    assert study.load_round(chat) == {"index": 1} and study.reported_items() == {"i2"}
    assert study.item("i3").fact_id == "f3"


def test_an_unknown_item_is_an_error_with_its_remedy(study: StudyRecord) -> None:
    with pytest.raises(QuizError, match=r"no question 'nowhere'.*tutor quiz TOPIC --json"):
        study.item("nowhere")


def test_the_first_answer_of_a_day_schedules_and_later_ones_are_only_kept(
    record: Record, study: StudyRecord, clock: Clock
) -> None:
    first = study.keep_attempt(answer("wrong"))
    clock.move(hours=3)
    later = study.keep_attempt(answer("correct"))
    assert later["next_due"] == first["next_due"]
    assert ratings(record) == [(1, "again")] and len(study.attempts()) == 2
    clock.move(days=1)
    assert due_in(study.keep_attempt(answer("correct")), clock) == 2
    assert ratings(record) == [(1, "again"), (3, "good")]


@pytest.mark.parametrize(
    ("zone", "first", "later", "tomorrow"),
    [
        (
            "America/New_York",
            (25, 22, 0),
            (26, 3, 0),
            (26, 6, 0),
        ),  # 17:00 and 22:00, and 01:00 of the next day
        (
            "Asia/Shanghai",
            (25, 17, 0),
            (26, 15, 30),
            (26, 16, 30),
        ),  # 01:00 and 23:30, and 00:30 of the next day
    ],
)
def test_a_day_is_one_of_the_students_calendar(
    record: Record, study: StudyRecord, clock: Clock, live_in: Callable[[str], None],
    zone: str, first: tuple[int, int, int], later: tuple[int, int, int], tomorrow: tuple[int, int, int],
) -> None:  # fmt: skip
    live_in(zone)
    reviews = []
    for day, hour, minute in (first, later, tomorrow):
        clock.at = datetime(2025, 11, day, hour, minute, tzinfo=UTC)
        study.keep_attempt(answer("wrong"))
        reviews.append(len(ratings(record)))
    assert reviews == [1, 1, 2]


def test_an_answer_that_says_nothing_of_recall_leaves_the_day_to_the_next(
    record: Record, study: StudyRecord, clock: Clock
) -> None:
    assert study.keep_attempt(answer("correct", "yes", kind="true-false"))["next_due"] is None
    assert study.keep_attempt(answer("unsure"))["next_due"] is None
    assert due_in(study.keep_attempt(answer("correct", hints=1)), clock) == 1
    assert ratings(record) == [(3, "hard")]
    clock.move(days=2)
    study.keep_attempt(answer("correct", "yes", kind="true-false"))
    assert ratings(record)[-1] == (4, "hard")


def test_the_student_may_call_an_answer_easy(study: StudyRecord, clock: Clock) -> None:
    easy = study.keep_attempt(answer("correct", rating="easy"))
    good = study.keep_attempt(answer("correct", "i2", "f2"))
    assert (due_in(easy, clock) or 0) > (due_in(good, clock) or 0)


def test_a_revised_grade_revises_its_review_and_can_be_taken_back(
    record: Record, study: StudyRecord, clock: Clock
) -> None:
    wrong = study.keep_attempt(answer("wrong"))
    clock.move(minutes=1)
    right = study.keep_attempt(answer("correct", overrides=wrong["attempt_id"]))
    assert datetime.fromisoformat(right["next_due"]) == DAY + timedelta(days=2)
    assert [one.grade["verdict"] for one in study.attempts()] == ["correct"]
    undone = study.keep_attempt(answer("wrong", overrides=wrong["attempt_id"]))
    assert undone["next_due"] == wrong["next_due"]
    assert ratings(record) == [(1, "again"), (1, "good"), (1, "again")]
    assert study.cards()["f1"] == replayed("f1", [("again", DAY)])


def test_a_revision_counts_also_after_later_reviews(record: Record, study: StudyRecord, clock: Clock) -> None:
    wrong = study.keep_attempt(answer("wrong"))
    clock.move(days=1)
    study.keep_attempt(answer("correct"))
    study.keep_attempt(answer("correct", overrides=wrong["attempt_id"]))
    assert study.cards()["f1"] == replayed("f1", [("good", DAY), ("good", DAY + timedelta(days=1))])


def test_what_the_student_rates_an_unsure_grade_schedules_and_no_rating_takes_it_back(
    study: StudyRecord, clock: Clock
) -> None:
    unsure = study.keep_attempt(answer("unsure"))
    rated = study.keep_attempt(answer("unsure", rating="good", overrides=unsure["attempt_id"]))
    assert due_in(rated, clock) == 2
    undone = study.keep_attempt(answer("unsure", overrides=unsure["attempt_id"]))
    assert undone["next_due"] is None and study.cards() == {}


def test_the_schedule_is_the_fold_of_the_reviews_whatever_happens(path: Path) -> None:
    """Random answers, revisions and days, a clock that jumps back at times, and a restart now and then."""
    rng, clock = random.Random(11), Clock()
    for _ in range(12):
        with open_record(path, now=clock) as record:
            study = StudyRecord(record)
            study.keep_items([item("i1", "f1"), item("i2", "f2")])
            for _ in range(25):
                clock.move(hours=rng.choice((0.1, 5, 30, 200, -40)))
                n = rng.choice("12")
                own = [one.id for one in QuizRecord(record).attempts() if one.item_id == f"i{n}"]
                study.keep_attempt(
                    answer(rng.choice(("correct", "partial", "wrong", "unsure")), f"i{n}", f"f{n}",
                           hints=rng.choice((0, 0, 1)), rating=rng.choice((None, None, "easy", "again")),
                           overrides=rng.choice(own) if own and rng.random() < 0.3 else 0)
                )  # fmt: skip
            for fact in ("f1", "f2"):
                with QuizRecord(record).looked_up() as step:
                    last = {review.attempt_id: review for review in step.reviews(fact)}
                    state = step.card(fact)
                counted = sorted(
                    (one for one in last.values() if one.rating), key=lambda one: (one.at, one.attempt_id)
                )
                assert state == replayed(fact, [(one.rating, one.at) for one in counted])  # type: ignore[misc]
                days = [one.at.date() for one in counted]
                assert state is None or due_at(state) > max(one.at for one in counted)
                assert len(days) == len(set(days)) > 0


# -- reports -----------------------------------------------------------------------------------------------------


def report(study: StudyRecord, record: Record, *item_ids: str) -> None:
    study.keep_step(
        record.new_chat("quiz"), {}, reports=[{"item_id": one, "reason": "unfair"} for one in item_ids]
    )


def test_no_answer_to_a_reported_item_counts_and_all_stays_on_record(
    record: Record, study: StudyRecord, clock: Clock
) -> None:
    study.keep_attempt(answer("wrong", "i2", "f2"))
    clock.move(days=1)
    wrong = study.keep_attempt(answer("wrong"))
    study.keep_attempt(answer("partial", overrides=wrong["attempt_id"]))
    assert study.missed(FACTS) == ["f1", "f2"] and set(study.cards()) == {"f1", "f2"}
    report(study, record, "i1")
    assert study.missed(FACTS) == ["f2"] and [one.item_id for one in study.attempts()] == ["i2"]
    assert set(study.cards()) == {"f2"} and "f1" not in study.due(FACTS)
    assert len(QuizRecord(record).attempts()) == 3
    assert ratings(record) == [(2, "again"), (2, "hard"), (2, None)]
    later = study.keep_attempt(answer("correct"))  # an answer that another program gives to it
    assert later["next_due"] is None and study.cards().keys() == {"f2"}


def test_of_a_fact_the_reviews_by_other_items_stay_and_the_schedule_is_theirs(
    record: Record, study: StudyRecord, clock: Clock
) -> None:
    study.keep_items([item("other", "f1")])
    study.keep_attempt(answer("correct", "other"))
    first = clock.at
    clock.move(days=2)
    study.keep_attempt(answer("wrong"))
    assert study.missed(FACTS) == ["f1"]
    report(study, record, "i1")
    assert study.missed(FACTS) == [] and study.cards()["f1"] == replayed("f1", [("good", first)])


def test_another_answer_of_the_day_is_the_review_instead_of_a_reported_one(
    record: Record, study: StudyRecord, clock: Clock
) -> None:
    study.keep_items([item("other", "f1"), item("third", "f1")])
    study.keep_attempt(answer("wrong"))
    clock.move(hours=1)
    study.keep_attempt(answer("correct", "other"))
    at = clock.at
    clock.move(hours=1)
    study.keep_attempt(answer("partial", "third"))
    report(study, record, "i1")
    assert study.cards()["f1"] == replayed("f1", [("good", at)])
    report(study, record, "other")
    assert study.cards()["f1"] == replayed("f1", [("hard", clock.at)])
    report(study, record, "third")
    assert study.cards() == {} and study.attempts() == []


def test_words_that_were_approved_can_be_taken_back(record: Record, study: StudyRecord) -> None:
    chat = record.new_chat("quiz")
    study.keep_step(chat, {}, accepts=[("f1", "a forger"), ("f1", "two rivals")])
    study.keep_step(chat, {}, forgets=[("f1", "a forger"), ("f1", "never kept")])
    assert study.accepted("f1") == ("two rivals",)


# -- what comes next ---------------------------------------------------------------------------------------------


def test_due_are_the_facts_of_the_notes_alone_and_the_others_keep_their_schedule(
    study: StudyRecord, clock: Clock
) -> None:
    study.keep_attempt(answer("wrong"))
    study.keep_attempt(answer("wrong", "i2", "f2"))
    assert study.due(FACTS) == []
    clock.move(days=1)
    assert sorted(study.due(FACTS)) == ["f1", "f2"]
    assert study.due({"f2": 0}) == ["f2"] and set(study.cards()) == {"f1", "f2"}
    assert study.stale_items({"f2": 0}, {"gan.md"}) == ["i1", "yes"]
    assert study.stale_items({"f2": 0}, {"another library.md"}) == []


def test_no_day_offers_more_than_its_budget(study: StudyRecord, clock: Clock) -> None:
    facts = {f"x{n}": n for n in range(40)}
    study.keep_items([item(f"x{n}", f"x{n}") for n in range(40)])
    for n in range(40):
        study.keep_attempt(answer("wrong", f"x{n}", f"x{n}"))
    clock.move(days=1)
    due = study.due(facts)
    assert len(due) == 30
    for fact in due[:12]:
        study.keep_attempt(answer("correct", fact, fact))
    assert len(study.due(facts)) == 18


def test_new_facts_and_early_ones_use_up_no_due_review(study: StudyRecord, clock: Clock) -> None:
    facts = {f"x{n}": n for n in range(70)}
    study.keep_items([item(name, name) for name in facts])
    for n in range(35):
        study.keep_attempt(answer("wrong", f"x{n}", f"x{n}"))
    clock.move(days=40)
    for n in range(35, 70):  # new ones
        study.keep_attempt(answer("correct", f"x{n}", f"x{n}"))
    assert (len(study.due(facts)), study.waiting(facts)) == (30, 5)
    due = study.due(facts)
    for fact in due:
        study.keep_attempt(answer("correct", fact, fact))
    assert (len(study.due(facts)), study.waiting(facts)) == (0, 5)
    clock.move(days=1)  # early: those of yesterday are not due today, and asking them again uses up nothing
    for n in range(35, 60):
        study.keep_attempt(answer("correct", f"x{n}", f"x{n}"))
    assert len(study.due(facts)) == 5 and study.waiting(facts) == 0


def test_missed_are_the_facts_whose_last_answer_was_not_right(study: StudyRecord) -> None:
    study.keep_attempt(answer("wrong"))
    study.keep_attempt(answer("partial", "i2", "f2"))
    assert study.missed(FACTS) == ["f2", "f1"]
    study.keep_attempt(answer("unsure"))
    study.keep_attempt(answer("correct", "i2", "f2"))
    assert study.missed(FACTS) == ["f1"]


def test_an_approved_answer_is_remembered_once(record: Record, study: StudyRecord) -> None:
    chat = record.new_chat("quiz")
    for _ in range(2):
        study.keep_step(chat, {}, accepts=[("f1", "a forger and a detective")])
    assert study.accepted("f1") == ("a forger and a detective",)


# -- faults ------------------------------------------------------------------------------------------------------


def test_a_step_for_an_unknown_chat_keeps_nothing(study: StudyRecord) -> None:
    with pytest.raises(RecordError, match="not in it"):
        study.keep_step("nowhere", {}, attempts=[answer("correct")], accepts=[("f1", "a forger")])
    with pytest.raises(RecordError, match="not in it"):
        study.keep_attempt(answer("correct", "never shown"))
    assert study.attempts() == [] and study.cards() == {} and study.accepted("f1") == ()


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_program_loses_no_answer_and_schedules_none_twice(path: Path, seed: int) -> None:
    """It is killed at a drawn write of SQLite; each answer that was acknowledged is there with its review."""
    script = textwrap.dedent(
        f"""
        import os, random, signal, sys
        from datetime import UTC, datetime, timedelta
        from pathlib import Path
        from sqlalchemy import event
        from tutor.learner import open_record
        from tutor.quiz.study import StudyRecord
        at = datetime(2025, 3, 1, tzinfo=UTC)
        record = open_record(Path({str(path)!r}), now=lambda: at)
        study = StudyRecord(record)
        chat = record.new_chat("quiz")
        left = random.Random({seed}).randrange(60, 160)
        def count(*_):
            global left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        event.listen(record._engine, "before_cursor_execute", count)
        grade = {{"verdict": "correct", "score": 1.0, "points": [], "feedback": ""}}
        for n in range(100):
            study.keep_step(chat, {{"index": n}}, items=[{{"id": f"i{{n}}", "fact_id": f"f{{n}}", "kind": "short"}}],
                            attempts=[{{"item_id": f"i{{n}}", "fact_id": f"f{{n}}", "kind": "short", "answer": "a",
                                       "grade": grade}}])
            print(n, flush=True)
        """
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    told = [int(line) for line in done.stdout.split()]
    assert 0 < len(told) < 100
    with open_record(path, now=lambda: DAY) as record:
        study = StudyRecord(record)
        kept = study.load_round(record.list_chats()[0].id)
        assert kept is not None and kept["index"] in (told[-1], told[-1] + 1)
        facts = [f"f{n}" for n in range(kept["index"] + 1)]
        assert [one.fact_id for one in study.attempts()] == facts == list(study.cards())
        assert all(len(ratings(record, fact)) == 1 for fact in facts)


def test_a_second_program_can_read_the_schedule_and_not_answer(
    path: Path, clock: Clock, study: StudyRecord
) -> None:
    study.keep_attempt(answer("wrong"))
    script = textwrap.dedent(
        f"""
        import json
        from datetime import UTC, datetime
        from pathlib import Path
        from tutor.errors import RecordError
        from tutor.learner import open_record
        from tutor.quiz.study import StudyRecord
        now = lambda: datetime(2025, 3, 2, 12, tzinfo=UTC)
        try:
            open_record(Path({str(path)!r}), now=now)
        except RecordError as error:
            told = str(error)
        study = StudyRecord(open_record(Path({str(path)!r}), now=now, exclusive=False))
        try:
            study.keep_items([])
        except RecordError as error:
            print(json.dumps([told, study.due({{"f1": 0}}), str(error)]))
        """
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    refused, due, readonly = json.loads(done.stdout)
    assert "already open in another tutor" in refused and "Close that one first" in refused
    assert due == ["f1"] and "not open for writing" in readonly
