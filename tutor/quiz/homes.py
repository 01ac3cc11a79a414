"""Where a fact is at home, and which facts may lend it wrong options: those of the same notes and of linked ones.

Who knows the words of a field but not its facts leaves out an option that plainly speaks of something else. So an
option must come from a note at or near the fact's own, and speak with the words of that note.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from tutor.note_links import links_between
from tutor.quiz.facts import Fact
from tutor.quiz.wording import bare
from tutor.topics import Key
from tutor.words import content_words, without_struck, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tutor.quiz.bank import Bank

# What sort of thing a name stands for, by the noun at its end or with which its meaning begins.
_NOUNS = {
    "model": """model network autoencoder transformer gan vae architecture classifier machine flow forest tree agent
        program library""",
    "part": "generator discriminator encoder decoder critic layer head block gate connection unit client server host",
    "measure": """number measure metric score loss distance divergence share rate probability entropy likelihood term
        penalty error bound value perplexity objective scale precision recall coverage fidelity diversity
        temperature cost price""",
    "distribution": "distribution prior posterior density",
    "method": """method rule process training learning sampling algorithm technique trick step procedure way operation
        search descent use tuning pretraining estimator estimation normalisation regularisation guidance decoding
        matching""",
    "fault": """failure problem fault collapse overfitting forgetting hallucination injection attack bias memorisation
        risk weakness""",
    "data": "data token vector text image sample list set space prompt picture code mask vocabulary embedding",
}
_ACT = re.compile(r"\w{3,}(?:ing|[ai]tion)$")
_HEAD = re.compile(r"\s+(?:of|in|for|with|from|to|on|by)\s+")
_MEANS = re.compile(r"\b(?:is|are)\s+(?:an?|the|one)\s+((?:[\w-]+\s+){0,3}?[\w-]+)", re.IGNORECASE)
_BEST = 3  # passages of a note whose likeness to a fact says how near the note is
_AS_NEAR = 0.04  # of cosine that a second note may be farther than the nearest and still be a home
_OFTEN, _AS_OFTEN = 3, 0.75

Notes = frozenset[str]
_SORTS = {words(noun)[0]: sort for sort, nouns in _NOUNS.items() for noun in nouns.split()}


class Homes:
    """Reads a bank for where its facts are at home.

    Args:
        bank: all facts, and the sentences that lend options alone.

    Attributes:
        nouns: the stems of words that tell what sort of thing a name stands for.
    """

    nouns = frozenset(_SORTS)

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self._sorts: dict[str, str] = {}

    def of(self, fact: Fact) -> Notes:
        """The notes on one topic that a fact is about: its own, or for a card or a row of a glossary the nearest; where
        no note is on one topic, the fact's own file."""
        return self._homes[self._bank.source_places[fact.id]]

    def around(self, fact: Fact) -> Notes:
        """A fact's homes and the notes that are linked to them."""
        own = self.of(fact)
        return own.union(*(self._linked.get(note, frozenset()) for note in own))

    def share(self, text: str, fact: Fact) -> float:
        """How much of what a text says a fact's homes say too, in [0, 1]: the share of its words, rare ones weighing
        more; 1 where it has none."""
        said = set(content_words(text))
        held = self._words_around(self.of(fact), fact)
        total = self._bank.terms.weight(said)
        return self._bank.terms.weight(said & held) / total if total else 1.0

    def names(self, text: str, fact: Fact, about: str) -> bool:
        """Whether a name is of the same sort as the one that a fact is about, or stands in the fact's homes; methods
        are of too many sorts."""
        if self.sort(about) not in ("", "method") and self.sort(text) == self.sort(about):
            return True
        return all(self.holds(fact, one.key) for one in self._bank.terms.places(text))

    def holds(self, fact: Fact, key: Key) -> bool:
        """Whether a thing is named in one of a fact's homes."""
        return any(key in self._counts[note] for note in self.of(fact) if note in self._counts)

    def sort(self, name: str) -> str:
        """What sort of thing a name stands for, one of those of `_NOUNS`; or empty."""
        if name not in self._sorts:
            self._sorts[name] = self._sort(name)
        return self._sorts[name]

    def _sort(self, name: str) -> str:
        head = _HEAD.split(bare(name))[0].split()[-1:]
        known = [_SORTS[word] for word in words(" ".join(head)) if word in _SORTS]
        if known or (head and _ACT.match(head[0])):
            return known[0] if known else "method"
        for one in self._bank.terms.places(name):
            term = self._bank.terms.by_key.get(one.key)
            found = _MEANS.search(term.meaning) if term else None
            known = [_SORTS[word] for word in words(found[1]) if word in _SORTS] if found else []
            if known:
                return known[0]
        return ""

    def alike(self, one: str, other: str, loosely: bool = False) -> bool:
        """Whether two names stand for the same sort of thing; loosely also where neither is a model or a measure."""
        sorts = {self.sort(one), self.sort(other)}
        return len(sorts) == 1 or (loosely and not sorts & {"model", "measure"})

    def near(self, fact: Fact) -> list[tuple[Fact, float]]:
        """The facts and sentences around a fact with the cosine of their passages, the nearest first."""
        import numpy as np

        bank, around = self._bank, self.around(fact)
        places = sorted({place for note in around for place in self._living.get(note, ())})
        if not places:
            return []
        own = bank.source_places[fact.id]
        cosines = bank.source_vectors[places] @ bank.source_vectors[own]
        order = np.argsort(-cosines, kind="stable")
        return [(bank.sources[places[n]], float(cosines[n])) for n in order if places[n] != own]

    def _words_around(self, notes: Notes, fact: Fact) -> frozenset[str]:
        own = content_words(f"{fact.question} {fact.key}")
        return frozenset(own).union(*(self._words.get(note, frozenset()) for note in notes))

    @cached_property
    def _homes(self) -> list[Notes]:
        import numpy as np

        bank = self._bank
        rows: dict[str, list[int]] = defaultdict(list)
        for row, passage in enumerate(bank.retriever.index.passages):
            if bank.scope.title_of(passage.note) and passage.kind != "code":
                rows[passage.note].append(row)
        if not rows:
            return [frozenset({fact.note}) for fact in bank.sources]
        notes = list(rows)
        vectors = bank.retriever.index.vectors([row for note in notes for row in rows[note]])
        ends = np.cumsum([len(rows[note]) for note in notes])[:-1]
        likeness = np.stack([self._likeness(part) for part in np.split(vectors, ends)], axis=1)
        found = []
        for fact, likes in zip(bank.sources, likeness, strict=True):
            own = [notes.index(fact.note)] if fact.note in rows else []
            naming = own or self._naming(fact, notes) or range(len(notes))
            likes = np.array([likes[n] if n in naming else -1.0 for n in range(len(notes))])
            near = np.flatnonzero(likes >= likes.max() - _AS_NEAR)[:2]
            found.append(frozenset(notes[n] for n in near))
        return found

    def _naming(self, fact: Fact, notes: Sequence[str]) -> list[int]:
        """The notes that name what a fact defines or asks about most; a few times are as good as many."""
        keys = {one.key for one in self._bank.terms.places(fact.term or fact.question)}
        counts = [sum(min(self._counts[note][key], _OFTEN) for key in keys) for note in notes]
        return [n for n, count in enumerate(counts) if count > 1 and count >= _AS_OFTEN * max(counts)]

    def _likeness(self, passages: NDArray[np.float32]) -> NDArray[np.float32]:
        """How near a note is to each source: the mean cosine of the best of its passages, by their vectors."""
        import numpy as np

        cosines = self._bank.source_vectors @ passages.T
        likes: NDArray[np.float32] = np.sort(cosines, axis=1)[:, -_BEST:].mean(axis=1)
        return likes

    @cached_property
    def _living(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for place, homes in enumerate(self._homes):
            for note in homes:
                found[note].append(place)
        return found

    @cached_property
    def _linked(self) -> dict[str, Notes]:
        found: dict[str, set[str]] = defaultdict(set)
        for link in links_between(self._bank.retriever.index.notes):
            found[link.source].add(link.target)
            found[link.target].add(link.source)
        return {note: frozenset(others) for note, others in found.items()}

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for passage in self._bank.retriever.index.passages:
            if passage.kind != "code":
                found[passage.note] += [" ".join(passage.heading), without_struck(passage.text.words)]
        return found

    @cached_property
    def _words(self) -> dict[str, frozenset[str]]:
        return {note: frozenset(content_words(" ".join(texts))) for note, texts in self._texts.items()}

    @cached_property
    def _counts(self) -> dict[str, Counter[Key]]:
        """How often each note names each thing."""
        names = self._bank.retriever.named
        return {
            note: Counter(one.key for text in texts for one in names.mentions(text))
            for note, texts in self._texts.items()
        }
