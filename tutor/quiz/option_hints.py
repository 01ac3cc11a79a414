"""Hints to a question with options: which of them it is not and where that belongs, and a word to weigh."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from difflib import Match, SequenceMatcher

from tutor.chinese import CJK
from tutor.quiz.cuts import (
    OPTION_LETTER,
    Cut,
    Piece,
    answer_of,
    cut_of,
    meaning,
    pieces,
    reveals,
    size_told,
    split,
)
from tutor.quiz.frames import framed, is_chinese, listed, quoted
from tutor.quiz.items import LETTERS, Item, Option, plain
from tutor.quiz.wording import GAP, judged
from tutor.words import content_words, split_sentences

_YES_NO = re.compile(r"^(?:yes|no|true|false)\b\W*", re.IGNORECASE)
_NEAR_COPY = (
    0.75  # the share of a statement's words in order from which on it is the note's sentence, changed
)
_TOLD = 0.6  # the share of the answer's words that tells too much
_LONG_OPTION = 4  # words of meaning from which on an option says something, and is no mere name
_TRUTHS = frozenset(("true", "false", "对", "错", "正确", "错误"))


def on_options(item: Item, level: int, last: int) -> str:
    """The second or last hint to a question of one choice.

    Args:
        last: the number of the last level.
    """
    if _TRUTHS & {option.text.lower().strip(" .。") for option in item.options}:
        return _on_truth(item, level, last)
    if len(item.options) == 2:
        return _on_two(item, level, last)
    struck, cut = _struck_out(item), cut_of(item)
    if not struck:
        return quoted(item, cut.shown(0)) if cut is not None else size_told(item)
    if level == last:
        return _not_these(item, struck)
    if cut is not None and cut.tells:
        return quoted(item, cut.shown(0))
    if len(struck) > 1:
        return _not_these(item, struck[:1])
    why = _belongs(item, struck[0])
    if why:
        return framed(item, "Of one that is wrong: {why}", why=why)
    return quoted(item, cut.shown(0)) if cut is not None else size_told(item)


def _struck_out(item: Item) -> list[Option]:
    """Up to two wrong options, drawn by the item's id and not by place; two options always stay."""
    wrong = [option for option in item.options if option.id != item.key]
    wrong.sort(key=lambda option: _drawn(item, option.id))
    return wrong[: max(0, min(2, len(item.options) - 2))]


def _not_these(item: Item, struck: Sequence[Option]) -> str:
    """Which options it is not, and what the notes say them of."""
    letters = sorted(letter_of(item, option.id) for option in struck)
    told = framed(item, "It is not {letters}.", letters=listed(item, "{one} or {other}", letters))
    whys = {letter_of(item, option.id): _belongs(item, option) for option in struck}
    lead = "{letter}: {why}" if len(struck) > 1 else "{why}"
    return " ".join((told, *(lead.format(letter=one, why=whys[one]) for one in letters if whys[one])))


def _belongs(item: Item, option: Option) -> str:
    """Where a wrong option belongs; empty where the notes do not say, or where that tells the answer."""
    why = _sourceless(" ".join(option.why.split()))
    in_language = is_chinese(item.citation.quote or item.fact) == (CJK.search(why) is not None)
    telling = _names(why, answer_of(item)) or reveals(item, why, share=_TOLD)
    says = len(set(content_words(option.text))) >= _LONG_OPTION
    return why if why and says and in_language and not telling else ""


def _names(text: str, name: str) -> bool:
    """Whether a text holds a name, of which only a Chinese one may stand inside other words."""
    held, own = plain(text), plain(name)
    return own in held if CJK.search(own) else f" {own} " in f" {held} "


def _sourceless(why: str) -> str:
    """A reason without the note that stands behind it in brackets, as a sentence."""
    if why.endswith(")"):
        depth = 0
        for place in range(len(why) - 1, -1, -1):
            depth += (why[place] == ")") - (why[place] == "(")
            if depth == 0:
                why = why[:place].rstrip()
                break
    return why if not why or why.endswith((".", "?", "!", "。", "？")) else f"{why}."


def _on_two(item: Item, level: int, last: int) -> str:
    """The note's sentence without both things, then without the right one alone."""
    cut = cut_of(item)
    without = _without_both(item, cut)
    if level < last:
        told = without or (cut.shown(0) if cut is not None else "")
        return quoted(item, told) if told else size_told(item)
    if without and cut is not None and cut.shown(0) != without:
        return quoted(item, cut.shown(0))
    sign = answer_of(item).rstrip(".")[-1:]
    if not sign:
        return size_told(item)
    return f"{framed(item, 'The right one ends with “{sign}”.', sign=sign)} {size_told(item)}"


def _without_both(item: Item, cut: Cut | None) -> str:
    """The note's sentence with a gap for each of the options; empty where it does not name them all.

    The last hint shows the same sentence, so that it tells more and not less.
    """
    sentence = cut.text if cut is not None else " ".join(item.citation.quote.split())
    own = [meaning(option.text) for option in item.options]
    said = meaning(sentence)
    if not all(stems and stems <= said for stems in own):
        return ""
    hidden = [(begin, end) for word, begin, end in pieces(sentence) if set().union(*own) & meaning(word)]
    return Cut(sentence, tuple(hidden), tells=True).shown(0)


# -- true or false -------------------------------------------------------------------------------------------------


def _on_truth(item: Item, level: int, last: int) -> str:
    """A word to weigh, which may be the false one; then the note's sentence without what stands in its place."""
    statement = judged(item.stem)
    sentence = _nearest_sentence(item, statement)
    word, gapped = _weighed(item, statement, sentence)
    if not word:
        return framed(item, "Read again what your note says.")
    if level < last:
        return framed(item, "The word to weigh is “{word}”: is that what the note says?", word=word)
    return quoted(item, gapped) if gapped else framed(
        item, "Weigh each of its {n} words: one may be wrong.", n=len(split(statement))
    )  # fmt: skip


def _nearest_sentence(item: Item, statement: str) -> str:
    """The sentence of the note's words that is most like the statement."""
    quote = " ".join(_YES_NO.sub("", OPTION_LETTER.sub("", item.citation.quote)).split())
    texts = [quote[slice(*span)] for span in split_sentences(quote)] or [quote]
    said = set(content_words(statement))
    return max(texts, key=lambda text: len(said & set(content_words(text))))


def _weighed(item: Item, statement: str, sentence: str) -> tuple[str, str]:
    """The word of a statement to weigh, and the note's sentence with a gap in its place; an empty sentence where a gap
    would leave nothing."""
    own, theirs = pieces(statement), pieces(sentence)
    tokens = [[one.text.lower() for one in side] for side in (own, theirs)]
    matcher = SequenceMatcher(a=tokens[0], b=tokens[1], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if sum(block.size for block in blocks) >= _NEAR_COPY * len(own) and blocks:
        changed = [code for code in matcher.get_opcodes() if code[0] != "equal" and code[1] < len(own)]
        # "Not" stands before its word in Chinese, and after "is" in English.
        after = CJK.search(statement) is not None and bool(changed) and changed[0][2] < len(own)
        places = _changed(*changed[0][1:], len(own), after) if changed else _same(item, own, blocks)
        if places is not None:
            end = theirs[min(len(theirs), max(blocks[-1].b + blocks[-1].size, places[1].stop)) - 1].end
            gapped = _gapped(sentence[:end], theirs[places[1]])
            return _words_in(statement, own[places[0]]), gapped + (
                " …" if len(sentence) - end > 1 else sentence[end:]
            )
    other = [one.text for one in own if one.text.lower() not in tokens[1]]
    telling = [word for word in other if meaning(word)] or sorted(other, key=len)
    drawn = sorted((one.text for one in own if meaning(one.text)), key=lambda word: _drawn(item, word))
    hidden = [(begin, end) for word, begin, end in theirs if meaning(word) - meaning(statement)]
    cut = Cut(sentence, tuple(hidden), tells=False)
    return (telling[-1:] or drawn or [statement])[0], (cut.shown(len(hidden) // 2) if hidden else "")


def _changed(begin: int, end: int, first: int, last: int, size: int, after: bool) -> tuple[slice, slice]:
    """Where a statement of `size` words and a sentence differ first, with the word before or after it where one of
    them has nothing there."""
    if begin == end or first == last:
        before = begin and first and not after
        begin, end, first, last = (
            (begin - 1, end, first - 1, last) if before else (begin, end + 1, first, last + 1)
        )
    elif end == size:  # what the note says after the statement's last word is not of the statement
        last = min(last, first + end - begin)
    return slice(begin, end), slice(first, last)


def _same(item: Item, own: Sequence[Piece], blocks: Sequence[Match]) -> tuple[slice, slice] | None:
    """A word of meaning, drawn by the item's id, that stands in both; None where there is none."""
    both = [(block.a + n, block.b + n) for block in blocks for n in range(block.size)]
    telling = [one for one in both if meaning(own[one[0]].text)]
    telling.sort(key=lambda one: _drawn(item, own[one[0]].text))
    return (
        (slice(telling[0][0], telling[0][0] + 1), slice(telling[0][1], telling[0][1] + 1))
        if telling
        else None
    )


def _words_in(text: str, found: Sequence[Piece]) -> str:
    return text[found[0].begin : found[-1].end] if found else text


def _gapped(text: str, found: Sequence[Piece]) -> str:
    return text[: found[0].begin] + GAP + text[found[-1].end :] if found else ""


# -- several at once -----------------------------------------------------------------------------------------------


def on_pairs(item: Item, n: int) -> str:
    """How the first n are matched or ordered; of three, of which two tell the third, what the first is not and then
    what it is; of two, of which one tells the other, where both are told."""
    ids = {option.id for option in item.options}
    keys = [key for key in item.key.split(",") if key in ids]
    if len(keys) <= 2:
        return framed(item, "Read again what your note says.")
    told = [letter_of(item, key) for key in keys[: min(n, len(keys) - 2)]]
    if item.kind == "order":
        if len(keys) == 3 and n == 1:
            return framed(item, "{letter} does not come first.", letter=letter_of(item, keys[2]))
        frame = "{letter} comes first." if len(told) == 1 else "{letter} comes first, then {next}."
        return framed(item, frame, letter=told[0], next=told[-1])
    if len(keys) == 3 and n == 1:  # two pairs of three tell the third
        return framed(item, "{place} does not go with {letter}.", place=1, letter=letter_of(item, keys[2]))
    pairs = (framed(item, "{place} goes with {letter}", place=n, letter=one) for n, one in enumerate(told, 1))
    return "; ".join(pairs) + "."


def letter_of(item: Item, option_id: str) -> str:
    """The letter of an option."""
    return LETTERS[[option.id for option in item.options].index(option_id)]


def _drawn(item: Item, name: str) -> bytes:
    return hashlib.sha256(f"{item.id} {name}".encode()).digest()
