"""Multiple choice out of the notes' own words: a card's question, a term's definition, a definition's term."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from itertools import combinations

from tutor.lexicon import GENERIC
from tutor.notes.note import Card
from tutor.quiz.assertions import sort_of
from tutor.quiz.authored import is_alone
from tutor.quiz.bank import Bank
from tutor.quiz.distractors import Candidate, Chosen, choose, mine, ordered, same_form
from tutor.quiz.facts import Fact, is_everyday
from tutor.quiz.flaws import hard_flaws
from tutor.quiz.gaps import subject_gap
from tutor.quiz.items import Item, Kind, Option, item_id, option_id, plain
from tutor.quiz.second_keys import stems_of
from tutor.quiz.shapes import Answer, first_sentence
from tutor.quiz.wording import bare, said_of

_BRACKET = re.compile(r"\s*\([^()]*\)")
_OPEN = ("what does", "what is", "how", "what", "claim")
_COMPARED = re.compile(r"\b(?:while|whereas)\b")
_ASKED_NOUN = re.compile(
    r"^(?:in |on |at )?(?:which|what) (?!does|do|is|are)([\w-]+)|([\w-]+)\?$", re.IGNORECASE
)
_ALIKE_QUESTIONS = 0.74
_ALIKE_WHOLE = (
    0.36  # of sentences about things that the stem does not name, from which on they may both answer it
)
_CLOSE = 0.55  # cosine of two facts' passages from which on their answers may mean the same
_FORMULA = re.compile(r"\bformula\b", re.IGNORECASE)
_TOLD = 0.6  # share of a question's words from which on a whole sentence shows itself as its answer
_SAME_MEANING = 0.62  # share of two sentences in common from which on they define one thing
_KINDS = 2  # of models defined as kinds of another, from which on that one is a whole class
_GAP = "____"
_PART_OF = re.compile(r"\b(?:of|in|for|with|by|from)\b")


def choice_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """The card's own question with the right answer among the answers of other cards.

    Returns:
        None for an author's own multiple choice, for questions answered by yes or no, and where fewer than two
        distractors are fair.
    """
    answer = bank.answers.get(fact.id)
    if answer is None or not _is_askable(fact, answer):
        return None
    subject = answer.subject
    keys = bank.second_keys
    asked = stems_of(fact.question)

    def lent(other: Fact) -> Answer | None:
        return next((theirs for theirs in bank.lent(other) if fits(theirs, other)), None)

    def fits(theirs: Answer, other: Fact) -> bool:
        if not same_form(answer, theirs) or sort_of(theirs.texts[0]) != sort_of(answer.texts[0]):
            return False
        is_formula = [bool(_FORMULA.search(one.question)) for one in (fact, other)]
        if _group(answer, fact) != _group(theirs, other) or is_formula[0] != is_formula[1]:
            return False
        if not subject:
            return True
        apart = not within(subject, theirs.subject, fact, other, bank)
        return apart and is_rival(subject, theirs.subject, fact, other, bank)

    def forms(other: Fact) -> Sequence[str]:
        theirs = lent(other)
        return [text for text in theirs.texts if not _COMPARED.search(text)] if theirs else ()

    def is_second_key(other: Fact, text: str) -> bool:
        theirs = lent(other)
        if theirs is None or _shared(fact.question, other.question or theirs.subject) >= _ALIKE_QUESTIONS:
            return True
        said_of_it = answer.shape.startswith(("it", "they")) and subject and theirs.subject
        if said_of_it and (
            keys.kin(subject, theirs.subject) or is_wider(theirs.subject, subject, fact, bank)
        ):
            return True
        if names_subject(subject, text) or (
            not subject and keys.alike(answer.texts[0], text) >= _ALIKE_WHOLE
        ):
            return True
        return bool(keys.reason(fact.question, answer.texts[0], text, subject, meaning=False))

    def why(other: Fact) -> str:
        theirs = lent(other)
        if theirs is None or theirs is bank.answers.get(other.id) or other.id not in bank.by_id:
            return _why(other)
        return f"The notes say this of something else: {_told(theirs)} ({other.title})"

    candidates = mine(fact, fact.question, bank, forms, is_second_key, about=subject)
    # A sentence that was cut may have lost what the question asks for.
    texts = answer.texts[:1] if answer.shape == "whole" else answer.texts
    alone = [text for text in texts if not _COMPARED.search(text)] or texts
    told = [text for text in alone if any(word not in asked for word in stems_of(text))]
    return mined_item(fact, "choice", fact.question, told, candidates, bank, rng, why)


def _is_askable(fact: Fact, answer: Answer) -> bool:
    """Whether a fact is a card whose question can stand over options."""
    if not isinstance(fact.entry, Card) or not is_alone(fact):
        return False
    # An everyday question names things in its own words, beside which the note's "it" is of another matter. What
    # answers "why" without "because" is no reason beside what others do.
    if is_everyday(fact) or (answer.asks == "why" and answer.shape not in ("because", "so that", "whole")):
        return False
    asked = stems_of(fact.question)
    return answer.shape != "whole" or len(asked & stems_of(answer.texts[0])) < _TOLD * len(asked)


def definition_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """Which of some definitions is that of the fact's term; None where the fact defines no term."""
    if fact.id not in bank.definitions:
        return None
    term, answer = bank.definitions[fact.id]
    keys = bank.second_keys
    stem = f"What {'are' if answer.shape.startswith('they') else 'is'} {_with_article(term, fact)}?"

    def forms(other: Fact) -> Sequence[str]:
        theirs = bank.said_of(other)
        fits = (
            theirs
            and same_form(answer, theirs[1])
            and sort_of(theirs[1].texts[0]) == sort_of(answer.texts[0])
            and not within(term, theirs[0], fact, other, bank)
            and is_rival(term, theirs[0], fact, other, bank)
        )
        return theirs[1].texts if theirs and fits else ()

    def is_second_key(other: Fact, text: str) -> bool:
        return (
            keys.kin(term, name_of(other, bank))
            or is_wider(name_of(other, bank), term, fact, bank)
            or names_subject(term, text)
            or bool(keys.reason(stem, answer.texts[0], text, term, meaning=False))
        )

    candidates = mine(fact, stem, bank, forms, is_second_key, about=term)
    return mined_item(fact, "definition", stem, answer.texts, candidates, bank, rng)


def term_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """Which of some terms a definition is of, the term masked; None where the fact defines no term."""
    if fact.id not in bank.definitions:
        return None
    term = bank.definitions[fact.id][0]
    sentence = first_sentence(fact)
    masked = _masked(sentence, term)
    keys = bank.second_keys
    stem = f"Which term fits the gap? “{masked}”"
    if not masked.startswith(_GAP) or names_subject(term, masked) or keys.has_kinds(term):
        return None
    of_thing = masked.startswith(f"{_GAP} of ")

    def forms(other: Fact) -> Sequence[str]:
        theirs = name_of(other, bank)
        if not theirs or not same_form_of_name(theirs, term) or (of_thing and not bank.may_be_part(theirs)):
            return ()
        return () if names_subject(theirs, masked) else (shown_name(theirs),)

    def is_second_key(other: Fact, text: str) -> bool:
        return may_name_it(term, sentence, other, bank)

    candidates = mine(fact, stem, bank, forms, is_second_key, about=term, is_name=True)
    return mined_item(fact, "term", stem, (shown_name(term),), by_name(candidates, bank), bank, rng)


def gap_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """Which of some terms a sentence is about; None where it is about no named thing."""
    gap = subject_gap(fact, bank)
    if gap is None:
        return None
    masked, one = gap
    term, keys = one.written, bank.second_keys
    if keys.has_kinds(term):
        return None
    stem = f"Which term fits the gap? “{masked}”"
    said = masked.replace(_GAP, "")

    def forms(other: Fact) -> Sequence[str]:
        theirs = name_of(other, bank)
        if not theirs or not same_form_of_name(theirs, term):
            return ()
        article = re.match(r"(an?|the) ", first_sentence(other), re.IGNORECASE)
        ours = masked[: masked.find(_GAP)].strip().lower()
        fits = ours == (
            "a(n)" if article and article[1].lower() != "the" else article[1].lower() if article else ""
        )
        return (shown_name(theirs),) if fits and not names_subject(theirs, masked) else ()

    def is_second_key(other: Fact, text: str) -> bool:
        theirs = name_of(other, bank)
        known = may_name_it(term, said, other, bank) or keys.said_of(theirs, said, "")
        return known or bool(bank.terms.saying(said, stems_of(theirs)))

    candidates = mine(fact, stem, bank, forms, is_second_key, about=term, is_name=True)
    return mined_item(fact, "term", stem, (shown_name(term),), by_name(candidates, bank), bank, rng)


def may_name_it(term: str, said: str, other: Fact, bank: Bank) -> bool:
    """Whether the name of what another fact is about may stand for a term too: it is kin to it or broad, or the other
    fact says what is said of the term."""
    theirs, keys = name_of(other, bank), bank.second_keys
    alike = keys.alike(said, first_sentence(other)) >= _SAME_MEANING
    return alike or keys.kin(term, theirs) or is_broad(theirs, bank)


def by_name(candidates: Sequence[Candidate], bank: Bank) -> list[Candidate]:
    """One candidate a thing, also where it is spelled in two ways or has two names: "normalising" and "normalizing"."""
    found: dict[str, Candidate] = {}
    for one in candidates:
        name = re.sub(r"iz(?=[aei])", "is", plain(one.texts[0]))
        names = bank.second_keys.names(one.texts[0])
        if name not in found and not any(
            names & bank.second_keys.names(other.texts[0]) for other in found.values()
        ):
            found[name] = one
    return list(found.values())


def mined_item(
    fact: Fact,
    kind: Kind,
    stem: str,
    keys: Sequence[str],
    candidates: Sequence[Candidate],
    bank: Bank,
    rng: random.Random,
    why: Callable[[Fact], str] | None = None,
) -> Item | None:
    """The item with the best set of distractors that shows no flaw; None where there is none.

    Args:
        keys: the forms of the right option.
        why: a distractor's fact -> why it is wrong; else the question that it answers.
    """
    if not keys:
        return None

    def built(chosen: Chosen) -> Item:
        texts = [chosen.key, *(text for text, _ in chosen.others)]
        reasons = [" ".join(said_of(fact).split()), *((why or _why)(other) for _, other in chosen.others)]
        ids = [fact.id, *(other.id if other.id in bank.by_id else "" for _, other in chosen.others)]
        order = ordered(texts, random.Random(f"{fact.id}{seed}"))
        options = tuple(Option(option_id(texts[n]), texts[n], reasons[n], ids[n] if n else "") for n in order)
        key = option_id(chosen.key)
        said = fact.key if stem == fact.question else said_of(fact)
        return Item(
            item_id(fact.note, kind, stem, chosen.key, options), kind, stem, options, key, said, fact.citation,
            fact.key, fact.heading, fact.note, fact.id, fact.concept, maker="rules",
        )  # fmt: skip

    def refused(chosen: Chosen) -> bool:
        pairs = [(chosen.key, text) for text, _ in chosen.others]
        if kind == "term":
            near = {one.fact.id for one in candidates if one.cosine >= _CLOSE}
            said = [first_sentence(other) for _, other in chosen.others if other.id in near]
            pairs = [(first_sentence(fact), sentence) for sentence in said]
        said_again = (bank.second_keys.mean_the_same(*pair) for pair in pairs)
        flaws = hard_flaws(built(chosen), bank.second_keys.cosine)
        texts = [chosen.key, *(text for text, _ in chosen.others)]
        alike = (bank.second_keys.say_one_thing(*pair) for pair in combinations(texts, 2))
        return bool(flaws) or any(alike) or any(said_again)

    # Items built with equal generators must not have their keys in equal ranks.
    seed = rng.random()
    rng = random.Random(f"{fact.id}{kind}{seed}")
    chosen = choose(stem, keys, candidates, rng, refused=refused)
    return built(chosen) if chosen else None


def _told(answer: Answer) -> str:
    """What an answer says as a sentence, its subject in its place again."""
    text = answer.texts[0]
    if answer.shape == "because":
        return f"{answer.subject}, {text[0].lower()}{text[1:]}."
    return f"{answer.subject} {text.partition(' ')[2]}."


def _why(other: Fact) -> str:
    """What a mined distractor is the true answer of."""
    if not (other.question or other.term):
        return f"The notes say this of something else: {first_sentence(other)} ({other.title})"
    asked = other.question or f"What is {_with_article(other.term, other)}?"
    return f"This is the answer to: {asked} ({other.title})"


def name_of(other: Fact, bank: Bank) -> str:
    """The name of the thing that a source says something of; empty where it is of none."""
    meaning = bank.said_of(other)
    return meaning[0] if meaning else ""


def is_wider(name: str, subject: str, fact: Fact, bank: Bank) -> bool:
    """Whether what is said of a thing may hold of what a fact is about too: the notes call several models a kind of it,
    "a common LSTM" is of its kind, or the fact itself names it, as a self-supervised method does."""
    own = stems_of(name) - GENERIC - bank.homes.nouns
    kin = bank.second_keys.kin(_core(subject, bank), _core(name, bank))
    return kin or is_broad(name, bank) or (bool(own) and own <= stems_of(fact.key))


def _core(name: str, bank: Bank) -> str:
    """A name without the words before the thing that it names last: "LSTM" of "a common LSTM"."""
    last = bank.terms.places(name)[-1:]
    return last[0].written if last and last[0].end == len(name) and " of " not in name else name


def is_broad(name: str, bank: Bank) -> bool:
    """Whether the notes call several models a kind of this one."""
    return bank.homes.sort(name) == "model" and bank.second_keys.has_kinds(name, _KINDS)


def within(subject: str, theirs: str, fact: Fact, other: Fact, bank: Bank) -> bool:
    """Whether two facts stand in one note that is named after what the first is about, and the second is about no other
    topic of that sort: then what it says of a part, a step or a use may be said of the whole too."""
    shared = bank.homes.of(fact) & bank.homes.of(other)
    if not any(bank.scope.is_topic(bank.scope.title_of(note), bare(subject)) for note in shared):
        return False
    own = {one.key for one in bank.terms.places(subject)}
    other_topic = any(one.titled and one.key not in own for one in bank.terms.places(theirs))
    return not other_topic or not bank.homes.alike(subject, theirs)


def is_rival(subject: str, theirs: str, fact: Fact, other: Fact, bank: Bank) -> bool:
    """Whether what is said of one thing can be mistaken for what is said of another.

    Of a wide thing, which notes are named after or of which others are kinds, parts and steps are true as well: only
    another such thing is its rival. Methods, and things whose sort cannot be told, are too unlike each other where the
    notes do not treat them together.
    """
    sort = bank.homes.sort(subject)
    if sort not in ("", "model", "method"):
        return True
    if _is_wide(subject, bank):
        return _is_wide(theirs, bank)
    return sort == "model" or bool(bank.homes.of(fact) & bank.homes.of(other))


def _is_wide(name: str, bank: Bank) -> bool:
    """Whether a name, but for what stands before it, is the title of a note or that of a kind with several models."""
    own = bare(name)
    last = bank.terms.places(own)[-1:]
    whole = bool(last) and last[0].end == len(own) and not _PART_OF.search(own[: last[0].begin])
    return whole and (last[0].titled or bank.second_keys.has_kinds(last[0].written))


def _shared(one: str, other: str) -> float:
    """The share of content words that two questions have in common."""
    a, b = stems_of(one), stems_of(other)
    return len(a & b) / max(1, min(len(a), len(b)))


def _group(answer: Answer, fact: Fact) -> str:
    """Which questions may lend each other answers; a phrase answers those for the same noun, or with the same verb."""
    if answer.shape == "phrase":
        found = _ASKED_NOUN.search(fact.question)
        return f"{answer.asks} {(found[1] or found[2]).lower() if found else ''}"
    if answer.shape == "whole":
        return answer.asks if answer.asks in ("why", "difference") else "any"
    return "does" if answer.asks in _OPEN else answer.asks


def names_subject(subject: str, text: str) -> bool:
    """Whether a text names a subject by its words."""
    named = stems_of(subject)
    return bool(named) and named <= stems_of(text)


def _with_article(term: str, fact: Fact) -> str:
    """A term with the article that the notes give it."""
    found = re.match(r"(an?|the)\s+", first_sentence(fact), re.IGNORECASE)
    shown = _BRACKET.sub("", term).strip()
    return f"{found[1].lower()} {shown}" if found else shown


def shown_name(term: str) -> str:
    """A name as an option shows it."""
    return term[0].upper() + term[1:]


def _masked(sentence: str, term: str) -> str:
    """A definition with its term, and an acronym in brackets behind it, as gaps."""
    if not term:
        return sentence
    found = re.sub(
        rf"(?i)(?<![\w-])(?:an? |the )?{re.escape(term)}\b(?:\s*\([^()]*\))?(?:s\b)?", _GAP, sentence
    )
    return found


def same_form_of_name(one: str, other: str) -> bool:
    """Whether two names are both of one thing or of several, and both short forms in capitals or not."""
    return _is_plural(one) == _is_plural(other) and one.isupper() == other.isupper()


def _is_plural(term: str) -> bool:
    head = re.split(r"\s+(?:of|in|for|with|on)\s+", term)[0]
    return bool(re.search(r"[^siu]s$", head)) and not head.isupper()
