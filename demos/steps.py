"""What a demo yields while it runs and what it ends with; the pace of a run against its steps and its
seconds.

A demo is a generator: it yields one Step for each update (and for each key moment after training), then one
Result. It never draws, saves or prints. A Step's `look` is measured only when the caller asks for it, and
must be asked for before the generator is resumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class RunSettings:
    """How to run, whatever the demo.

    `device` is "cpu" or "cuda"; `budget_s` bounds the seconds of training; `clock` gives seconds that only
    grow; `inputs` names files and folders that a demo works on, by what they are for.
    """

    seed: int
    device: str
    budget_s: float
    clock: Callable[[], float]
    inputs: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """What there is to see at one moment; each demo adds its arrays in a subclass that its `draw` knows."""

    caption: str
    metrics: dict[str, float]


@dataclass(frozen=True)
class Step:
    """One moment of a run.

    `total_steps` is an estimate while a run is bounded by time alone. `key` marks a moment that a viewer
    should not miss. `elapsed_s` and `left_s` are seconds since the start and to the expected end.
    """

    step: int
    total_steps: int
    elapsed_s: float
    left_s: float
    key: bool
    look: Callable[[], Look]


@dataclass(frozen=True)
class Metric:
    """One figure of the result.

    `n` generated samples were measured; `floor` is the same figure for fresh real samples instead, the best
    that can be hoped for; `baseline` is the figure of a classical model; `better` is "high", "low" or "near
    1".
    """

    value: float
    n: int
    floor: float
    baseline: float | None
    better: str
    meaning: str


@dataclass(frozen=True)
class Result:
    """How a run ended: figures, one plain sentence, and what to notice in full sentences.

    `outcome` is "done", "out of time" or "diverged". `notes` names study notes that explain what happened,
    the most fitting first. `look` is the last thing to see.
    """

    outcome: str
    step: int
    metrics: dict[str, Metric]
    verdict: str
    observations: tuple[str, ...]
    notes: tuple[str, ...]
    look: Look


# Share of the budget in which slow steps do not count as a slow machine.
_WARM_SHARE = 0.15


class Pace:
    """How far a run is, by steps and by seconds.

    With `steps` > 0 the learning rate follows the steps, so that a seed reproduces; on a machine that cannot do
    them all within the budget it follows the seconds, so that the run ends on time and annealed all the same.
    With `steps` == 0 the seconds alone decide.
    """

    def __init__(self, steps: int, settings: RunSettings) -> None:
        self._steps = steps
        self._budget_s = settings.budget_s
        self._clock = settings.clock
        self._started_s = settings.clock()
        self.step = 0

    @property
    def elapsed_s(self) -> float:
        return self._clock() - self._started_s

    @property
    def out_of_time(self) -> bool:
        """The budget ended the run before its steps were done."""
        return self._steps > 0 and self.step < self._steps and self.elapsed_s >= self._budget_s

    @property
    def done(self) -> bool:
        if self._steps:
            return self.step >= self._steps or self.out_of_time
        return self.step > 0 and self.elapsed_s >= self._budget_s

    @property
    def fraction(self) -> float:
        """Share of the training that is behind us, 0 to 1; it never falls."""
        by_clock = min(1.0, self.elapsed_s / self._budget_s)
        if not self._steps:
            return by_clock
        by_steps = self.step / self._steps
        # The first steps warm caches up and say little of the pace.
        return max(by_steps, by_clock) if by_clock > _WARM_SHARE else by_steps

    @property
    def total_steps(self) -> int:
        if self._steps:
            return self._steps
        return max(self.step, round(self.step / max(self.fraction, 1e-3)))

    @property
    def left_s(self) -> float:
        """Seconds to the expected end, 0 at the end; the whole budget before the first step."""
        rest_s = max(0.0, self._budget_s - self.elapsed_s)
        if not self._steps or self.step == 0:
            return rest_s
        return min(rest_s, (self._steps - self.step) * self.elapsed_s / self.step)

    def moment(self, look: Callable[[], Look], key: bool = False) -> Step:
        """The present as a Step."""
        return Step(self.step, self.total_steps, self.elapsed_s, self.left_s, key, look)


def out_of_time(pace: Pace, budget_s: float) -> list[str]:
    """What a run says of itself whose budget ended before its steps were done; nothing of others."""
    if not pace.out_of_time:
        return []
    return [
        f"The time budget of {budget_s:g} s ended the training at step {pace.step} of {pace.total_steps}: the "
        "learning rate fell by the clock instead. More time would end better, and this seed may not repeat itself."
    ]
