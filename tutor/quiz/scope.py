"""What of the notes is on a topic: the facts that are about it, then those that name it; and which topics are near.

A topic is read as the things that it names and the other words around them: "evaluation of generative models" is the
thing "generative models" and the word "evaluation", and only what has both is on it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from difflib import SequenceMatcher
from functools import cached_property
from typing import TYPE_CHECKING

from tutor.chinese import CJK
from tutor.quiz.facts import Fact, is_everyday
from tutor.quiz.prose import misconception_in
from tutor.topics import Key
from tutor.words import STOPWORDS, content_words, split_sentences, stem

if TYPE_CHECKING:
    from tutor.quiz.bank import Bank

Unit = str | Key
Units = frozenset[Unit]
Levels = dict[int, list["Fact"]]

# How a fact belongs to a topic, the closest first; the last is in a note that its author marked with the topic.
IS, ASKS, WITHIN, NAMES, TAGGED = 5, 4, 3, 2, 1

_EMPTY = frozenset(
    stem(word)
    for word in "topic topics basics basic concept concepts idea ideas chapter section note notes thing things stuff "
    "question questions everything part parts subject general introduction overview definition definitions fundamentals"
    " main key important".split()
)
# Words that make no other topic of a name: "diffusion" and "diffusion models", "the EM algorithm" and "EM".
KIND = frozenset(
    stem(word)
    for word in "model method algorithm trick network architecture metric measure technique approach mechanism "
    "function process problem system theory".split()
)
_SEVERAL = re.compile(
    r"\s*(?:,|;|/|&|\+|、|，|\band\b|\bor\b|\bvs\.?|\bversus\b|和|与|跟|以及)\s*(?:\band\b\s*)?"
)
_FEW = 3
_OF = re.compile(r"\s+(?:of|for|in|on|with|from|by)\s+(?:an? |the )?", re.IGNORECASE)
# "Needs two network evaluations", "how many steps": what is counted is a step of some work and not what is spoken of.
_COUNTED = r"\b(?:\d[\d,.]*|one|two|three|four|five|ten|many|few|several) (?:[\w-]+ ){0,2}"
_FIGURE = re.compile(r"\bpa(?:y|ys|id|ying) (?:\w+ ){0,2}attention\b", re.IGNORECASE)
_VERB = re.compile(r"(?:e[sd]?|ing)$")
_PIECE = re.compile(r"[^\W_]+")
_BRACKET = re.compile(r"\s*\([^()]*\)")
# A phrase that names nothing of the notes is on the topic of what a search finds, where that is much like it.
_LIKE, _COVERED, _SHORTEST = 0.55, 0.5, 3
_LONG, _BEGINNING = 7, 5  # letters
_NEAR_COSINE, _NEAR_LETTERS = 0.5, 0.75
_MAIN = 6
_FEWEST_FACTS = 3


class Scope:
    """Finds the facts on topics.

    Args:
        bank: all facts.
    """

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self._names = bank.retriever.named
        self._read: dict[str, Units] = {}

    def levels(self, topic: str) -> Levels:
        """The facts on a topic in the student's words, by how they belong to it, those that are about it first; none
        where the notes are silent on it."""
        text = self.in_english(topic)
        mended = self._bank.retriever.read(text)
        return (
            self._levels(text)
            or self._levels(mended)
            or self._levels(self._kin(text))
            or self._described(text)
        )

    def names(self, topic: str, text: str) -> bool:
        """Whether a text names a topic, or one of the things that it consists of."""
        said = self.units(text)
        known = self.in_english(topic)
        return any(self.units(one) <= said for one in (known, *_SEVERAL.split(known)) if self.units(one))

    def in_english(self, topic: str) -> str:
        """The topic in English words, as far as they are known."""
        return (
            self._bank.retriever.vocabulary.in_english(topic).strip() if CJK.search(topic) else topic.strip()
        )

    def is_topic(self, topic: str, name: str) -> bool:
        """Whether a name is that of a topic, or of one of the things that it consists of."""
        known, own = self.in_english(topic), self.units(name)
        return bool(own) and any(self._same(self.units(one), own) for one in (known, *_SEVERAL.split(known)))

    def near(self, topic: str, n: int = 3) -> list[str]:
        """Titles and concepts that are much like a topic that the notes lack, the most alike first; often none."""
        text = self.in_english(topic)
        wanted = set(content_words(text)) - _EMPTY
        rare = {one for one in wanted if self._bank.retriever.knows(one)}
        scored: Counter[str] = Counter()
        for name in self.titles:
            own = set(content_words(name))
            shared = self._bank.terms.weight(rare & own) / max(1e-9, self._bank.terms.weight(wanted))
            spelt = max(
                (SequenceMatcher(None, one, other).ratio() for one in wanted for other in own), default=0.0
            )
            if shared >= 0.5 or (spelt >= _NEAR_LETTERS and len(wanted) == 1):
                scored[name] = round(1000 * max(shared, spelt))
        for hit in self._bank.retriever.search(text, k=10) if text else ():
            titled = self._by_note.get(hit.passage.note, "")
            if titled and hit.cosine >= _NEAR_COSINE:
                scored[titled] = max(scored[titled], round(1000 * hit.cosine))
        return [name for name, _ in scored.most_common(n)]

    def title_of(self, note: str) -> str:
        """The title of a note on one topic, without what stands in brackets; empty for decks, guides and glossaries."""
        return self._by_note.get(note, "")

    def main(self, n: int = _MAIN) -> list[str]:
        """The topics on which the notes say most."""
        counted = Counter(fact.concept for fact in self._bank.facts if fact.titled)
        return [_capital(_short(name)) for name, _ in counted.most_common(n)]

    @cached_property
    def titles(self) -> list[str]:
        """What a student may ask for: titles of notes on one topic, and concepts with several facts."""
        counted = Counter(fact.concept for fact in self._bank.facts if fact.titled)
        often = [name for name, count in counted.items() if count >= _FEWEST_FACTS]
        return list(dict.fromkeys(map(_short, (*self._by_note.values(), *often))))

    @cached_property
    def _by_note(self) -> dict[str, str]:
        """The titles of the notes that are about one topic: no decks, guides, glossaries and no notes in Chinese."""
        return {
            note.path: _short(note.title)
            for note in self._bank.retriever.index.notes
            if note.title
            and note.format in ("markdown", "notebook")
            and not CJK.search(note.title)
            and not re.match(r"(?:glossary|study guide|flashcards|index|readme)\b", note.title, re.IGNORECASE)
        }

    # -- how a fact belongs to a topic --------------------------------------------------------------------------

    def _levels(self, text: str) -> Levels:
        """The facts on a topic; on each of several things where the notes hold little on all at once."""
        if not text:
            return {}
        found = self._on(text)
        if _close(found) >= _FEW:
            return _grouped(found, self._bank)
        parts = [part for part in _SEVERAL.split(text) if part and self.units(part)]
        wider = map(self._on, parts) if len(parts) > 1 else (self._said_of(text), self._of_kind(text))
        for others in wider:
            for fact_id, level in others.items():
                found[fact_id] = max(level, found.get(fact_id, 0))
        return _grouped(found, self._bank)

    def _on(self, text: str) -> dict[str, int]:
        """The facts on what a text names by their ids, with how they belong there."""
        wanted = self.units(text)
        if not wanted:
            return {}
        keys = {one for one in wanted if not isinstance(one, str)}
        titles = {name for key in keys if (name := self._names.title(key))} if len(wanted) == 1 else set()
        titled, tagged = self._titled(text, wanted), self._tagged(wanted)
        found = {}
        for fact in self._bank.facts:
            level = self._level(fact, wanted, titles, keys)
            if level < WITHIN and fact.note in titled and self._is_on_part(fact, titled[fact.note]):
                level = WITHIN
            level = level or (TAGGED if fact.note in tagged else 0)
            if level:
                found[fact.id] = level
        return found

    def _said_of(self, text: str) -> dict[str, int]:
        """For "evaluation of GANs": what is on the first, of the notes that speak of the second."""
        head, *rest = _OF.split(text, maxsplit=1)
        if not rest or not self.units(head) or not (second := self.units(rest[0])):
            return {}
        found = {one: level for one, level in self._on(head).items() if level != NAMES}
        notes = {self._bank.by_id[one].note for one in found}
        spoken = {note for note in notes if note in self._by_note and second <= self.units(self._texts[note])}
        return {one: level for one, level in found.items() if self._bank.by_id[one].note in spoken}

    def _of_kind(self, text: str) -> dict[str, int]:
        """For a name of a kind, such as "loss function", of which the notes say little: what is on a "loss"."""
        bare = " ".join(word for word in text.split() if stem(word.lower()) not in KIND)
        if bare == text or not bare or not self._names.mentions(text):
            return {}
        return {one: level for one, level in self._on(bare).items() if level >= WITHIN}

    def _titled(self, text: str, units: Units) -> dict[str, int]:
        """The notes whose title holds a topic with a word for its kind, or a kind of the topic, with the place of that
        part: "evaluation" and "metrics" are the first part of "Evaluation metrics for generative models", and so is
        "RAG", by another name, of "Retrieval-augmented generation and tools"."""
        wanted = _in_order(text)
        found = dict[str, int]()
        for note, parts in self._parts_of_titles.items():
            for place, part in enumerate(parts):
                ends = part[-len(wanted) :] == wanted
                begins = part[: len(wanted)] == wanted and KIND.issuperset(part[len(wanted) :])
                if wanted and (ends or begins):
                    found.setdefault(note, place)
        # What many titles end with, such as "models", is the topic of none.
        found = found if len(found) <= _FEW or not KIND.issuperset(wanted) else {}
        return found | {note: 0 for note, name in self._first.items() if self._same(self.units(name), units)}

    def _is_on_part(self, fact: Fact, place: int) -> bool:
        """Whether a fact is on one of the several things that its note's title names: on the first if on no other."""
        if place == 0:
            return fact.note not in self._first or not self._is_on_second(fact)
        part = set(self._parts_of_titles[fact.note][place])
        return not part.isdisjoint(_in_order(" ".join((*fact.heading[-1:], fact.question, fact.key))))

    @cached_property
    def _parts_of_titles(self) -> dict[str, list[tuple[str, ...]]]:
        """The stems of each thing that a note's title names, up to what is said of them."""
        heads = {note: _OF.split(title, maxsplit=1)[0] for note, title in self._by_note.items()}
        return {note: [_in_order(part) for part in _SEVERAL.split(head)] for note, head in heads.items()}

    def _tagged(self, wanted: Units) -> set[str]:
        """The notes on one topic whose author marked them with a topic that is no name, as "evaluation": a note that is
        marked with a name, as "FID", speaks of that among others."""
        said = {wanted, _bare(wanted)} if len(wanted) == 1 else {wanted}
        return {note for note, tags in self._tags.items() if not said.isdisjoint(tags)}

    @cached_property
    def _tags(self) -> dict[str, set[Units]]:
        """The tags of the notes on one topic that are no names."""
        read = {note.path: map(self.units, _words_of(note.tags)) for note in self._bank.retriever.index.notes}
        return {
            note: {tag for tag in tags if all(isinstance(one, str) for one in tag)}
            for note, tags in read.items()
            if note in self._by_note
        }

    @cached_property
    def _texts(self) -> dict[str, str]:
        """The notes on one topic, whole."""
        found: dict[str, list[str]] = {note: [] for note in self._by_note}
        for passage in self._bank.retriever.index.passages:
            found.get(passage.note, []).append(passage.text.words)
        return {note: "\n".join(texts) for note, texts in found.items()}

    def _level(self, fact: Fact, wanted: Units, titles: Collection[str], keys: Collection[Key]) -> int:
        places = self._places(fact)
        # What a note is on need not be said in each question: "the discriminator" in a note on GANs.
        around = self.units(f"{fact.concept}. {fact.title}") if len(wanted) > 1 else frozenset[Unit]()
        said = wanted - around
        named = bool(said) and set(keys) - around <= self._bank.named[fact.id]
        # A card of a deck is filed under what it names anywhere; it is about that where its question names it.
        filed = (
            fact.note in self._by_note or not fact.question or (named and said <= self.units(fact.question))
        )
        if fact.titled and fact.concept in titles and filed:
            return IS
        if any(self._same(self.units(place), wanted) for place in places):
            return IS
        asks = named and fact.question and said <= self._spoken_of(fact.question, said)
        if asks and self._opens(fact.question, wanted):
            return ASKS
        if any(wanted <= self.units(place) for place in places if not _SEVERAL.search(place)):
            return WITHIN
        shown = fact.key if is_everyday(fact) else _shown(fact)
        return NAMES if asks or (named and said <= self._spoken_of(shown, said)) else 0

    def _spoken_of(self, text: str, wanted: Units) -> Units:
        """The units of a text, without figures of speech and wanted words without a name that only count something."""
        text = _FIGURE.sub(" ", text)
        words = [one for one in wanted if isinstance(one, str)]
        counted = [one for one in words if re.search(rf"{_COUNTED}{re.escape(one)}", text, re.IGNORECASE)]
        return self.units(text) - frozenset(counted)

    def _opens(self, question: str, wanted: Units) -> bool:
        """Whether the first thing that a question names is the topic: "How many tokens has the text of a prompt?"."""
        first = next(iter(self._names.mentions(question)), None)
        return len(wanted) > 1 or first is None or first.key in wanted

    def _places(self, fact: Fact) -> list[str]:
        """What stands over a fact and says what it is about."""
        headings = fact.heading if fact.entry is None else fact.heading[-1:]
        own = self._by_note.get(fact.note, "")
        concept = fact.concept if fact.titled and own else ""
        return [one for one in (fact.term, *headings, concept, own) if one]

    def _is_on_second(self, fact: Fact) -> bool:
        """Whether a fact of a note on several things, such as "RAG and tools", says or stands under a word of another
        than the first."""
        others = _SEVERAL.split(self._by_note[fact.note])[1:]
        said = " ".join((*fact.heading[-1:], fact.question, fact.key))
        return not set(content_words(" ".join(others))).isdisjoint(content_words(said))

    @cached_property
    def _first(self) -> dict[str, str]:
        """The first of the several things that the titles of some notes name."""
        parts = {note: _SEVERAL.split(title) for note, title in self._by_note.items()}
        return {note: names[0] for note, names in parts.items() if len(names) > 1}

    def _same(self, one: Units, other: Units) -> bool:
        """Whether two names differ in nothing but the kind of thing that they call it."""
        return one == other or _bare(one) == _bare(other) != frozenset()

    def units(self, text: str) -> Units:
        """The things that a text names, and its other words of meaning as stems."""
        if text not in self._read:
            rest, found = text, set[Unit]()
            for mention in reversed(self._names.mentions(text)):
                found.add(mention.key)
                rest = f"{rest[: mention.begin]} {rest[mention.end :]}"
            stems = (one.replace("iz", "is") for one in content_words(rest))
            self._read[text] = frozenset(found | {one for one in stems if one not in _EMPTY})
        return self._read[text]

    def _kin(self, text: str) -> str:
        """A topic with each word that names nothing as a word of a name that begins like it: token for tokenization;
        and a verb as its noun: the evaluation of something for evaluating it."""

        def kin(found: re.Match[str]) -> str:
            word = found[0].lower()
            if len(word) < _LONG or stem(word) in self._named_words:
                return found[0]
            noun = f"{_VERB.sub('', word)}ion"
            if stem(noun) in self._named_words:
                return f"{noun} of" if text[found.end() :].strip() else noun
            like = [one for one in self._named_words if len(one) >= _BEGINNING and word.startswith(one)]
            return max(like, key=len, default=found[0])

        told = re.sub(r"[A-Za-z]+", kin, text)
        return told if told != text else ""

    @cached_property
    def _named_words(self) -> frozenset[str]:
        terms = (name for term in self._bank.terms.by_key.values() for name in (term.name, *term.others))
        return frozenset(stem for name in (*self.titles, *terms) for stem in content_words(name))

    def _described(self, text: str) -> Levels:
        """What a search finds for a topic that is told in several common words."""
        if len(content_words(text)) < _SHORTEST or self._bank.retriever.is_strange(text):
            return {}
        found = self._bank.like(text, _LIKE, _COVERED)
        return {WITHIN: found} if found else {}


def _shown(fact: Fact) -> str:
    """What questions on a fact show of it: the mistake that it corrects, else its question and its first sentence."""
    begins = slice(*split_sentences(fact.key)[0]) if fact.key else slice(0)
    return misconception_in(fact) or f"{fact.question} {fact.key[begins]}"


def _words_of(tags: Collection[str]) -> list[str]:
    return [tag.replace("-", " ") for tag in tags]


def _close(found: Mapping[str, int]) -> int:
    return sum(level >= WITHIN for level in found.values())


def _in_order(text: str) -> tuple[str, ...]:
    """The stems of the words of a text in their order, without those that say nothing of a topic."""
    stems = (stem(piece.lower()).replace("iz", "is") for piece in _PIECE.findall(text))
    return tuple(one for one in stems if one not in STOPWORDS and one not in _EMPTY)


def _grouped(found: Mapping[str, int], bank: Bank) -> Levels:
    groups = {
        level: [fact for fact in bank.facts if found.get(fact.id) == level]
        for level in (IS, ASKS, WITHIN, NAMES, TAGGED)
    }
    return {level: group for level, group in groups.items() if group}


def _bare(units: Units) -> frozenset[str]:
    stems = {stem for one in units for stem in ((one,) if isinstance(one, str) else one)}
    return frozenset(stems - KIND - STOPWORDS)


def _short(title: str) -> str:
    return _BRACKET.sub("", title).strip()


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def flat(levels: Levels, enough: int) -> list[Fact]:
    """The facts of the closest groups, as many of these as it takes to have enough."""
    found: list[Fact] = []
    for group in levels.values():
        if len(found) < enough:
            found += group
    return found
