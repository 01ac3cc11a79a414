"""What the notes state that a student can be asked about: facts, each with its key, its place and its kind.

The scheduler tracks facts and not the wording of questions: a fact keeps its id wherever it stands and however it is
asked, until the words of its key are edited.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tutor.chinese import CJK
from tutor.notes.note import Card, Lines, Note, QuizQuestion, Text
from tutor.quiz.items import plain
from tutor.statements import subject_of_claim
from tutor.topics import Topics
from tutor.turns import Citation
from tutor.vocabulary import glossary_columns
from tutor.words import STRUCK, content_words, split_sentences, without_article

Entry = Card | QuizQuestion
FactKind = Literal[
    "definition", "difference", "list", "procedure", "formula", "yes-no", "reason", "number", "statement"
]

MAX_KEY_SENTENCES = 3
EVERYDAY = re.compile(r"\beveryday questions\b", re.IGNORECASE)
_FEW_WORDS = 4
_TERM_WORDS = 6

_BRACKETS = re.compile(r"\s*\([^()]*\)")
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LIST_ITEM = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+")
_EXAMPLE = re.compile(r"(?:for example|for instance|example|e\.g\.|pseudo-?code|code)\b", re.IGNORECASE)
_CODE_LINE = re.compile(
    r"\s*(?:import |from \w+ import |def |class \w+[(:]|return\b|for .+:$|if .+:$|#|//|@|[\w.\[\]]+\s*=\s*\S|"
    r"[\w.]+\(.*\)\s*;?$|[{}();]+$|public |private )"
)

# In this order: a question for a difference may also be answered with a list.
_KINDS: tuple[tuple[FactKind, str], ...] = (
    ("difference", r"\bdiffer|\bcompared? (?:to|with)\b|\bwhereas\b|\bversus\b|\bdistinguish"),
    (
        "number",
        r"^how (?:many|much|large|big|long|far|often)\b|^(?:what|which) (?:value|number|size|shape|share)\b",
    ),
    ("formula", r"\bformula\b|\bequation\b|\bexpression\b"),
    ("reason", r"^why\b|^for what reason\b|\breason\b"),
    (
        "procedure",
        r"^how (?:is|are|does|do|can)\b.*\b(?:trained|made|computed|built|works?|sampled?)\b|\bsteps?\b",
    ),
    ("yes-no", r"^(?:is|are|was|were|does|do|did|can|could|will|must|should|has|have)\b"),
    ("definition", r"^what (?:is|are|does .+ (?:mean|stand for))\b|^define\b"),
)


@dataclass(frozen=True)
class Fact:
    """Something that a note states.

    Attributes:
        id: a hash of the key, so that it stays when the question is reworded, the note moved or renamed.
        question: the author's own question; empty where the fact stands in prose.
        key: the note's own words that answer it, `source.words[span]`.
        term: what a definition defines, as it is written; else empty.
        concept: what the fact is about, for mastery: the title of a note where it names one, else its heading.
        entry: the card or quiz question that it comes from; None where it stands in prose.
        titled: whether a note is named after the concept.
    """

    id: str
    kind: FactKind
    question: str
    key: str
    term: str
    concept: str
    note: str
    title: str
    heading: tuple[str, ...]
    source: Text
    span: Lines
    entry: Entry | None = None
    titled: bool = False

    @property
    def citation(self) -> Citation:
        """The key as a quote with its lines."""
        quote, lines = self.source.words[slice(*self.span)], self.source.lines_of(*self.span)
        return Citation(1, self.note, lines, quote, self.title, self.heading, self.source.words)


def facts_of(note: Note, topics: Topics | None = None) -> list[Fact]:
    """The facts of a note that may be asked, in its order.

    A deck of everyday questions serves the search alone, since its questions describe a thing without naming it and
    would be riddles.

    Args:
        topics: names the concepts; without it each fact is filed under its heading.
    """
    if EVERYDAY.search(note.title):
        return []
    entries: tuple[Entry, ...] = (*note.cards, *note.quiz)
    found = [fact_of(note, entry, topics) for entry in entries]
    return [
        *(fact for fact in found if fact is not None),
        *_opening_fact(note),
        *_glossary_facts(note, topics),
    ]


def _opening_fact(note: Note) -> Iterator[Fact]:
    """The sentence that opens a note on a concept, where it says what the concept is."""
    first = next((block for block in note.blocks if block.kind == "prose"), None)
    if first is None or note.format != "markdown" or first.heading or CJK.search(note.title):
        return
    begin, end = split_sentences(first.text.words)[0]
    sentence = first.text.words[begin:end]
    term = _BRACKETS.sub("", without_article(subject_of_claim(sentence))).strip()
    named = set(content_words(term))
    is_named = bool(named) and len(term.split()) <= _TERM_WORDS and named <= set(content_words(note.title))
    if is_named and not STRUCK.search(sentence) and len(content_words(sentence)) >= len(named) + _FEW_WORDS:
        yield Fact(
            fact_id(sentence), "definition", "", sentence, term, note.title, note.path, note.title, (),
            first.text, (begin, end),
        )  # fmt: skip


def _glossary_facts(note: Note, topics: Topics | None) -> Iterator[Fact]:
    """The meaning of each term of the note's glossary tables."""
    for block in note.blocks:
        columns = glossary_columns(block.text.words) if block.kind == "table" else None
        end = 0
        for number, row in enumerate(block.text.words.split("\n")):
            begin, end = end, end + len(row) + 1
            cells = row.split(" | ")
            if columns is None or number == 0 or len(cells) <= max(columns):
                continue
            at = begin + sum(len(cell) + 3 for cell in cells[: columns[2]])
            meaning = block.text.piece(at, at + len(cells[columns[2]]))
            term, key = cells[columns[0]].strip(), meaning.words.strip()
            if STRUCK.search(row) or len(content_words(key)) < _FEW_WORDS or not content_words(term):
                continue
            heading = (*block.heading, term)
            named = [one.key for one in topics.mentions(term) if one.titled] if topics else []
            concept = next(filter(None, (topics.title(one) for one in named)), term) if topics else term
            inner = (len(meaning.words) - len(meaning.words.lstrip()), len(meaning.words.rstrip()))
            yield Fact(
                fact_id(key),
                "definition",
                "",
                key,
                term,
                concept,
                note.path,
                note.title,
                heading,
                meaning,
                inner,
            )


def fact_of(note: Note, entry: Entry, topics: Topics | None = None) -> Fact | None:
    """The fact of a card or a quiz question; None where nothing can be graded fairly."""
    question = " ".join(entry.question.words.split())
    if STRUCK.search(question + entry.answer.words) or len(content_words(question)) < 2:
        return None
    words = entry.answer.words
    choice = isinstance(entry, QuizQuestion) and len(entry.options) > 1
    begin = len(words) - len(words.lstrip())
    span = (begin, len(words.rstrip())) if choice else key_span(words)
    if span is None:
        return None
    key = words[slice(*span)]
    concept, titled = concept_of(f"{question} {key}", note, entry.heading, topics)
    kind = kind_of(question, key)
    term = term_of(question) if kind == "definition" else ""
    return Fact(
        fact_id(key, question), kind, question, key, term, concept, note.path, note.title, entry.heading,
        entry.answer, span, entry, titled,
    )  # fmt: skip


def is_everyday(fact: Fact) -> bool:
    """Whether a fact answers one of the questions in a beginner's words that stand inside a concept note."""
    return isinstance(fact.entry, Card) and any("students ask" in part.casefold() for part in fact.heading)


def fact_id(key: str, question: str = "") -> str:
    """The id of a fact with this key; a key of few words says nothing without its question."""
    named = plain(key) if len(content_words(key)) >= _FEW_WORDS else f"{plain(question)}\n{plain(key)}"
    return hashlib.sha256(named.encode()).hexdigest()[:12]


def kind_of(question: str, key: str) -> FactKind:
    """What kind of fact answers a question."""
    if len(re.findall(_LIST_ITEM.pattern, key, re.MULTILINE)) > 1:
        return "list"
    return next((kind for kind, asks in _KINDS if re.search(asks, question, re.I)), "statement")


_ASKS_TERM = re.compile(
    r"^what (?:is|are) (?:meant by )?(?:an? |the )?(?P<term>[^?,;:]{2,60}?)(?: (?:in|of|for) (?:an? |the )?[^?]*)?\?$",
    re.IGNORECASE,
)


def term_of(question: str) -> str:
    """What a question for a definition asks about: "mode collapse" of "What is mode collapse in a GAN?"; or empty."""
    found = _ASKS_TERM.match(question)
    return found["term"].strip(" \"“”'") if found else ""


def concept_of(text: str, note: Note, heading: tuple[str, ...], topics: Topics | None) -> tuple[str, bool]:
    """What a fact is about, and whether a note is named after it.

    A concept note's facts are about what its title begins with; those of decks and guides about the topic that their
    text names first.
    """
    own = note.title if note.format in ("markdown", "notebook") else ""
    named = topics.mentions(own or text) if topics is not None else ()
    if own:
        named = [mention for mention in named if mention.begin <= len("The ")]
    titles = [topics.title(mention.key) for mention in named if mention.titled] if topics is not None else []
    title = next((title for title in titles if title), own)
    return title or (heading[0] if heading else note.title or note.path), bool(title)


def key_span(answer: str) -> tuple[int, int] | None:
    """Where in the answer the key stands: its first paragraph, or the list that its first line announces.

    None where there is no prose to grade against, or the answer is mostly code.
    """
    prose = without_code(answer)
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


def without_code(answer: str) -> str:
    lines = _FENCE.sub("", answer).splitlines()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line for line in lines if not _CODE_LINE.match(line))).strip()
