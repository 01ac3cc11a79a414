"""What the notes say of a thing, as options: "Which of these is true of a KV cache?" """

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence

from tutor.quiz.assertions import sort_of
from tutor.quiz.bank import Bank
from tutor.quiz.choices import is_rival, is_wider, mined_item, within
from tutor.quiz.distractors import Candidate, mine, same_form
from tutor.quiz.facts import Fact
from tutor.quiz.items import Item
from tutor.quiz.second_keys import stems_of
from tutor.quiz.shapes import Answer, first_sentence
from tutor.quiz.wording import bare
from tutor.words import without_article

_FORMULA = re.compile(r"\$[^$]*[\\=^(][^$]*\$")
_SAME = (
    0.4  # share of a claim and a mistake in common from which on the mistake may be a version of the truth
)
_PART_OF = re.compile(r"\s+(?:of|in|for|with)\s+")


def claim_item(fact: Fact, bank: Bank, rng: random.Random) -> Item | None:
    """Which of some statements is true of a thing, the others being true of other things.

    Returns:
        None where the fact says nothing of one named thing, and where fewer than two distractors are fair.
    """
    claim = bank.claims.get(fact.id)
    if claim is None:
        return None
    keys, subject = bank.second_keys, claim.subject
    named = bank.terms.lowered(bare(subject))
    stem = f"Which of these is true of {named}?"
    own, sort = stems_of(subject), sort_of(claim.texts[0])

    def forms(other: Fact) -> Sequence[str]:
        theirs = bank.claims.get(other.id)
        if theirs is None or theirs.shape != claim.shape or sort_of(theirs.texts[0]) != sort:
            return ()
        if _is_part(subject, theirs.subject, bank) or within(subject, theirs.subject, fact, other, bank):
            return ()
        return fit(theirs) if is_rival(subject, theirs.subject, fact, other, bank) else ()

    def fit(theirs: Answer) -> Sequence[str]:
        return [text for text in theirs.texts if not own & stems_of(text) and same_signs(claim, text)]

    def is_second_key(other: Fact, text: str) -> bool:
        theirs = bank.claims[other.id]
        return (
            is_wider(theirs.subject, subject, fact, bank)
            or keys.kin(subject, theirs.subject)
            or bool(keys.reason(stem, claim.texts[0], text, subject, meaning=False))
        )

    def why(other: Fact) -> str:
        if other.id in mistaken:
            return f"Students often say so, but: {first_sentence(other)} ({other.title})"
        theirs = bank.claims[other.id]
        return f"This is true of {bank.terms.lowered(bare(theirs.subject))} ({other.title})"

    def said_of(other: Fact) -> str:
        return _bare(bare(bank.claims[other.id].subject))

    mistaken = {one.fact.id: one for one in _mistaken(fact, claim, fit, bank)}
    mined = mine(fact, stem, bank, forms, is_second_key, said_of=said_of, about=subject)
    candidates = [*mistaken.values(), *(one for one in mined if one.fact.id not in mistaken)]
    return mined_item(fact, "choice", stem, claim.texts, candidates, bank, rng, why)


def _mistaken(
    fact: Fact, claim: Answer, fit: Callable[[Answer], Sequence[str]], bank: Bank
) -> Iterator[Candidate]:
    """What students wrongly say of the thing that a claim is about, as the notes quote it; no version of the claim."""
    keys, homes = bank.second_keys, bank.homes.of(fact)
    names = keys.names(bare(claim.subject))
    for fact_id, said in bank.misconceived.items():
        other = bank.by_id[fact_id]
        texts = fit(said) if same_form(claim, said) else ()
        apart = other.id != fact.id and all(keys.alike(claim.texts[0], text) < _SAME for text in texts)
        about_it = names & keys.names(bare(said.subject)) and homes & bank.homes.of(other)
        if texts and apart and about_it and sort_of(said.texts[0]) == sort_of(claim.texts[0]):
            yield Candidate(other, tuple(texts), bank.cosine(fact, other), f"{said.subject} {said.texts[0]}")


def same_signs(answer: Answer, text: str) -> bool:
    """Whether a text holds formulas as the answer does."""
    return bool(_FORMULA.search(text)) == bool(_FORMULA.search(answer.texts[0]))


def _is_part(one: str, other: str, bank: Bank) -> bool:
    """Whether one of two names is a part of the thing that the other names: "the generator of a GAN", "a trained GAN".

    Two parts of one thing, its generator and its discriminator, are apart.
    """
    heads = [_PART_OF.split(bare(name))[0] for name in (one, other)]
    named = [{mention.key for mention in bank.terms.places(text)} for text in (one, other, *heads)]
    shared = named[0] & named[1]
    if shared & (named[2] | named[3]):
        return True
    ours, theirs = stems_of(_bare(bare(one))), stems_of(_bare(bare(other)))
    return ours <= theirs or theirs <= ours


def _bare(name: str) -> str:
    return without_article(name)
