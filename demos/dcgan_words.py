"""What is said about a run of dcgan-digits; the verdict on digits is shared with conditional-gan."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demos.digit_gan import Measured, Recipe
from demos.steps import Metric, Pace, out_of_time

TUTORIAL_NAME = "tutorial: b1 = 0.5, lr = 0.0002"
EVEN = 2 * math.log(2)


@dataclass(frozen=True)
class DcganStory:
    """The facts of a finished run that are told; `rival` holds the figures of the tutorial's settings, or nothing."""

    metrics: Mapping[str, Metric]
    rival: Mapping[str, Metric]
    recipe: Recipe
    d_loss: float
    pace: Pace
    budget_s: float
    history: tuple[Measured, ...]


def own_name(recipe: Recipe) -> str:
    return f"b1 = {recipe.b1:g}, lr = {recipe.lr:g}, falling"


def caption(pace: Pace, history: Sequence[Measured]) -> str:
    """One or two sentences on the present."""
    if pace.step == 0:
        return "Before training: the generator turns noise into grey noise, and the discriminator guesses."
    if not history:
        return f"Step {pace.step} of {pace.total_steps}: nothing has been measured yet."
    last = history[-1]
    return (
        f"Step {pace.step} of {pace.total_steps}: {last.precision:.0%} of the images lie among real digits, and "
        f"{last.recall:.0%} of the real digits lie among the images (measured at step {last.step})."
    )


def diverged(pace: Pace) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Verdict, observations and notes of a run whose losses are no longer sane."""
    return (
        f"The run diverged at step {pace.step}: the losses ran away or are no longer numbers.",
        (
            "A lower learning rate keeps the two networks in balance: 0.0005 is a good start for images this small.",
            "A stronger penalty R1 and R2 (the knob gamma) keeps the discriminator smooth, and so its gradients small.",
        ),
        ("minimax-and-equilibrium", "dcgan"),
    )


def verdict(metrics: Mapping[str, Metric]) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, from distance, precision, recall and memorisation, and the fitting notes."""
    precision, recall, copied = (metrics[name].value for name in ("precision", "recall", "memorisation"))
    far = metrics["fd_digits64"].value / metrics["fd_digits64"].floor
    shares = f"precision {precision:.2f}, recall {recall:.2f}"
    if copied < 0.5:
        return (
            f"Copied rather than learned: the images are {copied:.2f} times as far from a training image as new real "
            f"digits are ({shares}).",
            ("evaluation-metrics", "sample-precision-and-recall"),
        )
    if precision >= 0.7 and recall < 0.3:
        return f"Sharp but not diverse: {shares}.", ("mode-collapse", "sample-precision-and-recall")
    if precision < 0.5:
        return f"Not yet digits: only {precision:.0%} of the images lie among real digits ({shares}).", (
            "dcgan",
            "minimax-and-equilibrium",
        )
    word = "Learned" if far <= 3 and recall >= 0.6 else "Partly learned"
    return (
        f"{word}: {shares}, and the distance to real digits is {far:.1f} times that between two sets of real ones.",
        ("dcgan", "evaluation-metrics"),
    )


def observations(story: DcganStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    metrics = story.metrics
    return (
        *out_of_time(story.pace, story.budget_s),
        _loss_story(story),
        distance_story(metrics["fd_digits64"]),
        _diversity_story(metrics),
        memory_story(metrics["memorisation"]),
        *(_rival_story(story) or _progress_story(story)),
    )


def _loss_story(story: DcganStory) -> str:
    return (
        f"The discriminator's loss ended at {story.d_loss:.2f} (mean of the last tenth); 2 ln 2 = {EVEN:.2f} is where "
        "it cannot tell real from generated. The loss does not say how good the images are: that takes a distance to "
        "real ones."
    )


def distance_story(distance: Metric) -> str:
    """The Frechet distance beside its floor and the classical baseline."""
    told = (
        f"The Frechet distance to real digits, in 64 features of our own classifier, is {distance.value:.1f} "
        f"(n = {distance.n}); two sets of real digits of that size are {distance.floor:.1f} apart."
    )
    if distance.baseline is None:
        return told
    word = "closer than" if distance.baseline < distance.value else "farther than"
    return (
        f"{told} A mixture of four Gaussians for each digit, fitted in a moment, comes to {distance.baseline:.1f}, "
        f"{word} this GAN."
    )


def _diversity_story(metrics: Mapping[str, Metric]) -> str:
    precision, recall = metrics["precision"], metrics["recall"]
    told = (
        f"Precision is {precision.value:.2f} (images that lie among real digits; real digits reach "
        f"{precision.floor:.2f}) and recall {recall.value:.2f} (real digits that lie among the images; "
        f"{recall.floor:.2f})."
    )
    if precision.value - recall.value > 0.25:
        return told + " The generator makes good digits but leaves many ways of writing out."
    if recall.value - precision.value > 0.25:
        return told + " The images are varied, but many are no digits."
    return told + " So sharpness and variety are about in balance."


def _progress_story(story: DcganStory) -> list[str]:
    """When the run was at its best, if that was not the end."""
    whole = [entry for entry in story.history if math.isfinite(entry.fd)]
    if len(whole) < 3:
        return []
    best, last = min(whole, key=lambda entry: entry.fd), whole[-1]
    if best.fd < 0.85 * last.fd:
        return [
            f"The distance was smallest at step {best.step} ({best.fd:.1f}) and rose to {last.fd:.1f} by the end: more "
            "steps did not help this run."
        ]
    half = min(whole, key=lambda entry: abs(entry.step - last.step / 2))
    return [
        f"The distance fell from {whole[0].fd:.0f} at step {whole[0].step} to {half.fd:.1f} at step {half.step} and "
        f"{last.fd:.1f} at the end."
    ]


def memory_story(ratio: Metric) -> str:
    """Whether the images are copies of training images."""
    told = (
        f"A generated digit is on average {ratio.value:.2f} times as far from its nearest training image as a new real "
        "digit is"
    )
    if ratio.value < 0.5:
        return told + ": the generator repeats training images."
    if ratio.value > 1.3:
        return told + ": many images lie off the data."
    return told + ", so it does not copy the training images."


def _rival_story(story: DcganStory) -> list[str]:
    if not story.rival:
        return []
    ours, theirs = story.metrics["fd_digits64"].value, story.rival["fd_digits64"].value
    recall, other = story.metrics["recall"].value, story.rival["recall"].value
    told = (
        f"The tutorial's settings (b1 = 0.5, learning rate 0.0002, no decay) reach a distance of {theirs:.1f} and a "
        f"recall of {other:.2f} in the same {story.pace.step} steps; these settings (b1 = {story.recipe.b1:g}, "
        f"learning rate {story.recipe.lr:g}, falling) reach {ours:.1f} and {recall:.2f}."
    )
    if ours < theirs and story.recipe.b1 < 0.5:
        return [told + " Without momentum Adam answers at once when the other network has moved on."]
    return [told]
