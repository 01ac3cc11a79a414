"""Packages of Anki (`.apkg`, `.colpkg`): their notes as questions and answers, their pictures and sounds only named.

A package comes from anybody. Its collection is copied out up to a bound, opened for reading alone with a bound on the
work that a query may do, and nothing else in it is unpacked.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tutor.errors import NotesError
from tutor.notes.field_text import LONGEST_FIELD, field_text, gap_questions, media_in
from tutor.notes.words import whole_signs

LARGEST_PACKAGE_MB = 500
LARGEST_COLLECTION_MB = 100
MOST_NOTES = 20_000
MOST_CARDS = 100_000
MOST_SIGNS = 20_000_000
_NEWEST = "collection.anki21b"
_COLLECTIONS = (_NEWEST, "collection.anki21", "collection.anki2")
_ZSTD = b"\x28\xb5\x2f\xfd"
_SQLITE = b"SQLite format 3\x00"
_STEPS, _MOST_STEPS = (
    100_000,
    4_000,
)  # one query may take 400 million steps of SQLite's machine: some ten seconds
_MOST_VALUE_BYTES = 50_000_000
_OLDER = "In Anki choose File > Export, tick “Support older Anki versions”, and import that file."
_FIELD = re.compile(r"\{\{([^{}]{1,200})\}\}")
_NO_FIELDS = frozenset(("frontside", "tags", "type", "deck", "subdeck", "card", "cardflag", "cardid"))
_NO_ANSWER = re.compile(
    r"\b(?:sources?|references?|refs?|links?|urls?|audio|sound|images?|pictures?|id|guid|note ?id|added|difficulty|"
    r"background|extra|hint|mnemonic)\b",
    re.IGNORECASE,
)
_OCCLUSION = "image-occlusion:"


@dataclass(frozen=True)
class AnkiCard:
    """A question with its answer. `deck` names decks within each other with `::` between."""

    deck: str
    question: str
    answer: str
    tags: tuple[str, ...] = ()


@dataclass
class AnkiPackage:
    """What a package holds.

    Attributes:
        skipped: reason -> how many notes were skipped for it.
        media: the names of the pictures and sounds that the notes show; they are not taken.
    """

    cards: list[AnkiCard] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    media: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True)
class _NoteType:
    """The names of the fields, and which of them (by place) the first card asks with and answers with."""

    fields: tuple[str, ...]
    front: tuple[int, ...]
    back: tuple[int, ...]


def is_anki_package(path: Path) -> bool:
    """Whether a file is a ZIP archive with a collection of Anki in it."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":
                return False
        with _opened(path) as archive:
            return any(name in archive.namelist() for name in _COLLECTIONS)
    except (OSError, NotesError):
        return False


def read_anki_package(path: Path) -> AnkiPackage:
    """The notes of a package as cards; a note with gaps gives one for each gap.

    Args:
        path: the package; it is only read.

    Raises:
        NotesError: it is no package of Anki, is damaged, too large, or made to do harm.
    """
    try:
        with _opened(path) as archive, tempfile.TemporaryDirectory(prefix="tutor-anki-") as folder:
            copy = Path(folder) / "collection"
            _copy_collection(archive, copy, path)
            # Not with `with`: that ends a transaction and does not close.
            with closing(_connected(copy)) as base:
                return _read(base, path)
    except (sqlite3.Error, UnicodeError) as error:
        stopped = "interrupted" in str(error) or "too big" in str(error)
        what = (
            "its collection keeps the reader busy without end"
            if stopped
            else f"its collection is damaged ({error})"
        )
        raise _refused(path, what, "Export the deck from Anki again.") from error
    except (
        OSError,
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise _refused(path, f"the archive cannot be read ({error})", "Export the deck again.") from error


def _opened(path: Path) -> zipfile.ZipFile:
    """The archive, after a look at what its index promises."""
    size = path.stat().st_size
    if size > LARGEST_PACKAGE_MB * 1_000_000:
        raise _refused(path, f"it is larger than {LARGEST_PACKAGE_MB} MB", "Export the deck without media.")
    with path.open("rb") as file:
        file.seek(max(0, size - 66_000))
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0:
        raise _refused(path, "it is no whole ZIP archive", "Export the deck from Anki again.")
    # The index is read as a whole: 65 thousand entries at most, which the longer form of it does not promise.
    if tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        raise _refused(path, "it holds too many files", "Export the deck without media.")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _refused(
            path, f"the archive is damaged ({error})", "Export the deck from Anki again."
        ) from error
    for entry in archive.infolist():
        name = entry.filename.replace("\\", "/")
        leads_out = name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:", name)
        if leads_out or stat.S_ISLNK(entry.external_attr >> 16):
            archive.close()
            raise _refused(
                path,
                f"“{entry.filename[:80]}” in it leads out of the package",
                "Anki makes no such files: delete it.",
            )
    return archive


def _copy_collection(archive: zipfile.ZipFile, copy: Path, path: Path) -> None:
    """Writes the package's collection to `copy`, up to a bound whatever its index promises."""
    names = set(archive.namelist())
    name = next((name for name in _COLLECTIONS if name in names), None)
    if name is None:
        raise _refused(path, "it holds no collection of Anki", "Give a file that Anki exported.")
    if archive.getinfo(name).flag_bits & 1:
        raise _refused(path, "it is encrypted", "Export the deck from Anki without a password.")
    with archive.open(name) as packed, copy.open("wb") as target:
        os.chmod(copy, 0o600)
        begin = packed.read(4)
        source: Any = _Rest(begin, packed)
        if begin == _ZSTD:
            source = _unpacked(source, path)
        try:
            _copy(source, target, path)
        except ValueError as error:
            raise _refused(path, f"its collection is damaged ({error})", "Export the deck again.") from error


class _Rest:
    """A stream of which the first bytes were read already."""

    def __init__(self, begin: bytes, rest: IO[bytes]) -> None:
        self._begin, self._rest = begin, rest

    def read(self, size: int = -1) -> bytes:
        begin, self._begin = self._begin, b""
        return begin or self._rest.read(size)


def _unpacked(source: Any, path: Path) -> Any:
    """The stream that a newer Anki packed with Zstandard."""
    try:
        import zstandard
    except ImportError as error:
        raise _refused(path, "it was exported for newer Anki versions alone", _OLDER) from error
    return _Zstandard(
        zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(source), zstandard.ZstdError
    )


class _Zstandard:
    """A reader whose errors are ValueErrors."""

    def __init__(self, reader: Any, error: type[Exception]) -> None:
        self._reader, self._error = reader, error

    def read(self, size: int) -> bytes:
        try:
            return bytes(self._reader.read(size))
        except self._error as error:
            raise ValueError(str(error)) from error


def _copy(source: Any, target: IO[bytes], path: Path) -> None:
    left = LARGEST_COLLECTION_MB * 1_000_000
    while piece := source.read(1 << 16):
        left -= len(piece)
        if left < 0:
            what = f"its collection unpacks to more than {LARGEST_COLLECTION_MB} MB"
            raise _refused(path, what, "Export single decks, one after the other.")
        target.write(piece)


def _connected(copy: Path) -> sqlite3.Connection:
    """The collection, opened for reading alone."""
    with copy.open("rb") as file:
        if file.read(len(_SQLITE)) != _SQLITE:
            raise sqlite3.DatabaseError("it is no SQLite file")
    base = sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True)
    base.text_factory = lambda data: data.decode("utf-8", "replace")
    base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_VALUE_BYTES)
    base.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    base.execute("PRAGMA trusted_schema = OFF")
    base.execute("PRAGMA query_only = ON")
    base.execute("PRAGMA cell_size_check = ON")
    base.create_collation(
        "unicase", lambda one, other: (one.lower() > other.lower()) - (one.lower() < other.lower())
    )
    steps = 0

    def stop() -> bool:
        nonlocal steps
        steps += 1
        return steps > _MOST_STEPS

    base.set_progress_handler(stop, _STEPS)
    return base


def _read(base: sqlite3.Connection, path: Path) -> AnkiPackage:
    kinds = dict(
        base.execute("SELECT name, type FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchmany(500)
    )
    if any(kinds.get(name) != "table" for name in ("notes", "cards", "col")):
        raise _refused(path, "its collection is not one of Anki's", "Give a file that Anki exported.")
    newer = kinds.get("notetypes") == "table" and kinds.get("fields") == "table"
    try:
        types, decks = _newer_names(base) if newer else _older_names(base)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _refused(path, "the names of its fields cannot be read", "Export the deck again.") from error
    places: dict[int, int] = {}
    for note, deck in base.execute(f"SELECT nid, did FROM cards LIMIT {MOST_CARDS}"):
        places.setdefault(note, deck)
    found = AnkiPackage()
    rows = base.execute("SELECT id, mid, flds, tags FROM notes ORDER BY id")
    signs = 0
    for number, (note, kind, fields, tags) in enumerate(rows):
        text = _string(fields)
        signs += len(text)
        if number == MOST_NOTES or signs > MOST_SIGNS:
            found.skipped[f"what comes after {number} notes is too much for one file"] += 1
            break
        named = tuple(_string(tags).split()[:20])
        _add(found, text.split("\x1f"), types.get(kind), decks.get(places.get(note, 0), ""), named)
    return found


def _string(value: object) -> str:
    """A value of a collection in whole signs, whatever its type."""
    return whole_signs(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or ""))


def _add(
    found: AnkiPackage, fields: Sequence[str], kind: _NoteType | None, deck: str, tags: tuple[str, ...]
) -> None:
    """The cards of a note; or the reason why it has none."""
    if any(len(one) > LONGEST_FIELD for one in fields):
        found.skipped[f"a field longer than {LONGEST_FIELD} signs"] += 1
        return
    for one in fields:
        found.media.update(dict.fromkeys(media_in(one)))
    if any(_OCCLUSION in one for one in fields):
        found.skipped["a picture with covered parts"] += 1
        return
    gaps = next((one for one in fields if re.search(r"\{\{c\d+::", one, re.IGNORECASE)), None)
    if gaps is not None:
        pairs = [(asked, (key, whole)) for asked, key, whole in gap_questions(gaps)]
        label = "Fill in the gap: "
    else:
        front, back = _sides(fields, kind)
        pairs, label = [(front, (back, ""))], ""
    for front, backs in pairs:
        question = _words(front)
        answer = "\n\n".join(dict.fromkeys(filter(None, map(_words, backs)))) if _words(backs[0]) else ""
        if question and answer:
            found.cards.append(AnkiCard(deck, label + question, answer, tags))
            continue
        side, shown = ("answer", backs[0]) if question else ("question", front)
        pictured = next(media_in(shown), None) is not None
        found.skipped[f"the {side} is a picture or a sound" if pictured else f"no {side} in words"] += 1


def _words(side: str) -> str:
    """The words of a side; a picture alone counts as none."""
    text = field_text(side)
    words = text.words if text else ""
    return "" if not re.sub(r"\(picture(?::[^()]*)?\)", "", words).strip() else words


def _sides(fields: Sequence[str], kind: _NoteType | None) -> tuple[str, str]:
    """Front and back of a note's first card, as HTML."""

    def joined(places: Sequence[int]) -> str:
        shown = [fields[place] for place in places if place < len(fields) and fields[place].strip()]
        return "".join(f"<p>{one}</p>" for one in shown)

    front = joined(kind.front) if kind else ""
    back = joined(kind.back) if kind else ""
    if front and back:
        return front, back
    filled = [place for place, one in enumerate(fields) if one.strip()]
    return joined(filled[:1]), joined(filled[1:2])


def _note_type(names: Sequence[str], front: str, back: str) -> _NoteType:
    """What the templates of a note's first card show."""
    by_name = {name: place for place, name in enumerate(names)}

    def shown(template: str) -> list[int]:
        found = (match[1].strip().rpartition(":")[2].strip() for match in _FIELD.finditer(template[:50_000]))
        kept = (name for name in found if name.lower() not in _NO_FIELDS and name in by_name)
        return list(dict.fromkeys(by_name[name] for name in kept))

    asks = shown(front)
    answers = [place for place in shown(back) if place not in asks]
    plain = [place for place in answers if not _NO_ANSWER.search(names[place])]
    return _NoteType(tuple(names), tuple(asks), tuple(plain or answers))


def _older_names(base: sqlite3.Connection) -> tuple[dict[int, _NoteType], dict[int, str]]:
    """Note types and decks as JSON in one row."""
    models, decks = base.execute("SELECT models, decks FROM col LIMIT 1").fetchone()
    types = {}
    for model in json.loads(models or "{}").values():
        names = [str(one["name"]) for one in sorted(model["flds"], key=lambda one: int(one.get("ord") or 0))]
        first = min(model.get("tmpls") or [{}], key=lambda one: int(one.get("ord") or 0))
        types[int(model["id"])] = _note_type(names, str(first.get("qfmt", "")), str(first.get("afmt", "")))
    named = {int(deck["id"]): _string(deck["name"]) for deck in json.loads(decks or "{}").values()}
    return types, named


def _newer_names(base: sqlite3.Connection) -> tuple[dict[int, _NoteType], dict[int, str]]:
    """Note types and decks as tables, their templates as protocol buffers."""
    names: dict[int, list[str]] = {}
    for kind, name in base.execute("SELECT ntid, name FROM fields ORDER BY ntid, ord LIMIT 100000"):
        names.setdefault(kind, []).append(str(name))
    templates: dict[int, tuple[str, str]] = {}
    for kind, config in base.execute("SELECT ntid, config FROM templates ORDER BY ntid, ord LIMIT 100000"):
        # Any column may hold any type, and bytes(700_000_000) would be as many zeros.
        parts = dict(_strings(config if isinstance(config, bytes) else b""))
        templates.setdefault(kind, (parts.get(1, ""), parts.get(2, "")))
    types = {kind: _note_type(fields, *templates.get(kind, ("", ""))) for kind, fields in names.items()}
    decks = base.execute("SELECT id, name FROM decks LIMIT 100000")
    return types, {int(deck): _string(name).replace("\x1f", "::") for deck, name in decks}


def _strings(message: bytes) -> Iterator[tuple[int, str]]:
    """(field number, text) of the texts of a protocol buffer, up to the first thing that is none of its kind."""
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        if key & 7 == 0:
            _, at = _number(message, at)
        elif key & 7 == 2:
            length, at = _number(message, at)
            yield key >> 3, message[at : at + length].decode("utf-8", "replace")
            at += length
        elif key & 7 in (1, 5):
            at += 8 if key & 7 == 1 else 4
        else:
            return


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = shift = 0
    while at < len(message) and shift < 64:
        value |= (message[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if message[at - 1] < 0x80:
            break
    return value, at


def _refused(path: Path, reason: str, remedy: str) -> NotesError:
    return NotesError(f"{path.name} was not imported: {reason}", remedy)
