"""The questions of a message: each part with a verb of its own is one; what merely holds an "and" stays whole."""

from __future__ import annotations

import pytest

from tutor.answering import Answering
from tutor.compound import questions_in
from tutor.follow_ups import topic_of
from tutor.models import ChosenModel
from tutor.questions import separate, understand
from tutor.retrieval import Retriever
from tutor.turns import Answer


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        (
            "What is a VAE and why are its samples blurry?",
            ["What is a VAE?", "why are its samples blurry?"],
        ),
        ("who invented GANs and when?", ["who invented GANs?", "when invented GANs?"]),
        (
            "what is temperature, and how does it differ from top-p?",
            ["what is temperature?", "how does it differ from top-p?"],
        ),
        (
            "What is FID, how is it computed and what are its limits?",
            ["What is FID?", "how is it computed?", "what are its limits?"],
        ),
        ("Explain what a GAN is and how it works", ["Explain what a GAN is?", "how it works"]),
        (
            "What is attention? Why is it scaled?",
            ["What is attention?", "Why is it scaled?"],
        ),
        (
            "explain diffusion and give the formula of the forward process",
            ["explain diffusion?", "give the formula of the forward process"],
        ),
        ("What is dropout and does it help GANs?", ["What is dropout?", "does it help GANs?"]),
        ("does LoRA save memory, and how", ["does LoRA save memory?", "how does LoRA save memory?"]),
        ("什么是GAN，为什么它的训练不稳定？", ["什么是GAN?", "为什么它的训练不稳定？"]),
    ],
)
def test_each_question_of_a_message_is_found(message: str, asked: list[str]) -> None:
    assert questions_in(message) == asked


@pytest.mark.parametrize(
    "message",
    [
        "What is a VAE?",
        "what is precision and recall",
        "What is the relationship and the differences between a GAN and a VAE?",
        "What are the generator and the discriminator?",
        "How and why does mode collapse happen?",
        "Which tokens are kept and which are dropped?",
        "What happens when a GAN is trained and when the discriminator is too strong?",
        "Explain the difference between what the generator does and what the discriminator does",
        "What is the difference between a GAN and a VAE and when should I use which?",
        "How do I compute and show FID",
        "how can i tell if and when the model overfits",
        "I know what a GAN is and how it works, but why is it unstable?",
        "My tomatoes have black spots; what is the cure?",
        "BERT or GPT? which is better?",
        "GAN 和 VAE 的区别",
        "",
    ],
)
def test_what_is_one_question_stays_one(message: str) -> None:
    assert questions_in(message) == [message]


def test_each_question_stands_alone_and_the_topic_is_that_of_the_first() -> None:
    found = separate(understand("what is mode collapse, how can I notice it and how can I prevent it?"))
    assert [one.text for one in found] == [
        "what is mode collapse?",
        "how can I notice mode collapse?",
        "how can I prevent mode collapse?",
    ]
    found = separate(understand("what is temperature, and how does it differ from top-p?"))
    assert [one.intent for one in found] == ["explain", "compare"]
    assert topic_of("What is a VAE and why are its samples blurry?") == "VAE"


def ask(retriever: Retriever, message: str) -> Answer:
    answering = Answering(retriever, ChosenModel("notes-only", None, ""))
    return next(event for event in answering.answer(understand(message)) if isinstance(event, Answer))


def test_both_halves_are_answered_with_citations_in_order(corpus_retriever: Retriever) -> None:
    answer = ask(corpus_retriever, "What is a VAE and why are its samples blurry?")
    first, second = answer.answer.split("\n\n")
    assert first.startswith("A variational autoencoder (VAE) is a generative model")
    assert "blurry" in second and "squared error" in second
    cites = [n for sentence in answer.sentences for n in sentence.cites]
    assert cites == sorted(cites)
    assert len({sentence.text for sentence in answer.sentences}) == len(answer.sentences)


def test_an_answer_to_both_is_said_once(corpus_retriever: Retriever) -> None:
    answer = ask(corpus_retriever, "who invented GANs and when?")
    assert answer.answer.startswith("Ian Goodfellow and colleagues introduced the GAN in 2014. [1]")
    assert answer.answer.count("2014") == 1


def test_a_comparison_may_be_the_second_half(corpus_retriever: Retriever) -> None:
    text = ask(corpus_retriever, "what is temperature, and how does it differ from top-p?").answer
    assert text.index("Temperature is") < text.index("|  | temperature | top-p |")


def test_a_half_that_the_notes_do_not_cover_is_named_and_two_are_refused(small_retriever: Retriever) -> None:
    answer = ask(small_retriever, "what is mode collapse and who is the king of Spain?")
    assert "is a failure of GAN training" in answer.answer and not answer.refused
    assert answer.answer.endswith("On “who is the king of Spain” your notes say nothing.")
    assert ask(small_retriever, "what is the capital of France and who is the king of Spain?").refused
