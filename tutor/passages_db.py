"""passages.db: notes, passages and files skipped, by generation, and the vector of every content, in SQLite.

A vector is stored under the hash of the text that it was made of and the weights that made it, so that equal
content is embedded once, whatever note and generation it stands in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tutor.embedding import Embedding
from tutor.notes import Library, Note, Skipped, note_from_json, note_to_json
from tutor.passages import Passage

_NAME = "passages.db"
_BATCH = 64
_TABLES = ("notes", "passages", "skipped")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (
    generation INTEGER, path TEXT, sha256 TEXT, note TEXT, PRIMARY KEY (generation, path));
CREATE TABLE IF NOT EXISTS passages (
    generation INTEGER, ordinal INTEGER, id TEXT, content_hash TEXT, passage TEXT, PRIMARY KEY (generation, ordinal));
CREATE TABLE IF NOT EXISTS skipped (generation INTEGER, path TEXT, reason TEXT);
CREATE TABLE IF NOT EXISTS vectors (
    content_hash TEXT, model TEXT, vector BLOB, PRIMARY KEY (content_hash, model));
"""


@dataclass(frozen=True)
class Stored:
    """All of one generation but its vectors; `content_hashes` are in the order of `passages`."""

    notes: list[Note]
    passages: list[Passage]
    content_hashes: list[str]
    skipped: tuple[Skipped, ...]


@contextmanager
def open_database(folder: Path, *, make: bool) -> Iterator[sqlite3.Connection]:
    """The database in an index folder, made where it is missing and `make` is true. Raises sqlite3.Error."""
    place = (folder.absolute() / _NAME).as_uri()
    db = sqlite3.connect(f"{place}?mode={'rwc' if make else 'rw'}", timeout=30, uri=True)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA trusted_schema=OFF")
        if make:
            db.executescript(_SCHEMA)
        yield db
    finally:
        db.close()


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file itself is broken, and not the disk or a lock."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def delete_database(folder: Path) -> None:
    """Deletes a damaged database: all that it held can be made again from the notes. Raises OSError."""
    for end in ("", "-wal", "-shm"):
        (folder / f"{_NAME}{end}").unlink(missing_ok=True)


def stored_generations(db: sqlite3.Connection) -> set[int]:
    """The generations that have notes or passages."""
    rows = db.execute("SELECT generation FROM passages UNION SELECT generation FROM notes")
    return {row[0] for row in rows}


def note_hashes(db: sqlite3.Connection, generation: int) -> dict[str, str]:
    """Path -> SHA-256 of the notes of a generation."""
    return dict(db.execute("SELECT path, sha256 FROM notes WHERE generation = ?", (generation,)).fetchall())


def read_generation(db: sqlite3.Connection, generation: int) -> Stored:
    """What was stored for a generation. Raises sqlite3.Error, NotesError, ValueError, KeyError, TypeError."""
    here = (generation,)
    rows = db.execute(
        "SELECT passage, content_hash FROM passages WHERE generation = ? ORDER BY ordinal", here
    ).fetchall()
    notes = db.execute("SELECT note FROM notes WHERE generation = ? ORDER BY path", here)
    skipped = db.execute("SELECT path, reason FROM skipped WHERE generation = ? ORDER BY path", here)
    return Stored(
        notes=[note_from_json(row[0]) for row in notes],
        passages=[Passage.from_json(row[0]) for row in rows],
        content_hashes=[row[1] for row in rows],
        skipped=tuple(Skipped(*row) for row in skipped),
    )


def read_vectors(db: sqlite3.Connection, model: str, content_hashes: Iterable[str]) -> list[bytes]:
    """The vectors of some contents, as float32 bytes. Raises KeyError where one is missing."""
    vectors = []
    for content_hash in content_hashes:
        row = db.execute(
            "SELECT vector FROM vectors WHERE content_hash = ? AND model = ?", (content_hash, model)
        ).fetchone()
        if row is None:
            raise KeyError(f"no vector for {content_hash}")
        vectors.append(row[0])
    return vectors


def write_generation(
    db: sqlite3.Connection, generation: int, library: Library, passages: Sequence[Passage]
) -> None:
    """Stores a generation in one transaction. Raises sqlite3.Error."""
    with db:
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


def embed_missing(
    db: sqlite3.Connection,
    passages: Sequence[Passage],
    embedding: Embedding,
    on_progress: Callable[[int, int], None],
) -> int:
    """Embeds the contents that have no vector yet, committing each batch so that a stopped run resumes.

    Returns:
        How many were embedded.
    """
    model = embedding.fingerprint
    have = {row[0] for row in db.execute("SELECT content_hash FROM vectors WHERE model = ?", (model,))}
    missing = {p.content_hash: p.embedded_text for p in passages if p.content_hash not in have}
    keys = sorted(missing, key=lambda key: len(missing[key]))
    for begin in range(0, len(keys), _BATCH):
        on_progress(begin, len(keys))
        some = keys[begin : begin + _BATCH]
        vectors = embedding.embed_texts([missing[key] for key in some])
        with db:
            db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                [(key, model, vector.tobytes()) for key, vector in zip(some, vectors, strict=True)],
            )
    if keys:
        on_progress(len(keys), len(keys))
    return len(keys)


def drop_generations(db: sqlite3.Connection, generations: Iterable[int]) -> None:
    """Deletes what some generations stored; their vectors stay."""
    with db:
        for table in _TABLES:
            db.executemany(f"DELETE FROM {table} WHERE generation = ?", [(number,) for number in generations])


def drop_unused_vectors(db: sqlite3.Connection) -> None:
    """Deletes the vectors whose content stands in no passage any more."""
    with db:
        db.execute("DELETE FROM vectors WHERE content_hash NOT IN (SELECT content_hash FROM passages)")
