"""The things that a library has names for: where a text names them, what else they are called, and their siblings.

Siblings are things of one kind, so that one may stand where the other stood: rows of one part of the glossary whose
meanings begin with the same noun ("a loss that ...") or whose names end with the same word. The notes' own sentences
lie here too, by their words, to tell whether the notes say a thing anyway.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from tutor.chinese import CJK
from tutor.retrieval import Retriever
from tutor.topics import Key, Mention
from tutor.vocabulary import glossary_columns
from tutor.witnesses import spoken
from tutor.words import content_words

_BRACKET = re.compile(r"\s*\([^()]*\)")
_HEAD = re.compile(
    r"\b(?:is|are|means?)\s+(?:an?|the|one|any)\s+(?:[\w-]+\s+){0,3}?(?P<noun>[\w-]+?)s?\s+"
    r"(?:of|that|which|in|for|with|between|by|on|at|from|whose|to|and)\b",
    re.IGNORECASE,
)
_CLOSED = re.compile(
    r"```.*?```|\$\$.+?\$\$|\$[^$\n]+\$|\\\(.+?\\\)|\\\[.+?\\\]|\b[\w.]+\([^()\s]*\)|\b\w+(?:[._]\w+)+",
    re.DOTALL,
)
_KIND_OF = re.compile(
    r"\b(?:is|are)\s+(?:an?|the|one)\s+(?P<kind>(?:[\w-]+\s+){1,4}?)(?=of|that|which|in|for|with|whose|to|from|by|where|made)\b"
)
SAID = 0.72  # share of a statement's words, the rare ones weighing more, from which a sentence says it too


@dataclass(frozen=True)
class Term:
    """A thing with a name.

    Attributes:
        name: its usual name.
        key: the same for all its names, as in `topics.Mention`.
        others: its other names that hold everywhere.
        meaning: the glossary's sentence; empty without one.
        part: the heading of the glossary under which it stands.
        noun: the noun with which its meaning begins, else the last word of its name.
    """

    name: str
    key: Key
    others: tuple[str, ...]
    meaning: str
    part: str
    noun: str


class Terms:
    """The terms of the notes that a retriever searches."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever
        self.by_key: dict[Key, Term] = {}
        for term in _glossary(retriever):
            self.by_key.setdefault(term.key, term)

    def places(self, text: str) -> list[Mention]:
        """The names in a text that stand there as words of their own, in its order: none in math or code, none that
        is a part of a longer word ("encoder" in "encoder-decoder")."""
        closed = [match.span() for match in _CLOSED.finditer(text)]
        return [
            one
            for one in self._retriever.named.mentions(text)
            if not any(begin < one.end and one.begin < end for begin, end in closed)
            and text[max(0, one.begin - 1) : one.begin] not in ("-", "_", "/", "\\", "[")
            and not re.match(r"[-_/\]]\w|\(", text[one.end : one.end + 2])
        ]

    def names_of(self, key: Key) -> tuple[str, ...]:
        """The names under which a thing may be given, its usual name first."""
        term = self.by_key.get(key)
        known = (term.name, *term.others) if term else ()
        return tuple(dict.fromkeys((*known, *self._spelt.get(key, ()))))

    @cached_property
    def _spelt(self) -> dict[Key, list[str]]:
        """The acronym and the long form of what the notes spell out."""
        found: dict[Key, list[str]] = defaultdict(list)
        for acronym, form in self._retriever.vocabulary.spelt.items():
            for name in (acronym.upper(), form):
                mentions = self._retriever.named.mentions(name)
                if len(mentions) == 1 and mentions[0].written == name:
                    found[mentions[0].key].append(name)
        return found

    def siblings(self, key: Key) -> list[Term]:
        """Other things of the same kind; empty where the notes have no glossary of it."""
        own = self.by_key.get(key)
        if own is None:
            return []
        return [
            term
            for term in self.by_key.values()
            if term.key != key
            and term.part == own.part
            and term.noun == own.noun
            and _apart(term, own)
            and not self._names(term.meaning, key)
            and not self._names(own.meaning, term.key)
        ]

    def wider(self, key: Key) -> list[Term]:
        """What a thing is a kind of, as the opening of its meaning tells: "diffusion model" for DDPM."""
        own = self.by_key.get(key)
        kind = _KIND_OF.search(own.meaning) if own else None
        found = (
            [self.by_key.get(one.key) for one in self._retriever.named.mentions(kind["kind"])] if kind else []
        )
        return [term for term in found if term is not None and term.key != key]

    def _names(self, text: str, key: Key) -> bool:
        return any(one.key == key for one in self._retriever.named.mentions(text))

    def lowered(self, words: str) -> str:
        """The words as they stand within a sentence: the first loses its capital letter unless it is a name."""
        first = re.match(r"[A-Z][a-z]*(?:-[a-z]+)*(?![\w-])", words)
        common = first and (first[0].lower() in self._common or first[0] in ("A", "The"))
        return words[0].lower() + words[1:] if common else words

    @cached_property
    def _common(self) -> frozenset[str]:
        """The words that the notes write in small letters somewhere."""
        texts = [text for text, _ in self.sentences]
        texts += [heading for passage in self._retriever.index.passages for heading in passage.heading]
        small = re.compile(r"(?<![\w-])[a-z]+(?:-[a-z]+)*(?![\w-])")
        return frozenset(word for text in texts for word in small.findall(text))

    def weight(self, words: Collection[str]) -> float:
        """How rare some stems are in the notes, together."""
        return sum(map(self._retriever.idf, words))

    def rarity(self, words: Collection[str]) -> float:
        """The same as a share of the weight of a word that the notes never use."""
        return self.weight(words) / self._retriever.idf("")

    @cached_property
    def sentences(self) -> list[tuple[str, frozenset[str]]]:
        """What the notes state, with the stems of each sentence."""
        told = (
            witness.text
            for passage in self._retriever.index.passages
            for witness in spoken(passage)
            if witness.holds
        )
        return [(text, frozenset(content_words(text))) for text in dict.fromkeys(told)]

    @cached_property
    def _holding(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for place, (_, held) in enumerate(self.sentences):
            for stem in held:
                found[stem].append(place)
        return found

    def saying(self, statement: str, need: Collection[str], but: Collection[str] = ()) -> list[str]:
        """The sentences of the notes that hold most of a statement's words.

        Args:
            need: stems that a sentence must hold, at least one.
            but: stems of which it must not hold one.
        """
        wanted = set(content_words(statement))
        if not need:
            return []
        rarest = min(need, key=lambda stem: len(self._holding.get(stem, ())))
        total = self.weight(wanted) or 1.0
        return [
            self.sentences[place][0]
            for place in self._holding.get(rarest, ())
            if self.sentences[place][1].issuperset(need)
            and not self.sentences[place][1].intersection(but)
            and self.weight(wanted & self.sentences[place][1]) >= SAID * total
        ]


def plural(name: str) -> str:
    """A name for several: "latent vectors", "batches", "probabilities"."""
    if re.search(r"(?:s|x|ch|sh)$", name):
        return name + "es"
    return name[:-1] + "ies" if re.search(r"[^aeiou]y$", name) else name + "s"


def _apart(one: Term, two: Term) -> bool:
    """Whether neither name holds the other: "GAN" is no sibling of "conditional GAN"."""
    first, second = set(one.key), set(two.key)
    return not first <= second and not second <= first


def _glossary(retriever: Retriever) -> list[Term]:
    found = []
    for note in retriever.index.notes:
        for block in note.blocks:
            columns = glossary_columns(block.text.words) if block.kind == "table" else None
            for row in block.text.words.split("\n")[1:] if columns else ():
                cells = [cell.strip() for cell in row.split(" | ")]
                if columns and len(cells) > max(columns):
                    term = _term(retriever, [cells[at] for at in columns], block.heading)
                    if term:
                        found.append(term)
    return found


def _term(retriever: Retriever, cells: Sequence[str], heading: tuple[str, ...]) -> Term | None:
    name = _BRACKET.sub("", cells[0]).strip()
    mentions = retriever.named.mentions(name)
    if len(mentions) != 1 or mentions[0].written != name:
        return None
    others = [other.strip() for other in cells[1].split(";")]
    # A bracket says that the name holds in some setting alone.
    sure = [
        other for other in others if other and "(" not in other and "$" not in other and not CJK.search(other)
    ]
    head = _HEAD.search(cells[2])
    noun = head["noun"].lower() if head else name.split()[-1].lower()
    return Term(name, mentions[0].key, tuple(sure), cells[2], heading[-1] if heading else "", noun)
