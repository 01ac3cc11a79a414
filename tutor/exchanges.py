"""The turns of a chat as the record keeps them -> what the student said each time, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tutor.follow_ups import ASKS
from tutor.intents import intent_of
from tutor.notes.markdown import is_story_heading
from tutor.turns import Citation

Data = Mapping[str, Any]
Kind = Literal["answer", "refused", "quiz", "demo", "talk", "other"]

EMPTY = "There is nothing to sum up yet: you have not asked anything in this conversation."
OPENING = "What we went through:"
"""The first words of a summary, by which an earlier one is known."""
_VERDICT = re.compile(
    r"^(?:yes|no|not quite|this part|whether|right|wrong)\b|\b(?:confirm|deny)\b", re.IGNORECASE
)
STORY = re.compile(r"^(?:imagine|picture|suppose|think of|想象)\b", re.IGNORECASE)


class ChatTurn(Protocol):
    """One message of a chat, as the student's record keeps it."""

    @property
    def role(self) -> str: ...

    @property
    def content(self) -> str: ...

    @property
    def payload(self) -> dict[str, Any] | None: ...


@dataclass(frozen=True)
class Exchange:
    """A message of the student's and the events that answered it, as `event_to_json` writes them."""

    message: str
    events: tuple[Data, ...]

    def of(self, kind: str) -> list[Data]:
        """The events of one kind, in order."""
        return [event for event in self.events if event.get("event") == kind]

    @property
    def question(self) -> str:
        """What was asked, in a form that stands alone where the answer kept one."""
        asked = next((str(event.get("question") or "") for event in self.of("Answer")), "")
        return " ".join((asked or self.message).split())

    @property
    def is_claim(self) -> bool:
        """Whether the message states something and was given a verdict: its words must not be told as if they held."""
        asks = intent_of(self.question)
        states = asks == "check" or (
            asks == "explain" and not ASKS.match(self.question) and not self.question.endswith(("?", "？"))
        )
        first: Data = next((one for answer in self.of("Answer") for one in answer.get("sentences") or ()), {})
        told = str(first.get("text", "")) if first.get("support") == "connective" else ""
        return states and bool(_VERDICT.search(told))

    @property
    def kind(self) -> Kind:
        """What came of the message."""
        asked = self.of("QuizItem") and not self.of("Answer")
        if asked or any(self.of(kind) for kind in ("QuizGrade", "QuizWhy", "QuizScore")):
            return "quiz"
        if self.of("DemoOutcome"):
            return "demo"
        answers = self.of("Answer")
        if answers:
            if any(answer.get("refused") for answer in answers):
                return "refused"
            return "answer" if self.shown else "other"
        if self.of("Drawing") or self.of("EvidenceShown"):
            return "talk"
        notices = [str(event.get("text", "")) for event in self.of("Notice")]
        stopped = any(text == "Stopped." for text in notices) or self.of("Delta") or self.of("ToolCall")
        return (
            "talk" if notices and not stopped and not self.message.strip().endswith(("?", "？")) else "other"
        )

    @property
    def shown(self) -> list[tuple[Data, Data]]:
        """The sentences of its answers that the notes support, each with its answer."""
        return [
            (sentence, answer)
            for answer in self.of("Answer")
            for sentence in answer.get("sentences") or ()
            if sentence.get("support") in ("quoted", "supported") and not is_summary(answer)
        ]


def exchanges(turns: Iterable[ChatTurn]) -> list[Exchange]:
    """Each message of the student's with all that answered it before the next one."""
    found: list[tuple[str, list[Data]]] = []
    for turn in turns:
        if turn.role == "user":
            found.append((turn.content, []))
        elif found:
            found[-1][1].extend((turn.payload or {}).get("events") or ())
    return [Exchange(message, tuple(events)) for message, events in found]


def is_summary(answer: Data) -> bool:
    """Whether an answer is itself a summary: what it repeats is not told again."""
    sentences = list(answer.get("sentences") or ())
    return bool(sentences) and sentences[0].get("text") in (OPENING, EMPTY)


def is_story(sentence: Data, answer: Data) -> bool:
    """Whether a sentence belongs to an analogy, which is told and never stated."""
    cited = {value.get("n"): value for value in answer.get("citations") or ()}
    sources = [cited[n] for n in sentence.get("cites") or () if n in cited]
    if any(is_story_heading(str(name)) for source in sources for name in source.get("heading") or ()):
        return True
    if STORY.match(str(sentence.get("text", ""))):
        return True
    told = False
    for other in answer.get("sentences") or ():
        if other.get("support") == "connective":
            told = "story" in str(other.get("text", ""))
        if other is sentence:
            return told
    return False


def citation_of(value: Data) -> Citation:
    """A citation as the record keeps it, read back."""
    return Citation(
        n=int(value.get("n", 0)),
        note=str(value.get("note", "")),
        lines=_lines(value),
        quote=str(value.get("quote", "")),
        title=str(value.get("title") or ""),
        heading=tuple(str(name) for name in value.get("heading") or ()),
        passage=str(value.get("passage") or ""),
        speaker=str(value.get("speaker") or ""),
    )


def _lines(value: Data) -> tuple[int, int]:
    found = [int(line) for line in value.get("lines") or ()]
    return (found[0], found[-1]) if found else (0, 0)
