"""The part of the page for the student's libraries: choose one, add to it, take out, see what was read."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from tutor.errors import NotesError, StoreError
from tutor.libraries import Libraries, NotesLibrary
from tutor.notes.recognise import LARGEST_FILE_MB
from tutor.opened import Progress
from tutor.ui.contents import about_html, contents_html, count, notices_html, status_html
from tutor.ui.desk import Desk, Ticket
from tutor.ui.view import Session, View

FORMATS = "Markdown, plain text, flashcards, HTML, notebooks, PDF"
UPLOAD_KEPT_S = 600.0
_PAUSE_S = 0.25
_BASE = "."  # an empty value is none for a drop-down list
_BUSY = "Wait until the answer is finished, or stop it first: then the notes can change."
_STALE = "Another library came into use meanwhile; look at the list again."
Work = Callable[[Progress], str]


def shelf_parts(local: bool) -> dict[str, Any]:
    """The components by name.

    Args:
        local: whether the page is served to this machine alone; only then may it be given a folder's path.
    """
    import gradio as gr

    parts: dict[str, Any] = {"seen": gr.State("")}
    with gr.Column(elem_id="notes"):
        parts["library"] = gr.Dropdown([], label="Notes", elem_id="library", filterable=False)
        parts["status"] = gr.Markdown("", elem_id="shelf-status", latex_delimiters=[], visible=False)
        parts["halt"] = gr.Button("Stop reading", elem_id="halt", size="sm", visible=False)
        with gr.Accordion("Add, remove, see what was read", open=False, elem_id="shelf"):
            parts["name"] = _line("New library", "its name", "Make", "new-library")
            with gr.Column(visible=False, elem_id="own") as parts["own"]:
                parts["upload"] = gr.UploadButton(
                    "Add files", file_count="multiple", size="sm", variant="secondary", elem_id="upload"
                )
                gr.Markdown(f"<p>{FORMATS}; up to {LARGEST_FILE_MB} MB each</p>", elem_id="formats")
                parts["folder"] = _line("Or a folder of yours", "~/my-notes", "Add", "folder", visible=local)
            parts["contents"] = gr.Markdown("", elem_id="contents", latex_delimiters=[])
            with gr.Column(visible=False, elem_id="less") as parts["less"]:
                parts["entry"] = gr.Dropdown(
                    [], label="Take out a file or folder", elem_id="entry", filterable=False
                )
                parts["out_sure"] = _sure(parts, "out", "Take it out")
                parts["drop"] = gr.Button("Delete this library", elem_id="drop", size="sm")
                parts["drop_sure"] = _sure(parts, "drop", "Delete it")
    return parts


def _line(label: str, placeholder: str, button: str, name: str, visible: bool = True) -> Any:
    import gradio as gr

    return gr.Textbox(
        label=label, placeholder=placeholder, submit_btn=button, lines=1, max_lines=1, elem_id=name, visible=visible
    )  # fmt: skip


def _sure(parts: dict[str, Any], name: str, label: str) -> Any:
    """A row that asks once more; its buttons become `name_yes` and `name_no`."""
    import gradio as gr

    with gr.Row(visible=False, elem_classes="sure") as row:
        parts[f"{name}_yes"] = gr.Button(label, elem_id=f"{name}-yes", size="sm", variant="stop")
        parts[f"{name}_no"] = gr.Button("Keep it", elem_id=f"{name}-no", size="sm")
    return row


SHOWN = (
    "seen", "library", "status", "halt", "own", "less", "upload", "entry", "out_sure", "drop", "drop_sure", "contents",
    "name", "folder",
)  # fmt: skip
BESIDE = ("about", "notices")


class Shelf:
    """What each click on the notes changes. One change at a time, and none while a message is being answered."""

    def __init__(
        self,
        session: Session,
        libraries: Libraries,
        view: View,
        desk: Desk,
        upload_folder: Callable[[], str],
        local: bool = True,
    ) -> None:
        self._session = session
        self._libraries = libraries
        self._view = view
        self._desk = desk
        self._upload_folder = upload_folder
        self._local = local

    def shown(self, said: str = "", *, bad: bool = False, clear: bool = False) -> list[Any]:
        """SHOWN as it stands now, with a line on what was done; `clear` empties what the student typed."""
        import gradio as gr

        library = self._session.library
        entries = self._entries(library)
        libraries = [(each.name, each.slug or _BASE) for each in self._libraries.all()]
        typed = gr.Textbox(value="") if clear else gr.skip()
        return [
            library.slug,
            gr.Dropdown(libraries, value=library.slug or _BASE, interactive=True),
            gr.Markdown(status_html(said, bad), visible=bool(said)),
            gr.Button(visible=False),
            gr.Column(visible=library.own),
            gr.Column(visible=library.own),
            gr.UploadButton(value=None, interactive=True),
            gr.Dropdown(entries, value=None, interactive=True, visible=bool(entries)),
            gr.Row(visible=False),
            gr.Button(interactive=True),
            gr.Row(visible=False),
            gr.Markdown(contents_html(self._session.notes_read)),
            typed,
            typed,
        ]

    def _working(self, stage: str) -> list[Any]:
        """SHOWN while the notes are being changed: nothing can be chosen but to stop."""
        import gradio as gr

        shown = dict.fromkeys(SHOWN, gr.skip())
        shown |= {
            "library": gr.Dropdown(interactive=False),
            "status": gr.Markdown(status_html(stage), visible=True),
            "halt": gr.Button(visible=True),
            "upload": gr.UploadButton(interactive=False),
            "entry": gr.Dropdown(interactive=False),
            "drop": gr.Button(interactive=False),
        }
        return list(shown.values())

    def _entries(self, library: NotesLibrary) -> list[tuple[str, str]]:
        if not library.own:
            return []
        files = [(name, f"file:{name}") for name in self._libraries.files(library.slug)]
        return files + [(f"{folder} (folder)", f"folder:{folder}") for folder in library.linked]

    def beside(self) -> list[Any]:
        """BESIDE as it stands now."""
        import gradio as gr

        told = notices_html(self._session)
        return [gr.Markdown(about_html(self._session)), gr.Markdown(told, visible=bool(told))]

    def chat(self, chat_id: str) -> Any:
        """The conversation, with questions that fit the library."""
        import gradio as gr

        examples = [{"text": text} for text in self._session.examples]
        return gr.Chatbot(self._view.chat(chat_id), examples=examples)

    def now(self) -> list[Any]:
        """SHOWN and BESIDE, for a page that is opened or was answered; nothing while a change goes on."""
        import gradio as gr

        if self._desk.is_shut:
            return [gr.skip()] * (len(SHOWN) + len(BESIDE))
        return [*self.shown(), *self.beside()]

    def halt(self) -> None:
        """Asks the reading that goes on to stop."""
        self._desk.cut_short()

    def change(
        self,
        chat_id: str,
        work: Work,
        seen: str | None,
        picked: str = "",
    ) -> Iterator[tuple[list[Any], bool]]:
        """Does some work on the notes while nothing is answered.

        Args:
            work: gets a progress callback; returns what to say when it is done.
            seen: the library in the list when the student chose the work; None where it does not matter.
            picked: the library that the work takes into use, as the list has it; empty for other work.

        Yields:
            SHOWN, again and again; and whether the rest of the page may be another now.
        """
        import gradio as gr

        ticket = self._desk.shut(picked)
        before = self._session.library  # only now can it not become another
        if ticket is None and picked and picked in (self._desk.purpose, self._session.library.slug or _BASE):
            yield [gr.skip()] * len(SHOWN), False
            return
        if ticket is None and not picked:
            gr.Info(_BUSY, duration=6)
        if ticket is None or seen not in (None, before.slug):
            if ticket is not None:
                self._desk.reopen()
            # The list says each choice twice; the line under it is one line all the same.
            refusal = _STALE if ticket is not None else _BUSY if picked else ""
            yield self.shown(refusal, bad=True), ticket is not None
            return
        task = _Task(ticket, work, self._desk.reopen, self._view)
        task.start()
        while not task.wait(_PAUSE_S):
            yield self._working(task.stage), False
        after = self._session.library
        if chat_id and after.slug != before.slug:
            self._session.note(chat_id, f"From here on I answer from: {after.name}")
        yield self.shown(task.said, bad=task.failed, clear=bool(task.said) and not task.failed), True

    # -- the work ----------------------------------------------------------------------------------------------

    def choose(self, picked: str, report: Progress) -> str:
        """Takes another library into use; the one in use is read again where it changed."""
        slug = "" if picked == _BASE else picked
        if slug == self._session.library.slug:
            return self._session.refresh_notes(report)
        self._session.use_library(slug, report)
        return ""

    def make(self, name: str, report: Progress) -> str:
        """Makes an empty library and takes it into use."""
        library = self._libraries.create(name)
        self._session.use_library(library.slug, report)
        return f"“{library.name}” is made. Add files or a folder to it."

    def add_files(self, uploads: Sequence[dict[str, Any]], report: Progress) -> str:
        """Copies what was uploaded into the library in use; each refusal is told, the others go on."""
        slug = self._session.library.slug
        lines: list[str] = []
        added: list[str] = []
        for upload in uploads:
            try:
                name = str(upload.get("orig_name") or "note")
                name, told = self._libraries.add_file(slug, self._uploaded(upload), name)
                added.append(name)
                lines += [told] if told else []
            except NotesError as error:
                lines.append(str(error))
        remove_uploads(Path(self._upload_folder()), time.time())
        problem = self._session.refresh_notes(report)
        unread = {Path(entry.path).name: entry.reason for entry in self._session.notes_read.skipped}
        lines += [f"{name} cannot be read: {unread[name]}" for name in added if name in unread]
        read = sum(name not in unread for name in added)
        said = f"{count(read, 'file')} added." if read else "Nothing was added."
        said += f" {len(added) - read} of {len(added)} cannot be read." if added and read < len(added) else ""
        return "\n".join([said, *lines, *([problem] if problem else [])])

    def add_folder(self, text: str, report: Progress) -> str:
        """Links a folder of the student's own; not from afar, where any folder of this machine could be read."""
        if not self._local:
            raise NotesError(
                "Folders are not added on a page open to other devices", "Add the files instead."
            )
        folder = self._libraries.add_folder(self._session.library.slug, text)
        problem = self._session.refresh_notes(report)
        return f"{folder} is part of the library now; what changes in it is found by itself. {problem}"

    def take_out(self, entry: str, report: Progress) -> str:
        """Takes a file or folder out of the library in use."""
        kind, _, name = entry.partition(":")
        slug = self._session.library.slug
        if kind == "folder":
            self._libraries.remove_folder(slug, Path(name))
            said = f"{name} is out of the library; the folder itself is as it was."
        else:
            self._libraries.remove_file(slug, name)
            said = f"{name} is out{self._kept_in(slug, 'removed')}."
        return f"{said} {self._session.refresh_notes(report)}"

    def delete(self, report: Progress) -> str:
        """Deletes the library in use; the notes of the start take its place."""
        library = self._session.library
        self._session.use_library("", report)
        self._libraries.delete(library.slug)
        return f"“{library.name}” is deleted{self._kept_in('.removed')}."

    def _kept_in(self, *place: str) -> str:
        """Where what was taken out lies; of use only to who sits at this machine."""
        return f"; a copy is kept in {self._libraries.root.joinpath(*place)}" if self._local else ""

    def _uploaded(self, upload: dict[str, Any]) -> Path:
        """Where an upload lies; what the browser says of it is believed only inside the upload folder."""
        path, folder = Path(str(upload.get("path"))), Path(self._upload_folder()).resolve()
        if path.resolve().parent.parent != folder or path.is_symlink() or not path.is_file():
            raise NotesError("An upload did not arrive", "Add the file again.")
        return path


def remove_uploads(folder: Path, now: float) -> None:
    """Removes from the upload folder what came some minutes before `now` (s since 1970) or earlier.

    No upload is removed once it is added: who sends the same file at the same time sends it to the same place. Nor is
    one removed because a browser names it: what the page shows to students lies in that folder too, and stays. It is
    read-only, which no upload is, so that a refused picture goes like any other file.
    """
    for path in folder.glob("*/*"):
        with suppress(OSError):
            found = path.lstat()
            if found.st_mode & stat.S_IWUSR and found.st_mtime < now - UPLOAD_KEPT_S:
                path.unlink()


class Seat(Protocol):
    """What the listeners of the notes need of whoever is logged in."""

    @property
    def shelf(self) -> Shelf: ...


class _Task(threading.Thread):
    """Work in a thread of its own: it ends in order, also when the tab that asked for it is closed."""

    def __init__(self, ticket: Ticket, work: Work, after: Callable[[], None], view: View) -> None:
        super().__init__(name="notes", daemon=True)
        self.stage = "Reading the notes …"
        self.said = ""
        self.failed = False
        self._ticket, self._work, self._after, self._view = ticket, work, after, view

    def run(self) -> None:
        try:
            self.said = self._work(self._report)
        except Exception as error:  # noqa: BLE001 - the door: a failure must reach the student as words
            self.said, self.failed = self._view.told(error), True
        finally:
            self._after()

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended within the time."""
        self.join(timeout_s)
        return not self.is_alive()

    def _report(self, stage: str, done: float, total: float) -> None:
        if self._ticket.cancel.is_set():
            raise StoreError(
                "Reading was stopped", "The next question, or choosing the library, goes on with it."
            )
        self.stage = f"{stage}: {100 * done / total:.0f} %" if done and total else f"{stage} …"


def wire_shelf(parts: dict[str, Any], on: Callable[..., Any]) -> Callable[[Any], None]:
    """The listeners of the notes.

    Args:
        on: connects an event with a listener, which gets the seat of whoever is logged in before its inputs.

    Returns:
        A function that lets an event bring the part up to date, for those after which the notes may be others.
    """
    outputs = [parts[name] for name in (*SHOWN, *BESIDE, "chat")]

    def run(shelf: Shelf, now: str, work: Work, seen: str | None, **more: Any) -> Iterator[Any]:
        import gradio as gr

        for shown, settled in shelf.change(now, work, seen, **more):
            rest = shelf.beside() if settled else [gr.skip()] * len(BESIDE)
            yield [*shown, *rest, shelf.chat(now) if settled else gr.skip()]

    def chosen(mine: Seat, now: str, picked: str) -> Iterator[Any]:
        # gradio's list fires `input` for a choice and once more as it loses focus, also when nothing was chosen:
        # a library that is in use already, or is being taken into use, is therefore never refused.
        yield from run(mine.shelf, now, partial(mine.shelf.choose, picked), None, picked=picked)

    def made(mine: Seat, now: str, name: str) -> Iterator[Any]:
        yield from run(mine.shelf, now, partial(mine.shelf.make, name), None)

    def uploaded(mine: Seat, now: str, seen: str, uploads: Any) -> Iterator[Any]:
        given = [each for each in uploads or [] if isinstance(each, dict)]
        yield from run(mine.shelf, now, partial(mine.shelf.add_files, given), seen)

    def linked(mine: Seat, now: str, seen: str, text: str) -> Iterator[Any]:
        yield from run(mine.shelf, now, partial(mine.shelf.add_folder, text), seen)

    def taken(mine: Seat, now: str, seen: str, entry: str | None) -> Iterator[Any]:
        yield from run(mine.shelf, now, partial(mine.shelf.take_out, entry or ""), seen)

    def deleted(mine: Seat, now: str, seen: str) -> Iterator[Any]:
        yield from run(mine.shelf, now, mine.shelf.delete, seen)

    chat_id, seen = parts["chat_id"], parts["seen"]
    for event, listener, inputs, more in (
        (parts["library"].input, chosen, [chat_id, parts["library"]], {}),
        (parts["name"].submit, made, [chat_id, parts["name"]], {}),
        # Unprocessed, an upload keeps the name that it had on the student's machine.
        (parts["upload"].upload, uploaded, [chat_id, seen, parts["upload"]], {"preprocess": False}),
        (parts["folder"].submit, linked, [chat_id, seen, parts["folder"]], {}),
        (parts["out_yes"].click, taken, [chat_id, seen, parts["entry"]], {}),
        (parts["drop_yes"].click, deleted, [chat_id, seen], {}),
    ):
        on(event, listener, inputs, outputs, queue=True, concurrency_limit=None, **more)
    _wire_doubts(parts, on)

    def follow(event: Any) -> None:
        on(event, lambda mine: mine.shelf.now(), None, outputs[:-1])

    return follow


def _wire_doubts(parts: dict[str, Any], on: Callable[..., Any]) -> None:
    """Asking once more before something is taken out, and the button that stops the reading."""
    import gradio as gr

    sure = [parts["out_sure"], parts["drop_sure"]]

    def entry_chosen(mine: Seat, entry: str | None) -> list[Any]:
        # Leaving the list without a choice is an `input` too.
        return [gr.Row(visible=True), gr.Row(visible=False)] if entry else [gr.skip()] * 2

    on(parts["entry"].input, entry_chosen, parts["entry"], sure)
    on(parts["drop"].click, lambda mine: [gr.Row(visible=False), gr.Row(visible=True)], None, sure)
    kept = [sure[0], parts["entry"]]
    on(parts["out_no"].click, lambda mine: [gr.Row(visible=False), gr.Dropdown(value=None)], None, kept)
    on(parts["drop_no"].click, lambda mine: gr.Row(visible=False), None, sure[1])
    on(parts["halt"].click, lambda mine: mine.shelf.halt(), None, None)
