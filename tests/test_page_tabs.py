"""The tabs beside the chat in a real browser, over a real session with a small library."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

PATIENCE_MS = 60_000
Opening = Callable[..., Any]
Answering = Callable[[Any], None]


@pytest.fixture
def served(serve_page: Any, page_settings: Any, tmp_path: Path) -> Iterator[Any]:
    """The page over the small library, on a record of its own."""
    with serve_page(page_settings(tmp_path, demo_budget_s=2.0)) as page:
        yield page


@pytest.fixture(scope="module")
def shared(serve_page: Any, page_settings: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The same page, once for the tests that need no empty record; one of them alone takes a quiz."""
    with serve_page(page_settings(tmp_path_factory.mktemp("tabs"), demo_budget_s=2.0)) as page:
        yield page


@pytest.fixture
def visit(served: Any, browse: Opening) -> Opening:
    """Opens the page at one of its tabs."""
    return partial(_visited, served, browse)


@pytest.fixture
def visit_shared(shared: Any, browse: Opening) -> Opening:
    """As `visit`, on the shared page."""
    return partial(_visited, shared, browse)


def _visited(served: Any, browse: Opening, tab: str, **options: Any) -> Any:
    page = browse(served.url, **options)
    page.get_by_role("tab", name=tab).click()
    return page


def _fits(page: Any, width: int) -> bool:
    """Whether nothing reaches beyond the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth") <= width)


def test_a_note_is_found_read_at_its_lines_and_asked_about(visit_shared: Opening) -> None:
    page = visit_shared("Notes")
    page.fill("#note-search :is(input, textarea)", "pacgan shows several samples")
    page.click("#note-found li:has(span) a")
    page.wait_for_selector("#note .here >> text=PacGAN")
    assert page.locator("#note-head h2").inner_text() == "Mode collapse"
    assert page.evaluate("document.activeElement.tagName") == "H2"
    page.locator("#note .piece.analogy").first.wait_for()
    ask = page.locator("#ask-passage")
    assert ask.get_attribute("aria-disabled") == "false"  # the lines at which it is open can be asked about
    page.locator("#note-map svg a:not(.root)").first.click()
    page.wait_for_selector("#note-head >> text=Generative adversarial networks")
    assert page.locator("#note s").inner_text().startswith("The generator sees the real images")
    page.locator("#note .katex").first.wait_for()
    page.wait_for_selector("#ask-passage[aria-disabled=true]")
    paragraph = page.locator("#note .piece").filter(has_text="turns random noise").first.locator("p")
    paragraph.click(click_count=3)
    page.wait_for_selector("#ask-passage[aria-disabled=false]")
    page.click("#ask-passage")
    page.wait_for_selector("#box textarea:visible")
    asked = page.locator("#box textarea")
    asked.wait_for()
    page.wait_for_function("document.querySelector('#box textarea').value.includes('turns random noise')")
    assert asked.input_value().startswith("Explain this passage of “Generative adversarial networks”")
    page.get_by_role("tab", name="Notes").click()
    page.fill("#note-search :is(input, textarea)", "")
    page.click("#note-found >> text=Flashcards")
    fold = page.locator("#note details.card").first
    fold.wait_for()
    assert not fold.get_by_text("turns random noise").is_visible()
    fold.locator("summary").click()
    assert fold.get_by_text("turns random noise").is_visible()


def test_a_phone_reads_a_note(visit_shared: Opening) -> None:
    page = visit_shared("Notes", viewport={"width": 375, "height": 720}, has_touch=True)
    page.click("#note-found >> text=Mode collapse")
    page.locator("#note .piece").first.wait_for()
    assert _fits(page, 375)
    box = page.locator("#note .piece").first.bounding_box()
    assert box and box["x"] >= 0 and box["width"] > 250
    text, head = (
        page.locator(place).first.bounding_box()["x"] for place in ("#note .piece p", "#note-head h2")
    )
    assert abs(text - head) < 0.5
    page.locator("#note-map svg a.root").wait_for()
    page.set_viewport_size({"width": 280, "height": 720})
    page.click("#note-found >> text=Generative adversarial networks")
    page.wait_for_selector("#note-head >> text=Generative adversarial networks")
    page.click("#note-found >> text=Mode collapse")
    page.wait_for_selector("#note-head >> text=Mode collapse")
    pane, root = (page.locator(f"#note-map {place}").bounding_box() for place in (".map", "a.root rect"))
    assert page.locator("#note-map .map").evaluate("map => map.scrollWidth > map.clientWidth")
    assert pane["x"] <= root["x"] + 4 and root["x"] + root["width"] <= pane["x"] + pane["width"] + 4


def _answer_by_key(page: Any) -> None:
    if page.locator("#quiz-options button:visible").count():
        page.locator("#find :is(input, textarea)").focus()
        page.keyboard.press("a")
        page.get_by_role("tab", name="Quiz").focus()
        page.keyboard.press("a")
        assert page.locator("#quiz-next:visible").count() == 0  # a letter elsewhere chooses nothing
        page.locator("#quiz-sure input").first.focus()
        page.keyboard.press("a")
    else:
        page.fill("#quiz-answer textarea", "It turns random noise into samples.")
        page.keyboard.press("Enter")


def test_a_quiz_is_taken_by_the_keyboard_goes_on_after_a_reload_and_is_printed(
    visit: Opening, answer_question: Answering
) -> None:
    page = visit("Quiz")
    page.get_by_label("Topic").fill("GAN")
    page.keyboard.press("Tab")
    page.fill("#quiz-n input[type=number]", "2")
    page.locator("#quiz-start").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#quiz-stem >> text=Question 1 of 2")
    page.get_by_label("I think so").check()
    page.click("#quiz-hint")
    page.wait_for_selector("#quiz-stem >> text=Hint 1.")
    page.reload()
    page.wait_for_selector("#quiz-stem >> text=Question 1 of 2")  # the tab that was open is open again
    assert page.locator("#quiz-stem >> text=Hint 1.").is_visible()
    page.keyboard.press("Control+k")
    page.wait_for_selector("#find :is(input, textarea):focus")
    page.keyboard.press("Shift+Escape")
    page.wait_for_selector("#box textarea:focus")
    page.get_by_role("tab", name="Quiz").click()
    _answer_by_key(page)
    page.wait_for_selector("#quiz-next:visible")
    assert page.locator("#quiz-graded .verdict").is_visible()
    assert page.locator("#quiz-graded details.citation mark").is_visible()
    assert page.locator("#quiz-graded .yours").inner_text().startswith("You said: ")
    page.keyboard.press("Enter")
    page.wait_for_selector("#quiz-stem >> text=Question 2 of 2")
    page.click("#quiz-skip")
    page.wait_for_selector("#quiz-graded >> text=The answer is")
    page.click("#quiz-next")
    page.wait_for_selector("#quiz-ended >> text=Score:")
    assert page.locator("#quiz-ended .asked > li").count() == 2
    assert not page.locator("#quiz-paper").is_visible()
    page.evaluate("window.print = () => {}")
    page.click("#quiz-print")
    page.emulate_media(media="print")
    assert page.locator("#quiz-paper").is_visible() and not page.locator("#side").is_visible()
    assert not page.locator("#quiz-ended").is_visible() and not page.locator("#box").is_visible()
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Mode collapse").or_(page.locator("#quiz-ended a")).first.click()
    page.wait_for_selector("#note .here")
    page.get_by_role("tab", name="Chat").click()
    assert page.locator("#chats label").count() == 1 and "Quiz: GAN" in page.inner_text("#chats")


def test_enter_takes_the_topic_that_was_typed_and_the_focus_goes_with_the_quiz(
    visit: Opening, answer_question: Answering
) -> None:
    from playwright.sync_api import expect

    page = visit("Quiz")
    topic = page.locator("#quiz-topic input")
    topic.click()
    page.keyboard.type("mode")
    page.wait_for_selector("[role=option] >> text=Mode collapse")
    page.keyboard.press("Enter")
    page.wait_for_selector("#quiz-start:focus")
    page.wait_for_selector("[role=option]", state="detached")
    assert topic.input_value() == "mode"
    topic.click()
    page.keyboard.type(" c")
    page.wait_for_selector("[role=option] >> text=Mode collapse")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(topic).to_have_value("Mode collapse")
    page.fill("#quiz-n input[type=number]", "1")
    page.locator("#quiz-start").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(":is(#quiz-stem, #quiz-answer textarea):focus")
    answer_question(page)
    page.wait_for_selector("#quiz-graded:focus")
    assert page.locator("#quiz-feedback >> text=Enter goes on").is_visible()
    page.keyboard.press("Enter")
    page.wait_for_selector("#quiz-ended:focus")


def test_a_list_that_the_keyboard_goes_past_is_closed(visit_shared: Opening) -> None:
    page = visit_shared("Quiz")
    page.locator("#library input").focus()
    page.wait_for_selector("[role=option]")
    page.keyboard.press("Tab")
    page.wait_for_selector("[role=option]", state="detached")
    assert page.locator("#library input").get_attribute("aria-expanded") == "false"


def test_the_cards_are_downloaded_as_a_file_that_is_what_it_says(
    visit_shared: Opening, tmp_path: Path
) -> None:
    page = visit_shared("Quiz", viewport={"width": 375, "height": 720}, has_touch=True)
    page.click("#cards-out > button")
    assert _fits(page, 375)
    for name, start in (("Anki", b"PK"), ("CSV", "\ufeff".encode())):
        page.locator("#cards-format label", has_text=name).click()
        with page.expect_download() as loaded:
            page.click("#cards-take")
        loaded.value.save_as(tmp_path / name)
        assert loaded.value.suggested_filename.startswith("tutor-cards")
        assert (tmp_path / name).read_bytes().startswith(start)
    page.wait_for_selector("#cards-said >> text=in tutor-cards.csv")


def test_a_phone_takes_a_quiz(visit_shared: Opening, answer_question: Answering) -> None:
    page = visit_shared("Quiz", viewport={"width": 375, "height": 720}, has_touch=True)
    page.click("#quiz-start")
    page.wait_for_selector("#quiz-stem .count")
    assert _fits(page, 375)
    answer_question(page)
    assert _fits(page, 375)


def _drawn(page: Any, selector: str) -> None:
    """Waits until a picture is there; the page's policy lets no function be waited for in it."""
    for _ in range(PATIENCE_MS // 100):
        if page.locator(selector).count() and page.eval_on_selector(
            selector, "one => one.naturalWidth > 200"
        ):
            return
        page.wait_for_timeout(100)
    raise AssertionError(selector)


def _kept_before(runs: Path) -> None:
    """A run of self-attention that is kept from before."""
    from PIL import Image

    place = runs / "run-before"
    place.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(place / "final.png")
    told = {
        "demo": "self-attention",
        "preset": "quick",
        "seed": 5,
        "knobs": {},
        "outcome": "done",
        "metrics": {},
    }
    (place / "result.json").write_text(json.dumps(told))


def test_a_demo_is_predicted_run_compared_and_downloaded(visit: Opening, served: Any) -> None:
    _kept_before(served.opened.settings.data_dir / "runs")
    page = visit("Demos")
    page.get_by_role("button", name="Self-attention learns where to look").click()
    page.click("#demo-knobs > button")
    page.get_by_label("seed").fill("4")
    assert not page.get_by_label("more than nine tenths").is_checked()
    page.get_by_label("more than nine tenths").check()
    page.click("#demo-run")
    page.wait_for_selector("#demo-progress .bar")
    page.wait_for_selector("#demo-outcome .outcome")
    page.wait_for_selector("#demo-run:visible")
    assert not page.get_by_label("more than nine tenths").is_checked()
    assert "You predicted “more than nine tenths”" in page.inner_text("#demo-outcome .foretold")
    _drawn(page, "#demo-picture img")
    picture, button = (
        page.locator(f"#demo-picture {one}").bounding_box() for one in ("img", "button[title]")
    )
    assert button["y"] >= picture["y"] + picture["height"]  # it covers nothing
    for name, file in (("png", "final.png"), ("gif", "film.gif"), ("json", "result.json")):
        with page.expect_download() as loaded:
            page.click(f"#demo-{name}")
        assert loaded.value.suggested_filename == file and loaded.value.failure() is None
    page.click("#demo-back")
    for place, option in (("#kept-one", 1), ("#kept-two", 0)):
        page.click(f"{place} input")
        page.get_by_role("option").nth(option).click()
    page.click("#compare")
    page.wait_for_selector("#compared >> text=Two runs of self-attention")
    _drawn(page, "#compared-two img")
    assert page.locator("#chats label").count() == 1


def test_a_run_is_stopped_and_says_so(visit_shared: Opening) -> None:
    page = visit_shared("Demos")
    page.click("#card-gan-2d")
    page.get_by_label("Long").check()
    page.click("#demo-run")
    page.wait_for_selector("#demo-progress .bar")
    page.click("#demo-stop")
    page.wait_for_selector("#demo-outcome >> text=Stopped.")
    assert page.locator("#demo-run").is_visible() and not page.locator("#demo-stop").is_visible()


def test_progress_shows_what_the_quiz_left(visit: Opening, answer_question: Answering) -> None:
    page = visit("Quiz", viewport={"width": 375, "height": 720}, color_scheme="dark")
    page.click("#quiz-start")
    page.wait_for_selector("#quiz-stem .count")
    answer_question(page)
    page.get_by_role("tab", name="Progress").click()
    page.wait_for_selector("#progress >> text=1 answered")
    assert page.locator("#progress .bar").first.is_visible() and not page.locator("#review").is_visible()
    assert _fits(page, 375)
    missed = page.locator("#progress .misses a")
    if missed.count():
        missed.first.click()
        page.wait_for_selector("#note .here")


def test_of_two_quick_clicks_the_second_does_not_touch_the_next_question(visit: Opening) -> None:
    page = visit("Quiz")
    page.fill("#quiz-n input[type=number]", "3")
    page.click("#quiz-start")
    page.wait_for_selector("#quiz-stem >> text=Question 1 of 3")
    page.evaluate("for (const name of ['skip', 'report']) document.querySelector(`#quiz-${name}`).click()")
    # Either of two requests may be the first to reach the server.
    page.wait_for_selector("#quiz-graded >> text=/The answer|Reported/")
    page.wait_for_selector("#quiz-said >> text=One moment", state="detached")
    page.click("#quiz-next")
    page.wait_for_selector("#quiz-stem >> text=Question 2 of 3")


def test_a_run_that_ends_during_an_answer_leaves_the_list_and_the_words_looked_for_as_they_are(
    visit: Opening, served: Any
) -> None:
    page = visit("Chat")
    others = served.running._seats.of("").line.join()
    page.fill("#box textarea", "What is mode collapse?")
    page.press("#box textarea", "Enter")
    page.wait_for_selector("#chat >> text=1 before you")
    page.fill("#find :is(input, textarea)", "collapse")
    page.wait_for_selector("#chats input[disabled]", state="attached")
    page.get_by_role("tab", name="Demos").click()
    page.click("#card-self-attention")
    page.click("#demo-run")
    page.wait_for_selector("#demo-outcome .outcome")
    page.wait_for_selector("#demo-run:visible")
    page.wait_for_timeout(500)  # for the list that follows
    assert page.locator("#chats input:not([disabled])").count() == 0
    assert page.locator("#find :is(input, textarea)").input_value() == "collapse"
    others.leave()
    page.wait_for_selector("#chats input:not([disabled])", state="attached")
    assert page.locator("#find :is(input, textarea)").input_value() == "collapse"


def test_a_run_is_shown_on_the_page_of_its_own_demo_and_a_kept_one_with_its_settings(visit: Opening) -> None:
    from playwright.sync_api import expect

    page = visit("Demos")
    page.click("#card-gan-2d")
    page.get_by_label("Long").check()
    page.click("#demo-run")
    page.wait_for_selector("#demo-progress .bar")
    page.click("#demo-back")
    page.click("#card-self-attention")
    page.wait_for_selector("#demo-head >> text=Self-attention")
    assert not page.locator("#demo-stop").is_visible()
    page.get_by_label("more than nine tenths").check()
    page.wait_for_selector(".toast-body >> text=has ended")
    assert not page.locator("#demo-progress .bar").count() and not page.locator("#demo-picture img").count()
    page.click("#demo-knobs > button")
    page.get_by_label("seed").fill("4")
    page.click("#demo-run")
    page.wait_for_selector("#demo-outcome .foretold")
    assert not page.get_by_label("more than nine tenths").is_checked()
    page.click("#demo-back")
    page.click("#kept-run input")
    page.get_by_role("option").filter(has_text="self-attention").click()
    page.wait_for_selector("#demo-progress >> text=A run that is kept")
    expect(page.get_by_label("seed")).to_have_value(
        "4", timeout=PATIENCE_MS
    )  # the knobs are set after the heading


def test_nothing_in_the_side_scrolls_sideways_and_bars_are_dark_in_the_dark(
    visit_shared: Opening,
) -> None:
    page = visit_shared("Chat", color_scheme="dark")
    page.wait_for_selector("#shelf button")
    wide = """() => [...document.querySelectorAll("#side *")].filter(one => one.clientWidth
      && /auto|scroll/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth).map(one => one.id)"""
    assert page.evaluate(wide) == []
    scheme = "getComputedStyle(document.querySelector('#side .sidebar-content')).colorScheme"
    assert page.evaluate(scheme) == "dark"
    assert visit_shared("Chat", color_scheme="light").evaluate(scheme) != "dark"
