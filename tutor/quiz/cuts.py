"""The note's sentence that holds the answer to a question, with gaps; and what of an answer a text tells."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tutor.chinese import CJK
from tutor.lexicon import NUMBERS
from tutor.quiz.frames import framed
from tutor.quiz.items import Item
from tutor.quiz.wording import GAP
from tutor.words import content_words, split_sentences

OPTION_LETTER = re.compile(r"^\s*[(\[]?[A-Ja-j][)\].:：]\s+")
# Of Chinese, which sets no spaces, two characters are a piece.
PIECE = re.compile(
    rf"\$[^$]*\$|{CJK.pattern[:-1]}{{1,2}}|\d{{1,3}}(?:,\d{{3}})+|"
    r"(?:(?![\u3400-\u9fff])[^\W_])+(?:[-'’./](?:(?![\u3400-\u9fff])[^\W_])+)*"
)
_WORD = re.compile(r"\w+")
FORMULA = re.compile(r"\$[^$]*\$")
# What says yes or no, and what a question offers for choice, is the answer although the question may hold it.
_POLAR = frozenset("yes no not never none nothing cannot always without neither nor only".split())
_ANSWERS = re.compile(r"\W*(?:yes|no)\b", re.IGNORECASE)
_OFFERED = re.compile(r"([\w-]+(?: [\w-]+)?) or (?:an? |the |only |just )*([\w-]+(?: [\w-]+)?)")
_LONGEST = 34  # words of a sentence
_SHOWN = 2  # words of meaning beside those of the question that make a sentence tell something
_FORMULA_WORDS = 2  # how many words half a formula counts for
# The share of the most words of the answer in any sentence with which a sentence may be the one.
_MOST_OF = 0.4


def figure(word: str) -> str:
    """A number in figures, however it is written."""
    return NUMBERS.get(word.lower(), word.replace(",", "").rstrip("."))


def split(text: str) -> list[str]:
    """The words of a text as they are written; of Chinese pairs of characters."""
    return [piece for word in text.split() for piece in (PIECE.findall(word) if CJK.search(word) else [word])]


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
    told = set(content_words(item.stem)) - _offered(item.stem)
    answer = set(content_words(answer_of(item))) if item.is_choice or len(split(item.key)) <= 2 else None
    hidden, left = [], 0
    for found in PIECE.finditer(sentence):
        stems = set(content_words(found[0]))
        polar = found[0].lower() in _POLAR and item.kind in ("short", "explain")
        if not (stems or polar or found[0].startswith("$") or found[0].isdigit()):
            continue
        if _is_hidden(found[0], stems, told, answer, item) or polar:
            hidden.append(found.span())
        elif not told.issuperset(stems):
            left += 1
    whole = set(content_words(sentence)) <= set(content_words(item.stem)) | (answer or set())
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
    wanted = {stem for word in hidden_words(item) for stem in content_words(word)}
    spans: Sequence[tuple[int, int]] = split_sentences(quote) or [(0, len(quote))]
    texts = [quote[slice(*span)] for span in spans]
    if item.kind in ("short", "explain") and _ANSWERS.match(quote):
        return _short(texts[0])
    held = [len(wanted & set(content_words(text))) + _FORMULA_WORDS * text.count("$") for text in texts]
    # What answers a question comes first; what follows are reasons.
    return _short(next(text for text, n in zip(texts, held, strict=True) if n >= _MOST_OF * max(held)))


def _short(sentence: str) -> str:
    words = sentence.split(" ")
    return " ".join(words) if len(words) <= _LONGEST else " ".join(words[:_LONGEST]) + " …"


def _offered(stem: str) -> set[str]:
    """The stems of what a question offers for choice: "an implicit or an explicit model"."""
    return {
        one for found in _OFFERED.finditer(stem) for text in found.groups() for one in content_words(text)
    }


def hidden_words(item: Item) -> list[str]:
    """The words of the answer that the question does not hold, as they are written."""
    told = set(content_words(item.stem)) - _offered(item.stem)
    words = _WORD.findall(FORMULA.sub(" ", answer_of(item)))
    return [word for word in words if not told.issuperset(content_words(word))]


def answer_of(item: Item) -> str:
    """The answer in words, without letters of options."""
    keys = item.key.split(",") if item.options else []
    texts = {option.id: option.text for option in item.options}
    return " ".join(texts[key] for key in keys if key in texts) if item.options else item.key


def reveals(item: Item, text: str, share: float = 0.8) -> bool:
    """Whether a text holds nearly all words of the answer that the question does not hold."""
    wanted = {stem for word in hidden_words(item) for stem in content_words(word)}
    return bool(wanted) and len(wanted & set(content_words(text))) >= share * len(wanted)


def size_told(item: Item) -> str:
    """How long the answer is."""
    n = len(split(answer_of(item)))
    return framed(item, "The answer has 1 word." if n == 1 else "The answer has {n} words.", n=n)
