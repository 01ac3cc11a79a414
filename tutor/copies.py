"""Care for a SQLite file that must not be lost: its lock, its daily copies, its repair, its errors in words.

The copies lie in `backups/` beside the file and are named after it and the day: `record-2025-01-31.db`.
They are written by SQLite's own backup call (https://www.sqlite.org/backup.html), checked, and only then
put in place, so that a copy is either whole or not there.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import IO

from tutor.errors import RecordError

KEPT_COPIES = 7

_ELSEWHERE = "Allow writing there, or choose another folder with --data-dir."
_REMEDIES = {
    "SQLITE_FULL": ("the disk is full", "Free some space and try again; nothing was half-written."),
    "SQLITE_IOERR": ("the disk reports an error", "Check the disk and its free space, then try again."),
    "SQLITE_READONLY": ("it is read-only", _ELSEWHERE),
    "SQLITE_CANTOPEN": ("it cannot be opened", _ELSEWHERE),
    "SQLITE_BUSY": ("another program holds it", "Close the other program and try again."),
    "SQLITE_LOCKED": ("another program holds it", "Close the other program and try again."),
    "SQLITE_CORRUPT": ("the file is damaged", "Start tutor again: it restores the newest sound copy."),
    "SQLITE_NOTADB": ("the file is damaged", "Start tutor again: it restores the newest sound copy."),
    "SQLITE_CONSTRAINT": ("the chat, turn or item named is not in it", "Name one that is."),
}


def told(path: Path, error: BaseException | None) -> RecordError:
    """What SQLite reported about the file, in words, with the remedy."""
    name = str(getattr(error, "sqlite_errorname", ""))
    for prefix, (what, remedy) in _REMEDIES.items():
        if name.startswith(prefix):
            return RecordError(f"The student's record {path} cannot be used: {what}", remedy)
    return RecordError(f"The student's record {path} cannot be used: {error}", "Run tutor doctor.")


def take_lock(path: Path) -> IO[str]:
    """Takes the lock file beside the record, making its folder. The lock ends with the handle or the process.

    Raises:
        RecordError: another process has the lock (its number is named), or the folder cannot be written.
    """
    place = path.with_suffix(".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = place.open("a+", encoding="utf-8")
    except OSError as error:
        what = f"The folder {path.parent} cannot be written ({error.strerror})"
        raise RecordError(what, _ELSEWHERE) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
    except BlockingIOError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        what = f"The student's record {path} is already open in another tutor (process {holder})"
        raise RecordError(what, "Close that one first, or use another folder with --data-dir.") from error
    except OSError as error:
        lock.close()
        raise RecordError(f"The lock {place} cannot be taken ({error.strerror})", _ELSEWHERE) from error
    return lock


def is_sound(path: Path) -> bool:
    """Whether the file is a whole SQLite database; one that does not exist yet is, one of no bytes is not.

    Raises:
        RecordError: the file cannot be looked at (permissions, held by another program).
    """
    if not path.exists():
        return True
    if not path.stat().st_size:
        return False
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return False
        raise told(path, error) from error


def backups(path: Path) -> list[Path]:
    """The copies of the file, the newest day first."""
    return sorted((path.parent / "backups").glob(f"{path.stem}-????-??-??.db"), reverse=True)


def back_up(path: Path, day: str) -> Path:
    """Writes the copy of `day` (YYYY-MM-DD), replacing an earlier one, and drops those beyond KEPT_COPIES.

    Raises:
        OSError, sqlite3.Error: the copy could not be written.
        RecordError: the file itself is not sound, so that the earlier copy was left in place.
    """
    copy = path.parent / "backups" / f"{path.stem}-{day}.db"
    copy.parent.mkdir(exist_ok=True)
    _copy(path, copy)
    for old in backups(path)[KEPT_COPIES:]:
        old.unlink()
    return copy


def restore(path: Path, copy: Path) -> None:
    """Puts a copy in the place of the file, whose present state is lost; nothing may have the file open.

    Raises:
        RecordError: the copy is missing or not sound; the file is untouched.
    """
    if not copy.exists() or not is_sound(copy):
        raise RecordError(f"The copy {copy} is missing or damaged", "Restore an older one.")
    # A log left beside the file belongs to its former content and would spoil the copy.
    for log in _logs(path):
        log.unlink(missing_ok=True)
    _copy(copy, path)


def replace_damaged(path: Path, at: str) -> str:
    """Keeps the damaged file aside and puts the newest sound copy in its place.

    Args:
        at: the time, ISO 8601, for the name of the file kept aside.

    Returns:
        What happened, for the student.

    Raises:
        RecordError: there is no sound copy; the damaged file stays where it is.
    """
    sound = next((copy for copy in backups(path) if is_sound(copy)), None)
    aside = path.with_name(f"{path.stem}-damaged-{''.join(c for c in at[:19] if c.isalnum())}.db")
    if sound is None:
        remedy = f"Move it away (for example to {aside.name}) to start a new record."
        raise RecordError(f"The student's record {path} is damaged and there is no sound copy of it", remedy)
    try:
        for log in _logs(path):
            if log.exists():
                log.rename(aside.with_name(aside.name + log.name.removeprefix(path.name)))
        path.rename(aside)
        _copy(sound, path)
    except (OSError, sqlite3.Error) as error:
        raise RecordError(f"The damaged record {path} cannot be replaced ({error})", _ELSEWHERE) from error
    day = sound.stem.removeprefix(f"{path.stem}-")
    return f"Your record was damaged. The copy of {day} took its place; the old file is kept as {aside.name}."


def _logs(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def _copy(source: Path, target: Path) -> None:
    """Copies a database through a checked, synced draft that then takes the target's name."""
    draft = target.with_name(target.name + ".part")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(draft)) as new:
        old.backup(new)
    if not is_sound(draft):
        draft.unlink()
        raise RecordError(f"The student's record {source} is damaged", "Start tutor again to restore a copy.")
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(draft, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
