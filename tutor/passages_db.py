"""passages.db: notes with their passages, which of them a generation holds, and the vector of every content.

A note and its passages are stored once, under a key made of its path, its bytes and what cut it up; a generation
is a list of such keys. So a refresh writes what changed and nothing else. A vector is stored under the hash of the
text that it was made of and the weights that made it: equal content is embedded once, wherever it stands.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tutor.embedding import Embedding
from tutor.notes import Note, Skipped, note_from_json, note_to_json
from tutor.passages import Passage

_NAME = "passages.db"
_BATCH = 64
_SCHEMA_VERSION = 3
_SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (
    key TEXT PRIMARY KEY, path TEXT, sha256 TEXT, cards INTEGER, quiz_items INTEGER, passages INTEGER, note TEXT);
CREATE TABLE IF NOT EXISTS passages (
    note_key TEXT, ordinal INTEGER, content_hash TEXT, passage TEXT, PRIMARY KEY (note_key, ordinal)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS members (
    generation INTEGER, position INTEGER, note_key TEXT, PRIMARY KEY (generation, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS skipped (generation INTEGER, path TEXT, reason TEXT, key TEXT);
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


@dataclass(frozen=True)
class StoredNote:
    """What a report needs of a stored note."""

    key: str
    path: str
    sha256: str
    cards: int
    quiz_items: int
    passages: int


def note_key(path: str, sha256: str, maker: Sequence[object]) -> str:
    """The key of a note: its path, the hash of its bytes, and all that decides how it is read and cut."""
    return hashlib.sha256("\n".join(map(str, (path, sha256, *maker))).encode()).hexdigest()


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
            _make_tables(db)
        yield db
    finally:
        db.close()


def _make_tables(db: sqlite3.Connection) -> None:
    """The tables of this version; what another one stored goes, but for the vectors, which all versions share."""
    if db.execute("PRAGMA user_version").fetchone()[0] != _SCHEMA_VERSION:
        with db:
            for table in ("notes", "passages", "members", "skipped"):
                db.execute(f"DROP TABLE IF EXISTS {table}")
            db.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    db.executescript(_SCHEMA)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file itself is broken, and not the disk or a lock."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def delete_database(folder: Path) -> None:
    """Deletes a damaged database: all that it held can be made again from the notes. Raises OSError."""
    for end in ("", "-wal", "-shm"):
        (folder / f"{_NAME}{end}").unlink(missing_ok=True)


def stored_generations(db: sqlite3.Connection) -> set[int]:
    """The generations that hold notes or skipped files."""
    rows = db.execute("SELECT generation FROM members UNION SELECT generation FROM skipped")
    return {row[0] for row in rows}


def stored_notes(db: sqlite3.Connection, generation: int) -> list[StoredNote]:
    """The notes of a generation, in its order."""
    rows = db.execute(
        "SELECT key, path, sha256, cards, quiz_items, passages FROM members JOIN notes ON key = note_key"
        " WHERE generation = ? ORDER BY position",
        (generation,),
    )
    return [StoredNote(*row) for row in rows]


def known_keys(db: sqlite3.Connection) -> set[str]:
    """The keys of all notes that are stored."""
    return {row[0] for row in db.execute("SELECT key FROM notes")}


def stored_contents(db: sqlite3.Connection, generation: int) -> list[str]:
    """The content hashes of a generation's passages, in its order."""
    rows = db.execute(
        "SELECT content_hash FROM members JOIN passages USING (note_key) WHERE generation = ?"
        " ORDER BY position, ordinal",
        (generation,),
    )
    return [row[0] for row in rows]


def stored_skips(db: sqlite3.Connection, generation: int) -> dict[tuple[str, str], Skipped]:
    """(path, key) -> the file that a generation skipped."""
    rows = db.execute("SELECT path, key, reason FROM skipped WHERE generation = ?", (generation,))
    return {(path, key): Skipped(path, reason) for path, key, reason in rows}


def read_generation(db: sqlite3.Connection, generation: int) -> Stored:
    """What was stored for a generation. Raises sqlite3.Error, NotesError, ValueError, KeyError, TypeError."""
    here = (generation,)
    rows = db.execute(
        "SELECT passage, content_hash FROM members JOIN passages USING (note_key) WHERE generation = ?"
        " ORDER BY position, ordinal",
        here,
    ).fetchall()
    notes = db.execute(
        "SELECT note FROM members JOIN notes ON key = note_key WHERE generation = ? ORDER BY position", here
    )
    skipped = db.execute("SELECT path, reason FROM skipped WHERE generation = ? ORDER BY path", here)
    return Stored(
        notes=[note_from_json(row[0]) for row in notes],
        passages=[Passage.from_json(row[0]) for row in rows],
        content_hashes=[row[1] for row in rows],
        skipped=tuple(Skipped(*row) for row in skipped),
    )


def read_vectors(db: sqlite3.Connection, model: str, contents: Iterable[str]) -> dict[str, bytes]:
    """Content hash -> vector as float32 bytes. Raises KeyError where one is missing."""
    vectors = {}
    for content in contents:
        row = db.execute(
            "SELECT vector FROM vectors WHERE content_hash = ? AND model = ?", (content, model)
        ).fetchone()
        if row is None:
            raise KeyError(f"no vector for {content}")
        vectors[content] = row[0]
    return vectors


def write_note(
    db: sqlite3.Connection, key: str, sha256: str, note: Note, passages: Sequence[Passage]
) -> None:
    """Stores a note with its passages, in the caller's transaction. Raises sqlite3.Error."""
    counts = (len(note.cards), len(note.quiz), len(passages))
    db.execute(
        "INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, note.path, sha256, *counts, note_to_json(note)),
    )
    db.execute("DELETE FROM passages WHERE note_key = ?", (key,))
    db.executemany(
        "INSERT INTO passages VALUES (?, ?, ?, ?)",
        [(key, i, p.content_hash, p.to_json()) for i, p in enumerate(passages)],
    )


def write_generation(
    db: sqlite3.Connection, generation: int, keys: Sequence[str], skipped: Mapping[Skipped, str]
) -> None:
    """Stores which notes a generation holds and which files it skipped (with the key of each), in one transaction.

    Raises:
        sqlite3.Error: nothing is stored then.
    """
    with db:
        db.executemany(
            "INSERT INTO members VALUES (?, ?, ?)", [(generation, i, key) for i, key in enumerate(keys)]
        )
        db.executemany(
            "INSERT INTO skipped VALUES (?, ?, ?, ?)",
            [(generation, skip.path, skip.reason, key) for skip, key in skipped.items()],
        )


def embed_missing(
    db: sqlite3.Connection, generation: int, embedding: Embedding, on_progress: Callable[[int, int], None]
) -> int:
    """Embeds the contents of a generation that have no vector yet, committing each batch, so that a stopped run
    resumes.

    Returns:
        How many were embedded.
    """
    model = embedding.fingerprint
    rows = db.execute(
        "SELECT p.content_hash, p.passage FROM members JOIN passages AS p USING (note_key)"
        " LEFT JOIN vectors AS v ON v.content_hash = p.content_hash AND v.model = ?"
        " WHERE generation = ? AND v.vector IS NULL",
        (model, generation),
    )
    missing = {content: Passage.from_json(passage).embedded_text for content, passage in rows}
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
    """Forgets some generations; the notes that no other one holds go by `drop_unused`."""
    with db:
        for table in ("members", "skipped"):
            db.executemany(f"DELETE FROM {table} WHERE generation = ?", [(number,) for number in generations])


def drop_unused(db: sqlite3.Connection) -> None:
    """Deletes the notes that no generation holds, and the vectors whose content stands in no passage any more."""
    with db:
        gone = db.execute("DELETE FROM notes WHERE key NOT IN (SELECT note_key FROM members)").rowcount
        if gone:
            db.execute("DELETE FROM passages WHERE note_key NOT IN (SELECT key FROM notes)")
        db.execute("DELETE FROM vectors WHERE content_hash NOT IN (SELECT content_hash FROM passages)")
