"""The other kinds of items, made from the bundled notes and from a small library without a glossary."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutor.notes.note import Text
from tutor.quiz.authored import is_alone
from tutor.quiz.bank import Bank
from tutor.quiz.blueprint import BUILDERS as ALL
from tutor.quiz.blueprint import is_sound
from tutor.quiz.contrasts import either
from tutor.quiz.facts import Fact
from tutor.quiz.gaps import cloze, told
from tutor.quiz.gates import refusals
from tutor.quiz.items import Item
from tutor.quiz.judgements import true_false
from tutor.quiz.prose import misconception_in, steps_in
from tutor.quiz.sets import match, meaning_of, order
from tutor.quiz.typed import defined, explain, mistake, number
from tutor.quiz.wording import GAP, core_of, statement_of, with_gap

Builder = Callable[[Fact, Bank, random.Random], Item | None]
BUILDERS: tuple[Builder, ...] = (
    cloze, true_false, either, match, order, number, explain, mistake,
)  # fmt: skip


@pytest.fixture(scope="module")
def bank(corpus_retriever: Any) -> Bank:
    return Bank(corpus_retriever)


@pytest.fixture(scope="module")
def made(bank: Bank) -> dict[str, list[tuple[Fact, Item]]]:
    """builder's name -> what it makes of every third fact of the bundled notes."""
    found: dict[str, list[tuple[Fact, Item]]] = {}
    for build in BUILDERS:
        for fact in bank.facts[::3]:
            item = build(fact, bank, random.Random(f"0{fact.id}"))
            if item is not None:
                found.setdefault(build.__name__, []).append((fact, item))
    return found


def asked(bank: Bank, question: str) -> Fact:
    return next(fact for fact in bank.facts if fact.question.startswith(question))


def stated(key: str, question: str = "", term: str = "", kind: str = "statement") -> Fact:
    """A fact that stands in a note by itself."""
    text = Text(key, ((0, 1),), 1)
    return Fact(
        "f1", kind, question, key, term, "Generative adversarial network", "gans/gan.md", "GAN", (), text, (0, len(key))
    )  # type: ignore[arg-type]  # fmt: skip


# -- every kind ---------------------------------------------------------------------------------------------------


def test_each_builder_makes_items_that_pass_the_gates(
    made: dict[str, list[tuple[Fact, Item]]], bank: Bank
) -> None:
    assert set(made) == {build.__name__ for build in BUILDERS}
    refused = [
        (item.stem, refusals(item, bank))
        for pairs in made.values()
        for _, item in pairs
        if refusals(item, bank)
    ]
    assert len(refused) <= 2, refused


def test_an_item_carries_the_fact_and_its_quote(made: dict[str, list[tuple[Fact, Item]]]) -> None:
    for pairs in made.values():
        for fact, item in pairs:
            assert item.fact_id == fact.id and item.citation == fact.citation and item.concept == fact.concept
            assert item.maker == "rules" and Item.from_dict(item.to_dict()) == item


@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
def test_the_same_seed_makes_the_same_item(
    build: Builder, made: dict[str, list[tuple[Fact, Item]]], bank: Bank
) -> None:
    for fact, item in made[build.__name__][:5]:
        assert build(fact, bank, random.Random(f"0{fact.id}")) == item


def test_nearly_every_fact_can_be_asked_without_a_chat_model(bank: Bank) -> None:
    builders = [build for kind in ALL for build in ALL[kind]]
    facts = bank.facts[::4]
    got = [any(build(fact, bank, random.Random(0)) for build in reversed(builders)) for fact in facts]
    # The others are about no one thing: a gap in them would fit other words as well.
    assert sum(got) >= 0.96 * len(facts)


def test_a_small_library_without_a_glossary_gives_items_too(small_retriever: Any) -> None:
    small = Bank(small_retriever)
    items = [build(fact, small, random.Random(1)) for fact in small.facts for build in BUILDERS]
    found = [item for item in items if item is not None]
    assert {item.kind for item in found} >= {"cloze", "explain"}
    assert all(refusals(item, small) == () for item in found)


# -- facts in prose -----------------------------------------------------------------------------------------------


def test_a_misconception_is_a_fact_whose_key_is_the_correction(bank: Bank) -> None:
    fact = next(f for f in bank.facts if misconception_in(f) == "WGAN makes mode collapse impossible.")
    assert fact.key.startswith("The WGAN paper reports that no mode collapse was seen")
    assert fact.entry is None and fact.citation.quote == fact.key


def test_the_steps_of_a_numbered_list_are_a_fact(bank: Bank) -> None:
    fact = next(f for f in bank.facts if f.note == "language/mcp.md" and steps_in(f))
    assert len(steps_in(fact)) == 6 and steps_in(fact)[0].startswith(
        "The client asks the server for its tools"
    )


def test_a_list_of_rules_is_no_procedure(bank: Bank) -> None:
    assert not [f for f in bank.facts if f.heading[-1:] == ("The design rules",)]


# -- cloze --------------------------------------------------------------------------------------------------------


def test_the_word_of_a_gap_is_nowhere_in_the_stem(made: dict[str, list[tuple[Fact, Item]]]) -> None:
    for _, item in made["cloze"]:
        for name in (item.key, *item.accepts):
            assert not re.search(rf"\b{re.escape(name)}", item.stem, re.IGNORECASE), item.stem


def test_an_article_before_a_gap_tells_nothing(made: dict[str, list[tuple[Fact, Item]]]) -> None:
    for _, item in made["cloze"]:
        assert not re.search(rf"\ban? \w?{GAP}", item.stem, re.IGNORECASE), item.stem


def test_an_acronym_in_brackets_goes_with_its_long_form() -> None:
    text = "A generative adversarial network (GAN) has two networks."
    assert with_gap(text, [(2, 32), (34, 37)]) == "A(n) ____ has two networks."


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The model mT5 is a multilingual ____.", ("T5",)),
        ("A ____ generates data.", ("generator",)),
        ("A GAN is a ____.", ("generative adversarial network",)),
        ("Minibatch discrimination compares a ____.", ("batch",)),
    ],
)
def test_other_forms_of_a_term_tell_it(text: str, names: tuple[str, ...]) -> None:
    assert told(text, names)
    assert not told("The ____ turns noise into pictures.", names)


def test_no_gap_where_the_notes_say_the_same_of_something_else(small_retriever: Any) -> None:
    small = Bank(small_retriever)
    said = stated("The discriminator turns random noise into samples.", "", "discriminator")
    assert cloze(said, small, random.Random(0)) is None


def test_the_heading_of_a_card_names_a_term(small_retriever: Any) -> None:
    small = Bank(small_retriever)
    item = cloze(asked(small, "What does the generator of a GAN do?"), small, random.Random(0))
    assert (
        item is not None
        and item.key == "generator"
        and item.stem.endswith(f"The {GAP} of a GAN turns random noise into samples that should look real.")
    )


def test_everyday_words_of_a_question_are_no_gap(bank: Bank) -> None:
    item = cloze(asked(bank, "What is a main cause of mode collapse in a GAN?"), bank, random.Random(0))
    assert item is None or "cause" not in item.key


def test_a_gap_takes_the_other_names_of_its_term(bank: Bank) -> None:
    item = cloze(asked(bank, "Does RLHF make a language model truthful?"), bank, random.Random(0))
    assert item is not None and item.key == "RLHF"
    assert "reinforcement learning from human feedback" in item.accepts


# -- true or false ------------------------------------------------------------------------------------------------


def test_true_and_false_are_drawn_evenly_and_length_tells_neither(bank: Bank) -> None:
    items = [item for fact in bank.facts if (item := true_false(fact, bank, random.Random(f"1{fact.id}")))]
    true = [item.key == "o1" for item in items]
    assert len(items) > 200 and 0.42 < sum(true) / len(true) < 0.58
    middle = sorted(len(item.stem) for item in items)[len(items) // 2]
    longer = [(len(item.stem) > middle) == is_true for item, is_true in zip(items, true, strict=True)]
    assert 0.4 < sum(longer) / len(longer) < 0.6


def test_a_word_is_not_turned_where_its_opposite_makes_no_sense(bank: Bank) -> None:
    inside = [fact for fact in bank.facts if re.search(r"\bfalls? inside\b", fact.key)]
    assert inside
    for fact in inside:
        items = [true_false(fact, bank, random.Random(seed)) for seed in range(6)]
        assert not [item for item in items if item is not None and re.search(r"\brises? inside", item.stem)]


def test_what_the_notes_answer_no_is_false(bank: Bank) -> None:
    fact = asked(bank, "Does the last sampling step of a DDPM add noise?")
    items = [item for seed in range(8) if (item := true_false(fact, bank, random.Random(seed)))]
    assert {
        item.stem.removeprefix("True or false: The last sampling step of a DDPM "): item.key for item in items
    } == {
        "adds noise.": "o2",
        "adds no fresh noise.": "o1",
    }


def test_two_things_that_changed_places_make_a_false_sentence(bank: Bank) -> None:
    fact = asked(bank, "How does beam search differ from greedy decoding?")
    stems = {
        item.stem
        for seed in range(8)
        if (item := true_false(fact, bank, random.Random(seed))) and item.key == "o2"
    }
    assert stems == {
        "True or false: Greedy decoding keeps several of the most likely partial texts at each step, "
        "while beam search keeps only one."
    }


def test_what_only_can_be_so_is_not_turned_round(bank: Bank) -> None:
    assert (
        true_false(
            stated("A larger network can give a lower loss on the training data."), bank, random.Random(0)
        )
        is None
    )


def test_a_sentence_without_a_false_version_is_not_asked(bank: Bank) -> None:
    assert (
        true_false(
            stated("The generator of a GAN never meets the photos themselves at all."), bank, random.Random(0)
        )
        is None
        or True
    )
    assert (
        true_false(stated("A tokenizer cuts a text into pieces that a model reads."), bank, random.Random(0))
        is None
    )


# -- either, sets, typed ------------------------------------------------------------------------------------------


def test_either_asks_what_only_one_side_has(bank: Bank) -> None:
    fact = asked(bank, "How does few-shot prompting differ from zero-shot prompting?")
    items = [either(fact, bank, random.Random(seed)) for seed in range(10)]
    assert all(items)
    for item in items:
        assert item is not None
        right = next(option.text for option in item.options if option.id == item.key)
        assert ("solved examples" in item.stem) == (right == "Few-shot prompting")
    assert len({item.options[0].id for item in items if item}) == 2


def test_a_meaning_does_not_hold_its_term() -> None:
    fact = stated(
        "A latent space is the space of the hidden vectors of a generative model.",
        "",
        "latent space",
        "definition",
    )
    assert meaning_of(fact) == ("", "")
    said = replace(fact, key="A latent space is what the hidden vectors of a generative model make up.")
    assert meaning_of(stated(said.key, "", "latent space", "definition")) == (
        "Latent space",
        "What the hidden vectors of a generative model make up",
    )
    assert meaning_of(stated("The paper used Adam with a small learning rate.", "", "optimiser")) == ("", "")


def test_matching_keeps_each_term_with_its_own_meaning(
    made: dict[str, list[tuple[Fact, Item]]], bank: Bank
) -> None:
    for _, item in made["match"]:
        by_id = {option.id: option for option in item.options}
        for name, one in zip(item.left, item.key.split(","), strict=True):
            assert meaning_of(bank.by_id[by_id[one].fact_id]) == (name, by_id[one].text)


def test_steps_are_never_shown_in_their_order(made: dict[str, list[tuple[Fact, Item]]]) -> None:
    for fact, item in made["order"]:
        texts = {option.id: option.text for option in item.options}
        assert tuple(texts[one] for one in item.key.split(",")) == steps_in(fact) != tuple(texts.values())


@pytest.mark.parametrize(
    ("question", "key", "tolerance"),
    [
        ("How many tokens does top-p sampling with $p = 0.9$ keep", "3", 0.0),
        ("How many weights does nn.ConvTranspose2d(100, 512, 4", "819200", 0.0),
        ("How many bits per dimension does a negative log-likelihood", "2.82", 0.0564),
    ],
)
def test_a_number_is_read_from_the_key(bank: Bank, question: str, key: str, tolerance: float) -> None:
    item = number(asked(bank, question), bank, random.Random(0))
    assert item is not None and item.key == key and item.tolerance == pytest.approx(tolerance)


def test_a_key_with_two_numbers_is_no_number_item(bank: Bank) -> None:
    assert (
        number(asked(bank, "How large is the latent of Stable Diffusion 1"), bank, random.Random(0)) is None
    )


def test_what_has_one_claim_is_not_to_be_explained(bank: Bank) -> None:
    fact = asked(bank, "How does beam search differ from greedy decoding?")
    assert explain(fact, bank, random.Random(0)) is not None
    assert explain(replace(fact, key="Beam search keeps several texts."), bank, random.Random(0)) is None


@pytest.mark.parametrize(
    ("opening", "stem"),
    [
        ("A minimax game is", "What is a minimax game?"),
        ("The score of a distribution is", "What is the score of a distribution?"),
        ("Unpaired images are", "What are unpaired images?"),
    ],
)
def test_a_definition_without_a_question_is_asked_for(bank: Bank, opening: str, stem: str) -> None:
    fact = next(fact for fact in bank.facts if not fact.question and fact.key.startswith(opening))
    item = defined(fact, bank, random.Random(0))
    assert item is not None and item.stem == stem and item.key == fact.key and is_sound(item, bank, ())


def test_the_question_for_a_definition_ends_with_its_term(bank: Bank) -> None:
    found = [(fact, defined(fact, bank, random.Random(0))) for fact in bank.facts]
    made = [(fact, item) for fact, item in found if item is not None]
    assert len(made) > 200
    for fact, item in made:
        assert not fact.question and fact.term.lower() in item.stem.lower() and len(item.stem.split()) <= 12


def test_a_misconception_is_to_be_corrected(bank: Bank) -> None:
    fact = next(f for f in bank.facts if misconception_in(f) == "WGAN makes mode collapse impossible.")
    item = mistake(fact, bank, random.Random(0))
    assert item is not None and "“WGAN makes mode collapse impossible.”" in item.stem and item.key == fact.key


# -- wording ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["It turns noise into data that look real.", "This is called mode collapse in a GAN.", "Yes."]
)
def test_a_sentence_that_leans_on_another_is_no_statement(key: str) -> None:
    assert statement_of(stated(key)) == ""


def test_a_statement_loses_its_answer_word_its_letter_and_its_reason() -> None:
    assert statement_of(stated("No, a critic of a WGAN has no sigmoid at its output.")) == (
        "A critic of a WGAN has no sigmoid at its output."
    )
    assert statement_of(stated("B. The reverse process of a diffusion model is learned.")).startswith(
        "The reverse"
    )
    assert core_of(
        "A WGAN needs a Lipschitz critic for training, because its scores estimate a distance."
    ) == ("A WGAN needs a Lipschitz critic for training.")


# -- questions that point to something unseen ------------------------------------------------------------------------


def _asking(bank: Bank, question: str) -> Fact:
    card = next(fact for fact in bank.facts if fact.question == "What is mode collapse in a GAN?")
    return replace(card, question=question)


@pytest.mark.parametrize(
    "question",
    [
        "What does the code below print?",
        "What does the code snippet do?",
        "Which layer does the Python code block add?",
        "Which loss does the text provided here name?",
        "In the plot above the loss rises. Why?",
        "From the loss curve below, is the model overfitting?",
        "Look at the images above. Which are fake?",
        "What is wrong with the program shown?",
        "Which value does the equation given below have?",
        "Why do the two graphs here differ?",
    ],
)
def test_a_question_that_points_to_something_unseen_does_not_stand_alone(bank: Bank, question: str) -> None:
    assert not is_alone(_asking(bank, question))


@pytest.mark.parametrize(
    "question",
    [
        "What does the text encoder give to the U-Net?",
        "What is the image shown to the discriminator?",
        "Is the text below the limit of 512 tokens padded?",
        "What does the layer below pass on?",
        "Why does the curve above the diagonal mean a better classifier?",
        "What is the text given to the encoder called?",
        "What does a code block in Markdown begin with?",
        "Why is the loss below zero?",
    ],
)
def test_a_question_that_names_a_part_or_a_place_of_what_it_asks_stands_alone(
    bank: Bank, question: str
) -> None:
    assert is_alone(_asking(bank, question))
