"""True or false, read from a student's words: said outright, with a slip, or by the correction alone."""

from __future__ import annotations

import re

from tutor.claims import clauses_of
from tutor.lexicon import GENERIC, distance
from tutor.quiz.items import Item
from tutor.quiz.wording import judged
from tutor.words import KNOWN_WORD, zipf

_OPENING = r"\W*(?:(?:it'?s|it is|that'?s|that is|this is|i (?:think|say|guess|believe|would say)|the|a|an|i"
_OPENING += (
    r"|answer|statement|claim|is|so|well|definitely|surely|clearly|probably|maybe|actually|exactly|just"
)
_OPENING += r"|rather|quite|totally|completely|absolutely|pretty|really|simply)\s+)*"
_TRUE = re.compile(
    _OPENING
    + r"(?:(?:true|t|yes|y|yep|yeah|right|correct|not false|not wrong|agreed?|indeed|absolutely|exactly|richtig|wahr)"
    r"(?:\b|$)|对|是(?!不)|正确|真)",
    re.I,
)
_FALSE = re.compile(
    _OPENING
    + r"(?:(?:false|f|no|n|nope|nah|not? true|not (?:right|correct|so|the case|at all|quite|really|exactly)"
    r"|(?:it |that )?isn'?t|not(?=\W*$|[,.;])"
    r"|untrue|wrong|incorrect|disagree|don'?t agree|do not agree|mistake|myth|(?:the )?other way (?:a?round|about)"
    r"|(?:the )?(?:opposite|contrary|reverse)(?! (?:process|direction|step|kl|diffusion))|vice versa|falsch)"
    r"(?:\b|$)|错|不|假)",
    re.I,
)
_DOUBLE = re.compile(
    _OPENING + r"(?:no doubt|not incorrect|not false|not wrong|没错|不错|不是错)", re.IGNORECASE
)
_AGREES = re.compile(
    r"\W*(?:nothing(?! (?:to|but|about|in|like|more|else))|(?:(?:it|that|this|he|she|the (?:student|statement|claim))"
    r"(?:'?s| is| was) )?(?:(?:totally|completely|quite|absolutely|perfectly) )?(?:right|true|correct)(?! that))\b",
    re.IGNORECASE,
)
_NOTHING_WRONG = re.compile(
    r"\W*nothing\W+(?:(?:it|that|this|he|she|the (?:student|statement|claim))(?:['’]?s| is| was) )"
    r"(?:(?:totally|completely|quite|absolutely|perfectly) )?(?:right|true|correct)\W*",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:nothing|none|not?|never|opposite|would be|right|true|correct)\b|n['’]t\b", re.IGNORECASE
)
_LIMITS = re.compile(r"\b(?:but|only|except|however|although|though|unless)\b", re.IGNORECASE)


def said_of(item: Item, answer: str) -> bool | None:
    """Whether an answer calls the statement of an item true, or false; None where it does neither.

    Who only corrects the statement, in a word of the note that the statement has not, calls it false.
    """
    answer = _without_slip(answer)
    if _DOUBLE.match(answer):
        return True
    if _FALSE.match(answer):
        return False
    if _TRUE.match(answer):
        return True
    return _corrected(judged(item.stem), item.fact, answer)


def agrees(answer: str) -> bool:
    """Whether an answer finds nothing wrong with a statement, without an "only" or a "but"."""
    if _NOTHING_WRONG.fullmatch(answer):
        return True
    found = _AGREES.match(answer)
    return found is not None and not _LIMITS.search(answer) and not _DENIES.search(answer, found.end())


def _without_slip(answer: str) -> str:
    """The answer with its first word put right where that is "true" or "false" with a slip."""
    first = re.match(r"\W*([a-z]+)", answer, re.IGNORECASE)
    if not first or zipf(first[1].lower()) >= KNOWN_WORD:
        return answer
    meant = next((one for one in ("true", "false") if distance(first[1].lower(), one) <= 1), "")
    return f"{meant}{answer[first.end() :]}" if meant else answer


def _corrected(statement: str, fact: str, answer: str) -> bool | None:
    """Whether an answer takes the words that the statement changed, or the note's in their place; None for neither."""
    ours, theirs = _said(statement), _said(fact)
    changed, right = ours - theirs, theirs - ours
    said = _said(answer) & (changed | right)
    if not changed or not said:
        return None
    return None if said & changed and said & right else bool(said & changed)


def _said(text: str) -> set[str]:
    """The words and numbers that a text asserts."""
    clauses = clauses_of(text)
    words = {word.stem for clause in clauses for word in clause.words if not word.negated}
    return (words - GENERIC).union(*(clause.numbers for clause in clauses))
