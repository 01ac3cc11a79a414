"""The page in a real browser: a scripted session first, then the whole program."""

from __future__ import annotations

import itertools
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tutor.errors import ModelError, QuizError
from tutor.notes import Text
from tutor.passages import Passage
from tutor.settings import PROJECT_ROOT, Settings
from tutor.turns import (
    Answer,
    Citation,
    Delta,
    DemoOutcome,
    DemoProgress,
    Event,
    Notice,
    QuizGrade,
    QuizItem,
    QuizScore,
    Sentence,
    Style,
    ToolCall,
    event_to_json,
)
from tutor.ui import RunningPage, start_server

NOW = datetime(2026, 11, 21, tzinfo=UTC)
NUMBERS = itertools.count(1)
QUESTION = "What is mode collapse?"
LEAD = "Mode collapse is a failure of GAN training: the generator makes only one or a few kinds of output."
SECOND = "The ideal GAN solves $\\min_G \\max_D V(D, G)$ and costs $5 to $6 per run."
DOUBTED = "It was discovered on a Tuesday."
PASSAGE = f"{LEAD} ~~It never happens.~~ A mode is a region where the data are dense."
CITED = (
    Citation(1, "gans/mode-collapse.md", (10, 11), LEAD, "Mode collapse", (), PASSAGE),
    Citation(2, "gans/gan.md", (40, 40), SECOND, "GAN", ("The mathematics",), SECOND, "ChatGPT"),
)
OPTIONS = (("o1", "It maximises $D(x)$"), ("o2", "It fools the `discriminator`"), ("o3", "It labels images"))


@dataclass
class Chat:
    id: str
    title: str
    created: datetime = NOW
    updated: datetime = NOW


@dataclass
class Turn:
    id: int
    role: str
    content: str
    payload: dict[str, Any] | None = None
    at: datetime = NOW


@dataclass
class Found:
    chat: Chat
    snippet: str


@dataclass
class Thought:
    turn_id: int
    value: str
    word: str = ""


@dataclass
class ScriptedSession:
    """The session's interface with fixed answers, so that the page alone is tested."""

    pictures: Path
    model_name: str = "notes-only"
    model_reason: str = "No chat model is installed, so answers are composed from your notes' own sentences."
    library_line: str = "28 notes, 96 cards, 16 quiz questions"
    notices: tuple[str, ...] = ("paper.pdf <1> was skipped: PDF files are not read yet",)
    examples: tuple[str, ...] = (QUESTION, "Quiz me on GANs", "Show me a GAN training")
    libraries: None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    styles: list[Style | None] = field(default_factory=list)
    next_frame: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        self._chats: dict[str, Chat] = {}
        self._turns: dict[str, list[Turn]] = {}
        self._deleted: dict[str, Chat] = {}
        self.thoughts: list[Thought] = []
        lines = [*(f"Before, part {n}." for n in range(40)), PASSAGE, "After it, $x_t$."]
        texts = [Text(line, ((0, at - 30),), at - 30) for at, line in enumerate(lines, 1)]
        passages = [
            Passage(f"p{at}", CITED[0].note, "Mode collapse", ("What it is",), "prose", text)
            for at, text in enumerate(texts)
        ]
        self.notes_read = SimpleNamespace(index=SimpleNamespace(passages=passages))

    def new_chat(self) -> str:
        chat_id = uuid.uuid4().hex
        self._chats = {chat_id: Chat(chat_id, ""), **self._chats}
        self._turns[chat_id] = []
        return chat_id

    def chats(self) -> list[Chat]:
        return list(self._chats.values())

    def turns(self, chat_id: str) -> list[Turn]:
        return list(self._turns.get(chat_id, ()))

    def find_chats(self, words: str) -> list[Found]:
        said = {chat.id: " ".join(turn.content for turn in self._turns[chat.id]) for chat in self.chats()}
        return [Found(chat, "…here…") for chat in self.chats() if words in said[chat.id]]

    def rename_chat(self, chat_id: str, title: str) -> None:
        self._chats[chat_id].title = title

    def delete_chat(self, chat_id: str) -> None:
        self._deleted[chat_id] = self._chats.pop(chat_id)

    def restore_chat(self, chat_id: str) -> None:
        self._chats = {chat_id: self._deleted.pop(chat_id), **self._chats}

    def chat_note(self, chat_id: str) -> tuple[str, str]:
        return f"{self._chats[chat_id].title}.md", "# A note\n\n[1] x² < y\n"

    def give_feedback(self, turn_id: int, value: str, word: str = "") -> None:
        self.thoughts.append(Thought(turn_id, value, word))

    def feedback(self) -> list[Thought]:
        return [thought for thought in self.thoughts if thought.value]

    def take_back(self, chat_id: str, instead: str | None = None) -> str | None:
        words = self.retract_last(chat_id)
        if words is not None:
            self._turns[chat_id].pop()
            if instead is not None:
                self.hear(chat_id, instead)
        return words

    def retract_last(self, chat_id: str) -> str | None:
        turns = self._turns[chat_id]
        asked = [place for place, turn in enumerate(turns) if turn.role == "user"]
        if not asked:
            return None
        answers = turns[asked[-1] + 1 :]
        if any(
            event["event"].startswith("Quiz") for turn in answers for event in (turn.payload or {})["events"]
        ):
            raise QuizError("An answer in a quiz cannot be taken back", "Go on, or say “stop”.")
        del turns[asked[-1] + 1 :]
        return turns[-1].content

    def hear(self, chat_id: str, message: str) -> None:
        self._chats[chat_id].title = self._chats[chat_id].title or message[:40]
        self._turns[chat_id].append(Turn(next(NUMBERS), "user", message))

    def note(self, chat_id: str, text: str) -> None:
        payload = {"events": [event_to_json(Notice(text))]}
        self._turns[chat_id].append(Turn(next(NUMBERS), "assistant", text, payload))

    def respond(
        self,
        chat_id: str,
        message: str,
        *,
        style: Style | None = None,
        cancel: threading.Event | None = None,
        heard: bool = False,
    ) -> Iterator[Event]:
        self.styles.append(style)
        turns = self._turns[chat_id]
        if not heard:
            self.hear(chat_id, message)
        events: list[Event] = []
        try:
            for event in self._events(message, cancel or threading.Event()):
                events.append(event)
                yield event
        finally:
            payload = {"events": [event_to_json(event) for event in events]}
            turns.append(Turn(next(NUMBERS), "assistant", "", payload))

    def _events(self, message: str, cancel: threading.Event) -> Iterator[Event]:
        said = message.lower()
        if "long" in said:
            yield from self._long(cancel)
        elif "capital" in said:
            yield from _refusal()
        elif "gan training" in said:
            yield from self._demo(cancel)
        elif "quiz" in said:
            yield QuizItem(
                "i1", "What does the generator's loss $\\mathcal{L}_G$ reward?", OPTIONS, 1, 2, "choice"
            )
        elif said.startswith("b."):
            yield QuizGrade("i1", "correct", 1.0, "Yes: it fools $D$.", "B", CITED[0])
            yield QuizItem("i2", "Why does `D` win?", (), 2, 2)
        elif "because" in said:
            yield QuizGrade(
                "i2", "partial", 0.5, "Nearly.", "", CITED[1], ({"claim": "D is ahead", "status": "hit"},)
            )
            yield QuizScore(1.5, 2, ("mode collapse",))
        elif "hostile" in said:
            yield Delta(HOSTILE)
        elif "fail" in said:
            raise ModelError("The model did not load", "Run `tutor models get embedded`.")
        elif "broken" in said:
            raise RuntimeError("secret detail")
        else:
            yield from _answer(message)

    def _long(self, cancel: threading.Event) -> Iterator[Event]:
        for n in range(600):
            yield Delta(f"Sentence number {n}. ")
            if cancel.wait(0.1):
                self.stopped.set()
                yield Notice("Stopped here.")
                return

    def _demo(self, cancel: threading.Event) -> Iterator[Event]:
        yield ToolCall("run_demo", {"name": "gan-2d", "steps": 400}, "Training a GAN on 2-D data")
        for step in range(1, 5):
            path = _picture(self.pictures / f"frame-{step}.png", step)
            yield DemoProgress(
                "gan-2d",
                str(path),
                f"The generator covers {step} of 8 modes",
                step * 100,
                400,
                step,
                4 - step,
            )
            while not self.next_frame.acquire(timeout=0.05):
                if cancel.is_set():
                    self.stopped.set()
                    yield DemoOutcome({}, stopped=True)
                    return
        metric = {
            "value": 7,
            "n": 1000,
            "floor": 8.0,
            "baseline": None,
            "better": "high",
            "meaning": "modes with samples",
        }
        yield DemoOutcome(
            {
                "demo": "gan-2d", "seed": 0, "device": "cpu", "seconds": 2.0, "metrics": {"modes_covered": metric},
                "images": [str(path)], "verdict": "7 of 8 modes are covered.", "observations": ["It swings."],
            }
        )  # fmt: skip


HOSTILE = (
    "<img src='http://evil.example/a.png' onerror='document.title=1'> ![x](http://evil.example/b.png) "
    "<script>document.title='owned'</script> <form action='http://evil.example'><input></form>\n\n"
    "<div style='position:fixed;inset:0;background:url(http://evil.example/c.png)'>over</div>\n\n"
    "```mermaid\ngraph TD; A[\"<img src='http://evil.example/d.png'>\"]-->B\n```\n\n"
    "[go](javascript:alert(1)) <svg><image href='http://evil.example/e.png'/></svg> <b>bold</b>"
)


def _answer(question: str) -> Iterator[Event]:
    formula, code = "$$\nH = -\\sum_k p_k \\ln p_k\n$$", "```python\nloss = d(x) < 0  # $not$ math\n```"
    text = f"{LEAD} [1] {SECOND} [2]\n\n{formula}\n\n{code}\n\n{DOUBTED}"
    for begin in range(0, len(text), 40):
        yield Delta(text[begin : begin + 40])
    sentences = (
        Sentence(LEAD, "quoted", (1,)),
        Sentence(SECOND, "supported", (2,)),
        Sentence(DOUBTED, "unsupported"),
    )
    yield Answer(text, False, CITED, sentences, (), "eli5", 6.2, "notes-only", {"total_ms": 312.0}, question)


def _refusal() -> Iterator[Event]:
    text = "Your notes do not cover this."
    yield Delta(text)
    nearest = ("mode collapse", "WGAN")
    yield Answer(
        text,
        True,
        (),
        (Sentence(text, "connective"),),
        nearest,
        "plain",
        4.0,
        "notes-only",
        {"total_ms": 40.0},
    )


def _picture(path: Path, step: int) -> Path:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (640, 360), (245, 245, 244))
    ImageDraw.Draw(image).ellipse((40 * step, 100, 40 * step + 80, 180), fill=(15, 118, 110))
    image.save(path)
    return path


PATIENCE_MS = 60_000


def _settings(folder: Path, **values: Any) -> Settings:
    return Settings((folder,), folder, data_dir=folder / "data", cache_dir=folder / "cache", port=0, **values)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> ScriptedSession:
    return ScriptedSession(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def server(session: ScriptedSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    running = start_server(session, _settings(tmp_path_factory.mktemp("page")))
    yield running
    running.stop()


Opening = Callable[..., Any]


@pytest.fixture
def visit(browse: Opening, server: RunningPage) -> Opening:
    """Opens the page, on an empty conversation."""

    def open_page(url: str = server.url, *, new: bool = True, **options: Any) -> Any:
        page = browse(url, **options)
        if new:
            page.click("#new")
            page.wait_for_selector("#chat .examples")
        return page

    return open_page


def _say(page: Any, text: str) -> None:
    page.fill("#box textarea", text)
    page.press("#box textarea", "Enter")


def _idle(page: Any) -> None:
    page.wait_for_selector("#box .submit-button")


def _until(page: Any, is_so: Callable[[], bool]) -> None:
    """Waits for something that happens on the server, while the browser goes on."""
    for _ in range(PATIENCE_MS // 100):
        if is_so():
            return
        page.wait_for_timeout(100)
    pytest.fail("it did not happen")


def _last(page: Any, selector: str) -> Any:
    return page.locator(f"#chat .bot-row >> nth=-1 >> {selector}")


def test_page_loads_with_title_library_model_and_closed_policy(visit: Opening, server: RunningPage) -> None:
    page = visit()
    assert page.title() == "Tutor"
    assert "28 notes, 96 cards, 16 quiz questions" in page.inner_text("#side")
    assert page.inner_text("#notices .prose") == "paper.pdf <1> was skipped: PDF files are not read yet"
    assert "notes-only" in page.inner_text("#who") and "No chat model is installed" in page.inner_text("#who")
    assert page.get_by_label("Your message").is_editable()
    policy = page.request.get(server.url).headers["content-security-policy"]
    assert "connect-src 'self'" in policy and "frame-ancestors 'none'" in policy


def test_example_question_is_answered_with_a_quote_that_opens(visit: Opening) -> None:
    page = visit()
    page.get_by_role("button", name=QUESTION).click()
    page.wait_for_selector("#chat .support")
    chip = _last(page, "details.citation.c1")
    assert chip.locator("summary").text_content() == "[1] Mode collapse · gans/mode-collapse.md · lines 10–11"
    # Where it stands is told by the card and by the dialog, and takes no room on the chip.
    assert chip.locator("summary").bounding_box()["width"] < 200
    # No line begins with a mark: a joiner stands before it, which is neither copied nor read.
    assert "\u2060" in page.evaluate(
        "getComputedStyle(document.querySelector('#chat sup.cite'), '::before').content"
    )
    page.hover("#chat sup.cite.c2")
    card = page.get_by_role("tooltip")
    card.wait_for()
    assert "[2] GAN · gans/gan.md · line 40 · said by ChatGPT" in card.inner_text()
    assert "costs $5 to $6 per run" in card.inner_text()
    page.keyboard.press("Escape")
    assert not card.count()
    assert not chip.locator("mark").is_visible()
    chip.locator("summary").click()
    dialog = page.get_by_role("dialog", name="[1] Mode collapse · gans/mode-collapse.md · lines 10–11")
    page.wait_for_selector("#reader:not(.waiting)")
    assert dialog.locator("mark >> visible=true").inner_text() == LEAD
    assert dialog.locator("s >> visible=true").inner_text() == "It never happens."
    assert dialog.locator("#note-text annotation").text_content() == "x_t"
    assert dialog.locator("mark >> visible=true").bounding_box()["y"] > 0
    link = dialog.get_by_role("link", name="Open in Notes")
    assert link.get_attribute("href") == "#note=gans%2Fmode-collapse.md~11-11"
    assert "Before, part 39." in dialog.inner_text() and "25 earlier passages" in dialog.inner_text()
    page.keyboard.press("Escape")
    page.wait_for_selector("#reader", state="hidden")
    assert chip.locator("summary").evaluate("node => node === document.activeElement")
    assert "1 of 3 sentences quoted, 1 reworded and checked" in _last(page, ".support").inner_text()
    assert _last(page, ".doubted").inner_text() == DOUBTED
    page.focus("#chat .bot-row sup.cite.c2")
    assert LEAD not in card.inner_text() and "costs $5" in card.inner_text()  # the keyboard sees it too
    assert page.locator("#chat sup.cite.c2").last.get_attribute("aria-describedby") == card.get_attribute(
        "id"
    )
    page.keyboard.press("Enter")
    page.wait_for_selector("#reader.stale >> text=Your notes have changed since this was quoted")
    assert "said by ChatGPT in your notes" in page.inner_text("#reader h2")
    assert "costs $5 to $6 per run" in page.inner_text("#reader .quoted mark")
    page.click("#reader button")
    assert page.evaluate("document.activeElement.matches('sup.cite.c2')")


def test_math_is_set_and_money_and_code_are_left_alone(visit: Opening) -> None:
    page = visit()
    _say(page, QUESTION)
    page.wait_for_selector("#chat .support")
    _idle(page)
    sources = _last(page, "annotation").all_text_contents()
    assert "\\min_G \\max_D V(D, G)" in sources and "H = -\\sum_k p_k \\ln p_k" in sources
    text = _last(page, ".message-content").inner_text()
    assert "costs $5 to $6 per run" in text and "loss = d(x) < 0  # $not$ math" in text
    assert not re.search("[\ue000-\uf8ff]", text)


def test_copied_answer_is_text_and_not_the_page_source(visit: Opening) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    _say(page, QUESTION)
    page.wait_for_selector("#chat .support")
    _idle(page)
    _last(page, "[aria-label='Copy message']").click()
    page.wait_for_selector("#chat [aria-label='Copied message']")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.index("\n[1] Mode collapse ·") < copied.index(
        "\n[2] GAN · gans/gan.md · line 40 · said by ChatGPT"
    )
    assert copied.startswith(f"{LEAD}[1] The ideal GAN solves \\(\\min_G")
    assert "[1] Mode collapse · gans/mode-collapse.md · lines 10–11" in copied
    assert "<" not in copied.replace("d(x) < 0", "")


def test_retry_asks_again_and_keeps_one_exchange(visit: Opening, session: ScriptedSession) -> None:
    page = visit()
    _say(page, QUESTION)
    page.wait_for_selector("#chat .support")
    _idle(page)
    asked = len(session.styles)
    page.get_by_label("Retry").click()
    _until(page, lambda: len(session.styles) > asked)
    _idle(page)
    page.wait_for_selector("#chat .support")
    assert len(session.styles) == asked + 1
    assert page.locator("#chat .user-row").count() == 1
    assert [turn.role for turn in session.turns(session.chats()[0].id)] == ["user", "assistant"]


def test_stop_ends_a_long_answer_and_keeps_what_was_said(visit: Opening, session: ScriptedSession) -> None:
    session.stopped.clear()
    page = visit()
    _say(page, "a long answer please")
    page.wait_for_selector("#chat >> text=Sentence number 3")
    _say(page, "a second question meanwhile")
    page.get_by_role("button", name="Stop").click()
    _idle(page)
    assert session.stopped.wait(10)
    assert "Sentence number 3" in _last(page, ".message-content").first.inner_text()
    assert page.locator("#chat .user-row").count() == 1
    assert page.input_value("#box textarea") == "a second question meanwhile"


def test_message_that_waits_behind_another_tab_is_kept_when_stopped_or_left(
    visit: Opening, session: ScriptedSession
) -> None:
    first, second = visit(), visit()
    _say(first, "a long answer please")
    first.wait_for_selector("#chat >> text=Sentence number 1")
    _say(second, "What waits here?")
    second.wait_for_selector("#chat .user-row")
    chat = session.chats()[0].id
    assert [turn.content for turn in session.turns(chat)] == ["What waits here?"]
    second.get_by_role("button", name="Stop").click()
    second.wait_for_selector("#chat >> text=Stopped before it was answered.")
    _idle(second)
    _say(second, "What waits there?")
    _until(second, lambda: len(session.turns(chat)) == 3)
    second.close()
    _until(first, lambda: len(session.turns(chat)) == 4)
    assert [turn.role for turn in session.turns(chat)] == ["user", "assistant"] * 2
    assert session.turns(chat)[-1].content == "Stopped before it was answered."
    first.get_by_role("button", name="Stop").click()
    _idle(first)


def test_retry_in_a_quiz_is_told_and_changes_nothing(visit: Opening) -> None:
    page = visit()
    _say(page, "Quiz me on GANs")
    page.wait_for_selector("#chat .options button")
    _idle(page)
    # None of them helps with a question; they go when its options are drawn.
    _until(page, lambda: not page.locator("#chat .bot-row .message-buttons :visible").count())
    page.get_by_label("Retry").dispatch_event("click")
    page.wait_for_selector(".toast-wrap >> text=cannot be taken back. Go on, or say")
    _idle(page)
    assert page.locator(".toast-body.error").count() == 0
    page.wait_for_timeout(1000)
    assert page.locator("#chat .options button").count() == 3
    assert page.locator("#chat .user-row").count() == 1


def test_closing_the_tab_stops_the_work(visit: Opening, session: ScriptedSession) -> None:
    session.stopped.clear()
    page = visit()
    _say(page, "a long answer please")
    page.wait_for_selector("#chat >> text=Sentence number 1")
    chat = session.chats()[0].id
    other = visit()
    page.close()
    _until(other, lambda: len(session.turns(chat)) == 2)
    assert [turn.role for turn in session.turns(chat)] == ["user", "assistant"]


def test_quiz_is_answered_by_button_then_by_typing(visit: Opening) -> None:
    page = visit()
    _say(page, "Quiz me on GANs")
    page.wait_for_selector("#chat .options button")
    page.wait_for_selector("#chat ol.choices annotation", state="attached")
    assert "Question 1 of 2" in _last(page, ".message-content").inner_text()
    assert _last(page, "ol.choices li").count() == 3
    assert _last(page, "ol.choices annotation").all_text_contents() == ["D(x)"]
    _idle(page)
    page.get_by_role("button", name="B", exact=True).click()
    page.wait_for_selector("#chat .grade.correct")
    assert "B. It fools the" in page.locator("#chat .user-row").last.inner_text()
    page.wait_for_selector("#chat >> text=Type your answer below")
    _idle(page)
    _say(page, "because it learns faster")
    page.wait_for_selector("#chat >> text=Score: 1.5 of 2")
    page.wait_for_selector("#chat ul.points >> text=D is ahead")
    _idle(page)
    page.get_by_role("button", name="mode collapse", exact=True).click()
    page.wait_for_selector("#chat .support")


def test_refusal_offers_the_nearest_topics_as_buttons(visit: Opening) -> None:
    page = visit()
    _say(page, "What is the capital of France?")
    page.wait_for_selector("#chat .options button")
    _idle(page)
    assert page.locator("#chat .options button").all_inner_texts() == ["mode collapse", "WGAN"]
    page.get_by_role("button", name="WGAN").click()
    page.wait_for_selector("#chat details.citation")
    assert page.locator("#chat .user-row").last.inner_text() == "What do my notes say about WGAN?"


def test_demo_shows_one_picture_that_changes_then_its_figures(
    visit: Opening, session: ScriptedSession
) -> None:
    page = visit()
    _say(page, "Show me a GAN training")
    page.wait_for_selector("#chat >> text=step 100 of 400")
    first = page.locator("#chat .bot-row img").get_attribute("src")
    session.next_frame.release()
    page.wait_for_selector("#chat >> text=step 200 of 400")
    assert page.locator("#chat .bot-row img").count() == 1
    assert page.locator("#chat .bot-row img").get_attribute("src") != first
    assert page.get_by_role("progressbar").evaluate("node => node.value / node.max") == 0.5
    assert page.get_by_role("button", name="Stop", exact=True).is_visible()
    session.next_frame.release(3)
    page.wait_for_selector("#chat .outcome")
    _idle(page)
    page.wait_for_function("document.querySelector('#chat .bot-row img').naturalWidth == 640")
    shown = _last(page, ".outcome").inner_text()
    assert "7 of 8 modes are covered." in shown and "modes covered" in shown and "It swings." in shown
    assert "step 200" not in page.inner_text("#chat")


def test_stop_ends_a_demo(visit: Opening, session: ScriptedSession) -> None:
    session.stopped.clear()
    page = visit()
    _say(page, "Show me a GAN training")
    page.wait_for_selector("#chat >> text=step 100 of 400")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector("#chat >> text=Stopped.")
    _idle(page)
    assert session.stopped.is_set()


def test_failures_are_told_in_words_and_details_stay_in_the_log(visit: Opening, server: RunningPage) -> None:
    page = visit()
    _say(page, "fail please")
    page.wait_for_selector("#chat >> text=Run tutor models get embedded.")
    _idle(page)
    _say(page, "broken thing")
    page.wait_for_selector("#chat >> text=Something went wrong; details are in")
    _idle(page)
    assert "secret detail" not in page.content()
    log = re.search(r"details are in (\S+tutor\.log)", page.inner_text("#chat"))
    assert log and "secret detail" in Path(log[1]).read_text()


def test_hostile_text_shows_as_text_and_loads_nothing(visit: Opening) -> None:
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    _say(page, "hostile")
    page.wait_for_selector("#chat .bot-row .code_wrap")
    _idle(page)
    page.wait_for_timeout(500)
    body = _last(page, ".message-content")
    assert body.locator("img, script, form, svg image, [style*=fixed], .mermaid, b, iframe").count() == 0
    assert "<script>" in body.inner_text() and page.title() == "Tutor"
    assert not [url for url in asked if "evil" in url]
    assert body.locator("a").count() == 0


def test_conversations_survive_a_reload_and_can_be_picked_and_deleted(
    visit: Opening, session: ScriptedSession
) -> None:
    page = visit()
    _say(page, "What is the capital of Italy?")
    page.wait_for_selector("#chat >> text=Your notes do not cover this.")
    _idle(page)
    page.click("#new")
    page.wait_for_selector("#chat .examples")
    _say(page, "What is a second chat?")
    page.wait_for_selector("#chat .support")
    _idle(page)
    page.reload()
    page.wait_for_selector("#chat .support")
    assert page.locator("#chat .user-row").inner_text() == "What is a second chat?"
    page.locator("#chats label", has_text="What is the capital of Italy?").click()
    page.wait_for_selector("#chat >> text=Your notes do not cover this.")
    assert page.locator("#chat .user-row").count() == 1
    before = len(session.chats())
    page.click("#delete")
    page.locator("#chats label", has_text="What is the capital of Italy?").wait_for(state="detached")
    assert len(session.chats()) == before - 1
    page.wait_for_selector("#gone >> text=“What is the capital of Italy?” is deleted.")
    page.wait_for_selector("#bring-back:focus")
    page.keyboard.press("Enter")
    page.wait_for_selector("#chat >> text=Your notes do not cover this.")
    assert len(session.chats()) == before and not page.locator("#gone").is_visible()


def test_conversations_are_renamed_found_and_taken_away_as_a_file(
    visit: Opening, session: ScriptedSession
) -> None:
    page = visit()
    _say(page, "What is a zebra?")
    page.wait_for_selector("#chat .support")
    _idle(page)
    page.click("#rename")
    page.wait_for_selector("#title :is(input, textarea):focus")
    page.keyboard.type("Striped")
    page.keyboard.press("Enter")
    page.locator("#chats label", has_text="Striped").wait_for()
    assert session.chats()[0].title == "Striped" and not page.locator("#renaming").is_visible()
    page.get_by_label("Find in conversations").fill("zebra")
    page.wait_for_selector("#chats >> text=…here…")
    assert page.locator("#chats label").count() == 1
    page.get_by_label("Find in conversations").fill("no such word")
    page.wait_for_selector("text=No conversation holds these words.")
    page.get_by_label("Find in conversations").fill("")
    page.locator("#chats label", has_text="Striped").wait_for()
    with page.expect_download() as download:
        page.click("#take")
    assert download.value.suggested_filename == "Striped.md"
    assert Path(download.value.path()).read_text(encoding="utf-8") == "# A note\n\n[1] x² < y\n"


def test_last_question_is_edited_or_undone(visit: Opening, session: ScriptedSession) -> None:
    page = visit()
    _say(page, "What is $x_t$ & <b>more</b>?")
    page.wait_for_selector("#chat .support")
    _idle(page)
    chat = session.chats()[0].id
    page.get_by_role("button", name="Edit").click()
    field = page.get_by_label("Your message, to be changed")
    assert field.input_value() == "What is \\(x_t\\) & <b>more</b>?"
    page.keyboard.press("Escape")
    field.wait_for(state="detached")
    page.get_by_role("button", name="Edit").click()
    field.fill("What is the capital of Spain?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#chat >> text=Your notes do not cover this.")
    _idle(page)
    assert [turn.content for turn in session.turns(chat)] == ["What is the capital of Spain?", ""]
    assert page.locator("#chat .user-row").inner_text() == "What is the capital of Spain?"
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector("#chat .examples")
    assert session.turns(chat) == []
    assert page.input_value("#box textarea") == "What is the capital of Spain?"


def test_answer_is_liked_or_disliked_with_a_word(visit: Opening, session: ScriptedSession) -> None:
    page = visit()
    for question in ("What is one?", "What is two?"):
        _say(page, question)
        _until(
            page, lambda: page.locator("#chat .bot-row").count() == page.locator("#chat .user-row").count()
        )
        page.locator("#chat .support").nth(0 if "one" in question else 1).wait_for()
        _idle(page)
    answers = [turn.id for turn in session.turns(session.chats()[0].id) if turn.role == "assistant"]
    session.thoughts.clear()
    page.get_by_role("button", name="Like", exact=True).first.click()
    _until(page, lambda: len(session.thoughts) == 1)
    page.get_by_role("button", name="Dislike", exact=True).last.click()
    page.wait_for_selector("#word :is(input, textarea):focus")
    page.keyboard.type("too long")
    page.keyboard.press("Enter")
    page.wait_for_selector("#wrong", state="hidden")
    assert session.thoughts == [
        Thought(answers[0], "like"), Thought(answers[1], "dislike"), Thought(answers[1], "dislike", "too long")
    ]  # fmt: skip
    page.reload()
    page.get_by_role("button", name="Liked", exact=True).wait_for()
    assert page.get_by_role("button", name="Disliked").count() == 1


def test_answer_offers_what_to_say_next_by_keyboard(visit: Opening) -> None:
    page = visit()
    _say(page, QUESTION)
    page.wait_for_selector("#chat .options button")
    _idle(page)
    offered = page.locator("#chat .options button")
    assert offered.all_inner_texts() == ["Quiz me on this", "Show me", "Map"]
    offered.first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#chat >> text=Question 1 of 2")
    assert page.locator("#chat .user-row").last.inner_text() == "Quiz me on this"


def test_style_choice_reaches_the_session(visit: Opening, session: ScriptedSession) -> None:
    page = visit()
    page.locator("#style label", has_text="Like I'm 5").click()
    _say(page, QUESTION)
    page.wait_for_selector("#chat .support")
    _idle(page)
    page.locator("#style label", has_text="Plain").click()
    _say(page, QUESTION)
    page.locator("#chat .support").nth(1).wait_for()
    assert session.styles[-2:] == ["eli5", None]


def test_dark_mode_is_readable(visit: Opening) -> None:
    page = visit(color_scheme="dark")
    _say(page, QUESTION)
    page.wait_for_selector("#chat .support")
    _idle(page)
    for selector in ("#chat .answer + p", "#chat .support", "#chat .said"):
        assert _contrast(page, selector) >= 4.5
    assert _luminance(page.evaluate("getComputedStyle(document.body).backgroundColor")) < 0.1


def test_phone_has_no_horizontal_scroll_and_shows_the_conversation(visit: Opening) -> None:
    page = visit(new=False, viewport={"width": 375, "height": 720}, has_touch=True)
    page.wait_for_selector("#side:not(.open)")
    _say(page, QUESTION)
    _idle(page)
    page.wait_for_selector("#chat .support")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    # The answer is read from its question on, and not from its end.
    asked, log = page.locator("#chat .user-row").last, page.locator("#chat .panel-wrap")
    _until(page, lambda: 0 <= asked.bounding_box()["y"] - log.bounding_box()["y"] < 40)
    below = "log => log.scrollHeight - log.clientHeight - log.scrollTop"
    _until(page, lambda: log.evaluate(below) > 20)  # once its last lines are drawn
    log.hover()
    page.mouse.wheel(0, 4000)
    _until(page, lambda: log.evaluate(below) < 4)
    page.wait_for_timeout(500)
    assert log.evaluate(below) < 4  # who scrolls to the end stays there
    page.locator("#chat details.citation summary").last.click()
    page.wait_for_selector("#reader:not(.waiting)")
    assert page.locator("#reader").bounding_box() == {"x": 0, "y": 0, "width": 375, "height": 720}
    assert page.evaluate("document.querySelector('#reader .body').scrollWidth") <= 375
    assert page.get_by_role("button", name="Close").bounding_box()["x"] < 330
    page.click("#reader button")
    assert page.evaluate("document.querySelector('#chat .panel-wrap').scrollWidth") <= 375
    assert page.get_by_role("button", name="Send").bounding_box()["y"] < 720


def test_long_formula_scrolls_in_its_line_with_a_shadow_where_it_goes_on(visit: Opening) -> None:
    page = visit(new=False, viewport={"width": 375, "height": 720}, has_touch=True)
    _say(page, f"What is $${' + '.join(f'x_{{{n}}}' for n in range(30))}$$ good for?")
    page.wait_for_selector("#chat .user-row .katex-display")
    _idle(page)
    formula = page.locator("#chat .user-row .katex-display").last
    assert formula.evaluate("node => node.scrollWidth - node.clientWidth") > 100
    assert formula.evaluate("node => { node.scrollLeft = 60; return node.scrollLeft; }") == 60
    image = formula.evaluate("node => getComputedStyle(node).backgroundImage")
    assert image.count("linear-gradient") == 4
    assert page.evaluate("document.querySelector('#chat .panel-wrap').scrollWidth") <= 375


def _luminance(colour: str) -> float:
    """Relative luminance of `rgb(...)`, after WCAG 2.2."""
    parts = [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


_BACKDROP = """node => {
  for (let at = node; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (!/rgba\\(.*, 0\\)|transparent/.test(colour)) return colour;
  }
  return "rgb(255, 255, 255)";
}"""


def _contrast(page: Any, selector: str) -> float:
    """Contrast of a text against what lies behind it, after WCAG 2.2."""
    node = page.locator(selector).first
    ink, paper = node.evaluate("node => getComputedStyle(node).color"), node.evaluate(_BACKDROP)
    low, high = sorted((_luminance(ink), _luminance(paper)))
    return (high + 0.05) / (low + 0.05)


# The whole program


@pytest.fixture(scope="module")
def tutor(
    serve_page: Any, page_settings: Any, corpus_index_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """The page over the bundled notes, without a chat model, on a record of its own."""
    notes = {"notes": (PROJECT_ROOT / "corpus",), "index_dir": corpus_index_dir}
    with serve_page(page_settings(tmp_path_factory.mktemp("tutor"), demo_budget_s=4.0, **notes)) as page:
        yield page


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def test_tutor_folds_the_evidence_and_shows_it_when_asked(visit: Opening, tutor: Any) -> None:
    page = visit(tutor.url)
    _say(page, "What is mode collapse?")
    page.wait_for_selector("#chat details.evidence")
    _idle(page)
    fold = _last(page, "details.evidence")
    assert re.fullmatch(r"Evidence: \d+ of \d+ passages used", fold.locator("summary").inner_text())
    assert not fold.locator("li").first.is_visible()
    fold.locator("summary").click()
    assert "used: quoted as [1]" in fold.inner_text() and "not used: it tells a story" in fold.inner_text()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#chat").get_by_role("button", name="Copy message").last.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "Mode collapse is a failure" in copied and "passages used" not in copied
    _say(page, "How do you know?")
    page.wait_for_selector("#chat div.evidence .place")
    assert "Evidence for “What is mode collapse?”" in _last(page, "div.evidence >> nth=-1").inner_text()


def test_tutor_quotes_the_note_at_its_lines(visit: Opening, tutor: Any) -> None:
    page = visit(tutor.url)
    _say(page, "What is mode collapse?")
    page.wait_for_selector("#chat .support")
    _idle(page)
    chips = _last(page, "details.citation")
    assert chips.count() >= 1
    for n in range(chips.count()):
        where = str(chips.nth(n).locator("summary").text_content())
        chips.nth(n).locator("summary").click()
        page.wait_for_selector("#reader:not(.waiting, .stale)")
        found = re.search(r"· (\S+\.\w+) · lines? (\d+)(?:–(\d+))?$", where)
        assert found, where
        lines = (PROJECT_ROOT / "corpus" / found[1]).read_text(encoding="utf-8").splitlines()
        first, last = int(found[2]), int(found[3] or found[2])
        quote = _words(page.locator("#note-text mark").inner_text())
        assert quote and quote in _words(" ".join(lines[first - 1 : last]))
        page.keyboard.press("Escape")
    assert "mode-collapse" in str(chips.first.locator("summary").text_content())


def test_tutor_explains_like_five_with_its_reading_grade(visit: Opening, tutor: Any) -> None:
    page = visit(tutor.url)
    _say(page, "Explain mode collapse like I'm 5")
    page.wait_for_selector("#chat .support")
    _idle(page)
    grade = re.search(r"reading grade (\d+\.\d)", _last(page, ".support").inner_text())
    assert grade and float(grade[1]) < 9
    assert "Where it breaks" in _last(page, ".message-content >> nth=0").inner_text()


def test_tutor_asks_five_questions_and_gives_the_score(visit: Opening, tutor: Any) -> None:
    page = visit(tutor.url)

    def answered(send: Callable[[], None]) -> int:
        """Sends an answer and waits until all is said; gives how many were graded so far."""
        said = page.locator("#chat .user-row").count()
        send()
        page.locator("#chat .user-row").nth(said).wait_for()
        _idle(page)
        return int(page.locator("#chat .grade").count())

    _say(page, "5 questions on GANs")
    for k in range(1, 6):
        page.wait_for_selector(f"#chat >> text=Question {k} of 5")
        _idle(page)
        buttons = page.locator("#chat .options button")
        if buttons.count():
            graded = answered(buttons.first.click)
        else:
            words = "The generator makes samples and the discriminator tells real ones from made ones."
            graded = answered(lambda words=words: _say(page, words))
        for letter in "AB":  # options that have no buttons are named by their letters
            if graded < k:
                graded = answered(lambda letter=letter: _say(page, letter))
        assert graded == k
    page.wait_for_selector("#chat .score")
    _idle(page)
    assert re.search(r"Score: [\d.]+ of 5", page.inner_text("#chat .score"))
    assert page.locator("#chat .grade").count() == 5
    assert page.locator("#chat .bot-row details.citation").count() >= 5


def test_tutor_trains_a_gan_and_shows_its_picture(visit: Opening, tutor: Any) -> None:
    page = visit(tutor.url)
    _say(page, "show me a GAN training")
    page.wait_for_selector("#chat .choices")
    _idle(page)
    _say(page, "skip")
    page.wait_for_selector("#chat .frame")
    page.wait_for_selector("#chat .outcome")
    _idle(page)
    page.wait_for_function("document.querySelector('#chat .bot-row img').naturalWidth > 200")
    assert page.locator("#chat .bot-row img").count() == 1
    assert _last(page, ".outcome tbody tr").count() >= 1
    page.reload()
    page.wait_for_selector("#chat .outcome")
    page.wait_for_function("document.querySelector('#chat .bot-row img').naturalWidth > 200")


def test_tutor_refuses_what_the_notes_do_not_cover(visit: Opening, tutor: Any) -> None:
    page = visit(tutor.url)
    _say(page, "What is the capital of France?")
    page.wait_for_selector("#chat .support")
    _idle(page)
    assert "do not cover this" in _last(page, ".message-content >> nth=0").inner_text()
    assert page.locator("#chat .options button").count() >= 1
    assert page.locator("#chat details.citation").count() == 0


# Own notes, over the whole program


@pytest.fixture
def own(serve_page: Any, page_settings: Any, tmp_path: Path) -> Iterator[Any]:
    """The page over the small library, with no library of the student's own yet."""
    with serve_page(page_settings(tmp_path)) as page:
        yield page


def test_conversations_are_there_after_a_restart(
    serve_page: Any, page_settings: Any, browse: Opening, tmp_path: Path
) -> None:
    with serve_page(page_settings(tmp_path)) as served:
        page = browse(served.url)
        assert "few kinds of output" in _answer_to(page, "What is mode collapse?")
        page.close()
    with serve_page(page_settings(tmp_path)) as served:
        page = browse(served.url)
        assert page.locator("#chat .user-row").inner_text() == "What is mode collapse?"
        assert page.locator("#chats label").count() == 1
        _last(page, "details.citation summary").first.click()
        page.wait_for_selector("#reader:not(.waiting, .stale) #note-text mark")
        page.keyboard.press("Escape")
        assert "PacGAN" in _answer_to(page, "How can I fix that?")


def test_a_first_question_a_quote_and_a_note_need_the_keyboard_alone(own: Any, browse: Opening) -> None:
    page = browse(own.url)
    _tabbed(page, "#box textarea")
    page.keyboard.type("What is mode collapse?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#chat .support")
    _idle(page)
    _tabbed(page, "#chat sup.cite", "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#reader:not(.waiting, .stale) #note-text mark")
    page.keyboard.press("Escape")
    page.wait_for_selector("#reader", state="hidden")
    _tabbed(page, "#tab-notes-button", "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#note-found nav a")
    _tabbed(page, "#note-found nav a")
    page.keyboard.press("Enter")
    page.wait_for_selector("#note .piece")


def _tabbed(page: Any, selector: str, key: str = "Tab") -> None:
    """Goes by the keyboard to what the selector names."""
    for _ in range(80):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press(key)
    pytest.fail(f"{selector} is not reached with {key}")


def _typed(page: Any, place: str, text: str) -> None:
    page.locator(f"{place} :is(input, textarea)").fill(text)
    page.click(f"{place} .submit-button")


def _status(page: Any, text: str) -> None:
    page.wait_for_selector(f"#shelf-status >> text={text}")


def _uploaded(page: Any, *files: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.click("#upload")
    chooser.value.set_files([str(file) for file in files])


def _chosen(page: Any, place: str, label: str) -> None:
    page.click(f"{place} input")
    page.get_by_role("option", name=label).click()


def _answer_to(page: Any, question: str) -> str:
    before = page.locator("#chat .support").count()
    _say(page, question)
    page.locator("#chat .support").nth(before).wait_for()
    _idle(page)
    return " ".join(_last(page, ".message-content").all_inner_texts())


@pytest.fixture
def osmosis(tmp_path: Path) -> Path:
    file = tmp_path / "osmosis.md"
    file.write_text("# Osmosis\n\nOsmosis is the movement of water through a membrane.\n", encoding="utf-8")
    return file


def test_own_notes_are_uploaded_answered_from_taken_out_and_refused(
    own: Any, visit: Opening, osmosis: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.md"
    broken.write_bytes(b"\xff\xfa\x00")
    page = visit(own.url)
    assert "do not cover" in _answer_to(page, "What is osmosis?")
    page.click("#shelf > button")
    assert "Mode collapse" in page.inner_text("#contents")
    assert not page.locator("#upload").is_visible()
    _typed(page, "#new-library", "Biology")
    _status(page, "“Biology” is made")
    page.wait_for_selector("#chat >> text=From here on I answer from: Biology")
    assert page.locator("#library input").input_value() == "Biology"
    assert "Read: nothing" in page.inner_text("#contents")
    _uploaded(page, osmosis, broken)
    _status(page, "1 file added. 1 of 2 cannot be read.")
    assert re.search(r"Osmosis\s+osmosis\.md · markdown · 1 passage", page.inner_text("#contents"))
    assert re.search(
        r"Skipped: 1\s+broken\.md\s+it is not text[^R]*Read: 1 note", page.inner_text("#contents")
    )
    assert "1 note," in page.inner_text("#about") and page.inner_text("#notices .prose") == (
        "1 file could not be read: see “Notes”."
    )
    # What came stays for some minutes: another student may have sent the same file to the same place.
    assert {path.name for path in (tmp_path / "cache" / "page").rglob("*.md")} == {"osmosis.md", "broken.md"}
    assert "Osmosis is the movement of water" in _answer_to(page, "What is osmosis?")
    assert "[1] Osmosis · osmosis.md · line 3" in _last(page, "details.citation summary").text_content()
    _chosen(page, "#entry", "osmosis.md")
    page.click("#out-no")
    page.wait_for_selector("#out-yes", state="hidden")
    _chosen(page, "#entry", "osmosis.md")
    page.click("#out-yes")
    _status(page, "osmosis.md is out; a copy is kept")
    assert "do not cover" in _answer_to(page, "What is osmosis?")
    assert (tmp_path / "data/libraries/biology/removed/osmosis.md").exists()
    page.reload()
    page.wait_for_selector("#chat .support")
    assert page.locator("#library input").input_value() == "Biology"
    assert page.locator("#chat details.citation").count() == 1
    page.click("#shelf > button")
    page.click("#drop")
    page.click("#drop-yes")
    _status(page, "“Biology” is deleted")
    assert page.locator("#library input").input_value() == "notes"
    assert "few kinds of output" in _answer_to(page, "What is mode collapse?")


def test_a_linked_folder_is_read_and_its_changes_are_found(
    own: Any, visit: Opening, osmosis: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "my-notes"
    folder.mkdir()
    osmosis = osmosis.rename(folder / "osmosis.md")
    page = visit(own.url)
    page.click("#shelf > button")
    _typed(page, "#new-library", "Biology")
    _status(page, "is made")
    page.wait_for_selector("#chat .examples >> text=What do my notes cover?")
    _typed(page, "#folder", "/")
    _status(page, "/ is no folder of notes. Name the folder inside it that holds them.")
    assert page.locator("#folder :is(input, textarea)").input_value() == "/"
    _typed(page, "#folder", str(folder))
    _status(page, "is part of the library now")
    page.wait_for_selector("#chat .examples >> text=What is osmosis?")
    assert "movement of water" in _answer_to(page, "What is osmosis?")
    osmosis.write_text("# Osmosis\n\nOsmosis is the slow movement of a solvent.\n", encoding="utf-8")
    (folder / "empty.md").write_text("")
    assert "slow movement of a solvent" in _answer_to(page, "What is osmosis?")
    page.wait_for_selector("#chat >> text=Something in your notes changed")
    page.wait_for_selector("#contents >> text=it is empty")
    _chosen(page, "#library", "notes")
    page.wait_for_selector("#chat >> text=From here on I answer from: notes")
    assert "do not cover" in _answer_to(page, "What is osmosis?")
    assert osmosis.exists()


def test_a_file_too_large_is_told_and_the_notes_wait_for_an_answer(
    own: Any, visit: Opening, tmp_path: Path
) -> None:
    large = tmp_path / "large.md"
    large.write_bytes(b"x " * 3_000_000)
    page = visit(own.url)
    page.click("#shelf > button")
    _typed(page, "#new-library", "<b>Bio</b> $x$")
    _status(page, "“<b>Bio</b> $x$” is made")
    _uploaded(page, large)
    page.wait_for_selector(".toast-wrap >> text=large.md")
    assert "Read: nothing" in page.inner_text("#contents")
    own.running._seats.of(None).desk.take("another tab", "a chat")
    _chosen(page, "#library", "notes")
    _status(page, "Wait until the answer is finished")
    _until(page, lambda: page.locator("#library input").input_value() == "<b>Bio</b> $x$")


def test_another_library_is_chosen_without_a_complaint_and_its_list_is_left_without_effect(
    own: Any, visit: Opening, osmosis: Path
) -> None:
    page = visit(own.url)
    page.click("#shelf > button")
    _typed(page, "#new-library", "Biology")
    _status(page, "is made")
    _uploaded(page, osmosis)
    _status(page, "1 file added.")
    for label, example in (("notes", "mode collapse"), ("Biology", "osmosis")):
        _chosen(page, "#library", label)
        page.wait_for_selector(f"#chat .examples >> text={example}")
        _until(page, lambda label=label: page.locator("#library input").input_value() == label)
    page.wait_for_timeout(500)
    assert page.locator(".toast-wrap").all_inner_texts() in ([], [""])
    own.running._seats.of(None).desk.take("another tab", "a chat")
    page.click("#library input")
    page.click("#about")
    page.click("#entry input")
    page.click("#about")
    page.wait_for_timeout(500)
    assert not page.locator("#out-yes").is_visible()
    assert page.locator(".toast-wrap").all_inner_texts() in ([], [""])
    assert not page.locator("#shelf-status").is_visible()


def test_arrow_that_closes_the_side_covers_nothing(own: Any, visit: Opening) -> None:
    page = visit(own.url, viewport={"width": 1200, "height": 360})
    page.click("#shelf > button")
    make = page.locator("#new-library .submit-button")
    make.evaluate("node => node.scrollIntoView({block: 'start'})")
    box, arrow = make.bounding_box(), page.locator("#side .toggle-button").bounding_box()
    assert box and arrow and box["y"] >= arrow["y"] + arrow["height"]
    page.locator("#side .sidebar-content").evaluate("(node, by) => node.scrollBy(0, by)", box["y"] - 30)
    assert make.evaluate(
        "node => { const at = node.getBoundingClientRect();"
        " return Boolean(document.elementFromPoint(at.x + 9, at.y + 18).closest('#about')); }"
    )


def test_phone_has_room_for_the_notes(own: Any, visit: Opening, osmosis: Path) -> None:
    page = visit(own.url, new=False, viewport={"width": 375, "height": 720}, has_touch=True)
    page.wait_for_selector("#side:not(.open)")
    page.click("#side .toggle-button")
    page.click("#shelf > button")
    _typed(page, "#new-library", "A library with quite a long name, sixty letters, as is fit")
    _status(page, "is made")
    _uploaded(page, osmosis)
    _status(page, "1 file added.")
    side = page.locator("#side .sidebar-content")
    assert side.evaluate("node => node.scrollWidth <= node.clientWidth")
    for place in (
        "#new-library .submit-button",
        "#upload",
        "#folder .submit-button",
        "#entry input",
        "#drop",
    ):
        box = page.locator(place).bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= 375 and box["height"] >= 24
    for selector in ("#shelf-status p", "#contents li b", "#contents li span", "#formats p", "#drop"):
        assert _contrast(page, selector) >= 4.5
