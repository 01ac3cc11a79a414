"""The cartoon faces, and the demos that learn them."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from PIL import Image
from torch.distributions import Normal, kl_divergence

from demos import face_measures, face_space, face_vae, faces, latent_diffusion
from demos.catalogue_faces import DEMOS as FACE_DEMOS
from demos.catalogue_faces import FACE_VAE, LATENT_DIFFUSION
from demos.knobs import Demo
from demos.networks import seeded
from demos.steps import Result, RunSettings, Step


def still_clock() -> float:
    return 0.0


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


# --- the demos ---


def settings(seed: int = 0, clock: Any = still_clock, budget_s: float = 60.0) -> RunSettings:
    return RunSettings(seed, "cpu", budget_s, clock)


def ended(demo: Demo, run: RunSettings, **knobs: object) -> tuple[list[Step], Result]:
    """All steps of a run, and its result."""
    moments = list(demo.load_run()(demo.knob_values(knobs), run))
    result = moments.pop()
    assert isinstance(result, Result)
    return [moment for moment in moments if isinstance(moment, Step)], result


@pytest.fixture(autouse=True)
def _small_sets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thread, and few faces: what is tested is the way, not the figures."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(face_vae, "POOL", 600)
    monkeypatch.setattr(face_vae, "HELD_OUT", 64)
    monkeypatch.setattr(face_measures.FaceJudge.__init__, "__defaults__", (200, None))
    yield
    torch.set_num_threads(before)


SHORT: dict[str, dict[str, object]] = {
    "face-vae": {"steps": 30, "width": 64},
    "latent-diffusion": {"steps": 40, "width": 64, "nfe": 4, "pixel_share": 0.2},
}


def test_the_kl_of_a_gaussian_matches_torch() -> None:
    mean, log_variance = torch.tensor([[0.0, 1.5]]), torch.tensor([[0.0, -1.0]])
    normal = Normal(mean, (0.5 * log_variance).exp())
    expected = kl_divergence(normal, Normal(torch.zeros(1, 2), torch.ones(1, 2)))

    assert torch.allclose(face_space.kl_by_number(mean, log_variance), expected)


def test_the_loss_of_the_vae_matches_numbers_worked_by_hand() -> None:
    target, made = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 3.0]])
    kl = torch.tensor([[1.0, 1.0], [0.0, 4.0]])

    # errors 1 + 4 and 9, KL 2 and 4: (5 + 0.5 x 2 + 9 + 0.5 x 4) / 2
    assert face_space.vae_loss(target, made, kl, 0.5).item() == pytest.approx(8.5)


def test_decibels_match_a_number_worked_by_hand() -> None:
    assert face_space.decibels(torch.zeros(1, 4), torch.full((1, 4), 0.2)) == pytest.approx(20.0, abs=1e-4)


def test_eigenfaces_agree_with_the_exact_decomposition() -> None:
    images = faces.render(drawn(300), 16)
    flat = images.flatten(1)
    eigen = face_space.find_eigenfaces(images, seeded(0, "cpu"), q=12)
    _, strength, right = torch.linalg.svd(flat - flat.mean(dim=0), full_matrices=False)

    assert torch.allclose(eigen.basis.T @ eigen.basis, torch.eye(12), atol=1e-4)
    assert torch.allclose(eigen.sd[:4], strength[:4] / 300**0.5, rtol=1e-2)
    assert (eigen.basis[:, 0] @ right[0]).abs() > 0.999
    back = eigen.pictures(eigen.coordinates(images))
    assert back.shape == images.shape and face_space.decibels(images, back) > 20


def test_axes_recover_how_codes_were_made() -> None:
    rows = drawn(200)
    true = torch.randn((10, 5), generator=seeded(1, "cpu"))
    swing = torch.randn((10, 5), generator=seeded(2, "cpu"))

    def code(attributes: torch.Tensor) -> torch.Tensor:
        return attributes @ true + (4 * attributes * (1 - attributes)) @ swing + 3

    axes = face_space.find_axes(code(rows), rows)
    moved = axes.moved(code(rows), rows, "smile", 0.7)
    straight = face_space.find_axes(code(rows), rows, bent=False)

    assert torch.allclose(axes.slope, true, atol=1e-3)
    assert torch.allclose(moved, code(faces.twins(rows, "smile", 0.7)), atol=1e-3)
    assert not straight.bend.any() and not torch.allclose(straight.slope, true, atol=1e-2)


def test_an_edit_names_its_effect_and_its_worst_side_effect() -> None:
    low, high = torch.zeros(4, 10), torch.zeros(4, 10)
    high[:, faces.column("hair")] = 0.9
    high[:, faces.column("age")] = -0.2

    assert face_space.edit_of("hair", low, high) == face_space.Edit(
        pytest.approx(0.9), pytest.approx(0.2), "age"
    )


def test_the_kept_reader_reads_faces_it_never_saw() -> None:
    rows = drawn(400, seed=77)
    read = face_measures.load_reader("cpu")(faces.render(rows, 32))
    for name in faces.TAUGHT:
        column = faces.column(name)
        left = (read - rows)[:, column].square().mean() / rows[:, column].var()
        assert left < 0.1, name
    assert face_measures.WEIGHTS.stat().st_size < 500_000


def test_a_reader_can_be_trained_anew() -> None:
    rows = drawn(200, seed=5)
    trained = face_measures.train_reader(100, pool=300, batch=32)
    error = (trained(faces.render(rows, 32)) - rows)[:, faces.column("background")].square().mean()
    assert error < 0.06  # a guess of one half for all would be at 1 / 12


def test_a_judge_finds_real_faces_real_and_copies_copied() -> None:
    train = faces.render(drawn(600), 32)
    judge = face_measures.FaceJudge(train, "cpu")
    real = judge.metrics(faces.render(drawn(200, seed=8), 32), baseline=train[:200] * 0.5)
    copied = judge.metrics(train[:200])

    assert real["fd_faces64"].value < 2 * real["fd_faces64"].floor
    assert real["fd_faces64"].baseline is not None
    assert real["fd_faces64"].baseline > 5 * real["fd_faces64"].floor
    assert real["memorisation"].value == pytest.approx(1.0, abs=0.15)
    assert copied["memorisation"].value == pytest.approx(0.0, abs=0.01)


def test_guidance_matches_numbers_worked_by_hand() -> None:
    plain, wished = torch.tensor([1.0]), torch.tensor([3.0])
    told = [latent_diffusion.guided(plain, wished, w).item() for w in (0.0, 1.0, 2.0)]
    assert told == [1.0, 3.0, 5.0]


def test_a_network_that_is_told_nothing_does_not_look_at_the_wish() -> None:
    flow = latent_diffusion.FaceFlow(3, 8, seeded(0, "cpu"))
    xt, t, told = torch.randn(2, 3), torch.rand(2), torch.ones(2, 1)
    some, other = torch.zeros(2, 4), torch.ones(2, 4)

    assert torch.equal(flow(xt, t, some, 0 * told), flow(xt, t, other, 0 * told))
    assert not torch.equal(flow(xt, t, some, told), flow(xt, t, other, told))


def test_both_flows_get_the_same_multiplications() -> None:
    knobs = LATENT_DIFFUSION.knob_values({"steps": 1000, "width": 64})
    state = latent_diffusion.LatentRun(knobs, settings())
    vae = state.parts["vae"] * 128 * state.vae.vae.multiplications
    latent = state.parts["latent"] * 128 * state.latent.network.multiplications
    pixel = state.parts["pixel"] * 128 * state.pixel.network.multiplications
    assert pixel == pytest.approx(vae + latent, rel=0.02)


@pytest.mark.parametrize("demo", FACE_DEMOS, ids=lambda demo: demo.name)
def test_a_short_run_comes_to_finite_figures_and_can_be_drawn(demo: Demo) -> None:
    steps, result = ended(demo, settings(), **SHORT[demo.name])

    assert result.outcome == "done" and result.step == steps[-1].step
    assert all(math.isfinite(metric.value) and metric.n > 0 for metric in result.metrics.values())
    assert all(math.isfinite(metric.floor) for metric in result.metrics.values())
    assert {"fd_faces64", "recall", "memorisation"} <= result.metrics.keys()
    assert 3 <= len(result.observations) <= 6 and result.verdict.endswith(".")
    with Image.open(io.BytesIO(demo.load_draw()(result.look))) as picture:
        assert picture.size == (900, 420)


@pytest.mark.parametrize("demo", FACE_DEMOS, ids=lambda demo: demo.name)
def test_the_same_seed_gives_the_same_result_whoever_looks_on(demo: Demo) -> None:
    knobs = demo.knob_values(SHORT[demo.name])
    pictures, watched = [], None
    for moment in demo.load_run()(knobs, settings(seed=5)):
        if isinstance(moment, Result):
            watched = moment
        elif moment.key:
            pictures.append(demo.load_draw()(moment.look()))
    _, unwatched = ended(demo, settings(seed=5), **SHORT[demo.name])

    assert watched is not None and len(set(pictures)) >= 2
    assert watched.metrics == unwatched.metrics and watched.observations == unwatched.observations


@pytest.mark.parametrize("demo", FACE_DEMOS, ids=lambda demo: demo.name)
def test_a_learning_rate_that_breaks_the_training_is_told(demo: Demo) -> None:
    _, result = ended(demo, settings(), **(SHORT[demo.name] | {"lr": 1.0, "steps": 200}))

    if result.outcome == "diverged":
        assert result.metrics == {} and "diverged at step" in result.verdict and result.observations
    else:
        assert result.verdict.startswith("Not learned")
    assert demo.load_draw()(result.look).startswith(b"\x89PNG")


def test_a_flow_whose_answers_are_no_longer_numbers_has_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent_diffusion.FaceFlow, "forward", lambda self, xt, t, wish, told: xt * math.nan)
    monkeypatch.setattr(torch.Tensor, "backward", lambda self: None)
    _, result = ended(LATENT_DIFFUSION, settings(), **SHORT["latent-diffusion"])

    assert (result.outcome, result.metrics) == ("diverged", {})


@pytest.mark.parametrize("demo", FACE_DEMOS, ids=lambda demo: demo.name)
def test_a_budget_cuts_a_run_off_and_also_decides_alone(demo: Demo) -> None:
    ticks = itertools.count()
    _, cut = ended(demo, settings(clock=lambda: next(ticks) * 0.5), **(SHORT[demo.name] | {"steps": 5000}))
    _, timed = ended(demo, settings(clock=lambda: next(ticks) * 0.5), **(SHORT[demo.name] | {"steps": 0}))

    assert cut.outcome == "out of time" and "time budget of 60 s" in cut.observations[0]
    assert timed.outcome == "done" and timed.step > 3


def test_faces_of_twice_the_size_are_learned_and_judged_as_well() -> None:
    _, result = ended(FACE_VAE, settings(), steps=5, width=32, size="64")

    assert isinstance(result.look, face_vae.FaceVaeLook) and result.look.rebuilt.shape == (8, 64, 64, 3)
    assert result.metrics["fd_faces64"].value > result.metrics["fd_faces64"].floor


def test_a_large_beta_collapses_the_posterior_and_the_verdict_says_so() -> None:
    _, result = ended(FACE_VAE, settings(), steps=150, width=64, beta=100.0)

    assert result.metrics["numbers_in_use"].value <= 4
    assert result.verdict.startswith(("Posterior collapse", "Partly learned"))


@pytest.mark.slow
def test_the_quick_runs_reach_their_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    torch.set_num_threads(1)
    run = settings(budget_s=600.0)
    *_, vae = FACE_VAE.load_run()(FACE_VAE.knob_values({}, "quick"), run)
    *_, latent = LATENT_DIFFUSION.load_run()(LATENT_DIFFUSION.knob_values({}, "quick"), run)

    assert isinstance(vae, Result) and isinstance(latent, Result)
    assert vae.metrics["psnr_db"].value > 33
    assert all(vae.metrics[f"edit_{name}"].value >= 0.6 for name in faces.TAUGHT)
    assert vae.metrics["worst_leak"].value <= 0.15
    assert latent.metrics["fd_faces64"].value <= 4 * latent.metrics["fd_faces64"].floor
    assert latent.metrics["recall"].value > 0.8
    assert latent.metrics["fd_faces64"].value < latent.metrics["pixel_fd_faces64"].value
