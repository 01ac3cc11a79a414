"""The picture of conditional-gan: a row for each digit asked for, losses, and how often each digit is read rightly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demos import drawing
from demos.conditional_gan import COLUMNS, ConditionalLook
from demos.dcgan_words import EVEN
from demos.digit_gan_picture import losses, show_ink
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHANCE = 0.1


def draw(look: Look) -> bytes:
    """A ConditionalLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, ConditionalLook)
    from matplotlib.ticker import MaxNLocator

    figure = drawing.new_figure(look.caption)
    grid = figure.add_axes((0.055, 0.065, 0.36, 0.775))
    show_ink(grid, look.grid, COLUMNS)
    pitch = (grid.get_xlim()[1] + 1.5) / COLUMNS
    grid.set_yticks([(row + 0.5) * pitch - 1 for row in range(10)], [str(row) for row in range(10)])
    grid.tick_params(length=0, labelsize=9.5, colors="#222222", pad=3)
    grid.set_ylabel("digit asked for", fontsize=8.5, color=drawing.SOFT, labelpad=2)
    grid.set_xlabel("ten noise vectors, the same in every row", fontsize=8.5, color=drawing.SOFT, labelpad=4)
    upper, lower = drawing.right_panels(figure)
    losses(upper, look.d_loss, look.g_loss, EVEN, "2 ln 2: cannot tell real from generated", look.total_steps)
    upper.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    _accuracies(lower, look)
    return drawing.to_png(figure)


def _accuracies(axes: Axes, look: ConditionalLook) -> None:
    drawing.title(axes, "Share of the images read as the digit asked for")
    if len(look.accuracies):
        colors = [drawing.MADE if share >= 0.9 else "#f0c4a8" for share in look.accuracies]
        axes.bar(range(10), look.accuracies, color=colors, width=0.7)
    drawing.level_line(axes, CHANCE, "chance")
    axes.set(xlim=(-0.6, 9.6), ylim=(0, 1.05))
    axes.set_xticks(range(10))
    axes.set_yticks([0, 0.5, 1], ["0", "50%", "100%"])
    axes.set_xlabel("digit", fontsize=8.5, color=drawing.SOFT, labelpad=1)
