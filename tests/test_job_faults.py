"""What may go wrong in a demo's process: each fault ends in a named state, leaves nothing behind, and the next run
has its turn."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tutor import jobs
from tutor.errors import DemoError
from tutor.job_memory import members
from tutor.job_queue import JobQueue
from tutor.jobs import DemoFrame, DemoResult, DemoStopped, DemoWaiting, JobEvent, run_demo

ROOT = Path(__file__).resolve().parents[1]

TOOLS = """
import json, os, resource, signal, subprocess, sys, time
from pathlib import Path
OUT = Path(next(word for word in sys.argv if word.startswith("--out=")).partition("=")[2])
with open("pids", "a") as file:
    file.write(f"{os.getpid()}\\n")
def say(event, **told):
    print(json.dumps({"event": event, **told}), flush=True)
def child(code):
    process = subprocess.Popen([sys.executable, "-c", code])
    with open("pids", "a") as file:
        file.write(f"{process.pid}\\n")
def start():
    say("start", demo="any", preset="quick", seed=0, device="cpu", knobs={}, budget_s=0.1)
def frame(path):
    say("frame", path=str(path), step=3, total_steps=9, caption="c", metrics={}, elapsed_s=1, left_s=1)
def picture():
    (OUT / "frame-0000.png").write_bytes(b"png")
    frame(OUT / "frame-0000.png")
RESULT = dict(demo="any", preset="quick", seed=0, device="cpu", seconds=1.0, knobs={}, outcome="done", step=9,
              metrics={"m": {"value": 1.0}}, images=[], observations=["It went."], verdict="Fine.", notes=[])
def result(**other):
    say("result", **{**RESULT, **other})
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
"""


@dataclass(frozen=True)
class Fault:
    """What a demo's process does, how the run must end, and what the message must say; `stop` asks it to stop."""

    name: str
    code: str
    state: str
    says: str = ""
    stop: bool = False


FAULTS = (
    # it does not end
    Fault("hangs", "time.sleep(60)", "out of time", "did not end within"),
    Fault("hangs after its start", "start()\ntime.sleep(60)", "out of time"),
    Fault("is busy for ever", "while True: pass", "out of time"),
    Fault("floods its output", "while True: print('x' * 100, flush=True)", "out of time"),
    Fault("floods its errors", "while True: print('x' * 100, file=sys.stderr)", "out of time"),
    Fault("heeds no limit", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)", "out of time"),
    Fault("uses up its processor time", "os.kill(os.getpid(), signal.SIGXCPU)", "out of time"),
    Fault("heeds no stop", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nstart()\npicture()\ntime.sleep(60)",
          "stopped", stop=True),
    Fault("is frozen when asked to stop", "start()\npicture()\nos.kill(os.getpid(), signal.SIGSTOP)", "stopped",
          stop=True),
    Fault("has a child that heeds no stop", "child(STUBBORN)\nstart()\npicture()\ntime.sleep(60)", "stopped",
          stop=True),
    Fault("has a child in a group of its own",
          "child('import os; os.setpgid(0, 0);' + STUBBORN)\nstart()\ntime.sleep(60)", "out of time"),
    Fault("closes its output and goes on", "os.close(1)\ntime.sleep(60)", "failed"),
    # it ends too early
    Fault("ends without a word", "", "failed", "status 0: it said nothing"),
    Fault("ends in the middle", "start()\npicture()", "failed", "status 0"),
    Fault("ends with status 1", "sys.exit(1)", "failed", "status 1"),
    Fault("ends with status 137", "sys.exit(137)", "failed", "status 137"),
    Fault("ends with a text", "sys.exit('no more')", "failed", "no more"),
    Fault("ends while its child holds its output", "child('import time; time.sleep(60)')", "failed", "status 0"),
    Fault("is killed", "os.kill(os.getpid(), signal.SIGKILL)", "killed", "SIGKILL"),
    Fault("is terminated", "os.kill(os.getpid(), signal.SIGTERM)", "killed", "SIGTERM"),
    Fault("kills its group", "os.killpg(0, signal.SIGKILL)", "killed", "SIGKILL"),
    Fault("reads where nothing is", "import ctypes; ctypes.string_at(0)", "failed", "SIGSEGV"),
    Fault("aborts", "os.abort()", "failed", "SIGABRT"),
    Fault("lacks a library", "import no_such_library", "failed", "no_such_library"),
    Fault("is no Python", "def", "failed", "SyntaxError"),
    Fault("calls itself for ever", "def f(): f()\nf()", "failed", "RecursionError"),
    Fault("divides by zero", "start()\n1 / 0", "failed", "ZeroDivisionError"),
    # it takes too much
    Fault("takes all memory at once", "b = bytearray(2 ** 40)", "out of memory"),
    Fault("takes all memory by and by", "start()\nall = []\nwhile True: all.append(bytearray(2 ** 24))",
          "out of memory"),
    Fault("has children that take the memory",
          "start()\nfor _ in range(4): child('import time; b = bytearray(100 * 2 ** 20); time.sleep(60)')\n"
          "time.sleep(60)", "out of memory", "above 300 MB"),
    Fault("is out of memory on the device", "raise RuntimeError('CUDA out of memory. Tried to allocate')",
          "out of memory"),
    # it says what nobody understands
    Fault("says garbage first", "print('<<>>', '{', '[]', '3', 'null', sep='\\n')\nstart()\nresult()", "done"),
    Fault("says a line of five megabytes", "print('x' * 5_000_000)\nstart()\nresult()", "done"),
    Fault("says five megabytes without an end", "start()\nprint('x' * 5_000_000, end='')", "failed"),
    Fault("says bytes that are no text", "sys.stdout.buffer.write(bytes(range(256)) * 9 + b'\\n')\nresult()",
          "done"),
    Fault("nests its words too deep", "print('[' * 100_000)\nprint('9' * 10_000)\nresult()", "done"),
    Fault("starts without saying what", "say('start')\nresult()", "done"),
    Fault("says an event of no kind", "say('party')\nsay(None)\nsay([1])\nresult()", "done"),
    Fault("ends with half a result", "say('result', demo='any')", "failed", "status 0"),
    Fault("ends in no known way", "result(outcome='splendid')", "failed"),
    Fault("measures with words", "result(metrics={'m': 'high'})", "failed"),
    Fault("gives its result twice", "result()\nresult(verdict='Other.')", "done"),
    Fault("gives its result and hangs", "result()\ntime.sleep(60)", "done"),
    Fault("gives its result and fails", "result()\nsys.exit(1)", "done"),
    Fault("gives its result from a child", "result()\nchild(STUBBORN)", "done"),
    Fault("asks for help without a remedy", "say('error', what='Odd')", "failed"),
    # its folder
    Fault("shows pictures that are not there", "start()\nframe(OUT / 'none.png')\nresult(images=['gone.png'])",
          "done"),
    Fault("shows a file of another folder", "start()\nframe('/etc/passwd')\nresult(images=['/etc/passwd'])",
          "done"),
    Fault("deletes its folder", "import shutil; shutil.rmtree(OUT)\nresult()", "done"),
    Fault("turns its folder into a file", "OUT.rmdir()\nOUT.write_text('')\nresult()", "done"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short grace for all; a short time only for what outlasts any, as a busy machine may keep others waiting."""
    monkeypatch.setattr(jobs, "GRACE_S", 0.4)
    monkeypatch.setattr(jobs, "WATCH_S", 0.1)


def fake_root(folder: Path, code: str) -> Path:
    """A root whose package `demos` runs `code` whatever it is asked."""
    (folder / "demos").mkdir(parents=True)
    (folder / "demos" / "__init__.py").touch()
    (folder / "demos" / "tools.py").write_text(TOOLS)
    (folder / "demos" / "__main__.py").write_text(f"from demos.tools import *\n{code}\n")
    return folder


def told(root: Path, out: Path, queue: JobQueue, stop: bool = False) -> tuple[str, str, list[JobEvent]]:
    """How a run ended, what was said of it, and its events; a stop is asked at its first picture."""
    asked = threading.Event()
    events: list[JobEvent] = []
    run = run_demo(
        root, "any", {}, seed=0, device="cpu", out=out, budget_s=0.1, stop=asked, jobs=queue, memory_mb=300
    )
    try:
        for event in run:
            events.append(event)
            if stop and isinstance(event, DemoFrame):
                asked.set()
    except DemoError as error:
        assert error.remedy
        return error.state, error.what, events
    last = events[-1]
    assert isinstance(last, DemoResult | DemoStopped)
    return (last.outcome if isinstance(last, DemoResult) else "stopped"), "", events


def nothing_left(root: Path) -> bool:
    """Whether every process that the run wrote down is gone."""
    pids = (root / "pids").read_text().split() if (root / "pids").exists() else []
    return all(gone(int(pid)) and not members(int(pid)) for pid in pids)


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "ZX"


def soon(holds: Callable[[], bool], limit_s: float = 5.0) -> bool:
    deadline_s = time.monotonic() + limit_s
    while time.monotonic() < deadline_s and not holds():
        time.sleep(0.02)
    return holds()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_process_that(fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if fault.state == "out of time":
        monkeypatch.setattr(jobs, "LIMIT_SPARE_S", 1.0)
    root, out, queue = fake_root(tmp_path / "root", fault.code), tmp_path / "out", JobQueue(cpu=1)
    state, what, events = told(root, out, queue, fault.stop)
    assert (state, fault.says in what) == (fault.state, True), what
    assert soon(lambda: nothing_left(root))
    assert queue.join("cpu").before == 0
    if out.is_dir():
        assert json.loads((out / "result.json").read_text())["outcome"] == fault.state
    for event in events:
        shown = [event.path] if isinstance(event, DemoFrame) else getattr(event, "images", ())
        assert all(path.is_file() and path.is_relative_to(out) for path in shown)


def test_of_two_results_the_first_counts_and_a_number_that_is_none_is_left_open(tmp_path: Path) -> None:
    code = "result(metrics={'m': {'value': float('nan')}})\nresult(verdict='Other.')"
    _, _, events = told(fake_root(tmp_path / "root", code), tmp_path / "out", JobQueue())
    (result,) = events
    assert isinstance(result, DemoResult)
    assert (result.verdict, result.metrics) == ("Fine.", {"m": {"value": None}})


# -- the demos' own process, with a demo that fails ----------------------------------------------------------------

CATALOGUE = """
from demos.knobs import Demo, DemoArgumentError, Preset
DEMO = Demo("any", "Any", "c", "s", (), {"quick": Preset(5)}, 1.0, "demos.fault:run", "demos.fault:draw", ())
DEMOS = (DEMO,)
def find_demo(name):
    return DEMO
"""
FAULT = """
import os, resource, shutil, signal, sys, time
from pathlib import Path
from demos.steps import Look, Metric, Result, Step
OUT = Path(next(word for word in sys.argv if word.startswith("--out=")).partition("=")[2])
with open("pids", "a") as file:
    file.write(f"{os.getpid()}\\n")
def reached(place):
    Path(place).touch()
    time.sleep(60)
def step(number):
    return Step(number, 9, 0.1, 0.1, True, lambda: Look("c", {"loss": float("nan")}))
def ended(outcome="done", value=1.0):
    metric = Metric(value=value, n=1, floor=1.0, baseline=None, better="high", meaning="m")
    return Result(outcome, 9, {"m": metric}, "Fine.", ("It went.",), (), Look("c", {}))
def draw(look):
    DRAWING
    return b"png"
def run(knobs, settings):
    yield step(0)
    RUN
    yield ended()
"""


def real_process(folder: Path, run: str = "", drawing: str = "", film: str = "", torch: str = "") -> Path:
    """A root with the real process of the demos, a demo that does `run` after its first picture, and no torch."""
    (folder / "demos").mkdir(parents=True)
    for name in ("__init__", "__main__", "process", "knobs", "predictions", "steps"):
        shutil.copy(ROOT / "demos" / f"{name}.py", folder / "demos")
    fault = FAULT.replace("DRAWING", drawing or "pass").replace("RUN", run or "pass")
    film = f"from demos.fault import reached\ndef save_film(paths, film):\n    {film or 'pass'}\n"
    files = {
        "demos/catalogue.py": CATALOGUE,
        "demos/fault.py": fault,
        "demos/networks.py": "def pick_device(name):\n    return 'cpu'\n",
        "demos/drawing.py": film + "    film.write_bytes(b'gif')\ndef warm_up():\n    pass\n",
        "torch.py": f"{torch}\ndef set_num_threads(n):\n    pass\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


OWN = (
    Fault("has no fault", "", "done"),
    Fault("diverges", "yield ended('diverged', float('nan'))", "diverged"),
    Fault("fails in a step", "1 / 0", "failed", "ZeroDivisionError"),
    Fault("leaves the process", "sys.exit(3)", "failed", "status 3"),
    Fault("prints", "print('{\"event\": \"result\"}', flush=True)", "done"),
    Fault("is out of memory", "raise MemoryError", "out of memory", "ran out of memory at step 0"),
    Fault("is out of memory on the device", "raise RuntimeError('CUDA out of memory.')", "out of memory"),
    Fault("finds the disk full", "resource.setrlimit(resource.RLIMIT_FSIZE, (2, 2))\n    yield step(1)", "failed",
          "could not write"),
    Fault("loses its folder", "shutil.rmtree(OUT)\n    yield step(1)", "failed", "could not write"),
    Fault("takes too long for a stop", "yield step(1)\n    time.sleep(60)", "stopped", stop=True),
    Fault("stops between two steps", "while True:\n        time.sleep(0.05)\n        yield step(1)", "stopped",
          stop=True),
)  # fmt: skip


@pytest.mark.parametrize("fault", OWN, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_demo_that(fault: Fault, tmp_path: Path) -> None:
    root, out = real_process(tmp_path / "root", fault.code), tmp_path / "out"
    state, what, _ = told(root, out, JobQueue(), fault.stop)
    assert (state, fault.says in what) == (fault.state, True), what
    assert json.loads((out / "result.json").read_text())["outcome"] == fault.state
    assert soon(lambda: nothing_left(root))


PARENT = """
import sys
from pathlib import Path
from tutor.jobs import run_demo
for event in run_demo(Path(sys.argv[1]), "any", {}, seed=0, device="cpu", out=Path(sys.argv[2]), budget_s=60):
    pass
"""


@pytest.mark.parametrize(
    "place",
    [
        {"torch": "from demos.fault import reached; reached('here')"},
        {"run": "reached('here')"},
        {"drawing": "reached('here')"},
        {"film": "reached('here')"},
        {"run": "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    reached('here')"},
    ],
    ids=["importing", "training", "drawing", "saving", "deaf"],
)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_death_of_the_parent_ends_a_run_and_names_it_killed(
    place: dict[str, str], how: signal.Signals, tmp_path: Path
) -> None:
    root, out = real_process(tmp_path / "root", **place), tmp_path / "out"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(root), str(out)], cwd=ROOT)
    try:
        assert soon((root / "here").exists, 20.0)
    finally:
        os.kill(parent.pid, how)
        parent.wait()
    assert soon(lambda: nothing_left(root))
    assert json.loads((out / "result.json").read_text())["outcome"] == "killed"


# -- the line ----------------------------------------------------------------------------------------------------------


def begun(root: Path, out: Path, queue: JobQueue, stop: threading.Event | None = None) -> Iterator[JobEvent]:
    return run_demo(root, "any", {}, seed=0, device="cpu", out=out, budget_s=60, stop=stop, jobs=queue)


SLOW = "start()\npicture()\ntime.sleep(60)"


def test_a_run_waits_for_those_before_it_and_says_for_how_many(tmp_path: Path) -> None:
    slow, quick = fake_root(tmp_path / "slow", SLOW), fake_root(tmp_path / "quick", "result()")
    queue = JobQueue(cpu=1)
    first, second = begun(slow, tmp_path / "1", queue), begun(slow, tmp_path / "2", queue)
    next(first)
    assert next(second) == DemoWaiting(1)
    third = begun(quick, tmp_path / "3", queue)
    assert next(third) == DemoWaiting(2)
    second.close()  # type: ignore[attr-defined]
    assert next(third) == DemoWaiting(1)
    first.close()  # type: ignore[attr-defined]
    assert isinstance(next(third), DemoResult)


def test_two_runs_share_the_processor_and_one_has_the_gpu(tmp_path: Path) -> None:
    queue = JobQueue()
    assert [queue.join("cpu").before for _ in range(4)] == [0, 0, 1, 2]
    assert [queue.join("gpu").before for _ in range(3)] == [0, 1, 2]


def test_a_run_that_waits_can_be_stopped(tmp_path: Path) -> None:
    queue, stop = JobQueue(cpu=1), threading.Event()
    held = queue.join("cpu")
    events = begun(tmp_path, tmp_path / "out", queue, stop)
    assert next(events) == DemoWaiting(1)
    stop.set()
    assert list(events) == [DemoStopped(0, ())]
    assert json.loads((tmp_path / "out" / "result.json").read_text())["outcome"] == "stopped"
    held.leave()
    assert queue.join("cpu").before == 0


def test_a_line_that_is_full_says_so(tmp_path: Path) -> None:
    queue = JobQueue(cpu=1, waiting=2)
    for _ in range(3):
        queue.join("cpu")
    with pytest.raises(DemoError, match="2 demos are waiting already"):
        next(begun(tmp_path, tmp_path / "out", queue))
