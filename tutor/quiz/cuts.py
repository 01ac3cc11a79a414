"""The note's sentence that holds the answer to a question, with gaps; and what of an answer a text tells."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tutor.chinese import CJK, says_nothing, words_of
from tutor.lexicon import NUMBERS
from tutor.quiz.frames import framed
from tutor.quiz.items import Item
from tutor.quiz.wording import GAP
from tutor.words import content_words, split_sentences

OPTION_LETTER = re.compile(r"^\s*[(\[]?[A-Ja-j][)\].:：]\s+")
_PIECE = re.compile(
    rf"\$[^$]*\$|{CJK.pattern}|\d{{1,3}}(?:,\d{{3}})+|"
    r"(?:(?![\u3400-\u9fff])[^\W_])+(?:[-'’./](?:(?![\u3400-\u9fff])[^\W_])+)*"
)
_WORD = re.compile(r"\w+")
ASKS_NAME = ("term", "cloze")
FORMULA = re.compile(r"\$[^$]*\$")
# What says yes or no, and what a question offers for choice, is the answer although the question may hold it.
_POLAR = frozenset(
    "yes no not never none nothing cannot always without neither nor only 不 没 没有 不能 不会 不是".split()
)
_ANSWERS = re.compile(r"\W*(?:yes|no)\b", re.IGNORECASE)
_OFFERED = re.compile(r"([\w-]+(?: [\w-]+)?) or (?:an? |the |only |just )*([\w-]+(?: [\w-]+)?)")
_OFFERED_IN_CHINESE = re.compile(rf"({CJK.pattern})(?:还是|或者?)({CJK.pattern})")
_LONGEST = 34  # words of a sentence
_NAME_WORDS = 2
_SHOWN = 2  # words of meaning beside those of the question that make a sentence tell something
_FORMULA_WORDS = 2  # how many words half a formula counts for
# The share of the most words of the answer in any sentence with which a sentence may be the one.
_MOST_OF = 0.4


def figure(word: str) -> str:
    """A number in figures, however it is written."""
    return NUMBERS.get(word.lower(), word.replace(",", "").rstrip("."))


class Piece(NamedTuple):
    """A word, number or formula of a text, which stands from `begin` to `end`."""

    text: str
    begin: int
    end: int


def pieces(text: str) -> list[Piece]:
    """The words, numbers and formulas of a text in its order; Chinese, which sets no spaces, cut into its words."""
    found = []
    for one in _PIECE.finditer(text):
        at = one.start()
        for word in words_of(one[0]) if CJK.fullmatch(one[0]) else [one[0]]:
            found.append(Piece(word, at, at + len(word)))
            at += len(word)
    return found


def split(text: str) -> list[str]:
    """The words of a text as they are written."""
    return [
        one
        for word in text.split()
        for one in ([piece.text for piece in pieces(word)] if CJK.search(word) else [word])
    ]


def meaning(text: str) -> set[str]:
    """The stems of a text's words of meaning; a Chinese word of one character is one, though it is no pair of them."""
    short = {one.text for one in pieces(text) if len(one.text) == 1} if CJK.search(text) else set[str]()
    return {*content_words(text), *(one for one in short if CJK.match(one) and not says_nothing(one))}


def name_in(item: Item) -> list[str]:
    """The words of a typed answer that is a name of one or two words, a Chinese name being one; else none."""
    words = split(item.key)
    if CJK.fullmatch(item.key) and (len(words) <= _NAME_WORDS or item.kind in ASKS_NAME):
        return [item.key]
    return words if len(words) <= _NAME_WORDS else []


@dataclass(frozen=True)
class Cut:
    """The sentence of a note that holds an answer.

    Attributes:
        text: the sentence.
        hidden: where the words of meaning stand that the question does not hold, in its order.
        tells: whether words of meaning stay that the question does not hold either.
    """

    text: str
    hidden: tuple[tuple[int, int], ...]
    tells: bool

    @property
    def formula(self) -> str:
        """The first formula that is hidden, or empty."""
        pieces = (self.text[slice(*span)] for span in self.hidden)
        return next((piece for piece in pieces if piece.startswith("$")), "")

    @property
    def first(self) -> str:
        """What the first gap holds: a word, or several that stand without a space between them."""
        begin, end = self.hidden[0]
        for after in self.hidden[1:]:
            end = after[1] if after[0] == end else end
        return self.text[begin:end]

    def shown(self, told: int) -> str:
        """The sentence with gaps, but for the last `told` of them that are plain words; several in a row are one."""
        plain = [span for span in self.hidden if self.text[slice(*span)].replace("-", "").isalpha()]
        bare = set(plain[::-1][: min(told, len(self.hidden) - 1)])
        text = self.text
        for begin, end in reversed(self.hidden):
            if (begin, end) not in bare:
                text = text[:begin] + GAP + text[end:]
        return re.sub(rf"{GAP}(?:[\s,/-]*{GAP})+", GAP, text)


def cut_of(item: Item) -> Cut | None:
    """The note's sentence around the answer; None where it says no more than the question does."""
    sentence = _sentence(item)
    told = meaning(item.stem) - _offered(item.stem)
    answer = meaning(answer_of(item)) if item.is_choice or name_in(item) else None
    hidden, left = [], 0
    for word, begin, end in pieces(sentence):
        stems = set[str]() if says_nothing(word) else meaning(word)
        polar = word.lower() in _POLAR and item.kind in ("short", "explain")
        if not (stems or polar or word.startswith("$") or word.isdigit()):
            continue
        if _is_hidden(word, stems, told, answer, item) or polar:
            hidden.append((begin, end))
        elif not told.issuperset(stems):
            left += 1
    whole = _meanings(sentence) <= _meanings(item.stem) | (answer or set())
    if whole or not hidden:
        return None
    return Cut(sentence, tuple(hidden), left >= _SHOWN)


def _is_hidden(
    word: str, stems: Collection[str], told: Collection[str], answer: Collection[str] | None, item: Item
) -> bool:
    """Whether a word of the note's sentence is one of the answer's that the question does not tell."""
    if word.startswith("$"):
        return word not in item.stem
    if item.kind == "number":
        return item.key in (figure(word), word)
    if stems and set(stems) <= set(told):
        return False
    return answer is None or not stems or bool(set(stems) & set(answer))


def _sentence(item: Item) -> str:
    """The first sentence of the note's words that holds something of the answer, cut where it is long."""
    quote = " ".join(OPTION_LETTER.sub("", item.citation.quote).split())
    wanted = {stem for word in hidden_words(item) for stem in meaning(word)}
    spans: Sequence[tuple[int, int]] = split_sentences(quote) or [(0, len(quote))]
    texts = [quote[slice(*span)] for span in spans]
    if item.kind in ("short", "explain") and _ANSWERS.match(quote):
        return _short(texts[0])
    held = [len(wanted & meaning(text)) + _FORMULA_WORDS * text.count("$") for text in texts]
    # What answers a question comes first; what follows are reasons.
    return _short(next(text for text, n in zip(texts, held, strict=True) if n >= _MOST_OF * max(held)))


def _meanings(text: str) -> set[str]:
    """As `meaning`, but for what stands across the words of Chinese."""
    if not CJK.search(text):
        return meaning(text)
    return {stem for one in pieces(text) if not says_nothing(one.text) for stem in meaning(one.text)}


def _short(sentence: str) -> str:
    if CJK.search(sentence):
        found = pieces(sentence)
        return sentence if len(found) <= _LONGEST else sentence[: found[_LONGEST - 1].end] + " …"
    words = sentence.split(" ")
    return " ".join(words) if len(words) <= _LONGEST else " ".join(words[:_LONGEST]) + " …"


def _offered(stem: str) -> set[str]:
    """The stems of what a question offers for choice: "an implicit or an explicit model"."""
    chinese = (
        word
        for one in _OFFERED_IN_CHINESE.finditer(stem)
        for word in (words_of(one[1])[-1], words_of(one[2])[0])
    )
    return {stem for word in chinese for stem in meaning(word)} | {
        one for found in _OFFERED.finditer(stem) for text in found.groups() for one in content_words(text)
    }


def hidden_words(item: Item) -> list[str]:
    """The words of the answer that the question does not hold, as they are written."""
    told = meaning(item.stem) - _offered(item.stem)
    found = _WORD.findall(FORMULA.sub(" ", answer_of(item)))
    words = [one for word in found for one in (split(word) if CJK.search(word) else [word])]
    return [word for word in words if not says_nothing(word) and not told.issuperset(meaning(word))]


def answer_of(item: Item) -> str:
    """The answer in words, without letters of options."""
    keys = item.key.split(",") if item.options else []
    texts = {option.id: option.text for option in item.options}
    return " ".join(texts[key] for key in keys if key in texts) if item.options else item.key


def reveals(item: Item, text: str, share: float = 0.8) -> bool:
    """Whether a text holds nearly all words of the answer that the question does not hold."""
    wanted = {stem for word in hidden_words(item) for stem in meaning(word)}
    return bool(wanted) and len(wanted & meaning(text)) >= share * len(wanted)


def size_told(item: Item) -> str:
    """How long the answer is; of one without words, where it is told."""
    n = len(split(answer_of(item)))
    if not n:
        return framed(item, "Read again what your note says.")
    return framed(item, "The answer has 1 word." if n == 1 else "The answer has {n} words.", n=n)
