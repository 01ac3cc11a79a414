"""How good small generated images are: distances in the features of a classifier of our own, each beside real images.

The features are the last hidden layer (64 numbers) of a classifier trained on the same images, so the Frechet
distance is called FD-digits64 and never FID, whose features are those of Inception-v3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional

from demos.digits import ImageSet
from demos.mixture import fit_mixture
from demos.networks import Adam, cosine_rate, mlp, seeded
from demos.steps import Metric

N_MEASURED = 700
"""Generated images behind each figure: half of the training set, so that real can be compared with real alike."""

RESAMPLES = 5
NEIGHBOURS = 5


class Classifier(nn.Module):
    """Images [n, ...] of `inputs` values -> logits [n, classes]; `features` are its last hidden layer [n, 64]."""

    def __init__(self, inputs: int, classes: int, generator: torch.Generator) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), mlp([inputs, 256, 64], nn.ReLU, generator), nn.ReLU())
        self.head = mlp([64, classes], nn.ReLU, generator)

    def features(self, images: Tensor) -> Tensor:
        out: Tensor = self.body(images)
        return out

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.head(self.features(images))
        return out


def train_classifier(data: ImageSet, steps: int = 500, batch: int = 128, seed: int = 0) -> Classifier:
    """A classifier of `data`, the same for the same seed and device; about a second on one core.

    Each batch gets noise of deviation 0.3, which keeps the features smooth around the few training images.
    """
    images, labels = data.images, data.labels
    source = seeded(seed, str(images.device))
    network = Classifier(images[0].numel(), int(labels.max()) + 1, source)
    adam = Adam(network.parameters(), decay=0.01)
    for step in range(steps):
        adam.rate = cosine_rate(3e-3, step / steps)
        picks = torch.randint(len(images), (batch,), generator=source, device=images.device)
        noise = torch.randn(images[picks].shape, generator=source, device=images.device)
        loss = functional.cross_entropy(network(images[picks] + 0.3 * noise), labels[picks])
        adam.zero_grad()
        loss.backward()
        adam.step()
    return network.requires_grad_(False)


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Squared Frechet distance between the Gaussians fitted to features a [n, d] and b [m, d] (arXiv 1706.08500).

    |mean_a - mean_b|^2 + Tr(C_a + C_b - 2 (C_a C_b)^(1/2)), with covariances over n - 1; the trace of the root is the
    sum of the singular values of C_a^(1/2) C_b^(1/2). Small samples push it up: it is above 0 for real against real.
    """
    a, b = a.double(), b.double()
    cov_a, cov_b = torch.cov(a.T).reshape(a.shape[1], -1), torch.cov(b.T).reshape(b.shape[1], -1)
    overlap = torch.linalg.svdvals(_root(cov_a) @ _root(cov_b)).sum()
    shift = (a.mean(dim=0) - b.mean(dim=0)).square().sum()
    return max(0.0, float(shift + cov_a.trace() + cov_b.trace() - 2 * overlap))


def _root(covariance: Tensor) -> Tensor:
    """The symmetric square root of a covariance matrix [d, d]."""
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def kernel_distance(a: Tensor, b: Tensor) -> float:
    """The kernel distance of KID between features a [n, d] and b [m, d]: the unbiased squared MMD with the kernel
    (x y / d + 1)^3 (arXiv 1801.01401). It may come out below 0 where a and b are alike.

    Standardise the features first: the kernel's third power runs away with raw ones.
    """
    return _kernel_within(a) + _kernel_within(b) - 2 * float(_kernel(a, b).mean())


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return ((x.double() @ y.double().T) / x.shape[1] + 1).pow(3)


def _kernel_within(points: Tensor) -> float:
    """The mean kernel between two different points; the diagonal, each with itself, would bias it."""
    n, kernel = len(points), _kernel(points, points)
    return float((kernel.sum() - kernel.trace()) / (n * (n - 1)))


@dataclass(frozen=True)
class Neighbourhoods:
    """Shares (density: a mean) from balls that reach to the k-th nearest neighbour of their own kind.

    precision: fakes inside some real ball; recall: reals inside some fake ball (arXiv 1904.06991). density: real balls
    around a fake, over k; coverage: reals whose ball holds a fake (arXiv 2002.09797).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def neighbourhoods(real: Tensor, fake: Tensor, k: int = NEIGHBOURS) -> Neighbourhoods:
    """The four figures of features `fake` [m, d] against `real` [n, d]; n and m above k."""
    return _shares(torch.cdist(real, fake), _radius(real, k), _radius(fake, k), k)


def _shares(across: Tensor, real_radius: Tensor, fake_radius: Tensor, k: int) -> Neighbourhoods:
    """`neighbourhoods` from the distances [n, m] between real and fake and the radii [n], [m] of their balls."""
    in_real = across < real_radius[:, None]
    return Neighbourhoods(
        precision=float(in_real.any(dim=0).float().mean()),
        recall=float((across < fake_radius).any(dim=1).float().mean()),
        density=float(in_real.float().sum(dim=0).mean() / k),
        coverage=float(in_real.any(dim=1).float().mean()),
    )


def _radius(points: Tensor, k: int) -> Tensor:
    """The distance [n] of each point to its k-th nearest other point."""
    return torch.cdist(points, points).fill_diagonal_(0.0).kthvalue(k + 1, dim=1).values


def inception_score(logits: Tensor) -> float:
    """exp of the mean KL divergence from p(y) to p(y given x), for logits [n, classes] (arXiv 1606.03498).

    1 if all images look alike to the classifier, `classes` if it is sure of each and sees all classes equally often.
    """
    log_p = functional.log_softmax(logits.double(), dim=1)
    p = log_p.exp()
    marginal = p.mean(dim=0)
    return float((p * (log_p - marginal.clamp(min=1e-12).log())).sum(dim=1).mean().exp())


def nearest_distance(images: Tensor, train: Tensor) -> Tensor:
    """The distance [n] in pixel space of each image [n, ...] to its nearest training image [m, ...]."""
    return torch.cdist(images.flatten(1), train.flatten(1)).min(dim=1).values


def memorisation_ratio(images: Tensor, train: Tensor, held_out: Tensor) -> float:
    """Mean distance to the nearest training image, of `images` over that of `held_out` real ones.

    About 1 is healthy, 0 is copying, far above 1 is off the data.
    """
    return float(nearest_distance(images, train).mean() / nearest_distance(held_out, train).mean())


@dataclass(frozen=True)
class Figure:
    """One figure over `RESAMPLES` random halves of the real images: of the generated images, and of as many real ones.

    `spread` and `floor_spread` are standard deviations over the resamples.
    """

    value: float
    spread: float
    floor: float
    floor_spread: float


def mixture_images(data: ImageSet, n: int, seed: int, components: int = 4) -> ImageSet:
    """The classical generator: `n` labelled images, equally many of each class, from a mixture of `components`
    Gaussians fitted to each class of `data` (variances get 1e-3 more, so that they stay above 0)."""
    labels = torch.arange(int(data.labels.max()) + 1, device=data.labels.device)
    labels = labels.repeat_interleave(-(-n // len(labels)))[:n]
    made = torch.empty((n, *data.images.shape[1:]), device=data.images.device)
    source = seeded(seed, str(data.images.device))
    for label in labels.unique():
        mixture = fit_mixture(data.images[data.labels == label].flatten(1), components, source, ridge=1e-3)
        drawn = mixture.sample(int((labels == label).sum()), source)
        made[labels == label] = drawn.float().clamp(-1, 1).reshape(-1, *made.shape[1:])
    return ImageSet(made, labels)


MEANINGS = {
    "fd_digits64": ("low", "Frechet distance to real images in 64 features of our own classifier (not FID)"),
    "kid": ("low", "unbiased kernel distance (cubic) in the same features, standardised"),
    "precision": ("high", "share of generated images that lie among the real ones"),
    "recall": ("high", "share of real images that lie among the generated ones"),
    "density": ("near 1", "how thickly real images lie around the generated ones"),
    "coverage": ("high", "share of real images with a generated one nearby"),
    "inception_score": ("high", "how sure and how varied the classifier is, 1 to 10; blind within a class"),
    "memorisation": ("near 1", "distance to the nearest training image, over that of held-out real images"),
    "class_accuracy": ("high", "share of images that the classifier reads as the digit asked for"),
}


class Judge:
    """Measures generated images against real ones with one classifier, trained as it is made if none is given.

    The real images are cut RESAMPLES times into halves: one is the reference, the other stands for the best possible
    generator. Its randomness is its own, so measuring does not change a run.
    """

    def __init__(
        self,
        train: ImageSet,
        held_out: ImageSet,
        seed: int = 0,
        neighbours: int = NEIGHBOURS,
        classifier: Classifier | None = None,
    ) -> None:
        self.train, self.held_out, self.neighbours = train, held_out, neighbours
        self.classifier = classifier or train_classifier(train, seed=seed)
        self.accuracy = self.class_accuracy(held_out.images, held_out.labels)
        source = torch.Generator().manual_seed(seed)
        half = min(N_MEASURED, len(train) // 2)
        orders = [torch.randperm(len(train), generator=source) for _ in range(RESAMPLES)]
        self.halves = [(order[:half], order[half : 2 * half]) for order in orders]
        features = self.features(train.images)
        self._centre, self._scale = features.mean(dim=0), features.std(dim=0).clamp(min=1e-3)
        self._real = features
        self._floors: dict[int, dict[str, list[float]]] = {}

    def features(self, images: Tensor) -> Tensor:
        """The 64 features [n, 64] of images [n, ...]."""
        return self.classifier.features(images)

    def kernel_distance(self, a: Tensor, b: Tensor) -> float:
        """`kernel_distance` of features a, b [n, 64], standardised over the training images."""
        return kernel_distance((a - self._centre) / self._scale, (b - self._centre) / self._scale)

    def class_accuracy(self, images: Tensor, labels: Tensor) -> float:
        """Share of images [n, ...] that the classifier reads as `labels` [n]."""
        return float((self.classifier(images).argmax(dim=1) == labels).float().mean())

    def live_figures(self, images: Tensor, labels: Tensor | None = None) -> dict[str, float]:
        """Cheap figures while training, against the first half alone: FD, precision, recall, class accuracy.

        FD rises as the images get fewer: compare figures of equally many.
        """
        real, fake = self._real[self.halves[0][0]], self.features(images)
        near = neighbourhoods(real, fake, self.neighbours)
        figures = {
            "fd_digits64": frechet_distance(real, fake),
            "precision": near.precision,
            "recall": near.recall,
        }
        if labels is not None:
            figures["class_accuracy"] = self.class_accuracy(images, labels)
        return figures

    def figures(self, images: Tensor, labels: Tensor | None = None) -> dict[str, Figure]:
        """All figures of generated `images` [n, ...]; class accuracy only where the `labels` asked for are given.

        The floors are those of n real images, at most N_MEASURED: FD, recall and coverage depend on n.
        """
        measured = self._against_halves(self.features(images), self.classifier(images))
        distance = nearest_distance(images, self.train.images).mean()
        measured["memorisation"] = [float(distance / self._held_out_distance.mean())]
        if labels is not None:
            measured["class_accuracy"] = [self.class_accuracy(images, labels)]
        floors = self.floors(len(images))
        return {name: Figure(*_mean_sd(row), *_mean_sd(floors[name])) for name, row in measured.items()}

    def metrics(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        baseline: Tensor | None = None,
        baseline_labels: Tensor | None = None,
    ) -> dict[str, Metric]:
        """`figures` as a result's metrics, beside those of `baseline`, a classical model's images [m, ...]."""
        other = self.figures(baseline, baseline_labels) if baseline is not None else {}
        return {
            name: Metric(
                figure.value,
                len(images),
                figure.floor,
                other[name].value if name in other else None,
                MEANINGS[name][0],
                f"{MEANINGS[name][1]}; real images: {figure.floor:.3g} +- {figure.floor_spread:.2g}",
            )
            for name, figure in self.figures(images, labels).items()
        }

    def floors(self, n: int = N_MEASURED) -> dict[str, list[float]]:
        """Each figure of `n` real images (at most half of them), once for each resample."""
        n = min(n, len(self.halves[0][1]))
        if n not in self._floors:
            logits = self.classifier(self.train.images)
            rows = [
                self._compare(reference, self._side(self._real[new[:n]]), logits[new[:n]])
                for reference, (_, new) in zip(self._references, self.halves, strict=True)
            ]
            self._floors[n] = {
                name: [row[name] for row in rows] for name in rows[0]
            } | self._held_out_floors()
        return self._floors[n]

    def _held_out_floors(self) -> dict[str, list[float]]:
        """Memorisation ratio and class accuracy of random halves of the held-out images."""
        distances = self._held_out_distance
        right = (self.classifier(self.held_out.images).argmax(dim=1) == self.held_out.labels).float()
        source = torch.Generator().manual_seed(1)
        orders = [torch.randperm(len(right), generator=source) for _ in range(RESAMPLES)]
        halves = [(order[: len(right) // 2], order[len(right) // 2 :]) for order in orders]
        ratios = [float(distances[new].mean() / distances[reference].mean()) for reference, new in halves]
        return {"memorisation": ratios, "class_accuracy": [float(right[new].mean()) for _, new in halves]}

    @cached_property
    def _held_out_distance(self) -> Tensor:
        return nearest_distance(self.held_out.images, self.train.images)

    def _against_halves(self, fake: Tensor, logits: Tensor) -> dict[str, list[float]]:
        side = self._side(fake)
        rows = [self._compare(real, side, logits) for real in self._references]
        return {name: [row[name] for row in rows] for name in rows[0]}

    @cached_property
    def _references(self) -> list[_Side]:
        """The halves of real images that all others are held against."""
        return [self._side(self._real[reference]) for reference, _ in self.halves]

    def _side(self, features: Tensor) -> _Side:
        standard = (features - self._centre) / self._scale
        return _Side(features, standard, _kernel_within(standard), _radius(features, self.neighbours))

    def _compare(self, real: _Side, fake: _Side, logits: Tensor) -> dict[str, float]:
        across = torch.cdist(real.features, fake.features)
        near = _shares(across, real.radius, fake.radius, self.neighbours)
        between = float(_kernel(real.standard, fake.standard).mean())
        return {
            "fd_digits64": frechet_distance(real.features, fake.features),
            "kid": real.within + fake.within - 2 * between,
            "precision": near.precision,
            "recall": near.recall,
            "density": near.density,
            "coverage": near.coverage,
            "inception_score": inception_score(logits),
        }


@dataclass(frozen=True)
class _Side:
    """One side of many comparisons, with what need be found only once: features [n, 64], the same standardised, their
    mean kernel, and the radius [n] of each one's ball."""

    features: Tensor
    standard: Tensor
    within: float
    radius: Tensor


def _mean_sd(values: Sequence[float]) -> tuple[float, float]:
    row = torch.tensor(values, dtype=torch.float64)
    return float(row.mean()), float(row.std()) if len(values) > 1 else 0.0
