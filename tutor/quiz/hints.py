"""Hints to an open question in three levels: what is asked for and what stands around it, the note's sentence with
gaps, half of the answer.

Each level tells more than the one before, and none tells the answer: a sentence of the note is shown with a gap for
every word of meaning that the question does not hold itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from tutor.chinese import CJK
from tutor.lexicon import NUMBERS
from tutor.quiz.asked_for import asked_for
from tutor.quiz.frames import framed, is_chinese
from tutor.quiz.items import LETTERS, Item, plain
from tutor.quiz.wording import BEGINNERS, GAP
from tutor.words import content_words, split_sentences

LAST_HINT = 3

_OPTION_LETTER = re.compile(r"^\s*[(\[]?[A-Ja-j][)\].:：]\s+")
# Of Chinese, which sets no spaces, two characters are a piece.
_PIECE = re.compile(
    rf"\$[^$]*\$|{CJK.pattern[:-1]}{{1,2}}|\d{{1,3}}(?:,\d{{3}})+|"
    r"(?:(?![\u3400-\u9fff])[^\W_])+(?:[-'’./](?:(?![\u3400-\u9fff])[^\W_])+)*"
)
_WORD = re.compile(r"\w+")
_FORMULA = re.compile(r"\$[^$]*\$")
_YES_NO = re.compile(r"^(?:yes|no|true|false)\b\W*", re.IGNORECASE)
_GENERIC = re.compile(
    r"(?:students ask|quiz(?:zes)?|questions?(?: and answers)?|q ?& ?a|faq|exercises?"
    r"|(?:common )?misconceptions|key facts|summary|notes?|cards?|flashcards?|everyday (?:questions|words))",
    re.IGNORECASE,
)
_DECK = re.compile(r"^(?:flashcards|study guide|cards|deck)\b\W*", re.IGNORECASE)
_ACRONYM = re.compile(r"\b[A-Z]{2,6}(?=s?\b)")
_FIGURE = re.compile(r"[-−]?\d[\d.,]*")
# What says yes or no, and what a question offers for choice, is the answer although the question may hold it.
_POLAR = frozenset("yes no not never none nothing cannot always without neither nor only".split())
_OFFERED = re.compile(r"([\w-]+(?: [\w-]+)?) or (?:an? |the |only |just )*([\w-]+(?: [\w-]+)?)")
_LONGEST = 34  # words of a sentence
_SHOWN = 2  # words of meaning beside those of the question that make a sentence tell something
_TOLD = 0.5
_FORMULA_WORDS = 2  # how many words half a formula counts for
# The share of the most words of the answer in any sentence with which a sentence may be the one.
_MOST_OF = 0.4
_AROUND = 0.34  # the share of the answer's words from which on a sentence beside it tells too much
_AROUND_WORDS = range(5, 41)
_SAID_IN_MANY_WAYS = ("number", "term", "cloze", "true-false", "match", "order")
_WRONG = re.compile(r"misconception|mistake|myth|误解|误区", re.IGNORECASE)


def hint(item: Item, level: int, around: str = "") -> str:
    """The hint of a level, 1 to LAST_HINT, on an item whose options are in the order in which they are shown.

    Args:
        around: a sentence of the notes on what the item is about; told at the first level where it tells no answer.
    """
    if level <= 1:
        told = (asked_for(item), _beside(item, around), _place(item))
        return " ".join(one for one in told if one)
    if item.kind in ("match", "order"):
        return _first_pairs(item, level - 1)
    if item.is_choice:
        return _on_options(item, level)
    return _on_words(item, level)


# -- what stands around it, and where to look --------------------------------------------------------------------------


def _beside(item: Item, around: str) -> str:
    """A sentence of the notes on what is asked about that is not the answer; empty where there is none.

    None where the words that the answer shares with a sentence do not show whether that tells it: an answer of a name
    or a number is said in many ways, and one of a formula has no words.
    """
    if item.kind in _SAID_IN_MANY_WAYS or _is_situation(item) or not hidden_words(item):
        return ""
    passage = item.citation.passage
    others = [" ".join(passage[slice(*span)].split()) for span in split_sentences(passage)]
    said = plain(f"{item.stem} {item.citation.quote} {item.key_text}")
    # What a note quotes or asks it does not say itself, least of all where it tells what people get wrong.
    doubtful = any(_WRONG.search(name) for name in item.heading)
    own = (
        ()
        if doubtful
        else (text for text in others if text[:1] not in "\"“‘'" and not text.endswith(("?", "？")))
    )
    for text in (around, *own):
        new = len(_split(text)) in _AROUND_WORDS and plain(text) not in said and "~~" not in text
        if new and not reveals(item, text, share=_AROUND):
            return framed(item, "Around it the notes say: “{quote}”", quote=text)
    return ""


def _place(item: Item) -> str:
    """Where to look, by the names that say something and are not the answer."""
    if _is_situation(item):  # the key alone may name what the note is on
        return _size(item)
    title = _DECK.sub("", item.citation.title)
    headings = [one for one in reversed(item.heading) if one and not _GENERIC.fullmatch(one) and one != title]
    part = next((one for one in headings if not _tells(item, one)), "")
    note = title if title and not _tells(item, title) else _folder(item)
    if note and part:
        return framed(item, "Look in your note “{note}” at “{part}”.", note=note, part=part)
    if part:
        return framed(item, "Look in your notes at “{part}”.", part=part)
    return framed(item, "Look in your note “{note}”.", note=note) if note else _size(item)


def _folder(item: Item) -> str:
    """The folder of the note in words, where that is not the answer."""
    folder = item.note.rpartition("/")[0].rpartition("/")[2].replace("-", " ").replace("_", " ")
    return "" if not folder or _tells(item, folder) else folder


def _is_situation(item: Item) -> bool:
    return item.stem.startswith(BEGINNERS)


def _tells(item: Item, name: str) -> bool:
    """Whether the name of a place tells the answer, also in figures, in letters or by another of its names."""
    if reveals(item, name, share=_TOLD) or any(one in name for one in _FORMULA.findall(_answer(item))):
        return True
    if item.kind == "number":
        return item.key in {_figure(word) for word in _PIECE.findall(name)}
    if item.kind not in ("term", "cloze"):
        return False
    answers = (_answer(item), *item.accepts)
    if any(_is_short_for(text, name) or _is_short_for(name, text) for text in answers):
        return True
    return any(reveals(replace(item, key=text, options=()), name, share=_TOLD) for text in item.accepts)


def _is_short_for(short: str, text: str) -> bool:
    """Whether a text holds in a row the words for which an acronym stands that another holds, each by its first letter:
    "VAE" for "variational autoencoder"."""
    for acronym in _ACRONYM.findall(short):
        run = r"\w*?[\s-]*".join(acronym)
        if any(len(found[0].split()) > 1 for found in re.finditer(rf"\b{run}", text, re.IGNORECASE)):
            return True
    return False


def _figure(word: str) -> str:
    """A number in figures, however it is written."""
    return NUMBERS.get(word.lower(), word.replace(",", "").rstrip("."))


def _size(item: Item) -> str:
    n = len(_split(_answer(item)))
    return framed(item, "The answer has 1 word." if n == 1 else "The answer has {n} words.", n=n)


def _split(text: str) -> list[str]:
    """The words of a text as they are written; of Chinese pairs of characters."""
    return [
        piece for word in text.split() for piece in (_PIECE.findall(word) if CJK.search(word) else [word])
    ]


def _joined(item: Item, words: Sequence[str]) -> str:
    return ("" if is_chinese(item.key) else " ").join(words)


def _listed(item: Item, frame: str, parts: Sequence[str]) -> str:
    """One or two parts in a frame for two."""
    return framed(item, frame, one=parts[0], other=parts[1]) if len(parts) == 2 else "".join(parts)


def _quoted(item: Item, quote: str) -> str:
    return framed(item, "The note says: “{quote}”", quote=quote)


# -- options -------------------------------------------------------------------------------------------------------


def _on_options(item: Item, level: int) -> str:
    if {"true", "false"} & {option.text.lower().strip(".") for option in item.options}:
        return _on_truth(item, level)
    cut, struck = _cut(item), _struck_out(item)
    if level == LAST_HINT and struck:
        return framed(item, "It is not {letters}.", letters=_listed(item, "{one} or {other}", sorted(struck)))
    if level == 2 and cut is not None and (cut.tells or len(struck) < 2):
        return _quoted(item, cut.shown(0))
    if level == 2:
        return framed(item, "It is not {letters}.", letters=struck[0]) if len(struck) > 1 else _size(item)
    last = _answer(item).rstrip(".")[-1:]
    return f"{framed(item, 'The right one ends with “{sign}”.', sign=last)} {_size(item)}"


def _struck_out(item: Item) -> list[str]:
    """Letters of up to two wrong options, drawn by the item's id and not by place; two options always stay."""
    wrong = [option for option in item.options if option.id != item.key]
    wrong.sort(key=lambda option: _drawn(item, option.id))
    return [_letter(item, option.id) for option in wrong[: max(0, min(2, len(item.options) - 2))]]


def _drawn(item: Item, name: str) -> bytes:
    return hashlib.sha256(f"{item.id} {name}".encode()).digest()


def _on_truth(item: Item, level: int) -> str:
    """How the note's sentence begins, cut off before it decides; then a word to weigh, which may be the false one."""
    quote = _YES_NO.sub("", _OPTION_LETTER.sub("", item.citation.quote))
    statement = item.stem.partition(": ")[2] or item.stem
    if level == 2:
        begun = _alike(quote, statement)
        if begun:
            return framed(item, "Hold it against the note, which begins: “{begun} …”", begun=begun)
        n = len(_split(statement))
        return framed(item, "Weigh each of its {n} words: one may be wrong.", n=n)
    said = set(content_words(quote))
    told = [word for word in _PIECE.findall(statement) if content_words(word)]
    doubtful = [word for word in told if not said.issuperset(content_words(word))]
    word = (doubtful or sorted(told, key=lambda one: _drawn(item, one)) or [statement])[0]
    return framed(item, "The word to weigh is “{word}”: is that what the note says?", word=word)


def _alike(quote: str, statement: str) -> str:
    """The words with which a note's sentence begins, up to a third, as long as the statement has them too."""
    own, said = quote.split(), set(content_words(statement))
    same = next((n for n, word in enumerate(own) if not said.issuperset(content_words(word))), len(own))
    size = min(same, max(3, len(own) // 3))
    return " ".join(own[:size]) if size >= 3 else ""


def _first_pairs(item: Item, n: int) -> str:
    told = [_letter(item, key) for key in item.key.split(",")[:n]]
    if item.kind == "order":
        frame = "{letter} comes first." if n == 1 else "{letter} comes first, then {next}."
        return framed(item, frame, letter=told[0], next=told[-1])
    pairs = (framed(item, "{place} goes with {letter}", place=n, letter=one) for n, one in enumerate(told, 1))
    return "; ".join(pairs) + "."


def _letter(item: Item, option_id: str) -> str:
    return LETTERS[[option.id for option in item.options].index(option_id)]


# -- typed words ---------------------------------------------------------------------------------------------------


def _on_words(item: Item, level: int) -> str:
    if item.kind == "number":
        return _on_number(item, level)
    cut = _cut(item)
    words = _split(item.key)
    if len(words) <= 2:
        return _on_name(item, level, cut, words)
    if cut is None:
        begun = _joined(item, words[: max(1, len(words) * (level - 1) // 4)])
        return framed(item, "The answer begins: “{begun} …”", begun=begun)
    first = 0 if cut.tells else len(cut.hidden) // 4
    last = max(first + 1, len(cut.hidden) // 2)
    if level == LAST_HINT and (cut.formula or cut.shown(last) == cut.shown(first)):
        return f"{_quoted(item, cut.shown(first))} {_begun(item, cut)}"
    return _quoted(item, cut.shown(first if level == 2 else last))


def _on_name(item: Item, level: int, cut: Cut | None, words: Sequence[str]) -> str:
    if level == 2 and cut is not None and cut.tells:
        return _quoted(item, cut.shown(0))
    many = _listed(item, "{one} and {other}", [framed(item, "{n} letters", n=len(word)) for word in words])
    if level == 2:
        frame = "It is one word of {many}." if len(words) == 1 else "It is two words of {many}."
        return framed(item, frame, many=many)
    begins = _listed(item, "{one} and {other}", [f"“{word[0]}”" for word in words])
    return framed(item, "It begins with {begins}, of {many}.", begins=begins, many=many)


def _begun(item: Item, cut: Cut) -> str:
    """How what stands in the first gap begins, or the first formula."""
    word = cut.formula or cut.text[slice(*cut.hidden[0])]
    if cut.formula:
        left = word.strip("$").partition("=")[0].strip() if "=" in word else ""
        begun = "The formula begins with ${left} =$." if left else "The first gap is a formula."
        return framed(item, begun, left=left)
    return framed(item, "The gap begins with “{sign}” and has {n} letters.", sign=word[0], n=len(word))


def _on_number(item: Item, level: int) -> str:
    cut = _cut(item)
    if level == 2 and cut is not None and cut.tells:
        return _quoted(item, cut.shown(0))
    found = _FIGURE.match(item.key)
    whole = re.sub(r"\D.*", "", found[0].replace(",", "").lstrip("-−")) if found else ""
    one = "Before the decimal point it has 1 digit."
    many = "Before the decimal point it has {n} digits."
    digits = framed(item, one if len(whole) == 1 else many, n=len(whole))
    if level == 2:
        return digits
    if len(whole) < 2:
        return f"{digits} {framed(item, 'It is {bounds}.', bounds=framed(item, _bounds(item.key)))}"
    return f"{digits} {framed(item, 'The first is {sign}.', sign=whole[0])}"


def _bounds(figure: str) -> str:
    """Between which round numbers a small number lies."""
    value = float(re.sub(r"[^\d.]", "", figure) or 0)
    return "below 1" if value < 1 else "1 to 5" if value <= 5 else "above 5"


# -- the note's sentence with gaps ---------------------------------------------------------------------------------


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


def _cut(item: Item) -> Cut | None:
    """The note's sentence around the answer; None where it says no more than the question does."""
    sentence = _sentence(item)
    told = set(content_words(item.stem)) - _offered(item.stem)
    answer = set(content_words(_answer(item))) if item.is_choice or len(_split(item.key)) <= 2 else None
    hidden, left = [], 0
    for found in _PIECE.finditer(sentence):
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
        return item.key in (_figure(word), word)
    if stems and set(stems) <= set(told):
        return False
    return answer is None or not stems or bool(set(stems) & set(answer))


def _sentence(item: Item) -> str:
    """The first sentence of the note's words that holds something of the answer, cut where it is long."""
    quote = " ".join(_OPTION_LETTER.sub("", item.citation.quote).split())
    wanted = {stem for word in hidden_words(item) for stem in content_words(word)}
    spans: Sequence[tuple[int, int]] = split_sentences(quote) or [(0, len(quote))]
    texts = [quote[slice(*span)] for span in spans]
    held = [len(wanted & set(content_words(text))) + _FORMULA_WORDS * text.count("$") for text in texts]
    # What answers a question comes first; what follows are reasons.
    best = next(span for span, n in zip(spans, held, strict=True) if n >= _MOST_OF * max(held))
    words = quote[slice(*best)].split(" ")
    return " ".join(words) if len(words) <= _LONGEST else " ".join(words[:_LONGEST]) + " …"


def _offered(stem: str) -> set[str]:
    """The stems of what a question offers for choice: "an implicit or an explicit model"."""
    return {
        one for found in _OFFERED.finditer(stem) for text in found.groups() for one in content_words(text)
    }


def hidden_words(item: Item) -> list[str]:
    """The words of the answer that the question does not hold, as they are written."""
    told = set(content_words(item.stem)) - _offered(item.stem)
    words = _WORD.findall(_FORMULA.sub(" ", _answer(item)))
    return [word for word in words if not told.issuperset(content_words(word))]


def _answer(item: Item) -> str:
    """The answer in words, without letters of options."""
    keys = item.key.split(",") if item.options else []
    texts = {option.id: option.text for option in item.options}
    return " ".join(texts[key] for key in keys if key in texts) if item.options else item.key


def reveals(item: Item, text: str, share: float = 0.8) -> bool:
    """Whether a text holds nearly all words of the answer that the question does not hold."""
    wanted = {stem for word in hidden_words(item) for stem in content_words(word)}
    return bool(wanted) and len(wanted & set(content_words(text))) >= share * len(wanted)
