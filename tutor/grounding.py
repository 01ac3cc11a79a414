"""A draft -> its sentences, each tied to quotes or marked unsupported.

The check is code, not a model: no attribution model is right more than about four times in five, while a
verbatim quote either stands in the note or does not. A reworded sentence passes only when nearly all of its
rare words, all of its numbers, names and formulas, its negations and most of its word pairs stand in at most
two sentences of the notes; it is built to reject a true sentence rather than to let a false one pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from tutor.notes.note import Lines
from tutor.passages import Passage
from tutor.turns import Citation, Sentence, Support
from tutor.words import NEGATIONS, STRUCK, content_words, normalised, numbers, split_sentences, stem, words

_MATH = re.compile(r"\$\$.+?\$\$|\$[^$\n]+?\$|\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL)
_STEP = re.compile(r"(?:^|\n)[ \t]*\d{1,3}[.)]\s+$")
_QUOTED = re.compile(r"[\"“«].+[\"”»][.!?]?", re.DOTALL)
_OPPOSITES = [
    frozenset(stem(word) for word in pair.split())
    for pair in [
        "increase decrease",
        "higher lower",
        "high low",
        "more less",
        "larger smaller",
        "maximise minimise",
        "maximize minimize",
        "maximum minimum",
        "real fake",
        "add remove",
        "forward reverse",
        "encoder decoder",
        "generator discriminator",
        "supervised unsupervised",
        "always never",
        "before after",
        "with without",
        "better worse",
        "possible impossible",
        "same different",
        "sharp blurry",
        "stable unstable",
        "labelled unlabelled",
        "conditional unconditional",
        "discriminative generative",
        "explicit implicit",
        "left right",
        "upper lower",
        "first last",
        "faster slower",
        "query key",
        "precision recall",
    ]
]
WORD_SHARE = 0.8
PAIR_SHARE = 0.4


@dataclass(frozen=True)
class Evidence:
    """A sentence of a passage that may be quoted, with its offsets in the passage's text."""

    passage: Passage
    begin: int
    end: int
    asserted_from: int = -1

    @property
    def text(self) -> str:
        """The note's own words."""
        return self.passage.text.words[self.begin : self.end]

    @property
    def asserted(self) -> str:
        """The words that the note itself stands behind: without a misconception that it quotes to correct it."""
        return self.passage.text.words[max(self.begin, self.asserted_from) : self.end]

    @property
    def lines(self) -> Lines:
        """The file lines on which these words stand."""
        return self.passage.text.lines_of(self.begin, self.end)


def evidence_in(passage: Passage) -> list[Evidence]:
    """The sentences of a passage that may be quoted, in order.

    Struck-out sentences are left out. A sentence that ends in a colon takes the formula or list after it
    along, since neither says anything alone; the steps of a numbered list stay together. A sentence in quotation marks is what somebody says, as a rule a
    misconception: it is quoted together with the correction after it or not at all. Code is one piece.
    """
    text = passage.text.words
    if passage.kind == "code":
        return [Evidence(passage, 0, len(text))] if text.strip() and not STRUCK.search(text) else []
    struck = [match.span() for match in STRUCK.finditer(text)]
    found: list[Evidence] = []
    claim = -1
    for begin, end in split_sentences(text):
        if _QUOTED.fullmatch(text[begin:end]):
            claim = begin
            continue
        if claim >= 0 and "\n" not in text[claim:begin]:
            found.append(Evidence(passage, claim, end, asserted_from=begin))
            claim = -1
            continue
        claim = -1
        if any(begin < s_end and s_begin < end for s_begin, s_end in struck):
            continue
        previous = found[-1] if found else None
        if previous is not None and _belongs(text, previous, begin, end):
            found[-1] = Evidence(passage, previous.begin, end)
        else:
            found.append(Evidence(passage, begin, end))
    return found


def _belongs(text: str, previous: Evidence, begin: int, end: int) -> bool:
    """Whether a piece continues the sentence before it: a formula or list items after a colon."""
    before, between = text[previous.begin : previous.end], text[previous.end : begin]
    if _STEP.search(text[:begin]) and _STEP.search(text[: previous.begin]) and "\n\n" not in between:
        return True
    bare_math = _MATH.fullmatch(text[begin:end].strip(" .,;:"))
    if bare_math:
        return True
    in_list = re.search(r"\n\s*(?:[-*•]|\d{1,3}[.)])\s+$", between) is not None
    if before.endswith(":"):
        return in_list
    return in_list and ":\n" in before and "\n\n" not in between


def check(
    sentence: str, evidence: Sequence[Evidence], idf: Callable[[str], float]
) -> tuple[Support, list[Evidence]]:
    """How a sentence of a draft is supported, and by which evidence.

    Args:
        idf: stem -> weight; rare words count more.

    Returns:
        "quoted" with the sentence it repeats, "supported" with one or two sentences, or "unsupported".
    """
    said = normalised(sentence)
    if len(said.split()) >= 3 or _MATH.search(sentence):
        for piece in evidence:
            if f" {said} " in f" {normalised(piece.asserted)} ":
                return "quoted", [piece]
    near = sorted(evidence, key=lambda piece: -_word_share(sentence, piece.asserted, idf))[:4]
    for size in (1, 2):
        for group in combinations(near, size):
            if len({piece.passage.note for piece in group}) == 1 and _supports(sentence, group, idf):
                return "supported", list(group)
    return "unsupported", []


def _supports(sentence: str, group: Iterable[Evidence], idf: Callable[[str], float]) -> bool:
    source = " ".join(piece.asserted for piece in group)
    if _word_share(sentence, source, idf) < WORD_SHARE or not content_words(sentence):
        return False
    if not numbers(sentence) <= numbers(source):
        return False
    if not _names(sentence) <= set(words(source)):
        return False
    if any(normalised(math.group()) not in normalised(source) for math in _MATH.finditer(sentence)):
        return False
    if _negated(sentence) != _negated(source):
        return False
    have, need = set(words(source)), set(words(sentence))
    for pair in _OPPOSITES:
        if need & pair and not (need & pair) <= have:
            return False
    return _pair_share(sentence, source) >= PAIR_SHARE


def _word_share(sentence: str, source: str, idf: Callable[[str], float]) -> float:
    need = set(content_words(sentence))
    total = sum(idf(word) for word in need)
    have = set(words(source))
    return sum(idf(word) for word in need if word in have) / total if total else 0.0


def _pair_share(sentence: str, source: str) -> float:
    """Share of neighbouring word pairs kept in order: "the generator fools" is not "fools the generator"."""
    need = set(pairwise(content_words(sentence)))
    have = content_words(source)
    near = {(have[i], have[j]) for i in range(len(have)) for j in range(i + 1, min(i + 4, len(have)))}
    return len(need & near) / len(need) if need else 1.0


def _names(sentence: str) -> set[str]:
    """Stems of acronyms and of capitalised words inside the sentence: names that the source must hold."""
    found = re.findall(r"\b[A-Z][\w-]*[A-Z0-9][\w-]*\b|(?<=[\w,;] )[A-Z][\w-]+", sentence)
    return {word for name in found for word in words(name)}


def _negated(text: str) -> bool:
    return any(token in NEGATIONS for token in re.findall(r"[a-z']+", text.lower().replace("’", "'")))


class Citations:
    """Numbers the quotes of one answer: the same quote gets the same number."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int], Citation] = {}

    def cite(self, piece: Evidence) -> int:
        """The number of a quote, given at its first use."""
        key = (piece.passage.id, piece.begin, piece.end)
        if key not in self._found:
            self._found[key] = Citation(
                n=len(self._found) + 1,
                note=piece.passage.note,
                lines=piece.lines,
                quote=piece.text,
                title=piece.passage.title,
                heading=piece.passage.heading,
                passage=piece.passage.text.words,
                speaker=piece.passage.speaker,
            )
        return self._found[key].n

    def quoted(self, piece: Evidence) -> Sentence:
        """A sentence of the notes themselves, cited."""
        return Sentence(piece.text, "quoted", (self.cite(piece),))

    def all(self) -> tuple[Citation, ...]:
        """The citations so far, in the order of their numbers."""
        return tuple(self._found.values())
