"""A topic -> the items of one quiz: which facts, in which order, asked in which way; nothing that a gate refuses."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tutor.errors import QuizError
from tutor.notes.note import Card
from tutor.quiz.authored import authored_item
from tutor.quiz.bank import Bank
from tutor.quiz.choices import choice_item, definition_item, term_item
from tutor.quiz.contrasts import either
from tutor.quiz.facts import Fact
from tutor.quiz.flaws import hard_flaws
from tutor.quiz.gaps import cloze, cloze_choice
from tutor.quiz.gates import duplicates, leaks, refusals
from tutor.quiz.items import KINDS, Item, Kind
from tutor.quiz.judgements import true_false
from tutor.quiz.sets import match, order
from tutor.quiz.typed import explain, mistake, number
from tutor.reviewing import Which

Builder = Callable[[Fact, Bank, random.Random], Item | None]
Wish = Literal["harder", "easier"]

# From what is only recognised to what is told in one's own words. A fact climbs as it is remembered for longer.
LADDER: tuple[Kind, ...] = (
    "true-false", "either", "choice", "definition", "term", "match", "order", "cloze", "number", "short", "explain",
)  # fmt: skip
# How often each kind is drawn for a fact that is new, and for one that has been remembered for weeks.
_NEW: Mapping[Kind, float] = {
    "choice": 4, "definition": 1.5, "term": 1.5, "cloze": 2, "true-false": 2, "either": 2, "match": 0.5, "order": 1.5,
    "number": 2, "short": 1.2, "explain": 0.5,
}  # fmt: skip
_STABLE: Mapping[Kind, float] = {
    "choice": 1, "definition": 0.5, "term": 1, "cloze": 2, "true-false": 0.5, "either": 1, "match": 0.5, "order": 2,
    "number": 3, "short": 5, "explain": 4,
}  # fmt: skip
_STABLE_DAYS = 14.0
# At most one question in so many that is only true or false, or that takes long to answer.
_RARE: Mapping[Kind, int] = {"true-false": 4, "match": 5, "explain": 5}
_SAME = 0.9
_ENOUGH = 10
_EVERYDAY = 0.25  # the share of a note's "Students ask" that is asked along with cards


@dataclass(frozen=True)
class Standing:
    """What is known of the student, by the ids of facts.

    Attributes:
        due: facts to be repeated now, the most urgent first.
        asked: how often a fact was asked; facts that were never asked come before those that were.
        missed: facts answered wrong the last time.
        stability_days: for how long a fact is expected to be remembered.
    """

    due: Sequence[str] = ()
    asked: Mapping[str, int] = field(default_factory=dict)
    missed: Collection[str] = frozenset()
    stability_days: Mapping[str, float] = field(default_factory=dict)


NOTHING_KNOWN = Standing()


def quiz_items(
    bank: Bank,
    topic: str,
    n: int,
    *,
    rng: random.Random,
    kinds: Collection[Kind] = KINDS,
    standing: Standing = NOTHING_KNOWN,
    which: Which = "",
    unwanted: Collection[str] = (),
) -> list[Item]:
    """The items of a quiz.

    Args:
        bank: the facts of the notes.
        topic: the student's words; empty for the whole library.
        n: how many items at most; fewer where the notes hold fewer.
        rng: draws facts, kinds and the places of options.
        kinds: which kinds may be asked.
        which: "due" or "missed" asks only what `standing` calls due; the message says which of them there is none of.
        unwanted: ids of items that are not to be asked.

    Returns:
        Items of different facts in the order in which they are to be asked.

    Raises:
        QuizError: nothing can be asked; the remedy names the nearest topics, or what else may be asked.
    """
    core, naming = _gathered(bank, topic, n)
    facts = [*core, *naming]
    if which:
        due = set(standing.due)
        facts = [fact for fact in facts if fact.id in due]
        if not facts:
            raise nothing_of(which, topic)
    found: list[Item] = []
    near = min(2 * n, len(core)) if topic.strip() else len(facts)
    for fact in _in_turn(facts, near, rng, standing):
        if len(found) == n:
            break
        drawn = _drawn_kinds(kinds, found, n, fact, rng, standing)
        item = _first_sound(fact, bank, rng, drawn, found, unwanted)
        if item is not None:
            found.append(item)
    if not found:
        raise _nothing(bank, topic, kinds)
    return interleaved(found)


def nothing_of(which: Which, topic: str) -> QuizError:
    """That nothing is due, or that no wrong answer still stands."""
    if which == "missed":
        on = f"Nothing you got wrong on {topic} still stands" if topic.strip() else ""
        return QuizError(on or "You got nothing wrong that still stands", "Ask for a quiz on a topic.")
    on = f" on {topic}" if topic.strip() else ""
    return QuizError(f"Nothing is due{on} now", "Ask for a quiz on a topic instead.")


def _nothing(bank: Bank, topic: str, kinds: Collection[Kind]) -> QuizError:
    what = (
        f"Your notes hold no quiz questions on {topic}"
        if topic.strip()
        else "Your notes hold no quiz questions"
    )
    if set(kinds) != set(KINDS):
        return QuizError(f"{what} of the kinds {', '.join(kinds)}", "Leave the kinds out, or name others.")
    nearest = bank.retriever.topics(topic) if topic.strip() else ()
    return QuizError(
        what, f"Ask for one of these: {', '.join(nearest)}." if nearest else "Add cards to your notes."
    )


def on_topic(bank: Bank, topic: str, n: int) -> list[Fact]:
    """The facts on a topic: those filed under what it names, where these are few also those that a search finds and
    those that only name it; all for an empty topic."""
    core, naming = _gathered(bank, topic, n)
    return [*core, *naming]


def _gathered(bank: Bank, topic: str, n: int) -> tuple[list[Fact], list[Fact]]:
    """The facts that are about a topic, and those that only name it, wanted where the first are few."""
    if not topic.strip():
        return list(bank.facts), []
    named = bank.retriever.named
    keys = {mention.key for mention in named.mentions(topic)}
    titles = {named.title(key).casefold() for key in keys} - {""}
    concepts = {fact.concept for fact in bank.facts}
    filed = {
        concept
        for concept in concepts
        if concept.casefold() in titles
        or keys & {m.key for m in named.mentions(concept)}
        or _same(concept, topic)
    }
    searched = bank.on_topic(topic, n)
    own = [fact for fact in bank.facts if fact.concept in filed]
    rank = {fact.id: place for place, fact in enumerate(searched)}
    own.sort(key=lambda fact: rank.get(fact.id, len(rank)))
    if len(own) >= max(_ENOUGH, 2 * n):
        return own, []
    core = {fact.id: fact for fact in (*own, *searched)}
    return list(core.values()), [
        fact for fact in bank.facts if keys & bank.named[fact.id] and fact.id not in core
    ]


def _same(concept: str, topic: str) -> bool:
    words = [set(re.findall(r"\w+", text.casefold())) for text in (concept, topic)]
    return bool(words[1]) and words[1] <= words[0]


def _in_turn(facts: Sequence[Fact], near: int, rng: random.Random, standing: Standing) -> Iterator[Fact]:
    """The facts in the order in which they are tried: due, missed, never asked, the rest by how often they were.

    Among those never asked the order of the first `near` is drawn, the others follow as they are given.
    """
    due = {fact_id: place for place, fact_id in enumerate(standing.due)}
    drawn = list(facts)
    drawn[:near] = rng.sample(drawn[:near], min(near, len(drawn)))

    # Beginners' own words make good questions, but many of them in a row are riddles.
    rare = {fact.id for fact in drawn if is_everyday(fact) and rng.random() > _EVERYDAY}

    def turn(fact: Fact) -> tuple[int, int]:
        if fact.id in due:
            return 0, due[fact.id]
        if fact.id in standing.missed:
            return 1, 0
        return 2, 2 * standing.asked.get(fact.id, 0) + (fact.id in rare)

    yield from sorted(drawn, key=turn)


def is_everyday(fact: Fact) -> bool:
    """Whether a fact answers one of the questions in a beginner's words that stand inside a concept note."""
    return isinstance(fact.entry, Card) and any("students ask" in part.casefold() for part in fact.heading)


def _drawn_kinds(
    kinds: Collection[Kind], found: Sequence[Item], n: int, fact: Fact, rng: random.Random, standing: Standing
) -> list[Kind]:
    """The kinds to try for a fact, in a drawn order; one that was asked often in this quiz comes late."""
    stable = min(1.0, standing.stability_days.get(fact.id, 0.0) / _STABLE_DAYS)
    had = [item.kind for item in found]
    weights: dict[Kind, float] = {}
    for kind in LADDER:
        if kind in kinds:
            weight = (1 - stable) * _NEW[kind] + stable * _STABLE[kind]
            full = kind in _RARE and had.count(kind) >= max(1, n // _RARE[kind])
            weights[kind] = weight * (0.01 if full else 0.6 ** had.count(kind))
    # Efraimidis and Spirakis 2006: keys u ** (1 / w) sort into a draw without replacement by weight.
    return sorted(weights, key=lambda kind: -(rng.random() ** (1 / weights[kind])))


def _first_sound(
    fact: Fact,
    bank: Bank,
    rng: random.Random,
    kinds: Sequence[Kind],
    found: Sequence[Item],
    unwanted: Collection[str] = (),
) -> Item | None:
    """The first item that passes every gate, also beside those found before; None where there is none."""
    if any(fact.id == item.fact_id for item in found) or _is_near(fact, bank, found):
        return None
    for kind in kinds:
        for build in BUILDERS[kind]:
            item = build(fact, bank, rng)
            if item is not None and item.id not in unwanted and is_sound(item, bank, found):
                return item
    return None


def _is_near(fact: Fact, bank: Bank, found: Sequence[Item]) -> bool:
    others = [bank.by_id[item.fact_id] for item in found if item.fact_id in bank.by_id]
    return any(bank.cosine(fact, other) > _SAME for other in others)


def is_sound(item: Item, bank: Bank, found: Sequence[Item]) -> bool:
    """Whether no gate refuses an item, by itself and beside those that the quiz has already."""
    if refusals(item, bank, _flaws):
        return False
    if any(_repeats(item, other, bank) for other in found):
        return False
    return not any(leaks([item, other]) for other in found)


def _flaws(item: Item) -> tuple[str, ...]:
    return hard_flaws(item) if item.is_choice and item.kind != "true-false" else ()


def _repeats(item: Item, other: Item, bank: Bank) -> bool:
    return bool(duplicates([item, other], bank))


def _author_of(kind: Kind) -> Builder:
    def build(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
        item = authored_item(fact, rng)
        return item if item is not None and item.kind == kind else None

    return build


# What makes items of a kind, the best first.
BUILDERS: Mapping[Kind, tuple[Builder, ...]] = {
    "true-false": (true_false,),
    "either": (either,),
    "choice": (_author_of("choice"), choice_item),
    "definition": (definition_item,),
    "term": (term_item,),
    "match": (match,),
    "order": (order,),
    "cloze": (cloze, cloze_choice),
    "number": (number,),
    "short": (_author_of("short"),),
    "explain": (mistake, explain),
}


def interleaved(items: Sequence[Item]) -> list[Item]:
    """The items so that neighbours under one heading do not follow each other, as far as that can be; else as given."""
    left, placed = list(items), list[Item]()
    while left:
        last = placed[-1] if placed else None
        place = next((n for n, item in enumerate(left) if last is None or not _siblings(item, last)), 0)
        placed.append(left.pop(place))
    return placed


def _siblings(one: Item, other: Item) -> bool:
    return (one.note, one.heading[:1]) == (other.note, other.heading[:1])


def another(
    item: Item,
    wish: Wish,
    bank: Bank,
    rng: random.Random,
    beside: Sequence[Item] = (),
    unwanted: Collection[str] = (),
) -> Item | None:
    """A harder or an easier item in place of one: the same fact asked in another way, else another fact of its concept.

    Args:
        beside: the other items of the quiz, which it may neither repeat nor tell, nor be told by.
        unwanted: ids of items that are not to be asked.
    """
    place = LADDER.index(item.kind)
    kinds = LADDER[place + 1 :] if wish == "harder" else LADDER[:place][::-1]
    own = [bank.by_id[item.fact_id]] if item.fact_id in bank.by_id else []
    others = [fact for fact in bank.facts if fact.concept == item.concept and fact.id != item.fact_id]
    for fact in (*own, *rng.sample(others, len(others))):
        found = _first_sound(fact, bank, rng, kinds, beside, {item.id, *unwanted})
        if found is not None:
            return found
    return None
