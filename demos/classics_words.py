"""What is said about generative against discriminative models: captions, verdict, and what to notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demos.steps import Metric

KEYS = ("bayes", "mixture", "logistic")
NAMES = {"bayes": "naive Bayes", "mixture": "the mixture", "logistic": "logistic regression"}
Curves = tuple[tuple[tuple[int, float, float], ...], ...]


@dataclass(frozen=True)
class ClassicsStory:
    """The facts of a finished run that are told; `curves` hold (n, mean accuracy, its deviation) for each model."""

    metrics: Mapping[str, Metric]
    data: str
    correlation: float
    components: int
    repeats: int
    curves: Curves
    cut_short: bool
    budget_s: float


def caption(n: int, curves: Curves, data: str, repeats: int) -> str:
    """One or two sentences on the present."""
    bayes, mixture, logistic = (curve[-1][1] for curve in curves)
    what = "points" if data == "blobs" else "digits"
    return (
        f"Trained on {n} {what} (mean of {repeats} training sets): naive Bayes is right on {bayes:.1%}, the mixture "
        f"on {mixture:.1%}, logistic regression on {logistic:.1%}. Only the first two can make new {what}."
    )


def _leader(story: ClassicsStory, place: int) -> int:
    """1 if logistic regression is ahead of naive Bayes at that place of the curves, -1 behind, 0 too close to tell.

    Ahead means by more than two standard errors of the difference over the training sets, and half a point.
    """
    (_, bayes, bayes_sd), (_, logistic, logistic_sd) = story.curves[0][place], story.curves[2][place]
    error = ((bayes_sd**2 + logistic_sd**2) / max(1, story.repeats)) ** 0.5
    if abs(logistic - bayes) <= max(2 * error, 0.005):
        return 0
    return 1 if logistic > bayes else -1


_LEADS = {
    1: "logistic regression is ahead of naive Bayes",
    -1: "naive Bayes is ahead of logistic regression",
    0: "naive Bayes and logistic regression are level",
}


def verdict(story: ClassicsStory) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, and the notes that explain it, most fitting first."""
    told = []
    for place in sorted({0, len(story.curves[0]) - 1}):
        (n, bayes, _), (_, logistic, _) = story.curves[0][place], story.curves[2][place]
        shares = f"{max(bayes, logistic):.1%} and {min(bayes, logistic):.1%}"
        told.append(f"with {n} examples {_LEADS[_leader(story, place)]} ({shares})")
    sentence = ", ".join(told)
    notes = ("generative-vs-discriminative", "naive-bayes", "logistic-regression", "gaussian-mixture-models")
    return (
        f"{sentence[0].upper()}{sentence[1:]}; only the generative models can also make new examples.",
        notes,
    )


def observations(story: ClassicsStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    told = []
    if story.cut_short:
        told.append(
            f"The time budget of {story.budget_s:g} s ended the run at {story.curves[0][-1][0]} training examples."
        )
    told += [_assumption_story(story), _size_story(story)]
    told += _blob_stories(story) if story.data == "blobs" else _digit_stories(story)
    told.append(
        "Logistic regression learns only where the border between the classes runs: it has no p(x), so it can neither "
        "make an example nor say that an input is unlike anything it has seen."
    )
    return tuple(told)


def _assumption_story(story: ClassicsStory) -> str:
    bayes, logistic = story.metrics["accuracy_many_bayes"], story.metrics["accuracy_many_logistic"]
    n = story.curves[0][-1][0]
    if story.data == "digits":
        return (
            f"Neighbouring pixels of a digit go together, so naive Bayes' assumption is false here; with {n} digits it "
            f"is right on {bayes.value:.1%}, logistic regression on {logistic.value:.1%}, the mixture of "
            f"{story.components} Gaussians per class on {story.metrics['accuracy_many_mixture'].value:.1%}."
        )
    if abs(story.correlation) < 0.05:
        return (
            "The features are independent within each class, as naive Bayes assumes: with "
            f"{n} points it reaches {bayes.value:.1%} of at most {bayes.floor:.1%}."
        )
    return (
        f"Within each class the first two features have correlation {story.correlation:g}, which naive Bayes cannot "
        f"see: with {n} points it is right on {bayes.value:.1%}, logistic regression on {logistic.value:.1%}, and "
        f"{bayes.floor:.1%} is the best there can be."
    )


def _size_story(story: ClassicsStory) -> str:
    """From which size of the training set on the discriminative model leads."""
    leads = [_leader(story, place) for place in range(len(story.curves[0]))]
    sizes = [n for n, _, _ in story.curves[0]]
    ahead = [n for n, lead in zip(sizes, leads, strict=True) if lead > 0]
    behind = [n for n, lead in zip(sizes, leads, strict=True) if lead < 0]
    if behind and ahead and max(behind) < min(ahead):
        return (
            f"Naive Bayes led with up to {max(behind)} examples and logistic regression from {min(ahead)} on: the "
            "generative model needs fewer examples, the discriminative one makes no assumption on p(x)."
        )
    if not behind and ahead:
        where = "at every size" if len(ahead) == len(sizes) else f"with {', '.join(map(str, ahead))}"
        return (
            f"Logistic regression led {where}, and naive Bayes at none: that a generative model wins when examples "
            "are few holds only where its assumptions are about right."
        )
    if behind and not ahead:
        return (
            f"Naive Bayes led with {', '.join(map(str, behind))} examples, and logistic regression at no "
            "size: its assumption cost it nothing here, and saved examples."
        )
    if not behind:
        return "At no size of the training set was either clearly ahead: their difference is within chance."
    return (
        f"Naive Bayes led with {', '.join(map(str, behind))} examples, logistic regression with "
        f"{', '.join(map(str, ahead))}."
    )


def _blob_stories(story: ClassicsStory) -> list[str]:
    bayes, mixture = (story.metrics[f"sample_distance_{key}"] for key in KEYS[:2])
    likely = [story.metrics[f"log_likelihood_{key}"] for key in KEYS[:2]]
    return [
        f"Points drawn from naive Bayes' p(x given y) are {bayes.value:.3f} away from real ones (sliced Wasserstein, "
        f"n = {bayes.n}), those of the mixture, whose Gaussians may lie aslant, {mixture.value:.3f}; two sets of real "
        f"points are {bayes.floor:.3f} apart.",
        f"A test point of known class gets the mean log density {likely[0].value:.2f} nats from naive Bayes and "
        f"{likely[1].value:.2f} from the mixture; the true density gives {likely[0].floor:.2f}.",
    ]


def _digit_stories(story: ClassicsStory) -> list[str]:
    told = []
    for key in KEYS[:2]:
        precision, recall, coverage, copied = (
            story.metrics[f"{figure}_{key}"] for figure in ("precision", "recall", "coverage", "memorisation")
        )
        name = NAMES[key][0].upper() + NAMES[key][1:]
        end = "so they are no copies" if copied.value > 0.7 else "so they are near copies"
        told.append(
            f"{name}'s digits: precision {precision.value:.2f}, recall {recall.value:.2f}, coverage "
            f"{coverage.value:.2f} (real digits: {precision.floor:.2f}, {recall.floor:.2f}, {coverage.floor:.2f}; "
            f"n = {precision.n}); they lie {copied.value:.2f} times as far from the nearest training digit as "
            f"held-out digits do, {end}."
        )
    return told
