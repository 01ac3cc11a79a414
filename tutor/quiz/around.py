"""A sentence of the notes beside a question, for its hints: what something named in it is, or what else is said of the
thing whose name it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tutor.quiz.bank import Bank
from tutor.quiz.cuts import ASKS_NAME
from tutor.quiz.facts import Fact
from tutor.quiz.frames import is_chinese
from tutor.quiz.items import Item, plain
from tutor.quiz.repeats import say_the_same
from tutor.quiz.wording import GAP, statement_of
from tutor.words import content_words

_TRUE_OF = re.compile(r"\bwhich of these is true of\b", re.IGNORECASE)
_WORDS = range(5, 36)


def around(item: Item, bank: Bank) -> str:
    """What the notes say beside the fact of an item; empty where there is nothing, or where it is what is asked.

    The sentences that stand alone are English, and beside a Chinese answer nothing shows whether one tells it.
    """
    if is_chinese(item.citation.quote or item.fact):
        return ""
    if item.kind in ASKS_NAME:
        return _of_the_name(item, bank)
    own = bank.by_id.get(item.fact_id)
    if (
        item.kind == "definition"
        or _TRUE_OF.search(item.stem)
        or (own is not None and own.kind == "definition")
    ):
        return ""
    return next(filter(None, map(statement_of, _defining(item, own, bank))), "")


def _defining(item: Item, own: Fact | None, bank: Bank) -> Iterator[Fact]:
    """The facts that define what the question names, or what its concept is, that say something else than its own."""
    concept = bank.units(item.concept)
    of_concept = (fact for fact in bank.facts_defining(item.concept) if bank.defined(fact) == concept)
    for fact in (*of_concept, *bank.facts_defining(item.stem)):
        if own is None or not say_the_same(own, fact, bank):
            yield fact


def _of_the_name(item: Item, bank: Bank) -> str:
    """Another sentence that begins with the name that is asked for, a gap in its place; empty where there is none."""
    name = next((option.text for option in item.options if option.id == item.key), item.key)
    wanted = [one.key for one in bank.terms.places(name)]
    if len(wanted) != 1:
        return ""
    own, asked = bank.by_id.get(item.fact_id), plain(item.stem)
    if own is None:
        return ""
    secret = set(content_words(name)).union(*(content_words(other) for other in item.accepts))
    for fact in bank.facts:
        if wanted[0] not in bank.named[fact.id] or say_the_same(own, fact, bank):
            continue
        told = (_without(sentence, wanted[0], bank) for sentence in bank.statements(fact))
        for sentence in told:
            new = len(sentence.split()) in _WORDS and plain(sentence) not in asked
            if new and not secret & set(content_words(sentence)):
                return sentence
    return ""


def _without(sentence: str, key: tuple[str, ...], bank: Bank) -> str:
    """A sentence that begins with a name with gaps in its place; empty for any other."""
    places = [one for one in bank.terms.places(sentence) if one.key == key]
    if not places or places[0].begin > len("The "):
        return ""
    for one in reversed(places):
        sentence = sentence[: one.begin] + GAP + sentence[one.end :]
    return re.sub(rf"^(?:An?|The) {GAP}", GAP, sentence)
