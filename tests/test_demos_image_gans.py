"""The image GANs: losses and measures against numbers worked by hand, and every demo run to its end and drawn."""

from __future__ import annotations

import io
import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from demos import conditional_gan, cyclegan, cyclegan_pair, cyclegan_words, dcgan_words, digit_gan
from demos.catalogue_image_gans import CONDITIONAL_GAN, CYCLEGAN, DCGAN_DIGITS, DEMOS
from demos.cyclegan_networks import Translator
from demos.digit_gan_networks import Discriminator, Generator, draw_weights, projection
from demos.digit_gan_picture import sheet
from demos.digits import CLASSES, load_digits
from demos.knobs import Demo
from demos.networks import seeded
from demos.steps import Metric, Result, RunSettings, Step

pytestmark = pytest.mark.usefixtures("one_thread")

TINY: dict[str, dict[str, object]] = {
    "dcgan-digits": {"steps": 3, "network": "mlp", "batch": 16},
    "conditional-gan": {"steps": 3, "network": "mlp", "batch": 16},
    "cyclegan": {"steps": 2, "size": "16", "batch": 4},
}


@pytest.fixture(autouse=True)
def _few_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cyclegan, "POOL", 64)
    monkeypatch.setattr(cyclegan, "N_TESTED", 32)


def settings(seed: int = 0) -> RunSettings:
    return RunSettings(seed, "cpu", 60.0, lambda: 0.0)


def ended(demo: Demo, seed: int = 0, **knobs: object) -> tuple[list[Step], Result]:
    moments = list(demo.load_run()(demo.knob_values({**TINY[demo.name], **knobs}), settings(seed)))
    result = moments.pop()
    assert isinstance(result, Result)
    return [moment for moment in moments if isinstance(moment, Step)], result


def png_size(png: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        return image.size


def test_the_squared_slope_of_a_linear_discriminator_is_known() -> None:
    images = torch.randn(5, 2, requires_grad=True)
    raw = images @ torch.tensor([3.0, 4.0])
    assert digit_gan.squared_slope(raw, images).item() == pytest.approx(25.0)


def test_the_penalty_on_both_halves_is_half_the_sum_of_r1_and_r2() -> None:
    real, fake = torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [4.0]])
    both = torch.cat([real, fake]).requires_grad_(True)
    raw = both[:, 0] ** 2  # slope 2 x: R1 has (4 + 16) / 2 = 10, R2 has (36 + 64) / 2 = 50
    assert digit_gan.squared_slope(raw, both).item() == pytest.approx((10 + 50) / 2)


def test_truncated_noise_is_the_normal_distribution_within_its_limits() -> None:
    z = digit_gan.truncated_noise(4000, 5, 1.0, seeded(0, "cpu")).flatten().double()
    assert z.abs().max().item() <= 1.0
    phi = NormalDist().cdf
    inside = (phi(0.5) - phi(-0.5)) / (phi(1) - phi(-1))
    assert (z.abs() < 0.5).double().mean().item() == pytest.approx(inside, abs=0.01)
    wide = digit_gan.truncated_noise(4000, 5, 4.0, seeded(0, "cpu")).double()
    assert wide.isfinite().all() and wide.std().item() == pytest.approx(1.0, abs=0.02)


def test_the_projection_adds_the_agreement_of_class_and_features() -> None:
    vectors, features = torch.tensor([[1.0, 0.0, 2.0, 0.0]]), torch.tensor([[3.0, 5.0, -1.0, 7.0]])
    assert projection(vectors, features).item() == pytest.approx((3 - 2) / 2)
    critic = Discriminator("mlp", CLASSES)
    draw_weights(critic, seeded(0, "cpu"))
    image = torch.zeros(2, 1, 8, 8) + torch.randn(1, 1, 8, 8, generator=seeded(1, "cpu"))
    raw = critic(image, torch.tensor([3, 7]))
    features = critic.body(image)
    assert critic.table is not None
    change = (critic.table.weight[7] - critic.table.weight[3]) @ features[0] / math.sqrt(features.shape[1])
    assert (raw[1] - raw[0]).item() == pytest.approx(change.item(), rel=1e-4)


@pytest.mark.parametrize("kind", ["conv", "mlp"])
def test_weights_come_from_their_own_source_and_images_stay_in_range(kind: str) -> None:
    made = []
    for seed in (3, 3, 4):
        generator = Generator(kind, 8, CLASSES)
        draw_weights(generator, seeded(seed, "cpu"))
        z = torch.randn(20, 8, generator=seeded(0, "cpu"))
        made.append(generator(z, digit_gan.fair_labels(20, "cpu")))
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])
    assert made[0].shape == (20, 1, 8, 8) and made[0].abs().max() <= 1


def test_what_the_class_changes_is_measured_against_what_the_noise_changes() -> None:
    by_class = torch.arange(3.0)[:, None, None].expand(3, 4, 1)  # only the class matters
    by_noise = torch.arange(4.0)[None, :, None].expand(3, 4, 1)  # only the noise matters
    assert conditional_gan.same_noise_change(by_noise) == 0.0
    assert conditional_gan.same_noise_change(by_class) > 1e6
    both = by_class + by_noise  # mean distance of 0..2 is 4/3, that of 0..3 is 5/3
    assert conditional_gan.same_noise_change(both) == pytest.approx((4 / 3) / (5 / 3))


def test_a_sheet_puts_images_in_rows_with_gaps() -> None:
    images = np.arange(3, dtype=np.float32)[:, None, None] + np.zeros((3, 2, 2), np.float32)
    whole = sheet(images, columns=2)
    assert whole.shape == (5, 5)
    assert (whole[0, 0], whole[0, 3], whole[3, 0]) == (0, 1, 2)
    assert np.isnan(whole[2]).all() and np.isnan(whole[3, 3])


@pytest.fixture
def test_faces() -> cyclegan_pair.TestFaces:
    return cyclegan_pair.TestFaces.drawn(True, 12, 16, seeded(0, "cpu"))


def test_the_errors_of_a_copy_and_of_a_perfect_translation_are_known(test_faces: Any) -> None:
    assert cyclegan_pair.twin_error(test_faces.faces, test_faces) == pytest.approx(1.0)
    assert cyclegan_pair.twin_error(test_faces.twins, test_faces) == 0.0
    halfway = (test_faces.faces + test_faces.twins) / 2
    assert cyclegan_pair.twin_error(halfway, test_faces) == pytest.approx(0.5, rel=1e-4)
    assert cyclegan_pair.hair_change(halfway, test_faces) == pytest.approx(0.5, rel=1e-4)
    assert cyclegan_pair.outside_change(test_faces.twins, test_faces) < cyclegan_pair.SAME
    assert cyclegan_pair.outside_change(test_faces.faces + 0.1, test_faces) == pytest.approx(0.1, rel=1e-4)


def test_twins_differ_in_the_hair_alone_and_kinds_in_nothing_else(test_faces: Any) -> None:
    changed = (test_faces.twins - test_faces.faces).abs().mean(dim=(1, 2, 3))
    assert changed.min() > 0.03
    black = cyclegan_pair.faces_with(True, 400, seeded(0, "cpu"))
    blond = cyclegan_pair.faces_with(False, 400, seeded(1, "cpu"))
    hair = cyclegan_pair.column("hair")
    assert black[:, hair].max() <= cyclegan_pair.SHADES and blond[:, hair].min() >= 1 - cyclegan_pair.SHADES
    others = [i for i in range(black.shape[1]) if i != hair]
    assert (black[:, others].mean(dim=0) - blond[:, others].mean(dim=0)).abs().max() < 0.12


def test_colour_transfer_gives_the_other_pools_mean_and_deviation() -> None:
    one = torch.rand(50, 3, 4, 4, generator=seeded(0, "cpu")) * 0.2
    other = torch.rand(50, 3, 4, 4, generator=seeded(1, "cpu")) * 0.4 - 0.3
    moved = cyclegan_pair.colour_transfer(one, one, other)
    for channel in range(3):
        assert moved[:, channel].mean().item() == pytest.approx(other[:, channel].mean().item(), abs=1e-5)
        assert moved[:, channel].std().item() == pytest.approx(other[:, channel].std().item(), abs=1e-5)


def test_a_translator_recolours_only_where_its_mask_says() -> None:
    translator = Translator("mask")
    draw_weights(translator, seeded(0, "cpu"))
    faces = torch.rand(2, 3, 16, 16, generator=seeded(1, "cpu"))
    with torch.no_grad():
        same, mask = translator(faces)
        assert torch.equal(same, faces)  # no change of colour before training
        translator.shift.fill_(0.05)
        moved, _ = translator(faces)
    assert torch.allclose(moved - faces, (mask * 0.5).expand_as(faces), atol=1e-6)


def test_the_loss_of_a_pair_that_does_nothing_has_no_cycle_or_identity_error() -> None:
    source = seeded(0, "cpu")
    pools = tuple(torch.rand(8, 3, 16, 16, generator=source) for _ in range(2))
    pair = cyclegan_pair.Pair("mask", 1e-3, (5.0, 2.0), (pools[0], pools[1]), seed=0)
    made = pair._update_translators([pools[0], pools[1]])
    assert pair.cycle_curve.values() == [0.0]
    assert torch.equal(made[0], pools[0])
    _, again = pair._update_translators([pools[0], pools[1]]), pair.cycle_curve.values()[-1]
    assert again > 0


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.name)
def test_a_tiny_run_ends_with_finite_figures_and_sentences(demo: Demo) -> None:
    steps, result = ended(demo)
    assert result.outcome == "done" and steps[-1].step == result.step
    assert all(
        math.isfinite(metric.value) and math.isfinite(metric.floor) for metric in result.metrics.values()
    )
    assert any(metric.baseline is not None for metric in result.metrics.values())
    assert 3 <= len(result.observations) <= 6
    assert all(sentence.endswith(".") for sentence in (result.verdict, *result.observations))
    assert {note for note in result.notes} & set(demo.notes)
    assert not result.verdict.startswith("Learned")


def test_a_rival_without_cycle_loss_is_measured_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    _, result = ended(CYCLEGAN, compare="no-cycle", generator="free")
    assert any(sentence.startswith("Without the cycle loss") for sentence in result.observations)
    assert result.metrics["twin_error_to_black_no_cycle"].value > 0
    assert png_size(CYCLEGAN.load_draw()(result.look)) == (900, 420)


def test_the_tutorials_settings_are_measured_beside() -> None:
    _, result = ended(DCGAN_DIGITS, compare="tutorial")
    assert any("tutorial's settings" in sentence for sentence in result.observations)
    assert result.metrics["tutorial_recall"].value <= 1
    assert png_size(DCGAN_DIGITS.load_draw()(result.look)) == (900, 420)


def test_a_generator_that_is_not_told_the_class_writes_the_same_in_every_row() -> None:
    _, result = ended(CONDITIONAL_GAN, condition="none")
    look = result.look
    assert isinstance(look, conditional_gan.ConditionalLook)
    rows = look.grid.reshape(10, 10, 8, 8)
    assert np.allclose(rows, rows[:1], atol=1e-5)
    assert any("told to neither network" in sentence for sentence in result.observations)


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.name)
def test_every_moment_of_a_run_can_be_drawn(demo: Demo) -> None:
    draw = demo.load_draw()
    pictures = []
    for moment in demo.load_run()(demo.knob_values({**TINY[demo.name], "steps": 1}), settings()):
        pictures.append(draw(moment.look() if isinstance(moment, Step) else moment.look))
    assert {png_size(picture) for picture in pictures} == {(900, 420)}
    assert len(set(pictures)) >= 2


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.name)
def test_the_same_seed_gives_the_same_result_whoever_looks_on(demo: Demo) -> None:
    watched = []
    for moment in demo.load_run()(demo.knob_values(TINY[demo.name]), settings(5)):
        watched.append(moment.look() if isinstance(moment, Step) else moment)
    _, unwatched = ended(demo, seed=5)
    _, other = ended(demo, seed=6)
    assert isinstance(watched[-1], Result)
    assert watched[-1].metrics == unwatched.metrics
    assert watched[-1].observations == unwatched.observations
    assert other.metrics != unwatched.metrics


@pytest.mark.parametrize("demo", [CONDITIONAL_GAN, CYCLEGAN], ids=lambda demo: demo.name)
def test_a_learning_rate_that_breaks_training_ends_as_diverged(demo: Demo) -> None:
    gentle = {} if demo is CYCLEGAN else {"gamma": 0.0}  # the penalty may save even such a run
    steps, result = ended(demo, lr=1.0, steps=400, batch=8, **gentle)
    assert (result.outcome, result.metrics) == ("diverged", {})
    assert len(steps) < 400
    assert "diverged" in result.verdict and len(result.observations) >= 1
    assert png_size(demo.load_draw()(result.look)) == (900, 420)


def test_a_loss_that_is_no_number_ends_as_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = digit_gan.generator_loss
    monkeypatch.setattr(digit_gan, "generator_loss", lambda *given: loss(*given) * math.nan)
    _, result = ended(DCGAN_DIGITS)
    assert (result.outcome, result.metrics) == ("diverged", {})
    assert "diverged" in result.verdict
    assert png_size(DCGAN_DIGITS.load_draw()(result.look)) == (900, 420)


def test_a_learning_rate_at_its_bound_is_not_said_to_have_learned() -> None:
    _, result = ended(DCGAN_DIGITS, lr=1.0, steps=40, batch=8)
    assert not result.verdict.startswith("Learned")


def figures(**values: float) -> dict[str, Metric]:
    whole = {"fd_digits64": 15.0, "precision": 0.9, "recall": 0.8, "memorisation": 1.0} | values
    return {name: Metric(value, 700, 6.0, None, "low", "") for name, value in whole.items()}


@pytest.mark.parametrize(
    ("values", "start"),
    [
        ({}, "Learned: precision 0.90, recall 0.80, and the distance to real digits is 2.5 times"),
        ({"fd_digits64": 30.0}, "Partly learned"),
        ({"recall": 0.1}, "Sharp but not diverse: precision 0.90, recall 0.10."),
        ({"precision": 0.2}, "Not yet digits: only 20%"),
        ({"memorisation": 0.1}, "Copied rather than learned"),
    ],
)
def test_the_verdict_on_digits_follows_from_the_figures(values: dict[str, float], start: str) -> None:
    assert dcgan_words.verdict(figures(**values))[0].startswith(start)


@pytest.mark.parametrize(
    ("blond", "black", "start"),
    [
        (0.3, 0.4, "Learned without a single pair"), (0.3, 0.7, "Partly learned"),
        (0.3, 1.2, "Learned one way only"), (0.95, 1.2, "Not learned"),
    ],
)  # fmt: skip
def test_the_verdict_on_faces_follows_from_the_twin_errors(blond: float, black: float, start: str) -> None:
    errors = {"twin_error_to_blond": blond, "twin_error_to_black": black}
    metrics = {name: Metric(value, 256, 0.05, 1.5, "low", "") for name, value in errors.items()}
    assert cyclegan_words.verdict(metrics)[0].startswith(start)


@pytest.mark.slow
def test_the_quick_presets_reach_their_targets() -> None:
    for demo, name, most in ((DCGAN_DIGITS, "fd_digits64", 20.0), (CYCLEGAN, "twin_error_to_black", 0.5)):
        moments = list(demo.load_run()(demo.knob_values({}, "quick"), settings()))
        assert isinstance(moments[-1], Result)
        assert moments[-1].metrics[name].value <= most


def test_losses_are_checked_for_sanity_not_only_for_being_numbers() -> None:
    train, _ = load_digits()
    gan = digit_gan.DigitGan(digit_gan.Recipe("mlp", 1e-3, 0.0, 0.0, 8, 4), train, seed=0)
    gan.check()
    assert gan.sound
    gan.d_curve.add(torch.tensor(1e6))
    gan.check()
    assert not gan.sound
    assert isinstance(gan.generator, nn.Module)
