"""The picture of fine-tuning: three answers before and after, the losses by update, and what was forgotten."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from demos import drawing
from demos.fine_tuning import FineTuningLook, Shown
from demos.steps import Look
from demos.transformer_picture import safe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN = 47
LINES = 5
GENTLE = "#CC79A7"
_COLOURS = (drawing.MADE, drawing.REAL, drawing.OTHER)


def draw(look: Look) -> bytes:
    """A FineTuningLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, FineTuningLook)
    figure = drawing.new_figure(look.caption)
    _sheet(figure, look)
    _losses(drawing.panel(figure, (0.685, 0.42, 0.295, 0.385)), look)
    _forgetting(drawing.panel(figure, (0.79, 0.075, 0.16, 0.17)), look)
    return drawing.to_png(figure)


def _sheet(figure: Figure, look: FineTuningLook) -> None:
    """The questions with what is said before (left) and after (right)."""
    axes = figure.add_axes((0.015, 0.03, 0.62, 0.775))
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], facecolor="#faf7f0")
    for spine in axes.spines.values():
        spine.set_color("#d8d0bd")
    for x, head in ((0.012, "Before: the model as it came"), (0.512, "After: with its correction")):
        axes.annotate(
            head, (x, 1.02), xycoords="axes fraction", fontsize=9.5, color="#222222", annotation_clip=False
        )
    for place, (shown, colour) in enumerate(zip(look.shown, _COLOURS, strict=True)):
        _question(axes, shown, 0.975 - place / len(look.shown), colour)
        if place:
            axes.axhline(1 - place / len(look.shown), color="#d8d0bd", linewidth=0.8)


def _question(axes: Axes, shown: Shown, top: float, colour: str) -> None:
    style: dict[str, Any] = {"fontsize": 7.6, "va": "top", "ha": "left"}
    head = textwrap.shorten(f"{shown.kind}: {shown.question}", 100, placeholder=" …")
    axes.text(0.012, top, safe(head), color=colour, fontweight="bold", **style)
    if shown.wanted:
        wanted = textwrap.shorten(f"its answer: {shown.wanted}", 96, placeholder=" …")
        axes.text(0.012, top - 0.05, safe(wanted), color=drawing.SOFT, fontstyle="italic", **style)
    body = top - (0.108 if shown.wanted else 0.06)
    for x, said in ((0.012, shown.before), (0.512, shown.after)):
        lines = textwrap.wrap(said, COLUMN, max_lines=LINES - bool(shown.wanted), placeholder=" …")
        axes.text(x, body, safe("\n".join(lines)), color="#222222", linespacing=1.25, **style)


def _losses(axes: Axes, look: FineTuningLook) -> None:
    drawing.title(axes, "Loss by update, in nats per token")
    updates = range(len(look.learned))
    axes.plot(updates, look.learned, color=drawing.MADE, linewidth=1.8, label="cards learned")
    axes.plot(
        updates,
        look.learned_gently,
        color=GENTLE,
        linewidth=1.4,
        linestyle=(0, (4, 2)),
        label="… more gently",
    )
    for known, colour, marker, label in (
        (look.kept_apart, drawing.REAL, "o", "cards kept apart"),
        (look.plain, drawing.OTHER, "s", "plain sentences"),
    ):
        axes.plot(
            [at for at, _ in known], [loss for _, loss in known], color=colour, linewidth=1.3, marker=marker, ms=3.5,
            label=label,
        )  # fmt: skip
    losses = [*look.learned, *(loss for _, loss in (*look.kept_apart, *look.plain))]
    highest = max((loss for loss in losses if math.isfinite(loss)), default=6.0)
    axes.set(xlim=(0, max(1, look.total_steps)), ylim=(0, min(20.0, 1.12 * highest)))
    axes.set_xlabel("update", fontsize=8.5, color=drawing.SOFT, labelpad=1)
    if look.learned:
        axes.legend(loc="lower left", fontsize=7.5, frameon=False, labelcolor="linecolor", handlelength=1.6)


def _forgetting(axes: Axes, look: FineTuningLook) -> None:
    """The loss on plain sentences as it came, after the gentler run and after this one."""
    drawing.title(axes, "")
    axes.annotate(
        "Loss on plain sentences; lower is better", (-0.66, 1.1), xycoords="axes fraction", fontsize=9.5,
        color="#222222", annotation_clip=False,
    )  # fmt: skip
    found = {name: loss for name, loss in look.forgetting if math.isfinite(loss)}
    colours = {"before": "#bbbbbb", "after, gentler": GENTLE, "after": drawing.OTHER}
    for place, name in enumerate(colours):
        drawing.named_bar(axes, place, name, found.get(name), colours[name])
    axes.set(ylim=(-2.5, 0.5), xlim=(0, max(found.values(), default=1.0)))
    axes.set_yticks([])
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
