"""What a turn yields: plain data, and the value that `tutor ask --json` promises."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tutor.turns import (
    Answer,
    Citation,
    Delta,
    DemoOutcome,
    DemoProgress,
    DraftDropped,
    Event,
    EvidenceRecord,
    EvidenceShown,
    Notice,
    OptionWhy,
    PassageSeen,
    QuizGrade,
    QuizItem,
    QuizScore,
    QuizWhy,
    Sentence,
    ToolCall,
    event_to_json,
)

CITATION = Citation(
    1, "gans/gan.md", (3, 4), "A GAN has two networks.", "GAN", ("Intuition",), "A GAN has two networks."
)
SEEN = PassageSeen(
    1,
    0.81,
    "gans/gan.md",
    (3, 4),
    "GAN",
    ("Intuition",),
    "A GAN has two networks.",
    (1,),
    "used: quoted as [1]",
)
EVIDENCE = EvidenceRecord(
    "Your notes cover it.", 1, (SEEN,), (DraftDropped("It is blue.", "not in the notes"),)
)


def answer(*, refused: bool = False) -> Answer:
    return Answer(
        answer="A GAN has two networks. [1]",
        refused=refused,
        citations=() if refused else (CITATION,),
        sentences=(Sentence("A GAN has two networks.", "quoted", (1,)),),
        nearest=("GAN", "VAE") if refused else (),
        style="plain",
        fkgl=3.456,
        model="notes-only",
        timings={"retrieve_ms": 1.26, "total_ms": 2.0},
        question="What is a GAN?",
    )


def test_the_contract_names_note_lines_and_quote_of_each_citation() -> None:
    value = answer().to_contract()
    assert value["citations"] == [
        {"n": 1, "note": "gans/gan.md", "lines": [3, 4], "quote": "A GAN has two networks."}
    ]
    assert value["sentences"] == [{"text": "A GAN has two networks.", "support": "quoted", "cites": [1]}]


def test_a_citation_of_somebody_elses_words_says_whose_they_are() -> None:
    assert replace(CITATION, speaker="ChatGPT").to_contract()["speaker"] == "ChatGPT"
    assert "speaker" not in CITATION.to_contract()


def test_the_contract_rounds_grade_and_times_to_a_tenth() -> None:
    value = answer().to_contract()
    assert value["readability"] == {"fkgl": 3.5}
    assert value["timings"] == {"retrieve_ms": 1.3, "total_ms": 2.0}


def test_nearest_topics_stand_in_the_contract_of_a_refusal_only() -> None:
    assert "nearest" not in answer().to_contract()
    assert answer(refused=True).to_contract()["nearest"] == ["GAN", "VAE"]


def test_the_contract_holds_its_promised_fields_and_no_others() -> None:
    fields = {"answer", "refused", "citations", "sentences", "style", "readability", "model", "timings"}
    assert set(answer().to_contract()) == fields
    assert set(answer(refused=True).to_contract()) == fields | {"nearest"}


def test_the_contract_has_the_evidence_where_an_answer_kept_it() -> None:
    value = json.loads(json.dumps(replace(answer(), evidence=EVIDENCE).to_contract()))
    assert set(value) == {*answer().to_contract(), "evidence"}
    assert set(value["evidence"]) == {"verdict", "found", "passages", "dropped"}
    (passage,) = value["evidence"]["passages"]
    assert (passage["note"], passage["lines"], passage["cites"]) == ("gans/gan.md", [3, 4], [1])
    assert value["evidence"]["dropped"] == [{"text": "It is blue.", "reason": "not in the notes"}]


@pytest.mark.parametrize(
    "event",
    [
        Delta("A GAN"),
        answer(),
        pytest.param(replace(answer(), evidence=EVIDENCE), id="Answer with evidence"),
        EvidenceShown("What is a GAN?", EVIDENCE),
        ToolCall("run_demo", {"name": "gan-2d", "seed": 0}, "Running"),
        DemoProgress("gan-2d", "frame.png", "step 1", 1, 10, 0.5, 4.5),
        DemoOutcome({"demo": "gan-2d"}, stopped=True),
        QuizItem("i1", "What is a GAN?", (("A", "Two networks"), ("B", "One")), 1, 5, "choice"),
        QuizGrade(
            "i1", "partial", 0.5, "Nearly.", "Two networks.", CITATION, ({"claim": "two", "status": "said"},)
        ),
        QuizScore(
            2.5, 5, ("GAN",), ("GANs",), ("So much is known.",), 2, (("GAN", "2026-12-01T09:00:00+00:00"),)
        ),
        QuizWhy("i1", "What is a GAN?", "Two networks.", "", CITATION, (OptionWhy("A", "Two", True, "So."),)),
        Notice("Hello!"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_every_event_survives_json_under_its_own_name(event: Event) -> None:
    value = json.loads(json.dumps(event_to_json(event)))
    assert value["event"] == type(event).__name__
    plain = event_to_json(event)
    assert value == json.loads(json.dumps(plain)) and set(value) == set(plain)
    assert len(value) == 1 + len(event.__dataclass_fields__)
