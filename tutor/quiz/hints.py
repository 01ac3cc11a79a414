"""Hints to an open question in three levels: where to look, part of the way, the note's own sentence with a gap."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence

from tutor.notes.note import Note
from tutor.quiz.facts import facts_of
from tutor.quiz.items import LETTERS, Item
from tutor.words import content_words, split_sentences

LAST_HINT = 3
Pointer = Callable[[Item], str]

_QUOTED = re.compile(r"[\"“'‘]")
_MOST_POINTER = 240
_MOST_LETTERS = 6
_OPTION_LETTER = re.compile(r"^\s*[(\[]?[A-Ja-j][)\].:：]\s+")
_WORD = re.compile(r"\w+")
_FORMULA = re.compile(r"\$[^$]*\$")
_GENERIC = re.compile(
    r"(?:students ask|quiz(?:zes)?|questions?(?: and answers)?|q ?& ?a|faq|exercises?"
    r"|(?:common )?misconceptions|key facts|summary|notes?|cards?|flashcards?|glossary|everyday questions)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-−]?\d[\d.,]*")


def hint(item: Item, level: int, pointer: str = "") -> str:
    """The hint of a level, 1 to LAST_HINT, on an item whose options are in the order in which they are shown.

    Args:
        pointer: a sentence of the notes that leads there and gives nothing away (`pointer_to`).
    """
    if level <= 1:
        return _place(item, pointer)
    if level == 2:
        return _part(item) or _gapped(item)
    return _gapped(item)


def _place(item: Item, pointer: str) -> str:
    """Where to look, by the names that say something and are not the answer."""
    heading = item.heading[-1] if item.heading else ""
    named = [name for name in (heading, item.citation.title) if name and not _GENERIC.fullmatch(name)]
    told = [f"“{name}”" for name in dict.fromkeys(named) if not reveals(item, name, share=0.5)]
    words = len(_answer(item).split())
    where = (
        f"Think of {' in '.join(told)}."
        if told
        else f"The answer has {words} word{'s' if words > 1 else ''}."
    )
    return where + (f" It says there: “{pointer}”" if pointer else "")


def _part(item: Item) -> str:
    """Options taken away, one pair or place told, or first letters; empty where none of these leaves a question."""
    if item.kind == "match":
        right = item.key.split(",")[0]
        return f"1 goes with {_letter(item, right)}."
    if item.kind == "order":
        return f"{_letter(item, item.key.split(',')[0])} comes first."
    if item.is_choice:
        return _fewer(item)
    number = _NUMBER.fullmatch(item.key.strip().split(" ")[0]) if item.kind == "number" else None
    if number:
        digits = len(re.sub(r"\D.*", "", number[0].replace(",", "").lstrip("-−")))
        return f"Before the decimal point it has {digits} digit{'s' if digits > 1 else ''}."
    letters = " ".join(f"{word[0]}…" for word in dict.fromkeys(hidden_words(item)[:_MOST_LETTERS]))
    return f"The words that matter begin: {letters}" if letters else ""


def _letter(item: Item, option_id: str) -> str:
    return LETTERS[[option.id for option in item.options].index(option_id)]


def _fewer(item: Item) -> str:
    """Up to two wrong options, drawn by the item's id and not by place; two options always stay."""
    wrong = [option for option in item.options if option.id != item.key]
    wrong.sort(key=lambda option: hashlib.sha256(f"{item.id} {option.id}".encode()).digest())
    gone = sorted(_letter(item, option.id) for option in wrong[: max(0, min(2, len(item.options) - 2))])
    return f"It is not {' or '.join(gone)}." if gone else ""


def hidden_words(item: Item) -> list[str]:
    """The words of the answer that the question does not hold, as they are written."""
    told = set(content_words(item.stem))
    words = _WORD.findall(_FORMULA.sub(" ", _answer(item)))
    return [word for word in words if not told.issuperset(content_words(word))]


def _answer(item: Item) -> str:
    """The answer in words, without letters of options."""
    keys = item.key.split(",") if item.options else []
    texts = {option.id: option.text for option in item.options}
    return " ".join(texts[key] for key in keys if key in texts) if item.options else item.key


def _gapped(item: Item) -> str:
    quote = _OPTION_LETTER.sub("", item.citation.quote)
    if item.kind != "true-false":
        quote = _FORMULA.sub(lambda found: "[a formula]" if found[0] in item.key else found[0], quote)
    if item.kind in ("match", "order"):
        keys = item.key.split(",")
        told = [_letter(item, key) for key in keys[:2]]
        return (
            f"{told[0]} and then {told[1]} come first."
            if item.kind == "order"
            else f"1 goes with {told[0]} and 2 with {told[1]}."
        )
    if item.kind == "true-false":
        return f"Hold it against this sentence of the note, word by word: “{_start(quote)}”"
    hidden = set(hidden_words(item))
    stems = {stem for word in hidden for stem in content_words(word)}

    def gap(found: re.Match[str]) -> str:
        word = found[0]
        known = word in hidden or stems.intersection(content_words(word))
        return word[0] + "_" * max(1, len(word) - 1) if known else word

    gapped = _WORD.sub(gap, quote)
    return f"Fill in the gaps of the note's sentence: {gapped}"


def _start(text: str) -> str:
    """The first words of a sentence: enough to find it, too few to decide by."""
    words = text.split()
    return " ".join(words[: max(3, len(words) // 2)]) + " …"


def reveals(item: Item, text: str, share: float = 0.8) -> bool:
    """Whether a text holds nearly all words of the answer that the question does not hold."""
    wanted = {stem for word in hidden_words(item) for stem in content_words(word)}
    return bool(wanted) and len(wanted & set(content_words(text))) >= share * len(wanted)


def pointer_to(item: Item, notes: Iterable[Note]) -> str:
    """A sentence of the item's own note that leads to the answer and does not hold it; empty where there is none.

    The background of the item's own card comes first, then what else the note says under the same heading: other
    facts, then prose.
    """
    note = next((note for note in notes if note.path == item.note), None)
    if note is None:
        return ""
    forbidden = {stem for word in hidden_words(item) for stem in content_words(word)}
    generic = not item.heading or bool(_GENERIC.fullmatch(item.heading[-1]))
    stem = set(content_words(item.stem))
    about = stem | (set() if generic else set(content_words(item.heading[-1])))
    for text in _texts(item, note):
        for begin, end in split_sentences(text):
            sentence = " ".join(text[begin:end].split())
            said = set(content_words(sentence))
            apart = (
                len(sentence) <= _MOST_POINTER
                and sentence not in item.citation.quote
                and "~~" not in sentence
            )
            told = apart and len(said) >= 3 and not said & forbidden and not _QUOTED.match(sentence)
            # Under a heading such as "Quiz" one word in common says little.
            if told and len(said & about) >= (2 if generic else 1):
                return sentence
    return ""


def _texts(item: Item, note: Note) -> Sequence[str]:
    cards = [card for card in note.cards if card.heading == item.heading]
    own = [card for card in cards if " ".join(card.question.words.split()) == item.stem]
    found = [card.background.words for card in (*own, *cards) if card.background is not None]
    found += [fact.key for fact in facts_of(note) if fact.heading == item.heading and fact.id != item.fact_id]
    kinds = ("prose", "list")
    return [*found, *(b.text.words for b in note.blocks if b.heading == item.heading and b.kind in kinds)]
