"""What a message wishes of the demos, by what the chat said before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tutor.demo_turns import demo_wish


@dataclass(frozen=True)
class Turn:
    role: str
    content: str
    payload: dict[str, Any] | None = None


ASKED = {
    "event": "PredictionAsked",
    "question": "How much of its attention will it put on the answer?",
    "options": ["less than half", "more than half"],
    "call": {"name": "self-attention", "knobs": {}, "seed": 0},
    "title": "Running the demo",
    "predict": {
        "options": [{"text": "less than half", "below": 0.5}, {"text": "more than half", "below": None}]
    },
}
TURNS = [Turn("user", "show me self-attention"), Turn("assistant", "", {"events": [ASKED]})]


def test_an_option_runs_the_demo_with_the_prediction() -> None:
    wish = demo_wish("more than half", TURNS)
    assert wish is not None and wish.kind == "run" and wish.predicted is not None
    assert wish.predicted["place"] == 1


@pytest.mark.parametrize("message", ["run the self-attention demo", "skip", "just run it"])
def test_asking_for_the_same_demo_again_runs_it_without_a_prediction(message: str) -> None:
    wish = demo_wish(message, TURNS)
    assert wish is not None and wish.kind == "run" and wish.predicted is None
    assert wish.arguments == ASKED["call"]


@pytest.mark.parametrize("message", ["run the VAE demo", "show me a GAN training", "train a diffusion model"])
def test_asking_for_another_demo_is_no_prediction(message: str) -> None:
    assert demo_wish(message, TURNS) is None


def test_a_wish_to_stop_cancels_the_run() -> None:
    wish = demo_wish("stop", TURNS)
    assert wish is not None and wish.kind == "say"
