"""What axe-core says of every state of every tab: light and dark, on a screen and on a phone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

WIDTHS = (1280, 375)
SERIOUS = ("serious", "critical")
# What differs between light and dark is the colours alone, so the second look is at them only.
LOOKS: tuple[tuple[str, dict[str, Any]], ...] = (("light", {}), ("dark", {"runOnly": ["color-contrast"]}))
# No colour of the page goes by the width: on a phone the second look is at one state for each part that lies otherwise.
DARK_ON_A_PHONE = (
    "an empty chat",
    "a citation that is read",
    "the libraries",
    "a note with its map",
    "the progress",
)


AUTOENCODER = """# Autoencoders

An **autoencoder** is a network that squeezes data into a short code and rebuilds them from it.
~~An autoencoder needs labels.~~

```python
loss = ((decoder(encoder(batch)) - batch) ** 2).mean() + weight * (encoder(batch) ** 2).mean()  # squeezed, rebuilt
```

| part | what it gets | what it gives |
|---|---|---|
| encoder | a picture of a few hundred pixels | the code, a few numbers |

$$
L = \\sum_{n=1}^{N} \\lVert x_n - D(E(x_n)) \\rVert^2 + \\lambda \\sum_{n=1}^{N} \\lVert E(x_n) \\rVert^2
$$

> **Me:** Is the code random?
> **ChatGPT:** The code of an autoencoder is the same for the same picture.
"""


@pytest.fixture(scope="module")
def page(
    serve_page: Any,
    page_settings: Any,
    small_notes: Path,
    browse_on: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Any]:
    """The page over the small library and a note with code, a table, a formula and a talk; one for all states."""
    folder = tmp_path_factory.mktemp("access")
    notes = Path(shutil.copytree(small_notes, folder / "notes"))
    (notes / "autoencoder.md").write_text(AUTOENCODER, encoding="utf-8")
    own = {"notes": (notes,), "index_dir": folder / "index"}
    with serve_page(page_settings(folder, demo_budget_s=2.0, **own)) as served:
        page = browse_on(served.url, reduced_motion="reduce")  # else colours would fade from light to dark
        yield page
        page.close()


def _faults(page: Any, is_dark_on_a_phone: bool = False) -> list[str]:
    """The serious and critical faults that axe finds, each with its place.

    It looks at both widths in the light, and in the dark at the first of them or at both.
    """
    from axe_playwright_python.base import AXE_SCRIPT

    told: list[str] = []
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE_SCRIPT)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(300)  # what scrolls at this width is found soon after it
        for scheme, options in LOOKS if width == WIDTHS[0] or is_dark_on_a_phone else LOOKS[:1]:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(
                "dark => document.body.classList.contains('dark') === dark", arg=scheme == "dark"
            )
            found = page.evaluate("axe.run", {"resultTypes": ["violations"]} | options)["violations"]
            told += [
                f"{width} {scheme}: {one['id']} at {node['target']}: {node.get('failureSummary', '')[:300]}"
                for one in found
                if one["impact"] in SERIOUS
                for node in one["nodes"]
            ]
    return told


def _side(page: Any, is_open: bool = True) -> None:
    """Opens the side, or closes it."""
    if page.evaluate("Boolean(document.querySelector('#side.open'))") != is_open:
        page.click("#side .toggle-button")
    page.wait_for_function("is => Boolean(document.querySelector('#side.open')) === is", arg=is_open)


def _tab(page: Any, name: str) -> None:
    """Goes to a tab, with nothing before it."""
    if page.locator("#reader[open]").count():
        page.keyboard.press("Escape")
    page.set_viewport_size({"width": WIDTHS[0], "height": 800})
    _side(page, is_open=False)
    page.get_by_role("tab", name=name, exact=True).click()


def _ask(page: Any, question: str) -> None:
    page.fill("#box textarea", question)
    page.press("#box textarea", "Enter")
    page.locator("#chat .user-row", has_text=question).last.wait_for()
    page.wait_for_selector("#chat .bot-row >> nth=-1 >> .support")
    page.wait_for_selector("#box .submit-button")


def _empty(page: Any) -> None:
    _tab(page, "Chat")
    _side(page)
    page.click("#new")
    page.wait_for_selector("#chat .examples")
    _side(page, is_open=False)


def _answered(page: Any) -> None:
    _empty(page)
    _ask(page, "What is an autoencoder?")
    page.locator("#chat details.evidence > summary").last.click()


def _chat(page: Any) -> None:
    _tab(page, "Chat")
    if not page.locator("#chat details.citation summary").count():
        _answered(page)


def _reading(page: Any) -> None:
    _chat(page)
    page.locator("#chat details.citation summary").first.click()
    page.wait_for_selector("#reader:not(.waiting)")


def _renaming(page: Any) -> None:
    _chat(page)
    _side(page)
    page.click("#rename")
    page.wait_for_selector("#title :is(input, textarea):focus")


def _deleted(page: Any) -> None:
    _chat(page)
    _side(page)
    page.click("#delete")
    page.wait_for_selector("#bring-back:focus")


def _shelf(page: Any) -> None:
    _tab(page, "Chat")
    _side(page)
    if not page.locator("#new-library").is_visible():
        page.click("#shelf > button")
    page.wait_for_selector("#new-library")


def _notes(page: Any) -> None:
    _tab(page, "Notes")
    page.locator("#note-found summary", has_text="What needs what").wait_for()


def _whole_map(page: Any) -> None:
    _notes(page)
    page.locator("#note-found summary", has_text="What needs what").click()
    page.locator("#note-found .around:visible").wait_for()


def _note(page: Any) -> None:
    _notes(page)
    page.locator("#note-found a", has_text="Mode collapse").first.click()
    page.locator("#note-map svg").first.wait_for()


def _code(page: Any) -> None:
    _notes(page)
    page.locator("#note-found a", has_text="Autoencoders").first.click()
    page.locator("#note pre").wait_for()


def _quiz(page: Any) -> None:
    _tab(page, "Quiz")
    page.locator(":is(#quiz-start, #quiz-another, #quiz-next, #quiz-stop):visible").first.wait_for()
    if page.locator("#quiz-next").is_visible():
        page.click("#quiz-next")
        page.wait_for_selector(":is(#quiz-another, #quiz-stop):visible")
    if page.locator("#quiz-stop").is_visible():
        page.click("#quiz-stop")
        page.wait_for_selector("#quiz-another")
    if page.locator("#quiz-another").is_visible():
        page.click("#quiz-another")
    page.wait_for_selector("#quiz-start")
    if not page.locator("#quiz-kinds").is_visible():
        page.click("#quiz-more > button")


def _question(page: Any) -> None:
    _quiz(page)
    page.fill("#quiz-n input[type=number]", "1")
    page.click("#quiz-start")
    page.wait_for_selector("#quiz-stem .count")
    page.click("#quiz-hint")
    page.wait_for_selector("#quiz-stem >> text=Hint 1.")


def _gallery(page: Any) -> None:
    _tab(page, "Demos")
    if page.locator("#demo-back").is_visible():
        page.click("#demo-back")
    page.wait_for_selector("#card-tokens")


def _demo(page: Any) -> None:
    _gallery(page)
    page.click("#card-tokens")
    page.wait_for_selector("#demo-run")
    if not page.locator("#demo-seed").is_visible():
        page.click("#demo-knobs > button")


def _run(page: Any) -> None:
    _demo(page)
    page.click("#demo-run")
    page.wait_for_selector("#demo-outcome .outcome")
    page.wait_for_selector("#demo-run:visible")


def _progress(page: Any) -> None:
    _tab(page, "Progress")
    page.wait_for_selector("#progress .tiles")


STATES: dict[str, Callable[[Any], None]] = {
    "an empty chat": _empty,
    "an answer with its evidence": _answered,
    "a citation that is read": _reading,
    "a conversation that is renamed": _renaming,
    "a conversation that was deleted": _deleted,
    "the libraries": _shelf,
    "the list of notes": _notes,
    "the map of all notes": _whole_map,
    "a note with its map": _note,
    "a note with code, a table and a formula": _code,
    "a quiz that is set up": _quiz,
    "a question with a hint": _question,
    "the gallery of demos": _gallery,
    "a demo with its knobs": _demo,
    "a finished run": _run,
    "the progress": _progress,
}


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_no_serious_fault_in(page: Any, state: str) -> None:
    STATES[state](page)
    assert _faults(page, state in DARK_ON_A_PHONE) == []


def test_axe_finds_no_serious_fault_in_a_graded_answer_and_the_end_of_its_quiz(
    page: Any, answer_question: Callable[[Any], None]
) -> None:
    _question(page)
    answer_question(page)
    assert _faults(page) == []
    page.click("#quiz-next")
    page.wait_for_selector("#quiz-ended >> text=Score:")
    assert _faults(page) == []


def test_axe_finds_no_serious_fault_in_the_log_in(
    serve_page: Any, page_settings: Any, light_hash: Any, browse: Any, tmp_path: Path
) -> None:
    logins = tmp_path / "logins"
    logins.write_text(f"ann:{light_hash('correct horse')}\n")
    logins.chmod(0o600)
    with serve_page(page_settings(tmp_path, auth=logins)) as served:
        page = browse(served.url, "text=Login", "status of 401")  # it asks first whether one is logged in
        assert _faults(page) == []
