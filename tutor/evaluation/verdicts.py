"""The fit of the weights with which the witnesses of a claim decide, on development statements of known verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from typing import Any

from tutor.adapter import Adapter
from tutor.retrieval import Retriever
from tutor.understanding import readings_by_claim
from tutor.verdicts import JUDGEMENTS, Judgement, Measures, Weights, measures

_SAME: Mapping[str, Judgement] = {"true": "supported", "false": "contradicted", "absent": "not in the notes"}
# The inverse strength of the L2 penalty.
_PENALTY = 0.3


def measured(
    retriever: Retriever, reader: Adapter, statements: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Measures, Judgement]]:
    """The measures of each claim of the statements that are wholly true, false or absent, with its judgement."""
    for one in statements:
        if one["verdict"] in _SAME:
            for by_words, readings in readings_by_claim(retriever, one["statement"], reader):
                if readings:
                    yield measures(readings, by_words), _SAME[one["verdict"]]


def fit_weights(claims: Sequence[tuple[Measures, Judgement]], confirm: float, deny: float) -> Weights:
    """A logistic regression in which each judgement counts alike, however often it occurs."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = np.array([astuple(found) for found, _ in claims])
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=_PENALTY, max_iter=2000, class_weight="balanced")
    ).fit(rows, [JUDGEMENTS.index(judgement) for _, judgement in claims])
    scaler, regression = model[0], model[1]
    slopes = regression.coef_ / scaler.scale_
    bias = regression.intercept_ - slopes @ scaler.mean_
    return Weights(
        tuple(round(float(value), 3) for value in bias),
        tuple(tuple(round(float(value), 3) for value in row) for row in slopes),
        confirm,
        deny,
    )
