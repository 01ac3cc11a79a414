"""The demo that generates with weights from the tree, without training."""

from __future__ import annotations

from demos.knobs import Demo, Preset, choice, number

PRETRAINED = Demo(
    name="pretrained",
    title="Generation at once, with weights trained beforehand",
    concept="sampling from a trained model",
    summary=(
        "Weights of our own lie beside the demos, so nothing is trained: ask for digits, faces or text and watch them "
        "come into being. Take one evaluation in place of sixteen, push guidance to 8, ask for blond hair and glasses, "
        "or write at temperature 2, and see at once what each knob does to quality and variety."
    ),
    knobs=(
        choice("model", ("digits", "faces", "text"), "what is generated"),
        number("samples", 400, 100, 700, "digits or faces that are generated and measured", "images"),
        number("nfe", 16, 1, 64, "digits, faces: evaluations of the network for one image", "evaluations"),
        number("guidance", 1.5, 0.0, 8.0, "digits, faces: weight w of the wish; 1: plain, 0: wish ignored"),
        choice("digit", ("all", *"0123456789"), "digits: the one to draw; all: each in turn"),
        choice("hair", ("any", "black", "brown", "blond"), "faces: colour of the hair"),
        choice("smile", ("any", "sad", "calm", "laughing"), "faces: the mouth"),
        choice("age", ("any", "young", "middle", "old"), "faces: the age"),
        choice("glasses", ("any", "none", "worn"), "faces: with or without glasses"),
        choice(
            "prompt",
            ("The generator ", "A network ", "What is ", "The discriminator ", "In the "),
            "text: the words that it writes on from",
        ),
        number("temperature", 0.8, 0.1, 2.0, "text: low is sure and dull, high is bold and wrong"),
        number("top_k", 0, 0, 50, "text: draws from the k likeliest characters; 0: from all", "characters"),
        number("texts", 8, 4, 64, "text: pieces that are written and measured", "pieces"),
    ),
    presets={
        "quick": Preset(10),
        "normal": Preset(20, {"samples": 700, "texts": 16}),
        "long": Preset(60, {"samples": 700, "texts": 64, "nfe": 64}),
    },
    expected_s=6.0,
    run="demos.pretrained:run",
    draw="demos.pretrained_picture:draw",
    notes=(
        "diffusion-models",
        "classifier-free-guidance",
        "latent-diffusion-and-stable-diffusion",
        "tokens-and-sampling",
    ),
)

DEMOS: tuple[Demo, ...] = (PRETRAINED,)
