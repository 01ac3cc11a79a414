"""The draft of a model that was fitted to answer from numbered sentences: what it is given, and what is kept of it.

Such a model chooses among the sentences itself, so that nothing is said before it speaks. Its numbers are not
believed: each sentence passes the same check as any other draft, first against the sentences that it names.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tutor.chinese import CJK
from tutor.errors import ModelError
from tutor.grounding import Citations, Evidence, check
from tutor.models import ChosenModel, stream_text
from tutor.parts import Part, quoted
from tutor.prompts import NOT_SAID, answer_from_numbered
from tutor.questions import Question
from tutor.ranking import Findings, Ranked
from tutor.retrieval import Retriever
from tutor.seen import Making
from tutor.selection import MOST_SENTENCES, choose, in_order, repeats
from tutor.turns import Notice, Sentence
from tutor.words import split_sentences

# As the examples that it learned from were made (`tutor.training`).
_MOST_GIVEN = 8
_MOST_CHOSEN = 4
_LONGEST = 420
# The first fitted model said "not in the notes" about four times as often where that was so: at a gate's odds below
# four to one the refusal is then the likelier. Above, the notes' own sentences are told.
CERTAIN = 0.8
MARK = r"(?<!\w)\[\d{1,2}\]"
"""The number of a sentence in a draft, as a pattern: "[2]", and not the index in "x[1]"."""
FEW, MANY = 1, 3
"""The least sentences of an answer: the direct one suffices, unless it is to be in depth or the model broke off."""

_UNSUPPORTED = "none of the sentences found in your notes says this"
_CLOSING = "\"'”’)*"
_MARKED = re.compile(
    rf"\s*((?:{MARK}\s*)*)((?!\[\d{{1,2}}\])\S.*?[.!?:][{_CLOSING}]*)\s*(?={MARK})", re.DOTALL
)
_LAST = re.compile(rf"\s*((?:{MARK}\s*)*)(.*)", re.DOTALL)
_ANY_MARK = re.compile(rf"\s*{MARK}")


def is_drafted(question: Question) -> bool:
    """Whether a fitted model learned to answer such a question: in English, and no statement to be checked."""
    return question.intent != "check" and not CJK.search(question.text)


def given_sentences(question: Question, ranked: Sequence[Ranked]) -> list[Evidence]:
    """The sentences that a fitted model is given: those that code would answer with, then the next best."""
    fit = [one for one in ranked if one.piece.passage.kind != "code" and len(one.piece.text) < _LONGEST]
    chosen = choose(question, fit)[:_MOST_CHOSEN]
    return [*chosen, *[one.piece for one in fit if one.piece not in chosen]][:_MOST_GIVEN]


def marked_sentences(words: Iterable[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The sentences of a text with the numbers before them, each as soon as the next number stands there.

    "[2] [3] A thing. It is red. [1] It" gives the first two sentences with 2 and 3; a last one without an end was cut
    off and is left out.
    """
    text = ""
    for part in words:
        text += part
        while said := _MARKED.match(text):
            yield from _apart(said[1], said[2])
            text = text[said.end() :]
    last = _LAST.fullmatch(text)
    assert last is not None
    if _ANY_MARK.sub("", last[2]).strip().rstrip(_CLOSING).endswith((".", "!", "?")):
        yield from _apart(last[1], last[2])


def _apart(marks: str, text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    numbers = tuple(int(number) for number in re.findall(r"\d+", marks))
    bare = re.sub(r"\*\*|(?:^|\n)\s*[-*•]\s+", "", _ANY_MARK.sub("", text)).strip()
    for begin, end in split_sentences(bare):
        yield bare[begin:end].strip(), numbers


@dataclass
class _Said:
    """What an answer holds so far, and what is drawn from: the sentences given, and those in reserve."""

    given: Sequence[Evidence]
    spare: list[Evidence]
    texts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Drafting:
    """Answers by a fitted model's draft.

    Args:
        retriever: weighs words for the check.
        chosen: the chat model; it `answers_numbered`.
        answer_tokens: upper bound of one draft, in the chat model's tokens.
    """

    retriever: Retriever
    chosen: ChosenModel
    answer_tokens: int

    def parts(
        self, found: Findings, citations: Citations, making: Making, cancel: threading.Event
    ) -> Iterator[Part | Notice]:
        """The sentences of the draft that pass the check; the notes' own where none does.

        Nothing comes where the model says that the notes do not tell it and the gate was not certain that they do.

        Args:
            found: what the notes hold on the question.
            making: `chosen` holds the sentences of an answer without a model.
        """
        question = found.question
        own = in_order(making.chosen)
        said = _Said(given_sentences(question, found.ranked), list(own))
        least = MANY if question.style == "expert" else FEW
        try:
            for sentence, numbers in marked_sentences(self._words(question, said.given, cancel)):
                if len(said.texts) >= MOST_SENTENCES[question.style]:
                    making.drop(sentence, "the answer was full")
                    break
                if sentence == NOT_SAID:
                    if not said.texts and found.gate.probability < CERTAIN:
                        return
                    making.drop(sentence, "your notes were found to answer this")
                    continue
                yield from self._checked(sentence, numbers, said, citations, making)
        except ModelError as error:
            least = MANY
            yield Notice(f"{error} The answer goes on from the notes alone.")
        if not said.texts:
            yield from quoted(own[:1] if cancel.is_set() else own, citations)
            return
        for piece in said.spare:
            if len(said.texts) >= least or cancel.is_set():
                break
            if not repeats(piece.text, said.texts):
                said.texts.append(piece.text)
                yield from quoted([piece], citations)

    def _words(self, question: Question, given: Sequence[Evidence], cancel: threading.Event) -> Iterator[str]:
        assert self.chosen.chat is not None
        messages = answer_from_numbered(question.text, [piece.text for piece in given], "plain")
        return stream_text(self.chosen.chat, messages, max_tokens=self.answer_tokens, cancel=cancel)

    def _checked(
        self, sentence: str, numbers: Sequence[int], said: _Said, citations: Citations, making: Making
    ) -> Iterator[Part]:
        """A sentence that passes the check, else the notes' own one that it names, if that was not told yet."""
        if repeats(sentence, said.texts):
            making.drop(sentence, "it says again what stood there already")
            return
        named = [said.given[number - 1] for number in numbers if 0 < number <= len(said.given)]
        support, proofs = check(sentence, named, self.retriever.idf)
        if support == "unsupported":
            support, proofs = check(sentence, said.given, self.retriever.idf)
        if support != "unsupported":
            said.spare = [piece for piece in said.spare if piece not in proofs]
            said.texts.append(sentence)
            yield Part(Sentence(sentence, support, tuple(citations.cite(piece) for piece in proofs)))
            return
        instead = next((piece for piece in named if not repeats(piece.text, said.texts)), None)
        if instead is None:
            making.drop(sentence, _UNSUPPORTED)
            return
        making.drop(sentence, f"{_UNSUPPORTED}; [{citations.cite(instead)}] stands in its place")
        said.spare = [piece for piece in said.spare if piece != instead]
        said.texts.append(instead.text)
        yield from quoted([instead], citations)
