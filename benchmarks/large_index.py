"""How search does over 100,000 passages: `python benchmarks/large_index.py [--passages N]`.

Notes are made by shuffling the sentences of the bundled corpus under made-up headings. Embedding so many passages
would take an hour and says nothing on search, so their vectors are real ones with noise; those of questions are real.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tutor.embedding import Embedding
from tutor.evaluation.questions import bundled_questions
from tutor.index import open_index, refresh_index
from tutor.notes import read_library
from tutor.passages import split_note
from tutor.retrieval import Retriever
from tutor.settings import PROJECT_ROOT
from tutor.words import split_sentences

PER_NOTE = 50


class NoisyEmbedding(Embedding):
    """Gives each text the vector of some passage of the corpus with noise; embeds questions for real."""

    def __init__(self, vectors: Any) -> None:
        super().__init__()
        self._known = vectors

    @property
    def name(self) -> str:
        return "noisy"

    def embed_texts(self, texts: Sequence[str], on_progress: Any = None) -> Any:
        found = []
        for text in texts:
            drawn = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]))
            vector = self._known[drawn.integers(len(self._known))] + 0.04 * drawn.standard_normal(384)
            found.append(vector / np.linalg.norm(vector))
        return np.array(found, np.float32).reshape(len(texts), 384)


def write_notes(folder: Path, sentences: Sequence[str], passages: int) -> None:
    """So many passages of three sentences each, in notes of PER_NOTE."""
    drawn = random.Random(0)
    for number in range(passages // PER_NOTE):
        parts = [
            f"## Part {number}-{part}\n\n" + "\n".join(drawn.choices(sentences, k=3))
            for part in range(PER_NOTE)
        ]
        (folder / f"note-{number}.md").write_text(
            f"# Note {number}\n\n" + "\n\n".join(parts), encoding="utf-8"
        )


def memory_mb() -> float:
    """The resident memory of this process, in 10^6 bytes."""
    import psutil  # type: ignore[import-untyped]

    return float(psutil.Process().memory_info().rss) / 1e6


def main() -> None:
    """Prints one JSON object of figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", type=int, default=100_000)
    count = parser.parse_args().passages
    real = Embedding()
    corpus = [
        p
        for note in read_library([PROJECT_ROOT / "corpus"]).notes
        for p in split_note(note, real.count_tokens)
    ]
    sentences = [
        p.text.words[a:b].replace("\n", " ") for p in corpus for a, b in split_sentences(p.text.words)
    ]
    sentences = [s for s in sentences if 20 < len(s) < 300]
    embedding = NoisyEmbedding(real.embed_texts([p.embedded_text for p in corpus[:600]]))
    with tempfile.TemporaryDirectory() as place:
        notes, folder = Path(place, "notes"), Path(place, "index")
        notes.mkdir()
        write_notes(notes, sentences, count)
        before_mb = memory_mb()
        began = time.perf_counter()
        done = refresh_index([notes], folder, embedding)
        figures: dict[str, Any] = {"passages": done.passages, "build_s": time.perf_counter() - began}
        began = time.perf_counter()
        refresh_index([notes], folder, embedding)
        figures["refresh_nothing_s"] = time.perf_counter() - began
        with (notes / "note-7.md").open("a", encoding="utf-8") as file:
            file.write("\n\n## News\n\nSomething new stands here.\n")
        began = time.perf_counter()
        refresh_index([notes], folder, embedding)
        figures["refresh_one_s"] = time.perf_counter() - began
        began = time.perf_counter()
        retriever = Retriever(open_index(folder, embedding), embedding)
        retriever.search("warm up")
        figures["open_s"] = time.perf_counter() - began
        times = []
        for asked in bundled_questions("dev"):
            vector = retriever.embed(asked.question)
            began = time.perf_counter()
            retriever.rank(asked.question, vector, 8)
            times.append(1000 * (time.perf_counter() - began))
        figures |= {
            "search_p50_ms": statistics.median(times),
            "search_p95_ms": sorted(times)[int(0.95 * len(times))],
        }
        figures |= {"memory_mb": memory_mb(), "memory_before_mb": before_mb}
    json.dump({name: round(value, 3) for name, value in figures.items()}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
