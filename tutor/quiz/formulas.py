"""The notes' formulas, to be told from the same formulas with a sign, a fraction or a root changed.

Two changes give four formulas: the right one, one with either change, one with both. Each change stands in two of the
four, so that what most of them have in common is no hint.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator

from tutor.quiz.authored import is_alone
from tutor.quiz.bank import Bank
from tutor.quiz.facts import Fact, is_everyday
from tutor.quiz.items import Item, Option, item_id, signs
from tutor.quiz.shapes import first_sentence
from tutor.quiz.wording import said_of
from tutor.words import split_sentences

_MATH = re.compile(r"\$([^$]+)\$")
_ASKS = re.compile(
    r"\b(?:formula|equation|expression|loss|target|computed|estimated|updated|defined|related|weights?)\b"
    r"|^what (?:is|does)\b|^how (?:does|is|can)\b|^which\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"(?:\b(?:is|by|as|equals|predicts|if|to|gives|minimises)|:)\s+$")
_NO_ANSWER = re.compile(r"^\s*(?:times|and|or|of)\b")
_SIGN = re.compile(r" ([+-]) ")
# Noise is as likely to be drawn with the other sign.
_NOISE = re.compile(
    r"^(?:\\sqrt\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\\sigma\S*)?(?:\\,| )*(?:\\epsilon|\\varepsilon|z)(?![_\w])"
)
_LOGARITHM = re.compile(r"\\(?:log|ln)\b")
_LEADING = re.compile(r"(?<== )-|^-(?=[\\a-z])")
_FRACTION = re.compile(r"\\frac\{([^{}]+)\}\{([^{}]+)\}")
_ROOT = re.compile(r"\\sqrt\{([^{}]+)\}")
_LEAST = re.compile(r"\\le\b")
_FEWEST_SIGNS = 8  # characters of a formula that can be changed twice
_LEGEND = "Here "
_LEARNED = re.compile(r"\b(?:trained|bias(?:es)?|weight matrices|weights between)\b")


def formula_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """The author's question for a formula with four formulas; None where the key is none that can be changed twice."""
    formula = _asked(fact)
    if not formula:
        return None
    legend = list(_legend(fact, formula))
    if any(_LEARNED.search(sentence) for sentence in legend):
        return None  # what is learned takes any sign: with another one before it the formula says the same
    changes = list(_changes(formula))
    pairs = [(one, two) for n, one in enumerate(changes) for two in changes[:n] if _apart(one, two)]
    if not pairs:
        return None
    one, two = rng.choice(pairs)
    texts = [
        f"${made}$" for made in (formula, _with(formula, one), _with(formula, two), _with(formula, one, two))
    ]
    if len({signs(text) for text in texts}) < len(texts):
        return None
    said = " ".join(said_of(fact).split())
    right = texts[0]
    rng.shuffle(texts)
    why = f"The note gives {right}."
    options = tuple(Option(_id(text), text, said if text == right else why) for text in texts)
    stem = " ".join((fact.question, *legend))
    return Item(
        item_id(fact.note, "choice", stem, right, options), "choice", stem, options, _id(right), said,
        fact.citation, first_sentence(fact), fact.heading, fact.note, fact.id, fact.concept, maker="rules",
    )  # fmt: skip


Change = tuple[int, int, str]


def _asked(fact: Fact) -> str:
    """The formula that is the answer; empty where the first sentence gives none or several."""
    if not fact.question or is_everyday(fact) or not is_alone(fact) or not _ASKS.search(fact.question):
        return ""
    sentence = first_sentence(fact)
    found = [
        one for one in _MATH.finditer(sentence) if len(one[1]) >= _FEWEST_SIGNS and list(_changes(one[1]))
    ]
    if len(found) != 1 or found[0].group() in fact.question:
        return ""
    before, after = sentence[: found[0].start()], sentence[found[0].end() :]
    fits = _BEFORE.search(before) and not _NO_ANSWER.match(after) and "because" not in before
    return found[0][1] if fits else ""


def _changes(formula: str) -> Iterator[Change]:
    """What may be changed in a formula so that it is wrong: the place and what comes there."""
    for one in _SIGN.finditer(formula):
        if _NOISE.match(formula[one.end() :]):
            continue
        yield one.start(1), one.end(1), "-" if one[1] == "+" else "+"
    for one in _LEADING.finditer(formula):
        yield one.start(), one.end(), ""
    for one in _FRACTION.finditer(formula):
        # Under a logarithm a fraction turned round is the other sign, which a second change may turn back.
        if one[1] != "1" and not _ROOT.search(one.group()) and not _LOGARITHM.search(formula):
            yield one.start(), one.end(), rf"\frac{{{one[2]}}}{{{one[1]}}}"
    for one in _ROOT.finditer(formula):
        inside = one[1]
        yield one.start(), one.end(), f"({inside})" if _SIGN.search(inside) else inside
    for one in _LEAST.finditer(formula):
        yield one.start(), one.end(), r"\ge"


def _apart(one: Change, two: Change) -> bool:
    return one[1] <= two[0] or two[1] <= one[0]


def _with(formula: str, *changes: Change) -> str:
    for begin, end, text in sorted(changes, reverse=True):
        formula = formula[:begin] + text + formula[end:]
    return formula


def _legend(fact: Fact, formula: str) -> Iterator[str]:
    """The sentences of the key that say what the formula's signs stand for."""
    for begin, end in split_sentences(fact.key)[1:]:
        sentence = " ".join(fact.key[begin:end].split())
        if sentence.startswith(_LEGEND) and f"${formula}$" not in sentence:
            yield sentence


def _id(text: str) -> str:
    """The id of an option that differs from another by a sign alone."""
    return f"o{hashlib.sha256(signs(text).encode()).hexdigest()[:6]}"
