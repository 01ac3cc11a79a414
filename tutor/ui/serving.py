"""The web server of the page: one port, closed to other sites, other names and other hosts."""

from __future__ import annotations

import errno
import hmac
import ipaddress
import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tutor.errors import PageError
from tutor.notes.recognise import LARGEST_FILE_MB
from tutor.settings import Settings
from tutor.ui.desk import Desk
from tutor.ui.look import CSS, SCRIPT, theme
from tutor.ui.page import build_page
from tutor.ui.tabbing import SERVED
from tutor.ui.tabs_look import TABS_CSS, TABS_SCRIPT
from tutor.ui.view import Session

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

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
}
MOST_UPLOAD_BYTES = 50_000_000
MOST_BODY_BYTES = 1_000_000
_UPLOAD = "/gradio_api/upload"
_FILE = re.compile(r"/file[=/]")
START_S = 60.0
STOP_S = 10.0
MOST_FAILED_LOGINS = 10


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if scope["type"] == "websocket":
            refusal = refusal or "this page uses no websockets"
        if refusal:
            await _refuse(scope["type"], refusal, send)
            return
        bound = MOST_UPLOAD_BYTES if scope["path"] == _UPLOAD else MOST_BODY_BYTES
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
            await _refuse(scope["type"], most, send, status=413)

    def _refusal(self, scope: Scope) -> str:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
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
            return "" if path == _UPLOAD and origin is not None else "files are added on the page alone"
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
        return self._numbers and _is_number(name)


async def _refuse(kind: str, reason: str, send: Send, status: int = 403) -> None:
    if kind == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = f"Refused: {reason}.".encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@dataclass
class RunningPage:
    """A page that is being served from a thread of its own. `url` is what to open; `stop` ends it."""

    url: str
    _server: uvicorn.Server
    _thread: threading.Thread
    _desk: Desk
    _log: logging.Handler

    def stop(self) -> None:
        """Stops answers and demos at work, closes connections and frees the port. May be called twice."""
        self._desk.stop_all()
        self._server.should_exit = True
        self._thread.join(STOP_S)
        logging.getLogger("tutor").removeHandler(self._log)
        self._log.close()

    def wait(self) -> None:
        """Returns when the server has ended."""
        while self._thread.is_alive():
            self._thread.join(0.5)


def check_address(settings: Settings) -> None:
    """Finds out at once, before any model is loaded, whether the page can be served.

    Raises:
        PageError: the port is in use or not allowed, the host is none of this machine's, or the page would
            be open to the network without a password.
    """
    if settings.share:
        raise PageError("The page cannot be shared through another company's server",
                        "Leave out --share; one person on several devices can use --host with --auth FILE: "
                        "everyone with a login shares one record.")  # fmt: skip
    if not _is_loopback(settings.host) and settings.auth is None:
        raise PageError(f"On {settings.host} anyone on the network could read your conversations",
                        "Leave out --host, or add --auth FILE with lines `name:password`, for one person from "
                        "several devices: everyone with a login shares one record.")  # fmt: skip
    if settings.auth is not None:
        _read_logins(settings.auth)
    _bound(settings).close()


def start_server(session: Session, settings: Settings) -> RunningPage:
    """Serves the page from a thread; returns when it answers. Port 0 takes a free one.

    Raises:
        PageError: as `check_address`, or the server did not come up.
    """
    check_address(settings)
    listening = _bound(settings)
    port = int(listening.getsockname()[1])
    log = _open_log(settings)
    desk = Desk()
    try:
        server = _server(_application(session, settings, desk, port))
    except BaseException:
        listening.close()
        raise
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="page", daemon=True)
    thread.start()
    page = RunningPage(f"http://{_spoken(settings.host)}:{port}", server, thread, desk, log)
    until = time.monotonic() + START_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            page.stop()
            raise PageError(f"The page did not come up on {page.url}", f"See {_log_file(settings)}.")
        time.sleep(0.02)
    return page


def serve(session: Session, settings: Settings, *, on_ready: Callable[[str], None]) -> None:
    """Serves the page until Ctrl-C or SIGTERM, then ends cleanly.

    Args:
        on_ready: called with the address once the page answers.

    Raises:
        PageError: the page cannot be served.
    """
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) if in_main else None
    page: RunningPage | None = None
    try:
        page = start_server(session, settings)
        on_ready(page.url)
        page.wait()
    except KeyboardInterrupt:
        pass
    finally:
        if page is not None:
            page.stop()
        if in_main:
            signal.signal(signal.SIGTERM, before)


def _application(session: Session, settings: Settings, desk: Desk, port: int) -> Guard:
    """The page on a FastAPI application behind the guard."""
    pictures = settings.cache_dir / "page"
    pictures.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_broken_uploads(pictures, time.time())
    os.environ["GRADIO_TEMP_DIR"] = str(pictures)  # read when the first component is made

    import gradio as gr
    from fastapi import FastAPI

    local = _is_loopback(settings.host)
    blocks = build_page(session, desk=desk, log_file=_log_file(settings), local=local)
    # A mounted page counts as not launched, and gradio then believes any path that a browser names as an upload.
    blocks.has_launched = True
    blocks.queue(max_size=32, default_concurrency_limit=1, api_open=False)
    app: FastAPI = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        server_name=settings.host,
        server_port=port,
        auth=_logins(settings.auth) if settings.auth is not None else None,
        allowed_paths=[],
        show_error=False,
        max_file_size=LARGEST_FILE_MB * 2**20,  # gradio tells it in MiB
        ssr_mode=False,
        enable_monitoring=False,
        run_history=False,
        mcp_server=False,
        pwa=False,
        footer_links=[],
        theme=theme(),
        css=CSS + TABS_CSS,
        head=SCRIPT + TABS_SCRIPT,
    )
    names = {"localhost", "127.0.0.1", "::1", settings.host.lower(), socket.gethostname().lower()}
    return Guard(app, frozenset(names), numbers=not local)


def remove_broken_uploads(folder: Path, now: float) -> None:
    """Removes what uploads that broke off left behind more than an hour before `now` (s since 1970)."""
    for path in folder.glob("tmp*"):
        with suppress(OSError):
            if path.is_file() and path.stat().st_mtime < now - 3600:
                path.unlink()


def _server(app: Guard) -> uvicorn.Server:
    import uvicorn

    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=2, lifespan="on"
    )
    return uvicorn.Server(config)


def _bound(settings: Settings) -> socket.socket:
    """A socket on the address, bound: nobody can take the port between the check and the start."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise _told(settings, error) from error
    return listening


def _told(settings: Settings, error: OSError) -> PageError:
    another = f"Choose another with `tutor --port {settings.port + 1 if settings.port < 65535 else 7860}`."
    if error.errno == errno.EADDRINUSE:
        return PageError(f"Port {settings.port} is in use", another)
    if error.errno == errno.EACCES:
        return PageError(
            f"Port {settings.port} is not allowed for this user", "Choose one above 1023 with `tutor --port`."
        )
    return PageError(
        f"The page cannot be served on {settings.host} ({error.strerror or error})",
        "Leave out --host to use 127.0.0.1.",
    )


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_number(host) and ipaddress.ip_address(host).is_loopback)


def _spoken(host: str) -> str:
    """The host as it is written in an address; a server open to all is reached here as 127.0.0.1."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def _read_logins(file: Path) -> dict[str, str]:
    """name -> password from lines `name:password`; blank lines and lines that begin with # are left out."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PageError(
            f"The logins in {file} cannot be read ({error})", "Name a text file of lines `name:password`."
        ) from error
    pairs = [
        line.strip().partition(":") for line in lines if line.strip() and not line.lstrip().startswith("#")
    ]
    if not pairs or not all(name and colon and password for name, colon, password in pairs):
        raise PageError(f"{file} holds no logins", "Write one `name:password` per line.")
    return {name: password for name, _, password in pairs}


def _logins(file: Path) -> Callable[[str, str], bool]:
    """The check of a name and password; after MOST_FAILED_LOGINS within a minute it refuses all."""
    known = _read_logins(file)
    failed: list[float] = []

    def check(name: str, password: str) -> bool:
        now = time.monotonic()
        failed[:] = [at for at in failed if now - at < 60.0]
        if len(failed) >= MOST_FAILED_LOGINS:
            return False
        if name in known and hmac.compare_digest(known[name].encode(), password.encode()):
            return True
        failed.append(now)
        return False

    return check


def _log_file(settings: Settings) -> Path:
    return settings.data_dir / "tutor.log"


def _open_log(settings: Settings) -> logging.Handler:
    """Details of failures go to a file beside the student's record, bounded to a few megabytes."""
    from logging.handlers import RotatingFileHandler

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        _log_file(settings), maxBytes=2_000_000, backupCount=1, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("tutor").addHandler(handler)
    return handler
