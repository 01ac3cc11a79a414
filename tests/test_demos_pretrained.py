"""Generation with the weights in the tree, and the command that makes them."""

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

from demos import checkpoints, pretrain, pretrained_images
from demos.catalogue_pretrained import PRETRAINED
from demos.checkpoints import MODELS, WEIGHTS, Checkpoint, WeightsError, load_checkpoint, save_checkpoint
from demos.digits import load_digits
from demos.networks import seeded
from demos.predictions import PREDICTIONS
from demos.pretrained import maker_of
from demos.pretrained_images import ImageMaker
from demos.pretrained_text import TextLook, TextMaker
from demos.steps import Result, RunSettings, Step

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[1]
SMALL: dict[str, object] = {"samples": 100, "nfe": 4, "texts": 4}


def settings(seed: int = 0, clock: Any = lambda: 0.0, budget_s: float = 60.0) -> RunSettings:
    return RunSettings(seed, "cpu", budget_s, clock)


def ended(run: RunSettings, **knobs: object) -> tuple[list[Step], Result]:
    moments = list(PRETRAINED.load_run()(PRETRAINED.knob_values(SMALL | knobs), run))
    result = moments.pop()
    assert isinstance(result, Result)
    return [moment for moment in moments if isinstance(moment, Step)], result


def size_of(png: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(png)) as image:
        return image.size


@pytest.mark.parametrize("name", MODELS)
def test_the_weights_in_the_tree_name_the_command_that_makes_them_and_what_was_measured(name: str) -> None:
    about = load_checkpoint(name).about

    assert about["command"] == f"python -m demos.pretrain {name}"
    assert about["seed"] == 0 and about["steps"] == pretrain.STEPS[name]
    assert {"knobs", "data", "data_sha256", "torch"} <= about.keys()
    figures = {"digits": "fd_digits64", "faces": "fd_faces64", "text": "bits_per_character"}
    assert math.isfinite(about["figures"][figures[name]])


def test_the_weights_in_the_tree_are_small() -> None:
    sizes = [(WEIGHTS / f"{name}.safetensors").stat().st_size for name in MODELS]
    assert sum(sizes) < 4.5e6


@pytest.mark.parametrize("name", MODELS)
def test_a_run_ends_in_finite_figures_and_every_moment_can_be_drawn(name: str) -> None:
    draw = PRETRAINED.load_draw()
    pictures = []
    for moment in PRETRAINED.load_run()(PRETRAINED.knob_values(SMALL | {"model": name}), settings()):
        if isinstance(moment, Result):
            result = moment
            pictures.append(draw(moment.look))
        elif moment.key:
            pictures.append(draw(moment.look()))

    assert result.outcome == "done" and result.verdict.endswith(".")
    assert all(math.isfinite(metric.value) and metric.n > 0 for metric in result.metrics.values())
    assert 3 <= len(result.observations) <= 6
    assert f"python -m demos.pretrain {name}" in result.observations[0]
    assert {size_of(picture) for picture in pictures} == {(900, 420)}
    assert len(set(pictures)) == len(pictures) >= 5


@pytest.mark.parametrize("name", MODELS)
def test_a_seed_reproduces_whoever_looks_on(name: str) -> None:
    _, result = ended(settings(seed=3), model=name)
    watched: Step | Result | None = None
    for watched in PRETRAINED.load_run()(PRETRAINED.knob_values(SMALL | {"model": name}), settings(seed=3)):
        if isinstance(watched, Step) and watched.key:
            watched.look()
    _, other = ended(settings(seed=4), model=name)

    assert isinstance(watched, Result)
    assert repr(watched.metrics) == repr(result.metrics) and watched.observations == result.observations
    assert repr(other.metrics) != repr(result.metrics)


def test_the_bundled_weights_reach_the_figures_of_their_record() -> None:
    _, digits = ended(settings(seed=1), samples=700, nfe=16)
    _, faces = ended(settings(seed=1), samples=400, nfe=16, model="faces")
    _, text = ended(settings(seed=1), texts=8, model="text")

    fd = digits.metrics["fd_digits64"]
    assert fd.value < 2 * load_checkpoint("digits").about["figures"]["fd_digits64"]
    assert fd.value < 1.5 * fd.floor and fd.baseline is not None and fd.value < fd.baseline
    assert digits.metrics["recall"].value > 0.75 and digits.metrics["memorisation"].value > 0.7
    assert faces.metrics["fd_faces64"].value < 2.5 * faces.metrics["fd_faces64"].floor
    assert faces.metrics["recall"].value > 0.85
    assert text.metrics["known_words"].value > 0.85
    recorded = load_checkpoint("text").about["figures"]["bits_per_character"]
    assert text.metrics["bits_per_character"].value == pytest.approx(recorded, rel=0.05)
    assert digits.verdict.startswith("Close to real") and faces.verdict.startswith("Close to real")


def test_the_digit_asked_for_is_drawn_unless_guidance_ignores_the_wish() -> None:
    _, plain = ended(settings(), digit="3", guidance=1.0, nfe=8)
    _, ignored = ended(settings(), digit="3", guidance=0.0, nfe=8)

    assert plain.metrics["class_accuracy"].value > 0.9
    assert ignored.metrics["class_accuracy"].value < 0.4
    assert ignored.verdict.startswith("Not what was asked for")
    assert "inception_score" not in plain.metrics and "nothing but 3" in plain.observations[2]


def test_strong_guidance_takes_the_images_away_from_the_data() -> None:
    _, plain = ended(settings(), guidance=1.0, nfe=8)
    _, strong = ended(settings(), guidance=8.0, nfe=8)
    assert strong.metrics["fd_digits64"].value > 3 * plain.metrics["fd_digits64"].value


@pytest.mark.parametrize("name", ["digits", "faces"])
def test_more_evaluations_come_nearer_to_real_images_and_few_are_enough(name: str) -> None:
    _, result = ended(settings(), model=name, samples=200, nfe=16)
    look = result.look
    assert isinstance(look, pretrained_images.ImageLook)
    distances = {sweep.setting: sweep.fd for sweep in look.by_nfe}

    assert distances[1] > 3 * distances[4] > 3 * distances[32]
    bounds = [below for _, below in PREDICTIONS["pretrained"].options]
    assert bounds[0] < result.metrics["enough_evaluations"].value < bounds[1]


def test_a_face_has_the_attributes_asked_for_and_is_measured_against_faces_that_have_them() -> None:
    wish = {"hair": "blond", "smile": "laughing", "age": "young", "glasses": "worn"}
    _, result = ended(settings(), model="faces", nfe=16, guidance=1.0, **wish)
    look, metrics = result.look, result.metrics

    assert isinstance(look, pretrained_images.ImageLook)
    assert set(look.asked[:, 0].tolist()) == {1.0} and set(look.asked[:, 2].tolist()) == {0.0}
    assert look.read[:, 0].mean() > 0.9 and look.read[:, 2].mean() < 0.1 and look.read[:, 3].mean() > 0.9
    assert metrics["agreement"].value > 0.9
    assert metrics["fd_faces64"].baseline is not None
    assert metrics["fd_faces64"].value < 0.2 * metrics["fd_faces64"].baseline
    assert "hair blond, smile laughing, age young, glasses worn" in result.observations[2]


def test_a_wish_that_is_ignored_agrees_as_often_as_chance() -> None:
    _, result = ended(settings(), model="faces", nfe=16, guidance=0.0, samples=400)
    agreed = result.metrics["agreement"]
    assert agreed.baseline is not None and agreed.value == pytest.approx(agreed.baseline, abs=0.1)


def test_agreement_counts_what_lies_within_the_bound() -> None:
    missed = torch.tensor([[0.1, -0.1, 0.3, 0.0], [-0.5, 0.19, 0.9, 0.2]])
    assert pretrained_images.agreement(missed) == pytest.approx(5 / 8)


def test_one_move_of_the_flow_is_an_euler_step() -> None:
    maker = maker_of(load_checkpoint("digits"), PRETRAINED.knob_values({"nfe": 1}), settings())
    assert isinstance(maker, ImageMaker)
    velocity = maker.velocity(len(maker.x), 1.5)(maker.x, torch.ones(len(maker.x)))
    expected = maker.start - velocity.detach()
    maker.move()
    assert torch.allclose(maker.x, expected) and maker.t == 0


def test_the_classical_digits_have_mean_and_spread_of_their_class() -> None:
    train, _ = load_digits()
    labels = torch.full((3000,), 4)
    made = pretrained_images.gaussian_images(train, labels, seeded(0, "cpu")).flatten(1)
    real = train.images[train.labels == 4].flatten(1)
    assert (made.mean(0) - real.mean(0)).abs().mean() < 0.05
    assert made.std(0).mean() == pytest.approx(float(real.std(0).mean()), rel=0.2)


def test_low_temperature_writes_words_and_the_likeliest_character_alone_repeats_itself() -> None:
    _, cold = ended(settings(), model="text", temperature=0.2)
    _, hot = ended(settings(), model="text", temperature=2.0)
    _, greedy = ended(settings(), model="text", temperature=2.0, top_k=1, prompt="What is ")

    assert cold.metrics["known_words"].value > hot.metrics["known_words"].value + 0.3
    assert hot.verdict.startswith("More noise than words")
    assert isinstance(greedy.look, TextLook)
    assert len(set(greedy.look.texts)) == 1 and greedy.look.prompt == "What is "
    assert cold.metrics["perplexity"] == hot.metrics["perplexity"]


def test_texts_grow_by_one_character_at_a_time() -> None:
    run = PRETRAINED.load_run()(PRETRAINED.knob_values(SMALL | {"model": "text"}), settings())
    texts = []
    for moment in itertools.islice(run, 4):
        assert isinstance(moment, Step)
        look = moment.look()
        assert isinstance(look, TextLook)
        texts.append(look.texts[0])
    assert [len(text) for text in texts] == [0, 1, 2, 3]
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(texts))


def test_notes_that_changed_since_the_training_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = load_checkpoint("text")
    same = TextMaker(checkpoint, PRETRAINED.knob_values(SMALL | {"model": "text"}), settings())
    about = {**checkpoint.about, "data_sha256": "another"}
    monkeypatch.setattr(
        "demos.pretrained.load_checkpoint", lambda *_: Checkpoint("text", checkpoint.tensors, about)
    )
    _, result = ended(settings(), model="text")

    assert same.notes.name == "notes"
    assert "notes have changed since the weights were made" in result.observations[-1]


def test_a_spent_budget_stops_the_generation_and_says_so() -> None:
    readings = itertools.count()
    steps, result = ended(settings(clock=lambda: next(readings) * 0.5, budget_s=10), nfe=64)
    assert result.outcome == "out of time" and 0 < steps[-1].step < 64
    assert result.verdict.startswith("Stopped by the time budget")


def test_answers_that_are_no_numbers_end_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        pretrained_images.DigitMaker, "velocity", lambda self, n, w: lambda xt, t: xt * math.nan
    )
    _, result = ended(settings())
    assert (result.outcome, result.metrics) == ("diverged", {})
    assert size_of(PRETRAINED.load_draw()(result.look)) == (900, 420)


# --- files


def damaged(folder: Path, name: str, harm: str) -> None:
    """Puts a damaged copy of the weights into the folder."""
    whole = (WEIGHTS / f"{name}.safetensors").read_bytes()
    bad = {
        "cut short": whole[: len(whole) // 2],
        "one bit": whole[:-1000] + bytes([whole[-1000] ^ 4]) + whole[-999:],
        "no weights": b"no weights",
        "empty": b"",
    }
    if harm != "missing":
        (folder / f"{name}.safetensors").write_bytes(bad[harm])


@pytest.mark.parametrize("harm", ["missing", "cut short", "one bit", "no weights", "empty"])
@pytest.mark.parametrize("name", ["digits", "text"])
def test_missing_or_damaged_weights_are_an_error_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, harm: str
) -> None:
    damaged(tmp_path, name, harm)
    monkeypatch.setattr(checkpoints, "WEIGHTS", tmp_path)
    with pytest.raises(WeightsError, match=rf"{name}\.safetensors") as caught:
        ended(settings(), model=name)
    assert f"`python -m demos.pretrain {name}`" in caught.value.remedy


def test_weights_that_do_not_fit_the_network_are_an_error_with_the_remedy(tmp_path: Path) -> None:
    whole = load_checkpoint("digits")
    tensors = dict(whole.tensors)
    del tensors["network.label"]
    save_checkpoint(Checkpoint("digits", tensors, whole.about), tmp_path)
    with pytest.raises(WeightsError, match="do not fit the network"):
        maker_of(load_checkpoint("digits", folder=tmp_path), PRETRAINED.knob_values({}), settings())


def test_a_process_that_finds_damaged_weights_tells_it_as_an_event(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from demos import checkpoints; from demos.__main__ import main; "
        f"checkpoints.WEIGHTS = pathlib.Path({str(tmp_path)!r}); "
        f"sys.exit(main(['run', 'pretrained', '--out', {str(tmp_path / 'out')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    last = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1 and last["event"] == "error"
    assert "python -m demos.pretrain digits" in last["remedy"]


@pytest.mark.parametrize("name", MODELS)
def test_the_command_makes_the_same_weights_again_and_they_run(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = {"digits": "3", "faces": "10", "text": "2"}[name]
    for folder in ("one", "two"):
        assert pretrain.main([name, "--steps", steps, "--out", str(tmp_path / folder)]) == 0
    first, second = ((tmp_path / folder / f"{name}.safetensors").read_bytes() for folder in ("one", "two"))

    assert first == second
    assert f"{name}.safetensors" in capsys.readouterr().out
    assert load_checkpoint(name, folder=tmp_path / "one").about["steps"] == int(steps)
    assert not list(tmp_path.glob("*/*.part"))


def test_numbers_that_sixteen_bits_cannot_hold_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16 bits"):
        save_checkpoint(Checkpoint("digits", {"a": torch.tensor([1e6])}, {}), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert pretrain.main(["text", "--steps", "1", "--out", str(tmp_path / "file" / "folder")]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_the_weights_in_the_tree_are_those_that_the_command_makes(tmp_path: Path, name: str) -> None:
    """Equal figures rather than equal bytes: another processor may round in another way."""
    pretrain.main([name, "--out", str(tmp_path)])
    old, new = load_checkpoint(name).about["figures"], load_checkpoint(name, folder=tmp_path).about["figures"]
    key = {"digits": "recall", "faces": "recall", "text": "bits_per_character"}[name]
    assert new[key] == pytest.approx(old[key], rel=0.1)
