"""The demos on digits: guidance and labels against numbers worked by hand, and tiny runs to their results."""

from __future__ import annotations

import io
import itertools
import math

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from demos import digit_denoiser, digit_diffusion, metrics_lab
from demos.catalogue_digits import DIGIT_DIFFUSION, METRICS_LAB
from demos.image_measures import Figure
from demos.knobs import Demo
from demos.metrics_lab_picture import is_good
from demos.mosaic import mosaic
from demos.networks import seeded
from demos.steps import Result, RunSettings, Step

pytestmark = pytest.mark.usefixtures("one_thread")


def settings(seed: int = 0, tick_s: float = 0.0, budget_s: float = 60.0) -> RunSettings:
    readings = itertools.count()
    return RunSettings(seed, "cpu", budget_s, lambda: next(readings) * tick_s)


def ended(demo: Demo, run: RunSettings, **knobs: object) -> tuple[list[Step], Result]:
    moments = list(demo.load_run()(demo.knob_values(knobs), run))
    result = moments.pop()
    assert isinstance(result, Result)
    return [moment for moment in moments if isinstance(moment, Step)], result


def png_size(png: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        return image.size


class Known(nn.Module):
    """Answers 3 for the label 3 and 1 where no label is given."""

    def forward(self, xt: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        answer = torch.where(labels == digit_denoiser.NO_LABEL, 1.0, labels.float())
        return answer[:, None].expand_as(xt)


@pytest.mark.parametrize(("guidance", "answer"), [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (4.0, 9.0), (0.5, 2.0)])
def test_guidance_goes_from_the_answer_without_label_through_that_with_it_and_on(
    guidance: float, answer: float
) -> None:
    network = digit_denoiser.guided(Known(), torch.full((2,), 3), guidance)
    assert network(torch.zeros(2, 64), torch.zeros(2)).unique().tolist() == [answer]


def test_the_asked_share_of_labels_is_dropped() -> None:
    labels = torch.arange(10).repeat(1000)
    dropped = digit_denoiser.drop_labels(labels, 0.1, seeded(0, "cpu"))
    gone = dropped == digit_denoiser.NO_LABEL
    assert gone.float().mean().item() == pytest.approx(0.1, abs=0.01)
    assert torch.equal(dropped[~gone], labels[~gone])
    assert torch.equal(digit_denoiser.drop_labels(labels, 0.0, seeded(0, "cpu")), labels)


def test_a_fresh_network_heeds_neither_label_nor_level_and_learns_to() -> None:
    network = digit_denoiser.DigitDenoiser(32, seeded(0, "cpu"))
    xt, t = torch.randn((4, 64), generator=seeded(1, "cpu")), torch.full((4,), 0.5)
    one, other = (network(xt, t, torch.full((4,), label)) for label in (1, 7))
    assert torch.equal(one, other)
    adam = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(20):
        adam.zero_grad()
        (network(xt, t, torch.arange(4)) - torch.arange(4.0)[:, None]).square().mean().backward()
        adam.step()
    one, other = (network(xt, t, torch.full((4,), label)) for label in (1, 3))
    assert (other - one).mean() > 0.5


def test_the_network_has_the_size_that_its_docstring_names() -> None:
    network = digit_denoiser.DigitDenoiser(192, seeded(0, "cpu"))
    weights = sum(parameter.numel() for parameter in network.parameters())
    assert round(weights / 1000) == 490


def test_the_guess_from_a_straight_mixture_is_its_data() -> None:
    knobs = DIGIT_DIFFUSION.knob_values({"steps": 1, "width": 16, "guidance": 1.0})
    state = digit_diffusion.DigitRun(knobs, settings())
    x0, eps = state.data[:60], torch.randn((60, 64), generator=seeded(0, "cpu"))
    state.averaged.network.forward = lambda xt, t, labels: eps - x0  # type: ignore[method-assign]
    assert torch.allclose(state.guess(0.7 * x0 + 0.3 * eps, 0.3), x0, atol=1e-5)
    # a constant velocity carries pure noise straight to the data, in however many moves
    trail = state.carry(eps, state.shown_labels, 5, 1.0)
    assert torch.allclose(trail.points[-1], x0, atol=1e-5)


@pytest.mark.parametrize("method", ["flow", "ddpm"])
def test_a_short_run_draws_digits_that_are_read_as_asked(method: str) -> None:
    knobs = {"steps": 100, "width": 96, "batch": 128, "nfe": 8, "method": method}
    draw, pictures = DIGIT_DIFFUSION.load_draw(), set()
    for moment in DIGIT_DIFFUSION.load_run()(DIGIT_DIFFUSION.knob_values(knobs), settings()):
        if isinstance(moment, Result):
            result = moment
        elif moment.key:
            pictures.add(draw(moment.look()))
    pictures.add(draw(result.look))
    assert result.outcome == "done"
    assert set(result.metrics) >= {"fd_digits64", "recall", "coverage", "memorisation", "class_accuracy"}
    assert all(math.isfinite(metric.value) for metric in result.metrics.values())
    look = result.look
    assert isinstance(look, digit_diffusion.DigitLook)
    (_, before), (last, after) = look.checks[0], look.checks[-1]
    assert last == 100 and after < (0.6 if method == "flow" else 0.9) * before
    assert result.metrics["class_accuracy"].value > (0.5 if method == "flow" else 0.15)
    assert 3 <= len(result.observations) <= 6
    assert any("recall" in sentence for sentence in result.observations)
    assert {png_size(picture) for picture in pictures} == {(900, 420)} and len(pictures) == 11


def test_the_same_seed_draws_the_same_digits_whoever_looks_on() -> None:
    knobs = {"steps": 6, "width": 16, "batch": 32, "nfe": 2}
    watched = [
        moment.look() if isinstance(moment, Step) else moment
        for moment in DIGIT_DIFFUSION.load_run()(DIGIT_DIFFUSION.knob_values(knobs), settings(seed=5))
    ]
    _, unwatched = ended(DIGIT_DIFFUSION, settings(seed=5), **knobs)
    _, other = ended(DIGIT_DIFFUSION, settings(seed=6), **knobs)
    assert isinstance(watched[-1], Result)
    assert watched[-1].metrics == unwatched.metrics != other.metrics
    assert watched[-1].observations == unwatched.observations


def test_a_learning_rate_far_too_high_ends_as_diverged() -> None:
    _, result = ended(DIGIT_DIFFUSION, settings(), steps=60, width=64, batch=32, lr=1.0)
    assert (result.outcome, result.metrics) == ("diverged", {})
    assert "diverged" in result.verdict and "learning rate" in result.observations[0]
    assert png_size(DIGIT_DIFFUSION.load_draw()(result.look)) == (900, 420)


def test_one_digit_alone_can_be_asked_for() -> None:
    knobs = DIGIT_DIFFUSION.knob_values({"digit": "3", "steps": 1, "width": 16})
    state = digit_diffusion.DigitRun(knobs, settings())
    assert state.shown_labels.unique().tolist() == [3]
    assert state.look().digits == ("3",) * 10


def test_a_spent_budget_ends_the_run_with_a_result() -> None:
    _, result = ended(
        DIGIT_DIFFUSION, settings(tick_s=0.5, budget_s=10), steps=5000, width=16, batch=32, nfe=2
    )
    assert result.outcome == "out of time" and 0 < result.step < 5000
    assert "time budget of 10 s" in result.observations[0]


@pytest.fixture(scope="module")
def lab() -> tuple[list[Step], Result]:
    return ended(METRICS_LAB, settings(), resamples=5)


def test_the_lab_shows_each_measure_being_fooled(lab: tuple[list[Step], Result]) -> None:
    _, result = lab
    metrics = result.metrics
    fds = {name: metric.value for name, metric in metrics.items() if name.endswith("_fd_digits64")}
    assert min(fds, key=lambda name: fds[name]) == "memorised_fd_digits64"
    assert metrics["memorised_memorisation"].value == pytest.approx(0.0, abs=1e-3)
    score, fd = metrics["one_a_digit_inception_score"], metrics["one_a_digit_fd_digits64"]
    assert score.value > score.floor and fd.value > 3 * fd.floor
    assert metrics["one_a_digit_recall"].value < 0.05
    assert result.verdict.startswith("No single figure can be trusted: FD ranks copies")


def test_fd_of_real_against_real_falls_with_n_and_kid_does_not(lab: tuple[list[Step], Result]) -> None:
    _, result = lab
    look = result.look
    assert isinstance(look, metrics_lab.LabLook)
    fds = [size.fd for size in look.sizes]
    assert fds == sorted(fds, reverse=True) and fds[0] > 5 * fds[-1]
    assert all(abs(size.kid) < 3 * size.kid_spread + 0.01 for size in look.sizes)
    assert [size.n for size in look.sizes] == [50, 100, 200, 400, 700]


def test_every_moment_of_the_lab_is_drawn_and_told(lab: tuple[list[Step], Result]) -> None:
    knobs = METRICS_LAB.knob_values({"n": 50, "k": 3, "resamples": 3})
    draw = METRICS_LAB.load_draw()
    captions = []
    for moment in METRICS_LAB.load_run()(knobs, settings(seed=1)):
        look = moment.look() if isinstance(moment, Step) else moment.look
        captions.append(look.caption)
        if isinstance(moment, Result) or moment.step in (1, 9):
            assert png_size(draw(look)) == (900, 420)
    assert len(set(captions)) == 13
    assert len(lab[1].observations) == 6
    assert {metric.n for name, metric in lab[1].metrics.items() if "_n" not in name} == {700}


def test_a_lab_cut_short_says_so() -> None:
    _, result = ended(METRICS_LAB, settings(tick_s=1.0, budget_s=4.0), n=50)
    assert result.outcome == "out of time"
    assert "time budget" in result.observations[-1]


def test_cells_are_judged_by_the_floor() -> None:
    assert is_good("fd_digits64", Figure(3.0, 0, 2.0, 0)) and not is_good(
        "fd_digits64", Figure(3.1, 0, 2.0, 0)
    )
    assert is_good("recall", Figure(0.95, 0, 1.0, 0)) and not is_good("recall", Figure(0.94, 0, 1.0, 0))
    assert not is_good("memorisation", Figure(0.1, 0, 1.0, 0))


def test_a_mosaic_lays_images_row_by_row_with_gaps() -> None:
    sheet = mosaic(torch.arange(3.0)[:, None, None].expand(3, 2, 2).numpy(), columns=2)
    assert sheet.shape == (5, 5)
    assert (sheet[:2, :2] == 0).all() and (sheet[:2, 3:] == 1).all() and (sheet[3:, :2] == 2).all()
    assert torch.from_numpy(sheet).isnan().sum() == 25 - 12
