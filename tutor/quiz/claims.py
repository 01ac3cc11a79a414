"""What the notes say of a thing, as options: "Which of these is true of a KV cache?" """

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from tutor.quiz.assertions import sort_of
from tutor.quiz.bank import Bank
from tutor.quiz.choices import mined_item
from tutor.quiz.distractors import mine
from tutor.quiz.facts import Fact
from tutor.quiz.items import Item
from tutor.quiz.second_keys import stems_of
from tutor.quiz.shapes import Answer
from tutor.quiz.wording import bare

_FORMULA = re.compile(r"\$[^$]*[\\=^(][^$]*\$")
_LEADING = re.compile(r"^(?:an?|the)\s+", re.IGNORECASE)
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
        if _is_part(subject, theirs.subject, bank):
            return ()
        return [text for text in theirs.texts if not own & stems_of(text) and same_signs(claim, text)]

    def is_second_key(other: Fact, text: str) -> bool:
        theirs = bank.claims[other.id]
        return keys.kin(subject, theirs.subject) or bool(
            keys.reason(stem, claim.texts[0], text, subject, meaning=False)
        )

    def why(other: Fact) -> str:
        theirs = bank.claims[other.id]
        return f"This is true of {bank.terms.lowered(bare(theirs.subject))} ({other.title})"

    def said_of(other: Fact) -> str:
        return _bare(bare(bank.claims[other.id].subject))

    candidates = mine(fact, stem, bank, forms, is_second_key, said_of=said_of)
    return mined_item(fact, "choice", stem, claim.texts, candidates, bank, rng, why)


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
    return _LEADING.sub("", name)
