"""What a demo works on besides its knobs: the weights of the language model, and the student's cards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tutor.demo_inputs import MOST_CARDS, base_input, card_input, missing_input
from tutor.errors import DemoError
from tutor.models.embedded import embedded_path

FINE_TUNING: dict[str, Any] = {"name": "fine-tuning", "inputs": ["base", "cards"]}
CARDS = [(f"What is {n}?", f"The number {n}.") for n in range(30)]


def put_weights(cache_dir: Path) -> Path:
    folder = embedded_path(cache_dir)
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (folder / name).touch()
    return folder


def test_the_weights_are_named_where_they_are(tmp_path: Path) -> None:
    assert base_input(None) == {} == base_input(tmp_path)
    folder = put_weights(tmp_path)
    assert base_input(tmp_path) == {"base": folder}


def test_a_demo_that_starts_from_weights_cannot_begin_without_them(tmp_path: Path) -> None:
    told = missing_input(FINE_TUNING, tmp_path)
    assert "`tutor models get embedded`" in told and "fine-tuning" in told
    assert missing_input({"name": "gan-2d", "inputs": []}, tmp_path) == ""
    assert missing_input({"name": "gan-2d"}, tmp_path) == ""
    put_weights(tmp_path)
    assert missing_input(FINE_TUNING, tmp_path) == ""


def test_short_cards_are_written_for_the_demo_and_long_ones_are_not(tmp_path: Path) -> None:
    long = ("Why?", "because " * 80)
    file = card_input("numbers", [long, *CARDS], tmp_path / "run")["cards"]
    told = json.loads(file.read_text(encoding="utf-8"))
    assert told["about"] == "numbers" and len(told["cards"]) == MOST_CARDS
    assert told["cards"][0] == {"question": "What is 0?", "answer": "The number 0."}


def test_the_demo_reads_what_is_written(tmp_path: Path) -> None:
    from demos.cards import LEAST, read_deck

    deck = read_deck(card_input("all", CARDS[:LEAST], tmp_path)["cards"])
    assert deck.about == "your notes" and deck.cards[1].answer == "The number 1."


def test_too_few_cards_are_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"3 short cards on numbers") as caught:
        card_input("numbers", CARDS[:3], tmp_path)
    assert "wider topic" in caught.value.remedy
