"""Cards as a Markdown deck in the corpus's own format; each card is read back before it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tutor.notes.flashcards import read_flashcards
from tutor.notes.words import plain_heading
from tutor.quiz.export import Exported
from tutor.study_note import escaped, yaml_text

_APART = re.compile(
    r"^([ \t]*```[^\n`]*\n.*?^[ \t]*```[ \t]*|\$\$\n.*?\n\$\$|\\\[\n.*?\n\\\])$", re.DOTALL | re.MULTILINE
)
_FENCED = re.compile(r"^([ \t]*```[^\n`]*\n.*?^[ \t]*```[ \t]*)$", re.DOTALL | re.MULTILINE)
_LIST_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s")


@dataclass(frozen=True)
class DeckCard:
    """A card in plain words: code between fences, formulas as TeX.

    Attributes:
        source: where it comes from; stands in a comment.
    """

    question: str
    answer: str
    heading: str = ""
    background: str = ""
    source: str = ""


def deck_of(found: Sequence[Exported], title: str) -> tuple[str, int]:
    """The items as a deck, and how many cards it holds; options stand in the question."""
    cards = [_card(one) for one in found]
    texts = [text for text in map(card_text, cards) if text]
    tags = dict.fromkeys(tag for one in found for tag in one.tags)
    return deck_text(title, texts, list(tags)[:20]), len(texts)


def _card(one: Exported) -> DeckCard:
    """An item as a card: what tells of the answer stands behind it, since a deck shows a background first."""
    before, behind = ("", one.background) if one.telling else (one.background, "")
    answer = "\n\n".join(filter(None, (one.answer, behind)))
    return DeckCard(one.front, answer, one.item.concept, before, one.place)


def deck_text(title: str, cards: Iterable[str], tags: Sequence[str] = ()) -> str:
    """A deck of cards that `card_text` wrote."""
    head = ["---", f"title: {yaml_text(title)}", f"tags: [{', '.join(map(yaml_text, tags))}]", "---"]
    return "\n".join([*head, "", f"# {escaped(' '.join(title.split()))}", "", *cards])


def card_text(card: DeckCard) -> str:
    """A card as Markdown that reads back as these very words; empty where no way of writing it does.

    Where line breaks cannot be kept, spaces stand for them; a background that does not read back is left out.
    """
    question, answer = tidy(card.question), tidy(card.answer)
    heading = plain_heading(card.heading) or plain_heading(question.split("\n")[0])
    for background in dict.fromkeys((tidy(card.background), "")):
        words, spaced = (question, answer, background), ""
        for write in (_as_it_is, _with_breaks, _escaped, _guarded):
            asked, answered, before = map(write, words)
            text = _laid_out(_escaped(heading), asked, answered, before, card.source)
            read = _read(text)
            if read == words:
                return text
            if read and write is not _as_it_is and _on_a_line(read) == _on_a_line(words):
                spaced = spaced or text
        if spaced:
            return spaced
    return ""


def _on_a_line(words: Sequence[str]) -> list[str]:
    return [" ".join(one.split()) for one in words]


def tidy(words: str) -> str:
    """Words with single spaces and blank lines; code stays as it is."""
    parts = _FENCED.split(words.replace("\r", ""))
    prose = [re.sub(r"[^\S\n]*\n[^\S\n]*\n\s*\n", "\n\n", part) for part in parts[::2]]
    parts[::2] = [re.sub(r"(?<=\S)[^\S\n]+", " ", part) for part in prose]
    return re.sub(r" +$", "", "".join(parts), flags=re.MULTILINE).strip()


def _laid_out(heading: str, question: str, answer: str, background: str, source: str) -> str:
    lines = [f"#### {heading}", ""]
    if source:
        lines += [f"<!-- {source.replace('-->', '').replace('<!--', '')} -->", ""]
    if background:
        lines += [background, ""]
    return "\n".join([*lines, f":p {question}", "??x", answer, "x??", "", "---", ""])


def _read(text: str) -> tuple[str, str, str] | None:
    """Question, answer and background as a reader has them; None where it is not one card by itself."""
    # Cards around it must not change it, nor it them.
    note = read_flashcards(
        f"# Deck\n\n{text}\n#### Next\n\n:p What is next?\n??x\nThe next card.\nx??\n", "deck.md"
    )
    if len(note.cards) != 2 or note.blocks or note.cards[1].answer.words != "The next card.":
        return None
    card = note.cards[0]
    return card.question.words, card.answer.words, card.background.words if card.background else ""


def _as_it_is(words: str) -> str:
    return words


def _with_breaks(words: str) -> str:
    """Line breaks kept, lists set apart."""
    return _by_line(words, lambda line: line, lists=True)


def _escaped(words: str) -> str:
    return _by_line(words, escaped)


def _guarded(words: str) -> str:
    """With the first letter of each line as a number, so that no line looks like a mark of a deck."""

    def guard(line: str) -> str:
        rest = escaped(line[1:]).replace("?", "&#63;").replace("？", "&#65311;")
        return f"&#{ord(line[0])};{rest}"

    return _by_line(words, guard)


def _by_line(words: str, write: Callable[[str], str], lists: bool = False) -> str:
    """Prose line by line; code and formulas on lines of their own stay as they are."""
    parts = _APART.split(words)
    for number in range(0, len(parts), 2):
        lines = parts[number].split("\n")
        text = ""
        for place, line in enumerate(lines):
            following = lines[place + 1] if place + 1 < len(lines) else ""
            text += write(line.strip() if not lists else line) if line.strip() else ""
            if place + 1 == len(lines):
                break
            in_list = lists and (_LIST_ITEM.match(line) is not None or line.startswith(" "))
            next_in_list = lists and (_LIST_ITEM.match(following) is not None or following.startswith(" "))
            if not line.strip() or not following.strip() or (in_list and next_in_list):
                text += "\n"
            else:
                text += "\n\n" if in_list or next_in_list else "\\\n"
        parts[number] = text
    return "".join(parts)
