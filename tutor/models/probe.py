"""What a chat model can do, found out by a few questions about made-up notes, and kept for each model.

A model is trusted as far as it was measured: the probe asks whether it copies the right sentence, says when
the notes do not hold the answer, writes JSON of a given form, and calls a tool when asked to and only then.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor import __version__
from tutor.errors import ModelError
from tutor.models.asking import ModelTimeoutError, reply_within
from tutor.models.pieces import spoken

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage
    from langchain_core.tools import BaseTool

DEADLINE_S = 60.0
MAX_TOKENS = 64
FAILURE_LASTS_S = 24 * 3600.0
"""A model that failed is asked anew after a day: the server may have been down."""

EDITION = 1
"""Counted up whenever questions or verdicts change, so that older results are not used."""

ABILITIES = ("grounded", "refuses", "json", "tools")
_END_BYTES = 1 << 20
_NOT_THERE = "not in the notes"
_NOTES = (
    "The Orrin bridge was opened in 1931.",
    "Ida Fenn drew the plans of the Orrin bridge.",
    "The Orrin bridge carries trains and no cars.",
    "The Tamsel lighthouse is 48 metres high.",
    "The keeper of the Tamsel lighthouse was Per Lund.",
)


@dataclass(frozen=True)
class Finding:
    """One question of the probe: whether the reply was right, and what was said, or why there was no reply."""

    ability: str
    question: str
    ok: bool
    said: str


@dataclass(frozen=True)
class Capabilities:
    """What a model showed it can do.

    Attributes:
        grounded: it copied the right sentence of the notes each time.
        refuses: it said that the notes do not hold the answer when they did not, and only then.
        json: it wrote JSON of the given form with the right values.
        tools: it called a tool with the right arguments when asked to, and none when not asked.
        seconds: what the probe took.
        failure: why a question got no reply at all (time, an error); empty when all got one.
        timed_out: it was time that ran out, which says nothing about the model: the machine may have been busy.
        details: the questions; after the first wrong reply the rest of an ability is not asked.
    """

    grounded: bool = False
    refuses: bool = False
    json: bool = False
    tools: bool = False
    seconds: float = 0.0
    failure: str = ""
    details: tuple[Finding, ...] = ()
    timed_out: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(value: dict[str, Any]) -> Capabilities:
        """Raises TypeError, KeyError or ValueError when the value is no such result."""
        flags = {name: value[name] for name in ABILITIES}
        if not all(isinstance(flag, bool) for flag in flags.values()):
            raise ValueError("a verdict is no truth value")
        details = tuple(Finding(**finding) for finding in value["details"])
        return Capabilities(
            **flags, seconds=float(value["seconds"]), failure=str(value["failure"]), details=details
        )

    def in_words(self) -> str:
        """The verdicts on one line."""
        names = ("copies the notes", "says what is not there", "writes JSON", "calls tools")
        found = (self.grounded, self.refuses, self.json, self.tools)
        line = ", ".join(f"{name}: {'yes' if ok else 'no'}" for name, ok in zip(names, found, strict=True))
        return f"{line} ({self.failure})" if self.failure else line


@dataclass(frozen=True)
class _Case:
    """One question: what is asked, and whether a reply to it is right."""

    ability: str
    question: str
    prompt: str
    is_right: Callable[[AIMessage], bool]
    with_tools: bool = False


def probe(
    chat: BaseChatModel,
    *,
    deadline_s: float = DEADLINE_S,
    max_tokens: int = MAX_TOKENS,
    cancel: threading.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Capabilities:
    """Asks the probe's questions; a model that fails, or is not done in time, counts as not capable.

    Args:
        deadline_s: seconds for all questions together, loading the weights included.
        max_tokens: bound of each reply, in the model's tokens.
        cancel: ends the probe; what was not asked counts as not capable.
    """
    begun_s = clock()
    findings: list[Finding] = []
    failure, timed_out = "", False
    for case in _cases():
        if failure or any(f.ability == case.ability and not f.ok for f in findings):
            continue
        left_s = deadline_s - (clock() - begun_s)
        try:
            ok, said = _asked(chat, case, max_tokens, left_s, cancel, clock)
        except ModelError as error:
            ok, said = False, error.what
            # Only a missing bind_tools says nothing about the other abilities.
            failure = "" if case.with_tools and not _has_tools(chat) else error.what
            timed_out = isinstance(error, ModelTimeoutError)
        findings.append(Finding(case.ability, case.question, ok, said))
    right = {name: _all_right(name, findings) for name in ABILITIES}
    return Capabilities(
        **right,
        seconds=round(clock() - begun_s, 1),
        failure=failure,
        details=tuple(findings),
        timed_out=timed_out,
    )


def capabilities(
    name: str,
    chat: BaseChatModel,
    cache_dir: Path,
    *,
    deadline_s: float = DEADLINE_S,
    cancel: threading.Event | None = None,
    now: Callable[[], float] = time.time,
) -> Capabilities:
    """What a model can do: the kept result where there is one, else the probe, whose result is then kept.

    A probe that ran out of time is not kept: it is tried again next time.

    Args:
        name: the model's name, as in `ChosenModel`.
        cache_dir: the user's cache folder; the result goes to `cache_dir/probes/`. A folder that cannot be
            written to only costs the next start its time.
        now: seconds since 1970.
    """
    found = known_capabilities(name, chat, cache_dir, now=now)
    if found is not None:
        return found
    found = probe(chat, deadline_s=deadline_s, cancel=cancel)
    if not found.timed_out and (cancel is None or not cancel.is_set()):
        with contextlib.suppress(OSError):
            _keep(_cache_file(name, chat, cache_dir), {"at": now(), "name": name, **found.to_dict()})
    return found


def known_capabilities(
    name: str, chat: BaseChatModel, cache_dir: Path, *, now: Callable[[], float] = time.time
) -> Capabilities | None:
    """The kept result of this very model, asked by this version of the program; None where there is none."""
    try:
        kept = json.loads(_cache_file(name, chat, cache_dir).read_text(encoding="utf-8"))
        found = Capabilities.from_dict(kept)
        age_s = now() - float(kept["at"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return None if found.failure and not 0 <= age_s < FAILURE_LASTS_S else found


# -- what is kept, and under which name


def _cache_file(name: str, chat: BaseChatModel, cache_dir: Path) -> Path:
    """Raises OSError when the model's files cannot be read."""
    made_of = _fingerprint(getattr(chat, "files", None)) + _fingerprint(getattr(chat, "corrections", None))
    identity = f"{name}\n{made_of}\n{__version__}\n{EDITION}"
    return cache_dir / "probes" / f"{hashlib.sha256(identity.encode()).hexdigest()[:24]}.json"


def _fingerprint(files: Path | None) -> str:
    """A hash over files: names, sizes, first and last MiB of each; empty where there are none, as for a server."""
    if files is None:
        return ""
    digest = hashlib.sha256()
    for path in [files] if files.is_file() else sorted(path for path in files.iterdir() if path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(_END_BYTES))
            file.seek(max(size - _END_BYTES, 0))
            digest.update(file.read(_END_BYTES))
    return digest.hexdigest()


def _keep(path: Path, value: dict[str, Any]) -> None:
    """Writes the file whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        draft.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


# -- the questions


def _cases() -> Iterator[_Case]:
    for number, question in (
        (0, "In which year was the Orrin bridge opened?"),
        (3, "How high is the Tamsel lighthouse?"),
        (1, "Who drew the plans of the Orrin bridge?"),
    ):
        prompt = f"{_notes()}\n\nCopy the one sentence from the notes that answers the question.\nQuestion: {question}"
        yield _Case("grounded", question, prompt, _copies(number))
    for question, right in (
        ("What is the Orrin bridge made of?", _declines),
        ("Who was the keeper of the Tamsel lighthouse?", lambda reply: "per lund" in _text(reply).lower()),
        ("When was the Tamsel lighthouse built?", _declines),
    ):
        prompt = (
            f"{_notes()}\n\nUse only the notes above. If they do not hold the answer, say only: {_NOT_THERE}."
            f"\nQuestion: {question}"
        )
        yield _Case("refuses", question, prompt, right)
    objects: tuple[tuple[dict[str, Any], str], ...] = (
        ({"name": "Per Lund", "height": 48}, "the Tamsel lighthouse (name: its keeper)"),
        ({"name": "Ida Fenn", "year": 1931}, "the Orrin bridge (name: who drew its plans)"),
    )
    for wanted, what in objects:
        kinds = {key: "a number" if isinstance(value, int) else "a text" for key, value in wanted.items()}
        form = ", ".join(f'"{key}": {kind}' for key, kind in kinds.items())
        prompt = f"{_notes()}\n\nWrite one JSON object {{{form}}} about {what}, and nothing else."
        yield _Case("json", what, prompt, _is_json(wanted))
    for question, call in (
        ("Set a timer of 7 minutes.", ("set_timer", {"minutes": 7})),
        ("Good morning! How are you?", None),
        ("Look up the word “estuary” in the dictionary.", ("look_up", {"word": "estuary"})),
        ("Why do people use timers in a kitchen?", None),
    ):
        yield _Case("tools", question, question, _calls(call), with_tools=True)


def _asked(
    chat: BaseChatModel,
    case: _Case,
    max_tokens: int,
    left_s: float,
    cancel: threading.Event | None,
    clock: Callable[[], float],
) -> tuple[bool, str]:
    """Whether the reply to a question is right, and the reply. Raises ModelError when there is none."""
    from langchain_core.messages import HumanMessage

    tools = _tools() if case.with_tools else []
    reply = reply_within(
        chat,
        [HumanMessage(case.prompt)],
        max_tokens=max_tokens,
        limit_s=left_s,
        tools=tools,
        cancel=cancel,
        clock=clock,
    )
    calls = [f"{call['name']}({call['args']})" for call in reply.tool_calls]
    return case.is_right(reply), " ".join([_text(reply), *calls]).strip()


def _tools() -> list[BaseTool]:
    """Two tools that nobody runs."""
    from langchain_core.tools import tool

    @tool
    def set_timer(minutes: int) -> str:
        """Sets a timer that rings after some minutes."""
        return ""

    @tool
    def look_up(word: str) -> str:
        """Looks up one word in the dictionary."""
        return ""

    return [set_timer, look_up]


def _has_tools(chat: BaseChatModel) -> bool:
    from langchain_core.language_models.chat_models import BaseChatModel

    return type(chat).bind_tools is not BaseChatModel.bind_tools


def _all_right(ability: str, findings: list[Finding]) -> bool:
    asked = [finding.ok for finding in findings if finding.ability == ability]
    return len(asked) == sum(case.ability == ability for case in _cases()) and all(asked)


def _notes() -> str:
    return "Notes:\n" + "\n".join(f"- {sentence}" for sentence in _NOTES)


def _text(reply: AIMessage) -> str:
    return "".join(spoken([str(reply.text)])).strip()


def _copies(number: int) -> Callable[[AIMessage], bool]:
    """Whether a reply holds that sentence of the notes and no other."""
    wanted = [at == number for at in range(len(_NOTES))]
    return lambda reply: [sentence.rstrip(".") in _text(reply) for sentence in _NOTES] == wanted


def _declines(reply: AIMessage) -> bool:
    return _NOT_THERE in _text(reply).lower() and not any(sentence in _text(reply) for sentence in _NOTES)


def _is_json(wanted: dict[str, Any]) -> Callable[[AIMessage], bool]:
    """Whether a reply is that JSON object, with or without a code fence."""

    def is_right(reply: AIMessage) -> bool:
        bare = re.sub(r"^```(?:json)?\s*|\s*```$", "", _text(reply))
        try:
            found = json.loads(bare)
        except (ValueError, RecursionError):
            return False
        return bool(found == wanted)

    return is_right


def _calls(wanted: tuple[str, dict[str, Any]] | None) -> Callable[[AIMessage], bool]:
    """Whether a reply makes that one call, or none."""
    expected = [wanted] if wanted else []
    return lambda reply: (
        [(call["name"], call["args"]) for call in reply.tool_calls] == expected
        and not reply.invalid_tool_calls
    )
