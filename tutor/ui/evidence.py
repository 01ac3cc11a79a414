"""The evidence of an answer as HTML: folded under the answer, or open where the student asks for it."""

from __future__ import annotations

from html import escape

from tutor.evidence import Told, counted, sections
from tutor.turns import EvidenceRecord
from tutor.ui.markup import passage_html

# With the signs around it a message of this size stays below what the page takes.
_MOST_BYTES = 18_000


def evidence_fold(record: EvidenceRecord) -> str:
    """A fold that says what was looked at; closed it says how much of it was used."""
    return (
        f'<details class="evidence"><summary>Evidence: {escape(counted(record))}</summary>'
        f"{_body(record)}</details>"
    )


def evidence_html(record: EvidenceRecord, question: str) -> str:
    """The same, open, under the question that it belongs to."""
    asked = f"<p><strong>Evidence for “{passage_html(question)}”</strong></p>" if question else ""
    return f'<div class="evidence">{asked}{_body(record)}</div>'


def _body(record: EvidenceRecord) -> str:
    html = f"<p>{passage_html(record.verdict)}</p>"
    for heading, told in sections(record):
        lines = ""
        for line in map(_line, told):
            if len((html + lines + line).encode()) > _MOST_BYTES:
                lines += "<li>and more that is too long to show</li>"
                break
            lines += line
        html += f'<p class="count">{escape(heading)}</p><ul>{lines}</ul>'
    return html


def _line(told: Told) -> str:
    place = f'<span class="place">{passage_html(told.place)}</span>' if told.place else ""
    words = passage_html(told.text)
    # What was thrown out of a draft has no place in the notes: it is shown struck, so that nobody learns it.
    text = (f"“{words}”" if told.place else f"<s>{words}</s>") if told.text else ""
    reason = f"<small>{passage_html(told.reason)}</small>" if told.reason else ""
    return f"<li>{'<br>'.join(part for part in (place, text, reason) if part)}</li>"
