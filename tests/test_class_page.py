"""The page of a class, by crafted requests: who may log in, and nothing of another's. Also see test_page_requests."""

from __future__ import annotations

import http.client
import json
import re
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

import tutor.session
import tutor.ui.serving
from tutor.classroom import Classroom
from tutor.errors import PageError
from tutor.logins import add_login, remove_login
from tutor.quiz.rounds import Round
from tutor.settings import Settings
from tutor.turns import Delta, DemoOutcome, event_to_json
from tutor.ui import RunningPage, check_address, start_server
from tutor.ui.desk import Pace
from tutor.ui.quiz_tab import Mark

PASSWORD = "correct horse"
STUDENTS = ("ann", "ben", "cem", "dan", "gil", "hal")
CROWD = tuple(f"s{n:02}" for n in range(30))


class Clock:
    """s, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Browser:
    """What a student's browser sends, or somebody who can send anything."""

    def __init__(self, url: str, tab: str) -> None:
        self._address = url.removeprefix("http://")
        self.url, self.tab = url, tab
        self.cookies: dict[str, str] = {}
        self._known: list[dict[str, Any]] = []

    def send(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self._address, timeout=60)
        headers = {"Origin": self.url, "Content-Type": kind} if body is not None else {}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, urllib.parse.quote(path, safe="/=?&%"), body, headers)
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        return answer

    def log_in(self, name: str, password: str = PASSWORD) -> tuple[int, str]:
        body = urllib.parse.urlencode({"username": name, "password": password}).encode()
        answer = self.send("POST", "/login", body, "application/x-www-form-urlencoded")
        return answer.status, answer.read().decode()

    def listener(self, place: str, event: str) -> int:
        """The number of the listener of an event of the component with this id, or of an endpoint's name."""
        if not self._known:
            config = json.loads(self.send("GET", "/config").read())
            ids = {each["id"]: each["props"].get("elem_id") for each in config["components"]}
            self._known = [
                {
                    "id": one["id"],
                    "name": one["api_name"],
                    "on": {(ids.get(t[0]), t[1]) for t in one["targets"]},
                }
                for one in config["dependencies"]
            ]
        return int(
            next(one["id"] for one in self._known if (place, event) in one["on"] or one["name"] == place)
        )

    def joined(self, place: str, event: str, data: list[Any], tab: str = "") -> http.client.HTTPResponse:
        """Starts a listener, in a tab of one's own or another's."""
        asked = {"data": data, "fn_index": self.listener(place, event), "session_hash": tab or self.tab}
        return self.send("POST", "/gradio_api/queue/join", json.dumps(asked).encode())

    def joined_with(self, number: int) -> http.client.HTTPResponse:
        """Starts a listener by its number."""
        asked = {"data": [], "fn_index": number, "session_hash": self.tab}
        return self.send("POST", "/gradio_api/queue/join", json.dumps(asked).encode())

    def stream(self, tab: str = "") -> Iterator[dict[str, Any]]:
        """The messages of a tab, until all of its listeners are done."""
        answer = self.send("GET", f"/gradio_api/queue/data?session_hash={tab or self.tab}")
        assert answer.status == 200, answer.read()
        while line := answer.readline():
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    def done(self, place: str, event: str, data: list[Any]) -> dict[str, Any]:
        """Starts a listener and waits for its end; gives the last message."""
        joined = self.joined(place, event, data)
        assert joined.status == 200, joined.read()
        return next(said for said in self.stream() if said["msg"] == "process_completed")

    def say(self, text: str) -> None:
        """Sends a message, which is recorded; it is not answered yet."""
        self.done("say", "", [text, None, ""])

    def answered(self) -> str:
        """All that is streamed while the message is being answered."""
        assert self.joined("answer", "", ["Plain"]).status == 200
        return json.dumps(list(self.stream()))


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def settings(page_settings: Any, light_hash: Any, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("class")
    kept = light_hash(PASSWORD)
    (folder / "logins").write_text("".join(f"{name}:{kept}\n" for name in (*STUDENTS, *CROWD)))
    (folder / "logins").chmod(0o600)
    made: Settings = page_settings(folder, auth=folder / "logins")
    return made


@pytest.fixture(scope="module")
def served(serve_page: Any, settings: Settings, clock: Clock) -> Iterator[Any]:
    with serve_page(settings, clock=clock) as page:
        yield page


@pytest.fixture(scope="module")
def classroom(served: Any) -> Classroom:
    opened: Classroom = served.opened
    return opened


@pytest.fixture(scope="module")
def server(served: Any) -> RunningPage:
    running: RunningPage = served.running
    return running


@pytest.fixture(scope="module")
def ann(server: RunningPage) -> Browser:
    browser = Browser(server.url, "tab-of-ann")
    assert browser.log_in("ann")[0] == 200
    return browser


@pytest.fixture(scope="module")
def ben(server: RunningPage) -> Browser:
    browser = Browser(server.url, "tab-of-ben")
    assert browser.log_in("Ben")[0] == 200  # as a phone would write it
    return browser


@pytest.fixture(scope="module")
def chat(ann: Browser, classroom: Classroom) -> str:
    """A conversation of Ann's with one question and its answer."""
    ann.say("What is mode collapse?")
    assert "generator makes only a few kinds" in ann.answered()
    return classroom.student("ann").chats()[0].id


# Without a log-in


def test_guessing_makes_the_next_try_wait_and_says_so(server: RunningPage, clock: Clock) -> None:
    browser = Browser(server.url, "tab")
    for _ in range(3):
        assert browser.log_in("dan", "wrong horse") == (400, '{"detail":"Incorrect credentials."}')
    status, said = browser.log_in("dan")
    assert status == 400 and "Too many wrong tries: wait 1 s." in said
    clock.now += 1
    assert browser.log_in("dan")[0] == 200


def test_who_is_taken_out_of_the_file_is_out_at_once(server: RunningPage, settings: Settings) -> None:
    browser = Browser(server.url, "tab-of-cem")
    assert browser.log_in("cem")[0] == 200 and browser.send("GET", "/config").status == 200
    assert settings.auth is not None
    remove_login(settings.auth, "cem")
    assert browser.send("GET", "/config").status == 401 and browser.log_in("cem")[0] == 400


def test_a_cookie_of_another_program_takes_nobody_the_log_in(server: RunningPage) -> None:
    browser = Browser(server.url, "tab-of-cookies")
    assert browser.log_in("dan")[0] == 200
    browser.cookies = {"prefs": '{"a":1}'} | browser.cookies
    assert browser.send("GET", "/config").status == 200


def test_after_a_log_out_the_cookie_is_worth_nothing(server: RunningPage) -> None:
    browser = Browser(server.url, "tab-of-dan")
    assert browser.log_in("dan")[0] == 200
    kept = dict(browser.cookies)
    assert browser.send("GET", "/logout").status in (302, 307)
    browser.cookies = kept
    assert browser.send("GET", "/config").status == 401


# One student and another


def test_the_page_carries_no_students_words_in_what_all_get(
    ann: Browser, chat: str, classroom: Classroom, settings: Settings
) -> None:
    session = classroom.student("ann")
    hers = session.new_chat()
    session.hear(hers, "What does the zebra of Ann mean?")
    running = start_server(classroom, settings)  # made when there are words that it could carry
    try:
        ben = Browser(running.url, "tab-of-ben-elsewhere")
        assert ben.log_in("ben")[0] == 200
        for path in ("/", "/config"):
            said = ben.send("GET", path).read().decode()
            assert "How to explain" in said
            assert not [words for words in (chat, hers, "zebra", "of Ann") if words in said]
        assert "zebra" in json.dumps(ann.done("new", "click", [])["output"])
    finally:
        running.stop()
        session.delete_chat(hers)


def test_each_student_sees_the_conversations_of_their_own(
    ann: Browser, ben: Browser, chat: str, classroom: Classroom
) -> None:
    assert chat in json.dumps(ann.done("new", "click", [])["output"])
    assert chat not in json.dumps(ben.done("new", "click", [])["output"])
    assert classroom.student("ben").chats() == []


def _led_to(server: RunningPage, browser: Browser, chat: str) -> None:
    """Puts another's conversation into what the server keeps of a tab, as if a browser could."""
    entered = server._server.config.app._app._entered  # type: ignore[union-attr]
    say = next(one for one in entered.get_blocks().fns.values() if one.api_name == "say")
    entered.state_holder[browser.tab][say.inputs[1]._id] = chat
    assert entered.state_holder[browser.tab][say.inputs[1]._id] == chat


def test_nobody_opens_or_deletes_anothers_conversation(
    server: RunningPage, ben: Browser, chat: str, classroom: Classroom
) -> None:
    before = classroom.student("ann").turns(chat)
    assert before
    opened = json.dumps(ben.done("chats", "input", [chat, ""]))
    assert "mode collapse" not in opened.lower()
    for data in ([chat, ""], [None, ""]):
        _led_to(server, ben, chat)
        told = ben.done("delete", "click", data)
        assert not told["success"] and "no chat" in json.dumps(told)
    assert classroom.student("ann").turns(chat) == before


def test_nobody_speaks_in_or_reads_anothers_conversation(
    server: RunningPage, ben: Browser, chat: str, classroom: Classroom
) -> None:
    for data in (["Forged words", chat, ""], ["Forged words", None, ""]):
        _led_to(server, ben, chat)
        ben.done("say", "", data)
    streamed = ben.answered()
    assert "Forged" not in str(classroom.student("ann").turns(chat)) and "few kinds" not in streamed
    _led_to(server, ben, chat)
    assert "few kinds" not in json.dumps(ben.done("chat", "retry", [None, ""]))
    assert len(classroom.student("ann").turns(chat)) == 2
    assert classroom.student("ben").chats() == []


def test_nobody_stops_anothers_answer_and_one_answer_runs_at_a_time(
    ann: Browser, ben: Browser, classroom: Classroom, server: RunningPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for browser in (ann, ben):
        browser.done("new", "click", [])
    session, begun, go_on = classroom.student("ann"), threading.Event(), threading.Event()
    stops: list[bool] = []

    def slow(chat_id: str, message: str, **more: Any) -> Iterator[Any]:
        begun.set()
        go_on.wait(60)
        stops.append(more["cancel"].is_set())
        yield Delta("slow words")

    monkeypatch.setattr(session, "respond", slow)
    ann.say("A slow question?")
    heard: list[str] = []
    answering = threading.Thread(target=lambda: heard.append(ann.answered()))
    answering.start()
    assert begun.wait(60)
    ben.done("box", "stop", [""])
    other = Browser(server.url, "second-tab-of-ann")
    other.cookies = ann.cookies
    other.say("A second question meanwhile?")
    assert "second question" not in str([session.turns(one.id) for one in session.chats()])
    ben.say("What is mode collapse?")
    assert ben.joined("answer", "", ["Plain"]).status == 200
    told = ben.stream()
    assert any("1 before you" in json.dumps(said) for said in told)
    go_on.set()
    assert any(said["msg"] == "process_completed" for said in told)
    answering.join(60)
    assert stops == [False] and "slow words" in heard[0]


def test_thirty_students_at_once_each_see_their_place_and_get_their_own_answer(
    server: RunningPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def slow(session: Any, chat_id: str, message: str, **more: Any) -> Iterator[Any]:
        go_on.wait(120)
        yield Delta(f"Answer to: {message}")

    monkeypatch.setattr(tutor.session.Session, "respond", slow)
    crowd = [Browser(server.url, f"tab-of-{name}") for name in CROWD]
    placed = threading.Semaphore(0)
    heard: dict[str, str] = {}

    def asking(browser: Browser, name: str) -> None:
        if browser.log_in(name)[0] != 200:
            return
        browser.say(f"What does {name} ask?")
        if browser.joined("answer", "", ["Plain"]).status != 200:
            return
        told, seen = "", False
        for said in browser.stream():
            told += json.dumps(said)
            if not seen and "before you" in told:
                seen = True
                placed.release()
        heard[name] = told

    threads = [threading.Thread(target=asking, args=pair) for pair in zip(crowd, CROWD, strict=True)]
    for thread in threads:
        thread.start()
    # Nobody is answered before all but the first have read how many come before them.
    assert all(placed.acquire(timeout=120) for _ in CROWD[1:])
    go_on.set()
    for thread in threads:
        thread.join(120)
    for name in CROWD:
        assert f"Answer to: What does {name} ask?" in heard[name]
        assert heard[name].count("Answer to:") == heard[name].count(f"Answer to: What does {name} ")
    places = {int(n) for told in heard.values() for n in re.findall(r"(\d+) before you", told)}
    assert places == set(range(1, len(CROWD)))


def test_a_picture_is_served_to_whom_it_was_shown(
    ann: Browser, ben: Browser, classroom: Classroom, settings: Settings
) -> None:
    from PIL import Image

    session = classroom.student("ann")
    picture = session._run_folder() / "frame.png"
    Image.new("RGB", (8, 8), (1, 2, 3)).save(picture)
    chat_id = session.new_chat()
    outcome = event_to_json(DemoOutcome({"demo": "gan-2d", "images": [str(picture)]}))
    session._kept.add_turn(chat_id, "assistant", "A demo.", {"events": [outcome]})
    ann.done("new", "click", [])  # the list of choices is brought up to date
    shown = json.dumps(ann.done("chats", "input", [chat_id, ""]))
    [path] = {part for part in shown.split('"') if part.endswith("frame.png") and part.startswith("/")}
    assert ann.send("GET", f"/gradio_api/file={path}").status == 200
    assert ben.send("GET", f"/gradio_api/file={path}").status == 403
    for other in (picture, settings.data_dir / "students" / "ann" / "record.db"):
        for browser in (ann, ben):
            assert browser.send("GET", f"/gradio_api/file={other}").status == 403


def test_an_upload_lands_in_the_library_of_who_sent_it(
    ann: Browser, ben: Browser, classroom: Classroom, settings: Settings
) -> None:
    for browser in (ann, ben):
        browser.done("new", "click", [])
    ann.done("new-library", "submit", [None, "Biology"])
    ben.done("new-library", "submit", [None, "Biology"])
    head = '--cut\r\nContent-Disposition: form-data; name="files"; filename="osmosis.md"\r\n\r\n'
    body = head.encode() + b"# Osmosis\n\nOsmosis moves water.\n" + b"\r\n--cut--\r\n"
    answer = ben.send("POST", "/gradio_api/upload", body, "multipart/form-data; boundary=cut")
    [path] = json.loads(answer.read())
    given = {"path": path, "orig_name": "osmosis.md", "meta": {"_type": "gradio.FileData"}}
    ben.done("upload", "upload", [None, None, [given]])
    places = settings.data_dir / "students"
    assert [file.name for file in (places / "ben").rglob("osmosis*")] == ["osmosis.md"]
    assert list((places / "ann").rglob("osmosis*")) == []
    # No list of folders, whatever a browser sends: any folder of this machine could be read.
    ben.done("folder", "submit", [None, None, str(settings.notes[0])])
    assert classroom.student("ben").library.linked == ()


# Bounds


def test_more_messages_than_the_pace_allows_are_not_taken(
    ben: Browser, classroom: Classroom, server: RunningPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    ben.done("new", "click", [])
    monkeypatch.setattr(server._seats.of("ben").desk, "pace", Pace(1, 60.0, clock))

    def said(text: str) -> bool:
        ben.say(text)
        ben.answered()
        session = classroom.student("ben")
        return text in str([session.turns(one.id) for one in session.chats()])

    assert said("What is a GAN?") and not said("What is diffusion?")
    clock.now += 60
    assert said("What is noise?")


def test_a_message_too_long_is_not_taken(ben: Browser, classroom: Classroom) -> None:
    before = len(classroom.student("ben").chats())
    ben.done("new", "click", [])
    ben.say("w" * 4001)
    assert len(classroom.student("ben").chats()) == before


def test_a_flood_of_requests_is_refused(
    settings: Settings, classroom: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tutor.ui.gate

    monkeypatch.setattr(tutor.ui.gate, "CALLS_A_MINUTE", 3)
    monkeypatch.setattr(tutor.ui.gate, "UPLOADS_AN_HOUR", 1)
    clock = Clock()
    running = start_server(classroom, settings, clock=clock)
    try:
        browser = Browser(running.url, "tab")
        browser.log_in("ann")
        body = b'{"data": [], "fn_index": 99999, "session_hash": "tab"}'
        codes = [browser.send("POST", "/gradio_api/queue/join", body).status for _ in range(4)]
        assert codes[-1] == 429 and 429 not in codes[:-1]
        clock.now += 61
        assert browser.send("POST", "/gradio_api/queue/join", body).status != 429
        sent = [browser.send("POST", "/gradio_api/upload", b"x", "text/plain").status for _ in range(2)]
        assert sent[0] != 429 and sent[1] == 429
    finally:
        running.stop()


def test_the_queue_is_bounded(
    classroom: Classroom, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tutor.ui.serving, "MOST_QUEUED", 0)
    running = start_server(classroom, settings, clock=Clock())
    try:
        browser = Browser(running.url, "tab")
        browser.log_in("ann")
        full = browser.joined("say", "", ["What is a GAN?", None, ""])
        assert full.status == 503 and "Queue is full" in full.read().decode()
    finally:
        running.stop()


def test_what_was_said_is_read_from_the_record_and_never_from_the_browser(ann: Browser) -> None:
    config = json.loads(ann.send("GET", "/config").read())
    chats = {each["id"] for each in config["components"] if each["type"] == "chatbot"}
    assert chats and not [one for one in config["dependencies"] if chats & set(one["inputs"])]


# Serving


def test_a_class_and_a_file_of_logins_belong_together(classroom: Classroom, settings: Settings) -> None:
    with pytest.raises(PageError, match="a log-in a class"):
        start_server(classroom, replace(settings, auth=None))
    with pytest.raises(PageError, match="a log-in a class"):
        start_server(classroom.shared, settings)


def test_a_share_needs_a_log_in_and_takes_the_tunnels_name_for_its_own(
    classroom: Classroom, settings: Settings
) -> None:
    with pytest.raises(PageError, match="--auth"):
        check_address(replace(settings, share=True, auth=None))
    opened: list[int] = []

    def tunnel(port: int) -> str:
        opened.append(port)
        return "https://abc.gradio.live"

    running = start_server(classroom, replace(settings, share=True), clock=Clock(), tunnel=tunnel)
    try:
        assert running.shared_url == "https://abc.gradio.live" and running.url.endswith(f":{opened[0]}")
        for host, status in (("abc.gradio.live", 200), ("abd.gradio.live", 403)):
            connection = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=20)
            connection.request("GET", "/", headers={"Host": host, "Origin": f"https://{host}"})
            assert connection.getresponse().status == status
    finally:
        running.stop()


def test_a_tunnel_that_cannot_be_opened_is_told_and_frees_the_port(
    classroom: Classroom, settings: Settings
) -> None:
    def broken(port: int) -> str:
        raise OSError("no network")

    with pytest.raises(PageError, match=r"could not be shared \(no network\)"):
        start_server(classroom, replace(settings, share=True), clock=Clock(), tunnel=broken)


def test_the_command_warns_of_a_share_before_it_opens_one(
    settings: Settings,
    classroom: Classroom,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import tutor.classroom
    import tutor.ui
    from tutor.cli import main

    warned: list[str] = []
    serve: Callable[..., None] = lambda students, given, on_ready: warned.append(capsys.readouterr().err)  # noqa: E731
    monkeypatch.setattr(tutor.ui, "serve", serve)
    monkeypatch.setattr(tutor.classroom, "open_classroom", lambda given, on_progress: classroom)
    monkeypatch.setattr(classroom, "close", lambda: None)
    monkeypatch.setattr(classroom.shared, "warm_up", lambda: None)
    words = ["--port", "0", "--auth", str(settings.auth), "--data-dir", str(settings.data_dir)]
    assert main([*words, "--share"]) == 0 and "gradio.live" in warned[0]
    monkeypatch.setenv("GRADIO_SHARE", "True")
    assert main(words) == 0 and "gradio.live" not in warned[1]


def _entered(browse: Any, server: RunningPage, name: str) -> Any:
    """A student's page, in a browser of their own, after a wrong password and the right one."""
    page = browse(
        server.url, ready="text=Login", provokes=r"status of 40[01]"
    )  # it asks whether one is logged in
    for password, then in (("wrong horse", "text=Incorrect Credentials"), (PASSWORD, "#box textarea")):
        page.get_by_label("username").fill(name)
        page.get_by_label("password").fill(password)
        page.get_by_role("button", name="Login").click()
        page.wait_for_selector(then)
    return page


def test_in_a_browser_two_students_log_in_ask_at_once_see_their_own_and_log_out(
    server: RunningPage, browse: Any
) -> None:
    refused: list[str] = []
    gil, hal = (_entered(browse, server, name) for name in ("Gil", "Hal"))
    for page, question in ((gil, "What is mode collapse?"), (hal, "What does a diffusion model learn?")):
        page.on("response", lambda one: refused.append(one.url) if one.status in (403, 404) else None)
        page.locator("#box textarea").fill(question)
    for page in (gil, hal):
        page.locator("#box textarea").press("Enter")
    for page, mine, others in (
        (gil, "few kinds of output", "remove noise"),
        (hal, "remove noise", "few kinds of output"),
    ):
        page.locator("#chat .bot-row", has_text=mine).wait_for()
        page.get_by_role("button", name="Send").wait_for()
        assert others not in page.inner_text("#chat")
        assert page.locator("#chats label").count() == 1
    assert refused == []
    assert gil.locator('#who a[href="/logout"]').count() == 1
    gil.goto(f"{server.url}/logout")
    gil.wait_for_selector("text=Login")
    assert gil.locator("#box").count() == 0


def test_a_new_password_ends_the_sessions_of_the_old_one(server: RunningPage, settings: Settings) -> None:
    assert settings.auth is not None
    add_login(settings.auth, "eve", PASSWORD)
    browser = Browser(server.url, "tab-of-eve")
    assert browser.log_in("eve")[0] == 200 and browser.send("GET", "/config").status == 200
    remove_login(settings.auth, "eve")
    add_login(settings.auth, "eve", "another horse")
    assert browser.send("GET", "/config").status == 401
    assert browser.joined_with(0).status == 401
    page = browser.send("GET", "/").read().decode()
    assert '"auth_required":true' in page.replace(" ", "") and "Conversations and settings" not in page
    assert browser.log_in("eve")[0] == 400 and browser.log_in("eve", "another horse")[0] == 200
    assert browser.send("GET", "/config").status == 200


def test_in_a_browser_an_open_page_asks_to_log_in_again_after_a_new_password(
    server: RunningPage, settings: Settings, browse: Any
) -> None:
    assert settings.auth is not None
    add_login(settings.auth, "fay", PASSWORD)
    # gradio throws the refused answer itself where nothing waits for it.
    page = browse(server.url, ready="text=Login", provokes=r"status of 401|^Response$")
    page.get_by_label("username").fill("fay")
    page.get_by_label("password").fill(PASSWORD)
    page.get_by_role("button", name="Login").click()
    page.locator("#box textarea").fill("What is mode collapse?")
    page.locator("#box textarea").press("Enter")
    page.wait_for_selector("#chat >> text=few kinds of output")
    page.get_by_role("button", name="Send").wait_for()
    remove_login(settings.auth, "fay")
    add_login(settings.auth, "fay", "another horse")
    page.locator("#box textarea").fill("What is a GAN?")
    page.locator("#box textarea").press("Enter")
    page.get_by_label("username").wait_for()
    assert page.locator("#box").count() == 0


def test_a_click_on_a_question_that_was_dealt_with_leaves_the_next_one_alone(
    server: RunningPage, classroom: Classroom
) -> None:
    gil = Browser(server.url, "tab-of-gil")
    assert gil.log_in("gil")[0] == 200
    gil.done("quiz-start", "click", ["", 3, []])
    session = classroom.student("gil")
    chat_id = session.chats()[0].id

    def state() -> Round:
        found = session.quiz(chat_id)
        assert found is not None
        return found

    pressed = Mark.of(chat_id, state()).text
    for place in ("quiz-skip", "quiz-skip", "quiz-report", "quiz-stop"):  # as an impatient student sends them
        gil.done(place, "click", [pressed])
        assert len(state().outcomes) == 1 and not state().over
