"""Items as a package of Anki. The only owner of genanki.

Note types, decks and notes keep their ids from export to export, so that Anki changes the cards that it has, with their
schedule, and adds none twice.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.quiz.export import Exported
from tutor.quiz.field_html import as_html
from tutor.quiz.items import Item

if TYPE_CHECKING:
    from genanki import Model, Note

# Drawn once and never changed: by them Anki knows the note types again.
CARD_MODEL_ID, GAP_MODEL_ID = 1_762_483_915, 1_762_483_916
DECK = "Tutor"
CARD_FIELDS = ("Question", "Options", "Answer", "Background", "Source")
GAP_FIELDS = ("Text", "Background", "Source")

_GAP = re.compile(r"_{3,}")
_FORMULA = re.compile(r"\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL)
_CSS = """.card { font-family: sans-serif; font-size: 20px; text-align: left; max-width: 42em; margin: 0 auto; }
pre { font-size: 15px; overflow-x: auto; } .options { margin-top: .8em; }
.background, .source { margin-top: 1em; font-size: 15px; opacity: .75; } .cloze { font-weight: bold; }"""
_BEHIND = (
    "{{#Background}}<div class=background>{{Background}}</div>{{/Background}}"
    "{{#Source}}<div class=source>{{Source}}</div>{{/Source}}"
)


def anki_package(found: Sequence[Exported], title: str, timestamp_s: float) -> bytes:
    """A package with a subdeck for each concept.

    Args:
        title: described as where the cards come from.
        timestamp_s: the time of this edition, s since 1970; of two editions Anki keeps the later one.
    """
    import genanki

    models = _models()
    decks: dict[str, genanki.Deck] = {}
    for one, guid in zip(found, note_ids(one.item for one in found), strict=True):
        concept = " ".join(one.item.concept.replace("::", ":").split()) or "Cards"
        name = f"{DECK}::{concept}"
        # Anki names no two decks alike that differ in capitals alone.
        key = name.casefold()
        if key not in decks:
            decks[key] = genanki.Deck(deck_id(key), name, as_html(f"From {title}."))
        decks[key].add_note(_note(one, guid, models))
    with tempfile.TemporaryDirectory(prefix="tutor-anki-") as folder:
        path = Path(folder) / "cards.apkg"
        genanki.Package(list(decks.values())).write_to_file(path, timestamp=timestamp_s)
        return path.read_bytes()


def deck_id(name: str) -> int:
    """The lasting id of a deck."""
    return (1 << 30) + int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % (1 << 30)


def note_ids(items: Iterable[Item]) -> list[str]:
    """The lasting ids of items: that of the fact and of how it is asked, whatever the words.

    Where a fact is asked in one way several times, their order tells them apart.
    """
    before: Counter[str] = Counter()
    found = []
    for item in items:
        asked = f"{item.fact_id or item.id}:{item.kind}"
        number = f":{before[asked]}" if before[asked] else ""
        found.append(hashlib.sha256(f"tutor:{asked}{number}".encode()).hexdigest()[:20])
        before[asked] += 1
    return found


def _models() -> tuple[Model, Model]:
    import genanki

    options = "{{#Options}}<div class=options>{{Options}}</div>{{/Options}}"
    card = genanki.Model(
        CARD_MODEL_ID,
        "Tutor card",
        fields=[{"name": name} for name in CARD_FIELDS],
        templates=[
            {
                "name": "Card",
                "qfmt": "{{Question}}" + options,
                "afmt": "{{FrontSide}}<hr id=answer>{{Answer}}" + _BEHIND,
            }
        ],
        css=_CSS,
    )
    gap = genanki.Model(
        GAP_MODEL_ID,
        "Tutor gap",
        fields=[{"name": name} for name in GAP_FIELDS],
        templates=[{"name": "Gap", "qfmt": "{{cloze:Text}}", "afmt": "{{cloze:Text}}" + _BEHIND}],
        css=_CSS,
        model_type=genanki.Model.CLOZE,
    )
    return card, gap


def _note(one: Exported, guid: str, models: tuple[Model, Model]) -> Note:
    import genanki

    card, gap = models
    background, source = as_html(one.background), as_html(one.place)
    tags = [tag for tag in one.tags if not re.search(r"\s|\x1f", tag)]
    text = gap_text(one.item)
    if text:
        return genanki.Note(gap, [text, background, source], tags=tags, guid=guid)
    left = [f"{number}. {words}" for number, words in enumerate(one.item.left, 1)]
    options = "<br>".join(as_html(line) for line in (*left, *([""] if left else []), *one.options))
    fields = [as_html(one.item.stem), options, as_html(one.answer), background, source]
    return genanki.Note(card, fields, tags=tags, guid=guid)


def gap_text(item: Item) -> str:
    """The stem of an item with a gap to be typed, as Anki writes gaps; empty where it has none."""
    # Among options a gap has one answer; without them others may fit it too.
    if item.kind != "cloze" or item.options or not _GAP.search(item.stem):
        return ""
    # Within a gap two colons would begin a hint, two braces would end it.
    filled = _parted(as_html(item.key)).replace("::", ":<!-- -->:")
    filled += "<!-- -->" if filled.endswith("}") else ""
    return _GAP.sub(lambda _: f"{{{{c1::{filled}}}}}", _parted(as_html(item.stem)))


def _parted(field: str) -> str:
    """A field without two braces side by side: in formulas a space parts them, elsewhere a comment."""

    def apart(words: str, between: str) -> str:
        return re.sub(r"([{}])(?=\1)", rf"\1{between}", words)

    parts: list[str] = []
    at = 0
    for found in _FORMULA.finditer(field):
        parts += [apart(field[at : found.start()], "<!-- -->"), apart(found[0], " ")]
        at = found.end()
    return "".join([*parts, apart(field[at:], "<!-- -->")])
