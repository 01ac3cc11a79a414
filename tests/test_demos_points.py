"""The demos on points and on classical models: formulas by hand, batched against single networks, tiny whole runs."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import multivariate_normal
from torch import nn

from demos import batched, classics, classics_measures, collapse, diffusion, gan, gan_losses
from demos.catalogue_classics import CLASSICS
from demos.catalogue_points import DIFFUSION_2D, GAN_2D, MODE_COLLAPSE
from demos.knobs import Demo
from demos.networks import mlp, seeded
from demos.steps import Result, RunSettings, Step

pytestmark = pytest.mark.usefixtures("one_thread")

LN3 = math.log(3.0)
CURES = ("ttur", "r1-r2", "minibatch-std", "pacgan", "none")


def settings(seed: int = 0, budget_s: float = 60.0, clock: Any = lambda: 0.0) -> RunSettings:
    return RunSettings(seed, "cpu", budget_s, clock)


def ended(demo: Demo, run: RunSettings, look_on: bool = False, **knobs: object) -> Result:
    for moment in demo.load_run()(demo.knob_values(knobs), run):
        if isinstance(moment, Result):
            return moment
        if look_on:
            moment.look()
    raise AssertionError("no result")


def linear_critic(slope_x: float, slope_y: float) -> nn.Linear:
    critic = nn.Linear(2, 1)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([[slope_x, slope_y]]))
    return critic


# --- gan-2d


def test_the_relativistic_pairing_losses_match_numbers_worked_by_hand() -> None:
    zero, ln3 = torch.zeros(2), torch.full((2,), LN3)
    assert gan_losses.discriminator_loss("rp", zero, zero).item() == pytest.approx(math.log(2))
    # sigmoid(ln 3) = 3/4: the real one of the pair is trusted with 3/4
    assert gan_losses.discriminator_loss("rp", ln3, zero).item() == pytest.approx(-math.log(3 / 4))
    assert gan_losses.generator_loss("rp", zero, ln3).item() == pytest.approx(-math.log(1 / 4))


def test_r1_and_r2_of_a_linear_critic_are_half_its_squared_slope_each() -> None:
    points = torch.randn(10, 2, requires_grad=True)
    raw = linear_critic(3.0, 4.0)(points)[:, 0]
    assert gan_losses.r1_r2(raw, points).item() == pytest.approx(25 / 2 + 25 / 2, rel=1e-5)


def test_the_judgement_is_a_half_where_real_and_generated_look_alike() -> None:
    even, ln3 = torch.zeros(4), torch.full((4,), LN3)
    assert [float(x) for x in gan_losses.judgement("ns", even, even)] == [0.5, 0.5]
    assert [float(x) for x in gan_losses.judgement("ns", ln3, -ln3)] == pytest.approx([0.75, 0.25])
    assert [float(x) for x in gan_losses.judgement("rp", 2 * ln3, ln3)] == pytest.approx([0.75, 0.25])
    assert [float(x) for x in gan_losses.judgement("lsgan", even + 1, even)] == [1.0, 0.0]


@pytest.mark.parametrize("loss", gan_losses.LOSSES)
def test_the_arrows_point_where_the_generators_loss_falls(loss: str) -> None:
    state = gan.GanRun(GAN_2D.knob_values({"steps": 5, "batch": 64, "loss": loss}), settings())
    while not state.pace.done:
        state.update()
    look = state.look()
    start = torch.from_numpy(look.fake[: len(look.arrows)])
    real = state.critic(state.pool[: len(start)])[:, 0]

    @torch.no_grad()
    def loss_at(points: torch.Tensor) -> float:
        return float(gan_losses.generator_loss(loss, state.critic(points)[:, 0], real))

    assert loss_at(start + 0.1 * torch.from_numpy(look.arrows)) < loss_at(start)
    longest = np.linalg.norm(look.arrows, axis=1).max()
    assert longest == pytest.approx(gan.ARROW * look.view, rel=1e-3)


def test_a_run_with_the_relativistic_loss_tells_of_pairs() -> None:
    result = ended(GAN_2D, settings(), loss="rp", steps=30, batch=64)
    assert any("one real and one generated point" in sentence for sentence in result.observations)
    assert all(math.isfinite(metric.value) for metric in result.metrics.values())


# --- mode-collapse


def test_k_batched_networks_answer_and_learn_as_k_single_ones() -> None:
    seeds, sizes = (3, 4, 5), [2, 7, 7, 1]
    together = batched.BatchedMlp(sizes, 0.0, seeds, "cpu")
    singles = [mlp(sizes, nn.ReLU, seeded(seed, "cpu")) for seed in seeds]
    x = torch.randn(3, 6, 2)
    together(x).square().mean(dim=1).sum().backward()
    for k, single in enumerate(singles):
        torch.testing.assert_close(together(x)[k], single(x[k]))
        single(x[k]).square().mean().backward()
        linears = [layer for layer in single if isinstance(layer, nn.Linear)]
        for weight, layer in zip(together.weights, linears, strict=True):
            assert weight.grad is not None and layer.weight.grad is not None
            torch.testing.assert_close(weight.grad[k], layer.weight.grad.T)


def test_the_minibatch_deviation_is_that_of_each_group_of_eight() -> None:
    spread = torch.tensor([1.0, -1.0]).repeat(4)[:, None] * torch.tensor([1.0, 3.0])
    alike = torch.zeros(8, 2)
    deviation = batched.minibatch_deviation(torch.cat([spread, alike])[None])
    assert deviation.shape == (1, 16, 1)
    assert deviation[0, :8, 0].tolist() == pytest.approx([2.0] * 8)  # mean of 1 and 3
    assert deviation[0, 8:, 0].tolist() == pytest.approx([1e-4] * 8)


def test_a_pack_holds_neighbouring_points_of_one_network() -> None:
    points = torch.arange(16.0).reshape(2, 4, 2)
    assert batched.packed(points, 2).tolist() == [
        [[0, 1, 2, 3], [4, 5, 6, 7]],
        [[8, 9, 10, 11], [12, 13, 14, 15]],
    ]


def test_the_zero_centred_penalty_adds_up_over_the_networks() -> None:
    points = torch.randn(2, 5, 2, requires_grad=True)
    raw = torch.stack([points[0] @ torch.tensor([3.0, 4.0]), points[1] @ torch.tensor([1.0, 0.0])])[..., None]
    assert batched.zero_centred_penalty(raw, points).item() == pytest.approx(25 / 2 + 1 / 2, rel=1e-5)


@pytest.mark.parametrize("cure", CURES)
def test_every_cure_runs_to_a_result_and_can_be_drawn(cure: str) -> None:
    draw = MODE_COLLAPSE.load_draw()
    moments = list(
        MODE_COLLAPSE.load_run()(MODE_COLLAPSE.knob_values({"cure": cure, "steps": 26}), settings())
    )
    result = moments[-1]
    assert isinstance(result, Result) and result.outcome == "done"
    assert ("strict_modes_with" in result.metrics) == (cure != "none")
    assert all(math.isfinite(metric.value) for metric in result.metrics.values())
    assert 3 <= len(result.observations) <= 6
    assert png_size(draw(result.look)) == (900, 420)
    assert isinstance(moments[0], Step) and png_size(draw(moments[0].look())) == (900, 420)


def test_both_rows_start_from_the_same_generators() -> None:
    state = collapse.CollapseRun(MODE_COLLAPSE.knob_values({"cure": "pacgan"}), settings())
    points = state.points(50)
    assert torch.equal(points[0], points[1])
    assert not torch.equal(points[0, 0], points[0, 1])


def test_a_row_of_gans_whose_losses_are_no_longer_numbers_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collapse, "softplus", lambda x: x * math.nan)
    result = ended(MODE_COLLAPSE, settings(), steps=2000, batch=16, width=8)
    assert (result.outcome, result.metrics) == ("diverged", {})
    assert result.step < 300


def test_a_budget_that_is_spent_ends_the_rows_and_is_told() -> None:
    now = iter(range(10_000))
    result = ended(MODE_COLLAPSE, settings(budget_s=40, clock=lambda: float(next(now))), steps=5000, batch=16)
    assert result.outcome == "out of time"
    assert "time budget of 40 s" in result.observations[0]


# --- diffusion-2d


@pytest.mark.parametrize("method", ["flow", "ddpm"])
def test_the_forward_strip_goes_from_the_data_to_noise_of_its_spread(method: str) -> None:
    state = diffusion.DiffusionRun(DIFFUSION_2D.knob_values({"method": method}), settings())
    levels = [t for t, _ in state.forward]
    assert levels[0] == 0 and levels[-1] == 1 and levels == sorted(levels)
    data = (state.pool[: diffusion.N_STRIP] * state.scale).numpy()
    np.testing.assert_allclose(state.forward[0][1], data, rtol=1e-5, atol=1e-6)
    assert state.forward[-1][1].std() == pytest.approx(state.scale, rel=0.1)


@pytest.mark.parametrize("method", ["flow", "ddpm"])
def test_the_arrows_of_the_field_point_along_the_way_back(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    knobs = DIFFUSION_2D.knob_values({"method": method, "data": "gaussian"})
    state = diffusion.DiffusionRun(knobs, settings())
    monkeypatch.setattr(state.averaged, "network", state._exact_target)
    places, arrows = state._field(0.9)
    ways = (places * arrows).sum(axis=1)
    # one Gaussian of spread 1: flow shrinks noise of 1 towards sqrt(t^2 + (1-t)^2) < 1, DDPM keeps its spread
    assert (ways < 0.05).all() if method == "flow" else np.abs(ways).max() < 2


def test_the_sweep_compares_both_samplers_of_the_method() -> None:
    result = ended(DIFFUSION_2D, settings(), steps=3, batch=64, method="ddpm", t_max=10)
    assert isinstance(result.look, diffusion.DiffusionLook)
    assert {name: [nfe for nfe, _ in shares] for name, shares in result.look.sweep.items()} == {
        "ddim": [2, 4, 8], "ddpm": [2, 4, 8],
    }  # fmt: skip
    assert any("ddim puts" in sentence and "ddpm puts" in sentence for sentence in result.observations)


# --- generative-vs-discriminative


def test_the_best_accuracy_matches_numbers_worked_by_hand() -> None:
    gap = np.array([2.0, 0.0])
    assert classics_measures.best_accuracy(gap, np.eye(2)) == pytest.approx(0.841345, abs=1e-6)  # Phi(1)
    aslant = np.array([[1.0, 0.6], [0.6, 1.0]])  # delta^2 = 4 / (1 - 0.36) = 6.25, Phi(1.25)
    assert classics_measures.best_accuracy(gap, aslant) == pytest.approx(0.894350, abs=1e-6)


def test_the_log_density_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    x, mean, covariance = rng.normal(size=(5, 3)), np.array([1.0, 0.0, -1.0]), np.diag([1.0, 2.0, 0.5]) + 0.2
    theirs = multivariate_normal(mean, covariance).logpdf(x)
    np.testing.assert_allclose(classics_measures.log_density(x, mean, covariance), theirs)


def test_precision_recall_and_coverage_match_numbers_worked_by_hand() -> None:
    real = np.array([[0.0], [1.0], [2.0], [10.0]])
    made = np.array([[0.5], [1.5], [30.0], [30.5]])
    # k = 1: real radii 1, 1, 1, 8; made radii 1, 1, 0.5, 0.5
    figures = classics_measures.manifold_figures(real, made, k=1)
    assert figures["precision"] == 0.5  # 0.5 and 1.5 lie in balls around real points; 30 is 20 away from 10
    assert figures["recall"] == 0.75  # 0, 1, 2 lie in the balls of 0.5 and 1.5
    assert figures["coverage"] == 0.75  # the ball around 10 reaches down to 2 and holds no made point


def test_copies_have_memorisation_zero_and_held_out_points_one() -> None:
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(40, 3)), rng.normal(size=(20, 3))
    assert classics_measures.memorisation(train[:20], train, test) == pytest.approx(0.0, abs=1e-6)
    assert classics_measures.memorisation(test, train, test) == pytest.approx(1.0)


def test_naive_bayes_draws_features_that_do_not_go_together() -> None:
    rng = np.random.default_rng(0)
    data = classics.blobs(2, 0.8, rng)
    x, y = data.draw(1000, rng)
    fitted = classics.fit(data, x, y, 1, 0)
    assert [int((y == label).sum()) for label in (0, 1)] == [500, 500]
    assert np.corrcoef(x[y == 1].T)[0, 1] == pytest.approx(0.8, abs=0.06)
    assert abs(np.corrcoef(fitted.bayes_samples(1, 2000, rng).T)[0, 1]) < 0.08
    assert np.corrcoef(fitted.mixture_samples(1, 2000).T)[0, 1] == pytest.approx(0.8, abs=0.06)


def test_correlation_costs_naive_bayes_alone() -> None:
    apart = ended(CLASSICS, settings(), correlation=0.9, repeats=3, n_max=500).metrics
    fair = ended(CLASSICS, settings(), correlation=0.0, repeats=3, n_max=500).metrics
    assert apart["accuracy_many_logistic"].value > apart["accuracy_many_bayes"].value + 0.05
    assert apart["accuracy_many_logistic"].value > apart["accuracy_many_logistic"].floor - 0.02
    assert fair["accuracy_many_bayes"].value > fair["accuracy_many_bayes"].floor - 0.02


@pytest.mark.parametrize(
    "knobs", [{"features": 5, "n_max": 20}, {"data": "digits", "n_max": 50, "components": 60}]
)
def test_classical_models_run_to_a_result_that_can_be_drawn(knobs: dict[str, object]) -> None:
    result = ended(CLASSICS, settings(), look_on=True, repeats=1, **knobs)
    assert result.outcome == "done"
    assert all(math.isfinite(metric.value) for metric in result.metrics.values())
    assert png_size(CLASSICS.load_draw()(result.look)) == (900, 420)
    assert result.observations == ended(CLASSICS, settings(), repeats=1, **knobs).observations
    assert result.metrics != ended(CLASSICS, settings(seed=1), repeats=1, **knobs).metrics


def png_size(png: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        return image.size


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_targets_of_the_quick_presets_are_reached(seed: int) -> None:
    quick = MODE_COLLAPSE.knob_values({}, "quick")
    result = list(MODE_COLLAPSE.load_run()(quick, settings(seed, 3000.0)))[-1]
    assert isinstance(result, Result)
    assert result.metrics["collapsed_without"].value >= 3
    assert result.metrics["collapsed_with"].value <= 1
