"""What is said about a diffusion run: the caption of each frame, the verdict and what to notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demos.steps import Metric, Pace
from demos.toy_data import PointSet


@dataclass(frozen=True)
class DiffusionStory:
    """The facts of a finished run that are told.

    `loss` is the mean of its last tenth, `best_loss` the least possible, `excess` the mean squared distance
    from the best possible answers; `sweep` holds (evaluations, high quality share) of the finished network.
    """

    metrics: Mapping[str, Metric]
    classical: str
    data: PointSet
    flow: bool
    sampler: str
    nfe: int
    loss: float
    best_loss: float
    excess: float
    sweep: tuple[tuple[int, float], ...]
    pace: Pace
    budget_s: float


def caption(pace: Pace, figures: Mapping[str, float], data: PointSet, best_loss: float) -> str:
    """One or two sentences on the present, from its live figures."""
    if pace.step == 0:
        return (
            "Before training: the network moves the noise about at random; nothing like the data comes out."
        )
    if data.separate:
        found = f"{figures['strict_modes']:.0f} of {len(data.centres)} modes captured"
    else:
        found = f"{figures['coverage']:.0%} of the curve covered"
    return (
        f"Step {pace.step} of {pace.total_steps}: {found}, {figures['high_quality_share']:.0%} of the "
        f"points are close to the data. The loss is {figures['loss']:.2f}; the least any network can reach "
        f"is {best_loss:.2f}."
    )


def film_caption(figures: Mapping[str, float], upto: int, moves: int) -> str:
    """One sentence on a moment of the final denoising."""
    return (
        f"Denoising with the trained network: noise level t = {figures['t']:.2f}, {upto} of {moves} moves "
        f"made, {figures['high_quality_share']:.0%} of the points are close to the data."
    )


def verdict(metrics: Mapping[str, Metric], data: PointSet) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, and the notes that explain it, most fitting first."""
    quality, distance = metrics["high_quality_share"], metrics["sliced_wasserstein"]
    if data.separate:
        whole = metrics["strict_modes"].value == len(data.centres)
        strict = f"{metrics['strict_modes'].value:.0f} of {len(data.centres)}"
        held = f"{strict} modes hold at least a fifth of their fair share of the points"
    else:
        whole = metrics["coverage"].value > 0.9
        held = f"{metrics['coverage'].value:.0%} of the curve is covered"
    quality_words = f"{quality.value:.0%} of the points lie on the data (real points: {quality.floor:.0%})"
    word = "Learned" if whole and quality.value >= 0.6 else "Partly learned"
    far = distance.value / max(distance.floor, 1e-9)
    told = (
        f"{word}: {held}, {quality_words}; their distance to the data is {far:.1f} times that between two "
        "sets of real points."
    )
    return told, ("diffusion-models", "evaluation-metrics")


def observations(story: DiffusionStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    told = [*_budget_story(story), _loss_story(story), _sweep_story(story), _mode_story(story)]
    distance = story.metrics["sliced_wasserstein"]
    told.append(
        f"The sliced Wasserstein distance to real points is {distance.value:.3f} (n = {distance.n}); two "
        f"sets of real points are {distance.floor:.3f} apart, and {story.classical} fitted to {distance.n} "
        f"real points comes to {distance.baseline:.3f}."
    )
    return tuple(told)


def _budget_story(story: DiffusionStory) -> list[str]:
    if not story.pace.out_of_time:
        return []
    return [
        f"The time budget of {story.budget_s:g} s ended the training at step {story.pace.step} of "
        f"{story.pace.total_steps}, before the learning rate had fallen: a longer budget or fewer steps "
        "would end better."
    ]


def _loss_story(story: DiffusionStory) -> str:
    aim = "the velocity eps - x0" if story.flow else "the noise eps"
    return (
        f"The loss ended at {story.loss:.2f} (mean of the last tenth) and can never stay below about "
        f"{story.best_loss:.2f}: from xt alone nobody can know {aim}, since many x0 could have led to the "
        f"same xt. The network's answers are {story.excess:.3f} (mean square) away from the best possible "
        "ones."
    )


def _sweep_story(story: DiffusionStory) -> str:
    (few, few_share), (many, many_share) = story.sweep[1], story.sweep[-1]
    return (
        f"With the {story.sampler} sampler, {few} evaluations of the network put {few_share:.0%} of the "
        f"points on the data, {many} evaluations {many_share:.0%}: the same network, only smaller steps."
    )


def _mode_story(story: DiffusionStory) -> str:
    metrics, quality = story.metrics, story.metrics["high_quality_share"]
    told = (
        f"{quality.value:.1%} of {quality.n} points lie within 3 standard deviations of a centre (real "
        f"points: {quality.floor:.1%}) after {story.nfe} evaluations."
    )
    if not story.data.separate:
        return f"{told} They reach {metrics['coverage'].value:.0%} of the curve."
    return (
        f"{told} {metrics['strict_modes'].value:.0f} of {len(story.data.centres)} modes hold at least a "
        "fifth of their fair share: the loss asks about every training point, so no mode can be left out "
        "without paying."
    )
