"""The demos' measures, against numbers worked by hand."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.mixture import GaussianMixture

from demos import measures, networks
from demos.mixture import fit_mixture
from demos.toy_data import PointSet, point_set

TWO = PointSet("two", torch.tensor([[-1.0, 0.0], [1.0, 0.0]]), 0.1, True)


def test_points_count_for_the_nearest_centre_within_three_deviations() -> None:
    points = torch.tensor([[-1.0, 0.0], [-1.0, 0.29], [-1.0, 0.31], [1.2, 0.2], [0.0, 0.0]])
    counts, share = measures.mode_counts(points, TWO)
    assert counts.tolist() == [2, 1]
    assert share == pytest.approx(3 / 5)


def test_points_that_are_no_numbers_count_for_nothing() -> None:
    counts, share = measures.mode_counts(torch.full((4, 2), math.nan), TWO)
    assert (counts.tolist(), share) == ([0, 0], 0.0)


def test_strict_modes_need_a_fifth_of_their_fair_share() -> None:
    counts = torch.tensor([90, 2, 1, 0])
    # fair share of 40 points over 4 modes is 10, a fifth of it 2
    assert (measures.captured(counts), measures.captured_strictly(counts, 40)) == (3, 2)
    assert measures.captured_strictly(counts, 41) == 1


def test_imbalance_is_the_divergence_from_equal_shares() -> None:
    assert measures.imbalance(torch.tensor([3, 1])) == pytest.approx(
        0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    )
    assert measures.imbalance(torch.tensor([5, 5, 5])) == pytest.approx(0.0)
    assert measures.imbalance(torch.tensor([7, 0, 0])) == pytest.approx(math.log(3))
    assert measures.imbalance(torch.tensor([0, 0, 0])) == pytest.approx(math.log(3))


def test_sliced_wasserstein_of_a_shift_is_its_length_times_two_over_pi() -> None:
    points = torch.randn((500, 2), generator=networks.seeded(3, "cpu"))
    assert measures.sliced_wasserstein(points, points.flip(0)) == pytest.approx(0.0, abs=1e-6)
    # the mean of |cos| over all directions is 2 / pi
    moved = measures.sliced_wasserstein(points, points + torch.tensor([0.0, 3.0]))
    assert moved == pytest.approx(3 * 2 / math.pi, rel=1e-3)


def test_spread_compares_deviations() -> None:
    assert measures.spread(torch.zeros(10, 2), TWO) == 0.0
    # the variance of TWO is (1 + 0.01) in x and 0.01 in y
    assert TWO.scale == pytest.approx(math.sqrt((1.01 + 0.01) / 2))
    points = TWO.sample(20000, networks.seeded(0, "cpu"))
    assert measures.spread(points, TWO) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("name", ["ring8", "grid25", "moons", "spiral", "gaussian"])
def test_real_points_stand_at_the_floor_of_their_own_measures(name: str) -> None:
    data = point_set(name)
    points = data.sample(4000, networks.seeded(1, "cpu"))
    figures = measures.live_figures(points, data)
    # a round Gaussian has 1 - exp(-9 / 2) of its mass within 3 deviations
    assert figures["high_quality_share"] >= 1 - math.exp(-4.5) - 0.01
    assert figures.get("strict_modes", len(data.centres)) == len(data.centres)
    assert figures.get("coverage", 1.0) > 0.99
    assert points.mean(dim=0).norm() < 0.6


def test_full_metrics_put_floor_baseline_and_n_beside_each_value() -> None:
    collapsed = TWO.centres[:1].repeat(500, 1)
    train = TWO.sample(500, networks.seeded(0, "cpu"))
    metrics, name = measures.full_metrics(collapsed, TWO, train, seed=0)
    assert name == "a mixture of 2 Gaussians"
    assert (metrics["modes"].value, metrics["modes"].floor, metrics["modes"].baseline) == (1, 2, 2)
    assert metrics["imbalance"].value == pytest.approx(math.log(2))
    assert metrics["spread"].value == 0.0
    assert metrics["sliced_wasserstein"].value > 10 * metrics["sliced_wasserstein"].floor
    assert {metric.n for metric in metrics.values()} == {500}


@pytest.mark.parametrize(("name", "components"), [("ring8", 8), ("grid25", 25), ("gaussian", 1)])
def test_the_mixture_of_gaussians_is_as_likely_as_scikit_learns(name: str, components: int) -> None:
    points, fresh = (point_set(name).sample(1500, networks.seeded(seed, "cpu")) for seed in (0, 1))
    ours = fit_mixture(points, components, networks.seeded(2, "cpu"))
    known = GaussianMixture(components, random_state=0).fit(points.double().numpy())
    assert float(ours.log_density(fresh).mean()) == pytest.approx(
        known.score(fresh.double().numpy()), abs=2e-3
    )
    assert float(ours.weights.sum()) == pytest.approx(1.0)


def test_points_drawn_from_a_mixture_have_its_means_and_spreads() -> None:
    train = torch.randn((4000, 2), generator=networks.seeded(0, "cpu")) * torch.tensor([2.0, 0.5]) + 3
    name, draw = measures.classical_baseline(train, 1, seed=0)
    points = draw(4000)
    assert name == "a mixture of 1 Gaussians"
    assert points.dtype == train.dtype
    assert points.mean(dim=0).tolist() == pytest.approx([3.0, 3.0], abs=0.15)
    assert points.std(dim=0).tolist() == pytest.approx([2.0, 0.5], rel=0.06)


def test_a_mixture_of_equal_points_stays_finite() -> None:
    mixture = fit_mixture(torch.ones((6, 3)), 4, networks.seeded(0, "cpu"))
    assert bool(mixture.log_density(torch.ones((1, 3))).isfinite().all())
    assert bool(mixture.sample(5, networks.seeded(1, "cpu")).isfinite().all())
