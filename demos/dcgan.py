"""A GAN on handwritten digits: convolutional as in DCGAN (arXiv 1511.06434), or fully connected with the penalties R1
and R2 (arXiv 1801.04406, 2501.05441).

Beside it, if wanted, the same networks with the settings of the well-known tutorial (Adam with beta1 = 0.5, learning
rate 0.0002, no decay), step for step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from demos import dcgan_words
from demos.digit_gan import DigitGan, Follower, Measured, Recipe, as_pictures, fair_labels
from demos.digits import load_digits
from demos.image_measures import N_MEASURED, Judge, mixture_images
from demos.steps import Look, Metric, Pace, Result, RunSettings, Step

TUTORIAL = {"lr": 2e-4, "b1": 0.5}
N_SHOWN = 40
N_NEAREST = 8


@dataclass(frozen=True)
class Shown:
    """One GAN at one moment: its name, its images [40, 8, 8] in -1..1 for the noise that is always the same, and its
    figures so far."""

    name: str
    images: NDArray[np.float32]
    history: tuple[Measured, ...]


@dataclass(frozen=True)
class DcganLook(Look):
    """What there is to see: one GAN or two side by side; the first images of the first [8, 8, 8] above the training
    images nearest to them; the losses of the first [steps]; the Frechet distance of real images (nan until it is
    known)."""

    shown: tuple[Shown, ...]
    made: NDArray[np.float32]
    nearest: NDArray[np.float32]
    d_loss: list[float]
    g_loss: list[float]
    total_steps: int
    fd_floor: float


class DcganRun:
    """The digits, one GAN or two, and the judge."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.settings = settings
        self.train, self.held_out = load_digits(settings.device)
        ours = Recipe(
            knobs["network"], knobs["lr"], knobs["b1"], knobs["gamma"], knobs["batch"], knobs["z_dim"]
        )
        recipes = {dcgan_words.own_name(ours): ours}
        if knobs["compare"] == "tutorial":
            recipes[dcgan_words.TUTORIAL_NAME] = Recipe(
                ours.network, TUTORIAL["lr"], TUTORIAL["b1"], 0.0, ours.batch, ours.z_dim, anneal=False
            )
        self.names = tuple(recipes)
        self.gans = [DigitGan(recipe, self.train, settings.seed) for recipe in recipes.values()]
        z, labels = self.gans[0].noise(N_MEASURED), fair_labels(N_MEASURED, settings.device)
        self.followers = [Follower(gan, z, labels) for gan in self.gans]
        self.judge: Judge | None = None
        self.pace = Pace(knobs["steps"], settings)

    @property
    def sound(self) -> bool:
        return all(gan.sound for gan in self.gans)

    def update(self) -> None:
        """One update of each GAN, and its measures when it is time."""
        if self.judge is None:
            self.judge = Judge(self.train, self.held_out)
        for gan in self.gans:
            gan.update(self.pace)
        self.pace.step += 1
        for follower in self.followers:
            follower.follow(self.pace, self.judge)

    def look(self) -> DcganLook:
        images = [follower.images() for follower in self.followers]
        first, history = images[0][:N_NEAREST], self.followers[0].history
        near = torch.cdist(first.flatten(1), self.train.images.flatten(1)).argmin(dim=1)
        d_loss = self.gans[0].d_curve.values()
        metrics = {"d_loss": self.gans[0].d_curve.recent(0.02)} if d_loss else {}
        if history:
            last = history[-1]
            metrics |= {"fd_digits64": last.fd, "precision": last.precision, "recall": last.recall}
        floors = self.judge.floors()["fd_digits64"] if self.judge else [math.nan]
        return DcganLook(
            caption=dcgan_words.caption(self.pace, history),
            metrics=metrics,
            shown=tuple(
                Shown(name, as_pictures(made[:N_SHOWN]), tuple(follower.history))
                for name, made, follower in zip(self.names, images, self.followers, strict=True)
            ),
            made=as_pictures(first),
            nearest=as_pictures(self.train.images[near]),
            d_loss=list(d_loss),
            g_loss=list(self.gans[0].g_curve.values()),
            total_steps=self.pace.total_steps,
            fd_floor=sum(floors) / len(floors),
        )


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Trains: a Step for each update of the generator, then the Result.

    `knobs` are the checked values of the catalogue's dcgan-digits. The same seed, knobs and device give the same run
    as long as `steps` is fixed and the budget does not cut it off.
    """
    state = DcganRun(knobs, settings)
    yield state.pace.moment(state.look, key=True)
    while not state.pace.done and state.sound:
        state.update()
        yield state.pace.moment(state.look, key=state.pace.done)
    yield _result(state)


def _result(state: DcganRun) -> Result:
    for gan in state.gans:
        gan.check()
    images = [follower.images() for follower in state.followers]
    if not (state.sound and all(bool(made.isfinite().all()) for made in images)):
        return Result("diverged", state.pace.step, {}, *dcgan_words.diverged(state.pace), state.look())
    judge = state.judge
    assert judge is not None  # trained with the first update, and a run has at least one
    classical = mixture_images(state.train, N_MEASURED, state.settings.seed)
    metrics = judge.metrics(images[0], baseline=classical.images)
    rival: dict[str, Metric] = judge.metrics(images[1]) if len(images) > 1 else {}
    gan = state.gans[0]
    story = dcgan_words.DcganStory(
        metrics=metrics,
        rival=rival,
        recipe=gan.recipe,
        d_loss=gan.d_curve.recent(),
        pace=state.pace,
        budget_s=state.settings.budget_s,
        history=tuple(state.followers[0].history),
    )
    verdict, notes = dcgan_words.verdict(metrics)
    outcome = "out of time" if state.pace.out_of_time else "done"
    told = dcgan_words.observations(story)
    if rival:
        metrics = metrics | {f"tutorial_{name}": rival[name] for name in ("fd_digits64", "recall")}
    return Result(outcome, state.pace.step, metrics, verdict, told, notes, state.look())
