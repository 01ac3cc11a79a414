"""The tab of the notes: find one, read it at its lines, ask about a passage, and see what hangs together."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

from collections.abc import Sequence
from html import escape
from math import ceil
from typing import TYPE_CHECKING, Any

from tutor.concept_map import concept_map
from tutor.errors import NotesError, TutorError
from tutor.note_links import folder_of
from tutor.notes import Lines, Note, file_lines, list_files
from tutor.ui.contents import count
from tutor.ui.desk import Pace
from tutor.ui.map_view import map_html
from tutor.ui.markup import LATEX_DELIMITERS, passage_html
from tutor.ui.note_view import Place, note_markdown, place_of_href, question_about
from tutor.ui.tabbing import On
from tutor.words import lines_told

if TYPE_CHECKING:
    from tutor.session import Session

MOST_HITS = 12
SEARCHES_A_MINUTE = 120
"""More than messages: one who types searches again with each letter."""
SNIPPET_CHARS = 160
MOST_LISTED = 400
SELECT_FIRST = "Select a passage of the note first, or press “Ask about this” beside a heading."
_WHOLE: Lines = (0, 0)
_WELCOME = "<p>Choose a note, or search. Its cards and quiz questions unfold their answers.</p>"


def notes_parts() -> dict[str, Any]:
    """The components of the tab by name; the box of links lies outside, so that every tab has it."""
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Tab("Notes", id="notes", elem_id="tab-notes") as parts["notes_tab"]:
        parts["place"] = gr.State(("", _WHOLE))
        with gr.Row(elem_id="notes-row"):
            with gr.Column(scale=1, min_width=260, elem_id="notes-list"):
                parts["search"] = gr.Textbox(
                    label="Search the notes",
                    placeholder="a title or a question",
                    elem_id="note-search",
                    max_lines=1,
                )
                parts["found"] = gr.Markdown("", elem_id="note-found", latex_delimiters=LATEX_DELIMITERS)
            with gr.Column(scale=3, min_width=300, elem_id="note-pane"):
                parts["note_head"] = gr.Markdown(_WELCOME, elem_id="note-head", latex_delimiters=[])
                with gr.Row(visible=False, elem_id="note-tools") as parts["note_tools"]:
                    parts["ask"] = gr.Button("Ask about this passage", elem_id="ask-passage", size="sm")
                parts["selected"] = gr.Textbox(
                    label="Selected words", elem_id="selected", elem_classes="wire"
                )
                parts["note"] = gr.Markdown(
                    "", elem_id="note", latex_delimiters=LATEX_DELIMITERS, sanitize_html=True
                )
                parts["note_map"] = gr.Markdown("", elem_id="note-map", latex_delimiters=[])
    return parts


class NotesTab:
    """What the tab shows of the notes in use; of its own it holds the pace of the searches alone.

    Args:
        pace: how many searches may be made; None for no bound.
    """

    def __init__(self, session: "Session", pace: Pace | None = None) -> None:
        self._session = session
        self._pace = pace

    @property
    def _notes(self) -> Sequence[Note]:
        return self._session.notes_read.index.notes

    def _note(self, path: str) -> Note:
        """The note of that path. NotesError where the library in use holds none."""
        found = next((note for note in self._notes if note.path == path), None)
        if found is None:
            raise NotesError(
                f"The note “{path[:200]}” is not in “{self._session.library.name}”",
                "Look for it in the list, or choose its library.",
            )
        return found

    def listing(self, query: str = "") -> str:
        """All notes by folder; for a query the notes of that name, then the passages that speak to it."""
        query = " ".join(query.split())[:400]
        return self._hits(query) if query else self._all() + self._skipped() + self._whole_map()

    def _all(self) -> str:
        groups: dict[str, list[Note]] = {}
        for note in list(self._notes)[:MOST_LISTED]:
            groups.setdefault(folder_of(note.path), []).append(note)
        shown = "".join(
            f"<h3>{escape(group) or 'Notes'}</h3><ul>{''.join(map(_row, notes))}</ul>"
            for group, notes in sorted(groups.items())
        )
        more = len(self._notes) - MOST_LISTED
        return (
            f'<nav aria-label="Notes">{shown}</nav>'
            + (f"<p>and {more} more: search for them.</p>" if more > 0 else "")
            if shown
            else "<p>This library holds nothing that can be read yet.</p>"
        )

    def _skipped(self) -> str:
        skipped = self._session.notes_read.skipped
        rows = "".join(
            f"<li>{escape(one.path[-160:])}<small>{escape(one.reason[:300])}</small></li>"
            for one in skipped[:200]
        )
        told = f"<ul>{rows}</ul>" if rows else "<p>Every file that can hold notes was read.</p>"
        return f"<details><summary>Skipped: {len(skipped)}</summary>{told}</details>"

    def _whole_map(self) -> str:
        if not self._notes:
            return ""
        drawn = map_html(concept_map(self._notes))
        return f"<details><summary>What needs what</summary>{drawn}</details>"

    def _hits(self, query: str) -> str:
        words = query.casefold().split()
        named = [note for note in self._notes if all(word in note.title.casefold() for word in words)][:8]
        rows = "".join(map(_row, named))
        wait_s = self._pace.wait_s() if self._pace else 0.0
        if wait_s:
            told = (
                f"Those are {SEARCHES_A_MINUTE} searches within a minute: search again in {ceil(wait_s)} s."
            )
            return f'<nav aria-label="Found"><ul>{rows}</ul></nav><p>{told}</p>'
        try:
            hits = self._session.search(query, MOST_HITS)
        except TutorError as error:
            return f"<p>{escape(str(error))}</p>"
        rows += "".join(map(_hit_row, hits))
        told = f"<ul>{rows}</ul>" if rows else "<p>Nothing in your notes speaks to this.</p>"
        return f'<nav aria-label="Found">{told}</nav>'

    def open_note(self, path: str, lines: Lines = _WHOLE) -> list[Any]:
        """place, note_head, note_tools, note, note_map: a note, marked at some lines.

        Raises:
            NotesError: the library in use holds no such note.
        """
        import gradio as gr

        note = self._note(path)
        around = concept_map(self._notes, note.title, self._session.retriever.vocabulary)
        own = around.nodes and around.nodes[0].path == note.path and around.links
        return [
            (path, lines),
            self._head(note, lines),
            gr.Row(visible=True),
            note_markdown(note, self._source(note), lines),
            f"<h3>Around this note</h3>{map_html(around)}" if own else "",
        ]

    def _head(self, note: Note, lines: Lines) -> str:
        facts = [
            note.path,
            note.format,
            count(len(note.cards), "card"),
            count(len(note.quiz), "quiz question"),
            f"opened at {lines_told(lines)}" if lines[0] else "",
        ]
        told = " · ".join(escape(fact) for fact in facts if fact)
        return f"<h2>{escape(note.title or note.path)}</h2><p>{told}</p>"

    def _source(self, note: Note) -> list[str]:
        """The lines of a Markdown note's file; none where it is gone or cannot be read any more."""
        if note.format != "markdown":
            return []
        try:
            folders = [folder for folder in self._session.library.folders if folder.is_dir()]
            file = next((file for file in list_files(folders) if file.name == note.path), None)
            return file_lines(file.path, file.root) if file is not None else []
        except (TutorError, OSError):
            return []

    def question(self, path: str, lines: Lines, selected: str = "") -> str:
        """A question that quotes a passage of a note; empty where none is selected. NotesError without such a note."""
        return question_about(self._note(path), lines, selected)


def _row(note: Note) -> str:
    facts = " · ".join(
        fact for fact in (count(len(note.cards), "card"), count(len(note.quiz), "quiz question")) if fact
    )
    small = f"<small>{facts}</small>" if facts else ""
    href = escape(Place(note.path).href)
    return f'<li><a href="{href}">{escape(note.title or note.path)}</a>{small}</li>'


def _hit_row(hit: dict[str, Any]) -> str:
    first, last = hit["lines"]
    place = Place(str(hit["note"]), (int(first), int(last)))
    words = " ".join(str(hit["text"]).split())
    snippet = words if len(words) <= SNIPPET_CHARS else words[:SNIPPET_CHARS].rpartition(" ")[0] + " …"
    heading = " › ".join(str(name) for name in hit["heading"])
    return (
        f'<li><a href="{escape(place.href)}">{escape(heading)}</a>'
        f"<small>{lines_told(place.lines)}</small><span>{passage_html(snippet)}</span></li>"
    )


def wire_notes(parts: dict[str, Any], on: On) -> None:
    """The listeners of the tab, and those of the links to notes wherever they stand on the page."""
    import gradio as gr

    opened = [parts[name] for name in ("place", "note_head", "note_tools", "note", "note_map")]

    def followed(mine: Any, href: str) -> list[Any]:
        found = place_of_href(href or "")
        if found is None:
            return [gr.skip()] * (len(opened) + 3)
        wants, place = found
        if wants == "ask":
            return [*[gr.skip()] * len(opened), *asked(mine, (place.path, place.lines), ""), ""]
        return [*mine.notes.open_note(place.path, place.lines), gr.Tabs(selected="notes"), gr.skip(), ""]

    def asked(mine: Any, place: Any, selected: str) -> list[Any]:
        path, lines = place
        question = mine.notes.question(path, tuple(lines), selected or "")
        if not question:
            gr.Info(SELECT_FIRST, duration=6)
            return [gr.skip(), gr.skip()]
        return [gr.Tabs(selected="chat"), gr.Textbox(value=question)]

    def listed(mine: Any, query: str) -> str:
        return str(mine.notes.listing(query or ""))

    goes = [parts["tabs"], parts["box"]]
    on(parts["link"].change, followed, parts["link"], [*opened, *goes, parts["link"]])
    # What is told in passing reaches the browser only by way of the queue.
    on(
        parts["ask"].click,
        asked,
        [parts["place"], parts["selected"]],
        goes,
        queue=True,
        concurrency_limit=None,
    )
    on(parts["notes_tab"].select, listed, parts["search"], parts["found"])
    on(parts["search"].change, listed, parts["search"], parts["found"], trigger_mode="always_last")
