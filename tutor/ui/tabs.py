"""The tabs beside the chat: what they share, how they are put on the page, and the links that lead to a note."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from tutor.ui.cards_out import CardsOut, wire_cards
from tutor.ui.chats import chat_update
from tutor.ui.demos_layout import demos_parts
from tutor.ui.demos_tab import DemosTab
from tutor.ui.demos_wiring import wire_demos
from tutor.ui.desk import Pace
from tutor.ui.notes_tab import NotesTab, notes_parts, wire_notes
from tutor.ui.progress_tab import ProgressTab, progress_parts, wire_progress
from tutor.ui.quiz_tab import QuizTab, quiz_parts, wire_quiz
from tutor.ui.tabbing import Beside
from tutor.ui.view import Session

if TYPE_CHECKING:
    from tutor.session import Session as WholeSession


def tab_parts(
    session: Session, demos: Sequence[dict[str, Any]], served: Callable[[str], str | None]
) -> dict[str, Any]:
    """The components of the tabs beside the chat by name; to be called inside the page's `gr.Tabs`.

    Args:
        served: path of a picture -> the path from which the page may serve it.
    """
    whole = cast("WholeSession", session)
    return (
        {"demos": demos} | notes_parts() | quiz_parts() | demos_parts(whole, demos, served) | progress_parts()
    )


@dataclass(frozen=True)
class Tabs:
    """The tabs of one student."""

    beside: Beside
    notes: NotesTab
    quiz: QuizTab
    cards: CardsOut
    demos: DemosTab
    progress: ProgressTab


def tabs_of(beside: Beside, demos: Sequence[dict[str, Any]], searches: Pace | None = None) -> Tabs:
    """The tabs over a student's session.

    Args:
        demos: those that the page has cards for.
        searches: how many searches of the notes may be made; None for no bound.
    """
    session = cast("WholeSession", beside.session)
    return Tabs(
        beside,
        NotesTab(session, searches),
        QuizTab(session, beside),
        CardsOut(session, beside),
        DemosTab(session, beside, demos),
        ProgressTab(session),
    )


def wire_tabs(blocks: Any, parts: dict[str, Any], door: Callable[[Callable[..., Any]], Any]) -> None:
    """The listeners of the tabs beside the chat.

    Args:
        door: makes of a listener one that gradio may call; the listener gets first the tabs of whoever asks.
    """
    import gradio as gr

    def on(event: Any, listener: Callable[..., Any], inputs: Any, outputs: Any, **more: Any) -> Any:
        quick = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        return event(door(listener), inputs, outputs, **(quick | more))

    def chat_again(mine: Tabs, now: str) -> Any:
        """The conversation as the record has it: a quiz or a run of another tab may have gone on in it."""
        return (
            gr.skip()
            if not now or mine.beside.desk.holds(now)
            else chat_update(mine.beside.view, now, reopened=True)
        )

    def leaving(mine: Tabs, request: gr.Request) -> None:
        tab = str(request.session_hash)
        mine.demos.left(tab)
        mine.quiz.left(tab)

    on(parts["chat_tab"].select, chat_again, parts["chat_id"], parts["chat"])
    wire_notes(parts, on)
    wire_quiz(parts, on)
    wire_cards(parts, on)
    wire_progress(parts, on)
    wire_demos(parts, on)
    blocks.unload(door(leaving))
