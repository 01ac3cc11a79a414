"""The conversations of the side: the list, finding, renaming, taking away as a note, deleting with an undo."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

import itertools
import json
from collections.abc import Callable
from typing import Any

from tutor.ui.contents import status_html
from tutor.ui.desk import Desk
from tutor.ui.view import Session, View

MOST_LISTED = 100
UNDO_S = 12.0
LISTED = ("find", "chats", "none_found", "new", "tools", "delete", "renaming")
DELETED = ("gone", "gone_said", "gone_id", "gone_clock")
OPENED = ("chat_id", "chat", *LISTED)
_UNNAMED = "New conversation"
On = Callable[..., Any]


def chats_parts() -> dict[str, Any]:
    """The components by name."""
    import gradio as gr

    # The words of `find` as a state, which no program that calls a listener has to send.
    parts: dict[str, Any] = {"gone_id": gr.State(""), "words": gr.State("")}
    # Until the page has opened the last conversation, no other can be: it would be opened over it.
    parts["new"] = gr.Button(
        "New conversation", elem_id="new", variant="primary", size="md", interactive=False
    )
    with gr.Column(elem_id="talks"):
        parts["find"] = gr.Textbox(
            label="Find in conversations", placeholder="a word of the title or the talk", lines=1, max_lines=1,
            elem_id="find", visible=False, value="",
        )  # fmt: skip
        parts["chats"] = gr.Radio([], label="Conversations", elem_id="chats", visible=False)
        parts["none_found"] = gr.Markdown("", elem_id="none-found", visible=False)
        with gr.Row(visible=False, elem_id="gone") as parts["gone"]:
            parts["gone_said"] = gr.Markdown("", elem_id="gone-said", latex_delimiters=[])
            parts["bring_back"] = gr.Button(
                "Undo", elem_id="bring-back", elem_classes="grab", size="sm", min_width=70, scale=0
            )
        parts["gone_clock"] = gr.Timer(UNDO_S, active=False)
        with gr.Row(visible=False, elem_id="tools") as parts["tools"]:
            parts["rename"] = gr.Button("Rename", elem_id="rename", size="sm", min_width=60)
            parts["take"] = gr.Button("Download", elem_id="take", size="sm", min_width=60)
            parts["delete"] = gr.Button("Delete", elem_id="delete", size="sm", min_width=60)
        with gr.Column(visible=False, elem_id="renaming") as parts["renaming"]:
            parts["title"] = gr.Textbox(
                label="New name",
                lines=1,
                max_lines=1,
                submit_btn="Save",
                elem_id="title",
                elem_classes="grab",
            )
            parts["keep"] = gr.Button("Keep the old name", elem_id="keep", size="sm")
        # Never seen: the page's script reads from it what the browser is to keep as a file.
        parts["file"] = gr.Textbox(elem_id="file", elem_classes="wire", show_label=False, container=False)
    return parts


class Chats:
    """What each click on the conversations changes: values and updates for the components that it names.

    The list stays at the words that are looked for, until a new conversation is begun.
    """

    def __init__(self, session: Session, view: View, desk: Desk) -> None:
        self._session = session
        self._view = view
        self._desk = desk
        self._files = itertools.count(1)

    def opened(self, chat_id: str, words: str = "") -> list[Any]:
        """OPENED: another conversation, or an empty one."""
        return [
            chat_id,
            chat_update(self._view, chat_id, reopened=True),
            *self.listing(chat_id, False, words),
        ]

    def newest(self) -> list[Any]:
        """As `opened`: the conversation that was used last, whatever the browser remembers."""
        known = self._session.chats()
        return self.begun(known[0].id if known else "")

    def begun(self, chat_id: str = "") -> list[Any]:
        """As `opened`, and nothing is looked for any more."""
        import gradio as gr

        updates = self.opened(chat_id)
        updates[OPENED.index("find")] = gr.Textbox(value="", visible=bool(self._session.chats()))
        return updates

    def listing(self, chat_id: str, busy: bool, words: str = "") -> list[Any]:
        """LISTED as it stands now: all conversations, or those that hold the words; their field is left alone.

        Args:
            busy: whether a message is being answered: then no other conversation can be opened.
        """
        import gradio as gr

        known = self._session.chats()
        entries = self._found(words) if words.strip() else [(_named(chat), chat.id) for chat in known]
        more = len(entries) - MOST_LISTED
        entries = entries[:MOST_LISTED]
        value = chat_id if any(chat_id == listed for _, listed in entries) else None
        none = "" if entries or not known else "<p>No conversation holds these words.</p>"
        return [
            gr.Textbox(visible=bool(known)),
            gr.Radio(
                entries,
                value=value,
                interactive=not busy,
                visible=bool(entries),
                info=f"{more} older ones are found by their words." if more > 0 else "",
            ),
            gr.Markdown(none, visible=bool(none)),
            gr.Button(interactive=not busy),
            gr.Row(visible=any(chat.id == chat_id for chat in known)),
            gr.Button(interactive=not busy),
            gr.Column(visible=False),
        ]

    def _found(self, words: str) -> list[tuple[str, str]]:
        found = self._session.find_chats(words)
        return [
            ("\n".join(part for part in (_named(one.chat), one.snippet) if part), one.chat.id)
            for one in found
        ]

    def looked_for(self, tab: str, chat_id: str, words: str) -> list[Any]:
        """LISTED after the student typed what to look for; the field itself is left alone, it is being typed in."""
        import gradio as gr

        return [gr.skip(), *self.listing(chat_id, self._desk.busy(tab), words)[1:]]

    def relisted(self, tab: str, chat_id: str, words: str) -> list[Any]:
        """LISTED after something went on beside the chat; what is being typed there is left alone."""
        import gradio as gr

        return [*self.listing(chat_id, self._desk.busy(tab), words)[:-1], gr.skip()]

    def renaming(self, chat_id: str) -> list[Any]:
        """The column for a new name, and the name as it is."""
        import gradio as gr

        return [gr.Column(visible=True), gr.Textbox(value=self._title(chat_id))]

    def renamed(self, tab: str, chat_id: str, title: str, words: str) -> list[Any]:
        """LISTED, after the conversation got its new name."""
        self._session.rename_chat(chat_id, title)
        return self.listing(chat_id, self._desk.busy(tab), words)

    def deleted(self, chat_id: str, words: str = "") -> list[Any]:
        """OPENED and DELETED: the conversation is out of the list, an empty one is open; for a while it can come back.

        One that is being answered stays.
        """
        import gradio as gr

        if self._desk.holds(chat_id):
            gr.Info("This conversation is being answered: stop the answer first.", duration=4)
            return [gr.skip()] * (len(OPENED) + len(DELETED))
        title = self._title(chat_id)
        self._session.delete_chat(chat_id)
        said = status_html(f"“{title}” is deleted.")
        return [*self.opened("", words), gr.Row(visible=True), said, chat_id, gr.Timer(active=True)]

    def brought_back(self, tab: str, chat_id: str, now: str, words: str = "") -> list[Any]:
        """OPENED and DELETED: the conversation that was deleted last is there again, and open.

        The student stays where they are while the tab's message is being answered, and where the offer has just ended.

        Args:
            now: the conversation that is open.
        """
        import gradio as gr

        if chat_id:
            self._session.restore_chat(chat_id)
        if not chat_id or self._desk.busy(tab):
            return [gr.skip(), gr.skip(), *self.relisted(tab, now, words), *self.forgotten()]
        return [*self.opened(chat_id, words), *self.forgotten()]

    def forgotten(self) -> list[Any]:
        """DELETED: the offer to bring it back is gone."""
        import gradio as gr

        return [gr.Row(visible=False), "", "", gr.Timer(active=False)]

    def taken(self, chat_id: str) -> str:
        """For the browser, as JSON: a number of its own, the name of a file and what it holds."""
        name, text = self._session.chat_note(chat_id)
        return json.dumps([next(self._files), name, text])

    def _title(self, chat_id: str) -> str:
        return next((_named(chat) for chat in self._session.chats() if chat.id == chat_id), _UNNAMED)


def chat_update(view: View, chat_id: str, *, reopened: bool = False) -> Any:
    """The conversation with what is thought of its answers, for the component that shows it."""
    import gradio as gr

    shown = view.shown(chat_id, reopened=reopened)
    return gr.Chatbot(shown.messages, feedback_value=view.liked(shown))


def _named(chat: Any) -> str:
    return chat.title or _UNNAMED


def wire_chats(parts: dict[str, Any], on: On, telling: dict[str, Any]) -> None:
    """The listeners of the conversations.

    Args:
        on: adds a listener, at the door; it gets the seat of whoever is logged in before its inputs.
        telling: how a listener is added that says something in passing.
    """
    import gradio as gr

    chat_id, find = parts["chat_id"], parts["find"]
    listed, opened, deleted = ([parts[name] for name in names] for names in (LISTED, OPENED, DELETED))

    def looked_for(mine: Any, now: str, words: str, request: gr.Request) -> list[Any]:
        return [*own(mine).looked_for(str(request.session_hash), now, words), words]

    def renamed(mine: Any, now: str, title: str, words: str, request: gr.Request) -> list[Any]:
        return own(mine).renamed(str(request.session_hash), now, title, words)

    def own(mine: Any) -> Chats:
        chats: Chats = mine.chats
        return chats

    def brought_back(mine: Any, last: str, now: str, words: str, request: gr.Request) -> list[Any]:
        return own(mine).brought_back(str(request.session_hash), last, now, words)

    on(parts["new"].click, lambda mine: [*own(mine).begun(), ""], None, [*opened, parts["words"]])
    on(
        parts["chats"].input,
        lambda mine, now, words: own(mine).opened(now, words),
        [parts["chats"], find],
        opened,
    )
    # A field's `input` misses what is deleted from it; `change` does not.
    on(find.change, looked_for, [chat_id, find], [*listed, parts["words"]], trigger_mode="always_last")
    on(
        parts["rename"].click,
        lambda mine, now: own(mine).renaming(now),
        chat_id,
        [parts["renaming"], parts["title"]],
    )
    on(parts["keep"].click, lambda mine: gr.Column(visible=False), None, parts["renaming"])
    on(parts["title"].submit, renamed, [chat_id, parts["title"], find], listed)
    on(parts["take"].click, lambda mine, now: own(mine).taken(now), chat_id, parts["file"])
    gone = [*opened, *deleted]
    on(
        parts["delete"].click,
        lambda mine, now, words: own(mine).deleted(now, words),
        [chat_id, find],
        gone,
        **telling,
    )
    on(parts["bring_back"].click, brought_back, [parts["gone_id"], chat_id, find], gone)
    on(parts["gone_clock"].tick, lambda mine: own(mine).forgotten(), None, deleted)
