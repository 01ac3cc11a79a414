"""What the pictures of all demos share: size, colours, caption, points, curves, and the film made of them.

Colours are Okabe and Ito's, told apart with any colour vision; real and generated points differ in shape as
well. Draws with matplotlib's Figure alone: no window, no state of pyplot.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REAL = "#0072B2"
MADE = "#D55E00"
BEST = "#000000"
OTHER = "#009E73"
SOFT = "#555555"
WIDTH_PX, HEIGHT_PX, DPI = 900, 420, 100


def warm_up() -> None:
    """Loads what drawing needs, fonts included: half a second that a first picture would take longer."""
    figure = new_figure("x")
    panel(figure, (0.1, 0.1, 0.8, 0.7))
    to_png(figure)


def new_figure(caption: str) -> Figure:
    """An empty figure of 900 x 420 pixels with the caption, in at most two lines, along its top."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_PX / DPI, HEIGHT_PX / DPI), dpi=DPI, facecolor="white")
    lines = textwrap.wrap(caption, 112)[:2]
    figure.text(0.018, 0.965, "\n".join(lines), fontsize=10.5, va="top", ha="left", linespacing=1.35)
    return figure


def plane(figure: Figure, view: float, remarks: int = 1) -> Axes:
    """The square panel on the left, from -view to +view both ways, with room below for one remark or two."""
    axes = figure.add_axes((0.018, 0.125, 0.345, 0.74) if remarks == 1 else (0.018, 0.175, 0.322, 0.69))
    axes.set(xlim=(-view, view), ylim=(-view, view), aspect="equal", xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_color("#bbbbbb")
    return axes


def right_panels(figure: Figure) -> tuple[Axes, Axes]:
    """Two panels on the right, one above the other, without a frame on top and right."""
    return panel(figure, (0.46, 0.545, 0.505, 0.27)), panel(figure, (0.46, 0.125, 0.505, 0.24))


def panel(figure: Figure, place: tuple[float, float, float, float]) -> Axes:
    """A panel for curves or bars without a frame on top and right; `place` is left, bottom, width, height in 0..1."""
    axes = figure.add_axes(place)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5, colors=SOFT)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.7)
    axes.set_axisbelow(True)
    return axes


def named_bar(axes: Axes, place: int, name: str, value: float | None, colour: str) -> None:
    """A flat bar in the row `place`, counted down from 0, its name before it and its value behind; None for no bar."""
    near: dict[str, Any] = {
        "textcoords": "offset points", "va": "center", "fontsize": 9, "annotation_clip": False,
    }  # fmt: skip
    if value is not None:
        axes.barh(-place, value, color=colour, height=0.62)
        axes.annotate(f"{value:.2f}", (value, -place), xytext=(4, 0), **near)
    axes.annotate(name, (0, -place), xytext=(-5, 0), ha="right", **near)


def title(axes: Axes, text: str) -> None:
    axes.set_title(text, fontsize=9.5, loc="left", color="#222222", pad=5)


def points(axes: Axes, real: NDArray[np.float32], made: NDArray[np.float32], remark: str) -> None:
    """Real points [n, 2] as hollow circles, made ones [m, 2] as triangles; below, a legend and a remark."""
    axes.scatter(
        real[:, 0],
        real[:, 1],
        s=15,
        marker="o",
        facecolors="none",
        edgecolors=REAL,
        linewidths=0.7,
        alpha=0.7,
    )
    axes.scatter(made[:, 0], made[:, 1], s=15, marker="^", color=MADE, linewidths=0, alpha=0.75)
    for x, text, color in ((0.0, "○ real", REAL), (0.2, "▲ generated", MADE)):
        axes.annotate(text, (x, -0.05), xycoords="axes fraction", fontsize=9.5, va="center", color=color)
    axes.annotate(remark, (0.0, -0.12), xycoords="axes fraction", fontsize=8.5, va="center", color=SOFT)
    left, right = axes.get_xlim()
    outside = int((~(np.abs(made) <= max(abs(left), abs(right))).all(axis=1)).sum())
    if outside:
        axes.annotate(
            f"{outside} of {len(made)} out of view", (1.0, -0.05), xycoords="axes fraction", fontsize=8.5,
            va="center", ha="right", color=MADE,
        )  # fmt: skip


def smoothed(values: Sequence[float], most: int = 300) -> tuple[NDArray[Any], NDArray[Any]]:
    """A long curve as about `most` means of equal stretches: steps [m] and values [m], the finite ones."""
    data = np.asarray(values, dtype=np.float64)
    width = max(1, len(data) // most)
    whole = len(data) // width * width
    means = data[:whole].reshape(-1, width).mean(axis=1) if whole else np.empty(0)
    steps = (np.arange(len(means)) + 0.5) * width
    finite = np.isfinite(means)
    return steps[finite], means[finite]


def level_line(axes: Axes, value: float, text: str, below: bool = False) -> None:
    """A dashed horizontal line with its name at the right end, above the line or below it."""
    axes.axhline(value, color=BEST, linestyle=(0, (5, 3)), linewidth=1.1)
    axes.annotate(
        text, (0.998, value), xycoords=("axes fraction", "data"), xytext=(0, -3 if below else 2),
        textcoords="offset points", ha="right", va="top" if below else "bottom", fontsize=8.5, color=BEST,
        bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.6},
    )  # fmt: skip


def to_png(figure: Figure) -> bytes:
    """The figure as PNG bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer, pil_kwargs={"compress_level": 3})
    return buffer.getvalue()


def save_film(frames: Sequence[Path], path: Path, most: int = 24) -> None:
    """An animated GIF at `path` of at most `most` of the PNG `frames`, evenly picked, the last held long."""
    from PIL import Image

    picks = sorted({round(i * (len(frames) - 1) / max(1, most - 1)) for i in range(most)}) if frames else []
    images = []
    for pick in picks:
        with Image.open(frames[pick]) as image:
            images.append(image.convert("RGB").quantize(64, method=Image.Quantize.FASTOCTREE))
    if images:
        durations_ms = [350] * (len(images) - 1) + [2500]
        images[0].save(path, save_all=True, append_images=images[1:], duration=durations_ms, loop=0)
