"""A class on one machine: what all share is opened once; each student has a record, conversations and notes alone.

    data_dir/students/<name>/record.db       the student's record
    data_dir/students/<name>/runs/           the pictures of their demos
    data_dir/students/<name>/libraries/      the notes that they uploaded

Whoever asks for a student's session has found out by a log-in who asks; here a name is only checked to be one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Generic, TypeVar

from tutor.errors import RecordError
from tutor.learner import open_record
from tutor.libraries import NotesLibrary, with_library
from tutor.logins import NAME
from tutor.opened import NotesInUse, Opened, Progress
from tutor.session import Session, open_session
from tutor.settings import Settings

STUDENT_UPLOADS_MB = 50
"""What a student of a class may upload in total, with what was taken out and is kept aside."""


T = TypeVar("T")


class StudentNotes(NotesInUse):
    """The notes in use by one student: those of the class, which stay open for all, or an own library.

    Args:
        shared: the notes of the class.
        adopt: the notes of the class with this student's studies in place of those that they come with.
        own: the notes that a student's session would have alone; gives the way in which libraries are opened.
    """

    def __init__(self, shared: NotesInUse, adopt: Callable[[Opened], Opened], own: NotesInUse) -> None:
        super().__init__(own._make, own._embedding, own._passage_tokens)
        self._shared = shared
        self._adopt = adopt
        self._adopted: tuple[Opened, Opened] | None = None
        self._adopting = threading.Lock()

    @property
    def now(self) -> Opened:
        return self._opened or self._mine(self._shared.now)

    @contextmanager
    def hold(self) -> Iterator[Opened]:
        with ExitStack() as held:
            own = held.enter_context(self._held())
            yield own or self._mine(held.enter_context(self._shared.hold()))

    def _mine(self, opened: Opened) -> Opened:
        """Made anew only when the class's notes were read again."""
        with self._adopting:
            if self._adopted is None or self._adopted[0] is not opened:
                self._adopted = opened, self._adopt(opened)
            return self._adopted[1]

    def open(
        self, library: NotesLibrary, on_progress: Progress | None = None, *, wait: bool, strict: bool = False
    ) -> None:
        if library.own:
            super().open(library, on_progress, wait=wait, strict=strict)
            return
        with self._changing:
            self._swap(None)

    def changed(self, library: NotesLibrary) -> bool:
        return super().changed(library) if self._opened else self._shared.changed(library)

    def refresh(self, library: NotesLibrary, on_progress: Progress | None = None) -> str:
        if self._opened is not None:
            return super().refresh(library, on_progress)
        return self._shared.refresh(library, on_progress)


class StudentSession(Session):
    """A session of one student over what a class has opened."""

    def __init__(self, settings: Settings, shared: Session, now: Callable[[], datetime]) -> None:
        self._class = shared
        with ExitStack() as on_failure:
            record = on_failure.enter_context(open_record(settings.record_path, now=now))
            super().__init__(settings, shared.embedding, shared._chosen, record, now=now, shared=shared)
            self.libraries = replace(self.libraries, most_mb=STUDENT_UPLOADS_MB)
            self._open_notes(None, resume=True)
            on_failure.pop_all()

    def _notes_in_use(self) -> NotesInUse:
        return StudentNotes(self._class._notes, self._studied, super()._notes_in_use())


class Once(Generic[T]):
    """Things made once for each key; making one keeps nobody waiting who asks for another."""

    def __init__(self, make: Callable[[str], T]) -> None:
        self._make = make
        self._made: dict[str, T] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def __call__(self, key: str) -> T:
        """The key's thing; an error of its making is raised, and it is made anew the next time."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._made:
                self._made[key] = self._make(key)
            return self._made[key]

    def made(self, key: str) -> T | None:
        """The key's thing where it is made already; this makes nothing and waits for nobody."""
        return self._made.get(key)

    def all(self) -> list[T]:
        """What was made so far."""
        return list(self._made.values())


class Classroom:
    """The opened class. Safe to call from several threads.

    Attributes:
        shared: the session that holds what all share; it keeps no record.
    """

    def __init__(self, settings: Settings, shared: Session, now: Callable[[], datetime]) -> None:
        self.settings = settings
        self.shared = shared
        self._now = now
        self._students = Once(self._opened)

    def student(self, name: str) -> StudentSession:
        """The student's session, opened when it is first asked for.

        Raises:
            RecordError: the name is none that could log in, or the record cannot be opened.
        """
        if not NAME.fullmatch(name):
            raise RecordError("Nobody is logged in by this name", "Log in again.")
        return self._students(name)

    def _opened(self, name: str) -> StudentSession:
        place = replace(self.settings, data_dir=self.settings.data_dir / "students" / name)
        return StudentSession(place, self.shared, self._now)

    def close(self) -> None:
        """Lets go of every record and of what is shared."""
        for session in self._students.all():
            session.close()
        self.shared.close()


def open_classroom(
    settings: Settings,
    *,
    on_progress: Progress | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Classroom:
    """Opens what a class shares. Arguments and errors as `open_session`."""
    settings = replace(with_library(settings), library="")
    return Classroom(settings, open_session(settings, on_progress=on_progress, now=now), now)
