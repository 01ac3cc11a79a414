"""Cards and the authors' quiz questions -> quiz items, each with the note's own sentence as its witness."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tutor.errors import QuizError
from tutor.notes.note import Card, Lines, Note, QuizQuestion, Text
from tutor.turns import Citation
from tutor.words import STRUCK, content_words, split_sentences

Entry = Card | QuizQuestion
Candidate = tuple[Note, Entry]
Kind = Literal["short", "choice"]

MAX_KEY_SENTENCES = 3
SAME_STEM = 0.7  # share of content words in common from which two stems ask the same
LETTERS = "ABCDEFGHIJ"

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LIST_ITEM = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+")
_EXAMPLE = re.compile(r"(?:for example|for instance|example|e\.g\.|pseudo-?code|code)\b", re.IGNORECASE)
_CODE_LINE = re.compile(
    r"\s*(?:import |from \w+ import |def |class \w+[(:]|return\b|for .+:$|if .+:$|#|//|@|[\w.\[\]]+\s*=\s*\S|"
    r"[\w.]+\(.*\)\s*;?$|[{}();]+$|public |private )"
)
_LETTER = re.compile(
    r"\s*(?:(?:the\s+)?(?:correct\s+)?(?:answer|key|option)\s*(?:is)?\s*[:：]?\s*)?"
    r"[(\[]?([A-Ja-j])(?:[)\].:：]\s*(?:[-–—:]\s*)?|\s*[-–—]\s+|\s*$)",
    re.IGNORECASE,
)
_OPTION_MARK = re.compile(r"\s*[(\[]?[A-Ja-j1-9][)\].:：]\s+")
_ABOUT_OTHERS = re.compile(r"\b(?i:all|none|both|neither|any) of (?:the )?(?:above|these|them|options)\b|"
                           r"\b(?:both )?[A-H] and [A-H]\b")  # fmt: skip
_NOT_ALONE = re.compile(
    r"\b(?:the|this|that|these|those) (?:above|below|following|previous|preceding|figure|diagram|picture|"
    r"table|text|passage|excerpt|chapter|section|book|listing|code|snippet|example|author|lecture|document)\b|"
    r"\babove\b|\bshown below\b|\bas (?:shown|described|mentioned|discussed)\b|"
    r"\b(?:figure|listing|table|chapter|section) \d|\bprovided (?:code|text|example|context)\b|"
    r"\bwhich of the following\b|\btrue or false\b|"
    r"^\s*(?:how|why|what|when|where|which|can|is|are|does|do)\b[^?]{0,12}"
    r"\b(?:it|this|they|these|that)\b[^?]{0,25}\?",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\babove\b|\b(?:figure|listing|diagram|picture) (?:\d|below)", re.IGNORECASE)


@dataclass(frozen=True)
class Option:
    """A choice. `id` is lasting (o1 is the author's first option); `why` says why it is right or wrong."""

    id: str
    text: str
    why: str = ""


@dataclass(frozen=True)
class Item:
    """A question that can be asked and graded.

    Attributes:
        id: a hash of note, kind, question and fact: the same item gets the same id in every run.
        options: in the order in which they are shown, lettered A, B, C by place; empty for short answers.
        key: the answer in the note's words; for a choice the id of the right option.
        explanation: what the note says around the answer.
        citation: the whole answer sentences, verbatim, with their lines.
        fact: the words that the student is to know.
    """

    id: str
    kind: Kind
    stem: str
    options: tuple[Option, ...]
    key: str
    explanation: str
    citation: Citation
    fact: str
    heading: tuple[str, ...]
    note: str

    @property
    def key_text(self) -> str:
        """The right answer in words, as the student may be shown it."""
        if self.kind == "short":
            return self.key
        place, option = next((n, option) for n, option in enumerate(self.options) if option.id == self.key)
        return f"{LETTERS[place]}. {option.text}"

    def to_contract(self) -> dict[str, Any]:
        """The JSON value that `tutor quiz --json` promises."""
        cited = self.citation
        return {
            "id": self.id,
            "kind": self.kind,
            "stem": self.stem,
            "options": [asdict(option) for option in self.options],
            "key": self.key,
            "explanation": self.explanation,
            "citation": {"note": cited.note, "lines": list(cited.lines), "quote": cited.quote},
            "fact": self.fact,
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data for the record."""
        return asdict(self)

    @staticmethod
    def from_dict(value: dict[str, Any]) -> Item:
        """The item that `to_dict` wrote, also after it went through JSON. QuizError if it is not one."""
        try:
            cited = dict(value["citation"])
            begin, end = cited.pop("lines")
            cited["heading"] = tuple(cited["heading"])
            return Item(
                **value
                | {
                    "options": tuple(Option(**option) for option in value["options"]),
                    "citation": Citation(lines=(begin, end), **cited),
                    "heading": tuple(value["heading"]),
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise QuizError(f"A stored quiz item cannot be read ({error})", "Start a new quiz.") from error


def make_items(
    topic: str,
    n: int,
    candidates: Sequence[Candidate],
    *,
    rng: random.Random,
    rank: Callable[[str, Sequence[Candidate]], Sequence[Candidate]] | None = None,
    nearest: Sequence[str] = (),
    seen: Collection[str] = (),
) -> list[Item]:
    """Builds up to n items on a topic.

    Args:
        topic: what the student asked for; used in the message when there is nothing.
        n: how many items at most; fewer when the notes hold fewer.
        candidates: cards and questions on the topic with their notes, the most relevant first.
        rng: draws the items out of the best 2n and shuffles options.
        rank: puts the candidates into another order first.
        nearest: topics that the notes do cover, named when there is nothing on this one.
        seen: ids of items that the student has had; they are asked again only when nothing else is left.

    Returns:
        The items, the most relevant first; no two with nearly the same stem or key.

    Raises:
        QuizError: no card and no question on the topic can be asked.
    """
    ranked = rank(topic, candidates) if rank else candidates
    usable: list[Item] = []
    for note, entry in ranked:
        item = make_item(note, entry, rng)
        if item and not any(_repeats(item, other) for other in usable):
            usable.append(item)
    if not usable or n < 1:
        remedy = f"Ask for one of these: {', '.join(nearest)}." if nearest else "Name a topic of your notes."
        raise QuizError(f"The notes hold no quiz questions on {topic!r}", remedy)
    fresh = [item for item in usable if item.id not in seen][: 2 * n]
    drawn = rng.sample(fresh, min(n, len(fresh)))
    drawn += [item for item in usable if item.id in seen][: n - len(drawn)]
    return sorted(drawn, key=usable.index)


def make_item(note: Note, entry: Entry, rng: random.Random) -> Item | None:
    """The item of one card or question; None where it cannot stand alone or cannot be graded fairly."""
    question = " ".join(entry.question.words.split())
    if STRUCK.search(question + entry.answer.words) or len(content_words(question)) < 2:
        return None
    if isinstance(entry, QuizQuestion) and len(entry.options) > 1:
        return _choice_item(note, entry, question, rng)
    span = _key_span(entry.answer.words)
    if span is None or _NOT_ALONE.search(question):
        return None
    key = entry.answer.words[slice(*span)]
    told = set(content_words(question))
    if not any(word not in told for word in content_words(key)):
        return None
    background = entry.background.words if isinstance(entry, Card) and entry.background else ""
    cited = _citation(note, entry, entry.answer, span)
    return Item(
        _item_id(note, "short", question, key), "short", question, (), key,
        background or _without_code(entry.answer.words), cited, key, entry.heading, note.path,
    )  # fmt: skip


def _choice_item(note: Note, entry: QuizQuestion, question: str, rng: random.Random) -> Item | None:
    """The author's multiple choice; None where the right option cannot be told or two are the same."""
    if _FIGURE.search(question):
        return None
    texts = [_OPTION_MARK.sub("", option.words, count=1).strip() for option in entry.options]
    right = _right_option(entry.answer.words, texts)
    if right is None or right >= len(texts) or len({_plain(text) for text in texts}) < len(texts):
        return None
    why = _LETTER.sub("", entry.answer.words, count=1).strip()
    why = "" if _plain(why) == _plain(texts[right]) else why
    source = entry.answer if len(content_words(entry.answer.words)) > 1 else entry.options[right]
    begin = len(source.words) - len(source.words.lstrip())
    cited = _citation(note, entry, source, (begin, len(source.words.rstrip())))
    options = [Option(f"o{n + 1}", text, why if n == right else "") for n, text in enumerate(texts)]
    # Options that speak of others ("all of the above") mean something only in the author's order.
    if not any(_ABOUT_OTHERS.search(text) for text in texts):
        rng.shuffle(options)
    return Item(
        _item_id(note, "choice", question, texts[right]), "choice", question, tuple(options), f"o{right + 1}",
        why or texts[right], cited, texts[right], entry.heading, note.path,
    )  # fmt: skip


def _right_option(answer: str, texts: Sequence[str]) -> int | None:
    """The place of the option that the author's answer names, by its letter or by its words."""
    plain = _plain(answer)
    same = [n for n, text in enumerate(texts) if _plain(text) == plain]
    if same:
        return same[0]
    letter = _LETTER.match(answer)
    if letter:
        return LETTERS.index(letter[1].upper())
    named = [n for n, text in enumerate(texts) if f" {_plain(text)} " in f" {plain} "]
    return named[0] if len(named) == 1 else None


def _key_span(answer: str) -> tuple[int, int] | None:
    """Where in the answer the key stands: its first paragraph, or the list that its first line announces.

    None where there is no prose to grade against, or the answer is mostly code.
    """
    prose = _without_code(answer)
    code_words = len(answer.split()) - len(prose.split())
    if len(prose.split()) < 3 or code_words > 3 * len(prose.split()):
        return None
    chosen: list[tuple[int, int]] = []
    listing = False
    for begin, end in split_sentences(answer[: _prose_end(answer)]):
        item = _LIST_ITEM.match(answer, answer.rfind("\n", 0, begin) + 1) is not None
        if chosen and not item:
            announced = answer[chosen[-1][1] - 1] in ":："
            apart = "\n\n" in answer[chosen[-1][1] : begin] and not announced
            if listing or apart or len(chosen) >= MAX_KEY_SENTENCES or _EXAMPLE.match(answer, begin):
                break
        listing = listing or item
        chosen.append((begin, end))
    while chosen and answer[chosen[-1][1] - 1] in ":：":
        chosen.pop()
    return (chosen[0][0], chosen[-1][1]) if chosen else None


def _prose_end(answer: str) -> int:
    fence = _FENCE.search(answer)
    end = fence.start() if fence else len(answer)
    at = 0
    for line in answer[:end].splitlines(keepends=True):
        if _CODE_LINE.match(line):
            return at
        at += len(line)
    return end


def _without_code(answer: str) -> str:
    lines = _FENCE.sub("", answer).splitlines()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line for line in lines if not _CODE_LINE.match(line))).strip()


def _citation(note: Note, entry: Entry, source: Text, span: Lines) -> Citation:
    quote = source.words[slice(*span)]
    return Citation(1, note.path, source.lines_of(*span), quote, note.title, entry.heading, source.words)


def _item_id(note: Note, kind: Kind, question: str, fact: str) -> str:
    parts = "\n".join((note.path, kind, _plain(question), _plain(fact)))
    return hashlib.sha256(parts.encode()).hexdigest()[:12]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _repeats(item: Item, other: Item) -> bool:
    """Whether two items ask nearly the same or have nearly the same answer."""
    return _overlap(item.stem, other.stem) >= SAME_STEM or _overlap(item.fact, other.fact) >= 0.8


def _overlap(one: str, two: str) -> float:
    a, b = set(content_words(one)), set(content_words(two))
    return len(a & b) / len(a | b) if a | b else 1.0
