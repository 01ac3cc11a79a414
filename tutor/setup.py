"""Set-up with one progress display: the environment in .venv, the packages, the small chat model.

Runs with the system's Python before anything is installed, so it uses the standard library alone. Done steps are
not done again; without a package index the tutor still starts in notes-only mode once the packages are there.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
_BAR = 24


class Display:
    """A line on standard error: stage, bar, seconds so far and left; a line a stage where there is no terminal."""

    def __init__(self, stages: int) -> None:
        self._stages = stages
        self._stage = 0
        self._title = ""
        self._began = time.monotonic()

    def next(self, title: str) -> None:
        """Begins a stage."""
        self._stage += 1
        self._title = title
        self._began = time.monotonic()
        if not sys.stderr.isatty():
            print(f"[{self._stage}/{self._stages}] {title}", file=sys.stderr, flush=True)
        self.show(0.0, "")

    def show(self, share: float, detail: str) -> None:
        """Shows how much of the stage is done, in [0, 1]."""
        if not sys.stderr.isatty():
            return
        spent = time.monotonic() - self._began
        left = f"about {spent / share - spent:.0f} s left" if share > 0.05 else ""
        bar = "█" * int(_BAR * share) + "░" * (_BAR - int(_BAR * share))
        line = f"[{self._stage}/{self._stages}] {self._title} {bar} {100 * share:3.0f} %  {left}  {detail}"
        print(f"\r\033[K{line[:110]}", end="", file=sys.stderr, flush=True)

    def done(self) -> None:
        """Ends a stage."""
        if sys.stderr.isatty():
            self.show(1.0, "")
            print(file=sys.stderr)


def main(argv: list[str] | None = None) -> int:
    """Sets everything up; returns 0, or 1 with the remedy on standard error."""
    extra = "[dev]" if "--dev" in (sys.argv[1:] if argv is None else argv) else ""
    if sys.version_info < (3, 11):
        print(
            "tutor: Python 3.11 or newer is needed. Install it and run `make PYTHON=python3.11 chat`.",
            file=sys.stderr,
        )
        return 1
    try:
        return _set_up(extra, Display(3))
    except KeyboardInterrupt:
        print("\ntutor: stopped. Run it again to go on from here.", file=sys.stderr)
        return 130


def _set_up(extra: str, display: Display) -> int:
    if not _is_installed(extra):
        display.next("Making the environment")
        if not _make_environment():
            return 1
        display.done()
        display.next("Installing packages")
        if not _install(extra, display):
            return 1
        display.done()
    _get_model(display)
    return 0


def _make_environment() -> bool:
    """Makes .venv where it is missing or half made; says the remedy where that fails."""
    has_python = (VENV / "bin" / "python").exists()
    if has_python and (VENV / "bin" / "pip").exists():
        return True
    try:
        venv.create(VENV, clear=not has_python, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(
            f"\ntutor: {VENV} could not be made ({error}). Install Python's venv module (on Debian and Ubuntu "
            "`apt install python3-venv`), check the free space, and run it again.",
            file=sys.stderr,
        )
        return False
    return True


def _stamp(extra: str) -> tuple[Path, str]:
    """Where it is noted what was installed, and what should be."""
    wanted = (
        b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
        + str(ROOT).encode()
    )
    return VENV / f"installed{extra.strip('[]')}", hashlib.sha256(wanted).hexdigest()


def _is_installed(extra: str) -> bool:
    file, wanted = _stamp(extra)
    return (VENV / "bin" / "python").exists() and file.exists() and file.read_text() == wanted


def _install(extra: str, display: Display) -> bool:
    """Runs pip, counting the packages it collects against those in the constraints."""
    total = len((ROOT / "constraints.txt").read_text().split())
    command = [
        str(VENV / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
    ]
    command += ["--progress-bar", "off", "-c", str(ROOT / "constraints.txt"), "-e", f"{ROOT}{extra}"]
    seen, log = 0, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            log.append(line)
            if line.startswith(("Collecting", "Requirement already satisfied")):
                seen += 1
                display.show(min(0.6, 0.6 * seen / total), line.split()[1])
            elif line.startswith("Installing collected"):
                display.show(0.7, "unpacking")
    if pip.returncode != 0:
        (VENV / "pip.log").write_text("".join(log))
        reason = next((line.strip() for line in reversed(log) if line.startswith("ERROR")), "pip failed")
        print(
            f"\ntutor: the packages could not be installed ({reason}). Check the network and run it again; "
            f"pip's whole output is in {VENV / 'pip.log'}.",
            file=sys.stderr,
        )
        return False
    file, wanted = _stamp(extra)
    file.write_text(wanted)
    return True


def _get_model(display: Display) -> None:
    """Fetches and converts the embedded chat model where it is missing; a failure costs a line, not the set-up."""
    tutor = str(VENV / "bin" / "tutor")
    found = subprocess.run(
        [str(VENV / "bin" / "python"), "-c", _IS_READY],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if found.returncode == 0:
        return
    display.next("Getting the small chat model")
    if subprocess.run(
        [tutor, "models", "get", "embedded"], check=False, stdout=subprocess.DEVNULL
    ).returncode:
        print(
            "tutor: going on without a chat model; answers are made of the notes' own sentences.",
            file=sys.stderr,
        )


_IS_READY = (
    "import sys; from tutor.models import embedded_is_ready; from tutor.settings import read_settings; "
    "sys.exit(not embedded_is_ready(read_settings().cache_dir))"
)

if __name__ == "__main__":
    raise SystemExit(main())
