"""The tab of the quizzes: a view of the round that a conversation keeps. What is pressed is said in that conversation.

The round in the record is the only state: a restart goes on with it, and so does the chat. The browser holds the mark
of the question that it shows and sends it with each click; whether that question is still open is looked up when the
click's turn has come, so that of two quick clicks the second neither grades nor skips the next question.
"""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tutor.quiz.hints import LAST_HINT
from tutor.quiz.items import KINDS, LETTERS
from tutor.quiz.rounds import Round, last_answered, missed_items
from tutor.reviewing import Which
from tutor.session import QUIZ_WAITS
from tutor.ui.cards_out import DUE, MISSED, cards_parts
from tutor.ui.citations import citation_html
from tutor.ui.contents import notices_html, status_html
from tutor.ui.markup import LATEX_DELIMITERS
from tutor.ui.quiz_view import (
    KIND_NAMES,
    SURENESS,
    Mark,
    besides_html,
    feedback_html,
    on_buttons,
    paper_html,
    question_html,
    said_with,
    summary_html,
)
from tutor.ui.quizzes import grade_html
from tutor.ui.saying import within_length
from tutor.ui.tabbing import TELLING, Beside, On, Working, relist

if TYPE_CHECKING:
    from tutor.session import Session

MOST_QUESTIONS = 20
MOST_WEAK = 5
_VIEWS = ("setup", "question", "feedback", "summary")
_ELSEWHERE = "This quiz went on elsewhere meanwhile."
_OPEN_NOW = "This is the question that is open now."
_GONE = "This quiz is gone with its conversation."
_DONE_ALREADY = "This question was dealt with already, so what you pressed last is left without effect."
# What a button says in the conversation, and whether that is about the question that is open or the last one.
_WISHES = (
    ("hint", "hint", True),
    ("skip", "skip", True),
    ("report", "report", True),
    ("stop", "stop", True),
    ("retry", "again", True),
    ("right", "I was right", False),
    ("undo", "undo", False),
    ("knew", "I knew it", False),
    ("knew_not", "I did not know it", False),
    ("flag", "report the last question", False),
)
SHOWN = (
    "quiz_seen", "quiz_said", *(f"quiz_{view}" for view in _VIEWS), "quiz_stem", "quiz_sure", "quiz_answer",
    "quiz_hint", "quiz_graded", "quiz_right", "quiz_undo", "quiz_knew", "quiz_knew_not", "quiz_ended", "quiz_retry",
    "quiz_paper", "quiz_due", "quiz_topic",
)  # fmt: skip
OPTIONS = tuple(f"quiz_option_{letter}" for letter in LETTERS)


def quiz_parts() -> dict[str, Any]:
    """The components of the tab by name."""
    import gradio as gr

    parts: dict[str, Any] = {}
    with gr.Tab("Quiz", id="quiz", elem_id="tab-quiz") as parts["quiz_tab"]:
        parts["quiz_seen"] = gr.Textbox(
            label="The question on the page", elem_id="quiz-seen", elem_classes="wire"
        )
        parts["quiz_said"] = gr.Markdown(
            "", elem_id="quiz-said", latex_delimiters=LATEX_DELIMITERS, visible=False
        )
        with gr.Column(elem_id="quiz-setup") as parts["quiz_setup"]:
            parts |= _setup_parts()
        with gr.Column(visible=False, elem_id="quiz-question") as parts["quiz_question"]:
            parts |= _question_parts()
        with gr.Column(visible=False, elem_id="quiz-feedback") as parts["quiz_feedback"]:
            parts["quiz_graded"] = gr.Markdown("", elem_id="quiz-graded", latex_delimiters=LATEX_DELIMITERS)
            with gr.Row(elem_classes="tools"):
                parts["quiz_next"] = gr.Button("Next", variant="primary", elem_id="quiz-next")
                for name, label in (("right", "I was right"), ("undo", "Undo that"), ("knew", "I knew it"),
                                    ("knew_not", "I did not know it"), ("flag", "Report this question")):  # fmt: skip
                    parts[f"quiz_{name}"] = gr.Button(label, elem_id=f"quiz-{name.replace('_', '-')}")
            gr.Markdown("<p>Enter goes on to the next question.</p>", elem_classes="keys")
        with gr.Column(visible=False, elem_id="quiz-summary") as parts["quiz_summary"]:
            parts["quiz_ended"] = gr.Markdown("", elem_id="quiz-ended", latex_delimiters=LATEX_DELIMITERS)
            with gr.Row(elem_classes="tools"):
                parts["quiz_retry"] = gr.Button("Retry the misses", variant="primary", elem_id="quiz-retry")
                parts["quiz_another"] = gr.Button("Another quiz", elem_id="quiz-another")
                gr.Button("Print", elem_id="quiz-print")
        parts["quiz_paper"] = gr.Markdown("", elem_id="quiz-paper", latex_delimiters=LATEX_DELIMITERS)
    return parts


def _setup_parts() -> dict[str, Any]:
    import gradio as gr

    parts: dict[str, Any] = {}
    gr.Markdown(
        "<h2>Quiz yourself</h2><p>Questions come from your own notes, and each answer shows its sentence.</p>"
    )
    parts["quiz_due"] = gr.Button("Review what is due", variant="primary", visible=False, elem_id="quiz-due")
    parts["quiz_topic"] = gr.Dropdown(
        [], value="", label="Topic", info="Choose one or type your own; empty asks on everything.",
        allow_custom_value=True, elem_id="quiz-topic",
    )  # fmt: skip
    parts["quiz_n"] = gr.Slider(1, MOST_QUESTIONS, value=5, step=1, label="Questions", elem_id="quiz-n")
    with gr.Accordion("Kinds of questions", open=False, elem_id="quiz-more"):
        parts["quiz_kinds"] = gr.CheckboxGroup(
            [(KIND_NAMES[kind], kind) for kind in KINDS], label="Only these; none chosen means all",
            elem_id="quiz-kinds",
        )  # fmt: skip
    parts["quiz_start"] = gr.Button("Start", variant="primary", elem_id="quiz-start")
    return parts | cards_parts()


def _question_parts() -> dict[str, Any]:
    import gradio as gr

    parts: dict[str, Any] = {}
    parts["quiz_stem"] = gr.Markdown("", elem_id="quiz-stem", latex_delimiters=LATEX_DELIMITERS)
    parts["quiz_sure"] = gr.Radio(list(SURENESS), label="How sure are you?", elem_id="quiz-sure")
    with gr.Column(elem_id="quiz-options"):
        for letter, name in zip(LETTERS, OPTIONS, strict=True):
            parts[name] = gr.Button(letter, visible=False, elem_id=f"quiz-option-{letter}")
    parts["quiz_answer"] = gr.Textbox(
        # Of one line, so that Enter sends it as it does in the chat; its style sheet makes it higher.
        label="Your answer",
        lines=1,
        max_lines=6,
        submit_btn="Answer",
        elem_id="quiz-answer",
    )
    with gr.Row(elem_classes="tools"):
        parts["quiz_hint"] = gr.Button("Hint", elem_id="quiz-hint")
        parts["quiz_skip"] = gr.Button("Skip", elem_id="quiz-skip")
        parts["quiz_report"] = gr.Button("Report this question", elem_id="quiz-report")
        parts["quiz_stop"] = gr.Button("End the quiz", elem_id="quiz-stop")
    return parts


class QuizTab:
    """What each click says in the conversation of the quiz, and what is shown of the round then."""

    def __init__(self, session: "Session", beside: Beside) -> None:
        self._session = session
        self._beside = beside

    def opened(self, tab: str, seen: str, chat_id: str) -> list[Any]:
        """SHOWN, OPTIONS: the quiz that waits, in the conversation at hand first; nothing where it is shown already, or
        what was pressed goes on."""
        mark = Mark.read(seen)
        current = self._session.quiz(mark.chat_id)
        if self._is_busy(tab) or (current is not None and Mark.of(mark.chat_id, current) == mark):
            return self._same()
        waiting = self._session.waiting_quiz(chat_id)
        return self._now(waiting) if waiting else self.setup()

    def notices(self, seen: str) -> str:
        """What the page says of the start, without the line on a quiz that waits where that quiz is the one shown."""
        waits = self._session.open_quiz()
        is_shown = waits is not None and waits.id == Mark.read(seen).chat_id
        return notices_html(self._beside.session, (QUIZ_WAITS,) if is_shown else ())

    def setup(self, said: str = "") -> list[Any]:
        """SHOWN, OPTIONS: what to be asked on, with what is due and weak first."""
        import gradio as gr

        studies = self._session.studies
        stands = studies.progress()
        topics = [*([DUE] if stands.due else []), *([MISSED] if studies.missed() else [])]
        topics += [name for name in stands.revisit[:MOST_WEAK] if name not in topics]
        titles = [note.title for note in self._session.notes_read.index.notes if note.format != "flashcards"]
        updates = self._updates("setup", Mark(), said) | {
            "quiz_due": gr.Button(f"Review what is due ({stands.due})", visible=bool(stands.due)),
            "quiz_topic": gr.Dropdown(list(dict.fromkeys([*topics, *titles]))),
        }
        return list(updates.values())

    def start(self, tab: str, topic: str, n: float, kinds: list[str]) -> Iterator[list[Any]]:
        """SHOWN, OPTIONS: a new round in a conversation of its own; what cannot be asked is said instead."""
        which: Which = "due" if topic == DUE else "missed" if topic == MISSED else ""
        words = "" if which else " ".join(str(topic or "").split())[:200]
        chosen = tuple(kind for kind in KINDS if kind in (kinds or ()))
        count = max(1, min(MOST_QUESTIONS, int(n or 1)))

        def begun(work: Working) -> list[Any]:
            chat_id = work.ticket.chat_id = self._session.new_chat()
            said = work.events(self._session.start_quiz(chat_id, words, count, chosen, which))
            if self._session.quiz(chat_id) is None:
                self._session.delete_chat(chat_id)
                return self.setup(besides_html(said))
            return self._now(chat_id, besides_html(said))

        making = f"Making {count} question{'' if count == 1 else 's'} …"
        if not self._session.studies.has_asked:
            making += " The first quiz takes longest."
        yield from self._beside.work(_key(tab), "", self._line, begun, making)

    def say(
        self, tab: str, seen: str, message: str, *, open_item: bool = True, typed: bool = False
    ) -> Iterator[list[Any]]:
        """SHOWN, OPTIONS: after a message in the conversation of the quiz.

        Args:
            seen: the mark of what was on the page when the student pressed.
            open_item: whether the message is about the question that is open, and not about the last one.
            typed: whether the student wrote it, so that a model may be needed; a button's own words need none.
        """
        mark = Mark.read(seen)
        if within_length(message):
            yield from self._beside.work(
                _key(tab),
                mark.chat_id,
                self._line,
                lambda work: self._said(work, mark, message, open_item),
                in_line=typed,
            )
        else:
            yield self._same()

    def _said(self, work: Working, mark: Mark, message: str, open_item: bool) -> list[Any]:
        """As `say`, once nothing else can be said in the conversation."""
        chat_id, before = mark.chat_id, self._session.quiz(mark.chat_id)
        if before is None:
            return self._now(chat_id)
        if Mark.of(chat_id, before) != mark:
            return self._stale(mark, before)
        events = work.events(self._session.respond(chat_id, message, cancel=work.ticket.cancel))
        after = self._session.quiz(chat_id)
        if after is None:
            return self._now(chat_id, besides_html(events))
        if not open_item or len(after.outcomes) > len(before.outcomes):
            return self._feedback(chat_id, after, besides_html(events, _last_feedback(after)))
        said = "" if after.hints > before.hints else besides_html(events)  # a hint stands with its question
        # An answer to another question, which the student wanted graded, stands above the one that is still open.
        aside = [
            grade_html(one, citation_html(one["citation"])) for one in events if one["event"] == "QuizGrade"
        ]
        return self._now(chat_id, "\n\n".join([*aside, said]), mark)

    def _stale(self, mark: Mark, state: Round) -> list[Any]:
        """What came of the question on the page where that was dealt with just now, else the question that is open."""
        just_now = len(state.outcomes) == mark.dealt_with + 1
        if just_now and state.items[mark.dealt_with].id == mark.item_id:
            return self._feedback(mark.chat_id, state, status_html(_DONE_ALREADY))
        said = _ELSEWHERE if state.over else f"{_ELSEWHERE} {_OPEN_NOW}"
        return self._now(mark.chat_id, status_html(said))

    def answer(self, tab: str, seen: str, words: str, sure: str | None) -> Iterator[list[Any]]:
        """As `say`: an answer that was typed, with how sure the student is; nothing for an empty one."""
        if words.strip():
            yield from self.say(tab, seen, said_with(words, sure), typed=True)
        else:
            yield self._same()

    def choose(self, tab: str, seen: str, letter: str, sure: str | None) -> Iterator[list[Any]]:
        """As `say`: the option of a letter as the answer, with how sure the student is."""
        yield from self.say(tab, seen, said_with(letter, sure))

    def goes_on(self, tab: str, seen: str) -> list[Any]:
        """SHOWN, OPTIONS: the open question, or how the round ended; nothing while what was pressed goes on."""
        return self._same() if self._is_busy(tab) else self._now(Mark.read(seen).chat_id)

    def another(self, tab: str) -> list[Any]:
        """SHOWN, OPTIONS: as `setup`; nothing while what was pressed goes on."""
        return self._same() if self._is_busy(tab) else self.setup()

    def left(self, tab: str) -> None:
        """The browser's tab was closed or loaded anew: what goes on there stops."""
        self._beside.desk.stop(_key(tab))

    def _is_busy(self, tab: str) -> bool:
        return self._beside.desk.busy(_key(tab))

    def _now(self, chat_id: str, said: str = "", pressed: Mark | None = None) -> list[Any]:
        """SHOWN, OPTIONS: the round of a conversation as it stands.

        Args:
            pressed: the mark of the question at which the student pressed; None where what stands beside the question
                does not belong to it.
        """
        state = self._session.quiz(chat_id)
        if state is None:
            return self.setup(said or (status_html(_GONE) if chat_id else ""))
        if state.over:
            return self._summary(chat_id, state, said)
        return self._question(chat_id, state, said, keeps_draft=pressed == Mark.of(chat_id, state))

    def _question(self, chat_id: str, state: Round, said: str, *, keeps_draft: bool) -> list[Any]:
        import gradio as gr

        item = state.asked
        assert item is not None
        words = on_buttons(item)
        letters = words or (list(LETTERS[: len(item.options)]) if item.is_choice else [])
        more = "No more hints" if state.hints >= LAST_HINT else f"Hint {state.hints + 1} of {LAST_HINT}"
        updates = self._updates("question", Mark.of(chat_id, state), said) | {
            "quiz_stem": question_html(state, self._session.studies.around(item) if state.hints else ""),
            "quiz_sure": gr.skip() if keeps_draft else gr.Radio(value=None),
            "quiz_answer": gr.skip() if keeps_draft else gr.Textbox(value="", visible=not item.is_choice),
            "quiz_hint": gr.Button(more, interactive=state.hints < LAST_HINT),
        }
        options = dict.fromkeys(OPTIONS, gr.Button(visible=False))
        options |= {OPTIONS[n]: gr.Button(text, visible=True) for n, text in enumerate(letters)}
        return list((updates | options).values())

    def _feedback(self, chat_id: str, state: Round, said: str) -> list[Any]:
        import gradio as gr

        answered = last_answered(state)
        last = answered.outcomes[-1] if answered is not None and answered.outcomes else None
        # A choice, and what was skipped, is never right by the student's word.
        is_typed = answered is not None and last is not None and not last.skipped and not last.chosen
        verdict = last.grade.verdict if last is not None and last.grade is not None else ""
        decided = last is not None and last.graded is not None
        updates = self._updates("feedback", Mark.of(chat_id, state), said) | {
            "quiz_graded": feedback_html(state),
            "quiz_right": gr.Button(visible=verdict in ("wrong", "partial") and is_typed and not decided),
            "quiz_undo": gr.Button(visible=decided),
            "quiz_knew": gr.Button(visible=verdict == "unsure"),
            "quiz_knew_not": gr.Button(visible=verdict == "unsure"),
        }
        return list(updates.values())

    def _summary(self, chat_id: str, state: Round, said: str) -> list[Any]:
        import gradio as gr

        missed = len(missed_items(state))
        updates = self._updates("summary", Mark.of(chat_id, state), said) | {
            "quiz_ended": summary_html(state),
            "quiz_retry": gr.Button(f"Retry the misses ({missed})", visible=bool(missed)),
            "quiz_paper": paper_html(state),
        }
        return list(updates.values())

    def _updates(self, view: str, seen: Mark, said: str) -> dict[str, Any]:
        """SHOWN and OPTIONS by name, with one of the views open."""
        import gradio as gr

        updates: dict[str, Any] = dict.fromkeys((*SHOWN, *OPTIONS), gr.skip())
        updates |= {f"quiz_{name}": gr.Column(visible=name == view) for name in _VIEWS}
        updates |= {"quiz_seen": seen.text, "quiz_said": gr.Markdown(said, visible=bool(said))}
        return updates | {"quiz_paper": ""}

    def _same(self) -> list[Any]:
        """SHOWN, OPTIONS as they are."""
        import gradio as gr

        return [gr.skip()] * (len(SHOWN) + len(OPTIONS))

    def _line(self, said: str = "") -> list[Any]:
        """SHOWN, OPTIONS as they are, with another line on what goes on, or none."""
        import gradio as gr

        updates: dict[str, Any] = dict.fromkeys((*SHOWN, *OPTIONS), gr.skip())
        return list((updates | {"quiz_said": gr.Markdown(said, visible=bool(said))}).values())


def _last_feedback(state: Round) -> str:
    """What was said of the answer that was given last; empty where nothing was."""
    answered = last_answered(state)
    last = answered.outcomes[-1] if answered is not None and answered.outcomes else None
    return last.grade.feedback if last is not None and last.grade is not None else ""


def _key(tab: str) -> str:
    """Who works, for the desk: the quiz of a browser's tab."""
    return f"{tab} quiz"


def _noticed(mine: Any, known: Any) -> Any:
    import gradio as gr

    told = mine.quiz.notices(known)
    return gr.Markdown(told, visible=bool(told))


def wire_quiz(parts: dict[str, Any], on: On) -> None:
    """The listeners of the tab; each that may change the record is followed by the list of conversations."""
    import gradio as gr

    shown = [parts[name] for name in (*SHOWN, *OPTIONS)]
    seen = parts["quiz_seen"]

    def acts(event: Any, listener: Callable[..., Any], inputs: Any) -> None:
        done = on(event, listener, inputs, shown, **TELLING)
        relist(done, parts, on)
        on(done.then, _noticed, seen, parts["notices"])

    def started(mine: Any, topic: str, n: float, kinds: list[str], request: gr.Request) -> Iterator[Any]:
        yield from mine.quiz.start(str(request.session_hash), topic, n, kinds)

    def reviewed(mine: Any, request: gr.Request) -> Iterator[Any]:
        yield from mine.quiz.start(str(request.session_hash), DUE, MOST_QUESTIONS, [])

    def answered(mine: Any, known: Any, words: str, sure: str | None, request: gr.Request) -> Iterator[Any]:
        yield from mine.quiz.answer(str(request.session_hash), known, words, sure)

    def choosing(letter: str) -> Any:
        def chosen(mine: Any, known: Any, sure: str | None, request: gr.Request) -> Iterator[Any]:
            yield from mine.quiz.choose(str(request.session_hash), known, letter, sure)

        return chosen

    def wishing(message: str, open_item: bool) -> Any:
        def wished(mine: Any, known: Any, request: gr.Request) -> Iterator[Any]:
            yield from mine.quiz.say(str(request.session_hash), known, message, open_item=open_item)

        return wished

    acts(parts["quiz_start"].click, started, [parts["quiz_topic"], parts["quiz_n"], parts["quiz_kinds"]])
    for due in (parts["quiz_due"], parts["review"]):
        acts(due.click, reviewed, None)
    acts(parts["quiz_answer"].submit, answered, [seen, parts["quiz_answer"], parts["quiz_sure"]])
    for letter, name in zip(LETTERS, OPTIONS, strict=True):
        acts(parts[name].click, choosing(letter), [seen, parts["quiz_sure"]])
    for name, message, open_item in _WISHES:
        acts(parts[f"quiz_{name}"].click, wishing(message, open_item), seen)
    _wire_views(parts, on, shown)


def _wire_views(parts: dict[str, Any], on: On, shown: list[Any]) -> None:
    """What changes nothing that is kept: the tab opened, "Next" and "Another quiz"."""
    import gradio as gr

    seen = parts["quiz_seen"]

    def opens(mine: Any, known: Any, now: Any, request: gr.Request) -> Any:
        return mine.quiz.opened(str(request.session_hash), known, now)

    def goes_on(mine: Any, known: Any, request: gr.Request) -> Any:
        return mine.quiz.goes_on(str(request.session_hash), known)

    def begins_anew(mine: Any, request: gr.Request) -> Any:
        return mine.quiz.another(str(request.session_hash))

    opened = on(parts["quiz_tab"].select, opens, [seen, parts["chat_id"]], shown)
    on(opened.then, _noticed, seen, parts["notices"])
    on(parts["quiz_next"].click, goes_on, seen, shown)
    on(parts["quiz_another"].click, begins_anew, None, shown)
