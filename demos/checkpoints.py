"""Weights that travel with the demos: one safetensors file for each model, with the record of how it was made.

Numbers are kept with 16 bits. What the file says of itself is one JSON text under `about`: the command that makes it
anew, seed, steps, settings, what it learned from and the figures measured, and a checksum of all of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from demos.knobs import DemoArgumentError

WEIGHTS = Path(__file__).with_name("weights")
FORMAT = 1
MODELS = ("digits", "faces", "text")


class WeightsError(DemoArgumentError):
    """Weights are missing or damaged; the remedy is the command that makes them anew."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            f"The weights {name}.safetensors {what}", f"Make them anew with `{command(name)}`: a few minutes."
        )


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of one model of MODELS, and what is recorded about them."""

    name: str
    tensors: Mapping[str, Tensor]
    about: Mapping[str, Any]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors under `prefix.`, whose names lose it."""
        start = f"{prefix}."
        return {
            key.removeprefix(start): value for key, value in self.tensors.items() if key.startswith(start)
        }

    def tensor(self, key: str) -> Tensor:
        """One tensor; WeightsError if it is not there."""
        if key not in self.tensors:
            raise WeightsError(self.name, f"hold no {key}")
        return self.tensors[key]

    def fill(self, network: nn.Module, prefix: str) -> None:
        """Gives `network` the weights under `prefix`; WeightsError if they are not exactly its own."""
        known, kept = dict(network.named_parameters()), self.part(prefix)
        if {key: value.shape for key, value in known.items()} != {
            key: value.shape for key, value in kept.items()
        }:
            raise WeightsError(self.name, f"do not fit the network {prefix!r}")
        with torch.no_grad():
            for key, value in kept.items():
                known[key].copy_(value)
        network.requires_grad_(False)


def command(name: str) -> str:
    """What makes the weights of that name."""
    return f"python -m demos.pretrain {name}"


def parameters(network: nn.Module, prefix: str) -> dict[str, Tensor]:
    """The parameters of a network as tensors under `prefix.`; what it can compute for itself is left out."""
    return {f"{prefix}.{key}": value.detach() for key, value in network.named_parameters()}


def packed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as a file holds them, on the CPU: 16 bits for what is not whole numbers."""
    return {
        key: (value.half() if value.is_floating_point() else value).cpu().contiguous()
        for key, value in tensors.items()
    }


def unpacked(tensors: Mapping[str, Tensor], device: str) -> dict[str, Tensor]:
    """The tensors as networks want them, on `device`: 32 bits for what is not whole numbers."""
    return {
        key: (value.float() if value.is_floating_point() else value).to(device)
        for key, value in tensors.items()
    }


def save_checkpoint(checkpoint: Checkpoint, folder: Path | None = None) -> Path:
    """Writes a checkpoint, whole or not at all; the same checkpoint always gives the same bytes. Gives the path.

    Raises ValueError for numbers that 16 bits cannot hold.
    """
    from safetensors.torch import save

    tensors = packed(checkpoint.tensors)
    for key, value in tensors.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise ValueError(f"{checkpoint.name}: {key} holds what 16 bits cannot")
    about = {**checkpoint.about, "format": FORMAT}
    about["sha256"] = _checksum(tensors, about)
    path = (folder or WEIGHTS) / f"{checkpoint.name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(save(tensors, {"about": json.dumps(about, sort_keys=True, ensure_ascii=False)}))
    part.replace(path)
    return path


def load_checkpoint(name: str, device: str = "cpu", folder: Path | None = None) -> Checkpoint:
    """The checkpoint of that name on `device`; WeightsError if it is missing or damaged."""
    from safetensors import SafetensorError, safe_open

    path = (folder or WEIGHTS) / f"{name}.safetensors"
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["about"])
            tensors = {key: file.get_tensor(key) for key in list(file.keys())}
        whole = about.pop("sha256") == _checksum(tensors, about)
    except FileNotFoundError:
        raise WeightsError(name, f"are not in {path.parent}") from None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(name, f"cannot be read ({error})") from error
    if not whole:
        raise WeightsError(name, "are damaged: their checksum is another one")
    if about["format"] != FORMAT:
        raise WeightsError(name, "are those of another version")
    return Checkpoint(name, unpacked(tensors, device), about)


def _checksum(tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for key in sorted(tensors):
        digest.update(key.encode())
        digest.update(tensors[key].numpy().tobytes())
    return digest.hexdigest()
