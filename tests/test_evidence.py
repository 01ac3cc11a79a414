"""The evidence of an answer as a chat keeps it: found again, and told in words that a student reads."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from tutor.answering import Answering
from tutor.evidence import counted, last_evidence, sections, short
from tutor.exchanges import OPENING
from tutor.models import ChosenModel
from tutor.questions import understand
from tutor.retrieval import Retriever
from tutor.turns import (
    Answer,
    Citation,
    DraftDropped,
    EvidenceRecord,
    PassageSeen,
    QuizGrade,
    QuizItem,
    event_to_json,
)


def ask(retriever: Retriever, message: str) -> Answer:
    events = Answering(retriever, ChosenModel("notes-only", None, "")).answer(understand(message))
    return next(event for event in events if isinstance(event, Answer))


@dataclass
class Said:
    role: str
    content: str
    payload: dict[str, Any] | None = None


def test_the_last_answer_is_the_one_that_is_shown(small_retriever: Retriever) -> None:
    first, second = ask(small_retriever, "What is a GAN?"), ask(small_retriever, "What is mode collapse?")
    turns = [
        Said("user", "x"),
        Said("assistant", "", {"events": [event_to_json(first)]}),
        Said("user", "y"),
        Said("assistant", "", {"events": json.loads(json.dumps([event_to_json(second)]))}),
        Said("assistant", "", None),
    ]
    shown = last_evidence(turns)
    assert shown is not None and shown.question == "What is mode collapse?"
    assert shown.evidence == second.evidence
    assert last_evidence(turns[:1]) is None


def test_an_answer_kept_without_a_record_shows_its_citations(small_retriever: Retriever) -> None:
    answer = ask(small_retriever, "What is mode collapse?")
    old = event_to_json(answer)
    del old["evidence"]
    shown = last_evidence([Said("assistant", "", {"events": [old]})])
    assert shown is not None and "not kept" in shown.evidence.verdict
    assert [one.cites for one in shown.evidence.passages] == [(citation.n,) for citation in answer.citations]


def test_of_a_grade_the_sentence_that_decides_is_shown() -> None:
    cited = Citation(1, "gan.md", (3, 4), "A GAN has two networks.", "GAN", ("Idea",))
    events = [
        QuizItem("a", "What is a GAN?", (), 1, 2),
        QuizGrade("a", "wrong", 0.0, "Not yet.", "Two networks.", cited),
        QuizItem("b", "What is a VAE?", (), 2, 2),
    ]
    shown = last_evidence([Said("assistant", "", {"events": list(map(event_to_json, events))})])
    assert shown is not None and shown.question == "What is a GAN?"
    (decides,) = shown.evidence.passages
    assert (decides.note, decides.lines, decides.text) == ("gan.md", (3, 4), "A GAN has two networks.")
    assert shown.evidence.verdict == "Your answer was graded against this sentence of your notes."


def test_a_summary_looked_at_nothing_new() -> None:
    sentence = {"text": OPENING, "support": "connective", "cites": []}
    summary = {"event": "Answer", "question": "sum up", "citations": [], "sentences": [sentence]}
    shown = last_evidence([Said("assistant", "", {"events": [summary]})])
    assert shown is not None and "nothing else was looked at" in shown.evidence.verdict


# -- told --------------------------------------------------------------------------------------------------------

USED = PassageSeen(
    1, 0.9, "gan.md", (3, 4), "GAN", ("Idea",), "A GAN has two networks.", (2,), "used: quoted as [2]"
)
OTHER = replace(USED, rank=2, lines=(7, 7), cites=(), reason="not used: says much the same as [2]")


def test_sections_name_place_words_and_reason_and_leave_out_what_is_empty() -> None:
    record = EvidenceRecord(
        "Covered.", 4, (OTHER, USED), (DraftDropped("It is blue.", "no sentence says this"),)
    )
    told = dict(sections(record))
    assert list(told) == ["Used", "Looked at and not used", "Thrown out of the model's draft"]
    (used,) = told["Used"]
    assert (used.place, used.text) == ("GAN › Idea · gan.md · lines 3–4", "A GAN has two networks.")
    assert [one.place for one in told["Looked at and not used"]] == [
        "GAN › Idea · gan.md · line 7",
        "and 2 more that are not listed here",
    ]
    assert counted(record) == "1 of 4 passages used, 1 sentence of the draft thrown out"
    assert list(dict(sections(EvidenceRecord("Covered.", 1, (USED,))))) == ["Used"]


def test_a_long_text_is_cut_between_words() -> None:
    assert short("a  b\nc") == "a b c"
    cut = short("word " * 100)
    assert len(cut) <= 160 and cut.endswith("word…")
    assert len(short("w" * 500)) == 160
