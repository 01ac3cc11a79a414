"""The notes in use: opened, read again when they change, and swapped as a whole while answers go on."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.answering import Answering
from tutor.embedding import Embedding
from tutor.errors import NotesError, StoreError, TutorError
from tutor.generations import building, current_generation
from tutor.graph import TutoringGraph
from tutor.index import Index, open_index, refresh_index
from tutor.job_memory import give_back_memory
from tutor.libraries import NotesLibrary, files_below
from tutor.notes import Note, Skipped, list_files, read_files
from tutor.quiz.bank import Bank
from tutor.quiz.studies import Studies
from tutor.retrieval import Retriever
from tutor.router import Router

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Progress = Callable[[str, float, float], None]
_UNSETTLED_S = 2.0


@dataclass(frozen=True)
class Signature:
    """What changes when a file of some folders does: path, size in bytes and time of change in ns of each."""

    files: frozenset[tuple[str, int, int]]

    def settled(self, now: float) -> bool:
        """Whether no file changed within the last seconds before `now` (s since 1970).

        A file that is still being written, or is written twice within one tick of the disk's clock, can change
        without a change of its signature.
        """
        return not any(abs(now - changed / 1e9) < _UNSETTLED_S for _, _, changed in self.files)


def signature(folders: Sequence[Path]) -> Signature:
    """The signature of all files in `folders`, hidden ones left out; nothing is read (500 files: 1.2 ms)."""
    found = set()
    for folder in folders:
        if not folder.is_dir():
            found.add((str(folder), -1, 0))
        for entry in files_below(str(folder)):
            try:
                status = entry.stat()
            except OSError:
                found.add((entry.path, -1, 0))
                continue
            found.add((entry.path, status.st_size, status.st_mtime_ns))
    return Signature(frozenset(found))


@dataclass(frozen=True)
class ReadNotes:
    """What was made of a library's folders: an open index, what was skipped, and what else should be told."""

    library: NotesLibrary
    index: Index
    skipped: tuple[Skipped, ...]
    messages: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Common:
    """What hangs on an opened index and is the same for every student of it.

    Attributes:
        bank: gives the facts of the notes; made when they are first needed.
    """

    read: ReadNotes
    retriever: Retriever
    router: Router
    answering: Answering
    bank: Callable[[], Bank]


@dataclass(frozen=True, eq=False)
class Opened(Common):
    """All that hangs on one opened index; swapped as a whole.

    Attributes:
        line: what was read, in one line.
        examples: questions that fit the notes.
        studies: the student's studies over them.
    """

    graph: TutoringGraph
    line: str
    examples: tuple[str, ...]
    studies: Studies


class NoNotes(Index):
    """In place of an index where nothing can be read: every question is refused."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.generation = 0
        self.passages, self.content_hashes = [], []
        self.notes: list[Note] = []
        self.skipped = ()

    def query(self, vector: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        return []

    def cosines(self, vector: NDArray[np.float32], rows: Sequence[int]) -> dict[int, float]:
        return {}

    def close(self) -> None:
        """There is nothing to let go of."""


class NotesInUse:
    """The opened notes of one library at a time; safe to call from several threads.

    Args:
        make: what hangs on an opened index.
        clock: s since 1970; tells whether a file changed only just now.
    """

    def __init__(
        self,
        make: Callable[[ReadNotes], Opened],
        embedding: Embedding,
        passage_tokens: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._make = make
        self._embedding = embedding
        self._passage_tokens = passage_tokens
        self._clock = clock
        self._changing = threading.Lock()
        self._lock = threading.Lock()
        self._holders: Counter[Index] = Counter()
        self._opened: Opened | None = None
        self._is_closed = False
        self._seen = Signature(frozenset())
        self._settled = False

    @property
    def now(self) -> Opened:
        """What is in use. An answer asks for it with `hold`, so that it stays open."""
        assert self._opened is not None
        return self._opened

    @contextmanager
    def hold(self) -> Iterator[Opened]:
        """What is in use, kept open until the end of the `with`, whatever takes its place meanwhile."""
        with self._held() as opened:
            assert opened is not None
            yield opened

    @contextmanager
    def _held(self) -> Iterator[Opened | None]:
        """As `hold`; None where nothing is open here."""
        with self._lock:
            opened = self._opened
            if opened is not None:
                self._holders[opened.read.index] += 1
        try:
            yield opened
        finally:
            if opened is not None:
                with self._lock:
                    self._holders -= Counter([opened.read.index])
                    unused = self._is_unused(opened)
                if unused:
                    opened.read.index.close()

    def _is_unused(self, opened: Opened) -> bool:
        """Whether its index can be closed: asked under the lock, by whoever has just made one use of it less."""
        now = self._opened if not self._is_closed else None
        in_use = now is not None and now.read.index is opened.read.index
        return not in_use and opened.read.index not in self._holders

    def open(
        self, library: NotesLibrary, on_progress: Progress | None = None, *, wait: bool, strict: bool = False
    ) -> None:
        """Reads a library and puts it in the place of the one in use, which stays when this fails.

        Args:
            wait: as `refresh_index`.
            strict: whether folders that are missing or hold nothing to read are an error also in an own library.

        Raises:
            TutorError: the notes cannot be read, or there is no index to use.
        """
        with self._changing:
            seen = signature(library.folders)
            settled = seen.settled(self._clock())
            read, in_step = self._read(library, on_progress, wait, strict)
            self._put_in_place(read)
            self._seen, self._settled = seen, settled and in_step
        give_back_memory()

    def changed(self, library: NotesLibrary) -> bool:
        """Whether a file of the library in use is another one than when it was read last."""
        return signature(library.folders) != self._seen

    def refresh(self, library: NotesLibrary, on_progress: Progress | None = None) -> str:
        """Reads the notes again if they changed; embeds only what is new.

        Args:
            library: the one in use, with its folders as they are now.

        Returns:
            Why the last good index stays in use, for the student; empty when all is well.
        """
        with self._changing:
            opened = self.now
            # Taken before the files are read: what changes meanwhile is found by the next question.
            seen = signature(library.folders)
            if seen == self._seen and self._settled and library == opened.read.library:
                return ""
            settled = seen.settled(self._clock())
            try:
                index, skipped = self._refreshed(library, on_progress, False, False, opened.read.index)
            except TutorError as error:
                return (
                    f"Your notes changed but could not be read again. {error} I answer from what I read last."
                )
            read = _told(library, index, skipped)
            if read != opened.read:
                self._put_in_place(read, opened.read.index)
            self._seen, self._settled = seen, settled
            return ""

    def close(self) -> None:
        """Lets go of the index; who still holds it reads on until the end of the `with`."""
        with self._lock:
            opened, self._is_closed = self._opened, True
            unused = opened is not None and self._is_unused(opened)
        if opened is not None and unused:
            opened.read.index.close()

    def _put_in_place(self, read: ReadNotes, before: Index | None = None) -> None:
        """Makes what hangs on an index and swaps it in; where that fails, an index other than `before` is closed."""
        try:
            made = self._make(read)
        except BaseException:
            if read.index is not before:
                read.index.close()
            raise
        self._swap(made)

    def _swap(self, opened: Opened | None) -> None:
        with self._lock:
            before, self._opened = self._opened, opened
            unused = before is not None and self._is_unused(before)
        if before is not None and unused:
            before.read.index.close()

    def _read(
        self, library: NotesLibrary, on_progress: Progress | None, wait: bool, strict: bool
    ) -> tuple[ReadNotes, bool]:
        """The library, and whether its index is in step with its notes.

        Where refreshing fails or, without `wait`, another program is at it, the last good index is used.
        """
        try:
            index, skipped = self._refreshed(library, on_progress, wait, strict)
        except StoreError as error:
            try:
                index = open_index(library.index_dir, self._embedding)
            except StoreError:
                raise error from None
            return ReadNotes(library, index, index.skipped, (f"{error} The last good index is used.",)), False
        return _told(library, index, skipped), True

    def _refreshed(
        self,
        library: NotesLibrary,
        on_progress: Progress | None,
        wait: bool,
        strict: bool,
        before: Index | None = None,
    ) -> tuple[Index, tuple[Skipped, ...]]:
        """An index in step with the folders, `before` itself where that is one; and all that was skipped."""
        folders, missing = library.folders, []
        if library.own and not strict:
            # An unplugged disk must not take the rest of a library away.
            missing = [folder for folder in folders if not folder.is_dir()]
            folders = tuple(folder for folder in folders if folder not in missing)
        lost = [Skipped(str(folder), "the folder is not there") for folder in missing]
        try:
            self._refresh_index(library, folders, on_progress, wait)
        except NotesError:
            if strict or not all(folder.is_dir() for folder in folders):
                raise
            folders, skipped = _readable(folders)
            lost += skipped
            if not folders:
                if library.own and not missing:
                    _forget(library.index_dir)
                return NoNotes(library.index_dir), tuple(lost)
            self._refresh_index(library, folders, on_progress, wait)
        if before is not None and current_generation(library.index_dir) == before.generation:
            return before, (*before.skipped, *lost)
        index = open_index(library.index_dir, self._embedding)
        return index, (*index.skipped, *lost)

    def _refresh_index(
        self, library: NotesLibrary, folders: Sequence[Path], on_progress: Progress | None, wait: bool
    ) -> None:
        if library.own and not list_files(folders):
            raise NotesError(f"The library “{library.name}” holds no file", "Add one.")
        refresh_index(
            folders,
            library.index_dir,
            self._embedding,
            passage_tokens=self._passage_tokens,
            on_progress=on_progress,
            wait=wait,
        )


def _forget(index_dir: Path) -> None:
    """Deletes an index, so that words that were taken out do not stay behind in it."""
    if index_dir.is_dir():
        with building(index_dir, lambda: None, wait=True):
            shutil.rmtree(index_dir, ignore_errors=True)


def _readable(folders: Sequence[Path]) -> tuple[tuple[Path, ...], list[Skipped]]:
    """The folders that hold a note that can be read, and what was skipped in the others."""
    kept: list[Path] = []
    skipped: list[Skipped] = []
    for folder in folders:
        found = read_files(list_files([folder]))
        if found.notes:
            kept.append(folder)
        else:
            skipped += found.skipped
    return tuple(kept), skipped


def _told(library: NotesLibrary, index: Index, skipped: tuple[Skipped, ...]) -> ReadNotes:
    return ReadNotes(library, index, skipped, (library.problem,) if library.problem else ())


def library_line(index: Index) -> str:
    """What was read, in one line."""
    cards = sum(len(note.cards) for note in index.notes)
    questions = sum(len(note.quiz) for note in index.notes)
    return (
        f"{_count(len(index.notes), 'note')}, {_count(cards, 'card')}, {_count(questions, 'quiz question')}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def example_questions(index: Index) -> tuple[str, ...]:
    """Questions about notes that are there; titles that open with a known concept come first."""
    titles = [note.title for note in index.notes if note.title and note.format in ("markdown", "notebook")]
    first = [
        title for title in titles if any(note.analogies for note in index.notes if note.title == title)
    ] or titles
    if not first:
        return ("What do my notes cover?",)
    known = [t for t in ("Mode collapse", "Diffusion models", "Self-attention") if t in first]
    chosen = [*known, *[title for title in first if title not in known]][:3]
    several = chosen[0].endswith("s") and not chosen[0].endswith(("ss", "is"))
    questions = [f"What {'are' if several else 'is'} {_in_a_sentence(chosen[0])}?"]
    questions += [f"Explain {_in_a_sentence(title)} like I'm 5" for title in chosen[1:2]]
    questions += [f"Quiz me on {_in_a_sentence(title)}" for title in chosen[2:3]]
    return (*questions, "Show me a GAN training")


def _in_a_sentence(title: str) -> str:
    """A title with a small first letter, unless it begins with a name or an acronym."""
    first = title.split()[0]
    return title if any(letter.isupper() for letter in first[1:]) else title[0].lower() + title[1:]
