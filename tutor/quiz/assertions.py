"""What one sentence says by itself, as options show it: of a thing, as a reason, as what follows."""

from __future__ import annotations

import re
from collections.abc import Collection

from tutor.lexicon import GENERIC
from tutor.quiz.shapes import (
    CUT,
    FEWEST_WORDS,
    LOOSE,
    MOST_WORDS,
    OWN,
    Answer,
    pronoun_of,
    shortened,
    subject_of,
)
from tutor.words import NEGATIONS, content_words

_MOST_SUBJECT = 7  # words
_FEWEST_CLAIMED = 3  # words of meaning
# What is no one thing: several things, a number, what the notes call by its place in a text.
_NO_THING = re.compile(
    r"(?<![\w-])\d[\d.,]*(?: by\b| [a-z])|\d\.\d+ |=|\$|,|^(?:two|three|four|many|most|some|each|every|all|both|"
    r"any|several|few|other|another|one|no|only|people|such|more|less|here|no\w+|practically|"
    r"without|with|for|in|on|at|by|from|to|during|after|before|between|under|over|"
    r"the (?:same|first|second|value|number|result|call|method|answer|name))\b|"
    r"\b(?:it|they|because|that|which|is|are|was|and|number|amount|value)\b|"
    r"\b(?:an?|the|already|still|therefore|thus|\w+ing an?\b.*)$",
    re.IGNORECASE,
)
# "It makes it follow instructions": what the second "it" stands for was said before.
_OTHER_IT = re.compile(r"(?<!, and)(?<!, so)(?<!because)(?<!;)(?<!:) \b(?:it|them|they)\b")
_VERB = re.compile(
    r" (?:only |always |usually )?(?:has|(?!models|weights|samples|layers|draws|steps)[a-z]{2,}[^su]s) "
    r"(?!(?:of|are|is|were|that|and|such|in|for|with)\b|[\d$])"
)
# "Text-to-image models often fail": a noun in the place of a verb.
_PREDICATE = re.compile(
    r"(?!(?:models|weights|samples|layers|draws|steps),? (?!(?:an?|the|each|every|one|its|their|from)\b))"
    r"(?:(?:[a-z]+ly|only|always|also|both) )?(?:[a-z]+s|have|had|do|did|were|[a-z]{3,}e?)\b(?![,;:])"
)
_SINGULAR = re.compile(
    r"(?:(?:[a-z]+ly|only|always|also|both|often|first) )?(?:[a-z]+s|was|had|did|[a-z]+ (?:an?|the|its|in|by|to|with)) "
)
_LEADS_ON = re.compile(r"(?:it is|they are) (?:to|about)\b", re.IGNORECASE)
_VAGUE = re.compile(
    r"\b(?:can|could|would|may|might|should|cannot|nothing|while|whereas|also|too|still|helps?|fails?|sometimes|better|more|less|fewer|smaller|larger|faster|slower|"
    r"worse|easier|harder|rather|instead|tends?|so that it|(?<!at )least)\b",
    re.IGNORECASE,
)
_LEFT_OPEN = re.compile(  # compared with nothing, or leaning on another sentence
    r"\bexception\b|^(?!.*\bthan\b).*\b(?:more|less|fewer|better|worse|slower|faster|larger|smaller|sharper|cheaper)$"
    r"|^(?!.*\bthan\b).*\b(?:more|less) \w+$"
)
_GIVES_REASON = re.compile(r",? because (?P<why>[^$\d]+)\.$")
_SORTS = tuple(
    (sort, re.compile(opening, re.IGNORECASE))
    for sort, opening in (
        (
            "model",
            r"(?:it is|they are) (?:an?|the|one) (?:[\w-]+ ){0,4}?(?:model|network|autoencoder|transformer|gan|"
            r"architecture|classifier|machine|flow)s?\b",
        ),
        ("thing", r"(?:it is|they are) (?:an?|the|one|any)\b"),
        (
            "done",
            r"(?:it is|they are) (?:[a-z]+ly |often |first )?(?:[a-z]+ed|[a-z]+en|drawn|made|built|fed|set|put)\b",
        ),
        ("is", r"(?:it is|they are)\b"),
        ("means", r"(?:it|they) (?:means?|says?|shows?|showed|tells?|works?)\b"),
        ("does", r""),
    )
)


def claim_of(statement: str, name: str = "") -> Answer | None:
    """What a statement says of one thing, "it" in the place of the thing, in words that hold of few others.

    None where the statement is about several things or a number, or denies or only allows something: what a thing is
    not, or can be, is true of others too.

    Args:
        name: what the notes have a name for at the opening of the statement, with its article.
    """
    subject = subject_of(statement)
    if (not subject or _NO_THING.search(subject)) and _VERB.match(statement[len(name) :]):
        subject = name
    predicate = statement[len(subject) :].strip()
    named = content_words(subject)
    if not named or len(subject.split()) > _MOST_SUBJECT or _NO_THING.search(subject):
        return None
    if not _PREDICATE.match(predicate) or (" of " in subject and OWN.search(predicate)):
        return None
    pronoun = pronoun_of(subject, predicate)
    # "A small masked model": an adjective in the place of a verb.
    if pronoun == "it" and not _SINGULAR.match(predicate):
        return None
    answer = shortened(pronoun, subject, f"it {predicate}", "claim", named)
    texts = [text for text in answer.texts if _says_enough(text, named)] if answer else []
    return Answer(answer.shape, subject, tuple(texts), "claim") if answer and texts else None


def reason_of(statement: str) -> Answer | None:
    """A statement and the reason that it gives in words, the statement in the place of the subject; or None."""
    found = _GIVES_REASON.search(statement)
    if found is None or len(content_words(statement[: found.start()])) < FEWEST_WORDS:
        return None
    said = statement[: found.start()].strip()
    texts = [found["why"], *(found["why"][: cut.start()] for cut in CUT.finditer(found["why"]))]
    kept = [
        f"Because {text.rstrip(' ,;:')}"
        for text in dict.fromkeys(texts)
        if len(text.split()) >= FEWEST_WORDS + 1 and len(content_words(text)) >= 2 and not LOOSE.search(text)
    ]
    kept.sort(key=len, reverse=True)
    fits = bool(kept) and not _LEFT_OPEN.search(said) and said.count("$") % 2 == 0
    return Answer("because", said, tuple(kept), "why") if fits and len(said.split()) <= MOST_WORDS else None


def _says_enough(text: str, named: Collection[str]) -> bool:
    """Whether an option says something definite, without the name of what it is said of."""
    words, own = set(content_words(text)), set(named)
    return (
        len(words - own) >= _FEWEST_CLAIMED
        and not words & own - GENERIC
        and not NEGATIONS & set(text.lower().replace("’", "'").split())
        and not _VAGUE.search(text)
        and not _OTHER_IT.search(text)
        and not _LEADS_ON.match(text)
        and len(re.findall(r"\d+(?:[.,]\d+)*", text)) < 2
    )


def sort_of(text: str) -> str:
    """What sort of thing an option says: what kind of model or thing something is, what it means, or what it does."""
    return next(sort for sort, opening in _SORTS if opening.match(text))
