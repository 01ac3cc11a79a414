"""The authors' own cards and quiz questions -> items, word for word."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from tutor.notes.note import Card, QuizQuestion
from tutor.quiz.facts import Entry, Fact, is_everyday, kind_of, without_code
from tutor.quiz.items import LETTERS, Item, Kind, Option, item_id, plain
from tutor.turns import Citation
from tutor.words import content_words

_LETTER = re.compile(
    r"\s*(?:(?:the\s+)?(?:correct\s+)?(?:answer|key|option)\s*(?:is)?\s*[:：]?\s*)?"
    r"[(\[]?([A-Ja-j])(?:[)\].:：]\s*(?:[-–—:]\s*)?|\s*[-–—]\s+|\s*$)",
    re.IGNORECASE,
)
_OPTION_MARK = re.compile(r"\s*[(\[]?[A-Ja-j1-9][)\].:：]\s+")
ABOUT_OTHERS = re.compile(r"\b(?i:all|none|both|neither|any) of (?:the )?(?:above|these|them|options)\b|"
                           r"\b(?:both )?[A-H] and [A-H]\b")  # fmt: skip
_NOT_ALONE = re.compile(
    r"\b(?:the|this|that|these|those) (?:above|below|following|previous|preceding|figure|diagram|passage|excerpt|"
    r"chapter|section|book|listing|snippet|author|lecture|document)\b|"
    r"\b(?:this|that|these|those) (?:picture|table|text|code|example)\b|"
    r"\babove\b(?! (?:\d|zero\b|one\b|two\b|the\b|an?\b))|\bshown below\b|"
    r"\bas (?:shown|described|mentioned|discussed)\b|"
    r"\b(?:figure|listing|table|chapter|section) \d|\bprovided (?:code|text|example|context)\b|"
    r"\bwhich of the following\b|\btrue or false\b|"
    r"^\s*(?:how|why|what|when|where|which|can|is|are|does|do)\b[^?]{0,12}"
    r"\b(?:it|this|they|these|that)\b[^?]{0,25}\?",
    re.IGNORECASE,
)
# What a page shows, and where: "the code below", "the text provided here", "in the plot above the loss rises"; but not
# "the curve above the diagonal" and "the image shown to the discriminator", which say how things are.
_SHOWN = (
    r"(?:the|this|that|these|those) (?:[\w-]+ ){0,2}?(?:code|programs?|snippets?|listings?|texts?|passages?|sentences?|"
    r"paragraphs?|examples?|pictures?|images?|tables?|figures?|diagrams?|plots?|graphs?|charts?|curves?|sketch(?:es)?|"
    r"equations?|formulas?|outputs?)"
)
_GIVEN = r"(?:shown|given|provided|printed|listed|displayed|quoted|depicted)"
_POINTS = re.compile(
    rf"\b{_SHOWN}(?: {_GIVEN})?(?: just)? "
    r"(?:here\b|(?:above|below)\b(?! (?:\d|zero\b|one\b|two\b|the\b|an?\b|its?\b)))|"
    rf"\b(?:in|on|from|see|at|consider|given|using) {_SHOWN}(?: {_GIVEN})? (?:above|below)\b|"
    rf"\b{_SHOWN} {_GIVEN}(?=\s*(?:[?.,;:]|$))|"
    r"\b(?:the|this|that) (?:\w+ )?(?:(?:code|program) (?:snippet|block|listing|fragment|excerpt|cell)|"
    r"text (?:snippet|passage|excerpt|fragment))\b",
    re.IGNORECASE,
)
# "What does the code print?", but not "the text encoder", where it is a part of a name.
_PRINTED = re.compile(
    r"\bthe (?:picture|table|text|code|example)(?=\s*(?:[?.,;:]|$)|\s+(?:of|in|on|for|from|with|to|by|and|or|that|"
    r"which|is|are|was|does|do|did|has|can|could|may|might|must|should|will|would|"
    r"(?:say|show|print|mean|describe|mention|give|explain|use|output|return|compute|implement|produce)s?)\b)",
    re.IGNORECASE,
)
_ON_IT = 0.6  # share of a question's words from which on what stands before it is about it
_FIGURE = re.compile(r"\babove\b|\b(?:figure|listing|diagram|picture) (?:\d|below)", re.IGNORECASE)


def is_alone(fact: Fact) -> bool:
    """Whether a fact's question can be asked without what stands around it in the note.

    A beginner's question speaks of "the picture" that somebody wants to make, and not of one in the note.
    """
    question = fact.question
    if _NOT_ALONE.search(question) or _POINTS.search(question):
        return False
    return is_everyday(fact) or not _PRINTED.search(question)


def authored_item(fact: Fact, rng: random.Random) -> Item | None:
    """The author's own question to a fact as an item.

    Args:
        rng: shuffles the options where the question has some.

    Returns:
        None where the fact has no question of its own, or one that cannot stand alone or be graded fairly.
    """
    entry = fact.entry
    if entry is None:
        return None
    if isinstance(entry, QuizQuestion) and len(entry.options) > 1:
        return _choice_item(fact, entry, rng)
    told = set(content_words(fact.question))
    # A number is no word that a question could tell.
    tells = kind_of(fact.question, "") == "number" or any(
        word not in told for word in content_words(fact.key)
    )
    if not is_alone(fact) or not tells:
        return None
    stem = fact.question
    return Item(
        item_id(fact.note, "short", stem, fact.key), "short", stem, (), fact.key, _explained(fact, entry),
        fact.citation, fact.key, fact.heading, fact.note, fact.id, fact.concept,
    )  # fmt: skip


def _explained(fact: Fact, entry: Entry) -> str:
    """The whole answer, and what the note says before the question where that is about what is asked."""
    answer = without_code(entry.answer.words)
    if answer != entry.answer.words.strip():
        answer = fact.key
    background = entry.background.words if isinstance(entry, Card) and entry.background else ""
    asked = set(content_words(fact.question))
    on_it = len(asked & set(content_words(background))) >= _ON_IT * len(asked)
    return f"{answer} {background}" if on_it and background.strip() not in answer else answer


def _choice_item(fact: Fact, entry: QuizQuestion, rng: random.Random) -> Item | None:
    """The author's multiple choice; None where the right option cannot be told or two are the same."""
    if _FIGURE.search(fact.question) or _POINTS.search(fact.question):
        return None
    texts = [_OPTION_MARK.sub("", option.words, count=1).strip() for option in entry.options]
    right = _right_option(entry.answer.words, texts)
    if right is None or right >= len(texts) or len({plain(text) for text in texts}) < len(texts):
        return None
    why = _LETTER.sub("", entry.answer.words, count=1).strip()
    why = "" if plain(why) == plain(texts[right]) else why
    cited = fact.citation
    if len(content_words(entry.answer.words)) <= 1:
        source = entry.options[right]
        cited = Citation(
            1, fact.note, source.lines, source.words.strip(), fact.title, fact.heading, source.words
        )
    options = [Option(f"o{n + 1}", text, why if n == right else "") for n, text in enumerate(texts)]
    # Who wants choices alone is not asked whether a sentence is true.
    kind: Kind = "true-false" if sorted(map(plain, texts)) == ["false", "true"] else "choice"
    # Options that speak of others ("all of the above") mean something only in the author's order.
    if kind == "choice" and not any(ABOUT_OTHERS.search(text) for text in texts):
        rng.shuffle(options)
    return Item(
        item_id(fact.note, kind, fact.question, texts[right], tuple(options)), kind, fact.question,
        tuple(options), f"o{right + 1}", why or texts[right], cited, texts[right], fact.heading, fact.note, fact.id,
        fact.concept,
    )  # fmt: skip


def _right_option(answer: str, texts: Sequence[str]) -> int | None:
    """The place of the option that the author's answer names, by its letter or by its words."""
    said = plain(answer)
    same = [n for n, text in enumerate(texts) if plain(text) == said]
    if same:
        return same[0]
    letter = _LETTER.match(answer)
    if letter:
        return LETTERS.index(letter[1].upper())
    named = [n for n, text in enumerate(texts) if f" {plain(text)} " in f" {said} "]
    return named[0] if len(named) == 1 else None
