"""Cartoon faces with named attributes, drawn from shapes: no photograph, no download, any number of them.

Each face is a row of ten numbers in 0..1, and the picture is a function of that row alone. So the attributes of a
picture are known exactly, and the true twin of a face, the same one with other hair or a smile, is one more drawing.
Every shape is a signed distance (below 0 inside, in units of half the picture), and its cover of a pixel follows
from the distance; all faces of a batch are drawn together, on the device of their attributes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

ATTRIBUTES = (
    "hair", "smile", "age", "glasses", "skin", "width", "eyes", "gaze", "length", "background",
)  # fmt: skip
"""Columns of a face: hair colour (0 black, 1 blond), smile (0 sad, 1 laughing), age (0 young, 1 old), glasses (0 or 1),
skin (0 light, 1 dark), width of the face, size of the eyes, gaze (0 left, 1 right), length of the hair (0 short),
background (0 blue, 1 peach)."""

TAUGHT = ("hair", "smile", "age", "glasses")
"""The attributes that change many pixels, for demos to move along."""

HAIR = ((0.09, 0.08, 0.10), (0.46, 0.25, 0.12), (0.98, 0.82, 0.36))
SKIN = ((1.00, 0.86, 0.74), (0.87, 0.64, 0.46), (0.50, 0.32, 0.22))
BACKGROUND = ((0.55, 0.76, 0.95), (0.70, 0.88, 0.72), (0.99, 0.78, 0.62))
SHIRT, FRAME, LENS = (0.36, 0.35, 0.60), (0.13, 0.14, 0.24), (0.80, 0.93, 1.0)
IRIS, DARK, WHITE = (0.30, 0.42, 0.38), (0.07, 0.06, 0.09), (0.99, 0.99, 0.98)
ROSY, LIP, MOUTH, GREY = (0.95, 0.36, 0.36), (0.72, 0.20, 0.22), (0.42, 0.08, 0.12), (0.88, 0.88, 0.90)
Colour = Tensor | tuple[float, float, float]
CHUNK = 256


def column(name: str) -> int:
    """The column of an attribute; ValueError for a name that is none."""
    if name not in ATTRIBUTES:
        raise ValueError(f"a face has no attribute {name!r}: it has {', '.join(ATTRIBUTES)}")
    return ATTRIBUTES.index(name)


def draw_attributes(n: int, source: torch.Generator) -> Tensor:
    """The attributes [n, 10] of n faces on the device of `source`: all uniform in 0..1, glasses 0 or 1."""
    rows = torch.rand((n, len(ATTRIBUTES)), generator=source, device=source.device)
    glasses = column("glasses")
    rows[:, glasses] = (rows[:, glasses] < 0.5).float()
    return rows


def asked_attributes(n: int, source: torch.Generator, asked: Mapping[str, float]) -> Tensor:
    """The attributes [n, 10] of n faces that have those `asked` for, the others drawn."""
    rows = draw_attributes(n, source)
    for name, value in asked.items():
        rows[:, column(name)] = value
    return rows


def twins(attributes: Tensor, name: str, value: Tensor | float) -> Tensor:
    """The same faces [n, 10] with one attribute set to `value`, one number for all or one for each [n]."""
    changed = attributes.clone()
    changed[:, column(name)] = value
    return changed


def render(attributes: Tensor, size: int) -> Tensor:
    """The pictures [n, 3, size, size] in -1..1 of faces [n, 10], red, green, blue, the top row first."""
    parts = [_Drawing(rows, size).finished() for rows in attributes.split(CHUNK)]
    if not parts:
        return torch.empty((0, 3, size, size), device=attributes.device)
    return torch.cat(parts)


class _Drawing:
    """One batch of faces being painted, back to front. x runs right and y up, both from -1 to 1.

    Each part paints in a band of rows (`_band`), so that small things cost little.
    """

    def __init__(self, attributes: Tensor, size: int) -> None:
        device = attributes.device
        axis = (torch.arange(size, device=device) + 0.5) * (2 / size) - 1
        self.x, self.rows = axis[None, None, :], -axis[None, :, None]
        self.side = self.x.abs()  # most shapes are the same left and right
        self.pixel = 2 / size
        self.picture = torch.empty((len(attributes), 3, size, size), device=device)
        self.a = {name: attributes[:, i, None, None] for i, name in enumerate(ATTRIBUTES)}
        self.rx = 0.50 + 0.15 * self.a["width"]
        self.skin = _palette(SKIN, attributes[:, column("skin")])
        self.hair = _palette(HAIR, attributes[:, column("hair")])
        self.old = attributes[:, column("age"), None]
        self._band(-1, 1)

    def finished(self) -> Tensor:
        self._behind()
        self._head()
        self._signs_of_age()
        self._hair()
        self._eyes()
        self._mouth()
        self._glasses()
        return self.picture.clamp_(0, 1).mul_(2).sub_(1)

    def _band(self, low: float, high: float) -> None:
        """From here on only the rows between two heights are painted, and one row more either way."""
        size = self.rows.shape[1]
        top = max(0, math.floor((1 - high) / self.pixel) - 1)
        bottom = min(size, math.ceil((1 - low) / self.pixel) + 1)
        self.y = self.rows[:, top:bottom]
        self.canvas = self.picture[:, :, top:bottom]

    def _paint(self, colour: Colour, distance: Tensor, strength: Tensor | float = 1.0) -> None:
        """Covers what lies inside with a colour, one [3] or one for each face [n, 3]; soft over one pixel."""
        cover = (0.5 - distance / self.pixel).clamp_(0, 1) * strength
        self.canvas.lerp_(self._colour(colour)[:, :, None, None], cover[:, None])

    def _colour(self, colour: Colour) -> Tensor:
        return colour if isinstance(colour, Tensor) else self.canvas.new_tensor(colour)[None]

    def _ellipse(self, x: Tensor, y: Tensor, rx: Tensor | float, ry: Tensor | float) -> Tensor:
        """About the distance to an ellipse around the origin of (x, y): f / |grad f| with f = |p / r| - 1."""
        u, v = x / rx, y / ry
        length = (u * u + v * v).sqrt_().clamp_(min=1e-4)
        u, v = u / rx, v / ry
        return (length - 1) * length / (u * u + v * v).sqrt_().clamp_(min=1e-4)

    def _behind(self) -> None:
        """Background, long hair, neck, shoulders."""
        ground = _palette(BACKGROUND, self.a["background"][:, 0, 0])
        light = 1 - 0.06 * (self.x**2 + self.y**2)
        self.canvas.copy_(ground[:, :, None, None] * light[:, None])
        low = 0.05 - 0.98 * self.a["length"]  # where the hair ends
        middle, half = (0.62 + low) / 2, (0.62 - low) / 2
        wide = self.rx + 0.10 + 0.08 * self.a["length"]
        dx, dy = self.side - (wide - 0.3), (self.y - middle).abs() - (half - 0.3).clamp(min=0)
        box = (dx.clamp(min=0) ** 2 + dy.clamp(min=0) ** 2).sqrt() + torch.maximum(dx, dy).clamp(max=0) - 0.3
        self._paint(self.hair * 0.80, box)
        self._band(-1, -0.40)
        self._paint(SHIRT, self._ellipse(self.x, self.y + 1.22, 0.82, 0.42))
        self._paint(self.skin * 0.78, torch.maximum(self.side - 0.19, (self.y + 0.70).abs() - 0.24))

    def _head(self) -> None:
        """Ears, face with a chin narrower than its temples, rosy cheeks, nose."""
        self._band(-0.22, 0.18)
        self._paint(self.skin * 0.88, self._ellipse(self.side - self.rx, self.y + 0.02, 0.10, 0.14))
        self._band(-0.82, 0.72)
        chin = self.x * (1 - 0.14 * (self.y - 0.1))
        self._paint(self.skin, self._ellipse(chin, self.y + 0.06, self.rx, 0.74))
        self._band(-0.36, -0.04)
        rosy = self.skin.lerp(self._colour(ROSY), 0.45)
        blush = self._ellipse(self.side - 0.34, self.y + 0.22, 0.13, 0.10)
        self._paint(rosy, blush, 1 - self.a["age"])
        self._paint(self.skin * 0.80, self._ellipse(self.x, self.y + 0.14, 0.070, 0.075))

    def _signs_of_age(self) -> None:
        """Lines on the forehead, bags under the eyes, folds beside the mouth: the deeper the older."""
        line, strength = self.skin * 0.66, (1.4 * self.a["age"] - 0.35).clamp(0, 1)
        self._band(0.30, 0.60)
        for height in (0.43, 0.56):
            wave = (self.y - height + 0.25 * self.x**2).abs() - 0.022
            self._paint(line, torch.maximum(wave, self.side - 0.28), strength)
        self._band(-0.52, -0.06)
        bag = self._ellipse(self.side - 0.25, self.y + 0.02, 0.17, 0.17).abs() - 0.016
        self._paint(line, torch.maximum(bag, self.y + 0.09), strength)
        bend = 0.155 + 0.62 * (-0.20 - self.y) - 0.55 * (-0.20 - self.y) ** 2
        fold = (self.side - bend).abs() * 0.85 - 0.018
        self._paint(line, torch.maximum(fold, (self.y + 0.30).abs() - 0.12), strength)

    def _hair(self) -> None:
        """A cap above the hairline, which climbs with age; the temples turn grey."""
        self._band(-0.10, 0.90)
        age = self.a["age"]
        cap = self._ellipse(self.x, self.y - 0.04, self.rx + 0.09, 0.80)
        fringe = 0.44 + 0.24 * age - 0.16 * self.x * (1 - age)
        line = (fringe - (self.y + (0.95 - 0.45 * age) * self.x**2)) * 0.75
        shape = torch.maximum(cap, line)
        self._paint(self.hair, shape)
        temple = torch.maximum(shape, self.rx - 0.15 - self.side)
        self._paint(self.hair.lerp(self._colour(GREY), 0.85), temple, (1.5 * age - 0.5).clamp(0, 1))
        shine = self._ellipse(self.x + 0.22, self.y - 0.70, 0.18, 0.05)
        self._paint(self.hair.lerp(self._colour(WHITE), 0.25), torch.maximum(shine, shape))

    def _eyes(self) -> None:
        """Whites, irises that look aside, upper lids, brows that turn grey."""
        big = 0.110 + 0.060 * self.a["eyes"]
        self._band(-0.15, 0.32)
        up = self.y - 0.07
        white = self._ellipse(self.side - 0.25, up, big, big)
        self._paint(WHITE, white)
        look = (self.a["gaze"] - 0.5) * 0.9 * big
        across = torch.where(self.x < 0, self.x + 0.25, self.x - 0.25) - look
        iris = self._ellipse(across, up, big * 0.72, big * 0.78)
        self._paint(IRIS, torch.maximum(iris, white))
        self._paint(DARK, torch.maximum(iris + 0.30 * big, white))
        self._paint(WHITE, self._ellipse(across - 0.28 * big, up - 0.30 * big, big * 0.24, big * 0.24))
        self._paint(DARK, torch.maximum(white.abs() - 0.022, 0.35 * big - up))
        self._band(0.18, 0.42)
        brow = (self.hair * 0.75).lerp(self._colour(GREY), (1.6 * self.old - 0.5).clamp(0, 1))
        arch = (self.y - 0.33 + 1.4 * (self.side - 0.25) ** 2).abs() - (0.026 + 0.022 * self.a["age"])
        self._paint(brow, torch.maximum(arch, (self.side - 0.25).abs() - 0.16))

    def _mouth(self) -> None:
        """A curve down or up, which opens into a laugh with teeth."""
        self._band(-0.80, -0.22)
        mood = 1.7 * self.a["smile"] - 0.7
        half = (0.23 + 0.13 * mood.clamp(min=0)) * (self.rx / 0.57)
        along = (self.side / half).clamp(max=1.2) ** 2
        upper = -0.44 + 0.15 * mood * (along - 0.45)
        drop = 0.36 * (mood - 0.10).clamp(min=0) * (1 - along).clamp(min=0)
        ends = self.side - half
        inside = torch.maximum(torch.maximum(self.y - upper, upper - drop - self.y), ends)
        self._paint(MOUTH, inside)
        self._paint(WHITE, torch.maximum(inside, upper - 0.5 * drop - self.y), (drop > 0.01).float())
        rim = torch.minimum((self.y - upper).abs(), (self.y - upper + drop).abs()) - 0.032
        self._paint(LIP, torch.maximum(rim, ends))

    def _glasses(self) -> None:
        """Round, thick frames with a pale lens, a bridge and arms."""
        self._band(-0.22, 0.36)
        worn = self.a["glasses"]
        ring = self._ellipse(self.side - 0.255, self.y - 0.07, 0.21, 0.21)
        self._paint(LENS, ring, 0.25 * worn)
        bar = (self.y - 0.10).abs() - 0.030
        arms = torch.maximum(bar, torch.maximum(0.45 - self.side, self.side - self.rx - 0.02))
        bridge = torch.maximum(bar, self.side - 0.05)
        self._paint(FRAME, torch.minimum(ring.abs() - 0.042, torch.minimum(arms, bridge)), worn)


def _palette(stops: tuple[tuple[float, ...], ...], at: Tensor) -> Tensor:
    """Colours [n, 3] at places [n] in 0..1 along three stops."""
    first, middle, last = torch.tensor(stops, device=at.device)
    at = at.clamp(0, 1)[:, None] * 2
    return torch.where(at < 1, torch.lerp(first, middle, at.clamp(max=1)), torch.lerp(middle, last, at - 1))
