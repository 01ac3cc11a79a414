"""What the tabs beside the chat share: the parts of the page that they lean on, and how a listener is bound."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tutor.job_queue import Ticket as PlaceInLine
from tutor.turns import Event, ToolCall, event_to_json
from tutor.ui.chats import LISTED
from tutor.ui.contents import status_html
from tutor.ui.desk import Desk, Ticket
from tutor.ui.saying import within_pace
from tutor.ui.view import BUSY, WAITING_PAUSE_S, Session, View

SERVED = (".png", ".gif", ".json")
"""The endings of files that the page hands out: pictures, films and the figures of runs."""

TELLING: dict[str, Any] = {"queue": True, "concurrency_limit": None}
"""How a listener is bound that says something in passing (gr.Info), which reaches the browser only by way of the queue;
nobody waits there."""

On = Callable[..., Any]
"""Binds a listener to an event of a component: on(component.click, listener, inputs, outputs, **more).

The listener gets first the tabs of whoever asks, then the values of its inputs; the request where it is annotated.
"""


@dataclass(frozen=True)
class Working:
    """A piece of work whose turn has come: its ticket, and its place in the line of the answers where it needs one."""

    ticket: Ticket
    turn: PlaceInLine | None = None

    def events(self, stream: Iterable[Event]) -> list[dict[str, Any]]:
        """All events of a turn, as plain data."""
        found = []
        for event in stream:
            if self.turn is not None and isinstance(event, ToolCall) and event.name == "run_demo":
                self.turn.leave()  # a demo has a line of its own; others are answered meanwhile
            found.append(event_to_json(event))
        return found


@dataclass(frozen=True)
class Beside:
    """What a tab leans on.

    Args:
        view: the page's messages and words for failures.
        desk: keeps who is being answered.
        listed: the list of conversations after a tab's work: (tab, chat_id, words looked for) -> updates of LISTED of
            `chats`.
        served: path of a file of a run -> the path from which the page may serve it, None when it is gone.
    """

    session: Session
    view: View
    desk: Desk
    listed: Callable[[str, str, str], list[Any]]
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
                    "One thing at a time: wait for what goes on now, or stop it first.", duration=4)  # fmt: skip
            yield None
            return
        try:
            self.desk.wait(key, chat_id, "")
            yield self.desk.begin(key)
        finally:
            self.desk.end(key)

    def work(
        self,
        key: str,
        chat_id: str,
        line: Callable[[str], list[Any]],
        do: Callable[[Working], list[Any]],
        waiting: str = "One moment …",
        *,
        in_line: bool = True,
    ) -> Iterator[list[Any]]:
        """What a click shows that costs work, within the bounds of a message of the chat: one thing at a time in a
        conversation, the pace, and the line of the answers. Whatever fails is told in place of the line to wait by; a
        click that is refused changes nothing on the page.

        Args:
            key: who works, as for `place`.
            line: the updates that show one line of HTML to the student, or take it away where it is empty.
            do: the work, begun when its turn has come; gives the updates that it ends with.
            waiting: what is said meanwhile.
            in_line: whether the work may need a model, before which all of a class stand in one line.
        """
        import gradio as gr

        shown: list[Any] = [gr.skip()] * len(line(""))
        with self.place(key, chat_id) as ticket:
            if ticket is not None and within_pace(self.desk):
                shown = yield from self._worked(ticket, line, do, waiting, in_line)
        yield shown  # the place is free by now, so that a click on what is shown is not refused

    def _worked(
        self,
        ticket: Ticket,
        line: Callable[[str], list[Any]],
        do: Callable[[Working], list[Any]],
        waiting: str,
        in_line: bool,
    ) -> Generator[list[Any], None, list[Any]]:
        """As `work`, once there is a place; returns the updates to end with."""
        turn = self.view.line.join() if in_line else None
        if in_line and turn is None:
            return line(status_html(BUSY))
        try:
            yield line(status_html(waiting))
            while turn is not None and (before := turn.before) and not ticket.cancel.is_set():
                yield line(status_html(f"{before} before you: your turn comes when theirs are done."))
                turn.wait(WAITING_PAUSE_S)
            return line("") if ticket.cancel.is_set() else do(Working(ticket, turn))
        except Exception as error:  # noqa: BLE001 - the door: a failure must reach the student as words
            return line(status_html(self.view.told(error), bad=True))
        finally:
            if turn is not None:
                turn.leave()


def relist(event: Any, parts: dict[str, Any], on: On) -> None:
    """After a tab's work the list of conversations is shown as it stands then."""
    import gradio as gr

    def relisted(mine: Any, now: str, words: str, request: gr.Request) -> Any:
        return mine.beside.listed(str(request.session_hash), now, words)

    on(event.then, relisted, [parts["chat_id"], parts["find"]], [parts[name] for name in LISTED])
