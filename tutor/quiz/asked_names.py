"""Which name a question asks for, to be chosen among names of other things."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from tutor.quiz.authored import is_alone
from tutor.quiz.bank import Bank
from tutor.quiz.choices import (
    by_name,
    may_name_it,
    mined_item,
    name_of,
    names_subject,
    same_form_of_name,
    shown_name,
)
from tutor.quiz.distractors import mine
from tutor.quiz.facts import Fact
from tutor.quiz.gaps import subject_gap
from tutor.quiz.items import Item
from tutor.quiz.second_keys import stems_of
from tutor.quiz.wording import statement_of

_ASKS_NAME = re.compile(
    r"\b(?:called|do you call|(?:a|the|another) (?:name|word) (?:for|of)|known as|"
    r"which (?:kind|sort|type|method|network|model|trick|measure|number|technique|family|layer|part)|"
    r"what (?:kind|sort|type) of|is there an?)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.,;:]| (?:and|which|in|of|by|for)\b")
_CALLED = re.compile(r"\bcalled (?:an? |the )?")


def name_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """The author's question for the name of something, among names of other things; None where it asks for none."""
    question = fact.question
    if not _ASKS_NAME.search(question) or not is_alone(fact):
        return None
    term = _asked_name(fact, bank)
    keys = bank.second_keys
    if not term or stems_of(term) & stems_of(question) or keys.has_kinds(term):
        return None
    said = f"{question} {statement_of(fact)}"

    def forms(other: Fact) -> Sequence[str]:
        theirs = name_of(other, bank)
        fits = theirs and same_form_of_name(theirs, term) and not stems_of(theirs) & stems_of(question)
        return (shown_name(theirs),) if fits and not names_subject(theirs, said) else ()

    def is_second_key(other: Fact, text: str) -> bool:
        return may_name_it(term, said, other, bank) or keys.said_of(name_of(other, bank), question, "")

    candidates = mine(fact, question, bank, forms, is_second_key, about=term, is_name=True)
    return mined_item(fact, "term", question, (shown_name(term),), by_name(candidates, bank), bank, rng)


def _asked_name(fact: Fact, bank: Bank) -> str:
    """The name that a key gives: what it says something is called, or what it is about; empty where it gives none."""
    statement = statement_of(fact)
    called = _CALLED.search(statement)
    if called is not None:
        found = [
            one
            for one in bank.terms.places(statement)
            if one.begin == called.end() and _ENDS.match(statement[one.end :])
        ]
        return found[0].written if found else ""
    gap = subject_gap(fact, bank)
    return gap[1].written if gap else ""
