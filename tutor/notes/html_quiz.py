"""Quiz sections of HTML notes: questions, their options, and the answers matched to them by number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tutor.notes.html_words import HEADINGS, LISTS, Page, as_tag, classes, is_dropped, items_of, shown_text
from tutor.notes.note import QuizQuestion, Text
from tutor.notes.words import lines_in, part_of, plain_heading

if TYPE_CHECKING:
    from bs4 import PageElement, Tag

_QUIZ = re.compile(
    r"\bquiz(?:zes)?\b|\b(?:test|check) your (?:knowledge|understanding)|测验|小测", re.IGNORECASE
)
_ANSWERS = re.compile(
    r"(?:(?:show|see|reveal|quiz)\s)?(?:the )?(?:answers?|solutions?)(?: key)?|(?:参考)?答案", re.IGNORECASE
)
_NUMBER = re.compile(
    r"[\s*]*(?:q(?:uestion)?|a(?:nswer)?|问题?|答案?|第)?\s*(\d{1,3})\s*(?:[.):：、](?!\d)\s*|$)",
    re.IGNORECASE,
)
_ANSWER_LABEL = re.compile(r"(?:(?:correct )?(?:answer|solution)|答案?)\s*[:：]\s*", re.IGNORECASE)
_OPTION = re.compile(r"[A-Ha-h][).:]\s+\S")
_LEAVES = ("p", "ol", "ul", "dl", "pre", "table", *HEADINGS)
_Place = Literal["question", "own answer", "answers"]


def is_quiz(heading: str) -> bool:
    """Whether a heading announces a quiz."""
    return _QUIZ.search(heading) is not None


def quiz_part(nodes: list[PageElement], level: int) -> list[PageElement]:
    """The nodes that stand under a heading of `level` from which `nodes` follow."""
    for place, node in enumerate(nodes):
        tag = as_tag(node)
        if tag is not None and tag.name in HEADINGS and int(tag.name[1]) <= level:
            return nodes[:place]
    return nodes


def read_quiz(
    nodes: Iterable[PageElement], page: Page, heading: tuple[str, ...]
) -> tuple[list[QuizQuestion], list[Text]]:
    """Reads the questions of a quiz.

    Args:
        nodes: the quiz section's contents.
        page: the page that they lie on.
        heading: the headings above.

    Returns:
        The questions that have an answer, and the texts that are left over (answers without a question,
        questions without an answer). No question at all: then nothing is left over either.
    """
    sheet = _Sheet(page)
    for leaf, place in _leaves(nodes, "question"):
        sheet.take(leaf, place)
    answers = {entry.number: entry for entry in sheet.answers}
    found: list[QuizQuestion] = []
    left: list[Text] = []
    for entry in sheet.questions:
        matched = None if entry.answers else answers.pop(entry.number, None)
        answer = _joined(matched.parts if matched else entry.answers)
        question = _joined(entry.parts)
        if question and answer:
            found.append(QuizQuestion(heading, question, answer, tuple(entry.options)))
        else:
            left += [text for text in (question, answer) if text]
    left += [text for entry in answers.values() if (text := _joined(entry.parts))]
    return (found, left) if found else ([], [])


@dataclass
class _Entry:
    """A question or an answer with its number. `listed` where it is an item of a list, whole in itself."""

    number: int
    parts: list[Text] = field(default_factory=list)
    options: list[Text] = field(default_factory=list)
    answers: list[Text] = field(default_factory=list)
    listed: bool = False

    @property
    def is_complete(self) -> bool:
        return bool(self.options or self.answers)


class _Sheet:
    """Questions and answers, filled paragraph by paragraph and list by list."""

    def __init__(self, page: Page) -> None:
        self.questions: list[_Entry] = []
        self.answers: list[_Entry] = []
        self._page = page

    def take(self, leaf: Tag, place: _Place) -> None:
        if place == "own answer":
            inside = leaf.children if leaf.name == "details" else [leaf]
            shown = [part for part in inside if not _is_summary(part)]
            text = _without(_ANSWER_LABEL, self._page.text(shown))
            if text and self.questions:
                self.questions[-1].answers.append(text)
        elif leaf.name in ("ol", "ul"):
            self._list(leaf, place)
        else:
            self._paragraph(leaf, place)

    def _list(self, leaf: Tag, place: _Place) -> None:
        entries = self.questions if place == "question" else self.answers
        last = entries[-1] if entries and not entries[-1].listed else None
        if place == "question" and last and not last.options:
            last.options += [text for item in items_of(leaf) if (text := self._page.item(item, None))]
        elif place == "answers" and last:
            text = self._page.text([leaf])
            last.parts += [text] if text else []
        else:
            first = _whole_number(leaf.get("start"), len(entries) + 1)
            for number, item in enumerate(items_of(leaf), start=first):
                entries.append(self._item(item, _whole_number(item.get("value"), number), place))

    def _item(self, item: Tag, number: int, place: _Place) -> _Entry:
        entry = _Entry(number, listed=True)
        if place == "answers":
            text = self._page.item(item, None)
            entry.parts = [text] if text else []
            return entry
        asking: list[PageElement] = []
        for child in item.children:
            tag = as_tag(child)
            if tag is not None and tag.name in LISTS:
                entry.options += [text for option in items_of(tag) if (text := self._page.item(option, None))]
            elif tag is not None and (_is_answers(tag) or tag.name == "details"):
                kept = [part for part in tag.children if not _is_summary(part)]
                text = _without(_ANSWER_LABEL, self._page.text(kept))
                entry.answers += [text] if text else []
            else:
                asking.append(child)
        self._ask(entry, self._page.text(asking))
        return entry

    def _ask(self, entry: _Entry, text: Text | None) -> None:
        """Sorts the lines of a question into question, options and answer."""
        lines = lines_in(text) if text else []
        optional = sum(_OPTION.match(line.words) is not None for line in lines) > 1
        for line in lines:
            if _ANSWER_LABEL.match(line.words):
                answer = _without(_ANSWER_LABEL, line)
                entry.answers += [answer] if answer else []
            elif optional and _OPTION.match(line.words):
                entry.options.append(line)
            else:
                entry.parts.append(line)

    def _paragraph(self, leaf: Tag, place: _Place) -> None:
        entries = self.questions if place == "question" else self.answers
        text = self._page.text([leaf])
        if text is None:
            return
        number = _NUMBER.match(text.words)
        words = part_of(text, number.end()) if number else text
        if number:
            entries.append(_Entry(int(number[1])))
        elif leaf.name in HEADINGS and not _asks(text):
            return
        elif place == "question" and _asks(text) and (not entries or entries[-1].is_complete):
            entries.append(_Entry(len(entries) + 1))
        if entries and (place == "answers" or not entries[-1].listed):
            if place == "question":
                self._ask(entries[-1], words)
            elif words:
                entries[-1].parts.append(words)


def _leaves(nodes: Iterable[PageElement], place: _Place) -> Iterator[tuple[Tag, _Place]]:
    """Paragraphs, lists and the like in page order, each with what it belongs to."""
    for node in nodes:
        tag = as_tag(node)
        if tag is None or is_dropped(tag) or _is_summary(tag):
            continue
        inside = place
        if place == "question" and _is_answers(tag):
            inside = "answers" if _is_numbered(tag) else "own answer"
        if tag.name in HEADINGS and _ANSWERS.fullmatch(plain_heading(shown_text(tag))):
            place = "answers" if place == "question" else place
        elif tag.name in _LEAVES or tag.find(_LEAVES) is None:
            if not (tag.name in HEADINGS and is_quiz(shown_text(tag))):
                yield tag, inside
        else:
            yield from _leaves(tag.children, inside)


def _is_answers(tag: Tag) -> bool:
    """Whether the tag's class, or the summary of the details it is, says that it holds answers."""
    summary = tag.find("summary", recursive=False) if tag.name == "details" else None
    said = summary is not None and _ANSWERS.search(shown_text(summary)) is not None
    return said or any(name in ("answer", "answers", "solution", "solutions") for name in classes(tag))


def _is_summary(node: PageElement) -> bool:
    tag = as_tag(node)
    return tag is not None and tag.name == "summary"


def _is_numbered(tag: Tag) -> bool:
    paragraphs = tag.find_all(["p", "li"])
    return tag.find("ol") is not None or any(_NUMBER.match(shown_text(leaf)) for leaf in paragraphs)


def _asks(text: Text) -> bool:
    return text.words.endswith(("?", "？"))


def _without(label: re.Pattern[str], text: Text | None) -> Text | None:
    found = label.match(text.words) if text else None
    return part_of(text, found.end()) if text and found else text


def _joined(parts: list[Text]) -> Text | None:
    return Text.join(parts) if parts else None


def _whole_number(value: object, default: int) -> int:
    return int(value) if isinstance(value, str) and value.isdecimal() else default
