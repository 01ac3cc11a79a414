"""The demos on models older than deep learning."""

from __future__ import annotations

from demos.knobs import Demo, Preset, choice, number

CLASSICS = Demo(
    name="generative-vs-discriminative",
    title="Two ways to tell classes apart",
    concept="generative and discriminative models",
    summary=(
        "Naive Bayes and Gaussian mixtures learn what each class looks like, logistic regression learns only the "
        "border between them. See who needs fewer examples, and who can draw new ones. Set correlation 0, where naive "
        "Bayes' assumption holds, or data digits."
    ),
    knobs=(
        choice("data", ("blobs", "digits"), "two Gaussian clouds, or images of digits"),
        number(
            "correlation", 0.8, 0.0, 0.95, "of the first two features within a class, used by blobs alone"
        ),
        number("features", 2, 2, 30, "numbers that describe a point, used by blobs alone", "features"),
        number("components", 2, 1, 60, "Gaussians in the mixture of each class", "Gaussians"),
        number("n_max", 1400, 5, 1400, "the most training examples", "examples"),
        number("repeats", 20, 1, 30, "training sets of each size, whose accuracies are averaged", "sets"),
    ),
    presets={
        "quick": Preset(10, {"repeats": 8, "n_max": 1000}),
        "normal": Preset(30),
        "long": Preset(60, {"repeats": 30}),
    },
    expected_s=5.0,
    run="demos.classics:run",
    draw="demos.classics_picture:draw",
    uses_torch=False,
    notes=("generative-vs-discriminative", "naive-bayes", "logistic-regression", "gaussian-mixture-models"),
)

DEMOS: tuple[Demo, ...] = (CLASSICS,)
