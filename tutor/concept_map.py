"""Notes -> a map of what needs what and what is related: drawn with Mermaid, or as an indented tree.

The links are the notes' own: `prerequisites` and `related` of their front matter. A note without any is linked to
the notes that it names, or else to those with which it shares its headings and rare words, so that a folder of plain
notes gets a map too. Nothing is concluded beyond that.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from itertools import chain
from pathlib import PurePosixPath

from tutor.note_links import BRACKET, Link, folder_of, links_between
from tutor.notes import Note
from tutor.vocabulary import Vocabulary, glossary_columns, read_vocabulary
from tutor.words import and_joined, content_words, without_article

MOST_NEAR = 14
MOST_IN_LIBRARY = 36
_MOST_NEXT = 9
_NEAREST = 3
_NEAR = 0.3
_SLIP = 0.86  # a name written so nearly the same is a slip of the keys
_IN_A_GROUP = 8
_LONGEST_LABEL = 60
# Narrow boxes close together: the picture is as wide as a chat's column, and what is wider is made smaller.
_LAYOUT = (
    '%%{init: {"flowchart": {"wrappingWidth": 120, "nodeSpacing": 14, "rankSpacing": 34, "padding": 8}}}%%'
)
# Signs that open something in Mermaid's own language or in the Markdown and HTML that it allows in a label. Written as
# character numbers they are letters and no more.
_MERMAID_SIGNS = re.compile(r"[\"#&<>`$%:;\\*_~|\[\]{}()@]|^\s*[-+](?=\s)|(?<=\d)[.)](?=\s)")


@dataclass(frozen=True)
class MapNode:
    """A note in the map; `group` is its folder, empty at the top of the library."""

    path: str
    title: str
    group: str


@dataclass(frozen=True)
class ConceptMap:
    """A part of the notes as a graph.

    Attributes:
        topic: what was asked for; empty for the whole library.
        nodes: the notes drawn, for a topic its own note first; empty when no note is about it.
        left_out: how many notes of the library or neighbourhood found no room.
        nearest: the titles nearest to the topic where no note is about it.
    """

    topic: str
    nodes: tuple[MapNode, ...]
    links: tuple[Link, ...]
    left_out: int = 0
    nearest: tuple[str, ...] = ()

    @property
    def caption(self) -> str:
        """What the signs of the drawn map mean and what it leaves out, in the program's own words."""
        if not self.nodes:
            if not self.topic:
                return "There are no notes to draw a map of."
            verb = "is" if len(self.nearest) == 1 else "are"
            near = f" The nearest {verb} {and_joined(self.nearest)}." if self.nearest else ""
            return f"None of your notes is about {self.topic}.{near}"
        kinds = {link.kind for link in self.links}
        said = []
        if "needs" in kinds:
            said.append("An arrow points to what a note needs first")
        if "related" in kinds:
            said.append("dots join related notes" if said else "Dots join related notes")
        legend = [", ".join(said) + "."] if said else []
        return " ".join([*legend, *self._remarks()])

    def _remarks(self) -> Iterator[str]:
        """What is to be said of the map in whatever form it is shown."""
        if not self.links:
            yield "No links between these notes were found."
        if self.left_out and not self.topic:
            more = "1 more note has" if self.left_out == 1 else f"{self.left_out} more notes have"
            yield f"{more} no room here: name a topic to see what is around it."

    @property
    def mermaid(self) -> str:
        """The map in Mermaid's language, without a fence; empty for an empty map."""
        return "\n".join(_mermaid_lines(self)) if self.nodes else ""

    @property
    def markdown(self) -> str:
        """The map as a Mermaid fence with its caption; the caption alone for an empty map."""
        return f"```mermaid\n{self.mermaid}\n```\n\n{self.caption}" if self.nodes else self.caption

    @property
    def tree(self) -> str:
        """The map as indented lines for a terminal, each note on one of them, with what it leaves out below."""
        if not self.nodes:
            return self.caption
        lines = _topic_tree(self) if self.topic else _library_tree(self)
        return "\n".join([*lines, *self._remarks()])


def concept_map(notes: Sequence[Note], topic: str = "", vocabulary: Vocabulary | None = None) -> ConceptMap:
    """The map around a topic, or of the whole library.

    Args:
        notes: the notes of the index.
        topic: what the map is about; empty for all notes, grouped by folder.
        vocabulary: other names of things (a retriever's); those of titles and glossary when None.

    Returns:
        For a topic its note and what is up to two links away, at most MOST_NEAR notes; an empty map with the
        nearest titles when no note is about it. For the library at most MOST_IN_LIBRARY notes.
    """
    drawn = [note for note in notes if not _is_collection(note)] or list(notes)
    topic = " ".join(topic.split())
    if not topic:
        return _library_map(drawn)
    names = vocabulary or read_vocabulary(notes, [note.title for note in notes])
    about = _note_about(drawn, topic, names)
    if about is None:
        return ConceptMap(topic, (), (), nearest=_nearest_titles(drawn, topic, names))
    return _Neighbourhood(drawn, about).map(topic)


def _is_collection(note: Note) -> bool:
    """Whether a file is no concept: a deck of cards or a glossary speaks of everything."""
    tables = (block.text.words for block in note.blocks if block.kind == "table")
    return note.format == "flashcards" or any(glossary_columns(table) for table in tables)


# -- which note a topic means -----------------------------------------------------------------------------------------


def _names_of(note: Note) -> list[frozenset[str]]:
    """The stems of each name of a note: title, title without and within brackets, file name."""
    bare = BRACKET.sub("", note.title)
    written = [note.title, bare, *BRACKET.findall(note.title), PurePosixPath(note.path).stem]
    return list(dict.fromkeys(stems for name in written if (stems := frozenset(content_words(name)))))


def _share_held(topic: str, vocabulary: Vocabulary, stems: frozenset[str]) -> float:
    """The share of what a topic names that some stems hold, under one name or another."""
    best = 0.0
    for reading in dict.fromkeys((topic, vocabulary.in_english(topic))):
        wanted = vocabulary.concepts(reading)
        held = [
            stems.issuperset(concept.own) or any(option <= stems for option, _ in concept.others)
            for concept in wanted
        ]
        best = max(best, sum(held) / len(held) if held else 0.0)
    return best


def _note_about(notes: Sequence[Note], topic: str, vocabulary: Vocabulary) -> Note | None:
    """The note whose name says the topic with the fewest other words; else one with such a heading or tag."""
    for names in (_names_of, _headings_of):
        found = [
            (len(stems), at)
            for at, note in enumerate(notes)
            for stems in names(note)
            if _share_held(topic, vocabulary, stems) == 1.0
        ]
        if found:
            return notes[min(found)[1]]
    alike = [(_likeness(topic, note.title), -at) for at, note in enumerate(notes)]
    best, at = max(alike, default=(0.0, 0))
    return notes[-at] if best >= _SLIP else None


def _likeness(topic: str, title: str) -> float:
    """How alike two names are letter by letter, in [0, 1]."""
    bare = without_article(BRACKET.sub("", title).casefold())
    return SequenceMatcher(None, topic.casefold(), bare).ratio()


def _headings_of(note: Note) -> list[frozenset[str]]:
    headings = dict.fromkeys(block.heading[-1] for block in note.blocks if block.heading)
    return [frozenset(content_words(heading)) for heading in headings]


def _nearest_titles(notes: Sequence[Note], topic: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    def nearness(note: Note) -> float:
        held = max((_share_held(topic, vocabulary, stems) for stems in _names_of(note)), default=0.0)
        return max(held, _likeness(topic, note.title) - 0.3)

    near = sorted(((nearness(note), note.title) for note in notes), key=lambda pair: -pair[0])
    named = [title for score, title in near if score >= _NEAR]
    said = [(_times_said(topic, note), note.title) for note in notes]
    speaking = [title for times, title in sorted(said, key=lambda pair: -pair[0]) if times]
    return tuple(dict.fromkeys([*speaking, *named]))[:_NEAREST]


def _times_said(topic: str, note: Note) -> int:
    """How often a note's words hold the topic as it is written."""
    texts = [*(block.text.words for block in note.blocks), *(card.answer.words for card in note.cards)]
    return sum(text.casefold().count(topic.casefold()) for text in texts)


# -- what is drawn ----------------------------------------------------------------------------------------------------


@dataclass
class _Neighbourhood:
    """What lies around one note, up to two links away."""

    notes: Sequence[Note]
    root: Note
    chosen: dict[str, int] = field(default_factory=dict)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """All links of the notes."""
        return links_between(self.notes)

    def map(self, topic: str) -> ConceptMap:
        """The root first, then the notes by distance: what is needed, what is related, what needs it."""
        around: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for link in self.links:
            outward, inward = ((0, 2) if link.kind == "needs" else (1, 3)) if link.own else (4, 4)
            around[link.source].append((outward, link.target))
            around[link.target].append((inward, link.source))
        first = [path for _, path in sorted(around[self.root.path], key=lambda pair: pair[0])][:_MOST_NEXT]
        near = {self.root.path: 0} | dict.fromkeys(first, 1)
        votes: Counter[str] = Counter()
        for path in first:
            for rank, other in around[path]:
                if other not in near:
                    votes[other] += (8, 4, 3, 2, 1)[rank]
        second = [path for path, _ in votes.most_common()]
        self.chosen = dict(list((near | dict.fromkeys(second, 2)).items())[:MOST_NEAR])
        titles = {note.path: note for note in self.notes}
        nodes = tuple(_node(titles[path]) for path in self.chosen)
        left_out = len(near) + len(second) - len(nodes)
        return ConceptMap(topic, nodes, tuple(self._drawn()), left_out)

    def _drawn(self) -> Iterator[Link]:
        """What is needed, what joins the root, and for a note that hangs in the air one link inwards."""
        inside = _without_detours(
            [link for link in self.links if {link.source, link.target} <= self.chosen.keys()], self.root.path
        )
        joined = {self.root.path}
        for link in inside:
            if link.kind == "needs" or self.root.path in (link.source, link.target):
                joined |= {link.source, link.target}
                yield link
        for link in inside:
            ends = {link.source, link.target}
            if len(ends & joined) == 1 and link.kind == "related":
                joined |= ends
                yield link


def _without_detours(links: Sequence[Link], root: str = "") -> list[Link]:
    """The links without a need that other needs lead to anyway: drawn, it would only cross them. The root's stay."""
    needed: dict[str, set[str]] = defaultdict(set)
    for link in links:
        if link.kind == "needs":
            needed[link.source].add(link.target)

    def leads(start: str, goal: str) -> bool:
        seen, waiting = {start}, [path for path in needed[start] if path != goal]
        while waiting:
            path = waiting.pop()
            if path == goal:
                return True
            if path not in seen:
                seen.add(path)
                waiting += needed.get(path, ())
        return False

    kept = []
    for link in links:
        if link.kind == "needs" and link.source != root and leads(link.source, link.target):
            needed[link.source].discard(link.target)
        else:
            kept.append(link)
    return kept


def _library_map(notes: Sequence[Note]) -> ConceptMap:
    """All notes by folder, of a full folder those with the most links; needs are drawn, and other links of notes
    that would stand alone."""
    links = links_between(notes)
    degree = Counter(chain.from_iterable((link.source, link.target) for link in links))
    groups: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        groups[folder_of(note.path)].append(note)
    most = max(3, min(_IN_A_GROUP, MOST_IN_LIBRARY // len(groups))) if len(groups) > 1 else MOST_IN_LIBRARY
    kept: set[str] = set()
    for group in groups.values():
        kept |= {note.path for note in sorted(group, key=lambda note: -degree[note.path])[:most]}
    nodes = [_node(note) for group in groups.values() for note in group if note.path in kept]
    nodes = nodes[:MOST_IN_LIBRARY]
    shown = {node.path for node in nodes}
    inside = [link for link in links if {link.source, link.target} <= shown]
    needs = [link for link in _without_detours(inside) if link.kind == "needs"]
    joined = set(chain.from_iterable((link.source, link.target) for link in needs))
    loose = [link for link in inside if link.kind == "related" and not {link.source, link.target} <= joined]
    return ConceptMap("", tuple(nodes), (*needs, *loose), len(notes) - len(nodes))


def _node(note: Note) -> MapNode:
    return MapNode(note.path, note.title, folder_of(note.path))


# -- as text ----------------------------------------------------------------------------------------------------------


def _mermaid_lines(drawn: ConceptMap) -> Iterator[str]:
    ids = {node.path: f"n{number}" for number, node in enumerate(drawn.nodes, 1)}
    yield _LAYOUT
    yield "graph LR"
    groups = [] if drawn.topic else sorted({node.group for node in drawn.nodes} - {""})
    for number, group in enumerate(groups, 1):
        yield f'  subgraph g{number} ["{escaped_label(group)}"]'
        yield from [f"    {_box(ids, node)}" for node in drawn.nodes if node.group == group]
        yield "  end"
    yield from [f"  {_box(ids, node)}" for node in drawn.nodes if node.group not in groups]
    for link in drawn.links:
        at_root = drawn.nodes[0].path in (link.source, link.target)
        arrow = "-->|needs|" if drawn.topic and at_root else "-->"
        arrow = arrow if link.kind == "needs" else "-.-"
        yield f"  {ids[link.source]} {arrow} {ids[link.target]}"
    if drawn.topic:
        yield f"  style {ids[drawn.nodes[0].path]} stroke-width:4px"


def _box(ids: Mapping[str, str], node: MapNode) -> str:
    return f'{ids[node.path]}["{escaped_label(node.title)}"]'


def escaped_label(text: str) -> str:
    """Any text as a Mermaid label that shows these very signs; a long one is cut."""
    line = " ".join(text.split())
    if len(line) > _LONGEST_LABEL:
        line = line[: _LONGEST_LABEL - 1].rstrip() + "…"
    return _MERMAID_SIGNS.sub(lambda found: "".join(f"#{ord(sign)};" for sign in found.group()), line)


def _topic_tree(drawn: ConceptMap) -> list[str]:
    """The root, below it what it needs, what is related and what needs it, and in turn what hangs on these.

    Each note stands once, at the shortest way from the root.
    """
    titles = {node.path: node.title for node in drawn.nodes}
    root = drawn.nodes[0].path
    below: dict[str, list[tuple[str, str]]] = {root: []}
    waiting = [root]
    for path in waiting:  # it grows while it is read
        for label, others in _sides(drawn.links, path):
            for other in others:
                if other not in below:
                    below[other] = []
                    below[path].append((label, other))
                    waiting.append(other)
    for path in [path for path in titles if path not in below]:
        below[path] = []
        below[root].append(("near", path))

    def lines(path: str, indent: str) -> Iterator[str]:
        for label, other in below[path]:
            yield f"{indent}{label}: {titles[other]}"
            yield from lines(other, f"{indent}  ")

    return [titles[root], *lines(root, "  ")]


def _sides(links: Iterable[Link], path: str) -> Iterator[tuple[str, list[str]]]:
    """What a note needs, what is related to it and what needs it."""
    links = list(links)
    yield "needs", [link.target for link in links if link.kind == "needs" and link.source == path]
    related = [link for link in links if link.kind == "related" and path in (link.source, link.target)]
    yield "related", [link.target if link.source == path else link.source for link in related]
    yield "needed by", [link.source for link in links if link.kind == "needs" and link.target == path]


def _library_tree(drawn: ConceptMap) -> list[str]:
    titles = {node.path: node.title for node in drawn.nodes}
    lines: list[str] = []
    told_of: set[str] = set()
    for group in sorted({node.group for node in drawn.nodes}):
        lines += [group] if group else []
        for node in drawn.nodes:
            if node.group == group:
                told_of.add(node.path)
                # What two notes share is told once, with the first of them.
                sides = {
                    label: [titles[other] for other in others if label == "needs" or other not in told_of]
                    for label, others in _sides(drawn.links, node.path)
                    if label != "needed by"
                }
                said = [f"{label} {', '.join(others)}" for label, others in sides.items() if others]
                told = f" ({'; '.join(said)})" if said else ""
                lines.append(f"{'  ' if group else ''}{node.title}{told}")
    return lines
