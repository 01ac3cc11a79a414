"""The tutoring graph: what is asked, then the node that answers it. The only owner of langgraph.

    understand -> explain | call_tool -> (run_demo | start_quiz) | quiz_reply | sum_up | draw_map | save
    | show_evidence | show_progress | talk

The nodes emit `tutor.turns` events while they work; the state carries only plain data. Code decides every
step; the model is called inside `explain` alone, and what it drafts is checked there.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from pydantic import ValidationError

from tutor.calling import filled, proposed_call, refusal, refused_call
from tutor.concept_map import concept_map
from tutor.demo_turns import asked_before, demo_wish, demos_table, find, ordered, related_titles, title_of
from tutor.errors import QuizError, RecordError
from tutor.evidence import last_evidence
from tutor.exchanges import ChatTurn
from tutor.graph_parts import Parts, State, small_talk
from tutor.intents import CARDS_TOLD, takes_cards
from tutor.lesson import came_true, lesson
from tutor.questions import Question, Said, understand
from tutor.quiz.grading import Grade, grade
from tutor.quiz.items import Item
from tutor.quiz.keeping import Quizzes
from tutor.quiz.moves import Rules, asks_again, asks_anew, follows_quiz
from tutor.quiz.replies import asks_to_go_on, reply_kind, without_opening
from tutor.quiz.rounds import Round, missed_items
from tutor.quiz.told import progress_events
from tutor.quiz_turns import (
    NO_OPEN_QUESTION,
    NO_QUIZ,
    ROUTES,
    asks_grade,
    asks_topic,
    grade_shown,
    names_an_option,
    no_question,
    question_in_quiz,
    question_to_grade,
    quiz_call,
    route_in_quiz,
    said_first,
    told_elsewhere,
    topics_offered,
)
from tutor.recap import recap
from tutor.reviewing import Which
from tutor.turns import Answer, DemoOutcome, Drawing, Event, Notice, Style, ToolCall

_NO_EVIDENCE = "There is no answer yet whose evidence I could show: ask me something about your notes first."
_NODES = (
    "explain", "call_tool", "quiz_reply", "sum_up", "draw_map", "save", "show_evidence", "show_progress", "talk",
)  # fmt: skip


__all__ = ["Parts", "TutoringGraph"]


class TutoringGraph:
    """The compiled graph; `run` streams one turn."""

    def __init__(self, parts: Parts) -> None:
        from langgraph.graph import END, START, StateGraph

        self._parts = parts
        rules = Rules(self._grade, parts.other, off_topic=parts.off_topic, around=parts.around)
        self._quizzes = Quizzes(parts.rounds, rules)
        graph = StateGraph(State)
        graph.add_node("understand", self._begin)
        for name in (*_NODES, "start_quiz"):
            graph.add_node(name, getattr(self, f"_{name}"))
        graph.add_edge(START, "understand")
        graph.add_conditional_edges(
            "understand",
            lambda state: state["route"],
            {**{name: name for name in _NODES}, "done": END},
        )
        graph.add_conditional_edges(
            "call_tool", lambda state: state["route"], {"start_quiz": "start_quiz", "end": END}
        )
        for name in (*_NODES, "start_quiz"):
            if name != "call_tool":
                graph.add_edge(name, END)
        self._graph = graph.compile()

    @property
    def tools(self) -> dict[str, BaseTool]:
        """What it may call, by name."""
        return self._parts.tools

    def run(
        self,
        message: str,
        *,
        history: list[Said],
        chat_id: str,
        style: Style | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[Event]:
        """Streams the events of one turn. Closing the generator cancels the work. Raises TutorError."""
        cancel = cancel or threading.Event()
        state: State = {"message": message, "history": history, "style": style, "chat_id": chat_id}
        yield from self._stream(state, cancel)

    def start_quiz(
        self, chat_id: str, topic: str, n: int, kinds: tuple[str, ...] = (), which: Which = ""
    ) -> Iterator[Event]:
        """Begins a quiz of n questions on a topic; an empty topic stands for the whole library.

        Args:
            kinds: which kinds may be asked; all where none is named.
            which: "due" asks only what is due, "missed" only what was answered wrong.
        """
        question = Question("", "quiz", "plain", topic, count=n, which=which, kinds=kinds)
        yield from self._stream(
            {"message": "", "history": [], "chat_id": chat_id, "question": question}, threading.Event()
        )

    def show_quiz(self, chat_id: str) -> Iterator[Event]:
        """The open question of a chat's quiz once more, as after a restart; nothing where none is open."""
        with suppress(QuizError):
            yield from self._quizzes.show_again(chat_id)

    def run_tool(self, chat_id: str, call: Any, cancel: threading.Event) -> Iterator[Event]:
        """Streams a call {tool, arguments, title, predicted} that a button asks for; a run may have a prediction."""
        yield from self._stream({"message": "", "history": [], "chat_id": chat_id, **call}, cancel)

    def _stream(self, state: State, cancel: threading.Event) -> Iterator[Event]:
        config = RunnableConfig(configurable={"cancel": cancel}, recursion_limit=10)
        # LangGraph's stream is a generator, although its type promises less.
        stream: Any = self._graph.stream(state, config, stream_mode="custom")
        try:
            yield from stream
        finally:
            cancel.set()
            stream.close()

    # -- nodes -------------------------------------------------------------------------------------------------

    def _begin(self, state: State, config: RunnableConfig) -> State:
        """What a button asks for is run as it is; words are understood first."""
        if "tool" in state:
            return self._run_tool(state["tool"], state["arguments"], state["title"], state["predicted"])
        return self._understand(state, config)

    def _understand(self, state: State, config: RunnableConfig) -> State:
        given, message = state.get("question"), state["message"]
        quiz = self._quiz(state["chat_id"]) if given is None else None
        in_quiz = quiz is not None and quiz.waits
        wants_grade = asks_grade(message) if given is None else None
        if wants_grade is not None:
            return self._grade_asked(state, quiz, *wants_grade)
        if quiz is not None and not in_quiz:
            if follows_quiz(quiz, message):
                return {"route": "quiz_reply"}
            self._quizzes.moved_on(state["chat_id"], quiz)
        if given is None and not in_quiz and asks_to_go_on(message):
            return _say(told_elsewhere(self._parts.elsewhere(state["chat_id"]), NO_QUIZ))
        wished = self._wish(state, config) if given is None and not in_quiz else None
        if wished is not None:
            return wished
        if given is None and not in_quiz and (asked := self._of_no_question(state, quiz)):
            return asked
        # In a quiz the student's words are an answer unless they plainly ask for something else.
        guess = None if in_quiz else self._parts.guess
        names = self._parts.answering.retriever.named
        said = without_opening(message) if in_quiz else message
        question = given or understand(said, state["history"], state.get("style"), guess=guess, names=names)
        if in_quiz and quiz is not None:
            route = route_in_quiz(message, question, quiz.asked)
            if route == "explain":
                question = question_in_quiz(message, quiz.asked, state.get("style"), names)
            if route:
                return {"question": question, "route": route}
        elif given is None and reply_kind(message) == "stop":
            return {"question": question, "route": "talk"}
        if question.intent == "demo" and not question.demo:
            return self._run_tool("list_demos", {}, "Which of the demos?")
        if question.intent == "demo":
            call = {"name": question.demo, "knobs": {}, "seed": self._parts.seed}
            return self._order(state, call, config, predict=not in_quiz)
        if question.intent == "quiz":
            return self._wish_quiz(state, question, config)
        return {"question": question, "route": ROUTES.get(question.intent, "explain")}

    def _of_no_question(self, state: State, quiz: Round | None) -> State | None:
        """What a message means that belongs to a quiz although none is open; None for any other."""
        message, chat_id = state["message"], state["chat_id"]
        if quiz is not None and asks_again(quiz, message):
            return {"route": "quiz_reply"}
        before = self._parts.last_quiz(chat_id) if quiz is None and asks_anew(message) else None
        if before is not None and missed_items(before) and last_evidence(self._earlier(state)) is None:
            _emit_all(self._quizzes.go_over(chat_id, before))
            return {"route": "done"}
        if names_an_option(message) and not self._parts.answering.retriever.named.mentions(message):
            return _say(told_elsewhere(self._parts.elsewhere(chat_id), NO_OPEN_QUESTION))
        return None

    def _grade_asked(self, state: State, quiz: Round | None, asked: str, answer: str) -> State:
        """A call of the tool that grades, for an answer that the student gives together with its question."""
        item, is_open = question_to_grade(asked, quiz, self._parts.find_question)
        if is_open:
            return {"message": answer, "route": "quiz_reply"}
        if quiz is not None and not quiz.waits:
            self._quizzes.moved_on(state["chat_id"], quiz)
        if item is None:
            self._end(state, Notice(no_question(asked, self._parts.near_questions(asked))))
            return {"route": "done"}
        call = {"item_id": item.id, "answer": answer}
        refused = refused_call(self._parts.tools["grade_answer"], call)
        if refused:
            return _say(refused)
        return self._run_tool("grade_answer", call, f"Grading your answer to “{item.stem}”")

    def _wish_quiz(self, state: State, question: Question, config: RunnableConfig) -> State:
        """The call that a wish for a quiz is; a wish that leaves open on what asks back."""
        given = state.get("question") is not None
        if asks_topic(question) and not given:
            found = self._parts.tools["show_progress"].invoke(_call_of("show_progress", {}), config)
            self._end(state, Notice(topics_offered(found.artifact)))
            return {"route": "done"}
        title, wish, text, said = quiz_call(question, given=given)
        wish, refused = self._filled("make_quiz", wish, text, config)
        return _say(refused) if refused else self._run_tool("make_quiz", wish, title) | {"said": said}

    def _filled(
        self, tool: str, arguments: dict[str, Any], text: str, config: RunnableConfig
    ) -> tuple[dict[str, Any], str]:
        """A call with what a model that can finds in the student's own words besides, and why it may not be made."""
        if self._parts.caller is None or not text:
            return arguments, ""
        proposal = proposed_call(self._parts.caller, text, self._parts.tools, _cancel(config))
        return filled(tool, arguments, proposal)

    def _run_tool(
        self, tool: str, arguments: dict[str, Any], title: str, predicted: dict[str, Any] | None = None
    ) -> State:
        _emit(ToolCall(tool, arguments, title))
        return {"route": "call_tool", "tool": tool, "arguments": arguments, "predicted": predicted}

    def _wish(self, state: State, config: RunnableConfig) -> State | None:
        """What the message wishes of the demos by what the chat said before; None where it wishes nothing."""
        wish = demo_wish(state["message"], self._earlier(state))
        if wish is None:
            return None
        for event in wish.events:
            _emit(event)
        if wish.kind == "say":
            return {"route": "done"}
        if wish.kind == "list":
            return self._run_tool("list_demos", {}, "Which demos there are")
        if wish.kind == "why":
            question = Question(wish.ask, "explain", state.get("style") or "plain", wish.ask)
            return {"question": question, "route": "explain"}
        if wish.kind == "again":
            return self._order(state, wish.arguments, config, predict=False)
        return self._run_tool("run_demo", wish.arguments, wish.title, wish.predicted)

    def _order(self, state: State, call: dict[str, Any], config: RunnableConfig, *, predict: bool) -> State:
        """A run with what the student's own words set, after the question what will come out."""
        demos = self._parts.tools["list_demos"].invoke(_call_of("list_demos", {}), config).artifact
        call, refused = self._filled("run_demo", call, state["message"], config)
        demo, call, missing = ordered(call, state["message"], demos)
        refused = missing or refused or refused_call(self._parts.tools["run_demo"], call)
        if demo is None or refused:
            return _say(refused)
        # Only a chat on record remembers what was asked.
        kept = predict and bool(self._parts.turns(state["chat_id"]))
        asked = asked_before(demo, call, state["message"], self._earlier(state)) if kept else None
        if asked is None:
            return self._run_tool("run_demo", call, title_of(demo))
        _emit(asked)
        return {"route": "done"}

    def _quiz(self, chat_id: str) -> Round | None:
        """The chat's quiz, also one that is over; one that cannot be read is ended and said to be."""
        try:
            return self._quizzes.state(chat_id)
        except QuizError:
            _emit_all(self._quizzes.set_aside(chat_id))
            return None

    def _grade(self, item: Item, words: str) -> Grade:
        return (self._parts.grade or grade)(item, words)

    def _explain(self, state: State, config: RunnableConfig) -> State:
        for event in self._parts.answering.answer(state["question"], _cancel(config)):
            _emit(event)
            if isinstance(event, Answer):
                self._quizzes.told_besides(state["chat_id"], event.answer)
        self._ask_again(state)
        return {}

    def _ask_again(self, state: State) -> None:
        """Shows the open quiz question once more, after something else was said."""
        _emit_all(self._quizzes.show_again(state["chat_id"]))

    def _sum_up(self, state: State) -> State:
        """Sums up the conversation up to the message that asks for it."""
        found = recap(self._earlier(state), self._parts.answering.retriever.index.notes)
        for event in self._parts.answering.told(found.parts, found.citations, state["message"]):
            _emit(event)
        self._ask_again(state)
        return {}

    def _draw_map(self, state: State) -> State:
        retriever = self._parts.answering.retriever
        drawn = concept_map(retriever.index.notes, state["question"].topic, retriever.vocabulary)
        _emit(Drawing(drawn.mermaid, drawn.tree, drawn.caption) if drawn.nodes else Notice(drawn.caption))
        self._ask_again(state)
        return {}

    def _save(self, state: State) -> State:
        is_cards = takes_cards(state["message"])
        _emit(Notice(CARDS_TOLD if is_cards else self._parts.save(self._earlier(state))))
        self._ask_again(state)
        return {}

    def _show_evidence(self, state: State) -> State:
        _emit(last_evidence(self._earlier(state)) or Notice(_NO_EVIDENCE))
        self._ask_again(state)
        return {}

    def _show_progress(self, state: State, config: RunnableConfig) -> State:
        """How the student stands by the record."""
        question = state["question"]
        call = {"topic": question.topic[:200]}
        _emit(ToolCall("show_progress", call, "Looking at your record"))
        found = self._parts.tools["show_progress"].invoke(_call_of("show_progress", call), config).artifact
        for event in progress_events(found, found["wrong"], question.which, question.topic):
            _emit(event)
        self._ask_again(state)
        return {}

    def _earlier(self, state: State) -> list[ChatTurn]:
        """The messages before the one that is answered, which is on record already."""
        turns = list(self._parts.turns(state["chat_id"]))
        asked = max((at for at, turn in enumerate(turns) if turn.role == "user"), default=len(turns))
        return turns[:asked]

    def _call_tool(self, state: State, config: RunnableConfig) -> State:
        """Runs the tool that the student asked for, through LangChain's own call of a tool."""
        from langgraph.config import get_stream_writer

        call = _call_of(state["tool"], state["arguments"])
        inner = RunnableConfig(
            **{**config, "configurable": config["configurable"] | {"emit": get_stream_writer()}}
        )
        try:
            message = self._parts.tools[state["tool"]].invoke(call, inner)
        except (QuizError, RecordError) as error:
            return self._end(state, Notice(str(error)))
        except ValidationError as error:
            return self._end(state, Notice(refusal(error)))
        if state["tool"] == "make_quiz":
            return {"route": "start_quiz", "items": message.artifact}
        if state["tool"] == "grade_answer":
            self._quizzes.graded_aside(state["chat_id"])
            return self._end(state, grade_shown(message.artifact))
        if state["tool"] == "list_demos":
            return self._end(state, demos_table(message.artifact))
        outcome = DemoOutcome(**message.artifact)
        if outcome.stopped:
            return self._end(state, outcome)
        notes = self._parts.answering.retriever.index.notes
        titles = related_titles(notes, outcome.result["notes"])
        self._keep_prediction(outcome.result, state.get("predicted"), config)
        return self._end(state, outcome, lesson(outcome.result, titles, state.get("predicted")))

    def _end(self, state: State, *events: Event) -> State:
        """What a tool gave, and the quiz question that waits behind it."""
        _emit_all(events)
        self._ask_again(state)
        return {"route": "end"}

    def _keep_prediction(
        self, result: dict[str, Any], predicted: dict[str, Any] | None, config: RunnableConfig
    ) -> None:
        """Keeps a prediction that named an option beside the one that came out."""
        right = came_true(result, predicted) if predicted else None
        if predicted and right is not None:
            demos = self._parts.tools["list_demos"].invoke(_call_of("list_demos", {}), config).artifact
            demo = find(result["demo"], demos) or {}
            self._parts.keep_prediction(result["demo"], str(demo.get("concept", "")), predicted, right)

    def _start_quiz(self, state: State) -> State:
        items = [Item.from_dict(item) for item in state["items"]]
        said = said_first(state.get("said", ()), state["arguments"], len(items))
        try:
            begun = self._quizzes.begin(state["chat_id"], items, state["arguments"]["topic"])
            first = next(begun)  # where the quiz cannot begin, nothing is said of it
        except QuizError as error:
            self._end(state, Notice(str(error)))
            return {}
        _emit_all([Notice(said), first] if said else [first])
        _emit_all(begun)  # one by one: behind the last stands that all were shown
        return {}

    def _quiz_reply(self, state: State) -> State:
        """Takes the student's words as a move in the quiz; the record comes before the screen."""
        _emit_all(self._quizzes.say(state["chat_id"], state["message"]))
        return {}

    def _talk(self, state: State) -> State:
        told = small_talk(state["question"].intent, state["message"], self._parts.about)
        _emit(Notice(told or NO_QUIZ))
        self._ask_again(state)
        return {}


def _call_of(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A call of a tool as LangChain takes it."""
    return {"name": tool, "args": arguments, "id": uuid.uuid4().hex, "type": "tool_call"}


def _say(text: str) -> State:
    """A line of the program's own that ends the turn."""
    _emit(Notice(text))
    return {"route": "done"}


def _emit(event: Event) -> None:
    from langgraph.config import get_stream_writer

    get_stream_writer()(event)


def _emit_all(events: Iterable[Event]) -> None:
    for event in events:
        _emit(event)


def _cancel(config: RunnableConfig) -> threading.Event:
    found: threading.Event = config["configurable"]["cancel"]
    return found
