"""Whether an answer turns a comparison: it says of one thing what the key says of the other, or that both are alike."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Sequence

from tutor.claims import clause_in, clauses_of, plain
from tutor.lexicon import OPPOSITES, likeness
from tutor.words import NEGATIONS, stem

_PART = re.compile(r"[,;.!?()]|\b(?:and|but|while|whereas|because|since)\b", re.IGNORECASE)
_AND = re.compile(r"(?P<one>[\w-]+)\s+and\s+(?:(?:the|an?|its|their)\s+)?(?P<two>[\w-]+)", re.IGNORECASE)
_BOTH = re.compile(r"(\b(?:between|both)\b[^,;.]*?)\s+and\b", re.IGNORECASE)
# What says of the rest that it is turned round cannot be read word by word.
_REVERSED = re.compile(
    r"\b(?:other way (?:a?round|about)|vice versa|the (?:opposite|reverse|contrary))\b", re.I
)
_LONGEST = 1000  # characters; longer answers are left to the reader
_SAME = 0.9  # likeness from which on two words are one
# "More", "less" and what compares besides: of two opposites both end so.
_MORE = frozenset("more less fewer better worse".split())
_LEVEL = re.compile(
    r"\b(?:(?:the )?same|equal(?:ly)?(?: \w+)?|identical(?:ly)?|alike|as (?:many|much|\w+)(?= as\b)|unchanged|constant"
    r"|no (?:(?:big|real) )?(?:differen(?:ce|t)|change)|nothing changes?"
    r"|(?:do(?:es)? not|do(?:es)?n['’]?t) (?:differ|change|matter))\b",
    re.IGNORECASE,
)
_NOT_LEVEL = re.compile(
    r"(?:\b(?:not|never|neither|hardly|than)|n['’]t)(?: \w+)? (?:the same|same|equal|identical|alike|as|constant)"
    r"|\bno (?:same|equal)",
    re.IGNORECASE,
)
# What a comparison may be about without a word of the question, and what says that both are meant.
_MEASURES = frozenset(
    stem(word)
    for word in "amount number size quantity cost speed time level quality value it they both two each either stay "
    "remain keep need have take there between the a an of in for to is are be would will i think say as about".split()
)
# Offers a comparison for choice, or asks which of several is more.
_CHOOSES = re.compile(r"\bwhich\b|\bor\b|\bthan\b|\bcompared?\b", re.IGNORECASE)
_GIVES_REASON = re.compile(r"[,;.!?(]|\b(?:because|since|so)\b", re.IGNORECASE)
_LEVEL_KEY = re.compile(r"\bboth\b|n['’]t\b|^\W*no\b", re.IGNORECASE)
# What stands before and after these words cannot change places.
_BETWEEN = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        r"\bfrom\b(?P<one>[^,;.:]*?)\bto\b(?P<two>[^,;.:]*)",
        r"(?P<one>[^,;.:]*?)\bminus\b(?P<two>[^,;.:]*)",
        r"(?P<one>[^,;.:]*?)\b(?:instead of|rather than)\b(?P<two>[^,;.:]*)",
        r"(?P<one>[^,;.:]*?)\b(?P<compared>(?:(?:more|less|fewer) )?[\w-]+) than\b(?P<two>[^,;.:]*)",
        r"(?P<one>[^,;.:]*?)\bbefore\b(?P<two>[^,;.:]*)",
        r"(?P<one>[^,;.:]*?),\s*(?:but\s+|and\s+)?(?P<denied>not)\b(?P<two>[^,;.:]*)",
    )
)


def is_exchanged(key: str, answer: str) -> bool:
    """Whether an answer gives what two parts of a key say to the other one of the two, or turns "from A to B" round.

    Words that an answer denies, and what it sets a thing against, are not said; a part of it that only repeats words
    of one part of the key is as the key has it.
    """
    if len(answer) > _LONGEST or _REVERSED.search(answer):
        return False
    pairs_of_both = _coordinated(key) & _coordinated(answer)
    wanted = _parts(key, pairs_of_both)
    given = [_as_in_key(part, wanted) for part in _parts(answer, pairs_of_both)]
    given = [part for part in given if not any(part <= own for own in wanted)]
    pairs = itertools.combinations(wanted, 2)
    if any(_crossed(one - two, two - one, given) for one, two in pairs):
        return True
    return any(_turned(between, key, answer) for between in _BETWEEN)


def is_levelled(question: str, key: str, answer: str) -> bool:
    """Whether an answer says that there is no difference where the key says that one thing is more than another.

    Only an answer that says no more than this is read so: what is "the same" in a longer one may be another matter. A
    key that denies, or says of something that it is the same, makes no such difference, nor does a comparison that the
    question tells.
    """
    said = _GIVES_REASON.split(plain(answer).strip())[0]
    if not _LEVEL.search(said) or _NOT_LEVEL.search(answer) or _compares(answer):
        return False
    if _LEVEL.search(key) or _LEVEL_KEY.search(key) or NEGATIONS & set(key.lower().split()):
        return False
    asked = set[str]() if _CHOOSES.search(question) else _compares(question)
    rest = {stem(word) for word in re.findall(r"[^\W_]+", _LEVEL.sub(" ", said).lower())}
    told = {stem(word) for word in re.findall(r"[^\W_]+", question.lower())}
    return bool(_compares(key) - asked) and not rest - told - _MEASURES


def _compares(text: str) -> set[str]:
    """The words of a text that compare."""
    return {word for word in re.findall(r"[a-z]+", text.lower()) if word in _MORE or _is_comparative(word)}


def _is_comparative(word: str) -> bool:
    """Whether a word that ends in "er" has an opposite that does so too, as "larger" has, and "after" has not."""
    others = OPPOSITES.get(word, ())
    return word.endswith("er") and any(one.endswith("er") or one in _MORE for one in others)


def _coordinated(text: str) -> set[frozenset[str]]:
    """The pairs of words that an "and" joins: "a picture and a caption", whichever of them comes first."""
    return {_pair(found) for found in _AND.finditer(plain(text))}


def _pair(found: re.Match[str]) -> frozenset[str]:
    return frozenset(stem(found[name].lower()) for name in ("one", "two"))


def _parts(text: str, joined: Collection[frozenset[str]]) -> list[frozenset[str]]:
    """The words of each part of a text; an "and" after "between", or between two words of `joined`, parts nothing."""

    def kept(found: re.Match[str]) -> str:
        return f"{found['one']} {found['two']}" if _pair(found) in joined else found[0]

    found = []
    for clause in clauses_of(text):
        whole = _AND.sub(kept, _BOTH.sub(r"\1", clause.text))
        for part in _PART.split(whole):
            found.append(frozenset(word.stem for word in clause_in(part).words if not word.negated))
    return [part for part in found if part]


def _as_in_key(part: Collection[str], wanted: Sequence[Collection[str]]) -> frozenset[str]:
    """The words of a part of the answer as the key has them; those that it has not are left out."""
    known = set().union(*wanted) if wanted else set()
    found = (
        word if word in known else next((other for other in known if likeness(word, other) >= _SAME), "")
        for word in part
    )
    return frozenset(word for word in found if word)


def _crossed(one: frozenset[str], two: frozenset[str], given: Sequence[frozenset[str]]) -> bool:
    """Whether two parts of the answer each hold words of both parts of the key, and never the same words."""
    for first, second in itertools.combinations(given, 2):
        mixed = all(part & own for part in (first, second) for own in (one, two))
        if mixed and not first & second & (one | two):
            return True
    return False


def _turned(between: re.Pattern[str], key: str, answer: str) -> bool:
    wanted, given = between.search(plain(key)), between.search(plain(answer))
    if not wanted or not given or _compared(wanted) != _compared(given):
        return False
    sides = [
        {w.stem for w in clause_in(found[side]).words} for found in (wanted, given) for side in ("one", "two")
    ]
    one, two, first, second = sides
    one, two = one - two, two - one
    if "denied" in wanted.groupdict():
        one, first = one - first, first - one  # what both say of the thing: "it reduces ..., not ..."
    return bool(first & two and second & one) and not (first & one or second & two)


def _compared(found: re.Match[str]) -> str:
    """The comparative before "than": "A is slower than B" and "B is faster than A" say the same."""
    return str(found.groupdict().get("compared", "")).lower()
