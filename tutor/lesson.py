"""Predict, run, observe, explain: what the student predicted, what came out, and questions made from the numbers.

What is predicted and what decides it stands in the demo's own description; the state of the lesson is the last
message of the chat, so it outlives the program and any other wish ends it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from tutor.follow_ups import ASKS
from tutor.intents import intent_of
from tutor.quiz.replies import reply_kind
from tutor.runs import figure, label
from tutor.turns import PredictionAsked, RunLesson, RunQuestion
from tutor.words import content_words, words

Data = Mapping[str, Any]
Reply = Literal["option", "words", "run", "cancel", "other"]
LETTERS = "ABCDEF"
SKIP = "or say it in your own words; “just run it” skips the question"
_GO = re.compile(
    r"^\W*(?:just |please |ok(?:ay)?,? |yes,? |no,? |then )*(?:run|start|go|skip|show|do|train)"
    r"(?: (?:it|this|that|me|ahead|on|for it))*(?: now| please| anyway| already)*\W*$"
    r"|^\W*(?:yes|yep|ok(?:ay)?|sure|no (?:idea|clue|prediction|guess)|whatever)\W*$|^(?:直接|开始|跳过|跑吧|好的?)",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(?:no|nope|never ?mind|forget (?:it|the demo)|not now|取消|算了|不跑了)\W*$", re.IGNORECASE
)
_LETTER = re.compile(r"^\W*(?:option |answer |i (?:say|think|guess) )?\(?([a-f])\b\W*$", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*(%)?")
_COUNTS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_WHY = re.compile(
    r"^\W*(?:but |and |so |ok(?:ay)?,? )*(?:why|how come|explain (?:it|that|this|number|question))\b.{0,30}$"
    r"|^为什么.{0,10}$",
    re.IGNORECASE,
)
_IN_NOTES = {
    "modes": "What is mode collapse?",
    "recall": "What does recall measure for a generative model?",
    "precision": "What does precision measure for a generative model?",
    "fd": "What does the Fréchet inception distance measure?",
    "inception": "What does the inception score measure?",
    "perplexity": "What does perplexity measure?",
    "memorisation": "What is memorisation of training data?",
}
_TALKED: frozenset[str] = frozenset(
    (
        "quiz",
        "progress",
        "demo",
        "map",
        "summary",
        "save",
        "evidence",
        "greeting",
        "thanks",
        "help",
        "compare",
        "list",
    )
)


def prediction_of(demo: Data, call: dict[str, Any], title: str) -> PredictionAsked | None:
    """What to ask before a run; None where the demo asks nothing, or the knobs are not those of its question."""
    predict = demo.get("predict")
    if not predict or set(predict.get("fixed", ())) & set(call.get("knobs", {})):
        return None
    texts = tuple(str(option["text"]) for option in predict["options"])
    return PredictionAsked(str(predict["question"]), texts, call, title, dict(predict))


def read_reply(asked: Data, message: str) -> tuple[Reply, int | None]:
    """What a message says to an open prediction (a `PredictionAsked` as data), and the option that it names."""
    options = [str(text) for text in asked["options"]]
    kind = reply_kind(message)
    if kind == "stop" or _NO.match(message):
        return "cancel", None
    if kind in ("skip", "dont_know") or _GO.match(message):
        return "run", None
    letter = _LETTER.match(message)
    if letter and LETTERS.index(letter.group(1).upper()) < len(options):
        return "option", LETTERS.index(letter.group(1).upper())
    said = " ".join(words(message))
    whole = [place for place, text in enumerate(options) if " ".join(words(text)) in said]
    if len(whole) == 1:
        return "option", whole[0]
    if message.rstrip().endswith(("?", "？")) or ASKS.match(message) or intent_of(message) in _TALKED:
        return "other", None
    place = _option_in(message, asked["predict"])
    return ("words", None) if place is None else ("option", place)


def _option_in(message: str, predict: Data) -> int | None:
    """The option that a message in the student's own words means: by its one number, else by the words it shares."""
    spelt = re.sub(r"[a-z]+", lambda found: _digit(found.group()), message.lower())
    numbers = _NUMBER.findall(spelt)
    if len(numbers) == 1:
        value, percent = numbers[0]
        return came_out(predict, float(value) / (100 if percent else 1))
    said = set(content_words(message))
    shared = [len(said & set(content_words(str(option["text"])))) for option in predict["options"]]
    best = max(shared)
    return shared.index(best) if best and shared.count(best) == 1 else None


def _digit(word: str) -> str:
    return str(_COUNTS.index(word)) if word in _COUNTS else word


def came_out(predict: Data, value: float) -> int:
    """Which option a figure makes right: the first whose bound lies above it."""
    bounds = [math.inf if option["below"] is None else option["below"] for option in predict["options"]]
    return next((place for place, bound in enumerate(bounds) if value < bound), len(bounds) - 1)


def lesson(result: Data, titles: Sequence[str], predicted: Data | None) -> RunLesson:
    """What follows a run.

    Args:
        result: the contract's fields of `tutor demo run`.
        titles: of the related notes that are in the library.
        predicted: {predict, place, said}: the prediction, the option that the student chose or None, and their words.
    """
    compared = told_prediction(result, predicted) if predicted else ""
    return RunLesson(compared, run_questions(result, titles), tuple(titles))


def told_prediction(result: Data, predicted: Data) -> str:
    """The prediction beside the figure that decides it; empty where that was not measured."""
    predict, place = predicted["predict"], predicted["place"]
    value, n = _decides(result.get("metrics", {}), predict)
    if value is None:
        return "The figure that decides your prediction was not measured in this run."
    right = came_out(predict, value)
    options = [option["text"] for option in predict["options"]]
    reading = f"{predict['reading']} = {figure(value)} (n = {n})"
    if place is None:
        return f"You predicted “{predicted['said']}”; it came out “{options[right]}”: {reading}."
    if place == right:
        return f"You predicted “{options[place]}”, and so it came out: {reading}."
    return f"You predicted “{options[place]}”; it came out “{options[right]}”: {reading}."


def came_true(result: Data, predicted: Data) -> int | None:
    """The option that came out, where the student chose one; None where they did not or it was not measured."""
    value, _ = _decides(result.get("metrics", {}), predicted["predict"])
    return None if value is None or predicted["place"] is None else came_out(predicted["predict"], value)


def _decides(metrics: Data, predict: Data) -> tuple[float | None, int | None]:
    """The figure that decides a prediction, and of how many samples it was taken."""
    decides = metrics.get(predict["metric"], {})
    value, minus, less = decides.get("value"), predict.get("minus"), 0.0
    if minus:
        less = decides.get("baseline") if minus == "baseline" else metrics.get(minus, {}).get("value")
    if value is None or less is None:
        return None, None
    return float(value) - float(less), decides.get("n")


def run_questions(result: Data, titles: Sequence[str] = ()) -> tuple[RunQuestion, ...]:
    """Two questions made from the numbers of a run: where it is farthest from real data, and against what else.

    Figures that the run's own observations speak of come first: those have an answer.
    """
    figures = {
        name: metric
        for name, metric in result.get("metrics", {}).items()
        if metric.get("value") is not None and metric.get("better") in ("high", "low", "near 1")
    }
    known = [name for name, metric in figures.items() if metric.get("floor") is not None]
    far = sorted(known, key=lambda name: (_observed(result, name) != "", _gap(figures[name])), reverse=True)
    rivals = [name for name in (*far, *figures) if figures[name].get("baseline") is not None]
    found = [_gap_question(result, name, figures[name], titles[:1]) for name in far[:1]]
    found += [_rival_question(result, name, figures[name], titles[-1:]) for name in rivals[:1]]
    found += [_gap_question(result, name, figures[name], titles[-1:]) for name in far[:0:-1]]
    return tuple(found[:2])


def _gap(metric: Data) -> float:
    """How far a figure is from that of real data, as a share of it; below 0 where it is better."""
    value, floor = float(metric["value"]), float(metric["floor"])
    if metric.get("better") == "near 1":
        return abs(value - 1)
    worse = floor - value if metric.get("better") == "high" else value - floor
    return worse / max(abs(floor), 1e-9)


def _gap_question(result: Data, name: str, metric: Data, titles: Sequence[str]) -> RunQuestion:
    value, floor = figure(float(metric["value"])), figure(float(metric["floor"]))
    ends = (
        "what does that say of the samples?" if _gap(metric) > 0.1
        else "what could still be wrong that this figure does not see?"
    )  # fmt: skip
    text = f"{_title(name)} came to {value}, where real data, the best to be hoped for, gives {floor}: {ends}"
    return RunQuestion(text, _told(result, name, metric), _asks(name, titles))


def _rival_question(result: Data, name: str, metric: Data, titles: Sequence[str]) -> RunQuestion:
    value, baseline = float(metric["value"]), float(metric["baseline"])
    better = value > baseline if metric.get("better") == "high" else value < baseline
    ends = "what did the training buy?" if better else "why may a classical model win here?"
    text = (
        f"A classical model comes to {figure(baseline)} in {label(name)}, this run to {figure(value)}: {ends}"
    )
    return RunQuestion(text, _told(result, name, metric), _asks(name, titles))


def _told(result: Data, name: str, metric: Data) -> str:
    """What the run itself says of a figure: its meaning, and the observation that speaks of it."""
    seen = _observed(result, name)
    meaning = str(metric.get("meaning") or "")
    return " ".join(part for part in (f"{_title(name)}: {meaning}." if meaning else "", seen) if part)


def _observed(result: Data, name: str) -> str:
    """The observation that speaks of a figure: it holds half of the words of its name; empty where none does."""
    wanted = set(content_words(label(name)))
    said = [str(text) for text in result.get("observations", ())]
    shared = {text: len(wanted & set(content_words(text))) for text in said}
    best = max(said, key=lambda text: shared[text], default="")
    return best if best and 2 * shared[best] >= len(wanted) > 0 else ""


def _asks(name: str, titles: Sequence[str]) -> str:
    """What the notes are asked on a figure: what it measures where that is a matter of theirs, else their topic."""
    for part in name.split("_"):
        if part in _IN_NOTES:
            return _IN_NOTES[part]
    return f"What is {titles[0]}?" if titles else ""


def _title(name: str) -> str:
    spoken = label(name)
    return spoken[:1].upper() + spoken[1:]


def says_why(message: str) -> bool:
    """Whether a message asks why, and nothing else."""
    return bool(_WHY.match(message))


def asked_why(message: str, questions: Sequence[Data]) -> Data | None:
    """The question of the last lesson that a "why?" asks about; None for any other message."""
    if not questions or not _WHY.match(message):
        return None
    second = re.search(r"\b(?:2|two|second|last)\b|第二", message, re.IGNORECASE)
    return questions[min(1, len(questions) - 1)] if second else questions[0]
