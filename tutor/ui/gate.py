"""What stands before the page of a class: each request is somebody's, and reaches nothing that is another's.

The listeners themselves work only at the seat of who is logged in. The gate closes what lies around them: the doors
that the page does not use, the streams of other students' tabs, their pictures, floods of requests and of guesses.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tutor.errors import TutorError
from tutor.logins import Door, login_name
from tutor.ui.desk import Pace
from tutor.ui.guard import UPLOAD, Receive, Scope, Send, refuse
from tutor.ui.seats import Seats

ADDRESS: ContextVar[str] = ContextVar("address", default="")
"""The address from which the request that is being served came."""

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
        self._tabs: dict[str, OrderedDict[str, None]] = {}
        self._holder: dict[str, str] = {}
        self._calls: dict[str, Pace] = {}
        self._uploads: dict[str, Pace] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = scope.get("client") or ("",)
        ADDRESS.set(str(client[0]))
        path, posted = str(scope["path"]), scope["method"] not in ("GET", "HEAD")
        name = self._name(scope)
        if posted and not _POSTED.fullmatch(path):
            await refuse("http", "this door is closed", send, 404 if name else 401)
        elif path == "/" or _OPEN.fullmatch(path):
            await self._app(scope, receive, send)
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
        """Who sent the request, by the cookie of their log-in; None for nobody, or one who was taken out since."""
        from starlette.requests import cookie_parser

        # http.cookies would drop every cookie after one that it cannot read, such as another program's JSON.
        cookies: dict[str, str] = {}
        for key, value in scope["headers"]:
            if key.lower() == b"cookie":
                cookies |= cookie_parser(value.decode("latin-1"))
        for kind in ("access-token-", "access-token-unsecure-"):
            token = cookies.get(f"{kind}{self._entered.cookie_id}", "")
            if token in self._entered.tokens:
                name = login_name(str(self._entered.tokens[token]))
                return name if self._door.knows(name) else None
        return None

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
            return not self._shows(name, file[1])
        beat = _HEARTBEAT.fullmatch(path)
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("session_hash", [])
        return not all(self._holds(name, tab) for tab in (*asked, *([beat[1]] if beat else ())))

    def _shows(self, name: str, file: str) -> bool:
        try:
            return bool(self._seats.of(name).shows(str(Path(file))))
        except TutorError:
            return False

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
