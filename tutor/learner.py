"""The student's record in one SQLite file: its opening, its transactions, and the chats.

One program writes at a time: it holds an flock on `record.lock`, which carries its pid. Every write is one
`BEGIN IMMEDIATE` transaction that has reached the disk when the call returns (WAL, synchronous=FULL).
A copy is kept per day, seven in all; a damaged record is replaced by the newest sound copy and kept aside.
Payloads are stored as JSON objects, so that this module need not know them. What quizzes leave behind is the
business of `tutor.study_record`, what the student thinks of answers that of `tutor.feedback`; both read and write by
the transactions of this file.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from tutor.copies import back_up, backups, is_sound, replace_damaged, take_lock, told
from tutor.errors import RecordError
from tutor.record_tables import MIGRATIONS, SCHEMA_VERSION, as_text, as_time, insert, tables, to_json

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement, Connection, Engine, Row, Select, Table, Update

Clock = Callable[[], datetime]
Recorded = bool | Literal["read"]

KEPT_AFTER_DELETION = timedelta(days=1)
"""For how long a deleted chat can be brought back; it goes for good when the record is opened later."""
MOST_FOUND = 100
_SNIPPET_CHARS = 70
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
class FoundChat:
    """A chat that holds the words looked for, and the place where it says the first of them; empty in its title."""

    chat: Chat
    snippet: str


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
        with self.writing() as connection:
            if not found:
                self._meta.create_all(connection)
            for version in range(found or SCHEMA_VERSION, SCHEMA_VERSION):
                MIGRATIONS[version](connection)
            if found != SCHEMA_VERSION:
                connection.execute(versions.insert().values(version=SCHEMA_VERSION, applied=self.stamp()))
            chats, gone = self.tables["chats"], as_text(self._now() - KEPT_AFTER_DELETION)
            connection.execute(chats.delete().where(chats.c.deleted < gone))

    # Chats

    def new_chat(self, title: str) -> str:
        """Opens an empty chat and returns its id."""
        chat_id, at = uuid.uuid4().hex, self.stamp()
        values = {"id": chat_id, "title": title, "created": at, "updated": at}
        with self.writing() as connection:
            connection.execute(self.tables["chats"].insert().values(values))
        return chat_id

    def list_chats(self) -> list[Chat]:
        """All chats that are not deleted, the last used first."""
        with self.reading() as connection:
            return [_chat(row) for row in connection.execute(self._listed())]

    def _listed(self) -> Select[Any]:
        chats = self.tables["chats"]
        kept = chats.select().where(chats.c.deleted.is_(None))
        return kept.order_by(chats.c.updated.desc(), chats.c.created.desc())

    def find_chats(self, words: str) -> list[FoundChat]:
        """The chats that hold all of the words in their title and messages, the last used first; MOST_FOUND at most."""
        from sqlalchemy import or_, select

        chats, turns = self.tables["chats"], self.tables["turns"]
        wanted = words.split()
        query = self._listed().limit(MOST_FOUND)
        for word in wanted:
            said = select(turns.c.chat_id).where(_holds(turns.c.content, word))
            query = query.where(or_(_holds(chats.c.title, word), chats.c.id.in_(said)))
        found = []
        with self.reading() as connection:
            for row in connection.execute(query).all():
                unseen = [word for word in wanted if word.casefold() not in row.title.casefold()]
                text = None
                if unseen:
                    first = select(turns.c.content).where(
                        turns.c.chat_id == row.id, _holds(turns.c.content, unseen[0])
                    )
                    text = connection.execute(first.order_by(turns.c.id).limit(1)).scalar()
                found.append(FoundChat(_chat(row), _around(text, unseen[0]) if text else ""))
        return found

    def rename_chat(self, chat_id: str, title: str) -> None:
        """Gives the chat another title. RecordError if there is no such chat."""
        with self.writing() as connection:
            self._on_chat(connection, chat_id, self.tables["chats"].update().values(title=title))

    def delete_chat(self, chat_id: str) -> None:
        """Marks the chat as deleted: `restore_chat` brings it back. RecordError for an unknown chat.

        After KEPT_AFTER_DELETION it goes with its turns and its round; attempts and feedback stay.
        """
        with self.writing() as connection:
            self._on_chat(connection, chat_id, self.tables["chats"].update().values(deleted=self.stamp()))

    def restore_chat(self, chat_id: str) -> None:
        """Brings a deleted chat back. RecordError when it is gone for good."""
        change = self.tables["chats"].update().values(deleted=None)
        with self.writing() as connection:
            self._on_chat(connection, chat_id, change, deleted=True)

    def _on_chat(
        self, connection: Connection, chat_id: str, change: Update, *, deleted: bool = False
    ) -> None:
        chats = self.tables["chats"]
        change = change.where(chats.c.id == chat_id)
        if not deleted:
            change = change.where(chats.c.deleted.is_(None))
        if not connection.execute(change).rowcount:
            raise RecordError(f"There is no chat {chat_id} in the record", "Open a new chat.")

    def add_turn(
        self, chat_id: str, role: str, content: str, payload: dict[str, Any] | None = None, *, title: str = ""
    ) -> int:
        """Appends a message to the chat and returns its id, ascending. RecordError for an unknown chat.

        Args:
            title: what the chat is called from now on; empty to leave it.
        """
        at, body = self.stamp(), None if payload is None else to_json(payload)
        values = {"chat_id": chat_id, "role": role, "content": content, "payload": body, "at": at}
        with self.writing() as connection:
            change = {"updated": at} | ({"title": title} if title else {})
            self._on_chat(connection, chat_id, self.tables["chats"].update().values(change))
            return insert(connection, self.tables["turns"], values)

    def turns(self, chat_id: str) -> list[Turn]:
        """The messages of the chat in order; empty for an unknown or deleted chat."""
        from sqlalchemy import select

        turns, chats = self.tables["turns"], self.tables["chats"]
        kept = select(chats.c.id).where(chats.c.id == chat_id, chats.c.deleted.is_(None))
        with self.reading() as connection:
            rows = connection.execute(turns.select().where(turns.c.chat_id.in_(kept)).order_by(turns.c.id))
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

    def drop_last_exchange(self, chat_id: str, instead: str | None = None) -> str | None:
        """Deletes the student's last message and all that followed.

        Args:
            instead: a message of the student's that takes its place, in the same transaction.

        Returns:
            The deleted message, to be asked again or edited; None when the student has said nothing.
        """
        turns, at = self.tables["turns"], self.stamp()
        asked = turns.select().where(turns.c.chat_id == chat_id, turns.c.role == "user")
        with self.writing() as connection:
            last = connection.execute(asked.order_by(turns.c.id.desc()).limit(1)).first()
            if last is None:
                return None
            connection.execute(turns.delete().where(turns.c.chat_id == chat_id, turns.c.id >= last.id))
            if instead is not None:
                values = {"chat_id": chat_id, "role": "user", "content": instead, "payload": None, "at": at}
                insert(connection, turns, values)
            return str(last.content)


def _chat(row: Row[Any]) -> Chat:
    return Chat(row.id, row.title, as_time(row.created), as_time(row.updated))


def _holds(column: Column[Any], word: str) -> ColumnElement[bool]:
    """Whether a text holds a word in any spelling of capitals: SQLite knows small and capital only in ASCII."""
    from sqlalchemy import or_

    spellings = {word, word.lower(), word.upper(), word.capitalize()}
    return or_(*(column.icontains(spelling, autoescape=True) for spelling in sorted(spellings)))


def _around(text: str, word: str) -> str:
    """The piece of a text around a word, on one line."""
    line = " ".join(text.split())
    at = max(0, line.casefold().find(word.casefold()))
    begin = line.rfind(" ", 0, max(0, at - _SNIPPET_CHARS // 3)) + 1
    piece = line[begin : begin + _SNIPPET_CHARS]
    more = len(line) > begin + _SNIPPET_CHARS
    return ("…" if begin else "") + piece.rstrip() + ("…" if more else "")


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
