"""A GAN that is told which digit to write: a conditional GAN (arXiv 1411.1784) with a projection discriminator (arXiv
1802.05637).

With condition "none" the class is asked for but told to neither network: what the class information does is seen by
what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demos import conditional_gan_words as words
from demos.digit_gan import (
    DigitGan,
    Follower,
    Measured,
    Recipe,
    as_pictures,
    fair_labels,
    truncated_noise,
)
from demos.digits import CLASSES, load_digits
from demos.image_measures import N_MEASURED, Judge, mixture_images
from demos.networks import seeded
from demos.steps import Look, Metric, Pace, Result, RunSettings, Step

COLUMNS = 10


@dataclass(frozen=True)
class ConditionalLook(Look):
    """What there is to see: images [100, 8, 8], ten rows of ten, a row for each digit asked for and a column for each
    noise vector; the share of images of each digit that is read as that digit [10], or nothing before the judge is
    there; losses [steps]; the figures so far."""

    grid: NDArray[np.float32]
    told: bool
    accuracies: NDArray[np.float32]
    d_loss: list[float]
    g_loss: list[float]
    total_steps: int
    history: tuple[Measured, ...]


class ConditionalRun:
    """The digits, the GAN and the judge."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.settings = settings
        self.train, self.held_out = load_digits(settings.device)
        self.told = knobs["condition"] == "projection"
        recipe = Recipe(
            knobs["network"], knobs["lr"], knobs["b1"], knobs["gamma"], knobs["batch"], knobs["z_dim"],
            condition=self.told,
        )  # fmt: skip
        self.gan = DigitGan(recipe, self.train, settings.seed)
        self.truncation = float(knobs["truncation"])
        source = seeded(settings.seed + 1, settings.device)
        shown = truncated_noise(COLUMNS, recipe.z_dim, self.truncation, source).repeat(CLASSES, 1)
        measured = truncated_noise(N_MEASURED, recipe.z_dim, self.truncation, source)
        asked = torch.arange(CLASSES, device=settings.device).repeat_interleave(COLUMNS)
        labels = torch.cat([fair_labels(N_MEASURED, settings.device), asked])
        self.follower = Follower(self.gan, torch.cat([measured, shown]), labels, asked=True)
        self.judge: Judge | None = None
        self.pace = Pace(knobs["steps"], settings)

    def update(self) -> None:
        if self.judge is None:
            self.judge = Judge(self.train, self.held_out)
        self.gan.update(self.pace)
        self.pace.step += 1
        self.follower.follow(self.pace, self.judge)

    def measured(self) -> tuple[Tensor, Tensor]:
        """Images [700, 1, 8, 8] and the labels [700] asked for."""
        return self.follower.images()[:N_MEASURED], self.follower.labels[:N_MEASURED]

    def accuracies(self) -> list[float]:
        """The share of the images of each digit that is read as that digit; nothing before there is a judge."""
        if self.judge is None:
            return []
        images, labels = self.measured()
        return [
            self.judge.class_accuracy(images[labels == digit], labels[labels == digit])
            for digit in range(CLASSES)
        ]

    def look(self) -> ConditionalLook:
        history, d_loss = self.follower.history, self.gan.d_curve.values()
        metrics = {"d_loss": self.gan.d_curve.recent(0.02)} if d_loss else {}
        if history:
            last = history[-1]
            metrics |= {"class_accuracy": last.accuracy, "fd_digits64": last.fd, "recall": last.recall}
        return ConditionalLook(
            caption=words.caption(self.pace, history),
            metrics=metrics,
            grid=as_pictures(self.follower.images()[N_MEASURED:]),
            told=self.told,
            accuracies=np.asarray(self.accuracies(), dtype=np.float32),
            d_loss=list(d_loss),
            g_loss=list(self.gan.g_curve.values()),
            total_steps=self.pace.total_steps,
            history=tuple(history),
        )


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Trains: a Step for each update of the generator, then the Result.

    `knobs` are the checked values of the catalogue's conditional-gan. The same seed, knobs and device give the same
    run as long as `steps` is fixed and the budget does not cut it off.
    """
    state = ConditionalRun(knobs, settings)
    yield state.pace.moment(state.look, key=True)
    while not state.pace.done and state.gan.sound:
        state.update()
        yield state.pace.moment(state.look, key=state.pace.done)
    yield _result(state)


def same_noise_change(grid: Tensor) -> float:
    """How much the class changes an image, against how much the noise does: images [classes, columns, ...].

    Mean distance between two classes with the same noise, over that between two noises of the same class; 0 if the
    class changes nothing.
    """
    flat = grid.flatten(2)
    across = torch.cdist(flat.transpose(0, 1), flat.transpose(0, 1)).mean()
    within = torch.cdist(flat, flat).mean()
    classes, columns = flat.shape[:2]
    ratio = across * classes / (classes - 1) / (within * columns / (columns - 1)).clamp(min=1e-9)
    return float(ratio)


def _result(state: ConditionalRun) -> Result:
    state.gan.check()
    images, labels = state.measured()
    if not (state.gan.sound and bool(images.isfinite().all())):
        return Result("diverged", state.pace.step, {}, *words.diverged(state.pace), state.look())
    judge = state.judge
    assert judge is not None  # trained with the first update, and a run has at least one
    classical = mixture_images(state.train, N_MEASURED, state.settings.seed)
    metrics = judge.metrics(images, labels, baseline=classical.images)
    accuracy, read = metrics["class_accuracy"], judge.class_accuracy(classical.images, classical.labels)
    metrics["class_accuracy"] = Metric(
        accuracy.value, accuracy.n, accuracy.floor, read, accuracy.better, accuracy.meaning
    )
    grid = state.follower.images()[N_MEASURED:].unflatten(0, (CLASSES, COLUMNS))
    story = words.ConditionalStory(
        metrics=metrics,
        accuracies=tuple(state.accuracies()),
        told=state.told,
        change=same_noise_change(grid),
        truncation=state.truncation,
        judge_accuracy=judge.accuracy,
        pace=state.pace,
        budget_s=state.settings.budget_s,
    )
    verdict, notes = words.verdict(story)
    outcome = "out of time" if state.pace.out_of_time else "done"
    return Result(outcome, state.pace.step, metrics, verdict, words.observations(story), notes, state.look())
