"""How the witnesses of a claim decide, with numbers worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tutor.evaluation.verdicts import fit_weights
from tutor.verdicts import JUDGEMENTS, Measures, Reading, Weights, decided, likely, measures

NONE = Measures(0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_the_measures_of_two_witnesses_are_those_worked_by_hand() -> None:
    near, far = Reading(0.9, 0.05, 0.75, 0.5), Reading(0.1, 0.6, 0.5, 0.5)
    found = measures([far, near], "supported")
    # The near one weighs e^(8 * 0.25) = 7.389 times the far one.
    share = math.exp(2) / (math.exp(2) + 1)
    assert found.mean_for == pytest.approx(share * 0.9 + (1 - share) * 0.1)
    assert found.mean_against == pytest.approx(share * 0.05 + (1 - share) * 0.6)
    assert (found.most_for, found.most_against, found.nearest_for, found.nearest_against) == (
        0.9,
        0.6,
        0.9,
        0.05,
    )
    assert (found.cosine, found.words_for, found.words_against) == (0.75, 1.0, 0.0)


def test_the_likelihoods_are_the_softmax_of_the_weighted_measures() -> None:
    weights = Weights((1.0, 0.0, 0.0), ((2.0, *(0.0,) * 8), (0.0,) * 9, (0.0,) * 9), 0.5, 0.5)
    shares = likely(replace(NONE, most_for=0.5), weights)
    # Scores 2, 0, 0: e^2 / (e^2 + 2) = 0.787.
    assert shares["supported"] == pytest.approx(0.787, abs=1e-3)
    assert sum(shares.values()) == pytest.approx(1)


def test_a_judgement_that_is_not_likely_enough_is_not_given() -> None:
    row = (0.0,) * 9
    assert decided(NONE, Weights((2.0, 0.0, 0.0), (row,) * 3, 0.78, 0.5)) == "supported"
    assert decided(NONE, Weights((2.0, 0.0, 0.0), (row,) * 3, 0.8, 0.5)) == "not in the notes"
    assert decided(NONE, Weights((0.0, 2.0, 0.0), (row,) * 3, 0.8, 0.78)) == "contradicted"
    assert decided(NONE, Weights((0.0, 0.0, 2.0), (row,) * 3, 0.8, 0.8)) == "not in the notes"


def test_fitted_weights_tell_apart_what_they_were_fitted_on() -> None:
    for_it, against = (
        replace(NONE, most_for=0.9, mean_for=0.8),
        replace(NONE, most_against=0.9, mean_against=0.8),
    )
    claims = [(for_it, "supported"), (against, "contradicted"), (NONE, "not in the notes")] * 20
    weights = fit_weights(claims, 0.5, 0.5)  # type: ignore[arg-type]
    assert [decided(found, weights) for found in (for_it, against, NONE)] == list(JUDGEMENTS)
