"""What stands before the page of a class: each request is somebody's, and reaches nothing that is another's.

The listeners themselves work only at the seat of who is logged in. The gate closes what lies around them: the doors
that the page does not use, the streams of other students' tabs, their pictures, floods of requests and of guesses.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tutor.logins import Door, login_name
from tutor.ui.desk import Pace
from tutor.ui.guard import UPLOAD, Receive, Scope, Send, refuse
from tutor.ui.seats import Seats


@dataclass
class Coming:
    """Who comes to log in: the address, and the line of the file of logins that let them in, once it did."""

    address: str = ""
    let_in: str = ""


COMING: ContextVar[Coming] = ContextVar("coming")
"""Of the request that is being served."""

CALLS_A_MINUTE = 400
UPLOADS_AN_HOUR = 100
MOST_TABS = 200

_API = "/gradio_api"
_OPEN = re.compile(
    r"/(theme\.css|robots\.txt|favicon\.ico|manifest\.json|pwa_icon(/\d+)?|(static|assets|svelte)/.*)?"
    rf"|/login/?|{_API}/(theme\.css|login_check/?|app_id/?)"
)
_INSIDE = re.compile(
    r"/(config|logout)/?"
    rf"|{_API}/(info/?|user/?|queue/(join|data|status)|run/predict/?|heartbeat/[^/]+|reset/?|startup-events|upload)"
    rf"|{_API}/upload_progress|{_API}/file[=/].*"
)
_POSTED = re.compile(rf"/login/?|{_API}/(queue/join|run/predict/?|reset/?|upload)")
_WITH_BODY = re.compile(rf"{_API}/(queue/join|run/predict/?|reset/?)")
_LOG_IN = re.compile("/login/?")
_HEARTBEAT = re.compile(rf"{_API}/heartbeat/([^/]+)")
_FILE = re.compile(rf"{_API}/file[=/](.*)")


class Gate:
    """Lets through what a student of the class may ask for; everything else is refused.

    Args:
        entered: gradio's application: its cookie's name, and who holds which token.
        seats: the seats of the class.
        door: who may log in.
        clock: s, never going back.
    """

    def __init__(
        self, app: Any, entered: Any, seats: Seats[Any], door: Door, clock: Callable[[], float]
    ) -> None:
        self._app = app
        self._entered = entered
        self._seats = seats
        self._door = door
        self._clock = clock
        self._let_in: dict[str, str] = {}
        self._tabs: dict[str, OrderedDict[str, None]] = {}
        self._holder: dict[str, str] = {}
        self._calls: dict[str, Pace] = {}
        self._uploads: dict[str, Pace] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, posted = str(scope["path"]), scope["method"] not in ("GET", "HEAD")
        name = self._name(scope)
        if posted and not _POSTED.fullmatch(path):
            await refuse("http", "this door is closed", send, 404 if name else 401)
        elif posted and _LOG_IN.fullmatch(path):
            await self._logging_in(scope, receive, send)
        elif path == "/" or _OPEN.fullmatch(path):
            await self._app(scope if name else _without_cookies(scope), receive, send)
        elif name is None:
            await refuse("http", "log in first", send, 401)
        elif not _INSIDE.fullmatch(path):
            await refuse("http", "this door is closed", send, 404)
        elif posted and self._too_many(name, path):
            await refuse("http", "too many requests: wait a minute", send, 429)
        elif posted and _WITH_BODY.fullmatch(path):
            await self._with_body(name, scope, receive, send)
        elif self._is_anothers(name, path, scope):
            await refuse("http", "this is not yours", send, 403)
        else:
            await self._app(scope, receive, send)

    def _name(self, scope: Scope) -> str | None:
        """Who sent the request, by the cookie of their log-in; None for nobody, for one who was taken out since, and
        for one whose password is another since."""
        for token in self._tokens(scope["headers"], b"cookie"):
            if token in self._entered.tokens:
                name = login_name(str(self._entered.tokens[token]))
                line = self._door.line(name)
                return name if line and self._let_in.get(token) == line else None
        return None

    async def _logging_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keeps by which line of the file each token was given: with another line it is worth nothing."""
        coming = Coming(str((scope.get("client") or ("",))[0]))
        COMING.set(coming)

        async def kept(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and coming.let_in:
                given = self._tokens(message["headers"], b"set-cookie")
                held = self._entered.tokens
                self._let_in = {token: line for token, line in self._let_in.items() if token in held}
                self._let_in |= dict.fromkeys(given, coming.let_in)
            await send(message)

        await self._app(_without_cookies(scope), receive, kept)

    def _tokens(self, headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
        """The tokens of log-ins in the headers of that name."""
        from starlette.requests import cookie_parser

        # http.cookies would drop every cookie after one that it cannot read, such as another program's JSON.
        cookies: dict[str, str] = {}
        for key, value in headers:
            if key.lower() == name:
                cookies |= cookie_parser(value.decode("latin-1"))
        kinds = (f"{kind}{self._entered.cookie_id}" for kind in ("access-token-", "access-token-unsecure-"))
        return [cookies[kind] for kind in kinds if kind in cookies]

    def _too_many(self, name: str, path: str) -> bool:
        if path == UPLOAD:
            paces, most, within_s = self._uploads, UPLOADS_AN_HOUR, 3600.0
        else:
            paces, most, within_s = self._calls, CALLS_A_MINUTE, 60.0
        return paces.setdefault(name, Pace(most, within_s, self._clock)).wait_s() > 0

    def _is_anothers(self, name: str, path: str, scope: Scope) -> bool:
        """Whether a request without a body names a tab or a picture that is not the student's."""
        file = _FILE.fullmatch(path)
        if file is not None:
            return not self._seats.shows(name, str(Path(file[1])))
        beat = _HEARTBEAT.fullmatch(path)
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [])
        return not all(self._holds(name, tab) for tab in (*asked, *([beat[1]] if beat else ())))

    async def _with_body(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads the body, which names the tab that it comes from, and hands it on if that is the student's own."""
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            said = json.loads(body)
            tab = said.get("session_hash")
        except (ValueError, AttributeError, RecursionError):
            await refuse("http", "this is no request of the page", send, 400)
            return
        if not isinstance(tab, str) or not self._holds(name, tab):
            await refuse("http", "this is not yours", send, 403)
            return
        given = False

        async def again() -> MutableMapping[str, Any]:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, send)

    def _holds(self, name: str, tab: str) -> bool:
        """Whether a tab is the student's; one that nobody has named before becomes theirs."""
        if not 1 <= len(tab) <= 100:
            return False
        if self._holder.setdefault(tab, name) != name:
            return False
        mine = self._tabs.setdefault(name, OrderedDict())
        mine[tab] = None
        mine.move_to_end(tab)
        if len(mine) > MOST_TABS:
            del self._holder[mine.popitem(last=False)[0]]
        return True


def _without_cookies(scope: Scope) -> Scope:
    """The request as one who was never here sends it."""
    kept = [pair for pair in scope["headers"] if pair[0].lower() != b"cookie"]
    return {**scope, "headers": kept}
