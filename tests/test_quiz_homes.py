"""Where facts are at home, and which others lend them wrong options."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tutor.quiz.bank import Bank
from tutor.quiz.choices import within
from tutor.quiz.claims import claim_item
from tutor.quiz.facts import Fact
from tutor.quiz.prose import stated


@pytest.fixture(scope="module")
def bank(corpus_retriever: Any) -> Bank:
    return Bank(corpus_retriever)


def _asked(bank: Bank, question: str) -> Fact:
    return next(fact for fact in bank.facts if fact.question.startswith(question))


def test_a_card_of_a_deck_and_a_row_of_a_glossary_are_at_home_in_the_note_on_their_topic(bank: Bank) -> None:
    card = _asked(bank, "How does a VQ-VAE choose the code")
    row = next(fact for fact in bank.facts if fact.term == "reverse process" and fact.note == "glossary.md")
    assert card.note.startswith("cards/") and bank.homes.of(card) == {"vaes/vq-vae.md"}
    assert bank.homes.of(row) == {"diffusion/diffusion-models.md"}


def test_a_fact_of_a_note_on_one_topic_is_at_home_there_and_near_the_notes_linked_to_it(bank: Bank) -> None:
    fact = next(fact for fact in bank.facts if fact.note == "gans/mode-collapse.md")
    assert bank.homes.of(fact) == {"gans/mode-collapse.md"}
    assert {"gans/gan.md", "gans/wgan.md"} <= bank.homes.around(fact)
    assert "language/bert.md" not in bank.homes.around(fact)


def test_words_of_another_topic_are_not_at_home(bank: Bank) -> None:
    fact = _asked(bank, "How does a VQ-VAE choose the code")
    own = bank.homes.share("It keeps encoder outputs near their codebook entries", fact)
    foreign = bank.homes.share("It stores the keys and values of the attention heads", fact)
    assert own > 0.9 and foreign < 0.6


@pytest.mark.parametrize(
    ("name", "sort"),
    [
        ("cycle-consistency loss", "measure"),
        ("The denoising network", "model"),
        ("the decoder of a VAE", "part"),
        ("instruction tuning", "method"),
        ("memorisation", "fault"),
        ("LoRA", "method"),
        ("the authors", ""),
    ],
)
def test_the_sort_of_a_thing_is_told_by_its_name_or_its_meaning(name: str, sort: str, bank: Bank) -> None:
    assert bank.homes.sort(name) == sort


def test_only_the_fact_itself_and_what_is_near_it_lends_options(bank: Bank) -> None:
    for fact in bank.facts[::60]:
        around = bank.homes.around(fact)
        near = bank.homes.near(fact)
        assert all(bank.homes.of(other) & around for other, _ in near)
        assert fact.id not in {other.id for other, _ in near}
        cosines = [cosine for _, cosine in near]
        assert cosines == sorted(cosines, reverse=True)


def test_what_students_wrongly_say_of_a_thing_is_a_wrong_option_with_its_correction(bank: Bank) -> None:
    made = [claim_item(fact, bank, random.Random(0)) for fact in bank.facts if "BERT" in fact.key][:60]
    wrong = [
        option
        for item in made
        if item is not None
        for option in item.options
        if option.why.startswith("Students often say so, but: ")
    ]
    assert wrong
    assert all(bank.by_id[option.fact_id].entry is None for option in wrong)


def test_what_a_note_says_of_a_part_of_its_topic_is_no_wrong_option_for_the_topic(bank: Bank) -> None:
    fact = _asked(bank, "How does a VQ-VAE choose the code")
    part = next(
        one for one in bank.sources if one.note == "vaes/vq-vae.md" and one.key.startswith("The quantiser")
    )
    assert within("a VQ-VAE", "The quantiser of a VQ-VAE", fact, part, bank)
    assert not within("the encoder of a VQ-VAE", "The quantiser of a VQ-VAE", fact, part, bank)


def test_sentences_that_are_never_asked_stand_alone_and_are_no_misconceptions(bank: Bank) -> None:
    note = next(note for note in bank.retriever.index.notes if note.path == "gans/mode-collapse.md")
    said = [fact.key for fact in stated(note)]
    assert any(key.startswith("Minibatch discrimination lets the discriminator") for key in said)
    assert not any("arXiv" in key or "images are bad" in key for key in said)
    facts = {fact.id for fact in bank.facts}
    lent = [fact for fact in bank.sources if fact.id not in facts]
    assert len(lent) > 500 and all(not fact.question and not fact.term for fact in lent)


def test_a_network_of_a_kind_of_model_is_one_of_the_model(bank: Bank) -> None:
    keys = bank.second_keys
    assert keys.kin("the network of a DDPM", "the network of a diffusion model")
    assert not keys.kin("the encoder of a VAE", "the decoder of a VAE")
