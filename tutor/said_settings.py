"""The settings of a demo that stand in a student's message: preset, seed and knobs, read without a model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tutor.demo_inputs import ALL_CARDS

_NUMBER = r"(?<![\w.])([-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?)(?![\w.]*\w)"
_IS = r"\s*(?:=|:|\bof\b|\bto\b|\bat\b|\bis\b|\bset to\b|为|是)?\s*"
_SEED = re.compile(rf"(?:\bseed|种子){_IS}(?:number )?{_NUMBER}", re.IGNORECASE | re.ASCII)
_PRESETS = (
    ("quick", re.compile(r"\bquick(?:ly)?\b|\bshort (?:run|demo|version)\b|快速|快一点", re.IGNORECASE)),
    ("long", re.compile(
        r"\blong(?:er)? (?:preset|run|demo|version|training|one|mode)\b|\bpreset\W+long\b"
        r"|\btake your time\b|久一点|长时间",
        re.IGNORECASE,
    )),
    ("normal", re.compile(
        r"\bnormal (?:preset|run|demo|version|training|one|mode|length)\b|\bpreset\W+normal\b|正常", re.IGNORECASE
    )),
)  # fmt: skip
# A value without its knob's name must be a word that says nothing else.
_COMMON = frozenset(
    "none auto line notes story off on linear flow full digits gaussian spiral reverse copy".split()
)
_ALIASES = {
    "lr": "learning rate",
    "d_lr": "(?:discriminator|critic)(?:'s)? (?:learning )?rate|learning rate of the (?:discriminator|critic)",
    "g_lr": "generator(?:'s)? (?:learning )?rate|learning rate of the generator",
    "batch": "batch[- ]size",
    "nfe": "(?:function )?evaluations|sampling steps",
    "steps": "updates|training steps",
}
# "On my cards about diffusion": of the demos that learn cards, whose they are.
_CARDS = re.compile(
    r"\b(?:(my|our)|the)(?: own)? (?:flash)?cards(?: (?:about|on|of|for) ([^,;.!?]+?))?"
    r"(?=\s*(?:$|[,;.!?]|\b(?:with|using|at|and (?:seed|rank))\b|\b(?:for|in) \d"
    r"|\b(?:please|now|live|quick(?:ly)?|long|normal)\b(?=\s*(?:$|[,;.!?]))))",
    re.IGNORECASE,
)
_FLAGS = re.IGNORECASE | re.ASCII  # by ASCII alone a Latin word also ends where a Chinese one begins
# "With temperature 2", but not "with about 500 steps".
_WITH = re.compile(
    rf"\bwith (?:an? |the )?((?:[a-z]+ )?(?!(?:about|only|at|least|most|just|over|under|all|up|some|exactly)\b)[a-z]+)"
    rf"{_IS}{_NUMBER}(?!\s+[a-z]*(?:steps|updates|evaluations|clusters|modes|points))", _FLAGS
)  # fmt: skip
_UNKNOWN = re.compile(
    rf"\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b{_IS}{_NUMBER}|\b([a-z]\w*)\s*=\s*{_NUMBER}", _FLAGS
)


def said_settings(message: str, demo: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `run_demo` that a message sets for a demo: those of knobs, preset, seed and cards that it names.

    Nothing is checked here: a value out of bounds and a knob that the demo lacks are given on, to be refused with
    the bound.

    Args:
        demo: the demo as `tutor.jobs.list_demos` gives it.
    """
    found: dict[str, Any] = {}
    for preset, pattern in _PRESETS:
        if pattern.search(message):
            found["preset"] = preset
            break
    if seed := _SEED.search(message):
        found["seed"] = _value(seed.group(1))
    cards = _CARDS.search(message) if "cards" in demo.get("inputs", ()) else None
    if cards and (cards.group(1) or cards.group(2)):
        found["topic"] = (cards.group(2) or ALL_CARDS).strip()
    knobs = _knobs_in(message, demo["knobs"])
    return found | ({"knobs": knobs} if knobs else {})


def _knobs_in(message: str, known: list[dict[str, Any]]) -> dict[str, float | str]:
    knobs: dict[str, float | str] = {}
    for knob in known:
        value = _choice_in(message, knob) if knob["kind"] == "choice" else _number_in(message, knob["name"])
        taken = isinstance(value, str) and value in knobs.values()  # one word sets one knob
        if value is not None and not taken:
            knobs[knob["name"]] = value
    names = {knob["name"] for knob in known} | {"seed", "preset"}
    rest = message
    for name in knobs:
        rest = re.sub(rf"{_spoken(name)}{_IS}{_NUMBER}", " ", rest, flags=_FLAGS)
    for found in _UNKNOWN.finditer(rest):
        name, number = (
            (found.group(1), found.group(2)) if found.group(1) else (found.group(3), found.group(4))
        )
        if name not in names:
            knobs[name] = _value(number)
    strange = _WITH.search(message)
    if strange and not knobs and strange.group(1).split()[-1].lower() not in names:
        knobs[strange.group(1)] = _value(strange.group(2))
    return knobs


def _spoken(name: str) -> str:
    """A pattern of a knob's name as it may be written: d_lr, d lr, d-lr."""
    written = r"[ _-]?".join(map(re.escape, name.split("_")))
    also = f"|{_ALIASES[name]}" if name in _ALIASES else ""
    return rf"(?<!\w)(?:{written}{also})(?!\w)"


def _number_in(message: str, name: str) -> float | None:
    """The number that a message gives a knob, written after its name or right before it."""
    spoken = _spoken(name)
    found = re.search(rf"{spoken}{_IS}{_NUMBER}", message, _FLAGS)
    found = found or re.search(rf"(?<![\w.]){_NUMBER}\s+{spoken}", message, _FLAGS)
    return _value(found.group(1)) if found else None


def _choice_in(message: str, knob: Mapping[str, Any]) -> str | None:
    """The word of a choice that a message says: beside the knob's name, or alone where it says nothing else."""
    name = _spoken(knob["name"])
    for word in sorted(knob["choices"], key=len, reverse=True):
        said = r"(?<![\w-])" + re.escape(word).replace(r"\-", "[- ]?") + r"(?![\w-])"
        if re.search(rf"{name}{_IS}(?:the )?{said}|{said}[ -]{name}", message, _FLAGS):
            return str(word)
        if word not in _COMMON and len(word) > 2 and re.search(said, message, _FLAGS):
            return str(word)
    return None


def _value(text: str) -> float:
    number = float(text.replace(",", ""))
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
