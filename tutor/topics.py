"""What the notes have names for, and what belongs to what: by this a follow-up is told from a new question.

A thing that a note is named after is a topic of its own. Other names of the glossary may be parts of such a topic:
in a talk about VAEs "the encoder" is that of a VAE, because the note on VAEs speaks of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from tutor.chinese import CJK
from tutor.notes import Note
from tutor.passages import Passage
from tutor.vocabulary import Vocabulary
from tutor.words import STOPWORDS, content_words, stem, without_article

_PIECE = re.compile(r"[^\W_\u3400-\u9fff]+")
_PARTS = re.compile(r"\s*(?:[(),;:]|\band\b)\s*")
_ACRONYM = re.compile(r"(?=(?:.*[A-Z]){2})[\w-]+$|[A-Z]+-?\d+$")

Key = tuple[str, ...]


@dataclass(frozen=True)
class Mention:
    """A name in a text.

    Attributes:
        written: as the text has it, from `begin` to `end`.
        key: the same for all names of one thing.
        titled: whether a note is named after the thing.
    """

    written: str
    begin: int
    end: int
    key: Key
    titled: bool


class Topics:
    """The names in some notes.

    Args:
        notes: whose titles name topics, decks of cards aside.
        vocabulary: other names of these, and names of more things.
        stems: note -> the stems of its words.
    """

    def __init__(
        self, notes: Iterable[Note], vocabulary: Vocabulary, stems: Mapping[str, AbstractSet[str]]
    ) -> None:
        self._stems = stems
        self._homes: dict[Key, list[str]] = defaultdict(list)
        self._written: dict[Key, str] = {}
        titles: dict[Key, list[str]] = defaultdict(list)
        for note in notes:
            for name in _named_by(note.title) if note.format != "flashcards" else ():
                titles[_key(name)].append(note.path)
                self._written.setdefault(_key(name), name)
        self._keys: dict[str, list[tuple[Key, Key]]] = defaultdict(list)
        self._chinese: dict[str, Key] = {}
        known: dict[Key, Key] = {}
        for group in vocabulary.groups:
            keys = [_key(name.written) for name in group if not name.loose and not CJK.search(name.written)]
            keys = [key for key in keys if key]
            if not keys:
                continue
            main = next((known[key] for key in keys if key in known), keys[0])
            known |= dict.fromkeys(keys, main) | {key: known[key] for key in keys if key in known}
            self._chinese |= {name.written: main for name in group if CJK.fullmatch(name.written)}
        for key in titles:
            known.setdefault(key, key)
        for key, main in known.items():
            self._keys[key[0]].append((key, main))
            self._homes[main] += titles.get(key, [])
        for entries in self._keys.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def mentions(self, text: str) -> list[Mention]:
        """The names in a text, the longest at each place, in its order."""
        pieces = [(match, _stem(match.group())) for match in _PIECE.finditer(text)]
        stems = [one for _, one in pieces]
        found, at = [], 0
        while at < len(pieces):
            size, main = next(
                (
                    (len(key), main)
                    for key, main in self._keys.get(stems[at], ())
                    if tuple(stems[at : at + len(key)]) == key
                ),
                (1, None),
            )
            if main is not None:
                begin, end = pieces[at][0].start(), pieces[at + size - 1][0].end()
                found.append(self._mention(text, begin, end, main))
            at += size
        for name, main in self._chinese.items() if CJK.search(text) else ():
            found += [self._mention(text, *place.span(), main) for place in re.finditer(name, text)]
        whole = [
            one
            for one in found
            if not any(
                other is not one and other.begin <= one.begin and one.end <= other.end for other in found
            )
        ]
        return sorted(whole, key=lambda one: one.begin)

    def _mention(self, text: str, begin: int, end: int, main: Key) -> Mention:
        written = text[begin:end]
        return Mention(
            written, begin, end, main, bool(self._homes.get(main)) or bool(_ACRONYM.match(written))
        )

    def share(self, text: str, topic: str) -> float:
        """The share of a text's meaning-bearing words that the note on a topic holds, in [0, 1]."""
        wanted = set(content_words(text))
        homes = {note for one in self.mentions(topic) for note in self._homes.get(one.key, ())}
        return max((len(wanted & self._stems[note]) / max(1, len(wanted)) for note in homes), default=0.0)

    def title(self, key: Key) -> str:
        """How the title of a note writes a thing; empty where no note is named after it."""
        names = (known for known, main in self._keys.get(key[0], ()) if main == key)
        return next((self._written[name] for name in (key, *names) if name in self._written), "")

    def completed(self, word: str) -> str:
        """The only topic with a word in its name: "VQ-VAE" for "vq"; else empty."""
        found = {
            next((main for known, main in self._keys[key[0]] if known == key), key): name
            for key, name in self._written.items()
            if set(_key(word)) <= set(key) and len(key) <= 3
        }
        return next(iter(found.values())) if len(found) == 1 else ""

    def holds(self, name: str) -> bool:
        """Whether the notes call a thing so, or a name of theirs opens with it: "Sorting algorithms" with "sorting"."""
        words = name.casefold().split()
        opened = any(title.casefold().split()[: len(words)] == words for title in self._written.values())
        return opened or any(len(one.written) == len(name) for one in self.mentions(name))


_FAMILY = re.compile(r"(?!language|generative)([a-z]{7,}) models", re.IGNORECASE)


def _named_by(title: str) -> Sequence[str]:
    """The names in a note's title: "Variational autoencoder (VAE) and the ELBO" names three things."""
    parts = [without_article(part) for part in _PARTS.split(title) if part]
    named = [part for part in parts if " " in part or "-" in part or part != part.lower() or part == title]
    whole = without_article(title)
    # The first word of a title has a capital letter for its place alone.
    if len(parts) > 1 and " " not in parts[0] and parts[0] == parts[0].capitalize():
        named = named[1:]
    # With an acronym in brackets the title is two names of one thing.
    names = named if re.search(r"\([^)]+\)", whole) and named else [whole, *named]
    # Students say "diffusion" for diffusion models.
    family = _FAMILY.fullmatch(whole)
    names = [*names, family[1]] if family else names
    return [name for name in dict.fromkeys(names) if set(_key(name)) - STOPWORDS]


def _key(name: str) -> Key:
    return tuple(_stem(match.group()) for match in _PIECE.finditer(name))


def _stem(word: str) -> str:
    """The stem in British spelling, as most notes are written."""
    return stem(word.lower()).replace("iz", "is")


def read_topics(
    notes: Iterable[Note],
    vocabulary: Vocabulary,
    passages: Sequence[Passage],
    stems: Sequence[AbstractSet[str]],
) -> Topics:
    """The topics of some notes, from these and from the stems of their passages."""
    held: dict[str, set[str]] = defaultdict(set)
    for passage, own in zip(passages, stems, strict=True):
        held[passage.note].update(own)
    return Topics(notes, vocabulary, held)
