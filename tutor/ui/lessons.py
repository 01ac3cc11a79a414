"""How the page shows what goes with a demo: the question before it, the lesson after it, and tables of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tutor.ui.markup import inline_html

Data = Mapping[str, Any]


def prediction_html(event: Data) -> str:
    """The question before a run, its options lettered."""
    rows = "".join(f"<li>{inline_html(str(text)[:200])}</li>" for text in event.get("options") or ())
    return (
        f'<div class="turn quiz"><p class="count">Before it runs: what do you expect?</p>'
        f"<p><strong>{inline_html(str(event.get('question', ''))[:400])}</strong></p>"
        f'<ol class="choices">{rows}</ol></div>'
    )


def lesson_html(event: Data) -> str:
    """The prediction beside what came out, the questions on the run, and the notes that explain it."""
    parts = []
    if event.get("compared"):
        parts.append(f"<p>{inline_html(str(event['compared'])[:800])}</p>")
    questions = [str(question.get("text", "")) for question in event.get("questions") or ()]
    if questions:
        rows = "".join(f"<li>{inline_html(text[:400])}</li>" for text in questions)
        parts.append(f'<p class="count">Two questions on this run</p><ol>{rows}</ol>')
    if event.get("notes"):
        titles = ", ".join(inline_html(str(title)[:120]) for title in event["notes"])
        parts.append(f"<p><small>In your notes: {titles}</small></p>")
    return f'<div class="turn outcome">{"".join(parts)}</div>'


def table_html(event: Data) -> str:
    """A table of the program's own, its caption below."""
    head = "".join(f"<th>{inline_html(str(cell))}</th>" for cell in event.get("head") or ())
    rows = "".join(
        "<tr>" + "".join(f"<td>{inline_html(str(cell)[:200])}</td>" for cell in row) + "</tr>"
        for row in list(event.get("rows") or ())[:60]
    )
    caption = inline_html(str(event.get("caption", ""))[:600])
    return (
        f'<div class="turn outcome"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f"<p><small>{caption}</small></p></div>"
    )
