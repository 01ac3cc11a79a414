"""The generations of an index on disk: which one is current, who reads which, and what may go. Plain files only.

`current.json` names the current generation and what it was made from; it is swapped by one atomic rename. A
reader holds a shared lock on `reader-<generation>.lock`, a builder the lock on `build.lock`. A process that
ends, in whatever way, lets go of its locks.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from tutor.errors import NotesError, StoreError
from tutor.notes import NoteFile, hash_file
from tutor.notes.recognise import LARGEST_PDF_MB

_POINTER = "current.json"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True)
class Fingerprint:
    """What an index was made from and with.

    Where one of these differs, the next refresh rebuilds the index. One made by another chromadb, other weights or
    another splitter is never queried meanwhile.
    """

    embedding_model: str
    weights: str
    splitter: int
    passage_tokens: int
    chromadb: str
    corpus: str
    passages: int

    @property
    def maker(self) -> tuple[str, int, int, str]:
        """The part that does not depend on the notes."""
        return self.weights, self.splitter, self.passage_tokens, self.chromadb


def file_marks(files: Iterable[NoteFile]) -> dict[str, str]:
    """Note path -> SHA-256 of the file's bytes, or of what else changes with a file that cannot be read."""
    return {file.name: _mark(file.path) for file in files}


def corpus_hash(marks: Mapping[str, str]) -> str:
    """SHA-256 over names and contents of the files that may be notes."""
    return hashlib.sha256(json.dumps(sorted(marks.items())).encode()).hexdigest()


def _mark(path: Path) -> str:
    """What changes when a file does. One that would not be read is not opened either: a pipe waits for ever."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_PDF_MB * 1_000_000:
            return f"{status.st_mode}-{status.st_size}-{status.st_mtime_ns}"
        return hash_file(path)
    except (OSError, NotesError):
        return ""


def generation_folder(folder: Path, generation: int) -> Path:
    """Where the Chroma files of a generation lie."""
    return folder / f"chroma-{generation}"


def built_generations(folder: Path) -> set[int]:
    """The generations that have files, whole or not."""
    numbers = (path.name.removeprefix("chroma-") for path in folder.glob("chroma-*"))
    return {int(number) for number in numbers if number.isdigit()}


def read_pointer(folder: Path) -> tuple[int, Fingerprint]:
    """The current generation. Raises StoreError when none is named, or the pointer is damaged."""
    path = folder / _POINTER
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return int(value["generation"]), Fingerprint(**value["fingerprint"])
    except FileNotFoundError:
        raise StoreError(f"There is no index in {folder}", "Run `tutor index` to build it.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is damaged ({error})", "Run `tutor index` to rebuild the index.") from error


def current_generation(folder: Path) -> int | None:
    """The number that the pointer names; None where there is none or it is damaged. Raises OSError."""
    try:
        return read_pointer(folder)[0]
    except StoreError as error:
        # A disk that fails now must not make the good generation look unnamed.
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        return None


def swap_pointer(folder: Path, generation: int, fingerprint: Fingerprint) -> None:
    """The one moment at which a new generation becomes the index: an atomic rename, synced. Raises OSError."""
    draft = folder / f"{_POINTER}.new"
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"generation": generation, "fingerprint": asdict(fingerprint)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / _POINTER)
    _sync(folder)


@contextmanager
def building(folder: Path, on_wait: Callable[[], None], wait: bool) -> Iterator[None]:
    """One builder at a time.

    Args:
        on_wait: called once before waiting for another builder.
        wait: False raises StoreError at once instead, where there is an index to go on with.
    """
    with (folder / "build.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait and (folder / _POINTER).exists():
                raise StoreError(
                    "Another program is refreshing this index", "Try again when it is done."
                ) from None
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def hold_current(folder: Path) -> tuple[int, Fingerprint, IO[str]]:
    """The current generation, and the shared lock that keeps it; the lock ends when the file is closed.

    Raises:
        StoreError: no current generation.
        OSError: the lock file cannot be written.
    """
    while True:
        generation, fingerprint = read_pointer(folder)
        file = _lock_file(folder, generation).open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_SH)
            # Between reading and locking, a builder may have named another generation and removed this one.
            if read_pointer(folder)[0] == generation:
                return generation, fingerprint, file
        except BaseException:
            file.close()
            raise
        file.close()


def remove_unread(folder: Path, generations: Iterable[int], keep: int | None) -> set[int]:
    """Removes those of some generations that nobody reads; only for the holder of the build lock.

    Args:
        keep: the current generation, which stays.

    Returns:
        The generations that are gone; no reader can come to them any more.
    """
    gone = set()
    for generation in set(generations) - {keep}:
        lock = _lock_file(folder, generation)
        with lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(generation_folder(folder, generation), ignore_errors=True)
            lock.unlink(missing_ok=True)
            gone.add(generation)
    return gone


def sync_tree(path: Path) -> None:
    """Brings a folder, all that lies in it and its own name to the disk. Raises OSError."""
    for child in path.rglob("*"):
        _sync(child)
    _sync(path)
    _sync(path.parent)


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """What the disk or SQLite reports, as a StoreError."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full(folder) from error
        raise StoreError(
            f"The index folder {folder} cannot be written ({error.strerror or error})",
            "Check its permissions or choose another with --index-dir.",
        ) from error
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_FULL":
            raise disk_full(folder) from error
        if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
            raise StoreError(
                f"The index folder {folder} cannot be written ({error})",
                "Check its permissions or choose another with --index-dir.",
            ) from error
        if name.startswith("SQLITE_IOERR"):
            raise disk_fails(folder) from error
        raise StoreError(
            f"The index database in {folder} fails ({error})",
            f"Delete {folder / 'passages.db'} and run `tutor index`.",
        ) from error


def disk_full(folder: Path) -> StoreError:
    """The error for a disk, or a limit on files, that is full."""
    return StoreError(
        f"The disk is full while writing {folder}",
        "Free some space and run `tutor index` again; the last good index stays in use.",
    )


def disk_fails(folder: Path) -> StoreError:
    """The error for a disk that does not take what is written; a quota or a size limit shows like this too."""
    return StoreError(
        f"The disk reports an error while writing {folder}",
        "Check the disk and its free space, then run `tutor index` again; the last good index stays in use.",
    )


def _lock_file(folder: Path, generation: int) -> Path:
    return folder / f"reader-{generation}.lock"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
