"""What the pictures of the digit GANs share: sheets of small images and the panel of the losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from demos import drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 1


def sheet(images: NDArray[np.float32], columns: int, gap: int = GAP) -> NDArray[Any]:
    """Images [n, h, w] or [n, h, w, 3] as one sheet, row by row; a gap (nan, or white) around each."""
    n, h, w = images.shape[:3]
    rows = math.ceil(n / columns)
    whole = np.full(
        (rows * (h + gap) - gap, columns * (w + gap) - gap, *images.shape[3:]),
        np.nan if images.ndim == 3 else 1.0,
        dtype=np.float32,
    )
    for i, image in enumerate(images):
        top, left = i // columns * (h + gap), i % columns * (w + gap)
        whole[top : top + h, left : left + w] = image
    return whole


def show_ink(axes: Axes, images: NDArray[np.float32], columns: int) -> None:
    """Grey images [n, h, w] in -1 (paper) to 1 (ink) as a sheet that fills the panel."""
    from matplotlib import colormaps

    ink = colormaps["Greys"].with_extremes(bad="#ffffff")
    axes.set_facecolor("white")
    axes.imshow(sheet(images, columns), cmap=ink, vmin=-1.15, vmax=1, interpolation="nearest", aspect="equal")
    axes.set(xticks=[], yticks=[])
    axes.set_anchor("NW")
    for spine in axes.spines.values():
        spine.set_visible(False)


def losses(
    axes: Axes, d_loss: Sequence[float], g_loss: Sequence[float], even: float, text: str, total_steps: int
) -> None:
    """Both losses by step, with the dashed line where the discriminator is even."""
    drawing.title(axes, "Loss by step")
    drawing.level_line(axes, even, text)
    top = 2 * even
    for values, color, word in ((d_loss, drawing.REAL, "discriminator"), (g_loss, drawing.MADE, "generator")):
        steps, means = drawing.smoothed(values, 120)
        axes.plot(steps, means, color=color, linewidth=1.3, label=word)
        if len(means):
            top = max(top, float(np.quantile(means, 0.97)))
    axes.set(xlim=(0, max(1, total_steps)), ylim=(0, 1.12 * top))
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2, fontsize=8.5, frameon=False,
        labelcolor="linecolor", handlelength=1.4, borderaxespad=0.2,
    )  # fmt: skip
