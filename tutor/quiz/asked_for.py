"""What kind of thing answers a question, by its words: a reason, a number, a name; told with the first hint."""

from __future__ import annotations

import re

from tutor.quiz.frames import framed
from tutor.quiz.items import Item
from tutor.quiz.listed import listed_in
from tutor.quiz.wording import BEGINNERS, MISTAKE

_OF_KIND = {
    "match": "It asks which belongs to which.",
    "order": "It asks what comes before what.",
    "number": "It asks for a number.",
    "term": "It asks for a name.",
    "cloze": "It asks for a name.",
    "definition": "It asks what something is: of which kind, and what sets it apart.",
    "true-false": "It asks whether the note says this.",
}
_START = r"^(?:on [^:]+: )?"
# Where a clause begins, maybe with "in", "by", "to": what stands there is asked, what stands further on is told.
_CLAUSE = r"(?:^|[,:;.] (?:and )?)(?:(?:in|by|to|of|for|at|on|with|from|over|about|under) )?"
# "What is a token?" asks what it is; "What is the role of a token?" and "What is the best token?" ask for something.
_THING = (
    r"(?:an? |the )?+(?!(?:best|main|most|usual|first|last|next|only|other|typical)\b)"
    r"(?!\w+ed\?)(?:(?!(?:of|for|that|when|by|to|with|between|from|behind|if|as|on|at|and|or)\b)[^\s?,;:]+ ?){1,5}"
    r"(?:(?<= )in [^?]*)?\?$"
)
# The first that fits.
_ASKED_FOR: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (frame, re.compile(words, re.IGNORECASE))
    for frame, words in (
        (
            "It asks what is true of this; the others belong to something else.",
            rf"{_START}which of these is true of",
        ),
        ("It asks for a formula.", r"\b(?:formula|equation|expression)\b|公式"),
        ("It asks for a reason.", rf"{_START}why\b|\bwhy\b[^.]*\?$|\breason\b|为什么|为何"),
        (
            "It asks what sets things apart.",
            r"\bdiffer(?:s|ed|ences?)?\b|\b(?:how|what) [^?]*\bdifferent from\b|\bcompared? (?:to|with)\b"
            r"|\bdistinguish|区别|不同(?!的)|差别",
        ),
        (
            "It asks for a number.",
            rf"{_CLAUSE}(?:how (?:many|much|large|long|often)\b|(?:what|which) (?:value|number|share)\b)|多少",
        ),
        ("It asks how something is done or comes about.", rf"{_START}how\b|如何|怎么|怎样"),
        (
            "It asks what happens, or what something does.",
            r"\bwhat (?:does|do|happens?|follows?)\b|\bwhat [^?]* (?:for|do)\?|作用|会发生",
        ),
        (
            "It asks what something is: of which kind, and what sets it apart.",
            rf"{_START}what (?:is|are) (?:meant by )?{_THING}|^什么是|^[^的]*是什么|^define\b",
        ),
        (
            "It asks for yes or no, and why.",
            rf"{_START}(?:is|are|was|were|does|do|did|can|could|will|must|should|has|have)\b|吗",
        ),
    )
)


def asked_for(item: Item) -> str:
    """What kind of thing answers the question of an item, in a sentence."""
    if item.kind in _OF_KIND:
        return framed(item, _OF_KIND[item.kind])
    question = item.stem.removeprefix("Explain in your own words: ")
    if question.startswith(MISTAKE):
        return framed(item, "It asks where the statement goes wrong.")
    if question.startswith(BEGINNERS):
        question = question.removeprefix(BEGINNERS).strip("“").partition("”")[0]
    things = [] if item.options else listed_in(item.key, question)
    if len(things) > 1:
        return framed(item, "It asks for several things: {n}.", n=len(things))
    found = next((frame for frame, words in _ASKED_FOR if words.search(question)), "")
    other = "It asks for one of the options." if item.options else "It asks for an answer in a few words."
    return framed(item, found or other)
