"""The picture of cyclegan: faces, their translations, the way back, the true twins and the masks; the error by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from demos import drawing
from demos.cyclegan import Block, CycleLook
from demos.digit_gan_picture import sheet
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFTS = (0.018, 0.366)
BLOCK_WIDTH, BLOCK_TOP = 0.33, 0.765
COLUMNS = ("face", "dyed", "and back", "true twin", "where")
STYLES = (
    (drawing.MADE, "-", "o"),
    (drawing.REAL, "-", "s"),
    (drawing.MADE, ":", "o"),
    (drawing.REAL, ":", "s"),
)


def draw(look: Look) -> bytes:
    """A CycleLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, CycleLook)
    figure = drawing.new_figure(look.caption)
    for left, block in zip(LEFTS, look.blocks, strict=True):
        _block(figure, left, block)
    axes = figure.add_axes((0.765, 0.345, 0.22, 0.42))
    _errors(axes, look)
    return drawing.to_png(figure)


def _block(figure: Figure, left: float, block: Block) -> None:
    """A row for each face and five columns; the whitest places of the mask are those that are recoloured."""
    mask = np.repeat(block.mask[..., None], 3, axis=-1)
    columns = (block.input, block.translated, block.back, block.twin, mask)
    size = block.input.shape[1]
    gap = max(1, size // 12)
    images = np.stack([column[row] for row in range(len(mask)) for column in columns])
    whole = sheet(images, len(columns), gap)
    aspect = whole.shape[0] / whole.shape[1] * drawing.WIDTH_PX / drawing.HEIGHT_PX
    height = BLOCK_WIDTH * aspect
    axes = figure.add_axes((left, BLOCK_TOP - height, BLOCK_WIDTH, height))
    axes.imshow(whole, interpolation="nearest", aspect="auto")
    axes.set_axis_off()
    for i, word in enumerate(COLUMNS):
        centre = (i * (size + gap) + size / 2) / whole.shape[1]
        axes.annotate(
            word,
            (centre, 1.02),
            xycoords="axes fraction",
            ha="center",
            va="bottom",
            fontsize=8.5,
            color=drawing.SOFT,
        )
    axes.annotate(
        block.title, (0, 1.09), xycoords="axes fraction", va="bottom", fontsize=9.5, color="#222222"
    )


def _errors(axes: Axes, look: CycleLook) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5, colors=drawing.SOFT)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.7)
    drawing.title(axes, "Error to the true twin")
    highest = 1.1
    for (name, curve), (color, dashes, marker) in zip(look.curves.items(), STYLES, strict=False):
        steps, errors = [step for step, _ in curve], [error for _, error in curve]
        axes.plot(
            steps, errors, color=color, linestyle=dashes, marker=marker, ms=3, linewidth=1.3, label=name
        )
        highest = max([highest, *(min(error, 2.0) for error in errors)])
    drawing.level_line(axes, 1.0, "face left as it is")
    axes.set(xlim=(0, max(1, look.total_steps)), ylim=(0, 1.15 * highest))
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xlabel("step", fontsize=8.5, color=drawing.SOFT, labelpad=1)
    axes.legend(
        loc="upper left", bbox_to_anchor=(-0.05, -0.24), fontsize=8.5, frameon=False, labelcolor="linecolor",
        handlelength=2.2,
    )  # fmt: skip
