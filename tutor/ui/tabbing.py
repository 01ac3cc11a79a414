"""What the tabs beside the chat share: the parts of the page that they lean on, and how a listener is bound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any

from tutor.ui.desk import Desk, Ticket
from tutor.ui.view import Session, View

SERVED = (".png", ".gif", ".json")
"""The endings of files that the page hands out: pictures, films and the figures of runs."""

On = Callable[..., Any]
"""Binds a listener to an event of a component: on(component.click, listener, inputs, outputs, **more).

The listener gets first the tabs of whoever asks, then the values of its inputs; the request where it is annotated.
"""


@dataclass(frozen=True)
class Beside:
    """What a tab leans on.

    Args:
        view: the page's messages and words for failures.
        desk: keeps who is being answered.
        listing: the list of conversations as it stands: (chat_id, busy) -> updates of LISTED of `chats`.
        served: path of a file of a run -> the path from which the page may serve it, None when it is gone.
    """

    session: Session
    view: View
    desk: Desk
    listing: Callable[[str, bool], list[Any]]
    served: Callable[[str], str | None] = lambda path: path

    @contextmanager
    def place(self, key: str, chat_id: str) -> Iterator[Ticket | None]:
        """The place of one piece of work in a conversation; None, with a line to the student, where it is taken.

        Args:
            key: who works: a browser's tab and the part of the page.
        """
        import gradio as gr

        if not self.desk.take(key, chat_id):
            shut = self.desk.is_shut
            gr.Info("The notes are being read: try again when that is done." if shut else
                    "This conversation is busy: wait for its answer, or stop it first.", duration=4)  # fmt: skip
            yield None
            return
        try:
            self.desk.wait(key, chat_id, "")
            yield self.desk.begin(key)
        finally:
            self.desk.end(key)

    def told(self, error: Exception) -> str:
        """A failure in words, safe in HTML."""
        return escape(self.view.told(error))
