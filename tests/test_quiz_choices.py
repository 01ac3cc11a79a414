"""Multiple choice out of the notes' own words."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tutor.notes.note import Card
from tutor.quiz.bank import Bank
from tutor.quiz.choices import choice_item, definition_item, term_item
from tutor.quiz.distractors import ordered
from tutor.quiz.facts import Fact
from tutor.quiz.flaws import CUES, cues, hard_flaws
from tutor.quiz.grading import grade
from tutor.quiz.items import Item, Option
from tutor.quiz.second_keys import SecondKeys
from tutor.turns import Citation


@pytest.fixture(scope="module")
def bank(corpus_retriever: Any) -> Bank:
    return Bank(corpus_retriever)


@pytest.fixture(scope="module")
def items(bank: Bank) -> list[Item]:
    """What each builder makes of some hundred facts."""
    facts = [fact for fact in bank.facts if fact.id in bank.definitions or isinstance(fact.entry, Card)][::9]
    return list(_built(facts, bank))


def _built(facts: Sequence[Fact], bank: Bank) -> Iterator[Item]:
    for fact in facts:
        for make in (choice_item, definition_item, term_item):
            item = make(fact, bank, random.Random(1))
            if item:
                yield item


def _item(stem: str, *texts: str, kind: str = "choice") -> Item:
    """An item whose first option is the key."""
    options = tuple(Option(f"o{n}", text) for n, text in enumerate(texts))
    cited = Citation(1, "n.md", (1, 1), texts[0], "N", (), texts[0])
    return Item("i", kind, stem, options, "o0", "", cited, texts[0], (), "n.md")  # type: ignore[arg-type]


def _fact(bank: Bank, question: str) -> Fact:
    return next(fact for fact in bank.facts if fact.question == question)


def test_a_glossary_row_and_the_sentence_that_opens_a_note_are_facts_with_a_term(bank: Bank) -> None:
    in_prose = [fact for fact in bank.facts if fact.entry is None]
    terms = {term for term, _ in bank.definitions.values()}
    assert len(terms) >= 150
    assert {"mode collapse", "U-Net", "perplexity"} <= {fact.term for fact in in_prose}
    for fact in in_prose:
        assert fact.source.words[slice(*fact.span)] == fact.key == fact.citation.quote
    assert bank.vectors.shape[0] == len(bank.facts)


def test_the_small_library_gives_facts_and_no_item_from_too_few_of_them(small_retriever: Any) -> None:
    small = Bank(small_retriever)
    assert any(fact.term == "Mode collapse" and fact.entry is None for fact in small.facts)
    assert [
        make(fact, small, random.Random(0)) for fact in small.facts for make in (definition_item, term_item)
    ] == [None] * (2 * len(small.facts))


def test_every_kind_is_built_and_stands_alone(items: Sequence[Item]) -> None:
    assert {item.kind for item in items} == {"choice", "definition", "term"}
    for item in items:
        ids = [option.id for option in item.options]
        assert item.key in ids and len(set(ids)) == len(ids) and 3 <= len(ids) <= 4
        assert item.maker == "rules" and item.fact_id and item.citation.quote
        assert (
            grade(item, next(option.text for option in item.options if option.id == item.key)).verdict
            == "correct"
        )
        assert Item.from_dict(item.to_dict()) == item


def test_a_distractor_says_what_it_is_the_answer_of(items: Sequence[Item], bank: Bank) -> None:
    for item in items:
        for option in item.options:
            if option.id != item.key:
                lent = option.why.startswith("The notes say this of something else: ")
                assert lent or option.why.startswith("This is the answer to: ")
                assert lent or option.fact_id
                assert option.fact_id != item.fact_id
                assert lent or bank.by_id[option.fact_id].title in option.why


def test_options_are_words_of_the_notes(items: Sequence[Item], bank: Bank) -> None:
    never_asked = [fact for fact in bank.sources if fact.id not in bank.by_id]
    notes = " ".join(_words(f"{fact.question} {fact.key} {fact.term}") for fact in bank.sources)
    lent = 0
    for item in items:
        for option in item.options:
            fact = bank.by_id.get(option.fact_id or (item.fact_id if option.id == item.key else ""))
            words = option.text.lower().removeprefix("because ").split()
            rest = " ".join(words[1:] if words[0] in ("it", "they") else words)
            if item.kind == "term":
                assert _words(option.text) in notes, option.text
            elif fact:
                assert rest in _words(fact.key), (option.text, fact.key)
            else:  # a sentence that is never asked: one of the note that the option names holds these words
                lent += 1
                sources = [one for one in never_asked if rest in _words(one.key)]
                assert any(option.why.endswith(f" ({one.title})") for one in sources), option
    assert lent >= 5


def _words(text: str) -> str:
    return " ".join(text.lower().split())


def test_items_show_no_hard_flaw_and_one_seed_gives_one_item(items: Sequence[Item], bank: Bank) -> None:
    assert not [item.stem for item in items if hard_flaws(item)]
    again = {item.id for item in _built([bank.by_id[item.fact_id] for item in items[:12]], bank)}
    assert {item.id for item in items[:12]} <= again


def test_the_term_is_masked_wherever_its_definition_names_it(items: Sequence[Item]) -> None:
    for item in (one for one in items if one.kind == "term"):
        key = next(option.text for option in item.options if option.id == item.key)
        assert "____" in item.stem and key.lower() not in item.stem.lower()


def test_questions_answered_by_yes_or_no_give_no_choice(bank: Bank) -> None:
    fact = _fact(bank, "Is the Kullback-Leibler divergence symmetric?")
    assert choice_item(fact, bank, random.Random(0)) is None


@pytest.mark.parametrize(
    ("item", "flaw"),
    [
        (_item("What is it?", "A very long answer that goes on and on", "Short one", "Brief"), "key longest"),
        (_item("What is it?", "Red wine", "White milk", "All of the above"), "others named"),
        (_item("What is it?", "It can help", "It always helps", "It never fails"), "absolutes"),
        (
            _item("What does attention do?", "Attention weighs", "Makes bread", "Sorts mail"),
            "stem word in key alone",
        ),
        (_item("What is it?", "Noise is added", "Noise is added.", "Bread is baked"), "options overlap"),
        (_item("The model is an", "encoder", "decoder", "parrot"), "grammar"),
        (_item("How many?", "10", "2", "30"), "number order"),
    ],
)
def test_each_hard_flaw_is_seen(item: Item, flaw: str) -> None:
    assert flaw in hard_flaws(item)


def test_a_distractor_far_in_meaning_is_implausible_and_a_word_inside_a_word_is_no_absolute() -> None:
    item = _item("What is it?", "Some small thing", "Some tall house", "Some wall paint")
    assert hard_flaws(item) == ()
    assert hard_flaws(item, lambda one, other: 0.1) == ("implausible",)


def test_numbers_are_shown_in_order_and_words_are_shuffled() -> None:
    assert ordered(["30", "2", "10"], random.Random(0)) == [1, 2, 0]
    assert len({tuple(ordered(["a", "b", "c"], random.Random(seed))) for seed in range(20)}) > 2


def test_cues_are_a_row_for_each_option_and_do_not_know_the_key() -> None:
    item = _item("What is mode collapse?", "A loss of variety", "A long and winding kind of road", "A cat")
    assert [len(row) for row in cues(item)] == [len(CUES)] * 3
    assert cues(item) == cues(replace(item, key="o2"))


def test_second_keys_are_told_from_fair_distractors(bank: Bank) -> None:
    keys: SecondKeys = bank.second_keys
    stem = "Which term fits the gap?"
    assert keys.reason(stem, "Conditional GAN", "cGAN", "conditional GAN")
    assert not keys.reason(stem, "Conditional GAN", "Wasserstein GAN", "conditional GAN")
    asked = "What is mode collapse?"
    key = "It is a failure in which the generator makes only a few kinds of output"
    assert keys.reason(asked, key, "It means that the generator makes few kinds of output", "mode collapse")
    assert not keys.reason(
        asked, key, "It means that many vectors of the list are never chosen", "mode collapse"
    )
    assert keys.kin("GAN", "conditional GAN") and not keys.kin("generator of a GAN", "discriminator of a GAN")


def test_most_planted_second_keys_are_rejected(bank: Bank) -> None:
    from tutor.evaluation.quiz_cues import planted

    found = planted(bank.second_keys)
    assert found["planted"] >= 70 and found["good"] >= 60
    assert found["rejected"] >= 0.9 and found["kept"] >= 0.75


def test_guessing_by_length_or_by_words_of_the_stem_earns_little_more_than_chance(
    items: Sequence[Item],
) -> None:
    from tutor.evaluation.quiz_cues import _picks

    table = [cues(item) for item in items]
    keys = [[option.id for option in item.options].index(item.key) for item in items]
    chance = sum(1 / len(item.options) for item in items) / len(items)
    assert _picks(table, keys, 0) <= chance + 0.15 and _picks(table, keys, 2) <= chance + 0.15
