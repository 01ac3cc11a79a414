"""What other programs on this machine may call: named endpoints, which are tools of an MCP server too if wanted.

Their values are those that the commands print with `--json`. They are off unless asked for: whoever can reach the port
can then read the student's record, grade answers and train demos.
"""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from math import ceil
from typing import Any

from pydantic import BaseModel, ValidationError

from tutor.errors import DemoError, PageError, QuizError
from tutor.quiz.items import KINDS
from tutor.tools import GradeAnswer, MakeQuiz, ShowProgress
from tutor.turns import STYLES
from tutor.ui.desk import Ticket
from tutor.ui.door import at_the_door
from tutor.ui.rendering import MOST_CHARS
from tutor.ui.seats import Seats
from tutor.ui.view import BUSY

Data = dict[str, Any]
MOST_HISTORY = 40
MOST_RESULTS = 100
_PAUSE_S = 1.0


def add_programs(seats: Seats[Any]) -> None:
    """Adds the endpoints to the page that is being laid out."""
    import gradio as gr

    for endpoint in (ask, search, make_quiz, grade, progress, list_demos, run_demo):
        # Answers and demos wait in the same lines as those of the page.
        gr.api(
            at_the_door(seats.of, endpoint, plain=True),
            api_name=endpoint.__name__,
            concurrency_limit=None,
            concurrency_id="answer",
        )


def ask(mine: Any, question: str, style: str = "plain", history: list[dict[str, str]] = []) -> Data:  # noqa: B006
    """Answers one question from the study notes, with quotes that prove it. Nothing is recorded.

    Args:
        question: the question in the student's words.
        style: plain, eli5, school or expert.
        history: what was said before, as [{"role": "user" or "assistant", "content": "..."}].
    """
    _checked("question", question)
    if style not in STYLES:
        raise PageError(f"There is no style {style[:40]!r}", f"The styles are {', '.join(STYLES)}.")
    if len(history) > MOST_HISTORY or not all(
        isinstance(turn, dict) and all(isinstance(turn.get(key), str) for key in ("role", "content"))
        for turn in history
    ):
        remedy = f'Give at most {MOST_HISTORY} of {{"role": "user", "content": "..."}}.'
        raise PageError("The history cannot be read", remedy)
    for turn in history:
        _checked("history", turn["content"])
    with _turn(mine, question):
        answer = mine.session.collect(mine.session.ask(question, history=history, style=style))
    return dict(answer.to_contract())


def search(mine: Any, query: str, k: int = 5) -> list[Data]:
    """Finds the passages of the study notes that speak to a query, best first.

    Args:
        query: words to look for.
        k: how many passages, 1 to 100.
    """
    _checked("query", query)
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MOST_RESULTS:
        raise PageError(f"k is {str(k)[:40]}", f"Give a whole number from 1 to {MOST_RESULTS}.")
    with _turn(mine, query):
        return list(mine.session.search(query, k))


def make_quiz(
    mine: Any,
    topic: str = "",
    n: int = 5,
    kinds: list[str] = [],  # noqa: B006
    due: bool = False,
    missed: bool = False,
) -> list[Data]:
    """Picks questions on a topic from the study notes, with their keys. They are kept, so that `grade` knows them.

    Args:
        topic: what to ask about; empty for everything.
        n: how many at most, 1 to 100.
        kinds: kinds of questions; empty for all.
        due: only what is due for review.
        missed: only what was answered wrong the last time.
    """
    given = _valid(MakeQuiz, topic=topic, n=n, kinds=kinds, due=due, missed=missed)
    with _turn(mine, topic):
        which = "due" if given.due else "missed" if given.missed else ""
        items = mine.session.quiz_items(
            given.topic, given.n, kinds=given.kinds or KINDS, which=which, keep=True
        )
    return [item.to_contract() for item in items]


def grade(mine: Any, item_id: str, answer: str) -> Data:
    """Grades an answer to a question that make_quiz gave, keeps the grade and schedules the next review.

    Args:
        item_id: the question's id.
        answer: the student's words, or the letter of an option.
    """
    given = _valid(GradeAnswer, item_id=item_id, answer=answer)
    with _turn(mine, item_id):
        return dict(mine.session.studies.graded(given.item_id, given.answer))


def progress(mine: Any, topic: str = "") -> Data:
    """How the student stands: mastery of each concept, how many cards are due, days in a row.

    Args:
        topic: progress on what; empty for everything.
    """
    given = _valid(ShowProgress, topic=topic)
    with _turn(mine, topic):
        return dict(mine.session.studies.progress(given.topic).to_contract())


def list_demos(mine: Any) -> list[Data]:
    """Which demos there are: name, title, concept, knobs with their bounds, expected seconds."""
    with _turn(mine, "demos"):
        return list(_called(mine, "list_demos", {}, None))


def run_demo(
    mine: Any,
    name: str,
    knobs: dict[str, Any] = {},  # noqa: B006
    preset: str = "quick",
    seed: int = 0,
) -> Iterator[Data]:
    """Trains a bundled demo in a process of its own and returns its figures and the paths of its pictures.

    While it trains, an empty value comes every second; the run stops when nobody listens any more.

    Args:
        name: a demo's name, as list_demos gives it.
        knobs: values for some of the demo's knobs.
        preset: quick, normal or long.
        seed: fixes the run's randomness.
    """
    arguments = {"name": name, "knobs": knobs, "preset": preset, "seed": seed}
    turn = ExitStack()
    ticket = turn.enter_context(_turn(mine, name, waits=False))

    def trained() -> Data:
        with turn:
            return dict(_called(mine, "run_demo", arguments, ticket))

    beside = ThreadPoolExecutor(1, "demo")
    run = beside.submit(trained)
    beside.shutdown(wait=False)
    try:
        while not wait([run], _PAUSE_S).done:
            # Once the caller is gone, gradio closes this here: on the loop that serves all, so that nothing may wait.
            yield {}
    finally:
        ticket.cancel.set()
    outcome = run.result()
    if outcome["stopped"]:
        raise DemoError(f"The demo {name} was stopped", "Run it again.", "stopped")
    yield dict(outcome["result"])


def _called(mine: Any, name: str, arguments: Data, ticket: Ticket | None) -> Any:
    """What a tool of the session gives, its arguments checked against their bounds."""
    config = {"configurable": {"cancel": ticket.cancel} if ticket else {}}
    call = {"type": "tool_call", "name": name, "args": arguments, "id": name}
    try:
        return mine.session.tools[name].invoke(call, config).artifact
    except ValidationError as error:
        raise DemoError(_reasons(error), "See `list_demos` for what is allowed.") from error


@contextmanager
def _turn(mine: Any, text: str, waits: bool = True) -> Iterator[Ticket]:
    """A call's turn: counted with the student's messages, and in line with the answers unless it trains."""
    wait_s = mine.desk.pace.wait_s() if mine.desk.pace else 0.0
    if wait_s:
        raise PageError("These are too many calls in a minute", f"Call again in {ceil(wait_s)} s.")
    tab = f"program {uuid.uuid4().hex}"
    if not mine.desk.take(tab, ""):
        raise PageError("Another answer or the notes are being worked on", "Call again when that is done.")
    place = None
    try:
        ticket = mine.desk.begin(tab) if mine.desk.wait(tab, "", text) else None
        if ticket is None:
            raise PageError("The tutor is being closed", "Start it again.")
        place = mine.line.join() if waits else None
        if waits and place is None:
            raise PageError(BUSY, "")
        while place is not None and place.before and not ticket.cancel.is_set():
            place.wait(0.5)
        if ticket.cancel.is_set():
            raise PageError("The tutor is being closed", "Start it again.")
        yield ticket
    finally:
        if place is not None:
            place.leave()
        mine.desk.end(tab)


def _checked(name: str, text: str) -> None:
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_CHARS:
        raise PageError(f"The {name} is empty or too long", f"Give 1 to {MOST_CHARS} characters.")


def _valid(arguments: type[BaseModel], **given: Any) -> Any:
    try:
        return arguments(**given)
    except ValidationError as error:
        raise QuizError(_reasons(error), "See the endpoint's description for what is allowed.") from error


def _reasons(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, each['loc']))}: {each['msg']}".strip(": ") for each in error.errors()
    )
