"""What the commands print: progress beside the output, and a turn's events as text."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from tutor.terminal import print_json, progress_display, proof_lines, show
from tutor.turns import (
    Answer,
    Citation,
    Delta,
    DemoOutcome,
    DemoProgress,
    DraftDropped,
    Drawing,
    EvidenceRecord,
    EvidenceShown,
    Notice,
    OptionWhy,
    PassageSeen,
    PredictionAsked,
    QuizGrade,
    QuizItem,
    QuizMaking,
    QuizScore,
    QuizWhy,
    RunLesson,
    RunQuestion,
    Sentence,
    TableShown,
    ToolCall,
)

CITATION = Citation(1, "gan.md", (3, 4), "The generator turns noise into samples.", speaker="ChatGPT")
ANSWER = Answer(
    answer="The generator turns noise into samples. [1] Maybe.",
    refused=False,
    citations=(CITATION,),
    sentences=(
        Sentence("The generator turns noise into samples.", "quoted", (1,)),
        Sentence("Maybe.", "unsupported"),
    ),
    nearest=(),
    style="eli5",
    fkgl=4.25,
    model="notes-only",
    timings={"total_ms": 1500.0},
)


def test_an_answer_is_shown_with_its_proof(capsys: pytest.CaptureFixture[str]) -> None:
    assert show([Delta("The generator "), Delta("turns noise"), Notice("A line."), ANSWER]) is ANSWER
    out, err = capsys.readouterr()
    assert out.startswith("The generator turns noise")
    assert "\n  [1] gan.md:3-4, said by ChatGPT in your notes\n" in out
    assert "  ✗ not in your notes: Maybe." in out
    assert "notes-only, 1.5 s · reading grade 4.2" in out
    assert err == ""


def test_a_sentence_is_printed_once_and_a_quote_only_where_its_words_differ(
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, cell = "The **generator** turns noise into samples.", "Loss | minimax game | negative ELBO"
    reworded = "A generator makes samples out of noise, as cooks make soup."
    answer = Answer(
        answer=f"{whole} [1] | **Loss** | minimax game [2] | negative ELBO [2] | It makes samples from noise. [3]",
        refused=False,
        citations=(
            Citation(1, "gan.md", (3, 3), CITATION.quote),
            Citation(2, "vae.md", (9, 9), cell),
            Citation(3, "more.md", (1, 2), reworded),
        ),
        sentences=(
            Sentence(whole, "quoted", (1,)),
            Sentence("minimax game", "quoted", (2,)),
            Sentence("It makes samples from noise.", "supported", (3,)),
        ),
        nearest=(),
        style="plain",
        fkgl=5.0,
        model="notes-only",
        timings={},
    )
    show([Delta(answer.answer), answer])
    out = capsys.readouterr().out
    assert out.count("turns noise into samples") == 1 and out.count("minimax game") == 1
    assert out.split("\n")[2:5] == ["  [1] gan.md:3", "  [2] vae.md:9", f"  [3] more.md:1-2: “{reworded}”"]


def test_a_refusal_shows_no_support_and_no_reading_grade() -> None:
    refusal = Answer("Your notes do not cover it.", True, (), (), ("GAN",), "eli5", 1.0, "notes-only", {})
    assert proof_lines(refusal) == ["", "  — notes-only, 0.0 s"]


SEEN = PassageSeen(
    1, 0.8, "gan.md", (3, 4), "GAN", (), "The generator\x1b[31m turns.", (1,), "used: quoted as [1]"
)
EVIDENCE = EvidenceRecord(
    "Your notes cover it.", 3, (SEEN,), (DraftDropped("It is blue.", "no sentence says it"),)
)


def test_an_answer_ends_with_how_much_of_what_was_found_is_used() -> None:
    last = proof_lines(replace(ANSWER, evidence=EVIDENCE))[-1]
    assert last.endswith("1 of 3 passages used, 1 sentence of the draft thrown out")


def test_the_evidence_is_told_line_by_line_without_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert show([EvidenceShown("What is a GAN?", EVIDENCE)]) is None
    out = capsys.readouterr().out
    lines = [
        "Evidence for “What is a GAN?”: Your notes cover it.",
        "",
        "Used:",
        "  - GAN · gan.md · lines 3–4",
    ]
    assert out.splitlines()[:4] == lines
    assert "  - It is blue.\n      no sentence says it\n" in out.replace("“", "").replace("”", "")
    assert "and 2 more that are not listed here" in out and "\x1b" not in out


@pytest.mark.parametrize(("zone", "day"), [("America/New_York", "29"), ("Asia/Shanghai", "30")])
def test_when_a_fact_is_due_is_told_by_the_students_calendar(
    zone: str, day: str, live_in: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    live_in(zone)
    show([QuizGrade("i", "correct", 1.0, "Right.", "B", None, next_due="2025-11-30T02:00:00+00:00")])
    assert f"due again: 2025-11-{day}\n" in capsys.readouterr().out


def test_a_turn_without_an_answer_returns_none_and_shows_every_event(
    capsys: pytest.CaptureFixture[str],
) -> None:
    events = [
        ToolCall("run_demo", {}, "Training a GAN"),
        DemoProgress("gan-2d", "a.png", "two clusters", 5, 10, 1.0, 2.0),
        DemoOutcome({"verdict": "Six clusters.", "observations": ["It moved."], "images": ["a.png"]}),
        DemoOutcome({}, stopped=True),
        QuizItem("i", "What is noise?", (("A", "a number"), ("B", "a vector")), 1, 2),
        QuizGrade("i", "correct", 1.0, "Right.", "B", CITATION),
        QuizScore(1.5, 2, ("Noise",), ("Noise notes",), ("So few questions say little.",)),
        QuizItem(
            "m",
            "Match.",
            (("A", "scores"), ("B", "makes")),
            2,
            2,
            "match",
            ("critic", "artist"),
            "Such as 1A.",
        ),
        QuizWhy(
            "i",
            "What is noise?",
            "B",
            "Around it.",
            CITATION,
            (OptionWhy("A", "a number", False, "Too few."),),
        ),
        PredictionAsked("How many?", ("few", "all"), {}, "Running", {}),
        RunLesson("You predicted “all”.", (RunQuestion("Why so few?", "", ""),), ("GANs",)),
        TableShown("Two runs.", ("", "first"), (("recall", "0.5"),)),
    ]
    assert show(events) is None
    out = capsys.readouterr().out
    for words in (
        "→ Training a GAN", "step 5/10, 2 s left: two clusters", "Six clusters.", "- It moved.", "picture: a.png",
        "The demo was stopped.", "Question 1 of 2: What is noise?", "B) a vector", "Right.", "[1] gan.md",
        "Score: 1.5 of 2. Look again at: Noise.\n  in your notes: Noise notes\nSo few", "1. critic", "(Such as 1A.)",
        "the answer is B", "A) a number: Too few.", "How many?\n  A) few\n  B) all\n", "You predicted “all”.",
        "1. Why so few?", "in your notes: GANs", "Two runs.\n        first\nrecall  0.5\n",
    ):  # fmt: skip
        assert words in out


def test_a_map_is_printed_as_its_tree_without_the_legend_of_the_drawing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show([Drawing("graph LR", "GAN\n  needs: Noise", "An arrow points to what a note needs first.")])
    assert capsys.readouterr().out == "GAN\n  needs: Noise\n"


def test_json_is_one_line_that_keeps_every_script(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": "噪声\n“x”"})
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "噪声" in out
    assert json.loads(out) == {"text": "噪声\n“x”"}


def test_progress_goes_to_standard_error_one_line_a_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_display() as report:
        for done in range(3):
            report("Reading notes", done, 3)
        report("Embedding passages", 1, 0)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["Reading notes ...", "Embedding passages ..."]


def test_on_a_terminal_the_progress_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_display() as report:
        report("Reading notes", 1, 2)
        report("Embedding passages", 1, 0)
    assert "Embedding passages" in sys.stderr.getvalue()  # type: ignore[attr-defined]


def test_a_display_that_is_switched_off_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_display(enabled=False) as report:
        report("Reading notes", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_what_the_making_of_a_quiz_is_at_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    show([ToolCall("make_quiz", {}, "Choosing questions"), QuizMaking("Making 3 questions …")])
    assert "→ Choosing questions\n  Making 3 questions …\n" in capsys.readouterr()[0]
