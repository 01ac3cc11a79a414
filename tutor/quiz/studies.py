"""The student's studies over the opened notes: what to ask next, what an answer is worth, and how they stand."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from tutor.errors import QuizError, RecordError, TutorError
from tutor.quiz.around import around
from tutor.quiz.authored import authored_item
from tutor.quiz.bank import Bank, once
from tutor.quiz.blueprint import Standing, Wish, another, is_sound, on_topic, quiz_items
from tutor.quiz.grading import Grade, chosen_option, grade
from tutor.quiz.items import KINDS, Item, Kind
from tutor.quiz.mastery import Progress, progress
from tutor.quiz.own_word import by_own_word
from tutor.quiz.predicted import prediction_item
from tutor.quiz.same_question import Questions
from tutor.quiz.schedule import DAILY_REVIEWS, day_of, minutes
from tutor.quiz.study import StudyRecord, missed
from tutor.quiz.told import waiting_told
from tutor.quiz.typed import defined
from tutor.reviewing import Which

Data = dict[str, Any]


REWORDING_S = 10.0


class Studies:
    """Chooses, grades and reports by the record and the facts of the notes.

    Args:
        bank: gives the facts of the notes; called when they are first needed.
        kept: the student's studies so far; None for a session that keeps no record.
        grade: grades an answer to an item.
        now: the clock.
        reword: the same question in other words, by a chat model that can; None asks as the notes do.
    """

    def __init__(
        self,
        bank: Callable[[], Bank],
        kept: StudyRecord | None = None,
        grade: Callable[[Item, str], Grade] = grade,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        reword: Callable[[Item], Item] | None = None,
    ) -> None:
        self._reword = reword
        self._bank = once(bank)
        self._kept = kept
        self._grade = grade
        self._now = now
        self._warming = threading.Lock()

    @property
    def has_asked(self) -> bool:
        """Whether questions were made of these notes already, by whoever shares them; the first ones take longest."""
        return self._bank.has_asked

    def cards(self, topic: str) -> list[tuple[str, str]]:
        """The questions that the notes themselves ask, on a topic (empty: on anything), each with its whole answer."""
        bank = self._bank()
        groups = bank.scope.levels(topic).values() if topic.strip() else (bank.facts,)
        entries = [fact.entry for group in groups for fact in group if fact.entry is not None]
        return list(dict.fromkeys((entry.question.words, entry.answer.words) for entry in entries))

    def warm_up(self) -> None:
        """Reads out of the notes what every quiz needs, some 3 s of work, so that the first quiz need not wait."""
        # Nothing to ask, or the notes are closed again: the quiz itself will say so.
        with self._warming, suppress(TutorError):
            quiz_items(self._bank(), "", 10, rng=random.Random(0))
            self._bank.has_asked = True

    # -- what to ask -------------------------------------------------------------------------------------------

    def items(
        self,
        topic: str,
        n: int,
        *,
        rng: random.Random,
        kinds: Collection[Kind] = KINDS,
        which: Which = "",
        on_stage: Callable[[str], None] = lambda said: None,
    ) -> list[Item]:
        """Questions on a topic: due facts first, then those last answered wrong, then those never asked.

        Args:
            topic: the student's words; empty for the whole library.
            n: how many at most.
            kinds: which kinds may be asked.
            which: "due" or "missed" asks only those.
            on_stage: called with what is being done, in plain words.

        Raises:
            QuizError: nothing can be asked; the remedy says what else can.
        """
        if not self.has_asked:
            on_stage("Reading your notes for questions: the first time takes longest.")
        bank, standing = self._bank(), self.standing()
        if which == "missed":
            standing = replace(standing, due=self.missed())
        elif which == "due" and not standing.due and self._waiting():
            told = f"The {DAILY_REVIEWS} reviews of today are done; {waiting_told(self._waiting())}"
            raise QuizError(told, "They can wait without harm; more can be asked in a quiz on a topic.")
        reported = self._reported()

        def drawn(unwanted: Collection[str]) -> list[Item]:
            found = quiz_items(
                bank, topic, n, rng=rng, kinds=kinds, standing=standing, which=which, unwanted=unwanted
            )
            self._bank.has_asked = True
            return found

        with self._warming:  # what is being worked out needs not be worked out twice
            pass
        on_stage(f"Making {n} question{'' if n == 1 else 's'} …")
        try:
            return self._in_other_words(drawn(reported))
        except QuizError:
            if not reported or not drawn(()):
                raise
        raise QuizError("You reported every question that could be asked here", "Name another topic.")

    def _in_other_words(self, items: list[Item]) -> list[Item]:
        """The items, reworded where that is sound: the same things are named, and no gate refuses it.

        After REWORDING_S seconds the others stay as they are.
        """
        bank, reported, begun = self._bank(), self._reported(), self._now()
        named = bank.retriever.named
        found = list(items)
        for place, item in enumerate(items):
            if self._reword is None or (self._now() - begun).total_seconds() > REWORDING_S:
                break
            made = self._reword(item)
            names = [{mention.key for mention in named.mentions(one.stem)} for one in (made, item)]
            beside = [*found[:place], *found[place + 1 :]]
            if made.id not in {item.id, *reported} and names[0] == names[1] and is_sound(made, bank, beside):
                found[place] = made
        return found

    def other(
        self,
        item: Item,
        wish: Wish,
        beside: Sequence[Item],
        shown: Collection[str],
        told: Sequence[str],
        rng: random.Random,
    ) -> Item | None:
        """A harder or an easier question in place of one of a quiz; None where there is none.

        Args:
            beside: the other questions of the quiz.
            shown: ids of questions that were shown already.
            told: the hints on it, and what was told of the answers before.
        """
        return another(item, wish, self._bank(), rng, beside, {*shown, *self._reported()}, told)

    def around(self, item: Item) -> str:
        """A sentence of the notes beside an item, for its hints; empty where there is none."""
        return around(item, self._bank())

    def _reported(self) -> set[str]:
        return self._kept.reported_items() if self._kept else set()

    def standing(self) -> Standing:
        """What is known of the student, for the choice of questions."""
        if self._kept is None:
            return Standing()
        cards, attempts = self._kept.cards(), self._kept.attempts()
        return Standing(
            due=self.due(),
            asked=Counter(attempt.fact_id for attempt in attempts),
            missed=frozenset(missed(attempts, self._bank().by_id)),
            stability_days={fact: float(state["stability"]) for fact, state in cards.items()},
        )

    def due(self) -> list[str]:
        """Facts to be asked today, the least known first."""
        return self._kept.due(self._bank().by_id) if self._kept and self._kept.cards() else []

    def _waiting(self) -> int:
        return self._kept.waiting(self._bank().by_id) if self._kept and self._kept.cards() else 0

    def missed(self) -> list[str]:
        """Facts whose last answer was not right, the latest first."""
        return self._kept.missed(self._bank().by_id) if self._kept else []

    @property
    def due_line(self) -> str:
        """A line that offers the due reviews; empty where nothing is due."""
        n = len(self.due())
        if not n:
            return ""
        about = f"about {minutes(n)} minute{'' if minutes(n) == 1 else 's'}"
        return f"{n} card{' is' if n == 1 else 's are'} due ({about}); say “review”."

    # -- what an answer is worth -------------------------------------------------------------------------------

    def shown(self, items: Sequence[Item]) -> None:
        """Keeps items that are shown outside a chat, so that answers to them can be graded. RecordError."""
        self._written.keep_items([item.to_dict() for item in items])

    def item(self, item_id: str) -> Item:
        """An item that was shown. QuizError for an unknown one."""
        return self._written.item(item_id)

    def find_question(self, asked: str) -> Item | None:
        """The question that words mean: one that was shown, else one of the notes, which then counts as shown.

        What was shown of facts that the notes do not hold, or hold no longer, is not asked, and so not found.

        Args:
            asked: the question's id, or the question in its own or in other words that mean the same.
        """
        if self._kept is None:
            return None
        shown = self._shown_items()
        if asked.strip() in shown:
            return Item.from_dict(shown[asked.strip()])
        reported, facts = self._reported(), self._bank().by_id
        for name in self._questions.meant(asked, self._stems(shown)):
            if name in shown:
                return Item.from_dict(shown[name])
            item = authored_item(facts[name], random.Random(0)) or defined(
                facts[name], self._bank(), random.Random(0)
            )
            if item is not None and item.id not in reported:
                self.shown([item])
                return item
        return None

    def near_questions(self, asked: str) -> list[str]:
        """The questions that are near to words that mean none of them, the nearest first; often none."""
        if self._kept is None:
            return []
        return self._questions.near(asked, self._stems(self._shown_items()))

    @cached_property
    def _questions(self) -> Questions:
        return Questions(self._bank())

    def _shown_items(self) -> dict[str, Data]:
        """What was shown of facts that the notes still hold, by the item's id."""
        kept = self._kept.items() if self._kept is not None else {}
        return {name: item for name, item in kept.items() if item.get("fact_id") in self._bank().by_id}

    def _stems(self, shown: Mapping[str, Data]) -> dict[str, str]:
        """The questions that were shown and not reported, those that are answered in words first."""
        reported = self._reported()
        names = sorted(
            (name for name in shown if name not in reported), key=lambda one: bool(shown[one]["options"])
        )
        return {name: str(shown[name]["stem"]) for name in names}

    def graded(self, item_id: str, answer: str) -> Data:
        """Grades one answer to an item that was shown, keeps it, and schedules its fact.

        Returns:
            The JSON value that `tutor grade --json` promises.

        Raises:
            QuizError: the record holds no such item.
            RecordError: there is no record, or it cannot be written.
        """
        item = self.item(item_id)
        found = by_own_word(self._grade, self._written.accepted)(item, answer)
        chosen = chosen_option(item, answer) if item.is_choice else None
        option = next((one for one in item.options if one.id == chosen), None)
        done = self._written.keep_attempt(
            {
                "item_id": item.id, "fact_id": item.fact_id, "concept": item.concept, "kind": item.kind,
                "answer": answer, "grade": found.to_dict(),
                "chosen_fact_id": option.fact_id if option and found.verdict != "correct" else "",
            }
        )  # fmt: skip
        told = found.to_dict()
        return {name: told[name] for name in ("verdict", "score", "points", "feedback")} | {
            "next_due": done["next_due"]
        }

    def keep_prediction(self, demo: str, concept: str, predicted: Data, right: int) -> None:
        """Keeps what the student predicted of a demo's run as an answer on the demo's concept.

        Args:
            predicted: {predict, place, said}: the demo's prediction and the option that was chosen.
            right: the option that came out.
        """
        if self._kept is None:
            return
        named = self._bank().retriever.named
        titles = [named.title(mention.key) for mention in named.mentions(concept) if mention.titled]
        item, attempt = prediction_item(demo, next(filter(None, titles), concept), predicted, right)
        self._kept.keep_attempt(attempt, item)

    # -- how they stand ----------------------------------------------------------------------------------------

    def progress(self, topic: str = "") -> Progress:
        """How the student stands; on one topic in their words, where they name one."""
        bank = self._bank()
        facts = on_topic(bank, topic, 1) if topic.strip() else list(bank.facts)
        if self._kept is None:
            return progress(facts, {}, (), self._now())
        attempts = self._kept.attempts()
        if topic.strip():
            own, names = {fact.id for fact in facts}, {fact.concept for fact in facts}
            attempts = [
                one
                for one in attempts
                if one.fact_id in own or (one.fact_id not in bank.by_id and one.concept in names)
            ]
        stale = len(self._kept.stale_items(bank.by_id, {fact.note for fact in bank.facts}))
        cards = self._kept.cards()
        return progress(facts, cards, attempts, self._now(), offered=self.due(), stale=stale)

    def wrong(self) -> list[Data]:
        """The facts whose last answer was not right, the latest first: the question as it was asked, key, note, lines,
        concept."""
        facts = self._bank().by_id
        items = self._kept.items() if self._kept else {}
        attempts = self._kept.attempts() if self._kept else []
        asked = {one.fact_id: items[one.item_id]["stem"] for one in attempts if one.item_id in items}
        return [
            {
                "fact_id": one, "question": asked.get(one) or facts[one].question,
                "key": " ".join(facts[one].key.split()), "concept": facts[one].concept, "note": facts[one].note,
                "lines": list(facts[one].citation.lines),
            }
            for one in missed(attempts, facts)
        ]  # fmt: skip

    def days(self, n: int = 14) -> list[Data]:
        """The last n days by the student's calendar, today last: day (ISO 8601), answers, and how many were right."""
        today = day_of(self._now())
        attempts = (
            [one for one in self._kept.attempts() if one.grade["verdict"] != "unsure"] if self._kept else []
        )
        answers = Counter(day_of(one.at) for one in attempts)
        right = Counter(day_of(one.at) for one in attempts if one.grade["verdict"] == "correct")
        days = [today - timedelta(days=back) for back in reversed(range(n))]
        return [{"day": day.isoformat(), "answers": answers[day], "right": right[day]} for day in days]

    def covered(self) -> list[Data]:
        """The notes that hold facts, in the order of the library: note, how many facts, how many were ever asked."""
        facts = self._bank().facts
        known = {one.fact_id for one in self._kept.attempts()} if self._kept else set()
        held = Counter(fact.note for fact in facts)
        asked = Counter(fact.note for fact in facts if fact.id in known)
        return [{"note": note, "facts": n, "asked": asked[note]} for note, n in held.items()]

    @property
    def _written(self) -> StudyRecord:
        if self._kept is None:
            raise RecordError("This session keeps no record of quizzes", "Open it with a record.")
        return self._kept
