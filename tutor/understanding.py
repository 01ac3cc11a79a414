"""The student's statement, claim by claim: supported, contradicted, or not in the notes, with the quote that shows it.

Nothing is called right because it sounds right: a claim is supported only when a sentence of the notes says its
words, with the same sign, of the same thing; it is contradicted only by a quote that says otherwise. What the
notes hold up as false themselves, a misconception in quotation marks or a question answered "No", is looked at
first. Where neither is found, the nearest sentence is shown and nothing is judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tutor.adapter import Adapter
from tutor.entailment import Bearing, Claimed, bearing, claimed, covered, sweeping
from tutor.grounding import Citations, Evidence
from tutor.parts import Part
from tutor.retrieval import Retriever
from tutor.statements import claims_in, subject_of_claim
from tutor.turns import Sentence
from tutor.verdicts import FITTED, Judgement, Reading, decided, likely, measures
from tutor.witnesses import Witness, witnesses

_POOL = 32
_PER_CLAIM = 16
# A misconception is named before the answer only where the notes deny it this surely: among 38 sound questions for a
# reason, two were told so.
_DENIED = 0.8
_WHY = re.compile(
    r"^(?:(?:so|but|and|ok(?:ay)?|hey|wait)\W+)?why "
    r"(?:do|does|did|is|are|was|were|can|could|will|would|must|has|have|should) (.+?)\W*$",
    re.IGNORECASE,
)
_OWN_OR_DENIED = re.compile(r"\b(?:i|my|we|our|me|not|never|no|\w+n['’]?t)\b", re.IGNORECASE)
_ITS_WORDS = 0.75
# What in the words of a sentence bars it from confirming a claim.
_DENIES = frozenset({"word", "role", "negation", "number"})
_LEAST = 0.42  # share of a claim that a sentence must speak of to be read further


@dataclass(frozen=True)
class Judged:
    """A claim, what the notes say of it, and the quote: the proof, or for "not in the notes" the nearest they say.

    `sure`: whether the words of the quote show it, and not the reader's judgement alone.
    """

    claim: str
    judgement: Judgement
    quote: Evidence | None
    sure: bool = True


@dataclass(frozen=True)
class Verdict:
    """A statement and its claims, judged in its order."""

    statement: str
    claims: tuple[Judged, ...]

    @property
    def overall(self) -> Literal["true", "false", "mixed", "absent"]:
        """All supported, all contradicted, none in the notes, or some of each."""
        kinds = {judged.judgement for judged in self.claims}
        if kinds == {"supported"}:
            return "true"
        if kinds == {"contradicted"}:
            return "false"
        return "absent" if kinds <= {"not in the notes"} else "mixed"


def check_statement(
    retriever: Retriever,
    statement: str,
    citations: Citations | None = None,
    reader: Adapter | None = None,
) -> Verdict:
    """Judges a student's statement by the notes.

    Args:
        statement: the student's words, with or without "so", "right?" and the like.
        citations: where the quotes of the judged claims get their numbers, in the order of the claims.
        reader: reads a claim and a sentence together (`tutor.adapter.CLAIMS`); without it words alone decide.
    """
    found = []
    for claim, sides, cosines in _sides(retriever, statement):
        judged = _judged(claim, sides, cosines)
        if reader is not None and reader.fits and sides:
            judged = _read(judged, sides, readings_of(reader, judged.claim, sides, cosines))
        found.append(judged)
    for judged in found:
        if citations is not None and judged.quote is not None:
            citations.cite(judged.quote)
    return Verdict(statement, tuple(found))


def presupposed(question: str) -> str:
    """What a question for a reason takes for granted: "Why does FID rise with quality?" -> "FID rise with quality".

    Empty where it takes nothing for granted that the notes could deny: one that asks why something is not so, or that
    speaks of the student's own work.
    """
    found = _WHY.match(question.strip())
    if not found or _OWN_OR_DENIED.search(question):
        return ""
    return found.group(1)


def misconception(retriever: Retriever, question: str, reader: Adapter | None) -> Judged | None:
    """What a question takes for granted and the notes deny, with the quote that denies it; None where they do not."""
    taken = presupposed(question)
    if not taken or reader is None or not reader.fits:
        return None
    for claim, sides, cosines in _sides(retriever, taken):
        readings = readings_of(reader, claim.text, sides, cosines)
        if not readings:
            continue
        found = measures(readings, _judged(claim, sides, cosines).judgement)
        if likely(found, FITTED)["contradicted"] >= _DENIED:
            best = _shows_best("contradicted", readings)
            return Judged(taken, "contradicted", sides[best][0].quote)
    return None


def denial(judged: Judged, citations: Citations) -> list[Part]:
    """What is said before the answer to a question that rests on a misconception."""
    if judged.quote is None:
        return []
    lead = Sentence(
        "One thing first: your question takes for granted what the notes deny. They say:", "connective"
    )
    return [
        Part(lead, "paragraph"),
        Part(Sentence(judged.quote.text, "quoted", (citations.cite(judged.quote),))),
    ]


Sides = Sequence[tuple[Witness, Bearing]]


def _sides(retriever: Retriever, statement: str) -> Iterator[tuple[Claimed, Sides, Sequence[float]]]:
    """Each claim of a statement with its witnesses, what their words say of it, and their cosines with it."""
    texts = claims_in(retriever.lexicon.mend(statement))
    most = max(_POOL // max(1, len(texts)), 6)
    ready = [_ready(retriever, text) for text in texts]
    pools = [witnesses(retriever, text) for text in texts]
    weighed = [_weighed(claim, pool)[:most] for claim, pool in zip(ready, pools, strict=True)]
    yield from zip(ready, weighed, _likeness(retriever, texts, weighed), strict=True)


def readings_by_claim(
    retriever: Retriever, statement: str, reader: Adapter
) -> list[tuple[Judgement, list[Reading]]]:
    """For each claim of a statement the judgement by its words alone, and what the reader makes of its witnesses."""
    return [
        (_judged(claim, sides, cosines).judgement, readings_of(reader, claim.text, sides, cosines))
        for claim, sides, cosines in _sides(retriever, statement)
    ]


def _ready(retriever: Retriever, text: str) -> Claimed:
    names: dict[str, list[frozenset[str]]] = {}
    for concept in retriever.vocabulary.concepts(text):
        for word in concept.own:
            names.setdefault(word, []).extend(other for other, _ in concept.others)
    return claimed(text, subject_of_claim(text), retriever.idf, names)


def _weighed(claim: Claimed, pool: Sequence[Witness]) -> list[tuple[Witness, Bearing]]:
    """The witnesses with what they say of the claim, those that speak of most of it first."""
    sides = [(witness, bearing(claim, witness.text, witness.headings)) for witness in pool]
    sides.sort(key=lambda side: -(side[1].touched + 0.1 * side[0].stated))
    return [side for n, side in enumerate(sides[:_PER_CLAIM]) if n < 4 or side[1].touched >= _LEAST]


def _likeness(
    retriever: Retriever, claims: Sequence[str], weighed: Sequence[Sequence[tuple[Witness, Bearing]]]
) -> list[list[float]]:
    """The cosine of each claim with each of its witnesses, in one batch."""
    texts = [witness.text for sides in weighed for witness, _ in sides]
    if not texts:
        return [[] for _ in weighed]
    vectors = retriever.embedding.embed_texts(texts)
    found, at = [], 0
    for claim, sides in zip(claims, weighed, strict=True):
        found.append([float(value) for value in vectors[at : at + len(sides)] @ retriever.embed(claim)])
        at += len(sides)
    return found


@dataclass(frozen=True)
class _Side:
    """A witness, what it says of the claim, how alike they are, and what follows: 1 for it, -1 against it, 0."""

    witness: Witness
    bearing: Bearing
    cosine: float
    verdict: int

    @property
    def weight(self) -> float:
        return self.bearing.touched + self.cosine


def _judged(claim: Claimed, sides: Sequence[tuple[Witness, Bearing]], cosines: Sequence[float]) -> Judged:
    """What the notes call false comes first, then the side that speaks more of the claim's very words."""
    found = [
        _Side(witness, side, cosine, _verdict(claim, witness, side, cosine))
        for (witness, side), cosine in zip(sides, cosines, strict=True)
    ]
    found.sort(key=lambda side: -side.weight)
    against = [side for side in found if side.verdict < 0]
    speaks_for = [side for side in found if side.verdict > 0]
    denied = [side for side in against if side.verdict == -3]
    firm = [side for side in against if side.verdict == -2]
    firm.sort(
        key=lambda side: "role" in side.bearing.against
    )  # "the discriminator does" shows it less plainly
    if denied:
        return Judged(claim.text, "contradicted", denied[0].witness.quote)
    if firm and speaks_for and not _outweighs(speaks_for[0], firm[0]):
        judgement: Judgement = "not in the notes"
        if firm[0].cosine >= speaks_for[0].cosine - 0.01:
            judgement = "contradicted"
        return Judged(claim.text, judgement, firm[0].witness.quote)
    if firm and not speaks_for:
        return Judged(claim.text, "contradicted", firm[0].witness.quote)
    if speaks_for:
        return Judged(claim.text, "supported", speaks_for[0].witness.quote)
    if against:
        return Judged(claim.text, "contradicted", against[0].witness.quote)
    return Judged(claim.text, "not in the notes", found[0].witness.quote if found else None)


def _read(judged: Judged, sides: Sides, readings: Sequence[Reading]) -> Judged:
    """The judgement with what the reader makes of each witness, and the witness that shows it best."""
    judgement = decided(measures(readings, judged.judgement), FITTED)
    if judgement == judged.judgement:
        return judged
    if judgement == "contradicted" and (place := _same_words(sides)) is not None:
        return Judged(judged.claim, "supported", sides[place][0].quote, sure=False)
    best = _shows_best(judgement, readings)
    if judgement == "supported" and sides[best][1].against & _DENIES:
        judgement = "not in the notes"
    return Judged(judged.claim, judgement, sides[best][0].quote, sure=False)


def _shows_best(judgement: Judgement, readings: Sequence[Reading]) -> int:
    """The place of the witness that shows a judgement best; where nothing is judged, of the nearest."""
    shows: dict[Judgement, Callable[[Reading], float]] = {
        "supported": lambda one: one.supports * one.cosine,
        "contradicted": lambda one: one.contradicts * one.cosine,
        "not in the notes": lambda one: one.touched + one.cosine,
    }
    return max(range(len(readings)), key=lambda place: shows[judgement](readings[place]))


def _same_words(sides: Sides) -> int | None:
    """The place of a sentence that says nearly all of a claim with nothing against it: that is no denial."""
    near = [
        place
        for place, (witness, side) in enumerate(sides)
        if witness.holds and side.said >= _ITS_WORDS and not side.against & _DENIES and not side.opposed
    ]
    return max(near, key=lambda place: sides[place][1].said, default=None)


def readings_of(reader: Adapter, claim: str, sides: Sides, cosines: Sequence[float]) -> list[Reading]:
    """What the reader makes of a claim beside each of its witnesses."""
    shares = reader.probabilities([(claim, witness.reading) for witness, _ in sides])
    found = []
    for (witness, side), cosine, row in zip(sides, cosines, shares.tolist(), strict=True):
        supports, contradicts = row[0], row[1]
        if not witness.holds:
            supports, contradicts = contradicts, supports
        found.append(Reading(supports, contradicts, cosine, side.touched))
    return found


def _outweighs(speaks_for: _Side, against: _Side) -> bool:
    """Whether the sentence that says a claim is nearer to it than the one that says otherwise."""
    small = not against.bearing.opposed and "role" not in against.bearing.against
    return speaks_for.cosine >= against.cosine + (0.0 if small else 0.03)


def _verdict(claim: Claimed, witness: Witness, side: Bearing, cosine: float) -> int:
    """1: says it; -1, -2: says otherwise; -3: the notes call the very claim false."""
    if witness.stated and not witness.holds:
        return _of_denied(claim, witness, side, cosine)
    if _says(side, cosine):
        return 1
    denied = any(word.negated for word in claim.clause.words)
    return -2 if _says_otherwise(side, cosine, denied) else 0


def _of_denied(claim: Claimed, witness: Witness, side: Bearing, cosine: float) -> int:
    """What follows from a sentence that the notes call false: who says it is wrong, who denies it is right."""
    if side.about < 0.5 or (sweeping(witness.text) and not sweeping(claim.text)):
        return 0
    if side.against == {"word"}:
        return int(side.touched >= 0.85 and cosine >= 0.7 and side.opposed >= 0.2)
    if side.against & {"word", "role", "number", "negation", "other number"}:
        return 0
    if side.said >= 0.75 and cosine >= 0.66 and covered(witness.text, claim.text) >= 0.6:
        return -3
    if side.about >= 0.8 and side.said >= 0.42 and cosine >= (0.72 if sweeping(claim.text) else 0.82):
        return -1
    return 0


def _says(side: Bearing, cosine: float) -> bool:
    """Whether a sentence of the notes says the claim: its words, nothing against it, and the same meaning."""
    if side.against or side.opposed or side.about < 0.8:
        return False
    if not side.missing:
        return cosine >= 0.55 and side.said >= 0.8
    return (side.said >= 0.8 and cosine >= 0.72) or (side.said >= 0.66 and cosine >= 0.8)


def _says_otherwise(side: Bearing, cosine: float, denied: bool = False) -> bool:
    """Whether a sentence speaks of the very thing that is claimed and says otherwise."""
    if "version" in side.against:
        return False
    if "role" in side.against:
        if denied:  # that the rival does it says nothing against "this one never does"
            return False
        return side.touched >= 0.78 and cosine >= 0.45
    if "loose" in side.against or side.about < 0.3:
        return False
    if "number" in side.against and not side.opposed:
        return side.said >= 0.6 and cosine >= 0.6
    if side.about < 0.5:
        return False
    if "limit" in side.against and not side.opposed:
        return side.said >= 0.9 and cosine >= 0.65
    if "word" not in side.against or "other number" in side.against or side.opposed < 0.15:
        return False
    bars = ((0.95, 0.55), (0.8, 0.6), (0.7, 0.68), (0.62, 0.8))
    return any(side.touched >= touched and cosine >= least for touched, least in bars)


def parts(verdict: Verdict, citations: Citations) -> list[Part]:
    """The verdict as an answer: what is right, then what is not and what the notes say, then what they leave open.

    The student's own words stand in quotation marks in the program's sentences, which claim nothing themselves;
    each quote of the notes is cited. A quote that shows several claims is said once.
    """
    shown: set[tuple[str, int, int]] = set()
    found: list[Part] = []
    for judgement in ("supported", "contradicted", "not in the notes"):
        judged = [one for one in verdict.claims if one.judgement == judgement]
        for one in judged:
            found.append(Part(Sentence(_lead(one, verdict, bool(found)), "connective"), "paragraph"))
            if one.quote is None:
                continue
            key = (one.quote.passage.id, one.quote.begin, one.quote.end)
            n = citations.cite(one.quote)
            if key not in shown:
                found.append(Part(Sentence(_shown(one.quote), "quoted", (n,))))
            shown.add(key)
    return found


def _shown(quote: Evidence) -> str:
    """The note's own words as they are shown: with a misconception that they correct, where they hold one."""
    return quote.text


def _lead(judged: Judged, verdict: Verdict, later: bool) -> str:
    """What the tutor says before the quote of a claim."""
    said = "" if len(verdict.claims) == 1 else f" “{judged.claim[:1].upper()}{judged.claim[1:]}”"
    if judged.judgement == "supported":
        if not judged.sure:
            return f"This part seems right:{said}. The notes say:" if said else "It seems so. Your notes say:"
        return f"This part is right:{said}. The notes say:" if said else "Yes, your notes say so:"
    if judged.judgement == "contradicted":
        if not judged.sure:
            part = f"{'But this' if later else 'This'} part does not seem to fit:{said}. The notes say:"
            return part if said else "That does not seem to fit your notes. They say:"
        if said:
            return f"{'But this' if later else 'This'} part is not what the notes say:{said}. They say:"
        return "Not quite. Your notes say otherwise:"
    nearest = " The nearest they say is:" if judged.quote else ""
    if said:
        return f"Whether this holds, the notes do not say in so many words:{said}.{nearest}"
    return f"Your notes do not say this in so many words, so I cannot confirm it.{nearest}"
