"""What was looked at for an answer, gathered while it is made, where the facts are: what was used, what was rejected
and why, in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tutor.chinese import CJK
from tutor.coverage import terms
from tutor.evidence import MOST_PASSAGES, short
from tutor.gate import ASKING
from tutor.grounding import Citations, Evidence
from tutor.passages import Passage
from tutor.ranking import Findings, Ranked, passed_over
from tutor.retrieval import Hit, Retriever
from tutor.selection import repeats, says_the_same, why_unchosen
from tutor.turns import (
    Answer,
    Citation,
    DraftDropped,
    EvidenceRecord,
    PassageSeen,
)
from tutor.words import STRUCK, and_joined, content_words, without_struck, zipf

Form = Literal["sentences", "comparison", "list", "simple explanation", "check of your statement"]

MOST_DROPPED = 8
_NAME_CHARS = 100
_WORD_CHARS = 40
_MOST_WORDS = 4
# How near to even the odds of the gate are where its verdict is called close.
_CLOSE = 0.1
# The share of a question's concepts below which a passage speaks of another thing.
_OTHER_THING = 0.5
# On the Zipf scale: words such as "work" and "time" say little of what a question is about.
_TOO_COMMON = 5.7
_WORD = re.compile(r"[^\W_][\w'’-]*")
_DECIDED: dict[Form, str] = {
    "comparison": "Each side was looked up by itself, and what your notes say of them was put side by side.",
    "list": "The lists in your notes that name such things were sought and put together.",
    "check of your statement": "Your statement was taken apart, and each part was held against sentences of the notes.",
}


@dataclass
class Making:
    """What happens while one answer is made: its form, the sentences chosen first, and what the check threw out."""

    form: Form = "sentences"
    chosen: list[Evidence] = field(default_factory=list)
    dropped: list[DraftDropped] = field(default_factory=list)

    def drop(self, sentence: str, reason: str) -> None:
        """Notes a sentence of the draft that is not shown."""
        if len(self.dropped) < MOST_DROPPED:
            self.dropped.append(DraftDropped(short(sentence), reason))


# -- gathered while answering ------------------------------------------------------------------------------------


def gather(
    retriever: Retriever, found: Findings, citations: Citations, answer: Answer, making: Making
) -> EvidenceRecord:
    """The record of an answer that is finished.

    Args:
        found: what the notes hold on the question.
        citations: the quotes of the answer.
        answer: as it is shown; of a refusal nothing is used.
    """
    return _Gathering(retriever, found, citations, answer, making).record()


class _Gathering:
    """Gathers the record of one answer."""

    def __init__(
        self, retriever: Retriever, found: Findings, citations: Citations, answer: Answer, making: Making
    ) -> None:
        self._retriever, self._found, self._making = retriever, found, making
        self._refused = answer.refused
        self._spans = {} if answer.refused else citations.spans()
        self._verbatim = {n for s in answer.sentences if s.support == "quoted" for n in s.cites}
        self._typed = _asked_words(found.question.text)
        telling = {stem: typed for stem, typed in self._typed.items() if zipf(typed.lower()) < _TOO_COMMON}
        self._asked = telling or self._typed
        self._barred = passed_over(found.question, found.hits)
        self._best: dict[str, Ranked] = {}
        for entry in found.ranked:
            self._best.setdefault(entry.piece.passage.id, entry)
        self._quoted = [(entry, n) for entry in found.ranked if (n := self._number(entry.piece))]

    def record(self) -> EvidenceRecord:
        hits = self._found.hits
        known = {hit.passage.id for hit in hits}
        used: dict[str, list[Citation]] = {}
        for (passage, _, _), citation in self._spans.items():
            used.setdefault(passage, []).append(citation)
        seen = [self._seen(rank, hit, used.get(hit.passage.id, ())) for rank, hit in enumerate(hits, 1)]
        sought = [self._used(0, 0.0, cited) for passage, cited in used.items() if passage not in known]
        first = [one for one in seen if one.cites] + sought
        others = [one for one in seen if not one.cites]
        kept = (first + others)[:MOST_PASSAGES]
        passages = tuple(one for one in [*seen, *sought] if one in kept)
        return EvidenceRecord(self._verdict(), len(seen) + len(sought), passages, tuple(self._making.dropped))

    def _number(self, piece: Evidence) -> int:
        """The number of the quote that holds a sentence, 0 without one."""
        return next(
            (
                cited.n
                for (passage, begin, end), cited in self._spans.items()
                if passage == piece.passage.id and begin <= piece.begin and piece.end <= end
            ),
            0,
        )

    # -- passages ----------------------------------------------------------------------------------------------

    def _seen(self, rank: int, hit: Hit, cited: Sequence[Citation]) -> PassageSeen:
        passage = hit.passage
        struck = "; what its author struck out was passed over" if STRUCK.search(passage.text.words) else ""
        if cited:
            return self._used(rank, hit.score, cited, struck)
        whole = without_struck(passage.text.words).strip() or passage.text.words
        return PassageSeen(
            rank,
            round(hit.score, 4),
            passage.note,
            passage.text.lines,
            short(passage.title, _NAME_CHARS),
            tuple(short(name, _NAME_CHARS) for name in passage.heading[-4:]),
            short(whole),
            (),
            self._why_not(passage) + struck,
        )

    def _used(self, rank: int, score: float, cited: Sequence[Citation], struck: str = "") -> PassageSeen:
        first = cited[0]
        marks = _marks([one.n for one in cited])
        verbatim = any(one.n in self._verbatim for one in cited)
        reason = f"used: quoted as {marks}" if verbatim else f"used: said in other words, proved by {marks}"
        lines = (min(one.lines[0] for one in cited), max(one.lines[1] for one in cited))
        return PassageSeen(
            rank,
            round(score, 4),
            first.note,
            lines,
            short(first.title, _NAME_CHARS),
            tuple(short(name, _NAME_CHARS) for name in first.heading[-4:]),
            short(without_struck(first.quote) or first.quote),
            tuple(one.n for one in cited),
            reason + struck,
        )

    def _why_not(self, passage: Passage) -> str:
        """Why a passage is not used: the first of these that is so."""
        if self._refused:
            return f"not enough: {self._lacks(passage)}"
        return f"not used: {self._rejected(passage)}"

    def _rejected(self, passage: Passage) -> str:
        form, entry = self._making.form, self._best.get(passage.id)
        if form == "sentences" and passage.id in self._barred:
            return self._barred[passage.id]
        same = self._same_as(entry) if entry is not None else 0
        if same:
            return f"says much the same as [{same}]"
        held = self._held(passage.embedded_text, self._typed)
        far = self._retriever.coverage(self._found.question.text, passage.embedded_text) < _OTHER_THING
        if self._typed and far and len(held) <= 1 < len(self._typed):
            return f"speaks of another thing ({_no_word(held)})"
        if form != "sentences":
            return f"nothing of it was needed for the {form}"
        if entry is None:
            return "nearer passages gave enough to choose from"
        return why_unchosen(entry, self._found.ranked, self._making.chosen)

    def _same_as(self, entry: Ranked) -> int:
        """The number of a quote that says what a sentence says, 0 without one."""
        for other, n in self._quoted:
            if says_the_same(entry, other):
                return n
        repeated = (cited.n for cited in self._spans.values() if repeats(entry.piece.text, [cited.quote]))
        return next(repeated, 0)

    def _lacks(self, passage: Passage) -> str:
        """What a passage lacks that the question asks for."""
        held = self._held(passage.embedded_text, self._typed)
        missing = [word for word in self._asked.values() if word not in held]
        if not self._typed:
            return "it is too far from your question"
        if not held or len(held) == 1 < len(self._typed):
            return f"it has {_no_word(held)}"
        if missing:
            return f"it has {self._listed(held)}, but not {self._listed(missing)}"
        if self._found.gate.measures.fact_missing:
            return "it has your words, but not the fact that you ask for"
        return "it has your words, but says too little that answers"

    def _held(self, text: str, asked: Mapping[str, str]) -> list[str]:
        """Those words of the question, as typed, that a text holds, or whose long forms it holds."""
        have = frozenset(terms(without_struck(text)))
        lexicon = self._retriever.lexicon
        return list(dict.fromkeys(typed for stem, typed in asked.items() if lexicon.held(stem, have)))

    def _listed(self, words: Sequence[str]) -> str:
        """Words of the question in quotation marks, the first few; neighbours make one phrase."""
        phrases: list[str] = []
        for word in dict.fromkeys(words):
            joined = f"{phrases[-1]} {word}" if phrases else word
            if phrases and joined in self._found.question.text:
                phrases[-1] = joined
            else:
                phrases.append(word)
        return and_joined([f"“{phrase}”" for phrase in phrases[:_MOST_WORDS]])

    # -- the verdict -------------------------------------------------------------------------------------------

    def _verdict(self) -> str:
        gate, form = self._found.gate, self._making.form
        close = " It was a close call." if abs(gate.probability - 0.5) < _CLOSE else ""
        if self._refused:
            return f"Your notes were found not to answer this. {self._why_refused()}{close}"
        if form in _DECIDED:
            return _DECIDED[form]
        if not self._found.answered:
            return "Your notes hardly cover this; what they do say on it is shown."
        held = self._held(self._found.ranked[0].text, self._asked) if self._found.ranked else []
        lead = f" The sentence nearest to it has, with its headings, {self._listed(held)}." if held else ""
        return f"Your notes were found to cover your question.{lead}{close}"

    def _why_refused(self) -> str:
        """The facts that speak for a refusal, the plainest first."""
        if not self._found.hits:
            return "Nothing in them is near your question."
        knows = self._retriever.knows
        unknown = [typed for stem, typed in self._typed.items() if not knows(stem)]
        if unknown:
            return f"They never use the {_plural('word', unknown)} {self._listed(unknown)}."
        if self._found.gate.measures.fact_missing:
            return (
                "You ask for a particular fact, and no sentence found states it together with what you name."
            )
        held = {
            word for hit in self._found.hits for word in self._held(hit.passage.embedded_text, self._asked)
        }
        missing = [word for word in self._asked.values() if word not in held]
        if missing:
            return (
                f"No passage near your question has the {_plural('word', missing)} {self._listed(missing)}."
            )
        return "The passages found touch your question, but none says enough of it."


def _asked_words(question: str) -> dict[str, str]:
    """Stem -> the word as typed, for the words of an English question that carry its meaning."""
    if CJK.search(question):
        return {}
    typed = ((stem, word[:_WORD_CHARS]) for word in _WORD.findall(question) for stem in content_words(word))
    return {stem: word for stem, word in typed if stem not in ASKING}


def _marks(numbers: Sequence[int]) -> str:
    """Citation numbers as they stand in an answer: "[2]", "[1] and [4]", "[1] to [7]"."""
    first, last = min(numbers), max(numbers)
    if len(numbers) > 2 and sorted(numbers) == list(range(first, last + 1)):
        return f"[{first}] to [{last}]"
    return and_joined([f"[{n}]" for n in numbers])


def _no_word(held: Sequence[str]) -> str:
    return "no word of your question" + (f" but “{held[0]}”" if held else "")


def _plural(noun: str, words: Sequence[str]) -> str:
    return noun if len(set(words)) == 1 else f"{noun}s"
