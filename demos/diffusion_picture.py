"""The picture of a diffusion run: points on their way from noise, the loss, and the error by noise level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from demos import drawing
from demos.diffusion import DiffusionLook
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(look: Look) -> bytes:
    """A DiffusionLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, DiffusionLook)
    figure = drawing.new_figure(look.caption)
    _plane(drawing.plane(figure, look.view), look)
    upper, lower = drawing.right_panels(figure)
    _loss(upper, look)
    if look.sweep:
        _sweep(lower, look)
    else:
        _levels(lower, look)
    return drawing.to_png(figure)


def _plane(axes: Axes, look: DiffusionLook) -> None:
    from matplotlib.collections import LineCollection

    if look.trails.shape[1] > 1:
        axes.add_collection(LineCollection(list(look.trails), colors="#888888", linewidths=0.7, alpha=0.7))
        axes.scatter(look.trails[:, 0, 0], look.trails[:, 0, 1], s=7, color="#888888", linewidths=0)
    drawing.points(axes, look.real, look.shown, "grey: the ways of 40 points, each from a dot of noise")


def _loss(axes: Axes, look: DiffusionLook) -> None:
    drawing.title(axes, "Loss by step")
    steps, means = drawing.smoothed(look.loss, 150)
    axes.plot(steps, means, color=drawing.MADE, linewidth=1.3)
    drawing.level_line(axes, look.best_loss, "the least possible", below=True)
    top = float(np.percentile(means, 98)) if len(means) else 2 * look.best_loss
    room = max(top - look.best_loss, 0.1 * look.best_loss)
    axes.set(xlim=(0, look.total_steps), ylim=(look.best_loss - 0.6 * room, look.best_loss + 1.4 * room))


def _levels(axes: Axes, look: DiffusionLook) -> None:
    drawing.title(axes, "Error by noise level, from little noise (left) to pure noise (right)")
    places = np.arange(len(look.by_level))
    axes.bar(places, look.by_level, color=drawing.MADE, width=0.7)
    for place, best in zip(places, look.best_by_level, strict=True):
        axes.plot([place - 0.42, place + 0.42], [best, best], color=drawing.BEST, linewidth=1.4)
    axes.annotate(
        "black: the least possible", (1.0, 1.0), xycoords="axes fraction", fontsize=8.5, color=drawing.BEST,
        ha="right", va="top",
    )  # fmt: skip
    axes.set_ylim(
        0, 1.3 * float(max(look.best_by_level.max(), min(look.by_level.max(), 3 * look.best_by_level.max())))
    )
    axes.set_xticks(places, [f"{(place + 0.5) / len(places):.2f}" for place in places])


def _sweep(axes: Axes, look: DiffusionLook) -> None:
    drawing.title(axes, "Points close to the data, by evaluations of the network for one sample")
    places = range(len(look.sweep))
    axes.bar(places, [quality for _, quality in look.sweep], color=drawing.MADE, width=0.62)
    for place, (_, quality) in enumerate(look.sweep):
        inside = quality > 0.25
        axes.annotate(
            f"{quality:.0%}", (place, quality), xytext=(0, -3 if inside else 2), textcoords="offset points",
            ha="center", va="top" if inside else "bottom", fontsize=8.5, color="white" if inside else "black",
        )  # fmt: skip
    drawing.level_line(axes, look.real_quality, f"real points: {look.real_quality:.0%}")
    axes.set_ylim(0, 1.25)
    axes.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    axes.set_xticks(places, [str(nfe) for nfe, _ in look.sweep])
