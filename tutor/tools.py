"""What the router or a model may call: LangChain tools with typed, bounded arguments.

A tool runs only because the student's own words asked for it, which the graph decides; a note or a model's
text never starts one. What a tool streams while it works goes to `emit` in the call's configuration.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tutor.demo_inputs import ALL_CARDS, base_input, card_input, missing_input
from tutor.errors import DemoError
from tutor.jobs import (
    DemoFrame,
    DemoResult,
    DemoStarted,
    DemoStopped,
    DemoWaiting,
    JobEvent,
    JobQueue,
    list_demos,
    run_demo,
)
from tutor.quiz.bank import Bank
from tutor.quiz.items import KINDS, Kind
from tutor.quiz.studies import Studies
from tutor.quiz.told import due_told
from tutor.retrieval import Retriever
from tutor.reviewing import Which
from tutor.turns import DemoOutcome, DemoProgress, Event, Notice, QuizMaking

MOST_QUESTIONS = 100
LONGEST_ANSWER = 4000


class RunDemo(BaseModel):
    """Arguments of `run_demo`; `demo_arguments` adds the names and knobs of the demos that are there."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=40, description="a demo's name, such as gan-2d or diffusion-2d")
    knobs: dict[str, float | str] = Field(
        default_factory=dict, max_length=20, description="knob name -> value"
    )
    preset: Literal["quick", "normal", "long"] = Field(default="quick", description="how much to do")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="fixes the run's randomness")
    topic: str = Field(
        default="",
        max_length=200,
        description="for a demo that learns cards: on what the student's own are; all for any; empty for its own",
    )


class MakeQuiz(BaseModel):
    """Arguments of `make_quiz`."""

    model_config = ConfigDict(extra="forbid")

    topic: str = Field(default="", max_length=200, description="what to ask about; empty for everything")
    n: int = Field(default=3, ge=1, le=MOST_QUESTIONS, description="number of questions")
    kinds: list[Kind] = Field(
        default_factory=list, max_length=len(KINDS), description="kinds of questions; empty for all"
    )
    due: bool = Field(default=False, description="only what is due for review")
    missed: bool = Field(default=False, description="only what was answered wrong the last time")


class GradeAnswer(BaseModel):
    """Arguments of `grade_answer`."""

    model_config = ConfigDict(extra="forbid")

    item_id: str = Field(min_length=1, max_length=40, description="the id of a question that was shown")
    answer: str = Field(max_length=LONGEST_ANSWER, description="the student's words")


class ShowProgress(BaseModel):
    """Arguments of `show_progress`."""

    model_config = ConfigDict(extra="forbid")

    topic: str = Field(default="", max_length=200, description="progress on what; empty for everything")


class ListDemos(BaseModel):
    """`list_demos` takes no arguments."""

    model_config = ConfigDict(extra="forbid")


def demo_arguments(demos: Callable[[], list[dict[str, Any]]], cache_dir: Path | None = None) -> type[RunDemo]:
    """The arguments of `run_demo`, checked against the demos, the bounds of their knobs and what they start from.

    Args:
        demos: gives the demos as `tutor.jobs.list_demos` does; called at each check.
        cache_dir: where the weights of the language model lie; None: whether they are there is not asked.
    """

    class KnownDemo(RunDemo):
        @model_validator(mode="after")
        def _is_allowed(self) -> Self:
            there = demos()
            reasons = _refused(there, self.name, self.knobs)
            reasons += [
                why for demo in there if demo["name"] == self.name and (why := missing_input(demo, cache_dir))
            ]
            if reasons:
                raise ValueError("; ".join(reasons))
            return self

    return KnownDemo


def _refused(demos: list[dict[str, Any]], name: str, knobs: dict[str, float | str]) -> list[str]:
    """Why a demo may not be run with these knobs, each reason with the bound; empty when it may."""
    demo = next((demo for demo in demos if demo["name"] == name), None)
    if demo is None:
        return [f"there is no demo {name!r}: the demos are {', '.join(demo['name'] for demo in demos)}"]
    known = {knob["name"]: knob for knob in demo["knobs"]}
    reasons = []
    for given, value in knobs.items():
        if given not in known:
            reasons.append(f"the demo {name} has no knob {given[:40]!r}: its knobs are {', '.join(known)}")
        elif reason := _out_of_bounds(known[given], value):
            whole = isinstance(value, float) and value.is_integer()
            reasons.append(f"{given} {str(int(value) if whole else value)[:40]} {reason}")
    return reasons


def _out_of_bounds(knob: dict[str, Any], value: float | str) -> str:
    """What is wrong with a knob's value, and the bound; empty when nothing is."""
    if knob["kind"] == "choice":
        return "" if value in knob["choices"] else f"is not allowed: one of {', '.join(knob['choices'])}"
    low, high = knob["low"], knob["high"]
    try:
        number = float(value)
    except ValueError:
        return f"is no number: from {low:g} to {high:g}"
    if not math.isfinite(number):
        return f"is no number: from {low:g} to {high:g}"
    if number > high:
        return f"is too large: at most {high:g}"
    if number < low:
        return f"is too small: at least {low:g}"
    if knob["kind"] == "int" and number != int(number):
        return f"is no whole number: from {low:g} to {high:g}"
    return ""


def make_tools(
    retriever: Retriever,
    *,
    root: Path,
    out: Callable[[], Path],
    budget_s: float | None,
    device: str,
    rng: random.Random,
    studies: Studies | None = None,
    jobs: JobQueue | None = None,
    cache_dir: Path | None = None,
) -> dict[str, BaseTool]:
    """The tools of a session, by name.

    Args:
        root: the project's folder, in which `demos/` lies.
        out: makes a new folder for the pictures of one run.
        budget_s: seconds of training that a demo may take; None for those of its preset.
        device: "auto", "cpu" or "cuda".
        rng: draws quiz questions.
        studies: chooses questions, grades and reports; without it nothing is known of the student.
        jobs: the line in which demos wait; one of its own if not given.
        cache_dir: where the weights of the language model lie, from which a demo may start.
    """
    line = jobs or JobQueue()
    demos = cache(lambda: list_demos(root))
    known = studies or Studies(cache(lambda: Bank(retriever)))

    def list_demos_tool() -> tuple[str, list[dict[str, Any]]]:
        there = demos()
        return "\n".join(f"{demo['name']}: {demo['title']}" for demo in there), there

    def run_demo_tool(
        name: str, knobs: dict[str, float | str], preset: str, seed: int, topic: str, config: RunnableConfig
    ) -> tuple[str, dict[str, Any]]:
        emit, cancel = _channels(config)
        folder, inputs = out(), base_input(cache_dir)
        if topic and any("cards" in one.get("inputs", ()) for one in demos() if one["name"] == name):
            inputs |= card_input(topic, known.cards("" if topic == ALL_CARDS else topic), folder)
        events = run_demo(
            root, name, knobs, preset=preset, seed=seed, device=device, out=folder, budget_s=budget_s, stop=cancel,
            jobs=line, inputs=inputs,
        )  # fmt: skip
        outcome = _watch_demo(name, events, emit)
        return str(outcome.result.get("verdict", "The demo was stopped.")), asdict(outcome)

    tools = (
        _tool(
            list_demos_tool, "list_demos", "Which demos there are: name, title, seconds, knobs.", ListDemos
        ),
        _tool(
            run_demo_tool, "run_demo",
            "Trains a bundled demo in a process of its own and streams its pictures.", demo_arguments(demos, cache_dir),
        ),
    )  # fmt: skip
    return {tool.name: tool for tool in (*tools, *_study_tools(known, rng))}


def _study_tools(known: Studies, rng: random.Random) -> tuple[BaseTool, ...]:
    def make_quiz_tool(
        topic: str, n: int, kinds: list[Kind], due: bool, missed: bool, config: RunnableConfig
    ) -> tuple[str, list[dict[str, Any]]]:
        which: Which = "due" if due else "missed" if missed else ""
        emit, _ = _channels(config)
        items = known.items(
            topic, n, rng=rng, kinds=kinds or KINDS, which=which, on_stage=lambda said: emit(QuizMaking(said))
        )
        return f"{len(items)} question{'' if len(items) == 1 else 's'} on {topic or 'your notes'}", [
            item.to_dict() for item in items
        ]

    def grade_answer_tool(item_id: str, answer: str) -> tuple[str, dict[str, Any]]:
        graded = known.graded(item_id, answer)
        return str(graded["feedback"]), graded | {"item": known.item(item_id).to_dict()}

    def show_progress_tool(topic: str) -> tuple[str, dict[str, Any]]:
        stands = known.progress(topic).to_contract()
        return due_told(stands), stands | {"wrong": known.wrong()}

    return (
        _tool(
            make_quiz_tool, "make_quiz",
            "Picks questions on a topic from the cards and quiz sections of the notes.", MakeQuiz,
        ),
        _tool(grade_answer_tool, "grade_answer", "Grades an answer to a question that was shown.", GradeAnswer),
        _tool(
            show_progress_tool, "show_progress",
            "How the student stands: mastery of each concept, what is due, what went wrong.", ShowProgress,
        ),
    )  # fmt: skip


def _tool(
    function: Callable[..., tuple[str, Any]], name: str, description: str, arguments: type[BaseModel]
) -> BaseTool:
    return StructuredTool.from_function(
        function,
        name=name,
        description=description,
        args_schema=arguments,
        response_format="content_and_artifact",
    )


def _channels(config: RunnableConfig) -> tuple[Callable[[Event], None], threading.Event]:
    configurable = config.get("configurable", {})
    return configurable.get("emit", lambda event: None), configurable.get("cancel") or threading.Event()


def _watch_demo(name: str, events: Iterable[JobEvent], emit: Callable[[Event], None]) -> DemoOutcome:
    """Runs a demo to its end or until it is cancelled, passing each picture on. Raises DemoError."""
    last = ""
    for event in events:
        if isinstance(event, DemoFrame):
            last = str(event.path)
            emit(
                DemoProgress(
                    demo=name,
                    path=last,
                    caption=event.caption,
                    step=event.step,
                    total_steps=event.total_steps,
                    elapsed_s=event.elapsed_s,
                    left_s=event.left_s,
                )
            )
        elif isinstance(event, DemoWaiting):
            runs = "1 run" if event.before == 1 else f"{event.before} runs"
            emit(Notice(f"{runs} before yours: it begins when they have ended. Stop gives the place up."))
        elif isinstance(event, DemoStopped):
            return DemoOutcome({"demo": name, "images": [last] if last else []}, stopped=True)
        elif isinstance(event, DemoResult):
            return DemoOutcome(result_to_contract(event))
        elif not isinstance(event, DemoStarted):
            raise DemoError(f"The demo {name} sent something unknown", "Reinstall tutor with `make chat`.")
    raise DemoError(
        f"The demo {name} ended without a result", "Run it again, or see `tutor demo run` for details."
    )


def result_to_contract(result: DemoResult) -> dict[str, Any]:
    """The JSON value that `tutor demo run --json` promises."""
    return asdict(result) | {
        "images": [str(path) for path in result.images],
        "observations": list(result.observations),
        "notes": list(result.notes),
    }
