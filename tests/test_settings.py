"""Settings: which source wins, and what a bad value is answered with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tutor.errors import SettingsError
from tutor.settings import (
    CLOSED_ENVIRONMENT,
    PROJECT_ROOT,
    Settings,
    close_environment,
    read_settings,
)


def config(folder: Path, text: str) -> Path:
    """A tutor.toml."""
    file = folder / "tutor.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_sources_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = read_settings(environ={})
    assert settings.notes == (PROJECT_ROOT / "corpus",)
    assert settings.index_dir == PROJECT_ROOT / "index"
    assert (settings.model, settings.host, settings.port, settings.share) == (
        "auto",
        "127.0.0.1",
        7860,
        False,
    )
    assert settings.record_path == settings.data_dir / "record.db"
    assert list(tmp_path.iterdir()) == []


def test_the_file_wins_over_defaults_the_environment_over_the_file_and_options_over_all(
    tmp_path: Path,
) -> None:
    file = config(tmp_path, 'model = "from-file"\nport = 1001\nseed = 1\nshare = true\n')
    environ = {"TUTOR_MODEL": "from-variable", "TUTOR_PORT": "1002", "TUTOR_SEED": ""}
    settings = read_settings({"model": "from-option", "host": None}, environ, file)
    assert settings.model == "from-option"
    assert settings.port == 1002
    assert settings.seed == 1
    assert settings.share is True
    assert settings.host == "127.0.0.1"


def test_the_file_is_found_by_variable_then_here_then_in_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "xdg-config" / "tutor"
    own.mkdir(parents=True)
    config(own, "port = 1")
    assert read_settings(environ={}).port == 1
    config(tmp_path, "port = 2")
    assert read_settings(environ={}).port == 2
    named = tmp_path / "named.toml"
    named.write_text("port = 3")
    assert read_settings(environ={"TUTOR_CONFIG": str(named)}).port == 3


def test_paths_in_the_file_are_relative_to_it(tmp_path: Path) -> None:
    file = config(tmp_path, 'notes = ["mine", "/abs"]\nindex_dir = "idx"\ndata_dir = "~/record"\n')
    settings = read_settings(environ={}, file=file)
    assert settings.notes == (tmp_path / "mine", Path("/abs"))
    assert settings.index_dir == tmp_path / "idx"
    assert settings.data_dir == Path.home() / "record"


def test_own_notes_get_an_index_of_their_own(tmp_path: Path) -> None:
    one = read_settings({"notes": [tmp_path / "one"]}, {})
    two = read_settings(environ={"TUTOR_NOTES": f"{tmp_path / 'one'}{os.pathsep}{tmp_path / 'two'}"})
    assert two.notes == (tmp_path / "one", tmp_path / "two")
    assert len({one.index_dir, two.index_dir, PROJECT_ROOT / "index"}) == 3
    assert one.index_dir == read_settings({"notes": [tmp_path / "one"]}, {}).index_dir
    assert read_settings({"notes": [tmp_path], "index_dir": tmp_path / "i"}, {}).index_dir == tmp_path / "i"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = ", "is not valid TOML"),
        ("prot = 7860", "Unknown setting 'prot'"),
        ('port = "many"', "from 0 to 65535"),
        ("port = 70000", "from 0 to 65535"),
        ("port = 80.5", "whole number"),
        ("port = true", "whole number"),
        ("seed = -1", "from 0 to 2147483647"),
        ("passage_tokens = 0", "from 16 to 254"),
        ("passage_tokens = 400", "from 16 to 254"),
        ("answer_tokens = 0", "Give a whole number"),
        ("demo_budget_s = nan", "Give a number"),
        ('share = "yes"', "true or false"),
        ("model = 3", "text in quotes"),
        ("notes = 3", "path in quotes"),
        ('notes = ["a", 3]', "path in quotes"),
        ("[model]\nname = 1", "text in quotes"),
    ],
)
def test_a_bad_file_is_one_line_with_the_file_and_the_remedy(text: str, says: str, tmp_path: Path) -> None:
    file = config(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read_settings(environ={}, file=file)
    assert str(file) in str(caught.value)
    assert says in str(caught.value)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.toml cannot be read"):
        read_settings(environ={"TUTOR_CONFIG": str(tmp_path / "gone.toml")})
    file = tmp_path / "tutor.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"tutor\.toml is not valid TOML"):
        read_settings(environ={}, file=file)


@pytest.mark.parametrize(
    ("options", "environ", "source"),
    [
        ({}, {"TUTOR_PORT": "eighty"}, "variable TUTOR_PORT"),
        ({"port": 65536}, {}, "option --port"),
        ({"seed": -5}, {}, "option --seed"),
        ({}, {"TUTOR_INDEX_DIR": "~no-such-user-here/x"}, "variable TUTOR_INDEX_DIR"),
        ({"nonsense": 1}, {}, "option --nonsense"),
    ],
)
def test_a_bad_value_names_where_it_came_from(
    options: dict[str, Any], environ: dict[str, str], source: str
) -> None:
    with pytest.raises(SettingsError, match=source):
        read_settings(options, environ)


def test_the_environment_is_closed_whatever_was_inherited() -> None:
    environ = {
        "LANGSMITH_TRACING": "true",
        "HF_HUB_OFFLINE": "0",
        "GRADIO_ANALYTICS_ENABLED": "True",
        "PATH": "/bin",
    }
    stray = (
        "GRADIO_SHARE GRADIO_ALLOWED_PATHS GRADIO_MCP_SERVER GRADIO_DEBUG GRADIO_VIBE_MODE GRADIO_SSR_MODE"
    )
    stray += " GRADIO_ROOT_PATH GRADIO_SHARE_SERVER_ADDRESS LANGSMITH_API_KEY LANGCHAIN_ENDPOINT"
    environ |= dict.fromkeys([*stray.split(), "CHROMA_PRODUCT_TELEMETRY_IMPL"], "stray")
    close_environment(environ)
    assert environ == CLOSED_ENVIRONMENT | {"PATH": "/bin"}


def test_settings_do_not_change() -> None:
    with pytest.raises(AttributeError):
        read_settings(environ={}).port = 1  # type: ignore[misc]
    assert isinstance(read_settings(environ={}), Settings)
