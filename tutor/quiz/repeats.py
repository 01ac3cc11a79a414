"""What the questions of one quiz have to do with each other: none asks what another asks, none tells another's key.

Facts say the same where the words of meaning of the shorter one stand in the longer one, whoever wrote them: a thing
with several names counts as one word, and what two facts define only once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product

from tutor.quiz.bank import Bank
from tutor.quiz.facts import Fact
from tutor.quiz.items import Item
from tutor.quiz.wording import MISTAKE, ONE_IS_RIGHT, judged
from tutor.words import content_words, normalised

SAME_FACT = 0.9  # cosine of the passages of two facts from which on they are one
# Shares of the shorter fact's words of meaning that the longer one has too, with the least number of such words: by
# the words alone, of a fact of few words, and where the passages are near to each other and about equally long.
_SAID = 0.65, 5
_SAID_SHORT = 0.75, 4
_SAID_NEAR = 0.55, 5
_NEAR = 0.75
_ALIKE = 0.25
_KEY_TOLD = 0.75  # the share of a key's own words that tells it
_KEY_WORDS = 3  # how many own words a key has that can be told by most of them
_ASKED_TOLD = 0.5  # the share of a question's words beside a name that make the name its answer
_LITTLE_ELSE = 0.66  # the share of a text's words beside a name that the question has too
_CLAIM_SAID = 0.8  # the share of a statement's words that says it
_MISTAKEN = re.compile(rf"{MISTAKE}[^:]*: [“\"](.+?)[”\"]")
_LONG_KEY = 4
_NO_NAME_BEGINS = re.compile(r"(?:it|they|because|so|to|by|when|if)\b", re.IGNORECASE)
_NO_NAME = frozenset("true false yes no".split())
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


def say_the_same(one: Fact, other: Fact, bank: Bank) -> bool:
    """Whether to know one fact is to know the other, as the words of the notes show it."""
    defined = bank.defined(one)
    if (
        one.id == other.id
        or bank.cosine(one, other) > SAME_FACT
        or (defined and defined == bank.defined(other))
    ):
        return True
    short, long = sorted((bank.meaning(one), bank.meaning(other)), key=len)
    shared = len(short & long)
    share = shared / len(short) if short else 0.0
    if any(share >= least and shared >= words for least, words in (_SAID, _SAID_SHORT)):
        return True
    alike = shared >= _ALIKE * len(short | long)
    return share >= _SAID_NEAR[0] and shared >= _SAID_NEAR[1] and alike and bank.cosine(one, other) >= _NEAR


def without_repeats(facts: Sequence[Fact], bank: Bank) -> list[Fact]:
    """The facts without those that say the same as an earlier one."""
    kept: list[Fact] = []
    for fact in facts:
        if not any(say_the_same(fact, other, bank) for other in kept):
            kept.append(fact)
    return kept


def duplicates(items: Sequence[Item], bank: Bank) -> tuple[tuple[str, str], ...]:
    """G7: pairs of ids of items, the earlier first, that ask about the same fact or about facts that say the same."""
    return tuple(
        (other.id, item.id)
        for place, item in enumerate(items)
        for other in items[:place]
        if _repeats(item, other, bank)
    )


def _repeats(item: Item, other: Item, bank: Bank) -> bool:
    if item.id == other.id or (item.fact_id and item.fact_id == other.fact_id):
        return True
    if _claims_what(item, other) or _claims_what(other, item):
        return True
    pairs = product(_facts_in(item, bank), _facts_in(other, bank))
    return any(say_the_same(one, two, bank) for one, two in pairs)


def _claims_what(item: Item, other: Item) -> bool:
    """Whether the statement that is to be judged in one question is said in another, as true or as false."""
    mistaken, statement = _MISTAKEN.match(item.stem), judged(item.stem)
    claimed = mistaken[1] if mistaken else statement if statement != item.stem else ""
    said = set(content_words(claimed))
    return len(said) >= _KEY_WORDS and len(said & set(content_words(other.stem))) >= _CLAIM_SAID * len(said)


def _facts_in(item: Item, bank: Bank) -> list[Fact]:
    """The facts that an item asks about: of terms that are matched with their meanings, and of statements, all."""
    several = item.kind == "match" or item.stem.endswith(ONE_IS_RIGHT)
    asked = (option.fact_id for option in item.options) if several else ()
    return [bank.by_id[one] for one in dict.fromkeys((item.fact_id, *asked)) if one in bank.by_id]


def leaks(items: Sequence[Item]) -> tuple[tuple[str, str], ...]:
    """G6: pairs of ids of which the first item's stem or options tell the key of the second.

    A name or number is told where it stands beside what is asked, a sentence where most of its own words are said.
    """
    return tuple(
        (other.id, item.id)
        for item in items
        for other in items
        if other.id != item.id and (key := _told_key(item)) and _tells(other, key, item)
    )


def _told_key(item: Item) -> str:
    """What must not be read elsewhere: the key in words; nothing where it is "True" or an order."""
    if item.kind in ("true-false", "match", "order"):
        return ""
    key = item.key
    if item.is_choice:
        key = next((option.text for option in item.options if option.id == item.key), "")
    return "" if key.lower().strip(". ") in _NO_NAME else key


def _tells(other: Item, key: str, item: Item) -> bool:
    shown = [other.stem, *other.left, *(option.text for option in other.options)]
    named = set(content_words(key))
    if len(named) >= _LONG_KEY or (len(named) > 1 and _NO_NAME_BEGINS.match(key)):
        return any(f" {normalised(key)} " in f" {normalised(text)} " for text in shown) or any(
            _restates(text, key, item) for text in shown
        )
    return any(_names(text, key, item) for text in _wholes(other))


def _wholes(other: Item) -> Iterator[str]:
    """What is read together: the question, and the question with each of its options."""
    asked = " ".join((other.stem, *other.left))
    yield asked
    for option in other.options:
        yield f"{asked} {option.text}"


def _names(text: str, key: str, item: Item) -> bool:
    """Whether a text holds a short key beside what is asked for it: a name alone is on every page."""
    if f" {normalised(key)} " not in f" {normalised(text)} ":
        return False
    named = set(content_words(key))
    asked, beside = set(content_words(item.stem)) - named, set(content_words(text)) - named
    both = len(asked & beside)
    told = bool(asked) and both >= _ASKED_TOLD * len(asked)
    return told or (both >= 2 and both >= _LITTLE_ELSE * len(beside))


def _restates(text: str, key: str, item: Item) -> bool:
    """Whether a text says most of the key's own words, and its numbers."""
    own = set(content_words(key)) - set(content_words(item.stem))
    if len(own) < _KEY_WORDS or not _figures(key) - _figures(item.stem) <= _figures(text):
        return False
    return len(own & set(content_words(text))) >= _KEY_TOLD * len(own)


def _figures(text: str) -> set[str]:
    return set(_FIGURE.findall(text))
