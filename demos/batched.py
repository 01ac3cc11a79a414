"""K small GANs trained at once: one tensor holds the weights of all K, one `baddbmm` runs a layer of all K.

The K never meet: a loss is the sum over them, so each gets its own gradient, and Adam treats each number apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from demos.networks import mlp, seeded

GROUP = 8
"""Points whose spread the minibatch deviation compares."""


class BatchedMlp(nn.Module):
    """K plain networks [K, b, sizes[0]] -> [K, b, sizes[-1]]; network k is `mlp` drawn from the k-th seed.

    `slope` is that of the leaky ReLU below zero, 0 for a plain ReLU. With `with_deviation` the last layer has one
    more input, the minibatch deviation of the last hidden layer.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        slope: float,
        seeds: Sequence[int],
        device: str,
        with_deviation: bool = False,
    ) -> None:
        super().__init__()
        self.slope = slope
        self.with_deviation = with_deviation
        singles = [_linears(mlp(sizes, nn.ReLU, seeded(seed, device))) for seed in seeds]
        weights, biases = [], []
        for layer, layers in enumerate(zip(*singles, strict=True)):
            weight = torch.stack([single.weight.detach().T for single in layers])
            if with_deviation and layer == len(sizes) - 2:
                weight = torch.cat([weight, weight[:, :1]], dim=1)
            weights.append(nn.Parameter(weight))
            biases.append(nn.Parameter(torch.stack([single.bias.detach()[None] for single in layers])))
        self.weights, self.biases = nn.ParameterList(weights), nn.ParameterList(biases)

    def forward(self, x: Tensor) -> Tensor:
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if layer == last and self.with_deviation:
                x = torch.cat([x, minibatch_deviation(x)], dim=2)
            x = torch.baddbmm(bias, x, weight)
            if layer < last:
                x = nn.functional.leaky_relu(x, self.slope)
        return x


def _linears(network: nn.Sequential) -> list[nn.Linear]:
    return [layer for layer in network if isinstance(layer, nn.Linear)]


def minibatch_deviation(x: Tensor) -> Tensor:
    """The standard deviation of each feature of x [K, b, f] over groups of 8, averaged over the features: [K, b, 1].

    Every member of a group gets the same number (arXiv 1710.10196, section 3). A batch that is no multiple of 8 is
    one group.
    """
    k, b, f = x.shape
    size = GROUP if b % GROUP == 0 else b
    groups = x.reshape(k, b // size, size, f)
    away = groups - groups.mean(dim=2, keepdim=True)  # three times as fast as torch's own variance
    deviation = (away.square().mean(dim=2) + 1e-8).sqrt().mean(dim=2)
    return deviation.repeat_interleave(size, dim=1)[:, :, None]


def packed(points: Tensor, pac: int) -> Tensor:
    """Points [K, b, 2] as packs [K, b / pac, 2 pac] that are judged together (PacGAN, arXiv 1712.04086)."""
    k, b, _ = points.shape
    return points.reshape(k, b // pac, 2 * pac)


def zero_centred_penalty(outputs: Tensor, points: Tensor) -> Tensor:
    """Half the mean |grad D|^2 at points [K, b, f] of each network, summed over the K; a tensor of shape [].

    On real points it is R1, on generated ones R2 (arXiv 1801.04406, eq. 9 and 10), both without their weight gamma.
    """
    (slope,) = torch.autograd.grad(outputs.sum(), points, create_graph=True)
    return 0.5 * slope.square().sum(dim=2).mean(dim=1).sum()
