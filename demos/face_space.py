"""The face space: eigenfaces at its edge, a variational autoencoder within, and the axes along which faces change."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from demos import faces
from demos.networks import mlp

EIGENFACES = 192


@dataclass(frozen=True)
class Eigenfaces:
    """The directions in which a set of pictures varies most: `mean` [d], `basis` [d, q] of unit columns, `sd` [q].

    Principal components of faces are called eigenfaces (Turk and Pentland 1991). Between orthonormal directions and
    pixels squared distances are the same, so a network may work on q coordinates in place of d pixels.
    """

    mean: Tensor
    basis: Tensor
    sd: Tensor
    shape: tuple[int, ...]

    def coordinates(self, images: Tensor) -> Tensor:
        """Pictures [n, ...] -> [n, q]."""
        return (images.flatten(1) - self.mean) @ self.basis

    def pictures(self, coordinates: Tensor) -> Tensor:
        """Coordinates [n, k], k <= q -> pictures [n, ...], held within -1..1."""
        flat = self.mean + coordinates @ self.basis[:, : coordinates.shape[1]].T
        return flat.clamp(-1, 1).reshape(-1, *self.shape)


def find_eigenfaces(images: Tensor, source: torch.Generator, q: int = EIGENFACES) -> Eigenfaces:
    """The q leading eigenfaces of pictures [n, ...]: a randomised singular value decomposition with one power step
    (Halko, Martinsson and Tropp, arXiv 0909.4061, algorithms 4.4 and 5.1)."""
    flat = images.flatten(1)
    mean = flat.mean(dim=0)
    centred = flat - mean
    q = min(q, *centred.shape)
    start = torch.randn((centred.shape[1], min(q + 8, *centred.shape)), generator=source, device=flat.device)
    span, _ = torch.linalg.qr(centred @ start)
    span, _ = torch.linalg.qr(centred @ (centred.T @ span))
    _, strength, right = torch.linalg.svd(span.T @ centred, full_matrices=False)
    return Eigenfaces(
        mean, right[:q].T.contiguous(), strength[:q] / len(flat) ** 0.5, tuple(images.shape[1:])
    )


class FaceVae(nn.Module):
    """A VAE on eigenface coordinates: encoder [b, q] -> mean and log variance of z, decoder z -> [b, q].

    What goes in and out of the layers is divided by the root of each coordinate's deviation, so that fine coordinates
    are heard as well as coarse ones.
    """

    weight: Tensor

    def __init__(self, sd: Tensor, latent: int, width: int, source: torch.Generator) -> None:
        super().__init__()
        q = len(sd)
        self.latent = latent
        self.register_buffer("weight", (sd * sd[0]).clamp(min=1e-8).sqrt())
        self.encoder = mlp([q, width, width, 2 * latent], nn.SiLU, source)
        self.decoder = mlp([latent, width, width, q], nn.SiLU, source)

    def encode(self, coordinates: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of z, each [b, latent]."""
        mean, log_variance = self.encoder(coordinates / self.weight).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, z: Tensor) -> Tensor:
        """Coordinates [b, q]."""
        out: Tensor = self.decoder(z) * self.weight
        return out

    @property
    def multiplications(self) -> int:
        """Multiplications for one face there and back: one for each weight of a matrix."""
        return sum(weight.numel() for weight in self.parameters() if weight.dim() == 2)


def kl_by_number(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) of each latent number, in nats: 1/2 (m^2 + v - 1 - log v)
    (arXiv 1312.6114, appendix B); the shape of the arguments."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def vae_loss(target: Tensor, made: Tensor, kl: Tensor, beta: float) -> Tensor:
    """Mean over the batch of the summed squared error plus beta times the summed KL; a tensor of shape [].

    Divided by beta it is the negative ELBO (arXiv 1312.6114, eq. 10) up to a constant, for a decoder whose pixels have
    the variance beta / 2: |e|^2 / (2 variance) + KL. A small beta asks for sharp faces, a large one for a tidy space.
    """
    return ((made - target).square().sum(dim=1) + beta * kl.sum(dim=1)).mean()


def decibels(images: Tensor, made: Tensor) -> float:
    """Peak signal to noise ratio of pictures in -1..1: 10 log10(2^2 / mean squared error), higher is closer."""
    return float(10 * (4 / (images - made).square().mean().clamp(min=1e-12)).log10())


@dataclass(frozen=True)
class Axes:
    """How the code moves as one attribute goes from 0 to 1: `slope` and `bend`, each [10, latent].

    The path is z(a) = slope a + bend 4 a (1 - a): `bend` is how far it swings out half way, and a straight axis has
    none.
    """

    slope: Tensor
    bend: Tensor

    def moved(self, z: Tensor, attributes: Tensor, name: str, to: float) -> Tensor:
        """Codes z [n, latent] of faces [n, 10], moved until the attribute of that name should be `to`."""
        column = faces.column(name)
        now = attributes[:, column, None]
        swing = 4 * (to * (1 - to) - now * (1 - now))
        return z + (to - now) * self.slope[column] + swing * self.bend[column]


def find_axes(z: Tensor, attributes: Tensor, bent: bool = True) -> Axes:
    """The axes along which the codes z [n, latent] of faces with known attributes [n, 10] lie on average, by least
    squares on all attributes at once, so that each axis leaves the others alone."""
    columns = [attributes, 4 * attributes * (1 - attributes)] if bent else [attributes]
    known = torch.cat(columns, dim=1).double()
    known = known - known.mean(dim=0)
    # glasses are 0 or 1 and have no half way: the small ridge gives them no bend
    square = known.T @ known + 1e-6 * len(z) * torch.eye(known.shape[1], device=z.device, dtype=known.dtype)
    weights = torch.linalg.solve(square, known.T @ z.double()).to(z)
    slope = weights[: attributes.shape[1]]
    return Axes(slope, weights[attributes.shape[1] :] if bent else torch.zeros_like(slope))


@dataclass(frozen=True)
class Edit:
    """What moving along one axis from 0 to 1 does to the attributes read: `effect` on its own, 1 is perfect; `leak`,
    the largest mean change of any other, and its name."""

    effect: float
    leak: float
    leaks_into: str


def edit_of(name: str, read_low: Tensor, read_high: Tensor) -> Edit:
    """The edit along `name` from the attributes read [n, 10] at its two ends."""
    change = (read_high - read_low).mean(dim=0)
    column = faces.column(name)
    others = change.abs()
    others[column] = -1
    worst = int(others.argmax())
    return Edit(float(change[column]), float(others[worst]), faces.ATTRIBUTES[worst])
