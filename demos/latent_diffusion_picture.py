"""The picture of latent diffusion: faces from the prior, from the latent flow and from the pixel flow, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from demos import drawing, faces
from demos.face_vae_picture import GAP, face_panel, row_names
from demos.latent_diffusion import N_SHOWN, N_WISHED, LatentLook
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = (
    ("prior", "VAE prior", drawing.REAL),
    ("latent", "Latent flow", drawing.MADE),
    ("pixel", "Pixel flow", drawing.OTHER),
)


def draw(look: Look) -> bytes:
    """A LatentLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, LatentLook)
    figure = drawing.new_figure(look.caption)
    for place, (kind, word, _) in enumerate(KINDS):
        _kind(figure, 0.018 + 0.207 * place, look, kind, word)
    _wishes(figure, look)
    _losses(figure.add_axes((0.045, 0.115, 0.36, 0.205)), look)
    _costs(figure.add_axes((0.555, 0.115, 0.33, 0.205)), look)
    return drawing.to_png(figure)


def _kind(figure: Figure, left: float, look: LatentLook, kind: str, word: str) -> None:
    """Sixteen faces of one kind, or the paper where they will stand."""
    images = getattr(look, kind)
    missing = not len(images)
    if missing:
        images = np.full((N_SHOWN, 32, 32, 3), 0.93, np.float32)
    head = f"{word}: FD {look.distances[kind]:.2f}" if kind in look.distances else word
    panel = face_panel(figure, left, 0.815, 0.19, images, 4, head)
    if missing:
        panel.annotate(
            "not trained yet", (0.5, 0.5), xycoords="axes fraction", ha="center", va="center", fontsize=9,
            color=drawing.SOFT,
        )  # fmt: skip


def _wishes(figure: Figure, look: LatentLook) -> None:
    """Faces of the latent flow with each taught attribute asked for at its two ends."""
    images = look.wished if len(look.wished) else np.full((8 * N_WISHED, 32, 32, 3), 0.93, np.float32)
    panel = face_panel(
        figure, 0.70, 0.815, 0.285, images, 2 * N_WISHED, "Asked for 0, and for 1, at the same noise"
    )
    row_names(panel, faces.TAUGHT, 32)
    middle = N_WISHED * (32 + GAP) - 0.5 - GAP / 2
    panel.axvline(middle, color="black", linewidth=1.2)


def _losses(axes: Axes, look: LatentLook) -> None:
    drawing.title(axes, "Loss of the two flows by their updates")
    for kind, word, color in KINDS[1:]:
        if look.losses.get(kind):
            steps, means = drawing.smoothed(look.losses[kind], 80)
            axes.plot(steps, means, color=color, linewidth=1.4, label=word)
    axes.set_ylim(0, 1.6)
    axes.set_xlabel("updates", fontsize=8.5, color=drawing.SOFT, labelpad=1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5, colors=drawing.SOFT)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.7)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper right", fontsize=8.5, frameon=False, labelcolor="linecolor", ncols=2)


def _costs(axes: Axes, look: LatentLook) -> None:
    drawing.title(axes, "Million multiplications for one face")
    present = [(word, look.costs[kind], color) for kind, word, color in KINDS if kind in look.costs]
    for place, (_, cost, color) in enumerate(present):
        axes.barh(-place, cost, color=color, height=0.62)
        axes.annotate(
            f"{cost:.1f}" if cost < 10 else f"{cost:.0f}", (cost, -place), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=9, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks([-place for place in range(len(present))], [word for word, _, _ in present], fontsize=9)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="x", labelsize=8.5, colors=drawing.SOFT)
    axes.tick_params(axis="y", length=0)
