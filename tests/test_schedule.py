"""When facts are asked again: FSRS as it was measured, ratings from grades, days, and the budget of reviews."""

import json
import math
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fsrs import Card, Rating, Scheduler
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tutor.quiz.schedule import (
    RATINGS,
    CardState,
    card_number,
    day_of,
    day_told,
    due_ahead,
    due_at,
    due_facts,
    fresh,
    minutes,
    offered,
    rating_of,
    replayed,
    retrievability,
    reviewed,
    streak,
)

AT = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _utc(live_in: Callable[[str], None]) -> None:
    """The student lives in UTC, where a test says nothing else."""
    live_in("UTC")


def when_due(ratings: str, fact: str = "f") -> tuple[CardState, list[int]]:
    """The state after reviews that each come when the fact is due (a, h, g, e), and the days between them."""
    state, at, days = fresh(fact, AT), AT, []
    for letter in ratings:
        state = reviewed(state, next(one for one in RATINGS if one[0] == letter), at)
        days.append((due_at(state) - at).days)
        at = due_at(state)
    return state, days


# -- FSRS --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ratings", "days"), [("gggg", [2, 11, 46, 163]), ("aggg", [1, 2, 6, 17])])
def test_the_intervals_are_those_of_fsrs_6(ratings: str, days: list[int]) -> None:
    state, found = when_due(ratings)
    assert found == days
    assert retrievability(state, due_at(state)) == pytest.approx(0.9, abs=0.01)


@given(st.lists(st.tuples(st.sampled_from(RATINGS), st.integers(0, 400 * 86_400)), min_size=1, max_size=25))
@hypothesis_settings(max_examples=60, deadline=None)
def test_our_log_replayed_in_fsrs_itself_gives_the_equal_state(log: list[tuple[Any, int]]) -> None:
    at, reviews = AT, []
    for rating, seconds in log:
        at += timedelta(seconds=seconds)
        reviews.append((rating, at))
    state: CardState | None = None
    for rating, at in reviews:  # step by step, through JSON as the record keeps it
        state = reviewed(json.loads(json.dumps(state)) if state else fresh("f", at), rating, at)
    assert state == replayed("f", reviews)
    scheduler = Scheduler(desired_retention=0.9, learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    card = Card(card_id=card_number("f"), due=reviews[0][1])
    for rating, at in reviews:
        card, _ = scheduler.review_card(card, Rating(RATINGS.index(rating) + 1), at)
    assert state == card.to_dict()


def test_the_schedule_foretells_a_simulated_learner_better_than_their_average() -> None:
    """200 facts, each forgotten at its own pace, which slows with each success; reviews come late at times."""
    rng = random.Random(4)
    told: list[tuple[float, bool]] = []
    for fact in range(200):
        memory = math.exp(rng.gauss(1.0, 0.8))
        state, at = reviewed(fresh(str(fact), AT), "good", AT), AT
        for _ in range(8):
            later = due_at(state) + timedelta(days=rng.choice((0, 0, 1, 3, 10, 30)))
            known = rng.random() < 0.9 ** ((later - at).days / memory)
            told.append((retrievability(state, later), known))
            memory = memory * rng.uniform(2.0, 4.0) if known else max(0.5, 0.4 * memory)
            state, at = reviewed(state, "good" if known else "again", later), later

    def loss(foretold: list[float]) -> float:
        return -sum(
            math.log(p if known else 1 - p) for p, (_, known) in zip(foretold, told, strict=True)
        ) / len(told)

    average = sum(known for _, known in told) / len(told)
    assert loss([p for p, _ in told]) < loss([average] * len(told)) - 0.01


def test_a_clock_that_was_set_back_counts_as_standing_still() -> None:
    state = reviewed(fresh("f", AT), "good", AT)
    back = reviewed(state, "good", AT - timedelta(days=40))
    assert back == reviewed(state, "good", AT)
    assert retrievability(state, AT - timedelta(days=40)) == 1.0


def test_a_time_without_a_zone_is_refused_and_another_zone_is_the_same_time() -> None:
    with pytest.raises(ValueError, match="aware"):
        reviewed(fresh("f", AT), "good", datetime(2025, 3, 1))
    from zoneinfo import ZoneInfo

    assert reviewed(fresh("f", AT), "good", AT.astimezone(ZoneInfo("Asia/Shanghai"))) == reviewed(
        fresh("f", AT), "good", AT
    )


# -- ratings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "score", "kind", "more", "rating"),
    [
        ("correct", 1.0, "short", {}, "good"),
        ("correct", 1.0, "short", {"hints": 1}, "hard"),
        ("correct", 1.0, "short", {"chosen": "easy"}, "easy"),
        ("correct", 1.0, "short", {"chosen": "easy", "hints": 1}, "hard"),
        ("correct", 1.0, "short", {"chosen": "again"}, "again"),
        ("partial", 0.6, "explain", {}, "hard"),
        ("partial", 0.59, "explain", {}, "again"),
        ("partial", 0.6, "explain", {"chosen": "easy"}, "hard"),
        ("wrong", 0.0, "short", {}, "again"),
        ("wrong", 0.0, "short", {"chosen": "easy"}, "again"),
        ("unsure", 0.0, "short", {}, None),
        ("unsure", 0.0, "short", {"chosen": "good"}, "good"),
        ("correct", 1.0, "choice", {"options": 4}, "good"),
        ("correct", 1.0, "choice", {"options": 4, "hints": 1}, "hard"),
        ("correct", 1.0, "true-false", {"new": True}, None),
        ("correct", 1.0, "true-false", {"new": True, "chosen": "easy"}, None),
        ("correct", 1.0, "true-false", {}, "hard"),
        ("correct", 1.0, "true-false", {"hints": 1}, None),
        ("wrong", 0.0, "true-false", {"new": True}, "again"),
        ("correct", 1.0, "either", {"new": True, "options": 2}, None),
        ("correct", 1.0, "choice", {"new": True, "options": 2}, None),
        ("correct", 1.0, "prediction", {}, None),
        ("wrong", 0.0, "prediction", {}, None),
    ],
)
def test_what_an_answer_says_of_recall(
    verdict: str, score: float, kind: str, more: dict[str, Any], rating: str | None
) -> None:
    assert rating_of(verdict, score, kind, **more) == rating


# -- days and the budget -----------------------------------------------------------------------------------------


def cards(n: int, days: int, first: int = 0) -> dict[str, CardState]:
    """n facts that were known two days before the day that many days from AT: due on it."""
    at = AT + timedelta(days=days - 2)
    return {f"f{k}": reviewed(fresh(f"f{k}", at), "good", at) for k in range(first, first + n)}


def test_what_is_due_in_the_evening_is_due_from_the_morning_on() -> None:
    states = cards(1, 0)
    assert due_facts(states, AT.replace(hour=0)) == ["f0"]
    assert due_facts(states, AT - timedelta(days=1)) == []


# In the west a day ends later than in UTC, in the east it begins earlier.
EVENING = datetime(2025, 11, 27, 2, 0, tzinfo=UTC)
MORNING = datetime(2025, 11, 25, 22, 0, tzinfo=UTC)
ABROAD = [("America/New_York", EVENING), ("Asia/Shanghai", MORNING)]
THERE = date(2025, 11, 26)


@pytest.mark.parametrize(("zone", "at"), ABROAD)
def test_days_are_those_of_the_students_calendar(
    zone: str, at: datetime, live_in: Callable[[str], None]
) -> None:
    live_in(zone)
    assert day_of(at) == THERE and day_told(at.isoformat()) == "2025-11-26"
    states = {"f": reviewed(fresh("f", at), "good", at)}
    ahead = (due_at(states["f"]) - at).days
    assert day_told(states["f"]["due"]) == (THERE + timedelta(days=ahead)).isoformat()
    assert due_ahead(states, at)[ahead - 1] == 1
    midnight = datetime(2025, 11, 26 + ahead).astimezone()
    assert due_facts(states, midnight) == ["f"]
    assert due_facts(states, midnight - timedelta(seconds=1)) == []


def test_the_fact_least_likely_recalled_comes_first() -> None:
    states = cards(1, 0) | cards(1, -20, first=1) | cards(1, -3, first=2)
    assert due_facts(states, AT) == ["f1", "f2", "f0"]


def test_a_day_offers_no_more_reviews_than_its_budget_has_left() -> None:
    states = cards(40, 0)
    assert len(offered(states, AT)) == 30
    assert len(offered(states, AT, done_today=25)) == 5
    assert offered(states, AT, done_today=31) == []


def test_the_coming_days_are_counted_from_tomorrow() -> None:
    assert due_ahead(cards(12, 2) | cards(20, 5, first=100) | cards(7, 0, first=200), AT) == [
        0,
        12,
        0,
        0,
        20,
        0,
        0,
    ]


def test_minutes_are_whole_and_nothing_takes_none() -> None:
    assert [minutes(n) for n in (0, 1, 7, 30)] == [0, 1, 4, 15]


def test_a_streak_outlives_the_night_and_no_day_without_study() -> None:
    days = [day_of(AT - timedelta(days=back)) for back in (1, 2, 3, 5)]
    assert streak(days, day_of(AT)) == 3
    assert streak([*days, day_of(AT)], day_of(AT)) == 4
    assert streak(days, day_of(AT + timedelta(days=1))) == 0
    assert streak([], day_of(AT)) == 0
