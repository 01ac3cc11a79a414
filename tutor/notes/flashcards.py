"""Flashcard decks: `####` heading, background text, `:p question`, `??x`, answer, `x??`.

Real decks are untidy, so a card ends at whatever comes first: its closing mark (also written `??x`), the next
question, the next heading, or a rule that stands between cards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from tutor.notes.front_matter import split_front_matter
from tutor.notes.markdown import read_blocks, title_from
from tutor.notes.markdown_words import MarkdownParser
from tutor.notes.note import Block, Card, Note, Text
from tutor.notes.words import part_of, plain_heading, struck_in

_HEADING = re.compile(r"[ \t]{0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$")
_CARD_HEADING = re.compile(r"[ \t]{0,3}####[ \t]")
_OPEN, _CLOSE = r"[?？][ \t]?[?？][ \t]?x", r"x[ \t]?[?？][ \t]?[?？]"
_QUESTION = re.compile(
    r"[ \t]*(?:[-*+>][ \t]+)?([*_]{0,3})[:：][ \t]?p([*_]{0,3})(?:[ \t]+|$)(.*)$", re.IGNORECASE
)
_OPENING = re.compile(rf"[ \t*_`>]*{_OPEN}[ \t*_`]*$", re.IGNORECASE)
_CLOSING = re.compile(rf"[ \t*_`>]*{_CLOSE}[ \t*_`]*$", re.IGNORECASE)
_ANSWER_END = re.compile(rf"(.*\S)[ \t]+(?:{_OPEN}|{_CLOSE})[ \t]*$", re.IGNORECASE)
_QUESTION_END = re.compile(r"(.*\S)[ \t]*[?？]{2}x[ \t]*$", re.IGNORECASE)
_ANY_MARK = re.compile(rf"^.*(?:{_OPEN}|{_CLOSE})[ \t*_`]*$", re.IGNORECASE | re.MULTILINE)
_RULE = re.compile(r"[ \t]{0,3}(?:-[ \t]*){3,}$|[ \t]{0,3}(?:\*[ \t]*){3,}$|[ \t]{0,3}(?:_[ \t]*){3,}$")
_FENCE = re.compile(r"[ \t]*(?:`{3,}[^`]*|~{3,}.*)$")
_FENCE_MARK = re.compile(r"[ \t]*(`{3,}|~{3,})(?!.*`)(.*)$")
_RATING = re.compile(r"[\s*_>-]*rating\b[\s*_:：]*\d+(?:\.\d+)?\s*(?:/\s*\d+)?[\s*_.]*$", re.IGNORECASE)
# Lines of the deck's maker, not of the subject.
_DECK_LABEL = re.compile(
    r"[\s*_]*(?:(?:starting chapter|rating threshold)\b[\s*_]*[:：]"
    r"|if applicable, add code examples with explanations\W*$)",
    re.IGNORECASE,
)
_BACKGROUND_LABEL = re.compile(
    r"background(?: context)?(?: explaining the concept)?\s*[:：.]\s*"
    r"(?:include any relevant formulas or data here\.\s*)?",
    re.IGNORECASE,
)

Part = Literal["background", "question", "answer"]


def is_deck(text: str) -> bool:
    """Whether the text holds cards; those that stand in code are only shown."""
    lines = text.split("\n")
    shown = [line for line, is_code in zip(lines, _in_code(lines), strict=True) if not is_code]
    return any(_QUESTION.match(line) for line in shown) and any(_ANY_MARK.match(line) for line in shown)


def read_flashcards(text: str, path: str) -> Note:
    """Reads a deck.

    Args:
        text: the file's text, lines ended by a line feed.
        path: what the Note will be called.

    Returns:
        The Note with its cards. Two answers to one question make one card with both; a question without an
        answer makes none; text under a heading without a card becomes a block.
    """
    front, body = split_front_matter(text)
    deck = _Deck(body.split("\n"))
    deck.read()
    title = front.title or deck.title or title_from(path)
    texts: list[Text] = [block.text for block in deck.blocks if block.kind != "code"]
    for card in deck.cards:
        texts += [card.question, card.answer]
    texts += list(dict.fromkeys(card.background for card in deck.cards if card.background))
    retractions = dict.fromkeys(struck for text in texts for struck in struck_in(text))
    return Note(
        path=path,
        format="flashcards",
        title=title,
        blocks=tuple(deck.blocks),
        cards=tuple(deck.cards),
        retractions=tuple(sorted(retractions, key=lambda struck: struck.lines)),
        prerequisites=front.prerequisites,
        related=front.related,
        tags=front.tags,
    )


@dataclass
class _Piece:
    """Lines that belong together; each with its number, counted from 0."""

    lines: dict[int, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(line.strip() for line in self.lines.values())

    @property
    def first_line(self) -> int:
        return min(self.lines) + 1

    @property
    def whole(self) -> str:
        return "\n".join(self.lines.get(number, "") for number in range(min(self.lines), max(self.lines) + 1))

    def text(self, parser: MarkdownParser) -> Text | None:
        return parser.text(self.whole, self.first_line) if self else None


class _Deck:
    """Reads a deck line by line."""

    def __init__(self, lines: list[str]) -> None:
        self.title = ""
        self.cards: list[Card] = []
        self.blocks: list[Block] = []
        self._lines = lines
        self._in_code = _in_code(lines)
        self._ends_later = _ends_later(
            ["" if is_code else line for line, is_code in zip(lines, self._in_code, strict=True)]
        )
        self._parser = MarkdownParser()
        self._headings: list[tuple[int, str]] = []
        self._part: Part = "background"
        self._pieces: dict[Part, _Piece] = {"background": _Piece(), "question": _Piece(), "answer": _Piece()}
        self._background: Text | None = None
        self._carded = False
        self._fenced = False

    def read(self) -> None:
        for number, line in enumerate(self._lines):
            self._line(number, line)
        self._close_card()
        self._close_heading()

    def _line(self, number: int, line: str) -> None:
        if self._in_code[number]:
            self._pieces[self._part].lines[number] = line
            return
        if question := _QUESTION.match(line):
            self._close_card()
            self._begin_question()
            # A bold question keeps the stars of its beginning, unless they end behind the mark.
            line = ("" if question[2] else question[1]) + question[3]
        if _OPENING.match(line) or _CLOSING.match(line):
            self._mark(number, line)
        elif ended := self._mark_at_end(line):
            self._words(number, ended[1])
            self._mark(number, line[ended.end(1) :].strip())
        else:
            self._words(number, line)

    def _mark_at_end(self, line: str) -> re.Match[str] | None:
        """A mark that stands behind words; a question may well end in "x??" without meaning the mark."""
        if self._part == "background" or self._fenced:
            return None
        return (_QUESTION_END if self._part == "question" else _ANSWER_END).match(line)

    def _mark(self, number: int, line: str) -> None:
        """A line that holds `??x` or `x??`."""
        if self._part == "question":
            if _CLOSING.match(line):
                self._split_question()
                self._close_card()
            else:
                self._part = "answer"
        elif self._part == "answer":
            # `??x` inside an answer begins a second answer, or is a closing mark turned round.
            if _CLOSING.match(line) or not self._words_follow(number):
                self._close_card()
            else:
                self._pieces["answer"].lines[number] = ""
        self._fenced = False

    def _words(self, number: int, line: str) -> None:
        """A line without a mark: heading, rule, rating or words."""
        if _FENCE.match(line):
            self._fenced = not self._fenced
        elif self._fenced and not (self._part == "background" and _CARD_HEADING.match(line)):
            pass
        elif _RATING.match(line) or (self._part == "background" and _DECK_LABEL.match(line)):
            return
        elif _RULE.match(line):
            self._rule(number)
            return
        elif (heading := _HEADING.match(line)) and self._is_outside(number, heading[1]):
            self._close_card()
            self._close_heading()
            self._begin_heading(len(heading[1]), heading[2])
            return
        self._pieces[self._part].lines[number] = line

    def _is_outside(self, number: int, hashes: str) -> bool:
        """Whether a heading on this line begins something new; an answer may hold headings of its own."""
        return self._part == "background" or len(hashes) == 4 or not self._ends_later[number]

    def _rule(self, number: int) -> None:
        if self._part == "answer" and not self._ends_later[number]:
            self._close_card()

    def _words_follow(self, number: int) -> bool:
        """Whether the next line that is not blank holds words of an answer."""
        later = (self._lines[index] for index in range(number + 1, len(self._lines)))
        following = next((line for line in later if line.strip()), "")
        marks = (_QUESTION, _HEADING, _RULE, _RATING)
        return bool(following) and not any(mark.match(following) for mark in marks)

    def _begin_heading(self, level: int, words: str) -> None:
        text = self._parser.text(words)
        name = plain_heading(text.words) if text else ""
        if level == 1 and not self.title:
            self.title = name
            self._headings = []
        else:
            above = [(above, kept) for above, kept in self._headings if above < level]
            self._headings = [*above, (level, name)] if name else above

    def _begin_question(self) -> None:
        background = self._pieces["background"]
        if background:
            self._background = _without_label(background.text(self._parser))
            self._pieces["background"] = _Piece()
        self._part = "question"
        self._carded = True

    def _split_question(self) -> None:
        """A question that was closed without `??x`: its first line asks, the rest answers."""
        lines = self._pieces["question"].lines
        first = next((number for number, line in sorted(lines.items()) if line.strip()), -1)
        self._pieces["answer"].lines = {number: line for number, line in lines.items() if number > first}
        self._pieces["question"].lines = {number: line for number, line in lines.items() if number <= first}

    def _close_card(self) -> None:
        question = self._pieces["question"].text(self._parser)
        answer = self._pieces["answer"].text(self._parser)
        if question and answer:
            self.cards.append(Card(self._path, question, answer, self._background))
        if self._part != "background":
            self._pieces["question"], self._pieces["answer"] = _Piece(), _Piece()
            self._part = "background"
        self._fenced = False

    def _close_heading(self) -> None:
        """Ends what stands under a heading; text that no card took becomes blocks."""
        left = self._pieces["background"]
        if left and not self._carded:
            self.blocks += read_blocks(self._parser.parse(left.whole, left.first_line), self._path)
        self._pieces["background"] = _Piece()
        self._background, self._carded, self._fenced = None, False, False

    @property
    def _path(self) -> tuple[str, ...]:
        return tuple(name for _, name in self._headings)


def _in_code(lines: list[str]) -> list[bool]:
    """For each line, whether it belongs to a code fence that is closed.

    A fence that was left open would swallow the next card; it is known by the card's closing mark or heading.
    """
    inside = [False] * len(lines)
    number = 0
    while number < len(lines):
        fence = _FENCE_MARK.match(lines[number])
        end = _fence_end(lines, number, fence[1]) if fence else None
        if end is not None:
            inside[number : end + 1] = [True] * (end + 1 - number)
            number = end
        number += 1
    return inside


def _fence_end(lines: list[str], begin: int, marks: str) -> int | None:
    shows_a_card = False
    for number in range(begin + 1, len(lines)):
        line = lines[number]
        fence = _FENCE_MARK.match(line)
        if fence and fence[1].startswith(marks):
            return None if fence[2].strip() else number
        shows_a_card = shows_a_card or _QUESTION.match(line) is not None
        if _CARD_HEADING.match(line) or (_CLOSING.match(line) and not shows_a_card):
            return None
    return None


def _ends_later(lines: list[str]) -> list[bool]:
    """For each line, whether a closing mark comes after it and before the next question or card heading."""
    found, later = [False] * len(lines), False
    for number in range(len(lines) - 1, -1, -1):
        found[number] = later
        line = lines[number]
        if _CLOSING.match(line) or _OPENING.match(line):
            later = True
        elif _QUESTION.match(line) or _CARD_HEADING.match(line):
            later = False
    return found


def _without_label(text: Text | None) -> Text | None:
    label = _BACKGROUND_LABEL.match(text.words) if text else None
    return part_of(text, label.end()) if text and label else text
