"""How a question with options is answered, and the letters under which they are shown."""

from __future__ import annotations

from tutor.quiz.items import LETTERS, Item
from tutor.quiz.option_answers import chosen_ids

__all__ = ["chosen_ids", "how_to_answer", "label_of"]


def how_to_answer(item: Item) -> str:
    """What the student is to type, in plain words."""
    letters = LETTERS[: len(item.options)]
    if item.kind == "match":
        return f"Give each number its letter{_such_as(item, len(item.left), numbered=True)}."
    if item.kind == "order":
        return f"Give the letters in their right order{_such_as(item, len(item.options), numbered=False)}."
    if item.options:
        return f"Answer with {', '.join(letters[:-1])} or {letters[-1]}." if len(letters) > 1 else ""
    if item.kind == "number":
        return "Answer with a number."
    return "Type what belongs in the gap." if item.kind == "cloze" else "Answer in your own words."


def _such_as(item: Item, n: int, *, numbered: bool) -> str:
    """An example of the form that is not the answer; none where there are too few letters to hide it."""
    right = [label_of(item, option_id) for option_id in item.key.split(",")]
    letters = list(LETTERS[:n])
    example = next((one for one in (letters[::-1], letters[1:] + letters[:1]) if one != right), letters)
    shown = [f"{place}{letter}" if numbered else letter for place, letter in enumerate(example, 1)]
    return f", such as {' '.join(shown)}" if n > 2 else ""


def label_of(item: Item, option_id: str) -> str:
    """The letter under which an option is shown."""
    return LETTERS[[option.id for option in item.options].index(option_id)]
