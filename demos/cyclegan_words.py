"""What is said about a run of cyclegan: captions, verdict, and what to notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demos.steps import Metric, Pace, out_of_time


@dataclass(frozen=True)
class CycleStory:
    """The facts of a finished run that are told; `rival` has the figures of the pair without cycle loss, if any."""

    metrics: Mapping[str, Metric]
    rival: Mapping[str, Metric]
    lambda_cyc: float
    generator: str
    pace: Pace
    budget_s: float


def caption(pace: Pace, metrics: Mapping[str, float]) -> str:
    """One or two sentences on the present."""
    if pace.step == 0:
        return "Before training: the two translators change little. They will never be shown a face and its twin."
    if len(metrics) < 2:
        return f"Step {pace.step} of {pace.total_steps}: nothing has been measured yet."
    blond, black = metrics["twin_error_to_blond"], metrics["twin_error_to_black"]
    return (
        f"Step {pace.step} of {pace.total_steps}: the error to the true twin is {blond:.2f} (to blond) and {black:.2f} "
        "(to black) of that of an unchanged face. 0 would be perfect, above 1 is worse than doing nothing."
    )


def diverged(pace: Pace) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Verdict, observations and notes of a run whose losses are no longer sane."""
    return (
        f"The run diverged at step {pace.step}: the losses ran away or are no longer numbers.",
        (
            "A lower learning rate keeps the four networks in balance: 0.001 is a good start for faces this small.",
        ),
        ("cyclegan", "minimax-and-equilibrium"),
    )


def verdict(metrics: Mapping[str, Metric]) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, from the twin errors both ways, and the fitting notes."""
    blond, black = metrics["twin_error_to_blond"].value, metrics["twin_error_to_black"].value
    errors = f"the error to the true twin is {blond:.2f} (to blond) and {black:.2f} (to black) of that of doing nothing"
    worst = max(blond, black)
    if worst <= 0.5:
        return f"Learned without a single pair: {errors}.", ("cyclegan", "evaluation-metrics")
    if worst < 0.9:
        return f"Partly learned: {errors}.", ("cyclegan", "gan")
    if min(blond, black) < 0.9:
        return f"Learned one way only: {errors}.", ("cyclegan", "minimax-and-equilibrium")
    return f"Not learned: {errors}.", ("cyclegan", "minimax-and-equilibrium")


def observations(story: CycleStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    return (
        *out_of_time(story.pace, story.budget_s),
        _twin_story(story),
        _hair_story(story),
        _cycle_story(story),
        *_rival_story(story),
        _variety_story(story),
    )


def _twin_story(story: CycleStory) -> str:
    blond, black = story.metrics["twin_error_to_blond"], story.metrics["twin_error_to_black"]
    assert blond.baseline is not None and black.baseline is not None
    told = (
        f"Against the true twins of {blond.n} new faces the error is {blond.value:.2f} (to blond) and "
        f"{black.value:.2f} (to black) of that of doing nothing; another shade of the same hair alone makes "
        f"{blond.floor:.2f} and {black.floor:.2f}. Shifting the colours of the whole picture, without any network, "
        f"makes {blond.baseline:.2f} and {black.baseline:.2f}."
    )
    wins = (blond.value < blond.baseline) + (black.value < black.baseline)
    return (
        told
        + (
            " This run beats that both ways.",
            " This run beats that one way.",
            " This run does not beat that.",
        )[2 - wins]
    )


def _hair_story(story: CycleStory) -> str:
    change = [story.metrics[f"hair_change_{way}"].value for way in ("to_blond", "to_black")]
    outside = [story.metrics[f"outside_change_{way}"].value for way in ("to_blond", "to_black")]
    return (
        f"The hair went {change[0]:.0%} (to blond) and {change[1]:.0%} (to black) of the way to the twin's colour, and "
        f"pixels that should stay changed by {outside[0] / 2:.1%} and {outside[1] / 2:.1%} of the full range."
    )


def _cycle_story(story: CycleStory) -> str:
    blond, black = story.metrics["cycle_error_to_blond"].value, story.metrics["cycle_error_to_black"].value
    told = (
        f"There and back again the error to the first face is {blond:.2f} (black hair) and {black:.2f} (blond hair) of "
        "the distance between twins."
    )
    if story.lambda_cyc == 0:
        return told + " Nothing asked for that: without the cycle loss any face of the right kind would do."
    return told + f" The cycle loss, with weight {story.lambda_cyc:g}, asks for a small one."


def _rival_story(story: CycleStory) -> list[str]:
    if not story.rival:
        return []
    ours, theirs = (
        [
            figures[f"{name}_{way}"].value
            for name in ("twin_error", "cycle_error")
            for way in ("to_blond", "to_black")
        ]
        for figures in (story.metrics, story.rival)
    )
    told = (
        f"Without the cycle loss the same networks end at twin errors of {theirs[0]:.2f} and {theirs[1]:.2f} (with it: "
        f"{ours[0]:.2f} and {ours[1]:.2f}) and round-trip errors of {theirs[2]:.2f} and {theirs[3]:.2f} (with it: "
        f"{ours[2]:.2f} and {ours[3]:.2f})."
    )
    if sum(theirs[:2]) <= sum(ours[:2]) and story.generator == "mask":
        return [
            told
            + " The mask already keeps a face nearly whole, so the cycle loss had little left to do for the twins."
        ]
    return [told]


def _variety_story(story: CycleStory) -> str:
    recall = [story.metrics[f"recall_{way}"] for way in ("to_blond", "to_black")]
    memory = [story.metrics[f"memorisation_{way}"].value for way in ("to_blond", "to_black")]
    return (
        f"Recall is {recall[0].value:.2f} and {recall[1].value:.2f} (real twins: {recall[0].floor:.2f} and "
        f"{recall[1].floor:.2f}), and a translated face is {memory[0]:.2f} and {memory[1]:.2f} times as far from its "
        "nearest training face as a new one is."
    )
