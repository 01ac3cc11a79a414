"""Plain text: paragraphs between blank lines, lists, and headings known by capitals, numbers or an underline.

Nothing else is read into the text: an indented paragraph is no code, a star or an underscore is a sign like others.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tutor.notes.markdown import is_story_heading, is_story_label, note_of_blocks
from tutor.notes.note import Block, Kind, Note
from tutor.notes.words import Words, plain_heading

Line = tuple[str, int]
"""The words of a line, white space at its ends taken away, and its number in the file."""

_RULE = re.compile(r"[-=_*~#+.·—–―─━═]{3,}|(?:[-=_*~.—] ){2,}[-=_*~.—]")
_UNDERLINE = re.compile(r"={3,}|-{3,}|~{3,}|\^{3,}|—{2,}|─{3,}|═{3,}")
_ITEM = re.compile(r"(?:[-*+•‣▪◦●■–·]|\(?(?:\d{1,3}|[a-z]|[ivx]{2,4})\)|(?P<number>\d{1,3})\.)\s+(?=\S)")
_NUMBERED = re.compile(
    r"(?P<one>(?:\d{1,2}|[IVX]{1,5})\.\s+)(?=[^\W\d_])"
    r"|\d{1,2}(?:\.\d{1,2}){1,3}\.?\s+(?=\w)"
    r"|(?i:chapter|part|section|lecture|week|lesson|unit|appendix)\s+(?:\d{1,3}|[IVX]{1,5}|[A-Z])\b[.:]?"
    r"|第[一二三四五六七八九十百\d]{1,4}[章节節部讲课]|[一二三四五六七八九十]{1,3}、"
)
_WORD_HALF = re.compile(r"[^\W\d_]+-$")
_WORD_START = re.compile(r"(?=[^\W\d_])[^A-Z\W]\w*")
_SENTENCE_END = re.compile(r"[.?!,;。？！，；…]$")
_HEADING_CHARS = 80
_HEADING_WORDS = 12
_LABEL_CHARS = 12
_WORD_CHARS = 50


@dataclass(frozen=True)
class Run:
    """Lines that follow one another.

    Attributes:
        level: 1 to 6 where the first line is a heading, 0 where it is none; None where that is still to be found.
    """

    lines: tuple[Line, ...]
    level: int | None = None


def read_plain(text: str, path: str) -> Note:
    """Reads a plain-text note.

    Args:
        text: the file's text, lines ended by a line feed.
        path: what the Note will be called.
    """
    reader = RunReader()
    runs = list(_runs(text.split("\n")))
    title = ""
    if (
        len(runs) > 1
        and (runs[0].level == 1 or is_in_capitals(runs[0].lines[0][0]))
        and len(runs[0].lines) == 1
    ):
        title = plain_heading(runs[0].lines[0][0])
        runs = runs[1:]
    for number, run in enumerate(runs):
        near = [*runs[max(0, number - 1) : number], *runs[number + 1 : number + 2]]
        reader.run(run, is_counted=any(_counts(other) for other in near))
    return note_of_blocks(reader.blocks, path, "text", title)


class RunReader:
    """Makes blocks of runs of lines, under the headings found among them."""

    def __init__(self, compounds: Container[str] | None = None) -> None:
        """`compounds`: where given, hyphens at line ends are undone, but in these words, written in small letters."""
        self.blocks: list[Block] = []
        self._headings: list[tuple[int, str]] = []
        self._compounds = compounds
        self._story_begun = False

    def run(self, run: Run, outer: tuple[str, ...] = (), is_counted: bool = False) -> None:
        """Reads one run.

        Args:
            outer: headings above all others.
            is_counted: whether a neighbour is one numbered line, so that this is an item and no heading.
        """
        lines = list(run.lines)
        level = heading_level(lines, is_counted) if run.level is None else run.level
        if level:
            name = plain_heading(lines.pop(0)[0])
            self._headings = [(above, kept) for above, kept in self._headings if above < level]
            self._headings += [(level, name)] if name else []
        path = outer + tuple(name for _, name in self._headings)
        for is_list, group in _prose_and_lists(lines):
            self._add("list" if is_list else "prose", path, group)

    def _add(self, kind: Kind, path: tuple[str, ...], lines: Sequence[Line]) -> None:
        words = Words()
        for number, (line, at) in enumerate(lines):
            mark = _ITEM.match(line) if kind == "list" else None
            if mark:
                words.gap()
                sign = mark[0].strip()
                line = f"{sign if sign[-1] in '.)' else '-'} {line[mark.end() :]}"
            words.flow(self._joined(line, lines[number + 1][0] if number + 1 < len(lines) else ""), at)
        text = words.text()
        if text is None:
            return
        labelled = is_story_label(text.words)
        told = labelled or self._story_begun or any(is_story_heading(name) for name in path)
        # A label that stands alone speaks for the paragraph after it.
        self._story_begun = labelled and len(text.words) <= _LABEL_CHARS
        self.blocks.append(Block("analogy" if told else kind, path, text))

    def _joined(self, line: str, following: str) -> str:
        """The line with a space behind it, or without its hyphen where that only divides a word."""
        if self._compounds is None or not line.endswith("-"):
            return f"{line} "
        left, right = _WORD_HALF.search(line[-_WORD_CHARS:]), _WORD_START.match(following[:_WORD_CHARS])
        if not left or not right:
            return f"{line} "
        return line if f"{left[0]}{right[0]}".casefold() in self._compounds else line[:-1]


def is_in_capitals(line: str) -> bool:
    """Whether a line is a heading in capital letters."""
    letters = sum(sign.isalpha() for sign in line)
    return (
        line.isupper() and letters >= 3 and 2 * letters >= len(line) and _is_short(line) and "=" not in line
    )


def is_numbered(line: str) -> bool:
    """Whether a line may be a heading that begins with its number."""
    return _NUMBERED.match(line) is not None and _is_short(line)


def is_item(line: str) -> bool:
    """Whether an item of a list begins on this line."""
    return _ITEM.match(line) is not None


def _is_short(line: str) -> bool:
    return (
        len(line) <= _HEADING_CHARS and len(line.split()) <= _HEADING_WORDS and not _SENTENCE_END.search(line)
    )


def heading_level(lines: Sequence[Line], is_counted: bool) -> int:
    """1 to 6 where the first line is a heading, else 0; `is_counted` as in `RunReader.run`."""
    first = lines[0][0]
    if is_in_capitals(first) and not _ITEM.match(first):
        return 2
    numbered = _NUMBERED.match(first)
    if not numbered or not is_numbered(first):
        return 0
    if numbered["one"]:
        # "1. Words" is an item where others like it stand near, or where it goes on in the next line.
        more = [line for line, _ in lines[1:]]
        goes_on = any(line[:1].islower() for line in more[:1])
        goes_on = goes_on or any(is_item(line) or is_numbered(line) for line in more)
        return 0 if is_counted or goes_on else 2
    return min(6, 2 + numbered[0].strip(". \t").count("."))


def _counts(run: Run) -> bool:
    """Whether a run is one line that begins with a number and a full stop."""
    found = _NUMBERED.match(run.lines[0][0]) if len(run.lines) == 1 and not run.level else None
    return found is not None and found["one"] is not None


def _runs(lines: Sequence[str]) -> Iterator[Run]:
    run: list[Line] = []
    for number, line in enumerate(lines, 1):
        words = line.strip()
        if len(run) == 1 and _UNDERLINE.fullmatch(words) and _is_short(run[0][0]):
            yield Run(tuple(run), 1 if words[0] in "=═" else 2)
            run = []
        elif words and not _RULE.fullmatch(words):
            run.append((words, number))
        elif run:
            yield Run(tuple(run))
            run = []
    if run:
        yield Run(tuple(run))


def _prose_and_lists(lines: Iterable[Line]) -> Iterator[tuple[bool, list[Line]]]:
    """(whether it is a list, its lines); what follows an item's line belongs to the item."""
    group: list[Line] = []
    is_list = False
    for line in lines:
        item = _ITEM.match(line[0])
        # A number at the beginning of a line within a paragraph begins a list only where that is 1.
        begins = item is not None and (is_list or not group or item["number"] in (None, "1"))
        if begins and not is_list and group:
            yield False, group
            group = []
        is_list = is_list or begins
        group.append(line)
    if group:
        yield is_list, group
