"""What the chat model learns from: one job of the tutor each, with what it is given and what it should say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage

from tutor.errors import SettingsError
from tutor.prompts import answer_from_numbered, stand_alone

EXAMPLES = Path(__file__).parent / "tutoring.jsonl"
# How each job is written; those from numbered sentences, and a follow-up that is made to stand alone.
STYLES = {"answer": "plain", "compare": "plain", "eli5": "eli5"}
STAND_ALONE = "stand-alone"
JOBS = (*STYLES, STAND_ALONE)
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


@dataclass(frozen=True)
class Lesson:
    """One example.

    Attributes:
        job: one of `JOBS`.
        given: what the job's prompt is made of: `question` and `evidence` (sentences with `note`, `lines` and `text`,
            in the order of their numbers), or `turns` (`asked`, `answered`) and `message`.
        target: what the model should say.
        maker: "hand" or the script that made it.
    """

    job: str
    given: Mapping[str, Any]
    target: str
    maker: str = "hand"

    def messages(self) -> list[BaseMessage]:
        """The prompt, as the tutor sends it."""
        if self.job == STAND_ALONE:
            turns = [(one["asked"], one["answered"]) for one in self.given["turns"]]
            return stand_alone(turns, self.given["message"])
        sentences = [one["text"] for one in self.given["evidence"]]
        return answer_from_numbered(self.given["question"], sentences, STYLES[self.job])  # type: ignore[arg-type]

    @property
    def notes(self) -> frozenset[str]:
        """The notes that it rests on."""
        return frozenset(one["note"] for one in self.given.get("evidence", ()))


def read_lessons(path: Path = EXAMPLES) -> list[Lesson]:
    """All examples of a file.

    Raises:
        SettingsError: a line that is no example.
    """
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
