"""Layers whose weights were 4-bit are multiplied at 4 bits; others stay as they are."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tutor.models.packed import FEW_ROWS, GROUP, pack_linears  # noqa: E402


def four_bit(rows: int, columns: int) -> Any:
    """Weights as Q4_1 stores them, written out in bfloat16."""
    torch.manual_seed(0)
    groups = torch.randn(rows, columns // GROUP, GROUP)
    least, most = groups.amin(-1, keepdim=True), groups.amax(-1, keepdim=True)
    step = (most - least) / 15
    return (((groups - least) / step).round() * step + least).view(rows, columns).bfloat16()


class Net(torch.nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self, weight: Any) -> None:
        super().__init__()
        self.inner = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype=weight.dtype)
        self.inner.weight.data = weight
        self.head = torch.nn.Linear(weight.shape[0], 16, bias=False, dtype=weight.dtype)

    def get_output_embeddings(self) -> Any:
        return self.head


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("rows", [1, 9, FEW_ROWS + 1])
def test_a_packed_layer_gives_what_the_layer_gave(dtype: str, rows: int) -> None:
    net = Net(four_bit(192, 576).to(getattr(torch, dtype)))
    x = torch.randn(1, rows, 576).to(getattr(torch, dtype))
    with torch.inference_mode():
        before = net.inner(x)
        assert pack_linears(net) == 1
        after = net.inner(x)
    assert after.dtype == before.dtype and after.shape == before.shape
    assert float((after - before).float().abs().mean() / before.float().abs().mean()) < 0.02


@pytest.mark.parametrize(
    "weight",
    [torch.randn(192, 576).bfloat16(), torch.randn(192, 100).bfloat16(), torch.randn(10, 64).bfloat16()],
    ids=["finer than four bits", "columns in no groups", "rows that the kernel does not take"],
)
def test_other_layers_and_the_vocabulary_stay_as_they_are(weight: Any) -> None:
    net = Net(weight)
    inner, head = net.inner, net.head
    assert pack_linears(net) == 0
    assert net.inner is inner and net.head is head
