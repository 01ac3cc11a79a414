"""What a message means for the demos: a wish of its own, or a reply to what the last turn of the chat left open.

The chat itself is the state: the last message says whether a prediction waits, the messages before it which runs
there were. So nothing is lost when the program ends, and any other wish goes on as if there had been no question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any, Literal

from tutor.demo_names import (
    asked_demo,
    asks_again,
    asks_for_list,
    asks_to_compare,
    nearest_demo,
    wants_prediction,
)
from tutor.exchanges import ChatTurn, Data
from tutor.lesson import asked_why, prediction_of, read_reply, says_why
from tutor.notes import Note
from tutor.runs import comparison_table
from tutor.said_settings import said_settings
from tutor.turns import Event, Notice, PredictionAsked, TableShown

_TOO_FEW = "There are no two finished runs in this conversation yet: run a demo twice, with one knob changed."


@dataclass(frozen=True)
class Wish:
    """What is to be done: say something, list the demos, run one, or explain.

    Attributes:
        events: what is said at once.
        arguments: of the run, from an earlier call; `changed` says whether the message may set others.
        title: what the student is told when the run begins.
        predicted: the prediction that the message made: {predict, place, said}.
        ask: what the notes are to be asked.
    """

    kind: Literal["say", "list", "run", "again", "why"]
    events: tuple[Event, ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    predicted: dict[str, Any] | None = None
    ask: str = ""


def demo_wish(message: str, turns: Sequence[ChatTurn]) -> Wish | None:
    """What a message wishes of the demos, other than to run one by its name; None where it wishes nothing.

    Args:
        turns: the messages before it.
    """
    last = _events(turns[-1]) if turns and turns[-1].role != "user" else []
    asked = next((event for event in last if event["event"] == "PredictionAsked"), None)
    if asked is not None and (wish := _reply(asked, message)) is not None:
        return wish
    why = asked_why(message, _open_questions(turns))
    if why is not None:
        told = (Notice(why["told"]),) if why["told"] else ()
        return Wish("why" if why["ask"] else "say", told, ask=why["ask"])
    if asks_for_list(message):
        return Wish("list")
    events = [event for turn in turns for event in _events(turn)]
    if asks_to_compare(message):
        runs = [
            event["result"] for event in events if event["event"] == "DemoOutcome" and not event["stopped"]
        ]
        return Wish("say", (comparison_table(*runs[-2:]) if len(runs) > 1 else Notice(_TOO_FEW),))
    calls = [event for event in events if event["event"] == "ToolCall" and event["name"] == "run_demo"]
    if calls and asks_again(message):
        return Wish("again", arguments=dict(calls[-1]["arguments"]))
    return None


def _reply(asked: Data, message: str) -> Wish | None:
    """What a message says to an open prediction; None for another wish, as for another demo."""
    name = asked_demo(message)[0]
    if name and name != asked["call"]["name"]:
        return None
    kind, place = ("run", None) if name else read_reply(asked, message)
    if kind == "other":
        return None
    if kind == "cancel":
        return Wish("say", (Notice("All right, no run. Ask on, or name another demo."),))
    predicted = {"predict": asked["predict"], "place": place, "said": " ".join(message.split())[:120]}
    return Wish(
        "run",
        arguments=dict(asked["call"]),
        title=str(asked["title"]),
        predicted=None if kind == "run" else predicted,
    )


def _open_questions(turns: Sequence[ChatTurn]) -> list[Data]:
    """The questions of the last run, as long as nothing but "why?" was said since."""
    for turn in reversed(turns):
        if turn.role == "user" and not says_why(turn.content):
            return []
        for event in _events(turn):
            if event["event"] == "RunLesson":
                return list(event["questions"])
    return []


def _events(turn: ChatTurn) -> list[Data]:
    return list((turn.payload or {}).get("events", ())) if turn.role != "user" else []


def find(name: str, demos: Sequence[Data]) -> Data | None:
    """The demo of that name."""
    return next((demo for demo in demos if demo["name"] == name), None)


def not_there(name: str, demos: Sequence[Data]) -> str:
    """What is said where a demo that was asked for is not in this installation: the nearest that is."""
    names = [str(demo["name"]) for demo in demos]
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    near = find(nearest_demo(name, names) or (close[0] if close else ""), demos)
    if near is None:
        return f"I have no demo “{name}”. There are {', '.join(names)}: say “run” and a name."
    return f"I have no demo “{name}” here. The nearest is “{near['title']}”: say “run {near['name']}”."


def ordered(
    call: dict[str, Any], message: str, demos: Sequence[Data]
) -> tuple[Data | None, dict[str, Any], str]:
    """The demo of a call, the call with what the message sets, and why it cannot be made where there is none."""
    demo = find(call["name"], demos)
    return (
        (demo, with_settings(call, message, demo), "")
        if demo
        else (None, call, not_there(call["name"], demos))
    )


def with_settings(call: dict[str, Any], message: str, demo: Data) -> dict[str, Any]:
    """The arguments of `run_demo` with those that the message sets."""
    said = said_settings(message, demo)
    knobs = {**call.get("knobs", {}), **said.get("knobs", {})}
    return {**call, **said, "knobs": knobs}


def title_of(demo: Data) -> str:
    """What the student is told when a demo begins."""
    return f"Running the demo: {demo['title']}"


def asked_before(
    demo: Data, call: dict[str, Any], message: str, turns: Sequence[ChatTurn]
) -> PredictionAsked | None:
    """The prediction to ask for before a run; None where the student wants none or the demo has none."""
    said = [turn.content for turn in turns if turn.role == "user"]
    if not wants_prediction([*said, message]):
        return None
    return prediction_of(demo, call, title_of(demo))


def related_titles(notes: Iterable[Note], names: Sequence[str]) -> list[str]:
    """The titles of the notes that a result names, as far as the library has them."""
    titles = {PurePosixPath(note.path).stem: note.title for note in notes}
    return [titles[name] for name in names if name in titles]


def demos_table(demos: Sequence[Data]) -> TableShown:
    """Which demos there are: what to say for each, its title and how long its quick run takes."""
    rows = tuple(
        (str(demo["name"]), str(demo["title"]), f"about {demo['expected_s']:.0f} s") for demo in demos
    )
    caption = (
        "Say “run” and a name, such as “run gan-2d”, also with “long”, “seed 3” or a knob: “with d_lr 0.005”. "
        "Then “run it again with …” and “compare the last two runs”."
    )
    return TableShown(caption, ("name", "what it shows", "quick run"), rows)
