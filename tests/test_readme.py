"""The README is true: its tree is the disk, its commands are the program's, its numbers have a source."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tutor.cli import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands_in_readme() -> set[str]:
    """The commands of the table, `tutor` itself left out."""
    return set(re.findall(r"`tutor ([a-z]+)", README.split("## Commands")[1].split("## Measured")[0]))


def commands_of_program(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Command -> its line of help, as `tutor --help` prints them."""
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out.split("commands:")[1]
    return dict(re.findall(r"^    ([a-z]+)\s+(\S.*)$", text, re.MULTILINE))


def test_the_tree_in_the_readme_is_the_tree_on_disk() -> None:
    block = README.split("# For engineers")[1].split("The way of the data")[0]
    named = set(re.findall(r"^    ([a-z]+)/ ", block, re.MULTILINE))
    named |= set(re.findall(r"(?:^    |  )([\w.]+(?:/run)?)(?=  |\n)", block, re.MULTILINE)) - {""}
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    present = {name.split("/")[0] for name in tracked} or {path.name for path in ROOT.iterdir()}
    files = {name for name in named if "." in name or name in ("Makefile", "LICENSE")} - {"README.md says"}
    assert {"tutor", "corpus", "index", "demos", "tests"} <= named
    for name in named:
        assert (ROOT / name).exists(), name
    unnamed = {name for name in present if name not in named and name not in (".ci", ".gitignore")}
    assert not unnamed
    assert {"pyproject.toml", "Makefile", "constraints.txt", "LICENSE", "CHANGELOG.md"} <= files


def test_the_commands_of_the_readme_are_those_of_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands_in_readme() == set(commands_of_program(capsys))


def test_each_command_has_help_that_says_what_the_list_says(capsys: pytest.CaptureFixture[str]) -> None:
    for name, line in commands_of_program(capsys).items():
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert line.strip() in " ".join(capsys.readouterr().out.split())


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`?\bmake ([a-z]+)\b", README)) <= targets
    assert {"chat", "test", "check", "clean"} <= targets


def test_every_library_of_the_project_is_constrained_and_explained() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    constraints = (ROOT / "constraints.txt").read_text().split()
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {_plain(name) for name in wanted} <= {_plain(line) for line in constraints}


def _plain(name: str) -> str:
    """The name of a package as the index compares it, without a bound on its version."""
    return re.split("[<>=]", name.lower().replace("_", "-"))[0]


def test_the_settings_of_the_readme_are_read(tmp_path: Path) -> None:
    from tutor.settings import read_settings

    block = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert block is not None
    file = tmp_path / "tutor.toml"
    file.write_text(block.group(1), encoding="utf-8")
    settings = read_settings(environ={}, file=file)
    assert settings.model == "auto"
    assert settings.endpoint.startswith("openai:")


def test_pictures_of_the_readme_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_nothing_in_the_readme_is_left_to_be_filled_in() -> None:
    assert not re.search(r"PLACEHOLDER|TBD|TODO", README, re.IGNORECASE)
