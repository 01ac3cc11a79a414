"""The tab of the demos: a gallery, one demo with its knobs and its run, the runs that are kept, two side by side.

A run goes through the session as one that was asked for in the chat does: the same tool checks its arguments, it waits
in the same line, and a conversation of the record keeps it.
"""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.conversations import named_after
from tutor.demo_turns import find, title_of
from tutor.lesson import prediction_of
from tutor.runs import KEPT_FILES, KeptRun, comparison_table, kept_runs
from tutor.turns import Event, event_to_json
from tutor.ui.contents import status_html
from tutor.ui.demos_layout import MOST_SEED, most_knobs
from tutor.ui.lessons import table_html
from tutor.ui.run_view import (
    PRESETS,
    changed_knobs,
    demo_html,
    kept_values,
    knob_info,
    knob_label,
    knob_values,
    preset_choices,
    progress_html,
    run_html,
    slider_step,
)
from tutor.ui.saying import within_pace
from tutor.ui.tabbing import Beside

if TYPE_CHECKING:
    from tutor.session import Session

Data = Mapping[str, Any]
_NO_RUN = "This run is no longer kept; choose another."
DEMO = ("demo_name", "demo_gallery", "demo_page", "demo_head", "demo_preset", "demo_seed")
RUN = (
    "demo_run",
    "demo_stop",
    "demo_progress",
    "demo_picture",
    "demo_outcome",
    "demo_png",
    "demo_gif",
    "demo_json",
    "demo_predict",
)
KEPT = ("kept_run", "kept_one", "kept_two")
COMPARED = ("compared", "compared_one", "compared_two")


@dataclass
class _Running:
    """A run that goes on in a browser's tab: its demo, how it was set, and the demo whose page is open there."""

    name: str
    call: Data
    on_page: str

    @property
    def is_seen(self) -> bool:
        return self.name == self.on_page


class DemosTab:
    """What each click shows of the demos and their runs.

    It holds nothing but the list of the demos, and which page is open in a browser's tab while a run goes on there: the
    frames of the run are shown on the page of its own demo alone.
    """

    def __init__(self, session: "Session", beside: Beside, demos: Sequence[dict[str, Any]]) -> None:
        self._session = session
        self._beside = beside
        self.demos = demos
        self.knobs = most_knobs(demos)
        self._running: dict[str, _Running] = {}

    @property
    def _runs(self) -> Path:
        return self._session.settings.data_dir / "runs"

    # -- one demo ----------------------------------------------------------------------------------------------------

    def opened(self, name: str, tab: str = "", kept: Data | None = None) -> list[Any]:
        """DEMO, the knobs, RUN: the page of a demo, as its quick preset sets it.

        Args:
            kept: what a kept run tells, whose preset, seed and knobs are set in place of those.
        """
        import gradio as gr

        demo = find(name, self.demos)
        if demo is None:
            return self.closed(tab) + [gr.skip()] * (2 * self.knobs + len(RUN))
        self._turned(tab, name if kept is None else "")
        running = self._running.get(tab)
        goes_on = running is not None and running.is_seen
        if running is not None and goes_on:
            kept = running.call
        presets = preset_choices(demo, self._session.settings.demo_budget_s)
        preset = str((kept or {}).get("preset", ""))
        preset = preset if preset in PRESETS else "quick"
        seed = (kept or {}).get("seed", self._session.settings.seed)
        page = [
            name,
            gr.Column(visible=False),
            gr.Column(visible=True),
            demo_html(demo, self._session.notes_read.index.notes),
            gr.Radio(presets, value=preset),
            gr.Number(value=seed or 0),
        ]
        run = self._returned() if goes_on else self._idle()
        knobs = self.set_to(name, preset, (kept or {}).get("knobs") or {})
        return [*page, *knobs, *run[:-1], self._asked(demo)]

    def _asked(self, demo: Data) -> Any:
        """The question before a run, with nothing chosen; hidden where a demo asks none."""
        import gradio as gr

        asked = prediction_of(demo, {"name": demo["name"]}, "")
        if asked is None:
            return gr.Radio(visible=False, value=None, choices=[])
        options = [(text, place) for place, text in enumerate(asked.options)]
        return gr.Radio(options, value=None, visible=True, label="What do you expect?", info=asked.question)

    def closed(self, tab: str = "") -> list[Any]:
        """DEMO: the gallery again."""
        import gradio as gr

        self._turned(tab, "")
        return ["", gr.Column(visible=True), gr.Column(visible=False), *[gr.skip()] * (len(DEMO) - 3)]

    def _turned(self, tab: str, name: str) -> None:
        """Another page is open in a browser's tab; that of no demo with an empty name."""
        running = self._running.get(tab)  # once: the run may end meanwhile
        if running is not None:
            running.on_page = name

    def set_to(self, name: str, preset: str, kept: Data | None = None) -> list[Any]:
        """The sliders, then the choices: the knobs of a demo as a preset sets them, or as `kept` has them."""
        import gradio as gr

        demo = find(name, self.demos)
        sliders: list[Any] = [gr.Slider(visible=False) for _ in range(self.knobs)]
        choices: list[Any] = [gr.Dropdown(visible=False) for _ in range(self.knobs)]
        values = knob_values(demo, preset) | kept_values(demo, kept or {}) if demo is not None else {}
        for n, knob in enumerate(demo["knobs"] if demo is not None else ()):
            about: dict[str, Any] = {"label": knob_label(knob), "info": knob_info(knob), "visible": True}
            value = values[knob["name"]]
            if knob["kind"] == "choice":
                choices[n] = gr.Dropdown(list(knob["choices"]), value=value, **about)
            else:
                bounds = {"minimum": knob["low"], "maximum": knob["high"], "step": slider_step(knob)}
                sliders[n] = gr.Slider(value=value, **bounds, **about)
        return [*sliders, *choices]

    # -- a run -------------------------------------------------------------------------------------------------------

    def run(
        self, tab: str, name: str, preset: str, seed: float, place: int | None, given: Sequence[Any]
    ) -> Iterator[list[Any]]:
        """RUN, again and again while a demo runs.

        Args:
            place: the option that the student predicts; None for none.
            given: what the sliders say, then the choices.
        """
        demo = find(name, self.demos)
        if demo is None:
            yield self._idle("Choose a demo first.")
            return
        if not 0 <= (seed or 0) <= MOST_SEED:
            yield self._idle(f"The seed is {seed:.0f}: take a whole number from 0 to {MOST_SEED}.")
            return
        preset = preset if preset in PRESETS else "quick"
        sliders, choices = given[: self.knobs], given[self.knobs :]
        values = {
            knob["name"]: choices[n] if knob["kind"] == "choice" else sliders[n]
            for n, knob in enumerate(demo["knobs"])
        }
        call = {
            "name": name,
            "preset": preset,
            "seed": int(seed or 0),
            "knobs": changed_knobs(demo, preset, values),
        }
        chat_id = self._conversation(demo["title"])
        with self._beside.place(_key(tab), chat_id) as ticket:
            if ticket is None or not within_pace(self._beside.desk):
                if not self._session.turns(chat_id):
                    self._session.delete_chat(chat_id)
                yield self._skipped()
                return
            stream = self._session.start_demo(
                chat_id,
                call,
                title_of(demo),
                named=demo["title"],
                predicted=_predicted(demo, call, place),
                cancel=ticket.cancel,
            )
            self._running[tab] = running = _Running(name, call, name)
            try:
                yield from self._watched(stream, running, title_of(demo))
            finally:
                del self._running[tab]

    def _watched(self, stream: Iterator[Event], running: _Running, title: str) -> Iterator[list[Any]]:
        """RUN for the events of a run, while the page of its demo is open; whatever fails is told, and closing this
        stops the run."""
        said, compared, result, stopped = "", "", None, False
        yield self._working("Starting …")
        try:
            for event in stream:
                data = event_to_json(event)
                if data["event"] == "DemoProgress" and running.is_seen:
                    yield self._working(progress_html(data), self._beside.served(data["path"]))
                elif data["event"] == "Notice":
                    said = str(data["text"])
                    yield self._working(status_html(said)) if running.is_seen else self._skipped()
                elif data["event"] == "DemoOutcome":
                    result, stopped = data["result"], data["stopped"]
                elif data["event"] == "RunLesson":
                    compared = data["compared"]
        except Exception as error:  # noqa: BLE001 - the door: a failure must reach the student as words
            said = self._beside.view.told(error)
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()
        if not running.is_seen:
            yield self._ended_unseen(title, said if result is None else "")
        else:
            yield self._ended(result, compared, stopped) if result is not None else self._idle(said)

    def _ended_unseen(self, title: str, said: str) -> list[Any]:
        """RUN as it is: a run ended while another page was open; what failed is told in passing."""
        import gradio as gr

        told = said or "its outcome stands among the runs that are kept, and in its conversation"
        gr.Info(escape(f"“{title}” has ended: {told}."), duration=6)
        return self._skipped()

    def left(self, tab: str) -> bool:
        """The browser's tab was closed or loaded anew, or Stop was pressed: its run stops; whether there was one."""
        return self._beside.desk.stop(_key(tab)) is not None

    def stopping(self, was_running: bool) -> list[Any]:
        """Run, Stop and the progress after a press on Stop: where no run goes on, such as one that ended while its page
        was opened again, another can be begun."""
        import gradio as gr

        if was_running:
            return [gr.skip(), gr.skip(), "<p>Stopping …</p>"]
        return [gr.Button(visible=True), gr.Button(visible=False), ""]

    def _returned(self) -> list[Any]:
        """RUN when the page of a demo that runs is opened again; the next frame is shown on it."""
        import gradio as gr

        shown = self._working("The run goes on …")
        shown[RUN.index("demo_picture")] = gr.Image(None, visible=False)
        return shown

    def _conversation(self, title: str) -> str:
        """The conversation that keeps the runs of a demo: the last one of its title, else a new one."""
        named = named_after(f"Demo: {title}")
        titled = next((chat.id for chat in self._session.chats() if chat.title == named), "")
        return titled or self._session.new_chat()

    def _working(self, told: str, picture: str | None = None) -> list[Any]:
        import gradio as gr

        shown = gr.Image(picture, visible=True) if picture else gr.skip()
        busy = [gr.Button(visible=False), gr.Button(visible=True)]
        return [*busy, told, shown, "", *[gr.DownloadButton(visible=False)] * 3, gr.skip()]

    def _idle(self, said: str = "") -> list[Any]:
        """RUN before a run, or after one that gave nothing."""
        import gradio as gr

        ready = [gr.Button(visible=True), gr.Button(visible=False)]
        gone = [gr.DownloadButton(visible=False)] * 3
        return [*ready, status_html(said, bad=True), gr.Image(None, visible=False), "", *gone, gr.skip()]

    def _ended(self, result: dict[str, Any], compared: str, stopped: bool) -> list[Any]:
        import gradio as gr

        images = [Path(str(path)) for path in result.get("images") or ()]
        folder = images[0].parent if images else None
        # A run that was stopped has pictures and no figures.
        kept = [name for name in KEPT_FILES if result.get("metrics") or not name.endswith(".json")]
        files = [folder / name for name in kept] if folder else []
        last = next((path for path in images if path.suffix == ".png"), None)
        return [
            gr.Button("Run again", visible=True),
            gr.Button(visible=False),
            "",
            self._image(last),
            run_html(result, self._session.notes_read.index.notes, compared, stopped),
            *self._downloads(files),
            # What was predicted is kept by now: another run is another prediction.
            gr.Radio(value=None) if compared else gr.skip(),
        ]

    def _image(self, path: Path | None) -> Any:
        import gradio as gr

        shown = self._beside.served(str(path)) if path is not None else None
        return gr.Image(shown, visible=shown is not None)

    def _downloads(self, files: Sequence[Path]) -> list[Any]:
        import gradio as gr

        found = {file.suffix: self._beside.served(str(file)) for file in files if file.is_file()}
        return [
            gr.DownloadButton(value=found.get(ending), visible=bool(found.get(ending)))
            for ending in (".png", ".gif", ".json")
        ]

    def _skipped(self) -> list[Any]:
        import gradio as gr

        return [gr.skip()] * len(RUN)

    # -- runs that are kept --------------------------------------------------------------------------------------------

    def kept(self, *chosen: str | None) -> list[Any]:
        """KEPT: the runs that can be looked at and compared, the latest first.

        Args:
            chosen: what is chosen in each of KEPT, which stays where it is still listed.
        """
        import gradio as gr

        runs = [(run.told, run.name) for run in kept_runs(self._runs)]
        names = {name for _, name in runs}
        values = [name if name in names else None for name in chosen or (None,) * len(KEPT)]
        return [gr.Dropdown(runs, value=value, interactive=True) for value in values]

    def look(self, name: str | None, tab: str = "") -> list[Any]:
        """DEMO, the knobs, RUN: the page of the demo of a kept run, with its outcome."""
        import gradio as gr

        run = self._kept(name)
        if run is None:
            return [gr.skip()] * (len(DEMO) + 2 * self.knobs + len(RUN))
        shown = self.opened(str(run.run["demo"]), tab, run.run)
        picture = next((file for file in run.files if file.suffix == ".png"), None)
        ended = [
            gr.Button("Run again", visible=True),
            gr.Button(visible=False),
            f"<p><small>A run that is kept: {run.told}</small></p>",
            self._image(picture),
            run_html(run.run, self._session.notes_read.index.notes),
            *self._downloads(run.files),
        ]
        return [*shown[: -len(RUN)], *ended, shown[-1]]

    def compare(self, one: str | None, two: str | None) -> list[Any]:
        """COMPARED: two kept runs side by side: what was set differently, their figures, their last pictures."""
        import gradio as gr

        runs = [self._kept(name) for name in (one, two)]
        if runs[0] is None or runs[1] is None:
            nothing = [gr.Image(None, visible=False)] * 2
            return ["<p>Choose two runs first.</p>" if not one or not two else f"<p>{_NO_RUN}</p>", *nothing]
        table = table_html(event_to_json(comparison_table(runs[0].run, runs[1].run)))
        pictures = [
            next((f for f in run.files if f.suffix == ".png"), None) for run in runs if run is not None
        ]
        return [table, *map(self._image, pictures)]

    def _kept(self, name: str | None) -> KeptRun | None:
        """The run of that name; a name that is not in the list is none, whatever path it may be."""
        return next((run for run in kept_runs(self._runs) if run.name == name), None)


def _key(tab: str) -> str:
    """Who works, for the desk: the demo of a browser's tab."""
    return f"{tab} demo"


def _predicted(demo: Data, call: dict[str, Any], place: int | None) -> dict[str, Any] | None:
    """The prediction as the lesson reads it; None where none was made, or the knobs are not those of its question."""
    asked = prediction_of(demo, call, "")
    if asked is None or not isinstance(place, int) or not 0 <= place < len(asked.options):
        return None
    return {"predict": asked.predict, "place": place, "said": asked.options[place]}
