"""What can be measured of a typed answer beside its question and key: words, order, signs, numbers, nearness.

Nothing here knows a subject: how much a word tells is how rare it is in English, and what is asked about is taken
from the question. Each measure is a number, so that a fitted model can weigh them (`short_answers`).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tutor.chinese import CJK, in_english
from tutor.claims import plain, told_by
from tutor.lexicon import GENERIC, NARROW_NEGATORS, NEGATORS, NUMBERS, carries, likeness
from tutor.words import plain_greek, split_sentences, stem, words, zipf

Similarity = Callable[[str, str], float]
# Pairs of texts -> the probabilities of a reader's classes, [pairs, classes].
Probabilities = Callable[[Sequence[tuple[str, str]]], Any]

_YES = re.compile(r"^\W*(?:yes|yep|yeah|yup|sure|true|correct|right|indeed|是的?|对)\b", re.IGNORECASE)
_NO = re.compile(
    r"^\W*(?:no|nope|nah|false|incorrect|wrong|not|never|neither|不|没有)(?:\b|(?=[一-鿿]))", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*")
_BREAK = re.compile(r"[,;:.!?()]|\b(?:while|whereas|but|and)\b")
_SIDES = re.compile(
    r"\b(?:does|do|is|are|did)\s+(.+?)\s+(?:differs?|different)\s+from\s+(.+?)\?|"
    r"\bdifferences?\s+between\s+(.+?)\s+and\s+(.+?)(?:\s+in\s+[^?]*)?\?|"
    r"([\w-]+(?:\s[\w-]+)?)\s+or\s+(?:the\s+|an?\s+)?([\w-]+(?:\s[\w-]+)?)[^?]*\?",
    re.IGNORECASE,
)
_FOREIGN = re.compile(
    r"\b(?:der|die|das|und|ist|nicht|ein|eine|einen|mit|wird|werden|sich|auf|für|dass|weil|durch|bei|aus|nur|sind|"
    r"den|dem|des|vom|zum|zur|wenn|kein|keine|es|er|el|la|los|las|una|uno|que|del|por|para|con|porque|no hay|son|"
    r"cada|como|más|pero|muy|le|les|des|est|pour|dans|avec|une|qui|pas)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Readers:
    """Readers of pairs of texts, for what no single word shows.

    Attributes:
        claims: a claim and a sentence -> supported, contradicted, absent.
        answers: an answer, and question and key -> correct, partial, wrong.
    """

    claims: Probabilities
    answers: Probabilities


@dataclass(frozen=True)
class Reading:
    """An answer made ready to be compared.

    Attributes:
        text: in English words where it was Chinese.
        foreign: how much of it is in a language that nothing here reads, 0 to 1.
    """

    text: str
    foreign: float


def read_answer(answer: str) -> Reading:
    """An answer in English words, with the share that could not be read."""
    text = plain_greek(" ".join(answer.split()))
    runs = "".join(CJK.findall(text))
    if runs:
        english = in_english(text, {})
        left = "".join(CJK.findall(english))
        return Reading(CJK.sub(" ", english), 0.5 + 0.5 * len(left) / len(runs))
    tokens = re.findall(r"[^\W\d_]+", text)
    strange = len(_FOREIGN.findall(text)) / len(tokens) if len(tokens) >= 3 else 0.0
    rare = sum(zipf(token.lower()) < 1.5 and len(token) > 3 for token in tokens) / max(1, len(tokens))
    return Reading(text, min(1.0, 3.0 * strange) if strange + rare >= 0.25 and strange > 0.12 else 0.0)


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
    denials = NEGATORS | NARROW_NEGATORS
    return sum(
        bool(re.search(r"n['’]t$", word)) or word in denials or stem(word) in denials for word in lowered
    )


def numbers_in(text: str) -> frozenset[float]:
    """The numbers of a text; a percentage also as a fraction, "a/b" as its value too."""
    found: set[float] = set()
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
    """The pair of texts that the reader of answers is given."""
    return answer, f"{question} {key}".strip()


def readings(question: str, key: str, answer: str, readers: Readers) -> dict[str, float]:
    """What the readers say, as logarithms of one class against another."""
    supported, contradicted, absent = _logs(readers.claims([(answer, main_of(key))])[0])
    right, partly, wrong = _logs(readers.answers([reader_pair(question, key, answer)])[0])
    return {
        "supported": supported - contradicted,
        "absent": absent - max(supported, contradicted),
        "read_right": right - wrong,
        "read_partly": partly - max(right, wrong),
    }


def _logs(shares: Sequence[float]) -> list[float]:
    return [math.log(min(1.0, max(0.001, float(share)))) for share in shares]
