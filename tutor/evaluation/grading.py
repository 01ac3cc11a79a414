"""`tutor eval grading`: typed answers graded, against the verdicts of people who had question and key before them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutor.errors import SettingsError
from tutor.evaluation.measures import percentile
from tutor.evaluation.questions import SETS_FOLDER
from tutor.evaluation.report import Measure
from tutor.quiz.grades import Grade
from tutor.quiz.items import Item
from tutor.turns import Citation

# The sets by name, with what a reader of the report must know of them.
GRADED_SETS = (
    ("graded-dev", "dev (fitted on)"),
    ("graded-everyday", "everyday science (not fitted on)"),
    ("graded-school", "school science (not fitted on)"),
    ("graded-held-out", "held-out"),
    ("graded-fresh", "held-out, another writer"),
)
# No card of these is learned from: the two ask the same questions.
HELD_OUT_SETS = ("graded-held-out", "graded-fresh")
# The sets that are learned from; their writers differ.
DEVELOPMENT_SETS = ("graded-dev", "graded-more-cards", "graded-more-science", "graded-trial")
VERDICTS = ("correct", "partial", "wrong")
TRAP = "negated"


@dataclass(frozen=True)
class GradedAnswer:
    """An answer with the verdict of a teacher.

    Attributes:
        verdict: "correct", "partial" or "wrong".
        kind: how it was written: "right", "paraphrase", "partial", "negated" ...
        writer: who wrote it, from 1; 0 where that is not said.
    """

    id: str
    question: str
    key: str
    answer: str
    verdict: str
    kind: str
    note: str = ""
    writer: int = 0

    @property
    def item(self) -> Item:
        """The question as it is asked."""
        cited = Citation(1, self.note, (1, 1), self.key, "", ())
        return Item(self.id, "short", self.question, (), self.key, "", cited, self.key, (), self.note)


Grader = Callable[[Item, str], tuple[Grade, float]]
Each = Callable[[str, Sequence[Any]], Iterator[Any]]


def graded_answers(name: str, folder: Path = SETS_FOLDER) -> list[GradedAnswer]:
    """A bundled set of graded answers; empty where it is not there.

    Raises:
        SettingsError: a line that is no graded answer.
    """
    path = folder / f"{name}.jsonl"
    if not path.is_file():
        return []
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            value = json.loads(line)
            if value["verdict"] not in VERDICTS:
                raise ValueError(f"unknown verdict {value['verdict']!r}")
            found.append(GradedAnswer(id=f"{name}-{number}", **value))
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"Line {number} of {path} is no graded answer ({error!r})",
                "Write it as JSON with question, key, answer, verdict and kind.",
            ) from error
    return found


def macro_f1(pairs: Sequence[tuple[str, str]], labels: Sequence[str]) -> float:
    """The mean F1 of the labels over pairs (right label, given label); another label given counts as an error."""
    found = []
    for label in labels:
        both = sum(right == given == label for right, given in pairs)
        either = sum(right == label for right, _ in pairs) + sum(given == label for _, given in pairs)
        found.append(2 * both / either if either else 0.0)
    return sum(found) / len(found)


def grading(grader: Grader, each: Each, answers: Callable[[str], Sequence[GradedAnswer]]) -> list[Measure]:
    """All measures of the suite.

    Args:
        grader: an item and an answer -> the grade and how long it took, in milliseconds.
        each: gives the items of a stage one by one, with progress.
        answers: the name of a set -> its answers; a set that is not there is left out, and the report says so.
    """
    found: list[Measure] = []
    times: list[float] = []
    for name, told in GRADED_SETS:
        wanted = answers(name)
        if not wanted:
            found.append(Measure(f"{told}: the set {name} is not there", 0.0, 0))
            continue
        given = []
        for one in each(f"Grading, {told}", wanted):
            grade, took = grader(one.item, one.answer)
            given.append((one, grade.verdict))
            times.append(took)
        found += _measures(told, given)
    for share in (0.5, 0.95):
        found.append(
            Measure(f"one grade, p{share * 100:.0f}", percentile(times, share), len(times), unit="ms")
        )
    return found


def _measures(told: str, given: Sequence[tuple[GradedAnswer, str]]) -> list[Measure]:
    """The measures of one set; `unsure` is an error but where it says otherwise."""
    three = [(one.verdict, verdict) for one, verdict in given]
    two = [tuple("correct" if label == "correct" else "not" for label in pair) for pair in three]
    sure = [(one, verdict) for one, verdict in given if verdict != "unsure"]
    right = [(one, verdict) for one, verdict in given if one.verdict == "correct"]
    traps = [(one, verdict) for one, verdict in given if one.kind == TRAP]
    return [
        Measure(f"{told}: macro-F1, correct, partial and wrong", macro_f1(three, VERDICTS), len(given)),
        Measure(
            f"{told}: macro-F1, correct or not",
            macro_f1([(a, b) for a, b in two], ("correct", "not")),
            len(given),
        ),
        Measure.share(f"{told}: a verdict given (not unsure)", [(one.id, v != "unsure") for one, v in given]),
        Measure.share(f"{told}: right where one is given", [(one.id, one.verdict == v) for one, v in sure]),
        Measure.share(
            f"{told}: correct or not, right where one is given",
            [(one.id, (one.verdict == "correct") == (v == "correct")) for one, v in sure],
        ),
        Measure.share(
            f"{told}: right answers not called wrong", [(one.id, v != "wrong") for one, v in right]
        ),
        Measure.share(f"{told}: opposites called wrong", [(one.id, v == "wrong") for one, v in traps]),
        Measure.share(
            f"{told}: opposites not called correct", [(one.id, v != "correct") for one, v in traps]
        ),
        *[
            Measure.share(
                f"{told}: right verdict, {kind}", [(o.id, o.verdict == v) for o, v in given if o.kind == kind]
            )
            for kind in dict.fromkeys(one.kind for one, _ in given)
        ],
    ]
