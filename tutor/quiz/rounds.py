"""One quiz in one chat as a state machine: plain data in, plain data and events out, nothing kept here.

A round asks its items in order. Every item is dealt with once, by an answer or by skipping it; a message that
is no answer (a hint, a question of the student's own, an option that is not there) leaves it open and shows
it again. What was dealt with never changes, and the student can always skip or stop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tutor.errors import QuizError
from tutor.quiz.grading import Grade, chosen_option
from tutor.quiz.items import LETTERS, Item
from tutor.quiz.replies import reply_kind
from tutor.turns import Event, Notice, QuizGrade, QuizItem, QuizScore
from tutor.words import content_words

LAST_HINT = 3
REVISIT_BELOW = 0.6

Grader = Callable[[Item, str], Grade]


@dataclass(frozen=True)
class Outcome:
    """How an item was dealt with: the student's words and their grade, or skipped (grade None)."""

    answer: str
    grade: Grade | None
    hints: int = 0


@dataclass(frozen=True)
class Round:
    """The state of one quiz.

    Attributes:
        outcomes: one for each item dealt with, in the order of the items; only ever appended to.
        hints: how many hints were given on the open item, 0 to LAST_HINT.
        stopped: the student ended it before the last item.
    """

    topic: str
    items: tuple[Item, ...]
    outcomes: tuple[Outcome, ...] = ()
    hints: int = 0
    stopped: bool = False

    @property
    def asked(self) -> Item | None:
        """The open item; None when the round is over."""
        return None if self.over else self.items[len(self.outcomes)]

    @property
    def over(self) -> bool:
        """Whether nothing is left to ask."""
        return self.stopped or len(self.outcomes) == len(self.items)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data for the record."""
        return {
            "topic": self.topic,
            "items": [item.to_dict() for item in self.items],
            "outcomes": [asdict(outcome) for outcome in self.outcomes],
            "hints": self.hints,
            "stopped": self.stopped,
        }

    @staticmethod
    def from_dict(value: dict[str, Any]) -> Round:
        """The round that `to_dict` wrote, also after it went through JSON. QuizError if it is not one."""
        try:
            outcomes = [
                Outcome(o["answer"], o["grade"] and Grade.from_dict(o["grade"]), o["hints"])
                for o in value["outcomes"]
            ]
            items = tuple(Item.from_dict(item) for item in value["items"])
            return Round(value["topic"], items, tuple(outcomes), value["hints"], value["stopped"])
        except (KeyError, TypeError) as error:
            raise QuizError(f"The stored quiz cannot be read ({error})", "Start a new quiz.") from error


def start(items: Sequence[Item], topic: str = "") -> tuple[Round, list[Event]]:
    """Opens a round and asks its first item. QuizError without items."""
    if not items:
        raise QuizError("A quiz needs at least one question", "Name a topic of your notes.")
    opened = Round(topic, tuple(items))
    return opened, [show(opened)]


def show(state: Round) -> Event:
    """The open item as it is asked (its letters never change while it is open), or the score at the end."""
    item = state.asked
    if item is None:
        return _score(state)
    options = tuple((LETTERS[n], option.text) for n, option in enumerate(item.options))
    return QuizItem(item.id, item.stem, options, len(state.outcomes) + 1, len(state.items), item.kind)


def submit(state: Round, text: str, grade: Grader) -> tuple[Round, list[Event]]:
    """Takes one message of the student.

    Args:
        state: the round; it is not changed.
        text: the message.
        grade: grades an answer to an item, as `grading.grade` does; called for answers only, once each.

    Returns:
        The next state and what to show: a QuizGrade and the next QuizItem or the QuizScore for an answer, a
        Notice and the open QuizItem for anything else.
    """
    item = state.asked
    if item is None:
        return state, [Notice("This quiz is over. Ask for a quiz on a topic to start another.")]
    kind = reply_kind(text)
    if kind == "stop":
        ended = replace(state, stopped=True, hints=0)
        return ended, [_score(ended)]
    if kind == "hint":
        given = replace(state, hints=min(LAST_HINT, state.hints + 1))
        said = "That was the last hint. " if state.hints == LAST_HINT else ""
        return given, [Notice(said + _hint(item, given.hints)), show(given)]
    if kind == "question":
        said = "That is no answer, so it is not graded. Answer, or say hint, skip or stop."
        return state, [Notice(said), show(state)]
    if kind == "skip":
        after = _dealt_with(state, Outcome(text, None, state.hints))
        return after, [Notice(f"Skipped. The answer is: {item.key_text}"), show(after)]
    if item.is_choice and kind == "answer" and chosen_option(item, text) is None:
        letters = ", ".join(LETTERS[: len(item.options)])
        return state, [Notice(f"That names none of the options. Answer with one of {letters}."), show(state)]
    graded = grade(item, text)
    after = _dealt_with(state, Outcome(text, graded, state.hints))
    return after, [_grade_event(item, graded), show(after)]


def _dealt_with(state: Round, outcome: Outcome) -> Round:
    return replace(state, outcomes=(*state.outcomes, outcome), hints=0)


def _grade_event(item: Item, graded: Grade) -> QuizGrade:
    points = tuple(asdict(point) for point in graded.points)
    return QuizGrade(
        item.id, graded.verdict, graded.score, graded.feedback, item.key_text, item.citation, points
    )


def _score(state: Round) -> QuizScore:
    """Points out of the items dealt with, and the headings of those that went less than well, each once."""
    revisit: dict[str, None] = {}
    points = 0.0
    for item, outcome in zip(state.items, state.outcomes, strict=False):
        earned = outcome.grade.score if outcome.grade else 0.0
        points += earned
        if earned < REVISIT_BELOW:
            revisit[" › ".join(item.heading) or item.citation.title or item.note] = None
    return QuizScore(round(points, 2), len(state.outcomes), tuple(revisit))


def _hint(item: Item, level: int) -> str:
    """Where to look, then the first letters (or an option less), then the key with its words masked."""
    if level == 1:
        place = " › ".join(item.heading) or item.citation.title or item.note
        return f"It stands in your notes under “{place}”."
    if item.is_choice:
        wrong = [f"{LETTERS[n]}" for n, option in enumerate(item.options) if option.id != item.key]
        gone = wrong[: level - 1] if len(wrong) >= level else wrong[: len(wrong) - 1]
        return f"It is not {' or '.join(gone)}." if gone else "Only two options are left: weigh them."
    told = set(content_words(item.stem))
    hidden = [word for word in re.findall(r"\w+", item.key) if not told.issuperset(content_words(word))]
    if level == 2:
        return "The words that matter begin: " + " ".join(f"{word[0]}…" for word in dict.fromkeys(hidden[:6]))
    masked = re.sub(
        r"\w+", lambda m: m[0] if m[0] not in hidden else m[0][0] + "_" * (len(m[0]) - 1), item.key
    )
    return f"Fill in the gaps: {masked}"
