"""The student's statement, claim by claim: supported, contradicted, or not in the notes, with the quote that shows it.

Nothing is called right because it sounds right: a claim is supported only when a sentence of the notes says its
words, with the same sign, of the same thing; it is contradicted only by a quote that says otherwise. What the
notes hold up as false themselves, a misconception in quotation marks or a question answered "No", is looked at
first. Where neither is found, the nearest sentence is shown and nothing is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tutor.entailment import Bearing, Claimed, bearing, claimed
from tutor.grounding import Citations, Evidence, evidence_in
from tutor.notes.dialogue import HUMAN
from tutor.parts import Part
from tutor.passages import Passage, embedded_text
from tutor.retrieval import Retriever
from tutor.statements import claims_in, subject_of_claim
from tutor.turns import Sentence
from tutor.words import content_words

Judgement = Literal["supported", "contradicted", "not in the notes"]
_POOL = 48
_PER_CLAIM = 20
_NO = re.compile(r"^\W*no\b[,.:;]", re.IGNORECASE)
_YES = re.compile(r"^\W*yes\b[,.:;]", re.IGNORECASE)
_QUESTION = re.compile(
    r"^(?:is|are|was|were|does|do|did|can|could|will|would|must|should|has|have)\s+(.+?)\?*$", re.IGNORECASE
)


@dataclass(frozen=True)
class Judged:
    """A claim, what the notes say of it, and the quote: the proof, or for "not in the notes" the nearest they say."""

    claim: str
    judgement: Judgement
    quote: Evidence | None


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


@dataclass(frozen=True)
class _Witness:
    """A sentence that the notes stand behind (`holds`), or one that they call false; `quote` shows it."""

    quote: Evidence
    text: str
    headings: str
    holds: bool
    stated: bool = False


def check_statement(retriever: Retriever, statement: str, citations: Citations | None = None) -> Verdict:
    """Judges a student's statement by the notes.

    Args:
        statement: the student's words, with or without "so", "right?" and the like.
        citations: where the quotes of the judged claims get their numbers, in the order of the claims.
    """
    texts = claims_in(retriever.lexicon.mend(statement))
    pools = [_witnesses(retriever, text) for text in texts]
    most = max(_POOL // max(1, len(texts)), 6)
    ready = [_ready(retriever, text) for text in texts]
    weighed = [_weighed(claim, pool)[:most] for claim, pool in zip(ready, pools, strict=True)]
    near = _likeness(retriever, texts, weighed)
    found = tuple(_judged(claim, sides, cosines) for claim, sides, cosines in zip(ready, weighed, near, strict=True))
    for judged in found:
        if citations is not None and judged.quote is not None:
            citations.cite(judged.quote)
    return Verdict(statement, found)


def _ready(retriever: Retriever, text: str) -> Claimed:
    names: dict[str, list[frozenset[str]]] = {}
    for concept in retriever.vocabulary.concepts(text):
        for word in concept.own:
            names.setdefault(word, []).extend(other for other, _ in concept.others)
    return claimed(text, subject_of_claim(text), retriever.idf, names)


def _witnesses(retriever: Retriever, claim: str) -> list[_Witness]:
    """The sentences that may speak to a claim: of the passages found for it, and all that their notes call false."""
    hits = retriever.search(claim, k=12)
    notes = {hit.passage.note for hit in hits}
    passages = {hit.passage.id: hit.passage for hit in hits}
    for passage in retriever.index.passages:
        if passage.note in notes and re.search(r"[\"“«]|\bmyth:", passage.text.words, re.I):
            passages.setdefault(passage.id, passage)
    return [witness for passage in passages.values() for witness in _spoken(passage)]


def _spoken(passage: Passage) -> Iterator[_Witness]:
    """What a passage states and what it calls false."""
    if passage.kind in ("code", "table", "analogy") or HUMAN.fullmatch(passage.speaker):
        return
    section = passage.heading[-1] if passage.heading else ""
    if section.lower() == "references":
        return
    headings = " ".join([passage.title, *passage.heading])
    for n, piece in enumerate(evidence_in(passage)):
        text = piece.asserted
        if passage.kind in ("card", "quiz"):
            asked = _QUESTION.match(section)
            if n == 0 and asked and (_NO.match(text) or _YES.match(text)):
                yield _Witness(piece, asked[1], passage.title, holds=bool(_YES.match(text)), stated=True)
            text = _YES.sub("", _NO.sub("", text)).strip()
        elif piece.asserted_from > piece.begin:
            yield _Witness(piece, passage.text.words[piece.begin : piece.asserted_from], passage.title, False, True)
        if not text.endswith(("?", "？")):
            yield _Witness(piece, text, headings, holds=True)


def _weighed(claim: Claimed, pool: Sequence[_Witness]) -> list[tuple[_Witness, Bearing]]:
    """The witnesses with what they say of the claim, those that speak of most of it first."""
    sides = [(witness, bearing(claim, witness.text, witness.headings)) for witness in pool]
    return sorted(sides, key=lambda side: -side[1].touched)[:_PER_CLAIM]


def _likeness(
    retriever: Retriever, claims: Sequence[str], weighed: Sequence[Sequence[tuple[_Witness, Bearing]]]
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


def _judged(claim: Claimed, sides: Sequence[tuple[_Witness, Bearing]], cosines: Sequence[float]) -> Judged:
    best = max(zip(sides, cosines, strict=True), key=lambda pair: pair[0][1].touched + pair[1], default=None)
    return Judged(claim.text, "not in the notes", best[0][0].quote if best else None)
