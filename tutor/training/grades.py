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
from collections.abc import Callable, Sequence
from pathlib import Path

from tutor.adapter import CLAIMS, GRADES, Adapter
from tutor.evaluation.grading import VERDICTS, GradedAnswer, graded_answers
from tutor.quiz.answer_features import Similarity
from tutor.quiz.bank import Bank
from tutor.quiz.short_answers import WEIGHTS, measured, reader_pair
from tutor.training.claims import read_claims
from tutor.training.lora import Example, Fit, fit_adapter
from tutor.training.scripted import AT_LEAST_PARTLY, WRONG, Asked, made_answers

OWN = Path(__file__).parent
FIRST = Fit(VERDICTS, tokens=88, epochs=2, rate=7e-4)
SECOND = Fit(VERDICTS, tokens=88, epochs=4, rate=4e-4, seed=1)
_CLAIMS_AN_EPOCH = 2000
_NEAR = 8
_TOO_NEAR = 0.8
# The inverse strength of the L2 penalty of the weights.
_PENALTY = 0.05
_VERDICTS_OF_CLAIMS = {"supported": AT_LEAST_PARTLY, "contradicted": WRONG, "absent": WRONG}


def fit_grades(bank: Bank, similarity: Similarity, told: Callable[[int, float], None]) -> None:
    """Fits the reader and the weights and writes both into the package.

    The first stage leaves out the questions of the graded answers, so that a measurement on them says how grading does
    on notes that nothing was fitted on.
    """
    people = graded_answers("graded-dev")
    own = graded_answers("answers", OWN)
    seen = {one.question for one in people}
    asked = [(Asked(fact.question, fact.key), place) for place, fact in enumerate(bank.facts) if fact.question not in seen]
    places = {place: n for n, (_, place) in enumerate(asked)}

    def near(n: int) -> list[int]:
        found = bank.nearest(bank.facts[asked[n][1]])
        rows = [bank.places[fact.id] for fact, cosine in found if cosine < _TOO_NEAR]
        return [places[row] for row in rows if row in places][:_NEAR]

    def scripted(epoch: int) -> list[Example]:
        rng = random.Random(epoch)
        made = made_answers([one for one, _ in asked], near, rng)
        read = [_example(one.asked.question, one.asked.key, one.answer, one.verdicts) for one in made]
        return read + _claim_examples(rng, _CLAIMS_AN_EPOCH)

    embedding = bank.retriever.embedding
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder, "first.safetensors")
        fit_adapter(embedding, FIRST, scripted, first, told, start=CLAIMS)

        def second(answers: Sequence[GradedAnswer], path: Path) -> None:
            learned = [_example(one.question, one.key, one.answer, frozenset({one.verdict})) for one in answers]

            def epoch(number: int) -> list[Example]:
                others = scripted(10 + number)
                random.Random(number).shuffle(others)
                return learned + others[: len(learned) // 3]

            fit_adapter(embedding, SECOND, epoch, path, told, start=first)

        rows, verdicts = [], []
        for writer in sorted({one.writer for one in people}):
            path = Path(folder, f"without-{writer}.safetensors")
            second([one for one in people if one.writer != writer] + own, path)
            reader = Adapter(embedding, path)
            for one in people:
                if one.writer == writer:
                    found = measured(one.question, one.key, one.answer, similarity, reader.probabilities)
                    rows.append(found)
                    verdicts.append(one.verdict)
        second(people + own, GRADES)
    WEIGHTS.write_text(json.dumps(fit_weights(rows, verdicts)), encoding="utf-8")


def _example(question: str, key: str, answer: str, verdicts: frozenset[str]) -> Example:
    return Example(*reader_pair(question, key, answer), verdicts)


def _claim_examples(rng: random.Random, n: int) -> list[Example]:
    """Claims about the notes as answers without a question, beside the sentence that says or denies them."""
    claims = rng.sample(read_claims(), n)
    return [
        _example("", re.sub(r"<[^>]+>", "", one.quote), one.claim, _VERDICTS_OF_CLAIMS[one.verdict])
        for one in claims
    ]
