"""What can be run: each demo, its knobs with unit and bounds, and the check of the values a student sets.

Imports nothing heavy, so that listing answers at once; a demo's functions are named in words
(`module:function`) and found when it runs. To add a demo, write a module with its `run` and a module with
its `draw`, and add one `Demo` to `DEMOS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

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


def _number(name: str, default: int | float, low: float, high: float, help: str, unit: str = "") -> Knob:
    return Knob(name, unit, default, low, high, (), help)


def _choice(name: str, choices: tuple[str, ...], help: str) -> Knob:
    """A choice whose default is its first word."""
    return Knob(name, "", choices[0], None, None, choices, help)


@dataclass(frozen=True)
class Demo:
    """One demo: what it teaches and where its code is.

    `run` names a function (knobs, RunSettings) -> iterator of Step, then one Result; `draw` names a function
    (Look) -> PNG bytes. `expected_s` is the seconds a default run takes on two cores, process start included.
    `notes` names the study notes on the same concept.
    """

    name: str
    title: str
    concept: str
    summary: str
    knobs: tuple[Knob, ...]
    expected_s: float
    run: str
    draw: str
    notes: tuple[str, ...]

    def knob_values(self, given: Mapping[str, object]) -> dict[str, KnobValue]:
        """Every knob's value: those `given`, checked, and the defaults of the others.

        Raises DemoArgumentError for an unknown knob or a value out of bounds.
        """
        known = {knob.name: knob for knob in self.knobs}
        for name in given:
            if name not in known:
                raise DemoArgumentError(
                    f"The demo {self.name} has no knob {name!r}", f"Its knobs are {', '.join(known)}."
                )
        return {name: knob.parse(given.get(name, knob.default)) for name, knob in known.items()}

    def load_run(self) -> Callable[[Mapping[str, Any], RunSettings], Iterator[Step | Result]]:
        """The function that trains; imports what it needs."""
        return _resolve(self.run)

    def load_draw(self) -> Callable[[Look], bytes]:
        """The function that draws one look as PNG; imports what it needs."""
        return _resolve(self.draw)

    def described(self) -> dict[str, object]:
        """The demo as plain values for JSON: name, title, concept, summary, knobs, expected_s, notes."""
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
            "expected_s": self.expected_s,
            "notes": list(self.notes),
        }


def _resolve(dotted: str) -> Callable[..., Any]:
    module, _, function = dotted.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found


POINT_SETS = ("ring8", "grid25", "moons", "spiral", "gaussian")

GAN_2D = Demo(
    name="gan-2d",
    title="A GAN learns a ring of eight clusters",
    concept="generative adversarial network",
    summary=(
        "A generator turns noise into points, a discriminator tries to tell them from real ones, and each "
        "learns from the other. Watch the clusters being found. Then set d_lr to 0.0001, a tenth of g_lr, "
        "and watch one clump wander about; or set d_lr to 0.005 and g_lr to 0.0005 and see only a few "
        "clusters kept."
    ),
    knobs=(
        _choice("data", POINT_SETS, "the points to be learned"),
        _choice("loss", ("ns", "lsgan", "wgan-gp"), "non-saturating, least squares, or Wasserstein"),
        _number("g_lr", 1e-3, 1e-5, 2e-2, "learning rate of the generator"),
        _number("d_lr", 1e-3, 1e-5, 2e-2, "learning rate of the discriminator"),
        _number("d_steps", 1, 1, 5, "discriminator updates for each generator update"),
        _number("noise_dim", 8, 1, 64, "numbers in the noise vector z"),
        _number("width", 96, 8, 256, "neurons in each of the two hidden layers of either network"),
        _number("batch", 256, 16, 2048, "real points, and generated points, in one update", "points"),
        _number("penalty", 0.1, 0.0, 10.0, "weight of the gradient penalty, used by wgan-gp alone"),
        _number("steps", 4000, 0, 20000, "generator updates; 0: as many as the budget allows", "updates"),
    ),
    expected_s=12.0,
    run="demos.gan:run",
    draw="demos.gan_picture:draw",
    notes=("gan", "mode-collapse", "minimax-and-equilibrium", "evaluation-metrics"),
)

DIFFUSION_2D = Demo(
    name="diffusion-2d",
    title="Noise flows into eight clusters",
    concept="diffusion model",
    summary=(
        "A network learns to undo noise at every strength, then carries pure noise back to data in small "
        "steps. Compare flow matching with DDPM, the linear with the cosine schedule, and few steps with "
        "many."
    ),
    knobs=(
        _choice("data", POINT_SETS, "the points to be learned"),
        _choice("method", ("flow", "ddpm"), "flow matching, or DDPM with the network predicting the noise"),
        _choice("schedule", ("cosine", "linear"), "how fast the noise grows, used by ddpm alone"),
        _choice("sampler", ("auto", "euler", "heun", "ddpm", "ddim"), "euler, heun: flow; ddpm, ddim: ddpm"),
        _number("t_max", 200, 10, 1000, "noise levels T, used by ddpm alone", "levels"),
        _number("nfe", 32, 1, 200, "evaluations of the network for one sample", "evaluations"),
        _number("lr", 1e-2, 1e-5, 2e-2, "learning rate"),
        _number("width", 128, 16, 256, "neurons in each of the three hidden layers"),
        _number("batch", 512, 32, 2048, "points in one update", "points"),
        _number("steps", 2000, 0, 20000, "updates; 0: as many as the budget allows", "updates"),
    ),
    expected_s=12.0,
    run="demos.diffusion:run",
    draw="demos.diffusion_picture:draw",
    notes=("diffusion-models", "latent-space", "evaluation-metrics"),
)

DEMOS: tuple[Demo, ...] = (GAN_2D, DIFFUSION_2D)


def find_demo(name: str) -> Demo:
    """The demo of that name; DemoArgumentError names the known ones if there is none."""
    for demo in DEMOS:
        if demo.name == name:
            return demo
    raise DemoArgumentError(
        f"There is no demo {name!r}", f"The demos are {', '.join(demo.name for demo in DEMOS)}."
    )
