"""The picture of a face VAE: faces rebuilt and new, one face moved along four axes, and the KL of each number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from demos import drawing, faces
from demos.face_vae import PLACES, FaceVaeLook
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GAP = 2


def sheet(images: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    """Pictures [n, s, s, 3] row by row as one, with white between them and where a last row is not full."""
    n, side = images.shape[:2]
    gap = GAP * side // 32
    rows = -(-n // columns)
    whole = np.ones((rows * (side + gap) - gap, columns * (side + gap) - gap, 3), dtype=np.float32)
    for index, image in enumerate(images):
        top, left = index // columns * (side + gap), index % columns * (side + gap)
        whole[top : top + side, left : left + side] = np.nan_to_num(image)
    return whole


def face_panel(
    figure: Figure,
    left: float,
    top: float,
    width: float,
    images: NDArray[np.float32],
    columns: int,
    head: str,
) -> Axes:
    """Faces as a sheet whose upper left corner is at (left, top), as wide as `width`, all in shares of the figure; the
    head stands above it."""
    picture = sheet(images, columns)
    height = width * picture.shape[0] / picture.shape[1] * drawing.WIDTH_PX / drawing.HEIGHT_PX
    axes = figure.add_axes((left, top - height, width, height))
    axes.imshow(picture, interpolation="nearest", aspect="auto")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    drawing.title(axes, head)
    return axes


def row_names(axes: Axes, names: Sequence[str], size: int) -> None:
    """A name to the left of each row of a sheet of pictures of that size."""
    step = size + GAP * size // 32
    for row, name in enumerate(names):
        axes.annotate(
            name, (0, row * step + size / 2), xytext=(-6, 0), textcoords="offset points", ha="right", va="center",
            fontsize=9, annotation_clip=False,
        )  # fmt: skip


def draw(look: Look) -> bytes:
    """A FaceVaeLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, FaceVaeLook)
    figure = drawing.new_figure(look.caption)
    count = len(look.kl)
    pairs = np.concatenate([look.real, look.rebuilt])
    head = f"Unseen faces, and below them rebuilt from {count} number{'s' if count > 1 else ''} each"
    face_panel(figure, 0.018, 0.815, 0.40, pairs, 8, head)
    face_panel(figure, 0.018, 0.52, 0.40, look.made, 8, "New faces: z drawn from the prior, then decoded")
    face_panel(
        figure, 0.018, 0.225, 0.40, look.between, 8, "In straight steps from the first face to an unlike one"
    )
    _axes_panel(figure, look)
    _kl(figure.add_axes((0.545, 0.10, 0.43, 0.17)), look)
    return drawing.to_png(figure)


def _axes_panel(figure: Figure, look: FaceVaeLook) -> None:
    head = "One face moved along four axes of the face space"
    panel = face_panel(figure, 0.545, 0.815, 0.24, look.slid, len(PLACES), head)
    size = look.slid.shape[1]
    row_names(panel, faces.TAUGHT, size)
    step = size + GAP * size // 32
    for row, name in enumerate(faces.TAUGHT):
        if name in look.edits:
            panel.annotate(
                f"effect {look.edits[name].effect:.2f}", (len(PLACES) * step, row * step + size / 2), xytext=(4, 0),
                textcoords="offset points", va="center", fontsize=9, color=drawing.MADE, annotation_clip=False,
            )  # fmt: skip
    for column, place in enumerate(PLACES):
        panel.annotate(
            f"{place:g}", (column * step + size / 2, 4 * step), xytext=(0, -9), textcoords="offset points", ha="center",
            fontsize=8.5, color=drawing.SOFT, annotation_clip=False,
        )  # fmt: skip


def _kl(axes: Axes, look: FaceVaeLook) -> None:
    drawing.title(axes, "KL of each latent number in nats, largest first (grey: not in use)")
    kl = np.nan_to_num(look.kl)
    colors = [drawing.MADE if nats > 0.1 else "#bbbbbb" for nats in kl]
    axes.bar(range(1, len(kl) + 1), kl, color=colors, width=0.7)
    axes.set_ylim(0, max(0.5, 1.1 * float(kl.max())))
    axes.set_xlim(0.3, len(kl) + 0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5, colors=drawing.SOFT)
