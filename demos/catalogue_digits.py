"""The demos on handwritten digits that are not GANs: diffusion with guidance, and the measures themselves."""

from __future__ import annotations

from demos.knobs import Demo, Preset, choice, number

DIGIT_DIFFUSION = Demo(
    name="digit-diffusion",
    title="Noise becomes the digit you ask for",
    concept="diffusion model with classifier-free guidance",
    summary=(
        "A network learns to take noise out of handwritten digits, knowing which digit each one is. Then it draws from "
        "pure noise the digit you ask for. Raise the guidance and the digits get clearer and more alike; take fewer "
        "evaluations and they stay blurred."
    ),
    knobs=(
        choice(
            "digit", ("all", *"0123456789"), "the digit to draw in the pictures; all: one for each column"
        ),
        number("guidance", 1.1, 0.0, 8.0, "weight w of u + w (c - u); 1: no guidance, 0: labels ignored"),
        number("nfe", 16, 1, 64, "evaluations of the network for one image", "evaluations"),
        choice("method", ("flow", "ddpm"), "flow matching with Euler steps, or DDPM with DDIM steps"),
        number("drop", 0.1, 0.0, 0.9, "share of labels hidden in training, which guidance needs"),
        number("lr", 2e-3, 1e-5, 1.0, "learning rate"),
        number("width", 192, 16, 384, "neurons in each layer of the three blocks"),
        number("batch", 256, 32, 1024, "images in one update", "images"),
        number("steps", 1600, 0, 20000, "updates; 0: as many as the budget allows", "updates"),
    ),
    presets={
        "quick": Preset(10, {"steps": 400, "guidance": 1.5}),
        "normal": Preset(40),
        "long": Preset(150, {"steps": 8000}),
    },
    expected_s=11.0,
    run="demos.digit_diffusion:run",
    draw="demos.digit_diffusion_picture:draw",
    notes=("diffusion-models", "classifier-free-guidance", "flow-matching", "evaluation-metrics"),
)

METRICS_LAB = Demo(
    name="metrics-lab",
    title="The measures on trial",
    concept="evaluation metrics",
    summary=(
        "Eight samplers, most of them broken on purpose, are measured by the figures that papers report. See which "
        "figure notices what, which ones copies of the training set pass, and how much FD depends on the number of "
        "images."
    ),
    knobs=(
        number("n", 700, 50, 700, "images of each sampler", "images"),
        number("k", 5, 3, 10, "the neighbour that the balls of precision, recall and coverage reach to"),
        number("resamples", 15, 3, 40, "repetitions of real against real for each n", "times"),
        number("kept_digits", 3, 1, 9, "digits that the sampler with few digits keeps", "digits"),
        number("blur", 1, 1, 4, "how often the blurred images are averaged over 3 x 3 pixels", "times"),
        number("noise", 0.5, 0.0, 2.0, "deviation of the noise in the noisy images; paper is -1, ink is 1"),
    ),
    presets={
        "quick": Preset(10, {"resamples": 5}),
        "normal": Preset(20),
        "long": Preset(40, {"resamples": 40}),
    },
    expected_s=5.0,
    run="demos.metrics_lab:run",
    draw="demos.metrics_lab_picture:draw",
    notes=("evaluation-metrics", "sample-precision-and-recall", "mode-collapse"),
)

DEMOS: tuple[Demo, ...] = (DIGIT_DIFFUSION, METRICS_LAB)
