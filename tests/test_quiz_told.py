"""What is said of a quiz that is shorter than was wished."""

from __future__ import annotations

from tutor.quiz.told import fewer_told


def test_a_shorter_quiz_is_said_to_be_what_could_be_drawn_and_not_what_the_notes_hold() -> None:
    for kinds, such in (((), ""), (("choice",), " of this kind")):
        told = fewer_told(8, 10, "RAG", kinds)
        assert told == f"I could draw only 8 questions{such} on RAG that neither repeat nor tell each other."
    assert fewer_told(1, 10, "") == "I could draw only 1 question."
    assert fewer_told(10, 10, "RAG") == ""
