"""Measures an opened session on the bundled question sets and reports shares with 95 % intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tutor.errors import SettingsError
from tutor.evaluation.gate import fit_gate, measure_questions
from tutor.evaluation.measures import (
    citation_holds,
    hit_at_k,
    holds_gold,
    is_fully_supported,
    mrr,
    percentile,
    refusal_counts,
    wilson_interval,
)
from tutor.evaluation.questions import OUTSIDE_KINDS, SetQuestion, bundled_questions
from tutor.gate import Measures
from tutor.questions import Question, Said, understand
from tutor.selection import retrieve
from tutor.session import Session
from tutor.turns import Answer

Progress = Callable[[str, int, int], None]
_DEPTH = 10
_STAGES = ("retrieve_ms", "first_text_ms", "total_ms")


@dataclass(frozen=True)
class Measure:
    """One number of a report: a share k of n with its interval, or a plain value with its unit."""

    name: str
    value: float
    n: int
    k: int | None = None
    unit: str = ""
    missed: tuple[str, ...] = ()

    @staticmethod
    def share(name: str, outcomes: Sequence[tuple[str, bool]]) -> Measure:
        """A share of outcomes (id, good); the ids that were not good are `missed`."""
        k, n = sum(good for _, good in outcomes), len(outcomes)
        return Measure(name, k / n if n else 0.0, n, k, "", tuple(key for key, good in outcomes if not good))

    def to_json(self) -> dict[str, Any]:
        """{name, value, n} and for a share {k, low, high, missed}, else {unit}."""
        value: dict[str, Any] = {"name": self.name, "value": round(self.value, 4), "n": self.n}
        if self.k is None:
            return value | {"unit": self.unit}
        low, high = wilson_interval(self.k, self.n)
        return value | {
            "k": self.k,
            "low": round(low, 4),
            "high": round(high, 4),
            "missed": list(self.missed),
        }

    def to_text(self) -> str:
        """One line for people."""
        if self.k is None:
            shown = f"{self.value:.0f} {self.unit}" if self.unit else f"{self.value:.3f}"
            return f"  {self.name:<58} {shown:>9}   n = {self.n}"
        low, high = wilson_interval(self.k, self.n)
        return f"  {self.name:<58} {self.value:9.1%}   {self.k} of {self.n}, 95 % interval {low:.1%} to {high:.1%}"


@dataclass(frozen=True)
class Report:
    """The measures of each suite that ran, and the chat model that answered."""

    model: str
    suites: Mapping[str, Sequence[Measure]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """{model, suites: {name: [measure]}}."""
        return {
            "model": self.model,
            "suites": {name: [measure.to_json() for measure in found] for name, found in self.suites.items()},
        }

    def to_text(self) -> str:
        """The report for people: one line a measure, then what was missed."""
        lines = [f"chat model: {self.model}"]
        for name, found in self.suites.items():
            lines += ["", name, *[measure.to_text() for measure in found]]
            lines += [
                f"    {measure.name}: see {', '.join(measure.missed)}" for measure in found if measure.missed
            ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        ask: a question with its history -> the whole answer.
        search: a question with its history and a number k -> the notes of the k best passages, best first.
        covers: whether the gate lets a question through.
        measures: the gate's measures of questions.
        notes: the notes folders that citations are checked against.
        questions: the name of a set -> its questions.
    """

    model: str
    ask: Callable[[SetQuestion], Answer]
    search: Callable[[SetQuestion, int], Sequence[str]]
    covers: Callable[[SetQuestion], bool]
    measures: Callable[[Sequence[SetQuestion]], Sequence[Measures]]
    notes: Sequence[Path]
    questions: Callable[[str], Sequence[SetQuestion]] = bundled_questions


def evaluate(session: Session, suites: Sequence[str] = (), on_progress: Progress | None = None) -> Report:
    """Measures an opened session.

    Args:
        suites: names out of SUITES; all but `gate` (which fits the gate anew) when empty.
        on_progress: called with (stage, done, total).

    Raises:
        SettingsError: an unknown suite.
    """
    retriever = session.retriever

    def standalone(asked: SetQuestion) -> Question:
        history = [Said(turn["role"], turn["content"]) for turn in asked.history]
        return understand(asked.question, history, asked.style)

    def covers(asked: SetQuestion) -> bool:
        question = standalone(asked)
        return retriever.answerable(question.text, retrieve(retriever, question)).verdict

    subject = Subject(
        model=session.model_name,
        ask=lambda asked: session.collect(
            session.ask(asked.question, history=asked.history, style=asked.style)
        ),
        search=lambda asked, k: [hit.passage.note for hit in retriever.search(standalone(asked).text, k)],
        covers=covers,
        measures=lambda questions: measure_questions(retriever, questions),
        notes=session.settings.notes,
    )
    session.warm_up()
    return run_suites(subject, suites, on_progress)


def run_suites(subject: Subject, suites: Sequence[str] = (), on_progress: Progress | None = None) -> Report:
    """As `evaluate`, for anything that can be asked.

    Raises:
        SettingsError: an unknown suite.
    """
    unknown = [name for name in suites if name not in SUITES]
    if unknown:
        raise SettingsError(f"Unknown suite {unknown[0]!r}", f"The suites are {', '.join(SUITES)}.")
    run = _Run(subject, on_progress or (lambda stage, done, total: None))
    names = list(dict.fromkeys(suites)) or [name for name in SUITES if name != "gate"]
    return Report(subject.model, {name: SUITES[name](run) for name in names})


class _Run:
    """One evaluation: the subject, and the answers that several suites share."""

    def __init__(self, subject: Subject, report: Progress) -> None:
        self.subject = subject
        self._report = report

    def each(self, stage: str, questions: Sequence[SetQuestion]) -> Iterator[SetQuestion]:
        """The questions one by one, with progress."""
        for done, asked in enumerate(questions):
            self._report(stage, done, len(questions))
            yield asked
        self._report(stage, len(questions), len(questions))

    @cached_property
    def answers(self) -> list[tuple[SetQuestion, Answer]]:
        """The answers to the test questions."""
        questions = self.subject.questions("answers")
        return [(asked, self.subject.ask(asked)) for asked in self.each("Answering", questions)]


def _retrieval(run: _Run) -> list[Measure]:
    found = []
    for name in ("dev", "answers"):
        questions = [asked for asked in run.subject.questions(name) if asked.is_answerable]
        ranked = [
            (asked, run.subject.search(asked, _DEPTH)) for asked in run.each(f"Searching, {name}", questions)
        ]
        for k in (1, 5):
            outcomes = [(asked.id, hit_at_k(notes, asked.notes, k)) for asked, notes in ranked]
            found.append(Measure.share(f"{name}: a right note among the first {k}", outcomes))
        follow_ups = [(asked.id, hit_at_k(notes, asked.notes, 5)) for asked, notes in ranked if asked.history]
        if follow_ups:
            found.append(Measure.share(f"{name}: follow-ups, among the first 5", follow_ups))
        found.append(
            Measure(f"{name}: mean reciprocal rank", mrr((n, a.notes) for a, n in ranked), len(ranked))
        )
    return found


def _answers(run: _Run) -> list[Measure]:
    given = [(asked, answer) for asked, answer in run.answers if not answer.refused]
    citations = [(f"{a.id}[{c['n']}]", c) for a, answer in given for c in answer.to_contract()["citations"]]
    sentences = [
        (f"{asked.id}, sentence {place}", sentence.support != "unsupported")
        for asked, answer in given
        for place, sentence in enumerate(answer.sentences, 1)
        if sentence.support != "connective"
    ]
    return [
        Measure.share(
            "answered (not refused by mistake)", [(a.id, not answer.refused) for a, answer in run.answers]
        ),
        Measure.share(
            "citations whose quote stands in the note",
            [(key, citation_holds(citation, run.subject.notes)) for key, citation in citations],
        ),
        Measure.share("answers with a citation", [(a.id, bool(answer.citations)) for a, answer in given]),
        Measure.share(
            "answers that cite a right note",
            [(a.id, any(citation.note in a.notes for citation in answer.citations)) for a, answer in given],
        ),
        Measure.share("sentences that the notes support", sentences),
        Measure.share(
            "answers without an unsupported sentence",
            [(a.id, is_fully_supported(answer.sentences)) for a, answer in given],
        ),
        Measure.share(
            "answers that hold the gold words",
            [(a.id, holds_gold(answer.answer, a.gold)) for a, answer in given],
        ),
    ]


def _refusal(run: _Run) -> list[Measure]:
    found = []
    # The gate's weights were fitted on the development questions, so the test says better how it will do. Three
    # questions of its first version gave rise to a rule (`Retriever._names_a_stranger`) and were replaced.
    for label, names in (("dev (fitted on)", ("dev",)), ("test", ("answers", "outside"))):
        questions = [asked for name in names for asked in run.subject.questions(name)]
        refused = [
            (asked, not run.subject.covers(asked)) for asked in run.each(f"Refusing, {label}", questions)
        ]
        outside = [(asked.id, gone) for asked, gone in refused if not asked.is_answerable]
        found.append(Measure.share(f"{label}: outside questions refused", outside))
        for kind in OUTSIDE_KINDS:
            part = [(asked.id, gone) for asked, gone in refused if asked.kind == kind]
            found.append(Measure.share(f"{label}: of these, {kind}", part))
        wrong, inside = refusal_counts((asked.is_answerable, gone) for asked, gone in refused)[1]
        mistaken = tuple(asked.id for asked, gone in refused if asked.is_answerable and gone)
        name = f"{label}: answerable questions refused by mistake"
        found.append(Measure(name, wrong / inside if inside else 0.0, inside, wrong, "", mistaken))
    return found


def _speed(run: _Run) -> list[Measure]:
    found = []
    for stage in _STAGES:
        times = [answer.timings[stage] for _, answer in run.answers if stage in answer.timings]
        for share in (0.5, 0.95):
            found.append(
                Measure(f"{stage}, p{share * 100:.0f}", percentile(times, share), len(times), unit="ms")
            )
    return found


def _gate(run: _Run) -> list[Measure]:
    """Fits the gate anew on the development questions; the weights are those to write into `tutor.gate`."""
    questions = run.subject.questions("dev")
    fit = fit_gate(run.subject.measures(questions), questions)
    held_out = [(asked, p < 0.5) for asked, p in zip(questions, fit.probabilities, strict=True)]
    return [
        *[Measure(f"weight: {name}", value, len(questions)) for name, value in vars(fit.weights).items()],
        Measure("cross-validated: area under the ROC curve", fit.auc, len(questions)),
        Measure.share(
            "cross-validated: outside questions refused",
            [(asked.id, gone) for asked, gone in held_out if not asked.is_answerable],
        ),
        Measure.share(
            "cross-validated: answerable questions answered",
            [(asked.id, not gone) for asked, gone in held_out if asked.is_answerable],
        ),
    ]


SUITES: dict[str, Callable[[_Run], list[Measure]]] = {
    "retrieval": _retrieval,
    "answers": _answers,
    "refusal": _refusal,
    "speed": _speed,
    "gate": _gate,
}
