"""The fit of the chat model's adapter, on a model made here; and the examples that it learns from."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tutor.drafting import given_sentences
from tutor.errors import SettingsError
from tutor.evaluation.numbered import (
    Drafted,
    NumberedQuestion,
    best_first,
    compared,
    drafted,
    is_grounded,
    numbered,
    numbered_questions,
    ordered,
    speakers_of,
)
from tutor.models import ChosenModel, embedded_names
from tutor.prompts import NOT_SAID
from tutor.questions import Question, understand
from tutor.ranking import find
from tutor.retrieval import Retriever
from tutor.settings import Settings
from tutor.tools import MakeQuiz, RunDemo, ShowProgress
from tutor.training.examples import (
    BY_SCRIPT,
    HELD_OUT_NOTES,
    HELD_OUT_SUBJECTS,
    Lesson,
    as_given,
    numbers_first,
    read_lessons,
    write_lessons,
)
from tutor.training.grades import left_out_of_scripts
from tutor.training.scripted_lessons import grounded
from tutor.training.speaking import (
    SpeechFit,
    attention_within,
    packed,
    rate_at,
    steps_of,
    tensors_of,
)


def test_an_example_survives_writing_and_reading(tmp_path: Path) -> None:
    sentence = {"note": "a.md", "lines": [1, 2], "text": "A thing."}
    one = Lesson("answer", {"question": "What?", "evidence": [sentence]}, "A thing. [1]")
    write_lessons([one, one], tmp_path / "x.jsonl")
    assert read_lessons(tmp_path / "x.jsonl") == [one, one]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"job": "answer"}\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="Line 1"):
        read_lessons(tmp_path / "x.jsonl")


def test_the_rate_rises_and_falls_to_nothing() -> None:
    fit = SpeechFit(rate=1.0, warm_up=0.1)
    # 10 of 100 steps rise by a tenth each; half way down the cosine, at step 55, it is one half.
    assert rate_at(0, 100, fit) == pytest.approx(0.1)
    assert rate_at(9, 100, fit) == pytest.approx(1.0)
    assert rate_at(55, 100, fit) == pytest.approx(0.5)
    assert rate_at(100, 100, fit) == pytest.approx(0.0)


def test_rows_hold_each_example_once_and_never_too_many_tokens() -> None:
    examples = [([n] * length, [1.0] * length) for n, length in enumerate((5, 3, 4, 9, 2, 2))]
    rows = packed(examples, 8, random.Random(0))
    assert all(sum(len(tokens) for tokens, _ in row) <= 8 for row in rows)
    assert sorted(one[0][0] for row in rows for one in row) == [0, 1, 2, 4, 5]  # the one of nine does not fit


def test_the_examples_of_jobs_in_use_come_in_every_epoch_and_the_others_once() -> None:
    often = [([n] * 4, [1.0] * 4) for n in range(5)]
    once = [([n] * 4, [1.0] * 4) for n in range(10, 17)]
    steps = steps_of(often, once, SpeechFit(tokens=8, epochs=3, rows=2))
    seen = Counter(tokens[0] for rows in steps for row in rows for tokens, _ in row)
    assert seen == Counter({**dict.fromkeys(range(5), 3), **dict.fromkeys(range(10, 17), 1)})
    assert steps == steps_of(often, once, SpeechFit(tokens=8, epochs=3, rows=2))


def test_an_example_of_a_row_sees_itself_alone() -> None:
    import torch

    torch.manual_seed(0)
    query, key, value = torch.randn(1, 4, 5, 8), torch.randn(1, 2, 5, 8), torch.randn(1, 2, 5, 8)
    found, _ = attention_within(None, query, key, value, None, scaling=8**-0.5, lengths=[2, 3])
    assert found.shape == (1, 5, 4, 8)
    owner = torch.tensor([0, 0, 1, 1, 1])
    seen = (owner[:, None] == owner[None, :]).tril()
    wide_key, wide_value = (one.repeat_interleave(2, dim=1) for one in (key, value))
    scores = (query @ wide_key.transpose(2, 3) * 8**-0.5).masked_fill(~seen, -torch.inf)
    assert torch.allclose(found.transpose(1, 2), scores.softmax(-1) @ wide_value, atol=1e-6)
    values = tensors_of([([7, 8], [0.0, 1.0]), ([9, 9, 9], [0.0, 1.0, 1.0])])
    assert values["position_ids"].tolist() == [[0, 1, 0, 1, 2]] and values["lengths"] == [2, 3]


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("A thing. [2] It is red. [1] [3]", "[2] A thing. [1] [3] It is red."),
        ("It is $x_{0.5}$, e.g. one. [4]", "[4] It is $x_{0.5}$, e.g. one."),
        ("True. [2]", "[2] True."),
        (NOT_SAID, NOT_SAID),
    ],
)
def test_the_numbers_of_a_target_come_before_their_sentences(target: str, wanted: str) -> None:
    assert numbers_first(target) == wanted


def test_an_answer_is_learned_from_sentences_in_their_order_of_use() -> None:
    evidence = [{"note": "a.md", "lines": [n, n], "text": f"Sentence {n}."} for n in (1, 2, 3)]
    answer = Lesson("answer", {"question": "What?", "evidence": evidence}, "Sentence 3. [3] Sentence 1. [1]")
    learned = as_given(answer, lambda question, sentences: [2, 0, 1])
    assert [one["text"] for one in learned.given["evidence"]] == ["Sentence 3.", "Sentence 1.", "Sentence 2."]
    assert learned.target == "[1] Sentence 3. [2] Sentence 1."
    story = Lesson("eli5", {"question": "What?", "evidence": evidence}, "Sentence 1. [1]")
    assert as_given(story, lambda question, sentences: [2, 0, 1]) == replace(story, target="[1] Sentence 1.")


def test_the_order_of_use_is_that_of_an_answer(small_retriever: Retriever) -> None:
    question = "What does the generator of a GAN do?"
    asked = understand(question)
    ranked = find(small_retriever, asked).ranked
    given = given_sentences(asked, ranked)
    evidence = tuple({"note": piece.passage.note, "text": piece.text} for piece in reversed(given))
    strange = {"note": "elsewhere.md", "text": "Bread is baked in an oven."}
    places = best_first(small_retriever, question, (strange, *evidence))
    assert places[-1] == 0 and places[0] == len(evidence)
    one = NumberedQuestion("a", question, evidence, frozenset({len(evidence)}), frozenset({1}))
    put = ordered(small_retriever, one)
    assert put.evidence[0] == evidence[-1] and put.answers == {1}
    (needed,) = put.needs
    assert put.evidence[needed - 1] == evidence[0]


def test_a_draft_is_taken_apart_into_sentences_and_their_numbers() -> None:
    said = drafted("The generator makes fakes. [2] The critic scores them. [1] [3]")
    assert said == Drafted((("The generator makes fakes.", (2,)), ("The critic scores them.", (1, 3))), False)
    assert drafted("[2] The generator makes fakes. [1] [3] The critic scores them.") == said
    assert drafted("The notes do not say this.") == Drafted((), True)
    assert drafted("A thing is red [1]. It is blue [2][3].").sentences == (
        ("A thing is red.", (1,)),
        ("It is blue.", (2, 3)),
    )
    assert drafted("It has no number.").sentences == (("It has no number.", ()),)


def test_a_model_is_measured_before_its_draft_is_checked() -> None:
    sentence = {"note": "a.md", "lines": [1, 1], "text": "A GAN trains two networks against each other."}
    other = {"note": "a.md", "lines": [2, 2], "text": "The encoder of a VAE gives a mean and a variance."}
    asked = [
        NumberedQuestion("a", "What is a GAN?", (sentence, other), frozenset({1}), frozenset({1})),
        NumberedQuestion("b", "What is a GAN?", (sentence, other), frozenset({1}), frozenset({1})),
        NumberedQuestion("c", "What is T5?", (other,), frozenset(), frozenset()),
    ]
    said = {
        "a": "A GAN trains two networks against each other. [1]",
        "b": "A GAN trains three networks in peace. [2]",
        "c": "The notes do not say this.",
    }
    found = {
        m.name: m.value for m in numbered(lambda one: said[one.id], lambda stage, all_: iter(all_), asked)
    }
    assert found["refused where no sentence answers"] == 1.0
    assert found["answered where one does"] == 1.0
    assert found["answers without an unsupported sentence, before the check"] == 0.5
    assert found["sentences whose own numbers support them"] == 0.5
    assert found["answers that rest on a sentence that answers"] == 0.5


def test_models_are_compared_measure_by_measure_on_the_same_questions() -> None:
    sentence = {"note": "a.md", "lines": [1, 1], "text": "A GAN trains two networks against each other."}
    asked = [NumberedQuestion("a", "What is a GAN?", (sentence,), frozenset({1}), frozenset({1}))]
    speakers = {
        "one": lambda question: "A GAN trains two networks against each other. [1]",
        "two": lambda question: NOT_SAID,
    }
    stages: list[str] = []

    def each(stage: str, questions: Sequence[NumberedQuestion]) -> Iterator[NumberedQuestion]:
        stages.append(stage)
        yield from questions

    found = compared(speakers, each, asked)
    rows = [(m.name, m.value) for m in found if m.name.startswith("answered where one does")]
    assert rows == [("answered where one does: one", 1.0), ("answered where one does: two", 0.0)]
    assert [stage.rpartition(": ")[2] for stage in stages] == ["one", "two"]


def test_the_notes_alone_quote_and_refuse_by_what_the_numbered_sentences_hold(
    small_retriever: Retriever,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    scripted: Callable[..., Any],
) -> None:
    chat = scripted("It is one network. [1]")
    monkeypatch.setattr(
        "tutor.evaluation.numbered.open_model", lambda name, settings: ChosenModel(name, chat, "for the test")
    )
    drafts = speakers_of(small_retriever, replace(settings, endpoint="openai:m@http://127.0.0.1:9/v1"))
    question = "What does the generator of a GAN do?"
    ranked = find(small_retriever, Question(question, "explain", "plain", question)).ranked
    evidence = tuple({"note": e.piece.passage.note, "text": e.piece.text} for e in ranked[:3])
    said = drafted(
        drafts["notes-only"](NumberedQuestion("a", question, evidence, frozenset({1}), frozenset()))
    )
    assert not said.refused and "generator" in said.sentences[0][0]
    assert is_grounded(said.sentences[0][0], [evidence[said.sentences[0][1][0] - 1]])
    lost = NumberedQuestion("b", "Who won the world cup in 2018?", evidence, frozenset(), frozenset())
    assert drafts["notes-only"](lost) == NOT_SAID
    assert list(drafts) == ["notes-only", *embedded_names(), "openai:m@http://127.0.0.1:9/v1"]
    assert drafts["embedded"](lost) == "It is one network. [1]"
    assert NOT_SAID in chat._asked[-1][-1].content  # not fitted, so it is told what to say


def test_nothing_is_learned_from_the_notes_that_are_held_out() -> None:
    lessons = read_lessons()
    assert len(lessons) > 1000
    assert not [one for one in lessons if one.notes & set(HELD_OUT_NOTES)]
    held = {sentence["note"] for one in numbered_questions() for sentence in one.evidence}
    assert set(HELD_OUT_NOTES) <= held


@pytest.fixture(scope="module")
def by_script() -> dict[str, list[Lesson]]:
    """The examples that were made by script, by job."""
    found: dict[str, list[Lesson]] = {}
    for one in read_lessons(BY_SCRIPT):
        found.setdefault(one.job, []).append(one)
    return found


def test_all_jobs_have_enough_examples_and_those_of_the_package_are_read_together(
    by_script: dict[str, list[Lesson]],
) -> None:
    least = {"verdict": 340, "answer": 340, "tool": 290, "distractor": 60}
    assert not {job: len(by_script[job]) for job, n in least.items() if len(by_script[job]) < n}
    both = read_lessons()
    assert len(both) >= 2500
    assert {one.maker for one in both} == {"hand", "script"}


def test_no_script_learned_from_what_is_held_out(by_script: dict[str, list[Lesson]]) -> None:
    lessons = [one for some in by_script.values() for one in some]
    assert not [one for one in lessons if one.notes & set(HELD_OUT_NOTES)]
    assert not [one for one in lessons if HELD_OUT_SUBJECTS.search(json.dumps([one.given, one.target]))]
    left_out = left_out_of_scripts()
    assert not [
        one for one in lessons if one.given.get("question") in left_out or one.given.get("key") in left_out
    ]


def test_a_scripted_verdict_gives_the_number_of_its_sentence(by_script: dict[str, list[Lesson]]) -> None:
    kinds: Counter[str] = Counter()
    for one in by_script["verdict"]:
        kinds[one.target.split()[0].rstrip(".:")] += 1
        if one.target == NOT_SAID:
            continue
        number = int(re.findall(r"\[(\d)\]", one.target)[-1])
        said = one.given["evidence"][number - 1]["text"]
        assert one.target in (f"True. [{number}]", f"False: {said} [{number}]")
    assert set(kinds) == {"True", "False", "The"} and max(kinds.values()) == min(kinds.values())


def test_a_scripted_answer_is_grounded_or_refuses(by_script: dict[str, list[Lesson]]) -> None:
    refusals = [one for one in by_script["answer"] if one.target == NOT_SAID]
    assert 0.15 < len(refusals) / len(by_script["answer"]) < 0.25
    assert all(grounded(one) for one in by_script["answer"] if one.target != NOT_SAID)
    assert not grounded(Lesson("answer", refusals[0].given, "It is as it is. [1]"))


def test_a_scripted_call_is_allowed_by_the_tool(by_script: dict[str, list[Lesson]]) -> None:
    schemas = {"make_quiz": MakeQuiz, "run_demo": RunDemo, "show_progress": ShowProgress}
    calls = [(one, json.loads(one.target)) for one in by_script["tool"]]
    for one, call in calls:
        if call["tool"] in schemas:
            schemas[call["tool"]].model_validate(call["arguments"])
        assert call.get("arguments", {}).get("topic", "") in one.given["message"]
        if call["tool"] == "run_demo":
            assert call["arguments"]["name"] in one.given["demos"]
    assert {call["tool"] for _, call in calls} == {*schemas, "list_demos", "none"}
    assert 0.35 < sum(call["tool"] == "none" for _, call in calls) / len(calls) < 0.45


def test_scripted_distractors_leave_out_one_of_four(by_script: dict[str, list[Lesson]]) -> None:
    for one in by_script["distractor"]:
        assert len(set(one.given["candidates"]) | {one.given["key"]}) == 5
        assert re.fullmatch(r"\[[1-4]\] \[[1-4]\] \[[1-4]\]", one.target)
