"""How good generated points are, each figure beside that of real points and of a classical model."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from demos.mixture import fit_mixture
from demos.steps import Metric
from demos.toy_data import PointSet

N_MEASURED = 2000
"""Generated points behind each figure of a result."""

NEAR_SD = 3.0
"""A point belongs to a centre within this many standard deviations (VEEGAN, arXiv 1705.07761)."""


def mode_counts(points: Tensor, data: PointSet) -> tuple[Tensor, float]:
    """Counts [k] of points [n, 2] within 3 sd of each nearest centre, and the share of points that are."""
    distance, nearest = torch.cdist(points, data.centres.to(points)).min(dim=1)
    near = distance <= NEAR_SD * data.sd
    counts = torch.bincount(nearest[near], minlength=len(data.centres))
    return counts, float(near.float().mean())


def captured(counts: Tensor) -> int:
    """Modes that hold at least one point: the lenient count."""
    return int((counts >= 1).sum())


def captured_strictly(counts: Tensor, n: int) -> int:
    """Modes that hold at least 20 % of their fair share n / k of all n points."""
    return int((counts >= 0.2 * n / len(counts)).sum())


def imbalance(counts: Tensor) -> float:
    """Reverse KL from the points' distribution over the k modes to the uniform one: sum p log(p k), in nats.

    0 is perfect balance, log k is a single mode; log k too if no point is near any mode.
    """
    total = float(counts.sum())
    if total == 0:
        return math.log(len(counts))
    p = counts[counts > 0].double() / total
    return float((p * (p * len(counts)).log()).sum())


def sliced_wasserstein(a: Tensor, b: Tensor, directions: int = 64) -> float:
    """Mean over fixed directions of the 1-D Wasserstein-1 distance between a and b, both [n, 2], in their
    units.

    In 1-D it is the mean difference of the sorted values (Rabin et al. 2011; Bonneel et al. 2015).
    """
    angles = (torch.arange(directions, device=a.device) + 0.5) * (math.pi / directions)
    axes = torch.stack([angles.cos(), angles.sin()])
    return float(((a @ axes).sort(dim=0).values - (b @ axes).sort(dim=0).values).abs().mean())


def classical_baseline(train: Tensor, components: int, seed: int) -> tuple[str, Callable[[int], Tensor]]:
    """A classical density fitted to `train` [n, 2], a mixture of `components` Gaussians: its name and a function
    n -> points [n, 2] on train's device."""
    source = torch.Generator(device=train.device).manual_seed(seed)
    mixture = fit_mixture(train, components, source)
    return f"a mixture of {components} Gaussians", lambda n: mixture.sample(n, source).to(train)


def live_figures(points: Tensor, data: PointSet) -> dict[str, float]:
    """The figures shown while training: cheap, without floor. `modes` only where the centres lie apart."""
    counts, quality = mode_counts(points, data)
    figures = {"high_quality_share": quality}
    if data.separate:
        figures["modes"] = float(captured(counts))
        figures["strict_modes"] = float(captured_strictly(counts, len(points)))
    else:
        figures["coverage"] = captured(counts) / len(counts)
    return figures


_MEANINGS = {
    "modes": ("high", "modes that hold at least one generated point"),
    "strict_modes": ("high", "modes that hold at least 20 % of their fair share"),
    "coverage": ("high", "share of the curve that has a generated point nearby"),
    "high_quality_share": ("high", "share of points within 3 standard deviations of a centre"),
    "imbalance": ("low", "reverse KL of the points over the modes to equal shares, in nats"),
    "spread": ("near 1", "standard deviation of the generated points over that of the data"),
    "offset": ("low", "distance from the mean of the points to that of the data, over the data's spread"),
    "sliced_wasserstein": ("low", "distance between generated and real points, in their units"),
}


def spread(points: Tensor, data: PointSet) -> float:
    """Standard deviation of points [n, 2] over that of the data: 1 is equal, 0 is a single spot."""
    return float(points.var(dim=0, unbiased=False).mean().sqrt()) / data.scale


def _figures(points: Tensor, reference: Tensor, data: PointSet) -> dict[str, float]:
    figures = live_figures(points, data)
    if data.separate:
        figures["imbalance"] = imbalance(mode_counts(points, data)[0])
    figures["spread"] = spread(points, data)
    centre = data.centres.mean(dim=0).to(points)
    figures["offset"] = float((points.mean(dim=0) - centre).norm()) / data.scale
    figures["sliced_wasserstein"] = sliced_wasserstein(points, reference)
    return figures


def full_metrics(
    points: Tensor, data: PointSet, train: Tensor, seed: int, floors: int = 5
) -> tuple[dict[str, Metric], str]:
    """All figures for generated `points` [n, 2], and the name of the classical model beside them.

    The floor is the mean over `floors` fresh sets of n real points; `train` [m, 2] fits the classical
    model. Draws from a generator of its own, so measuring does not change a run.
    """
    n = len(points)
    source = torch.Generator(device=points.device).manual_seed(seed + 1)
    reference = data.sample(n, source)
    name, classical = classical_baseline(train, len(data.centres) if data.separate else 12, seed)
    values = _figures(points, reference, data)
    baseline = _figures(classical(n), reference, data)
    real = [_figures(data.sample(n, source), reference, data) for _ in range(floors)]
    metrics = {
        key: Metric(value, n, sum(row[key] for row in real) / floors, baseline[key], *_MEANINGS[key])
        for key, value in values.items()
    }
    return metrics, name
