"""Decks as tables: CSV, TSV and the plain-text export of Anki, one card a row, every cell with its lines.

A cell that begins with a sign at which a spreadsheet starts to calculate carries an apostrophe before it; it is no
word of the card.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tutor.notes.field_text import LONGEST_FIELD, field_text, is_marked_up
from tutor.notes.markdown import title_from
from tutor.notes.note import Card, Note, QuizQuestion, Text
from tutor.notes.words import plain_heading, struck_in, whole_signs

COLUMNS = ("question", "options", "answer", "background", "concept", "kind", "note", "lines", "tags", "fact")
"""The columns that the tutor's own export writes."""

_DELIMITERS = ("\t", ";", ",", "|")
_NAMED_DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "colon": ":"}
_QUESTION_NAMES = frozenset("question questions front term prompt q word 问题 问 正面 术语".split())
_ANSWER_NAMES = frozenset("answer answers back definition response a meaning 答案 答 背面 定义".split())
_OTHER_NAMES = {
    "options": frozenset(("options", "choices")),
    "background": frozenset(("background", "context")),
    "heading": frozenset(("concept", "heading", "chapter", "section", "deck", "topic")),
    "tags": frozenset(("tags", "tag")),
}
_GUARDED = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_DIRECTIVE = re.compile(r"#([a-z ]{2,20}):(.*)$", re.IGNORECASE)
_OPTION = re.compile(r"\(?[A-Ja-j][).:]\s+")
_SNIFFED_SIGNS, _SNIFFED_ROWS = 64_000, 50


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, and the file line on which it begins."""

    words: str
    line: int


@dataclass(frozen=True)
class Row:
    """A card of a table; what it lacks is None or empty."""

    question: Text | None
    answer: Text | None
    options: tuple[Text, ...] = ()
    background: Text | None = None
    heading: str = ""
    tags: tuple[str, ...] = ()
    too_long: bool = False


@dataclass
class _Layout:
    """Which column holds what, and where the cards begin."""

    delimiter: str
    columns: dict[str, int] = field(default_factory=dict)
    first: int = 0
    named: bool = False
    own: bool = False
    html: bool = False


def guarded(words: str) -> str:
    """The words of a cell so that no spreadsheet calculates them."""
    return f"'{words}" if _GUARDED.match(words) else words


def unguarded(words: str) -> str:
    """The words of a cell as they were before `guarded`."""
    return words[1:] if words.startswith("'") and _GUARDED.match(words) else words


def is_table_deck(text: str, ending: str) -> bool:
    """Whether the first row names a column of questions and one of answers, or Anki's first line says so."""
    return _layout(text[:_SNIFFED_SIGNS], ending).named


def read_table_deck(text: str, path: str) -> Note:
    """Reads a deck that is a table.

    Args:
        text: the file's text, lines ended by a line feed.
        path: what the Note will be called.

    Returns:
        The Note with a card for each row that holds question and answer; with options it is a quiz question.
    """
    cards: list[Card] = []
    quiz: list[QuizQuestion] = []
    tags: dict[str, None] = {}
    for row in table_rows(text, path[path.rfind(".") :]):
        if not row.question or not row.answer:
            continue
        heading = (row.heading,) if row.heading else ()
        tags.update(dict.fromkeys(row.tags))
        if len(row.options) > 1:
            quiz.append(QuizQuestion(heading, row.question, row.answer, row.options))
        else:
            cards.append(Card(heading, row.question, row.answer, row.background))
    texts = [text for card in cards for text in (card.question, card.answer)]
    texts += [text for asked in quiz for text in (asked.question, asked.answer)]
    retractions = dict.fromkeys(struck for text in texts for struck in struck_in(text))
    return Note(
        path=path,
        format="table",
        title=title_from(path),
        cards=tuple(cards),
        quiz=tuple(quiz),
        retractions=tuple(sorted(retractions, key=lambda struck: struck.lines)),
        tags=tuple(tags),
    )


def table_rows(text: str, ending: str) -> Iterator[Row]:
    """The rows of a table in which cards stand, its head left out.

    Without a row of names the first two columns are questions and answers. A table of one column gives rows without
    answers.
    """
    layout = _layout(text[:_SNIFFED_SIGNS], ending)
    for number, cells in enumerate(cells_of(text, layout.delimiter)):
        if number >= layout.first and any(cell.words.strip() for cell in cells):
            yield _row(cells, layout)


def cells_of(text: str, delimiter: str) -> Iterator[list[Cell]]:
    """The cells of a table, row by row, as RFC 4180 has them; quotes that never end are plain signs."""
    mark = re.escape(delimiter)
    quoted = re.compile(rf'"((?:[^"]++|"")*+)"([^{mark}\n]*+)')
    plain = re.compile(rf"[^{mark}\n]*+")
    last_quote = text.rfind('"')
    at, line, row = 0, 1, list[Cell]()
    while at <= len(text):
        found = quoted.match(text, at) if at < last_quote and text[at] == '"' else None
        if found:
            row.append(Cell(found[1].replace('""', '"') + found[2], line))
            line += found[1].count("\n")
        else:
            found = plain.match(text, at)
            assert found is not None
            row.append(Cell(found[0], line))
        at = found.end()
        if at >= len(text) or text[at] == "\n":
            yield row
            row = []
            line += 1
            if at == len(text) - 1:
                return
        at += 1


def _row(cells: Sequence[Cell], layout: _Layout) -> Row:
    def at(name: str) -> Cell:
        column = layout.columns.get(name, -1)
        return cells[column] if 0 <= column < len(cells) else Cell("", 1)

    asked, answer = at("question"), at("answer")
    too_long = max(len(asked.words), len(answer.words)) > LONGEST_FIELD
    if too_long:
        return Row(None, None, too_long=True)
    options = at("options").words
    heading = " ".join(at("heading").words.split())
    heading = heading if layout.own else heading.rpartition("::")[2]
    return Row(
        _text(asked, layout),
        _text(answer, layout),
        tuple(_options(at("options"))) if options.strip() else (),
        _text(at("background"), layout),
        plain_heading(unguarded(heading)),
        tuple(unguarded(at("tags").words).split()[:20]),
    )


def _text(cell: Cell, layout: _Layout) -> Text | None:
    """The words of a cell with their lines; None where it holds no letter and no digit."""
    words = whole_signs(unguarded(cell.words))
    if layout.html or (not layout.own and is_marked_up(words)):
        return field_text(words, cell.line)
    if not re.search(r"\w", words):
        return None
    lead = words[: len(words) - len(words.lstrip())]
    first = cell.line + lead.count("\n")
    kept = words.strip()
    starts, offset = [(0, first)], 0
    for number, line in enumerate(kept.split("\n")):
        if number and line.strip():
            starts.append((offset + len(line) - len(line.lstrip()), first + number))
        offset += len(line) + 1
    return Text(kept, tuple(starts), starts[-1][1])


def _options(cell: Cell) -> Iterator[Text]:
    for number, line in enumerate(unguarded(cell.words).split("\n")):
        words = whole_signs(_OPTION.sub("", line, count=1).strip())
        if words:
            yield Text(words, ((0, cell.line + number),), cell.line + number)


def _layout(head: str, ending: str) -> _Layout:
    """What the beginning of a table tells of its columns."""
    directives, count = _directives(head)
    said = directives.get("separator", "").strip()
    delimiter = _NAMED_DELIMITERS.get(said.lower(), said if said in _DELIMITERS else "")
    if not delimiter:
        delimiter = "\t" if ending.lower() == ".tsv" else _likeliest(head)
    layout = _Layout(delimiter, first=count, html=directives.get("html", "").strip() == "true")
    rows = cells_of(head, delimiter)
    names = [cell.words for cell in next((row for n, row in enumerate(rows) if n == count), [])]
    if said_names := directives.get("columns", ""):
        found = _named_columns(said_names.split(delimiter))
    else:
        found = _named_columns(names)
        layout.first += bool(found)
    layout.named = bool(found) or (bool(directives) and delimiter in head)
    layout.own = tuple(name.strip().lower() for name in names) == COLUMNS
    if not found:
        taken = {
            int(number) - 1
            for name, number in directives.items()
            if name.endswith(" column") and number.isdecimal()
        }
        free = [column for column in range(len(names)) if column not in taken]
        found = {"question": free[0], "answer": free[1]} if len(free) > 1 else {"question": 0}
    for name, target in (("tags column", "tags"), ("deck column", "heading")):
        if directives.get(name, "").strip().isdecimal():
            found.setdefault(target, int(directives[name]) - 1)
    layout.columns = found
    return layout


def _directives(head: str) -> tuple[dict[str, str], int]:
    """The lines `#name:value` with which an export of Anki begins, and how many there are."""
    found: dict[str, str] = {}
    lines = head.split("\n")
    for number, line in enumerate(lines):
        directive = _DIRECTIVE.match(line)
        if not directive:
            return found, number
        found[directive[1].lower()] = directive[2].strip("\r\n")
    return found, len(lines)


def _named_columns(names: Sequence[str]) -> dict[str, int]:
    """The columns that a row of names tells; empty where it names no question or no answer."""
    plain = [re.sub(r"[^\w]+", " ", name).strip().lower() for name in names]
    found: dict[str, int] = {}
    for column, name in enumerate(plain):
        if name in _QUESTION_NAMES:
            found.setdefault("question", column)
        elif name in _ANSWER_NAMES:
            found.setdefault("answer", column)
        else:
            for target, known in _OTHER_NAMES.items():
                if name in known:
                    found.setdefault(target, column)
    return found if "question" in found and "answer" in found else {}


def _likeliest(head: str) -> str:
    """The sign that parts most rows into the same number of cells; named columns count most."""
    best, chosen = (False, 0.0, 0), ","
    whole = head[: head.rfind("\n")] if head.count("\n") > 1 and len(head) == _SNIFFED_SIGNS else head
    for delimiter in _DELIMITERS:
        rows = []
        for cells in cells_of(whole, delimiter):
            if any(cell.words.strip() for cell in cells) and not _DIRECTIVE.match(cells[0].words):
                rows.append(cells)
            if len(rows) == _SNIFFED_ROWS:
                break
        widths = Counter(len(cells) for cells in rows)
        width, times = widths.most_common(1)[0] if widths else (1, 0)
        named = bool(rows) and bool(_named_columns([cell.words for cell in rows[0]]))
        score = (named, times / max(1, len(rows)) if width > 1 else 0.0, 0)
        if score > best:
            best, chosen = score, delimiter
    return chosen
