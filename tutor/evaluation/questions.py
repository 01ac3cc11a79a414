"""The bundled question sets: JSON lines of {id, question, history?, style?, notes, gold, kind}."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutor.errors import SettingsError
from tutor.turns import STYLES, Style

SETS_FOLDER = Path(__file__).parent / "sets"
OUTSIDE_KINDS = ("far", "near-by", "near-miss")


@dataclass(frozen=True)
class SetQuestion:
    """One question of a set.

    Attributes:
        notes: the notes that answer it, relative to the corpus; empty when none does.
        gold: strings of which at least one stands in a good answer.
        kind: the form of the question ("why", "compare", "follow-up" ...); for a question that no note answers
            "far" (another field), "near-by" (computing, not in the notes) or "near-miss" (the notes' own topics,
            but a fact that they do not hold).
        history: the turns before it, oldest first, each with "role" and "content".
        standalone: a follow-up asked without its history.
    """

    id: str
    question: str
    notes: tuple[str, ...]
    gold: tuple[str, ...]
    kind: str
    history: tuple[Mapping[str, str], ...] = ()
    style: Style | None = None
    standalone: str = ""

    @property
    def is_answerable(self) -> bool:
        """Whether the notes answer it."""
        return bool(self.notes)


def load_questions(path: Path) -> list[SetQuestion]:
    """The questions of a JSON lines file, in its order.

    Raises:
        SettingsError: a file that is missing, or a line that is no question.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The question set {path} cannot be read ({error})", "Check the path.") from error
    questions = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            questions.append(_question(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"Line {number} of {path} is no question ({error!r})",
                "Write it as JSON with id, question, notes, gold and kind.",
            ) from error
    return questions


def bundled_questions(name: str) -> list[SetQuestion]:
    """A bundled set: "dev" and "search-dev" for development; "answers", "outside" and "search-held-out" for the
    final measurement."""
    return load_questions(SETS_FOLDER / f"{name}.jsonl")


def _question(values: Any) -> SetQuestion:
    if not isinstance(values, dict):
        raise TypeError("not a JSON object")
    style = values.get("style")
    if style is not None and style not in STYLES:
        raise ValueError(f"unknown style {style!r}")
    return SetQuestion(
        id=str(values["id"]),
        question=str(values["question"]),
        notes=tuple(values["notes"]),
        gold=tuple(values["gold"]),
        kind=str(values["kind"]),
        history=tuple(
            {"role": turn["role"], "content": turn["content"]} for turn in values.get("history", ())
        ),
        style=style,
        standalone=str(values.get("standalone", "")),
    )
