"""Decks of other programs -> Markdown decks in a library of the student's own."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutor.errors import NotesError
from tutor.libraries import LONGEST_NAME, Libraries, NotesLibrary, safe_name
from tutor.notes import list_files, read_files
from tutor.notes.anki_package import is_anki_package, read_anki_package
from tutor.notes.field_text import LONGEST_FIELD
from tutor.notes.note import Text
from tutor.notes.recognise import LARGEST_FILE_MB, text_of
from tutor.notes.table_deck import Row, table_rows
from tutor.notes.words import whole_signs
from tutor.quiz.deck import DeckCard, card_text, deck_text
from tutor.quiz.items import LETTERS, plain

CARDS_A_FILE = 400
MOST_CARDS = 20_000
LONGEST_CARD = 8_000  # signs; the time that Markdown takes to read grows faster than its length
_LARGEST_DECK_BYTES = 2_000_000
_MEDIA_SHOWN = 20
_TABLES = (".csv", ".tsv", ".txt")

Progress = Callable[[str, float, float], None]


@dataclass
class Imported:
    """What came of an import.

    Attributes:
        files: the names of the decks in the library.
        count: how many cards they hold.
        skipped: reason -> how many were skipped for it.
        media: names of pictures and sounds, which were not taken.
    """

    library: str = ""
    files: list[str] = field(default_factory=list)
    count: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    media: list[str] = field(default_factory=list)

    def to_contract(self) -> dict[str, Any]:
        """The JSON value that `tutor import --json` promises."""
        return {
            "library": self.library,
            "files": self.files,
            "count": self.count,
            "skipped": [{"reason": reason, "count": count} for reason, count in self.skipped.most_common()],
            "media": self.media[:_MEDIA_SHOWN],
            "media_count": len(self.media),
        }


def import_deck(
    path: Path, libraries: Libraries, name: str = "", on_progress: Progress | None = None
) -> Imported:
    """Turns a package of Anki or a table of cards into a Markdown deck in an own library.

    Args:
        path: the file; it is only read.
        name: the library, made where it is not there; empty for one that is called like the file.
        on_progress: told the stage, how many cards are done, and how many there are.

    Raises:
        NotesError: the file cannot be read as a deck, or holds no card that the library lacks.
    """
    done = Imported()
    cards = _cards_of(_file(path), done)
    name = name or _library_name(path)
    known = _own(libraries, name)
    texts = list(_new_texts(cards, _known_cards(known), done, on_progress))
    done.count = len(texts)
    if not texts:
        reasons = "; ".join(f"{count} × {reason}" for reason, count in done.skipped.most_common(4))
        told = f" ({reasons})" if reasons else ""
        raise NotesError(
            f"{path.name} holds no card that can be taken{told}",
            "A deck needs a column of questions and one of answers, or notes with words on both sides.",
        )
    library = known or libraries.create(name)
    try:
        for number, (title, text) in enumerate(_decks(_stem(path), texts), 1):
            done.files.append(_add(libraries, library, title if number > 1 else _stem(path), text))
    except BaseException:
        if known is None and not done.files:
            libraries.delete(library.slug)
        raise
    done.library = library.name
    return done


def _file(path: Path) -> Path:
    """The file itself. Raises NotesError where there is none."""
    try:
        real = path.expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise NotesError(f"{path} was not imported: it cannot be opened", "Check the path.") from error
    if not real.is_file():
        raise NotesError(f"{path} was not imported: it is no regular file", "Name the file of a deck.")
    return real


def _cards_of(path: Path, done: Imported) -> list[DeckCard]:
    if is_anki_package(path) or path.suffix.lower() in (".apkg", ".colpkg"):
        package = read_anki_package(path)
        done.skipped, done.media = package.skipped, list(package.media)
        return [
            DeckCard(card.question, card.answer, card.deck.rpartition("::")[2] or _stem(path))
            for card in package.cards
        ]
    if path.suffix.lower() not in _TABLES:
        remedy = "Give an .apkg of Anki, or a table as .csv, .tsv or .txt."
        raise NotesError(f"{path.name} was not imported: files of this kind are no decks", remedy)
    return list(_rows_of(path, done))


def _rows_of(path: Path, done: Imported) -> Iterator[DeckCard]:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE_MB * 1_000_000 + 1)
    except OSError as error:
        raise NotesError(
            f"{path} was not imported: {error.strerror or error}", "Check its permissions."
        ) from error
    if len(data) > LARGEST_FILE_MB * 1_000_000:
        raise NotesError(f"{path.name} was not imported: it is larger than {LARGEST_FILE_MB} MB", "Split it.")
    for row in table_rows(text_of(data, path.name), path.suffix):
        if row.too_long:
            done.skipped[f"a field longer than {LONGEST_FIELD} signs"] += 1
        elif not row.question or not row.answer:
            done.skipped["no question in words" if not row.question else "no answer in words"] += 1
        else:
            yield DeckCard(
                _asked(row, row.question),
                row.answer.words,
                row.heading or _stem(path),
                _words(row.background),
            )


def _asked(row: Row, question: Text) -> str:
    options = [
        f"{letter}. {' '.join(text.words.split())}"
        for letter, text in zip(LETTERS, row.options, strict=False)
    ]
    return "\n\n".join([question.words, "\n".join(options)]) if options else question.words


def _words(text: Text | None) -> str:
    return text.words if text else ""


def _new_texts(
    cards: list[DeckCard], known: set[tuple[str, str]], done: Imported, on_progress: Progress | None
) -> Iterator[str]:
    """The cards as Markdown, none twice, those of one heading together."""
    places = {heading: n for n, heading in enumerate(dict.fromkeys(card.heading for card in cards))}
    seen: set[tuple[str, str]] = set()
    for number, card in enumerate(sorted(cards, key=lambda card: places[card.heading])):
        if on_progress and number % 50 == 0:
            on_progress("Reading cards", number, len(cards))
        key = _key(card.question, card.answer)
        if len(card.question) + len(card.answer) > LONGEST_CARD:
            done.skipped[f"a card longer than {LONGEST_CARD} signs"] += 1
        elif key in known:
            done.skipped["the library has it already"] += 1
        elif key in seen:
            done.skipped["twice in the file"] += 1
        elif len(seen) >= MOST_CARDS:
            done.skipped[f"more than {MOST_CARDS} cards in one file"] += 1
        elif text := card_text(card):
            seen.add(key)
            yield text
        else:
            done.skipped["its words cannot be written as a card"] += 1


def _key(question: str, answer: str) -> tuple[str, str]:
    # Signs count where there are few words: formulas differ in them alone.
    def words(text: str) -> str:
        return plain(text) if len(text) > 200 else " ".join(text.lower().split())

    return words(question), words(answer)


def _known_cards(library: NotesLibrary | None) -> set[tuple[str, str]]:
    """Question and answer of all cards that the uploaded files of a library hold."""
    if library is None or not library.folders[0].is_dir():
        return set()
    files = list_files(library.folders[:1])
    notes = read_files(files).notes if files else ()
    return {_key(card.question.words, card.answer.words) for note in notes for card in note.cards}


def _own(libraries: Libraries, name: str) -> NotesLibrary | None:
    wanted = " ".join(name.split()).casefold()
    own = (library for library in libraries.all() if library.own)
    return next((library for library in own if library.name.casefold() == wanted), None)


def _stem(path: Path) -> str:
    """The name of a file without its ending; bytes in it that are no text stand as one sign each."""
    return whole_signs(path.stem)


def _library_name(path: Path) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in path.stem.replace("_", " "))
    return " ".join(shown.split())[:LONGEST_NAME].strip() or "Imported cards"


def _decks(title: str, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(title, deck) of files that are read well within their deadline."""
    held: list[str] = []
    size, number = 0, 1
    for text in texts:
        bytes_more = len(text.encode())
        if held and (len(held) == CARDS_A_FILE or size + bytes_more > _LARGEST_DECK_BYTES):
            yield f"{title} {number}", deck_text(title, held)
            held, size, number = [], 0, number + 1
        held.append(text)
        size += bytes_more
    yield f"{title} {number}", deck_text(title, held)


def _add(libraries: Libraries, library: NotesLibrary, title: str, text: str) -> str:
    with tempfile.TemporaryDirectory(prefix="tutor-import-") as folder:
        draft = Path(folder) / "deck.md"
        draft.write_text(text, encoding="utf-8", newline="\n")
        name, _ = libraries.add_file(library.slug, draft, safe_name(f"{title.replace('.', ' ')}.md"))
    return name
