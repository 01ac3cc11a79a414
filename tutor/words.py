"""Sentences and words: where a text is cut, which words carry its meaning, and how words are compared.

Stems are inflections only (plural, -ing, -ed): a stronger stemmer such as Porter's would make "generator",
"generative" and "generation" one word, and in these notes they are three.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

_ABBREVIATIONS = "e.g|i.e|et al|vs|cf|approx|resp|dr|mr|ms|prof"
# Words that students shorten; they may also end a sentence.
_SHORTENED = (
    "conc|temp|max|min|avg|std|diff|dist|prob|params?|incl|excl|esp|est|ca|refs?|coeff?|const|eqn|abbr|def|ex|func"
    "|init|var|vol"
)
_BEFORE_NUMBERS = "figs?|eqs?|no|sec|vol|pp?"
_MATH = re.compile(r"\$\$.+?\$\$|(?<!\\)\$[^$\n]+?\$(?!\d)|\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL)
_FENCE = re.compile(r"```.*?```", re.DOTALL)
_END = re.compile(r"(?<=[.!?])[\"'”’)\]*~]*(?=\s+\S)|(?<=[。！？])[”’」』）]*|\n+")
_LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?(?:[-_][^\W_]+)*", re.UNICODE)
_CJK = re.compile(r"[\u3400-\u9fff]+")
# The making of a quiz reads each sentence of the notes several times over: what was read last is kept, if it is short.
_MOST_REMEMBERED = 16_384
_LONGEST_REMEMBERED = 500
STRUCK = re.compile(r"~~.+?~~", re.DOTALL)
_ARTICLE = re.compile(r"(?:an?|the)\s+", re.IGNORECASE)

STOPWORDS = frozenset(
    """a about above actually after again all also am an and any are as at be because been before being between
    both but by can could d did do does doing don't done down during each else ever every explain few for from
    further get gets give go got had has have having he her here him his how i if in into is isn't it its it's
    just kind kinds know let like list ll many may me mean means might more most much must my need no nor not
    now of off on once one only or other our out over own please re really s same say she should show so some
    such t tell than that that's the their them then there these they thing things this those through to too
    under up upon us use used uses using ve very want was way we were what what's when where which while who
    whom why will with would you your
    happen happens occur occurs differ differs difference differences compare compared comparison relationship
    relation versus vs exactly basically simply briefly understand meant meaning called""".split()
)
NEGATIONS = frozenset(
    "not no never none nor cannot without neither nothing isn't doesn't don't can't won't".split()
)


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Offsets (begin, end) of the sentences of a text, white space and list marks left out.

    A line break ends a sentence (the readers join the soft line breaks of a paragraph), a full stop inside
    math, a number or an abbreviation does not, and a fence of code is one piece. A sentence that carries nothing
    but signs is left out.
    """
    return list(_remembered_spans(text)) if len(text) <= _LONGEST_REMEMBERED else _spans(text)


def _spans(text: str) -> list[tuple[int, int]]:
    closed = [match.span() for pattern in (_FENCE, _MATH) for match in pattern.finditer(text)]
    cuts = [0]
    for match in _END.finditer(text):
        at = match.end()
        if any(begin < at <= end and match.group() != "" and begin < match.start() for begin, end in closed):
            continue
        if any(begin < match.start() < end for begin, end in closed) or _is_abbreviation(text, match.start()):
            continue
        cuts.append(at)
    cuts.append(len(text))
    spans = []
    for begin, end in pairwise(cuts):
        mark = _LIST_MARK.match(text[begin:end])
        begin += mark.end() if mark else 0
        piece = text[begin:end]
        begin += len(piece) - len(piece.lstrip())
        end = begin + len(piece.strip())
        if end > begin and re.search(r"\w", text[begin:end]):
            spans.append((begin, end))
    return spans


@lru_cache(maxsize=_MOST_REMEMBERED)
def _remembered_spans(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(_spans(text))


def _is_abbreviation(text: str, at: int) -> bool:
    """Whether the full stop before this place ends no sentence: a list number, an abbreviation or an initial."""
    if at == 0 or text[at - 1] != ".":
        return False
    line = text[text.rfind("\n", 0, at) + 1 : at - 1]
    after = text[at:].lstrip()[:1]
    if re.fullmatch(r"\s*\d{1,3}", line) or re.search(
        rf"(?:^|[\s(])(?:{_ABBREVIATIONS})$", line, re.IGNORECASE
    ):
        return True
    if re.search(rf"(?:^|[\s(])(?:{_SHORTENED})$", line, re.IGNORECASE):
        return after.islower()
    if re.search(rf"(?:^|[\s(])(?:{_BEFORE_NUMBERS})$", line, re.IGNORECASE):
        return after.isdigit() or after == "("
    if re.search(r"(?:^|[\s(])(?:etc|[^\W\d_]{1,2}(?:\.[^\W\d_]{1,2})+)$", line, re.IGNORECASE):
        return after.islower()
    return after.isupper() and bool(re.search(r"(?:^|[.!?,] )(?:[A-Z]\. ?)*[A-Z]$", line))


def without_struck(text: str) -> str:
    """The text without the words its author struck out."""
    return STRUCK.sub(" ", text)


def article_of(text: str) -> str:
    """The article that opens a text, with the space after it; empty where none does."""
    found = _ARTICLE.match(text)
    return found[0] if found else ""


def without_article(text: str) -> str:
    """The text without the article that opens it: "decoder" for "The decoder"."""
    return text[len(article_of(text)) :]


def words(text: str) -> list[str]:
    """Lower-case stems in order, stop words included; Chinese as overlapping pairs of characters."""
    return list(_remembered_words(text)) if len(text) <= _LONGEST_REMEMBERED else _stems_in(text)


@lru_cache(maxsize=_MOST_REMEMBERED)
def _remembered_words(text: str) -> tuple[str, ...]:
    return tuple(_stems_in(text))


def _stems_in(text: str) -> list[str]:
    found: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group().lower().replace("’", "'")
        for run in _CJK.findall(word):
            found += [run[i : i + 2] for i in range(max(1, len(run) - 1))]
        rest = _CJK.sub("", word)
        if not rest:
            continue
        parts = re.split(r"[-_]", rest)
        found += [stem(part) for part in parts if part]
        if len(parts) > 1:
            found.append(stem("".join(parts)))
    return found


def content_words(text: str) -> list[str]:
    """The stems that carry meaning: `words` without stop words and single letters."""
    return [word for word in words(text) if word not in _STOP_STEMS and (len(word) > 1 or word.isdigit())]


def symbols(text: str, typed: bool = False) -> list[str]:
    """The functions in a text's formulas, each in one spelling: `D(G(z))` is "d(g(z))", `q_\\phi(z \\mid x)` is
    "q_phi(z|x)" and "q(z|x)".

    Args:
        typed: the text is a question, which may hold formulas without dollar signs.
    """
    found: list[str] = []
    for math in [text] if typed else [match.group() for match in _MATH.finditer(text)]:
        for pattern, plain in _TEX:
            math = pattern.sub(plain, math)
        for call in _CALL.findall(math.lower()):
            found += dict.fromkeys((call, _SUBSCRIPT.sub("(", call, count=1)))
    return found


def plain_greek(text: str) -> str:
    """Greek letters by their names, as TeX and students write them: "ᾱ" is "alpha bar"."""
    return _GREEK.sub(lambda letter: f" {_LETTERS[letter.group()]} ", text)


_LETTERS = {
    "ᾱ": "alpha bar", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ϵ": "epsilon",
    "η": "eta", "θ": "theta", "λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "Σ": "Sigma",
    "τ": "tau", "φ": "phi", "ϕ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "∇": "nabla", "√": "sqrt",
}  # fmt: skip
_GREEK = re.compile("|".join(_LETTERS))
_TEX = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (
            r"\\(?:mathrm|mathbf|mathcal|mathbb|mathit|text|boldsymbol|hat|left|right|[bB]igg?[lr]?|[,;! ])",
            "",
        ),
        (r"\\mid\b|\\vert\b|\\\||\|\|", "|"),
        (r"\\([A-Za-z]+)", r"\1"),
        (r"[{}$]", ""),
        (r"\s*([|,;])\s*|(?<=\()\s+|\s+(?=\))", r"\1"),
    )
)
_CALL = re.compile(r"\b[a-z]{1,8}(?:_[a-z0-9]+)?\((?:[^()\s]|\([^()\s]*\)){1,24}\)")
_SUBSCRIPT = re.compile(r"_[a-z0-9]+\(")


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The word without its inflection: plurals after Harman's S-stemmer (1991), then -ing and -ed."""
    word = word.removesuffix("'s")
    if len(word) <= 3 or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "xes", "ches", "shes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is", "ias")):
        word = word[:-1]
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("eed") or word in _NO_PAST:
        return word
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3 and re.search(r"[aeiouy]", root):
            if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lsz":
                return root[:-1]
            return root.removesuffix("e")
    return word.removesuffix("e") if len(word) > 4 else word


@lru_cache(maxsize=4096)
def forms(root: str) -> frozenset[str]:
    """The stems of the other forms of a word by which a thing is said to be so: "blur" is also "blurry", "slow" also
    "slower", "slowly" and "slowness".

    Only a word that can be heightened has them ("slowest"): an encoder is no form of "encode". Forms that change the
    sense, as "unstable" does, are none of them.
    """
    if len(root) < 4 or not root.isascii() or not root.isalpha():
        return frozenset()
    bases = [root, *(root.removesuffix(end) for end in _FORM_ENDINGS if root.endswith(end))]
    bases = [base for base in bases if len(base) > 2]
    bases += [base[:-1] for base in bases if base[-1] == base[-2]]  # blurry, foggy
    found = {one for base in bases for one in _heightened(base)}
    return frozenset(found - {root}) if root in found else frozenset()


def _heightened(base: str) -> list[str]:
    """The stems of a word with the endings that it takes as what can be more or less so; none where it takes none."""
    if zipf(f"{base}est") > 0:
        return [stem(base), *(stem(base + end) for end in ("er", "est", "ly", "ness"))]
    for soft in (base, base + base[-1]):
        if not base.endswith(("i", "y")) and max(zipf(f"{soft}iest"), zipf(f"{soft}iness")) > 0:
            return [stem(base), *(stem(soft + end) for end in ("y", "ier", "iest", "ily", "iness"))]
    return []


_FORM_ENDINGS = ("iness", "ness", "iest", "est", "ier", "er", "ily", "ly", "y")
_NO_PAST = ("embed", "hundred")
_STOP_STEMS = frozenset(stem(word) for word in STOPWORDS) | STOPWORDS


def normalised(text: str) -> str:
    """Letters and digits only, lower case, one space between words: for comparing a quote with its source."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def numbers(text: str) -> set[str]:
    """The numbers in a text as written, without sign, thousands commas and trailing zeros."""
    found = re.findall(r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:e[-+]?\d+\b)?", text)
    return {
        value.rstrip("0").rstrip(".") if "." in value and "e" not in value else value
        for value in (raw.replace(",", "") for raw in found)
    }


# Two vowels that are two syllables, and an m that is one: variational, idea, variety, create, science, algorithm.
_TWO_VOWELS = re.compile(
    r"(?<![ctsg])i[ao]|(?<=[aeiouy])[^aeiouy]+eas?$|iet|(?<![ct])ient|eor|deo|creat|reali|^sci|[eo]ing$|[aeo]y[aeo]|thms?$"
)


def count_syllables(word: str) -> int:
    """Syllables of an English word by its vowel groups, silent endings left out; at least 1."""
    word = re.sub(r"[^a-z]", "", word.lower())
    count = len(re.findall(r"[aeiouy]+", word)) + len(_TWO_VOWELS.findall(word))
    if re.search(r"[^aeiouy]e$", word):
        count -= not re.search(r"[^aeiouy]le$", word)
    elif re.search(r"[^aeiouy]es$", word):
        count -= not re.search(r"(?:[szxcg]|[cs]h|[^aeiouyl]l)es$", word)
    elif re.search(r"[^aeiouy]ed$", word):
        count -= not re.search(r"(?:[td]|[^aeiouyl]l)ed$", word)
    return max(1, count)


def reading_grade(text: str) -> float:
    """Flesch-Kincaid grade level: 0.39 words/sentence + 11.8 syllables/word - 15.59 (Kincaid et al., 1975).

    Code, math and citation marks are left out; a text without words has grade 0.
    """
    text = re.sub(r"```.*?```|\[\d+\]|[*_`#>|]", " ", _MATH.sub(" ", text), flags=re.DOTALL)
    spans = split_sentences(text)
    found = re.findall(r"[A-Za-z][A-Za-z'’]*", text)
    if not found or not spans:
        return 0.0
    syllables = sum(count_syllables(word) for word in found)
    return 0.39 * len(found) / len(spans) + 11.8 * syllables / len(found) - 15.59


KNOWN_WORD = 3.0
"""The Zipf frequency (`zipf`) from which on a word is one that people write, and no slip or name."""


@lru_cache(maxsize=4096)
def zipf(word: str) -> float:
    """How common a word is in English on the Zipf scale: log10 of its uses in a thousand million words; 0 when unseen.

    Source: the wordfreq lists (Robyn Speer, 2022). "the" has 7.7, "cupcakes" 3.4, "hopfield" 1.4.
    """
    from wordfreq import zipf_frequency

    return float(zipf_frequency(word, "en"))


def and_joined(names: Sequence[str]) -> str:
    """Names as a sentence lists them: "A, B and C"; at least one."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def lines_told(lines: tuple[int, int], to: str = "–") -> str:
    """The first and the last of some lines in words: "line 3", "lines 3–4"."""
    first, last = lines
    return f"line {first}" if first == last else f"lines {first}{to}{last}"
