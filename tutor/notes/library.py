"""All notes of a student's folders, each file read in a process that can be stopped.

Small crafted files can keep a parser busy for minutes (measured for both the HTML and the Markdown parser).
So one worker process reads all files, one after another, and is replaced when a file takes too long.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

import tutor
from tutor.errors import NotesError
from tutor.notes.note import Note
from tutor.notes.note_json import note_from_json
from tutor.notes.recognise import name_in
from tutor.notes.table_deck import is_table_deck

# fmt: off
_NOT_NOTES = frozenset({
    ".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".ico", ".bmp", ".tif", ".tiff", ".avif", ".heic",
    ".mp3", ".wav", ".ogg", ".flac", ".m4a", ".mp4", ".webm", ".mov", ".avi", ".mkv", ".zip", ".gz",
    ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tar", ".whl", ".py", ".js", ".ts", ".css", ".map",
    ".json", ".jsonl", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".lock", ".bib", ".sh",
    ".db", ".sqlite", ".sqlite3", ".db-wal", ".db-shm", ".npy", ".npz", ".pt", ".pth", ".safetensors",
    ".gguf", ".pkl", ".pickle", ".ttf", ".otf", ".woff", ".woff2", ".exe", ".dll", ".so",
    ".dylib", ".o", ".pyc", ".log", ".tmp", ".bak", ".swp",
})
# fmt: on
_TABLES = frozenset({".csv", ".tsv"})
_HEAD_BYTES = 4096
_START_S = 60.0


@dataclass(frozen=True)
class NoteFile:
    """A file that may be a note. `name` is the path of its Note; `root` the notes folder that it lies in."""

    path: Path
    name: str
    root: Path


@dataclass(frozen=True)
class Skipped:
    """A file that could not be read, and why; `transient` when the next try may read it (it took too long)."""

    path: str
    reason: str
    transient: bool = False


@dataclass(frozen=True)
class Library:
    """All notes that could be read, and those that could not.

    Attributes:
        hashes: note path -> SHA-256 of the bytes that were read as a note.
        unread: path -> SHA-256 of the bytes of a skipped file that could be opened.
    """

    notes: tuple[Note, ...]
    skipped: tuple[Skipped, ...] = ()
    hashes: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def list_files(folders: Sequence[Path]) -> list[NoteFile]:
    """The files in `folders` that may be notes, by folder and name; of tables the beginning is read, else nothing.

    Left out: hidden files and folders, README at a folder's root, pictures, archives, programs and data, and with
    them tables whose first row does not name questions and answers.
    A file whose relative path an earlier folder has too is named after its own folder first.

    Raises:
        NotesError: a folder is missing or is no folder.
    """
    files: list[NoteFile] = []
    names: set[str] = set()
    seen: set[str] = set()
    for folder in folders:
        if not folder.is_dir():
            remedy = "Create it, or name another folder with --notes."
            raise NotesError(f"The notes folder {folder} does not exist or is not a folder", remedy)
        for path in sorted(_files_below(folder), key=lambda path: name_in(path, folder)):
            real = os.path.realpath(path)  # unlike Path.resolve it survives a link that leads to itself
            if real not in seen:
                seen.add(real)
                name = _free_name(name_in(path, folder), folder.resolve().name, names)
                names.add(name)
                files.append(NoteFile(path, name, folder))
    return files


def hash_file(path: Path) -> str:
    """SHA-256 of the file's bytes, in hex.

    Raises:
        NotesError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        what = f"{path} was not read: {error.strerror or error}"
        raise NotesError(what, "Check that the file exists and may be read.") from error


def read_library(
    folders: Sequence[Path], on_file: Callable[[str], None] | None = None, *, deadline_s: float = 10.0
) -> Library:
    """Reads all notes in `folders`. A file that cannot be read is skipped and spoils nothing else.

    Args:
        folders: notes folders; the first that holds a relative path gives the note of that path.
        on_file: told the name of each file before it is read.
        deadline_s: seconds that one file may take.

    Raises:
        NotesError: a folder is missing, or holds no note that can be read.
    """
    files = list_files(folders)
    library = read_files(files, on_file, deadline_s=deadline_s)
    check_folders(folders, files, library.hashes, library.skipped)
    return library


def read_files(
    files: Sequence[NoteFile], on_file: Callable[[str], None] | None = None, *, deadline_s: float = 10.0
) -> Library:
    """Reads just these files, as `read_library` does."""
    notes: list[Note] = []
    skipped: list[Skipped] = []
    hashes: dict[str, str] = {}
    unread: dict[str, str] = {}
    with _Reading(deadline_s) as reading:
        for file in files:
            if on_file:
                on_file(file.name)
            answer = reading.read(file)
            if "note" in answer:
                notes.append(dataclasses.replace(note_from_json(answer["note"]), path=file.name))
                hashes[file.name] = answer["sha256"]
            else:
                skipped.append(Skipped(file.name, answer["reason"], "transient" in answer))
                unread |= {file.name: answer["sha256"]} if "sha256" in answer else {}
    return Library(tuple(notes), tuple(skipped), hashes, unread)


def _files_below(folder: Path) -> Iterator[Path]:
    for place, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        at_root = Path(place) == folder
        for name in names:
            path = Path(place) / name
            readme = at_root and path.stem.lower() == "readme"
            ending = path.suffix.lower()
            left_out = name.startswith((".", "~$")) or name.endswith("~") or ending in _NOT_NOTES
            if not readme and not left_out and (ending not in _TABLES or _is_deck(path)):
                yield path


def _is_deck(path: Path) -> bool:
    """Whether a table begins like a deck of cards."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return False
    coding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = head.decode(coding, "ignore").replace("\r\n", "\n").replace("\r", "\n")
    return is_table_deck(text, path.suffix)


def _free_name(name: str, folder: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number, free = 1, f"{folder}/{name}"
    while free in taken:
        number += 1
        free = f"{folder}-{number}/{name}"
    return free


def check_folders(
    folders: Sequence[Path], files: Sequence[NoteFile], read: Collection[str], skipped: Iterable[Skipped]
) -> None:
    """Raises NotesError where a folder holds no note that can be read.

    Args:
        files: the files of all folders; `read` names those that could be read, `skipped` the others.
    """
    for folder in folders:
        names = {file.name for file in files if file.root == folder}
        if any(name in read for name in names) or (not names and any(file.root != folder for file in files)):
            # A folder without files of its own may be one given twice, or lie inside another.
            continue
        reasons = [f"{skip.path}: {skip.reason}" for skip in skipped if skip.path in names]
        found = f" ({'; '.join(reasons[:3])}{'; ...' if len(reasons) > 3 else ''})" if reasons else ""
        remedy = "Put a Markdown, HTML, PDF or text file into it, or name another folder with --notes."
        raise NotesError(f"The notes folder {folder} holds no note that can be read{found}", remedy)


class _Reading:
    """One worker process at a time, started when first needed and replaced after a file that stopped it."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._errors: IO[bytes] | None = None

    def __enter__(self) -> _Reading:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def read(self, file: NoteFile) -> dict[str, str]:
        """`{"note", "sha256"}` or `{"reason"}`."""
        process = self._process or self._start()
        asked = {"path": str(file.path.absolute()), "root": str(file.root.absolute())}
        try:
            answer = self._ask(process, json.dumps(asked))
        except queue.Empty:
            self._stop()
            reason = f"reading it took longer than {self._deadline_s:g} s. Split it into several notes."
            return {"reason": reason, "transient": "yes"}
        if answer:
            return dict(json.loads(answer))
        return {"reason": f"reading it failed ({self._last_words()})", "transient": "yes"}

    def _start(self) -> subprocess.Popen[str]:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed by _stop)
        # The package is found by its own place, never through the current folder, which may hold anything.
        package = str(Path(tutor.__file__).resolve().parent.parent)
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        process = self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tutor.notes.worker", str(self._deadline_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            encoding="utf-8",
        )
        self._answers = queue.Queue()
        threading.Thread(target=_pass_on, args=(process.stdout, self._answers), daemon=True).start()
        try:
            ready = self._answers.get(timeout=_START_S)
        except queue.Empty:
            ready = ""
        if not ready:
            what = f"The process that reads notes did not start ({self._last_words()})"
            raise NotesError(what, "Run `tutor doctor` to see what is missing.")
        return process

    def _ask(self, process: subprocess.Popen[str], request: str) -> str:
        """The answer line; empty where the process died. Raises queue.Empty after the deadline."""
        assert process.stdin is not None
        try:
            process.stdin.write(request + "\n")
            process.stdin.flush()
        except OSError:
            return ""
        return self._answers.get(timeout=self._deadline_s)

    def _last_words(self) -> str:
        """Why the process ended, as far as it said so; stops it."""
        errors, process = self._errors, self._process
        said = []
        if errors and process:
            process.kill()
            process.wait()
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip().splitlines()
        status = f"exit status {process.returncode}" if process else "no process"
        self._stop()
        return said[-1][:200] if said else status

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    _close(pipe)
        if self._errors:
            self._errors.close()
            self._errors = None


def _close(pipe: IO[str]) -> None:
    try:
        pipe.close()
    except OSError:  # what was still to be written has no reader any more
        return


def _pass_on(lines: IO[str] | None, answers: queue.Queue[str]) -> None:
    """Puts each line into the queue, and an empty one at the end."""
    try:
        for line in lines or ():
            answers.put(line)
    except ValueError:  # closed by _stop
        return
    answers.put("")
