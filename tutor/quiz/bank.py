"""The facts of an opened library: by id, by topic, and how near they are to each other in meaning."""

from __future__ import annotations

import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from tutor.quiz.assertions import claim_of, reason_of
from tutor.quiz.facts import Fact, facts_of, is_everyday
from tutor.quiz.homes import Homes
from tutor.quiz.prose import misconception_in, prose_facts, stated
from tutor.quiz.scope import Scope
from tutor.quiz.second_keys import SecondKeys
from tutor.quiz.shapes import Answer, answer_of, defined_term, definition_of, shortened
from tutor.quiz.terms import Terms
from tutor.quiz.wording import bare, statement_of, statements_of
from tutor.retrieval import Retriever
from tutor.topics import Key
from tutor.words import content_words, without_article, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_HITS = 40
_NEIGHBOURS = 5
_NEIGHBOUR = 0.4
_FEW_UNITS = 4
_RARE = 0.35  # how rare a name must be in the notes, so that "image" is none
_OF = re.compile(r" of (?:an?|the|each|every) ")


def _longest_first(units: Collection[str | Key]) -> tuple[int, list[str]]:
    """Sorts names by how many words they have."""
    stems = sorted(word for one in units for word in ((one,) if isinstance(one, str) else one))
    return -len(stems), stems


def _in_a_row(text: str) -> str:
    """The stems of a text with a space around each, so that a name is looked for as a part of it."""
    return f" {' '.join(words(text))} "


class Bank:
    """The facts of the notes that a retriever searches.

    Attributes:
        facts: every fact once, in the order of the notes.
        falsehoods: what is false of facts by their ids, as far as it was looked for (`tutor.quiz.falsehoods`).
    """

    def __init__(self, retriever: Retriever) -> None:
        self.retriever = retriever
        found: dict[str, Fact] = {}
        for note in retriever.index.notes:
            asked = facts_of(note, retriever.named)
            bare = not any(fact.entry or fact.heading for fact in asked)
            for fact in (*asked, *prose_facts(note, retriever.named, bare)):
                found.setdefault(fact.id, fact)
        self.facts = tuple(found.values())
        self.falsehoods: dict[str, str] = {}
        self._meanings: dict[str, frozenset[str | Key]] = {}
        self._rows: dict[tuple[str, ...], int] = {}
        for row, passage in enumerate(retriever.index.passages):
            self._rows.setdefault((passage.note, *passage.heading), row)
        self.facts = tuple(self._filed())

    def _filed(self) -> Iterator[Fact]:
        """The facts; one that names no concept goes where most of the facts near to it are filed."""
        named = [row for row, fact in enumerate(self.facts) if fact.titled]
        for row, fact in enumerate(self.facts):
            if fact.titled or not named:
                yield fact
                continue
            cosines = self.vectors[named] @ self.vectors[row]
            near = [place for place in cosines.argsort()[::-1][:_NEIGHBOURS] if cosines[place] >= _NEIGHBOUR]
            found = Counter(self.facts[named[place]].concept for place in near)
            yield replace(fact, concept=found.most_common(1)[0][0]) if found else fact

    @cached_property
    def sources(self) -> tuple[Fact, ...]:
        """The facts, and after them the other sentences of the notes, which lend wrong options and are never asked."""
        found = {fact.id: fact for fact in self.facts}
        for note in self.retriever.index.notes:
            for fact in stated(note, self.retriever.named):
                if (fact.note, *fact.heading) in self._rows:
                    found.setdefault(fact.id, fact)
        return tuple(found.values())

    @cached_property
    def source_places(self) -> dict[str, int]:
        """The row of each source's vector in `source_vectors`."""
        return {fact.id: row for row, fact in enumerate(self.sources)}

    @cached_property
    def source_vectors(self) -> NDArray[np.float32]:
        """The unit vectors of the passages in which the sources stand, [sources, dimension]."""
        import numpy as np

        rows = [self._row(fact) for fact in self.sources]
        return self.retriever.index.vectors(rows) if rows else np.zeros((0, 1), np.float32)

    @cached_property
    def homes(self) -> Homes:
        """Where each source is at home."""
        return Homes(self)

    @cached_property
    def by_id(self) -> dict[str, Fact]:
        """The facts by their id."""
        return {fact.id: fact for fact in self.facts}

    @cached_property
    def answers(self) -> dict[str, Answer]:
        """The facts' answers as options would show them, by the fact's id."""
        expand = self.retriever.vocabulary.expand
        found = {}
        for fact in self.facts:
            told = frozenset(content_words(expand(fact.question)))
            answer = answer_of(fact, told) if fact.question else definition_of(fact)
            if answer:
                found[fact.id] = answer
        return found

    @cached_property
    def _statements(self) -> dict[str, list[str]]:
        """The sentences of each fact that stand alone, by the fact's id."""
        return {fact.id: statements_of(fact) for fact in self.sources}

    @cached_property
    def claims(self) -> dict[str, Answer]:
        """What each source says of one thing, "it" in the place of the thing, by the source's id."""
        found = {fact.id: self._claim(self._statements[fact.id]) for fact in self.sources}
        return {fact_id: claim for fact_id, claim in found.items() if claim is not None}

    @cached_property
    def misconceived(self) -> dict[str, Answer]:
        """What students wrongly say of one thing, in the same form, by the id of the fact that corrects it."""
        said = {fact.id: misconception_in(fact) for fact in self.facts}
        found = {fact_id: self._claim([words]) for fact_id, words in said.items() if words}
        return {fact_id: claim for fact_id, claim in found.items() if claim is not None}

    def _claim(self, statements: Sequence[str]) -> Answer | None:
        for statement in statements:
            opening = [one.end for one in self.terms.places(statement) if one.begin <= len("The ")]
            claim = claim_of(statement, statement[: max(opening, default=0)])
            if claim is not None:
                return claim
        return None

    @cached_property
    def parts(self) -> frozenset[Key]:
        """The keys of the terms that the notes give to another thing, as in "the decoder of a VAE"."""
        return frozenset(
            one.key
            for statements in self._statements.values()
            for statement in statements
            for one in self.terms.places(statement)
            if _OF.match(statement[one.end :])
        )

    def may_be_part(self, name: str) -> bool:
        """Whether the notes speak of what a name stands for as of a part or property of another thing."""
        return any(one.key in self.parts for one in self.terms.places(name))

    @cached_property
    def reasons(self) -> dict[str, Answer]:
        """What each fact gives a reason for, as the subject, and the reason, by the fact's id."""
        return self._read(reason_of)

    @cached_property
    def replies(self) -> dict[str, Answer]:
        """What answers each question in a beginner's words, as a whole sentence, by the fact's id."""
        told = {fact.id: statement_of(fact) for fact in self.facts if is_everyday(fact)}
        found = {
            fact_id: shortened("whole", "", words, "other", ()) for fact_id, words in told.items() if words
        }
        return {fact_id: answer for fact_id, answer in found.items() if answer is not None}

    def _read(self, read: Callable[[str], Answer | None]) -> dict[str, Answer]:
        found = {
            fact.id: next(filter(None, map(read, self._statements[fact.id])), None) for fact in self.sources
        }
        return {fact_id: answer for fact_id, answer in found.items() if answer is not None}

    @cached_property
    def definitions(self) -> dict[str, tuple[str, Answer]]:
        """The term and what is said of it, for each fact that defines one, by the fact's id."""
        found = {}
        for fact in self.facts:
            term = defined_term(fact)
            answer = definition_of(fact) if term else None
            if answer:
                found[fact.id] = term, answer
        return found

    def meaning(self, fact: Fact) -> frozenset[str | Key]:
        """What a fact says as stems and names, all names of one thing counting as one; a key of few words says it
        with its question."""
        if fact.id not in self._meanings:
            said = self.units(fact.key)
            short = len(said) < _FEW_UNITS
            self._meanings[fact.id] = said | self.units(fact.question) if short else said
        return self._meanings[fact.id]

    def units(self, text: str) -> frozenset[str | Key]:
        """The words of meaning of a text as stems, and what it names, all names of one thing counting as one."""
        rest, keys, at = [], set[Key](), 0
        for one in sorted(self.retriever.named.mentions(text), key=lambda mention: mention.begin):
            if one.begin >= at:
                rest.append(text[at : one.begin])
                keys.add(one.key)
                at = one.end
        return frozenset((*content_words(" ".join((*rest, text[at:]))), *keys))

    def defined(self, fact: Fact) -> frozenset[str | Key]:
        """The `units` of what a fact defines, the same for all its names; empty where it defines nothing."""
        return self.units(defined_term(fact))

    @cached_property
    def _defining(self) -> dict[frozenset[str | Key], list[Fact]]:
        found: dict[frozenset[str | Key], list[Fact]] = defaultdict(list)
        for fact in self.facts:
            if units := self.defined(fact):
                found[units].append(fact)
        return found

    def facts_defining(self, text: str) -> list[Fact]:
        """The facts that define something that a text names, those of longer names first.

        A name of several units stands in the text as it is written: features that somehow match are no "feature
        matching".
        """
        said, row = self.units(text), _in_a_row(text)
        names = sorted((one for one in self._defining if one <= said), key=_longest_first)
        found = (fact for name in names for fact in self._defining[name])
        return [fact for fact in found if len(self.defined(fact)) < 2 or _in_a_row(defined_term(fact)) in row]

    def statements(self, fact: Fact) -> list[str]:
        """The sentences of a fact that stand alone."""
        return self._statements[fact.id]

    def lent(self, fact: Fact) -> tuple[Answer, ...]:
        """What a source may lend to the question of another as a wrong option: the answer to its own question, what it
        says of one thing and what it gives a reason for."""
        own = self.answers.get(fact.id) if fact.question or fact.term else None
        found = (own, self.claims.get(fact.id), self.reasons.get(fact.id))
        return tuple(answer for answer in found if answer is not None)

    def said_of(self, fact: Fact) -> tuple[str, Answer] | None:
        """A name and what a source says of the thing: a definition, or a sentence about no more than the thing."""
        claim = None if fact.id in self.by_id else self.claims.get(fact.id)
        if claim is None:
            return self.definitions.get(fact.id)
        name = without_article(bare(claim.subject))
        whole = any((one.begin, one.end) == (0, len(name)) for one in self.terms.places(name))
        return (name, claim) if whole and self.terms.rarity(content_words(name)) >= _RARE else None

    @cached_property
    def second_keys(self) -> SecondKeys:
        """What the notes make true of a subject."""
        return SecondKeys(self.retriever)

    @cached_property
    def places(self) -> dict[str, int]:
        """The row of each fact's vector in `vectors`."""
        return {fact.id: row for row, fact in enumerate(self.facts)}

    @cached_property
    def scope(self) -> Scope:
        """What is on a topic."""
        return Scope(self)

    @cached_property
    def terms(self) -> Terms:
        """The things that the notes have names for."""
        return Terms(self.retriever)

    @cached_property
    def named(self) -> dict[str, frozenset[Key]]:
        """The things that each fact names, by the fact's id."""
        names = self.retriever.named
        return {
            fact.id: frozenset(mention.key for mention in names.mentions(f"{fact.question} {fact.key}"))
            for fact in self.facts
        }

    @cached_property
    def concepts(self) -> frozenset[str]:
        """What the facts are about."""
        return frozenset(fact.concept for fact in self.facts)

    @cached_property
    def concepts_naming(self) -> dict[Key, frozenset[str]]:
        """For each thing that facts name, what these facts are about."""
        found: dict[Key, set[str]] = defaultdict(set)
        for fact in self.facts:
            for key in self.named[fact.id]:
                found[key].add(fact.concept)
        return {key: frozenset(concepts) for key, concepts in found.items()}

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """The unit vectors of the passages in which the facts stand, [facts, dimension]."""
        import numpy as np

        rows = [self._row(fact) for fact in self.facts]
        return self.retriever.index.vectors(rows) if rows else np.zeros((0, 1), np.float32)

    def _row(self, fact: Fact) -> int:
        key = (fact.note, *fact.heading)
        return self._rows[(*key, fact.entry.question.words) if fact.entry else key]

    def nearest(self, fact: Fact) -> list[tuple[Fact, float]]:
        """All other facts with the cosine of their passages, the nearest first."""
        cosines = self.vectors @ self.vectors[self.places[fact.id]]
        order = sorted(range(len(self.facts)), key=lambda row: -float(cosines[row]))
        return [(self.facts[row], float(cosines[row])) for row in order if self.facts[row].id != fact.id]

    def near(self, fact: Fact, n: int) -> list[tuple[Fact, float]]:
        """The n nearest facts with the cosine of their passages, the nearest first."""
        import numpy as np

        cosines = self.vectors @ self.vectors[self.places[fact.id]]
        order = np.argsort(-cosines, kind="stable")[: n + 1]
        return [(self.facts[row], float(cosines[row])) for row in order if self.facts[row].id != fact.id][:n]

    def cosine(self, one: Fact, two: Fact) -> float:
        """The cosine of the passages of two facts; 0 where both stand in the prose of one, which is like neither."""
        if one.entry is None and two.entry is None and (one.note, one.heading) == (two.note, two.heading):
            return 0.0
        return float(self.vectors[self.places[one.id]] @ self.vectors[self.places[two.id]])

    def like(self, text: str, cosine: float, coverage: float) -> list[Fact]:
        """The facts that a search finds for a text, the best first, that are alike enough to it.

        Args:
            cosine: of the text and the fact's passage, at least.
            coverage: the share of the text's words that the passage names, at least.
        """
        hits = self.retriever.search(text, k=_MOST_HITS, kinds={"card", "quiz"})
        places = {self._row(fact): fact for fact in self.facts}
        rows = {passage.id: row for row, passage in enumerate(self.retriever.index.passages)}
        near = (hit for hit in hits if hit.cosine >= cosine and hit.coverage >= coverage)
        found = (places.get(rows[hit.passage.id]) for hit in near)
        return list({fact.id: fact for fact in found if fact is not None}.values())


class SharedBank:
    """A bank that is made when it is first asked for, once, whichever threads ask at the same time.

    Attributes:
        has_asked: whether questions were made of it, so that what every quiz needs was read out of the notes.
    """

    def __init__(self, make: Callable[[], Bank]) -> None:
        self._make = make
        self._made: Bank | None = None
        self._lock = threading.Lock()
        self.has_asked = False

    def __call__(self) -> Bank:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


def once(make: Callable[[], Bank]) -> SharedBank:
    """The bank that `make` gives, made once; `make` itself where it is shared already."""
    return make if isinstance(make, SharedBank) else SharedBank(make)
