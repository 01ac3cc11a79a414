"""The web server of the page: one port, closed to other sites, other names and other hosts."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.errors import PageError, SettingsError
from tutor.logins import Door, read_logins
from tutor.notes.recognise import LARGEST_FILE_MB
from tutor.settings import Settings
from tutor.ui.gate import COMING, Gate
from tutor.ui.guard import Guard, is_number
from tutor.ui.look import CSS, HEAD, theme
from tutor.ui.mends import describe_chats_once, fetch_nothing
from tutor.ui.page import build_page
from tutor.ui.seats import Class, Seats
from tutor.ui.tabs_look import TABS_CSS, TABS_SCRIPT
from tutor.ui.view import Session

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

START_S = 60.0
STOP_S = 10.0
MOST_THREADS = 120  # each answer that waits in line holds one
MOST_QUEUED = 32
WELCOME = (
    "Log in with the name and the password that you were given. "
    "After some wrong tries the next one must wait, each time longer."
)
SHARE_WARNING = (
    "--share opens this page to the internet through servers of another company (Gradio's tunnel, gradio.live). "
    "All that students send and see passes through them and can be read there: questions, answers, passages of the "
    "notes, uploaded files, pictures, names and passwords. Notes, index, records and model stay on this machine. "
    "The tunnel's program (frpc) is fetched from the network. Without --share nothing leaves this machine."
)


@dataclass
class RunningPage:
    """A page that is being served from a thread of its own. `url` is what to open; `stop` ends it."""

    url: str
    _server: uvicorn.Server
    _thread: threading.Thread
    _seats: Seats[Any]
    _log: logging.Handler
    shared_url: str = ""

    def stop(self) -> None:
        """Stops answers and demos at work, closes connections and frees the port. May be called twice."""
        self._seats.stop_all()
        if self.shared_url:
            _close_tunnels()
        self._server.should_exit = True
        self._thread.join(STOP_S)
        _close_log(self._log)

    def wait(self) -> None:
        """Returns when the server has ended."""
        while self._thread.is_alive():
            self._thread.join(0.5)


def check_address(settings: Settings) -> None:
    """Finds out at once, before any model is loaded, whether the page can be served.

    Raises:
        PageError: the port is in use or not allowed, the host is none of this machine's, or the page would
            be open to the network without a password.
        SettingsError: the file of logins cannot be used.
    """
    if settings.share and settings.auth is None:
        raise PageError("--share without a log-in would let anyone who has the address in",
                        "Add --auth FILE; `tutor users add NAME --file FILE` makes it.")  # fmt: skip
    if not _is_loopback(settings.host) and settings.auth is None:
        raise PageError(f"On {settings.host} anyone on the network could read your conversations",
                        "Leave it out, or add --auth FILE; `tutor users add NAME --file FILE` makes it.")  # fmt: skip
    if (settings.api or settings.mcp) and (settings.share or not _is_loopback(settings.host)):
        raise PageError("Programs may use the page on this machine alone",
                        "Leave out --host and --share, or --api and --mcp.")  # fmt: skip
    if settings.mcp:
        _check_mcp(settings)
    if settings.auth is not None:
        read_logins(settings.auth)
    _bound(settings).close()


def _check_mcp(settings: Settings) -> None:
    from importlib.metadata import PackageNotFoundError, version

    if settings.auth is not None:
        raise PageError("An MCP server knows no log-in", "Leave out --mcp or --auth.")
    try:
        found = version("mcp")
    except PackageNotFoundError:
        found = ""
    if found.partition(".")[0] != "1":
        what = f"--mcp needs the package mcp 1.x ({f'{found} is there' if found else 'it is missing'})"
        raise PageError(what, "Say `pip install -e '.[mcp]'`.")


def start_server(
    students: Session | Class,
    settings: Settings,
    *,
    clock: Callable[[], float] = time.monotonic,
    tunnel: Callable[[int], str] | None = None,
) -> RunningPage:
    """Serves the page from a thread; returns when it answers. Port 0 takes a free one.

    Args:
        students: the opened session; a class where the settings name a file of logins.
        clock: s, never going back; times the waits of wrong log-ins.
        tunnel: opens this machine's port to the internet and returns the address; gradio's if not given.

    Raises:
        PageError: as `check_address`, or the server did not come up, or cannot be shared.
    """
    if isinstance(students, Class) != (settings.auth is not None):
        raise PageError("A class needs a log-in, and a log-in a class", "Name the logins with --auth FILE.")
    check_address(settings)
    listening = _bound(settings)
    port = int(listening.getsockname()[1])
    log = _open_log(settings)
    try:
        guard, seats = _application(students, settings, port, clock)
        server = _server(guard)
    except BaseException:
        listening.close()
        _close_log(log)
        raise
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="page", daemon=True)
    thread.start()
    page = RunningPage(f"http://{_spoken(settings.host)}:{port}", server, thread, seats, log)
    until = time.monotonic() + START_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            page.stop()
            raise PageError(f"The page did not come up on {page.url}", f"See {_log_file(settings)}.")
        time.sleep(0.02)
    if settings.share:
        _share(page, guard, port, tunnel or partial(_tunnel, _spoken(settings.host).strip("[]")))
    return page


def _share(page: RunningPage, guard: Guard, port: int, tunnel: Callable[[int], str]) -> None:
    """Opens the running page to the internet; stops it when that fails."""
    try:
        page.shared_url = tunnel(port)
    except Exception as error:
        page.stop()
        raise PageError(
            f"The page could not be shared ({error})",
            "Leave out --share, or look at the network connection of this machine.",
        ) from error
    guard.allow(page.shared_url.partition("://")[2])


def _tunnel(host: str, port: int) -> str:
    from gradio.networking import setup_tunnel

    return setup_tunnel(host, port, secrets.token_urlsafe(32), None, None)


def _close_tunnels() -> None:
    from gradio.tunneling import CURRENT_TUNNELS

    for tunnel in CURRENT_TUNNELS:
        tunnel.kill()


def serve(students: Session | Class, settings: Settings, *, on_ready: Callable[[RunningPage], None]) -> None:
    """Serves the page until Ctrl-C or SIGTERM, then ends cleanly.

    Args:
        on_ready: called once the page answers.

    Raises:
        PageError: the page cannot be served.
    """
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) if in_main else None
    page: RunningPage | None = None
    try:
        page = start_server(students, settings)
        on_ready(page)
        page.wait()
    except KeyboardInterrupt:
        pass
    finally:
        if page is not None:
            page.stop()
        if in_main:
            signal.signal(signal.SIGTERM, before)


def _application(
    students: Session | Class, settings: Settings, port: int, clock: Callable[[], float]
) -> tuple[Guard, Seats[Any]]:
    """The page on a FastAPI application behind the guard, and in a class behind the gate; and its seats."""
    pictures = settings.cache_dir / "page"
    pictures.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_left_behind(pictures, time.time())
    os.environ["GRADIO_TEMP_DIR"] = str(pictures)  # read when the first component is made

    import gradio as gr
    from fastapi import FastAPI

    fetch_nothing()
    describe_chats_once()
    local = _is_loopback(settings.host) and not settings.share
    programs = settings.api or settings.mcp
    blocks, seats = build_page(students, log_file=_log_file(settings), local=local, programs=programs)
    door = Door(settings.auth, clock) if settings.auth is not None else None
    # A mounted page counts as not launched, and gradio then believes any path that a browser names as an upload.
    blocks.has_launched = True
    blocks.max_threads = MOST_THREADS
    blocks.queue(max_size=MOST_QUEUED, default_concurrency_limit=1, api_open=False)
    app: FastAPI = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        server_name=settings.host,
        server_port=port,
        auth=_check(door) if door is not None else None,
        auth_message=f"<title>Tutor</title>{WELCOME}",  # gradio names only a page that one is let into
        allowed_paths=[],
        show_error=False,
        max_file_size=LARGEST_FILE_MB * 2**20,  # gradio tells it in MiB
        ssr_mode=False,
        enable_monitoring=False,
        run_history=False,
        mcp_server=settings.mcp,
        pwa=False,
        footer_links=[],
        theme=theme(),
        css=CSS + TABS_CSS,
        head=HEAD + TABS_SCRIPT,
    )
    inner: Any = app
    if door is not None:
        inner = Gate(app, app.routes[-1].app, seats, door, clock)  # type: ignore[attr-defined]
    names = {"localhost", "127.0.0.1", "::1", settings.host.lower(), socket.gethostname().lower()}
    return Guard(inner, frozenset(names), numbers=not _is_loopback(settings.host)), seats


def _check(door: Door) -> Callable[[str, str], Awaitable[bool]]:
    """Gradio's check of a name and a password. A flood of tries takes no threads from the page."""
    from anyio import CapacityLimiter
    from anyio.to_thread import run_sync
    from fastapi import HTTPException

    few = CapacityLimiter(2)

    async def check(name: str, password: str) -> bool:
        coming = COMING.get()
        wait_s = door.wait_s(name, coming.address)
        if wait_s > 0:
            # 400 is what the page shows as a failure; another status would leave the student without a word.
            told = f"Too many wrong tries: wait {ceil(wait_s)} s."
            raise HTTPException(400, told, {"Retry-After": str(ceil(wait_s))})
        try:
            coming.let_in = await run_sync(door.opens, name, password, coming.address, limiter=few)
        except SettingsError as error:
            logging.getLogger("tutor.ui").error("nobody can log in: %s", error)
        return bool(coming.let_in)

    return check


def remove_left_behind(folder: Path, now: float) -> None:
    """Removes what a page that was not ended in order left in its folder, long before `now` (s since 1970).

    Another page may be at work there: pieces of uploads go after an hour, and uploads and copies of pictures after a
    day, as those of a running page do. A copy is made anew whenever its picture is shown.
    """
    for pattern, kept_s in (("tmp*", 3600), ("*/*", 86400)):
        for path in folder.glob(pattern):
            with suppress(OSError):
                if not path.is_dir() and path.lstat().st_mtime < now - kept_s:
                    path.unlink()
                    if path.parent != folder:
                        path.parent.rmdir()


def _server(app: Guard) -> uvicorn.Server:
    import uvicorn

    config = uvicorn.Config(
        app,
        http="h11",  # bounds what stands before a body; httptools, where it is installed, reads on without end
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
        lifespan="on",
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
    return host == "localhost" or (is_number(host) and ipaddress.ip_address(host).is_loopback)


def _spoken(host: str) -> str:
    """The host as it is written in an address; a server open to all is reached here as 127.0.0.1."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


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


def _close_log(handler: logging.Handler) -> None:
    logging.getLogger("tutor").removeHandler(handler)
    handler.close()
