"""One GAN on 8 x 8 digits, with or without classes, and how it is followed while it trains.

The losses are the non-saturating ones of the first GAN (arXiv 1406.2661). Adam runs with beta1 = 0 unless a recipe
says otherwise; the learning rate falls along a half cosine; what is shown and measured is the average of the
generator's weights over the last 5 % of the run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demos.digit_gan_networks import Discriminator, Generator, draw_weights
from demos.digits import CLASSES, ImageSet
from demos.gan import discriminator_loss, generator_loss
from demos.image_measures import N_MEASURED, Judge
from demos.networks import Adam, AveragedCopy, LossCurve, cosine_rate, seeded
from demos.steps import Pace

BLOWN_UP = 1e4
"""A loss beyond this, where 2 ln 2 is even, never comes back: the run has diverged."""

LAZY = {"conv": 4, "mlp": 1}
"""The penalty is added at every so many updates, and as many times as strong (lazily, as in arXiv 1912.04958): on
convolutions it costs more than all the rest."""

CHECKED_EVERY = 50
MEASURED_TIMES = 12
"""How often the distance to the data is measured during a run."""


@dataclass(frozen=True)
class Recipe:
    """How one GAN is trained. `network` is "conv" or "mlp"; `gamma` weighs the penalties R1 and R2; `anneal`: the
    learning rate falls to nearly 0; `condition`: the class is told to both networks."""

    network: str
    lr: float
    b1: float
    gamma: float
    batch: int
    z_dim: int
    anneal: bool = True
    condition: bool = False


@dataclass(frozen=True)
class Measured:
    """The figures at one step, against real images: Frechet distance, precision, recall, and the share of images
    that are read as the class asked for (nan without classes)."""

    step: int
    fd: float
    precision: float
    recall: float
    accuracy: float


def squared_slope(raw: Tensor, images: Tensor) -> Tensor:
    """Mean over images [b, ...] of the squared length of dD/dx, from raw outputs [b]; of shape [], differentiable.

    gamma / 2 times it is R1 at real images (arXiv 1801.04406, eq. 9) and R2 at generated ones.
    """
    (slope,) = torch.autograd.grad(raw.sum(), images, create_graph=True)
    return slope.square().flatten(1).sum(dim=1).mean()


def truncated_noise(n: int, z_dim: int, limit: float, source: torch.Generator) -> Tensor:
    """Noise [n, z_dim] from the normal distribution cut off at +-limit (the truncation trick, arXiv 1809.11096).

    A uniform number u between Phi(-limit) and Phi(limit) becomes Phi^-1(u), which is the same as redrawing every
    number beyond the limit.
    """
    share = math.erf(limit / math.sqrt(2))
    u = torch.rand((n, z_dim), generator=source, device=source.device).mul(2).sub(1)
    return math.sqrt(2) * torch.erfinv(share * u)


class DigitGan:
    """The two networks of one recipe and their optimisers, drawn from one seed."""

    def __init__(self, recipe: Recipe, train: ImageSet, seed: int) -> None:
        self.recipe, self.train = recipe, train
        self.source = seeded(seed, str(train.images.device))
        classes = CLASSES if recipe.condition else 0
        self.generator = Generator(recipe.network, recipe.z_dim, classes)
        self.critic = Discriminator(recipe.network, classes)
        draw_weights(self.generator, self.source)
        draw_weights(self.critic, self.source)
        self.averaged = AveragedCopy(self.generator)
        betas = (recipe.b1, 0.99)
        self.g_adam = Adam(self.generator.parameters(), betas=betas)
        self.d_adam = Adam(self.critic.parameters(), betas=betas)
        self.d_curve, self.g_curve = LossCurve(), LossCurve()
        self.sound = True

    def noise(self, n: int) -> Tensor:
        return torch.randn((n, self.recipe.z_dim), generator=self.source, device=self.source.device)

    def update(self, pace: Pace) -> None:
        """One update of the discriminator, one of the generator, at the learning rate of the moment."""
        rate = cosine_rate(self.recipe.lr, pace.fraction) if self.recipe.anneal else self.recipe.lr
        self.d_adam.rate = rate
        self.g_adam.rate = rate
        d_loss, g_loss = self._update_critic(pace.step), self._update_generator()
        self.d_curve.add(d_loss)
        self.g_curve.add(g_loss)
        self.averaged.update(self.generator, pace.step, pace.total_steps)
        if pace.step % CHECKED_EVERY == 0:
            self.check()

    def check(self) -> None:
        """Sets `sound`: whether the last losses are numbers of a sane size."""
        last = self.d_curve.values()[-1:] + self.g_curve.values()[-1:]
        self.sound = all(math.isfinite(loss) and abs(loss) < BLOWN_UP for loss in last)

    def _batch(self) -> tuple[Tensor, Tensor]:
        picks = torch.randint(
            len(self.train), (self.recipe.batch,), generator=self.source, device=self.source.device
        )
        return self.train.images[picks], self.train.labels[picks]

    def _update_critic(self, step: int) -> Tensor:
        real, labels = self._batch()
        with torch.no_grad():
            fake = self.generator(self.noise(len(real)), labels)
        every = LAZY[self.recipe.network]
        penalised = self.recipe.gamma > 0 and step % every == 0
        both = torch.cat([real, fake]).requires_grad_(penalised)
        raw = self.critic(both, torch.cat([labels, labels]))
        loss = discriminator_loss("ns", *raw.chunk(2))
        total = loss
        if penalised:  # R1 and R2 at once: the mean over both halves is half their sum
            total = loss + every * self.recipe.gamma * squared_slope(raw, both)
        self.d_adam.zero_grad()
        total.backward()
        self.d_adam.step()
        return loss

    def _update_generator(self) -> Tensor:
        _, labels = self._batch()
        self.critic.requires_grad_(False)
        loss = generator_loss("ns", self.critic(self.generator(self.noise(len(labels)), labels), labels))
        self.g_adam.zero_grad()
        loss.backward()
        self.g_adam.step()
        self.critic.requires_grad_(True)
        return loss

    @torch.no_grad()
    def images(self, z: Tensor, labels: Tensor) -> Tensor:
        """The images [n, 1, 8, 8] of the averaged generator for noise [n, z_dim] and labels [n]; n not small, since
        images are normalised together."""
        made: Tensor = self.averaged.network(z, labels)
        return made


class Follower:
    """Measures one GAN at fixed moments of its run, on the same noise each time; with `asked`, also whether its images
    are read as the labels."""

    def __init__(self, gan: DigitGan, z: Tensor, labels: Tensor, asked: bool = False) -> None:
        self.gan, self.z, self.labels, self.asked = gan, z, labels, asked
        self.history: list[Measured] = []

    def images(self) -> Tensor:
        return self.gan.images(self.z, self.labels)

    def follow(self, pace: Pace, judge: Judge) -> None:
        """Measures if it is time to (a twelfth of the run has passed since the last, or the run is over)."""
        if len(self.history) > pace.fraction * MEASURED_TIMES and not pace.done:
            return
        images, labels = self.images()[:N_MEASURED], self.labels[:N_MEASURED]
        if not bool(images.isfinite().all()):
            return
        figures = judge.live_figures(images, labels if self.asked else None)
        self.history.append(
            Measured(
                pace.step,
                figures["fd_digits64"],
                figures["precision"],
                figures["recall"],
                figures.get("class_accuracy", math.nan),
            )
        )


def fair_labels(n: int, device: str) -> Tensor:
    """Labels [n] from 0 to 9, each as often as the others."""
    return torch.arange(n, device=device) % CLASSES


def as_pictures(images: Tensor) -> NDArray[np.float32]:
    """Images [n, 1, 8, 8] in -1..1 as arrays [n, 8, 8] for drawing."""
    return np.asarray(images[:, 0].float().clamp(-1, 1).cpu().numpy())
