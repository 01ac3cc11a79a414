"""The student's record in one SQLite file: its opening, its transactions, and the chats with their feedback.

One program writes at a time: it holds an flock on `record.lock`, which carries its pid. Every write is one
`BEGIN IMMEDIATE` transaction that has reached the disk when the call returns (WAL, synchronous=FULL).
A copy is kept per day, seven in all; a damaged record is replaced by the newest sound copy and kept aside.
Payloads are stored as JSON objects, so that this module need not know them. What quizzes leave behind is the
business of `tutor.study_record`, which reads and writes by the transactions of this file.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from tutor.copies import back_up, backups, is_sound, replace_damaged, take_lock, told
from tutor.errors import RecordError
from tutor.record_tables import MIGRATIONS, SCHEMA_VERSION, as_text, as_time, insert, tables, to_json

if TYPE_CHECKING:
    from sqlalchemy import Connection, Delete, Engine, Table, Update

Clock = Callable[[], datetime]
Recorded = bool | Literal["read"]

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


class Record:
    """The opened record. Safe to call from several threads; close it, or use it in a `with` statement.

    Attributes:
        messages: what the student should be told about the opening (a restored copy, a failed backup).
        tables: by name, for whoever reads or writes in a transaction of `reading` or `writing`.
    """

    def __init__(self, path: Path, now: Clock, lock: IO[str] | None, messages: list[str]) -> None:
        from sqlalchemy import create_engine, event

        self.path = path
        self.messages = messages
        self._now = now
        self._lock_file = lock
        self._writer = threading.Lock()
        self._backup_day = ""
        self._meta = tables()
        self.tables: Mapping[str, Table] = self._meta.tables
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
    def reading(self, begin: str = "BEGIN") -> Iterator[Connection]:
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
    def writing(self) -> Iterator[Connection]:
        """A connection in the only write transaction; on the disk when the block has ended."""
        with self._writer:
            if self._lock_file is None:
                raise RecordError(f"The record {self.path} is not open for writing", "Start tutor again.")
            if self._backup_day and self._backup_day != self.stamp()[:10]:
                self._back_up()
            with self.reading("BEGIN IMMEDIATE") as connection:
                yield connection

    def now(self) -> datetime:
        """The time by the record's clock."""
        return self._now()

    def stamp(self) -> str:
        """The time as it is stored."""
        return as_text(self._now())

    def _back_up(self) -> None:
        """Writes today's copy; a failure costs a message, not the student's work."""
        self._backup_day = self.stamp()[:10]
        try:
            back_up(self.path, self._backup_day)
        except (OSError, sqlite3.Error, RecordError) as error:
            self.messages.append(f"No backup of the record could be written ({error}).")

    def prepare(self) -> None:
        """Creates or migrates the tables and takes the day's first copy; called once by `open_record`.

        Raises:
            RecordError: the record was written by a newer version of tutor, or by an older one and is open for reading
                only.
        """
        from sqlalchemy import func, inspect, select

        versions = self.tables["schema_version"]
        with self.reading() as connection:
            known = inspect(connection).has_table("schema_version")
            found = connection.execute(select(func.max(versions.c.version))).scalar_one() if known else 0
        if found > SCHEMA_VERSION:
            what = f"The record {self.path} has version {found}; this tutor reads up to {SCHEMA_VERSION}"
            raise RecordError(what, "Use the newer tutor that wrote it, or another folder with --data-dir.")
        if self._lock_file is None:
            if found < SCHEMA_VERSION:
                what = f"The record {self.path} is of an older tutor (version {found})"
                raise RecordError(what, "Start tutor once: it brings the record up to date.")
            return
        self._backup_day = self.stamp()[:10]
        copied = any(copy.stem.endswith(self._backup_day) for copy in backups(self.path))
        if found and (found < SCHEMA_VERSION or not copied):
            self._back_up()
        if found == SCHEMA_VERSION:
            return
        with self.writing() as connection:
            if not found:
                self._meta.create_all(connection)
            for version in range(found or SCHEMA_VERSION, SCHEMA_VERSION):
                MIGRATIONS[version](connection)
            connection.execute(versions.insert().values(version=SCHEMA_VERSION, applied=self.stamp()))

    # Chats

    def new_chat(self, title: str) -> str:
        """Opens an empty chat and returns its id."""
        chat_id, at = uuid.uuid4().hex, self.stamp()
        values = {"id": chat_id, "title": title, "created": at, "updated": at}
        with self.writing() as connection:
            connection.execute(self.tables["chats"].insert().values(values))
        return chat_id

    def list_chats(self) -> list[Chat]:
        """All chats, the last used first."""
        chats = self.tables["chats"]
        with self.reading() as connection:
            rows = connection.execute(chats.select().order_by(chats.c.updated.desc(), chats.c.created.desc()))
            return [Chat(r.id, r.title, as_time(r.created), as_time(r.updated)) for r in rows]

    def rename_chat(self, chat_id: str, title: str) -> None:
        """Gives the chat another title. RecordError if there is no such chat."""
        with self.writing() as connection:
            self._on_chat(connection, chat_id, self.tables["chats"].update().values(title=title))

    def delete_chat(self, chat_id: str) -> None:
        """Deletes the chat with its turns and round; attempts stay. RecordError for an unknown chat."""
        with self.writing() as connection:
            self._on_chat(connection, chat_id, self.tables["chats"].delete())

    def _on_chat(self, connection: Connection, chat_id: str, change: Update | Delete) -> None:
        if not connection.execute(change.where(self.tables["chats"].c.id == chat_id)).rowcount:
            raise RecordError(f"There is no chat {chat_id} in the record", "Open a new chat.")

    def add_turn(self, chat_id: str, role: str, content: str, payload: dict[str, Any] | None = None) -> int:
        """Appends a message to the chat and returns its id, ascending. RecordError for an unknown chat."""
        at, body = self.stamp(), None if payload is None else to_json(payload)
        values = {"chat_id": chat_id, "role": role, "content": content, "payload": body, "at": at}
        with self.writing() as connection:
            self._on_chat(connection, chat_id, self.tables["chats"].update().values(updated=at))
            return insert(connection, self.tables["turns"], values)

    def turns(self, chat_id: str) -> list[Turn]:
        """The messages of the chat in order; empty for an unknown chat."""
        turns = self.tables["turns"]
        with self.reading() as connection:
            rows = connection.execute(turns.select().where(turns.c.chat_id == chat_id).order_by(turns.c.id))
            return [
                Turn(r.id, r.role, r.content, json.loads(r.payload or "null"), as_time(r.at)) for r in rows
            ]

    def drop_turns_after(self, turn_id: int) -> int:
        """Deletes every later turn of the same chat; returns how many. RecordError for an unknown turn."""
        from sqlalchemy import select

        turns = self.tables["turns"]
        with self.writing() as connection:
            chat_id = connection.execute(select(turns.c.chat_id).where(turns.c.id == turn_id)).scalar()
            if chat_id is None:
                raise RecordError(f"There is no turn {turn_id} in the record", "Reload the chat.")
            later = turns.delete().where(turns.c.chat_id == chat_id, turns.c.id > turn_id)
            return connection.execute(later).rowcount

    def add_feedback(self, turn_id: int, value: str) -> None:
        """Keeps what the student thinks of a turn (`like`, `dislike`). RecordError for an unknown turn."""
        values = {"turn_id": turn_id, "value": value, "at": self.stamp()}
        with self.writing() as connection:
            insert(connection, self.tables["feedback"], values)

    def feedback(self, turn_id: int) -> list[str]:
        """What was said about the turn, oldest first."""
        table = self.tables["feedback"]
        with self.reading() as connection:
            rows = connection.execute(table.select().where(table.c.turn_id == turn_id).order_by(table.c.id))
            return [row.value for row in rows]


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
            messages.append(replace_damaged(path, as_text(now())))
        record = Record(path, now, lock, messages)
        record.prepare()
        on_failure.pop_all()
    return record


def opened_record(path: Path, now: Clock, record: Recorded) -> Record:
    """As `open_record`; with "read" also, then only to read, while another program writes it."""
    try:
        return open_record(path, now=now)
    except RecordError:
        if record != "read" or not path.exists():
            raise
        return open_record(path, now=now, exclusive=False)
