"""A model's tool calls: checked by the tools' own schemas, kept to the student's words, refused with the bound."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool
from pydantic import Field, ValidationError

from tutor.calling import ToolCallProposal, filled, proposed_call, refusal
from tutor.retrieval import Retriever
from tutor.tools import make_tools

ROOT = Path(__file__).resolve().parent.parent


class Caller(BaseChatModel):
    """Answers every message with these calls; fails with `error` where there is one."""

    calls: list[tuple[str, Any]]
    error: str = ""
    bound: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "caller"

    def bind_tools(self, tools: Sequence[Any], **rest: Any) -> Any:
        self.bound = [tool.name for tool in tools]
        return self.bind(tools=self.bound, **rest)

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **rest: Any
    ) -> ChatResult:
        if self.error:
            raise ConnectionResetError(self.error)
        good = [c for c in self.calls if isinstance(c[1], dict)]
        bad = [c for c in self.calls if not isinstance(c[1], dict)]
        message = AIMessage(
            "",
            tool_calls=[
                {"name": name, "args": args, "id": str(i), "type": "tool_call"}
                for i, (name, args) in enumerate(good)
            ],
            invalid_tool_calls=[
                {"name": name, "args": args, "id": "x", "error": None, "type": "invalid_tool_call"}
                for name, args in bad
            ],
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


@pytest.fixture
def tools(small_retriever: Retriever, tmp_path: Path) -> dict[str, BaseTool]:
    return make_tools(
        small_retriever, root=ROOT, out=lambda: tmp_path, budget_s=5.0, device="cpu", rng=random.Random(0)
    )


@pytest.fixture
def propose(tools: dict[str, BaseTool]) -> Callable[..., ToolCallProposal | None]:
    """propose(message, (tool, arguments), ...) -> what comes of a model that makes these calls."""
    return lambda message, *calls: proposed_call(Caller(calls=list(calls)), message, tools)


def test_the_model_chooses_among_the_sessions_tools(tools: dict[str, BaseTool]) -> None:
    chat = Caller(calls=[("make_quiz", {"topic": "GANs", "n": 5})])
    found = proposed_call(chat, "Ask me 5 questions on GANs", tools)
    assert found == ToolCallProposal("make_quiz", {"topic": "GANs", "n": 5})
    assert chat.bound == ["list_demos", "run_demo", "make_quiz", "grade_answer", "show_progress"]


@pytest.mark.parametrize(
    ("message", "arguments", "kept"),
    [
        ("Quiz me on GANs", {"topic": "GANs", "n": 10}, {"topic": "GANs"}),
        ("Quiz me on GANs", {"topic": "generative adversarial networks", "n": 3}, {}),
        ("Five questions on the discriminator", {"topic": "discriminator", "n": 5},
         {"topic": "discriminator", "n": 5}),
        ("Quiz me on it", {"topic": "it"}, {}),
        ("Quiz me, 4 please", {"n": 4}, {"n": 4}),
    ],
)  # fmt: skip
def test_what_the_student_did_not_say_is_left_out(
    message: str, arguments: Any, kept: Any, propose: Callable[..., ToolCallProposal | None]
) -> None:
    found = propose(message, ("make_quiz", arguments))
    assert found is not None and (found.arguments, found.refusal) == (kept, "")


@pytest.mark.parametrize(
    ("message", "knobs", "kept"),
    [
        ("Train the GAN with d_lr 0.005", {"d_lr": 0.005, "g_lr": 0.001}, {"d_lr": 0.005}),
        ("Run the GAN demo with the lsgan loss", {"loss": "lsgan"}, {"loss": "lsgan"}),
        ("Train it for 1,000 steps at 1e-3", {"steps": "1000", "g_lr": 0.001}, {"steps": "1000", "g_lr": 0.001}),
        ("Train the GAN", {"steps": 4000, "loss": "ns"}, {}),
    ],
)  # fmt: skip
def test_knobs_are_those_the_student_names(
    message: str, knobs: Any, kept: Any, propose: Callable[..., ToolCallProposal | None]
) -> None:
    found = propose(message, ("run_demo", {"name": "gan-2d", "knobs": knobs}))
    assert found is not None and (found.arguments["knobs"], found.refusal) == (kept, "")


@pytest.mark.parametrize(
    ("message", "tool", "arguments", "says"),
    [
        ("quiz me with 500 questions", "make_quiz", {"n": 500},
         "number of questions 500 is too large: at most 100"),
        ("quiz me with 0 questions", "make_quiz", {"n": 0}, "number of questions 0 is too small: at least 1"),
        ("seed 5000000000", "run_demo", {"name": "gan-2d", "seed": 5000000000},
         "seed 5000000000 is too large: at most 2147483647"),
        ("seed -1", "run_demo", {"name": "gan-2d", "seed": -1}, "seed -1 is too small: at least 0"),
        ("d_lr 0.5 please", "run_demo", {"name": "gan-2d", "knobs": {"d_lr": 0.5}},
         "d_lr 0.5 is too large: at most 0.02"),
        ("g_lr 0", "run_demo", {"name": "gan-2d", "knobs": {"g_lr": 0}}, "g_lr 0 is too small: at least 1e-05"),
        ("2.5 d_steps", "run_demo", {"name": "gan-2d", "knobs": {"d_steps": 2.5}},
         "d_steps 2.5 is no whole number: from 1 to 5"),
        ("loss hinge", "run_demo", {"name": "gan-2d", "knobs": {"loss": "hinge"}},
         "loss hinge is not allowed: one of ns, lsgan, wgan-gp, rp"),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused_with_its_bound(
    message: str, tool: str, arguments: Any, says: str, propose: Callable[..., ToolCallProposal | None]
) -> None:
    found = propose(message, (tool, arguments))
    assert found is not None and found.refusal == says


def test_an_unknown_knob_names_the_known_ones(propose: Callable[..., ToolCallProposal | None]) -> None:
    found = propose("temperature 2", ("run_demo", {"name": "gan-2d", "knobs": {"temperature": 2}}))
    assert found is not None
    assert found.refusal.startswith(
        "the demo gan-2d has no knob 'temperature': its knobs are data, loss, g_lr"
    )


@pytest.mark.parametrize(
    "calls",
    [
        [],
        [("rm", {"path": "/"})],
        [("make_quiz", '"half a call')],
        [("make_quiz", {"topic": "GANs"}), ("make_quiz", {"topic": "VAEs"})],
        [("make_quiz", {"topic": "GANs", "topics": "GANs"})],
        [("make_quiz", {"n": "2.5"})],
        [("run_demo", {"knobs": {}})],
    ],
)
def test_what_is_no_call_is_left_to_the_router(
    calls: list[Any], propose: Callable[..., ToolCallProposal | None]
) -> None:
    assert propose("Quiz me on GANs 2.5", *calls) is None


def test_a_model_that_fails_or_is_stopped_leaves_it_to_the_router(tools: dict[str, BaseTool]) -> None:
    assert proposed_call(Caller(calls=[], error="dead"), "Quiz me", tools) is None
    stopped = threading.Event()
    stopped.set()
    assert proposed_call(Caller(calls=[]), "Quiz me", tools, stopped) is None


# The router decides, the model fills


def test_a_proposal_fills_the_routers_call() -> None:
    router = {"topic": "GANs because my exam is near", "n": 3}
    assert filled("make_quiz", router, ToolCallProposal("make_quiz", {"topic": "GANs", "n": 7})) == (
        {"topic": "GANs", "n": 7}, "",
    )  # fmt: skip
    demo = {"name": "gan-2d", "knobs": {"d_lr": 0.005, "g_lr": 0.0005}, "seed": 0}
    asked = ToolCallProposal("run_demo", {"name": "gan-2d", "knobs": {"d_lr": 0.01}})
    assert filled("run_demo", demo, asked)[0]["knobs"] == {"d_lr": 0.01, "g_lr": 0.0005}


@pytest.mark.parametrize(
    "proposal",
    [
        None,
        ToolCallProposal("make_quiz", {"n": 7}),
        ToolCallProposal("run_demo", {"name": "diffusion-2d", "knobs": {"nfe": 4}}),
        ToolCallProposal("run_demo", {"name": "diffusion-2d"}, "nfe 999 is too large"),
        ToolCallProposal("run_demo", {"name": "gan-2d"}),
    ],
)
def test_what_the_router_did_not_ask_for_changes_nothing(proposal: ToolCallProposal | None) -> None:
    demo = {"name": "gan-2d", "knobs": {}, "seed": 0}
    assert filled("run_demo", demo, proposal) == (demo, "")


@pytest.mark.parametrize("topic", ["mode collapse", "everything"])
def test_a_topic_is_narrowed_and_never_exchanged(topic: str) -> None:
    assert filled("make_quiz", {"topic": "diffusion", "n": 3}, ToolCallProposal("make_quiz", {"topic": topic}))[0] == {
        "topic": "diffusion", "n": 3,
    }  # fmt: skip


def test_a_topic_is_given_where_the_router_has_none_but_never_all() -> None:
    found = [
        filled("make_quiz", {"topic": ""}, ToolCallProposal("make_quiz", {"topic": topic}))[0]["topic"]
        for topic in ("mode collapse", "everything", "my notes")
    ]
    assert found == ["mode collapse", "", ""]


def test_a_refusal_stops_the_routers_call() -> None:
    proposal = ToolCallProposal("make_quiz", {"n": 500}, "number of questions 500 is too large: at most 100")
    assert filled("make_quiz", {"topic": "", "n": 3}, proposal)[1] == proposal.refusal


def test_a_call_of_the_router_is_refused_in_the_same_words(tools: dict[str, BaseTool]) -> None:
    with pytest.raises(ValidationError) as caught:
        tools["run_demo"].invoke({"name": "gan-3d", "knobs": {"x": 1}, "seed": 1})
    assert refusal(caught.value).startswith("there is no demo 'gan-3d': the demos are gan-2d, diffusion-2d")
    with pytest.raises(ValidationError) as caught:
        tools["make_quiz"].invoke({"topic": "x" * 201, "n": 101})
    assert refusal(caught.value) == (
        "topic is too long: at most 200 characters; number of questions 101 is too large: at most 100"
    )


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("make_quiz", {"n": "many"}, "number of questions many is no whole number"),
        ("make_quiz", {"topic": None}, "topic None is no text"),
        ("make_quiz", {"topics": "GANs"}, "there is no argument topics"),
        ("make_quiz", {"due": "perhaps"}, "due perhaps is no value"),
        ("grade_answer", {"item_id": "x" * 41, "answer": "y"}, "item_id is too long: at most 40 characters"),
        ("grade_answer", {"item_id": "i", "answer": "y" * 4001}, "answer is too long: at most 4000 characters"),
        ("show_progress", {"topic": "x" * 201}, "topic is too long: at most 200 characters"),
        ("run_demo", {}, "name is missing"),
        ("run_demo", {"name": "gan-2d", "seed": 1.5}, "seed 1.5 is no whole number"),
        ("run_demo", {"name": "gan-2d", "knobs": {"batch": [1]}}, "batch [1] is no knob's value"),
        ("run_demo", {"name": "gan-2d", "knobs": {f"k{i}": 1 for i in range(21)}}, "knobs are too many: at most 20"),
    ],
)  # fmt: skip
def test_what_has_the_wrong_form_is_told_in_plain_words(
    tool: str, arguments: Any, says: str, tools: dict[str, BaseTool]
) -> None:
    with pytest.raises(ValidationError) as caught:
        tools[tool].invoke(arguments)
    assert refusal(caught.value) == says


def test_an_unknown_kind_of_question_is_refused_with_the_kinds(tools: dict[str, BaseTool]) -> None:
    with pytest.raises(ValidationError) as caught:
        tools["make_quiz"].invoke({"kinds": ["riddle"]})
    told = refusal(caught.value)
    assert told.startswith("kinds riddle is not allowed: one of 'short', 'choice'") and "'true-false'" in told
