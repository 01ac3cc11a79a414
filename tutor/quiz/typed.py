"""Items that are answered in typed words beyond the author's own question: a number, an explanation, a correction."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from tutor.claims import claims_of
from tutor.lexicon import NUMBERS
from tutor.quiz.authored import is_alone
from tutor.quiz.bank import Bank
from tutor.quiz.facts import Fact
from tutor.quiz.items import Item, item_id
from tutor.quiz.prose import misconception_in
from tutor.quiz.shapes import first_sentence, pronoun_of, subject_of
from tutor.quiz.wording import MISTAKE, core_of, stands_alone, statement_of
from tutor.words import content_words

_ASKS = re.compile(
    r"^(?:how (?:many|much|large|long|far|big)|what is the (?:value|number|size|share)|"
    r"(?:which|what) (?:value|number|share|loss|output|probability|perplexity|mean|weight|gradient|side|size|length|"
    r"factor|noisy value|clean value|guided prediction|guess))\b",
    re.IGNORECASE,
)
_ASKS_TWO = re.compile(r"\band (?:what|how|which|at|the)\b|\bhow large are\b|\bshape\b", re.IGNORECASE)
_MATH = re.compile(r"\$[^$]*\$|\b[\w.]+\([^()]*\)")
_FIGURE = re.compile(
    rf"(?<![\w.,\-(\[])(?:\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?)(?![\w\])]|[.,]\d| by \d)|\b(?:{'|'.join(NUMBERS)})\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r"[A-Z][\w-]*(?: [A-Z][\w-]*)* $| by $|\b(?:step|layer|level|version) $")
_UNIT = re.compile(
    r"\s*(percent|%|nats?|bits?|bytes?|GB|MB|million|billion|pixels|tokens|steps|numbers|weights|parameters)\b"
)
_ROUNDED = re.compile(r"\b(?:about|roughly|nearly|approximately|around|some)\s+$", re.IGNORECASE)
_BOUND = re.compile(
    r"\b(?:up to|at least|more than|less than|fewer than|between|from|or|to) $", re.IGNORECASE
)
ROUNDED_SHARE = 0.02
_EXACT_DECIMALS = 3
_EXPLAINED = ("reason", "difference", "procedure")
_OPEN = re.compile(r"(?:why|how|what|in what)\b", re.IGNORECASE)
_FEWEST_WORDS, _LONGEST = 3, 70  # words
_BRACKET = re.compile(r"\s*\([^()]*\)")
_OF_WHAT = r"(?: (?:of|in|for) (?:an? |the )?(?:[\w-]+ ){0,2}[\w-]+)?"


def number(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """The author's question for a number, to be answered with the number; None unless the key gives just one."""
    found = asked_figure(fact, bank) if _ASKS.match(fact.question) else None
    if found is None:
        return None
    stem = f"{fact.question} (Answer with a number{f', in {found.unit}' if found.unit else ''}.)"
    tolerance = max(ROUNDED_SHARE * found.value if found.rounded else 0.0, _half_unit(found.written))
    key = NUMBERS.get(found.written.lower(), found.written.replace(",", ""))
    accepts = (found.written,) if found.written != key else ()
    return Item(
        item_id(fact.note, "number", stem, key), "number", stem, (), key, fact.key, fact.citation, found.sentence,
        fact.heading, fact.note, fact.id, fact.concept, accepts, tolerance=round(tolerance, 9), maker="rules",
    )  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """The one number that a question asks for.

    Attributes:
        written: as the notes write it, "819,200" or "three".
        unit: the unit in which it is to be given, where the question names none.
        rounded: whether the notes say "about".
        sentence: where it stands.
    """

    written: str
    unit: str
    rounded: bool
    sentence: str

    @property
    def value(self) -> float:
        """What it is worth."""
        return _value(self.written)


def asked_figure(fact: Fact, bank: Bank) -> Figure | None:
    """The number with which a question is answered; None unless the key gives just one."""
    if _ASKS_TWO.search(fact.question) or not is_alone(fact):
        return None
    sentence = core_of(statement_of(fact))
    text = _MATH.sub(lambda found: " " * len(found.group()), sentence)
    asked = {_value(found.group()) for found in _FIGURE.finditer(fact.question)}
    found = [
        one
        for one in _FIGURE.finditer(text)
        if not _NAMED.search(text[: one.start()]) and _value(one.group()) not in asked
    ]
    others = [one for one in re.findall(r"\d+ by \d+", text) if one not in fact.question]
    is_named = bool(bank.terms.places(fact.question) or _MATH.search(fact.question))
    if len(found) != 1 or others or not is_named or _BOUND.search(text[: found[0].start()]):
        return None
    figure = found[0]
    unit = _UNIT.match(text, figure.end())
    scale = {"million": "millions", "billion": "billions"}
    named = scale.get(unit[1], "" if unit[1].lower() in fact.question.lower() else unit[1]) if unit else ""
    return Figure(figure.group(), named, _ROUNDED.search(text[: figure.start()]) is not None, sentence)


def _value(figure: str) -> float:
    return float(NUMBERS.get(figure.lower(), figure).replace(",", ""))


def _half_unit(figure: str) -> float:
    """Half a unit of the last decimal that a number is written with, at least the third; 0 for a whole number."""
    decimals = len(figure.partition(".")[2])
    return 0.5 * 10.0 ** -max(decimals, _EXACT_DECIMALS) if decimals else 0.0


def explain(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """The author's question to be answered in one's own words, claim by claim; None where the key has one claim."""
    if fact.kind not in _EXPLAINED or not _OPEN.match(fact.question) or not is_alone(fact):
        return None
    # An everyday question that names nothing is a riddle when it stands alone.
    if not bank.terms.places(fact.question):
        return None
    claims = claims_of(fact.key, fact.question)
    if len(claims) < 2 or not any(claim.main for claim in claims) or len(fact.key.split()) > _LONGEST:
        return None
    if "$" in fact.key or not fact.question.endswith("?"):
        return None
    stem = f"Explain in your own words: {fact.question}"
    return Item(
        item_id(fact.note, "explain", stem, fact.key), "explain", stem, (), fact.key, fact.key, fact.citation,
        fact.key, fact.heading, fact.note, fact.id, fact.concept, maker="rules",
    )  # fmt: skip


def defined(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """What a definition in the notes' prose or glossary defines, to be told in typed words; None for other facts."""
    defines = fact.kind == "definition" and fact.term and not fact.question
    sentence = _BRACKET.sub("", first_sentence(fact)) if defines else ""
    subject = subject_of(sentence)
    named = rf"(?:(?:an?|the) )?(?:\w+ of )?{re.escape(fact.term)}{_OF_WHAT}"
    if not sentence or not re.fullmatch(named, subject, re.IGNORECASE):
        return None
    several = pronoun_of(subject, sentence[len(subject) :].strip()).startswith("they")
    stem = f"What {'are' if several else 'is'} {bank.terms.lowered(subject)}?"
    if not any(word not in content_words(stem) for word in content_words(fact.key)):
        return None
    return Item(
        item_id(fact.note, "short", stem, fact.key), "short", stem, (), fact.key, fact.key, fact.citation, fact.key,
        fact.heading, fact.note, fact.id, fact.concept, maker="rules",
    )  # fmt: skip


def mistake(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """A misconception of the notes, to be corrected in one's own words; None where the fact corrects nothing."""
    said = misconception_in(fact)
    if not stands_alone(said, _FEWEST_WORDS):
        return None
    stem = f"{MISTAKE}: “{said}” What is wrong with that?"
    return Item(
        item_id(fact.note, "explain", stem, fact.key), "explain", stem, (), fact.key, fact.key, fact.citation,
        fact.key, fact.heading, fact.note, fact.id, fact.concept, maker="rules",
    )  # fmt: skip
