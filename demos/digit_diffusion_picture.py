"""The picture of a digit diffusion: digits by column, the loss and the distance to real digits, then the sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from demos import drawing
from demos.digit_diffusion import DigitLook, Sweep
from demos.mosaic import ink_panel
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 10


def draw(look: Look) -> bytes:
    """A DigitLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, DigitLook)
    figure = drawing.new_figure(look.caption)
    if look.guess is not None:
        _film(figure, look)
    else:
        digit_panel(figure, (0.02, 0.06, 0.44, 0.70), look.shown, look.digits, "Asked for")
        if look.by_guidance:
            _sweeps(figure, look)
        else:
            _curves(figure, look)
    return drawing.to_png(figure)


def digit_panel(
    figure: Figure,
    box: tuple[float, float, float, float],
    images: np.ndarray,
    digits: Sequence[str],
    head: str,
) -> None:
    axes = ink_panel(figure, box, images, COLUMNS, digits)
    axes.set_title(head, fontsize=9.5, loc="left", color="#222222", pad=17)


def _film(figure: Figure, look: DigitLook) -> None:
    assert look.guess is not None
    digit_panel(figure, (0.02, 0.06, 0.46, 0.70), look.shown, look.digits, "The images now, asked for")
    digit_panel(
        figure, (0.52, 0.06, 0.46, 0.70), look.guess, look.digits, "What the network takes them to become"
    )


def _curves(figure: Figure, look: DigitLook) -> None:
    upper, lower = right_panels(figure)
    drawing.title(upper, "Loss by step: mean squared error of the network's answer")
    steps, means = drawing.smoothed(look.loss, 150)
    upper.plot(steps, means, color=drawing.MADE, linewidth=1.3)
    upper.set_xlim(0, look.total_steps)
    if len(means):
        upper.set_ylim(0, 1.15 * float(np.percentile(means, 99)))
    drawing.title(lower, "FD of 200 images to real digits by step; lower is better")
    seen = [(step, fd) for step, fd in look.checks if np.isfinite(fd)]
    if seen:
        lower.plot(*zip(*seen, strict=True), color=drawing.MADE, linewidth=1.3, marker="o", markersize=3.5)
    lower.set_xlim(0, look.total_steps)
    lowest = min([fd for _, fd in seen] + [look.live_floor])
    _log_scale(lower, 0.6 * lowest, 2 * max([fd for _, fd in seen] + [20 * look.live_floor]))
    drawing.level_line(lower, look.live_floor, "200 real digits")
    lower.set_xlabel("step", fontsize=8.5, color=drawing.SOFT, labelpad=1)


def _log_scale(axes: Axes, low: float, high: float) -> None:
    """A logarithmic y axis from `low` to `high`, with at most five plain numbers beside it."""
    from matplotlib.ticker import NullLocator

    axes.set_yscale("log")
    axes.set_ylim(low, high)
    ticks = [tick for tick in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000) if low < tick < high]
    ticks = ticks[:: 1 + len(ticks) // 5]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.yaxis.set_minor_locator(NullLocator())


def right_panels(figure: Figure) -> tuple[Axes, Axes]:
    upper, lower = drawing.right_panels(figure)
    for axes in (upper, lower):
        box = axes.get_position()
        axes.set_position((0.53, box.y0, 0.445, box.height))
    return upper, lower


def _sweeps(figure: Figure, look: DigitLook) -> None:
    upper, lower = right_panels(figure)
    guidance_bars(upper, look.by_guidance, "Guidance w: clearer digits, less variety (w = 1: none)")
    distance_bars(lower, look.by_nfe, look.floor)


def guidance_bars(axes: Axes, by_guidance: Sequence[Sweep], head: str) -> None:
    """What guidance does to the share read as asked for, and to recall."""
    drawing.title(axes, head)
    places = np.arange(len(by_guidance))
    for shift, colour, name, row in (
        (-0.2, drawing.OTHER, "read as asked", [one.accuracy for one in by_guidance]),
        (0.2, drawing.MADE, "recall (variety)", [one.recall for one in by_guidance]),
    ):
        bars = axes.bar(places + shift, row, width=0.38, color=colour, label=name)
        axes.bar_label(bars, [f"{value:.0%}" for value in row], fontsize=8, padding=1)
    axes.set(ylim=(0, 1.5), yticks=[0, 0.5, 1], yticklabels=["0", "50 %", "100 %"])
    axes.set_xticks(places, [f"w = {one.setting:g}" for one in by_guidance])
    axes.legend(loc="upper right", fontsize=8.5, frameon=False, ncols=2, borderaxespad=0)


def distance_bars(axes: Axes, by_nfe: Sequence[Sweep], floor: float, kind: str = "digits") -> None:
    """The distance to real images by how often the network was asked, on a logarithmic scale."""
    drawing.title(axes, f"FD-{kind}64 by network evaluations per image; lower is better")
    places = range(len(by_nfe))
    values = [one.fd for one in by_nfe]
    bars = axes.bar(places, values, color=drawing.MADE, width=0.62)
    axes.bar_label(bars, [f"{value:.3g}" for value in values], fontsize=8, padding=1)
    _log_scale(axes, 0.5 * min([*values, floor]), 4 * max(values))
    axes.set_xlim(-0.6, len(values) + 1.3)  # room for the name of the line
    drawing.level_line(axes, floor, f"real {kind}: {floor:.2g}")
    axes.set_xticks(places, [f"{one.setting:g}" for one in by_nfe])
