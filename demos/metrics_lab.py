"""The measures themselves on trial: what do they say of samplers that are broken on purpose, and of real images?

Nothing is trained but the judge: each step measures one more sampler, or real against real with one more n.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from demos import metrics_lab_words as words
from demos.digits import CLASSES, SIDE, ImageSet, load_digits
from demos.image_measures import (
    MEANINGS,
    N_MEASURED,
    Figure,
    Judge,
    frechet_distance,
    mixture_images,
)
from demos.networks import seeded
from demos.steps import Look, Metric, Pace, Result, RunSettings, Step

SIZES = (50, 100, 200, 400, 700)
THUMBNAILS = 6


@dataclass(frozen=True)
class Trial:
    """One sampler on trial: its key, its name in words, some of its images [6, 8, 8], and its figures."""

    key: str
    name: str
    shown: NDArray[np.float32]
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class SizeTrial:
    """Real against real with `n` images on either side: mean and deviation of FD and of KID over the resamples."""

    n: int
    fd: float
    fd_spread: float
    kid: float
    kid_spread: float


@dataclass(frozen=True)
class LabLook(Look):
    """What there is to see: the samplers measured so far, and the curve of real against real by n."""

    trials: tuple[Trial, ...]
    sizes: tuple[SizeTrial, ...]
    n: int


class Lab:
    """The real images, their judge, and the samplers, all drawn from one seed."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs, self.settings = knobs, settings
        self.train, self.held_out = load_digits(settings.device)
        self.judge = Judge(self.train, self.held_out, seed=settings.seed, neighbours=knobs["k"])
        self.source = seeded(settings.seed, settings.device)
        self.trials: list[Trial] = []
        self.sizes: list[SizeTrial] = []
        self.pace = Pace(len(SIZES) + len(SAMPLERS), settings)

    @cached_property
    def mixture(self) -> ImageSet:
        """As many images of the classical model as are measured, 70 of each digit."""
        return mixture_images(self.train, N_MEASURED, self.settings.seed)

    def picks(self, n: int, most: int) -> Tensor:
        """`n` random places below `most`."""
        return torch.randint(most, (n,), generator=self.source, device=self.source.device)

    def try_size(self, n: int) -> None:
        """Measures `n` real images against `n` other real ones, again and again."""
        features = self.judge.features(self.train.images)
        fds, kids = [], []
        for _ in range(self.knobs["resamples"]):
            order = torch.randperm(len(features), generator=self.source, device=self.source.device)
            a, b = features[order[:n]], features[order[n : 2 * n]]
            fds.append(frechet_distance(a, b))
            kids.append(self.judge.kernel_distance(a, b))
        self.sizes.append(
            SizeTrial(
                n,
                float(np.mean(fds)),
                float(np.std(fds, ddof=1)),
                float(np.mean(kids)),
                float(np.std(kids, ddof=1)),
            )
        )
        self.pace.step += 1

    def try_sampler(self, key: str) -> None:
        """Measures one sampler; the real images are measured by their floors."""
        name, sampler = SAMPLERS[key]
        images = sampler(self, self.knobs["n"])
        figures = self.judge.figures(images)
        if key == "real":
            figures = {
                name: Figure(figure.floor, figure.floor_spread, figure.floor, figure.floor_spread)
                for name, figure in figures.items()
            }
        shown = images[:THUMBNAILS].reshape(-1, SIDE, SIDE).cpu().numpy()
        self.trials.append(Trial(key, name, shown, figures))
        self.pace.step += 1

    def look(self) -> LabLook:
        """The present table and curve."""
        figures = (
            {name: figure.value for name, figure in self.trials[-1].figures.items()} if self.trials else {}
        )
        caption = words.caption(self.trials, self.sizes)
        return LabLook(caption, figures, tuple(self.trials), tuple(self.sizes), self.knobs["n"])


def real(lab: Lab, n: int) -> Tensor:
    """Held-out images to look at, once more from the start where n is above their number."""
    return lab.held_out.images[torch.arange(n, device=lab.source.device) % len(lab.held_out)]


def memorised(lab: Lab, n: int) -> Tensor:
    """Training images, copied, each at most once."""
    order = torch.randperm(len(lab.train), generator=lab.source, device=lab.source.device)
    return lab.train.images[order[:n]]


def one_a_digit(lab: Lab, n: int) -> Tensor:
    """For each digit one image of the mixture, the one that the classifier is surest of, again and again."""
    sure = functional.log_softmax(lab.judge.classifier(lab.mixture.images), dim=1)
    best = sure.masked_fill(
        lab.mixture.labels[:, None] != torch.arange(CLASSES, device=sure.device), -torch.inf
    )
    places = best.argmax(dim=0)
    return lab.mixture.images[places[torch.arange(n, device=sure.device) % CLASSES]]


def few_digits(lab: Lab, n: int) -> Tensor:
    """The mixture, but only its first few digits: modes are missing."""
    kept = lab.mixture.images[lab.mixture.labels < lab.knobs["kept_digits"]]
    return kept[lab.picks(n, len(kept))]


def blurred(lab: Lab, n: int) -> Tensor:
    """Training images, each pixel replaced by the mean of the 3 x 3 around it."""
    images = memorised(lab, n)
    for _ in range(lab.knobs["blur"]):
        images = functional.avg_pool2d(functional.pad(images, (1, 1, 1, 1), value=-1.0), 3, stride=1)
    return images


def noisy(lab: Lab, n: int) -> Tensor:
    """Training images with Gaussian noise."""
    images = memorised(lab, n)
    noise = torch.randn(images.shape, generator=lab.source, device=images.device)
    return (images + lab.knobs["noise"] * noise).clamp(-1, 1)


def mixture(lab: Lab, n: int) -> Tensor:
    """The classical model: a mixture of Gaussians for each digit."""
    order = torch.randperm(len(lab.mixture), generator=lab.source, device=lab.source.device)
    return lab.mixture.images[order[:n]]


def pure_noise(lab: Lab, n: int) -> Tensor:
    """Pixels drawn at random, each as likely as any other."""
    return 2 * torch.rand((n, 1, SIDE, SIDE), generator=lab.source, device=lab.source.device) - 1


SAMPLERS: dict[str, tuple[str, Callable[[Lab, int], Tensor]]] = {
    "real": ("other real images", real),
    "memorised": ("memorised", memorised),
    "mixture": ("Gaussian mixture", mixture),
    "one_a_digit": ("one image a digit", one_a_digit),
    "few_digits": ("few digits only", few_digits),
    "blurred": ("blurred", blurred),
    "noisy": ("noisy", noisy),
    "pure_noise": ("pure noise", pure_noise),
}


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Puts the measures on trial: a Step for each n of real against real and for each sampler, then the Result.

    `knobs` are the checked values of the catalogue's metrics-lab. The same seed, knobs and device give the same
    figures while the budget does not cut the run.
    """
    lab = Lab(knobs, settings)
    lab.try_sampler("real")
    yield lab.pace.moment(lab.look, key=True)
    for key in list(SAMPLERS)[1:]:
        if lab.pace.done:
            break
        lab.try_sampler(key)
        yield lab.pace.moment(lab.look, key=True)
    for size in SIZES:
        if lab.pace.done:
            break
        lab.try_size(size)
        yield lab.pace.moment(lab.look)
    yield _result(lab)


def _result(lab: Lab) -> Result:
    trials = {trial.key: trial for trial in lab.trials}
    told = words.LabStory(trials, lab.sizes, lab.knobs["n"], lab.knobs["kept_digits"], lab.judge.accuracy)
    verdict, notes = words.verdict(told)
    outcome = "out of time" if lab.pace.out_of_time else "done"
    return Result(outcome, lab.pace.step, _metrics(lab), verdict, words.observations(told), notes, lab.look())


def _metrics(lab: Lab) -> dict[str, Metric]:
    """FD and inception score of each sampler, the figure that gives it away, and FD of real against real by n."""
    trials = {trial.key: trial for trial in lab.trials}
    classical = trials["mixture"].figures if "mixture" in trials else None
    wanted = [(key, name) for key in trials for name in ("fd_digits64", "inception_score")]
    wanted += [(key, name) for key, name in words.GIVEN_AWAY_BY.items() if key in trials]
    metrics = {
        f"{key}_{name}": Metric(
            trials[key].figures[name].value,
            lab.knobs["n"],
            trials[key].figures[name].floor,
            classical[name].value if classical else None,
            MEANINGS[name][0],
            f"{trials[key].name}: {MEANINGS[name][1]}",
        )
        for key, name in wanted
    }
    last = lab.sizes[-1].fd if lab.sizes else 0.0
    for size in lab.sizes:
        meaning = f"Frechet distance between {size.n} and {size.n} other real images, +- {size.fd_spread:.2g}"
        metrics[f"real_fd_digits64_n{size.n}"] = Metric(size.fd, size.n, last, None, "low", meaning)
    return metrics
