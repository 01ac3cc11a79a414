"""Question and answer in running text: transcripts ("User: ..." / "Assistant: ...") and "Q: ..." / "A: ..." pairs.

Both are found in blocks that were read already, by labels at the beginning of a paragraph or of one of its lines,
so they work alike in Markdown, plain text, notebooks and PDF text. Transcripts whose turns stand in block quotes
are the Markdown reader's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from tutor.notes.note import Block, Card, Text
from tutor.notes.words import part_of, shortened
from tutor.words import STRUCK

_HUMAN_NAMES = (
    r"me|myself|user|you|human|student|(?:my )?prompt|my question|我|我问|提问|提问者|用户|学生|人类"
)
HUMAN = re.compile(rf"(?:{_HUMAN_NAMES}|i|q|question|问)", re.IGNORECASE)
"""The names under which the note's author speaks in a quoted chat."""
_PRODUCTS = (
    r"chat[ -]?gpt(?:[ -]?\d[\w.-]*)?|gpt-\d[\w.-]*|(?:claude|gemini|deepseek|qwen)(?:[ -][\w.]+){0,2}|bard"
    r"|(?:microsoft )?copilot|bing chat|文心一言|通义千问|豆包"
)
_BOT_NAMES = (
    rf"{_PRODUCTS}|gpt|(?:ai )?(?:assistant|tutor)|ai|(?:chat)?bot|llama(?:[ -][\w.]+){{0,2}}|mistral|bing|kimi|grok"
    r"|perplexity|(?:language |the )?model|llm|(?:ai|智能)?助手|(?:聊天)?机器人|人工智能|(?:大|语言|大语言)?模型"
)
_AFTER_NAME = r"(?:\s*[(（][^()（）\n]{1,30}[)）])?(?:\s+(?:said|says|asked|wrote))?"
# An emoji may stand before the name and behind the colon.
_SPEAKER = re.compile(
    rf"(?:[^\w\s~]{{1,3}}\s*)?(?:(?P<human>{_HUMAN_NAMES})|(?P<bot>{_BOT_NAMES})){_AFTER_NAME}\s*[:：]\s*",
    re.IGNORECASE,
)
_PRODUCT = re.compile(_PRODUCTS, re.IGNORECASE)
_FOR_A_CHILD = re.compile(
    r"like i['’]?\s?a?m (?:5|five)\b|\beli5\b|to a (?:5|five)[- ]year|(?:5|五)\s*岁", re.IGNORECASE
)
_QUESTION = re.compile(
    r"(?:q|question)\s*\d{0,3}\s*[:：]\s*|(?:q|question)\s*\d{1,3}\s*[.)]\s+|(?:问题?|問題?)\s*\d{0,3}\s*[:：]\s*",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"(?:a|ans|answer)\s*\d{0,3}\s*[:：]\s*|(?:a|ans|answer)\s*\d{1,3}\s*[.)]\s+|答案?\s*\d{0,3}\s*[:：]\s*",
    re.IGNORECASE,
)
_ANSWER_ON_THE_LINE = re.compile(r"[?？]\s+(?=(?:a|ans|answer)\s*[:：]|答案?[:：])", re.IGNORECASE)
_LINE_BREAK = re.compile(r"\n[ \t]*")
_RUNNING = ("prose", "analogy")
_LONGEST_QUESTION = 3  # blocks

Label = Literal["", "human", "bot", "question", "answer"]


@dataclass(frozen=True)
class _Piece:
    """A block or a part of one that begins with a label: whose, the words behind it, and all words."""

    block: Block
    whole: Text
    label: Label = ""
    name: str = ""
    text: Text | None = None


def speaker_in(label: str) -> tuple[str, bool] | None:
    """The name in a label such as "ChatGPT said:" and whether it is of somebody who asks; None for no speaker."""
    found = _SPEAKER.match(label)
    if found is None or any(sign.isalnum() for sign in label[found.end() :]):
        return None
    return found["human"] or found["bot"], found["human"] is not None


def is_chatbot(name: str) -> bool:
    """Whether a name is that of a chatbot and of nothing else."""
    return _PRODUCT.fullmatch(name) is not None


def is_for_a_child(question: str) -> bool:
    """Whether a question asks for an explanation like to a five-year-old."""
    return _FOR_A_CHILD.search(question) is not None


def split_dialogue(blocks: list[Block]) -> tuple[list[Block], list[Card]]:
    """The blocks with each turn of a transcript under its speaker, and the cards that question and answer make.

    A transcript needs somebody who asks and a chatbot that speaks next; it goes on until its heading ends.
    A chatbot's words come under the question as heading. What became a card is no block any more.
    """
    return _with_cards(_with_speakers(blocks))


def _with_speakers(blocks: list[Block]) -> list[Block]:
    cut = [_turns(block, before) for before, block in zip([None, *blocks], blocks, strict=False)]
    asking = _answered([piece for pieces in cut for piece in pieces])
    found: list[Block] = []
    talk: _Talk | None = None
    last = max((at for at, pieces in enumerate(cut) if any(p.label == "bot" for p in pieces)), default=-1)
    for number, (block, pieces) in enumerate(zip(blocks, cut, strict=True)):
        place = _place(block.heading)
        if talk and (block.speaker or talk.is_left(blocks[number - 1], block, number > last)):
            talk = None
        begin = (
            0 if talk else next((at for at, piece in enumerate(pieces) if id(piece) in asking), len(pieces))
        )
        if begin == len(pieces):
            found.append(block)
            continue
        found += [replace(block, text=piece.whole) for piece in pieces[:begin]]
        talk = talk or _Talk(place)
        for piece in pieces[begin:]:
            found += talk.turn(piece, place)
    return found


class _Talk:
    """A transcript that goes on: under which headings it began, who speaks, what was asked."""

    def __init__(self, place: tuple[str, ...]) -> None:
        self.place = place
        self._asked_under = place
        self._speaker = ""
        self._question = ""
        self._asking = False

    def is_left(self, before: Block, block: Block, is_last: bool) -> bool:
        """Whether a block is no part of it; `is_last` says that no chatbot speaks any more.

        A heading below that of the transcript is the chatbot's own. Where the transcript stands under none, the
        last answer ends at the next heading; where speakers are headings, each answer ends with its own.
        """
        place = _place(block.heading)
        if place[: len(self.place)] != self.place:
            return True
        if _speaker_at(before.heading) is not None:
            return _speaker_at(block.heading) is None
        return is_last and not self.place and block.heading != before.heading

    def turn(self, piece: _Piece, place: tuple[str, ...]) -> Iterator[Block]:
        """The block that a piece of the transcript makes, where it holds words."""
        if piece.label == "human" and not self._asking:
            # Headings that are still open here are those of the answer before.
            self._question, self._asked_under = "", place
        if piece.label:
            self._speaker, self._asking = piece.name, piece.label == "human"
        kind, text = piece.block.kind, piece.text
        if text is None:
            return
        if self._asking:
            self._question = shortened(f"{self._question} {' '.join(text.words.split())}".strip())
            yield Block(kind, self.place, text, self._speaker)
            return
        if kind in ("prose", "list") and is_for_a_child(self._question):
            kind = "analogy"
        asked = (self._question,) if self._question else ()
        above = self._asked_under if place[: len(self._asked_under)] == self._asked_under else self.place
        yield Block(kind, (*self.place, *asked, *place[len(above) :]), text, self._speaker)


def _turns(block: Block, before: Block | None) -> list[_Piece]:
    """The block cut where a speaker's name begins a line; the name may also be its heading."""
    pieces = _cut(block, ((_SPEAKER, ""),)) if block.kind in _RUNNING and not block.speaker else []
    pieces = pieces or [_Piece(block, block.text, text=block.text)]
    at = _speaker_at(block.heading)
    is_new = at is not None and (before is None or before.heading[: at + 1] != block.heading[: at + 1])
    if at is not None and is_new and not pieces[0].label and not block.speaker:
        name, asks = speaker_in(f"{block.heading[at]}:") or ("", False)
        pieces[0] = replace(pieces[0], label="human" if asks else "bot", name=name)
    return pieces


def _speaker_at(heading: tuple[str, ...]) -> int | None:
    """Which of the headings is a speaker's name."""
    return next((at for at, name in enumerate(heading) if speaker_in(f"{name}:")), None)


def _place(heading: tuple[str, ...]) -> tuple[str, ...]:
    """The headings without a speaker's name."""
    at = _speaker_at(heading)
    return heading if at is None else heading[:at] + heading[at + 1 :]


def _answered(pieces: list[_Piece]) -> set[int]:
    """Ids of the pieces in which somebody asks and after which a chatbot is the next to speak, at the same place."""
    found: set[int] = set()
    answered, place = False, None
    for piece in reversed(pieces):
        if not piece.label:
            continue
        here = _place(piece.block.heading)
        if piece.label == "human" and answered and place == here:
            found.add(id(piece))
        elif piece.label == "bot":
            answered, place = True, here
        else:
            answered = False
    return found


def _with_cards(blocks: list[Block]) -> tuple[list[Block], list[Card]]:
    patterns: tuple[tuple[re.Pattern[str], Label], ...] = ((_QUESTION, "question"), (_ANSWER, "answer"))
    pieces: list[_Piece] = []
    for block in blocks:
        cut = _cut(block, patterns) if block.kind in _RUNNING and not block.speaker else []
        pieces += cut or [_Piece(block, block.text, text=block.text)]
    found: list[Block] = []
    cards: list[Card] = []
    kept: list[_Piece] = []
    at = 0
    while at < len(pieces):
        card, end = _card(pieces, at)
        if card is None:
            kept.append(pieces[at])
        else:
            cards.append(card)
        at = end
    sizes = Counter(id(piece.block) for piece in pieces)
    for number, group in groupby(kept, key=lambda piece: id(piece.block)):
        left = list(group)
        is_whole = len(left) == sizes[number]
        found += [left[0].block] if is_whole else [replace(piece.block, text=piece.whole) for piece in left]
    return found, cards


def _card(pieces: list[_Piece], at: int) -> tuple[Card | None, int]:
    """The card that begins at a piece, and where the next may begin."""
    heading = pieces[at].block.heading
    question: list[Text] = []
    answer: list[Text] = []
    end = at
    if pieces[at].label != "question":
        return None, at + 1
    while end < len(pieces) and end - at <= _LONGEST_QUESTION and pieces[end].block.heading == heading:
        if end > at and pieces[end].label:
            break
        question += [text] if (text := pieces[end].text) else []
        end += 1
    if end == len(pieces) or pieces[end].label != "answer" or pieces[end].block.heading != heading:
        return None, at + 1
    while end < len(pieces) and pieces[end].block.heading == heading and not pieces[end].block.speaker:
        piece = pieces[end]
        goes_on = piece.block.kind not in _RUNNING or not answer or answer[-1].words.endswith((":", "："))
        if answer and (piece.label or not goes_on):
            break
        answer += [text] if (text := _as_answer(piece)) else []
        end += 1
    if not question or not answer:
        return None, at + 1
    return Card(heading, Text.join(question), Text.join(answer)), end


def _cut(block: Block, patterns: Iterable[tuple[re.Pattern[str], Label]]) -> list[_Piece]:
    """The block cut before each line that begins with a label; empty where there is none."""
    words = block.text.words
    begins = {offset for offset, _ in block.text.starts}
    begins |= {match.end() for match in _LINE_BREAK.finditer(words)}
    begins |= {match.end() for match in _ANSWER_ON_THE_LINE.finditer(words)}
    # Struck-out words stay whole: a part without its tildes would be a claim again.
    struck = [match.span() for match in STRUCK.finditer(words)]
    found = [
        (label, match)
        for begin in sorted(begins)
        for pattern, label in patterns
        if (match := pattern.match(words, begin)) and not _is_within(begin, struck)
    ]
    if not found:
        return []
    first = part_of(block.text, 0, found[0][1].start())
    pieces = [_Piece(block, first, text=first)] if first else []
    ends = [match.start() for _, match in found[1:]] + [len(words)]
    for (label, match), end in zip(found, ends, strict=True):
        name, asks = (speaker_in(match[0]) or ("", False)) if not label else ("", False)
        whole = part_of(block.text, match.start(), end)
        if whole:
            said = part_of(block.text, match.end(), end)
            pieces.append(_Piece(block, whole, label or ("human" if asks else "bot"), name, said))
    return pieces


def _is_within(place: int, spans: list[tuple[int, int]]) -> bool:
    """Whether a place lies inside one of these spans, which are in order."""
    at = bisect_left(spans, (place, 0)) - 1
    return at >= 0 and place < spans[at][1]


def _as_answer(piece: _Piece) -> Text | None:
    """The piece's words in an answer: code stands between fences."""
    text = piece.text
    if text is None or piece.block.kind != "code":
        return text
    inner = tuple((offset + 4, line) for offset, line in text.starts[1:])
    return Text(f"```\n{text.words}\n```", (text.starts[0], *inner), text.end_line)
