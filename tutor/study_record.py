"""What quizzes leave in the student's record: rounds, items, attempts, reviews, cards, approved synonyms, reports.

Everything that one step of a quiz changes is written in one transaction. Attempts, reviews and reports are only ever
added: a revised grade is a new attempt that names the old one, a review taken back a new row without a rating. Rounds,
items, grades and the scheduler's state are stored as JSON objects, so that this module need not know them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tutor.learner import Record
from tutor.record_tables import as_text, as_time, insert, to_json

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Table

Data = dict[str, Any]


@dataclass(frozen=True)
class Attempt:
    """One graded answer to one item, as it was graded then; never changed afterwards.

    Attributes:
        kind: the item's kind.
        hints: how many were given before the answer.
        confidence: how sure the student was, 0 to 1; None where they were not asked.
        rating: what the student said of their own recall; None where they said nothing.
        overrides: the attempt whose grade this one revises; 0 for an answer of its own.
        chosen_fact_id: the fact that a wrong option is the true answer of; else empty.
    """

    id: int
    item_id: str
    answer: str
    grade: Data
    at: datetime
    fact_id: str = ""
    concept: str = ""
    kind: str = ""
    hints: int = 0
    confidence: float | None = None
    rating: str | None = None
    overrides: int = 0
    chosen_fact_id: str = ""


@dataclass(frozen=True)
class Review:
    """How well the fact of an answer was recalled; `rating` is None where the review was taken back."""

    attempt_id: int
    rating: str | None
    at: datetime


class QuizRecord:
    """Reads what quizzes left behind, and opens the transaction in which a step of one is written."""

    def __init__(self, record: Record) -> None:
        self._record = record

    @contextmanager
    def step(self) -> Iterator[Step]:
        """One write transaction: all of what the block does is kept, or nothing where it fails. RecordError."""
        with self._record.writing() as connection:
            yield Step(connection, self._record.tables, self._record.now())

    @contextmanager
    def looked_up(self) -> Iterator[Step]:
        """As `step`, only to read."""
        with self._record.reading() as connection:
            yield Step(connection, self._record.tables, self._record.now())

    def load_round(self, chat_id: str) -> Data | None:
        """The state of the chat's quiz; None where there is none, or the chat is deleted."""
        rounds, chats = self._record.tables["rounds"], self._record.tables["chats"]
        there = chats.select().with_only_columns(chats.c.id).where(chats.c.deleted.is_(None))
        wanted = rounds.select().where(rounds.c.chat_id == chat_id, rounds.c.chat_id.in_(there))
        with self._record.reading() as connection:
            row = connection.execute(wanted).first()
        return json.loads(row.body) if row else None

    def item(self, item_id: str) -> Data | None:
        """The item as last saved, or None."""
        with self.looked_up() as step:
            return step.body("items", "id", item_id)

    def items(self) -> dict[str, Data]:
        """Every item as last saved, by its id, the oldest first."""
        table = self._record.tables["items"]
        with self._record.reading() as connection:
            rows = connection.execute(table.select().order_by(table.c.at))
            return {row.id: json.loads(row.body) for row in rows}

    def attempts(self) -> list[Attempt]:
        """All graded answers, oldest first."""
        table = self._record.tables["attempts"]
        with self._record.reading() as connection:
            return [_attempt(row) for row in connection.execute(table.select().order_by(table.c.id))]

    def cards(self) -> dict[str, Data]:
        """The scheduler's state of each fact that is scheduled, by the fact's id."""
        table = self._record.tables["cards"]
        with self._record.reading() as connection:
            return {row.fact_id: json.loads(row.state) for row in connection.execute(table.select())}

    def reviews(self) -> dict[str, list[Review]]:
        """The reviews of each fact in the order in which they were written, by the fact's id."""
        table = self._record.tables["reviews"]
        found: dict[str, list[Review]] = {}
        with self._record.reading() as connection:
            for row in connection.execute(table.select().order_by(table.c.id)):
                found.setdefault(row.fact_id, []).append(Review(row.attempt_id, row.rating, as_time(row.at)))
        return found

    def item_facts(self) -> dict[str, tuple[str, str]]:
        """Each item that was ever kept, with the id of its fact and its note's path."""
        table = self._record.tables["items"]
        with self._record.reading() as connection:
            rows = connection.execute(table.select()).all()
        return {row.id: (row.fact_id, str(json.loads(row.body).get("note", ""))) for row in rows}

    def accepted(self, fact_id: str) -> tuple[str, ...]:
        """The other answers to a fact that the student approved, oldest first."""
        table = self._record.tables["aliases"]
        wanted = table.select().where(table.c.fact_id == fact_id).order_by(table.c.at, table.c.text)
        with self._record.reading() as connection:
            return tuple(row.text for row in connection.execute(wanted))

    def reports(self) -> list[Data]:
        """What students said is wrong with items, oldest first: item_id, reason, and what else was told."""
        table = self._record.tables["reports"]
        with self._record.reading() as connection:
            rows = connection.execute(table.select().order_by(table.c.id))
            return [json.loads(row.body) | {"item_id": row.item_id, "reason": row.reason} for row in rows]


class Step:
    """What may be done within one transaction, at one time.

    Attributes:
        at: the time by the record's clock when the transaction began.
    """

    def __init__(self, connection: Connection, tables: Mapping[str, Table], at: datetime) -> None:
        self._connection = connection
        self._tables = tables
        self.at = at
        self._stamp = as_text(at)

    def body(self, table: str, column: str, value: str) -> Data | None:
        """The JSON object of the row with that key."""
        found = self._tables[table]
        row = self._connection.execute(found.select().where(found.c[column] == value)).first()
        return json.loads(row.body) if row else None

    def save_round(self, chat_id: str, state: Data) -> None:
        """Keeps the state of the chat's quiz in place of the one before. RecordError for an unknown chat."""
        rounds = self._tables["rounds"]
        self._connection.execute(rounds.delete().where(rounds.c.chat_id == chat_id))
        values = {"chat_id": chat_id, "body": to_json(state), "at": self._stamp}
        self._connection.execute(rounds.insert().values(values))

    def save_items(self, items: Iterable[Data]) -> None:
        """Keeps quiz items (`Item.to_dict`) under their `id`; later saves replace."""
        table = self._tables["items"]
        for item in items:
            values = {"body": to_json(item), "at": self._stamp, "fact_id": item.get("fact_id", "")}
            known = table.update().where(table.c.id == item["id"]).values(values)
            if not self._connection.execute(known).rowcount:
                self._connection.execute(table.insert().values(id=item["id"], **values))

    def add_attempt(self, attempt: Data) -> int:
        """Appends a graded answer and returns its number: `item_id`, `answer`, `grade` (`Grade.to_dict`) and any
        field of `Attempt` besides. RecordError if the item was never saved."""
        grade = attempt["grade"]
        values = {
            name: attempt.get(name, default)
            for name, default in (
                ("item_id", ""), ("answer", ""), ("fact_id", ""), ("concept", ""), ("kind", ""), ("hints", 0),
                ("confidence", None), ("rating", None), ("overrides", 0), ("chosen_fact_id", ""),
            )
        }  # fmt: skip
        values |= {"verdict": grade["verdict"], "score": grade["score"], "grade": to_json(grade)}
        return insert(self._connection, self._tables["attempts"], values | {"at": self._stamp})

    def attempts(self, column: str, value: str) -> list[Attempt]:
        """The graded answers whose `item_id` or `fact_id` that is, oldest first."""
        table = self._tables["attempts"]
        rows = self._connection.execute(table.select().where(table.c[column] == value).order_by(table.c.id))
        return [_attempt(row) for row in rows]

    def is_reported(self, item_id: str) -> bool:
        """Whether the student said that something is wrong with an item."""
        table = self._tables["reports"]
        return self._connection.execute(table.select().where(table.c.item_id == item_id)).first() is not None

    def answered(self, attempt_id: int) -> Attempt | None:
        """The answer that an attempt is or revises, however often it was revised; None for an unknown number."""
        table = self._tables["attempts"]
        while True:
            row = self._connection.execute(table.select().where(table.c.id == attempt_id)).first()
            if row is None or not row.overrides:
                return _attempt(row) if row else None
            attempt_id = row.overrides

    def reviews(self, fact_id: str) -> list[Review]:
        """The reviews of a fact in the order in which they were written."""
        table = self._tables["reviews"]
        rows = self._connection.execute(table.select().where(table.c.fact_id == fact_id).order_by(table.c.id))
        return [Review(row.attempt_id, row.rating, as_time(row.at)) for row in rows]

    def add_review(self, fact_id: str, review: Review) -> None:
        """Appends a review; the last one of an answer counts."""
        values = {"attempt_id": review.attempt_id, "fact_id": fact_id, "rating": review.rating}
        insert(self._connection, self._tables["reviews"], values | {"at": as_text(review.at)})

    def card(self, fact_id: str) -> Data | None:
        """The scheduler's state of a fact."""
        table = self._tables["cards"]
        row = self._connection.execute(table.select().where(table.c.fact_id == fact_id)).first()
        return json.loads(row.state) if row else None

    def keep_card(self, fact_id: str, state: Data | None, due: datetime | None = None) -> None:
        """Keeps the scheduler's state of a fact in place of the one before; None takes it out of the schedule."""
        table = self._tables["cards"]
        self._connection.execute(table.delete().where(table.c.fact_id == fact_id))
        if state is not None and due is not None:
            values = {"fact_id": fact_id, "state": to_json(state), "due": as_text(due), "at": self._stamp}
            self._connection.execute(table.insert().values(values))

    def accept(self, fact_id: str, text: str) -> None:
        """Keeps another answer to a fact that the student approved; twice is once."""
        table = self._tables["aliases"]
        known = table.select().where(table.c.fact_id == fact_id, table.c.text == text)
        if self._connection.execute(known).first() is None:
            values = {"fact_id": fact_id, "text": text, "at": self._stamp}
            self._connection.execute(table.insert().values(values))

    def forget(self, fact_id: str, text: str) -> None:
        """Takes back that another answer to a fact is right; what was never kept is no harm."""
        table = self._tables["aliases"]
        self._connection.execute(table.delete().where(table.c.fact_id == fact_id, table.c.text == text))

    def add_reports(self, reports: Sequence[Data]) -> None:
        """Appends what the student says is wrong with items: `item_id`, `reason`, and what else is told."""
        for report in reports:
            more = {name: value for name, value in report.items() if name not in ("item_id", "reason")}
            values = {"item_id": report["item_id"], "reason": report.get("reason", ""), "body": to_json(more)}
            insert(self._connection, self._tables["reports"], values | {"at": self._stamp})


def standing(attempts: Iterable[Attempt]) -> list[Attempt]:
    """The answers with the grade that stands: of one that was revised the last revision, at the time of the answer."""
    stands: dict[int, Attempt] = {}
    root: dict[int, int] = {}
    for attempt in attempts:
        first = root.get(attempt.overrides, attempt.overrides) or attempt.id
        root[attempt.id] = first
        stands[first] = replace(attempt, at=stands[first].at) if first in stands else attempt
    return list(stands.values())


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        row.id, row.item_id, row.answer, json.loads(row.grade), as_time(row.at), row.fact_id, row.concept, row.kind,
        row.hints, row.confidence, row.rating, row.overrides, row.chosen_fact_id,
    )  # fmt: skip
