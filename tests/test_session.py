"""A session: how it opens, what it keeps, and what it says when a part is missing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tutor.opened
import tutor.session
from tutor.embedding import Embedding
from tutor.errors import ModelError, NotesError, QuizError, RecordError, StoreError
from tutor.index import refresh_index
from tutor.session import Session, open_session
from tutor.settings import Settings
from tutor.turns import Answer, Delta, Event, Notice, QuizItem


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


def test_opening_builds_the_index_and_says_what_was_read(session: Session, settings: Settings) -> None:
    assert session.library_line == "3 notes, 3 cards, 0 quiz questions"
    assert session.model_name == "notes-only"
    assert session.messages == []
    assert (settings.index_dir / "current.json").exists()
    assert all(session.collect(session.ask(question)).citations for question in session.examples[:1])


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


def test_an_unknown_model_is_told_before_anything_is_built(settings: Settings) -> None:
    with pytest.raises(ModelError, match="tutor models"):
        open_session(replace(settings, model="no-such-model"))
    assert not settings.index_dir.exists()


def test_a_failed_start_lets_go_of_the_record(settings: Settings) -> None:
    with pytest.raises(NotesError):
        open_session(replace(settings, notes=(settings.notes[0] / "none",)), record=True)
    open_session(settings, record=True).close()


def test_skipped_files_are_told(settings: Settings) -> None:
    (settings.notes[0] / "bad.md").symlink_to(settings.data_dir / "elsewhere")
    session = open_session(settings, model=False)
    [message] = session.messages
    assert message.startswith("bad.md was skipped: ")
    session.close()


def test_when_refreshing_fails_the_last_good_index_is_used_and_it_says_so(
    settings: Settings, embedding: Embedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh_index(settings.notes, settings.index_dir, embedding)
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
    settings: Settings, embedding: Embedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other(Embedding):
        fingerprint = "other"  # type: ignore[assignment]

    refresh_index(settings.notes, settings.index_dir, embedding)
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
    again.delete_chat(chat)
    assert again.chats() == []
    again.close()


def test_an_answer_in_a_quiz_is_not_taken_back(session: Session) -> None:
    chat = session.new_chat()
    list(session.start_quiz(chat, "GANs", 2))
    list(session.respond(chat, "I don't know"))
    before = [turn.content for turn in session.turns(chat)]
    with pytest.raises(QuizError, match="cannot be taken back"):
        session.retract_last(chat)
    assert [turn.content for turn in session.turns(chat)] == before


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
    assert any(isinstance(event, Notice) for event in again.respond(chat, "skip"))
    list(again.respond(chat, "stop"))
    assert not again.quiz_is_open(chat)
    again.close()


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


def test_quiz_items_for_an_unknown_topic_are_an_error(session: Session) -> None:
    assert len(session.quiz_items("GANs", 2)) == 2
    with pytest.raises(QuizError):
        session.quiz_items("the French Revolution", 2)


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
