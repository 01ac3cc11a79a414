"""A typed answer made ready to be compared: Chinese in English words, acronyms and what they stand for side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tutor.chinese import ANSWER_WORDS, CJK, in_english
from tutor.words import plain_greek, zipf

_CHINESE_SIGNS = str.maketrans("，、。；：！？（）", ",,.;:!?()")
_YES_FIRST = re.compile(r"^\s*(?:是的|是|对的|对|正确|可以|会|能)(?:[,.;!]|\s|$)+")
_NO_FIRST = re.compile(r"^\s*(?:不是的|不是|不对|不会|不能|不|否|没有|错误|错)(?:[,.;!]|\s|$)+")
_FOREIGN = re.compile(
    r"\b(?:der|die|das|und|ist|nicht|ein|eine|einen|mit|wird|werden|sich|auf|für|dass|weil|durch|bei|aus|nur|sind|"
    r"den|dem|des|vom|zum|zur|wenn|kein|keine|es|er|el|la|los|las|una|uno|que|del|por|para|con|porque|no hay|son|"
    r"cada|como|más|pero|muy|le|les|des|est|pour|dans|avec|une|qui|pas)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Reading:
    """An answer made ready to be compared.

    Attributes:
        text: in English words where it was Chinese.
        foreign: how much of it is in a language that nothing here reads, 0 to 1.
    """

    text: str
    foreign: float


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
        return Reading(" ".join(CJK.sub(" ", english).split()), len(left) / len(runs))
    tokens = re.findall(r"[^\W\d_]+", text)
    strange = len(_FOREIGN.findall(text)) / len(tokens) if len(tokens) >= 3 else 0.0
    rare = sum(zipf(token.lower()) < 1.5 and len(token) > 3 for token in tokens) / max(1, len(tokens))
    return Reading(text, min(1.0, 3.0 * strange) if strange + rare >= 0.25 and strange > 0.12 else 0.0)


def spelt_out(answer: str, key: str) -> str:
    """An answer with the key's words for its acronyms ("EMD"), and with the key's acronyms that it spells out."""
    wanted, given = re.findall(r"[^\W_]+", key), re.findall(r"[^\W_]+", answer)
    added = []
    for acronym in dict.fromkeys(w for w in given if 2 <= len(w) <= 6 and w.isalpha() and w.isupper()):
        added += _spelling(acronym, wanted) if acronym not in wanted else []
    for acronym in dict.fromkeys(w for w in wanted if 3 <= len(w) <= 6 and w.isalpha() and w.isupper()):
        if acronym not in given and _spelling(acronym, given):
            added.append(acronym)
    return f"{answer} ({' '.join(added)})" if added else answer


def _spelling(acronym: str, tokens: Sequence[str]) -> list[str]:
    """The words in a row that begin with an acronym's letters; a possessive s is no word."""
    kept = [token for token in tokens if token not in ("s", "S")]
    size = len(acronym)
    for at in range(len(kept) - size + 1):
        run = kept[at : at + size]
        if all(len(word) > 1 for word in run) and "".join(word[0] for word in run).upper() == acronym:
            return run
    return []


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
