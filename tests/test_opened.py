"""The notes in use: what counts as a change."""

from __future__ import annotations

import os
from pathlib import Path

from tutor.opened import signature


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
