"""The components of the demos' tab: the gallery, the page of one demo, the runs that are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tutor.errors import TutorError
from tutor.jobs import list_demos
from tutor.ui.markup import LATEX_DELIMITERS

if TYPE_CHECKING:
    from tutor.session import Session

MOST_SEED = 2**31 - 1
_WELCOME = "<h2>Demos</h2><p>Each trains or samples a small model before your eyes, on this machine.</p>"
_NO_DEMOS = "<p>The demos of this installation cannot be listed: see <code>tutor doctor</code>.</p>"


def known_demos(session: Session) -> list[dict[str, Any]]:
    """The demos of this installation; none where they cannot be listed."""
    try:
        return list_demos(session.settings.root)
    except TutorError:
        return []


def most_knobs(demos: Sequence[dict[str, Any]]) -> int:
    """How many knobs the demo with the most of them has: so many places are there for knobs."""
    return max((len(demo["knobs"]) for demo in demos), default=0)


def demos_parts(
    session: Session, demos: Sequence[dict[str, Any]], served: Callable[[str], str | None]
) -> dict[str, Any]:
    """The components of the tab by name.

    Args:
        demos: as `tutor.jobs.list_demos` gives them; for each there is a card, and as many places as one has knobs.
        served: path of a picture -> the path from which the page may serve it.
    """
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Tab("Demos", id="demos", elem_id="tab-demos") as parts["demos_tab"]:
        parts["demo_name"] = gr.State("")
        with gr.Column(elem_id="demo-gallery") as parts["demo_gallery"]:
            gr.Markdown(_WELCOME if demos else _NO_DEMOS)
            with gr.Row(elem_id="demo-cards"):
                for demo in demos:
                    picture = session.settings.root / "demos" / "gallery" / f"{demo['name']}.png"
                    icon = served(str(picture)) if picture.is_file() else None
                    parts[f"card_{demo['name']}"] = gr.Button(
                        str(demo["title"]), icon=icon, elem_classes="card", elem_id=f"card-{demo['name']}"
                    )
            parts |= _kept_parts()
        with gr.Column(visible=False, elem_id="demo-page") as parts["demo_page"]:
            parts |= _page_parts(most_knobs(demos))
    return parts


def _page_parts(knobs: int) -> dict[str, Any]:
    import gradio as gr

    parts: dict[str, Any] = {}
    parts["demo_back"] = gr.Button("← All demos", elem_id="demo-back", size="sm")
    parts["demo_head"] = gr.Markdown("", elem_id="demo-head", latex_delimiters=LATEX_DELIMITERS)
    with gr.Row(elem_id="demo-row"):
        with gr.Column(scale=2, min_width=280, elem_id="demo-settings"):
            parts["demo_predict"] = gr.Radio([], label="What do you expect?", elem_id="demo-predict")
            parts["demo_preset"] = gr.Radio([], label="How much to do", elem_id="demo-preset")
            with gr.Row(elem_classes="tools"):
                parts["demo_run"] = gr.Button("Run", variant="primary", elem_id="demo-run")
                parts["demo_stop"] = gr.Button("Stop", variant="stop", visible=False, elem_id="demo-stop")
            with gr.Accordion("Knobs", open=False, elem_id="demo-knobs"):
                parts["demo_seed"] = gr.Number(
                    # Its bounds are looked at when a run begins: gradio's own word on them names no field.
                    0, label="seed", info="the same seed gives the same run", precision=0, elem_id="demo-seed",
                )  # fmt: skip
                for n in range(knobs):
                    parts[f"slider_{n}"] = gr.Slider(0, 1, visible=False, elem_id=f"slider-{n}")
                    parts[f"choice_{n}"] = gr.Dropdown(
                        [], visible=False, filterable=False, elem_id=f"choice-{n}"
                    )
        with gr.Column(scale=3, min_width=280, elem_id="demo-result"):
            parts["demo_progress"] = gr.Markdown(
                "", elem_id="demo-progress", latex_delimiters=LATEX_DELIMITERS
            )
            parts["demo_picture"] = _picture("The picture of the run", "demo-picture")
            parts["demo_outcome"] = gr.Markdown("", elem_id="demo-outcome", latex_delimiters=LATEX_DELIMITERS)
            with gr.Row(elem_classes="tools"):
                for name, label in (
                    ("png", "Picture (PNG)"),
                    ("gif", "Film (GIF)"),
                    ("json", "Figures (JSON)"),
                ):
                    parts[f"demo_{name}"] = gr.DownloadButton(
                        label, visible=False, size="sm", elem_id=f"demo-{name}"
                    )
    return parts


def _kept_parts() -> dict[str, Any]:
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Column(elem_id="kept"):
        gr.Markdown("<h3>Runs that are kept</h3>")
        with gr.Row():
            parts["kept_run"] = gr.Dropdown(
                [], value=None, label="Look at a run", filterable=False, elem_id="kept-run"
            )
        with gr.Row():
            parts["kept_one"] = gr.Dropdown(
                [], value=None, label="Compare", filterable=False, elem_id="kept-one"
            )
            parts["kept_two"] = gr.Dropdown(
                [], value=None, label="with", filterable=False, elem_id="kept-two"
            )
        with gr.Row(elem_classes="tools"):
            parts["compare"] = gr.Button("Compare them", elem_id="compare")
        parts["compared"] = gr.Markdown("", elem_id="compared", latex_delimiters=LATEX_DELIMITERS)
        with gr.Row():
            parts["compared_one"] = _picture("The first run", "compared-one")
            parts["compared_two"] = _picture("The second run", "compared-two")
    return parts


def _picture(label: str, name: str) -> Any:
    import gradio as gr

    return gr.Image(
        None,
        label=label,
        show_label=False,
        interactive=False,
        visible=False,
        format="png",
        buttons=["fullscreen"],
        elem_id=name,
    )
