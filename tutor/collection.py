"""Vectors -> the Chroma collection of one generation: built, checked, opened. The only owner of chromadb.

Chroma is a cache here: a collection is written once, in a folder of its own, and never changed afterwards.
Its vector files are sealed by their hashes, because reading a damaged one can end the whole process (measured:
zeros in `link_lists.bin` are a segmentation fault). `chroma.sqlite3` is not sealed: Chroma writes to it whenever
it is opened, and SQLite notices damage itself.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tutor.errors import StoreError
from tutor.generations import disk_fails, disk_full

_NAME = "passages"
_SEAL = "sealed.json"
_SAMPLE = 512
_ASKED = 24
# AttributeError: what a folder whose client could not be made before raises when it is opened again.
_RAISED = (ValueError, KeyError, IndexError, TypeError, RuntimeError, AttributeError, sqlite3.Error)
_REBUILD = "Run `tutor index` to rebuild it."


def chromadb_version() -> str:
    """The version of chromadb at hand; one does not read what another has written."""
    from importlib.metadata import version

    return version("chromadb")


def build_collection(path: Path, vectors: Sequence[bytes], on_progress: Callable[[int, int], None]) -> None:
    """Writes a collection into a new folder, lets it find a sample of its vectors, and seals it.

    Args:
        vectors: unit vectors as float32 bytes; the position of each becomes its id.
        on_progress: called with (done, total).

    Raises:
        StoreError: the disk is full, or the collection does not hold what was written.
        OSError: the folder cannot be made.
    """
    import numpy as np

    with chroma_errors(path):
        client = _client(path)
        try:
            collection = client.create_collection(
                _NAME,
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 100}},
            )
            step = client.get_max_batch_size()
            for begin in range(0, len(vectors), step):
                on_progress(begin, len(vectors))
                some = vectors[begin : begin + step]
                collection.add(
                    ids=[str(begin + i) for i in range(len(some))],
                    embeddings=[np.frombuffer(vector, np.float32).tolist() for vector in some],
                )
            if collection.count() != len(vectors):
                raise StoreError("The new index lost passages", "Run `tutor index` again.")
            _verify(collection, {row: vectors[row] for row in spread(len(vectors))})
        finally:
            client.close()
    (path / _SEAL).write_text(json.dumps(_hashes(path)), encoding="utf-8")


def open_collection(path: Path, sample: Mapping[int, bytes]) -> tuple[Any, Any]:
    """Opens a collection and lets it find a sample of its vectors, so that damage shows here and not later.

    Args:
        sample: id -> the vector as it was given to `build_collection`.

    Returns:
        (client, collection); the client is the caller's to close.

    Raises:
        StoreError: the folder is missing or damaged.
        OSError: the folder cannot be read or written.
    """
    if not path.is_dir():
        raise StoreError(f"The index folder {path} is missing", _REBUILD)
    with chroma_errors(path):
        if json.loads((path / _SEAL).read_text(encoding="utf-8")) != _hashes(path):
            raise StoreError(f"Files in {path} have changed", _REBUILD)
        client = _client(path)
        try:
            collection = client.get_collection(_NAME, embedding_function=None)
            _verify(collection, sample)
        except BaseException:
            client.close()
            raise
    return client, collection


def spread(n: int, most: int = _SAMPLE) -> range:
    """Positions spread over n: all of them, or between `most` and twice as many."""
    return range(0, n, max(1, n // most))


@contextmanager
def chroma_errors(folder: Path) -> Iterator[None]:
    """Chroma's own errors, which share no base class below Exception, as a StoreError."""
    from chromadb.errors import ChromaError

    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(
            f"The index in {folder} is damaged ({error.filename} is missing)", _REBUILD
        ) from error
    except (ChromaError, *_RAISED) as error:
        if any(sign in str(error) for sign in ("No space left", "disk is full", "File too large")):
            raise disk_full(folder) from error
        if "disk I/O error" in str(error):
            raise disk_fails(folder) from error
        raise StoreError(f"The index in {folder} is damaged ({error})", _REBUILD) from error


def _hashes(path: Path) -> dict[str, str]:
    """SHA-256 of the vector files; none for a segment that Chroma has not flushed yet, since it reads no file."""
    hashes = {}
    for segment in sorted(place for place in path.iterdir() if (place / "index_metadata.pickle").exists()):
        for place in sorted(segment.iterdir()):
            with place.open("rb") as file:
                hashes[f"{segment.name}/{place.name}"] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def _verify(collection: Any, sample: Mapping[int, bytes]) -> None:
    """Each sampled vector must lie in the collection as it was stored; some are asked for and must be found."""
    import numpy as np

    if not sample:
        return
    stored = {str(row): np.frombuffer(vector, np.float32) for row, vector in sample.items()}
    held = collection.get(ids=list(stored), include=["embeddings"])
    same = {
        row
        for row, vector in zip(held["ids"], held["embeddings"], strict=True)
        if np.allclose(vector, stored[row], atol=1e-3)
    }
    vectors = list(stored.values())
    asked = [vectors[at].tolist() for at in spread(len(vectors), _ASKED)]
    found = collection.query(query_embeddings=asked, n_results=1, include=["distances"])
    near = [bool(distances) and abs(distances[0]) <= 1e-3 for distances in found["distances"]]
    if same != stored.keys() or not all(near):
        raise StoreError("The index does not find its own passages", _REBUILD)


def _client(path: Path) -> Any:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    path.mkdir(parents=True, exist_ok=True)
    settings = ChromaSettings(_env_file=None, anonymized_telemetry=False)
    return chromadb.PersistentClient(path=str(path), settings=settings)
