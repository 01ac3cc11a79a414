"""Which messages ask for the evidence of the last answer, and which ask the notes."""

from __future__ import annotations

import pytest

from tutor.doubts import asks_evidence
from tutor.intents import intent_of
from tutor.questions import Said, understand

WISHES = """show the evidence | Show me the evidence, please | can you show me the evidence for that?
    | what's the evidence? | where is the evidence for your last answer? | what is your source? | show me your sources
    | why did you say that? | Why do you think so? | what makes you say that? | how do you know?
    | ok, and how do you know that?
    | where does that come from? | Where does this answer come from? | where did you get that from?
    | what did you find? | what else did you find in my notes? | what did you leave out? | what was rejected?
    | which passages did you reject? | which notes did you use? | what is your answer based on? | says who?
    | are you sure about that? | do my notes really say that? | why didn't you answer? | why did you refuse to answer?
    | why don't my notes cover that? | 依据是什么？ | 给我看依据 | 你怎么知道的？ | 你为什么这么说？ | 你漏掉了什么？"""
QUESTIONS = """what is evidence in variational inference? | what is the evidence lower bound? | what is evidence?
    | evidence | how do you know when a GAN has converged? | how do you know that a GAN has converged?
    | where does the noise come from?
    | where does it come from? | why do you say that GANs are slow? | what did you find about GANs? | show me the proof
    | are you sure that GANs are slow | what was left out of the training set? | why is dropout not used at test time?
    | what sources of noise are there? | show me the source code | references? | what is a VAE based on?
    | is there any evidence that GANs memorise? | what is the evidence for the manifold hypothesis?
    | 变分推断中的证据是什么？ | show me a GAN training"""


@pytest.mark.parametrize("text", [text.strip() for text in WISHES.split("|")])
def test_a_wish_for_the_evidence_is_heard(text: str) -> None:
    assert asks_evidence(text) and asks_evidence(text.upper())
    assert intent_of(text) == "evidence"
    history = (Said("user", "What is a GAN?"), Said("assistant", "A GAN has two networks."))
    assert understand(text, history).intent == "evidence"


@pytest.mark.parametrize("text", [text.strip() for text in QUESTIONS.split("|")])
def test_a_question_that_names_a_thing_stays_a_question(text: str) -> None:
    assert not asks_evidence(text)
    assert intent_of(text) != "evidence"


def test_two_such_wishes_in_one_message_are_one() -> None:
    assert asks_evidence("How do you know that? Show the evidence.")
    assert not asks_evidence("How do you know that? What is a GAN?")
