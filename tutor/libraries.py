"""The student's own libraries of notes, kept apart by name.

    data_dir/libraries/<slug>/library.json   the name and the student's own folders that belong to it
    data_dir/libraries/<slug>/files/         copies of what was uploaded
    data_dir/libraries/<slug>/removed/       uploaded copies that were taken out: nothing is lost
    data_dir/libraries/<slug>/index/         the library's index, a cache
    data_dir/libraries/.removed/             libraries that were deleted
    data_dir/libraries/in-use.json           which library the page used last

The notes that the program was started with (the bundled ones, or those that --notes names) are a library too: the
first, which nothing here changes. An own folder is only linked: its files are never written, moved or deleted.
"""

from __future__ import annotations

import filecmp
import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from tutor.errors import NotesError
from tutor.notes import list_files
from tutor.notes.recognise import LARGEST_FILE_MB
from tutor.settings import PROJECT_ROOT, Settings

LONGEST_NAME = 60
MOST_LIBRARIES = 50
MOST_FILES = 500
MOST_FOLDER_FILES = 2000
_LONGEST_FILE_NAME_BYTES = 120
_SYSTEM = tuple(
    map(Path, ("/proc", "/sys", "/dev", "/etc", "/bin", "/boot", "/lib", "/sbin", "/usr", "/var"))
)
_NOT_IN_FILE_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')


@dataclass(frozen=True)
class NotesLibrary:
    """A named library of notes.

    Attributes:
        slug: its folder's name; empty for the notes that the program was started with.
        folders: the notes folders that are read; of an own library, that of the uploaded files first.
        problem: what the student should know about its description, else empty.
    """

    slug: str
    name: str
    folders: tuple[Path, ...]
    index_dir: Path
    problem: str = ""

    @property
    def own(self) -> bool:
        """Whether the student made it and may change it."""
        return bool(self.slug)

    @property
    def linked(self) -> tuple[Path, ...]:
        """The student's own folders in it."""
        return self.folders[1:] if self.own else ()


def files_below(folder: str) -> Iterator[os.DirEntry[str]]:
    """The files below a folder; hidden ones and what cannot be opened are left out, links are not followed."""
    places = [folder]
    while places:
        try:
            with os.scandir(places.pop()) as found:
                entries = [entry for entry in found if not entry.name.startswith(".")]
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                places.append(entry.path)
            else:
                yield entry


@dataclass(frozen=True)
class Libraries:
    """All libraries of a student.

    Args:
        root: the folder in which they lie; made with the first one.
        base: the notes that the program was started with.
        most_mb: how much the uploaded files may take together, with those that were taken out; None for no bound.
    """

    root: Path
    base: NotesLibrary
    most_mb: float | None = None

    def all(self) -> list[NotesLibrary]:
        """The base library, then the student's own by name."""
        own = [self._read(folder) for folder in self._places()]
        return [self.base, *sorted(own, key=lambda library: library.name.casefold())]

    def named(self, name: str) -> NotesLibrary:
        """The own library of a name, in capitals or not. Raises NotesError when there is none."""
        own = self.all()[1:]
        found = next((library for library in own if library.name.casefold() == _folded(name)), None)
        if found is None:
            known = ", ".join(f"“{library.name}”" for library in own)
            remedy = f"There are: {known}." if known else "Make one on the page, under “Notes”."
            raise NotesError(f"There is no library “{name}”", remedy)
        return found

    def get(self, slug: str) -> NotesLibrary:
        """The library of a slug, "" for the base. Raises NotesError when it is gone."""
        found = next((library for library in self.all() if library.slug == slug), None)
        if found is None:
            raise NotesError("This library is gone", "Choose another one.")
        return found

    def create(self, name: str) -> NotesLibrary:
        """A new, empty library.

        Raises:
            NotesError: the name is empty, too long, or taken.
        """
        name = " ".join(unicodedata.normalize("NFC", name).split())
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            shown = f" has {len(name)} characters" if len(name) > LONGEST_NAME else " is empty or not text"
            raise NotesError(f"The name of the library{shown}", f"Give 1 to {LONGEST_NAME} characters.")
        if len(self.all()) > MOST_LIBRARIES:
            raise NotesError(f"There are {MOST_LIBRARIES} libraries, which is the most", "Delete one.")
        if any(library.name.casefold() == _folded(name) for library in self.all()):
            raise NotesError(f"There is a library “{name}” already", "Give another name.")
        with _writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Made whole beside, then renamed: a library is there with its description or not at all.
            draft = Path(tempfile.mkdtemp(prefix=".new-", dir=self.root))
            (draft / "files").mkdir()
            _write_json(draft / "library.json", {"name": name, "folders": []})
            place = _free(self.root / _slug(name))
            draft.rename(place)
        return self._read(place)

    def delete(self, slug: str) -> None:
        """Moves an own library to `.removed/`; its linked folders stay as they are, its index goes."""
        library = self._own(slug)
        with _writing(self.root):
            shutil.rmtree(library.index_dir, ignore_errors=True)
            removed = self.root / ".removed"
            removed.mkdir(exist_ok=True)
            (self.root / slug).rename(_free(removed / slug))

    def add_file(self, slug: str, source: Path, name: str) -> tuple[str, str]:
        """Copies an uploaded file into an own library.

        Args:
            name: what the student's machine calls it; made safe here.

        Returns:
            The name that it has in the library, and a line where that is not the name one would expect.

        Raises:
            NotesError: too large, not a kind that is read, too many files, or it cannot be written.
        """
        library, wanted = self._own(slug), safe_name(name)
        files = library.folders[0]
        with _writing(self.root):
            size_mb = source.stat().st_size / 1_000_000
            if size_mb > LARGEST_FILE_MB:
                what = (
                    f"{wanted} was not added: it has {size_mb:.1f} MB, and {LARGEST_FILE_MB} MB is the most"
                )
                raise NotesError(what, "Split it, or add the folder that it lies in.")
            kept_mb = self._kept_mb() if self.most_mb else 0.0
            if self.most_mb and kept_mb + size_mb > self.most_mb:
                what = f"{wanted} was not added: your files take {kept_mb:.1f} of {self.most_mb:g} MB already"
                raise NotesError(what, "What was taken out counts too: ask who runs the tutor to make room.")
            if len(self.files(slug)) >= MOST_FILES:
                what = f"{wanted} was not added: the library holds {MOST_FILES} files"
                raise NotesError(what, "Put the files into a folder of your own and add that.")
            files.mkdir(exist_ok=True)
            if (files / wanted).is_file() and filecmp.cmp(source, files / wanted, shallow=False):
                return wanted, f"{wanted} was there already, with the same words."
            target = _free(files / wanted)
            with tempfile.TemporaryDirectory(prefix=".incoming-", dir=files.parent) as folder:
                draft = Path(folder) / target.name
                shutil.copyfile(source, draft)
                if not list_files([Path(folder)]):
                    what = f"{wanted} was not added: files of this kind are not read as notes"
                    raise NotesError(what, "Save it as Markdown, plain text, HTML or PDF.")
                _sync(draft)
                draft.rename(target)
        told = f"{wanted} was there already with other words; the new one is {target.name}."
        return target.name, "" if target.name == wanted else told

    def _kept_mb(self) -> float:
        """What uploads take, in use or taken out; indexes are a cache and do not count."""
        found = (Path(place, name) for place, _, names in os.walk(self.root) for name in names)
        kept = ("files", "removed")
        return sum(path.stat().st_size for path in found if path.parent.name in kept) / 1_000_000

    def files(self, slug: str) -> list[str]:
        """The names of the uploaded files of an own library."""
        files = self._own(slug).folders[0]
        return sorted(path.name for path in files.iterdir()) if files.is_dir() else []

    def remove_file(self, slug: str, name: str) -> None:
        """Moves an uploaded copy to the library's `removed/`. Raises NotesError when it is not there."""
        path = self._own(slug).folders[0] / name
        if name not in self.files(slug):
            raise NotesError(f"{name} is not in this library", "Choose a file of the list.")
        with _writing(self.root):
            removed = self.root / slug / "removed"
            removed.mkdir(exist_ok=True)
            path.rename(_free(removed / name))

    def add_folder(self, slug: str, text: str) -> Path:
        """Links a folder of the student's own, given as an absolute path or with `~`.

        Raises:
            NotesError: no folder, not readable, too wide (`/`, the home folder) or too full, or there already.
        """
        library = self._own(slug)
        folder = _folder_of(text)
        if any(folder.is_relative_to(linked.resolve()) for linked in library.folders):
            raise NotesError(f"{folder} is in this library already", "Its changes are found by themselves.")
        if folder.is_relative_to(self.root.resolve()) or self.root.resolve().is_relative_to(folder):
            raise NotesError(f"{folder} holds the tutor's own files", "Name the folder of your notes.")
        if len(list(islice(files_below(str(folder)), MOST_FOLDER_FILES + 1))) > MOST_FOLDER_FILES:
            what = f"{folder} holds more than {MOST_FOLDER_FILES} files"
            raise NotesError(what, "Name a smaller folder inside it.")
        self._write(replace(library, folders=(*library.folders, folder)))
        return folder

    def remove_folder(self, slug: str, folder: Path) -> None:
        """Takes a linked folder out; the folder itself stays as it is. Raises NotesError when it is not linked."""
        library = self._own(slug)
        if folder not in library.linked:
            raise NotesError(f"{folder} is not in this library", "Choose a folder of the list.")
        kept = tuple(linked for linked in library.linked if linked != folder)
        self._write(replace(library, folders=(library.folders[0], *kept)))

    def remember(self, slug: str) -> None:
        """Keeps in mind which library is in use, for the next start over the same base."""
        if slug or self.root.is_dir():
            with _writing(self.root):
                _write_json(self.root / "in-use.json", {"slug": slug, "base": self._base_mark()})

    def remembered(self) -> NotesLibrary:
        """The library that was in use; the base when it is gone or other notes were named since."""
        known = _read_json(self.root / "in-use.json")
        slug = known.get("slug") if known.get("base") == self._base_mark() else ""
        return next((library for library in self.all() if library.slug == slug), self.base)

    def _base_mark(self) -> list[str]:
        return [str(folder.absolute()) for folder in self.base.folders]

    def _places(self) -> list[Path]:
        try:
            return [path for path in self.root.iterdir() if path.is_dir() and not path.name.startswith(".")]
        except OSError:
            return []

    def _own(self, slug: str) -> NotesLibrary:
        library = self.get(slug)
        if not library.own:
            raise NotesError(f"“{library.name}” cannot be changed here", "Make a library of your own first.")
        return library

    def _read(self, place: Path) -> NotesLibrary:
        value = _read_json(place / "library.json")
        name, folders = value.get("name"), value.get("folders")
        whole = isinstance(name, str) and isinstance(folders, list)
        linked = [Path(folder) for folder in folders or () if isinstance(folder, str)] if whole else []
        lost = f"The description of the library in {place} is damaged: add its folders again."
        return NotesLibrary(
            slug=place.name,
            name=str(name) if whole else place.name,
            folders=(place / "files", *linked),
            index_dir=place / "index",
            problem="" if whole else lost,
        )

    def _write(self, library: NotesLibrary) -> None:
        folders = [str(folder) for folder in library.linked]
        with _writing(self.root):
            file = self.root / library.slug / "library.json"
            if library.problem and file.exists():
                file.rename(_free(file.with_name("library.json.damaged")))
            _write_json(file, {"name": library.name, "folders": folders})


def open_libraries(settings: Settings) -> Libraries:
    """The libraries beside the student's record; the base is what the settings name."""
    bundled = settings.notes == (PROJECT_ROOT / "corpus",)
    name = "Bundled notes" if bundled else ", ".join(folder.name or str(folder) for folder in settings.notes)
    base = NotesLibrary("", name, settings.notes, settings.index_dir)
    return Libraries(settings.data_dir / "libraries", base)


def with_library(settings: Settings) -> Settings:
    """The settings with the folders and the index of the library that they name, if they name one.

    Raises:
        NotesError: there is no such library.
    """
    if not settings.library:
        return settings
    library = open_libraries(settings).named(settings.library)
    return replace(settings, notes=library.folders, index_dir=library.index_dir)


def safe_name(name: str) -> str:
    """A file name that stays in its folder, is not hidden, can be written anywhere and is read as a note.

    What stands before the last slash of either kind is dropped; a long name is cut before its ending.
    """
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    name = _NOT_IN_FILE_NAMES.sub("", name.encode("utf-8", "replace").decode())
    name = " ".join(name.split()).strip(". ").lstrip("~$").rstrip("~").strip(". ")
    stem, ending = os.path.splitext(name)
    if len(ending.encode()) > 12:
        stem, ending = name, ""
    stem = stem.encode()[:_LONGEST_FILE_NAME_BYTES].decode("utf-8", "ignore").strip(". ")
    if stem.lower() == "readme":  # a README describes its folder and is never read as a note
        stem += " (note)"
    return (stem or "note") + ending


def _folder_of(text: str) -> Path:
    """The folder that a student named. Raises NotesError when it is none, or one that nobody means."""
    text = text.strip().strip("\"'")
    try:
        given = Path(text).expanduser()
        folder = given.resolve()
        there = folder.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise NotesError(f"“{text[:200]}” is no path ({error})", "Give a path such as ~/my-notes.") from error
    if not text or not given.is_absolute():
        raise NotesError(f"“{text[:200]}” is no whole path", "Give one such as ~/my-notes.")
    if not there:
        raise NotesError(f"The folder {given} does not exist or is no folder", "Check the path.")
    home = Path.home().resolve()
    if home.is_relative_to(folder) or any(folder.is_relative_to(system) for system in _SYSTEM):
        raise NotesError(f"{folder} is no folder of notes", "Name the folder inside it that holds them.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise NotesError(f"The folder {folder} may not be read", "Change its permissions.")
    return folder


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "library"


def _free(path: Path) -> Path:
    """The path, with a number where it is taken."""
    number, free = 1, path
    while free.exists() or free.is_symlink():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _write_json(path: Path, value: dict[str, Any]) -> None:
    """Writes beside, then renames: a crash leaves the old file or the new one."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    _sync(draft)
    draft.replace(path)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _writing(root: Path) -> Iterator[None]:
    """What the disk reports, as a NotesError."""
    try:
        yield
    except OSError as error:
        what = f"The libraries in {root} cannot be written ({error.strerror or error})"
        raise NotesError(what, "Check the free space and the permissions.") from error
