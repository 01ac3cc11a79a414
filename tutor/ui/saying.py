"""What is said in the chat: taken in, answered, stopped, said anew, taken back, liked or not."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

import html
from collections.abc import Callable, Iterator
from math import ceil
from typing import Any

from tutor.errors import QuizError
from tutor.feedback import Liking
from tutor.turns import Style
from tutor.ui.chats import LISTED, Chats, chat_update
from tutor.ui.desk import Desk
from tutor.ui.rendering import MOST_CHARS
from tutor.ui.seats import MESSAGES_A_MINUTE
from tutor.ui.view import STOPPED_EARLY, Session, View

STYLES: dict[str, Style | None] = {
    "Plain": None,
    "Like I'm 5": "eli5",
    "School": "school",
    "Expert": "expert",
}
TAKING = ("chat_id", "chat", "box", *LISTED)
THOUGHT = ("chat", "wrong", "word", "disliked")
On = Callable[..., Any]


def saying_parts() -> dict[str, Any]:
    """The line to write on, and the one for what was wrong with an answer."""
    import gradio as gr

    parts: dict[str, Any] = {"disliked": gr.State(0)}
    with gr.Row(visible=False, elem_id="wrong") as parts["wrong"]:
        parts["word"] = gr.Textbox(
            label="What was wrong with it? A few words help to mend it; they stay on this machine.", lines=1,
            max_lines=3, submit_btn="Keep", elem_id="word", elem_classes="grab",
        )  # fmt: skip
        parts["no_word"] = gr.Button("Say nothing", elem_id="no-word", size="sm", scale=0, min_width=110)
    parts["box"] = gr.Textbox(
        elem_id="box",
        label="Your message",
        show_label=False,
        placeholder="Ask about your notes",
        lines=1,
        max_lines=8,
        submit_btn="Send",
        stop_btn=False,
        autofocus=True,
    )
    return parts


class Saying:
    """What each way of saying something changes: values and updates for the components that it names.

    `words` are those that are looked for in the conversations; their list stays at them.
    """

    def __init__(self, session: Session, view: View, desk: Desk, chats: Chats) -> None:
        self._session = session
        self._view = view
        self._desk = desk
        self._chats = chats

    def taken(self, tab: str, chat_id: str, text: str, words: str = "", *, typed: bool = False) -> list[Any]:
        """TAKING: a message is recorded and shown at once; its answer comes next.

        What cannot be taken in leaves everything as it is, the words in the box too.
        """
        text = text.strip()
        if not text or not within_length(text) or not self._free(tab, chat_id):
            return _skipped()
        try:
            chat_id = chat_id or self._session.new_chat()
            self._session.hear(chat_id, text)
        except Exception:
            self._desk.end(tab)
            raise
        return self._waiting(tab, chat_id, text, words, emptied=typed)

    def again(self, tab: str, chat_id: str, words: str = "") -> list[Any]:
        """TAKING: the student's last words once more; what the tutor said to them is taken back."""
        if not chat_id or not self._free(tab, chat_id):
            return _skipped()
        text = self._changed(tab, lambda: self._session.retract_last(chat_id))
        return self._waiting(tab, chat_id, text, words) if text else _skipped()

    def edited(self, tab: str, chat_id: str, index: int, text: str, words: str = "") -> list[Any]:
        """TAKING: other words in place of the student's last ones; what the tutor said to those is taken back.

        The browser shows the new words already: what cannot be taken in is shown again as it is on record.
        """
        import gradio as gr

        text = text.strip()
        is_last = self._view.shown(chat_id).is_last_asked(index)
        if not is_last:
            gr.Info("Only your last message can be changed.", duration=6)
        if (
            not is_last
            or not text
            or not within_length(text)
            or not self._free(tab, chat_id)
            or self._changed(tab, lambda: self._session.take_back(chat_id, text)) is None
        ):
            return [gr.skip(), chat_update(self._view, chat_id), *_skipped()[2:]]
        return self._waiting(tab, chat_id, text, words)

    def undone(self, tab: str, chat_id: str, draft: str, words: str = "") -> list[Any]:
        """TAKING: the student's last words and what was said to them are gone; the words are in the box again.

        Args:
            draft: what stands in the box; it is not written over.
        """
        import gradio as gr

        if not chat_id or not self._free(tab, chat_id):
            return _skipped()
        text = self._changed(tab, lambda: self._session.take_back(chat_id))
        self._desk.end(tab)
        if text is None:
            return _skipped()
        box = gr.skip() if draft.strip() else gr.Textbox(value=text)
        return [chat_id, chat_update(self._view, chat_id), box, *self._chats.listing(chat_id, False, words)]

    def _changed(self, tab: str, change: Callable[[], str | None]) -> str | None:
        """What a change of the last exchange gives; None, and the place free again, where it may not be made."""
        import gradio as gr

        try:
            text = change()
        except QuizError as error:
            gr.Info(html.escape(str(error)), duration=8)
            text = None
        except Exception:
            self._desk.end(tab)
            raise
        if text is None:
            self._desk.end(tab)
        return text

    def _free(self, tab: str, chat_id: str) -> bool:
        """Takes the place of a message; says why when it is taken."""
        import gradio as gr

        if not within_pace(self._desk):
            return False
        free = self._desk.take(tab, chat_id)
        if not free and self._desk.is_shut:
            gr.Info("The notes are being read: ask again when that is done.", duration=4)
        elif not free:
            gr.Info("One answer at a time: wait for this one, or stop it first.", duration=4)
        return free

    def _waiting(self, tab: str, chat_id: str, text: str, words: str, emptied: bool = False) -> list[Any]:
        waits = self._desk.wait(tab, chat_id, text)
        if not waits:  # stopped, or its tab left, before its words were on record
            self._session.note(chat_id, STOPPED_EARLY)
        shown = chat_update(self._view, chat_id)
        return [chat_id, shown, self.writing(waits, emptied), *self._chats.listing(chat_id, waits, words)]

    def answered(self, tab: str, style: str) -> Iterator[Any]:
        """The chat, again and again while the tab's message is being answered."""
        import gradio as gr

        ticket = self._desk.begin(tab)
        if ticket is None:
            yield gr.skip()  # a generator that gives nothing would empty the chat
            return
        try:
            yield from self._view.answer(ticket, STYLES.get(style))
        finally:
            self._desk.end(tab)

    def settled(self, tab: str, chat_id: str, words: str = "") -> list[Any]:
        """box, LISTED: as they are between answers."""
        busy = self._desk.busy(tab)
        return [self.writing(busy), *self._chats.listing(chat_id, busy, words)]

    def stopped(self, tab: str, words: str = "") -> list[Any]:
        """chat, box, LISTED: the tab's work was told to stop; a message that only waited is given up at once."""
        import gradio as gr

        unchanged = [gr.skip()] * len(LISTED)
        ticket = self._desk.stop(tab)
        if ticket is None:
            return [gr.skip(), self.writing(False), *unchanged]
        if ticket.begun or not ticket.recorded:
            return [gr.skip(), gr.Textbox(stop_btn="Stopping…"), *unchanged]
        chat_id = ticket.chat_id
        self._session.note(chat_id, STOPPED_EARLY)
        listed = self._chats.listing(chat_id, False, words)
        return [chat_update(self._view, chat_id), self.writing(False), *listed]

    def left(self, tab: str) -> None:
        """The tab was closed or loaded anew: its work stops, and nobody waits for its answer any more."""
        ticket = self._desk.stop(tab)
        if ticket is not None and ticket.recorded and not ticket.begun:
            self._session.note(ticket.chat_id, STOPPED_EARLY)

    def writing(self, busy: bool, emptied: bool = False) -> Any:
        """The box with its button: Send, or Stop while an answer is on its way."""
        import gradio as gr

        empty: dict[str, Any] = {"value": ""} if emptied else {}
        return gr.Textbox(submit_btn=False if busy else "Send", stop_btn="Stop" if busy else False, **empty)

    def liked(self, chat_id: str, index: int, value: Liking) -> list[Any]:
        """THOUGHT: what is thought of an answer is kept; of one that is not liked a word is asked for.

        Args:
            index: where the page shows the answer.
        """
        import gradio as gr

        shown = self._view.shown(chat_id)
        turn = shown.turn_at(index)
        if turn:
            self._session.give_feedback(turn, value)
        asked = bool(turn) and value == "dislike"
        return [gr.Chatbot(feedback_value=self._view.liked(shown)), *_asking(turn if asked else 0)]

    def worded(self, turn: int, word: str) -> list[Any]:
        """THOUGHT without the chat: the student's word on an answer is kept."""
        import gradio as gr

        if turn and word.strip():
            self._session.give_feedback(turn, "dislike", word.strip()[:MOST_CHARS])
            gr.Info("Kept. “tutor eval feedback” shows it.", duration=4)
        return _asking(0)


def within_length(text: str) -> bool:
    """Whether a message is not too long; says so where it is."""
    import gradio as gr

    if len(text) > MOST_CHARS:
        line = f"A message holds {MOST_CHARS} characters, and yours has {len(text)}: shorten it."
        gr.Info(line, duration=8)
    return len(text) <= MOST_CHARS


def within_pace(desk: Desk) -> bool:
    """Whether one more message may be sent now, and then counts; says when it may where not."""
    import gradio as gr

    wait_s = desk.pace.wait_s() if desk.pace else 0.0
    if wait_s:
        most = f"{MESSAGES_A_MINUTE} messages a minute are the most"
        gr.Info(f"{most}: send it again in {ceil(wait_s)} s.", duration=8)
    return not wait_s


def _skipped() -> list[Any]:
    import gradio as gr

    return [gr.skip()] * len(TAKING)


def _asking(turn: int) -> list[Any]:
    """wrong, word, disliked: the line for what was wrong with an answer, hidden with 0."""
    import gradio as gr

    return [gr.Row(visible=bool(turn)), gr.Textbox(value=""), turn]


def wire_saying(
    parts: dict[str, Any], on: On, telling: dict[str, Any], follow: Callable[[Any], None]
) -> None:
    """Each way of saying something: taken in at once, then answered in its turn, then the page settles.

    The chat is never an input: what a browser says was said before is not believed.
    """
    import gradio as gr

    chat_id, chat, box, words = (parts[name] for name in ("chat_id", "chat", "box", "words"))
    taking, listed = [parts[name] for name in TAKING], [parts[name] for name in LISTED]

    def typed(mine: Any, text: str, now: str, words: str, request: gr.Request) -> list[Any]:
        return mine.saying.taken(str(request.session_hash), now, text, words, typed=True)

    def picked(mine: Any, now: str, words: str, request: gr.Request, event: gr.SelectData) -> list[Any]:
        text = event.value["text"] if isinstance(event.value, dict) else str(event.value)
        return mine.saying.taken(str(request.session_hash), now, text, words)

    def again(mine: Any, now: str, words: str, request: gr.Request) -> list[Any]:
        return mine.saying.again(str(request.session_hash), now, words)

    def edited(mine: Any, now: str, words: str, request: gr.Request, event: gr.EditData) -> list[Any]:
        tab, place = str(request.session_hash), _place(event.index)
        return mine.saying.edited(tab, now, place, str(event.value), words)

    def answered(mine: Any, style: str, request: gr.Request) -> Iterator[Any]:
        yield from mine.saying.answered(str(request.session_hash), style)

    def settled(mine: Any, now: str, words: str, request: gr.Request) -> list[Any]:
        return mine.saying.settled(str(request.session_hash), now, words)

    def stopped(mine: Any, words: str, request: gr.Request) -> list[Any]:
        return mine.saying.stopped(str(request.session_hash), words)

    on(box.stop, stopped, words, [chat, box, *listed])
    say = {"api_name": "say", "api_visibility": "undocumented"}
    # The answers wait in a line of their own, which says how many come before; see View.answer.
    answer = {"api_name": "answer", "api_visibility": "undocumented", "queue": True, "show_progress": "full"}
    answer |= {"concurrency_limit": None, "concurrency_id": "answer"}
    for said in (
        on(box.submit, typed, [box, chat_id, words], taking, **say, **telling),
        on(chat.example_select, picked, [chat_id, words], taking, **telling),
        on(chat.option_select, picked, [chat_id, words], taking, **telling),
        on(chat.retry, again, [chat_id, words], taking, **telling),
        on(chat.edit, edited, [chat_id, words], taking, **telling),
    ):
        answering = on(said.then, answered, parts["style"], chat, **answer)
        follow(on(answering.then, settled, [chat_id, words], [box, *listed]).then)
    _wire_thoughts(parts, on, telling, taking)


def _wire_thoughts(parts: dict[str, Any], on: On, telling: dict[str, Any], taking: list[Any]) -> None:
    """Taking back what was said last, and saying what one thinks of an answer."""
    import gradio as gr

    chat, chat_id = parts["chat"], parts["chat_id"]

    def undone(mine: Any, now: str, draft: str, words: str, request: gr.Request) -> list[Any]:
        return mine.saying.undone(str(request.session_hash), now, draft, words)

    def liked(mine: Any, now: str, event: gr.LikeData) -> list[Any]:
        value: Liking = "like" if event.liked is True else "dislike" if event.liked is False else ""
        return mine.saying.liked(now, _place(event.index), value)

    on(chat.undo, undone, [chat_id, parts["box"], parts["words"]], taking, **telling)
    on(chat.like, liked, chat_id, [parts[name] for name in THOUGHT], trigger_mode="multiple")
    asking = [parts[name] for name in THOUGHT[1:]]
    on(
        parts["word"].submit,
        lambda mine, turn, word: mine.saying.worded(turn, word),
        [parts["disliked"], parts["word"]],
        asking,
        **telling,
    )
    # What comes next is about something else: the line for the word goes.
    for event in (
        *(parts[name].click for name in ("no_word", "new", "delete")),
        parts["chats"].input,
        parts["box"].submit,
        chat.option_select,
    ):
        on(event, lambda mine: _asking(0), None, asking)


def _place(index: Any) -> int:
    """Where in the chat a message stands, as the browser says it; -1 where that makes no sense."""
    first = index[0] if isinstance(index, (list, tuple)) and index else index
    return first if isinstance(first, int) else -1
