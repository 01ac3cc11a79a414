"""Answers of a word or a number, graded: gaps filled in, values with their units, answers accepted as such."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from tutor.lexicon import GENERIC, NUMBERS, ROLE_WORDS, distance, likeness
from tutor.quiz.answer_texts import short_names
from tutor.quiz.frames import framed
from tutor.quiz.grades import Grade, Point, in_quarters
from tutor.quiz.items import Item
from tutor.words import KNOWN_WORD, plain_greek, stem, zipf

_ARTICLES = frozenset("the a an it its is are was this that these those they called of".split())
_DENIES = frozenset({"not", "no", "or", "isn't", "never"})
# A word, a number, or a sign of a formula; the hyphen of a word is none.
_TOKEN = re.compile(
    r"\d+(?:\.\d+)?|[^\W\d_]+(?:['’][^\W\d_]+)?|[+*/=<>^≤≥≠]|(?<![^\W\d_])[-−](?=[\w\\(.])|(?<=\s)[-−](?=\s)"
)
# From this Zipf frequency on a word is one that people write, so it is no slip for another one.


def bare_words(text: str) -> list[str]:
    """The words of a text as they are compared: without case, accents, articles, signs, TeX and plural."""
    return [stem(word) for word in _as_written(text)]


def _without_tex(text: str) -> str:
    text = plain_greek(unicodedata.normalize("NFKC", text))
    return re.sub(r"\\(?:text|mathrm|mathbf|mathcal|operatorname)\b", " ", text).replace("\\", " ")


def _as_written(text: str) -> list[str]:
    text = _without_tex(text)
    text = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    found = _TOKEN.findall(text.lower())
    kept = [word.replace("’", "'") for word in found]
    return [word for word in kept if word not in _ARTICLES] or kept


def is_accepted(answer: str, accepted: Sequence[str], terms: Collection[str] = ()) -> bool:
    """Whether an answer is one of those accepted, word for word or but for a slip of spelling.

    Args:
        terms: names in the notes; what is one of them is no slip for another.
    """
    return _is_accepted(answer, accepted, _names(terms))


def _is_accepted(answer: str, accepted: Sequence[str], names: Collection[str]) -> bool:
    written = _as_written(answer)
    said = [stem(word) for word in written]
    for one in accepted:
        wanted = bare_words(one)
        if said and (said == wanted or "".join(said) == "".join(wanted)):
            return True
        # Parted in other places a name may have a slip, too: "multi-modal modle".
        parted = len(said) != len(wanted) and min(len(said), len(wanted)) > 1
        slips = _slips(said, wanted, names) or _slips(written, _as_written(one), names)
        slips = slips or (parted and _slip("".join(said), "".join(wanted), names))
        if " ".join(said) not in names and slips:
            return True
    return False


def _names(terms: Collection[str]) -> Collection[str]:
    """Names as answers are compared with them: what is one of them is no slip for another."""
    return {" ".join(bare_words(term)) for term in terms}


def _slips(said: Sequence[str], wanted: Sequence[str], names: Collection[str]) -> bool:
    if len(said) != len(wanted) or not said:
        return False
    return all(one == other or _slip(one, other, names) for one, other in zip(said, wanted, strict=True))


def _slip(said: str, wanted: str, names: Collection[str]) -> bool:
    """Whether a word is another one with a slip: one edit for 5 to 8 letters, two for more, and no word of its own."""
    if said in names or stem(said) in names:
        return False
    allowed = 0 if len(wanted) < 5 else 1 if len(wanted) <= 8 else 2
    if not allowed or not said.isalpha() or distance(said, wanted) > allowed:
        return False
    if said in ROLE_WORDS or likeness(said, wanted) < 0:
        return False
    return max(zipf(said), zipf(said + "e"), zipf(said + "s")) < KNOWN_WORD


def named_by(answer: str, texts: Mapping[str, str]) -> str | None:
    """The id of the one text that an answer names: in its own spelling, or by words that stand in no other text.

    Args:
        texts: id -> text.
    """
    spelt = [one for one, text in texts.items() if is_accepted(answer, [text])]
    said = set(bare_words(answer))
    if spelt or not said or _DENIES & said:
        return spelt[0] if len(spelt) == 1 else None
    held = [one for one, text in texts.items() if said <= set(bare_words(text))]
    others = {word for one, text in texts.items() if one not in held for word in bare_words(text)}
    return held[0] if len(held) == 1 and said - others else None


def grade_cloze(item: Item, answer: str, accepts: Sequence[str], terms: Collection[str]) -> Grade:
    """A gap: its word, also within a short phrase; a part of a name of several words is a part of the answer."""
    accepted = (item.key, *accepts)
    said = bare_words(answer)
    told = _telling(item)
    names = _names(terms)
    right = _holds(answer, accepted, names)
    point = Point(item.fact or item.key, "hit" if right else "missed", item.citation.quote)
    if right:
        return Grade("correct", 1.0, (point,), told("Right: {key}. {witness}"))
    wanted = bare_words(item.key)
    had = sum(_is_said(other, said, names) for other in wanted) / len(wanted) if wanted else 0
    short = len(said) <= len(wanted) + 1 and not _DENIES & set(said)
    if had >= 0.5 and short and not _of_another_kind(said, wanted, names):
        lacks = _lacking(item.key, said, names)
        lacking = "Partly. Missing: “{lacks}”. The word is “{key}”. {witness}"
        frame = lacking if lacks else "Partly. The word is “{key}”. {witness}"
        return Grade("partial", in_quarters(had), (point,), told(frame, lacks=lacks))
    return Grade("wrong", 0.0, (point,), told("Not quite. The word is “{key}”. {witness}"))


def _of_another_kind(said: Sequence[str], wanted: Sequence[str], names: Collection[str]) -> bool:
    """Whether an answer is the same noun with another word before it: a "padding mask" is no part of a causal one."""
    if len(said) < 2 or len(wanted) < 2 or not _is_said(wanted[-1], said[-1:], names):
        return False
    before = [*said[:-1], "".join(said[:-1])]
    alike = (likeness(one, other) > 0 for one in before for other in [*wanted[:-1], "".join(wanted[:-1])])
    return not any(alike)


def _telling(item: Item) -> Callable[..., str]:
    """Fills in a frame of feedback with the key and its witness, in the language of the item."""
    witness = framed(item, "The note says: “{quote}”", quote=item.citation.quote)
    return partial(framed, item, key=item.key, witness=witness)


def _lacking(key: str, said: Sequence[str], names: Collection[str]) -> str:
    """The words of a key that are not said, as the key writes them; empty where all are."""
    text = _without_tex(key)
    found = ""
    end = -1  # of the last word, where that one lacks
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word.lower() in _ARTICLES:
            continue
        if all(_is_said(one, said, names) for one in bare_words(word)):
            end = -1
            continue
        found += text[end : match.end()] if end >= 0 else f" {word}"
        end = match.end()
    return " ".join(found.split())


def _is_said(wanted: str, said: Sequence[str], names: Collection[str]) -> bool:
    return any(one == wanted or _slip(one, wanted, names) for one in said)


def holds(answer: str, accepted: Sequence[str], terms: Collection[str] = ()) -> bool:
    """Whether an answer is one of those accepted, or a short phrase that holds one and does not deny it."""
    return _holds(answer, accepted, _names(terms))


def _holds(answer: str, accepted: Sequence[str], names: Collection[str]) -> bool:
    said = bare_words(answer)
    return _is_accepted(answer, accepted, names) or any(
        _within(said, bare_words(one), names)
        or _is_without_class(said, one, names)
        or short_names(answer, one)
        for one in accepted
    )


def _is_without_class(said: Sequence[str], name: str, names: Collection[str]) -> bool:
    """Whether a name lacks only the noun at its end that says of which class the thing is: "multimodal (model)"."""
    *first, last = bare_words(name) or [""]
    return bool(first) and last in GENERIC and (list(said) == first or _slips(said, first, names))


def _within(said: Sequence[str], wanted: Sequence[str], names: Collection[str]) -> bool:
    """Whether what is wanted stands in a short phrase that does not deny it or offer something else."""
    if not wanted or len(said) > len(wanted) + 3 or _DENIES & set(said):
        return False
    whole = "".join(wanted)
    runs = ("".join(said[n : n + size]) for size in (1, 2, 3) for n in range(len(said) - size + 1))
    places = range(len(said) - len(wanted) + 1)
    return any(_slips(said[n : n + len(wanted)], wanted, names) for n in places) or (
        len(whole) > 3 and whole in runs
    )


_VALUE = re.compile(
    r"(?P<minus>(?<![\w.)])[-−–]\s?)?(?:"
    r"(?P<base>\d+)\s*\^\s*[({]?\s*(?P<power>[-−]?\d+)\s*[)}]?|"
    r"(?P<number>\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?(?!\d)|\d+(?:[.,]\d+)?|[.]\d+)(?:\s*[eE](?P<exponent>[-+−]?\d+))?"
    r"(?:\s*[x×*·]\s*10\s*\^\s*[({]?\s*(?P<ten>[-−]?\d+)\s*[)}]?)?"
    r"(?:\s*/\s*(?P<under>\d+(?:\.\d+)?))?)"
    r"\s*(?P<unit>%|°|[^\W\d_]+)?"
)
_FACTORS = {"%": 0.01, "percent": 0.01, "k": 1e3, "thousand": 1e3, "million": 1e6, "m": 1e6, "mio": 1e6, "billion": 1e9,
            "bn": 1e9, "b": 1e9, "dozen": 12.0, "hundred": 100.0, "trillion": 1e12, "half": 0.5, "halves": 0.5,
            "quarter": 0.25, "quarters": 0.25, "third": 1 / 3, "thirds": 1 / 3, "tenth": 0.1, "tenths": 0.1,
            "hundredth": 0.01, "hundredths": 0.01}  # fmt: skip
_UNITS = {"ms": ("s", 1e-3), "millisecond": ("s", 1e-3), "s": ("s", 1.0), "sec": ("s", 1.0), "second": ("s", 1.0),
          "min": ("s", 60.0), "minute": ("s", 60.0), "h": ("s", 3600.0), "hour": ("s", 3600.0), "kb": ("byte", 1e3),
          "mb": ("byte", 1e6), "gb": ("byte", 1e9), "tb": ("byte", 1e12), "byte": ("byte", 1.0), "bit": ("byte", 0.125),
          "mm": ("m", 1e-3), "cm": ("m", 1e-2), "metre": ("m", 1.0), "meter": ("m", 1.0), "km": ("m", 1e3),
          "g": ("kg", 1e-3), "gram": ("kg", 1e-3), "kg": ("kg", 1.0)}  # fmt: skip
_SPOKEN = {**{word: float(value) for word, value in NUMBERS.items()}, "zero": 0.0, "one": 1.0, "a": 1.0, "half": 0.5,
           "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0, "eighty": 80.0,
           "ninety": 90.0, "quarter": 0.25, "third": 1 / 3, "nothing": 0.0, "none": 0.0}  # fmt: skip
# A question that asks "in billions" is also answered with "175 billion".
_ASKED_IN = {"millions": 1e6, "billions": 1e9}
_MULTIPLE = r"hundred|thousand|million|billion|halves|quarters?|thirds?|tenths?|hundredths?|percent|half"


class _Value:
    """A number as written: its value, its dimension (empty for none), whether it is a percentage, its decimals."""

    def __init__(
        self, value: float, dimension: str = "", percent: bool = False, decimals: int = 0, digits: int = 0
    ):
        self.value, self.dimension, self.percent = value, dimension, percent
        self.decimals, self.digits = decimals, digits


def values_in(text: str) -> list[_Value]:
    """The numbers of a text with their units, in its order."""
    found = []
    for match in _VALUE.finditer(_digits(text)):
        if match["base"]:
            value = _raised(float(match["base"]), match["power"])
            raw = match["base"]
        else:
            raw = match["number"]
            raw = (
                re.sub(r"[, ](?=\d{3}(?:\D|$))", "", raw) if re.match(r"\d{1,3}(?:[, ]\d{3})+", raw) else raw
            )
            raw = raw.replace(",", ".")
            value = float(raw)
            for name in ("exponent", "ten"):
                value *= _raised(10.0, match[name]) if match[name] else 1.0
            value /= float(match["under"]) if match["under"] and float(match["under"]) else 1.0
        value = -value if match["minus"] else value
        unit = (match["unit"] or "").lower()
        short = unit if unit in _UNITS or unit in _FACTORS else unit.removesuffix("s")
        decimals = len(raw.partition(".")[2])
        digits = len(raw.replace(".", "").lstrip("0"))
        if short in _UNITS:
            dimension, factor = _UNITS[short]
            found.append(_Value(value * factor, dimension, False, decimals, digits))
        else:
            factor = _FACTORS.get(short, 1.0)
            found.append(_Value(value * factor, "", short in ("%", "percent"), decimals, digits))
    return found


def _raised(base: float, power: str) -> float:
    """A power as written; what no float holds is as good as infinite, and no key."""
    try:
        return float(base ** int(power.replace("−", "-")))
    except (OverflowError, ZeroDivisionError):
        return math.inf


_BELOW_100 = {**{word: int(value) for word, value in NUMBERS.items()}, "zero": 0, "one": 1, "thirty": 30, "forty": 40,
              "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}  # fmt: skip
_POWERS = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_COUNTED = "|".join([*_BELOW_100, *_POWERS])
_SPOKEN_RUN = re.compile(rf"\b(?:(?:{_COUNTED})(?:[\s-]+(?:and\s+)?(?=(?:{_COUNTED})\b)|\b))+")


def _in_figures(run: str) -> str:
    """ "two thousand five hundred and sixty" -> "2560"; what is no one number stays as it is."""
    told = [word for word in re.findall(r"[a-z]+", run) if word != "and"]
    if len(told) < 2 or told[0] in _POWERS or not set(told) & set(_POWERS):
        return run
    total = part = 0
    last = 10**12
    for word in told:
        if word in _BELOW_100:
            if part % 100 and not (part % 10 == 0 and part % 100 >= 20 and _BELOW_100[word] < 10):
                return run
            part += _BELOW_100[word]
        elif word == "hundred":
            part *= 100
        else:
            if _POWERS[word] >= last:
                return run
            last = _POWERS[word]
            total, part = total + part * last, 0
    return str(total + part)


def _digits(text: str) -> str:
    """The text with spoken numbers in figures: "three quarters" is "3 quarters", "a thousand" "1 thousand"."""
    text = re.sub(
        r"\bper cent\b", "percent", text.lower().replace("⁄", "/").replace("½", "0.5").replace("¼", "0.25")
    )
    text = re.sub(rf"\bhalf a(?= (?:{'|'.join(_POWERS)})\b)", "0.5", text)
    text = re.sub(rf"\ba(?= (?:{'|'.join(_POWERS)})\b)", "one", text)
    text = _SPOKEN_RUN.sub(lambda match: _in_figures(match[0]), text)
    text = re.sub(r"\bminus (?=[\d.])", "-", re.sub(rf"\b(?:a|one)(?= (?:{_MULTIPLE})\b)", "1", text))
    spoken = "|".join(word for word in _SPOKEN if word != "a")
    text = re.sub(rf"(?<!\d )\b(?:{spoken})\b", lambda match: f"{_SPOKEN[match[0]]:g}", text)
    return re.sub(r"\b([2-9]0)[- ]([1-9])\b(?!\.)", lambda m: str(int(m[1]) + int(m[2])), text)


def grade_number(item: Item, answer: str, accepts: Sequence[str]) -> Grade:
    """A value: right within the tolerance, in any unit or notation that says the same."""
    told = _telling(item)
    keys, given = values_in(item.key), values_in(answer)
    if not given and is_accepted(answer, (item.key, *accepts)):
        return _number(item, True, told("Right: {key}. {witness}"))
    if not keys:
        return Grade("unsure", 0.5, (), told("I cannot tell from your words. The answer is {key}. {witness}"))
    if not given:
        return _number(item, False, told("Not quite: a number is asked for. The answer is {key}. {witness}"))
    said = _meant(given, answer, item.stem)
    denied = " ".join(re.findall(r"\b(?:not|isn'?t)\s+(?:\w+\s+)?([\d.]+)", answer.lower()))
    if said.value in {value.value for value in values_in(denied)}:
        return _number(item, False, told("Not quite. The answer is {key}. {witness}"))
    keys = [keys[0], *(value for one in accepts for value in values_in(one)[:1])]
    scale = next((factor for word, factor in _ASKED_IN.items() if f", in {word}" in item.stem), 1.0)
    scaled = _Value(said.value / scale, said.dimension, said.percent, said.decimals, said.digits)
    if any(_equal(one, key, item.tolerance) for key in keys for one in (said, scaled)):
        return _number(item, True, told("Right: {key}. {witness}"))
    return _number(item, False, told("Not quite. The answer is {key}. {witness}"))


def _number(item: Item, right: bool, feedback: str) -> Grade:
    point = Point(item.fact or item.key, "hit" if right else "missed", item.citation.quote)
    return Grade("correct" if right else "wrong", float(right), (point,), feedback)


def _meant(given: Sequence[_Value], answer: str, stem_text: str) -> _Value:
    """The number that is the answer: the last one after a sign of equality, else the first that the question lacks."""
    if re.search(r"[=≈]|\b(?:is|equals|gives|makes)\b", answer):
        return given[-1]
    told = {value.value for value in values_in(stem_text)}
    return next((value for value in given if value.value not in told), given[0])


def _equal(said: _Value, key: _Value, tolerance: float) -> bool:
    """Whether two values agree within the tolerance, which is in the key's unit, or to the digits that are given."""
    if said.dimension and key.dimension and said.dimension != key.dimension:
        return False
    unit = 0.01 if key.percent else 1.0
    sizes = {said.value}
    if key.percent and not said.percent:
        sizes.add(said.value / 100)
    for size in sizes:
        if abs(size - key.value) <= tolerance * unit + 1e-9 * max(1.0, abs(key.value)):
            return True
        rounded = said.decimals >= 1 and said.digits >= 2 and key.decimals > said.decimals
        if rounded and math.isclose(round(key.value, said.decimals), size, rel_tol=1e-9):
            return True
    return False
