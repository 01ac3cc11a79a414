"""The evidence of an answer as HTML: folded under the answer, or open where the student asks for it."""

from __future__ import annotations

from html import escape

from tutor.evidence import Told, counted, sections
from tutor.turns import EvidenceRecord
from tutor.ui.markup import passage_html


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
    parts = [f"<p>{passage_html(record.verdict)}</p>"]
    for heading, told in sections(record):
        parts.append(f'<p class="count">{escape(heading)}</p><ul>{"".join(map(_line, told))}</ul>')
    return "".join(parts)


def _line(told: Told) -> str:
    place = f'<span class="where">{passage_html(told.place)}</span>' if told.place else ""
    text = f"“{passage_html(told.text)}”" if told.text else ""
    reason = f"<small>{passage_html(told.reason)}</small>" if told.reason else ""
    return f"<li>{'<br>'.join(part for part in (place, text, reason) if part)}</li>"
