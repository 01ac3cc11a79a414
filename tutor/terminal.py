"""What the commands print: progress on standard error, and a turn's events as text."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from tutor.evidence import Told, counted, sections
from tutor.lesson import LETTERS, SKIP
from tutor.quiz.items import plain
from tutor.quiz.schedule import day_told
from tutor.turns import (
    Answer,
    Citation,
    Delta,
    DemoOutcome,
    DemoProgress,
    Drawing,
    Event,
    EvidenceShown,
    Notice,
    PredictionAsked,
    QuizGrade,
    QuizItem,
    QuizMaking,
    QuizScore,
    QuizWhy,
    RunLesson,
    TableShown,
    ToolCall,
)
from tutor.words import normalised

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MARK = re.compile(r"\s*\[\d+\]")


@contextmanager
def progress_display(enabled: bool = True) -> Iterator[Any]:
    """One progress display on standard error; yields report(stage, done, total).

    On a terminal it is a bar with the time left; elsewhere one line a stage.
    """
    if not enabled:
        yield lambda stage, done, total: None
        return
    if not sys.stderr.isatty():
        yield _plain_report(sys.stderr)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Starting", total=None)
        stage_shown = ""

        def report(stage: str, done: float, total: float) -> None:
            nonlocal stage_shown
            if stage != stage_shown:
                progress.reset(task)
                stage_shown = stage
            progress.update(task, description=stage, completed=done, total=total or None)

        yield report


def _plain_report(out: IO[str]) -> Any:
    shown = ""

    def report(stage: str, done: float, total: float) -> None:
        nonlocal shown
        if stage != shown:
            shown = stage
            print(f"{stage} ...", file=out, flush=True)

    return report


def print_json(value: Any) -> None:
    """One JSON value on one line of standard output."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def show(events: Iterable[Event]) -> Answer | None:
    """Prints a turn as it streams; returns its answer, where it has one."""
    answer = None
    for event in events:
        if isinstance(event, Delta):
            print(_printable(event.text), end="", flush=True)
        elif isinstance(event, Answer):
            answer = event
            print()
            for line in proof_lines(event):
                print(_printable(line))
        else:
            for line in _lines(event):
                print(_printable(line), flush=True)
    return answer


def proof_lines(answer: Answer) -> list[str]:
    """Where the quotes of an answer stand, and which of its sentences no note supports.

    A quote is printed only where its words are not those of the answer: what was just read needs no second reading.
    """
    said = normalised(_MARK.sub("", answer.answer))
    lines = [_citation_line(citation, normalised(citation.quote) in said) for citation in answer.citations]
    lines += [
        f"  ✗ not in your notes: {_short(sentence.text, 84)}"
        for sentence in answer.sentences
        if sentence.support == "unsupported"
    ]
    grade = f" · reading grade {answer.fkgl:.1f}" if answer.style == "eli5" and not answer.refused else ""
    seen = f" · {counted(answer.evidence)}" if answer.evidence is not None else ""
    lines.append(f"  — {answer.model}, {answer.timings.get('total_ms', 0) / 1000:.1f} s{grade}{seen}")
    return ["", *lines]


def _citation_line(citation: Citation, shown: bool = False) -> str:
    """Number, note and lines of a citation, with its quote unless that was shown."""
    first, last = citation.lines
    place = f"{citation.note}:{first}" if first == last else f"{citation.note}:{first}-{last}"
    said = f", said by {citation.speaker} in your notes" if citation.speaker else ""
    quote = "" if shown else f": “{_short(citation.quote, 100)}”"
    return f"  [{citation.n}] {place}{said}{quote}"


def _lines(event: Event) -> list[str]:
    if isinstance(event, Notice):
        return [event.text]
    if isinstance(event, Drawing):
        return event.tree.splitlines()  # its lines say what the caption's signs mean
    if isinstance(event, EvidenceShown):
        return evidence_lines(event)
    if isinstance(event, ToolCall):
        return [f"→ {event.title}"]
    if isinstance(event, QuizMaking):
        return [f"  {event.text}"]
    if isinstance(event, DemoProgress):
        return [f"  step {event.step}/{event.total_steps}, {event.left_s:.0f} s left: {event.caption}"]
    if isinstance(event, DemoOutcome):
        return _outcome_lines(event)
    if isinstance(event, PredictionAsked):
        options = zip(LETTERS, event.options, strict=False)
        return ["", event.question, *(f"  {name}) {text}" for name, text in options), f"  ({SKIP})"]
    if isinstance(event, RunLesson):
        return _lesson_lines(event)
    if isinstance(event, TableShown):
        return ["", *table_lines(event)]
    if isinstance(event, QuizItem | QuizGrade | QuizWhy | QuizScore):
        return _quiz_lines(event)
    return []


def _quiz_lines(event: QuizItem | QuizGrade | QuizWhy | QuizScore) -> list[str]:
    if isinstance(event, QuizItem):
        left = [f"  {n}. {text}" for n, text in enumerate(event.left, 1)]
        options = [f"  {name}) {text}" for name, text in event.options]
        how = [f"  ({event.how})"] if event.left or event.kind == "order" else []
        return ["", f"Question {event.k} of {event.n}: {event.stem}", *left, *options, *how]
    if isinstance(event, QuizGrade):
        due = f"  due again: {day_told(event.next_due)}" if event.next_due else ""
        return [
            event.feedback,
            *_witness(event.citation, event.feedback),
            *(line for line in (event.ask, due) if line),
        ]
    if isinstance(event, QuizWhy):
        answer = f"About “{event.stem}”: the answer is {event.key}"
        said = [answer, *_witness(event.citation, answer)]
        quote = event.citation.quote if event.citation else ""
        told = not event.explanation or plain(event.explanation) in plain(f"{event.key} {quote}")
        said += [] if told else [f"  {event.explanation}"]
        wrong = [one for one in event.options if not one.right]
        return [*said, *(f"  {one.letter}) {one.text}: {one.why}" for one in wrong)]
    again = f" Look again at: {', '.join(event.revisit)}." if event.revisit else ""
    titles = [title for title in dict.fromkeys(event.titles) if title not in event.revisit]
    notes = [f"  in your notes: {', '.join(titles)}"] if titles else []
    score = f"Score: {event.score:g} of {event.n}." if event.n else "No question was answered."
    return ["", f"{score}{again}", *notes, *event.told]


def _witness(citation: Citation | None, said: str) -> list[str]:
    """Where the note says it, with its words unless these were said just before."""
    return [_citation_line(citation, plain(citation.quote) in plain(said))] if citation else []


def evidence_lines(event: EvidenceShown) -> list[str]:
    """The evidence of an answer: what was used, what was looked at besides, what was thrown out, and why."""
    lines = [f"Evidence for “{event.question}”: {event.evidence.verdict}"]
    for heading, told in sections(event.evidence):
        lines += ["", f"{heading}:", *(line for one in told for line in _told_lines(one))]
    return lines


def _told_lines(told: Told) -> list[str]:
    said = f"“{told.text}”" if told.text else ""
    first, *rest = [part for part in (told.place, said, told.reason) if part]
    return [f"  - {first}", *(f"      {part}" for part in rest)]


def _outcome_lines(event: DemoOutcome) -> list[str]:
    if event.stopped:
        return ["The demo was stopped."]
    result = event.result
    lines = [str(result.get("verdict", "")), *(f"  - {text}" for text in result.get("observations", []))]
    return [*lines, *(f"  picture: {path}" for path in result.get("images", []))]


def _lesson_lines(event: RunLesson) -> list[str]:
    lines = ["", event.compared] if event.compared else []
    if event.questions:
        asked = [f"  {place}. {question.text}" for place, question in enumerate(event.questions, 1)]
        lines += ["", "Two questions on this run (“why?” or “why 2?” gives the answer):", *asked]
    return [*lines, *([f"  in your notes: {', '.join(event.notes)}"] if event.notes else [])]


def table_lines(table: TableShown) -> list[str]:
    """A table in columns, its caption above."""
    rows = [row for row in (table.head, *table.rows) if any(row)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    told = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    return [table.caption, *told]


def _printable(text: str) -> str:
    """The text without control characters: a note must not be able to steer the student's terminal."""
    return _CONTROL.sub("", text)


def _short(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
