"""PDF files: the text of each page, its lines joined to paragraphs                      the only importer of pypdf

Lines count from 1 over the lines of the extracted text of the whole file, the pages one after another; `pdf_lines`
gives exactly these. Headings begin with "Page N". What a PDF draws (pictures, formulas set sign by sign, the
columns of tables) comes out as pypdf finds it, or not at all.
"""

from __future__ import annotations

import io
import logging
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tutor.errors import NotesError
from tutor.notes.markdown import note_of_blocks
from tutor.notes.note import Note
from tutor.notes.plain import Line, Run, RunReader, heading_level, is_in_capitals, is_item
from tutor.notes.words import whole_signs

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_PAGES = 400
SIGNATURE = b"%PDF-"
_STREAM_BYTES = 20_000_000
_EDGE_LINES = 2
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_SOFT_HYPHEN = re.compile("\u00ad\\s*$")
_CONTROL = re.compile(r"[\u00ad\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\ufeff]")
_PAGE_NUMBER = re.compile(
    r"(?:page|p\.|第)?\s*[-–—]?\s*(?:\d{1,4}|[ivxl]{1,7})(?:\s*(?:/|of)\s*\d{1,4}|\s*页)?\s*[-–—]?",
    re.IGNORECASE,
)
_ENDS_SENTENCE = re.compile(r"[.?!:;。？！：；…][\"'”’)\]]*$")
_COMPOUND = re.compile(r"\b[^\W\d_]+-\w+")
_SHORTEST_CAPITALS = 8
_SHORT = 0.75  # of the usual length of a full line
# What pypdf raises on broken files besides its own errors: the format promises what such a file does not keep.
_BROKEN = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, AssertionError, NotImplementedError,
    OSError, EOFError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip


def read_pdf(data: bytes, path: str) -> Note:
    """Reads the text of a PDF file.

    Args:
        data: the file's bytes.
        path: what the Note will be called.

    Raises:
        NotesError: it is encrypted or broken, has no text or too many pages.
    """
    pages = list(_numbered(_pages(data, path)))
    edges = _running_edges(pages)
    compounds = {word.casefold() for lines in pages for line, _ in lines for word in _COMPOUND.findall(line)}
    reader = RunReader(compounds)
    for number, lines in enumerate(pages, 1):
        for run in _paragraphs(_without_edges(lines, edges)):
            reader.run(run, (f"Page {number}",))
    return note_of_blocks(reader.blocks, path, "pdf", "")


def pdf_lines(data: bytes, path: str) -> list[str]:
    """The lines of the extracted text, in the order in which they are numbered.

    Raises:
        NotesError: as `read_pdf`.
    """
    return [line for page in _pages(data, path) for line in page]


def _pages(data: bytes, path: str) -> list[list[str]]:
    """The lines of each page."""
    from pypdf import Configuration, PdfReader, apply_configuration
    from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

    # A broken file would give a line of log for each of its objects.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)
    bounds = Configuration(
        zlib_maximum_output_length=_STREAM_BYTES,
        lzw_maximum_output_length=_STREAM_BYTES,
        run_length_maximum_output_length=_STREAM_BYTES,
        array_based_stream_maximum_output_length=_STREAM_BYTES,
    )
    try:
        with apply_configuration(bounds):
            reader = PdfReader(io.BytesIO(data))
            if reader.is_encrypted and not reader.decrypt(""):
                raise FileNotDecryptedError
            count = len(reader.pages)
            if count > MOST_PAGES:
                reason = f"it has {count} pages, more than {MOST_PAGES}"
                raise _unread(path, reason, "Save the chapters that you study as files of their own.")
            pages = [_lines(reader, number) for number in range(count)]
    except (FileNotDecryptedError, DependencyError) as error:
        raise _unread(
            path, "it is encrypted", "Save it without a password (print it to a new PDF)."
        ) from error
    except RecursionError as error:
        raise _unread(path, "its parts are nested too deeply", "Print it to a new PDF.") from error
    except (PyPdfError, *_BROKEN) as error:
        reason = f"the PDF is damaged ({type(error).__name__})"
        raise _unread(
            path, reason, "Open it in a viewer and print it to a new PDF, or fetch it again."
        ) from error
    if not any(any(sign.isalnum() for sign in line) for lines in pages for line in lines):
        remedy = "Run text recognition (OCR) on it first, or bring the text as a text file."
        raise _unread(path, "it holds no text, only pictures of it", remedy)
    return pages


def _lines(reader: PdfReader, number: int) -> list[str]:
    text = whole_signs(reader.pages[number].extract_text().replace("\r", "\n").translate(_LIGATURES))
    lines = (_CONTROL.sub("", _SOFT_HYPHEN.sub("-", line)) for line in text.split("\n"))
    return [shown for line in lines if (shown := " ".join(line.split()))]


def _numbered(pages: Sequence[Sequence[str]]) -> Iterator[list[Line]]:
    first = 1
    for lines in pages:
        yield [(line, number) for number, line in enumerate(lines, first)]
        first += len(lines)


def _running_edges(pages: Sequence[Sequence[Line]]) -> set[str]:
    """The lines, numbers aside, that stand at the edges of several pages: running headers and footers."""
    seen: dict[str, list[str]] = {}
    for lines in pages:
        # One line a page: two lines of one page that differ in a number alone are no header.
        for bare, line in {_bare(line): line for line, _ in _edge(lines)}.items():
            seen.setdefault(bare, []).append(line)
    # Two pages that differ in the number alone are enough.
    return {edge for edge, found in seen.items() if edge and (len(found) > 2 or len(set(found)) > 1)}


def _edge(lines: Sequence[Line]) -> Sequence[Line]:
    return lines if len(lines) <= 2 * _EDGE_LINES else [*lines[:_EDGE_LINES], *lines[-_EDGE_LINES:]]


def _bare(line: str) -> str:
    return re.sub(r"\d+", "#", line).strip(" #.-–—|·").casefold()


def _without_edges(lines: Sequence[Line], running: set[str]) -> list[Line]:
    dropped = {
        number for line, number in _edge(lines) if _bare(line) in running or _PAGE_NUMBER.fullmatch(line)
    }
    return [line for line in lines if line[1] not in dropped]


def _paragraphs(lines: Sequence[Line]) -> Iterator[Run]:
    """The lines of a page in paragraphs, which a PDF does not mark.

    A paragraph ends with a line that is shorter than others and ends a sentence or stands before a capital or a
    number, and before a heading or the first item of a list.
    """
    lengths = sorted(len(line) for line, _ in lines)
    full = lengths[int(0.9 * (len(lengths) - 1))] if lengths else 0
    run: list[Line] = []
    for number, (line, at) in enumerate(lines):
        level = _heading_level(line)
        if run and (level or (is_item(line) and not is_item(run[0][0]))):
            yield Run(tuple(run), 0)
            run = []
        run.append((line, at))
        after = lines[number + 1][0] if number + 1 < len(lines) else ""
        is_short = len(line) < _SHORT * full
        ends = _ENDS_SENTENCE.search(line) or not after[:1].islower()
        if level or (is_short and ends and not line.endswith("-") and not is_item(after)):
            yield Run(tuple(run), level)
            run = []
    if run:
        yield Run(tuple(run), 0)


def _heading_level(line: str) -> int:
    """1 to 6 for a heading, 0 for another line; a short word in capitals is more likely code than a heading."""
    is_word = " " not in line and len(line) < _SHORTEST_CAPITALS
    return 0 if is_item(line) or (is_in_capitals(line) and is_word) else heading_level([(line, 0)], False)


def _unread(path: str, reason: str, remedy: str) -> NotesError:
    return NotesError(f"{path} was not read: {reason}", remedy)
