"""Who is being answered: at most one message per browser tab, and the switch that stops it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Ticket:
    """A message that waits for its answer or is being answered; set `cancel` to end the work."""

    chat_id: str
    text: str
    cancel: threading.Event = field(default_factory=threading.Event)
    begun: bool = False


class Desk:
    """Tickets by tab. A tab is named by the page's own session hash; safe to call from several threads."""

    def __init__(self) -> None:
        self._tickets: dict[str, Ticket] = {}
        self._lock = threading.Lock()

    def busy(self, tab: str) -> bool:
        """Whether the tab's message is being answered; one that only waits may be replaced."""
        with self._lock:
            ticket = self._tickets.get(tab)
            return ticket is not None and ticket.begun

    def take(self, tab: str, chat_id: str, text: str) -> bool:
        """Takes a message in; False while the tab's last one is being answered."""
        with self._lock:
            ticket = self._tickets.get(tab)
            if ticket is not None and ticket.begun:
                return False
            self._tickets[tab] = Ticket(chat_id, text)
            return True

    def begin(self, tab: str) -> Ticket | None:
        """The waiting message, from now on being answered; None when there is none, or it was stopped."""
        with self._lock:
            ticket = self._tickets.get(tab)
            if ticket is None or ticket.begun:
                return None
            if ticket.cancel.is_set():
                del self._tickets[tab]
                return None
            ticket.begun = True
            return ticket

    def end(self, tab: str) -> None:
        """The tab's message is answered, or its answer is given up."""
        with self._lock:
            ticket = self._tickets.pop(tab, None)
        if ticket is not None:
            ticket.cancel.set()

    def stop(self, tab: str) -> bool:
        """Sets the switch of the tab's message; False when there is none."""
        with self._lock:
            ticket = self._tickets.get(tab)
            if ticket is not None:
                ticket.cancel.set()
            return ticket is not None

    def stop_all(self) -> None:
        """Sets the switch of every message."""
        with self._lock:
            for ticket in self._tickets.values():
                ticket.cancel.set()
