"""What a chat model may change about an item, and what is thrown away: scripted models, and a real similarity."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tutor.quiz.items import Item, Option
from tutor.quiz.rewording import Rewording, rewords
from tutor.turns import Citation

FACT = "Mode collapse is a failure of GAN training in which the generator makes only a few kinds of output."
ITEM = Item(
    "i1", "choice", "What is mode collapse in a GAN?",
    (Option("o1", "Only a few kinds of output are made"), Option("o2", "The loss becomes negative"),
     Option("o3", "The noise is too small")),
    "o1", FACT, Citation(1, "gan.md", (3, 3), FACT), FACT, ("Failures",), "gan.md", "f1", "Mode collapse",
)  # fmt: skip


@pytest.fixture
def similarity(embedding: Any) -> Any:
    def cosine(one: str, other: str) -> float:
        a, b = embedding.embed_texts([one, other])
        return float(a @ b)

    return cosine


def said(**value: str) -> str:
    return json.dumps(value)


@pytest.mark.parametrize(
    "text", ["What does mode collapse mean for a GAN?", "What is meant by mode collapse of a GAN?"]
)
def test_the_same_question_in_other_words_is_taken(text: str, similarity: Any) -> None:
    assert rewords(text, ITEM, similarity)


@pytest.mark.parametrize(
    "text",
    [
        "What is mode collapse in a VAE?",  # another name
        "What is mode collapse in 2 GANs?",  # a number
        "What is not mode collapse in a GAN?",  # a negation
        "Why is there mode collapse in a GAN?",  # another kind of question
        "What makes a GAN give only a few kinds of output?",  # it gives the key away
        "What is the discriminator of a GAN?",  # another meaning
        "What is mode collapse in a GAN?",  # a copy
        "Mode collapse happens in a GAN.",  # no question
    ],
)
def test_what_asks_something_else_or_tells_the_answer_is_thrown_away(text: str, similarity: Any) -> None:
    assert not rewords(text, ITEM, similarity)


def test_a_sound_wording_makes_another_item_and_names_its_maker(scripted: Any, similarity: Any) -> None:
    wording = Rewording(
        scripted(said(question="What does mode collapse mean for a GAN?")), "some-model", similarity
    )
    made = wording.reworded(ITEM)
    assert made.stem == "What does mode collapse mean for a GAN?" and made.maker == "some-model"
    assert made.id != ITEM.id and (made.key, made.options, made.citation) == (
        ITEM.key,
        ITEM.options,
        ITEM.citation,
    )


def test_the_same_question_under_another_topic_has_a_wording_of_its_own(
    scripted: Any, similarity: Any
) -> None:
    texts = [f"{lead}What does mode collapse mean for a GAN?" for lead in ("", "On FID: ")]
    wording = Rewording(scripted(*(said(question=text) for text in texts)), "m", similarity)
    items = [ITEM, replace(ITEM, stem=f"On FID: {ITEM.stem}")]
    assert [wording.reworded(item).stem for item in items] == texts


def test_a_second_try_is_made_and_a_third_is_not(scripted: Any, similarity: Any) -> None:
    good = said(question="What does mode collapse mean for a GAN?")
    assert Rewording(scripted("no JSON", good), "m", similarity).reworded(ITEM).maker == "m"
    assert Rewording(scripted(said(question="Why so?"), good), "m", similarity).reworded(ITEM).maker == "m"
    chat = scripted(said(question="Why so?"), said(question="Why?"), good)
    assert Rewording(chat, "m", similarity).reworded(ITEM) == ITEM


def test_a_model_that_fails_changes_nothing(similarity: Any) -> None:
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    from tutor.errors import ModelError

    class Broken(FakeListChatModel):
        def stream(self, *args: Any, **kwargs: Any) -> Any:
            raise ModelError("It is gone", "Choose another model.")

    assert Rewording(Broken(responses=[""]), "m", similarity).reworded(ITEM) == ITEM


def test_a_wording_is_asked_for_once(scripted: Any, similarity: Any) -> None:
    chat = scripted(said(question="What does mode collapse mean for a GAN?"), said(question="Why so?"))
    wording = Rewording(chat, "m", similarity)
    assert wording.reworded(ITEM) == wording.reworded(ITEM)
    assert len(chat._asked) == 1
