"""Compare: what the notes say of both, then a table whose rows put the same aspect of each thing side by side.

Rows of tables that stand ready in the notes come with the others; each cell is the notes' own words with its citation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tutor.aspects import ASPECTS, WHAT, Line, Thing, is_home, likeness, lines_on, passages_on
from tutor.chinese import CJK
from tutor.grounding import Citations, Evidence, evidence_in
from tutor.parts import Part, cited_table, quoted
from tutor.passages import Passage
from tutor.questions import Question
from tutor.ranking import Findings
from tutor.retrieval import Retriever
from tutor.selection import in_order, repeats
from tutor.sides import sides
from tutor.turns import Sentence
from tutor.words import STRUCK, content_words, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_ROWS = 8
_MOST_RELATIONS = 2
_ALIKE = 0.5  # cosine from which on two sentences without a common aspect speak of the same
_CONTRAST = re.compile(
    r"\b(?:than|while|whereas|unlike|instead|both|but|differ\w*|combin\w+|rather|like|kind of|special case|same|also|instead of"
    r"|replac\w+|compar\w+|on top of|part of)\b|而|不同|相比|都",
    re.I,
)


@dataclass(frozen=True)
class Cell:
    """The words of a cell, and what proves them; a ready table's cell is proved by its whole row."""

    text: str
    proof: Evidence


@dataclass(frozen=True)
class Row:
    """One aspect of each thing; None where the notes say nothing."""

    name: str
    cells: tuple[Cell | None, ...]


def compare(retriever: Retriever, question: Question, found: Findings, citations: Citations) -> list[Part]:
    """What things have to do with each other and where they differ, as far as the notes say.

    Args:
        question: as understood; its text names two to four things.
        found: what the notes hold on it.

    Returns:
        The parts of the answer; none when the question compares nothing, or nothing that the notes know.
    """
    things = [Thing(name, retriever) for name in sides(found.question.text) or sides(question.text)]
    if len(things) < 2:
        return []
    chinese = bool(CJK.search(question.text))
    passages = [passages_on(retriever, thing) for thing in things]
    lines = [_lines(passages, things, at, chinese) for at in range(len(things))]
    known = [_is_known(thing, own, near) for thing, own, near in zip(things, lines, passages, strict=True)]
    titled = any(is_home(passage, thing) for thing, near in zip(things, passages, strict=True) for passage in near)
    if not any(known) or (not all(known) and not titled):
        return []
    here = [at for at, is_known in enumerate(known) if is_known]
    parts = list(_unknown([thing.name for thing, is_known in zip(things, known, strict=True) if not is_known], chinese))
    if len(here) == 1:
        return [*parts, *_alone(lines[here[0]], citations)]
    things, lines = [things[at] for at in here], [lines[at] for at in here]
    near = list({p.id: p for at in here for p in passages[at]}.values())
    relations = _relations(retriever, found, near, things, chinese)
    parts += quoted(relations, citations)
    said = [piece.text for piece in relations]
    rows = _rows(retriever, near, things, lines, said, chinese)
    names = [_written(thing, own) for thing, own in zip(things, lines, strict=True)]
    if rows:
        parts += cited_table(names, [(row.name, [_sentence(cell, citations) for cell in row.cells]) for row in rows])
    return parts


def _lines(passages: Sequence[Sequence[Passage]], things: Sequence[Thing], at: int, chinese: bool) -> list[Line]:
    others = [*things[:at], *things[at + 1 :]]
    return lines_on(passages[at], things[at], others, chinese) or lines_on(passages[at], things[at], others, not chinese)


def _is_known(thing: Thing, lines: Sequence[Line], passages: Sequence[Passage]) -> bool:
    """Whether the notes say something of a thing: a note or section is named after it, or a sentence is about it."""
    return any(is_home(passage, thing) for passage in passages) or any(line.opens for line in lines)


def _unknown(names: Sequence[str], chinese: bool) -> Iterator[Part]:
    if names:
        listed = " or ".join(names)
        told = f"你的笔记没有讲到{'、'.join(names)}。" if chinese else f"Your notes do not speak of {listed}."
        yield Part(Sentence(told, "connective"))


def _alone(lines: Sequence[Line], citations: Citations) -> Iterator[Part]:
    """The best sentences on the only thing that the notes know, each on another aspect."""
    chosen: list[Evidence] = []
    for aspect in ASPECTS:
        best = next((line for line in lines if aspect.name in line.aspects and line.weight > 0.8), None)
        if best and best.piece not in chosen and not repeats(best.piece.text, [piece.text for piece in chosen]):
            chosen.append(best.piece)
    yield from quoted(in_order((chosen or [line.piece for line in lines])[:4]), citations)


def _sentence(cell: Cell | None, citations: Citations) -> Sentence:
    return Sentence(cell.text, "quoted", (citations.cite(cell.proof),)) if cell else Sentence("–", "connective")


def _written(thing: Thing, lines: Sequence[Line]) -> str:
    """The name as the notes write it, where the student was less careful: "gan" is "GAN"."""
    if thing.name != thing.name.lower():
        return thing.name
    pattern = re.compile(rf"(?<![\w-]){re.escape(thing.name)}(?![\w-])", re.I)
    for line in lines:
        match = pattern.search(line.piece.text)
        if match and match.start() > 0 and match.group() != thing.name:
            return match.group()
    return thing.name


# -- the relation --------------------------------------------------------------------------------------------------


def _relations(
    retriever: Retriever, found: Findings, passages: Sequence[Passage], things: Sequence[Thing], chinese: bool
) -> list[Evidence]:
    """The one or two sentences that say most of how the things go together."""
    cosines = {(e.piece.passage.id, e.piece.begin): e.cosine for e in found.ranked}
    pool = [entry.piece for entry in found.ranked]
    pool += [piece for passage in passages for piece in evidence_in(passage)]
    scored: list[tuple[float, Evidence]] = []
    for piece in pool:
        text = piece.text
        if piece.passage.kind in ("code", "table", "analogy", "quiz") or re.search(r"\n|\$\$|[?？:：]$", text):
            continue
        have = words(text)
        named = sum(thing.named_in(have) for thing in things)
        length = len(text.split())
        if named < 2 or length > 40 or bool(CJK.search(text)) != chinese:
            continue
        score = named + cosines.get((piece.passage.id, piece.begin), 0.3) + 0.4 * bool(_CONTRAST.search(text))
        score += 0.3 * any(thing.opens(text) for thing in things) - 0.01 * max(0, length - 20)
        score -= 0.4 * (piece.asserted_from >= 0) + 0.2 * (piece.passage.kind in ("answer", "card"))
        scored.append((score, piece))
    chosen: list[Evidence] = []
    for score, piece in sorted(scored, key=lambda entry: -entry[0]):
        if len(chosen) >= _MOST_RELATIONS or score < scored[0][0] * 0.6:
            break
        if not repeats(piece.text, [other.text for other in chosen]):
            chosen.append(piece)
    return chosen


# -- the table -----------------------------------------------------------------------------------------------------


def _rows(
    retriever: Retriever,
    passages: Sequence[Passage],
    things: Sequence[Thing],
    lines: Sequence[Sequence[Line]],
    said: Sequence[str],
    chinese: bool,
) -> list[Row]:
    ready = _ready_rows(retriever, passages, things, chinese)
    used = list(said)
    vectors = likeness(retriever, lines, things)
    rows: list[Row] = []
    for aspect in ASPECTS:
        row = _row_on(aspect.label(chinese), aspect.name, lines, vectors, used)
        if row:
            rows.append(row)
            used += [cell.text for cell in row.cells if cell]
    first = [row for row in rows if row.name == WHAT.label(chinese)]
    rest = [row for row in rows if row not in first]
    return [*first, *ready, *rest][: max(_MOST_ROWS, len(first) + len(ready))]


def _row_on(
    label: str,
    aspect: str,
    lines: Sequence[Sequence[Line]],
    vectors: dict[int, NDArray[np.float32]],
    used: Sequence[str],
) -> Row | None:
    """The sentences on one aspect that are most about their things and most alike."""
    fitting = [
        [line for line in own if aspect in line.aspects and id(line) in vectors and not repeats(line.piece.text, used)]
        for own in lines
    ]
    best: tuple[float, tuple[Line | None, ...]] | None = None
    for at, own in enumerate(fitting):
        for anchor in own:
            row: list[Line | None] = []
            total = anchor.weight
            for other, theirs in enumerate(fitting):
                if other == at:
                    row.append(anchor)
                    continue
                pairs = [(line.weight + _alike(anchor, line, vectors), line) for line in theirs]
                score, line = max(pairs, key=lambda pair: pair[0], default=(0.0, None))
                row.append(line)
                total += score
            if sum(line is not None for line in row) >= 2 and (best is None or total > best[0]):
                best = total, tuple(row)
    if best is None:
        return None
    return Row(label, tuple(Cell(line.piece.text, line.piece) if line else None for line in best[1]))


def _alike(one: Line, other: Line, vectors: dict[int, NDArray[np.float32]]) -> float:
    return 1.5 * float(vectors[id(one)] @ vectors[id(other)])


# -- tables that stand ready in the notes --------------------------------------------------------------------------


def _ready_rows(retriever: Retriever, passages: Sequence[Passage], things: Sequence[Thing], chinese: bool) -> list[Row]:
    """The rows of the notes' own tables that put at least two of the things side by side."""
    near = retriever.search(" ".join(thing.name for thing in things), k=6, kinds={"table"})
    tables = {p.id: p for p in (*passages, *(hit.passage for hit in near)) if p.kind == "table" and p.part == 0}
    rows: list[Row] = []
    for passage in tables.values():
        if bool(CJK.search(passage.text.words)) != chinese:
            continue
        for row in _rows_of(passage, things):
            if not any(_same_row(row, other) for other in rows):
                rows.append(row)
    return rows


def _same_row(one: Row, other: Row) -> bool:
    return bool(set(content_words(one.name)) & set(content_words(other.name)))


def _rows_of(passage: Passage, things: Sequence[Thing]) -> Iterator[Row]:
    """A table's rows with one cell for each thing; a table that has the things in its rows is turned."""
    text = passage.text.words
    spans, begin = [], 0
    for line in text.split("\n"):
        spans.append(Evidence(passage, begin, begin + len(line)))
        begin += len(line) + 1
    cells = [[cell.strip() for cell in span.text.split(" | ")] for span in spans]
    columns = [_place(thing, cells[0][1:], things) for thing in things]
    if sum(column is not None for column in columns) >= 2:
        for row, span in zip(cells[1:], spans[1:], strict=True):
            if not STRUCK.search(span.text):
                found = tuple(
                    Cell(row[c + 1], span) if c is not None and c + 1 < len(row) and row[c + 1] else None for c in columns
                )
                yield Row(row[0].rstrip("?？"), found)
        return
    places = [_place(thing, [row[0] for row in cells[1:]], things) for thing in things]
    if sum(place is not None for place in places) >= 2:
        for column, name in enumerate(cells[0][1:], 1):
            turned = tuple(
                Cell(cells[p + 1][column], spans[p + 1])
                if p is not None and column < len(cells[p + 1]) and not STRUCK.search(spans[p + 1].text)
                else None
                for p in places
            )
            yield Row(name, turned)


def _place(thing: Thing, names: Sequence[str], things: Sequence[Thing]) -> int | None:
    """Which of the names is the thing's: its very name first, then one that says more."""
    exact = [at for at, name in enumerate(names) if thing.is_titled(name)]
    loose = [
        at
        for at, name in enumerate(names)
        if thing.named_in(words(name)) and not any(other.is_titled(name) for other in things) and thing.opens(name)
    ]
    return next(iter([*exact, *loose]), None)
