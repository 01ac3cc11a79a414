"""A claim that its author struck out is struck out wherever the same note says it in the same words.

Students strike a sentence where they see that it is wrong, and forget the copy in the summary or on a card.
"""

from __future__ import annotations

import dataclasses

from tutor.notes.note import Block, Card, Note, QuizQuestion, Text
from tutor.words import STRUCK, split_sentences, words

_SHORTEST = 3  # words of a claim
# What may stand before or within a claim without making it another.
_SMALL = frozenset("a an the so also thus and but however therefore note that remember".split())
_ONE = {"their": "its", "are": "is", "were": "was", "have": "has", "they": "it"}


def strike_copies(note: Note) -> Note:
    """The note with each copy of a struck-out claim struck out too; `retractions` stay the author's own."""
    claims = {key for struck in note.retractions for key in _claims_in(struck.words) if len(key) >= _SHORTEST}
    if not claims:
        return note

    def text(old: Text) -> Text:
        return _struck(old, claims)

    def block(old: Block) -> Block:
        return old if old.kind == "code" else dataclasses.replace(old, text=text(old.text))

    def card(old: Card) -> Card:
        background = text(old.background) if old.background else None
        return dataclasses.replace(old, answer=text(old.answer), background=background)

    def question(old: QuizQuestion) -> QuizQuestion:
        return dataclasses.replace(old, answer=text(old.answer))

    return dataclasses.replace(
        note,
        blocks=tuple(map(block, note.blocks)),
        cards=tuple(map(card, note.cards)),
        quiz=tuple(map(question, note.quiz)),
    )


def _claims_in(struck: str) -> list[tuple[str, ...]]:
    inner = struck.strip("~")
    return [_key(inner[begin:end]) for begin, end in split_sentences(inner)]


def _key(sentence: str) -> tuple[str, ...]:
    """The words of a claim in order, without inflections and small words; of one thing or of several."""
    return tuple(_ONE.get(word, word) for word in words(sentence) if word not in _SMALL)


def _struck(text: Text, claims: set[tuple[str, ...]]) -> Text:
    """The text with the sentences between tildes that say one of the claims.

    A sentence in quotation marks is left: notes quote a false claim in order to correct it.
    """
    taken = [match.span() for match in STRUCK.finditer(text.words)]
    spans = [
        (begin, end)
        for begin, end in split_sentences(text.words)
        if _key(text.words[begin:end]) in claims
        and text.words[begin] not in "\"“«'‘"
        and text.words[end - 1] not in "?？"
        and not any(begin < last and first < end for first, last in taken)
    ]
    if not spans:
        return text
    signs, at = "", 0
    for begin, end in spans:
        signs += f"{text.words[at:begin]}~~{text.words[begin:end]}~~"
        at = end
    starts = tuple(
        (offset + 2 * sum((begin < offset) + (end <= offset) for begin, end in spans), line)
        for offset, line in text.starts
    )
    return Text(signs + text.words[at:], starts, text.end_line)
