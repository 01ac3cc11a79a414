"""The cartoon faces, and the demos that learn them."""

from __future__ import annotations

import pytest
import torch

from demos import faces
from demos.networks import seeded


def drawn(n: int, seed: int = 0) -> torch.Tensor:
    return faces.draw_attributes(n, seeded(seed, "cpu"))


@pytest.mark.parametrize("size", [16, 32, 64])
def test_faces_are_pictures_of_the_size_asked_for_in_the_usual_range(size: int) -> None:
    pictures = faces.render(drawn(5), size)

    assert pictures.shape == (5, 3, size, size) and pictures.dtype == torch.float32
    assert pictures.min() >= -1 and pictures.max() <= 1
    assert pictures.std() > 0.3


def test_a_seed_gives_the_same_faces_and_another_seed_gives_others() -> None:
    assert torch.equal(drawn(4, seed=3), drawn(4, seed=3))
    assert not torch.equal(drawn(4, seed=3), drawn(4, seed=4))


def test_attributes_fill_their_range_and_glasses_are_worn_or_not() -> None:
    rows = drawn(2000)

    assert rows.shape == (2000, len(faces.ATTRIBUTES)) and rows.min() >= 0 and rows.max() <= 1
    assert set(rows[:, faces.column("glasses")].tolist()) == {0.0, 1.0}
    assert rows.mean(dim=0) == pytest.approx([0.5] * 10, abs=0.05)


def test_a_face_looks_the_same_alone_and_in_any_company() -> None:
    rows = drawn(faces.CHUNK + 3)
    together = faces.render(rows, 16)

    for i in (0, faces.CHUNK - 1, faces.CHUNK + 2):
        assert torch.allclose(together[i], faces.render(rows[i : i + 1], 16)[0], atol=1e-6)
    assert faces.render(rows[:0], 16).shape == (0, 3, 16, 16)


@pytest.mark.parametrize("name", faces.ATTRIBUTES)
@pytest.mark.parametrize("size", [16, 32])
def test_a_twin_differs_in_one_attribute_and_the_picture_shows_it(name: str, size: int) -> None:
    rows = faces.twins(drawn(64), "glasses", 0.0)
    low, high = faces.twins(rows, name, 0.0), faces.twins(rows, name, 1.0)
    changed = (faces.render(high, size) - faces.render(low, size)).abs().amax(dim=1) > 0.3

    assert torch.equal((low != high).any(dim=0), torch.tensor([other == name for other in faces.ATTRIBUTES]))
    least = 0.04 if name in faces.TAUGHT else 0.02
    assert changed.float().mean() > least


def test_a_twin_takes_one_value_for_each_face() -> None:
    rows = drawn(3)
    values = torch.tensor([0.1, 0.5, 0.9])

    assert torch.equal(faces.twins(rows, "age", values)[:, faces.column("age")], values)
    assert not torch.equal(rows[:, faces.column("age")], values)


def test_an_attribute_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="beard"):
        faces.twins(drawn(1), "beard", 1.0)


def test_blond_hair_is_lighter_than_black_hair_where_hair_is() -> None:
    rows = faces.twins(drawn(16), "age", 0.0)
    top = (slice(None), slice(None), slice(4, 6), slice(14, 18))
    blond = faces.render(faces.twins(rows, "hair", 1.0), 32)[top].mean()
    black = faces.render(faces.twins(rows, "hair", 0.0), 32)[top].mean()

    assert blond > black + 0.8


@pytest.mark.gpu
def test_a_gpu_draws_the_same_faces() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    rows = drawn(8)

    assert torch.allclose(faces.render(rows.cuda(), 32).cpu(), faces.render(rows, 32), atol=1e-3)
