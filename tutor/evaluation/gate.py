"""Fits the weights of `tutor.gate` on questions whose answer is known to be in the notes or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from tutor.evaluation.questions import SetQuestion
from tutor.gate import Measures, Weights
from tutor.questions import Said, understand
from tutor.ranking import find
from tutor.retrieval import Retriever

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDS = 10
REPEATS = 10
# The inverse strength of the L2 penalty on weights of measures scaled to unit variance: with 140 questions a
# weaker one (3.0) gave the same cross-validated errors and larger weights, a stronger one (0.1) more errors.
PENALTY = 1.0


@dataclass(frozen=True)
class GateFit:
    """Fitted weights, and what cross-validation says about them.

    Attributes:
        probabilities: for each question, the mean probability given by the fits that had not seen it.
        auc: area under the ROC curve of these probabilities.
        operating_points: (threshold, share of outside questions refused, share of answerable ones refused).
    """

    weights: Weights
    probabilities: tuple[float, ...]
    auc: float
    operating_points: tuple[tuple[float, float, float], ...]


def measure_questions(retriever: Retriever, questions: Sequence[SetQuestion]) -> list[Measures]:
    """The gate's measures of each question, retrieved as for an answer."""
    found = []
    for asked in questions:
        history = [Said(turn["role"], turn["content"]) for turn in asked.history]
        question = understand(asked.question, history, asked.style, names=retriever.named)
        found.append(find(retriever, question).gate.measures)
    return found


def fit_gate(measures: Sequence[Measures], questions: Sequence[SetQuestion], seed: int = 0) -> GateFit:
    """Logistic regression with an L2 penalty, cross-validated within the kinds of questions.

    Args:
        measures: of each question, in the same order.
        seed: fixes the folds.
    """
    import numpy as np
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import RepeatedStratifiedKFold

    values = np.array([astuple(one) for one in measures])
    answerable = np.array([asked.is_answerable for asked in questions])
    strata = np.array(["" if asked.is_answerable else asked.kind for asked in questions])
    probabilities = np.zeros(len(questions))
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    for train, test in folds.split(values, strata):
        weights = _fitted(values[train], answerable[train])
        probabilities[test] += [weights.probability(measures[i]) / REPEATS for i in test]
    points = [
        (
            threshold,
            float(np.mean(probabilities[~answerable] < threshold)),
            float(np.mean(probabilities[answerable] < threshold)),
        )
        for threshold in (0.3, 0.4, 0.5, 0.6, 0.7)
    ]
    return GateFit(
        _fitted(values, answerable),
        tuple(float(p) for p in probabilities),
        float(roc_auc_score(answerable, probabilities)),
        tuple(points),
    )


def _fitted(values: NDArray[np.float64], answerable: NDArray[np.bool_]) -> Weights:
    """The weights for measures as they are, from a fit on measures scaled to unit variance."""
    from sklearn.linear_model import LogisticRegression

    centre, scale = values.mean(axis=0), values.std(axis=0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=PENALTY).fit((values - centre) / scale, answerable)
    weights = model.coef_[0] / scale
    bias = float(model.intercept_[0] - weights @ centre)
    names = [name for name in Weights.__dataclass_fields__ if name != "bias"]
    return Weights(**dict(zip(names, map(float, weights), strict=True)), bias=bias)
