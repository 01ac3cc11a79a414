"""Hints to an open question in three levels: what is asked for and what stands around it, the note's sentence with
gaps, most of the answer.

Each level tells more than the one before, and none tells the answer: a sentence of the note is shown with gaps for
words of meaning that the question does not hold itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tutor.chinese import CJK
from tutor.quiz.asked_for import asked_for
from tutor.quiz.cuts import (
    ASKS_NAME,
    FORMULA,
    Cut,
    answer_of,
    cut_of,
    figure,
    hidden_words,
    name_in,
    pieces,
    reveals,
    size_told,
    split,
)
from tutor.quiz.frames import framed, listed, quoted
from tutor.quiz.items import Item, plain
from tutor.quiz.option_hints import on_options, on_pairs
from tutor.quiz.wording import BEGINNERS, GAP
from tutor.words import split_sentences

LAST_HINT = 3

_GENERIC = re.compile(
    r"(?:students ask|quiz(?:zes)?|questions?(?: and answers)?|q ?& ?a|faq|exercises?"
    r"|(?:common )?misconceptions|key facts|summary|notes?|cards?|flashcards?|everyday (?:questions|words))",
    re.IGNORECASE,
)
_DECK = re.compile(r"^(?:flashcards|study guide|cards|deck)\b\W*", re.IGNORECASE)
_ACRONYM = re.compile(r"\b[A-Z]{2,6}(?=s?\b)")
_FIGURE = re.compile(r"[-−]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)")
_TOLD = 0.5
_AROUND = 0.34  # the share of the answer's words from which on a sentence beside it tells too much
_AROUND_WORDS = range(5, 41)
_SAID_IN_MANY_WAYS = ("number", "term", "cloze", "true-false", "match", "order")
_MOST_GAPS = 4  # in the second hint, as far as half of the words may be told
_NEARLY = 2 / 3  # the share of the left out words that the last hint tells
_WRONG = re.compile(r"misconception|mistake|myth|误解|误区", re.IGNORECASE)


def hint(item: Item, level: int, around: str = "") -> str:
    """The hint of a level, 1 to LAST_HINT, on an item whose options are in the order in which they are shown.

    Args:
        around: a sentence of the notes on what the item is about; told at the first level where it tells no answer. For
            a name that is asked for, a sentence on that, the name left out; told at the second level.
    """
    if level <= 1:
        told = (asked_for(item), _beside(item, around), _place(item))
        return " ".join(one for one in told if one)
    if item.kind in ("match", "order"):
        return on_pairs(item, level - 1)
    if around and level == 2 and item.kind in ASKS_NAME:
        return framed(item, "The notes say of it too: “{quote}”", quote=around)
    return on_options(item, level, LAST_HINT) if item.is_choice else _on_words(item, level)


# -- what stands around it, and where to look --------------------------------------------------------------------------


def _beside(item: Item, around: str) -> str:
    """A sentence of the notes on what is asked about that is not the answer; empty where there is none.

    None where the words that the answer shares with a sentence do not show whether that tells it: an answer of a name
    or a number is said in many ways, and one of a formula has no words.
    """
    if item.kind in _SAID_IN_MANY_WAYS or _is_situation(item) or not hidden_words(item):
        return ""
    passage = item.citation.passage
    others = [" ".join(passage[slice(*span)].split()) for span in split_sentences(passage)]
    said = plain(f"{item.stem} {item.citation.quote} {answer_of(item)}")
    # What a note quotes or asks it does not say itself, least of all where it tells what people get wrong.
    doubtful = any(_WRONG.search(name) for name in item.heading)
    own = (
        ()
        if doubtful
        else (text for text in others if text[:1] not in "\"“‘'" and not text.endswith(("?", "？")))
    )
    for text in (around, *own):
        new = len(split(text)) in _AROUND_WORDS and plain(text) not in said and "~~" not in text
        if new and not reveals(item, text, share=_AROUND):
            return framed(item, "Around it the notes say: “{quote}”", quote=text)
    return ""


def _place(item: Item) -> str:
    """Where to look, by the names that say something and are not the answer."""
    if _is_situation(item):  # the key alone may name what the note is on
        return framed(item, "Say first, in the notes' words, what the beginner asks about.")
    title = _DECK.sub("", item.citation.title)
    headings = [one for one in reversed(item.heading) if one and not _GENERIC.fullmatch(one) and one != title]
    part = next((one for one in headings if not _tells(item, one)), "")
    note = title if title and not _tells(item, title) else _folder(item)
    if note and part:
        return framed(item, "Look in your note “{note}” at “{part}”.", note=note, part=part)
    if part:
        return framed(item, "Look in your notes at “{part}”.", part=part)
    return framed(item, "Look in your note “{note}”.", note=note) if note else size_told(item)


def _folder(item: Item) -> str:
    """The folder of the note in words, where that is not the answer."""
    folder = item.note.rpartition("/")[0].rpartition("/")[2].replace("-", " ").replace("_", " ")
    return "" if not folder or _tells(item, folder) else folder


def _is_situation(item: Item) -> bool:
    return item.stem.startswith(BEGINNERS)


def _tells(item: Item, name: str) -> bool:
    """Whether the name of a place tells the answer, also in figures, in letters or by another of its names."""
    if reveals(item, name, share=_TOLD) or any(one in name for one in FORMULA.findall(answer_of(item))):
        return True
    if item.kind == "number":
        return item.key in {figure(word) for word, _, _ in pieces(name)}
    if item.kind not in ASKS_NAME:
        return False
    answers = (answer_of(item), *item.accepts)
    if any(_is_short_for(text, name) or _is_short_for(name, text) for text in answers):
        return True
    return any(reveals(replace(item, key=text, options=()), name, share=_TOLD) for text in item.accepts)


def _is_short_for(short: str, text: str) -> bool:
    """Whether a text holds in a row the words for which an acronym stands that another holds, each by its first letter:
    "VAE" for "variational autoencoder"."""
    for acronym in _ACRONYM.findall(short):
        run = r"\w*?[\s-]*".join(acronym)
        if any(len(found[0].split()) > 1 for found in re.finditer(rf"\b{run}", text, re.IGNORECASE)):
            return True
    return False


# -- typed words ---------------------------------------------------------------------------------------------------


def _on_words(item: Item, level: int) -> str:
    if item.kind == "number":
        return _on_number(item, level)
    cut = cut_of(item)
    name = name_in(item)
    if name:
        return _on_name(item, level, cut, name)
    if cut is None:
        begun = _opening(item.key, (level - 1) / 4)
        return framed(item, "The answer begins: “{begun} …”", begun=begun) if begun else size_told(item)
    first, last = _told(item, cut)
    if level == LAST_HINT and (cut.formula or cut.shown(last) == cut.shown(first)):
        return f"{quoted(item, cut.shown(first))} {_begun(item, cut)}"
    return quoted(item, cut.shown(first if level == 2 else last))


def _opening(key: str, share: float) -> str:
    """The first words of a key, that share of them; empty where it has no words."""
    if CJK.search(key):
        found = pieces(key)
        return key[: found[max(1, int(share * len(found))) - 1].end] if found else ""
    words = key.split()
    return " ".join(words[: max(1, int(share * len(words)))])


def _told(item: Item, cut: Cut) -> tuple[int, int]:
    """How many of the left out words the second and the last hint tell: neither nearly all of the answer."""
    n = len(cut.hidden)
    most = max(1, int(_NEARLY * n))
    while most > 1 and reveals(item, cut.shown(most)):
        most -= 1
    first = n // 4
    while first < min(n // 2, most - 1) and cut.shown(first).count(GAP) > _MOST_GAPS:
        first += 1
    return min(first, most - 1), most


def _on_name(item: Item, level: int, cut: Cut | None, words: Sequence[str]) -> str:
    if level == 2 and cut is not None and cut.tells:
        return quoted(item, cut.shown(0))
    sizes = [framed(item, "1 letter" if len(word) == 1 else "{n} letters", n=len(word)) for word in words]
    many = listed(item, "{one} and {other}", sizes)
    # The first letter of a word of one letter is the word.
    begins = [f"“{word[0]}”" for word in words if len(word) > 1]
    if level == 2 or not begins:
        frame = "It is one word of {many}." if len(words) == 1 else "It is two words of {many}."
        return framed(item, frame, many=many)
    told = listed(item, "{one} and {other}", begins)
    return framed(item, "It begins with {begins}, of {many}.", begins=told, many=many)


def _begun(item: Item, cut: Cut) -> str:
    """How what stands in the first gap begins, or the first formula."""
    word = cut.formula or cut.first
    if cut.formula:
        left = word.strip("$").partition("=")[0].strip() if "=" in word else ""
        begun = "The formula begins with ${left} =$." if left else "The first gap is a formula."
        return framed(item, begun, left=left)
    if len(word) == 1:
        return size_told(item)
    return framed(item, "The gap begins with “{sign}” and has {n} letters.", sign=word[0], n=len(word))


def _on_number(item: Item, level: int) -> str:
    cut = cut_of(item)
    if level == 2 and cut is not None and cut.tells:
        return quoted(item, cut.shown(0))
    found = _FIGURE.search(item.key)
    if found is None:
        return size_told(item)
    number = found[0].replace(",", "").replace("−", "-")
    whole = number.lstrip("-").partition(".")[0] or "0"
    one = "Before the decimal point it has 1 digit."
    many = "Before the decimal point it has {n} digits."
    digits = framed(item, one if len(whole) == 1 else many, n=len(whole))
    if level == 2:
        return digits
    if len(whole) < 2:
        return f"{digits} {framed(item, 'It is {bounds}.', bounds=framed(item, _bounds(float(number))))}"
    return f"{digits} {framed(item, 'The first is {sign}.', sign=whole[0])}"


def _bounds(value: float) -> str:
    """Between which round numbers a small number lies."""
    return "below 1" if value < 1 else "1 to 5" if value <= 5 else "above 5"
