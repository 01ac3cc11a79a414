"""The guess at what a message asks for where no rule knows its words, and its fit on example messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutor.adapter import INTENTS, Adapter
from tutor.embedding import Embedding
from tutor.evaluation.routing import (
    Message,
    is_right,
    load_messages,
    route_of,
    routed,
)
from tutor.index import open_index, refresh_index
from tutor.intents import Intent
from tutor.questions import Question, understand
from tutor.retrieval import Retriever
from tutor.router import Router
from tutor.turns import Style


@pytest.fixture(scope="module")
def bundled(small_retriever: Retriever) -> Router:
    return Router(small_retriever, Adapter(small_retriever.embedding, INTENTS))


# -- masking -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("quiz me on mode collapse", "quiz me on X"),
        ("Explain Mode Collapse to my grandma", "Explain X to my grandma"),
        ("PacGAN or GANs", "X or X"),
        ("Show me generative adversarial networks in code, please!", "Show me X in code , please !"),
        ("a generator's discriminator", "a generator's discriminator"),
        ("hello world", "hello world"),
    ],
)
def test_names_and_titles_of_the_notes_are_masked_and_nothing_else(
    text: str, masked: str, bundled: Router
) -> None:
    assert bundled.masked(text) == masked


def test_words_of_wishes_stay_although_a_title_holds_them(tmp_path: Path, embedding: Embedding) -> None:
    (tmp_path / "notes").mkdir()
    note = "# Flow model: train, test, sample\n\nA flow model maps noise to data by a sequence of steps.\n"
    (tmp_path / "notes" / "flow.md").write_text(note, encoding="utf-8")
    refresh_index([tmp_path / "notes"], tmp_path / "index", embedding)
    index = open_index(tmp_path / "index")
    router = Router(Retriever(index, embedding), Adapter(embedding, INTENTS))
    assert router.masked("test the model on a training sample of a flow") == (
        "test the model on a training sample of a X"
    )
    index.close()


def test_a_chinese_message_is_masked_in_english(bundled: Router) -> None:
    assert bundled.masked("模式崩溃是什么").split()[0] == "X"


def test_the_topic_does_not_change_what_is_guessed(bundled: Router) -> None:
    assert bundled("quiz me on GANs") == bundled("quiz me on mode collapse")


def test_nothing_is_guessed_with_other_embedding_weights(
    small_retriever: Retriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = Adapter(small_retriever.embedding, INTENTS)
    monkeypatch.setattr(Adapter, "fits", False)
    assert Router(small_retriever, adapter)("quiz me on GANs") == {}


# -- the bundled weights -----------------------------------------------------------------------------------------

UNUSUAL = [
    ("I'm gonna need mode collapse as a picture book", "eli5"),
    ("throw some stumpers at me about GANs", "quiz"),
    ("stick everything we said into a document I can reread tonight", "save"),
    ("let it play out on my screen, the GAN training", "demo"),
    ("which came out on top in the duel, GANs or PacGAN?", "compare"),
    ("what was all this about, in a nutshell, since I sat down", "summary"),
    ("scribble the keras lines for a generator", "code"),
    ("my year-10 class needs to hear about GANs", "school"),
    ("talk to me as you would to a reviewer at NeurIPS: GANs", "expert"),
    ("chart the ideas in my notes and the links between them", "map"),
    ("how tall is the Eiffel tower", "outside"),
]


def test_the_bundled_weights_know_every_route(embedding: Embedding) -> None:
    assert set(Adapter(embedding, INTENTS).labels) == {
        message.route for message in load_messages("routing-train")
    }


@pytest.mark.parametrize(("text", "route"), UNUSUAL)
def test_the_bundled_weights_guess_unusual_wishes(text: str, route: str, bundled: Router) -> None:
    likely = bundled(text)
    assert max(likely, key=lambda label: likely[label]) == route
    assert sum(likely.values()) == pytest.approx(1.0, abs=1e-5)


def test_the_unusual_wishes_were_not_learned() -> None:
    learned = {message.text for message in load_messages("routing-train")}
    assert not learned & {text for text, _ in UNUSUAL}


def test_a_guess_routes_what_no_rule_knows(bundled: Router) -> None:
    wish = Message("1", "throw some stumpers at me about GANs", "quiz")
    assert routed(wish, None) == "explain"
    assert routed(wish, bundled) == "quiz"


# -- routes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("intent", "style", "route"),
    [
        ("explain", "plain", "explain"),
        ("explain", "eli5", "eli5"),
        ("list", "school", "school"),
        ("formula", "expert", "expert"),
        ("code", "eli5", "eli5"),
        ("compare", "eli5", "compare"),
        ("check", "expert", "check"),
        ("quiz", "eli5", "quiz"),
        ("map", "expert", "map"),
        ("greeting", "plain", "talk"),
        ("thanks", "eli5", "talk"),
        ("help", "plain", "talk"),
        ("small_talk", "plain", "talk"),
    ],
)
def test_a_route_is_the_intent_or_the_level_of_an_answer(intent: Intent, style: Style, route: str) -> None:
    assert route_of(Question("", intent, style, "")) == route


def test_a_message_is_routed_in_the_light_of_its_history() -> None:
    said = ({"role": "user", "content": "What is a GAN?"}, {"role": "assistant", "content": "Two networks."})
    again = "I don't get it"
    assert route_of(understand(again)) == "explain"
    assert routed(Message("1", again, "eli5", history=said), None) == "eli5"


@pytest.mark.parametrize(
    ("message", "right", "wrong"),
    [
        (Message("1", "", "quiz"), ("quiz",), ("explain", "outside", "demo")),
        (Message("2", "", "explain", also=("list", "eli5")), ("explain", "list", "eli5"), ("school", "code")),
        (
            Message("3", "", "outside"),
            ("outside", "explain", "list", "compare", "code", "formula", "check"),
            ("quiz", "demo", "talk", "save", "map", "summary", "eli5"),
        ),
    ],
)
def test_a_route_is_right_where_it_serves_the_message(
    message: Message, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    assert [is_right(message, route) for route in right] == [True] * len(right)
    assert [is_right(message, route) for route in wrong] == [False] * len(wrong)


def test_only_quizzes_and_demos_need_a_tool() -> None:
    tools = {route: Message("1", "", route).tool for route in ("quiz", "demo", "map", "explain")}
    assert tools == {"quiz": "make_quiz", "demo": "run_demo", "map": None, "explain": None}
