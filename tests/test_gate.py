"""The gate: what it measures of a question, and which questions it lets through."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from tutor.gate import ASKING, FITTED, Asked, Lexicon, Measures, Weights, build_lexicon, measure, value_test
from tutor.words import content_words, words

TEXTS = [
    "Training uses the CycleGAN for 200 epochs with a batch size of 1.",
    "Mode collapse is a failure of a GAN in which the generator makes few kinds of samples.",
    "The latent vector of the DCGAN has 100 numbers, and normalisation keeps it steady.",
    "A language model such as GPT-3 has 175 billion parameters.",
    "The models behind it, such as GPT-4, are transformers.",
    "A fixed learning rate of 0.0002 was used by Radford and colleagues in 2015 for the DCGAN.",
]


@pytest.fixture
def lexicon() -> Lexicon:
    stems = {word for text in TEXTS for word in words(text)}
    common = {"margin": 4.0, "claude": 3.5, "trailing": 3.6, "cause": 5.0, "potluck": 2.8}
    return build_lexicon(
        TEXTS,
        stems,
        {"gan": "generativ adversarial network"},
        lambda word: common.get(word, 0.0),
    )


def _measured(question: str, lexicon: Lexicon, texts: Sequence[str] = TEXTS, cosine: float = 0.5) -> Measures:
    found = [(f"Note\n{text}", cosine) for text in texts]
    wanted = set(content_words(question)) - ASKING

    def covered(text: str) -> float:
        return len(wanted & set(words(text))) / max(1, len(wanted))

    return measure(lexicon.mend(question), found, found, lexicon, Asked(covered, len(wanted), 0.25))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("how do i fix mode colapse", "how do i fix mode collapse"),
        ("what does the genertaor do", "what does the generator do"),
        ("normalization", "normalisation"),
    ],
)
def test_a_misspelt_word_becomes_the_notes_own(typed: str, meant: str, lexicon: Lexicon) -> None:
    assert lexicon.mend(typed) == meant


@pytest.mark.parametrize("typed", ["trailing data", "midjourney", "CycleGAN", "tiny gan"])
def test_common_far_and_known_words_are_left_as_typed(typed: str, lexicon: Lexicon) -> None:
    assert lexicon.mend(typed) == typed


def test_words_written_with_a_capital_inside_sentences_are_names(lexicon: Lexicon) -> None:
    assert {"cyclegan", "dcgan", "gpt4", "radford"} <= lexicon.names
    assert not {"mode", "train", "epoch"} & lexicon.names


@pytest.mark.parametrize(
    "question",
    [
        "How many parameters has GPT-4?",
        "for how many epochs was the DCGAN trained",
        "which optimizer did the CycleGAN authors use",
        "who invented mode collapse",
        "when was GPT-3 published",
        "what is the batch size of the DCGAN",
        "gpt-4, trained with how many parameters?",
        "what batch size was used for the DCGAN",
        "number of epochs of the DCGAN",
        "why exactly 0.0002 in the DCGAN",
        "nice, and who invented mode collapse?",
    ],
)
def test_a_fact_that_no_sentence_holds_together_is_missing(question: str, lexicon: Lexicon) -> None:
    assert _measured(question, lexicon).fact_missing == 1.0


@pytest.mark.parametrize(
    "question",
    [
        "How many parameters has GPT-3?",
        "for how many epochs was the CycleGAN trained",
        "how many numbers does the DCGAN latent have",
        "when did the DCGAN appear",
        "who made the DCGAN",
        "why does mode collapse happen",
        "what is mode collapse",
        "what is the learning rate",
        "how do I choose how many epochs the training runs",
        "what happens to those who leave mode collapse",
        "who is the DCGAN supposed to be in the tale",
        "why did GPT-3 need training",
    ],
)
def test_a_fact_that_one_sentence_holds_is_not_missing(question: str, lexicon: Lexicon) -> None:
    assert _measured(question, lexicon).fact_missing == 0.0


def test_a_number_of_the_question_itself_is_no_answer_to_how_many(lexicon: Lexicon) -> None:
    texts = ["The DCGAN makes images of 64 pixels."]
    assert _measured("how many pixels does the DCGAN have beyond 64", lexicon, texts).fact_missing == 1.0
    assert _measured("how many pixels does the DCGAN have", lexicon, texts).fact_missing == 0.0


def test_a_year_is_no_quantity(lexicon: Lexicon) -> None:
    texts = ["The DCGAN was published in 2015."]
    assert _measured("how many layers does the DCGAN have", lexicon, [*texts, "layers"]).fact_missing == 1.0


def test_the_sentence_measure_follows_its_definition(lexicon: Lexicon) -> None:
    found = _measured("does mode collapse frobnicate", lexicon)
    # mode and collapse of three words stand in one sentence
    assert found.sentence == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert (found.passage, found.words) == (0.5, 3.0)


def test_the_rarer_a_word_that_the_notes_lack_the_more_it_weighs(lexicon: Lexicon) -> None:
    assert _measured("does frobnication cause mode collapse", lexicon).rarest == 1.0
    # "cause" has 5 of 7 on the scale, "claude" half of it: the rarest word counts
    assert _measured("does claude cause mode collapse", lexicon).rarest == pytest.approx(0.5)
    assert _measured("does the DCGAN have a batch", lexicon).rarest == 0.0


def test_a_rare_word_that_the_notes_lack_is_a_stranger(lexicon: Lexicon) -> None:
    assert lexicon.is_strange("Frobnication")
    assert not any(map(lexicon.is_strange, ("claude", "potluck", "DCGAN", "collapses", "does")))


def test_an_acronym_is_held_by_its_long_form(lexicon: Lexicon) -> None:
    assert lexicon.held("gan", frozenset(words("generative adversarial networks")))
    assert not lexicon.held("gan", frozenset(words("adversarial networks")))


def test_the_definition_measure_is_what_the_passages_lack(lexicon: Lexicon) -> None:
    assert _measured("what is mode collapse", lexicon).definition_missing == 0.0
    assert _measured("what is quantization collapse", lexicon).definition_missing == pytest.approx(1 / 2)
    assert _measured("why quantization collapse", lexicon).definition_missing == 0.0


def test_nothing_found_measures_as_nothing(lexicon: Lexicon) -> None:
    nothing = measure("what is mode collapse", [], [], lexicon, Asked(lambda text: 0.0, 2, 0.0))
    assert nothing == Measures(0.0, 0.0, 0.0, 1.0, 2.0, 0.0)


def test_the_probability_is_logistic_in_the_weighted_measures() -> None:
    weights = Weights(1.0, 2.0, -3.0, -4.0, 0.25, -1.0, bias=0.5)
    measures = Measures(0.5, 1.0, 1.0, 0.25, 2.0, 1.0)
    # 0.5 + 2 - 3 - 1 + 0.5 - 1 + 0.5
    assert weights.probability(measures) == pytest.approx(1 / (1 + math.exp(1.5)))


def test_the_fitted_gate_prefers_likeness_and_rejects_missing_facts() -> None:
    good, weak = Measures(0.6, 1.1, 0.0, 0.0, 3, 0.0), Measures(0.2, 0.3, 0.0, 0.0, 3, 0.0)
    assert FITTED.probability(good) > 0.5 > FITTED.probability(weak)
    assert FITTED.probability(Measures(0.55, 0.8, 1.0, 0.0, 3, 0.0)) < 0.5


def test_a_question_of_the_notes_own_counts_as_a_passage(lexicon: Lexicon) -> None:
    like = measure("mode collapse", [("Note\nx", 0.4)], [], lexicon, Asked(lambda text: 1.0, 2, 0.9))
    assert like.passage == 0.9


@pytest.mark.parametrize(
    ("question", "text", "missing"),
    [
        ("how many layers does the DCGAN have", "The DCGAN has 12 layers.", 0.0),
        ("how many layers does the DCGAN have", "The layers of the DCGAN, 12 in all, learn.", 0.0),
        (
            "how many layers does the DCGAN have",
            "The DCGAN has layers, and it makes images whose width is 64.",
            1.0,
        ),
        ("how many layers does the DCGAN have", "The DCGAN of 2015 has layers.", 1.0),
    ],
)
def test_a_number_that_is_asked_for_stands_near_what_it_counts(
    question: str, text: str, missing: float, lexicon: Lexicon
) -> None:
    assert _measured(question, lexicon, [text]).fact_missing == missing


@pytest.mark.parametrize(
    ("question", "sentence", "held"),
    [
        ("who decoded the waggle dance", "Karl von Frisch decoded the waggle dance.", True),
        ("who won the prize", "Karl von Frisch decoded the dance and won the prize in 1973.", True),
        ("who proposed gravity", "Newton proposed a law of gravity.", True),
        ("who made the cantata", "J. S. Bach made the cantata.", True),
        ("who proposed the waggle dance", "Waggle Dance proposed a way.", False),
        ("who made the dance", "The Dance made a change.", False),
        ("who proposed gravity", "Ideas proposed by a crowd are few.", False),
        ("who proposed gravity", "Gravity was proposed long ago.", False),
    ],
)
def test_names_that_do_the_deed_are_a_person(question: str, sentence: str, held: bool) -> None:
    holds = value_test(question)
    assert holds is not None
    assert holds(sentence) is held


@pytest.mark.parametrize("question", ["when was it made", "and when did it appear", "since when is it known"])
def test_a_time_that_was_is_a_year(question: str) -> None:
    assert value_test(question) is not None


@pytest.mark.parametrize(
    "question", ["when is a U-Net used?", "when does it collapse", "when should I use it"]
)
def test_a_time_that_is_is_a_condition(question: str) -> None:
    assert value_test(question) is None
