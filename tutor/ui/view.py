"""The messages of a conversation, stored or running, over an opened session. No gradio in it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tutor.errors import TutorError
from tutor.feedback import Liking
from tutor.job_queue import Line
from tutor.job_queue import Ticket as PlaceInLine
from tutor.turns import STOPPED, Event, Style, ToolCall, event_to_json
from tutor.ui.desk import Ticket
from tutor.ui.reader import note_html
from tutor.ui.rendering import Message, note_message, turn_messages, user_message

if TYPE_CHECKING:
    from tutor.libraries import Libraries, NotesLibrary
    from tutor.opened import Progress, ReadNotes

MOST_TURNS = 60
LEAST_PAUSE_S = 0.04
AFTER_STOP_S = 5.0
WAITING_PAUSE_S = 0.5
MOST_ANSWERS_WAITING = 40
BUSY = "Too many are waiting for an answer just now: ask again in a minute."
STOPPED_EARLY = "Stopped before it was answered."


class Chat(Protocol):
    """A conversation as the session lists it."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...


class FoundChat(Protocol):
    """A conversation that holds the words looked for, and a piece of what is said in it."""

    @property
    def chat(self) -> Chat: ...
    @property
    def snippet(self) -> str: ...


class Thought(Protocol):
    """What the student thinks of an answer: `like` or `dislike`."""

    @property
    def turn_id(self) -> int: ...
    @property
    def value(self) -> str: ...


class Turn(Protocol):
    """One message of a conversation; an assistant's payload holds `{"events": [...]}`."""

    @property
    def id(self) -> int: ...
    @property
    def role(self) -> str: ...
    @property
    def content(self) -> str: ...
    @property
    def payload(self) -> dict[str, Any] | None: ...


class Session(Protocol):
    """What the page needs of the opened session. Without `libraries` the page has no part for notes."""

    @property
    def model_name(self) -> str: ...
    @property
    def model_reason(self) -> str: ...
    @property
    def library_line(self) -> str: ...
    @property
    def examples(self) -> tuple[str, ...]: ...
    @property
    def notices(self) -> Sequence[str]: ...
    @property
    def libraries(self) -> Libraries | None: ...
    @property
    def library(self) -> NotesLibrary: ...
    @property
    def notes_read(self) -> ReadNotes: ...
    def use_library(self, slug: str, on_progress: Progress | None = None) -> None: ...
    def refresh_notes(self, on_progress: Progress | None = None) -> str: ...
    def new_chat(self) -> str: ...
    def chats(self) -> Sequence[Chat]: ...
    def turns(self, chat_id: str) -> Sequence[Turn]: ...
    def find_chats(self, words: str) -> Sequence[FoundChat]: ...
    def rename_chat(self, chat_id: str, title: str) -> None: ...
    def delete_chat(self, chat_id: str) -> None: ...
    def restore_chat(self, chat_id: str) -> None: ...
    def chat_note(self, chat_id: str) -> tuple[str, str]: ...
    def retract_last(self, chat_id: str) -> str | None: ...
    def take_back(self, chat_id: str, instead: str | None = None) -> str | None: ...
    def give_feedback(self, turn_id: int, value: Liking, word: str = "") -> None: ...
    def feedback(self) -> Sequence[Thought]: ...
    def hear(self, chat_id: str, message: str) -> None: ...
    def note(self, chat_id: str, text: str) -> None: ...
    def respond(
        self,
        chat_id: str,
        message: str,
        *,
        style: Style | None = None,
        cancel: threading.Event | None = None,
        heard: bool = False,
    ) -> Iterator[Event]: ...


@dataclass
class Shown:
    """A conversation as the page shows it.

    Attributes:
        turns: for each message the turn of the record that it shows; 0 where it is a line of the page's own.
    """

    messages: list[Message] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)

    def add(self, turn: int, *messages: Message) -> None:
        """Some messages more, all of one turn."""
        self.messages += messages
        self.turns += [turn] * len(messages)

    @property
    def answers(self) -> list[int]:
        """The turn of each of the tutor's answers.

        Messages of the tutor's that follow each other are shown as one: the last turn of them is meant.
        """
        pairs = zip(self.messages, self.turns, strict=True)
        groups = groupby(pairs, key=lambda pair: pair[0]["role"])
        return [_last(turn for _, turn in group) for role, group in groups if role == "assistant"]

    def turn_at(self, index: int) -> int:
        """The turn of the answer that is shown there; 0 where none of the tutor's is."""
        if index < 0:
            return 0
        pairs = zip(self.messages[index:], self.turns[index:], strict=True)
        return _last(turn for _, turn in takewhile(lambda pair: pair[0]["role"] == "assistant", pairs))

    def is_last_asked(self, index: int) -> bool:
        """Whether the student's last words are shown there."""
        asked = [place for place, message in enumerate(self.messages) if message["role"] == "user"]
        return asked[-1:] == [index]


def _last(turns: Iterable[int]) -> int:
    return next((turn for turn in reversed(list(turns)) if turn), 0)


class View:
    """The messages of a conversation, and of a turn while it runs; no component and no gradio in it.

    Args:
        picture: path of a picture -> the path from which the page may serve it, None when it is gone.
        log_file: where the details of a failure are written, as named to the student.
        line: in which answers wait for the model; one of its own if not given.
    """

    def __init__(
        self,
        session: Session,
        picture: Callable[[str], str | None],
        log_file: Path | None = None,
        line: Line | None = None,
    ) -> None:
        self.line = line or Line(1, MOST_ANSWERS_WAITING)
        self._session = session
        self._picture = picture
        self._log_file = log_file

    def chat(self, chat_id: str) -> list[Message]:
        """The stored conversation, its last MOST_TURNS turns."""
        return self.shown(chat_id).messages

    def shown(self, chat_id: str, *, reopened: bool = False) -> Shown:
        """The stored conversation with the turns that its messages show.

        Args:
            reopened: whether words that have no answer yet, or were left without one, are said to be so.
        """
        turns = list(self._session.turns(chat_id)) if chat_id else []
        shown = Shown()
        if len(turns) > MOST_TURNS:
            line = f"{len(turns) - MOST_TURNS} earlier messages are kept but not shown here."
            shown.add(0, note_message(line))
        for turn in turns[-MOST_TURNS:]:
            shown.add(turn.id, *self._of(turn))
        if reopened and turns and turns[-1].role == "user":
            line = "The answer is not here yet. Open the conversation again to look for it, or retry."
            shown.add(0, note_message(line))
        return shown

    def _of(self, turn: Turn) -> list[Message]:
        if turn.role == "user":
            return [user_message(turn.content)]
        events = (turn.payload or {}).get("events") or [{"event": "Delta", "text": turn.content}]
        messages = turn_messages(events, finished=True, picture=self._picture)
        return messages or [note_message("This answer was not finished.")]

    def liked(self, shown: Shown) -> list[str | None]:
        """What is thought of each of the tutor's answers, in the order in which they are shown."""
        thoughts = {thought.turn_id: thought.value for thought in self._session.feedback()}
        return [{"like": "Like", "dislike": "Dislike"}.get(thoughts.get(turn, "")) for turn in shown.answers]

    def note(self, key: str) -> str:
        """The note of a quote, around it, as HTML; the key comes from the browser."""
        return note_html(key, self._session.notes_read.index.passages)

    def answer(self, ticket: Ticket, style: Style | None) -> Iterator[list[Message]]:
        """Answers a message on record in its turn; yields the whole conversation, the last time when all is said.

        Whatever fails becomes a line in the chat. Closing this generator stops the work.
        """
        place = self.line.join()
        if place is None:
            self._session.note(ticket.chat_id, BUSY)
            yield self.chat(ticket.chat_id)
            return
        begun = False
        try:
            yield from self._waiting(ticket, place)
            begun = not ticket.cancel.is_set()
            if begun:
                yield from self._answered(ticket, style, place)
        finally:
            place.leave()
            if not begun:
                self._session.note(ticket.chat_id, STOPPED_EARLY)
        if not begun:
            yield self.chat(ticket.chat_id)

    def _waiting(self, ticket: Ticket, place: PlaceInLine) -> Iterator[list[Message]]:
        """The conversation and how many come before, as often as that changes, until none does or it is stopped."""
        shown, said = self.chat(ticket.chat_id) if place.before else [], 0
        while (before := place.before) and not ticket.cancel.is_set():
            if before != said:
                said = before
                yield [*shown, note_message(f"{before} before you: your answer comes when theirs are done.")]
            place.wait(WAITING_PAUSE_S)

    def _answered(self, ticket: Ticket, style: Style | None, place: PlaceInLine) -> Iterator[list[Message]]:
        """The conversation while the message is being answered."""
        before = self.chat(ticket.chat_id)
        events: list[dict[str, Any]] = []
        stream = self._session.respond(
            ticket.chat_id, ticket.text, style=style, cancel=ticket.cancel, heard=True
        )
        try:
            shown_at, stopped_at = 0.0, 0.0
            for event in stream:
                _append(events, event_to_json(event))
                if isinstance(event, ToolCall) and event.name == "run_demo":
                    place.leave()  # a demo has a line of its own; others are answered meanwhile
                now = time.monotonic()
                if ticket.cancel.is_set():
                    stopped_at = stopped_at or now
                    if now - stopped_at > AFTER_STOP_S:
                        events.append({"event": "Notice", "text": STOPPED})
                        break
                if events[-1]["event"] != "Delta" or now - shown_at >= LEAST_PAUSE_S:
                    shown_at = now
                    yield [*before, *turn_messages(events, finished=False, picture=self._picture)]
        except Exception as error:  # noqa: BLE001 - the door: a failure must reach the student as words
            events.append({"event": "Notice", "text": self.told(error)})
        finally:
            ticket.cancel.set()
            close = getattr(stream, "close", None)
            if close is not None:
                close()
        yield [*before, *turn_messages(events, finished=True, picture=self._picture)]

    def told(self, error: Exception) -> str:
        """As the function `told`."""
        return told(error, self._log_file)


def told(error: Exception, log_file: Path | None = None) -> str:
    """A failure in words; what is not a TutorError is logged in full."""
    if isinstance(error, TutorError):
        return str(error)
    logging.getLogger("tutor.ui").error("the page failed", exc_info=error)
    return f"Something went wrong; details are in {log_file or 'the log'}."


def _append(events: list[dict[str, Any]], event: dict[str, Any]) -> None:
    """Adds an event; pieces of text that follow each other become one."""
    if event["event"] == "Delta" and events and events[-1]["event"] == "Delta":
        event = {"event": "Delta", "text": events.pop()["text"] + event["text"]}
    events.append(event)
