"""The commands that take cards out of the notes, or into them."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.command_line import flag, open_notes, usage
from tutor.errors import RecordError
from tutor.settings import Settings

if TYPE_CHECKING:
    from tutor.session import Session


def export(options: argparse.Namespace, settings: Settings) -> int:
    """`tutor export`: the cards on a topic, or a chat as a study note, in a new file."""
    from tutor.quiz.bank import Bank
    from tutor.quiz.export import NEXT_STEP, cards_file, file_name, write_new
    from tutor.quiz.schedule import day_of
    from tutor.study_note import chat_as_note
    from tutor.terminal import print_json

    topic, chat = " ".join(flag(options, "topic", [])), flag(options, "chat", "")
    now = datetime.now(UTC)
    if chat and (topic or options.format != "markdown"):
        return usage("a chat is exported whole, with --format markdown")
    with open_notes(settings, record="read" if chat else False, model=False, watch=False) as session:
        if chat:
            chat_id, title = _chat(session, chat)
            turns = session.turns(chat_id)
            data = chat_as_note(title, turns, day_of(now)).encode()
            count, name = sum(turn.role == "user" for turn in turns), file_name(title, "markdown")
        else:
            made = cards_file(
                Bank(session.retriever), options.format, topic, session.library.name, now.timestamp(),
                seed=settings.seed or 0, kinds=flag(options, "kinds", ()),
            )  # fmt: skip
            data, count, name = made.data, made.count, made.name
        folders = [folder for library in session.libraries.all() for folder in library.folders]
        path = write_new(data, flag(options, "out"), name, folders)
    if flag(options, "json"):
        print_json({"path": str(path), "count": count})
    else:
        print(f"{'Questions' if chat else 'Cards'} exported: {count}, in {path}")
        if not chat and NEXT_STEP[options.format]:
            print(NEXT_STEP[options.format])
    return 0


def _chat(session: Session, wanted: str) -> tuple[str, str]:
    """Id and title of a chat; "last" is the one that was used last."""
    chats = session.chats()
    found = next((chat for chat in chats if wanted in ("last", chat.id)), None)
    if found is None:
        known = "; ".join(f"{chat.id} “{chat.title}”" for chat in chats[:5])
        remedy = (
            f"The latest are: {known}." if known else "Ask something first, in `tutor chat` or on the page."
        )
        raise RecordError(f"There is no chat {wanted!r}", remedy)
    return found.id, found.title


def import_cards(options: argparse.Namespace, settings: Settings) -> int:
    """`tutor import`: a deck of another program, as a Markdown deck in a library of the student's own."""
    from tutor.libraries import open_libraries
    from tutor.quiz.importing import import_deck
    from tutor.terminal import print_json, progress_display

    with progress_display() as report:
        done = import_deck(Path(options.file), open_libraries(settings), settings.library or "", report)
    if flag(options, "json"):
        print_json(done.to_contract())
        return 0
    print(f"Cards added to your library “{done.library}”: {done.count} ({', '.join(done.files)}).")
    print(f'Use them on the page under “Notes”, or with: tutor --library "{done.library}"')
    for reason, count in done.skipped.most_common():
        print(f"skipped {count}: {reason}", file=sys.stderr)
    if done.media:
        shown = ", ".join(done.media[:5]) + (", …" if len(done.media) > 5 else "")
        print(f"pictures and sounds were not taken: {len(done.media)} ({shown})", file=sys.stderr)
    return 0
