"""A comparison: what the notes say of both, then a table whose rows speak of one aspect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tutor.comparing import compare
from tutor.grounding import Citations
from tutor.index import open_index, refresh_index
from tutor.parts import Part, rendered
from tutor.questions import understand
from tutor.ranking import find
from tutor.retrieval import Retriever
from tutor.turns import Citation

FROG = """# Frog

A frog is an amphibian with a short body and no tail.
Frogs live near ponds, while toads can live far from water.
A frog needs moist skin to breathe.
Frogs are used in schools to teach anatomy.
A frog is active at any time of the day.
"""
TOAD = """# Toad

A toad is an amphibian with dry skin and short legs.
A toad needs a damp hiding place for the day.
A toad is active by night, a quiet time.
~~A toad needs salt water.~~

| Question | Frog | Toad |
|---|---|---|
| Eggs | in clumps | in long strings |
| Way of moving | leaps | walks and hops |
"""


@pytest.fixture(scope="module")
def ask(
    tmp_path_factory: pytest.TempPathFactory, embedding: Any
) -> Iterator[Callable[[str], tuple[str, list[Part], tuple[Citation, ...]]]]:
    """Compares over two notes on animals."""
    folder = tmp_path_factory.mktemp("animals")
    (folder / "notes").mkdir()
    for name, text in (("frog.md", FROG), ("toad.md", TOAD)):
        (folder / "notes" / name).write_text(text, encoding="utf-8")
    refresh_index([folder / "notes"], folder / "index", embedding)
    index = open_index(folder / "index")
    retriever = Retriever(index, embedding)
    yield lambda message: asked(retriever, message)
    index.close()


def asked(retriever: Retriever, message: str) -> tuple[str, list[Part], tuple[Citation, ...]]:
    question, citations = understand(message), Citations()
    parts = compare(retriever, question, find(retriever, question), citations)
    text, before = "", None
    for part in parts:
        text += rendered(part, before)
        before = part
    return text, parts, citations.all()


def test_a_comparison_opens_with_what_joins_both_and_sets_the_rest_side_by_side(ask: Any) -> None:
    text, _, _ = ask("What is the difference between a frog and a toad?")
    assert text.startswith(
        "Frogs live near ponds, while toads can live far from water. [1]\n\n|  | frog | toad |"
    )
    assert "| **What it is** | A frog is an amphibian with a short body and no tail." in text
    assert "| **What it needs** | A frog needs moist skin to breathe. [" in text


def test_the_rows_of_a_ready_table_are_taken_over(ask: Any) -> None:
    text, _, citations = ask("toad vs frog")
    assert "| **Eggs** | in long strings [" in text
    assert any(citation.quote == "Eggs | in clumps | in long strings" for citation in citations)


def test_every_cell_is_in_the_notes_and_a_lone_aspect_makes_no_row(ask: Any) -> None:
    text, parts, citations = ask("frog vs toad")
    for part in parts:
        if part.sentence.support == "quoted":
            quotes = [citation.quote for citation in citations if citation.n in part.sentence.cites]
            assert part.sentence.cites and any(part.sentence.text in quote for quote in quotes)
    assert "schools" not in text and "salt water" not in text


def test_a_side_that_the_notes_do_not_know_is_named(ask: Any) -> None:
    text, parts, _ = ask("How does a frog differ from an axolotl?")
    assert text.startswith("Your notes do not speak of axolotl. Of frog they say: A frog is an amphibian")
    assert not any(part.layout == "head" for part in parts)


@pytest.mark.parametrize(
    "message", ["What is a frog?", "difference between TCP and UDP", "quartz vs granite"]
)
def test_what_is_no_comparison_or_not_in_the_notes_gets_none(ask: Any, message: str) -> None:
    assert ask(message)[1] == []


def test_the_bundled_notes_compare_two_families_and_four(corpus_retriever: Retriever) -> None:
    text, parts, _ = asked(
        corpus_retriever, "What is the relationship and the differences between a GAN and a VAE?"
    )
    assert "| **Loss** | minimax game between two networks" in text
    assert "| **What it is** |" in text
    assert sum(part.layout == "row" for part in parts) >= 5
    text, _, _ = asked(corpus_retriever, "compare naive Bayes, logistic regression and SVM")
    assert "|  | naive Bayes | logistic regression | SVM |" in text


@pytest.mark.parametrize(
    ("message", "row"),
    [
        ("compare GAN training and VAE training", "| **What does training look like** | often unstable ["),
        ("sampling speed of GANs vs diffusion", "| **How many network calls make one sample** | one ["),
        ("compare the loss of a GAN with the loss of a VAE", "| **Loss** | minimax game between two"),
        ("difference between BERT training and GPT training", "| **Pretraining task** | fill in hidden"),
    ],
)
def test_sides_that_share_an_aspect_are_compared_in_it(
    corpus_retriever: Retriever, message: str, row: str
) -> None:
    text, parts, _ = asked(corpus_retriever, message)
    assert row in text and "do not speak of" not in text
    assert "**What it is**" not in text and sum(part.layout == "row" for part in parts) <= 4


def test_an_aspect_without_a_row_of_its_own_gets_the_best_sentence_on_each(ask: Any) -> None:
    text, _, _ = ask("active time of a frog vs active time of a toad")
    assert "| **Active time** | A frog is active at any time of the day. [" in text
    assert text.count("| **") == 1


def test_a_chinese_comparison_uses_the_chinese_table(corpus_retriever: Retriever) -> None:
    text, _, _ = asked(corpus_retriever, "GAN 和 VAE 的区别")
    assert "| **怎样训练** | 生成器与判别器的极小极大博弈" in text
