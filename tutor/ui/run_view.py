"""Demos and their runs as the page shows them: the description, the progress, the outcome with its questions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import PurePosixPath
from typing import Any

from tutor.lesson import run_questions
from tutor.notes import Note
from tutor.ui.markup import inline_html
from tutor.ui.note_view import Place
from tutor.ui.rendering import outcome_html

Data = Mapping[str, Any]

PRESETS = ("quick", "normal", "long")
_STEPS_ON_A_SLIDER = 1000


def related(notes: Iterable[Note], names: Sequence[str]) -> list[Note]:
    """The notes that a demo or a run names, as far as the library has them."""
    found = {PurePosixPath(note.path).stem: note for note in notes}
    return [found[name] for name in names if name in found]


def _links(notes: Sequence[Note]) -> str:
    links = ", ".join(f'<a href="{escape(Place(note.path).href)}">{escape(note.title)}</a>' for note in notes)
    return f"<p>In your notes: {links}</p>" if links else ""


def demo_html(demo: Data, notes: Iterable[Note]) -> str:
    """What a demo shows, and the notes that explain it."""
    head = f"<h2>{escape(str(demo['title']))}</h2>\n\n<p>{inline_html(str(demo['summary']))}</p>"
    return f"{head}\n\n{_links(related(notes, demo['notes']))}"


def preset_choices(demo: Data, budget_s: float | None) -> list[tuple[str, str]]:
    """The presets of a demo, each with the seconds to expect: those measured for "quick", else the most it may take."""
    told = []
    for name in PRESETS:
        most = budget_s or float(demo["presets"][name]["budget_s"])
        expected = float(demo["expected_s"])
        about = f"about {expected:.0f} s" if name == "quick" and expected <= most else f"up to {most:.0f} s"
        told.append((f"{name.capitalize()} ({about})", name))
    return told


def knob_values(demo: Data, preset: str) -> dict[str, Any]:
    """Each knob of a demo with its value in a preset."""
    set_by = demo["presets"].get(preset, {}).get("knobs", {})
    return {knob["name"]: set_by.get(knob["name"], knob["default"]) for knob in demo["knobs"]}


def kept_values(demo: Data, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a kept run's knobs, as far as the demo has such knobs and allows such values."""
    found = {}
    for knob in demo["knobs"]:
        value = kept.get(knob["name"])
        if knob["kind"] == "choice":
            allowed = value in knob["choices"]
        else:
            allowed = isinstance(value, int | float) and knob["low"] <= value <= knob["high"]
        if allowed:
            found[knob["name"]] = value
    return found


def changed_knobs(demo: Data, preset: str, values: Mapping[str, Any]) -> dict[str, float | str]:
    """The knobs whose values are not those of the preset, whole numbers as such; whether they are allowed is for
    the tool to say."""
    before = knob_values(demo, preset)
    found: dict[str, float | str] = {}
    for knob in demo["knobs"]:
        value = values.get(knob["name"])
        if value is None or value == before[knob["name"]]:
            continue
        whole = knob["kind"] == "int" and isinstance(value, float) and value.is_integer()
        found[knob["name"]] = int(value) if whole else value
    return found


def slider_step(knob: Data) -> float:
    """A step of a knob's slider on which its default lies: a power of ten, 1 for a whole number."""
    if knob["kind"] == "int":
        return 1
    span = (float(knob["high"]) - float(knob["low"])) / _STEPS_ON_A_SLIDER
    finest = min([span, *(abs(float(value)) for value in (knob["default"], knob["low"]) if value)])
    return float(10.0 ** math.floor(math.log10(finest) + 1e-9))


def knob_label(knob: Data) -> str:
    """A knob's name in words with its unit."""
    name = str(knob["name"]).replace("_", " ")
    return f"{name} ({knob['unit']})" if knob["unit"] else name


def knob_info(knob: Data) -> str:
    """What a knob is, and its bounds."""
    if knob["kind"] == "choice":
        return str(knob["help"])
    return f"{knob['help']}; {knob['low']:g} to {knob['high']:g}"


# -- a run -----------------------------------------------------------------------------------------------------------


def progress_html(event: Data) -> str:
    """How far a run is, in words and as a bar."""
    step, steps = int(event.get("step", 0)), max(1, int(event.get("total_steps", 0)))
    left = max(0, round(float(event.get("left_s") or 0)))
    line = f"step {step} of {steps} · about {left} s left"
    caption = inline_html(str(event.get("caption", ""))[:400])
    return f"<p>{caption}</p>{bar_html(step / steps)}<p><small>{line}</small></p>"


def bar_html(share: float, reach: float = 0.0) -> str:
    """A bar as wide as a share, in steps of five hundredths, and paler up to its reach; the words beside it say the
    figures."""
    width, whole = (5 * round(20 * min(1.0, max(0.0, part))) for part in (share, reach))
    rest = f'<div class="w{whole - width} rest"></div>' if whole > width else ""
    return f'<div class="bar"><div class="w{width}"></div>{rest}</div>'


def run_html(result: Data, notes: Iterable[Note], compared: str = "", stopped: bool = False) -> str:
    """How a run ended: the prediction beside it, verdict, figures, observations, questions that unfold, notes.

    Args:
        result: the contract's fields of `tutor demo run`, also as a run's folder keeps them.
        compared: the prediction beside what came out; empty where none was made.
    """
    own = related(notes, list(result.get("notes") or ()))
    questions = "".join(
        f"<details><summary>{inline_html(one.text)}</summary><p>{inline_html(one.told) or 'Look it up:'} "
        f"{_links(own[:2]) if not one.told else ''}</p></details>"
        for one in (run_questions(result, [note.title for note in own]) if result.get("metrics") else ())
    )
    asked = f"<h3>Questions on this run</h3>{questions}" if questions else ""
    foretold = f'<p class="foretold">{inline_html(compared[:800])}</p>' if compared else ""
    return "\n\n".join(part for part in (foretold, outcome_html(result, stopped), asked, _links(own)) if part)
