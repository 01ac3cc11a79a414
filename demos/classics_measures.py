"""How good classifiers and class-conditional samples are, beside the best there can be and beside real data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from demos.steps import Metric

if TYPE_CHECKING:
    from demos.classics import Fitted, Labelled

Array = NDArray[np.float64]
NEIGHBOURS = 5


def best_accuracy(gap: Array, covariance: Array) -> float:
    """The best accuracy on two equally likely Gaussians of one covariance [d, d] whose means lie `gap` [d] apart.

    It is Phi(delta / 2) with delta^2 = gap' covariance^-1 gap (Fisher 1936; Bishop 2006, section 4.2.1).
    """
    delta = math.sqrt(float(gap @ np.linalg.solve(covariance, gap)))
    return 0.5 * (1 + math.erf(delta / 2 / math.sqrt(2)))


def log_density(x: Array, mean: Array, covariance: Array) -> Array:
    """log N(x; mean, covariance) of points x [n, d], in nats, [n]."""
    root = np.linalg.cholesky(covariance)
    white = np.linalg.solve(root, (x - mean).T)
    half_log_det = float(np.log(np.diag(root)).sum())
    return np.asarray(-0.5 * (white**2).sum(axis=0) - half_log_det - 0.5 * x.shape[1] * math.log(2 * math.pi))


def distances(a: Array, b: Array) -> Array:
    """Euclidean distances [n, m] of points a [n, d] and b [m, d]."""
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squared, 0))


def manifold_figures(real: Array, made: Array, k: int = NEIGHBOURS) -> dict[str, float]:
    """Precision and recall (arXiv 1904.06991) and coverage (arXiv 2002.09797) of made points, both [n, d].

    Precision: the share of made points within the k-nearest-neighbour ball of some real point; recall: of real points
    within the ball of some made point; coverage: of real points whose own ball holds a made point.
    """
    across = distances(real, made)
    real_radius = np.sort(distances(real, real), axis=1)[:, k]
    made_radius = np.sort(distances(made, made), axis=1)[:, k]
    inside = across <= real_radius[:, None]
    return {
        "precision": float(inside.any(axis=0).mean()),
        "recall": float((across <= made_radius[None, :]).any(axis=1).mean()),
        "coverage": float(inside.any(axis=1).mean()),
    }


def memorisation(made: Array, train: Array, test: Array) -> float:
    """Mean distance of made points to the nearest training point, over that of test points: far below 1 is copying."""
    nearest = distances(made, train).min(axis=1).mean()
    return float(nearest / distances(test, train).min(axis=1).mean())


def sliced_distance(a: Array, b: Array, directions: int = 64) -> float:
    """The sliced Wasserstein distance of the first two features of a and b, both [n, d]: that of `measures`, without
    loading torch for it."""
    angles = (np.arange(directions) + 0.5) * (np.pi / directions)
    axes = np.stack([np.cos(angles), np.sin(angles)])
    return float(np.abs(np.sort(a[:, :2] @ axes, axis=0) - np.sort(b[:, :2] @ axes, axis=0)).mean())


def result_metrics(
    data: Labelled,
    fitted: Fitted,
    curves: tuple[tuple[tuple[int, float, float], ...], ...],
    best: float | None,
    rng: np.random.Generator,
) -> dict[str, Metric]:
    """All figures of a result: accuracies with few and with many points, then the samples of both generative models."""
    from demos.classics_words import KEYS, NAMES

    n = len(data.test_x)
    guess = float(np.bincount(data.test_y).max() / n)
    metrics = {}
    for key, curve in zip(KEYS, curves, strict=True):
        for when, (size, mean, _) in (("few", curve[0]), ("many", curve[-1])):
            meaning = f"accuracy of {NAMES[key]} on {n} test points after training on {size}"
            metrics[f"accuracy_{when}_{key}"] = Metric(mean, n, best or 1.0, guess, "high", meaning)
    figures = _blob_figures if data.name == "blobs" else _digit_figures
    return metrics | figures(data, fitted, rng)


def _drawn(data: Labelled, fitted: Fitted, rng: np.random.Generator, n: int) -> dict[str, Array]:
    """n samples of each generative model, as many of each class, stacked by class."""
    each = n // data.classes
    return {
        "bayes": np.concatenate([fitted.bayes_samples(label, each, rng) for label in range(data.classes)]),
        "mixture": np.concatenate([fitted.mixture_samples(label, each) for label in range(data.classes)]),
    }


def _blob_figures(data: Labelled, fitted: Fitted, rng: np.random.Generator) -> dict[str, Metric]:
    """Distance of the samples of class 1 to real points of it; log likelihood of test points given their class."""
    from demos.classics_words import NAMES

    n = 2000
    drawn = _drawn(data, fitted, rng, 2 * n)
    real, other = data.test_x[data.test_y == 1][:n], data.pool_x[data.pool_y == 1][:n]
    floor = sliced_distance(real, other)
    x, y = data.test_x, data.test_y
    rows = np.arange(len(y))
    bayes_log = np.stack(
        [log_density(x, fitted.bayes.theta_[c], np.diag(fitted.bayes.var_[c])) for c in (0, 1)], axis=1
    )
    told = {"bayes": bayes_log, "mixture": fitted.joint(x) + math.log(2)}
    true = np.stack([log_density(x, (c - 0.5) * data.gap, data.covariance) for c in (0, 1)], axis=1)
    metrics = {}
    for key, likelihood in told.items():
        meaning = f"sliced Wasserstein distance of {NAMES[key]}'s samples of class 1 to real ones, first two features"
        metrics[f"sample_distance_{key}"] = Metric(
            sliced_distance(drawn[key][n:], real), n, floor, None, "low", meaning
        )
        value, most = float(likelihood[rows, y].mean()), float(true[rows, y].mean())
        words = f"mean log density that {NAMES[key]} gives a test point of known class, in nats"
        metrics[f"log_likelihood_{key}"] = Metric(value, len(y), most, None, "high", words)
    return metrics


def _digit_figures(data: Labelled, fitted: Fitted, rng: np.random.Generator) -> dict[str, Metric]:
    """Precision, recall, coverage of the samples against held-out digits, and whether they copy training digits."""
    from demos.classics_words import NAMES

    test, n = data.test_x, len(data.test_x) // data.classes * data.classes
    halves = [data.pool_x[rng.permutation(len(data.pool_x))[:n]] for _ in range(3)]
    floors = [manifold_figures(test, half) for half in halves]
    metrics = {}
    for key, made in _drawn(data, fitted, rng, n).items():
        for figure, value in manifold_figures(test, made).items():
            floor = sum(row[figure] for row in floors) / len(floors)
            meaning = f"{figure} of {NAMES[key]}'s digits among held-out ones ({NEIGHBOURS} nearest neighbours, pixels)"
            metrics[f"{figure}_{key}"] = Metric(value, n, floor, None, "high", meaning)
        copied = memorisation(made, data.pool_x, test)
        words = (
            f"distance of {NAMES[key]}'s digits to the nearest training digit, over that of held-out digits"
        )
        metrics[f"memorisation_{key}"] = Metric(copied, n, 1.0, None, "near 1", words)
    return metrics
