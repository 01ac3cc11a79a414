"""The page's components and what they do. The conversation lives in the session; the chat is a view of it."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners, and
# gradio itself is only known inside the functions.

import html
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tutor.job_queue import Line
from tutor.ui.chats import OPENED, Chats, chats_parts, wire_chats
from tutor.ui.contents import about_html, banner_html, notices_html
from tutor.ui.demos_layout import known_demos
from tutor.ui.desk import Desk, Pace
from tutor.ui.door import at_the_door
from tutor.ui.markup import LATEX_DELIMITERS
from tutor.ui.notes_tab import SEARCHES_A_MINUTE
from tutor.ui.programs import add_programs
from tutor.ui.saying import STYLES, Saying, saying_parts, wire_saying
from tutor.ui.seats import MESSAGES_A_MINUTE, Class, Seats
from tutor.ui.shelf import Shelf, shelf_parts, wire_shelf
from tutor.ui.tabbing import SERVED, TELLING, Beside
from tutor.ui.tabs import Tabs, tab_parts, tabs_of, wire_tabs
from tutor.ui.view import MOST_ANSWERS_WAITING, Session, View

if TYPE_CHECKING:
    from tutor.session import Session as WholeSession


def build_page(
    students: Session | Class, *, log_file: Path | None = None, local: bool = True, programs: bool = False
) -> tuple[Any, "Seats[Seat]"]:
    """The page over an opened session or a class, as a gradio Blocks that is not yet served, and its seats.

    Args:
        log_file: named to the student when something fails in an unforeseen way.
        local: whether the page is served to this machine alone; only then may folders be named on it.
        programs: whether other programs may call endpoints of their own.
    """
    import gradio as gr

    line = Line(1, MOST_ANSWERS_WAITING)  # one model answers one at a time
    gallery: set[str] = set()
    if isinstance(students, Class):
        student, shared, local = students.student, students.shared, False
        seats = Seats(
            lambda name: _seat(student(name), line, None, local, alone=False, demos=demos),
            are_named=True,
            shown_to_all=gallery,
        )
    else:
        alone = shared = students
        seats = Seats(
            lambda name: _seat(alone, line, log_file, local, alone=True, demos=demos),
            are_named=False,
            shown_to_all=gallery,
        )
    is_whole = shared.libraries is not None  # a session of tests has neither libraries nor tabs
    demos = known_demos(cast("WholeSession", shared)) if is_whole else []
    with gr.Blocks(
        title="Tutor", analytics_enabled=False, delete_cache=(3600, 86400), fill_height=True
    ) as blocks:
        parts: dict[str, Any] = {"chat_id": gr.State("")}
        parts |= _side(shared, local, seats.are_named)
        with gr.Tabs(elem_id="tabs", selected="chat") as parts["tabs"]:
            with gr.Tab("Chat", id="chat", elem_id="tab-chat") as parts["chat_tab"]:
                parts |= _conversation(shared)
            if is_whole:
                parts |= tab_parts(shared, demos, _Pictures(gallery))
        parts["link"] = gr.Textbox(label="A link that was followed", elem_id="link", elem_classes="wire")
        _wire(blocks, parts, seats, with_shelf=is_whole)
        if is_whole:
            wire_tabs(blocks, parts, partial(at_the_door, lambda name: seats.of(name).tabs))
        if programs:
            add_programs(seats)
    return blocks, seats


@dataclass
class Seat:
    """What one student works at.

    Attributes:
        shelf, tabs: None where no libraries are kept.
    """

    session: Session
    view: View
    desk: Desk
    chats: Chats
    saying: Saying
    shelf: Shelf | None
    tabs: Tabs | None
    pictures: "_Pictures"

    @property
    def line(self) -> Line:
        """In which answers wait."""
        return self.view.line

    def shows(self, path: str) -> bool:
        """Whether a picture was shown to this student."""
        return path in self.pictures.shown


def _seat(
    session: Session,
    line: Line,
    log_file: Path | None,
    local: bool,
    *,
    alone: bool,
    demos: Sequence[dict[str, Any]],
) -> Seat:
    """What one student works at; in a class with bounds on how much at a time."""
    from gradio.utils import get_upload_folder

    pictures = _Pictures()
    view = View(session, pictures, log_file, line)
    desk, searches = Desk(), None
    if not alone:
        desk = Desk(most=1, pace=Pace(MESSAGES_A_MINUTE, 60.0, time.monotonic))
        searches = Pace(SEARCHES_A_MINUTE, 60.0, time.monotonic)
    chats = Chats(session, view, desk)
    libraries, shelf, tabs = session.libraries, None, None
    if libraries is not None:
        shelf = Shelf(session, libraries, view, desk, get_upload_folder, local)
        tabs = tabs_of(Beside(session, view, desk, chats.relisted, pictures), demos, searches)
    saying = Saying(session, view, desk, chats)
    return Seat(session, view, desk, chats, saying, shelf, tabs, pictures)


class _Pictures:
    """Copies what a run leaves behind into the folder that gradio may serve: no other folder is opened to it."""

    def __init__(self, shown: set[str] | None = None) -> None:
        from gradio.utils import get_upload_folder

        self._folder = get_upload_folder()
        self.shown = set() if shown is None else shown

    def __call__(self, path: str) -> str | None:
        from gradio.processing_utils import save_file_to_cache

        if not path.endswith(SERVED):
            return None
        try:
            copy = str(save_file_to_cache(path, self._folder))
            os.chmod(copy, 0o400)  # by this the page's own copies are told from uploads
        except OSError:
            return None
        self.shown.add(copy)
        return copy


def _side(session: Session, local: bool, named: bool) -> dict[str, Any]:
    """The components beside the conversation, by name."""
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Sidebar(label="Conversations and settings", elem_id="side", width=320):
        parts["about"] = gr.Markdown(about_html(session), elem_id="about")
        # Filled once the page is open: what is due takes the bank of the quizzes, which may take a while to make.
        parts["notices"] = gr.Markdown("", visible=False, elem_id="notices", latex_delimiters=[])
        parts |= chats_parts()
        if session.libraries is not None:
            parts |= shelf_parts(local)
        parts["style"] = gr.Radio(list(STYLES), value="Plain", label="How to explain", elem_id="style")
        name, reason = html.escape(session.model_name), html.escape(session.model_reason)
        leave = '\n\n<p><a href="/logout">Log out</a></p>' if named else ""
        gr.Markdown(
            f"<h2>Who answers</h2>\n\n<p><strong>{name}</strong><br>{reason}</p>{leave}", elem_id="who"
        )
    return parts


def _conversation(session: Session) -> dict[str, Any]:
    """The conversation and the line to write on, by name."""
    import gradio as gr

    parts: dict[str, Any] = {}
    banner = banner_html(session)
    gr.Markdown(banner, visible=bool(banner), elem_id="banner", latex_delimiters=[])
    parts["chat"] = gr.Chatbot(
        elem_id="chat",
        label="Conversation",
        show_label=False,
        layout="panel",
        height="100%",
        scale=1,
        buttons=["copy"],
        editable="user",
        sanitize_html=True,
        allow_tags=False,
        latex_delimiters=LATEX_DELIMITERS,
        group_consecutive_messages=True,
        autoscroll=False,  # the page's script scrolls, no farther than to the last question
        line_breaks=False,
        placeholder="## Ask your notes\nEvery answer quotes them, at the line. "
        "Ask for a simpler explanation, a quiz or a demo.",
        examples=[{"text": text} for text in session.examples],
    )
    # The page's script writes into the one which quote is wanted, and shows the other in a dialog.
    parts["wanted"] = gr.Textbox(elem_id="wanted", elem_classes="wire", show_label=False, container=False)
    parts["quoted_note"] = gr.Markdown("", elem_id="note-text", latex_delimiters=LATEX_DELIMITERS)
    return parts | saying_parts()


def _wire(blocks: Any, parts: dict[str, Any], seats: Seats[Seat], *, with_shelf: bool) -> None:
    """Each listener gets the seat of whoever is logged in first; what a browser says of that is not believed."""
    import gradio as gr

    door = partial(at_the_door, seats.of)

    def on(event: Any, listener: Callable[..., Any], inputs: Any, outputs: Any, **more: Any) -> Any:
        quick = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        return event(door(listener), inputs, outputs, **(quick | more))

    def left(mine: Seat, request: gr.Request) -> None:
        mine.saying.left(str(request.session_hash))

    def notices(mine: Seat) -> Any:
        told = notices_html(mine.session)
        return gr.Markdown(told, visible=bool(told))

    def opened_note(mine: Seat, wanted: str) -> str:
        number, _, key = wanted.partition(" ")
        number = number if number.isdecimal() else "0"
        return f'<div class="asked n{number[:16]}"></div>\n\n{mine.view.note(key)}'

    blocks.unload(door(left))
    on(blocks.load, lambda mine: mine.chats.newest(), None, [parts[name] for name in OPENED])
    on(blocks.load, notices, None, parts["notices"])
    on(parts["wanted"].change, opened_note, parts["wanted"], parts["quoted_note"], trigger_mode="always_last")
    wire_chats(parts, on, TELLING)
    follow = wire_shelf(parts, on) if with_shelf else lambda event: None
    follow(blocks.load)

    def settled(event: Callable[..., Any]) -> None:
        follow(event)
        on(event, notices, None, parts["notices"])

    on(parts["chat_tab"].select, notices, None, parts["notices"])
    wire_saying(parts, on, TELLING, settled)
