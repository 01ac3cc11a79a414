"""What was read of the notes, what was done with them and what should be known of them, as HTML. No gradio in it."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Collection

from tutor.opened import ReadNotes
from tutor.ui.view import Session

FIRST_LINES = 12
MOST_LINES = 200
MOST_NOTICES = 5
_CODE = re.compile(r"`([^`]+)`")


def status_html(said: str, bad: bool = False) -> str:
    """Lines on what was done, escaped."""
    lines = "".join(f"<p>{html.escape(line.strip()[:600])}</p>" for line in said.split("\n") if line.strip())
    return f'<div role="status" class="{"bad" if bad else "done"}">{lines}</div>' if lines else ""


def contents_html(read: ReadNotes) -> str:
    """What was skipped of a library, and why, and what was read: FIRST_LINES of each, up to MOST_LINES unfolded."""
    passages = Counter(passage.note for passage in read.index.passages if passage.kind != "card")
    notes = [
        _entry(
            note.title or note.path,
            note.path,
            note.format,
            count(passages[note.path], "passage"),
            count(len(note.cards), "card"),
            count(len(note.quiz), "quiz question"),
        )
        for note in read.index.notes
    ]
    skipped = [_entry(entry.path, entry.reason) for entry in read.skipped]
    unread = _section(f"Skipped: {len(skipped)}", skipped) if skipped else ""
    title = f"Read: {count(len(notes), 'note') or 'nothing'}"
    return f"<div>{unread}{_section(title, notes)}</div>"


def _section(title: str, entries: list[str]) -> str:
    first, rest = entries[:FIRST_LINES], entries[FIRST_LINES:MOST_LINES]
    end = f"<li>and {len(entries) - MOST_LINES} more</li>" if len(entries) > MOST_LINES else ""
    more = f"and {len(entries) - FIRST_LINES} more"
    folded = f"<details><summary>{more}</summary><ul>{''.join(rest)}{end}</ul></details>" if rest else ""
    return f"<h2>{html.escape(title)}</h2><ul>{''.join(first)}</ul>{folded}"


def _entry(name: str, *facts: str) -> str:
    told = " · ".join(" ".join(fact.split())[:200] for fact in facts if fact)
    return f"<li><b>{html.escape(' '.join(name.split())[:120])}</b><span>{html.escape(told)}</span></li>"


def count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}" if number else ""


def notices_html(session: Session, seen: Collection[str] = ()) -> str:
    """What the student should know about the start: the first MOST_NOTICES lines, then how many more.

    Args:
        seen: lines that need not be said, since what they tell of is in view.
    """
    lines = [line for line in session.notices if line not in seen]
    skipped = len(session.notes_read.skipped) if session.libraries is not None else 0
    if skipped:
        lines.insert(0, f"{count(skipped, 'file')} could not be read: see “Notes”.")
    shown = [
        _CODE.sub(r"<code>\1</code>", html.escape(" ".join(line.split())[:400]))
        for line in lines[:MOST_NOTICES]
    ]
    if len(lines) > MOST_NOTICES:
        shown.append(f"and {len(lines) - MOST_NOTICES} more; see <code>tutor index</code>")
    return "<div>" + "".join(f"<p>{line}</p>" for line in shown) + "</div>" if shown else ""


def banner_html(session: Session) -> str:
    """That no chat model answers, why, and how to get one; empty where one does."""
    if session.model_name != "notes-only":
        return ""
    return (
        "<p><strong>No chat model: answers are your notes' own sentences.</strong> "
        "<code>tutor models</code> shows those that fit this machine.</p>"
    )


def about_html(session: Session) -> str:
    """The page's name and what was read, in one line."""
    return f"<h1>Tutor</h1>\n\n<p>{html.escape(session.library_line)}</p>"
