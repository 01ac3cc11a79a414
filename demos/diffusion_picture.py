"""The picture of a diffusion run: points on their way from noise, the loss, and the error by noise level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from demos import drawing
from demos.diffusion import DiffusionLook
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


SAMPLER_COLORS = (drawing.MADE, drawing.OTHER)


def draw(look: Look) -> bytes:
    """A DiffusionLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, DiffusionLook)
    figure = drawing.new_figure(look.caption)
    _plane(drawing.plane(figure, look.view, remarks=2), look)
    _loss(drawing.panel(figure, (0.43, 0.565, 0.225, 0.255)), look)
    beside = drawing.panel(figure, (0.72, 0.565, 0.255, 0.255))
    if look.sweep:
        _sweep(beside, look)
    else:
        _levels(beside, look)
    _strip(figure, look)
    return drawing.to_png(figure)


def _plane(axes: Axes, look: DiffusionLook) -> None:
    from matplotlib.collections import LineCollection

    places, arrows = look.field
    axes.quiver(
        places[:, 0], places[:, 1], arrows[:, 0], arrows[:, 1], angles="xy", scale_units="xy", scale=1.15,
        width=0.0036, headwidth=4, color="#b5b5b5", zorder=0,
    )  # fmt: skip
    drawing.points(
        axes, look.real, look.shown, f"arrows: where the network carries a point at t = {look.field_t:.2f}"
    )
    if look.trails.shape[1] > 1:
        axes.add_collection(
            LineCollection(list(look.trails), colors="#222222", linewidths=0.9, alpha=0.8, zorder=3)
        )
        axes.scatter(
            look.trails[:, 0, 0], look.trails[:, 0, 1], s=12, color="#222222", linewidths=0, zorder=3
        )
        axes.annotate(
            f"black: the ways of {len(look.trails)} points from noise (dot)", (0.0, -0.19),
            xycoords="axes fraction", fontsize=8.5, va="center", color=drawing.SOFT,
        )  # fmt: skip


def _strip(figure: Figure, look: DiffusionLook) -> None:
    """Six small panels: data dissolving into noise, or noise on its way back to data."""
    way = (
        "Back: the network turns noise into data"
        if look.backward
        else "Forward: noise is mixed into the data"
    )
    color = drawing.MADE if look.backward else drawing.REAL
    figure.text(0.43, 0.4, way, fontsize=9.5, color="#222222")
    width, gap = 0.086, 0.0058
    for place, (t, points) in enumerate(look.strip):
        axes = figure.add_axes((0.43 + place * (width + gap), 0.175, width, width * 900 / 420))
        axes.set(xlim=(-5, 5), ylim=(-5, 5), aspect="equal", xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_color("#bbbbbb")
        axes.scatter(points[:, 0], points[:, 1], s=2.5, color=color, linewidths=0, alpha=0.8)
        axes.set_xlabel(f"t = {t:.2f}", fontsize=8.5, color=drawing.SOFT, labelpad=3)


def _loss(axes: Axes, look: DiffusionLook) -> None:
    drawing.title(axes, "Loss by step")
    steps, means = drawing.smoothed(look.loss, 150)
    axes.plot(steps, means, color=drawing.MADE, linewidth=1.3)
    drawing.level_line(axes, look.best_loss, "the least possible", below=True)
    top = float(np.percentile(means, 98)) if len(means) else 2 * look.best_loss
    room = max(top - look.best_loss, 0.1 * look.best_loss)
    axes.set(xlim=(0, look.total_steps), ylim=(look.best_loss - 0.6 * room, look.best_loss + 1.4 * room))


def _levels(axes: Axes, look: DiffusionLook) -> None:
    drawing.title(axes, "Error by noise level t")
    places = np.arange(len(look.by_level))
    axes.bar(places, look.by_level, color=drawing.MADE, width=0.7)
    for place, best in zip(places, look.best_by_level, strict=True):
        axes.plot([place - 0.42, place + 0.42], [best, best], color=drawing.BEST, linewidth=1.4)
    axes.annotate(
        "black: least possible", (1.0, 1.0), xycoords="axes fraction", fontsize=8.5, color=drawing.BEST,
        ha="right", va="top",
    )  # fmt: skip
    axes.set_ylim(
        0, 1.3 * float(max(look.best_by_level.max(), min(look.by_level.max(), 3 * look.best_by_level.max())))
    )
    axes.set_xticks(places, [f"{(place + 0.5) / len(places):.2f}"[1:] for place in places])


def _sweep(axes: Axes, look: DiffusionLook) -> None:
    drawing.title(axes, "Points on the data, by evaluations")
    drawing.level_line(axes, look.real_quality, f"real: {look.real_quality:.0%}")
    for (sampler, shares), color in zip(look.sweep.items(), SAMPLER_COLORS, strict=True):
        counts = [nfe for nfe, _ in shares]
        axes.plot(
            counts, [share for _, share in shares], color=color, marker="o", ms=3.5, lw=1.4, label=sampler
        )
        axes.set_xscale("log", base=2)
        axes.set_xticks(counts, [str(nfe) for nfe in counts])
    axes.set_ylim(0, 1.18)
    axes.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    axes.legend(loc="lower right", fontsize=8.5, frameon=False, labelcolor="linecolor", handlelength=1.4)
