"""The prompts: one short user message that holds the notes and the question as they are."""

from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage

from tutor.prompts import answer_from_notes
from tutor.turns import STYLES, Style

NOTES = ["A GAN has two networks.", "The loss is $L = {x}$ and {question} stays as it is."]


def text(style: Style = "plain") -> str:
    messages = answer_from_notes("What is a {GAN}?", NOTES, style)
    assert len(messages) == 1 and isinstance(messages[0], HumanMessage)
    return str(messages[0].content)


def test_notes_and_question_are_taken_as_they_are_braces_included() -> None:
    prompt = text()
    assert all(f"- {note}\n" in prompt for note in NOTES)
    assert prompt.endswith("Question: What is a {GAN}?")


def test_notes_come_before_the_question() -> None:
    assert text().index(NOTES[0]) < text().index("Question:")


@pytest.mark.parametrize("style", STYLES)
def test_every_style_asks_to_use_nothing_but_the_notes(style: Style) -> None:
    assert "only the notes" in text(style)


def test_each_style_asks_for_another_manner() -> None:
    assert len({text(style) for style in STYLES}) == len(STYLES)


def test_without_notes_the_prompt_still_asks_the_question() -> None:
    assert "Question: Why?" in str(answer_from_notes("Why?", [], "plain")[0].content)
