"""The commands. A door: it turns every error into one line with its remedy, and imports a part when it is used."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor import __version__
from tutor.errors import DemoError, NotesError, SettingsError, TutorError
from tutor.settings import Settings, close_environment, read_settings

if TYPE_CHECKING:
    from tutor.session import Session

STYLES = ("plain", "eli5", "expert")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns 0 when done, 1 for an error with a remedy, 2 for wrong usage."""
    close_environment()
    os.umask(0o077)
    options = _parser().parse_args(argv)
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
        sys.stderr.close()
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


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--notes",
        action="append",
        type=Path,
        metavar="DIR",
        help="notes folder in place of the bundled corpus; repeatable",
    )
    common.add_argument("--index-dir", type=Path, metavar="DIR", help="where the index lies")
    common.add_argument("--data-dir", type=Path, metavar="DIR", help="where the student's record lies")
    common.add_argument(
        "--model",
        metavar="NAME",
        help="auto, notes-only, embedded, hf:ORG/NAME, a folder, gguf:FILE or openai:MODEL@URL",
    )
    common.add_argument("--seed", type=int, metavar="N", help="fixes every random choice")
    parser = argparse.ArgumentParser(
        prog="tutor",
        description="A chat tutor for generative AI that answers from study notes on your own machine.",
        epilog="Without a command, the chat page opens in the browser's address 127.0.0.1:7860.",
        parents=[common],
    )
    parser.add_argument("--version", action="version", version=f"tutor {__version__}")
    parser.add_argument("--host", help="address to serve the page on")
    parser.add_argument("--port", type=int, help="port to serve the page on")
    parser.add_argument(
        "--share", action="store_true", default=None, help="refused: the page stays on this machine"
    )
    parser.add_argument("--auth", type=Path, metavar="FILE", help="names and hashed passwords for a class")
    parser.set_defaults(run=_page)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_commands(commands, common)
    return parser


def _add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    def add(name: str, run: Callable[..., int], help: str) -> argparse.ArgumentParser:
        # Options given before the command must survive: a command's own defaults would overwrite them.
        command: argparse.ArgumentParser = commands.add_parser(
            name, parents=[common], help=help, description=help, argument_default=argparse.SUPPRESS
        )
        for action in command._actions:
            if action.dest != "help":
                action.default = argparse.SUPPRESS
        command.set_defaults(run=run)
        return command

    json_help = "print JSON on standard output"
    add("index", _index, "build or refresh the index").add_argument(
        "--json", action="store_true", help=json_help
    )
    for name, run, help in (
        ("search", _search, "find passages of the notes"),
        ("ask", _ask, "answer a question from the notes"),
    ):
        command = add(name, run, help)
        command.add_argument("question", nargs="?", metavar="QUESTION")
        command.add_argument(
            "--batch",
            type=Path,
            metavar="FILE",
            help="JSON lines of {id, question, history?, style?}; prints JSON lines",
        )
        command.add_argument("--json", action="store_true", help=json_help)
        if name == "search":
            command.add_argument("-k", type=_count, help="number of passages (5)")
        else:
            command.add_argument("--style", choices=STYLES, help="level of the answer")
    add("chat", _chat, "chat in the terminal").add_argument(
        "--style", choices=STYLES, help="level of the answers"
    )
    command = add("quiz", _quiz, "quiz on a topic")
    command.add_argument("topic", nargs="*", metavar="TOPIC")
    command.add_argument("-n", type=_count, help="number of questions (5)")
    command.add_argument("--json", action="store_true", help="print the items as JSON and ask nothing")
    command = add("demo", _demo, "list the demos, or run one")
    command.add_argument("action", choices=("list", "run"))
    command.add_argument("name", nargs="?", metavar="NAME")
    command.add_argument("--set", action="append", metavar="KNOB=VALUE", help="set a knob; repeatable")
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), help="where to train (auto)")
    command.add_argument("--out", type=Path, metavar="DIR", help="folder for the pictures")
    command.add_argument("--json", action="store_true", help=json_help)
    command = add("models", _models, "list chat models, or get one")
    command.add_argument("action", nargs="?", choices=("list", "get"), default="list")
    command.add_argument("name", nargs="?", metavar="NAME")
    command.add_argument("--json", action="store_true", help=json_help)
    command = add("eval", _eval, "measure this installation on the bundled questions")
    command.add_argument("suites", nargs="*", metavar="SUITE")
    command.add_argument("--json", action="store_true", help=json_help)
    add("doctor", _doctor, "check this installation").add_argument(
        "--json", action="store_true", help=json_help
    )


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100:
        raise argparse.ArgumentTypeError("a number from 1 to 100")
    return number


def _given(options: argparse.Namespace) -> dict[str, Any]:
    names = ("notes", "index_dir", "data_dir", "model", "seed", "host", "port", "share", "auth")
    return {name: getattr(options, name, None) for name in names}


def _flag(options: argparse.Namespace, name: str, default: Any = None) -> Any:
    value = getattr(options, name, None)
    return default if value is None else value


@contextmanager
def _session(settings: Settings, *, record: bool = False, model: bool = True) -> Iterator[Session]:
    from tutor.session import open_session
    from tutor.terminal import progress_display

    with progress_display() as report:
        session = open_session(settings, record=record, model=model, on_progress=report)
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
    if settings.auth is not None:
        raise SettingsError("--auth is not supported yet", "Leave it out and keep the page on 127.0.0.1.")
    from tutor.ui import check_address, serve

    check_address(settings)
    with _session(settings, record=True) as session:
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
    from tutor.terminal import print_json, progress_display

    with progress_display() as report:
        done = refresh_index(
            settings.notes,
            settings.index_dir,
            Embedding(),
            passage_tokens=settings.passage_tokens,
            on_progress=report,
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
            results = session.search(entry["question"], k=k)
            if _flag(options, "batch"):
                print_json({"id": entry["id"], "results": results})
            elif _flag(options, "json"):
                print_json(results)
            else:
                for result in results:
                    first, last = result["lines"]
                    print(
                        f"{result['rank']}. {result['score']:.2f}  {result['note']}:{first}-{last}  {' > '.join(result['heading'])}"
                    )
                    print("   " + " ".join(result["text"].split())[:160])
    return 0


def _ask(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.terminal import print_json, show

    questions = _questions(options)
    batch, as_json = _flag(options, "batch"), _flag(options, "json")
    with _session(settings) as session:
        for entry in questions:
            style = entry.get("style") or _flag(options, "style")
            events = session.ask(entry["question"], history=entry.get("history", ()), style=style)
            if batch or as_json:
                answer = session.collect(events)
                print_json(({"id": entry["id"]} if batch else {}) | answer.to_contract())
            else:
                show(events)
    return 0


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
        lines = batch.read_text(encoding="utf-8").splitlines()
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
    if not isinstance(entry, dict) or not isinstance(entry.get("question"), str) or "id" not in entry:
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
    from tutor.terminal import show

    with _session(settings, record=True) as session:
        print(
            f"{session.library_line}. {session.model_reason}\nAsk a question; an empty line or Ctrl-D ends the chat."
        )
        chat_id = session.new_chat()
        while True:
            try:
                message = input("\n> ").strip()
            except EOFError:
                message = ""
            if not message:
                return 0
            show(session.respond(chat_id, message, style=_flag(options, "style")))


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
        while session.quiz_is_open(chat_id):
            try:
                message = input("\n> ").strip()
            except EOFError:
                return 0
            if message:
                show(session.respond(chat_id, message))
    return 0


def _demo(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.jobs import list_demos

    if options.action == "list":
        return _list_demos(list_demos(settings.root), bool(_flag(options, "json")))
    if not _flag(options, "name"):
        return _usage("name the demo to run, as in `tutor demo run gan-2d`")
    return _run_demo(options, settings)


def _list_demos(demos: list[dict[str, Any]], as_json: bool) -> int:
    from tutor.terminal import print_json

    if as_json:
        print_json(demos)
        return 0
    for demo in demos:
        print(f"{demo['name']:<14} {demo['title']} (about {demo['expected_s']:.0f} s)")
        for knob in demo["knobs"]:
            bounds = (
                ", ".join(knob["choices"])
                if knob["choices"]
                else f"{knob['low']:g} to {knob['high']:g} {knob['unit']}".strip()
            )
            print(f"    {knob['name']:<10} {knob['default']!s:<8} {bounds}: {knob['help']}")
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
            out=out, budget_s=settings.demo_budget_s, stop=None,
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
    from tutor.terminal import print_json

    with _session(settings) as session:
        report = evaluate(session, _flag(options, "suites", []))
    if _flag(options, "json"):
        print_json(report.to_json())
    else:
        print(report.to_text())
    return 0


def _doctor(options: argparse.Namespace, settings: Settings) -> int:
    from tutor.doctor import checks
    from tutor.terminal import print_json

    found = []
    for check in checks(settings):
        found.append(check)
        if not _flag(options, "json"):
            remedy = f" → {check.remedy}" if check.remedy else ""
            print(f"{'ok ' if check.ok else 'NO '} {check.name}: {check.detail}{remedy}", flush=True)
    if _flag(options, "json"):
        print_json([check.to_contract() for check in found])
    return 0 if all(check.ok for check in found) else 1
