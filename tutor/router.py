"""What a message asks for where no rule of `intents` knows its words: a linear guess from its likeness to examples.

A message is read twice, as typed and with the notes' own terms masked ("quiz me on X"), so that the wish counts and
not the topic. The features are both vectors of MiniLM and the masked words and word pairs; the weights are those of a
logistic regression on the bundled example messages (`evaluation.routing.fit_router` makes them anew).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.retrieval import Retriever
from tutor.words import content_words, stem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WEIGHTS = Path(__file__).parent / "router.npz"
# Vectors weigh twice what the words do: 86.6 % right on unseen writers, with equal shares 85.9 %.
_VECTOR_SHARE = 2.0
# Words that notes on learning machines hold and wishes to a tutor too.
_KEPT = frozenset(
    stem(word) for word in "model train test learn code sample question answer note example run".split()
)
_PIECE = re.compile(r"\w[\w'’-]*|[^\w\s]")
_TERM = re.compile(r"[A-Za-z']+|[\u3400-\u9fff]|\?")


@dataclass(frozen=True)
class RouterWeights:
    """The fitted weights.

    Attributes:
        labels: what a message may ask for.
        terms: word or word pair -> its row, with its inverse document frequency.
        matrix: [2 * dimension + terms, labels]; bias: [labels].
    """

    labels: tuple[str, ...]
    terms: Mapping[str, tuple[int, float]]
    matrix: NDArray[np.float32]
    bias: NDArray[np.float32]


class Router:
    """Guesses what messages ask for.

    Args:
        retriever: knows the notes' own terms, and embeds.
        weights: as fitted.
    """

    def __init__(self, retriever: Retriever, weights: RouterWeights) -> None:
        self._retriever = retriever
        self._weights = weights
        titles = {word for note in retriever.index.notes for word in content_words(note.title)}
        self._terms = (titles | set(retriever.vocabulary.long_forms)) - _KEPT

    def __call__(self, text: str) -> dict[str, float]:
        """A message -> each label with its probability."""
        import numpy as np

        masked = self.masked(text)
        vectors = self._retriever.embedding.embed_texts([text, masked])
        row = np.concatenate([_VECTOR_SHARE * vectors.ravel(), weigh_terms(masked, self._weights.terms)])
        scores = row @ self._weights.matrix + self._weights.bias
        shares = np.exp(scores - scores.max())
        return dict(zip(self._weights.labels, map(float, shares / shares.sum()), strict=True))

    def masked(self, text: str) -> str:
        """The message in English with the notes' own terms as X."""
        names = self._retriever.lexicon.names - _KEPT
        pieces = [
            "X" if stem(piece.lower()) in self._terms or stem(piece.lower()) in names else piece
            for piece in _PIECE.findall(self._retriever.vocabulary.in_english(text))
        ]
        return re.sub(r"(?:X )+X", "X", " ".join(pieces))


def terms_of(masked: str) -> Counter[str]:
    """The words and word pairs of a masked message."""
    found = [piece.lower() for piece in _TERM.findall(masked)]
    return Counter([*found, *(" ".join(pair) for pair in pairwise(found))])


def weigh_terms(masked: str, terms: Mapping[str, tuple[int, float]]) -> NDArray[np.float32]:
    """A masked message -> (1 + log count) * idf of its known terms, as a unit vector [terms]."""
    import numpy as np

    row = np.zeros(len(terms), np.float32)
    for term, count in terms_of(masked).items():
        if term in terms:
            place, idf = terms[term]
            row[place] = (1 + math.log(count)) * idf
    length = float(np.linalg.norm(row))
    return row / length if length else row


def features(
    router: Router, texts: Sequence[str], terms: Mapping[str, tuple[int, float]]
) -> NDArray[np.float32]:
    """The rows of messages [n, 2 * dimension + terms], as `Router` makes them one by one."""
    import numpy as np

    masked = [router.masked(text) for text in texts]
    embed = router._retriever.embedding.embed_texts
    plain, bare = embed(list(texts)), embed(masked)
    worded = np.stack([weigh_terms(text, terms) for text in masked])
    return np.hstack([_VECTOR_SHARE * plain, _VECTOR_SHARE * bare, worded])


def read_weights(path: Path = WEIGHTS) -> RouterWeights:
    """The bundled weights."""
    import numpy as np

    with np.load(path, allow_pickle=False) as file:
        names, idf = file["terms"].tolist(), file["idf"].tolist()
        terms = {term: (place, weight) for place, (term, weight) in enumerate(zip(names, idf, strict=True))}
        labels = tuple(file["labels"].tolist())
        return RouterWeights(
            labels, terms, file["matrix"].astype(np.float32), file["bias"].astype(np.float32)
        )
