"""A quiz as its tab shows it, read from the round that is kept. No gradio in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, NamedTuple

from tutor.quiz.hints import LAST_HINT, hint
from tutor.quiz.items import LETTERS, Item
from tutor.quiz.rounds import Round, grade_event, last_answered, show
from tutor.turns import Citation, QuizItem, QuizScore, event_to_json
from tutor.ui.citations import citation_html
from tutor.ui.markup import bounded_html, inline_html
from tutor.ui.note_view import Place
from tutor.ui.quizzes import VERDICTS, grade_html, item_html, score_html
from tutor.ui.rendering import turn_messages
from tutor.words import lines_told

Data = Mapping[str, Any]

KIND_NAMES = {
    "short": "Short answers",
    "choice": "Choices",
    "definition": "Definitions",
    "term": "Terms",
    "cloze": "Gaps",
    "true-false": "True or false",
    "either": "This or that",
    "match": "Matching",
    "order": "Putting in order",
    "number": "Numbers",
    "explain": "In your own words",
}
SURENESS = {"Sure": "I'm sure", "I think so": "70 % sure", "A guess": "just a guess"}
_RULE = '<p class="rule"></p>'
_LONGEST_ON_A_BUTTON = 160
_LONGEST_MARK = 300
_OF_THE_QUIZ = frozenset(("QuizItem", "QuizGrade", "QuizScore", "QuizWhy"))


class Mark(NamedTuple):
    """What is on the page of a round: its conversation, its open item and how many were dealt with."""

    chat_id: str = ""
    item_id: str = ""
    dealt_with: int = 0

    @staticmethod
    def of(chat_id: str, state: Round) -> Mark:
        """The mark of a round as it stands."""
        return Mark(chat_id, state.asked.id if state.asked is not None else "", len(state.outcomes))

    @staticmethod
    def read(text: str) -> Mark:
        """The mark that a browser holds as `text`; the mark of nothing where it is none."""
        try:
            chat_id, item_id, dealt_with = json.loads(str(text or "")[:_LONGEST_MARK])
            return Mark(str(chat_id), str(item_id), int(dealt_with))
        except (ValueError, TypeError, OverflowError, RecursionError):
            return Mark()

    @property
    def text(self) -> str:
        """For the browser."""
        return json.dumps(self)


def said_with(answer: str, sureness: str | None) -> str:
    """An answer as a message of the quiz, with how sure the student says to be."""
    how = SURENESS.get(sureness or "")
    return f"{answer.strip()} ({how})" if how else answer.strip()


def question_html(state: Round, around: str = "") -> str:
    """The open question as it is asked, with the hints given so far; its options only where no button can hold them.

    Args:
        around: a sentence of the notes that may be told with the first hint.
    """
    item = state.asked
    shown = show(state)
    assert item is not None and isinstance(shown, QuizItem)
    event = event_to_json(shown)
    if on_buttons(item):
        event |= {"options": (), "how": "Choose one."}
    return "\n\n".join([item_html(event), *_hints(item, state.hints, around)])


def on_buttons(item: Item) -> list[str]:
    """The options as words on buttons; none where one of them needs to be set, as a formula or code does."""
    plain = [
        inline_html(option.text) == escape(option.text, quote=False)
        and len(option.text) <= _LONGEST_ON_A_BUTTON
        for option in item.options
    ]
    if not item.is_choice or not all(plain):
        return []
    return [f"{LETTERS[n]}. {option.text}" for n, option in enumerate(item.options)]


def _hints(item: Item, given: int, around: str) -> list[str]:
    """The hints up to a level, as the chat gave them."""
    told = []
    for level in range(1, min(given, LAST_HINT) + 1):
        words = hint(item, level, around)
        told.append(
            f'<div class="turn hint"><strong>Hint {level}.</strong></div>\n\n{bounded_html(words, 2000)}'
        )
    return told


def feedback_html(events: Iterable[Data]) -> str:
    """The grade among the events of a turn, with the note's sentence open and its link; empty where none was given."""
    graded = next((event for event in events if event["event"] == "QuizGrade"), None)
    if graded is None:
        return ""
    cited = graded.get("citation")
    cites = citation_html(cited).replace("<details ", "<details open ", 1) if cited else ""
    shown = grade_html(graded, cites).replace(
        "<details><summary>Why each", "<details open><summary>Why each", 1
    )
    return f"{shown}\n\n{_read_on(cited)}" if cited else shown


def _read_on(cited: Data) -> str:
    first, last = (int(line) for line in cited["lines"])
    href = escape(Place(str(cited["note"]), (first, last)).href)
    return f'<p><a href="{href}">Read it in the note</a></p>'


def besides_html(events: Iterable[Data]) -> str:
    """What else a turn said: lines of the program, or the answer to a question of the student's own."""
    said = [event for event in events if event["event"] not in _OF_THE_QUIZ]
    texts = [message["content"] for message in turn_messages(said, finished=True)]
    return "\n\n".join(text for text in texts if isinstance(text, str))


def summary_html(state: Round) -> str:
    """How a round ended: the score, what to revisit, and each question with its verdict and its place in the notes."""
    shown = show(state)
    assert isinstance(shown, QuizScore)
    rows = "".join(_row(state, place) for place in range(len(state.outcomes)))
    listed = f'<ol class="asked">{rows}</ol>' if rows else ""
    return f"{score_html(event_to_json(shown))}\n\n{listed}"


def _row(state: Round, place: int) -> str:
    item, outcome = state.items[place], state.outcomes[place]
    verdict = (
        "Reported" if outcome.reported else VERDICTS[outcome.grade.verdict] if outcome.grade else "Skipped"
    )
    return (
        f"<li><strong>{verdict}.</strong> {inline_html(item.stem[:400])} "
        f"<small>The answer: {inline_html(item.key_text[:300])} · {_place(item.citation)}</small></li>"
    )


def _place(cited: Citation) -> str:
    name = escape(f"{cited.title or cited.note}, {lines_told(cited.lines)}")
    return f'<a href="{escape(Place(cited.note, cited.lines).href)}">{name}</a>'


def paper_html(state: Round) -> str:
    """A round that is over as a sheet for print: the questions, then on a page of its own the answers."""
    asked = [state.lettered(item) for item in state.items[: len(state.outcomes)]]
    title = escape(f"Quiz: {state.topic}" if state.topic else "Quiz")
    questions = "".join(f"<li>{_printed(item)}</li>" for item in asked)
    answers = "".join(
        f"<li>{inline_html(item.key_text)}<br><small>{inline_html(item.citation.quote[:600])} "
        f"({escape(item.citation.note)}, {lines_told(item.citation.lines)})</small></li>"
        for item in asked
    )
    return f'<h1>{title}</h1>\n\n<ol>{questions}</ol>\n\n<div class="answers"><h2>Answers</h2><ol>{answers}</ol></div>'


def _printed(item: Item) -> str:
    left = "".join(f"<li>{inline_html(text)}</li>" for text in item.left)
    options = "".join(f"<li>{inline_html(option.text)}</li>" for option in item.options)
    body = (f"<ol>{left}</ol>" if left else "") + (f'<ol class="choices">{options}</ol>' if options else "")
    return f"<p>{inline_html(item.stem)}</p>{body or _RULE}"


def last_grade(state: Round) -> list[Data]:
    """The grade that was given last, as an event; empty where nothing was graded."""
    answered = last_answered(state)
    if answered is None or not answered.outcomes or answered.outcomes[-1].grade is None:
        return []
    return [event_to_json(grade_event(answered, len(answered.outcomes) - 1))]
