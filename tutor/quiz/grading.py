"""One answer graded by code: choices by option, short answers claim by claim against the note's own words.

Nothing is called right for lack of evidence against it: words of the question earn nothing, a claim counts
when enough of its words or its meaning is there, an opposite or a swapped role makes it contradicted. Where
words and meaning disagree the verdict is `unsure`, with the note's sentence for the student to judge by.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tutor.claims import (
    TOLD_WEIGHT,
    Claim,
    Clause,
    apart_from,
    claims_of,
    clauses_of,
    matches,
    swapped,
    told_by,
    weigh,
)
from tutor.lexicon import GENERIC
from tutor.quiz.items import LETTERS, Item
from tutor.quiz.replies import reply_kind

Verdict = Literal["correct", "partial", "wrong", "unsure"]
Status = Literal["hit", "missed", "contradicted"]
Similarity = Callable[[str, str], float]

HIT, FULL = 0.5, 0.75  # shares of a claim's evidence from which it counts as said, and as said in full
CORRECT, PARTIAL = 0.68, 0.3
# Cosines of all-MiniLM-L6-v2 between answer and claim, both without the words of the question: no evidence
# below the first, full above the second. A cosine sees no negation, so it never makes a claim said by itself.
COSINE_FLOOR, COSINE_FULL = 0.35, 0.75
COSINE_SHARE, UNSURE_LIFT = 0.45, 0.3

_LETTERED = re.compile(
    r"\s*(?:(?:it'?s|i (?:think|say|choose|pick)|my|the|answer|option|is|choice|:)\s*)*"
    r"[(\[]?([a-j]|\d)(?:[)\].:,]|\s*[-–—]\s|\s*$|\s+(?:because|since|as)\b)"
)


@dataclass(frozen=True)
class Point:
    """One claim of the key, what the answer did with it, and the note's words for it."""

    claim: str
    status: Status
    quote: str


@dataclass(frozen=True)
class Grade:
    """A verdict with its evidence.

    Attributes:
        score: 0 to 1.
        feedback: what the student is told; quotes the note.
        dont_know: the student said so; the verdict is wrong, with no reproach.
    """

    verdict: Verdict
    score: float
    points: tuple[Point, ...]
    feedback: str
    dont_know: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The JSON value that `tutor grade --json` promises (but `next_due`) and what the record keeps."""
        return asdict(self) | {"points": [asdict(point) for point in self.points]}

    @staticmethod
    def from_dict(value: dict[str, Any]) -> Grade:
        """The grade that `to_dict` wrote."""
        return Grade(**value | {"points": tuple(Point(**point) for point in value["points"])})


def grade(item: Item, answer: str, *, similarity: Similarity | None = None) -> Grade:
    """Grades one answer.

    Args:
        item: the question with its key.
        answer: the student's words; for a choice an option's letter, number, id or text.
        similarity: two texts -> cosine of their embeddings; lifts paraphrases. None compares words only.

    Returns:
        The grade. An empty answer and "I don't know" are wrong with score 0; a choice that names no option
        is unsure with score 0.
    """
    if reply_kind(answer) == "dont_know" or not re.search(r"\w", answer):
        return _not_known(item)
    return _grade_choice(item, answer) if item.is_choice else _grade_short(item, answer, similarity)


def chosen_option(item: Item, answer: str) -> str | None:
    """The id of the option that an answer names by id, letter, number or text; None for none or several."""
    said = _plain(answer)
    ids = {option.id: option.id for option in item.options}
    texts = {_plain(option.text): option.id for option in item.options}
    places = {LETTERS[n].lower(): option.id for n, option in enumerate(item.options)}
    places |= {str(n): option.id for n, option in enumerate(item.options, 1)}
    for names in (ids, texts, places):
        if said in names:
            return names[said]
    lettered = _LETTERED.match(answer.lower())
    if lettered:
        return places.get(lettered[1])
    named = {option for text, option in texts.items() if f" {text} " in f" {said} "}
    return named.pop() if len(named) == 1 else None


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _not_known(item: Item) -> Grade:
    feedback = f"No harm in that. The answer is: {_shown(item)}"
    points = tuple(Point(claim, "missed", item.citation.quote) for claim in _claim_texts(item))
    return Grade("wrong", 0.0, points, feedback, dont_know=True)


def _shown(item: Item) -> str:
    """The right answer with its witness."""
    if not item.options:
        return f"“{item.key}”"
    why = next(option.why for option in item.options if option.id == item.key)
    return f"{item.key_text}." + (f" The note says: “{why}”" if why else "")


def _claim_texts(item: Item) -> list[str]:
    if item.is_choice:
        return [item.fact]
    return [claim.text for claim in _claims(item)]


def _claims(item: Item) -> list[Claim]:
    return claims_of(item.key, item.stem)


def _grade_choice(item: Item, answer: str) -> Grade:
    chosen = chosen_option(item, answer)
    if chosen is None:
        letters = ", ".join(LETTERS[: len(item.options)])
        return Grade("unsure", 0.0, (), f"That names none of the options. Answer with a letter of {letters}.")
    right = chosen == item.key
    point = Point(item.fact, "hit" if right else "missed", item.citation.quote)
    feedback = f"Right: {_shown(item)}" if right else f"Not this one. The answer is {_shown(item)}"
    return Grade("correct" if right else "wrong", float(right), (point,), feedback)


@dataclass(frozen=True)
class _Evidence:
    """What speaks for a claim: its words, its meaning (`lift`), both together (`credit`), its status."""

    claim: Claim
    words: float
    lift: float
    credit: float
    status: Status


def _grade_short(item: Item, answer: str, similarity: Similarity | None) -> Grade:
    claims = _claims(item)
    clauses = _on_the_subject(claims, clauses_of(answer))
    told = told_by(item.stem)
    own = {word.stem for clause in clauses for word in clause.words} - told
    has_own = bool(own - GENERIC) or any(clause.numbers for clause in clauses)
    contradicted = {n for clause in clauses for n in _contradicted(clause, claims)}
    found = []
    for n, claim in enumerate(claims):
        words = _word_share(claim, clauses) if has_own else 0.0
        denied = contradicted or any(swapped(claim, clause) for clause in clauses)
        lift = 0.0 if denied or len(own - GENERIC) < 2 else _lift(answer, claim, similarity)
        credit = min(1.0, max(words, 0.8 * words + COSINE_SHARE * lift))
        status: Status = "contradicted" if n in contradicted else "hit" if credit >= HIT else "missed"
        found.append(_Evidence(claim, words, lift, credit, status))
    return _judged(item, found)


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
    place = max(range(len(claims)), key=lambda n: sum(sides[n]))
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


def _lift(answer: str, claim: Claim, similarity: Similarity | None) -> float:
    """How near the answer is to the claim in meaning, 0 to 1."""
    if similarity is None:
        return 0.0
    said, meant = apart_from(answer, claim.told), apart_from(claim.text, claim.told)
    near = similarity(said, meant) if said and meant else 0.0
    return min(1.0, max(0.0, (near - COSINE_FLOOR) / (COSINE_FULL - COSINE_FLOOR)))


def _judged(item: Item, found: Sequence[_Evidence]) -> Grade:
    main = [evidence for evidence in found if evidence.claim.main]
    rest = [evidence for evidence in found if not evidence.claim.main]
    score = _mean(main) if not rest else 0.7 * _mean(main) + 0.3 * _mean(rest)
    against = any(evidence.status == "contradicted" for evidence in main)
    said = any(evidence.status == "hit" for evidence in found)
    verdict: Verdict
    if against:
        kept = main[0].status != "contradicted" and any(evidence.status == "hit" for evidence in main)
        verdict, score = ("partial", min(score, 0.4)) if kept else ("wrong", min(score, 0.2))
    elif any(evidence.status == "contradicted" for evidence in rest):
        verdict, score = ("partial", min(score, 0.5)) if said else ("wrong", min(score, 0.2))
    elif score >= CORRECT:
        verdict = "correct"
    elif said or (score >= PARTIAL and any(evidence.words >= 0.2 for evidence in found)):
        verdict = "partial"
    else:
        verdict = "unsure" if max(evidence.lift for evidence in found) >= UNSURE_LIFT else "wrong"
    points = tuple(Point(e.claim.text, e.status, item.citation.quote) for e in found)
    return Grade(verdict, round(score, 2), points, _feedback(item, verdict, points))


def _mean(found: Sequence[_Evidence]) -> float:
    """Mean credit; a claim said in full has full credit, a contradicted one none."""
    credits = [0.0 if e.status == "contradicted" else min(1.0, e.credit / FULL) for e in found]
    return sum(credits) / len(credits) if credits else 0.0


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
