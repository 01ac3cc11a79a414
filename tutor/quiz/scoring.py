"""The end of a quiz in numbers and in plain words: points, what they say beyond lucky guesses, what to revisit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from tutor.quiz.items import Item
from tutor.quiz.option_answers import score_in_parts, score_of_swap
from tutor.quiz.schedule import day_told
from tutor.turns import QuizScore

REVISIT_BELOW = 0.6
_Z = 1.96  # 95 %
_FEWEST = 3
_MOST_DUE = 8


@dataclass(frozen=True)
class Mark:
    """What an item that counts brought: points from 0 to 1, and when its fact is due again (ISO 8601, or empty)."""

    item: Item
    points: float
    next_due: str = ""


def chance(item: Item) -> float:
    """The points that blind guessing brings on average."""
    if item.is_choice:
        return 1 / len(item.options)
    return _chance_in_order(len(item.options), item.kind == "order") if item.options else 0.0


@cache
def _chance_in_order(n: int, steps: bool) -> float:
    """What a random order of n options brings: as steps that follow each other, or as pairs with n things."""
    size = n - 1 if steps else n
    none = [1, 0]  # in how many orders of so many things none is in its place
    for one in range(2, n + 1):
        none.append((one - 1) * (none[-1] + none[-2]))
    # No step is right in as many orders as none is in its place, of these things or of one fewer.
    wrong = [none[left] + (none[left + 1] if steps else 0) for left in range(size + 1)]
    brought = (
        math.comb(size, right) * wrong[size - right] * score_in_parts(right, size)
        for right in range(size + 1)
    )
    more = _more_for_swaps(n) if steps else 0.0
    return (sum(brought) + more) / math.factorial(n)


def _more_for_swaps(n: int) -> float:
    """What the orders with two neighbours swapped bring beyond their steps: at an end two are wrong, else three."""
    wrong = [2, 2, *([3] * (n - 3))] if n > 2 else []
    swap = score_of_swap(n)
    return sum(max(0.0, swap - score_in_parts(n - 1 - one, n - 1)) for one in wrong)


def known_share(marks: Sequence[Mark]) -> tuple[float, float, float]:
    """The share of the asked that was known, guesses taken out, with the bounds of its 95 % interval (Wilson's)."""
    n = len(marks)
    share = sum(mark.points for mark in marks) / n
    guessed = sum(chance(mark.item) for mark in marks) / n
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    low, known, high = (
        min(1.0, max(0.0, (value - guessed) / (1 - guessed)))
        for value in (middle - half, share, middle + half)
    )
    return known, low, high


def score_of(marks: Sequence[Mark], missed: int, left_out: int = 0) -> QuizScore:
    """The score of a quiz.

    Args:
        marks: the items that count, skipped ones among them, in order.
        missed: how many questions "again" would ask once more.
        left_out: how many questions were reported and do not count.
    """
    revisit: dict[str, str] = {}
    for mark in marks:
        if mark.points < REVISIT_BELOW:
            item = mark.item
            title = item.citation.title or item.note
            revisit.setdefault(item.concept or " › ".join(item.heading) or title, title)
    due: dict[str, str] = {}
    for mark in sorted((mark for mark in marks if mark.next_due), key=lambda mark: mark.next_due):
        due.setdefault(mark.item.concept or mark.item.citation.title or mark.item.note, mark.next_due)
    points = round(sum(mark.points for mark in marks), 2)
    told = (_meaning(marks), _left_out(left_out), _due(due), _again(missed))
    return QuizScore(
        points, len(marks), tuple(revisit), tuple(revisit.values()), tuple(line for line in told if line), missed,
        tuple(due.items())[:_MOST_DUE],
    )  # fmt: skip


def _meaning(marks: Sequence[Mark]) -> str:
    if not marks:
        return ""
    if len(marks) < _FEWEST:
        return "So few questions say little about how much of it you know."
    known, low, high = known_share(marks)
    lucky = "Lucky guesses taken out, you" if any(chance(mark.item) for mark in marks) else "You"
    return (
        f"{lucky} know about {_percent(known)} of what was asked; with {len(marks)} questions the truth may lie "
        f"anywhere from {_percent(low)} to {_percent(high)}."
    )


def _percent(share: float) -> str:
    return f"{round(100 * share)} %"


def _left_out(n: int) -> str:
    return (
        f"{n} question{'s' if n > 1 else ''} that you reported {'do' if n > 1 else 'does'} not count."
        if n
        else ""
    )


def _due(due: dict[str, str]) -> str:
    days: dict[str, list[str]] = {}
    for name, at in due.items():
        days.setdefault(day_told(at), []).append(name)
    told = "; ".join(f"{day} ({', '.join(names)})" for day, names in days.items())
    return f"Due again: {told}." if told else ""


def _again(missed: int) -> str:
    if not missed:
        return ""
    what = "the question that you missed" if missed == 1 else f"the {missed} questions that you missed"
    return f"Say “again” to retry {what}."
