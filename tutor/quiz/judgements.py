"""True-or-false items: a sentence of the notes, or one that the notes deny.

What is false comes from the notes themselves: a misconception that they quote, a question that they answer "No", or
a true sentence in which two things changed places, a word became its opposite, a number another, or a
definition got the name of something else. A true and a false
version are made first and one of them drawn, so that nothing in the form of a stem tells which it is.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from tutor.quiz.bank import Bank
from tutor.quiz.contrasts import Contrast, contrast_of, is_singular
from tutor.quiz.facts import Fact
from tutor.quiz.items import Item, Option, item_id
from tutor.quiz.prose import misconception_in
from tutor.quiz.wording import capital, core_of, said_of, stands_alone, statement_of
from tutor.words import NEGATIONS, content_words, split_sentences

# Opposites that turn a sentence round wherever they stand; others ("hidden", "random") are too often parts of names.
_PAIRS = """
larger smaller|largest smallest|bigger smaller|higher lower|highest lowest|high low|increases decreases|
increase decrease|maximises minimises|maximise minimise|maximizes minimizes|raises lowers|raise lower|
rises falls|rise fall|faster slower|longer shorter|sharper blurrier|stronger weaker|stable unstable|
easier harder|better worse|cheaper costlier|adds removes|add remove|adding removing|discrete continuous|
symmetric asymmetric|wider narrower|exact approximate|forwards backwards|before after|past future
"""
_OPPOSITES: dict[str, str] = {}
for _one, _other in re.findall(r"([a-z]+) ([a-z]+)", _PAIRS):
    _OPPOSITES.setdefault(_one, _other)
    _OPPOSITES.setdefault(_other, _one)
_NUMBER_WORDS = "one two three four five six seven eight nine ten".split()
# Uses in which the opposite makes no sense: "adds a to b", "the week before last", "take longer", "fall inside".
_UNFIT = re.compile(
    r"<(?:rises?|falls?)> (?:in|into|inside|within|on|under|between)\b|"
    r"<add\w*>(?: up\b|.* to\b)|<remov\w*>.* from\b|named <|takes? <|<(?:before|after)> (?!(?:it|them|its|the)\b)"
)
_TRIFLES = frozenset("0 1 2".split())
_NUMBER = re.compile(
    r"(?<![\w.,\-$\\^_/(])(?:\d+(?:\.\d+)?|two|three|four|five|six|seven|eight|nine|ten)(?![\w,\-$^_/)]|\.\d| by \d)"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_NAMED_NUMBER = re.compile(
    r"[A-Z][\w-]*(?: [A-Z][\w-]*)* $|\b(?:step|layer|level|version|figure|with|at|by|and) $|, $"
)
_NO = re.compile(r"^no, ", re.IGNORECASE)
_JOINS = re.compile(r"of|in|for|with|and|or|to|at|by|on|from|that|which|while")
_ASKED = re.compile(r"^(Is|Are|Was|Were|Does|Do|Did|Can|Could|Will|Must|Should|Has|Have) (.+?)\?$")
_THIRD = {"have": "has", "do": "does", "be": "is", "go": "goes"}
# Where something only can or may be so, the opposite may be so as well.
_LOOSE = re.compile(
    r"\b(?:can|could|may|might|also|too|some|sometimes|often|even|both|either|neither|another|bound)\b|random(?:ly)?\b",
    re.IGNORECASE,
)
# Students know that a sentence with such a word is seldom true.
_ABSOLUTE = re.compile(r"\b(?:always|never|all|every|impossible)\b", re.IGNORECASE)
# A clause beside the one that was turned, and what was found by experiment, which the other way round may hold too.
_BESIDE = re.compile(r"[;:]|\b(?:because|so|since|while|whereas|although|but)\b|, and\b")
_FOUND = re.compile(
    r"\b(?:study|studies|papers?|found|observed|reported|measured)\b|\b(?:19|20)\d\d\b", re.IGNORECASE
)
_FEWEST, _MOST_WORDS = 4, 26
_TELLING = 5  # meaning-bearing words
_OPENING = 4  # characters: a sentence that begins with a name, or with its article, says what it is about
_SIMILAR = 1.6  # ratio of the words of a true and a false version up to which neither is told by its length


# A false sentence, the words that came into it and those that left it.
Swapped = Iterator[tuple[str, list[str], list[str]]]
Turn = Callable[[str, Fact, Bank, random.Random], Swapped]


def true_false(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """A statement to be judged; None where the fact has no true or no false version."""
    true, false, _ = _versions(fact, bank, rng, (_renamed, _numbered, _opposed))
    if not true or not false:
        return None
    drawn = rng.random() < 0.5
    stem = f"True or false: {true if drawn else false}"
    said = " ".join(said_of(fact).split())
    options = (Option("o1", "True", said), Option("o2", "False", said))
    key = "o1" if drawn else "o2"
    return Item(
        item_id(fact.note, "true-false", stem, "True" if drawn else "False", options), "true-false", stem, options,
        key, said, fact.citation, true, fact.heading, fact.note, fact.id, fact.concept, maker="rules",
    )  # fmt: skip


def false_statement(fact: Fact, bank: Bank, rng: random.Random) -> str:
    """What is false of a fact's matter, by the fact itself; empty where nothing can be said that surely is.

    Another number alone is left out, and what refutes itself, as a reason does that was not turned with its effect.
    """
    _, false, made = _versions(fact, bank, rng, (_renamed, _opposed))
    if made == "said":
        return false
    refuted = _BESIDE.search(false) if made == "turned" else made == "joined"
    return "" if refuted or _FOUND.search(false) else false


def true_statement(fact: Fact, bank: Bank) -> str:
    """What a fact says, as one sentence that stands alone; empty where it says nothing so."""
    return "" if _NO.match(fact.key) else next(_truths(fact, bank), "")


class _Versions(NamedTuple):
    """A true and a false version of about the same length, one empty where there is none, and how the false one came
    about: students say so, two things changed places in clauses set against each other or only joined, or a word was
    turned."""

    true: str
    false: str
    made: Literal["said", "exchanged", "joined", "turned"]


def _versions(fact: Fact, bank: Bank, rng: random.Random, turns: Sequence[Turn]) -> _Versions:
    """What is true and what is false of a fact's matter.

    Args:
        turns: the ways to make a true sentence false.
    """
    truths = list(_truths(fact, bank))
    said = misconception_in(fact) or _denied(fact, bank)
    if said:
        near = min(truths, key=lambda true: abs(len(true.split()) - len(said.split())), default="")
        fair = stands_alone(said, _FEWEST) and _alike(said, near) and not _ABSOLUTE.search(said)
        return _Versions(near, said if fair else "", "said")
    if _NO.match(fact.key) or not truths:
        return _Versions("", "", "turned")
    contrast = contrast_of(fact, bank)
    if contrast is not None and _same_number(contrast):
        made: Literal["exchanged", "joined"] = "joined" if "and" in contrast.between else "exchanged"
        return _Versions(contrast.told(bank.terms), contrast.exchanged(bank.terms), made)
    true = truths[0]
    for makes in turns:
        for false, come, gone in makes(true, fact, bank, rng):
            if not bank.terms.saying(false, come, but=gone):
                return _Versions(true, false, "turned")
    return _Versions(true, "", "turned")


def _truths(fact: Fact, bank: Bank) -> Iterator[str]:
    """What the key says in sentences that stand alone, the shortest form of each."""
    first = statement_of(fact)
    rest = [" ".join(fact.key[slice(*span)].split()) for span in split_sentences(fact.key)[1:]]
    named = [text for text in rest if any(one.begin <= _OPENING for one in bank.terms.places(text))]
    for statement in [first, *named]:
        if statement and stands_alone(statement):
            core = core_of(statement)
            # "A generative model fits a distribution": what is left must not be a truism.
            told = core if len(content_words(core)) >= _TELLING else statement
            if len(told.split()) <= _MOST_WORDS:
                yield told


def _same_number(contrast: Contrast) -> bool:
    first = [is_singular(side.predicate) for side in (contrast.one, contrast.other)]
    return first[0] == first[1]


def _alike(one: str, two: str) -> bool:
    sizes = sorted((len(one.split()), len(two.split())))
    return sizes[0] > 0 and sizes[1] / sizes[0] <= _SIMILAR


def _denied(fact: Fact, bank: Bank) -> str:
    """What a question that is answered "No" asks, as a statement; empty where it cannot be told from the answer."""
    asked = _ASKED.match(fact.question)
    answer = re.match(r"No, (?P<rest>.+)", fact.key)
    if not asked or not answer:
        return ""
    verb, rest = asked[1].lower(), asked[2]
    subject = _subject(rest.split(), answer["rest"].split()) or _named(rest, bank)
    if not subject:
        return ""
    after = rest.split()[len(subject) :]
    # "A discriminator accuracy of 50 percent": the word behind the name is no verb.
    if after[1:2] == ["of"]:
        return ""
    plural = verb in ("do", "are", "were", "have")
    if verb == "does" or verb == "do":
        after[0] = after[0] if plural else _third_person(after[0])
    elif verb == "did":
        return ""
    else:
        after = [verb, *after]
    return capital(" ".join([*subject, *after]) + ".")


def _subject(asked: list[str], answer: list[str]) -> list[str]:
    """The words with which question and answer both begin, where a verb follows them in the answer."""
    size = 0
    while size < min(len(asked), len(answer)) and asked[size].lower() == answer[size].lower():
        size += 1
    if not 0 < size < len(asked) or size >= len(answer):
        return []
    verb = re.fullmatch(
        r"(?:is|are|was|were|can|cannot|must|may|has|have|does|do|never|only|often|usually|[a-z]+s)",
        answer[size],
    ) and not answer[size].endswith("ss")
    bad = any(_JOINS.fullmatch(word.lower()) for word in (asked[size - 1], asked[size]))
    return asked[:size] if verb and not bad and not answer[size - 1].endswith(",") else []


def _named(rest: str, bank: Bank) -> list[str]:
    """The names with which a question goes on after its first verb, with their article; empty without one."""
    end = len(re.match(r"(?:an? |the )?", rest, re.IGNORECASE)[0])  # type: ignore[index]
    begin = end
    for one in bank.terms.places(rest):
        if one.begin == end:
            end = one.end + 1
    after = rest[end:].split()
    fits = (
        end > begin
        and after
        and re.fullmatch(r"(?!(?:of|in|for|with|and|or|that|to|at|such)$)[a-z]+", after[0])
    )
    return rest[: end - 1].split() if fits else []


def _third_person(verb: str) -> str:
    if verb in _THIRD:
        return _THIRD[verb]
    if re.search(r"(?:s|x|ch|sh|o)$", verb):
        return verb + "es"
    return verb[:-1] + "ies" if re.search(r"[^aeiou]y$", verb) else verb + "s"


def _opposed(true: str, fact: Fact, bank: Bank, rng: random.Random) -> Swapped:
    """A word as its opposite, where the sentence has that word once, its opposite not at all, and no negation."""
    if _LOOSE.search(true) or NEGATIONS.intersection(re.findall(r"[\w']+", true.lower())) - {"never"}:
        return
    named = [one for one in bank.terms.places(true) if " " in one.written]
    found = [
        m for m in re.finditer(r"(?<![\w$\\-])[A-Za-z]+(?![\w$-])", true) if m.group().lower() in _OPPOSITES
    ]
    rng.shuffle(found)
    for match in found:
        word, other = match.group(), _OPPOSITES[match.group().lower()]
        inside = any(one.begin <= match.start() < one.end for one in named)
        if (
            not inside
            and not _UNFIT.search(f"{true[: match.start()][-12:]}<{word.lower()}>{true[match.end() :]}")
            and _count(true, word) == 1
            and not _count(true, other)
        ):
            swapped = true[: match.start()] + _cased(other, word) + true[match.end() :]
            yield _articled(swapped), content_words(other), content_words(word)


def _numbered(true: str, fact: Fact, bank: Bank, rng: random.Random) -> Swapped:
    """Another number in the place of the only one that the question does not give."""
    closed = [match.span() for match in re.finditer(r"\$[^$]+\$", true)]
    found = [
        match
        for match in _NUMBER.finditer(true)
        if not _NAMED_NUMBER.search(true[: match.start()])
        and not any(begin < match.start() < end for begin, end in closed)
        and not _count(fact.question, match.group())
    ]
    if len(found) != 1 or _LOOSE.search(true):
        return
    match = found[0]
    # Which year a study is of is no knowledge of the subject.
    if (
        _YEAR.fullmatch(match.group())
        or match.group() in _TRIFLES
        or (match.group() in _NUMBER_WORDS and fact.kind != "number")
    ):
        return
    other = _other_number(match.group(), rng)
    yield true[: match.start()] + other + true[match.end() :], [], []


def _other_number(number: str, rng: random.Random) -> str:
    if number in _NUMBER_WORDS:
        place = _NUMBER_WORDS.index(number)
        near = [at for at in (place - 2, place - 1, place + 1, place + 2) if 1 <= at < len(_NUMBER_WORDS)]
        return _NUMBER_WORDS[rng.choice(near)]
    value = float(number)
    other = value * rng.choice((0.5, 2.0, 4.0) if value >= 1 else (0.5, 0.25) if value >= 0.5 else (0.5, 2.0))
    return (
        f"{other:.8f}".rstrip("0").rstrip(".")
        if "." in number or other == int(other)
        else str(int(number) * 2)
    )


def _renamed(true: str, fact: Fact, bank: Bank, rng: random.Random) -> Swapped:
    """A definition with the name of another thing of the same kind."""
    opening = re.match(r"(?:an? |the )?", true, re.IGNORECASE)
    begin = opening.end() if opening else 0
    one = next((place for place in bank.terms.places(true) if place.begin == begin), None)
    if one is None or not fact.term or not set(content_words(fact.term)) >= set(content_words(one.written)):
        return
    others = bank.terms.siblings(one.key)
    rng.shuffle(others)
    for other in others:
        subject = re.match(rf"(?:an? |the )?{re.escape(other.name)}\b", other.meaning, re.IGNORECASE)
        verb = true[one.end :].split()[:1]
        same = subject and other.meaning[subject.end() :].split()[:1] == verb
        if subject and same and not set(content_words(other.name)) & set(content_words(true)):
            yield subject.group() + true[one.end :], content_words(other.name), content_words(one.written)


def _count(text: str, word: str) -> int:
    return len(re.findall(rf"\b{re.escape(word)}\b", text, re.IGNORECASE))


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like[:1].isupper() else word


def _articled(text: str) -> str:
    """The text with "a" or "an" as the word after it sounds."""
    text = re.sub(r"\b([Aa])n (?=[bcdfgjkpqtvwyz])", r"\1 ", text)
    return re.sub(r"\b([Aa]) (?=(?:[aeio]|un(?!i))[a-z])", r"\1n ", text)
