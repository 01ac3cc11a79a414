"""How the student stands, in words: tables for the chat and the terminal, and what to look at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tutor.reviewing import Which
from tutor.turns import Event, Notice, TableShown

Data = Mapping[str, Any]

MOST_ROWS = 12
_FEW = 3
_NOTHING = "Nothing is on record yet{on}: say “quiz me”, and your answers will show here."


def fewer_told(found: int, wanted: int, topic: str, kinds: Sequence[str] = ()) -> str:
    """What is said where fewer questions were drawn than were wanted; empty where there are enough.

    How many there are depends on which are drawn first, since none may repeat or tell another of the quiz: so this is
    said of the quiz and not of the notes.
    """
    if found >= wanted:
        return ""
    such = " of these kinds" if len(kinds) > 1 else " of this kind" if kinds else ""
    on = f"{such}{f' on {topic}' if topic.strip() else ''}"
    if found == 1:
        return f"I could draw only 1 question{on}."
    return f"I could draw only {found} questions{on} that neither repeat nor tell each other."


def progress_events(
    stands: Data, wrong: Sequence[Data] = (), which: Which = "", topic: str = ""
) -> list[Event]:
    """What the student is shown.

    Args:
        stands: the JSON value of `tutor progress --json`.
        wrong: the facts whose last answer was not right, as `Studies.wrong` gives them.
        which: "missed" shows those facts, "due" tells what is due first; else the concepts are shown.
        topic: what the student asked about; empty for everything.
    """
    if which == "missed":
        return _missed(wrong)
    rows = [one for one in stands["concepts"] if one["answers"]]
    due = due_told(stands)
    if not rows:
        return [Notice(_NOTHING.format(on=f" on {topic}" if topic else ""))]
    head = ("concept", "known now", "mastery", "right answers", "due")
    table = TableShown(_caption(stands), head, tuple(_row(one) for one in rows[:MOST_ROWS]))
    told = [*_revisit(stands), *_confused(stands), *_sureness(stands), *_coverage(stands, topic)]
    if len(rows) > MOST_ROWS:
        told.insert(0, f"{len(rows) - MOST_ROWS} more concepts stand better than these.")
    ordered = [due, *told] if which == "due" else [*told, due]
    lines = " ".join(line for line in ordered if line)
    return [Notice(lines), table] if which == "due" else [table, Notice(lines)]


def _caption(stands: Data) -> str:
    days = stands["streak_days"]
    streak = f", {_count(days, 'day')} in a row" if days > 1 else ""
    return f"{_count(stands['answers'], 'answer')} so far{streak}; the weakest concepts first."


def _row(one: Data) -> tuple[str, ...]:
    known = f"{one['known']} of {one['facts']}" if one["facts"] else "-"
    mastery = f"{one['mastery']:.0%}" if one["facts"] else "-"
    return (
        one["concept"],
        known,
        mastery,
        f"{one['right']:g} of {one['answers']}",
        str(one["due"] or "-"),
    )


def due_told(stands: Data) -> str:
    """What is due today and in the coming week."""
    due, ahead = stands["due"], sum(stands["ahead"])
    week = f"{_count(ahead, 'card')} more in the next 7 days" if ahead else "none more in the next 7 days"
    waits = stands.get("waiting", 0)
    if waits:
        week = f"{waiting_told(waits)}, {week}"
    if not due:
        return f"The reviews of today are done; {week}." if waits else f"Nothing is due today; {week}."
    about = _count(stands["due_minutes"], "minute")
    are = "is" if due == 1 else "are"
    return f"{_count(due, 'card')} {are} due today (about {about}), {week}: say “review”."


def waiting_told(n: int) -> str:
    """How many due cards wait for another day."""
    return f"{_count(n, 'card')} {'waits' if n == 1 else 'wait'} until tomorrow"


def _revisit(stands: Data) -> list[str]:
    names = stands["revisit"][:_FEW]
    return [f"Look again at: {', '.join(names)} (“quiz me on what I got wrong”)."] if names else []


def _confused(stands: Data) -> list[str]:
    often = ((one["said"], one["times"]) for one in stands["confusions"][:_FEW])
    return [f"{said}{f' ({times} times)' if times > 1 else ''}." for said, times in often]


def _sureness(stands: Data) -> list[str]:
    """The two ends of what the student said of their confidence, where there is enough to tell."""
    told = []
    for one in stands["calibration"]:
        word = "sure" if one["said"] >= 0.75 else "not sure" if one["said"] <= 0.3 else ""
        if word and one["answers"] >= _FEW:
            told.append(
                f"When you said “{word}” you were right in {one['right']:.0%} of {_count(one['answers'], 'answer')}."
            )
    return told


def _coverage(stands: Data, topic: str) -> list[str]:
    covered = stands["coverage"]
    on = f" on {topic}" if topic else ""
    line = (
        f"Of {_count(covered['facts'], 'fact')} in your notes{on} {covered['asked']} were asked, "
        f"{covered['mastered']} mastered, {covered['never_asked']} never asked."
    )
    stale = covered["stale"]
    gone = (
        f"{_count(stale, 'question')} rest{'s' if stale == 1 else ''}, because the notes changed."
        if stale
        else ""
    )
    return [line, gone] if gone else [line]


def _missed(wrong: Sequence[Data]) -> list[Event]:
    if not wrong:
        return [Notice("Nothing that you got wrong still stands. Say “quiz me” for something new.")]
    rows = tuple((_short(one["question"]), _short(one["key"]), one["note"]) for one in wrong[:MOST_ROWS])
    all_of = _count(len(wrong), "question")
    shown = all_of if len(wrong) <= MOST_ROWS else f"{MOST_ROWS} of {all_of}"
    caption = f"{shown} whose last answer was not right, the latest first."
    return [
        TableShown(caption, ("question", "what the note says", "note"), rows),
        Notice("Say “quiz me on what I got wrong” to try them again."),
    ]


def _short(text: str, limit: int = 110) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
