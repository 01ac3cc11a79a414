"""Checks of this installation; each line is ok or names the remedy."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tutor.embedding import Embedding
from tutor.errors import EmbeddingError, TutorError
from tutor.index import open_index
from tutor.models import open_model, require_answer
from tutor.models.probe import capabilities
from tutor.settings import CLOSED_ENVIRONMENT, Settings

_PACKAGES = ("torch", "transformers", "sentence_transformers", "chromadb", "langchain", "langgraph", "gradio")
_LEAST_FREE_MB = 2000


@dataclass(frozen=True)
class Check:
    """One thing looked at: `detail` says what was found, `remedy` what to do when it is not ok."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""

    def to_contract(self) -> dict[str, Any]:
        """The JSON value in the list that `tutor doctor --json` promises."""
        return asdict(self)


def checks(settings: Settings) -> Iterator[Check]:
    """All checks, in the order in which a student would meet the problems."""
    yield _python()
    yield _packages()
    yield _guarded("embedding weights", lambda: f"{Embedding().name}, {Embedding().fingerprint[:12]}")
    yield _guarded("notes and index", lambda: _index(settings))
    yield _model(settings)
    yield _abilities(settings)
    yield _disk(settings)
    yield _folder("record folder", settings.data_dir)
    yield _gpu()
    yield _offline()


def _python() -> Check:
    ok = sys.version_info >= (3, 11)
    return Check("python", ok, sys.version.split()[0], "" if ok else "Install Python 3.11 or newer.")


def _packages() -> Check:
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        return Check("packages", False, f"missing: {', '.join(missing)}", "Run `make chat` again.")
    return Check("packages", True, f"{len(_PACKAGES)} main packages installed")


def _guarded(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except TutorError as error:
        return Check(name, False, error.what, error.remedy)


def _index(settings: Settings) -> str:
    index = open_index(settings.index_dir, _weights())
    try:
        return f"{len(index.notes)} notes, {len(index.passages)} passages, generation {index.generation}"
    finally:
        index.close()


def _weights() -> Embedding | None:
    """The embedding model; None where its weights cannot be read, which has a line of its own."""
    embedding = Embedding()
    try:
        return embedding if embedding.fingerprint else None
    except EmbeddingError:
        return None


def _model(settings: Settings) -> Check:
    try:
        chosen = open_model(settings.model, settings)
    except TutorError as error:
        return Check("chat model", False, error.what, error.remedy)
    return Check("chat model", True, f"{chosen.name}: {chosen.reason}")


def _abilities(settings: Settings) -> Check:
    """What the chat model can do; a model that was not asked yet is asked now, which takes it some seconds."""
    name = "model's abilities"
    try:
        chosen = open_model(settings.model, settings)
    except TutorError:  # the line before says so
        return Check(name, True, "not asked: the chat model does not open")
    if chosen.chat is None:
        return Check(name, True, "not asked: there is no chat model")
    try:
        if chosen.name.startswith("openai:"):
            require_answer(chosen.name)
    except TutorError as error:
        return Check(name, False, f"not asked: {error.what}", error.remedy)
    found = capabilities(chosen.name, chosen.chat, settings.cache_dir)
    if found.timed_out:
        told = f"not known: {found.failure}; it is asked again next time, best on a less busy machine"
        return Check(name, True, told)
    remedy = "Choose another model, or run `tutor doctor` again later." if found.failure else ""
    return Check(name, not found.failure, found.in_words(), remedy)


def _disk(settings: Settings) -> Check:
    folder = next(path for path in (settings.index_dir, *settings.index_dir.parents) if path.exists())
    free_mb = shutil.disk_usage(folder).free // 2**20
    ok = free_mb >= _LEAST_FREE_MB
    return Check(
        "disk", ok, f"{free_mb} MB free", "" if ok else f"Free {_LEAST_FREE_MB - free_mb} MB on this disk."
    )


def _folder(name: str, folder: Path) -> Check:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    ok = os.access(existing, os.W_OK)
    return Check(name, ok, str(folder), "" if ok else "Choose a folder you may write with --data-dir.")


def _gpu() -> Check:
    import torch

    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    found = (
        f"{device.type}, {torch.accelerator.device_count()} device(s)"
        if device
        else "none; the demos run on the CPU"
    )
    return Check("accelerator", True, found)


def _offline() -> Check:
    changed = [name for name, value in CLOSED_ENVIRONMENT.items() if os.environ.get(name) != value]
    if changed:
        return Check(
            "offline", False, f"not closed: {', '.join(changed)}", "Start through the command `tutor`."
        )
    return Check("offline", True, "telemetry and hub look-ups are switched off")
