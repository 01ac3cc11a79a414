"""A thing of several words is in the notes only where its words stand together."""

from __future__ import annotations

import pytest

from tutor.compounds import is_unnamed
from tutor.questions import understand
from tutor.ranking import find
from tutor.retrieval import Retriever


@pytest.mark.parametrize(
    "question",
    [
        "What is mode collapse?",
        "what's minibatch discrimination",
        "how does minibatch discrimination work?",
        "what are the samples of a batch",
        "explain the generative adversarial network please",
        "What is a GAN?",
        "How does a batch avoid collapse?",  # no bare name
        "what is quantum collapse",  # a strange word is the gate's business
    ],
)
def test_what_stands_together_is_named(small_retriever: Retriever, question: str) -> None:
    assert not is_unnamed(small_retriever, question)


@pytest.mark.parametrize(
    "question",
    [
        "What is batch collapse?",
        "so what is a noise discrimination",
        "explain batch collapse",
        "what does batch collapse mean?",
        "how does batch collapse work",
    ],
)
def test_words_that_only_stand_apart_name_nothing(small_retriever: Retriever, question: str) -> None:
    assert is_unnamed(small_retriever, question)


@pytest.mark.parametrize(
    "name",
    [
        "top-p sampling",
        "image inpainting",
        "vae loss",
        "gan discriminator",
        "cross entropy",
        "batch norm",
        "t5 architecture",
    ],
)
def test_other_spellings_orders_and_a_field_before_a_name_are_known(
    corpus_retriever: Retriever, name: str
) -> None:
    assert not is_unnamed(corpus_retriever, f"what is {name}?")


@pytest.mark.parametrize("name", ["contrastive learning", "sparse autoencoders", "graph neural network"])
@pytest.mark.parametrize("asked", ["What is {}?", "explain {} like I'm 5"])
def test_a_thing_that_the_notes_do_not_name_is_not_answered_with_its_neighbours(
    corpus_retriever: Retriever, name: str, asked: str
) -> None:
    question = understand(asked.format(name), names=corpus_retriever.named)

    found = find(corpus_retriever, question)

    assert not found.answered
    assert found.gate.probability == 0.0


def test_a_row_of_dashes_keeps_the_program_from_nothing(small_retriever: Retriever) -> None:
    for question in ("what is " + "-" * 3000 + "!x", "what is " + "a-" * 50 + "!x"):
        assert not is_unnamed(small_retriever, question)
