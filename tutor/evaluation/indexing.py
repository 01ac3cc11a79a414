"""How long an index takes: whole, nothing changed, one note changed; and the quickstart's on the same notes."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tutor.embedding import Embedding
from tutor.evaluation.quickstart import build_quickstart
from tutor.index import refresh_index
from tutor.notes import list_files


@dataclass(frozen=True)
class IndexingTimes:
    """Seconds, and how many passages or chunks were made in them."""

    passages: int
    build_s: float
    unchanged_s: float
    one_note_s: float
    chunks: int
    quickstart_s: float


def time_indexing(
    notes: Sequence[Path], embedding: Embedding, on_stage: Callable[[str], None] = lambda stage: None
) -> IndexingTimes:
    """Builds both over copies of some notes folders, one after the other, in this process."""
    embedding.warm_up()
    with tempfile.TemporaryDirectory() as place:
        copies = [Path(place, f"notes-{number}") for number, _ in enumerate(notes)]
        for folder, copy in zip(notes, copies, strict=True):
            shutil.copytree(folder, copy)
        on_stage("Building the index")
        index = Path(place, "index")
        began = time.perf_counter()
        passages = refresh_index(copies, index, embedding).passages
        build_s = time.perf_counter() - began
        began = time.perf_counter()
        refresh_index(copies, index, embedding)
        unchanged_s = time.perf_counter() - began
        _edit_one(copies)
        began = time.perf_counter()
        refresh_index(copies, index, embedding)
        one_note_s = time.perf_counter() - began
        on_stage("Building the quickstart")
        quickstart = build_quickstart(copies, Path(place, "quickstart"), embedding)
    return IndexingTimes(passages, build_s, unchanged_s, one_note_s, quickstart.chunks, quickstart.seconds)


def _edit_one(notes: Sequence[Path]) -> None:
    """Adds a section to the middle one of the notes that are text."""
    files = [file.path for file in list_files(notes) if file.path.suffix not in (".ipynb", ".pdf")]
    with files[len(files) // 2].open("a", encoding="utf-8") as file:
        file.write("\n\n## News\n\nA sentence that was not there before stands here now.\n")
