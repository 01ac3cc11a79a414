"""The small networks, drawn from a seed of their own; Adam; the average of weights; the choice of device."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from demos.knobs import DemoArgumentError, check_device


def pick_device(asked: str) -> str:
    """ "auto", "cpu" or "cuda" -> "cpu" or "cuda"; DemoArgumentError if it is unknown or absent."""
    check_device(asked)
    present = torch.cuda.is_available()
    if asked == "cuda" and not present:
        raise DemoArgumentError("No CUDA device was found on this machine", "Use the device cpu or auto.")
    return "cuda" if present and asked != "cpu" else "cpu"


def seeded(seed: int, device: str) -> torch.Generator:
    """A source of random numbers of its own on `device`."""
    return torch.Generator(device=device).manual_seed(seed)


def mlp(sizes: Sequence[int], activation: type[nn.Module], generator: torch.Generator) -> nn.Sequential:
    """A plain network [b, sizes[0]] -> [b, sizes[-1]] on the generator's device.

    Weights are uniform in +-1/sqrt(inputs), torch's own default, but drawn from `generator`.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layer = nn.Linear(inputs, outputs, device=generator.device)
        bound = 1 / math.sqrt(inputs)
        with torch.no_grad():
            layer.weight.uniform_(-bound, bound, generator=generator)
            layer.bias.uniform_(-bound, bound, generator=generator)
        layers += [layer, activation()]
    return nn.Sequential(*layers[:-1])


class Denoiser(nn.Module):
    """(xt [b, 2], t [b] in 0..1) -> [b, 2]: a velocity or a noise, by what it is trained on.

    The noise level t enters as sines and cosines of five frequencies beside xt.
    """

    frequencies: Tensor

    def __init__(self, width: int, generator: torch.Generator) -> None:
        super().__init__()
        frequencies = math.pi * 2.0 ** torch.arange(5, device=generator.device)
        self.register_buffer("frequencies", frequencies)
        self.body = mlp([2 + 1 + 2 * 5, width, width, width, 2], nn.SiLU, generator)

    def forward(self, xt: Tensor, t: Tensor) -> Tensor:
        angles = t[:, None] * self.frequencies
        out: Tensor = self.body(torch.cat([xt, t[:, None], angles.sin(), angles.cos()], dim=1))
        return out


class AveragedCopy:
    """An exponential moving average of a network's weights, whose memory grows with the length of the run.

    A fixed decay of 0.999 would still remember the untrained weights after a short run; here the memory is
    about 5 % of the run, and shorter in its first steps.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = copy.deepcopy(network).requires_grad_(False)

    @torch.no_grad()
    def update(self, source: nn.Module, step: int, total_steps: int) -> None:
        """Takes in the weights after `step` (from 0) of `total_steps`."""
        decay = min(1 - 1 / max(1.0, 0.05 * total_steps), (step + 1) / (step + 10))
        for mean, new in zip(self.network.parameters(), source.parameters(), strict=True):
            mean.lerp_(new, 1 - decay)


def cosine_rate(base: float, fraction: float, last: float = 0.02) -> float:
    """The learning rate at `fraction` (0..1) of the run: a half cosine from `base` to `last` x `base`."""
    return base * (last + (1 - last) * 0.5 * (1 + math.cos(math.pi * min(1.0, fraction))))


class Adam:
    """Adam (arXiv 1412.6980), with `decay` > 0 AdamW (arXiv 1711.05101), on parameters of one device, at `rate`.

    The arithmetic is torch's own fused function, so the numbers are those of torch.optim.AdamW. That class would load
    torch's compiler with its first update, which nothing here needs: a second of every run.
    """

    def __init__(
        self, parameters: Iterable[Tensor], betas: tuple[float, float] = (0.9, 0.999), decay: float = 0.0
    ) -> None:
        self.rate = 1e-3
        self.betas, self.decay = betas, decay
        self.parameters = list(parameters)
        self._means = [torch.zeros_like(weights) for weights in self.parameters]
        self._squares = [torch.zeros_like(weights) for weights in self.parameters]
        self._steps = [torch.zeros((), device=weights.device) for weights in self.parameters]

    def zero_grad(self) -> None:
        """Forgets the gradients."""
        for weights in self.parameters:
            weights.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """One update of the parameters that have a gradient."""
        rows = zip(self.parameters, self._means, self._squares, self._steps, strict=True)
        known = [(row[0], row[0].grad, *row[1:]) for row in rows if row[0].grad is not None]
        if not known:
            return
        weights, slopes, means, squares, steps = map(list, zip(*known, strict=True))
        adamw(
            weights, slopes, means, squares, [], steps, fused=True, amsgrad=False, beta1=self.betas[0],
            beta2=self.betas[1], lr=self.rate, weight_decay=self.decay, eps=1e-8, maximize=False,
        )  # fmt: skip


class LossCurve:
    """A loss's history, fetched from the device in batches so that a GPU need not wait at each step."""

    def __init__(self) -> None:
        self._values: list[float] = []
        self._pending: list[Tensor] = []

    def add(self, loss: Tensor) -> None:
        """One more value, a tensor of shape []."""
        self._pending.append(loss.detach())
        if len(self._pending) >= 100:
            self.values()

    def values(self) -> list[float]:
        if self._pending:
            self._values += torch.stack(self._pending).tolist()
            self._pending.clear()
        return self._values

    @property
    def finite(self) -> bool:
        """Whether the values fetched so far are finite; looks at the last hundred."""
        return all(math.isfinite(value) for value in self._values[-100:])

    def recent(self, share: float = 0.1) -> float:
        """Mean over the last `share` of the history; nan if there is none."""
        values = self.values()
        tail = values[-max(1, round(share * len(values))) :]
        return sum(tail) / len(tail) if tail else math.nan
