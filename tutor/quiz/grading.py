"""One answer graded by code, each kind of question in its own way.

The first step that decides wins: an option or an accepted wording, a slip of spelling, a number with its unit, the
claims of the key, and for what is said in the student's own words a fitted model. Where that cannot tell, the verdict
is `unsure`, with the note's sentence for the student to judge by.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from tutor.claims import claims_of
from tutor.quiz.answer_features import Reader, Similarity
from tutor.quiz.answer_texts import read_answer
from tutor.quiz.answered_claims import HIT
from tutor.quiz.frames import framed
from tutor.quiz.grades import Grade, Point, Verdict
from tutor.quiz.items import Item
from tutor.quiz.option_answers import (
    chosen_option,
    grade_choice,
    grade_match,
    grade_order,
    lettered,
    right_answer,
)
from tutor.quiz.replies import reply_kind
from tutor.quiz.short_answers import grade_short, likely, measured
from tutor.quiz.word_answers import grade_cloze, grade_number, is_accepted
from tutor.words import content_words

__all__ = ["Grade", "Point", "Reader", "Similarity", "Verdict", "chosen_option", "grade", "is_off_topic"]

# How likely an answer that says nothing of the key must be wrong to be about something else: 25 of 37 such answers of
# the sets for development, and 1 of 391 right ones.
OFF_TOPIC = 0.7


def grade(
    item: Item,
    answer: str,
    *,
    similarity: Similarity | None = None,
    reader: Reader | None = None,
    terms: Collection[str] = (),
    names: Mapping[str, str] | None = None,
) -> Grade:
    """Grades one answer.

    Args:
        item: the question with its key; what it accepts is right too.
        answer: the student's words; for a choice an option's letter, number, id or text.
        similarity: two texts -> cosine of their embeddings. None compares words only;
            where there is a reader nothing asks it.
        reader: reads the answer beside its key; None does without.
        terms: names in the notes; a gap filled with one of them is no slip for another.
        names: Chinese name -> English term, from the notes.

    Returns:
        The grade. An empty answer and "I don't know" are wrong with score 0; a choice that names no option and a
        question back are unsure with score 0.
    """
    kind = reply_kind(answer)
    if kind == "dont_know" or not re.search(r"\w", answer):
        return _not_known(item)
    said, told = set(content_words(answer)), set(content_words(item.stem))
    repeats = said <= told and 2 * len(said) > len(told)
    if kind == "question" and not (item.options or repeats) and answer.rstrip().endswith(("?", "？")):
        asks = "That asks something and is no answer. Answer in your own words, or say “I don't know”."
        return Grade("unsure", 0.0, (), framed(item, asks))
    if item.kind == "match":
        return grade_match(item, lettered(item, answer))
    if item.kind == "order":
        return grade_order(item, lettered(item, answer))
    if item.is_choice:
        return grade_choice(item, answer)
    if item.kind in ("number", "cloze", "term"):
        if not is_accepted(answer, (item.key, *item.accepts)):
            answer = read_answer(answer, names).text or answer
        return (
            grade_number(item, answer, item.accepts)
            if item.kind == "number"
            else grade_cloze(item, answer, item.accepts, terms)
        )
    return grade_short(item, answer, similarity, reader, item.accepts, names)


def is_off_topic(
    item: Item, answer: str, *, similarity: Similarity | None = None, reader: Reader | None = None
) -> bool:
    """Whether an answer in the student's own words says nothing of the key and is likely enough wrong.

    One that has a word of the key which the question has not is about the thing, whatever it says of it.
    """
    if item.kind not in ("short", "explain"):
        return False
    if set(content_words(answer)) & set(content_words(item.key)) - set(content_words(item.stem)):
        return False
    values = measured(item.stem, item.key, answer, similarity, reader)
    return values["claims_most"] < HIT and likely(values)["wrong"] >= OFF_TOPIC


def _not_known(item: Item) -> Grade:
    feedback = framed(item, "No harm in that. The answer is: {answer}", answer=right_answer(item))
    claims = [item.fact] if item.options else [claim.text for claim in claims_of(item.key, item.stem)]
    points = tuple(Point(claim, "missed", item.citation.quote) for claim in claims)
    return Grade("wrong", 0.0, points, feedback, dont_know=True)
