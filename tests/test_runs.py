"""Runs side by side: what was set differently, and the figures that both have."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tutor.errors import DemoError
from tutor.runs import MOST_KEPT, compared, comparison_table, kept_runs, new_run_folder, read_run


def run(
    demo: str = "gan-2d", seed: int = 0, knobs: dict[str, Any] | None = None, **values: float
) -> dict[str, Any]:
    """A finished run with these figures."""
    metrics = {
        name: {"value": value, "n": 10, "floor": 1.0, "better": "high", "meaning": ""}
        for name, value in values.items()
    }
    return {
        "demo": demo,
        "preset": "quick",
        "seed": seed,
        "outcome": "done",
        "knobs": knobs or {},
        "metrics": metrics,
    }


ONE = run(knobs={"d_lr": 0.001, "steps": 500}, recall=0.5, coverage=0.25)
TWO = run(knobs={"d_lr": 0.01, "steps": 500}, recall=0.75, spread=1.0)


def test_only_knobs_that_differ_and_figures_of_both_are_compared() -> None:
    found = compared(ONE, TWO)
    assert found["knobs"] == [{"name": "d_lr", "values": [0.001, 0.01]}]
    assert [(metric["name"], metric["values"]) for metric in found["metrics"]] == [("recall", [0.5, 0.75])]
    assert found["demos"] == ["gan-2d", "gan-2d"]


def test_the_table_shows_both_values_beside_real_data() -> None:
    table = comparison_table(ONE, TWO)
    assert table.rows == (
        ("set: d_lr", "0.001", "0.01", "", ""),
        ("recall", "0.5", "0.75", "1", "better: high"),
    )
    assert table.caption == "Two runs of gan-2d."


def test_the_seed_is_a_difference_and_none_is_said_too() -> None:
    assert comparison_table(ONE, {**ONE, "seed": 4}).rows[0] == ("set: seed", "0", "4", "", "")
    assert "the same knobs and the same seed" in comparison_table(ONE, ONE).caption


def test_runs_without_a_common_figure_say_so() -> None:
    table = comparison_table(ONE, run("diffusion-2d", loss=1.0))
    assert "no figure in common" in table.caption and "beside one of diffusion-2d" in table.caption


def test_a_run_is_read_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps(ONE))
    assert read_run(tmp_path) == ONE


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "holds no run"),
        ("{", "holds no run"),
        ("[]", "holds no run"),
        ('{"outcome": "killed"}', "killed"),
    ],
)
def test_a_folder_without_a_finished_run_says_so(content: str | None, says: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "result.json").write_text(content)
    with pytest.raises(DemoError, match=says):
        read_run(tmp_path)


def test_the_latest_runs_are_kept_and_the_others_leave_the_disk(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    (folder / "mine").mkdir(parents=True)
    for n in range(MOST_KEPT + 5):
        place = new_run_folder(folder)
        (place / "film.gif").write_bytes(b"gif")
        (place / "result.json").write_text(json.dumps(run(seed=n)))
        for path in (place / "result.json", place):
            os.utime(path, (1000.0 + n, 1000.0 + n))
    places = {path for path in folder.iterdir() if path.name != "mine"}
    assert len(places) == MOST_KEPT and (folder / "mine").is_dir()
    kept = kept_runs(folder)
    assert [one.run["seed"] for one in kept] == list(range(MOST_KEPT + 4, 4, -1))
    assert {one.folder for one in kept} == places
