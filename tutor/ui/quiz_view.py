"""A quiz as its tab shows it, read from the round that is kept. No gradio in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from html import escape
from typing import Any, NamedTuple

from tutor.quiz.chosen import label_of
from tutor.quiz.frames import framed
from tutor.quiz.hints import LAST_HINT, hint
from tutor.quiz.items import LETTERS, Item, plain
from tutor.quiz.option_answers import lettered
from tutor.quiz.replies import reply_of
from tutor.quiz.rounds import Outcome, Round, grade_event, last_answered, show
from tutor.turns import Citation, QuizItem, QuizScore, event_to_json
from tutor.ui.citations import citation_html
from tutor.ui.markup import bounded_html, inline_html, passage_html
from tutor.ui.note_view import Place
from tutor.ui.quizzes import VERDICTS, asked_html, grade_html, item_html, score_html, verdict_html
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
_LONGEST_SAID = 1_000
_OF_THE_QUIZ = frozenset(("QuizMaking", "QuizItem", "QuizGrade", "QuizScore", "QuizWhy"))


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
        event |= {"options": (), "how": "Choose one, or press its letter."}
    return "\n\n".join([item_html(event), *_hints(item, state.hints, around)])


def on_buttons(item: Item) -> list[str]:
    """The options as words on buttons; none where one of them needs to be set, as a formula or code does."""
    bare = [
        inline_html(option.text) == escape(option.text, quote=False)
        and len(option.text) <= _LONGEST_ON_A_BUTTON
        for option in item.options
    ]
    if not item.is_choice or not all(bare):
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


def feedback_html(state: Round) -> str:
    """The question that was dealt with last, what the student said, the grade, and the note's sentence open with its
    link; each of them once. Empty where nothing was dealt with."""
    answered = last_answered(state)
    if answered is None or not answered.outcomes:
        return ""
    place = len(answered.outcomes) - 1
    item, outcome = answered.lettered(answered.items[place]), answered.outcomes[place]
    said = _said(item, outcome)
    graded = verdict_html("reported")
    if outcome.grade is not None and not outcome.reported:
        event = event_to_json(grade_event(answered, place))
        graded = _graded_html(item, event | ({"verdict": "skipped"} if outcome.skipped else {}), said)
    told = f'<p class="yours">You said: {said}</p>\n\n{graded}' if said else graded
    # What is asked with its options, unless each of them is named below.
    is_named = item.is_choice and all(inline_html(option.text[:200]) in told for option in item.options)
    options = () if is_named or item.kind == "true-false" else item.options
    asked = {"k": place + 1, "n": len(answered.items), "stem": item.stem, "left": item.left}
    return f"{asked_html({**asked, 'options': [('', option.text) for option in options]})}\n\n{told}"


def _graded_html(item: Item, graded: Data, said: str) -> str:
    """A grade over its citation, which stands open: what stands there, or in the answer, is not said once more."""
    cited = graded["citation"]
    cites = citation_html(cited).replace("<details ", "<details open ", 1)
    shown = plain(f"{cited.get('passage') or ''} {cited['quote']}")
    why = [one for one in graded["why"] if plain(one["why"]) not in shown]
    points = graded["points"] if item.is_choice or not item.options else ()
    feedback = _feedback(item, graded, said, shown)
    html = grade_html({**graded, "feedback": feedback, "why": why, "points": points}, cites)
    html = html.replace("<details><summary>Why ", "<details open><summary>Why ", 1)
    return f"{html}\n\n{_read_on(cited)}"


def _feedback(item: Item, graded: Data, said: str, shown: str) -> str:
    """What is told with a grade, and the right answer.

    Args:
        said: by the student, as it is shown.
        shown: the words of the passage that is open below.
    """
    key, told = item.key_text, str(graded["feedback"])
    own = [option.why.removeprefix("The note says: ").strip("“” ") for option in item.options]
    for text in (item.citation.quote, *own):
        if text and plain(text) in shown:
            told = told.replace(framed(item, "The note says: “{quote}”", quote=text), "")
    compare = "Compare your reason with the note"
    told = told.replace(f"{compare}: “{item.citation.quote}”", f"{compare} below.").strip()
    if item.options and not item.is_choice:
        return told.replace(key.rstrip("."), lettered(item, item.key))
    if graded["verdict"] == "correct":
        right = framed(item, "Right: {answer}", answer=f"{key.rstrip('.')}.")
        return told.replace(right, "").strip() if plain(said) == plain(key) else told
    if item.kind in ("short", "explain"):
        # The answer is a sentence of the note, and is told by it where it can be.
        for begun in ("The answer is: ", "答案是："):
            told = told.replace(f"{begun}“{key}”", "").replace(f"{begun}{key}", "")
        is_marked = plain(key) in plain(item.citation.quote)
        return f"{told}\n\n" + ("The answer is marked below." if is_marked else f"The answer: {key}")
    return told


def _said(item: Item, outcome: Outcome) -> str:
    """What the student said to a question, as HTML: an option with its words; empty where nothing was answered."""
    if outcome.skipped or outcome.grade is None:
        return ""
    if outcome.chosen and not item.is_choice:
        return escape(lettered(item, ",".join(outcome.chosen)))
    chosen = [option for option in item.options if option.id in outcome.chosen]
    if chosen:
        return inline_html(f"{label_of(item, chosen[0].id)}. {chosen[0].text}")
    words = reply_of(outcome.answer).words or outcome.answer
    return passage_html(words if len(words) <= _LONGEST_SAID else f"{words[:_LONGEST_SAID]} …")


def _read_on(cited: Data) -> str:
    first, last = (int(line) for line in cited["lines"])
    href = escape(Place(str(cited["note"]), (first, last)).href)
    return f'<p><a href="{href}">Read it in the note</a></p>'


def besides_html(events: Iterable[Data], feedback: str = "") -> str:
    """What else a turn said: lines of the program, or the answer to a question of the student's own.

    Args:
        feedback: of the grade that is shown; a line that says the same is left out.
    """
    said = [
        event
        for event in events
        if event["event"] not in _OF_THE_QUIZ and not (feedback and event.get("text") == feedback)
    ]
    texts = [message["content"] for message in turn_messages(said, finished=True)]
    return "\n\n".join(text for text in texts if isinstance(text, str))


def summary_html(state: Round) -> str:
    """How a round ended: the score, what to revisit, and each question with its verdict and its place in the notes."""
    shown = show(state)
    assert isinstance(shown, QuizScore)
    rows = "".join(_row(state, place) for place in range(len(state.outcomes)))
    listed = f'<ol class="asked">{rows}</ol>' if rows else ""
    # The last line says by which word to retry the misses: the button below does it.
    told = shown.told[:-1] if shown.missed else shown.told
    return f"{score_html(event_to_json(replace(shown, told=told)))}\n\n{listed}"


def _row(state: Round, place: int) -> str:
    item, outcome = state.lettered(state.items[place]), state.outcomes[place]
    graded = outcome.grade.verdict if outcome.grade else "reported"
    verdict = VERDICTS["reported" if outcome.reported else "skipped" if outcome.skipped else graded]
    said, key = _said(item, outcome), inline_html(item.key_text[:300])
    yours = f"<small>You said: {said}</small>" if said and said != key else ""
    return (
        f"<li><strong>{verdict}.</strong> {inline_html(item.stem[:400])} {yours}"
        f"<small>The answer: {key} · {_place(item.citation)}</small></li>"
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
