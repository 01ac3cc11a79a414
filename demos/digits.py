"""Handwritten digits of 8 x 8 pixels, which come with scikit-learn: no download, split once and for all.

1797 scans from the UCI set "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998): 1400 to learn from,
397 held out.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SIDE = 8
CLASSES = 10
N_TRAIN = 1400
_SPLIT_SEED = 0


@dataclass(frozen=True)
class ImageSet:
    """Images [n, 1, 8, 8] with values from -1 (paper) to 1 (ink), and their labels [n] from 0 to 9, on one device."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)


def load_digits(device: str = "cpu") -> tuple[ImageSet, ImageSet]:
    """The 1400 training images and the 397 held-out ones on `device`; the same split at each call."""
    from sklearn.datasets import load_digits as bundled

    data = bundled()
    images = torch.as_tensor(data.images, dtype=torch.float32)[:, None] / 8 - 1
    labels = torch.as_tensor(data.target, dtype=torch.long)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(_SPLIT_SEED))
    images, labels = images[order].to(device), labels[order].to(device)
    return ImageSet(images[:N_TRAIN], labels[:N_TRAIN]), ImageSet(images[N_TRAIN:], labels[N_TRAIN:])
