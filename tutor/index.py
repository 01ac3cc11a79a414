"""Build, refresh, open and verify the index.

`passages.db` (SQLite) holds every note, passage and vector by generation; Chroma is a cache made from it. A
refresh writes a new generation beside the old one, checks it, and swaps the pointer last: a process killed at
any moment leaves the last good generation in use.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.collection import (
    build_collection,
    change_collection,
    chroma_errors,
    chromadb_version,
    open_collection,
    spread,
)
from tutor.embedding import Embedding
from tutor.errors import NotesError, StoreError
from tutor.generations import (
    Fingerprint,
    building,
    built_generations,
    corpus_hash,
    current_generation,
    file_marks,
    generation_folder,
    hold_current,
    read_pointer,
    remove_unread,
    storage_errors,
    swap_pointer,
    sync_tree,
)
from tutor.notes import NoteFile, Skipped, check_folders, list_files, read_files
from tutor.passages import SPLITTER_VERSION, split_note
from tutor.passages_db import (
    StoredNote,
    delete_database,
    drop_generations,
    drop_unused,
    embed_missing,
    is_damage,
    known_keys,
    note_key,
    open_database,
    read_generation,
    read_vectors,
    stored_contents,
    stored_generations,
    stored_notes,
    stored_skips,
    write_generation,
    write_note,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_ASKED = 10_000
_REBUILD = "Run `tutor index` to rebuild it."
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Refresh:
    """What a refresh found and did; added, updated, removed and unchanged count notes, embedded passages."""

    notes: int
    passages: int
    cards: int
    quiz_items: int
    added: int
    updated: int
    removed: int
    unchanged: int
    embedded: int
    skipped: tuple[Skipped, ...]
    seconds: float
    embedding_model: str

    def to_contract(self) -> dict[str, Any]:
        """The JSON value that `tutor index --json` promises."""
        kept = {name: value for name, value in self.__dict__.items() if name != "embedded"}
        return kept | {
            "skipped": [{"path": entry.path, "reason": entry.reason} for entry in self.skipped],
            "seconds": round(self.seconds, 2),
        }


class Index:
    """An opened generation: its passages and notes in memory, its vectors in Chroma.

    Args:
        folder: the index folder; the generation that its pointer names is opened and kept.
        weights: the fingerprint of the embedding model that will ask; any when None.

    Raises:
        StoreError: no index, one that is damaged, or one that these programs must not query.
    """

    def __init__(self, folder: Path, weights: str | None = None) -> None:
        self.folder = folder
        with storage_errors(folder), ExitStack() as on_failure:
            self.generation, self.fingerprint, self._lock_file = hold_current(folder)
            on_failure.callback(self._lock_file.close)
            self._require_maker(weights)
            with _damage(folder), open_database(folder, make=False) as db:
                sample = self._read(db)
            path = generation_folder(folder, self.generation)
            self._client, self._collection = open_collection(path, sample)
            on_failure.pop_all()

    def _require_maker(self, weights: str | None) -> None:
        made = self.fingerprint
        if made.chromadb != chromadb_version():
            raise StoreError(f"The index in {self.folder} was built by chromadb {made.chromadb}", _REBUILD)
        if made.splitter != SPLITTER_VERSION:
            raise StoreError(f"The index in {self.folder} was built by another version of tutor", _REBUILD)
        if weights is not None and made.weights != weights:
            raise StoreError(f"The index in {self.folder} was built with other embedding weights", _REBUILD)

    def _read(self, db: sqlite3.Connection) -> dict[str, bytes]:
        """Fills in passages and notes; returns the stored vectors of a sample of the contents."""
        stored = read_generation(db, self.generation)
        self.passages, self.content_hashes = stored.passages, stored.content_hashes
        self.notes, self.skipped = stored.notes, stored.skipped
        if len(self.passages) != self.fingerprint.passages:
            raise ValueError(f"{len(self.passages)} of {self.fingerprint.passages} passages")
        self._rows: dict[str, list[int]] = {}
        for row, content in enumerate(self.content_hashes):
            self._rows.setdefault(content, []).append(row)
        return read_vectors(db, self.fingerprint.weights, _sampled(list(self._rows)))

    def query(self, vector: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        """The passages nearest to a unit vector [dimension]: (position in `passages`, cosine), best first.

        Passages of equal content share a vector; they count as one of the k and are all named.
        """
        if not self.passages:
            return []
        with chroma_errors(self.folder):
            found = self._collection.query(
                query_embeddings=[vector.tolist()],
                n_results=min(k, len(self._rows)),
                include=["distances"],
            )
        return [
            (row, 1.0 - float(distance))
            for content, distance in zip(found["ids"][0], found["distances"][0], strict=True)
            for row in self._rows[content]
        ]

    def vectors(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """The unit vectors [rows, dimension] of some passages, at least one, by position."""
        import numpy as np

        contents = list(dict.fromkeys(self.content_hashes[row] for row in rows))
        known: dict[str, Any] = {}
        for begin in range(0, len(contents), _MOST_ASKED):  # SQLite takes so many ids and no more
            with chroma_errors(self.folder):
                found = self._collection.get(
                    ids=contents[begin : begin + _MOST_ASKED], include=["embeddings"]
                )
            known |= dict(zip(found["ids"], found["embeddings"], strict=True))
        return np.array([known[self.content_hashes[row]] for row in rows], np.float32)

    def cosines(self, vector: NDArray[np.float32], rows: Sequence[int]) -> dict[int, float]:
        """The cosine of a unit vector [dimension] with each of some passages, by position."""
        return dict(zip(rows, (self.vectors(rows) @ vector).tolist(), strict=True)) if rows else {}

    def close(self) -> None:
        """Lets go of the generation."""
        self._client.close()
        self._lock_file.close()


def open_index(folder: Path, embedding: Embedding | None = None) -> Index:
    """The last good index in a folder.

    Args:
        embedding: the model that will ask; an index of other weights is refused.

    Raises:
        StoreError: there is none, or it may not be queried.
    """
    return Index(folder, embedding.fingerprint if embedding is not None else None)


def refresh_index(
    notes: Sequence[Path],
    folder: Path,
    embedding: Embedding,
    *,
    passage_tokens: int = 220,
    on_progress: Progress | None = None,
    rebuild: bool = False,
    wait: bool = True,
) -> Refresh:
    """Brings the index in step with the notes; does nothing when they are.

    Args:
        notes: the notes folders.
        folder: the index folder; made when missing.
        on_progress: called with (stage, done, total).
        rebuild: makes a new generation even when nothing changed (stored vectors are used again).
        wait: whether to wait for another program that refreshes this index. Where there is no index yet to go
            on with, it always waits.

    Raises:
        NotesError: no notes folder, or none of its files can be read.
        StoreError: the disk is full, the folder cannot be written, or another program refreshes it.
    """
    began = time.perf_counter()
    report = on_progress or (lambda stage, done, total: None)
    files = list_files(notes)
    marks = file_marks(files)
    maker = (embedding.fingerprint, SPLITTER_VERSION, passage_tokens, chromadb_version())
    corpus = corpus_hash(marks)
    if not rebuild and (found := _in_step(folder, maker, corpus, embedding.name, began)):
        return found
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        waiting = "Waiting for another refresh of this index"
        with building(folder, lambda: report(waiting, 0, 1), wait):
            if not rebuild and (found := _in_step(folder, maker, corpus, embedding.name, began)):
                return found
            # What says that it is in step and yet cannot be opened is damaged: nothing of it is used again.
            whole = rebuild or _claims(folder, maker, corpus)
            generation = _Generation(notes, files, marks, folder, embedding, passage_tokens, whole, report)
            try:
                built = generation.build()
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                delete_database(folder)
                built = generation.build()
    return _refreshed(*built, embedding.name, began)


def _in_step(
    folder: Path, maker: tuple[str, int, int, str], corpus: str, model: str, began: float
) -> Refresh | None:
    """The report of a refresh with nothing to do; None where the index is old, damaged or not there."""
    if not _claims(folder, maker, corpus):
        return None
    try:
        index = open_index(folder)
    except StoreError:
        return None
    try:
        with _damage(folder), open_database(folder, make=False) as db:
            there = stored_notes(db, index.generation)
    finally:
        index.close()
    return _refreshed(there, there, index.skipped, 0, model, began)


def _claims(folder: Path, maker: tuple[str, int, int, str], corpus: str) -> bool:
    """Whether the pointer names an index of these notes by this maker."""
    try:
        made = read_pointer(folder)[1]
    except StoreError:
        return False
    return (made.maker, made.corpus) == (maker, corpus)


def _refreshed(
    before: Sequence[StoredNote],
    now: Sequence[StoredNote],
    skipped: tuple[Skipped, ...],
    embedded: int,
    model: str,
    began: float,
) -> Refresh:
    old, new = ({note.path: note.sha256 for note in notes} for notes in (before, now))
    both = new.keys() & old.keys()
    return Refresh(
        notes=len(now),
        passages=sum(note.passages for note in now),
        cards=sum(note.cards for note in now),
        quiz_items=sum(note.quiz_items for note in now),
        added=len(new.keys() - old.keys()),
        updated=sum(old[path] != new[path] for path in both),
        removed=len(old.keys() - new.keys()),
        unchanged=sum(old[path] == new[path] for path in both),
        embedded=embedded,
        skipped=skipped,
        seconds=time.perf_counter() - began,
        embedding_model=model,
    )


@dataclass(frozen=True)
class _Generation:
    """A generation to be built; the caller holds the build lock."""

    folders: Sequence[Path]
    files: Sequence[NoteFile]
    marks: Mapping[str, str]
    folder: Path
    embedding: Embedding
    passage_tokens: int
    whole: bool
    report: Progress

    def build(self) -> tuple[list[StoredNote], list[StoredNote], tuple[Skipped, ...], int]:
        """Builds it and makes it the current one.

        Returns:
            The notes before, the notes now, the files skipped, how many passages were embedded.
        """
        with open_database(self.folder, make=True) as db:
            current = current_generation(self.folder)
            before = stored_notes(db, current or 0)
            _clear(db, self.folder)
            number = max(built_generations(self.folder) | stored_generations(db) | {current or 0}) + 1
            try:
                skipped, embedded, settled = self._store(db, number, current or 0)
                now = stored_notes(db, number)
                self._build_chroma(db, number, current or 0)
                swap_pointer(self.folder, number, self._fingerprint(now, skipped, settled))
            except BaseException:
                # What is half built goes at once: on a full disk it would stand in the way of the next try.
                with suppress(OSError, sqlite3.Error):
                    _clear(db, self.folder)
                raise
            # The new index is in use; what cannot be removed now is removed by the next refresh.
            with suppress(OSError, sqlite3.Error):
                _clear(db, self.folder)
                drop_unused(db)
        return before, now, tuple(skipped), embedded

    def _fingerprint(
        self, now: Sequence[StoredNote], skipped: Iterable[Skipped], settled: bool
    ) -> Fingerprint:
        again = not settled or any(skip.transient for skip in skipped)
        return Fingerprint(
            embedding_model=self.embedding.name,
            weights=self.embedding.fingerprint,
            splitter=SPLITTER_VERSION,
            passage_tokens=self.passage_tokens,
            chromadb=chromadb_version(),
            corpus="to be read again" if again else corpus_hash(self.marks),
            passages=sum(note.passages for note in now),
        )

    def _store(self, db: sqlite3.Connection, number: int, current: int) -> tuple[list[Skipped], int, bool]:
        """Reads, cuts and embeds what is new.

        Returns:
            The files skipped, how many passages were embedded, and whether each file was still as its mark says when
            it was read (one may be saved at that very moment).
        """
        maker = (self.embedding.fingerprint, SPLITTER_VERSION, self.passage_tokens)
        known, skipped_before = known_keys(db), stored_skips(db, current)
        keys: dict[str, str] = {}
        skipped: dict[Skipped, str] = {}
        unread = []
        for file in self.files:
            mark = self.marks[file.name]
            key = note_key(file.name, mark, maker)
            if key in known and not self.whole:
                keys[file.name] = key
            elif (skip := skipped_before.get((file.name, key))) and not self.whole:
                skipped[skip] = key
            else:
                unread.append(file)
        read = read_files(unread, lambda name: self.report("Reading notes", 0, 1))
        with db:
            for note in read.notes:
                sha256 = read.hashes[note.path]
                keys[note.path] = note_key(note.path, sha256, maker)
                passages = split_note(note, self.embedding.count_tokens, self.passage_tokens)
                write_note(db, keys[note.path], sha256, note, passages)
        for skip in read.skipped:
            sha256 = read.unread.get(skip.path, self.marks[skip.path])
            skipped[skip] = "" if skip.transient else note_key(skip.path, sha256, maker)
        check_folders(self.folders, self.files, keys, skipped)
        write_generation(db, number, [keys[name] for name in sorted(keys)], skipped)
        report = self.report
        embedded = embed_missing(
            db, number, self.embedding, lambda done, total: report("Embedding passages", done, total)
        )
        opened = read.hashes | read.unread
        settled = all(self.marks[name] in ("", sha256) for name, sha256 in opened.items())
        return sorted(skipped, key=lambda skip: skip.path), embedded, settled

    def _build_chroma(self, db: sqlite3.Connection, number: int, current: int) -> None:
        """A new Chroma folder: a changed copy of the current one where little changed, else from all vectors."""
        contents = list(dict.fromkeys(stored_contents(db, number)))
        path, report = generation_folder(self.folder, number), self.report
        if self.whole or not self._change_chroma(db, contents, current, path):
            vectors = read_vectors(db, self.embedding.fingerprint, contents)
            build_collection(path, vectors, lambda done, total: report("Building the index", done, total))
        sync_tree(path)

    def _change_chroma(self, db: sqlite3.Connection, contents: list[str], current: int, path: Path) -> bool:
        before, wanted = set(stored_contents(db, current)), set(contents)
        model = self.embedding.fingerprint
        added = read_vectors(db, model, sorted(wanted - before))
        sample = read_vectors(db, model, _sampled(contents))
        old = generation_folder(self.folder, current)
        if not self._made_alike(current):
            return False
        try:
            return change_collection(old, path, added, before - wanted, sample, len(contents))
        except StoreError:
            # The current one is damaged, or cannot be changed: the vectors are all there to build another from.
            shutil.rmtree(path, ignore_errors=True)
            return False

    def _made_alike(self, current: int) -> bool:
        """Whether the current collection is of the same weights and chromadb: others are never copied or opened."""
        try:
            number, made = read_pointer(self.folder)
        except StoreError:
            return False
        maker = (current, self.embedding.fingerprint, chromadb_version())
        return (number, made.weights, made.chromadb) == maker


def _sampled(contents: Sequence[str]) -> list[str]:
    return [contents[at] for at in spread(len(contents))]


def _clear(db: sqlite3.Connection, folder: Path) -> None:
    """Removes all generations but the current one and those that somebody reads."""
    there = built_generations(folder) | stored_generations(db)
    drop_generations(db, remove_unread(folder, there, current_generation(folder)))


@contextmanager
def _damage(folder: Path) -> Iterator[None]:
    """What cannot be read back from passages.db, as a StoreError."""
    try:
        yield
    except (sqlite3.Error, NotesError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"The index in {folder} is damaged ({error})", _REBUILD) from error
