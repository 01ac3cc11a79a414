"""The picture of self-attention: the map before and now, how both figures grew, and one query's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from demos import drawing
from demos.attention import AttentionLook
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray


def draw(look: Look) -> bytes:
    """An AttentionLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, AttentionLook)
    figure = drawing.new_figure(look.caption)
    query = _query(look)
    _map(figure.add_axes((0.045, 0.15, 0.275, 0.62)), look.before, look, "Before training", query)
    _map(figure.add_axes((0.365, 0.15, 0.275, 0.62)), look.now, look, "Now", query)
    figure.text(
        0.045, 0.022, "Each row is a position that looks, each column one looked at; ○: where the answer stands.",
        fontsize=8.5, color=drawing.SOFT,
    )  # fmt: skip
    _history(figure.add_axes((0.705, 0.53, 0.275, 0.265)), look)
    _weights(figure.add_axes((0.705, 0.15, 0.275, 0.225)), look, query)
    return drawing.to_png(figure)


def _query(look: AttentionLook) -> int:
    """The position whose weights are shown: an asked one, about two thirds of the way through the asked ones."""
    asked = np.nonzero(look.answers >= 0)[0]
    return int(asked[(2 * len(asked)) // 3]) if len(asked) else 0


def _ticks(look: AttentionLook) -> tuple[list[int], list[str]]:
    return list(range(len(look.letters))), list(look.letters)


def _map(axes: Axes, weights: NDArray[np.float32], look: AttentionLook, words: str, query: int) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("weight", ["#ffffff", "#9ecae1", "#0072B2", "#08306b"])
    axes.imshow(weights, cmap=colours, vmin=0, vmax=1, aspect="auto")
    axes.set_title(words, fontsize=9.5, loc="left", color="#222222", pad=5)
    size = 8.5 if len(look.letters) <= 20 else 6.5
    places, letters = _ticks(look)
    axes.set_xticks(places, letters, fontsize=size)
    said = [
        f"{letter}→{out}" if out != "·" else letter for letter, out in zip(letters, look.said, strict=True)
    ]
    axes.set_yticks(places, said if words == "Now" and look.started else letters, fontsize=size)
    for place, label in enumerate(axes.get_yticklabels()):
        if words == "Now" and look.started and look.answers[place] >= 0:
            label.set_color(drawing.OTHER if look.said[place] == look.wanted[place] else drawing.MADE)
    axes.tick_params(length=0, pad=2)
    asked = np.nonzero(look.answers >= 0)[0]
    axes.scatter(
        look.answers[asked], asked, s=(1300 / len(look.letters) ** 1.15), facecolors="none", edgecolors=drawing.MADE,
        linewidths=0.9,
    )  # fmt: skip
    axes.axhspan(query - 0.5, query + 0.5, fill=False, edgecolor=drawing.BEST, linewidth=0.9)
    for spine in axes.spines.values():
        spine.set_color("#bbbbbb")


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5, colors=drawing.SOFT)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_ylim(0, 1.08)
    axes.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])


def _history(axes: Axes, look: AttentionLook) -> None:
    _plain(axes)
    drawing.title(axes, "Right answers, and attention on them")
    steps, right, on_answer = zip(*look.history, strict=True)
    axes.plot(steps, right, color=drawing.OTHER, marker="o", ms=2.5, linewidth=1.4, label="right")
    axes.plot(steps, on_answer, color=drawing.REAL, marker="s", ms=2.5, linewidth=1.4, label="attention")
    if look.ceiling < 0.95:
        drawing.level_line(axes, look.ceiling, "the mask allows")
    axes.set_xlim(0, max(1, look.total_steps))
    axes.set_xlabel("step", fontsize=8.5, color=drawing.SOFT, labelpad=1)
    axes.legend(loc="best", fontsize=8.5, frameon=False, labelcolor="linecolor", handlelength=1.2)


def _weights(axes: Axes, look: AttentionLook, query: int) -> None:
    _plain(axes)
    drawing.title(axes, f"Where the boxed row, {query + 1}, looks")
    places, letters = _ticks(look)
    colors = [drawing.MADE if place == look.answers[query] else drawing.REAL for place in places]
    axes.bar(places, look.now[query], 0.75, color=colors)
    axes.set_xticks(places, letters, fontsize=8.5 if len(letters) <= 20 else 6.5)
    axes.annotate(
        "orange: the answer stands here", (1.0, 0.97), xycoords="axes fraction", ha="right", va="top", fontsize=8.0,
        color=drawing.MADE, bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.5},
    )  # fmt: skip
