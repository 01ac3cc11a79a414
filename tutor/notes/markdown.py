"""Markdown notes: headings, prose, lists, tables, code, formulas, analogies and quoted chats."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tutor.notes.dialogue import HUMAN, is_chatbot, is_for_a_child, speaker_in, split_dialogue
from tutor.notes.front_matter import split_front_matter
from tutor.notes.markdown_words import (
    MarkdownParser,
    is_display_math,
    is_picture,
    node_text,
)
from tutor.notes.note import Block, Kind, Note, Text
from tutor.notes.words import Words, plain_heading, shortened, struck_in

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_KINDS: dict[str, Kind] = {
    "paragraph": "prose",
    "html_block": "prose",
    "bullet_list": "list",
    "ordered_list": "list",
    "table": "table",
    "fence": "code",
    "code_block": "code",
    "math_block": "math",
    "amsmath": "math",
}
_STORY = (
    r"(?:an )?analog(?:y|ies)|(?:explain(?:ed)? )?like i['’]?\s?a?m (?:5|five)|eli5|(?:the )?story|类比|比喻"
)
_STORY_HEADING = re.compile(rf"(?:{_STORY})\s*(?:$|[:：(（.—–-])", re.IGNORECASE)
_STORY_LABEL = re.compile(r"(?:an )?(?:analogy|类比|比喻)\s*(?:$|[:：.(（—–])", re.IGNORECASE)
_STORY_BOLD = re.compile(r"(?:\*\*|__)(?:analogy|类比|比喻)", re.IGNORECASE)
_STORY_LIMIT = re.compile(
    r"where (?:it|(?:the|this) (?:analogy|story|comparison|picture)) breaks", re.IGNORECASE
)
_LABEL = re.compile(r"([^:：\n]{1,30})[:：]\W*")
_CODE_SHORTCODE = re.compile(
    r"^[ \t]*\{\{[<%]\s*(/?)(highlight|mermaid)\b[ \t]*([\w+-]*).*?[>%]\}\}[ \t]*$", re.MULTILINE
)


def read_markdown(text: str, path: str) -> Note:
    """Reads a Markdown or plain-text note.

    Args:
        text: the file's text, lines ended by a line feed.
        path: what the Note will be called.
    """
    front, body = split_front_matter(text)
    nodes = MarkdownParser().parse(_CODE_SHORTCODE.sub(_fence_for_shortcode, body))
    note = note_of_nodes(nodes, path, "markdown", front.title or first_title(nodes))
    return dataclasses.replace(
        note, prerequisites=front.prerequisites, related=front.related, tags=front.tags
    )


def note_of_nodes(nodes: list[SyntaxTreeNode], path: str, written_as: str, title: str) -> Note:
    """The Note that parsed Markdown makes; without a title it is called after its file."""
    title = title or title_from(path)
    return note_of_blocks(read_blocks(nodes, (), title), path, written_as, title)


def note_of_blocks(blocks: list[Block], path: str, written_as: str, title: str) -> Note:
    """The Note of these blocks: its transcripts, cards and retractions are found in them.

    Without a title it is called after its file.
    """
    struck = [part for block in blocks if block.kind != "code" for part in struck_in(block.text)]
    kept, cards = split_dialogue(blocks)
    return Note(
        path, written_as, title or title_from(path), tuple(kept), tuple(cards), retractions=tuple(struck)
    )


def read_blocks(nodes: list[SyntaxTreeNode], outer: tuple[str, ...], title: str = "") -> list[Block]:
    """The blocks of parsed Markdown, in file order.

    Args:
        nodes: what the parser made of the text.
        outer: the headings above it.
        title: the note's title; a heading of the first level with the same words stands for it.
    """
    reader = _Reader(title)
    reader.walk(nodes, outer, "")
    return reader.blocks


def title_from(path: str) -> str:
    """A title made of the file's name, for a note that has none."""
    return " ".join(re.split(r"[-_\s]+", PurePosixPath(path).stem)).strip() or path


def is_story_heading(heading: str) -> bool:
    """Whether a heading says that an analogy or story stands under it."""
    return _STORY_HEADING.match(heading) is not None


def is_story_label(words: str) -> bool:
    """Whether a paragraph calls itself an analogy in its first word."""
    return _STORY_LABEL.match(words) is not None


def _fence_for_shortcode(match: re.Match[str]) -> str:
    if match[1]:
        return "```"
    return "```mermaid" if match[2] == "mermaid" else f"```{match[3]}"


def first_title(nodes: list[SyntaxTreeNode]) -> str:
    """The words of the first heading where that is of the first level."""
    first = next((node for node in nodes if node.type == "heading"), None)
    return _heading(first) if first and first.tag == "h1" else ""


def _heading(node: SyntaxTreeNode) -> str:
    text = node_text(node)
    return plain_heading(text.words) if text else ""


@dataclass
class _Turn:
    """Where a quoted chat stands: who speaks, and what was asked."""

    speaker: str = ""
    asking: bool = False
    question: str = ""

    @property
    def answers_for_a_child(self) -> bool:
        return not self.asking and is_for_a_child(self.question)


@dataclass
class _Reader:
    title: str
    blocks: list[Block] = field(default_factory=list)
    _story_begun: bool = False

    def walk(
        self, nodes: list[SyntaxTreeNode], outer: tuple[str, ...], speaker: str, story: bool = False
    ) -> None:
        """Reads blocks that follow one another; `outer` are the headings above the first of them."""
        headings: list[tuple[int, str]] = []
        turn = _Turn()
        for number, node in enumerate(nodes):
            path = outer + tuple(words for _, words in headings)
            if node.type == "heading":
                headings = self._under(headings, node)
                turn = _Turn()
            elif node.type == "blockquote":
                self._quote(node, path, turn, speaker, story)
            elif label := self._label(node, nodes[number + 1 : number + 2], turn):
                turn = label
            else:
                turn = _Turn()
                self._block(node, path, speaker, story)

    def _under(self, headings: list[tuple[int, str]], node: SyntaxTreeNode) -> list[tuple[int, str]]:
        level, words = int(node.tag[1]), _heading(node)
        above = [(above, name) for above, name in headings if above < level]
        self._story_begun = False
        serves_as_title = level == 1 and words.casefold() == self.title.casefold()
        return above if serves_as_title or not words else [*above, (level, words)]

    def _label(self, node: SyntaxTreeNode, following: list[SyntaxTreeNode], turn: _Turn) -> _Turn | None:
        """The turn that a line such as "Me:" before a block quote begins, if the node is such a line."""
        if node.type != "paragraph" or not following or following[0].type != "blockquote":
            return None
        text = node_text(node)
        found = _LABEL.fullmatch(text.words) if text else None
        name = plain_heading(found[1]) if found else ""
        if not text or not name:
            return None
        if known := speaker_in(text.words):
            name, asks = known
            if asks:
                return _Turn(name, asking=True)
        if HUMAN.fullmatch(name):
            return _Turn(name, asking=True)
        # Any other name answers a question that was asked; without one, "Definition:" is no speaker.
        return _Turn(name, question=turn.question) if turn.question or is_chatbot(name) else None

    def _quote(
        self, node: SyntaxTreeNode, path: tuple[str, ...], turn: _Turn, speaker: str, story: bool
    ) -> None:
        if not turn.speaker:
            self.walk(node.children, path, speaker, story)
        elif turn.asking:
            turn.question = shortened(" ".join([turn.question, *_all_words(node)]).strip())
            self.walk(node.children, path, turn.speaker)
        else:
            asked = (*path, turn.question) if turn.question else path
            self.walk(node.children, asked, turn.speaker, turn.answers_for_a_child)

    def _block(self, node: SyntaxTreeNode, path: tuple[str, ...], speaker: str, story: bool) -> None:
        kind = _KINDS.get(node.type)
        text = None if kind is None or is_picture(node) else node_text(node)
        if kind is None or text is None:
            return
        if node.type == "paragraph" and is_display_math(node):
            kind = "math"
        if kind in ("prose", "list") and (story or self._is_story(node, text, path)):
            kind = "analogy"
        self.blocks.append(Block(kind, path, text, speaker))

    def _is_story(self, node: SyntaxTreeNode, text: Text, path: tuple[str, ...]) -> bool:
        raw = node.children[0].content if node.type == "paragraph" and node.children else ""
        labelled = is_story_label(text.words) or _STORY_BOLD.match(raw) is not None
        goes_on = self._story_begun or (
            _STORY_LIMIT.match(text.words) is not None
            and bool(self.blocks)
            and self.blocks[-1].kind == "analogy"
            and self.blocks[-1].heading == path
        )
        # A label that stands alone ("**Analogy**") speaks for the paragraph after it.
        self._story_begun = labelled and len(text.words) < 20
        return labelled or goes_on or any(is_story_heading(heading) for heading in path)


def _all_words(node: SyntaxTreeNode) -> list[str]:
    words = Words()
    for child in node.children:
        text = node_text(child)
        if text:
            words.gap(" ")
            words.extend(text)
    whole = words.text()
    return whole.words.split() if whole else []
