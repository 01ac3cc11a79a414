"""An n-gram model of tokens: how often each token followed each context, and what it says of the unseen.

Counts are kept in sorted arrays of packed n-grams, so that a text of half a million tokens takes a fraction
of a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int64]


@dataclass(frozen=True)
class _Counts:
    """One order: the n-grams seen [m], sorted, with their counts [m]; the contexts seen [k] with counts and kinds.

    `kinds` is the number of different tokens that followed a context.
    """

    grams: Tokens
    gram_counts: Tokens
    contexts: Tokens
    context_counts: Tokens
    kinds: Tokens


class NGram:
    """Probabilities of the next token given up to `order` - 1 tokens before it, counted on `tokens` [n].

    witten-bell: p_n(w | h) = (c(h w) + T(h) p_{n-1}(w | h')) / (c(h) + T(h)), where T(h) is the number of
    different tokens seen after h, h' is h without its first token and p_0 = 1 / vocab (Chen and Goodman,
    cmp-lg/9606011, section 2.5): an unseen context falls back on the shorter one.
    add-one: (c(h w) + 1) / (c(h) + vocab) at the full order alone (Laplace; same paper, section 2.1).
    none: c(h w) / c(h) at the full order alone, 0 for what was never seen.
    """

    def __init__(self, tokens: Tokens, vocab: int, order: int, smoothing: str = "witten-bell") -> None:
        self.vocab, self.order, self.smoothing = vocab, order, smoothing
        self._bits = max(1, int(vocab - 1).bit_length())
        if self._bits * order > 62:
            raise ValueError(f"{order} tokens of {self._bits} bits do not fit into 62 bits")
        self._counts = [self._count(tokens, n) for n in range(1, order + 1)]

    def _count(self, tokens: Tokens, n: int) -> _Counts:
        grams, gram_counts = np.unique(self._packed(tokens, n), return_counts=True)
        contexts, first, kinds = np.unique(grams >> self._bits, return_index=True, return_counts=True)
        context_counts = np.add.reduceat(gram_counts, first) if len(grams) else gram_counts
        return _Counts(grams, gram_counts, contexts, context_counts, kinds)

    def _packed(self, tokens: Tokens, n: int) -> Tokens:
        """Each run of `n` tokens as one whole number: [len - n + 1], empty for a shorter text."""
        size = max(0, len(tokens) - n + 1)
        packed = np.zeros(size, np.int64)
        for offset in range(n):
            packed = (packed << self._bits) | tokens[offset : offset + size]
        return packed

    def log_probs(self, tokens: Tokens) -> NDArray[np.float64]:
        """ln p of each token [n] given those before it; the first ones have shorter contexts; -inf for p = 0."""
        return self.log_probs_by_order(tokens)[-1]

    def log_probs_by_order(self, tokens: Tokens) -> list[NDArray[np.float64]]:
        """`log_probs` of the models of order 1, 2 and so on to this one's, all counted on the same tokens."""
        p = np.full(len(tokens), 1 / self.vocab)
        told = []
        for n, counts in enumerate(self._counts, 1):
            longer = self._updated(counts, self._packed(tokens, n), p[n - 1 :])
            p = np.concatenate([p[: n - 1], longer])
            with np.errstate(divide="ignore"):
                told.append(np.log(p))
        return told

    def _updated(self, counts: _Counts, packed: Tokens, shorter: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probabilities of this order from those of the shorter context, for n-grams `packed` [m]."""
        c = _looked_up(counts.grams, counts.gram_counts, packed)
        total = _looked_up(counts.contexts, counts.context_counts, packed >> self._bits)
        if self.smoothing == "add-one":
            return (c + 1) / (total + self.vocab)
        if self.smoothing == "none":
            return c / np.maximum(total, 1)
        kinds = _looked_up(counts.contexts, counts.kinds, packed >> self._bits)
        return np.where(total > 0, (c + kinds * shorter) / np.maximum(total + kinds, 1), shorter)


def _looked_up(keys: Tokens, values: Tokens, wanted: Tokens) -> Tokens:
    """The value of each wanted key, 0 where there is none; `keys` are sorted."""
    if not len(keys):
        return np.zeros(len(wanted), np.int64)
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[found] == wanted, values[found], 0)
