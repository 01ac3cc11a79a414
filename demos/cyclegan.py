"""CycleGAN on cartoon faces (arXiv 1703.10593): black hair to blond and back, learned from unpaired faces, and measured
against the true twins, which are known because the faces are drawn.

Adam runs with beta1 = 0 and a rate that falls along a half cosine; what is shown and measured are the averages of the
translators' weights over the last 5 % of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from demos import cyclegan_words
from demos.cyclegan_pair import (
    N_TESTED,
    POOL,
    Pair,
    TestFaces,
    colour_transfer,
    faces_with,
    hair_change,
    outside_change,
    twin_error,
)
from demos.faces import render
from demos.image_measures import memorisation_ratio, neighbourhoods
from demos.networks import seeded
from demos.steps import Look, Metric, Pace, Result, RunSettings, Step

N_SHOWN = 5
MEASURED_TIMES = 12
WAYS = ("to_blond", "to_black")


@dataclass(frozen=True)
class Block:
    """One way of one pair: its title and rows of faces [5, s, s, 3] in 0..1, `mask` [5, s, s]."""

    title: str
    input: NDArray[np.float32]
    translated: NDArray[np.float32]
    back: NDArray[np.float32]
    twin: NDArray[np.float32]
    mask: NDArray[np.float32]


@dataclass(frozen=True)
class CycleLook(Look):
    """What there is to see: two blocks, and the twin errors so far, a curve of (step, error) for each name."""

    blocks: tuple[Block, ...]
    curves: dict[str, tuple[tuple[int, float], ...]]
    total_steps: int


class CycleRun:
    """The faces, one pair or two, and their errors so far."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs, self.settings = knobs, settings
        size = int(knobs["size"])
        source = seeded(settings.seed + 1, settings.device)
        self.pools = (
            render(faces_with(True, POOL, source), size),
            render(faces_with(False, POOL, source), size),
        )
        self.tests = (
            TestFaces.drawn(True, N_TESTED, size, source),
            TestFaces.drawn(False, N_TESTED, size, source),
        )
        weights = [(float(knobs["lambda_cyc"]), float(knobs["lambda_id"]))]
        if knobs["compare"] == "no-cycle":
            weights.append((0.0, float(knobs["lambda_id"])))
        self.pairs = [
            Pair(knobs["generator"], knobs["lr"], lambdas, self.pools, settings.seed) for lambdas in weights
        ]
        self.names = ("with cycle loss", "without") if len(weights) == 2 else ("",)
        self.history: dict[str, list[tuple[int, float]]] = {
            self.curve_name(pair, way): [] for pair in range(len(weights)) for way in (0, 1)
        }
        self.pace = Pace(knobs["steps"], settings)

    def curve_name(self, pair: int, way: int) -> str:
        return f"{('to blond', 'to black')[way]} {self.names[pair]}".strip()

    @property
    def sound(self) -> bool:
        return all(pair.sound for pair in self.pairs)

    def update(self) -> None:
        for pair in self.pairs:
            pair.update(self.pace, self.knobs["batch"])
        self.pace.step += 1
        times = min(len(curve) for curve in self.history.values())
        if times <= self.pace.fraction * MEASURED_TIMES or self.pace.done:
            for i, way in ((i, way) for i in range(len(self.pairs)) for way in (0, 1)):
                self.history[self.curve_name(i, way)].append((self.pace.step, self.error(i, way)))

    def error(self, pair: int, way: int) -> float:
        test = self.tests[way]
        return twin_error(self.pairs[pair].translate(test.faces, way)[0], test)

    def _block(self, pair: int, way: int) -> Block:
        test, translators = self.tests[way], self.pairs[pair]
        faces = test.faces[:N_SHOWN]
        made, mask = translators.translate(faces, way)
        back, _ = translators.translate(made, 1 - way)
        title = ("Black to blond", "Blond to black")[way] + (
            f", {self.names[pair]}" if self.names[pair] else ""
        )
        return Block(
            title,
            _pictures(faces),
            _pictures(made),
            _pictures(back),
            _pictures(test.twins[:N_SHOWN]),
            mask[:, 0].cpu().numpy(),
        )

    def look(self) -> CycleLook:
        two = len(self.pairs) == 2
        blocks = (self._block(0, 1), self._block(1, 1)) if two else (self._block(0, 0), self._block(0, 1))
        metrics = {
            f"twin_error_{way}": self.history[self.curve_name(0, i)][-1][1]
            for i, way in enumerate(WAYS)
            if self.history[self.curve_name(0, i)]
        }
        return CycleLook(
            caption=cyclegan_words.caption(self.pace, metrics),
            metrics=metrics,
            blocks=blocks,
            curves={name: tuple(curve) for name, curve in self.history.items()},
            total_steps=self.pace.total_steps,
        )


def _pictures(faces: Tensor) -> NDArray[np.float32]:
    """Faces [n, 3, s, s] in -1..1 as arrays [n, s, s, 3] in 0..1."""
    return np.asarray(((faces.clamp(-1, 1) + 1) / 2).permute(0, 2, 3, 1).cpu().numpy())


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Trains: a Step for each update, then the Result.

    `knobs` are the checked values of the catalogue's cyclegan. The same seed, knobs and device give the same run as
    long as `steps` is fixed and the budget does not cut it off.
    """
    state = CycleRun(knobs, settings)
    yield state.pace.moment(state.look, key=True)
    while not state.pace.done and state.sound:
        state.update()
        yield state.pace.moment(state.look, key=state.pace.done)
    yield _result(state)


_MEANINGS = {
    "twin_error": ("low", "mean error to the true twin, over that of leaving the face as it is"),
    "hair_change": ("near 1", "how far the hair has gone from its colour to the twin's"),
    "outside_change": ("low", "mean change of pixels that should stay, on a scale of 0 to 2"),
    "cycle_error": ("low", "mean error after there and back, over the distance from face to twin"),
    "precision": ("high", "share of translated faces that lie among real faces of the other kind"),
    "recall": ("high", "share of real faces of the other kind that lie among translated ones"),
    "coverage": ("high", "share of real faces of the other kind with a translated one nearby"),
    "memorisation": ("near 1", "distance to the nearest training face, over that of new faces of that kind"),
}


def _figures(made: Tensor, back: Tensor, test: TestFaces, pool: Tensor) -> dict[str, float]:
    """All figures of translated faces and of their round trip; nearness is judged on faces shrunk to 8 x 8."""
    real, fake = (adaptive_avg_pool2d(faces, 8).flatten(1) for faces in (test.goal, made))
    near = neighbourhoods(real, fake)
    return {
        "twin_error": twin_error(made, test),
        "hair_change": hair_change(made, test),
        "outside_change": outside_change(made, test),
        "cycle_error": float((back - test.faces).abs().mean() / (test.faces - test.twins).abs().mean()),
        "precision": near.precision,
        "recall": near.recall,
        "coverage": near.coverage,
        "memorisation": memorisation_ratio(made, pool, test.goal),
    }


def _metrics(state: CycleRun, pair: int) -> dict[str, Metric]:
    """Every figure both ways, beside real twins of another shade (the floor) and colour transfer (the baseline)."""
    metrics = {}
    for way, name in enumerate(WAYS):
        test, pools = state.tests[way], state.pools
        made, _ = state.pairs[pair].translate(test.faces, way)
        back, _ = state.pairs[pair].translate(made, 1 - way)
        simple = colour_transfer(test.faces, pools[way], pools[1 - way])
        rows = (
            _figures(made, back, test, pools[1 - way]),
            _figures(test.other_twins, test.faces, test, pools[1 - way]),
            _figures(simple, colour_transfer(simple, pools[1 - way], pools[way]), test, pools[1 - way]),
        )
        for key, value in rows[0].items():
            metrics[f"{key}_{name}"] = Metric(value, N_TESTED, rows[1][key], rows[2][key], *_MEANINGS[key])
    return metrics


def _result(state: CycleRun) -> Result:
    for pair in state.pairs:
        pair.check()
    finite = all(
        bool(pair.translate(state.tests[way].faces, way)[0].isfinite().all())
        for pair in state.pairs
        for way in (0, 1)
    )
    if not (state.sound and finite):
        return Result("diverged", state.pace.step, {}, *cyclegan_words.diverged(state.pace), state.look())
    metrics = _metrics(state, 0)
    rival = _metrics(state, 1) if len(state.pairs) == 2 else {}
    story = cyclegan_words.CycleStory(
        metrics=metrics,
        rival=rival,
        lambda_cyc=float(state.knobs["lambda_cyc"]),
        generator=state.knobs["generator"],
        pace=state.pace,
        budget_s=state.settings.budget_s,
    )
    verdict, notes = cyclegan_words.verdict(metrics)
    told = cyclegan_words.observations(story)
    outcome = "out of time" if state.pace.out_of_time else "done"
    extra = {
        f"{name}_no_cycle": rival[name] for name in rival if name.startswith(("twin_error", "cycle_error"))
    }
    return Result(outcome, state.pace.step, metrics | extra, verdict, told, notes, state.look())
