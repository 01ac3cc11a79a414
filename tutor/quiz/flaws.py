"""Flaws of multiple choice that give the key away or leave no fair question, and cues that a test-wise student reads.

The flaws are those of the rubrics for item writing (Haladyna, Downing and Rodriguez, 2002) that can be seen without
knowing the subject. A cue is a number for each option; what knows the key from cues alone knows nothing of the notes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from tutor.quiz.items import Item, plain, signs
from tutor.words import content_words, numbers

Flaw = Literal[
    "key longest",
    "others named",
    "absolutes",
    "stem word in key alone",
    "options overlap",
    "grammar",
    "number order",
    "implausible",
]
LONGEST = 0.8  # a distractor shorter than this share of the key leaves the key the longest by far
SAME_WORDS = 0.7
LEAST_COSINE = 0.15

OTHERS = re.compile(
    r"\b(?i:all|none|both|neither|any) of (?:the )?(?:above|these|them|options)\b|\b(?:both )?[A-J] and [A-J]\b(?! \w)"
)
ABSOLUTES = re.compile(
    r"\b(?:always|never|all|every|none|only|must|completely|entirely|impossible|exactly|nothing)\b",
    re.IGNORECASE,
)
HEDGES = re.compile(
    r"\b(?:usually|often|sometimes|may|might|can|could|generally|typically|mostly|commonly|about|some|many|most)\b",
    re.IGNORECASE,
)
_MATH = re.compile(r"\$[^$]*\$")
_NUMBER = re.compile(r"\W*(?:about |at least |at most )?[-+]?\$?([\d,]*\.?\d+)[^\d]*")


def hard_flaws(item: Item, cosine: Callable[[str, str], float] | None = None) -> tuple[Flaw, ...]:
    """The flaws of an item with options.

    Args:
        cosine: likeness in meaning of the key and a distractor, in [-1, 1]; without it no distractor is implausible.
    """
    texts = [option.text for option in item.options]
    key = next(n for n, option in enumerate(item.options) if option.id == item.key)
    others = [text for n, text in enumerate(texts) if n != key]
    found: list[Flaw] = []
    if max(map(len, others)) < LONGEST * len(texts[key]):
        found.append("key longest")
    if any(OTHERS.search(text) for text in texts):
        found.append("others named")
    absolute = [bool(ABSOLUTES.search(text)) for text in texts]
    if any(absolute) and (
        sum(absolute) == absolute[key] or (not absolute[key] and sum(absolute) == len(others))
    ):
        found.append("absolutes")
    if stem_word_alone(item.stem, texts, key):
        found.append("stem word in key alone")
    if any(overlapping(one, other) for n, one in enumerate(texts) for other in texts[:n]):
        found.append("options overlap")
    if _grammar(item.stem, texts, key):
        found.append("grammar")
    if not in_order(texts):
        found.append("number order")
    if cosine and any(cosine(texts[key], other) < LEAST_COSINE for other in others):
        found.append("implausible")
    return tuple(found)


def stem_word_alone(stem: str, texts: Sequence[str], place: int) -> bool:
    """Whether one option repeats a word of the stem that no other repeats, and no other repeats any."""
    told = set(content_words(stem))
    shared = [told & set(content_words(text)) for text in texts]
    return bool(shared[place]) and not any(words for n, words in enumerate(shared) if n != place)


def overlapping(one: str, other: str) -> bool:
    """Whether two options say nearly the same, or one holds all that the other says; of formulas each sign counts."""
    if "$" in one and "$" in other and not _MATH.sub("", one + other).strip():
        return signs(one) == signs(other)
    if plain(one) == plain(other):
        return True
    a, b = set(content_words(one)), set(content_words(other))
    if not a or not b or numbers(one) != numbers(other):
        return False
    return len(a & b) / len(a | b) >= SAME_WORDS or (min(len(a), len(b)) > 1 and (a <= b or b <= a))


def in_order(texts: Sequence[str]) -> bool:
    """Whether options that are all numbers ascend or descend; true for any others."""
    values = numeric(texts)
    return values is None or values == sorted(values) or values == sorted(values, reverse=True)


def numeric(texts: Sequence[str]) -> list[float] | None:
    """The values of options that are all numbers; else None."""
    found = [_NUMBER.fullmatch(text) for text in texts]
    return [float(one[1].replace(",", "")) for one in found if one] if all(found) else None


def _grammar(stem: str, texts: Sequence[str], key: int) -> bool:
    """Whether the key alone fits the article that ends the stem, or alone is singular or plural at its opening."""
    article = re.search(r"\b(an?)\W*$", stem.lower())
    if article:
        fits = [bool(re.match(r"[aeiou]", text.lower())) == (article[1] == "an") for text in texts]
        if fits[key] and not all(fits):
            return True
    openings = [_opening(text) for text in texts]
    numbered = [opening in ("they", "these", "their", "two", "three", "four") for opening in openings]
    return len(texts) > 2 and numbered.count(numbered[key]) == 1


def _opening(text: str) -> str:
    found = re.match(r"\W*(\w+)", text.lower())
    return found[1] if found else ""


CUES = (
    "length ratio", "length rank", "overlap", "overlap rank", "likeness to options", "absolutes", "hedges",
    "punctuation", "digits", "rare opening", "because", "yes or no",
)  # fmt: skip


def cues(item: Item) -> list[list[float]]:
    """What can be seen of each option without knowing the subject, [options, len(CUES)]; ranks are in [0, 1]."""
    texts = [option.text for option in item.options]
    told = set(content_words(item.stem))
    words = [set(content_words(text)) for text in texts]
    lengths = [float(len(text)) for text in texts]
    overlap = [len(own & told) / max(1, len(own)) for own in words]
    openings = [_opening(text) for text in texts]
    mean = sum(lengths) / len(lengths)
    rows = []
    for n, text in enumerate(texts):
        alike = [len(words[n] & own) / max(1, len(words[n] | own)) for m, own in enumerate(words) if m != n]
        rows.append(
            [
                lengths[n] / mean,
                rank(lengths, n),
                overlap[n],
                rank(overlap, n),
                sum(alike) / max(1, len(alike)),
                float(len(ABSOLUTES.findall(text))),
                float(len(HEDGES.findall(text))),
                float(len(re.findall(r"[,;:()]", text))),
                float(bool(re.search(r"\d", text))),
                float(openings.count(openings[n]) == 1),
                float("because" in text.lower()),
                float(openings[n] in ("yes", "no")),
            ]
        )
    return rows


def rank(values: Sequence[float], place: int) -> float:
    """The rank of one value among all, 0 for the lowest and 1 for the highest; the middle of its ties."""
    below = sum(value < values[place] for value in values)
    same = sum(value == values[place] for value in values) - 1
    return (below + same / 2) / max(1, len(values) - 1)
