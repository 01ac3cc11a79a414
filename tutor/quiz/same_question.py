"""Which question a student means by its words: the same one in other words, and which others are near.

Two questions are the same where they ask in the same way and for the same things, whichever of its names each thing
has: "What is a GAN?" and "What is a generative adversarial network (GAN)?". A question that shares most words with
another may still be a different one, so nearness alone never makes them one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from tutor.quiz.bank import Bank
from tutor.quiz.facts import kind_of
from tutor.quiz.typed import defined
from tutor.topics import Key
from tutor.words import NEGATIONS, STOPWORDS, normalised, words

_LEAD = re.compile(
    r"^(?:explain in your own words|true or false|answer with a number|a student says)(?: \(topic: [^)]*\))?:\s*"
    r"|^on [^:?]{2,60}:\s*|\s*\(answer with [^)]*\)\.?$",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[?？]|^(?:what|which|who|when|where|why|how|is|are|does|do|did|can|could|will|define|explain)\b",
    re.IGNORECASE,
)
_DEFINE = re.compile(r"^(?:define |what['’]s |what (?:do you mean|is meant) by )", re.IGNORECASE)
_WITHIN = re.compile(r" in (?:an? |the )?[^?]+\?$")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
# Words of a question that carry no meaning of their own beside those that tell what kind of answer it wants.
_LITTLE = STOPWORDS.intersection(
    "a about actually also am an and any are as at be been being by can could d did do does doing each ever exactly "
    "basically simply briefly explain for from get give had has have having how i in into is it its let ll may me mean "
    "means meant meaning might my of on or our please re really s same say should show so some such t tell that the "
    "their them then there these they thing things this those to us ve was we were what which who why will with would "
    "you your differ differs difference differences compare compared comparison between versus vs".split()
)
_WHO = frozenset("who when where how".split())
_NEAR = 0.3  # share of what either question names or says that both have
_MOST_NEAR = 3
_ALMOST, _MANY = 0.8, 6  # such a share of at least so many words is a slip of the pen
_TWO = 2


class Sense(NamedTuple):
    """What a question asks, however it is worded: the kind of answer, what it names or says, and its other words of
    meaning."""

    kind: str
    units: frozenset[str | Key]
    rest: frozenset[str]

    @property
    def names(self) -> frozenset[Key]:
        """The things that it names."""
        return frozenset(one for one in self.units if not isinstance(one, str))


@dataclass(frozen=True)
class Asked:
    """A question that may be meant.

    Attributes:
        name: the id of the item that asks it, or of the fact that answers it.
        text: the question.
    """

    name: str
    text: str


class Questions:
    """The questions of the notes, and those that were shown, as students name them.

    Args:
        bank: all facts.
    """

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self._read: dict[str, Sense] = {}

    def meant(self, asked: str, shown: Mapping[str, str]) -> Iterator[str]:
        """The names of the questions that words mean, the surest first: those that were shown, then facts' ids.

        Args:
            asked: the words: a question, or no more than what it is about.
            shown: the stems of items by their id, those before others that are to be preferred.
        """
        before, exact, bank = tuple(Asked(*one) for one in shown.items()), normalised(asked), self._bank
        texts = tuple(dict.fromkeys((asked, bank.retriever.read(bank.scope.in_english(asked)))))
        for group in (before, self._own):
            yield from (one.name for one in group if exact and exact == normalised(one.text))
            for text in texts:
                is_question = bool(_ASKS.search(text))
                yield from (one.name for one in group if self._same(self.sense(text), one.text, is_question))
        for text in texts:
            yield from self._alone(self.sense(text), (*before, *self._own))

    def near(self, asked: str, shown: Mapping[str, str], n: int = _MOST_NEAR) -> list[str]:
        """Other questions that share much of what words name and say, the nearest first."""
        wanted = self.sense(self._bank.retriever.read(self._bank.scope.in_english(asked)))
        senses = {
            self.sense(text): text for text in (*(one.text for one in self._own[::-1]), *shown.values())
        }
        near = sorted((-_share(wanted, sense), text) for sense, text in senses.items())
        return [text for share, text in near if -share >= _NEAR][:n]

    def sense(self, question: str) -> Sense:
        """What a question asks."""
        if question not in self._read:
            text = _LEAD.sub("", _LEAD.sub("", " ".join(question.split())))
            text = _DEFINE.sub("what is ", text)
            said = words(text)
            kind: str = kind_of(text, "")
            # A statement's kind is told by its first word: who made it is not when it was made.
            kind = f"{kind} {said[0]}" if kind == "statement" and said and said[0] in _WHO else kind
            rest = frozenset(set(said) & (STOPWORDS | NEGATIONS) - _LITTLE)
            self._read[question] = Sense(kind, self._bank.units(text), rest)
        return self._read[question]

    def _same(self, wanted: Sense, text: str, is_question: bool) -> bool:
        """Whether a question asks the same; words that are no question mean the one that is about nothing else."""
        own = self.sense(text)
        if not wanted.units or (wanted.rest != own.rest and is_question):
            return False
        if wanted.kind != own.kind and is_question:
            return False
        shared, either = wanted.units & own.units, wanted.units | own.units
        if wanted.units == own.units:
            return True
        almost = len(either) >= _MANY and len(shared) >= _ALMOST * len(either) and wanted.names == own.names
        return almost and is_question and _figures(wanted) == _figures(own)

    def _alone(self, wanted: Sense, all_asked: Sequence[Asked]) -> Iterator[str]:
        """The only question that asks the same and says more: in what a thing does it, or which kinds of two things
        differ."""
        two = wanted.kind == "difference" and len(wanted.names) == _TWO and wanted.names == wanted.units
        found = {
            one.text: one.name
            for one in all_asked
            if self.sense(_WITHIN.sub("?", one.text)) == wanted
            or (
                two
                and self.sense(one.text).kind == wanted.kind
                and wanted.names <= self.sense(one.text).names
            )
        }
        if wanted.units and len(found) == 1:
            yield from found.values()

    @cached_property
    def _own(self) -> tuple[Asked, ...]:
        """The questions of the notes, and those that their definitions answer."""
        asked = [Asked(fact.id, fact.question) for fact in self._bank.facts if fact.question]
        made = ((fact.id, defined(fact, self._bank, random.Random(0))) for fact in self._bank.facts)
        return (*asked, *(Asked(name, item.stem) for name, item in made if item is not None))


def _figures(sense: Sense) -> set[str]:
    return {one for one in sense.units if isinstance(one, str) and _FIGURE.fullmatch(one)}


def _share(one: Sense, other: Sense) -> float:
    either = one.units | other.units
    return len(one.units & other.units) / len(either) if either else 0.0
