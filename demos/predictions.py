"""What a student may predict before a demo runs, and the bounds of the figure that decide who was right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """One short question on how a run will end.

    Attributes:
        options: what may come out, lowest figure first, each with the bound that the figure stays below; None for
            the last.
        metric: the figure of the result that decides; less that of `minus` where there is one, which names another
            figure, or "baseline" for the classical model in the same figure.
        reading: what the figure is, in words.
        fixed: knobs that must not be set for the question to make sense.
    """

    question: str
    options: tuple[tuple[str, float | None], ...]
    metric: str
    reading: str
    minus: str = ""
    fixed: tuple[str, ...] = ()

    def described(self) -> dict[str, object]:
        """The prediction as plain values for JSON."""
        return {
            "question": self.question,
            "options": [{"text": text, "below": below} for text, below in self.options],
            "metric": self.metric,
            "minus": self.minus,
            "reading": self.reading,
            "fixed": list(self.fixed),
        }


PREDICTIONS: Mapping[str, Prediction] = {
    "gan-2d": Prediction(
        "How many of the eight clusters will the generator hold at the end?",
        (("at most four", 4.5), ("five to seven", 7.5), ("all eight", None)),
        "strict_modes",
        "clusters that hold at least a fifth of their fair share of the points",
        fixed=("data",),
    ),
    "mode-collapse": Prediction(
        "The cure is added to the second row of GANs: will they keep more clusters than those of the first?",
        (("no, fewer", -0.25), ("about the same", 0.25), ("yes, more", None)),
        "strict_modes_with",
        "clusters kept with the cure less those kept without it, mean of the GANs of a row",
        minus="strict_modes_without",
        fixed=("cure",),
    ),
    "diffusion-2d": Prediction(
        "What share of the generated points will lie on the clusters?",
        (("less than half", 0.5), ("half to nine tenths", 0.9), ("more than nine tenths", None)),
        "high_quality_share",
        "share of the points that lie on the data",
        fixed=("data",),
    ),
    "generative-vs-discriminative": Prediction(
        "With only a few training examples, which is more often right: naive Bayes or logistic regression?",
        (("logistic regression", -0.01), ("neither", 0.01), ("naive Bayes", None)),
        "accuracy_few_bayes",
        "accuracy of naive Bayes less that of logistic regression after few examples",
        minus="accuracy_few_logistic",
    ),
    "dcgan-digits": Prediction(
        "Of the variety of real digits, how much will the GAN's digits cover?",
        (("less than a third", 1 / 3), ("a third to two thirds", 2 / 3), ("more than two thirds", None)),
        "recall",
        "recall: share of real images that lie near a generated one",
    ),
    "conditional-gan": Prediction(
        "Asked for a digit, how often will it draw that digit?",
        (
            ("less than half the time", 0.5),
            ("half to nine times in ten", 0.9),
            ("more than nine times in ten", None),
        ),
        "class_accuracy",
        "share of the images that a classifier reads as the digit asked for",
        fixed=("condition",),
    ),
    "cyclegan": Prediction(
        "It never sees a face with both hair colours. Will its blond faces come nearer to the true twins than faces "
        "whose colours are merely shifted?",
        (("yes, nearer", 0.0), ("no, not nearer", None)),
        "twin_error_to_blond",
        "error to the true twin less that of merely shifted colours",
        minus="baseline",
    ),
    "face-vae": Prediction(
        "The code z has room for 24 numbers: how many of them will be in use?",
        (("at most eight", 8.5), ("nine to sixteen", 16.5), ("more than sixteen", None)),
        "numbers_in_use",
        "numbers of the code that carry something",
        fixed=("latent", "beta"),
    ),
    "latent-diffusion": Prediction(
        "With as many multiplications to spend, whose faces come nearer to real ones?",
        (("those of the latent path", -0.01), ("both about equally", 0.01), ("those made of pixels", None)),
        "fd_faces64",
        "Frechet distance of the latent path less that of the pixel flow",
        minus="pixel_fd_faces64",
        fixed=("pixel_share",),
    ),
    "digit-diffusion": Prediction(
        "Asked for a digit, how often will it draw that digit?",
        (
            ("less than half the time", 0.5),
            ("half to nine times in ten", 0.9),
            ("more than nine times in ten", None),
        ),
        "class_accuracy",
        "share of the images that a classifier reads as the digit asked for",
    ),
    "metrics-lab": Prediction(
        "Images that are copies of the training set: what Frechet distance will they get, beside other real images?",
        (("a lower one, so a better one", -0.01), ("about the same", 0.01), ("a higher one", None)),
        "memorised_fd_digits64",
        "Frechet distance of the copies less that of other real images",
        minus="real_fd_digits64",
    ),
    "self-attention": Prediction(
        "How much of its attention will the network put on the one letter that holds the answer?",
        (("less than half", 0.5), ("half to nine tenths", 0.9), ("more than nine tenths", None)),
        "attention_on_answer",
        "share of the attention on the letter that holds the answer",
        fixed=("temperature", "heads", "layers"),
    ),
    "tiny-transformer": Prediction(
        "What share of the words that it writes will be words of the text?",
        (("less than half", 0.5), ("half to nine tenths", 0.9), ("more than nine tenths", None)),
        "known_words",
        "share of the written words that stand in the text",
        fixed=("temperature", "top_k"),
    ),
    "tokens": Prediction(
        "How many characters will a byte-pair token stand for, on average?",
        (("fewer than two", 2.0), ("two to three", 3.0), ("more than three", None)),
        "characters_per_token",
        "characters in one byte-pair token of text that was not learned from",
        fixed=("merges",),
    ),
    "fine-tuning": Prediction(
        "When it has learned a few cards, what will have become of the loss on other cards of the same deck?",
        (("it goes down", -0.05), ("it stays about the same", 0.05), ("it goes up", None)),
        "kept_apart_loss",
        "loss on the cards kept apart, after less before, in nats per token",
        minus="baseline",
    ),
    "pretrained": Prediction(
        "How often must the trained network be asked for one image, before asking more often changes little?",
        (("once or twice", 3.0), ("four or eight times", 12.0), ("sixteen times or more", None)),
        "enough_evaluations",
        "evaluations until the Frechet distance is within a quarter of that of 32",
        fixed=("model", "guidance", "digit"),
    ),
}
