"""What can be measured of a typed answer beside its question and key: words, order, signs, numbers, nearness.

Nothing here knows a subject: how much a word tells is how rare it is in English, and what is asked about is taken
from the question. Each measure is a number, so that a fitted model can weigh them (`short_answers`).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any

from tutor.claims import clauses_of, left_open, plain, told_by
from tutor.lexicon import GENERIC, NARROW_NEGATORS, NEGATORS, NUMBERS, ROLES, carries, likeness
from tutor.words import split_sentences, stem, words, zipf

Similarity = Callable[[str, str], float]
# A reader of pairs, an answer beside question and key -> the probabilities of correct, partial, wrong: [pairs, 3].
Reader = Callable[[Sequence[tuple[str, str]]], Any]

_YES = re.compile(r"^\W*(?:yes|yep|yeah|yup|sure|true|correct|right|indeed|是的?|对)\b", re.IGNORECASE)
_NO = re.compile(
    r"^\W*(?:no|nope|nah|false|incorrect|wrong|not|never|neither|不|没有)(?:\b|(?=[一-鿿]))", re.IGNORECASE
)
_ASKED_WORDS, _KEY_WORDS = 36, 48
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*")
_INTERVAL = re.compile(r"(?<=[\[({])([-−]?\d+(?:\.\d+)?),(?!\d{3}[\])}])([-−]?\d+(?:\.\d+)?)(?=[\])}])")
_BREAK = re.compile(r"[,;:.!?()]|\b(?:while|whereas|but|and)\b")
_YES_NO_QUESTION = re.compile(
    r"^\W*(?:can|could|may|might|do|does|did|is|are|was|were|will|would|should|must|has|have|need)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"[,;:.!?()]|\b(?:and|or|but|while|whereas|because|since|so that|than|until|instead of|rather than)\b",
    re.IGNORECASE,
)
_SIDE = re.compile(
    r"[,;:.!?()]|\b(?:and|but|while|whereas|because|since|instead of|rather than)\b", re.IGNORECASE
)
_CALLED = re.compile(
    r"\b(?:is|are|was|were)\s+(?:also\s+)?(?:called|known as|named|termed)\s+(.+)$", re.IGNORECASE
)
_SIDES = re.compile(
    r"\b(?:does|do|is|are|did)\s+(.+?)\s+(?:differs?|different)\s+from\s+(.+?)\?|"
    r"\bdifferences?\s+between\s+(.+?)\s+and\s+(.+?)(?:\s+in\s+[^?]*)?\?|"
    r"([\w-]+(?:\s[\w-]+)?)\s+or\s+(?:the\s+|an?\s+)?([\w-]+(?:\s[\w-]+)?)[^?]*\?",
    re.IGNORECASE,
)


@lru_cache(maxsize=20_000)
def weight(word: str) -> float:
    """How much a stem tells: little for what everybody says, at most 1."""
    usual = max(zipf(word), zipf(word + "e"), zipf(word + "s"))
    return min(1.0, max(0.15, (7.0 - usual) / 4.0)) * (0.6 if word in GENERIC else 1.0)


def main_of(key: str) -> str:
    """The sentence of a key that answers; the whole key where it is a list."""
    spans = split_sentences(key)
    if not spans or re.search(r"(?m)^\s*(?:[-*•]|\d{1,3}[.)])\s+", key):
        return key
    begin, end = spans[0]
    first = key[begin:end]
    few = len(re.findall(r"\w+", first)) < 3 and len(spans) > 1
    return key[begin : spans[1][1]] if few else first


def _content(text: str) -> list[str]:
    return [word for word in words(re.sub(r"[-_/]", " ", plain(text))) if carries(word)]


def _said(word: str, others: Collection[str]) -> float:
    return max((likeness(word, other) for other in others), default=0.0)


def _share(wanted: Sequence[str], given: Collection[str]) -> float:
    """How much of what is wanted is given, by weight; 0 where nothing is wanted."""
    total = sum(weight(word) for word in wanted)
    said = sum(weight(word) * max(0.0, _said(word, given)) for word in wanted)
    return said / total if total else 0.0


def _grams(text: str) -> Counter[str]:
    line = " " + " ".join(re.findall(r"\w+", plain(text).lower())) + " "
    return Counter(line[n : n + 3] for n in range(len(line) - 2))


def _gram_cosine(one: str, two: str) -> float:
    a, b = _grams(one), _grams(two)
    norm = math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))
    return sum(count * b[gram] for gram, count in a.items()) / norm if norm else 0.0


def _negations(text: str) -> int:
    lowered = re.findall(r"[a-z]+(?:['’]t)?", text.lower())
    denials = NEGATORS | NARROW_NEGATORS - {"less", "fewer", "least"}
    return sum(
        bool(re.search(r"n['’]t$", word)) or word in denials or stem(word) in denials for word in lowered
    )


def numbers_in(text: str) -> frozenset[float]:
    """The numbers of a text; a percentage also as a fraction, "a/b" as its value too."""
    found: set[float] = set()
    text = _INTERVAL.sub(r"\1, \2", text)
    for match in _NUMBER.finditer(text):
        raw = (
            match[0].replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", match[0]) else match[0]
        )
        raw = raw.replace(",", ".")
        if raw.count(".") > 1:
            continue
        value = float(raw)
        found.add(value)
        if re.match(r"\s*(?:%|percent|per cent)", text[match.end() :]):
            found.add(value / 100)
    for over, under in re.findall(r"(?<![\w.])(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)", text):
        if float(under):
            found.add(float(over) / float(under))
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in NUMBERS:
            found.add(float(NUMBERS[word]))
        elif word in _WORD_NUMBERS:
            found.add(_WORD_NUMBERS[word])
    return frozenset(found)


_WORD_NUMBERS = {"half": 0.5, "quarter": 0.25, "zero": 0.0, "none": 0.0, "hundred": 100.0, "thousand": 1000.0,
                 "hundredth": 0.01, "twice": 2.0, "double": 2.0, "once": 1.0, "million": 1e6}  # fmt: skip


def _number_measures(asked: str, key: str, answer: str) -> tuple[float, float]:
    """The share of the key's numbers that are said, and of the answer's that neither key nor question hold."""
    wanted, given, told = numbers_in(key), numbers_in(answer), numbers_in(asked)

    def near(one: float, others: Collection[float]) -> bool:
        return any(abs(one - other) <= 0.006 * max(abs(one), abs(other)) for other in others)

    own = wanted - told
    hit = sum(near(one, given) for one in own) / len(own) if own else 0.0
    strange = [one for one in given if not near(one, wanted | told)]
    return hit, (len(strange) / len(given) if given and wanted else 0.0)


def sides_of(question: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words of the two things that a question sets against each other; empty sets for none."""
    found = _SIDES.search(" ".join(plain(question).split()))
    if not found:
        return frozenset(), frozenset()
    one, two = [part for part in found.groups() if part][:2]
    a, b = frozenset(_content(one)), frozenset(_content(two))
    return a - b, b - a


def _binding(question: str, key: str, answer: str) -> tuple[float, float]:
    """Of the words that key and answer share: how many stand by the same thing, and how many by another one.

    A thing is a side of the question's comparison; without one a word of the question that both texts hold.
    """
    one, two = sides_of(question)
    places = {word: 1 for word in one} | {word: 2 for word in two}
    if not places:
        return 0.0, 0.0
    bound = _bound(key, places), _bound(answer, places)
    same = other = 0.0
    for word, side in bound[1].items():
        match = next((w for w in bound[0] if likeness(word, w) >= 0.8), None)
        if match is not None and side and bound[0][match]:
            if bound[0][match] == side:
                same += weight(word)
            else:
                other += weight(word)
    total = same + other
    return (same / total, other / total) if total else (0.0, 0.0)


def _bound(text: str, places: dict[str, int]) -> dict[str, int]:
    """Each word that carries meaning with the side named last before it (or first, where none came before)."""
    found: dict[str, int] = {}
    side = 0
    waiting: list[str] = []
    for word in words(re.sub(r"[-_/]", " ", plain(text))):
        place = places.get(word) or next((p for w, p in places.items() if likeness(word, w) >= 0.9), 0)
        if place:
            side = place
            for earlier in waiting:
                found.setdefault(earlier, side)
            waiting = []
        elif carries(word):
            if side:
                found.setdefault(word, side)
            else:
                waiting.append(word)
    return found


def _discord(key: Sequence[str], answer: Sequence[str]) -> float:
    """The share of pairs of shared words that stand in the other order."""
    shared = [word for word in dict.fromkeys(answer) if word in key][:12]
    order = [key.index(word) for word in shared]
    pairs = [(a, b) for n, a in enumerate(order) for b in order[n + 1 :]]
    return sum(a > b for a, b in pairs) / len(pairs) if len(pairs) >= 3 else 0.0


def _opposites(key: Sequence[str], answer: Sequence[str]) -> float:
    """How many words of the answer are the opposite of one of the key, and are not in the key themselves."""
    keys, said = set(key), set(answer)
    return sum(
        1.0
        for word in said - keys
        if any(likeness(word, other) < 0 for other in keys - said) and _said(word, keys) <= 0.0
    )


def _polarity(question: str, key: str, answer: str) -> tuple[float, float]:
    """Whether the answer's yes or no is the key's, and whether it is the other one."""
    sign = [1 if _YES.match(text) else -1 if _NO.match(text) else 0 for text in (key, answer)]
    return float(sign[0] * sign[1] > 0), float(sign[0] * sign[1] < 0)


def _guessed_polarity(question: str, key: str, answer: str) -> tuple[float, float]:
    """The same where the key opens with neither: a key that denies is a no to a question that can be answered so."""
    said = 1 if _YES.match(answer) else -1 if _NO.match(answer) else 0
    if not said or not _YES_NO_QUESTION.match(question) or _YES.match(key) or _NO.match(key):
        return 0.0, 0.0
    sign = -1 if _negations(key) % 2 != _negations(question) % 2 else 1
    return float(said == sign), float(said != sign)


_ASKS_MORE = re.compile(r"\b(?:why|how|explain|what)\b", re.IGNORECASE)


def _choice(question: str, key: str, answer: str) -> tuple[float, float]:
    """Of two things that a question offers ("an X or a Y?"): whether the answer names the key's first, or the other.

    What is denied ("not X but Y") is not named.
    """
    named = [_named_of(question, text) for text in (key, answer)]
    if not all(named):
        return 0.0, 0.0
    same = named[0][0] == named[1][0]
    return float(same), float(not same)


def only_chooses(question: str, main: str, answer: str) -> bool:
    """Whether an answer names the right one of two things that a question offers and asks no more than, and says
    nothing beside it but the question's own words.

    A key that names both, or one as a part of another word ("self-supervised"), does not tell which is right.

    Args:
        main: the key's sentence that answers.
    """
    said = {word.stem for clause in clauses_of(answer) for word in clause.words}
    known = told_by(question) | left_open(question) | GENERIC
    wanted = set(_named_of(question, re.sub(r"\w+-\w+", " ", main)))
    only = not _ASKS_MORE.search(question) and said <= known and len(wanted) == 1
    return only and set(_named_of(question, answer)) == wanted


def only_hedges(question: str, main: str, answer: str) -> bool:
    """Whether an answer names both of two things of which a question wants one ("it is both"), and says no more."""
    said = {word.stem for clause in clauses_of(answer) for word in clause.words}
    known = told_by(question) | left_open(question) | GENERIC | {"both"}
    named = [set(_named_of(question, text)) for text in (main, answer)]
    return said <= known and len(named[0]) == 1 and len(named[1]) > 1 and named[0] < named[1]


def _named_of(question: str, text: str) -> list[str]:
    """Which of two things or numbers that a question offers a text names, in its order; what it denies left out."""
    numbers = _numbers_offered(question)
    if numbers:
        return [one for one in _NUMBER.findall(text) if one in numbers]
    offered = left_open(question)
    named = (word for clause in clauses_of(text) for word in clause.words if not word.negated)
    return [word.stem for word in named if word.stem in offered] if len(offered) > 1 else []


def _numbers_offered(question: str) -> tuple[str, ...]:
    """The two numbers of "a model with an FID of 5 or one with an FID of 45?"; none where no two are offered."""
    before, either, after = question.rpartition(" or ")
    left, right = _NUMBER.findall(before), _NUMBER.findall(after)
    return (left[-1], right[0]) if either and left and right and left[-1] != right[0] else ()


def _tied(key: str, answer: str) -> tuple[float, float]:
    """How the words that key and answer share are tied to each other, by the parts ("a is x, while b is y").

    Returns:
        Of the pairs that stand in one part of the key, the share that one part of the answer holds; and of those that
        stand in different parts of the key, the share that one part of the answer holds.
    """
    wanted, given = ([set(_content(part)) for part in _SIDE.split(text)] for text in (key, answer))
    wanted, given = [part for part in wanted if part], [part for part in given if part]
    shared = sorted(set().union(*wanted) & set().union(*given))[:14]
    if len(wanted) < 2 or len(given) < 2 or len(shared) < 3:
        return 0.0, 0.0
    together: list[bool] = []
    crossed: list[bool] = []
    for n, one in enumerate(shared):
        for other in shared[n + 1 :]:
            held = any({one, other} <= part for part in given)
            (together if any({one, other} <= part for part in wanted) else crossed).append(held)
    return (
        sum(together) / len(together) if together else 0.0,
        sum(crossed) / len(crossed) if crossed else 0.0,
    )


def _role_clash(key: str, answer: str) -> float:
    """How many roles ("generator") the answer names where the key names only another of the family."""
    wanted, given = set(words(plain(key))), set(words(plain(answer)))
    return float(
        sum(bool(given & family and wanted & family and not given & wanted & family) for family in ROLES)
    )


def _parts(main: str, told: Collection[str]) -> list[list[str]]:
    """The words that a key's parts ("a, b and c") tell, the question's own left out; parts that tell nothing too."""
    found = [[w for w in dict.fromkeys(_content(part)) if w not in told] for part in _PART.split(main)]
    return [part for part in found if sum(weight(word) for word in part) >= 0.4]


def _part_measures(main: str, told: Collection[str], said: Collection[str]) -> tuple[float, float, float]:
    """Over the key's parts: how much is said of the least and of the average one, and how many there are."""
    shares = [_share(part, said) for part in _parts(main, told)]
    if not shares:
        return 0.0, 0.0, 0.0
    return min(shares), sum(shares) / len(shares), min(1.0, len(shares) / 5.0)


def _focus(main: str, told: Collection[str], said: Collection[str]) -> float:
    """How much is said of the name that a key gives ("is called X or Y"), of the better one of two; else of the key."""
    named = _CALLED.search(main)
    names = re.split(r",|;|\bor\b|\band\b|\bbecause\b|\bsince\b|\bwhich\b", named[1]) if named else [main]
    wanted = [[word for word in dict.fromkeys(_content(name)) if word not in told] for name in names]
    return max((_share(one, said) for one in wanted), default=0.0)


def says_yes_or_no(answer: str) -> bool:
    """Whether an answer opens with yes or no, or a word for it."""
    return bool(_YES.match(answer) or _NO.match(answer))


def lexical(question: str, key: str, answer: str) -> dict[str, float]:
    """The measures that need words alone."""
    main = main_of(key)
    told = set(told_by(question)) | {w for w in _content(question)}
    one, two = sides_of(question)
    told_words = told - ((one | two) if " or " in question else frozenset())
    key_words, main_words, said = _content(key), _content(main), _content(answer)
    wanted = [word for word in dict.fromkeys(main_words) if word not in told_words]
    wanted_all = [word for word in dict.fromkeys(key_words) if word not in told_words]
    own = [word for word in dict.fromkeys(said) if word not in told_words]
    bare = " ".join(w for w in plain(main).split() if not set(words(w)) <= told_words)
    hit, strange = _number_measures(question, key, answer)
    same, other = _binding(question, key, answer)
    agree, disagree = _polarity(question, key, answer)
    guessed, misguessed = _guessed_polarity(question, key, answer)
    chosen, other_chosen = _choice(question, main, answer)
    together, crossed = _tied(key, answer)
    least_part, mean_part, part_count = _part_measures(main, told_words, said)
    size = len(re.findall(r"\w+", answer))
    negation = _negations(answer) % 2 != _negations(main) % 2
    return {
        "recall": _share(wanted, said),
        "recall_all": _share(wanted_all, said),
        "best": max((_said(w, said) * weight(w) for w in wanted), default=0.0),
        "precision": _share(own, main_words),
        "precision_all": _share(own, [*key_words, *_content(question)]),
        "strange": sum(weight(w) for w in own if _said(w, key_words) <= 0.0) / 4.0,
        "echo": sum(w in told_words for w in said) / len(said) if said else 0.0,
        "no_own": float(not own),
        "wanted": min(1.0, len(wanted) / 12.0),
        "grams": _gram_cosine(answer, main),
        "grams_own": _gram_cosine(answer, bare),
        "opposites": min(2.0, _opposites([*key_words], said)),
        "negation": float(negation),
        "negation_near": float(negation) * _share(wanted, said),
        "opposites_near": min(1.0, _opposites(key_words, said)) * _share(own, main_words),
        "agree": agree,
        "disagree": disagree,
        "same_side": same,
        "other_side": other,
        "discord": _discord(main_words, said) * _share(own, main_words),
        "number_hit": hit,
        "number_strange": strange,
        "key_numbers": float(bool(numbers_in(main) - numbers_in(question))),
        "length": math.log1p(size) / 4.0,
        "ratio": min(2.0, size / max(1, len(re.findall(r"\w+", main)))),
        "short": float(size <= 3),
        "guessed": guessed,
        "misguessed": misguessed,
        "chosen": chosen,
        "other_chosen": other_chosen,
        "together": together,
        "crossed": crossed,
        "uncrossed": together - crossed,
        "role_clash": _role_clash(main, answer),
        "least_part": least_part,
        "mean_part": mean_part,
        "part_count": part_count,
        "focus": _focus(main, told_words, said),
    }


def _bare(text: str, told: Collection[str]) -> str:
    return " ".join(w for w in plain(text).split() if not words(w) or not set(words(w)) <= set(told))


def nearness(question: str, key: str, answer: str, similarity: Similarity) -> dict[str, float]:
    """The measures of nearness in meaning: cosines of embeddings."""
    main, told = main_of(key), {w for w in words(question)}
    bare_key, bare_answer = _bare(main, told) or main, _bare(answer, told)
    with_key = similarity(answer, main)
    with_question = similarity(answer, question)
    own = similarity(bare_answer, bare_key) if bare_answer else 0.0
    joined = similarity(f"{question} {answer}", f"{question} {main}")
    return {
        "near_key": with_key,
        "near_question": with_question,
        "near_own": own,
        "near_joined": joined,
        "nearer_key": with_key - with_question,
    }


def reader_pair(question: str, key: str, answer: str) -> tuple[str, str]:
    """What the reader of answers is given: the end of a long question, which asks, and the begin of a long key."""
    asked, wanted = question.split()[-_ASKED_WORDS:], key.split()[:_KEY_WORDS]
    return answer, " ".join([*asked, *wanted])


def readings(question: str, key: str, answer: str, reader: Reader) -> dict[str, float]:
    """What the reader says, as logarithms of one class against another."""
    right, partly, wrong = _logs(reader([reader_pair(question, key, answer)])[0])
    return {"read_right": right - wrong, "read_partly": partly - max(right, wrong)}


def _logs(shares: Sequence[float]) -> list[float]:
    return [math.log(min(1.0, max(0.001, float(share)))) for share in shares]
