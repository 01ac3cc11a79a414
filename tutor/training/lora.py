"""The fit of an adapter: low-rank corrections of the embedding weights, the layer norms and a head."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.embedding import Embedding

if TYPE_CHECKING:
    from torch import Tensor, nn

_BUCKET = 20  # batches sorted by length together, so that little is padded
_CLIP = 1.0
_HEAD_RATE = 1e-3


@dataclass(frozen=True)
class Example:
    """Two texts, the second one empty for a single text, and the labels that they may have.

    More than one label means that no more is known: "not this one".
    """

    first: str
    second: str
    labels: frozenset[str]


@dataclass(frozen=True)
class Fit:
    """How an adapter is fitted.

    Attributes:
        rank: of the corrections; `scale` is alpha / rank of arXiv 2106.09685.
        tokens: the longest input.
        rate: the highest learning rate, of a one-cycle schedule.
    """

    labels: tuple[str, ...]
    rank: int = 16
    scale: float = 2.0
    tokens: int = 112
    epochs: int = 4
    rate: float = 1e-3
    batch: int = 32
    seed: int = 0


def corrected(network: nn.Module, fit: Fit) -> nn.Module:
    """A copy of a network whose linear layers have trainable corrections, and whose layer norms train too."""
    import torch
    from torch import nn

    class Corrected(nn.Module):
        """W x + scale * B A x + bias, with A drawn and B zero, so that it starts as W x + bias."""

        def __init__(self, layer: nn.Linear) -> None:
            super().__init__()
            self.layer = layer
            self.a = nn.Parameter(torch.randn(fit.rank, layer.in_features) / layer.in_features**0.5)
            self.b = nn.Parameter(torch.zeros(layer.out_features, fit.rank))

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.layer(x) + (x @ self.a.T) @ self.b.T * fit.scale
            return out

    network = copy.deepcopy(network).requires_grad_(False)
    for name, module in list(network.named_modules()):
        for child, layer in list(module.named_children()):
            if isinstance(layer, nn.Linear) and "pooler" not in name:
                setattr(module, child, Corrected(layer))
            elif isinstance(layer, nn.LayerNorm) and "embeddings" not in name:
                layer.requires_grad_(True)
            elif isinstance(layer, nn.Dropout) and "attention.self" in name:
                layer.p = 0.0  # attention without dropout has a fast path on the processor
    return network


def fit_adapter(
    embedding: Embedding,
    fit: Fit,
    examples: Callable[[int], Sequence[Example]],
    path: Path,
    on_batch: Callable[[int, float], None] = lambda done, loss: None,
    start: Path | None = None,
) -> None:
    """Fits an adapter and writes it where `tutor.adapter.Adapter` reads it.

    Args:
        start: an adapter of the same rank whose corrections are the beginning; its head too, where the labels agree.
        examples: the examples of an epoch, from its number.
        on_batch: told after each batch how many are done and its loss: -log of the probability of the allowed labels.
    """
    import torch
    from torch import nn

    torch.manual_seed(fit.seed)
    rng = random.Random(fit.seed)
    tokenizer, base = embedding.network()
    network = corrected(base, fit).train()
    head, drop = nn.Linear(2 * base.config.hidden_size, len(fit.labels)), nn.Dropout(0.1)
    if start is not None:
        _begin_with(start, network, head)
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    adam = torch.optim.AdamW(
        [{"params": trained, "lr": fit.rate}, {"params": head.parameters(), "lr": _HEAD_RATE}],
        weight_decay=0.01,
    )
    sets = [examples(epoch) for epoch in range(fit.epochs)]
    batches = [batch for one in sets for batch in _batches(one, fit.batch, rng)]
    rate = torch.optim.lr_scheduler.OneCycleLR(
        adam, [fit.rate, _HEAD_RATE], total_steps=len(batches), pct_start=0.08
    )
    for done, batch in enumerate(batches, 1):
        scores = head(drop(_vectors(network, tokenizer, batch, fit.tokens))).log_softmax(-1)
        barred = torch.tensor([[label not in one.labels for label in fit.labels] for one in batch])
        loss = -scores.masked_fill(barred, -1e9).logsumexp(-1).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(trained, _CLIP)
        adam.step()
        rate.step()
        adam.zero_grad()
        on_batch(done, float(loss.detach()))
    write_adapter(path, network, head, fit, embedding.fingerprint)


def _begin_with(path: Path, network: nn.Module, head: nn.Linear) -> None:
    import torch
    from safetensors.torch import load_file

    tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if name in tensors:
                weight.copy_(tensors[name])
    if head.weight.shape == tensors["head.weight"].shape:
        head.load_state_dict({"weight": tensors["head.weight"], "bias": tensors["head.bias"]})


def _batches(examples: Sequence[Example], size: int, rng: random.Random) -> Iterator[list[Example]]:
    """The examples in random batches of like length."""
    order = list(examples)
    rng.shuffle(order)
    found = []
    for begin in range(0, len(order), size * _BUCKET):
        bucket = sorted(
            order[begin : begin + size * _BUCKET], key=lambda one: len(one.first) + len(one.second)
        )
        found += [bucket[place : place + size] for place in range(0, len(bucket), size)]
    rng.shuffle(found)
    yield from found


def _vectors(network: nn.Module, tokenizer: Any, batch: Sequence[Example], tokens: int) -> Tensor:
    """The mean and the first token's vector of each input [n, 2 * dimension], as `tutor.adapter` takes them."""
    import torch

    seconds = [one.second for one in batch]
    encoded = tokenizer(
        [one.first for one in batch],
        seconds if any(seconds) else None,
        padding=True,
        truncation="longest_first" if any(seconds) else True,
        max_length=tokens,
        return_tensors="pt",
    )
    hidden = network(**encoded).last_hidden_state
    mask = encoded["attention_mask"].unsqueeze(-1)
    return torch.cat([(hidden * mask).sum(1) / mask.sum(1), hidden[:, 0]], dim=1)


def write_adapter(path: Path, network: nn.Module, head: nn.Module, fit: Fit, base: str) -> None:
    """Writes the corrections in half precision.

    Args:
        base: the fingerprint of the weights that they correct.
    """
    import torch
    from safetensors.torch import save_file

    tensors = {
        name: weight.detach().to(torch.float16).contiguous()
        for name, weight in network.named_parameters()
        if weight.requires_grad
    }
    tensors |= {f"head.{name}": weight.detach().to(torch.float16) for name, weight in head.named_parameters()}
    about = {
        "labels": json.dumps(fit.labels),
        "scale": str(fit.scale),
        "tokens": str(fit.tokens),
        "base": base,
    }
    save_file(tensors, path, about)
