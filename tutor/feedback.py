"""What the student thinks of answers, as the record keeps it: only ever added, with the words that it is about.

An answer may be taken back or asked anew, and its conversation deleted: what was thought of it stays, because it tells
where the tutor falls short.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tutor.errors import RecordError
from tutor.learner import Record
from tutor.record_tables import as_time, insert

Liking = Literal["like", "dislike", ""]


@dataclass(frozen=True)
class Feedback:
    """What was thought of a turn.

    Attributes:
        value: `like`, `dislike`, or empty: taken back.
        word: what the student wrote about it.
        question: what had been asked; `answer` what was said to it.
    """

    turn_id: int
    value: str
    word: str
    question: str
    answer: str
    at: datetime


def add_feedback(record: Record, turn_id: int, value: Liking, word: str = "") -> None:
    """Keeps what the student thinks of a turn. RecordError for an unknown turn."""
    turns, at = record.tables["turns"], record.stamp()
    with record.writing() as connection:
        turn = connection.execute(turns.select().where(turns.c.id == turn_id)).first()
        if turn is None:
            raise RecordError(f"There is no turn {turn_id} in the record", "Reload the chat.")
        asked = turns.select().where(turns.c.chat_id == turn.chat_id, turns.c.role == "user")
        question = connection.execute(
            asked.where(turns.c.id <= turn_id).order_by(turns.c.id.desc()).limit(1)
        ).first()
        said = {"question": question.content if question else "", "answer": turn.content}
        values = {"turn_id": turn_id, "value": value, "word": word, "at": at} | said
        insert(connection, record.tables["feedback"], values)


def read_feedback(record: Record) -> list[Feedback]:
    """All that was ever said about answers, oldest first."""
    table = record.tables["feedback"]
    with record.reading() as connection:
        rows = connection.execute(table.select().order_by(table.c.id))
        return [Feedback(r.turn_id, r.value, r.word, r.question, r.answer, as_time(r.at)) for r in rows]


def standing(said: Iterable[Feedback]) -> list[Feedback]:
    """What counts: of each turn the last that was said, unless it was taken back; oldest first."""
    last = {one.turn_id: one for one in said}
    return [one for one in last.values() if one.value]
