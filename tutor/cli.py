"""The commands. A door: it turns every error into one line with its remedy, and imports a part when it is used."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.arguments import build_parser
from tutor.cli_demo import demo
from tutor.cli_export import export, import_cards
from tutor.cli_quiz import grade, progress, quiz
from tutor.cli_users import users
from tutor.command_line import flag, open_class, open_notes, show_turn, typed, usage
from tutor.errors import NotesError, TutorError
from tutor.settings import Settings, close_environment, read_settings
from tutor.turns import STYLES

if TYPE_CHECKING:
    from tutor.session import Session
    from tutor.turns import Event


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns 0 when done, 1 for an error with a remedy, 2 for wrong usage."""
    close_environment()
    os.umask(0o077)
    options = build_parser(_RUNS).parse_args(argv)
    try:
        settings = read_settings(_given(options))
        run: Callable[[argparse.Namespace, Settings], int] = options.run
        return run(options, settings)
    except TutorError as error:
        print(f"tutor: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ntutor: stopped; nothing is lost.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read the output is gone; what Python still holds back must not fail at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - this is a door
        return _report(error)


def _report(error: Exception) -> int:
    """What a student sees of an error nobody foresaw; the details go to a file they can send."""
    import tempfile

    handle, path = tempfile.mkstemp(prefix="tutor-error-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    print(
        f"tutor: something went wrong ({type(error).__name__}: {error}). Details are in {path}.",
        file=sys.stderr,
    )
    return 1


def _given(options: argparse.Namespace) -> dict[str, Any]:
    names = "notes library index_dir data_dir model seed host port share auth api mcp".split()
    return {name: getattr(options, name, None) for name in names}


def _beside(work: Callable[[], None]) -> None:
    """Does work beside; what goes wrong is told like any other error, and comes again when a student needs it."""
    try:
        work()
    except TutorError as error:
        print(f"tutor: {error}", file=sys.stderr, flush=True)


def _page(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.ui import SHARE_WARNING, RunningPage, check_address, serve

    def ready(page: RunningPage, warm_up: Callable[[], None]) -> None:
        print(f"The tutor is ready: {page.url}  (Ctrl-C ends it)", flush=True)
        if page.shared_url:
            print(f"Shared with the internet: {page.shared_url}", flush=True)
        # The page is there before the weights: a student reads and types while they load.
        threading.Thread(target=_beside, args=(warm_up,), name="warm-up", daemon=True).start()

    check_address(settings)
    if settings.share:
        print(f"tutor: {SHARE_WARNING}", file=sys.stderr, flush=True)
    if settings.auth is not None:
        with open_class(settings) as classroom:
            serve(classroom, settings, on_ready=lambda page: ready(page, classroom.shared.warm_up))
        return 0
    with open_notes(settings, record=True, resume=True) as session:
        serve(session, settings, on_ready=lambda page: ready(page, session.warm_up))
    return 0


def _index(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.embedding import Embedding
    from tutor.index import refresh_index
    from tutor.libraries import with_library
    from tutor.terminal import print_json, progress_display

    settings = with_library(settings)
    with progress_display() as report:
        done = refresh_index(
            settings.notes,
            settings.index_dir,
            Embedding(),
            passage_tokens=settings.passage_tokens,
            on_progress=report,
            rebuild=bool(flag(options, "rebuild")),
        )
    if flag(options, "json"):
        print_json(done.to_contract())
        return 0
    print(
        f"{done.notes} notes, {done.passages} passages, {done.cards} cards, {done.quiz_items} quiz questions: "
        f"{done.added} notes added, {done.updated} updated, {done.removed} removed, {done.unchanged} unchanged; "
        f"{done.embedded} passages embedded in {done.seconds:.1f} s."
    )
    for entry in done.skipped:
        print(f"skipped {entry.path}: {entry.reason}")
    return 0


def _search(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.terminal import print_json

    k = flag(options, "k", 5)
    questions = _questions(options)
    with open_notes(settings, model=False) as session:
        for entry in questions:
            results = session.search(entry["question"], k=k, history=entry.get("history") or ())
            if flag(options, "batch"):
                print_json({"id": entry["id"], "results": results})
            elif flag(options, "json"):
                print_json(results)
            else:
                for result in results:
                    first, last = result["lines"]
                    place = f"{result['note']}:{first}-{last}  {' > '.join(result['heading'])}"
                    print(f"{result['rank']}. {result['score']:.2f}  {place}")
                    print("   " + " ".join(result["text"].split())[:160])
    return 0


def _ask(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.terminal import print_json, show

    questions = _questions(options)
    batch, as_json = flag(options, "batch"), flag(options, "json")
    with open_notes(settings) as session:
        session.warm_up()
        for entry in questions:
            style = entry.get("style") or flag(options, "style")
            events = session.ask(entry["question"], history=entry.get("history") or (), style=style)
            if batch or as_json:
                answer = session.collect(_told(events))
                print_json(({"id": entry["id"]} if batch else {}) | answer.to_contract())
            else:
                show(events)
    return 0


def _told(events: Iterable[Event]) -> Iterator[Event]:
    """The same events; what the program has to say is said on standard error."""
    from tutor.turns import Notice

    for event in events:
        if isinstance(event, Notice):
            print(f"tutor: {event.text}", file=sys.stderr)
        yield event


def _questions(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The question of the command line, or those of the batch file, checked."""
    question, batch = flag(options, "question"), flag(options, "batch")
    if (question is None) == (batch is None):
        raise SystemExit(usage("give either a QUESTION or --batch FILE"))
    if batch is None:
        if not question.strip():
            raise SystemExit(usage("the question is empty"))
        return [{"id": "1", "question": question}]
    try:
        lines = batch.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise NotesError(
            f"The batch file {batch} cannot be read ({error})", "Check the path; it must be UTF-8 text."
        ) from error
    return [_batch_entry(batch, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _batch_entry(batch: Path, number: int, line: str) -> dict[str, Any]:
    remedy = 'Write one JSON object a line: {"id": "1", "question": "..."}.'
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise NotesError(f"Line {number} of {batch} is not JSON ({error})", remedy) from error
    question = entry.get("question") if isinstance(entry, dict) else None
    if not isinstance(question, str) or not question.strip() or "id" not in entry:
        raise NotesError(f"Line {number} of {batch} has no id or no question", remedy)
    history = entry.get("history") or []
    if not isinstance(history, list) or not all(
        isinstance(turn, dict) and isinstance(turn.get("role"), str) and isinstance(turn.get("content"), str)
        for turn in history
    ):
        raise NotesError(
            f"Line {number} of {batch} has a bad history", 'Write [{"role": "user", "content": "..."}].'
        )
    if entry.get("style") not in (None, *STYLES):
        raise NotesError(
            f"Line {number} of {batch} has the unknown style {entry['style']!r}",
            f"The styles are {', '.join(STYLES)}.",
        )
    return entry


def _chat(options: argparse.Namespace, settings: Settings) -> int:
    with open_notes(settings, record=True) as session:
        name = f"{session.library.name}: " if session.library.own else ""
        print(
            f"{name}{session.library_line}. {session.model_reason}\n"
            "Ask a question; an empty line, “quit” or Ctrl-D ends the chat."
        )
        if session.studies.due_line:
            print(session.studies.due_line)
        chat_id = _resumed(session)
        while (message := typed()) and message.lower() not in ("quit", "exit", "bye"):
            if message.lower() in _NEW_CHAT:
                chat_id = ""
                print("A new conversation: ask a question.")
                continue
            chat_id = chat_id or session.new_chat()
            show_turn(session.respond(chat_id, message, style=flag(options, "style")))
    return 0


_NEW_CHAT = ("/new", "new chat", "new conversation")


def _resumed(session: Session) -> str:
    """The id of the last conversation, where its quiz is open: the question is shown again; else empty."""
    last = session.open_quiz()
    if last is None:
        return ""
    print(
        f"A quiz is open in your last conversation, “{last.title}”: it goes on here. "
        "“stop” ends it, “new chat” begins another conversation."
    )
    show_turn(session.resume_quiz(last.id))
    return last.id


def _models(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.models import get_model, installed_models
    from tutor.terminal import print_json, progress_display

    if flag(options, "action") == "get":
        if not flag(options, "name"):
            return usage("name the model to get, as in `tutor models get embedded`")
        with progress_display() as report:
            path = get_model(
                options.name, settings, lambda stage, share: report(stage, int(100 * share), 100)
            )
        if not flag(options, "json"):
            print(f"{options.name} is ready in {path}.")
            return 0
    found = installed_models(settings)
    if flag(options, "json"):
        print_json(found)
        return 0
    for model in found:
        state = "installed" if model["installed"] else "not installed"
        fits = "" if model["fits"] else ", too large for this machine"
        print(f"{model['name']:<28} {state}{fits}. {model['note']}")
    return 0


def _eval(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.evaluation import evaluate
    from tutor.terminal import print_json, progress_display

    with open_notes(settings) as session, progress_display() as progress:
        report = evaluate(session, flag(options, "suites", []), on_progress=progress)
    if flag(options, "json"):
        print_json(report.to_json())
    else:
        print(report.to_text())
    return 0


def _doctor(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.doctor import checks
    from tutor.libraries import with_library
    from tutor.terminal import print_json

    found = []
    for check in checks(with_library(settings)):
        found.append(check)
        if not flag(options, "json"):
            remedy = f" → {check.remedy}" if check.remedy else ""
            print(f"{'ok ' if check.ok else 'NO '} {check.name}: {check.detail}{remedy}", flush=True)
    if flag(options, "json"):
        print_json([check.to_contract() for check in found])
    return 0 if all(check.ok for check in found) else 1


_RUNS = {
    "": _page,
    "index": _index,
    "search": _search,
    "ask": _ask,
    "chat": _chat,
    "quiz": quiz,
    "export": export,
    "import": import_cards,
    "grade": grade,
    "progress": progress,
    "demo": demo,
    "models": _models,
    "users": users,
    "eval": _eval,
    "doctor": _doctor,
}
