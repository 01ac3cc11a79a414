"""The words of the command line: commands, options and their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tutor import __version__
from tutor.quiz.items import KINDS
from tutor.settings import Settings
from tutor.turns import STYLES

Run = Callable[[argparse.Namespace, Settings], int]


def build_parser(runs: Mapping[str, Run]) -> argparse.ArgumentParser:
    """The parser of the command `tutor`.

    Args:
        runs: command -> the function that runs it; "" for `tutor` alone. The parsed `run` holds it.
    """
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--notes",
        action="append",
        type=Path,
        metavar="DIR",
        help="notes folder in place of the bundled corpus; repeatable",
    )
    common.add_argument("--library", metavar="NAME", help="one of the libraries made on the page")
    common.add_argument("--index-dir", type=Path, metavar="DIR", help="where the index lies")
    common.add_argument("--data-dir", type=Path, metavar="DIR", help="where the student's record lies")
    common.add_argument(
        "--model",
        metavar="NAME",
        help="auto, notes-only, embedded, embedded-stock, hf:ORG/NAME, a folder, gguf:FILE or openai:MODEL@URL",
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
        "--share", action="store_true", default=None, help="opens the page to the internet; needs --auth"
    )
    parser.add_argument(
        "--auth", type=Path, metavar="FILE", help="who may log in (`tutor users`); needed beyond this machine"
    )
    for name, more in (("--api", "call the page's endpoints"), ("--mcp", "use the tutor's tools by MCP")):
        parser.add_argument(
            name, action="store_true", default=None, help=f"lets programs on this machine {more}"
        )
    parser.set_defaults(run=runs[""])
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_commands(commands, common, runs)
    return parser


def _add_commands(commands: Any, common: argparse.ArgumentParser, runs: Mapping[str, Run]) -> None:
    def add(name: str, help: str) -> argparse.ArgumentParser:
        # Options given before the command must survive: a command's own defaults would overwrite them.
        command: argparse.ArgumentParser = commands.add_parser(
            name, parents=[common], help=help, description=help, argument_default=argparse.SUPPRESS
        )
        for action in command._actions:
            if action.dest != "help":
                action.default = argparse.SUPPRESS
        command.set_defaults(run=runs[name])
        return command

    json_help = "print JSON on standard output"
    command = add("index", "build or refresh the index")
    command.add_argument("--rebuild", action="store_true", help="build it anew, also when no note changed")
    command.add_argument("--json", action="store_true", help=json_help)
    for name, help in (("search", "find passages of the notes"), ("ask", "answer a question from the notes")):
        command = add(name, help)
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
    add("chat", "chat in the terminal").add_argument("--style", choices=STYLES, help="level of the answers")
    _add_quizzes(add, json_help)
    _add_exchange(add, json_help)
    command = add("demo", "list the demos, run one, or compare two runs")
    command.add_argument("action", choices=("list", "run", "compare"))
    command.add_argument("name", nargs="?", metavar="NAME", help="the demo, or the folder of the first run")
    command.add_argument("other", nargs="?", metavar="DIR", help="the folder of the second run")
    command.add_argument("--set", action="append", metavar="KNOB=VALUE", help="set a knob; repeatable")
    command.add_argument("--preset", choices=("quick", "normal", "long"), help="how much to do (quick)")
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), help="where to train (auto)")
    command.add_argument(
        "--cards", type=Path, metavar="DIR", help="fine-tuning: learn the cards of these notes"
    )
    command.add_argument("--out", type=Path, metavar="DIR", help="folder for the pictures")
    command.add_argument("--json", action="store_true", help=json_help)
    command = add("models", "list chat models, or get one")
    command.add_argument("action", nargs="?", choices=("list", "get"), default="list")
    command.add_argument("name", nargs="?", metavar="NAME")
    command.add_argument("--json", action="store_true", help=json_help)
    command = add("eval", "measure this installation on the bundled questions")
    command.add_argument("suites", nargs="*", metavar="SUITE")
    command.add_argument("--json", action="store_true", help=json_help)
    command = add("users", "who may log in: add, remove or list")
    command.add_argument("action", choices=("add", "remove", "list"))
    command.add_argument("name", nargs="?", metavar="NAME")
    command.add_argument("--file", type=Path, metavar="FILE", help="the file that --auth names")
    command.add_argument("--json", action="store_true", help=json_help)
    add("doctor", "check this installation").add_argument("--json", action="store_true", help=json_help)


def _add_quizzes(add: Callable[[str, str], argparse.ArgumentParser], json_help: str) -> None:
    command = add("quiz", "quiz on a topic")
    command.add_argument("topic", nargs="*", metavar="TOPIC")
    command.add_argument("-n", type=_count, help="number of questions (5)")
    command.add_argument(
        "--kinds", type=_kinds, metavar="KIND,...", help=f"kinds of questions: {', '.join(KINDS)}"
    )
    command.add_argument("--due", action="store_true", help="only what is due for review")
    command.add_argument("--json", action="store_true", help="print the items as JSON and ask nothing")
    command = add("grade", "grade an answer to a question that `tutor quiz` showed")
    command.add_argument("item_id", nargs="?", metavar="ITEM_ID")
    command.add_argument("answer", nargs="*", metavar="ANSWER")
    command.add_argument(
        "--batch", type=Path, metavar="FILE", help="JSON lines of {id, item_id, answer}; prints JSON lines"
    )
    command.add_argument("--json", action="store_true", help=json_help)
    add("progress", "how you stand: mastery, what is due").add_argument(
        "--json", action="store_true", help=json_help
    )


def _add_exchange(add: Callable[[str, str], argparse.ArgumentParser], json_help: str) -> None:
    command = add("export", "cards on a topic, or a chat, as a file for other programs")
    command.add_argument("topic", nargs="*", metavar="TOPIC", help="all cards without it")
    command.add_argument("--format", choices=("anki", "gift", "csv", "markdown"), required=True)
    command.add_argument("--out", type=Path, metavar="FILE", help="where to write (a new file here)")
    command.add_argument(
        "--kinds",
        type=_kinds,
        metavar="KIND,...",
        help=f"ask each fact in these ways ({', '.join(KINDS)}); without them the notes' own questions",
    )
    command.add_argument("--chat", metavar="ID", help="a chat as a study note in place of cards, or `last`")
    command.add_argument("--json", action="store_true", help=json_help)
    command = add("import", "take a deck of Anki, or a table of cards, into a library (--library NAME)")
    command.add_argument("file", type=Path, metavar="FILE", help="an .apkg, .csv, .tsv or .txt file")
    command.add_argument("--json", action="store_true", help=json_help)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError("a number from 1 to 100")
    return int(text)


def _kinds(text: str) -> list[str]:
    kinds = [kind.strip() for kind in text.split(",") if kind.strip()]
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise argparse.ArgumentTypeError(f"one or several of {', '.join(KINDS)}")
    return list(dict.fromkeys(kinds))
