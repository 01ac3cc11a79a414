"""`tutor eval demos`: each demo run as a student runs it, with its times, how it ended, and what it was to reach."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from tutor.demo_inputs import base_input
from tutor.errors import DemoError
from tutor.evaluation.demo_targets import FIRST_FRAME_AIM_S, LONGER_AIM_S, TARGETS, WALL, WALL_AIM_S, Target
from tutor.evaluation.report import Measure, Outcome
from tutor.jobs import DemoFrame, DemoResult, DemoStarted, DemoStopped, JobEvent, list_demos, run_demo

SEEDS = (0, 1, 2)
_ENDED = ("done", "out of time")
Each = Callable[[str, Sequence[Any]], Iterator[Any]]
Begin = Callable[[str, str, int, Path], Iterator[JobEvent]]


def _children_cpu_s() -> float:
    import resource  # Unix alone has it

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True)
class Demos:
    """What is measured.

    Attributes:
        names: the names of the demos.
        begin: a demo, a preset, a seed and a folder -> the events of a run; its process ends with the iterator.
        clock: seconds that only grow.
        cpu_s: seconds of processor time of the child processes that have ended.
        targets: what is to be reached.
    """

    names: Callable[[], Sequence[str]]
    begin: Begin
    clock: Callable[[], float] = time.monotonic
    cpu_s: Callable[[], float] = _children_cpu_s
    targets: Sequence[Target] = TARGETS


@dataclass(frozen=True)
class DemoRun:
    """One run: its state with what went wrong, its times, and the metrics of its result.

    `first_frame_s` counts from the event that says that training begins; None if no frame came.
    """

    seed: int
    state: str
    why: str
    wall_s: float
    cpu_s: float
    first_frame_s: float | None
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def ended(self) -> str:
        """The state, and what went wrong."""
        return f"{self.state}: {self.why}" if self.why else self.state

    def outcome(self, value: float | None, is_met: Callable[[float], bool] | None) -> Outcome:
        """A figure of this run beside its aim, which is missed without a figure and by a run that failed."""
        hit = None if is_met is None else self.state in _ENDED and value is not None and is_met(value)
        return Outcome(f"seed {self.seed}", value, hit, self.state)


def bundled_demos(root: Path, cache_dir: Path | None = None) -> Demos:
    """The demos of the folder `root`, each run in a process of its own, on the device that a student gets.

    Args:
        cache_dir: where the weights of the language model lie that a demo may start from.
    """

    def begin(name: str, preset: str, seed: int, out: Path) -> Iterator[JobEvent]:
        return run_demo(
            root, name, {}, seed=seed, device="auto", out=out, preset=preset, inputs=base_input(cache_dir)
        )

    return Demos(lambda: [demo["name"] for demo in list_demos(root)], begin)


def measure_demos(demos: Demos, preset: str, each: Each) -> list[Measure]:
    """All measures of the suite: for each demo its end, its times, its targets; last, how many targets are met.

    Args:
        preset: "quick" or "normal".
        each: gives the items of a stage one by one, with progress.

    Raises:
        DemoError: the demos cannot be listed. A run that fails is counted as that.
    """
    found: list[Measure] = []
    met: list[tuple[str, bool]] = []
    for name in demos.names():
        runs = [one_run(demos, name, preset, seed) for seed in each(f"Running {name}, {preset}", SEEDS)]
        found += _ends_and_times(name, preset, runs)
        for target in demos.targets:
            if (target.demo, target.preset) == (name, preset):
                measure = _reached(target, runs)
                found.append(measure)
                met.append((measure.name, not measure.missed))
    return [*found, Measure.share("targets met with every seed", met)]


def one_run(demos: Demos, name: str, preset: str, seed: int) -> DemoRun:
    """Runs a demo to its end, whatever that is; nothing of it is left afterwards, also not after Ctrl-C."""
    begun_s = first_s = None
    state, why = "failed", ""
    metrics: Mapping[str, Mapping[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="tutor-demo-") as folder:
        asked_s, cpu_s = demos.clock(), demos.cpu_s()
        try:
            with closing(cast("Any", demos.begin(name, preset, seed, Path(folder)))) as events:
                for event in events:
                    if isinstance(event, DemoStarted):
                        begun_s = demos.clock()
                    elif isinstance(event, DemoFrame) and begun_s is not None and first_s is None:
                        first_s = demos.clock() - begun_s
                    elif isinstance(event, DemoResult):
                        state, metrics = event.outcome, event.metrics
                    elif isinstance(event, DemoStopped):
                        state = "stopped"
        except DemoError as error:
            state, why = error.state, error.what
        wall_s, cpu_s = demos.clock() - asked_s, demos.cpu_s() - cpu_s
    return DemoRun(seed, state, why, wall_s, cpu_s, first_s, metrics)


def _ends_and_times(name: str, preset: str, runs: Sequence[DemoRun]) -> list[Measure]:
    """How the runs of a demo ended, and the largest of their times."""

    def slowest(what: str, seconds: Sequence[float | None], aim_s: float) -> Measure:
        told = [run.outcome(s, lambda s: s <= aim_s) for run, s in zip(runs, seconds, strict=True)]
        return Measure.worst(f"{name}: {what} <= {aim_s:g}", told, max, "s")

    ends = [(f"seed {run.seed} ({run.ended})", run.state == "done") for run in runs]
    return [
        Measure.share(f"{name}: ran to its end", ends),
        slowest("whole run", [run.wall_s for run in runs], LONGER_AIM_S.get(name, WALL_AIM_S)[preset]),
        Measure.worst(f"{name}: processor time", [run.outcome(run.cpu_s, None) for run in runs], max, "s"),
        slowest("start to first frame", [run.first_frame_s for run in runs], FIRST_FRAME_AIM_S),
    ]


def _reached(target: Target, runs: Sequence[DemoRun]) -> Measure:
    """A target with the worst figure of the runs."""
    told = [
        run.outcome(run.wall_s if target.metric == WALL else target.figure(run.metrics), target.is_met)
        for run in runs
    ]
    worst = min if target.comparison == ">=" else max
    return Measure.worst(f"{target.demo}: {target.name}", told, worst, "s" if target.metric == WALL else "")
