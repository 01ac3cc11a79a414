"""What an export takes out of a library: items with all that a card shows of them, and a file that replaces none."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

from tutor.errors import NotesError, QuizError
from tutor.libraries import safe_name
from tutor.notes.note import Card, Note
from tutor.quiz.authored import authored_item
from tutor.quiz.bank import Bank
from tutor.quiz.blueprint import NOTHING_KNOWN, drawn_kinds, is_sound, made, on_topic
from tutor.quiz.cuts import reveals
from tutor.quiz.facts import Fact
from tutor.quiz.items import KINDS, LETTERS, Item, Kind
from tutor.study_note import save_new
from tutor.words import lines_told

Format = Literal["anki", "gift", "csv", "markdown"]
FORMATS: tuple[Format, ...] = get_args(Format)
ENDINGS: dict[Format, str] = {"anki": ".apkg", "gift": ".gift.txt", "csv": ".csv", "markdown": ".md"}
NEXT_STEP: dict[Format, str] = {
    "anki": "In Anki: File > Import. A later export updates the same cards and keeps their schedule.",
    "gift": "In Moodle: Question bank > Import > GIFT format.",
    "csv": "",
    "markdown": "",
}
"""What is done with a file next, in the program that it is for."""

# The kinds whose answers a program can mark.
MARKED: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind not in ("short", "explain"))
_ON_TOPIC = 100
_TURNS = 10  # questions among which the kinds take turns
_TELLING = 0.5  # the share of the answer's words from which on a text tells of it


@dataclass(frozen=True)
class Exported:
    """An item as it leaves the program.

    Attributes:
        answer: the whole answer in the note's words, code and formulas with it.
        background: what the note says before the question; or what it says around the answer.
        telling: whether the background tells of the answer, so that it must not be read before it.
        place: the note and lines that the answer comes from, "gans/gan.md, lines 3 to 4".
        tags: those of the note, without spaces.
    """

    item: Item
    answer: str
    background: str = ""
    place: str = ""
    tags: tuple[str, ...] = ()
    telling: bool = False

    @property
    def options(self) -> list[str]:
        """The options with their letters, each on a line."""
        return [
            f"{letter}. {' '.join(option.text.split())}"
            for letter, option in zip(LETTERS, self.item.options, strict=False)
        ]

    @property
    def front(self) -> str:
        """What is asked, in words: the stem with what there is to match and to choose from."""
        left = [f"{number}. {words}" for number, words in enumerate(self.item.left, 1)]
        return "\n\n".join(["\n".join(lines) for lines in ([self.item.stem], left, self.options) if lines])


def to_export(
    bank: Bank, topic: str, rng: random.Random, kinds: Sequence[Kind] = (), *, marked: bool = False
) -> list[Exported]:
    """The items of a library on a topic, in the order of its notes; all of them for an empty topic.

    Args:
        rng: draws and shuffles options.
        kinds: each fact is asked in all these ways, as far as a sound item of the kind can be made; without kinds, the
            authors' own questions are taken as they are.
        marked: for a program that marks answers by itself. A question that takes a sentence for its answer is then
            asked in another way, as far as there is a sound one; without kinds only.

    Raises:
        QuizError: the notes hold none.
    """
    wanted = {fact.id for fact in on_topic(bank, topic, _ON_TOPIC)}
    notes = {note.path: note for note in bank.retriever.index.notes}
    facts = [fact for fact in bank.facts if fact.id in wanted]
    if marked and not kinds:
        pairs = list(_marked(facts, bank, rng))
    else:
        pairs = [(fact, item) for fact in facts for item in _items(fact, bank, rng, kinds)]
    found = [exported(item, fact, notes.get(fact.note)) for fact, item in pairs]
    if not found:
        on = f" on “{topic}”" if topic.strip() else ""
        of = f" of the kinds {', '.join(kinds)}" if kinds else ""
        raise QuizError(
            f"The notes hold no cards{of}{on}", "Name a topic of your notes, or none for all cards."
        )
    return found


def _items(fact: Fact, bank: Bank, rng: random.Random, kinds: Sequence[Kind]) -> Iterator[Item]:
    if not kinds:
        own = authored_item(fact, rng)
        yield from () if own is None else (own,)
    for kind in kinds:
        sound = (item for item in made(kind, fact, bank, rng) if is_sound(item, bank, ()))
        yield from islice(sound, 1)


def _marked(facts: Sequence[Fact], bank: Bank, rng: random.Random) -> Iterator[tuple[Fact, Item]]:
    """The author's question to each fact, or another whose answer can be marked; the kinds take turns."""
    found: list[Item] = []
    for fact in facts:
        own = authored_item(fact, rng)
        if own is None:
            continue
        ways = [] if own.options else drawn_kinds(MARKED, found[-_TURNS:], _TURNS, fact, rng, NOTHING_KNOWN)
        made_so = (item for kind in ways for item in made(kind, fact, bank, rng) if is_sound(item, bank, ()))
        item = next(made_so, own)
        found.append(item)
        yield fact, item


def exported(item: Item, fact: Fact, note: Note | None) -> Exported:
    """An item with the whole answer of its card, where it asks for that."""
    entry = fact.entry
    answer, background = item.key_text, item.explanation
    if item.kind in ("short", "explain") and entry is not None:
        answer = entry.answer.words.strip()
        background = entry.background.words if isinstance(entry, Card) and entry.background else ""
    background = "" if background.strip() in answer else background.strip()
    lines = lines_told(item.citation.lines, " to ")
    tags = (
        tuple(dict.fromkeys(re.sub(r"\s+", "-", tag.strip()) for tag in note.tags if tag.strip()))
        if note
        else ()
    )
    own = item.kind in ("short", "explain") and entry is not None
    telling = not own or reveals(item, background, share=_TELLING)
    return Exported(item, answer, background, f"{item.note}, {lines}", tags, telling)


@dataclass(frozen=True)
class CardsFile:
    """The cards of a library as a file of another program.

    Attributes:
        count: how many cards it holds.
    """

    name: str
    data: bytes
    count: int


def cards_file(
    bank: Bank,
    format: Format,
    topic: str,
    library: str,
    timestamp_s: float,
    *,
    seed: int,
    kinds: Sequence[Kind] = (),
) -> CardsFile:
    """The cards on a topic as a file; as `to_export` and `render`.

    Args:
        library: its name, which the collection of cards bears.
        seed: of what is drawn and shuffled.

    Raises:
        QuizError: the notes hold none.
    """
    found = to_export(bank, topic, random.Random(seed), kinds, marked=format == "gift")
    data, count = render(format, found, f"{library}: {topic}" if topic else library, timestamp_s)
    return CardsFile(file_name(topic, format), data, count)


def file_name(topic: str, format: Format) -> str:
    """What an export is called where nothing else is asked for."""
    name = "-".join(re.findall(r"\w+", topic.lower()))[:40].strip("-")
    return safe_name(f"tutor-{name or 'cards'}{ENDINGS[format]}")


def write_new(data: bytes, out: Path | None, name: str, notes: Iterable[Path]) -> Path:
    """Writes an export into a file that is not there yet.

    Args:
        out: the file, or a folder for it; None for the current folder.
        name: what it is called in a folder.
        notes: folders of notes, into which nothing is written.

    Returns:
        The file written, with a number where the name was taken.

    Raises:
        NotesError: the folder is one of notes, or not there; or it cannot be written.
    """
    wanted = Path.cwd() / name if out is None else out / name if out.is_dir() else out
    folder = wanted.parent.resolve()
    for kept in notes:
        if folder.is_relative_to(kept.resolve()):
            what = f"Nothing was exported: {folder} holds notes that the tutor reads"
            raise NotesError(what, "Give another place with --out FILE.")
    try:
        return save_new(data, folder / wanted.name)
    except OSError as error:
        what = f"The export cannot be written to {folder} ({error.strerror or error})"
        raise NotesError(what, "Check that the folder exists, its permissions and the free space.") from error


def render(format: Format, found: Sequence[Exported], title: str, timestamp_s: float) -> tuple[bytes, int]:
    """The bytes of an export, and how many items they hold.

    Args:
        title: what the collection of cards is called.
        timestamp_s: the time of the export, s since 1970; by it Anki tells a later edition from an earlier one.
    """
    if format == "anki":
        from tutor.quiz.anki import anki_package

        return anki_package(found, title, timestamp_s), len(found)
    if format == "gift":
        from tutor.quiz.gift import gift

        return gift(found, title).encode(), len(found)
    if format == "csv":
        from tutor.quiz.table import table

        return table(found).encode("utf-8-sig"), len(found)
    from tutor.quiz.deck import deck_of

    text, count = deck_of(found, title)
    return text.encode(), count
