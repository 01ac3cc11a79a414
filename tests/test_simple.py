"""Simple explanations: the notes' own analogy and definition, at a reading grade, with nothing made up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tutor.defining import Fact, Line, defining, facts_of, held_facts, shortened, topic_named
from tutor.grounding import Citations, Evidence, check, evidence_in
from tutor.index import open_index, refresh_index
from tutor.notes.note import Text
from tutor.passages import Passage
from tutor.questions import understand
from tutor.ranking import find
from tutor.retrieval import Retriever
from tutor.simple import Explanation, Level, explain_simply, shown_grade

TWO_STORIES = """# Diffusion

A **diffusion model** is a generative model that learns to remove noise from data step by step.
The noise schedule of a diffusion model is the plan that fixes how much noise is added at each step.

## Analogy

Imagine a foggy window. A friend wipes the fog away bit by bit.

**Where it breaks:** A window hides a picture, pure noise hides none.

Analogy: the sculptor. Imagine a block of stone.
"""
LATENT = """# Latent diffusion

**Latent diffusion** is diffusion in the latent space of an autoencoder, which is smaller than the space of pixels.

## Analogy

Imagine a small clay model of a castle.

**Where it breaks:** A latent looks like nothing.
"""


@pytest.fixture
def told_notes(tmp_path: Path, embedding: Any) -> Iterator[Retriever]:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "diffusion.md").write_text(TWO_STORIES, encoding="utf-8")
    (folder / "latent.md").write_text(LATENT, encoding="utf-8")
    refresh_index([folder], tmp_path / "index", embedding)
    index = open_index(tmp_path / "index")
    yield Retriever(index, embedding)
    index.close()


def told(retriever: Retriever, message: str, level: Level = "eli5") -> tuple[Explanation, str, Citations]:
    """The explanation, its words, and its citations."""
    citations = Citations()
    explanation = explain_simply(retriever, find(retriever, understand(message)), citations, level)
    return explanation, " ".join(part.sentence.text for part in explanation.parts), citations


def evidence(text: str) -> Evidence:
    return evidence_in(Passage("1", "a.md", "A", (), "prose", Text(text, ((0, 1),), 1)))[0]


def test_a_child_is_told_the_story_then_where_it_breaks_then_the_definition(
    small_retriever: Retriever,
) -> None:
    explanation, text, citations = told(small_retriever, "Explain mode collapse to a child")
    order = [
        "Imagine a cook",
        "there is no soup",
        "Where it breaks",
        "In the real words:",
        "Mode collapse is a failure",
    ]
    assert [text.find(words) for words in order] == sorted(text.find(words) for words in order)
    assert all(words in text for words in order) and explanation.analogy
    assert explanation.meters.grade == shown_grade(explanation.parts) < 7.0
    assert explanation.meters.facts_kept == 1.0 and explanation.meters.tries >= 1
    assert {n for part in explanation.parts for n in part.sentence.cites} == {c.n for c in citations.all()}


def test_only_one_analogy_is_told_and_the_one_of_the_topic(told_notes: Retriever) -> None:
    _, text, _ = told(told_notes, "Explain diffusion like I'm 5")
    assert "foggy window" in text and "sculptor" not in text and "castle" not in text
    _, text, _ = told(told_notes, "ELI5 latent diffusion")
    assert "castle" in text and "foggy" not in text


def test_the_analogy_of_what_a_topic_belongs_to_is_told_under_its_name(told_notes: Retriever) -> None:
    _, text, _ = told(told_notes, "Explain the noise schedule of a diffusion model like I'm 5")
    assert "no story for this alone" in text and "one for Diffusion" in text and "foggy window" in text


def test_without_an_analogy_it_says_so_and_quotes_plain_sentences(small_retriever: Retriever) -> None:
    explanation, text, _ = told(small_retriever, "Explain GANs like I'm 5")
    assert "no analogy" in text and "Imagine" not in text and not explanation.analogy
    assert "(GAN) is a generative model" in text


@pytest.mark.parametrize("level", ["eli5", "school"])
def test_every_sentence_of_substance_is_quoted_or_supported(told_notes: Retriever, level: Level) -> None:
    for message in ("Explain diffusion like I'm 5", "What is latent diffusion?", "What is a noise schedule?"):
        explanation, _, citations = told(told_notes, message, level)
        quotes = {citation.n: citation.quote for citation in citations.all()}
        for part in explanation.parts:
            sentence = part.sentence
            assert sentence.support in ("quoted", "supported", "connective")
            if sentence.support == "quoted":
                assert any(sentence.text in quotes[n] for n in sentence.cites)


def test_a_pupil_reads_the_definition_without_formulas(small_retriever: Retriever) -> None:
    explanation, text, _ = told(small_retriever, "What is mode collapse?", "school")
    assert text.startswith("Mode collapse") and "$" not in text and "In the real words" not in text
    assert explanation.meters.grade <= 9.0 and explanation.meters.facts_kept == 1.0


def test_a_long_sentence_is_cut_only_where_the_check_agrees(small_retriever: Retriever) -> None:
    piece = evidence(
        "A GAN is a model of two networks in a game, so that the generator learns to draw, while the other judges it."
    )
    shorter = shortened(piece, small_retriever.idf)
    assert shorter and all(check(text, [piece], small_retriever.idf)[0] == "supported" for text in shorter)
    conditional = evidence(
        "A GAN is stable and draws well in most of its runs, if the learning rate is small."
    )
    assert shortened(conditional, small_retriever.idf) == []
    listed = evidence(
        "A CycleGAN is a method for images with two generators, two discriminators and a cycle loss."
    )
    assert shortened(listed, small_retriever.idf) == []


def test_a_fact_is_lost_with_its_negation_or_number(small_retriever: Retriever) -> None:
    idf = small_retriever.idf
    fact = [Fact("the loss is not below 0.5", frozenset({"loss", "below"}))]
    assert held_facts(fact, ["The loss is not below 0.5."], idf) == 1.0
    assert held_facts(fact, ["The loss is below 0.5."], idf) == 0.0
    assert held_facts(fact, ["The loss is not below 0.7."], idf) == 0.0


def test_the_definition_of_a_topic_is_found_by_any_of_its_names(small_retriever: Retriever) -> None:
    found = find(small_retriever, understand("What is a GAN?"))
    for name in ("GANs", "generative adversarial network"):
        topic = topic_named(small_retriever, name)
        known = defining(small_retriever, topic, found)
        assert known and known[0].text.startswith("A generative adversarial network (GAN) is")
        facts = facts_of(known, topic, small_retriever.idf)
        assert held_facts(facts, [Line(known[0]).text], small_retriever.idf) == 1.0


@pytest.mark.slow
def test_the_bundled_concepts_are_told_simply(corpus_retriever: Retriever) -> None:
    titles = [
        re.sub(r"\s*\(.*?\)", "", note.title)
        for note in corpus_retriever.index.notes
        if any(block.kind == "analogy" for block in note.blocks)
        and not note.path.startswith(("guides", "zh"))
    ]
    meters = [told(corpus_retriever, f"Explain {title} like I'm 5")[0].meters for title in titles]
    assert len(titles) > 40
    assert sum(one.grade <= 6.0 for one in meters) >= 0.9 * len(meters)
    assert sum(one.facts_kept == 1.0 for one in meters) >= 0.95 * len(meters)
