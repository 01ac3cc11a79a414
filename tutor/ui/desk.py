"""Who is being answered: one message per browser tab and per conversation, and the switch that stops it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

UNBEGUN_S = 60.0
"""How long a message may wait for its page to ask for the answer, which it does at once: one that does not is gone."""


@dataclass
class Ticket:
    """A message that waits for its answer or is being answered; set `cancel` to end the work.

    Attributes:
        recorded: its words are on record; only then may it be answered.
        recorded_at: when they were, s of the desk's clock.
        begun: it is being answered; until then it waits.
    """

    chat_id: str
    text: str = ""
    cancel: threading.Event = field(default_factory=threading.Event)
    recorded: bool = False
    recorded_at: float = 0.0
    begun: bool = False


class Pace:
    """At most so many things in so many seconds. Safe to call from several threads.

    Args:
        clock: s, never going back.
    """

    def __init__(self, most: int, within_s: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._within_s = within_s
        self._clock = clock
        self._at: deque[float] = deque()
        self._lock = threading.Lock()

    def wait_s(self) -> float:
        """Counts one more and gives 0; counts nothing where that is too many, and gives how long to wait."""
        with self._lock:
            now = self._clock()
            while self._at and self._at[0] <= now - self._within_s:
                self._at.popleft()
            if len(self._at) >= self._most:
                return self._at[0] + self._within_s - now
            self._at.append(now)
            return 0.0


class Desk:
    """Tickets by tab. A tab is named by the page's own session hash; safe to call from several threads.

    Args:
        most: how many messages may wait or be answered at a time, whatever their tabs; None for no bound.
        pace: how many may be sent; None for no bound.
        clock: s, never going back.
    """

    def __init__(
        self,
        most: int | None = None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pace = pace
        self._most = most
        self._clock = clock
        self._tickets: dict[str, Ticket] = {}
        self._alone: Ticket | None = None
        self._lock = threading.Lock()

    def busy(self, tab: str) -> bool:
        """Whether the tab's message waits or is being answered."""
        with self._lock:
            return tab in self._tickets

    def holds(self, chat_id: str) -> bool:
        """Whether a message of the conversation waits or is being answered, in whatever tab."""
        with self._lock:
            self._drop_left()
            return self._held(chat_id)

    @property
    def is_shut(self) -> bool:
        """Whether the notes are being changed, so that nothing can be answered."""
        with self._lock:
            return self._alone is not None

    @property
    def purpose(self) -> str:
        """What the change of the notes that goes on was said to be for; empty without one."""
        with self._lock:
            return self._alone.text if self._alone is not None else ""

    def shut(self, purpose: str = "") -> Ticket | None:
        """Keeps every place, for a change of the notes; None while a message waits or is answered, or for another.

        Whoever has the ticket calls `reopen`; its `cancel` asks for an early end.
        """
        with self._lock:
            self._drop_left()
            if self._tickets or self._alone is not None:
                return None
            self._alone = Ticket("", purpose)
            return self._alone

    def reopen(self) -> None:
        """The change is over: messages are taken again."""
        with self._lock:
            self._alone = None

    def cut_short(self) -> None:
        """Asks the change of the notes, if there is one, to end early."""
        with self._lock:
            if self._alone is not None:
                self._alone.cancel.set()

    def take(self, tab: str, chat_id: str) -> bool:
        """Keeps the place for a message; False while the tab or the conversation has one, or the notes change."""
        with self._lock:
            self._drop_left()
            full = self._most is not None and len(self._tickets) >= self._most
            if self._alone is not None or full or tab in self._tickets or self._held(chat_id):
                return False
            self._tickets[tab] = Ticket(chat_id)
            return True

    def wait(self, tab: str, chat_id: str, text: str) -> bool:
        """The message of the place that was taken is on record and waits for its answer from now on.

        False where it was stopped meanwhile: then it is off the desk, because nobody comes any more to begin it.
        """
        with self._lock:
            ticket = self._tickets[tab]
            if ticket.cancel.is_set():
                del self._tickets[tab]
                return False
            ticket.chat_id, ticket.text, ticket.recorded = chat_id, text, True
            ticket.recorded_at = self._clock()
            return True

    def begin(self, tab: str) -> Ticket | None:
        """The waiting message, from now on being answered; None when there is none, or it was stopped."""
        with self._lock:
            ticket = self._tickets.get(tab)
            if ticket is None or ticket.begun or not ticket.recorded:
                return None
            ticket.begun = True
            return ticket

    def end(self, tab: str) -> None:
        """The tab's message is answered, or its answer is given up."""
        with self._lock:
            ticket = self._tickets.pop(tab, None)
        if ticket is not None:
            ticket.cancel.set()

    def stop(self, tab: str) -> Ticket | None:
        """Sets the switch of the tab's message and gives its ticket; None when there is none.

        A message that only waits is off the desk at once: nothing has to end first.
        """
        with self._lock:
            ticket = self._tickets.get(tab)
            if ticket is not None:
                ticket.cancel.set()
                if ticket.recorded and not ticket.begun:
                    del self._tickets[tab]
            return ticket

    def stop_all(self) -> None:
        """Sets the switch of every message, and of a change of the notes."""
        with self._lock:
            for ticket in (*self._tickets.values(), *([self._alone] if self._alone else ())):
                ticket.cancel.set()

    def _drop_left(self) -> None:
        """Takes messages off whose page is gone, such as one that was closed just before they were taken in."""
        since = self._clock() - UNBEGUN_S
        for tab, ticket in list(self._tickets.items()):
            if ticket.recorded and not ticket.begun and ticket.recorded_at < since:
                del self._tickets[tab]

    def _held(self, chat_id: str) -> bool:
        return bool(chat_id) and any(ticket.chat_id == chat_id for ticket in self._tickets.values())
