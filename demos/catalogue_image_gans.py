"""The demos of GANs on images: digits, digits by class, and faces translated from one kind to another."""

from __future__ import annotations

from demos.knobs import Demo, Knob, Preset, choice, number

_NETWORK = choice("network", ("conv", "mlp"), "convolutional as in DCGAN, or fully connected")
_LR = number("lr", 1e-3, 1e-5, 1.0, "learning rate of both networks; falls along half a cosine")
_B1 = number("b1", 0.0, 0.0, 0.9, "beta1 of Adam: how much of the last steps' direction is kept")


def _gamma(default: float) -> Knob:
    return number(
        "gamma", default, 0.0, 10.0, "weight of the penalties R1 and R2 on the discriminator's slope"
    )


_BATCH = number("batch", 64, 8, 512, "real images, and generated ones, in one update", "images")
_Z_DIM = number("z_dim", 12, 1, 128, "numbers in the noise vector z")

DCGAN_DIGITS = Demo(
    name="dcgan-digits",
    title="A convolutional GAN learns to write digits",
    concept="deep convolutional GAN",
    summary=(
        "A generator learns to write digits of 8 x 8 pixels from noise, and a judge of its own measures how near they "
        "come to real ones. Set compare to tutorial to train the same networks with the well-known settings (b1 = 0.5, "
        "learning rate 0.0002) beside it, step for step."
    ),
    knobs=(
        _NETWORK,
        _LR,
        _B1,
        _gamma(0.3),
        _BATCH,
        _Z_DIM,
        choice("compare", ("off", "tutorial"), "train a second GAN with the tutorial's settings beside it"),
        number("steps", 1500, 0, 20000, "generator updates; 0: as many as the budget allows", "updates"),
    ),
    presets={
        "quick": Preset(12, {"network": "mlp", "gamma": 0.1, "steps": 900}),
        "normal": Preset(50),
        "long": Preset(180, {"compare": "tutorial", "steps": 3000}),
    },
    expected_s=8.0,
    run="demos.dcgan:run",
    draw="demos.dcgan_picture:draw",
    notes=("dcgan", "gan", "mode-collapse", "evaluation-metrics", "sample-precision-and-recall"),
)

CONDITIONAL_GAN = Demo(
    name="conditional-gan",
    title="A GAN that writes the digit it is asked for",
    concept="conditional GAN",
    summary=(
        "Both networks are told the class. In the picture a row is a digit and a column is one noise vector: the class "
        "says what is written, the noise says in which hand. Set condition to none and see every row turn alike."
    ),
    knobs=(
        choice("condition", ("projection", "none"), "tell both networks the class, or only ask for it"),
        _NETWORK,
        _LR,
        _B1,
        _gamma(0.1),
        _BATCH,
        _Z_DIM,
        number(
            "truncation", 2.0, 0.2, 4.0, "noise is redrawn beyond +- this for the result; 4: nearly never"
        ),
        number("steps", 1000, 0, 20000, "generator updates; 0: as many as the budget allows", "updates"),
    ),
    presets={
        "quick": Preset(12, {"network": "mlp"}),
        "normal": Preset(45),
        "long": Preset(120, {"steps": 4000}),
    },
    expected_s=9.0,
    run="demos.conditional_gan:run",
    draw="demos.conditional_gan_picture:draw",
    notes=("conditional-gan", "dcgan", "evaluation-metrics"),
)

CYCLEGAN = Demo(
    name="cyclegan",
    title="CycleGAN dyes hair without ever seeing a pair",
    concept="CycleGAN",
    summary=(
        "Two networks translate cartoon faces from black hair to blond and back, trained on unpaired faces. Since the "
        "faces are drawn, the true twin of each is known, and the error is measured against it. Set "
        "generator to free, lambda_id to 0 and compare to no-cycle, and see what the cycle loss is good for: the mask "
        "alone already keeps most of a face as it is."
    ),
    knobs=(
        number(
            "lambda_cyc", 5.0, 0.0, 20.0, "weight of the cycle loss: there and back must give the same face"
        ),
        number(
            "lambda_id",
            2.0,
            0.0,
            10.0,
            "weight of the identity loss: a face already right must stay as it is",
        ),
        choice(
            "generator", ("mask", "free"), "a soft mask with one change of colour, or any change of any pixel"
        ),
        choice("compare", ("off", "no-cycle"), "train a second pair without the cycle loss beside it"),
        choice("size", ("32", "16"), "width and height of a face in pixels"),
        number("lr", 1e-3, 1e-5, 1.0, "learning rate of all networks; falls along half a cosine"),
        number("batch", 8, 4, 64, "faces of each kind in one update", "faces"),
        number("steps", 650, 0, 10000, "updates; 0: as many as the budget allows", "updates"),
    ),
    presets={
        "quick": Preset(14, {"size": "16", "steps": 500}),
        "normal": Preset(50),
        "long": Preset(180, {"compare": "no-cycle", "steps": 1500}),
    },
    expected_s=13.0,
    run="demos.cyclegan:run",
    draw="demos.cyclegan_picture:draw",
    notes=("cyclegan", "gan", "evaluation-metrics"),
)

DEMOS: tuple[Demo, ...] = (DCGAN_DIGITS, CONDITIONAL_GAN, CYCLEGAN)
