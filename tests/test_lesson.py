"""Predict, run, observe, explain: what a reply means, what came out, and the questions made from the numbers."""

from __future__ import annotations

from typing import Any

import pytest

from demos.predictions import PREDICTIONS
from tutor.lesson import asked_why, came_out, came_true, lesson, prediction_of, read_reply, told_prediction
from tutor.turns import event_to_json

PREDICT = PREDICTIONS["gan-2d"].described()
CALL = {"name": "gan-2d", "knobs": {}, "seed": 0}
DEMO = {"name": "gan-2d", "predict": PREDICT}


def asked() -> dict[str, Any]:
    found = prediction_of(DEMO, CALL, "Running")
    assert found is not None
    return event_to_json(found)


@pytest.mark.parametrize(
    ("message", "kind", "place"),
    [
        ("B", "option", 1),
        ("c)", "option", 2),
        ("I think b", "option", 1),
        ("A. at most four", "option", 0),
        ("All eight!", "option", 2),
        ("all eight?", "option", 2),
        ("probably 6 of them", "option", 1),
        ("three clusters", "option", 0),
        ("it will find everything at once", "words", None),
        ("f", "words", None),
        ("just run it", "run", None),
        ("skip", "run", None),
        ("ok, go ahead", "run", None),
        ("I don't know", "run", None),
        ("yes", "run", None),
        ("直接跑吧", "run", None),
        ("stop", "cancel", None),
        ("no", "cancel", None),
        ("never mind", "cancel", None),
        ("what is a cluster?", "other", None),
        ("explain mode collapse", "other", None),
        ("quiz me on GANs", "other", None),
        ("show me my progress", "other", None),
        ("hello", "other", None),
    ],
)
def test_a_reply_is_an_option_own_words_or_another_wish(message: str, kind: str, place: int | None) -> None:
    assert read_reply(asked(), message) == (kind, place)


@pytest.mark.parametrize(("value", "place"), [(0, 0), (4, 0), (5, 1), (7, 1), (8, 2), (99, 2)])
def test_the_bounds_decide_which_option_was_right(value: float, place: int) -> None:
    assert came_out(PREDICT, value) == place


@pytest.mark.parametrize(
    ("modes", "place", "right"), [(8.0, 0, 2), (5.0, 1, 1), (5.0, None, None), (None, 1, None)]
)
def test_what_came_true_is_known_where_an_option_was_chosen_and_the_figure_measured(
    modes: float | None, place: int | None, right: int | None
) -> None:
    result = {"metrics": {"strict_modes": {"value": modes, "n": 9}}}
    assert came_true(result, {"predict": PREDICT, "place": place, "said": "x"}) == right


@pytest.mark.parametrize("name", list(PREDICTIONS))
def test_every_prediction_has_rising_bounds_and_a_last_option_without_one(name: str) -> None:
    bounds = [below for _, below in PREDICTIONS[name].options]
    assert len(bounds) >= 2 and bounds[-1] is None and None not in bounds[:-1]
    assert bounds[:-1] == sorted(bounds[:-1], key=float)


def test_a_demo_without_a_prediction_or_with_a_knob_that_spoils_it_asks_nothing() -> None:
    assert prediction_of({"name": "x", "predict": None}, CALL, "") is None
    assert prediction_of({"name": "x"}, CALL, "") is None
    assert prediction_of(DEMO, {**CALL, "knobs": {"data": "moons"}}, "") is None
    assert prediction_of(DEMO, {**CALL, "knobs": {"d_lr": 0.1}}, "") is not None


def metric(
    value: float | None, floor: float | None, better: str, baseline: float | None = None
) -> dict[str, Any]:
    return {
        "value": value,
        "n": 500,
        "floor": floor,
        "baseline": baseline,
        "better": better,
        "meaning": "its meaning",
    }


RESULT: dict[str, Any] = {
    "demo": "gan-2d",
    "metrics": {
        "strict_modes": metric(5.0, 8.0, "high"),
        "recall": metric(0.1, 0.83, "high"),
        "sliced_wasserstein": metric(0.4, 0.3, "low", baseline=0.35),
    },
    "observations": ["The points moved.", "Recall stayed at 0.10 to the end."],
}


def test_the_prediction_is_compared_with_the_figure() -> None:
    said = {"predict": PREDICT, "place": 2, "said": "all eight"}
    told = told_prediction(RESULT, said)
    assert "You predicted “all eight”; it came out “five to seven”" in told and "= 5 (n = 500)" in told
    assert "and so it came out" in told_prediction(RESULT, {**said, "place": 1})
    assert "You predicted “a lot”" in told_prediction(RESULT, {**said, "place": None, "said": "a lot"})
    assert "was not measured" in told_prediction({"metrics": {}}, said)


def test_a_prediction_on_two_figures_takes_their_difference() -> None:
    predict = {**PREDICT, "metric": "recall", "minus": "strict_modes"}
    assert "= -4.9" in told_prediction(RESULT, {"predict": predict, "place": 0, "said": ""})
    beside = {**PREDICT, "metric": "sliced_wasserstein", "minus": "baseline"}
    assert "= 0.05" in told_prediction(RESULT, {"predict": beside, "place": 0, "said": ""})
    assert "not measured" in told_prediction(
        RESULT, {"predict": {**beside, "metric": "recall"}, "place": 0, "said": ""}
    )


def test_two_questions_are_made_from_the_farthest_figure_and_the_classical_model() -> None:
    found = lesson(RESULT, ["GANs"], None)
    first, second = found.questions
    assert first.text == (
        "Recall came to 0.1, where real data, the best to be hoped for, gives 0.83: what does that say of the samples?"
    )
    assert first.told == "Recall: its meaning. Recall stayed at 0.10 to the end."
    assert "classical model comes to 0.35 in sliced wasserstein, this run to 0.4: why may" in second.text
    assert (found.compared, found.notes) == ("", ("GANs",))
    assert (first.ask, second.ask) == ("What does recall measure for a generative model?", "What is GANs?")


def test_a_figure_that_no_observation_speaks_of_is_asked_about_last() -> None:
    silent = {**RESULT["metrics"], "imbalance": metric(2.0, 0.001, "low")}
    assert lesson({**RESULT, "metrics": silent}, [], None).questions[0].text.startswith("Recall came to")


def test_a_run_without_figures_asks_nothing() -> None:
    assert lesson({"metrics": {"loss": metric(None, 1.0, "low")}}, [], None).questions == ()
    assert lesson({}, [], None).questions == ()


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ("why?", 0),
        ("Why", 0),
        ("why 2?", 1),
        ("but why the second one?", 1),
        ("为什么", 0),
        ("为什么第二个", 1),
    ],
)
def test_why_asks_about_a_question_of_the_run(message: str, place: int) -> None:
    questions = event_to_json(lesson(RESULT, [], None))["questions"]
    assert asked_why(message, questions) == questions[place]


@pytest.mark.parametrize(
    "message", ["Why does the discriminator of a GAN get too strong?", "what?", "run it"]
)
def test_other_questions_are_not_about_the_run(message: str) -> None:
    assert asked_why(message, event_to_json(lesson(RESULT, [], None))["questions"]) is None
