"""The demos on text: their formulas against numbers worked by hand, and a short run of each."""

from __future__ import annotations

import io
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from demos import attention, decoder, ngram, text, tokenisers, transformer
from demos.catalogue_language import DEMOS, SELF_ATTENTION, TINY_TRANSFORMER, TOKENS
from demos.knobs import Demo
from demos.networks import seeded
from demos.steps import Result, RunSettings, Step

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL: dict[str, dict[str, object]] = {
    "self-attention": {"steps": 12, "batch": 16, "length": 8},
    "tiny-transformer": {"steps": 6, "batch": 4, "width": 32, "layers": 1, "context": 32, "text": "story"},
    "tokens": {"merges": 12, "text": "story"},
}


def settings(seed: int = 0, clock: Any = lambda: 0.0, budget_s: float = 60.0) -> RunSettings:
    return RunSettings(seed, "cpu", budget_s, clock)


def ended(demo: Demo, run: RunSettings, **knobs: object) -> tuple[list[Step], Result]:
    *steps, result = demo.load_run()(demo.knob_values({**SMALL[demo.name], **knobs}), run)
    assert isinstance(result, Result)
    assert all(isinstance(step, Step) for step in steps)
    return [step for step in steps if isinstance(step, Step)], result


# --- the text


def test_markup_formulas_code_and_short_cells_are_left_out_of_the_text() -> None:
    note = (
        "---\ntitle: X\n---\n# A **bold** head\n\nSee [the GAN](gan.md) and `D(x)`.\nLet $x$ be.\n\n$$\nx = 1\n$$\n"
        "```python\nimport torch\n```\n| Term | Meaning |\n|---|---|\n| GAN | A GAN has two networks. |\n"
        "- an item\n生成模型\n"
    )
    assert list(text.plain_lines(note)) == [
        "A bold head",
        "See the GAN and D(x).",
        "A GAN has two networks.",
        "an item",
    ]


def test_the_text_is_split_the_same_way_each_time_and_no_line_stands_in_both_parts() -> None:
    notes = text.load_text("notes")
    assert notes.name == "notes" and len(notes.train) > 300_000
    assert 0.08 < len(notes.held_out) / (len(notes.train) + len(notes.held_out)) < 0.12
    lines = {line for line in notes.train.splitlines() if line}
    assert not lines & {line for line in notes.held_out.splitlines() if line}
    text.load_text.cache_clear()
    assert text.load_text("notes") == notes


def test_without_the_notes_the_bundled_story_is_used(tmp_path: Path) -> None:
    story = text.load_text("notes", tmp_path)
    assert story.name == "story" and len(story.train) > 20_000 and story.held_out


# --- n-grams


def _after(model: ngram.NGram, *context: int) -> NDArray[np.float64]:
    """p of each token after some others."""
    return np.exp([model.log_probs(np.array([*context, token]))[-1] for token in range(model.vocab)])


def test_witten_bell_matches_numbers_worked_by_hand() -> None:
    # a b a b b: unigrams a 2, b 3 of 5 with 2 kinds; after a: b 2 (1 kind); after b: a 1, b 1 (2 kinds)
    model = ngram.NGram(np.array([0, 1, 0, 1, 1]), 2, 2)
    a, b = (2 + 2 * 0.5) / 7, (3 + 2 * 0.5) / 7
    assert _after(model) == pytest.approx([a, b])
    assert _after(model, 0) == pytest.approx([(0 + a) / 3, (2 + b) / 3])
    assert _after(model, 1) == pytest.approx([(1 + 2 * a) / 4, (1 + 2 * b) / 4])
    assert np.exp(model.log_probs(np.array([1, 0]))) == pytest.approx([b, (1 + 2 * a) / 4])


def test_add_one_and_no_smoothing_match_numbers_worked_by_hand() -> None:
    seen = np.array([0, 1, 0, 1, 2])
    assert _after(ngram.NGram(seen, 3, 2, "add-one"), 1) == pytest.approx([2 / 5, 1 / 5, 2 / 5])
    bare = ngram.NGram(seen, 3, 2, "none")
    assert _after(bare, 1) == pytest.approx([1 / 2, 0, 1 / 2])
    assert bare.log_probs(np.array([1, 1]))[1] == -math.inf


@pytest.mark.parametrize("smoothing", ["witten-bell", "add-one"])
def test_the_probabilities_of_an_ngram_model_sum_to_one(smoothing: str) -> None:
    tokens = np.random.default_rng(0).integers(0, 7, 400)
    model = ngram.NGram(tokens, 7, 3, smoothing)
    for context in ([], [3], [1, 2], [6, 6, 0, 5]):
        p = _after(model, *context)
        assert p.sum() == pytest.approx(1) and (p > 0).all()


# --- tokens


def test_byte_pairs_learn_the_merges_of_the_paper() -> None:
    # arXiv 1508.07909, figure 1: low 5, lower 2, newest 6, widest 3 -> es, est first, then lo, low
    words = ["low"] * 5 + ["lower"] * 2 + ["newest"] * 6 + ["widest"] * 3
    pairs = tokenisers.BytePairs("\n".join(words))
    learned = [pairs.learn() for _ in range(4)]
    assert learned == [("es", 9), ("est", 9), ("lo", 7), ("low", 7)]
    assert pairs.pieces("lowest") == ["low", "est"]


def test_every_tokeniser_gives_its_text_back_and_never_fails() -> None:
    hard = "A naïve café, 25 % – 生成\n\n  for x in y: _z_"
    pairs = tokenisers.BytePairs(text.load_text("story").train)
    for _ in range(60):
        pairs.learn()
    assert pairs.decode(pairs.encode(hard).tolist()) == hard
    assert bytes(tokenisers.ByteTokeniser().encode(hard).tolist()).decode() == hard
    assert tokenisers.CharTokeniser("ab").encode("abc").tolist() == [0, 1, 2]


def test_the_counts_of_pairs_stay_those_of_the_words_as_they_are_cut() -> None:
    pairs = tokenisers.BytePairs("aaaa aaa abab banana banana")
    while pairs.learn():
        fresh = tokenisers.BytePairs("")
        fresh._words, fresh._times = pairs._words, pairs._times
        for number in range(len(fresh._words)):
            fresh._add(number, 1)
        assert fresh._counts == pairs._counts


def test_perplexity_and_bits_follow_from_the_nats() -> None:
    from demos.tokens import Fit

    fit = Fit("bpe", 2, 300, tokens=50, characters=100, nats=50 * math.log(8), impossible=0)
    assert (fit.perplexity, fit.bits) == (pytest.approx(8), pytest.approx(1.5))


def test_without_smoothing_the_perplexity_is_infinite_and_the_run_says_so() -> None:
    _, result = ended(TOKENS, settings(), smoothing="none", order=5)
    assert result.outcome == "diverged" and "infinite" in result.verdict


# --- the decoder


def test_rotary_positions_make_the_product_depend_on_the_distance_alone() -> None:
    turn = decoder.rotary_angles(9, 8, torch.device("cpu"))
    query, key = torch.randn(8), torch.randn(8)
    turned = [decoder.rotated(x.expand(9, 8), turn) for x in (query, key)]
    assert (turned[0][7] @ turned[1][4]).item() == pytest.approx(
        (turned[0][3] @ turned[1][0]).item(), abs=1e-5
    )
    assert turned[0][0].tolist() == pytest.approx(query.tolist())


@pytest.mark.parametrize("shape", [(2, 6, 24), (24, 6), (5, 5)])
def test_orthogonalised_matrices_have_singular_values_near_one(shape: tuple[int, ...]) -> None:
    drawn = torch.randn(shape, generator=seeded(0, "cpu"))
    made = decoder.orthogonalised(drawn)
    assert made.shape == drawn.shape
    values = torch.linalg.svdvals(made)
    assert values.min() > 0.5 and values.max() < 1.3
    u, _, v = torch.linalg.svd(drawn, full_matrices=False)
    assert (made * (u @ v)).sum() > 0.85 * math.prod(shape[:-2]) * min(shape[-2:]) * 0.9


def test_the_decoder_starts_from_pure_guessing_and_does_not_see_the_future() -> None:
    network = decoder.Decoder(11, 2, 3, 40, seeded(0, "cpu"))
    tokens = torch.randint(11, (2, 9), generator=seeded(1, "cpu"))
    assert transformer.next_token_loss(network(tokens), tokens).item() == pytest.approx(math.log(11))
    with torch.no_grad():
        for part in network.parameters():
            part.normal_(std=0.3, generator=seeded(2, "cpu"))
    changed = tokens.clone()
    changed[:, 6:] = (changed[:, 6:] + 1) % 11
    before, after = network(tokens), network(changed)
    assert torch.allclose(before[:, :6], after[:, :6], atol=1e-5)
    assert not torch.allclose(before[:, 6:], after[:, 6:], atol=1e-2)


def test_a_decoder_that_remembers_answers_like_one_that_reads_all_again() -> None:
    network = decoder.Decoder(11, 2, 3, 40, seeded(0, "cpu"))
    with torch.no_grad():
        for part in network.parameters():
            part.normal_(std=0.3, generator=seeded(2, "cpu"))
    tokens = torch.randint(11, (2, 9), generator=seeded(1, "cpu"))
    memory: decoder.Memory = {}
    told = [network(tokens[:, :4], memory=memory)]
    told += [network(tokens[:, at : at + 1], memory=memory) for at in range(4, 9)]
    assert torch.allclose(torch.cat(told, dim=1), network(tokens), atol=1e-5)


def test_the_writer_goes_on_as_if_it_read_all_again_and_past_what_it_can_see() -> None:
    network = decoder.Decoder(11, 2, 3, 40, seeded(0, "cpu"))
    with torch.no_grad():
        for part in network.parameters():
            part.normal_(std=0.3, generator=seeded(2, "cpu"))
    prompt = torch.randint(11, (2, 3), generator=seeded(1, "cpu"))
    told = decoder.written(network, prompt, 20, 8, 1.0, 1, seeded(3, "cpu"))
    tokens = prompt
    for _ in range(6):  # the last of them is drawn from all 8 that it may see
        tokens = torch.cat([tokens, network(tokens)[:, -1:].argmax(dim=-1)], dim=1)
    assert told.shape == (2, 20)
    assert torch.equal(told[:, :6], tokens[:, 3:])
    # then it reads the later half anew, and so on
    assert torch.equal(told[:, 6], network(tokens[:, -4:])[:, -1].argmax(dim=-1))


def test_temperature_and_top_k_shape_the_distribution() -> None:
    outputs = torch.tensor([0.0, math.log(2.0), math.log(4.0)])
    assert decoder.next_distribution(outputs, 1.0).tolist() == pytest.approx([1 / 7, 2 / 7, 4 / 7])
    assert decoder.next_distribution(outputs, 0.5).tolist() == pytest.approx([1 / 21, 4 / 21, 16 / 21])
    assert decoder.next_distribution(outputs, 1.0, top_k=2).tolist() == pytest.approx([0, 1 / 3, 2 / 3])


def test_the_learning_rate_rises_stays_and_falls_to_nothing() -> None:
    rates = [decoder.trapezoid_rate(1.0, fraction, 0.1, 0.5) for fraction in (0.049, 0.3, 0.75, 1.0)]
    assert rates == pytest.approx([0.5, 1.0, 0.5, 0.0])


def test_copied_stretches_are_told_from_new_ones() -> None:
    train = "the generator turns noise into points, and the critic tells them apart"
    assert transformer.copied_share([train[5:45]], train) == 1.0
    assert transformer.copied_share([train[5:45][::-1]], train) == 0.0


# --- attention


def test_attention_scores_match_numbers_worked_by_hand() -> None:
    query, key = torch.tensor([[2.0, 0.0, 0.0, 0.0]]), torch.tensor([[3.0, 1, 1, 1], [-1.0, 0, 0, 0]])
    assert attention.attention_scores(query, key).tolist() == [[3.0, -1.0]]


@pytest.mark.parametrize("task", ["reversal", "copy", "induction"])
@pytest.mark.parametrize("length", [6, 9, 32])
def test_the_answers_stand_where_the_strings_say(task: str, length: int) -> None:
    drawn = attention.strings(task, 40, length, seeded(0, "cpu"))
    assert drawn.inputs.shape == (40, length) and drawn.asked.any()
    found = drawn.inputs.gather(1, drawn.answers)
    assert (found == drawn.targets)[drawn.asked].all()
    if task == "induction":  # the letter before the answer is the one that is read now
        before = drawn.inputs.gather(1, (drawn.answers - 1).clamp(min=0))
        assert (before == drawn.inputs)[drawn.asked].all()


def test_a_causal_mask_hides_half_of_the_mirrored_positions() -> None:
    knobs = SELF_ATTENTION.knob_values({**SMALL["self-attention"], "mask": "causal"})
    state = attention.AttentionRun(knobs, settings())
    assert state.ceiling == pytest.approx(0.5 + 0.5 / 16)
    weights = state.network(state.watched.inputs)[1]
    assert (weights.triu(1) == 0).all() and torch.allclose(weights.sum(-1), torch.ones(()))


def test_reversal_is_learned_and_the_attention_turns_to_the_mirrored_position() -> None:
    _, result = ended(SELF_ATTENTION, settings(), steps=90, batch=64, length=12)
    before = result.metrics["attention_on_answer"].baseline
    assert before is not None and before < 0.3
    assert result.metrics["accuracy"].value > 0.97 and result.metrics["attention_on_answer"].value > 0.8
    assert result.verdict.startswith("Learned reversal")
    assert result.metrics["accuracy"].baseline == pytest.approx(1.0, abs=0.02)


# --- every demo


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.name)
def test_a_tiny_run_ends_in_finite_figures_and_can_be_drawn(demo: Demo) -> None:
    steps, result = ended(demo, settings())
    assert result.outcome == "done"
    assert result.metrics and all(math.isfinite(metric.value) for metric in result.metrics.values())
    assert 3 <= len(result.observations) <= 6 and result.verdict.endswith(".")
    draw = demo.load_draw()
    first = next(iter(demo.load_run()(demo.knob_values(SMALL[demo.name]), settings())))
    assert isinstance(first, Step) and len(steps) >= 6
    for look in (first.look(), result.look):
        with Image.open(io.BytesIO(draw(look))) as image:
            assert image.size == (900, 420)


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.name)
def test_a_seed_reproduces_whoever_looks_on(demo: Demo) -> None:
    _, result = ended(demo, settings(seed=3))
    watched: Step | Result | None = None
    for watched in demo.load_run()(demo.knob_values(SMALL[demo.name]), settings(seed=3)):
        if isinstance(watched, Step):
            watched.look()
    assert isinstance(watched, Result)
    assert repr(watched.metrics) == repr(result.metrics) and watched.observations == result.observations
    assert repr(ended(demo, settings(seed=4))[1].metrics) != repr(result.metrics)


@pytest.mark.parametrize("demo", [SELF_ATTENTION, TINY_TRANSFORMER], ids=lambda demo: demo.name)
def test_a_run_that_breaks_ends_diverged_and_can_be_drawn(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, loss = (attention, "answer_loss") if demo is SELF_ATTENTION else (transformer, "next_token_loss")
    whole = getattr(module, loss)
    monkeypatch.setattr(module, loss, lambda outputs, targets: whole(outputs, targets) * math.nan)
    _, result = ended(demo, settings())
    assert (result.outcome, result.metrics) == ("diverged", {})
    with Image.open(io.BytesIO(demo.load_draw()(result.look))) as image:
        assert image.size == (900, 420)


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.name)
def test_a_spent_budget_ends_a_run_early(demo: Demo) -> None:
    readings = itertools.count()
    more: dict[str, object] = {"merges": 400} if demo is TOKENS else {"steps": 5000}
    _, result = ended(demo, settings(clock=lambda: next(readings) * 0.5, budget_s=20), **more)
    assert result.outcome == "out of time" and any("time" in told for told in result.observations)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_induction_needs_two_layers(seed: int) -> None:
    _, one = ended(
        SELF_ATTENTION, settings(seed), task="induction", layers=1, length=16, batch=64, steps=1500
    )
    _, two = ended(
        SELF_ATTENTION, settings(seed), task="induction", layers=2, length=16, batch=64, steps=1500
    )
    assert one.metrics["accuracy"].value < 0.5 < 0.9 < two.metrics["accuracy"].value


@pytest.mark.slow
def test_the_quick_transformer_writes_words() -> None:
    knobs = TINY_TRANSFORMER.knob_values({}, "quick")
    *_, result = TINY_TRANSFORMER.load_run()(knobs, settings())
    assert isinstance(result, Result)
    assert result.metrics["known_words"].value > 0.6
    assert result.metrics["held_out_loss"].value < 1.7
