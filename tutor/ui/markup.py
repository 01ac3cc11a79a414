"""Markdown, math and code -> safe HTML, for answers, quiz stems, options, feedback and quoted passages alike.

The page shows what is made here and nothing else of a note or a model: raw HTML and images never render,
links lead to http(s) addresses only. Math is set between private-use signs, which no text or code can hold,
so that KaTeX sees formulas only and "$5 to $6" stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

INLINE_MATH = ("\ue000", "\ue001")
DISPLAY_MATH = ("\ue002", "\ue003")
_DOUBT = ("\ue004", "\ue005")
_PRIVATE = re.compile("[\ue000-\uf8ff]")

LATEX_DELIMITERS: list[dict[str, str | bool]] = [
    {"left": DISPLAY_MATH[0], "right": DISPLAY_MATH[1], "display": True},
    {"left": INLINE_MATH[0], "right": INLINE_MATH[1], "display": False},
]
CUT = "… (cut here: too long to show)"

_MATH = re.compile(
    r"\$\$(?P<dollars>.+?)\$\$|\\\[(?P<brackets>.+?)\\\]|\\\((?P<parens>.+?)\\\)"
    r"|(?<![\w$\\])\$(?P<dollar>[^\s$](?:(?:[^$\\\n]|\\.)*?(?:[^\s$\\]|\\[^\s\w$]))?)\$(?![\w$])",
    re.DOTALL,
)
_CITES = re.compile(r"\s*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
_STRUCK = re.compile(r"~~(.+?)~~", re.DOTALL)
_ITEM = r"[ \t]*(?P<sign>[-*+]|\d{1,3}[.)])[ \t]+"
_ITEMS = re.compile(rf"^{_ITEM}\S.*(?:\n{_ITEM.replace('?P<sign>', '?:')}\S.*)*", re.MULTILINE)
_ONE_ITEM = re.compile(rf"^{_ITEM}(?P<said>.*)", re.MULTILINE)
_PAIRS = (("~~", "~~"), ("$$", "$$"), ("\\[", "\\]"))


def to_html(source: str, cites: Mapping[int, str] | None = None, doubted: Sequence[str] = ()) -> str:
    """Markdown as blocks of HTML that a Markdown renderer passes through unchanged.

    Args:
        source: Markdown with math in `$…$`, `$$…$$`, `\\(…\\)` or `\\[…\\]`.
        cites: number -> where its quote stands; these numbers in brackets become citation marks.
        doubted: sentences of the source that the notes do not support; they are shown so marked.

    Returns:
        One line of HTML per block, blank lines between them. A code block at top level stays a Markdown
        fence, so that the page can colour it.
    """
    text = _PRIVATE.sub("", source)
    for sentence in doubted:
        wanted = _PRIVATE.sub("", sentence).strip()
        if wanted:
            text = text.replace(wanted, _DOUBT[0] + wanted + _DOUBT[1], 1)
    parser = _parser()
    env: dict[str, Any] = {"cites": dict(cites or {})}
    blocks: list[str] = []
    group: list[Token] = []
    depth = 0
    for token in parser.parse(text, env):
        group.append(token)
        depth += token.nesting
        if depth:
            continue
        if len(group) == 1 and token.type in ("fence", "code_block"):
            blocks.append(_fence(token))
        else:
            blocks.append(parser.renderer.render(group, parser.options, env).replace("\n", " ").strip())
        group = []
    return "\n\n".join(block for block in blocks if block)


def bounded_html(
    source: str, limit: int, cites: Mapping[int, str] | None = None, doubted: Sequence[str] = ()
) -> str:
    """`to_html` in at most `limit` bytes; what is too long is cut and says so."""
    kept = source[:limit]
    while True:
        html = to_html(kept if len(kept) == len(source) else f"{kept}\n\n{CUT}", cites, doubted)
        if len(html.encode()) <= limit or not kept:
            return html
        kept = kept[: len(kept) * 3 // 4]


def inline_html(source: str) -> str:
    """Markdown of one paragraph or less, as HTML without the paragraph around it."""
    return _parser().renderInline(_PRIVATE.sub("", source).replace("\n", " "), {"cites": {}})


def passage_html(text: str) -> str:
    """Text of a note whose markup was taken away: math, struck-out words and line breaks are shown."""
    text = _PRIVATE.sub("", text)
    parts: list[str] = []
    at = 0
    for match in _MATH.finditer(text):
        if _is_money(match):
            continue
        parts += [escape(text[at : match.start()]), _math_html(match)]
        at = match.end()
    # Struck words may hold math: the marks are exchanged after the formulas are safe.
    joined = "".join([*parts, escape(text[at:])])
    return _STRUCK.sub(r"<s>\1</s>", joined).replace("\n", "&#10;")


def quoted_html(text: str, begin: int = 0, end: int = 0) -> str:
    """As `passage_html`, what stands in [begin, end) marked; lines that are written as items are a list."""
    parts: list[str] = []
    at = 0
    for run in _ITEMS.finditer(text):
        items = list(_ONE_ITEM.finditer(text, run.start(), run.end()))
        kind = _list_kind([item["sign"] for item in items])
        if not kind or not all(map(_is_whole, [text[: run.start()], *(item["said"] for item in items)])):
            continue
        told = "".join(f"<li>{marked_html(text, *item.span('said'), begin, end)}</li>" for item in items)
        before = run.start() - text[at : run.start()].endswith("\n")
        parts += [marked_html(text, at, before, begin, end), f"<{kind}>{told}</{kind}>"]
        at = run.end() + text.startswith("\n", run.end())
    return "".join([*parts, marked_html(text, at, len(text), begin, end)])


def _list_kind(signs: Sequence[str]) -> str:
    """The element for items with these signs: none where their numbers would not be told as they are written."""
    if not any(sign[0].isdigit() for sign in signs):
        return "ul"
    counted = [f"{n}{signs[0][-1]}" for n in range(1, len(signs) + 1)]
    return "ol" if list(signs) == counted else ""


def _is_whole(text: str) -> bool:
    """Whether no struck words and no formula begin in a text and go on after it."""
    return all(
        text.count(left) == text.count(right) and (left != right or text.count(left) % 2 == 0)
        for left, right in _PAIRS
    )


def marked_html(text: str, first: int, last: int, begin: int, end: int) -> str:
    """As `passage_html`, of what stands in [first, last); marked is what of it lies in [begin, end)."""
    begin, end = min(max(begin, first), last), min(max(end, first), last)
    if begin >= end:
        return passage_html(text[first:last])
    marked = f"<mark>{passage_html(text[begin:end])}</mark>"
    return passage_html(text[first:begin]) + marked + passage_html(text[end:last])


def label(text: str) -> str:
    """Plain text for a place that reads Markdown, such as an accordion's title: each sign is itself."""
    return re.sub(r"[^\w\s]", lambda match: f"&#{ord(match.group())};", _PRIVATE.sub("", text))


def _math_html(match: re.Match[str]) -> str:
    display = match["dollars"] is not None or match["brackets"] is not None
    return _set(next(text for text in match.groups() if text is not None), display)


def _set(formula: str, display: bool) -> str:
    left, right = DISPLAY_MATH if display else INLINE_MATH
    formula = _PRIVATE.sub("", formula)
    return left + escape(" ".join(formula.split()), quote=False) + right


def _is_money(match: re.Match[str]) -> bool:
    """Whether what stands between two single dollars is prose: "$5 and it costs 6$"."""
    formula = match["dollar"]
    if formula is None or re.search(r"[\\^_={}]", formula):
        return False
    return bool(
        re.search(r"[^\W\d_]{2,}\s+\S+\s", formula)
        or re.match(r"\d[\d.,]*(?:\s+[^\W\d_]{2,}|[-–—]$)", formula)
    )


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False})
    parser.enable(["table", "strikethrough"])
    parser.disable(["html_block", "html_inline"])
    parser.inline.ruler.before("escape", "math_inline", _math_inline)
    options: Any = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("fence", "math_block", _math_block, options)
    parser.validateLink = _is_web_address  # type: ignore[method-assign]
    for name, rule in {
        "text": _render_text,
        "math_inline": _render_math,
        "math_block": _render_math,
        "fence": _render_code,
        "code_block": _render_code,
        "softbreak": lambda *_: " ",
        "hardbreak": lambda *_: "<br>",
        "image": lambda _, tokens, index, *__: escape(tokens[index].content),
    }.items():
        parser.add_render_rule(name, rule)
    return parser


def _is_web_address(url: str) -> bool:
    return url.strip().lower().startswith(("http://", "https://"))


def _math_inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    match = _MATH.match(state.src, state.pos, state.posMax)
    if match is None or _is_money(match):
        return False
    if not silent:
        token = state.push("math_inline", "", 0)
        token.content = _math_html(match)
    state.pos = match.end()
    return True


def _math_block(state: StateBlock, begin: int, end: int, silent: bool) -> bool:
    """A formula over several lines, read whole, so that a line such as `= 2` is not taken for a heading."""

    def line(number: int) -> str:
        return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]

    opening = line(begin)[:2]
    closing = {"$$": "$$", "\\[": "\\]"}.get(opening)
    if closing is None or state.is_code_block(begin):
        return False
    formula: list[str] = []
    for number in range(begin, end):
        text = line(number)[2:] if number == begin else line(number)
        if number > begin and (not text.strip() or state.sCount[number] < state.blkIndent):
            return False
        before, found, after = text.partition(closing)
        formula.append(before)
        if not found:
            continue
        if not silent:
            _push_math(state, "\n".join(formula), after.strip(), (begin, number + 1))
        state.line = number + 1
        return True
    return False


def _push_math(state: StateBlock, formula: str, after: str, lines: tuple[int, int]) -> None:
    state.push("paragraph_open", "p", 1).map = list(lines)
    inline = state.push("inline", "", 0)
    inline.content, inline.map, inline.children = f"$${formula}$$ {after}".strip(), list(lines), []
    state.push("paragraph_close", "p", -1)


def _render_math(_: Any, tokens: Sequence[Token], index: int, *__: Any) -> str:
    return tokens[index].content


def _render_text(_: Any, tokens: Sequence[Token], index: int, __: Any, env: Mapping[str, Any]) -> str:
    cites: Mapping[int, str] = env.get("cites", {})

    def marks(match: re.Match[str]) -> str:
        numbers = [int(number) for number in match[1].split(",")]
        if not all(number in cites for number in numbers):
            return match[0]
        return "".join(_mark(number, cites[number]) for number in numbers)

    html = _CITES.sub(marks, escape(tokens[index].content, quote=False))
    html = html.replace(_DOUBT[0], '<span class="doubted" title="not found in your notes">')
    return html.replace(_DOUBT[1], "</span>")


def _mark(number: int, where: str) -> str:
    """The brackets are there to be copied and read aloud; the style sheet hides them."""
    return (
        f'<sup class="cite c{number}" role="button" tabindex="0" title="{escape(where)}">'
        f"<i>[</i>{number}<i>]</i></sup>"
    )


def _render_code(_: Any, tokens: Sequence[Token], index: int, *__: Any) -> str:
    code = _PRIVATE.sub("", tokens[index].content)
    return "<pre><code>" + escape(code, quote=False).replace("\n", "&#10;") + "</code></pre>"


def _fence(token: Token) -> str:
    code = _PRIVATE.sub("", token.content).rstrip("\n")
    language = re.match(r"[\w+#-]*", token.info.strip())
    name = language.group() if language else ""
    # Diagrams are not drawn: their labels may hold HTML.
    name = "" if name.lower() == "mermaid" else name
    return fenced(code, name)


def fenced(code: str, language: str) -> str:
    """Code between fences that are longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{code}\n{ticks}"
