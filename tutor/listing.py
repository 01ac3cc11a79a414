"""List: every item that the notes give for what is asked, none twice, and from how many notes they come."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tutor.aspects import STRENGTHS, WEAKNESSES, Thing, passages_on, promised_by, verdict_of
from tutor.chinese import CJK
from tutor.grounding import Citations, Evidence, evidence_in
from tutor.notes.dialogue import HUMAN
from tutor.parts import Layout, Part, cited_table
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
_NEARLY = 0.8  # of the best list's score, from which on another list is of the same things
_MOST_OTHERS = 8
# Words that name one sort of list; the heading of a list may use another of them than the student.
_SORTS = tuple(
    frozenset(stem(word) for word in group.split())
    for group in (
        "type types kind kinds variant variants family families form forms class classes category sort version",
        "remedy remedies cure cures fix fixes solution countermeasure way ways trick technique avoid prevent",
        "part parts component components piece pieces element elements block blocks ingredient ingredients "
        "module modules",
        "strength strengths advantage advantages benefit benefits pro pros",
        "weakness weaknesses disadvantage disadvantages drawback drawbacks con cons limit limits limitation "
        "limitations shortcoming",
        "use uses application applications usage",
        "symptom symptoms sign signs indicator notice recognise detect",
        "metric metrics measure measures score scores",
        "step steps stage stages phase phases",
        "example examples instance instances",
        "cause causes reason reasons",
        "risk risks danger dangers harm harms",
        "method methods algorithm algorithms approach approaches strategy strategies technique techniques",
        "misconception misconceptions myth myths mistake mistakes",
    )
)
_KINDS = _SORTS[0]  # a heading "Kinds of decoding" lists methods too
_METHODS = frozenset(
    map(stem, "method methods technique techniques algorithms approaches example examples".split())
)
_KINDS_OF_LISTS = ("prose", "list", "table", "card", "answer")
_NAMED = 0.8  # how plainly a list that adds to another must name the sort of things
_SORT_WORDS = frozenset().union(*_SORTS)
_CHINESE_SORTS = (
    (re.compile("类型|种类|类别|变体|几种|哪几种"), "types"),
    (re.compile("解决|补救|办法|对策|避免|缓解"), "remedies"),
    (re.compile("组成|部分|组件|部件"), "parts"),
    (re.compile("优点|优势|好处"), "strengths"),
    (re.compile("缺点|弱点|劣势|局限"), "weaknesses"),
    (re.compile("用途|应用"), "uses"),
    (re.compile("症状|表现|迹象"), "symptoms"),
    (re.compile("指标|度量"), "metrics"),
    (re.compile("步骤|阶段"), "steps"),
    (re.compile("例子"), "examples"),
    (re.compile("原因"), "causes"),
    (re.compile("风险|危害"), "risks"),
    (re.compile("方法|算法"), "methods"),
)
_NOUN = r"(?P<sort>[a-z][a-z-]*(?:s|ia|ae))"
_ASKS = re.compile(
    r"^\W*(?:(?:can|could|would) you |please |and |so |now )*"
    r"(?:(?:list|name|enumerate|give(?: me)?|show(?: me)?|tell me)(?: me)?(?: (?:the|all|some|every|a list of"
    r"|of|\w+ly|main|different"
    r"|common|known|various|several|two|three|four|five|\d+))+"
    r"|what (?:are|were)(?: (?:the|some|all|main|different|common|known|various|typical|of))+"
    r"|(?:what|which|how many)(?: (?:main|different|common|other|of the|are the|are|various))*)\s+"
    rf"(?P<before>(?:[\w-]+ ){{0,3}}?){_NOUN}\b(?P<after>.*)$",
    re.I,
)
_NO_SORT = frozenset("does is was has this its as gas bias loss class process analysis across".split())
_FILLER = re.compile(
    r"\b(?:are there|is there|exist|exists|do (?:i|we|you) (?:know|have)|have you got|can you (?:name|list)"
    r"|are (?:known|used|mentioned)"
    r"|in (?:my|the|your) notes|according to (?:my|the|your) notes|and \w+s of|please|there)\b",
    re.I,
)
_LIST_ASKED = re.compile(r"列出|列举|有哪些|哪些|哪几|有什么|几种|有几")
_ASIDE = re.compile(r"reference|further reading|worked|in pytorch|^in short|summary|参考|students ask", re.I)
_INNER_ITEM = re.compile(r"\n[ \t]*(?:[-*•]|\d{1,3}[.)])\s")
_NAME_ENDS = re.compile(
    r"\s(?:is|are|was|were|means?|lets?|shows?|gives?|makes?|help|can|may|use|uses|has|have"
    r"|[a-z]+(?:[^su\W\d_])s)\s|[:,;–—]|\s-\s"
)


@dataclass(frozen=True)
class Wish:
    """What is to be listed.

    Attributes:
        sort: the stems that may name the sort of things.
        topic: what they belong to.
        any_kinds: whether a heading "Kinds of ..." names the sort too, as of methods and examples.
    """

    sort: frozenset[str]
    topic: str
    any_kinds: bool = False


@dataclass(frozen=True)
class Listed:
    """A list of the notes: its items, or the rows of its table, and how well its headings fit the wish.

    Attributes:
        named: how plainly its heading names the sort of things, in [0, 1].
        foreign: how many words of its heading name something else.
        home: whether its note or section is about the topic itself.
    """

    passage: Passage
    items: tuple[Evidence, ...]
    score: float
    named: float
    foreign: int
    home: bool


def list_items(retriever: Retriever, question: Question, found: Findings, citations: Citations) -> list[Part]:
    """All items of the list that fits a question best, then those that other lists add; [] where the notes "
    "hold none."""
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
        if other.score < _NEARLY * best.score or _is_procedure(best):
            break
        if other.named < _NAMED or other.foreign > best.foreign or (best.home and not other.home):
            continue
        for piece in other.items:
            if len(more) < _MOST_OTHERS and not _is_said(piece.text, said):
                said.append(piece.text)
                notes.add(other.passage.note)
                more.append(_item(piece, citations))
    if more:
        parts.append(_words("其他笔记还提到：" if chinese else "Other lists of the notes add:"))
        parts += more
    total = sum(map(_size, best.items)) + len(more)
    parts.append(_words(_count(total, len(notes), chinese)))
    return parts


def wished(retriever: Retriever, question: str) -> Wish | None:
    """What a question wants listed; None when it wants something else."""
    if sides(question):
        return None
    if CJK.search(question):
        if not _LIST_ASKED.search(question):
            return None
        named = next((name for told, name in _CHINESE_SORTS if told.search(question)), "")
        bare = _LIST_ASKED.sub(" ", question)
        for told, _ in _CHINESE_SORTS:
            bare = told.sub(" ", bare)
        topic = retriever.vocabulary.in_english(bare.strip(" ?？。的"))
        return (
            Wish(_sort(stem(named)), topic, stem(named) in _METHODS)
            if named and content_words(topic)
            else None
        )
    asked = _ASKS.match(question.strip().rstrip("?!. "))
    if not asked or asked["sort"].lower() in _NO_SORT:
        return None
    named = stem(asked["sort"].lower())
    after = re.sub(
        r"^\s*(?:of|for|against|in|to|from|with|that|which)\b",
        " ",
        _FILLER.sub(" ", asked["after"]),
        flags=re.I,
    )
    sort = _sort(named)
    topic = " ".join(
        word for word in f"{asked['before']} {after}".split() if not sort.intersection(words(word))
    )
    return Wish(sort, topic.strip(" ,"), named in _METHODS) if content_words(topic) else None


def _sort(named: str) -> frozenset[str]:
    """A sort of things with its other names."""
    return frozenset({named}).union(*(group for group in _SORTS if named in group))


# -- the lists of the notes ----------------------------------------------------------------------------------------


def _lists(retriever: Retriever, wish: Wish, found: Findings) -> Iterator[Listed]:
    """The lists near to the question whose headings or lead name both the sort of things and the topic."""
    query = found.question.text
    hits = [*found.hits, *retriever.search(query, k=_SEARCHED, kinds={"prose", "list"})]
    hits += retriever.search(query, k=_SEARCHED // 2, kinds={"table"})
    scores = {hit.passage.id: hit.score for hit in hits}
    topic = Thing(wish.topic, retriever)
    near = {
        passage.id: passage for passage in (*(hit.passage for hit in hits), *passages_on(retriever, topic))
    }
    seen: set[tuple[str, tuple[str, ...], bool]] = set()
    for passage in near.values():
        key = (passage.note, passage.heading, passage.kind == "table")
        if (
            passage.kind not in _KINDS_OF_LISTS
            or key in seen
            or _ASIDE.search(" ".join(passage.heading[-1:]))
            or HUMAN.fullmatch(passage.speaker)
        ):
            continue
        seen.add(key)
        items = _rows(passage) if passage.kind == "table" else _items(_whole(retriever, passage))
        if sum(map(_size, items)) < _FEWEST:
            continue
        listed = _fit(retriever, wish, topic, passage, items)
        if listed is not None:
            yield replace(listed, score=listed.score + 0.5 * scores.get(passage.id, 0.0))


def _fit(
    retriever: Retriever, wish: Wish, topic: Thing, passage: Passage, items: list[Evidence]
) -> Listed | None:
    """A list with those of its items that are wished for, and how well it fits; None where it is another."""
    is_table, section = passage.kind == "table", passage.heading[-1] if passage.heading else passage.title
    head = (
        passage.text.words.split(" | ")[0]
        if is_table
        else passage.text.words[: items[0].begin].split("\n\n")[-1]
    )
    inner = set(words(section))
    named = max(
        1.0 * bool(wish.sort & inner),
        0.8 * bool(is_table and wish.sort.intersection(words(head))),
        0.6 * bool(wish.any_kinds and _KINDS & inner),
        0.5 * bool(not is_table and wish.sort.intersection(words(head))),
    )
    covered = retriever.coverage(
        wish.topic, " ".join((passage.title, *passage.heading, "" if is_table else head))
    )
    if is_table and covered < _ON_TOPIC:
        items = [row for row in items if retriever.coverage(wish.topic, row.text) >= _ON_TOPIC]
        covered = _ON_TOPIC if len(items) >= _FEWEST else 0.0
    items = _of_one_verdict(wish, section, items)
    if not named or covered < _ON_TOPIC or not items:
        return None
    own = topic.stems | wish.sort | _SORT_WORDS | set(words(passage.title))
    foreign = len(set(content_words(section)) - own)
    home = (
        topic.is_titled(passage.title) or topic.named_in(inner) or any(map(topic.is_titled, passage.heading))
    )
    size = sum(map(_size, items))
    score = covered + named + 0.4 * home - 0.25 * min(2, foreign) + 0.04 * min(8, size)
    return Listed(passage, tuple(items), score, named, foreign, home)


def _of_one_verdict(wish: Wish, section: str, items: list[Evidence]) -> list[Evidence]:
    """Of a list of strengths and weaknesses, what is not plainly of the other sort than is wished for."""
    wished_for = [aspect for aspect in (STRENGTHS, WEAKNESSES) if wish.sort.intersection(words(aspect.name))]
    if len(wished_for) != 1 or len(promised_by(section)) < 2:
        return items
    return [piece for piece in items if verdict_of(piece.text, in_section=True) in (None, *wished_for)]


def _size(piece: Evidence) -> int:
    """How many items a piece holds: the steps of a procedure stand in one."""
    inner = len(_INNER_ITEM.findall(piece.text))
    return inner + (not re.search(r"[:：]\s*$", piece.text.split("\n")[0])) if inner else 1


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
    # A bar within a formula, p(x | z), would tear a row: then the rows are shown as they stand.
    if len(columns) < 2 or any(len(cells) != len(columns) for cells in made):
        yield from (_item(row, citations) for row in rows)
        return
    cited = [
        (cells[0], [Sentence(cell, "quoted", (citations.cite(row),)) for cell in cells[1:]])
        for cells, row in zip(made, rows, strict=True)
    ]
    yield from cited_table(columns[1:], cited)


def _item(piece: Evidence, citations: Citations) -> Part:
    """An item; of a row of a table its name, of a procedure all steps."""
    text = piece.text.split(" | ")[0].strip() if piece.passage.kind == "table" else piece.text
    layout: Layout = "block" if _INNER_ITEM.search(text) else "item"
    return Part(Sentence(text, "quoted", (citations.cite(piece),)), layout)


def _is_procedure(listed: Listed) -> bool:
    """Whether a list holds steps in their order, to which those of another procedure cannot be added."""
    return any(_INNER_ITEM.search(piece.text) for piece in listed.items)


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
