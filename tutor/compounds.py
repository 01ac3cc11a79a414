"""Whether a question asks what a compound is that the notes nowhere name: "contrastive learning", "masked autoencoder".

The notes may speak of learning and of contrastive divergence, and both are near to the question in meaning; what they
say is true and beside the point. A thing of several words is named only where these words stand together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tutor.passages import Passage
from tutor.retrieval import Retriever
from tutor.words import STOPWORDS, content_words, without_struck

_ASKED = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|but|please|hey|hi)\W+)*(?:what(?:'?s| is| are| exactly (?:is|are))|define|explain"
    r"|describe|tell me about|(?P<open>how (?:does|do)|what (?:does|do)))\s+(?:an?\s+|the\s+)?"
    r"(?P<name>\w+(?:[ -]\w+){1,4}?)(?(open)\s+(?:works?|mean|do))(?:,?\s+please)?\W*$",
    re.IGNORECASE,
)
_LONGEST = 120  # characters of a question that only names a thing
_MOST_STEMS = 4
_CLAUSE = re.compile(r"[.!?:;]\s| > |\n")
# Words between those of a name: "loss of a GAN" has none that carry meaning, "flow-based generative model" has one.
_BETWEEN = 1
# A word in more of the passages than this says of what field a thing is, and not which: "image inpainting".
_COMMON = 0.1
# The letters that all forms of a word begin with: a quick look before it is read word by word.
_ROOT = 6
_SHORT = 4  # the least letters of a word cut short


def is_unnamed(retriever: Retriever, question: str) -> bool:
    """Whether a question asks for a thing of several words that never stand together in the notes.

    Args:
        question: in English, spelt as in the notes.
    """
    name = _compound(question)
    stems = tuple(dict.fromkeys(content_words(name)))
    if not 2 <= len(stems) <= _MOST_STEMS or not all(map(retriever.knows, stems)):
        return False  # a word that the notes lack is the gate's business
    passages = retriever.index.passages
    if any(_stand_together(stems, passage) for passage in passages):
        return False
    before = name[: max(name.rfind(" "), name.rfind("-"))]
    if any(len(one.written) == len(before) for one in retriever.named.mentions(before)):
        return False  # "denoising process", "VAE architecture": a thing of the notes, and what of it
    rare = [stem for stem in stems if not _is_common(retriever, stem)]
    return not (len(rare) == 1 and any(_heads(rare[0], passage) for passage in passages))


def _compound(question: str) -> str:
    """The name of several words that is asked for; empty where none is."""
    asked = _ASKED.match(question) if len(question) <= _LONGEST else None
    if asked is None or any(word in STOPWORDS for word in re.split(r"[ -]", asked["name"].lower())):
        return ""
    return asked["name"]


def _stand_together(stems: Sequence[str], passage: Passage) -> bool:
    """Whether a window of a passage, headings included, holds all the stems in any order."""
    if not all(_may_hold(passage, stem) for stem in stems):
        return False
    size = len(stems) + _BETWEEN
    for clause in _CLAUSE.split(without_struck(passage.embedded_text)):
        found = content_words(clause)
        if any(_all_said(stems, found[at : at + size]) for at in range(len(found))):
            return True
    return False


def _all_said(stems: Sequence[str], words: Sequence[str]) -> bool:
    """Whether each stem is one of these words or, as in "batch norm", the begin of one."""
    return all(
        any(word == stem or (len(stem) >= _SHORT and word.startswith(stem)) for word in words)
        for stem in stems
    )


def _may_hold(passage: Passage, stem: str) -> bool:
    return stem[:_ROOT] in passage.embedded_text.lower().replace("-", "")


def _is_common(retriever: Retriever, stem: str) -> bool:
    passages = retriever.index.passages
    return sum(_may_hold(passage, stem) for passage in passages) > _COMMON * len(passages)


def _heads(stem: str, passage: Passage) -> bool:
    """Whether a heading of a passage is this word alone."""
    return any(content_words(heading) == [stem] for heading in passage.heading)
