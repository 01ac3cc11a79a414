"""The picture of a GAN: points over the discriminator's opinion, both losses, and the share of each mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demos import drawing
from demos.gan import GanLook
from demos.steps import Look

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(look: Look) -> bytes:
    """A GanLook as PNG bytes, 900 x 420 pixels."""
    assert isinstance(look, GanLook)
    figure = drawing.new_figure(look.caption)
    _plane(drawing.plane(figure, look.view, remarks=2), look)
    upper, lower = drawing.right_panels(figure)
    upper.set_position((0.43, 0.545, 0.24, 0.27))
    lower.set_position((0.43, 0.125, 0.545, 0.25))
    beside = drawing.panel(figure, (0.735, 0.545, 0.24, 0.27))
    _losses(upper, look)
    _judgement(beside, look)
    if len(look.mode_shares) > 1:
        _shares(lower, look)
    else:
        _history(lower, look)
    return drawing.to_png(figure)


def _plane(axes: Axes, look: GanLook) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    opinion = LinearSegmentedColormap.from_list("opinion", ["#f3b183", "#ffffff", "#86bde0"])
    edge = (-look.view, look.view, -look.view, look.view)
    axes.imshow(
        look.belief, extent=edge, origin="lower", cmap=opinion, vmin=0, vmax=1, interpolation="bilinear"
    )
    axes.set_autoscale_on(False)
    start = look.fake[: len(look.arrows)]
    axes.quiver(
        start[:, 0], start[:, 1], look.arrows[:, 0], look.arrows[:, 1], angles="xy", scale_units="xy", scale=1,
        width=0.005, headwidth=3.6, headlength=4, headaxislength=3.6, color="#222222", zorder=3,
    )  # fmt: skip
    drawing.points(axes, look.real, look.fake, "blue: the discriminator says real; orange: generated")
    axes.annotate(
        "arrows: where the generator is pushed to", (0.0, -0.19), xycoords="axes fraction", fontsize=8.5,
        va="center", color=drawing.SOFT,
    )  # fmt: skip


def _losses(axes: Axes, look: GanLook) -> None:
    drawing.title(axes, "Loss")
    drawing.level_line(axes, look.equilibrium, f"{look.equilibrium_text}: cannot tell")
    for values, color, word in (
        (look.d_loss, drawing.REAL, "discriminator"),
        (look.g_loss, drawing.MADE, "generator"),
    ):
        steps, means = drawing.smoothed(values)
        axes.plot(steps, means, color=color, linewidth=1.3, label=word)
    axes.margins(y=0.18)
    axes.set_xlim(0, look.total_steps)
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.04, 0.98), ncols=2, fontsize=8, frameon=False,
        labelcolor="linecolor", handlelength=1, columnspacing=0.8, handletextpad=0.4, borderaxespad=0.2,
    )  # fmt: skip


def _judgement(axes: Axes, look: GanLook) -> None:
    words = ("D(x)", "D(G(z))")
    if look.even is None:
        drawing.title(axes, "Mean score")
    elif look.pairs:
        drawing.title(axes, "Trust")
        words = ("the real one", "generated")
    else:
        drawing.title(axes, "Mean belief")
    if look.even is not None:
        drawing.level_line(axes, look.even, "0.5: a guess")
        axes.set(ylim=(0, 1), yticks=[0, 0.5, 1])
    for values, color, word in (
        (look.judged_real, drawing.REAL, words[0]),
        (look.judged_fake, drawing.MADE, words[1]),
    ):
        steps, means = drawing.smoothed(values)
        axes.plot(steps, means, color=color, linewidth=1.3, label=word)
    axes.set_xlim(0, look.total_steps)
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.04, 0.98), ncols=2, fontsize=8, frameon=False,
        labelcolor="linecolor", handlelength=1, columnspacing=0.8, handletextpad=0.4, borderaxespad=0.2,
    )  # fmt: skip


def _shares(axes: Axes, look: GanLook) -> None:
    k = len(look.mode_shares)
    fair = 1 / k
    drawing.title(axes, "Share of the generated points at each mode")
    strict = look.mode_shares >= 0.2 * fair
    colors = [drawing.MADE if full else "#f0c4a8" for full in strict]
    axes.bar(range(1, k + 1), look.mode_shares, color=colors, width=0.7)
    drawing.level_line(axes, fair, "fair share")
    axes.set_ylim(0, max(1.45 * fair, 1.15 * float(look.mode_shares.max())))
    axes.set_xticks(range(1, k + 1) if k <= 12 else range(1, k + 1, 4))
    axes.set_yticks([0, fair], ["0", f"1/{k}"])


def _history(axes: Axes, look: GanLook) -> None:
    drawing.title(axes, "Share of points close to the data, and of the curve that is covered")
    steps = [step for step, _, _ in look.history]
    axes.plot(
        steps,
        [quality for _, quality, _ in look.history],
        color=drawing.MADE,
        marker="^",
        ms=3,
        label="close",
    )
    axes.plot(
        steps, [found for _, _, found in look.history], color=drawing.OTHER, marker="o", ms=3, label="covered"
    )
    axes.set(xlim=(0, look.total_steps), ylim=(0, 1.08))
    axes.legend(
        loc="lower right", ncols=2, fontsize=8.5, frameon=False, labelcolor="linecolor", handlelength=1.4
    )
