"""The settings of a demo in the student's words: what is read, and what is left to be refused."""

from __future__ import annotations

from typing import Any

import pytest

from demos.catalogue import DEMOS
from tutor.said_settings import said_settings

KNOWN: dict[str, Any] = {demo.name: demo.described() for demo in DEMOS}


@pytest.mark.parametrize(
    ("message", "demo", "found"),
    [
        ("run the GAN demo", "gan-2d", {}),
        ("with d_lr 0.005 and seed 3", "gan-2d", {"seed": 3, "knobs": {"d_lr": 0.005}}),
        ("d lr = 1e-3, 500 steps", "gan-2d", {"knobs": {"d_lr": 0.001, "steps": 500}}),
        ("with 1,500 steps", "gan-2d", {"knobs": {"steps": 1500}}),
        ("with about 500 steps", "gan-2d", {"knobs": {"steps": 500}}),
        ("a quick GAN on moons", "gan-2d", {"preset": "quick", "knobs": {"data": "moons"}}),
        ("a long run with the lsgan loss", "gan-2d", {"preset": "long", "knobs": {"loss": "lsgan"}}),
        ("with wgan gp, d_lr of 0.01, g_lr of 0.02", "gan-2d",
         {"knobs": {"loss": "wgan-gp", "d_lr": 0.01, "g_lr": 0.02}}),
        ("with the discriminator's learning rate 0.01", "gan-2d", {"knobs": {"d_lr": 0.01}}),
        ("with a learning rate of 0.01 and batch size 64", "diffusion-2d", {"knobs": {"lr": 0.01, "batch": 64}}),
        ("with 4 evaluations and the linear schedule", "diffusion-2d", {"knobs": {"nfe": 4, "schedule": "linear"}}),
        ("ddpm please", "diffusion-2d", {"knobs": {"method": "ddpm"}}),
        ("sampler ddpm", "diffusion-2d", {"knobs": {"method": "ddpm"}}),
        ("训练一个GAN，种子5，d_lr为0.01", "gan-2d", {"seed": 5, "knobs": {"d_lr": 0.01}}),
        ("a GAN on 2 GPUs in 3 minutes", "gan-2d", {}),
        ("a GAN on a normal distribution", "gan-2d", {}),
        ("how long does it take?", "gan-2d", {}),
    ],
)  # fmt: skip
def test_what_a_message_sets_is_read(message: str, demo: str, found: dict[str, Any]) -> None:
    assert said_settings(message, KNOWN[demo]) == found


@pytest.mark.parametrize(
    ("message", "knobs"),
    [
        ("d_lr 50", {"d_lr": 50}),
        ("d_lr -1", {"d_lr": -1}),
        ("steps 2.5", {"steps": 2.5}),
        ("with temperature 2", {"temperature": 2}),
        ("temperature=0.7", {"temperature": 0.7}),
        ("with learn_rate 1", {"learn_rate": 1}),
    ],
)
def test_what_the_demo_does_not_allow_is_given_on_to_be_refused(message: str, knobs: dict[str, Any]) -> None:
    assert said_settings(message, KNOWN["gan-2d"])["knobs"] == knobs


@pytest.mark.parametrize("demo", KNOWN.values(), ids=list(KNOWN))
def test_each_knob_is_read_by_its_own_name(demo: dict[str, Any]) -> None:
    for knob in demo["knobs"]:
        value = knob["choices"][-1] if knob["kind"] == "choice" else knob["high"]
        found = said_settings(f"run it with {knob['name']}={value}", demo)
        assert found["knobs"] == {knob["name"]: value}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("show me fine-tuning", {}),
        ("show me fine-tuning on my cards", {"topic": "all"}),
        ("run LoRA on my own cards about mode collapse", {"topic": "mode collapse"}),
        ("run LoRA on the cards about GANs, rank 4", {"topic": "GANs", "knobs": {"rank": 4}}),
        (
            "run LoRA on my flashcards on diffusion with 30 steps",
            {"topic": "diffusion", "knobs": {"steps": 30}},
        ),
        ("run LoRA on my cards about GANs in 5 updates", {"topic": "GANs", "knobs": {"steps": 5}}),
        ("run LoRA on my cards on long short-term memory", {"topic": "long short-term memory"}),
        ("run LoRA with 6 cards", {"knobs": {"cards": 6}}),
    ],
)
def test_whose_cards_are_learned_is_read_from_the_message(message: str, said: dict[str, Any]) -> None:
    assert said_settings(message, KNOWN["fine-tuning"]) == said


def test_a_demo_that_learns_no_cards_is_given_none() -> None:
    assert "topic" not in said_settings("run a GAN on my cards about diffusion", KNOWN["gan-2d"])
