"""Whether the notes answer a question at all: six measures of a question against what was found for it.

Likeness alone cannot tell: "How many parameters has GPT-4?" is near to every sentence on GPT. So the gate also
asks whether one sentence holds what is named together with what is asked about it, whether the notes ask nearly
the same question themselves, and, where a number, a year or a person is asked for, whether a sentence holds one.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass

from tutor.words import STOPWORDS, content_words, numbers, stem, words

# Headings, a line break and the words (as `passages.embedded_text` puts them), and the cosine with the question.
Found = tuple[str, float]

# Words that say how something is asked, and how students write: no note needs to hold them.
ASKING = frozenset(
    stem(word)
    for word in """vs versus whats whos hows isnt doesnt dont arent wasnt cant wont didnt im ive thats pls please plz
    differ difference different compare comparison relationship relation related everybody everyone somebody someone
    anybody something anything everything actual actually exactly roughly basically always bigger big good bad better
    best guy stuff lot bit tell say said formula equation example name stand short right true wrong keep many way
    reason n u ur r bc cuz wanna gonna gimme even story tale
    metaphor analogy special mechanism advantage disadvantage pro con strength weakness benefit drawback
    """.split()
)
_VERBS = (
    "did|does|do|is|was|were|are|has|have|had|can|could|should|will|would|must|may|might|of|goes|in|for|from|to|gave|gives"
    "|uses?|used|needs?|makes?|made|won|reached|worked|and"
)
_NOUN = rf"((?:(?!(?:{_VERBS})\b)[\w-]+(?:\s+|(?=\W|$))){{1,4}}?)"
_ENDS = rf"(?=(?:{_VERBS})\b|\s*[?!.,;]|\s*$)"
# "How do I choose how many ..." asks for a way, not for a number.
_NO_CHOICE = r"(?<!choose )(?<!decide )(?<!pick )(?<!matter )"
_ASKED = re.compile(
    rf"{_NO_CHOICE}\b(which|what|how (?:many|much|long|big|large)|number of)\s+{_NOUN}{_ENDS}", re.I
)
_MEASURED = (
    r"(?:size|number|percent\w*|fraction|share|rate|scores?|fid|perplexity|width|length|dimension|price|cost|betas?|gamma"
    r"|alpha|rank|threshold|weight|epochs?|temperature)"
)
_QUANTITY = re.compile(
    rf"{_NO_CHOICE}\bhow (?:many|much|long|big|large|expensive)\b|^\W*number of\b"
    rf"|\bwhat(?:'?s| is| was)? (?:the )?((?:[\w-]+ )?{_MEASURED}) (?:of|did|does|was|is|do|should|to use)\b"
    rf"|\b(?:what|which) (?!(?:is|are|was|does|do|did|happens|the)\b)((?:[\w-]+ ){{0,2}}{_MEASURED})\b"
    r"|\bwhat (?:did|does) .{1,60} cost\b",
    re.I,
)
_COUNTED = re.compile(rf"\b(?:how many|number of)\s+{_NOUN}{_ENDS}", re.I)
_NEAR = 5
# On the Zipf scale: below the first a word is a name or a term of some field, above the second no slip of the pen.
_STRANGE = 2.5
_NEVER_MISSPELT = 3.2
_COMMONEST = 7.0
_WHO = re.compile(
    r"(?:^|[,;:.?!]\s+|\b(?:and|know|me|but|so|by)\s+)(?:who|whose)\b"
    r"(?=(?: \w+){0,2} (?:\w+ed|was|were|is the|are the|wrote|made|led|built|won|came)\b)"
    r"(?!.*\b(?:stand for|meant to|supposed to|really)\b)",
    re.I,
)
# "When is a U-Net used?" asks for a condition.
_WHEN = re.compile(
    r"^\W*(?:(?:and|but|so) )?"
    r"(?:(?:since )?when (?:was|were|did)\b(?! i\b)|(?:in )?(?:what|which) year\b|since when\b)",
    re.I,
)
_WHY = re.compile(r"\b(?:why|what is the (?:mathematical )?reason)\b", re.I)
GIVES_REASON = re.compile(
    r"\b(?:because|since|so that|therefore|reason|arises?|cause[sd]?|due to|comes from)\b|因为|由于|导致|原因",
    re.I,
)
DEFINES = re.compile(
    r"^\W*(?:what(?:'?s| is| are| was)\b(?! the (?:difference|relation))|define|explain|how (?:does|do|is)\b.* work"
    r"|what (?:does|do) .{3,60} do\W*$)",
    re.I,
)
_VERSION = re.compile(r"\b[A-Z][\w-]*[- ]\d+(?:\.\d+)?\b|\b[A-Za-z]+-\d\S*")
_YEAR = re.compile(r"\b(?:19\d\d|20[0-3]\d)\b")
_NUMBER_WORD = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|[mb]illion|twice|half|single|both)\b",
    re.I,
)
_PERSON = re.compile(
    r"\b[A-Z]\w+(?:,? [A-Z]\w+)* (?:and|with) (?:[A-Z]\w+|colleagues|others)\b|\b(?:by|at) [A-Z]\w+"
    r"|^[A-Z]\w+(?: [A-Z]\w+)?, [A-Z]"
)
# Names at the place of a subject, "Karl von Frisch decoded", with the verb behind them.
_NAME = r"[A-Z](?:[\w'’-]+|\.)"
_PARTICLE = r"(?:von|van|der|den|de|da|di|del|la|le|el|al|bin|ter|ten|zu)"
_DOER = re.compile(
    rf"(?<![\w-])({_NAME}(?: (?:(?:{_PARTICLE} )*{_NAME}))*)"
    r"(?:,? (?:and|et al\.?) (?:colleagues|others|(?:his|her) \w+))?"
    r"(?: \([^()]*\))? (?:(?:first|later|also|then|independently) )?([a-z]+)\b"
    r"(?! (?:by|in|at|on|for|with|from|as)\b)"
)
_PAST = re.compile(
    r"\w{2,}ed|won|wrote|made|led|built|gave|found|began|drew|took|held|came|put|showed|taught|thought"
)
_NAME_ASKED = re.compile(r"(?<=[a-z,] )[A-Z][\w-]*|\b[A-Za-z]+-?\d\w*")
_CAPITAL = re.compile(r"(?<=[a-z0-9,;(] )[A-Z][\w-]*|\b\w+-?[A-Z][\w-]*")
_PLAIN_WORD = re.compile(r"(?<![\w'’])[A-Za-z]+(?![\w'’])")
_PARTED = re.compile(r"(?<![\w-])[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+(?![\w-])")


@dataclass(frozen=True)
class Measures:
    """What the verdict rests on.

    Attributes:
        passage: the best cosine of the question with a passage or with a question of the notes' own, in [-1, 1].
        sentence: the best sentence's cosine plus half the share of the question's concepts that it holds with its
            headings; in [-1, 1.5].
        fact_missing: 1 when a particular fact is asked for (how many, which, who, when) and no sentence holds
            what is named, what is asked about it and a value of that kind together; else 0.
        definition_missing: for "what is ..." and "how does ... work", the share of the question's concepts that what
            was found lacks; else 0.
        words: how many concepts the question names: a long question is seldom covered as a whole.
        rarest: how rare in English the rarest of the question's words is that the notes lack, in [0, 1]; 0 without one.
    """

    passage: float
    sentence: float
    fact_missing: float
    definition_missing: float
    words: float
    rarest: float


@dataclass(frozen=True)
class Asked:
    """What the gate takes from the search for a question.

    Attributes:
        covered: a text -> the weighted share of the question's concepts that it names, in [0, 1].
        concepts: how many concepts the question names.
        likeness: the best cosine of the question with one of the notes' own questions.
    """

    covered: Callable[[str], float]
    concepts: int
    likeness: float


@dataclass(frozen=True)
class Weights:
    """A logistic function of the measures: their weights in the same order, and the bias."""

    passage: float
    sentence: float
    fact_missing: float
    definition_missing: float
    words: float
    rarest: float
    bias: float

    def probability(self, measures: Measures) -> float:
        """Probability that the notes answer the question."""
        *weights, bias = astuple(self)
        score = bias + sum(weight * value for weight, value in zip(weights, astuple(measures), strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


# Fitted by `evaluation.gate.fit_gate` on the 465 development questions (sets/dev.jsonl and search-dev.jsonl, of which
# 70 share no word with the notes and 160 are near misses). By tenfold cross-validation they refuse 72 % of the near
# misses at 14 % false refusals; of the answerable questions that share a word with the notes 6 % are refused.
FITTED = Weights(
    passage=2.66,
    sentence=1.53,
    fact_missing=-3.12,
    definition_missing=-2.86,
    words=0.175,
    rarest=-2.44,
    bias=-2.45,
)


@dataclass(frozen=True)
class Lexicon:
    """The words of the notes.

    Attributes:
        stems: all stems of the notes.
        long_forms: stemmed acronym -> its stemmed long form.
        names: stems that the notes write with a capital letter inside a sentence, as names are.
        spellings: first letter -> the notes' words as written, in lower case, most frequent first.
        joined: a word without its hyphens -> as the notes write it, where they never write it without: "unet".
        zipf: how common a word is in English: the logarithm of its uses in a thousand million words, 0 when unseen.
    """

    stems: Collection[str]
    long_forms: Mapping[str, str]
    names: frozenset[str]
    spellings: Mapping[str, Sequence[str]]
    joined: Mapping[str, str]
    zipf: Callable[[str], float]

    def knows(self, word: str) -> bool:
        """Whether the notes hold a stem."""
        return word in self.stems

    def held(self, word: str, have: Collection[str]) -> bool:
        """Whether a set of stems holds a stem, or all of its long form."""
        long_form = self.long_forms.get(word)
        return word in have or bool(long_form and set(long_form.split()) <= set(have))

    def is_strange(self, word: str) -> bool:
        """Whether neither the notes nor common English know a word as written: a name from elsewhere."""
        return len(word) > 3 and bool(self.unknown([word])) and self.zipf(word.lower()) < _STRANGE

    def unknown(self, found: Iterable[str]) -> list[str]:
        """The words that the notes do not hold, without those that only ask; in lower case."""
        lower = (word.lower() for word in found if len(word) > 2)
        return [
            word
            for word in lower
            if word not in STOPWORDS and stem(word) not in ASKING and not self.knows(stem(word))
        ]

    def mend(self, query: str) -> str:
        """The query with its misspelt words spelt as in the notes: unknown, uncommon and one slip away from
        a word of theirs ("colapse"), American where the notes are British ("normalization"), or without the
        hyphen that the embedding model needs to know it ("unet")."""
        return re.sub(
            r"(?<![\w-])[A-Za-z][A-Za-z0-9]{2,}(?![\w-])", lambda match: self._mended(match.group()), query
        )

    def _mended(self, word: str) -> str:
        lower = word.lower()
        if lower in self.joined:
            return self.joined[lower]
        if self.knows(stem(lower)) or len(lower) < 5 or not lower.isalpha():
            return word
        british = lower.replace("iz", "is").replace("yz", "ys")
        if self.knows(stem(british)):
            return british
        if self.zipf(lower) >= _NEVER_MISSPELT:
            return word
        near = (other for other in self.spellings.get(lower[0], ()) if _one_slip(british, other))
        return next(near, word)


def build_lexicon(
    texts: Iterable[str],
    stems: Collection[str],
    long_forms: Mapping[str, str],
    zipf: Callable[[str], float],
) -> Lexicon:
    """The lexicon of the notes' own words: prose without code and reference lists, struck words left out."""
    capital: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    written: Counter[str] = Counter()
    parted: Counter[str] = Counter()
    for text in texts:
        parted.update(_PARTED.findall(text))
        seen.update(words(text))
        written.update(re.findall(r"\w+", text.lower()))
        for match in _CAPITAL.finditer(text):
            capital.update(set(words(match.group())))
    names = frozenset(
        word for word, n in capital.items() if len(word) > 1 and not word.isdigit() and n >= 0.6 * seen[word]
    )
    spellings: dict[str, list[str]] = defaultdict(list)
    for word, _ in written.most_common():
        if len(word) >= 5 and word.isascii() and word.isalpha():
            spellings[word[0]].append(word)
    joined = {word.replace("-", "").lower(): word for word, _ in reversed(parted.most_common())}
    joined = {plain: word for plain, word in joined.items() if plain not in written}
    return Lexicon(stems, long_forms, names, spellings, joined, zipf)


def measure(
    question: str,
    passages: Sequence[Found],
    sentences: Sequence[Found],
    lexicon: Lexicon,
    asked: Asked,
) -> Measures:
    """The measures of a question.

    Args:
        question: in English and spelt as in the notes (`Lexicon.mend`).
        passages: what was retrieved, best first.
        sentences: the sentences of these passages, each under its headings.
        asked: its concepts, and how like it the notes' own questions are.
    """
    wanted = [word for word in dict.fromkeys(content_words(question)) if word not in ASKING]
    stems = [frozenset(words(text)) for text, _ in sentences]
    best = max((cosine + 0.5 * asked.covered(text) for text, cosine in sentences), default=0.0)
    strange = lexicon.unknown(_PLAIN_WORD.findall(question))
    missing = 0.0
    if DEFINES.search(question):
        missing = 1.0 - asked.covered("\n".join(text for text, _ in passages))
    return Measures(
        passage=max([asked.likeness, *(cosine for _, cosine in passages)]),
        sentence=best,
        fact_missing=float(
            _fact_is_missing(question, wanted, [text for text, _ in sentences], stems, lexicon)
        ),
        definition_missing=missing,
        words=float(asked.concepts),
        rarest=max((1 - min(lexicon.zipf(word), _COMMONEST) / _COMMONEST for word in strange), default=0.0),
    )


def _fact_is_missing(
    question: str,
    wanted: Sequence[str],
    texts: Sequence[str],
    stems: Sequence[frozenset[str]],
    lexicon: Lexicon,
) -> bool:
    asked = _ASKED.search(question)
    holds_value = value_test(question)
    if holds_value is None and (asked is None or asked.group(1).lower() == "what"):
        return False
    quantity = _QUANTITY.search(question)
    named = asked.group(2) if asked else (quantity.group(1) or quantity.group(2) or "") if quantity else ""
    noun = content_words(named)
    names = [word for word in wanted if word in lexicon.names]
    names += [word for name in _NAME_ASKED.findall(question) for word in content_words(name)]
    price = [word for word in wanted if word in ("cost", "price")]
    key = [word for word in dict.fromkeys([*noun, *names, *price]) if word not in ASKING] or wanted
    return not any(
        all(lexicon.held(word, have) for word in key)
        and (holds_value is None or holds_value(text.partition("\n")[2]))
        for text, have in zip(texts, stems, strict=True)
    )


def value_test(question: str) -> Callable[[str], bool] | None:
    """Whether a sentence holds a value of the kind that is asked for: a person, a year, a quantity, or the reason for
    the number that the question gives."""
    if _WHO.search(question):
        asked = frozenset(words(question))
        return lambda sentence: bool(_PERSON.search(sentence)) or _names_doer(sentence, asked)
    if _WHEN.search(question):
        return lambda sentence: bool(_YEAR.search(sentence))
    given = numbers(_VERSION.sub(" ", question))
    if given and _WHY.search(question):
        return lambda sentence: bool(GIVES_REASON.search(sentence)) and bool(given & numbers(sentence))
    if not _QUANTITY.search(question):
        return None
    counted = _COUNTED.search(question)
    noun = content_words(counted.group(1))[-1:] if counted else []

    def holds_quantity(sentence: str) -> bool:
        found = bool(numbers(_YEAR.sub(" ", sentence)) - given) or bool(_NUMBER_WORD.search(sentence))
        return found and (not noun or _counts(sentence, noun[0], given))

    return holds_quantity


def _names_doer(sentence: str, asked: Collection[str]) -> bool:
    """Whether names that the question does not give are the subject of a deed: of any in the past if they are
    several, as a person's are, and of the one asked about where it is a single one, which may be any first word."""
    for found in _DOER.finditer(sentence):
        names, verb = words(found[1]), found[2]
        full = {name for name in names if len(name) > 1}  # an initial may read like a word of the question
        if full & STOPWORDS or full & set(asked):
            continue
        if (len(names) > 1 and _PAST.fullmatch(verb)) or (stem(verb) in asked and verb not in STOPWORDS):
            return True
    return False


def _counts(sentence: str, noun: str, given: Collection[str]) -> bool:
    """Whether a number stands near a noun: "65,536 trained numbers", "layers: 12"; years and given numbers do not."""
    tokens = re.findall(r"[\w.,]*\w|[^\w\s]", _YEAR.sub(" ", sentence))
    places = [at for at, token in enumerate(tokens) if noun in words(token)]
    near = [token for at in places for token in tokens[max(0, at - _NEAR) : at + _NEAR + 1]]
    return any((numbers(token) - set(given)) or _NUMBER_WORD.fullmatch(token) for token in near)


def _one_slip(one: str, other: str) -> bool:
    """Whether two words differ by one letter added, left out, changed or swapped with its neighbour."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    at = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    if len(one) == len(other):
        swapped = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
        return one[at + 1 :] == other[at + 1 :] or swapped
    short, long = sorted((one, other), key=len)
    return short[at:] == long[at + 1 :]
