"""The losses of a GAN: what discriminator and generator minimise, their penalties, and how the discriminator judges.

Each takes the discriminator's raw outputs D(x) on real and D(G(z)) on generated points, both [b].
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

LOSSES = ("ns", "lsgan", "wgan-gp", "rp")

EQUILIBRIUM = {
    "ns": (2 * math.log(2), "2 ln 2"),
    "lsgan": (0.25, "1/4"),
    "wgan-gp": (0.0, "0"),
    "rp": (math.log(2), "ln 2"),
}
"""The discriminator's loss when it cannot tell real from generated, and how that number is written."""


def discriminator_loss(loss: str, real: Tensor, fake: Tensor) -> Tensor:
    """What the discriminator minimises; a tensor of shape [].

    ns: mean softplus(-D(x)) + mean softplus(D(G(z))), that is -log D - log(1 - D) (arXiv 1406.2661, eq. 1).
    lsgan: 1/2 mean (D(x) - 1)^2 + 1/2 mean D(G(z))^2 (arXiv 1611.04076, eq. 2). wgan-gp: mean D(G(z)) - mean D(x)
    (arXiv 1704.00028, eq. 3, its penalty apart). rp: mean softplus(D(G(z)) - D(x)) over pairs of one real and one
    generated point (arXiv 1807.00734, section 4; arXiv 2501.05441, eq. 2).
    """
    if loss == "ns":
        return softplus(-real).mean() + softplus(fake).mean()
    if loss == "lsgan":
        return 0.5 * (real - 1).square().mean() + 0.5 * fake.square().mean()
    if loss == "rp":
        return softplus(fake - real).mean()
    return fake.mean() - real.mean()


def generator_loss(loss: str, fake: Tensor, real: Tensor | None = None) -> Tensor:
    """What the generator minimises; a tensor of shape []. `real` is needed by rp alone.

    ns: mean softplus(-D(G(z))) (arXiv 1406.2661, section 3); lsgan: 1/2 mean (D(G(z)) - 1)^2; wgan-gp:
    -mean D(G(z)); rp: mean softplus(D(x) - D(G(z))), the discriminator's loss with the pair swapped.
    """
    if loss == "ns":
        return softplus(-fake).mean()
    if loss == "lsgan":
        return 0.5 * (fake - 1).square().mean()
    if loss == "rp":
        assert real is not None
        return softplus(real - fake).mean()
    return -fake.mean()


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Mean (|grad D| - 1)^2 between real and fake, both [b, 2]; mix [b, 1] in 0..1 (arXiv 1704.00028)."""
    between = (mix * real + (1 - mix) * fake).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.norm(dim=1) - 1).square().mean()


def r1_r2(outputs: Tensor, points: Tensor) -> Tensor:
    """R1 + R2, without their weight gamma: half the mean |grad D|^2 on real points plus the same on generated ones.

    `points` [2 b, 2] are as many real as generated ones, `outputs` [2 b] their D (arXiv 1801.04406, eq. 9 and 10).
    """
    (slope,) = torch.autograd.grad(outputs.sum(), points, create_graph=True)
    return slope.square().sum(dim=1).mean()


def judgement(loss: str, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """How the discriminator rates real and generated points on average; two tensors of shape [].

    ns: the probability of being real; lsgan: the output itself, whose aims are 1 and 0; rp: the probability that it
    takes the real (the generated) one of a pair for the real one. All are 0.5 where it cannot tell. wgan-gp: the
    scores themselves, equal where it cannot tell.
    """
    if loss == "rp":
        right = torch.sigmoid(real - fake).mean()
        return right, 1 - right
    if loss == "ns":
        return torch.sigmoid(real).mean(), torch.sigmoid(fake).mean()
    return real.mean(), fake.mean()
