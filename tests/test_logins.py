"""Who may log in: the file of hashed passwords, the command around it, and the waits that wrong tries cost."""

from __future__ import annotations

import io
import stat
from pathlib import Path
from typing import Any

import pytest

import tutor.logins
from tutor.cli import main
from tutor.errors import SettingsError
from tutor.logins import Door, add_login, fits, hashed, read_logins, remove_login

PASSWORD = "correct horse"


class Clock:
    """s, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def line() -> str:
    """A hash, made once: each costs a quarter of a second."""
    return hashed(PASSWORD)


@pytest.fixture
def file(tmp_path: Path, line: str) -> Path:
    file = tmp_path / "logins"
    file.write_text(f"# class of spring\n\nann:{line}\nben:{line}\n")
    file.chmod(0o600)
    return file


def _crowd(folder: Path, line: str, students: int) -> Path:
    """A file of so many logins: student0, student1, ..."""
    file = folder / "class"
    file.write_text("".join(f"student{n}:{line}\n" for n in range(students)))
    file.chmod(0o600)
    return file


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Passwords are compared without scrypt; the list holds those that were tried."""
    tried: list[str] = []

    def compared(password: str, kept: str) -> bool:
        tried.append(password)
        return password == PASSWORD and kept != tutor.logins._NOBODY

    monkeypatch.setattr(tutor.logins, "fits", compared)
    return tried


def test_a_password_fits_its_own_hash_alone_and_no_two_hashes_are_equal(line: str) -> None:
    assert fits(PASSWORD, line) and not fits(PASSWORD + " ", line)
    assert hashed(PASSWORD) != line and PASSWORD not in line
    assert line.startswith("$scrypt$ln=15,r=8,p=3$")


def test_a_letter_may_be_typed_in_both_of_its_unicode_forms() -> None:
    assert fits("cafe\u0301 au lait", hashed("café au lait"))


def test_a_login_is_added_and_removed_and_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "class" / "logins"
    add_login(file, "ann", PASSWORD)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert fits(PASSWORD, read_logins(file)["ann"])
    with pytest.raises(SettingsError, match="ann can log in already"):
        add_login(file, "ann", PASSWORD)
    remove_login(file, "ann")
    with pytest.raises(SettingsError, match="holds no logins"):
        read_logins(file)
    with pytest.raises(SettingsError, match="holds no log-in 'ann'"):
        remove_login(file, "ann")
    add_login(file, "ben", PASSWORD)
    assert list(read_logins(file)) == ["ben"] and [path.name for path in file.parent.iterdir()] == ["logins"]


def test_comments_survive_a_change(file: Path) -> None:
    remove_login(file, "ann")
    assert file.read_text().startswith("# class of spring\n\nben:")


@pytest.mark.parametrize("name", ["", "Ann", "../ann", "a/b", "a.b", "-a", "a" * 33, "ann:x", "an n", "änne"])
def test_a_name_that_could_be_a_path_or_another_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="small letters"):
        add_login(tmp_path / "logins", name, PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "x" * 257])
def test_a_password_too_short_or_too_long_is_refused_and_not_repeated(tmp_path: Path, password: str) -> None:
    with pytest.raises(SettingsError, match="8 to 256") as told:
        add_login(tmp_path / "logins", "ann", password)
    assert not password or password not in str(told.value)
    assert not (tmp_path / "logins").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no logins"),
        ("# none\n", "holds no logins"),
        ("ann\n", "Line 1 .* holds no hashed password"),
        ("ann:plain secret\n", "Line 1 .* holds no hashed password"),
        ("\nAnn:x\n", "Line 2 .* begins with no name"),
        ("ann:$scrypt$ln=4,r=8,p=1$" + "A" * 22 + "$" + "A" * 43, "too weak or too costly"),
        ("ann:$scrypt$ln=30,r=8,p=1$" + "A" * 22 + "$" + "A" * 43, "too weak or too costly"),
    ],
)
def test_a_line_that_is_no_login_is_named_without_its_words(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "logins"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(SettingsError, match=says) as told:
        read_logins(file)
    assert "plain secret" not in str(told.value)


def test_a_name_that_stands_twice_is_told(file: Path, line: str) -> None:
    file.write_text(f"ann:{line}\nann:{line}\n")
    with pytest.raises(SettingsError, match=r"Line 2 .* names ann again"):
        read_logins(file)


def test_a_file_that_others_can_read_is_refused(file: Path) -> None:
    file.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_logins(file)


def test_the_door_opens_for_the_right_password_also_after_a_capital_letter(file: Path) -> None:
    door = Door(file, Clock())
    assert door.opens("Ann ", PASSWORD, "10.0.0.7")
    assert not door.opens("ann", "wrong horse", "10.0.0.7") and not door.opens("eve", PASSWORD, "10.0.0.7")


def test_an_unknown_name_costs_a_comparison_too(file: Path, quick: list[str]) -> None:
    Door(file, Clock()).opens("nobody", "guess", "10.0.0.7")
    assert quick == ["guess"]


def test_each_failure_beyond_the_third_doubles_the_wait_of_the_name(file: Path, quick: list[str]) -> None:
    clock = Clock()
    door = Door(file, clock)
    waits = []
    for n in range(12):
        clock.now += door.wait_s("ann", "")
        door.opens("ann", "guess", f"10.0.0.{n}")
        waits.append(door.wait_s("ann", "10.0.1.1"))
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def _guessed(door: Door, clock: Clock, times: int) -> None:
    """Tries Ann's password from one address, each time as soon as it is allowed."""
    for _ in range(times):
        clock.now += door.wait_s("ann", "10.0.0.7")
        door.opens("ann", "guess", "10.0.0.7")


def test_a_try_within_the_wait_is_refused_unread_and_the_right_one_after_it_is_let_in(
    file: Path, quick: list[str]
) -> None:
    clock = Clock()
    door = Door(file, clock)
    for _ in range(4):
        door.opens("ann", "guess", "10.0.0.7")
    assert len(quick) == 3
    assert not door.opens("ann", PASSWORD, "10.0.0.7") and len(quick) == 3
    clock.now += 1.0
    assert door.opens("ann", PASSWORD, "10.0.0.7") and door.wait_s("ann", "10.0.0.7") == 0


def test_300_guesses_within_a_minute_are_read_at_most_ten_times(file: Path, quick: list[str]) -> None:
    clock = Clock()
    door = Door(file, clock)
    for _ in range(300):
        door.opens("ann", "guess", "10.0.0.7")
        clock.now += 0.2
    assert len(quick) <= 10


def test_guessing_through_many_names_makes_the_address_wait(
    tmp_path: Path, quick: list[str], line: str
) -> None:
    clock = Clock()
    door = Door(_crowd(tmp_path, line, 301), clock)
    for n in range(300):
        door.opens(f"student{n}", "guess", "10.0.0.7")
        clock.now += 0.2
    assert len(quick) <= 16
    assert door.wait_s("student300", "10.0.0.7") > 0 and door.wait_s("student300", "10.0.0.8") == 0


def test_names_that_nobody_has_make_an_address_wait_only_when_there_are_very_many_tries_of_them(
    file: Path, quick: list[str]
) -> None:
    clock = Clock()
    door = Door(file, clock)
    for n in range(59):
        door.opens(f"name{n}", "guess", "10.0.0.7")
    assert len(quick) == 59 and door.wait_s("ben", "10.0.0.7") == 0
    for n in range(300):
        door.opens(f"other{n}", "guess", "10.0.0.7")
        clock.now += 0.2
    assert len(quick) <= 68
    assert door.wait_s("ben", "10.0.0.7") > 0 and door.wait_s("ben", "10.0.0.8") == 0


def test_a_classmate_at_the_same_address_makes_a_known_name_wait_a_minute_at_most(
    file: Path, quick: list[str]
) -> None:
    clock = Clock()
    door = Door(file, clock)
    assert door.opens("ann", PASSWORD, "10.0.0.7")
    _guessed(door, clock, 30)
    assert 0 < door.wait_s("ann", "10.0.0.7") <= 60 and door.line("ann")
    clock.now += 60
    assert door.opens("ann", PASSWORD, "10.0.0.7")


def test_nobody_can_lock_a_student_out_of_the_device_that_they_use(file: Path, quick: list[str]) -> None:
    clock = Clock()
    door = Door(file, clock)
    assert door.opens("ann", PASSWORD, "10.0.0.1")
    _guessed(door, clock, 20)
    assert door.wait_s("ann", "10.0.0.7") > 0
    assert door.opens("ann", PASSWORD, "10.0.0.1")


def test_who_mistypes_a_password_makes_nobody_else_of_the_address_wait(file: Path, quick: list[str]) -> None:
    clock = Clock()
    door = Door(file, clock)
    _guessed(door, clock, 30)
    assert door.wait_s("ann", "10.0.0.7") > 0 and door.wait_s("ben", "10.0.0.7") == 0
    assert door.opens("ben", PASSWORD, "10.0.0.7")


def test_a_class_behind_one_address_may_mistype_and_comes_in(
    tmp_path: Path, quick: list[str], line: str
) -> None:
    door = Door(_crowd(tmp_path, line, 60), Clock())
    for n in range(30):
        name = f"student{n}"
        assert not door.opens(name, "guess", "10.0.0.7") and door.opens(name, PASSWORD, "10.0.0.7")
    # Somebody goes through other names: who is known at this address comes in all the same.
    for n in range(30, 60):
        door.opens(f"student{n}", "guess", "10.0.0.7")
    assert door.wait_s("anybody", "10.0.0.7") > 0 and door.opens("student3", PASSWORD, "10.0.0.7")


def test_a_name_known_at_an_address_is_guessed_no_faster_there(file: Path, quick: list[str]) -> None:
    clock = Clock()
    door = Door(file, clock)
    assert door.opens("ann", PASSWORD, "10.0.0.7")
    for _ in range(300):
        door.opens("ann", "guess", "10.0.0.7")
        clock.now += 0.2
    assert len(quick) <= 11


def test_a_right_password_takes_back_the_failures_of_its_own_name_alone(
    tmp_path: Path, quick: list[str], line: str
) -> None:
    clock = Clock()
    door = Door(_crowd(tmp_path, line, 301), clock)
    for n in range(300):
        door.opens("student300", PASSWORD, "10.0.0.7")
        door.opens(f"student{n}", "guess", "10.0.0.7")
        clock.now += 0.2
    assert quick.count("guess") <= 16


def test_what_is_kept_of_failures_stays_bounded_and_is_forgotten(
    file: Path, quick: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tutor.logins, "_MOST_KEPT", 50)
    clock = Clock()
    door = Door(file, clock)
    for n in range(200):
        door.opens(f"name{n}", "guess", f"address{n}")
    assert len(door._misses) <= 51
    clock.now += 1000
    door.opens("ann", "guess", "10.0.0.7")
    assert len(door._misses) == 2


def test_a_name_that_is_added_can_log_in_at_once_and_one_that_is_removed_cannot(
    file: Path, quick: list[str]
) -> None:
    door = Door(file, Clock())
    assert not door.opens("cem", PASSWORD, "10.0.0.7")
    add_login(file, "cem", PASSWORD)
    assert door.opens("cem", PASSWORD, "10.0.0.7")
    remove_login(file, "cem")
    assert not door.opens("cem", PASSWORD, "10.0.0.7")


def test_a_slip_in_the_file_throws_nobody_out_and_is_logged_once(
    file: Path, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    door = Door(file, Clock())
    assert door.line("ann") == line and door.line("eve") == ""
    good = file.read_text()
    file.write_text(f"{good}cem:plain secret\n")
    assert [door.line("ann"), door.line("ben"), door.line("cem")] == [line, line, ""]
    assert len(caplog.records) == 1 and "Line 5" in caplog.text and "plain secret" not in caplog.text
    file.unlink()
    assert door.line("ann") == door.line("ann") == line and len(caplog.records) == 2
    file.write_text(f"ben:{line}\n")
    file.chmod(0o600)
    assert [door.line("ann"), door.line("ben")] == ["", line]
    remove_login(file, "ben")  # the last one
    assert door.line("ben") == "" and len(caplog.records) == 2
    file.unlink()
    assert door.line("ben") == "" and len(caplog.records) == 3


# The command


def _run(monkeypatch: pytest.MonkeyPatch, typed: str, *words: Any) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return main(["users", *map(str, words)])


def test_the_command_adds_lists_and_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "logins"
    assert _run(monkeypatch, f"{PASSWORD}\n", "add", "Ann", "--file", file) == 0
    assert fits(PASSWORD, read_logins(file)["ann"])
    assert _run(monkeypatch, "", "list", "--file", file, "--json") == 0
    out = capsys.readouterr().out
    assert out == 'ann can log in.\n["ann"]\n'
    assert _run(monkeypatch, "", "remove", "ann", "--file", file) == 0
    assert _run(monkeypatch, "", "list", "--file", file) == 1
    assert "holds no logins" in capsys.readouterr().err


def test_the_command_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "", "list") == 2 and "--file" in capsys.readouterr().err
    assert _run(monkeypatch, "", "add", "--file", tmp_path / "x") == 2
    assert _run(monkeypatch, "short\n", "add", "ann", "--file", tmp_path / "x") == 1
    assert "short" not in capsys.readouterr().err.replace("too short", "")


def test_at_a_terminal_the_password_is_typed_twice_and_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    typed = iter([PASSWORD, "another horse", PASSWORD, PASSWORD])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    words = ["users", "add", "ann", "--file", str(tmp_path / "logins")]
    assert main(words) == 1 and "differ" in capsys.readouterr().err
    assert main(words) == 0 and "ann" in read_logins(tmp_path / "logins")
