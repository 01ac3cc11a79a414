"""Query -> ranked passages: dense and lexical search, fused; and whether the notes answer the question at all.

Dense search finds other words for the same thing, lexical search finds names, symbols and rare terms that the
embedding model never learned. The fused score is 0.65 cosine + 0.3 coverage + 0.05 BM25 share, each in [0, 1]:
coverage is the share of the query's concepts, weighted by how rare their words are in the notes, that the passage
names in one way or another.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from tutor.chinese import CJK
from tutor.coverage import Wanted, coverage_of, held, terms, with_forms
from tutor.embedding import Embedding
from tutor.gate import ASKING, DEFINES, FITTED, Asked, Found, Lexicon, Measures, build_lexicon, measure
from tutor.index import Index
from tutor.passages import Passage
from tutor.saved_chats import copies_in
from tutor.topics import read_topics
from tutor.vocabulary import Concept, read_vocabulary
from tutor.words import content_words, plain_greek, split_sentences, stem, symbols, without_struck, zipf

if TYPE_CHECKING:
    import numpy as np
    from langchain_core.retrievers import BaseRetriever
    from numpy.typing import NDArray

_CANDIDATES = 40
_FEW = 400
_OPENING = 6  # words
_NUMBERED_NAME = re.compile(r"\b[A-Za-z]{3,}(?:\d+[A-Za-z]*|-\d+)\b")
_STANDS_ALONE = 0.65  # the cosine with its nearest passage from which on a question is taken to stand alone
# The coverage below which a Chinese question without a known word has nothing to do with a passage.
_FOREIGN = 0.6
# More runs of Chinese than this in one passage make its note one in Chinese; a name or two do not.
_CHINESE_RUNS = 4
# What a note has beyond this share of the places stands back for passages of others that are not much worse.
_MOST_OF_A_NOTE = 0.5
_STANDS_BACK = 0.6


@dataclass(frozen=True)
class Hit:
    """A retrieved passage.

    Attributes:
        score: the fused score, in [0, 1].
        cosine: similarity of question and passage vectors, in [-1, 1].
        coverage: weighted share of the question's words that the passage holds, in [0, 1].
    """

    passage: Passage
    score: float
    cosine: float
    coverage: float


@dataclass(frozen=True)
class Answerable:
    """Whether the notes cover a question, how probably, and the measures behind the verdict."""

    verdict: bool
    probability: float
    measures: Measures
    unknown: tuple[str, ...]


class Retriever:
    """Searches an opened index.

    Args:
        index: an opened generation.
        embedding: the model that the index was built with.
    """

    def __init__(self, index: Index, embedding: Embedding) -> None:
        self.index = index
        self.embedding = embedding
        texts = [without_struck(p.embedded_text) for p in index.passages]
        found_words = [terms(text) for text in texts]
        self._sets = [frozenset(found) for found in found_words]
        counts = Counter(word for found in self._sets for word in found)
        total = max(1, len(texts))
        self._idf = {word: math.log(1 + (total - n + 0.5) / (n + 0.5)) for word, n in counts.items()}
        self._idf_unknown = math.log(1 + (total + 0.5) / 0.5)
        self.vocabulary = read_vocabulary(index.notes, texts)
        self.named = read_topics(index.notes, self.vocabulary, index.passages, self._sets)
        self._bm25 = _build_bm25(found_words)
        # Search, ranking and gate ask for the same question: it is embedded and weighed once.
        self._embed_once = lru_cache(maxsize=64)(embedding.embed_query)
        self._wanted = lru_cache(maxsize=64)(self._weigh_words)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words of the notes."""
        own = [
            p
            for p in self.index.passages
            if p.kind != "code" and "references" not in map(str.lower, p.heading)
        ]
        return build_lexicon(
            [without_struck(p.text.words) for p in own],
            self._idf.keys(),
            self.vocabulary.long_forms,
            zipf,
        )

    @cached_property
    def chinese_notes(self) -> frozenset[str]:
        """The notes that hold more than a word of Chinese."""
        counts = Counter(
            p.note for p in self.index.passages if len(CJK.findall(p.text.words)) > _CHINESE_RUNS
        )
        return frozenset(counts)

    @cached_property
    def copies(self) -> frozenset[str]:
        """Ids of the passages that only repeat other notes; they are not found."""
        return copies_in(self.index.passages, self.index.notes)

    def idf(self, word: str) -> float:
        """How rare a stem is in the notes; a word that they never use is the rarest."""
        return self._idf.get(word, self._idf_unknown)

    def knows(self, word: str) -> bool:
        """Whether a stem occurs in the notes."""
        return word in self._idf

    def search(
        self,
        query: str,
        k: int = 5,
        kinds: Collection[str] | None = None,
        notes: Collection[str] | None = None,
        context: str = "",
    ) -> list[Hit]:
        """The k best passages, best first.

        Args:
            kinds, notes: the only ones that may be found, when given.
            context: what the query may lean on. The less alike the nearest passage is to the query alone, the more
                the likeness to the context counts.
        """
        if not self.index.passages or not query.strip():
            return []
        query = self.read(query)
        return self.rank(query, self.embed(query), k, kinds, notes, self.read(context))

    def read(self, query: str) -> str:
        """A question in the words of the notes: slips mended, Greek letters by name."""
        return self.lexicon.mend(plain_greek(query))

    def embed(self, query: str) -> NDArray[np.float32]:
        """A question -> unit vector [dimension]; Chinese is put into English and acronyms are spelt out first."""
        return self._embed_once(self.vocabulary.spell_out(self.vocabulary.in_english(query)))

    def rank(
        self,
        query: str,
        vector: NDArray[np.float32],
        k: int,
        kinds: Collection[str] | None = None,
        notes: Collection[str] | None = None,
        context: str = "",
    ) -> list[Hit]:
        """As `search`, for a query whose vector [dimension] is known."""
        allowed = None
        if kinds is not None or notes is not None:
            allowed = [
                row
                for row, passage in enumerate(self.index.passages)
                if (kinds is None or passage.kind in kinds) and (notes is None or passage.note in notes)
            ]
        found = self._scored(query, vector, allowed)
        if context:
            found = self._with_context(found, query, vector, context, allowed)
        own = (pair for pair in found.items() if pair[1].passage.id not in self.copies)
        hits = [hit for _, hit in sorted(own, key=lambda pair: (-pair[1].score, pair[0]))]
        return hits[:k] if notes is not None else _spread(hits, k)

    def _scored(
        self,
        query: str,
        vector: NDArray[np.float32],
        allowed: Sequence[int] | None,
        more: Collection[int] = (),
    ) -> dict[int, Hit]:
        """Position -> the passage with its score, for the best by each search, and for `more`; as `_nearest`."""
        lexical = self._lexical(query)
        cosines = self._nearest(vector, allowed)
        rows = [*_best(lexical, allowed), *more]
        cosines |= self.index.cosines(vector, [row for row in dict.fromkeys(rows) if row not in cosines])
        if CJK.search(query):
            cosines = self._with_chinese(query, vector, cosines, allowed)
        wanted = self._wanted(query)
        hits = {}
        for row, cosine in cosines.items():
            coverage = coverage_of(wanted, self._sets[row])
            score = 0.65 * max(0.0, cosine) + 0.3 * coverage + 0.05 * float(lexical[row])
            hits[row] = Hit(self.index.passages[row], score, cosine, coverage)
        return hits

    def _nearest(self, vector: NDArray[np.float32], allowed: Sequence[int] | None) -> dict[int, float]:
        """Position -> cosine of the nearest passages; where few are allowed, of each of them."""
        if allowed is None:
            return dict(self.index.query(vector, _CANDIDATES))
        if len(allowed) <= _FEW:
            return self.index.cosines(vector, allowed)
        held = set(allowed)
        return {row: cosine for row, cosine in self.index.query(vector, _FEW) if row in held}

    def _with_chinese(
        self,
        query: str,
        vector: NDArray[np.float32],
        cosines: dict[int, float],
        allowed: Sequence[int] | None,
    ) -> dict[int, float]:
        """The cosines with a Chinese query: as it is typed with Chinese passages, in English words with all others."""
        typed = self._embed_once(query)
        near = self._nearest(typed, allowed)
        near |= self.index.cosines(typed, [row for row in cosines if row not in near])
        cosines = cosines | self.index.cosines(vector, [row for row in near if row not in cosines])
        return {
            row: max(cosine, near[row]) if CJK.search(self.index.passages[row].text.words) else cosine
            for row, cosine in cosines.items()
        }

    def _with_context(
        self,
        found: dict[int, Hit],
        query: str,
        vector: NDArray[np.float32],
        context: str,
        allowed: Sequence[int] | None,
    ) -> dict[int, Hit]:
        """The hits for a query that may lean on what was said before: a weighted mean of both scores."""
        nearest = max((hit.cosine for hit in found.values()), default=0.0)
        weight = min(1.0, max(0.0, (_STANDS_ALONE - nearest) / 0.2))
        if weight == 0.0:
            return found
        near = self._scored(context, self.embed(context), allowed, found)
        own = self._scored(query, vector, allowed, near)
        return {
            row: replace(hit, score=(own[row].score + weight * hit.score) / (1 + weight))
            for row, hit in near.items()
            if row in own
        }

    def answerable(self, query: str, hits: Sequence[Hit], sentences: Sequence[Found]) -> Answerable:
        """Whether the passages found for a question answer it.

        Args:
            sentences: the sentences of these passages under their headings, with their cosines.
        """
        measures = self.measures(query, hits, sentences)
        unknown = tuple(word for word in dict.fromkeys(content_words(query)) if not self.knows(word))
        probability = FITTED.probability(measures)
        likely = probability >= 0.5 or self._is_defined(query, hits)
        strange = self._names_a_stranger(query) or self._is_foreign(query, hits)
        verdict = bool(hits) and likely and not strange
        return Answerable(verdict, probability, measures, unknown)

    def _is_defined(self, query: str, hits: Sequence[Hit]) -> bool:
        """Whether "what is X" is asked and a sentence that was found opens with X: "ELBO (for VAEs): ...", "X is ...".

        A short question gives likeness little to go by, and notes define a term in few words.
        """
        query = self.read(query)
        if not DEFINES.search(self.vocabulary.in_english(query)) or self.is_strange(query):
            return False
        wanted = [concept for _, concept in self._asked_about(query)]
        if not 0 < len(wanted) <= 2:
            return False
        texts = (without_struck(hit.passage.text.words) for hit in hits)
        openings = (
            terms(" ".join(text[a:b].split()[:_OPENING])) for text in texts for a, b in split_sentences(text)
        )
        return any(all(held(concept, set(opening)) == 1.0 for concept in wanted) for opening in openings)

    def is_strange(self, phrase: str) -> bool:
        """Whether a phrase holds a word that neither the notes nor common English know: a name from elsewhere."""
        return any(map(self.lexicon.is_strange, re.findall(r"[A-Za-z]+", phrase)))

    def _names_a_stranger(self, query: str) -> bool:
        """Whether a question names a thing by letters and a number ("word2vec", "GPT-9") that the notes do not.

        Such a name stands for one thing alone: sentences on its relatives are near in meaning and beside the point.
        """
        for name in _NUMBERED_NAME.findall(query):
            family, joined = stem(name.split("-")[0].lower()), name.replace("-", "").lower()
            if ("-" not in name or family in self.lexicon.names) and not self.knows(joined):
                return True
        return False

    def _is_foreign(self, query: str, hits: Sequence[Hit]) -> bool:
        """Whether no word of a Chinese question is known in English, nor its Chinese in what was found."""
        if not CJK.search(query):
            return False
        known = (word for word in content_words(self.vocabulary.in_english(query)) if word.isascii())
        return not any(self.knows(word) and word not in ASKING for word in known) and all(
            hit.coverage < _FOREIGN for hit in hits
        )

    def measures(self, query: str, hits: Sequence[Hit], sentences: Sequence[Found]) -> Measures:
        """What the gate measures of a question and the passages found for it; as `answerable`."""
        query = self.read(query)
        wanted = self._asked_about(query)
        asked = Asked(
            covered=lambda text: coverage_of([wanted], frozenset(terms(text))) if wanted else 1.0,
            concepts=len(wanted),
            likeness=self._question_likeness(query, hits),
        )
        passages = [(hit.passage.embedded_text, hit.cosine) for hit in hits]
        return measure(self.vocabulary.in_english(query), passages, sentences, self.lexicon, asked)

    def _question_likeness(self, query: str, hits: Sequence[Hit]) -> float:
        """The best cosine of the query with a question of the cards and quizzes found; 0 without one."""
        own = [hit.passage.heading[-1] for hit in hits if hit.passage.kind in ("card", "quiz")]
        if not own:
            return 0.0
        return float((self.embedding.embed_texts(own) @ self.embed(query)).max())

    def topics(self, query: str, n: int = 3) -> tuple[str, ...]:
        """What the notes nearest to a question are about, best first; in Chinese if it is, or all of them are."""
        decks = {note.path for note in self.index.notes if note.format == "flashcards"}
        names = dict.fromkeys(_subject(hit.passage, decks) for hit in self.search(query, k=30))
        apt = [name for name in names if name and (CJK.search(query) or not CJK.search(name))]
        return tuple((apt or [name for name in names if name])[:n])

    def coverage(self, query: str, text: str) -> float:
        """Weighted share of the question's concepts that a text names, in [0, 1]."""
        return coverage_of(self._wanted(query), frozenset(terms(text)))

    def _weigh_words(self, query: str) -> list[Wanted]:
        """The concepts of the query with their weights; of a Chinese one also those of its English words."""
        readings = dict.fromkeys((query, self.vocabulary.in_english(query)))
        read = map(self._concepts, readings)
        return [[(self._weight(one), with_forms(one, self.knows)) for one in concepts] for concepts in read]

    def _asked_about(self, query: str) -> Wanted:
        """The concepts of the query in English, without the words that only ask."""
        return [
            (weight, concept)
            for weight, concept in self._wanted(query)[-1]
            if not ASKING.issuperset(concept.own)
        ]

    def _concepts(self, query: str) -> list[Concept]:
        typed = (Concept((one,)) for one in symbols(query, typed=True))
        return [*self.vocabulary.concepts(query), *typed]

    def _weight(self, concept: Concept) -> float:
        """How rare a concept is: by its own words, or by those of its other names where the notes use these alone."""
        if not all(map(self.knows, concept.own)):
            known = [option for option, _ in concept.others if all(map(self.knows, option))]
            if known:
                return min(sum(map(self.idf, option)) for option in known)
        return sum(map(self.idf, concept.own))

    def _lexical(self, query: str) -> NDArray[np.float32]:
        """BM25 scores of all passages [n] as shares of the best one."""
        import numpy as np

        english = self.vocabulary.in_english(query)
        expanded = self.vocabulary.expand(query if english == query else f"{query} {english}")
        tokens = [*content_words(expanded), *symbols(query, typed=True)]
        tokens = [word for word in tokens if self.knows(word)]
        if not tokens:
            return np.zeros(len(self.index.passages), np.float32)
        scores: NDArray[np.float32] = self._bm25.get_scores(tokens)
        return scores / max(float(scores.max()), 1e-9)

    def as_langchain(self, k: int = 5) -> BaseRetriever:
        """This retriever as a LangChain BaseRetriever: documents with note, lines, heading, kind and score."""
        return _langchain_retriever(self, k)


def _subject(passage: Passage, decks: Collection[str]) -> str:
    """What a passage is about: a deck covers many things under its headings, a note one."""
    return passage.heading[0] if passage.note in decks and len(passage.heading) > 1 else passage.title


def _best(lexical: NDArray[np.float32], allowed: Sequence[int] | None) -> list[int]:
    """The positions of the best lexical scores above 0."""
    import numpy as np

    rows = np.arange(len(lexical)) if allowed is None else np.array(allowed, np.int64)
    scores = lexical[rows]
    if len(rows) > _CANDIDATES:
        rows = rows[np.argpartition(-scores, _CANDIDATES)[:_CANDIDATES]]
    return [int(row) for row in rows if lexical[row] > 0]


def _spread(hits: Sequence[Hit], k: int) -> list[Hit]:
    """k of the hits, which come best first, in that order.

    What goes beyond a note's share of the places stands back for passages that are not much worse, and a content that
    was there already for all others.
    """
    most = math.ceil(_MOST_OF_A_NOTE * k)
    taken, seen = Counter[str](), set[str]()
    ranked = []
    for place, hit in enumerate(hits):
        taken[hit.passage.note] += 1
        again = hit.passage.content_hash in seen
        seen.add(hit.passage.content_hash)
        weight = 0.0 if again else _STANDS_BACK if taken[hit.passage.note] > most else 1.0
        ranked.append((-hit.score * weight, place))
    return [hits[place] for place in sorted(place for _, place in sorted(ranked)[:k])]


def _build_bm25(tokens: list[list[str]]) -> Any:
    import bm25s

    bm25 = bm25s.BM25()
    bm25.index([found or [""] for found in tokens] or [[""]], show_progress=False)
    return bm25


def _langchain_retriever(retriever: Retriever, k: int) -> BaseRetriever:
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class NotesRetriever(BaseRetriever):
        """Retrieves passages of the study notes."""

        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            return [
                Document(
                    page_content=hit.passage.text.words,
                    metadata={
                        "note": hit.passage.note,
                        "lines": list(hit.passage.text.lines),
                        "heading": list(hit.passage.heading),
                        "kind": hit.passage.kind,
                        "score": hit.score,
                    },
                )
                for hit in retriever.search(query, k)
            ]

    return NotesRetriever()
