"""A field of a flashcard program to words: HTML taken away, formulas kept as TeX, gaps made questions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tutor.notes.note import Text, with_lines_moved
from tutor.notes.words import whole_signs

LONGEST_FIELD = 20_000  # signs
MOST_GAPS = 20
GAP = "_____"

_MARKUP = re.compile(
    r"</?(?:br|p|div|b|i|u|em|strong|span|ul|ol|li|pre|code|sub|sup|img|table|tr|td|th|h[1-6]|font|a|hr|"
    r"blockquote|script|style|del|strike)(?:\s[^<>]*)?/?>|&(?:nbsp|lt|gt|amp|quot|#\d{1,5});",
    re.IGNORECASE,
)
_LATEX = (("[latex]", "[/latex]", ""), ("[$$]", "[/$$]", "$$"), ("[$]", "[/$]", "$"))
_SOUND = re.compile(r"\[sound:([^\]\n]{1,300})\]")
_IMAGE = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
_SOURCE = re.compile(r"\bsrc\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)
_SUPER = re.compile(r"<sup\b[^<>]*>([^<>]{1,40})</sup>", re.IGNORECASE)
_SUB = re.compile(r"<sub\b[^<>]*>([^<>]{1,40})</sub>", re.IGNORECASE)
_CODE = re.compile(r"<code\b[^<>]*>([^<>\n]{1,400})</code>", re.IGNORECASE)
_INNER_GAP = re.compile(r"\{\{c(\d{1,3})::((?:(?!\{\{c\d|\}\}).)*)\}\}", re.DOTALL | re.IGNORECASE)
_GAP_MARK = re.compile("\ue002(\\d+)\ue003")
_DEEPEST = 8  # gaps within gaps


def is_marked_up(field: str) -> bool:
    """Whether a field holds HTML."""
    return _MARKUP.search(field) is not None


def field_text(field: str, first_line: int = 1) -> Text | None:
    """The words of a field in HTML; None where it holds none, or its tags are nested too deeply.

    Args:
        field: its HTML, at most `LONGEST_FIELD` signs.
        first_line: the file line on which it begins.
    """
    from tutor.notes.html_words import Page

    for opening, closing, sign in _LATEX:
        field = _as_tex(field, opening, closing, sign)
    field = _IMAGE.sub(_picture, _SOUND.sub("", field))
    field = _SUB.sub(_lowered, _SUPER.sub(_raised, field))
    # Braces that a page's reader would take for a template's.
    field = _CODE.sub(r"\1", whole_signs(field)).replace("{", "&#123;")
    try:
        page = Page(field)
        text = page.text(page.soup.children)
    except RecursionError:
        return None
    return with_lines_moved(text, first_line - 1) if text else None


def _as_tex(field: str, opening: str, closing: str, sign: str) -> str:
    """The field with the formulas between two marks of Anki's between signs of TeX."""
    before, *pieces = field.split(opening)
    parts = [before]
    for piece in pieces:
        formula, closed, rest = piece.partition(closing)
        parts += [sign, formula, sign, rest] if closed else [opening, piece]
    return "".join(parts)


def media_in(field: str) -> Iterator[str]:
    """The names of the pictures and sounds of a field."""
    yield from (found[1].strip() for found in _SOUND.finditer(field))
    for image in _IMAGE.finditer(field):
        source = _SOURCE.search(image[0])
        name = next(filter(None, source.groups()), "") if source else ""
        yield name[:300] or "picture"


def gap_questions(field: str) -> list[tuple[str, str, str]]:
    """The gaps of a field: (the text with this gap open, what belongs into it, the whole text) for each number."""
    numbers = dict.fromkeys(int(found) for found in re.findall(r"\{\{c(\d{1,3})::", field, re.IGNORECASE))
    whole = _filled(field, -1)[0]
    questions = []
    for number in sorted(numbers)[:MOST_GAPS]:
        asked, key = _filled(field, number)
        questions.append((asked, "; ".join(dict.fromkeys(key)), whole))
    return questions


def _filled(field: str, number: int) -> tuple[str, list[str]]:
    """The field with all gaps filled but those of a number, and what belongs into these."""
    key: list[str] = []

    def fill(match: re.Match[str]) -> str:
        words, _, hint = match[2].partition("::")
        if int(match[1]) != number:
            return words
        key.append(_GAP_MARK.sub(lambda inner: key[int(inner[1])], words))
        # Inner gaps are filled before outer ones: a mark tells the place of each.
        return f"\ue002{len(key) - 1}\ue003" + (f" ({hint})" if hint.strip() else "")

    field = field.replace("\ue002", "").replace("\ue003", "")
    for _ in range(_DEEPEST):
        field, changed = _INNER_GAP.subn(fill, field)
        if not changed:
            break
    return _GAP_MARK.sub(GAP, field), [key[int(mark[1])] for mark in _GAP_MARK.finditer(field)]


def _picture(match: re.Match[str]) -> str:
    source = _SOURCE.search(match[0])
    name = next(filter(None, source.groups()), "") if source else ""
    name = re.sub(r"[^\w.\- ]", "", name.rpartition("/")[2])[:60]
    return f" (picture: {name}) " if name else " (picture) "


def _raised(match: re.Match[str]) -> str:
    return f"^{_grouped(match[1])}"


def _lowered(match: re.Match[str]) -> str:
    return f"_{_grouped(match[1])}"


def _grouped(words: str) -> str:
    words = words.strip()
    return words if re.fullmatch(r"\w", words) or words.isdecimal() else f"({words})"
