"""Vectors -> the Chroma collection of one generation: built, checked, opened. The only owner of chromadb.

Chroma is a cache here: a collection is written once, in a folder of its own, and never changed afterwards. Where
little changed, the new one begins as a copy of the old. A vector's id is the hash of the content it was made of.
Its vector files are sealed by their hashes, because reading a damaged one can end the whole process (measured:
zeros in `link_lists.bin` are a segmentation fault). `chroma.sqlite3` is not sealed: Chroma writes to it whenever
it is opened, and SQLite notices damage itself.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tutor.errors import StoreError
from tutor.generations import disk_fails, disk_full

_NAME = "passages"
_SEAL = "sealed.json"
_DATABASE = "chroma.sqlite3"
_SAMPLE = 512
_ASKED = 24
# A deleted vector leaves a hole in the graph of neighbours: after so many changes, in shares, it is built anew.
_MOST_CHANGED = 0.2
# AttributeError: what a folder whose client could not be made before raises when it is opened again.
_RAISED = (ValueError, KeyError, IndexError, TypeError, RuntimeError, AttributeError, sqlite3.Error)
_REBUILD = "Run `tutor index` to rebuild it."


def chromadb_version() -> str:
    """The version of chromadb at hand; one does not read what another has written."""
    from importlib.metadata import version

    return version("chromadb")


def build_collection(
    path: Path, vectors: Mapping[str, bytes], on_progress: Callable[[int, int], None]
) -> None:
    """Writes a collection into a new folder, lets it find a sample of its vectors, and seals it.

    Args:
        vectors: id -> unit vector as float32 bytes.
        on_progress: called with (done, total).

    Raises:
        StoreError: the disk is full, or the collection does not hold what was written.
        OSError: the folder cannot be made.
    """
    with chroma_errors(path):
        client = _client(path)
        try:
            collection = client.create_collection(
                _NAME,
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 100}},
            )
            _add(client, collection, vectors, on_progress)
            _require_whole(collection, len(vectors), _sample(vectors))
        finally:
            client.close()
    _seal(path, 0)


def change_collection(
    old: Path,
    path: Path,
    added: Mapping[str, bytes],
    gone: Collection[str],
    sample: Mapping[str, bytes],
    count: int,
) -> bool:
    """Writes a collection into a new folder as a changed copy of an older one; False where that would not pay.

    Args:
        old: the folder of the older collection; it stays as it is and may be read meanwhile.
        added: id -> unit vector as float32 bytes, of what the older one lacks.
        gone: the ids that the new one shall not hold.
        sample: some ids of the new one with their vectors, to be looked up.
        count: how many ids the new one shall hold.

    Raises:
        StoreError: the older one is damaged, the disk is full, or the new one does not hold what it should.
        OSError: the folder cannot be made.
    """
    if not (old / _SEAL).is_file():
        return False
    changes, hashes = _read_seal(old)
    changes += len(added) + len(gone)
    if changes > _MOST_CHANGED * count:
        return False
    if hashes != _hashes(old):
        raise StoreError(f"Files in {old} have changed", _REBUILD)
    with chroma_errors(path):
        _copy_closed(old, path)
        client = _client(path)
        try:
            collection = client.get_collection(_NAME, embedding_function=None)
            for some in _batches(list(gone), client.get_max_batch_size()):
                collection.delete(ids=some)
            _add(client, collection, added, lambda done, total: None)
            _require_whole(collection, count, {**sample, **_sample(added)})
        finally:
            client.close()
    _seal(path, changes)
    return True


def _copy_closed(old: Path, path: Path) -> None:
    """Copies a collection that others may have open: the vector files never change, and SQLite copies itself."""
    shutil.copytree(old, path, ignore=shutil.ignore_patterns(f"{_DATABASE}*", _SEAL))
    with (
        closing(sqlite3.connect(f"{(old / _DATABASE).absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(path / _DATABASE)) as target,
    ):
        source.backup(target)


def _add(
    client: Any, collection: Any, vectors: Mapping[str, bytes], on_progress: Callable[[int, int], None]
) -> None:
    import numpy as np

    ids = list(vectors)
    for begin, some in enumerate(_batches(ids, step := client.get_max_batch_size())):
        on_progress(begin * step, len(ids))
        collection.add(
            ids=some, embeddings=[np.frombuffer(vectors[key], np.float32).tolist() for key in some]
        )


def _batches(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    for begin in range(0, len(ids), size):
        yield list(ids[begin : begin + size])


def _require_whole(collection: Any, count: int, sample: Mapping[str, bytes]) -> None:
    if collection.count() != count:
        raise StoreError("The new index lost passages", "Run `tutor index` again.")
    _verify(collection, sample)


def _sample(vectors: Mapping[str, bytes]) -> dict[str, bytes]:
    ids = list(vectors)
    return {ids[at]: vectors[ids[at]] for at in spread(len(ids))}


def _seal(path: Path, changes: int) -> None:
    """Writes the hashes of the vector files, and how many vectors changed since the collection was built whole."""
    (path / _SEAL).write_text(json.dumps({"changes": changes, "files": _hashes(path)}), encoding="utf-8")


def _read_seal(path: Path) -> tuple[int, dict[str, str]]:
    with chroma_errors(path):
        seal = json.loads((path / _SEAL).read_text(encoding="utf-8"))
        return int(seal["changes"]), dict(seal["files"])


def open_collection(path: Path, sample: Mapping[str, bytes]) -> tuple[Any, Any]:
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
        if _read_seal(path)[1] != _hashes(path):
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


def _verify(collection: Any, sample: Mapping[str, bytes]) -> None:
    """Each sampled vector must lie in the collection as it was stored; some are asked for and must be found."""
    import numpy as np

    if not sample:
        return
    stored = {key: np.frombuffer(vector, np.float32) for key, vector in sample.items()}
    held = collection.get(ids=list(stored), include=["embeddings"])
    same = {
        key
        for key, vector in zip(held["ids"], held["embeddings"], strict=True)
        if np.allclose(vector, stored[key], atol=1e-3)
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
