"""The bundled notes: whole, linked, and true where a program can tell; their code runs, their numbers come out."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tutor.notes import Note, read_library
from tutor.words import content_words

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
CONCEPTS = sorted(
    path for path in CORPUS.glob("*/*.md") if path.parent.name not in ("cards", "guides", "zh", "notebooks")
)
SECTIONS = (
    "Intuition",
    "Analogy",
    "The mathematics",
    "In PyTorch",
    "A worked number",
    "Common misconceptions",
    "In short",
    "References",
)
FENCE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def library() -> dict[str, Note]:
    read = read_library([CORPUS])
    assert not read.skipped
    return {note.path: note for note in read.notes}


def section(path: Path, heading: str) -> str:
    """The words under a heading of the second level."""
    text = path.read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    return found.group(1) if found else ""


def run_fence(code: str) -> None:
    """Runs one program of a note by itself."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, "a note's code", "exec"), names)


def test_the_corpus_has_what_a_course_needs(library: dict[str, Note]) -> None:
    assert len(CONCEPTS) >= 45
    assert sum(len(note.cards) for note in library.values()) >= 400
    guides = [note for path, note in library.items() if path.startswith("guides/")]
    assert len(guides) >= 6 and all(len(note.quiz) >= 10 for note in guides)
    chinese = [note for note in library.values() if re.search(r"[\u4e00-\u9fff]{2}", note.title)]
    assert len(chinese) >= 2
    assert any(note.format == "notebook" for note in library.values())


@pytest.mark.parametrize("path", CONCEPTS, ids=lambda path: path.stem)
def test_a_concept_note_has_every_part(path: Path, library: dict[str, Note]) -> None:
    note = library[path.relative_to(CORPUS).as_posix()]
    headings = [block.heading[0] for block in note.blocks if block.heading]
    assert [name for name in SECTIONS if name in headings] == list(SECTIONS)
    assert not note.blocks[0].heading  # the definition stands before any heading
    assert note.analogies and "Where it breaks:" in section(path, "Analogy")
    assert "$" in section(path, "The mathematics")
    entries = re.findall(
        r"^- \*\*[\"“].+?[\"”]\*\* \S.{40,}", section(path, "Common misconceptions"), re.MULTILINE
    )
    assert len(entries) >= 3
    assert len(re.findall(r"^- ", section(path, "References"), re.MULTILINE)) >= 1
    assert note.related or note.prerequisites


def test_each_link_leads_to_a_note() -> None:
    names = {path.stem for path in CONCEPTS}
    links = {
        (path.stem, name)
        for path in CONCEPTS
        for line in re.findall(
            r"^(?:prerequisites|related): \[(.*?)\]$", path.read_text(encoding="utf-8"), re.M
        )
        for name in filter(None, map(str.strip, line.split(",")))
    }
    assert not [(note, name) for note, name in links if name not in names or name == note]


@pytest.mark.parametrize("path", CONCEPTS, ids=lambda path: path.stem)
def test_the_programs_of_a_note_run(path: Path) -> None:
    assert "torch" in section(path, "In PyTorch") or "sklearn" in section(path, "In PyTorch")
    programs = FENCE.findall(path.read_text(encoding="utf-8"))
    assert len(programs) >= 2
    for code in programs:
        run_fence(code)


@pytest.mark.parametrize("path", CONCEPTS, ids=lambda path: path.stem)
def test_the_worked_number_of_a_note_is_recomputed(path: Path) -> None:
    worked = section(path, "A worked number")
    [code] = FENCE.findall(worked)
    assert "assert" in code
    said = re.findall(r"\d+\.\d{2,}", FENCE.sub("", worked).replace(r"\,", "").replace("{,}", ""))
    known = [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
    values = [float(value) for value in known if isinstance(value, int | float)]
    # A result that the prose states is asserted by the program, or the program proves something else.
    shown = [number for number in said if any(abs(float(number) - v) <= 0.51 * unit(number) for v in values)]
    assert not said or shown
    run_fence(code)


def unit(number: str) -> float:
    """The value of a number's last digit."""
    return float(10 ** -len(number.partition(".")[2]))


def test_the_programs_of_the_cards_and_guides_run(library: dict[str, Note]) -> None:
    for path, note in library.items():
        if path.startswith("cards/"):
            for card in note.cards:
                for code in FENCE.findall(card.answer.words + "\n"):
                    run_fence(code)


def test_no_two_cards_ask_the_same(library: dict[str, Note]) -> None:
    asked = [
        (note.path, card.question.words, frozenset(content_words(card.question.words)))
        for note in library.values()
        for card in note.cards
    ]
    assert len({question.lower() for _, question, _ in asked}) == len(asked)
    same = [(a[1], b[1]) for a, b in combinations(asked, 2) if a[2] == b[2] and len(a[2]) > 3]
    assert len(same) <= 6, same  # siblings such as "D(x) = 0.8 and 0.3" differ in their numbers' order alone


def test_the_cells_of_the_notebook_run_in_order() -> None:
    [path] = CORPUS.glob("notebooks/*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert code.rstrip().splitlines()[-1].lstrip().startswith(("assert", "print"))
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_no_sentence_of_the_notes_is_struck_without_its_correction(library: dict[str, Note]) -> None:
    for note in library.values():
        for struck in note.retractions:
            block = next(b for b in note.blocks if struck.words in b.text.words)
            after = block.text.words.split(struck.words, 1)[1]
            assert len(after.strip("~ \n")) > 10, struck.words
