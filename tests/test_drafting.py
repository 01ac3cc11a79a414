"""A fitted model's draft from numbered sentences: its numbers are looked into, its refusals weighed with the gate."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel

import tutor.ranking
from tutor.answering import Answering
from tutor.drafting import CERTAIN, given_sentences, marked_sentences
from tutor.models import ChosenModel
from tutor.prompts import NOT_SAID
from tutor.questions import understand
from tutor.ranking import Findings, find
from tutor.retrieval import Retriever
from tutor.turns import Answer, Notice, Style

ASKED = "What is a GAN?"
TRUE = "The generator turns random noise into samples."
LIE = "The discriminator turns random noise into samples."


@pytest.fixture
def fitted(scripted: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *answers: scripted(*answers, answers_numbered=True)


def ask(
    retriever: Retriever, message: str, chat: BaseChatModel, style: Style = "plain", cancelled: bool = False
) -> tuple[list[Any], Answer]:
    cancel = threading.Event()
    if cancelled:
        cancel.set()
    answering = Answering(retriever, ChosenModel("scripted", chat, "for the test"))
    events = list(answering.answer(understand(message, (), style), cancel))
    assert isinstance(events[-1], Answer)
    return events, events[-1]


def number_of(retriever: Retriever, words: str) -> int:
    """The number under which a fitted model is given the sentence that holds these words."""
    question = understand(ASKED)
    given = given_sentences(question, find(retriever, question).ranked)
    return next(n for n, piece in enumerate(given, 1) if words in piece.text)


@pytest.fixture
def gate_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """gate_says(probability): of every question, that the notes answer it, so surely."""

    def says(probability: float) -> None:
        real = tutor.ranking.weigh

        def weighed(*arguments: Any) -> Findings:
            found = real(*arguments)
            return replace(found, gate=replace(found.gate, probability=probability), answered=True)

        monkeypatch.setattr("tutor.answering.weigh", weighed)

    return says


# -- what the draft says


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("[1] A thing. [2] [3] It is red.", [("A thing.", (1,)), ("It is red.", (2, 3))]),
        ("[2] A thing. It is red.", [("A thing.", (2,)), ("It is red.", (2,))]),
        ("[1] A thing.[2][3] It is red.", [("A thing.", (1,)), ("It is red.", (2, 3))]),
        ("[12] A has 0.5 of it, e.g. half. [1] Cut of", [("A has 0.5 of it, e.g. half.", (12,))]),
        ("[2] The value x[1] is first.", [("The value x[1] is first.", (2,))]),
        ("[2] A thing [2].", [("A thing.", (2,))]),
        ("[1] [CLS] opens it. [2] It ends.", [("[CLS] opens it.", (1,)), ("It ends.", (2,))]),
        ("[1] It is “red.” [2] It is “blue.”", [("It is “red.”", (1,)), ("It is “blue.”", (2,))]),
        ("It has no number.", [("It has no number.", ())]),
        (NOT_SAID, [(NOT_SAID, ())]),
        ("  ", []),
    ],
)
def test_a_draft_is_taken_apart_however_it_arrives(
    text: str, sentences: list[tuple[str, tuple[int, ...]]]
) -> None:
    for size in (1, 3, 100):
        parts = [text[begin : begin + size] for begin in range(0, len(text), size)]
        assert list(marked_sentences(parts)) == sentences


def test_a_sentence_comes_as_soon_as_the_next_number_stands_there() -> None:
    taken: list[str] = []

    def words() -> Iterator[str]:
        for word in ("[1]", " A thing.", " [2]", " It", " is red."):
            taken.append(word)
            yield word

    assert next(marked_sentences(words())) == ("A thing.", (1,))
    assert taken == ["[1]", " A thing.", " [2]"]


# -- what it is given


def test_the_model_is_given_the_numbered_sentences_without_code(
    small_retriever: Retriever, fitted: Callable[..., Any]
) -> None:
    chat = fitted(f"[1] {TRUE}")
    ask(small_retriever, ASKED, chat)
    ((message,),) = chat._asked
    first, *notes, last = message.content.split("\n")
    numbers = [int(found[1]) for line in notes if (found := re.match(r"\[(\d)\] \S", line))]
    assert numbers == list(range(1, len(numbers) + 1)) and 4 <= len(numbers) <= 8
    assert first == last == f"Question: {ASKED}"
    assert "copies them" not in message.content  # the author struck it out


def test_those_that_code_would_answer_with_come_first(small_retriever: Retriever) -> None:
    question = understand(ASKED)
    ranked = find(small_retriever, question).ranked
    given = given_sentences(question, ranked)
    assert given[0] == ranked[0].piece and len(set(map(id, given))) == len(given)


# -- what is kept of it


def test_the_answer_is_the_draft_alone_with_citations_of_the_notes(
    small_retriever: Retriever, fitted: Callable[..., Any]
) -> None:
    chat = fitted(f"[{number_of(small_retriever, 'turns random noise')}] {TRUE}")
    _, answer = ask(small_retriever, ASKED, chat)
    assert answer.answer == f"{TRUE} [1]"
    (cited,) = answer.citations
    assert "turns random noise" in cited.quote


def test_a_wrong_number_does_not_take_the_proof_away(
    small_retriever: Retriever, fitted: Callable[..., Any]
) -> None:
    wrong = number_of(small_retriever, "estimates the probability")
    for number in (wrong, 99):
        _, answer = ask(small_retriever, ASKED, fitted(f"[{number}] {TRUE}"))
        assert answer.answer == f"{TRUE} [1]" and "turns random noise" in answer.citations[0].quote


def test_a_false_sentence_is_replaced_by_the_one_that_it_names(
    small_retriever: Retriever, fitted: Callable[..., Any]
) -> None:
    named = number_of(small_retriever, "The discriminator estimates")
    _, answer = ask(small_retriever, ASKED, fitted(f"[{named}] {LIE} [{named}] {LIE}"))
    assert answer.answer == "The discriminator estimates the probability that a sample is real. [1]"
    assert answer.evidence is not None
    assert [dropped.text for dropped in answer.evidence.dropped] == [LIE, LIE]


@pytest.mark.parametrize("draft", [LIE, f"[99] {LIE}", "", "The generator turns"])
def test_where_nothing_is_kept_the_notes_own_sentences_answer(
    small_retriever: Retriever, scripted: Callable[..., Any], fitted: Callable[..., Any], draft: str
) -> None:
    bare = Answering(small_retriever, ChosenModel("notes-only", None, "for the test"))
    (*_, wanted) = bare.answer(understand(ASKED))
    assert ask(small_retriever, ASKED, fitted(draft))[1].answer == wanted.answer  # type: ignore[union-attr]


def test_an_answer_in_depth_is_filled_up_by_the_notes(
    small_retriever: Retriever, fitted: Callable[..., Any]
) -> None:
    chat = fitted(f"[{number_of(small_retriever, 'turns random noise')}] {TRUE}")
    _, answer = ask(small_retriever, ASKED, chat, "expert")
    assert answer.sentences[0].text == TRUE and len(answer.sentences) == 3


def test_a_model_that_fails_is_named_and_the_notes_go_on(
    small_retriever: Retriever, fitted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = fitted(f"[{number_of(small_retriever, 'turns random noise')}] {TRUE} [1] The generator sees")
    streamed = type(chat)._stream

    def failing(*arguments: Any, **more: Any) -> Iterator[Any]:
        yield from streamed(*arguments, **more)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(type(chat), "_stream", failing)
    events, answer = ask(small_retriever, ASKED, chat)
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert "out of memory" in notice.text
    assert answer.sentences[0].text == TRUE and len(answer.sentences) == 3


def test_cancelled_before_the_model_speaks_one_sentence_is_shown(
    small_retriever: Retriever, fitted: Callable[..., Any]
) -> None:
    _, answer = ask(small_retriever, ASKED, fitted(f"[1] {TRUE}"), cancelled=True)
    assert len(answer.sentences) == 1 and not answer.refused


# -- refusals


def test_the_model_refuses_where_the_gate_was_not_certain(
    small_retriever: Retriever, fitted: Callable[..., Any], gate_says: Callable[[float], None]
) -> None:
    gate_says(CERTAIN - 0.1)
    _, answer = ask(small_retriever, ASKED, fitted(NOT_SAID))
    assert answer.refused and answer.nearest and answer.nearest[0] in answer.answer
    assert answer.citations == ()


def test_a_refusal_does_not_outweigh_a_gate_that_is_certain(
    small_retriever: Retriever, fitted: Callable[..., Any], gate_says: Callable[[float], None]
) -> None:
    gate_says(CERTAIN + 0.1)
    _, answer = ask(small_retriever, ASKED, fitted(NOT_SAID))
    assert not answer.refused and {sentence.support for sentence in answer.sentences} == {"quoted"}
    assert answer.evidence is not None and answer.evidence.dropped[0].text == NOT_SAID


def test_a_refusal_after_an_answer_is_left_out(
    small_retriever: Retriever, fitted: Callable[..., Any], gate_says: Callable[[float], None]
) -> None:
    gate_says(CERTAIN - 0.1)
    _, answer = ask(small_retriever, ASKED, fitted(f"[1] {TRUE} {NOT_SAID}"))
    assert answer.answer == f"{TRUE} [1]"


@pytest.mark.parametrize("message", ["什么是GAN？", "The discriminator turns noise into samples, right?"])
def test_what_it_never_learned_to_answer_it_is_not_asked(
    small_retriever: Retriever, fitted: Callable[..., Any], message: str
) -> None:
    chat = fitted(NOT_SAID)
    _, answer = ask(small_retriever, message, chat)
    assert chat._asked == [] and not answer.refused
