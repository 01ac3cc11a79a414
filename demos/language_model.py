"""A language model that was trained elsewhere, read from a folder: its weights stay frozen, a correction may be added.

The layer is that of Llama (arXiv 2302.13971), which SmolLM2 (arXiv 2502.02737) has too: RMS normalisation (arXiv
1910.07467), attention whose keys and values are shared by groups of heads (arXiv 2305.13245) with rotary positions
(arXiv 2104.09864), and SwiGLU (arXiv 2002.05202).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear, rms_norm, scaled_dot_product_attention, silu

from demos.knobs import DemoArgumentError

BASE = "SmolLM2-135M-Instruct"
GET = "tutor models get embedded"
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj")
"""The four matrices of attention, which a correction may be added to."""

Correction = Callable[[int, str, Tensor], Tensor]
"""(layer, projection, x [b, t, d_in]) -> what is added to the projection of x [b, t, d_out]."""

Memory = dict[int, tuple[Tensor, Tensor]]
"""The keys and values of the tokens read so far, by layer."""

_FILES = ("config.json", "model.safetensors", "tokenizer.json")
_PAD = 0


_READ = ("config.json", "tokenizer.json")


class BaseError(DemoArgumentError):
    """The weights of the language model are not there or cannot be read; the remedy fetches them."""

    def __init__(self, what: str, remedy: str = "") -> None:
        fetch = f"Fetch them with `{GET}` (93 MB, once), then run the demo again."
        super().__init__(what, remedy or fetch)


def check_base(folder: Path | None) -> Path:
    """The folder of the weights; BaseError where they are not there."""
    if folder is None:
        raise BaseError(f"This demo starts from the weights of {BASE}, and no folder with them was named")
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise BaseError(f"This demo starts from the weights of {BASE}, which are not on this machine yet")
    return folder


@dataclass(frozen=True)
class Seen:
    """Where the tokens of a forward pass stand: cosines and sines of their positions, and what each may look at.

    `mask` is None where each token sees itself and all before it.
    """

    cosines: Tensor
    sines: Tensor
    mask: Tensor | None = None


class LanguageModel:
    """(tokens [b, t]) -> scores of what comes next, by the weights in a folder, in 32 bits on `device`.

    Raises BaseError for a folder without them.
    """

    def __init__(self, folder: Path, device: str) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        try:
            config, words = (json.loads((folder / name).read_text(encoding="utf-8")) for name in _READ)
            found = {
                name: value.float() for name, value in load_file(folder / "model.safetensors", device).items()
            }
            if not isinstance(words, dict):
                raise ValueError("tokenizer.json holds no object")
            self.tokenizer = Tokenizer.from_str(json.dumps(words))
            self._read_config(config)
            self.embedding = found["model.embed_tokens.weight"]
            self.head = found.get("lm_head.weight", self.embedding)
            self._norm = found["model.norm.weight"]
            self._layers = [_layer(found, number) for number in range(config["num_hidden_layers"])]
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            remedy = f"Delete {folder}, then fetch them again with `{GET}`."
            raise BaseError(f"The weights in {folder} cannot be read ({error})", remedy) from error
        self.device = device
        self.parameters = sum(value.numel() for value in found.values())

    def _read_config(self, config: dict[str, Any]) -> None:
        self.heads: int = config["num_attention_heads"]
        self.groups: int = config["num_key_value_heads"]
        self.size: int = config.get("head_dim") or config["hidden_size"] // self.heads
        self._eps: float = config["rms_norm_eps"]
        self._theta: float = (config.get("rope_parameters") or config)["rope_theta"]

    @property
    def layers(self) -> int:
        return len(self._layers)

    def shape(self, layer: int, projection: str) -> tuple[int, int]:
        """(d_out, d_in) of one projection."""
        rows, columns = self._layers[layer][projection].shape
        return rows, columns

    def tokens(self, text: str) -> list[int]:
        """A text as token numbers; the marks of a chat in it become the tokens that they stand for."""
        found: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return found

    def seen(self, positions: Tensor, mask: Tensor | None = None) -> Seen:
        """What a forward pass must know of tokens at `positions` [b, t] or [t]."""
        steps = torch.arange(0, self.size, 2, device=self.device, dtype=torch.float32) / self.size
        angles = positions[..., None].float() * self._theta**-steps
        angles = torch.cat([angles, angles], dim=-1).unsqueeze(-3)  # the same for each head
        return Seen(angles.cos(), angles.sin(), mask)

    def embedded(self, tokens: Tensor) -> Tensor:
        """Tokens [b, t] -> vectors [b, t, width], before the first layer."""
        return self.embedding[tokens]

    def passed(
        self, x: Tensor, first: int, last: int, seen: Seen, correction: Correction | None = None,
        memory: Memory | None = None,
    ) -> Tensor:  # fmt: skip
        """Vectors [b, t, width] after the layers from `first` up to, not with, `last`."""
        for number in range(first, last):
            weights = self._layers[number]
            y = rms_norm(x, x.shape[-1:], weights["input_layernorm"], self._eps)
            x = x + self._attended(number, y, seen, correction, memory)
            y = rms_norm(x, x.shape[-1:], weights["post_attention_layernorm"], self._eps)
            x = x + linear(
                silu(linear(y, weights["gate_proj"])) * linear(y, weights["up_proj"]), weights["down_proj"]
            )
        return x

    def _attended(
        self, number: int, x: Tensor, seen: Seen, correction: Correction | None, memory: Memory | None
    ) -> Tensor:
        def project(name: str, given: Tensor) -> Tensor:
            out = linear(given, self._layers[number][name])
            return out if correction is None else out + correction(number, name, given)

        rows, length = x.shape[:2]
        q, k, v = (
            project(name, x).view(rows, length, -1, self.size).transpose(1, 2) for name in PROJECTIONS[:3]
        )
        q, k = _turned(q, seen), _turned(k, seen)
        if memory is not None:
            if number in memory:
                k, v = torch.cat([memory[number][0], k], dim=2), torch.cat([memory[number][1], v], dim=2)
            memory[number] = k, v
        shared = self.heads // self.groups
        k, v = k.repeat_interleave(shared, dim=1), v.repeat_interleave(shared, dim=1)
        out = scaled_dot_product_attention(q, k, v, attn_mask=seen.mask, is_causal=seen.mask is None)
        return project("o_proj", out.transpose(1, 2).flatten(2))

    def scores(self, x: Tensor) -> Tensor:
        """Vectors [..., width] after the last layer -> scores [..., vocab] of the next token."""
        return linear(rms_norm(x, x.shape[-1:], self._norm, self._eps), self.head)


def _layer(found: dict[str, Tensor], number: int) -> dict[str, Tensor]:
    """The weights of one layer by their last name."""
    start = f"model.layers.{number}."
    return {name.split(".")[-2]: value for name, value in found.items() if name.startswith(start)}


def _turned(x: Tensor, seen: Seen) -> Tensor:
    """Queries or keys [b, heads, t, size] turned by their positions: number i and i + size / 2 form a pair."""
    one, two = x.chunk(2, dim=-1)
    return x * seen.cosines + torch.cat([-two, one], dim=-1) * seen.sines


class Writer:
    """Writes on from several prompts at once, always with the likeliest token, one for each with every `move`."""

    def __init__(
        self, model: LanguageModel, prompts: Sequence[str], end: str, correction: Correction | None = None
    ) -> None:
        self._model, self._correction = model, correction
        self._end = model.tokenizer.token_to_id(end)
        rows = [model.tokens(prompt) for prompt in prompts]
        longest = max(map(len, rows))
        device = model.device
        self._padding = torch.tensor([longest - len(row) for row in rows], device=device)
        self._new = torch.tensor([[_PAD] * (longest - len(row)) + row for row in rows], device=device)
        self._memory: Memory = {}
        self._read = 0
        self.written: list[list[int]] = [[] for _ in rows]
        self.open = [True] * len(rows)

    @torch.no_grad()
    def move(self) -> None:
        """One token more in each text that has not ended."""
        model, length = self._model, self._new.shape[1]
        places = torch.arange(self._read + length, device=model.device)
        queries = places[self._read :]
        positions = (queries - self._padding[:, None]).clamp(min=0)
        mask = (places <= queries[:, None]) & (places >= self._padding[:, None, None])
        mask |= places == queries[:, None]  # what only fills up sees itself: an empty row would be no number
        seen = model.seen(positions, mask[:, None])
        x = model.passed(model.embedded(self._new), 0, model.layers, seen, self._correction, self._memory)
        self._read += length
        self._new = model.scores(x[:, -1]).argmax(dim=-1, keepdim=True)
        for row, token in enumerate(self._new[:, 0].tolist()):
            self.open[row] = self.open[row] and token != self._end
            if self.open[row]:
                self.written[row].append(token)

    def texts(self) -> tuple[str, ...]:
        """What was written so far, on one line each."""
        decode = self._model.tokenizer.decode
        return tuple(" ".join(decode(row).split()) for row in self.written)
