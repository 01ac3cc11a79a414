"""The question sets, the measures worked by hand, and the report over a scripted subject."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from tutor.embedding import Embedding
from tutor.errors import SettingsError
from tutor.evaluation import SUITES, Measure, Report, Subject, evaluate, run_suites
from tutor.evaluation.demos import Demos
from tutor.evaluation.gate import fit_gate, measure_questions
from tutor.evaluation.indexing import IndexingTimes, time_indexing
from tutor.evaluation.liking import thoughts_on_record
from tutor.evaluation.measures import (
    citation_holds,
    hit_at_k,
    holds_gold,
    is_fully_supported,
    mrr,
    percentile,
    reciprocal_rank,
    refusal_counts,
    wilson_interval,
)
from tutor.evaluation.questions import OUTSIDE_KINDS, SetQuestion, bundled_questions, load_questions
from tutor.evaluation.quickstart import build_quickstart
from tutor.evaluation.teaching import Taught
from tutor.feedback import Liking, add_feedback
from tutor.gate import Measures
from tutor.job_events import JobEvent
from tutor.learner import open_record
from tutor.notes import list_files
from tutor.retrieval import Retriever
from tutor.session import open_session
from tutor.settings import Settings
from tutor.turns import Answer, Citation, Sentence
from tutor.words import content_words

CORPUS = Path(__file__).resolve().parent.parent / "corpus"


# -- the sets --------------------------------------------------------------------------------------------------


def letters(text: str) -> str:
    """Letters and digits of a text, lower case."""
    return "".join(sign for sign in text.lower() if sign.isalnum())


SETS = ("dev", "answers", "outside", "search-dev", "search-held-out")


def test_the_sets_have_the_sizes_that_the_report_states() -> None:
    dev, answers, outside, search_dev, held_out = (bundled_questions(name) for name in SETS)
    assert [sum(q.is_answerable for q in dev), len(dev)] == [67, 127]
    assert len(answers) == 30 and all(q.is_answerable for q in answers)
    assert len(outside) == 20 and not any(q.is_answerable for q in outside)
    assert [sum(q.kind == kind for q in outside) for kind in OUTSIDE_KINDS] == [4, 6, 10]
    assert [sum(q.is_answerable for q in search_dev), len(search_dev)] == [190, 338]
    assert [sum(q.is_answerable for q in held_out), len(held_out)] == [146, 218]
    assert sum(q.kind == "near-miss" for q in (*search_dev, *held_out)) == 190


def test_the_held_out_questions_are_of_every_kind() -> None:
    kinds = Counter(q.kind for q in bundled_questions("search-held-out"))
    wanted = ("plain", "paraphrase", "follow-up", "formula", "chinese", "analogy", "synonym", *OUTSIDE_KINDS)
    assert all(kinds[kind] >= 5 for kind in wanted)
    follow_ups = [q for q in bundled_questions("search-held-out") if q.is_answerable and q.history]
    assert follow_ups and all(q.standalone for q in follow_ups)


def test_no_question_stands_twice_in_the_sets() -> None:
    every = [q for name in SETS for q in bundled_questions(name)]
    said = {(q.question.lower(), len(q.history)) for q in every}
    assert len({q.id for q in every}) == len(said) == len(every)


def test_no_question_of_development_is_asked_again_in_the_final_measurement() -> None:
    def stems(names: Sequence[str]) -> list[frozenset[str]]:
        asked = [q for name in names for q in bundled_questions(name) if not q.history]
        return [frozenset(content_words(q.question)) for q in asked]

    seen = set(stems(("dev", "search-dev")))
    assert not [
        one for one in stems(("answers", "outside", "search-held-out")) if one in seen and len(one) > 1
    ]


def test_every_named_note_exists_and_every_note_is_asked_about() -> None:
    named = {note for name in SETS for q in bundled_questions(name) for note in q.notes}
    there = {file.name for file in list_files([CORPUS])}
    assert named == there


@pytest.mark.parametrize("name", ["dev", "answers", "search-dev", "search-held-out"])
def test_each_note_that_answers_a_question_holds_some_of_its_gold_words(name: str) -> None:
    for asked in bundled_questions(name):
        if asked.is_answerable:
            texts = [letters((CORPUS / note).read_text(encoding="utf-8")) for note in asked.notes]
            assert all(any(letters(gold) in text for gold in asked.gold) for text in texts), asked.id


def test_a_set_is_read_with_history_and_style(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    line = {
        "id": "a",
        "question": "and why?",
        "notes": ["gan.md"],
        "gold": ["noise"],
        "kind": "follow-up",
        "style": "eli5",
        "history": [{"role": "user", "content": "What is a GAN?"}],
        "remark": "other keys are left alone",
    }
    path.write_text(json.dumps(line) + "\n\n", encoding="utf-8")
    assert load_questions(path) == [
        SetQuestion(
            "a",
            "and why?",
            ("gan.md",),
            ("noise",),
            "follow-up",
            ({"role": "user", "content": "What is a GAN?"},),
            "eli5",
        )
    ]


@pytest.mark.parametrize(
    "line",
    ["{", '{"id": "a"}', "[]", '{"id":"a","question":"q","notes":[],"gold":[],"kind":"k","style":"rude"}'],
)
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"id":"a","question":"q","notes":[],"gold":[],"kind":"far"}\n' + line, encoding="utf-8")
    with pytest.raises(SettingsError, match="Line 2"):
        load_questions(path)


def test_a_missing_set_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        load_questions(tmp_path / "nowhere.jsonl")


# -- the measures ----------------------------------------------------------------------------------------------


def test_the_wilson_interval_agrees_with_numbers_worked_by_hand() -> None:
    # With z = 2, k = 8, n = 10: centre 0.8 + 4/20 = 1.0, reach 2 sqrt(0.016 + 0.01) = 0.322490, scale 1.4.
    assert wilson_interval(8, 10, z=2.0) == pytest.approx((0.677510 / 1.4, 1.322490 / 1.4), abs=1e-6)
    # With z = 2, k = n = 4: centre 1.5, reach 2 sqrt(4/64) = 0.5, scale 2: from 0.5 to 1.
    assert wilson_interval(4, 4, z=2.0) == pytest.approx((0.5, 1.0))
    assert wilson_interval(0, 4, z=2.0) == pytest.approx((0.0, 0.5))


def test_the_wilson_interval_knows_nothing_without_trials() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_the_wilson_interval_shrinks_with_trials_and_holds_the_share() -> None:
    for n in (5, 50, 500):
        low, high = wilson_interval(4 * n // 5, n)
        assert 0 <= low < 0.8 < high <= 1
    widths = [high - low for low, high in (wilson_interval(4 * n // 5, n) for n in (5, 50, 500))]
    assert widths == sorted(widths, reverse=True)


def test_hits_and_ranks_count_the_first_right_note() -> None:
    ranked = ["a", "b", "c", "b"]
    assert not hit_at_k(ranked, {"b"}, 1) and hit_at_k(ranked, {"b"}, 2)
    assert reciprocal_rank(ranked, {"c", "b"}) == 0.5
    assert reciprocal_rank(ranked, {"z"}) == 0.0
    assert mrr([(ranked, {"a"}), (ranked, {"b"}), (ranked, {"z"})]) == pytest.approx(0.5)
    assert mrr([]) == 0.0


def test_refusals_are_counted_apart_for_outside_and_answerable_questions() -> None:
    outcomes = [(True, False), (True, True), (False, True), (False, True), (False, False)]
    assert refusal_counts(outcomes) == ((2, 3), (1, 2))


def test_percentiles_are_by_nearest_rank() -> None:
    values = [float(value) for value in range(1, 21)]
    random.Random(0).shuffle(values)
    assert [percentile(values, share) for share in (0.5, 0.95, 1.0)] == [10.0, 19.0, 20.0]
    assert percentile([7.0], 0.5) == 7.0
    assert percentile([], 0.5) == 0.0


def test_gold_words_are_found_whatever_the_signs_and_marks_around_them() -> None:
    answer = "The **latent** has $64 \\cdot 64$ numbers. [1] It is *small*. [2]"
    assert holds_gold(answer, ["nothing of it", "64 \\cdot 64 Numbers"])
    assert not holds_gold(answer, ["64 by 64"])
    assert not holds_gold(answer, [])


def test_one_unsupported_sentence_spoils_an_answer() -> None:
    good = [Sentence("a", "quoted"), Sentence("b", "supported"), Sentence("c", "connective")]
    assert is_fully_supported(good)
    assert not is_fully_supported([*good, Sentence("d", "unsupported")])


NOTE = """# Title

> **ChatGPT:** A *GAN* has [two networks](https://example.org/a_b).
> It is ~~one network~~ trained.

1. First, draw $x_t$ with `torch.randn`.
2. Then repeat.
"""
PAGE = "<h1>Guide</h1>\n<p>A <strong>model</strong> keeps p(y &lt; x) &amp; more.</p>\n{{ macro }}<li>An item</li>\n"


@pytest.mark.parametrize(
    ("quote", "lines"),
    [
        ("A GAN has two networks.", [3, 3]),
        ("It is ~~one network~~ trained.", [4, 4]),
        ("First, draw $x_t$ with torch.randn.\nThen repeat.", [6, 7]),
        ("1. First, draw $x_t$ with torch.randn.\n2. Then repeat.", [6, 7]),
        ("a gan HAS two   networks", [1, 7]),
    ],
)
def test_a_quote_that_stands_in_the_note_holds(tmp_path: Path, quote: str, lines: list[int]) -> None:
    (tmp_path / "note.md").write_text(NOTE, encoding="utf-8")
    assert citation_holds({"note": "note.md", "lines": lines, "quote": quote}, [tmp_path])


@pytest.mark.parametrize(
    ("quote", "lines"),
    [
        ("A GAN has three networks.", [3, 3]),
        ("A GAN has two networks.", [4, 4]),
        ("A GAN has two networks.", [3, 99]),
        ("A GAN has two networks.", [0, 3]),
        ("A GAN has two networks.", [4, 3]),
        ("two networks https example org", [3, 3]),
        ("...", [1, 7]),
    ],
)
def test_a_quote_that_does_not_stand_there_does_not_hold(
    tmp_path: Path, quote: str, lines: list[int]
) -> None:
    (tmp_path / "note.md").write_text(NOTE, encoding="utf-8")
    assert not citation_holds({"note": "note.md", "lines": lines, "quote": quote}, [tmp_path])


def test_a_quote_from_a_page_is_compared_without_tags_and_entities(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    for quote, line in (("A model keeps p(y < x) & more.", 2), ("An item", 3)):
        assert citation_holds({"note": "page.html", "lines": [line, line], "quote": quote}, [tmp_path])
    assert not citation_holds({"note": "page.html", "lines": [3, 3], "quote": "macro"}, [tmp_path])


def test_a_citation_of_a_file_outside_the_notes_or_of_none_does_not_hold(tmp_path: Path) -> None:
    inside = tmp_path / "notes"
    inside.mkdir()
    (tmp_path / "secret.md").write_text("A secret.", encoding="utf-8")
    assert not citation_holds({"note": "../secret.md", "lines": [1, 1], "quote": "A secret."}, [inside])
    assert not citation_holds({"note": "gone.md", "lines": [1, 1], "quote": "A secret."}, [inside])


# -- the report ------------------------------------------------------------------------------------------------

ASKED = [
    SetQuestion("in-1", "What is a GAN?", ("note.md",), ("two networks",), "definition"),
    SetQuestion(
        "in-2",
        "and why?",
        ("note.md",),
        ("no such words",),
        "follow-up",
        ({"role": "user", "content": "What is a GAN?"},),
    ),
    SetQuestion("out-1", "capital of France?", (), (), "far"),
    SetQuestion("out-2", "how big is GPT-9?", (), (), "near-miss"),
]
TRUE = Citation(1, "note.md", (3, 3), "A GAN has two networks.")


def _answer(asked: SetQuestion) -> Answer:
    answer = Answer(
        answer="A GAN has two networks. [1]",
        refused=False,
        citations=(TRUE,),
        sentences=(Sentence("A GAN has two networks.", "quoted", (1,)), Sentence("So:", "connective")),
        nearest=(),
        style="plain",
        fkgl=3.0,
        model="none",
        timings={"retrieve_ms": 10.0, "first_text_ms": 20.0, "total_ms": 30.0},
    )
    if asked.id == "in-1":
        return answer
    false = replace(TRUE, quote="A GAN has nine networks.")
    return replace(
        answer, citations=(false,), sentences=(*answer.sentences, Sentence("Bold claim.", "unsupported"))
    )


def _search(asked: SetQuestion, k: int) -> Sequence[str]:
    return (["note.md", "other.md"] if asked.id == "in-1" else ["other.md", "note.md"])[:k]


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    (tmp_path / "note.md").write_text(NOTE, encoding="utf-8")
    sets = {
        "dev": ASKED,
        "answers": ASKED[:2],
        "outside": ASKED[2:],
        "search-dev": [],
        "search-held-out": ASKED,
    }
    return Subject(
        model="none",
        ask=_answer,
        search=_search,
        quickstart=lambda: lambda asked, k: ["other.md"],
        indexing=lambda: IndexingTimes(100, 10.0, 0.25, 0.5, 40, 8.0),
        covers=lambda asked: asked.id in ("in-1", "out-2"),
        measures=lambda questions: [Measures(0.0, 0.0, 0.0, 0.0, 0.0, 0.0) for _ in questions],
        notes=[tmp_path],
        taught=Taught(
            lambda message: "", lambda message, history: _answer(ASKED[0]), lambda text: "", list, []
        ),
        demos=Demos(lambda: ["any"], lambda name, preset, seed, out: (event for event in ())),
        questions=lambda name: sets[name],
    )


def _named(report: Report, suite: str) -> dict[str, Measure]:
    return {measure.name: measure for measure in report.suites[suite]}


def test_the_retrieval_suite_counts_hits_of_answerable_questions_only(subject: Subject) -> None:
    found = _named(run_suites(subject, ["retrieval"]), "retrieval")
    first = found["held-out: a right note among the first 1"]
    assert (first.k, first.n, first.missed) == (1, 2, ("in-2",))
    assert found["held-out: a right note among the first 5"].k == 2
    assert found["quickstart: a right note among the first 5"].k == 0
    assert found["held-out: mean reciprocal rank"].value == pytest.approx(0.75)
    assert found["held-out: outside questions refused"].k == 1


def test_the_indexing_suite_compares_passages_a_second(subject: Subject) -> None:
    found = _named(run_suites(subject, ["indexing"]), "indexing")
    assert found["passages a second"].value == 10.0
    assert found["passages a second, times the quickstart's chunks"].value == 2.0
    assert found["nothing changed, share of a whole build"].value == 0.025


def test_both_indexes_are_built_and_timed_over_the_same_notes(
    small_notes: Path, embedding: Embedding
) -> None:
    times = time_indexing([small_notes], embedding)
    assert times.passages > 3 and times.chunks > 0
    assert min(times.build_s, times.unchanged_s, times.one_note_s, times.quickstart_s) > 0


def test_the_quickstart_finds_notes(small_notes: Path, tmp_path: Path, embedding: Embedding) -> None:
    built = build_quickstart([small_notes], tmp_path / "quickstart", embedding)
    assert "mode-collapse.md" in built.search("What is mode collapse?", 3)


def test_the_answers_suite_finds_false_quotes_and_unsupported_sentences(subject: Subject) -> None:
    found = _named(run_suites(subject, ["answers"]), "answers")
    citations = found["citations whose quote stands in the note"]
    assert (citations.k, citations.n, citations.missed) == (1, 2, ("in-2[1]",))
    assert (found["sentences that the notes support"].k, found["sentences that the notes support"].n) == (
        2,
        3,
    )
    assert found["answers without an unsupported sentence"].missed == ("in-2",)
    assert found["answers that hold the gold words"].missed == ("in-2",)
    assert found["answered (not refused by mistake)"].value == 1.0


def test_a_refused_answer_counts_as_a_mistake_and_nowhere_else(subject: Subject) -> None:
    def ask(asked: SetQuestion) -> Answer:
        return replace(_answer(asked), refused=asked.id == "in-2")

    found = _named(run_suites(replace(subject, ask=ask), ["answers"]), "answers")
    assert found["answered (not refused by mistake)"].missed == ("in-2",)
    assert found["citations whose quote stands in the note"].n == 1


def test_the_refusal_suite_reports_dev_and_test_apart(subject: Subject) -> None:
    found = _named(run_suites(subject, ["refusal"]), "refusal")
    for label in ("dev (fitted on)", "test"):
        outside = found[f"{label}: outside questions refused"]
        assert (outside.k, outside.n, outside.missed) == (1, 2, ("out-2",))
        assert found[f"{label}: of these, near-miss"].k == 0
        mistaken = found[f"{label}: answerable questions refused by mistake"]
        assert (mistaken.k, mistaken.n, mistaken.missed) == (1, 2, ("in-2",))


def test_the_speed_suite_asks_each_question_once_for_all_suites(subject: Subject) -> None:
    asked: list[str] = []

    def ask(question: SetQuestion) -> Answer:
        asked.append(question.id)
        return _answer(question)

    found = _named(run_suites(replace(subject, ask=ask), ["answers", "speed"]), "speed")
    assert asked == ["in-1", "in-2"]
    assert found["first_text_ms, p95"].value == 20.0 and found["first_text_ms, p95"].unit == "ms"


def test_all_suites_but_the_fit_run_when_none_is_named(subject: Subject) -> None:
    seen: list[tuple[str, int, int]] = []
    report = run_suites(subject, [], lambda stage, done, total: seen.append((stage, done, total)))
    assert list(report.suites) == [
        name
        for name in SUITES
        if name
        not in (
            "gate",
            "indexing",
            "embedded",
            "teaching",
            "follow-ups",
            "grading",
            "quiz",
            "demos",
            "demos-normal",
            "feedback",
        )
    ]
    assert ("Answering", 0, 2) in seen and ("Answering", 2, 2) in seen


def test_the_suites_of_the_demos_run_the_preset_that_they_are_named_for(subject: Subject) -> None:
    asked: list[tuple[str, str]] = []

    def begin(name: str, preset: str, seed: int, out: Path) -> Iterator[JobEvent]:
        asked.append((name, preset))
        return (event for event in ())

    seen: list[tuple[str, int, int]] = []
    report = run_suites(
        replace(subject, demos=Demos(lambda: ["any"], begin)),
        ["demos", "demos-normal"],
        lambda stage, done, total: seen.append((stage, done, total)),
    )
    assert asked == [("any", "quick")] * 3 + [("any", "normal")] * 3
    assert seen[3] == ("Running any, quick", 3, 3)
    assert _named(report, "demos-normal")["any: ran to its end"].k == 0


def test_the_feedback_suite_counts_the_thumbs_and_names_what_was_disliked(
    subject: Subject, tmp_path: Path
) -> None:
    def report() -> list[dict[str, Any]]:
        thoughts = partial(thoughts_on_record, tmp_path / "record.db")
        measured = run_suites(replace(subject, thoughts=thoughts), ["feedback"])
        return [measure.to_json() for measure in measured.suites["feedback"]]

    assert report()[0]["n"] == 0
    with open_record(tmp_path / "record.db", now=lambda: datetime(2026, 1, 1, tzinfo=UTC)) as record:
        chat = record.new_chat("a")
        for question, value, word in (
            ("one?", "like", ""),
            ("two?", "dislike", "too long"),
            ("three?", "", ""),
        ):
            record.add_turn(chat, "user", question)
            turn = record.add_turn(chat, "assistant", "so")
            add_feedback(record, turn, "dislike")
            add_feedback(record, turn, cast(Liking, value), word)
        (found,) = report()
    assert (found["k"], found["n"], found["missed"]) == (1, 2, ["two? (too long)"])


def test_an_unknown_suite_is_refused_with_the_names_that_exist(subject: Subject) -> None:
    with pytest.raises(
        SettingsError,
        match=r"'sped'.*retrieval, answers, refusal, speed, teaching, grading, quiz, follow-ups, indexing",
    ):
        run_suites(subject, ["sped"])


def test_the_report_is_json_with_intervals_and_text_with_counts(subject: Subject) -> None:
    report = run_suites(subject)
    value = json.loads(json.dumps(report.to_json()))
    share = value["suites"]["answers"][1]
    assert share["name"] == "citations whose quote stands in the note"
    assert (share["k"], share["n"], share["missed"]) == (1, 2, ["in-2[1]"])
    assert share["low"] < 0.5 < share["high"]
    assert {"name": "total_ms, p50", "value": 30.0, "n": 2, "unit": "ms"} in value["suites"]["speed"]
    text = report.to_text()
    assert "1 of 2, 95 % interval" in text and "30 ms" in text and "see in-2[1]" in text


# -- the fit of the gate ---------------------------------------------------------------------------------------


def _labelled(n: int, seed: int) -> tuple[list[Measures], list[SetQuestion]]:
    rng = random.Random(seed)
    measures, questions = [], []
    for i in range(n):
        good = i % 2 == 0
        centre = 0.6 if good else 0.3
        measures.append(
            Measures(
                rng.gauss(centre, 0.1),
                rng.gauss(1.5 * centre, 0.2),
                float(not good and i % 3 == 0),
                0.0,
                0.0,
                0.0,
            )
        )
        kind = "why" if good else OUTSIDE_KINDS[i // 2 % 3]
        questions.append(SetQuestion(str(i), "", ("note.md",) if good else (), (), kind))
    return measures, questions


def test_the_fit_separates_questions_that_the_measures_separate() -> None:
    measures, questions = _labelled(120, seed=1)
    fit = fit_gate(measures, questions)
    assert fit.auc > 0.95
    assert fit.weights.passage > 0 and fit.weights.sentence > 0 and fit.weights.fact_missing < 0
    assert fit.weights.definition_missing == 0.0
    assert all(0 <= p <= 1 for p in fit.probabilities) and len(fit.probabilities) == 120
    refused = [outside for _, outside, _ in fit.operating_points]
    assert refused == sorted(refused)


def test_the_fit_finds_nothing_where_the_measures_say_nothing() -> None:
    measures, questions = _labelled(120, seed=2)
    random.Random(3).shuffle(measures)
    assert 0.25 < fit_gate(measures, questions).auc < 0.75


def test_the_fit_is_the_same_for_the_same_seed() -> None:
    measures, questions = _labelled(60, seed=4)
    assert fit_gate(measures, questions, seed=5) == fit_gate(measures, questions, seed=5)


def test_measures_are_taken_as_for_an_answer(small_retriever: Retriever) -> None:
    questions = [
        SetQuestion("1", "What is mode colapse?", ("mode-collapse.md",), (), "definition"),
        SetQuestion(
            "2",
            "what about the discriminator?",
            ("gan.md",),
            (),
            "follow-up",
            ({"role": "user", "content": "What is the role of the generator in a GAN?"},),
        ),
        SetQuestion("3", "How do I boil an egg?", (), (), "far"),
    ]
    known, follow_up, far = measure_questions(small_retriever, questions)
    assert known.definition_missing == 0.0 and known.sentence > 1.0
    assert follow_up.sentence > far.sentence and known.passage > far.passage


def test_an_opened_session_is_measured_with_the_bundled_questions(settings: Settings) -> None:
    session = open_session(settings)
    try:
        report = evaluate(session, ["answers"])
    finally:
        session.close()
    found = _named(report, "answers")
    assert report.model == "notes-only"
    assert found["answered (not refused by mistake)"].n == 30
    citations = found["citations whose quote stands in the note"]
    assert citations.n > 0 and citations.k == citations.n
