"""Which options an answer names, by id: one of a choice, a pair for each number, or all of them in an order."""

from __future__ import annotations

import re

from tutor.quiz.grading import chosen_option
from tutor.quiz.items import LETTERS, Item, plain

_TRUE = frozenset(("true", "t", "yes", "right", "correct", "y", "对", "是", "正确", "真"))
_FALSE = frozenset(
    ("false", "f", "no", "wrong", "incorrect", "n", "not true", "错", "不对", "不是", "错误", "假")
)
_FIRST = re.compile(r"^(?:it is|it'?s|that is|that'?s|this is|i think|i say)?\s*(not true|\w+)")
_PAIR = re.compile(r"(\d{1,2})\s*(?:[-–—:=.)>]|->|=>|→|\bis\b|\bgoes with\b|\bwith\b)*\s*([a-j])(?![a-z])")


def how_to_answer(item: Item) -> str:
    """What the student is to type, in plain words."""
    letters = LETTERS[: len(item.options)]
    if item.kind == "match":
        return f"Give each number its letter{_such_as(item, len(item.left), numbered=True)}."
    if item.kind == "order":
        return f"Give the letters in their right order{_such_as(item, len(item.options), numbered=False)}."
    if item.options:
        return f"Answer with {', '.join(letters[:-1])} or {letters[-1]}." if len(letters) > 1 else ""
    if item.kind == "number":
        return "Answer with a number."
    return "Type what belongs in the gap." if item.kind == "cloze" else "Answer in your own words."


def _such_as(item: Item, n: int, *, numbered: bool) -> str:
    """An example of the form that is not the answer; none where there are too few letters to hide it."""
    right = [label_of(item, option_id) for option_id in item.key.split(",")]
    letters = list(LETTERS[:n])
    example = next((one for one in (letters[::-1], letters[1:] + letters[:1]) if one != right), letters)
    shown = [f"{place}{letter}" if numbered else letter for place, letter in enumerate(example, 1)]
    return f", such as {' '.join(shown)}" if n > 2 else ""


def chosen_ids(item: Item, words: str) -> tuple[str, ...]:
    """The ids of the options that an answer names, in the order of the key; empty where it does not name them all."""
    if item.kind == "match":
        return _matched(item, words)
    if item.kind == "order":
        return _ordered(item, words)
    if not item.is_choice:
        return ()
    one = chosen_option(item, words) or (_true_or_false(item, words) if item.kind == "true-false" else None)
    return (one,) if one else ()


def label_of(item: Item, option_id: str) -> str:
    """The letter under which an option is shown."""
    return LETTERS[[option.id for option in item.options].index(option_id)]


def _true_or_false(item: Item, words: str) -> str | None:
    first = _FIRST.match(words.strip().lower())
    said = first[1] if first else words.strip().lower()
    wanted = "true" if said in _TRUE else "false" if said in _FALSE else ""
    return next((option.id for option in item.options if wanted and plain(option.text) == wanted), None)


def _matched(item: Item, words: str) -> tuple[str, ...]:
    given = dict.fromkeys(range(1, len(item.left) + 1), "")
    for number, letter in _PAIR.findall(words.lower()):
        place, option = int(number), LETTERS.index(letter.upper())
        if place not in given or option >= len(item.options) or given[place]:
            return ()
        given[place] = item.options[option].id
    bare = re.findall(r"\b[a-j]\b", words.lower())
    if not any(given.values()) and len(bare) == len(given) == len(re.findall(r"\w+", words)):
        options = [LETTERS.index(letter.upper()) for letter in bare]
        return tuple(item.options[n].id for n in options) if max(options) < len(item.options) else ()
    return tuple(given.values()) if given and all(given.values()) else ()


def _ordered(item: Item, words: str) -> tuple[str, ...]:
    said = words.strip().upper()
    letters = list(said) if re.fullmatch(r"[A-J]+", said) else re.findall(r"\b[A-J]\b", said)
    ids = {LETTERS[n]: option.id for n, option in enumerate(item.options)}
    if sorted(letters) == sorted(ids):
        return tuple(ids[letter] for letter in letters)
    places = sorted((words.lower().find(option.text.lower()), option.id) for option in item.options)
    return tuple(option_id for _, option_id in places) if places and places[0][0] >= 0 else ()
