"""What is right by a student's own word, and where their word cannot make an answer right."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from tutor.quiz.frames import framed
from tutor.quiz.grading import Grade, Point
from tutor.quiz.items import Item, plain
from tutor.quiz.replies import is_not_knowing
from tutor.quiz.rounds import Grader, Outcome
from tutor.words import content_words

_CLAUSE = re.compile(r"^(?:it|they|this|that|there|he|she|we|you|i)\b", re.IGNORECASE)
_THINKING = re.compile(
    r"^(?:(?:i (?:think|guess|believe|say|mean)|maybe|probably|perhaps)\b,?\s*(?:that\s+)?)?"
    r"(?:(?:it|that|this)(?:['’]?s| is)\s+)?(?:an? |the )?",
    re.IGNORECASE,
)
_NAME_WORDS = 4


# The id of a fact -> what else is right for it by the student's word.
Accepted = Callable[[str], Sequence[str]]


def with_approved(item: Item, accepted: Accepted) -> Item:
    """The item that also accepts what the student approved for its fact."""
    return replace(item, accepts=(*item.accepts, *accepted(item.fact_id))) if item.fact_id else item


def is_known(words: str, right: Sequence[str]) -> bool:
    """Whether words are one of these answers, but for capitals and signs."""
    return bool(plain(words)) and plain(words) in {plain(text) for text in right}


def by_own_word(grade: Grader, accepted: Accepted) -> Grader:
    """A grader to which answers that mean the same by the student's word are right, before the given one grades."""

    def graded(item: Item, words: str) -> Grade:
        item = with_approved(item, accepted)
        if item.options or not is_known(words, item.accepts):
            return grade(item, words)
        quote = item.citation.quote
        witness = framed(item, "The note says: “{quote}”", quote=quote)
        told = framed(item, "Right, that means the same. {witness}", witness=witness)
        return Grade("correct", 1.0, (Point(item.fact, "hit", quote),), told)

    return graded


def cannot_be_right(item: Item, outcome: Outcome, words: str, off_topic: Callable[[Item, str], bool]) -> str:
    """Why an answer cannot be right, whatever the student says of it; empty where it can.

    Args:
        words: the answer without what was said of how sure the student is.
        off_topic: whether an answer is about something else than its item.
    """
    graded = outcome.graded or outcome.grade
    if outcome.skipped:
        return "you skipped the question"
    if (graded is not None and graded.dont_know) or is_not_knowing(words) or not plain(words):
        return "you said that you did not know it"
    if item.options:
        return "you chose among the options, and the note decides which of them is right"
    told = set(content_words(item.stem))
    if not set(content_words(words)) - told and not set(re.findall(r"\d+", words)) - set(
        re.findall(r"\d+", item.stem)
    ):
        return "your answer says nothing that the question does not say"
    if item.kind == "number" and not re.search(r"\d", words) and not content_words(words):
        return "the question asks for a number"
    if item.kind in ("cloze", "term") and not _is_name(words, item.key):
        return "the gap needs a word or a name, and your answer is a sentence"
    return "your answer is about something else" if off_topic(item, words) else ""


def _is_name(words: str, key: str) -> bool:
    """Whether words can be the name of something, about as long as the key."""
    named = _THINKING.sub("", words.strip(), count=1)
    return not _CLAUSE.match(named) and len(named.split()) <= max(_NAME_WORDS, len(key.split()) + 2)
