"""Notes that were saved from a chat: how they are known, and which of their passages only repeat other notes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tutor.notes import Note
from tutor.passages import Passage

TAG = "chat"
"""The tag of a note that was saved from a chat."""
# How such a note names the source of a sentence, a formula or a table.
_QUOTED_FROM = re.compile(
    r"\(from ((?:[^()]|\([^()]*\))+?), lines? \d+(?: to \d+)?[)\s]|^From (.+?), lines? \d+(?: to \d+)?:",
    re.MULTILINE,
)


def copies_in(passages: Sequence[Passage], notes: Sequence[Note]) -> frozenset[str]:
    """Ids of the passages of saved chats whose words were quoted from notes that are among these notes.

    They are no second witness: the notes themselves are found instead.
    """
    saved = {note.path for note in notes if TAG in note.tags}
    paths = tuple("".join(note.path.split()) for note in notes if note.path not in saved)
    return frozenset(
        passage.id for passage in passages if passage.note in saved and _is_quoted_from(passage, paths)
    )


def _is_quoted_from(passage: Passage, paths: tuple[str, ...]) -> bool:
    """Whether a passage names the notes that it was quoted from, and all of them are among these.

    What stands alone, a table or code, has them in its heading; of a table that is drawn from several one is enough.
    """
    if passage.kind in ("table", "code"):
        heading = "".join(passage.heading[-1].split()) if passage.heading else ""
        named = heading.rpartition("(from")[2]
        return named != heading and any(path in named for path in paths)
    words = " ".join([*passage.heading, passage.text.words])
    sources = ["".join(source.split()) for found in _QUOTED_FROM.findall(words) for source in found if source]
    return bool(sources) and all(source.endswith(paths) for source in sources)
