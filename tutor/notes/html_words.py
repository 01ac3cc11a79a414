"""HTML to words: the parsed page, the file line of each string in it, and the words of its parts.

Beautiful Soup knows the line on which a tag begins, not that of a string inside or after it. So each line
break is followed by its line number between two private characters; wherever these turn up (in a string, a
comment or as an attribute of a tag that spans lines), they tell the line, and no text shows them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tutor.notes.note import Text
from tutor.notes.words import Words

if TYPE_CHECKING:
    from bs4 import PageElement, Tag

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
LISTS = ("ul", "ol", "dl", "menu")
# fmt: off
_DROPPED = frozenset({
    "script", "style", "nav", "noscript", "template", "iframe", "svg", "canvas", "button", "input",
    "select", "textarea", "object", "audio", "video", "head", "link", "meta", "img", "picture", "map",
    "footer", "dialog",
})
_BLOCKS = (
    *HEADINGS, *LISTS,
    "p", "div", "section", "article", "main", "body", "html", "header", "aside", "blockquote", "figure",
    "figcaption", "details", "summary", "address", "center", "fieldset", "form", "hr", "pre", "table",
    "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "li", "dt", "dd",
)
# fmt: on
_STRIKES = ("s", "del", "strike")
_NAVIGATION = re.compile(
    r"(?:nav|navbar|navigation|breadcrumbs?|sidebar|toc|table-of-contents|pagination|skip-link|site-header)"
)
_STORY_CLASS = re.compile(r"(?:analog|stor(?:y|ies)|intuition|eli5)")
_MARK = re.compile("(\n?)\ue000(\\d+)\ue001")
_END_TAG = re.compile("(</[a-zA-Z][\\w:-]*)\\s*\ue000(\\d+)\ue001\\s*>")
_RAW = r"\{%-?\s*raw\s*-?%\}(.*?)\{%-?\s*endraw\s*-?%\}"
# A formula such as x^{{2}} is no template tag.
_EXPRESSION = r"\{\{[-\s][^{}\\]*\}\}|(?<![\\\w^_}])\{\{[^{}\\]*\}\}"
_JINJA = re.compile(rf"{_RAW}|\{{%.*?%\}}|\{{#.*?#\}}|{_EXPRESSION}", re.DOTALL)
_VARIABLE = re.compile(r"(?!)()|\{\{\s+\w+(?:[.|]\w+)*\s+\}\}")


class Page:
    """A parsed page."""

    def __init__(self, text: str) -> None:
        from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, XMLParsedAsHTMLWarning

        lines = _closed(without_templates(text)).replace("\ue000", " ").replace("\ue001", " ").split("\n")
        numbered = (f"\n\ue000{number}\ue001{line}" for number, line in enumerate(lines[1:], 2))
        # A line break within an end tag is in no string and no attribute; its number goes behind the tag.
        marked = _END_TAG.sub("\\1>\ue000\\2\ue001", lines[0] + "".join(numbered))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
            warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
            self.soup = BeautifulSoup(marked, "html.parser")
        self._lines = dict(_lines_of_strings(self.soup))

    def text(
        self, nodes: Iterable[PageElement], asides: list[Tag] | None = None, gap: str = "\n"
    ) -> Text | None:
        """The words of `nodes`.

        Args:
            nodes: strings and tags in page order.
            asides: where given, analogies inside are left out and put here instead.
            gap: what parts two paragraphs.
        """
        words = Words()
        for node in nodes:
            self._add(words, node, asides, gap, "")
        return words.text()

    def code(self, pre: Tag) -> Text | None:
        """The code in a `pre` element, as it is."""
        words = Words()
        for node in pre.descendants:
            if getattr(node, "name", None) == "br":
                words.add("\n", self.line_of(pre))
            for broken, piece, line in self._pieces(node):
                words.add(broken, line)
                words.add(piece, line)
        return words.text()

    def line_of(self, tag: Tag) -> int:
        """File line on which the tag begins."""
        return tag.sourceline or 1

    def _add(self, words: Words, node: PageElement, asides: list[Tag] | None, gap: str, indent: str) -> None:
        tag = as_tag(node)
        if tag is None:
            for broken, piece, line in self._pieces(node):
                words.flow(f"{broken}{piece}", line)
        elif is_dropped(tag):
            return
        elif asides is not None and is_story(tag):
            asides.append(tag)
        elif tag.name == "br":
            words.gap("\n", indent)
        elif tag.name in _STRIKES:
            self._add_struck(words, tag, asides, gap, indent)
        elif tag.name == "pre":
            self._add_fenced(words, tag, indent)
        elif tag.name in LISTS:
            self._add_list(words, tag, asides, indent)
        elif tag.name == "table":
            self._add_table(words, tag, indent)
        else:
            self._add_children(words, tag, asides, gap, indent)

    def _add_children(self, words: Words, tag: Tag, asides: list[Tag] | None, gap: str, indent: str) -> None:
        stands_alone = tag.name in _BLOCKS
        if stands_alone:
            words.gap(gap, indent)
        for child in tag.children:
            self._add(words, child, asides, gap, indent)
        if stands_alone:
            words.gap(gap, indent)

    def _add_struck(self, words: Words, tag: Tag, asides: list[Tag] | None, gap: str, indent: str) -> None:
        if shown_text(tag).strip():
            words.flow("~~", self.line_of(tag))
            for child in tag.children:
                self._add(words, child, asides, gap, indent)
            words.flow("~~", self.line_of(tag))

    def _add_list(self, words: Words, tag: Tag, asides: list[Tag] | None, indent: str) -> None:
        for item in items_of(tag):
            contents = self.item(item, asides)
            if contents:
                words.gap()
                # Numbers of an ordered list are not in the file, so they are not the author's words.
                marker = "  " if item.name == "dd" else "- "
                words.add(indent + marker, contents.starts[0][1])
                words.extend(contents, indent)
        words.gap("\n", indent)

    def item(self, item: Tag, asides: list[Tag] | None) -> Text | None:
        """The words of a list item, lines after its first indented by two spaces."""
        words = Words()
        for child in item.children:
            self._add(words, child, asides, "\n", "  ")
        return words.text()

    def _add_table(self, words: Words, table: Tag, indent: str) -> None:
        for row in table.find_all("tr"):
            if row.find_parent("table") is not table:
                continue  # of a table inside a cell, whose words its cell has already
            tags = row.find_all(["th", "td"], recursive=False)
            cells = [self.text(cell.children, gap=" ") for cell in tags]
            if any(cells):
                words.gap("\n", indent)
                for number, cell in enumerate(cells):
                    if number:
                        words.add(" | ", self.line_of(row))
                    if cell:
                        words.extend(_on_one_line(cell))
        words.gap("\n", indent)

    def _add_fenced(self, words: Words, pre: Tag, indent: str) -> None:
        code = self.code(pre)
        if code:
            words.gap("\n", indent)
            words.add(f"```\n{indent}", self.line_of(pre))
            words.extend(code, indent)
            words.gap("\n", indent)
            words.add("```", code.end_line)
            words.gap("\n", indent)

    def _pieces(self, node: PageElement) -> Iterator[tuple[str, str, int]]:
        """(line break before it, piece, line) for each line of a string; tags and comments have none."""
        from bs4 import NavigableString

        if type(node) is NavigableString:
            first, *rest = _MARK.split(node)
            yield "", first, self._lines[id(node)]
            for broken, number, piece in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
                yield broken, piece, int(number)


def as_tag(node: PageElement) -> Tag | None:
    """The node, if it is a tag."""
    from bs4 import Tag

    return node if isinstance(node, Tag) else None


def classes(tag: Tag) -> list[str]:
    """The words of the tag's class names, in lower case: `story-gen` gives `story` and `gen`."""
    return re.findall(r"[a-z0-9]+", " ".join(_class_names(tag)))


def _class_names(tag: Tag) -> list[str]:
    value = tag.get("class") or ""
    names = value if isinstance(value, str) else " ".join(value)
    return re.sub("\ue000\\d+\ue001", " ", names).lower().split()


def shown_text(tag: Tag) -> str:
    """All strings in the tag, without the line marks."""
    return re.sub("\ue000\\d+\ue001", "", tag.get_text())


def is_story(tag: Tag) -> bool:
    """Whether the tag's class calls it an analogy or a story."""
    return any(_STORY_CLASS.match(name) for name in classes(tag))


def is_dropped(tag: Tag) -> bool:
    """Whether the tag holds no words of the note: scripts, styles, navigation, controls."""
    if tag.name in _DROPPED:
        return True
    if tag.name == "header":
        return tag.find(HEADINGS) is None
    return tag.get("role") == "navigation" or any(_NAVIGATION.fullmatch(name) for name in _class_names(tag))


def is_block(node: PageElement) -> bool:
    """Whether the node stands alone on the page or holds something that does."""
    tag = as_tag(node)
    return tag is not None and (tag.name in _BLOCKS or tag.find(_BLOCKS) is not None)


def is_struck(node: PageElement) -> bool:
    """Whether the node lies within something struck out."""
    return node.find_parent(_STRIKES) is not None


def items_of(tag: Tag) -> list[Tag]:
    """The items of a list, in order."""
    return tag.find_all(["li", "dt", "dd"], recursive=False)


def without_templates(text: str) -> str:
    """`text` without Jinja tags; all lines keep their numbers."""

    def rest(match: re.Match[str]) -> str:
        return match[1] if match[1] is not None else "\n" * match[0].count("\n")

    # Behind the last end of a tag none can be whole, and each beginning would be followed to the end.
    end = max(text.rfind("%}"), text.rfind("#}"), text.rfind("}}")) + 2
    return (_JINJA if "{%" in text else _VARIABLE).sub(rest, text[:end]) + text[end:] if end > 1 else text


def _closed(text: str) -> str:
    """`text` in which every tag and comment that begins may end: the parser tries each of the others anew."""
    comments = text.rfind("-->") + 1
    text = text[:comments] + text[comments:].replace("<!--", "    ")
    tags = text.rfind(">") + 1
    return text[:tags] + text[tags:].replace("<", "&lt;")


def _lines_of_strings(soup: Tag) -> Iterator[tuple[int, int]]:
    """(id, line) of every string of the page: the line on which it begins."""
    line = 1
    for node in soup.descendants:
        tag = as_tag(node)
        if tag is not None:
            line = max(line, tag.sourceline or 1)
            values = (value if isinstance(value, str) else " ".join(value) for value in tag.attrs.values())
            marked = " ".join([*tag.attrs, *values])
        else:
            yield id(node), line
            marked = str(node)
        for number in re.findall("\ue000(\\d+)\ue001", marked):
            line = max(line, int(number))


def _on_one_line(cell: Text) -> Text:
    return Text(cell.words.replace("\n", " "), cell.starts, cell.end_line)
