"""The sentences that may speak to a claim: what the notes state, and what they call false themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tutor.grounding import Evidence, evidence_in
from tutor.notes.dialogue import HUMAN
from tutor.passages import Passage
from tutor.retrieval import Retriever

_PASSAGES = 12
_HEADING_CHARS = 100
_NO = re.compile(r"^\W*no\b[,.:;]", re.IGNORECASE)
_YES = re.compile(r"^\W*yes\b[,.:;]", re.IGNORECASE)
_QUESTION = re.compile(
    r"^(?:is|are|was|were|does|do|did|can|could|will|would|must|should|has|have)\s+(.+?)\?*$", re.IGNORECASE
)


@dataclass(frozen=True)
class Witness:
    """A sentence that the notes stand behind (`holds`), or one that they call false; `quote` shows it.

    Attributes:
        text: what is stated; headings: under which titles it stands, or which question it answers.
        stated: whether the notes answer a yes-or-no question with it, or name it a misconception.
    """

    quote: Evidence
    text: str
    headings: str
    holds: bool
    stated: bool = False

    @property
    def reading(self) -> str:
        """The sentence under the heading or the question that says what it is about."""
        passage = self.quote.passage
        asked = passage.heading[-1] if passage.kind in ("card", "quiz") and passage.heading else ""
        return f"{(asked or self.headings)[:_HEADING_CHARS]}: {self.text}"


def witnesses(retriever: Retriever, claim: str) -> list[Witness]:
    """The sentences that may speak to a claim: of the passages found for it, and all that their notes call false."""
    hits = retriever.search(claim, k=_PASSAGES)
    notes = {hit.passage.note for hit in hits}
    passages = {hit.passage.id: hit.passage for hit in hits}
    for passage in retriever.index.passages:
        if passage.note in notes and re.search(r"[\"“«]|\bmyth:", passage.text.words, re.I):
            passages.setdefault(passage.id, passage)
    return [witness for passage in passages.values() for witness in spoken(passage)]


def spoken(passage: Passage) -> Iterator[Witness]:
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
                yield Witness(piece, asked[1], passage.title, holds=bool(_YES.match(text)), stated=True)
            text = _YES.sub("", _NO.sub("", text)).strip()
        elif piece.asserted_from > piece.begin:
            yield Witness(
                piece, passage.text.words[piece.begin : piece.asserted_from], passage.title, False, True
            )
        if not text.endswith(("?", "？")):
            yield Witness(piece, text, headings, holds=True)
