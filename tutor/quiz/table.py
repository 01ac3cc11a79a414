"""Items as a table (CSV, UTF-8) that spreadsheets and flashcard programs read, and the tutor reads back."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from tutor.notes.table_deck import COLUMNS, guarded
from tutor.quiz.export import Exported


def table(found: Sequence[Exported]) -> str:
    """One row for each item under the names of `COLUMNS`; no cell begins a formula."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in found:
        item = one.item
        first, last = item.citation.lines
        left = [f"{number}. {words}" for number, words in enumerate(item.left, 1)]
        row = {
            "question": "\n".join([item.stem, *left]),
            "options": "\n".join(one.options),
            "answer": one.answer,
            "background": one.background,
            "concept": item.concept,
            "kind": item.kind,
            "note": item.note,
            "lines": f"{first}-{last}",
            "tags": " ".join(one.tags),
            "fact": item.fact_id,
        }
        writer.writerow([guarded(row[name].replace("\r", "")) for name in COLUMNS])
    return file.getvalue()
