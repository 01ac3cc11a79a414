"""What an answer's words do with each claim of a key: say it, miss it or deny it, and how plainly they deny it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tutor.claims import TOLD_WEIGHT, Claim, Clause, claims_of, clauses_of, matches, swapped, told_by, weigh
from tutor.lexicon import GENERIC
from tutor.quiz.grades import Status

HIT = 0.5  # share of a claim's evidence from which it counts as said
_PLAIN = 0.5  # share of a claim's weight that a clause takes up, from which on it denies the same as the claim says


@dataclass(frozen=True)
class Evidence:
    """What the words do with a claim.

    Attributes:
        said: how much of it they say, 0 to 1.
        plainly: whether they deny it in its own words: the same said with a negation or an opposite, of another role
            or with another number. A negation of something else may say the same from the other side.
    """

    claim: Claim
    said: float
    status: Status
    plainly: bool = False


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
        plainly = n in contradicted and any(_plainly_denied(claim, clause) for clause in clauses)
        status: Status = "contradicted" if n in contradicted else "hit" if said >= HIT else "missed"
        found.append(Evidence(claim, said, status, plainly))
    return found


def claim_measures(found: Sequence[Evidence]) -> dict[str, float]:
    """What the fitted model is told of the claims, by name."""
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


def _plainly_denied(claim: Claim, clause: Clause) -> bool:
    """Whether a clause takes up what a claim says, and denies it: half of its words or more, with either sign."""
    wanted, given = claim.clause.numbers, clause.numbers
    if swapped(claim, clause) or (wanted and given and not wanted & given):
        return True
    found = matches(claim, clause)
    weights = [max(weight, TOLD_WEIGHT) for weight in claim.weights]
    taken = sum(abs(match.value) * weight for match, weight in zip(found, weights, strict=True))
    denies = any(match.value < 0 for match in found)
    return denies and taken >= _PLAIN * min(sum(weights), 4.0)
