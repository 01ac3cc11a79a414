"""Grading of matching, order, numbers, gaps, true or false, and the measures that say how well it does."""

import dataclasses
import json
from pathlib import Path

import pytest

from tutor.errors import SettingsError
from tutor.evaluation.grading import GradedAnswer, graded_answers, grading, macro_f1
from tutor.quiz.answer_features import lexical, numbers_in, read_answer, sides_of
from tutor.quiz.grades import Grade, in_quarters
from tutor.quiz.grading import grade
from tutor.quiz.items import Item, Kind, Option
from tutor.quiz.word_answers import is_accepted, values_in
from tutor.turns import Citation

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
    assert grade(GAP, "judge", accepts=["judge"]).verdict == "correct"
    short = asked("short", "The discriminator judges whether a sample is real.")
    assert grade(short, "the art detective", accepts=["art detective"]).verdict == "correct"


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


# What is measured of an answer in one's own words


def test_a_language_that_is_not_read_is_noticed() -> None:
    assert read_answer("der Kritiker gibt eine Zahl aus, und die ist nicht beschränkt").foreign > 0.5
    assert read_answer("the critic gives a number that has no bound").foreign == 0.0
    assert read_answer("用 KL 散度").foreign >= 0.5 and "KL" in read_answer("用 KL 散度").text


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
