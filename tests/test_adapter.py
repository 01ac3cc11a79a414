"""MiniLM with corrections of our own: read back as written, merged, and of no use for other weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tutor.adapter import CLAIMS, INTENTS, Adapter
from tutor.embedding import Embedding
from tutor.errors import EmbeddingError
from tutor.training.lora import Example, Fit, corrected, fit_adapter, write_adapter

COLOURS = [
    ("red as blood", "warm"),
    ("orange flames", "warm"),
    ("blue ice", "cold"),
    ("a green frozen sea", "cold"),
]


def examples(epoch: int) -> list[Example]:
    return [Example(text, "", frozenset({label})) for text, label in COLOURS * 4]


@pytest.fixture(scope="module")
def fitted(embedding: Embedding, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adapter") / "colours.safetensors"
    fit_adapter(embedding, Fit(("warm", "cold"), rank=2, epochs=4, batch=4, tokens=16), examples, path)
    return path


def test_what_was_fitted_is_told_apart(embedding: Embedding, fitted: Path) -> None:
    adapter = Adapter(embedding, fitted)
    shares = adapter.probabilities([(text, "") for text, _ in COLOURS])
    assert adapter.labels == ("warm", "cold")
    assert [adapter.labels[place] for place in shares.argmax(1)] == [label for _, label in COLOURS]
    assert np.allclose(shares.sum(1), 1, atol=1e-5)


def test_the_embedding_itself_is_not_changed(embedding: Embedding, fitted: Path) -> None:
    before = embedding.embed_query("red as blood")
    Adapter(embedding, fitted).probabilities([("red as blood", "")])
    assert (embedding.embed_query("red as blood") == before).all()


def test_a_text_gets_the_same_alone_and_among_others(embedding: Embedding, fitted: Path) -> None:
    adapter = Adapter(embedding, fitted)
    many = adapter.probabilities([(text * (n + 1), "") for n, (text, _) in enumerate(COLOURS * 6)])
    assert np.allclose(many[0], adapter.probabilities([(COLOURS[0][0], "")])[0], atol=1e-4)
    assert adapter.probabilities([]).shape == (0, 2)


def test_merged_corrections_do_what_the_training_network_did(embedding: Embedding, tmp_path: Path) -> None:
    import torch

    _, base = embedding.network()
    fit = Fit(("a", "b"), rank=3, tokens=16)
    network = corrected(base, fit).eval()
    head = torch.nn.Linear(2 * base.config.hidden_size, 2)
    torch.manual_seed(0)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if name.endswith(".b"):
                weight.normal_(std=0.02)
    write_adapter(tmp_path / "x.safetensors", network, head, fit, embedding.fingerprint)
    tokenizer, _ = embedding.network()
    encoded = tokenizer(
        ["a pair", "of texts"], ["read together", "by one"], return_tensors="pt", padding=True
    )
    with torch.no_grad():
        hidden = network(**encoded).last_hidden_state
        mask = encoded["attention_mask"].unsqueeze(-1)
        expected = head(torch.cat([(hidden * mask).sum(1) / mask.sum(1), hidden[:, 0]], 1)).softmax(-1)
        plain = base(**encoded).last_hidden_state
    found = Adapter(embedding, tmp_path / "x.safetensors").probabilities(
        [("a pair", "read together"), ("of texts", "by one")]
    )
    assert np.allclose(found, expected.numpy(), atol=5e-3)
    assert not torch.allclose(hidden, plain, atol=1e-2)


def test_corrections_start_as_nothing(embedding: Embedding) -> None:
    import torch

    tokenizer, base = embedding.network()
    encoded = tokenizer(["a text"], return_tensors="pt")
    with torch.no_grad():
        network = corrected(base, Fit(("a",))).eval()
        assert torch.allclose(
            network(**encoded).last_hidden_state, base(**encoded).last_hidden_state, atol=1e-5
        )


def test_the_bundled_corrections_fit_the_bundled_weights(embedding: Embedding) -> None:
    assert Adapter(embedding, CLAIMS).fits and Adapter(embedding, INTENTS).fits
    assert Adapter(embedding, CLAIMS).labels == ("supported", "contradicted", "absent")


def test_corrections_of_other_weights_do_not_fit(embedding: Embedding, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    about = {"labels": json.dumps(["a"]), "scale": "1", "tokens": "8", "base": "0" * 64}
    save_file({"head.bias": torch.zeros(1)}, tmp_path / "other.safetensors", about)
    assert not Adapter(embedding, tmp_path / "other.safetensors").fits


def test_a_broken_file_is_named_with_the_remedy(embedding: Embedding, tmp_path: Path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"no weights")
    with pytest.raises(EmbeddingError, match=r"broken\.safetensors cannot be read .* `make chat`"):
        _ = Adapter(embedding, tmp_path / "broken.safetensors").fits
