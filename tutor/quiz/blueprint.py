"""A topic -> the items of one quiz: which facts, in which order, asked in which way; nothing that a gate refuses."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tutor.errors import QuizError
from tutor.quiz.asked_names import name_item
from tutor.quiz.authored import authored_item
from tutor.quiz.bank import Bank
from tutor.quiz.choices import choice_item, definition_item, gap_item, term_item
from tutor.quiz.claims import claim_item
from tutor.quiz.computed import computed_item
from tutor.quiz.contrasts import either
from tutor.quiz.cuts import reveals
from tutor.quiz.facts import Fact, is_everyday
from tutor.quiz.falsehoods import statement_item
from tutor.quiz.flaws import hard_flaws
from tutor.quiz.formulas import formula_item
from tutor.quiz.gaps import cloze
from tutor.quiz.gates import refusals
from tutor.quiz.items import KINDS, Item, Kind, plain
from tutor.quiz.judgements import true_false
from tutor.quiz.repeats import duplicates, leaks, say_the_same
from tutor.quiz.scope import IS, NAMES, Levels, flat
from tutor.quiz.sets import match, order
from tutor.quiz.situations import situation_item
from tutor.quiz.subject import with_subject
from tutor.quiz.typed import defined, explain, mistake, number
from tutor.quiz.values import value_item
from tutor.reviewing import Which
from tutor.words import content_words, split_sentences

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
# What a student calls them.
NAMES_OF_KINDS: Mapping[Kind, str] = {
    "short": "short-answer", "choice": "multiple-choice", "definition": "multiple-choice", "term": "multiple-choice",
    "cloze": "fill-in-the-gap", "true-false": "true-or-false", "either": "either-or", "match": "matching",
    "order": "ordering", "number": "number", "explain": "explain-it",
}  # fmt: skip
_STABLE_DAYS = 14.0
# At most one question in so many that is only true or false, or that takes long to answer.
_RARE: Mapping[Kind, int] = {"true-false": 4, "match": 5, "explain": 5}
_ENOUGH = 10
_FEWEST = 3
_FEW_WORDS = 8
_NO_WORDS: frozenset[Kind] = frozenset(("true-false", "match", "order"))  # no words are their answer
_TOLD = 0.6  # the share of an answer's own words that tells most of it
_MOST_SAID = 0.8  # the share of a sentence's own words that says it
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
        Items of different facts in the order in which they are to be asked; what was asked before comes last, unless
        it is due or was missed.

    Raises:
        QuizError: nothing can be asked; the remedy names the nearest topics, or what else may be asked.
    """
    levels = bank.scope.levels(topic) if topic.strip() else {IS: list(bank.facts)}
    if which:
        due = set(standing.due)
        levels = {level: [fact for fact in group if fact.id in due] for level, group in levels.items()}
        if not any(levels.values()):
            raise nothing_of(which, topic)
    beside = {fact.id for fact in levels.get(NAMES, ())}
    there = {fact.id for group in levels.values() for fact in group}
    found: list[Item] = []
    # An item whose answer is the topic itself asks nothing, so it comes only where there is nothing better.
    for named in (False, True) if topic.strip() else (True,):
        for fact in _in_turn(levels, n, rng, standing):
            if len(found) == n or (named and topic.strip() and len(found) >= _FEWEST):
                break
            drawn = drawn_kinds(kinds, found, n, fact, rng, standing)
            names = fact.id in beside
            fits = _fits(bank, topic, there, names=names, named=named)
            item = _first_sound(fact, bank, rng, drawn, found, fits, unwanted, topic if names else "")
            if item is not None:
                found.append(item)
    if not found:
        raise _nothing(bank, topic, kinds)
    again = set(standing.asked) - set(standing.due) - set(standing.missed)
    first = [item for item in found if item.fact_id not in again]
    return interleaved(first) + interleaved([item for item in found if item.fact_id in again])


def nothing_of(which: Which, topic: str) -> QuizError:
    """That nothing is due, or that no wrong answer still stands."""
    if which == "missed":
        on = f"Nothing you got wrong on {topic} still stands" if topic.strip() else ""
        return QuizError(on or "You got nothing wrong that still stands", "Ask for a quiz on a topic.")
    on = f" on {topic}" if topic.strip() else ""
    return QuizError(f"Nothing is due{on} now", "Ask for a quiz on a topic instead.")


def _nothing(bank: Bank, topic: str, kinds: Collection[Kind]) -> QuizError:
    on = f" on {topic}" if topic.strip() else ""
    if set(kinds) != set(KINDS):
        names = dict.fromkeys(NAMES_OF_KINDS[kind] for kind in KINDS if kind in kinds)
        return QuizError(
            f"Your notes hold no {' or '.join(names)} questions{on}", "Ask for another kind, or for any kind."
        )
    if not bank.facts:
        return QuizError(
            "Your notes hold no quiz questions",
            "Add cards to them: a line that begins with “Q:”, and below it one that begins with “A:”.",
        )
    near = bank.scope.near(topic)
    if near:
        return QuizError(f"Your notes hold no quiz questions{on}", f"Near to it are: {', '.join(near)}.")
    main = ", ".join(bank.scope.main())
    return QuizError(f"Your notes hold nothing{on}, and nothing near it", f"Their main topics are: {main}.")


def on_topic(bank: Bank, topic: str, n: int) -> list[Fact]:
    """The facts on a topic, those that are about it first, and those that only name it where these are few; all for an
    empty topic."""
    return flat(bank.scope.levels(topic), _enough(n)) if topic.strip() else list(bank.facts)


def _enough(n: int) -> int:
    return max(_ENOUGH, 2 * n)


def _in_turn(levels: Levels, n: int, rng: random.Random, standing: Standing) -> Iterator[Fact]:
    """The facts in the order in which they are tried: due, missed, never asked, the rest by how often they were; those
    that are about the topic before those that only name it."""
    due = {fact_id: place for place, fact_id in enumerate(standing.due)}
    drawn = {level: rng.sample(group, len(group)) for level, group in levels.items()}
    # Beginners' own words make good questions, but many of them in a row are riddles.
    rare = {
        fact.id
        for group in drawn.values()
        for fact in group
        if is_everyday(fact) and rng.random() > _EVERYDAY
    }

    def turn(fact: Fact) -> tuple[int, int]:
        if fact.id in due:
            return 0, due[fact.id]
        if fact.id in standing.missed:
            return 1, 0
        return 2, 2 * standing.asked.get(fact.id, 0) + (fact.id in rare)

    close = flat(drawn, _enough(n))
    there = {fact.id for fact in close}
    yield from sorted(close, key=turn)
    yield from sorted((fact for group in drawn.values() for fact in group if fact.id not in there), key=turn)


def drawn_kinds(
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
    fits: Callable[[Item], bool],
    unwanted: Collection[str] = (),
    topic: str = "",
) -> Item | None:
    """The first item that fits and passes every gate, also beside those found before; None where there is none."""
    if any(fact.id == item.fact_id for item in found) or _is_near(fact, bank, found):
        return None
    stems = {plain(item.stem) for item in found}
    for kind in kinds:
        for item in made(kind, fact, bank, rng, topic):
            wanted = item.id not in unwanted and plain(item.stem) not in stems and fits(item)
            if wanted and is_sound(item, bank, found):
                return item
    return None


def _fits(
    bank: Bank, topic: str, there: Collection[str], *, names: bool, named: bool
) -> Callable[[Item], bool]:
    """Whether an item fits a topic.

    Args:
        there: the ids of the facts on the topic; of the terms that are to be matched, most must be.
        names: the item itself must name the topic, since its fact is about something else.
        named: the answer may be the topic itself.
    """

    def fits(item: Item) -> bool:
        if item.kind == "match" and 2 * sum(one.fact_id in there for one in item.options) <= len(item.left):
            return False
        key = next((option.text for option in item.options if option.id == item.key), item.key)
        short = key if len(key.split()) <= _FEW_WORDS else ""
        if names and not bank.scope.names(topic, f"{item.stem} {short}"):
            return False
        if short and bank.scope.is_topic(topic, short):
            return named
        return not (item.is_choice and _alone_names(bank, topic, item))

    return fits


def _alone_names(bank: Bank, topic: str, item: Item) -> bool:
    """Whether of an item's options the key alone names what the student asked for, which tells it."""
    naming = [option.id for option in item.options if bank.scope.names(topic, option.text)]
    return naming == [item.key]


def _is_near(fact: Fact, bank: Bank, found: Sequence[Item]) -> bool:
    others = [bank.by_id[item.fact_id] for item in found if item.fact_id in bank.by_id]
    return any(say_the_same(fact, other, bank) for other in others)


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
    "true-false": (_author_of("true-false"), true_false),
    "either": (either,),
    "choice": (
        _author_of("choice"),
        value_item,
        computed_item,
        formula_item,
        choice_item,
        claim_item,
        situation_item,
        statement_item,
    ),
    "definition": (definition_item,),
    "term": (name_item, term_item, gap_item),
    "match": (match,),
    "order": (order,),
    "cloze": (cloze,),
    "number": (number,),
    "short": (_author_of("short"), defined),
    "explain": (mistake, explain),
}


def made(kind: Kind, fact: Fact, bank: Bank, rng: random.Random, topic: str = "") -> Iterator[Item]:
    """The items of a kind on a fact, the best first, not yet through the gates; each says what it is about.

    Args:
        topic: what the student wants to be asked about, where the fact is filed under something wider.
    """
    built = (build(fact, bank, rng) for build in BUILDERS[kind])
    return (with_subject(item, fact, bank, topic) for item in built if item is not None)


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
    told: Sequence[str] = (),
) -> Item | None:
    """A harder or an easier item in place of one: the same fact asked in another way, else another fact of its concept.

    Args:
        beside: the other items of the quiz, which it may neither repeat nor tell, nor be told by.
        unwanted: ids of items that are not to be asked.
        told: what else the student was shown, such as hints and feedback; neither this nor the item in place of which
            it comes may tell its answer.
    """
    place = LADDER.index(item.kind)
    kinds = LADDER[place + 1 :] if wish == "harder" else LADDER[:place][::-1]
    own = [bank.by_id[item.fact_id]] if item.fact_id in bank.by_id else []
    others = [fact for fact in bank.facts if fact.concept == item.concept and fact.id != item.fact_id]
    shown = (item.stem, *item.left, *(option.text for option in item.options), *told)
    for fact in (*own, *rng.sample(others, len(others))):
        found = _first_sound(
            fact, bank, rng, kinds, beside, lambda one: not _known_by(one, item, shown), {item.id, *unwanted}
        )
        if found is not None:
            return found
    return None


def _known_by(made: Item, item: Item, shown: Sequence[str]) -> bool:
    """Whether an item asks what another asks in the same words, but for "Explain in your own words", or what the other,
    or a text that was shown, has just told."""
    if (
        made.fact_id == item.fact_id
        and not made.options
        and (made.stem in item.stem or item.stem in made.stem)
    ):
        return True
    if made.kind in _NO_WORDS:
        return made.kind == "match" and item.fact_id in {option.fact_id for option in made.options}
    if (item.id, made.id) in leaks([item, made]):
        return True
    return any(reveals(made, text, _TOLD) or _says_part(text, made) for text in shown)


def _says_part(text: str, item: Item) -> bool:
    """Whether a text says one of the sentences of an item's key, but for what the question holds."""
    asked, said = set(content_words(item.stem)), set(content_words(text))
    sentences = (set(content_words(item.key[begin:end])) - asked for begin, end in split_sentences(item.key))
    return any(len(own) >= _FEWEST and len(own & said) >= _MOST_SAID * len(own) for own in sentences)
