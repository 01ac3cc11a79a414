"""The demos on text: attention, a small transformer, and tokens."""

from __future__ import annotations

from demos.knobs import Demo, Preset, choice, number

SELF_ATTENTION = Demo(
    name="self-attention",
    title="Self-attention learns where to look",
    concept="self-attention",
    summary=(
        "One head learns to say a string backwards, and its map of weights turns from noise into a diagonal. Then "
        "hide later positions with a causal mask and see which answers become impossible; or take the task induction "
        "with one layer, then with two."
    ),
    knobs=(
        choice(
            "task", ("reversal", "copy", "induction"), "say it backwards, repeat it, or go on as last time"
        ),
        choice("mask", ("auto", "none", "causal"), "hide later positions; auto: for induction alone"),
        number("length", 16, 6, 32, "letters in a string", "letters"),
        number("layers", 1, 1, 2, "layers of attention; induction needs two", "layers"),
        number("heads", 1, 1, 4, "heads in each layer", "heads"),
        number("width", 64, 8, 128, "numbers that stand for one letter"),
        number("temperature", 1.0, 0.1, 10.0, "divides the scores: low is sharp, high is even"),
        number("lr", 3e-3, 1e-5, 1.0, "learning rate"),
        number("batch", 64, 8, 512, "strings in one update", "strings"),
        number("steps", 400, 0, 20000, "updates; 0: as many as the budget allows", "updates"),
    ),
    presets={"quick": Preset(10, {"steps": 200}), "normal": Preset(25), "long": Preset(60, {"steps": 2000})},
    expected_s=5.0,
    run="demos.attention:run",
    draw="demos.attention_picture:draw",
    notes=("self-attention", "transformer", "gpt"),
)

TINY_TRANSFORMER = Demo(
    name="tiny-transformer",
    title="A small transformer learns to write",
    concept="transformer",
    summary=(
        "A decoder-only transformer reads our study notes character by character and is asked what comes next. Watch "
        "noise become letters, then words, then half sentences, while loss and perplexity fall towards, or below, "
        "what plain counting reaches. Try temperature 0.1 and 2, or optimiser adamw."
    ),
    knobs=(
        choice("text", ("notes", "story"), "our study notes, or a bundled story of 28,000 characters"),
        choice(
            "prompt",
            ("The generator ", "A network ", "What is ", "The discriminator ", "In the ", "She "),
            "the words that it writes on from",
        ),
        choice("optimiser", ("muon", "adamw"), "for the matrices; the rest is always trained by AdamW"),
        number("layers", 3, 1, 6, "layers", "layers"),
        number("heads", 3, 1, 8, "heads in each layer", "heads"),
        number("width", 96, 32, 256, "numbers that stand for one character"),
        number("context", 64, 16, 128, "characters that it sees at most", "characters"),
        number("batch", 16, 4, 128, "stretches of text in one update", "stretches"),
        number("lr", 0.02, 1e-5, 1.0, "learning rate of the matrices; the rest learns at 0.3 times that"),
        number("temperature", 0.8, 0.1, 2.0, "of writing: low is sure and dull, high is bold and wrong"),
        number("top_k", 0, 0, 50, "writes only with the k likeliest characters; 0: with all", "characters"),
        number("steps", 600, 0, 50000, "updates; 0: as many as the budget allows", "updates"),
    ),
    presets={
        "quick": Preset(14, {"steps": 160, "batch": 10}),
        "normal": Preset(50),
        "long": Preset(240, {"steps": 5000}),
    },
    expected_s=12.0,
    run="demos.transformer:run",
    draw="demos.transformer_picture:draw",
    notes=("transformer", "gpt", "perplexity", "tokens-and-sampling"),
)

TOKENS = Demo(
    name="tokens",
    title="Cutting text into tokens",
    concept="tokens",
    summary=(
        "Byte-pair encoding joins the most frequent pair of neighbours, over and over, until words are whole. Then "
        "n-gram models over bytes, characters and byte pairs show why perplexities of different tokens cannot be "
        "compared, and bits per character can. Set smoothing to none to meet an infinite perplexity."
    ),
    knobs=(
        choice("text", ("notes", "story"), "our study notes, or a bundled story of 28,000 characters"),
        choice(
            "sentence", ("discriminator", "unhappiness", "café", "code"), "the sentence that is shown cut up"
        ),
        choice("smoothing", ("witten-bell", "add-one", "none"), "what the n-gram models say of the unseen"),
        number("merges", 512, 0, 768, "merges of byte-pair encoding; its vocabulary is 256 more", "merges"),
        number("order", 3, 1, 5, "tokens in an n-gram: the one to guess and those before it", "tokens"),
    ),
    presets={"quick": Preset(12, {"merges": 300}), "normal": Preset(30), "long": Preset(60, {"merges": 768})},
    expected_s=3.0,
    run="demos.tokens:run",
    draw="demos.tokens_picture:draw",
    uses_torch=False,
    notes=("tokens-and-sampling", "perplexity", "autoregressive-models"),
)

DEMOS: tuple[Demo, ...] = (SELF_ATTENTION, TINY_TRANSFORMER, TOKENS)
