"""The guess at what a message asks for where no rule knows its words, and its fit on example messages."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tutor.embedding import Embedding
from tutor.evaluation.routing import (
    Message,
    fit_router,
    is_right,
    load_messages,
    route_of,
    routed,
    write_weights,
)
from tutor.index import open_index, refresh_index
from tutor.intents import Intent
from tutor.questions import Question, understand
from tutor.retrieval import Retriever
from tutor.router import Router, RouterWeights, features, read_weights, terms_of, weigh_terms
from tutor.turns import Style

LESSONS = [
    Message(f"m{number}", text, route)
    for number, (text, route) in enumerate(
        [
            ("quiz me on GANs", "quiz"),
            ("quiz me on mode collapse", "quiz"),
            ("a quiz on GANs please", "quiz"),
            ("put me to the test on networks", "quiz"),
            ("tell me about GANs", "explain"),
            ("tell me about mode collapse", "explain"),
            ("why is mode collapse bad?", "explain"),
            ("why is a GAN hard to train?", "explain"),
            ("keep our chat in a file", "save"),
            ("keep our talk for later", "save"),
            ("put our chat away in my folder", "save"),
            ("file our chat away", "save"),
        ]
    )
]


@pytest.fixture(scope="module")
def fitted(small_retriever: Retriever) -> RouterWeights:
    return fit_router(small_retriever, LESSONS)


@pytest.fixture(scope="module")
def bundled(small_retriever: Retriever) -> Router:
    return Router(small_retriever, read_weights())


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
    router = Router(Retriever(index, embedding), read_weights())
    assert router.masked("test the model on a training sample of a flow") == (
        "test the model on a training sample of a X"
    )
    index.close()


def test_a_chinese_message_is_masked_in_english(bundled: Router) -> None:
    assert bundled.masked("模式崩溃是什么").split()[0] == "X"


def test_the_topic_does_not_change_what_is_guessed_from_words(bundled: Router) -> None:
    terms = read_weights().terms
    gan, collapse = (bundled.masked(f"quiz me on {topic}") for topic in ("GANs", "mode collapse"))
    assert weigh_terms(gan, terms).any()
    assert (weigh_terms(gan, terms) == weigh_terms(collapse, terms)).all()


# -- weights of words --------------------------------------------------------------------------------------------


def test_terms_are_words_and_pairs_of_neighbours() -> None:
    found = terms_of("Quiz me on X, me on?")
    assert found == Counter(
        {
            "quiz": 1,
            "me": 2,
            "on": 2,
            "x": 1,
            "?": 1,
            "quiz me": 1,
            "me on": 2,
            "on x": 1,
            "x me": 1,
            "on ?": 1,
        }
    )


def test_each_chinese_character_is_a_term() -> None:
    assert terms_of("考我") == Counter({"考": 1, "我": 1, "考 我": 1})


def test_a_term_weighs_one_plus_its_log_count_times_its_rarity() -> None:
    terms = {"quiz": (0, 2.0), "quiz me": (1, 3.0), "x": (2, 1.0), "absent": (3, 9.0)}
    # (1 + ln 2) * 2 = 3.3863, 1 * 3, 1 * 1; the length is sqrt(11.4670 + 9 + 1) = 4.6332.
    wanted = [0.73087, 0.64749, 0.21583, 0.0]
    assert weigh_terms("quiz me on X quiz", terms).tolist() == pytest.approx(wanted, abs=1e-5)


def test_a_message_without_known_terms_weighs_nothing() -> None:
    assert weigh_terms("something else", {"quiz": (0, 2.0)}).tolist() == [0.0]


# -- fitting -----------------------------------------------------------------------------------------------------


def test_the_fit_keeps_terms_of_two_messages_with_their_rarity(fitted: RouterWeights) -> None:
    assert fitted.labels == ("explain", "quiz", "save")
    # Twelve messages: "our" stands in four, "quiz me" in two, "grandma" in none and "bad" in one.
    assert fitted.terms["our"][1] == pytest.approx(math.log(13 / 5) + 1)
    assert fitted.terms["quiz me"][1] == pytest.approx(math.log(13 / 3) + 1)
    assert not {"grandma", "bad", "gan"} & set(fitted.terms)
    assert sorted(place for place, _ in fitted.terms.values()) == list(range(len(fitted.terms)))


def test_a_fitted_router_knows_its_lessons_and_a_new_topic(
    fitted: RouterWeights, small_retriever: Retriever
) -> None:
    router = Router(small_retriever, fitted)
    for text, route in [
        *((one.text, one.route) for one in LESSONS),
        ("quiz me on adversarial networks", "quiz"),
    ]:
        likely = router(text)
        assert max(likely, key=lambda label: likely[label]) == route


def test_rows_made_together_are_those_made_one_by_one(
    fitted: RouterWeights, small_retriever: Retriever
) -> None:
    router = Router(small_retriever, fitted)
    texts = ["quiz me on PacGAN", "what was that?"]
    scores = features(router, texts, fitted.terms) @ fitted.matrix + fitted.bias
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    for text, row in zip(texts, shares, strict=True):
        assert list(router(text).values()) == pytest.approx(row.tolist(), abs=1e-4)


def test_written_weights_are_read_back_within_half_precision(
    fitted: RouterWeights, small_retriever: Retriever, tmp_path: Path
) -> None:
    write_weights(fitted, tmp_path / "weights.npz")
    read = read_weights(tmp_path / "weights.npz")
    assert read.labels == fitted.labels
    assert {term: place for term, (place, _) in read.terms.items()} == {
        term: place for term, (place, _) in fitted.terms.items()
    }
    before, after = Router(small_retriever, fitted), Router(small_retriever, read)
    for text in ("quiz me on PacGAN", "keep it in a file", "why?", ""):
        assert after(text) == pytest.approx(before(text), abs=2e-3)
        assert sum(after(text).values()) == pytest.approx(1.0, abs=1e-5)


# -- the bundled weights -----------------------------------------------------------------------------------------

UNUSUAL = [
    ("I'm gonna need mode collapse as a picture book", "eli5"),
    ("throw some stumpers at me about GANs", "quiz"),
    ("stick everything we said into a document I can reread tonight", "save"),
    ("let it play out on my screen, the GAN training", "demo"),
    ("which came out on top in the duel, GANs or VAEs?", "compare"),
    ("what was all this about, in a nutshell, since I sat down", "summary"),
    ("scribble the keras lines for a generator", "code"),
    ("my year-10 class needs to hear about GANs", "school"),
    ("talk to me as you would to a reviewer at NeurIPS: GANs", "expert"),
    ("chart the ideas in my notes and the links between them", "map"),
    ("how tall is the Eiffel tower", "outside"),
]


def test_the_bundled_weights_know_every_route() -> None:
    assert set(read_weights().labels) == {message.route for message in load_messages("routing-train")}


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
