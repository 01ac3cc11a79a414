"""The house keeps its order: read from the README, checked against the imports on disk."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tutor"
OWNERS: dict[str, str | tuple[str, ...]] = {
    "sentence_transformers": "embedding",
    "chromadb": "collection",
    "llguidance": "models",
    "genanki": "quiz",
    "transformers": ("models", "training"),
    "peft": "training",
    "langgraph": "graph",
    "gradio": "ui",
    "sqlalchemy": ("record_tables", "learner"),
    "fsrs": "quiz",
    "bm25s": "retrieval",
    "bs4": "notes",
    "pypdf": "notes",
    "zstandard": "notes",
    "langchain_openai": "models",
    "langchain_chroma": "evaluation",
    "langchain_text_splitters": "evaluation",
}
HEAVY = {*OWNERS, "torch", "langchain_core", "numpy", "matplotlib"}
MAX_MODULE_LINES = 450
MAX_FUNCTION_LINES = 60


def reading_order() -> list[str]:
    """The module names of the README's reading order, first to last."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.split("<!-- reading order -->")[1].split("<!-- end of reading order -->")[0]
    return [match.group(1) for match in re.finditer(r"^ {4}([a-z_]+)/? ", block, re.MULTILINE)]


def modules() -> Iterator[tuple[str, Path]]:
    """(top-level module of tutor, file) for each file of the package but `__init__` and `__main__` at its top."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] not in ("__init__", "__main__"):
            yield parts[0], path


@pytest.fixture(scope="module", autouse=True)
def _parsed() -> Iterator[None]:
    """The trees of the files are held for these tests alone: they are large."""
    yield
    tree.cache_clear()


@cache
def tree(path: Path) -> ast.Module:
    """A file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> list[tuple[str, int]]:
    """(dotted name, line) of each import in a file, also those inside functions and for types only."""
    found: list[tuple[str, int]] = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.module, node.lineno))
    return found


def _owners(name: str, module: str) -> tuple[str, ...]:
    """The modules that may import a library; the module itself for a library that has no owner."""
    owners = OWNERS.get(name.split(".")[0], module)
    return owners if isinstance(owners, tuple) else (owners,)


def is_for_types(path: Path, line: int) -> bool:
    """Whether an import stands under `if TYPE_CHECKING:`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return node.lineno <= line <= (node.end_lineno or node.lineno)
    return False


def test_every_module_is_listed_in_the_reading_order_once() -> None:
    listed = reading_order()
    assert len(listed) == len(set(listed))
    assert set(listed) == {name for name, _ in modules()}


def test_a_module_imports_only_from_those_above_it() -> None:
    order = reading_order()
    against = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for module, path in modules()
        for name, line in imports(path)
        if name.startswith("tutor.")
        and name.split(".")[1] != module
        and order.index(name.split(".")[1]) > order.index(module)
    ]
    assert not against


def test_the_parts_of_the_page_are_listed_once_and_import_only_from_those_above() -> None:
    folder = PACKAGE / "ui"
    listed = re.findall(
        r"^([a-z_]+) {2,}\S", (folder / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(listed) == sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    against = [
        f"{path.name}:{line} imports {name}"
        for path in folder.glob("*.py")
        for name, line in imports(path)
        if path.stem in listed and name.startswith("tutor.ui.")
        if listed.index(name.split(".")[2]) >= listed.index(path.stem)
    ]
    assert not against


def test_a_heavy_library_is_imported_by_its_owner_alone() -> None:
    strays = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for module, path in modules()
        for name, line in imports(path)
        if module not in _owners(name, module) and not is_for_types(path, line)
    ]
    assert not strays


def test_the_demos_and_the_tutor_do_not_import_each_other() -> None:
    assert not [
        p for p in (ROOT / "demos").rglob("*.py") if any(n.split(".")[0] == "tutor" for n, _ in imports(p))
    ]
    assert not [p for _, p in modules() if any(n.split(".")[0] == "demos" for n, _ in imports(p))]


def test_the_notes_that_the_demos_name_are_in_the_corpus() -> None:
    names = {path.stem for path in (ROOT / "corpus").rglob("*.md")}
    for path in (ROOT / "demos").glob("*.py"):
        for match in re.finditer(r"notes(?:: [^=]+)? ?= ?\(([^)]*)\)", path.read_text(encoding="utf-8")):
            assert set(re.findall(r'"([a-z-]+)"', match.group(1))) <= names, path


def test_broad_excepts_stand_at_the_doors_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for module, path in modules()
        if module not in ("ui", "cli")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
    ]
    assert not found


@pytest.mark.parametrize("folder", ["tutor", "demos"])
def test_modules_and_functions_stay_short(folder: str) -> None:
    long = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > MAX_MODULE_LINES:
            long.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.FunctionDef)
                and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION_LINES
            ):
                long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not long


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys\nfrom tutor.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "usage: tutor" in done.stdout
    assert done.stderr.strip() == "[]"


def test_importing_every_module_makes_no_folder_and_changes_no_environment(tmp_path: Path) -> None:
    light = [
        n
        for n in reading_order()
        if n in ("errors", "settings", "turns", "words", "questions", "cli", "setup")
    ]
    code = (
        "import os\nbefore = dict(os.environ)\n"
        + "".join(f"import tutor.{name}\n" for name in light)
        + "assert dict(os.environ) == before\nassert os.listdir('.') == []"
    )
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, check=True)
    assert list(tmp_path.iterdir()) == []
