"""A small decoder-only transformer, its optimiser Muon, and how text is drawn from it.

The layer is that of Vaswani et al. 2017 (arXiv 1706.03762) without biases, with rotary positions (RoFormer,
arXiv 2104.09864), RMS normalisation before each part (arXiv 1910.07467) and squared ReLU (Primer, arXiv
2109.08668).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import rms_norm, scaled_dot_product_attention

Memory = dict[int, tuple[Tensor, Tensor]]
"""The keys and values of the tokens read so far, by layer, so that the next token need not read them again."""

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


class Decoder(nn.Module):
    """(tokens [b, t]) -> raw outputs [b, t, vocab] for the token after each.

    The matrices of all layers lie in three stacks, so that Muon treats them in one go: `attention` [layers, 4,
    inner, width] for query, key, value and output; `up` and `down` [layers, 4 width, width]. `inner` is the
    largest even multiple of `heads` up to `width`. Outputs start at zero, so that training starts from the
    uniform distribution.
    """

    def __init__(self, vocab: int, layers: int, heads: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.heads = heads
        inner = max(1, width // (2 * heads)) * 2 * heads
        device = generator.device
        self.embedding = nn.Parameter(0.5 * torch.randn((vocab, width), generator=generator, device=device))
        self.head = nn.Parameter(torch.zeros((vocab, width), device=device))
        self.attention = nn.Parameter(_uniform((layers, 4, inner, width), width, generator))
        self.up = nn.Parameter(_uniform((layers, 4 * width, width), width, generator))
        self.down = nn.Parameter(torch.zeros((layers, 4 * width, width), device=device))
        with torch.no_grad():
            self.attention[:, 3] = 0

    @property
    def matrices(self) -> list[nn.Parameter]:
        """What Muon trains; embedding and head are not for it."""
        return [self.attention, self.up, self.down]

    def forward(self, tokens: Tensor, last_only: bool = False, memory: Memory | None = None) -> Tensor:
        """With a `memory` the tokens come after those that it holds, one at a time once it holds any, and join them."""
        x = rms_norm(self.embedding[tokens], self.embedding.shape[1:])
        before = memory[0][0].shape[2] if memory else 0
        size = self.attention.shape[2] // self.heads
        turn = rotary_angles(before + tokens.shape[1], size, tokens.device)
        turn = turn[0][before:], turn[1][before:]
        for layer, (attention, up, down) in enumerate(zip(self.attention, self.up, self.down, strict=True)):
            x = x + self._attend(rms_norm(x, x.shape[-1:]), attention, turn, layer, memory)
            x = x + (rms_norm(x, x.shape[-1:]) @ up.T).relu().square() @ down
        if last_only:
            x = x[:, -1:]
        return rms_norm(x, x.shape[-1:]) @ self.head.T

    def _attend(
        self, x: Tensor, weights: Tensor, turn: tuple[Tensor, Tensor], layer: int, memory: Memory | None
    ) -> Tensor:
        b, t, _ = x.shape
        query, key, value = (
            (x @ weights[:3].flatten(0, 1).T).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        )
        query, key = rotated(query, turn), rotated(key, turn)
        if memory is not None:
            if layer in memory:
                key, value = (
                    torch.cat(pair, dim=2) for pair in zip(memory[layer], (key, value), strict=True)
                )
            memory[layer] = key, value
        mixed = scaled_dot_product_attention(query, key, value, is_causal=t > 1)
        return mixed.transpose(1, 2).reshape(b, t, -1) @ weights[3]


def _uniform(shape: tuple[int, ...], inputs: int, generator: torch.Generator) -> Tensor:
    bound = math.sqrt(3 / inputs)
    return torch.empty(shape, device=generator.device).uniform_(-bound, bound, generator=generator)


def rotary_angles(length: int, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines [length, size / 2] of position times 10000^(-2 i / size) (arXiv 2104.09864, eq. 15)."""
    rates = 10000.0 ** (-torch.arange(0, size, 2, device=device) / size)
    angles = torch.arange(length, device=device)[:, None] * rates
    return angles.cos(), angles.sin()


def rotated(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Each pair (x_i, x_{i + size/2}) of x [..., t, size] turned by the angle of its position (eq. 34)."""
    cos, sin = turn
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


def orthogonalised(matrices: Tensor, steps: int = 5) -> Tensor:
    """Each matrix [..., m, n], m >= n or not, with its singular values moved to about 1 (between 0.7 and 1.2).

    Newton-Schulz with the quintic a X + b (X X^T) X + c (X X^T)^2 X of Jordan et al. 2024, "Muon"; used at
    scale in arXiv 2502.16982, section 2.1.
    """
    a, b, c = NEWTON_SCHULZ
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.transpose(-2, -1) if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.transpose(-2, -1)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.transpose(-2, -1) if tall else x


class Muon:
    """Momentum whose step is made orthogonal: W <- W - rate sqrt(max(1, m / n)) NS(g + mu v), v <- mu v + g."""

    def __init__(self, matrices: Iterable[nn.Parameter], momentum: float = 0.95) -> None:
        self.rate = 0.0
        self.momentum = momentum
        self._memories = [(matrix, torch.zeros_like(matrix)) for matrix in matrices]

    @torch.no_grad()
    def step(self) -> None:
        """One update of the matrices that have a gradient."""
        for matrix, memory in self._memories:
            if matrix.grad is None:
                continue
            memory.lerp_(matrix.grad, 1 - self.momentum)
            push = orthogonalised(matrix.grad.lerp(memory, self.momentum))
            scale = math.sqrt(max(1.0, matrix.shape[-2] / matrix.shape[-1]))
            matrix.add_(push, alpha=-self.rate * scale)


def trapezoid_rate(base: float, fraction: float, warm: float = 0.02, fall: float = 0.45) -> float:
    """The learning rate at `fraction` (0..1) of the run: up over `warm`, level, then down to 0 over `fall`."""
    return base * max(0.0, min(1.0, (fraction + 1e-3) / warm, (1 - fraction) / fall))


@torch.no_grad()
def written(
    network: Decoder, prompt: Tensor, n: int, context: int, temperature: float, top_k: int,
    generator: torch.Generator,
) -> Tensor:  # fmt: skip
    """`n` tokens after each prompt [b, t] -> [b, n], each drawn from softmax(outputs / temperature).

    `top_k` > 0 keeps the k most likely alone (Fan et al. 2018, arXiv 1805.04833). The network sees at most the
    last `context` tokens: it remembers what it has read, and when that is as much, it reads the later half anew and
    goes on from there.
    """
    tokens, new = prompt, prompt[:, -context:]
    memory: Memory = {}
    for _ in range(n):
        if memory and memory[0][0].shape[2] >= context:
            memory.clear()
            new = tokens[:, -(context // 2) :]
        outputs = network(new, last_only=True, memory=memory)[:, -1]
        probabilities = next_distribution(outputs, temperature, top_k)
        new = torch.multinomial(probabilities, 1, generator=generator)
        tokens = torch.cat([tokens, new], dim=1)
    return tokens[:, prompt.shape[1] :]


def next_distribution(outputs: Tensor, temperature: float | Tensor, top_k: int = 0) -> Tensor:
    """Raw outputs [..., vocab] -> probabilities: softmax(outputs / temperature) over the `top_k` largest; the
    temperature is one number, or one for each row [..., 1]."""
    outputs = outputs / temperature
    if 0 < top_k < outputs.shape[-1]:
        least = outputs.topk(top_k, dim=-1).values[..., -1:]
        outputs = outputs.masked_fill(outputs < least, -math.inf)
    return outputs.softmax(dim=-1)
