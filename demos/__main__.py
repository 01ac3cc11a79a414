"""`python -m demos list` and `python -m demos run NAME`: one demo in this process, told in JSON lines.

Standard output holds nothing but JSON: for `list` one array, for `run` one line for each event (`start`,
`frame`, then `result`, `stopped` or `error`). Exit status: 0 done or stopped, 1 an error that the last line
names, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from demos.catalogue import DEMOS
from demos.knobs import PRESETS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demos", description="Small generative models, trained live."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the demos and their knobs, as JSON")
    run = commands.add_parser("run", help="run one demo")
    run.add_argument("name", help="the demo")
    run.add_argument(
        "--set", action="append", default=[], metavar="KNOB=VALUE", help="set a knob; repeatable"
    )
    run.add_argument("--seed", type=int, default=0, help="fixes randomness (default 0)")
    run.add_argument("--device", default="auto", help="auto, cpu or cuda (default auto)")
    run.add_argument("--preset", choices=PRESETS, default="quick", help="how much to do (default quick)")
    run.add_argument(
        "--budget", type=float, help="seconds of training at most (default: those of the preset)"
    )
    run.add_argument(
        "--input", action="append", default=[], metavar="NAME=PATH",
        help="a file or folder that the demo works on, such as base=FOLDER or cards=FILE; repeatable",
    )  # fmt: skip
    run.add_argument("--out", type=Path, required=True, help="folder for frames and result.json")
    run.add_argument(
        "--stdin-is-lifeline",
        action="store_true",
        help="die, with the process group, when standard input ends",
    )
    return parser


def _pairs(
    parser: argparse.ArgumentParser, asked: argparse.Namespace, option: str, form: str
) -> dict[str, str]:
    """The values of an option that is given as NAME=VALUE, by name."""
    found: dict[str, str] = {}
    for text in getattr(asked, option):
        name, equals, value = text.partition("=")
        if not equals:
            parser.error(f"--{option} {text}: write {form}")
        found[name.strip()] = value.strip()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives the exit status."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.command == "list":
        print(json.dumps([demo.described() for demo in DEMOS], ensure_ascii=False))
        return 0
    knobs, paths = _pairs(parser, asked, "set", "KNOB=VALUE"), _pairs(parser, asked, "input", "NAME=PATH")
    if asked.budget is not None and not 0 < asked.budget <= 3600:
        parser.error("--budget: from above 0 to 3600 seconds")
    if not 0 <= asked.seed < 2**62:
        parser.error("--seed: a whole number from 0")

    from demos.process import Order, run_process

    inputs = {name: Path(path) for name, path in paths.items()}
    order = Order(asked.name, asked.preset, knobs, asked.seed, asked.device, asked.budget, asked.out, inputs)
    return run_process(order, lifeline=asked.stdin_is_lifeline)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # all is written: taking torch down in good order would cost half a second more
