"""A claim that was struck out is no evidence anywhere in its note, in whatever copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tutor.answering import Answering
from tutor.grounding import evidence_in
from tutor.index import open_index, refresh_index
from tutor.models import ChosenModel
from tutor.notes import Note, read_library
from tutor.passages import split_note
from tutor.questions import understand
from tutor.retrieval import Retriever
from tutor.turns import Answer
from tutor.understanding import check_statement

NOTE = """# Frogs

A frog is an amphibian with a short body.
Frogs breathe salt water through their gills. They sleep
under wet leaves.

## Summary

- A frog breathes salt water through its gills.
- Also, the frogs breathe salt water through their gills.
- "Frogs breathe salt water through their gills." No frog does.
- Frogs breathe salt water through their lungs.

Q: How does a frog breathe?
A: Frogs breathe salt water through their gills.

## Corrections

~~Frogs breathe salt water through their gills.~~ Frogs breathe through their moist skin.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "notes"
    place.mkdir()
    (place / "frogs.md").write_text(NOTE, encoding="utf-8")
    (place / "toads.md").write_text("# Toads\n\nToads have dry skin.\n", encoding="utf-8")
    return place


def read(folder: Path) -> Note:
    return next(note for note in read_library([folder]).notes if note.path == "frogs.md")


def evidence(note: Note) -> dict[str, tuple[int, int]]:
    passages = split_note(note, lambda text: len(text.split()))
    return {piece.text: piece.lines for passage in passages for piece in evidence_in(passage)}


def test_every_copy_of_a_struck_claim_is_struck_and_other_sentences_keep_their_lines(folder: Path) -> None:
    note = read(folder)
    found = evidence(note)
    assert not [text for text in found if "gills" in text and not text.startswith('"')]
    assert found["They sleep under wet leaves."] == (4, 5)
    assert found["A frog is an amphibian with a short body."] == (3, 3)
    assert found["Frogs breathe salt water through their lungs."] == (12, 12)
    assert found["Frogs breathe through their moist skin."] == (19, 19)
    assert [struck.lines for struck in note.retractions] == [(19, 19)]
    assert note.cards[0].answer.words.startswith("~~")


def test_a_misconception_in_quotation_marks_is_still_quoted_with_its_correction(folder: Path) -> None:
    assert '"Frogs breathe salt water through their gills." No frog does.' in evidence(read(folder))


def test_a_few_struck_words_strike_no_sentence_that_only_holds_them(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "# A\n\nGANs are ~~never~~ often stable.\n\nNever mind. GANs are never stable.\n"
    )
    assert "GANs are never stable." in evidence(read_library([tmp_path]).notes[0])


@pytest.fixture
def retriever(folder: Path, embedding: Any) -> Iterator[Retriever]:
    place = folder.parent / "index"
    refresh_index([folder], place, embedding)
    index = open_index(place)
    yield Retriever(index, embedding)
    index.close()


def test_a_retracted_claim_is_neither_quoted_nor_confirmed(retriever: Retriever) -> None:
    answering = Answering(retriever, ChosenModel("notes-only", None, ""))
    (answer,) = [
        event for event in answering.answer(understand("How do frogs breathe?")) if isinstance(event, Answer)
    ]
    assert "moist skin" in answer.answer
    assert not [cited.quote for cited in answer.citations if cited.quote.rstrip(".").endswith("their gills")]
    verdict = check_statement(retriever, "Frogs breathe salt water through their gills")
    assert verdict.overall != "true"
