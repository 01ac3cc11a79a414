"""The gates: each refuses an item that was spoilt on purpose and lets the good one pass."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tutor.index import open_index, refresh_index
from tutor.quiz.authored import authored_item
from tutor.quiz.bank import Bank
from tutor.quiz.contrasts import either
from tutor.quiz.gaps import cloze
from tutor.quiz.gates import imbalances, refusals
from tutor.quiz.items import Item, Option
from tutor.quiz.repeats import duplicates, leaks
from tutor.quiz.sets import match, order
from tutor.quiz.typed import number
from tutor.retrieval import Retriever


@pytest.fixture(scope="module")
def bank(corpus_retriever: Any) -> Bank:
    return Bank(corpus_retriever)


def made(build: Any, bank: Bank, question: str = "") -> Item:
    """The first item that a builder makes of the facts whose question begins so."""
    facts = (fact for fact in bank.facts if fact.question.startswith(question))
    return next(item for fact in facts if (item := build(fact, bank, random.Random(0))) is not None)


@pytest.fixture(scope="module")
def short(bank: Bank) -> Item:
    fact = next(fact for fact in bank.facts if fact.question == "What is mode collapse in a GAN?")
    item = authored_item(fact, random.Random(0))
    assert item is not None
    return item


@pytest.fixture(scope="module")
def choice(bank: Bank) -> Item:
    return made(either, bank, "How does few-shot prompting differ")


def gates(item: Item, bank: Bank, **more: Any) -> set[str]:
    return {refusal.gate for refusal in refusals(item, bank, **more)}


def options(item: Item, *texts: str) -> Item:
    """The item with the key and these texts for its options."""
    right = next(option for option in item.options if option.id == item.key)
    return replace(item, options=(right, *(Option(f"x{n}", text) for n, text in enumerate(texts))))


@pytest.mark.parametrize("build", [cloze, either, match, order, number], ids=lambda build: build.__name__)
def test_a_good_item_passes(build: Any, bank: Bank) -> None:
    assert refusals(made(build, bank), bank) == ()


def test_the_authors_own_questions_pass(bank: Bank) -> None:
    items = [item for fact in bank.facts[::9] if (item := authored_item(fact, random.Random(0)))]
    assert len(items) > 90 and [item.stem for item in items if refusals(item, bank)] == []


@pytest.mark.parametrize(
    "spoilt",
    [{"stem": " "}, {"key": ""}, {"fact": ""}, {"explanation": ""}, {"kind": "riddle"}, {"key": "o9"}],
    ids=str,
)
def test_g0_refuses_what_is_incomplete(choice: Item, bank: Bank, spoilt: dict[str, Any]) -> None:
    assert "G0" in gates(replace(choice, **spoilt), bank)


def test_g0_refuses_a_key_that_leaves_an_option_out(bank: Bank) -> None:
    item = made(match, bank)
    assert "G0" in gates(replace(item, key=item.key.rpartition(",")[0]), bank)
    assert "G0" in gates(replace(item, left=item.left[1:]), bank)


def test_g0_refuses_a_number_in_words_and_a_cloze_without_a_gap(bank: Bank) -> None:
    assert "G0" in gates(replace(made(number, bank), key="three"), bank)
    assert "G0" in gates(replace(made(cloze, bank), stem="Fill the gap: nothing is missing."), bank)


@pytest.mark.parametrize(
    "spoilt",
    [{"quote": "Mode collapse is a blessing."}, {"note": "gans/none.md"}, {"lines": (1, 2)}, {"quote": ""}],
    ids=str,
)
def test_g1_refuses_a_quote_that_does_not_stand_there(
    short: Item, bank: Bank, spoilt: dict[str, Any]
) -> None:
    assert gates(replace(short, citation=replace(short.citation, **spoilt)), bank) == {"G1"}


def test_g1_refuses_an_item_whose_note_was_edited(embedding: Any, tmp_path: Path) -> None:
    deck = tmp_path / "notes" / "deck.md"
    deck.parent.mkdir()
    text = "# Deck\n\n#### GAN\n\n:p What does the generator of a GAN do?\n??x\n{}\nx??\n"

    def bank_of(answer: str) -> Bank:
        deck.write_text(text.format(answer), encoding="utf-8")
        refresh_index([deck.parent], tmp_path / "index", embedding)
        return Bank(Retriever(open_index(tmp_path / "index"), embedding))

    before = bank_of("The generator of a GAN turns random noise into samples.")
    item = authored_item(before.facts[0], random.Random(0))
    assert item is not None and refusals(item, before) == ()
    after = bank_of("The generator of a GAN turns latent vectors into pictures.")
    assert gates(item, after) == {"G1"}
    after.retriever.index.close()
    before.retriever.index.close()


def test_g2_refuses_a_second_right_option(bank: Bank, choice: Item) -> None:
    right = next(option.text for option in choice.options if option.id == choice.key)
    assert "G2" in gates(options(choice, f"The {right}"), bank)
    assert "G2" in gates(replace(options(choice, "k-shot prompting"), accepts=("k-shot prompting",)), bank)


@pytest.mark.parametrize(
    "texts",
    [
        ("few-shot  Prompting!",),
        ("Zero-shot prompting", "All of the above"),
        ("Zero-shot prompting", "12"),
        ("Zero-shot prompting", "Prompting."),
        (
            "Zero-shot prompting",
            "A way of asking in which the examples are left out and the model has only the task itself",
        ),
        ("Zero-shot prompting", ""),
    ],
    ids=lambda texts: texts[-1][:20],
)
def test_g3_refuses_options_that_are_the_same_or_unlike(
    choice: Item, bank: Bank, texts: tuple[str, ...]
) -> None:
    assert "G3" in gates(options(choice, *texts), bank)


def test_g3_tells_formulas_apart_by_their_signs(choice: Item, bank: Bank) -> None:
    item = replace(choice, options=(Option("o1", "$a + b$"), Option("o2", "$a - b$")))
    assert "G3" not in gates(item, bank)


def test_g4_refuses_two_flaws_of_writing_and_not_one(choice: Item, bank: Bank) -> None:
    assert gates(choice, bank, flaws=lambda _: ("longest", "negative stem")) == {"G4"}
    assert gates(choice, bank, flaws=lambda _: ("longest",)) == set()


@pytest.mark.parametrize(
    "stem",
    [
        "What is $x_t?",
        "What does\n```\nprint(1)\ndo?",
        "What is **this?",
        "What is `x?",
        "A ~~false~~ one?",
        "What (is it?",
    ],
)
def test_g8_refuses_what_is_opened_and_not_closed(short: Item, bank: Bank, stem: str) -> None:
    assert "G8" in gates(replace(short, stem=stem), bank)


@pytest.mark.parametrize(
    "stem", ["What is $x_{{t}}$ ** 2?", "Is `a**b` a power?", "What is \\$5?", "Which one: a) or b)?"]
)
def test_g8_lets_math_and_code_pass(short: Item, bank: Bank, stem: str) -> None:
    assert "**" in stem.split("`")[0] or "G8" not in gates(replace(short, stem=stem), bank)


def test_g9_refuses_a_question_in_another_language_than_its_note(short: Item, bank: Bank) -> None:
    assert gates(replace(short, stem="什么是生成对抗网络中的模式崩溃？"), bank) == {"G9"}
    assert (
        gates(replace(short, stem="What is mode collapse (模式崩溃) in the training of a GAN?"), bank)
        == set()
    )


def test_g6_finds_the_item_that_tells_the_key_of_another(short: Item, bank: Bank) -> None:
    gap = replace(
        short, id="gap", kind="cloze", fact_id="", key="Mode collapse",
        stem="Fill the gap: ____ is a failure in which the generator produces only a few kinds of samples.",
    )  # fmt: skip
    telling = replace(
        short, id="telling", key="One or two.",
        stem="Mode collapse is a failure in which the generator produces how many kinds of samples?",
    )  # fmt: skip
    other = replace(
        short, id="other", stem="Which remedies for mode collapse does PacGAN offer?", key="It packs samples."
    )
    assert leaks([gap, telling, other]) == (("telling", "gap"),)
    assert leaks([gap, other]) == ()


def test_g6_finds_a_stem_that_quotes_a_long_key(short: Item) -> None:
    judged = replace(short, id="judged", kind="true-false", key="o1", stem=f"True or false: {short.key}")
    assert leaks([short, judged]) == (("judged", short.id),)


def test_g7_finds_what_is_asked_twice(bank: Bank, short: Item, choice: Item) -> None:
    again = replace(short, id="again", kind="cloze")
    assert duplicates([short, choice, again], bank) == ((short.id, "again"),)
    near = [
        item
        for question in ("What is mode collapse in a GAN?", "What is mode collapse?")
        for fact in bank.facts
        if fact.question == question and (item := authored_item(fact, random.Random(0)))
    ]
    assert len(near) == 2 and duplicates(near, bank) in ((), ((near[0].id, near[1].id),))
    assert duplicates([short, choice], bank) == ()


def batch(choice: Item, place: int | None, rng: random.Random) -> list[Item]:
    """Forty choices of three with their key at one place, or at any."""
    items = []
    for n in range(40):
        texts = [Option(f"o{k}", "".join(rng.choices("abcdefgh ", k=rng.randint(20, 40)))) for k in range(3)]
        right = rng.randrange(3) if place is None else place
        items.append(replace(choice, id=str(n), options=tuple(texts), key=f"o{right}"))
    return items


def test_g5_finds_a_habit_that_pays(choice: Item) -> None:
    assert imbalances(batch(choice, None, random.Random(1))) == ()
    assert [refusal.gate for refusal in imbalances(batch(choice, 1, random.Random(1)))] == ["G5"]
    longest = [
        replace(item, key=max(item.options, key=lambda option: len(option.text)).id)
        for item in batch(choice, None, random.Random(2))
    ]
    assert any("longest" in refusal.reason for refusal in imbalances(longest))


def test_g5_finds_too_many_true_statements_and_long_ones(choice: Item) -> None:
    yes_no = (Option("o1", "True"), Option("o2", "False"))
    judged = [
        replace(choice, id=str(n), kind="true-false", options=yes_no, key=f"o{1 + n % 2}") for n in range(40)
    ]
    assert imbalances(judged) == ()
    assert any(
        "True" in refusal.reason for refusal in imbalances([replace(item, key="o1") for item in judged])
    )
    told = [replace(item, stem=item.stem + " and more" * (item.key == "o1")) for item in judged]
    assert any("Long" in refusal.reason for refusal in imbalances(told))
