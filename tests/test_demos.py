"""The demos: figures against numbers worked by hand, losses and samplers against the papers."""

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
from torch import nn

from demos import diffusion, gan, measures, networks
from demos.catalogue import DEMOS, find_demo
from demos.catalogue_points import DIFFUSION_2D, GAN_2D, MODE_COLLAPSE
from demos.drawing import save_film
from demos.knobs import Demo, DemoArgumentError
from demos.steps import Pace, Result, RunSettings, Step

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[1]


def still_clock() -> float:
    return 0.0


def ticking_clock(tick_s: float) -> Any:
    """A clock that moves on by `tick_s` at every reading."""
    readings = itertools.count()
    return lambda: next(readings) * tick_s


def settings(seed: int = 0, clock: Any = still_clock, budget_s: float = 60.0) -> RunSettings:
    return RunSettings(seed, "cpu", budget_s, clock)


def ended(demo: Demo, run: RunSettings, **knobs: object) -> tuple[list[Step], Result]:
    moments = list(demo.load_run()(demo.knob_values(knobs), run))
    result = moments.pop()
    assert isinstance(result, Result)
    assert all(isinstance(moment, Step) for moment in moments)
    return [moment for moment in moments if isinstance(moment, Step)], result


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.name)
def test_every_default_is_within_its_own_bounds(demo: Demo) -> None:
    assert all(knob.parse(knob.default) == knob.default for knob in demo.knobs)
    assert demo.knob_values({}, "quick").keys() == {knob.name for knob in demo.knobs}


def test_knobs_given_as_text_become_numbers() -> None:
    values = GAN_2D.knob_values({"g_lr": "2e-3", "steps": "50", "loss": "lsgan"})
    assert (values["g_lr"], values["steps"], values["loss"]) == (0.002, 50, "lsgan")


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        ("g_lr", "0.5"), ("g_lr", "nan"), ("g_lr", "inf"), ("g_lr", "fast"), ("steps", "2.5"), ("steps", -1),
        ("steps", True), ("batch", 10**400), ("loss", "hinge"), ("loss", 3),
    ],
)  # fmt: skip
def test_a_knob_out_of_bounds_is_refused_with_its_bounds(knob: str, value: object) -> None:
    with pytest.raises(DemoArgumentError) as caught:
        GAN_2D.knob_values({knob: value})
    bounds = {
        "g_lr": "1e-05 to 0.02",
        "steps": "0 to 20000",
        "batch": "16 to 2048",
        "loss": "ns, lsgan, wgan-gp, rp",
    }
    assert knob in caught.value.what
    assert bounds[knob] in str(caught.value)


def test_an_unknown_knob_is_refused_with_the_known_names() -> None:
    with pytest.raises(DemoArgumentError, match=r"no knob 'lr'.*g_lr, d_lr"):
        GAN_2D.knob_values({"lr": 0.1})


def test_an_unknown_demo_is_refused_with_the_known_names() -> None:
    with pytest.raises(DemoArgumentError, match="gan-2d, diffusion-2d"):
        find_demo("gan-3d")


def test_a_sampler_that_does_not_fit_the_method_is_refused() -> None:
    with pytest.raises(DemoArgumentError, match="auto, euler or heun"):
        ended(DIFFUSION_2D, settings(), sampler="ddim", steps=1)


def test_a_device_that_is_unknown_or_absent_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert networks.pick_device("auto") == "cpu"
    for device in ("cuda", "tpu"):
        with pytest.raises(DemoArgumentError, match="cpu"):
            networks.pick_device(device)


def test_listing_the_demos_loads_nothing_heavy() -> None:
    code = (
        "import sys; from demos.__main__ import main; main(['list']); "
        "assert not {'torch', 'numpy', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = json.loads(done.stdout)
    assert [demo["name"] for demo in listed] == [demo.name for demo in DEMOS]
    assert all({"name", "title", "concept", "knobs", "expected_s"} <= demo.keys() for demo in listed)


def test_non_saturating_losses_match_numbers_worked_by_hand() -> None:
    zero, ln3 = torch.zeros(2), torch.full((2,), math.log(3.0))
    assert gan.discriminator_loss("ns", zero, zero).item() == pytest.approx(2 * math.log(2))
    # sigmoid(ln 3) = 3/4: real points believed with 3/4, generated ones too
    expected = -math.log(3 / 4) - math.log(1 / 4)
    assert gan.discriminator_loss("ns", ln3, ln3).item() == pytest.approx(expected)
    assert gan.generator_loss("ns", ln3).item() == pytest.approx(-math.log(3 / 4))


def test_least_squares_and_wasserstein_losses_match_numbers_worked_by_hand() -> None:
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.0, -2.0])
    assert gan.discriminator_loss("lsgan", real, fake).item() == pytest.approx(0.5 * 2 + 0.5 * 2)
    assert gan.generator_loss("lsgan", fake).item() == pytest.approx(0.5 * (1 + 9) / 2)
    assert gan.discriminator_loss("wgan-gp", real, fake).item() == pytest.approx(-1 - 2)
    assert gan.generator_loss("wgan-gp", fake).item() == pytest.approx(1.0)


def test_the_gradient_penalty_of_a_linear_critic_is_known() -> None:
    critic = nn.Linear(2, 1)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([[3.0, 4.0]]))
    penalty = gan.gradient_penalty(critic, torch.randn(6, 2), torch.randn(6, 2), torch.rand(6, 1))
    assert penalty.item() == pytest.approx((5 - 1) ** 2, rel=1e-5)


@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_adam_moves_weights_as_torchs_own_does(decay: float) -> None:
    ours, theirs = (networks.mlp([3, 5, 2], nn.SiLU, networks.seeded(0, "cpu")) for _ in range(2))
    adam = networks.Adam(ours.parameters(), betas=(0.3, 0.9), decay=decay)
    known = torch.optim.AdamW(theirs.parameters(), betas=(0.3, 0.9), weight_decay=decay)
    for step in range(5):
        adam.rate = known.param_groups[0]["lr"] = 0.01 * (step + 1)
        x = torch.randn((8, 3), generator=networks.seeded(step, "cpu"))
        for network, optimiser in ((ours, adam), (theirs, known)):
            optimiser.zero_grad()
            network(x).square().sum().backward()
            optimiser.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(mine, other, atol=1e-6)


def test_adam_leaves_weights_without_a_gradient_alone() -> None:
    used, unused = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    adam = networks.Adam([unused, used])
    adam.rate = 0.1
    adam.step()
    used.sum().backward()
    adam.step()
    assert unused.tolist() == [1.0, 1.0]
    assert used.tolist() == pytest.approx([0.9, 0.9])


def test_a_run_does_not_load_torchs_compiler() -> None:
    code = (
        "import sys; from demos.catalogue import find_demo; from demos.steps import RunSettings; "
        "demo = find_demo('gan-2d'); knobs = demo.knob_values({'steps': 2}); "
        "print(len(list(demo.load_run()(knobs, RunSettings(0, 'cpu', 60.0, lambda: 0.0))))); "
        "assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)


def test_a_short_gan_run_finds_modes_that_it_did_not_have() -> None:
    knobs = GAN_2D.knob_values({"steps": 700})
    run = GAN_2D.load_run()(knobs, settings())
    first = next(run)
    assert isinstance(first, Step)
    before = first.look().metrics["strict_modes"]
    result = list(run)[-1]
    assert isinstance(result, Result)
    assert result.outcome == "done"
    assert result.metrics["strict_modes"].value >= before + 5
    assert result.metrics["high_quality_share"].value > 0.25
    assert result.metrics["high_quality_share"].floor > 0.97
    assert any("2 ln 2" in sentence for sentence in result.observations)


@pytest.mark.parametrize("loss", ["lsgan", "wgan-gp"])
def test_the_other_gan_losses_train_as_well(loss: str) -> None:
    _, result = ended(GAN_2D, settings(), loss=loss, steps=300, data="moons", d_steps=2)
    assert result.metrics["sliced_wasserstein"].value < 1.0
    assert result.metrics["coverage"].n == measures.N_MEASURED


def test_a_generator_far_faster_than_the_discriminator_collapses() -> None:
    _, result = ended(GAN_2D, settings(), steps=900, d_lr=1e-4, g_lr=1e-3)
    assert result.metrics["strict_modes"].value <= 1
    assert result.verdict.startswith("Mode collapse")
    assert result.notes[0] == "mode-collapse"
    assert any("10 times" in sentence for sentence in result.observations)


@pytest.mark.parametrize("demo", (GAN_2D, DIFFUSION_2D, MODE_COLLAPSE), ids=lambda demo: demo.name)
def test_the_same_seed_gives_the_same_result_whoever_looks_on(demo: Demo) -> None:
    knobs = demo.knob_values({"steps": 40, "batch": 64})
    watched = []
    for moment in demo.load_run()(knobs, settings(seed=5)):
        watched.append(moment.look() if isinstance(moment, Step) else moment)
    _, unwatched = ended(demo, settings(seed=5), steps=40, batch=64)
    _, other = ended(demo, settings(seed=6), steps=40, batch=64)
    assert isinstance(watched[-1], Result)
    assert watched[-1].metrics == unwatched.metrics
    assert watched[-1].observations == unwatched.observations
    assert other.metrics != unwatched.metrics


def test_a_run_whose_losses_are_no_longer_numbers_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gan, "generator_loss", lambda loss, fake, real: fake.mean() * math.nan)
    steps, result = ended(GAN_2D, settings(), steps=2000, batch=32)
    assert (result.outcome, result.metrics) == ("diverged", {})
    assert len(steps) < 300
    assert png_size(GAN_2D.load_draw()(result.look)) == (900, 420)


def test_a_preset_sets_knobs_that_the_student_may_still_change() -> None:
    quick = GAN_2D.knob_values({}, "quick")

    assert quick["steps"] == 2500 and GAN_2D.knob_values({})["steps"] == 4000
    assert GAN_2D.knob_values({"steps": 7}, "quick") == {**quick, "steps": 7}
    with pytest.raises(DemoArgumentError, match=r"no preset 'huge'. Its presets are quick, normal, long"):
        GAN_2D.knob_values({}, "huge")


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.name)
def test_every_demo_has_three_presets_of_allowed_knobs(demo: Demo) -> None:
    assert list(demo.presets) == ["quick", "normal", "long"]
    assert all(
        demo.knob_values({}, name).keys() == {knob.name for knob in demo.knobs} for name in demo.presets
    )
    budgets = [preset.budget_s for preset in demo.presets.values()]
    # A model of 135 million numbers takes longer than the others' small ones.
    quick, normal = (40, 150) if demo.name == "fine-tuning" else (15, 60)
    assert budgets == sorted(budgets) and budgets[0] <= quick and budgets[1] <= normal


def test_a_budget_that_is_spent_ends_a_run_of_fixed_steps() -> None:
    steps, result = ended(GAN_2D, settings(clock=ticking_clock(0.05), budget_s=10), steps=5000, batch=32)
    assert result.outcome == "out of time"
    assert 0 < result.step < 200
    assert steps[-1].step == result.step
    assert "time budget of 10 s" in result.observations[0]


def test_without_steps_the_budget_alone_decides_and_anneals() -> None:
    pace = Pace(0, settings(clock=ticking_clock(1.0), budget_s=100.0))
    fractions = []
    while not pace.done:
        pace.step += 1
        fractions.append(pace.fraction)
    assert fractions[0] < 0.1 and fractions[-1] > 0.95
    assert sorted(fractions) == fractions
    assert not pace.out_of_time


def test_on_a_slow_machine_the_rate_follows_the_clock_and_on_a_fast_one_the_steps_alone() -> None:
    slow = Pace(100, settings(clock=ticking_clock(0.25), budget_s=10.0))
    fractions = []
    while not slow.done:
        slow.step += 1
        fractions.append(slow.fraction)
    assert slow.out_of_time and slow.step < 30
    assert fractions[-1] > 0.95 and sorted(fractions) == fractions
    fast = Pace(100, settings(clock=ticking_clock(0.25), budget_s=1000.0))
    for fast.step in range(1, 101):
        assert fast.fraction == fast.step / 100


def test_time_left_follows_the_steps_but_not_beyond_the_budget() -> None:
    now_s = 0.0
    pace = Pace(100, RunSettings(0, "cpu", 30.0, lambda: now_s))
    assert pace.left_s == 30.0
    now_s, pace.step = 2.0, 20
    assert pace.left_s == pytest.approx(8.0)
    now_s = 20.0
    assert pace.left_s == pytest.approx(10.0)


def test_the_learning_rate_falls_along_half_a_cosine() -> None:
    rates = [networks.cosine_rate(1.0, fraction) for fraction in (0.0, 0.5, 1.0)]
    assert rates == pytest.approx([1.0, 0.51, 0.02])


def test_the_average_of_weights_remembers_a_twentieth_of_the_run() -> None:
    source = nn.Linear(1, 1)
    nn.init.zeros_(source.weight)
    averaged = networks.AveragedCopy(source)
    nn.init.ones_(source.weight)
    averaged.update(source, step=0, total_steps=1000)
    assert averaged.network.weight.item() == pytest.approx(0.9)  # type: ignore[operator]
    averaged.update(source, step=900, total_steps=1000)
    assert averaged.network.weight.item() == pytest.approx(1 - 0.1 * (1 - 1 / 50))  # type: ignore[operator]


@pytest.mark.parametrize("method", ["flow", "ddpm"])
def test_a_trained_network_comes_near_the_best_possible_answers(method: str) -> None:
    knobs = DIFFUSION_2D.knob_values({"data": "gaussian", "method": method, "steps": 250, "width": 64})
    state = diffusion.DiffusionRun(knobs, settings())
    before = state.excess()
    while not state.pace.done:
        state.update()
    assert state.excess() < 0.05 < before
    assert state.curve.recent(0.3) == pytest.approx(state.best_loss, rel=0.1)


def test_a_short_diffusion_run_finds_all_modes() -> None:
    steps, result = ended(DIFFUSION_2D, settings(), steps=500, batch=256)
    assert result.outcome == "done"
    assert result.metrics["strict_modes"].value == 8
    assert result.metrics["high_quality_share"].value > 0.4
    assert result.notes[0] == "diffusion-models"
    assert any("evaluations of the network" in sentence for sentence in result.observations)
    film = [step for step in steps if step.key][2:]
    levels = [round(step.look().metrics["t"], 2) for step in film]
    assert levels == sorted(levels, reverse=True) and len(levels) == 7


def png_size(png: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        return image.size


@pytest.mark.parametrize(
    ("demo", "knobs"),
    [
        (GAN_2D, {"data": "ring8"}), (GAN_2D, {"data": "spiral", "loss": "wgan-gp"}),
        (DIFFUSION_2D, {"nfe": 3}),
        (DIFFUSION_2D, {"method": "ddpm", "sampler": "ddpm", "data": "moons", "nfe": 2}),
    ],
)  # fmt: skip
def test_every_moment_of_a_run_can_be_drawn(demo: Demo, knobs: dict[str, object]) -> None:
    draw = demo.load_draw()
    pictures = []
    for moment in demo.load_run()(demo.knob_values({**knobs, "steps": 1}), settings()):
        pictures.append(draw(moment.look() if isinstance(moment, Step) else moment.look))
    assert {png_size(picture) for picture in pictures} == {(900, 420)}
    assert len(set(pictures)) >= 2


def test_a_film_holds_few_pictures_and_ends_with_the_last(tmp_path: Path) -> None:
    frames = []
    for number in range(40):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (30, 20), (6 * number, 0, 0)).save(path)
        frames.append(path)
    save_film(frames, tmp_path / "film.gif", most=10)
    with Image.open(tmp_path / "film.gif") as film:
        assert getattr(film, "n_frames", 1) == 10
        film.seek(9)
        red = film.convert("RGB").getpixel((0, 0))
    assert isinstance(red, tuple) and abs(red[0] - 6 * 39) < 12
