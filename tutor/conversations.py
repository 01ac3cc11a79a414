"""The conversations of the student's record: what was said, in the order of saying."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from tutor.errors import QuizError, RecordError, TutorError
from tutor.feedback import Feedback, Liking, add_feedback, read_feedback, standing
from tutor.learner import Chat, FoundChat, Record, Turn
from tutor.libraries import safe_name
from tutor.quiz.rounds import Round
from tutor.quiz.schedule import day_of
from tutor.study_note import chat_as_note
from tutor.study_record import QuizRecord
from tutor.turns import STOPPED, Answer, Delta, Event, Notice, event_to_json, lasting_events, spoken

_TITLE_LENGTH = 48
_LATEST = 20  # conversations that are looked through for an open quiz
_LONGEST_TITLE = 120
_UNNAMED = "New chat"
_QUIZ_EVENTS = {"QuizItem", "QuizGrade", "QuizWhy", "QuizScore"}


class Conversations:
    """Reads and writes conversations; without a record each of its methods raises RecordError."""

    def __init__(self, record: Record | None) -> None:
        self._record = record

    def new_chat(self) -> str:
        """Opens an empty conversation and returns its id."""
        return self._kept.new_chat(_UNNAMED)

    def chats(self) -> list[Chat]:
        """All conversations, the last used first."""
        return self._kept.list_chats()

    def turns(self, chat_id: str) -> list[Turn]:
        """The messages of a conversation in order."""
        return self._kept.turns(chat_id)

    def find_chats(self, words: str) -> list[FoundChat]:
        """The conversations in whose title and messages all of these words stand, the last used first."""
        return self._kept.find_chats(words)

    def rename_chat(self, chat_id: str, title: str) -> None:
        """Gives a conversation another title; one without words changes nothing, a long one is cut."""
        title = " ".join(title.split())[:_LONGEST_TITLE].strip()
        if title:
            self._kept.rename_chat(chat_id, title)

    def delete_chat(self, chat_id: str) -> None:
        """Deletes a conversation; for a day `restore_chat` brings it back."""
        self._kept.delete_chat(chat_id)

    def restore_chat(self, chat_id: str) -> None:
        """Brings a deleted conversation back. RecordError when it is gone for good."""
        self._kept.restore_chat(chat_id)

    def chat_note(self, chat_id: str) -> tuple[str, str]:
        """A conversation as a study note: the name of its file, and its Markdown."""
        title = self._title_of(chat_id)
        return safe_name(f"{title or 'chat'}.md"), chat_as_note(
            title, self.turns(chat_id), day_of(self._kept.now())
        )

    def retract_last(self, chat_id: str) -> str | None:
        """Takes the last answer back; returns the student's words, which stay, to be answered again.

        Raises:
            QuizError: the answer belongs to a quiz, whose grades are never taken back.
        """
        asked = self._last_asked(chat_id)
        if asked is None:
            return None
        self._kept.drop_turns_after(asked.id)
        return asked.content

    def take_back(self, chat_id: str, instead: str | None = None) -> str | None:
        """Takes back the student's last words with what was answered; returns them, None where there are none.

        Args:
            instead: other words that take their place, to be answered.

        Raises:
            QuizError: the answer belongs to a quiz, whose grades are never taken back.
        """
        asked = self._last_asked(chat_id)
        if asked is None:
            return None
        self._kept.drop_last_exchange(chat_id, instead)
        first = sum(turn.role == "user" for turn in self.turns(chat_id)) == (instead is not None)
        if first and self._title_of(chat_id) == named_after(asked.content):
            self._kept.rename_chat(chat_id, _UNNAMED if instead is None else named_after(instead))
        return asked.content

    def _last_asked(self, chat_id: str) -> Turn | None:
        turns = self.turns(chat_id)
        asked = next((turn for turn in reversed(turns) if turn.role == "user"), None)
        answers = [turn for turn in turns if asked is not None and turn.id > asked.id]
        events = {event["event"] for turn in answers for event in (turn.payload or {}).get("events", [])}
        if events & _QUIZ_EVENTS:
            raise QuizError(
                "An answer in a quiz cannot be taken back", "Go on, or say “stop” and start a new quiz."
            )
        return asked

    def hear(self, chat_id: str, message: str) -> None:
        """Records the student's words at once, before they are answered; the first ones name an unnamed chat."""
        is_first = not any(turn.role == "user" for turn in self.turns(chat_id))
        is_unnamed = is_first and self._title_of(chat_id) == _UNNAMED
        self._kept.add_turn(chat_id, "user", message, title=named_after(message) if is_unnamed else "")

    def _title_of(self, chat_id: str) -> str:
        return next((chat.title for chat in self._kept.list_chats() if chat.id == chat_id), "")

    def give_feedback(self, turn_id: int, value: Liking, word: str = "") -> None:
        """Keeps what the student thinks of an answer, an empty value takes it back. RecordError for an unknown turn."""
        add_feedback(self._kept, turn_id, value, word.strip())

    def feedback(self) -> list[Feedback]:
        """What the student thinks of answers: of each the last that was said, oldest first."""
        return standing(read_feedback(self._kept))

    def note(self, chat_id: str, text: str) -> None:
        """Records a line of the program's own in a conversation."""
        self._kept.add_turn(chat_id, "assistant", text, {"events": [event_to_json(Notice(text))]})

    def quiz(self, chat_id: str) -> Round | None:
        """The quiz of a conversation, also one that is over; None where there is none, or none that can be read."""
        stored = QuizRecord(self._kept).load_round(chat_id) if chat_id else None
        with suppress(QuizError):
            return Round.from_dict(stored) if stored is not None else None
        return None

    def quiz_is_open(self, chat_id: str) -> bool:
        """Whether a quiz question waits for its answer; none does where the quiz cannot be read any more."""
        quiz = self.quiz(chat_id)
        return quiz is not None and quiz.waits

    def waiting_quiz(self, first: str = "") -> str:
        """The conversation whose quiz waits: the one to be looked at first, else the last used; empty for none."""
        recent = [chat.id for chat in self.chats()[:_LATEST]]
        return next((chat for chat in (first, *recent) if chat and self.quiz_is_open(chat)), "")

    def open_quiz(self) -> Chat | None:
        """The conversation that was used last, where its quiz waits for an answer."""
        last = next(iter(self.chats()), None)
        return last if last is not None and self.quiz_is_open(last.id) else None

    def _other_open_quiz(self, chat_id: str) -> str:
        """The title of the conversation used last, but for this one, in which a quiz waits; or empty."""
        if self._record is None:
            return ""
        others = (chat for chat in self.chats() if chat.id != chat_id)
        return next((chat.title for chat in islice(others, _LATEST) if self.quiz_is_open(chat.id)), "")

    def _last_quiz(self, chat_id: str) -> Round | None:
        """The quiz that ended last, by when its conversation was used, in another conversation than this one."""
        if self._record is None:
            return None
        quizzes = (self.quiz(chat.id) for chat in islice(self.chats(), _LATEST) if chat.id != chat_id)
        return next((quiz for quiz in quizzes if quiz is not None and quiz.outcomes and not quiz.waits), None)

    def _recorded(self, chat_id: str, events: Iterator[Event], cancel: threading.Event) -> Iterator[Event]:
        kept: list[Event] = []
        text, ended, stopped = "", False, False
        try:
            for event in events:
                text += event.text if isinstance(event, Delta) else ""
                kept.append(event)
                stopped = cancel.is_set()  # once the turn is at its end, it is set in any case
                yield event
            ended = True
            if stopped and any(isinstance(event, Answer) for event in kept):
                # What was made until then looks like any answer, and is less than what was asked for.
                kept.append(Notice(STOPPED))
                yield kept[-1]
        except GeneratorExit:
            raise
        except BaseException as error:
            ended = True
            kept.append(Notice(str(error) if isinstance(error, TutorError) else "Something went wrong here."))
            raise
        finally:
            cancel.set()
            events.close()  # type: ignore[attr-defined]
            lasting = lasting_events(kept, text, stopped=not ended)
            if lasting:
                payload = {"events": [event_to_json(event) for event in lasting]}
                self._kept.add_turn(chat_id, "assistant", spoken(lasting), payload)

    @property
    def _kept(self) -> Record:
        if self._record is None:
            raise RecordError("This session keeps no conversations", "Open it with a record.")
        return self._record


def named_after(message: str) -> str:
    """The title of a conversation that begins with a message."""
    line = " ".join(message.split())
    return line if len(line) <= _TITLE_LENGTH else line[: _TITLE_LENGTH - 1].rstrip() + "…"
