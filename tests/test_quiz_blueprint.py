"""Facts, the bank of them, and which of them a quiz asks: over the small library and over the bundled notes."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

from tutor.errors import QuizError
from tutor.evaluation.quiz import asked_before_repeat
from tutor.index import open_index, refresh_index
from tutor.notes.flashcards import read_flashcards
from tutor.quiz.bank import Bank
from tutor.quiz.blueprint import (
    BUILDERS,
    LADDER,
    Standing,
    another,
    interleaved,
    is_sound,
    made,
    on_topic,
    quiz_items,
)
from tutor.quiz.cuts import reveals
from tutor.quiz.facts import facts_of, kind_of, term_of
from tutor.quiz.items import KINDS, Item
from tutor.quiz.repeats import without_repeats
from tutor.quiz.shapes import defined_term
from tutor.quiz.typed import explain
from tutor.retrieval import Retriever

DECK = """# Cards

#### Sampling

:p What is top-k sampling?
??x
Top-k sampling draws the next token from the k most probable tokens only.
x??

:p Is greedy decoding random?
??x
No.
x??
"""


@pytest.fixture(scope="module")
def bank(corpus_retriever: Any) -> Bank:
    return Bank(corpus_retriever)


LECTURE = """Lecture 4: Optimisation

Stochastic gradient descent is a method that estimates the gradient from a small random batch of examples.
A learning rate schedule lowers the step size during training.
Momentum speeds up progress along flat directions. It needs one more number per weight.
Rosenblatt described the perceptron in 1958.
"""


def ids(text: str, path: str = "cards.md") -> list[str]:
    return [fact.id for fact in facts_of(read_flashcards(text, path))]


def test_a_fact_keeps_its_id_when_reworded_or_moved_and_loses_it_when_its_key_is_edited() -> None:
    first = ids(DECK)[0]
    assert ids(DECK.replace("What is top-k sampling?", "What does top-k sampling do?"))[0] == first
    assert ids(DECK, "elsewhere/deck.md")[0] == first
    assert ids(DECK.replace("most probable tokens only", "least probable tokens only"))[0] != first


def test_a_key_of_few_words_is_told_apart_by_its_question() -> None:
    short = DECK.replace("No.", "No, it never is.")
    other = short.replace("Is greedy decoding random?", "Is beam search random?")
    assert ids(short)[1] != ids(other)[1]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("What is mode collapse?", "definition"),
        ("Why is the ELBO a lower bound?", "reason"),
        ("How many layers has BERT base?", "number"),
        ("How does a VAE differ from an autoencoder?", "difference"),
        ("Does a GAN need labels?", "yes-no"),
        ("Which formula gives the loss?", "formula"),
        ("Which network is kept?", "statement"),
    ],
)
def test_a_question_tells_the_kind_of_its_fact(question: str, kind: str) -> None:
    assert kind_of(question, "It is so.") == kind


def test_a_key_with_several_entries_is_a_list() -> None:
    assert kind_of("Which parts are there?", "The parts are:\n- one\n- two") == "list"


def test_the_term_of_a_definition_is_read_without_article_and_setting() -> None:
    assert term_of("What is mode collapse in a GAN?") == "mode collapse"
    assert term_of("What is a latent space?") == "latent space"
    assert term_of("What is it, in short?") == ""


def test_every_fact_of_the_bundled_notes_is_quoted_at_its_lines(bank: Bank) -> None:
    assert len(bank.facts) > 1000
    for fact in bank.facts:
        quote = fact.citation.quote
        assert quote == fact.key and quote in fact.source.words
        assert fact.citation.lines[0] <= fact.citation.lines[1]
    assert len(bank.by_id) == len(bank.facts)


def test_facts_are_filed_under_concepts_and_not_under_each_heading(bank: Bank) -> None:
    concepts = Counter(fact.concept for fact in bank.facts)
    assert len(concepts) < 100
    assert concepts["Mode collapse"] >= 15
    deck = [fact for fact in bank.facts if fact.note == "cards/gans.md"]
    assert any(fact.concept == "Mode collapse" for fact in deck)


def test_the_nearest_facts_speak_of_the_same_thing(bank: Bank) -> None:
    fact = next(fact for fact in bank.facts if fact.question == "What is mode collapse in a GAN?")
    nearest = bank.nearest(fact)[:5]
    assert all("collapse" in other.question + other.key for other, _ in nearest)
    assert [cosine for _, cosine in nearest] == sorted((cosine for _, cosine in nearest), reverse=True)
    assert len(bank.nearest(fact)) == len(bank.facts) - 1


@pytest.mark.parametrize(
    ("topic", "word"),
    [("GANs", "GAN"), ("mode collapse", "collapse"), ("LoRA", "LoRA"), ("attention", "attention")],
)
def test_a_topic_brings_its_own_facts_first(bank: Bank, topic: str, word: str) -> None:
    facts = on_topic(bank, topic, 10)[:10]
    assert sum(word.lower() in (fact.question + fact.key).lower() for fact in facts) >= 8


def test_a_quiz_asks_different_facts_and_nothing_nearly_the_same(bank: Bank) -> None:
    items = quiz_items(bank, "diffusion", 12, rng=random.Random(0))
    assert len(items) == 12 and len({item.fact_id for item in items}) == 12
    facts = [bank.by_id[item.fact_id] for item in items if item.fact_id in bank.by_id]
    assert all(bank.cosine(one, other) <= 0.9 for one, other in combinations(facts, 2))


def test_a_seed_fixes_a_quiz(bank: Bank) -> None:
    def drawn(seed: int) -> list[tuple[str, tuple[str, ...]]]:
        items = quiz_items(bank, "VAE", 6, rng=random.Random(seed))
        return [(item.id, tuple(option.id for option in item.options)) for item in items]

    assert drawn(1) == drawn(1) != drawn(2)


def test_what_is_due_comes_before_what_was_missed_and_that_before_what_is_new(bank: Bank) -> None:
    facts = without_repeats(on_topic(bank, "GANs", 20), bank)
    due, missed = [facts[30].id, facts[40].id], {facts[50].id}
    items = quiz_items(bank, "GANs", 3, rng=random.Random(0), standing=Standing(due=due, missed=missed))
    assert {item.fact_id for item in items} == {*due, *missed}


# The answer to two of the nine facts that FID's say is FID itself, which is asked only where nothing better is left.
@pytest.mark.parametrize(("topic", "least"), [("mode collapse", 0.9), ("LoRA", 0.9), ("FID", 7 / 9)])
def test_all_facts_of_a_topic_are_asked_before_one_is_asked_again(
    bank: Bank, topic: str, least: float
) -> None:
    def drawn(seed: int, asked: Counter[str]) -> list[Item]:
        return quiz_items(bank, topic, 5, rng=random.Random(seed), standing=Standing(asked=asked))

    share, by_quizzes, _ = asked_before_repeat(bank, on_topic(bank, topic, 5), drawn)
    assert least <= share <= 1.0 and by_quizzes <= share


def test_what_is_off_a_topic_or_nearly_the_same_counts_for_nothing_in_its_share(bank: Bank) -> None:
    facts = on_topic(bank, "mode collapse", 5)
    own = without_repeats(facts, bank)
    near = [fact for fact in facts if fact not in own]
    off = [fact for fact in bank.facts if fact not in facts][:5]
    [some] = quiz_items(bank, "FID", 1, rng=random.Random(0))
    asked = [*near, *own[:3], *off]
    quizzes = [
        [replace(some, fact_id=fact.id) for fact in part] for part in (asked, [*own[3:5], own[0], own[5]])
    ]
    assert near
    share, by_quizzes, told = asked_before_repeat(bank, facts, lambda seed, before: quizzes[seed])
    assert (share, by_quizzes, told) == (5 / len(own), 3 / len(own), quizzes)


def test_what_was_asked_before_comes_last(bank: Bank) -> None:
    facts = on_topic(bank, "FID", 5)
    asked = {fact.id: 1 for fact in facts[: len(facts) // 2]}
    items = quiz_items(bank, "FID", 10, rng=random.Random(0), standing=Standing(asked=asked))
    again = [item.fact_id in asked for item in items]
    assert again == sorted(again) and 0 < sum(again) < len(again)


def test_only_what_is_due_is_asked_where_the_student_wants_that(bank: Bank) -> None:
    due = [bank.facts[5].id, bank.facts[500].id]
    items = quiz_items(bank, "", 10, rng=random.Random(0), standing=Standing(due=due), which="due")
    assert {item.fact_id for item in items} <= set(due) and items
    for which, topic, told in (
        ("due", "", "Nothing is due now"), ("due", "GANs", "Nothing is due on GANs now"),
        ("missed", "", "You got nothing wrong that still stands"),
        ("missed", "GANs", "Nothing you got wrong on GANs still stands"),
    ):  # fmt: skip
        with pytest.raises(QuizError, match=told):
            quiz_items(bank, topic, 10, rng=random.Random(0), which=which)  # type: ignore[arg-type]


def test_unwanted_items_are_passed_over_while_others_can_be_asked(bank: Bank) -> None:
    gone: set[str] = set()
    for seed in range(6):
        [item] = quiz_items(
            bank, "mode collapse", 1, rng=random.Random(seed), kinds=("short",), unwanted=gone
        )
        assert item.id not in gone
        gone.add(item.id)


def test_only_the_kinds_that_were_asked_for_come(bank: Bank) -> None:
    items = quiz_items(bank, "GANs", 8, rng=random.Random(0), kinds=("short",))
    assert {item.kind for item in items} == {"short"}


def test_a_small_library_gives_what_it_has(small_retriever: Any) -> None:
    items = quiz_items(Bank(small_retriever), "", 10, rng=random.Random(0))
    assert 2 <= len({item.fact_id for item in items}) <= 10


def test_neighbours_under_one_heading_are_kept_apart(bank: Bank) -> None:
    item = quiz_items(bank, "", 1, rng=random.Random(3))[0]
    one, other = (replace(item, note=name, heading=("H",)) for name in ("a.md", "b.md"))
    mixed = interleaved([one, one, other, other])
    assert all(first.note != second.note for first, second in pairwise(mixed)) and len(mixed) == 4


def test_a_harder_item_stands_further_up_the_ladder(bank: Bank) -> None:
    item = quiz_items(bank, "FID", 1, rng=random.Random(0), kinds=("choice",))[0]
    harder = another(item, "harder", bank, random.Random(0))
    assert harder is not None and LADDER.index(harder.kind) > LADDER.index(item.kind)
    easier = another(harder, "easier", bank, random.Random(0))
    assert easier is None or LADDER.index(easier.kind) < LADDER.index(harder.kind)


def test_a_harder_item_does_not_ask_for_the_name_that_was_just_shown(bank: Bank) -> None:
    defining = (one for one in bank.facts if "GAN" in one.key and bank.defined(one))
    fact, item = next(
        (fact, item)
        for fact in defining
        for item in made("definition", fact, bank, random.Random(0))
        if defined_term(fact).lower() in item.stem.lower()
    )
    name = defined_term(fact).lower()
    for seed in range(8):
        harder = another(item, "harder", bank, random.Random(seed))
        assert harder is None or harder.kind not in ("term", "cloze") or name not in harder.key_text.lower()


def test_a_harder_item_asks_nothing_that_was_just_told(bank: Bank) -> None:
    """Neither by the question that it stands for and its options, nor by what was shown besides."""
    asked = 0
    for seed in range(6):
        for item in quiz_items(
            bank, "", 3, rng=random.Random(seed), kinds=("choice", "true-false", "definition")
        ):
            harder = another(item, "harder", bank, random.Random(seed))
            if harder is None or harder.kind in ("true-false", "match", "order"):
                continue
            asked += 1
            shown = (item.stem, *(option.text for option in item.options))
            assert not any(reveals(harder, text, 0.6) for text in shown), (item.stem, harder.stem)
            other = another(item, "harder", bank, random.Random(seed), told=(harder.key_text,))
            assert other is None or other.key_text != harder.key_text
    assert asked >= 10


def test_a_harder_item_than_a_definition_to_be_judged_does_not_ask_for_that_definition(bank: Bank) -> None:
    fact = next(one for one in bank.facts if one.term == "deep convolutional GAN")
    judged = replace(
        next(iter(made("short", fact, bank, random.Random(0)))), kind="true-false", id="judged",
        stem=f"True or false: {fact.key}",
    )  # fmt: skip
    harder = another(judged, "harder", bank, random.Random(0))
    assert harder is None or harder.fact_id != fact.id
    # The statement is the first of two sentences that correct the mistake.
    fact = next(
        one for one in bank.facts if one.key.startswith("A generator that copies its training images")
    )
    judged = replace(judged, stem=f"True or false: {fact.key.partition('.')[0]}.", fact_id=fact.id)
    judged = replace(judged, concept=fact.concept)
    for seed in range(4):
        harder = another(judged, "harder", bank, random.Random(seed))
        assert harder is None or harder.fact_id != fact.id


def test_an_item_in_place_of_another_is_wanted_and_fits_the_quiz(bank: Bank) -> None:
    """Neither a repeat of the quiz's other items nor one that tells them, nor one that is unwanted."""
    first = quiz_items(bank, "GANs", 1, rng=random.Random(0), kinds=("choice", "cloze", "true-false"))[0]
    alone = another(first, "harder", bank, random.Random(0))
    assert alone is not None
    for drawn in (
        another(first, "harder", bank, random.Random(0), [alone]),
        another(first, "harder", bank, random.Random(0), unwanted={alone.id}),
    ):
        assert drawn is not None and drawn.id != alone.id
    beside = another(first, "harder", bank, random.Random(0), [alone])
    assert beside is not None and is_sound(beside, bank, [alone]) and beside.fact_id != alone.fact_id


def test_an_items_options_keep_their_ids_and_its_key_however_it_is_drawn(bank: Bank) -> None:
    """Of all builders: one item, drawn twice, has the same text under each id; ids go with texts, not with places."""
    drawn: Counter[str] = Counter()
    for kind, builders in BUILDERS.items():
        for build in builders:
            known: dict[str, tuple[str, dict[str, str]]] = {}
            several = 0
            for fact in bank.facts[::3]:
                if several > 10:
                    break
                for seed in (0, 1):
                    item = build(fact, bank, random.Random(seed))
                    if item is None or not item.options:
                        continue
                    texts = {option.id: option.text for option in item.options}
                    assert len(texts) == len(item.options) and set(item.key.split(",")) <= set(texts)
                    before = known.setdefault(item.id, (item.key, texts))
                    assert before == (item.key, texts), (kind, item.stem)
                    drawn[kind] += 1
                    several += 1
    assert {"choice", "definition", "term", "true-false", "either", "match", "order"} <= set(drawn), drawn


def test_easier_is_never_the_same_question_in_other_words(bank: Bank) -> None:
    made = (explain(fact, bank, random.Random(0)) for fact in bank.facts)
    for item in [one for one in made if one is not None][::8]:
        easier = another(item, "easier", bank, random.Random(0))
        assert easier is None or easier.options or easier.stem not in item.stem


def test_every_kind_stands_on_the_ladder() -> None:
    assert sorted(LADDER) == sorted(KINDS)


def test_plain_prose_is_asked_for_what_it_says_of_named_things(tmp_path: Path, embedding: Any) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "lecture.txt").write_text(LECTURE, encoding="utf-8")
    refresh_index([tmp_path / "notes"], tmp_path / "index", embedding)
    index = open_index(tmp_path / "index")
    try:
        bank = Bank(Retriever(index, embedding))
        # "It needs one more number" says nothing by itself.
        assert {fact.term for fact in bank.facts} >= {"Stochastic gradient descent", "learning rate schedule"}
        assert not [fact for fact in bank.facts if fact.key.startswith("It ")]
        items = quiz_items(bank, "", 5, rng=random.Random(0))
        stems = [item.stem for item in items]
        assert len(items) >= 2 and not any("What is Rosenblatt" in stem for stem in stems), stems
        assert all(item.citation.quote in LECTURE for item in items)
    finally:
        index.close()


def test_a_note_with_cards_is_asked_for_these_alone(bank: Bank) -> None:
    own = [fact for fact in bank.facts if fact.note == "gans/mode-collapse.md"]
    assert own and not [fact for fact in own if fact.kind == "statement" and not fact.question and fact.term]
