"""A class on one machine: what is shared is opened once, and nothing of one student is another's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import tutor.session
from tutor.classroom import Classroom, StudentNotes, open_classroom
from tutor.errors import NotesError, RecordError
from tutor.libraries import Libraries
from tutor.opened import Opened
from tutor.settings import Settings
from tutor.turns import Answer, QuizItem


@pytest.fixture
def classroom(settings: Settings, embedding: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Classroom]:
    """A class over the small library."""
    monkeypatch.setattr(tutor.session, "Embedding", lambda: embedding)
    opened = open_classroom(settings, now=lambda: datetime(2026, 11, 26, tzinfo=UTC))
    yield opened
    opened.close()


def _asked(session: Any, question: str) -> Answer:
    chat_id = session.new_chat()
    return next(event for event in session.respond(chat_id, question) if isinstance(event, Answer))


def test_what_all_share_is_opened_once(classroom: Classroom) -> None:
    ann, ben = classroom.student("ann"), classroom.student("ben")
    assert ann is classroom.student("ann") and ann is not ben
    assert ann.retriever is ben.retriever is classroom.shared.retriever
    assert ann.claims is ben.claims and ann._jobs is ben._jobs and ann._chosen is ben._chosen
    assert ann.studies._bank() is ben.studies._bank()
    assert ann.studies is not ben.studies and ann.tools["run_demo"] is not ben.tools["run_demo"]


def test_each_student_has_a_record_a_folder_of_runs_and_libraries_of_their_own(
    classroom: Classroom, settings: Settings
) -> None:
    ann, ben = classroom.student("ann"), classroom.student("ben")
    assert _asked(ann, "What is mode collapse?").citations
    [chat] = ann.chats()
    assert ben.chats() == [] and ben.turns(chat.id) == []
    with pytest.raises(RecordError):
        ben.delete_chat(chat.id)
    with pytest.raises(RecordError):
        ben.hear(chat.id, "mine now")
    assert len(ann.turns(chat.id)) == 2
    place = settings.data_dir / "students"
    assert ann._run_folder().parent == place / "ann" / "runs"
    ann.libraries.create("Biology")
    assert [library.name for library in ben.libraries.all()] == ["notes"]
    assert sorted(path.name for path in place.iterdir()) == ["ann", "ben"]
    assert not settings.record_path.exists()


def test_answers_to_a_quiz_count_for_the_student_who_gave_them(classroom: Classroom) -> None:
    ann, ben = classroom.student("ann"), classroom.student("ben")
    chat_id = ann.new_chat()
    assert any(isinstance(event, QuizItem) for event in ann.respond(chat_id, "Quiz me on GANs"))
    list(ann.respond(chat_id, "I do not know"))
    assert ann.studies.standing().asked and not ben.studies.standing().asked


@pytest.mark.parametrize("name", ["", "..", "../ann", "a/b", "Ann", "ann/../ben", "."])
def test_what_is_no_name_opens_nothing(classroom: Classroom, settings: Settings, name: str) -> None:
    with pytest.raises(RecordError, match="Nobody is logged in"):
        classroom.student(name)
    assert not (settings.data_dir / "students").exists()


def test_a_library_of_a_students_own_answers_that_student_alone(classroom: Classroom, tmp_path: Path) -> None:
    ann, ben = classroom.student("ann"), classroom.student("ben")
    note = tmp_path / "osmosis.md"
    note.write_text("# Osmosis\n\nOsmosis moves water through a membrane to the salty side.\n")
    library = ann.libraries.create("Biology")
    ann.libraries.add_file(library.slug, note, "osmosis.md")
    ann.use_library(library.slug)
    assert not _asked(ann, "What is osmosis?").refused
    assert ann.library.slug == library.slug and ben.library.slug == ""
    assert _asked(ben, "What is osmosis?").refused and not _asked(ben, "What is mode collapse?").refused
    ann.use_library("")
    assert _asked(ann, "What is osmosis?").refused and not _asked(ann, "What is mode collapse?").refused


def test_notes_of_the_class_that_change_are_read_again_once_for_all(
    classroom: Classroom, settings: Settings
) -> None:
    ann, ben = classroom.student("ann"), classroom.student("ben")
    (settings.notes[0] / "osmosis.md").write_text("# Osmosis\n\nOsmosis moves water through a membrane.\n")
    assert not _asked(ann, "What is osmosis?").refused
    assert ann.retriever is ben.retriever
    assert not _asked(ben, "What is osmosis?").refused


def test_a_library_is_remembered_for_its_student(classroom: Classroom, settings: Settings) -> None:
    library = classroom.student("ann").libraries.create("Biology")
    classroom.student("ann").use_library(library.slug)
    classroom._students._made.pop("ann").close()
    assert classroom.student("ann").library.slug == library.slug
    assert classroom.student("ben").library.slug == ""


def test_a_session_that_could_not_be_opened_leaves_no_lock(
    classroom: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(tutor.session.Session, "_open_notes", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            classroom.student("ann")
    assert classroom.student("ann").chats() == []


def test_two_requests_at_once_open_a_students_record_once(classroom: Classroom) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len({id(one) for one in pool.map(classroom.student, ["ann"] * 8)}) == 1


def test_closing_the_class_frees_every_record(classroom: Classroom) -> None:
    for name in ("ann", "ben"):
        classroom.student(name).new_chat()
    classroom.close()
    again = open_classroom(classroom.settings)
    assert len(again.student("ann").chats()) == 1
    again.close()


def test_uploads_are_bounded_in_total_and_what_was_taken_out_counts(
    classroom: Classroom, tmp_path: Path
) -> None:
    libraries: Libraries = replace(classroom.student("ann").libraries, most_mb=0.002)
    slug, other = libraries.create("A").slug, libraries.create("B").slug
    note = tmp_path / "note.md"
    note.write_text("# A\n\n" + "word " * 200)
    libraries.add_file(slug, note, "one.md")
    libraries.remove_file(slug, "one.md")
    with pytest.raises(NotesError, match=r"take 0\.0 of 0\.002 MB already"):
        libraries.add_file(other, note, "two.md")
    libraries.delete(slug)
    with pytest.raises(NotesError, match="already"):
        libraries.add_file(other, note, "two.md")
    assert libraries.files(other) == []


def test_two_first_holders_at_once_get_the_same_studies(classroom: Classroom) -> None:
    notes = classroom.student("ann")._notes
    assert isinstance(notes, StudentNotes)
    notes._adopted = None
    both, adopt = threading.Barrier(2), notes._adopt

    def slowly(opened: Opened) -> Opened:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)  # for another who makes the same
        return adopt(opened)

    notes._adopt = slowly

    def held(_: int) -> int:
        with notes.hold() as opened:
            return id(opened.studies)

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(held, range(2)))) == 1


def test_who_goes_back_to_the_notes_of_the_class_just_now_holds_them(classroom: Classroom) -> None:
    ann = classroom.student("ann")
    ann.use_library(ann.libraries.create("Biology").slug)
    notes, own = ann._notes, ann.notes_read.index
    assert isinstance(notes, StudentNotes)
    lock = notes._lock

    class LeftFirst:
        """Somebody else gives the library up just before the lock is had."""

        def __enter__(self) -> None:
            lock.acquire()
            notes._opened = None

        def __exit__(self, *_: object) -> None:
            lock.release()

    notes._lock = LeftFirst()  # type: ignore[assignment]
    with notes.hold() as opened:
        assert opened.read.index is not own
        assert classroom.shared._notes._holders[opened.read.index] == 1
    assert not classroom.shared._notes._holders
