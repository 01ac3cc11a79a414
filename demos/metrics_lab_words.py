"""What is said about the measures on trial: the caption of each frame, the verdict and what to notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demos.metrics_lab import SizeTrial, Trial

GIVEN_AWAY_BY = {
    "memorised": "memorisation",
    "one_a_digit": "recall",
    "few_digits": "coverage",
    "blurred": "precision",
    "noisy": "precision",
    "pure_noise": "precision",
}
"""The figure that shows what is wrong with each sampler."""


@dataclass(frozen=True)
class LabStory:
    """The facts that are told: the samplers by key, the sizes tried, n images each, and the judge's accuracy."""

    trials: Mapping[str, Trial]
    sizes: Sequence[SizeTrial]
    n: int
    kept_digits: int
    judge_accuracy: float


_SAMPLER_CAPTIONS = {
    "real": (
        "Other real digits, the best that any generator could give: what they get is the floor of each figure."
    ),
    "memorised": (
        "A sampler that copies its training images: FD is {fd:.2f}, other real digits get {floor:.2f}; only the "
        "distance to the training images gives it away."
    ),
    "mixture": (
        "A Gaussian mixture for each digit, a classical model fitted in a moment: FD {fd:.2f}, real digits "
        "{floor:.2f}."
    ),
    "one_a_digit": (
        "The same ten images again and again: the inception score is {score:.2f}, real digits get "
        "{real_score:.2f}, but recall is {recall:.0%}."
    ),
    "few_digits": (
        "Only some of the digits, each of them well drawn: precision is {precision:.0%}, coverage {coverage:.0%}."
    ),
    "blurred": "Blurred copies of training images: FD is {fd:.0f}, precision {precision:.0%}.",
    "noisy": "Training images with noise: FD is {fd:.0f}, precision {precision:.0%}.",
    "pure_noise": "Pure noise: FD is {fd:.0f}, and {precision:.0%} of the images lie among the real ones.",
}


def caption(trials: Sequence[Trial], sizes: Sequence[SizeTrial]) -> str:
    """One or two sentences on what was measured last."""
    if sizes:
        first, last = sizes[0], sizes[-1]
        told = (
            f"Real digits against other real digits: with {last.n} images on either side FD is {last.fd:.1f}"
        )
        if first is last:
            return f"{told}."
        return (
            f"{told}, with {first.n} it is {first.fd:.1f}. All are equally good; only their number differs."
        )
    figures = trials[-1].figures
    return _SAMPLER_CAPTIONS[trials[-1].key].format(
        fd=figures["fd_digits64"].value,
        floor=figures["fd_digits64"].floor,
        score=figures["inception_score"].value,
        real_score=figures["inception_score"].floor,
        recall=figures["recall"].value,
        precision=figures["precision"].value,
        coverage=figures["coverage"].value,
    )


def _copies_win(story: LabStory) -> bool:
    """Whether the copied set has the best FD of all samplers, real images included."""
    fds = {key: trial.figures["fd_digits64"].value for key, trial in story.trials.items()}
    return "memorised" in fds and fds["memorised"] == min(fds.values())


def _score_is_blind(story: LabStory) -> bool:
    """Whether one image a digit gets a better inception score than real images, with a worse FD."""
    if "one_a_digit" not in story.trials:
        return False
    figures = story.trials["one_a_digit"].figures
    score, fd = figures["inception_score"], figures["fd_digits64"]
    return score.value > score.floor and fd.value > fd.floor


def verdict(story: LabStory) -> tuple[str, tuple[str, ...]]:
    """One sentence on which measures were fooled, and the notes that explain it, most fitting first."""
    notes = ("evaluation-metrics", "sample-precision-and-recall", "mode-collapse")
    fooled = []
    if _copies_win(story):
        fooled.append("FD ranks copies of the training set first")
    if _score_is_blind(story):
        score = story.trials["one_a_digit"].figures["inception_score"]
        fooled.append(
            f"the inception score gives one image a digit {score.value:.2f} (real digits: {score.floor:.2f})"
        )
    if len(story.sizes) > 1:
        few, many = story.sizes[0], story.sizes[-1]
        fooled.append(
            f"FD of real digits is {few.fd:.0f} with {few.n} images and {many.fd:.1f} with {many.n}"
        )
    if not fooled:
        return "No measure was fooled in this run.", notes
    return f"No single figure can be trusted: {'; '.join(fooled)}.", notes


def observations(story: LabStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    told = [
        tell(story)
        for key, tell in (
            ("memorised", _copies),
            ("one_a_digit", _posters),
            ("few_digits", _missing),
            ("noisy", _spoiled),
            ("mixture", _classical),
        )
        if key in story.trials
    ]
    if len(story.sizes) > 1:
        told.insert(0, _bias(story))
    if "pure_noise" not in story.trials or len(story.sizes) < 2:
        told.append("The time budget ended the run before every sampler and every size was measured.")
    return tuple(told)


def _bias(story: LabStory) -> str:
    few, many = story.sizes[0], story.sizes[-1]
    return (
        f"Real digits against other real digits have an FD of {few.fd:.1f} +- {few.fd_spread:.1f} with {few.n} images "
        f"on either side and {many.fd:.1f} +- {many.fd_spread:.1f} with {many.n}: compare FD only at equal n, and name "
        f"n. KID is built to have no such bias: it is {few.kid:.3f} +- {few.kid_spread:.3f} and {many.kid:.3f} +- "
        f"{many.kid_spread:.3f}."
    )


def _copies(story: LabStory) -> str:
    figures = story.trials["memorised"].figures
    fd, ratio = figures["fd_digits64"], figures["memorisation"]
    best = "the best of all samplers" if _copies_win(story) else "not the best here"
    return (
        f"Copies of the training set get an FD of {fd.value:.2f}, {best} (other real digits: {fd.floor:.2f}), with a "
        f"recall of {figures['recall'].value:.0%}; their distance to the nearest training image, {ratio.value:.2f} of "
        "that of held-out digits, gives them away."
    )


def _posters(story: LabStory) -> str:
    figures = story.trials["one_a_digit"].figures
    score, fd = figures["inception_score"], figures["fd_digits64"]
    word = "above" if score.value > score.floor else "not above"
    return (
        f"Ten images, one for each digit, repeated {story.n // 10} times each, get an inception score of "
        f"{score.value:.2f}, {word} that of real digits ({score.floor:.2f}), while FD is {fd.value:.0f} and recall "
        f"{figures['recall'].value:.0%}: the inception score does not look inside a class."
    )


def _missing(story: LabStory) -> str:
    figures = story.trials["few_digits"].figures
    precision, coverage = figures["precision"], figures["coverage"]
    return (
        f"With the digits below {story.kept_digits} alone, precision is {precision.value:.0%} and coverage "
        f"{coverage.value:.0%} (real digits: {precision.floor:.0%} and {coverage.floor:.0%}): precision judges the "
        "images that are there, coverage and recall those that are missing."
    )


def _spoiled(story: LabStory) -> str:
    noisy = story.trials["noisy"].figures
    told = (
        f"Noise brings precision to {noisy['precision'].value:.0%} and FD to {noisy['fd_digits64'].value:.0f}"
    )
    if "blurred" in story.trials:
        soft = story.trials["blurred"].figures
        told += f"; blur brings them to {soft['precision'].value:.0%} and {soft['fd_digits64'].value:.0f}"
    return (
        f"{told}. The classifier behind the features decides what counts as a difference; it reads "
        f"{story.judge_accuracy:.1%} of held-out digits."
    )


def _classical(story: LabStory) -> str:
    figures = story.trials["mixture"].figures
    fd = figures["fd_digits64"]
    return (
        f"A Gaussian mixture for each digit, fitted in a moment, reaches an FD of {fd.value:.1f} (real digits: "
        f"{fd.floor:.1f}) and a recall of {figures['recall'].value:.0%}: on images this small a neural network has to "
        "be measured against that."
    )
