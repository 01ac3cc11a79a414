"""The page's components and what they do. The conversation lives in the session; the chat is a view of it."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners, and
# gradio itself is only known inside the functions.

import html
import time
from collections.abc import Callable, Iterator
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

from tutor.errors import QuizError
from tutor.job_queue import Line
from tutor.turns import Style
from tutor.ui.contents import about_html, notices_html
from tutor.ui.desk import Desk, Pace
from tutor.ui.door import at_the_door
from tutor.ui.markup import LATEX_DELIMITERS
from tutor.ui.programs import add_programs
from tutor.ui.rendering import MOST_CHARS
from tutor.ui.seats import MESSAGES_A_MINUTE, Class, Seats
from tutor.ui.shelf import Shelf, shelf_parts, wire_shelf
from tutor.ui.view import MOST_ANSWERS_WAITING, STOPPED_EARLY, Session, View

STYLES: dict[str, Style | None] = {
    "Plain": None,
    "Like I'm 5": "eli5",
    "School": "school",
    "Expert": "expert",
}

# What a listener tells in passing (gr.Info) reaches the browser only by way of the queue; nobody waits there.
TELLING: dict[str, Any] = {"queue": True, "concurrency_limit": None}


def build_page(
    students: Session | Class, *, log_file: Path | None = None, local: bool = True, programs: bool = False
) -> tuple[Any, "Seats[_Listeners]"]:
    """The page over an opened session or a class, as a gradio Blocks that is not yet served, and its seats.

    Args:
        log_file: named to the student when something fails in an unforeseen way.
        local: whether the page is served to this machine alone; only then may folders be named on it.
        programs: whether other programs may call endpoints of their own.
    """
    import gradio as gr

    line = Line(1, MOST_ANSWERS_WAITING)  # one model answers one at a time
    if isinstance(students, Class):
        student, shared, local = students.student, students.shared, False
        seats = Seats(lambda name: _seat(student(name), line, None, local, alone=False), are_named=True)
    else:
        alone = shared = students
        seats = Seats(lambda name: _seat(alone, line, log_file, local, alone=True), are_named=False)
    with gr.Blocks(
        title="Tutor", analytics_enabled=False, delete_cache=(3600, 86400), fill_height=True
    ) as blocks:
        parts = _layout(shared, local, seats.are_named)
        _wire(blocks, parts, seats, with_shelf=shared.libraries is not None)
        if programs:
            add_programs(seats)
    return blocks, seats


def _seat(session: Session, line: Line, log_file: Path | None, local: bool, *, alone: bool) -> "_Listeners":
    """What one student works at; in a class with bounds on how much at a time."""
    from gradio.utils import get_upload_folder

    pictures = _Pictures()
    view = View(session, pictures, log_file, line)
    desk = Desk() if alone else Desk(most=1, pace=Pace(MESSAGES_A_MINUTE, 60.0, time.monotonic))
    libraries, shelf = session.libraries, None
    if libraries is not None:
        shelf = Shelf(session, libraries, view, desk, get_upload_folder, local)
    return _Listeners(session, view, desk, shelf, pictures)


class _Pictures:
    """Copies pictures into the folder that gradio may serve, so that no other folder is opened to it."""

    def __init__(self) -> None:
        from gradio.utils import get_upload_folder

        self._folder = get_upload_folder()
        self.shown: set[str] = set()

    def __call__(self, path: str) -> str | None:
        from gradio.processing_utils import save_file_to_cache

        if not path.endswith(".png"):
            return None
        try:
            copy = str(save_file_to_cache(path, self._folder))
        except OSError:
            return None
        self.shown.add(copy)
        return copy


def _layout(session: Session, local: bool, named: bool) -> dict[str, Any]:
    """The components by name."""
    import gradio as gr

    parts: dict[str, Any] = {"chat_id": gr.State("")}
    with gr.Sidebar(label="Conversations and settings", elem_id="side", width=320):
        parts["about"] = gr.Markdown(about_html(session), elem_id="about")
        parts["notices"] = gr.Markdown(
            notices_html(session),
            visible=bool(notices_html(session)),
            elem_id="notices",
            latex_delimiters=[],
        )
        parts["new"] = gr.Button("New conversation", elem_id="new", variant="primary", size="md")
        parts["chats"] = gr.Radio([], label="Conversations", elem_id="chats")
        parts["delete"] = gr.Button(
            "Delete this conversation", elem_id="delete", size="sm", variant="secondary"
        )
        with gr.Row(visible=False, elem_id="sure") as parts["sure"]:
            parts["yes"] = gr.Button("Delete it", elem_id="delete-yes", size="sm", variant="stop")
            parts["no"] = gr.Button("Keep it", elem_id="delete-no", size="sm")
        if session.libraries is not None:
            parts |= shelf_parts(local)
        parts["style"] = gr.Radio(list(STYLES), value="Plain", label="How to explain", elem_id="style")
        name, reason = html.escape(session.model_name), html.escape(session.model_reason)
        leave = '\n\n<p><a href="/logout">Log out</a></p>' if named else ""
        gr.Markdown(
            f"<h2>Who answers</h2>\n\n<p><strong>{name}</strong><br>{reason}</p>{leave}", elem_id="who"
        )
    parts["chat"] = gr.Chatbot(
        elem_id="chat",
        label="Conversation",
        show_label=False,
        layout="panel",
        height="100%",
        scale=1,
        buttons=["copy"],
        sanitize_html=True,
        allow_tags=False,
        latex_delimiters=LATEX_DELIMITERS,
        group_consecutive_messages=True,
        feedback_options=None,
        line_breaks=False,
        placeholder="## Ask your notes\nEvery answer quotes them, at the line. "
        "Ask for a simpler explanation, a quiz or a demo.",
        examples=[{"text": text} for text in session.examples],
    )
    parts["box"] = gr.Textbox(
        elem_id="box",
        label="Your message",
        show_label=False,
        placeholder="Ask about your notes",
        lines=1,
        max_lines=8,
        submit_btn="Send",
        stop_btn=False,
        autofocus=True,
    )
    return parts


class _Listeners:
    """What each click of one student changes: values and updates for the components that it names."""

    def __init__(
        self,
        session: Session,
        view: View,
        desk: Desk,
        shelf: Shelf | None = None,
        pictures: _Pictures | None = None,
    ) -> None:
        self.desk = desk
        self.shelf = shelf
        self._session = session
        self._view = view
        self._pictures = pictures

    @property
    def session(self) -> Session:
        """The student's session."""
        return self._session

    @property
    def line(self) -> Line:
        """In which answers wait."""
        return self._view.line

    def shows(self, path: str) -> bool:
        """Whether a picture was shown to this student."""
        return self._pictures is not None and path in self._pictures.shown

    def opened(self, chat_id: str) -> list[Any]:
        """chat_id, chat, listing: another conversation, or an empty one."""
        return [chat_id, self._view.reopened(chat_id), *self.listing(chat_id, False)]

    def newest(self) -> list[Any]:
        """As `opened`: the conversation that was used last, whatever the browser remembers."""
        known = self._session.chats()
        return self.opened(known[0].id if known else "")

    def deleted(self, chat_id: str) -> list[Any]:
        """As `newest`, after the conversation is gone; one that is being answered stays."""
        import gradio as gr

        if self.desk.holds(chat_id):
            gr.Info("This conversation is being answered: stop the answer first.", duration=4)
            return self.opened(chat_id)
        if chat_id:
            self._session.delete_chat(chat_id)
        return self.newest()

    def listing(self, chat_id: str, busy: bool) -> list[Any]:
        """The list of conversations and its buttons: chats, new, delete, sure."""
        import gradio as gr

        entries = [(chat.title or "New conversation", chat.id) for chat in self._session.chats()]
        value = chat_id if any(chat_id == known for _, known in entries) else None
        return [
            gr.Radio(entries, value=value, interactive=not busy, visible=bool(entries)),
            gr.Button(interactive=not busy),
            gr.Button(interactive=not busy, visible=value is not None),
            gr.Row(visible=False),
        ]

    def notices(self) -> Any:
        """What the student should be told of the start, as it stands now."""
        import gradio as gr

        told = notices_html(self._session)
        return gr.Markdown(told, visible=bool(told))

    def taken(self, tab: str, chat_id: str, text: str, *, typed: bool = False) -> list[Any]:
        """chat_id, chat, box, listing: a message is recorded and shown at once; its answer comes next.

        What cannot be taken in leaves everything as it is, the words in the box too.
        """
        import gradio as gr

        text = text.strip()
        if len(text) > MOST_CHARS:
            gr.Info(
                f"A message holds {MOST_CHARS} characters, and yours has {len(text)}: shorten it.", duration=8
            )
            return [gr.skip()] * 7
        if not text or not self._free(tab, chat_id):
            return [gr.skip()] * 7
        try:
            chat_id = chat_id or self._session.new_chat()
            self._session.hear(chat_id, text)
        except Exception:
            self.desk.end(tab)
            raise
        return self._waiting(tab, chat_id, text, emptied=typed)

    def again(self, tab: str, chat_id: str) -> list[Any]:
        """As `taken`: the student's last words once more; what the tutor said to them is taken back."""
        import gradio as gr

        if not chat_id or not self._free(tab, chat_id):
            return [gr.skip()] * 7
        try:
            text = self._session.retract_last(chat_id)
        except Exception as error:
            self.desk.end(tab)
            if not isinstance(error, QuizError):
                raise
            gr.Info(html.escape(str(error)), duration=8)
            return [gr.skip()] * 7
        if not text:
            self.desk.end(tab)
            return [gr.skip()] * 7
        return self._waiting(tab, chat_id, text)

    def _free(self, tab: str, chat_id: str) -> bool:
        """Takes the place of a message; says why when it is taken."""
        import gradio as gr

        wait_s = self.desk.pace.wait_s() if self.desk.pace else 0.0
        if wait_s:
            most = f"{MESSAGES_A_MINUTE} messages a minute are the most"
            gr.Info(f"{most}: send it again in {ceil(wait_s)} s.", duration=8)
            return False
        free = self.desk.take(tab, chat_id)
        if not free and self.desk.is_shut:
            gr.Info("The notes are being read: ask again when that is done.", duration=4)
        elif not free:
            gr.Info("One answer at a time: wait for this one, or stop it first.", duration=4)
        return free

    def _waiting(self, tab: str, chat_id: str, text: str, emptied: bool = False) -> list[Any]:
        self.desk.wait(tab, chat_id, text)
        return [chat_id, self._view.chat(chat_id), self.writing(True, emptied), *self.listing(chat_id, True)]

    def answered(self, tab: str, style: str) -> Iterator[Any]:
        """The chat, again and again while the tab's message is being answered."""
        import gradio as gr

        ticket = self.desk.begin(tab)
        if ticket is None:
            yield gr.skip()  # a generator that gives nothing would empty the chat
            return
        try:
            yield from self._view.answer(ticket, STYLES.get(style))
        finally:
            self.desk.end(tab)

    def settled(self, tab: str, chat_id: str) -> list[Any]:
        """box, listing: as they are between answers."""
        busy = self.desk.busy(tab)
        return [self.writing(busy), *self.listing(chat_id, busy)]

    def stopped(self, tab: str) -> list[Any]:
        """chat, box, listing: the tab's work was told to stop; a message that only waited is given up at once."""
        import gradio as gr

        ticket = self.desk.stop(tab)
        if ticket is None:
            return [gr.skip(), self.writing(False), *[gr.skip()] * 4]
        if ticket.begun or not ticket.recorded:
            return [gr.skip(), gr.Textbox(stop_btn="Stopping…"), *[gr.skip()] * 4]
        self._session.note(ticket.chat_id, STOPPED_EARLY)
        return [self._view.chat(ticket.chat_id), self.writing(False), *self.listing(ticket.chat_id, False)]

    def left(self, tab: str) -> None:
        """The tab was closed or loaded anew: its work stops, and nobody waits for its answer any more."""
        ticket = self.desk.stop(tab)
        if ticket is not None and ticket.recorded and not ticket.begun:
            self._session.note(ticket.chat_id, STOPPED_EARLY)

    def writing(self, busy: bool, emptied: bool = False) -> Any:
        """The box with its button: Send, or Stop while an answer is on its way."""
        import gradio as gr

        empty: dict[str, Any] = {"value": ""} if emptied else {}
        return gr.Textbox(submit_btn=False if busy else "Send", stop_btn="Stop" if busy else False, **empty)


def _wire(blocks: Any, parts: dict[str, Any], seats: Seats[_Listeners], *, with_shelf: bool) -> None:
    """The side. The chat is never an input: what a browser says was said before is not believed."""
    import gradio as gr

    chat_id = parts["chat_id"]
    listed = [parts["chats"], parts["new"], parts["delete"], parts["sure"]]
    view_of_chat = [chat_id, parts["chat"], *listed]
    door = partial(at_the_door, seats)

    def on(event: Any, listener: Callable[..., Any], inputs: Any, outputs: Any, **more: Any) -> Any:
        quick = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        return event(door(listener), inputs, outputs, **(quick | more))

    def left(mine: _Listeners, request: gr.Request) -> None:
        mine.left(str(request.session_hash))

    blocks.unload(door(left))
    on(blocks.load, _Listeners.newest, None, view_of_chat)
    on(blocks.load, _Listeners.notices, None, parts["notices"])
    on(parts["new"].click, lambda mine: mine.opened(""), None, view_of_chat)
    on(parts["chats"].input, _Listeners.opened, parts["chats"], view_of_chat)
    on(parts["delete"].click, lambda mine: gr.Row(visible=True), None, parts["sure"])
    on(parts["no"].click, lambda mine: gr.Row(visible=False), None, parts["sure"])
    on(parts["yes"].click, _Listeners.deleted, chat_id, view_of_chat, **TELLING)
    follow = wire_shelf(parts, on) if with_shelf else lambda event: None
    follow(blocks.load)
    _wire_answers(parts, on, listed, follow)


def _wire_answers(
    parts: dict[str, Any], on: Callable[..., Any], listed: list[Any], follow: Callable[[Any], None]
) -> None:
    """Each way of saying something: taken in at once, then answered in its turn, then the page settles."""
    import gradio as gr

    chat_id, chat, box = parts["chat_id"], parts["chat"], parts["box"]
    taking = [chat_id, chat, box, *listed]

    def typed(mine: _Listeners, text: str, now: str, request: gr.Request) -> list[Any]:
        return mine.taken(str(request.session_hash), now, text, typed=True)

    def picked(mine: _Listeners, now: str, request: gr.Request, event: gr.SelectData) -> list[Any]:
        text = event.value["text"] if isinstance(event.value, dict) else str(event.value)
        return mine.taken(str(request.session_hash), now, text)

    def again(mine: _Listeners, now: str, request: gr.Request) -> list[Any]:
        return mine.again(str(request.session_hash), now)

    def answered(mine: _Listeners, style: str, request: gr.Request) -> Iterator[Any]:
        yield from mine.answered(str(request.session_hash), style)

    def settled(mine: _Listeners, now: str, request: gr.Request) -> list[Any]:
        return mine.settled(str(request.session_hash), now)

    def stopped(mine: _Listeners, request: gr.Request) -> list[Any]:
        return mine.stopped(str(request.session_hash))

    on(box.stop, stopped, None, [chat, box, *listed])
    undocumented = {"api_visibility": "undocumented"}
    # The answers wait in a line of their own, which says how many come before; see View.answer.
    answers = {"queue": True, "show_progress": "full", "concurrency_limit": None, "concurrency_id": "answer"}
    for said in (
        on(box.submit, typed, [box, chat_id], taking, api_name="say", **undocumented, **TELLING),
        on(chat.example_select, picked, chat_id, taking, **TELLING),
        on(chat.option_select, picked, chat_id, taking, **TELLING),
        on(chat.retry, again, chat_id, taking, **TELLING),
    ):
        answering = on(
            said.then, answered, parts["style"], chat, api_name="answer", **undocumented, **answers
        )
        follow(on(answering.then, settled, chat_id, [box, *listed]).then)
