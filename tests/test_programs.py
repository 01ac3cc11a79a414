"""What other programs may call: the README's example as written, bounds, who may not, and the tools by MCP."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tutor.errors import PageError
from tutor.settings import PROJECT_ROOT, Settings
from tutor.ui import RunningPage, check_address, start_server

PATIENCE_S = 60.0
ENDPOINTS = {"ask", "search", "make_quiz", "grade", "progress", "list_demos", "run_demo"}


@pytest.fixture(scope="module")
def settings(page_settings: Any, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made: Settings = page_settings(tmp_path_factory.mktemp("programs"), api=True, demo_budget_s=2.0)
    return made


@pytest.fixture(scope="module")
def served(serve_page: Any, settings: Settings) -> Iterator[Any]:
    with serve_page(settings) as page:
        yield page


@pytest.fixture(scope="module")
def session(served: Any) -> Any:
    return served.opened


@pytest.fixture(scope="module")
def server(served: Any) -> RunningPage:
    running: RunningPage = served.running
    return running


@pytest.fixture(scope="module")
def client(server: RunningPage) -> Iterator[Any]:
    from gradio_client import Client

    client = Client(server.url, verbose=False, analytics_enabled=False)
    yield client
    client.close()


def _names(url: str) -> set[str]:
    with urllib.request.urlopen(f"{url}/gradio_api/info") as answer:
        return {name.strip("/") for name in json.load(answer)["named_endpoints"]}


def test_the_example_of_the_readme_runs_as_written(server: RunningPage) -> None:
    readme = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8").split("## For programs")[1]
    [code] = re.findall(r"```python\n(.*?)```", readme.split("\n## ")[0], re.DOTALL)
    assert code.count("http://127.0.0.1:7860") == 1
    code = code.replace("http://127.0.0.1:7860", server.url)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    for said in ("mode-collapse.md", "correct", "gan-2d", ".png"):
        assert said in done.stdout


def test_the_seven_endpoints_are_there_and_no_other(server: RunningPage) -> None:
    assert _names(server.url) == ENDPOINTS


def test_an_answer_is_that_of_the_command(client: Any, session: Any) -> None:
    answer = client.predict("What is mode collapse?", api_name="/ask")
    own = session.collect(session.ask("What is mode collapse?")).to_contract()
    assert {**answer, "timings": 0} == json.loads(json.dumps({**own, "timings": 0}))
    history = [{"role": "user", "content": "What is mode collapse?"}]
    assert not client.predict("How can I fix it?", "plain", history, api_name="/ask")["refused"]


def test_answers_to_a_quiz_are_kept_and_show_in_the_progress(client: Any, session: Any) -> None:
    [item] = client.predict("GANs", 1, api_name="/make_quiz")
    before = len(session.studies._kept.attempts())
    assert client.predict(item["id"], "no idea at all", api_name="/grade")["verdict"] != "correct"
    assert len(session.studies._kept.attempts()) == before + 1
    assert {"concepts", "due"} <= set(client.predict(api_name="/progress"))


@pytest.mark.parametrize(
    ("given", "endpoint", "says"),
    [
        (("",), "/ask", "The question is empty or too long. Give 1 to 4000 characters."),
        (("w" * 4001,), "/ask", "too long"),
        (("What is a GAN?", "rude"), "/ask", "There is no style 'rude'"),
        (("What is a GAN?", "plain", [{"role": "user"}]), "/ask", "history cannot be read"),
        (("GAN", 0), "/search", "from 1 to 100"),
        (("GANs", 1000), "/make_quiz", "less than or equal to 100"),
        (("none", "x"), "/grade", "no question 'none'"),
        (("no-such-demo",), "/run_demo", "there is no demo 'no-such-demo'"),
        (("gan-2d", {"steps": 10**9}), "/run_demo", "is too large: at most"),
        (("gan-2d", {}, "forever"), "/run_demo", "quick"),
    ],
)
def test_what_is_out_of_bounds_is_refused_in_words(
    client: Any, given: tuple[Any, ...], endpoint: str, says: str
) -> None:
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError) as told:
        client.predict(*given, api_name=endpoint)
    assert says in str(told.value) and "Traceback" not in str(told.value)


def test_a_run_stops_and_frees_its_place_when_its_caller_hangs_up(
    server: RunningPage, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def trains(call: Any, config: Any) -> Any:
        begun.set()
        if config["configurable"]["cancel"].wait(PATIENCE_S):
            stopped.set()
        return SimpleNamespace(artifact={"stopped": True, "result": {}})

    monkeypatch.setitem(session.tools, "run_demo", SimpleNamespace(invoke=trains))
    call = f"{server.url}/gradio_api/call/run_demo"
    body = json.dumps({"data": ["gan-2d", {}, "quick", 0]}).encode()
    request = urllib.request.Request(call, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{call}/{event}") as stream:
        assert begun.wait(PATIENCE_S) and stream.readline()
    assert stopped.wait(PATIENCE_S)
    desk, until = server._seats.of(None).desk, time.monotonic() + PATIENCE_S
    while (ticket := desk.shut()) is None and time.monotonic() < until:
        time.sleep(0.1)
    assert ticket is not None
    desk.reopen()


def test_without_the_flag_no_program_finds_an_endpoint(session: Any, settings: Settings) -> None:
    running = start_server(session, replace(settings, api=False))
    try:
        assert _names(running.url) == set()
        body = json.dumps({"data": ["What is a GAN?"]}).encode()
        request = urllib.request.Request(
            f"{running.url}/gradio_api/call/ask", body, {"Content-Type": "application/json"}
        )
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(request)
    finally:
        running.stop()


@pytest.mark.parametrize("values", [{"host": "0.0.0.0"}, {"share": True}])
@pytest.mark.parametrize("flag", ["api", "mcp"])
def test_programs_are_for_this_machine_alone(
    settings: Settings, tmp_path: Path, flag: str, values: dict[str, Any]
) -> None:
    file = tmp_path / "logins"
    with pytest.raises(PageError, match="this machine alone"):
        check_address(replace(settings, **({"api": False, "auth": file, flag: True} | values)))


def test_an_mcp_server_is_not_offered_to_a_class_or_without_its_package(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.metadata as metadata

    with pytest.raises(PageError, match="knows no log-in"):
        check_address(replace(settings, mcp=True, auth=tmp_path / "logins"))
    monkeypatch.setattr(metadata, "version", lambda name: "2.0.1")
    with pytest.raises(PageError, match=r"mcp 1\.x \(2\.0\.1 is there\)"):
        check_address(replace(settings, mcp=True))

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(PageError, match=re.escape("pip install -e '.[mcp]'")):
        check_address(replace(settings, mcp=True))


def test_the_tools_are_offered_by_mcp(session: Any, settings: Settings) -> None:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    running = start_server(session, replace(settings, api=False, mcp=True))

    async def used() -> tuple[dict[str, Any], Any]:
        async with (
            streamable_http_client(f"{running.url}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as client,
        ):
            await client.initialize()
            tools = (await client.list_tools()).tools
            name = next(tool.name for tool in tools if tool.name.endswith("search"))
            found = await client.call_tool(name, {"query": "mode collapse", "k": 1})
            return {tool.name: tool for tool in tools}, found

    try:
        tools, found = asyncio.run(used())
        assert len(tools) == len(ENDPOINTS)
        assert all(any(name.endswith(endpoint) for name in tools) for endpoint in ENDPOINTS)
        assert "mode-collapse.md" in str(found.content) and not found.isError
    finally:
        running.stop()


def test_an_mcp_server_is_there_only_when_asked_for(server: RunningPage) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{server.url}/gradio_api/mcp/")
