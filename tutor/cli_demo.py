"""The commands around demos."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tutor.command_line import flag, usage
from tutor.errors import DemoError
from tutor.settings import Settings


def demo(options: argparse.Namespace, settings: Settings) -> int:
    """`tutor demo`: list, run or compare."""
    from tutor.jobs import list_demos

    if options.action == "list":
        return _list_demos(list_demos(settings.root), bool(flag(options, "json")))
    if options.action == "compare":
        return _compare_runs(options)
    if flag(options, "other"):
        return usage("`tutor demo run` takes one name")
    if not flag(options, "name"):
        return usage("name the demo to run, as in `tutor demo run gan-2d`")
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

    if not flag(options, "name") or not flag(options, "other"):
        return usage("name the folders of two runs, as in `tutor demo compare DIR DIR`")
    one, two = read_run(Path(options.name)), read_run(Path(options.other))
    if flag(options, "json"):
        print_json(compared(one, two))
    else:
        print(*table_lines(comparison_table(one, two)), sep="\n")
    return 0


def _run_demo(options: argparse.Namespace, settings: Settings) -> int:
    import tempfile

    from tutor.demo_inputs import base_input
    from tutor.jobs import DemoFrame, DemoResult, run_demo
    from tutor.terminal import print_json, progress_display
    from tutor.tools import result_to_contract

    knobs = {}
    for pair in flag(options, "set", []):
        name, sign, value = pair.partition("=")
        if not sign:
            raise DemoError(f"--set {pair} has no value", "Write --set KNOB=VALUE.")
        knobs[name] = value
    out = flag(options, "out") or Path(tempfile.mkdtemp(prefix=f"tutor-{options.name}-"))
    result = None
    with progress_display() as report:
        for event in run_demo(
            settings.root, options.name, knobs, seed=settings.seed or 0, device=flag(options, "device", "auto"),
            out=out, preset=flag(options, "preset", "quick"), budget_s=settings.demo_budget_s, stop=None,
            inputs=base_input(settings.cache_dir) | _cards_of(settings, options, out),
        ):  # fmt: skip
            if isinstance(event, DemoFrame):
                report(f"Training {options.name}", event.step, event.total_steps)
            elif isinstance(event, DemoResult):
                result = result_to_contract(event)
    if result is None:
        raise DemoError(f"The demo {options.name} ended without a result", "Run it again.")
    if flag(options, "json"):
        print_json(result)
        return 0
    print(result["verdict"], *(f"- {text}" for text in result["observations"]), *result["images"], sep="\n")
    return 0


def _cards_of(settings: Settings, options: argparse.Namespace, out: Path) -> dict[str, Path]:
    """The cards of the notes that `--cards` names, as a file for the demo."""
    from tutor.demo_inputs import card_input
    from tutor.jobs import list_demos
    from tutor.notes import read_library

    folder = flag(options, "cards")
    if folder is None:
        return {}
    known = next((one for one in list_demos(settings.root) if one["name"] == options.name), {})
    if "cards" not in known.get("inputs", ()):
        return {}
    cards = [
        (card.question.words, card.answer.words)
        for note in read_library([folder]).notes
        for card in note.cards
    ]
    return card_input(folder.resolve().name, cards, out)
