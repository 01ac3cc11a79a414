"""Measures with their intervals, and the report made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tutor.evaluation.measures import wilson_interval


@dataclass(frozen=True)
class Measure:
    """One number of a report: a share k of n with its interval, or a plain value with its unit."""

    name: str
    value: float
    n: int
    k: int | None = None
    unit: str = ""
    missed: tuple[str, ...] = ()

    @staticmethod
    def share(name: str, outcomes: Sequence[tuple[str, bool]]) -> Measure:
        """A share of outcomes (id, good); the ids that were not good are `missed`."""
        k, n = sum(good for _, good in outcomes), len(outcomes)
        return Measure(name, k / n if n else 0.0, n, k, "", tuple(key for key, good in outcomes if not good))

    def to_json(self) -> dict[str, Any]:
        """{name, value, n} and for a share {k, low, high, missed}, else {unit}."""
        value: dict[str, Any] = {"name": self.name, "value": round(self.value, 4), "n": self.n}
        if self.k is None:
            return value | {"unit": self.unit}
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
            shown = f"{self.value:.0f} {self.unit}" if self.unit else f"{self.value:.3f}"
            return f"  {self.name:<58} {shown:>9}   n = {self.n}"
        low, high = wilson_interval(self.k, self.n)
        return f"  {self.name:<58} {self.value:9.1%}   {self.k} of {self.n}, 95 % interval {low:.1%} to {high:.1%}"


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
            lines += [
                f"    {measure.name}: see {', '.join(measure.missed)}" for measure in found if measure.missed
            ]
        return "\n".join(lines)
