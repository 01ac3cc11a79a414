"""Items over several things at once: terms matched with their meanings, steps put in order."""

from __future__ import annotations

import random
import re

from tutor.lexicon import GENERIC
from tutor.quiz.bank import Bank
from tutor.quiz.contrasts import is_singular
from tutor.quiz.facts import Fact
from tutor.quiz.items import Item, Option, item_id, plain
from tutor.quiz.prose import steps_in
from tutor.quiz.wording import GAP, bare, capital, core_of, statement_of
from tutor.words import content_words, words

_WHERE = r"(?:\s*\([^()]*\))?(?:\s+(?:in|of|for)\s+(?:[\w-]+\s+){1,4}?)?\s*"
_COPULA = re.compile(
    r"(?:(?:is|are|means?)\s+(?P<sense>(?:an?|the|one|any|what|how|when|to|further|text)\b.+)|"
    r"means? (?P<that>that\b.+))$"
)
_FEWEST_WORDS = 4  # words of meaning in a meaning, below which it is a nickname
_FEWEST, _MOST = 4, 5
_NEAR = 80  # the nearest facts, among which the other terms are looked for
_SAME_TOPIC = 0.3  # the cosine from which on another term belongs to the topic
_PLAIN = frozenset("large small deep single".split())
_SAME_MEANING = 0.5  # share of words in common
_LONGEST_STEP = 220  # characters


def meaning_of(fact: Fact) -> tuple[str, str]:
    """A definition as a term and its meaning: "Mode collapse" and "A failure of GAN training in which ...".

    Two empty texts where the fact defines nothing, or where the meaning holds a word of the term, which would be a
    gap.
    """
    term, statement = bare(fact.term), statement_of(fact)
    for text in (core_of(statement), statement) if term and statement else ():
        meaning = _meaning(text, term)
        if len(content_words(meaning)) >= _FEWEST_WORDS and GAP not in meaning:
            return capital(term), capital(meaning)
    return "", ""


def _meaning(statement: str, term: str) -> str:
    """What a statement says of a term that it begins with, the term masked; empty where it begins otherwise."""
    found = re.match(rf"(?:an? |the )?{re.escape(term)}\b{_WHERE}(?P<rest>\S.*)\.$", statement, re.IGNORECASE)
    if not found:
        return ""
    copula, rest = _COPULA.match(found["rest"]), found["rest"]
    if copula is not None:
        return masked(copula["sense"] or f"It means {copula['that']}", term)
    does = is_singular(rest) and not re.match(r"(?:is|are|was|means?)\b", rest)
    return masked(f"It {rest}", term) if does else ""


def masked(meaning: str, term: str) -> str:
    """The meaning with a gap for each word that is one of the term, but for words that many terms share."""
    own = set(content_words(term)) - GENERIC - _PLAIN

    def gap(found: re.Match[str]) -> str:
        return GAP if own.intersection(words(found.group())) else found.group()

    return re.sub(r"[A-Za-z][\w-]*", gap, meaning)


def match(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """Four or five terms to be matched with their meanings; None where the topic has too few that are apart."""
    term, meaning = meaning_of(fact)
    if not term:
        return None
    chosen = [(fact, term, meaning)]
    for other, cosine in bank.near(fact, _NEAR):
        if cosine < _SAME_TOPIC or len(chosen) == _MOST:
            break
        name, sense = meaning_of(other)
        if name and all(_apart(name, sense, *one[1:]) for one in chosen):
            chosen.append((other, name, sense))
    if len(chosen) < _FEWEST:
        return None
    rng.shuffle(chosen)
    options = [
        Option(f"o{n}", sense, f"The meaning of {name}.", other.id)
        for n, (other, name, sense) in enumerate(chosen, 1)
    ]
    left, key = tuple(name for _, name, _ in chosen), ",".join(option.id for option in options)
    rng.shuffle(options)
    stem = f"Match each term with its meaning: {'; '.join(f'{n}. {name}' for n, name in enumerate(left, 1))}."
    return Item(
        item_id(fact.note, "match", stem, meaning, tuple(options)), "match", stem, tuple(options), key, fact.key,
        fact.citation, statement_of(fact), fact.heading, fact.note, fact.id, fact.concept, left=left, maker="rules",
    )  # fmt: skip


def _apart(name: str, sense: str, other: str, other_sense: str) -> bool:
    """Whether two terms and their meanings cannot be mistaken: no name in the other's meaning, no like meaning."""
    one, two = set(content_words(sense)), set(content_words(other_sense))
    first, second = set(content_words(name)), set(content_words(other))
    return (
        not first & second
        and not first <= two
        and not second <= one
        and len(one & two) <= _SAME_MEANING * min(len(one), len(two))
    )


def order(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """The steps of a procedure to be put in order; None where two steps are the same or one is too long."""
    steps = steps_in(fact)
    if len(steps) < 3 or any(len(step) > _LONGEST_STEP for step in steps):
        return None
    if len({plain(step) for step in steps}) < len(steps):
        return None
    options = [Option(f"o{n}", step, f"Step {n}.", fact.id) for n, step in enumerate(steps, 1)]
    key = ",".join(option.id for option in options)
    while [option.id for option in options] == key.split(","):
        rng.shuffle(options)
    about = bare(fact.concept)
    section = fact.heading[-1] if fact.heading else ""
    named = (
        section
        if set(content_words(about)) <= set(content_words(section))
        else f"{about}, {section[:1].lower() + section[1:]}"
    )
    stem = f"Put the steps in their order. ({fact.question or named})"
    return Item(
        item_id(fact.note, "order", stem, fact.key, tuple(options)), "order", stem, tuple(options), key, fact.key,
        fact.citation, fact.key, fact.heading, fact.note, fact.id, fact.concept, maker="rules",
    )  # fmt: skip
