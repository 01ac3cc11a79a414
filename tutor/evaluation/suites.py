"""The suites: an opened session, or anything that can be asked, measured on the bundled question sets."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from tutor.errors import SettingsError
from tutor.evaluation.demos import Demos, bundled_demos, measure_demos
from tutor.evaluation.gate import fit_gate, measure_questions
from tutor.evaluation.grading import Grader, graded_answers, grading
from tutor.evaluation.indexing import IndexingTimes, time_indexing
from tutor.evaluation.liking import liked, thoughts_on_record
from tutor.evaluation.measures import (
    citation_holds,
    hit_at_k,
    holds_gold,
    is_fully_supported,
    mrr,
    percentile,
    refusal_counts,
)
from tutor.evaluation.numbered import (
    Drafts,
    NumberedQuestion,
    compared,
    numbered_questions,
    ordered,
    speakers_of,
)
from tutor.evaluation.questions import OUTSIDE_KINDS, SetQuestion, bundled_questions
from tutor.evaluation.quickstart import build_quickstart
from tutor.evaluation.quiz import Quizzed, quiz
from tutor.evaluation.report import Measure, Report
from tutor.evaluation.routing import routed
from tutor.evaluation.teaching import Taught, follow_ups, refused_arguments, teaching
from tutor.feedback import Feedback
from tutor.gate import Measures
from tutor.questions import Question, Said, understand
from tutor.quiz.bank import Bank
from tutor.quiz.grades import Grade
from tutor.quiz.grading import grade
from tutor.quiz.items import Item
from tutor.ranking import find, meant
from tutor.session import Session
from tutor.turns import Answer
from tutor.understanding import check_statement

Progress = Callable[[str, int, int], None]
T = TypeVar("T")
_DEPTH = 10
_STAGES = ("retrieve_ms", "first_text_ms", "total_ms")
# The suites that take minutes or change nothing for a student run only when they are named.
_ON_REQUEST = (
    "gate", "indexing", "embedded", "teaching", "follow-ups", "grading", "quiz", "demos", "demos-normal", "feedback",
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        ask: a question with its history -> the whole answer.
        search: a question with its history and a number k -> the notes of the k best passages, best first.
        quickstart: makes the stock quickstart's search over the same notes.
        covers: whether the gate lets a question through.
        measures: the gate's measures of questions.
        indexing: times how long an index takes.
        notes: the notes folders that citations are checked against.
        taught: what the teaching suite asks of a session.
        demos: what the suites of the demos run.
        quizzed: what the suite of quizzes asks of a session.
        questions: the name of a set -> its questions.
        grader: an item and an answer -> the grade, and how many milliseconds it took.
        thoughts: what the student thinks of the answers that were given: of each the last that was said.
        speakers: the names of the chat models that are compared -> what each says on numbered sentences.
        numbered: the questions with numbered sentences.
    """

    model: str
    ask: Callable[[SetQuestion], Answer]
    search: Callable[[SetQuestion, int], Sequence[str]]
    quickstart: Callable[[], Callable[[SetQuestion, int], Sequence[str]]]
    covers: Callable[[SetQuestion], bool]
    measures: Callable[[Sequence[SetQuestion]], Sequence[Measures]]
    indexing: Callable[[], IndexingTimes]
    notes: Sequence[Path]
    taught: Taught
    demos: Demos
    quizzed: Quizzed | None = None
    questions: Callable[[str], Sequence[SetQuestion]] = bundled_questions
    grader: Grader = lambda item, answer: (grade(item, answer), 0.0)
    thoughts: Callable[[], Sequence[Feedback]] = tuple
    speakers: Callable[[], Mapping[str, Drafts]] = dict
    numbered: Callable[[], Sequence[NumberedQuestion]] = numbered_questions


def evaluate(session: Session, suites: Sequence[str] = (), on_progress: Progress | None = None) -> Report:
    """Measures an opened session.

    Args:
        suites: names out of SUITES; when empty all but those that take minutes or change nothing for a student.
        on_progress: called with (stage, done, total).

    Raises:
        SettingsError: an unknown suite.
    """
    retriever = session.retriever

    def standalone(asked: SetQuestion) -> Question:
        history = [Said(turn["role"], turn["content"]) for turn in asked.history]
        return understand(asked.question, history, asked.style, names=retriever.named)

    def search(asked: SetQuestion, k: int) -> list[str]:
        question = meant(retriever, standalone(asked))
        return [hit.passage.note for hit in retriever.search(question.text, k, context=question.context)]

    def covers(asked: SetQuestion) -> bool:
        return find(retriever, standalone(asked)).answered

    def quickstart() -> Callable[[SetQuestion, int], Sequence[str]]:
        place = Path(scratch.name, "quickstart")
        built = build_quickstart(session.library.folders, place, session.embedding)
        return lambda asked, k: built.search(asked.question, k)

    scratch = tempfile.TemporaryDirectory()
    subject = Subject(
        model=session.model_name,
        ask=lambda asked: session.collect(
            session.ask(asked.question, history=asked.history, style=asked.style)
        ),
        search=search,
        quickstart=quickstart,
        covers=covers,
        indexing=lambda: time_indexing(session.library.folders, session.embedding),
        measures=lambda questions: measure_questions(retriever, questions),
        notes=session.library.folders,
        taught=_taught(session),
        demos=bundled_demos(session.settings.root, session.settings.cache_dir),
        quizzed=Quizzed(lambda: Bank(retriever), session.similarity, session.grade, session.library.folders),
        grader=lambda item, answer: _timed_grade(session, item, answer),
        thoughts=lambda: thoughts_on_record(session.settings.record_path),
        speakers=lambda: speakers_of(retriever, session.settings),
        numbered=lambda: [ordered(retriever, one) for one in numbered_questions()],
    )
    session.warm_up()
    with scratch:
        return run_suites(subject, suites, on_progress)


def _timed_grade(session: Session, item: Item, answer: str) -> tuple[Grade, float]:
    begin = time.perf_counter()
    found = session.grade(item, answer)
    return found, 1000 * (time.perf_counter() - begin)


def _taught(session: Session) -> Taught:
    def ask(message: str, history: Sequence[Mapping[str, str]]) -> Answer:
        return session.collect(session.ask(message, history=history))

    return Taught(
        route=lambda message: routed(message, session.router),
        ask=ask,
        judge=lambda statement: check_statement(session.retriever, statement, reader=session.claims).overall,
        bounds=lambda: refused_arguments(session.tools),
        notes=session.library.folders,
    )


def run_suites(subject: Subject, suites: Sequence[str] = (), on_progress: Progress | None = None) -> Report:
    """As `evaluate`, for anything that can be asked.

    Raises:
        SettingsError: an unknown suite.
    """
    unknown = [name for name in suites if name not in SUITES]
    if unknown:
        raise SettingsError(f"Unknown suite {unknown[0]!r}", f"The suites are {', '.join(SUITES)}.")
    run = _Run(subject, on_progress or (lambda stage, done, total: None))
    names = list(dict.fromkeys(suites)) or [name for name in SUITES if name not in _ON_REQUEST]
    return Report(subject.model, {name: SUITES[name](run) for name in names})


class _Run:
    """One evaluation: the subject, and the answers that several suites share."""

    def __init__(self, subject: Subject, report: Progress) -> None:
        self.subject = subject
        self._report = report

    def each(self, stage: str, questions: Sequence[T]) -> Iterator[T]:
        """The questions one by one, with progress."""
        for done, asked in enumerate(questions):
            self._report(stage, done, len(questions))
            yield asked
        self._report(stage, len(questions), len(questions))

    def ranked(
        self,
        stage: str,
        questions: Sequence[SetQuestion],
        search: Callable[[SetQuestion, int], Sequence[str]],
    ) -> list[tuple[SetQuestion, Sequence[str]]]:
        """Each question with the notes of the passages found for it, best first."""
        return [(asked, search(asked, _DEPTH)) for asked in self.each(stage, questions)]

    @cached_property
    def answers(self) -> list[tuple[SetQuestion, Answer]]:
        """The answers to the test questions."""
        questions = self.subject.questions("answers")
        return [(asked, self.subject.ask(asked)) for asked in self.each("Answering", questions)]


def _retrieval(run: _Run) -> list[Measure]:
    """Search on the held-out questions, the quickstart's on the same ones, and what the notes lack refused."""
    questions = run.subject.questions("search-held-out")
    inside = [asked for asked in questions if asked.is_answerable]
    ours = run.ranked("Searching", inside, run.subject.search)
    theirs = run.ranked("Searching, quickstart", inside, run.subject.quickstart())
    found = [
        *_hits("held-out", ours),
        *_hits("quickstart", theirs),
        Measure("held-out: mean reciprocal rank", mrr((n, a.notes) for a, n in ours), len(ours)),
        Measure("quickstart: mean reciprocal rank", mrr((n, a.notes) for a, n in theirs), len(theirs)),
    ]
    for kind in dict.fromkeys(asked.kind for asked in inside):
        part = [(asked, notes) for asked, notes in ours if asked.kind == kind]
        found += _hits(f"held-out, {kind}", part)
    alone = [replace(a, question=a.standalone, history=()) for a in inside if a.history and a.standalone]
    found += _hits(
        "held-out, the follow-ups asked alone", run.ranked("Asked alone", alone, run.subject.search)
    )
    return found + _refused(run, "held-out", questions)


def _hits(name: str, ranked: Sequence[tuple[SetQuestion, Sequence[str]]]) -> list[Measure]:
    return [
        Measure.share(
            f"{name}: a right note among the first {k}",
            [(asked.id, hit_at_k(notes, asked.notes, k)) for asked, notes in ranked],
        )
        for k in (1, 5)
    ]


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
    # The gate's weights were fitted on the development questions, so the others say better how it will do.
    for label, names in (
        ("dev (fitted on)", ("dev", "search-dev")),
        ("test", ("answers", "outside")),
    ):
        found += _refused(run, label, [asked for name in names for asked in run.subject.questions(name)])
    return found


def _refused(run: _Run, label: str, questions: Sequence[SetQuestion]) -> list[Measure]:
    refused = [(asked, not run.subject.covers(asked)) for asked in run.each(f"Refusing, {label}", questions)]
    outside = [(asked.id, gone) for asked, gone in refused if not asked.is_answerable]
    found = [Measure.share(f"{label}: outside questions refused", outside)]
    for kind in OUTSIDE_KINDS:
        part = [(asked.id, gone) for asked, gone in refused if asked.kind == kind]
        found.append(Measure.share(f"{label}: of these, {kind}", part))
    wrong, inside = refusal_counts((asked.is_answerable, gone) for asked, gone in refused)[1]
    mistaken = tuple(asked.id for asked, gone in refused if asked.is_answerable and gone)
    name = f"{label}: answerable questions refused by mistake"
    return [*found, Measure(name, wrong / inside if inside else 0.0, inside, wrong, "", mistaken)]


def _indexing(run: _Run) -> list[Measure]:
    times = run.subject.indexing()
    ours, theirs = times.passages / times.build_s, times.chunks / times.quickstart_s
    return [
        Measure("whole build", times.build_s, times.passages, unit="s"),
        Measure("passages a second", ours, times.passages, unit="/s"),
        Measure("quickstart: chunks a second", theirs, times.chunks, unit="/s"),
        Measure("passages a second, times the quickstart's chunks", ours / theirs, times.passages),
        Measure("nothing changed, share of a whole build", times.unchanged_s / times.build_s, times.passages),
        Measure("one note changed, share of a whole build", times.one_note_s / times.build_s, times.passages),
    ]


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
    questions = [asked for name in ("dev", "search-dev") for asked in run.subject.questions(name)]
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


def _teaching(run: _Run) -> list[Measure]:
    return teaching(run.subject.taught, run.each)


def _grading(run: _Run) -> list[Measure]:
    return grading(run.subject.grader, run.each, graded_answers)


def _follow_ups(run: _Run) -> list[Measure]:
    return follow_ups(run.subject.taught, run.each)


def _demos(run: _Run) -> list[Measure]:
    return measure_demos(run.subject.demos, "quick", run.each)


def _demos_normal(run: _Run) -> list[Measure]:
    return measure_demos(run.subject.demos, "normal", run.each)


def _quiz(run: _Run) -> list[Measure]:
    quizzes = quiz(run.subject.quizzed, run.each) if run.subject.quizzed is not None else []
    return [*quizzes, *_grading(run)]


SUITES: dict[str, Callable[[_Run], list[Measure]]] = {
    "retrieval": _retrieval,
    "answers": _answers,
    "refusal": _refusal,
    "speed": _speed,
    "teaching": _teaching,
    "grading": _grading,
    "quiz": _quiz,
    "follow-ups": _follow_ups,
    "indexing": _indexing,
    "gate": _gate,
    "demos": _demos,
    "demos-normal": _demos_normal,
    "embedded": lambda run: compared(run.subject.speakers(), run.each, run.subject.numbered()),
    "feedback": lambda run: liked(run.subject.thoughts()),
}
