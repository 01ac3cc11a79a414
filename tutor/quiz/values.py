"""A question for a number with numbers to choose from: the note's, and others of the same form and size."""

from __future__ import annotations

import random
import re

from tutor.lexicon import NUMBERS
from tutor.quiz.bank import Bank
from tutor.quiz.facts import Fact
from tutor.quiz.items import Item, Option, item_id, option_id
from tutor.quiz.typed import Figure, asked_figure
from tutor.quiz.wording import said_of

_ASKS = re.compile(
    r"^(?:about )?(?:how (?:many|much|large|long|far|big|wide|often)\b|"
    r"(?:which|what)(?: is| are)?(?: the| an?)? (?:[\w-]+ ){0,3}?(?:value|number|share|size|loss|output|probability|"
    r"perplexity|mean|variance|weight|gradient|side|length|factor|prediction|similarity|divergence|distance|entropy|"
    r"likelihood|ratio|bound|precision|recall|score|penalty|norm|difference|scale|accuracy|width)\b)",
    re.IGNORECASE,
)
_COUNTS = re.compile(r"\bhow (?:many|often)\b|\bnumber\b", re.IGNORECASE)
OPTIONS = 4
SMALL = 12  # whole numbers up to this one have the next ones beside them
_WORDS = {value: word for word, value in NUMBERS.items()}


def value_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """The author's question for a number with four numbers in their order; None unless the key gives just one."""
    figure = asked_figure(fact, bank) if _ASKS.match(fact.question) else None
    if figure is None or figure.value <= 0:
        return None
    # "The mean of the two divergences": a number in words is the answer only where it is counted.
    if figure.written.lower() in NUMBERS and not _COUNTS.search(fact.question):
        return None
    place = rng.randrange(OPTIONS)
    whole = figure.value == int(figure.value) and "." not in figure.written
    small = whole and figure.value <= SMALL
    values = counts(int(figure.value), place) if small else beside(figure.value, place, rng)
    texts = [_shown(value, figure) for value in values]
    if len(set(texts)) < OPTIONS:
        return None
    said = " ".join(said_of(fact).split())
    options = tuple(
        Option(option_id(text), text, said if n == place else f"The note gives {texts[place]}.")
        for n, text in enumerate(texts)
    )
    key = option_id(texts[place])
    return Item(
        item_id(fact.note, "choice", fact.question, texts[place], options), "choice", fact.question, options, key, said,
        fact.citation, figure.sentence, fact.heading, fact.note, fact.id, fact.concept, maker="rules",
    )  # fmt: skip


def beside(value: float, place: int, rng: random.Random) -> list[float]:
    """Four numbers that grow, the right one at a place: shares below one, or halves and doubles."""
    if value < 1:
        below = [value * (n + 1) / (place + 1) for n in range(place)]
        step = min((1 - value) / (OPTIONS - place), value)
        return [*below, value, *(value + step * (n + 1) for n in range(OPTIONS - 1 - place))]
    ratio = rng.choice((2.0, 4.0) if value == int(value) else (1.5, 2.0))
    return [value * ratio ** (n - place) for n in range(OPTIONS)]


def counts(value: int, place: int, step: int = 1, least: int = 1) -> list[float]:
    """Four whole numbers that grow by a step, the right one at a place or as near to it as the least one allows."""
    first = max(value - place * step, least if value >= least else value)
    return [float(first + n * step) for n in range(OPTIONS)]


def written_like(value: float, written: str) -> str:
    """A number in the form of one that the notes write: in words, with as many decimals, with commas."""
    if written.lower() in NUMBERS and str(int(value)) in _WORDS | {"1": "one"}:
        return {"1": "one", **_WORDS}[str(int(value))]
    if "." in written:
        return f"{value:.{len(written.partition('.')[2])}f}"
    plain_digits = len(written) > 3 and "," not in written
    return str(round(value)) if plain_digits else f"{round(value):,}"


def _shown(value: float, figure: Figure) -> str:
    """A number in the form of the note's own, with its unit."""
    shown = written_like(value, figure.written)
    unit = {"millions": "million", "billions": "billion"}.get(figure.unit, figure.unit)
    return f"{shown} {unit}" if unit else shown
