"""Whether a distractor is right too: the key by another name or in other words, or true of its subject."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from functools import cached_property, lru_cache

from tutor.lexicon import OPPOSITES, likeness
from tutor.quiz.items import plain
from tutor.retrieval import Retriever
from tutor.statements import subject_of_claim
from tutor.words import NEGATIONS, content_words, split_sentences, without_article, without_struck

_SAID = 0.74  # share of an option's weight that a sentence on the subject must say
_SAME = 0.62  # share of two options' weight in common from which on they say the same
_MEANS = 0.64  # cosine from which on two sentences mean the same
_SENTENCE = 5  # words from which on an option is a sentence and no name
_FEWEST = 2
_ACT = 4  # words of meaning that tell what is done with what
_SAME_OPTIONS = 0.5  # share of two options' weight in common from which on they are not apart
_READ = 12
_IS_A = re.compile(
    r"^\W*(?:\([^)]*\)\s*)?(?:is|are|was|were)\s+"
    r"(?:an?|the|one|families of|a family of|a (?:kind|type|form) of)\s+(?P<kind>[^,.;:]+?)"
    r"(?=\s+(?:that|which|whose|who|in which|in|of|for|with|by|from|to|on|made|built|trained|between)\b|[,.;:]|$)",
    re.IGNORECASE,
)
_PART_OF = re.compile(r"\s+(?:of|in|for|with|from|to|on|by)\s+")
_BRACKET = re.compile(r"\s*\([^()]*\)")

Stems = frozenset[str]
_like = lru_cache(maxsize=65536)(likeness)


@lru_cache(maxsize=16384)
def stems_of(text: str) -> Stems:
    """The stems of a text's meaning-bearing words."""
    return frozenset(content_words(text))


class SecondKeys:
    """Reads the notes for what they make true of a subject.

    Args:
        retriever: over the notes.
    """

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever
        self.names = lru_cache(maxsize=8192)(self._names)
        self.holders = lru_cache(maxsize=4096)(self._holders)
        self.vector = lru_cache(maxsize=4096)(retriever.embedding.embed_query)

    def reason(self, stem: str, key: str, option: str, subject: str, meaning: bool = True) -> str:
        """Why an option may be right too, in plain words; empty where nothing speaks for it.

        Args:
            subject: what the stem asks about, in words; empty where that cannot be told.
            meaning: whether to compare the two by the embedding model too, which takes its time.
        """
        if plain(key) == plain(option):
            return "it is the key"
        if self.same_thing(key, option):
            return "it is another name of the key"
        if self.alike(key, option) >= _SAME:
            return "it says what the key says"
        if subject and self.said_of(subject, option, stem):
            return "the notes say it of the same subject"
        return "it means what the key means" if meaning and self.mean_the_same(key, option) else ""

    def mean_the_same(self, key: str, option: str) -> bool:
        """Whether two sentences mean nearly the same, by the embedding model; of names it cannot tell."""
        if min(len(key.split()), len(option.split())) < _SENTENCE:
            return False
        return self.cosine(key, option) >= _MEANS

    def cosine(self, one: str, other: str) -> float:
        """How near two texts are in meaning, in [-1, 1]; each text is embedded once."""
        return float(self.vector(one) @ self.vector(other))

    def same_thing(self, one: str, other: str) -> bool:
        """Whether two names mean one thing, or one a kind of the other."""
        if len(one.split()) > 7 or len(other.split()) > 7:
            return False
        ours, theirs = self._names(_bare(one), 0.0), self._names(_bare(other), 0.0)
        return bool(ours & theirs) or self._is_kind(one, theirs) or self._is_kind(other, ours)

    def kin(self, one: str, other: str) -> bool:
        """Whether what is said of one subject may hold of the other: the same, a kind of it, or a part of its name."""
        ours, theirs = self.names(_bare(one)), self.names(_bare(other))
        if ours & theirs or self._is_kind(one, theirs) or self._is_kind(other, ours):
            return True
        split = [_PART_OF.split(_bare(name), maxsplit=1) for name in (one, other)]
        heads = [stems_of(parts[0]) for parts in split]
        # The network of a DDPM is one of a diffusion model.
        if (
            heads[0] == heads[1]
            and len(split[0]) == len(split[1]) == 2
            and self.kin(split[0][1], split[1][1])
        ):
            return True
        if not heads[0] & heads[1]:
            return False
        return any(a <= b or b <= a for a in ours for b in theirs if a and b)

    def has_kinds(self, name: str, fewest: int = 1) -> bool:
        """Whether the notes define so many other things as kinds of this one: what is said of it holds of them too."""
        return max((self._kinds_of[own] for own in self.names(_bare(name))), default=0) >= fewest

    @cached_property
    def _kinds_of(self) -> Counter[Stems]:
        return Counter(kind for kinds in self._is_a.values() for kind in kinds)

    def _is_kind(self, name: str, names: frozenset[Stems]) -> bool:
        return any(one <= kind for kind in self.kinds(name) for one in names)

    def _names(self, name: str, least: float = 1.0) -> frozenset[Stems]:
        """The stems of a name and of the other names of the thing, those for some settings only from `least` down."""
        own = frozenset(content_words(name))
        found = {own} if own else set()
        for concept in self._retriever.vocabulary.concepts(name):
            if frozenset(concept.own) == own:
                found |= {stems for stems, share in concept.others if share >= least}
        return frozenset(found)

    def kinds(self, name: str) -> frozenset[Stems]:
        """The names of what a thing is a kind of, up to the top, as the notes define it."""
        found: set[Stems] = set()
        fresh = set(self.names(_bare(name)))
        while fresh:
            above = {kind for own in fresh for kind in self._is_a.get(own, ())}
            fresh = above - found
            found |= above
        return frozenset(found)

    @cached_property
    def _is_a(self) -> dict[Stems, set[Stems]]:
        found: dict[Stems, set[Stems]] = defaultdict(set)
        for text in self._texts:
            subject = subject_of_claim(text)
            told = (
                _IS_A.match(text[text.find(subject) + len(subject) :])
                if subject and text.startswith(subject)
                else None
            )
            if told and len(subject.split()) <= 7:
                for own in self.names(_bare(subject)):
                    found[own] |= {kind for kind in self.names(_bare(told["kind"])) if kind != own}
        return found

    @cached_property
    def _texts(self) -> list[str]:
        """The sentences of the notes, code aside; a card's answer stands behind its question's words."""
        found: dict[str, None] = {}
        for passage in self._retriever.index.passages:
            if passage.kind == "code":
                continue
            words = without_struck(passage.text.words)
            found |= {words[begin:end]: None for begin, end in split_sentences(words)}
        return list(found)

    @cached_property
    def _bags(self) -> list[Stems]:
        return [frozenset(content_words(text)) for text in self._texts]

    @cached_property
    def _places(self) -> dict[str, set[int]]:
        found: dict[str, set[int]] = defaultdict(set)
        for place, bag in enumerate(self._bags):
            for stem in bag:
                found[stem].add(place)
        return found

    def _holders(self, subject: str) -> frozenset[int]:
        """The places of the sentences that name a subject, by one of its names."""
        found: set[int] = set()
        for names in self._ways(subject):
            sets = sorted((self._places.get(stem, set()) for stem in names), key=len)
            if sets:
                found |= set.intersection(*sets)
        return frozenset(found)

    def _ways(self, subject: str) -> Iterable[Stems]:
        """The subject's stems, each concept in it by any of its names."""
        ways: list[Stems] = [frozenset()]
        for concept in self._retriever.vocabulary.concepts(_bare(subject)):
            names = [frozenset(concept.own), *(stems for stems, share in concept.others if share == 1.0)]
            ways = [way | name for way in ways for name in names][:24]
        return ways

    def said_of(self, subject: str, option: str, stem: str) -> bool:
        """Whether a sentence of the notes that names the subject says what the option says."""
        told = stems_of(stem) | stems_of(subject)
        wanted = {word: self._retriever.idf(word) for word in content_words(option) if word not in told}
        total = sum(wanted.values())
        if len(wanted) < _FEWEST:
            return False
        near = []
        for place in self.holders(subject):
            direct = sum(weight for word, weight in wanted.items() if word in self._bags[place])
            near.append((direct, place))
        near.sort(key=lambda one: (-one[0], one[1]))
        for direct, place in near[:_READ]:
            if direct < 0.4 * total:
                break
            bag = self._bags[place]
            said = sum(
                w for word, w in wanted.items() if word in bag or any(_like(word, o) >= 0.8 for o in bag)
            )
            if said >= _SAID * total and self._negates(option) == self._negates(self._texts[place]):
                return True
        return False

    @staticmethod
    def _negates(text: str) -> bool:
        return bool(NEGATIONS & set(text.lower().replace("’", "'").split()))

    def alike(self, one: str, other: str) -> float:
        """How much of what two options say they share, in [0, 1]; opposites count against it."""
        ours, theirs = stems_of(one), stems_of(other)
        if not ours or not theirs:
            return 0.0
        if any(word in OPPOSITES.get(mine, ()) for mine in ours - theirs for word in theirs - ours):
            return 0.0
        one_way, other_way = self._covered(ours, theirs), self._covered(theirs, ours)
        shared = max(one_way, other_way) if min(len(ours), len(theirs)) > _FEWEST else 0.0
        return max((one_way + other_way) / 2, 0.8 * shared)

    def say_one_thing(self, one: str, other: str) -> bool:
        """Whether two options say nearly the same, or the same act of the same thing: "stores the weights with few
        bits"."""
        acts = [content_words(text)[:_ACT] for text in (one, other)]
        same_act = acts[0][:1] == acts[1][:1] and len(set(acts[0]) & set(acts[1])) > 1
        return len(one.split()) >= _SENTENCE and (same_act or self.alike(one, other) >= _SAME_OPTIONS)

    def _covered(self, wanted: Collection[str], have: Collection[str]) -> float:
        idf = self._retriever.idf
        said = sum(idf(w) for w in wanted if w in have or any(_like(w, other) >= 0.8 for other in have))
        return said / sum(map(idf, wanted))


def _bare(name: str) -> str:
    return without_article(_BRACKET.sub("", name)).strip(" .")
