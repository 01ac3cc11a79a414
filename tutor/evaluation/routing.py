"""Messages whose wish is known, and the fit of the router on those of them that are for learning."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutor.evaluation.questions import SETS_FOLDER
from tutor.questions import Guess, Question, Said, understand
from tutor.retrieval import Retriever
from tutor.router import Router, RouterWeights, features, terms_of

TALK = ("greeting", "thanks", "help", "small_talk")
TOOLS = {"quiz": "make_quiz", "demo": "run_demo"}
_RARE_TERM = 2
# The inverse strength of the L2 penalty; 3 and 30 gave the same within half a point on unseen writers.
_PENALTY = 10.0


@dataclass(frozen=True)
class Message:
    """A message of a student's.

    Attributes:
        route: what it asks for; `also`: what may be understood as well.
        history: the turns before it, oldest first, each with "role" and "content".
    """

    id: str
    text: str
    route: str
    also: tuple[str, ...] = ()
    history: tuple[Mapping[str, str], ...] = ()

    @property
    def tool(self) -> str | None:
        """The tool that it asks for."""
        return TOOLS.get(self.route)


def load_messages(name: str) -> list[Message]:
    """The messages of a bundled set: "routing-train" or "routing-held-out"."""
    lines = (SETS_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_message(json.loads(line), f"{name}-{number}") for number, line in enumerate(lines, 1)]


def _message(value: dict[str, Any], number: str) -> Message:
    return Message(
        value.get("id", number),
        value["message"],
        value["route"],
        tuple(value.get("also", ())),
        tuple(value.get("history", ())),
    )


def route_of(question: Question) -> str:
    """The route that a question takes, by the labels of the sets; a question outside the notes is an explanation
    until the gate has seen it."""
    if question.intent in TALK:
        return "talk"
    if question.style != "plain" and question.intent in ("explain", "list", "code", "formula"):
        return question.style
    return question.intent


def routed(message: Message, guess: Guess | None) -> str:
    """The route that a message is given."""
    history = [Said(turn["role"], turn["content"]) for turn in message.history]
    return route_of(understand(message.text, history, guess=guess))


def is_right(message: Message, route: str) -> bool:
    """Whether a route serves the message; what is outside the notes may be asked in any form that the gate sees."""
    outside = ("explain", "list", "compare", "code", "formula", "check") if message.route == "outside" else ()
    return route in (message.route, *message.also, *outside)


def fit_router(retriever: Retriever, messages: Sequence[Message]) -> RouterWeights:
    """Logistic regression with an L2 penalty on messages whose route is known."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    empty = RouterWeights((), {}, np.zeros((0, 0), np.float32), np.zeros(0, np.float32))
    reader = Router(retriever, empty)
    texts = [message.text for message in messages]
    seen = Counter(term for text in texts for term in set(terms_of(reader.masked(text))))
    kept = sorted(term for term, count in seen.items() if count >= _RARE_TERM)
    # The smoothed inverse document frequency of scikit-learn: log((1 + n) / (1 + seen)) + 1.
    idf = {term: math.log((1 + len(texts)) / (1 + seen[term])) + 1 for term in kept}
    terms = {term: (place, idf[term]) for place, term in enumerate(kept)}
    model = LogisticRegression(C=_PENALTY, max_iter=3000)
    model.fit(features(reader, texts, terms), [message.route for message in messages])
    labels = tuple(map(str, model.classes_))
    return RouterWeights(labels, terms, model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32))


def write_weights(weights: RouterWeights, path: Path) -> None:
    """Writes weights as `tutor.router.read_weights` reads them, in half precision."""
    import numpy as np

    names = sorted(weights.terms, key=lambda term: weights.terms[term][0])
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            labels=np.array(weights.labels),
            terms=np.array(names),
            idf=np.array([weights.terms[name][1] for name in names], np.float32),
            matrix=weights.matrix.astype(np.float16),
            bias=weights.bias,
        )
