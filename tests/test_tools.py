"""The tools: bounded arguments, what they stream and what they return."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from pydantic import BaseModel, ValidationError

import tutor.tools
from tutor.errors import DemoError, QuizError, RecordError
from tutor.jobs import DemoFrame, DemoResult, DemoStarted, DemoStopped, DemoWaiting, JobQueue
from tutor.learner import open_record
from tutor.quiz.bank import Bank
from tutor.quiz.studies import Studies
from tutor.quiz.study import StudyRecord
from tutor.retrieval import Retriever
from tutor.tools import make_tools, result_to_contract
from tutor.turns import DemoOutcome, DemoProgress, Event, Notice

ROOT = Path(__file__).resolve().parent.parent
STARTED = DemoStarted("gan-2d", "quick", 0, "cpu", {}, 5.0, 1)


def frame(step: int) -> DemoFrame:
    return DemoFrame(Path(f"frame-{step}.png"), step, 10, f"step {step}", {}, 1.0, 2.0)


RESULT = DemoResult(
    demo="gan-2d", preset="quick", outcome="done", seed=3, device="cpu", seconds=1.0, step=10, knobs={}, metrics={},
    images=(Path("last.png"),), observations=("It moved.",), verdict="Eight clusters.", notes=("gan",),
)  # fmt: skip


@pytest.fixture
def tools(small_retriever: Retriever, tmp_path: Path) -> dict[str, BaseTool]:
    return make_tools(
        small_retriever, root=ROOT, out=lambda: tmp_path / "out", budget_s=5.0, device="cpu",
        rng=random.Random(0),
    )  # fmt: skip


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """played(event, ...) lets the demo yield these events; returns the list of calls of `run_demo`."""

    def play(*events: Any) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []

        def run_demo(root: Path, name: str, knobs: dict[str, Any], **rest: Any) -> Iterator[Any]:
            calls.append({"root": root, "name": name, "knobs": knobs, **rest})
            yield from events

        monkeypatch.setattr(tutor.tools, "run_demo", run_demo)
        return calls

    return play


def call(tool: BaseTool, config: dict[str, Any] | None = None, **arguments: Any) -> Any:
    asked = {"name": tool.name, "args": arguments, "id": "1", "type": "tool_call"}
    return tool.invoke(asked, {"configurable": config or {}})  # type: ignore[arg-type]


def test_the_demo_tool_streams_its_pictures_and_returns_its_result(
    tools: dict[str, BaseTool], played: Callable[..., Any], tmp_path: Path
) -> None:
    calls = played(STARTED, frame(1), frame(2), RESULT)
    seen: list[Event] = []
    stop = threading.Event()
    message = call(
        tools["run_demo"], {"emit": seen.append, "cancel": stop}, name="gan-2d", knobs={"d_lr": 0.01}, seed=3
    )
    assert message.content == "Eight clusters."
    assert [event.step for event in seen if isinstance(event, DemoProgress)] == [1, 2]
    outcome = DemoOutcome(**message.artifact)
    assert not outcome.stopped
    assert outcome.result == result_to_contract(RESULT)
    assert outcome.result["images"] == ["last.png"]
    assert isinstance(calls[0].pop("jobs"), JobQueue)
    assert calls == [
        {"root": ROOT, "name": "gan-2d", "knobs": {"d_lr": 0.01}, "preset": "quick", "seed": 3, "device": "cpu",
         "out": tmp_path / "out", "budget_s": 5.0, "stop": stop, "inputs": {}}
    ]  # fmt: skip


def test_a_run_on_the_students_cards_is_given_them_in_a_file(
    tools: dict[str, BaseTool], played: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = played(STARTED, RESULT)
    monkeypatch.setattr(Studies, "cards", lambda self, topic: [(f"Q{n}?", f"A{n}.") for n in range(5)])
    call(tools["run_demo"], name="fine-tuning", topic="all")
    assert len(json.loads(calls[0]["inputs"]["cards"].read_text())["cards"]) == 5
    call(tools["run_demo"], name="gan-2d", topic="all")
    assert "cards" not in calls[1]["inputs"]


def test_too_few_cards_are_refused_before_the_run(
    tools: dict[str, BaseTool], played: Callable[..., Any], tmp_path: Path
) -> None:
    calls = played(STARTED, RESULT)
    with pytest.raises(DemoError, match="3 short cards on your notes"):  # the library holds three
        call(tools["run_demo"], name="fine-tuning", topic="all")
    assert calls == []


def test_a_demo_whose_weights_are_missing_is_refused_before_it_is_run(
    small_retriever: Retriever, played: Callable[..., Any], tmp_path: Path
) -> None:
    calls = played(STARTED, RESULT)
    known = make_tools(
        small_retriever, root=ROOT, out=lambda: tmp_path / "out", budget_s=5.0, device="cpu",
        rng=random.Random(0), cache_dir=tmp_path / "cache",
    )  # fmt: skip
    with pytest.raises(ValidationError, match="tutor models get embedded"):
        call(known["run_demo"], name="fine-tuning")
    call(known["run_demo"], name="gan-2d")
    assert [made["name"] for made in calls] == ["gan-2d"]


def test_a_run_that_waits_tells_how_many_are_before_it(
    tools: dict[str, BaseTool], played: Callable[..., Any]
) -> None:
    played(DemoWaiting(2), DemoWaiting(1), STARTED, RESULT)
    seen: list[Event] = []
    call(tools["run_demo"], {"emit": seen.append}, name="gan-2d")
    told = [event.text for event in seen if isinstance(event, Notice)]
    assert [text[:18] for text in told] == ["2 runs before your", "1 run before yours"]


def test_the_list_of_demos_is_a_tool(tools: dict[str, BaseTool]) -> None:
    message = call(tools["list_demos"])
    assert {"gan-2d", "diffusion-2d"} <= {demo["name"] for demo in message.artifact}
    assert "gan-2d: A GAN learns a ring of eight clusters" in message.content


def test_a_stopped_demo_keeps_its_last_picture(
    tools: dict[str, BaseTool], played: Callable[..., Any]
) -> None:
    played(STARTED, frame(4), DemoStopped(4, (Path("frame-4.png"),)))
    message = call(tools["run_demo"], name="gan-2d")
    assert message.artifact == {"result": {"demo": "gan-2d", "images": ["frame-4.png"]}, "stopped": True}


@pytest.mark.parametrize(
    ("events", "says"), [((STARTED,), "without a result"), (("odd",), "something unknown")]
)
def test_a_demo_that_ends_oddly_is_an_error(
    events: tuple[Any, ...], says: str, tools: dict[str, BaseTool], played: Callable[..., Any]
) -> None:
    played(*events)
    with pytest.raises(DemoError, match=says):
        call(tools["run_demo"], name="gan-2d")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("run_demo", {"name": "../../bin/sh"}),
        ("run_demo", {"name": "gan-2d; rm"}),
        ("run_demo", {"name": "a" * 41}),
        ("run_demo", {"name": "gan-3d"}),
        ("run_demo", {"name": "gan-2d", "steps": 5}),
        ("run_demo", {"name": "gan-2d", "knobs": {"d_lr": 0.5}}),
        ("run_demo", {"name": "gan-2d", "knobs": {"d_lr": "nan"}}),
        ("run_demo", {"name": "gan-2d", "knobs": {"d_steps": 1.5}}),
        ("run_demo", {"name": "gan-2d", "knobs": {"loss": "hinge"}}),
        ("run_demo", {"name": "gan-2d", "knobs": {"nfe": 4}}),
        ("run_demo", {"name": "gan-2d", "seed": -1}),
        ("run_demo", {"name": "gan-2d", "seed": 2**31}),
        ("run_demo", {"name": "gan-2d", "knobs": {f"k{i}": 1.0 for i in range(21)}}),
        ("run_demo", {"name": "gan-2d", "knobs": {"k": [1]}}),
        ("make_quiz", {"topic": "gan", "n": 0}),
        ("make_quiz", {"topic": "gan", "n": 101}),
        ("make_quiz", {"topic": "x" * 201, "n": 1}),
        ("make_quiz", {"kinds": ["riddle"]}),
        ("make_quiz", {"kinds": ["short"] * 12}),
        ("grade_answer", {"item_id": "x" * 41, "answer": "y"}),
        ("grade_answer", {"item_id": "i", "answer": "y" * 4001}),
        ("grade_answer", {"item_id": "i"}),
        ("show_progress", {"topic": "x" * 201}),
        ("show_progress", {"chat": "another student's"}),
    ],
)
def test_arguments_out_of_bounds_run_nothing(
    tool: str, arguments: dict[str, Any], tools: dict[str, BaseTool], played: Callable[..., Any]
) -> None:
    calls = played(STARTED, RESULT)
    with pytest.raises(ValidationError):
        call(tools[tool], **arguments)
    assert calls == []


def test_a_value_at_its_bound_is_allowed(tools: dict[str, BaseTool], played: Callable[..., Any]) -> None:
    calls = played(STARTED, RESULT)
    call(
        tools["run_demo"],
        name="gan-2d",
        knobs={"d_lr": 0.02, "g_lr": "1e-5", "loss": "wgan-gp"},
        seed=2**31 - 1,
    )
    assert calls[0]["knobs"] == {"d_lr": 0.02, "g_lr": "1e-5", "loss": "wgan-gp"}


def test_the_tools_know_the_same_bounds_as_the_demos(tools: dict[str, BaseTool]) -> None:
    from demos.catalogue import DEMOS
    from demos.knobs import DemoArgumentError

    schema = tools["run_demo"].args_schema
    assert isinstance(schema, type) and issubclass(schema, BaseModel)
    for demo in DEMOS:
        for knob in demo.knobs:
            steps = (-1.0, 0.0, 1.0, 1.5, 1e9) if knob.kind != "choice" else ()
            values: list[Any] = [
                *steps,
                *(x for x in (knob.low, knob.high) if x is not None),
                knob.default,
                "odd",
            ]
            for value in values:
                asked = {"name": demo.name, "knobs": {knob.name: value}}
                try:
                    demo.knob_values({knob.name: value})
                except DemoArgumentError:
                    with pytest.raises(ValidationError):
                        schema.model_validate(asked)
                else:
                    schema.model_validate(asked)


def test_the_quiz_tool_returns_items_on_the_topic(tools: dict[str, BaseTool]) -> None:
    message = call(tools["make_quiz"], topic="the discriminator of a GAN", n=1, kinds=["short"])
    assert message.content == "1 question on the discriminator of a GAN"
    assert all("discriminator" in item["stem"] + item["key"] for item in message.artifact)


def test_no_topic_draws_from_the_whole_library(tools: dict[str, BaseTool]) -> None:
    stems = {item["stem"] for item in call(tools["make_quiz"], topic=" ", n=10).artifact}
    assert len(stems) >= 4
    assert any("diffusion" in stem for stem in stems)


def test_a_topic_without_questions_is_an_error_that_names_others(tools: dict[str, BaseTool]) -> None:
    with pytest.raises(QuizError, match="nothing on the French Revolution") as caught:
        call(tools["make_quiz"], topic="the French Revolution", n=3)
    assert caught.value.remedy


def test_the_study_tools_grade_and_report_by_the_record(small_retriever: Retriever, tmp_path: Path) -> None:
    with open_record(tmp_path / "record.db", now=lambda: datetime.now(UTC)) as record:
        studies = Studies(lambda: Bank(small_retriever), StudyRecord(record))
        known = make_tools(
            small_retriever, root=ROOT, out=lambda: tmp_path, budget_s=5.0, device="cpu", rng=random.Random(0),
            studies=studies,
        )  # fmt: skip
        [item] = studies.items("the generator", 1, rng=random.Random(0))
        studies.shown([item])
        graded = call(known["grade_answer"], item_id=item.id, answer="bananas")
        assert graded.artifact["verdict"] == "wrong" and graded.content == graded.artifact["feedback"]
        stands = call(known["show_progress"]).artifact
        assert stands["answers"] == 1 and [one["fact_id"] for one in stands["wrong"]] == [item.fact_id]
        assert call(known["show_progress"], topic="diffusion").artifact["answers"] == 0
        again = call(known["make_quiz"], n=3, missed=True).artifact
        assert [one["fact_id"] for one in again] == [item.fact_id]
        with pytest.raises(QuizError, match="no question 'nowhere'"):
            call(known["grade_answer"], item_id="nowhere", answer="x")


def test_without_a_record_no_answer_is_graded_and_nothing_is_known(tools: dict[str, BaseTool]) -> None:
    with pytest.raises(RecordError, match="keeps no record"):
        call(tools["grade_answer"], item_id="i", answer="x")
    assert call(tools["show_progress"]).artifact["answers"] == 0
    with pytest.raises(QuizError, match="Nothing is due"):
        call(tools["make_quiz"], due=True)
