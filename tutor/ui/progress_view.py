"""How the student stands, as the tab of the progress shows it; each bar has its figure beside it. No gradio in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

from tutor.notes import Note
from tutor.quiz.replies import confidence_of
from tutor.quiz.told import due_told
from tutor.ui.markup import inline_html
from tutor.ui.note_view import Place
from tutor.ui.quiz_view import SURENESS, said_with
from tutor.ui.run_view import bar_html
from tutor.words import lines_told

Data = Mapping[str, Any]

FIRST_CONCEPTS = 12
MOST_CONCEPTS = 200
MOST_MISSES = 30
_ENOUGH = 5  # answers from which more is said than how many were right
_BUTTONS = {round(4 * (confidence_of(said_with("A", name))[0] or 0)): name for name in SURENESS}
_EMPTY = "<p>Nothing is on record yet. Take a quiz, and your answers will show here.</p>"


def progress_html(
    stands: Data, wrong: Sequence[Data], days: Sequence[Data], covered: Sequence[Data], notes: Sequence[Note]
) -> str:
    """The whole of it.

    Args:
        stands: the JSON value of `tutor progress --json`.
        wrong, days, covered: as `Studies.wrong`, `Studies.days` and `Studies.covered` give them.
    """
    answered = [one for one in stands["concepts"] if one["answers"]]
    parts = [
        _tiles(stands),
        f"<p>{escape(due_told(stands))}</p>",
        _part("Days", _days(days)) if answered else _EMPTY,
        _part("What you know, concept by concept", _concepts(answered, notes)) if answered else "",
        _part("How sure and how right", _calibration(stands)) if answered else "",
        _part("What went wrong last time", _misses(wrong)) if wrong else "",
        _part("How much of your notes was asked", _coverage(stands, covered, notes)),
    ]
    return "\n\n".join(part for part in parts if part)


def _part(title: str, html: str) -> str:
    return f"<h3>{title}</h3>\n\n{html}"


def _tiles(stands: Data) -> str:
    told = (
        (stands["due"], "due today"),
        (stands["streak_days"], "day in a row" if stands["streak_days"] == 1 else "days in a row"),
        (stands["answers"], "answer" if stands["answers"] == 1 else "answers"),
        (stands["coverage"]["mastered"], "facts known for long"),
    )
    return (
        '<ul class="tiles">'
        + "".join(f"<li><strong>{n}</strong>{escape(what)}</li>" for n, what in told)
        + "</ul>"
    )


def _row(name: str, share: float, told: str, reach: float = 0.0) -> str:
    return f"<li><span>{name}</span>{bar_html(share, reach)}<span>{escape(told)}</span></li>"


def _rows(rows: Iterable[str]) -> str:
    return f'<ul class="rows">{"".join(rows)}</ul>'


def _days(days: Sequence[Data]) -> str:
    most = max((int(day["answers"]) for day in days), default=0) or 1
    rows = [
        _row(
            escape(f"{date.fromisoformat(day['day']):%a %d %b}"),
            day["right"] / most,
            f"{day['answers']} answered, {day['right']} right" if day["answers"] else "nothing",
            day["answers"] / most,
        )
        for day in reversed(days)
    ]
    more = f"<details><summary>The week before</summary>{_rows(rows[7:])}</details>" if rows[7:] else ""
    return f"<p><small>The left part of a bar was right.</small></p>{_rows(rows[:7])}{more}"


def _concepts(answered: Sequence[Data], notes: Sequence[Note]) -> str:
    titles = {note.title.casefold(): note for note in notes}

    def row(one: Data) -> str:
        note = titles.get(str(one["concept"]).casefold())
        name = escape(str(one["concept"]))
        linked = f'<a href="{escape(Place(note.path).href)}">{name}</a>' if note is not None else name
        known = f"{one['mastery']:.0%}: {one['known']} of {one['facts']} known; " if one["facts"] else ""
        low, high = one["interval"]
        likely = f", so likely {low:.0%} to {high:.0%}" if one["answers"] >= _ENOUGH else ""
        due = f"; {one['due']} due" if one["due"] else ""
        return _row(linked, one["mastery"], f"{known}{_scored(one['right'], one['answers'])}{likely}{due}")

    first, rest = answered[:FIRST_CONCEPTS], answered[FIRST_CONCEPTS:MOST_CONCEPTS]
    more = f"<details><summary>and {len(rest)} that stand better</summary>{_rows(map(row, rest))}</details>"
    return "<p><small>The weakest first.</small></p>" + _rows(map(row, first)) + (more if rest else "")


def _scored(points: float, answers: int) -> str:
    """What so many answers scored, as a quiz says it: one that is partly right counts by quarters."""
    return f"scored {round(4 * points) / 4:g} of {answers}"


def _calibration(stands: Data) -> str:
    groups = stands["calibration"]
    if not groups:
        return (
            "<p>Say how sure you are before you answer, and this shows how well you know what you know.</p>"
        )
    rows = _rows(
        _row(
            _sure_as_said(one["said"]),
            one["right"],
            _scored(one["right"] * one["answers"], one["answers"]) + _beside(one),
        )
        for one in groups
    )
    n = len(stands["sure_and_wrong"])
    return rows + (
        f"<p>Sure and wrong: {n} {'fact' if n == 1 else 'facts'}; look at these first.</p>" if n else ""
    )


def _sure_as_said(said: float) -> str:
    """How sure the student was, by the button of the quiz that says so."""
    name = _BUTTONS.get(round(4 * said))
    return f"you said “{name}”" if name else f"you said {said:.0%} sure"


def _beside(one: Data) -> str:
    """Whether the student knows less or more than they say, where there is enough to tell."""
    gap = one["right"] - one["said"]
    if one["answers"] < _ENOUGH or abs(gap) < 0.15:
        return ""
    return ": you know more than you say" if gap > 0 else ": you know less than you say"


def _misses(wrong: Sequence[Data]) -> str:
    rows = "".join(
        f"<li>{inline_html(str(one['question'])[:300])}<small>{inline_html(str(one['key'])[:300])} · "
        f"{_link(Place(str(one['note']), (int(one['lines'][0]), int(one['lines'][1]))))}</small></li>"
        for one in wrong[:MOST_MISSES]
    )
    more = f"<p>and {len(wrong) - MOST_MISSES} more.</p>" if len(wrong) > MOST_MISSES else ""
    return f'<ul class="misses">{rows}</ul>{more}'


def _link(place: Place) -> str:
    return f'<a href="{escape(place.href)}">{escape(place.path)}, {lines_told(place.lines)}</a>'


def _coverage(stands: Data, covered: Sequence[Data], notes: Sequence[Note]) -> str:
    whole = stands["coverage"]
    titles = {note.path: note.title for note in notes}
    facts = max(1, int(whole["facts"]))
    head = _rows(
        [
            _row("asked", whole["asked"] / facts, f"{whole['asked']} of {whole['facts']} facts"),
            _row(
                "known for long", whole["mastered"] / facts, f"{whole['mastered']} of {whole['facts']} facts"
            ),
        ]
    )
    rows = _rows(
        _row(
            f'<a href="{escape(Place(str(one["note"])).href)}">{escape(titles.get(one["note"]) or one["note"])}</a>',
            one["asked"] / max(1, one["facts"]),
            f"{one['asked']} of {one['facts']} asked",
        )
        for one in covered[:MOST_CONCEPTS]
    )
    stale = (
        f"<p>{whole['stale']} kept questions rest, because the notes changed.</p>" if whole["stale"] else ""
    )
    return f"{head}<details><summary>Note by note</summary>{rows}</details>{stale}"
