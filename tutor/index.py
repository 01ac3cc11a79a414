"""Build, refresh, open and verify the index. The only owner of chromadb.

`passages.db` (SQLite) holds every note, passage and vector by generation; Chroma is a cache made from it. A
refresh writes a new generation beside the old one, checks it, and swaps the pointer `current.json` last: a
process killed at any moment leaves the last good generation in use. Readers hold a shared lock on the
generation that they opened, and only generations without readers are removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.embedding import Embedding
from tutor.errors import StoreError
from tutor.notes import Note, Skipped, hash_file, list_files, note_from_json, note_to_json, read_library
from tutor.passages import SPLITTER_VERSION, Passage, split_note

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COLLECTION = "passages"
_SAMPLE = 24
_SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (
    generation INTEGER, path TEXT, sha256 TEXT, note TEXT, PRIMARY KEY (generation, path));
CREATE TABLE IF NOT EXISTS passages (
    generation INTEGER, ordinal INTEGER, id TEXT, content_hash TEXT, passage TEXT, PRIMARY KEY (generation, ordinal));
CREATE TABLE IF NOT EXISTS skipped (generation INTEGER, path TEXT, reason TEXT);
CREATE TABLE IF NOT EXISTS vectors (
    content_hash TEXT, model TEXT, vector BLOB, PRIMARY KEY (content_hash, model));
"""
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Refresh:
    """What a refresh found and did; added, updated, removed and unchanged count notes."""

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
        return self.__dict__ | {
            "skipped": [{"path": entry.path, "reason": entry.reason} for entry in self.skipped],
            "seconds": round(self.seconds, 2),
        }


@dataclass(frozen=True)
class Fingerprint:
    """What an index was made from and with. Where one of these differs, the index is rebuilt, never queried."""

    embedding_model: str
    weights: str
    splitter: int
    passage_tokens: int
    chromadb: str
    corpus: str
    passages: int

    @property
    def maker(self) -> tuple[str, int, int]:
        """The part that decides whether stored notes and passages can be taken over."""
        return self.weights, self.splitter, self.passage_tokens


class Index:
    """An opened generation: its passages and notes in memory, its vectors in Chroma.

    Args:
        folder: the index folder; `generation` is the one that the pointer names.

    Raises:
        StoreError: no index, or one that is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.generation, self.fingerprint = _read_pointer(folder)
        self._lock_file = _hold(folder, self.generation)
        try:
            with _database(folder) as db:
                rows = db.execute(
                    "SELECT passage, content_hash FROM passages WHERE generation = ? ORDER BY ordinal",
                    (self.generation,),
                )
                found = rows.fetchall()
                self.passages = [Passage.from_json(row[0]) for row in found]
                self.content_hashes = [row[1] for row in found]
                rows = db.execute(
                    "SELECT note FROM notes WHERE generation = ? ORDER BY path", (self.generation,)
                )
                self.notes: list[Note] = [note_from_json(row[0]) for row in rows]
            if len(self.passages) != self.fingerprint.passages:
                raise StoreError(f"The index in {folder} is incomplete", "Run `tutor index` to rebuild it.")
            self._client, self._collection = _open_chroma(folder / f"chroma-{self.generation}")
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            self._lock_file.close()
            raise StoreError(
                f"The index in {folder} is damaged ({error})", "Run `tutor index` to rebuild it."
            ) from error
        except StoreError:
            self._lock_file.close()
            raise

    def query(self, vector: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        """The k passages nearest to a unit vector [dimension]: (position in `passages`, cosine), best first."""
        if not self.passages:
            return []
        with _chroma_errors(self.folder):
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
        with _chroma_errors(self.folder):
            found = self._collection.get(ids=[str(row) for row in rows], include=["embeddings"])
        return {
            int(row): float(vector @ other)
            for row, other in zip(found["ids"], found["embeddings"], strict=True)
        }

    def close(self) -> None:
        """Lets go of the generation."""
        self._client.close()
        self._lock_file.close()


def open_index(folder: Path) -> Index:
    """The last good index in a folder. Raises StoreError when there is none."""
    return Index(folder)


def refresh_index(
    notes: Sequence[Path],
    folder: Path,
    embedding: Embedding,
    *,
    passage_tokens: int = 220,
    on_progress: Progress | None = None,
    rebuild: bool = False,
) -> Refresh:
    """Brings the index in step with the notes; does nothing when they are.

    Args:
        notes: the notes folders.
        folder: the index folder; made when missing.
        on_progress: called with (stage, done, total).
        rebuild: makes a new generation even when nothing changed (stored vectors are used again).

    Raises:
        NotesError: no notes folder, or none of its files can be read.
        StoreError: the disk is full or the folder cannot be written.
    """
    began = time.perf_counter()
    report = on_progress or (lambda stage, done, total: None)
    hashes = {file.name: _hash_or_empty(file.path) for file in list_files(notes)}
    with _storage_errors(folder):
        _make_folder(folder)
        with _building(folder, report), _database(folder) as db:
            db.executescript(_SCHEMA)
            old = None if rebuild else _trusted_pointer(folder, embedding, passage_tokens)
            known = _note_hashes(db, old[0]) if old else {}
            if old and old[1].corpus == _corpus_hash(hashes) and _opens(folder):
                return _unchanged(db, old[0], embedding, time.perf_counter() - began)
            library = read_library(notes, on_file=lambda name: report("Reading notes", 0, len(hashes)))
            generation = _next_generation(db, folder)
            stored = _store(db, generation, library, embedding, passage_tokens, report)
            _build_chroma(db, folder, generation, embedding, report)
            _swap_pointer(folder, generation, _fingerprint(embedding, passage_tokens, hashes, stored[0]))
            _remove_old(db, folder, generation)
    now = library.hashes
    return Refresh(
        notes=len(library.notes),
        passages=stored[0],
        cards=sum(len(note.cards) for note in library.notes),
        quiz_items=sum(len(note.quiz) for note in library.notes),
        added=len(now.keys() - known.keys()),
        updated=sum(known[path] != now[path] for path in now.keys() & known.keys()),
        removed=len(known.keys() - now.keys()),
        unchanged=sum(known[path] == now[path] for path in now.keys() & known.keys()),
        embedded=stored[1],
        skipped=library.skipped,
        seconds=time.perf_counter() - began,
        embedding_model=embedding.name,
    )


def _hash_or_empty(path: Path) -> str:
    """A file that cannot be read has no hash; reading it will say why, and it is tried again when it changes."""
    try:
        return hash_file(path)
    except OSError:
        return ""


def _unchanged(db: sqlite3.Connection, generation: int, embedding: Embedding, seconds: float) -> Refresh:
    notes = [
        note_from_json(row[0])
        for row in db.execute("SELECT note FROM notes WHERE generation = ?", (generation,))
    ]
    passages = db.execute("SELECT count(*) FROM passages WHERE generation = ?", (generation,)).fetchone()[0]
    skipped = db.execute("SELECT path, reason FROM skipped WHERE generation = ?", (generation,)).fetchall()
    return Refresh(
        notes=len(notes),
        passages=passages,
        cards=sum(len(note.cards) for note in notes),
        quiz_items=sum(len(note.quiz) for note in notes),
        added=0,
        updated=0,
        removed=0,
        unchanged=len(notes),
        embedded=0,
        skipped=tuple(Skipped(*row) for row in skipped),
        seconds=seconds,
        embedding_model=embedding.name,
    )


def _store(
    db: sqlite3.Connection,
    generation: int,
    library: Any,
    embedding: Embedding,
    passage_tokens: int,
    report: Progress,
) -> tuple[int, int]:
    """Writes notes, passages and missing vectors; returns (number of passages, number embedded now)."""
    passages = [p for note in library.notes for p in split_note(note, embedding.count_tokens, passage_tokens)]
    embedded = _embed_missing(db, passages, embedding, report)
    with db:
        for table in ("notes", "passages", "skipped"):
            db.execute(f"DELETE FROM {table} WHERE generation = ?", (generation,))
        db.executemany(
            "INSERT INTO notes VALUES (?, ?, ?, ?)",
            [
                (generation, note.path, library.hashes[note.path], note_to_json(note))
                for note in library.notes
            ],
        )
        db.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?)",
            [(generation, i, p.id, p.content_hash, p.to_json()) for i, p in enumerate(passages)],
        )
        db.executemany(
            "INSERT INTO skipped VALUES (?, ?, ?)", [(generation, s.path, s.reason) for s in library.skipped]
        )
    return len(passages), embedded


def _embed_missing(
    db: sqlite3.Connection, passages: list[Passage], embedding: Embedding, report: Progress
) -> int:
    """Embeds the contents that have no vector yet, committing each batch so that a stopped run resumes."""
    model = embedding.fingerprint
    have = {row[0] for row in db.execute("SELECT content_hash FROM vectors WHERE model = ?", (model,))}
    missing = {p.content_hash: p.embedded_text for p in passages if p.content_hash not in have}
    batch = 64
    keys = sorted(missing, key=lambda key: len(missing[key]))
    for begin in range(0, len(keys), batch):
        report("Embedding passages", begin, len(keys))
        some = keys[begin : begin + batch]
        vectors = embedding.embed_texts([missing[key] for key in some])
        with db:
            db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                [(key, model, vector.tobytes()) for key, vector in zip(some, vectors, strict=True)],
            )
    if keys:
        report("Embedding passages", len(keys), len(keys))
    return len(keys)


def _build_chroma(
    db: sqlite3.Connection, folder: Path, generation: int, embedding: Embedding, report: Progress
) -> None:
    """A new Chroma folder from the stored vectors, checked by querying a sample of them, then synced."""
    import numpy as np

    rows = db.execute(
        "SELECT v.vector FROM passages p JOIN vectors v ON v.content_hash = p.content_hash AND v.model = ?"
        " WHERE p.generation = ? ORDER BY p.ordinal",
        (embedding.fingerprint, generation),
    ).fetchall()
    vectors = [np.frombuffer(row[0], np.float32) for row in rows]
    path = folder / f"chroma-{generation}"
    shutil.rmtree(path, ignore_errors=True)
    with _chroma_errors(folder):
        client = _chroma_client(path)
        try:
            collection = client.create_collection(
                _COLLECTION,
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 100}},
            )
            step = client.get_max_batch_size()
            for begin in range(0, len(vectors), step):
                report("Building the index", begin, len(vectors))
                some = vectors[begin : begin + step]
                collection.add(
                    ids=[str(begin + i) for i in range(len(some))],
                    embeddings=[vector.tolist() for vector in some],
                )
            _verify(collection, vectors)
        finally:
            client.close()
    _sync_tree(path)


def _verify(collection: Any, vectors: Sequence[NDArray[np.float32]]) -> None:
    """Asks for a spread sample of the collection's own vectors; each must come back at distance 0."""
    if collection.count() != len(vectors):
        raise StoreError("The new index lost passages", "Run `tutor index` again.")
    for vector in vectors[:: max(1, len(vectors) // _SAMPLE)]:
        found = collection.query(query_embeddings=[vector.tolist()], n_results=1, include=["distances"])
        if not found["distances"][0] or found["distances"][0][0] > 1e-3:
            raise StoreError("The new index does not find its own passages", "Run `tutor index` again.")


def _chroma_client(path: Path) -> Any:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    path.mkdir(parents=True, exist_ok=True)
    settings = ChromaSettings(_env_file=None, anonymized_telemetry=False)
    return chromadb.PersistentClient(path=str(path), settings=settings)


def _open_chroma(path: Path) -> tuple[Any, Any]:
    """Opens a generation and lets it find one of its own vectors, so that damage shows here and not later."""
    if not path.is_dir():
        raise StoreError(f"The index folder {path} is missing", "Run `tutor index` to rebuild it.")
    with _chroma_errors(path):
        client = _chroma_client(path)
        try:
            collection = client.get_collection(_COLLECTION, embedding_function=None)
            if collection.count():
                one = collection.get(ids=["0"], include=["embeddings"])["embeddings"]
                _verify_one(collection, one)
        except BaseException:
            client.close()
            raise
    return client, collection


def _verify_one(collection: Any, vectors: Any) -> None:
    found = collection.query(query_embeddings=[vectors[0]], n_results=1, include=["distances"])
    if not found["distances"][0] or found["distances"][0][0] > 1e-3:
        raise StoreError("The index does not find its own passages", "Run `tutor index` to rebuild it.")


@contextmanager
def _chroma_errors(folder: Path) -> Iterator[None]:
    """Chroma's own errors, which share no base class below Exception, as a StoreError."""
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, ValueError, KeyError, IndexError, TypeError, RuntimeError, sqlite3.Error) as error:
        if "No space left" in str(error) or "disk is full" in str(error):
            raise _disk_full(folder) from error
        raise StoreError(
            f"The index in {folder} is damaged ({error})", "Run `tutor index` to rebuild it."
        ) from error


@contextmanager
def _storage_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (28, 122):
            raise _disk_full(folder) from error
        raise StoreError(
            f"The index folder {folder} cannot be written ({error.strerror or error})",
            "Check its permissions or choose another with --index-dir.",
        ) from error
    except sqlite3.Error as error:
        if "full" in str(error):
            raise _disk_full(folder) from error
        raise StoreError(
            f"The index database in {folder} fails ({error})",
            f"Delete {folder / 'passages.db'} and run `tutor index`.",
        ) from error


def _disk_full(folder: Path) -> StoreError:
    return StoreError(
        f"The disk is full while writing {folder}",
        "Free some space and run `tutor index` again; the last good index stays in use.",
    )


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def _database(folder: Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(folder / "passages.db", timeout=30)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA trusted_schema=OFF")
        yield db
    finally:
        db.close()


@contextmanager
def _building(folder: Path, report: Progress) -> Iterator[None]:
    """One builder at a time; a second one waits for the first and then finds nothing to do."""
    with (folder / "build.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("Waiting for another refresh of this index", 0, 1)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _hold(folder: Path, generation: int) -> Any:
    """A shared lock on a generation, held as long as the file stays open."""
    file = (folder / f"reader-{generation}.lock").open("a")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def _read_pointer(folder: Path) -> tuple[int, Fingerprint]:
    path = folder / "current.json"
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return int(value["generation"]), Fingerprint(**value["fingerprint"])
    except FileNotFoundError:
        raise StoreError(f"There is no index in {folder}", "Run `tutor index` to build it.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is damaged ({error})", "Run `tutor index` to rebuild the index.") from error


def _trusted_pointer(
    folder: Path, embedding: Embedding, passage_tokens: int
) -> tuple[int, Fingerprint] | None:
    """The pointer, when what it names was made by the same splitter, weights and Chroma as those at hand."""
    try:
        generation, fingerprint = _read_pointer(folder)
    except StoreError:
        return None
    same = fingerprint.maker == (embedding.fingerprint, SPLITTER_VERSION, passage_tokens)
    return (generation, fingerprint) if same and fingerprint.chromadb == _chromadb_version() else None


def _opens(folder: Path) -> bool:
    try:
        open_index(folder).close()
    except StoreError:
        return False
    return True


def _note_hashes(db: sqlite3.Connection, generation: int) -> dict[str, str]:
    rows = db.execute("SELECT path, sha256 FROM notes WHERE generation = ?", (generation,)).fetchall()
    return dict(rows)


def _next_generation(db: sqlite3.Connection, folder: Path) -> int:
    used = [
        int(path.name.split("-")[1]) for path in folder.glob("chroma-*") if path.name.split("-")[1].isdigit()
    ]
    highest = db.execute("SELECT max(generation) FROM passages").fetchone()[0]
    return max([*used, highest or 0]) + 1


def _corpus_hash(hashes: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(sorted(hashes.items())).encode()).hexdigest()


def _chromadb_version() -> str:
    from importlib.metadata import version

    return version("chromadb")


def _fingerprint(
    embedding: Embedding, passage_tokens: int, hashes: dict[str, str], passages: int
) -> Fingerprint:
    return Fingerprint(
        embedding_model=embedding.name,
        weights=embedding.fingerprint,
        splitter=SPLITTER_VERSION,
        passage_tokens=passage_tokens,
        chromadb=_chromadb_version(),
        corpus=_corpus_hash(hashes),
        passages=passages,
    )


def _swap_pointer(folder: Path, generation: int, fingerprint: Fingerprint) -> None:
    """The one moment at which the new generation becomes the index: an atomic rename, synced."""
    draft = folder / "current.json.new"
    with draft.open("w", encoding="utf-8") as file:
        json.dump({"generation": generation, "fingerprint": fingerprint.__dict__}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / "current.json")
    _sync(folder)


def _remove_old(db: sqlite3.Connection, folder: Path, generation: int) -> None:
    """Removes the generations that nobody reads, and the vectors that no passage uses."""
    for path in folder.glob("chroma-*"):
        number = path.name.split("-")[1]
        if not number.isdigit() or int(number) == generation:
            continue
        with _hold_file(folder, int(number)) as free:
            if free:
                shutil.rmtree(path, ignore_errors=True)
                with db:
                    for table in ("notes", "passages", "skipped"):
                        db.execute(f"DELETE FROM {table} WHERE generation = ?", (int(number),))
    with db:
        db.execute("DELETE FROM vectors WHERE content_hash NOT IN (SELECT content_hash FROM passages)")


@contextmanager
def _hold_file(folder: Path, generation: int) -> Iterator[bool]:
    """Whether a generation has no reader; while inside, none can come."""
    path = folder / f"reader-{generation}.lock"
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
        path.unlink(missing_ok=True)


def _sync_tree(path: Path) -> None:
    for child in path.rglob("*"):
        _sync(child)
    _sync(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
