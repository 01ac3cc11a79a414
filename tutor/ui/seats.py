"""Who asks: a seat for each student of a class, one for all where nobody logs in. No gradio in it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Generic, Protocol, TypeVar, runtime_checkable

from tutor.classroom import Once
from tutor.errors import PageError
from tutor.logins import login_name
from tutor.ui.desk import Desk
from tutor.ui.view import Session

MESSAGES_A_MINUTE = 20


@runtime_checkable
class Class(Protocol):
    """What the page needs of an opened class."""

    @property
    def shared(self) -> Session: ...
    def student(self, name: str) -> Session: ...


class Place(Protocol):
    """What every seat has."""

    @property
    def desk(self) -> Desk: ...
    def shows(self, path: str) -> bool: ...


P = TypeVar("P", bound=Place)


class Seats(Generic[P]):
    """The seats by the name that was found out by the log-in; safe to call from several threads.

    Args:
        make: the seat of a name; called once for each, with an empty name where nobody logs in.
        are_named: whether each student has a seat of their own.
        shown_to_all: the pictures that are shown to everybody, whatever the seat.
    """

    def __init__(
        self, make: Callable[[str], P], *, are_named: bool, shown_to_all: Collection[str] = ()
    ) -> None:
        self.are_named = are_named
        self._shown_to_all = shown_to_all
        self._seats = Once(make)

    def of(self, name: str | None) -> P:
        """The seat of who is logged in.

        Args:
            name: as the server found it out; never what the browser says.

        Raises:
            PageError: in a class, nobody is logged in.
            TutorError: the student's record cannot be opened.
        """
        key = self._key(name)
        if self.are_named and not key:
            raise PageError("Nobody is logged in", "Load the page again and log in.")
        return self._seats(key)

    def shows(self, name: str | None, path: str) -> bool:
        """Whether a picture was shown to who is logged in.

        It opens nothing and waits for nobody, so that it may be asked where all requests come by.
        """
        seat = self._seats.made(self._key(name))
        return path in self._shown_to_all or (seat is not None and seat.shows(path))

    def _key(self, name: str | None) -> str:
        return login_name(name or "") if self.are_named else ""

    def stop_all(self) -> None:
        """Stops the work of every seat."""
        for seat in self._seats.all():
            seat.desk.stop_all()
