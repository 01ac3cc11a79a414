"""Diffusion of handwritten digits, trained live: flow matching or DDPM, told which digit to draw, with guidance.

As in `diffusion`, data x0 and noise eps are mixed to xt = a x0 + b eps; t = 0 is data, t = 1 pure noise. Images are
vectors of 64 pixels from -1 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demos import digit_diffusion_words as words
from demos.digit_denoiser import PIXELS, DigitDenoiser, drop_labels, guided
from demos.digits import CLASSES, SIDE, load_digits
from demos.image_measures import N_MEASURED, Judge, mixture_images
from demos.networks import Adam, AveragedCopy, LossCurve, cosine_rate, seeded
from demos.samplers import Trail, alpha_bars, ddim_trail, flow_trail
from demos.steps import Look, Pace, Result, RunSettings, Step

ROWS = 6
N_SHOWN = ROWS * CLASSES
N_LIVE = 200
LIVE_NFE = 8
T_MAX = 200
FILM = 8
CHECKS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of the training after which FD is measured."""

GUIDANCES = (1.0, 2.0, 4.0, 8.0)
EVALUATIONS = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Sweep:
    """What one setting of the finished network gives: FD, recall and class accuracy of N_MEASURED images."""

    setting: float
    fd: float
    recall: float
    accuracy: float


@dataclass(frozen=True)
class DigitLook(Look):
    """What there is to see of a digit diffusion at one moment.

    shown [60, 8, 8]: images, ten columns; guess: the network's guess of the finished images while they are still
    noisy, else None. loss [steps]; checks: (step, FD of N_LIVE images) so far; live_floor: that FD of real images;
    by_guidance, by_nfe: the sweeps, empty before the end; digits: what stands over the ten columns.
    """

    shown: NDArray[np.float32]
    guess: NDArray[np.float32] | None
    loss: list[float]
    total_steps: int
    checks: tuple[tuple[int, float], ...]
    live_floor: float
    by_guidance: tuple[Sweep, ...]
    by_nfe: tuple[Sweep, ...]
    floor: float
    real_recall: float
    digits: tuple[str, ...]


class DigitRun:
    """The network, its optimiser, the images and their judge, all drawn from one seed."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs, self.settings = knobs, settings
        self.flow = knobs["method"] == "flow"
        self.train, self.held_out = load_digits(settings.device)
        self.judge = Judge(self.train, self.held_out)
        self.data = self.train.images.flatten(1)
        self.source = seeded(settings.seed, settings.device)
        self.network = DigitDenoiser(knobs["width"], self.source)
        self.averaged = AveragedCopy(self.network)
        self.adam = Adam(self.network.parameters(), decay=0.01)
        self.curve = LossCurve()
        self.alpha_bar = alpha_bars("cosine", T_MAX).to(settings.device)
        device = settings.device
        self.start = torch.randn((N_MEASURED, PIXELS), generator=self.source, device=device)
        self.labels = torch.arange(N_MEASURED, device=device) % CLASSES
        self.shown_labels = self.labels[:N_SHOWN]
        if knobs["digit"] != "all":
            self.shown_labels = torch.full_like(self.shown_labels, int(knobs["digit"]))
        reals = self.train.images[self.judge.halves[0][1][:N_LIVE]]
        self.live_floor = self.judge.live_figures(reals)["fd_digits64"]
        self.checks: list[tuple[int, float]] = []
        self.by_guidance: tuple[Sweep, ...] = ()
        self.by_nfe: tuple[Sweep, ...] = ()
        self.idle_loss = self._idle_loss()
        self.pace = Pace(knobs["steps"], settings)

    def _idle_loss(self) -> float:
        """The loss of a network that always answers 0: the mean square of its targets."""
        noise = torch.ones(()).to(self.data)
        return float(noise + self.data.square().mean()) if self.flow else float(noise)

    def _disturb(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One batch: disturbed images xt [b, 64], levels t [b], what to answer [b, 64], labels [b], some dropped.

        Flow: a = 1 - t, b = t, t logit-normal (arXiv 2403.03206, section 3.1), the answer is the velocity eps - x0
        (arXiv 2210.02747). DDPM: a = sqrt(alpha_bar), b = sqrt(1 - alpha_bar), the answer is eps (arXiv 2006.11239).
        """
        n, device = self.knobs["batch"], self.settings.device
        picks = torch.randint(len(self.data), (n,), generator=self.source, device=device)
        x0, eps = self.data[picks], torch.randn((n, PIXELS), generator=self.source, device=device)
        if self.flow:
            t = torch.sigmoid(torch.randn(n, generator=self.source, device=device))
            a, b, target = 1 - t, t, eps - x0
        else:
            level = torch.randint(1, T_MAX + 1, (n,), generator=self.source, device=device)
            kept = self.alpha_bar[level]
            t, a, b, target = level / T_MAX, kept.sqrt(), (1 - kept).sqrt(), eps
        labels = drop_labels(self.train.labels[picks], self.knobs["drop"], self.source)
        return a[:, None] * x0 + b[:, None] * eps, t, target, labels

    def update(self) -> None:
        """One update of the network on one batch."""
        self.adam.rate = cosine_rate(self.knobs["lr"], self.pace.fraction)
        xt, t, target, labels = self._disturb()
        loss = (self.network(xt, t, labels) - target).square().mean()
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        self.averaged.update(self.network, self.pace.step, self.pace.total_steps)
        self.curve.add(loss)
        self.pace.step += 1

    @torch.no_grad()
    def carry(self, start: Tensor, labels: Tensor, nfe: int, guidance: float) -> Trail:
        """The way of `start` [n, 64] from noise to images of `labels` [n] in `nfe` evaluations, last is data."""
        network = guided(self.averaged.network, labels, guidance)
        if self.flow:
            return flow_trail(network, start, nfe, "euler")
        return ddim_trail(network, start, self.alpha_bar, nfe, 0.0, seeded(0, str(start.device)), 1.0)

    def images(self, nfe: int, guidance: float, n: int = N_MEASURED) -> Tensor:
        """The first `n` images [n, 64], the digits 0 to 9 in turn, within -1 to 1."""
        return self.carry(self.start[:n], self.labels[:n], nfe, guidance).points[-1].clamp(-1, 1)

    @torch.no_grad()
    def guess(self, xt: Tensor, t: float) -> Tensor:
        """The network's guess of the finished images [n, 64] at noise level `t`, from xt [n, 64]."""
        level = torch.full((len(xt),), t, device=xt.device)
        answer = guided(self.averaged.network, self.shown_labels[: len(xt)], self.knobs["guidance"])(
            xt, level
        )
        if self.flow:
            return xt - t * answer
        kept = self.alpha_bar[round(t * T_MAX)]
        return (xt - (1 - kept).sqrt() * answer) / kept.sqrt()

    @property
    def broken(self) -> bool:
        """Whether the loss is no longer a number, or ran away and ended no lower than without any learning."""
        losses = self.curve.values()
        ran_away = max(losses, default=0.0) > 10 * self.idle_loss
        return not self.curve.finite or (ran_away and self.curve.recent() > 0.95 * self.idle_loss)

    @property
    def check_due(self) -> bool:
        """Whether the training has passed the next of CHECKS."""
        return len(self.checks) < len(CHECKS) and self.pace.fraction >= CHECKS[len(self.checks)]

    def check(self) -> None:
        """Measures the present network with N_LIVE images."""
        images = self.images(LIVE_NFE, 1.0, N_LIVE)
        fd = self.judge.live_figures(images)["fd_digits64"] if bool(images.isfinite().all()) else math.inf
        while self.check_due:
            self.checks.append((self.pace.step, fd))

    def measure_sweeps(self) -> None:
        """Tries the finished network with other guidance (in LIVE_NFE evaluations) and other numbers of evaluations."""
        guidance = self.knobs["guidance"]
        self.by_guidance = tuple(self._swept(w, self.images(LIVE_NFE, w)) for w in GUIDANCES)
        self.by_nfe = tuple(self._swept(steps, self.images(steps, guidance)) for steps in EVALUATIONS)

    def _swept(self, setting: float, images: Tensor) -> Sweep:
        figures = self.judge.live_figures(images, self.labels)
        return Sweep(setting, figures["fd_digits64"], figures["recall"], figures["class_accuracy"])

    def look(self) -> DigitLook:
        """The present: images carried all the way from noise by the network as it is now."""
        nfe = min(LIVE_NFE, self.knobs["nfe"])
        trail = self.carry(self.start[:N_SHOWN], self.shown_labels, nfe, self.knobs["guidance"])
        figures = {"fd_digits64": self.checks[-1][1]} if self.checks else {}
        if self.curve.values():
            figures["loss"] = self.curve.recent(0.02)
        return self._seen(words.caption(self.pace, figures, self.live_floor), figures, trail.points[-1])

    def film_look(self, trail: Trail, upto: int) -> DigitLook:
        """One moment of the final denoising: xt after `upto` moves of `trail`, and the guess made from it."""
        t = float(trail.t[upto])
        caption = words.film_caption(t, upto, len(trail.t) - 1)
        return self._seen(caption, {"t": t}, trail.points[upto], self.guess(trail.points[upto], t))

    def last_look(self, trail: Trail, verdict: str) -> DigitLook:
        """The finished images and the sweeps."""
        figures = {"fd_digits64": self.checks[-1][1]}
        return self._seen(verdict, figures, trail.points[-1])

    def _seen(
        self, caption: str, figures: dict[str, float], shown: Tensor, guess: Tensor | None = None
    ) -> DigitLook:
        floors = self.judge.floors()
        digit = self.knobs["digit"]
        return DigitLook(
            caption=caption,
            metrics=figures,
            shown=_as_images(shown),
            guess=None if guess is None else _as_images(guess),
            loss=list(self.curve.values()),
            total_steps=self.pace.total_steps,
            checks=tuple(self.checks),
            live_floor=self.live_floor,
            by_guidance=self.by_guidance,
            by_nfe=self.by_nfe,
            floor=sum(floors["fd_digits64"]) / len(floors["fd_digits64"]),
            real_recall=sum(floors["recall"]) / len(floors["recall"]),
            digits=tuple(str(label) if digit == "all" else digit for label in range(CLASSES)),
        )


def _as_images(vectors: Tensor) -> NDArray[np.float32]:
    images: NDArray[np.float32] = vectors.clamp(-1, 1).reshape(-1, SIDE, SIDE).cpu().numpy()
    return images


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Trains a denoiser of digits: a Step for each update, Steps of the final denoising, then the Result.

    `knobs` are the checked values of the catalogue's digit-diffusion. The same seed, knobs and device give the same
    run while `steps` is fixed and the budget does not cut it.
    """
    state = DigitRun(knobs, settings)
    state.check()
    yield state.pace.moment(state.look, key=True)
    while not state.pace.done and state.curve.finite:
        state.update()
        if state.check_due and state.curve.values() and state.curve.finite:
            state.check()
        yield state.pace.moment(state.look, key=state.pace.done)
    trail = state.carry(state.start[:N_SHOWN], state.shown_labels, knobs["nfe"], knobs["guidance"])
    images = state.images(knobs["nfe"], knobs["guidance"])
    if state.broken or not bool(images.isfinite().all()):
        yield _diverged(state)
        return
    moves = len(trail.t) - 1
    for upto in sorted({round(moves * part / FILM) for part in range(FILM)}):
        yield state.pace.moment(partial(state.film_look, trail, upto), key=True)
    yield _result(state, trail, images)


def _result(state: DigitRun, trail: Trail, images: Tensor) -> Result:
    knobs = state.knobs
    classical = mixture_images(state.train, N_MEASURED, state.settings.seed)
    metrics = state.judge.metrics(images, state.labels, classical.images, classical.labels)
    state.measure_sweeps()
    story = words.DigitStory(
        metrics=metrics,
        guidance=knobs["guidance"],
        nfe=knobs["nfe"],
        flow=state.flow,
        by_guidance=state.by_guidance,
        by_nfe=state.by_nfe,
        judge_accuracy=state.judge.accuracy,
        loss=state.curve.recent(),
        pace=state.pace,
        budget_s=state.settings.budget_s,
    )
    verdict, notes = words.verdict(metrics)
    outcome = "out of time" if state.pace.out_of_time else "done"
    look = state.last_look(trail, verdict)
    return Result(outcome, state.pace.step, metrics, verdict, words.observations(story), notes, look)


def _diverged(state: DigitRun) -> Result:
    verdict, remedies = words.diverged(state.pace.step, state.curve.values(), state.idle_loss)
    return Result("diverged", state.pace.step, {}, verdict, remedies, words.DIVERGED_NOTES, state.look())
