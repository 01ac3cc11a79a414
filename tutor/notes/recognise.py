"""From a file to its Note: what the file holds is recognised by its content; the ending is a hint."""

from __future__ import annotations

import re
import stat
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Literal

from tutor.errors import NotesError
from tutor.notes.flashcards import is_deck, read_flashcards
from tutor.notes.note import Note, with_lines
from tutor.notes.notebook import is_notebook, notebook_lines, read_notebook
from tutor.notes.pdf import SIGNATURE as PDF
from tutor.notes.pdf import pdf_lines, read_pdf
from tutor.notes.retracted import strike_copies
from tutor.notes.table_deck import is_table_deck, read_table_deck

LARGEST_FILE_MB = 5
LARGEST_PDF_MB = 30
MOST_CELLS = 60_000
MOST_TAGS = 200_000
Format = Literal["markdown", "flashcards", "html", "text", "table"]

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"{\\rtf", "RTF files"),
    (b"\xd0\xcf\x11\xe0", "old Office documents"),
    (b"PK\x03\x04", "Office documents and archives"),
    (b"\x1f\x8b", "archives"),
    (b"\x89PNG", "pictures"),
    (b"\xff\xd8\xff", "pictures"),
    (b"GIF8", "pictures"),
    (b"SQLite format 3", "databases"),
)
_BYTE_ORDER_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_TEMPLATE_TAG = r"\{%[^%]*%\}|\{#[^#]*#\}|<!--.*?-->|<\?xml[^>]*>"
_TABLE_RULE = re.compile(r"^[ \t>]*\|?[ \t]*:?-+:?[ \t]*\|", re.MULTILINE)
# Possessive: what was read as a comment is not tried as another one.
_HTML_START = re.compile(
    rf"(?:\s++|{_TEMPLATE_TAG})*+(?:<!doctype\s+html|<html\b)", re.DOTALL | re.IGNORECASE
)
_HTML_BLOCK = re.compile(
    r"^[ \t]*</?(?:p|div|section|article|main|body|h[1-6]|ul|ol|li|table|tr)(?=[\s/>])",
    re.MULTILINE | re.IGNORECASE,
)
_MARKDOWN_BLOCK = re.compile(r"^(?:#{1,6} |[-*+] |\d+\. |```|> |---$)", re.MULTILINE)
_MARKDOWN_SIGN = re.compile(
    r"^(?:#{1,6} \S|[ \t]{0,3}(?:```|~~~)|> ?\S|\|?[ \t]*:?-{3,}:?[ \t]*\|)|\A\s*---[ \t]*\n\w+[ \t]*:"
    r"|\*\*\S[^*\n]*\*\*|\]\(\S+\)|~~\S|\$\$",
    re.MULTILINE,
)
_MARKDOWN_ENDINGS = frozenset({".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".rmd"})
_TABLE_ENDINGS = frozenset({".csv", ".tsv"})
_ANKI_ENDINGS = (".apkg", ".colpkg")
_HTML_ENDINGS = frozenset({".html", ".htm", ".xhtml", ".jinja", ".jinja2", ".j2"})


def read_note(path: Path, root: Path) -> Note:
    """Reads one file of the notes folder `root`, in this process and without a deadline.

    Args:
        path: the file, anywhere below `root`.
        root: the notes folder; the Note's path is relative to it.

    Raises:
        NotesError: the file cannot be read, or holds nothing that can be read as a note.
    """
    return note_from_bytes(file_bytes(path, root), name_in(path, root))


def note_from_bytes(data: bytes, name: str) -> Note:
    """The Note that a file with these bytes makes.

    Raises:
        NotesError: the bytes are not text, or hold nothing that can be read as a note.
    """
    try:
        note = read_pdf(data, name) if data.startswith(PDF) else _note_from_text(text_of(data, name), name)
    except RecursionError as error:
        raise _unread(name, "its parts are nested too deeply", "Write it flatter, or take it out.") from error
    if not (note.blocks or note.cards or note.quiz):
        raise _unread(name, "it holds no words that could be quoted", "Write something in it or take it out.")
    return strike_copies(note)


def _note_from_text(text: str, name: str) -> Note:
    if is_notebook(text, Path(name).suffix):
        return read_notebook(text, name)
    _check_size(text, name)
    kept, numbers = without_noise(text.split("\n"))
    note = _reader_of(format_of("\n".join(kept), Path(name).suffix))("\n".join(kept), name)
    return note if len(kept) == len(text.split("\n")) else with_lines(note, numbers)


def name_in(path: Path, root: Path) -> str:
    """`path` relative to `root`, with forward slashes; odd bytes of a file name are replaced."""
    try:
        relative = path.relative_to(root)
    except ValueError:
        relative = path.resolve().relative_to(root.resolve())
    return relative.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def file_bytes(path: Path, root: Path) -> bytes:
    """The content of a regular file in `root`.

    Raises:
        NotesError: missing, outside `root` (also by a link), not a regular file, too large, or not permitted.
    """
    shown = str(path)
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve()):
            raise _unread(shown, "it lies outside the notes folder", "Copy the file into the folder.")
        status = real.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _unread(shown, "it is not a regular file", "Take it out of the notes folder.")
        with real.open("rb") as file:
            data = file.read(len(PDF))
            largest_mb = LARGEST_PDF_MB if data == PDF else LARGEST_FILE_MB
            if status.st_size <= largest_mb * 1_000_000:
                # The file may still grow; no more is read than was allowed.
                return data + file.read(largest_mb * 1_000_000)
        raise _unread(shown, f"it is larger than {largest_mb} MB", "Split it into several notes.")
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unread(shown, reason, "Check that the file exists and may be read.") from error


def file_lines(path: Path, root: Path) -> list[str]:
    """The file's lines, numbered as in every Text: line n is `file_lines(...)[n - 1]`.

    A line of a notebook is given as the source that stands on it (several lines of source where the whole
    notebook stands on one), and as empty where there is none. The lines of a PDF are those of its text.

    Raises:
        NotesError: as `read_note`.
    """
    name = name_in(path, root)
    data = file_bytes(path, root)
    if data.startswith(PDF):
        return pdf_lines(data, name)
    text = text_of(data, name)
    return notebook_lines(text, name) if is_notebook(text, path.suffix) else text.split("\n")


def format_of(text: str, ending: str = "") -> Format:
    """Which of the formats `text` is written in.

    What shows no signs of any is plain text, or Markdown where the ending says so.
    """
    if ending.lower() in _TABLE_ENDINGS and is_table_deck(text, ending):
        return "table"
    if _HTML_START.match(text):
        return "html"
    if is_deck(text):
        return "flashcards"
    tags, marks = len(_HTML_BLOCK.findall(text)), len(_MARKDOWN_BLOCK.findall(text))
    if ending.lower() in _HTML_ENDINGS:
        return "html" if tags >= marks else "markdown"
    if tags >= 4 and tags > 2 * marks and ending.lower() != ".md":
        return "html"
    return "markdown" if ending.lower() in _MARKDOWN_ENDINGS or _MARKDOWN_SIGN.search(text) else "text"


def without_noise(lines: list[str]) -> tuple[list[str], list[int]]:
    """Takes out lines that hold a single `|`, where an export put them between all lines of a file.

    Returns:
        The lines that are left and the file line of each. Without such noise these are all lines. As many
        noise lines as usually stand between two lines mean nothing; more of them mean a blank line.
    """
    empty = [line.strip() in ("", "|") for line in lines]
    if 4 * sum(line.strip() == "|" for line in lines) <= len(lines):
        return lines, list(range(1, len(lines) + 1))
    kept = [number for number, hollow in enumerate(empty) if not hollow]
    gaps = Counter(after - before for before, after in pairwise(kept))
    usual = gaps.most_common(1)[0][0] if gaps else 1
    found: list[str] = []
    numbers: list[int] = []
    for index, number in enumerate(kept):
        if index and number - kept[index - 1] > usual:
            found.append("")
            numbers.append(number)
        found.append(lines[number])
        numbers.append(number + 1)
    return found, numbers


def _check_size(text: str, name: str) -> None:
    """Refuses what would only be found out at the deadline: some hundred thousand table cells or tags."""
    if text.count("|") > MOST_CELLS and _TABLE_RULE.search(text):
        raise _unread(name, f"its tables have more than {MOST_CELLS} cells", "Bring a part of them.")
    if text.count("<") > MOST_TAGS and "</" in text:
        raise _unread(name, f"it has more than {MOST_TAGS} tags", "Split it into several notes.")


def _reader_of(written_as: Format) -> Callable[[str, str], Note]:
    if written_as == "html":
        from tutor.notes.html import read_html

        return read_html
    if written_as == "flashcards":
        return read_flashcards
    if written_as == "table":
        return read_table_deck
    if written_as == "text":
        from tutor.notes.plain import read_plain

        return read_plain
    from tutor.notes.markdown import read_markdown

    return read_markdown


def text_of(data: bytes, name: str) -> str:
    """The text of a file, lines ended by a line feed. Raises NotesError where it holds something else."""
    if data.startswith(b"PK\x03\x04") and name.lower().endswith(_ANKI_ENDINGS):
        raise _unread(name, "it is a package of Anki", "Run `tutor import` with it.")
    for signature, what in _SIGNATURES:
        if data.startswith(signature):
            raise _unread(name, f"{what} are not read yet", "Save it as Markdown, plain text or HTML.")
    coding = next((coding for mark, coding in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(coding)
    except UnicodeDecodeError as error:
        what = "it is not text" if b"\0" in data else f"byte {error.start} is not UTF-8"
        raise _unread(name, what, "Save it as UTF-8 text.") from error
    if "\0" in text:
        raise _unread(name, "it is not text", "Save it as UTF-8 text.")
    if not text.strip():
        raise _unread(name, "it is empty", "Write something in it or take it out.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unread(name: str, reason: str, remedy: str) -> NotesError:
    return NotesError(f"{name} was not read: {reason}", remedy)
