"""Every answer from the notes: retrieval, the gate, evidence, a draft, the grounding check, citations.

An answer is made of the notes' own sentences, chosen by code, or of a model's draft that passed the check
sentence by sentence; what fails is replaced by the notes' own sentence. Nothing is streamed unchecked.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from tutor import understanding
from tutor.adapter import Adapter
from tutor.chinese import CJK
from tutor.comparing import compare
from tutor.drafting import Drafting, is_drafted
from tutor.errors import ModelError
from tutor.grounding import Citations, Evidence, check
from tutor.listing import list_items
from tutor.models import ChosenModel, stream_text
from tutor.parts import Part, in_turn, layout_of, quoted, rendered
from tutor.prompts import answer_from_notes
from tutor.questions import Question, separate
from tutor.ranking import Findings, Ranked, find, retrieve, settled, spelt, together, weigh
from tutor.retrieval import Retriever
from tutor.seen import Making, gather
from tutor.selection import MOST_SENTENCES, asks_example, choose, gives_example, in_order, is_item, repeats
from tutor.simple import explain_simply
from tutor.turns import Answer, Citation, Delta, Meters, Notice, Sentence, worst
from tutor.words import and_joined, reading_grade, split_sentences

LEAST_SENTENCES = 3
# A request to explain a thing simply gives the gate little to go by; these words of its own are known to the notes.
_NEAR = 0.25
_UNSURE = (
    "Your notes do not say this in so many words, so I can neither confirm nor deny it. What they say on it:"
)
_UNSUPPORTED = "none of the sentences found in your notes says this"
_NO_EXAMPLE = "I found no example of this in your notes. What they say on it:"
_ENGLISH_ONLY = "你的笔记只用英文写了这一点，下面是原文。"


@dataclass
class _Made:
    """What is gathered while a message is answered: for each question that it asks, its findings and meters."""

    citations: Citations = field(default_factory=Citations)
    making: Making = field(default_factory=Making)
    findings: list[Findings] = field(default_factory=list)
    meters: list[Meters] = field(default_factory=list)


@dataclass(frozen=True)
class Answering:
    """Answers questions from the notes.

    Args:
        retriever: searches the index.
        chosen: the chat model, or none (`notes-only`).
        answer_tokens: upper bound of one draft, in the chat model's tokens.
        reader: reads a claim and a sentence together; without it words alone judge a statement.
    """

    retriever: Retriever
    chosen: ChosenModel
    answer_tokens: int = 200
    reader: Adapter | None = None

    def answer(
        self, question: Question, cancel: threading.Event | None = None
    ) -> Iterator[Delta | Notice | Answer]:
        """Streams one answer: checked text piece by piece, then the Answer with its proofs.

        A model that fails in mid-answer is named in a Notice, and the notes' own sentences take its place.
        """
        clock = _Clock()
        made = _Made()
        parts = self._several(self._asked(question), made, clock, cancel or threading.Event())
        told = self._streamed(parts, question, made.citations, clock)
        first = next(told, None)
        for event in chain([first], told) if first is not None else self._refuse(question, clock):
            if isinstance(event, Answer):
                found = together(question, made.findings)
                record = gather(self.retriever, found, made.citations, event, made.making)
                event = replace(event, meters=None if event.refused else worst(made.meters), evidence=record)
            yield event

    def _asked(self, question: Question) -> list[Question]:
        """The questions of a message, to be answered one by one; the message whole where its first has no answer.

        A second half says little alone ("and how big is the model?"), and what it says then is seldom meant.
        """
        several = separate(question)
        whole = len(several) > 1 and not find(self.retriever, several[0]).answered
        return [question] if whole else several

    def _several(
        self, questions: Sequence[Question], made: _Made, clock: _Clock, cancel: threading.Event
    ) -> Iterable[Part | Notice]:
        """What answers the questions that a message asks, one after another; `made` fills with the parts."""
        questions = [spelt(self.retriever, one) for one in questions]
        hits = [retrieve(self.retriever, one) for one in questions]
        clock.mark("retrieve_ms")

        def bodies() -> Iterator[tuple[str, Iterable[Part | Notice]]]:
            for one, near in zip(questions, hits, strict=True):
                found = settled(self.retriever, weigh(self.retriever, one, near))
                asked = found.question
                made.findings.append(found)
                if made.findings[1:] and not found.answered:
                    yield one.text.rstrip(" ?.!？"), ()
                    continue
                body, measured = self._body(found, made.citations, made.making, cancel)
                if found.answered and asked.intent == "explain":
                    body = self._denied_first(asked, body, made.citations)
                made.meters.extend([measured] if measured else [])
                yield asked.text.rstrip(" ?.!？"), body

        return in_turn(bodies()) if len(questions) > 1 else (part for _, body in bodies() for part in body)

    def _denied_first(
        self, question: Question, body: Iterable[Part | Notice], citations: Citations
    ) -> Iterable[Part | Notice]:
        """An answer, begun with what the notes deny of what the question takes for granted."""
        judged = understanding.misconception(self.retriever, question.text, self.reader)
        return chain(understanding.denial(judged, citations), body) if judged else body

    def _body(
        self, found: Findings, citations: Citations, making: Making, cancel: threading.Event
    ) -> tuple[Iterable[Part | Notice], Meters | None]:
        """What answers a question, in the form that it asks for; nothing where the notes do not cover it."""
        question = found.question
        if question.intent == "check":
            verdict = understanding.check_statement(self.retriever, question.text, reader=self.reader)
            if verdict.overall != "absent":
                making.form = "check of your statement"
                return understanding.parts(verdict, citations), None
            unsure = Part(Sentence(_UNSURE, "connective"), "paragraph")
            nearest = self._parts(found, citations, making, cancel)
            return (chain([unsure], nearest) if found.answered else ()), None
        composed = self._composed(found, citations)
        if composed or not (found.answered or _is_near(found)):
            if composed:
                making.form = "comparison" if question.intent == "compare" else "list"
            return composed, None
        if question.style in ("eli5", "school"):
            making.form = "simple explanation"
            simple = explain_simply(self.retriever, found, citations, question.style)
            return simple.parts, simple.meters
        return self._parts(found, citations, making, cancel), None

    def _composed(self, found: Findings, citations: Citations) -> list[Part]:
        """A comparison as a table or a whole list, where one is asked for and the notes hold it; else nothing."""
        question = found.question
        if question.style == "eli5":
            return []
        if question.intent == "compare":
            return compare(self.retriever, question, found, citations)
        return list_items(self.retriever, question, found, citations) if question.intent == "list" else []

    def told(
        self, parts: Iterable[Part], citations: Sequence[Citation], message: str
    ) -> Iterator[Delta | Notice | Answer]:
        """Streams parts that were made elsewhere as an answer to a message."""
        question = Question(message, "explain", "plain", "")
        yield from self._streamed(parts, question, citations, _Clock())

    def _streamed(
        self,
        parts: Iterable[Part | Notice],
        question: Question,
        citations: Citations | Sequence[Citation],
        clock: _Clock,
    ) -> Iterator[Delta | Notice | Answer]:
        """Renders parts one by one, then gives the answer that they make; nothing where there are none."""
        pieces: list[Sentence] = []
        text, before = "", None
        for part in parts:
            if isinstance(part, Notice):
                yield part
                continue
            addition = rendered(part, before)
            clock.mark("first_text_ms")
            pieces.append(part.sentence)
            text, before = text + addition, part
            yield Delta(addition)
        if pieces:
            cited = citations.all() if isinstance(citations, Citations) else tuple(citations)
            yield self._finished(question, text, pieces, cited, clock)

    def _parts(
        self,
        found: Findings,
        citations: Citations,
        making: Making,
        cancel: threading.Event,
    ) -> Iterator[Part | Notice]:
        question, ranked = found.question, found.ranked
        chosen = choose(question, ranked)
        making.chosen = chosen
        if chosen and CJK.search(question.text) and not any(CJK.search(piece.text) for piece in chosen):
            yield Part(Sentence(_ENGLISH_ONLY, "connective"), "paragraph")
        if chosen and asks_example(question) and not any(map(gives_example, chosen)):
            yield Part(Sentence(_NO_EXAMPLE, "connective"), "paragraph")
        if chosen and chosen[0].passage.kind == "analogy":
            yield Part(Sentence("The notes tell it as a story:", "connective"))
        fitted = self.chosen.answers_numbered
        drafts = self.chosen.chat is not None and (is_drafted(question) or not fitted)
        if not drafts or not chosen or _set_apart(chosen):
            yield from quoted(in_order(chosen), citations)
        elif fitted:
            drafting = Drafting(self.retriever, self.chosen, self.answer_tokens)
            yield from drafting.parts(found, citations, making, cancel)
        else:
            yield from self._drafted(question, ranked, citations, making, cancel)

    def _refuse(self, question: Question, clock: _Clock) -> Iterator[Delta | Answer]:
        nearest = self.retriever.topics(question.text)
        text = "Your notes do not cover this."
        if nearest:
            text += f" The nearest topics in them are {and_joined(nearest)}."
        clock.mark("first_text_ms")
        yield Delta(text)
        sentences = tuple(Sentence(text[a:b], "connective") for a, b in split_sentences(text))
        answer = self._finished(question, text, list(sentences), (), clock)
        yield replace(answer, refused=True, nearest=nearest)

    def _finished(
        self,
        question: Question,
        text: str,
        pieces: list[Sentence],
        citations: tuple[Citation, ...],
        clock: _Clock,
    ) -> Answer:
        clock.mark("total_ms")
        plain = " ".join(piece.text for piece in pieces)
        return Answer(
            answer=text,
            refused=False,
            citations=citations,
            sentences=tuple(pieces),
            nearest=(),
            style=question.style,
            fkgl=reading_grade(plain),
            model=self.chosen.name,
            timings=clock.times,
            question=question.text,
        )

    # -- explain -----------------------------------------------------------------------------------------------

    def _drafted(
        self,
        question: Question,
        ranked: Sequence[Ranked],
        citations: Citations,
        making: Making,
        cancel: threading.Event,
    ) -> Iterator[Part | Notice]:
        """A model's draft, sentence by sentence as it passes the check, begun and filled up by the notes' own.

        The notes' best sentence comes first and at once: a student never waits for the model to see the core.
        """
        chosen = making.chosen
        lead, *spare = in_order(chosen)
        yield from quoted([lead], citations)
        said = [lead.text]
        evidence = [*chosen, *[entry.piece for entry in ranked[:12] if entry.piece not in chosen]]
        try:
            for sentence in self._draft(question, chosen, cancel):
                if len(said) >= MOST_SENTENCES[question.style]:
                    making.drop(sentence, "the answer was full")
                    break
                if repeats(sentence, said):
                    making.drop(sentence, "it says again what stood there already")
                    continue
                support, found = check(sentence, evidence, self.retriever.idf)
                if support == "unsupported":
                    replacement = next((piece for piece in spare if not repeats(piece.text, said)), None)
                    if replacement is None:
                        making.drop(sentence, _UNSUPPORTED)
                        continue
                    making.drop(
                        sentence, f"{_UNSUPPORTED}; [{citations.cite(replacement)}] stands in its place"
                    )
                    spare.remove(replacement)
                    said.append(replacement.text)
                    yield from quoted([replacement], citations)
                    continue
                spare = [piece for piece in spare if piece not in found]
                said.append(sentence)
                yield Part(Sentence(sentence, support, tuple(citations.cite(piece) for piece in found)))
        except ModelError as error:
            yield Notice(f"{error} The answer goes on from the notes alone.")
        for piece in spare:
            if len(said) >= LEAST_SENTENCES or cancel.is_set():
                break
            if not repeats(piece.text, said):
                said.append(piece.text)
                yield from quoted([piece], citations)

    def _draft(
        self, question: Question, evidence: Sequence[Evidence], cancel: threading.Event
    ) -> Iterator[str]:
        """The model's sentences, each as soon as it is complete; a last one cut off by the budget is dropped."""
        assert self.chosen.chat is not None
        messages = answer_from_notes(question.text, [piece.text for piece in evidence], question.style)
        text = ""
        words_left = stream_text(self.chosen.chat, messages, max_tokens=self.answer_tokens, cancel=cancel)
        for part in words_left:
            text += part
            spans = split_sentences(text)
            if len(spans) > 1:
                for begin, end in spans[:-1]:
                    yield _clean(text[begin:end])
                text = text[spans[-1][0] :]
        if text.strip().endswith((".", "!", "?", "。", "！", "？")):
            for begin, end in split_sentences(text):
                yield _clean(text[begin:end])


def _is_near(found: Findings) -> bool:
    """Whether a simple explanation is asked of a thing whose words the notes know, and the gate does not shut."""
    simple = found.question.style in ("eli5", "school")
    return simple and not found.gate.unknown and found.gate.probability >= _NEAR


class _Clock:
    """Milliseconds since the start, each mark set once."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.times: dict[str, float] = {}

    def mark(self, name: str) -> None:
        self.times.setdefault(name, (time.perf_counter() - self._began) * 1000)


def _clean(sentence: str) -> str:
    """A draft's sentence without the marks a model leaves: citation numbers, bold, list signs."""
    return re.sub(r"\*\*|^[-*•]\s+|\s*\[\d+\]", "", sentence).strip()


def _set_apart(pieces: Sequence[Evidence]) -> bool:
    """Whether the notes answer with a list, table, program, formula or story: shown as it stands, never reworded."""
    items = [piece.passage.id for piece in pieces if is_item(piece)]
    return (
        any(piece.passage.kind == "analogy" for piece in pieces)
        or any(items.count(passage) >= 3 for passage in items)
        or any(layout_of(piece, alone=True) in ("code", "table", "block") for piece in pieces)
    )
