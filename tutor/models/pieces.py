"""A model's raw stream of text, split into what it says, what it thinks and which tools it calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"
CALL_OPEN, CALL_CLOSE = "<tool_call>", "</tool_call>"

Kind = Literal["text", "thought", "tool_call"]


@dataclass(frozen=True)
class Piece:
    """A stretch of the stream; a `tool_call` is the whole call, the others are as long as what came."""

    kind: Kind
    text: str


class PieceSplitter:
    """Splits a stream that arrives in arbitrary cuts; tags and dropped marks are recognised across cuts.

    Args:
        dropped: marks that are left out of the text, such as a tokenizer's end-of-turn tokens.
        tool_calls: whether `<tool_call>` opens a call; else it is text like any other.
        in_thought: whether the prompt already opened `<think>`.
    """

    def __init__(
        self, dropped: Sequence[str] = (), *, tool_calls: bool = False, in_thought: bool = False
    ) -> None:
        opens: dict[str, Kind] = {THINK_OPEN: "thought"}
        if tool_calls:
            opens[CALL_OPEN] = "tool_call"
        self._opens = opens
        tags = {*opens, THINK_CLOSE, CALL_CLOSE}
        self._dropped = tuple(mark for mark in dropped if mark and mark not in tags)
        self._kind: Kind = "thought" if in_thought else "text"
        self._held = ""
        self._call = ""

    def feed(self, text: str) -> list[Piece]:
        """The pieces that are certain now; the beginning of what may become a tag is held back."""
        self._held += text
        pieces: list[Piece] = []
        while (found := self._first_mark()) is not None:
            at, mark = found
            self._take(self._held[:at], pieces)
            self._held = self._held[at + len(mark) :]
            if mark not in self._dropped:
                self._change(mark, pieces)
        keep = _held_length(self._held, self._marks_here())
        self._take(self._held[: len(self._held) - keep], pieces)
        self._held = self._held[len(self._held) - keep :]
        return pieces

    def close(self) -> list[Piece]:
        """What is left at the end of the stream; a call that was not closed counts as a call."""
        pieces: list[Piece] = []
        self._take(self._held, pieces)
        if self._call.strip():
            pieces.append(Piece("tool_call", self._call))
        self._held = self._call = ""
        return pieces

    def _marks_here(self) -> tuple[str, ...]:
        if self._kind == "text":
            return (*self._opens, *self._dropped)
        return (THINK_CLOSE if self._kind == "thought" else CALL_CLOSE, *self._dropped)

    def _first_mark(self) -> tuple[int, str] | None:
        found = [(at, -len(mark), mark) for mark in self._marks_here() if (at := self._held.find(mark)) >= 0]
        return (min(found)[0], min(found)[2]) if found else None

    def _take(self, text: str, pieces: list[Piece]) -> None:
        if self._kind == "tool_call":
            self._call += text
        elif text:
            pieces.append(Piece(self._kind, text))

    def _change(self, mark: str, pieces: list[Piece]) -> None:
        if mark == CALL_CLOSE:
            pieces.append(Piece("tool_call", self._call))
            self._call = ""
        self._kind = self._opens.get(mark, "text")


def split(texts: Iterable[str], splitter: PieceSplitter) -> Iterator[Piece]:
    """All pieces of the stream, those at its end included."""
    for text in texts:
        yield from splitter.feed(text)
    yield from splitter.close()


def spoken(texts: Iterable[str]) -> Iterator[str]:
    """The text without `<think>...</think>` and without the blank space before its first word."""
    begun = False
    for piece in split(texts, PieceSplitter()):
        words = piece.text if begun else piece.text.lstrip()
        if piece.kind == "text" and words:
            begun = True
            yield words


def until_stop(texts: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """The text up to the first of the `stops`, which is left out; ends the stream there."""
    held = ""
    for text in texts:
        held += text
        ends = [at for at in (held.find(stop) for stop in stops) if at >= 0]
        if ends:
            if head := held[: min(ends)]:
                yield head
            return
        keep = _held_length(held, stops)
        if head := held[: len(held) - keep]:
            yield head
        held = held[len(held) - keep :]
    if held:
        yield held


def _held_length(text: str, marks: Sequence[str]) -> int:
    """How many characters at the end of `text` may be the beginning of a mark."""
    longest = max((len(mark) for mark in marks), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(mark.startswith(text[-length:]) for mark in marks):
            return length
    return 0
