"""The networks of the digit GANs: small generators and discriminators for images of 8 x 8 pixels.

The convolutional ones follow DCGAN (arXiv 1511.06434): batch normalisation in the generator, leaky ReLU in the
discriminator, no pooling. Sizes are doubled by a pixel shuffle (arXiv 1609.05158), at the very end, which costs a
third of a transposed convolution on a CPU. The normalisation uses the statistics of the batch it is given, always, so
images are to be drawn many at a time.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from demos.digits import SIDE

SLOPE = 0.2
WIDTH = 64
MLP_WIDTH = 256


@torch.no_grad()
def draw_weights(network: nn.Module, source: torch.Generator) -> None:
    """Moves the network to the device of `source` and draws its weights from it: normal with standard deviation
    sqrt(2 / inputs) (He et al., arXiv 1502.01852), class vectors normal with 1, biases 0."""
    network.to(source.device)
    for part in network.modules():
        if isinstance(part, (nn.Linear, nn.Conv2d)):
            inputs = part.weight[0].numel()
            part.weight.normal_(0, math.sqrt(2 / inputs), generator=source)
            if part.bias is not None:
                part.bias.zero_()
        elif isinstance(part, nn.Embedding):
            part.weight.normal_(0, 1, generator=source)


class Generator(nn.Module):
    """(z [b, z_dim], labels [b] or None) -> images [b, 1, 8, 8] in -1..1.

    `kind` is "conv" or "mlp". With `n_classes` > 0 the class enters as a learned vector beside z.
    """

    def __init__(self, kind: str, z_dim: int, n_classes: int = 0) -> None:
        super().__init__()
        self.table = nn.Embedding(n_classes, 16) if n_classes else None
        inputs = z_dim + (16 if n_classes else 0)
        self.body = _conv_generator(inputs) if kind == "conv" else _mlp_generator(inputs)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.table is not None:
            assert labels is not None
            z = torch.cat([z, self.table(labels)], dim=1)
        images: Tensor = self.body(z)
        return images


class Discriminator(nn.Module):
    """(images [b, 1, 8, 8], labels [b] or None) -> raw outputs [b]; sigmoid of them is the belief "real".

    With `n_classes` > 0 it is a projection discriminator: psi(h) + <v_y, h> for the features h of an image and a
    learned vector v_y of its class (arXiv 1802.05637, eq. 3 and figure 1d).
    """

    def __init__(self, kind: str, n_classes: int = 0) -> None:
        super().__init__()
        self.body, width = _conv_features() if kind == "conv" else _mlp_features()
        self.psi = nn.Linear(width, 1)
        self.table = nn.Embedding(n_classes, width) if n_classes else None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        features: Tensor = self.body(images)
        raw: Tensor = self.psi(features)[:, 0]
        if self.table is None:
            return raw
        assert labels is not None
        return raw + projection(self.table(labels), features)


def projection(class_vectors: Tensor, features: Tensor) -> Tensor:
    """<v_y, h> over the square root of the number of features: v, h [b, d] -> [b].

    The root keeps the sum at the size of psi(h) whatever the width; it only rescales v_y.
    """
    return (class_vectors * features).sum(dim=1) / math.sqrt(features.shape[1])


def _conv_generator(inputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, WIDTH * 16, bias=False),
        nn.Unflatten(1, (WIDTH, 4, 4)),
        nn.BatchNorm2d(WIDTH, track_running_stats=False),
        nn.ReLU(),
        nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False),
        nn.BatchNorm2d(WIDTH, track_running_stats=False),
        nn.ReLU(),
        nn.Conv2d(WIDTH, 4, 3, padding=1),
        nn.PixelShuffle(2),
        nn.Tanh(),
    )


def _conv_features() -> tuple[nn.Sequential, int]:
    body = nn.Sequential(
        nn.Conv2d(1, WIDTH // 2, 4, stride=2, padding=1),
        nn.LeakyReLU(SLOPE),
        nn.Conv2d(WIDTH // 2, WIDTH, 3, padding=1),
        nn.LeakyReLU(SLOPE),
        nn.Conv2d(WIDTH, 2 * WIDTH, 4),
        nn.LeakyReLU(SLOPE),
        nn.Flatten(),
    )
    return body, 2 * WIDTH


def _mlp_generator(inputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, MLP_WIDTH),
        nn.ReLU(),
        nn.Linear(MLP_WIDTH, MLP_WIDTH),
        nn.ReLU(),
        nn.Linear(MLP_WIDTH, SIDE * SIDE),
        nn.Tanh(),
        nn.Unflatten(1, (1, SIDE, SIDE)),
    )


def _mlp_features() -> tuple[nn.Sequential, int]:
    body = nn.Sequential(
        nn.Flatten(),
        nn.Linear(SIDE * SIDE, MLP_WIDTH),
        nn.LeakyReLU(SLOPE),
        nn.Linear(MLP_WIDTH, MLP_WIDTH),
        nn.LeakyReLU(SLOPE),
    )
    return body, MLP_WIDTH
