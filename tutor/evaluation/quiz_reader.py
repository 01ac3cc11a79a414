"""Whether choices can be answered by the note's sentence, and how well without it: a reader that knows nothing itself.

Knowledge-dependent answerability (Moon et al. 2022, arXiv:2211.11902): a good item is answered with the fact and not
without it. The reader is no language model: with the note it takes the option that the quoted
words say most of, without it the option nearest to the question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tutor.quiz.items import Item
from tutor.words import content_words

Idf = Callable[[str], float]
Similarity = Callable[[str, str], float]


@dataclass(frozen=True)
class Answerability:
    """The shares of choices that the reader answers right: with the note, by the question alone, by a blind guess.

    `missed` are the ids of the items that it did not answer with the note.
    """

    with_note: float
    without: float
    chance: float
    n: int
    missed: tuple[str, ...]

    @property
    def gap(self) -> float:
        """How much the note helps, the KDA gap."""
        return self.with_note - self.without


def answerability(items: Sequence[Item], idf: Idf, similarity: Similarity) -> Answerability:
    """Lets the reader answer the choices among the items, those with true and false aside.

    Args:
        idf: how rare a stem is.
        similarity: cosine of two texts.
    """
    choices = [item for item in items if item.is_choice and item.kind != "true-false"]
    n = max(1, len(choices))
    missed = tuple(item.id for item in choices if read_with_note(item, idf, similarity) != item.key)
    blind = sum(read_without(item, similarity) == item.key for item in choices)
    chance = sum(1 / len(item.options) for item in choices)
    return Answerability(1 - len(missed) / n, blind / n, chance / n, len(choices), missed)


def read_with_note(item: Item, idf: Idf, similarity: Similarity) -> str:
    """The id of the option of which the quoted sentences say most, by words that the question did not tell."""
    told = set(content_words(item.stem))
    quote = item.citation.quote
    said = set(content_words(quote))

    def support(text: str) -> float:
        wanted = set(content_words(text)) - told
        weight = sum(idf(word) for word in wanted)
        share = sum(idf(word) for word in wanted & said) / weight if weight else 0.0
        return share + similarity(quote, text)

    return max(item.options, key=lambda option: support(option.text)).id


def read_without(item: Item, similarity: Similarity) -> str:
    """The id of the option nearest in meaning to the question."""
    return max(item.options, key=lambda option: similarity(item.stem, option.text)).id
