"""The words of a note as HTML, for programs that show cards: formulas for MathJax, code apart, all else escaped."""

from __future__ import annotations

import html
import re

_FENCE = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)(?:^[ \t]*```[ \t]*$\n?|\Z)", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(
    r"\$\$(?P<display>.+?)\$\$|\\\[(?P<bracketed>.+?)\\\]|\\\((?P<inline>.+?)\\\)|"
    r"(?<![\\$])\$(?=\S)(?P<dollar>[^$\n]+?)(?<=\S)\$(?!\d)|"
    r"(?<!`)`(?P<code>[^`\n]+)`(?!`)|~~(?P<struck>.+?)~~",
    re.DOTALL,
)
# Marks at which Anki would play a sound or run LaTeX.
_ANKI_MARK = re.compile(r"\[(?=/?(?:sound|latex|anki|\$))", re.IGNORECASE)


def as_html(words: str) -> str:
    """Words as HTML on one or more lines."""
    parts: list[str] = []
    at = 0
    for fence in _FENCE.finditer(words):
        parts.append(_prose(words[at : fence.start()]))
        parts.append(f"<pre><code>{_escaped(fence[1].rstrip())}</code></pre>")
        at = fence.end()
    parts.append(_prose(words[at:]))
    return "".join(parts)


def _prose(words: str) -> str:
    words = words.strip("\n")
    parts: list[str] = []
    at = 0
    for found in _INLINE.finditer(words):
        parts.append(_text(words[at : found.start()]))
        parts.append(_marked(found))
        at = found.end()
    return "".join([*parts, _text(words[at:])])


def _marked(found: re.Match[str]) -> str:
    display = found["display"] or found["bracketed"]
    inline = found["inline"] or found["dollar"]
    if display:
        return rf"\[{_escaped(display)}\]"
    if inline:
        return rf"\({_escaped(inline)}\)"
    if found["code"]:
        return f"<code>{_escaped(found['code'])}</code>"
    return f"<s>{_prose(found['struck'])}</s>"


def _text(words: str) -> str:
    return _escaped(words).replace("\n", "<br>")


def _escaped(words: str) -> str:
    return _ANKI_MARK.sub("&#91;", html.escape(words, quote=False))
