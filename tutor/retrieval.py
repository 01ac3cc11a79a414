"""Query -> ranked passages: dense and lexical search, fused; and whether the notes answer the question at all.

Dense search finds other words for the same thing, lexical search finds names, symbols and rare terms that the
embedding model never learned. The fused score is 0.5 cosine + 0.3 coverage + 0.2 BM25 share, each in [0, 1]:
coverage is the share of the query's meaning-bearing words, weighted by how rare they are in the notes, that
the passage holds.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from tutor.embedding import Embedding
from tutor.gate import FITTED, Found, Lexicon, Measures, build_lexicon, measure
from tutor.index import Index
from tutor.passages import Passage, embedded_text
from tutor.words import STOPWORDS, content_words, split_sentences, stem, without_struck, words

if TYPE_CHECKING:
    import numpy as np
    from langchain_core.retrievers import BaseRetriever
    from numpy.typing import NDArray

_CANDIDATES = 40
_NUMBERED_NAME = re.compile(r"\b[A-Za-z]{3,}(?:\d+[A-Za-z]*|-\d+)\b")
_GATE_SENTENCES = 48
_ACRONYM = re.compile(r"\b((?:[A-Za-z][\w'-]*[ -]){1,5}[A-Za-z][\w'-]*)\s+\(([A-Z][A-Za-z]*[A-Z]s?)\)")


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
        self._words = [words(text) for text in texts]
        self._sets = [frozenset(found) for found in self._words]
        counts = Counter(word for found in self._sets for word in found)
        total = max(1, len(texts))
        self._idf = {word: math.log(1 + (total - n + 0.5) / (n + 0.5)) for word, n in counts.items()}
        self._idf_unknown = math.log(1 + (total + 0.5) / 0.5)
        self._spelt_out = _acronyms(texts)
        self._long_forms = {acronym: " ".join(words(form)) for acronym, form in self._spelt_out.items()}
        self._bm25 = _build_bm25(self._words)
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
            self._idf,
            self._idf_unknown,
            self._long_forms,
            lambda word: self.embedding.count_tokens(word) == 1,
        )

    def idf(self, word: str) -> float:
        """How rare a stem is in the notes; a word that they never use is the rarest."""
        return self._idf.get(word, self._idf_unknown)

    def knows(self, word: str) -> bool:
        """Whether a stem occurs in the notes."""
        return word in self._idf

    def expand(self, query: str) -> str:
        """The query with the long form of its acronyms, and the acronym of its long forms, as the notes pair them."""
        have = words(query)
        line = " ".join(have)
        extra = []
        for acronym, long_form in self._long_forms.items():
            if acronym in have and long_form not in line:
                extra.append(long_form)
            elif long_form in line and acronym not in have:
                extra.append(acronym)
        return " ".join([query, *extra])

    def search(
        self,
        query: str,
        k: int = 5,
        kinds: Collection[str] | None = None,
        notes: Collection[str] | None = None,
    ) -> list[Hit]:
        """The k best passages, best first; at most `kinds` and `notes` when given."""
        if not self.index.passages or not query.strip():
            return []
        query = self.lexicon.mend(query)
        return self.rank(query, self.embed(query), k, kinds, notes)

    def embed(self, query: str) -> NDArray[np.float32]:
        """A question -> unit vector [dimension]; acronyms are spelt out first, as the notes do, since the
        embedding model never learned most of them."""

        def spelt(found: re.Match[str]) -> str:
            long_form = self._spelt_out.get(stem(found.group().lower()), "")
            return (
                found.group()
                if not long_form or long_form.lower() in query.lower()
                else f"{long_form} ({found.group()})"
            )

        return self._embed_once(re.sub(r"\b[A-Za-z]{2,}s?\b", spelt, query))

    def rank(
        self,
        query: str,
        vector: NDArray[np.float32],
        k: int,
        kinds: Collection[str] | None = None,
        notes: Collection[str] | None = None,
    ) -> list[Hit]:
        """As `search`, for a query whose vector [dimension] is known."""
        expanded = self.expand(query)
        lexical = self._lexical(expanded)
        wide = _CANDIDATES if kinds is None and notes is None else len(self.index.passages)
        cosines = dict(self.index.query(vector, min(wide, 400)))
        best = sorted(lexical, key=lambda row: -lexical[row])[:wide]
        missing = [row for row in best if row not in cosines]
        cosines |= self.index.cosines(vector, missing)
        wanted = self._wanted(query)
        hits = []
        for row, cosine in cosines.items():
            passage = self.index.passages[row]
            if (kinds is not None and passage.kind not in kinds) or (
                notes is not None and passage.note not in notes
            ):
                continue
            coverage = self._coverage(wanted, self._sets[row])
            score = 0.5 * max(0.0, cosine) + 0.3 * coverage + 0.2 * lexical.get(row, 0.0)
            hits.append(Hit(passage, score, cosine, coverage))
        return sorted(hits, key=lambda hit: -hit.score)[:k]

    def answerable(
        self, query: str, hits: Sequence[Hit], sentences: Sequence[Found] | None = None
    ) -> Answerable:
        """Whether the passages found for a question answer it.

        Args:
            sentences: the sentences of these passages under their headings with their cosines, where they are
                known already; they are cut and embedded here when None.
        """
        measures = self.measures(query, hits, sentences)
        unknown = tuple(word for word in dict.fromkeys(content_words(query)) if not self.knows(word))
        probability = FITTED.probability(measures)
        verdict = bool(hits) and probability >= 0.5 and not self._names_a_stranger(query)
        return Answerable(verdict, probability, measures, unknown)

    def is_strange(self, phrase: str) -> bool:
        """Whether a phrase holds a word that neither the notes nor common English know: a name from elsewhere."""
        return any(
            not self.knows(word) and not self.lexicon.is_common(word) and len(word) > 3 and word.isalpha()
            for word in content_words(phrase)
        )

    def _names_a_stranger(self, query: str) -> bool:
        """Whether a question names a thing by letters and a number ("word2vec", "GPT-9") that the notes do not.

        Such a name stands for one thing alone: sentences on its relatives are near in meaning and beside the point.
        """
        for name in _NUMBERED_NAME.findall(query):
            family, joined = stem(name.split("-")[0].lower()), name.replace("-", "").lower()
            if ("-" not in name or family in self.lexicon.names) and not self.knows(joined):
                return True
        return False

    def measures(self, query: str, hits: Sequence[Hit], sentences: Sequence[Found] | None = None) -> Measures:
        """What the gate measures of a question and the passages found for it; as `answerable`."""
        query = self.lexicon.mend(query)
        found = self._sentences(query, hits) if sentences is None else sentences
        return measure(query, [(hit.passage.embedded_text, hit.cosine) for hit in hits], found, self.lexicon)

    def _sentences(self, query: str, hits: Sequence[Hit]) -> list[Found]:
        texts = []
        for passage in (hit.passage for hit in hits if hit.passage.kind not in ("analogy", "code")):
            text = without_struck(passage.text.words)
            cuts = split_sentences(text)
            texts += [
                embedded_text(passage.title, passage.heading[-1:], text[begin:end]) for begin, end in cuts
            ]
        texts = texts[:_GATE_SENTENCES]
        cosines = self.embedding.embed_texts(texts) @ self.embed(query)
        return list(zip(texts, map(float, cosines), strict=True))

    def topics(self, query: str, n: int = 3) -> tuple[str, ...]:
        """What the notes nearest to a question are about, best first."""
        names = dict.fromkeys(_subject(hit.passage) for hit in self.search(query, k=30))
        return tuple([name for name in names if name][:n])

    def coverage(self, query: str, text: str) -> float:
        """Weighted share of the question's words that a text holds, in [0, 1]."""
        return self._coverage(self._wanted(query), frozenset(words(text)))

    def _weigh_words(self, query: str) -> dict[str, tuple[float, frozenset[str]]]:
        """Each meaning-bearing word of the query with its weight and what may stand for it."""
        wanted = {}
        for word in dict.fromkeys(content_words(query)):
            long_form = self._long_forms.get(word)
            wanted[word] = (self.idf(word), frozenset(long_form.split()) if long_form else frozenset())
        return wanted

    @staticmethod
    def _coverage(wanted: dict[str, tuple[float, frozenset[str]]], have: Collection[str]) -> float:
        total = sum(weight for weight, _ in wanted.values())
        if total == 0:
            return 0.0
        held = sum(
            weight
            for word, (weight, other) in wanted.items()
            if word in have or (other and other <= set(have))
        )
        return held / total

    def _lexical(self, query: str) -> dict[int, float]:
        """BM25 scores as shares of the best one."""
        tokens = [word for word in content_words(query) if self.knows(word)]
        if not tokens:
            return {}
        scores = self._bm25.get_scores(tokens)
        best = float(scores.max())
        return {int(row): float(scores[row]) / best for row in scores.nonzero()[0]} if best > 0 else {}

    def as_langchain(self, k: int = 5) -> BaseRetriever:
        """This retriever as a LangChain BaseRetriever: documents with note, lines, heading, kind and score."""
        return _langchain_retriever(self, k)


def _subject(passage: Passage) -> str:
    """What a passage is about: a deck and a guide cover many things, a note one."""
    if passage.kind == "card" and len(passage.heading) > 1:
        return passage.heading[0]
    return passage.title


def _acronyms(texts: Iterable[str]) -> dict[str, str]:
    """Stemmed acronym -> long form, read from the notes: "generative adversarial network (GAN)"."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        for long_form, acronym in _ACRONYM.findall(text):
            letters = acronym.removesuffix("s").lower()
            parts = re.split(r"[ -]", long_form)
            for size in range(1, len(parts) + 1):
                tail = parts[-size:]
                if len(tail) > 1 and _spells(letters, tail):
                    votes[stem(letters)][" ".join(tail).lower()] += 1
                    break
    # "IS" for Inception Score would turn every "is" of a question into one.
    return {acronym: n.most_common(1)[0][0] for acronym, n in votes.items() if acronym not in STOPWORDS}


def _spells(letters: str, tail: Sequence[str]) -> bool:
    """Whether the letters of an acronym stand in the words in order, its first letter at their beginning
    (Schwartz and Hearst, 2003): "variational autoencoder" spells VAE."""
    text = " ".join(tail).lower()
    at = len(text)
    for n, letter in enumerate(reversed(letters)):
        at -= 1
        while at >= 0 and (text[at] != letter or (n == len(letters) - 1 and at != 0)):
            at -= 1
        if at < 0:
            return False
    return True


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
