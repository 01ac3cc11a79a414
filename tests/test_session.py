"""A session: how it opens, what it keeps, and what it says when a part is missing."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

import tutor.graders
import tutor.opened
import tutor.session
import tutor.tools
from tutor.embedding import Embedding
from tutor.errors import ModelError, NotesError, QuizError, RecordError, StoreError
from tutor.jobs import DemoStopped
from tutor.learner import Record
from tutor.models import ChosenModel
from tutor.models.probe import Capabilities
from tutor.quiz.bank import Bank
from tutor.quiz.grading import Grade
from tutor.quiz.items import Item
from tutor.quiz.predicted import prediction_item
from tutor.quiz.study import StudyRecord
from tutor.session import QUIZ_WAITS, Session, open_session
from tutor.settings import Settings
from tutor.turns import (
    Answer,
    Delta,
    DemoOutcome,
    Event,
    EvidenceShown,
    Notice,
    PredictionAsked,
    QuizGrade,
    QuizItem,
    QuizScore,
    TableShown,
    ToolCall,
)


@pytest.fixture(autouse=True)
def _one_embedding(embedding: Embedding, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights are loaded once for all sessions of these tests."""
    monkeypatch.setattr(tutor.session, "Embedding", lambda: embedding)


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    """A session with a record, over the small library."""
    session = open_session(settings, record=True)
    yield session
    session.close()


def test_opening_builds_the_index_and_says_what_was_read(unbuilt: Settings) -> None:
    session = open_session(unbuilt, record=True)
    assert session.library_line == "3 notes, 3 cards, 0 quiz questions"
    assert session.model_name == "notes-only"
    assert session.messages == []
    assert (unbuilt.index_dir / "current.json").exists()
    assert all(session.collect(session.ask(question)).citations for question in session.examples[:1])
    session.close()


def test_an_index_of_the_same_notes_in_another_place_is_used_as_it_is(
    session: Session, small_index: Path
) -> None:
    pointers = [folder / "current.json" for folder in (session.settings.index_dir, small_index)]
    assert len({pointer.read_bytes() for pointer in pointers}) == 1


def test_a_session_without_a_record_keeps_nothing(settings: Settings) -> None:
    session = open_session(settings, model=False)
    answer = session.collect(session.ask("What is mode collapse?"))
    assert not answer.refused
    with pytest.raises(RecordError, match="keeps no conversations"):
        session.new_chat()
    session.close()
    assert not settings.data_dir.exists()


def test_search_gives_the_fields_of_the_contract(session: Session) -> None:
    [first, second] = session.search("What is mode collapse?", k=2)
    assert set(first) == {"rank", "score", "note", "lines", "heading", "kind", "text"}
    assert (first["rank"], second["rank"], first["note"]) == (1, 2, "mode-collapse.md")
    assert first["score"] >= second["score"]
    assert first["lines"][0] <= first["lines"][1]
    assert json.loads(json.dumps(first)) == first


def test_a_follow_up_is_read_against_its_history(session: Session) -> None:
    history = [
        {"role": "user", "content": "What is mode collapse?"},
        {"role": "assistant", "content": "Mode collapse is a failure of GAN training."},
    ]
    answer = session.collect(session.ask("What are its remedies?", history=history))
    assert {citation.note for citation in answer.citations} == {"mode-collapse.md"}


def test_an_unknown_model_is_told_before_anything_is_built(unbuilt: Settings) -> None:
    with pytest.raises(ModelError, match="tutor models"):
        open_session(replace(unbuilt, model="no-such-model"))
    assert not unbuilt.index_dir.exists()


def test_a_failed_start_lets_go_of_the_record(unbuilt: Settings) -> None:
    with pytest.raises(NotesError):
        open_session(replace(unbuilt, notes=(unbuilt.notes[0] / "none",)), record=True)
    open_session(unbuilt, record=True).close()


def test_skipped_files_are_told(settings: Settings) -> None:
    (settings.notes[0] / "bad.md").symlink_to(settings.data_dir / "elsewhere")
    session = open_session(settings, model=False)
    [message] = session.messages
    assert message.startswith("bad.md was skipped: ")
    session.close()


def test_when_refreshing_fails_the_last_good_index_is_used_and_it_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[bool] = []

    def fail(*_: Any, wait: bool, **__: Any) -> Any:
        waits.append(wait)
        raise StoreError("Another program is refreshing this index", "Try again when it is done.")

    monkeypatch.setattr(tutor.opened, "refresh_index", fail)
    session = open_session(settings, model=False)
    assert session.messages == [
        "Another program is refreshing this index. Try again when it is done. The last good index is used."
    ]
    assert session.search("mode collapse", 1)[0]["note"] == "mode-collapse.md"  # tries once more
    session.close()
    open_session(settings, record=True, model=False).close()
    assert waits == [False, False, True]


def test_an_index_of_other_weights_is_no_last_good_index(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other(Embedding):
        fingerprint = "other"  # type: ignore[assignment]

    monkeypatch.setattr(tutor.session, "Embedding", Other)

    def fail(*_: Any, **__: Any) -> Any:
        raise StoreError("The disk is full", "Free some space.")

    monkeypatch.setattr(tutor.opened, "refresh_index", fail)
    with pytest.raises(StoreError, match="The disk is full"):
        open_session(settings, model=False)


def test_a_conversation_is_kept_with_its_title_and_what_was_shown(
    session: Session, settings: Settings
) -> None:
    chat = session.new_chat()
    events = list(session.respond(chat, "What is mode collapse?"))
    assert isinstance(events[-1], Answer)
    asked, answered = session.turns(chat)
    assert (asked.role, asked.content) == ("user", "What is mode collapse?")
    assert answered.role == "assistant"
    assert answered.payload is not None
    assert answered.payload["events"][-1]["answer"] == events[-1].answer == answered.content
    assert [each.title for each in session.chats()] == ["What is mode collapse?"]
    session.close()
    again = open_session(settings, record=True)
    assert [turn.content for turn in again.turns(chat)] == [asked.content, answered.content]
    assert again.retract_last(chat) == "What is mode collapse?"
    assert [turn.content for turn in again.turns(chat)] == ["What is mode collapse?"]
    list(again.respond(chat, "What is mode collapse?", heard=True))
    assert [turn.role for turn in again.turns(chat)] == ["user", "assistant"]
    list(again.start_quiz(chat, "GANs", 1, ("short",)))
    assert again.quiz_is_open(chat)
    again.delete_chat(chat)
    assert again.chats() == [] and again.quiz(chat) is None
    again.close()


def test_an_answer_in_a_quiz_is_not_taken_back(session: Session) -> None:
    chat = session.new_chat()
    list(session.start_quiz(chat, "GANs", 2))
    list(session.respond(chat, "I don't know"))
    before = [turn.content for turn in session.turns(chat)]
    with pytest.raises(QuizError, match="cannot be taken back"):
        session.retract_last(chat)
    assert [turn.content for turn in session.turns(chat)] == before


def test_the_last_exchange_is_taken_back_or_asked_in_other_words(session: Session) -> None:
    chat = session.new_chat()
    assert session.take_back(chat) is None
    list(session.respond(chat, "What is a GAM?"))
    assert session.take_back(chat, "What is a GAN?") == "What is a GAM?"
    assert [(turn.role, turn.content) for turn in session.turns(chat)] == [("user", "What is a GAN?")]
    assert [each.title for each in session.chats()] == ["What is a GAN?"]
    list(session.respond(chat, "What is a GAN?", heard=True))
    list(session.respond(chat, "And mode collapse?"))
    assert session.take_back(chat) == "And mode collapse?"
    assert [turn.role for turn in session.turns(chat)] == ["user", "assistant"]
    assert session.take_back(chat) == "What is a GAN?" and session.turns(chat) == []
    session.hear(chat, "What is diffusion?")
    assert [each.title for each in session.chats()] == ["What is diffusion?"]
    list(session.start_quiz(chat, "GANs", 2))
    with pytest.raises(QuizError, match="cannot be taken back"):
        session.take_back(chat, "something else")


def test_a_name_that_the_student_gave_stays(session: Session) -> None:
    chat = session.new_chat()
    session.hear(chat, "What is a GAN?")
    session.rename_chat(chat, "  My\n GANs ")
    session.rename_chat(chat, "   ")
    session.take_back(chat)
    session.hear(chat, "What is a VAE?")
    assert [each.title for each in session.chats()] == ["My GANs"]
    assert [found.chat.title for found in session.find_chats("vae")] == ["My GANs"]


def test_a_chat_becomes_a_note_with_its_name(session: Session) -> None:
    chat = session.new_chat()
    list(session.respond(chat, "What is mode collapse?"))
    name, text = session.chat_note(chat)
    assert name == "What is mode collapse.md" and 'title: "What is mode collapse?"' in text
    assert "only a few kinds of output" in text and "mode-collapse.md, line" in text


@pytest.mark.parametrize(("zone", "day"), [("EAST-13", "2026-03-02"), ("WEST+12", "2026-03-01")])
def test_a_saved_chat_has_the_students_own_day(
    zone: str, day: str, settings: Settings, live_in: Callable[[str], None]
) -> None:
    live_in(zone)
    at = datetime(2026, 3, 1, 20, tzinfo=UTC)
    session = open_session(settings, model=False, record=True, now=lambda: at)
    chat = session.new_chat()
    list(session.respond(chat, "What is mode collapse?"))
    assert f"\ndate: {day}\n" in session.chat_note(chat)[1]
    list(session.respond(chat, "save this chat as a note"))
    saved = [path for folder in session.library.folders for path in folder.rglob("*.md")]
    kept = [path for path in (*saved, *settings.data_dir.rglob("*.md"))]
    assert any(f"\ndate: {day}\n" in path.read_text(encoding="utf-8") for path in kept)
    session.close()


def test_what_is_thought_of_an_answer_is_kept_and_can_be_taken_back(session: Session) -> None:
    chat = session.new_chat()
    list(session.respond(chat, "What is mode collapse?"))
    answer = session.turns(chat)[-1].id
    session.give_feedback(answer, "dislike", " too short ")
    assert [(one.turn_id, one.value, one.word, one.question) for one in session.feedback()] == [
        (answer, "dislike", "too short", "What is mode collapse?")
    ]
    session.give_feedback(answer, "")
    assert session.feedback() == []


def test_words_are_on_record_before_they_are_answered(session: Session) -> None:
    chat = session.new_chat()
    session.hear(chat, "What is a GAN?")
    session.note(chat, "Stopped before it was answered.")
    assert [(turn.role, turn.content) for turn in session.turns(chat)] == [
        ("user", "What is a GAN?"),
        ("assistant", "Stopped before it was answered."),
    ]
    assert session.chats()[0].title == "What is a GAN?"


def test_a_turn_whose_reader_goes_away_is_kept_as_stopped(session: Session) -> None:
    chat = session.new_chat()
    events = session.respond(chat, "What is mode collapse?")
    next(events)
    events.close()  # type: ignore[attr-defined]
    last = session.turns(chat)[-1]
    assert last.payload is not None
    assert last.payload["events"][-1] == {"event": "Notice", "text": "Stopped."}


def test_a_quiz_survives_the_end_of_the_program(session: Session, settings: Settings) -> None:
    chat = session.new_chat()
    list(session.start_quiz(chat, "GANs", 2))
    assert session.quiz_is_open(chat)
    session.close()
    again = open_session(settings, record=True)
    assert again.quiz_is_open(chat)
    last = again.open_quiz()
    assert last is not None and last.id == chat and again.notices == [QUIZ_WAITS]
    told, asked = again.resume_quiz(chat)
    assert isinstance(told, Notice) and isinstance(asked, QuizItem) and asked.k == 1
    [elsewhere] = again.respond(again.new_chat(), "continue the quiz")
    assert isinstance(elsewhere, Notice) and "Quiz: GANs" in elsewhere.text
    assert any(isinstance(event, Notice) for event in again.respond(chat, "skip"))
    list(again.respond(chat, "stop"))
    assert not again.quiz_is_open(chat) and again.open_quiz() is None
    assert list(again.resume_quiz(chat)) == [] and again.notices == []
    again.close()


def test_what_was_missed_is_asked_again_in_a_new_conversation_after_a_restart(
    session: Session, settings: Settings
) -> None:
    chat = session.new_chat()
    [asked] = [e for e in session.start_quiz(chat, "GANs", 1, ("short",)) if isinstance(e, QuizItem)]
    list(session.respond(chat, "skip"))
    session.close()
    again = open_session(settings, record=True)
    new = again.new_chat()
    told, item = again.respond(new, "again")
    assert isinstance(told, Notice) and "Once more" in told.text
    assert isinstance(item, QuizItem) and item.item_id == asked.item_id and again.quiz_is_open(new)
    list(again.respond(new, "stop"))
    # Where an answer was given meanwhile, "again" is about that.
    later = again.new_chat()
    list(again.respond(later, "What is mode collapse?"))
    assert not [e for e in again.respond(later, "again") if isinstance(e, QuizItem)]
    again.close()


def test_a_skipped_question_is_one_that_was_got_wrong_and_a_reported_one_is_not(settings: Settings) -> None:
    session = open_session(settings, record=True)
    chat = session.new_chat()
    list(session.start_quiz(chat, "the generator and the discriminator", 2, ("short",)))
    list(session.respond(chat, "skip"))
    score = next(e for e in session.respond(chat, "bananas are yellow") if isinstance(e, QuizScore))
    assert (score.n, score.score, score.missed) == (2, 0.0, 2)
    assert len(session.studies.wrong()) == 2 == session.studies.progress().answers
    list(session.respond(chat, "report the last question: unclear"))
    [left] = session.studies.wrong()
    assert session.studies.progress().answers == 1
    again = next(e for e in session.respond(chat, "again") if isinstance(e, QuizItem))
    assert (again.stem, again.n) == (left["question"], 1)
    session.close()
    later = open_session(settings, record=True)
    assert later.studies.wrong() == [left] and later.studies.progress().answers == 1
    later.close()


def test_what_was_got_wrong_is_named_by_the_question_as_it_was_asked(settings: Settings) -> None:
    session = open_session(settings, record=True)
    chat = session.new_chat()
    asked = next(e for e in session.start_quiz(chat, "", 1, ("cloze",)) if isinstance(e, QuizItem))
    list(session.respond(chat, "bananas"))
    [left] = session.studies.wrong()
    assert "____" in asked.stem and left["question"] == asked.stem
    session.close()


def test_the_evidence_of_an_answer_survives_the_end_of_the_program(
    session: Session, settings: Settings
) -> None:
    chat = session.new_chat()
    answer = session.collect(session.respond(chat, "What is mode collapse?"))
    session.close()
    again = open_session(settings, record=True)
    (shown,) = again.respond(chat, "show me the evidence")
    assert isinstance(shown, EvidenceShown) and answer.evidence is not None
    assert (shown.question, shown.evidence) == ("What is mode collapse?", answer.evidence)
    assert "What is mode collapse?" in again.turns(chat)[-1].content
    (shown_again,) = again.respond(chat, "and what did you leave out?")
    assert shown_again == shown
    again.close()


def test_evidence_that_was_shown_is_neither_summed_up_nor_saved(session: Session) -> None:
    chat = session.new_chat()
    answer = session.collect(session.respond(chat, "What is mode collapse?"))
    list(session.respond(chat, "show me the evidence"))
    summary = session.collect(session.respond(chat, "sum up our conversation"))
    assert {citation.quote for citation in summary.citations} <= {c.quote for c in answer.citations}
    assert "Without an answer" not in summary.answer and "thrown out" not in summary.answer


def test_a_stopped_turn_keeps_what_was_said(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any, **__: Any) -> Iterator[Event]:
        yield Delta("The generator ")
        yield Delta("turns noise")

    monkeypatch.setattr(session._graph, "run", run)
    chat, cancel = session.new_chat(), threading.Event()
    events = session.respond(chat, "What is a generator?", cancel=cancel)
    assert next(events) == Delta("The generator ")
    cancel.set()
    events.close()  # type: ignore[attr-defined]
    assert [turn.content for turn in session.turns(chat)] == [
        "What is a generator?",
        "The generator \nStopped.",
    ]


def test_an_answer_that_was_stopped_says_so_and_one_that_was_not_does_not(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, cancel = session.new_chat(), threading.Event()
    real = session._graph.run

    def run(*given: Any, **more: Any) -> Iterator[Event]:
        for event in real(*given, **more):
            cancel.set()  # Stop is pressed, and the answer ends in order with what it has
            yield event

    assert list(session.respond(chat, "What is a GAN?"))[-1] != Notice("Stopped.")
    monkeypatch.setattr(session._graph, "run", run)
    assert list(session.respond(chat, "What is mode collapse?", cancel=cancel))[-1] == Notice("Stopped.")
    last = session.turns(chat)[-1]
    assert last.payload and last.payload["events"][-1] == {"event": "Notice", "text": "Stopped."}


def test_the_cards_are_asked_for_in_words_and_it_is_said_where_they_are(session: Session) -> None:
    told = list(session.respond(session.new_chat(), "export the deck for Anki"))
    assert len(told) == 1 and isinstance(told[0], Notice)
    assert "Take the cards with you" in told[0].text and "tutor export" in told[0].text


def test_the_cards_come_as_a_file_of_each_format(session: Session) -> None:
    for format, ending in (("anki", ".apkg"), ("gift", ".gift.txt"), ("csv", ".csv"), ("markdown", ".md")):
        file = session.cards_file(cast("Any", format), "GAN")
        assert file.name == f"tutor-gan{ending}" and file.count > 0 and file.data
    with pytest.raises(QuizError, match="hold no cards"):
        session.cards_file("csv", "photosynthesis")


def test_quiz_items_for_an_unknown_topic_are_an_error(session: Session) -> None:
    assert len(session.quiz_items("GANs", 2)) == 2
    with pytest.raises(QuizError):
        session.quiz_items("the French Revolution", 2)


def test_what_is_due_is_offered_reviewed_and_counted(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2025, 3, 1, 12, tzinfo=UTC)
    session = open_session(settings, model=False, record=True, now=lambda: at)
    chat = session.new_chat()
    assert session.studies.due_line == "" and session.notices == []
    [nothing] = [event for event in session.respond(chat, "how am I doing?") if isinstance(event, Notice)]
    assert "Nothing is on record yet" in nothing.text
    said = [event for message in ("review what is due", "quiz me again on what I got wrong")
            for event in session.respond(chat, message) if isinstance(event, Notice)]  # fmt: skip
    assert [event.text.split(".")[0] for event in said] == [
        "Nothing is due now", "You got nothing wrong that still stands"
    ]  # fmt: skip
    list(session.start_quiz(chat, "the generator and the discriminator", 2, ("short",)))
    for message in ("bananas", "I like trains"):
        list(session.respond(chat, message))
    events = list(session.respond(chat, "what did I get wrong?"))
    table = next(event for event in events if isinstance(event, TableShown))
    assert {row[0] for row in table.rows} == {
        "What does the generator of a GAN do?", "What does the discriminator of a GAN do?"
    }  # fmt: skip
    again = list(session.respond(chat, "quiz me again on what I got wrong"))
    asked = next(event for event in again if isinstance(event, QuizItem))
    assert asked.n == 2
    shown = list(session.respond(chat, "how am I doing?"))
    assert any(isinstance(event, TableShown) for event in shown)
    assert isinstance(shown[-1], QuizItem) and shown[-1].item_id == asked.item_id  # the quiz goes on
    list(session.respond(chat, "stop"))
    at += timedelta(days=1)
    line = "2 cards are due (about 1 minute); say “review”."
    assert session.studies.due_line == line and session.notices == [line] and line not in session.messages
    review = next(event for event in session.respond(chat, "review") if isinstance(event, QuizItem))
    assert review.n == 2
    session.close()


def test_an_edited_key_rests_its_questions_and_a_moved_one_keeps_its_schedule(settings: Settings) -> None:
    at = datetime(2025, 3, 1, 12, tzinfo=UTC)
    deck = settings.notes[0] / "deck.md"
    session = open_session(settings, model=False, record=True, now=lambda: at)
    chat = session.new_chat()
    list(session.start_quiz(chat, "the generator and the discriminator", 2, ("short",)))
    for message in ("bananas", "I like trains"):
        list(session.respond(chat, message))
    deck.write_text(
        deck.read_text().replace("turns random noise into samples", "maps noise to pictures")
        .replace("#### Generator and discriminator", "#### The second player")
        .replace("What does the discriminator of a GAN do?", "In a GAN, what is the discriminator for?")
    )  # fmt: skip
    session.refresh_notes()
    at += timedelta(days=1)
    stands = session.studies.progress()
    assert (stands.due, stands.stale, len(session.studies.wrong())) == (1, 1, 1)
    [item] = session.quiz_items("", 5, which="due", kinds=("short",))
    assert item.stem == "In a GAN, what is the discriminator for?"
    deck.write_text(deck.read_text().replace("maps noise to pictures", "turns random noise into samples"))
    session.refresh_notes()
    assert (session.studies.progress().due, session.studies.progress().stale) == (2, 0)
    session.close()


def test_an_answer_is_graded_by_the_notes_as_they_stand_and_by_no_other_question_on_record(
    settings: Settings,
) -> None:
    deck = settings.notes[0] / "deck.md"
    session = open_session(settings, model=False, record=True)
    question, chat = "What does the generator of a GAN do?", session.new_chat()
    list(session.respond(chat, f"grade my answer to “{question}”: it turns random noise into samples"))
    deck.write_text(deck.read_text().replace("turns random noise into samples", "paints portraits of queens"))
    session.refresh_notes()
    events = list(session.respond(chat, f"grade my answer to “{question}”: it paints portraits of queens"))
    graded = next(event for event in events if isinstance(event, QuizGrade))
    assert graded.verdict == "correct" and "portraits of queens" in graded.citation.quote
    predicted = {
        "predict": {"question": "How many?", "options": [{"text": "few"}, {"text": "all"}]},
        "place": 0,
    }
    session.studies.keep_prediction("gan-2d", "mode collapse", predicted, 1)
    assert session.studies.find_question("How many?") is None
    assert session.studies.find_question(prediction_item("gan-2d", "", predicted, 1)[0]["id"]) is None
    session.close()


def test_an_answer_to_a_question_that_the_notes_lack_is_not_graded_by_the_one_next_to_it(
    settings: Settings,
) -> None:
    session = open_session(settings, model=False, record=True)
    chat = session.new_chat()
    [told] = session.respond(chat, "grade my answer to “Why does the generator of a GAN fail?”: no variety")
    assert "What does the generator of a GAN do?" in told.text  # type: ignore[union-attr]
    assert "nothing is graded" in told.text and not session.studies.wrong()  # type: ignore[union-attr]
    full = "grade my answer to “What does the generator of a generative adversarial network do?”: it makes samples"
    assert any(isinstance(event, QuizGrade) for event in session.respond(chat, full))
    session.close()


def test_a_reported_question_is_not_drawn_again(settings: Settings) -> None:
    session = open_session(settings, model=False, record=True)
    chat = session.new_chat()
    topic = "the generator and the discriminator"
    first, second = session.quiz_items(topic, 2, kinds=("short",), keep=True)
    StudyRecord(session._kept).keep_step(chat, {}, reports=[{"item_id": first.id, "reason": "unclear"}])
    assert [item.id for item in session.quiz_items(topic, 2, kinds=("short",))] == [second.id]
    session.close()


def test_a_prediction_before_a_run_counts_as_an_answer_on_its_concept(settings: Settings) -> None:
    session = open_session(settings, model=False, record=True)
    predicted = {
        "predict": {"question": "How many?", "options": [{"text": "few"}, {"text": "all"}]},
        "place": 0,
    }
    session.studies.keep_prediction("gan-2d", "mode collapse", predicted, 1)
    session.studies.keep_prediction("gan-2d", "mode collapse", predicted | {"place": 1}, 1)
    first = session.studies.progress().concepts[0]
    assert (first.concept, first.answers, first.asked) == ("Mode collapse", 2, 0)
    assert session.studies.due() == session.studies.wrong() == []
    session.close()


def test_an_approved_answer_is_right_the_next_time(settings: Settings) -> None:
    session = open_session(settings, model=False, record=True)
    [item] = session.quiz_items("the generator", 1, kinds=("short",), keep=True)
    accepted: list[tuple[str, ...]] = []
    StudyRecord(session._kept).keep_step(session.new_chat(), {}, accepts=[(item.fact_id, "it forges")])

    def marks(asked: Item, answer: str, **_: Any) -> Grade:
        accepted.append(asked.accepts)
        return Grade("wrong", 0.0, (), "")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session.studies, "_grade", marks)
        assert session.studies.graded(item.id, "It forges.")["verdict"] == "correct"  # as in a chat
        assert session.studies.graded(item.id, "it forges notes")["verdict"] == "wrong"
    assert accepted == [("it forges",)]
    session.close()


def test_the_facts_are_read_once_whoever_asks_at_the_same_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Bank] = []
    both = threading.Barrier(2, timeout=5)

    class Slow(Bank):
        def __init__(self, retriever: Any) -> None:
            made.append(self)
            with suppress(threading.BrokenBarrierError):  # a second one would come here
                both.wait(0.5)
            super().__init__(retriever)

    monkeypatch.setattr(tutor.session, "Bank", Slow)
    session = open_session(settings, model=False)
    threads = [threading.Thread(target=lambda: session.quiz_items("GANs", 1)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    session.close()


def test_a_session_may_be_closed_while_it_warms_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    for wait_s in (0.0, 0.02, 0.1):
        session = open_session(settings, model=False)
        session.warm_up()
        time.sleep(wait_s)
        session.close()
        for thread in threading.enumerate():
            if thread.name == "warm-up":
                thread.join(20)
    assert failed == []


def test_the_notes_are_held_while_they_are_warmed_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session(settings, model=False)
    opened, held = session._notes.now, []
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)
    object.__setattr__(
        opened, "router", lambda message: held.append(session._notes._holders[opened.read.index])
    )
    session.warm_up()
    assert held == [1] and not session._notes._holders
    session.close()


def test_an_answer_about_something_else_cannot_be_made_right(settings: Settings) -> None:
    session = open_session(settings, model=False, record=True)
    [item] = session.quiz_items("what the generator does", 1, kinds=("short",))
    assert session.off_topic(item, "bananas are yellow")
    assert not any(
        session.off_topic(item, words)
        for words in (
            "it forges",
            item.key,
            "makes pictures from noise",
            "the worst samples, not real at all",
        )
    )
    session.close()


def test_an_answer_that_the_student_wants_graded_is_graded_by_the_tool_kept_and_scheduled(
    settings: Settings,
) -> None:
    session = open_session(settings, model=False, record=True)
    chat = session.new_chat()
    said = "grade my answer to What does the generator of a GAN do?: it turns random noise into samples that look real"
    call, graded = session.respond(chat, said)
    assert isinstance(call, ToolCall) and call.name == "grade_answer"
    assert isinstance(graded, QuizGrade) and graded.verdict == "correct" and graded.next_due
    assert graded.citation is not None and graded.citation.note == "deck.md"
    call, again = session.respond(chat, f"grade my answer to {graded.item_id}: bananas are yellow")
    assert isinstance(again, QuizGrade) and (again.item_id, again.verdict) == (graded.item_id, "wrong")
    assert session.studies.progress().answers == 2 and len(session.studies.wrong()) == 1
    asked = next(e for e in session.respond(chat, "quiz me on diffusion") if isinstance(e, QuizItem))
    events = list(
        session.respond(chat, "grade my answer to the discriminator of a GAN: it tells real from fake")
    )
    assert [type(event).__name__ for event in events] == ["ToolCall", "QuizGrade", "Notice", "QuizItem"]
    assert events[-1] == asked
    session.close()


def test_a_model_that_was_found_capable_rewords_questions_and_a_refused_wording_changes_nothing(
    settings: Settings, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, known = "diffusion", Capabilities(grounded=True, json=True)
    stem, words = "What does a diffusion model learn?", "What is learned by a diffusion model?"

    def asked(*wordings: str, found: Capabilities | None = known) -> tuple[Item, int]:
        chat = scripted(*(json.dumps({"question": text}) for text in wordings))
        chosen = ChosenModel("some-model", chat, "It is here.")
        monkeypatch.setattr(tutor.session, "open_model", lambda name, settings: chosen)
        monkeypatch.setattr(tutor.graders, "known_capabilities", lambda *_: found)
        session = open_session(settings, record=True)
        number = session.new_chat()
        shown = next(e for e in session.start_quiz(number, topic, 1, ("short",)) if isinstance(e, QuizItem))
        item = session.studies.item(shown.item_id)
        assert item.stem == shown.stem
        graded = next(e for e in session.respond(number, item.key) if isinstance(e, QuizGrade))
        assert graded.verdict == "correct" and graded.citation == item.citation
        session.close()
        return item, len(chat._asked)

    item, calls = asked(words)
    assert (item.stem, item.maker, calls) == (words, "some-model", 1)
    for refused in (
        "What is learned by the discriminator?",  # names something else
        "What noise does a diffusion model remove?",  # tells the answer
        "Why does a diffusion model learn?",  # asks something else
    ):
        item, calls = asked(refused, refused)
        assert (item.stem, item.maker, calls) == (stem, "author", 2)
    for found in (None, Capabilities(json=True), Capabilities(grounded=True, tools=True)):
        item, calls = asked(words, found=found)
        assert (item.stem, calls) == (stem, 0)


def test_the_same_seed_draws_the_same_quiz(settings: Settings) -> None:
    drawn = []
    for _ in range(2):
        session = open_session(settings, model=False)
        drawn.append([item.id for item in session.quiz_items("", 2)])
        session.close()
    assert drawn[0] == drawn[1]


def test_a_library_of_one_note_has_examples_that_fit(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "single"
    folder.mkdir()
    (folder / "bread.md").write_text("# Bread\n\nBread is baked from flour.\n", encoding="utf-8")
    session = open_session(replace(settings, notes=(folder,)), model=False)
    assert session.examples[0] == "What is bread?"
    chat_less = session.collect(session.ask(session.examples[0]))
    assert not chat_less.refused
    assert not any(isinstance(event, QuizItem) for event in session.ask("What is bread?"))
    session.close()


# Notes that change while the session runs


def asked(session: Session, chat: str, question: str) -> tuple[Answer, list[str]]:
    """The answer to a question in a conversation, and the notices before it."""
    events = list(session.respond(chat, question))
    told = [event.text for event in events if isinstance(event, Notice)]
    return session.collect(events), told


def test_an_edited_note_is_found_by_the_next_question(session: Session, notes: Path) -> None:
    chat = session.new_chat()
    before, told = asked(session, chat, "What is mode collapse?")
    assert "a few kinds of output" in before.answer and told == []
    note = notes / "mode-collapse.md"
    note.write_text(note.read_text().replace("only a few kinds of output", "merely one sort of sample"))
    after, told = asked(session, chat, "What is mode collapse?")
    assert "merely one sort of sample" in after.answer and "a few kinds" not in after.answer
    assert told == ["Something in your notes changed: I read them again first."]
    for citation in after.citations:
        lines = (notes / citation.note).read_text().splitlines()[citation.lines[0] - 1 : citation.lines[1]]
        assert citation.quote.split()[-1] in " ".join(lines)
    assert asked(session, chat, "What is mode collapse?")[1] == []
    assert "Something in your notes changed" in session.turns(chat)[3].content


def test_a_change_within_one_tick_of_the_clock_is_found(session: Session, notes: Path) -> None:
    note = notes / "gan.md"
    note.touch()
    session.search("generator")
    same = note.stat()
    note.write_text(note.read_text().replace("model of two", "model of six"))
    os.utime(note, ns=(same.st_atime_ns, same.st_mtime_ns))
    assert note.stat().st_size == same.st_size
    answer = session.collect(session.ask("What is a generative adversarial network?"))
    assert "model of six networks" in answer.answer


def test_a_deleted_note_is_gone_from_the_answers(session: Session, notes: Path) -> None:
    chat = session.new_chat()
    assert not asked(session, chat, "What is PacGAN?")[0].refused
    (notes / "mode-collapse.md").unlink()
    answer, _ = asked(session, chat, "What is PacGAN?")
    assert "several samples at once" not in answer.answer
    assert not [hit for hit in session.search("mode collapse") if hit["note"] == "mode-collapse.md"]
    assert session.library_line == "2 notes, 3 cards, 0 quiz questions"


def test_a_new_note_is_found_by_search_quiz_and_one_answer(session: Session, notes: Path) -> None:
    deck = "# Bread\n\n#### Bread\n\n:p What is bread baked from?\n??x\nBread is baked from flour.\nx??\n"
    (notes / "bread.md").write_text(deck)
    assert session.search("What is bread baked from?", 1)[0]["note"] == "bread.md"
    (notes / "salt.md").write_text("# Salt\n\nSalt is a mineral made of sodium chloride.\n")
    assert session.collect(session.ask("What is salt?")).citations[0].note == "salt.md"
    (notes / "bread.md").write_text(deck.replace("flour", "rye"))
    assert "rye" in session.quiz_items("bread", 1)[0].key


def test_a_file_that_becomes_unreadable_is_told_and_then_no_more(session: Session, notes: Path) -> None:
    chat = session.new_chat()
    (notes / "deck.md").write_bytes(b"\xff\xfa\x00")
    asked(session, chat, "What is a GAN?")
    assert session.messages == ["deck.md was skipped: it is not text. Save it as UTF-8 text."]
    (notes / "deck.md").unlink()
    asked(session, chat, "What is a GAN?")
    assert session.messages == []


def test_a_refresh_that_fails_keeps_answering_and_says_so_until_it_works(
    session: Session, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = session.new_chat()
    asked(session, chat, "What is a GAN?")
    note = notes / "mode-collapse.md"
    note.write_text(note.read_text().replace("a few kinds of output", "one sort of sample"))

    def full(*_: Any, **__: Any) -> Any:
        raise StoreError("The disk is full", "Free some space.")

    with monkeypatch.context() as patched:
        patched.setattr(tutor.opened, "refresh_index", full)
        answer, told = asked(session, chat, "What is mode collapse?")
        assert "a few kinds of output" in answer.answer
        assert "The disk is full. Free some space. I answer from what I read last." in told[-1]
    assert "one sort of sample" in asked(session, chat, "What is mode collapse?")[0].answer


def test_a_notes_folder_that_vanishes_keeps_the_last_good_index(session: Session, notes: Path) -> None:
    chat = session.new_chat()
    notes.rename(notes.with_name("elsewhere"))
    answer, told = asked(session, chat, "What is mode collapse?")
    assert not answer.refused and "does not exist" in told[-1]


def test_one_shot_commands_read_the_notes_once(settings: Settings, notes: Path) -> None:
    session = open_session(settings, model=False, watch=False)
    (notes / "gan.md").unlink()
    assert session.search("generator of a GAN", 20)
    assert {hit["note"] for hit in session.search("generator of a GAN", 20)} >= {"gan.md"}
    session.close()


def test_an_answer_that_goes_on_keeps_its_index_open(session: Session, notes: Path) -> None:
    chat = session.new_chat()
    events = session.respond(chat, "What is mode collapse?")
    next(events)
    before = session.retriever.index
    (notes / "gan.md").write_text("# GAN\n\nA GAN is a game of two networks.\n")
    session.search("GAN")
    assert session.retriever.index is not before
    assert before.query(session.embedding.embed_query("GAN"), 1)
    assert isinstance(list(events)[-1], Answer)
    with pytest.raises(Exception, match=r"."):  # chromadb's own: it is closed now
        before.query(session.embedding.embed_query("GAN"), 1)


def test_a_stopped_question_stops_reading_and_loses_nothing(session: Session, notes: Path) -> None:
    chat, cancel = session.new_chat(), threading.Event()
    (notes / "gan.md").write_text("# GAN\n\nA GAN is a game of two networks.\n")
    cancel.set()
    told = [e.text for e in session.respond(chat, "What is a GAN?", cancel=cancel) if isinstance(e, Notice)]
    assert any("Reading was stopped" in line for line in told)
    assert "a game of two networks" in asked(session, chat, "What is a GAN?")[0].answer


# Libraries


def upload(session: Session, slug: str, name: str, text: str | bytes, folder: Path) -> None:
    path = folder / "upload"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    session.libraries.add_file(slug, path, name)


OSMOSIS = "# Osmosis\n\nOsmosis is the movement of water through a membrane.\n"


def test_two_libraries_never_mix_and_conversations_stay(session: Session, tmp_path: Path) -> None:
    chat = session.new_chat()
    biology = session.libraries.create("Biology")
    upload(session, biology.slug, "osmosis.md", OSMOSIS, tmp_path)
    assert asked(session, chat, "What is osmosis?")[0].refused
    session.use_library(biology.slug)
    answer, _ = asked(session, chat, "What is osmosis?")
    assert [citation.note for citation in answer.citations] == ["osmosis.md"]
    assert session.examples[0] == "What is osmosis?" and session.library_line.startswith("1 note,")
    assert asked(session, chat, "What is mode collapse?")[0].refused
    assert {hit["note"] for hit in session.search("mode collapse", 20)} == {"osmosis.md"}
    session.use_library("")
    assert not asked(session, chat, "What is mode collapse?")[0].refused
    assert asked(session, chat, "What is osmosis?")[0].refused
    assert len(session.turns(chat)) == 10


def test_an_empty_library_refuses_and_says_why(session: Session, tmp_path: Path) -> None:
    chat = session.new_chat()
    biology = session.libraries.create("Biology")
    session.use_library(biology.slug)
    answer, told = asked(session, chat, "What is osmosis?")
    assert answer.refused and told == ["The library “Biology” holds nothing that can be read yet."]
    upload(session, biology.slug, "broken.md", b"\xff\xfa\x00", tmp_path)
    upload(session, biology.slug, "osmosis.md", OSMOSIS, tmp_path)
    assert session.refresh_notes() == ""
    assert session.messages == ["broken.md was skipped: it is not text. Save it as UTF-8 text."]
    assert not asked(session, chat, "What is osmosis?")[0].refused
    session.libraries.remove_file(biology.slug, "osmosis.md")
    assert asked(session, chat, "What is osmosis?")[0].refused
    assert [entry.path for entry in session.notes_read.skipped] == ["broken.md"]
    assert not biology.index_dir.exists()


def test_a_folder_is_linked_and_one_that_is_gone_takes_nothing_else_away(
    session: Session, notes: Path, tmp_path: Path
) -> None:
    biology = session.libraries.create("Biology")
    session.use_library(biology.slug)
    upload(session, biology.slug, "osmosis.md", OSMOSIS, tmp_path)
    session.libraries.add_folder(biology.slug, str(notes))
    session.refresh_notes()
    assert session.library_line == "4 notes, 3 cards, 0 quiz questions"
    assert session.library.linked == (notes.resolve(),)
    notes.rename(notes.with_name("elsewhere"))
    assert not session.collect(session.ask("What is osmosis?")).refused
    assert session.messages == [f"{notes} was skipped: the folder is not there"]
    notes.with_name("elsewhere").rename(notes)
    assert not session.collect(session.ask("What is mode collapse?")).refused
    session.libraries.remove_folder(biology.slug, notes.resolve())
    session.refresh_notes()
    assert session.collect(session.ask("What is mode collapse?")).refused


def test_the_page_goes_on_with_the_library_in_use_and_the_terminal_names_it(
    session: Session, settings: Settings, tmp_path: Path
) -> None:
    biology = session.libraries.create("Biology")
    upload(session, biology.slug, "osmosis.md", OSMOSIS, tmp_path)
    session.use_library(biology.slug)
    session.close()
    for more, name in (({}, "notes"), ({"resume": True}, "Biology")):
        again = open_session(settings, record=True, **more)
        assert again.library.name == name
        again.close()
    named = open_session(replace(settings, library="biology"), model=False)
    assert not named.collect(named.ask("What is osmosis?")).refused
    named.close()
    with pytest.raises(NotesError, match="There is no library “Physics”"):
        open_session(replace(settings, library="Physics"), record=True)
    open_session(settings, record=True).close()


def test_a_library_that_cannot_be_opened_leaves_the_one_in_use(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    biology = session.libraries.create("Biology")
    upload(session, biology.slug, "osmosis.md", OSMOSIS, tmp_path)

    def full(*_: Any, **__: Any) -> Any:
        raise StoreError("The disk is full", "Free some space.")

    with monkeypatch.context() as patched:
        patched.setattr(tutor.opened, "refresh_index", full)
        with pytest.raises(StoreError, match="The disk is full"):
            session.use_library(biology.slug)
    assert session.library.name == "notes"
    assert not session.collect(session.ask("What is mode collapse?")).refused
    with pytest.raises(NotesError, match="gone"):
        session.use_library("no-such")


def test_a_quiz_goes_on_when_the_library_changes(session: Session) -> None:
    chat = session.new_chat()
    list(session.start_quiz(chat, "GANs", 1))
    session.use_library(session.libraries.create("Biology").slug)
    list(session.respond(chat, "It turns random noise into samples that look real."))
    assert not session.quiz_is_open(chat)


def test_a_prediction_that_waits_survives_a_restart(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_session(settings, record=True)
    chat = first.new_chat()
    [asked] = first.respond(chat, "run the GAN demo")
    first.close()
    assert isinstance(asked, PredictionAsked)
    monkeypatch.setattr(tutor.tools, "run_demo", lambda *given, **rest: iter([DemoStopped(0, ())]))
    second = open_session(settings, record=True)
    called, outcome = second.respond(chat, "just run it")
    second.close()
    assert isinstance(called, ToolCall) and called.arguments["name"] == "gan-2d"
    assert isinstance(outcome, DemoOutcome) and outcome.stopped


def test_the_quiz_that_waits_is_found_with_one_look_at_the_list(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, gone, *others = (session.new_chat() for _ in range(6))
    for chat in (waits, gone):
        list(session.start_quiz(chat, "GANs", 1))
    session.delete_chat(gone)
    for chat in others:
        session.hear(chat, "What is a GAN?")
    lists: list[int] = []
    listed = Record.list_chats
    monkeypatch.setattr(Record, "list_chats", lambda record: lists.append(1) or listed(record))
    assert session.waiting_quiz(gone) == waits and len(lists) == 1
    assert session.quiz(gone) is None and session.quiz("") is None and len(lists) == 1
