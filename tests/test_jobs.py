"""Demos as processes: what arrives, and that nothing is left behind however a run ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tutor import jobs
from tutor.errors import DemoError
from tutor.jobs import DemoFrame, DemoResult, DemoStarted, DemoStopped, JobEvent, list_demos, run_demo

ROOT = Path(__file__).resolve().parents[1]


def begun(
    out: Path,
    root: Path = ROOT,
    name: str = "gan-2d",
    stop: threading.Event | None = None,
    **knobs: str | float | int,
) -> Iterator[JobEvent]:
    return run_demo(root, name, knobs, seed=0, device="cpu", out=out, budget_s=20, stop=stop)


def gone(pid: int) -> bool:
    """Whether the process no longer runs; one that is dead but not yet waited for counts as gone."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "ZX"


def soon(holds: Callable[[], bool], limit_s: float = 3.0) -> bool:
    """Whether `holds` comes true within the limit."""
    deadline_s = time.monotonic() + limit_s
    while time.monotonic() < deadline_s:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def fake_root(folder: Path, code: str) -> Path:
    """A root whose package `demos` runs `code` whatever it is asked."""
    (folder / "demos").mkdir()
    (folder / "demos" / "__init__.py").touch()
    (folder / "demos" / "__main__.py").write_text(code)
    return folder


def test_the_list_names_all_demos_with_bounded_knobs() -> None:
    demos = {demo["name"]: demo for demo in list_demos(ROOT)}
    assert {"gan-2d", "diffusion-2d", "mode-collapse", "generative-vs-discriminative"} <= set(demos)
    for demo in demos.values():
        assert demo["title"] and demo["concept"] and demo["expected_s"] > 0
        for knob in demo["knobs"]:
            assert knob["choices"] or knob["low"] <= knob["default"] <= knob["high"]


@pytest.mark.parametrize("code", ["raise ImportError('half installed')", "print('half installed')"])
def test_demos_that_cannot_be_listed_are_an_error_with_a_remedy(tmp_path: Path, code: str) -> None:
    with pytest.raises(DemoError, match="could not be listed") as caught:
        list_demos(fake_root(tmp_path, code))
    assert "python -m demos list" in caught.value.remedy


def test_the_threads_of_a_run_sleep_while_they_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    code = "import json, os\nprint(json.dumps({'event': 'error', 'what': os.environ['OMP_WAIT_POLICY'], 'remedy': ''}))"
    with pytest.raises(DemoError, match="PASSIVE"):
        list(begun(tmp_path / "out", fake_root(tmp_path, code)))


def test_a_root_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="could not be listed"):
        list_demos(tmp_path / "nowhere")


def test_frames_arrive_and_the_result_keeps_its_contract(tmp_path: Path) -> None:
    out = tmp_path / "made" / "here"
    started, *frames, result = begun(out, steps=60, batch=64, data="ring8")
    assert isinstance(started, DemoStarted) and started.knobs["steps"] == 60
    assert isinstance(result, DemoResult)
    steps = [frame.step for frame in frames if isinstance(frame, DemoFrame)]
    assert len(steps) == len(frames) >= 2
    assert (steps[0], steps[-1]) == (0, 60)
    for frame in frames:
        assert (
            isinstance(frame, DemoFrame) and frame.path.read_bytes().startswith(b"\x89PNG") and frame.caption
        )
    assert (result.demo, result.seed, result.device, result.outcome) == ("gan-2d", 0, "cpu", "done")
    assert {"value", "n", "floor"} <= result.metrics["strict_modes"].keys()
    assert result.verdict and result.notes and all(text.endswith(".") for text in result.observations)
    assert [path.name for path in result.images if path.is_file()] == ["final.png", "film.gif"]
    assert json.loads((out / "result.json").read_text())["metrics"] == result.metrics
    assert soon(lambda: gone(started.pid))


def test_a_stop_ends_the_run_and_leaves_its_name_behind(tmp_path: Path) -> None:
    stop = threading.Event()
    events = []
    for event in begun(tmp_path, name="diffusion-2d", stop=stop, steps=20000):
        events.append(event)
        if isinstance(event, DemoFrame):
            stop.set()
    assert isinstance(events[0], DemoStarted) and gone(events[0].pid)
    last = events[-1]
    assert isinstance(last, DemoStopped)
    assert [path.is_file() for path in last.images] == [True]
    assert json.loads((tmp_path / "result.json").read_text())["outcome"] == "stopped"


def test_a_stop_before_the_first_frame_is_heeded(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    assert list(begun(tmp_path, stop=stop)) == [DemoStopped(0, ())]


def test_closing_the_events_ends_the_process(tmp_path: Path) -> None:
    events = begun(tmp_path, steps=20000)
    started = next(events)
    assert isinstance(started, DemoStarted) and not gone(started.pid)
    events.close()  # type: ignore[attr-defined]
    assert gone(started.pid)


def test_an_unknown_demo_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="gan-2d, diffusion-2d"):
        list(begun(tmp_path, name="gan-9d"))


def test_a_knob_out_of_bounds_names_its_bounds(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="0 to 20000") as caught:
        list(begun(tmp_path, steps=10**6))
    assert "steps" in caught.value.what


def test_a_demo_named_like_an_option_is_still_just_unknown(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="no demo '--help'"):
        list(begun(tmp_path, name="--help"))


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoError, match="could not be started"):
        list(begun(tmp_path / "file" / "out"))


def test_a_crash_is_reported_with_its_last_words(tmp_path: Path) -> None:
    root = fake_root(tmp_path, "print('stray', flush=True)\nraise ArithmeticError('the sums went wrong')\n")
    with pytest.raises(DemoError, match=r"status 1.*ArithmeticError: the sums went wrong"):
        list(begun(tmp_path / "out", root=root))


def test_an_end_by_a_signal_is_reported_with_its_name(tmp_path: Path) -> None:
    root = fake_root(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    with pytest.raises(DemoError, match="SIGKILL"):
        list(begun(tmp_path / "out", root=root))


STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(f'{{"event": "stray", "pids": [{os.getpid()}, {child.pid}]}}', file=open("pids", "w"), flush=True)
os.replace("pids", "pids.json")
time.sleep(60)
"""


def test_a_process_that_heeds_nothing_is_forced_with_its_children(tmp_path: Path) -> None:
    root, stop = fake_root(tmp_path, STUBBORN), threading.Event()

    def stop_once_it_runs() -> None:
        soon((tmp_path / "pids.json").exists, 10.0)
        stop.set()

    threading.Thread(target=stop_once_it_runs).start()
    assert list(begun(tmp_path / "out", root=root, stop=stop)) == [DemoStopped(0, ())]
    pids = json.loads((tmp_path / "pids.json").read_text())["pids"]
    assert soon(lambda: all(gone(pid) for pid in pids))


def test_a_process_that_outlasts_its_limit_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LIMIT_SPARE_S", 0.0)
    root = fake_root(tmp_path, "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    events = run_demo(root, "any", {}, seed=0, device="cpu", out=tmp_path / "out", budget_s=0.2, stop=None)
    with pytest.raises(DemoError, match="did not end within 1 s"):
        list(events)
    assert gone(int((tmp_path / "pid").read_text()))


PARENT = """
import sys, threading
from pathlib import Path
from tutor.jobs import DemoFrame, run_demo
for event in run_demo(Path(sys.argv[1]), "gan-2d", {"steps": 20000}, seed=0, device="cpu",
                      out=Path(sys.argv[2]), budget_s=60, stop=None):
    print(getattr(event, "pid", type(event).__name__), flush=True)
"""


def test_the_death_of_the_parent_leaves_no_orphan(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(ROOT), str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert parent.stdout.readline().strip() == "DemoFrame"
    assert not gone(pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert soon(lambda: gone(pid), 3.0)
    parent.stdout.close()


def test_a_demo_ends_with_its_input_even_if_nobody_hears_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demos", "run", "gan-2d", "--stdin-is-lifeline", f"--out={tmp_path}"]
    demo = subprocess.Popen(
        [*command, "--set=steps=20000"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    assert demo.stdin is not None
    try:
        assert soon((tmp_path / "frame-0000.png").exists, 20.0)
        demo.stdin.close()
        assert demo.wait(timeout=10) == -signal.SIGKILL
    finally:
        demo.kill()
