"""The commands around quizzes."""

from __future__ import annotations

import argparse

from tutor.command_line import flag, open_notes, show_turn, typed
from tutor.settings import Settings


def quiz(options: argparse.Namespace, settings: Settings) -> int:
    """`tutor quiz`: a quiz at the terminal, or its items as JSON."""
    from tutor.terminal import print_json, show

    topic, n = " ".join(flag(options, "topic", [])), flag(options, "n", 5)
    as_json = flag(options, "json")
    with open_notes(settings, record=not as_json, model=False) as session:
        if as_json:
            print_json([item.to_contract() for item in session.quiz_items(topic, n)])
            return 0
        chat_id = session.new_chat()
        show(session.start_quiz(chat_id, topic, n))
        going = session.quiz_is_open(chat_id)
        while going and (message := typed()) is not None:
            if message:
                show_turn(session.respond(chat_id, message))
            over = not session.quiz_is_open(chat_id)
            if over and message:
                print("(Enter alone leaves.)")
            going = bool(message) or not over
    return 0
