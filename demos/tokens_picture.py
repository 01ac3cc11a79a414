"""The picture of the tokenisers: one sentence cut three ways, the length of tokens, bits and perplexities."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from demos import drawing
from demos.steps import Look
from demos.tokens import TokensLook
from demos.tokens_words import NAMES, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

FILLS = ("#cfe5f5", "#fbe0cd", "#d3eee3", "#f3e3f0")
COLORS = {"byte": drawing.SOFT, "char": drawing.REAL, "bpe": drawing.MADE}
COLUMNS = 76


def draw(look: Look) -> bytes:
    """A TokensLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, TokensLook)
    figure = drawing.new_figure(look.caption)
    _cuts(figure, look)
    _lengths(_panel(figure, 0.055), look)
    _bits(_panel(figure, 0.385), look)
    _perplexities(_panel(figure, 0.715), look)
    return drawing.to_png(figure)


def _panel(figure: Figure, left: float) -> Axes:
    axes = figure.add_axes((left, 0.125, 0.27, 0.30))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5, colors=drawing.SOFT)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.7)
    axes.set_axisbelow(True)
    return axes


def _cuts(figure: Figure, look: TokensLook) -> None:
    """The sentence in three rows, each token on its own ground."""
    axes = figure.add_axes((0.018, 0.53, 0.964, 0.325))
    axes.set(xlim=(0, COLUMNS + 16), ylim=(3, 0))
    axes.axis("off")
    for row, (kind, pieces, vocab) in enumerate(look.cuts):
        head = f"{NAMES[kind]}\n{len(pieces)} tokens of {vocab}"
        axes.text(0, row + 0.5, head, fontsize=8.8, va="center", color=COLORS[kind], linespacing=1.25)
        _row(axes, pieces, row)


def _row(axes: Axes, pieces: Sequence[str], row: int) -> None:
    """The pieces side by side: all grounds are one artist and all letters another, since hundreds of each a picture
    would take longer to draw than all the rest."""
    from matplotlib.collections import PathCollection, PolyCollection
    from matplotlib.transforms import Affine2D

    labels = [shown(piece) for piece in pieces]
    size = min(1.0, COLUMNS / max(1, sum(map(len, labels))))
    grounds, letters, places, x = [], "", [], 15.5
    for label in labels:
        right = x + (len(label) - 0.12) * size
        grounds.append([(x, row + 0.2), (right, row + 0.2), (right, row + 0.8), (x, row + 0.8)])
        letters += label
        places += [(x + (place + 0.44) * size, row + 0.5) for place in range(len(label))]
        x += len(label) * size
    axes.add_collection(PolyCollection(grounds, facecolors=FILLS, linewidths=0), autolim=False)
    marks = PathCollection(
        [_outline(letter) for letter in letters], offsets=places, offset_transform=axes.transData,
        facecolors=["#999999" if letter in "␣↵" else "#111111" for letter in letters], linewidths=0,
    )  # fmt: skip
    marks.set_transform(Affine2D().scale(9.5 * size**0.6 * drawing.DPI / 72))
    axes.add_collection(marks, autolim=False)


@lru_cache(maxsize=512)
def _outline(letter: str) -> Path:
    """A letter of a typewriter font, 1 high, its middle at the origin."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    path = TextPath((0, 0), letter, size=100, prop=FontProperties(family="monospace"))
    return path.transformed(Affine2D().translate(-30, -33).scale(0.01))


def _lengths(axes: Axes, look: TokensLook) -> None:
    drawing.title(axes, "Characters in one byte-pair token")
    vocab, length = zip(*look.curve, strict=True)
    axes.plot(vocab, length, color=drawing.MADE, linewidth=1.6)
    axes.scatter(vocab[-1:], length[-1:], s=18, color=drawing.MADE)
    axes.set_xlim(256, max(look.most_vocab, 266))
    axes.set_ylim(0.9, max(2.0, 1.15 * max(length)))
    newest = "newest: " + "  ".join(shown(piece) for piece in look.newest[-4:]) if look.newest else ""
    axes.annotate(
        newest.replace("$", r"\$"), (0.98, 0.06), xycoords="axes fraction", ha="right", fontsize=8.5,
        family="monospace", color=drawing.SOFT,
    )  # fmt: skip
    axes.set_xlabel("size of the vocabulary", fontsize=8.5, color=drawing.SOFT, labelpad=1)


def _by_order(axes: Axes, look: TokensLook, figure: str) -> None:
    """One line for each tokeniser over the orders; what is infinite is left out."""
    for kind in COLORS:
        fits = [fit for fit in look.fits if fit.kind == kind and not fit.impossible]
        if fits:
            values = [getattr(fit, figure) for fit in fits]
            wide = kind == "byte"  # bytes and characters nearly coincide: the one is drawn around the other
            axes.plot(
                [fit.order for fit in fits], values, color="#c4c4c4" if wide else COLORS[kind], marker="o",
                ms=6 if wide else 3.5, linewidth=4.5 if wide else 1.5, label=NAMES[kind],
            )  # fmt: skip
    axes.axvline(look.order, color="#cccccc", linewidth=5, alpha=0.5, zorder=0)
    axes.set_xlim(0.8, 5.2)
    axes.set_xticks([1, 2, 3, 4, 5])
    axes.set_xlabel("order of the n-gram model", fontsize=8.5, color=drawing.SOFT, labelpad=1)
    if not look.fits:
        axes.set_yticks([])
        words = "measured when the merges are done"
        axes.annotate(
            words, (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=8.5, color=drawing.SOFT
        )


def _bits(axes: Axes, look: TokensLook) -> None:
    drawing.title(axes, "Bits per character (comparable)")
    _by_order(axes, look, "bits")
    if any(not fit.impossible for fit in look.fits):
        axes.set_ylim(bottom=0)
        axes.legend(loc="lower left", fontsize=8.5, frameon=False, labelcolor="linecolor", handlelength=1.2)


def _perplexities(axes: Axes, look: TokensLook) -> None:
    drawing.title(axes, "Perplexity per token (not comparable)")
    if any(not fit.impossible for fit in look.fits):
        axes.set_yscale("log")
        axes.set_ylim(1, 1000)
    _by_order(axes, look, "perplexity")
    if look.fits:
        axes.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
        axes.minorticks_off()
