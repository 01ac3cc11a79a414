"""The page's components and what they do. The conversation lives in the session; the chat is a view of it."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners, and
# gradio itself is only known inside the functions.

import functools
import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tutor.ui.chats import OPENED, Chats, chats_parts, wire_chats
from tutor.ui.contents import about_html, banner_html, notices_html
from tutor.ui.desk import Desk
from tutor.ui.markup import LATEX_DELIMITERS
from tutor.ui.saying import STYLES, Saying, saying_parts, wire_saying
from tutor.ui.shelf import Shelf, shelf_parts, wire_shelf
from tutor.ui.view import Session, View

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
        parts: dict[str, Any] = {"chat_id": gr.State("")}
        parts |= _side(session, local)
        parts |= _conversation(session)
        view, desk = View(session, _Pictures(), log_file), desk or Desk()
        shelf = None
        if session.libraries is not None:
            from gradio.utils import get_upload_folder

            shelf = Shelf(session, session.libraries, view, desk, get_upload_folder, local)
        chats = Chats(session, view, desk)
        _wire(blocks, parts, session, view, chats, Saying(session, view, desk, chats), shelf)
    return blocks


class _Pictures:
    """Copies pictures into the folder that gradio may serve, so that no other folder is opened to it."""

    def __init__(self) -> None:
        from gradio.utils import get_upload_folder

        self._folder = get_upload_folder()

    def __call__(self, path: str) -> str | None:
        from gradio.processing_utils import save_file_to_cache

        if not path.endswith(".png"):
            return None
        try:
            return str(save_file_to_cache(path, self._folder))
        except OSError:
            return None


def _side(session: Session, local: bool) -> dict[str, Any]:
    """The components beside the conversation, by name."""
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Sidebar(label="Conversations and settings", elem_id="side", width=320):
        parts["about"] = gr.Markdown(about_html(session), elem_id="about")
        parts["notices"] = gr.Markdown(
            notices_html(session),
            visible=bool(notices_html(session)),
            elem_id="notices",
            latex_delimiters=[],
        )
        parts |= chats_parts()
        if session.libraries is not None:
            parts |= shelf_parts(local)
        parts["style"] = gr.Radio(list(STYLES), value="Plain", label="How to explain", elem_id="style")
        name, reason = html.escape(session.model_name), html.escape(session.model_reason)
        gr.Markdown(f"<h2>Who answers</h2>\n\n<p><strong>{name}</strong><br>{reason}</p>", elem_id="who")
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
        line_breaks=False,
        placeholder="## Ask your notes\nEvery answer quotes them, at the line. "
        "Ask for a simpler explanation, a quiz or a demo.",
        examples=[{"text": text} for text in session.examples],
    )
    # The page's script writes into the one which quote is wanted, and shows the other in a dialog.
    parts["wanted"] = gr.Textbox(elem_id="wanted", elem_classes="wire", show_label=False, container=False)
    parts["note"] = gr.Markdown("", elem_id="note-text", latex_delimiters=LATEX_DELIMITERS)
    return parts | saying_parts()


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


def _wire(
    blocks: Any,
    parts: dict[str, Any],
    session: Session,
    view: View,
    chats: Chats,
    saying: Saying,
    shelf: Shelf | None,
) -> None:
    import gradio as gr

    def on(event: Any, listener: Callable[..., Any], inputs: Any, outputs: Any, **more: Any) -> Any:
        quick = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        return event(_at_the_door(view, listener), inputs, outputs, **(quick | more))

    def left(request: gr.Request) -> None:
        saying.left(str(request.session_hash))

    def notices() -> Any:
        told = notices_html(session)
        return gr.Markdown(told, visible=bool(told))

    def opened_note(wanted: str) -> str:
        number, _, key = wanted.partition(" ")
        number = number if number.isdecimal() else "0"
        return f'<div class="asked n{number[:16]}"></div>\n\n{view.note(key)}'

    blocks.unload(_at_the_door(view, left))
    on(blocks.load, chats.newest, None, [parts[name] for name in OPENED])
    on(blocks.load, notices, None, parts["notices"])
    on(parts["wanted"].change, opened_note, parts["wanted"], parts["note"], trigger_mode="always_last")
    wire_chats(parts, chats, on, TELLING)
    follow = wire_shelf(parts, shelf, view) if shelf is not None else lambda event: None
    follow(blocks.load)
    wire_saying(parts, saying, on, TELLING, follow)
