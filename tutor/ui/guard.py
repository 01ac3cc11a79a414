"""What stands before the page: only its own names, its own pages and bounded bodies get through. No gradio in it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from tutor.ui.tabbing import SERVED

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Scripts and styles of the page itself are inline; everything else must come from this server. Pictures and
# forms of a hostile note therefore reach nobody (measured: without it ten addresses were called, no click).
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "frame-src 'none'; object-src 'none'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; "
    "worker-src 'self' blob:"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
MOST_UPLOAD_BYTES = 50_000_000
MOST_BODY_BYTES = 1_000_000
UPLOAD = "/gradio_api/upload"
_FILE = re.compile(r"/file[=/]")
# Doors of gradio and FastAPI for those who write pages, which need no log-in or stay open without end.
_DEVELOPERS = re.compile(
    r"/openapi\.json|/gradio_api/(dev|profiling|run-history)/.*|/gradio_api/(undo-)?vibe-.*"
)
# Of two, this guard might believe one and the page the other.
_ONCE = (b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode")


class Guard:
    """Answers only requests that name this server and come from its own pages; adds the headers.

    A page elsewhere can send a browser here under another name (DNS rebinding: the Host is wrong) or from
    another site (the Origin is wrong). Files come in by one path alone, from the page itself, which names its
    Origin; go out only as pictures; and no body is read beyond its bound, whatever length it claims.

    Args:
        hosts: the names of this server. None of them but numbers may be used when `numbers` is true.
        numbers: whether any IP address is a good name too (a server open to the network has several).
    """

    def __init__(self, app: Any, hosts: frozenset[str], numbers: bool = False) -> None:
        self._app = app
        self._hosts = hosts
        self._numbers = numbers

    def allow(self, host: str) -> None:
        """Takes another name for this server's own: that of a tunnel which was opened to it."""
        self._hosts |= {host.lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if scope["type"] == "websocket":
            refusal = refusal or "this page uses no websockets"
        if refusal:
            await refuse(scope["type"], refusal, send)
            return
        bound = MOST_UPLOAD_BYTES if scope["path"] == UPLOAD else MOST_BODY_BYTES
        taken, answered = 0, False

        async def bounded() -> MutableMapping[str, Any]:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            # To the page it is as if the browser had gone away; the browser is told why below.
            return {"type": "http.disconnect"} if taken > bound else message

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            nonlocal answered
            if taken > bound and not answered:
                return
            answered = True
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0].decode().title() not in HEADERS]
                added = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*kept, *added]
            await send(message)

        try:
            await self._app(scope, bounded, with_headers)
        except Exception:
            if taken <= bound:
                raise
        if taken > bound and not answered:
            most = f"at most {bound // 1_000_000} MB at once"
            await refuse(scope["type"], most, send, status=413)

    def _refusal(self, scope: Scope) -> str:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        told = [name.lower() for name, _ in scope["headers"]]
        if any(told.count(name) > 1 for name in _ONCE):
            return "it is not clear who asks"
        host = headers.get("host", "")
        if not self._is_ours(host):
            return "unknown host"
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return "another site"
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return "another site"
        path = str(scope.get("path", ""))
        if path.rstrip("/").endswith(("/upload", "/process_recording")):
            return "" if path == UPLOAD and origin is not None else "files are added on the page alone"
        if _DEVELOPERS.fullmatch(path):
            return "this door is closed"
        if _FILE.search(path) and not path.endswith(SERVED):
            return "only pictures and runs are served"
        return ""

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._hosts:
            return True
        return self._numbers and is_number(name)


async def refuse(kind: str, reason: str, send: Send, status: int = 403) -> None:
    """Answers a request with a status and a line that says why it is refused."""
    if kind == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = f"Refused: {reason}.".encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def is_number(name: str) -> bool:
    """Whether a host is named by its IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
