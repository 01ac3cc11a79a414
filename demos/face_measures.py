"""How good generated faces are: a network that reads the attributes off a face, and distances in its features.

The reader is a small convolutional network of our own, trained on drawn faces (`train_reader`) and kept beside this
module, so a run need not train it. Its last hidden layer gives the 64 features of FD-faces64, a Frechet distance that
must not be called FID, whose features are those of Inception-v3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from demos import faces
from demos.image_measures import frechet_distance, neighbourhoods
from demos.networks import Adam, cosine_rate, seeded
from demos.steps import Metric

SIZE = 32
"""The side in pixels of the faces that the reader knows."""

N_MEASURED = 1000
RESAMPLES = 3
WEIGHTS = Path(__file__).with_name("face_reader.npz")


class Reader(nn.Module):
    """Faces [n, 3, 32, 32] in -1..1 -> their ten attributes [n, 10]; `features` is its last hidden layer [n, 64]."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 5, stride=2, padding=2), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(64 * 16, 64), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(64, len(faces.ATTRIBUTES))

    def features(self, images: Tensor) -> Tensor:
        out: Tensor = self.body(images)
        return out

    def forward(self, images: Tensor) -> Tensor:
        out: Tensor = self.head(self.features(images))
        return out


def train_reader(
    steps: int, device: str = "cpu", seed: int = 0, pool: int = 16384, batch: int = 128
) -> Reader:
    """A reader trained on drawn faces, some blurred and all noisy, since generated faces are blurred too."""
    source = seeded(seed, device)
    rows = faces.draw_attributes(pool, source)
    images = faces.render(rows, SIZE)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Reader().to(device)
    adam = Adam(network.parameters(), decay=0.01)
    for step in range(steps):
        adam.rate = cosine_rate(2e-3, step / steps)
        picks = torch.randint(pool, (batch,), generator=source, device=device)
        clean = images[picks]
        soft = functional.avg_pool2d(clean, 3, stride=1, padding=1, count_include_pad=False)
        blur = torch.rand((batch, 1, 1, 1), generator=source, device=device) * 0.7
        seen = clean.lerp(soft, blur)
        seen = seen + 0.05 * torch.randn(seen.shape, generator=source, device=device)
        loss = (network(seen) - rows[picks]).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return network.requires_grad_(False)


def load_reader(device: str) -> Reader:
    """The reader that is kept beside this module."""
    network = Reader()
    with np.load(WEIGHTS) as kept:
        network.load_state_dict({name: torch.from_numpy(kept[name].astype(np.float32)) for name in kept})
    return network.to(device).requires_grad_(False)


@dataclass(frozen=True)
class Figure:
    """A figure of generated faces, and its mean over RESAMPLES sets of as many fresh real ones."""

    value: float
    floor: float


MEANINGS = {
    "fd_faces64": ("low", "Frechet distance to real faces in 64 features of our own reader (not FID)"),
    "precision": ("high", "share of generated faces that lie among the real ones"),
    "recall": ("high", "share of real faces that lie among the generated ones"),
    "coverage": ("high", "share of real faces with a generated one nearby"),
    "memorisation": ("near 1", "distance to the nearest training face, over that of fresh real faces"),
}


class FaceJudge:
    """Measures generated faces against fresh real ones, which nobody trained on.

    `asked` are attributes that all faces were asked to have: the real ones get them too. Its randomness is its own, so
    measuring does not change a run.
    """

    def __init__(
        self, train: Tensor, device: str, n: int = N_MEASURED, asked: Mapping[str, float] | None = None
    ) -> None:
        self.reader = load_reader(device)
        self.n = n
        source = seeded(20_000, device)
        self._train = _thumbnails(train)
        self._reference = self.reader.features(fresh_faces(n, source, asked))
        fresh = [fresh_faces(n, source, asked) for _ in range(RESAMPLES)]
        self._fresh_distance = float(self._nearest(fresh[0]).mean())
        rows = [self._measure(images) for images in fresh]
        self.floors = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}

    def read(self, images: Tensor) -> Tensor:
        """The attributes [n, 10] that the reader sees in faces [n, 3, s, s], s a multiple of 32."""
        out: Tensor = self.reader(_of_side(images, SIZE))
        return out

    def distance(self, images: Tensor) -> float:
        """FD-faces64 alone. It rises as the images get fewer: compare figures of equally many."""
        return frechet_distance(self._reference, self.reader.features(_of_side(images, SIZE)))

    def glance(self, images: Tensor) -> tuple[float, float]:
        """FD-faces64 and recall, the two that are quick to take."""
        features = self.reader.features(_of_side(images, SIZE))
        recall = neighbourhoods(self._reference, features).recall
        return frechet_distance(self._reference, features), recall

    def metrics(self, images: Tensor, baseline: Tensor | None = None) -> dict[str, Metric]:
        """All figures of generated faces [n, 3, s, s], beside those of a classical model's faces."""
        values = self._measure(images)
        other = self._measure(baseline) if baseline is not None else {}
        return {
            name: Metric(value, len(images), self.floors[name], other.get(name), *MEANINGS[name])
            for name, value in values.items()
        }

    def _measure(self, images: Tensor) -> dict[str, float]:
        features = self.reader.features(_of_side(images, SIZE))
        near = neighbourhoods(self._reference, features)
        return {
            "fd_faces64": frechet_distance(self._reference, features),
            "precision": near.precision,
            "recall": near.recall,
            "coverage": near.coverage,
            "memorisation": float(self._nearest(images).mean()) / self._fresh_distance,
        }

    def _nearest(self, images: Tensor) -> Tensor:
        """The distance [n] of each face to its nearest training face, in pixels of pictures 16 wide."""
        return torch.cdist(_thumbnails(images), self._train).min(dim=1).values


def fresh_faces(n: int, source: torch.Generator, asked: Mapping[str, float] | None = None) -> Tensor:
    """Real faces [n, 3, 32, 32], with the attributes `asked` for if there are any."""
    return faces.render(faces.asked_attributes(n, source, asked or {}), SIZE)


def _thumbnails(images: Tensor) -> Tensor:
    return _of_side(images, SIZE // 2).flatten(1)


def _of_side(images: Tensor, side: int) -> Tensor:
    """Pictures [n, 3, s, s] made smaller to that side, which divides s."""
    times = images.shape[-1] // side
    return functional.avg_pool2d(images, times) if times > 1 else images
