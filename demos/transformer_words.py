"""What is said about a run of the tiny transformer: captions, figures, the verdict and what to notice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demos.steps import Metric, Pace, out_of_time
from demos.text import Text


@dataclass(frozen=True)
class TransformerStory:
    """The facts of a finished run that are told.

    Losses are in nats per character; `train_loss` is the mean of its last tenth; `history` holds (step,
    held-out loss); `sample` is one continuation of the prompt.
    """

    metrics: Mapping[str, Metric]
    train_loss: float
    uniform: float
    ngram_order: int
    text: Text
    parameters: int
    knobs: Mapping[str, Any]
    history: tuple[tuple[int, float], ...]
    sample: str
    pace: Pace
    budget_s: float


def caption(pace: Pace, figures: Mapping[str, float], ngram: float) -> str:
    """One or two sentences on the present, from its live figures."""
    if pace.step == 0:
        return "Before training: every character is equally likely, so what the network writes is noise."
    fit = figures["held_out_loss"]
    if not math.isfinite(fit):
        return f"Step {pace.step}: the loss is no longer a number: the run diverged."
    rank = "already below" if fit < ngram else "still above"
    return (
        f"Step {pace.step} of {pace.total_steps}: the loss on held-out text is {fit:.2f} nats, a perplexity of "
        f"{math.exp(fit):.1f}: as unsure as between {math.exp(fit):.1f} equally likely characters. It is {rank} "
        f"the best n-gram model ({ngram:.2f})."
    )


def sample_caption(temperature: float) -> str:
    return (
        f"The trained network writes on by itself, one character at a time, at temperature {temperature:g}."
    )


def loss_metrics(fit: float, ngram: float, order: int, n: int) -> dict[str, Metric]:
    """Loss, perplexity and bits per held-out character, each with the best n-gram model as its baseline.

    Perplexity is exp(loss) and bits are loss / ln 2 (Jurafsky and Martin, chapter 3; Shannon 1951). The floor
    is not a number: how surely a perfect model could guess this text is not known.
    """
    rival = f"; the baseline is an n-gram model of order {order} with Witten-Bell smoothing"
    return {
        "held_out_loss": Metric(
            fit, n, math.nan, ngram, "low", f"mean of -ln p(next character) on held-out text, in nats{rival}"
        ),
        "perplexity": Metric(
            math.exp(min(fit, 50.0)), n, math.nan, math.exp(ngram), "low",
            "exp of the loss: among how many equally likely characters the choice would be as hard",
        ),
        "bits_per_character": Metric(
            fit / math.log(2), n, math.nan, ngram / math.log(2), "low",
            "loss / ln 2: comparable between any two models of the same text",
        ),
    }  # fmt: skip


def verdict(story: TransformerStory) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, and the notes that explain it, most fitting first."""
    fit, known, copied = (story.metrics[name] for name in ("held_out_loss", "known_words", "copied"))
    assert fit.baseline is not None
    size = f"perplexity {math.exp(min(fit.value, 50.0)):.2f} per character on held-out text"
    rival = f"the best n-gram model has {math.exp(fit.baseline):.2f}"
    if copied.value > copied.floor + 0.4:
        return (
            f"Learned by heart: {size}, and {copied.value:.0%} of what it writes is copied from the text.",
            ("transformer", "autoregressive-models"),
        )
    if fit.value > 0.75 * story.uniform:
        return f"Not learned: {size}, little better than guessing.", ("transformer", "perplexity")
    if known.value < 0.6:
        return (
            f"Learned spelling only in part: {size} ({rival}), {known.value:.0%} of the words it writes are real.",
            ("transformer", "gpt", "perplexity"),
        )
    rank = "and beats the n-gram" if fit.value < fit.baseline else "but the n-gram is ahead"
    return (
        f"Learned to write words, {rank}: {size} ({rival}), {known.value:.0%} of the words it writes are real.",
        ("transformer", "gpt", "perplexity"),
    )


def observations(story: TransformerStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    told = [
        *out_of_time(story.pace, story.budget_s),
        _loss_story(story),
        _ngram_story(story),
        _gap_story(story),
    ]
    told += [_sample_story(story), _size_story(story)]
    return tuple(sentence for sentence in told if sentence)


def _loss_story(story: TransformerStory) -> str:
    fit = story.metrics["held_out_loss"]
    half = story.uniform - 0.5 * (story.uniform - fit.value)
    passed = next((step for step, loss in story.history if loss <= half), None)
    when = f"; half of that way was done by step {passed}" if passed else ""
    return (
        f"The held-out loss fell from ln {math.exp(story.uniform):.0f} = {story.uniform:.2f} nats, pure guessing, "
        f"to {fit.value:.3f} nats ({fit.n} characters){when}. That is a perplexity of e^{fit.value:.3f} = "
        f"{math.exp(min(fit.value, 50.0)):.2f}, or {fit.value / math.log(2):.2f} bits per character."
    )


def _ngram_story(story: TransformerStory) -> str:
    fit = story.metrics["held_out_loss"]
    assert fit.baseline is not None
    rival = (
        f"An n-gram model of order {story.ngram_order}, which only counts, comes to {fit.baseline:.3f} nats"
    )
    if fit.value < fit.baseline:
        return (
            f"{rival}, so the transformer is better by {fit.baseline - fit.value:.3f}: it uses more than the last "
            f"{story.ngram_order - 1} characters."
        )
    return (
        f"{rival}, which is {fit.value - fit.baseline:.3f} better than the transformer after this short training: "
        "counting is a strong rival on a small text."
    )


def _gap_story(story: TransformerStory) -> str:
    gap = story.metrics["held_out_loss"].value - story.train_loss
    where = f"The training loss ended at {story.train_loss:.3f} nats, {abs(gap):.3f}"
    if gap > 0.25:
        return f"{where} below the held-out loss: the network has begun to learn its text by heart (overfitting)."
    side = "below" if gap >= 0 else "above"
    return f"{where} {side} the held-out loss: what was learned holds for text that was not seen as well."


def _sample_story(story: TransformerStory) -> str:
    known, copied = story.metrics["known_words"], story.metrics["copied"]
    text = " ".join(story.sample[:60].split())
    return (
        f"After “{story.knobs['prompt'].strip()}” it wrote “{text}…” at temperature "
        f"{story.knobs['temperature']:g}. {known.value:.0%} of {known.n} written words are words of the text "
        f"(real text: {known.floor:.0%}), and {copied.value:.0%} of its stretches of 20 characters are copied "
        f"(real text: {copied.floor:.0%})."
    )


def _size_story(story: TransformerStory) -> str:
    knobs = story.knobs
    seen = story.pace.step * knobs["batch"] * knobs["context"]
    source = "the study notes" if story.text.name == "notes" else "the bundled story"
    return (
        f"The network has {story.parameters:,} parameters in {knobs['layers']} layers and read {seen:,} characters, "
        f"{seen / max(1, len(story.text.train)):.1f} times the {len(story.text.train):,} of {source}."
    )
