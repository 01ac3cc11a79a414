"""The reader of Jupyter notebooks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tutor.errors import NotesError
from tutor.evaluation.measures import citation_holds
from tutor.notes import Note, Text, file_lines, read_note


def markdown(*lines: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": list(lines)}


def code(*lines: str, **more: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "outputs": [],
        "source": list(lines),
        **more,
    }


def book(*cells: Any, **more: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}


CELLS = (
    markdown(
        "# GANs\n",
        "\n",
        "A **GAN** has two\n",
        'networks \\"G\\" & $D$. ~~It has three.~~\n',
        "- one\n",
        "- two",
    ),
    code("import torch\n", "\n", 'x = "a\\n"  # 生成'),
    markdown("## Loss\n", "\n", 'The loss is a "game".'),
    code(
        "y = 1\n",
        "```\n",
        "z",
        outputs=[{"output_type": "stream", "name": "stdout", "text": ["printed words\n"]}],
    ),
    markdown("The value falls.\n", "![p](attachment:a.png)"),
)


def written(folder: Path, value: Any, indent: int | None = 1, name: str = "n.ipynb") -> Path:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=indent), encoding="utf-8")
    return path


def read(folder: Path, value: Any, indent: int | None = 1) -> Note:
    return read_note(written(folder, value, indent), folder)


def texts(note: Note) -> list[Text]:
    return [block.text for block in note.blocks]


def test_cells_are_read_as_one_document(tmp_path: Path) -> None:
    note = read(tmp_path, book(*CELLS))
    assert (note.format, note.title) == ("notebook", "GANs")
    assert [(block.kind, block.heading, block.text.words) for block in note.blocks] == [
        ("prose", (), 'A GAN has two networks \\"G\\" & $D$. ~~It has three.~~'.replace("\\", "")),
        ("list", (), "- one\n- two"),
        ("code", (), 'import torch\n\nx = "a\\n"  # 生成'),
        ("prose", ("Loss",), 'The loss is a "game".'),
        ("code", ("Loss",), "y = 1\n```\nz"),
        ("prose", ("Loss",), "The value falls."),
    ]
    assert [struck.words for struck in note.retractions] == ["~~It has three.~~"]


@pytest.mark.parametrize("indent", [1, 4, None])
@pytest.mark.parametrize("as_one_string", [False, True])
def test_every_line_is_found_in_the_file(tmp_path: Path, indent: int | None, as_one_string: bool) -> None:
    cells: list[dict[str, Any]] = [dict(cell) for cell in CELLS]
    if as_one_string:
        cells = [{**cell, "source": "".join(cell["source"])} for cell in cells]
    path = written(tmp_path, book(*cells), indent)
    raw, shown = path.read_text().split("\n"), file_lines(path, tmp_path)
    assert len(raw) == len(shown)
    for text in texts(read_note(path, tmp_path)):
        assert len({line for _, line in text.starts}) == len(text.starts)
        for word in re.finditer(r"[A-Za-z]+", text.words):
            first, last = text.lines_of(*word.span())
            assert word[0] in "\n".join(shown[first - 1 : last])
            assert word[0] in "\n".join(raw[first - 1 : last])
    assert not any("printed" in line or "cell_type" in line for line in shown)


def test_a_line_of_the_author_has_a_line_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, book(*CELLS))
    text = texts(read_note(path, tmp_path))[0]
    first, last = text.lines_of(text.words.index("has"), text.words.index("has") + 16)
    raw = path.read_text().split("\n")
    assert last == first + 1
    assert "has two" in raw[first - 1]
    assert "networks" in raw[last - 1]


@pytest.mark.parametrize("indent", [1, None])
def test_citations_hold_and_wrong_ones_do_not(tmp_path: Path, indent: int | None) -> None:
    path = written(tmp_path, book(*CELLS), indent)
    for text in texts(read_note(path, tmp_path)):
        cited = {"note": path.name, "lines": list(text.lines), "quote": text.words}
        assert citation_holds(cited, [tmp_path])
        assert not citation_holds({**cited, "quote": "A GAN has four networks."}, [tmp_path])
        if indent:
            assert not citation_holds({**cited, "lines": [1, 2]}, [tmp_path])


def test_a_notebook_of_format_3_is_read(tmp_path: Path) -> None:
    sheet = {
        "cells": [
            {"cell_type": "heading", "level": 2, "source": ["Loss"]},
            {"cell_type": "markdown", "source": "Words."},
            {"cell_type": "code", "input": ["x = 1"], "language": "python"},
        ]
    }
    note = read(tmp_path, {"worksheets": [sheet], "nbformat": 3, "nbformat_minor": 0})
    assert [(block.heading, block.text.words) for block in note.blocks] == [
        (("Loss",), "Words."),
        (("Loss",), "x = 1"),
    ]


def test_a_forgotten_line_break_parts_lines_all_the_same(tmp_path: Path) -> None:
    note = read(tmp_path, book(markdown("# Title", "One line.", "Another line.")))
    assert texts(note)[0].words == "One line. Another line."
    assert len(texts(note)[0].starts) == 2


def test_a_notebook_is_recognised_whatever_its_ending(tmp_path: Path) -> None:
    path = written(tmp_path, book(markdown("Words.")), name="n.txt")
    assert read_note(path, tmp_path).format == "notebook"


def test_an_unclosed_fence_ends_with_its_cell(tmp_path: Path) -> None:
    note = read(tmp_path, book(markdown("```\n", "code"), markdown("Words.")))
    assert [block.kind for block in note.blocks] == ["code", "prose"]


def test_odd_cells_spoil_no_others(tmp_path: Path) -> None:
    odd = [
        None,
        1,
        "words",
        [],
        {},
        {"cell_type": 5, "source": "x"},
        {"cell_type": "markdown"},
        markdown(5, {}, None),
    ]
    note = read(
        tmp_path, book(*odd, {"cell_type": "raw", "source": "raw"}, markdown("Words \ud800 and \x00."))
    )
    assert [text.words for text in texts(note)] == ["Words \ufffd and \ufffd."]


def test_huge_numbers_nan_and_outputs_are_passed_over(tmp_path: Path) -> None:
    output = {"output_type": "display_data", "data": {"image/png": "A" * 3_000_000}}
    value = json.dumps(book(markdown("Words."), code("x", outputs=[output], execution_count=float("nan"))))
    value = value.replace('"nbformat_minor": 5', '"nbformat_minor": ' + "9" * 1_000_000)
    assert [text.words for text in texts(read(tmp_path, value))] == ["Words.", "x"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("{", "JSON, line 1"),
        ('{\n"nbformat": 4, "cells": [\n{"cell_type": "mark', "JSON, line 3"),
        ('{"a": 1}', "format None"),
        ("{" + '\\"' * 300_000, "JSON"),
        (book(nbformat=2), "format 2"),
        (book(nbformat=99), "format 99"),
        (book(nbformat="4"), "format"),
        ({"cells": {"a": 1}, "nbformat": 4}, "without a list of cells"),
        (book(), "no words"),
        ('{"nbformat": 4, "cells": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
    ],
)
def test_a_broken_notebook_is_refused_with_its_reason(tmp_path: Path, value: Any, reason: str) -> None:
    with pytest.raises(NotesError, match=re.escape(reason)):
        read(tmp_path, value)
