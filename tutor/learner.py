"""The student's record: chats, feedback, quiz rounds, items and attempts, in one SQLite file.

One program writes at a time: it holds an flock on `record.lock`, which carries its pid. Every write is one
`BEGIN IMMEDIATE` transaction that has reached the disk when the call returns (WAL, synchronous=FULL).
A copy is kept per day, seven in all; a damaged record is replaced by the newest sound copy and kept aside.
Quiz rounds, items, grades and payloads are stored as JSON objects, so that this module need not know them.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tutor.copies import back_up, backups, is_sound, replace_damaged, take_lock, told
from tutor.errors import RecordError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Delete, Engine, MetaData, Table, Update

SCHEMA_VERSION = 1
Clock = Callable[[], datetime]

# Steps from version n to n + 1 stand here under n; a new record is created at SCHEMA_VERSION at once.
MIGRATIONS: dict[int, Callable[[Connection], None]] = {}

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON")


@dataclass(frozen=True)
class Chat:
    """A conversation; times are aware UTC datetimes."""

    id: str
    title: str
    created: datetime
    updated: datetime


@dataclass(frozen=True)
class Turn:
    """One message of a chat. `payload` is what came with it: a serialised Answer, pictures of a demo."""

    id: int
    role: str
    content: str
    payload: dict[str, Any] | None
    at: datetime


@dataclass(frozen=True)
class Attempt:
    """One graded answer to one item, as it was graded then; never changed afterwards."""

    id: int
    item_id: str
    answer: str
    grade: dict[str, Any]
    at: datetime


def _metadata() -> MetaData:
    """The tables of version SCHEMA_VERSION. Times are ISO 8601 text in UTC, bodies JSON text."""
    from sqlalchemy import DDL, Column, Float, ForeignKey, Integer, MetaData, Table, Text, event

    meta = MetaData()

    def text(name: str) -> Column[str]:
        return Column(name, Text, nullable=False)

    def owner(name: str, target: str, kind: type, **options: Any) -> Column[Any]:
        return Column(name, kind, ForeignKey(target, ondelete="CASCADE"), nullable=False, **options)

    def number() -> Column[int]:
        return Column("id", Integer, primary_key=True)

    Table("schema_version", meta, Column("version", Integer, primary_key=True), text("applied"))
    name = Column("id", Text, primary_key=True)
    Table("chats", meta, name, text("title"), text("created"), text("updated"))
    chat = owner("chat_id", "chats.id", Text, index=True)
    Table("turns", meta, number(), chat, text("role"), text("content"), Column("payload", Text), text("at"),
          sqlite_autoincrement=True)  # fmt: skip
    turn = owner("turn_id", "turns.id", Integer, index=True)
    Table("feedback", meta, number(), turn, text("value"), text("at"))
    Table("rounds", meta, owner("chat_id", "chats.id", Text, primary_key=True), text("body"), text("at"))
    Table("items", meta, Column("id", Text, primary_key=True), text("body"), text("at"))
    item = Column("item_id", Text, ForeignKey("items.id"), nullable=False, index=True)
    score = Column("score", Float, nullable=False)
    attempts = Table("attempts", meta, number(), item, text("answer"), text("verdict"), score, text("grade"),
                     text("at"), sqlite_autoincrement=True)  # fmt: skip
    for verb in ("UPDATE", "DELETE"):
        keep = f"CREATE TRIGGER attempts_no_{verb.lower()} BEFORE {verb} ON attempts BEGIN " \
               "SELECT RAISE(ABORT, 'attempts are append-only'); END"  # fmt: skip
        event.listen(attempts, "after_create", DDL(keep).execute_if(dialect="sqlite"))
    return meta


class Record:
    """The opened record. Safe to call from several threads; close it, or use it in a `with` statement.

    Attributes:
        messages: what the student should be told about the opening (a restored copy, a failed backup).
    """

    def __init__(self, path: Path, now: Clock, lock: IO[str] | None, messages: list[str]) -> None:
        from sqlalchemy import create_engine, event

        self.path = path
        self.messages = messages
        self._now = now
        self._lock_file = lock
        self._writer = threading.Lock()
        self._backup_day = ""
        self._meta = _metadata()
        self._t: Mapping[str, Table] = self._meta.tables
        self._engine: Engine = create_engine(f"sqlite:///{path}")
        # sqlite3's own BEGIN comes too late: a read-then-write transaction could fail at once. It is switched
        # off and ours is sent instead, as in https://docs.sqlalchemy.org/en/20/dialects/sqlite.html.
        event.listen(self._engine, "connect", self._on_connect)

    def _on_connect(self, connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (*_PRAGMAS, "trusted_schema=OFF", f"query_only={int(self._lock_file is None)}"):
            connection.execute(f"PRAGMA {pragma}")

    def __enter__(self) -> Record:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Brings today's copy up to date, closes the file and lets go of the lock. May be called twice."""
        with self._writer:
            if self._lock_file is not None:
                self._back_up()
                self._lock_file.close()
                self._lock_file = None
            self._engine.dispose()

    @contextmanager
    def _read(self, begin: str = "BEGIN") -> Iterator[Connection]:
        """A connection in a transaction, rolled back on any error; RecordError for what SQLite reports."""
        from sqlalchemy.exc import DBAPIError

        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql(begin)
                yield connection
                connection.commit()
        except DBAPIError as error:
            raise told(self.path, error.orig) from error

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """A connection in the only write transaction; on the disk when the block has ended."""
        with self._writer:
            if self._lock_file is None:
                raise RecordError(f"The record {self.path} is not open for writing", "Start tutor again.")
            if self._backup_day and self._backup_day != self._stamp()[:10]:
                self._back_up()
            with self._read("BEGIN IMMEDIATE") as connection:
                yield connection

    def _stamp(self) -> str:
        return _as_text(self._now())

    def _back_up(self) -> None:
        """Writes today's copy; a failure costs a message, not the student's work."""
        self._backup_day = self._stamp()[:10]
        try:
            back_up(self.path, self._backup_day)
        except (OSError, sqlite3.Error, RecordError) as error:
            self.messages.append(f"No backup of the record could be written ({error}).")

    def prepare(self) -> None:
        """Creates or migrates the tables and takes the day's first copy; called once by `open_record`.

        Raises:
            RecordError: the record was written by a newer version of tutor.
        """
        from sqlalchemy import func, insert, inspect, select

        versions = self._t["schema_version"]
        with self._read() as connection:
            known = inspect(connection).has_table("schema_version")
            found = connection.execute(select(func.max(versions.c.version))).scalar_one() if known else 0
        if found > SCHEMA_VERSION:
            what = f"The record {self.path} has version {found}; this tutor reads up to {SCHEMA_VERSION}"
            raise RecordError(what, "Use the newer tutor that wrote it, or another folder with --data-dir.")
        if self._lock_file is None:
            return
        self._backup_day = self._stamp()[:10]
        if found and not any(copy.stem.endswith(self._backup_day) for copy in backups(self.path)):
            self._back_up()
        if found == SCHEMA_VERSION:
            return
        with self._write() as connection:
            if not found:
                self._meta.create_all(connection)
            for version in range(found or SCHEMA_VERSION, SCHEMA_VERSION):
                MIGRATIONS[version](connection)
            connection.execute(insert(versions).values(version=SCHEMA_VERSION, applied=self._stamp()))

    # Chats

    def new_chat(self, title: str) -> str:
        """Opens an empty chat and returns its id."""
        chat_id, at = uuid.uuid4().hex, self._stamp()
        values = {"id": chat_id, "title": title, "created": at, "updated": at}
        with self._write() as connection:
            connection.execute(self._t["chats"].insert().values(values))
        return chat_id

    def list_chats(self) -> list[Chat]:
        """All chats, the last used first."""
        chats = self._t["chats"]
        with self._read() as connection:
            rows = connection.execute(chats.select().order_by(chats.c.updated.desc(), chats.c.created.desc()))
            return [Chat(r.id, r.title, _as_time(r.created), _as_time(r.updated)) for r in rows]

    def rename_chat(self, chat_id: str, title: str) -> None:
        """Gives the chat another title. RecordError if there is no such chat."""
        with self._write() as connection:
            self._on_chat(connection, chat_id, self._t["chats"].update().values(title=title))

    def delete_chat(self, chat_id: str) -> None:
        """Deletes the chat with its turns and round; attempts stay. RecordError for an unknown chat."""
        with self._write() as connection:
            self._on_chat(connection, chat_id, self._t["chats"].delete())

    def _on_chat(self, connection: Connection, chat_id: str, change: Update | Delete) -> None:
        if not connection.execute(change.where(self._t["chats"].c.id == chat_id)).rowcount:
            raise RecordError(f"There is no chat {chat_id} in the record", "Open a new chat.")

    def add_turn(self, chat_id: str, role: str, content: str, payload: dict[str, Any] | None = None) -> int:
        """Appends a message to the chat and returns its id, ascending. RecordError for an unknown chat."""
        at, body = self._stamp(), None if payload is None else _to_json(payload)
        values = {"chat_id": chat_id, "role": role, "content": content, "payload": body, "at": at}
        with self._write() as connection:
            self._on_chat(connection, chat_id, self._t["chats"].update().values(updated=at))
            return _insert(connection, self._t["turns"], values)

    def turns(self, chat_id: str) -> list[Turn]:
        """The messages of the chat in order; empty for an unknown chat."""
        turns = self._t["turns"]
        with self._read() as connection:
            rows = connection.execute(turns.select().where(turns.c.chat_id == chat_id).order_by(turns.c.id))
            return [
                Turn(r.id, r.role, r.content, json.loads(r.payload or "null"), _as_time(r.at)) for r in rows
            ]

    def drop_turns_after(self, turn_id: int) -> int:
        """Deletes every later turn of the same chat; returns how many. RecordError for an unknown turn."""
        from sqlalchemy import select

        turns = self._t["turns"]
        with self._write() as connection:
            chat_id = connection.execute(select(turns.c.chat_id).where(turns.c.id == turn_id)).scalar()
            if chat_id is None:
                raise RecordError(f"There is no turn {turn_id} in the record", "Reload the chat.")
            later = turns.delete().where(turns.c.chat_id == chat_id, turns.c.id > turn_id)
            return connection.execute(later).rowcount

    def drop_last_exchange(self, chat_id: str) -> str | None:
        """Deletes the student's last message and all that followed.

        Returns:
            The deleted message, to be asked again or edited; None when the student has said nothing.
        """
        turns = self._t["turns"]
        asked = turns.select().where(turns.c.chat_id == chat_id, turns.c.role == "user")
        with self._write() as connection:
            last = connection.execute(asked.order_by(turns.c.id.desc()).limit(1)).first()
            if last is None:
                return None
            connection.execute(turns.delete().where(turns.c.chat_id == chat_id, turns.c.id >= last.id))
            return str(last.content)

    def add_feedback(self, turn_id: int, value: str) -> None:
        """Keeps what the student thinks of a turn (`like`, `dislike`). RecordError for an unknown turn."""
        values = {"turn_id": turn_id, "value": value, "at": self._stamp()}
        with self._write() as connection:
            _insert(connection, self._t["feedback"], values)

    def feedback(self, turn_id: int) -> list[str]:
        """What was said about the turn, oldest first."""
        table = self._t["feedback"]
        with self._read() as connection:
            rows = connection.execute(table.select().where(table.c.turn_id == turn_id).order_by(table.c.id))
            return [row.value for row in rows]

    # Quizzes

    def save_round(self, chat_id: str, state: dict[str, Any]) -> None:
        """Keeps the state of the chat's quiz (`Round.to_dict`) in place of the one before."""
        rounds = self._t["rounds"]
        with self._write() as connection:
            connection.execute(rounds.delete().where(rounds.c.chat_id == chat_id))
            values = {"chat_id": chat_id, "body": _to_json(state), "at": self._stamp()}
            connection.execute(rounds.insert().values(values))

    def load_round(self, chat_id: str) -> dict[str, Any] | None:
        """The state that `save_round` kept for the chat, or None."""
        return self._body(self._t["rounds"], "chat_id", chat_id)

    def _body(self, table: Table, column: str, value: str) -> dict[str, Any] | None:
        with self._read() as connection:
            row = connection.execute(table.select().where(table.c[column] == value)).first()
        return json.loads(row.body) if row else None

    def save_items(self, items: Iterable[dict[str, Any]]) -> None:
        """Keeps quiz items (`Item.to_dict`) under their `id`, before they are shown; later saves replace."""
        table, at = self._t["items"], self._stamp()
        with self._write() as connection:
            for item in items:
                values = {"body": _to_json(item), "at": at}
                known = table.update().where(table.c.id == item["id"]).values(values)
                if not connection.execute(known).rowcount:
                    connection.execute(table.insert().values(id=item["id"], **values))

    def item(self, item_id: str) -> dict[str, Any] | None:
        """The item as last saved, or None."""
        return self._body(self._t["items"], "id", item_id)

    def add_attempt(
        self, item_id: str, answer: str, grade: dict[str, Any], at: datetime | None = None
    ) -> int:
        """Appends a graded answer; `grade` is `Grade.to_dict()`. RecordError if the item was never saved."""
        values = {"item_id": item_id, "answer": answer, "grade": _to_json(grade)}
        values |= {"verdict": grade["verdict"], "score": grade["score"], "at": _as_text(at or self._now())}
        with self._write() as connection:
            return _insert(connection, self._t["attempts"], values)

    def attempts(self, item_id: str | None = None) -> list[Attempt]:
        """The graded answers to one item, or to all, oldest first."""
        table = self._t["attempts"]
        wanted = table.select() if item_id is None else table.select().where(table.c.item_id == item_id)
        with self._read() as connection:
            rows = connection.execute(wanted.order_by(table.c.id)).all()
        return [Attempt(r.id, r.item_id, r.answer, json.loads(r.grade), _as_time(r.at)) for r in rows]


def open_record(path: Path, *, now: Clock, exclusive: bool = True) -> Record:
    """Opens the record, creating it when there is none.

    Args:
        path: the SQLite file; the lock and the folder `backups` lie beside it.
        now: the clock, giving aware datetimes.
        exclusive: open for writing, as the only program; else only to read a record that exists.

    Raises:
        RecordError: another program has it open for writing, the folder cannot be written, the record was
            written by a newer tutor, or it is damaged and no sound copy is left.
    """
    messages: list[str] = []
    if not exclusive and not path.exists():
        raise RecordError(f"There is no student's record at {path} yet", "Start tutor once to create it.")
    with ExitStack() as on_failure:
        lock = on_failure.enter_context(take_lock(path)) if exclusive else None
        if not is_sound(path):
            if lock is None:
                raise RecordError(f"The record {path} is damaged", "Start tutor: it restores a sound copy.")
            messages.append(replace_damaged(path, _as_text(now())))
        record = Record(path, now, lock, messages)
        record.prepare()
        on_failure.pop_all()
    return record


def _insert(connection: Connection, table: Table, values: dict[str, Any]) -> int:
    """Inserts a row into a table with a numbered key and returns the number."""
    key = connection.execute(table.insert().values(values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def _to_json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _as_text(at: datetime) -> str:
    """ISO 8601 in UTC with microseconds, so that texts sort as times do."""
    if at.tzinfo is None:
        raise ValueError("the record's clock must give aware datetimes")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _as_time(text: str) -> datetime:
    return datetime.fromisoformat(text)
