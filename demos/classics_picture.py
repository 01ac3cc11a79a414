"""The picture of generative against discriminative models: what each learned, and accuracy by training examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demos import drawing
from demos.classics import MODELS, VIEW, ClassicsLook
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLASS_COLORS = (drawing.REAL, drawing.MADE)
MODEL_COLORS = (drawing.MADE, drawing.OTHER, drawing.REAL)
MARKERS = ("^", "s", "o")


def draw(look: Look) -> bytes:
    """A ClassicsLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, ClassicsLook)
    figure = drawing.new_figure(look.caption)
    if look.data == "blobs":
        _bayes_plane(_plane(figure, 0.018, "Generative: naive Bayes learns p(x | y)"), look)
        _logistic_plane(_plane(figure, 0.328, "Discriminative: logistic p(y | x)"), look)
    else:
        _digit_sheets(figure, look)
    _accuracy(drawing.panel(figure, (0.69, 0.17, 0.295, 0.62)), look)
    return drawing.to_png(figure)


def _plane(figure: Figure, left: float, text: str) -> Axes:
    axes = figure.add_axes((left, 0.17, 0.29, 0.62))
    axes.set(xlim=(-VIEW, VIEW), ylim=(-VIEW, VIEW), aspect="equal", xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_color("#bbbbbb")
    drawing.title(axes, text)
    return axes


def _below(axes: Axes, text: str, line: int = 0) -> None:
    axes.annotate(
        text,
        (0.0, -0.06 - 0.07 * line),
        xycoords="axes fraction",
        fontsize=8.5,
        va="center",
        color=drawing.SOFT,
    )


def _bayes_plane(axes: Axes, look: ClassicsLook) -> None:
    edge = (-VIEW, VIEW, -VIEW, VIEW)
    for label, color in enumerate(CLASS_COLORS):
        density = look.density[label]
        levels = [density.max() * share for share in (0.05, 0.3, 0.7)]
        axes.contourf(
            density, levels=[*levels, density.max() * 1.01], colors=[color], alpha=0.13, extent=edge
        )
        axes.contour(density, levels=levels, colors=[color], linewidths=0.8, extent=edge)
        made = look.samples[label]
        axes.scatter(made[:, 0], made[:, 1], s=13, marker="^", color=color, linewidths=0, alpha=0.85)
    axes.contour(look.belief[0], levels=[0.5], colors=drawing.BEST, linewidths=1.6, extent=edge)
    _below(axes, "rings: its density, each feature by itself")
    _below(axes, "▲ new points drawn from it; black: its border", 1)


def _logistic_plane(axes: Axes, look: ClassicsLook) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    edge = (-VIEW, VIEW, -VIEW, VIEW)
    belief = LinearSegmentedColormap.from_list("belief", ["#86bde0", "#ffffff", "#f3b183"])
    axes.imshow(
        look.belief[2],
        extent=edge,
        origin="lower",
        cmap=belief,
        vmin=0,
        vmax=1,
        interpolation="bilinear",
        alpha=0.8,
    )
    for label, color in enumerate(CLASS_COLORS):
        own = look.train[look.labels == label][:150]
        axes.scatter(own[:, 0], own[:, 1], s=15, facecolors="none", edgecolors=color, linewidths=0.8)
    axes.contour(look.belief[2], levels=[0.5], colors=drawing.BEST, linewidths=1.6, extent=edge)
    axes.contour(
        look.belief[0], levels=[0.5], colors=drawing.BEST, linewidths=1.1, linestyles="dashed", extent=edge
    )
    _below(axes, f"○ training points, {min(len(look.train), 300)} of {len(look.train)}; it makes none itself")
    _below(axes, "black: its border; dashed: that of naive Bayes", 1)


def _digit_sheets(figure: Figure, look: ClassicsLook) -> None:
    names = (
        "real digits, held out",
        "drawn from naive Bayes: each pixel by itself",
        "drawn from the mixture",
    )
    for place, (sheet, name) in enumerate(zip(look.sheets, names, strict=True)):
        axes = figure.add_axes((0.018, 0.61 - place * 0.265, 0.605, 0.1945))
        axes.imshow(sheet, cmap="gray_r", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        for border in range(16, sheet.shape[1], 16):
            axes.axvline(border - 0.5, color=drawing.REAL, linewidth=0.8)
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_color("#bbbbbb")
        axes.set_title(name, fontsize=9.5, loc="left", color="#222222", pad=3)
    figure.text(0.018, 0.025, "one block for each class, 0 to 9", fontsize=8.5, color=drawing.SOFT)


def _accuracy(axes: Axes, look: ClassicsLook) -> None:
    drawing.title(axes, "Accuracy by number of training examples")
    for name, curve, color, marker in zip(MODELS, look.accuracy, MODEL_COLORS, MARKERS, strict=True):
        sizes = [n for n, _, _ in curve]
        means = [mean for _, mean, _ in curve]
        low = [mean - sd for _, mean, sd in curve]
        high = [mean + sd for _, mean, sd in curve]
        axes.fill_between(sizes, low, high, color=color, alpha=0.12, linewidth=0)
        axes.plot(sizes, means, color=color, marker=marker, ms=4, linewidth=1.5, label=name)
    if look.best is not None:
        drawing.level_line(axes, look.best, f"best possible: {look.best:.1%}")
    axes.set_xscale("log")
    lowest = min(mean - sd for curve in look.accuracy for _, mean, sd in curve)
    axes.set(xlim=(5, 1600), ylim=(max(0.0, lowest - 0.03), (look.best or 0.98) + 0.035))
    axes.set_xticks([10, 100, 1000], ["10", "100", "1000"])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("training examples (band: 1 standard deviation)", fontsize=8.5, color=drawing.SOFT)
    axes.legend(loc="lower right", fontsize=8.5, frameon=False, labelcolor="linecolor", handlelength=1.6)
