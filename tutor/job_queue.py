"""Who may train now: runs wait in line for the processor or the GPU, first come, first served."""

from __future__ import annotations

import threading
from typing import Literal

from tutor.errors import DemoError

Place = Literal["cpu", "gpu"]
MOST_WAITING = 8


class JobQueue:
    """The lines before the GPU (one run at a time) and before the processor (two at a time).

    Args:
        gpu, cpu: how many runs may be at work at a time there.
        waiting: how many may wait in each line.
    """

    def __init__(self, *, gpu: int = 1, cpu: int = 2, waiting: int = MOST_WAITING) -> None:
        self._room: dict[Place, int] = {"gpu": gpu, "cpu": cpu}
        self._waiting = waiting
        self._lines: dict[Place, list[Ticket]] = {"gpu": [], "cpu": []}
        self._changed = threading.Condition()

    def join(self, place: Place) -> Ticket:
        """A place at the end of a line, to be left when the run is over. DemoError if the line is full."""
        with self._changed:
            line = self._lines[place]
            if len(line) >= self._room[place] + self._waiting:
                raise DemoError(
                    f"{len(line) - self._room[place]} demos are waiting already",
                    "Stop one of them, or ask again in a minute.",
                )
            ticket = Ticket(self, place)
            line.append(ticket)
            return ticket

    def _before(self, ticket: Ticket) -> int:
        line = self._lines[ticket.place]
        return max(0, line.index(ticket) - self._room[ticket.place] + 1)


class Ticket:
    """One run's place in a line. May be left twice."""

    def __init__(self, queue: JobQueue, place: Place) -> None:
        self._queue = queue
        self.place: Place = place

    @property
    def before(self) -> int:
        """How many runs must end before this one may begin; 0 when it may."""
        with self._queue._changed:
            return self._queue._before(self)

    def wait(self, timeout_s: float) -> int:
        """Waits until somebody leaves the line or the time is over; the `before` of then."""
        with self._queue._changed:
            if self._queue._before(self):
                self._queue._changed.wait(timeout_s)
            return self._queue._before(self)

    def leave(self) -> None:
        """Gives the place to the next one."""
        with self._queue._changed:
            line = self._queue._lines[self.place]
            if self in line:
                line.remove(self)
                self._queue._changed.notify_all()
