"""The commands. A door: it turns every error into one line with its remedy, and imports a part when it is used."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.arguments import build_parser
from tutor.errors import DemoError, NotesError, SettingsError, TutorError
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
    names = ("notes", "library", "index_dir", "data_dir", "model", "seed", "host", "port", "share", "auth")
    return {name: getattr(options, name, None) for name in names}


def _flag(options: argparse.Namespace, name: str, default: Any = None) -> Any:
    value = getattr(options, name, None)
    return default if value is None else value


@contextmanager
def _session(
    settings: Settings, *, record: bool = False, model: bool = True, resume: bool = False
) -> Iterator[Session]:
    from tutor.session import open_session
    from tutor.terminal import progress_display

    with progress_display() as report:
        session = open_session(
            settings, record=record, model=model, watch=record, resume=resume, on_progress=report
        )
    try:
        for message in session.messages:
            print(f"tutor: {message}", file=sys.stderr)
        yield session
    finally:
        session.close()


def _page(options: argparse.Namespace, settings: Settings) -> int:
    if settings.share:
        raise SettingsError(
            "--share would publish your notes on another host",
            "Leave it out; serve a class with --host and --auth.",
        )
    from tutor.ui import check_address, serve

    check_address(settings)
    with _session(settings, record=True, resume=True) as session:
        session.warm_up()
        serve(
            session,
            settings,
            on_ready=lambda url: print(f"The tutor is ready: {url}  (Ctrl-C ends it)", flush=True),
        )
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
            rebuild=bool(_flag(options, "rebuild")),
        )
    if _flag(options, "json"):
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

    k = _flag(options, "k", 5)
    questions = _questions(options)
    with _session(settings, model=False) as session:
        for entry in questions:
            results = session.search(entry["question"], k=k, history=entry.get("history") or ())
            if _flag(options, "batch"):
                print_json({"id": entry["id"], "results": results})
            elif _flag(options, "json"):
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
    batch, as_json = _flag(options, "batch"), _flag(options, "json")
    with _session(settings) as session:
        session.warm_up()
        for entry in questions:
            style = entry.get("style") or _flag(options, "style")
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
    question, batch = _flag(options, "question"), _flag(options, "batch")
    if (question is None) == (batch is None):
        raise SystemExit(_usage("give either a QUESTION or --batch FILE"))
    if batch is None:
        if not question.strip():
            raise SystemExit(_usage("the question is empty"))
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


def _usage(message: str) -> int:
    print(f"tutor: {message}; see `tutor --help`.", file=sys.stderr)
    return 2


def _chat(options: argparse.Namespace, settings: Settings) -> int:
    with _session(settings, record=True) as session:
        name = f"{session.library.name}: " if session.library.own else ""
        print(
            f"{name}{session.library_line}. {session.model_reason}\n"
            "Ask a question; an empty line, “quit” or Ctrl-D ends the chat."
        )
        chat_id = ""
        while (message := _typed()) and message.lower() not in ("quit", "exit", "bye"):
            chat_id = chat_id or session.new_chat()
            _show_turn(session.respond(chat_id, message, style=_flag(options, "style")))
    return 0


def _typed() -> str | None:
    """What the student types; None at the end of the input."""
    try:
        return input("\n> ").strip()
    except EOFError:
        return None


def _show_turn(events: Iterator[Event]) -> None:
    """Prints a turn; one that fails says so and leaves the conversation open."""
    from tutor.terminal import show

    try:
        show(events)
    except TutorError as error:
        print(f"tutor: {error}", file=sys.stderr)


def _quiz(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.terminal import print_json, show

    topic, n = " ".join(_flag(options, "topic", [])), _flag(options, "n", 5)
    as_json = _flag(options, "json")
    with _session(settings, record=not as_json, model=False) as session:
        if as_json:
            print_json([item.to_contract() for item in session.quiz_items(topic, n)])
            return 0
        chat_id = session.new_chat()
        show(session.start_quiz(chat_id, topic, n))
        while session.quiz_is_open(chat_id) and (message := _typed()) is not None:
            if message:
                _show_turn(session.respond(chat_id, message))
    return 0


def _demo(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.jobs import list_demos

    if options.action == "list":
        return _list_demos(list_demos(settings.root), bool(_flag(options, "json")))
    if options.action == "compare":
        return _compare_runs(options)
    if _flag(options, "other"):
        return _usage("`tutor demo run` takes one name")
    if not _flag(options, "name"):
        return _usage("name the demo to run, as in `tutor demo run gan-2d`")
    return _run_demo(options, settings)


def _list_demos(demos: list[dict[str, Any]], as_json: bool) -> int:
    from tutor.terminal import print_json

    if as_json:
        print_json(demos)
        return 0
    for demo in demos:
        print(f"{demo['name']:<28} {demo['title']} (about {demo['expected_s']:.0f} s)")
        for knob in demo["knobs"]:
            bounds = (
                ", ".join(knob["choices"])
                if knob["choices"]
                else f"{knob['low']:g} to {knob['high']:g} {knob['unit']}".strip()
            )
            print(f"    {knob['name']:<10} {knob['default']!s:<8} {bounds}: {knob['help']}")
    return 0


def _compare_runs(options: argparse.Namespace) -> int:
    from tutor.runs import compared, comparison_table, read_run
    from tutor.terminal import print_json, table_lines

    if not _flag(options, "name") or not _flag(options, "other"):
        return _usage("name the folders of two runs, as in `tutor demo compare DIR DIR`")
    one, two = read_run(Path(options.name)), read_run(Path(options.other))
    if _flag(options, "json"):
        print_json(compared(one, two))
    else:
        print(*table_lines(comparison_table(one, two)), sep="\n")
    return 0


def _run_demo(options: argparse.Namespace, settings: Settings) -> int:
    import tempfile

    from tutor.jobs import DemoFrame, DemoResult, run_demo
    from tutor.terminal import print_json, progress_display
    from tutor.tools import result_to_contract

    knobs = {}
    for pair in _flag(options, "set", []):
        name, sign, value = pair.partition("=")
        if not sign:
            raise DemoError(f"--set {pair} has no value", "Write --set KNOB=VALUE.")
        knobs[name] = value
    out = _flag(options, "out") or Path(tempfile.mkdtemp(prefix=f"tutor-{options.name}-"))
    result = None
    with progress_display() as report:
        for event in run_demo(
            settings.root, options.name, knobs, seed=settings.seed or 0, device=_flag(options, "device", "auto"),
            out=out, preset=_flag(options, "preset", "quick"), budget_s=settings.demo_budget_s, stop=None,
        ):  # fmt: skip
            if isinstance(event, DemoFrame):
                report(f"Training {options.name}", event.step, event.total_steps)
            elif isinstance(event, DemoResult):
                result = result_to_contract(event)
    if result is None:
        raise DemoError(f"The demo {options.name} ended without a result", "Run it again.")
    if _flag(options, "json"):
        print_json(result)
        return 0
    print(result["verdict"], *(f"- {text}" for text in result["observations"]), *result["images"], sep="\n")
    return 0


def _models(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.models import get_model, installed_models
    from tutor.terminal import print_json, progress_display

    if _flag(options, "action") == "get":
        if not _flag(options, "name"):
            return _usage("name the model to get, as in `tutor models get embedded`")
        with progress_display() as report:
            path = get_model(
                options.name, settings, lambda stage, share: report(stage, int(100 * share), 100)
            )
        if not _flag(options, "json"):
            print(f"{options.name} is ready in {path}.")
            return 0
    found = installed_models(settings)
    if _flag(options, "json"):
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

    with _session(settings) as session, progress_display() as progress:
        report = evaluate(session, _flag(options, "suites", []), on_progress=progress)
    if _flag(options, "json"):
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
        if not _flag(options, "json"):
            remedy = f" → {check.remedy}" if check.remedy else ""
            print(f"{'ok ' if check.ok else 'NO '} {check.name}: {check.detail}{remedy}", flush=True)
    if _flag(options, "json"):
        print_json([check.to_contract() for check in found])
    return 0 if all(check.ok for check in found) else 1


_RUNS = {
    "": _page,
    "index": _index,
    "search": _search,
    "ask": _ask,
    "chat": _chat,
    "quiz": _quiz,
    "demo": _demo,
    "models": _models,
    "eval": _eval,
    "doctor": _doctor,
}
