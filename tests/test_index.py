"""The index: what a refresh does, what it leaves alone, and what a crash, a full disk or a damaged file may do.

Run as a script, this file refreshes an index in a process of its own, which the tests of crashes kill:
`python tests/test_index.py NOTES INDEX [DIE_AT]`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tutor.index
from tutor.collection import open_collection
from tutor.embedding import Embedding
from tutor.errors import NotesError, StoreError
from tutor.generations import built_generations, current_generation, hold_current, read_pointer, swap_pointer
from tutor.index import Index, open_index, refresh_index

ROOT = Path(__file__).resolve().parent.parent
FILES = 6


class Toy(Embedding):
    """An embedding model that costs nothing: a text's vector is drawn from the text's hash."""

    def __init__(self, weights: str = "toy") -> None:
        super().__init__()
        self.weights = weights
        self.asked: list[str] = []

    @property
    def name(self) -> str:
        return "toy"

    @property
    def fingerprint(self) -> str:  # type: ignore[override]
        return self.weights

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def embed_texts(self, texts: Sequence[str], on_progress: Callable[[int], None] | None = None) -> Any:
        self.asked += texts
        return np.array([self.vector(text) for text in texts], np.float32).reshape(len(texts), 32)

    def vector(self, text: str) -> Any:
        drawn = random.Random(hashlib.sha256((self.weights + text).encode()).digest())
        vector = np.array([drawn.gauss(0, 1) for _ in range(32)])
        return (vector / np.linalg.norm(vector)).astype(np.float32)


def write_round(folder: Path, number: int) -> None:
    """Files that all say the same number, so that a mixture of two rounds would show."""
    folder.mkdir(exist_ok=True)
    for file in range(FILES):
        lines = [f"Fact {line} of file {file} says that the number is {number}." for line in range(8)]
        text = f"# File {file}\n\n" + "\n\n".join(f"## Part {i}\n\n{line}" for i, line in enumerate(lines))
        draft = folder.parent / "draft"
        draft.write_text(text, encoding="utf-8")
        draft.replace(folder / f"file-{file}.md")


def write_deck(folder: Path, cards: int) -> None:
    """One deck of so many short cards."""
    folder.mkdir(exist_ok=True)
    card = ":p What is thing {0}?\n??x\nThing {0} is the number {1}.\nx??\n"
    text = "# Deck\n\n#### Things\n\n" + "\n".join(card.format(i, i * 7) for i in range(cards))
    (folder / "deck.md").write_text(text, encoding="utf-8")


def rounds_in(index: Index) -> set[str]:
    """The numbers that the notes of an index say."""
    return {p.text.words.rsplit(" ", 1)[1].rstrip(".") for p in index.passages}


def answers(index: Index, embedding: Toy) -> bool:
    """Whether every passage is the nearest to its own vector."""
    return all(index.query(embedding.vector(p.embedded_text), 1)[0][1] > 0.999 for p in index.passages[:40])


def assert_sound(folder: Path, embedding: Toy) -> Index:
    """The last good index answers, and mixes no two states of the notes."""
    index = open_index(folder, embedding)
    assert len(index.notes) == FILES
    assert len(rounds_in(index)) == 1
    assert answers(index, embedding)
    return index


# -- what a refresh does -------------------------------------------------------------------------------------------


def test_a_first_refresh_reports_what_it_found(notes: Path, tmp_path: Path) -> None:
    toy = Toy()
    done = refresh_index([notes], tmp_path / "index", toy)
    assert (done.notes, done.cards, done.added, done.updated, done.removed, done.unchanged) == (
        3,
        3,
        3,
        0,
        0,
        0,
    )
    assert done.passages >= done.embedded == len(toy.asked) > 3
    assert set(done.to_contract()) == {
        "notes", "passages", "cards", "quiz_items", "added", "updated", "removed", "unchanged", "skipped",
        "seconds", "embedding_model",
    }  # fmt: skip
    assert json.loads(json.dumps(done.to_contract()))["embedding_model"] == "toy"


def test_a_second_refresh_finds_nothing_to_do(notes: Path, tmp_path: Path) -> None:
    toy = Toy()
    first = refresh_index([notes], tmp_path / "index", toy)
    toy.asked.clear()
    again = refresh_index([notes], tmp_path / "index", toy)
    assert (again.added, again.updated, again.removed, again.unchanged, again.embedded) == (0, 0, 0, 3, 0)
    assert (again.notes, again.passages, again.cards) == (first.notes, first.passages, first.cards)
    assert toy.asked == []
    assert read_pointer(tmp_path / "index")[0] == 1


def test_an_edited_note_embeds_only_the_passages_that_changed(notes: Path, tmp_path: Path) -> None:
    toy = Toy()
    refresh_index([notes], tmp_path / "index", toy)
    toy.asked.clear()
    note = notes / "mode-collapse.md"
    note.write_text(note.read_text("utf-8").replace("apple pie", "plum cake"), encoding="utf-8")
    done = refresh_index([notes], tmp_path / "index", toy)
    assert (done.added, done.updated, done.removed, done.unchanged) == (0, 1, 0, 2)
    assert done.embedded == len(toy.asked) == 1
    assert "plum cake" in toy.asked[0]


def test_a_removed_note_no_longer_answers(notes: Path, tmp_path: Path, embedding: Embedding) -> None:
    question = embedding.embed_query("Which method shows the discriminator several samples at once?")
    refresh_index([notes], tmp_path / "index", embedding)
    index = open_index(tmp_path / "index", embedding)
    assert index.passages[index.query(question, 1)[0][0]].note == "mode-collapse.md"
    index.close()
    (notes / "mode-collapse.md").unlink()
    done = refresh_index([notes], tmp_path / "index", embedding)
    assert (done.removed, done.unchanged, done.embedded) == (1, 2, 0)
    index = open_index(tmp_path / "index", embedding)
    assert {p.note for p in index.passages} == {note.path for note in index.notes} == {"deck.md", "gan.md"}
    assert {index.passages[row].note for row, _ in index.query(question, 50)} <= {"deck.md", "gan.md"}
    index.close()


def test_cosines_and_query_agree(notes: Path, tmp_path: Path) -> None:
    toy = Toy()
    refresh_index([notes], tmp_path / "index", toy)
    index = open_index(tmp_path / "index")
    vector = toy.vector(index.passages[2].embedded_text)
    found = index.query(vector, 4)
    assert found[0][0] == 2
    assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)
    exact = index.cosines(vector, [row for row, _ in found])
    assert all(exact[row] == pytest.approx(cosine, abs=1e-4) for row, cosine in found)
    assert index.cosines(vector, []) == {}
    index.close()


def test_a_file_that_cannot_be_read_is_skipped_once(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(notes / "pipe.md")
    (notes / "loop.md").symlink_to(notes / "loop.md")
    (notes / "outside.md").symlink_to(tmp_path / "secret.md")
    (tmp_path / "secret.md").write_text("# Secret\n\nThe secret is 42.\n")
    real = tutor.generations.hash_file

    def hash_file(path: Path) -> str:
        if path.name == "gan.md":
            raise NotesError(f"{path} was not read: Permission denied", "Allow it.")
        return real(path)

    monkeypatch.setattr(tutor.generations, "hash_file", hash_file)
    done = refresh_index([notes], tmp_path / "index", Toy())
    reasons = {entry.path: entry.reason for entry in done.skipped}
    assert set(reasons) == {"pipe.md", "outside.md", "loop.md"}
    assert all(reasons.values())
    again = refresh_index([notes], tmp_path / "index", Toy())
    assert read_pointer(tmp_path / "index")[0] == 1
    assert {entry.path: entry.reason for entry in again.skipped} == reasons
    index = open_index(tmp_path / "index")
    assert "secret is 42" not in " ".join(p.text.words for p in index.passages)
    index.close()


def test_other_weights_or_another_chromadb_mean_a_rebuild_and_no_query(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, toy = tmp_path / "index", Toy()
    first = refresh_index([notes], folder, toy)
    other = Toy("other")
    with pytest.raises(StoreError, match="other embedding weights"):
        open_index(folder, other)
    assert refresh_index([notes], folder, other).embedded == first.embedded
    open_index(folder, other).close()

    built: list[Path] = []
    real = tutor.index.build_collection
    monkeypatch.setattr(
        tutor.index, "build_collection", lambda path, *more: (built.append(path), real(path, *more))
    )
    monkeypatch.setattr(tutor.index, "chromadb_version", lambda: "0.0.1")
    with pytest.raises(StoreError, match="built by chromadb"):
        open_index(folder, other)
    done = refresh_index([notes], folder, other)
    assert len(built) == 1  # the old collection is not even copied
    assert (done.embedded, done.unchanged, done.added) == (0, 3, 0)


def test_equal_content_is_embedded_once(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for name in ("one.md", "two.md"):
        (folder / name).write_text("# Same\n\nThe same words stand here.\n", encoding="utf-8")
    toy = Toy()
    done = refresh_index([folder], tmp_path / "index", toy)
    assert (done.passages, done.embedded) == (2, 1)
    (folder / "one.md").rename(folder / "three.md")
    done = refresh_index([folder], tmp_path / "index", toy)
    assert (done.added, done.removed, done.unchanged, done.embedded) == (1, 1, 1, 0)


def test_a_stopped_refresh_resumes_where_it_was(tmp_path: Path) -> None:
    class Stopped(Toy):
        def embed_texts(self, texts: Sequence[str], on_progress: Any = None) -> Any:
            if self.asked:
                raise KeyboardInterrupt
            return super().embed_texts(texts)

    write_deck(tmp_path / "notes", 100)
    with pytest.raises(KeyboardInterrupt):
        refresh_index([tmp_path / "notes"], tmp_path / "index", Stopped())
    toy = Toy()
    assert refresh_index([tmp_path / "notes"], tmp_path / "index", toy).embedded == 100 - 64
    assert len(toy.asked) == 100 - 64


def test_a_file_saved_while_it_is_read_is_read_again(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, toy, good = tmp_path / "index", Toy(), (notes / "gan.md").read_text(encoding="utf-8")
    real = tutor.index.read_files
    for passing in ("", "# Passing\n\nWords that never lasted.\n"):
        shutil.rmtree(folder, ignore_errors=True)

        def read(*arguments: Any, words: str = passing) -> Any:
            (notes / "gan.md").write_text(words, encoding="utf-8")
            found = real(*arguments)
            (notes / "gan.md").write_text(good, encoding="utf-8")
            return found

        with monkeypatch.context() as patch:
            patch.setattr(tutor.index, "read_files", read)
            refresh_index([notes], folder, toy)
        assert refresh_index([notes], folder, toy).skipped == ()
        index = open_index(folder, toy)
        assert not any("never lasted" in p.text.words for p in index.passages)
        assert "gan.md" in {note.path for note in index.notes}
        index.close()


# -- a process that is killed --------------------------------------------------------------------------------------


def start_driver(notes: Path, folder: Path, die_at: str = "") -> subprocess.Popen[str]:
    """Starts a refresh in a process of its own; returns when it begins."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(notes), str(folder), die_at],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


def test_a_refresh_killed_at_a_random_moment_leaves_an_index_that_answers(tmp_path: Path) -> None:
    notes, folder, toy = tmp_path / "notes", tmp_path / "index", Toy()
    write_round(notes, 0)
    refresh_index([notes], folder, toy)
    write_round(notes, 1)
    process, began = start_driver(notes, folder), time.monotonic()
    assert process.wait() == 0
    whole_s = time.monotonic() - began
    drawn = random.Random(7)
    killed = 0
    for number in range(2, 42):
        write_round(notes, number)
        process = start_driver(notes, folder)
        time.sleep(drawn.uniform(0, 0.8 * whole_s))
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        index = assert_sound(folder, toy)
        assert int(rounds_in(index).pop()) in range(1, number + 1)
        index.close()
    assert killed >= 30
    refresh_index([notes], folder, toy)
    index = assert_sound(folder, toy)
    assert rounds_in(index) == {"41"}
    index.close()
    assert len(built_generations(folder)) == 1


@pytest.mark.parametrize(
    ("point", "after", "embedded"),
    [
        ("write_note", "0", FILES * 8),
        ("write_generation", "0", FILES * 8),
        ("build_collection", "0", 0),  # the killed process had stored its vectors
        ("sync_tree", "0", 0),
        ("swap_pointer", "0", 0),
        ("swap", "1", 0),
    ],
)
def test_a_refresh_killed_at_a_named_point_leaves_an_index_that_answers(
    point: str, after: str, embedded: int, tmp_path: Path
) -> None:
    notes, folder, toy = tmp_path / "notes", tmp_path / "index", Toy()
    write_round(notes, 0)
    refresh_index([notes], folder, toy)
    write_round(notes, 1)
    assert start_driver(notes, folder, point).wait() == -signal.SIGKILL
    index = assert_sound(folder, toy)
    assert rounds_in(index) == {after}
    index.close()

    done = refresh_index([notes], folder, toy)
    assert done.embedded == embedded
    index = assert_sound(folder, toy)
    assert rounds_in(index) == {"1"}
    generation = index.generation
    index.close()
    write_round(notes, 2)
    refresh_index([notes], folder, toy)
    assert generation not in built_generations(folder)
    with sqlite3.connect(folder / "passages.db") as db:
        assert db.execute("SELECT count(DISTINCT generation) FROM members").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM passages").fetchone() == (FILES * 8,)
        assert db.execute("SELECT count(*) FROM vectors").fetchone() == (FILES * 8,)
    db.close()


def test_what_a_killed_process_left_is_removed_before_anything_is_built(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "index"
    refresh_index([notes], folder, Toy())
    (folder / "chroma-7").mkdir()
    write_deck(notes / "more", 60)
    seen: list[set[int]] = []
    real = tutor.index.build_collection

    def build(*arguments: Any) -> None:
        seen.append(built_generations(folder))
        real(*arguments)

    monkeypatch.setattr(tutor.index, "build_collection", build)
    refresh_index([notes], folder, Toy())
    assert seen == [{1}]


def test_the_command_killed_while_it_embeds_leaves_the_old_answer(
    notes: Path, tmp_path: Path, embedding: Embedding
) -> None:
    folder = tmp_path / "index"
    refresh_index([notes], folder, embedding)
    (notes / "new.md").write_text(
        "# Pruning\n\nPruning removes weights that matter little.\n", encoding="utf-8"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "tutor", "--notes", str(notes), "--index-dir", str(folder), "index"],
        stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, cwd=tmp_path,
    )  # fmt: skip
    assert process.stderr is not None
    assert any("Embedding" in line for line in process.stderr)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    index = open_index(folder, embedding)
    best = index.query(embedding.embed_query("What is mode collapse?"), 1)[0][0]
    assert index.passages[best].note == "mode-collapse.md"
    assert "new.md" not in {note.path for note in index.notes}
    index.close()
    assert refresh_index([notes], folder, embedding).added == 1


# -- little changes in much ----------------------------------------------------------------------------------------


@pytest.fixture
def much(tmp_path: Path) -> tuple[Path, Path, Toy]:
    """A note of 300 cards and one of a single fact, and their index."""
    notes, toy = tmp_path / "notes", Toy()
    write_deck(notes, 300)
    (notes / "fact.md").write_text("# Fact\n\nThe fact is 0.\n", encoding="utf-8")
    refresh_index([notes], tmp_path / "index", toy)
    return notes, tmp_path / "index", toy


def refuse(*_: Any) -> None:
    raise AssertionError("the collection was built anew")


def test_one_changed_note_changes_a_copy_of_the_collection(
    much: tuple[Path, Path, Toy], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, folder, toy = much
    monkeypatch.setattr(tutor.index, "build_collection", refuse)
    for number in range(1, 6):
        (notes / "fact.md").write_text(f"# Fact\n\nThe fact is {number}.\n", encoding="utf-8")
        toy.asked.clear()
        done = refresh_index([notes], folder, toy)
        assert (done.updated, done.unchanged, done.embedded, done.passages) == (1, 1, 1, 301)
        assert toy.asked == [f"Fact\nThe fact is {number}."]
    index = open_index(folder, toy)
    assert answers(index, toy)
    assert [p.text.words for p in index.passages if p.note == "fact.md"] == ["The fact is 5."]
    old = index.query(toy.vector("Fact\nThe fact is 4."), 1)[0]
    assert old[1] < 0.9
    index.close()


def test_after_many_changes_the_collection_is_built_anew(
    much: tuple[Path, Path, Toy], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, folder, toy = much
    built: list[Path] = []
    real = tutor.index.build_collection
    monkeypatch.setattr(
        tutor.index, "build_collection", lambda path, *more: (built.append(path), real(path, *more))
    )
    for number in range(1, 36):
        (notes / "fact.md").write_text(f"# Fact\n\nThe fact is {number}.\n", encoding="utf-8")
        refresh_index([notes], folder, toy)
    assert [path.name for path in built] == ["chroma-32"]  # two vectors change each time, 60 of 301 may
    index = open_index(folder, toy)
    assert answers(index, toy)
    index.close()


def test_a_damaged_collection_is_not_copied(much: tuple[Path, Path, Toy]) -> None:
    notes, folder, toy = much
    zeroed(next(folder.glob("chroma-1/chroma.sqlite3")))
    (notes / "fact.md").write_text("# Fact\n\nThe fact is 1.\n", encoding="utf-8")
    assert refresh_index([notes], folder, toy).embedded == 1
    index = open_index(folder, toy)
    assert answers(index, toy)
    index.close()


def test_the_old_collection_can_be_asked_while_its_copy_is_changed(much: tuple[Path, Path, Toy]) -> None:
    notes, folder, toy = much
    old = open_index(folder, toy)
    (notes / "fact.md").write_text("# Fact\n\nThe fact is 1.\n", encoding="utf-8")
    refresh_index([notes], folder, toy)
    assert answers(old, toy) and old.query(toy.vector("Fact\nThe fact is 0."), 1)[0][1] > 0.999
    old.close()


@pytest.mark.parametrize("point", ["_copy_closed", "_require_whole", "_seal"])
def test_a_change_killed_at_a_named_point_leaves_an_index_that_answers(
    point: str, much: tuple[Path, Path, Toy]
) -> None:
    notes, folder, toy = much
    (notes / "fact.md").write_text("# Fact\n\nThe fact is 1.\n", encoding="utf-8")
    assert start_driver(notes, folder, f"collection.{point}").wait() == -signal.SIGKILL
    index = open_index(folder, toy)
    assert answers(index, toy) and index.query(toy.vector("Fact\nThe fact is 0."), 1)[0][1] > 0.999
    index.close()
    assert refresh_index([notes], folder, toy).updated == 1


def test_passages_of_equal_content_are_all_found_by_one_vector(tmp_path: Path) -> None:
    notes, toy = tmp_path / "notes", Toy()
    notes.mkdir()
    for name in ("one.md", "two.md", "three.md"):
        (notes / name).write_text("# Twins\n\nTwins are alike.\n", encoding="utf-8")
    (notes / "other.md").write_text("# Other\n\nOthers differ.\n", encoding="utf-8")
    assert refresh_index([notes], tmp_path / "index", toy).embedded == 2
    index = open_index(tmp_path / "index", toy)
    found = index.query(toy.vector("Twins\nTwins are alike."), 1)
    assert sorted(index.passages[row].note for row, _ in found) == ["one.md", "three.md", "two.md"]
    index.close()


# -- damage --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A library whose vectors Chroma has flushed to its own files, and its index."""
    place = tmp_path_factory.mktemp("large")
    write_deck(place / "notes", 1040)
    refresh_index([place / "notes"], place / "index", Toy())
    return place / "notes", place / "index"


def zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("link_lists.bin", zeroed),  # read by Chroma, this ends the process
        ("data_level0.bin", halved),
        ("index_metadata.pickle", Path.unlink),
        ("chroma.sqlite3", halved),
        ("sealed.json", Path.unlink),
    ],
)
def test_a_damaged_collection_is_noticed_and_rebuilt_without_embedding(
    name: str, damage: Callable[[Path], None], large: tuple[Path, Path], tmp_path: Path
) -> None:
    notes, folder = large[0], tmp_path / "index"
    shutil.copytree(large[1], folder)
    [path] = folder.glob(f"chroma-1/**/{name}")
    damage(path)
    with pytest.raises(StoreError, match="tutor index"):
        open_index(folder)
    toy = Toy()
    done = refresh_index([notes], folder, toy)
    assert (done.unchanged, done.embedded, toy.asked) == (1, 0, [])
    index = open_index(folder, toy)
    assert answers(index, toy)
    index.close()


def test_an_untouched_collection_opens_again_and_again(large: tuple[Path, Path]) -> None:
    for _ in range(3):
        index = open_index(large[1])
        assert answers(index, Toy())
        index.close()


def test_vectors_that_are_not_those_stored_are_noticed(notes: Path, tmp_path: Path) -> None:
    refresh_index([notes], tmp_path / "index", Toy())
    index = open_index(tmp_path / "index")
    content = index.content_hashes[0]
    index.close()
    with pytest.raises(StoreError, match="does not find its own passages"):
        open_collection(tmp_path / "index" / "chroma-1", {content: Toy().vector("another").tobytes()})


@pytest.mark.parametrize("name", ["chroma-1", "current.json", "passages.db"])
def test_a_missing_part_is_made_again(name: str, notes: Path, tmp_path: Path) -> None:
    folder, toy = tmp_path / "index", Toy()
    first = refresh_index([notes], folder, toy)
    shutil.rmtree(folder / name) if name == "chroma-1" else (folder / name).unlink()
    with pytest.raises(StoreError, match="tutor index"):
        open_index(folder)
    done = refresh_index([notes], folder, toy)
    assert done.embedded == (first.embedded if name == "passages.db" else 0)
    index = open_index(folder, toy)
    assert answers(index, toy)
    index.close()


@pytest.mark.parametrize("content", [b"", b"not a database" * 500, b'{"generation": 1}'])
def test_a_damaged_file_of_ours_is_made_again(content: bytes, notes: Path, tmp_path: Path) -> None:
    for name in ("passages.db", "current.json"):
        folder, toy = tmp_path / name, Toy()
        refresh_index([notes], folder, toy)
        (folder / name).write_bytes(content)
        with pytest.raises(StoreError, match="tutor index"):
            open_index(folder)
        refresh_index([notes], folder, toy)
        index = open_index(folder, toy)
        assert len(index.notes) == 3
        assert answers(index, toy)
        index.close()


def test_a_stored_note_that_cannot_be_read_back_is_read_anew(notes: Path, tmp_path: Path) -> None:
    refresh_index([notes], tmp_path / "index", Toy())
    with sqlite3.connect(tmp_path / "index" / "passages.db") as db:
        db.execute("UPDATE notes SET note = '{}' WHERE path = 'gan.md'")
    db.close()
    with pytest.raises(StoreError, match="damaged"):
        open_index(tmp_path / "index")
    assert refresh_index([notes], tmp_path / "index", Toy()).embedded == 0
    open_index(tmp_path / "index").close()


# -- several at once -----------------------------------------------------------------------------------------------


class Slow(Toy):
    """Embeds only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go_on = threading.Event(), threading.Event()

    def embed_texts(self, texts: Sequence[str], on_progress: Any = None) -> Any:
        self.began.set()
        assert self.go_on.wait(60)
        return super().embed_texts(texts)


@contextmanager
def slow_refresh(notes: Path, folder: Path) -> Iterator[Slow]:
    """A refresh in another thread that holds the lock until it is told to go on."""
    slow = Slow()
    thread = threading.Thread(target=refresh_index, args=([notes], folder, slow))
    thread.start()
    assert slow.began.wait(60)
    try:
        yield slow
    finally:
        slow.go_on.set()
        thread.join()


def test_a_second_refresh_waits_for_the_first_and_finds_nothing_to_do(notes: Path, tmp_path: Path) -> None:
    stages: list[str] = []
    with slow_refresh(notes, tmp_path / "index") as slow:

        def report(stage: str, done: int, total: int) -> None:
            stages.append(stage)
            slow.go_on.set()

        toy = Toy()
        done = refresh_index(
            [notes], tmp_path / "index", toy, on_progress=report, wait=False
        )  # no index to go on with
    assert stages == ["Waiting for another refresh of this index"]
    assert (done.unchanged, done.embedded, toy.asked) == (3, 0, [])
    assert read_pointer(tmp_path / "index")[0] == 1


def test_who_does_not_wait_goes_on_with_the_last_good_index(notes: Path, tmp_path: Path) -> None:
    folder, toy = tmp_path / "index", Toy()
    refresh_index([notes], folder, toy)
    (notes / "new.md").write_text("# New\n\nA new fact stands here.\n", encoding="utf-8")
    with slow_refresh(notes, folder):
        with pytest.raises(StoreError, match="Another program is refreshing this index"):
            refresh_index([notes], folder, toy, wait=False)
        index = open_index(folder, toy)
        assert len(index.notes) == 3
        assert answers(index, toy)
        index.close()
    assert refresh_index([notes], folder, toy, wait=False).unchanged == 4


def test_who_has_nothing_to_refresh_takes_no_lock(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "index"
    refresh_index([notes], folder, Toy())

    def building(*_: Any) -> Any:
        raise AssertionError("the lock was asked for")

    monkeypatch.setattr(tutor.index, "building", building)
    assert refresh_index([notes], folder, Toy(), wait=False).unchanged == 3


def test_a_reader_keeps_its_generation_through_a_refresh(notes: Path, tmp_path: Path) -> None:
    folder, toy = tmp_path / "index", Toy()
    refresh_index([notes], folder, toy)
    reader = open_index(folder, toy)
    (notes / "gan.md").unlink()
    refresh_index([notes], folder, toy)
    assert built_generations(folder) == {1, 2}
    assert len(reader.notes) == 3
    assert answers(reader, toy)
    newer = open_index(folder, toy)
    assert len(newer.notes) == 2
    newer.close()
    reader.close()
    (notes / "deck.md").unlink()
    refresh_index([notes], folder, toy)
    assert built_generations(folder) == {3}
    with sqlite3.connect(folder / "passages.db") as db:
        assert db.execute("SELECT DISTINCT generation FROM members").fetchall() == [(3,)]
    db.close()
    assert [path.name for path in folder.glob("reader-*.lock")] in ([], ["reader-3.lock"])


def test_a_generation_swapped_away_while_it_is_being_opened_is_not_held(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "index"
    refresh_index([notes], folder, Toy())
    fingerprint = read_pointer(folder)[1]
    real, calls = tutor.generations.fcntl.flock, []

    def flock(file: Any, how: int) -> None:
        if not calls:
            swap_pointer(folder, 2, fingerprint)
        calls.append(how)
        real(file, how)

    monkeypatch.setattr(tutor.generations.fcntl, "flock", flock)
    generation, _, lock = hold_current(folder)
    lock.close()
    assert (generation, len(calls)) == (2, 2)


# -- a disk that does not take it ----------------------------------------------------------------------------------


def fails_with(error: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


@pytest.fixture
def grown(notes: Path, tmp_path: Path) -> tuple[Path, Path, Toy]:
    """An index, and notes with news that make a refresh write."""
    toy = Toy()
    refresh_index([notes], tmp_path / "index", toy)
    write_deck(notes / "more", 300)
    return notes, tmp_path / "index", toy


def assert_last_good(folder: Path, toy: Toy) -> None:
    index = open_index(folder, toy)
    assert (index.generation, len(index.notes)) == (1, 3)
    assert answers(index, toy)
    index.close()
    assert built_generations(folder) == {1}


@pytest.mark.parametrize(
    ("point", "code", "says"),
    [
        ("embed_missing", errno.EACCES, "--index-dir"),
        ("write_generation", errno.ENOSPC, "disk is full"),
        ("build_collection", errno.ENOSPC, "Free some space"),
        ("sync_tree", errno.EROFS, "cannot be written"),
        ("swap_pointer", errno.ENOSPC, "last good index stays in use"),
    ],
)
def test_a_disk_that_fails_leaves_the_last_good_index(
    point: str, code: int, says: str, grown: tuple[Path, Path, Toy], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, folder, toy = grown
    with monkeypatch.context() as patch:
        patch.setattr(tutor.index, point, fails_with(OSError(code, os.strerror(code))))
        with pytest.raises(StoreError, match=says):
            refresh_index([notes], folder, toy)
    assert_last_good(folder, toy)
    assert refresh_index([notes], folder, toy).notes == 4


def test_a_full_database_leaves_the_last_good_index(
    grown: tuple[Path, Path, Toy], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, folder, toy = grown
    real = tutor.index.open_database

    @contextmanager
    def full(folder: Path, *, make: bool) -> Iterator[sqlite3.Connection]:
        with real(folder, make=make) as db:
            pages = db.execute("PRAGMA page_count").fetchone()[0]
            db.execute(f"PRAGMA max_page_count = {pages + 2}")
            yield db

    with monkeypatch.context() as patch:
        patch.setattr(tutor.index, "open_database", full)
        with pytest.raises(StoreError, match=r"The disk is full.*last good index stays in use"):
            refresh_index([notes], folder, toy)
    assert_last_good(folder, toy)
    assert refresh_index([notes], folder, toy).notes == 4


def test_a_limit_on_the_size_of_files_leaves_the_last_good_index(grown: tuple[Path, Path, Toy]) -> None:
    notes, folder, toy = grown
    process = start_driver(notes, folder, "limit")
    out, told = process.communicate()
    assert process.returncode == 1, told
    assert "StoreError" in out
    assert "free space" in out or "Free some space" in out
    assert_last_good(folder, toy)
    assert refresh_index([notes], folder, toy).notes == 4


def test_a_folder_that_cannot_be_made_or_locked_is_named(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/index cannot be written.*--index-dir"):
        refresh_index([notes], tmp_path / "file" / "index", Toy())
    with pytest.raises(StoreError, match=r"There is no index.*tutor index"):
        open_index(tmp_path / "none")
    refresh_index([notes], tmp_path / "index", Toy())
    monkeypatch.setattr(tutor.generations, "_lock_file", lambda folder, number: folder / "gone" / "lock")
    with pytest.raises(StoreError, match=r"cannot be written.*--index-dir"):
        open_index(tmp_path / "index")


def test_a_pointer_that_cannot_be_read_is_not_taken_for_a_missing_one(tmp_path: Path) -> None:
    assert current_generation(tmp_path) is None
    (tmp_path / "current.json").write_text("{", encoding="utf-8")
    assert current_generation(tmp_path) is None
    (tmp_path / "current.json").unlink()
    (tmp_path / "current.json").mkdir()
    with pytest.raises(IsADirectoryError):
        current_generation(tmp_path)


def test_what_cannot_be_cleared_away_does_not_fail_a_good_refresh(
    grown: tuple[Path, Path, Toy], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, folder, toy = grown
    monkeypatch.setattr(tutor.index, "drop_unused", fails_with(sqlite3.OperationalError("disk I/O error")))
    assert refresh_index([notes], folder, toy).notes == 4
    index = open_index(folder, toy)
    assert (index.generation, len(index.notes)) == (2, 4)
    index.close()


# -- the process that is killed ------------------------------------------------------------------------------------


def drive(notes: Path, folder: Path, die_at: str) -> None:
    """Refreshes; dies at a named point, or works under a limit on the size of files."""

    def die(*_: Any, **__: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    if die_at == "swap":
        real = tutor.index.swap_pointer
        tutor.index.swap_pointer = lambda *args: (real(*args), die())  # type: ignore[assignment,func-returns-value]
    elif die_at == "limit":
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
    elif die_at.startswith("collection."):
        setattr(tutor.collection, die_at.removeprefix("collection."), die)
    elif die_at:
        setattr(tutor.index, die_at, die)
    __import__("chromadb")
    print("ready", flush=True)
    try:
        refresh_index([notes], folder, Toy())
    except StoreError as error:
        print(f"StoreError: {error}", flush=True)
        raise SystemExit(1) from error


if __name__ == "__main__":
    drive(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
