"""A typed answer made ready to be compared: Chinese in English words, acronyms and what they stand for side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tutor.chinese import ANSWER_WORDS, CJK, in_english
from tutor.words import KNOWN_WORD, plain_greek, zipf

_CHINESE_SIGNS = str.maketrans("，、。；：！？（）", ",,.;:!?()")
_YES_FIRST = re.compile(r"^\s*(?:是的|是|对的|对|正确|可以|会|能)(?:[,.;!]|\s|$)+")
_NO_FIRST = re.compile(r"^\s*(?:不是的|不是|不对|不会|不能|不|否|没有|错误|错)(?:[,.;!]|\s|$)+")
_FOREIGN = re.compile(
    r"\b(?:der|die|das|und|ist|nicht|ein|eine|einen|mit|wird|werden|sich|auf|für|dass|weil|durch|bei|aus|nur|sind|"
    r"den|dem|des|vom|zum|zur|wenn|kein|keine|es|er|el|la|los|las|una|uno|que|del|por|para|con|porque|no hay|son|"
    r"cada|como|más|pero|muy|le|les|des|est|pour|dans|avec|une|qui|pas)\b",
    re.IGNORECASE,
)
_ACCENT = re.compile(r"^[a-zäöüßñáíóúçœ]*[äöüßñáíóúçœ][a-zäöüßñáéíóúçœ]*$")  # no name, which has a capital
_ARTICLES = frozenset(("the", "a", "an", "it", "is", "its"))
_LONGEST_ACRONYM = 6


@dataclass(frozen=True)
class Reading:
    """An answer made ready to be compared.

    Attributes:
        text: in English words where it was Chinese.
        foreign: how much of it is in a language that nothing here reads, 0 to 1.
        translated: whether it was Chinese, so that its words stand in another order than English has.
    """

    text: str
    foreign: float
    translated: bool = False


def read_answer(answer: str, names: Mapping[str, str] | None = None) -> Reading:
    """An answer in English words, with the share that could not be read.

    Args:
        names: Chinese name -> English term, from the notes.
    """
    text = plain_greek(" ".join(answer.split()))
    runs = "".join(CJK.findall(text))
    if runs:
        text = text.translate(_CHINESE_SIGNS)
        text = _NO_FIRST.sub("no, ", _YES_FIRST.sub("yes, ", text))
        english = in_english(text, ANSWER_WORDS | dict(names or {}))
        left = "".join(CJK.findall(english))
        return Reading(" ".join(CJK.sub(" ", english).split()), len(left) / len(runs), translated=True)
    tokens = re.findall(r"[^\W\d_]+", text)
    told = len(_FOREIGN.findall(text))
    accented = sum(bool(_ACCENT.search(token)) for token in tokens)
    if accented and 4 * (accented + told) >= len(tokens):
        return Reading(text, 1.0)
    unknown = sum(zipf(token.lower()) < 1.5 and len(token) > 3 for token in tokens)
    # One such word by itself may be English: "the bees would die".
    strange = told / len(tokens) if len(tokens) >= 3 and (told > 1 or unknown) else 0.0
    rare = unknown / max(1, len(tokens))
    return Reading(text, min(1.0, 3.0 * strange) if strange + rare >= 0.25 and strange > 0.12 else 0.0)


def spelt_out(answer: str, key: str) -> str:
    """An answer with the key's words for its acronyms ("EMD"), and with the key's acronyms that it spells out.

    The key may leave out the first word of what an acronym is made of: "MSE" for "squared error".
    """
    wanted, given = re.findall(r"[^\W_]+", key), re.findall(r"[^\W_]+", answer)
    added = []
    known = {word.lower() for word in wanted}
    for acronym in dict.fromkeys(word for word in given if _is_acronym(word)):
        added += (
            (_spelling(acronym, wanted) or _but_the_first(acronym, wanted))
            if acronym.lower() not in known
            else []
        )
    for acronym in dict.fromkeys(w for w in wanted if 3 <= len(w) <= _LONGEST_ACRONYM and w.isupper()):
        if acronym not in given and _spelling(acronym, given):
            added.append(acronym)
    return f"{answer} ({' '.join(added)})" if added else answer


def short_names(answer: str, name: str) -> bool:
    """Whether of an answer and a name one is short for the other, and nothing else: "ELBO", "the cGAN"."""
    said, wanted = (
        [one for one in re.findall(r"[^\W_]+", text) if one.lower() not in _ARTICLES]
        for text in (answer, name)
    )
    return any(
        len(short) == 1 and len(long) > 1 and _is_acronym(short[0]) and _spelling(short[0], long) == long
        for short, long in ((said, wanted), (wanted, said))
    )


def _is_acronym(word: str) -> bool:
    """Whether a word may be an acronym: in capitals, or no word that people write."""
    plain = word.isalpha() and 2 <= len(word) <= _LONGEST_ACRONYM
    return plain and (word.isupper() or (len(word) > 2 and zipf(word.lower()) < KNOWN_WORD))


def _spelling(acronym: str, tokens: Sequence[str]) -> list[str]:
    """The words in a row that an acronym is made of, at least one letter of each; a possessive s is no word."""
    kept = [token for token in tokens if token not in ("s", "S")]
    for size in range(len(acronym), 1, -1):
        for at in range(len(kept)):
            run = kept[at : at + size]
            if len(run) == size and all(len(word) > 1 for word in run) and _made_of(acronym.lower(), run):
                return run
    return []


def _but_the_first(acronym: str, tokens: Sequence[str]) -> list[str]:
    """The words in a row whose first letters are those of an acronym in capitals, but for its own first."""
    size = len(acronym) - 1
    if size < 2 or not acronym.isupper():
        return []
    runs = (list(tokens[n : n + size]) for n in range(len(tokens) - size + 1))
    rest = acronym[1:].lower()
    return next(
        (run for run in runs if all(len(w) > 3 for w in run) and "".join(w[0] for w in run).lower() == rest),
        [],
    )


def _made_of(acronym: str, words: Sequence[str]) -> bool:
    """Whether an acronym is the words' first letters, with more letters of a word in its order ("ELBO", "cGAN")."""
    if not words or not acronym:
        return not words and not acronym
    word = words[0].lower()
    if acronym[0] != word[0]:
        return False
    return any(
        _in_order(acronym[1:taken], word[1:]) and _made_of(acronym[taken:], words[1:])
        for taken in range(1, len(acronym) - len(words) + 2)
    )


def _in_order(letters: str, word: str) -> bool:
    rest = iter(word)
    return all(letter in rest for letter in letters)


_POINTS = re.compile(
    r"\W*(?:(?:it(?:['’]?s| is)|that(?:['’]?s| is)|i (?:think|say|guess|mean)|only|just)\s+)*(?:the\s+)?"
    r"(?:(?P<one>first|former|1st)|(?P<two>second|latter|2nd))(?:\s+(?:one|option|of (?:the|these|those) two|of them))?"
    r"(?P<rest>\W*$|\s*[,.;:(].*|\s+(?:because|since|as)\b.*)",
    re.IGNORECASE | re.DOTALL,
)


def pointed(answer: str, question: str) -> str:
    """An answer that points at one of the two things that a question offers ("the latter"), with the thing itself."""
    found = _POINTS.fullmatch(answer)
    before, either, after = question.partition(" or ")
    if (
        not found
        or not either
        or " or " in after
        or re.search(r"\b(?:first|second)\b", question, re.IGNORECASE)
    ):
        return answer
    thing = re.split(r"[,:]\s", before)[-1] if found["one"] else re.split(r"[,?]", after)[0]
    return f"{' '.join(thing.split()[-8:])}{found['rest']}"


_SYMBOL = re.compile(r"(?<![\w\\])[A-Za-z](?![\w'’])")
_MATH = re.compile(r"\$([^$]+)\$")
_NO_WORDS = re.compile(
    r"\b(?:and|the|both|matrices|matrix|vectors?|numbers?|only|just)\b|[\s,&.$+]", re.IGNORECASE
)


def names_symbols(answer: str, question: str, key: str) -> bool:
    """Whether an answer is just the letters that a key's sentence gives the things which it names: "A and B"."""
    letters = [one.strip() for one in _MATH.findall(key)]
    wanted = {one for one in letters if re.fullmatch(r"[A-Za-z]", one)}
    said = set(_SYMBOL.findall(answer))
    only = not _NO_WORDS.sub("", _SYMBOL.sub("", answer))
    return bool(
        only and len(said) > 1 and said == wanted and len(wanted) == len(letters) and "$" not in question
    )


def is_formula(text: str) -> bool:
    """Whether an answer is a formula and nothing else: signs of relation and single letters, hardly a word."""
    tokens = re.findall(r"[A-Za-z]+", re.sub(r"\\[A-Za-z]+", " ", text))
    long = [one for one in tokens if len(one) > 3]
    return bool(re.search(r"[=<>≤≥≈|]|\\(?:prod|sum|frac|approx|leq)", text)) and len(tokens) > 1 and not long


def with_roles(answer: str, key: str) -> str:
    """An answer with the roles for their letters ("just G"), where the key speaks of them."""
    told = key.lower()

    def role(found: re.Match[str]) -> str:
        for pair in (("generator", "discriminator"), ("encoder", "decoder")):
            named = next((name for name in pair if name[0].upper() == found[0]), "")
            if named and any(name in told for name in pair) and not re.search(rf"\b{found[0]}\b", key):
                return named
        return found[0]

    return re.sub(r"(?<![\w(\\])[GDE](?![\w(])", role, answer)
