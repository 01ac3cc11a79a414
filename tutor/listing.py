"""List: every item that the notes give for what is asked, none twice, and from how many notes they come."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tutor.chinese import CJK
from tutor.grounding import Citations, Evidence, evidence_in
from tutor.notes.dialogue import HUMAN
from tutor.parts import Part, cited_table
from tutor.passages import Passage
from tutor.questions import Question
from tutor.ranking import Findings
from tutor.retrieval import Retriever
from tutor.selection import is_item, repeats
from tutor.sides import sides
from tutor.turns import Sentence
from tutor.words import STRUCK, content_words, stem, words

_SEARCHED = 24
_FEWEST = 2
_ON_TOPIC = 0.6  # share of the topic's words, by weight, that a list's headings name
_NEARLY = 0.75  # of the best list's score, from which on another list is of the same things
_MOST_OTHERS = 8
# Words that name one sort of list; the heading of a list may use another of them than the student.
_SORTS = tuple(
    frozenset(stem(word) for word in group.split())
    for group in (
        "type types kind kinds variant variants family families form forms class classes category sort version",
        "remedy remedies cure cures fix fixes solution solutions countermeasure countermeasures way ways trick tricks technique",
        "part parts component components piece pieces element elements block blocks ingredient ingredients module modules",
        "strength strengths advantage advantages benefit benefits pro pros",
        "weakness weaknesses disadvantage disadvantages drawback drawbacks con cons limit limits limitation limitations shortcoming",
        "use uses application applications usage",
        "symptom symptoms sign signs indicator",
        "metric metrics measure measures score scores",
        "step steps stage stages phase phases",
        "example examples instance instances",
        "cause causes reason reasons",
        "risk risks danger dangers harm harms",
        "method methods algorithm algorithms approach approaches strategy strategies technique techniques",
        "misconception misconceptions myth myths mistake mistakes",
    )
)
_NOUN = r"(?P<sort>[a-z][a-z-]*(?:s|ia|ae))"
_ASKS = re.compile(
    r"^\W*(?:(?:can|could|would) you |please |and |so |now )*"
    r"(?:(?:list|name|enumerate|give(?: me)?|show(?: me)?|tell me)(?: me)?(?: (?:the|all|some|every|a list of|of|\w+ly|main|different"
    r"|common|known|various|several|two|three|four|five|\d+))+"
    r"|what (?:are|were)(?: (?:the|some|all|main|different|common|known|various|typical|of))+"
    r"|(?:what|which|how many)(?: (?:main|different|common|other|of the|are the|are|various))*)\s+"
    rf"(?P<before>(?:[\w-]+ ){{0,3}}?){_NOUN}\b(?P<after>.*)$",
    re.I,
)
_NO_SORT = frozenset("does is was has this its as gas bias loss class process analysis across".split())
_FILLER = re.compile(
    r"\b(?:are there|is there|exist|exists|do (?:i|we|you) (?:know|have)|have you got|can you (?:name|list)|are (?:known|used|mentioned)"
    r"|in (?:my|the|your) notes|according to (?:my|the|your) notes|and \w+s of|please|there)\b",
    re.I,
)
_LIST_ASKED = re.compile(r"列出|列举|有哪些|哪些|哪几|有什么|几种|有几")
_ASIDE = re.compile(r"reference|further reading|worked|in pytorch|^in short|summary|参考|students ask", re.I)
_INNER_ITEM = re.compile(r"\n[ \t]*(?:[-*•]|\d{1,3}[.)])\s")
_NAME_ENDS = re.compile(
    r"\s(?:is|are|was|were|means?|lets?|shows?|gives?|makes?|help|can|may|use|uses|has|have|[a-z]+(?:[^su\W\d_])s)\s|[:,;(–—]|\s-\s"
)


@dataclass(frozen=True)
class Wish:
    """What is to be listed: the sort of things, by the stems that may name it, and the topic they belong to."""

    sort: frozenset[str]
    topic: str


@dataclass(frozen=True)
class Listed:
    """A list of the notes: its items, or the rows of its table, and how well its headings fit the wish."""

    passage: Passage
    items: tuple[Evidence, ...]
    score: float


def list_items(retriever: Retriever, question: Question, found: Findings, citations: Citations) -> list[Part]:
    """All items of the list that fits a question best, then those that other lists add; [] where the notes hold none."""
    wish = wished(retriever, found.question.text)
    if wish is None:
        return []
    lists = sorted(_lists(retriever, wish, found), key=lambda listed: -listed.score)
    if not lists:
        return []
    best, chinese = lists[0], bool(CJK.search(question.text))
    parts = list(_shown(best, citations))
    notes = {best.passage.note}
    said = [piece.text for piece in best.items]
    more: list[Part] = []
    for other in lists[1:]:
        if other.score < _NEARLY * best.score:
            break
        for piece in other.items:
            if len(more) < _MOST_OTHERS and not _is_said(piece.text, said):
                said.append(piece.text)
                notes.add(other.passage.note)
                more.append(_item(piece, citations))
    if more:
        parts.append(_words("其他笔记还提到：" if chinese else "Other lists of the notes add:"))
        parts += more
    total = sum(max(1, len(_INNER_ITEM.findall(piece.text))) for piece in best.items) + len(more)
    parts.append(_words(_count(total, len(notes), chinese)))
    return parts


def wished(retriever: Retriever, question: str) -> Wish | None:
    """What a question wants listed; None when it wants something else."""
    if sides(question):
        return None
    if CJK.search(question):
        if not _LIST_ASKED.search(question):
            return None
        english = content_words(retriever.vocabulary.in_english(_LIST_ASKED.sub(" ", question)))
        sort = next((group for group in _SORTS if group.intersection(english)), frozenset())
        topic = [word for word in english if word not in sort]
        return Wish(sort, " ".join(topic)) if sort and topic else None
    asked = _ASKS.match(question.strip().rstrip("?!. "))
    if not asked or asked["sort"].lower() in _NO_SORT:
        return None
    named = stem(asked["sort"].lower())
    after = re.sub(r"^\s*(?:of|for|against|in|to|from|with|that|which)\b", " ", _FILLER.sub(" ", asked["after"]), flags=re.I)
    topic = " ".join(f"{asked['before']} {after}".split()).strip(" ,")
    sort = frozenset({named}).union(*(group for group in _SORTS if named in group))
    return Wish(sort, topic) if content_words(topic) else None


# -- the lists of the notes ----------------------------------------------------------------------------------------


def _lists(retriever: Retriever, wish: Wish, found: Findings) -> Iterator[Listed]:
    """The lists near to the question whose headings or lead name both the sort of things and the topic."""
    query = found.question.text
    near = [*found.hits, *retriever.search(query, k=_SEARCHED, kinds={"prose", "list"})]
    near += retriever.search(query, k=_SEARCHED // 2, kinds={"table"})
    seen: set[tuple[str, tuple[str, ...], bool]] = set()
    for hit in near:
        passage = hit.passage
        key = (passage.note, passage.heading, passage.kind == "table")
        if key in seen or _ASIDE.search(" ".join(passage.heading[-1:])) or HUMAN.fullmatch(passage.speaker):
            continue
        seen.add(key)
        items = _rows(passage) if passage.kind == "table" else _items(_whole(retriever, passage))
        if len(items) < _FEWEST and not any(_INNER_ITEM.search(piece.text) for piece in items):
            continue
        score = _fit(retriever, wish, passage, items)
        if passage.kind == "table":
            items = _matching(retriever, wish, items) or items
        if score > 0:
            yield Listed(passage, tuple(items), score + hit.score)


def _fit(retriever: Retriever, wish: Wish, passage: Passage, items: Sequence[Evidence]) -> float:
    """How well a list is the one that is wished for, 0 where it is another."""
    text = passage.text.words
    head = text.split("\n")[0] if passage.kind == "table" else text[: items[0].begin]
    inner = words(" ".join((*passage.heading[-1:], head)))
    names_sort = bool(wish.sort.intersection(inner)) or (not passage.heading and bool(wish.sort.intersection(words(passage.title))))
    about = " ".join((passage.title, *passage.heading, head))
    covered = retriever.coverage(wish.topic, about)
    if passage.kind == "table" and covered < _ON_TOPIC:
        covered = _ON_TOPIC if len(_matching(retriever, wish, items)) >= _FEWEST else covered
    if not names_sort or covered < _ON_TOPIC:
        return 0.0
    return covered + 0.3 * retriever.coverage(wish.topic, " ".join((passage.title, *passage.heading[-1:])))


def _matching(retriever: Retriever, wish: Wish, rows: Sequence[Evidence]) -> list[Evidence]:
    """The rows of a table that speak of the topic."""
    return [row for row in rows if retriever.coverage(wish.topic, row.text) >= 0.5]


def _whole(retriever: Retriever, passage: Passage) -> list[Passage]:
    """A list's passages, also where it was too long for one."""
    return [
        other
        for other in retriever.index.passages
        if (other.note, other.heading, other.kind, other.speaker)
        == (passage.note, passage.heading, passage.kind, passage.speaker)
    ]


def _items(passages: Sequence[Passage]) -> list[Evidence]:
    """The items of a list, each with what follows on its line."""
    found: list[Evidence] = []
    for passage in passages:
        for piece in evidence_in(passage):
            last = found[-1] if found and found[-1].passage is passage else None
            if is_item(piece) or _INNER_ITEM.search(piece.text):
                found.append(piece)
            elif last is not None and "\n" not in passage.text.words[last.end : piece.begin]:
                found[-1] = Evidence(passage, last.begin, piece.end, last.asserted_from)
    return found


def _rows(passage: Passage) -> list[Evidence]:
    """The rows of a table behind its head."""
    found, begin = [], 0
    for line in passage.text.words.split("\n"):
        if begin and line.strip() and not STRUCK.search(line):
            found.append(Evidence(passage, begin, begin + len(line)))
        begin += len(line) + 1
    return [] if passage.part else found


# -- how they are shown --------------------------------------------------------------------------------------------


def _shown(listed: Listed, citations: Citations) -> Iterator[Part]:
    if listed.passage.kind != "table":
        yield from (_item(piece, citations) for piece in listed.items)
        return
    head, *_ = listed.passage.text.words.split("\n")
    columns = [cell.strip() for cell in head.split(" | ")]
    rows = listed.items
    made = [[cell.strip() for cell in row.text.split(" | ")] for row in rows]
    cited = [
        (cells[0], [Sentence(cell, "quoted", (citations.cite(row),)) for cell in cells[1:]])
        for cells, row in zip(made, rows, strict=True)
    ]
    yield from cited_table(columns[1:], cited)


def _item(piece: Evidence, citations: Citations) -> Part:
    layout = "block" if _INNER_ITEM.search(piece.text) else "item"
    return Part(Sentence(piece.text, "quoted", (citations.cite(piece),)), layout)


def _words(text: str) -> Part:
    return Part(Sentence(text, "connective"), "paragraph")


def _count(total: int, notes: int, chinese: bool) -> str:
    if chinese:
        return f"以上共 {total} 项，来自 {notes} 篇笔记。"
    return f"That is {total} in all, from {'one note' if notes == 1 else f'{notes} notes'}."


def _is_said(text: str, said: Sequence[str]) -> bool:
    """Whether an item stands there already: in other words, or under the same name."""
    if repeats(text, said):
        return True
    name = _name(text)
    return any(bool(name) and bool(other := _name(one)) and (name <= other or other <= name) for one in said)


def _name(text: str) -> frozenset[str]:
    """The meaning-bearing stems of what an item begins with, up to its verb or first stop."""
    start = _NAME_ENDS.split(text.split(" | ")[0] + " ", maxsplit=1)[0]
    return frozenset(content_words(start))
