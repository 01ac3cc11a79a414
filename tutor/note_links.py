"""The links of notes to one another: those of their front matter, else what their words tell.

A note without `prerequisites` and `related` is linked to the notes that it names, or else to those with which it
shares its rare words, so that a folder of plain notes has links too. Nothing is concluded beyond that.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import PurePosixPath
from typing import Literal

from tutor.notes import Note
from tutor.words import content_words, without_struck, words

LinkKind = Literal["needs", "related"]

BRACKET = re.compile(r"\s*[(（]([^()（）]*)[)）]")
_MOST_MENTIONS = 4
_MOST_ALIKE = 2
_ALIKE = 0.12
_MOST_HOLDERS = 60  # notes that may share a word which still counts as rare


@dataclass(frozen=True)
class Link:
    """From one note (its path) to another: what it needs first, or what it is related to.

    `own` says that the note's front matter names it; otherwise the notes' words do.
    """

    source: str
    target: str
    kind: LinkKind
    own: bool = True


def folder_of(path: str) -> str:
    """The first folder of a note's path, empty at the top of the library."""
    return path.split("/")[0] if "/" in path else ""


def links_between(notes: Sequence[Note]) -> tuple[Link, ...]:
    """The links of some notes to one another; a pair is linked once, by the stronger kind.

    Those of the last libraries asked for are kept, so that a second map is drawn at once.
    """
    return _links_between(tuple(notes))


@lru_cache(maxsize=4)
def _links_between(notes: tuple[Note, ...]) -> tuple[Link, ...]:
    found: dict[frozenset[str], Link] = {}
    for link in chain(own_links(notes), _word_links(notes)):
        if link.source != link.target:
            found.setdefault(frozenset((link.source, link.target)), link)
    return tuple(found.values())


def own_links(notes: Sequence[Note]) -> Iterator[Link]:
    """What the notes' front matter names, needs first; of several notes of one name the one in the same folder."""
    places: dict[str, list[str]] = defaultdict(list)
    for note in notes:
        for key in dict.fromkeys((_key(PurePosixPath(note.path).stem), _key(note.title))):
            places[key].append(note.path)
    kinds: tuple[LinkKind, ...] = ("needs", "related")
    for kind in kinds:
        for note in notes:
            for name in note.prerequisites if kind == "needs" else note.related:
                known = places.get(_key(name), ())
                near = [path for path in known if folder_of(path) == folder_of(note.path)] or known
                yield from [Link(note.path, path, kind) for path in near[:1]]


def _key(name: str) -> str:
    """A name as files and links may write it: "Mode collapse" is "mode-collapse"."""
    return "".join(re.findall(r"\w", name.casefold()))


def _word_links(notes: Sequence[Note]) -> Iterator[Link]:
    """For each note without links of its own: the notes that it names, else those that share its rare words."""
    bare = [note for note in notes if not note.prerequisites and not note.related]
    if not bare or len(notes) < 2:
        return
    said = {note.path: _stems_of(note) for note in bare}
    names = _Names(notes, said, most=max(2, len(bare) // 2))
    terms: _Terms | None = None
    for note in bare:
        chosen = names.in_note(note.path)[:_MOST_MENTIONS]
        if not chosen:
            terms = terms or _Terms({other.path: said.get(other.path) or _stems_of(other) for other in notes})
            chosen = [path for path, _ in terms.alike(note.path)[:_MOST_ALIKE]]
        yield from [Link(note.path, path, "related", own=False) for path in chosen]


class _Names:
    """The names of some notes, looked up word by word in what notes say.

    Args:
        notes: whose names are looked for.
        said: path -> the stems of a note, in order.
        most: by how many of them a name of one word may be used: what all notes say links none.
    """

    def __init__(self, notes: Sequence[Note], said: Mapping[str, Sequence[str]], most: int) -> None:
        self._order = {note.path: place for place, note in enumerate(notes)}
        self._owners: dict[tuple[str, ...], list[str]] = defaultdict(list)
        self._lengths: dict[str, set[int]] = defaultdict(set)
        for note in notes:
            for phrase in _phrases_of(note):
                self._owners[phrase].append(note.path)
                self._lengths[phrase[0]].add(len(phrase))
        self._counts = {path: self._counted(stems) for path, stems in said.items()}
        users = Counter(phrase for counts in self._counts.values() for phrase in counts if len(phrase) == 1)
        self._common = {phrase for phrase, n in users.items() if n > most}

    def _counted(self, stems: Sequence[str]) -> dict[tuple[str, ...], int]:
        """How often each name stands among the stems; where one follows itself at once, every other counts."""
        counts: dict[tuple[str, ...], int] = {}
        ends: dict[tuple[str, ...], int] = {}
        for at, stem in enumerate(stems):
            for length in self._lengths.get(stem, ()):
                phrase = tuple(stems[at : at + length])
                if phrase in self._owners and at > ends.get(phrase, -1):
                    counts[phrase] = counts.get(phrase, 0) + 1
                    ends[phrase] = at + length
        return counts

    def in_note(self, path: str) -> list[str]:
        """The notes that a note names, those named most often first, in the order of the notes where equal."""
        counts: dict[str, int] = {}
        for phrase, times in self._counts[path].items():
            # Of many notes of one name only the first can be among those chosen.
            for owner in self._owners[phrase][: _MOST_MENTIONS + 1] if phrase not in self._common else ():
                if owner != path:
                    counts[owner] = max(times, counts.get(owner, 0))
        return sorted(counts, key=lambda owner: (-counts[owner], self._order[owner]))


def _stems_of(note: Note) -> list[str]:
    """All words of a note, its headings among them once each; code is left out."""
    headings = dict.fromkeys(heading for block in note.blocks for heading in block.heading)
    texts = [without_struck(block.text.words) for block in note.blocks if block.kind != "code"]
    cards = [f"{card.question.words}\n{card.answer.words}" for card in note.cards]
    return words("\n".join([note.title, *headings, *texts, *cards]))


def _phrases_of(note: Note) -> list[tuple[str, ...]]:
    """The names of a note as running stems."""
    bare = BRACKET.sub("", note.title)
    written = [bare, *BRACKET.findall(note.title), PurePosixPath(note.path).stem.replace("-", " ")]
    return list(dict.fromkeys(tuple(words(name)) for name in written if content_words(name)))


class _Terms:
    """The words of some notes, weighted by how rare they are among them.

    Args:
        said: path -> the stems of the note, in order.
    """

    def __init__(self, said: Mapping[str, Sequence[str]]) -> None:
        self._holders: dict[str, list[str]] = defaultdict(list)
        self._total = len(said)
        self._most = max(2, min(_MOST_HOLDERS, self._total // 2))
        counts = {path: Counter(stems) for path, stems in said.items()}
        for path, count in counts.items():
            for stem in count:
                self._holders[stem].append(path)
        self._weights = {path: self._weighed(count) for path, count in counts.items()}

    def _weighed(self, count: Counter[str]) -> dict[str, float]:
        tells = set(content_words(" ".join(count)))
        found = {
            stem: (1 + math.log(n)) * math.log(self._total / len(self._holders[stem]))
            for stem, n in count.items()
            if stem in tells and 1 < len(self._holders[stem]) <= self._most
        }
        length = math.sqrt(sum(weight**2 for weight in found.values())) or 1.0
        return {stem: weight / length for stem, weight in found.items()}

    def alike(self, path: str) -> list[tuple[str, float]]:
        """The notes that share rare words with one, with their cosine, best first."""
        found: dict[str, float] = defaultdict(float)
        for stem, weight in self._weights[path].items():
            for other in self._holders[stem]:
                if other != path:
                    found[other] += weight * self._weights[other].get(stem, 0.0)
        return sorted(((p, s) for p, s in found.items() if s >= _ALIKE), key=lambda pair: -pair[1])
