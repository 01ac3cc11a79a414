"""Runs a demo as a process of its own, and tells what happens to it as events.

The demos live in a package of their own that nothing here imports: it is started as `python -m demos` and
speaks JSON lines. The process leads a session of its own and holds one end of a pipe whose other end is
here, so it ends when this process ends, however that happens. Torch's waiting threads sleep instead of
spinning (OMP_WAIT_POLICY=PASSIVE), which a machine that does anything else beside the demo needs.

Whatever happens to it, a run ends in a named state (`tutor.errors.DemoState`), which result.json keeps.
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
from pathlib import Path
from typing import IO, Any

from tutor.errors import DemoError, DemoState
from tutor.job_events import (
    LAST,
    DemoFrame,
    DemoRefused,
    DemoResult,
    DemoStarted,
    DemoStopped,
    DemoWaiting,
    JobEvent,
    read_event,
)
from tutor.job_memory import kill_session, limit_data, members, memory_limit_mb
from tutor.job_queue import JobQueue, Place

LIST_LIMIT_S = 20.0
TICK_S = 0.1
"""How often a silent process is looked at for a stop, its end or its time limit."""

GRACE_S = 2.0
"""From being asked to stop to being ended."""

LIMIT_SPARE_S = 30.0
"""A process is ended after three times its budget and this: time to import, draw and save when busy."""

STDERR_LINES = 40
STDERR_LENGTH = 2000
RESULT = "result.json"
LONGEST_LINE = 1_000_000
MOST_LINES = 1000
WATCH_S = 0.5
"""How often the memory of a job is looked at."""

_MEMORY_WORDS = ("MemoryError", "OutOfMemoryError", "can't allocate memory", "out of memory", "bad_alloc")


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
    jobs: JobQueue | None = None,
    memory_mb: int | None = None,
    inputs: Mapping[str, Path] | None = None,
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
        stop: set it to end the run early, from any thread, also while it waits.
        jobs: the runs that this one waits for; without one it begins at once.
        memory_mb: megabytes that the process and its children may hold; half of the machine's if not given.
        inputs: files and folders to work on by what they are for; a demo looks at those alone that it has use for.

    The last event is a DemoResult, or a DemoStopped if `stop` was set. Closing the iterator ends the
    process too. Raises DemoError, which names the state, for an unknown demo, a knob out of bounds, an absent device,
    a process that fails or outlasts a limit.
    """
    stop = stop or threading.Event()
    place: Place = "gpu" if device == "cuda" or (device == "auto" and _has_gpu()) else "cpu"
    ticket = (jobs or JobQueue()).join(place)
    try:
        before = 0
        while now := ticket.before:
            if now != before:
                yield DemoWaiting(now)
            before = now
            if stop.is_set():
                _keep_state(out, {"demo": name, "seed": seed}, "stopped", "")
                yield DemoStopped(0, ())
                return
            ticket.wait(TICK_S)
        limit_mb = memory_mb or memory_limit_mb()
        process = _started(root, name, knobs, seed, device, out, preset, budget_s, inputs or {})
        if place == "cpu":
            limit_data(process.pid, limit_mb)
        job = _Job(name, process, out, limit_s=_limit_s(budget_s or 0.0), limit_mb=limit_mb, stop=stop)
        yield from _to_the_end(job, {"demo": name, "seed": seed}, out)
    finally:
        ticket.leave()


def _to_the_end(job: _Job, head: dict[str, Any], out: Path) -> Iterator[JobEvent]:
    """The events of a process; sees to it that it is gone and that the run's folder names its state."""
    state: DemoState = "stopped"
    why = ""
    try:
        for event in job.events():
            if isinstance(event, DemoResult):
                state = event.outcome
            yield event
    except DemoError as error:
        state, why = error.state, error.what
        raise
    finally:
        job.end()
        _keep_state(out, {**head, "step": job.step}, state, why)


def _started(
    root: Path,
    name: str,
    knobs: Mapping[str, str | float | int],
    seed: int,
    device: str,
    out: Path,
    preset: str,
    budget_s: float | None,
    inputs: Mapping[str, Path],
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "demos", "run", "--stdin-is-lifeline", f"--out={out.resolve()}"]
    command += [f"--seed={seed}", f"--device={device}", f"--preset={preset}"]
    command += [] if budget_s is None else [f"--budget={budget_s}"]
    command += [f"--input={use}={path.resolve()}" for use, path in inputs.items()]
    command += [*(f"--set={knob}={value}" for knob, value in knobs.items()), "--", name]
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / RESULT).unlink(missing_ok=True)
        return subprocess.Popen(
            command, cwd=root, env=_environment(), start_new_session=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise DemoError(
            f"The demo {name} could not be started: {error}", "Check that the folder can be written to."
        ) from error


def _keep_state(out: Path, head: dict[str, Any], state: DemoState, why: str) -> None:
    """Writes how a run ended to its folder, where its own process did not."""
    with contextlib.suppress(OSError):
        path = out / RESULT
        if not path.exists():
            out.mkdir(parents=True, exist_ok=True)
            part = out / f"{RESULT}.part"
            told = {**head, "outcome": state, "images": []} | ({"why": why} if why else {})
            part.write_text(json.dumps(told, ensure_ascii=False, indent=2), encoding="utf-8")
            part.replace(path)


def _has_gpu() -> bool:
    """Whether a demo that may choose will train on a GPU; torch, which would know, is too heavy to ask here."""
    return Path("/dev/nvidiactl").exists() and os.environ.get("CUDA_VISIBLE_DEVICES") != ""


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


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """The lines of a stream; of one that is too long only its first part."""
    within = False
    while part := stream.readline(LONGEST_LINE):
        if not within:
            yield part.decode("utf-8", errors="replace")
        within = not part.endswith(b"\n")


class _Job:
    """One running process: its lines as they come, and the ways it may be ended."""

    def __init__(
        self,
        name: str,
        process: subprocess.Popen[bytes],
        out: Path,
        *,
        limit_s: float,
        limit_mb: int,
        stop: threading.Event,
    ) -> None:
        self._name = name
        self._process = process
        self._out = out
        self._limit_s = limit_s
        self._limit_mb = limit_mb
        self._stop = stop
        self._started_s = self._looked_s = time.monotonic()
        self._asked_s: float | None = None
        self._said_last = self._over = False
        self.step = 0
        self._last_frame: tuple[Path, ...] = ()
        self._lines: queue.Queue[str | None] = queue.Queue(MOST_LINES)
        self._errors: deque[str] = deque(maxlen=STDERR_LINES)
        assert process.stdout is not None and process.stderr is not None
        self._readers = (
            threading.Thread(target=self._read_lines, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(process.stderr,), daemon=True),
        )
        for reader in self._readers:
            reader.start()

    def _read_lines(self, stream: IO[bytes]) -> None:
        for line in _lines(stream):
            self._put(line)
        self._put(None)

    def _put(self, line: str | None) -> None:
        """Hands a line over; while nobody takes them the process waits too, and at its end they are dropped."""
        while not self._over:
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=TICK_S)
                return

    def _read_errors(self, stream: IO[bytes]) -> None:
        self._errors.extend(line[:STDERR_LENGTH] for line in _lines(stream))

    def events(self) -> Iterator[JobEvent]:
        """The events up to the last one; DemoError if the process fails or outlasts a limit."""
        silent = 0
        while not self._said_last:
            self._heed_stop()
            self._heed_limits()
            try:
                line = self._lines.get(timeout=TICK_S)
            except queue.Empty:
                # A child of the process may hold its output open after its end.
                silent = silent + 1 if self._process.poll() is not None else 0
                if silent < 3:
                    continue
                line = None
            if line is None:
                yield self._ended_without_word()
                return
            event = self._understood(line)
            if event is not None:
                yield event

    def _heed_stop(self) -> None:
        """Asks the process to stop once that is wanted, and forces it when its grace is over."""
        if self._asked_s is None and self._stop.is_set():
            self._ask()
        elif self._asked_s is not None and time.monotonic() - self._asked_s > GRACE_S:
            self._kill()

    def _heed_limits(self) -> None:
        """DemoError if the process takes too long or holds too much."""
        now = time.monotonic()
        if self._asked_s is None and now - self._started_s > self._limit_s:
            raise DemoError(
                f"The demo {self._name} did not end within {self._limit_s:.0f} s and was ended",
                "Run it with fewer steps or a larger budget.",
                "out of time",
            )
        if now - self._looked_s > WATCH_S:
            self._looked_s = now
            held = sum(members(self._process.pid).values())
            if held > self._limit_mb:
                raise self._out_of_memory(f"took {held} MB, above {self._limit_mb} MB, and was ended")

    def _out_of_memory(self, what: str) -> DemoError:
        return DemoError(
            f"The demo {self._name} {what}",
            "Run it with a smaller batch, width or picture, or with its quick preset.",
            "out of memory",
        )

    def _ask(self) -> None:
        self._asked_s = time.monotonic()
        self._process.terminate()

    def _kill(self) -> None:
        """Ends the process with all its children."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        kill_session(self._process.pid)

    def _ended_without_word(self) -> DemoStopped:
        """A process ended without a result or an error: stopped if that was asked, else DemoError."""
        code = self._wait()
        if self._asked_s is not None:
            return DemoStopped(self.step, self._last_frame)
        self._readers[1].join(timeout=1.0)
        words = _last_words(self._errors)
        if any(word in words for word in _MEMORY_WORDS):
            raise self._out_of_memory(f"ran out of memory: {words}")
        signalled = signal.Signals(-code).name if code < 0 else ""
        states: dict[str, DemoState] = {"SIGKILL": "killed", "SIGTERM": "killed", "SIGXCPU": "out of time"}
        raise DemoError(
            f"The demo {self._name} "
            f"{f'was ended by {signalled}' if signalled else f'ended with status {code}'}: {words}",
            "Run it again with its default knobs; if it fails again, the lines above say where.",
            states.get(signalled, "failed"),
        )

    def _wait(self) -> int:
        """The exit status; a process that closed its output and goes on is ended."""
        try:
            return self._process.wait(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
            return 1

    def _understood(self, line: str) -> JobEvent | None:
        """The event that a line tells; None if it tells none; DemoError if it tells an error."""
        event = read_event(line, self._process.pid, self._out)
        self._said_last = isinstance(event, LAST)
        if isinstance(event, DemoRefused):
            raise DemoError(event.what, event.remedy, event.state)
        if isinstance(event, DemoStarted):
            self._limit_s = _limit_s(event.budget_s)
        elif isinstance(event, DemoFrame):
            self.step, self._last_frame = event.step, (event.path,)
        elif event is None:
            self._errors.append(line[:STDERR_LENGTH])
        return event

    def end(self) -> None:
        """Sees to it that nothing of the process is left: asked, and after two seconds forced. Frees its pipes."""
        self._over = True
        if not self._said_last and self._asked_s is None:
            self._ask()
        with contextlib.suppress(queue.Empty):
            while True:
                self._lines.get_nowait()
        spare_s = GRACE_S if self._asked_s is None else GRACE_S - (time.monotonic() - self._asked_s)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=max(0.0, spare_s))
        self._kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        for reader, stream in zip(self._readers, (self._process.stdout, self._process.stderr), strict=True):
            reader.join(timeout=1.0)
            if stream is not None and not reader.is_alive():  # closing what is being read would wait for it
                stream.close()


__all__ = [
    "DemoFrame",
    "DemoResult",
    "DemoStarted",
    "DemoStopped",
    "DemoWaiting",
    "JobEvent",
    "JobQueue",
    "list_demos",
    "run_demo",
]
