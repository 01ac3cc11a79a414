"""Sets of 2-D points, each an equal mixture of round Gaussians, so that every optimum is known in closed
form.

ring8 and grid25 are mixtures of a few separate Gaussians, the modes; moons and spiral put many Gaussians
along a curve, too close to be told apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PointSet:
    """An equal mixture of Gaussians: `centres` [k, 2], each with standard deviation `sd` in both coordinates.

    `separate` says whether the centres are modes that lie apart or beads of one curve.
    """

    name: str
    centres: Tensor
    sd: float
    separate: bool

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` points [n, 2] on the generator's device."""
        device = generator.device
        picks = torch.randint(len(self.centres), (n,), generator=generator, device=device)
        noise = torch.randn((n, 2), generator=generator, device=device)
        return self.centres.to(device)[picks] + self.sd * noise

    @property
    def scale(self) -> float:
        """Standard deviation of one coordinate, averaged over both: what divides the points to unit size."""
        variance = self.centres.var(dim=0, unbiased=False).mean() + self.sd**2
        return float(variance.sqrt())


def _ring(k: int, radius: float) -> Tensor:
    angles = torch.arange(k) * (2 * math.pi / k)
    return radius * torch.stack([angles.cos(), angles.sin()], dim=1)


def _grid(side: int, gap: float) -> Tensor:
    axis = (torch.arange(side) - (side - 1) / 2) * gap
    return torch.cartesian_prod(axis, axis)


def _moons(beads: int) -> Tensor:
    """Two half circles that reach into each other, centred and of radius 1.6."""
    angles = torch.linspace(0, math.pi, beads)
    upper = torch.stack([angles.cos() - 0.5, angles.sin() - 0.25], dim=1)
    lower = torch.stack([0.5 - angles.cos(), 0.25 - angles.sin()], dim=1)
    return 1.6 * torch.cat([upper, lower])


def _spiral(beads: int) -> Tensor:
    """One arm of 1.75 turns, its beads evenly spaced along the arm, out to radius 2.6."""
    turn = 2 * math.pi * 1.75 * torch.linspace(0.04, 1, beads).sqrt()
    radius = 2.6 * turn / turn[-1]
    return torch.stack([radius * turn.cos(), radius * turn.sin()], dim=1)


def point_set(name: str) -> PointSet:
    """The set of that name; KeyError if there is none."""
    sets = {
        "ring8": lambda: PointSet("ring8", _ring(8, 2.0), 0.1, True),
        "grid25": lambda: PointSet("grid25", _grid(5, 1.0), 0.08, True),
        "moons": lambda: PointSet("moons", _moons(100), 0.1, False),
        "spiral": lambda: PointSet("spiral", _spiral(200), 0.1, False),
        "gaussian": lambda: PointSet("gaussian", torch.zeros(1, 2), 1.0, True),
    }
    return sets[name]()
