"""Whether an answer turns one thing of the key round and repeats the rest: an opposite, a side, the order of numbers.

Nearly all the words of such an answer are the key's, so that measures of nearness take it for right. What is found
here is found by words alone and holds for any subject.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tutor.claims import clauses_of, plain
from tutor.lexicon import NARROW_NEGATORS, NEGATORS, OPPOSITES, carries, likeness
from tutor.words import stem, words

_PART = re.compile(r"[,;:.!?()]|\b(?:and|but|while|whereas|because|since|so|then|when|if)\b", re.IGNORECASE)
_ASKS_REASON = re.compile(r"\b(?:why|reasons?|how|explain)\b", re.IGNORECASE)
_SAME = 0.9  # likeness from which on two words are one
_ORDER = frozenset(
    ("before", "after", "first", "last", "next", "start", "end", "begin", "earli", "late")
)  # of a tale
_FAR = 99
_REPEATED = 0.7  # the share of an answer's words, but for the turned one, that are the key's
_FEWEST = 2  # words of the key's that an answer with an opposite must repeat


def turned_word(key: str, question: str, answer: str) -> bool:
    """Whether an answer repeats the key with one word turned into its opposite ("biased downwards" for "upwards").

    What it denies as often as the key does not, and two words turned at once, may mean the same; such answers are left
    to the other measures.
    """
    wanted, given = _words(key), _words(answer)
    known = set(_words(question))
    if _denials(key) % 2 != _denials(answer) % 2 or _compared(key) != _compared(answer):
        return False
    own, said = set(wanted), set(given)
    flips = {
        (word, other)
        for word in said - own
        for other in own - said
        if other in OPPOSITES.get(word, ())
        and word not in _ORDER
        and not any(likeness(word, one) > 0 for one in own)
    }
    turned = {word for word, _ in flips}
    if len(turned) != 1:
        return False
    rest = [word for word in dict.fromkeys(given) if word not in turned and carries(word)]
    shared = [word for word in rest if any(likeness(word, other) >= _SAME for other in own)]
    new = [word for word in shared if word not in known]
    return len(shared) >= _FEWEST and bool(new) and len(shared) >= _REPEATED * len(rest)


def crossed_opposites(key: str, answer: str) -> bool:
    """Whether both texts hold two opposites, each beside the words that stand by the other one in the key.

    "Below 1 the likeliest gain, above 1 it is more even" against "above 1 the likeliest gain, below 1 it is more even".
    """
    wanted, given = _placed(key), _placed(answer)
    own, said = [word for _, word in wanted], [word for _, word in given]
    pairs = {tuple(sorted((w, o))) for w in own for o in OPPOSITES.get(w, ()) if o in own}
    return any(
        all(own.count(word) == said.count(word) == 1 for word in pair) and _is_crossed(pair, wanted, given)
        for pair in pairs
    )


def denies_aside(key: str, question: str, answer: str) -> bool:
    """Whether all that an answer denies is something that the key does not speak of, where a reason is asked for.

    "You cannot backpropagate through a random step" says from the other side that gradients must flow: what it denies,
    to backpropagate, is no word of the key's.
    """
    if not _ASKS_REASON.search(question) or not _denials(answer):
        return False
    known = set(_words(key))
    runs: list[list[bool]] = []
    for clause in clauses_of(answer):
        inside = False
        for word in clause.words:
            if word.stem in NEGATORS | NARROW_NEGATORS:
                continue
            if word.negated:
                runs = runs if inside else [*runs, []]
                runs[-1].append(any(likeness(word.stem, other) > 0 for other in known))
            inside = word.negated
    return bool(runs) and not any(run[0] or 2 * sum(run) > len(run) for run in runs)


def _compared(text: str) -> str:
    """The first word that something is compared with: "slower than light" and "faster than sound" say the same."""
    found = re.search(
        r"\bthan\s+(?:(?:the|an?|its|their|in|of|for|from)\s+)*([\w-]+)", plain(text), re.IGNORECASE
    )
    return stem(found[1].lower()) if found else ""


def _is_crossed(
    pair: Sequence[str], wanted: Sequence[tuple[int, str]], said: Sequence[tuple[int, str]]
) -> bool:
    own = [word for _, word in wanted]
    beside = []
    for word in pair:
        part = wanted[own.index(word)][0]
        beside.append({other for n, other in wanted if n == part and carries(other) and other not in pair})
    first, second = beside[0] - beside[1], beside[1] - beside[0]
    near = [[_distance(said, word, side) for side in (first, second)] for word in pair]
    return near[0][1] < near[0][0] and near[1][0] < near[1][1]


def _distance(said: Sequence[tuple[int, str]], word: str, wanted: set[str]) -> int:
    """How far a word of a text is from the nearest of those wanted, within its part."""
    place = next(n for n, (_, other) in enumerate(said) if other == word)
    found = (
        abs(n - place)
        for n, (part, other) in enumerate(said)
        if part == said[place][0] and any(likeness(other, one) >= _SAME for one in wanted)
    )
    return min(found, default=_FAR)


def _placed(text: str) -> list[tuple[int, str]]:
    """Each word of a text with the number of the part that it stands in."""
    return [(n, word) for n, part in enumerate(_PART.split(plain(text))) for word in _split(part)]


def _words(text: str) -> list[str]:
    return _split(plain(text))


def _split(text: str) -> list[str]:
    return words(re.sub(r"[-_/]", " ", text))


def _denials(text: str) -> int:
    return sum(
        bool(re.search(r"n['’]t$", word))
        or stem(word) in NEGATORS
        or word in NEGATORS
        or (word in NARROW_NEGATORS and word not in ("less", "fewer", "least"))
        for word in re.findall(r"[a-z]+(?:['’]t)?", text.lower())
    )
