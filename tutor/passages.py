"""Note -> passages: the units that are stored, embedded and retrieved.

A passage never mixes headings, speakers or kinds of use, and never exceeds the embedding model's window (but for
code): text beyond it would be cut off silently and could not be found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from tutor.notes.note import Block, Note, Text
from tutor.vocabulary import glossary_columns
from tutor.words import split_sentences, without_struck

# To be raised whenever readers or splitter make other passages of the same notes: stored ones are then made anew.
SPLITTER_VERSION = 9
PassageKind = Literal["prose", "list", "table", "code", "math", "analogy", "answer", "card", "quiz"]
_PACKED = ("prose", "list", "math")
_CODE_TOKENS = 1500
_HEADING_WORDS = 40


@dataclass(frozen=True)
class Passage:
    """A stored and retrieved unit.

    Attributes:
        id: stable as long as note, heading and words stay the same.
        heading: the headings above it; for a card or quiz question the question is the innermost.
        text: the note's own words with their lines; evidence is quoted from here and from nowhere else.
        part: 0, or 1 and on for the further pieces of a text that was too long for one passage.
    """

    id: str
    note: str
    title: str
    heading: tuple[str, ...]
    kind: PassageKind
    text: Text
    speaker: str = ""
    part: int = 0

    @property
    def embedded_text(self) -> str:
        """What the embedding model reads: title and headings, then the words that are not struck out."""
        return embedded_text(self.title, self.heading, self.text.words)

    @property
    def content_hash(self) -> str:
        """SHA-256 of the embedded text: equal content is embedded once, wherever it stands."""
        return hashlib.sha256(self.embedded_text.encode()).hexdigest()

    def to_json(self) -> str:
        """The passage as one JSON text, for SQLite."""
        values = {**self.__dict__, "text": [self.text.words, self.text.starts, self.text.end_line]}
        return json.dumps(values, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Passage:
        """The passage that `to_json` wrote."""
        values: dict[str, Any] = json.loads(text)
        words, starts, end_line = values["text"]
        values["text"] = Text(words, tuple((offset, line) for offset, line in starts), end_line)
        values["heading"] = tuple(values["heading"])
        return Passage(**values)


def embedded_text(title: str, heading: Iterable[str], words: str) -> str:
    """Title and headings as one line, each cut to its first words (a card's question may be long), then the
    words, struck-out ones left out."""
    path = [" ".join(part.split()[:_HEADING_WORDS]) for part in (title, *heading) if part]
    return " > ".join(path) + "\n" + without_struck(words).strip()


def split_note(note: Note, count_tokens: Callable[[str], int], max_tokens: int = 220) -> list[Passage]:
    """The passages of one note, in file order.

    Args:
        count_tokens: text -> number of tokens of the embedding model.
        max_tokens: upper bound of a passage with its headings, in these tokens.
    """
    passages: list[Passage] = []
    seen: set[str] = set()
    for heading, kind, speaker, text in _pieces(note):
        limit = max_tokens - count_tokens(embedded_text(note.title, heading, ""))
        # Code is kept whole, since half a program helps nobody; its first lines are enough to find it by.
        limit = _CODE_TOKENS if kind == "code" else max(limit, max_tokens // 4)
        pieces = _bounded(text, count_tokens, limit, kind == "code")
        for part, piece in enumerate(pieces):
            if not without_struck(piece.words).strip():
                continue
            passage_id = _passage_id(note.path, heading, piece.words, seen)
            passages.append(Passage(passage_id, note.path, note.title, heading, kind, piece, speaker, part))
    return passages


def _passage_id(path: str, heading: tuple[str, ...], words: str, seen: set[str]) -> str:
    base = hashlib.sha256("\n".join((path, *heading, words)).encode()).hexdigest()[:20]
    passage_id, copy = base, 1
    while passage_id in seen:
        copy += 1
        passage_id = f"{base}-{copy}"
    seen.add(passage_id)
    return passage_id


def _pieces(note: Note) -> Iterator[tuple[tuple[str, ...], PassageKind, str, Text]]:
    """Runs of blocks that belong together, then cards and quiz questions with the question as heading."""

    def use(block: Block) -> tuple[tuple[str, ...], str, str]:
        return block.heading, "prose" if block.kind in _PACKED else block.kind, block.speaker

    for (heading, _, speaker), group in groupby(note.blocks, key=use):
        blocks = list(group)
        if blocks[0].kind == "table" and glossary_columns(blocks[0].text.words):
            yield from _glossary_rows(heading, blocks)
            continue
        kind = blocks[0].kind if len(blocks) == 1 or blocks[0].kind not in _PACKED else "prose"
        yield heading, kind, speaker, Text.join([block.text for block in blocks])
    backgrounds: set[str] = set()
    for card in note.cards:
        if card.background is not None and card.background.words not in backgrounds:
            backgrounds.add(card.background.words)
            yield card.heading, "prose", "", card.background
        yield (*card.heading, card.question.words), "card", "", card.answer
    for question in note.quiz:
        yield (*question.heading, question.question.words), "quiz", "", question.answer


def _glossary_rows(
    heading: tuple[str, ...], tables: Iterable[Block]
) -> Iterator[tuple[tuple[str, ...], PassageKind, str, Text]]:
    """Each row of a glossary by itself: its meaning, under its term."""
    for table in tables:
        columns, end = glossary_columns(table.text.words), 0
        for number, row in enumerate(table.text.words.split("\n")):
            begin, end = end, end + len(row) + 1
            cells = row.split(" | ")
            if columns is None or number == 0 or len(cells) <= max(columns):
                continue
            at = begin + sum(len(cell) + 3 for cell in cells[: columns[2]])
            meaning = table.text.piece(at, at + len(cells[columns[2]]))
            yield (*heading, cells[columns[0]].strip()), "prose", "", meaning


def _bounded(text: Text, count_tokens: Callable[[str], int], limit: int, is_code: bool) -> Iterator[Text]:
    """The text in pieces of at most `limit` tokens, cut between sentences (code: between lines)."""
    if count_tokens(text.words) <= limit:
        yield text
        return
    begin, end = 0, 0
    for cut in _cuts(text.words, is_code):
        if end > begin and count_tokens(text.words[begin:cut]) > limit:
            yield text.piece(begin, end)
            begin = end
        end = cut
        while count_tokens(text.words[begin:end]) > limit:
            stop = _longest_fit(text.words, begin, end, count_tokens, limit)
            yield text.piece(begin, stop)
            begin = stop
    if end > begin:
        yield text.piece(begin, end)


def _cuts(words: str, is_code: bool) -> list[int]:
    """Offsets at which a text may be cut; the last is its end."""
    if is_code:
        return [i + 1 for i, sign in enumerate(words) if sign == "\n"] + [len(words)]
    begins = [begin for begin, _ in split_sentences(words)][1:]
    return [*begins, len(words)]


def _longest_fit(words: str, begin: int, end: int, count_tokens: Callable[[str], int], limit: int) -> int:
    """Where to cut a single sentence that is too long by itself: after the last word that fits."""
    low, high = begin + 1, end
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count_tokens(words[begin:middle]) <= limit else (low, middle - 1)
    space = words.rfind(" ", begin + 1, low)
    return space + 1 if space > begin else low
