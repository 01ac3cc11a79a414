"""What is said about a diffusion run: the caption of each frame, the verdict and what to notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demos.steps import Metric, Pace, out_of_time
from demos.toy_data import PointSet


@dataclass(frozen=True)
class DiffusionStory:
    """The facts of a finished run that are told.

    `loss` is the mean of its last tenth, `best_loss` the least possible, `excess` the mean squared distance
    from the best possible answers; `sweep` holds for each sampler (evaluations, high quality share) of the finished
    network; `by_level` and `best_by_level` its error and the least possible in eighths of the noise levels, little
    noise first.
    """

    metrics: Mapping[str, Metric]
    classical: str
    data: PointSet
    flow: bool
    nfe: int
    loss: float
    best_loss: float
    excess: float
    sweep: Mapping[str, tuple[tuple[int, float], ...]]
    by_level: tuple[float, ...]
    best_by_level: tuple[float, ...]
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
    told = [*out_of_time(story.pace, story.budget_s), _loss_story(story), _level_story(story)]
    told += [_sweep_story(story), _mode_story(story)]
    distance = story.metrics["sliced_wasserstein"]
    told.append(
        f"The sliced Wasserstein distance to real points is {distance.value:.3f} (n = {distance.n}); two "
        f"sets of real points are {distance.floor:.3f} apart, and {story.classical} fitted to {distance.n} "
        f"real points comes to {distance.baseline:.3f}."
    )
    return tuple(told)


def _loss_story(story: DiffusionStory) -> str:
    aim = "the velocity eps - x0" if story.flow else "the noise eps"
    return (
        f"The loss ended at {story.loss:.2f} (mean of the last tenth) and can never stay below about "
        f"{story.best_loss:.2f}: from xt alone nobody can know {aim}, since many x0 could have led to the "
        f"same xt. The network's answers are {story.excess:.3f} (mean square) away from the best possible "
        "ones."
    )


def _level_story(story: DiffusionStory) -> str:
    """Where along t the task is hardest, and where the network falls short most."""
    bins = len(story.by_level)
    gaps = [error - best for error, best in zip(story.by_level, story.best_by_level, strict=True)]
    hardest = max(range(bins), key=lambda place: story.best_by_level[place])
    short = max(range(bins), key=lambda place: gaps[place])
    where = (
        f"By noise level the least possible error is largest around t = {(hardest + 0.5) / bins:.2f} "
        f"({story.best_by_level[hardest]:.2f}), where xt tells least about the answer"
    )
    if gaps[short] < 0.03:
        return f"{where}; the network comes within {max(gaps[short], 0.01):.2f} of it at every level."
    return (
        f"{where}; the network falls furthest short of it around t = {(short + 0.5) / bins:.2f} "
        f"({story.by_level[short]:.2f} instead of {story.best_by_level[short]:.2f})."
    )


def _sweep_story(story: DiffusionStory) -> str:
    told = [
        f"{sampler} puts {dict(shares)[few]:.0%} of the points on the data with {few} evaluations of the network and "
        f"{shares[-1][1]:.0%} with {shares[-1][0]}"
        for sampler, shares in story.sweep.items()
        for few in (min(4, shares[-1][0]),)
    ]
    return (
        f"The same network with other samplers: {'; '.join(told)}. More evaluations only mean smaller steps."
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
