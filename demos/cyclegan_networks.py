"""The networks of the CycleGAN on faces: translators that say where and how to recolour, and patch discriminators."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 24
COLOUR_GAIN = 10.0
"""The change of colour is this times its weights, so that at a network's learning rate it moves in hundreds of steps,
not thousands."""


class Translator(nn.Module):
    """Faces [b, 3, s, s] in about -1..1 -> (translated faces [b, 3, s, s], mask [b, 1, s, s] in 0..1); s even.

    "mask": out = (1 - m) x + m (A x + c) with a soft mask m that depends on the face and one change of colour A [3, 3],
    c [3] for all. "free": out = x + a change of any pixel; its mask is the size of that change.
    It works on blocks of 2 x 2 pixels, told where in the picture they are; its reach is 15 x 15 blocks.
    """

    def __init__(self, kind: str, width: int = WIDTH) -> None:
        super().__init__()
        self.kind = kind
        out = 4 if kind == "mask" else 12
        self.body = nn.Sequential(
            nn.Conv2d(3 * 4 + 2, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=4, dilation=4),
            nn.ReLU(),
            nn.Conv2d(width, out, 1),
            nn.PixelShuffle(2),
        )
        self.turn = nn.Parameter(torch.zeros(3, 3))
        self.shift = nn.Parameter(torch.zeros(3))

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor]:
        raw = self.body(torch.cat([functional.pixel_unshuffle(faces, 2), places(faces)], dim=1))
        if self.kind == "free":
            return faces + raw, (raw.abs().mean(dim=1, keepdim=True) / 2).clamp(0, 1)
        mask = torch.sigmoid(raw)
        return faces + mask * COLOUR_GAIN * self._change(faces), mask

    def _change(self, faces: Tensor) -> Tensor:
        """(A - 1) x + c, over the gain."""
        turned = torch.einsum("ij,bjhw->bihw", self.turn, faces)
        return turned + self.shift[:, None, None]


def places(faces: Tensor) -> Tensor:
    """Where each 2 x 2 block of faces [b, 3, s, s] lies: across and down, [b, 2, s/2, s/2], both from -1 to 1."""
    half = faces.shape[-1] // 2
    axis = torch.linspace(-1, 1, half, device=faces.device)
    down, across = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([across, down]).expand(len(faces), -1, -1, -1)


class PatchDiscriminator(nn.Module):
    """Faces [b, 3, s, s] -> raw outputs for overlapping patches, [b, patches] (PatchGAN, arXiv 1611.07004)."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 3, padding=1),
            nn.Flatten(),
        )

    def forward(self, faces: Tensor) -> Tensor:
        patches: Tensor = self.body(faces)
        return patches
