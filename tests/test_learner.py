"""The student's record: what is kept, who may write, what a crash or a damaged file costs."""

import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tutor import copies, learner
from tutor.errors import RecordError
from tutor.feedback import add_feedback, read_feedback, standing
from tutor.learner import Record, open_record
from tutor.record_tables import SCHEMA_VERSION

DAY = datetime(2025, 3, 1, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = DAY

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "record.db"


@pytest.fixture
def record(path: Path, clock: Clock) -> Iterator[Record]:
    with open_record(path, now=clock) as opened:
        yield opened


def fill_disk(record: Record) -> Callable[[], None]:
    """Lets the database grow no further; returns how to make room again."""
    limit = {"pages": 1}

    def hold(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={limit['pages']}")

    event.listen(record._engine, "checkout", hold)
    return lambda: limit.update(pages=100_000)


def spoil(path: Path) -> None:
    """Overwrites the file from its second page on, as a failing disk may."""
    size = path.stat().st_size
    with path.open("rb+") as file:
        file.seek(4096)
        file.write(b"\xaa" * (size - 4096))


def killed(path: Path, title: str) -> None:
    """Runs a program that keeps a chat of 20 turns and is killed before it can close the record."""
    script = textwrap.dedent(
        f"""
        import os, signal
        from datetime import datetime, UTC
        from pathlib import Path
        from tutor.learner import open_record
        record = open_record(Path({str(path)!r}), now=lambda: datetime(2025, 3, 1, tzinfo=UTC))
        chat = record.new_chat({title!r})
        for number in range(20):
            record.add_turn(chat, "user", str(number))
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9


def test_chats_and_turns_come_back_after_a_restart(path: Path, clock: Clock) -> None:
    with open_record(path, now=clock) as record:
        chat = record.new_chat("What is a GAN?")
        record.add_turn(chat, "user", "What is a GAN? 生成对抗网络")
        clock.move(minutes=1)
        record.add_turn(chat, "assistant", "Two networks [1].", {"citations": [{"n": 1, "lines": [3, 4]}]})
    with open_record(path, now=clock) as record:
        turns = record.turns(chat)
        assert [(turn.role, turn.content) for turn in turns] == [
            ("user", "What is a GAN? 生成对抗网络"),
            ("assistant", "Two networks [1]."),
        ]
        assert turns[0].payload is None
        assert turns[1].payload == {"citations": [{"n": 1, "lines": [3, 4]}]}
        assert turns[1].at == DAY + timedelta(minutes=1)
        assert [(c.title, c.created, c.updated) for c in record.list_chats()] == [
            ("What is a GAN?", DAY, DAY + timedelta(minutes=1))
        ]


def test_the_chat_used_last_is_listed_first(record: Record, clock: Clock) -> None:
    first, second = record.new_chat("first"), record.new_chat("second")
    clock.move(hours=1)
    record.add_turn(first, "user", "hello")
    assert [chat.id for chat in record.list_chats()] == [first, second]
    record.rename_chat(second, "renamed")
    assert [chat.title for chat in record.list_chats()] == ["first", "renamed"]


def test_a_deleted_chat_is_out_of_sight_and_comes_back_whole(path: Path, clock: Clock) -> None:
    with open_record(path, now=clock) as record:
        chat, other = record.new_chat("quiz"), record.new_chat("other")
        record.add_turn(chat, "user", "quiz me")
        kept = record.add_turn(other, "user", "hello")
        record.delete_chat(chat)
        assert record.turns(chat) == [] and [c.id for c in record.list_chats()] == [other]
        assert record.find_chats("quiz") == []
        with pytest.raises(RecordError, match="no chat"):
            record.add_turn(chat, "user", "still there?")
    with open_record(path, now=clock) as record:
        record.restore_chat(chat)
        assert [turn.content for turn in record.turns(chat)] == ["quiz me"]
        assert [turn.id for turn in record.turns(other)] == [kept]


def test_a_deleted_chat_goes_for_good_a_day_later(path: Path, clock: Clock) -> None:
    with open_record(path, now=clock) as record:
        chat, kept = record.new_chat("quiz"), record.new_chat("other")
        record.add_turn(chat, "user", "quiz me")
        record.delete_chat(chat)
    clock.move(hours=25)
    with open_record(path, now=clock) as record:
        with pytest.raises(RecordError, match="no chat"):
            record.restore_chat(chat)
        assert [c.id for c in record.list_chats()] == [kept]


def test_chats_are_found_by_title_and_by_what_was_said(record: Record) -> None:
    gan, vae = record.new_chat("GANs for starters"), record.new_chat("second")
    record.add_turn(gan, "assistant", "The generator turns noise into samples.")
    record.add_turn(vae, "user", "Was ist ÄHNLICHKEIT bei 100% der Bilder?")
    far = "word " * 60
    record.add_turn(vae, "assistant", f"{far}the encoder gives a mean {far}")
    assert [(found.chat.id, found.snippet) for found in record.find_chats("starters")] == [(gan, "")]
    assert [found.chat.id for found in record.find_chats("noise STARTERS")] == [gan]
    assert [found.chat.id for found in record.find_chats("ähnlichkeit")] == [vae]
    assert [found.chat.id for found in record.find_chats("0%")] == [vae]
    assert record.find_chats("noise encoder") == [] and record.find_chats("_") == []
    snippet = record.find_chats("ENCODER")[0].snippet
    assert "the encoder gives a mean" in snippet and snippet[0] == snippet[-1] == "…" and len(snippet) < 80
    assert {found.chat.id for found in record.find_chats("  ")} == {gan, vae}


def test_retry_drops_all_that_followed_a_question(record: Record) -> None:
    chat, other = record.new_chat("a"), record.new_chat("b")
    first = record.add_turn(chat, "user", "one")
    record.add_turn(chat, "assistant", "answer one")
    record.add_turn(chat, "user", "two")
    kept = record.add_turn(other, "user", "in another chat")
    record.add_turn(chat, "assistant", "answer two")
    record.add_turn(chat, "assistant", "and a picture")
    assert record.drop_turns_after(first) == 4
    assert [turn.content for turn in record.turns(chat)] == ["one"]
    assert record.drop_turns_after(first) == 0
    assert [turn.id for turn in record.turns(other)] == [kept]


def test_the_number_of_a_dropped_turn_is_never_given_again(record: Record) -> None:
    chat = record.new_chat("a")
    first = record.add_turn(chat, "user", "one")
    dropped = record.add_turn(chat, "assistant", "answer one")
    record.drop_turns_after(first)
    assert record.add_turn(chat, "user", "again") > dropped


def test_another_message_takes_the_place_of_the_last(record: Record) -> None:
    chat = record.new_chat("a")
    record.add_turn(chat, "user", "one")
    record.add_turn(chat, "user", "two")
    record.add_turn(chat, "assistant", "answer two")
    assert record.drop_last_exchange(chat, "three") == "two"
    assert [turn.content for turn in record.turns(chat)] == ["one", "three"]


def test_feedback_is_kept_with_what_it_is_about_when_that_is_gone(record: Record) -> None:
    chat = record.new_chat("a")
    record.add_turn(chat, "user", "What is a GAN?")
    turn = record.add_turn(chat, "assistant", "answer")
    add_feedback(record, turn, "dislike", "too long")
    record.drop_last_exchange(chat)
    record.add_turn(chat, "user", "What is a VAE?")
    other = record.add_turn(chat, "assistant", "another")
    add_feedback(record, other, "like")
    record.delete_chat(chat)
    said = read_feedback(record)
    assert [(one.value, one.word, one.question, one.answer) for one in said] == [
        ("dislike", "too long", "What is a GAN?", "answer"),
        ("like", "", "What is a VAE?", "another"),
    ]
    with pytest.raises(RecordError, match="no turn"):
        add_feedback(record, 99, "like")


def test_of_what_was_thought_of_an_answer_the_last_counts(record: Record) -> None:
    chat = record.new_chat("a")
    first, second = (record.add_turn(chat, "assistant", text) for text in ("one", "two"))
    add_feedback(record, first, "dislike")
    add_feedback(record, second, "like")
    add_feedback(record, first, "like", "better than I thought")
    add_feedback(record, second, "")
    assert [(one.turn_id, one.value) for one in standing(read_feedback(record))] == [(first, "like")]


UNKNOWN = {
    "add_turn": ("none", "user", "hello"),
    "rename_chat": ("none", "title"),
    "delete_chat": ("none",),
    "restore_chat": ("none",),
    "drop_turns_after": (99,),
}


@pytest.mark.parametrize("method", UNKNOWN)
def test_what_is_not_in_the_record_is_named_as_an_error(record: Record, method: str) -> None:
    with pytest.raises(RecordError, match=r"There is no|not in it"):
        getattr(record, method)(*UNKNOWN[method])
    assert record.list_chats() == []


def test_every_connection_syncs_and_keeps_foreign_keys(record: Record) -> None:
    with record.reading() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "trusted_schema")
        }
    assert values == {
        "journal_mode": "wal", "synchronous": 2, "busy_timeout": 5000, "foreign_keys": 1, "trusted_schema": 0
    }  # fmt: skip


def test_threads_write_and_read_at_the_same_time_without_losing_a_turn(record: Record) -> None:
    chat = record.new_chat("busy")
    errors: list[Exception] = []

    def talk(name: int) -> None:
        try:
            for number in range(10):
                record.add_turn(chat, "user", f"{name}-{number}")
                record.turns(chat)
        except RecordError as error:
            errors.append(error)

    threads = [threading.Thread(target=talk, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert {turn.content for turn in record.turns(chat)} == {f"{a}-{b}" for a in range(8) for b in range(10)}


def test_a_second_program_is_refused_and_told_the_number_of_the_first(path: Path) -> None:
    script = textwrap.dedent(
        f"""
        import sys
        from datetime import datetime, UTC
        from pathlib import Path
        from tutor.learner import open_record
        record = open_record(Path({str(path)!r}), now=lambda: datetime.now(UTC))
        print("open", flush=True)
        sys.stdin.read()
        """
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout and holder.stdout.readline() == "open\n"
        with pytest.raises(RecordError, match=rf"process {holder.pid}\)"):
            open_record(path, now=Clock())
        with open_record(path, now=Clock(), exclusive=False) as reader:
            assert reader.list_chats() == []
    finally:
        holder.kill()
        holder.communicate()
    with open_record(path, now=Clock()) as record:
        assert record.list_chats() == []


def test_opening_for_reading_sees_all_and_writes_nothing(path: Path, clock: Clock) -> None:
    with pytest.raises(RecordError, match="no student's record"):
        open_record(path, now=clock, exclusive=False)
    with open_record(path, now=clock) as writer:
        writer.new_chat("kept")
        with open_record(path, now=clock, exclusive=False) as reader:
            assert [chat.title for chat in reader.list_chats()] == ["kept"]
            with pytest.raises(RecordError, match="not open for writing"):
                reader.new_chat("another")


def test_nothing_is_written_after_closing(path: Path, clock: Clock) -> None:
    record = open_record(path, now=clock)
    record.close()
    record.close()
    with pytest.raises(RecordError, match="not open for writing"):
        record.new_chat("too late")


def test_a_killed_program_loses_nothing_it_was_told_is_kept(path: Path) -> None:
    killed(path, "kept")
    with open_record(path, now=Clock()) as record:
        assert record.messages == []
        turns = record.turns(record.list_chats()[0].id)
        assert [turn.content for turn in turns] == [str(number) for number in range(20)]


def test_a_record_of_a_newer_tutor_is_refused_untouched(path: Path, clock: Clock) -> None:
    open_record(path, now=clock).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO schema_version VALUES (99, 'later')")
    connection.commit()
    connection.close()
    with pytest.raises(RecordError, match=r"version 99.*newer tutor"):
        open_record(path, now=clock)
    with pytest.raises(RecordError, match="version 99"):
        open_record(path, now=clock)


def test_an_older_record_is_migrated_after_a_copy_was_taken(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_record(path, now=clock) as record:
        chat = record.new_chat("kept")
    clock.move(days=1)
    step = lambda connection: connection.exec_driver_sql("ALTER TABLE chats ADD COLUMN colour TEXT")  # noqa: E731
    monkeypatch.setattr(learner, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    monkeypatch.setitem(learner.MIGRATIONS, SCHEMA_VERSION, step)
    with open_record(path, now=clock) as record:
        assert [c.id for c in record.list_chats()] == [chat]
        before = sqlite3.connect(path.parent / "backups" / "record-2025-03-02.db")
        assert before.execute("SELECT max(version) FROM schema_version").fetchone() == (SCHEMA_VERSION,)
        before.close()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT max(version) FROM schema_version").fetchone() == (SCHEMA_VERSION + 1,)
    assert connection.execute("SELECT colour FROM chats").fetchall() == [(None,)]
    connection.close()


def test_a_migration_that_fails_changes_nothing(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_record(path, now=clock).close()

    def step(connection: Any) -> None:
        connection.exec_driver_sql("ALTER TABLE chats ADD COLUMN colour TEXT")
        connection.exec_driver_sql("ALTER TABLE nowhere ADD COLUMN colour TEXT")

    monkeypatch.setattr(learner, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    monkeypatch.setitem(learner.MIGRATIONS, SCHEMA_VERSION, step)
    with pytest.raises(RecordError):
        open_record(path, now=clock)
    monkeypatch.undo()
    with open_record(path, now=clock) as record, record.reading() as connection:
        columns = [row.name for row in connection.exec_driver_sql("PRAGMA table_info(chats)")]
        assert columns == ["id", "title", "created", "updated", "deleted"]


def test_one_copy_a_day_is_kept_seven_in_all(path: Path, clock: Clock) -> None:
    for _ in range(9):
        open_record(path, now=clock).close()
        clock.move(days=1)
    assert [copy.name for copy in copies.backups(path)] == [
        f"record-2025-03-0{day}.db" for day in range(9, 2, -1)
    ]


def test_a_program_that_runs_for_days_takes_its_copies_too(record: Record, path: Path, clock: Clock) -> None:
    record.new_chat("first day")
    clock.move(days=1)
    record.new_chat("second day")
    assert [copy.name for copy in copies.backups(path)] == ["record-2025-03-02.db"]


def test_a_copy_can_be_put_back_by_hand(path: Path, clock: Clock) -> None:
    with open_record(path, now=clock) as record:
        chat = record.new_chat("kept")
        record.add_turn(chat, "user", "hello")
    clock.move(days=1)
    with open_record(path, now=clock) as record:
        record.delete_chat(chat)
    copies.restore(path, path.parent / "backups" / "record-2025-03-01.db")
    with open_record(path, now=clock) as record:
        assert [turn.content for turn in record.turns(chat)] == ["hello"]
    with pytest.raises(RecordError, match="missing or damaged"):
        copies.restore(path, path.parent / "backups" / "record-2024-01-01.db")


@pytest.mark.parametrize("damage", ["pages", "header", "empty"])
def test_a_damaged_record_is_replaced_by_the_newest_sound_copy(path: Path, clock: Clock, damage: str) -> None:
    with open_record(path, now=clock) as record:
        record.new_chat("day one")
    clock.move(days=1)
    with open_record(path, now=clock) as record:
        record.new_chat("day two")
    clock.move(days=1)
    spoil(path.parent / "backups" / "record-2025-03-02.db")
    if damage == "pages":
        spoil(path)
    else:
        path.write_bytes(b"" if damage == "empty" else b"this was a record " * 500)
    ruined = path.read_bytes()
    with open_record(path, now=clock) as record:
        assert [chat.title for chat in record.list_chats()] == ["day one"]
        assert "copy of 2025-03-01" in record.messages[0]
        record.new_chat("goes on")
    kept = path.with_name("record-damaged-20250303T090000.db")
    assert kept.name in record.messages[0]
    assert kept.read_bytes() == ruined


@pytest.mark.parametrize("way", ["by hand", "after damage"])
def test_the_log_of_a_killed_program_does_not_reach_the_restored_record(path: Path, way: str) -> None:
    killed(path, "first day")
    open_record(path, now=Clock()).close()
    killed(path, "lost")
    assert path.with_name("record.db-wal").stat().st_size > 0
    if way == "by hand":
        copies.restore(path, copies.backups(path)[0])
    else:
        path.write_bytes(b"this was a record " * 5000)
    with open_record(path, now=Clock()) as record:
        assert [chat.title for chat in record.list_chats()] == ["first day"]


def test_without_a_sound_copy_the_damaged_record_stays_and_the_remedy_is_named(
    path: Path, clock: Clock
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database at all " * 500)
    with pytest.raises(RecordError, match=r"no sound copy.*Move it away"):
        open_record(path, now=clock)
    with pytest.raises(RecordError, match="damaged"):
        open_record(path, now=clock, exclusive=False)
    assert path.read_bytes().startswith(b"not a database")


def test_damage_during_a_run_spares_the_earlier_copy(path: Path, clock: Clock) -> None:
    with open_record(path, now=clock) as record:
        record.new_chat("kept")
    record = open_record(path, now=clock)
    spoil(path)
    record.close()
    assert "No backup" in record.messages[0]
    with open_record(path, now=clock) as record:
        assert [chat.title for chat in record.list_chats()] == ["kept"]


def test_a_full_disk_is_named_and_the_record_works_again_when_there_is_room(record: Record) -> None:
    chat = record.new_chat("kept")
    make_room = fill_disk(record)
    with pytest.raises(RecordError, match=r"disk is full.*Free some space"):
        record.add_turn(chat, "user", "x" * 1_000_000)
    assert record.turns(chat) == []
    make_room()
    record.add_turn(chat, "user", "x" * 1_000_000)
    assert len(record.turns(chat)) == 1


def test_a_file_that_cannot_be_written_is_named_with_the_remedy(record: Record) -> None:
    event.listen(record._engine, "checkout", lambda c, *_: c.execute("PRAGMA query_only=ON"))
    with pytest.raises(RecordError, match=r"read-only.*--data-dir"):
        record.new_chat("no")


def test_a_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(RecordError, match=r"cannot be written.*--data-dir"):
        open_record(tmp_path / "file" / "record.db", now=clock)


def test_a_backup_that_fails_costs_a_message_and_no_work(path: Path, clock: Clock) -> None:
    path.parent.mkdir()
    (path.parent / "backups").write_text("in the way")
    with open_record(path, now=clock) as record:
        record.new_chat("kept")
    assert "No backup" in record.messages[0]
    with open_record(path, now=clock) as record:
        assert [chat.title for chat in record.list_chats()] == ["kept"]


def test_a_clock_without_a_time_zone_is_refused(record: Record, clock: Clock) -> None:
    clock.at = datetime(2025, 1, 1)
    with pytest.raises(ValueError, match="aware"):
        record.new_chat("when?")
    clock.at = DAY
