"""How the student stands: by concept, by day, by how sure they were, by what they mix up; and how it is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tutor.notes.note import Text
from tutor.quiz.facts import Fact
from tutor.quiz.mastery import Progress, beta_interval, progress
from tutor.quiz.schedule import CardState, replayed
from tutor.quiz.told import due_told, progress_events
from tutor.study_record import Attempt
from tutor.turns import Notice, TableShown

NOW = datetime(2025, 3, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _utc(live_in: Callable[[str], None]) -> None:
    """The student lives in UTC, where a test says nothing else."""
    live_in("UTC")


def fact(fact_id: str, concept: str, term: str = "") -> Fact:
    text = Text("A key of some words.", ((0, 1),), 1)
    return Fact(
        fact_id,
        "definition",
        f"What is {fact_id}?",
        text.words,
        term,
        concept,
        "note.md",
        "Note",
        (),
        text,
        (0, 20),
    )


FACTS = [
    fact("g1", "GAN", "generator"),
    fact("g2", "GAN", "discriminator"),
    fact("g3", "GAN"),
    fact("v1", "VAE"),
]


def attempt(n: int, fact_id: str, verdict: str, days_ago: float = 0, **more: Any) -> Attempt:
    score = {"correct": 1.0, "partial": 0.6, "wrong": 0.0, "unsure": 0.0}[verdict]
    concept = more.pop("concept", "GAN")
    at = NOW - timedelta(days=days_ago)
    return Attempt(
        n, f"i{n}", "x", {"verdict": verdict, "score": score}, at, fact_id, concept, "short", **more
    )


def cards(**reviews: list[tuple[Any, float]]) -> dict[str, CardState]:
    """fact=[(rating, days ago), ...]."""
    found = {
        name: replayed(name, [(r, NOW - timedelta(days=ago)) for r, ago in log])
        for name, log in reviews.items()
    }
    return {name: state for name, state in found.items() if state is not None}


def stands(attempts: list[Attempt], states: dict[str, CardState]) -> Progress:
    return progress(FACTS, states, attempts, NOW)


# -- figures -----------------------------------------------------------------------------------------------------


def test_mastery_is_the_mean_share_of_all_facts_that_would_be_recalled_now() -> None:
    states = cards(g1=[("good", 0)], g2=[("again", 0)])
    gan = stands([attempt(1, "g1", "correct"), attempt(2, "g2", "wrong")], states).concepts[0]
    assert (gan.concept, gan.facts, gan.asked, gan.known, gan.answers) == ("GAN", 3, 2, 1, 2)
    assert gan.mastery == pytest.approx(1 / 3)


def test_mastery_fades_with_time_and_counts_a_partial_answer_in_part() -> None:
    states = cards(g1=[("good", 10)], g2=[("hard", 0)])
    gan = stands([attempt(1, "g1", "correct", 10), attempt(2, "g2", "partial")], states).concepts[0]
    assert 0.6 / 3 < gan.mastery < 1.6 / 3 - 0.05
    assert gan.known == 0 and gan.due == 1


def test_a_fact_is_mastered_when_it_stays_for_weeks() -> None:
    states = cards(g1=[("good", 60), ("good", 58), ("good", 47)])
    gan = stands([attempt(n, "g1", "correct", d) for n, d in ((1, 60), (2, 58), (3, 47))], states).concepts[0]
    assert (gan.mastered, gan.known) == (1, 1)


def test_concepts_with_answers_come_first_the_weakest_before_the_others() -> None:
    states = cards(g1=[("good", 0)], v1=[("again", 0)])
    found = stands([attempt(1, "g1", "correct"), attempt(2, "v1", "wrong", concept="VAE")], states)
    assert [one.concept for one in found.concepts] == ["VAE", "GAN"]
    assert [one.concept for one in stands([attempt(1, "v1", "correct", concept="VAE")], {}).concepts] == [
        "VAE",
        "GAN",
    ]
    assert found.revisit == ("VAE",)


@pytest.mark.parametrize(
    ("scores", "low", "high"),
    [
        ([], 0.05, 0.95),
        ([1.0] * 3, 0.473, 0.987),
        ([1, 0, 0, 0.5], 0.128, 0.739),
        ([1.0] * 40 + [0.0] * 10, 0.690, 0.874),
    ],
)
def test_the_interval_is_that_of_the_beta_distribution(scores: list[float], low: float, high: float) -> None:
    assert beta_interval(scores) == pytest.approx((low, high), abs=0.001)


def test_predictions_count_as_answers_of_their_concept_and_as_no_fact() -> None:
    found = stands([attempt(1, "demo:gan-2d", "wrong", concept="gan")], {})
    gan = found.concepts[0]
    assert (gan.concept, gan.answers, gan.asked, gan.facts) == ("GAN", 1, 0, 3)
    assert found.revisit == ()
    elsewhere = stands([attempt(1, "demo:tokens", "correct", concept="tokens")], {}).concepts[0]
    assert (elsewhere.concept, elsewhere.facts, elsewhere.mastery) == ("tokens", 0, 0.0)


def test_unsure_grades_make_a_streak_and_no_answer() -> None:
    found = stands([attempt(1, "g1", "unsure", 1), attempt(2, "g1", "unsure")], {})
    assert (found.streak_days, found.answers, found.concepts[0].answers) == (2, 0, 0)


def test_confidence_stands_beside_what_was_right() -> None:
    answers = [
        attempt(1, "g1", "correct", confidence=0.9), attempt(2, "g2", "wrong", 2, confidence=1.0),
        attempt(3, "g3", "wrong", confidence=0.2), attempt(4, "v1", "wrong", 1, confidence=0.95),
        attempt(5, "g1", "correct"),
    ]  # fmt: skip
    found = stands(answers, {})
    assert [(one.said, one.right, one.answers) for one in found.calibration] == [
        (0.2, 0.0, 1), (0.95, 0.333, 3),
    ]  # fmt: skip
    assert found.sure_and_wrong == ("v1", "g2")


def test_a_pair_that_is_mixed_up_is_counted_in_both_directions() -> None:
    answers = [
        attempt(1, "g1", "wrong", chosen_fact_id="g2"), attempt(2, "g2", "wrong", chosen_fact_id="g1"),
        attempt(3, "g3", "wrong", chosen_fact_id="v1"), attempt(4, "g1", "wrong", chosen_fact_id="gone"),
        attempt(5, "g1", "correct", chosen_fact_id="v1"),
    ]  # fmt: skip
    found = stands(answers, {}).confusions
    assert [(one.fact_id, one.chosen_fact_id, one.times, one.said) for one in found] == [
        ("g1", "g2", 2, "You mix up generator and discriminator"),
        ("g3", "v1", 1, "Perhaps you mix up GAN and VAE: one answer points to it"),
    ]


def test_facts_that_left_the_notes_are_counted_nowhere() -> None:
    found = progress(
        FACTS[:1], cards(g1=[("good", 0)], g2=[("again", 5)]), [attempt(1, "g2", "wrong")], NOW, stale=1
    )
    assert (found.due, sum(found.ahead), found.revisit) == (0, 1, ())
    assert found.to_contract()["coverage"] == {
        "facts": 1,
        "asked": 0,
        "mastered": 0,
        "never_asked": 1,
        "stale": 1,
    }


def test_what_is_due_now_and_in_the_coming_week() -> None:
    found = stands(
        [], cards(g1=[("again", 1)], g2=[("good", 0)], g3=[("again", 0)], v1=[("good", 8), ("good", 6)])
    )
    assert (found.due, found.due_minutes, found.ahead) == (1, 1, (1, 1, 0, 0, 1, 0, 0))


@pytest.mark.parametrize(("zone", "hours_ago"), [("America/New_York", (13, 9)), ("Asia/Shanghai", (17, 1))])
def test_a_streak_counts_the_days_of_the_students_calendar(
    zone: str, hours_ago: tuple[int, int], live_in: Callable[[str], None]
) -> None:
    """Two days in UTC, but one where the student lives."""
    live_in(zone)
    first, last = hours_ago
    assert (
        stands(
            [attempt(1, "g1", "correct", first / 24), attempt(2, "g2", "correct", last / 24)], {}
        ).streak_days
        == 1
    )


# -- words -------------------------------------------------------------------------------------------------------


def test_a_choice_that_was_called_a_guess_is_no_mix_up() -> None:
    guessed = [attempt(n, "g1", "wrong", chosen_fact_id="g2", confidence=0.2) for n in (1, 2)]
    assert stands(guessed, {}).confusions == ()
    again = [replace(one, confidence=None) for one in guessed]
    assert [one.said for one in stands(again, {}).confusions] == ["You mix up generator and discriminator"]


def test_an_empty_record_says_how_to_begin() -> None:
    [said] = progress_events(stands([], {}).to_contract())
    assert isinstance(said, Notice) and "quiz me" in said.text


def test_progress_is_told_as_a_table_with_what_to_revisit() -> None:
    answers = [
        attempt(1, "g1", "wrong", 1, chosen_fact_id="g2", confidence=1.0),
        *(attempt(n, "v1", "correct", concept="VAE", confidence=0.9) for n in (2, 3)),
    ]
    table, said = progress_events(stands(answers, cards(g1=[("again", 1)], v1=[("good", 0)])).to_contract())
    assert isinstance(table, TableShown) and isinstance(said, Notice)
    assert table.caption == "3 answers so far, 2 days in a row; the weakest concepts first."
    assert table.rows == (
        ("GAN", "0 of 3", "0%", "0 of 1", "1"),
        ("VAE", "1 of 1", "100%", "2 of 2", "-"),
    )
    for part in (
        "Look again at: GAN", "Perhaps you mix up generator and discriminator: one answer points to it.",
        "“sure” you were right in 67% of 3 answers",
        "Of 4 facts in your notes 2 were asked, 0 mastered, 2 never asked.", "1 card is due today", "say “review”",
    ):  # fmt: skip
        assert part in said.text


def test_what_is_due_comes_first_where_it_was_asked_for() -> None:
    contract = stands([attempt(1, "g1", "wrong", 1)], cards(g1=[("again", 1)])).to_contract()
    first, _ = progress_events(contract, which="due")
    assert isinstance(first, Notice) and first.text.startswith(
        "1 card is due today (about 1 minute), none more"
    )
    assert due_told(stands([], {}).to_contract()) == "Nothing is due today; none more in the next 7 days."


def test_what_went_wrong_is_told_with_what_the_note_says() -> None:
    wrong = [{"question": "What is g1?", "key": "A key " * 40, "note": "note.md"}]
    table, said = progress_events({}, wrong, "missed")
    assert (
        isinstance(table, TableShown) and table.rows[0][0] == "What is g1?" and len(table.rows[0][1]) <= 110
    )
    assert isinstance(said, Notice) and "quiz me on what I got wrong" in said.text
    [nothing] = progress_events({}, [], "missed")
    assert isinstance(nothing, Notice)
