"""Short answers and explanations in the student's own words, graded claim by claim and by a fitted model.

The words show which claims of the key were said, missed or denied (`claim_evidence`). What the verdict is a fitted
model decides, from all measures together (`answer_features`): it gives a verdict where one is likely enough and else
says `unsure`, with the note's sentence for the student to judge by.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tutor.claims import TOLD_WEIGHT, Claim, Clause, claims_of, clauses_of, matches, swapped, told_by, weigh
from tutor.lexicon import GENERIC
from tutor.quiz.answer_features import (
    Readers,
    Similarity,
    lexical,
    main_of,
    nearness,
    read_answer,
    readings,
    says_yes_or_no,
)
from tutor.quiz.grades import Grade, Point, Status, Verdict, in_quarters
from tutor.quiz.items import Item
from tutor.quiz.word_answers import is_accepted

HIT = 0.5  # share of a claim's evidence from which it counts as said
VERDICTS: tuple[Verdict, ...] = ("correct", "partial", "wrong")
# How likely a verdict must be to be given. With these, answers of a writer that nothing was fitted on get one in 71 %
# of cases, and 3 % of right answers are called wrong.
LEAST: Mapping[str, float] = {"correct": 0.55, "partial": 0.45, "wrong": 0.6}
_FOREIGN, _UNREAD = 0.5, 0.95  # shares of an answer that could not be read
WEIGHTS = Path(__file__).parent / "grades.json"


@dataclass(frozen=True)
class Evidence:
    """What the words do with a claim: how much of it they say, and its status."""

    claim: Claim
    said: float
    status: Status


@dataclass(frozen=True)
class Weights:
    """A fitted model: softmax of bias + slopes * measures, for `VERDICTS` in their order."""

    names: tuple[str, ...]
    bias: tuple[float, ...]
    slopes: tuple[tuple[float, ...], ...]


@cache
def read_weights(path: Path = WEIGHTS) -> dict[str, Weights]:
    """The weights by what can be measured: "words", "near" (and embeddings), "read" (and the reader of pairs)."""
    values = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Weights(tuple(one["names"]), tuple(one["bias"]), tuple(tuple(row) for row in one["slopes"]))
        for name, one in values.items()
    }


def grade_short(
    item: Item,
    answer: str,
    similarity: Similarity | None = None,
    readers: Readers | None = None,
    accepts: Sequence[str] = (),
) -> Grade:
    """Grades an answer in the student's own words."""
    reading = read_answer(answer)
    found = claim_evidence(item.key, item.stem, reading.text)
    if is_accepted(answer, (item.key, main_of(item.key), *accepts)):
        return _graded(item, found, "correct")
    if not _has_own_words(item.stem, reading.text):
        return _graded(item, found, "wrong")
    values = measured(item.stem, item.key, answer, similarity, readers, found)
    verdict = decided(likely(values), values["foreign"])
    half = verdict == "unsure" and values["foreign"] < _FOREIGN and _is_half(found)
    return _graded(item, found, "partial" if half else verdict)


def _is_half(found: Sequence[Evidence]) -> bool:
    """Whether the words say some of the claims that answer, lack others and deny none."""
    statuses = {one.status for one in found if one.claim.main}
    return statuses == {"hit", "missed"} and all(one.status != "contradicted" for one in found)


def measured(
    question: str,
    key: str,
    answer: str,
    similarity: Similarity | None = None,
    readers: Readers | None = None,
    found: Sequence[Evidence] | None = None,
) -> dict[str, float]:
    """All that is measured of an answer, by name. With readers the cosines are left out: they tell nothing more.

    Args:
        found: the evidence of the words, where it is known already.
    """
    reading = read_answer(answer)
    evidence = claim_evidence(key, question, reading.text) if found is None else found
    values = lexical(question, key, reading.text) | _claim_measures(evidence) | {"foreign": reading.foreign}
    if readers is not None:
        return values | readings(question, key, reading.text, readers)
    return values if similarity is None else values | nearness(question, key, reading.text, similarity)


def _has_own_words(question: str, answer: str) -> bool:
    """Whether an answer says more than the question: a word that tells something, a number, or yes or no."""
    clauses = clauses_of(answer)
    own = {word.stem for clause in clauses for word in clause.words} - told_by(question)
    return bool(own - GENERIC) or any(clause.numbers for clause in clauses) or says_yes_or_no(answer)


def likely(values: Mapping[str, float]) -> dict[Verdict, float]:
    """The probability of each verdict, from what was measured.

    What the readers say is averaged with what the words alone say: the readers know the notes' subject and how
    students write of it, the words hold for any subject.
    """
    weights = read_weights()
    by_words = _probabilities(values, weights["words"])
    if "read_right" in values:
        read = _probabilities(values, weights["read"])
        return {verdict: (by_words[verdict] + read[verdict]) / 2 for verdict in VERDICTS}
    return _probabilities(values, weights["near"]) if "near_key" in values else by_words


def _probabilities(values: Mapping[str, float], weights: Weights) -> dict[Verdict, float]:
    scores = [
        bias + sum(slope * values[name] for slope, name in zip(row, weights.names, strict=True))
        for bias, row in zip(weights.bias, weights.slopes, strict=True)
    ]
    powers = [math.exp(score - max(scores)) for score in scores]
    return {verdict: power / sum(powers) for verdict, power in zip(VERDICTS, powers, strict=True)}


def decided(chances: Mapping[Verdict, float], foreign: float) -> Verdict:
    """The likeliest verdict where it is likely enough; what is in a language that is not read is never wrong.

    Args:
        foreign: how much of the answer could not be read.
    """
    best = max(chances, key=lambda verdict: chances[verdict])
    if foreign >= _FOREIGN and (best != "correct" or foreign >= _UNREAD):
        return "unsure"
    return best if chances[best] >= LEAST[best] else "unsure"


# Claim by claim


def claim_evidence(key: str, question: str, answer: str) -> list[Evidence]:
    """What an answer's words do with each claim of the key."""
    claims = claims_of(key, question)
    clauses = _on_the_subject(claims, clauses_of(answer))
    own = {word.stem for clause in clauses for word in clause.words} - told_by(question)
    has_own = bool(own - GENERIC) or any(clause.numbers for clause in clauses)
    contradicted = {n for clause in clauses for n in _contradicted(clause, claims)}
    found = []
    for n, claim in enumerate(claims):
        said = _word_share(claim, clauses) if has_own else 0.0
        status: Status = "contradicted" if n in contradicted else "hit" if said >= HIT else "missed"
        found.append(Evidence(claim, said, status))
    return found


def _claim_measures(found: Sequence[Evidence]) -> dict[str, float]:
    main = [one for one in found if one.claim.main] or list(found)
    count = max(1, len(main))
    return {
        "claims_said": sum(one.said for one in main) / count,
        "claims_most": max((one.said for one in found), default=0.0),
        "claims_hit": sum(one.status == "hit" for one in main) / count,
        "claims_denied": sum(one.status == "contradicted" for one in found) / max(1, len(found)),
        "main_denied": float(any(one.status == "contradicted" for one in main)),
        "claims": min(1.0, len(main) / 5.0),
    }


def _on_the_subject(claims: Sequence[Claim], clauses: Sequence[Clause]) -> Sequence[Clause]:
    """The clauses to be graded: what is said of a rival besides ("and the discriminator tells real from fake")
    says nothing against the claims, unless it is all that is said."""
    exclusive = [claim for claim in claims if claim.rivals]
    own = [clause for clause in clauses if not all(swapped(claim, clause) for claim in exclusive)]
    return own or clauses


def _word_share(claim: Claim, clauses: Sequence[Clause]) -> float:
    """How much of a claim the clauses say between them, 0 to 1; a long claim need not be said in full."""
    best = [0.0] * len(claim.weights)
    for clause in clauses:
        if not swapped(claim, clause):
            values = [match.value for match in matches(claim, clause)]
            best = [max(pair) for pair in zip(best, values, strict=True)]
    numbers = {number for clause in clauses for number in clause.numbers} & claim.clause.numbers
    weight = sum(claim.weights) + claim.number_weight * len(claim.clause.numbers)
    need = min(weight, 2.0 + 0.5 * max(0.0, weight - 2.0))
    said = sum(match * weight for match, weight in zip(best, claim.weights, strict=True))
    return min(1.0, (said + claim.number_weight * len(numbers)) / need) if need else 0.0


def _contradicted(clause: Clause, claims: Sequence[Claim]) -> set[int]:
    """The places of the claims that a clause denies, tells of a rival or gives other numbers for.

    A clause is held against the claim that it is most about, and against others only where it denies them
    more than it says of them.
    """
    sides = [weigh(claim, clause) for claim in claims]
    place = max(range(len(claims)), key=lambda n: sum(sides[n]), default=0)
    found = set()
    for n, (claim, (said, opposed)) in enumerate(zip(claims, sides, strict=True)):
        size = min(sum(claim.weights), 4.0)
        if swapped(claim, clause):
            fitting = [sum(s) for s, other in zip(sides, claims, strict=True) if not swapped(other, clause)]
            denied = said >= 0.25 * size and said > 1.2 * max(fitting, default=0.0)
        elif n == place:
            wanted, given = claim.clause.numbers, clause.numbers
            other_number = bool(wanted and given and not wanted & given)
            denied = other_number or (opposed >= TOLD_WEIGHT and opposed >= 0.2 * (said + opposed))
        else:
            denied = opposed > said and opposed >= 0.5 * size
        if denied:
            found.add(n)
    return found


# What the student is told


def _graded(item: Item, found: Sequence[Evidence], verdict: Verdict) -> Grade:
    points = tuple(Point(one.claim.text, _status(one, verdict), item.citation.quote) for one in found)
    main = [one.said for one in found if one.claim.main]
    shares = {"correct": 1.0, "wrong": 0.0, "unsure": 0.5}
    score = shares.get(verdict, in_quarters(sum(main) / len(main)) if main else 0.5)
    return Grade(verdict, score, points, _feedback(item, verdict, points))


def _status(one: Evidence, verdict: Verdict) -> Status:
    """A claim's status as it fits the verdict: a right answer says what the question asks for, a wrong one nothing."""
    if verdict == "correct":
        return "hit" if one.claim.main or one.status == "hit" else "missed"
    if verdict == "wrong" and one.status == "hit":
        return "missed"
    return one.status


def _feedback(item: Item, verdict: Verdict, points: Sequence[Point]) -> str:
    """What the student is told; always with the note's sentence as witness, never praise alone."""
    missed = "; ".join(f"“{point.claim}”" for point in points if point.status == "missed")
    denied = "; ".join(f"“{point.claim}”" for point in points if point.status == "contradicted")
    said = "; ".join(f"“{point.claim}”" for point in points if point.status == "hit")
    witness = f"The note says: “{item.citation.quote}”"
    against = f"Your answer goes against this: {denied}. " if denied else ""
    if verdict == "correct":
        return f"Right. {witness}" + (f" You could add: {missed}." if missed else "")
    if verdict == "partial":
        had = f"You have this part: {said}. " if said else "Some of it is there. "
        lacking = f"Missing: {missed}. " if missed else ""
        return f"Partly. {had}{against}{lacking}{witness}"
    if verdict == "unsure":
        return f"I cannot tell from your words. Compare them with the note and judge for yourself. {witness}"
    return f"Not quite. {against or 'Your answer does not say what the note says. '}{witness}"
