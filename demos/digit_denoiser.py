"""The network of the digit diffusion: a denoiser that knows the noise level and the digit asked for, and guidance."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from demos.digits import CLASSES, SIDE
from demos.networks import mlp
from demos.samplers import Network

PIXELS = SIDE * SIDE
NO_LABEL = CLASSES
"""The label that stands for no label at all."""

CONDITION = 128


class Block(nn.Module):
    """h [b, width] -> h plus a correction; the condition [b, 128] shifts and scales what goes in and gates what comes
    out. The gates start at 0, so an untrained block changes nothing (adaLN-Zero, arXiv 2212.09748, section 3.2)."""

    def __init__(self, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.width = width
        self.body = mlp([width, width, width], nn.SiLU, generator)
        self.modulation = nn.Linear(CONDITION, 3 * width, device=generator.device)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, h: Tensor, condition: Tensor) -> Tensor:
        shift, scale, gate = self.modulation(condition).chunk(3, dim=1)
        out: Tensor = h + gate * self.body(functional.layer_norm(h, (self.width,)) * (1 + scale) + shift)
        return out


class DigitDenoiser(nn.Module):
    """(xt [b, 64], t [b] in 0..1, labels [b] in 0..10) -> [b, 64]: a velocity or a noise, by what it is trained on.

    Label 10 says that no label is given. 490 thousand weights at the width 192.
    """

    frequencies: Tensor

    def __init__(self, width: int, generator: torch.Generator, blocks: int = 3) -> None:
        super().__init__()
        device = generator.device
        self.width = width
        self.register_buffer("frequencies", math.pi * 2.0 ** torch.arange(6, device=device))
        self.time = mlp([1 + 2 * 6, CONDITION, CONDITION], nn.SiLU, generator)
        self.label = nn.Parameter(torch.randn((CLASSES + 1, CONDITION), generator=generator, device=device))
        self.inward = mlp([PIXELS, width], nn.SiLU, generator)
        self.blocks = nn.ModuleList(Block(width, generator) for _ in range(blocks))
        self.outward = mlp([width, PIXELS], nn.SiLU, generator)

    def forward(self, xt: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        angles = t[:, None] * self.frequencies
        time = self.time(torch.cat([t[:, None], angles.sin(), angles.cos()], dim=1))
        condition = functional.silu(time + self.label[labels])
        h = self.inward(xt)
        for block in self.blocks:
            h = block(h, condition)
        out: Tensor = self.outward(functional.layer_norm(h, (self.width,)))
        return out


def drop_labels(labels: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """`labels` [b] with a random `share` of them replaced by NO_LABEL, so that one network learns both answers."""
    dropped = torch.rand(len(labels), generator=generator, device=labels.device) < share
    return labels.masked_fill(dropped, NO_LABEL)


def guided(network: nn.Module, labels: Tensor, guidance: float) -> Network:
    """The answer for `labels` [n], pushed away from the answer for no label: u + w (c - u).

    Classifier-free guidance (arXiv 2207.12598, eq. 6, where w counts from 0: ours is theirs + 1). w = 1 is no
    guidance, w = 0 ignores the labels; each other w costs two passes of the network for one evaluation.
    """
    nothing = torch.full_like(labels, NO_LABEL)

    def answer(xt: Tensor, t: Tensor) -> Tensor:
        if guidance in (0.0, 1.0):
            out: Tensor = network(xt, t, labels if guidance else nothing)
            return out
        both = network(xt.repeat(2, 1), t.repeat(2), torch.cat([labels, nothing]))
        with_label, without = both.chunk(2)
        return without + guidance * (with_label - without)

    return answer
