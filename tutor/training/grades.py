"""The fits behind the grades of typed answers: the reader of answers beside their keys, and the weights of a verdict.

The reader learns in two stages: first from scripted answers (`scripted`) and the bundled claims, then from answers that
people wrote. The weights are fitted on what it says of answers of a writer whose answers it has not seen, and never on
what it says of those that it learned from.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tutor.adapter import CLAIMS, GRADES, Adapter
from tutor.evaluation.grading import VERDICTS, GradedAnswer, graded_answers
from tutor.quiz.answer_features import Probabilities, Readers, Similarity, reader_pair
from tutor.quiz.bank import Bank
from tutor.quiz.short_answers import WEIGHTS, measured
from tutor.training.claims import read_claims
from tutor.training.lora import Example, Fit, fit_adapter
from tutor.training.scripted import AT_LEAST_PARTLY, WRONG, Asked, made_answers

OWN = Path(__file__).parent
FIRST = Fit(VERDICTS, tokens=88, epochs=2, rate=7e-4)
SECOND = Fit(VERDICTS, tokens=88, epochs=3, rate=4e-4, seed=1)
_CLAIMS_AN_EPOCH = 2000
_NEAR = 8
_TOO_NEAR = 0.8
# The inverse strength of the L2 penalty of the weights.
_PENALTY = 0.05
_VERDICTS_OF_CLAIMS = {"supported": AT_LEAST_PARTLY, "contradicted": WRONG, "absent": WRONG}


def fit_grades(
    bank: Bank, similarity: Similarity, claims: Probabilities, told: Callable[[int, float], None]
) -> None:
    """Fits the reader of answers and the weights, and writes both into the package.

    The first stage leaves out the questions of the graded answers, so that a measurement on them says how grading does
    on notes that nothing was fitted on.

    Args:
        claims: the reader of claims.
        told: called after each batch with how many are done and its loss.
    """
    people, own = graded_answers("graded-dev"), graded_answers("answers", OWN)
    embedding = bank.retriever.embedding
    scripted = scripted_examples(bank, {one.question for one in people})
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder, "first.safetensors")
        fit_adapter(embedding, FIRST, scripted, first, told, start=CLAIMS)

        def second(answers: Sequence[GradedAnswer], path: Path) -> None:
            learned = [
                _example(one.question, one.key, one.answer, frozenset({one.verdict})) for one in answers
            ]

            def epoch(number: int) -> list[Example]:
                others = scripted(10 + number)
                random.Random(number).shuffle(others)
                return learned + others[: len(learned) // 3]

            fit_adapter(embedding, SECOND, epoch, path, told, start=first)

        readers: dict[int, Readers] = {}
        for writer in sorted({one.writer for one in people}):
            path = Path(folder, f"without-{writer}.safetensors")
            second([*(one for one in people if one.writer != writer), *own], path)
            readers[writer] = Readers(claims, Adapter(embedding, path).probabilities)
        second([*people, *own], GRADES)
        read = [measured(one.question, one.key, one.answer, None, readers[one.writer]) for one in people]
    near = [measured(one.question, one.key, one.answer, similarity) for one in (*people, *own)]
    verdicts = [one.verdict for one in (*people, *own)]
    lexical = [{n: v for n, v in values.items() if not n.startswith("near")} for values in near]
    fitted = {
        "words": fit_weights(lexical, verdicts),
        "near": fit_weights(near, verdicts),
        "read": fit_weights(read, verdicts[: len(read)]),
    }
    WEIGHTS.write_text(json.dumps(fitted), encoding="utf-8")


def fit_weights(rows: Sequence[Mapping[str, float]], verdicts: Sequence[str]) -> dict[str, Any]:
    """A logistic regression with an L2 penalty, as `tutor.quiz.short_answers.Weights` reads it."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    names = [name for name in rows[0] if name != "foreign"]
    measures = np.array([[row[name] for name in names] for row in rows])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=_PENALTY, max_iter=3000))
    model.fit(measures, [VERDICTS.index(verdict) for verdict in verdicts])
    scaler, regression = model[0], model[1]
    slopes = regression.coef_ / scaler.scale_
    bias = regression.intercept_ - slopes @ scaler.mean_
    return {
        "names": names,
        "bias": [round(float(value), 3) for value in bias],
        "slopes": [[round(float(value), 3) for value in row] for row in slopes],
    }


def scripted_examples(bank: Bank, left_out: Collection[str]) -> Callable[[int], list[Example]]:
    """The number of an epoch -> its scripted answers and claims.

    Args:
        left_out: questions that are not to be learned from.
    """
    kept = [place for place, fact in enumerate(bank.facts) if fact.question not in left_out]
    asked = [Asked(bank.facts[place].question, bank.facts[place].key) for place in kept]
    own = {place: n for n, place in enumerate(kept)}

    @cache
    def near(n: int) -> list[int]:
        found = bank.nearest(bank.facts[kept[n]])
        rows = [bank.places[fact.id] for fact, cosine in found if cosine < _TOO_NEAR]
        return [own[row] for row in rows if row in own][:_NEAR]

    def epoch(number: int) -> list[Example]:
        rng = random.Random(number)
        made = made_answers(asked, near, rng)
        read = [_example(one.asked.question, one.asked.key, one.answer, one.verdicts) for one in made]
        return read + _claim_examples(rng, _CLAIMS_AN_EPOCH)

    return epoch


def _example(question: str, key: str, answer: str, verdicts: frozenset[str]) -> Example:
    return Example(*reader_pair(question, key, answer), verdicts)


def _claim_examples(rng: random.Random, n: int) -> list[Example]:
    """Claims about the notes as answers without a question, beside the sentence that says or denies them."""
    claims = rng.sample(read_claims(), n)
    return [
        _example("", re.sub(r"<[^>]+>", "", one.quote), one.claim, _VERDICTS_OF_CLAIMS[one.verdict])
        for one in claims
    ]
