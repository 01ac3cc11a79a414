"""A statement of the notes to be told from false ones on the same matter: misconceptions that the notes quote, and
sentences of theirs turned round. So each option is at home, and what is wrong with it is known.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from tutor.notes.note import Card
from tutor.quiz.bank import Bank
from tutor.quiz.choices import mined_item
from tutor.quiz.distractors import Candidate
from tutor.quiz.facts import Fact
from tutor.quiz.items import Item
from tutor.quiz.judgements import false_statement, true_statement
from tutor.quiz.repeats import say_the_same
from tutor.quiz.subject import says_its_subject
from tutor.quiz.wording import ONE_IS_RIGHT, said_of, statement_of

_LEAST_COSINE = 0.3  # of the passages that two facts stand in, below which they are on other matters
_SAME = 0.5  # share of the words in common from which on a false statement is the true one turned round
_POOL = 14
_MOST_WORDS = 26
_WORKED_OUT = re.compile(r"\d\.\d|=")
_LEANS = re.compile(
    r"\b(?:also|too|others|in the same way)\b|\bthe same\W*$|\b(?:such(?! as\b)|instead(?! of\b))\b",
    re.IGNORECASE,
)


def statement_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """Which of some statements on one matter is right; None where the fact says none, or too few false ones are near.

    The false version of the fact itself is never beside it: of two opposites one is right.
    """
    true = _true_of(fact, bank)
    candidates = list(_false_ones(fact, true[-1], bank)) if true else []
    if len(candidates) < 2:
        return None

    def why(other: Fact) -> str:
        return f"Not so: {' '.join(said_of(other).split())} ({other.title})"

    return mined_item(
        fact, "choice", ONE_IS_RIGHT, [text.rstrip(".") for text in true], candidates, bank, rng, why
    )


def _true_of(fact: Fact, bank: Bank) -> list[str]:
    """What a fact says as one sentence that names all that its question names, short and whole; none where it has to be
    worked out."""
    asked = {one.key for one in bank.terms.places(fact.question)}

    def fits(text: str) -> bool:
        # What has to be worked out is asked for as a number.
        unfit = _WORKED_OUT.search(text) or _LEANS.search(text) or len(text.split()) > _MOST_WORDS
        named = asked <= {one.key for one in bank.terms.places(text)}
        return named and not unfit and (isinstance(fact.entry, Card) or says_its_subject(text, fact, bank))

    forms = dict.fromkeys((true_statement(fact, bank), statement_of(fact)))
    return [text for text in forms if text and fits(text)]


def _false_ones(fact: Fact, true: str, bank: Bank) -> Iterator[Candidate]:
    """False statements of the notes that a fact is about, the nearest first; of facts that say the same only one."""
    own, found = bank.homes.of(fact), [fact]
    for other, cosine in bank.homes.near(fact):
        if len(found) > _POOL or cosine < _LEAST_COSINE:
            return
        if other.id not in bank.by_id or not own & bank.homes.of(other):
            continue
        false = _false_of(other, bank)
        apart = false and bank.second_keys.alike(true, false) < _SAME
        if apart and not any(say_the_same(other, one, bank) for one in found):
            found.append(other)
            yield Candidate(other, (false.rstrip("."),), cosine)


def _false_of(fact: Fact, bank: Bank) -> str:
    """What is false of a fact's matter, each looked for once in a bank."""
    if fact.id not in bank.falsehoods:
        false = false_statement(fact, bank, random.Random(fact.id))
        fit = false and not _WORKED_OUT.search(false) and not _LEANS.search(false)
        bank.falsehoods[fact.id] = false if fit and says_its_subject(false, fact, bank) else ""
    return bank.falsehoods[fact.id]
