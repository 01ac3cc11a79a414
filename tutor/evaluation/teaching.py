"""`tutor eval teaching`: routing, simple explanations, verdicts on statements, ten-turn talks and their summaries."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tutor.calling import refusal
from tutor.evaluation.measures import citation_holds, is_fully_supported
from tutor.evaluation.questions import SETS_FOLDER
from tutor.evaluation.report import Measure
from tutor.evaluation.routing import TOOLS, Message, is_right, load_messages
from tutor.recap import FEWEST, recap, short_name
from tutor.turns import Answer, event_to_json
from tutor.words import content_words, normalised

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

HIGHEST_GRADE = 6.0
# A fact is kept when the answer holds this share of its meaning-bearing words.
_KEPT = 0.75
_NAMED = re.compile(r"“([^”]+)”")
# A tool, arguments beyond its bounds, and what the refusal must name.
_OUT_OF_BOUNDS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("make_quiz", {"topic": "GAN", "n": 0}, "1"),
    ("make_quiz", {"topic": "GAN", "n": -3}, "1"),
    ("make_quiz", {"topic": "GAN", "n": 250000}, "100"),
    ("make_quiz", {"topic": "x" * 500, "n": 3}, "200"),
    ("run_demo", {"name": "gan-2d", "seed": -1}, "0"),
    ("run_demo", {"name": "gan-2d", "seed": 5_000_000_000}, "2147483647"),
    ("run_demo", {"name": "../etc", "seed": 0}, "gan-2d"),
    ("run_demo", {"name": "no-such-demo", "seed": 0}, "gan-2d"),
    ("run_demo", {"name": "gan-2d", "knobs": {"d_lr": 50.0}, "seed": 0}, "at most"),
    ("run_demo", {"name": "gan-2d", "knobs": {"d_lr": -1.0}, "seed": 0}, "at least"),
    ("run_demo", {"name": "gan-2d", "knobs": {"no_such_knob": 1.0}, "seed": 0}, "d_lr"),
)
History = tuple[Mapping[str, str], ...]
Each = Callable[[str, Sequence[Any]], Iterator[Any]]
T = TypeVar("T")


@dataclass(frozen=True)
class Taught:
    """What is measured.

    Attributes:
        route: a message -> the route that it is given.
        ask: a message with its history -> the whole answer.
        judge: a student's statement -> "true", "false", "mixed" or "absent".
        bounds: out-of-bounds arguments -> whether the tool refused them naming the bound.
        notes: the notes folders that citations are checked against.
    """

    route: Callable[[Message], str]
    ask: Callable[[str, History], Answer]
    judge: Callable[[str], str]
    bounds: Callable[[], list[tuple[str, bool]]]
    notes: Sequence[Path]


@dataclass(frozen=True)
class _Said:
    """A message of a conversation, as the student's record would keep it."""

    role: str
    content: str
    payload: dict[str, Any] | None = None


def teaching(taught: Taught, each: Each) -> list[Measure]:
    """All measures of the suite.

    Args:
        each: gives the items of a stage one by one, with progress.
    """
    answers: list[tuple[str, Answer]] = []
    found = [
        *_routing(taught, each),
        *_simple(taught, each, answers),
        *_verdicts(taught, each),
        *_talks(taught, each, answers),
    ]
    return [*found, *_proofs(taught, answers)]


def read_set(name: str) -> list[dict[str, Any]]:
    """The lines of a bundled set."""
    text = (SETS_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _routing(taught: Taught, each: Each) -> list[Measure]:
    messages = load_messages("routing-held-out")
    routes = [(message, taught.route(message)) for message in each("Routing", messages)]
    plain = [(m, r) for m, r in routes if m.tool is None]
    return [
        Measure.share("routed right, held-out", [(m.id, is_right(m, r)) for m, r in routes]),
        Measure.share("right tool or none", [(m.id, TOOLS.get(r) == m.tool) for m, r in routes]),
        Measure.share("no tool where none is asked for", [(m.id, r not in TOOLS) for m, r in plain]),
        Measure.share("arguments out of bounds refused with the bound", taught.bounds()),
    ]


def _simple(taught: Taught, each: Each, answers: list[tuple[str, Answer]]) -> list[Measure]:
    topics = read_set("eli5")
    told = [(topic, taught.ask(topic["message"], ())) for topic in each("Like I'm 5", topics)]
    answers += [(topic["id"], answer) for topic, answer in told]
    given = [(topic, answer) for topic, answer in told if not answer.refused]
    kept = [
        (f"{topic['id']}, fact {place}", holds(answer.answer, fact))
        for topic, answer in given
        for place, fact in enumerate(topic["facts"], 1)
    ]
    return [
        Measure.share("like I'm 5: answered", [(topic["id"], not answer.refused) for topic, answer in told]),
        Measure.share(
            f"like I'm 5: reading grade {HIGHEST_GRADE:.0f} or below",
            [(topic["id"], answer.fkgl <= HIGHEST_GRADE) for topic, answer in given],
        ),
        Measure.share(
            "like I'm 5: the tutor's own key facts kept",
            [(topic["id"], a.meters is not None and a.meters.facts_kept >= 1.0) for topic, a in given],
        ),
        Measure.share("like I'm 5: key facts chosen by others", kept),
    ]


def _verdicts(taught: Taught, each: Each) -> list[Measure]:
    statements = read_set("statements-held-out")
    judged = [(one, taught.judge(one["statement"])) for one in each("Judging statements", statements)]
    found = [
        Measure.share("verdict right, held-out", [(one["id"], v == one["verdict"]) for one, v in judged])
    ]
    for kind in ("true", "false", "mixed", "absent"):
        part = [(one["id"], v == kind) for one, v in judged if one["verdict"] == kind]
        found.append(Measure.share(f"verdict right: {kind} statements", part))
    safe = [(one["id"], v != "true") for one, v in judged if one["verdict"] in ("false", "mixed")]
    return [*found, Measure.share("false or mixed statements not confirmed", safe)]


def _talks(taught: Taught, each: Each, answers: list[tuple[str, Answer]]) -> list[Measure]:
    """Ten-turn talks: each question in its history, the same asked alone, and the summary at the end."""
    with_history: list[tuple[str, bool]] = []
    alone: list[tuple[str, bool]] = []
    covered: list[tuple[str, bool]] = []
    for talk in each("Talking", read_set("conversations")):
        said: list[_Said] = []
        for place, turn in enumerate(talk["turns"], 1):
            key = f"{talk['id']}, turn {place}"
            history = tuple({"role": one.role, "content": one.content} for one in said)
            answer = taught.ask(turn["message"], history)
            answers.append((key, answer))
            if turn["follow_up"]:
                with_history.append((key, _finds(answer, turn)))
                alone.append((key, _finds(taught.ask(turn["standalone"], ()), turn)))
            payload = {"events": [event_to_json(answer)]}
            said += [_Said("user", turn["message"]), _Said("assistant", answer.answer, payload)]
        covered += _covered(talk["id"], said)
    return [
        Measure.share("follow-ups in ten-turn talks: a right note cited", with_history),
        Measure.share("the same asked alone: a right note cited", alone),
        Measure.share("summary: turns covered", covered),
    ]


def follow_ups(taught: Taught, each: Each) -> list[Measure]:
    """The development talks: each follow-up in its history, and the same asked alone."""
    with_history: list[tuple[str, bool]] = []
    alone: list[tuple[str, bool]] = []
    for talk in each("Talking", read_set("conversations-dev")):
        history: History = ()
        for place, turn in enumerate(talk["turns"], 1):
            key, told = f"{talk['id']}, turn {place}", turn.get("reply")
            if told is None:
                answer = taught.ask(turn["message"], history)
                told = answer.answer
                if turn["follow_up"]:
                    with_history.append((key, _finds(answer, turn)))
                    alone.append((key, _finds(taught.ask(turn["standalone"], ()), turn)))
            history += ({"role": "user", "content": turn["message"]}, {"role": "assistant", "content": told})
    return [
        Measure.share("development talks, follow-ups: a right note cited", with_history),
        Measure.share("the same asked alone: a right note cited", alone),
    ]


def _finds(answer: Answer, turn: Mapping[str, Any]) -> bool:
    return not answer.refused and any(citation.note in turn["notes"] for citation in answer.citations)


def _covered(key: str, said: Sequence[_Said]) -> list[tuple[str, bool]]:
    """For each of the student's turns, whether the summary holds a sentence of its answer, or names the message.

    Whole sentences and whole names are compared: "hi" stands in "which" and "Yes." in many a sentence.
    """
    parts = [part.sentence for part in recap(said).parts]
    told_of = [_words_of(one.text) for one in parts if one.support in ("quoted", "supported")]
    names = {name for one in parts if one.support == "connective" for name in _NAMED.findall(one.text)}
    found = []
    for place, (asked, told) in enumerate(zip(said[::2], said[1::2], strict=True), 1):
        sentences = (told.payload or {})["events"][0]["sentences"]
        shown = [_words_of(one["text"]) for one in sentences if one["cites"]]
        holds_one = any(_is_of(summed, words) for words in shown for summed in told_of)
        found.append((f"{key}, turn {place}", holds_one or short_name(asked.content) in names))
    return found


def _words_of(text: str) -> list[str]:
    return normalised(text).split()


def _is_of(summed: Sequence[str], sentence: Sequence[str]) -> bool:
    """Whether a sentence of a summary is that sentence, or its beginning where it was shortened."""
    return summed == sentence or (len(summed) >= FEWEST and summed == sentence[: len(summed)])


def _proofs(taught: Taught, answers: Sequence[tuple[str, Answer]]) -> list[Measure]:
    given = [(key, answer) for key, answer in answers if not answer.refused]
    citations = [
        (f"{key} [{citation.n}]", citation_holds(citation.to_contract(), taught.notes))
        for key, answer in given
        for citation in answer.citations
    ]
    return [
        Measure.share("citations whose quote stands in the note", citations),
        Measure.share(
            "answers without an unsupported sentence",
            [(key, is_fully_supported(answer.sentences)) for key, answer in given],
        ),
    ]


def refused_arguments(tools: Mapping[str, BaseTool]) -> list[tuple[str, bool]]:
    """Arguments out of their bounds, and whether the tool's schema refused each with its bound in the message."""
    from pydantic import ValidationError

    found = []
    for tool, arguments, bound in _OUT_OF_BOUNDS:
        key = f"{tool}({json.dumps(arguments)})"
        schema = tools[tool].args_schema
        try:
            schema.model_validate(arguments)  # type: ignore[union-attr]
        except ValidationError as error:
            found.append((key, bound in refusal(error)))
        else:
            found.append((key, False))
    return found


def holds(answer: str, fact: str) -> bool:
    """Whether an answer holds nearly all meaning-bearing words of a fact."""
    wanted = set(content_words(fact))
    return bool(wanted) and len(wanted & set(content_words(answer))) >= _KEPT * len(wanted)
