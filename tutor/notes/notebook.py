"""Jupyter notebooks: Markdown cells read as Markdown, code cells as code; headings carry on from cell to cell.

Left out: what the code printed (stream and result texts are a machine's words, not the author's, and no evidence),
pictures and attachments. The lines are those of the `.ipynb` file itself. Its JSON holds each source line as one
string, mostly on a line of its own, and every string is given the number of the line it stands on before the JSON
is parsed; so minified notebooks keep true lines too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tutor.errors import NotesError
from tutor.notes.markdown import first_title, note_of_nodes
from tutor.notes.markdown_words import MarkdownParser
from tutor.notes.note import Note, with_lines
from tutor.notes.words import whole_signs

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_START = re.compile(r"\s*\{")
_FORMAT = re.compile(r'"nbformat"\s*:')
_CELLS = re.compile(r'"(?:cells|worksheets)"\s*:')
# An unfinished string reaches to the end, so that no sign is looked at twice.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BACKTICKS = re.compile("`{3,}")
_REMEDY = "Open it in Jupyter and save it again, or export it as Markdown."


@dataclass(frozen=True)
class _Cell:
    """The source lines of a cell, each with its line in the file."""

    is_code: bool
    lines: tuple[tuple[str, int], ...]


def is_notebook(text: str, ending: str) -> bool:
    """Whether the text is meant to be a notebook; it may be a broken one."""
    if not _START.match(text):
        return False
    return ending.lower() == ".ipynb" or bool(_FORMAT.search(text) and _CELLS.search(text))


def read_notebook(text: str, path: str) -> Note:
    """Reads a notebook.

    Args:
        text: the file's text, lines ended by a line feed.
        path: what the Note will be called.

    Raises:
        NotesError: it is no JSON, or no notebook of format 3 or 4.
    """
    parser = MarkdownParser()
    nodes: list[SyntaxTreeNode] = []
    numbers: list[int] = []
    for cell in _cells(text, path):
        lines = list(cell.lines)
        if cell.is_code:
            fence = "`" * (
                1 + max((len(run) for line, _ in lines for run in _BACKTICKS.findall(line)), default=2)
            )
            lines = [(f"{fence}python", lines[0][1]), *lines, (fence, lines[-1][1])]
        nodes += parser.parse("\n".join(line for line, _ in lines), len(numbers) + 1)
        numbers += [number for _, number in lines]
    note = note_of_nodes(nodes, path, "notebook", first_title(nodes))
    return with_lines(note, numbers)


def notebook_lines(text: str, path: str) -> list[str]:
    """For each line of the file, the source that stands on it, decoded; empty where there is none.

    Raises:
        NotesError: as `read_notebook`.
    """
    found: list[list[str]] = [[] for _ in range(text.count("\n") + 1)]
    for cell in _cells(text, path):
        for line, number in cell.lines:
            found[number - 1].append(line)
    return ["\n".join(pieces) for pieces in found]


def _cells(text: str, path: str) -> list[_Cell]:
    book = _parsed(text, path)
    version = book.get("nbformat") if isinstance(book, dict) else None
    if version not in (3, 4):
        raise _unread(path, f"it is a notebook of format {version!r:.20}, and only 3 and 4 are known")
    listed = book.get("cells") if version == 4 else _worksheet_cells(book.get("worksheets"))
    if not isinstance(listed, list):
        raise _unread(path, "it is a notebook without a list of cells")
    return [cell for value in listed if isinstance(value, dict) and (cell := _cell(value))]


def _parsed(text: str, path: str) -> Any:
    """The JSON with `LINE:` before the words of every string that is no name."""
    pieces, line, end = [], 1, 0
    for string in _STRING.finditer(text):
        between = text[end : string.start()]
        line += between.count("\n")
        pieces += [between, f'"{line}:', text[string.start() + 1 : string.end()]]
        end = string.end()
    pieces.append(text[end:])
    try:
        # Numbers matter only as the format's version; a long one would take long to read.
        return json.loads("".join(pieces), object_pairs_hook=_named, parse_int=_short_number, parse_float=str)
    except json.JSONDecodeError as error:
        raise _unread(
            path, f"it is no notebook that can be read (JSON, line {error.lineno}: {error.msg})"
        ) from error
    except RecursionError as error:
        raise _unread(path, "its parts are nested too deeply") from error


def _named(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name.partition(":")[2]: value for name, value in pairs}


def _short_number(digits: str) -> int:
    return int(digits[:9])


def _worksheet_cells(sheets: object) -> list[Any] | None:
    """The cells of a notebook of format 3."""
    if not isinstance(sheets, list):
        return None
    listed = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
    return [cell for cells in listed if isinstance(cells, list) for cell in cells]


def _cell(value: dict[str, Any]) -> _Cell | None:
    kind = _string(value.get("cell_type"))[0]
    lines = _source_lines(value.get("source", value.get("input")))
    if not any(line.strip() for line, _ in lines):
        return None
    if kind == "heading":
        level = value.get("level")
        signs = "#" * min(max(level if isinstance(level, int) else 1, 1), 6)
        return _Cell(False, ((f"{signs} {' '.join(line for line, _ in lines)}", lines[0][1]),))
    return _Cell(kind == "code", tuple(lines)) if kind in ("markdown", "code") else None


def _source_lines(source: object) -> list[tuple[str, int]]:
    """The lines of a cell's source, a string or a list of strings, each with its file line.

    Strings of a list belong to lines of their own, also where their line break was forgotten.
    """
    strings = source if isinstance(source, list) else [source]
    found: list[tuple[str, int]] = []
    for item in strings:
        words, line = _string(item)
        words = words.replace("\r\n", "\n").replace("\r", "\n")
        if line:
            found += [(piece, line) for piece in words.removesuffix("\n").split("\n")]
    return found


def _string(value: object) -> tuple[str, int]:
    """The words of a JSON string and its line; ("", 0) for anything else."""
    if not isinstance(value, str) or not (mark := re.match(r"(\d+):", value)):
        return "", 0
    return whole_signs(value[mark.end() :]), int(mark[1])


def _unread(path: str, reason: str) -> NotesError:
    return NotesError(f"{path} was not read: {reason}", _REMEDY)
