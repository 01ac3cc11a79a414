"""A Note as JSON and back: between processes, and for keeping notes in a database."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from tutor.errors import NotesError
from tutor.notes.note import Block, Card, Note, QuizQuestion, Text


def note_to_json(note: Note) -> str:
    """One line of JSON that `note_from_json` turns back into an equal Note."""
    return json.dumps(dataclasses.asdict(note), ensure_ascii=False, separators=(",", ":"))


def note_from_json(text: str) -> Note:
    """The Note that `note_to_json` wrote.

    Raises:
        NotesError: `text` is not such a line.
    """
    try:
        return _note(json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise NotesError(
            f"A stored note cannot be read back ({type(error).__name__}: {error})",
            "Run `tutor index` to read the notes anew.",
        ) from error


def _note(value: dict[str, Any]) -> Note:
    return Note(
        path=str(value["path"]),
        format=str(value["format"]),
        title=str(value["title"]),
        blocks=tuple(_block(item) for item in value["blocks"]),
        cards=tuple(_card(item) for item in value["cards"]),
        quiz=tuple(_quiz(item) for item in value["quiz"]),
        retractions=tuple(_text(item) for item in value["retractions"]),
        prerequisites=tuple(value["prerequisites"]),
        related=tuple(value["related"]),
        tags=tuple(value["tags"]),
    )


def _text(value: dict[str, Any]) -> Text:
    starts = tuple((int(offset), int(line)) for offset, line in value["starts"])
    return Text(str(value["words"]), starts, int(value["end_line"]))


def _block(value: dict[str, Any]) -> Block:
    return Block(value["kind"], tuple(value["heading"]), _text(value["text"]), str(value["speaker"]))


def _card(value: dict[str, Any]) -> Card:
    background = None if value["background"] is None else _text(value["background"])
    return Card(tuple(value["heading"]), _text(value["question"]), _text(value["answer"]), background)


def _quiz(value: dict[str, Any]) -> QuizQuestion:
    options = tuple(_text(item) for item in value["options"])
    return QuizQuestion(tuple(value["heading"]), _text(value["question"]), _text(value["answer"]), options)
