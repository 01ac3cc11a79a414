"""Every prompt that is sent to a chat model, one typed function each.

Notes go in as values, never into a template; small models copy best under one short user message, so there is
no system prompt and no list of rules.
"""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage

from tutor.turns import Style

_MANNER: dict[Style, str] = {
    "plain": "Answer in two to four short sentences.",
    "eli5": "Answer in short, simple words that a child understands.",
    "school": "Answer in three or four plain sentences that a pupil of fourteen understands, without formulas.",
    "expert": "Answer precisely in four to six sentences, with the formula if the notes give one.",
}

_NAMED: dict[Style, str] = {"plain": "", "eli5": "simply", "school": "for school", "expert": "in depth"}

NOT_SAID = "The notes do not say this."
"""What the fitted model says where no sentence answers."""


def answer_from_notes(question: str, evidence: Sequence[str], style: Style) -> list[BaseMessage]:
    """Asks for an answer that uses nothing but the given sentences of the notes."""
    notes = "\n".join(f"- {sentence}" for sentence in evidence)
    return [
        HumanMessage(
            f"Notes:\n{notes}\n\nUse only the notes above and keep their words where you can. {_MANNER[style]}\n"
            f"Question: {question}"
        )
    ]


def _numbered(texts: Sequence[str]) -> str:
    """Texts on a line each, behind their numbers from 1."""
    return "\n".join(f"[{number}] {text}" for number, text in enumerate(texts, 1))


def answer_from_numbered(question: str, evidence: Sequence[str], style: Style) -> list[BaseMessage]:
    """Asks the fitted model for an answer from numbered sentences, each of its own behind the numbers it rests on.

    It was fitted on this very form (`tutor.training`), so that no rules need to be told. The question stands in front
    as well: a model that reads from left to right can then weigh each sentence by it.
    """
    manner = "" if style == "plain" else f" ({_NAMED[style]})"
    asked = f"Question{manner}: {question}"
    return [HumanMessage(f"{asked}\n\n{_numbered(evidence)}\n\n{asked}")]


def told_to_number(question: str, evidence: Sequence[str]) -> list[BaseMessage]:
    """Asks any model for what the fitted one learned: an answer with the numbers it rests on, or `NOT_SAID`."""
    return [
        HumanMessage(
            f"{_numbered(evidence)}\n\nAnswer the question from these sentences alone, in one to three "
            "short sentences that keep their words; put the number of the sentence it rests on behind "
            f"each, as in [2]. If they do not answer it, say only: {NOT_SAID}\nQuestion: {question}"
        )
    ]


def stand_alone(turns: Sequence[tuple[str, str]], message: str) -> list[BaseMessage]:
    """Asks the fitted model for a follow-up as a question that stands alone.

    Args:
        turns: what was asked and the begin of its answer, oldest first.
    """
    said = "\n".join(f"Student: {asked}\nTutor: {answered}" for asked, answered in turns)
    return [HumanMessage(f"{said}\nStudent: {message}\n\nThe last question, so that it stands alone:")]


def judge_from_numbered(statement: str, evidence: Sequence[str]) -> list[BaseMessage]:
    """Asks the fitted model whether numbered sentences say a student's statement, say otherwise, or neither."""
    asked = f"True, false or not said: {statement}"
    return [HumanMessage(f"{asked}\n\n{_numbered(evidence)}\n\n{asked}")]


def write_call(message: str, demos: Sequence[str]) -> list[BaseMessage]:
    """Asks the fitted model for one call as JSON with `tool` and `arguments`, or with the tool "none".

    Args:
        demos: the names of the demos that are there.
    """
    return [
        HumanMessage(
            "make_quiz(topic, n, due, missed): asks questions\nrun_demo(name, preset, seed): trains a model live, "
            f"one of {', '.join(demos)}\nshow_progress(topic): how the student stands\n"
            f"list_demos(): which demos there are\nnone: anything else\n\nStudent: {message}\nThe call as JSON:"
        )
    ]


def leave_one_out(question: str, key: str, candidates: Sequence[str]) -> list[BaseMessage]:
    """Asks the fitted model which of numbered wrong answers to offer beside the right one: plausible, and wrong."""
    return [
        HumanMessage(f"{_numbered(candidates)}\n\nQuestion: {question}\nRight: {key}\nPlausible but wrong:")
    ]


def choose_tool(message: str) -> list[BaseMessage]:
    """Asks a model with bound tools to call the one that the student wants."""
    return [
        HumanMessage(
            "Call the tool that does what the student asks, with the values that the student names and no others. "
            f"If none fits, call none.\nStudent: {message}"
        )
    ]


def reword_question(question: str) -> list[BaseMessage]:
    """Asks for the same question in other words, as JSON with the key `question`."""
    return [
        HumanMessage(
            "Ask the same in other words. Keep every name, number and formula, add nothing, and do not answer. "
            f'Reply with JSON: {{"question": "..."}}\nQuestion: {question}'
        )
    ]
