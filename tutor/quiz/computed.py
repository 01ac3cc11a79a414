"""What the notes work out from given numbers, to be chosen among other results: a number, two of them, or a size.

Where two numbers are asked, each stands twice with the right and twice with a wrong partner, so that neither its
frequency nor its place tells the right pair.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tutor.lexicon import NUMBERS
from tutor.quiz.authored import is_alone
from tutor.quiz.bank import Bank
from tutor.quiz.facts import Fact, is_everyday
from tutor.quiz.items import Item, Option, item_id, option_id
from tutor.quiz.shapes import first_sentence
from tutor.quiz.values import OPTIONS, SMALL, beside, counts, written_like
from tutor.quiz.wording import said_of

_MATH = re.compile(r"\$([^$]*)\$")
_EQUALS = re.compile(r"(?:=|\\approx)\s*(-?\d[\d,]*(?:\.\d+)?)\s*$")
_WORKING = re.compile(r",?\s+because\b.*$|,\s+(?:and|which|of which|while|whose|with|but)\b.*$", re.DOTALL)
_DIGITS = r"-?\d{1,3}(?:,\d{3})+(?!\d)|-?\d+(?:\.\d+)?"
_FIGURE = re.compile(rf"(?<![\w.,(\[{{-])(?:{_DIGITS})(?![\w\])}}-]|\.\d)")
_COUNTED = re.compile(rf"(?<![\w.,-])(?:{_DIGITS}|{'|'.join(NUMBERS)})(?= (?P<what>[a-z]+(?: [a-z]+)?))")
_SIZE = re.compile(r"(?<![\d.])(?P<side>\d+) by (?P=side)(?!\d)")
_CHANNELS = re.compile(r"\d+ channels of $")
_VECTOR = re.compile(r"\((-?\d+), (-?\d+)\)")
_NAMED = re.compile(
    r"(?!About )(?<![\w-])[A-Z][\w-]*(?: [A-Z][\w-]*)* $|\b(?:step|layer|level|version|kernel|stride|padding) (?:of )?$"
)
_BOUND = re.compile(
    r"\b(?:up to|at least|at most|more than|less than|fewer than|between|or) $", re.IGNORECASE
)
_UNIT = re.compile(r"\s*(percent|nats?|bits?|GB|MB|million|billion|pixels)\b")
_HOW_MANY = re.compile(r"^how many (?P<what>[a-z]+(?: [a-z]+)?)", re.IGNORECASE)
_ASKS_VALUE = re.compile(
    r"^(?:how (?:large|small|long|far|big|much|strong)\b|(?:which|what) (?:(?!is\b|are\b|does\b|do\b)[\w-]+ )+|"
    r"what (?:is|are|does)\b|where does\b)",
    re.IGNORECASE,
)
# What asks for a number by itself, also where it gives none.
_ASKS_NUMBER = re.compile(
    r"how (?:many|large|small|long|big)\b|(?:which|what) (?:share|value)\b|what is the value\b", re.I
)
_SEVERAL = re.compile(
    r"^(?:what|how \w+) (?:are|were)\b|^(?:which|what) (?:[\w-]+ )?(?:weights|probabilities|values|sizes)\b",
    re.IGNORECASE,
)
_AS_WORDS = re.compile(r"[a-z][\w-]+|-?\d+(?:\.\d+)?")
_WORKED = re.compile(r"=|\\approx|\bbecause\b|\babout \d")
_STEPS = (0.07, 0.15, 0.25)  # of whole numbers, as shares of the right one
_EVEN = 8  # whole numbers that it divides have halves and doubles beside them
_AT_LEAST_ONE = re.compile(r"perplexity|^how many", re.IGNORECASE)
_RANGE = re.compile(rf"(?:{_DIGITS}|one|{'|'.join(NUMBERS)}) (?:to|and|or) $")


@dataclass(frozen=True)
class Result:
    """What a note works out.

    Attributes:
        figures: one or two numbers as they are written, or the side of a square.
        form: the figures' places as {0} and {1} within the words around them.
    """

    figures: tuple[str, ...]
    form: str


def computed_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """The author's question for a result with four results; None where the key does not give just what is asked."""
    result = result_in(fact)
    if result is None:
        return None
    right, texts = _options(result, rng)
    if len(set(texts)) < OPTIONS:
        return None
    if _AT_LEAST_ONE.search(fact.question) and any(re.match(r"0\.\d", one) for one in texts):
        return None
    said = " ".join(said_of(fact).split())
    options = tuple(
        Option(option_id(text), text, said if text == right else f"The note gives {right}.") for text in texts
    )
    key = option_id(right)
    return Item(
        item_id(fact.note, "choice", fact.question, right, options), "choice", fact.question, options, key, said,
        fact.citation, first_sentence(fact), fact.heading, fact.note, fact.id, fact.concept, maker="rules",
    )  # fmt: skip


def result_in(fact: Fact) -> Result | None:
    """What answers a question for a result; None unless the first sentence gives just that."""
    question = fact.question
    if not question or is_everyday(fact) or not is_alone(fact) or not _asks_result(fact):
        return None
    head = _WORKING.sub("", _MATH.sub(_value_of, first_sentence(fact)))
    counted = _HOW_MANY.match(question)
    if counted:
        # What is counted of two kinds is one number of each, or of both together.
        return None if counted["what"].endswith((" and", " or")) else _count(head, counted["what"])
    vectors = [one for one in _VECTOR.finditer(head) if one.group() not in question]
    if vectors:
        return Result((vectors[0][1], vectors[0][2]), "({0}, {1})") if len(vectors) == 1 else None
    sizes = [one for one in _SIZE.finditer(head) if one.group() not in question]
    return _size(head, sizes) if sizes else _numbers_in(head, question)


def _numbers_in(head: str, question: str) -> Result | None:
    """The number, or the two numbers, that a question does not give."""
    given = _numbers(question)
    found = [
        one
        for one in _FIGURE.finditer(head)
        if _number(one.group()) not in given and not _NAMED.search(head[: one.start()])
    ]
    bounds = [_BOUND.search(head[: one.start()]) for one in found]
    if any(bound and bound.group() not in f"{question.rstrip('?')} " for bound in bounds):
        return None
    if len(found) != 2 if _SEVERAL.match(question) else len(found) not in (1, 2):
        return None
    if len(found) == 2 and not _in_order(question, head, found):
        return None
    units = [_UNIT.match(head, one.end()) for one in found]
    written = [f"{{{n}}}" + (f" {unit[1]}" if unit else "") for n, unit in enumerate(units)]
    return Result(tuple(one.group() for one in found), " and ".join(written))


def _asks_result(fact: Fact) -> bool:
    """Whether a question gives numbers of which the key works something out, or asks for a number by its words."""
    question = fact.question
    if not _ASKS_VALUE.match(question) and not _HOW_MANY.match(question):
        return False
    given = bool(_numbers(question)) and _WORKED.search(fact.key) is not None
    return given or _ASKS_NUMBER.match(question) is not None


def _value_of(math: re.Match[str]) -> str:
    """The number that a formula comes to, "0.693" of "$\\ln 2 \\approx 0.693$"; blanks for any other formula."""
    found = _EQUALS.search(math[1])
    return found[1] if found else "·" * len(math.group())


def _count(head: str, what: str) -> Result | None:
    """The number before the noun that is counted."""
    found = [
        one
        for one in _COUNTED.finditer(head)
        if one["what"].split()[0] == what.split()[0] or one["what"] == what
    ]
    if len(found) != 1:
        return None
    before = head[: found[0].start()]
    return None if _BOUND.search(before) or _RANGE.search(before) else Result((found[0].group(),), "{0}")


def _size(head: str, sizes: Sequence[re.Match[str]]) -> Result | None:
    """The sides of a square, with the channels before it."""
    if len(sizes) != 1:
        return None
    channels = _CHANNELS.search(head[: sizes[0].start()])
    before = channels.group() if channels else ""
    unit = re.match(r" (pixels|numbers)\b", head[sizes[0].end() :])
    return Result((sizes[0]["side"],), f"{before}{{0}} by {{0}}{unit.group() if unit else ''}")


def _in_order(question: str, head: str, found: Sequence[re.Match[str]]) -> bool:
    """Whether the sentence gives the two numbers in the order in which the question names what they are of."""
    if head[found[0].end() : found[1].start()].strip() == "and":
        return True
    split = head.rfind(" and ", found[0].end() - 1, found[1].start())
    if split < 0:
        return False
    said = [set(_AS_WORDS.findall(head[:split].lower())), set(_AS_WORDS.findall(head[split:].lower()))]
    for joint in re.finditer(" and ", question):
        asked = [
            set(_AS_WORDS.findall(part.lower()))
            for part in (question[: joint.start()], question[joint.end() :])
        ]
        one, two = asked[0] - asked[1], asked[1] - asked[0]
        straight, crossed = len(said[0] & one) + len(said[1] & two), len(said[0] & two) + len(said[1] & one)
        if straight > crossed and said[1] & two:
            return True
    return False


def _options(result: Result, rng: random.Random) -> tuple[str, list[str]]:
    """The right option and all of them in their order."""
    right = result.form.format(*(written_like(_number(one), one) for one in result.figures))
    if len(result.figures) == 1:
        shown = _beside(result.figures[0], " percent" in result.form, rng)
        return right, [result.form.format(one) for one in shown]
    one, two = result.figures
    if result.form.startswith("("):
        others = [str(abs(int(part)) + rng.choice((1, 2))) for part in (one, two)]
        pairs = [(first, second) for first in (one, others[0]) for second in (two, others[1])]
        rng.shuffle(pairs)
    elif abs(_number(one) + _number(two) - 1) < 1e-6:
        shares = beside(_number(one), rng.randrange(OPTIONS), rng)
        firsts = [written_like(value, one) for value in shares]
        pairs = [(first, written_like(1 - _number(first), two)) for first in firsts]
    else:
        pairs = [(first, second) for first in (one, _other(one, rng)) for second in (two, _other(two, rng))]
        rng.shuffle(pairs)
    return right, [result.form.format(*pair) for pair in pairs]


def _beside(figure: str, share: bool, rng: random.Random) -> list[str]:
    """Four numbers in their order, written like the right one, which is one of them."""
    value, place = _number(figure), rng.randrange(OPTIONS)
    if value == 0:
        place = rng.choice((0, OPTIONS - 1))  # 1 and -1 side by side would have the same words
    if value < 0:
        return [written_like(-one, figure) for one in beside(-value, place, rng)]
    if value == int(value) and "." not in figure:
        return [written_like(one, figure) for one in _whole(int(value), place, figure, rng)]
    if share:
        return [written_like(100 * one, figure) for one in beside(value / 100, place, rng)]
    return [written_like(one, figure) for one in beside(value, place, rng)]


def _whole(value: int, place: int, figure: str, rng: random.Random) -> list[float]:
    """Four whole numbers as round as the right one: neighbours, halves and doubles, or steps."""
    if value <= SMALL:
        return counts(value, place, 1, 1 if value or figure in NUMBERS else -place)
    if value % _EVEN == 0:
        return [value * 2.0 ** (n - place) for n in range(OPTIONS)]
    round_to = 10 if value % 10 == 0 else 5 if value % 5 == 0 else 1
    return counts(value, place, max(1, round(value * rng.choice(_STEPS) / round_to)) * round_to)


def _other(figure: str, rng: random.Random) -> str:
    """Another number of the same form: what a share leaves of one, else half or double."""
    value = _number(figure)
    other = 1 - value if 0 < value < 1 and abs(1 - 2 * value) > 0.1 else value * rng.choice((0.5, 2.0))
    shown = written_like(other, figure)
    return shown if _number(shown) == round(other, 9) else written_like(2 * value, figure)


def _numbers(text: str) -> set[float]:
    return {_number(found) for found in re.findall(_DIGITS, text)}


def _number(figure: str) -> float:
    return float(NUMBERS.get(figure.lower(), figure).replace(",", ""))
