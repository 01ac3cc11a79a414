"""Many small images in one panel of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

from demos import drawing

GAP = 1
"""Pixels of paper between two images."""


def mosaic(images: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    """Images [n, h, w] row by row in one array, nan between them and where a last row is not full."""
    n, height, width = images.shape
    rows = -(-n // columns)
    sheet = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP), np.nan, dtype=np.float32)
    for index, image in enumerate(images):
        top, left = index // columns * (height + GAP), index % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = image
    return sheet


def ink_panel(
    figure: Figure,
    box: tuple[float, float, float, float],
    images: NDArray[np.float32],
    columns: int,
    heads: Sequence[str] = (),
) -> Axes:
    """Grey images [n, h, w] from -1 (paper) to 1 (ink) as a mosaic in `box`, with a head over each column."""
    axes = figure.add_axes(box)
    axes.imshow(
        mosaic(images, columns), cmap="gray_r", vmin=-1, vmax=1, interpolation="nearest", aspect="equal"
    )
    axes.set_facecolor("#dfe3e8")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    width = images.shape[2]
    for column, head in enumerate(heads):
        axes.annotate(
            head, (column * (width + GAP) + (width - 1) / 2, -1.2), ha="center", va="bottom", fontsize=9,
            color=drawing.SOFT, annotation_clip=False,
        )  # fmt: skip
    return axes
