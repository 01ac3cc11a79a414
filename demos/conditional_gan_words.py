"""What is said about a run of conditional-gan: captions, verdict, and what to notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demos import dcgan_words
from demos.digit_gan import Measured
from demos.steps import Metric, Pace, out_of_time


@dataclass(frozen=True)
class ConditionalStory:
    """The facts of a finished run that are told.

    accuracies: the share of each digit's images read as that digit; change: how much the class changes an image at the
    same noise, against how much the noise does within a class; judge_accuracy: that of the classifier on real digits.
    """

    metrics: Mapping[str, Metric]
    accuracies: tuple[float, ...]
    told: bool
    change: float
    truncation: float
    judge_accuracy: float
    pace: Pace
    budget_s: float


diverged = dcgan_words.diverged


def caption(pace: Pace, history: Sequence[Measured]) -> str:
    """One or two sentences on the present."""
    if pace.step == 0:
        return "Before training: each row asks for one digit, each column holds one noise vector, all is grey noise."
    if not history:
        return f"Step {pace.step} of {pace.total_steps}: nothing has been measured yet."
    last = history[-1]
    return (
        f"Step {pace.step} of {pace.total_steps}: {last.accuracy:.0%} of the images are read as the digit asked for "
        f"(chance: 10%), and {last.recall:.0%} of the real digits lie among the images (at step {last.step})."
    )


def verdict(story: ConditionalStory) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, and the notes that explain it, most fitting first."""
    metrics = story.metrics
    accuracy, recall = metrics["class_accuracy"].value, metrics["recall"].value
    read = f"{accuracy:.0%} of the images are read as the digit asked for"
    if accuracy < 0.3:
        why = "the class was told to neither network" if not story.told else "the class is hardly heeded"
        return f"It does not write what it is asked for: {read} (chance: 10%), since {why}.", (
            "conditional-gan",
            "gan",
        )
    if accuracy >= 0.9 and recall < 0.3:
        return f"Obedient but not varied: {read}, but recall is only {recall:.2f}.", (
            "mode-collapse",
            "conditional-gan",
        )
    word = "Learned" if accuracy >= 0.95 and recall >= 0.5 else "Partly learned"
    return f"{word}: {read}, with precision {metrics['precision'].value:.2f} and recall {recall:.2f}.", (
        "conditional-gan",
        "evaluation-metrics",
    )


def observations(story: ConditionalStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    metrics = story.metrics
    return (
        *out_of_time(story.pace, story.budget_s),
        _accuracy_story(story),
        _change_story(story),
        dcgan_words.distance_story(metrics["fd_digits64"]),
        *_truncation_story(story),
        dcgan_words.memory_story(metrics["memorisation"]),
    )


def _accuracy_story(story: ConditionalStory) -> str:
    accuracy = story.metrics["class_accuracy"]
    told = (
        f"A classifier that reads {story.judge_accuracy:.0%} of held-out real digits rightly reads "
        f"{accuracy.value:.1%} of {accuracy.n} generated ones as the digit asked for; it learned from the same digits "
        "as the GAN, so it is a friendly judge."
    )
    worst = min(range(len(story.accuracies)), key=lambda digit: story.accuracies[digit])
    if story.accuracies[worst] < 0.97:
        told += f" The digit {worst} fares worst, with {story.accuracies[worst]:.0%}."
    return told


def _change_story(story: ConditionalStory) -> str:
    if not story.told:
        return (
            "The class was told to neither network, so all rows of the picture are the same: a generator can only "
            "follow what it is given and what the discriminator checks."
        )
    return (
        f"With the same noise, two digits differ {story.change:.1f} times as much as two drawings of one digit do: the "
        "class decides what is written, the noise in which hand."
    )


def _truncation_story(story: ConditionalStory) -> list[str]:
    if story.truncation >= 4:
        return []
    precision, recall = story.metrics["precision"], story.metrics["recall"]
    return [
        f"The noise was kept within +-{story.truncation:g}: truncation trades variety for safety, and here precision "
        f"is {precision.value:.2f} at a recall of {recall.value:.2f}; compare it with the run at 4."
    ]
