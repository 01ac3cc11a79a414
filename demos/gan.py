"""A GAN on 2-D points, trained live: Goodfellow et al. 2014 (arXiv 1406.2661), with four losses to choose
from.

Adam runs with beta1 = 0 (no momentum), which short GAN runs need most; the learning rates fall along a half
cosine; while it trains the generator is shown as it is, and the result is that of the average of its weights
over the last 5 % of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from demos import gan_words, measures
from demos.gan_losses import (
    EQUILIBRIUM,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    judgement,
    r1_r2,
)
from demos.networks import Adam, AveragedCopy, LossCurve, cosine_rate, mlp, seeded
from demos.steps import Look, Pace, Result, RunSettings, Step
from demos.toy_data import PointSet, point_set

N_SHOWN = 600
POOL = 16384
VIEWS = (3.2, 5.0, 8.0, 12.0)
CELLS = 64
REMEMBERED = 100
N_ARROWS = 70
ARROW = 0.16
"""Length of the longest arrow as a share of the picture's half width."""


@dataclass(frozen=True)
class GanLook(Look):
    """What there is to see of a GAN at one step.

    real, fake [n, 2]; belief [cells, cells] in 0..1 is the discriminator's opinion that a point is real, rows from the
    bottom of the view; arrows [m, 2] start at the first m points of fake and point where the generator's loss falls;
    d_loss, g_loss [steps]; judged_real, judged_fake [steps]: how the discriminator rates both, equal at `even` (None
    for scores that have no such level), or with `pairs` its trust in either of two; mode_shares [k], the share of
    points near each centre, or of size 0 where the centres do not lie apart; history: (step, high quality share,
    strict modes or coverage) at every 100th step.
    """

    real: NDArray[np.float32]
    fake: NDArray[np.float32]
    belief: NDArray[np.float32]
    view: float
    arrows: NDArray[np.float32]
    d_loss: list[float]
    g_loss: list[float]
    judged_real: list[float]
    judged_fake: list[float]
    even: float | None
    pairs: bool
    total_steps: int
    equilibrium: float
    equilibrium_text: str
    mode_shares: NDArray[np.float32]
    history: tuple[tuple[int, float, float], ...]


class GanRun:
    """The two networks, their optimisers and the points, all drawn from one seed."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs = knobs
        self.settings = settings
        self.data: PointSet = point_set(knobs["data"])
        self.source = seeded(settings.seed, settings.device)
        self.pool = self.data.sample(POOL, self.source)
        width, z = knobs["width"], knobs["noise_dim"]
        self.generator = mlp([z, width, width, 2], nn.ReLU, self.source)
        self.critic = mlp([2, width, width, 1], nn.LeakyReLU, self.source)
        self.averaged = AveragedCopy(self.generator)
        self.g_adam = Adam(self.generator.parameters(), betas=(0.0, 0.99))
        self.d_adam = Adam(self.critic.parameters(), betas=(0.0, 0.99))
        self.d_curve, self.g_curve = LossCurve(), LossCurve()
        self.real_curve, self.fake_curve = LossCurve(), LossCurve()
        self.shown_z = self._noise(measures.N_MEASURED)
        self.history: list[tuple[int, float, float]] = []
        self.pace = Pace(knobs["steps"], settings)

    def _noise(self, n: int) -> Tensor:
        return torch.randn((n, self.knobs["noise_dim"]), generator=self.source, device=self.settings.device)

    def _real(self) -> Tensor:
        picks = torch.randint(
            POOL, (self.knobs["batch"],), generator=self.source, device=self.settings.device
        )
        return self.pool[picks]

    def update(self) -> None:
        """d_steps updates of the discriminator, then one of the generator."""
        fraction = self.pace.fraction
        self.d_adam.rate = cosine_rate(self.knobs["d_lr"], fraction)
        self.g_adam.rate = cosine_rate(self.knobs["g_lr"], fraction)
        for _ in range(self.knobs["d_steps"]):
            d_loss = self._update_critic()
        self.critic.requires_grad_(False)
        fake = self.critic(self.generator(self._noise(self.knobs["batch"])))[:, 0]
        real = self.critic(self._real())[:, 0] if self.knobs["loss"] == "rp" else None
        g_loss = generator_loss(self.knobs["loss"], fake, real)
        self.g_adam.zero_grad()
        g_loss.backward()
        self.g_adam.step()
        self.critic.requires_grad_(True)
        self.averaged.update(self.generator, self.pace.step, self.pace.total_steps)
        self.d_curve.add(d_loss)
        self.g_curve.add(g_loss)
        self.real_curve.add(self.judged[0])
        self.fake_curve.add(self.judged[1])
        self.pace.step += 1
        if self.pace.step % REMEMBERED == 0:
            self._remember()

    def _remember(self) -> None:
        """Adds the present to the history, at fixed steps, so that it does not depend on who looks when."""
        figures = measures.live_figures(self.samples(final=False), self.data)
        found = figures["strict_modes" if self.data.separate else "coverage"]
        self.history.append((self.pace.step, figures["high_quality_share"], found))

    def _update_critic(self) -> Tensor:
        real = self._real()
        with torch.no_grad():
            fake = self.generator(self._noise(len(real)))
        points = torch.cat([real, fake]).requires_grad_(self.knobs["loss"] == "rp")
        raw = self.critic(points)[:, 0]
        d_real, d_fake = raw.chunk(2)
        total = loss = discriminator_loss(self.knobs["loss"], d_real, d_fake)
        if self.knobs["loss"] == "rp":
            total = loss + self.knobs["gamma"] * r1_r2(raw, points)
        if self.knobs["loss"] == "wgan-gp":
            mix = torch.rand((len(real), 1), generator=self.source, device=self.settings.device)
            total = loss + self.knobs["penalty"] * gradient_penalty(self.critic, real, fake, mix)
        self.d_adam.zero_grad()
        total.backward()
        self.d_adam.step()
        self.judged = judgement(self.knobs["loss"], d_real.detach(), d_fake.detach())
        return loss

    @torch.no_grad()
    def samples(self, final: bool) -> Tensor:
        """Points [2000, 2] for the noise vectors that are always shown: of the generator as it is, or if
        `final` of its average."""
        network = self.averaged.network if final else self.generator
        points: Tensor = network(self.shown_z)
        return points

    def _arrows(self, points: Tensor, view: float) -> NDArray[np.float32]:
        """Where the generator's loss would move the first points [n, 2]: minus its slope there, [70, 2].

        The slopes are drawn to one scale, the ninth tenth of their lengths being the longest arrow.
        """
        at = points[:N_ARROWS].detach().clone().requires_grad_(True)
        real = self.critic(self.pool[:N_ARROWS])[:, 0].detach() if self.knobs["loss"] == "rp" else None
        loss = generator_loss(self.knobs["loss"], self.critic(at)[:, 0], real)
        (slope,) = torch.autograd.grad(loss, at)
        length = slope.norm(dim=1, keepdim=True)
        unit = length.quantile(0.9).clamp(min=1e-12)
        arrows = -slope / length.clamp(min=unit)
        return np.asarray((ARROW * view * arrows).cpu().numpy())

    @torch.no_grad()
    def _belief(self, view: float) -> NDArray[np.float32]:
        axis = torch.linspace(-view, view, CELLS, device=self.settings.device)
        x, y = torch.meshgrid(axis, axis, indexing="xy")
        raw = self.critic(torch.stack([x.flatten(), y.flatten()], dim=1)).reshape(CELLS, CELLS)
        if self.knobs["loss"] == "lsgan":
            belief = raw.clamp(0, 1)
        elif self.knobs["loss"] in ("wgan-gp", "rp"):  # no zero of its own: only differences count
            belief = torch.sigmoid((raw - raw.median()) / raw.std().clamp(min=1e-6))
        else:
            belief = torch.sigmoid(raw)
        return np.asarray(belief.cpu().numpy())

    def look(self, final: bool = False) -> GanLook:
        """The present: the generator as it is, or if `final` its average."""
        points = self.samples(final)
        figures = measures.live_figures(points, self.data)
        d_loss, g_loss = self.d_curve.values(), self.g_curve.values()
        if d_loss:
            figures |= {"d_loss": self.d_curve.recent(0.02), "g_loss": self.g_curve.recent(0.02)}
        counts, _ = measures.mode_counts(points, self.data)
        view = _view(points)
        value, text = EQUILIBRIUM[self.knobs["loss"]]
        return GanLook(
            caption=gan_words.caption(self.pace, figures, self.data, self.knobs["loss"]),
            metrics=figures,
            real=self.pool[:N_SHOWN].cpu().numpy(),
            fake=points[:N_SHOWN].cpu().numpy(),
            belief=self._belief(view),
            view=view,
            arrows=self._arrows(points, view),
            d_loss=list(d_loss),
            g_loss=list(g_loss),
            judged_real=list(self.real_curve.values()),
            judged_fake=list(self.fake_curve.values()),
            even=None if self.knobs["loss"] == "wgan-gp" else 0.5,
            pairs=self.knobs["loss"] == "rp",
            total_steps=self.pace.total_steps,
            equilibrium=value,
            equilibrium_text=text,
            mode_shares=(counts / len(points)).cpu().numpy()
            if self.data.separate
            else np.empty(0, np.float32),
            history=tuple(self.history),
        )


def _view(points: Tensor) -> float:
    """The half width of the picture: the smallest of a few that holds nine tenths of the points [n, 2]."""
    reach = points.abs().amax(dim=1)
    fitting = [view for view in VIEWS if float((reach <= view).float().mean()) >= 0.9]
    return fitting[0] if fitting else VIEWS[-1]


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Trains a GAN: a Step for each generator update, then the Result.

    `knobs` are the checked values of the catalogue's gan-2d. The same seed, knobs and device give the same
    run as long as `steps` is fixed and the budget does not cut it off.
    """
    state = GanRun(knobs, settings)
    yield state.pace.moment(state.look, key=True)
    while not state.pace.done and state.d_curve.finite:
        state.update()
        last = state.pace.done
        yield state.pace.moment(state.look, key=last)
    yield _result(state)


def _result(state: GanRun) -> Result:
    points = state.samples(final=True)
    state.d_curve.values()
    if not (state.d_curve.finite and bool(points.isfinite().all())):
        verdict = f"The run diverged at step {state.pace.step}: the losses are no longer numbers."
        remedy = "Lower learning rates, or a gradient penalty, keep the two networks in balance."
        notes: tuple[str, ...] = ("minimax-and-equilibrium", "gan")
        return Result("diverged", state.pace.step, {}, verdict, (remedy,), notes, state.look())
    metrics, classical = measures.full_metrics(
        points, state.data, state.pool[: len(points)], state.settings.seed
    )
    verdict, notes = gan_words.verdict(metrics, state.data)
    look = state.look(final=True)
    story = gan_words.GanStory(
        metrics=metrics,
        classical=classical,
        data=state.data,
        loss=state.knobs["loss"],
        rate_ratio=state.knobs["g_lr"] / state.knobs["d_lr"],
        d_loss=state.d_curve.recent(),
        judged=(state.real_curve.recent(), state.fake_curve.recent()),
        pace=state.pace,
        budget_s=state.settings.budget_s,
        history=tuple(state.history),
    )
    outcome = "out of time" if state.pace.out_of_time else "done"
    return Result(outcome, state.pace.step, metrics, verdict, gan_words.observations(story), notes, look)
