"""Which messages ask for the student's own record, which for a review, and which ask the notes."""

from __future__ import annotations

import pytest

from tutor.intents import intent_of
from tutor.questions import understand
from tutor.reviewing import asks_review, progress_topic, which_part

PROGRESS = """how am I doing? | How am I doing so far | how well am I doing on GANs? | my progress
    | show me my progress please
    | what is my progress? | how is my progress in diffusion models? | can I see my stats? | my streak
    | what's my mastery of GANs
    | how far have I come? | am I making progress? | have I improved? | what am I weak at? | where am I weakest?
    | what do I mix up? | how good am I at GANs? | how have I been doing lately | 我的进度怎么样？ | 我学得怎么样"""
DUE = """what is due? | what's due today? | which cards are due? | is anything due?
    | anything overdue? | which cards are overdue? | are there any reviews due
    | how many cards are due? | what should I review? | what do I need to revise next?
    | which topics should I revisit?
    | what is there to review? | 今天有什么要复习的吗？"""
MISSED = """what did I get wrong? | which questions did I get wrong? | which ones did I miss
    | show me my mistakes
    | what were my mistakes? | where are my weak spots? | list the questions I got wrong
    | what have I answered wrong
    | 我错了哪些题？"""
REVIEW_DUE = """review | Review! | let's review | review what is due | please review what's due
    | quiz me on what is due
    | start my reviews | my reviews please | do my due cards | ask me the cards that are due
    | repeat everything due
    | review my cards | let's do today's review | 复习 | 开始复习吧"""
REVIEW_MISSED = """quiz me again on what I got wrong | quiz me on what I got wrong
    | test me on the questions I missed
    | retry my mistakes | retry the misses | repeat the ones I got wrong
    | ask me again the questions I answered wrong
    | can we go over my mistakes? | practice my weak spots | redo the wrong ones | 重做错题"""
QUESTIONS = """what is a GAN? | what did I say about GANs? | review GANs for me
    | how does a model make progress in training?
    | what goes wrong in GAN training? | what is due process? | what is wrong with mode collapse?
    | how is the generator doing?
    | why do reviewers like ablations? | where do GANs make mistakes? | which mistakes do language models make?
    | is my understanding right that GANs overfit? | how does the discriminator do on real images?
    | what should I read first? | how do I review a paper? | summarise our chat | recap | what did we discuss?
    | how am I supposed to train a GAN? | how do I get better samples? | what do I do when the loss explodes?
    | what do I get wrong about GANs being unstable?"""


def each(texts: str) -> list[str]:
    return [text.strip() for text in texts.split("|")]


@pytest.mark.parametrize("text", each(PROGRESS))
def test_progress_is_asked_for(text: str) -> None:
    question = understand(text)
    assert (question.intent, question.which) == ("progress", "")


@pytest.mark.parametrize(
    ("text", "which"), [*((t, "due") for t in each(DUE)), *((t, "missed") for t in each(MISSED))]
)
def test_what_is_due_and_what_went_wrong_is_asked_for(text: str, which: str) -> None:
    question = understand(text)
    assert (question.intent, question.which) == ("progress", which)
    assert which_part(text) == which


@pytest.mark.parametrize(
    ("text", "which"),
    [*((t, "due") for t in each(REVIEW_DUE)), *((t, "missed") for t in each(REVIEW_MISSED))],
)
def test_a_review_is_a_quiz_on_what_is_due_or_was_missed(text: str, which: str) -> None:
    question = understand(text)
    assert (question.intent, question.which, question.topic) == ("quiz", which, "")
    assert asks_review(text) == which


@pytest.mark.parametrize("text", each(QUESTIONS))
def test_the_notes_are_asked_everything_else(text: str) -> None:
    assert intent_of(text) != "progress" and not asks_review(text)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("how am I doing on GANs?", "GANs"),
        ("how is my progress in the diffusion models so far?", "diffusion models"),
        ("how good am I at mode collapse?", "mode collapse"),
        ("how am I doing in general?", ""),
        ("how am I doing?", ""),
        ("what is due on Monday?", ""),
    ],
)
def test_progress_may_be_asked_for_one_topic(text: str, topic: str) -> None:
    assert progress_topic(text) == topic


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("make a quiz with the ones I missed", "missed"),
        ("make a quiz out of my mistakes", "missed"),
        ("a quiz with the cards that are due please", "due"),
        ("give me a quiz with everything scheduled for today", "due"),
        ("quiz me on GANs, the loss above all", ""),
        ("quiz me on what a GAN is", ""),
    ],
)
def test_a_wish_for_a_quiz_may_name_what_is_due_or_was_missed(text: str, which: str) -> None:
    assert understand(text).which == which


@pytest.mark.parametrize(
    ("text", "kinds", "topic"),
    [
        ("quiz me on GANs with multiple choice questions", ("choice", "definition", "term"), "GANs"),
        ("give me 5 true or false questions on diffusion", ("true-false",), "diffusion"),
        ("give me a fill in the blanks quiz on VAEs", ("cloze",), "VAEs"),
        ("ask me open questions about attention", ("short", "explain"), "attention"),
        ("quiz me on open models", (), "open models"),
        ("quiz me on matching networks", (), "matching networks"),
    ],
)
def test_a_wish_for_a_quiz_may_name_kinds_of_questions(text: str, kinds: tuple[str, ...], topic: str) -> None:
    question = understand(text)
    assert (question.intent, question.kinds, question.topic) == ("quiz", kinds, topic)


def test_a_number_may_stand_before_the_kind() -> None:
    assert understand("give me 5 true or false questions on diffusion").count == 5
    assert understand("true or false: GANs are unstable").intent == "check"


def test_a_plain_quiz_is_on_what_the_student_names() -> None:
    question = understand("quiz me on GANs")
    assert (question.intent, question.which, question.topic) == ("quiz", "", "GANs")
