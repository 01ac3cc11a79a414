"""The suite `teaching` counts what it says it counts; its sets have the sizes that the report states."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from pydantic import BaseModel

import tutor.evaluation.routing
import tutor.evaluation.teaching
from tutor.evaluation.report import Measure
from tutor.evaluation.routing import Message, load_messages
from tutor.evaluation.teaching import (
    History,
    Taught,
    _covered,
    _Said,
    follow_ups,
    holds,
    read_set,
    refused_arguments,
    teaching,
)
from tutor.recap import recap
from tutor.retrieval import Retriever
from tutor.tools import make_tools
from tutor.turns import Answer, Citation, Meters, Sentence, event_to_json

ROOT = Path(__file__).resolve().parent.parent
NOTE = "# GAN\n\nA GAN trains two networks against each other.\nThe generator turns noise into samples.\n"
TWO = "A GAN trains two networks against each other."
NOISE = "The generator turns noise into samples."

ROUTING: list[dict[str, Any]] = [
    {"id": "quiz", "message": "Quiz me", "route": "quiz"},
    {"id": "explained", "message": "What is a GAN?", "route": "explain"},
    {"id": "also", "message": "GANs and VAEs", "route": "compare", "also": ["list"]},
    {"id": "outside", "message": "Paris?", "route": "outside"},
    {"id": "no-demo", "message": "Run it", "route": "demo"},
    {"id": "needless-quiz", "message": "What is the test set?", "route": "explain"},
    {"message": "the loss", "route": "formula"},
]
ROUTES = {
    "quiz": "quiz",
    "explained": "explain",
    "also": "list",
    "outside": "check",
    "no-demo": "explain",
    "needless-quiz": "quiz",
    "routing-held-out-7": "code",
}
STATEMENTS = [  # id, statement, verdict, what the judge says
    ("t1", "True and found.", "true", "true"),
    ("t2", "True and missed.", "true", "absent"),
    ("f1", "False and found.", "false", "false"),
    ("f2", "False and confirmed.", "false", "true"),
    ("f3", "False and taken for mixed.", "false", "mixed"),
    ("m1", "Mixed and confirmed.", "mixed", "true"),
    ("a1", "Absent and found.", "absent", "absent"),
    ("a2", "Absent and confirmed.", "absent", "true"),
]
SIMPLE: list[dict[str, Any]] = [
    {"id": "easy", "message": "GAN like I'm 5", "facts": ["two networks", "a trained critic of paintings"]},
    {"id": "hard", "message": "VAE like I'm 5", "facts": ["two networks"]},
    {"id": "refused", "message": "Rome like I'm 5", "facts": ["seven hills"]},
]
FIRST, FOLLOW, CODE = "What is a GAN made of?", "where does its noise go to?", "and how is that written down?"
TALK: list[dict[str, Any]] = [
    {"message": FIRST, "standalone": FIRST, "notes": ["gan.md"], "follow_up": False},
    {"message": FOLLOW, "standalone": "Where does a GAN's noise go?", "notes": ["gan.md"], "follow_up": True},
    {"message": CODE, "standalone": "Show GAN code.", "notes": ["gan.md"], "follow_up": True},
    {"message": "what is Rome famous for?", "standalone": "Rome?", "notes": ["gan.md"], "follow_up": True},
]


def said(text: str, *lines: int, style: Any = "plain", fkgl: float = 4.0, **rest: Any) -> Answer:
    """An answer of one quoted sentence that cites its lines of gan.md."""
    cited = Citation(1, "gan.md", (lines[0], lines[-1]), text)
    return Answer(
        f"{text} [1]", False, (cited,), (Sentence(text, "quoted", (1,)),), (), style, fkgl, "none", {}, **rest
    )


# What a refusal cites counts for nothing.
NEAR = Citation(1, "gan.md", (3, 3), TWO)
REFUSED = Answer("Not in your notes.", True, (NEAR,), (), ("GAN",), "plain", 3.0, "none", {})
ANSWERS = {
    "GAN like I'm 5": said(TWO, 3, fkgl=6.0, meters=Meters(6.0, 1.0, 1)),
    "VAE like I'm 5": said("A VAE trains nine networks.", 3, fkgl=6.1, meters=Meters(6.1, 0.5, 1)),
    FIRST: said(TWO, 3),
    FOLLOW: said(NOISE, 4),
    "Where does a GAN's noise go?": replace(
        said(NOISE, 4), citations=(Citation(1, "other.md", (1, 1), NOISE),)
    ),
    # A piece of code is only pointed to, under the question that stands alone.
    CODE: replace(
        said("x\ny", 3),
        sentences=(
            Sentence("```\nx = generator(noise)\n```", "quoted", (1,)),
            Sentence("So it is.", "unsupported"),
        ),
        question="Show GAN code.",
    ),
    "Show GAN code.": said(TWO, 3),
}


@pytest.fixture
def asked() -> list[tuple[str, History]]:
    return []


@pytest.fixture
def found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[tuple[str, History]]
) -> dict[str, Measure]:
    """The measures of the suite over small sets and a scripted tutor, by name."""
    folder = tmp_path / "sets"
    folder.mkdir()
    sets: dict[str, Sequence[dict[str, Any]]] = {
        "routing-held-out": ROUTING,
        "statements-held-out": [{"id": i, "statement": s, "verdict": v} for i, s, v, _ in STATEMENTS],
        "eli5": SIMPLE,
        "conversations": [{"id": "c1", "turns": TALK}],
    }
    for name, values in sets.items():
        lines = "".join(json.dumps(value) + "\n" for value in values)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    for module in (tutor.evaluation.routing, tutor.evaluation.teaching):
        monkeypatch.setattr(module, "SETS_FOLDER", folder)
    (tmp_path / "gan.md").write_text(NOTE, encoding="utf-8")

    def route(message: Message) -> str:
        return ROUTES[message.id]

    def ask(message: str, history: History) -> Answer:
        asked.append((message, history))
        return ANSWERS.get(message, REFUSED)

    def each(stage: str, items: Sequence[Any]) -> Iterator[Any]:
        return iter(items)

    judged = {statement: verdict for _, statement, _, verdict in STATEMENTS}
    bounds = [("n=0", True), ("n=-3", False)]
    taught = Taught(route, ask, judged.__getitem__, lambda: bounds, [tmp_path])
    return {measure.name: measure for measure in teaching(taught, each)}


def counted(measure: Measure) -> tuple[int | None, int, tuple[str, ...]]:
    return measure.k, measure.n, measure.missed


# -- routing -----------------------------------------------------------------------------------------------------


def test_a_route_counts_where_it_serves_the_message(found: dict[str, Measure]) -> None:
    missed = ("no-demo", "needless-quiz", "routing-held-out-7")
    assert counted(found["routed right, held-out"]) == (4, 7, missed)
    assert found["routed right, held-out"].value == pytest.approx(4 / 7)


def test_a_tool_counts_where_it_is_the_one_asked_for(found: dict[str, Measure]) -> None:
    assert counted(found["right tool or none"]) == (5, 7, ("no-demo", "needless-quiz"))
    assert counted(found["no tool where none is asked for"]) == (4, 5, ("needless-quiz",))


def test_refused_arguments_are_counted_as_given(found: dict[str, Measure]) -> None:
    assert counted(found["arguments out of bounds refused with the bound"]) == (1, 2, ("n=-3",))


# -- simple explanations -----------------------------------------------------------------------------------------


def test_grades_and_facts_are_those_of_topics_that_were_answered(found: dict[str, Measure]) -> None:
    assert counted(found["like I'm 5: answered"]) == (2, 3, ("refused",))
    assert counted(found["like I'm 5: reading grade 6 or below"]) == (1, 2, ("hard",))
    assert counted(found["like I'm 5: the tutor's own key facts kept"]) == (1, 2, ("hard",))
    facts = found["like I'm 5: key facts chosen by others"]
    assert counted(facts) == (1, 3, ("easy, fact 2", "hard, fact 1"))


# -- verdicts ----------------------------------------------------------------------------------------------------


def test_verdicts_are_counted_over_all_statements_and_by_kind(found: dict[str, Measure]) -> None:
    assert counted(found["verdict right, held-out"]) == (3, 8, ("t2", "f2", "f3", "m1", "a2"))
    kinds = {kind: counted(found[f"verdict right: {kind} statements"]) for kind in ("true", "false", "mixed")}
    assert kinds == {"true": (1, 2, ("t2",)), "false": (1, 3, ("f2", "f3")), "mixed": (0, 1, ("m1",))}
    assert counted(found["verdict right: absent statements"]) == (1, 2, ("a2",))


def test_a_false_statement_is_safe_under_any_verdict_but_true(found: dict[str, Measure]) -> None:
    assert counted(found["false or mixed statements not confirmed"]) == (2, 4, ("f2", "m1"))


# -- talks -------------------------------------------------------------------------------------------------------


def test_only_follow_ups_count_and_need_a_right_note(found: dict[str, Measure]) -> None:
    together = found["follow-ups in ten-turn talks: a right note cited"]
    assert counted(together) == (2, 3, ("c1, turn 4",))
    alone = found["the same asked alone: a right note cited"]
    assert counted(alone) == (1, 3, ("c1, turn 2", "c1, turn 4"))


def test_a_turn_is_asked_with_all_that_was_said_and_alone_with_nothing(
    found: dict[str, Measure], asked: list[tuple[str, History]]
) -> None:
    histories = dict(asked)
    assert histories[FIRST] == ()
    assert histories[FOLLOW] == (
        {"role": "user", "content": FIRST},
        {"role": "assistant", "content": f"{TWO} [1]"},
    )
    assert [len(histories[turn["message"]]) for turn in TALK] == [0, 2, 4, 6]
    assert histories["Show GAN code."] == ()
    assert FIRST not in [message for message, history in asked if history]


def test_a_summary_covers_turns_whose_sentence_or_words_it_holds(found: dict[str, Measure]) -> None:
    assert counted(found["summary: turns covered"]) == (3, 4, ("c1, turn 3",))


def test_a_short_message_is_not_covered_by_the_letters_of_other_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talk = [
        _Said("user", "hi"),
        _Said("assistant", "", {"events": [event_to_json(said("Yes.", 3))]}),
        _Said("user", FIRST),
        _Said("assistant", "", {"events": [event_to_json(said(f"Yes, in this: {TWO}", 3))]}),
    ]
    assert dict(_covered("c", talk)) == {"c, turn 1": True, "c, turn 2": True}
    without_first = recap(talk[2:])
    assert "yes" in without_first.markdown.lower() and "hi" in without_first.markdown
    monkeypatch.setattr(tutor.evaluation.teaching, "recap", lambda said: without_first)
    assert dict(_covered("c", talk)) == {"c, turn 1": False, "c, turn 2": True}


def test_quotes_are_looked_up_in_the_notes(found: dict[str, Measure]) -> None:
    quotes = found["citations whose quote stands in the note"]
    assert counted(quotes) == (3, 5, ("hard [1]", "c1, turn 3 [1]"))
    assert counted(found["answers without an unsupported sentence"]) == (4, 5, ("c1, turn 3",))


# -- arguments out of bounds -------------------------------------------------------------------------------------


@pytest.fixture
def tools(small_retriever: Retriever, tmp_path: Path) -> dict[str, BaseTool]:
    return make_tools(
        small_retriever, root=ROOT, out=lambda: tmp_path / "out", budget_s=5.0, device="cpu",
        rng=random.Random(0),
    )  # fmt: skip


def test_the_real_tools_refuse_all_arguments_out_of_bounds(tools: dict[str, BaseTool]) -> None:
    outcomes = refused_arguments(tools)
    assert len(outcomes) == len(dict(outcomes)) == 11
    assert [key for key, refused in outcomes if not refused] == []


def test_a_tool_without_bounds_refuses_nothing(tools: dict[str, BaseTool]) -> None:
    class Anything(BaseModel):
        topic: str = ""
        n: int = 0

    class Open(BaseTool):
        name: str = "make_quiz"
        description: str = "takes anything"
        args_schema: Any = Anything

        def _run(self, **arguments: Any) -> str:
            return ""

    outcomes = refused_arguments({**tools, "make_quiz": Open()})
    assert Counter(refused for key, refused in outcomes if key.startswith("make_quiz")) == {False: 4}
    assert all(refused for key, refused in outcomes if key.startswith("run_demo"))


def test_a_refusal_that_names_no_bound_does_not_count(tools: dict[str, BaseTool]) -> None:
    class Words(BaseModel):
        topic: str
        n: str  # every number is refused, for its kind and not for its size

    class Wordy(BaseTool):
        name: str = "make_quiz"
        description: str = "wants words"
        args_schema: Any = Words

        def _run(self, **arguments: Any) -> str:
            return ""

    outcomes = dict(refused_arguments({**tools, "make_quiz": Wordy()}))
    assert not outcomes['make_quiz({"topic": "GAN", "n": 0})']


# -- facts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("Generators turn noise into samples.", True),  # four of four
        ("The generator makes samples of noise.", True),  # three of four: turn is missing
        ("The generator makes noise.", False),  # two of four
        ("", False),
    ],
)
def test_a_fact_is_held_with_three_quarters_of_its_words(answer: str, kept: bool) -> None:
    assert holds(answer, "the generator turns noise into a sample") == kept


def test_a_fact_of_stop_words_is_held_by_nothing() -> None:
    assert not holds("it is the one", "it is the")


# -- the bundled sets --------------------------------------------------------------------------------------------


def test_development_talks_are_asked_with_all_that_was_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {
        "message": "quiz me on it",
        "standalone": "",
        "notes": [],
        "follow_up": True,
        "reply": "Question 1",
    }
    talk = json.dumps({"id": "d1", "turns": [TALK[0], told, TALK[1], TALK[3]]})
    (tmp_path / "conversations-dev.jsonl").write_text(talk, encoding="utf-8")
    monkeypatch.setattr(tutor.evaluation.teaching, "SETS_FOLDER", tmp_path)
    asked: list[tuple[str, History]] = []

    def ask(message: str, history: History) -> Answer:
        asked.append((message, history))
        return ANSWERS.get(message, REFUSED)

    taught = Taught(lambda message: "", ask, lambda statement: "", lambda: [], ())
    together, alone = follow_ups(taught, lambda stage, items: iter(items))
    assert counted(together) == (1, 2, ("d1, turn 4",))
    assert counted(alone) == (0, 2, ("d1, turn 3", "d1, turn 4"))
    assert [turn["content"] for turn in dict(asked)[FOLLOW][2:]] == ["quiz me on it", "Question 1"]


def letters(text: str) -> str:
    """Letters and digits of a text, lower case."""
    return "".join(sign for sign in text.lower() if sign.isalnum())


def test_the_bundled_sets_have_the_sizes_that_the_report_states() -> None:
    sizes = {
        name: len(read_set(name))
        for name in ("routing-held-out", "statements-held-out", "eli5", "conversations")
    }
    assert sizes == {"routing-held-out": 240, "statements-held-out": 110, "eli5": 60, "conversations": 10}
    assert {len(talk["turns"]) for talk in read_set("conversations")} == {10}


def test_the_development_talks_are_whole() -> None:
    talks = read_set("conversations-dev")
    assert len(talks) == 26 and all(8 <= len(talk["turns"]) <= 10 for talk in talks)
    assert sum(turn["follow_up"] for talk in talks for turn in talk["turns"]) == 224
    notes = {note for talk in talks for turn in talk["turns"] for note in turn["notes"]}
    assert all((ROOT / "corpus" / note).is_file() for note in notes)


def test_every_item_of_the_held_out_sets_has_an_id_of_its_own() -> None:
    for name in ("routing-held-out", "statements-held-out", "eli5", "conversations"):
        ids = [one["id"] for one in read_set(name)]
        assert len(ids) == len(set(ids))


def test_every_held_out_route_has_lessons_and_names_its_tool() -> None:
    held_out = load_messages("routing-held-out")
    learnt = {one.route for one in load_messages("routing-train")}
    assert {one.route for one in held_out} == learnt - {
        "progress"
    }  # which came after the messages were written
    assert [one["tool"] for one in read_set("routing-held-out")] == [one.tool for one in held_out]


def test_every_held_out_statement_has_a_known_verdict_and_a_text_of_its_own() -> None:
    verdicts = Counter(one["verdict"] for one in read_set("statements-held-out"))
    assert verdicts == {"false": 40, "true": 35, "mixed": 20, "absent": 15}
    texts = [letters(one["statement"]) for one in read_set("statements-held-out")]
    assert len(texts) == len(set(texts))


def test_no_statement_was_used_in_development() -> None:
    seen = {letters(one["statement"]) for one in read_set("statements-dev")}
    assert [one["id"] for one in read_set("statements-held-out") if letters(one["statement"]) in seen] == []


def test_no_message_for_learning_stands_in_the_held_out_set() -> None:
    def plain(text: str) -> str:
        return "".join(letter for letter in text.lower() if letter.isalnum())

    learned = {plain(message.text) for message in load_messages("routing-train")}
    assert not learned & {plain(message.text) for message in load_messages("routing-held-out")}
