"""The examples from which the reader of claims is fitted: each with the sentence that supports or denies it."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tutor.retrieval import Retriever
from tutor.training.lora import Example
from tutor.witnesses import Witness, spoken

LABELS = ("supported", "contradicted", "absent")
_SAME_WORDS = 0.6
_NEAREST = 10


@dataclass(frozen=True)
class LabelledClaim:
    """A claim, what the notes say of it, and the sentence that says so; for "absent" a tempting one that does not."""

    claim: str
    verdict: str
    note: str
    quote: str


def read_claims(path: Path = Path(__file__).parent / "claims.jsonl") -> list[LabelledClaim]:
    """The bundled claims."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [LabelledClaim(**json.loads(line)) for line in lines]


def claim_examples(retriever: Retriever, claims: Sequence[LabelledClaim]) -> Callable[[int], list[Example]]:
    """The examples of an epoch: each claim with its own sentence, and with one that is near it by meaning.

    Of a near sentence of a supported claim no more is known than that it does not contradict, and the other way round;
    of one of an absent claim, that it does neither.
    """
    by_text = {
        (one.quote.passage.note, one.text): one
        for passage in retriever.index.passages
        for one in spoken(passage)
    }
    sentences = list(by_text.values())
    by_note: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(sentences):
        by_note[one.quote.passage.note].append(place)
    own = [_own(claim, [sentences[place] for place in by_note[claim.note]]) for claim in claims]
    near = _near(retriever, claims, sentences)

    def epoch(number: int) -> list[Example]:
        rng = random.Random(number)
        found = []
        for claim, sentence, places in zip(claims, own, near, strict=True):
            found.append(Example(claim.claim, sentence or claim.quote, frozenset({claim.verdict})))
            other = sentences[rng.choice(places)]
            if other.reading != sentence:
                found.append(Example(claim.claim, other.reading, _possible(claim, other)))
        return found

    return epoch


def _possible(claim: LabelledClaim, other: Witness) -> frozenset[str]:
    """The labels that a claim may have beside a sentence that is not its own."""
    if claim.verdict == "absent":
        return frozenset({"absent"})
    return frozenset({claim.verdict, "absent"}) if other.holds else frozenset(LABELS)


def _own(claim: LabelledClaim, sentences: Sequence[Witness]) -> str | None:
    """The sentence of the note that a quote was taken from, as the tutor reads it."""
    quoted = _words(claim.quote)
    best = max(sentences, key=lambda one: _alike(quoted, _words(one.text)), default=None)
    return best.reading if best is not None and _alike(quoted, _words(best.text)) >= _SAME_WORDS else None


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9\u4e00-\u9fff]+", text.lower()))


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Dice's coefficient of two sets of words."""
    return 2 * len(one & other) / (len(one) + len(other) or 1)


def _near(
    retriever: Retriever, claims: Sequence[LabelledClaim], sentences: Sequence[Witness]
) -> list[list[int]]:
    """For each claim the places of the sentences nearest to it by cosine."""
    import numpy as np

    vectors = retriever.embedding.embed_texts([one.text for one in sentences])
    asked = retriever.embedding.embed_texts([retriever.vocabulary.in_english(one.claim) for one in claims])
    return [np.argsort(-(vectors @ vector))[:_NEAREST].tolist() for vector in asked]
