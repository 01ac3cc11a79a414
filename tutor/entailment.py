"""Whether a sentence of the notes says a claim, or says otherwise: word by word, by code.

Each word of the claim that carries meaning is said by the sentence, or its opposite is, or nothing is. What a
bag of words cannot see is looked at by itself: who does it, how many, how often, and in which order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from tutor.claims import Clause, Word, clause_in, plain, subject_of
from tutor.lexicon import GENERIC, NEGATORS, NUMBERS, ROLE_WORDS, ROLES, likeness
from tutor.statements import clauses, has_predicate, subject_of_claim
from tutor.words import content_words, split_sentences, stem, words, zipf

_PHRASES = tuple(
    (re.compile(rf"\b(?:{phrase})", re.IGNORECASE), put)
    for phrase, put in (
        (r"replac(?:es|ed|ing) ((?:[\w-]+ ){0,4}?[\w-]+) (?:by|with)\b", r"contrastn't \1, but"),
        (r"(?:instead of|rather than|as opposed to|in place of|in contrast to|unlike)\b", " contrastn't "),
        (r"not (?:just|only|merely|simply)\b", ""),
        (r"(?:just |only )?(?:in|with|at|within) (?:just |only )?(?:one|a single) (?:\w+ )?(?:step|go|shot|pass"
         r"|stroke)\b",
         "onestep"),
        (r"(?:step[- ]by[- ]step|in (?:many|several|small|multiple|lots of) (?:\w+ ){0,2}steps|gradually|bit by bit"
         r"|over many steps|once per \w+ step)\b", "stepwise"),
        (r"(?:one (?:\w+ )?(?:after (?:another|the other)|by one|at a time)|(\w+) by \1|(?:each|every|one) \w+ after"
         r" (?:another|the other)|in sequence)\b", "sequentially"),
        (r"(?:all (?:\w+ )?(?:at once|in parallel)|in one go|in parallel|at the same time|at once)\b", "parallel"),
        (r"(?:with|as) the square of\b|quadratic(?:al)?(?: in)?\b", "quadratically"),
        (r"(?:in proportion to|proportional(?:ly)? to|linear in)\b", "linearly"),
        (r"(?:itself|themselves|directly|actually|really|basically|somehow|tr(?:y|ies) to)\b", ""),
        (r"(?:throw|thrown|threw) ((?:\w+ ){0,3}?)away\b", r"discard \1"),
        (r"from scratch\b", "scratch"),
        (r"(?:the|a|an) mean\b(?! that)", "the average"),
        (r"(?:cannot|can['’]t|unable to)\b", "can not"),
        (r"no longer\b", "not"),
        (r"(?:free of|lacks?|lacking)\b", "has no"),
        (r"(?:not identical to|different from|differs? from|distinct from)\b", "not same"),
        (r"(?:identical to|the same (?:thing )?as|equals?)\b", "same"),
    )
)  # fmt: skip
_CONTRAST = re.compile(
    r",?\s+(?:and |but )?not(?= (?:in|on|of|by|from|with|a|an|the|only|from)\b| \w+[,.;]?$| \w+ \w+[.]?$)"
)
_OPPOSED = {
    frozenset(map(stem, pair.split()))
    for pair in (
        "sequentially independently|onestep stepwise|onestep sequentially|sequentially parallel"
        "|stepwise parallel|linearly quadratically"
        "|supervised unsupervised|labelled unlabelled|paired unpaired|discrete continuous|fixed learned"
        "|frozen trained"
        "|fixed trained|frozen learned|exact approximate|exactly approximately|bounded unbounded|scratch pretrained"
        "|random pretrained|smaller same|upper lower|encoder-only decoder-only|maximise minimise|symmetric asymmetric"
        "|blurry sharp|sharper blurrier|widen narrow|wider narrower|less more|fewer more|few many|cheaper dearer"
    ).split("|")
}  # fmt: skip
_ALL = re.compile(
    r"\b(?:always?|never|all|every|any|only|must|exactly|just|merely|simply|entirely|completely|fully|perfectly"
    r"|guarantees?"
    r"|nothing but|purely|solely|alone|per|each(?! other))\b",
    re.IGNORECASE,
)
_EVERY = re.compile(r"\b(?:always|never|all|every|any|must|exactly|whole|guarantees?)\b", re.IGNORECASE)
_SOME = re.compile(
    r"\b(?:usually|often|sometimes|may|might|can|could|not (?:all|every|always)|most|many|some|mostly|mainly"
    r"|partly|also"
    r"|generally|typically|roughly|about|nearly|almost|tends?|rarely|need not|does not (?:have|need) to)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:if|unless|only|except|without|suppose|until)\b", re.IGNORECASE)
_COUNTED = re.compile(
    r"(?<![\w.\-])(\d[\d,]*(?:\.\d+)?|one|"
    + "|".join(NUMBERS)
    + r")(\s*%|\s+percent)?\s+((?:[a-z-]+\s+)?[a-z-]+)",
    re.I,
)
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
_SIDE_CLAUSE = re.compile(
    r",?\s+(?:because|since|so that|although|though)\s+|,\s+(?:so|which|where|whose|while|but)\s+"
)
_BECAUSE = re.compile(r"\b(?:because|since)\b", re.IGNORECASE)
_NAMES_KIND = re.compile(
    r"\b(?:is|are|was|were|means?|equals?|called|such as|like|same|stands for|as)\b", re.IGNORECASE
)
_VERSION = re.compile(r"\b[A-Z][\w-]*[ -](\d+(?:\.\d+)?)\b")
_COPULA = re.compile(r"\b(?:is|are|was|were|means?|equals?)\b", re.IGNORECASE)
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being|gets?)\s+(?:\w+ly\s+|not\s+|then\s+)?\w+(?:ed|n|t)\b.*\bby\b", re.I
)


@dataclass(frozen=True)
class Bearing:
    """How a sentence bears on a claim.

    Attributes:
        said: share of the claim's weight that the sentence says, in [0, 1].
        opposed: share of which it says the opposite.
        against: what it says otherwise, by kind; empty for nothing. "word": a negation or opposite;
            "role", "number": of somebody or something else; "limit": only sometimes; and what merely forbids to
            take it for said: "negation", "other number", "version", "sweeping", "loose", "unnamed".
        bound: the sentence holds a condition that the claim leaves out.
        about: share of the claim's subject that the sentence or its headings name.
        missing: the claim's words that the sentence is silent about.
    """

    said: float
    opposed: float
    against: frozenset[str] = frozenset()
    bound: bool = False
    about: float = 1.0
    missing: tuple[str, ...] = ()

    @property
    def touched(self) -> float:
        """Share of the claim that the sentence speaks of, for or against."""
        return self.said + self.opposed


_EVERYDAY = (
    4.6  # Zipf; what a word that everybody uses tells of the subject is little, however rare in the notes
)
_SILENT = Bearing(0.0, 0.0, about=0.0)


@dataclass(frozen=True)
class Claimed:
    """A claim as it is compared: its words with their weights, other names for them, and its subject's words.

    Attributes:
        names: word -> sets of stems, any of which names the same thing.
    """

    text: str
    clause: Clause
    weights: tuple[float, ...]
    names: Mapping[str, Sequence[frozenset[str]]] = field(default_factory=dict)
    subject: frozenset[str] = frozenset()


def claimed(
    text: str, subject: str, idf: Callable[[str], float], names: Mapping[str, Sequence[frozenset[str]]]
) -> Claimed:
    """A claim made ready.

    Args:
        subject: its words before the predicate.
        idf: stem -> how rare it is in the notes.
    """
    clause = clause_in(plain(_plain(text)))
    clause = replace(
        clause, words=tuple(word for word in clause.words if not word.stem.startswith("contrastn"))
    )
    usual = {stem(word): zipf(word) for word in re.findall(r"[a-z]+", text.lower())}
    seen: set[str] = set()
    weights = []
    for word in clause.words:
        most = 3.0 if usual.get(word.stem, 0.0) >= _EVERYDAY else 6.0
        weight = min(most, max(1.5, idf(word.stem))) * (0.4 if word.stem in GENERIC else 1.0)
        weights.append(0.0 if word.stem in seen or _ALL.fullmatch(word.stem) else weight)
        seen.add(word.stem)
    own = frozenset(words(subject)) & {word.stem for word in clause.words}
    return Claimed(text, clause, tuple(weights), names, own)


def _plain(text: str) -> str:
    for phrase, put in _PHRASES:
        text = phrase.sub(put, text)
    return _CONTRAST.sub(" contrastn't", text)


@lru_cache(maxsize=8192)
def _readings(sentence: str) -> tuple[Clause, ...]:
    """The clauses of a sentence, each with its subject."""
    found: dict[str, Clause] = {}
    for begin, end in split_sentences(sentence):
        for part in clauses(sentence[begin:end].rstrip(".!")):
            for piece in _SIDE_CLAUSE.split(_plain(part)):
                if re.search(r"\w", piece):
                    found.setdefault(piece, clause_in(plain(piece)))
    return tuple(found.values()) or (clause_in(plain(sentence)),)


def bearing(claim: Claimed, sentence: str, headings: str = "") -> Bearing:
    """How a sentence, read under its headings, bears on a claim: by the clause that speaks most of it."""
    told = frozenset(words(headings))
    everything = frozenset(words(sentence))
    best = _SILENT
    readings = _readings(sentence)
    if _BECAUSE.search(claim.text) and _BECAUSE.search(sentence):
        readings = (*readings, clause_in(plain(_plain(sentence))))
    for reading in readings:
        one = _bearing(claim, reading, everything, told)
        if (one.touched, one.said, -len(one.against)) > (best.touched, best.said, -len(best.against)):
            best = one
    if not best.touched:
        return best
    bound = bool(_CONDITION.search(sentence)) and not _CONDITION.search(claim.text)
    return replace(best, bound=bound)


def _bearing(claim: Claimed, reading: Clause, everything: Collection[str], told: Collection[str]) -> Bearing:
    total = sum(claim.weights) or 1.0
    said = opposed = about = of_subject = role = 0.0
    own = {word.stem for word in claim.clause.words}
    another = _other_subject(claim, reading)
    everywhere, own_words = {*everything, *told}, set(words(reading.text))
    missing: list[str] = []
    before = 0.0
    values = [_value(word, reading.words, own) for word in claim.clause.words]
    agreed = False
    for word, weight, value in zip(claim.clause.words, claim.weights, values, strict=True):
        # "without paired images" is said by "without paired examples", whatever else is said of images.
        if agreed and word.negated and value < 0.0:
            value = 0.5
        agreed = word.negated and value > 0.0
        near = own_words if another and word.stem in claim.subject else everywhere
        if value == 0.0 and _named(word.stem, claim.names, near):
            value = 0.9
        elif value == 0.0 and word.stem in claim.subject and (word.stem in told or word.stem in everything):
            value = 0.0 if another else 0.9
        elif value == 0.0 and not word.negated and word.stem in everything and word.stem not in ROLE_WORDS:
            value = 0.5
        said += max(0.0, value) * weight
        opposed += max(0.0, -value) * weight
        if (
            value < 0.0 and missing and before and weight >= 1.0 and not word.negated
        ):  # "an exact likelihood" against "no likelihood"
            opposed += before
            missing.pop()
        before = weight if value == 0.0 and word.stem not in claim.subject else 0.0
        if value == 0.0 and weight >= 1.0:
            missing.append(word.stem)
            role += weight if word.stem in ROLE_WORDS else 0.0
        if word.stem in claim.subject:
            about += abs(value) * weight
            of_subject += weight
    against = {"word"} if opposed else set()
    if _other_role(claim, reading):
        against.add("role")
        said, opposed = said + 0.0, opposed + role
    if not opposed and _negates(reading) and not _negates(claim.clause):
        against.add("negation")
    against |= _beyond(claim, reading.text)
    if _is_loose(claim, reading):
        against.add("loose")
    if _names_a_kind(claim) and not _NAMES_KIND.search(reading.text):
        against.add("unnamed")
    return Bearing(
        said / total,
        opposed / total,
        frozenset(against),
        about=about / of_subject if of_subject else 1.0,
        missing=tuple(missing),
    )


def _negates(clause: Clause) -> bool:
    said = [word.strip(".,;:()").replace("’", "'") for word in clause.text.lower().split()]
    return any(
        word in NEGATORS or word in ("no", "without") or (word.endswith("n't") and word != "contrastn't")
        for word in said
    )


def _other_subject(claim: Claimed, reading: Clause) -> bool:
    """Whether the clause has a subject of its own that is not the claim's."""
    theirs = set(content_words(subject_of_claim(reading.text)))
    return bool(theirs) and not theirs & claim.subject


def _value(word: Word, others: Sequence[Word], own: Collection[str]) -> float:
    """1 when the other words say it, -1 when they say its opposite, 0 when they are silent."""
    best, worst = 0.0, 0.0
    for other in others:
        like = -1.0 if frozenset((word.stem, other.stem)) in _OPPOSED else likeness(word.stem, other.stem)
        if like < 0 and other.stem in own:
            continue
        if word.negated != other.negated:
            like = -like
        best, worst = max(best, like), min(worst, like)
    return best if best >= min(0.8, -worst) else worst


def _named(word: str, names: Mapping[str, Sequence[frozenset[str]]], have: Collection[str]) -> bool:
    """Whether another name of the thing stands there."""
    return any(other <= set(have) for other in names.get(word, ()))


def _other_role(claim: Claimed, reading: Clause) -> bool:
    """Whether the clause says it of the rival of what the claim is about."""
    mine = subject_of(claim.clause.text, ROLE_WORDS, ())
    theirs = subject_of(reading.text, ROLE_WORDS, ())
    if not mine or not theirs or mine == theirs or likeness(mine, theirs) > 0:
        return False
    return any(mine in family and theirs in family for family in ROLES)


def _beyond(claim: Claimed, sentence: str) -> frozenset[str]:
    """What the claim says otherwise than the sentence in numbers, or more sweepingly."""
    found = set()
    mine, theirs = _counts(claim.text), _counts(sentence)
    for unit in mine.keys() & theirs.keys():
        if not mine[unit] & theirs[unit]:
            found.add("number")
    given = {value for values in theirs.values() for value in values}
    if (
        mine
        and not {value for values in mine.values() for value in values} <= given
        and "number" not in found
    ):
        found.add("other number")
    if mine and not theirs and "number" not in found:
        found.add("other number")
    if not set(_VERSION.findall(claim.text)) <= set(re.findall(r"\d+(?:\.\d+)?", sentence)):
        found.add("version")
    if _ALL.search(claim.text) and not _ALL.search(sentence):
        found.add("limit" if _SOME.search(sentence) and _EVERY.search(claim.text) else "sweeping")
    return frozenset(found)


def _counts(text: str) -> dict[str, set[str]]:
    """What is counted or measured -> the numbers given for it; years under "year"."""
    found: dict[str, set[str]] = {}
    for year in _YEAR.findall(text):
        found.setdefault("year", set()).add(year)
    for number, percent, unit in _COUNTED.findall(text):
        value = NUMBERS.get(number.lower(), "1" if number.lower() == "one" else number.replace(",", ""))
        if _YEAR.fullmatch(value):
            continue
        if value == "1" and number.lower() == "one" and percent == "":
            continue
        for name in ["%"] if percent else [stem(word.lower()) for word in unit.split()]:
            found.setdefault(name, set()).add(value)
    return found


def sweeping(text: str) -> bool:
    """Whether a text says that something holds always, for all, or is nothing else."""
    return bool(_ALL.search(text))


def _is_loose(claim: Claimed, reading: Clause) -> bool:
    """Whether the clause holds the words of "X is Y" without saying that X is Y: other words stand between them."""
    if not _COPULA.search(claim.text) or len(claim.clause.words) > 5:
        return False
    listed = [word.stem for word in reading.words]
    subject = [at for at, word in enumerate(listed) if word in claim.subject]
    rest = {word.stem for word in claim.clause.words} - claim.subject
    said = [at for at, word in enumerate(listed) if any(likeness(word, other) > 0.7 for other in rest)]
    if not subject or not said:
        return False
    if said[0] < subject[0]:
        return said[-1] > subject[-1] or len(listed) > len(claim.clause.words) + 2
    between = (
        [word for word in listed[subject[-1] + 1 : said[0]] if word not in GENERIC]
        if subject[-1] < said[0]
        else []
    )
    return len(between) > 1


def _names_a_kind(claim: Claimed) -> bool:
    """Whether the claim is of the form "X is Y", or a question of that form without its "is"."""
    short = len(claim.clause.words) <= 5
    return short and bool(_COPULA.search(claim.text) or not has_predicate(claim.text))


def covered(text: str, by: str) -> float:
    """Share of the meaning-bearing words of one text that another says too."""
    need, have = clause_in(plain(_plain(text))).words, clause_in(plain(_plain(by))).words
    if not need:
        return 0.0
    return sum(any(likeness(word.stem, other.stem) > 0.7 for other in have) for word in need) / len(need)
