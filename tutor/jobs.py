"""Runs a demo as a process of its own, and tells what happens to it as events.

The demos live in a package of their own that nothing here imports: it is started as `python -m demos` and
speaks JSON lines. The process leads a session of its own and holds one end of a pipe whose other end is
here, so it ends when this process ends, however that happens. Torch's waiting threads sleep instead of
spinning (OMP_WAIT_POLICY=PASSIVE), which a machine that does anything else beside the demo needs.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tutor.errors import DemoError

LIST_LIMIT_S = 20.0
TICK_S = 0.1
"""How often a silent process is looked at for a stop, its end or its time limit."""

GRACE_S = 2.0
"""From being asked to stop to being ended."""

LIMIT_SPARE_S = 30.0
"""A process is ended after three times its budget and this: time to import, draw and save when busy."""

STDERR_LINES = 40


@dataclass(frozen=True)
class DemoStarted:
    """The demo's process has begun to train. `knobs` are all knobs with their values."""

    demo: str
    preset: str
    seed: int
    device: str
    knobs: dict[str, str | float | int]
    budget_s: float
    pid: int


@dataclass(frozen=True)
class DemoFrame:
    """A picture (PNG) of the run at `step`, with its caption and live figures."""

    path: Path
    step: int
    total_steps: int
    caption: str
    metrics: dict[str, float | None]
    elapsed_s: float
    left_s: float


@dataclass(frozen=True)
class DemoResult:
    """How the run ended. Each metric is {value, n, floor, baseline, better, meaning}.

    `outcome` is "done", "out of time" or "diverged"; `images` are the last picture and a film (GIF) of the
    run; `notes` names study notes that explain it.
    """

    demo: str
    preset: str
    seed: int
    device: str
    seconds: float
    knobs: dict[str, str | float | int]
    outcome: str
    step: int
    metrics: dict[str, dict[str, Any]]
    images: tuple[Path, ...]
    observations: tuple[str, ...]
    verdict: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class DemoStopped:
    """The run was stopped on demand, at `step`; `images` holds its last frame, if there was one."""

    step: int
    images: tuple[Path, ...]


JobEvent = DemoStarted | DemoFrame | DemoResult | DemoStopped


def list_demos(root: Path) -> list[dict[str, Any]]:
    """The demos under `root`: {name, title, concept, summary, knobs, expected_s, notes} each.

    A knob is {name, kind, unit, default, low, high, choices, help}. Raises DemoError if they cannot be
    listed.
    """
    command = [sys.executable, "-m", "demos", "list"]
    try:
        done = subprocess.run(
            command, cwd=root, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True,
            encoding="utf-8", errors="replace", timeout=LIST_LIMIT_S, check=True,
        )  # fmt: skip
        demos: list[dict[str, Any]] = json.loads(done.stdout)
    except subprocess.CalledProcessError as error:
        raise DemoError(
            f"The demos in {root} could not be listed: {_last_words(error.stderr.splitlines())}",
            "Run `python -m demos list` there to see why.",
        ) from error
    except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        raise DemoError(
            f"The demos in {root} could not be listed: {error}",
            "Run `python -m demos list` there to see why.",
        ) from error
    return demos


def run_demo(
    root: Path,
    name: str,
    knobs: Mapping[str, str | float | int],
    *,
    seed: int,
    device: str,
    out: Path,
    preset: str = "quick",
    budget_s: float | None = None,
    stop: threading.Event | None = None,
) -> Iterator[JobEvent]:
    """Runs the demo `name` of `root` and yields its events as they come.

    Args:
        root: the folder that holds the package `demos`.
        knobs: values for some of the demo's knobs; the demo checks them.
        device: "auto", "cpu" or "cuda".
        out: a folder for the pictures and result.json; made if missing, an earlier run in it is overwritten.
        preset: "quick", "normal" or "long": how much to do, where the knobs do not say otherwise.
        budget_s: seconds of training at most, instead of the preset's; the process is ended after 3 x budget_s + 30 s
            in any case.
        stop: set it to end the run early, from any thread.

    The last event is a DemoResult, or a DemoStopped if `stop` was set. Closing the iterator ends the
    process too. Raises DemoError for an unknown demo, a knob out of bounds, an absent device, a process
    that fails or outlasts its limit.
    """
    command = [sys.executable, "-m", "demos", "run", "--stdin-is-lifeline", f"--out={out.resolve()}"]
    command += [f"--seed={seed}", f"--device={device}", f"--preset={preset}"]
    command += [] if budget_s is None else [f"--budget={budget_s}"]
    command += [*(f"--set={knob}={value}" for knob, value in knobs.items()), "--", name]
    try:
        out.mkdir(parents=True, exist_ok=True)
        process = subprocess.Popen(
            command, cwd=root, env=_environment(), start_new_session=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise DemoError(
            f"The demo {name} could not be started: {error}", "Check that the folder can be written to."
        ) from error
    job = _Job(name, process, limit_s=_limit_s(budget_s or 0.0), stop=stop or threading.Event())
    try:
        yield from job.events()
    finally:
        job.end()


def _limit_s(budget_s: float) -> float:
    return 3 * budget_s + LIMIT_SPARE_S


def _environment() -> dict[str, str]:
    """The child's environment: this one's, with quiet threads, and the demos found in its working folder."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONSAFEPATH", "PYTHONINSPECT")}
    return {**kept, "OMP_WAIT_POLICY": "PASSIVE", "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"}


def _last_words(lines: list[str] | deque[str]) -> str:
    """The last three lines that say something, on one line."""
    said = [line.strip() for line in lines if line.strip()]
    return " | ".join(said[-3:]) or "it said nothing"


class _Job:
    """One running process: its lines as they come, and the three ways it may be ended."""

    def __init__(
        self, name: str, process: subprocess.Popen[str], limit_s: float, stop: threading.Event
    ) -> None:
        self._name = name
        self._process = process
        self._limit_s = limit_s
        self._stop = stop
        self._started_s = time.monotonic()
        self._asked_s: float | None = None
        self._said_last = False
        self._step = 0
        self._last_frame: tuple[Path, ...] = ()
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._errors: deque[str] = deque(maxlen=STDERR_LINES)
        assert process.stdout is not None and process.stderr is not None
        self._readers = (
            threading.Thread(target=self._read_lines, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(process.stderr,), daemon=True),
        )
        for reader in self._readers:
            reader.start()

    def _read_lines(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)
        self._lines.put(None)

    def _read_errors(self, stream: IO[str]) -> None:
        self._errors.extend(stream)

    def events(self) -> Iterator[JobEvent]:
        """The events up to the last one; DemoError if the process fails or outlasts its limit."""
        while True:
            self._heed_stop()
            try:
                line = self._lines.get(timeout=TICK_S)
            except queue.Empty:
                self._heed_limit()
                continue
            if line is None:
                yield self._ended_without_word()
                return
            event = self._understood(line)
            if event is not None:
                yield event
            if self._said_last:
                return

    def _heed_stop(self) -> None:
        """Asks the process to stop once that is wanted, and forces it when its grace is over."""
        if self._asked_s is None and self._stop.is_set():
            self._ask()
        elif self._asked_s is not None and time.monotonic() - self._asked_s > GRACE_S:
            self._kill()

    def _heed_limit(self) -> None:
        if self._asked_s is None and time.monotonic() - self._started_s > self._limit_s:
            raise DemoError(
                f"The demo {self._name} did not end within {self._limit_s:.0f} s and was ended",
                "Run it with fewer steps or a larger budget.",
            )

    def _ask(self) -> None:
        self._asked_s = time.monotonic()
        self._process.terminate()

    def _kill(self) -> None:
        """Ends the whole process group, unless the process was already waited for."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _ended_without_word(self) -> DemoStopped:
        """A process ended without a result or an error: stopped if that was asked, else DemoError."""
        code = self._process.wait()
        if self._asked_s is not None:
            return DemoStopped(self._step, self._last_frame)
        self._readers[1].join(timeout=1.0)
        how = f"ended with status {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"
        raise DemoError(
            f"The demo {self._name} {how}: {_last_words(self._errors)}",
            "Run it again with its default knobs; if it fails again, the lines above say where.",
        )

    def _understood(self, line: str) -> JobEvent | None:
        """The event that a line tells; None if it tells none; DemoError if it tells an error."""
        try:
            told = json.loads(line)
        except json.JSONDecodeError:
            self._errors.append(line)
            return None
        kind = told.pop("event", None) if isinstance(told, dict) else None
        self._said_last = kind in ("result", "stopped", "error")
        if kind == "start":
            self._limit_s = _limit_s(told["budget_s"])
            return DemoStarted(**told, pid=self._process.pid)
        if kind == "frame":
            frame = DemoFrame(**{**told, "path": Path(told["path"])})
            self._step, self._last_frame = frame.step, (frame.path,)
            return frame
        if kind == "result":
            paths = tuple(Path(path) for path in told["images"])
            texts = {key: tuple(told[key]) for key in ("observations", "notes")}
            return DemoResult(**{**told, **texts, "images": paths})
        if kind == "stopped":
            return DemoStopped(told["step"], tuple(Path(path) for path in told["images"]))
        if kind == "error":
            raise DemoError(told["what"], told["remedy"])
        self._errors.append(line)
        return None

    def end(self) -> None:
        """Sees to it that the process is gone: asked, and after two seconds forced. Then frees its pipes."""
        if not self._said_last and self._asked_s is None:
            self._ask()
        try:
            self._process.wait(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        for reader in self._readers:
            reader.join(timeout=1.0)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
