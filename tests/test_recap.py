"""A summary of a chat: no turn is lost, nothing is claimed that was not shown, the citations lead to the same lines."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tutor.exchanges import EMPTY, OPENING
from tutor.learner import Turn
from tutor.notes import read_library
from tutor.recap import MOST_WORDS, RecapResult, recap
from tutor.turns import (
    Answer,
    Citation,
    Delta,
    DemoOutcome,
    Event,
    Notice,
    QuizGrade,
    QuizItem,
    QuizScore,
    Sentence,
    ToolCall,
    event_to_json,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def chat(*said: tuple[str, list[Event]]) -> list[Turn]:
    turns = []
    for message, events in said:
        turns.append(Turn(len(turns), "user", message, None, NOW))
        payload = {"events": [event_to_json(event) for event in events]}
        turns.append(Turn(len(turns), "assistant", "", payload, NOW))
    return turns


def answer(question: str, *texts: str, support: Any = "quoted", note: str = "gan.md", **more: Any) -> Answer:
    cited = tuple(Citation(n, note, (n, n), text, "GAN", **more) for n, text in enumerate(texts, 1))
    sentences = tuple(Sentence(text, support, (n,)) for n, text in enumerate(texts, 1))
    return Answer("", False, cited, sentences, (), "plain", 5.0, "notes-only", {}, question)


def refusal(question: str) -> Answer:
    text = Sentence("Your notes do not cover this.", "connective")
    return Answer(text.text, True, (), (text,), ("GAN",), "plain", 4.0, "notes-only", {}, question)


def told(result: RecapResult, support: str) -> list[str]:
    return [part.sentence.text for part in result.parts if part.sentence.support == support]


GAN = "A GAN is a pair of two networks that compete."
VAE = "A VAE is a model with an encoder and a decoder."


def test_an_empty_conversation_says_so() -> None:
    assert recap([]).markdown == EMPTY
    assert recap([Turn(1, "assistant", "hello", {"events": []}, NOW)]).markdown == EMPTY


def test_small_talk_alone_claims_nothing() -> None:
    result = recap(chat(("hi", [Notice("Hello!")]), ("thanks", [Notice("You are welcome.")])))
    assert "“hi” and “thanks”" in result.markdown
    assert not result.citations


def test_each_topic_is_told_in_sentences_that_were_shown_with_their_citations() -> None:
    turns = chat(
        ("What is a GAN?", [answer("What is a GAN?", GAN)]),
        ("VAE?", [answer("What is a VAE?", VAE, note="v.md")]),
    )
    result = recap(turns)
    assert told(result, "quoted") == [GAN, VAE]
    assert [(c.n, c.note, c.quote) for c in result.citations] == [(1, "gan.md", GAN), (2, "v.md", VAE)]
    assert f"{VAE} [2]" in result.markdown


def test_the_same_quote_keeps_one_number() -> None:
    turns = chat(*[("What is a GAN?", [answer("What is a GAN?", GAN)])] * 2)
    result = recap(turns)
    assert len(result.citations) == 1
    assert told(result, "quoted") == [GAN]
    assert "the same again" in result.markdown


def test_questions_about_one_topic_stand_together() -> None:
    turns = chat(
        ("What is a GAN?", [answer("What is a GAN?", GAN)]),
        ("What is a VAE?", [answer("What is a VAE?", VAE, note="v.md")]),
        ("what is the GAN", [answer("what is the GAN", "GANs are trained in two steps each time.")]),
    )
    assert told(recap(turns), "connective").count("**GAN** (2 questions)") == 1


def test_unsupported_sentences_and_stories_are_not_told_as_facts() -> None:
    doubted = answer("What is a GAN?", "A GAN is blue and tall.", support="unsupported")
    story = answer(
        "Explain VAE", "Imagine a cook who bakes.", "The cook of the VAE bakes pie.", heading=("Analogy",)
    )
    result = recap(chat(("What is a GAN?", [doubted]), ("Explain VAE", [story])))
    assert not told(result, "quoted")
    assert "“What is a GAN?”" in result.markdown
    assert "a story from your notes. [1]" in result.markdown


def test_a_quiz_says_what_was_right_and_what_to_revisit() -> None:
    cited = Citation(1, "gan.md", (3, 3), GAN)
    result = recap(
        chat(
            ("quiz me", [ToolCall("make_quiz", {}, "Choosing"), QuizItem("a", "What is a GAN?", (), 1, 3)]),
            (
                "cats",
                [QuizGrade("a", "wrong", 0.0, "No.", "k", cited), QuizItem("b", "What is noise?", (), 2, 3)],
            ),
            ("input", [QuizGrade("b", "correct", 1.0, "Yes.", "k", cited), QuizItem("c", "Why?", (), 3, 3)]),
            ("skip", [Notice("Skipped. The answer is: x"), QuizScore(1.0, 3, ("GAN",))]),
        )
    )
    assert "1 of 2 answers were right, 1 skipped" in result.markdown
    assert "Right: “What is noise?”" in result.markdown
    assert "To revisit: “What is a GAN?”" in result.markdown
    assert told(result, "quoted") == [GAN]
    assert "go over “GAN” again" in told(result, "connective")[-1]


def test_demos_refusals_and_unfinished_turns_are_named() -> None:
    call = ToolCall("run_demo", {}, "Training a GAN")
    result = recap(
        chat(
            ("show me a GAN training", [call, DemoOutcome({"verdict": "7 of 8 modes are covered."})]),
            ("again", [call, DemoOutcome({}, stopped=True)]),
            ("Why is Rome old?", [refusal("Why is Rome old?")]),
            ("What is a VAE?", [Delta("A VAE"), Notice("Stopped.")]),
        )
    )
    assert "Training a GAN: 7 of 8 modes are covered." in result.markdown
    assert "Training a GAN: stopped before its end." in result.markdown
    assert "did not cover: “Why is Rome old?”" in result.markdown
    assert "“What is a VAE?”" in result.markdown


def test_the_formula_that_an_answer_consists_of_is_told() -> None:
    formula = "The loss is\n\n$$\nL = x\n$$"
    turns = chat(
        (
            "formula of the GAN loss?",
            [answer("formula of the GAN loss?", GAN, "GANs are fun to train.", formula)],
        ),
        ("what is p(x|z)?", [answer("what is p(x|z)?", formula.replace("x", "y"), VAE, note="v.md")]),
    )
    text = recap(turns).markdown
    assert f"{formula}\n\n[1]" in text and "L = y" in text
    assert "**What is p(x|z)**" in text or "**p(x|z)**" in text


def test_the_sentence_that_defines_the_topic_comes_before_others_that_name_it() -> None:
    said = answer(
        "What is beam search?", "A token is kept by beam search or not.", "Beam search is a way to decode."
    )
    assert (
        told(recap(chat(("What is beam search?", [said]))), "quoted")[0] == "Beam search is a way to decode."
    )


def test_a_claim_is_told_as_the_students_words_with_its_verdict() -> None:
    claim = "A GAN is one network and it never fails to converge in any of the cases that we saw, right?"
    verdict = Answer(
        "",
        False,
        (Citation(1, "gan.md", (3, 3), GAN),),
        (
            Sentence("Not quite. Your notes say otherwise:", "connective"),
            Sentence(GAN, "quoted", (1,)),
        ),
        (), "plain", 5.0, "notes-only", {}, claim,
    )  # fmt: skip
    text = recap(chat((claim, [verdict]))).markdown
    assert "**You said “A GAN is one network and it never fails to converge in any…”**" in text
    assert f"Not quite. Your notes say otherwise: {GAN} [1]" in text
    assert text.count("one network") == 1


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("What is t-SNE?", "**t-SNE**"),
        ("What is top_p?", "**top_p**"),
        ("what does ELBO stand for", "**ELBO**"),
        ("What is a VAE and why are its samples blurry?", "**VAE**"),
        ("what is mode collapse", "**Mode collapse**"),
    ],
)
def test_a_heading_is_the_topic_as_it_is_written(question: str, heading: str) -> None:
    assert (
        heading in recap(chat((question, [answer(question, "It is a thing that is known to all.")]))).markdown
    )


def test_code_is_pointed_to_and_not_repeated() -> None:
    result = recap(chat(("Show me code", [answer("Show me code", "def f():\n    pass")])))
    assert "def f" not in result.markdown
    assert "a piece of code or a table from your notes. [1]" in result.markdown


def test_an_earlier_summary_is_not_told_again() -> None:
    first = recap(chat(("What is a GAN?", [answer("What is a GAN?", GAN)])))
    sentences = tuple(part.sentence for part in first.parts)
    summary = Answer(
        first.markdown, False, first.citations, sentences, (), "plain", 1.0, "notes-only", {}, "sum up"
    )
    turns = chat(("What is a VAE?", [answer("What is a VAE?", VAE)]), ("sum up", [summary]))
    assert told(recap(turns), "quoted") == [VAE]
    assert "You asked for a summary before." in recap(turns).markdown


def test_thirty_turns_are_all_covered_in_few_words() -> None:
    names = [
        f"{first}{last}"
        for first in ("alpha", "beta", "gamma", "delta", "eta")
        for last in ("net", "flow", "loss", "step", "map", "key")
    ]
    turns = chat(
        *[
            (
                f"What is {name}?",
                [
                    answer(
                        f"What is {name}?",
                        f"The {name} is a method that makes samples step by step, although it is rather slow to run.",
                        f"The {name} was found by chance and it is used a lot nowadays in many places.",
                        note=f"{name}.md",
                    )
                ],
            )
            for name in names
        ]
    )
    result = recap(turns)
    assert all(name in result.markdown for name in names)
    assert len(result.citations) == 30
    assert len(result.markdown.split()) <= 1.2 * MOST_WORDS
    assert f"The {names[0]} is a method that makes samples step by step." in told(result, "supported")


def test_a_sentence_is_not_shortened_where_it_would_lose_its_condition() -> None:
    long = (
        "The {} is a good estimate of the error in all such cases, but only if the samples are independent."
    )
    turns = chat(
        *[
            (f"What is k{n}q?", [answer(f"What is k{n}q?", long.format(f"k{n}q"), note=f"{n}.md")])
            for n in range(30)
        ]
    )
    assert all("only if" in text for text in told(recap(turns), "quoted"))
    assert not told(recap(turns), "supported")


def test_the_end_names_related_notes_that_were_not_asked_about(small_notes: Path) -> None:
    notes = read_library([small_notes]).notes
    text = (
        "Mode collapse is a failure of GAN training in which the generator makes only a few kinds of output."
    )
    turns = chat(
        ("What is mode collapse?", [answer("What is mode collapse?", text, note="mode-collapse.md")])
    )
    assert "“Generative adversarial networks”" in told(recap(turns, notes), "connective")[-1]


def test_an_unknown_event_or_a_damaged_payload_loses_no_turn() -> None:
    turns = [
        Turn(1, "user", "What is new?", None, NOW),
        Turn(2, "assistant", "", {"events": [{"event": "Unheard", "x": 1}]}, NOW),
        Turn(3, "user", "And then?", None, NOW),
        Turn(4, "assistant", "", None, NOW),
    ]
    text = recap(turns).markdown
    assert text.startswith(OPENING)
    assert "“What is new?”" in text and "“And then?”" in text


@pytest.mark.parametrize("message", ["a [1] b?", "**x** <b>y</b>?", "x\n\ny?", "z" * 500 + "?"])
def test_a_students_words_are_shown_as_plain_text_and_short(message: str) -> None:
    text = recap(chat((message, [refusal(message)]))).markdown
    assert "[1]" not in text and "<b>" not in text and "**x" not in text
    assert len(text) < 400
