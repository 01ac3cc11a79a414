"""Generative against discriminative: Gaussian naive Bayes and Gaussian mixtures learn p(x given y), logistic regression
learns p(y given x) alone; all three classify (Ng and Jordan, NIPS 2001).

The blobs have a known best classifier, and a knob decides whether naive Bayes' assumption holds for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB

from demos import classics_words
from demos.classics_measures import best_accuracy, log_density, result_metrics
from demos.steps import Look, Pace, Result, RunSettings, Step

Array = NDArray[np.float64]

SIZES = {"blobs": (6, 10, 20, 50, 100, 200, 500, 1000), "digits": (20, 50, 100, 200, 400, 700, 1000, 1400)}
MODELS = ("naive Bayes", "mixture", "logistic regression")
N_TEST = 4000
SMOOTHING = 1e-2
"""Added to each variance of naive Bayes, as a share of the largest: a pixel that is always white has none."""
REGULARISED = {"blobs": 1e-3, "digits": 1e-2}
"""Added to each variance of a mixture."""
CELLS = 60
VIEW = 4.2
EACH = 6
"""Digits of each class on a sheet."""


@dataclass(frozen=True)
class Labelled:
    """Data x [n, d] with labels y [n] from 0: `draw` gives training sets, `test_x`, `test_y` are never trained on.

    `gap` [d] (blobs alone) is the difference of the two class means, `covariance` [d, d] what both share.
    """

    name: str
    pool_x: Array
    pool_y: NDArray[np.int64]
    test_x: Array
    test_y: NDArray[np.int64]
    classes: int
    gap: Array
    covariance: Array

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Array, NDArray[np.int64]]:
        """n points in which every class has as many as the others, but for one."""
        picks = []
        for label in range(self.classes):
            own = rng.permutation(np.flatnonzero(self.pool_y == label))
            picks.append(own[: n // self.classes + (label < n % self.classes)])
        chosen = np.concatenate(picks)
        return self.pool_x[chosen], self.pool_y[chosen]


def blobs(features: int, correlation: float, rng: np.random.Generator) -> Labelled:
    """Two Gaussian clouds of equal covariance: the first two features are correlated, all others independent.

    The means lie 2 apart along the first feature, not at all along the second, and 0.5 along each other one.
    """
    gap = np.full(features, 0.5)
    gap[:2] = 2.0, 0.0
    covariance = np.eye(features)
    covariance[0, 1] = covariance[1, 0] = correlation
    root = np.linalg.cholesky(covariance)

    def points(n: int) -> tuple[Array, NDArray[np.int64]]:
        y = np.arange(n, dtype=np.int64) % 2
        return (y[:, None] - 0.5) * gap + rng.standard_normal((n, features)) @ root.T, y

    return Labelled("blobs", *points(N_TEST), *points(N_TEST), 2, gap, covariance)


def digits(rng: np.random.Generator) -> Labelled:
    """scikit-learn's 1797 digits of 8 x 8 pixels in 0..1: 1400 to train on, 397 to test."""
    loaded = load_digits()
    order = rng.permutation(len(loaded.target))
    x, y = loaded.data[order] / 16.0, loaded.target[order].astype(np.int64)
    nothing = np.empty(0)
    return Labelled("digits", x[:1400], y[:1400], x[1400:], y[1400:], 10, nothing, nothing)


@dataclass(frozen=True)
class Fitted:
    """The three models, fitted to the same points: the mixture is one GaussianMixture for each class."""

    bayes: GaussianNB
    mixtures: tuple[GaussianMixture, ...]
    logistic: LogisticRegression

    def predicted(self, x: Array) -> tuple[NDArray[np.int64], ...]:
        """The labels [n] that each of the three gives to x [n, d], in the order of MODELS."""
        return self.bayes.predict(x), self.joint(x).argmax(axis=1), self.logistic.predict(x)

    def joint(self, x: Array) -> Array:
        """The mixtures' log p(x, y) [n, classes], all classes equally likely."""
        scores = np.stack([mixture.score_samples(x) for mixture in self.mixtures], axis=1)
        return np.asarray(scores - np.log(len(self.mixtures)))

    def bayes_samples(self, label: int, n: int, rng: np.random.Generator) -> Array:
        """n points from naive Bayes' p(x given label): each feature drawn by itself."""
        noise = rng.standard_normal((n, self.bayes.theta_.shape[1]))
        return np.asarray(self.bayes.theta_[label] + np.sqrt(self.bayes.var_[label]) * noise)

    def mixture_samples(self, label: int, n: int) -> Array:
        """n points from the mixture's p(x given label)."""
        return np.asarray(self.mixtures[label].sample(n)[0])


def fit(data: Labelled, x: Array, y: NDArray[np.int64], components: int, seed: int) -> Fitted:
    """The three models for x [n, d], y [n], in which every class has at least two points."""
    kind = "full" if data.name == "blobs" else "diag"
    mixtures = []
    for label in range(data.classes):
        own = x[y == label]
        mixture = GaussianMixture(
            min(components, len(own) // 2), covariance_type=kind, reg_covar=REGULARISED[data.name],
            random_state=seed, max_iter=60, tol=1e-2,
        )  # fmt: skip
        mixtures.append(mixture.fit(own))
    bayes = GaussianNB(var_smoothing=SMOOTHING, priors=np.full(data.classes, 1 / data.classes)).fit(x, y)
    return Fitted(bayes, tuple(mixtures), LogisticRegression(max_iter=300).fit(x, y))


@dataclass(frozen=True)
class ClassicsLook(Look):
    """What there is to see after training sets of one size.

    accuracy: for each model (n, mean, standard deviation) so far; best, the highest accuracy there can be, or None.
    For blobs: train [n, 2] with labels, density [2, cells, cells] of naive Bayes' p(x given y) over the view,
    belief [3, cells, cells], each model's probability of class 1, samples [2, m, 2] from naive Bayes. For digits:
    sheets, an image each of real, naive Bayes' and the mixtures' digits, one block for a class.
    """

    data: str
    n: int
    accuracy: tuple[tuple[tuple[int, float, float], ...], ...]
    best: float | None
    train: Array
    labels: NDArray[np.int64]
    density: Array
    belief: Array
    samples: Array
    sheets: tuple[Array, ...]


class ClassicsRun:
    """The data, and what has been measured so far."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs = knobs
        self.settings = settings
        self.rng = np.random.default_rng(settings.seed)
        self.data = (
            digits(self.rng)
            if knobs["data"] == "digits"
            else blobs(knobs["features"], knobs["correlation"], self.rng)
        )
        sizes = SIZES[self.data.name]
        self.sizes = tuple(n for n in sizes if n <= knobs["n_max"]) or sizes[:1]
        self.best = best_accuracy(self.data.gap, self.data.covariance) if self.data.name == "blobs" else None
        self.accuracy: list[NDArray[np.float64]] = []
        self.pace = Pace(len(self.sizes), settings)

    def update(self) -> None:
        """Fits and tests all models on `repeats` training sets of the next size."""
        n = self.sizes[self.pace.step]
        rows = []
        for repeat in range(self.knobs["repeats"]):
            x, y = self.data.draw(n, self.rng)
            fitted = fit(self.data, x, y, self.knobs["components"], self.settings.seed + repeat)
            rows.append(
                [float((labels == self.data.test_y).mean()) for labels in fitted.predicted(self.data.test_x)]
            )
            if repeat == 0:
                self.fitted, self.train = fitted, (x, y)
        self.accuracy.append(np.array(rows))
        self.pace.step += 1

    def curves(self) -> tuple[tuple[tuple[int, float, float], ...], ...]:
        """For each model (n, mean, standard deviation over the training sets) so far."""
        return tuple(
            tuple(
                (n, float(rows[:, model].mean()), float(rows[:, model].std()))
                for n, rows in zip(self.sizes, self.accuracy, strict=False)
            )
            for model in range(len(MODELS))
        )

    def look(self) -> ClassicsLook:
        curves = self.curves()
        n = curves[0][-1][0]
        x, y = self.train
        flat = self.data.name == "blobs"
        empty = np.empty(0)
        rng = np.random.default_rng(self.settings.seed + 5)
        return ClassicsLook(
            caption=classics_words.caption(n, curves, self.data.name, self.knobs["repeats"]),
            metrics={
                f"accuracy_{key}": curve[-1][1]
                for key, curve in zip(classics_words.KEYS, curves, strict=True)
            },
            data=self.data.name,
            n=n,
            accuracy=curves,
            best=self.best,
            train=x[:, :2],
            labels=y,
            density=_densities(self.fitted) if flat else empty,
            belief=_beliefs(self.fitted, x.shape[1]) if flat else empty,
            samples=np.stack([self.fitted.bayes_samples(label, 60, rng)[:, :2] for label in (0, 1)])
            if flat
            else empty,
            sheets=() if flat else _sheets(self.data, self.fitted, rng),
        )


def _grid(features: int) -> Array:
    """Places [cells^2, features] all over the view, features beyond the second at 0, their middle."""
    axis = np.linspace(-VIEW, VIEW, CELLS)
    first, second = np.meshgrid(axis, axis)
    places = np.zeros((CELLS * CELLS, features))
    places[:, 0], places[:, 1] = first.ravel(), second.ravel()
    return places


def _densities(fitted: Fitted) -> Array:
    """Naive Bayes' density of the first two features for either class, [2, cells, cells], rows from below."""
    places = _grid(2)
    theta, variance = fitted.bayes.theta_[:, :2], fitted.bayes.var_[:, :2]
    told = [np.exp(log_density(places, theta[label], np.diag(variance[label]))) for label in (0, 1)]
    return np.stack(told).reshape(2, CELLS, CELLS)


def _beliefs(fitted: Fitted, features: int) -> Array:
    """Each model's probability of class 1, [3, cells, cells], rows from below."""
    places = _grid(features)
    joint = fitted.joint(places)
    mixture = 1 / (1 + np.exp(np.clip(joint[:, 0] - joint[:, 1], -500, 500)))
    told = [fitted.bayes.predict_proba(places)[:, 1], mixture, fitted.logistic.predict_proba(places)[:, 1]]
    return np.stack(told).reshape(3, CELLS, CELLS)


def _sheets(data: Labelled, fitted: Fitted, rng: np.random.Generator) -> tuple[Array, ...]:
    """Real digits, naive Bayes' and the mixtures' as images [24, 160]: for each class a block of 3 x 2 digits."""
    labels = range(data.classes)
    real = [data.test_x[data.test_y == label][:EACH] for label in labels]
    bayes = [fitted.bayes_samples(label, EACH, rng) for label in labels]
    mixed = [rng.permutation(fitted.mixture_samples(label, 8 * EACH))[:EACH] for label in labels]
    return tuple(
        np.stack(kind)
        .reshape(data.classes, 3, 2, 8, 8)
        .transpose(1, 3, 0, 2, 4)
        .reshape(24, 16 * data.classes)
        for kind in (real, bayes, mixed)
    )


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Fits three models to more and more points: a Step for each size of the training set, then the Result.

    `knobs` are the checked values of the catalogue's generative-vs-discriminative. Runs on the CPU whatever the
    device. The same seed and knobs give the same run as long as the budget does not cut it off.
    """
    state = ClassicsRun(knobs, settings)
    while not state.pace.done:
        state.update()
        yield state.pace.moment(state.look, key=True)
    rng = np.random.default_rng(settings.seed + 1)
    curves = state.curves()
    metrics = result_metrics(state.data, state.fitted, curves, state.best, rng)
    story = classics_words.ClassicsStory(
        metrics=metrics,
        data=state.data.name,
        correlation=knobs["correlation"],
        components=knobs["components"],
        repeats=knobs["repeats"],
        curves=curves,
        cut_short=state.pace.out_of_time,
        budget_s=settings.budget_s,
    )
    outcome = "out of time" if state.pace.out_of_time else "done"
    verdict, notes = classics_words.verdict(story)
    told = classics_words.observations(story)
    yield Result(outcome, state.pace.step, metrics, verdict, told, notes, state.look())
