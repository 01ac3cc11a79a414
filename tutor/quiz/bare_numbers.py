"""Answers to a question in words that are bare numbers: another than the key's, one of several, or their order."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Literal

from tutor.claims import plain
from tutor.quiz.answer_features import numbers_in

_NUMBER = r"\d+(?:\.\d+)?"
_FORM = re.compile(
    rf"(?:sqrt|√)\s*[({{]?\s*(?P<root>{_NUMBER})\s*[)}}]?|"
    rf"frac\s*\{{\s*(?P<top>{_NUMBER})\s*\}}\s*\{{\s*(?P<bottom>{_NUMBER})\s*\}}|"
    rf"(?P<over>{_NUMBER})\s*/\s*(?P<under>{_NUMBER})|(?P<plain>{_NUMBER})\s*(?P<share>%|percent\b)?",
    re.IGNORECASE,
)
_JOINING = re.compile(
    r"\b(?:and|then|to|about|approx(?:imately)?|roughly|around|respectively|or|it|is|are|the|answer|equals?|by|of|"
    r"for|times)\b|[\s,;:.()\[\]{}$\\≈~=*×]",
    re.IGNORECASE,
)
_SEVERAL = re.compile(rf"(?<![\w.(])({_NUMBER})((?:,\s*{_NUMBER})*),?\s+and\s+({_NUMBER})(?![\w)])")
_IS = re.compile(
    rf"(?P<left>\S*)\s*(?:\bis|\bare|\bgives?|\bequals|=|approx)\s+(?:(?:about|roughly)\s+)?(?P<value>{_NUMBER})"
)
_NEAR, _FAR = 0.006, 0.05  # of a number: what is as good as the same, and what is another one


def verdict_on_numbers(question: str, key: str, answer: str) -> Literal["wrong", "partial"] | None:
    """What bare numbers are worth beside a key in words; None for other answers and where they may be right.

    Another number than any of the key's is wrong, be it the key's turned round (1/4 for 4), and so are the key's
    numbers in another order than it gives them; one of several that the key gives together is a part.

    Args:
        key: the sentence that answers.
    """
    if not re.search(r"\d", answer) or re.search(r"[-−]", answer) or _JOINING.sub("", _FORM.sub("", answer)):
        return None
    if re.search(r"\d", question.rpartition(" or ")[0]) and " or " in question:
        return None  # it offers numbers
    told = numbers_in(question)
    own = [one for one in _values(_plain(key)) if not _is_near(one, told)]
    said = _values(answer.rpartition("=")[2])
    results = _results(_plain(question), _plain(key))
    if not (own or results) or not said:
        return None
    if len(said) == 1:
        known = [*own, *results, *(numbers_in(key) - told)]
        if not _is_near(said[0], known):
            off = min(abs(said[0] - other) / max(abs(other), 1e-9) for other in known)
            return "wrong" if off > _FAR else None
        together = [
            [float(n) for n in re.findall(_NUMBER, found[0])] for found in _SEVERAL.finditer(_plain(key))
        ]
        asked = (run for run in together if all(_is_near(one, own) for one in run))
        return "partial" if any(_is_near(said[0], run) and run[0] != run[-1] for run in asked) else None
    places = [next((n for n, other in enumerate(own) if _is_near(one, [other])), -1) for one in said]
    turned = min(places) >= 0 and len(set(places)) == len(places) and places != sorted(places)
    return "wrong" if turned and re.search(r"\band\b", question) else None


def _results(question: str, key: str) -> list[float]:
    """The numbers that a key says something is, those that the question gives in the same way left out."""
    given = {"".join(found[0].split()) for found in _IS.finditer(question)}
    return [float(found["value"]) for found in _IS.finditer(key) if "".join(found[0].split()) not in given]


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", plain(text))


def _values(text: str) -> list[float]:
    """What the numbers of a text are worth, in its order: of a root and a fraction the value."""
    found = []
    for one in _FORM.finditer(text):
        if one["root"]:
            found.append(math.sqrt(float(one["root"])))
        elif one["top"] or one["over"]:
            below = float(one["bottom"] or one["under"])
            found.append(float(one["top"] or one["over"]) / below if below else math.inf)
        else:
            found.append(float(one["plain"]) / (100.0 if one["share"] else 1.0))
    return found


def _is_near(one: float, others: Iterable[float]) -> bool:
    return any(abs(one - other) <= _NEAR * max(abs(one), abs(other)) for other in others)
