"""Nothing leaves the machine: the program works with every way to other hosts blocked, and tries none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

HOSTILE = {
    "LANGSMITH_TRACING": "true",
    "LANGCHAIN_TRACING_V2": "true",
    "LANGSMITH_API_KEY": "stray",
    "LANGCHAIN_API_KEY": "stray",
    "GRADIO_ANALYTICS_ENABLED": "True",
    "GRADIO_SHARE": "True",
    "HF_HUB_OFFLINE": "0",
    "HF_HUB_DISABLE_TELEMETRY": "0",
    "TRANSFORMERS_OFFLINE": "0",
    "ANONYMIZED_TELEMETRY": "True",
}

# Python runs this before anything else, in the process of the test and in all that it starts.
BLOCK = """
import ipaddress, os, socket

def is_here(host):
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified

def refuse(how, host):
    with open(os.environ["BLOCKED_LOG"], "a") as file:
        file.write(f"{how} {host}\\n")
    raise OSError(101, f"blocked: {how} {host}")

def guard(how, real):
    def call(self, *arguments):
        address = arguments[-1]
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_here(address[0]):
            refuse(how, address[0])
        return real(self, *arguments)
    return call

def guard_name(how, real):
    def call(host, *rest, **named):
        if not is_here(host):
            refuse(how, host)
        return real(host, *rest, **named)
    return call

for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, guard(name, getattr(socket.socket, name)))
for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
    setattr(socket, name, guard_name(name, getattr(socket, name)))
"""

# One process for all commands, since each load of the embedding weights takes seconds.
PROGRAM = """
import io, json, os, socket, sys, urllib.request
from pathlib import Path
from tutor.cli import main

def say(name, value):
    print("\\n@" + json.dumps([name, value]), flush=True)

def run(name, *arguments, stdin=""):
    sys.stdin, sys.stdout = io.StringIO(stdin), io.StringIO()
    try:
        status = main([*sys.argv[1:], *arguments])
        out = sys.stdout.getvalue()
    finally:
        sys.stdin, sys.stdout = sys.__stdin__, sys.__stdout__
    say(name, {"status": status, "out": out})

def serve():
    from tutor.session import open_session
    from tutor.settings import read_settings
    from tutor.ui import start_server
    values = dict(zip([word[2:].replace("-", "_") for word in sys.argv[1::2]], sys.argv[2::2]))
    values |= {"notes": [Path(values["notes"])], "port": 0}
    settings = read_settings(values)
    session = open_session(settings, record=True)
    page = start_server(session, settings)
    with urllib.request.urlopen(page.url, timeout=30) as answer:
        say("page", {"status": answer.status, "out": answer.read().decode()})
    page.stop()
    session.close()

run("index", "index", "--json")
run("ask", "ask", "What is mode collapse?", "--json")
run("quiz", "quiz", "GANs", "--json")
run("chat", "chat", stdin="What is mode collapse?\\nquiz me on GANs\\nskip\\n")
serve()
say("attempts", Path(os.environ["BLOCKED_LOG"]).read_text())

# The block itself works: without this, an empty log would prove nothing.
for attempt in (lambda: socket.create_connection(("192.0.2.1", 80), 1), lambda: socket.getaddrinfo("example.org", 80)):
    try:
        attempt()
    except OSError as error:
        say("control", str(error))
"""


def options(notes: Path, folder: Path) -> list[str]:
    """The options that every command is given."""
    places = {"notes": notes, "index-dir": folder / "index", "data-dir": folder / "data"}
    words = [word for name, path in places.items() for word in (f"--{name}", str(path))]
    return [*words, "--model", "notes-only"]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, small_notes: Path) -> dict[str, list[Any]]:
    """What the commands answered in a blocked process with a hostile environment: name -> its answers."""
    folder = tmp_path_factory.mktemp("offline")
    (folder / "sitecustomize.py").write_text(BLOCK)
    (folder / "log").touch()
    environ = os.environ | HOSTILE | {
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "BLOCKED_LOG": str(folder / "log"),
        "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "XDG_CONFIG_HOME": str(folder / "config"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *options(small_notes, folder)],
        env=environ, cwd=folder, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    answers: dict[str, list[Any]] = {}
    for line in done.stdout.splitlines():
        if line.startswith("@"):
            name, value = json.loads(line[1:])
            answers.setdefault(name, []).append(value)
    return answers


def test_the_commands_work_with_every_way_out_blocked(said: dict[str, list[Any]]) -> None:
    out = {}
    for name in ("index", "ask", "quiz", "chat"):
        [done] = said[name]
        assert done["status"] == 0, name
        out[name] = done["out"]
    assert json.loads(out["index"])["notes"] == 3
    assert json.loads(out["ask"])["citations"][0]["note"] == "mode-collapse.md"
    assert json.loads(out["quiz"])[0]["citation"]["note"] in ("deck.md", "gan.md")
    assert "[1] mode-collapse.md" in out["chat"]
    assert "Question 1 of" in out["chat"]


def test_the_page_is_served_with_every_way_out_blocked(said: dict[str, list[Any]]) -> None:
    [page] = said["page"]
    assert page["status"] == 200
    assert "<html" in page["out"]


def test_no_other_host_was_even_tried_whatever_the_environment_said(said: dict[str, list[Any]]) -> None:
    assert said["attempts"] == [""]
    assert len(said["control"]) == 2
    assert all("blocked: " in error for error in said["control"])


def has_namespaces() -> bool:
    """Whether this machine lets a process give up its network."""
    tool = shutil.which("unshare")
    return bool(tool) and subprocess.run([str(tool), "-rn", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not has_namespaces(), reason="this machine grants no network namespaces (unshare -rn)")
def test_an_answer_comes_without_any_network_at_all(small_notes: Path, tmp_path: Path) -> None:
    question = ["ask", "What is mode collapse?", "--json"]
    command = [sys.executable, "-m", "tutor", *options(small_notes, tmp_path), *question]
    environ = os.environ | HOSTILE | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["unshare", "-rn", *command], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["citations"][0]["note"] == "mode-collapse.md"
