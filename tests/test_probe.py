"""The probe of a chat model: each verdict, what is kept, and models that fail, hang or lie."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

import tutor.models.probe
from tutor.models.probe import ABILITIES, Capabilities, capabilities, known_capabilities, probe

GOOD: dict[str, Any] = {
    "In which year": "The Orrin bridge was opened in 1931.",
    "How high": "<think>the third</think>The Tamsel lighthouse is 48 metres high.",
    "Who drew the plans": "Ida Fenn drew the plans of the Orrin bridge.",
    "made of": "Not in the notes.",
    "Who was the keeper": "The keeper was Per Lund.",
    "When was the Tamsel lighthouse built": "That is not in the notes.",
    "about the Tamsel": '```json\n{"name": "Per Lund", "height": 48}\n```',
    "about the Orrin": '{"name": "Ida Fenn", "year": 1931}',
    "7 minutes": ("set_timer", {"minutes": 7}),
    "Good morning": "Good morning!",
    "estuary": ("look_up", {"word": "estuary"}),
    "Why do people": "To cook eggs.",
}


class Pupil(BaseChatModel):
    """Gives the reply whose key stands in the question: a text, a tool call, an error, or a wait for ever."""

    replies: dict[str, Any]
    files: Path | None = None
    _asked: list[str] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "pupil"

    def bind_tools(self, tools: Sequence[Any], **rest: Any) -> Any:
        return self.bind(tools=[tool.name for tool in tools], **rest)

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **rest: Any
    ) -> ChatResult:
        question = str(messages[-1].content)
        self._asked.append(question)
        assert rest["max_tokens"] == tutor.models.probe.MAX_TOKENS
        reply = next(reply for key, reply in self.replies.items() if key in question)
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, threading.Event):
            reply.wait()
            reply = ""
        message = AIMessage(reply if isinstance(reply, str) else "")
        if isinstance(reply, tuple):
            message.tool_calls = [{"name": reply[0], "args": reply[1], "id": "1", "type": "tool_call"}]
        return ChatResult(generations=[ChatGeneration(message=message)])


class NoTools(Pupil):
    bind_tools = BaseChatModel.bind_tools  # type: ignore[assignment]


def verdicts(found: Capabilities) -> dict[str, bool]:
    return {name: getattr(found, name) for name in ABILITIES}


@pytest.fixture
def hung() -> Iterator[threading.Event]:
    """What a model waits for that never answers; set when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_a_model_that_does_all_is_capable_of_all() -> None:
    found = probe(Pupil(replies=GOOD))
    assert verdicts(found) == dict.fromkeys(ABILITIES, True)
    assert found.failure == "" and len(found.details) == len(GOOD)


@pytest.mark.parametrize(
    ("ability", "question", "reply"),
    [
        ("grounded", "In which year", "It was opened in 1931."),
        ("grounded", "In which year", f"{GOOD['In which year']} {GOOD['Who drew the plans']}"),
        ("grounded", "How high", "The Orrin bridge is 48 metres high."),
        ("refuses", "made of", "It is made of steel."),
        ("refuses", "made of", "Not in the notes. The Orrin bridge carries trains and no cars."),
        ("refuses", "Who was the keeper", "Not in the notes."),
        ("json", "about the Tamsel", "Here it is: a lighthouse."),
        ("json", "about the Tamsel", '{"name": "Per Lund", "height": "48"}'),
        ("json", "about the Orrin", '{"name": "Ida Fenn", "year": 1931, "note": ""}'),
        ("json", "about the Orrin", "[" * 5000),
        ("tools", "7 minutes", "The timer is set."),
        ("tools", "7 minutes", ("set_timer", {"minutes": 70})),
        ("tools", "Good morning", ("set_timer", {"minutes": 1})),
        ("tools", "Why do people", ("look_up", {"word": "timer"})),
    ],
)  # fmt: skip
def test_one_wrong_reply_costs_its_ability_alone(ability: str, question: str, reply: Any) -> None:
    found = probe(Pupil(replies=GOOD | {question: reply}))
    assert verdicts(found) == dict.fromkeys(ABILITIES, True) | {ability: False}
    assert [finding.ability for finding in found.details if not finding.ok] == [ability]


def test_a_model_without_tool_calls_keeps_its_other_abilities() -> None:
    found = probe(NoTools(replies=GOOD))
    assert verdicts(found) == dict.fromkeys(ABILITIES, True) | {"tools": False}
    assert found.failure == ""


def test_a_model_that_fails_counts_as_not_capable_with_the_reason() -> None:
    pupil = Pupil(replies=GOOD | {"How high": ConnectionResetError("the line is dead")})
    found = probe(pupil)
    assert verdicts(found) == dict.fromkeys(ABILITIES, False)
    assert "the line is dead" in found.failure and "the line is dead" in found.in_words()
    assert len(pupil._asked) == 2


def test_a_model_that_hangs_counts_as_not_capable_when_time_is_up(hung: threading.Event) -> None:
    found = probe(Pupil(replies={"In which year": hung}), deadline_s=0.1)
    assert verdicts(found) == dict.fromkeys(ABILITIES, False)
    assert "no whole reply within" in found.failure and found.timed_out


def test_a_probe_that_ran_out_of_time_is_tried_again_next_time(hung: threading.Event, tmp_path: Path) -> None:
    pupil = Pupil(replies={"In which year": hung})
    assert capabilities("m", pupil, tmp_path, deadline_s=0.1).timed_out
    assert list(tmp_path.iterdir()) == []
    pupil.replies = GOOD
    assert capabilities("m", pupil, tmp_path).grounded


def test_a_probe_that_is_stopped_keeps_nothing(hung: threading.Event, tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    found = capabilities("m", Pupil(replies={"In which year": hung}), tmp_path, cancel=cancel)
    assert "stopped" in found.failure
    assert list(tmp_path.iterdir()) == []


# What is kept


def test_a_model_is_asked_once(tmp_path: Path) -> None:
    pupil = Pupil(replies=GOOD)
    assert known_capabilities("m", pupil, tmp_path) is None
    first = capabilities("m", pupil, tmp_path)
    assert capabilities("m", pupil, tmp_path) == first == known_capabilities("m", pupil, tmp_path)
    assert len(pupil._asked) == len(GOOD)
    assert [path.suffix for path in (tmp_path / "probes").iterdir()] == [".json"]


def changed_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    return "other"


def changed_weights(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (folder / "model.safetensors").write_bytes(b"new weights")
    return "m"


def changed_program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(tutor.models.probe, "__version__", "99")
    return "m"


def changed_questions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(tutor.models.probe, "EDITION", 99)
    return "m"


@pytest.mark.parametrize("change", [changed_name, changed_weights, changed_program, changed_questions])
def test_another_model_weights_or_version_is_asked_anew(
    change: Callable[[Path, pytest.MonkeyPatch], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"old weights")
    pupil = Pupil(replies=GOOD, files=folder)
    capabilities("m", pupil, tmp_path)
    capabilities(change(folder, monkeypatch), pupil, tmp_path)
    assert len(pupil._asked) == 2 * len(GOOD)


@pytest.mark.parametrize("damage", ["", "[]", "null", '{"grounded": true}', "\udcff", "half"])
def test_a_result_that_cannot_be_read_is_asked_anew(damage: str, tmp_path: Path) -> None:
    pupil = Pupil(replies=GOOD)
    first = capabilities("m", pupil, tmp_path)
    (file,) = (tmp_path / "probes").iterdir()
    whole = file.read_bytes()
    file.write_bytes(
        whole[: len(whole) // 2] if damage == "half" else damage.encode(errors="surrogateescape")
    )
    assert verdicts(capabilities("m", pupil, tmp_path)) == verdicts(first)
    assert json.loads(file.read_text())["grounded"] is True
    assert len(pupil._asked) == 2 * len(GOOD)


def test_a_failure_is_asked_anew_after_a_day_and_a_verdict_is_not(tmp_path: Path) -> None:
    pupil = Pupil(replies=GOOD | {"In which year": OSError("down")})
    assert capabilities("m", pupil, tmp_path, now=lambda: 0.0).failure
    assert capabilities("m", pupil, tmp_path, now=lambda: 3600.0).failure
    pupil.replies = GOOD
    assert capabilities("m", pupil, tmp_path, now=lambda: 90_000.0).grounded
    assert known_capabilities("m", pupil, tmp_path, now=lambda: 9e9) is not None


def test_a_cache_folder_that_cannot_be_written_costs_only_the_time(tmp_path: Path) -> None:
    (tmp_path / "probes").write_text("a file in the way")
    assert capabilities("m", Pupil(replies=GOOD), tmp_path).grounded


@pytest.mark.slow
def test_the_embedded_model_is_probed_and_its_result_kept(tmp_path: Path) -> None:
    from tutor.models import get_embedded, open_model
    from tutor.settings import read_settings

    settings = read_settings({"cache_dir": tmp_path}, environ={})
    get_embedded(tmp_path, lambda what, done: None)
    chat = open_model("embedded", settings).chat
    assert chat is not None
    found = capabilities("embedded", chat, tmp_path, deadline_s=300.0)
    assert found.failure == "" and not found.tools
    assert {finding.ability for finding in found.details} == set(ABILITIES)
    assert known_capabilities("embedded", chat, tmp_path) == found
