"""The fits behind the grades of typed answers: the reader of answers beside their keys, and the weights of a verdict.

The reader learns in two stages: first from scripted answers (`scripted`) and the bundled claims, then from answers that
people wrote to questions of the notes and of school science. The weights are fitted on what it says
of answers of a writer whose answers it has not seen, and never on what it says of those that it learned from. The cards
of the held-out sets are left out of the answers and of the scripted ones; of the claims, 69 of 6,079 judge a statement
beside a sentence that is also the key of such a card (33 of 120 cards).
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tutor.adapter import CLAIMS, GRADES, Adapter
from tutor.evaluation.grading import DEVELOPMENT_SETS, HELD_OUT_SETS, VERDICTS, GradedAnswer, graded_answers
from tutor.quiz.answer_features import Reader, reader_pair
from tutor.quiz.answer_texts import read_answer, spelt_out
from tutor.quiz.bank import Bank
from tutor.quiz.short_answers import WEIGHTS, measured
from tutor.training.claims import read_claims
from tutor.training.lora import Example, Fit, fit_adapter
from tutor.training.scripted import AT_LEAST_PARTLY, WRONG, Asked, made_answers

OWN = Path(__file__).parent
FIRST = Fit(VERDICTS, tokens=88, epochs=2, rate=7e-4)
SECOND = Fit(VERDICTS, tokens=88, epochs=2, rate=4e-4, seed=1)
_SCRIPTED_AN_EPOCH, _CLAIMS_AN_EPOCH = 1600, 700
# What is mixed in with the answers of people in the second stage, as a share of these.
_SCRIPTED_BESIDE = 0.15
_FOLDS = 3
_NEAR = 8
_TOO_NEAR = 0.8
# The inverse strength of the L2 penalty of the weights.
_PENALTY = 0.05
_VERDICTS_OF_CLAIMS = {"supported": AT_LEAST_PARTLY, "contradicted": WRONG, "absent": WRONG}


def learned_from() -> tuple[list[GradedAnswer], list[GradedAnswer]]:
    """The answers of the development sets, and those that are for learning only; without the cards held out."""
    held = _cards_of(HELD_OUT_SETS)

    def kept(answers: Sequence[GradedAnswer]) -> list[GradedAnswer]:
        return [one for one in answers if one.question not in held and one.key not in held]

    people = [one for name in DEVELOPMENT_SETS for one in graded_answers(name)]
    return kept(people), kept(graded_answers("answers", OWN))


def left_out_of_scripts() -> set[str]:
    """The questions and keys to which no answers are scripted: those of the held-out sets and of `graded-dev`."""
    return _cards_of((*HELD_OUT_SETS, "graded-dev"))


def _cards_of(sets: Sequence[str]) -> set[str]:
    return {text for name in sets for one in graded_answers(name) for text in (one.question, one.key)}


class _Stages:
    """The stages of the reader, each kept in a folder under what it learned from, so that a stopped fit goes on."""

    def __init__(self, bank: Bank, folder: Path, told: Callable[[int, float], None]) -> None:
        self._scripted = scripted_examples(bank, left_out_of_scripts())
        self._embedding = bank.retriever.embedding
        self._folder = folder
        self._told = told
        self.first = self._fitted("first", FIRST, self._scripted, CLAIMS)

    def second(self, answers: Sequence[GradedAnswer]) -> Path:
        """The reader that has learned from these answers, too."""
        learned = [
            _example(o.question, o.key, spelt_out(read_answer(o.answer).text, o.key), frozenset({o.verdict}))
            for o in answers
        ]

        def epoch(number: int) -> list[Example]:
            rng = random.Random(number)
            scripted = self._scripted(10 + number)
            return [*learned, *rng.sample(scripted, round(_SCRIPTED_BESIDE * len(learned)))]

        return self._fitted("second", SECOND, epoch, self.first)

    def _fitted(self, name: str, fit: Fit, examples: Callable[[int], list[Example]], start: Path) -> Path:
        epochs = [examples(number) for number in range(fit.epochs)]
        told = repr(
            (
                fit,
                [[(e.first, e.second, sorted(e.labels)) for e in one] for one in epochs],
                start.read_bytes(),
            )
        )
        path = self._folder / f"{name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}.safetensors"
        if not path.is_file():
            new = path.with_suffix(".new")
            fit_adapter(self._embedding, fit, epochs.__getitem__, new, self._told, start=start)
            new.rename(path)
        return path


def fit_grades(bank: Bank, told: Callable[[int, float], None], folder: Path) -> None:
    """Fits the reader of answers and the weights, and writes both into the package.

    The first stage leaves out the questions of the held-out sets and of `graded-dev`; the second learns from those of
    `graded-dev`. So a measurement on the held-out sets says how grading does on cards that nothing was fitted on.

    Args:
        told: called after each batch with how many are done and its loss.
        folder: where the stages are kept; those that are there already are not fitted anew.
    """
    people, own = learned_from()
    stages = _Stages(bank, folder, told)
    embedding = bank.retriever.embedding
    readers: dict[int, Reader] = {}
    for fold in sorted({fold_of(one) for one in people}):
        path = stages.second([*(one for one in people if fold_of(one) != fold), *own])
        readers[fold] = Adapter(embedding, path).probabilities
    GRADES.write_bytes(stages.second([*people, *own]).read_bytes())
    both = [measured(one.question, one.key, one.answer, None, readers[fold_of(one)]) for one in people]
    vector = cache(lambda text: embedding.embed_texts([text])[0])

    def similarity(one: str, other: str) -> float:
        return float(vector(one) @ vector(other))

    near = [measured(one.question, one.key, one.answer, similarity) for one in (*people, *own)]
    verdicts = [one.verdict for one in (*people, *own)]
    fitted = {
        "words": fit_weights([_without(values, "near") for values in near], verdicts),
        "near": fit_weights(near, verdicts),
        "read": fit_weights([_only(values, "read_") for values in both], verdicts[: len(both)]),
        "both": fit_weights(both, verdicts[: len(both)]),
    }
    WEIGHTS.write_text(json.dumps(fitted), encoding="utf-8")


def _only(values: Mapping[str, float], begin: str) -> dict[str, float]:
    return {name: value for name, value in values.items() if name.startswith(begin)}


def _without(values: Mapping[str, float], begin: str) -> dict[str, float]:
    return {name: value for name, value in values.items() if not name.startswith(begin)}


def fold_of(answer: GradedAnswer) -> int:
    """The fold that an answer is in: all answers of a writer are in the same one."""
    return answer.writer % _FOLDS


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
        left_out: questions and keys that are not to be learned from.
    """
    kept = [
        place
        for place, fact in enumerate(bank.facts)
        if fact.question not in left_out and fact.key not in left_out
    ]
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
        chosen = rng.sample(made, min(len(made), _SCRIPTED_AN_EPOCH))
        read = [_example(one.asked.question, one.asked.key, one.answer, one.verdicts) for one in chosen]
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
