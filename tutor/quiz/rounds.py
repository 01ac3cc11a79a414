"""One quiz in one chat as a state machine: plain data in, plain data and events out, nothing kept here.

    idle -> asked (item, labels, hints, confidence) -> graded, skipped or reported -> asked ... -> over

A round asks its items in order. Every item is dealt with once; a message that is no answer (a hint, a wish, a question
of the student's own, an option that is not there) leaves it open and shows it again. The letters of an item's options
are bound when it is first shown and never change, also in a later quiz of the same chat. What was dealt with changes
only by the student's own word ("I was right", "I knew it"), and what the code said stays beside it. The student can
always skip or stop.

Another quiz asked for in between pauses this one, which comes back when the other is over. What is said of "the last
answer" ("why?", "I was right") is about the last answer of the chat, in whichever of its quizzes that was given.

The same message twice: letters and numbers alone ("B", "1B 2A") are taken as the answer to the open question where it
has such labels, and so are words that are one of its options. Other words that repeat the last answer are held back
once, since they may have been sent twice: said once more, they are the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from tutor.errors import QuizError
from tutor.quiz.chosen import how_to_answer, label_of
from tutor.quiz.grading import Grade
from tutor.quiz.items import LETTERS, Item
from tutor.quiz.scoring import REVISIT_BELOW, Mark, score_of
from tutor.quiz.wording import begun_whole
from tutor.turns import Event, Notice, OptionWhy, QuizGrade, QuizItem, QuizScore, QuizWhy

MOST_PAUSED = 4
ASK_RATING = "Did you know it? Say “I knew it” or “I did not”, or go on."

Grader = Callable[[Item, str], Grade]
# The open item, the wish, the quiz's other items, the ids of all that was shown, and what was told besides -> the item
# in its place.
Other = Callable[
    [Item, Literal["harder", "easier"], Sequence[Item], Collection[str], Sequence[str]], Item | None
]


@dataclass(frozen=True)
class Outcome:
    """How an item was dealt with.

    Attributes:
        answer: the student's words as they were typed.
        grade: the grade that counts, of a skipped item "wrong"; None where the item was reported unanswered.
        graded: what the code said, where the student decided otherwise.
        confidence: how sure the student said to be, 0 to 1.
        chosen: the ids of the options that the answer names.
        attempt_id: of the attempt that counts, in the record; 0 where it is not known.
        next_due: when the fact is due again (ISO 8601).
        rating: "good" or "again" where the student rated an answer that the code could not.
        reported: the student reported it; it does not count.
        skipped: there was no answer; the item counts as not known.
    """

    answer: str
    grade: Grade | None
    hints: int = 0
    graded: Grade | None = None
    confidence: float | None = None
    chosen: tuple[str, ...] = ()
    attempt_id: int = 0
    next_due: str = ""
    rating: str = ""
    reported: bool = False
    skipped: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data for the record."""
        grades = {
            name: grade and grade.to_dict()
            for name, grade in (("grade", self.grade), ("graded", self.graded))
        }
        return {**vars(self), **grades}


@dataclass(frozen=True)
class Round:
    """The state of one quiz.

    Attributes:
        outcomes: one for each item dealt with, in the order of the items.
        hints: how many hints were given on the open item, 0 to LAST_HINT.
        stopped: the student ended it before the last item.
        labels: item id -> the ids of its options in the order of their letters, for every item shown in this chat.
        confidence: said before the answer to the open item.
        told: whether what happened last was shown; False between keeping and showing, so that a crash is noticed.
        fresh: for a round that is over, whether nothing else was said since.
        repeated: words that repeat the last answer and were held back.
        paused: the quizzes that wait for this one to end, the innermost last.
        carried: missed items of quizzes that ended while this one was paused.
        ended: the quiz in which the last answer of the chat was given, where that is over and this one goes on.
        remembered: facts' ids and words that are kept as right by the student's word in this chat, the latest last.
        aside: whether an answer to a question of no quiz was graded since the last answer of the chat's quizzes.
    """

    topic: str
    items: tuple[Item, ...]
    outcomes: tuple[Outcome, ...] = ()
    hints: int = 0
    stopped: bool = False
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    confidence: float | None = None
    told: bool = True
    fresh: bool = True
    repeated: str = ""
    paused: tuple[Round, ...] = ()
    carried: tuple[Item, ...] = ()
    ended: Round | None = None
    remembered: tuple[tuple[str, str], ...] = ()
    aside: bool = False

    @property
    def asked(self) -> Item | None:
        """The open item with its options as they are lettered; None when the round is over."""
        return None if self.over else self.lettered(self.items[len(self.outcomes)])

    @property
    def over(self) -> bool:
        """Whether nothing is left to ask in this round."""
        return self.stopped or len(self.outcomes) == len(self.items)

    @property
    def waits(self) -> bool:
        """Whether the chat has a question open, here or in a paused quiz, or something that was not shown yet."""
        return not self.over or bool(self.paused) or not self.told

    def lettered(self, item: Item) -> Item:
        """An item with its options in the order of the letters that they were given."""
        places = {option_id: place for place, option_id in enumerate(self.labels.get(item.id, ()))}
        if set(places) != {option.id for option in item.options}:
            return item
        return replace(item, options=tuple(sorted(item.options, key=lambda option: places[option.id])))

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data for the record."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "items": [item.to_dict() for item in self.items],
            "outcomes": [outcome.to_dict() for outcome in self.outcomes],
            "labels": {item_id: list(order) for item_id, order in self.labels.items()},
            "paused": [other.to_dict() for other in self.paused],
            "carried": [item.to_dict() for item in self.carried],
            "ended": self.ended.to_dict() if self.ended else None,
            "remembered": [list(one) for one in self.remembered],
        }

    @staticmethod
    def from_dict(value: Mapping[str, Any]) -> Round:
        """The round that `to_dict` wrote, also after it went through JSON. QuizError if it is not one."""
        try:
            known = {name: value[name] for name in _PLAIN if name in value}
            found = Round(
                **known,
                items=tuple(Item.from_dict(item) for item in value["items"]),
                outcomes=tuple(_outcome_of(outcome) for outcome in value["outcomes"]),
                labels={item_id: tuple(order) for item_id, order in value.get("labels", {}).items()},
                paused=tuple(Round.from_dict(other) for other in value.get("paused", ())),
                carried=tuple(Item.from_dict(item) for item in value.get("carried", ())),
                ended=Round.from_dict(value["ended"]) if value.get("ended") else None,
                remembered=tuple((one[0], one[1]) for one in value.get("remembered", ())),
            )
            if len(found.outcomes) > len(found.items):
                raise ValueError("more outcomes than items")
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise QuizError(f"The stored quiz cannot be read ({error})", "Start a new quiz.") from error
        return found if found.over else bound(found)


_PLAIN = ("topic", "hints", "stopped", "confidence", "told", "fresh", "repeated", "aside")


def _outcome_of(value: Mapping[str, Any]) -> Outcome:
    grades = {name: Grade.from_dict(value[name]) for name in ("grade", "graded") if value.get(name)}
    return Outcome(
        **{**value, "grade": None, "graded": None} | grades | {"chosen": tuple(value.get("chosen", ()))}
    )


@dataclass(frozen=True)
class Step:
    """What a message leads to: the next state with all that must be kept before the events are shown.

    Attributes:
        items: shown for the first time.
        attempts, reports: as `quiz.keeping.Rounds.keep_step` takes them.
        accepts: facts' ids and words that mean the same from now on.
        forgets: facts' ids and words that no longer do.
    """

    state: Round
    events: tuple[Event, ...]
    items: tuple[Item, ...] = ()
    attempts: tuple[dict[str, Any], ...] = ()
    reports: tuple[dict[str, Any], ...] = ()
    accepts: tuple[tuple[str, str], ...] = ()
    forgets: tuple[tuple[str, str], ...] = ()


# -- opening, going on, ending -------------------------------------------------------------------------------------


def start(items: Sequence[Item], topic: str = "", before: Round | None = None) -> Step:
    """Opens a round and asks its first item.

    Args:
        before: the chat's round so far; it pauses where it is open, and its letters stay bound.

    Raises:
        QuizError: there are no items, or too many quizzes wait already.
    """
    if not items:
        raise QuizError("A quiz needs at least one question", "Name a topic of your notes.")
    paused: tuple[Round, ...] = ()
    if before is not None and before.waits:
        paused = (*before.paused, replace(before, paused=(), told=True))
        if len(paused) > MOST_PAUSED:
            raise QuizError(f"{MOST_PAUSED} quizzes wait already", "Answer the open question, or say “stop”.")
    once = {item.id: item for item in items}
    opened = Round(topic, tuple(once.values()), paused=paused)
    if before is not None:
        last = None if before.waits else last_answered(before)
        opened = replace(
            opened, labels=before.labels, ended=last, remembered=before.remembered, aside=before.aside
        )
    return asked(opened)


def bound(state: Round) -> Round:
    """The state with letters for the open item, where it has none yet."""
    item = state.items[len(state.outcomes)]
    if item.id in state.labels:
        return state
    return replace(state, labels={**state.labels, item.id: tuple(option.id for option in item.options)})


def asked(state: Round, *said: Event, hints: int = 0, **kept: Any) -> Step:
    """The step to a state whose open item, or whose end, was not shown yet.

    Args:
        said: shown before it.
        hints: how many were given on the open item's fact.
        kept: fields of the step.
    """
    state = replace(state, told=False, hints=hints, confidence=None, repeated="")
    if state.over:
        return Step(state, (*said, show(state)), **kept)
    first = state.items[len(state.outcomes)].id not in state.labels
    state = bound(state)
    item = state.asked
    assert item is not None
    return Step(state, (*said, show(state)), items=(item,) if first else (), **kept)


def dealt_with(state: Round, outcome: Outcome, *said: Event, **kept: Any) -> Step:
    """The step past the open item."""
    after = replace(state, outcomes=(*state.outcomes, outcome), ended=None, aside=False)
    return asked(after, *said, **kept)


def finished(state: Round) -> tuple[Round, tuple[Event, ...]]:
    """The state after its events were shown, and what follows them: a paused quiz comes back when this one is over."""
    state = replace(state, told=True)
    if not (state.over and state.paused):
        return state, ()
    *others, outer = state.paused
    missed = {item.id: item for item in (*outer.carried, *missed_items(state))}
    last = state if state.outcomes else state.ended
    ended = replace(last, paused=(), ended=None, told=True) if last else outer.ended
    back = replace(
        outer, paused=tuple(others), labels={**outer.labels, **state.labels}, carried=tuple(missed.values()),
        told=True, ended=ended, remembered=state.remembered, aside=state.aside,
    )  # fmt: skip
    return back, (Notice(f"Back to the quiz on {back.topic or 'your notes'}:"), show(back))


def interrupted(state: Round) -> tuple[Event, ...]:
    """What was kept and perhaps never shown: the last grade and the open item or the score."""
    said: list[Event] = [Notice("I was interrupted here; nothing is lost.")]
    last = last_answered(state)
    if last is not None and last.outcomes[-1].grade is not None:
        said.append(grade_event(last, len(last.outcomes) - 1))
    return (*said, show(state))


def missed_items(state: Round) -> tuple[Item, ...]:
    """The items that were skipped or answered less than well, those of quizzes in between first; reported ones not."""
    dealt = list(zip(state.items, state.outcomes, strict=False))
    reported = {item.id for item, outcome in dealt if outcome.reported}
    own = {item.id: item for item, outcome in dealt if _points(outcome) < REVISIT_BELOW}
    found = {item.id: item for item in state.carried} | own
    return tuple(item for name, item in found.items() if name not in reported)


# -- the last answer -----------------------------------------------------------------------------------------------


def last_answered(state: Round) -> Round | None:
    """The quiz of the chat in which an item was dealt with last: one that is over, this one, or one that waits."""
    if state.ended is not None or state.outcomes:
        return state.ended or replace(state, paused=())
    return next((found for outer in reversed(state.paused) if (found := last_answered(outer))), None)


def with_last_outcome(state: Round, outcome: Outcome) -> Round:
    """The state with another outcome of the item that was dealt with last in the chat."""
    if state.ended is not None:
        after = with_last_outcome(state.ended, outcome)
        before, now = ({item.id: item for item in missed_items(one)} for one in (state.ended, after))
        carried = {item.id: item for item in state.carried if item.id in now or item.id not in before}
        fresh = {name: item for name, item in now.items() if name not in before}
        return replace(state, ended=after, carried=tuple((carried | fresh).values()))
    if state.outcomes:
        return replace(state, outcomes=(*state.outcomes[:-1], outcome))
    place = next(n for n in reversed(range(len(state.paused))) if last_answered(state.paused[n]))
    paused = list(state.paused)
    paused[place] = with_last_outcome(paused[place], outcome)
    return replace(state, paused=tuple(paused))


def _points(outcome: Outcome) -> float:
    return outcome.grade.score if outcome.grade else 0.0


# -- events --------------------------------------------------------------------------------------------------------


def show(state: Round) -> QuizItem | QuizScore:
    """The open item as it is asked (its letters never change), or the score at the end."""
    item = state.asked
    if item is None:
        return _score(state)
    options = tuple((LETTERS[n], option.text) for n, option in enumerate(item.options))
    return QuizItem(
        item.id, item.stem, options, len(state.outcomes) + 1, len(state.items), item.kind, item.left,
        how_to_answer(item), state.hints,
    )  # fmt: skip


def _score(state: Round) -> QuizScore:
    dealt = list(zip(state.items, state.outcomes, strict=False))
    marks = [
        Mark(item, _points(outcome), outcome.next_due) for item, outcome in dealt if not outcome.reported
    ]
    return score_of(marks, len(missed_items(state)), len(dealt) - len(marks))


def grade_event(state: Round, place: int) -> QuizGrade:
    """The grade of an item that was answered, as it is shown."""
    item, outcome = state.lettered(state.items[place]), state.outcomes[place]
    graded = outcome.grade
    assert graded is not None
    points = tuple(asdict(point) for point in graded.points)
    ask = ASK_RATING if graded.verdict == "unsure" else ""
    return QuizGrade(
        item.id, graded.verdict, graded.score, graded.feedback, item.key_text, item.citation, points,
        outcome.attempt_id, outcome.hints, tuple(_reasons(item)), outcome.next_due, ask,
    )  # fmt: skip


def why_event(state: Round, place: int) -> QuizWhy:
    """Why the answer to an item that was dealt with is what it is."""
    item = state.lettered(state.items[place])
    around = begun_whole(item.explanation)
    return QuizWhy(item.id, item.stem, item.key_text, around, item.citation, tuple(_reasons(item)))


def _reasons(item: Item) -> Iterator[OptionWhy]:
    if not item.is_choice:
        return
    for option in item.options:
        right = option.id == item.key
        why = option.why or ("" if right else "The note does not say this of what was asked.")
        yield OptionWhy(label_of(item, option.id), option.text, right, begun_whole(why))


def shown_after(state: Round) -> tuple[Event, ...]:
    """What is shown after the last outcome changed: the score that it is part of, and the open item or the score."""
    scores = (_score(state.ended),) if state.ended is not None and state.ended.over else ()
    return (*scores, show(state))


def settled(step: Step, kept: Sequence[Mapping[str, Any]]) -> Step:
    """The step with what the record said of its attempt: the id and when the fact is due again."""
    last = last_answered(step.state)
    if not kept or last is None:
        return step
    told = kept[-1]
    outcome = replace(
        last.outcomes[-1], attempt_id=int(told["attempt_id"]), next_due=str(told.get("next_due") or "")
    )
    state = with_last_outcome(step.state, outcome)
    after = last_answered(state)
    assert after is not None
    events = list[Event]()
    for event in step.events:
        if isinstance(event, QuizGrade):
            event = grade_event(after, len(after.outcomes) - 1)
        elif isinstance(event, QuizScore):
            event = _score(after if last.over and event == _score(last) else state)
        events.append(event)
    return replace(step, state=state, events=tuple(events))
