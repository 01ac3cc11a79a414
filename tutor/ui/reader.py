"""A note opened at a quote: its passages around the quoted lines, the quote marked. No gradio in it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from tutor.ui.markup import inline_html, marked_html, quoted_html
from tutor.ui.note_view import Place
from tutor.words import lines_told

if TYPE_CHECKING:
    from tutor.passages import Passage

AROUND = 15
"""So many passages are shown before the quote and as many after it."""
_MOST_BYTES = 60_000
_QUOTE_CHARS = 300
_LONGEST_KEY = 4_000
_CHANGED = "Your notes have changed since this was quoted: above is what was quoted then."
_UNKNOWN = "This place cannot be opened."


def quote_key(cited: Mapping[str, Any]) -> str:
    """The place of a quote as one word, which a link in the chat carries and `note_html` takes."""
    first, last = (int(line) for line in cited.get("lines") or (0, 0))
    place = [str(cited.get("note", "")), first, last, str(cited.get("quote", ""))[:_QUOTE_CHARS]]
    return base64.urlsafe_b64encode(json.dumps(place, ensure_ascii=False).encode()).decode().rstrip("=")


def note_html(key: str, passages: Sequence[Passage]) -> str:
    """The note of a quote, around it; says so where the quote does not stand there any more.

    Args:
        key: what `quote_key` gave, as it came back from the browser: anything may stand in it.
        passages: of the library in use, those of a note in file order.
    """
    place = _place_of(key)
    if place is None:
        return _line(_UNKNOWN)
    note, first, last, quote = place
    there = [passage for passage in passages if passage.note == note]
    if not there:
        return _line(_CHANGED)
    holding = [at for at, passage in enumerate(there) if quote and quote in passage.text.words]
    if not holding:
        return _line(_CHANGED) + "\n\n" + _link(Place(note))
    at = min(holding, key=lambda at: _distance(there[at], first, last))
    begin, end = max(0, at - AROUND), at + AROUND + 1
    shown = there[begin:end]
    before, after = begin, len(there) - begin - len(shown)
    parts = [_link(Place(note, there[at].text.lines))]
    parts += [_line(f"{before} earlier passages of this note are not shown here.")] if before else []
    size = 0
    heading: tuple[str, ...] = ("",)
    for offset, passage in enumerate(shown, begin):
        html = _passage(passage, quote if offset == at else "", passage.heading != heading)
        heading = passage.heading
        size += len(html.encode())
        if size > _MOST_BYTES and offset > at:
            after += len(shown) - (offset - begin)
            break
        parts.append(html)
    parts += [_line(f"{after} later passages of this note are not shown here.")] if after else []
    return "\n\n".join(parts)


def _passage(passage: Passage, quote: str, headed: bool) -> str:
    above = " › ".join(name for name in passage.heading if name)
    head = f"<h3>{inline_html(above[:300])}</h3>" if headed and above else ""
    lines = lines_told(passage.text.lines)
    speaker = f" · said by {escape(passage.speaker)}" if passage.speaker else ""
    kind = "passage code" if passage.kind == "code" else "passage"
    words = passage.text.words
    at = words.find(quote) if quote else -1
    begin, end = (at, at + len(quote)) if at >= 0 else (0, 0)
    text = (
        marked_html(words, 0, len(words), begin, end)
        if passage.kind == "code"
        else quoted_html(words, begin, end)
    )
    return f'<div class="piece">{head}<div class="{kind}">{text}</div><small>{lines}{speaker}</small></div>'


def _place_of(key: str) -> tuple[str, int, int, str] | None:
    try:
        place = json.loads(base64.urlsafe_b64decode(key[:_LONGEST_KEY] + "=" * (-len(key) % 4)))
        note, first, last, quote = place
        return str(note), int(first), int(last), str(quote)
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError):
        return None


def _distance(passage: Passage, first: int, last: int) -> int:
    """How many lines lie between a passage and the quoted lines."""
    begin, end = passage.text.lines
    return max(0, begin - last, first - end)


def _link(place: Place) -> str:
    """The page's script shows it beside the name of the note."""
    return f'<p class="elsewhere"><a href="{escape(place.href)}">Open in Notes</a></p>'


def _line(text: str) -> str:
    return f'<p class="notice">{escape(text)}</p>'
