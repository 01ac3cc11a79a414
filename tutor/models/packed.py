"""Weights that were 4-bit before they were converted, multiplied as 4-bit again.

One word of an answer needs every weight once, so its time is that of reading them: 4-bit weights are a quarter
of bfloat16. GGUF's Q4_1 stores each 32 weights of a row as 4-bit numbers between their least and their
greatest value; both are still there after the conversion, so the packing finds the same numbers again.

Corrections (LoRA) take the weights off the 4-bit grid. They stand beside the packed product then, as the two small
matrices that they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

GROUP = 32
FEW_ROWS = 16
"""Up to so many rows (words at a time) 4-bit is faster; more, as in reading a prompt, are computed as they were."""

_LARGEST_ERROR = 0.02
# Layers that are given the same words one after the other: their products are one.
_TOGETHER = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))


def pack_linears(model: Any) -> int:
    """Lets a model's inner linear layers multiply few rows at 4 bits; changes the model in place.

    A layer whose weights are not those of 4-bit numbers (relative error above 2 %), or that this machine's
    kernel computes otherwise, stays as it is. The layer of the vocabulary stays too: GGUF keeps it finer.

    Returns:
        The number of layers packed.
    """
    head = model.get_output_embeddings()
    packed = 0
    for parent in list(model.modules()):
        for names in _groups(parent, head):
            small = _packed([getattr(parent, name) for name in names])
            found = list(zip(names, small, strict=True)) if small else []
            if not small and len(names) > 1:
                alone = [(name, _packed([getattr(parent, name)])) for name in names]
                found = [(name, one[0]) for name, one in alone if one]
            for name, layer in found:
                setattr(parent, name, layer)
            packed += len(found)
    return packed


def correct_linears(model: Any, corrections: Mapping[str, tuple[Any, Any]]) -> None:
    """Adds a low-rank correction to each named linear layer: to its weight, and beside its 4-bit product.

    Args:
        model: changed in place; `pack_linears` comes before.
        corrections: name of a layer -> (down [rank, inputs], up [outputs, rank], already scaled), both float32.

    Raises:
        AttributeError, KeyError, RuntimeError: the corrections are not of this model.
    """
    import torch

    products: dict[int, _Product] = {}
    for name, (down, up) in corrections.items():
        layer = model.get_submodule(name)
        with torch.no_grad():
            merged = layer.weight.float() + (up @ down).to(layer.weight.device)
            layer.weight.copy_(merged)
        if isinstance(product := getattr(layer, "product", None), _Product):
            product.corrections[layer.place] = (down, up)
            products[id(product)] = product
    for product in products.values():
        product.settle()


def _groups(parent: Any, head: Any) -> Iterator[Sequence[str]]:
    """The names of a module's linear layers: those that share their product together, the others alone."""
    import torch

    names = [
        name
        for name, layer in parent.named_children()
        if type(layer) is torch.nn.Linear and layer is not head and layer.bias is None
    ]
    whole = [group for group in _TOGETHER if set(group) <= set(names)]
    yield from whole
    yield from ((name,) for name in names if not any(name in group for group in whole))


def _packed(layers: Sequence[Any]) -> list[Any]:
    """The layers with one 4-bit copy of their weights; none where that is not the same."""
    import torch

    weight = torch.cat([layer.weight.detach() for layer in layers])
    rows, columns = weight.shape
    if weight.device.type != "cpu" or columns % GROUP or any(layer.weight.shape[0] % 16 for layer in layers):
        return []
    groups = weight.float().view(rows, columns // GROUP, GROUP)
    least = groups.amin(-1, keepdim=True)
    step = ((groups.amax(-1, keepdim=True) - least) / 15).clamp_min(1e-9)
    numbers = ((groups - least) / step).round().clamp(0, 15)
    # The kernel computes (number - 8) * step + middle.
    scales = torch.stack([step[..., 0], least[..., 0] + 8 * step[..., 0]], -1).transpose(0, 1)
    probe = torch.eye(columns, dtype=weight.dtype)[:FEW_ROWS]
    try:
        pack = torch.ops.aten._convert_weight_to_int4pack_for_cpu
        packed = pack(numbers.view(rows, columns).to(torch.int32), 1)
        product = _Product(
            packed, scales.contiguous().bfloat16(), [layer.weight.shape[0] for layer in layers]
        )
        small = [_small_linear()(layer, product, place) for place, layer in enumerate(layers)]
        with torch.inference_mode():
            errors = [_error(one(probe), layer(probe)) for one, layer in zip(small, layers, strict=True)]
    except (AttributeError, RuntimeError, NotImplementedError):
        return []
    return small if max(errors) < _LARGEST_ERROR else []


def _error(found: Any, wanted: Any) -> float:
    wanted = wanted.float()
    return float((found.float() - wanted).abs().mean() / wanted.abs().mean().clamp_min(1e-9))


class _Product:
    """The product of few rows with the 4-bit weights of layers that share their input, made once for all of them.

    Args:
        packed, scales: as the kernel wants them.
        widths: the outputs of each layer.

    Attributes:
        corrections: place of a layer -> (down, up) of its correction; `settle` puts them to use.
    """

    def __init__(self, packed: Any, scales: Any, widths: Sequence[int]) -> None:
        self.packed, self.scales, self.widths = packed, scales, list(widths)
        self.corrections: dict[int, tuple[Any, Any]] = {}
        self._down: Any = None
        self._up: Any = None
        self._of: Any = None
        self._made: Sequence[Any] = ()

    def settle(self) -> None:
        """One pair of matrices for the corrections of all layers: float32, in which small products are fastest."""
        import torch

        ups = []
        for place, width in enumerate(self.widths):
            own = self.corrections.get(place)
            ups.append(own[1] if own else torch.zeros(width, 0))
        self._down = (
            torch.cat([down for _, (down, _) in sorted(self.corrections.items())]).float().contiguous()
        )
        self._up = torch.block_diag(*ups).float().contiguous()

    def of(self, x: Any, place: int) -> Any:
        """The output of the layer at a place."""
        if x is not self._of:
            self._made, self._of = self._all(x), x
        made = self._made[place]
        if place == len(self.widths) - 1:
            self._made, self._of = (), None  # no one asks again
        return made

    def _all(self, x: Any) -> Sequence[Any]:
        import torch

        rows = x.reshape(-1, x.shape[-1])
        # The kernel is slow in float32.
        product = torch.ops.aten._weight_int4pack_mm_for_cpu(rows.bfloat16(), self.packed, GROUP, self.scales)
        if self._down is not None:
            inner = torch.nn.functional.linear(rows.float(), self._down)
            product = torch.addmm(product.float(), inner, self._up.t())
        product = product.to(x.dtype).view(*x.shape[:-1], -1)
        return product.split(self.widths, -1) if len(self.widths) > 1 else (product,)


_class: Any = None


def _small_linear() -> Any:
    """The class of a packed layer; made at the first call, because torch is heavy."""
    global _class
    if _class is not None:
        return _class
    import torch

    class SmallLinear(torch.nn.Module):
        def __init__(self, layer: Any, product: _Product, place: int) -> None:
            super().__init__()
            self.weight = layer.weight
            self.product, self.place = product, place

        def forward(self, x: Any) -> Any:
            if x.numel() > FEW_ROWS * x.shape[-1]:
                return torch.nn.functional.linear(x, self.weight)
            return self.product.of(x, self.place)

    _class = SmallLinear
    return _class
