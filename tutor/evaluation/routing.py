"""Messages whose wish is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tutor.evaluation.questions import SETS_FOLDER
from tutor.questions import Guess, Question, Said, understand

TALK = ("greeting", "thanks", "help", "small_talk")
TOOLS = {"quiz": "make_quiz", "demo": "run_demo"}


@dataclass(frozen=True)
class Message:
    """A message of a student's.

    Attributes:
        route: what it asks for; `also`: what may be understood as well.
        history: the turns before it, oldest first, each with "role" and "content".
    """

    id: str
    text: str
    route: str
    also: tuple[str, ...] = ()
    history: tuple[Mapping[str, str], ...] = ()

    @property
    def tool(self) -> str | None:
        """The tool that it asks for."""
        return TOOLS.get(self.route)


def load_messages(name: str) -> list[Message]:
    """The messages of a bundled set: "routing-train" or "routing-held-out"."""
    lines = (SETS_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_message(json.loads(line), f"{name}-{number}") for number, line in enumerate(lines, 1)]


def _message(value: dict[str, Any], number: str) -> Message:
    return Message(
        value.get("id", number),
        value["message"],
        value["route"],
        tuple(value.get("also", ())),
        tuple(value.get("history", ())),
    )


def route_of(question: Question) -> str:
    """The route that a question takes, by the labels of the sets; a question outside the notes is an explanation
    until the gate has seen it."""
    if question.intent in TALK:
        return "talk"
    if question.style != "plain" and question.intent in ("explain", "list", "code", "formula"):
        return question.style
    return question.intent


def routed(message: Message, guess: Guess | None) -> str:
    """The route that a message is given."""
    history = [Said(turn["role"], turn["content"]) for turn in message.history]
    return route_of(understand(message.text, history, guess=guess))


def is_right(message: Message, route: str) -> bool:
    """Whether a route serves the message; what is outside the notes may be asked in any form that the gate sees."""
    outside = ("explain", "list", "compare", "code", "formula", "check") if message.route == "outside" else ()
    return route in (message.route, *message.also, *outside)
