"""The suites of the demos: scripted runs counted by hand, the table of targets against the demos, one real run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demos.catalogue import DEMOS, find_demo
from demos.steps import Result, RunSettings
from tutor.errors import DemoError, DemoState
from tutor.evaluation import Measure, Report
from tutor.evaluation.demo_targets import TARGETS, WALL, Target
from tutor.evaluation.demos import SEEDS, Demos, bundled_demos, measure_demos, one_run
from tutor.jobs import DemoFrame, DemoResult, DemoStarted, DemoStopped, JobEvent, run_demo

ROOT = Path(__file__).resolve().parent.parent


def each(stage: str, items: Sequence[Any]) -> Iterator[Any]:
    yield from items


# -- scripted runs ---------------------------------------------------------------------------------------------


class Played:
    """A clock, and runs that take ten seconds: a start after one, a first frame `frame_s` later, a result."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.cpu_s = 50.0
        self.wall_s = 10.0
        self.frame_s = 1.5
        self.asked: list[tuple[str, str, int]] = []
        self.shares = {0: 0.9, 1: 0.7, 2: 0.8}
        self.outcomes: dict[int, DemoState] = {}

    def begin(self, name: str, preset: str, seed: int, out: Path) -> Iterator[JobEvent]:
        self.asked.append((name, preset, seed))
        asked_s = self.now_s
        self.now_s += 1.0
        yield DemoStarted(name, preset, seed, "cpu", {}, 15.0, 1)
        for _ in range(2):
            self.now_s += self.frame_s
            yield DemoFrame(out / "frame.png", 0, 9, "", {}, 0.0, 9.0)
        self.cpu_s += 8.0 + seed
        self.now_s = asked_s + self.wall_s + seed
        yield self.result(name, preset, seed)

    def result(self, name: str, preset: str, seed: int) -> DemoResult:
        share = {"value": self.shares[seed], "floor": 1.0, "baseline": None}
        return DemoResult(
            name, preset, seed, "cpu", 9.0, {}, self.outcomes.get(seed, "done"), 9,
            {"share": share, "distance": {"value": 2.0 + seed, "floor": 2.0, "baseline": 8.0}}, (), (), "", (),
        )  # fmt: skip

    def demos(self, *targets: Target) -> Demos:
        return Demos(lambda: ["one", "two"], self.begin, lambda: self.now_s, lambda: self.cpu_s, targets)


SHARE = Target("one", "quick", "share", ">=", 0.75)
DISTANCE = Target("one", "quick", "distance", "<=", 3.0)


def found(demos: Demos, preset: str = "quick") -> dict[str, Measure]:
    return {measure.name: measure for measure in measure_demos(demos, preset, each)}


def test_each_demo_runs_once_with_each_seed_one_after_another() -> None:
    played = Played()
    found(played.demos())
    assert played.asked == [(name, "quick", seed) for name in ("one", "two") for seed in SEEDS]


def test_a_target_is_held_against_the_worst_of_the_seeds_and_each_is_named() -> None:
    measures = found(Played().demos(SHARE, DISTANCE))
    share, distance = measures["one: share >= 0.75"], measures["one: distance <= 3"]
    assert (share.value, share.n, share.missed) == (0.7, 3, ("seed 1",))
    assert [run.hit for run in share.runs] == [True, False, True]
    assert (distance.value, distance.missed) == (4.0, ("seed 2",))


def test_a_figure_on_its_bound_is_a_hit() -> None:
    measures = found(Played().demos(replace(SHARE, value=0.7), replace(DISTANCE, value=4.0)))
    assert not measures["one: share >= 0.7"].missed and not measures["one: distance <= 4"].missed


def test_a_target_counts_for_its_own_demo_and_preset_alone() -> None:
    targets = (SHARE, replace(SHARE, preset="normal", value=0.85))
    assert [name for name in found(Played().demos(*targets)) if "share" in name] == ["one: share >= 0.75"]
    normal = found(Played().demos(*targets), "normal")
    assert [name for name in normal if "share" in name] == ["one: share >= 0.85"]


def test_the_targets_met_with_every_seed_are_counted() -> None:
    easy = replace(SHARE, demo="two", value=0.5)
    met = found(Played().demos(SHARE, easy))["targets met with every seed"]
    assert (met.k, met.n, met.missed) == (1, 2, ("one: share >= 0.75",))


def test_the_times_are_the_largest_of_the_seeds() -> None:
    measures = found(Played().demos())
    assert measures["one: whole run <= 15"].value == 12.0
    assert measures["one: processor time"].value == 10.0
    assert measures["one: start to first frame <= 2"].value == 1.5
    assert not any(measure.missed for measure in measures.values())


def test_times_beyond_their_aims_are_misses_of_their_seeds() -> None:
    played = Played()
    played.wall_s, played.frame_s = 14.0, 2.1
    measures = found(played.demos(replace(SHARE, metric=WALL, comparison="<=", value=14.0)))
    assert measures["one: whole run <= 15"].missed == ("seed 2",)
    assert measures["one: start to first frame <= 2"].missed == ("seed 0", "seed 1", "seed 2")
    assert measures[f"one: {WALL} <= 14"].missed == ("seed 1", "seed 2")
    played.wall_s = 57.5
    assert found(played.demos(), "normal")["one: whole run <= 60"].value == 59.5


def test_a_demo_of_a_large_model_has_times_of_its_own() -> None:
    played = Played()
    played.wall_s = 27.5
    demos = replace(played.demos(), names=lambda: ["fine-tuning", "two"])
    measures = found(demos)
    assert not measures["fine-tuning: whole run <= 30"].missed and measures["two: whole run <= 15"].missed


def test_a_run_that_fails_is_a_miss_with_its_state_and_stops_nothing() -> None:
    played = Played()

    def begin(name: str, preset: str, seed: int, out: Path) -> Iterator[JobEvent]:
        if name == "one" and seed == 1:
            played.now_s += 1.0
            raise DemoError("The demo took 9 GB", "Run it smaller.", "out of memory")
        yield from played.begin(name, preset, seed, out)

    target = replace(SHARE, metric=WALL, comparison="<=", value=99.0)
    measures = found(replace(played.demos(SHARE, target), begin=begin))
    ended = measures["one: ran to its end"]
    assert (ended.k, ended.missed) == (2, ("seed 1 (out of memory: The demo took 9 GB)",))
    assert measures["two: ran to its end"].k == 3
    share = measures["one: share >= 0.75"]
    assert (share.value, share.n, share.missed) == (0.8, 3, ("seed 1",))
    assert (share.runs[1].value, share.runs[1].state) == (None, "out of memory")
    assert [run.hit for run in measures["one: processor time"].runs] == [None, None, None]
    for name in ("whole run <= 15", "start to first frame <= 2", f"{WALL} <= 99"):
        assert measures[f"one: {name}"].missed == ("seed 1",)


def test_a_run_out_of_time_did_not_end_but_its_figures_count() -> None:
    played = Played()
    played.outcomes = {0: "out of time", 2: "diverged"}
    measures = found(played.demos(replace(SHARE, value=0.5)))
    assert measures["one: ran to its end"].missed == ("seed 0 (out of time)", "seed 2 (diverged)")
    assert measures["one: share >= 0.5"].missed == ("seed 2",)


def test_a_run_without_a_result_is_named_by_how_it_ended() -> None:
    def begin(name: str, preset: str, seed: int, out: Path) -> Iterator[JobEvent]:
        yield DemoStarted(name, preset, seed, "cpu", {}, 15.0, 1)
        if seed == 0:
            yield DemoStopped(0, ())

    played = Played()
    measures = found(replace(played.demos(SHARE), begin=begin))
    assert measures["one: ran to its end"].missed == (
        "seed 0 (stopped)",
        "seed 1 (failed)",
        "seed 2 (failed)",
    )
    assert measures["one: share >= 0.75"].value is None
    assert measures["one: start to first frame <= 2"].value is None


def test_the_report_names_hit_or_miss_of_each_seed() -> None:
    played = Played()
    played.outcomes = {2: "diverged"}
    report = Report("none", {"demos": measure_demos(played.demos(SHARE), "quick", each)})
    lines = {line.strip().partition("  ")[0]: line for line in report.to_text().splitlines()}
    told = "seed 0: 0.9, hit; seed 1: 0.7, miss; seed 2: 0.8, diverged, miss"
    assert lines["one: share >= 0.75"].endswith(f"0.700   n = 3   {told}")
    assert "12.0 s" in lines["one: whole run <= 15"]
    assert lines["one: processor time"].endswith("seed 0: 8; seed 1: 9; seed 2: 10, diverged")
    value = json.loads(json.dumps(report.to_json(), allow_nan=False))
    (share,) = [one for one in value["suites"]["demos"] if one["name"] == "one: share >= 0.75"]
    assert share["missed"] == ["seed 1", "seed 2"] and share["n"] == 3
    assert share["runs"][2] == {"key": "seed 2", "value": 0.8, "hit": False, "state": "diverged"}


def test_a_report_without_a_figure_says_so_and_is_json() -> None:
    def begin(name: str, preset: str, seed: int, out: Path) -> Iterator[JobEvent]:
        raise DemoError("It is broken", "Mend it.")
        yield

    measures = measure_demos(replace(Played().demos(SHARE), begin=begin), "quick", each)
    report = Report("none", {"demos": measures})
    assert "none   n = 3   seed 0: failed, miss" in report.to_text()
    assert '"value": null' in json.dumps(report.to_json(), allow_nan=False)


# -- targets ---------------------------------------------------------------------------------------------------

METRICS: dict[str, dict[str, Any]] = {
    "a": {"value": 3.0, "floor": 2.0, "baseline": None},
    "b": {"value": 6.0, "floor": 0.0, "baseline": 12.0},
    "gone": {"value": None, "floor": 1.0, "baseline": 1.0},
}


@pytest.mark.parametrize(
    ("metric", "over", "figure"),
    [("a", "", 3.0), ("a", "floor", 1.5), ("b", "baseline", 0.5), ("a", "b", 0.5), ("b", "a", 2.0)],
)
def test_a_figure_is_a_metric_or_its_ratio_to_another(metric: str, over: str, figure: float) -> None:
    assert Target("one", "quick", metric, ">=", 1.0, over).figure(METRICS) == figure


@pytest.mark.parametrize(
    ("metric", "over"),
    [("gone", ""), ("gone", "floor"), ("no", ""), ("no", "floor"), ("a", "no"), ("a", "baseline"), ("b", "floor"),
     ("a", "gone")],
)  # fmt: skip
def test_a_figure_that_cannot_be_had_is_none(metric: str, over: str) -> None:
    assert Target("one", "quick", metric, ">=", 1.0, over).figure(METRICS) is None


def test_a_figure_that_is_not_finite_is_none() -> None:
    assert Target("one", "quick", "a", ">=", 1.0).figure({"a": {"value": math.inf}}) is None


def test_every_demo_has_targets_for_both_presets_and_none_stands_twice() -> None:
    known = {demo.name for demo in DEMOS}
    for preset in ("quick", "normal"):
        assert {target.demo for target in TARGETS if target.preset == preset} == known
    keys = [(target.demo, target.preset, target.metric, target.over) for target in TARGETS]
    assert len(keys) == len(set(keys))


def test_normal_asks_for_no_less_than_quick() -> None:
    bounds = {(t.demo, t.metric, t.over, t.preset): t for t in TARGETS}
    for (demo, metric, over, preset), target in bounds.items():
        quick = bounds.get((demo, metric, over, "quick"))
        if preset == "normal" and quick is not None:
            assert quick.is_met(target.value), target


# Less work than `quick` does, where the figures of a result depend on all parts being done.
SMALLEST: dict[str, dict[str, Any]] = {
    "metrics-lab": {"n": 50, "resamples": 3},
    "tokens": {"merges": 4},
    "generative-vs-discriminative": {"repeats": 1, "n_max": 50},
}


@pytest.mark.parametrize("name", [demo.name for demo in DEMOS])
def test_the_figures_that_a_demo_is_held_against_are_in_its_result(
    name: str, tiny_language_model: Path
) -> None:
    demo = find_demo(name)
    knobs = {"steps": 2} if any(knob.name == "steps" for knob in demo.knobs) else {}
    values = demo.knob_values(SMALLEST.get(name, knobs), "quick")
    *_, result = demo.load_run()(
        values, RunSettings(0, "cpu", 60.0, lambda: 0.0, {"base": tiny_language_model})
    )
    assert isinstance(result, Result)
    metrics = {key: vars(metric) for key, metric in result.metrics.items()}
    for target in TARGETS:
        if target.demo == name and target.metric != WALL:
            assert target.figure(metrics) is not None, target


# -- real runs -------------------------------------------------------------------------------------------------


def test_a_real_run_gives_its_times_and_figures(tmp_path: Path) -> None:
    folders = []

    def begin(name: str, preset: str, seed: int, out: Path) -> Iterator[JobEvent]:
        folders.append(out)
        return run_demo(
            ROOT, name, {"steps": 5}, seed=seed, device="cpu", out=out, preset=preset, budget_s=5.0
        )

    run = one_run(Demos(lambda: [], begin), "self-attention", "quick", 2)
    assert (run.seed, run.state, run.why) == (2, "done", "")
    assert run.first_frame_s is not None and 0 < run.first_frame_s < run.wall_s
    assert run.cpu_s > 0.2
    assert 0 <= run.metrics["accuracy"]["value"] <= 1
    assert not folders[0].exists()


def test_the_bundled_demos_are_run_as_they_are_with_their_presets(tmp_path: Path) -> None:
    demos = bundled_demos(ROOT)
    assert list(demos.names()) == [demo.name for demo in DEMOS]
    events = demos.begin("gan-2d", "normal", 1, tmp_path)
    started = next(event for event in events if isinstance(event, DemoStarted))
    events.close()  # type: ignore[attr-defined]
    assert (started.demo, started.preset, started.seed) == ("gan-2d", "normal", 1)
    assert started.knobs == find_demo("gan-2d").knob_values({}, "normal")


def test_ctrl_c_leaves_no_process_and_no_folder_behind(tmp_path: Path) -> None:
    code = (
        "import json, os, time\nfrom pathlib import Path\nPath('pid').write_text(str(os.getpid()))\n"
        "start = dict(event='start', demo='any', preset='quick', seed=0, device='cpu', knobs={}, budget_s=9)\n"
        "print(json.dumps(start), flush=True)\ntime.sleep(60)"
    )
    (tmp_path / "demos").mkdir()
    (tmp_path / "demos" / "__init__.py").touch()
    (tmp_path / "demos" / "__main__.py").write_text(code)
    begun: list[tuple[Path, Iterator[JobEvent]]] = []  # what is still referred to does not end by itself
    readings = [0.0]

    def begin(name: str, preset: str, seed: int, out: Path) -> Iterator[JobEvent]:
        begun.append((out, run_demo(tmp_path, name, {}, seed=seed, device="cpu", out=out)))
        return begun[0][1]

    def clock() -> float:
        if not readings:
            raise KeyboardInterrupt
        return readings.pop()

    with pytest.raises(KeyboardInterrupt):
        one_run(Demos(lambda: [], begin, clock), "any", "quick", 0)
    assert not begun[0][0].exists()
    assert not Path("/proc", (tmp_path / "pid").read_text()).exists()
