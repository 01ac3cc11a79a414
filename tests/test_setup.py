"""Set-up: what is not done twice, and what is said when a step fails. No package is really installed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tutor import setup


class Pip:
    """Stands for the running pip: its output, then its exit status."""

    def __init__(self, lines: list[str], status: int) -> None:
        self.stdout: Iterator[str] = iter(lines)
        self.returncode = status

    def __enter__(self) -> Pip:
        return self

    def __exit__(self, *_: object) -> None:
        return


class World:
    """What set-up sees of the machine, and the commands it gave."""

    def __init__(self) -> None:
        self.installs: list[list[str]] = []
        self.runs: list[list[str]] = []
        self.made = 0
        self.pip = (["Collecting torch\n", "Installing collected packages: torch\n"], 0)
        self.model_ready = True
        self.model_status = 0

    def popen(self, command: list[str], **_: Any) -> Pip:
        self.installs.append(command)
        return Pip(*self.pip)

    def run(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.runs.append(command)
        asks = "-c" in command
        return subprocess.CompletedProcess(command, int(not self.model_ready) if asks else self.model_status)

    def create(self, folder: Path, **_: Any) -> None:
        self.made += 1
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        for name in ("python", "pip"):
            (folder / "bin" / name).touch()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A checkout in tmp_path, with pip, venv and the command `tutor` played."""
    world = World()
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "constraints.txt").write_text("torch==1\nnumpy==2\n")
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup.subprocess, "Popen", world.popen)
    monkeypatch.setattr(setup.subprocess, "run", world.run)
    monkeypatch.setattr(setup.venv, "create", world.create)
    return world


def test_a_second_set_up_does_nothing_again(world: World, tmp_path: Path) -> None:
    assert setup.main([]) == 0
    assert (world.made, len(world.installs)) == (1, 1)
    [command] = world.installs
    assert command[:4] == [str(tmp_path / ".venv" / "bin" / "python"), "-m", "pip", "install"]
    assert command[command.index("-c") + 1] == str(tmp_path / "constraints.txt")
    assert command[-2:] == ["-e", str(tmp_path)]
    assert setup.main([]) == 0
    assert (world.made, len(world.installs)) == (1, 1)


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_changed_requirements_are_installed(name: str, world: World, tmp_path: Path) -> None:
    setup.main([])
    (tmp_path / name).write_text("changed\n")
    assert setup.main([]) == 0
    assert (world.made, len(world.installs)) == (1, 2)


def test_the_tools_of_development_are_a_set_up_of_their_own(world: World, tmp_path: Path) -> None:
    setup.main([])
    setup.main(["--dev"])
    setup.main(["--dev"])
    assert [command[-1] for command in world.installs] == [str(tmp_path), f"{tmp_path}[dev]"]


def test_an_environment_whose_python_is_gone_is_made_anew(world: World, tmp_path: Path) -> None:
    setup.main([])
    (tmp_path / ".venv" / "bin" / "python").unlink()
    assert setup.main([]) == 0
    assert (world.made, len(world.installs)) == (2, 2)


def test_a_failing_pip_is_told_with_reason_and_remedy_and_tried_again(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.pip = (["Collecting torch\n", "ERROR: No matching distribution found for torch\n"], 1)
    assert setup.main([]) == 1
    told = capsys.readouterr().err
    assert "No matching distribution found for torch" in told
    assert "Check the network and run it again" in told
    assert "Collecting torch" in (tmp_path / ".venv" / "pip.log").read_text()
    assert world.runs == []
    world.pip = ([], 0)
    assert setup.main([]) == 0
    assert len(world.installs) == 2


def test_a_missing_venv_module_is_told_with_the_remedy(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def create(*_: Any, **__: Any) -> None:
        raise subprocess.CalledProcessError(1, "ensurepip")

    monkeypatch.setattr(setup.venv, "create", create)
    assert setup.main([]) == 1
    assert "python3-venv" in capsys.readouterr().err
    assert world.installs == []


def test_without_a_model_set_up_goes_on_and_says_so(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.model_ready, world.model_status = False, 1
    assert setup.main([]) == 0
    assert world.runs[-1][1:] == ["models", "get", "embedded"]
    assert "going on without a chat model" in capsys.readouterr().err


def test_a_model_that_is_there_is_not_fetched(world: World) -> None:
    assert setup.main([]) == 0
    assert not any("models" in command for command in world.runs)


def test_ctrl_c_ends_set_up_with_a_line(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def popen(*_: Any, **__: Any) -> Pip:
        raise KeyboardInterrupt

    monkeypatch.setattr(setup.subprocess, "Popen", popen)
    assert setup.main([]) == 130
    assert "Run it again to go on" in capsys.readouterr().err


def test_an_old_python_is_told_before_anything_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup.sys, "version_info", (3, 10, 1))
    assert setup.main([]) == 1
    assert "Python 3.11" in capsys.readouterr().err
    assert world.made == 0
