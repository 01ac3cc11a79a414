"""Mode collapse and its cures on 2-D points: K GANs with a recipe that collapses, and the same K with a cure.

Both rows start from the same weights, and see the same real points and the same noise at every step, so that what
differs in the end is the cure's doing. K seeds tell whether a single run was luck.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import softplus

from demos import collapse_words, measures
from demos.batched import BatchedMlp, packed, zero_centred_penalty
from demos.networks import Adam, LossCurve, cosine_rate, seeded
from demos.steps import Look, Metric, Pace, Result, RunSettings, Step
from demos.toy_data import PointSet, point_set

N_SHOWN = 250
N_LIVE = 1000
POOL = 16384
REMEMBERED = 25


@dataclass(frozen=True)
class Recipe:
    """What one row does: its two learning rates, and the cures in force.

    `gamma` weighs R1 and R2 (arXiv 1801.04406); `pac` points are judged together (arXiv 1712.04086);
    `with_deviation` shows the discriminator how far apart the points of a group lie (arXiv 1710.10196). Two rates,
    the discriminator's the faster one, are TTUR (arXiv 1706.08500).
    """

    g_lr: float
    d_lr: float
    gamma: float = 0.0
    pac: int = 1
    with_deviation: bool = False


def recipes(knobs: Mapping[str, Any]) -> tuple[Recipe, ...]:
    """The recipe that collapses, and the cured one unless the cure is none."""
    g_lr, d_lr = knobs["g_lr"], knobs["g_lr"] / knobs["lr_ratio"]
    cured = {
        "none": [],
        "ttur": [Recipe(d_lr, g_lr)],
        "r1-r2": [Recipe(g_lr, d_lr, gamma=knobs["gamma"])],
        "minibatch-std": [Recipe(g_lr, d_lr, with_deviation=True)],
        "pacgan": [Recipe(g_lr, d_lr, pac=knobs["pac"])],
    }
    return (Recipe(g_lr, d_lr), *cured[knobs["cure"]])


@dataclass(frozen=True)
class CollapseLook(Look):
    """What there is to see at one step: a row of K panels for each recipe, and how many modes each has held.

    real [n, 2]; made [rows, K, n, 2]; modes [rows, K], modes held strictly now; fallen [rows], how many of the K
    have collapsed; history: (step, modes [rows, K]) at every 25th step.
    """

    names: tuple[str, ...]
    seeds: tuple[int, ...]
    real: NDArray[np.float32]
    made: NDArray[np.float32]
    modes: NDArray[np.int64]
    fallen: tuple[int, ...]
    n_modes: int
    history: tuple[tuple[int, NDArray[np.int64]], ...]
    total_steps: int
    view: float


class Row:
    """K GANs of one recipe, trained side by side."""

    def __init__(self, recipe: Recipe, knobs: Mapping[str, Any], seeds: tuple[int, ...], device: str) -> None:
        self.recipe = recipe
        width = knobs["width"]
        self.generators = BatchedMlp([knobs["noise_dim"], width, width, 2], 0.0, seeds, device)
        judges = tuple(seed + 2**40 for seed in seeds)
        self.critics = BatchedMlp(
            [2 * recipe.pac, width, width, 1], 0.2, judges, device, with_deviation=recipe.with_deviation
        )
        self.g_adam = Adam(self.generators.parameters(), betas=(0.0, 0.99))
        self.d_adam = Adam(self.critics.parameters(), betas=(0.0, 0.99))
        self.curve = LossCurve()

    def update(self, real: Tensor, d_noise: Tensor, g_noise: Tensor, fraction: float) -> None:
        """One update of all discriminators, then of all generators; real [K, b, 2], noises [K, b, z].

        The loss is the non-saturating one (arXiv 1406.2661), each network's own mean, summed over the K.
        """
        self.d_adam.rate = cosine_rate(self.recipe.d_lr, fraction)
        self.g_adam.rate = cosine_rate(self.recipe.g_lr, fraction)
        self._update_critics(real, d_noise)
        self.critics.requires_grad_(False)
        loss = softplus(-self.critics(packed(self.generators(g_noise), self.recipe.pac))).mean(dim=1).sum()
        self.g_adam.zero_grad()
        loss.backward()
        self.g_adam.step()
        self.critics.requires_grad_(True)
        self.curve.add(loss)

    def _update_critics(self, real: Tensor, noise: Tensor) -> None:
        with torch.no_grad():
            fake = self.generators(noise)
        both = torch.cat([packed(real, self.recipe.pac), packed(fake, self.recipe.pac)], dim=1)
        both.requires_grad_(self.recipe.gamma > 0)
        raw = self.critics(both)
        d_real, d_fake = raw.chunk(2, dim=1)
        loss = (softplus(-d_real) + softplus(d_fake)).mean(dim=1).sum()
        if self.recipe.gamma > 0:  # the mean over real and generated together is half of R1 + R2
            loss = loss + 2 * self.recipe.gamma * zero_centred_penalty(raw, both)
        self.d_adam.zero_grad()
        loss.backward()
        self.d_adam.step()


class CollapseRun:
    """The rows, the points, and the noise that both rows share."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs = knobs
        self.settings = settings
        self.data: PointSet = point_set(knobs["data"])
        self.source = seeded(settings.seed, settings.device)
        self.seeds = tuple(settings.seed + k for k in range(knobs["seeds"]))
        self.pool = self.data.sample(POOL, self.source)
        self.shown_z = torch.randn(
            (1, measures.N_MEASURED, knobs["noise_dim"]), generator=self.source, device=settings.device
        )
        self.rows = [Row(recipe, knobs, self.seeds, settings.device) for recipe in recipes(knobs)]
        self.names = ("as it is", collapse_words.CURES[knobs["cure"]])[: len(self.rows)]
        self.history: list[tuple[int, NDArray[np.int64]]] = []
        self.pace = Pace(knobs["steps"], settings)

    def update(self) -> None:
        """One update of every network."""
        k, batch, z = self.knobs["seeds"], self.knobs["batch"], self.knobs["noise_dim"]
        batch = -(-batch // self.knobs["pac"]) * self.knobs["pac"]
        device = self.settings.device
        real = self.pool[torch.randint(POOL, (k, batch), generator=self.source, device=device)]
        noise = torch.randn((2, k, batch, z), generator=self.source, device=device)
        fraction = self.pace.fraction
        for row in self.rows:
            row.update(real, noise[0], noise[1], fraction)
        self.pace.step += 1
        if self.pace.step % REMEMBERED == 0:
            self.history.append((self.pace.step, self.modes(self.points(N_LIVE))))

    @property
    def finite(self) -> bool:
        return all(row.curve.finite for row in self.rows)

    @torch.no_grad()
    def points(self, n: int) -> Tensor:
        """Points [rows, K, n, 2] of every generator, from the noise that is always shown."""
        z = self.shown_z[:, :n].expand(self.knobs["seeds"], -1, -1)
        return torch.stack([row.generators(z) for row in self.rows])

    def modes(self, points: Tensor) -> NDArray[np.int64]:
        """Modes held strictly, [rows, K], by points [rows, K, n, 2]."""
        n = points.shape[2]
        held = [
            [measures.captured_strictly(measures.mode_counts(one, self.data)[0], n) for one in row]
            for row in points
        ]
        return np.array(held, dtype=np.int64)

    def fallen(self, modes: NDArray[np.int64]) -> tuple[int, ...]:
        """How many of the K generators of each row hold at most half of the modes: those have collapsed."""
        return tuple(int(n) for n in (2 * modes <= len(self.data.centres)).sum(axis=1))

    def look(self) -> CollapseLook:
        points = self.points(N_LIVE)
        modes = self.modes(points)
        fallen = self.fallen(modes)
        figures: dict[str, float] = {}
        for key, row, down in zip(collapse_words.KEYS, modes, fallen, strict=False):
            figures |= {f"modes_{key}": float(row.mean()), f"collapsed_{key}": float(down)}
        return CollapseLook(
            caption=collapse_words.caption(self.pace, fallen, len(self.seeds), self.names),
            metrics=figures,
            names=self.names,
            seeds=self.seeds,
            real=self.pool[:N_SHOWN].cpu().numpy(),
            made=points[:, :, :N_SHOWN].cpu().numpy(),
            modes=modes,
            fallen=fallen,
            n_modes=len(self.data.centres),
            history=tuple(self.history),
            total_steps=self.pace.total_steps,
            view=1.45 * float(self.data.centres.abs().max()),
        )


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Trains K GANs, and the same K with a cure: a Step for each update of all, then the Result.

    `knobs` are the checked values of the catalogue's mode-collapse. The same seed, knobs and device give the same
    run as long as `steps` is fixed and the budget does not cut it off.
    """
    state = CollapseRun(knobs, settings)
    yield state.pace.moment(state.look, key=True)
    while not state.pace.done and state.finite:
        state.update()
        yield state.pace.moment(state.look, key=state.pace.done)
    yield _result(state)


def _result(state: CollapseRun) -> Result:
    points = state.points(measures.N_MEASURED)
    for row in state.rows:
        row.curve.values()
    look = state.look()
    if not (state.finite and bool(points.isfinite().all())):
        return collapse_words.diverged(state.pace.step, look)
    metrics, classical = _metrics(state, points)
    story = collapse_words.CollapseStory(
        metrics=metrics,
        classical=classical,
        modes=state.modes(points),
        n_modes=look.n_modes,
        seeds=state.seeds,
        cure=state.knobs["cure"],
        recipes=tuple(recipes(state.knobs)),
        history=look.history,
        pace=state.pace,
        budget_s=state.settings.budget_s,
    )
    outcome = "out of time" if state.pace.out_of_time else "done"
    verdict, notes = collapse_words.verdict(story)
    return Result(outcome, state.pace.step, metrics, verdict, collapse_words.observations(story), notes, look)


FIGURES = ("strict_modes", "high_quality_share", "imbalance", "sliced_wasserstein")


def _figures(points: Tensor, reference: Tensor, data: PointSet) -> dict[str, float]:
    """The FIGURES of one generator's points [n, 2], beside real points [n, 2]."""
    counts, quality = measures.mode_counts(points, data)
    held = float(measures.captured_strictly(counts, len(points)))
    distance = measures.sliced_wasserstein(points, reference)
    return dict(zip(FIGURES, (held, quality, measures.imbalance(counts), distance), strict=True))


def _metrics(state: CollapseRun, points: Tensor) -> tuple[dict[str, Metric], str]:
    """For each row the mean over its K generators; floor and baseline are those of one set of points."""
    train = state.pool[: measures.N_MEASURED]
    firsts, classical = measures.full_metrics(points[0, 0], state.data, train, state.settings.seed)
    source = seeded(state.settings.seed + 1, state.settings.device)
    reference = state.data.sample(measures.N_MEASURED, source)
    fallen = state.fallen(state.modes(points))
    metrics: dict[str, Metric] = {}
    for key, row, down in zip(collapse_words.KEYS, points, fallen, strict=False):
        n = row.shape[0] * row.shape[1]
        meaning = f"generators of {len(row)} that hold at most half of the modes, {collapse_words.ROWS[key]}"
        metrics[f"collapsed_{key}"] = Metric(float(down), n, 0.0, 0.0, "low", meaning)
        told = [_figures(one, reference, state.data) for one in row]
        for figure in FIGURES:
            first = firsts[figure]
            mean = sum(one[figure] for one in told) / len(told)
            words = f"{first.meaning}, mean of {len(row)} generators {collapse_words.ROWS[key]}"
            metrics[f"{figure}_{key}"] = Metric(mean, n, first.floor, first.baseline, first.better, words)
    return metrics, classical
