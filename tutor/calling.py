"""Tool calls by a model that can make them, and what is said when an argument is out of bounds.

Which tool runs is decided by code, from the student's own words. A model's call only fills arguments of that
tool, and only with values that stand in the student's message: what it adds of its own is left out.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from tutor.errors import ModelError
from tutor.models.asking import reply_within
from tutor.prompts import choose_tool
from tutor.words import content_words, words

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.tools import BaseTool

LIMIT_S = 8.0
MAX_TOKENS = 128
_FILLED = {"run_demo": ("knobs", "seed", "preset"), "make_quiz": ("topic", "n")}
_LABELS = {"n": "number of questions"}
_NO_TOPIC = frozenset(words("all any anything everything note notes quiz questions topics"))
_COUNTS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
).split()
# Errors of a value that has the right type and is out of bounds: pydantic's name, and how it is said.
_BOUNDS = {
    "less_than_equal": "is too large: at most {le}",
    "less_than": "is too large: less than {lt}",
    "greater_than_equal": "is too small: at least {ge}",
    "greater_than": "is too small: more than {gt}",
    "string_too_long": "is too long: at most {max_length} characters",
    "string_too_short": "is too short: at least {min_length} characters",
    "too_long": "are too many: at most {max_length}",
    "literal_error": "is not allowed: one of {expected}",
    "value_error": "",
}
# What is wanted, by the first part of pydantic's name of the error.
_KINDS = {"int": "whole number", "float": "number", "string": "text", "dict": "list of knobs"}


@dataclass(frozen=True)
class ToolCallProposal:
    """What a model would call.

    Attributes:
        tool: a name among the session's tools.
        arguments: those that the student's message holds; not checked when there is a refusal.
        refusal: the argument that is out of bounds and its bound; empty when all are allowed.
    """

    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""


def proposed_call(
    chat: BaseChatModel,
    message: str,
    tools: Mapping[str, BaseTool],
    cancel: threading.Event | None = None,
    *,
    limit_s: float = LIMIT_S,
) -> ToolCallProposal | None:
    """Lets a model choose a tool for the student's message; nothing runs.

    Args:
        chat: a model that calls tools (`Capabilities.tools`).
        tools: the session's tools by name.
        cancel: ends the model's work.
        limit_s: seconds after which the model is no longer waited for.

    Returns:
        The call, or None when the model makes none, more than one, one of an unknown tool or one that its
        schema does not understand, or when it fails: then what the router decided stands.
    """
    try:
        reply = reply_within(
            chat,
            choose_tool(message),
            max_tokens=MAX_TOKENS,
            limit_s=limit_s,
            tools=list(tools.values()),
            cancel=cancel,
        )
    except ModelError:
        return None
    return _proposal(reply, message, tools)


def filled(
    tool: str, arguments: Mapping[str, Any], proposal: ToolCallProposal | None
) -> tuple[dict[str, Any], str]:
    """The arguments of the router's call, with what the model's proposal adds, and why it may not run.

    A proposal of another tool or another demo changes nothing. A topic is only narrowed to some of its own
    words, or given where the router found none.

    Args:
        tool, arguments: the router's call.

    Returns:
        The arguments, and a refusal that names an argument and its bound; empty when the call may be made.
    """
    own = dict(arguments)
    if proposal is None or proposal.tool != tool:
        return own, ""
    if "name" in own and proposal.arguments.get("name") != own["name"]:
        return own, ""
    if proposal.refusal:
        return own, proposal.refusal
    given = {key: proposal.arguments[key] for key in _FILLED.get(tool, ()) if key in proposal.arguments}
    if "topic" in given and not _narrows(str(given["topic"]), str(own.get("topic", ""))):
        del given["topic"]
    if "knobs" in given:
        given["knobs"] = {**own.get("knobs", {}), **given["knobs"]}
    return own | given, ""


def refusal(error: ValidationError) -> str:
    """What is wrong with a call's arguments, each with its bound, in one sentence for the student."""
    reasons = dict.fromkeys(_reason(each) for each in error.errors(include_url=False))
    return "; ".join(list(reasons)[:3])


def refused_call(tool: BaseTool, arguments: Mapping[str, Any]) -> str:
    """Why a tool may not be called with these arguments; empty when it may."""
    schema: Any = tool.args_schema
    try:
        schema.model_validate(dict(arguments))
    except ValidationError as error:
        return refusal(error)
    return ""


def _proposal(reply: AIMessage, message: str, tools: Mapping[str, BaseTool]) -> ToolCallProposal | None:
    if len(reply.tool_calls) != 1 or reply.invalid_tool_calls:
        return None
    call = reply.tool_calls[0]
    tool = tools.get(call["name"])
    schema = tool.args_schema if tool is not None else None
    if not isinstance(schema, type) or not issubclass(schema, BaseModel):
        return None
    arguments = _said(call["args"], message)
    try:
        checked = schema.model_validate(arguments)
    except ValidationError as error:
        if any(each["type"] not in _BOUNDS for each in error.errors(include_url=False)):
            return None
        return ToolCallProposal(call["name"], arguments, refusal(error))
    named = {name: getattr(checked, name) for name in schema.model_fields if name in checked.model_fields_set}
    return ToolCallProposal(call["name"], named)


def _said(arguments: Mapping[str, Any], message: str) -> dict[str, Any]:
    """The arguments whose values stand in the student's message; a demo's name is kept for comparison."""
    kept: dict[str, Any] = {}
    for name, value in arguments.items():
        if isinstance(value, Mapping):
            kept[name] = {key: inner for key, inner in value.items() if _stands_in(inner, message)}
        elif name == "name" or _stands_in(value, message):
            kept[name] = value
    return kept


def _stands_in(value: Any, message: str) -> bool:
    if isinstance(value, bool):
        return False
    number = _as_number(value)
    if number is not None:
        return number in _numbers_in(message)
    if not isinstance(value, str):
        return False
    wanted = set(content_words(value))
    return bool(wanted) and wanted <= set(content_words(message))


def _numbers_in(message: str) -> set[float]:
    """The numbers of a message, also those written as words up to twenty."""
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", message)
    found = {float(text) for text in re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|-?\.\d+", plain)}
    said = re.findall(r"[a-z]+", message.lower())
    return found | {float(_COUNTS.index(word)) for word in said if word in _COUNTS}


def _as_number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _narrows(topic: str, own: str) -> bool:
    """Whether a topic is made of some words of the router's, or names something where that has none."""
    wanted = set(content_words(topic))
    if own:
        return bool(wanted) and wanted <= set(content_words(own))
    return bool(wanted) and not wanted <= _NO_TOPIC


def _reason(error: Any) -> str:
    """One error of pydantic in plain words."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    loc: tuple[Any, ...] = error["loc"] or ("the call",)
    name = str(loc[1] if loc[0] == "knobs" and len(loc) > 1 else loc[0])
    label = _LABELS.get(name, name)
    if error["type"] in _BOUNDS:
        told = _BOUNDS[error["type"]].format(**error.get("ctx", {}))
        short = error["type"] in ("string_too_long", "too_long")
        return f"{label} {told}" if short else f"{label} {_shown(error['input'])} {told}"
    if error["type"] == "missing":
        return f"{label} is missing"
    if error["type"] == "extra_forbidden":
        return f"there is no argument {label[:40]}"
    kind = _KINDS.get(error["type"].split("_")[0], "value")
    if loc[0] == "knobs":  # a number or a word; what is neither is told once
        kind = "knob's value"
    return f"{label} {_shown(error['input'])} is no {kind}"


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
