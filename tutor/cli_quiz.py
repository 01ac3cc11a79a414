"""The commands around quizzes: a quiz, the grade of one answer or of many, and how the student stands."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.command_line import flag, open_notes, show_turn, typed, usage
from tutor.errors import QuizError
from tutor.quiz.items import KINDS
from tutor.quiz.schedule import day_told
from tutor.settings import Settings

if TYPE_CHECKING:
    from tutor.reviewing import Which
    from tutor.session import Session


def quiz(options: argparse.Namespace, settings: Settings) -> int:
    """`tutor quiz`: a quiz at the terminal, or its items as JSON, kept so that `tutor grade` knows them."""
    from tutor.quiz.told import fewer_told
    from tutor.terminal import print_json, show

    topic, n = " ".join(flag(options, "topic", [])), flag(options, "n", 5)
    kinds = tuple(flag(options, "kinds", ()))
    which: Which = "due" if flag(options, "due") else ""
    as_json = flag(options, "json")
    with open_notes(settings, record=True, model=False, watch=not as_json) as session:
        if as_json:
            items = session.quiz_items(topic, n, kinds=kinds or KINDS, which=which, keep=True)
            print_json([item.to_contract() for item in items])
            fewer = "" if which else fewer_told(len(items), n, topic, kinds)
            if fewer:
                print(fewer, file=sys.stderr)
            return 0
        if (waiting := session.open_quiz()) is not None:
            print(
                f"Your quiz in “{waiting.title}” stays open: `tutor chat` goes on with it.", file=sys.stderr
            )
        chat_id = session.new_chat()
        show(session.start_quiz(chat_id, topic, n, kinds, which))
        going = session.quiz_is_open(chat_id)
        while going and (message := typed()) is not None:
            if message:
                show_turn(session.respond(chat_id, message))
            over = not session.quiz_is_open(chat_id)
            if over and message:
                print("(Enter alone leaves.)")
            going = bool(message) or not over
    return 0


def grade(options: argparse.Namespace, settings: Settings) -> int:
    """`tutor grade`: grades an answer to a question that was shown, or one a line of a file."""
    item_id, words, batch = flag(options, "item_id"), flag(options, "answer", []), flag(options, "batch")
    if (batch is None) == (item_id is None):
        return usage("give either ITEM_ID and ANSWER, or --batch FILE")
    if batch is None and not words:
        return usage('the answer is missing, as in `tutor grade ITEM_ID "two networks"`')
    from tutor.terminal import print_json

    entries = (
        [{"id": "1", "item_id": item_id, "answer": " ".join(words)}] if batch is None else _answers(batch)
    )
    with open_notes(settings, record=True, model=False, watch=False) as session:
        if batch is not None:
            return _graded(session, batch, entries)
        for entry in entries:
            graded = session.studies.graded(entry["item_id"], entry["answer"])
            if flag(options, "json"):
                print_json(graded)
            else:
                print(f"{graded['verdict']} ({graded['score']:.2f}). {graded['feedback']}")
                if graded["next_due"]:
                    print(f"Asked again on {day_told(graded['next_due'])}.")
    return 0


def _graded(session: Session, batch: Path, entries: Sequence[dict[str, Any]]) -> int:
    """Grades the answers of a file; one to an unknown question gets an error, the others are graded all the same."""
    from tutor.terminal import print_json

    failed = 0
    for number, entry in enumerate(entries, 1):
        try:
            print_json({"id": entry["id"]} | session.studies.graded(entry["item_id"], entry["answer"]))
        except QuizError as error:
            failed += 1
            print_json({"id": entry["id"], "error": str(error)})
            print(f"Answer {number} of {batch}: {error}", file=sys.stderr)
    return 1 if failed else 0


def _answers(batch: Path) -> list[dict[str, Any]]:
    """The answers of a batch file, checked."""
    try:
        lines = batch.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise QuizError(
            f"The batch file {batch} cannot be read ({error})", "Check the path; it must be UTF-8 text."
        ) from error
    return [_answer(batch, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _answer(batch: Path, number: int, line: str) -> dict[str, Any]:
    remedy = 'Write one JSON object a line: {"id": "1", "item_id": "...", "answer": "..."}.'
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise QuizError(f"Line {number} of {batch} is not JSON ({error})", remedy) from error
    named = isinstance(entry, dict) and "id" in entry
    if not named or not all(isinstance(entry.get(name), str) for name in ("item_id", "answer")):
        raise QuizError(f"Line {number} of {batch} has no id, no item_id or no answer", remedy)
    return dict(entry)


def progress(options: argparse.Namespace, settings: Settings) -> int:
    """`tutor progress`: mastery of each concept, what is due, what to look at again."""
    from tutor.quiz.told import progress_events
    from tutor.terminal import print_json, show

    with open_notes(settings, record="read", model=False, watch=False) as session:
        stands = session.studies.progress().to_contract()
    if flag(options, "json"):
        print_json(stands)
    else:
        show(progress_events(stands))
    return 0
