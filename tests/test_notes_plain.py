"""The reader of plain text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutor.evaluation.measures import citation_holds
from tutor.notes import Note, read_note
from tutor.notes.plain import read_plain


def read(text: str) -> Note:
    return read_plain(text, "my-notes.txt")


def blocks(text: str) -> list[tuple[str, tuple[str, ...], str]]:
    return [(block.kind, block.heading, block.text.words) for block in read(text).blocks]


def test_blank_lines_part_paragraphs_and_lines_are_known() -> None:
    note = read("One here.\nTwo is\n  longer.\n\n\nThree.\n")
    assert [block.text.words for block in note.blocks] == ["One here. Two is longer.", "Three."]
    assert note.blocks[0].text.starts == ((0, 1), (10, 2), (17, 3))
    assert note.blocks[1].text.lines == (6, 6)
    assert note.title == "my notes"


def test_an_indented_paragraph_is_no_code() -> None:
    assert blocks("Words.\n\n    Indented words\n    go on.\n\n\tA tab.") == [
        ("prose", (), "Words."),
        ("prose", (), "Indented words go on."),
        ("prose", (), "A tab."),
    ]


def test_signs_of_markdown_are_signs() -> None:
    text = "x = 2 * 3 * 4 and a_b_c, see [1] & <b> for \\n, `so` &amp; so."
    assert blocks(text) == [("prose", (), text)]


def test_lists_are_read_with_the_marks_of_their_author() -> None:
    text = "Parts:\n1) one\n   goes on\n2) two\n(3) three\na) four\n• five\n- six\n\n10. ten\n11. eleven"
    assert blocks(text) == [
        ("prose", (), "Parts:"),
        ("list", (), "1) one goes on\n2) two\n(3) three\na) four\n- five\n- six"),
        ("list", (), "10. ten\n11. eleven"),
    ]


def test_a_number_at_the_beginning_of_a_line_begins_no_list() -> None:
    assert blocks("The loss falls below\n3. The rest is known.") == [
        ("prose", (), "The loss falls below 3. The rest is known.")
    ]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Mode collapse\n-------------", "Mode collapse"),
        ("Mode collapse\n~~~~~~~~~~~~~", "Mode collapse"),
        ("MODE COLLAPSE", "MODE COLLAPSE"),
        ("MODE COLLAPSE:", "MODE COLLAPSE"),
        ("2. Mode collapse", "2. Mode collapse"),
        ("IV. Mode collapse", "IV. Mode collapse"),
        ("2.1 Mode collapse", "2.1 Mode collapse"),
        ("Chapter 3: Modes", "Chapter 3: Modes"),
        ("第三章 模式崩溃", "第三章 模式崩溃"),
        ("二、模式崩溃", "二、模式崩溃"),
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_headings_are_recognised(heading: str, name: str, gap: str) -> None:
    text = f"Before.\n\n{heading}{gap}The words."
    assert blocks(text) == [("prose", (), "Before."), ("prose", (name,), "The words.")]


@pytest.mark.parametrize(
    "line",
    [
        "A GAN is a game.",
        "GAN = G + D",
        "2. It is a long item that goes on and on until nobody would take it for a heading any more",
        "1) one",
        "IT IS SO.",
        "3 apples",
        "-----",
        "* * *",
    ],
)
def test_other_lines_are_no_headings(line: str) -> None:
    assert all(path == () for _, path, _ in blocks(f"Before.\n\n{line}\n\nThe words."))


def test_numbered_lines_one_after_another_are_a_list() -> None:
    assert blocks("Buy:\n\n1. Milk\n\n2. Bread\n\n3. Eggs\n\nDone.") == [
        ("prose", (), "Buy:"),
        *[("list", (), item) for item in ("1. Milk", "2. Bread", "3. Eggs")],
        ("prose", (), "Done."),
    ]


def test_headings_stand_above_those_of_lower_level() -> None:
    text = "Top\n===\n\nA.\n\n1. One\n\nB.\n\n1.1 Deep\n\nC.\n\n2. Two\n\nD.\n\nNext\n====\n\nE."
    assert [path for _, path, _ in blocks(text)] == [
        (),
        ("1. One",),
        ("1. One", "1.1 Deep"),
        ("2. Two",),
        ("Next",),
    ]
    assert read(text).title == "Top"


def test_a_line_of_dashes_is_a_rule() -> None:
    assert [words for _, _, words in blocks("A long\nparagraph.\n-----\nAnother.\n* * *\nThird.")] == [
        "A long paragraph.",
        "Another.",
        "Third.",
    ]


def test_analogies_and_retractions_are_known_in_plain_text_too() -> None:
    note = read(
        "ANALOGY\n\nWords.\n\nANALOGY\n\nA box of toys.\n\nLOSS\n\nAnalogy: a map.\n\n~~Wrong.~~ Right."
    )
    assert [block.kind for block in note.blocks] == ["prose", "analogy", "analogy", "prose"]
    assert [struck.words for struck in note.retractions] == ["~~Wrong.~~"]


def test_a_text_file_is_read_as_plain_text_and_its_citations_hold(tmp_path: Path) -> None:
    path = tmp_path / "n.txt"
    path.write_text("LOSS\n\n    The loss\x0c falls\n    slowly.\n\n1) one\n2) two\n", encoding="utf-8")
    note = read_note(path, tmp_path)
    assert note.format == "text"
    assert [block.text.words for block in note.blocks] == ["The loss falls slowly.", "1) one\n2) two"]
    for block in note.blocks:
        cited = {"note": "n.txt", "lines": list(block.text.lines), "quote": block.text.words}
        assert citation_holds(cited, [tmp_path])
