"""Multiple choice from single statements of the notes: what is true of a thing, numbers, reasons, results and names."""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutor.quiz.asked_names import name_item
from tutor.quiz.assertions import claim_of, reason_of, sort_of
from tutor.quiz.authored import authored_item
from tutor.quiz.bank import Bank
from tutor.quiz.blueprint import BUILDERS, is_sound
from tutor.quiz.choices import by_name, choice_item, gap_item, term_item
from tutor.quiz.claims import claim_item
from tutor.quiz.computed import computed_item, result_in
from tutor.quiz.distractors import Candidate
from tutor.quiz.facts import Fact, is_everyday
from tutor.quiz.falsehoods import statement_item
from tutor.quiz.flaws import numeric
from tutor.quiz.formulas import formula_item
from tutor.quiz.gaps import cloze, subject_gap
from tutor.quiz.items import Item, Option, signs
from tutor.quiz.judgements import true_false
from tutor.quiz.option_answers import chosen_option
from tutor.quiz.situations import situation_item
from tutor.quiz.values import value_item
from tutor.quiz.wording import GAP

Builder = Callable[[Fact, Bank, random.Random], Item | None]


@pytest.fixture(scope="module")
def bank(corpus_retriever: Any) -> Bank:
    return Bank(corpus_retriever)


def _made(build: Builder, bank: Bank, step: int = 4) -> list[Item]:
    found = (build(fact, bank, random.Random(fact.id)) for fact in bank.facts[::step])
    return [item for item in found if item is not None]


def _opening(text: str) -> str:
    """The pronoun that opens an option, with "is" or "are" where that follows."""
    found = re.match(r"(?:it|they)(?: (?:is|are))?(?![\w-])", text, re.IGNORECASE)
    return found[0].lower() if found else ""


def _asked(bank: Bank, question: str) -> Fact:
    return next(fact for fact in bank.facts if fact.question.startswith(question))


def _key(item: Item) -> Option:
    return next(option for option in item.options if option.id == item.key)


# -- what a statement says ----------------------------------------------------------------------------------------


def test_a_statement_about_one_thing_is_a_claim() -> None:
    claim = claim_of("A KV cache stores the keys and values of the tokens already processed.")
    assert claim is not None and claim.subject == "A KV cache"
    assert claim.texts[0] == "It stores the keys and values of the tokens already processed"


@pytest.mark.parametrize(
    "statement",
    [
        "Two networks are trained against each other in this kind of model.",
        "A transposed convolution does not bring back the values of its input.",
        "A larger network can give a lower loss on the training data.",
        "A latent space is a space of vectors that lies inside a model.",
        "Text-to-image models often make mistakes with counting and with words.",
        "Further training makes it follow instructions that people write.",
    ],
    ids=["several things", "denied", "only allowed", "names itself", "a noun for the verb", "another it"],
)
def test_what_holds_of_many_things_is_no_claim(statement: str) -> None:
    assert claim_of(statement) is None


def test_a_reason_is_told_from_what_it_belongs_to() -> None:
    why = reason_of(
        "The critic of a WGAN needs a Lipschitz constraint, because its scores estimate a distance."
    )
    assert why is not None and why.subject == "The critic of a WGAN needs a Lipschitz constraint"
    assert why.texts == ("Because its scores estimate a distance",)
    assert reason_of("Diffusion training is more stable because it has no opposing network.") is None


def test_options_say_the_same_sort_of_thing() -> None:
    said = [
        "It is a model that draws",
        "It is the first stage",
        "It is trained on text",
        "It means that",
        "It makes a",
    ]
    assert [sort_of(text) for text in said] == ["model", "thing", "done", "means", "does"]


# -- the items ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [claim_item, value_item, computed_item, statement_item, gap_item])
def test_each_builder_makes_sound_items_with_a_reason_for_every_option(build: Builder, bank: Bank) -> None:
    items = _made(build, bank, 2)
    assert len(items) >= 15
    assert sum(is_sound(item, bank, ()) for item in items) >= 0.97 * len(items)
    for item in items:
        assert all(option.why and "What is a ?" not in option.why for option in item.options)
        assert build(bank.by_id[item.fact_id], bank, random.Random(item.fact_id)) == item


def test_a_right_statement_stands_among_false_ones_on_its_own_matter(bank: Bank) -> None:
    items = _made(statement_item, bank)
    assert len(items) >= 40
    for item in items:
        fact = bank.by_id[item.fact_id]
        for option in item.options:
            if option.id != item.key:
                other = bank.by_id[option.fact_id]
                assert other.id != fact.id and bank.homes.of(other) & bank.homes.of(fact)
                # What is wrong with it is told by the note that it comes from.
                assert option.why.startswith("Not so: ") and option.text not in option.why


def test_the_false_version_of_a_statement_is_never_beside_it(bank: Bank) -> None:
    for item in _made(statement_item, bank):
        false = bank.falsehoods.get(item.fact_id, "")
        assert all(option.text != false.rstrip(".") for option in item.options)
        assert not any(re.search(r"\d\.\d", option.text) for option in item.options)


@pytest.mark.parametrize("thing", ["standard GAN", "language model", "diffusion model"])
def test_of_a_wide_thing_no_part_or_step_is_its_rival(bank: Bank, thing: str) -> None:
    found = [
        item
        for fact in bank.facts
        if fact.id in bank.claims and bank.claims[fact.id].subject.lower() == f"a {thing}"
        if (item := claim_item(fact, bank, random.Random(0))) is not None
    ]
    said = [
        option.why.removeprefix("This is true of ").partition(" (")[0]
        for item in found
        for option in item.options
        if option.why.startswith("This is true of ")
    ]
    parts = re.compile(
        r"\b(?:layer|loop|step|encoder|decoder|generator|discriminator|tokenizer|cost|training)\b"
    )
    assert not [name for name in said if parts.search(name)]


def test_an_option_that_points_at_something_else_is_none(bank: Bank) -> None:
    for build in (choice_item, claim_item):
        for item in _made(build, bank, 1):
            others = [option.text for option in item.options if option.id != item.key]
            assert not [text for text in others if re.search(r"\b(?:them|both|there)\b", text)]


def test_what_is_true_of_a_thing_stands_among_what_is_true_of_others(bank: Bank) -> None:
    items = _made(claim_item, bank, 1)
    assert len(items) >= 60
    for item in items:
        own = bank.claims[item.fact_id]
        mined = [
            option for option in item.options if option.fact_id and option.why.startswith("This is true of")
        ]
        others = [bank.claims[option.fact_id] for option in mined]
        assert {_opening(option.text) for option in item.options} == {own.shape}
        assert {sort_of(option.text) for option in item.options} == {sort_of(own.texts[0])}
        assert not any(bank.second_keys.kin(own.subject, other.subject) for other in others)


def test_a_part_of_a_thing_gives_no_wrong_option_for_it(bank: Bank) -> None:
    facts = [
        fact for fact in bank.facts if bank.claims.get(fact.id) and bank.claims[fact.id].subject == "A GAN"
    ]
    for fact in facts:
        item = claim_item(fact, bank, random.Random(0))
        for option in item.options if item else ():
            assert "of a GAN" not in option.why and "of a trained GAN" not in option.why


def test_numbers_stand_in_their_order_and_the_right_one_at_any_place(bank: Bank) -> None:
    items = _made(value_item, bank, 1)
    places = [[option.id for option in item.options].index(item.key) for item in items]
    assert set(places) == {0, 1, 2, 3}
    for item in items:
        values = numeric([re.sub(r" (?:million|billion)$", "", option.text) for option in item.options])
        assert values is None or values == sorted(values)
    item = value_item(_asked(bank, "How many parameters does nn.LSTM(10, 20)"), bank, random.Random(0))
    assert item is not None and _key(item).text == "2,560"


@pytest.mark.parametrize(
    ("question", "right"),
    [
        ("Which spam probability does naive Bayes give", "0.769"),
        ("What is the value of the GAN objective at the ideal equilibrium?", "-1.386"),
        ("How many transposed convolutions lead", "five"),
        ("How large is the latent of Stable Diffusion 1 for", "4 channels of 64 by 64 numbers"),
        ("How much memory do the weights of a 7-billion", "14 GB and 3.5 GB"),
        ("Which attention weights does the query (1, 0) give", "0.67 and 0.33"),
        ("Which latent vector results from adding 0.5 times", "(2, 1)"),
    ],
)
def test_a_result_that_the_notes_work_out_is_chosen_among_its_like(
    question: str, right: str, bank: Bank
) -> None:
    fact = _asked(bank, question)
    for seed in range(4):
        item = computed_item(fact, bank, random.Random(seed))
        assert item is not None and _key(item).text == right and is_sound(item, bank, ())
        assert len({re.sub(r"[\d.,]+", "0", option.text) for option in item.options}) in (1, 4)


@pytest.mark.parametrize(
    "question",
    [
        "How strong are the gradients of the saturating and the non-saturating",  # one of the two stands in it
        "Which perplexity has a language model that gives each of 50,000 tokens",  # the answer stands in it
        "Does a negative prompt have an effect at a guidance scale of 1?",
        "How much lighter is the packed picture",
        "How many generators and discriminators does a CycleGAN have?",  # two of each, four in all
    ],
)
def test_a_question_that_tells_its_number_or_wants_two_gives_no_result(question: str, bank: Bank) -> None:
    assert result_in(_asked(bank, question)) is None


def test_a_formula_stands_among_formulas_with_two_changes_in_half_of_them_each(bank: Bank) -> None:
    items = _made(formula_item, bank, 1)
    assert len(items) >= 12 and all(is_sound(item, bank, ()) for item in items)
    for item in items:
        assert len({signs(option.text) for option in item.options}) == 4
        for option in item.options:
            assert chosen_option(item, option.text) == option.id
            assert chosen_option(item, option.text.replace("$", "")) == option.id
        right, *others = sorted(item.options, key=lambda one: one.id != item.key)
        written = [Counter(one.text) for one in others]
        assert any(
            Counter(right.text) + both == one + two for both, one, two in itertools.permutations(written)
        )
    legend = formula_item(_asked(bank, "Which formula gives the FID"), bank, random.Random(0))
    assert legend is not None and "are the mean and covariance of the features" in legend.stem


def test_a_formula_of_learned_weights_is_not_asked_by_its_signs(bank: Bank) -> None:
    fact = _asked(bank, "Which formula describes a weight matrix")
    assert formula_item(fact, bank, random.Random(0)) is None


def test_the_sign_of_a_typed_number_is_read(bank: Bank) -> None:
    fact = _asked(bank, "What is the value of the GAN objective at the ideal equilibrium?")
    item = computed_item(fact, bank, random.Random(0))
    assert item is not None and chosen_option(item, "-1.386") == item.key == chosen_option(item, "−1.386")
    assert chosen_option(item, "1.386") is None and chosen_option(item, "+1.386") is None


@pytest.mark.parametrize(
    "key",
    ["It has between 6 and 12 layers.", "It has more than 12 layers.", "It has from 6 to 12 layers."],
)
def test_a_range_in_a_note_gives_no_number(key: str, bank: Bank) -> None:
    fact = _asked(bank, "How many transposed convolutions lead")
    made = replace(fact, question="How many layers does a small model have?", key=key)
    assert result_in(made) is None
    assert result_in(replace(made, key="It has 12 layers.")) is not None


def test_the_sign_of_drawn_noise_is_not_changed_nor_a_fraction_under_a_logarithm(bank: Bank) -> None:
    for question in ("Which formula gives a noisy sample at step", "Which formula gives one sampling step"):
        for seed in range(6):
            item = formula_item(_asked(bank, question), bank, random.Random(seed))
            for option in item.options if item else ():
                assert not re.search(
                    r"- (?:\\sqrt\{1 - \\bar\\alpha_t\}\\,)?(?:\\epsilon$|\\sigma_t z)", option.text
                )
    for seed in range(6):
        item = formula_item(_asked(bank, "Which formula gives the density of a"), bank, random.Random(seed))
        assert item is None or not any("partial x}{" in option.text for option in item.options)


def test_a_number_that_only_stands_in_a_definition_is_not_asked(bank: Bank) -> None:
    assert value_item(_asked(bank, "What is the Jensen-Shannon divergence?"), bank, random.Random(0)) is None


def test_a_question_for_a_name_gives_names_to_choose_from(bank: Bank) -> None:
    fact = _asked(bank, "What do you call it when a chatbot invents something")
    item = name_item(fact, bank, random.Random(0))
    assert item is not None and _key(item).text == "Hallucination" and item.kind == "term"


def test_options_speak_of_one_thing_or_of_several_alike(bank: Bank) -> None:
    for build in (choice_item, claim_item):
        for item in _made(build, bank, 2):
            openings = [
                found[1].lower()
                for option in item.options
                if (
                    found := re.match(
                        r"(?:Because |So that |By )?(its?|they|their)\b", option.text, re.IGNORECASE
                    )
                )
            ]
            assert not ({"it", "its"} & set(openings) and {"they", "their"} & set(openings)), item.options


def test_what_holds_of_its_kinds_too_is_no_term_to_be_chosen(bank: Bank) -> None:
    assert bank.second_keys.has_kinds("generative model") and not bank.second_keys.has_kinds("perplexity")
    for build in (term_item, gap_item):
        assert not [item for item in _made(build, bank, 1) if _key(item).text == "Generative model"]


def test_two_options_that_say_one_thing_are_not_shown_together(bank: Bank) -> None:
    keys = bank.second_keys
    assert keys.say_one_thing(
        "It stores the frozen weights with 4 bits each",
        "It stores the weights of a language model with fewer bits",
    )
    assert not keys.say_one_thing(
        "It maps a latent vector to data", "It maps an input to a distribution over codes"
    )


# -- gaps and questions that stand alone --------------------------------------------------------------------------


def test_a_gap_is_what_the_sentence_is_about_and_no_example_unit_or_list_member(bank: Bank) -> None:
    for fact in bank.facts[::2]:
        item = cloze(fact, bank, random.Random(0))
        if item is not None:
            sentence = re.sub(r"^Fill the gap(?: \(topic: .*?\))?: ", "", item.stem)
            assert re.match(rf"(?:(?:A\(n\)|The) )?\w?{GAP}", sentence), item.stem
    units = _asked(bank, "About how many tokens do 1,000 English words take?")
    assert cloze(units, bank, random.Random(0)) is None
    gap = subject_gap(_asked(bank, "What is fine-tuning?"), bank)
    assert gap is not None and gap[1].written.lower() == "fine-tuning"


def test_a_short_name_of_a_part_is_no_gap_and_a_year_is_not_changed(bank: Bank) -> None:
    assert cloze(_asked(bank, "Which two terms make up the ELBO of a VAE?"), bank, random.Random(0)) is None
    for fact in bank.facts:
        if re.search(r"\b(?:19|20)\d\d\b", fact.key):
            item = true_false(fact, bank, random.Random(0))
            assert item is None or re.findall(r"\b(?:19|20)\d\d\b", item.stem) in (
                [],
                re.findall(r"\b(?:19|20)\d\d\b", item.explanation)[:1],
            )


def test_the_first_letter_of_a_short_name_is_no_hint(bank: Bank) -> None:
    stems = [item.stem for item in _made(cloze, bank, 1)]
    assert not [stem for stem in stems if re.search(rf"\b[A-Z]{GAP}", stem) and not stem.endswith(GAP)][5:]


def test_an_everyday_question_gives_no_sentences_on_other_matters(bank: Bank) -> None:
    riddle = _asked(bank, "Why must the scorer be a gentle slope and not a cliff?")
    assert choice_item(riddle, bank, random.Random(0)) is None and is_everyday(riddle)


def test_an_explanation_answers_the_question_and_never_begins_with_no(bank: Bank) -> None:
    fact = _asked(bank, "Which of the two networks of a GAN is needed to make samples after training?")
    item = authored_item(fact, random.Random(0))
    assert item is not None and item.explanation.startswith("Only the generator of a GAN is needed")
    for one in bank.facts[::5]:
        for build in (cloze, true_false, claim_item, statement_item):
            made = build(one, bank, random.Random(0))
            assert made is None or not re.match(r"(?:Yes|No),", made.explanation.strip())


def test_no_reason_of_an_option_names_nothing_or_quotes_twice(bank: Bank) -> None:
    for kind in BUILDERS:
        for build in BUILDERS[kind]:
            for item in _made(build, bank, 8):
                for option in item.options:
                    assert not re.search(r"What (?:is|are) (?:an? |the )?\?", option.why), option
                    assert not option.why.startswith("The note says"), option
                    assert item.kind != "match" or GAP not in option.text


# -- a beginner's question --------------------------------------------------------------------------------------------


def test_a_beginners_question_is_answered_by_one_of_some_sentences(bank: Bank) -> None:
    everyday = [fact for fact in bank.facts if is_everyday(fact)][::6]
    found = [(fact, situation_item(fact, bank, random.Random(fact.id))) for fact in everyday]
    made = [(fact, item) for fact, item in found if item is not None and is_sound(item, bank, ())]
    assert len(made) >= 0.25 * len(everyday)
    for fact, item in made:
        assert fact.question in item.stem and len(item.options) >= 3
        first = {one.key for one in bank.terms.places(_key(item).text)[:1]}
        for option in item.options:
            # What speaks of the same thing may be right too.
            if option.id != item.key:
                assert is_everyday(bank.by_id[option.fact_id])
                assert not first & {one.key for one in bank.terms.places(option.text)}


def test_a_card_of_a_deck_is_no_beginners_question(bank: Bank) -> None:
    assert situation_item(_asked(bank, "What is mode collapse"), bank, random.Random(0)) is None


def test_what_stands_before_of_is_a_part_of_something_in_the_notes(bank: Bank) -> None:
    assert bank.may_be_part("Decoder") and not bank.may_be_part("Stable Diffusion")
    gaps = [
        item
        for build in (term_item, gap_item)
        for item in _made(build, bank)
        if re.search(r"____ of (?:an?|the) ", item.stem)
    ]
    assert gaps
    for item in gaps:
        assert all(bank.may_be_part(option.text) for option in item.options if option.id != item.key), (
            item.stem
        )


def test_a_name_in_two_spellings_is_one_option(bank: Bank) -> None:
    one, other, third = (
        Candidate(fact, (name,), 0.5)
        for fact, name in zip(bank.facts, ("Normalizing flow", "Normalising flow", "Size"), strict=False)
    )
    assert by_name([one, other, third], bank) == [one, third]
