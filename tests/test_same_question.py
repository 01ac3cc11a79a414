"""Which question of the notes a student means by its words, over the bundled notes."""

from __future__ import annotations

from typing import Any

import pytest

from tutor.quiz.bank import Bank
from tutor.quiz.same_question import Questions


@pytest.fixture(scope="module")
def bank(corpus_retriever: Any) -> Bank:
    return Bank(corpus_retriever)


@pytest.fixture(scope="module")
def questions(bank: Bank) -> Questions:
    return Questions(bank)


def first(questions: Questions, bank: Bank, asked: str) -> str:
    """The question or the term of the fact that is meant; empty where none is."""
    name = next(iter(questions.meant(asked, {})), "")
    return bank.by_id[name].question or bank.by_id[name].term if name else ""


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("What is a GAN?", "What is a generative adversarial network (GAN)?"),
        ("What is a generative adversarial network?", "generative adversarial network"),
        ("what is a gan", "What is a generative adversarial network (GAN)?"),
        ("GANs", "What is a generative adversarial network (GAN)?"),
        ("define VAE", "What is a variational autoencoder (VAE)?"),
        ("什么是GAN？", "What is a generative adversarial network (GAN)?"),
        (
            "How does DDIM differ from DDPM?",
            "How does deterministic DDIM sampling differ from DDPM sampling?",
        ),
        ("Is the KL divergence symmetric?", "Is the Kullback-Leibler divergence symmetric?"),
        ("What does a reranker do?", "What does a reranker do in retrieval-augmented generation?"),
        ("What is DDIM?", "DDIM"),
    ],
)
def test_a_question_is_known_under_all_names_of_what_it_asks_for(
    bank: Bank, questions: Questions, asked: str, meant: str
) -> None:
    assert first(questions, bank, asked) == meant


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("What does FID measure?", "What is the Fréchet Inception distance?"),
        ("What is LoRA used for?", "What is LoRA?"),
        ("Who invented GANs?", "What is a generative adversarial network (GAN)?"),
        ("How does a VAE work?", "What is a variational autoencoder (VAE)?"),
    ],
)
def test_a_question_that_only_shares_words_is_another_one(
    bank: Bank, questions: Questions, asked: str, near: str
) -> None:
    assert not list(questions.meant(asked, {}))
    assert near in questions.near(asked, {}) and len(questions.near(asked, {})) <= 3


def test_what_the_notes_do_not_name_is_near_nothing(questions: Questions) -> None:
    assert not list(questions.meant("the French Revolution", {}))
    assert not questions.near("the French Revolution", {})


def test_each_question_of_the_notes_means_itself(bank: Bank, questions: Questions) -> None:
    asked = [fact for fact in bank.facts if fact.question][::7]
    others = [fact for fact in asked if first(questions, bank, fact.question) != fact.question]
    assert len(asked) > 100 and not others


def test_a_question_that_was_shown_comes_before_those_of_the_notes(questions: Questions) -> None:
    shown = {"typed": "What is a GAN?", "prefixed": "On GANs: Why is the discriminator needed?"}
    assert next(questions.meant("What is a generative adversarial network (GAN)?", shown)) == "typed"
    assert next(questions.meant("Why is the discriminator needed?", shown)) == "prefixed"
