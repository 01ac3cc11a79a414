"""Sentences that set two things apart, and the items that ask which of the two something is said of."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tutor.quiz.bank import Bank
from tutor.quiz.facts import Fact
from tutor.quiz.items import Item, Option, item_id
from tutor.quiz.terms import Terms
from tutor.quiz.wording import GAP, capital, stands_alone
from tutor.words import article_of, content_words, split_sentences, without_article

_SPLIT = re.compile(r",?\s+(?:while|whereas)\s+")
_AND = re.compile(r",\s+and\s+")
_ASKED = re.compile(
    r"(?:how (?:does|do|is|are) (?P<a>.+?) (?:differ|different) from (?P<b>.+?)|"
    r"what is the difference between (?P<c>.+?) and (?P<d>.+?)|what makes (?P<e>.+?) different from (?P<f>.+?))\?$",
    re.IGNORECASE,
)
_SINGULAR = re.compile(r"(?:(?:only|usually|simply) )?(?:is|has|does|was|[a-z-]+[^s\W]s|passes|processes)\b")
_VERB = re.compile(r"(?:are|have|do|were|[a-z-]{3,})\b(?! (?:is|has|[a-z]+[^s\W]s) )")
_LEANS = re.compile(
    r"\b(?:it|its|they|them|their|this|that one|that kind|ones?|former|latter|all three|same|instead|then|also|too"
    r"|still)\b",
    re.IGNORECASE,
)
_JOINS = re.compile(r"(?:of|in|for|with|and|or|on|to|such|from|at|that|which)\b")
_LEAST_WORDS, _MOST_WORDS = 2, 24


@dataclass(frozen=True)
class Side:
    """One of two things and what the sentence says of it: "a GAN" and "makes a sample in one call"."""

    subject: str
    predicate: str

    @property
    def name(self) -> str:
        """The subject without its article."""
        return without_article(self.subject)


@dataclass(frozen=True)
class Contrast:
    """A sentence about two things, in its order, with the words between the two clauses."""

    one: Side
    other: Side
    between: str

    def told(self, terms: Terms) -> str:
        """The sentence."""
        return self._joined(self.one.subject, self.other.subject, terms)

    def exchanged(self, terms: Terms) -> str:
        """The sentence with the two things in each other's place."""
        return self._joined(self.other.subject, self.one.subject, terms)

    def _joined(self, first: str, second: str, terms: Terms) -> str:
        one = f"{capital(first)} {self.one.predicate}"
        return f"{one}{self.between}{terms.lowered(second)} {self.other.predicate}."


def contrast_of(fact: Fact, bank: Bank) -> Contrast | None:
    """The two sides of a sentence of a fact's key; None where none sets two named things apart."""
    asked = _ASKED.search(fact.question)
    names = [without_article(name) for name in asked.groups() if name] if asked else []
    for begin, end in split_sentences(fact.key):
        sentence = capital(" ".join(fact.key[begin:end].split()))
        found = _contrast(sentence.rstrip(".!"), names, bank) if stands_alone(sentence) else None
        if found is not None:
            return found
    return None


def _contrast(sentence: str, names: list[str], bank: Bank) -> Contrast | None:
    joints = list(_SPLIT.finditer(sentence)) or list(_AND.finditer(sentence))
    if len(joints) != 1:
        return None
    joint = joints[0]
    sides = [_side(text, names, bank) for text in (sentence[: joint.start()], sentence[joint.end() :])]
    if sides[0] is None or sides[1] is None:
        return None
    one, other = sides[0], sides[1]
    same_verb = one.predicate.split()[0] == other.predicate.split()[0]
    if set(content_words(one.name)) == set(content_words(other.name)) or (
        _AND.fullmatch(joint.group()) and not same_verb
    ):
        return None
    return Contrast(one, other, joint.group())


def _side(clause: str, names: list[str], bank: Bank) -> Side | None:
    """The subject of a clause, which is named in the question or has a name in the notes, and the rest."""
    article = article_of(clause)
    begin = len(article)
    end = max((begin + len(name) for name in names if _opens(clause[begin:], name)), default=begin)
    for one in bank.terms.places(clause):
        if one.begin in (begin, end + 1) and one.end > end and not is_singular(clause[end + 1 :]):
            end = one.end
    name, predicate = clause[begin:end], clause[end:].strip()
    if not name or clause[end : end + 1] != " " or _JOINS.match(predicate):
        return None
    plural = name.endswith("s") and not article and _VERB.match(predicate) is not None
    return Side(clause[:end], predicate) if is_singular(predicate) or plural else None


def _opens(clause: str, name: str) -> bool:
    return re.match(rf"{re.escape(name)}\b", clause, re.IGNORECASE) is not None


def is_singular(predicate: str) -> bool:
    """Whether a predicate says something of one thing: it begins with "is", "has" or "makes"."""
    return _SINGULAR.match(predicate) is not None


def either(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """Which of two things a sentence is about; None where the fact does not set two things apart."""
    contrast = contrast_of(fact, bank)
    if contrast is None:
        return None
    sides = [contrast.one, contrast.other]
    rng.shuffle(sides)
    usable = [(side, other) for side, other in (sides, reversed(sides)) if _alone(side, sides, bank)]
    if not usable:
        return None
    side, other = usable[0]
    right = bank.terms.lowered(side.subject)
    named = [right, bank.terms.lowered(other.subject)]
    rng.shuffle(named)
    said = contrast.told(bank.terms)
    options = tuple(Option("o1" if name == right else "o2", capital(name), said) for name in named)
    if is_singular(side.predicate):
        stem = f"Which of the two {side.predicate}: {named[0]} or {named[1]}?"
    else:
        stem = f"Which of the two fits the gap, {named[0]} or {named[1]}? {GAP} {side.predicate}."
    return Item(
        item_id(fact.note, "either", stem, side.subject, options), "either", stem, options, "o1", fact.key,
        fact.citation, f"{capital(side.subject)} {side.predicate}.", fact.heading, fact.note, fact.id, fact.concept,
        maker="rules",
    )  # fmt: skip


def _alone(side: Side, sides: list[Side], bank: Bank) -> bool:
    """Whether what is said of a thing can be asked without the rest of the sentence, and names neither of the two."""
    size = len(side.predicate.split())
    rare = [word for one in sides for word in _telling(one, sides)]
    return (
        _LEAST_WORDS <= size <= _MOST_WORDS
        and not _LEANS.search(side.predicate)
        and not set(content_words(side.predicate)) & set(rare)
        and len(content_words(side.predicate)) >= 2
        and not re.match(r"can|could|may|might", side.predicate)
        and side.predicate.count("$") % 2 == 0
    )


def _telling(one: Side, sides: list[Side]) -> Iterator[str]:
    """The words of a name that the other name has not."""
    for word in content_words(one.name):
        if not all(word in content_words(side.name) for side in sides):
            yield word
