"""How the page shows a quiz: a question with its buttons, a grade, why the options are right or wrong, the score."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from tutor.quiz.items import LETTERS, plain
from tutor.quiz.schedule import day_told
from tutor.ui.markup import bounded_html, inline_html

Data = Mapping[str, Any]

VERDICTS = {
    "correct": "Correct",
    "partial": "Partly",
    "wrong": "Not yet",
    "unsure": "Unsure",
    "skipped": "Skipped",
    "reported": "Reported",
}
# How a feedback begins that says no more than the verdict above it.
_OPENING = re.compile(r"(?:Right|Partly|Not quite|Not this one|Skipped)(?:\.(?:\s+|$)|: (?=\d))")
_STATUS = {"hit": "✓ said", "missed": "– left out", "contradicted": "✗ contradicted"}
_MOST_STEM_BYTES = 8_000
_MOST_FEEDBACK_BYTES = 5_500


def item_html(event: Data) -> str:
    """A quiz question as `asked_html`, and how it is answered."""
    how = str(event.get("how") or "")
    if not event.get("options"):
        how = how if how and "own words" not in how else "Type your answer below, in your own words."
    elif event.get("kind") not in ("match", "order"):
        how = ""
    return asked_html(event) + (f'<p class="hint">{escape(how)}</p>' if how else "")


def asked_html(event: Data) -> str:
    """A quiz question, its options lettered, and what they belong to numbered."""
    count = f'<p class="count">Question {int(event.get("k", 0))} of {int(event.get("n", 0))}</p>'
    stem = bounded_html(str(event.get("stem", "")), _MOST_STEM_BYTES)
    left = _list((str(text) for text in event.get("left") or ()), "<ol>")
    options = _list((str(text) for _, text in event.get("options") or ()), '<ol class="choices">')
    return f'<div class="turn quiz">{count}</div>\n\n{stem}\n\n{left}{options}'


def item_buttons(event: Data) -> list[tuple[str, str]]:
    """What the buttons under a question show and send; none where more than one letter is wanted."""
    if event.get("kind") in ("match", "order"):
        return []
    options = [str(text) for _, text in event.get("options") or ()][: len(LETTERS)]
    return [(LETTERS[place], f"{LETTERS[place]}. {text}") for place, text in enumerate(options)]


def grade_html(event: Data, cites: str) -> str:
    """The verdict in words, the feedback, each option's reason, and the note's sentence that decides."""
    said = str(event.get("feedback", ""))
    told = f"{said} {(event.get('citation') or {}).get('quote', '')}"
    feedback = bounded_html(_OPENING.sub("", said, count=1), _MOST_FEEDBACK_BYTES)
    claims = [p for p in event.get("points") or () if not _is_told(str(p.get("claim") or ""), told)]
    if claims:
        feedback += f'\n\n<ul class="points">{"".join(map(_point, claims[:8]))}</ul>'
    parts = [verdict_html(str(event.get("verdict", ""))), feedback, _whys(event.get("why") or (), told)]
    if cites:
        parts.append(f'<div class="cites">{cites}</div>')
    for line in (str(event.get("ask") or ""), _due(event)):
        parts.append(f"<p><small>{escape(line)}</small></p>" if line else "")
    return "\n\n".join(part for part in parts if part)


def verdict_html(verdict: str) -> str:
    """A verdict in words, under a sign by which its colour is known."""
    known = verdict if verdict in VERDICTS else "unsure"
    return f'<div class="turn grade {known}"><strong class="verdict">{VERDICTS[known]}</strong></div>'


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
    reasons = _reasons(event.get("options") or ())
    parts.append(f'<ul class="points">{"".join(reasons)}</ul>' if reasons else "")
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
    head = f"<h2>{told_score}</h2>"
    return f'<div class="turn score">{head}{again}{notes}{told}</div>'


def _list(texts: Iterable[str], opening: str) -> str:
    rows = "".join(f"<li>{inline_html(text[:400])}</li>" for text in texts)
    return f"{opening}{rows}</ol>" if rows else ""


def _whys(options: Sequence[Data], told: str) -> str:
    """The reasons of the options in a fold; empty where nothing is left to say of them."""
    reasons = _reasons(options, told)
    if not reasons:
        return ""
    own = any(one.get("right") and not _is_told(str(one.get("why", "")), told) for one in options)
    what = "Why each option is right or wrong" if own else "Why the others are wrong"
    return f'<details><summary>{what}</summary><ul class="points">{"".join(reasons)}</ul></details>'


def _reasons(options: Iterable[Data], told: str = "") -> list[str]:
    """A row for each option with a reason that was not told already: why it is right, or wrong."""
    listed = list(options)[: len(LETTERS)]
    right = " ".join(str(one.get("why", "")) for one in listed if one.get("right"))
    return [
        f"<li><strong>{escape(str(one.get('letter', '')))}</strong> {inline_html(str(one.get('text', ''))[:200])}: "
        f"{'right' if one.get('right') else 'wrong'}. {inline_html(str(one.get('why', ''))[:300])}</li>"
        for one in listed
        if not _is_told(str(one.get("why", "")), told if one.get("right") else f"{told} {right}")
    ]


def _is_told(why: str, told: str) -> bool:
    """Whether a text says all that a reason would."""
    return plain(why) in plain(told)


def _due(event: Data) -> str:
    return f"Due again: {day_told(str(event['next_due']))}" if event.get("next_due") else ""


def _point(point: Data) -> str:
    status = str(point.get("status", ""))
    word = _STATUS.get(status, escape(status))
    return f"<li><small>{word}:</small> {inline_html(str(point['claim'])[:400])}</li>"
