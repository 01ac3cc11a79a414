"""Answers that turn the key round, bare numbers, pointing answers and what cannot be graded."""

import pytest

from tutor.quiz.answer_texts import is_formula, names_symbols, pointed, read_answer, spelt_out
from tutor.quiz.answered_claims import claim_evidence
from tutor.quiz.bare_numbers import verdict_on_numbers
from tutor.quiz.grading import grade
from tutor.quiz.items import Item, Kind, Option
from tutor.quiz.short_answers import decided, measured
from tutor.quiz.turned import crossed_opposites, denies_aside, turned_word
from tutor.turns import Citation

BIASED = "The estimate is biased upwards when few stones are weighed."
MISTAKE = "A student says: “{}” What is wrong with that?"


def asked(question: str, key: str, kind: Kind = "short", texts: tuple[str, ...] = ()) -> Item:
    options = tuple(Option(f"o{n}", text) for n, text in enumerate(texts))
    cited = Citation(1, "a.md", (1, 1), key, "", ())
    return Item("x", kind, question, options, key, "", cited, key, ("Rivers",), "a.md")


@pytest.mark.parametrize(
    ("key", "answer", "turned"),
    [
        (BIASED, "biased downwards when few stones are weighed", True),
        (BIASED, "biased upwards when many stones are weighed", True),
        (BIASED, "biased upwards when few stones are weighed", False),
        ("The weight of a wall is the product of its sides.", "the sum of its sides is the weight", True),
        ("Light travels faster than sound through air.", "sound travels slower than light through air", False),
        ("Cork floats on water.", "it does not sink in water", False),
    ],
)  # fmt: skip
def test_one_word_turned_into_its_opposite_turns_the_answer(key: str, answer: str, turned: bool) -> None:
    assert turned_word(key, "What is so?", answer) is turned


def test_two_opposites_that_change_sides_are_crossed() -> None:
    key = "A speed below 1 shifts sand towards the banks, and a speed above 1 makes the river bed more even."
    assert crossed_opposites(
        key, "a speed above 1 shifts sand to the banks, one below 1 makes the river bed even"
    )
    assert not crossed_opposites(
        key, "above 1 the river bed gets more even, below 1 sand shifts to the banks"
    )


def test_a_turned_answer_is_never_right() -> None:
    key = "The estimate is biased upwards when few stones are weighed."
    values = measured(
        "Why must as many stones be weighed?", key, "it is biased downwards when few stones are weighed"
    )
    for wrong, verdict in ((0.2, "wrong"), (0.1, "unsure")):
        chances = {"correct": 1.0 - wrong, "partial": 0.0, "wrong": wrong}
        assert decided(chances, values) == verdict  # type: ignore[arg-type]


def test_a_denial_of_what_the_key_does_not_speak_of_is_not_held_against_the_answer() -> None:
    question, key = (
        "Why does a dam need a fish ladder?",
        "It needs a fish ladder so that salmon can pass the wall upstream.",
    )
    aside, plain = "because fish cannot jump over such a wall", "because salmon cannot pass the wall"
    assert denies_aside(key, question, aside) and not denies_aside(key, question, plain)
    assert not denies_aside(key, "What does a dam need?", aside)
    values = measured(question, key, aside)
    assert decided({"correct": 0.1, "partial": 0.1, "wrong": 0.8}, values) == "unsure"


def test_goes_against_is_told_of_a_plain_denial_alone() -> None:
    question, key = "What does the ladder do?", "The ladder lets strong salmon pass the wall."
    plain = claim_evidence(key, question, "it lets no strong salmon pass the wall")
    aside = claim_evidence(key, question, "salmon never get tired in the basins")
    assert [one.plainly for one in plain] == [True] and not any(one.plainly for one in aside)
    assert "goes against" not in grade(asked(question, key), "salmon never get tired in the basins").feedback


WEIGHTS = (
    "Which weights do the near and the far stone get?",
    "The stones get the weights 0.67 and 0.33, because 2 to 1.",
)


@pytest.mark.parametrize(
    ("question", "key", "answer", "verdict"),
    [
        (*WEIGHTS, "0.67 and 0.33", None),
        (*WEIGHTS, "0.33 and 0.67", "wrong"),
        (*WEIGHTS, "0.67", "partial"),
        (*WEIGHTS, "0.33 for the far one", None),
        ("What is the ratio at a = 0.8?", "The ratio at a = 0.8 is 4, because 0.8 / 0.2 = 4.", "4", None),
        ("What is the ratio at a = 0.8?", "The ratio at a = 0.8 is 4, because 0.8 / 0.2 = 4.", "1/4", "wrong"),
        ("What is the ratio at a = 0.8?", "The ratio at a = 0.8 is 4, because 0.8 / 0.2 = 4.", "0.8", "wrong"),
        ("How far are 0 and 2?", "Their distance is 2.", "sqrt(2)", "wrong"),
        ("Which is better, 5 or 45?", "The one with 5 is better.", "45", None),
    ],
)  # fmt: skip
def test_bare_numbers_are_read_as_numbers(question: str, key: str, answer: str, verdict: str | None) -> None:
    assert verdict_on_numbers(question, key, answer) == verdict


def test_an_answer_may_point_at_one_of_two_things_but_not_at_both() -> None:
    question = "Which shows a flood more clearly, rain or level?"
    assert pointed("the latter, because it rises", question) == "level, because it rises"
    assert pointed("the first snow", question) == "the first snow"
    item = asked(question, "The level shows a flood more clearly.")
    given = [
        grade(item, answer).verdict
        for answer in ("the latter", "the second one", "the first", "both rain and level")
    ]
    assert given == ["correct", "correct", "wrong", "wrong"]


def test_an_acronym_may_have_one_word_more_than_the_key() -> None:
    assert spelt_out("MSE", "It gives the squared error.") == "MSE (squared error)"
    assert spelt_out("EU", "It is used in Europe") == "EU"


def test_the_letters_of_the_things_that_a_key_names_are_an_answer() -> None:
    key = "It trains two thin matrices $A$ and $B$ whose product is added."
    assert names_symbols("A and B", "What does it train?", key)
    assert not names_symbols("A", "What does it train?", key) and not names_symbols("A and C", "What?", key)


def test_a_formula_beside_a_key_in_words_is_left_to_the_student() -> None:
    assert is_formula("q(z|x)=p(z|x)") and not is_formula("loss = real") and not is_formula("1/4")
    item = asked("When are they equal?", "They are equal when the guess equals the truth about the source.")
    assert grade(item, "KL(q||p) = 0").verdict in ("correct", "unsure")


def test_a_question_back_is_no_answer() -> None:
    item = asked("What clears the basin?", "The sluice clears the basin.")
    told = grade(item, "which basin do you mean?")
    assert (told.verdict, told.score) == ("unsure", 0.0) and "no answer" in told.feedback
    assert grade(item, "is it the sluice?").verdict == "correct"


def test_a_language_that_is_not_read_is_told_so() -> None:
    item = asked("What clears the basin?", "The sluice clears the basin.")
    for answer in ("weil die Schleuse das Becken leert", "implícito"):
        told = grade(item, answer)
        assert told.verdict == "unsure" and "I read English and Chinese" in told.feedback
    assert read_answer("the bees would die").foreign == 0.0


def test_one_thing_that_the_key_says_corrects_a_statement() -> None:
    key = "Many rivers have other sources: the Rhine comes from glaciers, and the Volga rises in a swamp."
    item = asked(MISTAKE.format("All rivers come from springs."), key, "explain")
    assert grade(item, "the Rhine comes from glaciers").verdict == "correct"
    assert grade(item, "Nothing, it's correct").verdict == "wrong"
    assert grade(item, "the Nile starts at a lake").verdict != "wrong"


def test_a_comparison_that_the_first_sentence_makes_asks_for_no_second() -> None:
    key = "A lock lifts boats by water, instead of carrying them on wheels. The word lock stands for a closed chamber."
    found = claim_evidence(key, "How does a lock differ from a boat lift?", "")
    assert [one.claim.main for one in found] == [True, False]


def test_steps_may_be_told_by_short_names() -> None:
    texts = (
        "Embedding turns a passage into numbers.",
        "Splitting cuts texts into passages.",
        "Retrieval finds passages.",
    )
    item = asked("Put the steps in their order.", "o1,o0,o2", "order", texts)
    assert grade(item, "splitting, embedding, retrieving").verdict == "correct"
    assert grade(item, "splitting, knitting, retrieving").verdict == "unsure"
