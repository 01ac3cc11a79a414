"""The picture of dcgan-digits: images by fixed noise, their nearest training images, losses and distance to real."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from demos import drawing
from demos.dcgan import DcganLook
from demos.dcgan_words import EVEN
from demos.digit_gan_picture import losses, show_ink
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = (drawing.MADE, drawing.OTHER)


def draw(look: Look) -> bytes:
    """A DcganLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, DcganLook)
    figure = drawing.new_figure(look.caption)
    _sheets(figure, look)
    _nearest(figure, look)
    upper, lower = drawing.right_panels(figure)
    losses(upper, look.d_loss, look.g_loss, EVEN, "2 ln 2: cannot tell real from generated", look.total_steps)
    _distance(lower, look)
    return drawing.to_png(figure)


def _sheets(figure: Figure, look: DcganLook) -> None:
    """One GAN: 40 images in eight columns. Two: 20 each in four columns, side by side."""
    single = len(look.shown) == 1
    for i, (shown, color) in enumerate(zip(look.shown, COLORS, strict=False)):
        axes = figure.add_axes((0.018 + 0.2 * i, 0.325, 0.345 if single else 0.185, 0.475))
        show_ink(axes, shown.images if single else shown.images[:20], 8 if single else 4)
        words = "Generated from the same noise all along" if single else shown.name
        axes.set_title(
            words, fontsize=9.5 if single else 7.6, loc="left", pad=5, color="#222222" if single else color
        )


def _nearest(figure: Figure, look: DcganLook) -> None:
    axes = figure.add_axes((0.018, 0.06, 0.345, 0.2))
    show_ink(axes, np.concatenate([look.made, look.nearest]), len(look.made))
    drawing.title(axes, "Generated (top), nearest training image (below)")


def _distance(axes: Axes, look: DcganLook) -> None:
    drawing.title(axes, "Distance to real digits (FD-digits64; n = 700)")
    highest = 1.0
    for shown, color in zip(look.shown, COLORS, strict=False):
        steps = [entry.step for entry in shown.history]
        values = [entry.fd for entry in shown.history]
        axes.plot(steps, values, color=color, marker="o", ms=3.2, linewidth=1.3, label=shown.name)
        highest = max([highest, *values])
    axes.set_yscale("log")
    if math.isfinite(look.fd_floor):
        drawing.level_line(axes, look.fd_floor, "real against real", below=True)
        axes.set_ylim(look.fd_floor / 4, 2.2 * highest)
    axes.set_yticks([value for value in (3, 10, 30, 100, 300, 1000) if value < 2 * highest])
    axes.set_yticklabels([str(value) for value in (3, 10, 30, 100, 300, 1000) if value < 2 * highest])
    axes.minorticks_off()
    axes.set_xlim(0, max(1, look.total_steps))
    axes.set_xlabel("step", fontsize=8.5, color=drawing.SOFT, labelpad=1)
    if len(look.shown) > 1:
        axes.legend(loc="upper right", fontsize=8, frameon=False, labelcolor="linecolor", handlelength=1.2)
