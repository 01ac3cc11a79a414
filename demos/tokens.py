"""How a text is cut into tokens, and why perplexities of different tokenisers cannot be compared.

Byte-pair encoding is learned merge by merge; then n-gram models over bytes, characters and byte pairs are
counted on one text and judged on another, in perplexity per token and in bits per character.
"""

from __future__ import annotations

import lzma
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demos import tokens_words
from demos.ngram import NGram
from demos.steps import Look, Metric, Pace, Result, RunSettings, Step
from demos.text import Text, load_text
from demos.tokenisers import BytePairs, ByteTokeniser, CharTokeniser

SENTENCES = {
    "discriminator": "The discriminator distinguishes real images from generated ones.",
    "unhappiness": "Unhappiness is untranslatable, unlike happiness.",
    "café": "A naïve café in Zürich costs 12.50 € – 25 % more!",
    "code": "for step in range(100): loss.backward()",
}
MOST_ORDER = 5
KINDS = ("byte", "char", "bpe")
CURVE_EVERY = 10
FILMED = (1, 20, 100)
"""Merges that a viewer should not miss."""


@dataclass(frozen=True)
class Fit:
    """One tokeniser with one n-gram order: `nats` lost in all on `tokens` tokens of `characters` characters.

    `impossible` tokens had probability 0.
    """

    kind: str
    order: int
    vocab: int
    tokens: int
    characters: int
    nats: float
    impossible: int

    @property
    def perplexity(self) -> float:
        """exp(nats per token): depends on how long the tokens are."""
        return math.exp(min(self.nats / max(1, self.tokens), 700.0)) if not self.impossible else math.inf

    @property
    def bits(self) -> float:
        """Bits per character: nats / ln 2 / characters, the same question for every tokeniser."""
        return self.nats / math.log(2) / max(1, self.characters)


@dataclass(frozen=True)
class TokensLook(Look):
    """What there is to see at one step.

    `cuts` holds (kind, pieces of the sentence, size of the vocabulary); `curve` (vocabulary, characters per
    token) of byte pairs; `newest` the last tokens learned; `fits` what was measured so far.
    """

    cuts: tuple[tuple[str, tuple[str, ...], int], ...]
    curve: tuple[tuple[int, float], ...]
    most_vocab: int
    newest: tuple[str, ...]
    fits: tuple[Fit, ...]
    order: int


class TokensRun:
    """The text, the three tokenisers and what is known so far."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs = knobs
        self.text: Text = _drawn(load_text(knobs["text"]), settings.seed)
        self.sentence = SENTENCES[knobs["sentence"]]
        self.byte, self.char = ByteTokeniser(), CharTokeniser("".join(sorted(set(self.text.train))))
        self.bpe = BytePairs(self.text.train)
        self.curve: list[tuple[int, float]] = []
        self.newest: list[str] = []
        self.fits: list[Fit] = []
        self.pace = Pace(knobs["merges"] + 3, settings)
        self._note_length()

    @property
    def tokenisers(self) -> dict[str, ByteTokeniser | CharTokeniser | BytePairs]:
        return {"byte": self.byte, "char": self.char, "bpe": self.bpe}

    def _note_length(self) -> None:
        self.curve.append((self.bpe.vocab, len(self.text.train) / max(1, self.bpe.tokens)))

    def merge(self) -> bool:
        """One more merge; False if no pair occurs twice any more."""
        learned = self.bpe.learn()
        if learned is None:
            return False
        self.newest.append(learned[0])
        self.pace.step += 1
        if len(self.newest) % CURVE_EVERY == 0 or len(self.newest) == self.knobs["merges"]:
            self._note_length()
        return True

    def fit(self, kind: str) -> None:
        """Counts and judges the n-gram models of one tokeniser, at every order up to five."""
        tokeniser = self.tokenisers[kind]
        train, held_out = tokeniser.encode(self.text.train), tokeniser.encode(self.text.held_out)
        longest = NGram(train, tokeniser.vocab, MOST_ORDER, self.knobs["smoothing"])
        for order, log_probs in enumerate(longest.log_probs_by_order(held_out), 1):
            self.fits.append(judged(kind, tokeniser.vocab, order, log_probs, len(self.text.held_out)))

    def look(self, caption: str | None = None) -> TokensLook:
        """The present."""
        length = len(self.text.train) / max(1, self.bpe.tokens)
        figures = {"vocabulary": float(self.bpe.vocab), "characters_per_token": length}
        cuts = tuple(
            (kind, tuple(tokeniser.pieces(self.sentence)), tokeniser.vocab)
            for kind, tokeniser in self.tokenisers.items()
        )
        return TokensLook(
            caption=caption or tokens_words.caption(self.newest, self.bpe.vocab, length),
            metrics=figures,
            cuts=cuts,
            curve=tuple(self.curve),
            most_vocab=256 + self.knobs["merges"],
            newest=tuple(self.newest[-10:]),
            fits=tuple(self.fits),
            order=self.knobs["order"],
        )


def judged(kind: str, vocab: int, order: int, log_probs: NDArray[np.float64], characters: int) -> Fit:
    """How well a model guesses the held-out tokens, which spell so many characters, from ln p of each [n]."""
    impossible = int(np.isneginf(log_probs).sum())
    return Fit(kind, order, vocab, len(log_probs), characters, -float(log_probs.sum()), impossible)


def packed_bits(text: Text) -> float:
    """Bits per held-out character that the packer xz adds when the held-out text follows the training text."""
    known, both = (
        len(lzma.compress(part.encode(), preset=6)) for part in (text.train, text.train + text.held_out)
    )
    return 8 * (both - known) / max(1, len(text.held_out))


def _drawn(text: Text, seed: int) -> Text:
    """The text; for seeds above 0 with only four fifths of its held-out lines, so that seeds show the spread."""
    if seed == 0:
        return text
    lines = text.held_out.splitlines(keepends=True)
    picks = np.random.default_rng(seed).permutation(len(lines))[: max(1, 4 * len(lines) // 5)]
    return replace(text, held_out="".join(lines[pick] for pick in sorted(picks)))


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Learns the merges and measures the tokenisers: a Step for each merge and each tokeniser, then the Result.

    `knobs` are the checked values of the catalogue's tokens. The merges are always the same; the seed draws
    which held-out lines are measured (0: all).
    """
    state = TokensRun(knobs, settings)
    yield state.pace.moment(state.look, key=True)
    for merge in range(knobs["merges"]):
        if state.pace.out_of_time or not state.merge():
            break
        yield state.pace.moment(state.look, key=merge + 1 in FILMED)
    for kind in KINDS:
        state.fit(kind)
        state.pace.step += 1
        caption = tokens_words.fit_caption(state.fits[-1], state.fits, knobs["order"])
        yield state.pace.moment(partial(state.look, caption), key=kind != KINDS[0])
    yield _result(state)


def _result(state: TokensRun) -> Result:
    order = state.knobs["order"]
    fits = {fit.kind: fit for fit in state.fits if fit.order == order}
    by_kind = {
        kind: min((fit for fit in state.fits if fit.kind == kind), key=lambda fit: (fit.impossible, fit.bits))
        for kind in KINDS
    }
    story = tokens_words.TokensStory(
        fits=fits,
        best=by_kind,
        all_fits=tuple(state.fits),
        smoothing=state.knobs["smoothing"],
        merges=len(state.bpe.merges),
        asked_merges=state.knobs["merges"],
        newest=tuple(state.newest),
        length=state.curve[-1][1],
        packed=packed_bits(state.text),
        pieces={kind: tokeniser.pieces(state.sentence) for kind, tokeniser in state.tokenisers.items()},
        sentence=state.sentence,
        budget_s=state.pace.elapsed_s if state.pace.out_of_time else None,
    )
    verdict, notes = tokens_words.verdict(story)
    told = tokens_words.observations(story)
    broken = any(fit.impossible for fit in fits.values())
    outcome = "diverged" if broken else "out of time" if story.cut_short else "done"
    metrics = {} if broken else _metrics(story, order)
    return Result(outcome, state.pace.step, metrics, verdict, told, notes, state.look(verdict))


def _metrics(story: tokens_words.TokensStory, order: int) -> dict[str, Metric]:
    """For each tokeniser bits per character and perplexity per token; the baseline is xz, or pure guessing.

    No floor is known: how surely a perfect model could guess this text nobody can say.
    """
    metrics = {}
    for kind in KINDS:
        fit = story.fits[kind]
        words = tokens_words.NAMES[kind]
        metrics[f"{kind}_bits_per_character"] = Metric(
            fit.bits, fit.characters, math.nan, story.packed, "low",
            f"order {order} over {words}; comparable between tokenisers; the baseline is the packer xz",
        )  # fmt: skip
        metrics[f"{kind}_perplexity"] = Metric(
            fit.perplexity, fit.tokens, math.nan, float(fit.vocab), "low",
            f"order {order} over {words}, per token: not comparable; the baseline is guessing among {fit.vocab}",
        )  # fmt: skip
    bpe = story.fits["bpe"]
    metrics["characters_per_token"] = Metric(
        bpe.characters / max(1, bpe.tokens), bpe.tokens, story.length, 1.0, "high",
        "held-out characters in one byte-pair token; beside it those of the text it was learned from",
    )  # fmt: skip
    return metrics
