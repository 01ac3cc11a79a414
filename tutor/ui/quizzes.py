"""How the page shows a quiz: a question with its buttons, a grade, why the options are right or wrong, the score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from tutor.quiz.items import LETTERS, plain
from tutor.quiz.schedule import day_told
from tutor.ui.markup import bounded_html, inline_html

Data = Mapping[str, Any]

VERDICTS = {"correct": "Correct", "partial": "Partly", "wrong": "Not yet", "unsure": "Unsure"}
_STATUS = {"hit": "✓ said", "missed": "– left out", "contradicted": "✗ contradicted"}
_MOST_STEM_BYTES = 8_000
_MOST_FEEDBACK_BYTES = 5_500


def item_html(event: Data) -> str:
    """A quiz question, its options lettered, what they belong to numbered, and how it is answered."""
    count = f'<p class="count">Question {int(event.get("k", 0))} of {int(event.get("n", 0))}</p>'
    stem = bounded_html(str(event.get("stem", "")), _MOST_STEM_BYTES)
    options = [str(text) for _, text in event.get("options") or ()]
    left = _list((str(text) for text in event.get("left") or ()), "<ol>")
    rest = left + _list(options, '<ol class="choices">')
    how = str(event.get("how") or "")
    if not options:
        how = how if how and "own words" not in how else "Type your answer below, in your own words."
    elif event.get("kind") not in ("match", "order"):
        how = ""
    rest += f'<p class="hint">{escape(how)}</p>' if how else ""
    return f'<div class="turn quiz">{count}</div>\n\n{stem}\n\n{rest}'


def item_buttons(event: Data) -> list[tuple[str, str]]:
    """What the buttons under a question show and send; none where more than one letter is wanted."""
    if event.get("kind") in ("match", "order"):
        return []
    options = [str(text) for _, text in event.get("options") or ()][: len(LETTERS)]
    return [(LETTERS[place], f"{LETTERS[place]}. {text}") for place, text in enumerate(options)]


def grade_html(event: Data, cites: str) -> str:
    """The verdict in words, the feedback, each option's reason, and the note's sentence that decides."""
    verdict = str(event.get("verdict", "unsure"))
    word = VERDICTS.get(verdict, VERDICTS["unsure"])
    parts = [f'<div class="turn grade {escape(verdict)}"><strong class="verdict">{word}</strong></div>']
    said = str(event.get("feedback", ""))
    points = [_point(p) for p in event.get("points") or () if p.get("claim") and str(p["claim"]) not in said]
    feedback = bounded_html(said.removeprefix(f"{word}. "), _MOST_FEEDBACK_BYTES)
    if points:
        feedback += f'\n\n<ul class="points">{"".join(points[:8])}</ul>'
    parts.append(feedback)
    reasons = _reasons(event.get("why") or ())
    if reasons:
        parts.append(f"<details><summary>Why each option is right or wrong</summary>{reasons}</details>")
    if cites:
        parts.append(f'<div class="cites">{cites}</div>')
    for line in (str(event.get("ask") or ""), _due(event)):
        parts.append(f"<p><small>{escape(line)}</small></p>" if line else "")
    return "\n\n".join(part for part in parts if part)


def why_html(event: Data, cites: str) -> str:
    """Why an answer is what it is: the answer, what the note says around it, each option's reason."""
    stem, key = (inline_html(str(event.get(name, ""))[:600]) for name in ("stem", "key"))
    parts = [
        f'<div class="turn quiz"><p class="count">{stem}</p><p>The answer is <strong>{key}</strong></p></div>'
    ]
    around = str(event.get("explanation") or "")
    if around and plain(around) not in plain(
        f"{event.get('key', '')} {(event.get('citation') or {}).get('quote', '')}"
    ):
        parts.append(bounded_html(around, _MOST_FEEDBACK_BYTES))
    parts.append(_reasons(event.get("options") or ()))
    parts.append(f'<div class="cites">{cites}</div>' if cites else "")
    return "\n\n".join(part for part in parts if part)


def score_html(event: Data) -> str:
    """The score, what it means, and what to look at again."""
    revisit = [str(name) for name in event.get("revisit") or ()]
    again = f"<p>Worth another look: {escape(', '.join(revisit))}.</p>" if revisit else ""
    titles = [str(title) for title in dict.fromkeys(event.get("titles") or ()) if title not in revisit]
    notes = f"<p><small>In your notes: {escape(', '.join(titles))}</small></p>" if titles else ""
    told = "".join(f"<p>{escape(str(line)[:600])}</p>" for line in event.get("told") or ())
    score, n = float(event.get("score", 0)), int(event.get("n", 0))
    told_score = f"Score: {score:g} of {n}" if n else "No question was answered."
    head = f"<p><strong>{told_score}</strong></p>"
    return f'<div class="turn score">{head}{again}{notes}{told}</div>'


def _list(texts: Iterable[str], opening: str) -> str:
    rows = "".join(f"<li>{inline_html(text[:400])}</li>" for text in texts)
    return f"{opening}{rows}</ol>" if rows else ""


def _reasons(options: Iterable[Data]) -> str:
    rows = "".join(
        f"<li><strong>{escape(str(one.get('letter', '')))}</strong> {inline_html(str(one.get('text', ''))[:200])}: "
        f"{'right. ' if one.get('right') else ''}{inline_html(str(one.get('why', ''))[:300])}</li>"
        for one in list(options)[: len(LETTERS)]
    )
    return f'<ul class="points">{rows}</ul>' if rows else ""


def _due(event: Data) -> str:
    return f"Due again: {day_told(str(event['next_due']))}" if event.get("next_due") else ""


def _point(point: Data) -> str:
    status = str(point.get("status", ""))
    word = _STATUS.get(status, escape(status))
    return f"<li><small>{word}:</small> {inline_html(str(point['claim'])[:400])}</li>"
