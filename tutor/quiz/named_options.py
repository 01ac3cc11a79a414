"""Which text an answer means that names none of them word for word: by its place, short or in other words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tutor.claims import clauses_of
from tutor.lexicon import likeness
from tutor.quiz.answer_features import weight
from tutor.quiz.answer_texts import short_names
from tutor.quiz.word_answers import bare_words
from tutor.words import KNOWN_WORD, zipf

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_PLACE = re.compile(
    r"(?:(?:it'?s|it is|that'?s|that is|is it|i (?:think|say|guess|choose|pick|mean)|the) )*"
    r"(?:(\d)(?:st|nd|rd|th)|(\w+?))(?: (?:one|option|answer|choice))?"
)
_CLIPPED = 4  # letters from which on the beginning of a word is the word ("reparam")
_MEANT = 0.5  # the share of an answer's words from which they are an option's
_LEAD = 2.0  # how many times as much of them as any other option has
_OWN_WORDS = 2  # words that no other option has, from which on an answer in other words names one


def placed(answer: str, texts: Mapping[str, str]) -> str | None:
    """The id of the text that an answer names by its place among them: "the second one", "the last".

    Args:
        texts: id -> text, in the order in which they are shown.
    """
    said = re.sub(r"[\s.!,]+", " ", answer.lower()).strip()
    found = _PLACE.fullmatch(said)
    if found is None or any(found[0].split()[-1] in text.lower().split() for text in texts.values()):
        return None
    ids = list(texts)
    names = dict(zip(_ORDINALS, ids, strict=False)) | {"last": ids[-1]}
    if len(ids) == 2:
        names |= {"former": ids[0], "latter": ids[1]}
    return dict(enumerate(ids, 1)).get(int(found[1])) if found[1] else names.get(found[2])


def shortened(answer: str, texts: Mapping[str, str]) -> str | None:
    """The id of the one text that an answer shortens or spells out: "ELBO", "cGAN", "reparam trick"."""
    held = [one for one, text in texts.items() if _shortens(answer, text)]
    return held[0] if len(held) == 1 else None


def _shortens(answer: str, text: str) -> bool:
    if short_names(answer, text):
        return True
    said, wanted = bare_words(answer), bare_words(text)
    clipped = [one not in wanted and any(_clips(one, other) for other in wanted) for one in said]
    return any(clipped) and all(one in wanted or clip for one, clip in zip(said, clipped, strict=True))


def _clips(said: str, wanted: str) -> bool:
    return len(said) >= _CLIPPED and wanted.startswith(said) and zipf(said) < KNOWN_WORD


def meant_by(answer: str, texts: Mapping[str, str]) -> str | None:
    """The id of the one text whose words an answer takes up, whatever else it says; None where that is not plain.

    Half of the answer's words stand in it, twice as many as in any other, two of them in no other, and the answer
    denies none of them.
    """
    clauses = {one: clauses_of(text) for one, text in texts.items()}
    words = {one: {word.stem for clause in found for word in clause.words} for one, found in clauses.items()}
    given = [word for clause in clauses_of(answer) for word in clause.words]
    said = {word.stem for word in given}
    total = sum(weight(word) for word in said)
    if not total:
        return None
    held = {one: {word for word in said if _stands(word, own)} for one, own in words.items()}
    shares = {one: sum(weight(word) for word in found) / total for one, found in held.items()}
    best = max(shares, key=lambda one: shares[one])
    others = [one for one in texts if one != best]
    second = max((shares[one] for one in others), default=0.0)
    own = held[best] - set().union(*(held[one] for one in others))
    denied = {word.stem for clause in clauses[best] for word in clause.words if word.negated}
    turned = any(word.negated != (word.stem in denied) for word in given if word.stem in held[best])
    plain = shares[best] >= _MEANT and shares[best] >= _LEAD * second and len(own) >= _OWN_WORDS
    return best if plain and not turned else None


def _stands(word: str, words: set[str]) -> bool:
    return any(likeness(word, other) >= 0.8 for other in words)
