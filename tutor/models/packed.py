"""Weights that were 4-bit before they were converted, multiplied as 4-bit again.

One word of an answer needs every weight once, so its time is that of reading them: 4-bit weights are a quarter
of bfloat16. GGUF's Q4_1 stores each 32 weights of a row as 4-bit numbers between their least and their
greatest value; both are still there after the conversion, so the packing finds the same numbers again.
"""

from __future__ import annotations

from typing import Any

GROUP = 32
FEW_ROWS = 16
"""Up to so many rows (words at a time) 4-bit is faster; more, as in reading a prompt, are computed as they were."""

_LARGEST_ERROR = 0.02


def pack_linears(model: Any) -> int:
    """Lets a model's inner linear layers multiply few rows at 4 bits; changes the model in place.

    A layer whose weights are not those of 4-bit numbers (relative error above 2 %), or that this machine's
    kernel computes otherwise, stays as it is. The layer of the vocabulary stays too: GGUF keeps it finer.

    Returns:
        The number of layers packed.
    """
    import torch

    head = model.get_output_embeddings()
    packed = 0
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is torch.nn.Linear and layer is not head and layer.bias is None:
                small = _packed(layer)
                if small is not None:
                    setattr(parent, name, small)
                    packed += 1
    return packed


def _packed(layer: Any) -> Any:
    """The layer with a 4-bit copy of its weights; None where that is not the same layer."""
    import torch

    weight = layer.weight.detach()
    rows, columns = weight.shape
    if weight.device.type != "cpu" or columns % GROUP or rows % 16:
        return None
    groups = weight.float().view(rows, columns // GROUP, GROUP)
    least = groups.amin(-1, keepdim=True)
    step = ((groups.amax(-1, keepdim=True) - least) / 15).clamp_min(1e-9)
    numbers = ((groups - least) / step).round().clamp(0, 15)
    # The kernel computes (number - 8) * step + middle.
    scales = torch.stack([step[..., 0], least[..., 0] + 8 * step[..., 0]], -1).transpose(0, 1)
    try:
        pack = torch.ops.aten._convert_weight_to_int4pack_for_cpu
        packed = pack(numbers.view(rows, columns).to(torch.int32), 1)
        small = _small_linear()(layer, packed, scales.contiguous().bfloat16())
        probe = torch.eye(columns, dtype=weight.dtype)[:FEW_ROWS]
        with torch.inference_mode():
            wanted, found = layer(probe).float(), small(probe).float()
    except (AttributeError, RuntimeError, NotImplementedError):
        return None
    error = float((found - wanted).abs().mean() / wanted.abs().mean().clamp_min(1e-9))
    return small if error < _LARGEST_ERROR else None


_class: Any = None


def _small_linear() -> Any:
    """The class of a packed layer; made at the first call, because torch is heavy."""
    global _class
    if _class is not None:
        return _class
    import torch

    multiply = torch.ops.aten._weight_int4pack_mm_for_cpu

    class SmallLinear(torch.nn.Module):
        def __init__(self, layer: Any, packed: Any, scales: Any) -> None:
            super().__init__()
            self.weight = layer.weight
            self.packed, self.scales = packed, scales
            self.rows = int(layer.weight.shape[0])

        def forward(self, x: Any) -> Any:
            if x.numel() > FEW_ROWS * x.shape[-1]:
                return torch.nn.functional.linear(x, self.weight)
            rows = x.reshape(-1, x.shape[-1]).to(torch.bfloat16)  # the kernel is slow in float32
            product = multiply(rows, self.packed, GROUP, self.scales)
            return product.to(x.dtype).view(*x.shape[:-1], self.rows)

    _class = SmallLinear
    return _class
