"""Multiple choice out of the notes' own words: a card's question, a term's definition, a definition's term."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from tutor.notes.note import Card
from tutor.quiz.authored import NOT_ALONE
from tutor.quiz.bank import Bank
from tutor.quiz.distractors import Chosen, choose, mine, ordered, same_form
from tutor.quiz.facts import Fact
from tutor.quiz.flaws import hard_flaws
from tutor.quiz.items import Item, Kind, Option, item_id, option_id, plain
from tutor.quiz.second_keys import stems_of
from tutor.quiz.shapes import Answer, first_sentence

_BRACKET = re.compile(r"\s*\([^()]*\)")
_OPEN = ("what does", "what is", "how", "what", "difference")
_ALIKE_QUESTIONS = 0.74
_ALIKE_WHOLE = (
    0.36  # of sentences about things that the stem does not name, from which on they may both answer it
)
_CLOSE = 0.55  # cosine of two facts' passages from which on their answers may mean the same
_FORMULA = re.compile(r"\bformula\b", re.IGNORECASE)
_TOLD = 0.6  # share of a question's words from which on a whole sentence shows itself as its answer
_GAP = "____"


def choice_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """The card's own question with the right answer among the answers of other cards.

    Returns:
        None for an author's own multiple choice, for questions answered by yes or no, and where fewer than two
        distractors are fair.
    """
    answer = bank.answers.get(fact.id)
    if answer is None or not isinstance(fact.entry, Card) or NOT_ALONE.search(fact.question):
        return None
    if answer.shape == "whole" and len(stems_of(fact.question) & stems_of(answer.texts[0])) >= _TOLD * len(
        stems_of(fact.question)
    ):
        return None
    subject = answer.subject
    keys = bank.second_keys
    asked = stems_of(fact.question)

    def forms(other: Fact) -> Sequence[str]:
        theirs = bank.answers.get(other.id)
        # The correction of a misconception, which answers no question of its own, says its subject too seldom.
        if theirs is None or not (other.question or other.term) or not same_form(answer, theirs):
            return ()
        is_formula = [bool(_FORMULA.search(one.question)) for one in (fact, other)]
        return theirs.texts if _group(answer) == _group(theirs) and is_formula[0] == is_formula[1] else ()

    def is_second_key(other: Fact, text: str) -> bool:
        theirs = bank.answers[other.id]
        if other.question and _shared(fact.question, other.question) >= _ALIKE_QUESTIONS:
            return True
        if (
            subject
            and theirs.subject
            and keys.kin(subject, theirs.subject)
            and answer.shape.startswith(("it", "they"))
        ):
            return True
        if _names_subject(subject, text) or (
            not subject and keys.alike(answer.texts[0], text) >= _ALIKE_WHOLE
        ):
            return True
        return bool(keys.reason(fact.question, answer.texts[0], text, subject, meaning=False))

    candidates = mine(fact, fact.question, bank, forms, is_second_key)
    # A sentence that was cut may have lost what the question asks for.
    texts = answer.texts[:1] if answer.shape == "whole" else answer.texts
    told = [text for text in texts if any(word not in asked for word in stems_of(text))]
    return _item(fact, "choice", fact.question, told, candidates, bank, rng)


def definition_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """Which of some definitions is that of the fact's term; None where the fact defines no term."""
    if fact.id not in bank.definitions:
        return None
    term, answer = bank.definitions[fact.id]
    keys = bank.second_keys
    stem = f"What {'are' if answer.shape.startswith('they') else 'is'} {_with_article(term, fact)}?"

    def forms(other: Fact) -> Sequence[str]:
        theirs = bank.definitions.get(other.id)
        return theirs[1].texts if theirs and same_form(answer, theirs[1]) else ()

    def is_second_key(other: Fact, text: str) -> bool:
        return (
            keys.kin(term, bank.definitions[other.id][0])
            or _names_subject(term, text)
            or bool(keys.reason(stem, answer.texts[0], text, term, meaning=False))
        )

    candidates = mine(fact, stem, bank, forms, is_second_key)
    return _item(fact, "definition", stem, answer.texts, candidates, bank, rng)


def term_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """Which of some terms a definition is of, the term masked; None where the fact defines no term."""
    if fact.id not in bank.definitions:
        return None
    term = bank.definitions[fact.id][0]
    sentence = first_sentence(fact)
    masked = _masked(sentence, term)
    keys = bank.second_keys
    stem = f"Which term fits the gap? “{masked}”"
    if not masked.startswith(_GAP) or _names_subject(term, masked):
        return None

    def forms(other: Fact) -> Sequence[str]:
        theirs = bank.definitions[other.id][0] if other.id in bank.definitions else ""
        if not theirs or _is_plural(theirs) != _is_plural(term) or theirs.isupper() != term.isupper():
            return ()
        return () if _names_subject(theirs, masked) else (_shown(theirs),)

    def is_second_key(other: Fact, text: str) -> bool:
        theirs = bank.definitions[other.id][0]
        return keys.kin(term, theirs) or keys.alike(sentence, first_sentence(other)) >= 0.62

    candidates = mine(fact, stem, bank, forms, is_second_key)
    distinct = list({plain(one.texts[0]): one for one in reversed(candidates)}.values())[::-1]
    return _item(fact, "term", stem, (_shown(term),), distinct, bank, rng)


def _item(
    fact: Fact,
    kind: Kind,
    stem: str,
    keys: Sequence[str],
    candidates: Sequence,
    bank: Bank,
    rng: random.Random,
) -> Item | None:
    """The item with the best set of distractors that shows no flaw; None where there is none."""
    if not keys:
        return None

    def built(chosen: Chosen) -> Item:
        texts = [chosen.key, *(text for text, _ in chosen.others)]
        why = [first_sentence(fact), *(_why(other) for _, other in chosen.others)]
        ids = [fact.id, *(other.id for _, other in chosen.others)]
        order = ordered(texts, random.Random(f"{fact.id}{seed}"))
        options = tuple(Option(option_id(texts[n]), texts[n], why[n], ids[n] if n else "") for n in order)
        key = option_id(chosen.key)
        return Item(
            item_id(fact.note, kind, stem, chosen.key, options), kind, stem, options, key, fact.key, fact.citation,
            fact.key, fact.heading, fact.note, fact.id, fact.concept, maker="rules",
        )  # fmt: skip

    def refused(chosen: Chosen) -> bool:
        near = {one.fact.id for one in candidates if one.cosine >= _CLOSE}
        pairs = [(chosen.key, text) for text, other in chosen.others if other.id in near]
        if kind == "term":
            pairs = [
                (first_sentence(fact), first_sentence(other))
                for _, other in chosen.others
                if other.id in near
            ]
        said_again = (bank.second_keys.mean_the_same(*pair) for pair in pairs)
        # Of sentences the passages' likeness tells whether a distractor is plausible, of bare names it does not.
        flaws = hard_flaws(built(chosen), bank.second_keys.cosine if kind == "term" else None)
        return bool(flaws) or any(said_again)

    # Items built with equal generators must not have their keys in equal ranks.
    seed = rng.random()
    rng = random.Random(f"{fact.id}{kind}{seed}")
    chosen = choose(stem, keys, candidates, rng, refused=refused)
    return built(chosen) if chosen else None


def _why(other: Fact) -> str:
    """What a mined distractor is the true answer of."""
    if not (other.question or other.term):
        return f"The notes say this of something else: {first_sentence(other)} ({other.title})"
    asked = other.question or f"What is {_with_article(other.term, other)}?"
    return f"This is the answer to: {asked} ({other.title})"


def _shared(one: str, other: str) -> float:
    """The share of content words that two questions have in common."""
    a, b = stems_of(one), stems_of(other)
    return len(a & b) / max(1, min(len(a), len(b)))


def _group(answer: Answer) -> str:
    """Which questions may lend each other answers."""
    if answer.shape == "whole":
        return answer.asks if answer.asks in ("why", "difference") else "any"
    return "does" if answer.asks in _OPEN else answer.asks


def _names_subject(subject: str, text: str) -> bool:
    """Whether a text names a subject by its words."""
    named = stems_of(subject)
    return bool(named) and named <= stems_of(text)


def _with_article(term: str, fact: Fact) -> str:
    """A term with the article that the notes give it."""
    found = re.match(r"(an?|the)\s+", first_sentence(fact), re.IGNORECASE)
    shown = _BRACKET.sub("", term).strip()
    return f"{found[1].lower()} {shown}" if found else shown


def _shown(term: str) -> str:
    return term[0].upper() + term[1:]


def _masked(sentence: str, term: str) -> str:
    """A definition with its term, and an acronym in brackets behind it, as gaps."""
    if not term:
        return sentence
    found = re.sub(
        rf"(?i)(?<![\w-])(?:an? |the )?{re.escape(term)}\b(?:\s*\([^()]*\))?(?:s\b)?", _GAP, sentence
    )
    return found


def _is_plural(term: str) -> bool:
    head = re.split(r"\s+(?:of|in|for|with|on)\s+", term)[0]
    return bool(re.search(r"[^siu]s$", head)) and not head.isupper()
