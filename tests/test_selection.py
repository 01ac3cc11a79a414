"""Which sentences answer a question: ranked, chosen without repetition, in the author's order."""

from __future__ import annotations

import pytest

from tutor.grounding import Evidence, evidence_in
from tutor.notes.note import Text
from tutor.passages import Passage, PassageKind
from tutor.questions import understand
from tutor.retrieval import Retriever
from tutor.selection import (
    MOST_SENTENCES,
    choose,
    in_order,
    is_item,
    rank,
    repeats,
    retrieve,
    sides,
    wants_code,
)
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
    ("question", "two"),
    [
        ("What is the difference between a GAN and a VAE?", ["GAN", "VAE"]),
        ("How does a GAN differ from a diffusion model?", ["GAN", "diffusion model"]),
        ("Compare WGAN with DCGAN", ["WGAN", "DCGAN"]),
        ("GAN vs VAE", ["GAN", "VAE"]),
        ("precision versus recall?", ["precision", "recall"]),
        ("What is a GAN?", []),
        ("What happens between two steps?", []),
        ("Is there a difference?", []),
    ],
)
def test_the_two_sides_of_a_comparison_are_found(question: str, two: list[str]) -> None:
    assert sides(question) == two


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


# -- ranked and chosen -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "begins"),
    [
        ("What is mode collapse?", "Mode collapse is a failure"),
        ("What is a GAN?", "A generative adversarial network (GAN) is"),
        ("What does a diffusion model learn?", "A diffusion model learns"),
        ("What does D(x) answer at equilibrium?", "At equilibrium the discriminator"),
    ],
)
def test_the_sentence_that_answers_leads(small_retriever: Retriever, message: str, begins: str) -> None:
    assert chosen(small_retriever, message)[0].text.startswith(begins)


@pytest.mark.parametrize("message", ["How can mode collapse be avoided?", "What prevents mode collapse?"])
def test_the_remedies_answer_how_to_avoid_something(small_retriever: Retriever, message: str) -> None:
    texts = [piece.text for piece in chosen(small_retriever, message)]
    assert any("PacGAN" in text for text in texts) and any("Minibatch" in text for text in texts)


@pytest.mark.parametrize("style", ["plain", "expert"])
@pytest.mark.parametrize(
    "message", ["What is a GAN?", "What is mode collapse?", "What does the generator do?"]
)
def test_no_more_sentences_than_the_style_allows_and_none_twice(
    small_retriever: Retriever, message: str, style: Style
) -> None:
    pieces = chosen(small_retriever, message, style)
    assert 1 <= len(pieces) <= MOST_SENTENCES[style]
    for i, piece in enumerate(pieces):
        if piece.passage.kind not in ("card", "quiz"):
            assert not repeats(piece.text, [other.text for other in pieces[:i]])


def test_ranked_sentences_come_best_first(small_retriever: Retriever) -> None:
    question = understand("What does the generator do?")
    ranked = rank(small_retriever, question, retrieve(small_retriever, question))
    assert [entry.score for entry in ranked] == sorted((entry.score for entry in ranked), reverse=True)
    assert ranked[0].vector.shape == (384,)


def test_analogies_and_struck_words_are_never_ranked(small_retriever: Retriever) -> None:
    for message in (
        "What does the cook bake?",
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


# -- order and repetition ----------------------------------------------------------------------------------------


def test_sentences_stand_in_the_authors_order_the_leads_passage_first() -> None:
    first = evidence_in(passage("One is so. Two is so. Three is so.", name="a"))
    second = evidence_in(passage("Four is so. Five is so.", name="b"))
    assert in_order([second[1], first[2], second[0], first[0]]) == [second[0], second[1], first[0], first[2]]


def test_of_a_summary_the_lead_comes_first() -> None:
    pieces = evidence_in(passage("- One is so.\n- Two is so.\n- Three is so.", heading=("In short",)))
    assert in_order([pieces[2], pieces[0]]) == [pieces[2], pieces[0]]


def test_nothing_put_in_order_is_nothing() -> None:
    assert in_order([]) == []


def test_an_item_of_a_list_is_known_by_its_mark() -> None:
    pieces = evidence_in(passage("Before it.\n- One is so. More of it.\n* Two is so."))
    assert [is_item(piece) for piece in pieces] == [False, True, False, True]


@pytest.mark.parametrize(
    ("sentence", "said", "again"),
    [
        ("The generator turns noise into samples.", "The generator turns random noise into samples.", True),
        ("The critic scores samples.", "The generator turns random noise into samples.", False),
        ("", "The generator turns random noise into samples.", False),
    ],
)
def test_a_sentence_that_repeats_another_is_noticed(sentence: str, said: str, again: bool) -> None:
    assert repeats(sentence, [said]) is again
    assert not repeats(sentence, [])
