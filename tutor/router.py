"""What a message asks for: a guess by MiniLM with corrections fitted on the bundled example messages.

The message is read with the notes' own terms masked ("quiz me on X"), so that the wish counts and not the topic, and
so that a library on another subject is served as well. `python -m tutor.training intents` makes the weights anew.
"""

from __future__ import annotations

import re

from tutor.adapter import Adapter
from tutor.retrieval import Retriever
from tutor.words import content_words, stem

# Words that notes on learning machines hold and wishes to a tutor too.
_KEPT = frozenset(
    stem(word) for word in "model train test learn code sample question answer note example run".split()
)
_PIECE = re.compile(r"\w[\w'’-]*|[^\w\s]")


class Router:
    """Guesses what messages ask for.

    Args:
        retriever: knows the notes' own terms.
        adapter: the fitted corrections (`tutor.adapter.INTENTS`).
    """

    def __init__(self, retriever: Retriever, adapter: Adapter) -> None:
        self._retriever = retriever
        self._adapter = adapter
        titles = {word for note in retriever.index.notes for word in content_words(note.title)}
        self._terms = (titles | set(retriever.vocabulary.long_forms)) - _KEPT

    def __call__(self, text: str) -> dict[str, float]:
        """A message -> each label with its probability; nothing where other embedding weights are in use."""
        if not self._adapter.fits:
            return {}
        shares = self._adapter.probabilities([(self.masked(text), "")])[0]
        return dict(zip(self._adapter.labels, map(float, shares), strict=True))

    def masked(self, text: str) -> str:
        """The message in English with the notes' own terms as X."""
        names = self._retriever.lexicon.names - _KEPT
        pieces = [
            "X" if stem(piece.lower()) in self._terms or stem(piece.lower()) in names else piece
            for piece in _PIECE.findall(self._retriever.vocabulary.in_english(text))
        ]
        return re.sub(r"(?:X )+X", "X", " ".join(pieces))
