"""What each message of the student's does to a round: the moves of the quiz, from an answer to "I was right"."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tutor.quiz.asides import GUESSED, NO_ANSWER, NO_EXAMPLE, is_remark, not_an_option, score_so_far
from tutor.quiz.chosen import chosen_ids, label_of
from tutor.quiz.frames import framed, is_chinese, quoted
from tutor.quiz.grading import Grade, chosen_option
from tutor.quiz.hints import LAST_HINT, hint
from tutor.quiz.items import LETTERS, Item, plain
from tutor.quiz.own_word import cannot_be_right, is_known, with_approved
from tutor.quiz.replies import NOT_SURE, Reply, reply_of
from tutor.quiz.rounds import (
    Grader,
    Other,
    Outcome,
    Round,
    Step,
    asked,
    dealt_with,
    grade_event,
    last_answered,
    missed_items,
    show,
    shown_after,
    start,
    why_event,
    with_last_outcome,
)
from tutor.turns import Event, Notice

MOST_CHARS = 4_000
_REPORTED = "You reported that question: it is set aside and does not count, whatever its grade was."
_OVER = "This quiz is over. Ask for a quiz on a topic to start another."
_AFTER = frozenset(
    ("why", "right", "undo", "knew", "knew_not", "report", "left", "score", "again", "misses", "forget")
)
_ON_THE_LAST = frozenset(("why", "right", "undo", "knew", "knew_not", "forget"))
_ASIDE = "What was graded last is no question of this quiz: its grade stays, and what its note says stands with it."
MOST_REMEMBERED = 20
_LABEL = re.compile(r"\d{0,2}[a-j]|\d{1,2}", re.IGNORECASE)
_BETWEEN_LABELS = re.compile(r"[\s,;.:()=-]+")


def _none(
    item: Item, wish: str, beside: Sequence[Item], shown: Collection[str], told: Sequence[str]
) -> Item | None:
    return None


@dataclass(frozen=True)
class Rules:
    """What the moves lean on.

    Args:
        grade: grades an answer to an item, as `grading.grade` does; called for answers only, once each.
        other: an item of another kind on the same topic, harder or easier; None where there is none.
        off_topic: whether an answer is about something else than its item.
        accepted: what else is right for a fact by the student's word.
        around: a sentence of the notes on what an item is about, which may be told in a hint; or empty.
    """

    grade: Grader
    other: Other = _none
    off_topic: Callable[[Item, str], bool] = lambda item, words: False
    accepted: Callable[[str], Sequence[str]] = lambda fact_id: ()
    around: Callable[[Item], str] = lambda item: ""


def follows_quiz(state: Round, text: str) -> bool:
    """Whether a message, sent when nothing is open, still belongs to the quiz that is over."""
    kind = reply_of(text).kind
    if kind == "misses" and not missed_items(state):
        return False  # what was got wrong before this quiz is for the record to say
    return (state.fresh and kind in _AFTER and bool(state.items)) or kind == "misses"


def asks_again(state: Round, text: str) -> bool:
    """Whether a message, sent some time after a quiz, may ask for what was missed in it."""
    return asks_anew(text) and bool(missed_items(state))


def asks_anew(text: str) -> bool:
    """Whether a message says "again" and nothing else; "start over" is said of other things than a quiz as well."""
    return reply_of(text).kind == "again" and not re.match(r"\W*(?:re-?)?start", text, re.IGNORECASE)


def submit(state: Round, text: str, rules: Rules) -> Step:
    """Takes one message of the student.

    Args:
        state: the round; it is not changed.
        text: the message.

    Returns:
        The next state, what to keep and what to show: a QuizGrade and the next QuizItem or the QuizScore for an answer,
        for anything else what was asked for and the open QuizItem.
    """
    if len(text) > MOST_CHARS:
        return _again_shown(state, Notice("That is too long to be graded. Say it in a few sentences."))
    reply = _read(state.asked, text, rules)
    if state.asked is None and reply.kind not in _AFTER:
        return Step(state, (Notice(_OVER),))
    if state.aside and (reply.kind in _ON_THE_LAST or reply.last):
        return _again_shown(state, Notice(_ASIDE))
    return _MOVES[reply.kind](state, reply, text, rules)


def _read(item: Item | None, text: str, rules: Rules) -> Reply:
    """What a message is; the very words that are right are an answer, though they be a command too ("restart")."""
    reply = reply_of(text)
    if item is not None and reply.kind == "answer" and is_remark(text, item):
        return Reply("unclear")
    if item is None or item.options or reply.kind == "answer":
        return reply
    right = (item.key, *with_approved(item, rules.accepted).accepts)
    return Reply("answer", text.strip()) if is_known(text, right) else reply


def _again_shown(state: Round, *said: Event) -> Step:
    """A step that leaves the open item open and shows it once more; nothing more is said of a round that is over."""
    return Step(state, (*said, show(state)) if state.asked is not None else said or (Notice(_OVER),))


# -- answers -------------------------------------------------------------------------------------------------------


def _answer(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    item = state.asked
    assert item is not None
    ids = chosen_ids(item, reply.words)
    if _is_echo(state, reply.words, item, ids):
        said = "You gave this answer to the question before. If you mean it for this one too, say it again."
        return _again_shown(replace(state, repeated=plain(reply.words)), Notice(said))
    if item.options and not ids:
        confidence = state.confidence if reply.confidence is None else reply.confidence
        return _again_shown(replace(state, confidence=confidence), Notice(not_an_option(item)))
    return _graded(state, reply, text, rules, ids)


def _graded(state: Round, reply: Reply, text: str, rules: Rules, ids: tuple[str, ...] = ()) -> Step:
    item = state.asked
    assert item is not None
    graded = rules.grade(item, _named(item, ids) if ids else reply.words)
    confidence = state.confidence if reply.confidence is None else reply.confidence
    outcome = Outcome(text, graded, state.hints, confidence=confidence, chosen=ids)
    step = dealt_with(state, outcome, attempts=(_attempt(item, outcome),))
    grade = grade_event(step.state, len(state.outcomes))
    taken = (Notice(GUESSED.format(said=reply.words)),) if reply.guessed else ()
    return replace(step, events=(*taken, grade, *step.events))


def _named(item: Item, ids: tuple[str, ...]) -> str:
    """An answer by ids, as the grader reads it: by id where it knows it again, else by letter."""
    if not item.is_choice:
        return ",".join(ids)
    return ids[0] if chosen_option(item, ids[0]) == ids[0] else label_of(item, ids[0])


def _is_echo(state: Round, words: str, item: Item, ids: tuple[str, ...]) -> bool:
    """Whether a message may be the last answer sent twice, and not an answer to the open item."""
    before = last_answered(state)
    if before is None or _last_item(before).id == item.id:  # the same question, asked anew
        return False
    last = reply_of(before.outcomes[-1].answer).words
    if not last or plain(words) != plain(last) or state.repeated == plain(words) or item.kind == "number":
        return False
    if all(_LABEL.fullmatch(part) for part in _BETWEEN_LABELS.split(words) if part):
        return not ids
    own = {plain(option.text) for option in item.options}
    own |= {plain(f"{LETTERS[n]} {option.text}") for n, option in enumerate(item.options)}
    return plain(words) not in own


def _attempt(item: Item, outcome: Outcome, overrides: int = 0) -> dict[str, Any]:
    """A graded answer as the record keeps it."""
    assert outcome.grade is not None
    chosen = {option.id: option.fact_id for option in item.options} if item.is_choice else {}
    return {
        "item_id": item.id,
        "fact_id": item.fact_id,
        "concept": item.concept,
        "kind": item.kind,
        "answer": outcome.answer,
        "grade": outcome.grade.to_dict(),
        "hints": outcome.hints,
        "confidence": outcome.confidence,
        "rating": outcome.rating or None,
        "overrides": overrides,
        "chosen_fact_id": next(
            (chosen[one] for one in outcome.chosen if chosen.get(one) and one != item.key), ""
        ),
    }


# -- wishes --------------------------------------------------------------------------------------------------------


def _skip(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    item = state.asked
    assert item is not None
    said = framed(item, "Skipped. The answer is: {answer}", answer=item.key_text)
    if item.options:  # an option says what is right and not why
        end = "" if said.endswith((".", "!", "?", "。")) else "。" if is_chinese(said) else "."
        said = f"{said}{end} {quoted(item, ' '.join(item.citation.quote.split()))}"
    graded = Grade("wrong", 0.0, (), said, dont_know=True)
    outcome = Outcome(text, graded, state.hints, confidence=state.confidence, skipped=True)
    return dealt_with(state, outcome, Notice(said), attempts=(_attempt(item, outcome),))


def _stop(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    return asked(replace(state, stopped=True))


def _hint(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    item = state.asked
    assert item is not None
    level = min(LAST_HINT, state.hints + 1)
    said = framed(item, "That was the last hint. ") if state.hints == LAST_HINT else ""
    told = hint(item, level, rules.around(item))
    return _again_shown(replace(state, hints=level), Notice(said + told))


def _unclear(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    return _again_shown(state, Notice(NO_EXAMPLE if reply.kind == "example" else NO_ANSWER))


def _confidence(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    low = (reply.confidence or 0.0) <= NOT_SURE
    more = "a guess is fine, or say “I don't know”." if low else "your answer?"
    noted = f"Noted: {'not sure' if low else 'sure'}. Now {more}"
    return _again_shown(replace(state, confidence=reply.confidence), Notice(noted))


def _swap(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    item = state.asked
    assert item is not None
    wish: Any = reply.kind
    place = len(state.outcomes)
    beside = (*state.items[:place], *state.items[place + 1 :])
    hinted = [hint(item, level, rules.around(item)) for level in range(1, state.hints + 1)]
    answered = [done.grade.feedback for done in state.outcomes if done.grade is not None]
    keys = [one.key_text for one in state.items[:place]]
    found = rules.other(item, wish, beside, frozenset(state.labels), (*hinted, *answered, *keys))
    if found is None or found.id in {item.id, *state.labels, *(other.id for other in beside)}:
        return _again_shown(state, Notice(f"I have no {wish} question on this, so this one stays."))
    said = Notice(f"Here is {'an' if wish == 'easier' else 'a'} {wish} one:")
    items = (*state.items[:place], found, *state.items[place + 1 :])
    # What the hints told of a fact is known however it is asked.
    hints = state.hints if found.fact_id and found.fact_id == item.fact_id else 0
    return asked(replace(state, items=items), said, hints=hints)


def _left(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    done, n = len(state.outcomes), len(state.items)
    if state.asked is None:
        return Step(state, (Notice(f"None: this quiz is over, and {done} of {n} questions were asked."),))
    waiting = f" {len(state.paused)} more quiz waits." if state.paused else ""
    return _again_shown(state, Notice(f"{done} of {n} are done; {n - done} left, with this one.{waiting}"))


def _score(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    return _again_shown(state, Notice(score_so_far(state)))


def _repeat(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    return _again_shown(state)


def _retry(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    """A quiz of what was missed; while a question is open, "again" shows it again."""
    missed = missed_items(state)
    if state.asked is not None:
        if reply.kind == "again":
            return _again_shown(state)
        return _again_shown(
            state, Notice("First this quiz: when it is over, say “again” for what you missed.")
        )
    if not missed:
        return Step(state, (Notice("You missed nothing. Say “quiz me on …” for another quiz."),))
    opened = start([state.lettered(item) for item in missed], state.topic, state)
    return replace(opened, events=(Notice(f"Once more what you missed: {len(missed)}."), *opened.events))


# -- what was graded last ------------------------------------------------------------------------------------------


def _why(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    last = last_answered(state)
    if last is None:
        return _again_shown(
            state, Notice("Answer first, or skip: then I show why. A hint helps before that.")
        )
    return _again_shown(state, why_event(last, len(last.outcomes) - 1))


def _report(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    """Sets the open item aside ungraded, or the last one where that is meant or nothing is open."""
    item, last = state.asked, last_answered(state)
    if item is not None and not (reply.last and last is not None):
        said = Notice("Thank you. This question is set aside and does not count.")
        outcome = Outcome(text, None, state.hints, reported=True)
        return dealt_with(state, outcome, said, reports=(_noted(item, reply),))
    if last is None or last.outcomes[-1].reported:
        return _again_shown(state, Notice(_REPORTED if last else "There is no question to report."))
    item = _last_item(last)
    after = with_last_outcome(state, replace(last.outcomes[-1], reported=True))
    said = Notice(f"Thank you. “{item.stem}” is set aside and does not count.")
    return Step(after, (said, *shown_after(after)), reports=(_noted(item, reply),))


def _noted(item: Item, reply: Reply) -> dict[str, Any]:
    return {"item_id": item.id, "fact_id": item.fact_id, "kind": item.kind, "reason": reply.words}


def _last_item(last: Round) -> Item:
    return last.items[len(last.outcomes) - 1]


def _decided(state: Round, outcome: Outcome, said: str, **kept: Any) -> Step:
    """The step in which the student's own word changes the last grade; the attempt before stays on record.

    Args:
        kept: fields of the step.
    """
    last = last_answered(state)
    assert last is not None
    item, before = _last_item(last), last.outcomes[-1]
    after = with_last_outcome(state, outcome)
    # A round that an older version left in a crash knows no id: a second attempt would count beside the first, so the
    # round alone knows of it then.
    attempts = (_attempt(item, outcome, before.attempt_id),) if before.attempt_id else ()
    return Step(after, (Notice(said), *shown_after(after)), attempts=attempts, **kept)


def _right(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    last = last_answered(state)
    outcome = last.outcomes[-1] if last is not None else None
    if outcome is not None and outcome.reported:
        return _again_shown(state, Notice(_REPORTED))
    if last is None or outcome is None or outcome.grade is None:
        return _again_shown(state, Notice("There is no grade to change yet."))
    if outcome.grade.verdict == "correct":
        return _again_shown(state, Notice("That one is counted as right already."))
    item, words = _last_item(last), reply_of(outcome.answer).words
    why_not = cannot_be_right(item, outcome, words, rules.off_topic)
    if why_not:
        return _again_shown(state, Notice(f"That cannot count as right: {why_not}. {_INSTEAD}"))
    grade = Grade("correct", 1.0, outcome.grade.points, "Counted as right on your own word.")
    right = replace(outcome, grade=grade, graded=outcome.graded or outcome.grade, rating="")
    kept = ((item.fact_id, words),) if item.fact_id and plain(words) else ()
    from_now = f" From now on “{words}” is right there (“forget that” takes it back)." if kept else ""
    said = f"Counted as right on your own word.{from_now} Say “undo” to take the grade back."
    state = replace(state, remembered=(*state.remembered, *kept)[-MOST_REMEMBERED:])
    return _decided(state, right, said, accepts=kept)


_INSTEAD = "Say “why?” to see the note's sentence, or “report the last question” if the question is at fault"


def _forget(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    """Words that were kept as right by the student's word are so no longer; what they were graded stays."""
    last = last_answered(state)
    words, fact_id = "", ""
    if last is not None:
        words, fact_id = reply_of(last.outcomes[-1].answer).words, _last_item(last).fact_id
    same = [one for one in rules.accepted(fact_id) if fact_id and plain(one) == plain(words)]
    gone = [(fact_id, one) for one in same] or list(state.remembered[-1:])
    if not gone:
        return _again_shown(state, Notice("No words of yours are kept as right here."))
    said = f"Forgotten: “{gone[0][1]}” is no longer kept as right. The grade stays; “undo” takes back the last one."
    return replace(_again_shown(_without(state, gone), Notice(said)), forgets=tuple(gone))


def _without(state: Round, gone: Collection[tuple[str, str]]) -> Round:
    """The state in which words are no longer remembered as right."""
    return replace(state, remembered=tuple(one for one in state.remembered if one not in gone))


def _undo(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    last = last_answered(state)
    outcome = last.outcomes[-1] if last is not None else None
    if outcome is not None and outcome.reported:
        return _again_shown(state, Notice(_REPORTED))
    if last is None or outcome is None or outcome.graded is None:
        return _again_shown(state, Notice("There is nothing to undo."))
    before = replace(outcome, grade=outcome.graded, graded=None, rating="")
    said = f"Taken back: it counts as {outcome.graded.verdict} again."
    own = (_last_item(last).fact_id, reply_of(outcome.answer).words)
    if own not in state.remembered:
        return _decided(state, before, said)
    more = f" “{own[1]}” is no longer kept as right."
    return _decided(_without(state, (own,)), before, said + more, forgets=(own,))


def _knew(state: Round, reply: Reply, text: str, rules: Rules) -> Step:
    last = last_answered(state)
    outcome = last.outcomes[-1] if last is not None else None
    if outcome is not None and outcome.reported:
        return _again_shown(state, Notice(_REPORTED))
    grade = outcome.grade if outcome is not None else None
    if outcome is None or grade is None or grade.verdict != "unsure":
        said = "The last grade needs no word of yours. If your words meant the same, say “I was right”."
        return _again_shown(state, Notice(said if grade is not None else "Nothing is graded yet."))
    knew = reply.kind == "knew"
    decided = replace(grade, verdict="correct" if knew else "wrong", score=1.0 if knew else 0.0)
    rated = replace(outcome, grade=decided, graded=grade, rating="good" if knew else "again")
    said = f"Noted: you {'knew' if knew else 'did not know'} it. Say “undo” to take that back."
    return _decided(state, rated, said)


Move = Callable[[Round, Reply, str, Rules], Step]
_MOVES: dict[str, Move] = {
    "answer": _answer,
    "dont_know": _graded,
    "skip": _skip,
    "stop": _stop,
    "hint": _hint,
    "question": _unclear,
    "unclear": _unclear,
    "example": _unclear,
    "confidence": _confidence,
    "harder": _swap,
    "easier": _swap,
    "left": _left,
    "score": _score,
    "repeat": _repeat,
    "again": _retry,
    "misses": _retry,
    "why": _why,
    "report": _report,
    "right": _right,
    "undo": _undo,
    "forget": _forget,
    "knew": _knew,
    "knew_not": _knew,
}
