"""The cards of the notes as a file for another program: chosen under the settings of a quiz, kept by the browser."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

import base64
import itertools
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tutor.quiz.export import FORMATS, NEXT_STEP, Format
from tutor.quiz.items import KINDS
from tutor.ui.contents import count, status_html
from tutor.ui.tabbing import TELLING, Beside, On, Working

if TYPE_CHECKING:
    from tutor.session import Session

DUE, MISSED = "What is due today", "What I got wrong"
_NAMES: dict[Format, str] = {
    "anki": "Anki deck (.apkg)",
    "gift": "GIFT, for Moodle",
    "csv": "CSV table",
    "markdown": "Markdown",
}
_NO_TOPIC = f"“{DUE}” and “{MISSED}” are for a quiz: choose a topic, or empty the field for all cards."
_LONGEST_TOPIC = 200


def cards_parts() -> dict[str, Any]:
    """The components by name; they stand below those of the quiz, whose topic and kinds they share."""
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Accordion("Take the cards with you", open=False, elem_id="cards-out"):
        parts["cards_format"] = gr.Radio(
            [(_NAMES[format], format) for format in FORMATS], value="anki", label="As a file",
            info="All cards on the topic above, of the kinds above.", elem_id="cards-format",
        )  # fmt: skip
        parts["cards_take"] = gr.Button("Download the cards", elem_id="cards-take")
        parts["cards_said"] = gr.Markdown("", visible=False, elem_id="cards-said", latex_delimiters=[])
    return parts


class CardsOut:
    """Makes the file that a click asks for."""

    def __init__(self, session: "Session", beside: Beside) -> None:
        self._session = session
        self._beside = beside
        self._files = itertools.count(1)

    def taken(self, tab: str, format: str, topic: str, kinds: list[str]) -> Iterator[list[Any]]:
        """cards_said, file: the cards on a topic as the browser is to keep them, with what to do with them next."""
        words = " ".join(str(topic or "").split())[:_LONGEST_TOPIC]
        wanted: Format = next((one for one in FORMATS if one == format), "anki")
        chosen = tuple(kind for kind in KINDS if kind in (kinds or ()))

        def made(work: Working) -> list[Any]:
            file = self._session.cards_file(wanted, words, chosen)
            told = f"{count(file.count, 'card')} in {file.name}. {NEXT_STEP[wanted]}"
            packed = base64.b64encode(file.data).decode()
            # A number of its own, so that the same file is another one to the browser.
            kept = json.dumps([f"cards {next(self._files)}", file.name, packed, True])
            return _line(status_html(told), kept)

        if words in (DUE, MISSED):
            yield _line(status_html(_NO_TOPIC, bad=True))
        else:
            yield from self._beside.work(
                f"{tab} cards", "", _line, made, "Writing the cards down …", in_line=False
            )


def _line(said: str = "", file: str = "") -> list[Any]:
    """cards_said, file: a line of HTML to the student, or none; and a file where there is one."""
    import gradio as gr

    return [gr.Markdown(said, visible=bool(said)), file or gr.skip()]


def wire_cards(parts: dict[str, Any], on: On) -> None:
    """The listener of the button."""
    import gradio as gr

    def taken(mine: Any, format: str, topic: str, kinds: list[str], request: gr.Request) -> Iterator[Any]:
        yield from mine.cards.taken(str(request.session_hash), format, topic, kinds)

    given = [parts[name] for name in ("cards_format", "quiz_topic", "quiz_kinds")]
    on(parts["cards_take"].click, taken, given, [parts["cards_said"], parts["file"]], **TELLING)
