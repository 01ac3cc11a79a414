"""The tab of the progress: how the student stands by the record, and the way to what is due."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

from typing import TYPE_CHECKING, Any

from tutor.ui.markup import LATEX_DELIMITERS
from tutor.ui.progress_view import progress_html
from tutor.ui.tabbing import On

if TYPE_CHECKING:
    from tutor.session import Session

DAYS = 14


def progress_parts() -> dict[str, Any]:
    """The components of the tab by name."""
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Tab("Progress", id="progress", elem_id="tab-progress") as parts["progress_tab"]:
        gr.Markdown("<h2>How you are doing</h2>")
        parts["review"] = gr.Button("Review now", variant="primary", visible=False, elem_id="review")
        parts["progress"] = gr.Markdown("", elem_id="progress", latex_delimiters=LATEX_DELIMITERS)
    return parts


class ProgressTab:
    """What the tab shows of the record; it holds nothing itself."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    def shown(self) -> list[Any]:
        """review, progress: as the record has it now."""
        import gradio as gr

        studies = self._session.studies
        stands = studies.progress().to_contract()
        due = stands["due"]
        html = progress_html(
            stands,
            studies.wrong(),
            studies.days(DAYS),
            studies.covered(),
            self._session.notes_read.index.notes,
        )
        return [gr.Button(f"Review now ({due})", visible=bool(due)), html]


def wire_progress(parts: dict[str, Any], on: On) -> None:
    """The listeners of the tab; the button's quiz itself begins by the listeners of the quizzes."""
    import gradio as gr

    shown = [parts["review"], parts["progress"]]
    on(parts["progress_tab"].select, lambda mine: mine.progress.shown(), None, shown)
    on(parts["review"].click, lambda mine: gr.Tabs(selected="quiz"), None, parts["tabs"])
