"""Distractors mined from the notes: what is true of other things, of the same kind and from the notes on the topic.

Who knows the words of a field leaves out what plainly speaks of something else. So an option comes from the notes that
the stem's fact is about, or from notes linked to them, and says mostly what these notes' words say.

Which of them are shown is drawn so that neither length nor words in common with the stem tells the key: the key's
ranks are drawn at random first, and a set is looked for in which it has them. A fixed rule, such as "never the
longest", would be a cue itself.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tutor.quiz.bank import Bank
from tutor.quiz.facts import Fact, is_everyday
from tutor.quiz.flaws import ABSOLUTES, HEDGES, OTHERS, numeric
from tutor.quiz.items import plain
from tutor.quiz.second_keys import stems_of
from tutor.quiz.shapes import Answer
from tutor.words import without_article

LEAST_COSINE, MOST_COSINE = 0.25, 0.86
_LEAST_AT_HOME = 0.15  # cosine below which also a fact of the same note is off the topic
_AT_HOME = 0.6  # share of an option's words that the notes on the stem's topic use
_EVERYDAY_AT_HOME = 0.3  # the same where each option names its thing and the stem is in everyday words
_POOL = 24
_DRAWS = 400
_TRIES = 36  # of the sets drawn, how many are looked at word by word
_LONGEST = 1.3  # how much longer than the next one the longest option may be
_NEAR = 6.0  # what a cosine of 1 between the facts of an option and the key is worth to a set
_EVEN_SHARES, _EVEN_LENGTHS = 6.0, 0.5  # what uneven shares of the stem's words and uneven lengths cost a set
_SPREAD = 2.2  # how much longer than the shortest one


@dataclass(frozen=True)
class Candidate:
    """A fact whose answer may be a distractor, in its forms, the longest first; `name` is what it is said of."""

    fact: Fact
    texts: tuple[str, ...]
    cosine: float
    name: str = ""


@dataclass(frozen=True)
class Chosen:
    """The key as it is shown, and the distractors with the facts that they truly answer."""

    key: str
    others: tuple[tuple[str, Fact], ...]


def mine(
    fact: Fact,
    stem: str,
    bank: Bank,
    forms: Callable[[Fact], Sequence[str]],
    is_second_key: Callable[[Fact, str], bool],
    least: float = LEAST_COSINE,
    said_of: Callable[[Fact], str] | None = None,
    weight: float = 1.0,
    about: str | None = None,
    is_name: bool = False,
) -> list[Candidate]:
    """The candidates for the distractors of a fact.

    Args:
        stem: what is asked.
        forms: another fact -> how its answer would be shown, the longest first; empty where it does not fit.
        is_second_key: whether such an answer may be right too.
        least: cosine below which a fact is off the topic.
        said_of: another fact -> what its answer is said of; one thing gives one option only.
        weight: how much the words that an answer shares with the stem count beside its topic.
        about: the name of what the options are said of, so that they are said of the same sort of thing; empty where
            that cannot be told; None where each option says its thing.
        is_name: whether the options are names; these stand in the notes on the topic, or are of the sort of `about`.
    """
    told, homes, own = stems_of(stem), bank.homes, bank.homes.of(fact)

    def at_home(text: str) -> bool:
        if is_name:
            return homes.names(text, fact, about or "")
        bar = _EVERYDAY_AT_HOME if about is None else _AT_HOME
        return homes.share(text, fact) >= bar

    fit: list[tuple[Candidate, float]] = []
    for other, cosine in homes.near(fact):
        # A beginner's picture of one thing ("it cuts the prompt into tokens") fits many others.
        same = bool(own & homes.of(other))
        if cosine < (_LEAST_AT_HOME if same else least) or (is_everyday(other) and not is_everyday(fact)):
            continue
        # Where it cannot be told what they are said of, those from linked notes are of other matters.
        if about == "" and not same:
            continue
        # A sentence has the cosine of its whole section.
        if cosine > MOST_COSINE and other.id in bank.by_id:
            continue
        texts = tuple(text for text in forms(other) if not _leans(text) and at_home(text))
        name = (plain(said_of(other)) if said_of else _said_of(other, bank)) if texts else ""
        if texts and (not about or homes.alike(about, name, is_name)):
            shared = max(_share(text, told) for text in texts)
            fit.append((Candidate(other, texts, cosine, name), cosine + weight * shared))
    return _first_of(fit, is_second_key)


def _leans(text: str) -> bool:
    """Whether an option leans on words beside it: those of other options, or those of the sentence that it is from."""
    return bool(OTHERS.search(text) or _POINTS.search(text) or _TWO_SUBJECTS.search(text))


def _first_of(
    fit: Sequence[tuple[Candidate, float]], is_second_key: Callable[[Fact, str], bool]
) -> list[Candidate]:
    """The best candidates that are not right too: half of them for their topic, half for the words that they share with
    the stem."""
    by_words = [one for one, _ in sorted(fit, key=lambda pair: -pair[1])]
    found: dict[str, Candidate] = {}
    for pair in zip((one for one, _ in fit), by_words, strict=True):
        for one in pair:
            if len(found) < _POOL and one.fact.id not in found and not is_second_key(one.fact, one.texts[0]):
                found[one.fact.id] = one
    return list(found.values())


def _said_of(fact: Fact, bank: Bank) -> str:
    """What a fact is about, in plain words; empty where its whole sentence is shown."""
    if fact.id in bank.definitions:
        return plain(bank.definitions[fact.id][0])
    subject = next((answer.subject for answer in bank.lent(fact)), "")
    return plain(without_article(subject))


def _share(text: str, told: Collection[str]) -> float:
    words = stems_of(text)
    return len(words.intersection(told)) / max(1, len(words))


def choose(
    stem: str,
    keys: Sequence[str],
    candidates: Sequence[Candidate],
    rng: random.Random,
    counts: Sequence[int] = (3, 2),
    refused: Callable[[Chosen], bool] = lambda _: False,
) -> Chosen | None:
    """The key's form and the set of distractors in which its ranks are nearest to ranks drawn at random.

    Args:
        keys: the forms of the key.
        counts: how many distractors, the best number first.
        refused: a last check of a set, on its words.
    """
    told = stems_of(stem)
    known = [[_seen(text, told) for text in one.texts] for one in candidates]
    known.append([_seen(text, told) for text in keys])
    order = sorted(range(len(candidates)), key=lambda n: -max(one.overlap for one in known[n]))
    rich = order[: max(len(order) // 2, counts[0])]
    for count in counts:
        if len(candidates) < count:
            continue
        targets = rng.random(), rng.random()
        drawn: list[tuple[float, int, Chosen]] = []
        lowest = count
        for _ in range(_DRAWS):
            picked = rng.sample(rich if rng.random() < 0.4 else order, count)
            names = [candidates[n].name for n in picked if candidates[n].name]
            if len(set(names)) < len(names):
                continue
            seen = [rng.choice(known[-1]), *(rng.choice(known[n]) for n in picked)]
            unlike = _unlike(seen)
            if unlike is None:
                continue
            near = sum(candidates[n].cosine for n in picked) / count
            others = tuple((one.text, candidates[n].fact) for one, n in zip(seen[1:], picked, strict=True))
            missed = _missed(seen, targets, rng)
            drawn.append((missed + unlike - _NEAR * near, len(drawn), Chosen(seen[0].text, others)))
            lowest = min(lowest, sum(one.overlap < seen[0].overlap for one in seen[1:]))
        if not drawn or lowest > (count - 1) // 2:
            # Where the key always shares the most words with the stem, these would give it away.
            continue
        for _, _, chosen in sorted(drawn, key=lambda one: one[:2])[:_TRIES]:
            if not refused(chosen):
                return chosen
    return None


def _missed(seen: Sequence[Seen], targets: tuple[float, float], rng: random.Random) -> float:
    """How far the key, the first text, is from the ranks drawn for its length and for its words of the stem.

    Among equals it has any rank, drawn too: else sets of equals would fit every rank, and the rest be uneven.
    """
    size = len(seen)
    missed = 0.0
    for values, target in zip(
        ([one.length for one in seen], [one.overlap for one in seen]), targets, strict=True
    ):
        below = sum(value < values[0] for value in values)
        same = sum(value == values[0] for value in values) - 1
        missed += abs(below + rng.randint(0, same) - min(int(target * size), size - 1)) * 3.0
    return missed


def _unlike(seen: Sequence[Seen]) -> float | None:
    """How much the options differ in what catches the eye, whichever is the key; None where one stands out."""
    lengths = sorted(one.length for one in seen)
    if lengths[-1] > _LONGEST * lengths[-2] or lengths[-1] > _SPREAD * lengths[0]:
        return None
    if len({one.pronoun for one in seen} - {""}) > 1:
        return None
    if sum(one.overlap > 0 for one in seen) == 1 or sum(one.absolute for one in seen) in (1, len(seen) - 1):
        return None
    unlike = 0.0
    for column in zip(*(one.marks for one in seen), strict=True):
        unlike += 0.25 * min(sum(column), len(seen) - sum(column))
    shares = [one.overlap for one in seen]
    unlike += _EVEN_SHARES * (max(shares) - min(shares)) + _EVEN_LENGTHS * (lengths[-1] / lengths[0] - 1)
    return unlike + 0.1 * len({one.opening for one in seen})


@dataclass(frozen=True)
class Seen:
    """What can be seen of an option: its length in characters, its share of the stem's words, marks in it, whether it
    speaks of one thing or of several."""

    text: str
    length: float
    overlap: float
    absolute: bool
    marks: tuple[bool, ...]
    opening: str
    pronoun: str


def _seen(text: str, told: Collection[str]) -> Seen:
    marks = tuple(bool(pattern.search(text)) for pattern in _MARKS)
    opening = " ".join(text.split()[:2]).lower()
    found = _PRONOUN.search(text)
    pronoun = ("one" if found[1].lower().startswith("it") else "several") if found else ""
    return Seen(
        text, float(len(text)), _share(text, told), bool(ABSOLUTES.search(text)), marks, opening, pronoun
    )


# What points at something said before: "because noise there would remain", "the generator wants them to be real".
_POINTS = re.compile(
    r"\b(?:them|there|these|those|both|others?|the former|the latter|such)\b(?! (?:is|are|as)\b)",
    re.IGNORECASE,
)
# "It measures fidelity and recall measures diversity": half of it is said of another thing.
_TWO_SUBJECTS = re.compile(r"^(?:it|they) (\w+)\b.*\band\b[^,;]*\b\1\b", re.IGNORECASE)
_PRONOUN = re.compile(r"^(?:because |so that |by |when )?(its?|they|their)\b", re.IGNORECASE)
_MARKS = (HEDGES, *map(re.compile, (r"\d", r"\$", r"[,;:(]", r".\bbecause\b")))


def same_form(answer: Answer, other: Answer) -> bool:
    """Whether two answers can stand side by side: the same shape, and numbers of the same form."""
    if answer.shape != other.shape:
        return False
    if answer.shape != "value":
        return ("$" in answer.texts[-1]) == ("$" in other.texts[-1])
    return _format(answer.texts[-1]) == _format(other.texts[-1])


def _format(value: str) -> str:
    """A number's form: digits as 0, so that 0.731 and 0.25 agree and 0.731 and 42 do not; its unit kept."""
    return re.sub(r"[\d,]*\d", "0", value.lower())


def ordered(texts: Sequence[str], rng: random.Random) -> list[int]:
    """The order in which options are shown: shuffled, numbers ascending."""
    order = list(range(len(texts)))
    values = numeric(texts)
    if values:
        return sorted(order, key=lambda n: values[n])
    rng.shuffle(order)
    return order
