"""Build, refresh, open and verify the index.

`passages.db` (SQLite) holds every note, passage and vector by generation; Chroma is a cache made from it. A
refresh writes a new generation beside the old one, checks it, and swaps the pointer last: a process killed at
any moment leaves the last good generation in use.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.collection import build_collection, chroma_errors, chromadb_version, open_collection, spread
from tutor.embedding import Embedding
from tutor.errors import NotesError, StoreError
from tutor.generations import (
    Fingerprint,
    building,
    built_generations,
    corpus_hash,
    current_generation,
    generation_folder,
    hold_current,
    read_pointer,
    remove_unread,
    storage_errors,
    swap_pointer,
    sync_tree,
)
from tutor.notes import Library, Skipped, list_files, read_library
from tutor.passages import SPLITTER_VERSION, split_note
from tutor.passages_db import (
    delete_database,
    drop_generations,
    drop_unused_vectors,
    embed_missing,
    is_damage,
    note_hashes,
    open_database,
    read_generation,
    read_vectors,
    stored_generations,
    write_generation,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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

    def _read(self, db: sqlite3.Connection) -> dict[int, bytes]:
        """Fills in passages and notes; returns the stored vectors of a sample of the passages, by position."""
        stored = read_generation(db, self.generation)
        self.passages, self.content_hashes = stored.passages, stored.content_hashes
        self.notes, self.skipped = stored.notes, stored.skipped
        if len(self.passages) != self.fingerprint.passages:
            raise ValueError(f"{len(self.passages)} of {self.fingerprint.passages} passages")
        rows = spread(len(self.passages))
        hashes = [self.content_hashes[row] for row in rows]
        return dict(zip(rows, read_vectors(db, self.fingerprint.weights, hashes), strict=True))

    def query(self, vector: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        """The k passages nearest to a unit vector [dimension]: (position in `passages`, cosine), best first."""
        if not self.passages:
            return []
        with chroma_errors(self.folder):
            found = self._collection.query(
                query_embeddings=[vector.tolist()],
                n_results=min(k, len(self.passages)),
                include=["distances"],
            )
        return [
            (int(row), 1.0 - float(distance))
            for row, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]

    def cosines(self, vector: NDArray[np.float32], rows: Sequence[int]) -> dict[int, float]:
        """The cosine of a unit vector [dimension] with each of some passages, by position."""
        if not rows:
            return {}
        with chroma_errors(self.folder):
            found = self._collection.get(ids=[str(row) for row in rows], include=["embeddings"])
        return {
            int(row): float(vector @ other)
            for row, other in zip(found["ids"], found["embeddings"], strict=True)
        }

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
    corpus = corpus_hash(list_files(notes))
    maker = (embedding.fingerprint, SPLITTER_VERSION, passage_tokens, chromadb_version())
    if not rebuild and (found := _in_step(folder, maker, corpus, embedding.name, began)):
        return found
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        waiting = "Waiting for another refresh of this index"
        with building(folder, lambda: report(waiting, 0, 1), wait):
            if not rebuild and (found := _in_step(folder, maker, corpus, embedding.name, began)):
                return found
            library = read_library(notes, on_file=lambda name: report("Reading notes", 0, 1))
            if any(entry.transient for entry in library.skipped):
                corpus = "to be read again"
            generation = _Generation(folder, library, corpus, embedding, passage_tokens, report)
            try:
                known, passages, embedded = generation.build()
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                delete_database(folder)
                known, passages, embedded = generation.build()
    return _refreshed(library, known, passages, embedded, embedding.name, began)


def _in_step(
    folder: Path, maker: tuple[str, int, int, str], corpus: str, model: str, began: float
) -> Refresh | None:
    """The report of a refresh with nothing to do; None where the index is old, damaged or not there."""
    try:
        made = read_pointer(folder)[1]
        if (made.maker, made.corpus) != (maker, corpus):
            return None
        index = open_index(folder)
    except StoreError:
        return None
    index.close()
    known = {note.path: "" for note in index.notes}
    library = Library(tuple(index.notes), index.skipped, known)
    return _refreshed(library, known, len(index.passages), 0, model, began)


def _refreshed(
    library: Library, known: dict[str, str], passages: int, embedded: int, model: str, began: float
) -> Refresh:
    now = library.hashes
    both = now.keys() & known.keys()
    return Refresh(
        notes=len(library.notes),
        passages=passages,
        cards=sum(len(note.cards) for note in library.notes),
        quiz_items=sum(len(note.quiz) for note in library.notes),
        added=len(now.keys() - known.keys()),
        updated=sum(known[path] != now[path] for path in both),
        removed=len(known.keys() - now.keys()),
        unchanged=sum(known[path] == now[path] for path in both),
        embedded=embedded,
        skipped=library.skipped,
        seconds=time.perf_counter() - began,
        embedding_model=model,
    )


@dataclass(frozen=True)
class _Generation:
    """A generation to be built; the caller holds the build lock."""

    folder: Path
    library: Library
    corpus: str
    embedding: Embedding
    passage_tokens: int
    report: Progress

    def build(self) -> tuple[dict[str, str], int, int]:
        """Builds it and makes it the current one.

        Returns:
            The hashes of the notes before, the number of passages, how many of them were embedded now.
        """
        with open_database(self.folder, make=True) as db:
            current = current_generation(self.folder)
            known = note_hashes(db, current or 0)
            _clear(db, self.folder)
            number = max(built_generations(self.folder) | stored_generations(db) | {current or 0}) + 1
            try:
                passages, embedded = self._store(db, number)
                self._build_chroma(db, number)
                swap_pointer(self.folder, number, self._fingerprint(passages))
            except BaseException:
                # What is half built goes at once: on a full disk it would stand in the way of the next try.
                with suppress(OSError, sqlite3.Error):
                    _clear(db, self.folder)
                raise
            # The new index is in use; what cannot be removed now is removed by the next refresh.
            with suppress(OSError, sqlite3.Error):
                _clear(db, self.folder)
                drop_unused_vectors(db)
        return known, passages, embedded

    def _fingerprint(self, passages: int) -> Fingerprint:
        return Fingerprint(
            embedding_model=self.embedding.name,
            weights=self.embedding.fingerprint,
            splitter=SPLITTER_VERSION,
            passage_tokens=self.passage_tokens,
            chromadb=chromadb_version(),
            corpus=self.corpus,
            passages=passages,
        )

    def _store(self, db: sqlite3.Connection, number: int) -> tuple[int, int]:
        """Writes notes, passages and missing vectors; returns (number of passages, number embedded now)."""
        count = self.embedding.count_tokens
        passages = [p for note in self.library.notes for p in split_note(note, count, self.passage_tokens)]
        report = self.report
        embedded = embed_missing(
            db, passages, self.embedding, lambda done, total: report("Embedding passages", done, total)
        )
        write_generation(db, number, self.library, passages)
        return len(passages), embedded

    def _build_chroma(self, db: sqlite3.Connection, number: int) -> None:
        """A new Chroma folder from the stored vectors, checked, then synced."""
        hashes = read_generation(db, number).content_hashes
        vectors = read_vectors(db, self.embedding.fingerprint, hashes)
        path = generation_folder(self.folder, number)
        report = self.report
        build_collection(path, vectors, lambda done, total: report("Building the index", done, total))
        sync_tree(path)


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
