"""What is said about a run of the tokenisers: captions, the verdict and what to notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demos.tokens import Fit

NAMES = {"byte": "bytes", "char": "characters", "bpe": "byte pairs"}


@dataclass(frozen=True)
class TokensStory:
    """The facts of a finished run that are told.

    `fits` holds each tokeniser at the asked order, `best` at its own best order; `length` is characters per
    token of the text that was learned; `packed` bits per character of xz; `pieces` the sentence as each cuts it.
    `budget_s` is the seconds after which time ran out, None if it did not.
    """

    fits: Mapping[str, Fit]
    best: Mapping[str, Fit]
    all_fits: tuple[Fit, ...]
    smoothing: str
    merges: int
    asked_merges: int
    newest: tuple[str, ...]
    length: float
    packed: float
    pieces: Mapping[str, Sequence[str]]
    sentence: str
    budget_s: float | None

    @property
    def cut_short(self) -> bool:
        return self.budget_s is not None and self.merges < self.asked_merges


def shown(piece: str) -> str:
    """A token as it can be read: a space as ␣, a line's end as ↵."""
    return piece.replace(" ", "␣").replace("\n", "↵")


def caption(newest: Sequence[str], vocab: int, length: float) -> str:
    """One or two sentences on the present."""
    if not newest:
        return (
            "Before any merge byte-pair encoding knows only the 256 bytes. Now the most frequent pair of neighbours "
            "becomes one token, over and over."
        )
    return (
        f"Merge {len(newest)}: the new token is “{shown(newest[-1])}”. The vocabulary has {vocab} tokens, and a token "
        f"holds {length:.2f} characters on average."
    )


def fit_caption(last: Fit, fits: Sequence[Fit], order: int) -> str:
    """One sentence on the tokeniser measured last, at the asked order."""
    fit = next(known for known in fits if known.kind == last.kind and known.order == order)
    told = f"An n-gram model of order {order} over {NAMES[fit.kind]}"
    if fit.impossible:
        return f"{told} gives probability 0 to {fit.impossible:,} of {fit.tokens:,} held-out tokens: perplexity ∞."
    return f"{told}: perplexity {fit.perplexity:.1f} per token, {fit.bits:.2f} bits per character on held-out text."


def verdict(story: TokensStory) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, and the notes that explain it, most fitting first."""
    broken = [fit for fit in story.fits.values() if fit.impossible]
    if broken:
        worst = max(broken, key=lambda fit: fit.impossible / fit.tokens)
        return (
            f"The perplexity is infinite: {worst.impossible / worst.tokens:.1%} of the held-out {NAMES[worst.kind]} "
            "follow a context in which training never saw them, and counting without smoothing calls that impossible.",
            ("perplexity", "autoregressive-models"),
        )
    ranked = sorted(story.fits.values(), key=lambda fit: fit.bits)
    surest = min(story.fits.values(), key=lambda fit: fit.perplexity)
    order = ranked[0].order
    first = f"In bits per character {NAMES[ranked[0].kind]} are best at order {order} ({ranked[0].bits:.2f})"
    if surest.kind != ranked[0].kind:
        return (
            f"{first}, yet their perplexity per token is {ranked[0].perplexity:.1f} and that of {NAMES[surest.kind]} "
            f"{surest.perplexity:.1f}: perplexity compares models only over the same tokens.",
            ("tokens-and-sampling", "perplexity"),
        )
    return (
        f"{first}, and {NAMES[ranked[-1].kind]} are last ({ranked[-1].bits:.2f}); byte pairs hold {story.length:.2f} "
        "characters in a token.",
        ("tokens-and-sampling", "perplexity"),
    )


def observations(story: TokensStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    told = [_budget_story(story), _merge_story(story), _sentence_story(story), _unit_story(story)]
    told += [_order_story(story), _rival_story(story)]
    return tuple(sentence for sentence in told if sentence)


def _budget_story(story: TokensStory) -> str:
    if not story.cut_short:
        return ""
    return f"The time was up after {story.merges} of {story.asked_merges} merges, {story.budget_s:.0f} s in."


def _merge_story(story: TokensStory) -> str:
    if not story.newest:
        return "No merge was asked for, so byte pairs are the same as bytes here."
    early = ", ".join(f"“{shown(piece)}”" for piece in story.newest[:5])
    longest = max(story.newest, key=len)
    told = (
        f"The first merges made {early}, and the longest of the {story.merges} new tokens is “{shown(longest)}”; a "
        f"token now holds {story.length:.2f} characters on average."
    )
    if story.merges < story.asked_merges and not story.cut_short:
        told += f" After {story.merges} merges no pair occurred twice, so it ended there."
    return told


def _sentence_story(story: TokensStory) -> str:
    counts = {kind: len(pieces) for kind, pieces in story.pieces.items()}
    cut = " | ".join(shown(piece) for piece in story.pieces["bpe"][:8])
    return (
        f"“{story.sentence}” is {counts['byte']} bytes, {counts['char']} characters or {counts['bpe']} byte-pair "
        f"tokens, which begin {cut}."
    )


def _unit_story(story: TokensStory) -> str:
    char, bpe = story.fits["char"], story.fits["bpe"]
    if char.impossible or bpe.impossible:
        return "Any smoothing keeps some probability for the unseen: set smoothing to witten-bell."
    return (
        f"At order {bpe.order} the perplexity is {char.perplexity:.1f} per character and {bpe.perplexity:.1f} per "
        f"byte-pair token, but a token there holds {bpe.characters / bpe.tokens:.2f} characters. Divided by the "
        f"characters spelled, it is {char.bits:.2f} and {bpe.bits:.2f} bits per character: only these compare."
    )


def _order_story(story: TokensStory) -> str:
    if any(fit.impossible for fit in story.all_fits):
        return ""
    parts = []
    for kind in ("char", "bpe"):
        rows = [fit for fit in story.all_fits if fit.kind == kind]
        best = min(rows, key=lambda fit: fit.bits)
        parts.append(
            f"over {NAMES[kind]} order {best.order} is best with {best.bits:.2f} (order 1: {rows[0].bits:.2f})"
        )
    return (
        f"A longer context helps as long as it was seen often enough to be counted: {parts[0]}, {parts[1]} bits per "
        "character. Contexts never seen fall back on shorter ones."
        if story.smoothing == "witten-bell"
        else f"With {story.smoothing} smoothing {parts[0]} and {parts[1]} bits per character: a long context splits "
        "the counts, and what was never seen gets too much."
    )


def _rival_story(story: TokensStory) -> str:
    finite = [fit for fit in story.best.values() if not fit.impossible]
    if not finite:
        return ""
    best = min(finite, key=lambda fit: fit.bits)
    rank = "fewer than" if best.bits < story.packed else "no fewer than"
    return (
        f"The best of these models needs {best.bits:.2f} bits per character ({NAMES[best.kind]}, order {best.order}), "
        f"{rank} the {story.packed:.2f} of the packer xz on the same text: predicting and compressing are one skill."
    )
