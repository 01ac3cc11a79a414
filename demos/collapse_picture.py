"""The picture of mode collapse: K panels for each recipe, and the modes that each GAN has held over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from demos import drawing
from demos.collapse import CollapseLook
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = (drawing.MADE, drawing.OTHER)
LEFT, WIDTH = 0.02, 0.575


def draw(look: Look) -> bytes:
    """A CollapseLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, CollapseLook)
    figure = drawing.new_figure(look.caption)
    rows = len(look.names)
    for row in range(rows):
        _row(figure, look, row, rows)
    figure.text(LEFT, 0.03, "○ real", fontsize=9, color=drawing.REAL)
    figure.text(LEFT + 0.065, 0.03, "▲ generated", fontsize=9, color=drawing.SOFT)
    figure.text(
        LEFT + 0.185,
        0.03,
        "a mode counts if it holds 20 % of its fair share",
        fontsize=8.5,
        color=drawing.SOFT,
    )
    _curves(drawing.panel(figure, (0.675, 0.36, 0.305, 0.44)), look)
    _bars(figure.add_axes((0.72, 0.1, 0.26, 0.11)), look)
    return drawing.to_png(figure)


def _row(figure: Figure, look: CollapseLook, row: int, rows: int) -> None:
    k = len(look.seeds)
    side = min(WIDTH * drawing.WIDTH_PX / k - 6, 290 / rows - 26 if rows > 1 else 200)
    across, up = side / drawing.WIDTH_PX, side / drawing.HEIGHT_PX
    slot = WIDTH / k
    middle = (0.645, 0.245)[row] if rows > 1 else 0.46
    for place in range(k):
        axes = figure.add_axes((LEFT + place * slot, middle - up / 2, across, up))
        _panel(axes, look, row, place)
    figure.text(
        LEFT, middle + up / 2 + 0.055, f"{look.names[row]}: {look.fallen[row]} of {k} collapsed", fontsize=10,
        color=COLORS[row], weight="bold",
    )  # fmt: skip


def _panel(axes: Axes, look: CollapseLook, row: int, place: int) -> None:
    view = look.view
    axes.set(xlim=(-view, view), ylim=(-view, view), aspect="equal", xticks=[], yticks=[])
    down = 2 * look.modes[row, place] <= look.n_modes
    for spine in axes.spines.values():
        spine.set_color(COLORS[row] if down else "#bbbbbb")
        spine.set_linewidth(1.6 if down else 0.8)
    axes.scatter(
        look.real[:, 0],
        look.real[:, 1],
        s=7,
        facecolors="none",
        edgecolors=drawing.REAL,
        linewidths=0.5,
        alpha=0.6,
    )
    made = look.made[row, place]
    axes.scatter(made[:, 0], made[:, 1], s=7, marker="^", color=COLORS[row], linewidths=0, alpha=0.8)
    axes.set_title(
        f"seed {look.seeds[place]}: {look.modes[row, place]}" if len(look.seeds) <= 5 else str(look.modes[row, place]),
        fontsize=8, pad=2, color=drawing.SOFT,
    )  # fmt: skip


def _curves(axes: Axes, look: CollapseLook) -> None:
    drawing.title(axes, "Modes held, by step (thick: mean of seeds)")
    steps = [step for step, _ in look.history]
    if steps:
        held = np.stack([modes for _, modes in look.history])
        for row, name in enumerate(look.names):
            axes.plot(steps, held[:, row], color=COLORS[row], linewidth=0.6, alpha=0.5)
            axes.plot(steps, held[:, row].mean(axis=1), color=COLORS[row], linewidth=2, label=name)
    drawing.level_line(axes, look.n_modes, f"all {look.n_modes} modes")
    drawing.level_line(axes, look.n_modes / 2, "half: at most this counts as collapsed", below=True)
    axes.set(xlim=(0, look.total_steps), ylim=(0, 1.12 * look.n_modes))
    axes.locator_params(axis="both", integer=True, nbins=6)


def _bars(axes: Axes, look: CollapseLook) -> None:
    drawing.title(axes, f"Collapsed, of {len(look.seeds)} seeds")
    rows = range(len(look.names))
    axes.barh(rows, look.fallen, color=COLORS[: len(look.names)], height=0.62)
    for row in rows:
        axes.annotate(
            str(look.fallen[row]), (look.fallen[row], row), xytext=(3, 0), textcoords="offset points",
            va="center", fontsize=8.5, color=COLORS[row],
        )  # fmt: skip
    axes.set(xlim=(0, 1.06 * len(look.seeds)), yticks=list(rows), xticks=[])
    axes.set_yticklabels(look.names, fontsize=8.5)
    axes.tick_params(length=0)
    axes.invert_yaxis()
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.axvline(0, color="#bbbbbb", linewidth=0.8)
