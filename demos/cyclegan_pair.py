"""A pair of translators and their discriminators, trained as in CycleGAN (arXiv 1703.10593), and the faces of the two
kinds with their true twins."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from demos.cyclegan_networks import PatchDiscriminator, Translator
from demos.digit_gan_networks import draw_weights
from demos.faces import column, draw_attributes, render, twins
from demos.gan import discriminator_loss, generator_loss
from demos.networks import Adam, AveragedCopy, LossCurve, cosine_rate, seeded
from demos.steps import Pace

POOL = 1024
N_TESTED = 256
SHADES = 0.12
"""Black hair is drawn from 0..0.12 of the scale from black to blond, blond hair from 0.88..1."""

CHECKED_EVERY = 50
BLOWN_UP = 1e4
SAME = 0.02
"""A pixel belongs to the hair where face and twin differ by more than this in mean over the colours, of 2."""


def faces_with(black: bool, n: int, source: torch.Generator) -> Tensor:
    """Attributes [n, 10] of faces with black hair, or blond; everything else as it comes."""
    attributes = draw_attributes(n, source)
    shade = SHADES * torch.rand(n, generator=source, device=source.device)
    return twins(attributes, "hair", shade if black else 1 - shade)


@dataclass(frozen=True)
class TestFaces:
    """Faces of one kind that no network has seen, their true twins in the middle shade of the other kind, other twins
    whose shade is drawn at random, and fresh faces of the other kind; each [n, 3, s, s]."""

    faces: Tensor
    twins: Tensor
    other_twins: Tensor
    goal: Tensor

    __test__ = False

    @staticmethod
    def drawn(black: bool, n: int, size: int, source: torch.Generator) -> TestFaces:
        attributes = faces_with(black, n, source)
        others = faces_with(not black, n, source)
        middle = 1 - SHADES / 2 if black else SHADES / 2
        return TestFaces(
            faces=render(attributes, size),
            twins=render(twins(attributes, "hair", middle), size),
            other_twins=render(twins(attributes, "hair", others[:, column("hair")]), size),
            goal=render(others, size),
        )


def twin_error(made: Tensor, test: TestFaces) -> float:
    """Mean absolute error to the true twins, over that of doing nothing: 0 is perfect, 1 is a copy of the input."""
    return float((made - test.twins).abs().mean() / (test.faces - test.twins).abs().mean())


def hair_change(made: Tensor, test: TestFaces) -> float:
    """How far the hair has gone from the face's colour to the twin's: 0 not at all, 1 all the way.

    The least squares slope of made - face on twin - face, over all pixels.
    """
    way, gone = test.twins - test.faces, made - test.faces
    return float((way * gone).sum() / way.square().sum())


def outside_change(made: Tensor, test: TestFaces) -> float:
    """Mean absolute change of the pixels that should stay, those where face and twin are the same; range 0..2."""
    stays = ((test.twins - test.faces).abs().mean(dim=1, keepdim=True) < SAME).float()
    change = (made - test.faces).abs().mean(dim=1, keepdim=True)
    return float((change * stays).sum() / stays.sum().clamp(min=1))


def colour_transfer(faces: Tensor, from_pool: Tensor, to_pool: Tensor) -> Tensor:
    """A classical baseline: each colour channel shifted and stretched so that the mean and deviation of one kind's
    pixels become the other's (Reinhard et al. 2001, "Color transfer between images", here in red, green, blue)."""
    dims = (0, 2, 3)
    mean, sd = from_pool.mean(dims, keepdim=True), from_pool.std(dims, keepdim=True)
    goal_mean, goal_sd = to_pool.mean(dims, keepdim=True), to_pool.std(dims, keepdim=True)
    return ((faces - mean) / sd * goal_sd + goal_mean).clamp(-1, 1)


class Pair:
    """Black to blond and back: two translators, two patch discriminators, one optimiser for each two."""

    def __init__(
        self, kind: str, lr: float, lambdas: tuple[float, float], pools: tuple[Tensor, Tensor], seed: int
    ):
        self.lr, self.pools = lr, pools
        self.lambda_cyc, self.lambda_id = lambdas
        self.source = seeded(seed, str(pools[0].device))
        self.translators = [Translator(kind), Translator(kind)]
        self.critics = [PatchDiscriminator(), PatchDiscriminator()]
        for network in (*self.translators, *self.critics):
            draw_weights(network, self.source)
        for translator in self.translators:
            with torch.no_grad():
                translator.body[-2].weight.mul_(0.1)  # type: ignore[operator]
        self.averaged = [AveragedCopy(translator) for translator in self.translators]
        self.g_adam, self.d_adam = (
            Adam([w for net in nets for w in net.parameters()], betas=(0.0, 0.99))
            for nets in (self.translators, self.critics)
        )
        self.d_curve, self.cycle_curve = LossCurve(), LossCurve()
        self.sound = True

    def update(self, pace: Pace, batch: int) -> None:
        """One update of the translators, one of the discriminators."""
        rate = cosine_rate(self.lr, pace.fraction)
        self.g_adam.rate = rate
        self.d_adam.rate = rate
        faces = [self._batch(pool, batch) for pool in self.pools]
        made = self._update_translators(faces)
        self.d_curve.add(self._update_critics(faces, made))
        for averaged, translator in zip(self.averaged, self.translators, strict=True):
            averaged.update(translator, pace.step, pace.total_steps)
        if pace.step % CHECKED_EVERY == 0:
            self.check()

    def check(self) -> None:
        """Sets `sound`: whether the last losses are numbers of a sane size."""
        last = self.d_curve.values()[-1:] + self.cycle_curve.values()[-1:]
        self.sound = all(math.isfinite(loss) and abs(loss) < BLOWN_UP for loss in last)

    def _batch(self, pool: Tensor, n: int) -> Tensor:
        return pool[torch.randint(len(pool), (n,), generator=self.source, device=self.source.device)]

    def _update_translators(self, faces: list[Tensor]) -> list[Tensor]:
        """The loss of arXiv 1703.10593, eq. 3, with least squares (section 4, here with a factor of one half) and the
        identity loss (section 5.2); returns the translated faces."""
        for critic in self.critics:
            critic.requires_grad_(False)
        made, loss, cycle = (
            [],
            torch.zeros((), device=self.source.device),
            torch.zeros((), device=self.source.device),
        )
        for i in (0, 1):
            there, back, critic = self.translators[i], self.translators[1 - i], self.critics[1 - i]
            if self.lambda_id:  # one pass for both: faces to translate, and faces that are right already
                out, kept = there(torch.cat([faces[i], faces[1 - i]]))[0].chunk(2)
                loss = loss + self.lambda_id * (kept - faces[1 - i]).abs().mean()
            else:
                out = there(faces[i])[0]
            made.append(out.detach())
            loss = loss + generator_loss("lsgan", critic(out))
            if self.lambda_cyc:
                cycle = cycle + (back(out)[0] - faces[i]).abs().mean()
        self.cycle_curve.add(cycle)
        self.g_adam.zero_grad()
        (loss + self.lambda_cyc * cycle).backward()
        self.g_adam.step()
        for critic in self.critics:
            critic.requires_grad_(True)
        return made

    def _update_critics(self, faces: list[Tensor], made: list[Tensor]) -> Tensor:
        """Each discriminator on real faces of its kind and faces made so; returns their mean loss."""
        losses = []
        for i in (0, 1):
            real, fake = self.critics[i](torch.cat([faces[i], made[1 - i]])).chunk(2)
            losses.append(discriminator_loss("lsgan", real, fake))
        loss = (losses[0] + losses[1]) / 2
        self.d_adam.zero_grad()
        loss.backward()
        self.d_adam.step()
        return loss

    @torch.no_grad()
    def translate(self, faces: Tensor, way: int) -> tuple[Tensor, Tensor]:
        """Faces [n, 3, s, s] -> (translated, clipped to -1..1; mask [n, 1, s, s]) with the averaged weights; way 0 is
        black to blond, 1 the reverse."""
        out, mask = self.averaged[way].network(faces)
        return out.clamp(-1, 1), mask
