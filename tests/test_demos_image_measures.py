"""The measures of small images, against numbers worked by hand and against scikit-learn and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from sklearn.datasets import load_digits as bundled
from sklearn.neighbors import NearestNeighbors

from demos import image_measures as measures
from demos.digits import ImageSet, load_digits
from demos.networks import seeded

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def digits() -> tuple[ImageSet, ImageSet]:
    return load_digits()


@pytest.fixture(scope="module")
def judge(digits: tuple[ImageSet, ImageSet]) -> measures.Judge:
    return measures.Judge(*digits)


def test_the_digits_are_split_the_same_way_each_time_and_held_out_ones_are_kept_apart(
    digits: tuple[ImageSet, ImageSet],
) -> None:
    train, held_out = digits
    assert (train.images.shape, held_out.images.shape) == ((1400, 1, 8, 8), (397, 1, 8, 8))
    assert (float(train.images.min()), float(train.images.max())) == (-1.0, 1.0)
    assert torch.equal(load_digits()[0].images, train.images)
    assert float(measures.nearest_distance(held_out.images, train.images).min()) > 0
    assert train.labels.bincount().min() > 120 and held_out.labels.bincount().min() > 25


def test_the_digits_are_those_that_scikit_learn_gives(digits: tuple[ImageSet, ImageSet]) -> None:
    given = bundled()
    pixels = torch.cat([part.images for part in digits]).flatten(1).add(1).mul(8)
    labels = torch.cat([part.labels for part in digits])
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(0)).numpy()
    assert np.array_equal(pixels.numpy(), given.data[order])
    assert np.array_equal(labels.numpy(), given.target[order])


def test_frechet_distance_of_gaussians_in_one_and_two_dimensions_is_known() -> None:
    # in 1-D it is (mean_a - mean_b)^2 + (sd_a - sd_b)^2; {0, 2} has sd sqrt(2), {5, 11} has sd sqrt(18)
    a, b = torch.tensor([[0.0], [2.0]]), torch.tensor([[5.0], [11.0]])
    assert measures.frechet_distance(a, b) == pytest.approx(7**2 + (math.sqrt(18) - math.sqrt(2)) ** 2)
    points = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    # three times as wide: the deviation sqrt(2 / 3) of each axis grows by 2 sqrt(2 / 3)
    assert measures.frechet_distance(points, 3 * points) == pytest.approx(2 * 4 * 2 / 3, rel=1e-5)
    assert measures.frechet_distance(points, points) == pytest.approx(0.0, abs=1e-9)


def test_frechet_distance_agrees_with_scipys_matrix_root() -> None:
    source = seeded(0, "cpu")
    a = torch.randn((60, 5), generator=source) @ torch.randn((5, 5), generator=source)
    b = torch.randn((80, 5), generator=source) @ torch.randn((5, 5), generator=source) + 1
    cov_a, cov_b = np.cov(a.double().numpy().T), np.cov(b.double().numpy().T)
    shift = ((a.double().mean(0) - b.double().mean(0)) ** 2).sum().item()
    expected = shift + np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)
    assert measures.frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_stands_features_that_never_fire() -> None:
    a = torch.tensor([[0.0, 1.0], [0.0, 3.0], [0.0, 5.0]])
    assert measures.frechet_distance(a, a + torch.tensor([0.0, 2.0])) == pytest.approx(4.0)


def test_kernel_distance_matches_a_sum_over_pairs() -> None:
    a, b = torch.tensor([[1.0], [2.0]]), torch.tensor([[0.0], [3.0]])
    # k(x, y) = (x y + 1)^3: within a: k(1, 2) = 27; within b: k(0, 3) = 1; across: 1, 64, 1, 343
    assert measures.kernel_distance(a, b) == pytest.approx(27 + 1 - 2 * (1 + 64 + 1 + 343) / 4)


def test_kernel_distance_is_unbiased_for_small_samples() -> None:
    source = seeded(1, "cpu")
    draws = [
        measures.kernel_distance(
            torch.randn((20, 4), generator=source), torch.randn((20, 4), generator=source)
        )
        for _ in range(400)
    ]
    mean, sd = float(np.mean(draws)), float(np.std(draws))
    assert abs(mean) < 4 * sd / math.sqrt(len(draws))
    assert min(draws) < 0


def test_neighbourhoods_of_points_on_a_line_match_a_count_by_hand() -> None:
    real = torch.tensor([[0.0], [1.0], [3.0], [10.0]])  # nearest neighbours at 1, 1, 2 and 7
    fake = torch.tensor([[0.5], [3.5], [30.0]])  # nearest neighbours at 3, 3 and 26.5
    near = measures.neighbourhoods(real, fake, k=1)
    # 0.5 lies in the balls of 0 and 1; 3.5 in those of 3 and of 10; 30 in none
    assert near.precision == pytest.approx(2 / 3)
    assert near.density == pytest.approx((2 + 2 + 0) / 3)
    # reals in fake balls: 0, 1, 3 near 0.5 or 3.5, and 10 within 26.5 of 30
    assert near.recall == 1.0
    assert near.coverage == 1.0
    shifted = measures.neighbourhoods(real, torch.tensor([[0.4], [0.6], [0.5]]), k=1)
    assert (shifted.precision, shifted.recall, shifted.coverage) == (1.0, 0.0, 0.5)


def test_neighbourhoods_agree_with_scikit_learns_neighbours() -> None:
    source = seeded(2, "cpu")
    real, fake = torch.randn((120, 6), generator=source), 0.8 * torch.randn((90, 6), generator=source) + 0.3
    near = measures.neighbourhoods(real, fake, k=5)

    def radius(points: torch.Tensor) -> np.ndarray:
        return NearestNeighbors(n_neighbors=6).fit(points.numpy()).kneighbors(points.numpy())[0][:, -1]

    across = np.linalg.norm(real.numpy()[:, None] - fake.numpy()[None], axis=2)
    in_real, in_fake = across < radius(real)[:, None], across < radius(fake)[None]
    assert near.precision == pytest.approx(in_real.any(0).mean())
    assert near.recall == pytest.approx(in_fake.any(1).mean())
    assert near.density == pytest.approx(in_real.sum(0).mean() / 5)
    assert near.coverage == pytest.approx(in_real.any(1).mean())


def test_inception_score_runs_from_one_to_the_number_of_classes() -> None:
    sure = 60 * torch.eye(10)
    assert measures.inception_score(sure) == pytest.approx(10.0, rel=1e-5)
    assert measures.inception_score(sure[:1].repeat(7, 1)) == pytest.approx(1.0)
    assert measures.inception_score(torch.zeros(5, 10)) == pytest.approx(1.0)
    # p = (3/4, 1/4) and (1/4, 3/4), marginal one half: KL = 3/4 ln(3/2) + 1/4 ln(1/2)
    logits = torch.tensor([[math.log(3.0), 0.0], [0.0, math.log(3.0)]])
    expected = math.exp(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    assert measures.inception_score(logits) == pytest.approx(expected, rel=1e-6)


def test_memorisation_compares_distances_to_the_nearest_training_image() -> None:
    train = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    held_out = torch.tensor([[0.0, 2.0], [10.0, 4.0]])
    assert measures.memorisation_ratio(torch.tensor([[3.0, 0.0]]), train, held_out) == pytest.approx(1.0)
    assert measures.memorisation_ratio(train, train, held_out) == 0.0


def test_the_judge_reads_held_out_digits_and_gives_the_same_figures_each_time(
    judge: measures.Judge, digits: tuple[ImageSet, ImageSet]
) -> None:
    assert judge.accuracy > 0.95
    again = measures.Judge(*digits)
    assert again.floors() == judge.floors()


def test_real_held_out_images_stand_at_the_floor(
    judge: measures.Judge, digits: tuple[ImageSet, ImageSet]
) -> None:
    _, held_out = digits
    figures = judge.figures(held_out.images, held_out.labels)
    assert set(figures) == set(measures.MEANINGS)
    assert figures["fd_digits64"].value < 2 * figures["fd_digits64"].floor
    assert abs(figures["kid"].value) < 0.05
    assert min(figures[name].value for name in ("precision", "recall", "class_accuracy")) > 0.93
    assert figures["memorisation"].value == pytest.approx(1.0)
    assert figures["fd_digits64"].floor_spread > 0


def test_noise_and_a_single_repeated_digit_are_told_from_real_ones(
    judge: measures.Judge, digits: tuple[ImageSet, ImageSet]
) -> None:
    train, _ = digits
    noise = judge.figures(torch.randn(train.images[:700].shape, generator=seeded(0, "cpu")).clamp(-1, 1))
    assert noise["fd_digits64"].value > 20 * noise["fd_digits64"].floor
    assert noise["precision"].value < 0.05 and noise["memorisation"].value > 2
    one = judge.figures(train.images[:1].repeat(700, 1, 1, 1))
    assert one["inception_score"].value == pytest.approx(1.0)
    assert one["memorisation"].value == pytest.approx(0.0, abs=1e-3)
    assert one["recall"].value == 0.0


def test_metrics_carry_n_floor_baseline_and_the_floors_spread(
    judge: measures.Judge, digits: tuple[ImageSet, ImageSet]
) -> None:
    train, held_out = digits
    metrics = judge.metrics(held_out.images, baseline=-train.images[:397])
    assert "class_accuracy" not in metrics
    fd = metrics["fd_digits64"]
    assert (fd.n, fd.better) == (397, "low")
    assert fd.baseline is not None and fd.baseline > 10 * fd.value
    assert "not FID" in fd.meaning and "+-" in fd.meaning
    live = judge.live_figures(held_out.images, held_out.labels)
    assert set(live) == {"fd_digits64", "precision", "recall", "class_accuracy"}
