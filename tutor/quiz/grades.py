"""A grade: the verdict on one answer, with its evidence. Plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["correct", "partial", "wrong", "unsure"]
Status = Literal["hit", "missed", "contradicted"]


@dataclass(frozen=True)
class Point:
    """One claim of the key, what the answer did with it, and the note's words for it."""

    claim: str
    status: Status
    quote: str


@dataclass(frozen=True)
class Grade:
    """A verdict with its evidence.

    Attributes:
        score: 0, 0.25, 0.5, 0.75 or 1.
        feedback: what the student is told; quotes the note.
        dont_know: the student said so; the verdict is wrong, with no reproach.
    """

    verdict: Verdict
    score: float
    points: tuple[Point, ...]
    feedback: str
    dont_know: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The JSON value that `tutor grade --json` promises (but `next_due`) and what the record keeps."""
        return asdict(self) | {"points": [asdict(point) for point in self.points]}

    @staticmethod
    def from_dict(value: dict[str, Any]) -> Grade:
        """The grade that `to_dict` wrote."""
        return Grade(**value | {"points": tuple(Point(**point) for point in value["points"])})


def in_quarters(share: float) -> float:
    """What a part of the answer is worth: 0.25, 0.5 or 0.75."""
    return min(0.75, max(0.25, round(4 * share) / 4))
