"""Three ways to cut a text into tokens: bytes, characters, and byte-pair encoding learned from scratch.

Byte-pair encoding joins the most frequent pair of neighbouring tokens, over and over (Sennrich, Haddow and
Birch 2016, arXiv 1508.07909, algorithm 1); as in GPT-2 it starts from the 256 bytes and never joins across
words, so that no text is unknown to it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int, int]
BYTES = 256
_WORD = re.compile(r" ?[^\W\d_]+| ?\d+| ?[^\s\w]+|_+|\s+")
"""A word, a number or signs, each with the space before it; white space left over stands alone."""


class CharTokeniser:
    """One token for each character of `alphabet`; any other character is the one token "unknown"."""

    def __init__(self, alphabet: str) -> None:
        self._ids = {character: number for number, character in enumerate(alphabet)}
        self._alphabet = alphabet

    @property
    def vocab(self) -> int:
        return len(self._alphabet) + 1

    def encode(self, text: str) -> NDArray[np.int64]:
        unknown = len(self._alphabet)
        return np.array([self._ids.get(character, unknown) for character in text], np.int64)

    def pieces(self, text: str) -> list[str]:
        """The text cut at the tokens' borders."""
        return [character if character in self._ids else "\ufffd" for character in text]


class ByteTokeniser:
    """One token for each byte of the text in UTF-8."""

    vocab = BYTES

    def encode(self, text: str) -> NDArray[np.int64]:
        return np.frombuffer(text.encode(), np.uint8).astype(np.int64)

    def pieces(self, text: str) -> list[str]:
        """The text cut at the tokens' borders; a byte that is only part of a character is shown as <E2>."""
        return [_shown(bytes([byte])) for byte in text.encode()]


class BytePairs:
    """Byte-pair encoding, learned one merge at a time from `text` by `learn`.

    Among equally frequent pairs the one with the smaller numbers wins, so that the merges are always the same.
    """

    def __init__(self, text: str) -> None:
        words = Counter(_WORD.findall(text))
        self.merges: list[Pair] = []
        self.spelled: list[bytes] = [bytes([byte]) for byte in range(BYTES)]
        self._ranks: dict[Pair, int] = {}
        self._words = [list(word.encode()) for word in words]
        self._times = list(words.values())
        self._counts: Counter[Pair] = Counter()
        self._where: defaultdict[Pair, set[int]] = defaultdict(set)
        self._cache: dict[str, list[int]] = {}
        for number in range(len(self._words)):
            self._add(number, 1)

    @property
    def vocab(self) -> int:
        return BYTES + len(self.merges)

    @property
    def tokens(self) -> int:
        """Tokens of the text that it is learned from, as it is cut now."""
        return sum(len(word) * times for word, times in zip(self._words, self._times, strict=True))

    def learn(self) -> tuple[str, int] | None:
        """One more merge: the new token and how often its pair stood there; None if no pair occurs twice."""
        if not self._counts:
            return None
        times = max(self._counts.values())
        if times < 2:
            return None
        pair = min(known for known, count in self._counts.items() if count == times)
        new = self.vocab
        self._ranks[pair] = len(self.merges)
        self.merges.append(pair)
        self.spelled.append(self.spelled[pair[0]] + self.spelled[pair[1]])
        self._cache.clear()
        for number in sorted(self._where[pair]):
            self._add(number, -1)
            self._words[number] = joined(self._words[number], pair, new)
            self._add(number, 1)
        return _shown(self.spelled[new]), times

    def _add(self, number: int, sign: int) -> None:
        """Counts a word's pairs in (1) or out (-1)."""
        word, times = self._words[number], sign * self._times[number]
        for pair in pairwise(word):
            self._counts[pair] += times
            if self._counts[pair] <= 0:
                del self._counts[pair]
            if sign > 0:
                self._where[pair].add(number)
            else:
                self._where[pair].discard(number)

    def encode(self, text: str) -> NDArray[np.int64]:
        """The text as tokens: within each word the earliest merge first, as it was learned."""
        words = _WORD.findall(text)
        spelled = {word: self._word(word) for word in set(words)}
        return np.array([token for word in words for token in spelled[word]], np.int64)

    def _word(self, word: str) -> list[int]:
        if word not in self._cache:
            tokens = list(word.encode())
            while len(tokens) > 1:
                pairs = set(pairwise(tokens))
                first = min(pairs, key=lambda pair: self._ranks.get(pair, len(self.merges)))
                if first not in self._ranks:
                    break
                tokens = joined(tokens, first, BYTES + self._ranks[first])
            self._cache[word] = tokens
        return self._cache[word]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of the tokens; a torn character becomes the replacement sign."""
        return b"".join(self.spelled[token] for token in tokens).decode(errors="replace")

    def pieces(self, text: str) -> list[str]:
        """The text cut at the tokens' borders."""
        return [_shown(self.spelled[token]) for token in self.encode(text)]


def joined(tokens: Sequence[int], pair: Pair, new: int) -> list[int]:
    """The tokens with each `pair`, read from the left, replaced by `new`."""
    out: list[int] = []
    at = 0
    while at < len(tokens):
        if at + 1 < len(tokens) and (tokens[at], tokens[at + 1]) == pair:
            out.append(new)
            at += 2
        else:
            out.append(tokens[at])
            at += 1
    return out


def _shown(piece: bytes) -> str:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return "".join(f"<{byte:02X}>" for byte in piece)
