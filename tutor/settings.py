"""Paths, model names and budgets, read once: defaults, then tutor.toml, then TUTOR_* variables, then options.

Nothing here touches the disk but reading tutor.toml; folders are made by the parts that write into them.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from tutor.errors import SettingsError

PROJECT_ROOT = Path(__file__).resolve().parent.parent

CLOSED_ENVIRONMENT = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TQDM_DISABLE": "1",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGGRAPH_STRICT_MSGPACK": "true",
    "ANONYMIZED_TELEMETRY": "False",
    "TOKENIZERS_PARALLELISM": "false",
    # Not about other hosts: gradio keeps the last 10,000 events and after each counts all of them with pandas.
    "GRADIO_ANALYTICS_MAX_EVENTS": "1",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
    # Neither: a thread that spins while it waits makes a shared machine up to twenty times slower.
    "OMP_WAIT_POLICY": "PASSIVE",
}
# Whatever the stack would read besides: a share, paths to serve, a tracing key, a class to load.
UNWANTED_ENVIRONMENT = ("GRADIO_", "LANGSMITH_", "LANGCHAIN_", "CHROMA_")
# A passage longer than the embedding model's window would be cut off silently; its two special tokens count.
_BOUNDS = {
    "port": (0, 65535),
    "seed": (0, 2**31 - 1),
    "passage_tokens": (16, 254),
    "answer_tokens": (1, 100_000),
    "demo_budget_s": (0.1, 3600),
}


@dataclass(frozen=True)
class Settings:
    """Everything a run may vary.

    Attributes:
        notes: the notes folders; the bundled corpus unless others are named.
        library: the name of one of the student's own libraries, used in place of `notes`; empty for none.
        index_dir: where passages.db, current.json and the Chroma generations lie.
        data_dir: the student's record.
        cache_dir: converted model weights; can be deleted at any time.
        model: the chat model's name (design section 5); `auto` takes the best that is there.
        endpoint: `openai:MODEL@URL`, used by `auto` when set.
        local_model: `hf:ORG/NAME`, a folder or `gguf:FILE`, used by `auto` when set.
        passage_tokens: upper bound of a passage, heading included, in the embedding model's tokens.
        answer_tokens: upper bound of one model draft, in the chat model's tokens.
        demo_budget_s: seconds of training that a demo may take, instead of its preset's.
        share: whether the page is opened to the internet through a tunnel.
        auth: who may log in to the page of a class.
        api, mcp: whether programs on this machine may call the page's endpoints, also as tools of an MCP server.
        seed: fixes every random choice; without one the quiz draws anew each time and demos start from 0.
    """

    notes: tuple[Path, ...]
    index_dir: Path
    data_dir: Path
    cache_dir: Path
    library: str = ""
    model: str = "auto"
    endpoint: str = ""
    local_model: str = ""
    host: str = "127.0.0.1"
    port: int = 7860
    share: bool = False
    auth: Path | None = None
    api: bool = False
    mcp: bool = False
    seed: int | None = None
    passage_tokens: int = 220
    answer_tokens: int = 200
    demo_budget_s: float | None = None
    root: Path = PROJECT_ROOT

    @property
    def record_path(self) -> Path:
        """The SQLite file of the student's record."""
        return self.data_dir / "record.db"


def close_environment(environ: dict[str, str] | None = None) -> None:
    """Turns off every way in which the stack could reach other hosts; called before the stack is imported.

    Args:
        environ: the mapping to change; the process environment when None. Inherited values are overwritten,
            because a stray LANGSMITH_TRACING=true would send the student's words away.
    """
    target: Any = os.environ if environ is None else environ
    for name in [name for name in target if name.upper().startswith(UNWANTED_ENVIRONMENT)]:
        del target[name]
    target.update(CLOSED_ENVIRONMENT)


def read_settings(
    options: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """Settings from defaults, then tutor.toml, then TUTOR_* variables, then options; later ones win.

    Args:
        options: values from the command line; None values are not given.
        environ: the environment; the process environment when None.
        file: the tutor.toml to read; else $TUTOR_CONFIG, ./tutor.toml or the user's configuration folder.

    Raises:
        SettingsError: a file that is no TOML, an unknown name, a value of the wrong type.
    """
    environ = os.environ if environ is None else environ
    given: dict[str, tuple[Any, str]] = {}
    path = _settings_file(environ, file)
    if path is not None:
        given.update({name: (value, f" in {path}") for name, value in _read_toml(path).items()})
    names = {entry.name for entry in fields(Settings)} - {"root"}
    for name in names:
        variable = f"TUTOR_{name.upper()}"
        if environ.get(variable):
            given[name] = (environ[variable], f" in the variable {variable}")
    for name, value in (options or {}).items():
        if value is not None:
            given[name] = (value, f" in the option --{name.replace('_', '-')}")
    for name in sorted(set(given) - names):
        raise SettingsError(
            f"Unknown setting {name!r}{given[name][1]}", f"The settings are {', '.join(sorted(names))}."
        )
    return _build(given)


def _settings_file(environ: Mapping[str, str], file: Path | None) -> Path | None:
    if file is not None:
        return file
    if environ.get("TUTOR_CONFIG"):
        return Path(environ["TUTOR_CONFIG"])
    import platformdirs

    for path in (Path("tutor.toml"), Path(platformdirs.user_config_dir("tutor")) / "tutor.toml"):
        if path.is_file():
            return path
    return None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read ({error.strerror})", "Check the path and its permissions."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} is not valid TOML ({error})", "Mend the line or delete the file."
        ) from error
    folder = path.resolve().parent
    for name in ("notes", "index_dir", "data_dir", "cache_dir", "auth"):
        if name in values:
            entries = values[name] if isinstance(values[name], list) else [values[name]]
            if not all(isinstance(entry, str) for entry in entries):
                raise SettingsError(
                    f"{name} in {path} must be a path in quotes", 'Write it as "folder/name".'
                )
            paths = [folder / Path(entry).expanduser() for entry in entries]
            values[name] = paths if name == "notes" else paths[0]
    return values


def _build(given: dict[str, tuple[Any, str]]) -> Settings:
    import platformdirs

    own_notes, source = given.pop("notes", (None, ""))
    if isinstance(own_notes, str):
        own_notes = [folder for folder in own_notes.split(os.pathsep) if folder]
    notes = tuple(_path("notes", folder, source) for folder in own_notes or [PROJECT_ROOT / "corpus"])
    settings = Settings(
        notes=notes,
        index_dir=_default_index_dir(notes) if own_notes else PROJECT_ROOT / "index",
        data_dir=Path(platformdirs.user_data_dir("tutor")),
        cache_dir=Path(platformdirs.user_cache_dir("tutor")),
    )
    return replace(settings, **{name: _converted(name, *value) for name, value in given.items()})


def _default_index_dir(notes: tuple[Path, ...]) -> Path:
    """Own notes get an index of their own, so that going back to the bundled notes rebuilds nothing."""
    key = "\n".join(str(folder.resolve()) for folder in notes)
    return PROJECT_ROOT / "index" / f"own-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _converted(name: str, value: Any, source: str) -> Any:
    """The value in the type of its field; text comes from the environment."""
    kind = {entry.name: str(entry.type) for entry in fields(Settings)}[name]
    if "Path" in kind:
        return _path(name, value, source)
    if kind == "bool":
        chosen = {"true": True, "false": False}.get(str(value).lower())
        if chosen is None:
            raise _bad(name, value, source, "Give true or false.")
        return chosen
    if name in _BOUNDS:
        return _number(name, value, source, whole="int" in kind)
    if not isinstance(value, str):
        raise _bad(name, value, source, "Give text in quotes.")
    return value


def _path(name: str, value: Any, source: str) -> Path:
    try:
        return Path(value).expanduser()
    except (TypeError, RuntimeError) as error:
        raise _bad(name, value, source, "Give a path.") from error


def _number(name: str, value: Any, source: str, whole: bool) -> int | float:
    low, high = _BOUNDS[name]
    remedy = f"Give a {'whole ' if whole else ''}number from {low:g} to {high:d}."
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise _bad(name, value, source, remedy) from error
    # Written this way round, the comparison refuses NaN too.
    if isinstance(value, bool) or not low <= number <= high or (whole and number != int(number)):
        raise _bad(name, value, source, remedy)
    return int(number) if whole else number


def _bad(name: str, value: Any, source: str, remedy: str) -> SettingsError:
    return SettingsError(f"Setting {name}{source} is {value!r}", remedy)
