"""A beginner's question with the notes' sentence that answers it, among sentences that answer other beginners."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tutor.quiz.authored import is_alone
from tutor.quiz.bank import Bank
from tutor.quiz.choices import mined_item
from tutor.quiz.distractors import mine
from tutor.quiz.facts import Fact
from tutor.quiz.items import Item
from tutor.quiz.second_keys import stems_of
from tutor.quiz.shapes import asks_of, subject_of
from tutor.quiz.wording import BEGINNERS
from tutor.topics import Key

_ASKED = BEGINNERS + "“{}” Which of these answers it?"
_LEAST_COSINE = 0.2
# A sentence repeats some of the words that it answers, so the others are looked for by these words.
_WEIGHT = 6.0
_ALIKE_QUESTIONS, _ALIKE = 0.5, 0.36  # shares in common from which on one sentence may answer both
_TRIES = 4
_ECHO = 2.0  # how much more of the question's rare words the key may repeat than the next option does
_MEANS, _AS_NEAR = 0.45, 0.12  # cosines


def situation_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """Which of some sentences of the notes answers a question in a beginner's own words.

    Each option names what it is about, so that the student has to see which thing the question describes.

    Returns:
        None for other questions, and where fewer than two distractors are fair.
    """
    own = bank.replies.get(fact.id)
    if own is None or not is_alone(fact):
        return None
    keys = bank.second_keys
    key, why = own.texts[0], asks_of(fact.question) == "why"
    named, first = _named(key, bank)

    def forms(other: Fact) -> Sequence[str]:
        theirs = bank.replies.get(other.id)
        if theirs is None or ("$" in key) != ("$" in theirs.texts[0]):
            return ()
        return [text for text in theirs.texts[:1] if not why or _gives_reason(text) == _gives_reason(key)]

    def is_second_key(other: Fact, text: str) -> bool:
        alike = _shared(fact.question, other.question) >= _ALIKE_QUESTIONS or keys.alike(key, text) >= _ALIKE
        theirs, opening = _named(text, bank)
        if alike or first & theirs or opening & named:
            return True
        return bool(keys.reason(fact.question, key, text, subject_of(key), meaning=False))

    stem = _ASKED.format(fact.question)
    candidates = mine(fact, stem, bank, forms, is_second_key, _LEAST_COSINE, weight=_WEIGHT)
    if len(candidates) < 2:
        return None
    made = (mined_item(fact, "choice", stem, (key,), candidates, bank, rng) for _ in range(_TRIES))
    return next((item for item in made if item is not None and _is_fair(item, fact.question, bank)), None)


def _is_fair(item: Item, question: str, bank: Bank) -> bool:
    """Whether neither the question's rare words stand in the key alone, nor another option comes as near to the
    question while it means about what the key means."""
    keys, asked = bank.second_keys, stems_of(question)
    key = next(option.text for option in item.options if option.id == item.key)
    others = [option.text for option in item.options if option.id != item.key]
    echo, *echoes = (bank.terms.weight(asked & stems_of(text)) for text in (key, *others))
    if echo > _ECHO * max(echoes):
        return False
    near = keys.cosine(question, key) - _AS_NEAR
    return not any(
        keys.cosine(key, text) >= _MEANS and keys.cosine(question, text) >= near for text in others
    )


def _named(sentence: str, bank: Bank) -> tuple[frozenset[Key], frozenset[Key]]:
    """What a sentence names, and what it names first."""
    found = [one.key for one in bank.terms.places(sentence)]
    return frozenset(found), frozenset(found[:1])


def _gives_reason(text: str) -> bool:
    return " because " in text or " so that " in text


def _shared(one: str, other: str) -> float:
    """The share of meaning-bearing words that two questions have in common."""
    ours, theirs = stems_of(one), stems_of(other)
    return len(ours & theirs) / max(1, min(len(ours), len(theirs)))
