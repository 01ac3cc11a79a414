"""Chat models on numbered sentences of notes that none learned from: what they say before anything is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tutor.drafting import MARK, given_sentences
from tutor.errors import SettingsError
from tutor.evaluation.questions import SETS_FOLDER
from tutor.evaluation.report import Measure
from tutor.grounding import Evidence, check
from tutor.models import ChosenModel, embedded_names, open_model, stream_text
from tutor.prompts import NOT_SAID, answer_from_numbered, told_to_number
from tutor.questions import Question
from tutor.ranking import Findings, Ranked, retrieve, weigh
from tutor.retrieval import Retriever
from tutor.selection import choose
from tutor.settings import Settings

Drafts = Callable[["NumberedQuestion"], str]
HELD_OUT = "numbered-held-out"
_MARKS = re.compile(rf"((?:\s*{MARK})+)")
_STOP_AFTER = re.compile(rf"\s*((?:{MARK}\s*)+)([.!?])")
_REFUSES = re.compile(
    r"\bnotes (?:do not|don't) (?:say|cover|tell|mention)|\bnot in the notes\b", re.IGNORECASE
)


@dataclass(frozen=True)
class NumberedQuestion:
    """A question with numbered sentences, labelled by a person.

    Attributes:
        evidence: the sentences, each with its note.
        answers: the numbers, from 1, of all sentences that answer; none where the question is to be refused.
        needs: the one or two that a good answer rests on.
    """

    id: str
    question: str
    evidence: tuple[dict[str, Any], ...]
    answers: frozenset[int]
    needs: frozenset[int]


@dataclass(frozen=True)
class Drafted:
    """What a model said: its sentences with the numbers behind them, or a refusal."""

    sentences: tuple[tuple[str, tuple[int, ...]], ...]
    refused: bool


def numbered_questions(path: Path = SETS_FOLDER / f"{HELD_OUT}.jsonl") -> list[NumberedQuestion]:
    """The bundled questions.

    Raises:
        SettingsError: a line that is no such question.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            v = json.loads(line)
            answers, needs = frozenset(v["answers"]), frozenset(v["needs"])
            found.append(NumberedQuestion(v["id"], v["question"], tuple(v["evidence"]), answers, needs))
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"Line {number} of {path} is no numbered question ({error!r})",
                "Write it as JSON with id, question, evidence, answers and needs.",
            ) from error
    return found


def drafted(text: str) -> Drafted:
    """A model's text taken apart.

    "[2] A thing. [3] It is red.", as a fitted model says it, and "A thing. [2] It is red [3].", as the others are told
    to, both have two sentences with a number each.
    """
    if _REFUSES.search(text):
        return Drafted((), True)
    first, *rest = _MARKS.split(_STOP_AFTER.sub(r"\2 \1", text).strip())
    marks, told = rest[::2], [first, *rest[1::2]]
    pairs = zip(told if first else told[1:], [*marks, ""] if first else marks, strict=True)
    found = [
        (said.strip(), tuple(int(n) for n in re.findall(r"\d+", numbers)))
        for said, numbers in pairs
        if said.strip()
    ]
    return Drafted(tuple(found), not found)


def is_grounded(sentence: str, evidence: Sequence[dict[str, Any]]) -> bool:
    """Whether the grounding check finds the sentence in any of these sentences of the notes."""
    pieces = [
        cast(
            Evidence,
            SimpleNamespace(asserted=e["text"], text=e["text"], passage=SimpleNamespace(note=e["note"])),
        )
        for e in evidence
    ]
    return check(sentence, pieces, lambda stem: 1.0)[0] != "unsupported"


def numbered(
    draft: Drafts,
    each: Callable[[str, Sequence[NumberedQuestion]], Iterator[NumberedQuestion]],
    questions: Sequence[NumberedQuestion],
) -> list[Measure]:
    """All measures.

    Args:
        draft: a question -> what the model says, unchecked.
        each: gives the questions one by one, with progress.
    """
    given = [(one, drafted(draft(one))) for one in each("Answering from numbered sentences", questions)]
    asked = [(one, said) for one, said in given if one.answers]
    answered = [(one, said) for one, said in asked if not said.refused]
    cited = [
        (f"{one.id}, {place}", _holds(one, sentence, numbers))
        for one, said in answered
        for place, (sentence, numbers) in enumerate(said.sentences, 1)
    ]
    return [
        Measure.share(
            "refused where no sentence answers", [(o.id, s.refused) for o, s in given if not o.answers]
        ),
        Measure.share("answered where one does", [(one.id, not said.refused) for one, said in asked]),
        Measure.share(
            "answers without an unsupported sentence, before the check",
            [(o.id, all(is_grounded(t, o.evidence) for t, _ in s.sentences)) for o, s in answered],
        ),
        Measure.share("sentences whose own numbers support them", cited),
        Measure.share(
            "answers that rest on a sentence that answers",
            [(o.id, bool(_cited(s) & o.answers)) for o, s in answered],
        ),
        Measure.share(
            "answers that rest on nothing beside the point",
            [(o.id, bool(_cited(s)) and _cited(s) <= o.answers) for o, s in answered],
        ),
        Measure(
            "sentences an answer",
            sum(len(said.sentences) for _, said in answered) / max(1, len(answered)),
            len(answered),
        ),
    ]


def _cited(said: Drafted) -> set[int]:
    return {number for _, numbers in said.sentences for number in numbers}


def compared(
    speakers: Mapping[str, Drafts],
    each: Callable[[str, Sequence[NumberedQuestion]], Iterator[NumberedQuestion]],
    questions: Sequence[NumberedQuestion],
) -> list[Measure]:
    """The measures of several models on the same questions, those of one kind side by side.

    Args:
        speakers: a model's name -> what it says, unchecked.
        each: gives the questions one by one, with progress.
    """
    found = {}
    for name, draft in speakers.items():
        found[name] = numbered(draft, partial(_named, each, name), questions)
    rows = zip(*found.values(), strict=True)
    return [
        replace(one, name=f"{one.name}: {name}") for row in rows for name, one in zip(found, row, strict=True)
    ]


def _named(
    each: Callable[[str, Sequence[NumberedQuestion]], Iterator[NumberedQuestion]],
    name: str,
    stage: str,
    questions: Sequence[NumberedQuestion],
) -> Iterator[NumberedQuestion]:
    return each(f"{stage}: {name}", questions)


def speakers_of(retriever: Retriever, settings: Settings) -> dict[str, Drafts]:
    """The notes alone, the embedded model without and with its corrections, and the endpoint of the settings.

    Raises:
        ModelError: the embedded model is not on this machine.
    """
    names = [*embedded_names(), *([settings.endpoint] if settings.endpoint else [])]
    models = {name: open_model(name, settings) for name in names}
    told = {name: _drafts_of(one, settings.answer_tokens) for name, one in models.items()}
    return {"notes-only": lambda one: _quoted(retriever, one), **told}


def _drafts_of(chosen: ChosenModel, answer_tokens: int) -> Drafts:
    def draft(one: NumberedQuestion) -> str:
        sentences = [sentence["text"] for sentence in one.evidence]
        messages = (
            answer_from_numbered(one.question, sentences, "plain")
            if chosen.answers_numbered
            else told_to_number(one.question, sentences)
        )
        assert chosen.chat is not None
        return "".join(stream_text(chosen.chat, messages, max_tokens=answer_tokens))

    return draft


def _quoted(retriever: Retriever, one: NumberedQuestion) -> str:
    """What the tutor quotes of these sentences without a model, or that the notes do not say it, by the gate."""
    found, ranked = _weighed(retriever, one.question, one.evidence)
    numbers = {sentence["text"]: number for number, sentence in enumerate(one.evidence, 1)}
    chosen = choose(found.question, ranked)
    if not found.answered or not chosen:
        return NOT_SAID
    return " ".join(f"{piece.text} [{numbers[piece.text]}]" for piece in chosen)


def best_first(retriever: Retriever, question: str, evidence: Sequence[Mapping[str, Any]]) -> list[int]:
    """The places, from 0, of sentences in the order in which a fitted model is given them in an answer.

    Those that code would answer with come first, then the next best; what is not found for the question comes last.

    Args:
        evidence: the sentences, each with `note` and `text`.
    """
    found, ranked = _weighed(retriever, question, evidence)
    order = {piece.text: place for place, piece in enumerate(given_sentences(found.question, ranked))}
    return sorted(range(len(evidence)), key=lambda n: order.get(evidence[n]["text"], len(order)))


def ordered(retriever: Retriever, one: NumberedQuestion) -> NumberedQuestion:
    """The question with its sentences in the order in which a fitted model is given them in an answer."""
    places = best_first(retriever, one.question, one.evidence)
    new = {place + 1: number for number, place in enumerate(places, 1)}
    return replace(
        one,
        evidence=tuple(one.evidence[place] for place in places),
        answers=frozenset(new[number] for number in one.answers),
        needs=frozenset(new[number] for number in one.needs),
    )


def _weighed(
    retriever: Retriever, question: str, evidence: Sequence[Mapping[str, Any]]
) -> tuple[Findings, list[Ranked]]:
    """What is found of a question in the passages of some sentences, and these sentences alone, ranked."""
    asked = Question(question, "explain", "plain", question)
    texts = {sentence["text"] for sentence in evidence}
    notes = {sentence["note"] for sentence in evidence}
    hits = [
        hit
        for hit in retrieve(retriever, asked)
        if hit.passage.note in notes and any(text in hit.passage.text.words for text in texts)
    ]
    found = weigh(retriever, asked, hits)
    return found, [entry for entry in found.ranked if entry.piece.text in texts]


def _holds(one: NumberedQuestion, sentence: str, numbers: Sequence[int]) -> bool:
    own = [one.evidence[number - 1] for number in numbers if 0 < number <= len(one.evidence)]
    return len(own) == len(numbers) > 0 and is_grounded(sentence, own)
