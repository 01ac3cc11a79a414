"""Noise schedules, samplers and the best possible guess, against the papers and closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from demos import diffusion, networks, samplers

POINTS = torch.tensor([[-1.0, 0.0], [1.0, 0.0]])


def test_the_cosine_schedule_follows_the_paper() -> None:
    t_max = 50
    f = [math.cos((t / t_max + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(t_max + 1)]
    expected, kept = [1.0], 1.0
    for t in range(1, t_max + 1):
        kept *= 1 - min(0.999, 1 - f[t] / f[t - 1])
        expected.append(kept)
    assert samplers.alpha_bars("cosine", t_max).tolist() == pytest.approx(expected, rel=1e-4, abs=1e-9)
    # before the limit on beta bites, the product is simply f(t) / f(0)
    assert samplers.alpha_bars("cosine", t_max)[25].item() == pytest.approx(f[25] / f[0], rel=1e-5)


@pytest.mark.parametrize("t_max", [100, 1000])
def test_the_linear_schedule_keeps_the_papers_end_for_any_length(t_max: int) -> None:
    kept = 1.0
    for t in range(t_max):
        kept *= 1 - (1e-4 + (0.02 - 1e-4) * t / (t_max - 1)) * 1000 / t_max
    bars = samplers.alpha_bars("linear", t_max)
    assert bars[0] == 1.0
    assert bars[-1].item() == pytest.approx(kept, rel=1e-3)
    assert bool((bars[1:] < bars[:-1]).all())


def test_the_last_ddpm_move_adds_no_noise() -> None:
    xt, eps = torch.randn(5, 2), torch.randn(5, 2)
    kept, whole = torch.tensor(0.97), torch.tensor(1.0)
    calm = samplers.ddim_step(xt, eps, kept, whole, 1.0, torch.zeros(5, 2))
    noisy = samplers.ddim_step(xt, eps, kept, whole, 1.0, torch.full((5, 2), 1e6))
    assert torch.equal(calm, noisy)
    assert torch.allclose(calm, (xt - math.sqrt(0.03) * eps) / math.sqrt(0.97), atol=1e-5)


def test_a_ddpm_move_has_the_mean_and_variance_of_the_papers_posterior() -> None:
    kept, kept_next = 0.5, 0.6
    beta = 1 - kept / kept_next
    xt, eps = torch.tensor([[0.7, -1.3]]), torch.tensor([[0.2, 0.9]])
    x0 = (xt - math.sqrt(1 - kept) * eps) / math.sqrt(kept)
    # Ho et al. 2020, eq. 7
    mean = (
        math.sqrt(kept_next) * beta / (1 - kept) * x0
        + math.sqrt(1 - beta) * (1 - kept_next) / (1 - kept) * xt
    )  # fmt: skip
    deviation = math.sqrt((1 - kept_next) / (1 - kept) * beta)

    def move(z: Tensor) -> Tensor:
        return samplers.ddim_step(xt, eps, torch.tensor(kept), torch.tensor(kept_next), 1.0, z)

    assert torch.allclose(move(torch.zeros(1, 2)), mean, atol=1e-5)
    assert torch.allclose(move(torch.ones(1, 2)) - mean, torch.full((1, 2), deviation), atol=1e-5)


def test_a_wild_guess_of_the_data_is_held_within_the_limit() -> None:
    moved = samplers.ddim_step(
        torch.ones(1, 2),
        torch.zeros(1, 2),
        torch.tensor(1e-6),
        torch.tensor(1.0),
        0.0,
        torch.zeros(1, 2),
        2.5,
    )
    assert moved.tolist() == [[2.5, 2.5]]


def test_the_best_guess_of_a_single_gaussian_is_the_textbook_one() -> None:
    centre, sd = torch.tensor([[2.0, -1.0]]), 0.5
    xt, a, b = torch.tensor([[1.0, 1.0]]), torch.tensor([0.8]), torch.tensor([0.6])
    gain = 0.8 * 0.25 / (0.64 * 0.25 + 0.36)
    expected = centre + gain * (xt - 0.8 * centre)
    assert torch.allclose(diffusion.exact_x0(xt, a, b, centre, sd), expected, atol=1e-6)


def test_the_best_guess_between_two_points_is_a_hyperbolic_tangent() -> None:
    xt, a, b = torch.tensor([[0.3, 0.4]]), torch.tensor([0.7]), torch.tensor([0.5])
    guess = diffusion.exact_x0(xt, a, b, POINTS, 0.0)
    assert guess.flatten().tolist() == pytest.approx([math.tanh(0.7 * 0.3 / 0.25), 0.0], abs=1e-6)


MU, SD = torch.tensor([1.5, -0.5]), 0.4


def best_velocity(x: Tensor, t: Tensor) -> Tensor:
    """E[eps - x0 | xt] where x0 is Gaussian with mean MU and deviation SD."""
    a, b = (1 - t)[:, None], t[:, None]
    away = (x - a * MU) / (a**2 * SD**2 + b**2)
    return b * away - (MU + a * SD**2 * away)


@pytest.mark.parametrize(("sampler", "nfe", "error"), [("euler", 400, 0.02), ("heun", 80, 0.005)])
def test_flow_samplers_carry_noise_to_a_gaussian_along_its_known_way(
    sampler: str, nfe: int, error: float
) -> None:
    start = torch.randn((200, 2), generator=networks.seeded(0, "cpu"))
    trail = samplers.flow_trail(best_velocity, start, nfe, sampler)
    # the exact flow is x_t = (1 - t) MU + sqrt((1 - t)^2 SD^2 + t^2) start
    assert torch.allclose(trail.points[-1], MU + SD * start, atol=error)
    assert (trail.t[0], trail.t[-1], len(trail.points)) == (1, 0, len(trail.t))


@pytest.mark.parametrize("eta", [0.0, 1.0])
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_ddim_and_ddpm_carry_noise_to_a_gaussian(schedule: str, eta: float) -> None:
    bars = samplers.alpha_bars(schedule, 400)

    def best_noise(x: Tensor, t: Tensor) -> Tensor:
        kept = bars[(t * 400).round().long()][:, None]
        return (1 - kept).sqrt() * (x - kept.sqrt() * MU) / (kept * SD**2 + 1 - kept)

    source = networks.seeded(1, "cpu")
    start = torch.randn((4000, 2), generator=source)
    end = samplers.ddim_trail(best_noise, start, bars, 400, eta, source).points[-1]
    assert end.mean(dim=0).tolist() == pytest.approx(MU.tolist(), abs=0.04)
    assert end.std(dim=0).tolist() == pytest.approx([SD, SD], rel=0.06)


def test_evaluations_are_counted_as_promised() -> None:
    calls = []

    def network(x: Tensor, t: Tensor) -> Tensor:
        calls.append(float(t[0]))
        return torch.zeros_like(x)

    for sampler, nfe in (("euler", 5), ("heun", 6), ("heun", 1)):
        calls.clear()
        samplers.flow_trail(network, torch.zeros(1, 2), nfe, sampler)
        assert len(calls) == nfe
    calls.clear()
    bars = samplers.alpha_bars("cosine", 10)
    samplers.ddim_trail(network, torch.zeros(1, 2), bars, 50, 1.0, networks.seeded(0, "cpu"))
    assert len(calls) == 10
