"""What a demo's process tells: its lines of JSON -> events."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutor.errors import DemoState


@dataclass(frozen=True)
class DemoWaiting:
    """The run waits for its turn; `before` runs must end first."""

    before: int


@dataclass(frozen=True)
class DemoStarted:
    """The demo's process has begun to train. `knobs` are all knobs with their values."""

    demo: str
    preset: str
    seed: int
    device: str
    knobs: dict[str, str | float | int]
    budget_s: float
    pid: int


@dataclass(frozen=True)
class DemoFrame:
    """A picture (PNG) of the run at `step`, with its caption and live figures."""

    path: Path
    step: int
    total_steps: int
    caption: str
    metrics: dict[str, float | None]
    elapsed_s: float
    left_s: float


@dataclass(frozen=True)
class DemoResult:
    """How the run ended. Each metric is {value, n, floor, baseline, better, meaning}.

    `outcome` is "done", "out of time" or "diverged"; `images` are the last picture and a film (GIF) of the
    run; `notes` names study notes that explain it.
    """

    demo: str
    preset: str
    seed: int
    device: str
    seconds: float
    knobs: dict[str, str | float | int]
    outcome: DemoState
    step: int
    metrics: dict[str, dict[str, Any]]
    images: tuple[Path, ...]
    observations: tuple[str, ...]
    verdict: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class DemoStopped:
    """The run was stopped on demand, at `step`; `images` holds its last frame, if there was one."""

    step: int
    images: tuple[Path, ...]


@dataclass(frozen=True)
class DemoRefused:
    """The demo's process says why it does not go on, and what would help."""

    what: str
    remedy: str
    state: DemoState


JobEvent = DemoWaiting | DemoStarted | DemoFrame | DemoResult | DemoStopped
LAST = (DemoResult, DemoStopped, DemoRefused)
_ENDED: tuple[DemoState, ...] = ("done", "out of time", "diverged")


def read_event(line: str, pid: int, out: Path) -> JobEvent | DemoRefused | None:
    """The event that a line of a demo's process tells; None if it tells none that can be read.

    Args:
        pid: the process.
        out: the run's folder; pictures that are not there are left out, a frame without its picture is none.
    """
    try:
        told = json.loads(line, parse_constant=lambda name: None)
        return _READERS[told.pop("event")]({**told, "pid": pid}, out)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _started(told: dict[str, Any], out: Path) -> DemoStarted:
    started = DemoStarted(**told)
    if not isinstance(started.knobs, dict) or not 0 < float(started.budget_s) < float("inf"):
        raise ValueError("no start of a run")
    return started


def _frame(told: dict[str, Any], out: Path) -> DemoFrame | None:
    del told["pid"]
    (path,) = _pictures([told.pop("path")], out) or (None,)
    if path is None:
        return None
    figures = {key: float(told[key]) for key in ("elapsed_s", "left_s")}
    counts = {key: int(told[key]) for key in ("step", "total_steps")}
    return DemoFrame(path, **{**told, **figures, **counts, "caption": str(told["caption"])})


def _result(told: dict[str, Any], out: Path) -> DemoResult:
    del told["pid"]
    texts = {key: tuple(str(text) for text in told[key]) for key in ("observations", "notes")}
    result = DemoResult(**{**told, **texts, "images": _pictures(told["images"], out)})
    whole = all(isinstance(metric, dict) for metric in result.metrics.values())
    if not whole or result.outcome not in _ENDED or not isinstance(result.knobs, dict):
        raise ValueError("no result of a run")
    return result


def _stopped(told: dict[str, Any], out: Path) -> DemoStopped:
    return DemoStopped(int(told["step"]), _pictures(told["images"], out))


def _refused(told: dict[str, Any], out: Path) -> DemoRefused:
    state: DemoState = "out of memory" if told.get("state") == "out of memory" else "failed"
    return DemoRefused(str(told["what"]), str(told["remedy"]), state)


def _pictures(paths: list[str], out: Path) -> tuple[Path, ...]:
    """The paths that are files in the run's own folder."""
    folder = out.resolve()
    found = [Path(path) for path in paths]
    return tuple(path for path in found if path.is_file() and path.resolve().is_relative_to(folder))


_READERS: dict[str, Callable[[dict[str, Any], Path], JobEvent | DemoRefused | None]] = {
    "start": _started,
    "frame": _frame,
    "result": _result,
    "stopped": _stopped,
    "error": _refused,
}
