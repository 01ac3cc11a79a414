"""YAML front matter: what a note says about itself before its first line."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from tutor.notes.words import whole_signs

_OPENING = re.compile(r"\A\s*---[ \t]*\n")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_FIELD = re.compile(r"^(title|tags|prerequisites|related)[ \t]*:[ \t]*(.*)$", re.MULTILINE)


_LONGEST_CHARS = 20_000
_MOST_BRACKETS = 200


@dataclass(frozen=True)
class FrontMatter:
    """The fields that this program reads; empty where the note does not have them."""

    title: str = ""
    tags: tuple[str, ...] = ()
    prerequisites: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    """The front matter of `text`, and `text` with it blanked, so that all lines keep their numbers.

    Broken YAML does not lose the note: the known fields are then read line by line.
    """
    opening = _OPENING.match(text)
    closing = _CLOSING.search(text, opening.end()) if opening else None
    if not opening or not closing:
        return FrontMatter(), text
    inner = text[opening.end() : closing.start()]
    values = _yaml(inner)
    if values is None:
        return FrontMatter(), text
    rest = "\n" * text[: closing.end()].count("\n") + text[closing.end() :]
    found = FrontMatter(
        title=_title(values.get("title")),
        tags=_names(values.get("tags")),
        prerequisites=tuple(_note_name(name) for name in _names(values.get("prerequisites"))),
        related=tuple(_note_name(name) for name in _names(values.get("related"))),
    )
    return found, rest


def _title(value: object) -> str:
    told = isinstance(value, str | int | float | datetime.date)
    return whole_signs(" ".join(str(value).split())) if told else ""


def _yaml(inner: str) -> dict[Any, Any] | None:
    """The mapping in `inner`; None where it is no front matter but prose between two rules."""
    import yaml

    try:
        # The parser takes seconds for long front matter, and time in the square of the depth for a nested one.
        is_bounded = len(inner) <= _LONGEST_CHARS and sum(map(inner.count, "[{")) <= _MOST_BRACKETS
        values = yaml.safe_load(inner if is_bounded else "[")
    except (yaml.YAMLError, ValueError, RecursionError):
        fields = {name: value.strip().strip("\"'") for name, value in _FIELD.findall(inner)}
        return {name: _flow_list(value) for name, value in fields.items()} or None
    if values is None:
        return {}
    return values if isinstance(values, dict) else None


def _flow_list(value: str) -> str | list[str]:
    if value.startswith("[") and value.endswith("]"):
        return [item.strip().strip("\"'") for item in value[1:-1].split(",")]
    return value


def _names(value: object) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    names = (
        whole_signs(" ".join(str(item).split())) for item in items if isinstance(item, str | int | float)
    )
    return tuple(name for name in names if name)


def _note_name(name: str) -> str:
    """The file name without folder, ending and link brackets."""
    bare = name.strip("[]").replace("\\", "/").rsplit("/", 1)[-1]
    return re.sub(r"\.(md|markdown|txt|html?)$", "", bare)
