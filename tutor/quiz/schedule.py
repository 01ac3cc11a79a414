"""When a fact is asked again: FSRS-6 over the ratings of its reviews. The only owner of fsrs.

A fact's state is plain data and follows from its reviews alone: the same ratings at the same times give the same
state. Days are those of the student's own calendar, so that what is due today is due from the morning on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from fsrs import Scheduler

Rating = Literal["again", "hard", "good", "easy"]
CardState = dict[str, Any]

RATINGS: tuple[Rating, ...] = get_args(Rating)
RETENTION = 0.9
PARTIAL = 0.6  # the least score of a partial answer that is more than forgotten
# Kinds in which one answer in two is right by luck, and what is no question on a fact of the notes.
GUESSABLE = frozenset(("true-false", "either"))
UNSCHEDULED = frozenset(("prediction",))
DAILY_REVIEWS = 30
REVIEWS_A_MINUTE = 2.0
DAYS_AHEAD = 7


@cache
def _scheduler() -> Scheduler:
    from fsrs import Scheduler

    return Scheduler(
        desired_retention=RETENTION, learning_steps=(), relearning_steps=(), enable_fuzzing=False
    )


def card_number(fact_id: str) -> int:
    """A number for a fact, always the same."""
    return int.from_bytes(hashlib.sha256(fact_id.encode()).digest()[:6])


def fresh(fact_id: str, at: datetime) -> CardState:
    """The state of a fact that was never reviewed."""
    from fsrs import Card

    return dict(Card(card_id=card_number(fact_id), due=at.astimezone(UTC)).to_dict())


def reviewed(state: CardState, rating: Rating, at: datetime) -> CardState:
    """The state after one more review; a clock that was set back counts as standing still.

    Args:
        at: an aware time. ValueError for any other.
    """
    from fsrs import Card, Rating

    if at.tzinfo is None:
        raise ValueError("a review needs an aware time")
    card = Card.from_dict(state)  # type: ignore[arg-type]
    at = max(at.astimezone(UTC), card.last_review or at.astimezone(UTC))
    card, _ = _scheduler().review_card(card, Rating(RATINGS.index(rating) + 1), at)
    return dict(card.to_dict())


def replayed(fact_id: str, reviews: Iterable[tuple[Rating, datetime]]) -> CardState | None:
    """The state after these reviews, oldest first; None without any."""
    state: CardState | None = None
    for rating, at in reviews:
        state = reviewed(state or fresh(fact_id, at), rating, at)
    return state


def rating_of(
    verdict: str,
    score: float,
    kind: str,
    *,
    hints: int = 0,
    options: int = 0,
    chosen: Rating | None = None,
    new: bool = False,
) -> Rating | None:
    """How well a fact was recalled, from one graded answer; None where the answer says nothing of it.

    What the student says of their own recall may lower every rating, raises "good" to "easy", and alone decides where
    the grade is unsure. To recognise an answer is less than to recall it: after a hint it shows nothing where one of
    two is right, and there it never makes a new fact a known one.

    Args:
        verdict, score: of the grade.
        kind: of the item; `options`: how many it has.
        hints: how many were given before the answer.
        chosen: the student's own rating.
        new: whether the fact has never been reviewed.
    """
    if kind in UNSCHEDULED:
        return None
    if verdict == "wrong":
        return "again"
    guessable = kind in GUESSABLE or 0 < options <= 2
    if guessable and (new or hints):
        return "again" if chosen == "again" else None
    if verdict == "unsure":
        return chosen
    if verdict == "partial":
        found: Rating = "hard" if score >= PARTIAL else "again"
    elif hints or guessable:
        found = "hard"
    else:
        found = "good"
    if chosen is None or (chosen == "easy" and found != "good"):
        return found
    return chosen if chosen == "easy" else min(found, chosen, key=RATINGS.index)


def day_of(at: datetime) -> date:
    """The day of a time by the calendar of the student's machine."""
    return at.astimezone().date()


def day_told(at: str) -> str:
    """The day of a time in ISO 8601 as students are told it: the one on which `due_facts` goes by it."""
    return day_of(datetime.fromisoformat(at)).isoformat()


def due_at(state: CardState) -> datetime:
    """When a fact is to be asked again."""
    return datetime.fromisoformat(state["due"])


def retrievability(state: CardState, at: datetime) -> float:
    """How likely the fact is still recalled, 0 to 1."""
    from fsrs import Card

    card = Card.from_dict(state)  # type: ignore[arg-type]
    return float(_scheduler().get_card_retrievability(card, at.astimezone(UTC)))


def due_facts(states: Mapping[str, CardState], at: datetime) -> list[str]:
    """The facts that are due by the end of the day, those least likely recalled first."""
    today = day_of(at)
    due = [fact for fact, state in states.items() if day_of(due_at(state)) <= today]
    return sorted(due, key=lambda fact: (retrievability(states[fact], at), fact))


def offered(states: Mapping[str, CardState], at: datetime, done_today: int = 0) -> list[str]:
    """The due facts that fit into what is left of the day's budget; the others can wait without harm.

    Args:
        done_today: how many that were due were reviewed today.
    """
    return due_facts(states, at)[: max(0, DAILY_REVIEWS - done_today)]


def due_ahead(states: Mapping[str, CardState], at: datetime, days: int = DAYS_AHEAD) -> list[int]:
    """How many facts come due on each of the next days, tomorrow first; those due today are not counted."""
    today = day_of(at)
    counts = [0] * days
    for state in states.values():
        ahead = (day_of(due_at(state)) - today).days
        if 1 <= ahead <= days:
            counts[ahead - 1] += 1
    return counts


def minutes(reviews: int) -> int:
    """About how long so many reviews take, in whole minutes."""
    return max(1, round(reviews / REVIEWS_A_MINUTE)) if reviews else 0


def streak(days: Iterable[date], today: date) -> int:
    """How many days in a row have something, up to today, or to yesterday where today has nothing yet."""
    had = set(days)
    last = today if today in had else today - timedelta(days=1)
    length = 0
    while last - timedelta(days=length) in had:
        length += 1
    return length
