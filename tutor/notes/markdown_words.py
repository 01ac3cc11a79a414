"""Markdown to words: the parser, and the words of each of its nodes with their file lines.

markdown-it gives the lines of blocks only. To know the line of every word inside a paragraph, each line
break in it is followed by its line number, written in white-space characters that no Markdown rule minds;
the numbers are taken out again when the words are collected.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tutor.notes.note import Text
from tutor.notes.words import Words

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markdown_it.tree import SyntaxTreeNode

PICTURES = frozenset({"mermaid", "plantuml", "dot", "graphviz"})
"""Languages of code fences that are drawings, not words."""

_CLOSING = {"\\(": "\\)", "\\[": "\\]"}
_MARK, _GAP = "\u1680", "\u205f"
_ZERO = 0x2000  # ten white-space characters from here stand for the digits of a line number
_ODD_SPACES = {point: " " for point in (0x1680, 0x205F, *range(0x2000, 0x200B))}
_MARKED = re.compile("\u1680([\u2000-\u2009]+)")
_CODE_OR_SHORTCODE = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|\{\{[<%].*?[>%]\}\}", re.DOTALL)
_CALLOUT = re.compile(r"^\[!\w+\][+-]?[ \t]*")
# No paragraph of an author has so many signs that may be a pair, and the time to pair them grows with their square.
_PAIRED, _MOST_SIGNS = "[*_~`<$", 2000
# Emphasis that touches Chinese or Japanese text on one side and punctuation on the other is not
# recognised by CommonMark's flanking rules; a white-space mark beside the stars makes it so.
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_CJK_OPENING = re.compile(rf"(?<=[{_CJK}])(?=(?:\*{{1,2}}|~~)[(\[“‘「『《【（])")
_CJK_CLOSING = re.compile(rf"((?<=[.!?:;,)\]。，、：；！？”’」』》】）])(?:\*{{1,2}}|~~))(?=[{_CJK}])")
_HTML_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_HTML_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]*)\b[^>]*>", re.DOTALL)
_STRIKE_TAGS = frozenset({"s", "del", "strike"})


class MarkdownParser:
    """CommonMark with tables, strike-through and math, set up so that every word knows its line."""

    def __init__(self) -> None:
        from markdown_it import MarkdownIt
        from mdit_py_plugins.amsmath import amsmath_plugin
        from mdit_py_plugins.dollarmath import dollarmath_plugin

        parser = MarkdownIt("commonmark", {"html": True, "maxNesting": 40})
        parser.enable(["table", "strikethrough"])
        dollarmath_plugin(
            parser, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True
        )
        amsmath_plugin(parser)
        interrupted = ["paragraph", "reference", "blockquote", "list"]
        parser.block.ruler.before("math_block", "math_lines", _math_lines, {"alt": interrupted})
        parser.inline.ruler.before("escape", "math_brackets", _math_brackets)
        parser.core.ruler.before("inline", "line_marks", _mark_lines)
        self._parser = parser

    def parse(self, text: str, first_line: int = 1) -> list[SyntaxTreeNode]:
        """The blocks of `text`, whose first line has the number `first_line` in its file."""
        from markdown_it.tree import SyntaxTreeNode

        tokens = self._parser.parse(text, {"first_line": first_line})
        for token in tokens:
            if token.map:
                token.map = [token.map[0] + first_line - 1, token.map[1] + first_line - 1]
        return SyntaxTreeNode(tokens).children

    def text(self, text: str, first_line: int = 1) -> Text | None:
        """All words of `text` in one Text; code stands between fences."""
        words = Words()
        for node in self.parse(text, first_line):
            words.gap("\n\n")
            add_node(words, node)
        return words.text()


def node_text(node: SyntaxTreeNode) -> Text | None:
    """The words of one block; those of a code block without fences."""
    words = Words()
    if node.type in ("fence", "code_block"):
        _add_code(words, node)
    else:
        add_node(words, node)
    return words.text()


def first_line_of(node: SyntaxTreeNode) -> int:
    """File line on which the node begins."""
    return node.map[0] + 1 if node.map else 1


def is_picture(node: SyntaxTreeNode) -> bool:
    """Whether the node is a code fence that holds a drawing."""
    return node.type == "fence" and node.info.strip().strip("{}").lower().split(" ")[0] in PICTURES


def is_display_math(node: SyntaxTreeNode) -> bool:
    """Whether a paragraph is one displayed formula and nothing else."""
    inline = node.children[0].token if node.children else None
    tokens = (inline.children or []) if inline else []
    kept = [token for token in tokens if token.type != "text" or token.content.strip(" .,")]
    return len(kept) == 1 and kept[0].type == "math_inline_double"


def add_node(words: Words, node: SyntaxTreeNode, indent: str = "") -> None:
    """Appends the words of a block and of all blocks in it; lines after the first get `indent`."""
    if node.type in ("paragraph", "heading"):
        _add_inline_of(words, node, indent)
    elif node.type in ("bullet_list", "ordered_list"):
        _add_list(words, node, indent)
    elif node.type in ("fence", "code_block") and not is_picture(node):
        _add_fenced(words, node, indent)
    elif node.type == "table":
        _add_table(words, node, indent)
    elif node.type in ("math_block", "amsmath"):
        _add_math_block(words, node, indent)
    elif node.type == "html_block":
        _add_html_block(words, node, indent)
    elif node.type == "blockquote":
        for child in node.children:
            words.gap("\n\n", indent)
            add_node(words, child, indent)


def _add_list(words: Words, node: SyntaxTreeNode, indent: str) -> None:
    for item in node.children:
        marker = f"{item.info}. " if node.type == "ordered_list" else "- "
        contents = Words()
        for child in item.children:
            contents.gap("\n", "  ")
            add_node(contents, child, "  ")
        text = contents.text()
        if text is None:
            continue
        words.gap()
        words.add(indent + marker, text.starts[0][1])
        words.extend(text, indent)


def _add_table(words: Words, node: SyntaxTreeNode, indent: str) -> None:
    for part in node.children:
        for row in part.children:
            words.gap("\n", indent)
            for number, cell in enumerate(row.children):
                if number:
                    words.add(" | ", first_line_of(row))
                _add_inline_of(words, cell, indent)


def _add_code(words: Words, node: SyntaxTreeNode, indent: str = "") -> None:
    line = first_line_of(node) + (node.type == "fence")
    for number, code in enumerate(node.content.rstrip("\n").split("\n")):
        words.add(f"{indent}{code}\n" if code.strip() else "\n", line + number)


def _add_fenced(words: Words, node: SyntaxTreeNode, indent: str) -> None:
    language = node.info.strip().split(" ")[0] if node.type == "fence" else ""
    if node.content.strip():
        words.add(f"```{language}\n", first_line_of(node))
        _add_code(words, node, indent)
        words.add(f"{indent}```", node.map[1] if node.map else 1)
        words.gap()


def _add_math_block(words: Words, node: SyntaxTreeNode, indent: str) -> None:
    formula = f"{node.markup}{node.content}{node.markup}" if node.markup == "$$" else node.content
    for number, line in enumerate(formula.split("\n")):
        if number:
            words.gap("\n", indent)
        words.add(line.strip(), first_line_of(node) + number)


def _add_html_block(words: Words, node: SyntaxTreeNode, indent: str) -> None:
    def only_breaks(match: re.Match[str]) -> str:
        return "\n" * match[0].count("\n")

    def tag(match: re.Match[str]) -> str:
        return "~~" if match[1].lower() in _STRIKE_TAGS else only_breaks(match)

    shown = _HTML_TAG.sub(tag, _HTML_HIDDEN.sub(only_breaks, node.content))
    for number, line in enumerate(shown.split("\n")):
        if line.strip():
            words.gap("\n", indent)
            words.flow(html.unescape(line), first_line_of(node) + number)


def _add_inline_of(words: Words, node: SyntaxTreeNode, indent: str) -> None:
    for child in node.children:
        if child.token and child.token.children:
            _add_inline(words, child.token.children, first_line_of(child), indent)


def _add_inline(words: Words, tokens: Sequence[Token], line: int, indent: str) -> None:
    for token in tokens:
        content, shown = token.content.replace(_GAP, ""), True
        if token.type.startswith("math_inline"):
            content = token.markup + content + _CLOSING.get(token.markup, token.markup)
        elif token.type in ("s_open", "s_close"):
            content = "~~"
        elif token.type == "softbreak":
            content = " "
        elif token.type == "hardbreak":
            words.gap("\n", indent)
        elif token.type == "html_inline":
            _add_inline_tag(words, content, line, indent)
            shown = False
        elif token.type not in ("text", "text_special", "code_inline"):
            shown = False
        # Even what is not shown (an image, a comment) moves on the line number.
        for number, piece in enumerate(_MARKED.split(content)):
            if number % 2:
                line = int("".join(str(ord(digit) - _ZERO) for digit in piece))
            elif shown:
                words.flow(piece, line)


def _add_inline_tag(words: Words, content: str, line: int, indent: str) -> None:
    tag = _HTML_TAG.fullmatch(content)
    if tag and tag[1].lower() == "br":
        words.gap("\n", indent)
    elif tag and tag[1].lower() in _STRIKE_TAGS:
        words.flow("~~", line)


def _mark_lines(state: StateCore) -> None:
    """Core rule before the inline one: writes line numbers into inline text, takes out shortcodes."""
    for token in state.tokens:
        if token.type == "inline" and token.map:
            first = token.map[0] + state.env["first_line"]
            lines = _CALLOUT.sub("", token.content.translate(_ODD_SPACES)).split("\n")
            marked = [lines[0]]
            for number, line in enumerate(lines[1:], start=first + 1):
                digits = "".join(chr(_ZERO + int(digit)) for digit in str(number))
                marked.append(f"{_MARK}{digits}{line}")
            content = _without_shortcodes("\n".join(marked))
            for sign in _PAIRED:
                if content.count(sign) > _MOST_SIGNS:
                    content = content.replace(sign, f"&#{ord(sign)};")
            token.content = _CJK_CLOSING.sub(rf"\1{_GAP}", _CJK_OPENING.sub(_GAP, content))


def _without_shortcodes(content: str) -> str:
    # The search for the end of one that never ends goes to the end of the text, each time.
    begun = content.count("{{<") + content.count("{{%")
    return content if begun > _MOST_SIGNS else _CODE_OR_SHORTCODE.sub(_without_shortcode, content)


def _without_shortcode(match: re.Match[str]) -> str:
    if match[1]:
        return match[0]
    marks = list(_MARKED.finditer(match[0]))
    return marks[-1][0] if marks else ""


def _math_brackets(state: StateInline, silent: bool) -> bool:
    """Inline rule for `\\(...\\)` and `\\[...\\]`."""
    opening = state.src[state.pos : state.pos + 2]
    closing = _CLOSING.get(opening)
    if not closing:
        return False
    end = state.src.find(closing, state.pos + 2, state.posMax)
    if end < 0 or not state.src[state.pos + 2 : end].strip():
        return False
    if not silent:
        token = state.push("math_inline" if opening == "\\(" else "math_inline_double", "math", 0)
        token.content = state.src[state.pos + 2 : end]
        token.markup = opening
    state.pos = end + 2
    return True


def _math_lines(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Block rule for a formula of several lines that opens with `$$` alone or with `\\[`.

    It may interrupt a paragraph, for otherwise a line of it that begins with a minus would be a list.
    """
    if state.is_code_block(start):
        return False
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]].strip()
    if first == "$$":
        closing = "$$"
    elif first.startswith("\\[") and "\\]" not in first:
        closing = "\\]"
    else:
        return False
    # Where one search for the end failed, those that begin on its way fail too.
    failed = state.env.setdefault("unclosed_math", {})
    place = (closing, state.level, state.blkIndent)
    if failed.get(place, 0) > start:
        return False
    for line in range(start + 1, end):
        words = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip()
        if not words or state.sCount[line] < state.blkIndent:
            failed[place] = line
            return False
        if closing in words:
            if not words.endswith(closing):
                failed[place] = line
                return False
            if not silent:
                token = state.push("math_block", "math", 0)
                token.content = state.getLines(start, line + 1, state.blkIndent, False)
                token.map = [start, line + 1]
                state.line = line + 1
            return True
    failed[place] = end
    return False
