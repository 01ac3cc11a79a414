"""The student's libraries: names, uploaded files, linked folders, and that nothing is ever lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import tutor.libraries
from tutor.errors import NotesError
from tutor.libraries import Libraries, NotesLibrary, open_libraries, safe_name, with_library
from tutor.notes import list_files
from tutor.settings import PROJECT_ROOT, Settings, read_settings


@pytest.fixture
def libraries(settings: Settings) -> Libraries:
    return open_libraries(settings)


@pytest.fixture
def biology(libraries: Libraries) -> NotesLibrary:
    return libraries.create("Biology")


def upload(folder: Path, text: str | bytes = "# Osmosis\n\nOsmosis moves water.\n") -> Path:
    """A file as it lies after an upload."""
    path = folder / "upload"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_the_notes_of_the_start_come_first_and_cannot_be_changed(
    libraries: Libraries, settings: Settings, tmp_path: Path
) -> None:
    [base] = libraries.all()
    assert (base.name, base.folders, base.index_dir, base.own) == (
        "notes",
        settings.notes,
        settings.index_dir,
        False,
    )
    for change in (
        lambda: libraries.add_file("", upload(tmp_path), "a.md"),
        lambda: libraries.add_folder("", str(tmp_path)),
        lambda: libraries.delete(""),
    ):
        with pytest.raises(NotesError, match="cannot be changed here"):
            change()
    assert not libraries.root.exists()
    bundled = open_libraries(read_settings({"data_dir": tmp_path}, environ={}))
    assert (bundled.base.name, bundled.base.folders) == ("Bundled notes", (PROJECT_ROOT / "corpus",))


def test_a_library_is_made_with_a_folder_and_an_index_of_its_own(
    libraries: Libraries, biology: NotesLibrary
) -> None:
    assert (biology.slug, biology.name, biology.own, biology.linked) == ("biology", "Biology", True, ())
    assert biology.folders == (libraries.root / "biology" / "files",)
    assert biology.index_dir.is_relative_to(libraries.root / "biology")
    again = libraries.create("Biology!")
    assert (again.slug, again.index_dir != biology.index_dir) == ("biology-2", True)
    assert [library.name for library in libraries.all()] == ["notes", "Biology", "Biology!"]
    assert libraries.create("生物学 笔记").slug == "library"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "is empty"),
        (" \n ", "is empty"),
        ("a\x00b", "not text"),
        ("x" * 61, "has 61 characters"),
        ("bioLOGY", "already"),
        (" Biology  ", "already"),
        ("Notes", "already"),
    ],
)
def test_a_bad_or_taken_name_is_refused(
    name: str, says: str, libraries: Libraries, biology: NotesLibrary
) -> None:
    with pytest.raises(NotesError, match=says):
        libraries.create(name)
    assert len(libraries.all()) == 2


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("osmosis.md", "osmosis.md"),
        ("../../etc/passwd.md", "passwd.md"),
        ("..\\..\\x.md", "x.md"),
        ("/abs/olute.html", "olute.html"),
        ("..", "note"),
        ("", "note"),
        (".env", "env"),
        (".hidden.md", "hidden.md"),
        ("~$draft.md~", "draft.md"),
        ("a\x00b\n<c>:d|e?.md", "ab cde.md".replace(" ", "")),
        ("Über  Zellen.md", "Über Zellen.md"),
        ("README.md", "README (note).md"),
        ("细胞.md", "细胞.md"),
    ],
)
def test_a_file_name_stays_in_its_folder_and_is_seen(given: str, safe: str) -> None:
    assert safe_name(given) == safe


@pytest.mark.parametrize("name", ["n" * 400 + ".md", "胞" * 400 + ".md", "a." + "b" * 400])
def test_a_long_file_name_is_cut_before_its_ending(
    name: str, libraries: Libraries, biology: NotesLibrary, tmp_path: Path
) -> None:
    kept, _ = libraries.add_file("biology", upload(tmp_path), name)
    assert len(kept.encode()) <= 140 and kept.endswith(".md" if name.endswith(".md") else "b")
    assert libraries.files("biology") == [kept]


def test_an_uploaded_file_is_copied_and_found_by_the_reader(
    libraries: Libraries, biology: NotesLibrary, tmp_path: Path
) -> None:
    source = upload(tmp_path)
    assert libraries.add_file("biology", source, "../osmosis.md") == ("osmosis.md", "")
    source.unlink()
    [found] = list_files(biology.folders)
    assert found.name == "osmosis.md" and "Osmosis moves water" in found.path.read_text()
    assert libraries.add_file("biology", upload(tmp_path), "README.md")[0] == "README (note).md"
    assert len(list_files(biology.folders)) == 2
    assert [path.name for path in (libraries.root / "biology").iterdir() if path.name.startswith(".")] == []


def test_a_name_that_is_taken_gets_a_number_and_says_so(
    libraries: Libraries, biology: NotesLibrary, tmp_path: Path
) -> None:
    libraries.add_file("biology", upload(tmp_path), "a.md")
    assert libraries.add_file("biology", upload(tmp_path), "a.md") == (
        "a.md",
        "a.md was there already, with the same words.",
    )
    kept, told = libraries.add_file("biology", upload(tmp_path, "# Other\n"), "a.md")
    assert kept == "a-2.md" and "the new one is a-2.md" in told
    assert libraries.files("biology") == ["a-2.md", "a.md"]


def test_what_is_too_large_too_many_or_never_read_is_refused_with_its_reason(
    libraries: Libraries, biology: NotesLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotesError, match=r"big\.md was not added: it has 5\.1 MB, and 5 MB is the most"):
        libraries.add_file("biology", upload(tmp_path, b"x" * 5_100_000), "big.md")
    with pytest.raises(NotesError, match=r"photo\.png was not added: files of this kind"):
        libraries.add_file("biology", upload(tmp_path), "photo.png")
    monkeypatch.setattr(tutor.libraries, "MOST_FILES", 1)
    libraries.add_file("biology", upload(tmp_path), "a.md")
    with pytest.raises(NotesError, match="holds 1 files"):
        libraries.add_file("biology", upload(tmp_path, "b"), "b.md")
    assert libraries.files("biology") == ["a.md"]


def test_a_file_that_is_taken_out_is_kept_beside(
    libraries: Libraries, biology: NotesLibrary, tmp_path: Path
) -> None:
    for text in ("one", "two"):
        libraries.add_file("biology", upload(tmp_path, text), "a.md")
        libraries.remove_file("biology", "a.md")
    removed = libraries.root / "biology" / "removed"
    assert {path.read_text() for path in removed.iterdir()} == {"one", "two"}
    assert libraries.files("biology") == [] and list_files(biology.folders) == []
    for name in ("a.md", "../library.json", ""):
        with pytest.raises(NotesError, match="is not in this library"):
            libraries.remove_file("biology", name)
    assert (libraries.root / "biology" / "library.json").exists()


def test_a_folder_is_only_linked(libraries: Libraries, biology: NotesLibrary, notes: Path) -> None:
    before = sorted(notes.iterdir())
    folder = libraries.add_folder("biology", f' "{notes}" ')
    assert libraries.get("biology").linked == (folder,) == (notes.resolve(),)
    assert json.loads((libraries.root / "biology" / "library.json").read_text())["folders"] == [str(folder)]
    with pytest.raises(NotesError, match="already"):
        libraries.add_folder("biology", str(notes))
    libraries.remove_folder("biology", folder)
    assert libraries.get("biology").linked == () and sorted(notes.iterdir()) == before
    with pytest.raises(NotesError, match="is not in this library"):
        libraries.remove_folder("biology", folder)


def test_a_folder_of_the_home_is_named_with_a_tilde(
    libraries: Libraries, biology: NotesLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert libraries.add_folder("biology", "~/notes") == (tmp_path / "notes").resolve()
    for wide in ("~", str(tmp_path.parent)):
        with pytest.raises(NotesError, match="is no folder of notes"):
            libraries.add_folder("biology", wide)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/", "is no folder of notes"),
        ("/etc", "is no folder of notes"),
        ("/proc/self", "is no folder of notes"),
        ("", "is no whole path"),
        ("notes", "is no whole path"),
        ("/nowhere/at all", "does not exist or is no folder"),
        (__file__, "does not exist or is no folder"),
        ("~no-such-user-here/x", "is no path"),
        ("/a\0b", "is no"),
    ],
)
def test_a_folder_that_nobody_means_is_refused_with_the_remedy(
    path: str, says: str, libraries: Libraries, biology: NotesLibrary
) -> None:
    with pytest.raises(NotesError, match=says) as caught:
        libraries.add_folder("biology", path)
    assert caught.value.remedy and libraries.get("biology").linked == ()


def test_the_tutors_own_files_and_a_folder_too_full_are_refused(
    libraries: Libraries,
    biology: NotesLibrary,
    settings: Settings,
    notes: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for folder in (settings.data_dir, libraries.root / "biology"):
        with pytest.raises(NotesError, match="holds the tutor's own files"):
            libraries.add_folder("biology", str(folder))
    monkeypatch.setattr(tutor.libraries, "MOST_FOLDER_FILES", 2)
    with pytest.raises(NotesError, match="holds more than 2 files"):
        libraries.add_folder("biology", str(notes))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_refused(
    libraries: Libraries, biology: NotesLibrary, tmp_path: Path
) -> None:
    (tmp_path / "shut").mkdir(mode=0o000)
    with pytest.raises(NotesError, match="may not be read"):
        libraries.add_folder("biology", str(tmp_path / "shut"))


def test_a_deleted_library_is_kept_and_its_folders_are_as_they_were(
    libraries: Libraries, biology: NotesLibrary, tmp_path: Path, notes: Path
) -> None:
    libraries.add_file("biology", upload(tmp_path), "a.md")
    libraries.add_folder("biology", str(notes))
    biology.index_dir.mkdir()
    libraries.delete("biology")
    assert [library.slug for library in libraries.all()] == [""]
    kept = libraries.root / ".removed" / "biology"
    assert (kept / "files" / "a.md").exists() and not (kept / "index").exists()
    assert len(list(notes.iterdir())) == 3
    libraries.create("Biology")
    libraries.delete("biology")
    assert (libraries.root / ".removed" / "biology-2").exists()
    with pytest.raises(NotesError, match="gone"):
        libraries.delete("biology")


def test_the_library_in_use_is_remembered_for_the_same_start(
    libraries: Libraries, biology: NotesLibrary, settings: Settings, tmp_path: Path
) -> None:
    assert libraries.remembered() == libraries.base
    libraries.remember("biology")
    assert open_libraries(settings).remembered() == biology
    other = open_libraries(read_settings({"notes": [tmp_path], "data_dir": settings.data_dir}, environ={}))
    assert other.remembered() == other.base
    libraries.delete("biology")
    assert libraries.remembered() == libraries.base


def test_a_damaged_description_loses_no_file_and_is_told(
    libraries: Libraries, biology: NotesLibrary, tmp_path: Path, notes: Path
) -> None:
    libraries.add_file("biology", upload(tmp_path), "a.md")
    description = libraries.root / "biology" / "library.json"
    for damaged in ("{", "[]", '{"name": 3, "folders": []}'):
        description.write_text(damaged)
        [_, found] = libraries.all()
        assert found.name == "biology" and libraries.files("biology") == ["a.md"]
        assert "damaged" in found.problem
    libraries.add_folder("biology", str(notes))
    assert libraries.get("biology").problem == ""
    assert (libraries.root / "biology" / "library.json.damaged").exists()


def test_a_write_that_fails_leaves_the_old_description(
    libraries: Libraries, biology: NotesLibrary, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tutor.libraries, "_sync", full)
    with pytest.raises(NotesError, match=r"No space left on device.*Check the free space"):
        libraries.add_folder("biology", str(notes))
    with pytest.raises(NotesError, match="No space left"):
        libraries.create("Chemistry")
    assert [library.name for library in libraries.all()] == ["notes", "Biology"]
    assert libraries.get("biology").linked == () and libraries.get("biology").problem == ""


def test_settings_that_name_a_library_get_its_folders_and_index(
    libraries: Libraries, biology: NotesLibrary, settings: Settings
) -> None:
    from dataclasses import replace

    chosen = with_library(replace(settings, library="BIOLOGY"))
    assert (chosen.notes, chosen.index_dir) == (biology.folders, biology.index_dir)
    assert with_library(settings) is settings
    with pytest.raises(NotesError, match=r"There is no library “Physics”\. There are: “Biology”"):
        with_library(replace(settings, library="Physics"))
