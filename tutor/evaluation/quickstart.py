"""The stock quickstart over the same notes, so that search can be measured beside it.

As the libraries' own first pages have it: files as plain text, RecursiveCharacterTextSplitter with 1000 characters
and 200 of overlap, the same MiniLM, a Chroma collection, the k nearest chunks, and the follow-up as it was typed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutor.embedding import Embedding
from tutor.notes import list_files

CHUNK_CHARS, OVERLAP_CHARS = 1000, 200


@dataclass(frozen=True)
class Quickstart:
    """A built quickstart. `seconds` is what splitting, embedding and storing took."""

    store: Any
    chunks: int
    seconds: float

    def search(self, query: str, k: int) -> list[str]:
        """The notes of the k nearest chunks, best first."""
        return [document.metadata["note"] for document in self.store.similarity_search(query, k=k)]


def build_quickstart(notes: Sequence[Path], folder: Path, embedding: Embedding) -> Quickstart:
    """Builds it over some notes folders.

    Args:
        folder: where its Chroma files go.
    """
    from langchain_chroma import Chroma
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    embedding.warm_up()
    began = time.perf_counter()
    splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK_CHARS, chunk_overlap=OVERLAP_CHARS)
    files = list_files(notes)
    chunks = splitter.create_documents(
        [file.path.read_text(encoding="utf-8", errors="replace") for file in files],
        metadatas=[{"note": file.name} for file in files],
    )
    store = Chroma.from_documents(
        chunks, embedding.as_langchain(), persist_directory=str(folder), collection_name="quickstart"
    )
    return Quickstart(store, len(chunks), time.perf_counter() - began)
