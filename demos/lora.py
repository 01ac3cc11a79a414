"""Low-rank adaptation (LoRA, Hu et al. 2021, arXiv 2106.09685): a frozen matrix with a small trained correction.

In place of W x the layer gives W x + alpha / r * B A x, with A [r, d_in] and B [d_out, r]: r (d_in + d_out) numbers are
trained in place of d_in * d_out. A is drawn from a normal distribution and B is zero, so that training starts from W
itself. alpha is left as it is when r changes, so that the learning rate may be left as well (section 4.1 there).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

ALPHA = 16.0


class Lora:
    """The correction of one matrix W [d_out, d_in]: x [..., d_in] -> alpha / r * B A x [..., d_out]."""

    def __init__(
        self, d_out: int, d_in: int, rank: int, generator: torch.Generator, alpha: float = ALPHA
    ) -> None:
        device = generator.device
        self.scale = alpha / rank
        self.a = torch.randn((rank, d_in), generator=generator, device=device) / d_in**0.5
        self.b = torch.zeros((d_out, rank), device=device)
        self.a.requires_grad_()
        self.b.requires_grad_()

    def __call__(self, x: Tensor) -> Tensor:
        return self.scale * ((x @ self.a.T) @ self.b.T)

    def merged(self, weight: Tensor) -> Tensor:
        """W + alpha / r * B A: one matrix that gives the same, so that the corrected model costs no more to use."""
        return weight + self.scale * (self.b @ self.a)


class Adapter:
    """The corrections of a model's matrices by (layer, name of the matrix); others are left as they are."""

    def __init__(
        self, shapes: Mapping[tuple[int, str], tuple[int, int]], rank: int, generator: torch.Generator
    ) -> None:
        self.corrections = {place: Lora(*shape, rank, generator) for place, shape in shapes.items()}

    @property
    def tensors(self) -> list[Tensor]:
        """What is trained."""
        return [part for one in self.corrections.values() for part in (one.a, one.b)]

    @property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(part.numel() for part in self.tensors)

    def __call__(self, layer: int, name: str, x: Tensor) -> Tensor:
        found = self.corrections.get((layer, name))
        return x.new_zeros(()) if found is None else found(x)
