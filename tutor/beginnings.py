"""What begins by a button in place of words: a quiz, or the run of a demo, in a conversation of the record."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

from tutor.conversations import Conversations
from tutor.graph import TutoringGraph
from tutor.opened import NotesInUse
from tutor.reviewing import Which
from tutor.turns import Event, Notice


class Beginnings(Conversations):
    """Begins quizzes and runs as the graph does, and records them as if the student had asked in words."""

    _notes: NotesInUse

    @abstractmethod
    def _fresh(self, cancel: threading.Event | None = None) -> Iterator[Notice]:
        """Brings the notes up to date; says when there is something to say."""

    def start_quiz(
        self, chat_id: str, topic: str, n: int, kinds: tuple[str, ...] = (), which: Which = ""
    ) -> Iterator[Event]:
        """Begins a quiz of n questions in a conversation; as `TutoringGraph.start_quiz`."""
        what = {"due": "what is due", "missed": "what I got wrong", "": topic}[which]
        yield from self._begun(
            chat_id,
            f"Quiz: {what}" if what else "Quiz",
            lambda graph: graph.start_quiz(chat_id, topic, n, kinds, which),
            threading.Event(),
        )

    def start_demo(
        self,
        chat_id: str,
        arguments: dict[str, Any],
        title: str,
        *,
        named: str = "",
        predicted: dict[str, Any] | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[Event]:
        """Runs a demo in a conversation, in the same line of jobs as any other run.

        Args:
            arguments: of the tool `run_demo`, which checks them; what is out of bounds is refused with the bound.
            title: what the student is told when the run begins.
            named: what the demo is called in the student's words; as the tool calls it, if not given.
            predicted: {predict, place, said}: what the student expects, as `lesson.told_prediction` reads it.
            cancel: setting it, or closing the generator, stops the run.

        Raises:
            TutorError: the run failed.
        """
        cancel = cancel or threading.Event()
        call = {"tool": "run_demo", "arguments": arguments, "title": title, "predicted": predicted}
        yield from self._begun(
            chat_id,
            f"Demo: {named or arguments.get('name', '')}",
            lambda graph: graph.run_tool(chat_id, call, cancel),
            cancel,
        )

    def _begun(
        self,
        chat_id: str,
        said: str,
        begin: Callable[[TutoringGraph], Iterator[Event]],
        cancel: threading.Event,
    ) -> Iterator[Event]:
        self.hear(chat_id, said)

        def events() -> Iterator[Event]:
            yield from self._fresh(cancel)
            with self._notes.hold() as opened:
                yield from begin(opened.graph)

        yield from self._recorded(chat_id, events(), cancel)
