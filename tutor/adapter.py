"""Texts, or pairs of texts -> class probabilities, by the embedding weights with corrections of our own.

The corrections are low-rank matrices for each linear layer (LoRA, arXiv 2106.09685: W + alpha / r * B A), the layer
norms and a linear head on the mean and the first token's vector; `tutor.training` fits them. They are merged into a
copy of the weights when they are loaded, so that a text costs what it costs to embed.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.embedding import Embedding
from tutor.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLAIMS = Path(__file__).parent / "claims.safetensors"
INTENTS = Path(__file__).parent / "intents.safetensors"
GRADES = Path(__file__).parent / "grades.safetensors"
_BATCH = 16


class Adapter:
    """An adapted classifier, loaded at its first use.

    Args:
        embedding: whose weights are corrected; the corrections fit one set of weights only.
        path: the corrections, in the safetensors format, with their labels and settings as metadata.
    """

    def __init__(self, embedding: Embedding, path: Path) -> None:
        self._embedding = embedding
        self._path = path
        self._lock = threading.Lock()

    @property
    def fits(self) -> bool:
        """Whether the corrections were made for the embedding weights in use."""
        return self._settings["base"] == self._embedding.fingerprint

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the columns."""
        return tuple(json.loads(self._settings["labels"]))

    @cached_property
    def _settings(self) -> dict[str, str]:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._path, framework="numpy") as file:
                return dict(file.metadata())
        except (OSError, SafetensorError) as error:
            raise EmbeddingError(
                f"The weights {self._path} cannot be read ({error})", "Reinstall tutor with `make chat`."
            ) from error

    @cached_property
    def _parts(self) -> tuple[Any, Any, Any]:
        """The tokenizer, the corrected network and the head."""
        import torch
        from safetensors.torch import load_file

        tokenizer, network = self._embedding.network()
        network = copy.deepcopy(network)
        tensors = {name: tensor.float() for name, tensor in load_file(self._path).items()}
        scale = float(self._settings["scale"])
        with torch.no_grad():
            for name, weight in network.named_parameters():
                layer = name.removesuffix(".weight")
                if f"{layer}.a" in tensors:
                    weight += scale * (tensors[f"{layer}.b"] @ tensors[f"{layer}.a"]).to(weight)
                elif name in tensors:
                    weight.copy_(tensors[name])
        classes, width = tensors["head.weight"].shape
        head = torch.nn.Linear(width, classes).to(next(network.parameters()).device)
        head.load_state_dict({"weight": tensors["head.weight"], "bias": tensors["head.bias"]})
        return tokenizer, network.eval(), head.eval()

    def warm_up(self) -> None:
        """Loads the weights now."""
        self.probabilities([("", "")])

    def probabilities(self, texts: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Pairs of texts, the second one empty for a single text -> class probabilities [n, labels]."""
        import numpy as np

        found = np.zeros((len(texts), len(self.labels)), np.float32)
        order = sorted(range(len(texts)), key=lambda place: sum(map(len, texts[place])))
        for begin in range(0, len(order), _BATCH):
            places = order[begin : begin + _BATCH]
            found[places] = self._batch([texts[place] for place in places])
        return found

    def _batch(self, texts: Sequence[tuple[str, str]]) -> Any:
        import torch

        with self._lock, torch.inference_mode():
            tokenizer, network, head = self._parts
            first, second = [one for one, _ in texts], [other for _, other in texts]
            encoded = tokenizer(
                first,
                second if any(second) else None,
                padding=True,
                truncation="longest_first" if any(second) else True,
                max_length=int(self._settings["tokens"]),
                return_tensors="pt",
            ).to(next(network.parameters()).device)
            hidden = network(**encoded).last_hidden_state
            mask = encoded["attention_mask"].unsqueeze(-1)
            mean = (hidden * mask).sum(1) / mask.sum(1)
            return head(torch.cat([mean, hidden[:, 0]], dim=1)).softmax(-1).cpu().numpy()
