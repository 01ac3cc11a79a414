"""A key's first sentence as a statement that stands alone, and what is cut from it or masked in it."""

from __future__ import annotations

import re

from tutor.chinese import CJK
from tutor.quiz.facts import Fact
from tutor.words import content_words, split_sentences

GAP = "____"
# Begins a question in a beginner's own words, each option of which names its thing.
BEGINNERS = "A beginner asks: "
ONE_IS_RIGHT = "Which of these statements is right?"
# Begins a question that asks what is wrong with a statement.
MISTAKE = "A student says"

_JUDGED = re.compile(
    r"^true or false(?: \(topic: [^()]*\))?[:,]?\s*|^(?:对或错|判断)[^：:]*[：:]\s*", re.IGNORECASE
)
_LETTER = re.compile(r"^[(\[]?[A-J][).:\]]\s+(?=\S)")
_ANSWERS = re.compile(r"^(?:yes|no)\b\s*[,;:]\s*", re.IGNORECASE)
_LEANS = re.compile(
    r"^\W*(?:this|these|those|such|it|its|they|their|then|both|however|here|he|she|instead|so|but|and|also|yes|there"
    r"|for example|in symbols|because"
    r"|the (?:former|latter|same|other|two|first|second|name|letters|method)\b(?! of))\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"(?:,?\s+(?:because|since|so that)\b|,\s+(?:so|but)\b|,\s+(?:which|where|for example|such as)\b(?=[^,]*$)|;\s|:\s)"
    r".*$",
    re.DOTALL,
)
_ASIDE = re.compile(r",?\s*\((?=[^()]*[A-Za-z])[^()$=*+/]*\)")
_FEWEST, _MOST = 6, 34  # words
_FEWEST_CONTENT = 3


def statement_of(fact: Fact) -> str:
    """The first sentence of a fact's key, without "Yes," or an option's letter; empty where it does not stand alone."""
    key = _LETTER.sub("", fact.key)
    spans = split_sentences(key)
    if not spans or spans[0][0] > 3:
        return ""
    words = _ANSWERS.sub("", " ".join(key[slice(*spans[0])].split()))
    return capital(words) if stands_alone(words) else ""


def judged(stem: str) -> str:
    """The statement that "True or false: ..." asks about, without its topic in brackets; any other question whole."""
    return _JUDGED.sub("", stem) or stem


def said_of(fact: Fact) -> str:
    """A fact's key without "Yes," or "No,", which answer a question that is not asked."""
    return capital(_ANSWERS.sub("", fact.key))


def statements_of(fact: Fact) -> list[str]:
    """The sentences of a fact's key that stand alone, in its order."""
    rest = [" ".join(fact.key[slice(*span)].split()) for span in split_sentences(fact.key)[1:]]
    return [text for text in (statement_of(fact), *rest) if text and stands_alone(text)]


def stands_alone(words: str, fewest: int = _FEWEST) -> bool:
    """Whether a sentence of that many words at least says something by itself, in English."""
    return (
        fewest <= len(words.split()) <= _MOST
        and len(content_words(words)) >= min(_FEWEST_CONTENT, fewest - 2)
        and not _LEANS.match(words)
        and not re.search(r"\b(?:one such|such an?|the following|as follows|this|these|those)\b", words)
        and words.endswith((".", "!"))
        and not CJK.search(words)
        and "~~" not in words
    )


def begun_whole(text: str) -> str:
    """A text of a note that begins as a sentence does: without the letter of an option, with a capital letter."""
    return capital(_LETTER.sub("", text.strip()))


def core_of(statement: str) -> str:
    """A statement without its reasons and asides, where what is left stands alone; else the statement."""
    aside = statement if "$" in statement else _ASIDE.sub("", statement)
    short = _REASON.sub("", aside).rstrip(" .,;:") + "."
    balanced = (
        short.count("$") % 2 == 0 and short.count("(") == short.count(")") and short.count('"') % 2 == 0
    )
    compared = (
        re.search(r"\b(?:so|such|than|whether|neither|either|not only)\b[^.]*$", short.lower()) is not None
    )
    return short if balanced and stands_alone(short) and not (compared and short != statement) else statement


def bare(name: str) -> str:
    """A name without what stands in brackets."""
    return re.sub(r"\s*\([^()]*\)", "", name)


def capital(words: str) -> str:
    """The words with a capital letter first, unless they begin with a name in code or a formula."""
    first = words.split(" ")[0] if words else ""
    return words[:1].upper() + words[1:] if re.fullmatch(r"[a-z][a-z'’-]*,?", first) else words


def with_gap(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with a gap at each place; an article before a gap tells nothing of the word in it."""
    for begin, end in sorted(spans, reverse=True):
        text = text[:begin] + GAP + text[end:]
    text = re.sub(rf"\s*\({GAP}\)", "", text)
    text = re.sub(rf"\b([Aa])n? (?={GAP})", r"\1(n) ", text)
    return re.sub(rf"{GAP}(?:'s\b)?(?: {GAP})+", GAP, text)
