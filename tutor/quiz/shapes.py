"""Short answers to the notes' own questions, by their grammatical shape, so that options can stand side by side.

"Why do many autoencoders have a bottleneck?" -> "so that the network cannot simply copy its input ...": the words of
the note without those that the question told. What stands in place of the subject is the same in every option.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from tutor.notes.note import Card
from tutor.quiz.facts import Fact
from tutor.quiz.items import plain
from tutor.statements import has_predicate, subject_of_claim
from tutor.words import content_words, split_sentences, without_article

FEWEST_WORDS = 3
MOST_WORDS = 36
_FRAME = 0.6  # share of a question's words that an answer in its frame repeats
_MARK = re.compile(r"\s*[(\[]?[A-J][)\].:]\s+")
_YES_NO = re.compile(r"(?:yes|no)\b[,.;]?\s", re.IGNORECASE)
_REASON = re.compile(r",?\s+\b(because|so that)\b\s+")
CUT = re.compile(
    r",\s+(?:because|since|so that|so|while|whereas|although|though)\b|;\s|\s\bwhereas\b|\s\bso that\b|\s\bbecause\b|"
    r",\s+(?:but|and) (?:it|they)\b|: |"
    r",\s+(?:even|usually|commonly|often|typically|for example|for instance|such as|which|where)\b(?=[^,]*$)"
)
_GENERIC = re.compile(
    r"\b(?:causes?|roles?|values?|names?|parts?|components?|risks?|ways?|uses?|used|it|that|when|called|left|word|good)\b",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"\s*\([^()]*\)")
# A noun taken for the verb ("Blurry samples are ..."), and what leans on the words left out ("is its chance").
_NO_PREDICATE = re.compile(
    r"\w+s(?: (?:are|is|was|were|do|does|have|has|of|towards?)\b|, (?:which|that|who)\b)|(?:is|are) (?:its|their)\b"
)
_THIRD_PERSON = re.compile(r"[a-z]+[^su]s")
_PART = re.compile(
    r"what (?:is|are) (?:an?|the|\w+) (?:\w+ )?"
    r"(causes?|roles?|values?|names?|parts?|components?|risks?|ways?|uses?|steps?) ",
    re.IGNORECASE,
)
_DIFFERENCE = re.compile(r"\bdiffers? from\b|\bdifferences? between\b|\bdiffer\b", re.IGNORECASE)
_ADVERB = re.compile(
    r"\s+(?:always|usually|often|only|never|also|still|already|commonly|therefore|thus|hence|\w+ly)$"
)
_NO_SUBJECT = re.compile(r",|\b(?:that|which|who|whose|where|when|if)\b")
_DETERMINER = re.compile(
    r"(?:(?:an?|the|its|their|each|every|all|both|only|no|one|two|three|four|five|six|seven|eight|ten|about|at least|"
    r"at most|some|any|many|most|fewer|more)(?![a-z])|\$|\d)",
    re.IGNORECASE,
)
_PREPOSITIONS = frozenset(
    "by at in on from with through during after before between for as into to without over under".split()
)
_OPENERS = frozenset("when where only because".split())
_ASKS_PHRASE = ("which", "what does", "what", "how", "how many", "how large", "where", "when", "who")
_AUXILIARY = frozenset(
    "is are was were has have had do does did can could may might must should will would".split()
)
LOOSE = re.compile(r"\b(?:here|this|these|those|such(?! as\b)|former|latter|above|below)\b", re.IGNORECASE)
_PLURAL = re.compile(r"(?:[^siu]s|ies|data|people)$")
OWN = re.compile(r"\b(?:its|their)\b")
_VALUE = re.compile(r"(?:about |at least |at most |around |roughly |exactly )?[-+]?\$?\\?[-+]?[\d.,]+")
_WH = re.compile(
    r"^(?:in |on |at |by |for |from |with |to |of )?"
    r"(who|when|where|why|how (?:many|much|large|big|long|far|often)|how|which|what)\b"
    r"(?: (do|does|did|is|are|was|were|can))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Answer:
    """A fact's answer as an option would show it.

    Attributes:
        shape: options of one item have the same; "it" and "they" stand for a subject that the question names.
        subject: the words that were left out as the subject; empty where the whole sentence is the answer.
        texts: the answer and its shorter forms, the longest first; each a whole true statement in its place.
        asks: the question's opening: "why", "what does", "which", ...
    """

    shape: str
    subject: str
    texts: tuple[str, ...]
    asks: str


def answer_of(fact: Fact, told: Collection[str]) -> Answer | None:
    """The answer of a card or of a question without options; None where it cannot be shown as an option.

    Args:
        told: the stems that the question tells, with those of other names of what it names.
    """
    sentence = first_sentence(fact)
    if _YES_NO.match(sentence):
        return None
    asks = asks_of(fact.question)
    reason = _REASON.search(sentence) if asks == "why" else None
    if reason and _is_told(sentence[: reason.start()], told, 0.6):
        word = reason[1]
        return shortened(word, "", f"{word} {sentence[reason.end() :]}", asks, told)
    if asks == "other":
        return shortened("whole", "", sentence, asks, told)
    subject = subject_of(sentence)
    if not _is_told(subject, told, 0.99) or not content_words(subject):
        subject = _told_subject(sentence, told) or subject
    about_other = asks == "difference" and not _is_first(subject, fact.question)
    if not content_words(subject) or about_other:
        return shortened("whole", "", sentence, asks, told)
    predicate = sentence[sentence.index(subject) + len(subject) :].strip()
    if not _is_told(subject, told, 0.99):
        if _is_told(predicate, told, 0.8) and asks in ("which", "what", "who", "where"):
            return shortened("phrase", "", subject, asks, told)
        return shortened("whole", "", sentence, asks, told)
    rest = _after_told(predicate, told) if asks in _ASKS_PHRASE and _names(sentence, fact.question) else ""
    if rest and not _joins(rest, told):
        return shortened(_shape(rest), subject, rest, asks, told)
    return shortened(pronoun_of(subject, predicate), subject, f"it {predicate}", asks, told)


def definition_of(fact: Fact) -> Answer | None:
    """What a definition says of its term, "it" in the place of the term; None where its words allow none."""
    sentence = first_sentence(fact)
    subject = subject_of(sentence)
    predicate = sentence[len(subject) :].strip()
    # "The believable share of its samples": what "its" means stood in the subject.
    leans = " of " in subject and OWN.search(predicate)
    if not predicate or not subject or leans:
        return None
    return shortened(
        pronoun_of(subject, predicate), subject, f"it {predicate}", "what is", content_words(fact.term)
    )


def pronoun_of(subject: str, predicate: str) -> str:
    """ "it is", "it", "they are" or "they": what stands in the place of a subject."""
    copula = re.match(r"(?:is|are) ", predicate)
    if _is_plural(subject, predicate):
        return "they are" if copula else "they"
    return "it is" if copula else "it"


def defined_term(fact: Fact) -> str:
    """The term that a fact defines, without what stands in brackets; empty where its key does not open with it."""
    term = _BRACKET.sub("", fact.term).strip()
    if fact.kind != "definition" or not content_words(term) or _GENERIC.search(term) or "$" in term:
        return ""
    opening = without_article(first_sentence(fact))
    return term if plain(opening).startswith(plain(term)) else ""


def subject_of(sentence: str) -> str:
    """The words that open a sentence before its predicate; empty where they are more than a name."""
    subject = _ADVERB.sub("", subject_of_claim(sentence))
    if not sentence.startswith(subject) or _NO_SUBJECT.search(subject):
        return ""
    return "" if _NO_PREDICATE.match(sentence[len(subject) :].strip()) else subject


def _is_first(subject: str, question: str) -> bool:
    """Whether a subject is the first of the two things that a question for their difference names."""
    first = _DIFFERENCE.split(question)[0]
    return set(content_words(subject)) <= set(content_words(first)) and " and " not in first


def _told_subject(sentence: str, told: Collection[str]) -> str:
    """The words that open a sentence as far as they are told, where a verb in the third person follows; else empty."""
    tokens = list(re.finditer(r"\S+", sentence))
    end = next((n for n, one in enumerate(tokens) if not _is_told(one.group(), told, 1.0)), 0)
    if not 1 <= end < len(tokens) - 1 or not _is_told(tokens[end - 1].group(), told, 1.0):
        return ""
    verb, after = tokens[end].group(), tokens[end + 1].group()
    subject = sentence[: tokens[end].start()].strip()
    fits = (
        _THIRD_PERSON.fullmatch(verb)
        and (_DETERMINER.match(after) or after in _PREPOSITIONS)
        and after != "of"
    )
    named = bool(content_words(tokens[end - 1].group())) and bool(content_words(subject))
    return subject if fits and named and not _NO_SUBJECT.search(subject) else ""


def first_sentence(fact: Fact) -> str:
    """The first sentence of a fact's key on one line, without the letter of an option."""
    words = fact.key
    mark = _MARK.match(words) if not isinstance(fact.entry, Card) else None
    words = words[mark.end() :] if mark else words
    spans = split_sentences(words)
    return " ".join(words[slice(*spans[0])].split()) if spans else ""


@lru_cache(maxsize=8192)
def asks_of(question: str) -> str:
    """How a question opens: "why", "which", "what does", "how many", ..."""
    found = _WH.match(question.strip())
    part = _PART.match(question.strip())
    if part:
        return part[1].lower().removesuffix("s")
    if _DIFFERENCE.search(question):
        return "difference"
    if not found:
        return "other"
    word, verb = found[1].lower(), (found[2] or "").lower()
    return (
        f"{word} {'is' if verb in ('is', 'are', 'was', 'were') else 'does'}"
        if word == "what" and verb
        else word
    )


def shortened(shape: str, subject: str, text: str, asks: str, told: Collection[str]) -> Answer | None:
    """The answer with its shorter forms; None where none of them can be read alone."""
    text = text.rstrip(" .")
    if shape.startswith("they") and text.startswith("it "):
        text = f"they{text[2:]}"
    texts = [text]
    for cut in () if shape == "whole" and asks in ("why", "difference") else CUT.finditer(text):
        # Before its colon a definition is an image ("it is a way of looking at other words"), which defines nothing.
        if (shape == "whole" or asks == "what is") and cut.group().startswith(":"):
            continue
        short = text[: cut.start()].rstrip(" ,;:")
        closed = short.count("$") % 2 == 0 and short.count("(") == short.count(")")
        new = [word for word in content_words(short) if word not in told]
        whole = (
            shape not in ("whole", "it", "they", "it is", "they are")
            or len(short.split()) >= FEWEST_WORDS + 2
        )
        if closed and whole and len(new) >= (1 if shape == "value" else 2):
            texts.append(short)
    kept = [one for one in dict.fromkeys(texts) if not LOOSE.search(one) and len(one.split()) <= MOST_WORDS]
    if shape == "value":
        kept = kept[-1:]
    kept = [
        one[0].upper() + one[1:]
        for one in kept
        if shape in ("value", "phrase") or len(one.split()) >= FEWEST_WORDS
    ]
    return Answer(shape, subject, tuple(sorted(kept, key=len, reverse=True)), asks) if kept else None


def _is_told(text: str, told: Collection[str], share: float) -> bool:
    """Whether a share of a text's meaning-bearing words is among those told."""
    found = content_words(text)
    return sum(word in told for word in found) >= share * len(found) if found else True


def _after_told(predicate: str, told: Collection[str]) -> str:
    """The part of a predicate that the question did not tell, where it is a phrase; else empty."""
    tokens = list(re.finditer(r"\S+", predicate))
    new = next((n for n, one in enumerate(tokens) if not _is_told(one.group(), told, 1.0)), None)
    if not new or not any(content_words(one.group()) for one in tokens[:new]):
        return ""
    begin = new
    while (
        begin > 1
        and not content_words(tokens[begin - 1].group())
        and not tokens[begin - 1].group().endswith((",", ";"))
    ):
        begin -= 1
    rest = predicate[tokens[begin].start() :]
    first = tokens[begin].group().lower().strip(",")
    # The verb may stand behind what was told: "the decoder of a VAE must be trained jointly".
    after_verb = begin == 1 and first not in _AUXILIARY
    phrase = bool(_DETERMINER.match(first)) or first in _PREPOSITIONS or first in _OPENERS or after_verb
    return rest if phrase and first not in _AUXILIARY else ""


def _names(sentence: str, question: str) -> bool:
    """Whether a sentence takes up most of its question's words: it then answers in the question's own frame."""
    asked, said = set(content_words(question)), set(content_words(sentence))
    return len(asked & said) >= _FRAME * len(asked)


def _joins(rest: str, told: Collection[str]) -> bool:
    """Whether a second clause follows that the question asks for too."""
    joint = re.search(r",? and (?:an?|the)?|, while ", rest)
    after = rest[joint.end() :] if joint else ""
    return has_predicate(after) and any(word in told for word in content_words(after))


def _shape(phrase: str) -> str:
    first = phrase.split()[0].lower().strip(",")
    if _VALUE.match(phrase):
        return "value"
    if first in _PREPOSITIONS | _OPENERS | {"that", "how"}:
        return "place" if first in ("at", "in", "on", "between", "into", "over", "under") else first
    return "clause" if has_predicate(phrase.split(",")[0]) and not _DETERMINER.match(first) else "phrase"


def _is_plural(subject: str, predicate: str) -> bool:
    verb = predicate.split()[0].lower() if predicate else ""
    if verb in ("is", "was", "has", "does"):
        return False
    if verb in ("are", "were", "have", "do"):
        return True
    if verb.endswith("s") and verb not in ("is", "was"):
        return False
    head = re.split(r"\s+(?:of|in|for|with|on)\s+", subject)[0].split()[-1]
    return bool(_PLURAL.search(head.lower())) or " and " in subject
