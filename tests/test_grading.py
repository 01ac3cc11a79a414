"""Grading of matching, order, numbers, gaps, true or false, and the measures that say how well it does."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from tutor.claims import left_open
from tutor.errors import SettingsError
from tutor.evaluation.grading import (
    DEVELOPMENT_SETS,
    GRADED_SETS,
    HELD_OUT_SETS,
    GradedAnswer,
    graded_answers,
    grading,
    macro_f1,
)
from tutor.quiz.answer_features import lexical, numbers_in, reader_pair, sides_of
from tutor.quiz.answer_texts import read_answer, short_names, spelt_out, with_roles
from tutor.quiz.bank import Bank
from tutor.quiz.exchanged import is_exchanged, is_levelled
from tutor.quiz.grades import Grade, in_quarters
from tutor.quiz.grading import grade
from tutor.quiz.items import Item, Kind, Option
from tutor.quiz.listed import left_out, listed_in
from tutor.quiz.short_answers import _graded, claim_evidence, decided, measured
from tutor.quiz.truth import agrees
from tutor.quiz.word_answers import grade_cloze, is_accepted, values_in
from tutor.training.grades import learned_from, left_out_of_scripts, scripted_examples
from tutor.turns import Citation
from tutor.words import stem

QUOTE = "The generator makes fakes, the discriminator judges them, and the encoder compresses."


def asked(kind: Kind, key: str, *texts: str, left: tuple[str, ...] = (), **more: object) -> Item:
    options = tuple(Option(f"o{n}", text) for n, text in enumerate(texts))
    item = Item(
        "x",
        kind,
        "Which is it?",
        options,
        key,
        "",
        Citation(1, "a.md", (1, 1), QUOTE),
        QUOTE,
        ("GANs",),
        "a.md",
    )
    return dataclasses.replace(item, left=left, **more)  # type: ignore[arg-type]


MATCH = asked(
    "match", "o1,o0,o2", "judges", "makes fakes", "compresses", left=("generator", "discriminator", "encoder")
)
ORDER = asked("order", "o2,o0,o1,o3", "add noise", "train", "load data", "sample")


@pytest.mark.parametrize(
    "answer",
    [
        "1B 2A 3C",
        "B A C",
        "1-B, 2-A, 3-C",
        "bac",
        "B1 A2 C3",
        "1: b; 2: a; 3: c",
        "1 → B\n2 → A\n3 → C",
        "b, then a, then c",
    ],
)
def test_pairs_are_read_in_every_notation(answer: str) -> None:
    assert (grade(MATCH, answer).verdict, grade(MATCH, answer).score) == ("correct", 1.0)


def test_each_pair_counts_and_is_named() -> None:
    told = grade(MATCH, "1B 2C 3A")
    assert (told.verdict, told.score) == ("partial", 0.25)
    assert [point.status for point in told.points] == ["hit", "missed", "missed"]
    assert "1 of 3" in told.feedback and QUOTE in told.feedback and "2. A. judges" not in told.feedback
    assert grade(MATCH, "1C 2B 3A").verdict == "wrong"
    assert grade(MATCH, "1B 2A").verdict == "partial", "one is missing"


@pytest.mark.parametrize("answer", ["the first one", "1Z 2A", "A B", "1A 1B 2C", "4A", "1B"])
def test_pairs_that_cannot_be_read_are_not_guessed(answer: str) -> None:
    told = grade(MATCH, answer)
    assert told.verdict == "unsure" and "like this" in told.feedback


@pytest.mark.parametrize(
    "answer", ["C, A, B, D", "cabd", "C A B D", "3 1 2 4", "first C then A then B and D", "C > A > B > D"]
)
def test_an_order_is_read_in_every_notation(answer: str) -> None:
    assert (grade(ORDER, answer).verdict, grade(ORDER, answer).score) == ("correct", 1.0)


def test_an_order_counts_by_right_neighbours() -> None:
    told = grade(ORDER, "D C A B")
    assert (told.verdict, told.score) == ("partial", 0.75)
    assert grade(ORDER, "D, B, A, C").verdict == "wrong"
    assert grade(ORDER, "C A B").verdict == "partial", "one is missing"
    assert grade(ORDER, "C C A B").verdict == "unsure"
    assert grade(ORDER, "no order").verdict == "unsure"


@pytest.mark.parametrize(
    ("answer", "pair"),
    [
        ("A C B D", "“load data” and “add noise”"),
        ("C B A D", "“add noise” and “train”"),
        ("C, A, D, B", "“train” and “sample”"),
    ],
)
def test_an_order_with_one_pair_of_neighbours_swapped_is_right_in_part_and_the_pair_is_named(
    answer: str, pair: str
) -> None:
    told = grade(ORDER, answer)
    assert (told.verdict, told.score) == ("partial", 0.5)
    assert f"only {pair} have changed places" in told.feedback


def test_an_order_that_is_more_wrong_names_no_pair_and_of_two_things_there_is_only_one_wrong_order() -> None:
    assert "changed places" not in grade(ORDER, "A C D B").feedback  # two pairs
    assert "changed places" not in grade(ORDER, "B A C D").feedback  # no neighbours
    assert grade(asked("order", "o1,o0", "draw", "train"), "A B").verdict == "wrong"


@pytest.mark.parametrize("answer", [".5", "2", "1.", "0 1 2 3", "5 1 2 3", "²", "3 3 1 2"])
def test_an_order_that_cannot_be_read_is_not_guessed(answer: str) -> None:
    assert grade(ORDER, answer).verdict == "unsure"


VALUE = asked("number", "0.75", tolerance=0.005)


@pytest.mark.parametrize(
    "answer",
    [
        "0.75",
        ".75",
        "about 0.75",
        "75 %",
        "75%",
        "3/4",
        "three quarters",
        "0,75",
        "it is 0.75",
        "7.5e-1",
        "roughly 75 percent",
        "= 0.754",
    ],
)
def test_a_value_is_read_in_every_notation(answer: str) -> None:
    assert grade(VALUE, answer).verdict == "correct"


@pytest.mark.parametrize("answer", ["0.8", "75", "7.5", "1/4", "not 0.75", "-0.75", "many"])
def test_another_value_is_wrong(answer: str) -> None:
    assert (grade(VALUE, answer).verdict, grade(VALUE, answer).score) == ("wrong", 0.0)


@pytest.mark.parametrize(
    ("key", "answer", "right"),
    [
        ("1000 steps", "a thousand", True),
        ("1000 steps", "1,000", True),
        ("1000 steps", "1k steps", True),
        ("1000 steps", "one hundred", False),
        ("36864", "36,864 numbers", True),
        ("36864", "37000", False),
        ("500 ms", "half a second", True),
        ("500 ms", "0.5 s", True),
        ("500 ms", "500 s", False),
        ("2 GB", "2000 MB", True),
        ("20 %", "0.2", True),
        ("20 %", "20", True),
        ("20 %", "1/5", True),
        ("20 %", "2 %", False),
        ("0.693", "0.69", True),
        ("0.693", "0.7", False),
        ("1024", "2^10", True),
        ("0.0001", "10^-4", True),
        ("0.0001", "1e-4", True),
        ("12", "twelve", True),
        ("-4", "minus 4", True),
        ("25", "twenty-five", True),
    ],
)
def test_units_and_notations_of_one_value_agree(key: str, answer: str, right: bool) -> None:
    assert (grade(asked("number", key), answer).verdict == "correct") is right


def test_numbers_are_read_with_their_factor() -> None:
    assert [value.value for value in values_in("1.5 million and 3 x 10^4")] == [1.5e6, 3e4]
    assert numbers_in("99/100 or half") >= {0.99, 0.5}


GAP = asked("cloze", "discriminator", accepts=("critic",))


@pytest.mark.parametrize(
    "answer",
    [
        "discriminator",
        "The Discriminator.",
        "discriminators",
        "disciminator",
        "disriminatr",
        "critic",
        "it's the discriminator",
        "the discriminator network",
    ],
)
def test_a_gap_takes_its_word_and_slips_of_it(answer: str) -> None:
    assert grade(GAP, answer).verdict == "correct"


@pytest.mark.parametrize(
    "answer",
    ["generator", "not the discriminator", "discriminator or generator", "discriminative", "a model"],
)
def test_a_gap_takes_no_other_word(answer: str) -> None:
    assert grade(GAP, answer).verdict == "wrong"


def test_a_slip_never_turns_one_term_into_another() -> None:
    assert grade(asked("cloze", "encoder"), "decoder").verdict == "wrong"
    assert grade(asked("cloze", "latents"), "patents").verdict == "wrong"
    assert is_accepted("StyleGAN3", ["StyleGAN2"]) is False
    assert is_accepted("wavenet", ["waveret"]) is True
    assert is_accepted("wavenet", ["waveret"], terms=["WaveNet"]) is False
    assert is_accepted("mode colapse", ["mode collapse"]) is True


def test_a_part_of_a_name_is_a_part_of_the_answer() -> None:
    told = grade(asked("cloze", "mode collapse"), "collapse")
    assert (told.verdict, told.score) == ("partial", 0.5)


def test_an_approved_synonym_is_right_wherever_words_are_typed() -> None:
    assert grade(GAP, "judge").verdict == "wrong"
    assert grade(dataclasses.replace(GAP, accepts=("critic", "judge")), "judge").verdict == "correct"
    short = asked("short", "The discriminator judges whether a sample is real.", accepts=("art detective",))
    assert grade(short, "the art detective").verdict == "correct"


CLAIM = asked("true-false", "o1", "True", "False")


@pytest.mark.parametrize(
    "answer",
    [
        "false",
        "F",
        "False.",
        "b",
        "no",
        "that's not true",
        "it is false",
        "false, because the discriminator judges",
        "False since true fakes come from the generator",
        "wrong",
    ],
)
def test_false_is_read_with_or_without_a_reason(answer: str) -> None:
    assert grade(CLAIM, answer).verdict == "correct"


@pytest.mark.parametrize(
    "answer", ["true", "T", "A", "yes", "I think it's true because it judges", "correct"]
)
def test_true_is_read_too(answer: str) -> None:
    assert grade(CLAIM, answer).verdict == "wrong"


def test_a_reason_gets_feedback_and_no_worse_verdict() -> None:
    bare, told = grade(CLAIM, "false"), grade(CLAIM, "false, because bananas are yellow")
    assert (told.verdict, told.score) == (bare.verdict, bare.score)
    assert "reason" in told.feedback and "reason" not in bare.feedback and QUOTE in told.feedback


def test_scores_are_quarters() -> None:
    assert [in_quarters(share) for share in (0.0, 0.3, 0.5, 0.7, 1.0)] == [0.25, 0.25, 0.5, 0.75, 0.75]


# Answers in Chinese, numbers in words, acronyms


def test_a_gap_and_a_number_are_answered_in_chinese_too() -> None:
    assert grade(GAP, "判别器").verdict == "correct"
    assert grade(GAP, "生成器").verdict == "wrong"
    assert grade(GAP, "鉴赏家", names={"鉴赏家": "discriminator"}).verdict == "correct"
    assert grade(asked("cloze", "生成器"), "生成器").verdict == "correct"
    assert grade(asked("number", "8"), "八").verdict == "correct"


@pytest.mark.parametrize(
    ("answer", "english"),
    [
        ("遗忘门、输入门和输出门", "forget gate , input gate and output gate"),
        ("是的,它就是卷积的逆", "yes, convolution inverse"),
        ("不，只恢复大小", "no, only restore size"),
        ("潜变量不带任何信息", "latent variable not any information"),
    ],
)
def test_a_chinese_answer_is_read_in_english_words(answer: str, english: str) -> None:
    reading = read_answer(answer)
    assert (reading.text, reading.foreign < 0.2) == (english, True)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("two thousand five hundred and sixty", 2560.0),
        ("one hundred and two million", 102e6),
        ("a hundred and ten", 110.0),
        ("half a million", 5e5),
        ("one hundred percent", 1.0),
        ("sixty four", 64.0),
        ("a hundredth", 0.01),
    ],
)
def test_numbers_are_read_in_words(words: str, value: float) -> None:
    assert [one.value for one in values_in(words)] == [value]
    assert grade(asked("number", f"{value:g}"), words).verdict == "correct"


def test_two_numbers_in_words_stay_two() -> None:
    assert [one.value for one in values_in("five, six")] == [5.0, 6.0]
    assert [one.value for one in values_in("one or two hundred")] == [1.0, 200.0]


def test_a_slip_near_the_end_of_a_word_is_a_slip() -> None:
    assert grade(asked("cloze", "Inpainting"), "inpaintng").verdict == "correct"
    assert grade(asked("cloze", "Inpainting"), "painting").verdict == "wrong"


def test_an_acronym_and_what_it_stands_for_are_the_same() -> None:
    key = "It is called the earth mover's distance or Wasserstein-1 distance."
    assert spelt_out("EMD", key) == "EMD (earth mover distance)"
    assert spelt_out("the evidence lower bound", "A VAE uses the ELBO.").startswith(
        "the evidence lower bound"
    )
    assert (
        spelt_out("the kernel inception distance", "It is the KID.") == "the kernel inception distance (KID)"
    )
    assert spelt_out("GAN", "A GAN has two networks.") == "GAN"
    assert lexical("What is it called?", key, spelt_out("EMD", key))["focus"] == 1.0


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("ELBO", "The evidence lower bound"),
        ("cgan", "a conditional GAN"),
        ("VAE", "variational autoencoder"),
        ("FID", "Fréchet Inception distance"),
        ("cfg", "classifier-free guidance"),
    ],
)
def test_a_short_name_is_its_long_one_as_a_gap_and_among_options(short: str, long: str) -> None:
    for said, key in ((short, long), (long, short)):
        assert grade(asked("cloze", key), said).verdict == "correct"
        options = asked("choice", "o1", "The perplexity", key, "Mode collapse")
        assert grade(options, said).verdict == "correct"
    assert not short_names("GAN", "gradient penalty") and not short_names("mode", "mode collapse")


EITHER = asked("either", "o0", "Beam search", "Greedy search")


@pytest.mark.parametrize("answer", ["beam", "beam search", "the beam one", "Beam serach", "A"])
def test_an_option_is_named_by_a_word_that_no_other_has(answer: str) -> None:
    assert grade(EITHER, answer).verdict == "correct"


@pytest.mark.parametrize("answer", ["search", "not beam", "beam or greedy", "tree"])
def test_words_that_fit_both_options_or_none_name_none(answer: str) -> None:
    assert grade(EITHER, answer).verdict == "unsure"


LOOP = asked(
    "choice",
    "o1",
    "It makes a language model write intermediate steps before its answer",
    "It ends the loop at success, at a step limit or at a cost limit",
    "It runs the tool and adds the result to the model's context",
)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("it stops the loop when done or at a step or cost limit", "correct"),
        ("ends the loop at success or a limit", "correct"),
        ("the second one", "correct"),
        ("the 2nd", "correct"),
        ("the last", "wrong"),
        ("runs a tool, then puts its result in the context", "wrong"),
        ("it never ends the loop at success or a limit", "unsure"),
        ("something with limits", "unsure"),
        ("it trains the model", "unsure"),
    ],
)
def test_an_option_is_meant_by_most_of_its_words_or_by_its_place(answer: str, verdict: str) -> None:
    assert grade(LOOP, answer).verdict == verdict


CHANGED = dataclasses.replace(
    CLAIM,
    stem="True or false: Autoregressive models compute an approximate likelihood.",
    fact="Autoregressive models compute an exact likelihood.",
)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("flase", "correct"),
        ("it is the other way round", "correct"),
        ("exactly the opposite", "correct"),
        ("not the case", "correct"),
        ("I disagree", "correct"),
        ("they compute the exact likelihood", "correct"),
        ("exact, not approximate", "correct"),
        ("ture", "wrong"),
        ("exactly", "wrong"),
        ("their likelihood is approximate", "wrong"),
        ("exact or approximate", "unsure"),
        ("the reverse process", "unsure"),
        ("they compute a likelihood", "unsure"),
    ],
)
def test_false_is_also_said_in_other_words_with_a_slip_or_by_the_correction(
    answer: str, verdict: str
) -> None:
    assert grade(CHANGED, answer).verdict == verdict


# What the student is told

LONG = "A transposed convolution restores the shape. The name deconvolution is common but misleading."


def test_the_note_is_quoted_once() -> None:
    item = dataclasses.replace(
        asked("true-false", "o1", "True", "False"),
        options=(Option("o0", "True"), Option("o1", "False", f"The note says: {QUOTE}")),
    )
    for answer in ("true", "false"):
        assert grade(item, answer).feedback.count("The note says") == 1
    assert grade(MATCH, "1B 2C 3A").feedback.count("The note says") == 1


def test_what_could_be_added_is_whole_sentences_that_the_quote_lacks() -> None:
    cited = Citation(1, "a.md", (1, 1), "A transposed convolution restores the shape.")
    item = dataclasses.replace(asked("short", LONG), stem="What does it restore?", citation=cited)
    told = grade(item, "A transposed convolution restores the shape").feedback
    assert told.endswith("You could add: “The name deconvolution is common but misleading”.")
    assert (
        "You could add"
        not in grade(
            dataclasses.replace(item, citation=Citation(1, "a.md", (1, 1), LONG)), "restores the shape"
        ).feedback
    )


# What is measured of an answer in one's own words


def test_a_language_that_is_not_read_is_noticed() -> None:
    assert read_answer("der Kritiker gibt eine Zahl aus, und die ist nicht beschränkt").foreign > 0.5
    assert read_answer("the critic gives a number that has no bound").foreign == 0.0
    assert read_answer("鲲鹏 KL 麒麟").foreign == 1.0 and "KL" in read_answer("鲲鹏 KL 麒麟").text


def test_an_answer_in_a_language_that_is_not_read_is_never_called_wrong() -> None:
    short = asked("short", "The critic gives a number without bound, the discriminator a probability.")
    told = grade(short, "der Kritiker gibt eine Zahl aus und der Diskriminator eine Wahrscheinlichkeit")
    assert told.verdict == "unsure" and "judge for yourself" in told.feedback


def test_swapped_sides_are_measured() -> None:
    question = "How does partial collapse differ from complete collapse?"
    key = "Partial collapse loses some modes, while complete collapse gives one output."
    assert sides_of(question) == (frozenset({"partial"}), frozenset({"complet"}))
    right = lexical(question, key, "partial loses some modes, complete gives one output")
    swapped = lexical(question, key, "complete loses some modes, partial gives one output")
    assert right["other_side"] == 0.0 < swapped["other_side"]
    assert swapped["same_side"] == 0.0 < right["same_side"]


def test_yes_and_no_are_measured() -> None:
    key = "No, the divergence is not symmetric."
    assert lexical("Is it symmetric?", key, "nope")["agree"] == 1.0
    assert lexical("Is it symmetric?", key, "yes it is")["disagree"] == 1.0


def test_what_is_tied_together_is_measured() -> None:
    question, key = "What is taken in and given off?", "It takes in oxygen and gives off carbon dioxide."
    right = lexical(question, key, "oxygen is taken in, and it gives off carbon dioxide")
    swapped = lexical(question, key, "it takes in carbon dioxide and gives off oxygen")
    assert right["uncrossed"] > 0.0 >= swapped["uncrossed"] and right["crossed"] == 0.0 < swapped["crossed"]


def test_the_thing_chosen_is_the_one_named_first_that_is_not_denied() -> None:
    question, key = "Is a GAN an implicit or an explicit model?", "A GAN is an implicit model."
    assert lexical(question, key, "not explicit but implicit")["chosen"] == 1.0
    assert lexical(question, key, "explicit, it gives a likelihood")["other_chosen"] == 1.0


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        (
            "Precision is the share of samples that look real, and recall is the share of the data that is covered.",
            "recall: how much of the data is covered; precision: how many samples look real",
            "recall: the share of samples that look real. precision: the share of the data that is covered",
        ),
        (
            "It leaves it out at the output layer of the generator and the input layer of the discriminator.",
            "input layer of the discriminator and output layer of the generator",
            "input layer of the generator and output layer of the discriminator",
        ),
        (
            "It is the divergence from the data to the model.",
            "from the data distribution to that of the model",
            "from the model distribution to that of the data",
        ),
        ("It measures the distance between real and generated data.", "between generated and real data", ""),
        ("A scores how well a picture and a caption fit together.", "how well caption and picture fit", ""),
        ("One has low bias, the other has high bias.", "one low bias, the other the other way round", ""),
    ],
)
def test_what_is_said_of_the_other_thing_is_an_exchange(key: str, right: str, wrong: str) -> None:
    assert not is_exchanged(key, right) and not is_exchanged(key, key)
    assert not wrong or is_exchanged(key, wrong)


def test_an_exchange_is_never_right_but_in_chinese_words_have_another_order() -> None:
    question, key = "What does each do?", "A cat chases mice, while a dog guards houses."
    said = measured(question, key, "a dog chases mice, and the cat guards houses")
    assert said["exchanged"] == 1.0
    for wrong, verdict in ((0.2, "wrong"), (0.1, "unsure")):
        chances = {"correct": 1.0 - wrong, "partial": 0.0, "wrong": wrong}
        assert decided(chances, said) == verdict  # type: ignore[arg-type]
    assert measured(question, key, "狗 chases mice, and the cat guards houses")["exchanged"] == 0.0


PASSES = (
    "Does a diffusion model need more or fewer passes than a GAN?",
    "A diffusion model needs more passes.",
)
WARMER = "What happens to the variety of samples at a high temperature?", "The samples become more varied."


@pytest.mark.parametrize(
    ("question", "key", "answer", "levelled"),
    [
        (*PASSES, "the same", True),
        (*PASSES, "they need the same number of passes", True),
        (*PASSES, "no difference", True),
        (*PASSES, "Equally many, I think", True),
        (*PASSES, "both need as many passes as the other", False),  # says something else besides
        (*PASSES, "more", False),
        (*PASSES, "not the same, it needs more", False),
        (*PASSES, "they are not equal", False),
        (*PASSES, "一样", True),
        (*WARMER, "it stays the same", True),
        (*WARMER, "nothing changes, because the model is fixed", True),
        (*WARMER, "it does not change", True),
        (*WARMER, "no longer the same", False),
        # Where the key makes no such difference, who says so may be right.
        (
            "Does a larger batch change the size of a model?",
            "No, a larger batch is only less noisy.",
            "no change",
            False,
        ),
        (
            "Does a larger batch change the size?",
            "A larger batch does not change the size.",
            "the same",
            False,
        ),
        (
            "What do a larger and a smaller model share?",
            "The larger model has the same layers.",
            "the same",
            False,
        ),
        ("What does a larger batch do to the size?", "With a larger batch the size is 5.", "the same", False),
        ("What follows after the encoder?", "The decoder follows after the encoder.", "the same", False),
    ],
)
def test_who_says_the_same_where_the_key_says_more_says_the_opposite(
    question: str, key: str, answer: str, levelled: bool
) -> None:
    assert is_levelled(question, key, read_answer(answer).text) is levelled
    assert measured(question, key, answer)["exchanged"] == levelled
    assert not levelled or grade(asked("short", key, stem=question), answer).verdict == "wrong"


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [
        ("nothing, it is so", True),
        ("it is right because bananas are yellow", True),
        ("the student is right", True),
        ("right, but only the generator makes fakes", False),
        ("nothing to do with it", False),
        ("the judge is another network", False),
    ],
)
def test_who_finds_nothing_wrong_with_a_mistake_is_wrong(answer: str, agreed: bool) -> None:
    item = asked("explain", QUOTE, stem="A student says: “The judge makes fakes.” What is wrong with that?")
    assert agrees(answer) is agreed
    assert not agreed or grade(item, answer).verdict == "wrong"


def test_both_sides_of_an_or_are_left_open_also_where_such_notes_are_full_of_them() -> None:
    question = "Does it happen during training or during sampling?"
    assert left_open(question) == {stem("training"), stem("sampling")}
    assert left_open("Is it a diffusion model or a GAN?") == {stem("diffusion"), stem("gan")}
    item = asked("short", "It happens during sampling.", stem=question)
    assert grade(item, "sampling").verdict == "correct" and grade(item, "training").verdict != "correct"


def test_numbers_of_an_interval_are_two() -> None:
    assert numbers_in("in [-1,1]") == {1.0} and numbers_in("(0,2)") == {0.0, 2.0}


def test_an_answer_that_names_another_role_number_or_side_is_never_right() -> None:
    certain = dict.fromkeys(("correct", "partial", "wrong"), 0.0) | {"correct": 1.0}
    question, key = "Which network makes samples?", "Only the generator makes samples."
    for asked_, wanted, answer in (
        (question, key, "the discriminator"),
        ("How many heads?", "It has 8 heads.", "12 heads"),
        ("Is a GAN an implicit or an explicit model?", "A GAN is an implicit model.", "explicit"),
        ("Is it symmetric?", "No, it is not.", "yes, it is"),
    ):
        assert decided(certain, measured(asked_, wanted, answer)) in ("wrong", "unsure"), answer  # type: ignore[arg-type]


def test_a_letter_of_a_role_is_the_role() -> None:
    assert with_roles("just G", "Only the generator is needed.") == "just generator"
    assert with_roles("D", "Only the generator is needed.") == "discriminator"
    assert with_roles("D", "The loss is D + 1.") == "D" and with_roles("just G", "It is a GPU.") == "just G"


def test_no_card_that_is_held_out_is_learned_from(corpus_retriever: Any) -> None:
    sets = [name for name, told in GRADED_SETS if told.startswith("held-out")]
    assert set(HELD_OUT_SETS) == set(sets) and len(sets) == 2 and not set(sets) & set(DEVELOPMENT_SETS)
    held = {text for name in sets for one in graded_answers(name) for text in (one.question, one.key)}
    people, own = learned_from()
    assert len({one.writer for one in people}) >= 5 and own
    assert not [one.id for one in (*people, *own) if one.question in held or one.key in held]
    bank = Bank(corpus_retriever)
    cards = [fact for fact in bank.facts if fact.question in held or fact.key in held]
    texts = {reader_pair(fact.question, fact.key, "")[1] for fact in cards}
    scripted = scripted_examples(bank, left_out_of_scripts())(0)
    assert cards and not [one.second for one in scripted if one.second in texts]


@pytest.mark.parametrize("name", ["graded-held-out", "graded-fresh"])
def test_every_held_out_set_is_kept_from_what_is_learned(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a card that stands in one of them alone."""
    alone = GradedAnswer("a", "Held out?", "It is.", "x", "correct", "right")
    other = GradedAnswer("b", "Learned?", "Yes.", "x", "correct", "right")
    sets = {name: [alone], "graded-trial": [alone, other], "answers": [alone, other]}
    monkeypatch.setattr("tutor.training.grades.graded_answers", lambda one, *_: sets.get(one, []))
    assert learned_from() == ([other], [other])
    assert {alone.question, alone.key} <= left_out_of_scripts() and other.key not in left_out_of_scripts()


# The suite


def test_the_suite_counts_verdicts_by_set_and_says_which_is_missing() -> None:
    rows = [
        GradedAnswer("a", "Q?", "K.", "x", "correct", "right"),
        GradedAnswer("b", "Q?", "K.", "y", "wrong", "negated"),
        GradedAnswer("c", "Q?", "K.", "z", "partial", "partial"),
    ]
    verdicts = {"x": "correct", "y": "correct", "z": "unsure"}
    found = {
        one.name: one
        for one in grading(
            lambda item, answer: (Grade(verdicts[answer], 0.0, (), ""), 3.0),  # type: ignore[arg-type]
            lambda stage, items: iter(items),
            lambda name: rows if name == "graded-dev" else [],
        )
    }
    assert found["dev (fitted on): a verdict given (not unsure)"].k == 2
    assert found["dev (fitted on): right where one is given"].missed == ("b",)
    assert found["dev (fitted on): opposites called wrong"].value == 0.0
    assert found["dev (fitted on): right answers not called wrong"].value == 1.0
    assert "held-out: the set graded-held-out is not there" in found
    assert found["one grade, p50"].value == 3.0


def test_macro_f1_counts_a_label_beside_the_wanted_ones_as_an_error() -> None:
    assert macro_f1([("a", "a"), ("b", "b")], ["a", "b"]) == 1.0
    assert macro_f1([("a", "unsure"), ("b", "b")], ["a", "b"]) == 0.5


def test_a_graded_set_is_read_and_a_bad_line_named(tmp_path: Path) -> None:
    line = {"question": "Q?", "key": "K.", "answer": "a", "verdict": "wrong", "kind": "negated"}
    path = tmp_path / "some.jsonl"
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert [one.verdict for one in graded_answers("some", tmp_path)] == ["wrong"]
    assert graded_answers("none", tmp_path) == []
    path.write_text(json.dumps(line | {"verdict": "good"}) + "\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="Line 1"):
        graded_answers("some", tmp_path)


PARTS = (
    "The main components of Stable Diffusion 1 are a VAE, a denoising U-Net and a frozen CLIP text encoder."
)
ASKS_PARTS = "What are the main components of Stable Diffusion 1?"


@pytest.mark.parametrize("said", ["it has a VAE", "a VAE and a U-Net", "U-Net, CLIP"])
def test_of_a_list_that_is_named_in_part_the_rest_is_told(said: str) -> None:
    item = asked("short", PARTS, stem=ASKS_PARTS)
    lacks = left_out(PARTS, ASKS_PARTS, said)
    assert 0 < len(lacks) < 3
    feedback = grade(item, said).feedback
    assert all(f"“{one}”" in feedback.partition("The note says")[0] for one in lacks)


@pytest.mark.parametrize(
    "said", [PARTS, "variational autoencoders", "a VAE, a CLIP encoder and a unet, the U-Net", "bananas"]
)
def test_a_list_that_is_named_in_full_or_not_at_all_lacks_nothing_by_name(said: str) -> None:
    assert left_out(PARTS, ASKS_PARTS, said) == []


@pytest.mark.parametrize(
    ("question", "key", "things"),
    [
        ("Name two ways to reduce it.", "PacGAN, free bits and dropout are ways to reduce it.", 3),
        ("Which three gates has it?", "It has a forget gate, an input gate and an output gate.", 3),
        ("What are the two parts?", "The two parts are a reconstruction term and a KL term.", 2),
        ("What are the stages?", "The stages:\n- pretraining\n- fine-tuning\n- preference training", 3),
        ("What is it?", "It is a model of text, images and audio.", 0),
        ("What are models?", "They handle several kinds of data, such as text, images and audio.", 0),
        ("Which two terms make it up?", "It is the divergence between the posterior and the prior.", 0),
        ("What are the causes?", "It is trained on text, which is filtered, and stays as it was.", 0),
    ],
)
def test_what_a_key_lists_is_read_where_the_question_wants_several(
    question: str, key: str, things: int
) -> None:
    assert len(listed_in(key, question)) == things


def test_who_names_as_many_as_are_wanted_lacks_nothing() -> None:
    key = "PacGAN, free bits and dropout are ways to reduce it."
    assert left_out(key, "Name two ways to reduce it.", "PacGAN and dropout") == []
    assert left_out(key, "Name two ways to reduce it.", "PacGAN") == ["free bits", "dropout"]


def test_of_a_wrong_answer_it_is_not_said_that_only_a_part_lacks() -> None:
    item = asked("short", PARTS, stem=ASKS_PARTS)
    found = claim_evidence(PARTS, ASKS_PARTS, PARTS)
    told = _graded(item, found, "wrong", ["frozen CLIP text encoder"])
    assert "does not say what the note says" in told.feedback and "Missing" not in told.feedback


@pytest.mark.parametrize(
    ("key", "lacks", "statuses"),
    [
        (PARTS, ["frozen CLIP text encoder"], ["hit", "missed"]),
        (PARTS, [], ["hit"]),
        (
            "It has an encoder. Its stages are:\n- pretraining\n- fine-tuning",
            ["fine-tuning"],
            ["hit", "missed"],
        ),
    ],
)
def test_what_a_right_answer_lacks_of_a_list_is_no_point_that_it_hits(
    key: str, lacks: list[str], statuses: list[str]
) -> None:
    item = asked("short", key, stem=ASKS_PARTS)
    found = claim_evidence(key, ASKS_PARTS, key)
    told = _graded(item, found, "correct", lacks)
    assert told.score == 1.0 and all(one in told.feedback for one in lacks)
    lacking = [point for point in told.points if point.status == "missed"]
    assert bool(lacking) == bool(lacks) and sorted({point.status for point in told.points}) == statuses
    assert all(any(one in point.claim for one in lacks) for point in lacking)


def test_of_a_gap_filled_in_part_the_word_that_lacks_is_told() -> None:
    found = grade(asked("cloze", "variational autoencoder"), "autoencoder")
    assert found.verdict == "partial" and "Missing: “variational”." in found.feedback


def test_the_noun_of_a_class_may_lack_in_a_gap_and_another_word_before_it_is_another_thing() -> None:
    assert grade(asked("cloze", "multimodal model"), "multimodal").verdict == "correct"
    assert grade(asked("cloze", "multimodal model"), "multi-modal modle").verdict == "correct"
    assert grade(asked("cloze", "causal mask"), "padding mask").verdict == "wrong"
    assert grade(asked("cloze", "KL divergence"), "JS divergence").verdict == "wrong"


@pytest.mark.parametrize(
    ("key", "answer", "lacks"),
    [("CLIP text encoder", "text encoder", "CLIP"), ("Fréchet distance", "distance", "Fréchet"),
     ("the Wasserstein GAN", "GAN", "Wasserstein"), ("U-Net text decoder", "text decoder", "U-Net")],
)  # fmt: skip
def test_the_word_that_lacks_in_a_gap_is_told_as_the_key_writes_it(key: str, answer: str, lacks: str) -> None:
    found = grade(asked("cloze", key), answer)
    assert found.verdict == "partial" and f"Missing: “{lacks}”." in found.feedback


def test_of_a_gap_that_has_all_words_in_another_order_none_is_told_to_lack() -> None:
    found = grade(asked("cloze", "text encoder"), "encoder text")
    assert found.verdict == "partial" and "Missing" not in found.feedback and "text encoder" in found.feedback


@pytest.mark.parametrize(
    ("key", "answer", "verdict"),
    [
        ("autoencoder", "autodecoder", "wrong"),
        ("variational autoencoder", "variational autodecoder", "partial"),
    ],
)
def test_another_name_of_the_notes_is_no_word_of_a_gap(key: str, answer: str, verdict: str) -> None:
    found = grade_cloze(asked("cloze", key), answer, (), {"autodecoder"})
    assert found.verdict == verdict and "“”" not in found.feedback
    assert verdict == "wrong" or "Missing: “autoencoder”." in found.feedback


@pytest.mark.parametrize(
    ("answer", "exchanged"),
    [
        ("the generator is stronger than the critic", True),
        ("the generator is weaker than the critic", False),
        ("the critic is stronger than the generator", False),
    ],
)
def test_a_comparison_is_exchanged_only_with_its_own_comparative(answer: str, exchanged: bool) -> None:
    assert is_exchanged("The critic is stronger than the generator.", answer) == exchanged


@pytest.mark.parametrize(
    "answer", ["nothing is right about it", "right is the opposite", "true: none of it holds"]
)
def test_a_denial_behind_a_word_of_consent_is_no_consent(answer: str) -> None:
    assert not agrees(answer)
    assert agrees("nothing is wrong with it")
