"""What a reader makes of a file: a Note whose every part knows its lines in that file.

Conventions
- Lines count from 1 and both ends are included.
- A text is the author's own words with the markup taken away. One mark stays in it: struck-out words keep
  their tildes, `~~so~~`, because a retraction must never be mistaken for a claim. Math stays as TeX between
  `$...$`, `$$...$$`, `\\(...\\)` or `\\[...\\]`, code stays as code.
- Where a text comes from several lines, `starts` says at which offset each of those lines begins, so that
  every piece of the text can be traced back.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Literal

Lines = tuple[int, int]
Kind = Literal["prose", "list", "table", "code", "math", "analogy", "answer"]


def _offset(start: tuple[int, int]) -> int:
    return start[0]


@dataclass(frozen=True)
class Text:
    """A piece of a note's own words.

    Attributes:
        words: the words, markup taken away, struck-out words between `~~`.
        starts: pairs (offset into words, file line), ascending in both; the first offset is 0.
        end_line: the file line on which the last word stands.
    """

    words: str
    starts: tuple[tuple[int, int], ...]
    end_line: int

    @property
    def lines(self) -> Lines:
        """First and last file line of the whole text."""
        return self.starts[0][1], self.end_line

    def lines_of(self, begin: int, end: int) -> Lines:
        """File lines of `words[begin:end]`."""
        first = self.starts[max(0, bisect_right(self.starts, begin, key=_offset) - 1)][1]
        last = self.starts[max(0, bisect_right(self.starts, max(begin, end - 1), key=_offset) - 1)][1]
        return first, max(first, last)

    def piece(self, begin: int, end: int) -> Text:
        """`words[begin:end]` as a Text of its own."""
        within = slice(
            bisect_right(self.starts, begin, key=_offset), bisect_left(self.starts, end, key=_offset)
        )
        inner = [(offset - begin, line) for offset, line in self.starts[within]]
        first, last = self.lines_of(begin, end)
        return Text(self.words[begin:end], ((0, first), *inner), last)

    @staticmethod
    def join(parts: list[Text], between: str = "\n\n") -> Text:
        """One text out of several in file order, with `between` between them."""
        words, starts, end_line = "", [], 0
        for part in parts:
            words += between if words else ""
            starts += [(len(words) + offset, line) for offset, line in part.starts]
            words += part.words
            end_line = max(end_line, part.end_line)
        return Text(words, tuple(starts), end_line)


@dataclass(frozen=True)
class Block:
    """A paragraph, list, table, code fence, formula or analogy, under its headings.

    Attributes:
        heading: the headings above it, outermost first, without the note's title.
        speaker: who said it in a quoted transcript ("Me", "ChatGPT"), else empty.
    """

    kind: Kind
    heading: tuple[str, ...]
    text: Text
    speaker: str = ""


@dataclass(frozen=True)
class Card:
    """A flashcard. `background` is the text between heading and question, where there is one."""

    heading: tuple[str, ...]
    question: Text
    answer: Text
    background: Text | None = None


@dataclass(frozen=True)
class QuizQuestion:
    """A question of the author's own with its answer; `options` where it is multiple choice."""

    heading: tuple[str, ...]
    question: Text
    answer: Text
    options: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Note:
    """One file, read.

    Attributes:
        path: relative to its notes folder, with forward slashes.
        format: "markdown", "flashcards", "table", "html", "notebook", "pdf" or "text".
        blocks: everything that may be retrieved, in file order; analogies among them as kind "analogy".
            Cards and quiz questions are not repeated here.
        retractions: the struck-out texts, in file order (they also stand, struck, in their blocks).
        prerequisites, related: names of other notes (file name without ending) that the front matter links to.
    """

    path: str
    format: str
    title: str
    blocks: tuple[Block, ...] = ()
    cards: tuple[Card, ...] = ()
    quiz: tuple[QuizQuestion, ...] = ()
    retractions: tuple[Text, ...] = ()
    prerequisites: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    tags: tuple[str, ...] = field(default=())

    @property
    def analogies(self) -> tuple[Block, ...]:
        """The blocks that the author marked as analogy or story."""
        return tuple(block for block in self.blocks if block.kind == "analogy")


def with_lines_moved(text: Text, by: int) -> Text:
    """The text as it stands `by` lines further down."""
    return Text(text.words, tuple((offset, line + by) for offset, line in text.starts), text.end_line + by)


def with_lines(note: Note, numbers: list[int]) -> Note:
    """The note with each line number `n` replaced by `numbers[n - 1]`, which must not descend."""

    def text(old: Text) -> Text:
        first_of_line: dict[int, int] = {}
        for offset, line in old.starts:
            first_of_line.setdefault(numbers[line - 1], offset)
        starts = tuple((offset, line) for line, offset in first_of_line.items())
        return Text(old.words, starts, numbers[old.end_line - 1])

    def block(old: Block) -> Block:
        return dataclasses.replace(old, text=text(old.text))

    def card(old: Card) -> Card:
        background = text(old.background) if old.background else None
        return Card(old.heading, text(old.question), text(old.answer), background)

    def question(old: QuizQuestion) -> QuizQuestion:
        options = tuple(text(option) for option in old.options)
        return QuizQuestion(old.heading, text(old.question), text(old.answer), options)

    return dataclasses.replace(
        note,
        blocks=tuple(block(old) for old in note.blocks),
        cards=tuple(card(old) for old in note.cards),
        quiz=tuple(question(old) for old in note.quiz),
        retractions=tuple(text(old) for old in note.retractions),
    )
