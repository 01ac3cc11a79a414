"""HTML study guides, also as templates: headings, prose, lists, tables, code, stories and quizzes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tutor.notes.html_quiz import is_quiz, quiz_part, read_quiz
from tutor.notes.html_words import (
    HEADINGS,
    LISTS,
    Page,
    as_tag,
    classes,
    is_block,
    is_dropped,
    is_story,
    is_struck,
    items_of,
    shown_text,
)
from tutor.notes.markdown import is_story_heading, title_from
from tutor.notes.note import Block, Kind, Note, QuizQuestion, Text
from tutor.notes.words import Words, lines_in, plain_heading, strike, struck_in

if TYPE_CHECKING:
    from bs4 import PageElement, Tag

_STORY_LINE = re.compile(
    r"\W*(?:story(?:[- ](?:example|time|style intuition))?|example story|(?:an )?analogy|intuition|类比|比喻)"
    r"\s*[:：.]",
    re.IGNORECASE,
)
_LABELLED_LINE = re.compile(r"[^\W\d_][^.!?:：\n]{0,40}[:：](?:\s|$)")
_PARAGRAPHS = ("p", "dt", "dd", "figcaption", "summary", "caption", "address")
_ONE_BLOCK = ("pre", "table", *HEADINGS)


def read_html(text: str, path: str) -> Note:
    """Reads an HTML note.

    Args:
        text: the file's text, lines ended by a line feed.
        path: what the Note will be called.
    """
    page = Page(text)
    reader = _Reader(page)
    reader.walk(page.soup.children)
    texts = [block.text for block in reader.blocks if block.kind != "code"]
    for question in reader.quiz:
        texts += [question.question, *question.options, question.answer]
    retractions = dict.fromkeys(struck for text in texts for struck in struck_in(text))
    return Note(
        path=path,
        format="html",
        title=reader.title or _head_title(page) or title_from(path),
        blocks=tuple(reader.blocks),
        quiz=tuple(reader.quiz),
        retractions=tuple(sorted(retractions, key=lambda struck: struck.lines)),
        tags=_keywords(page),
    )


def _head_title(page: Page) -> str:
    title = page.soup.find("title")
    text = page.text(title.children) if title else None
    return plain_heading(text.words) if text else ""


def _keywords(page: Page) -> tuple[str, ...]:
    found = page.soup.find("meta", attrs={"name": "keywords"})
    names = str(found.get("content") or "").split(",") if found else []
    return tuple(" ".join(name.split()) for name in names if name.strip())


class _Reader:
    """Walks over a page and collects what it holds."""

    def __init__(self, page: Page) -> None:
        self.title = ""
        self.blocks: list[Block] = []
        self.quiz: list[QuizQuestion] = []
        self._page = page
        self._headings: list[tuple[int, str]] = []

    def walk(self, nodes: Iterable[PageElement], story: bool = False) -> None:
        """Reads nodes that follow one another; `story` says that they lie within an analogy."""
        following = list(nodes)
        run: list[PageElement] = []
        place = 0
        while place < len(following):
            node, tag = following[place], as_tag(following[place])
            place += 1
            if tag is None or not (is_block(tag) or is_dropped(tag)):
                run.append(node)
                continue
            self._prose(run, story)
            run = []
            self._tag(tag, story)
            if tag.name in HEADINGS and is_quiz(self._headings[-1][1] if self._headings else ""):
                place += self._quiz(quiz_part(following[place:], int(tag.name[1])))
        self._prose(run, story)

    def _tag(self, tag: Tag, story: bool) -> None:
        if is_dropped(tag):
            return
        if tag.name in HEADINGS:
            self._heading(tag)
        elif tag.name in LISTS:
            self._list(tag, story)
        elif tag.name == "table" and not tag.find(["table", *HEADINGS]):
            self._add("table", self._page.text([tag]), story, tag)
        elif tag.name == "pre":
            self._add("code", self._page.code(tag), story, tag)
        elif is_story(tag) and not story:
            self._story(tag)
        elif "quiz" in classes(tag) and self._quiz_section(tag):
            return
        elif tag.name in _PARAGRAPHS and not any(is_block(child) for child in tag.children):
            self._prose([*tag.children], story)
        else:
            self.walk(tag.children, story)

    def _heading(self, tag: Tag) -> None:
        text = self._page.text(tag.children, gap=" ")
        level, name = int(tag.name[1]), plain_heading(text.words) if text else ""
        self._headings = [(above, kept) for above, kept in self._headings if above < level]
        if level == 1 and not self.title:
            self.title = name
        elif name:
            self._headings.append((level, name))

    def _prose(self, nodes: list[PageElement], story: bool) -> None:
        """A paragraph, or words that stand between blocks."""
        asides: list[Tag] = []
        text = self._page.text(nodes, None if story else asides)
        if text:
            main, stories = (text, []) if story else _without_stories(text)
            self._add("prose", main, story, nodes[0])
            for part in stories:
                self._add("analogy", part, True, nodes[0])
        for aside in asides:
            self._story(aside)

    def _list(self, tag: Tag, story: bool) -> None:
        words = Words()
        stories: list[tuple[str, Tag | Text]] = []
        for item in items_of(tag):
            asides: list[Tag] = []
            contents = self._page.item(item, None if story else asides)
            label = _label(item, contents, self._page)
            if contents and not story:
                main, found = _without_stories(contents)
                stories += [(label, part) for part in found]
            else:
                main = contents
            if main:
                words.gap()
                words.add("  " if item.name == "dd" else "- ", main.starts[0][1])
                words.extend(main)
            stories += [(label, aside) for aside in asides]
        self._add("list", words.text(), story, tag)
        for label, part in stories:
            self._labelled_story(label, part, tag)

    def _labelled_story(self, label: str, part: Tag | Text, place: PageElement) -> None:
        """An analogy that belongs to a list item, under the item's label."""
        before = self._headings
        if label:
            self._headings = [*before, (7, label)]
        if isinstance(part, Text):
            self._add("analogy", part, True, place)
        else:
            self._story(part)
        self._headings = before

    def _story(self, tag: Tag) -> None:
        """An element whose class calls it an analogy or story."""
        before = self._headings
        if tag.find(_ONE_BLOCK) or tag.name in ("pre", "table"):
            self.walk(tag.children, story=True)
        else:
            text = self._page.text(tag.children, gap="\n\n")
            # Nothing but a bold line is the headline of what follows, not a story.
            self._add("prose" if _is_all_bold(tag) else "analogy", text, False, tag)
        self._headings = before

    def _quiz_section(self, tag: Tag) -> bool:
        """Reads an element whose class calls it a quiz; False where it holds no answered question."""
        before, title = self._headings, self.title
        first = tag.find(HEADINGS)
        if first:
            self._heading(first)
        if self._quiz([*tag.children]):
            self._headings = before
            return True
        self._headings, self.title = before, title
        return False

    def _quiz(self, nodes: list[PageElement]) -> int:
        """Reads a quiz; how many nodes it took."""
        questions, left = read_quiz(nodes, self._page, tuple(name for _, name in self._headings))
        if not questions:
            return 0
        self.quiz += questions
        for text in left:
            self._add("prose", text, False, nodes[0])
        return len(nodes)

    def _add(self, kind: Kind, text: Text | None, story: bool, place: PageElement) -> None:
        if text is None:
            return
        path = tuple(name for _, name in self._headings)
        told = story or any(is_story_heading(heading) for heading in path)
        if kind in ("prose", "list") and (told or (kind == "prose" and _STORY_LINE.match(text.words))):
            kind = "analogy"
        if kind != "code" and is_struck(place):
            text = strike(text)
        self.blocks.append(Block(kind, path, text))


def _is_all_bold(tag: Tag) -> bool:
    bold = "".join(shown_text(part) for part in tag.find_all(["strong", "b"]))
    return len(bold) < 100 and "".join(bold.split()) == "".join(shown_text(tag).split())


def _label(item: Tag, contents: Text | None, page: Page) -> str:
    """What a list item is about: its first bold words, else the words before its first colon."""
    bold = item.find(["strong", "b", "dfn"])
    text = page.text(bold.children) if bold else None
    if text is None and contents:
        head, colon, _ = contents.words.partition(":")
        return plain_heading(head) if colon and len(head) <= 60 else ""
    return plain_heading(text.words) if text else ""


def _without_stories(text: Text) -> tuple[Text | None, list[Text]]:
    """A text without its lines that begin "Story Example:" or the like, and these lines.

    A story goes on until the next line with a label of its own. A text that begins as a story is left whole.
    """
    main: list[Text] = []
    stories: list[list[Text]] = []
    told = False
    for line in lines_in(text):
        if _STORY_LINE.match(line.words) and main:
            told = True
            stories.append([line])
        elif told and not _LABELLED_LINE.match(line.words):
            stories[-1].append(line)
        else:
            told = False
            main.append(line)
    if not stories:
        return text, []
    kept = Text.join(main, "\n  ")
    return kept, [Text.join(story, "\n") for story in stories]
