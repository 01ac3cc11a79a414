"""Measures of answers and retrieval: pure functions over plain values."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tutor.errors import TutorError
from tutor.notes import file_lines
from tutor.turns import Sentence
from tutor.words import normalised

Z_95 = 1.959964
_CITATION_MARK = re.compile(r"\[\d+\]")
_LIST_NUMBER = re.compile(r"^[\s>]*\d{1,3}[.)]\s+", re.MULTILINE)
_JSON_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_MARKUP = (
    (re.compile(r"<!--.*?-->|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL), " "),
    (re.compile(r"</?[A-Za-z][^<>]*>"), " "),
    (re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),
)


def wilson_interval(k: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """The interval for a share of which k of n trials were seen (Wilson, 1927); (0, 1) without a trial.

    Args:
        z: the standard normal quantile of the confidence, 1.96 for 95 %.
    """
    if n == 0:
        return 0.0, 1.0
    share = k / n
    centre = share + z * z / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (centre - reach) / scale), min(1.0, (centre + reach) / scale)


def hit_at_k(ranked: Sequence[str], right: Collection[str], k: int) -> bool:
    """Whether one of the right notes is among the first k."""
    return any(note in right for note in ranked[:k])


def reciprocal_rank(ranked: Sequence[str], right: Collection[str]) -> float:
    """1 / the place of the first right note, counted from 1; 0 when none is there."""
    return next((1 / place for place, note in enumerate(ranked, 1) if note in right), 0.0)


def mrr(rankings: Iterable[tuple[Sequence[str], Collection[str]]]) -> float:
    """Mean reciprocal rank over pairs (ranked notes, right notes); 0 without a pair."""
    ranks = [reciprocal_rank(ranked, right) for ranked, right in rankings]
    return sum(ranks) / len(ranks) if ranks else 0.0


def citation_holds(citation: Mapping[str, Any], folders: Sequence[Path]) -> bool:
    """Whether a citation's quote stands in its note at its lines.

    The check shares no code with the readers: it takes the note's lines as they are, takes markup away and
    compares letters and digits only. The lines of a PDF are those of its extracted text, before any paragraph is
    made of them.

    Args:
        citation: {note, lines: [first, last], quote}, as `tutor ask --json` gives it.
        folders: the notes folders; the first that holds the note counts.
    """
    first, last = citation["lines"]
    folder = next((folder for folder in folders if (folder / citation["note"]).is_file()), None)
    if folder is None:
        return False
    path = folder / citation["note"]
    if not any(path.resolve().is_relative_to(folder.resolve()) for folder in folders):
        return False
    lines = _lines(path, folder)
    if not 1 <= first <= last <= len(lines):
        return False
    source, quote = "\n".join(lines[first - 1 : last]), str(citation["quote"])
    return any(
        bare(quote, numbered) and bare(quote, numbered) in bare(source, numbered)
        for numbered in (True, False)
    )


def _lines(path: Path, folder: Path) -> list[str]:
    """The lines of a note as they are, without JSON escapes in a notebook; none where it cannot be read."""
    try:
        data = path.read_bytes()
        if data.startswith(b"%PDF-"):
            return file_lines(path, folder)
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except (OSError, UnicodeDecodeError, TutorError):
        return []
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    is_notebook = text.lstrip().startswith("{") and '"nbformat"' in text
    return [_JSON_STRING.sub(_decoded, line) for line in lines] if is_notebook else lines


def _decoded(string: re.Match[str]) -> str:
    """A JSON string's words; each on its own, so that a cut-off one spoils no other."""
    try:
        return str(json.loads(string[0]))
    except ValueError:
        return string[0]


def bare(text: str, numbered: bool = True) -> str:
    """Letters and digits of a text, lower case, markup taken away; `numbered` keeps the numbers of list items."""
    if not numbered:
        text = _LIST_NUMBER.sub("", text)
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return "".join(sign for sign in html.unescape(text).lower() if sign.isalnum())


def is_fully_supported(sentences: Iterable[Sentence]) -> bool:
    """Whether no sentence of an answer is unsupported."""
    return all(sentence.support != "unsupported" for sentence in sentences)


def holds_gold(answer: str, gold: Iterable[str]) -> bool:
    """Whether one of the gold strings stands in an answer, signs and case aside."""
    said = normalised(_CITATION_MARK.sub(" ", answer))
    return any(normalised(piece) in said for piece in gold)


def refusal_counts(outcomes: Iterable[tuple[bool, bool]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """((outside questions refused, outside questions), (answerable questions refused, answerable questions)).

    Args:
        outcomes: pairs (the notes answer it, it was refused).
    """
    outside, inside = [0, 0], [0, 0]
    for answerable, refused in outcomes:
        counts = inside if answerable else outside
        counts[0] += refused
        counts[1] += 1
    return (outside[0], outside[1]), (inside[0], inside[1])


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (nearest rank); 0 without a value."""
    if not values:
        return 0.0
    return sorted(values)[max(1, math.ceil(share * len(values))) - 1]
