"""Diffusion of 2-D points, trained live: flow matching as the main path, DDPM with noise prediction beside
it.

Both disturb data x0 with noise eps to xt = a(t) x0 + b(t) eps, where t = 0 is data and t = 1 (or T) is pure
noise. Points are divided by their spread before training, so the network sees unit size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demos import diffusion_words, measures
from demos.knobs import DemoArgumentError
from demos.networks import Adam, AveragedCopy, Denoiser, LossCurve, cosine_rate, seeded
from demos.samplers import Trail, alpha_bars, ddim_step, ddim_trail, flow_trail
from demos.steps import Look, Pace, Result, RunSettings, Step
from demos.toy_data import PointSet, point_set

N_SHOWN = 600
N_TRAILS = 12
POOL = 16384
VIEW = 3.2
BINS = 8
N_PROBE = 8192
SWEEP = (2, 4, 8, 16, 32, 64)
FILM = 8
STRIP = 6
N_STRIP = 300
ARROWS = 15
FIELD_LEVEL = 0.5


def exact_x0(xt: Tensor, a: Tensor, b: Tensor, centres: Tensor, sd: float) -> Tensor:
    """E[x0 | xt] [n, 2], the best guess of the data that any network could make, in closed form.

    x0 is an equal mixture of Gaussians at `centres` [k, 2] with deviation `sd`, and xt [n, 2] = a x0 + b
    eps with a, b [n]. Given centre c, xt is Gaussian around a c with variance v = a^2 sd^2 + b^2, and E[x0
    | xt, c] = c + a sd^2 / v (xt - a c); the mixture averages these by the posterior of c (Bayes' rule).
    """
    a, v = a[:, None], (a.square() * sd**2 + b.square())[:, None]
    squared = (xt[:, None, :] - a[:, :, None] * centres).square().sum(dim=2)
    posterior = torch.softmax(-squared / (2 * v), dim=1)
    mean = posterior @ centres
    return mean + a * sd**2 / v * (xt - a * mean)


@dataclass(frozen=True)
class DiffusionLook(Look):
    """What there is to see of a diffusion run at one moment.

    real, shown [n, 2]: data, and the points now being carried from noise; trails [m, s, 2]: the ways of
    some of them so far; loss [steps] and best_loss, the least any network can reach; by_level and
    best_by_level [8]: the same by noise level, left is little noise; field: places [m, 2] and arrows [m, 2], the way
    that the network would carry a point there at noise level field_t; strip: (t, points [300, 2]) for six noise
    levels, of data being dissolved, or of noise being carried back so far; sweep: for each sampler (evaluations, high
    quality share) of the finished network.
    """

    real: NDArray[np.float32]
    shown: NDArray[np.float32]
    trails: NDArray[np.float32]
    view: float
    loss: list[float]
    total_steps: int
    best_loss: float
    by_level: NDArray[np.float32]
    best_by_level: NDArray[np.float32]
    field: tuple[NDArray[np.float32], NDArray[np.float32]]
    field_t: float
    strip: tuple[tuple[float, NDArray[np.float32]], ...]
    backward: bool
    sweep: Mapping[str, tuple[tuple[int, float], ...]]
    real_quality: float


class DiffusionRun:
    """The network, its optimiser and the points, all drawn from one seed.

    `probe` is a fixed set of disturbed points; `best_loss` and `best_by_level` [8] are the least errors on
    it that any network can reach.
    """

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs = knobs
        self.settings = settings
        self.flow = knobs["method"] == "flow"
        self.sampler = _sampler(knobs)
        self.data: PointSet = point_set(knobs["data"])
        self.scale = self.data.scale
        self.source = seeded(settings.seed, settings.device)
        self.pool = self.data.sample(POOL, self.source) / self.scale
        self.network = Denoiser(knobs["width"], self.source)
        self.averaged = AveragedCopy(self.network)
        self.adam = Adam(self.network.parameters())
        self.curve = LossCurve()
        self.start = torch.randn((measures.N_MEASURED, 2), generator=self.source, device=settings.device)
        self.alpha_bar = alpha_bars(knobs["schedule"], knobs["t_max"]).to(settings.device)
        self.probe = self._disturb(N_PROBE)
        self.best_by_level = self._by_level(self._exact_target(*self.probe[:2]))
        self.best_loss = sum(self._least_error() for _ in range(8)) / 8
        self.real_quality = measures.mode_counts(self.pool * self.scale, self.data)[1]
        self.sweep: dict[str, tuple[tuple[int, float], ...]] = {}
        self.forward = self._forward_strip()
        self.pace = Pace(knobs["steps"], settings)

    def _levels(self, n: int) -> tuple[Tensor, Tensor, Tensor]:
        """Random noise levels: t in 0..1 for the network, and a, b of xt = a x0 + b eps; each [n].

        Flow: a = 1 - t, b = t, t logit-normal around -0.5 (arXiv 2403.03206, section 3.1), which dwells on
        little noise, where the clusters are told from their surroundings. DDPM: a = sqrt(alpha_bar), b =
        sqrt(1 - alpha_bar), level uniform in 1..T (arXiv 2006.11239, algorithm 1).
        """
        device = self.settings.device
        if self.flow:
            t = torch.sigmoid(torch.randn(n, generator=self.source, device=device) - 0.5)
            return t, 1 - t, t
        level = torch.randint(1, len(self.alpha_bar), (n,), generator=self.source, device=device)
        kept = self.alpha_bar[level]
        return level / (len(self.alpha_bar) - 1), kept.sqrt(), (1 - kept).sqrt()

    def _disturb(self, n: int) -> tuple[Tensor, Tensor, Tensor]:
        """Disturbed points xt [n, 2], their noise levels t [n], and what the network should answer [n, 2].

        Flow: the velocity eps - x0 (arXiv 2210.02747, 2209.03003); DDPM: the noise eps.
        """
        device = self.settings.device
        x0 = self.pool[torch.randint(POOL, (n,), generator=self.source, device=device)]
        eps = torch.randn((n, 2), generator=self.source, device=device)
        t, a, b = self._levels(n)
        xt = a[:, None] * x0 + b[:, None] * eps
        return xt, t, eps - x0 if self.flow else eps

    def _mix(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """a, b [n] of xt = a x0 + b eps at noise levels t [n] in 0..1."""
        if self.flow:
            return 1 - t, t
        kept = self.alpha_bar[(t * (len(self.alpha_bar) - 1)).round().long()]
        return kept.sqrt(), (1 - kept).sqrt()

    def _forward_strip(self) -> tuple[tuple[float, NDArray[np.float32]], ...]:
        """The same points with the same noise at six levels from data to pure noise, in the data's units.

        Draws from a source of its own, so that showing does not change a run.
        """
        x0 = self.pool[:N_STRIP]
        source = seeded(self.settings.seed + 3, self.settings.device)
        eps = torch.randn(x0.shape, generator=source, device=x0.device)
        strip = []
        for t in torch.linspace(0, 1, STRIP, device=x0.device):
            a, b = self._mix(t)
            strip.append((float(t), ((a * x0 + b * eps) * self.scale).cpu().numpy()))
        return tuple(strip)

    def _exact_target(self, xt: Tensor, t: Tensor) -> Tensor:
        """The best answer any network could give, [n, 2]."""
        a, b = self._mix(t)
        x0 = exact_x0(xt, a, b, self.data.centres.to(xt) / self.scale, self.data.sd / self.scale)
        eps = (xt - a[:, None] * x0) / b[:, None]
        return eps - x0 if self.flow else eps

    @torch.no_grad()
    def _by_level(self, answer: Tensor) -> Tensor:
        """Mean squared error of `answer` to the probe's targets in each eighth of the noise levels, [8]."""
        _, t, target = self.probe
        error = (answer - target).square().mean(dim=1)
        bins = (t * BINS).long().clamp(max=BINS - 1)
        total = torch.zeros(BINS, device=t.device).index_add_(0, bins, error)
        count = torch.zeros(BINS, device=t.device).index_add_(0, bins, torch.ones_like(error))
        return total / count.clamp(min=1)

    @torch.no_grad()
    def level_errors(self) -> list[float]:
        """The averaged network's mean squared error in each eighth of the noise levels, little noise first."""
        errors: list[float] = self._by_level(self.averaged.network(self.probe[0], self.probe[1])).tolist()
        return errors

    def _least_error(self) -> float:
        """The least loss any network can reach, estimated on 8192 fresh disturbed points."""
        xt, t, target = self._disturb(N_PROBE)
        return float((self._exact_target(xt, t) - target).square().mean())

    def excess(self) -> float:
        """Mean squared difference of the network's answers from the best possible ones, on the probe.

        It is what the loss has above the least possible one, free of the noise of the targets.
        """
        xt, t, _ = self.probe
        with torch.no_grad():
            return float((self.averaged.network(xt, t) - self._exact_target(xt, t)).square().mean())

    def update(self) -> None:
        """One update of the network on one batch."""
        self.adam.rate = cosine_rate(self.knobs["lr"], self.pace.fraction)
        xt, t, target = self._disturb(self.knobs["batch"])
        loss = (self.network(xt, t) - target).square().mean()
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        self.averaged.update(self.network, self.pace.step, self.pace.total_steps)
        self.curve.add(loss)
        self.pace.step += 1

    @torch.no_grad()
    def carry(self, start: Tensor, nfe: int, sampler: str = "") -> Trail:
        """The way of `start` [n, 2] from noise to data, in the data's units: [s, n, 2] and t [s], last is
        data. `sampler` is that of the knobs if "".

        The noise that the ddpm sampler adds comes from the seed, not from the run's own stream.
        """
        network = self.averaged.network
        sampler = sampler or self.sampler
        if self.flow:
            trail = flow_trail(network, start, nfe, sampler)
        else:
            source = seeded(self.settings.seed + 2, self.settings.device)
            eta = 1.0 if sampler == "ddpm" else 0.0
            limit = 1.05 * float(self.pool.abs().max())
            trail = ddim_trail(network, start, self.alpha_bar, nfe, eta, source, limit)
        return Trail(trail.points * self.scale, trail.t)

    @torch.no_grad()
    def _field(self, t: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Places on a grid [225, 2] and the way the network would carry a point from there at level t [225, 2].

        Flow: minus the velocity. DDPM: the first bit of the way that DDIM goes, from level t to one below, in
        proportion. Arrows are to one scale, the longest fills a cell of the grid.
        """
        axis = torch.linspace(-VIEW, VIEW, ARROWS + 2, device=self.settings.device)[1:-1]
        places = torch.cartesian_prod(axis, axis)
        xt, level = places / self.scale, torch.full((len(places),), t, device=places.device)
        answer = self.averaged.network(xt, level)
        if self.flow:
            arrows = -answer
        else:
            top = len(self.alpha_bar) - 1
            now = max(1, round(t * top))
            kept, kept_next = self.alpha_bar[now], self.alpha_bar[now - 1]
            arrows = ddim_step(xt, answer, kept, kept_next, 0.0, torch.zeros_like(xt)) - xt
        longest = arrows.norm(dim=1).quantile(0.95).clamp(min=1e-12)
        arrows = arrows / arrows.norm(dim=1, keepdim=True).clamp(min=longest) * (2 * VIEW / (ARROWS + 1))
        return places.cpu().numpy(), arrows.cpu().numpy()

    def look(self) -> DiffusionLook:
        """The present: points carried all the way from noise by the network as it is now."""
        trail = self.carry(self.start[:N_SHOWN], min(16, self.knobs["nfe"]))
        figures = measures.live_figures(trail.points[-1], self.data)
        if self.curve.values():
            figures["loss"] = self.curve.recent(0.02)
        return self._seen(
            diffusion_words.caption(self.pace, figures, self.data, self.best_loss), figures, trail
        )

    def film_look(self, trail: Trail, upto: int) -> DiffusionLook:
        """One moment of the final denoising: the points after `upto` moves of `trail`."""
        part = Trail(trail.points[: upto + 1], trail.t[: upto + 1])
        figures = measures.live_figures(part.points[-1], self.data) | {"t": float(part.t[-1])}
        caption = diffusion_words.film_caption(figures, upto, len(trail.t) - 1)
        return self._seen(caption, figures, part, film=True)

    @torch.no_grad()
    def _seen(
        self, caption: str, figures: dict[str, float], trail: Trail, film: bool = False
    ) -> DiffusionLook:
        shown = trail.points[:, :N_SHOWN]
        level = float(trail.t[-1]) if film else FIELD_LEVEL
        return DiffusionLook(
            caption=caption,
            metrics=figures,
            real=(self.pool[:N_SHOWN] * self.scale).cpu().numpy(),
            shown=shown[-1].cpu().numpy(),
            trails=shown[:, :N_TRAILS].transpose(0, 1).cpu().numpy(),
            view=VIEW,
            loss=list(self.curve.values()),
            total_steps=self.pace.total_steps,
            best_loss=self.best_loss,
            by_level=np.array(self.level_errors(), dtype=np.float32),
            best_by_level=self.best_by_level.cpu().numpy(),
            sweep=self.sweep,
            field=self._field(level),
            field_t=level,
            strip=_strip(trail) if film else self.forward,
            backward=film,
            real_quality=self.real_quality,
        )


def _strip(trail: Trail) -> tuple[tuple[float, NDArray[np.float32]], ...]:
    """Up to six moments of a trail, evenly picked, its first and last among them."""
    moves = len(trail.t) - 1
    picks = sorted({round(moves * part / (STRIP - 1)) for part in range(STRIP)})
    return tuple((float(trail.t[pick]), trail.points[pick, :N_STRIP].cpu().numpy()) for pick in picks)


def _samplers(flow: bool) -> tuple[str, str]:
    """The samplers that fit the method, the plain one first."""
    return ("euler", "heun") if flow else ("ddim", "ddpm")


def _sampler(knobs: Mapping[str, Any]) -> str:
    """The sampler by name; DemoArgumentError if it does not fit the method."""
    fitting = _samplers(knobs["method"] == "flow")
    if knobs["sampler"] == "auto":
        return fitting[0]
    if knobs["sampler"] not in fitting:
        raise DemoArgumentError(
            f"The sampler {knobs['sampler']} does not fit the method {knobs['method']}",
            f"For {knobs['method']} the sampler is auto, {' or '.join(fitting)}.",
        )
    return str(knobs["sampler"])


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Trains a denoiser: a Step for each update, eight Steps of the final denoising, then the Result.

    `knobs` are the checked values of the catalogue's diffusion-2d; DemoArgumentError if sampler and method
    do not fit. The same seed, knobs and device give the same run while `steps` is fixed and the budget does
    not cut it.
    """
    state = DiffusionRun(knobs, settings)
    yield state.pace.moment(state.look, key=True)
    while not state.pace.done and state.curve.finite:
        state.update()
        yield state.pace.moment(state.look, key=state.pace.done)
    trail = state.carry(state.start, knobs["nfe"])
    state.curve.values()
    if not (state.curve.finite and bool(trail.points.isfinite().all())):
        yield _diverged(state)
        return
    moves = len(trail.t) - 1
    for upto in sorted({round(moves * part / FILM) for part in range(1, FILM)}):
        yield state.pace.moment(partial(state.film_look, trail, upto), key=True)
    yield _result(state, trail)


def _quality(state: DiffusionRun, nfe: int, sampler: str) -> float:
    return measures.mode_counts(state.carry(state.start, nfe, sampler).points[-1], state.data)[1]


def _result(state: DiffusionRun, trail: Trail) -> Result:
    points = trail.points[-1]
    train = state.pool[: len(points)] * state.scale
    metrics, classical = measures.full_metrics(points, state.data, train, state.settings.seed)
    most = max(SWEEP) if state.flow else state.knobs["t_max"]
    state.sweep = {
        sampler: tuple((nfe, _quality(state, nfe, sampler)) for nfe in SWEEP if nfe <= most)
        for sampler in _samplers(state.flow)
    }
    verdict, notes = diffusion_words.verdict(metrics, state.data)
    story = diffusion_words.DiffusionStory(
        metrics=metrics,
        classical=classical,
        data=state.data,
        flow=state.flow,
        nfe=state.knobs["nfe"],
        loss=state.curve.recent(),
        best_loss=state.best_loss,
        excess=state.excess(),
        sweep=state.sweep,
        by_level=tuple(state.level_errors()),
        best_by_level=tuple(state.best_by_level.tolist()),
        pace=state.pace,
        budget_s=state.settings.budget_s,
    )
    outcome = "out of time" if state.pace.out_of_time else "done"
    look = state.film_look(trail, len(trail.t) - 1)
    return Result(
        outcome, state.pace.step, metrics, verdict, diffusion_words.observations(story), notes, look
    )


def _diverged(state: DiffusionRun) -> Result:
    verdict = f"The run diverged at step {state.pace.step}: the loss is no longer a number."
    remedy = "A lower learning rate keeps it finite."
    return Result("diverged", state.pace.step, {}, verdict, (remedy,), ("diffusion-models",), state.look())
