"""Where an answer's quotes stand: a chip for each note, that opens it at each of its quotes. No gradio in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tutor.ui.markup import inline_html, quoted_html
from tutor.ui.reader import quote_key
from tutor.words import lines_told, split_sentences

Data = Mapping[str, Any]

PASSAGE_CHARS = 1_600
MOST_SOURCES = 4


def sources_html(citations: Sequence[Data], room: int) -> str:
    """One chip for each note and who speaks in it, with all quotes of it; those beyond the first few are folded.

    Args:
        room: in bytes; how many quotes do not fit is said.
    """
    sources: dict[tuple[str, str], list[str]] = {}
    left = len(citations)
    for cited in citations:
        chip = citation_html(cited)
        room -= len(chip.encode())
        if room < 0:
            break
        sources.setdefault((str(cited.get("note", "")), str(cited.get("speaker") or "")), []).append(chip)
        left -= 1
    shown = [f'<div class="source">{"".join(chips)}</div>' for chips in sources.values()]
    if len(shown) > MOST_SOURCES + 1:
        folded = "".join(shown[MOST_SOURCES:])
        told = f"<summary>{len(shown) - MOST_SOURCES} more notes</summary>"
        shown[MOST_SOURCES:] = [f'<details class="more">{told}<div class="cites">{folded}</div></details>']
    more = f"<p><small>and {left} more, not shown here</small></p>" if left else ""
    return "".join(shown) + more


def place_of(cited: Data) -> str:
    """Where a quote stands: title, file and lines, and who said it where the note quotes somebody."""
    return " · ".join(part for part in _place(cited) if part)


def _place(cited: Data) -> tuple[str, str, str]:
    """What of a place names its source, where it stands in there, and who said it."""
    speaker = str(cited.get("speaker") or "")
    said = f"said by {speaker} in your notes" if speaker else ""
    title, note = str(cited.get("title") or ""), str(cited.get("note", ""))
    first, last = (int(line) for line in cited.get("lines") or (0, 0))
    lines = lines_told((first, last))
    return title or note, f"{note} · {lines}" if title and note else lines, said


def citation_html(cited: Data) -> str:
    """A chip that opens the note at its quote, and holds the passage as it was quoted."""
    n = int(cited.get("n", 0))
    above = [str(name) for name in cited.get("heading") or ()]
    passage = _marked(str(cited.get("passage") or ""), str(cited.get("quote", "")))
    head = f'<div class="where">{inline_html(" › ".join(above))}</div>' if above else ""
    name, place, said = map(escape, _place(cited))
    # One line to whatever reads it; in an answer the style shows the name once for all quotes, and no place.
    told = f"<b><i>[</i>{n}<i>]</i></b> <span>{name}</span><small> · {place}</small>"
    told += f"<span> · {said}</span>" if said else ""
    return (
        f'<details class="citation c{n} at-{quote_key(cited)}"><summary>{told}</summary>'
        f'{head}<div class="passage">{passage}</div></details>'
    )


def _marked(passage: str, quote: str) -> str:
    """The passage with the quote in `<mark>`; no more than PASSAGE_CHARS of it around the quote."""
    at = passage.find(quote)
    if not quote or at < 0:
        quote = quote[:PASSAGE_CHARS]
        return quoted_html(quote, 0, len(quote))
    room = max(0, PASSAGE_CHARS - len(quote))
    before, after = passage[:at], passage[at + len(quote) :]
    if len(before) > room // 2:
        before = _from_a_sentence(before, len(before) - room // 2)
    if len(after) > room:
        after = after[:room].rpartition(" ")[0] + "…"
    begin, end = len(before), len(before) + len(quote[:4000])
    return quoted_html(before + quote[:4000] + after, begin, end)


def _from_a_sentence(text: str, place: int) -> str:
    """What of a text stands after a place, from the next beginning of a sentence on."""
    begins = [begin for begin, _ in split_sentences(text) if begin >= place]
    return f"… {text[begins[0] :]}" if begins else "… "
