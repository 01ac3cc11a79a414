"""What is said about a digit diffusion: the caption of each frame, the verdict and what to notice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demos.steps import Metric, Pace, out_of_time

if TYPE_CHECKING:
    from demos.digit_diffusion import Sweep

DIVERGED_NOTES = ("diffusion-models", "flow-matching")


@dataclass(frozen=True)
class DigitStory:
    """The facts of a finished run that are told; `loss` is the mean of its last tenth."""

    metrics: Mapping[str, Metric]
    guidance: float
    nfe: int
    flow: bool
    by_guidance: Sequence[Sweep]
    by_nfe: Sequence[Sweep]
    judge_accuracy: float
    loss: float
    pace: Pace
    budget_s: float


def caption(pace: Pace, figures: Mapping[str, float], live_floor: float) -> str:
    """One or two sentences on the present, from its live figures."""
    if pace.step == 0:
        return "Before training: the network leaves the noise as it is; no column shows its digit."
    told = f"Step {pace.step} of {pace.total_steps}: each column was asked for one digit."
    fd = figures.get("fd_digits64", math.inf)
    if not math.isfinite(fd):
        return told
    return (
        f"{told} FD of 200 images to real digits: {fd:.0f}; 200 real images come to about {live_floor:.0f}."
    )


def film_caption(t: float, upto: int, moves: int) -> str:
    """One sentence on a moment of the final denoising."""
    if upto == 0:
        return (
            "Drawing starts from pure noise (left). The network's first guess (right) is a blurred average."
        )
    return (
        f"Drawing with the trained network, move {upto} of {moves}, noise level t = {t:.2f}: left the noisy images, "
        "right what the network takes them to become."
    )


def verdict(metrics: Mapping[str, Metric]) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, and the notes that explain it, most fitting first."""
    fd, recall, accuracy = metrics["fd_digits64"], metrics["recall"], metrics["class_accuracy"]
    far = fd.value / max(fd.floor, 1e-9)
    copied = metrics["memorisation"].value < 0.5
    if copied:
        word = "Copied rather than learned"
    elif far <= 3 and recall.value >= 0.7:
        word = "Learned"
    elif accuracy.value >= 0.9 and metrics["precision"].value >= 0.8:
        word = "Sharp but not diverse"
    else:
        word = "Only partly learned"
    told = (
        f"{word}: FD-digits64 is {fd.value:.1f}, {far:.1f} times that of real images; {accuracy.value:.0%} of the "
        f"digits are read as the one asked for, and they reach {recall.value:.0%} of the variety of real ones."
    )
    first = "sample-precision-and-recall" if word == "Sharp but not diverse" else "diffusion-models"
    return told, (first, "classifier-free-guidance", "flow-matching", "evaluation-metrics")


def diverged(step: int, losses: Sequence[float], idle_loss: float) -> tuple[str, tuple[str, ...]]:
    """The verdict on a run that broke, and the remedy."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    told = f"The run diverged by step {step}: the loss"
    if len(finite) < len(losses) or not finite:
        told += " is no longer a number."
    else:
        told += f" rose to {max(finite):.3g} and ended at {finite[-1]:.3g}; always answering 0 gives {idle_loss:.2f}."
    return told, ("A lower learning rate keeps the updates small enough to go downhill; 0.002 is safe.",)


def observations(story: DigitStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    return (
        *out_of_time(story.pace, story.budget_s),
        _distance_story(story),
        _guidance_story(story),
        _evaluations_story(story),
        _memory_story(story),
        _accuracy_story(story),
    )


def _distance_story(story: DigitStory) -> str:
    fd = story.metrics["fd_digits64"]
    assert fd.baseline is not None
    beaten = "closer" if fd.value < fd.baseline else "no closer"
    below = ""
    if fd.value < fd.floor:
        below = (
            " Below the floor does not mean better than real: the network learned from all training images, the "
            "measured ones too, and draws each digit equally often."
        )
    return (
        f"FD-digits64 of {fd.n} generated digits is {fd.value:.1f}; as many real digits come to {fd.floor:.1f} and "
        f"not to 0, for a small sample never has quite the same mean and spread. A mixture of Gaussians for each "
        f"digit, the classical model, comes to {fd.baseline:.1f}: the network is {beaten}.{below}"
    )


def _guidance_story(story: DigitStory) -> str:
    none, strong = story.by_guidance[0], story.by_guidance[2]
    told = (
        f"From guidance w = {none.setting:g} (none) to {strong.setting:g}, class accuracy goes from "
        f"{none.accuracy:.1%} to {strong.accuracy:.1%}, recall from {none.recall:.0%} to {strong.recall:.0%}, and FD "
        f"from {none.fd:.1f} to {strong.fd:.1f}"
    )
    if strong.recall < none.recall and strong.accuracy >= none.accuracy:
        return f"{told}: guidance trades variety for being clearly the digit asked for."
    return f"{told}: the usual trade of variety for clarity does not show in so little training."


def _evaluations_story(story: DigitStory) -> str:
    one, few, many = story.by_nfe[0], story.by_nfe[2], story.by_nfe[-1]
    told = (
        f"FD is {one.fd:.1f} with one evaluation of the network, {few.fd:.1f} with {few.setting:g} and {many.fd:.1f} "
        f"with {many.setting:g}"
    )
    if one.fd > many.fd:
        return f"{told}: one move can only land on an average of digits, more moves settle on one."
    return f"{told}: here more moves do not help, so the network and not the number of moves is what limits."


def _memory_story(story: DigitStory) -> str:
    ratio = story.metrics["memorisation"]
    if ratio.value < 0.5:
        judged = "it copies its training images"
    elif ratio.value < 0.8:
        judged = "it leans on its training images"
    elif ratio.value < 1.5:
        judged = "it does not copy"
    else:
        judged = "it does not copy, but its images lie off the data"
    return (
        f"The nearest training image is {ratio.value:.2f} times as far from a generated digit as from a real one that "
        f"was held out: {judged}."
    )


def _accuracy_story(story: DigitStory) -> str:
    accuracy, recall = story.metrics["class_accuracy"], story.metrics["recall"]
    return (
        f"The judge reads {accuracy.value:.1%} of the generated digits as asked for, and {story.judge_accuracy:.1%} of "
        f"held-out real ones rightly. It learned from the same images as the generator, so this is a friendly judge; "
        f"recall, {recall.value:.0%} (real images: {recall.floor:.0%}), is the stricter figure."
    )
