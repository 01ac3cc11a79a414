"""What is said about a GAN run: the caption of each frame, the verdict and what to notice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from demos.gan_losses import EQUILIBRIUM
from demos.steps import Metric, Pace, out_of_time
from demos.toy_data import PointSet


@dataclass(frozen=True)
class GanStory:
    """The facts of a finished run that are told: its figures, rates, final loss and when it was at its best.

    `judged` is how the discriminator rated real and generated points in the last tenth; `history` holds (step, high
    quality share, strict modes or coverage) at every 100th step.
    """

    metrics: Mapping[str, Metric]
    classical: str
    data: PointSet
    loss: str
    rate_ratio: float
    d_loss: float
    judged: tuple[float, float]
    pace: Pace
    budget_s: float
    history: tuple[tuple[int, float, float], ...]


def caption(pace: Pace, figures: Mapping[str, float], data: PointSet, loss: str) -> str:
    """One or two sentences on the present, from its live figures."""
    if pace.step == 0:
        return "Before training: the generator knows nothing of the data, and the discriminator guesses."
    if data.separate:
        found = f"{figures['strict_modes']:.0f} of {len(data.centres)} modes captured"
    else:
        found = f"{figures['coverage']:.0%} of the curve covered"
    near = figures["high_quality_share"]
    where = (
        f"Step {pace.step} of {pace.total_steps}: {found}, {near:.0%} of the points are close to the data. "
    )
    return where + _loss_words(figures["d_loss"], loss)


def _loss_words(d_loss: float, loss: str) -> str:
    even, text = EQUILIBRIUM[loss]
    if not math.isfinite(d_loss):
        return "The losses are no longer numbers: the run diverged."
    if even == 0:
        return f"The critic rates real points {-d_loss:.2f} above generated ones; 0 would be equality."
    if d_loss > 1.1 * even:
        return f"The discriminator's loss {d_loss:.2f} is above {text}: it is being fooled."
    if d_loss < 0.6 * even:
        return f"The discriminator's loss {d_loss:.2f} is far below {text}: it tells them apart easily."
    if d_loss < 0.9 * even:
        return f"The discriminator's loss {d_loss:.2f} is below {text}: it still tells many apart."
    return f"The discriminator's loss {d_loss:.2f} is about {text}: it can hardly tell them apart."


def verdict(metrics: Mapping[str, Metric], data: PointSet) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, and the notes that explain it, most fitting first."""
    quality, distance = metrics["high_quality_share"], metrics["sliced_wasserstein"]
    sharp = f"{quality.value:.0%} of the points lie on the data (real points: {quality.floor:.0%})"
    if not data.separate:
        covered = metrics["coverage"].value
        word = "Learned" if covered > 0.9 and quality.value > 0.6 else "Partly learned"
        return f"{word}: {covered:.0%} of the curve is covered and {sharp}.", (
            "gan",
            "evaluation-metrics",
        )
    k, strict = len(data.centres), metrics["strict_modes"].value
    held = f"{strict:.0f} of {k} modes hold at least a fifth of their fair share of the points"
    if strict <= k / 2:
        return _few_modes(metrics, held, sharp)
    if strict < k:
        return f"Some modes are missing: {held}, and {sharp}.", ("mode-collapse", "gan")
    if quality.value < 0.6:
        return f"All modes were found but not sharply: {held}, but only {sharp}.", (
            "gan",
            "minimax-and-equilibrium",
        )
    far = distance.value / max(distance.floor, 1e-9)
    word = f"their distance to the data is {far:.1f} times that between two sets of real points"
    return f"Learned: {held}, {sharp}; {word}.", ("gan", "evaluation-metrics")


def _few_modes(metrics: Mapping[str, Metric], held: str, sharp: str) -> tuple[str, tuple[str, ...]]:
    """Tells collapse (a clump, or sharp on a few modes) from points that are all over the place."""
    notes = ("mode-collapse", "minimax-and-equilibrium", "gan")
    if metrics["high_quality_share"].value >= 0.5:
        return f"Mode collapse: {held}, and {sharp}.", notes
    if metrics["spread"].value < 0.6 or metrics["offset"].value > 1:
        return f"Mode collapse into one clump: {held}, and {sharp}.", notes
    return f"Not learned: {held}, and only {sharp}.", ("gan", "minimax-and-equilibrium")


def observations(story: GanStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    told = (_loss_story(story), _judgement_story(story), _mode_story(story))
    return (*out_of_time(story.pace, story.budget_s), *told, *_rate_story(story), *_distance_story(story))


def _loss_story(story: GanStory) -> str:
    even, text = EQUILIBRIUM[story.loss]
    number = text if even == 0 else f"{text} = {even:.3f}"
    return (
        f"The discriminator's loss ended at {story.d_loss:.3f} (mean of the last tenth); {number} is where "
        "it cannot tell real from generated. Neither loss says how good the points are: a collapsed "
        "generator can hold the same loss."
    )


def _judgement_story(story: GanStory) -> str:
    real, fake = story.judged
    if story.loss == "wgan-gp":
        return (
            f"The critic scored real points {real:.2f} and generated ones {fake:.2f} on average at the end; it "
            "gives no probabilities, so only the difference counts."
        )
    if story.loss == "rp":
        return (
            f"Shown one real and one generated point, the discriminator picked the right one with a confidence of "
            f"{real:.2f} on average at the end; 0.5 is a guess."
        )
    near = "close to" if max(abs(real - 0.5), abs(fake - 0.5)) < 0.1 else "still away from"
    return (
        f"At the end the discriminator gave real points D(x) = {real:.2f} and generated ones D(G(z)) = {fake:.2f} on "
        f"average, {near} the 0.5 of one that can only guess."
    )


def _mode_story(story: GanStory) -> str:
    metrics, quality = story.metrics, story.metrics["high_quality_share"]
    share = (
        f"{quality.value:.1%} of {quality.n} points lie within 3 standard deviations of a centre "
        f"(real points: {quality.floor:.1%})"
    )
    if not story.data.separate:
        return f"The points lie near {metrics['coverage'].value:.0%} of the curve, and {share}."
    k = len(story.data.centres)
    best = max((found for _, _, found in story.history), default=0)
    told = (
        f"{metrics['modes'].value:.0f} of {k} modes hold at least one point and "
        f"{metrics['strict_modes'].value:.0f} hold at least a fifth of their fair share; {share}."
    )
    if best == 0:
        return f"{told} At no time did any mode hold that much."
    first = next(step for step, _, found in story.history if found == best)
    return f"{told} The most modes so held at one time were {best:.0f}, first at step {first}."


def _rate_story(story: GanStory) -> list[str]:
    """What the ratio g_lr / d_lr has to do with the outcome, where the rates differ much."""
    ratio = story.rate_ratio
    learned = verdict(story.metrics, story.data)[0].startswith("Learned")
    if 1 / 3 < ratio < 3:
        return []
    if learned:
        return [
            f"The generator's learning rate is {ratio:.3g} times the discriminator's, which often ends in "
            "collapse; this run escaped. Try another seed, or lower both rates."
        ]
    if ratio >= 3:
        return [
            f"The generator's learning rate is {ratio:.3g} times the discriminator's: it moves all its "
            "points to where the discriminator was last fooled, before that one can answer. Try equal "
            "rates."
        ]
    return [
        f"The discriminator's learning rate is {1 / ratio:.3g} times the generator's: it rejects every "
        "step away from the modes already found, so the generator has no way to the others. Try equal "
        "rates."
    ]


def _distance_story(story: GanStory) -> list[str]:
    distance = story.metrics["sliced_wasserstein"]
    told = [
        f"The sliced Wasserstein distance to real points is {distance.value:.3f} (n = {distance.n}); two "
        f"sets of real points are {distance.floor:.3f} apart, so nothing much below that can be expected."
    ]
    if distance.baseline is not None:
        name = story.classical[0].upper() + story.classical[1:]
        if distance.baseline < distance.value:
            rank = "closer than this GAN: for data this simple a classical model is a strong rival"
        else:
            rank = "not closer than this GAN, which was told nothing of the number of clusters"
        told.append(f"{name} fitted to {distance.n} real points comes to {distance.baseline:.3f}, {rank}.")
    return told
