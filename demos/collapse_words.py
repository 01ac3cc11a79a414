"""What is said about a run of mode collapse and its cure: the caption of each frame, the verdict, what to notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from demos.steps import Look, Metric, Pace, Result, out_of_time

if TYPE_CHECKING:
    from demos.collapse import Recipe

KEYS = ("without", "with")
ROWS = {"without": "without the cure", "with": "with the cure"}
CURES = {
    "none": "",
    "ttur": "with TTUR",
    "r1-r2": "with R1 + R2",
    "minibatch-std": "with minibatch std",
    "pacgan": "with PacGAN",
}
WHY = {
    "ttur": (
        "TTUR gives the faster of the two learning rates to the discriminator: it answers before the generator has"
        " moved all its points to one place."
    ),
    "r1-r2": (
        "R1 and R2 punish a steep discriminator on real and on generated points: its slope stays gentle, so the "
        "points are not all thrown to where it last was fooled."
    ),
    "minibatch-std": (
        "The minibatch standard deviation shows the discriminator how far apart the points of a group lie: points "
        "that are all alike are seen to be generated."
    ),
    "pacgan": (
        "PacGAN shows the discriminator several points at once: a pack of points from one mode is seen to be "
        "generated, even if each of them alone looks real."
    ),
}


@dataclass(frozen=True)
class CollapseStory:
    """The facts of a finished run that are told; modes [rows, K] held strictly, history as in CollapseLook."""

    metrics: Mapping[str, Metric]
    classical: str
    modes: NDArray[np.int64]
    n_modes: int
    seeds: tuple[int, ...]
    cure: str
    recipes: tuple[Recipe, ...]
    history: tuple[tuple[int, NDArray[np.int64]], ...]
    pace: Pace
    budget_s: float


def caption(pace: Pace, fallen: tuple[int, ...], k: int, names: tuple[str, ...]) -> str:
    """One or two sentences on the present."""
    if pace.step == 0:
        both = " Both rows start from the same weights." if len(names) > 1 else ""
        return f"Before training: {k} generators, each from a seed of its own, make one clump.{both}"
    where = f"Step {pace.step} of {pace.total_steps}: {fallen[0]} of {k} GANs hold at most half of the modes"
    if len(names) == 1:
        return f"{where}."
    return f"{where}; {names[1]}, from the same start, {fallen[1]} of {k} do."


def diverged(step: int, look: Look) -> Result:
    """The result of a run whose losses are no longer numbers."""
    verdict = f"The run diverged at step {step}: the losses are no longer numbers."
    remedy = "A lower learning rate, or a smaller gamma, keeps them finite."
    return Result(
        "diverged", step, {}, verdict, (remedy,), ("mode-collapse", "minimax-and-equilibrium"), look
    )


def verdict(story: CollapseStory) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, and the notes that explain it, most fitting first."""
    notes = ("mode-collapse", "minimax-and-equilibrium", "gan")
    k = len(story.seeds)
    before = int(story.metrics["collapsed_without"].value)
    held = f"{story.metrics['strict_modes_without'].value:.1f} of {story.n_modes} modes on average"
    if "collapsed_with" not in story.metrics:
        word = "Mode collapse" if before else "No collapse"
        return f"{word}: {before} of {k} GANs collapsed, holding {held}.", notes
    after = int(story.metrics["collapsed_with"].value)
    kept = f"{story.metrics['strict_modes_with'].value:.1f}"
    told = f"{before} of {k} GANs collapsed ({held}), {CURES[story.cure]} {after} of {k} ({kept} modes)"
    if before == 0:
        return f"Nothing to cure: {told}.", notes
    if after == 0:
        return f"Cured: {told}.", notes
    word = "Partly cured" if after < before else "Not cured"
    return f"{word}: {told}.", notes


def observations(story: CollapseStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    told = [*out_of_time(story.pace, story.budget_s), _collapse_story(story), _moving_story(story)]
    if len(story.modes) > 1:
        told += [_cure_story(story), _quality_story(story)]
    told.append(_baseline_story(story))
    return tuple(told)


def _listed(modes: NDArray[np.int64]) -> str:
    words = [str(int(held)) for held in modes]
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _collapse_story(story: CollapseStory) -> str:
    ratio = story.recipes[0].g_lr / story.recipes[0].d_lr
    rates = f"{ratio:.3g} times" if ratio >= 1 else f"1/{1 / ratio:.3g} of"
    down = int(story.metrics["collapsed_without"].value)
    return (
        f"With the generator's learning rate at {rates} the discriminator's, {down} of {len(story.seeds)} seeds "
        f"collapsed: they end with {_listed(story.modes[0])} of {story.n_modes} modes, each seed another number, "
        "so one run alone proves little."
    )


def _moving_story(story: CollapseStory) -> str:
    """Whether the modes held without the cure came and went."""
    if len(story.history) < 2:
        return "The run was too short to tell whether modes came and went."
    held = np.stack([modes[0] for _, modes in story.history])
    lost = int((np.diff(held, axis=0) < 0).sum())
    best = held.max(axis=0)
    return (
        f"Without a cure the {len(story.seeds)} GANs lost modes that they had held {lost} times in all; the most that "
        f"each held at one time were {_listed(best)}. A generator that chases the discriminator wanders from mode "
        "to mode."
    )


def _cure_story(story: CollapseStory) -> str:
    gain = story.metrics["strict_modes_with"].value - story.metrics["strict_modes_without"].value
    ends = f"from the same weights, data and noise the seeds now end with {_listed(story.modes[1])} modes"
    if gain > 0.5:
        return f"{WHY[story.cure]} Here it helped: {ends}."
    word = "It made no difference here" if gain > -0.5 else "Here it did harm"
    return f"{WHY[story.cure]} {word}: {ends}."


def _quality_story(story: CollapseStory) -> str:
    before, after = (story.metrics[f"high_quality_share_{key}"] for key in KEYS)
    return (
        f"{before.value:.0%} of the points lie on the data without the cure, {after.value:.0%} with it (real points: "
        f"{after.floor:.0%}, n = {after.n}): points can be good and still miss most modes, so both must be counted."
    )


def _baseline_story(story: CollapseStory) -> str:
    key = KEYS[len(story.modes) - 1]
    distance = story.metrics[f"sliced_wasserstein_{key}"]
    return (
        f"The sliced Wasserstein distance to real points is {distance.value:.3f} on average {ROWS[key]}, "
        f"{distance.floor:.3f} between two sets of real points, and {distance.baseline:.3f} for {story.classical}, "
        "whose likelihood punishes every mode left out: it cannot collapse in this way."
    )
