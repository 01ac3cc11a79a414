"""A mixture of Gaussians, fitted by expectation maximisation: the classical generator beside the trained networks.

Dempster, Laird and Rubin 1977; Bishop 2006, section 9.2.2. scikit-learn has one as well, but importing it takes a
second of each run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

MOST_ROUNDS = 100
ENOUGH = 1e-3
"""Nats a point: a round that gains less is the last."""


@dataclass(frozen=True)
class Mixture:
    """k Gaussians in d dimensions, in double precision: `weights` [k], `means` [k, d], and `roots` [k, d, d], lower
    triangles L of the covariances L L^T."""

    weights: Tensor
    means: Tensor
    roots: Tensor

    def log_joint(self, points: Tensor) -> Tensor:
        """log (weight x density) of points [n, d] in each Gaussian, in nats: [k, n]."""
        away = (points.to(self.means) - self.means[:, None]).transpose(1, 2)
        white = torch.linalg.solve_triangular(self.roots, away, upper=False)
        logs = self.roots.diagonal(dim1=1, dim2=2).log().sum(dim=1) + points.shape[1] / 2 * math.log(
            2 * math.pi
        )
        return self.weights.log()[:, None] - 0.5 * white.square().sum(dim=1) - logs[:, None]

    def log_density(self, points: Tensor) -> Tensor:
        """log p of points [n, d] in nats: [n]."""
        return self.log_joint(points).logsumexp(dim=0)

    def sample(self, n: int, source: torch.Generator) -> Tensor:
        """n points [n, d]."""
        picks = self.weights.multinomial(n, replacement=True, generator=source)
        noise = torch.randn(
            (n, self.means.shape[1], 1), generator=source, dtype=self.means.dtype, device=self.means.device
        )
        return self.means[picks] + (self.roots[picks] @ noise)[:, :, 0]


def fit_mixture(points: Tensor, components: int, source: torch.Generator, ridge: float = 1e-6) -> Mixture:
    """A mixture of `components` Gaussians for points [n, d], n not below components; each variance gets `ridge` more,
    so that it stays above 0."""
    points = points.double()
    nearest = torch.cdist(points, _centres(points, components, source)).argmin(dim=1)
    shares = torch.nn.functional.one_hot(nearest, components).T.double()
    before = -math.inf
    for _ in range(MOST_ROUNDS):
        mixture = _fitted(points, shares, ridge)
        joint = mixture.log_joint(points)
        shares = joint.softmax(dim=0)
        now = float(joint.logsumexp(dim=0).mean())
        if now - before < ENOUGH:
            break
        before = now
    return mixture


def _fitted(points: Tensor, shares: Tensor, ridge: float) -> Mixture:
    """The likeliest Gaussians where point i belongs to Gaussian k with shares[k, i] (Bishop, eq. 9.24 to 9.26)."""
    counts = shares.sum(dim=1) + 1e-9
    means = shares @ points / counts[:, None]
    away = points - means[:, None]
    covariances = (shares[:, :, None] * away).transpose(1, 2) @ away / counts[:, None, None]
    covariances += ridge * torch.eye(points.shape[1], dtype=points.dtype, device=points.device)
    return Mixture(counts / counts.sum(), means, torch.linalg.cholesky(covariances))


def _centres(points: Tensor, k: int, source: torch.Generator, rounds: int = 20) -> Tensor:
    """k centres [k, d] by k-means: started far apart, by the best of a few draws each (k-means++, Arthur and
    Vassilvitskii 2007), then moved to the means of their points."""
    first = torch.randint(len(points), (1,), generator=source, device=points.device)
    centres = points[first]
    tries = 2 + int(math.log(k))
    for _ in range(1, k):
        near = torch.cdist(points, centres).square().min(dim=1).values
        drawn = points[(near + 1e-12).multinomial(tries, generator=source)] if len(points) > tries else points
        left = torch.minimum(near, torch.cdist(drawn, points).square()).sum(dim=1)
        centres = torch.cat([centres, drawn[left.argmin()][None]])
    for _ in range(rounds):
        member = torch.nn.functional.one_hot(torch.cdist(points, centres).argmin(dim=1), k).double()
        counts = member.sum(dim=0)[:, None]
        centres = torch.where(counts > 0, member.T @ points / counts.clamp(min=1), centres)
    return centres
