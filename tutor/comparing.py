"""Compare: what the notes say of both, then a table whose rows put the same aspect of each thing side by side.

Rows of tables that stand ready in the notes come with the others; each cell is the notes' own words with its citation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tutor.aspects import ASPECTS, WHAT, Line, Thing, is_home, likeness, lines_on, passages_on, things_named
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
from tutor.words import STRUCK, content_words, normalised, stem, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_ROWS = 9
_TABLES = 12  # searched
_MOST_RELATIONS = 2
_MOST_ALONE = 3
_ENOUGH = 5  # rows of ready tables from which on no others are sought
_CONSIDERED = 30  # sentences on each thing
_LEAST = 0.9  # weight of a sentence that stands in a cell
_DEFINES = 0.3  # how much more a definition needs
_LIKENESS = 1.5  # weight of a cosine beside that of a sentence
_SAME_CELL = 0.5  # share of words
_APART = ("code", "table", "analogy", "quiz")
_PARTS = re.compile(
    r"\b(?:than|while|whereas|unlike|instead|but|differ\w*|rather|only|compared)\b|而|不同|相比", re.I
)
_JOINS = re.compile(
    r"\b(?:both|same|also|combin\w+|like|kinds? of|special case|part of|together|built on|based on|uses?"
    r"|trained as|extends?"
    r"|replac\w+|member|contains?|equals?|relat\w+)\b|都|结合|属于",
    re.I,
)
_ASKS_JOINS = re.compile(r"\b(?:relat\w+|connection|common|similar\w*|alike)\b|关系|联系|共同|相同", re.I)
_ASKING = frozenset(
    map(
        stem,
        "better best good which between compare relationship relation connection common apart instead rather "
        "work main".split(),
    )
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
    things, aspect = things_named(retriever, sides(found.question.text) or sides(question.text))
    if len(things) < 2:
        return []
    chinese = bool(CJK.search(question.text))
    passages = [passages_on(retriever, thing) for thing in things]
    asked = frozenset(content_words(question.text)).difference(_ASKING, *(thing.stems for thing in things))
    lines = _lines(passages, things, asked, chinese)
    known = [_is_known(thing, own, near) for thing, own, near in zip(things, lines, passages, strict=True)]
    titled = any(
        is_home(passage, thing) for thing, near in zip(things, passages, strict=True) for passage in near
    )
    if not any(known) or (not all(known) and not titled):
        return []
    here = [at for at, is_known in enumerate(known) if is_known]
    parts = list(
        _unknown([thing.name for thing, is_known in zip(things, known, strict=True) if not is_known], chinese)
    )
    if len(here) == 1:
        alone = list(_alone(things[here[0]], lines[here[0]], citations, chinese))
        return [*parts, *alone] if len(alone) > 1 else []
    things, lines = [things[at] for at in here], [lines[at] for at in here]
    near = list({p.id: p for at in here for p in passages[at]}.values())
    within = asked if aspect else frozenset[str]()
    relations = _relations(found, near, things, chinese, within) or (
        _relations(found, near, things, False, within) if chinese else []
    )
    parts += quoted(relations, citations)
    said = [piece.text for piece in relations]
    rows = _rows(retriever, question, near, things, lines, said, asked)
    if aspect:
        rows = _rows_within(rows, asked) or _row_within(aspect, asked, lines) or rows
    names = [_written(thing, own) for thing, own in zip(things, lines, strict=True)]
    if rows and not relations:
        told = "笔记里没有找到同时讲它们的句子；分开来看：" if chinese else "Side by side, the notes say:"
        parts.append(Part(Sentence(told, "connective"), "paragraph"))
    if rows:
        parts += cited_table(
            names, [(row.name, [_sentence(cell, citations) for cell in row.cells]) for row in rows]
        )
    return parts


def _lines(
    passages: Sequence[Sequence[Passage]], things: Sequence[Thing], asked: Collection[str], chinese: bool
) -> list[list[Line]]:
    """The sentences on each thing; English ones where the notes are silent on one of them in Chinese."""
    found = [
        lines_on(near, thing, [other for other in things if other is not thing], asked, chinese)
        for thing, near in zip(things, passages, strict=True)
    ]
    if chinese and any(
        not own or own[0].weight < _LEAST or not CJK.search(own[0].piece.text) for own in found
    ):
        return _lines(passages, things, asked, False)
    return found


def _is_known(thing: Thing, lines: Sequence[Line], passages: Sequence[Passage]) -> bool:
    """Whether the notes say something of a thing: a note or section is named after it, or a sentence is about it."""
    return any(is_home(passage, thing) for passage in passages) or any(line.opens for line in lines)


def _unknown(names: Sequence[str], chinese: bool) -> Iterator[Part]:
    if names:
        told = (
            f"你的笔记没有讲到{'、'.join(names)}。"
            if chinese
            else f"Your notes do not speak of {' or '.join(names)}."
        )
        yield Part(Sentence(told, "connective"))


def _alone(thing: Thing, lines: Sequence[Line], citations: Citations, chinese: bool) -> Iterator[Part]:
    """The best sentences on the only thing that the notes know, each on another aspect."""
    chosen: list[Evidence] = []
    for aspect in ASPECTS:
        best = next((line for line in lines if aspect.name in line.aspects and line.opens), None)
        if (
            best
            and best.piece not in chosen
            and not repeats(best.piece.text, [piece.text for piece in chosen])
        ):
            chosen.append(best.piece)
    name = _written(thing, lines)
    told = f"关于{name}，笔记里说：" if chinese else f"Of {name} they say:"
    yield Part(Sentence(told, "connective"))
    for piece in in_order(chosen[:_MOST_ALONE]):
        yield Part(Sentence(piece.text, "quoted", (citations.cite(piece),)))


def _sentence(cell: Cell | None, citations: Citations) -> Sentence:
    return (
        Sentence(cell.text, "quoted", (citations.cite(cell.proof),)) if cell else Sentence("–", "connective")
    )


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
    found: Findings,
    passages: Sequence[Passage],
    things: Sequence[Thing],
    chinese: bool,
    within: Collection[str] = (),
) -> list[Evidence]:
    """The one or two sentences that say most of how the things go together: what joins them and what parts them.

    Args:
        within: the stems of the aspect that is asked about, where there is one.
    """
    cosines = {(entry.piece.passage.id, entry.piece.begin): entry.cosine for entry in found.ranked}
    pool = [entry.piece for entry in found.ranked]
    pool += [piece for passage in passages for piece in evidence_in(passage)]
    joined = _ASKS_JOINS.search(found.question.text)
    scored: list[tuple[float, Evidence]] = []
    for piece in pool:
        text = piece.text
        if piece.passage.kind in _APART or re.search(r"\n|\$\$|[?？:：]$", text) or piece.asserted_from >= 0:
            continue
        have = words(text)
        named = sum(thing.named_in(have) for thing in things)
        length = len(text.split())
        if named < 2 or not (length >= 8 or chinese) or length > 40 or bool(CJK.search(text)) != chinese:
            continue
        score = named + cosines.get((piece.passage.id, piece.begin), 0.3)
        score += 0.4 * bool(_PARTS.search(text) or _JOINS.search(text))
        score += 0.3 * any(thing.opens(have) for thing in things) - 0.01 * max(0, length - 20)
        score -= 0.3 * (piece.passage.kind in ("answer", "card")) + 0.4 * (
            piece.begin == 0 and not piece.passage.heading
        )
        score += 0.4 * bool(joined and _JOINS.search(text)) + 0.4 * bool(set(within).intersection(have))
        scored.append((score, piece))
    scored.sort(key=lambda entry: -entry[0])
    chosen = [piece for _, piece in scored[:1]]
    for score, piece in sorted(scored[1:], key=lambda entry: -entry[0] - _completes(entry[1], chosen)):
        fits = len(chosen) < _MOST_RELATIONS and score >= scored[0][0] * 0.6
        if fits and not repeats(piece.text, [other.text for other in chosen]):
            chosen.append(piece)
    return chosen


def _completes(piece: Evidence, chosen: Sequence[Evidence]) -> float:
    """Whether a sentence says what parts the things where the chosen one says what joins them, or the reverse."""
    said = [bool(pattern.search(one.text)) for one in chosen for pattern in (_PARTS, _JOINS)]
    return 0.3 * sum(
        bool(pattern.search(piece.text)) and not had
        for pattern, had in zip((_PARTS, _JOINS), said, strict=True)
    )


# -- the table -----------------------------------------------------------------------------------------------------


def _rows(
    retriever: Retriever,
    question: Question,
    passages: Sequence[Passage],
    things: Sequence[Thing],
    lines: Sequence[Sequence[Line]],
    said: Sequence[str],
    asked: Collection[str],
) -> list[Row]:
    """What each thing is, the rows of ready tables, then further aspects; what is asked about comes first."""
    chinese = bool(CJK.search(question.text))
    ready = _ready_rows(retriever, question, passages, things)
    vectors = likeness(retriever, lines, things) if len(ready) < _ENOUGH else {}
    used = list(said)
    rows: list[Row] = []
    for aspect in ASPECTS if vectors else (WHAT,):
        row = _row_on(aspect.label(chinese), aspect.name, lines, vectors, used)
        if row is None and aspect is WHAT:  # a definition may stand above and in its cell
            row = _row_on(aspect.label(chinese), aspect.name, lines, vectors, ())
        rivals = [] if aspect is WHAT else [other for other in ready if aspect.is_named(other.name)]
        if row and all(_filled(row.cells) > _filled(other.cells) for other in rivals):
            ready = [other for other in ready if other not in rivals]
            rows.append(row)
            used += [cell.text for cell in row.cells if cell]
    first = [row for row in rows if row.name == WHAT.label(chinese)]
    rest = [*ready, *(row for row in rows if row not in first)]
    rest.sort(key=lambda row: not asked or not _speaks_of(row, asked))
    return [*first, *rest][:_MOST_ROWS]


def _rows_within(rows: Sequence[Row], asked: Collection[str]) -> list[Row]:
    """The rows that speak of what is asked about, what a thing is left out; "pretraining" speaks of training."""
    named = [
        " ".join(words(" ".join([row.name, *(cell.text for cell in row.cells if cell)]))) for row in rows
    ]
    return [
        row
        for row, said in zip(rows, named, strict=True)
        if not WHAT.is_labelled(row.name) and any(stem in said for stem in asked)
    ]


def _row_within(aspect: str, asked: Collection[str], lines: Sequence[Sequence[Line]]) -> list[Row]:
    """The best sentence on each thing that speaks of an aspect, where at least two do."""
    best = [next((line for line in own if line.about.intersection(asked)), None) for own in lines]
    row = Row(
        aspect.capitalize(), tuple(Cell(line.piece.text, line.piece) if line else None for line in best)
    )
    return [row] if _filled(row.cells) >= 2 else []


def _speaks_of(row: Row, asked: Collection[str]) -> bool:
    return bool(
        set(asked).intersection(words(" ".join([row.name, *(cell.text for cell in row.cells if cell)])))
    )


def _row_on(
    label: str,
    aspect: str,
    lines: Sequence[Sequence[Line]],
    vectors: dict[int, NDArray[np.float32]],
    used: Sequence[str],
) -> Row | None:
    """The sentences on one aspect that are most about their things and most alike."""
    fitting = [
        [
            line
            for line in own[:_CONSIDERED]
            if aspect in line.aspects
            and line.weight >= _LEAST + _DEFINES * (aspect == WHAT.name)
            and not repeats(line.piece.text, used)
        ]
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
            if len(row) - row.count(None) >= 2 and (best is None or total > best[0]):
                best = total, tuple(row)
    if best is None:
        return None
    return Row(label, tuple(Cell(line.piece.text, line.piece) if line else None for line in best[1]))


def _alike(one: Line, other: Line, vectors: dict[int, NDArray[np.float32]]) -> float:
    if id(one) in vectors and id(other) in vectors:
        return _LIKENESS * float(vectors[id(one)] @ vectors[id(other)])
    return 0.5 * len(one.about & other.about) / (1 + min(len(one.about), len(other.about)))


# -- tables that stand ready in the notes --------------------------------------------------------------------------


def _ready_rows(
    retriever: Retriever, question: Question, passages: Sequence[Passage], things: Sequence[Thing]
) -> list[Row]:
    """The rows of the notes' own tables that put at least two of the things side by side, those made for it first."""
    chinese = bool(CJK.search(question.text))
    queries = (question.text, " ".join(thing.name for thing in things))
    near = [hit.passage for query in queries for hit in retriever.search(query, k=_TABLES, kinds={"table"})]
    tables = {
        passage.id: passage for passage in (*passages, *near) if passage.kind == "table" and passage.part == 0
    }
    found = [
        (-_filled(rows[0].cells), foreign, rows)
        for passage in tables.values()
        if bool(CJK.search(passage.text.words)) == chinese
        for foreign, rows in [_rows_of(passage, things)]
        if rows
    ]
    chosen: list[Row] = []
    for _, _, rows in sorted(found, key=lambda entry: entry[:2]):
        fresh = [row for row in rows if not any(_same_row(row, other) for other in chosen)]
        chosen += fresh[: max(0, _ENOUGH + 1 - len(chosen))]
    return chosen


def _same_row(one: Row, other: Row) -> bool:
    """Whether two rows say the same of most of their things, or have one name."""
    if normalised(one.name) == normalised(other.name):
        return True
    pairs = [(a.text, b.text) for a, b in zip(one.cells, other.cells, strict=True) if a and b]
    return bool(pairs) and all(_share(a, b) >= _SAME_CELL for a, b in pairs)


def _share(one: str, other: str) -> float:
    a, b = set(content_words(one)), set(content_words(other))
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0


def _rows_of(passage: Passage, things: Sequence[Thing]) -> tuple[int, list[Row]]:
    """A table's rows with one cell for each thing, and how many other things it compares.

    A table that has the things in its rows is turned; it counts as further off, since its columns may lean on each
    other.
    """
    spans, begin = [], 0
    for line in passage.text.words.split("\n"):
        spans.append(Evidence(passage, begin, begin + len(line)))
        begin += len(line) + 1
    cells = [[cell.strip() for cell in span.text.split(" | ")] for span in spans]
    # A bar within a formula, p(x | z), would tear a row: such rows are left out.
    body = [
        (row, span)
        for row, span in zip(cells[1:], spans[1:], strict=True)
        if not STRUCK.search(span.text) and len(row) == len(cells[0])
    ]
    columns = _places(things, cells[0][1:])
    if sum(column is not None for column in columns) >= 2:
        named = [(row[0].rstrip("?？"), [_cell(row, c, span) for c in columns]) for row, span in body]
        return len(cells[0]) - 1 - len(things), [
            Row(name, tuple(made)) for name, made in named if _filled(made) >= 2
        ]
    places = _places(things, [row[0] for row, _ in body])
    if sum(place is not None for place in places) < 2:
        return 0, []
    turned = [
        (name, [None if p is None else _cell(body[p][0], column, body[p][1]) for p in places])
        for column, name in enumerate(cells[0][1:])
    ]
    return 10 + len(body) - len(things), [
        Row(name, tuple(made)) for name, made in turned if _filled(made) >= 2
    ]


def _cell(row: Sequence[str], column: int | None, proof: Evidence) -> Cell | None:
    """The cell behind a row's name, where it is there."""
    if column is None or column + 1 >= len(row) or not row[column + 1]:
        return None
    return Cell(row[column + 1], proof)


def _filled(cells: Sequence[Cell | None]) -> int:
    return sum(cell is not None for cell in cells)


def _places(things: Sequence[Thing], names: Sequence[str]) -> list[int | None]:
    """Which of a table's names is each thing's: its very name, else one that begins with it and says more."""
    exact = [next((at for at, name in enumerate(names) if thing.is_titled(name)), None) for thing in things]
    return [
        next(
            (at for at, name in enumerate(names) if at not in exact and thing.opens(words(name))),
            None,
        )
        if place is None
        else place
        for thing, place in zip(things, exact, strict=True)
    ]
