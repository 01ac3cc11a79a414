"""What is said about a run of self-attention: captions, the verdict and what to notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demos.steps import Metric, Pace, out_of_time

WHERE = {
    "reversal": "the mirrored position",
    "copy": "the same place in the first half",
    "induction": "the letter that followed last time",
}
"""Where the answer stands in each task."""


@dataclass(frozen=True)
class AttentionStory:
    """The facts of a finished run that are told.

    `history` holds (step, accuracy, attention on the answer); `previous` is the first layer's attention on the
    position just before.
    """

    metrics: Mapping[str, Metric]
    knobs: Mapping[str, Any]
    causal: bool
    history: tuple[tuple[int, float, float], ...]
    previous: float
    parameters: int
    pace: Pace
    budget_s: float


def caption(
    pace: Pace, figures: Mapping[str, float], knobs: Mapping[str, Any], causal: bool, ceiling: float
) -> str:
    """One or two sentences on the present, from its live figures."""
    where = WHERE[knobs["task"]]
    if pace.step == 0:
        return f"Before training: attention is spread by chance. The answer always stands at {where} (the circles)."
    told = (
        f"Step {pace.step} of {pace.total_steps}: {figures['accuracy']:.0%} of the answers are right, and "
        f"{figures['attention_on_answer']:.0%} of the attention lies on {where}."
    )
    if causal and ceiling < 0.95:
        told += f" The mask hides some answers: {ceiling:.0%} is the most that can be right."
    return told


def verdict(story: AttentionStory) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, and the notes that explain it, most fitting first."""
    accuracy, on_answer = story.metrics["accuracy"], story.metrics["attention_on_answer"]
    task, where = story.knobs["task"], WHERE[story.knobs["task"]]
    figures = f"{accuracy.value:.1%} of the answers are right and {on_answer.value:.0%} of the attention is on {where}"
    if accuracy.value >= 0.97 * accuracy.floor:
        notes: tuple[str, ...] = ("self-attention", "transformer")
        if accuracy.floor < 0.95:
            return f"Learned as far as the causal mask allows ({accuracy.floor:.0%}): {figures}.", notes
        return f"Learned {task}: {figures}.", notes
    if accuracy.value > 0.5 * accuracy.floor:
        return f"Partly learned {task}: {figures}.", ("self-attention", "transformer")
    return f"Not learned: only {figures}.", ("self-attention", "transformer")


def observations(story: AttentionStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    told = [
        *out_of_time(story.pace, story.budget_s),
        _speed_story(story),
        _attention_story(story),
        _mask_story(story),
    ]
    told += [_layer_story(story), _blind_story(story), _linear_story(story)]
    return tuple(sentence for sentence in told if sentence)


def _speed_story(story: AttentionStory) -> str:
    goal = 0.99 * story.metrics["accuracy"].floor
    step = next((step for step, accuracy, _ in story.history if accuracy >= goal), None)
    seen = (
        f"{story.parameters:,} parameters in {story.knobs['layers']} layer{'s' * (story.knobs['layers'] > 1)}"
    )
    if step is None:
        return f"With {seen} the accuracy never came near the {goal:.0%} that would count as solved."
    return (
        f"With {seen} the task was solved ({goal:.0%} right) by step {step}, after "
        f"{step * story.knobs['batch']:,} strings."
    )


def _attention_story(story: AttentionStory) -> str:
    on_answer = story.metrics["attention_on_answer"]
    return (
        f"The attention on {WHERE[story.knobs['task']]} went from {on_answer.baseline:.2f} before training to "
        f"{on_answer.value:.2f} (n = {on_answer.n}). Nobody told the network where to look: the weights follow from "
        "the loss alone."
    )


def _mask_story(story: AttentionStory) -> str:
    accuracy, task = story.metrics["accuracy"], story.knobs["task"]
    if story.causal and accuracy.floor < 0.95:
        return (
            "Behind the causal mask a position sees only itself and what came before. Some answers stand later, so "
            f"at most {accuracy.floor:.0%} can be right, guesses among 16 letters included; {accuracy.value:.0%} are."
        )
    if not story.causal and task == "induction":
        return (
            "Without a causal mask each position can look at the next one, which is its answer: a language model "
            "trained so would learn to peep, not to predict."
        )
    return ""


def _layer_story(story: AttentionStory) -> str:
    if story.knobs["task"] != "induction" or not story.causal:
        return ""
    if story.knobs["layers"] == 1:
        return (
            "One layer cannot do induction by looking alone: a position must be found by the letter before it, and "
            "one layer knows only the letters themselves. Set layers to 2."
        )
    told = (
        f"The first layer's best head puts {story.previous:.0%} of its attention on the position just before"
    )
    if story.previous > 0.25 and story.metrics["accuracy"].value > 0.9:
        return (
            f"{told}, so that a letter can know its predecessor; the second layer then finds the place after the "
            "same letter. Together they are an induction head."
        )
    return f"{told}; an induction head needs much of it there, for the second layer to build on."


def _blind_story(story: AttentionStory) -> str:
    blind, accuracy = story.metrics["accuracy_without_attention"], story.metrics["accuracy"]
    return (
        f"If every position attends to all alike, the same network gets {blind.value:.0%} right instead of "
        f"{accuracy.value:.0%}: what it has learned sits in the attention."
        if blind.value < 0.6 * accuracy.value
        else f"Even with equal attention everywhere the network gets {blind.value:.0%} right (with its own: "
        f"{accuracy.value:.0%}): attention is not what its answers rest on."
    )


def _linear_story(story: AttentionStory) -> str:
    accuracy = story.metrics["accuracy"]
    assert accuracy.baseline is not None
    told = f"Linear regression on the same letters gets {accuracy.baseline:.0%} right"
    if accuracy.baseline >= 0.97 * accuracy.floor:
        return f"{told}: for fixed places a classical model is enough, and attention is not needed to solve the task."
    if accuracy.value > accuracy.baseline + 0.1:
        return f"{told}: where to look depends on what is read, and no fixed linear map can follow that."
    return f"{told}, no worse than this network."
