"""The page's components and what they do. The conversation lives in the session; the chat is a view of it."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners, and
# gradio itself is only known inside the functions.

import functools
import html
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tutor.errors import QuizError
from tutor.turns import Style
from tutor.ui.contents import about_html, notices_html
from tutor.ui.desk import Desk
from tutor.ui.markup import LATEX_DELIMITERS
from tutor.ui.rendering import MOST_CHARS
from tutor.ui.shelf import Shelf, shelf_parts, wire_shelf
from tutor.ui.tabbing import SERVED, Beside
from tutor.ui.tabs import tab_parts, tabs_of, wire_tabs
from tutor.ui.view import STOPPED_EARLY, Session, View

STYLES: dict[str, Style | None] = {
    "Plain": None,
    "Like I'm 5": "eli5",
    "School": "school",
    "Expert": "expert",
}

# What a listener tells in passing (gr.Info) reaches the browser only by way of the queue; nobody waits there.
TELLING: dict[str, Any] = {"queue": True, "concurrency_limit": None}


def build_page(
    session: Session, *, desk: Desk | None = None, log_file: Path | None = None, local: bool = True
) -> Any:
    """The page over an opened session, as a gradio Blocks that is not yet served.

    Args:
        desk: keeps who is being answered; the server passes its own, so that it can stop the work.
        log_file: named to the student when something fails in an unforeseen way.
        local: whether the page is served to this machine alone; only then may folders be named on it.
    """
    import gradio as gr

    with gr.Blocks(
        title="Tutor", analytics_enabled=False, delete_cache=(3600, 86400), fill_height=True
    ) as blocks:
        pictures = _Pictures()
        view, desk = View(session, pictures, log_file), desk or Desk()
        shelf = None
        if session.libraries is not None:
            from gradio.utils import get_upload_folder

            shelf = Shelf(session, session.libraries, view, desk, get_upload_folder, local)
        parts = _layout(session, local, pictures)
        listeners = _Listeners(session, view, desk)
        _wire(blocks, parts, view, listeners, shelf)
        if session.libraries is not None:
            tabs = tabs_of(Beside(session, view, desk, listeners.listing, pictures), parts["demos"])
            wire_tabs(blocks, parts, lambda request: tabs, view)
    return blocks


class _Pictures:
    """Copies what a run leaves behind into the folder that gradio may serve: no other folder is opened to it."""

    def __init__(self) -> None:
        from gradio.utils import get_upload_folder

        self._folder = get_upload_folder()

    def __call__(self, path: str) -> str | None:
        from gradio.processing_utils import save_file_to_cache

        if not path.endswith(SERVED):
            return None
        try:
            return str(save_file_to_cache(path, self._folder))
        except OSError:
            return None


def _layout(session: Session, local: bool, pictures: Callable[[str], str | None]) -> dict[str, Any]:
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
        gr.Markdown(f"<h2>Who answers</h2>\n\n<p><strong>{name}</strong><br>{reason}</p>", elem_id="who")
    with gr.Tabs(elem_id="tabs", selected="chat") as parts["tabs"]:
        with gr.Tab("Chat", id="chat", elem_id="tab-chat") as parts["chat_tab"]:
            parts |= _chat_parts(session)
        if session.libraries is not None:
            parts |= tab_parts(session, pictures)
    parts["link"] = gr.Textbox(label="A link that was followed", elem_id="link")
    return parts


def _chat_parts(session: Session) -> dict[str, Any]:
    """The conversation and the line to write on."""
    import gradio as gr

    parts: dict[str, Any] = {}
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
    """What each click changes: values and updates for the components that it names."""

    def __init__(self, session: Session, view: View, desk: Desk) -> None:
        self._session = session
        self._view = view
        self._desk = desk

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

        if self._desk.holds(chat_id):
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
            self._desk.end(tab)
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
            self._desk.end(tab)
            if not isinstance(error, QuizError):
                raise
            gr.Info(html.escape(str(error)), duration=8)
            return [gr.skip()] * 7
        if not text:
            self._desk.end(tab)
            return [gr.skip()] * 7
        return self._waiting(tab, chat_id, text)

    def _free(self, tab: str, chat_id: str) -> bool:
        """Takes the place of a message; says why when it is taken."""
        import gradio as gr

        free = self._desk.take(tab, chat_id)
        if not free and self._desk.is_shut:
            gr.Info("The notes are being read: ask again when that is done.", duration=4)
        elif not free:
            gr.Info("One answer at a time: wait for this one, or stop it first.", duration=4)
        return free

    def _waiting(self, tab: str, chat_id: str, text: str, emptied: bool = False) -> list[Any]:
        self._desk.wait(tab, chat_id, text)
        return [chat_id, self._view.chat(chat_id), self.writing(True, emptied), *self.listing(chat_id, True)]

    def answered(self, tab: str, style: str) -> Iterator[Any]:
        """The chat, again and again while the tab's message is being answered."""
        import gradio as gr

        ticket = self._desk.begin(tab)
        if ticket is None:
            yield gr.skip()  # a generator that gives nothing would empty the chat
            return
        try:
            yield from self._view.answer(ticket, STYLES.get(style))
        finally:
            self._desk.end(tab)

    def settled(self, tab: str, chat_id: str) -> list[Any]:
        """box, listing: as they are between answers."""
        busy = self._desk.busy(tab)
        return [self.writing(busy), *self.listing(chat_id, busy)]

    def stopped(self, tab: str) -> list[Any]:
        """chat, box, listing: the tab's work was told to stop; a message that only waited is given up at once."""
        import gradio as gr

        ticket = self._desk.stop(tab)
        if ticket is None:
            return [gr.skip(), self.writing(False), *[gr.skip()] * 4]
        if ticket.begun or not ticket.recorded:
            return [gr.skip(), gr.Textbox(stop_btn="Stopping…"), *[gr.skip()] * 4]
        self._session.note(ticket.chat_id, STOPPED_EARLY)
        return [self._view.chat(ticket.chat_id), self.writing(False), *self.listing(ticket.chat_id, False)]

    def left(self, tab: str) -> None:
        """The tab was closed or loaded anew: its work stops, and nobody waits for its answer any more."""
        ticket = self._desk.stop(tab)
        if ticket is not None and ticket.recorded and not ticket.begun:
            self._session.note(ticket.chat_id, STOPPED_EARLY)

    def writing(self, busy: bool, emptied: bool = False) -> Any:
        """The box with its button: Send, or Stop while an answer is on its way."""
        import gradio as gr

        empty: dict[str, Any] = {"value": ""} if emptied else {}
        return gr.Textbox(submit_btn=False if busy else "Send", stop_btn="Stop" if busy else False, **empty)


def _at_the_door(view: View, listener: Callable[..., Any]) -> Callable[..., Any]:
    """The listener, whose failures reach the student as words; an answer's own become lines in the chat."""
    import gradio as gr

    @functools.wraps(listener)
    def guarded(*given: Any) -> Any:
        try:
            return listener(*given)
        except Exception as error:
            raise gr.Error(html.escape(view.told(error)), print_exception=False) from error

    return guarded


def _wire(blocks: Any, parts: dict[str, Any], view: View, listeners: _Listeners, shelf: Shelf | None) -> None:
    """The side. The chat is never an input: what a browser says was said before is not believed."""
    import gradio as gr

    chat_id = parts["chat_id"]
    listed = [parts["chats"], parts["new"], parts["delete"], parts["sure"]]
    view_of_chat = [chat_id, parts["chat"], *listed]

    def on(event: Any, listener: Callable[..., Any], inputs: Any, outputs: Any, **more: Any) -> Any:
        quick = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        return event(_at_the_door(view, listener), inputs, outputs, **(quick | more))

    def left(request: gr.Request) -> None:
        listeners.left(str(request.session_hash))

    blocks.unload(_at_the_door(view, left))
    on(blocks.load, listeners.newest, None, view_of_chat)
    on(blocks.load, listeners.notices, None, parts["notices"])
    on(parts["new"].click, lambda: listeners.opened(""), None, view_of_chat)
    on(parts["chats"].input, listeners.opened, parts["chats"], view_of_chat)
    on(parts["delete"].click, lambda: gr.Row(visible=True), None, parts["sure"])
    on(parts["no"].click, lambda: gr.Row(visible=False), None, parts["sure"])
    on(parts["yes"].click, listeners.deleted, chat_id, view_of_chat, **TELLING)
    follow = wire_shelf(parts, shelf, view) if shelf is not None else lambda event: None
    follow(blocks.load)
    _wire_answers(parts, listeners, on, listed, follow)


def _wire_answers(
    parts: dict[str, Any],
    listeners: _Listeners,
    on: Callable[..., Any],
    listed: list[Any],
    follow: Callable[[Any], None],
) -> None:
    """Each way of saying something: taken in at once, then answered in its turn, then the page settles."""
    import gradio as gr

    chat_id, chat, box = parts["chat_id"], parts["chat"], parts["box"]
    taking = [chat_id, chat, box, *listed]

    def typed(text: str, now: str, request: gr.Request) -> list[Any]:
        return listeners.taken(str(request.session_hash), now, text, typed=True)

    def picked(now: str, request: gr.Request, event: gr.SelectData) -> list[Any]:
        text = event.value["text"] if isinstance(event.value, dict) else str(event.value)
        return listeners.taken(str(request.session_hash), now, text)

    def again(now: str, request: gr.Request) -> list[Any]:
        return listeners.again(str(request.session_hash), now)

    def answered(style: str, request: gr.Request) -> Iterator[Any]:
        yield from listeners.answered(str(request.session_hash), style)

    def settled(now: str, request: gr.Request) -> list[Any]:
        return listeners.settled(str(request.session_hash), now)

    def stopped(request: gr.Request) -> list[Any]:
        return listeners.stopped(str(request.session_hash))

    on(box.stop, stopped, None, [chat, box, *listed])
    for said in (
        on(
            box.submit,
            typed,
            [box, chat_id],
            taking,
            api_name="say",
            api_visibility="undocumented",
            **TELLING,
        ),
        on(chat.example_select, picked, chat_id, taking, **TELLING),
        on(chat.option_select, picked, chat_id, taking, **TELLING),
        on(chat.retry, again, chat_id, taking, **TELLING),
    ):
        answering = said.then(
            answered,
            parts["style"],
            chat,
            concurrency_limit=1,
            concurrency_id="answer",
            api_name="answer",
            api_visibility="undocumented",
        )
        follow(on(answering.then, settled, chat_id, [box, *listed]).then)
