"""What a student predicts before a demo runs, as an answer on the demo's concept: kept and counted, never scheduled."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

Data = dict[str, Any]


def prediction_item(demo: str, concept: str, predicted: Mapping[str, Any], right: int) -> tuple[Data, Data]:
    """The question and the answer as the record keeps them.

    Args:
        demo: its name.
        concept: what it shows, as the notes call it.
        predicted: {predict, place, said}: the demo's prediction, the option that was chosen, the student's words.
        right: the option that came out.

    Returns:
        An item of the kind "prediction", which no quiz asks, and the attempt at it.
    """
    predict, place = predicted["predict"], int(predicted["place"])
    options = [str(option["text"]) for option in predict["options"]]
    fact_id = f"demo:{demo}"
    made = "\n".join((demo, str(predict["question"]), options[right]))
    item = {
        "id": hashlib.sha256(made.encode()).hexdigest()[:12],
        "kind": "prediction",
        "stem": str(predict["question"]),
        "options": [{"id": f"o{n + 1}", "text": text} for n, text in enumerate(options)],
        "key": f"o{right + 1}",
        "fact_id": fact_id,
        "concept": concept,
    }
    hit = place == right
    grade: Data = {
        "verdict": "correct" if hit else "wrong",
        "score": float(hit),
        "points": [],
        "feedback": f"It came out: {options[right]}.",
        "dont_know": False,
    }
    attempt = {
        "item_id": item["id"], "fact_id": fact_id, "concept": concept, "kind": "prediction",
        "answer": options[place], "grade": grade,
    }  # fmt: skip
    return item, attempt
