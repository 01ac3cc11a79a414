"""One demo as a process: its limits, its end when the parent ends or asks, its frames and its events.

The events are JSON lines on standard output; whatever else a library prints there goes to standard error.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from demos.catalogue import find_demo
from demos.knobs import DemoArgumentError, check_device

if TYPE_CHECKING:
    from demos.knobs import Demo
    from demos.steps import Look, Result, Step

FRAME_EVERY_S = 0.6
"""Seconds between two frames at least: often enough to follow."""

PAUSE = 4.0
"""Seconds between two frames for each second that the last one took: drawing stays below a fifth of the run."""

FILE_LIMIT_BYTES = 256 * 2**20
SPARE_CPU_S = 60
SMALLER = "Run it with a smaller batch, width or picture, or with its quick preset."


class StopAsked(BaseException):
    """The run was asked to stop: seen between two steps, or raised out of what was being imported."""


@dataclass(frozen=True)
class Order:
    """What to run: the demo's name, its preset, the knobs that differ from it, seed, device, seconds of training
    at most (None: the preset's), the folder for pictures and result.json, and files and folders to work on, by what
    they are for: those that the demo has no use for are not looked at."""

    name: str
    preset: str
    knobs: dict[str, str]
    seed: int
    device: str
    budget_s: float | None
    out: Path
    inputs: Mapping[str, Path] = field(default_factory=dict)


class Stop:
    """Whether SIGTERM or Ctrl-C has come. Until `settle` it breaks off at once, later it is only noted."""

    def __init__(self) -> None:
        self.asked = False
        self._settled = False

    def install(self) -> None:
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def settle(self) -> None:
        """From here on a signal is only noted; raises StopAsked if one came before."""
        self._settled = True
        if self.asked:
            raise StopAsked

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        first, self.asked = not self.asked, True
        if first and not self._settled:
            raise StopAsked


def run_process(order: Order, *, lifeline: bool) -> int:
    """Runs `order` to its end and gives the exit status: 0 done or stopped, 1 an error, told as an event."""
    run = Run(order, _events_on(_claim_stdout()))
    try:
        run.stop.install()
        if lifeline:
            _die_with_parent(run.keep_killed)
            _limit_resources(run.budget_s)
        run.to_the_end()
    except StopAsked:
        run.end_stopped()
    except DemoArgumentError as error:
        run.say({"event": "error", "what": error.what, "remedy": error.remedy})
        return 1
    except BrokenPipeError:  # nobody listens any more
        return 1
    except (MemoryError, RuntimeError) as error:
        if not _is_short_of_memory(error):
            raise
        what = f"The demo {order.name} ran out of memory at step {run.step}"
        run.end_early("out of memory")
        run.say({"event": "error", "what": what, "remedy": SMALLER, "state": "out of memory"})
        return 1
    except OSError as error:
        what = f"The demo could not write to {order.out}: {error.strerror or error}"
        run.say({"event": "error", "what": what, "remedy": "Free some space there or choose another folder."})
        return 1
    return 0


class Run:
    """One run: its order, whom it tells, whether it was asked to stop, and the frames saved so far."""

    def __init__(self, order: Order, say: Callable[[dict[str, object]], None]) -> None:
        self.order = order
        self.say = say
        self.stop = Stop()
        self.frames: list[Path] = []
        self.step = 0
        self.started_s = time.monotonic()

    @property
    def budget_s(self) -> float:
        """Seconds of training at most; DemoArgumentError for an unknown demo or preset."""
        if self.order.budget_s is not None:
            return self.order.budget_s
        return find_demo(self.order.name).preset(self.order.preset).budget_s

    def to_the_end(self) -> None:
        """Trains, draws and tells; raises StopAsked once a stop is asked, DemoArgumentError, OSError."""
        demo = find_demo(self.order.name)
        knobs = demo.knob_values(self.order.knobs, self.order.preset)
        self._clear_folder()
        with _no_collecting():
            from demos.drawing import warm_up
            from demos.steps import Result, RunSettings

            device = _device(demo, self.order.device)
            train, draw = demo.load_run(), demo.load_draw()
            warm_up()
        self.stop.settle()
        head = {
            "demo": demo.name,
            "preset": self.order.preset,
            "seed": self.order.seed,
            "device": device,
            "knobs": knobs,
        }
        budget_s = self.budget_s
        inputs = {name: path for name, path in self.order.inputs.items() if name in demo.inputs}
        settings = RunSettings(self.order.seed, device, budget_s, time.monotonic, inputs)
        moments = train(knobs, settings)  # a demo may look at its inputs here, before it begins
        self.say({"event": "start", **head, "budget_s": budget_s})
        for moment in self._watched(moments):
            if isinstance(moment, Result):
                self._end_done(head, moment, draw)
                return
            self._frame(moment, draw)

    def _clear_folder(self) -> None:
        """Makes the folder, and takes away what an earlier run left in it."""
        self.order.out.mkdir(parents=True, exist_ok=True)
        for pattern in ("frame-[0-9]*.png", "final.png", "film.gif", "result.json"):
            for path in self.order.out.glob(pattern):
                path.unlink()

    def _watched(self, moments: Iterator[Step | Result]) -> Iterator[Step | Result]:
        """The moments to show: the key ones, else one each FRAME_EVERY_S or more rarely, and the result."""
        from demos.steps import Step

        due_s = self.started_s
        for moment in moments:
            if self.stop.asked:
                raise StopAsked
            now_s = time.monotonic()
            if not isinstance(moment, Step) or moment.key or now_s >= due_s:
                yield moment
                shown_s = time.monotonic()
                due_s = shown_s + max(FRAME_EVERY_S, PAUSE * (shown_s - now_s))
            elif isinstance(moment, Step):
                self.step = moment.step

    def _frame(self, moment: Step, draw: Callable[[Look], bytes]) -> None:
        look = moment.look()
        path = self.order.out / f"frame-{len(self.frames):04d}.png"
        _write(path, draw(look))
        self.frames.append(path)
        self.step = moment.step
        self.say(
            {
                "event": "frame",
                "path": str(path),
                "step": moment.step,
                "total_steps": moment.total_steps,
                "caption": look.caption,
                "metrics": look.metrics,
                "elapsed_s": round(moment.elapsed_s, 2),
                "left_s": round(moment.left_s, 2),
            }
        )

    def _end_done(self, head: dict[str, object], result: Result, draw: Callable[[Look], bytes]) -> None:
        """Writes final.png, film.gif and result.json; says the result."""
        from demos.drawing import save_film

        picture, film = self.order.out / "final.png", self.order.out / "film.gif"
        _write(picture, draw(replace(result.look, caption=result.verdict)))
        save_film([*self.frames, picture], film)
        told = {
            **head,
            "seconds": round(time.monotonic() - self.started_s, 2),
            "outcome": result.outcome,
            "step": result.step,
            "metrics": {name: asdict(metric) for name, metric in result.metrics.items()},
            "verdict": result.verdict,
            "observations": list(result.observations),
            "notes": list(result.notes),
            "images": [str(picture), str(film)],
        }
        _write(self.order.out / "result.json", _json(told, indent=2).encode())
        self.say({"event": "result", **told})

    def end_stopped(self) -> None:
        """Writes result.json with the outcome "stopped" and the last frame; says so."""
        images = self.end_early("stopped")
        self.say({"event": "stopped", "step": self.step, "images": images})

    def end_early(self, outcome: str) -> list[str]:
        """Writes result.json with an outcome that is no result; gives the last frame's path."""
        images = [str(path) for path in self.frames[-1:]]
        told = {"demo": self.order.name, "preset": self.order.preset, "seed": self.order.seed}
        told |= {"outcome": outcome, "step": self.step, "images": images}
        with contextlib.suppress(OSError):  # the disk may be full, the folder gone
            if self.order.out.is_dir():
                _write(self.order.out / "result.json", _json(told, indent=2).encode())
        return images

    def keep_killed(self) -> None:
        """Leaves the outcome "killed" behind, as far as that is possible, unless the run has ended."""
        if not (self.order.out / "result.json").exists():
            self.end_early("killed")


def _device(demo: Demo, asked: str) -> str:
    """The device that the demo runs on, "cpu" or "cuda"; loads torch for one that needs it."""
    check_device(asked)
    if not demo.uses_torch:
        return "cpu"
    import torch

    from demos.networks import pick_device

    # A second thread made none of ten demos faster on two cores, the convolutional ones included: 0.2 to 0.9 times
    # the steps a second, for 1.2 to 5 times the processor time. So there is nothing to try out before a run.
    torch.set_num_threads(1)
    return pick_device(asked)


@contextlib.contextmanager
def _no_collecting() -> Iterator[None]:
    """No collection of garbage while libraries load, nor later of what they have made: it is all there to stay, and
    going through it again and again takes a tenth of the time of importing and of drawing."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def _is_short_of_memory(error: Exception) -> bool:
    """Whether memory ran out, on the device or off it: torch tells it by a RuntimeError."""
    said = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in said or "allocate memory" in said


def _write(path: Path, content: bytes) -> None:
    """Writes whole or not at all, so that a reader never meets half a picture."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def _json(value: object, indent: int | None = None) -> str:
    """Strict JSON: a number that is not finite becomes null."""
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, indent=indent)


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value


def _claim_stdout() -> TextIO:
    """Standard output for events alone: what anybody else prints now goes to standard error."""
    sys.stdout.flush()
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def _events_on(stream: TextIO) -> Callable[[dict[str, object]], None]:
    def say(event: dict[str, object]) -> None:
        stream.write(_json(event) + "\n")
        stream.flush()

    return say


def _die_with_parent(last: Callable[[], None]) -> None:
    """Starts a thread that ends this process group once standard input ends or the parent is another one.

    The parent holds the other end of the pipe and writes nothing, so its own end, however it comes, ends the
    input. The second sign covers a sibling that inherited the pipe and lives on. `last` is done before the end.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            ready, _, _ = select.select([0], [], [], 1.0)
            if ready and not os.read(0, 4096):
                break
        last()
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


def _limit_resources(budget_s: float) -> None:
    """No file above 256 MiB, and processor time a little above three times the budget."""
    if sys.platform == "win32":
        return
    import resource

    cpu_s = int(3 * budget_s) + SPARE_CPU_S
    for what, limit in ((resource.RLIMIT_FSIZE, FILE_LIMIT_BYTES), (resource.RLIMIT_CPU, cpu_s)):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
