"""The parts of an answer: a sentence of the notes or of a draft, its citations, and how it is set as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from tutor.grounding import Citations, Evidence
from tutor.selection import is_item
from tutor.turns import Notice, Sentence

# "head", "row" and "cell" build a table part by part: the names of its columns, a row's own name, and each cell.
Layout = Literal["run", "item", "paragraph", "block", "code", "table", "head", "row", "cell"]

# A reference such as "[1]" in the note's own words must not be taken for a citation: a word joiner, which nobody
# sees, parts the two.
_NOTES_OWN_MARK = re.compile(
    r"(\$\$.+?\$\$|\$[^$\n]+?\$|\\\(.+?\\\)|\\\[.+?\\\])|\[(?=\d{1,3}(?:\s*,\s*\d{1,3})*\])", re.DOTALL
)
_STEPS = re.compile(r"(?!\s*\d+[.)]\s).*\n\s*2[.)]\s")
_COLUMN = " | "
_IN_TABLE: tuple[Layout, ...] = ("head", "row", "cell")
BREAKS = re.compile(r"^\W*where (?:it|the analogy) breaks", re.I)


@dataclass(frozen=True)
class Part:
    """A sentence of an answer and how it is set: in the run of the text, as a list item, or on its own lines.

    `marked` says whether its citation marks follow it; a run of neighbouring sentences is marked at its end.
    """

    sentence: Sentence
    layout: Layout = "run"
    marked: bool = True


def quoted(pieces: Sequence[Evidence], citations: Citations) -> Iterator[Part]:
    """Sentences of the notes; neighbours in a note are cited as one quote, marked at its end."""
    runs: list[list[Evidence]] = []
    for piece in pieces:
        if runs and _adjoins(runs[-1][-1], piece):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    for run in runs:
        whole = Evidence(run[0].passage, run[0].begin, run[-1].end)
        n = citations.cite(whole)
        if run[0].asserted_from > run[0].begin:
            yield Part(Sentence("A common mistake:", "connective"), "paragraph")
        for piece in run:
            alone = sum(other.passage.id == piece.passage.id and is_item(other) for other in pieces) < 2
            yield Part(Sentence(piece.text, "quoted", (n,)), layout_of(piece, alone), marked=piece is run[-1])


def _adjoins(one: Evidence, other: Evidence) -> bool:
    """Whether one sentence follows the other in the running text of a passage."""
    between = one.passage.text.words[one.end : other.begin] if one.passage.id == other.passage.id else "-"
    return other.begin >= one.end and not between.strip() and "\n\n" not in between and not is_item(other)


def in_turn(answers: Iterable[tuple[str, Iterable[Part | Notice]]]) -> Iterator[Part | Notice]:
    """The answers to several questions as one: what was said is not said again, what is not answered is named.

    Args:
        answers: each question with the parts of its answer; the next is looked at when one is told.

    Returns:
        The parts in order; none where no question has an answer.
    """
    said: set[str] = set()
    open_questions: list[str] = []
    for question, parts in answers:
        rest = iter(parts)
        first = next(rest, None)
        if first is None:
            open_questions.append(question)
        elif not isinstance(first, Part) or first.sentence.text not in said:  # else it was answered just now
            if open_questions or (said and isinstance(first, Part) and first.layout == "item"):
                yield from map(_silent, open_questions)
                open_questions = []
                yield Part(Sentence(f"On “{question}”:", "connective"), "paragraph")
            elif said and isinstance(first, Part) and first.layout == "run":
                first = replace(first, layout="paragraph")
            yield from _fresh(chain([first], rest), said)
    if said:
        yield from map(_silent, open_questions)


def _silent(question: str) -> Part:
    return Part(Sentence(f"On “{question}” your notes say nothing.", "connective"), "paragraph")


def _fresh(parts: Iterable[Part | Notice], said: set[str]) -> Iterator[Part | Notice]:
    """The parts whose sentences are not among those said, which they join; a run keeps its citation mark."""
    held: Part | None = None
    for part in parts:
        known = isinstance(part, Part) and part.layout not in _IN_TABLE and part.sentence.text in said
        if known and isinstance(part, Part):
            if held and part.marked and held.sentence.cites == part.sentence.cites:
                held = replace(held, marked=True)
            continue
        if held:
            yield held
        held = part if isinstance(part, Part) else None
        if held is None:
            yield part
        else:
            said.add(held.sentence.text)
    if held:
        yield held


def layout_of(piece: Evidence, alone: bool) -> Layout:
    """How a piece is set; a single item of a list reads as a sentence."""
    if piece.passage.kind in ("code", "table"):
        return "code" if piece.passage.kind == "code" else "table"
    if "\n" in piece.text or "$$" in piece.text:
        return "block"
    if BREAKS.match(piece.text):
        return "paragraph"
    return "item" if is_item(piece) and not alone and piece.asserted_from < 0 else "run"


def rendered(part: Part, before: Part | None) -> str:
    """A part as Markdown with its citation marks, set apart from what stands before it."""
    marks = "".join(f" [{n}]" for n in part.sentence.cites) if part.marked else ""
    text = part.sentence.text
    if part.layout != "code":
        text = _NOTES_OWN_MARK.sub(lambda found: found.group(1) or "[\u2060", text)
    if part.layout == "code":
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
        text, marks = f"{fence}\n{text.strip()}\n{fence}", f"\n{marks.strip()}"
    elif part.layout == "table":
        text, marks = markdown_table(text), f"\n\n{marks.strip()}"
    elif part.layout == "block":
        ordered = _STEPS.match(text)
        text = f"1. {text}" if ordered else text
        marks = f"\n\n{marks.strip()}" if text.rstrip().endswith("$$") or ordered else marks
    elif part.layout == "item":
        text = f"- {text}"
    elif part.layout in ("head", "row", "cell"):
        return _table_piece(part, text + marks, before)
    if before is None:
        return text + marks
    if part.layout == "item" and before.layout == "item":
        return "\n" + text + marks
    apart = part.layout != "run" or before.layout not in ("run", "paragraph")
    return ("\n\n" if apart else " ") + text + marks


def cited_table(columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Sentence]]]) -> Iterator[Part]:
    """A table whose cells are sentences with citations of their own.

    Args:
        columns: the names of the columns behind the first, which holds the rows' names.
        rows: each row's name and its cells, one for each column; a cell without words stays empty.
    """
    yield Part(Sentence(_COLUMN.join(columns), "connective"), "head")
    for name, cells in rows:
        yield Part(Sentence(name, "connective"), "row")
        for cell in cells:
            yield Part(cell, "cell")


def _table_piece(part: Part, text: str, before: Part | None) -> str:
    """The next piece of a table that is set part by part; each row opens with its name and a cell ends with a bar."""
    if part.layout == "head":
        names = ["", *text.split(_COLUMN)]
        apart = "" if before is None else "\n\n"
        return f"{apart}| {' | '.join(map(_in_cell, names))} |\n|{' --- |' * len(names)}"
    if part.layout == "row":
        return f"\n| **{_in_cell(text)}** |"
    return f" {_in_cell(text)} |"


def _in_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def markdown_table(text: str) -> str:
    """A note's table, whose rows are joined by bars, as Markdown."""
    lines = text.strip().split("\n")
    rows = [[cell.strip().replace("|", r"\|") for cell in line.split(_COLUMN)] for line in lines]
    width = max(len(row) for row in rows)
    set_rows = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n".join([set_rows[0], "|" + " --- |" * width, *set_rows[1:]])
