"""A question that does not say what it is about gets the topic in front, since its heading is gone."""

from __future__ import annotations

import re
from dataclasses import replace

from tutor.quiz.bank import Bank
from tutor.quiz.facts import Fact, is_everyday
from tutor.quiz.items import Item
from tutor.quiz.scope import KIND
from tutor.quiz.shapes import first_sentence
from tutor.quiz.wording import BEGINNERS, MISTAKE, bare
from tutor.topics import Key
from tutor.words import content_words

_LEAD = re.compile(
    rf"(?P<lead>True or false|Explain in your own words|{MISTAKE}|Answer with a number)(?P<rest>: )"
)
# These name things by themselves, or are asked for a name: a topic in front would be the answer.
_BY_THEMSELVES = ("match", "order", "definition", "term", "cloze")
_ASKS_NAME = re.compile(
    r"\bcalled\b|\b(?:name|word|term|expression) (?:for|of)\b|\bdo you call\b|\bname (?:one|two|a|the)\b",
    re.IGNORECASE,
)
_ASKS_THING = re.compile(
    r"(?:which|what|who|name|(?:is|are) there|how (?:could|can|do|does))\b", re.IGNORECASE
)
_ASKS_WITHIN = re.compile(r"\b(?:is there|are there|what|which|where|who)\b", re.IGNORECASE)
_OPENING = 6  # words of an answer
_SHARE, _FEWEST = 0.12, 3


def with_subject(item: Item, fact: Fact, bank: Bank, topic: str = "") -> Item:
    """The item, its topic before the stem where that names nothing by which a student of the field knows it.

    Args:
        fact: what is asked about.
        topic: what the student wants to be asked about, where the fact is filed under something wider; it comes in
            front instead where a beginner's question does not name it and the answer does.
    """
    if item.kind in _BY_THEMSELVES or not (fact.entry is None or is_everyday(fact)):
        return item
    if item.stem.startswith(BEGINNERS) or says_its_subject(item.stem, fact, bank):
        return item
    told = _named_by_answer(topic, fact, bank) if topic and is_everyday(fact) else ""
    if told and not _is_answer(told, fact, item) and not _ASKS_WITHIN.search(item.stem):
        return _on(told, item)
    about = _about(fact, bank)
    return item if not about or _is_answer(f"{fact.concept} {fact.title}", fact, item) else _on(about, item)


def _on(about: str, item: Item) -> Item:
    lead = _LEAD.match(item.stem)
    stem = (
        f"{lead['lead']} (topic: {about}): {item.stem[lead.end() :]}" if lead else f"On {about}: {item.stem}"
    )
    # The id stays that of the question alone: what was reported or shown is the same under every topic.
    return replace(item, stem=stem)


def says_its_subject(text: str, fact: Fact, bank: Bank) -> bool:
    """Whether a text names what a fact is about, or anything else that belongs to few topics ("beam search"); a name
    that stands everywhere ("image", "noise") tells nothing."""
    named = {mention.key for mention in bank.terms.places(text)}
    own = bank.scope.units(fact.concept) | bank.scope.units(fact.title)
    return any(key in own or _tells(key, bank) for key in named)


def _tells(key: Key, bank: Bank) -> bool:
    most = max(_FEWEST, round(_SHARE * len(bank.concepts)))
    return bool(bank.retriever.named.title(key)) or len(bank.concepts_naming.get(key, ())) <= most


def _is_answer(about: str, fact: Fact, item: Item) -> bool:
    """Whether the topic may be what the student should say: a name is asked for, or the answer opens with the topic."""
    asks = _ASKS_NAME.search(item.stem) is not None
    own = set(content_words(about)) - KIND
    opening = set(content_words(" ".join(fact.key.split()[:_OPENING])))
    return asks or bool(_ASKS_THING.match(item.stem) and own & opening)


def _named_by_answer(topic: str, fact: Fact, bank: Bank) -> str:
    """A topic as the opening of a fact's answer calls it; empty where it does not name it."""
    wanted = bank.scope.units(bank.scope.in_english(topic))
    named = (
        one for one in bank.terms.places(first_sentence(fact)) if bank.scope.units(one.written) == wanted
    )
    found = next(named, None)
    return found.written if found else ""


def _about(fact: Fact, bank: Bank) -> str:
    """What a fact is about, as it stands within a sentence."""
    name = bank.scope.title_of(fact.note) or bare(fact.concept)
    return name if re.match(r"\S+ [A-Z][a-z]", name) else bank.terms.lowered(name)
