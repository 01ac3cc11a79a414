"""The student's studies: rounds, answers and reports as they are kept, and what each answer does to the schedule.

The schedule of a fact follows from its reviews. The first answer of a day that says something of the fact is its
review; later ones are kept and change nothing. A revised grade revises the review of its answer, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from tutor.errors import QuizError
from tutor.learner import Record
from tutor.quiz.items import Item
from tutor.quiz.schedule import (
    CardState,
    Rating,
    day_of,
    due_at,
    due_facts,
    offered,
    rating_of,
    replayed,
)
from tutor.study_record import Attempt, Data, QuizRecord, Review, Step, standing


class StudyRecord:
    """Keeps what quizzes leave behind, and schedules the facts that were asked.

    Args:
        record: the student's record, open for writing; to read it suffices that it is open.
    """

    def __init__(self, record: Record) -> None:
        self._kept = QuizRecord(record)
        self._now = record.now

    # -- a quiz in a chat --------------------------------------------------------------------------------------

    def load_round(self, chat_id: str) -> Data | None:
        """The state of the chat's quiz, or None."""
        return self._kept.load_round(chat_id)

    def keep_step(
        self,
        chat_id: str,
        state: Data,
        *,
        items: Sequence[Data] = (),
        attempts: Sequence[Data] = (),
        reports: Sequence[Data] = (),
        accepts: Sequence[tuple[str, str]] = (),
        forgets: Sequence[tuple[str, str]] = (),
        settle: Callable[[list[Data]], Data] | None = None,
    ) -> list[Data]:
        """Keeps one step of a quiz in one transaction, before it is shown.

        Args:
            state: the round as it stands after the step.
            settle: makes the round to be kept, in place of `state`, of what is returned.
            items: those that are shown for the first time (`Item.to_dict`).
            attempts: graded answers: item_id, fact_id, concept, kind, answer, grade (`Grade.to_dict`), hints,
                confidence (0 to 1 or None), rating (the student's own, or None), overrides (the attempt whose grade it
                revises, or 0), chosen_fact_id.
            reports: what the student says is wrong with items: item_id, reason, and what else is told. No answer to
                such an item counts any more; answers and reviews stay on record.
            accepts, forgets: facts' ids and other answers to them that the student approves, or no longer does.

        Returns:
            For each attempt {attempt_id, fact_id, next_due}: its number, and when its fact is asked again as ISO 8601
            in UTC, None where it is not scheduled.

        Raises:
            RecordError: the chat or an item is not in the record, or it cannot be written; nothing is kept.
        """
        with self._kept.step() as step:
            step.save_items(items)
            done = [_answered(step, attempt) for attempt in attempts]
            step.add_reports(reports)
            for report in reports:
                _withdraw(step, str(report["item_id"]))
            for fact_id, text in accepts:
                step.accept(fact_id, text)
            for fact_id, text in forgets:
                step.forget(fact_id, text)
            step.save_round(chat_id, settle(done) if settle else state)
        return done

    def accepted(self, fact_id: str) -> tuple[str, ...]:
        """The other answers to a fact that the student approved."""
        return self._kept.accepted(fact_id)

    # -- without a chat ----------------------------------------------------------------------------------------

    def keep_items(self, items: Sequence[Data]) -> None:
        """Keeps items that are shown outside a chat, so that answers to them can be graded."""
        with self._kept.step() as step:
            step.save_items(items)

    def keep_attempt(self, attempt: Data, item: Data | None = None) -> Data:
        """Keeps an answer that was given outside a chat, with its item where that is new; as `keep_step` returns."""
        with self._kept.step() as step:
            step.save_items([item] if item else [])
            return _answered(step, attempt)

    def items(self) -> dict[str, Data]:
        """Every item that was shown (`Item.to_dict`), by its id."""
        return self._kept.items()

    def item(self, item_id: str) -> Item:
        """An item that was shown. QuizError for an unknown one."""
        stored = self._kept.item(item_id)
        if stored is None:
            remedy = "Take an id that `tutor quiz TOPIC --json` printed, with the same --data-dir."
            raise QuizError(f"The record holds no question {item_id[:40]!r}", remedy)
        return Item.from_dict(stored)

    # -- what the record says ----------------------------------------------------------------------------------

    def attempts(self) -> list[Attempt]:
        """Every answer that counts, with the grade that stands, oldest first; none to a reported item does."""
        reported = self.reported_items()
        return [one for one in standing(self._kept.attempts()) if one.item_id not in reported]

    def cards(self) -> dict[str, CardState]:
        """The schedule: the state of each fact that was reviewed, by its id."""
        return self._kept.cards()

    def stale_items(self, facts: Mapping[str, object], notes: Collection[str]) -> list[str]:
        """The ids of kept items whose note is there and no longer states their fact: they are never asked again."""
        return [
            item
            for item, (fact, note) in self._kept.item_facts().items()
            if fact and fact not in facts and note in notes
        ]

    def reported_items(self) -> set[str]:
        """The ids of the items that the student reported."""
        return {str(report["item_id"]) for report in self._kept.reports()}

    def due(self, facts: Mapping[str, object]) -> list[str]:
        """Facts of the notes that are to be asked today and fit into the day's budget, the least known first.

        Args:
            facts: those that the notes hold, by id; the schedule of others rests until they come back.
        """
        cards, now = self._cards_of(facts), self._now()
        return offered(cards, now, self._done_today(facts)) if due_facts(cards, now) else []

    def waiting(self, facts: Mapping[str, object]) -> int:
        """How many facts of the notes are due and wait for another day, because the day's budget is used up."""
        return len(due_facts(self._cards_of(facts), self._now())) - len(self.due(facts))

    def _cards_of(self, facts: Mapping[str, object]) -> dict[str, CardState]:
        return {fact: state for fact, state in self.cards().items() if fact in facts}

    def _done_today(self, facts: Mapping[str, object]) -> int:
        """How many facts of the notes were due and reviewed today; new ones, and others asked early, use up nothing."""
        now, done = self._now(), 0
        for fact, rows in self._kept.reviews().items():
            reviews = _reviews(rows)
            before = [one for one in reviews if day_of(one[1]) < day_of(now)]
            if fact in facts and 0 < len(before) < len(reviews):
                state = replayed(fact, before)
                done += state is not None and day_of(due_at(state)) <= day_of(now)
        return done

    def missed(self, facts: Mapping[str, object]) -> list[str]:
        """Facts of the notes whose last answer was wrong or partial, the latest first."""
        return missed(self.attempts(), facts)


def missed(attempts: Sequence[Attempt], facts: Mapping[str, object]) -> list[str]:
    """Those of some facts whose last answer was wrong or partial, the latest first.

    Args:
        attempts: the answers with the grades that stand, oldest first.
    """
    last: dict[str, str] = {}
    for attempt in attempts:
        if attempt.fact_id in facts and attempt.grade["verdict"] != "unsure":
            last.pop(attempt.fact_id, None)
            last[attempt.fact_id] = str(attempt.grade["verdict"])
    return [fact for fact, verdict in reversed(last.items()) if verdict in ("wrong", "partial")]


def _answered(step: Step, attempt: Data) -> Data:
    attempt_id = step.add_attempt(attempt)
    fact_id = str(attempt.get("fact_id", ""))
    counts = fact_id and not step.is_reported(str(attempt["item_id"]))
    due = _schedule(step, fact_id, attempt, attempt_id) if counts else None
    return {"attempt_id": attempt_id, "fact_id": fact_id, "next_due": due.isoformat() if due else None}


def _schedule(step: Step, fact_id: str, attempt: Data, attempt_id: int) -> datetime | None:
    """Writes the review that an answer is, or revises, and the state that follows; returns when the fact is due."""
    answer = step.answered(attempt_id)
    assert answer is not None
    rows = step.reviews(fact_id)
    others = _reviews([row for row in rows if row.attempt_id != answer.id])
    known = any(row.attempt_id == answer.id for row in rows)
    free = all(day_of(at) < day_of(answer.at) for _, at in others)
    if known or free:
        rating = _rating(step, attempt, new=not [at for _, at in others if at < answer.at])
        if known or rating is not None:
            review = Review(answer.id, rating, answer.at)
            step.add_review(fact_id, review)
            state = replayed(fact_id, _reviews([*rows, review]))
            step.keep_card(fact_id, state, due_at(state) if state else None)
    state = step.card(fact_id)
    return due_at(state) if state else None


def _withdraw(step: Step, item_id: str) -> None:
    """Takes back the reviews that answers to an item were; another answer of the day is the review in its place."""
    for fact_id in dict.fromkeys(one.fact_id for one in step.attempts("item_id", item_id) if one.fact_id):
        attempts = standing(step.attempts("fact_id", fact_id))
        roots = {one.id: step.answered(one.id) for one in attempts}
        gone = {answer.id for answer in roots.values() if answer and step.is_reported(answer.item_id)}
        rows = step.reviews(fact_id)
        last = {row.attempt_id: row for row in rows}
        taken = [row for row in last.values() if row.attempt_id in gone and row.rating is not None]
        for row in taken:
            step.add_review(fact_id, Review(row.attempt_id, None, row.at))
        if not taken:
            continue
        state = replayed(fact_id, _reviews(step.reviews(fact_id)))
        step.keep_card(fact_id, state, due_at(state) if state else None)
        days = {day_of(row.at) for row in taken}
        for one in attempts:
            answer = roots[one.id]
            if answer and answer.id not in gone and answer.id not in last and day_of(answer.at) in days:
                _schedule(step, fact_id, vars(one), one.id)


def _reviews(rows: Sequence[Review]) -> list[tuple[Rating, datetime]]:
    """The reviews that count, oldest first: of each answer the last row, unless that takes it back."""
    last = {row.attempt_id: row for row in rows}
    counted = sorted(last.values(), key=lambda row: (row.at, row.attempt_id))
    return [(cast("Rating", row.rating), row.at) for row in counted if row.rating is not None]


def _rating(step: Step, attempt: Data, new: bool) -> Rating | None:
    """How well the fact was recalled; a grade that the student revised is rated as they say."""
    chosen = attempt.get("rating")
    if attempt.get("overrides") and chosen:
        return cast("Rating", chosen)
    grade: Mapping[str, Any] = attempt["grade"]
    item = step.body("items", "id", attempt["item_id"]) or {}
    return rating_of(
        grade["verdict"],
        grade["score"],
        str(attempt.get("kind") or item.get("kind", "")),
        hints=int(attempt.get("hints", 0)),
        options=len(item.get("options") or ()),
        chosen=chosen,
        new=new,
    )
