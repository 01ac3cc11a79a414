"""What is said before a quiz begins: on what it may be, how long it is at most."""

from __future__ import annotations

from typing import Any

import pytest

from tutor.questions import understand
from tutor.quiz_turns import quiz_call, topics_offered


def stands(asked: list[str], weak: list[str] | None = None) -> dict[str, Any]:
    """What `tutor progress --json` gives where these concepts were asked before, and two more are in the notes."""
    concepts = [{"concept": name, "answers": 1, "facts": 1} for name in asked]
    concepts += [{"concept": name, "answers": 0, "facts": 3} for name in ("LoRA", "RAG")]
    return {"concepts": concepts, "revisit": weak or [], "due": 0}


ASKED = ["GANs", "VAEs", "DDPM", "CNNs", "BERT", "FID"]


@pytest.mark.parametrize(
    ("asked", "weak", "told"),
    [
        (ASKED, [], "GANs, VAEs, DDPM, CNNs"),
        (ASKED, ["GANs"], "VAEs, DDPM, CNNs, BERT"),
        (ASKED, ASKED[:4], "BERT, FID"),
        (ASKED[:2], ["VAEs"], "GANs"),
    ],
)
def test_topics_that_were_asked_before_are_offered_a_few_and_those_that_are_weak_once(
    asked: list[str], weak: list[str], told: str
) -> None:
    offer = topics_offered(stands(asked, weak))
    assert f"Asked before: {told}. In your notes: LoRA, RAG." in offer
    assert ("Weak: " in offer) is bool(weak)


def test_no_topic_is_offered_as_asked_before_where_none_is_left() -> None:
    assert "Asked before" not in topics_offered(stands(["GANs"], ["GANs"]))
    assert "Asked before" not in topics_offered(stands([]))


def test_a_number_is_cut_and_told_in_a_chat_and_kept_where_a_program_gave_it() -> None:
    question = understand("quiz me on GANs with 60 questions")
    _, call, _, said = quiz_call(question, given=False)
    assert call["n"] == 50 and any("at most 50 questions" in line for line in said)
    _, call, _, said = quiz_call(question, given=True)
    assert call["n"] == 60 and said == []
