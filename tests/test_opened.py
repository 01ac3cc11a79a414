"""The notes in use: what counts as a change."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tutor.libraries import NotesLibrary
from tutor.opened import NotesInUse, signature


def test_a_signature_changes_with_every_change_of_a_note(notes: Path) -> None:
    seen = [signature([notes])]

    def is_new() -> bool:
        seen.append(signature([notes]))
        return seen[-1] not in seen[:-1]

    (notes / "deep").mkdir()
    (notes / "deep" / "new.md").write_text("one")
    assert is_new()
    (notes / "deep" / "new.md").write_text("more")
    assert is_new()
    os.utime(notes / "gan.md", ns=(1, 1))
    assert is_new()
    (notes / "deck.md").rename(notes / "cards.md")
    assert is_new()
    (notes / "gan.md").unlink()
    assert is_new()
    (notes / "link.md").symlink_to(notes / "nowhere")
    assert is_new()
    notes.rename(notes.with_name("elsewhere"))
    assert is_new()


def test_hidden_files_and_looking_again_change_nothing(notes: Path) -> None:
    before = signature([notes])
    (notes / ".git").mkdir()
    (notes / ".git" / "index").write_text("x")
    (notes / ".note.md.swp").write_text("x")
    assert signature([notes]) == before


def test_a_link_that_leads_to_its_own_folder_is_not_followed(notes: Path) -> None:
    (notes / "loop").symlink_to(notes)
    assert len(signature([notes]).files) == 4


def test_a_signature_is_settled_when_the_last_change_is_a_while_ago(notes: Path) -> None:
    for path in notes.iterdir():
        os.utime(path, (1000.0, 1000.0))
    assert signature([notes]).settled(now=1010.0)
    assert not signature([notes]).settled(now=1001.0)
    assert signature([notes]).settled(now=10.0)  # a clock that runs ahead does not unsettle for ever


def in_use(notes: Path, index: Path, make: Any, embedding: Any) -> tuple[NotesInUse, NotesLibrary]:
    return NotesInUse(make, embedding, 220), NotesLibrary("mine", "Mine", (notes,), index)


def made(read: Any) -> Any:
    return SimpleNamespace(read=read)


def test_a_change_that_could_not_be_put_in_place_is_tried_again(
    notes: Path, tmp_path: Path, embedding: Any
) -> None:
    fails = [False]

    def make(read: Any) -> Any:
        if fails.pop():
            raise MemoryError
        fails.append(False)
        return made(read)

    kept, library = in_use(notes, tmp_path / "index", make, embedding)
    kept.open(library, wait=True)
    (notes / "new.md").write_text("# New\n\nNew words stand here.\n", encoding="utf-8")
    fails[:] = [True]
    with pytest.raises(MemoryError):
        kept.refresh(library)
    fails[:] = [False]
    assert kept.changed(library) and kept.refresh(library) == ""
    assert "new.md" in {note.path for note in kept.now.read.index.notes}
    kept.close()


def test_a_folder_that_is_gone_for_a_while_does_not_cost_the_index(
    notes: Path, tmp_path: Path, embedding: Any
) -> None:
    kept, library = in_use(notes, tmp_path / "index", made, embedding)
    kept.open(library, wait=True)
    notes.rename(notes.with_name("unplugged"))
    assert kept.refresh(library) == "" and kept.now.read.index.notes == []
    assert (tmp_path / "index" / "current.json").exists()
    notes.with_name("unplugged").rename(notes)
    assert kept.refresh(library) == "" and len(kept.now.read.index.notes) == 3
    kept.close()


def test_who_still_reads_the_notes_reads_on_after_they_were_closed(
    notes: Path, tmp_path: Path, embedding: Any
) -> None:
    kept, library = in_use(notes, tmp_path / "index", made, embedding)
    kept.open(library, wait=True)
    closed: list[int] = []
    index, close = kept.now.read.index, kept.now.read.index.close
    index.close = lambda: (closed.append(1), close())  # type: ignore[assignment, method-assign, func-returns-value]
    vector = embedding.embed_texts(["mode collapse"])[0]
    with kept.hold() as first:
        with kept.hold():
            kept.close()
            assert first.read.index.query(vector, 1)
        assert first.read.index.query(vector, 1) and not closed
    assert closed == [1]


def test_notes_that_nobody_reads_are_closed_at_once(notes: Path, tmp_path: Path, embedding: Any) -> None:
    kept, library = in_use(notes, tmp_path / "index", made, embedding)
    kept.open(library, wait=True)
    closed: list[int] = []
    kept.now.read.index.close = lambda: closed.append(1)  # type: ignore[method-assign]
    kept.close()
    assert closed == [1]
