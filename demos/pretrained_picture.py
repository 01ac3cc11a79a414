"""The picture of generation with weights from the tree: images or texts as they come into being, then the figures."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from demos import drawing, faces
from demos.digit_diffusion_picture import digit_panel, distance_bars, guidance_bars
from demos.face_vae_picture import face_panel
from demos.pretrained_images import AGREES, ImageLook
from demos.pretrained_text import TextLook
from demos.steps import Look
from demos.transformer_picture import safe, visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BECOME = "What the network takes them to become"
UPPER, LOWER = (0.53, 0.545, 0.445, 0.25), (0.53, 0.125, 0.445, 0.24)
FACE_COLUMNS = 6
LINE = 56
LINES = 4


def draw(look: Look) -> bytes:
    """An ImageLook or a TextLook as PNG bytes, 900 x 420 pixels."""
    figure = drawing.new_figure(look.caption)
    if isinstance(look, TextLook):
        _text(figure, look)
    else:
        assert isinstance(look, ImageLook)
        if look.kind == "digits":
            _digits(figure, look)
        else:
            _faces(figure, look)
    return drawing.to_png(figure)


def _digits(figure: Figure, look: ImageLook) -> None:
    if look.guess is not None:
        digit_panel(figure, (0.02, 0.06, 0.46, 0.70), look.now, look.heads, "The digits now, asked for")
        digit_panel(figure, (0.52, 0.06, 0.46, 0.70), look.guess, look.heads, BECOME)
        return
    digit_panel(figure, (0.02, 0.06, 0.44, 0.70), look.now, look.heads, "The generated digits, asked for")
    if look.by_nfe:
        head = "Guidance w (0: the wish is ignored, 1: plain)"
        guidance_bars(drawing.panel(figure, UPPER), look.by_guidance, head)
        distance_bars(drawing.panel(figure, LOWER), look.by_nfe, look.sweep_floor)


def _faces(figure: Figure, look: ImageLook) -> None:
    head = "The faces now" if look.guess is not None else "The generated faces"
    face_panel(figure, 0.02, 0.775, 0.46, look.now, FACE_COLUMNS, head)
    if look.guess is not None:
        face_panel(figure, 0.52, 0.775, 0.46, look.guess, FACE_COLUMNS, BECOME)
    elif look.by_nfe:
        for column, name in enumerate(faces.TAUGHT):
            axes = drawing.panel(figure, (0.555 + 0.109 * column, 0.55, 0.092, 0.225))
            _agreement(axes, look.asked[:, column], look.read[:, column], name, first=not column)
        distance_bars(drawing.panel(figure, LOWER), look.by_nfe, look.sweep_floor, look.kind)


def _agreement(axes: Axes, asked: np.ndarray, read: np.ndarray, name: str, first: bool) -> None:
    """One attribute: what was asked for across, what was read upwards; within the band they agree."""
    drawing.title(axes, name)
    axes.fill_between([0, 1], [-AGREES, 1 - AGREES], [AGREES, 1 + AGREES], color="#e8eef4", linewidth=0)
    axes.scatter(asked, read, s=5, color=drawing.MADE, alpha=0.45, linewidths=0)
    axes.set(xlim=(-0.06, 1.06), ylim=(-0.1, 1.1), xticks=[0, 1], yticks=[0, 1])
    axes.grid(visible=False)
    axes.set_xlabel("asked", fontsize=8.5, color=drawing.SOFT, labelpad=-7)
    if first:
        axes.set_ylabel("read off the face", fontsize=8.5, color=drawing.SOFT, labelpad=0)
    else:
        axes.set_yticklabels([])


def _text(figure: Figure, look: TextLook) -> None:
    _sheet(figure, look)
    if look.bits:
        _known(drawing.panel(figure, (0.64, 0.565, 0.33, 0.215)), look)
        _bits(drawing.panel(figure, (0.64, 0.125, 0.33, 0.235)), look)
    else:
        _next(drawing.panel(figure, (0.64, 0.125, 0.33, 0.655)), look)


def _sheet(figure: Figure, look: TextLook) -> None:
    """The first texts, one below the other; the words that were given stand out."""
    axes = figure.add_axes((0.018, 0.06, 0.535, 0.735))
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], facecolor="#faf7f0")
    for spine in axes.spines.values():
        spine.set_color("#d8d0bd")
    drawing.title(axes, f"{len(look.texts)} of the texts; the first words were given")
    for place, text in enumerate(look.texts):
        top = 0.955 - place / len(look.texts)
        whole = (look.prompt + text).replace("\n", "↵ ")
        for row, line in enumerate(textwrap.wrap(whole, LINE, max_lines=LINES, placeholder=" …")):
            y = top - 0.068 * row
            given = look.prompt if row == 0 and line.startswith(look.prompt.strip()) else ""
            style: dict[str, Any] = {"family": "monospace", "fontsize": 9.0, "va": "top", "ha": "left"}
            axes.text(0.02, y, safe(given), color=drawing.REAL, fontweight="bold", **style)
            axes.text(0.02, y, safe(" " * len(given) + line[len(given) :]), color="#222222", **style)
        if place:
            axes.axhline(top + 0.035, color="#d8d0bd", linewidth=0.8)


def _next(axes: Axes, look: TextLook) -> None:
    drawing.title(axes, "What may come next in the first text")
    places = range(len(look.bars))
    bars = axes.bar(places, [p for _, p in look.bars], color=drawing.MADE, width=0.62)
    axes.bar_label(bars, [f"{p:.0%}" for _, p in look.bars], fontsize=8, padding=1)
    axes.set_xticks(places, [safe(visible(character)) for character, _ in look.bars], fontsize=10.5)
    axes.set(ylim=(0, 1.1), yticks=[0, 0.5, 1], yticklabels=["0", "50 %", "100 %"])


def _known(axes: Axes, look: TextLook) -> None:
    drawing.title(axes, f"Known words by temperature (real text: {look.known_floor:.0%})")
    places = range(len(look.known))
    bars = axes.bar(places, [share for _, share in look.known], color=drawing.MADE, width=0.62)
    axes.bar_label(bars, [f"{share:.0%}" for _, share in look.known], fontsize=8, padding=1)
    axes.set(ylim=(0, 1.2), yticks=[0, 0.5, 1], yticklabels=["0", "50 %", "100 %"])
    axes.set_xticks(places, [f"{temperature:g}" for temperature, _ in look.known])


def _bits(axes: Axes, look: TextLook) -> None:
    drawing.title(axes, "Bits per character of unseen text; lower is better")
    colours = ("#bbbbbb", drawing.OTHER, drawing.MADE)
    for place, ((name, bits), colour) in enumerate(zip(look.bits, colours, strict=True)):
        drawing.named_bar(axes, place, name, bits, colour)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
