"""What the student thinks of the answers that were given, by the thumbs in the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tutor.evaluation.report import Measure
from tutor.feedback import Feedback, read_feedback, standing
from tutor.learner import open_record


def liked(thoughts: Sequence[Feedback]) -> list[Measure]:
    """The share of answers that were liked; the questions of the others are `missed`, with the word on each."""
    outcomes = []
    for thought in thoughts:
        question = " ".join(thought.question.split())[:120] or "(no question)"
        word = " ".join(thought.word.split())[:200]
        outcomes.append((f"{question} ({word})" if word else question, thought.value == "like"))
    return [Measure.share("answers liked, of those with a thumb up or down", outcomes)]


def thoughts_on_record(path: Path) -> list[Feedback]:
    """What stands in the record, also while a tutor writes it: of each answer the last; nothing without a record.

    Raises:
        RecordError: the record is damaged, or of another version.
    """
    if not path.exists():
        return []
    with open_record(path, now=lambda: datetime.now(UTC), exclusive=False) as record:
        return standing(read_feedback(record))
