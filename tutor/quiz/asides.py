"""What is said in a quiz to a message that is no answer, and how the quiz stands."""

from __future__ import annotations

import re

from tutor.quiz.frames import framed
from tutor.quiz.items import LETTERS, Item
from tutor.quiz.rounds import Round
from tutor.words import content_words

NO_ANSWER = "That is no answer, so it is not graded. Answer, or say hint, skip or stop."
NO_EXAMPLE = (
    "An example could tell you the answer, so there is none before you have tried: say hint for a first step, or "
    "“I don't know” to read what the note says."
)
GUESSED = "I take “{said}” as your answer."
_REMARK = re.compile(
    r"\W*(?:(?:so|but|and|ok(?:ay)?|hm+|i (?:think|guess|see))\W+)*(?:it|this|that|you|(?:the|this|that) question)"
    r"(?:'s| is| are)? (?:ask(?:s|ing|ed)?|wants? (?:to know|me to))\b",
    re.IGNORECASE,
)


def is_remark(text: str, item: Item) -> bool:
    """Whether a message says what the question asks, and not what answers it: "it asks about the loss"."""
    # A decision tree asks too.
    said = content_words(" ".join((item.key, item.key_text, *(option.text for option in item.options))))
    return "ask" not in said and bool(_REMARK.match(text.replace("’", "'")))


def score_so_far(state: Round) -> str:
    """How many points the answers of a quiz have got, and how many questions are left."""
    counted = [outcome for outcome in state.outcomes if not outcome.reported]
    points = sum(outcome.grade.score for outcome in counted if outcome.grade is not None)
    left = 0 if state.over else len(state.items) - len(state.outcomes)
    more = f"{left} question{'' if left == 1 else 's'} left, with this one." if left else "This quiz is over."
    if not counted:
        return f"Nothing is graded yet: {more}" if left else f"Nothing was graded. {more}"
    so_far = "Your score so far" if left else "Your score"
    return f"{so_far}: {round(points, 2):g} of {len(counted)} point{'' if len(counted) == 1 else 's'}. {more}"


def not_an_option(item: Item) -> str:
    """What is said to words that name none of an item's options."""
    letters = ", ".join(LETTERS[: len(item.options)])
    if item.kind == "match":
        told = "Give each number from 1 to {n} one letter of {letters}, such as 1{first}."
        return framed(item, told, n=len(item.left), letters=letters, first=LETTERS[0])
    if item.kind == "order":
        return framed(item, "Give each of {letters} once, in the right order.", letters=letters)
    return framed(item, "That names none of the options. Answer with one of {letters}.", letters=letters)
