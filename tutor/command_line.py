"""What the commands share: the values of their options, wrong usage, an opened session, what the student types."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tutor.errors import TutorError
from tutor.settings import Settings

if TYPE_CHECKING:
    from tutor.classroom import Classroom
    from tutor.session import Recorded, Session
    from tutor.turns import Event


def flag(options: argparse.Namespace, name: str, default: Any = None) -> Any:
    """The value of an option; the default where it was not given."""
    value = getattr(options, name, None)
    return default if value is None else value


@contextmanager
def open_notes(
    settings: Settings,
    *,
    record: Recorded = False,
    model: bool = True,
    resume: bool = False,
    watch: bool | None = None,
) -> Iterator[Session]:
    """An opened session, with progress on standard error; as `session.open_session`, watching where it records."""
    from tutor.session import open_session
    from tutor.terminal import progress_display

    with progress_display() as report:
        session = open_session(
            settings,
            record=record,
            model=model,
            watch=bool(record) if watch is None else watch,
            resume=resume,
            on_progress=report,
        )
    try:
        for message in session.messages:
            print(f"tutor: {message}", file=sys.stderr)
        yield session
    finally:
        session.close()


@contextmanager
def open_class(settings: Settings) -> Iterator[Classroom]:
    """An opened class, with progress on standard error."""
    from tutor.classroom import open_classroom
    from tutor.terminal import progress_display

    with progress_display() as report:
        classroom = open_classroom(settings, on_progress=report)
    try:
        for message in classroom.shared.messages:
            print(f"tutor: {message}", file=sys.stderr)
        yield classroom
    finally:
        classroom.close()


def usage(message: str) -> int:
    """Says what was wrong; gives the exit status of wrong usage."""
    print(f"tutor: {message}; see `tutor --help`.", file=sys.stderr)
    return 2


def typed() -> str | None:
    """What the student types; None at the end of the input."""
    try:
        return input("\n> ").strip()
    except EOFError:
        return None


def show_turn(events: Iterator[Event]) -> None:
    """Prints a turn; one that fails says so and leaves the conversation open."""
    from tutor.terminal import show

    try:
        show(events)
    except TutorError as error:
        print(f"tutor: {error}", file=sys.stderr)
