"""The picture of the metrics lab: a table of samplers with their images and figures, and FD of real digits by n."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demos import drawing
from demos.image_measures import Figure
from demos.metrics_lab import THUMBNAILS, LabLook, Trial
from demos.mosaic import ink_panel
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

COLUMNS = (
    ("FD", "fd_digits64", ""),
    ("IS", "inception_score", "{:.2f}"),
    ("precision", "precision", "{:.2f}"),
    ("recall", "recall", "{:.2f}"),
    ("coverage", "coverage", "{:.2f}"),
    ("copying", "memorisation", "{:.2f}"),
)
ROWS = 8
TOP, BOTTOM = 0.77, 0.06
LEFT, NAMES, THUMBS, CELL = 0.018, 0.135, 0.128, 0.063
GOOD, BAD = "#d5ece4", "#f7d9c4"
LEGEND = (
    "Green: as good as real digits, orange: not. Copying: distance to the nearest training image, "
    "over that of held-out digits; 0 is a copy."
)


def draw(look: Look) -> bytes:
    """A LabLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, LabLook)
    figure = drawing.new_figure(look.caption)
    _table(figure, look)
    _sizes(figure, look)
    figure.text(LEFT, 0.022, LEGEND, fontsize=8, color=drawing.SOFT, va="center")
    return drawing.to_png(figure)


def _table(figure: Canvas, look: LabLook) -> None:
    height = (TOP - BOTTOM) / ROWS
    for column, (head, _, _) in enumerate(COLUMNS):
        x = LEFT + NAMES + THUMBS + (column + 0.5) * CELL
        figure.text(x, TOP + 0.012, head, fontsize=8, color=drawing.SOFT, ha="center", va="bottom")
    figure.text(LEFT, TOP + 0.012, f"n = {look.n} each", fontsize=8.5, color=drawing.SOFT, va="bottom")
    for row, trial in enumerate(look.trials):
        y = TOP - (row + 0.5) * height
        figure.text(LEFT, y, trial.name, fontsize=9.5, va="center")
        box = (LEFT + NAMES, y - 0.44 * height, THUMBS - 0.008, 0.88 * height)
        ink_panel(figure, box, trial.shown, THUMBNAILS)
        _cells(figure, trial, y, height)


def _cells(figure: Canvas, trial: Trial, y: float, height: float) -> None:
    from matplotlib.patches import Rectangle

    for column, (_, name, form) in enumerate(COLUMNS):
        x = LEFT + NAMES + THUMBS + column * CELL
        one = trial.figures[name]
        colour = GOOD if is_good(name, one) else BAD
        corner = (x + 0.002, y - 0.46 * height)
        figure.add_artist(Rectangle(corner, CELL - 0.004, 0.92 * height, color=colour, linewidth=0))
        told = form.format(one.value) if form else f"{one.value:.{2 if one.value < 10 else 0}f}"
        figure.text(x + CELL / 2, y, told, fontsize=9, ha="center", va="center")


def is_good(name: str, figure: Figure) -> bool:
    """Whether a figure is near that of real images: FD within 1.5 times the floor, shares and IS within 5 % of it,
    memorisation within 0.75 to 1.5."""
    if name == "fd_digits64":
        return figure.value <= 1.5 * figure.floor
    if name == "memorisation":
        return 0.75 <= figure.value <= 1.5
    return figure.value >= 0.95 * figure.floor


def _sizes(figure: Canvas, look: LabLook) -> None:
    axes = figure.add_axes((0.735, 0.16, 0.25, 0.605))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5, colors=drawing.SOFT)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.7)
    drawing.title(axes, "FD, real against real, by n")
    axes.set_xlabel("images on either side", fontsize=8.5, color=drawing.SOFT, labelpad=1)
    axes.set(xlim=(0, 750), xticks=[50, 200, 400, 700])
    if look.sizes:
        _curve(axes, look)
    else:
        axes.set_yticks([])
        axes.text(375, 0.5, "measured at the end", fontsize=9, color=drawing.SOFT, ha="center")


def _curve(axes: Axes, look: LabLook) -> None:
    n = [size.n for size in look.sizes]
    values = [size.fd for size in look.sizes]
    axes.errorbar(
        n, values, yerr=[size.fd_spread for size in look.sizes], color=drawing.REAL, marker="o", markersize=4,
        linewidth=1.3, capsize=3,
    )  # fmt: skip
    for size in look.sizes:
        axes.annotate(
            f"{size.fd:.1f}", (size.n, size.fd + size.fd_spread), xytext=(3, 3), textcoords="offset points",
            fontsize=8.5, color=drawing.REAL,
        )  # fmt: skip
    axes.set_ylim(0, 1.25 * max(size.fd + size.fd_spread for size in look.sizes))
    axes.annotate(
        "all of them real digits:\nonly their number differs", (0.97, 0.93), xycoords="axes fraction", ha="right",
        va="top", fontsize=8.5, color=drawing.SOFT,
    )  # fmt: skip
