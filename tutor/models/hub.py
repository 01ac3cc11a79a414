"""Models on this machine and models worth getting: the local hub cache, recommendations, downloads."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.errors import ModelError
from tutor.models.embedded import (
    EMBEDDED,
    GET_COMMAND,
    STOCK,
    embedded_is_ready,
    embedded_path,
    folder_mb,
    get_embedded,
    require_space,
    run_watched,
)
from tutor.models.speech import speech_folder
from tutor.models.weights import missing_file

if TYPE_CHECKING:
    from tutor.settings import Settings

REACH_S = 2.0
# Share of this machine's memory that a model may take; the page and a browser need the rest.
MEMORY_SHARE = 0.6
RUNTIME_MB = 900
PATTERNS = ("*.safetensors", "*.json", "*.txt", "*.jinja", "*.model")


@dataclass(frozen=True)
class PublishedModel:
    """A model with its published grounding figure.

    Attributes:
        repo: ORG/NAME on the hub.
        size_mb: size of the download in 10^6 bytes.
        hallucinated_percent: published share of summaries with statements that their text does not support.
        recommended: whether it is worth getting.
    """

    repo: str
    size_mb: int
    hallucinated_percent: float
    recommended: bool = True
    remark: str = ""


PUBLISHED = (
    PublishedModel("Qwen/Qwen3-0.6B", 1520, 3.7),
    PublishedModel("Qwen/Qwen3-1.7B", 4080, 4.4),
    PublishedModel("Qwen/Qwen3-4B", 8060, 2.7),
    PublishedModel("google/gemma-3-1b-it", 2040, 5.3, remark="its licence must be accepted on the hub first"),
    PublishedModel("Qwen/Qwen2.5-1.5B-Instruct", 3090, 15.8, recommended=False),
    PublishedModel("meta-llama/Llama-3.2-1B-Instruct", 2480, 20.7, recommended=False),
)
_IMPORT = "import sys; from huggingface_hub import snapshot_download as get; "
_TOTAL = _IMPORT + (
    "files = get(sys.argv[1], allow_patterns=sys.argv[2:], dry_run=True); "
    "print(sum(file.file_size for file in files if file.will_download))"
)
_DOWNLOAD = _IMPORT + "get(sys.argv[1], allow_patterns=sys.argv[2:])"


def cached_folder(repo: str) -> Path:
    """The folder of a hub model in the local cache; the network is never asked.

    Args:
        repo: ORG/NAME.

    Raises:
        ModelError: the model is not in the cache, or not whole.
    """
    from huggingface_hub import snapshot_download

    remedy = f"Run `tutor models get hf:{repo}` where the model hub can be reached, or name a folder."
    try:
        folder = Path(snapshot_download(repo, local_files_only=True))
    except (OSError, ValueError) as error:
        raise ModelError(f"The model hf:{repo} is not on this machine", remedy) from error
    missing = missing_file(folder)
    if missing:
        raise ModelError(f"The model hf:{repo} is not whole on this machine: {missing} is missing", remedy)
    return folder


def get_model(name: str, settings: Settings, on_progress: Callable[[str, float], None]) -> Path:
    """Fetches a model, so that it works offline from then on; a model that is there is not fetched again.

    This is the only place where the tutor asks the model hub, in a process of its own; no pickled weights and
    no code are fetched.

    Args:
        name: `embedded`, `embedded-stock` (the same files) or `hf:ORG/NAME`.
        on_progress: called with what is being done and the fraction done, from 0 to 1.

    Returns:
        The model's folder.

    Raises:
        ModelError: another name, no network, too little space.
    """
    if name in (EMBEDDED, STOCK):
        return get_embedded(settings.cache_dir, on_progress)
    repo = name.removeprefix("hf:")
    if not name.startswith("hf:") or not re.fullmatch(r"[\w.-]+/[\w.-]+", repo):
        remedy = "Fetch `embedded` or hf:ORG/NAME; `tutor models` lists some."
        raise ModelError(f"{name!r} is not a model that can be fetched", remedy)
    from huggingface_hub.constants import HF_HUB_CACHE

    cache = Path(HF_HUB_CACHE)
    folder = cache / f"models--{repo.replace('/', '--')}"
    total_mb = int(_ask_hub(_TOTAL, name, lambda: on_progress(f"asking the model hub for {name}", 0.0))) / 1e6
    cache.mkdir(parents=True, exist_ok=True)
    require_space(cache, total_mb, name)
    before_mb = folder_mb(folder)

    def on_tick() -> None:
        done = (folder_mb(folder) - before_mb) / total_mb if total_mb else 1.0
        on_progress(f"fetching {name} ({total_mb:.0f} MB)", min(max(done, 0.0), 1.0))

    _ask_hub(_DOWNLOAD, name, on_tick)
    on_progress(f"{name} is ready", 1.0)
    return cached_folder(repo)


def installed_models(settings: Settings) -> list[dict[str, Any]]:
    """What is on this machine, what is recommended, and whether it fits; the network is not asked.

    A configured endpoint is asked whether it answers, for at most two seconds.

    Returns:
        Rows `{name, kind, installed, size_mb, fits, note}`; sizes in 10^6 bytes on the disk.
    """
    rows = [
        _row("notes-only", "notes-only", True, 0, "no model: answers are made of the notes' own sentences"),
        *_embedded_rows(settings.cache_dir),
    ]
    if settings.endpoint:
        rows.append(_endpoint_row(settings.endpoint))
    if settings.local_model and not settings.local_model.startswith("hf:"):
        path = Path(settings.local_model.removeprefix("gguf:")).expanduser()
        size_mb = round(folder_mb(path))
        rows.append(_row(settings.local_model, "local", path.exists(), size_mb, "set as local_model"))
    published = {model.repo: model for model in PUBLISHED}
    cached = dict(_cached_models())
    rows += [
        _row(f"hf:{repo}", "hf", True, size_mb, _published_note(published[repo]) if repo in published else "")
        for repo, size_mb in cached.items()
    ]
    return rows + [
        _row(f"hf:{model.repo}", "hf", False, model.size_mb, _published_note(model))
        for model in PUBLISHED
        if model.recommended and model.repo not in cached
    ]


def _row(name: str, kind: str, installed: bool, size_mb: int, note: str) -> dict[str, Any]:
    import psutil  # type: ignore[import-untyped]

    memory_mb = psutil.virtual_memory().total / 1e6
    fits = size_mb == 0 or 1.1 * size_mb + RUNTIME_MB <= MEMORY_SHARE * memory_mb
    row = {"name": name, "kind": kind, "installed": installed, "size_mb": size_mb}
    return row | {"fits": fits, "note": note}


def _embedded_rows(cache_dir: Path) -> list[dict[str, Any]]:
    """The embedded model; where corrections are bundled, also the model without them."""
    ready = embedded_is_ready(cache_dir)
    size_mb = round(folder_mb(embedded_path(cache_dir))) if ready else 270
    told = {EMBEDDED: "SmolLM2-135M-Instruct, small and quick; its drafts are checked against the notes"}
    if speech_folder() is not None:
        fitted = (
            "SmolLM2-135M-Instruct, fitted to answer from notes; its drafts are checked against the notes"
        )
        told = {EMBEDDED: fitted, STOCK: "the same model as it was published"}
    missing = "" if ready else f"; get it by `{GET_COMMAND}`"
    return [_row(name, EMBEDDED, ready, size_mb, note + missing) for name, note in told.items()]


def _endpoint_row(endpoint: str) -> dict[str, Any]:
    from tutor.models.remote import endpoint_is_reachable, split_spec

    try:
        url = split_spec(endpoint)[1]
    except ModelError as error:
        return _row(endpoint, "endpoint", False, 0, str(error))
    reachable = endpoint_is_reachable(url, REACH_S)
    return _row(endpoint, "endpoint", reachable, 0, "answers" if reachable else f"no answer from {url}")


def _published_note(model: PublishedModel) -> str:
    figure = f"{model.hallucinated_percent} % hallucinated summaries (published)"
    parts = [figure if model.recommended else f"not recommended: {figure}", model.remark]
    return "; ".join(part for part in parts if part)


def _cached_models() -> Iterator[tuple[str, int]]:
    """Name and size in MB of every whole chat model in the local hub cache."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.constants import HF_HUB_CACHE
    from huggingface_hub.errors import CacheNotFound

    try:
        repos = sorted(scan_cache_dir(HF_HUB_CACHE).repos, key=lambda repo: repo.repo_id)
    except (CacheNotFound, OSError, ValueError):
        return
    for repo in repos:
        for revision in repo.revisions:
            folder = revision.snapshot_path
            if repo.repo_type != "model" or missing_file(folder):
                continue
            try:
                config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            if any(str(name).endswith("ForCausalLM") for name in config.get("architectures") or []):
                yield repo.repo_id, round(repo.size_on_disk / 1e6)
                break


def _ask_hub(code: str, name: str, on_tick: Callable[[], None]) -> str:
    """Runs a line of Python that may reach the model hub, and gives what it prints."""
    online = dict(os.environ) | {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    for closed in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        online.pop(closed, None)
    done = run_watched([sys.executable, "-c", code, name.removeprefix("hf:"), *PATTERNS], online, on_tick)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise ModelError(
            f"{name} could not be fetched ({lines[-1][:200] if lines else 'no reason given'})",
            "Check the name and that the model hub can be reached; the tutor works without it.",
        )
    return done.stdout
