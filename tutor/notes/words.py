"""Building and cutting Texts: words in file order, each piece with the line it stands on."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from tutor.notes.note import Text

_STRUCK = re.compile(r"~~(?!~)((?:(?!\n\n).)+?)~~", re.DOTALL)
_NO_SIGN = re.compile("[\x00\ud800-\udfff]")
_HEADING_CHARS = 400
_BREAK = re.compile(r"\n(?!\n)")
_FENCE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)


class Words:
    """Collects the words of one Text. Pieces must come in file order."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._starts: list[tuple[int, int]] = []
        self._space = False
        self._break = ""
        self._indent = ""

    def __bool__(self) -> bool:
        return bool(self._parts)

    def add(self, piece: str, line: int) -> None:
        """Appends `piece` exactly as it is, standing on file line `line`."""
        if self._break:
            self._append(self._break + self._indent)
        elif self._space and self._parts and not self._parts[-1][-1].isspace():
            self._append(" ")
        self._space, self._break = False, ""
        if piece.strip() and (not self._starts or line > self._starts[-1][1]):
            self._starts.append((self._length + len(piece) - len(piece.lstrip()), line))
        self._append(piece)

    def flow(self, piece: str, line: int) -> None:
        """Appends running text: each run of white space counts as one space, also across pieces."""
        self._space = self._space or piece[:1].isspace()
        if body := " ".join(piece.split()):
            self.add(body, line)
            self._space = piece[-1].isspace()

    def gap(self, between: str = "\n", indent: str = "") -> None:
        """Lets the next piece stand after `between` and `indent`; before the first word, nothing."""
        self._space = False
        if self._parts:
            self._break = max(self._break, between, key=len)
            self._indent = indent

    def extend(self, text: Text, indent: str = "") -> None:
        """Appends a whole Text with its lines; lines after the first get `indent`."""
        for begin, end, line in _pieces(text):
            self.add(_BREAK.sub("\n" + indent, text.words[begin:end]), line)

    def text(self) -> Text | None:
        """The Text collected so far; None where it holds no letter and no digit."""
        words = "".join(self._parts)
        if not re.search(r"\w", words):
            return None
        kept = words.rstrip()
        # Leading blank lines go; the indentation of the first line stays, for it may be code.
        lead = len(kept) - len(kept.lstrip("\n"))
        starts = [(max(0, offset - lead), line) for offset, line in self._starts]
        starts[0] = (0, starts[0][1])
        starts = [pair for pair in starts if pair[0] < len(kept) - lead]
        return Text(kept[lead:], tuple(starts), starts[-1][1])

    def _append(self, piece: str) -> None:
        if piece:
            self._parts.append(piece)
            self._length += len(piece)


def _pieces(text: Text) -> Iterator[tuple[int, int, int]]:
    """(begin, end, line) of each piece of `text` that stands on one file line."""
    ends = [offset for offset, _ in text.starts[1:]] + [len(text.words)]
    for (begin, line), end in zip(text.starts, ends, strict=True):
        yield begin, end, line


def part_of(text: Text, begin: int, end: int | None = None) -> Text | None:
    """The Text of `text.words[begin:end]`, white space trimmed; None where nothing is left."""
    stop = len(text.words) if end is None else end
    piece = text.words[begin:stop]
    if not piece.strip():
        return None
    begin += len(piece) - len(piece.lstrip())
    stop -= len(piece) - len(piece.rstrip())
    return text.piece(begin, stop)


def lines_in(text: Text) -> list[Text]:
    """The lines of `text.words`, each a Text; blank ones left out."""
    found, begin = [], 0
    for line in text.words.split("\n"):
        if part := part_of(text, begin, begin + len(line)):
            found.append(part)
        begin += len(line) + 1
    return found


def strike(text: Text) -> Text:
    """The same text, struck out as a whole."""
    starts = [text.starts[0], *((offset + 2, line) for offset, line in text.starts[1:])]
    return Text(f"~~{text.words}~~", tuple(starts), text.end_line)


def struck_in(text: Text) -> list[Text]:
    """The struck-out pieces of `text`, with their tildes; code between fences holds none."""
    fences = [match.span() for match in _FENCE.finditer(text.words)]
    found = []
    for match in _STRUCK.finditer(text.words):
        if not any(begin <= match.start() < end for begin, end in fences):
            part = part_of(text, *match.span())
            found += [part] if part else []
    return found


def whole_signs(words: str) -> str:
    """`words` without halves of surrogate pairs and NUL, which no database and no encoder takes."""
    return _NO_SIGN.sub("\ufffd", words)


def plain_heading(words: str) -> str:
    """A heading on one line, without pictographs and a closing colon; no more than its first words."""
    kept = "".join(char for char in words[: 2 * _HEADING_CHARS] if not _pictograph(char))
    return shortened(" ".join(kept.split())).rstrip(":： ")


def shortened(heading: str) -> str:
    """The first words of what serves as a heading: it stands with each block below it."""
    if len(heading) <= _HEADING_CHARS:
        return heading
    return heading[:_HEADING_CHARS].rpartition(" ")[0] or heading[:_HEADING_CHARS]


def _pictograph(char: str) -> bool:
    point = ord(char)
    if point < 0x2190:
        return point == 0x200D
    # Arrows and operators (category Sm) are words of a formula; "So" and "Sk" up here are pictures.
    return unicodedata.category(char) in ("So", "Sk", "Co") or 0xFE00 <= point <= 0xFE0F or point == 0x20E3
