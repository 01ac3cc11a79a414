"""Examples of calls: a student's message and the one line of JSON that does what it asks, or names no tool."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tutor.chinese import CJK
from tutor.demo_names import named_demo
from tutor.evaluation.routing import Message, load_messages
from tutor.quiz_wishes import MOST_ASKED, quiz_wish
from tutor.reviewing import which_part
from tutor.topics import Topics
from tutor.training.examples import Lesson

NONE = {"tool": "none"}
MOST_DEMOS = 5
# Of a hundred: messages that ask for no tool, for a quiz, for a demo, for the record, and for the list of demos.
_SHARES = {"none": 40, "quiz": 27, "demo": 17, "progress": 13, "list": 3}
_LISTS = (
    "which demos are there", "What demos do you have?", "list the demos", "show me all demos please",
    "what can you train live?", "Which demos can I watch?", "any other demos?", "demos?", "what can you demonstrate",
    "Please name the demos that I can run.",
)  # fmt: skip
# What students call the demos, so that a message of one demo can be turned into one of another.
_CALLED = {
    "gan-2d": "GAN", "diffusion-2d": "diffusion", "mode-collapse": "mode collapse", "cyclegan": "CycleGAN",
    "conditional-gan": "conditional GAN", "dcgan-digits": "DCGAN", "latent-diffusion": "latent diffusion",
    "face-vae": "VAE", "metrics-lab": "metrics lab", "self-attention": "self-attention", "tokens": "tokens",
    "tiny-transformer": "transformer", "digit-diffusion": "digit diffusion", "pretrained": "pretrained",
}  # fmt: skip
_RUN_AS = (
    "run the {} demo",
    "show me the {} demo",
    "start {} live please",
    "can I watch the {} demo?",
    "launch {}",
)
_FORGETTABLE = re.compile(
    r"\b(?:missed|wrong|mistakes?|failed|messed up|errors|incorrectly)\b", re.IGNORECASE
)


def call_lessons(
    topics: Topics, allows: Callable[[str], bool], demos: Sequence[str], n: int, rng: random.Random
) -> list[Lesson]:
    """Messages with the call that each asks for; two fifths ask for none.

    Args:
        topics: the names of what the notes are about.
        allows: whether a text may be learned from.
        demos: the names of the demos that are there.
    """
    messages = [
        one
        for one in load_messages("routing-train")
        if not one.history
        and not one.also
        and not CJK.search(one.text)
        and allows(one.text)
        and len(one.text) <= 160
    ]
    rng.shuffle(messages)
    calls: dict[str, Iterator[tuple[str, dict[str, Any]]]] = {
        "none": _none(messages),
        "quiz": _quizzes(messages, topics, rng),
        "demo": _demos(messages, demos, rng),
        "progress": _progress(messages, topics),
        "list": ((text, {"tool": "list_demos", "arguments": {}}) for text in _LISTS),
    }
    made = [
        Lesson("tool", {"message": text, "demos": _some(call, demos, rng)}, json.dumps(call), "script")
        for kind, share in _SHARES.items()
        for (text, call), _ in zip(calls[kind], range(share * n // 100), strict=False)
        if allows(text)
    ]
    rng.shuffle(made)
    return made


def _some(call: dict[str, Any], demos: Sequence[str], rng: random.Random) -> list[str]:
    """Some of the demos, the one that is called among them."""
    named = call.get("arguments", {}).get("name")
    others = [name for name in demos if name != named]
    some = rng.sample(others, rng.randint(2, MOST_DEMOS - 1)) + ([named] if named else [])
    rng.shuffle(some)
    return some


def _none(messages: Sequence[Message]) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in messages:
        if one.route not in ("quiz", "demo", "progress"):
            yield one.text, dict(NONE)


def _quizzes(
    messages: Sequence[Message], topics: Topics, rng: random.Random
) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in messages:
        if one.route != "quiz":
            continue
        text = one.text
        wish = quiz_wish(text)
        arguments: dict[str, Any] = {}
        if topic := _named(text, topics):
            arguments["topic"] = topic
        part = which_part(text)
        if wish.count is None and not part and len(text) < 60 and rng.random() < 0.3:
            number = rng.choice((2, 3, 4, 5, 6, 8, 10, 12, 15, 20))
            text = f"{text.rstrip(' .!?')}, {number} questions"
            arguments["n"] = number
        elif re.search(r"\d", text) and wish.count and 1 <= wish.count <= MOST_ASKED:
            arguments["n"] = wish.count
        if part:
            arguments[part] = True
        elif _FORGETTABLE.search(text):
            continue
        yield text, {"tool": "make_quiz", "arguments": arguments}


def _demos(
    messages: Sequence[Message], demos: Sequence[str], rng: random.Random
) -> Iterator[tuple[str, dict[str, Any]]]:
    named = [(one.text, *named_demo(one.text)) for one in messages if one.route == "demo"]
    asked = [(text, name, words) for text, name, words in named if name in demos]
    asked += [
        (shape.format(words), name, words)
        for name, words in _CALLED.items()
        for shape in _RUN_AS
        if name in demos
    ]
    rng.shuffle(asked)
    for text, name, _ in asked:
        if named_demo(text)[0] != name:
            continue
        arguments: dict[str, Any] = {"name": name}
        chance = rng.random()
        if chance < 0.15:
            arguments["preset"] = rng.choice(("normal", "long", "quick"))
            text = f"{text.rstrip(' .!?')}, {arguments['preset']} run"
        elif chance < 0.3:
            arguments["seed"] = rng.randint(0, 99)
            text = f"{text.rstrip(' .!?')} with seed {arguments['seed']}"
        yield text, {"tool": "run_demo", "arguments": arguments}


def _progress(messages: Sequence[Message], topics: Topics) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in messages:
        if one.route == "progress":
            topic = _named(one.text, topics)
            yield one.text, {"tool": "show_progress", "arguments": {"topic": topic} if topic else {}}


def _named(text: str, topics: Topics) -> str:
    """The one thing that a message names, as it is written there; empty where it names none or several."""
    found = list(dict.fromkeys(mention.written for mention in topics.mentions(text)))
    return found[0] if len(found) == 1 else ""
