"""How the student stands: mastery of each concept, what is due, how sure and how right they are, what they mix up.

All of it is read from the answers and the schedule, so that it says the same after a restart.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from tutor.quiz.facts import Fact
from tutor.quiz.replies import NOT_SURE
from tutor.quiz.schedule import (
    CardState,
    day_of,
    due_ahead,
    due_facts,
    minutes,
    retrievability,
    streak,
)
from tutor.study_record import Attempt

RECALLED = 0.8  # the least retrievability at which a fact counts as known
MATURE_DAYS = 21.0  # the least stability at which a known fact counts as mastered
SURE = 0.75
_TAIL = 0.05
_GRID = 2000
_NAME_WORDS = 4
_MIXED_UP = 2  # how often one thing is taken for another until that is called a mix-up


@dataclass(frozen=True)
class ConceptMastery:
    """How one concept stands.

    Attributes:
        facts, asked, known, mastered, due: how many of its facts there are, were asked, are known now, are known for
            long, are to be asked today.
        mastery: the mean share of its facts that the student would recall now, 0 to 1; what was never asked counts as
            unknown, and a fact counts by how right its last answer was.
        low, high: between which the share of right answers lies, with 90 % probability.
        answers: how many were graded, predictions before a demo's run among them.
        right: how many of these were right, a partly right one as its share.
    """

    concept: str
    facts: int
    asked: int
    known: int
    mastered: int
    due: int
    mastery: float
    low: float
    high: float
    answers: int
    right: float


@dataclass(frozen=True)
class Sureness:
    """Answers of about the same confidence: how sure the student was and how right they were, both 0 to 1."""

    said: float
    right: float
    answers: int


@dataclass(frozen=True)
class Confusion:
    """Two facts of which the student took one for the other, how often, and the same in words.

    Once may be a guess among options, so that it is told as a possibility.
    """

    fact_id: str
    chosen_fact_id: str
    times: int
    said: str


@dataclass(frozen=True)
class Progress:
    """How the student stands.

    Attributes:
        concepts: those with answers first, the weakest first; then those never asked.
        due: how many facts are to be asked today; `due_minutes` about how long that takes. `waiting` are due as well
            and wait for another day, because this one's budget of reviews is used up.
        ahead: how many come due on each of the next seven days, tomorrow first.
        streak_days: days in a row with an answer.
        sure_and_wrong: ids of facts that were answered wrongly although the student was sure, the latest first.
        revisit: concepts to look at again, the most pressing first.
        stale: kept questions whose fact is no longer in the notes.
    """

    concepts: tuple[ConceptMastery, ...]
    due: int
    due_minutes: int
    ahead: tuple[int, ...]
    streak_days: int
    answers: int
    calibration: tuple[Sureness, ...]
    sure_and_wrong: tuple[str, ...]
    confusions: tuple[Confusion, ...]
    revisit: tuple[str, ...]
    stale: int
    waiting: int = 0

    def to_contract(self) -> dict[str, Any]:
        """The JSON value that `tutor progress --json` promises."""
        every = self.concepts
        return {
            "concepts": [
                {
                    "concept": one.concept, "facts": one.facts, "asked": one.asked, "known": one.known,
                    "mastered": one.mastered, "due": one.due, "mastery": round(one.mastery, 3),
                    "interval": [round(one.low, 3), round(one.high, 3)], "answers": one.answers, "right": one.right,
                }
                for one in every
            ],
            "due": self.due,
            "due_minutes": self.due_minutes,
            "waiting": self.waiting,
            "ahead": list(self.ahead),
            "streak_days": self.streak_days,
            "answers": self.answers,
            "calibration": [asdict(one) for one in self.calibration],
            "sure_and_wrong": list(self.sure_and_wrong),
            "confusions": [asdict(one) for one in self.confusions],
            "revisit": list(self.revisit),
            "coverage": {
                "facts": sum(one.facts for one in every),
                "asked": sum(one.asked for one in every),
                "mastered": sum(one.mastered for one in every),
                "never_asked": sum(one.facts - one.asked for one in every),
                "stale": self.stale,
            },
        }  # fmt: skip


def progress(
    facts: Sequence[Fact],
    cards: Mapping[str, CardState],
    attempts: Sequence[Attempt],
    now: datetime,
    *,
    offered: Collection[str] | None = None,
    stale: int = 0,
) -> Progress:
    """How the student stands.

    Args:
        facts: all facts of the notes.
        cards: the schedule.
        attempts: the answers with the grades that stand, oldest first.
        now: an aware time.
        offered: facts that today offers for review, where its budget holds fewer than are due.
        stale: how many kept questions have lost their fact.
    """
    there = {fact.id: fact for fact in facts}
    graded = [one for one in attempts if one.grade["verdict"] != "unsure"]
    known_cards = {fact: state for fact, state in cards.items() if fact in there}
    all_due = due_facts(known_cards, now)
    due = all_due if offered is None else [fact for fact in all_due if fact in set(offered)]
    last = {one.fact_id: one for one in graded}
    concepts = _concepts(facts, known_cards, graded, last, set(due), now)
    confusions = _confusions(graded, there)
    return Progress(
        tuple(concepts),
        len(due),
        minutes(len(due)),
        tuple(due_ahead(known_cards, now)),
        streak((day_of(one.at) for one in attempts), day_of(now)),
        len(graded),
        tuple(_calibration(graded)),
        tuple(_sure_and_wrong(last.values(), there)),
        tuple(confusions),
        tuple(_revisit(concepts, last, there)),
        stale,
        len(all_due) - len(due),
    )


def _concepts(
    facts: Sequence[Fact],
    cards: Mapping[str, CardState],
    graded: Sequence[Attempt],
    last: Mapping[str, Attempt],
    due: set[str],
    now: datetime,
) -> list[ConceptMastery]:
    """Each concept of the notes, and those that only answers name."""
    of: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        of[fact.concept].append(fact)
    place = {fact.id: fact.concept for fact in facts}
    spelt = {name.casefold(): name for name in of}
    scores: dict[str, list[float]] = defaultdict(list)
    for one in graded:
        named = place.get(one.fact_id) or spelt.get(one.concept.casefold(), one.concept)
        if named:
            scores[named].append(float(one.grade["score"]))
    found = []
    for concept in dict.fromkeys((*of, *scores)):
        own = of.get(concept, [])
        recall = {fact.id: _recalled(cards.get(fact.id), last.get(fact.id), now) for fact in own}
        known = [fact for fact, share in recall.items() if share >= RECALLED]
        mastered = sum(cards[fact]["stability"] >= MATURE_DAYS for fact in known)
        low, high = beta_interval(scores[concept])
        mean = sum(recall.values()) / len(own) if own else 0.0
        asked = sum(fact.id in last for fact in own)
        found.append(
            ConceptMastery(
                concept, len(own), asked, len(known), mastered, sum(fact.id in due for fact in own), mean, low, high,
                len(scores[concept]), round(sum(scores[concept]), 2),
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (not one.answers, one.mastery, one.concept))


def _recalled(state: CardState | None, last: Attempt | None, now: datetime) -> float:
    """The share of a fact that the student would recall now, 0 to 1."""
    if state is None or last is None:
        return 0.0
    return retrievability(state, now) * float(last.grade["score"])


def beta_interval(scores: Sequence[float]) -> tuple[float, float]:
    """The central 90 % of what the share of right answers may be, after these scores and no opinion before them.

    The density of Beta(1 + sum of scores, 1 + the rest) is summed on a grid.
    """
    a, b = sum(scores), len(scores) - sum(scores)
    xs = [(place + 0.5) / _GRID for place in range(_GRID)]
    logs = [a * math.log(x) + b * math.log1p(-x) for x in xs]
    highest = max(logs)
    density = [math.exp(one - highest) for one in logs]
    whole, below = sum(density), 0.0
    low, high = 0.0, 1.0
    for x, share in zip(xs, density, strict=True):
        before, below = below, below + share / whole
        if before < _TAIL <= below:
            low = x
        if before < 1 - _TAIL <= below:
            high = x
    return low, high


def _calibration(graded: Sequence[Attempt]) -> list[Sureness]:
    """Confidence beside what was right, in steps of a quarter; empty where the student was never asked."""
    groups: dict[int, list[Attempt]] = defaultdict(list)
    for one in graded:
        if one.confidence is not None:
            groups[round(4 * one.confidence)].append(one)
    return [
        Sureness(
            round(sum(one.confidence or 0.0 for one in group) / len(group), 3),
            round(sum(float(one.grade["score"]) for one in group) / len(group), 3),
            len(group),
        )
        for _, group in sorted(groups.items())
    ]


def _sure_and_wrong(last: Any, there: Mapping[str, Fact]) -> list[str]:
    found = [
        one
        for one in last
        if one.fact_id in there and (one.confidence or 0.0) >= SURE and one.grade["verdict"] == "wrong"
    ]
    return [one.fact_id for one in sorted(found, key=lambda one: one.at, reverse=True)]


def _confusions(graded: Sequence[Attempt], there: Mapping[str, Fact]) -> list[Confusion]:
    """The pairs that were mixed up, in whatever direction, the most frequent first; what was said to be unsure shows
    nothing."""
    pairs: Counter[tuple[str, str]] = Counter()
    for one in graded:
        other = one.chosen_fact_id
        if (
            one.grade["verdict"] != "correct"
            and {one.fact_id, other} <= there.keys()
            and other != one.fact_id
            and (one.confidence is None or one.confidence > NOT_SURE)
        ):
            pair = (one.fact_id, other)
            pairs[pair[::-1] if pair[::-1] in pairs else pair] += 1
    return [
        Confusion(fact, chosen, times, _mixed_up(there[fact], there[chosen], times))
        for (fact, chosen), times in pairs.most_common()
    ]


def _mixed_up(one: Fact, other: Fact, times: int) -> str:
    first, second = (fact.term or (fact.concept if _is_name(fact.concept) else "") for fact in (one, other))
    # A term and a whole subject are nothing that is mixed up.
    alike = first and second and bool(one.term) == bool(other.term)
    if not alike or first.casefold() == second.casefold():
        first, second = (f"“{fact.question or fact.key[:80]}”" for fact in (one, other))
    if times < _MIXED_UP:
        return f"Perhaps you mix up {first} and {second}: one answer points to it"
    return f"You mix up {first} and {second}"


def _is_name(concept: str) -> bool:
    """Whether a concept is one thing with a short name, and not a subject: "Models and architectures"."""
    return len(concept.split()) <= _NAME_WORDS and not re.search(r"\band\b|[,:]", concept)


def _revisit(
    concepts: Sequence[ConceptMastery], last: Mapping[str, Attempt], there: Mapping[str, Fact]
) -> list[str]:
    """Concepts with an answer that was not right and stands, those with the most of them first."""
    missed = Counter(
        there[fact].concept
        for fact, one in last.items()
        if fact in there and one.grade["verdict"] in ("wrong", "partial")
    )
    weakest = {one.concept: place for place, one in enumerate(concepts)}
    return sorted(missed, key=lambda name: (-missed[name], weakest[name]))
