"""The picture of the tiny transformer: what it writes, its losses, and what it expects next."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from demos import drawing
from demos.steps import Look
from demos.transformer import TransformerLook

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE = 48


def draw(look: Look) -> bytes:
    """A TransformerLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, TransformerLook)
    figure = drawing.new_figure(look.caption)
    _page(figure, look)
    _bars(figure.add_axes((0.045, 0.125, 0.40, 0.26)), look)
    _losses(figure.add_axes((0.535, 0.125, 0.40, 0.67)), look)
    return drawing.to_png(figure)


def visible(character: str) -> str:
    """A character as it can be shown alone: a space as ␣, a line's end as ↵."""
    return {" ": "␣", "\n": "↵"}.get(character, character)


def _page(figure: Figure, look: TransformerLook) -> None:
    """The prompt, and what the network wrote after it, on a sheet."""
    axes = figure.add_axes((0.018, 0.49, 0.45, 0.305))
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], facecolor="#faf7f0")
    for spine in axes.spines.values():
        spine.set_color("#d8d0bd")
    drawing.title(axes, "What it writes now (the first words were given to it)")
    lines = textwrap.wrap(
        (look.prompt + look.sample).replace("\n", "↵ "),
        LINE,
        max_lines=5,
        placeholder=" …",
    )
    style: dict[str, Any] = {"family": "monospace", "fontsize": 9.0, "va": "top", "ha": "left"}
    for row, line in enumerate(lines):
        y = 0.91 - 0.18 * row
        shown = look.prompt if row == 0 and line.startswith(look.prompt) else ""
        axes.text(0.02, y, safe(shown), color=drawing.REAL, fontweight="bold", **style)
        axes.text(0.02, y, safe(" " * len(shown) + line[len(shown) :]), color="#222222", **style)


def safe(text: str) -> str:
    """Text that matplotlib does not take for a formula."""
    return text.replace("$", r"\$")


def _losses(axes: Axes, look: TransformerLook) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5, colors=drawing.SOFT)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.7)
    axes.set_axisbelow(True)
    drawing.title(axes, "Loss by step, in nats per character")
    steps, means = drawing.smoothed(look.losses)
    axes.plot(steps, means, color=drawing.REAL, linewidth=1.1, alpha=0.8, label="training")
    if look.held_out:
        at, fit = zip(*look.held_out, strict=True)
        axes.plot(at, fit, color=drawing.MADE, linewidth=1.6, marker="o", ms=3, label="held-out")
    drawing.level_line(axes, look.uniform, "pure guessing", below=True)
    drawing.level_line(axes, look.ngram, f"best n-gram (order {look.ngram_order})", below=True)
    top = 1.06 * look.uniform
    axes.set(xlim=(0, max(1, look.total_steps)), ylim=(0, top))
    axes.set_xlabel("step", fontsize=8.5, color=drawing.SOFT, labelpad=1)
    _perplexity_axis(axes, top)
    if look.losses:
        axes.legend(
            loc="upper right", bbox_to_anchor=(1.0, 0.9), fontsize=8.5, frameon=False, labelcolor="linecolor"
        )


def _perplexity_axis(axes: Axes, top: float) -> None:
    """The same heights as perplexities, on the right."""
    right = axes.twinx()
    marks = [mark for mark in (1, 2, 3, 5, 10, 20, 50, 100) if math.log(mark) <= top]
    right.set_ylim(0, top)
    right.set_yticks([math.log(mark) for mark in marks], [str(mark) for mark in marks])
    right.tick_params(labelsize=8.5, colors=drawing.SOFT)
    right.spines[["top", "left"]].set_visible(False)
    right.set_ylabel("perplexity", fontsize=8.5, color=drawing.SOFT, labelpad=3)


def _bars(axes: Axes, look: TransformerLook) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5, colors=drawing.SOFT)
    drawing.title(axes, f"Which character follows “{look.prompt.replace(' ', '␣')}”?")
    places = range(len(look.bars))
    axes.bar(
        [at - 0.2 for at in places],
        [model for _, model, _ in look.bars],
        0.38,
        color=drawing.MADE,
        label="network",
    )
    if look.bars_n:
        label = f"text ({look.bars_n} times)"
        shares = [share for _, _, share in look.bars]
        axes.bar([at + 0.2 for at in places], shares, 0.38, color=drawing.REAL, label=label)
    axes.set_xticks(list(places), [safe(visible(character)) for character, _, _ in look.bars], fontsize=10.5)
    highest = max((max(model, share) for _, model, share in look.bars), default=1.0)
    axes.set_ylim(0, max(0.1, 1.15 * highest) if math.isfinite(highest) else 1.0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.legend(loc="upper right", fontsize=8.5, frameon=False, labelcolor="linecolor", handlelength=1.0)
