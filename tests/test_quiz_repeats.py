"""No two questions of one quiz ask the same, and none tells the answer of another."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from tutor.quiz.authored import authored_item
from tutor.quiz.bank import Bank
from tutor.quiz.blueprint import quiz_items
from tutor.quiz.facts import Fact
from tutor.quiz.items import Item, Option
from tutor.quiz.repeats import duplicates, leaks, say_the_same, without_repeats


@pytest.fixture(scope="module")
def bank(corpus_retriever: Any) -> Bank:
    return Bank(corpus_retriever)


@pytest.fixture(scope="module")
def item(bank: Bank) -> Item:
    fact = next(fact for fact in bank.facts if fact.question == "What is mode collapse?")
    found = authored_item(fact, random.Random(0))
    assert found is not None
    return replace(found, fact_id="")


def fact_with(bank: Bank, key: str) -> Fact:
    return next(fact for fact in bank.facts if fact.key.startswith(key))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("FID is a distance between real and generated", "The Fréchet Inception distance compares the mean"),
        ("A generator that copies its training images", "No, the FID cannot detect copying"),
        ("RLHF collects human comparisons", "Reinforcement learning from human feedback trains a reward"),
        ("Attention scores are divided by the square root", "Attention scores are divided by $"),
        ("A token is the unit of text", "A token is often a whole word"),
    ],
)
def test_facts_of_the_same_meaning_are_one_whoever_wrote_them(bank: Bank, one: str, other: str) -> None:
    assert say_the_same(fact_with(bank, one), fact_with(bank, other), bank)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The ELBO of a VAE equals the log-likelihood", "The ELBO of a VAE can never exceed"),
        ("Only the generator of a GAN is needed", "Mode collapse is a failure of GAN training"),
        ("CycleGAN is a method that translates", "CycleGAN has two discriminators"),
    ],
)
def test_facts_on_one_subject_that_say_something_else_are_two(bank: Bank, one: str, other: str) -> None:
    assert not say_the_same(fact_with(bank, one), fact_with(bank, other), bank)


def test_what_a_thing_is_is_asked_once_in_whatever_words_the_notes_define_it(bank: Bank) -> None:
    defining = [fact for fact in bank.facts if bank.defined(fact)]
    same = [(one, two) for one, two in combinations(defining, 2) if bank.defined(one) == bank.defined(two)]
    assert len(same) > 20
    assert all(say_the_same(one, two, bank) for one, two in same)
    assert len(without_repeats([fact for pair in same for fact in pair], bank)) < len(same)


def test_a_statement_to_be_judged_is_asked_once_whether_it_is_put_as_true_or_as_false(
    bank: Bank, item: Item
) -> None:
    judged = replace(item, id="a", kind="true-false", stem="True or false: BERT is not a text generator.")
    wrong = replace(
        item, id="b", stem="A student says: “BERT is a text generator like GPT.” What is wrong with that?"
    )
    other = replace(item, id="c", stem="True or false: BERT reads a whole text at once.")
    assert duplicates([judged, wrong], bank) == (("a", "b"),)
    assert duplicates([judged, other], bank) == ()


def choice(item: Item, name: str, stem: str, *texts: str) -> Item:
    options = tuple(Option(f"o{n}", text) for n, text in enumerate(texts))
    return replace(item, id=name, kind="choice", stem=stem, options=options, key="o0")


def test_an_option_tells_the_key_of_another_question_though_its_subject_is_a_pronoun(item: Item) -> None:
    listed = choice(
        item, "listed", "What is a Nash equilibrium?", "It is a state in which no player gains by changing alone",
        "It is a term of the critic's loss that pulls the norm of its gradient towards 1",
    )  # fmt: skip
    typed = replace(
        item, id="typed", kind="short", stem="What is the gradient penalty?",
        key="The gradient penalty is a term of the critic's loss that pulls the gradient's norm towards 1.",
    )  # fmt: skip
    assert leaks([listed, typed]) == (("listed", "typed"),)
    tenfold = replace(typed, key=typed.key.replace("1", "10"))
    assert leaks([listed, tenfold]) == ()


def test_a_short_key_that_is_no_name_is_told_by_an_option_that_begins_with_it(item: Item) -> None:
    key = choice(
        item,
        "key",
        "Which of these is true of a diffusion model?",
        "It is a step-by-step cleaner",
        "It is a map",
    )
    listed = choice(
        item,
        "listed",
        "What is a sampler?",
        "It is a rule",
        "It is a step-by-step cleaner: it starts from noise",
    )
    assert leaks([key, listed]) == (("listed", "key"),)


def test_a_name_is_told_where_a_question_says_little_but_what_is_asked_for_it(item: Item) -> None:
    gap = replace(
        item, id="gap", kind="term", key="Stable Diffusion",
        stem="Which term fits? “____ is a family of trained text-to-image models that use latent diffusion.”",
    )  # fmt: skip
    telling = replace(
        item,
        id="telling",
        kind="short",
        stem="Is Stable Diffusion a latent model?",
        key="Yes, it is one of them.",
    )
    other = replace(
        telling, id="other", stem="How large is the latent of Stable Diffusion for a picture of 512 by 512?"
    )
    assert leaks([gap, telling]) == (("telling", "gap"),)
    assert leaks([gap, other]) == ()


def test_a_name_is_told_by_a_question_and_its_option_together(item: Item) -> None:
    gap = replace(
        item,
        id="gap",
        kind="cloze",
        key="token",
        stem="Fill the gap: A ____ is often a whole word or a piece of a word.",
    )
    listed = choice(
        item, "listed", "What is a token?", "It is often a whole word or a part of one", "It is a number"
    )
    assert ("listed", "gap") in leaks([gap, listed])


@pytest.mark.parametrize("topic", ["FID", "tokenization"])
def test_a_quiz_of_ten_holds_no_fact_twice(bank: Bank, topic: str) -> None:
    items = quiz_items(bank, topic, 10, rng=random.Random(3))
    facts = [bank.by_id[one.fact_id] for one in items]
    assert not any(say_the_same(one, two, bank) for one, two in combinations(facts, 2))
    assert not leaks(items) and not duplicates(items, bank)
    assert len(items) >= 5
