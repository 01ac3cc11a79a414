"""Keys that list several things: what the list holds, and which of it an answer names none of."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from tutor.claims import clauses_of, told_by
from tutor.lexicon import GENERIC, likeness
from tutor.words import split_sentences

_MARK = re.compile(r"(?m)^\s*(?:[-*•]|\d{1,3}[.)])\s+")
_PART = r"[^,;:.()$\n]{1,70}?"
_RUN = re.compile(
    rf"(?P<first>{_PART})(?P<more>(?:,\s+(?!and\b|or\b){_PART})+),?\s+and\s+(?P<last>[^,;:.()$\n]{{1,70}})"
)
# Two things are a list only where the question wants two.
_PAIR = re.compile(rf"(?P<first>{_PART})(?P<more>)\s+and\s+(?P<last>[^,;:.()$\n]{{1,70}})")
_WANTS_TWO = re.compile(r"\b(?:two|both)\b", re.IGNORECASE)
_WANTS_SEVERAL = re.compile(
    r"\bwhat (?:else )?are\b|"
    r"\b(?:what|which) (?:(?!is|has|does|was)[\w-]+ ){0,2}?(?!(?:is|has|does|was|this)\b)[\w-]*[^\Ws]s\b"
    r"(?! (?:is|has|does|was)\b)|"
    r"\b(?:two|three|four|five|six|several|all) (?:[\w-]+ ){0,2}?[\w-]+s\b|^(?:name|list)\b|"
    r"\b(?:consists? of|made (?:up )?of|composed of)\b",
    re.IGNORECASE,
)
_NO_THING = re.compile(
    r"^(?:which|who|that|while|because|since|so|with|without|as|at|in|on|by|for|if|not|or|but|is|are|was|can|could|may|"
    r"each|usually)\b|\b(?:is|are|gives?|has|have)\b",
    re.IGNORECASE,
)
# What comes before the first thing of a list within its sentence.
_LEAD = re.compile(
    r"^.*\b(?:are|is|were|was|has|have|includes?|needs?|uses?|of|from|by|with|between|into|on|for|to|through|as)\s+",
    re.IGNORECASE | re.DOTALL,
)
_EXAMPLES = re.compile(
    r"\b(?:such as|like|for example|for instance|e\.g|including|between)\W[^.;]*$", re.IGNORECASE
)
_TAIL = re.compile(
    r"\s+(?:that|which|who|when|where|because|since|so|while|if|as|in order|before|after)\b.*$", re.I
)
_ARTICLE = re.compile(r"^(?:an?|the|its|their|then|finally)\s+", re.IGNORECASE)
_NAMES = 0.6  # likeness from which on a word of the answer says a word of the list
_MOST_WORDS = 7  # of a thing in a list; what is longer is a clause
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5}


def left_out(key: str, question: str, answer: str) -> list[str]:
    """The things in a key's list that an answer names no word of, where it names some of them, in the note's words.

    Words that the question told, or that several things of the list share, name none of them.
    """
    things = listed_in(key, question)
    told = told_by(question)
    named = [[stem for stem in _stems(thing) if stem not in told] for thing in things]
    own = [[stem for stem in stems if sum(stem in other for other in named) == 1] for stems in named]
    if len(things) < 2 or not all(own):
        return []
    said = set(_stems(answer))
    lacks = [thing for thing, stems in zip(things, own, strict=True) if not _is_named(stems, said)]
    wanted = min((n for word, n in _COUNTS.items() if word in question.lower().split()), default=len(things))
    return lacks if 0 < len(things) - len(lacks) < wanted else []


def listed_in(key: str, question: str) -> list[str]:
    """The things that a key lists: its marked lines, or three and more of a run with commas; empty where it lists none.

    What follows "such as" are examples and no list, and what stands "between" is one thing.
    """
    marks = list(_MARK.finditer(key))
    if len(marks) > 1:
        ends = [*(mark.start() for mark in marks[1:]), len(key)]
        return [_named(key[mark.end() : end]) for mark, end in zip(marks, ends, strict=True)]
    if not _WANTS_SEVERAL.search(question):
        return []
    runs = (_RUN, _PAIR) if _WANTS_TWO.search(question) else (_RUN,)
    begin, end = next(iter(split_sentences(key)), (0, 0))
    sentence = " ".join(key[begin:end].split()).rstrip(".!")
    for run in runs:
        found = run.search(sentence)
        if found is not None and not _EXAMPLES.search(sentence[: found.start("last")]):
            things = _things(found, told_by(question))
            if all(map(_is_thing, things)):
                return things
    return []


def _things(found: re.Match[str], told: Collection[str]) -> list[str]:
    more = [part for part in re.split(r",\s+", found["more"]) if part.strip()]
    first = _LEAD.sub("", found["first"].rpartition("both ")[2])
    last = _TAIL.sub("", found["last"]).split()
    shared = set(_stems(", ".join((first, *more))))
    # What follows a list that opens its sentence says again what the question asks.
    while len(last) > 1 and set(_stems(last[-1])) <= set(told) - shared:
        last.pop()
    return [_ARTICLE.sub("", part.strip()) for part in (first, *more, " ".join(last))]


def _is_thing(text: str) -> bool:
    """Whether a part of a run names a thing and is no clause or number."""
    return (
        0 < len(text.split()) <= _MOST_WORDS
        and not _NO_THING.match(text)
        and bool(re.search(r"[^\W\d_]{2}", text))
    )


def _named(item: str) -> str:
    """A line of a list by its name, where it has the form "Name: what it is", else as a whole."""
    text = " ".join(item.split()).rstrip(".;,")
    name, colon, _ = text.partition(":")
    return name if colon and len(name.split()) <= _MOST_WORDS else text


def _stems(text: str) -> list[str]:
    return [word.stem for clause in clauses_of(text) for word in clause.words if word.stem not in GENERIC]


def _is_named(stems: Sequence[str], said: set[str]) -> bool:
    return any(likeness(stem, other) >= _NAMES for stem in stems for other in said)
