"""Examples of distractors: which three of four candidates to offer beside a question's right answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence

from tutor.quiz.bank import Bank
from tutor.quiz.choices import names_subject
from tutor.quiz.distractors import mine, same_form
from tutor.quiz.facts import Fact, is_everyday
from tutor.quiz.items import plain
from tutor.training.examples import HELD_OUT_NOTES, Lesson

_LONGEST_KEY = 110  # characters
_NEAR_TOPIC = 0.33  # the cosine that a distractor has with the question at least
# The share of two options' weight in common from which on they may say the same, and from which on they do.
_ALIKE, _SAME = 0.36, 0.62


def distractors(allows: Callable[..., bool], bank: Bank, n: int, rng: random.Random) -> list[Lesson]:
    """Questions with their key and four candidates, one of them off the topic or right as well.

    Args:
        allows: whether texts may be learned from.
    """
    facts = [one for one in bank.facts if one.note not in HELD_OUT_NOTES and allows(one.question, one.key)]
    allowed = {one.id for one in facts}
    rng.shuffle(facts)
    made: list[Lesson] = []
    for fact in facts:
        if len(made) == n:
            break
        lesson = _distractor(fact, bank, allowed, rng) if fact.id in bank.answers and fact.question else None
        if lesson is None or lesson.notes & set(HELD_OUT_NOTES):
            continue
        if allows(*lesson.given["candidates"]):
            made.append(lesson)
    return made


def _distractor(fact: Fact, bank: Bank, allowed: Collection[str], rng: random.Random) -> Lesson | None:
    key = bank.answers[fact.id].texts[-1]
    if is_everyday(fact) or len(key) > _LONGEST_KEY or fact.entry is None:
        return None
    wrong = _wrong(fact, key, bank, allowed)
    if len(wrong) != 3:
        return None
    second = _second_key(fact, key, bank)
    odd = (
        second
        if second and rng.random() < 0.5
        else _off_topic(fact, key, [text for text, _ in wrong], bank, rng)
    )
    if odd is None or odd[1].id not in allowed:
        return None
    candidates = [*wrong, odd]
    rng.shuffle(candidates)
    numbers = [f"[{number}]" for number, one in enumerate(candidates, 1) if one is not odd]
    notes = sorted({fact.note, *(other.note for _, other in candidates)})
    given = {
        "question": fact.question,
        "key": key,
        "candidates": [text for text, _ in candidates],
        "notes": notes,
    }
    return Lesson("distractor", given, " ".join(numbers), "script")


def _wrong(fact: Fact, key: str, bank: Bank, allowed: Collection[str]) -> list[tuple[str, Fact]]:
    """Three answers of other questions near by that have the key's form and do not say what it says."""
    answer, keys = bank.answers[fact.id], bank.second_keys

    def forms(other: Fact) -> Sequence[str]:
        theirs = bank.answers.get(other.id)
        fits = theirs and other.question and other.id in allowed and same_form(answer, theirs)
        if not theirs or not fits:
            return ()
        return [text for text in theirs.texts if 0.5 < len(text) / len(key) < 1.5]

    def is_second_key(other: Fact, text: str) -> bool:
        theirs = bank.answers[other.id].subject
        kin = bool(answer.subject and theirs and keys.kin(answer.subject, theirs))
        return kin or keys.alike(key, text) >= _ALIKE or names_subject(answer.subject, text)

    found: list[tuple[str, Fact]] = []
    for one in mine(fact, fact.question, bank, forms, is_second_key, _NEAR_TOPIC):
        if len(found) < 3 and all(keys.alike(one.texts[-1], text) < _ALIKE for text, _ in found):
            found.append((one.texts[-1], one.fact))
    return found


def _second_key(fact: Fact, key: str, bank: Bank) -> tuple[str, Fact] | None:
    """Something else that the notes say and that means what the key means."""
    for other, cosine in bank.near(fact, 6):
        for text in bank.answers[other.id].texts if other.id in bank.answers and cosine > 0.7 else ():
            if plain(text) != plain(key) and bank.second_keys.alike(key, text) >= _SAME:
                return text, other
    return None


def _off_topic(
    fact: Fact, key: str, wrong: Sequence[str], bank: Bank, rng: random.Random
) -> tuple[str, Fact] | None:
    """The answer of a question on another topic, about as long as the others."""
    most = max(len(text) for text in (key, *wrong))
    least = min(len(text) for text in (key, *wrong)) * 0.7
    for other in rng.sample(bank.facts, 200):
        if other.id in bank.answers and bank.cosine(fact, other) < 0.15:
            for text in bank.answers[other.id].texts:
                if least <= len(text) <= most * 1.2 and text[:1].isupper() == key[:1].isupper():
                    return text, other
    return None
