"""A list: every item that the notes give, none twice, with the number of notes it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tutor.grounding import Citations
from tutor.index import open_index, refresh_index
from tutor.listing import list_items, wished
from tutor.parts import rendered
from tutor.questions import understand
from tutor.ranking import find
from tutor.retrieval import Retriever

SOIL = """# Soil

Soil is the loose upper layer of the ground.

## Kinds of soil

- Clay holds water for a long time.
- Sand lets water run through at once.
- ~~Chalk is no soil at all.~~
- Loam is a mixture that most plants like.

## Strengths and weaknesses

- Clay is cheap.
- Sand cannot hold food for plants.
"""
GARDEN = """# Garden

A garden grows on soil.

## Types of soil in a garden

- Sand is soil whose grains one can see.
- Peat is soil made of dead moss.
"""


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory, embedding: Any) -> Iterator[Retriever]:
    """Two notes that list the same sort of things."""
    folder = tmp_path_factory.mktemp("soil")
    (folder / "notes").mkdir()
    for name, text in (("soil.md", SOIL), ("garden.md", GARDEN)):
        (folder / "notes" / name).write_text(text, encoding="utf-8")
    refresh_index([folder / "notes"], folder / "index", embedding)
    index = open_index(folder / "index")
    yield Retriever(index, embedding)
    index.close()


def listed(retriever: Retriever, message: str) -> str:
    question = understand(message)
    parts = list_items(retriever, question, find(retriever, question), Citations())
    text, before = "", None
    for part in parts:
        assert part.sentence.support == "connective" or part.sentence.cites
        text += rendered(part, before)
        before = part
    return text


def test_all_items_come_once_with_what_another_note_adds(retriever: Retriever) -> None:
    text = listed(retriever, "What types of soil are there?")
    assert text.count("Clay") == text.count("Loam") == text.count("Peat") == 1
    assert len([line for line in text.splitlines() if line.startswith("- Sand")]) == 1
    assert "Chalk" not in text
    assert text.endswith("That is 4 in all, from 2 notes.")


def test_of_strengths_and_weaknesses_those_are_listed_that_are_asked_for(retriever: Retriever) -> None:
    text = listed(retriever, "list the strengths of soil")
    assert "Clay is cheap." in text and "Sand" not in text


@pytest.mark.parametrize(
    "message",
    [
        "What is soil?",
        "What are the types of planets?",
        "list the remedies for soil",
        "clay vs sand",
        "name the parts of a car",
    ],
)
def test_where_the_notes_hold_no_such_list_there_is_none(retriever: Retriever, message: str) -> None:
    assert listed(retriever, message) == ""


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("what types of GAN are there", "GAN"),
        ("list the remedies for mode collapse", "mode collapse"),
        ("which metrics measure images?", "images"),
        ("what decoding methods are there", "decoding"),
        ("What are GANs?", None),
        ("Why does it happen?", None),
    ],
)
def test_the_topic_of_a_list_is_read_from_the_question(
    retriever: Retriever, question: str, topic: str | None
) -> None:
    wish = wished(retriever, question)
    assert (wish.topic if wish else None) == topic


@pytest.mark.parametrize(
    ("message", "items"),
    [
        (
            "list the remedies for mode collapse",
            ["Minibatch", "Unrolled", "PacGAN", "Wasserstein", "Balanced"],
        ),
        (
            "name the parts of Stable Diffusion",
            ["autoencoder", "denoising network", "text encoder", "sampler"],
        ),
        ("which metrics measure images?", ["FID", "Inception Score", "Precision", "Recall"]),
        ("what types of GAN are there", ["Conditional GAN", "DCGAN", "WGAN", "CycleGAN"]),
        ("模式崩溃有哪些解决方法", ["Minibatch", "PacGAN"]),
    ],
)
def test_the_lists_of_the_bundled_notes_are_whole(
    corpus_retriever: Retriever, message: str, items: list[str]
) -> None:
    text = listed(corpus_retriever, message)
    assert all(item in text for item in items)
