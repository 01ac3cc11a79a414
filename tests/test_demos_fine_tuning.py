"""Fine-tuning live: the correction worked by hand, the model against an independent library, runs on a tiny model made
on the spot, and a few updates on the real weights where they are."""

from __future__ import annotations

import io
import itertools
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from demos import cards, fine_tuning
from demos.catalogue_fine_tuning import FINE_TUNING
from demos.fine_tuning import FineTuningLook, rows_of
from demos.knobs import DemoArgumentError
from demos.language_model import PROJECTIONS, BaseError, LanguageModel, Writer, check_base
from demos.lora import Adapter, Lora
from demos.networks import seeded
from demos.predictions import PREDICTIONS
from demos.steps import Result, RunSettings, Step
from tutor.models.embedded import embedded_is_ready, embedded_path
from tutor.settings import read_settings

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[1]
SMALL: dict[str, object] = {"steps": 6, "lr": 0.02, "layers": 2, "cards": 4, "rank": 4}
END = "<|im_end|>"


@pytest.fixture(scope="session")
def base(tiny_language_model: Path) -> Path:
    return tiny_language_model


def settings(base: Path, seed: int = 0, clock: Any = lambda: 0.0, **inputs: Path) -> RunSettings:
    return RunSettings(seed, "cpu", 60.0, clock, {"base": base, **inputs})


def ended(run: RunSettings, **knobs: object) -> tuple[list[Step], Result]:
    moments = list(FINE_TUNING.load_run()(FINE_TUNING.knob_values(SMALL | knobs), run))
    result = moments.pop()
    assert isinstance(result, Result)
    return [moment for moment in moments if isinstance(moment, Step)], result


def written(path: Path, pairs: list[tuple[str, str]]) -> Path:
    told = {"about": "tests", "cards": [{"question": q, "answer": a} for q, a in pairs]}
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


# --- the correction


def test_the_correction_matches_numbers_worked_by_hand() -> None:
    lora = Lora(2, 3, 1, seeded(0, "cpu"), alpha=2.0)
    with torch.no_grad():
        lora.a.copy_(torch.tensor([[1.0, 0.0, 2.0]]))
        lora.b.copy_(torch.tensor([[3.0], [-1.0]]))
    x = torch.tensor([1.0, 5.0, 2.0])  # A x = 1 + 4 = 5; B A x = (15, -5); times alpha / r = 2
    assert lora(x).tolist() == [30.0, -10.0]
    weight = torch.tensor([[1.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
    # B A = [[3, 0, 6], [-1, 0, -2]], doubled and added
    assert lora.merged(weight).tolist() == [[7.0, 1.0, 13.0], [-2.0, 1.0, -4.0]]
    assert torch.allclose(lora.merged(weight) @ x, weight @ x + lora(x))


def test_a_correction_starts_at_nothing_and_trains_rank_times_both_sides() -> None:
    adapter = Adapter({(0, "q_proj"): (6, 4), (1, "k_proj"): (2, 4)}, 3, seeded(0, "cpu"))
    x = torch.randn(5, 4)
    assert adapter.parameters == 3 * (6 + 4) + 3 * (2 + 4)
    assert adapter(0, "q_proj", x).abs().max() == 0 and adapter(0, "q_proj", x).shape == (5, 6)
    assert adapter(0, "v_proj", x).abs().max() == 0  # one that is not corrected
    assert adapter.corrections[0, "q_proj"].a.abs().min() > 0


# --- the model


def test_the_model_gives_the_scores_of_an_independent_library(base: Path) -> None:
    from transformers import LlamaForCausalLM

    model, theirs = LanguageModel(base, "cpu"), LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    tokens = torch.randint(400, (2, 17), generator=seeded(1, "cpu"))
    x = model.passed(model.embedded(tokens), 0, model.layers, model.seen(torch.arange(17)))
    with torch.no_grad():
        expected = theirs(input_ids=tokens).logits
    assert torch.allclose(model.scores(x), expected, atol=1e-4)
    assert model.parameters == sum(part.numel() for part in theirs.parameters())


def test_prompts_of_different_lengths_are_written_on_from_as_if_each_were_alone(base: Path) -> None:
    from transformers import LlamaForCausalLM

    model, theirs = LanguageModel(base, "cpu"), LlamaForCausalLM.from_pretrained(base, dtype=torch.float32)
    prompts = ["What is a token?", "Bees", "The heart pumps blood through the body day and night."]
    writer = Writer(model, prompts, END)
    for _ in range(8):
        writer.move()
    for prompt, row in zip(prompts, writer.written, strict=True):
        given = torch.tensor([model.tokens(prompt)])
        expected = theirs.generate(given, max_new_tokens=8, do_sample=False, eos_token_id=2, pad_token_id=0)
        wanted = expected[0, given.shape[1] :].tolist()
        assert row == (wanted[: wanted.index(2)] if 2 in wanted else wanted)


def test_a_merged_correction_writes_what_the_correction_beside_the_model_writes(base: Path) -> None:
    model, merged = LanguageModel(base, "cpu"), LanguageModel(base, "cpu")
    places = {(layer, name): model.shape(layer, name) for layer in range(3) for name in PROJECTIONS}
    adapter = Adapter(places, 2, seeded(0, "cpu"))
    with torch.no_grad():
        for (layer, name), lora in adapter.corrections.items():
            lora.b.normal_(generator=seeded(layer, "cpu"))
            merged._layers[layer][name] = lora.merged(merged._layers[layer][name])
    one, two = Writer(model, ["Iron"], END, adapter), Writer(merged, ["Iron"], END)
    plain = Writer(model, ["Iron"], END)
    for _ in range(6):
        for writer in (one, two, plain):
            writer.move()
    assert one.written == two.written != plain.written


def test_only_the_answers_tokens_are_guessed_each_from_the_one_before() -> None:
    tokens, targets = rows_of([([5, 6, 7], [8, 2]), ([5], [9, 9, 9])])
    assert tokens.tolist() == [[5, 6, 7, 8, 2], [5, 9, 9, 9, 0]]
    assert targets.tolist() == [[-100, -100, 8, 2, -100], [9, 9, 9, -100, -100]]


# --- cards


def test_a_third_of_few_cards_is_kept_apart_and_four_of_many() -> None:
    deck = cards.BUNDLED.cards
    assert [len(part) for part in cards.split(deck, 8)] == [8, 4]
    assert [len(part) for part in cards.split(deck, 2)] == [2, 4]
    assert [len(part) for part in cards.split(deck[:8], 8)] == [6, 2]
    assert [len(part) for part in cards.split(deck[:4], 8)] == [2, 2]
    with pytest.raises(DemoArgumentError, match="3 cards"):
        cards.split(deck[:3], 8)


@pytest.mark.parametrize("text", ["", "[]", '{"about": "x", "cards": [{"question": "a"}]}', "null", "{}"])
def test_a_file_that_holds_no_cards_is_refused_with_its_form(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cards.json"
    path.write_text(text)
    with pytest.raises(DemoArgumentError, match=r"cards\.json") as caught:
        cards.read_deck(path)
    assert '"question"' in caught.value.remedy


def test_the_cards_of_a_file_are_learned_but_not_long_ones(base: Path, tmp_path: Path) -> None:
    pairs = [(f"What is card {n}?", f"It is number {n}.") for n in range(5)] + [("Long?", "word " * 300)]
    path = written(tmp_path / "cards.json", pairs)
    _, result = ended(settings(base, cards=path))
    look = result.look
    assert isinstance(look, FineTuningLook)
    assert all(shown.question.startswith("What is card") for shown in look.shown[:2])
    assert any("3 cards of yours on tests" in told for told in result.observations)


def test_no_sentence_or_question_of_every_day_is_about_the_cards() -> None:
    said = " ".join(f"{card.question} {card.answer}" for card in cards.BUNDLED.cards)
    assert len(set(cards.PLAIN)) == 12 and cards.EVERYDAY not in said
    assert not [sentence for sentence in cards.PLAIN if sentence in said]


# --- runs


def test_a_run_learns_its_cards_ends_in_finite_figures_and_every_key_moment_can_be_drawn(base: Path) -> None:
    draw, pictures = FINE_TUNING.load_draw(), []
    for moment in FINE_TUNING.load_run()(FINE_TUNING.knob_values(SMALL | {"steps": 30}), settings(base)):
        if isinstance(moment, Result):
            result = moment
            pictures.append(draw(moment.look))
        elif moment.key:
            pictures.append(draw(moment.look()))
    learned = result.metrics["learned_loss"]
    assert learned.baseline is not None and learned.value < 0.8 * learned.baseline
    assert result.outcome == "done" and result.verdict.endswith(".")
    assert all(math.isfinite(metric.value) and metric.n > 0 for metric in result.metrics.values())
    assert 3 <= len(result.observations) <= 6
    assert len(set(pictures)) == len(pictures) >= 5
    for picture in pictures:
        with Image.open(io.BytesIO(picture)) as image:
            assert image.size == (900, 420)


def test_what_was_forgotten_is_the_loss_on_plain_sentences_after_less_before(base: Path) -> None:
    _, result = ended(settings(base))
    for end in ("", "_gentle"):
        plain = result.metrics[f"plain_loss{end}"]
        assert plain.baseline is not None
        assert result.metrics[f"forgotten{end}"].value == pytest.approx(plain.value - plain.baseline)
    assert result.metrics["learned_loss"].value < result.metrics["learned_loss_gentle"].value


def test_the_lower_layers_are_passed_once_and_give_the_same(base: Path) -> None:
    knobs = FINE_TUNING.knob_values(SMALL)
    state = fine_tuning.FineTuning(knobs, settings(base))
    state.prepare()
    model = state.model
    given, wanted = state._encoded(state.others[0])
    row = torch.tensor([given + wanted])
    x = model.passed(model.embedded(row), 0, model.layers, model.seen(torch.arange(row.shape[1])))
    one = torch.nn.functional.cross_entropy(
        model.scores(x[0, len(given) - 1 : -1]), torch.tensor(wanted), reduction="sum"
    )
    state.batches["one"] = fine_tuning.Batch(
        state.batches["kept_apart"].hidden[:1],
        state.batches["kept_apart"].targets[:1],
        state.batches["kept_apart"].seen,
    )
    assert float(state.loss("one", None)) * len(wanted) == pytest.approx(float(one), rel=1e-4)


def test_a_seed_reproduces_whoever_looks_on(base: Path) -> None:
    _, result = ended(settings(base, seed=3))
    watched: Step | Result | None = None
    for watched in FINE_TUNING.load_run()(FINE_TUNING.knob_values(SMALL), settings(base, seed=3)):
        if isinstance(watched, Step):
            watched.look()
    _, other = ended(settings(base, seed=4))
    assert isinstance(watched, Result)
    assert repr(watched.metrics) == repr(result.metrics) and watched.observations == result.observations
    assert repr(other.metrics) != repr(result.metrics)


def test_the_captions_say_which_answers_are_being_written(base: Path) -> None:
    steps = []
    for moment in FINE_TUNING.load_run()(FINE_TUNING.knob_values(SMALL | {"steps": 1}), settings(base)):
        if isinstance(moment, Step):
            steps.append((moment.step, moment.look()))
    told = [look.caption.split(":")[0] for _, look in steps]
    assert told[0].startswith("A model of") and told[1] == "Before" and told[-1] == "After"
    assert [step for step, look in steps if look.caption.startswith("Before")][-1] == 0


def test_a_spent_budget_ends_a_run_early(base: Path) -> None:
    readings = itertools.count()
    _, result = ended(settings(base, clock=lambda: next(readings) * 0.5), steps=200)
    assert result.outcome == "out of time" and 0 < result.step < 200
    assert any("time budget" in told for told in result.observations)


def test_a_loss_that_is_no_number_ends_diverged(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fine_tuning.cross_entropy
    monkeypatch.setattr(fine_tuning, "cross_entropy", lambda scores, wanted: whole(scores, wanted) * math.nan)
    _, result = ended(settings(base))
    assert (result.outcome, result.metrics) == ("diverged", {})
    with Image.open(io.BytesIO(FINE_TUNING.load_draw()(result.look))) as image:
        assert image.size == (900, 420)


def test_the_question_before_a_run_is_answered_by_its_figures(base: Path) -> None:
    _, result = ended(settings(base))
    asked = PREDICTIONS["fine-tuning"]
    metric = result.metrics[asked.metric]
    assert asked.minus == "baseline" and metric.baseline is not None
    assert [below for _, below in asked.options] == [-0.05, 0.05, None]


# --- the weights


def test_weights_that_are_not_there_are_an_error_with_the_remedy(tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        with pytest.raises(BaseError, match="SmolLM2") as caught:
            check_base(folder)
        assert "`tutor models get embedded`" in caught.value.remedy


@pytest.mark.parametrize("damaged", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("what", [b"{", b"[]"])
def test_damaged_weights_are_an_error_with_the_remedy(
    base: Path, tmp_path: Path, damaged: str, what: bytes
) -> None:
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).write_bytes((base / name).read_bytes())
    (tmp_path / damaged).write_bytes(what)
    with pytest.raises(BaseError, match="cannot be read") as caught:
        LanguageModel(tmp_path, "cpu")
    assert str(tmp_path) in caught.value.remedy


def _process(out: Path, *more: str) -> tuple[int, list[dict[str, Any]]]:
    command = [sys.executable, "-m", "demos", "run", "fine-tuning", "--out", str(out), *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_process_without_the_weights_tells_the_remedy_before_it_begins(tmp_path: Path) -> None:
    code, events = _process(tmp_path)
    assert code == 1 and [event["event"] for event in events] == ["error"]
    assert "tutor models get embedded" in events[0]["remedy"]


def test_a_process_is_given_its_model_and_its_cards(base: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "cards.json", [(f"Who is {n}?", f"Number {n}.") for n in range(6)])
    more = [f"--input=base={base}", f"--input=cards={path}", "--input=other=/nowhere"]
    code, events = _process(tmp_path / "out", *more, "--set=steps=2", "--set=layers=1")
    assert code == 0 and events[-1]["event"] == "result"
    assert "cards of yours on tests" in events[-1]["observations"][1]


def test_a_few_updates_on_the_real_weights_lower_the_loss_and_leave_the_base_alone() -> None:
    cache = read_settings({}, environ={}).cache_dir
    if not embedded_is_ready(cache):
        pytest.skip("the weights of the embedded model are not on this machine")
    knobs = FINE_TUNING.knob_values({"layers": 2, "steps": 3, "cards": 2, "lr": 0.01, "rank": 4})
    state = fine_tuning.FineTuning(knobs, settings(embedded_path(cache)))
    state.prepare()
    while not state.pace.done:
        state.update()
    state.finish()
    assert state.after["learned"] < state.before["learned"]
    assert state.measured(None) == pytest.approx(state.before, rel=1e-5)
    assert state.main.adapter.parameters == 2 * 4 * ((576 + 576) * 2 + (576 + 192) * 2)
    writer = state.writer(None)
    for _ in range(8):
        writer.move()
    assert writer.texts()[2].startswith("To keep bread fresh")
