"""What is on a topic, which topics are near, how a question says what it is about, and what hints tell: over the
bundled notes."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import Any

import pytest

from tutor.errors import QuizError
from tutor.quiz.bank import Bank
from tutor.quiz.blueprint import made, on_topic, quiz_items
from tutor.quiz.cuts import reveals
from tutor.quiz.facts import is_everyday
from tutor.quiz.hints import hint
from tutor.quiz.items import KINDS, Item
from tutor.quiz.prose import misconception_in
from tutor.quiz.scope import IS, NAMES, TAGGED
from tutor.quiz.studies import Studies
from tutor.quiz.subject import says_its_subject


@pytest.fixture(scope="module")
def bank(corpus_retriever: Any) -> Bank:
    return Bank(corpus_retriever)


def shown(item: Item) -> str:
    return f"{item.stem} {item.key_text} {item.concept}".casefold()


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("backpropagation", "backprop|blame"),
        ("sampling and decoding", "sampl|decod|token|temperature|beam search"),
        ("evaluation of generative models", "evaluation metrics"),
        ("earth mover's distance", "wasserstein|earth"),
        ("tokenization", "token|byte-pair"),
        ("text to image", "text-to-image"),
        ("the EM algorithm", "em |e-step|mixture"),
        ("GANs and VAEs", "gan|adversarial|variational|vae|generator|discriminator|collapse"),
        ("扩散模型", "diffusion|noise"),
        ("backpropogation", "backprop|blame"),
    ],
)
def test_a_quiz_stays_on_its_topic(bank: Bank, topic: str, words: str) -> None:
    for seed in (0, 1):
        items = quiz_items(bank, topic, 7, rng=random.Random(seed))
        assert items and all(re.search(words, shown(item)) for item in items), [i.stem for i in items]


@pytest.mark.parametrize(
    ("topic", "note", "inside", "outside"),
    [
        ("RAG", "language/rag-and-tools.md", "Which sort of search", "pocket calculator"),
        ("decision trees", "discriminative/random-forests.md", "", "random forest"),
    ],
)
def test_a_note_on_two_things_is_on_the_first_but_for_what_names_the_second(
    bank: Bank, topic: str, note: str, inside: str, outside: str
) -> None:
    close = {fact.id for level, facts in bank.scope.levels(topic).items() if level > NAMES for fact in facts}
    own = [fact for fact in bank.facts if fact.note == note and fact.id in close and not fact.term]
    assert any(inside in fact.question for fact in own)
    assert not any(outside in f"{fact.question} {fact.key}" for fact in own)


def notes_on(bank: Bank, topic: str) -> Counter[str]:
    return Counter(fact.note for facts in bank.scope.levels(topic).values() for fact in facts)


@pytest.mark.parametrize(
    ("topic", "note"),
    [
        ("evaluation", "evaluation/evaluation-metrics.md"),
        ("metrics", "evaluation/evaluation-metrics.md"),
        ("evaluation metrics", "evaluation/evaluation-metrics.md"),
        ("evaluation of GANs", "evaluation/evaluation-metrics.md"),
        ("how to evaluate GANs", "evaluation/evaluation-metrics.md"),
        ("attention", "language/self-attention.md"),
        ("guidance", "diffusion/classifier-free-guidance.md"),
        ("PyTorch", "foundations/pytorch-for-generative-models.md"),
        ("autoencoders", "vaes/vae-and-elbo.md"),
    ],
)
def test_what_the_title_of_a_note_begins_or_ends_with_is_its_topic(bank: Bank, topic: str, note: str) -> None:
    own = {fact.id for fact in bank.facts if fact.note == note}
    close = {fact.id for level, facts in bank.scope.levels(topic).items() if level > NAMES for fact in facts}
    assert len(own & close) >= 10


def test_what_the_titles_of_many_notes_end_with_is_the_topic_of_none(bank: Bank) -> None:
    close = [fact for level, facts in bank.scope.levels("models").items() if level > NAMES for fact in facts]
    assert not any(fact.note == "foundations/autoregressive-models.md" for fact in close)


def test_a_note_is_on_what_its_author_marked_it_with_unless_that_is_a_name(bank: Bank) -> None:
    assert notes_on(bank, "ethics")["foundations/uses-and-risks.md"] >= 10
    evaluated = notes_on(bank, "evaluation")
    assert evaluated["evaluation/sample-precision-and-recall.md"] and evaluated["language/perplexity.md"]
    # Both notes are marked with these names, and hold more than what is on them.
    for topic, note in (("FID", "evaluation/evaluation-metrics.md"), ("LoRA", "language/fine-tuning.md")):
        assert not bank.scope.levels(topic).get(TAGGED), note


def test_the_evaluation_of_something_is_sought_in_notes_that_speak_of_it(bank: Bank) -> None:
    assert not any(note.startswith("evaluation/") for note in notes_on(bank, "evaluation of random forests"))
    assert not any(note.startswith("discriminative/") for note in notes_on(bank, "evaluation of GANs"))


def test_a_word_that_only_counts_or_is_a_figure_of_speech_is_no_topic(bank: Bank) -> None:
    said = [
        f"{fact.question} {fact.key}" for facts in bank.scope.levels("evaluation").values() for fact in facts
    ]
    assert said and not any(re.search(r"(?:network|U-Net) evaluations", one) for one in said)
    said = [
        f"{fact.question} {fact.key}" for facts in bank.scope.levels("attention").values() for fact in facts
    ]
    assert said and not any("pays no attention" in one for one in said)


def test_a_kind_of_thing_takes_what_is_on_the_thing_where_the_notes_say_little_of_it(bank: Bank) -> None:
    close = [
        fact
        for level, facts in bank.scope.levels("loss functions").items()
        if level > NAMES
        for fact in facts
    ]
    assert len(close) >= 6 and any("commitment loss" in fact.question for fact in close)


def test_most_terms_to_be_matched_are_on_the_topic(bank: Bank) -> None:
    matched = 0
    for topic in ("evaluation metrics", "guidance", "prompts", "GANs"):
        there = {fact.id for facts in bank.scope.levels(topic).values() for fact in facts}
        for seed in range(3):
            for item in quiz_items(bank, topic, 4, rng=random.Random(seed), kinds=("match", "choice")):
                if item.kind == "match":
                    matched += 1
                    assert 2 * sum(one.fact_id in there for one in item.options) > len(item.left)
    assert matched


def test_the_whole_title_of_a_note_is_a_topic(bank: Bank) -> None:
    facts = bank.scope.levels("Variational autoencoder and the ELBO")[IS]
    assert sum(fact.note == "vaes/vae-and-elbo.md" for fact in facts) > 10


def test_a_mistake_that_does_not_name_a_topic_is_not_on_it(bank: Bank) -> None:
    on = [fact for facts in bank.scope.levels("FID").values() for fact in facts]
    mistakes = [said for fact in on if (said := misconception_in(fact))]
    assert mistakes and all(bank.scope.names("FID", said) for said in mistakes)


def test_fewer_are_asked_where_the_notes_hold_fewer(bank: Bank) -> None:
    assert 1 <= len(quiz_items(bank, "deepfakes", 7, rng=random.Random(0))) < 7


def test_the_glossary_is_asked_for_its_terms(bank: Bank) -> None:
    for term in ("earth mover's distance", "deepfake", "skip connection", "pooling"):
        assert any(fact.note == "glossary.md" for fact in bank.scope.levels(term)[IS])


def test_the_answer_is_not_the_topic_where_anything_else_can_be_asked(bank: Bank) -> None:
    items = quiz_items(bank, "perplexity", 6, rng=random.Random(0))
    assert not any(bank.scope.is_topic("perplexity", item.key) for item in items)


def test_no_question_is_put_twice_in_the_same_words(bank: Bank) -> None:
    for topic in ("U-Net", "prompt injection", "token"):
        stems = [item.stem for item in quiz_items(bank, topic, 6, rng=random.Random(0))]
        assert len(set(stems)) == len(stems)


@pytest.mark.parametrize("topic", ["quantum computing", "banana bread", "the French Revolution"])
def test_where_nothing_is_near_the_main_topics_are_told(bank: Bank, topic: str) -> None:
    with pytest.raises(QuizError) as error:
        quiz_items(bank, topic, 3, rng=random.Random(0))
    assert str(error.value).startswith(f"Your notes hold nothing on {topic}, and nothing near it")
    assert "Diffusion models" in str(error.value) and "Glossary" not in str(error.value)


@pytest.mark.parametrize(
    ("topic", "near"),
    [
        ("language translation", "t5"),
        ("adversarial attacks", "adversarial"),
        ("autoencoding", "autoencoder"),
    ],
)
def test_near_topics_are_titles_with_a_likeness(bank: Bank, topic: str, near: str) -> None:
    names = bank.scope.near(topic)
    assert len(names) <= 3 and any(near in name.casefold() for name in names)
    assert not any(re.match(r"Glossary|Flashcards|Study guide", name) for name in names)


def test_a_library_without_a_glossary_has_topics_too(small_retriever: Any) -> None:
    small = Bank(small_retriever)
    assert on_topic(small, small.facts[0].concept, 3)
    assert small.scope.main()


# -- what a question is about ----------------------------------------------------------------------------------------


def test_a_question_in_everyday_words_says_what_it_is_about(bank: Bank) -> None:
    everyday = [fact for fact in bank.facts if is_everyday(fact)]
    asked = 0
    for fact in random.Random(1).sample(everyday, 150):
        for item in (one for kind in ("short", "choice") for one in made(kind, fact, bank, random.Random(0))):
            asked += 1
            known = (
                says_its_subject(item.stem, fact, bank)
                or item.stem.startswith("On ")
                or "(topic: " in item.stem
                or item.stem.startswith("A beginner asks: ")
            )
            # A name that is asked for would be told by its topic.
            assert known or re.search(
                r"called|word|name|call|which|what|who|there|how", item.stem, re.IGNORECASE
            )
    assert asked > 100


def test_a_beginners_question_says_the_topic_that_was_asked_for(bank: Bank) -> None:
    fact = next(
        fact for fact in bank.facts if fact.question.startswith("Should I cheer or worry when the gap")
    )
    wider = next(made("short", fact, bank, random.Random(0)))
    own = next(made("short", fact, bank, random.Random(0), "FID"))
    assert own.stem == f"On FID: {fact.question}" != wider.stem
    assert bank.scope.names("FID", own.stem) and not bank.scope.names("FID", wider.stem)
    named = next(
        fact for fact in bank.facts if fact.question.startswith("Is there a mark for how much my crowd")
    )
    assert "FID" not in next(made("short", named, bank, random.Random(0), "FID")).stem


def test_a_question_is_the_same_one_whatever_topic_stands_before_it(bank: Bank) -> None:
    """What was reported under one topic is not asked under another."""
    changed = 0
    for fact in (
        one for one in bank.facts if one.question.startswith("Should I cheer or worry when the gap")
    ):
        for kind in KINDS:
            wider, own = (list(made(kind, fact, bank, random.Random(0), topic)) for topic in ("", "FID"))
            changed += [item.stem for item in wider] != [item.stem for item in own]
            assert [item.id for item in wider] == [item.id for item in own]
    assert changed


def test_a_card_that_names_its_subject_is_left_as_it_is(bank: Bank) -> None:
    fact = next(fact for fact in bank.facts if fact.question == "What is mode collapse in a GAN?")
    assert next(made("short", fact, bank, random.Random(0))).stem == fact.question


def test_a_topic_that_is_the_answer_is_not_put_in_front(bank: Bank) -> None:
    fact = next(fact for fact in bank.facts if fact.question.startswith("Which toolbox for Python"))
    assert next(made("short", fact, bank, random.Random(0))).stem == fact.question


def test_no_option_but_the_key_names_the_topic_nowhere(bank: Bank) -> None:
    asked = 0
    for topic in ("FID", "VAE", "attention"):
        for seed in range(1):
            for item in quiz_items(bank, topic, 8, rng=random.Random(seed), kinds=("choice",)):
                key = next((one.text for one in item.options if one.id == item.key), "")
                others = [one.text for one in item.options if one.id != item.key]
                asked += 1
                short = bank.scope.is_topic(
                    topic, key
                )  # an answer that is the topic itself comes last, but comes
                alone = not any(bank.scope.names(topic, text) for text in others)
                assert short or not (bank.scope.names(topic, key) and alone), (topic, item.stem, key, others)
    assert asked >= 12


# -- hints -----------------------------------------------------------------------------------------------------------


def test_each_hint_tells_more_than_the_one_before_and_none_the_answer(bank: Bank) -> None:
    items, studies = dict[str, Item](), Studies(lambda: bank)
    for seed, topic in enumerate(("GANs", "diffusion", "VAE", "transformers", "CNN", "FID", "", "", "", "")):
        drawn = [
            *quiz_items(bank, topic, 12, rng=random.Random(seed)),
            *quiz_items(bank, topic, 12, rng=random.Random(99 + seed)),
        ]
        items |= {item.id: item for item in drawn}
    assert len(items) >= 200
    for item in items.values():
        told = [hint(item, level, studies.around(item)) for level in (1, 2, 3)]
        assert len(set(told)) == 3, told
        assert not any(reveals(item, text) for text in told), (item.key_text, told)
        if all(text.startswith("The note says") for text in told[1:]):
            assert gaps(told[2]) < gaps(told[1]) or "The gap" in told[2], told
        if told[1].startswith("It is not ") and told[2].startswith("It is not "):
            assert letters(told[1]) < letters(told[2]), told


def gaps(text: str) -> int:
    """How much of a sentence is left out: more words stand in the one that tells more."""
    return -len(re.findall(r"[^\W_]+", text))


def letters(text: str) -> set[str]:
    return set(re.findall(r"\b[A-J]\b", text.partition(".")[0]))


def test_what_the_concept_is_is_not_told_where_a_definition_is_asked(bank: Bank) -> None:
    studies = Studies(lambda: bank)
    concepts = Counter(fact.concept for fact in bank.facts if fact.kind == "definition")
    facts = [fact for fact in bank.facts if concepts[fact.concept] > 1]
    defined = [fact for fact in facts if fact.kind == "definition" and fact.question][:40]
    asked = [item for fact in defined for kind in ("short", "true-false", "choice", "explain")
             for item in made(kind, fact, bank, random.Random(0))]  # fmt: skip
    assert len({item.kind for item in asked}) >= 3 and not any(studies.around(item) for item in asked)
    others = [fact for fact in facts if fact.kind != "definition" and fact.question][:40]
    assert any(
        studies.around(item) for fact in others for item in made("short", fact, bank, random.Random(0))
    )
