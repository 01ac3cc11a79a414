"""The tables of the student's record, and the steps from each version of them to the next.

Times are ISO 8601 text in UTC, bodies JSON text. What was answered, reviewed, reported and liked or disliked is never
changed: triggers refuse it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection, MetaData, Table

SCHEMA_VERSION = 3
APPEND_ONLY = ("attempts", "reviews", "reports", "feedback")


def tables() -> MetaData:
    """The tables of version SCHEMA_VERSION."""
    from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text

    meta = MetaData()

    def text(name: str) -> Column[str]:
        return Column(name, Text, nullable=False)

    def owner(name: str, target: str, kind: type, **options: Any) -> Column[Any]:
        return Column(name, kind, ForeignKey(target, ondelete="CASCADE"), nullable=False, **options)

    def number() -> Column[int]:
        return Column("id", Integer, primary_key=True)

    Table("schema_version", meta, Column("version", Integer, primary_key=True), text("applied"))
    name = Column("id", Text, primary_key=True)
    Table("chats", meta, name, text("title"), text("created"), text("updated"), Column("deleted", Text))
    chat = owner("chat_id", "chats.id", Text, index=True)
    Table("turns", meta, number(), chat, text("role"), text("content"), Column("payload", Text), text("at"),
          sqlite_autoincrement=True)  # fmt: skip
    # It outlives its turn, which may be taken back or asked anew: so it holds the words that it is about.
    turn = Column("turn_id", Integer, nullable=False, index=True)
    said = (text(part) for part in ("value", "word", "question", "answer", "at"))
    Table("feedback", meta, number(), turn, *said, sqlite_autoincrement=True)
    Table("rounds", meta, owner("chat_id", "chats.id", Text, primary_key=True), text("body"), text("at"))
    _study_tables(meta)
    for kept in APPEND_ONLY:
        _keep(meta.tables[kept])
    return meta


def _study_tables(meta: MetaData) -> None:
    """What quizzes leave behind.

    `attempts.overrides` names the attempt whose grade is revised, 0 for an answer of its own; `reviews.attempt_id` the
    answer that was reviewed: its last row counts, one without a rating takes the review back.
    """
    from sqlalchemy import Column, Float, ForeignKey, Integer, Table, Text

    def text(name: str, default: str | None = None, **options: Any) -> Column[str]:
        return Column(name, Text, nullable=False, server_default=default, **options)

    def of_item() -> Column[str]:
        return Column("item_id", Text, ForeignKey("items.id"), nullable=False, index=True)

    def key() -> Column[int]:
        return Column("id", Integer, primary_key=True)

    def count(name: str) -> Column[int]:
        return Column(name, Integer, nullable=False, server_default="0")

    Table("items", meta, Column("id", Text, primary_key=True), text("body"), text("at"),
          text("fact_id", ""))  # fmt: skip
    Table(
        "attempts", meta, key(), of_item(), text("answer"), text("verdict"),
        Column("score", Float, nullable=False), text("grade"), text("at"), text("fact_id", "", index=True),
        text("concept", ""), text("kind", ""), count("hints"), Column("confidence", Float), Column("rating", Text),
        count("overrides"), text("chosen_fact_id", ""), sqlite_autoincrement=True,
    )  # fmt: skip
    Table("cards", meta, Column("fact_id", Text, primary_key=True), text("state"), text("due"), text("at"))
    answer = Column("attempt_id", Integer, ForeignKey("attempts.id"), nullable=False)
    Table("reviews", meta, key(), answer, text("fact_id", index=True), Column("rating", Text), text("at"),
          sqlite_autoincrement=True)  # fmt: skip
    named = (Column("fact_id", Text, primary_key=True), Column("text", Text, primary_key=True))
    Table("aliases", meta, *named, text("at"))
    Table(
        "reports", meta, key(), of_item(), text("reason"), text("body"), text("at"), sqlite_autoincrement=True
    )


def _keep(table: Table) -> None:
    """Has triggers made with the table that refuse to change or delete its rows."""
    from sqlalchemy import DDL, event

    for statement in _triggers(table.name):
        event.listen(table, "after_create", DDL(statement).execute_if(dialect="sqlite"))


def _triggers(table: str) -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN "
        f"SELECT RAISE(ABORT, '{table} are append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ]


# The statements of a step are written out: it must do the same when the tables above have changed again.
_TO_2 = (
    "DROP TRIGGER attempts_no_update",
    "ALTER TABLE items ADD COLUMN fact_id TEXT DEFAULT '' NOT NULL",
    "UPDATE items SET fact_id = coalesce(json_extract(body, '$.fact_id'), '')",
    "ALTER TABLE attempts ADD COLUMN fact_id TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE attempts ADD COLUMN concept TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE attempts ADD COLUMN kind TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE attempts ADD COLUMN hints INTEGER DEFAULT '0' NOT NULL",
    "ALTER TABLE attempts ADD COLUMN confidence FLOAT",
    "ALTER TABLE attempts ADD COLUMN rating TEXT",
    "ALTER TABLE attempts ADD COLUMN overrides INTEGER DEFAULT '0' NOT NULL",
    "ALTER TABLE attempts ADD COLUMN chosen_fact_id TEXT DEFAULT '' NOT NULL",
    "UPDATE attempts SET (fact_id, concept, kind) = (SELECT coalesce(json_extract(body, '$.fact_id'), ''), "
    "coalesce(json_extract(body, '$.concept'), ''), coalesce(json_extract(body, '$.kind'), '') "
    "FROM items WHERE items.id = attempts.item_id)",
    "CREATE INDEX ix_attempts_fact_id ON attempts (fact_id)",
    "CREATE TRIGGER attempts_no_update BEFORE UPDATE ON attempts BEGIN "
    "SELECT RAISE(ABORT, 'attempts are append-only'); END",
    "CREATE TABLE cards (fact_id TEXT NOT NULL PRIMARY KEY, state TEXT NOT NULL, due TEXT NOT NULL, "
    "at TEXT NOT NULL)",
    "CREATE TABLE reviews (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, attempt_id INTEGER NOT NULL "
    "REFERENCES attempts (id), fact_id TEXT NOT NULL, rating TEXT, at TEXT NOT NULL)",
    "CREATE INDEX ix_reviews_fact_id ON reviews (fact_id)",
    "CREATE TABLE aliases (fact_id TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL, "
    "PRIMARY KEY (fact_id, text))",
    "CREATE TABLE reports (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, item_id TEXT NOT NULL "
    "REFERENCES items (id), reason TEXT NOT NULL, body TEXT NOT NULL, at TEXT NOT NULL)",
    "CREATE INDEX ix_reports_item_id ON reports (item_id)",
    *(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN "
        f"SELECT RAISE(ABORT, '{table} are append-only'); END"
        for table in ("reviews", "reports")
        for verb in ("UPDATE", "DELETE")
    ),
)

_TO_3 = (
    "ALTER TABLE chats ADD COLUMN deleted TEXT",
    "ALTER TABLE feedback RENAME TO feedback_2",
    "DROP INDEX ix_feedback_turn_id",
    "CREATE TABLE feedback (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, turn_id INTEGER NOT NULL, "
    "value TEXT NOT NULL, word TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL, at TEXT NOT NULL)",
    "CREATE INDEX ix_feedback_turn_id ON feedback (turn_id)",
    "INSERT INTO feedback SELECT said.id, said.turn_id, said.value, '', coalesce((SELECT asked.content FROM turns "
    "AS asked WHERE asked.chat_id = turns.chat_id AND asked.role = 'user' AND asked.id <= turns.id "
    "ORDER BY asked.id DESC LIMIT 1), ''), turns.content, said.at "
    "FROM feedback_2 AS said JOIN turns ON turns.id = said.turn_id ORDER BY said.id",
    "DROP TABLE feedback_2",
    *(
        f"CREATE TRIGGER feedback_no_{verb.lower()} BEFORE {verb} ON feedback BEGIN "
        "SELECT RAISE(ABORT, 'feedback are append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ),
)


def _step(statements: tuple[str, ...]) -> Callable[[Connection], None]:
    def take(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    return take


# Steps from version n to n + 1 stand here under n; a new record is created at SCHEMA_VERSION at once.
MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: _step(_TO_2), 2: _step(_TO_3)}


def insert(connection: Connection, table: Table, values: dict[str, Any]) -> int:
    """Inserts a row into a table with a numbered key and returns the number."""
    key = connection.execute(table.insert().values(values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def to_json(value: dict[str, Any]) -> str:
    """A body as it is stored."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def as_text(at: datetime) -> str:
    """ISO 8601 in UTC with microseconds, so that texts sort as times do."""
    if at.tzinfo is None:
        raise ValueError("the record's clock must give aware datetimes")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def as_time(text: str) -> datetime:
    """The time that `as_text` wrote."""
    return datetime.fromisoformat(text)
