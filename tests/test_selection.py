"""Which sentences answer a question: ranked, chosen without repetition, in the author's order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tutor.grounding import Evidence, evidence_in
from tutor.notes.note import Text
from tutor.passages import Passage, PassageKind
from tutor.questions import Question, understand
from tutor.ranking import Ranked, rank, retrieve
from tutor.retrieval import Retriever
from tutor.selection import MOST_SENTENCES, choose, in_order, is_item, repeats
from tutor.turns import STYLES, Style


def passage(
    words: str, *, name: str = "p", heading: tuple[str, ...] = (), kind: PassageKind = "prose"
) -> Passage:
    return Passage(name, "gan.md", "GAN", heading, kind, Text(words, ((0, 1),), 1 + words.count("\n")))


def chosen(retriever: Retriever, message: str, style: Style | None = None) -> list[Evidence]:
    question = understand(message, style=style)
    return choose(question, rank(retriever, question, retrieve(retriever, question)))


# -- chosen ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "begins"),
    [
        ("What is mode collapse?", "Mode collapse is a failure"),
        ("What is a GAN?", "A generative adversarial network (GAN) is"),
        ("What does a diffusion model learn?", "A diffusion model learns"),
        ("What does D(x) answer at equilibrium?", "At equilibrium the discriminator"),
    ],
)
def test_the_sentence_that_answers_leads(small_retriever: Retriever, message: str, begins: str) -> None:
    assert chosen(small_retriever, message)[0].text.startswith(begins)


@pytest.mark.parametrize("message", ["How can mode collapse be avoided?", "What prevents mode collapse?"])
def test_the_remedies_answer_how_to_avoid_something(small_retriever: Retriever, message: str) -> None:
    texts = [piece.text for piece in chosen(small_retriever, message)]
    assert any("PacGAN" in text for text in texts) and any("Minibatch" in text for text in texts)


@pytest.mark.parametrize("style", ["plain", "expert"])
@pytest.mark.parametrize(
    "message", ["What is a GAN?", "What is mode collapse?", "What does the generator do?"]
)
def test_no_more_sentences_than_the_style_allows_and_none_twice(
    small_retriever: Retriever, message: str, style: Style
) -> None:
    pieces = chosen(small_retriever, message, style)
    assert 1 <= len(pieces) <= MOST_SENTENCES[style]
    for i, piece in enumerate(pieces):
        if piece.passage.kind not in ("card", "quiz"):
            assert not repeats(piece.text, [other.text for other in pieces[:i]])


# -- order and repetition ----------------------------------------------------------------------------------------


def test_sentences_stand_in_the_authors_order_the_leads_passage_first() -> None:
    first = evidence_in(passage("One is so. Two is so. Three is so.", name="a"))
    second = evidence_in(passage("Four is so. Five is so.", name="b"))
    assert in_order([second[1], first[2], second[0], first[0]]) == [second[0], second[1], first[0], first[2]]


def test_of_a_summary_the_lead_comes_first() -> None:
    pieces = evidence_in(passage("- One is so.\n- Two is so.\n- Three is so.", heading=("In short",)))
    assert in_order([pieces[2], pieces[0]]) == [pieces[2], pieces[0]]


def test_nothing_put_in_order_is_nothing() -> None:
    assert in_order([]) == []


def test_an_item_of_a_list_is_known_by_its_mark() -> None:
    pieces = evidence_in(passage("Before it.\n- One is so. More of it.\n* Two is so."))
    assert [is_item(piece) for piece in pieces] == [False, True, False, True]


@pytest.mark.parametrize(
    ("sentence", "said", "again"),
    [
        ("The generator turns noise into samples.", "The generator turns random noise into samples.", True),
        ("The critic scores samples.", "The generator turns random noise into samples.", False),
        ("", "The generator turns random noise into samples.", False),
    ],
)
def test_a_sentence_that_repeats_another_is_noticed(sentence: str, said: str, again: bool) -> None:
    assert repeats(sentence, [said]) is again
    assert not repeats(sentence, [])


# -- programs ----------------------------------------------------------------------------------------------------


def scored(piece: Evidence, score: float) -> Ranked:
    return Ranked(piece, piece.text, score, score, np.zeros(1, np.float32))


def program(title: str, section: str, score: float) -> Ranked:
    found = Passage(title, f"{title}.md", title, (section,), "code", Text(f"x = {score}", ((0, 1),), 1))
    return scored(Evidence(found, 0, len(found.text.words)), score)


def test_a_program_of_the_very_thing_is_chosen_and_one_sentence_of_its_note() -> None:
    own = program("The VAE", "In PyTorch", 0.6)
    told = passage("A VAE is trained by gradients.")
    told = replace(told, note=own.piece.passage.note)
    ranked = [
        program("VQ-VAE", "In PyTorch", 0.9),
        scored(evidence_in(passage("Codes decode to nonsense."))[0], 0.8),
        program("The VAE", "A worked number", 0.7),
        own,
        scored(evidence_in(told)[0], 0.5),
    ]
    asked = Question("show me code for a VAE", "code", "plain", "VAE")
    assert choose(asked, ranked) == [own.piece, ranked[-1].piece]


def test_every_level_has_its_most_sentences() -> None:
    assert set(MOST_SENTENCES) == set(STYLES)
