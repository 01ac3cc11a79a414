"""What the nodes of the tutoring graph work with: the state of one turn, and the parts of the session."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.tools import BaseTool

from tutor.answering import Answering
from tutor.exchanges import ChatTurn
from tutor.intents import says_it_fails
from tutor.questions import Guess, Question, Said
from tutor.quiz.grading import Grade
from tutor.quiz.items import Item
from tutor.quiz.keeping import Rounds
from tutor.quiz.rounds import Other, Round
from tutor.turns import Style


class State(TypedDict, total=False):
    """One turn: what came in, then what the nodes found out."""

    message: str
    history: list[Said]
    style: Style | None
    chat_id: str
    question: Question
    route: str
    tool: str
    arguments: dict[str, Any]
    title: str
    predicted: dict[str, Any] | None
    items: list[dict[str, Any]]
    said: list[str]


@dataclass(frozen=True)
class Parts:
    """What the nodes work with.

    Args:
        tools: LangChain tools by name, from `tutor.tools.make_tools`.
        grade: grades an answer to an item; None grades by words alone.
        about: a few lines on what the tutor can do, with questions that fit the library.
        guess: asked what a message is for where no rule knows its words.
        caller: a chat model that calls tools, which may fill the arguments of the tool that was asked for.
        turns: the messages of a chat, by its id.
        save: saves messages of a chat as a note and says where it lies.
        other: a harder or an easier quiz question in place of an open one; None where there is none.
        find_question: a question that was shown, or one of the notes, by its own words or what it is about.
        off_topic: whether an answer is about something else than its item.
        around: a sentence of the notes on what a quiz question is about; or empty.
        elsewhere: the title of another chat in which a quiz is open; empty where there is none.
        last_quiz: the quiz that ended last in another chat; None where there is none.
        keep_prediction: keeps what the student predicted of a run: the demo's name, its concept, the prediction
            {predict, place, said}, and the option that came out.
    """

    answering: Answering
    tools: dict[str, BaseTool]
    rounds: Rounds
    grade: Callable[[Item, str], Grade] | None
    about: str
    seed: int
    guess: Guess | None = None
    caller: BaseChatModel | None = None
    turns: Callable[[str], Sequence[ChatTurn]] = lambda chat_id: ()
    save: Callable[[Sequence[ChatTurn]], str] = lambda turns: "This session keeps no notes."
    other: Other = lambda item, wish, beside, shown, told: None
    find_question: Callable[[str], Item | None] = lambda asked: None
    near_questions: Callable[[str], Sequence[str]] = lambda asked: ()
    off_topic: Callable[[Item, str], bool] = lambda item, words: False
    around: Callable[[Item], str] = lambda item: ""
    elsewhere: Callable[[str], str] = lambda chat_id: ""
    last_quiz: Callable[[str], Round | None] = lambda chat_id: None
    keep_prediction: Callable[[str, str, dict[str, Any], int], None] = (
        lambda demo, concept, predicted, right: None
    )


_WHAT_FAILS = "What does not work? Say what you tried, what you expected and what came instead."


def small_talk(intent: str, message: str, about: str) -> str:
    """What the program says to a message that asks nothing; empty for an intent that is no small talk."""
    if says_it_fails(message):
        return _WHAT_FAILS
    reply = "You are welcome." if re.search(r"than[kx]|thx|谢", message, re.IGNORECASE) else "All right."
    lines = {
        "greeting": f"Hello! {about}",
        "thanks": f"{reply} Ask on, or say “quiz me” to see what has stuck.",
        "help": about,
        "small_talk": "I am a program that teaches from your notes, so I am best at questions about them. "
        "Ask me something, or say “quiz me”.",
    }
    return lines.get(intent, "")
