"""The demo that fine-tunes a language model which was trained elsewhere."""

from __future__ import annotations

from demos.knobs import Demo, Preset, number

FINE_TUNING = Demo(
    name="fine-tuning",
    title="A language model is fine-tuned on a few cards",
    concept="fine-tuning",
    summary=(
        "A language model of 135 million numbers, trained elsewhere, is the foundation: LoRA adds under one per "
        "cent of "
        "its own and learns a handful of cards with them. Compare its answers before and after, watch the loss "
        "on cards "
        "that were kept apart, and see what was forgotten. Then try rank 1, a lower learning rate, or fewer updates."
    ),
    knobs=(
        number("rank", 8, 1, 32, "size r of what LoRA adds to each matrix: more can learn more"),
        number("lr", 3e-3, 1e-5, 0.1, "learning rate"),
        number("steps", 20, 1, 200, "updates, each on all cards that are learned", "updates"),
        number(
            "cards",
            8,
            2,
            11,
            "cards to learn from, at most two of three; up to four others are kept apart",
            "cards",
        ),
        number(
            "layers",
            30,
            1,
            30,
            "how many layers are corrected, counted from the top; fewer run faster",
            "layers",
        ),
    ),
    presets={
        "quick": Preset(40, {"steps": 10, "lr": 6e-3, "layers": 10}),
        "normal": Preset(150),
        "long": Preset(600, {"steps": 80, "lr": 1e-3}),
    },
    expected_s=30.0,
    run="demos.fine_tuning:run",
    draw="demos.fine_tuning_picture:draw",
    notes=("fine-tuning", "lora", "gpt"),
    inputs=("base", "cards"),
)

DEMOS: tuple[Demo, ...] = (FINE_TUNING,)
