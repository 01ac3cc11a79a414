"""How much of what a question names a text names too, in one way or another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from tutor.vocabulary import Concept
from tutor.words import forms, symbols, words

_OTHER_FORM = 0.9
# The concepts of one reading of a question, each with its weight.
Wanted = list[tuple[float, Concept]]


def terms(text: str) -> list[str]:
    """What a text can be found by: its stems, and the functions in its formulas."""
    return words(text) + symbols(text)


def with_forms(concept: Concept, knows: Callable[[str], bool]) -> Concept:
    """A concept of one word with the other forms of it that the notes know: "blur" with "blurry"."""
    if len(concept.own) > 1:
        return concept
    found = tuple((frozenset([one]), _OTHER_FORM) for one in sorted(forms(concept.own[0])) if knows(one))
    return replace(concept, others=concept.others + found) if found else concept


def coverage_of(readings: Sequence[Wanted], have: Collection[str]) -> float:
    """The share of what one reading of a question wants, of the reading that a text covers best."""
    return max(
        (
            sum(weight * held(concept, have) for weight, concept in wanted) / total
            for wanted in readings
            if (total := sum(weight for weight, _ in wanted))
        ),
        default=0.0,
    )


def held(concept: Concept, have: Collection[str]) -> float:
    """How far a text with these stems names a concept, in [0, 1]."""
    own = sum(stem in have for stem in concept.own) / len(concept.own)
    if own == 1.0:
        return own
    return max([own, *(share for option, share in concept.others if option <= set(have))])
