"""Runs of demos side by side: the knobs that differ, and the figures of both."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tutor.errors import DemoError
from tutor.turns import TableShown

Run = Mapping[str, Any]
MOST_KEPT = 60
"""Runs whose pictures, films and figures stay on the disk; a conversation keeps what it said of the others."""

KEPT_FILES = ("final.png", "film.gif", "result.json")


def read_run(folder: Path) -> dict[str, Any]:
    """What result.json of a run's folder tells. DemoError if there is no finished run."""
    try:
        run = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        outcome = str(run["outcome"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DemoError(
            f"{folder} holds no run of a demo", "Name the folder that `tutor demo run --out` was given."
        ) from error
    if not isinstance(run.get("metrics"), dict):
        raise DemoError(f"The run in {folder} ended without figures: {outcome}", "Run the demo once more.")
    found: dict[str, Any] = run
    return found


@dataclass(frozen=True)
class KeptRun:
    """A finished run that is kept: the name of its folder, what its result.json tells, and when it ended."""

    name: str
    run: dict[str, Any]
    folder: Path
    at: datetime

    @property
    def told(self) -> str:
        """The run in a line: demo, preset, seed and when it ended, by the clock of the place."""
        when = f"{self.at.astimezone():%d %b %H:%M:%S}"
        return f"{self.run['demo']} · {self.run.get('preset', '')} · seed {self.run.get('seed', '')} · {when}"

    @property
    def files(self) -> tuple[Path, ...]:
        """Its last picture, its film and its figures, as far as they are there."""
        return tuple(file for name in KEPT_FILES if (file := self.folder / name).is_file())


def kept_runs(folder: Path) -> list[KeptRun]:
    """The finished runs below a folder, the latest first, at most MOST_KEPT; what cannot be read is left out."""
    places: list[tuple[float, Path]] = []
    for place in folder.glob("run-*") if folder.is_dir() else ():
        with suppress(OSError):
            places.append(((place / "result.json").stat().st_mtime, place))
    found = []
    for at, place in sorted(places, reverse=True)[:MOST_KEPT]:
        with suppress(DemoError):
            found.append(KeptRun(place.name, read_run(place), place, datetime.fromtimestamp(at, UTC)))
    return found


def new_run_folder(folder: Path) -> Path:
    """Makes a folder for a run below `folder`; of those that are there, the latest stay: with it they are MOST_KEPT."""
    folder.mkdir(parents=True, exist_ok=True)
    places: list[tuple[float, Path]] = []
    for place in folder.glob("run-*"):
        with suppress(OSError):
            places.append((place.stat().st_mtime, place))
    for _, place in sorted(places, reverse=True)[MOST_KEPT - 1 :]:
        shutil.rmtree(place, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix="run-", dir=folder))


def compared(one: Run, two: Run) -> dict[str, Any]:
    """Two runs side by side: {demos, outcomes, knobs: [{name, values}], metrics: [{name, values, floor, better,
    meaning}]}, of the knobs those that differ and of the figures those that both have."""
    settings = [{**run["knobs"], "preset": run.get("preset"), "seed": run["seed"]} for run in (one, two)]
    names = list(dict.fromkeys((*settings[0], *settings[1])))
    metrics = one["metrics"]
    return {
        "demos": [one["demo"], two["demo"]],
        "outcomes": [one["outcome"], two["outcome"]],
        "knobs": [
            {"name": name, "values": [each.get(name) for each in settings]}
            for name in names
            if settings[0].get(name) != settings[1].get(name)
        ],
        "metrics": [
            {
                "name": name,
                "values": [metrics[name].get("value"), two["metrics"][name].get("value")],
                "floor": metrics[name].get("floor"),
                "better": metrics[name].get("better", ""),
                "meaning": metrics[name].get("meaning", ""),
            }
            for name in metrics
            if name in two["metrics"]
        ],
    }


def comparison_table(one: Run, two: Run) -> TableShown:
    """The same as a table: first what was set differently, then the figures."""
    found = compared(one, two)
    first, second = found["demos"]
    what = f"Two runs of {first}" if first == second else f"A run of {first} beside one of {second}"
    if not found["knobs"]:
        what += ", with the same knobs and the same seed"
    rows = [(f"set: {knob['name']}", *map(figure, knob["values"]), "", "") for knob in found["knobs"]]
    for metric in found["metrics"]:
        better = f"better: {metric['better']}" if metric["better"] else ""
        values = map(figure, metric["values"])
        rows.append((label(metric["name"]), *values, figure(metric["floor"]), better))
    if not found["metrics"]:
        what += "; they have no figure in common"
    return TableShown(f"{what}.", ("", "first", "second", "real data", ""), tuple(rows))


def figure(value: object) -> str:
    """A value as it is shown: four significant digits, a dash where there is none."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value is None else str(value)


def label(name: str) -> str:
    """A figure's name in words."""
    return name.replace("_", " ")
