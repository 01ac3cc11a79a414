"""What an answer says about each claim of the key: said, not said, or the opposite said.

An antonym or a negation turns the sign of a match, and a sentence about one of two roles ("the discriminator
...") does not count for the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tutor.lexicon import (
    DIMINISHERS,
    GENERIC,
    NARROW_NEGATORS,
    NEGATORS,
    NUMBERS,
    PHRASES,
    ROLE_NOUNS,
    ROLE_WORDS,
    ROLES,
    carries,
    likeness,
)
from tutor.words import split_sentences, words

NUMBER_WEIGHT, ASKED_NUMBER_WEIGHT = 1.0, 4.0
TOLD_WEIGHT = 0.3  # what the opposite of a word that the question told counts
CHOICE_WEIGHT = 4.0
COMMON_WEIGHT = 0.4  # what is left of a word that stands in several claims of a comparison

_COMPARES = re.compile(
    r"\b(?:differ\w*|distinguish\w*|compare\w*|contrast|versus|vs|roles|trade-?offs?|both)\b", re.IGNORECASE
)
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|large|big|long|deep|often)\b|"
    r"\bwhat (?:\w+ ){0,3}(?:number|size|dimension|value|rate)\b",
    re.IGNORECASE,
)
_ASKS_MORE = re.compile(r"\band (?:\w+ )?(?:what|which|how|why|who|where|when)\b", re.IGNORECASE)
_ASKS_WHY = re.compile(r"\b(?:why|reasons?|how|explain)\b", re.IGNORECASE)
_CONTRAST = re.compile(
    r"(?:,?\s*\b(?:rather than|instead of|as opposed to|unlike|in contrast to)\b|,\s*(?:and\s+)?not\b)"
    r"[^,.;]*",
    re.IGNORECASE,
)
_NOT_ONLY = re.compile(r"\bnot\s+(?:just|only|merely|simply)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"\s*;\s*|,?\s+\b(?:while|whereas|but|although|though|however)\b\s+|"
    r",?\s+(?=\b(?:because|since)\b)|"
    r",?\s+\b(?:and|then)\b\s+(?=(?:then\s+)?(?:the|a|an|it|its|they|one|discriminators?|generators?|"
    rf"encoders?|decoders?)\b)|,\s+(?=(?:(?:the|an?)\s+\w+|(?:{'|'.join(sorted(ROLE_WORDS))})s?)\s+\w)",
    re.IGNORECASE,
)
_CONTRASTED = re.compile(
    r"\b(?:while|whereas|instead of|rather than|unlike|as opposed to|also|additionally|without)\b",
    re.IGNORECASE,
)
_REASON = re.compile(r"\s*(?:because|since)\b", re.IGNORECASE)
_LEAD = re.compile(r"^\s*(?:in|for|during|within|with|inside|at)\b[^,]*,\s*", re.IGNORECASE)
_PASSIVE = re.compile(r"\b(?:is|are|was|were|be|being|been|gets?)\b.*\bby\b(.*)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.\-])(\d+(?:[.,]\d+)*)(\s*(?:%|percent\b))?")
_MARK = re.compile(r"(?m)^\s*(?:[-*•]|\d{1,3}[.)])\s+")


@dataclass(frozen=True)
class Word:
    """A word that carries meaning: its stem and whether the text negates it."""

    stem: str
    negated: bool = False


@dataclass(frozen=True)
class Clause:
    """A clause: its words, and its numbers as decimals."""

    text: str
    words: tuple[Word, ...]
    numbers: frozenset[str]


@dataclass(frozen=True)
class Claim:
    """A part of the key.

    Attributes:
        weights: what each of `clause.words` is worth.
        main: it answers the question; the others add to it.
        number_weight: what each of its numbers is worth.
        subjects: the names of what it is about, where that can be mistaken for something else.
        rivals: the names of what it could be mistaken for.
        told: the stems that the question told.
    """

    text: str
    clause: Clause
    weights: tuple[float, ...]
    main: bool
    number_weight: float = NUMBER_WEIGHT
    subjects: frozenset[str] = frozenset()
    rivals: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()


def plain(text: str) -> str:
    """The text with TeX, list marks and quotation marks taken away and set phrases made single words."""
    text = re.sub(r"\\(?:text|mathrm|mathbf|mathcal|left|right)\b", " ", text)
    text = re.sub(r"\\([A-Za-z]+)", r" \1 ", re.sub(r"\\[()\[\],;!]", " ", text))
    text = re.sub(r"[${}^\"“”*`]", " ", _MARK.sub("", text))
    for phrase, word in PHRASES:
        text = phrase.sub(word, text)
    return re.sub(r"\b(non|un|re|de)-(?=[a-z])", r"\1", text, flags=re.IGNORECASE)


def clauses_of(text: str) -> list[Clause]:
    """The clauses of an answer or of a claim."""
    parts = []
    for begin, end in split_sentences(text):
        sentence = _NOT_ONLY.sub(" ", plain(text[begin:end]))
        for part in _CLAUSE.split(_CONTRAST.sub(" ", sentence)):
            if re.search(r"\w", part):
                parts.append(clause_in(part))
    return parts


def clause_in(text: str) -> Clause:
    """A text that is one clause, as it stands."""
    return Clause(text.strip(), tuple(_words(text)), _numbers(text))


def _words(clause: str) -> list[Word]:
    """The words that carry meaning, negated as far as a negation reaches (to the next comma, four words)."""
    found: list[Word] = []
    for part in re.split(r"[,:()]", clause):
        reach = 0
        for raw in re.findall(r"\S+", part):
            bare = raw.lower().strip(".,!?'’")
            if bare in NEGATORS or re.search(r"n['’]t$", bare):
                reach = 4
            elif bare in NARROW_NEGATORS:
                reach = 2
            elif bare in ("and", "but", "because", "so", "since") or (bare == "to" and reach <= 2):
                reach = 0
            for word in words(re.sub(r"[-_]", " ", raw)):
                if not carries(word) or word == "without":
                    continue
                found.append(Word(word, reach > 0))
                reach = max(0, reach - 1)
    return found


def _numbers(text: str) -> frozenset[str]:
    """Numbers as decimals; a percentage and "half" also as fractions, so that 50 %, 0.5 and half agree."""
    found: set[str] = set()
    for match in _NUMBER.finditer(text):
        value = float(match[1].replace(",", "") if match[1].count(".") < 2 else match[1].split(".")[0])
        found.add(f"{value / 100:g}" if match[2] else f"{value:g}")
    lowered = re.findall(r"[a-z]+", text.lower())
    found.update(NUMBERS[word] for word in lowered if word in NUMBERS)
    if "half" in lowered:
        found.add("0.5")
    return frozenset(found)


def claims_of(key: str, question: str) -> list[Claim]:
    """The claims of a key: its list items, or the clauses of its sentences.

    The first sentence answers the question (`main`), the others add to it, and so do reasons unless the
    question asks for them; where it asks for a comparison that the first sentence does not make by itself every
    sentence answers. Words of the question weigh nothing.
    """
    told = told_by(question)
    compares, why = bool(_COMPARES.search(question)), bool(_ASKS_WHY.search(question))
    listed = [match.start() for match in _MARK.finditer(key)]
    found: list[Claim] = []
    if len(listed) > 1:
        for begin, end in pairwise([*listed, len(key)]):
            clause = clause_in(" ".join(plain(key[begin:end]).split()))
            weights = _weights(clause, told, _term(clause.text))
            found.append(Claim(clause.text, clause, weights, main=True))
    else:
        sentences = split_sentences(key)
        contrasted = any(_CONTRASTED.search(key[begin:end]) for begin, end in sentences[:1])
        for n, (begin, end) in enumerate(sentences):
            for clause in clauses_of(key[begin:end]):
                main = (n == 0 or (compares and not contrasted)) and (why or not _REASON.match(clause.text))
                found.append(Claim(" ".join(clause.text.split()), clause, _weights(clause, told), main))
    kept = [claim for claim in found if sum(claim.weights) >= 0.8 or claim.clause.numbers]
    if not any(claim.main for claim in kept):
        kept = [replace(claim, weights=_weights(claim.clause, frozenset()), main=True) for claim in found]
    if _ASKS_NUMBER.search(question) and not _ASKS_MORE.search(question):
        kept = [replace(claim, number_weight=ASKED_NUMBER_WEIGHT) for claim in kept]
    choices = left_open(question)
    return _with_rivals([_stress(claim, choices) for claim in kept], told)


def _stress(claim: Claim, choices: Collection[str]) -> Claim:
    """The claim with its words among the question's choices made the heaviest: naming one is the answer."""
    pairs = zip(claim.clause.words, claim.weights, strict=True)
    return replace(
        claim, weights=tuple(w and (CHOICE_WEIGHT if word.stem in choices else w) for word, w in pairs)
    )


def told_by(question: str) -> frozenset[str]:
    """The stems that a question gives away; of "an X or a Y?" the two it leaves open are not among them."""
    told = {word.stem for clause in clauses_of(question) for word in clause.words}
    return frozenset(told - left_open(question))


def left_open(question: str) -> frozenset[str]:
    """The words on both sides of "or": the answer is one of them."""
    found: set[str] = set()
    for clause in clauses_of(question):
        before, either, after = clause.text.partition(" or ")
        if either:
            sides = [_choices(side) for side in (before, after)]
            found.update(sides[0][-1:] + sides[1][:1])
    return frozenset(found)


def _choices(side: str) -> list[str]:
    """The words of a side that may be the answer; a word that such notes are full of where there is no other.

    "During training or during sampling?" leaves training open, "a diffusion model or a GAN?" not the model.
    """
    found = [word.stem for word in _words(side)]
    return [word for word in found if word not in GENERIC] or found


def _with_rivals(claims: Sequence[Claim], told: frozenset[str]) -> list[Claim]:
    """The claims, each knowing its rivals; words that stand in several of them set them apart less."""
    names = [frozenset(word.stem for word in claim.clause.words) for claim in claims]
    count = Counter(name for claim, own in zip(claims, names, strict=True) if claim.main for name in own)
    found = []
    for claim, own in zip(claims, names, strict=True):
        # What the question names and only this claim speaks of: "a VAE" against "a plain autoencoder".
        named = frozenset(name for name in told if count[name] == 1)
        others = named - own if claim.main and named & own else frozenset()
        role = subject_of(claim.clause.text, ROLE_WORDS, told)
        for family in ROLES:
            if role in family:
                others = others | {other for other in family if not likeness(role, other)}
        weights = tuple(
            weight * (COMMON_WEIGHT if claim.main and count[word.stem] > 1 else 1.0)
            for word, weight in zip(claim.clause.words, claim.weights, strict=True)
        )
        found.append(
            replace(claim, weights=weights, subjects=(named & own) | {role}, rivals=others, told=told)
        )
    return found


def subject_of(clause: str, names: Collection[str], told: Collection[str]) -> str:
    """Which of the names the clause is about: the doer of a passive, else the one that opens it; or none."""
    passive = _PASSIVE.search(clause)
    if passive:
        doers = [word for word in words(passive[1])[:4] if word in names]
        if doers:
            return doers[0]
    for word in words(_LEAD.sub("", clause)):
        if word in names:
            return word
        if carries(word) and word not in ROLE_NOUNS and word not in told:
            return ""
    return ""


def _term(item: str) -> str:
    """What a list item of the form "Term: gloss" names."""
    named, colon, _ = item.partition(":")
    return named if colon and len(named.split()) <= 6 else ""


def _weights(clause: Clause, told: Collection[str], term: str = "") -> tuple[float, ...]:
    """What each word is worth: nothing if the question told it, little if such notes are full of it."""
    named = set(words(term))
    seen: set[str] = set()
    found = []
    for word in clause.words:
        weight = 0.4 if word.stem in GENERIC else 1.0
        if named:
            weight = 2.0 if word.stem in named else 0.25 * weight
        found.append(0.0 if word.stem in told or word.stem in seen else weight)
        seen.add(word.stem)
    return tuple(found)


@dataclass(frozen=True)
class Match:
    """How a clause takes up a word of a claim: 1 says it, -1 says the opposite, 0 is silent."""

    value: float
    antonym: bool = False


def matches(claim: Claim, clause: Clause) -> list[Match]:
    """How the clause takes up each word of the claim.

    A word of the answer that says one word of the claim does not count against another ("real" and "fake").
    """
    sides = (claim.clause.words, clause.words)
    lessened = [any(word.stem in DIMINISHERS for word in side) for side in sides]
    negates = [any(word.negated for word in side) for side in sides]
    # "lacks variety" and "variety decreases" agree; so do two clauses that negate other words of one thought.
    negation = 0.6 if lessened[0] != lessened[1] or all(negates) else -1.0
    own, said = ({word.stem for word in side} for side in sides)
    rows = [
        [
            _match(word, other, negation)
            if word.stem == other.stem or (word.stem not in said and other.stem not in own)
            else _SILENT
            for other in clause.words
        ]
        for word in claim.clause.words
    ]
    free = [n for n in range(len(clause.words)) if all(row[n].value < 0.8 for row in rows)]
    found = []
    for row in rows:
        best = max(row, key=lambda match: match.value, default=_SILENT)
        against = min((row[n] for n in free), key=lambda match: match.value, default=_SILENT)
        found.append(best if best.value > 0 else against)
    return found


_SILENT = Match(0.0)


def _match(word: Word, other: Word, negation: float) -> Match:
    like = likeness(word.stem, other.stem)
    if word.negated == other.negated or not like:
        return Match(like, antonym=like < 0)
    return Match(like * negation) if like > 0 else Match(-like)


def weigh(claim: Claim, clause: Clause) -> tuple[float, float]:
    """How much weight of a claim a clause says, and of how much it says the opposite.

    A word that the question told earns nothing when it is repeated, but its opposite still contradicts. Two
    opposites in one clause make it agree again: "high means unlike" for "low means alike".
    """
    said, against, seen = 0.0, [], set()
    for word, match, weight in zip(claim.clause.words, matches(claim, clause), claim.weights, strict=True):
        said += max(match.value, 0.0) * weight
        if match.value < 0 and word.stem not in seen:
            against.append((match.antonym, -match.value * max(weight, TOLD_WEIGHT)))
        seen.add(word.stem)
    said += claim.number_weight * len(claim.clause.numbers & clause.numbers)
    agrees = len(against) == 2 and all(antonym for antonym, _ in against)
    return said, 0.0 if agrees else sum(weight for _, weight in against)


def swapped(claim: Claim, clause: Clause) -> bool:
    """Whether the clause speaks of a rival of what the claim is about."""
    names = claim.rivals | claim.subjects
    return bool(claim.rivals) and subject_of(clause.text, names, claim.told - names) in claim.rivals
