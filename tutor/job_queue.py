"""Lines in which work waits, first come, first served: those of the runs before the processor and the GPU are here."""

from __future__ import annotations

import threading
from typing import Literal

from tutor.errors import DemoError

Place = Literal["cpu", "gpu"]
MOST_WAITING = 8


class Line:
    """A line before something of which `room` may go on at a time, and `waiting` may wait."""

    def __init__(self, room: int, waiting: int) -> None:
        self.room = room
        self.waiting = waiting
        self._tickets: list[Ticket] = []
        self._changed = threading.Condition()

    def join(self) -> Ticket | None:
        """A place at the end, to be left when the work is over; None when the line is full."""
        with self._changed:
            if len(self._tickets) >= self.room + self.waiting:
                return None
            self._tickets.append(Ticket(self))
            return self._tickets[-1]

    def _before(self, ticket: Ticket) -> int:
        return max(0, self._tickets.index(ticket) - self.room + 1) if ticket in self._tickets else 0


class Ticket:
    """One place in a line. May be left twice."""

    def __init__(self, line: Line) -> None:
        self._line = line

    @property
    def before(self) -> int:
        """How many must end before this one may begin; 0 when it may."""
        with self._line._changed:
            return self._line._before(self)

    def wait(self, timeout_s: float) -> int:
        """Waits until somebody leaves the line or the time is over; the `before` of then."""
        with self._line._changed:
            if self._line._before(self):
                self._line._changed.wait(timeout_s)
            return self._line._before(self)

    def leave(self) -> None:
        """Gives the place to the next one."""
        with self._line._changed:
            if self in self._line._tickets:
                self._line._tickets.remove(self)
                self._line._changed.notify_all()


class JobQueue:
    """The lines before the GPU (one run at a time) and before the processor (two at a time).

    Args:
        gpu, cpu: how many runs may be at work at a time there.
        waiting: how many may wait in each line.
    """

    def __init__(self, *, gpu: int = 1, cpu: int = 2, waiting: int = MOST_WAITING) -> None:
        self._lines: dict[Place, Line] = {"gpu": Line(gpu, waiting), "cpu": Line(cpu, waiting)}

    def join(self, place: Place) -> Ticket:
        """A place at the end of a line, to be left when the run is over. DemoError if the line is full."""
        ticket = self._lines[place].join()
        if ticket is None:
            raise DemoError(
                f"{self._lines[place].waiting} demos are waiting already",
                "Stop one of them, or ask again in a minute.",
            )
        return ticket
