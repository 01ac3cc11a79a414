"""What the notes hold on a question: passages and sentences, best first, and whether they answer it."""

from __future__ import annotations

import pytest

from tutor.grounding import Evidence
from tutor.notes.note import Text
from tutor.passages import Passage, PassageKind
from tutor.questions import Question, understand
from tutor.ranking import find, meant, rank, retrieve, wants_code
from tutor.retrieval import Retriever
from tutor.selection import choose
from tutor.turns import Style


def passage(
    words: str, *, name: str = "p", heading: tuple[str, ...] = (), kind: PassageKind = "prose"
) -> Passage:
    return Passage(name, "gan.md", "GAN", heading, kind, Text(words, ((0, 1),), 1 + words.count("\n")))


def chosen(retriever: Retriever, message: str, style: Style | None = None) -> list[Evidence]:
    question = understand(message, style=style)
    return choose(question, rank(retriever, question, retrieve(retriever, question)))


# -- what is asked -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("Show me the PyTorch code", True),
        ("How do I implement a GAN?", True),
        ("What is a GAN?", False),
        ("How are images encoded?", False),
        ("What is a decoder?", False),
    ],
)
def test_a_wish_for_code_is_heard(question: str, code: bool) -> None:
    assert wants_code(question) is code


# -- found and ranked ------------------------------------------------------------------------------------------


def test_ranked_sentences_come_best_first(small_retriever: Retriever) -> None:
    question = understand("What does the generator do?")
    ranked = rank(small_retriever, question, retrieve(small_retriever, question))
    assert [entry.score for entry in ranked] == sorted((entry.score for entry in ranked), reverse=True)
    assert ranked[0].vector.shape == (384,)


def test_struck_words_are_never_ranked_nor_an_analogy_that_was_not_asked_for(
    small_retriever: Retriever,
) -> None:
    for message in (
        "Does the generator copy the real images?",
        "What is mode collapse?",
    ):
        question = understand(message)
        ranked = rank(small_retriever, question, retrieve(small_retriever, question))
        assert ranked and all("apple pie" not in entry.piece.text for entry in ranked)
        assert all("copies them" not in entry.piece.text for entry in ranked)


def test_no_hits_give_no_sentences(small_retriever: Retriever) -> None:
    question = understand("What is a GAN?")
    assert rank(small_retriever, question, []) == []
    assert choose(question, []) == []


def test_a_comparison_finds_passages_of_both_sides(corpus_retriever: Retriever) -> None:
    hits = retrieve(
        corpus_retriever, understand("What is the difference between a GAN and a diffusion model?")
    )
    notes = {hit.passage.note for hit in hits}
    assert any("gan" in note for note in notes) and any("diffusion" in note for note in notes)
    assert len({hit.passage.id for hit in hits}) == len(hits)


def test_code_is_found_where_it_is_asked_for(corpus_retriever: Retriever) -> None:
    hits = retrieve(corpus_retriever, understand("Show me the PyTorch code for mode collapse"))
    assert "code" in {hit.passage.kind for hit in hits}
    pieces = chosen(corpus_retriever, "Show me the PyTorch code for mode collapse")
    assert "code" in {piece.passage.kind for piece in pieces}
    assert "code" not in {piece.passage.kind for piece in chosen(corpus_retriever, "What is mode collapse?")}


@pytest.mark.parametrize(
    "message",
    [
        "In the story every guest likes the pie, who is the cook?",
        "Which pie does the cook bake for every guest?",
    ],
)
def test_a_question_about_a_story_is_answered_from_the_story(
    small_retriever: Retriever, message: str
) -> None:
    found = find(small_retriever, understand(message))
    assert found.answered
    assert found.ranked[0].piece.passage.kind == "analogy"


def test_what_the_notes_lack_is_found_not_to_be_answered(small_retriever: Retriever) -> None:
    assert not find(small_retriever, understand("How tall is Mount Everest?")).answered
    assert find(small_retriever, understand("What is mode collapse?")).answered


def test_a_comparison_with_a_stranger_is_not_answered(small_retriever: Retriever) -> None:
    assert not find(
        small_retriever, understand("What is the difference between a GAN and a Hopfield net?")
    ).answered


def test_slips_are_mended_before_the_search(small_retriever: Retriever) -> None:
    assert find(small_retriever, understand("what is mode colapse")).question.topic == "mode collapse"


# -- readings ----------------------------------------------------------------------------------------------------


def test_of_two_readings_the_one_that_the_notes_answer_is_taken(small_retriever: Retriever) -> None:
    known, strange = "What is mode collapse?", "Who baked the bread of Zorbland in 1812?"
    for first, other in ((known, strange), (strange, known)):
        asked = Question(first, "explain", "plain", "", others=(other,))
        assert find(small_retriever, asked).question.text == known
        assert meant(small_retriever, asked).text == known


def test_a_less_likely_reading_must_be_much_surer(small_retriever: Retriever) -> None:
    first, other = "What is mode collapse?", "How can mode collapse be avoided?"
    asked = Question(first, "explain", "plain", "", others=(other,))
    assert find(small_retriever, asked).answered
    assert meant(small_retriever, asked).text == first
