"""A note as the page shows it: its sections in order of the file, each piece known by its lines. No gradio in it.

What is shown of a Markdown file are the file's own lines, so that bold words, links and tables look as its author
wrote them, wherever the reader read the very words of these lines; else, and for all other formats, the words that
the reader took out. Words that were struck out stay struck.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import quote, unquote

from tutor.notes import Block, Card, Lines, Note, QuizQuestion, Text
from tutor.ui.markup import fenced, inline_html, passage_html, to_html

MOST_PIECES = 240
QUOTE_CHARS = 600
_TAG = re.compile(r"<[^>]*>")
_HREF = re.compile(r"#(?P<wants>note|ask)=(?P<path>[^~]+)(?:~(?P<first>\d{1,7})-(?P<last>\d{1,7}))?")
_SIGNS = re.compile("[\ue000-\uf8ff]")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s")
_MARKS = re.compile(rf"^{_ITEM.pattern}", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """Lines of a note, as a link on the page names them; the lines are (0, 0) for the whole note."""

    path: str
    lines: Lines = (0, 0)

    @property
    def href(self) -> str:
        """The address of the place within the page."""
        return f"#note={self._spelt}"

    @property
    def asks(self) -> str:
        """The address that asks about the place."""
        return f"#ask={self._spelt}"

    @property
    def _spelt(self) -> str:
        path = quote(self.path, safe="").replace("~", "%7E")
        return path + (f"~{self.lines[0]}-{self.lines[1]}" if self.lines[0] else "")


def place_of_href(href: str) -> tuple[str, Place] | None:
    """What a link of the page wants ("note" or "ask") and of which place; None for any other text."""
    found = _HREF.fullmatch(href[:2000])
    if found is None:
        return None
    first, last = int(found["first"] or 0), int(found["last"] or 0)
    return found["wants"], Place(unquote(found["path"]), (first, max(first, last)))


# -- pieces --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A part of a note that is shown as one: its headings, its lines, and what it looks like."""

    heading: tuple[str, ...]
    lines: Lines
    kind: str
    html: str


def pieces(note: Note, source: Sequence[str] = ()) -> list[Piece]:
    """The parts of a note in the order of its lines.

    Args:
        source: the lines of the note's file, for a Markdown file; without them its words are shown.
    """
    found = [_block_piece(block, source if note.format == "markdown" else ()) for block in note.blocks]
    found += [
        Piece(card.heading, lead.lines, "prose", _paragraphs(lead.words)) for card, lead in _leads(note)
    ]
    found += [_folded(card.heading, card.question, card.answer, "", "card") for card in note.cards]
    found += [_quiz_piece(question) for question in note.quiz]
    return sorted(found, key=lambda piece: piece.lines)


def _block_piece(block: Block, source: Sequence[str]) -> Piece:
    shown = _as_written(block, source) or _by_kind(block)
    said = f'<p class="speaker">{escape(block.speaker)} said:</p>\n\n' if block.speaker else ""
    return Piece(block.heading, block.text.lines, "said" if block.speaker else block.kind, said + shown)


def _as_written(block: Block, source: Sequence[str]) -> str:
    """The file's own lines of a block as HTML, where they say what the reader read; else nothing."""
    first, last = block.text.lines
    if block.speaker or block.kind in ("code", "math", "answer") or last > len(source):
        return ""
    html = to_html("\n".join(source[first - 1 : last]))
    words = _MARKS.sub("", block.text.words) if block.kind == "list" else block.text.words
    return html if _tokens(unescape(_TAG.sub(" ", html))) == _tokens(words) else ""


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+", _SIGNS.sub("", text).replace("~~", " "))


def _by_kind(block: Block) -> str:
    words = block.text.words
    if block.kind == "code":
        return fenced(words, "python" if _is_python(words) else "")
    if block.kind == "table":
        return _table(words)
    if block.kind == "math":
        return to_html(words)
    return _paragraphs(words)


def _is_python(code: str) -> bool:
    return bool(re.search(r"^(?:(?:import|from|def|class|for) |print\()", code, re.MULTILINE))


def _paragraphs(words: str) -> str:
    """Words without markup: paragraphs, and lines that begin as items as a list."""
    shown = []
    for part in re.split(r"\n\s*\n", words.strip()):
        lines = part.split("\n")
        if lines and all(map(_ITEM.match, lines)):
            items = "".join(f"<li>{_words(_MARKS.sub('', line))}</li>" for line in lines)
            shown.append(f"<ol>{items}</ol>" if lines[0].strip()[0].isdigit() else f"<ul>{items}</ul>")
        else:
            shown.append("<p>" + "<br>".join(map(_words, lines)) + "</p>")
    return "\n\n".join(shown)


def _words(line: str) -> str:
    return passage_html(line).replace("&#10;", "<br>")


def _table(words: str) -> str:
    rows = [line.split(" | ") for line in words.split("\n") if line.strip()]
    head, *body = rows or [[]]
    cells = "".join(f"<th>{_words(cell)}</th>" for cell in head)
    told = "".join("<tr>" + "".join(f"<td>{_words(cell)}</td>" for cell in row) + "</tr>" for row in body)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{told}</tbody></table>"


def _leads(note: Note) -> list[tuple[Card, Text]]:
    """What stands before the cards of a section, once for all of them, with the first of these cards."""
    found: dict[tuple[Lines, str], tuple[Card, Text]] = {}
    for card in note.cards:
        if card.background is not None:
            found.setdefault((card.background.lines, card.background.words), (card, card.background))
    return list(found.values())


def _quiz_piece(question: QuizQuestion) -> Piece:
    options = "".join(f"<li>{_words(option.words)}</li>" for option in question.options)
    shown = f'<ol class="choices">{options}</ol>\n\n' if options else ""
    return _folded(question.heading, question.question, question.answer, shown, "quiz")


def _folded(heading: tuple[str, ...], question: Text, answer: Text, before: str, kind: str) -> Piece:
    """A question that unfolds its answer; what belongs to the question stands before it, open."""
    html = (
        f'{before}<details class="{kind}"><summary>{inline_html(question.words)}</summary>\n\n'
        f"{to_html(answer.words)}\n\n</details>"
    )
    lines = (min(question.lines[0], answer.lines[0]), max(question.lines[1], answer.lines[1]))
    return Piece(heading, lines, kind, html)


# -- the page of a note --------------------------------------------------------------------------------------------


def note_markdown(note: Note, source: Sequence[str] = (), at: Lines = (0, 0)) -> str:
    """A note as Markdown that the page's renderer passes through; the pieces at some lines are marked "here".

    Of a note that is very long the part around these lines is shown, and what is left out is said.
    """
    found = pieces(note, source)
    if not found:
        return "<p>There is nothing to show in this note.</p>"
    here = [place for place, piece in enumerate(found) if _meet(piece.lines, at)]
    begin = max(0, min((here[0] if here else 0) - MOST_PIECES // 4, len(found) - MOST_PIECES))
    shown = found[begin : begin + MOST_PIECES]
    parts = list(_sections(note, shown, at))
    if begin:
        parts.insert(0, _elsewhere(f"{begin} parts before these", note, found[0]))
    rest = len(found) - begin - len(shown)
    if rest:
        parts.append(_elsewhere(f"{rest} parts after these", note, found[begin + len(shown)]))
    return "\n\n".join(parts)


def _elsewhere(what: str, note: Note, piece: Piece) -> str:
    return f'<p class="more"><a href="{escape(Place(note.path, piece.lines).href)}">{what}</a></p>'


def _sections(note: Note, shown: Iterable[Piece], at: Lines) -> Iterator[str]:
    before: tuple[str, ...] | None = None
    listed = list(shown)
    for place, piece in enumerate(listed):
        if piece.heading != before:
            own = [other for other in listed[place:] if other.heading == piece.heading]
            lines = (piece.lines[0], max(other.lines[1] for other in own))
            yield _heading(note, piece.heading, before or (), lines)
            before = piece.heading
        classes = f"piece {piece.kind}" + (" here" if _meet(piece.lines, at) else "")
        yield f'<div class="{classes}">\n\n{piece.html}\n\n</div>'


def _heading(note: Note, names: tuple[str, ...], before: tuple[str, ...], lines: Lines) -> str:
    """The headings that are new, each at its depth, with the link that asks about the section."""
    same = 0
    while same < min(len(names), len(before)) and names[same] == before[same]:
        same += 1
    link = f'<a class="ask" href="{escape(Place(note.path, lines).asks)}">Ask about this</a>'
    new = [(min(6, 3 + depth), name) for depth, name in enumerate(names) if depth >= same]
    if not new:
        return f'<p class="ask">{link}</p>'
    told = [f"<h{level}>{inline_html(name)}</h{level}>" for level, name in new]
    told[-1] = told[-1].replace("</h", f" {link}</h")
    return "\n\n".join(told)


def _meet(one: Lines, other: Lines) -> bool:
    return bool(other[0]) and one[0] <= other[1] and other[0] <= one[1]


# -- asking about a passage ----------------------------------------------------------------------------------------


def question_about(note: Note, lines: Lines, selected: str = "") -> str:
    """A question that quotes a note: what was selected where the note says just that, else what stands at the lines.

    Empty where nothing of the note is selected and no lines are named: the whole note is no passage.

    Args:
        selected: what the browser says is selected; taken only where the note's own words hold it.
    """
    held = _held(note, selected)
    if not held and not lines[0]:
        return ""
    said = held or " ".join(text.words for text in _texts(note) if _meet(text.lines, lines))
    said = " ".join(re.sub(r"~~.+?~~", " ", said, flags=re.DOTALL).split())
    if not said:
        return f"What do my notes say about {note.title}?"
    if len(said) > QUOTE_CHARS:
        said = said[:QUOTE_CHARS].rpartition(" ")[0] + " …"
    return f"Explain this passage of “{note.title}”: “{said}”"


def _held(note: Note, selected: str) -> str:
    """The words that are selected, where one text of the note or two that follow each other hold them in this order."""
    wanted = _tokens(selected[: 4 * QUOTE_CHARS])
    if len(wanted) < 2:
        return ""
    said = f" {' '.join(_tokens(' '.join(text.words for text in _texts(note))))} "
    return selected[: 4 * QUOTE_CHARS] if f" {' '.join(wanted)} " in said else ""


def _texts(note: Note) -> list[Text]:
    """All texts of a note in the order of its lines, those that ask before those that answer."""
    found = [*(block.text for block in note.blocks), *(lead for _, lead in _leads(note))]
    found += [text for card in note.cards for text in (card.question, card.answer)]
    found += [text for one in note.quiz for text in (one.question, *one.options, one.answer)]
    return sorted(found, key=lambda text: text.lines)
