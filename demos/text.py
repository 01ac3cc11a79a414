"""The text that the language demos learn from: our own study notes without their markup, or a bundled story.

Nothing is downloaded. Order and split are fixed: files by name, and every tenth piece of about 2000
characters is held out, so that what is held out is of the same kind as what is learned.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

NOTES = Path(__file__).resolve().parent.parent / "corpus"
STORY = Path(__file__).resolve().parent / "story.txt"
LEAST_NOTES = 100_000
PIECE = 2000
HELD_OUT_EVERY = 10

_BLOCKS = re.compile(r"\A---\n.*?\n---\n|^```.*?^```|\$\$.*?\$\$|<!--.*?-->", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_LEAD = re.compile(r"^(?:\s*(?:#+|>|[-*+]|\d+\.|:p|\?\?x|x\?\?)(?:\s+|$))+")
_STRANGE = re.compile(r"[^\n -~À-ÿ]")
_PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "}
)


@dataclass(frozen=True)
class Text:
    """A text in two parts. `name` is "notes" or "story", `files` how many files it was made from."""

    name: str
    train: str
    held_out: str
    files: int

    @property
    def alphabet(self) -> str:
        """Every character of either part, in order."""
        return "".join(sorted(set(self.train) | set(self.held_out)))


@lru_cache(maxsize=2)
def load_text(name: str, notes: Path = NOTES) -> Text:
    """The text of that name; the story where the notes are not there or hold too little to learn from."""
    if name == "notes":
        paths = sorted(path for path in notes.rglob("*.md") if path.name != "README.md")
        seen: set[str] = set()
        pages = ["\n".join(_fresh(plain_lines(path.read_text(encoding="utf-8")), seen)) for path in paths]
        if sum(map(len, pages)) >= LEAST_NOTES:
            return _split("notes", "\n\n".join(page for page in pages if page), len(paths))
    return _split("story", STORY.read_text(encoding="utf-8"), 1)


def text_hash(text: Text) -> str:
    """SHA-256 of both parts."""
    return hashlib.sha256(f"{text.train}\0{text.held_out}".encode()).hexdigest()


def plain_lines(markdown: str) -> Iterator[str]:
    """The lines of prose of a note, without front matter, code, formulas, tables' short cells and signs of markup.

    A line with a formula or a letter outside the Latin alphabet is left out: what would remain is no sentence.
    """
    for line in _BLOCKS.sub("", markdown).translate(_PLAIN).splitlines():
        if line.startswith("|"):
            yield from (cell for part in line.split("|") if (cell := _plain(part)).endswith("."))
        elif plain := _plain(line):
            yield plain


def _plain(line: str) -> str:
    """The line without markup, or "" if it is no prose."""
    line = _LEAD.sub("", _LINK.sub(r"\1", line))
    line = re.sub(r"\*\*|__|[*`]", "", line).strip()
    return "" if "$" in line or _STRANGE.search(line) or not re.search("[a-z]", line) else line


def _fresh(lines: Iterable[str], seen: set[str]) -> Iterator[str]:
    """The lines not met before, so that nothing held out stands word for word in the training part."""
    for line in lines:
        if line not in seen:
            seen.add(line)
            yield line


def _split(name: str, text: str, files: int) -> Text:
    parts: tuple[list[str], list[str]] = ([], [])
    for number, piece in enumerate(_pieces(text)):
        parts[number % HELD_OUT_EVERY == HELD_OUT_EVERY // 2].append(piece)
    return Text(name, "".join(parts[0]), "".join(parts[1]), files)


def _pieces(text: str) -> Iterator[str]:
    """Pieces of at least PIECE characters, but for the last, each ending with a line."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + PIECE) + 1 or len(text)
        yield text[start:end]
        start = end
