"""What the chat model learns from: one job of the tutor each, with what it is given and what it should say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage

from tutor.errors import SettingsError
from tutor.prompts import (
    answer_from_numbered,
    judge_from_numbered,
    leave_one_out,
    reword_question,
    stand_alone,
    write_call,
)
from tutor.turns import Style

BY_HAND = Path(__file__).parent / "tutoring.jsonl"
BY_SCRIPT = Path(__file__).parent / "tutoring-scripted.jsonl"
EXAMPLES = (BY_HAND, BY_SCRIPT)
# Notes that nothing is learned from, nor from what other notes say of their subjects: answers about them are measured.
HELD_OUT_NOTES = (
    "diffusion/ddim.md",
    "discriminative/random-forests.md",
    "evaluation/sample-precision-and-recall.md",
    "foundations/naive-bayes.md",
    "gans/wgan.md",
    "language/mcp.md",
    "language/t5.md",
    "vaes/vq-vae.md",
)
# What those notes are about, in any words that name it.
HELD_OUT_SUBJECTS = re.compile(
    r"\bddims?\b|denoising diffusion implicit|random[- ]forests?|\bbagging\b|\bprecision\b|\brecall\b|na[iï]ve[- ]bayes"
    r"|\bw-?gans?\b|wasserstein|\bcritics?\b|earth[- ]mover|lipschitz|\bmcp\b|model context protocol|\bt5\b"
    r"|text-to-text|\bvq\b|vq-?vae|vector[- ]quanti|\bcodebooks?\b",
    re.IGNORECASE,
)

Given = Mapping[str, Any]


def _sentences(given: Given) -> list[str]:
    return [one["text"] for one in given["evidence"]]


def _from_numbered(style: Style) -> Callable[[Given], list[BaseMessage]]:
    return lambda given: answer_from_numbered(given["question"], _sentences(given), style)


# Each job with its prompt.
PROMPTS: Mapping[str, Callable[[Given], list[BaseMessage]]] = {
    "answer": _from_numbered("plain"),
    "compare": _from_numbered("plain"),
    "eli5": _from_numbered("eli5"),
    "stand-alone": lambda given: stand_alone(
        [(one["asked"], one["answered"]) for one in given["turns"]], given["message"]
    ),
    "verdict": lambda given: judge_from_numbered(given["statement"], _sentences(given)),
    "tool": lambda given: write_call(given["message"], given["demos"]),
    "reword": lambda given: reword_question(given["question"]),
    "distractor": lambda given: leave_one_out(given["question"], given["key"], given["candidates"]),
}
JOBS = tuple(PROMPTS)
# What the tutor asks of a fitted model today.
IN_USE = ("answer", "compare")
_MARKED = re.compile(r"\s*(\S.*?[.!?:\w])((?:\s*\[\d{1,2}\])+)(?=\s|$)", re.DOTALL)


@dataclass(frozen=True)
class Lesson:
    """One example.

    Attributes:
        job: one of `JOBS`.
        given: what the job's prompt is made of: `question` and `evidence` (sentences with `note`, `lines` and `text`,
            in the order of their numbers), or `turns` (`asked`, `answered`) and `message`, and so on. What rests on
            notes without showing their sentences names them as `notes`.
        target: what the model should say.
        maker: "hand" or the script that made it.
    """

    job: str
    given: Given
    target: str
    maker: str = "hand"

    def messages(self) -> list[BaseMessage]:
        """The prompt of its job."""
        return PROMPTS[self.job](self.given)

    @property
    def notes(self) -> frozenset[str]:
        """The notes that it rests on."""
        shown = (one["note"] for one in self.given.get("evidence", ()))
        return frozenset((*shown, *self.given.get("notes", ())))


def numbers_first(target: str) -> str:
    """A target with the numbers before their sentences: "A thing. [2] It is red. [1] [3]" gives "[2] A thing. [1] [3]
    It is red." So the model chooses first and then tells what it chose."""
    return " ".join(f"{marks.strip()} {said.strip()}" for said, marks in _MARKED.findall(target)) or target


def as_given(lesson: Lesson, best_first: Callable[[str, Sequence[Mapping[str, Any]]], list[int]]) -> Lesson:
    """An example as the tutor gives it in use: numbers first, and the sentences of an answer in their order there.

    The sentences of a story and of a verdict keep their order.

    Args:
        best_first: a question and its sentences -> their places in the order of use.
    """
    target = numbers_first(lesson.target)
    if lesson.job not in IN_USE:
        return replace(lesson, target=target if "evidence" in lesson.given else lesson.target)
    evidence = lesson.given["evidence"]
    places = best_first(lesson.given["question"], evidence)
    new = {place + 1: number for number, place in enumerate(places, 1)}
    given = {**lesson.given, "evidence": [evidence[place] for place in places]}
    return replace(
        lesson, given=given, target=re.sub(r"\[(\d+)\]", lambda mark: f"[{new[int(mark[1])]}]", target)
    )


def read_lessons(*paths: Path) -> list[Lesson]:
    """All examples of some files; without any, those of the package that are there.

    Raises:
        SettingsError: a line that is no example.
    """
    return [one for path in paths or filter(Path.is_file, EXAMPLES) for one in _lessons_in(path)]


def _lessons_in(path: Path) -> list[Lesson]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            one = Lesson(**json.loads(line))
            one.messages()
            found.append(one)
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"Line {number} of {path} is no training example ({error!r})",
                "Write it as JSON with job, given, target and maker.",
            ) from error
    return found


def write_lessons(lessons: Sequence[Lesson], path: Path) -> None:
    """Writes examples as JSON lines."""
    lines = [json.dumps(asdict(one), ensure_ascii=False) for one in lessons]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
