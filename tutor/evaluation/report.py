"""Measures with their intervals, and the report made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tutor.evaluation.measures import wilson_interval


@dataclass(frozen=True)
class Outcome:
    """What one run gave: its figure (None: it gave none), whether that meets the aim (None: there is no aim), and how
    the run ended.
    """

    key: str
    value: float | None
    hit: bool | None
    state: str

    def to_json(self) -> dict[str, Any]:
        """{key, value, hit, state}."""
        return {"key": self.key, "value": _rounded(self.value), "hit": self.hit, "state": self.state}

    def to_text(self) -> str:
        """A few words for people."""
        told = [] if self.value is None else [f"{self.value:.3g}"]
        told += [] if self.state == "done" else [self.state]
        told += [] if self.hit is None else ["hit" if self.hit else "miss"]
        return f"{self.key}: {', '.join(told)}"


@dataclass(frozen=True)
class Measure:
    """One number of a report: a share k of n with its interval, or a plain value with its unit.

    A plain value may be the worst of several runs, which are then named; it is None if no run gave a figure.
    """

    name: str
    value: float | None
    n: int
    k: int | None = None
    unit: str = ""
    missed: tuple[str, ...] = ()
    runs: tuple[Outcome, ...] = ()

    @staticmethod
    def share(name: str, outcomes: Sequence[tuple[str, bool]]) -> Measure:
        """A share of outcomes (id, good); the ids that were not good are `missed`."""
        k, n = sum(good for _, good in outcomes), len(outcomes)
        return Measure(name, k / n if n else 0.0, n, k, "", tuple(key for key, good in outcomes if not good))

    @staticmethod
    def worst(
        name: str, runs: Sequence[Outcome], worst: Callable[[list[float]], float], unit: str = ""
    ) -> Measure:
        """The worst figure of several runs, `worst` being min or max; the keys of those off the aim are `missed`."""
        given = [run.value for run in runs if run.value is not None]
        missed = tuple(run.key for run in runs if run.hit is False)
        return Measure(name, worst(given) if given else None, len(runs), None, unit, missed, tuple(runs))

    def to_json(self) -> dict[str, Any]:
        """{name, value, n} and for a share {k, low, high, missed}, else {unit} and for several runs {missed, runs}."""
        value: dict[str, Any] = {"name": self.name, "value": _rounded(self.value), "n": self.n}
        if self.k is None:
            runs = {"missed": list(self.missed), "runs": [run.to_json() for run in self.runs]}
            return value | {"unit": self.unit} | (runs if self.runs else {})
        low, high = wilson_interval(self.k, self.n)
        return value | {
            "k": self.k,
            "low": round(low, 4),
            "high": round(high, 4),
            "missed": list(self.missed),
        }

    def to_text(self) -> str:
        """One line for people."""
        if self.k is None:
            runs = "".join(
                f"{'; ' if place else '   '}{run.to_text()}" for place, run in enumerate(self.runs)
            )
            return f"  {self.name:<58} {self._shown():>9}   n = {self.n}{runs}"
        low, high = wilson_interval(self.k, self.n)
        return f"  {self.name:<58} {self.value:9.1%}   {self.k} of {self.n}, 95 % interval {low:.1%} to {high:.1%}"

    def _shown(self) -> str:
        if self.value is None:
            return "none"
        if not self.unit:
            return f"{self.value:.3f}"
        return f"{self.value:.1f} {self.unit}" if self.runs else f"{self.value:.0f} {self.unit}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


@dataclass(frozen=True)
class Report:
    """The measures of each suite that ran, and the chat model that answered."""

    model: str
    suites: Mapping[str, Sequence[Measure]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """{model, suites: {name: [measure]}}."""
        return {
            "model": self.model,
            "suites": {name: [measure.to_json() for measure in found] for name, found in self.suites.items()},
        }

    def to_text(self) -> str:
        """The report for people: one line a measure, then what was missed."""
        lines = [f"chat model: {self.model}"]
        for name, found in self.suites.items():
            lines += ["", name, *[measure.to_text() for measure in found]]
            named = [measure for measure in found if measure.missed and not measure.runs]
            lines += [f"    {measure.name}: see {', '.join(measure.missed)}" for measure in named]
        return "\n".join(lines)
