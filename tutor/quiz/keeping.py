"""The quizzes of the chats as they are kept: each step reaches the store whole before anything of it is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from tutor.quiz.cuts import reveals
from tutor.quiz.hints import LAST_HINT
from tutor.quiz.items import Item
from tutor.quiz.moves import Rules, submit
from tutor.quiz.own_word import by_own_word
from tutor.quiz.rounds import Round, Step, finished, interrupted, settled, show, start
from tutor.turns import Event, Notice, QuizItem

Settle = Callable[[list[dict[str, Any]]], dict[str, Any]]


class Rounds(Protocol):
    """Where the quiz of each chat is kept."""

    def load_round(self, chat_id: str) -> dict[str, Any] | None:
        """The state that `keep_step` kept last for the chat, or None."""

    def keep_step(
        self,
        chat_id: str,
        state: dict[str, Any],
        *,
        items: Sequence[dict[str, Any]] = (),
        attempts: Sequence[dict[str, Any]] = (),
        reports: Sequence[dict[str, Any]] = (),
        accepts: Sequence[tuple[str, str]] = (),
        forgets: Sequence[tuple[str, str]] = (),
        settle: Settle | None = None,
    ) -> list[dict[str, Any]]:
        """Keeps all of a step, or nothing of it.

        Args:
            state: `Round.to_dict`, in place of the one before.
            settle: makes the state to be kept, in place of `state`, of what is returned: it knows the attempts' ids.
            items: shown for the first time (`Item.to_dict`).
            attempts: graded answers: item_id, fact_id, concept, kind, answer, grade (`Grade.to_dict`), hints,
                confidence (0 to 1, or None), rating (the student's own: "again", "hard", "good", "easy", or None),
                overrides (the id of the attempt that this one replaces, or 0), chosen_fact_id.
            reports: questions that the student finds bad: item_id, fact_id, kind, reason.
            accepts: facts' ids and texts that are right for them from now on; once more is no harm.
            forgets: facts' ids and texts that no longer are; what was never kept is no harm.

        Returns:
            For each attempt its attempt_id, fact_id and next_due (ISO 8601, or None).
        """

    def accepted(self, fact_id: str) -> tuple[str, ...]:
        """What else is right for a fact by the student's word."""


class RoundsInMemory:
    """Rounds that last as long as the program: for a session without a record."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._accepted: dict[str, tuple[str, ...]] = {}
        self.items: dict[str, dict[str, Any]] = {}
        self.attempts: list[dict[str, Any]] = []
        self.reports: list[dict[str, Any]] = []

    def load_round(self, chat_id: str) -> dict[str, Any] | None:
        """As `Rounds`."""
        found: dict[str, Any] | None = json.loads(self._states.get(chat_id, "null"))
        return found

    def keep_step(
        self,
        chat_id: str,
        state: dict[str, Any],
        *,
        items: Sequence[dict[str, Any]] = (),
        attempts: Sequence[dict[str, Any]] = (),
        reports: Sequence[dict[str, Any]] = (),
        accepts: Sequence[tuple[str, str]] = (),
        forgets: Sequence[tuple[str, str]] = (),
        settle: Settle | None = None,
    ) -> list[dict[str, Any]]:
        """As `Rounds`; nothing is known of when a fact is due."""
        self.items |= {item["id"]: item for item in items}
        first = len(self.attempts) + 1
        self.attempts += attempts
        self.reports += reports
        for fact_id, text in accepts:
            self._accepted[fact_id] = tuple(dict.fromkeys((*self.accepted(fact_id), text)))
        for fact_id, text in forgets:
            self._accepted[fact_id] = tuple(one for one in self.accepted(fact_id) if one != text)
        kept = [
            {"attempt_id": first + n, "fact_id": attempt["fact_id"], "next_due": None}
            for n, attempt in enumerate(attempts)
        ]
        self._states[chat_id] = json.dumps(settle(kept) if settle else state)
        return kept

    def accepted(self, fact_id: str) -> tuple[str, ...]:
        """As `Rounds`."""
        return self._accepted.get(fact_id, ())


class Quizzes:
    """Plays the quizzes of the chats.

    Args:
        store: where they are kept.
        rules: what the moves lean on; answers that mean the same by the student's word are right before it grades.
    """

    def __init__(self, store: Rounds, rules: Rules) -> None:
        self._store = store
        self._rules = replace(rules, grade=by_own_word(rules.grade, store.accepted), accepted=store.accepted)

    def state(self, chat_id: str) -> Round | None:
        """The quiz of a chat, also one that is over; None where there was none. QuizError where it cannot be read."""
        stored = self._store.load_round(chat_id)
        return None if stored is None else Round.from_dict(stored)

    def set_aside(self, chat_id: str) -> Iterator[Event]:
        """Ends a quiz whose state cannot be read; what was stored stays beside the new state."""
        ended = Round("", (), stopped=True, fresh=False).to_dict()
        self._store.keep_step(chat_id, {**ended, "unreadable": self._store.load_round(chat_id)})
        yield Notice(
            "The quiz of this chat cannot be read any more, so it has ended. Your answers are kept; say “quiz me on …” "
            "for another."
        )

    def begin(self, chat_id: str, items: Sequence[Item], topic: str = "") -> Iterator[Event]:
        """Opens a quiz; one that is open pauses. Raises QuizError."""
        before = self.state(chat_id)
        step = start(items, topic, before and finished(before)[0])
        if before is not None and not before.told:
            step = replace(
                step, events=(*(e for e in interrupted(before) if not isinstance(e, QuizItem)), *step.events)
            )
        yield from self._play(chat_id, step)

    def go_over(self, chat_id: str, ended: Round) -> Iterator[Event]:
        """Opens a quiz of what was missed in one that ended in another chat."""
        yield from self._play(chat_id, submit(ended, "again", self._rules))

    def say(self, chat_id: str, text: str) -> Iterator[Event]:
        """Takes one message in a chat that has a quiz.

        After a crash between keeping and showing, what was kept is shown and the message is not taken: it may be the
        last answer sent again, and its writer has not seen the question that is open now.
        """
        state = self.state(chat_id)
        assert state is not None
        if not state.told:
            yield from self._shown(chat_id, state, interrupted(state))
            return
        yield from self._play(chat_id, submit(state, text, self._rules), state)

    def show_again(self, chat_id: str) -> Iterator[Event]:
        """The open question once more, after something else was said. QuizError where the quiz cannot be read."""
        state = self.state(chat_id)
        if state is not None and state.waits:
            said = interrupted(state) if not state.told else (Notice("Back to the quiz:"), show(state))
            yield from self._shown(chat_id, state, said)

    def moved_on(self, chat_id: str, state: Round) -> None:
        """The talk went on to something else after a quiz that is over."""
        if state.fresh:
            self._store.keep_step(chat_id, replace(state, fresh=False).to_dict())

    def graded_aside(self, chat_id: str) -> None:
        """An answer to a question of no quiz was graded: what is said of the last answer is not about the quiz."""
        state = self.state(chat_id)
        if state is not None and state.waits:
            self._store.keep_step(chat_id, replace(state, aside=True).to_dict())

    def told_besides(self, chat_id: str, text: str) -> None:
        """Something that was told while a question is open: where it holds the answer, it counts as the last hint."""
        state = self.state(chat_id)
        item = state.asked if state is not None else None
        if state is not None and item is not None and state.hints < LAST_HINT and reveals(item, text):
            self._store.keep_step(chat_id, replace(state, hints=LAST_HINT).to_dict())

    def _play(self, chat_id: str, step: Step, before: Round | None = None) -> Iterator[Event]:
        if step.state != before or step.attempts or step.reports or step.forgets:
            kept = self._store.keep_step(
                chat_id,
                step.state.to_dict(),
                items=[item.to_dict() for item in step.items],
                attempts=step.attempts,
                reports=step.reports,
                accepts=step.accepts,
                forgets=step.forgets,
                settle=lambda kept: settled(step, kept).state.to_dict(),
            )
            step = settled(step, kept)
        yield from self._shown(chat_id, step.state, step.events)

    def _shown(self, chat_id: str, state: Round, events: Sequence[Event]) -> Iterator[Event]:
        """Yields the events, then keeps that they were shown."""
        yield from events
        after, more = finished(state)
        yield from more
        if after != state:
            self._store.keep_step(chat_id, after.to_dict())
