"""A demo as it is announced: its knobs with unit and bounds, its presets, and the check of the values a student sets.

Imports nothing heavy, so that listing answers at once; a demo's functions are named in words
(`module:function`) and found when it runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from demos.predictions import PREDICTIONS, Prediction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demos.steps import Look, Result, RunSettings, Step

KnobValue = int | float | str


class DemoArgumentError(ValueError):
    """A demo, a knob or a device was asked for that does not exist or is out of bounds.

    Args:
        what: one sentence naming the thing.
        remedy: one sentence naming what is allowed.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what.rstrip('.')}. {remedy}")
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True)
class Knob:
    """One parameter of a demo. Its kind (whole number, number, choice) is the kind of its default.

    `low` and `high` bound a number, both ends allowed; `choices` lists the words of a choice; `unit` is ""
    where the value has none.
    """

    name: str
    unit: str
    default: KnobValue
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    help: str

    @property
    def kind(self) -> str:
        if isinstance(self.default, str):
            return "choice"
        return "int" if isinstance(self.default, int) else "float"

    @property
    def bounds(self) -> str:
        """What is allowed, in words, with the default."""
        if self.kind == "choice":
            allowed = "one of " + ", ".join(self.choices)
        else:
            number = "a whole number" if self.kind == "int" else "a number"
            allowed = f"{number} from {self.low:g} to {self.high:g}"
            allowed += f" {self.unit}" if self.unit else ""
        return f"{allowed} (default {self.default})"

    def parse(self, value: object) -> KnobValue:
        """`value` (text or number) as a value of this knob; DemoArgumentError if it is not allowed."""
        refusal = DemoArgumentError(f"{self.name} = {value!r} is not allowed", f"It is {self.bounds}.")
        if self.kind == "choice":
            if value not in self.choices:
                raise refusal
            return str(value)
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise refusal
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise refusal from None
        assert self.low is not None and self.high is not None
        if not math.isfinite(number) or not self.low <= number <= self.high:
            raise refusal
        if self.kind == "int":
            if number != int(number):
                raise refusal
            return int(number)
        return number


def number(name: str, default: int | float, low: float, high: float, help: str, unit: str = "") -> Knob:
    return Knob(name, unit, default, low, high, (), help)


def choice(name: str, choices: tuple[str, ...], help: str) -> Knob:
    """A choice whose default is its first word."""
    return Knob(name, "", choices[0], None, None, choices, help)


PRESETS = ("quick", "normal", "long")
DEVICES = ("auto", "cpu", "cuda")


def check_device(asked: str) -> None:
    """Raises DemoArgumentError unless `asked` is one of DEVICES."""
    if asked not in DEVICES:
        raise DemoArgumentError(f"There is no device {asked!r}", f"The devices are {', '.join(DEVICES)}.")


@dataclass(frozen=True)
class Preset:
    """How much a run may do: its seconds of training at most, and the knobs that differ from their defaults."""

    budget_s: float
    knobs: Mapping[str, KnobValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Demo:
    """One demo: what it teaches and where its code is.

    `run` names a function (knobs, RunSettings) -> iterator of Step, then one Result; `draw` names a function
    (Look) -> PNG bytes. `presets` holds "quick", "normal" and "long"; `expected_s` is the seconds that "quick" takes on
    two cores, process start included.
    `uses_torch` is False for a demo that needs neither torch nor a device: it starts a second sooner.
    `inputs` names the files and folders from outside that it can work on; one that it is not given is done without or
    refused with the remedy.
    `notes` names the study notes on the same concept; `predict` is asked before a run, that of `demos.predictions` if
    none is given.
    """

    name: str
    title: str
    concept: str
    summary: str
    knobs: tuple[Knob, ...]
    presets: Mapping[str, Preset]
    expected_s: float
    run: str
    draw: str
    notes: tuple[str, ...]
    predict: Prediction | None = None
    uses_torch: bool = True
    inputs: tuple[str, ...] = ()

    def preset(self, name: str) -> Preset:
        """The preset of that name; DemoArgumentError names the known ones if there is none."""
        if name not in self.presets:
            raise DemoArgumentError(
                f"The demo {self.name} has no preset {name!r}", f"Its presets are {', '.join(self.presets)}."
            )
        return self.presets[name]

    def knob_values(self, given: Mapping[str, object], preset: str = "normal") -> dict[str, KnobValue]:
        """Every knob's value: those `given`, checked, then those of the preset, then the defaults.

        Raises DemoArgumentError for an unknown knob or preset, or a value out of bounds.
        """
        chosen = self.preset(preset).knobs
        known = {knob.name: knob for knob in self.knobs}
        for name in given:
            if name not in known:
                raise DemoArgumentError(
                    f"The demo {self.name} has no knob {name!r}", f"Its knobs are {', '.join(known)}."
                )
        return {
            name: knob.parse(given.get(name, chosen.get(name, knob.default))) for name, knob in known.items()
        }

    def load_run(self) -> Callable[[Mapping[str, Any], RunSettings], Iterator[Step | Result]]:
        """The function that trains; imports what it needs."""
        return _resolve(self.run)

    def load_draw(self) -> Callable[[Look], bytes]:
        """The function that draws one look as PNG; imports what it needs."""
        return _resolve(self.draw)

    def described(self) -> dict[str, object]:
        """The demo as plain values for JSON: its fields but for `run`, `draw` and `uses_torch`."""
        predict = self.predict or PREDICTIONS.get(self.name)
        knobs = [
            {
                "name": knob.name,
                "kind": knob.kind,
                "unit": knob.unit,
                "default": knob.default,
                "low": knob.low,
                "high": knob.high,
                "choices": list(knob.choices),
                "help": knob.help,
            }
            for knob in self.knobs
        ]
        return {
            "name": self.name,
            "title": self.title,
            "concept": self.concept,
            "summary": self.summary,
            "knobs": knobs,
            "presets": {
                name: {"budget_s": preset.budget_s, "knobs": dict(preset.knobs)}
                for name, preset in self.presets.items()
            },
            "expected_s": self.expected_s,
            "notes": list(self.notes),
            "inputs": list(self.inputs),
            "predict": predict.described() if predict else None,
        }


def _resolve(dotted: str) -> Callable[..., Any]:
    module, _, function = dotted.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found
