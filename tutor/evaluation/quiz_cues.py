"""What a student without knowledge makes of the built items: flaws, cues, and how far cues alone lead to the key.

Needs scikit-learn for the solvers, which the program itself does not: it is a measure of development alone.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tutor.notes.note import Card
from tutor.quiz.bank import Bank
from tutor.quiz.choices import choice_item, definition_item, term_item
from tutor.quiz.facts import Fact
from tutor.quiz.flaws import cues, hard_flaws
from tutor.quiz.items import Item
from tutor.quiz.second_keys import SecondKeys

PLANTED = Path(__file__).parent / "sets" / "second-keys.jsonl"
_FOLDS = 5
_LENGTH, _OVERLAP = 0, 2  # columns of the cues
Builder = Callable[[Fact, Bank, random.Random], Item | None]
BUILDERS: dict[str, Builder] = {"choice": choice_item, "definition": definition_item, "term": term_item}


@dataclass(frozen=True)
class CueReport:
    """Figures of built items.

    Attributes:
        chance: the mean of one over the number of options; what guessing earns.
        one_flaw, two_flaws: shares of items with at least one and two hard flaws.
        longest, overlap: accuracy of picking the longest option, and the one with most of the stem's words.
        linear, trees: accuracy of solvers trained on cues alone, folds grouped by fact.
        position_p: the probability of places of the key at least as uneven, were it placed by chance.
    """

    items: int
    chance: float
    one_flaw: float
    two_flaws: float
    flaws: dict[str, int]
    longest: float
    overlap: float
    linear: float
    trees: float
    position_p: float


def build(
    bank: Bank, kinds: Iterable[str], seeds: Iterable[int], facts: Sequence[Fact] | None = None
) -> list[Item]:
    """The items of all facts, of these kinds, for each seed; the same item once."""
    found: dict[str, Item] = {}
    for seed in seeds:
        for kind in kinds:
            for fact in facts or bank.facts:
                item = BUILDERS[kind](fact, bank, random.Random(f"{seed}{fact.id}"))
                if item:
                    found.setdefault(item.id, item)
    return list(found.values())


def measure(items: Sequence[Item], cosine: Callable[[str, str], float] | None = None) -> CueReport:
    """The figures of some items; at least 10 of them, on at least 5 facts."""
    flaws = [hard_flaws(item, cosine) for item in items]
    table = [cues(item) for item in items]
    keys = [[option.id for option in item.options].index(item.key) for item in items]
    return CueReport(
        len(items),
        sum(1 / len(item.options) for item in items) / len(items),
        sum(len(one) >= 1 for one in flaws) / len(items),
        sum(len(one) >= 2 for one in flaws) / len(items),
        dict(Counter(flaw for one in flaws for flaw in one)),
        _picks(table, keys, _LENGTH),
        _picks(table, keys, _OVERLAP),
        _solver(items, table, keys, trees=False),
        _solver(items, table, keys, trees=True),
        _position_p(items, keys),
    )


def _picks(table: Sequence[list[list[float]]], keys: Sequence[int], column: int) -> float:
    """The accuracy of picking the option with the highest value; among equals any, which counts as its share."""
    earned = 0.0
    for rows, key in zip(table, keys, strict=True):
        most = max(row[column] for row in rows)
        best = [n for n, row in enumerate(rows) if row[column] == most]
        earned += (key in best) / len(best)
    return earned / len(keys)


def _solver(
    items: Sequence[Item], table: Sequence[list[list[float]]], keys: Sequence[int], trees: bool
) -> float:
    """The share of items whose key a model of the cues ranks first, trained on the items of other facts."""
    import numpy as np
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    groups = [item.fact_id for item in items]
    right = 0.0
    for train, test in GroupKFold(_FOLDS).split(items, groups=groups):
        rows = np.array([row for n in train for row in table[n]])
        is_key = np.array([place == keys[n] for n in train for place in range(len(table[n]))])
        model = (
            GradientBoostingClassifier(n_estimators=80, max_depth=3, random_state=0)
            if trees
            else make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        )
        model.fit(rows, is_key)
        for n in test:
            score = model.predict_proba(np.array(table[n]))[:, 1]
            best = np.flatnonzero(score >= score.max() - 1e-12)
            right += (keys[n] in best) / len(best)
    return right / len(items)


def _position_p(items: Sequence[Item], keys: Sequence[int]) -> float:
    """Chi-square of the key's places over the items with the usual number of options."""
    from scipy.stats import chisquare  # type: ignore[import-untyped]

    size = Counter(len(item.options) for item in items).most_common(1)[0][0]
    seen = Counter(key for item, key in zip(items, keys, strict=True) if len(item.options) == size)
    return float(chisquare([seen[place] for place in range(size)]).pvalue)


def by_meaning(bank: Bank) -> Callable[[str, str], float]:
    """The cosine of two texts by the embedding model, each text embedded once."""
    known: dict[str, Any] = {}

    def cosine(one: str, other: str) -> float:
        for text in (one, other):
            if text not in known:
                known[text] = bank.retriever.embedding.embed_texts([text])[0]
        return float(known[one] @ known[other])

    return cosine


def yields(bank: Bank) -> dict[str, float]:
    """Shares of cards: with a choice item, with any item of choice; and of the cards not answered by yes or no."""
    cards = [fact for fact in bank.facts if isinstance(fact.entry, Card)]
    made = {
        kind: {fact.id for fact in cards if make(fact, bank, random.Random(fact.id))}
        for kind, make in BUILDERS.items()
    }
    open_ones = [fact for fact in cards if not fact.key.startswith(("Yes,", "No,"))]
    return {
        "cards": float(len(cards)),
        "choice": len(made["choice"]) / len(cards),
        "any": len(set.union(*made.values())) / len(cards),
        "choice, not yes or no": sum(fact.id in made["choice"] for fact in open_ones) / len(open_ones),
        **{f"{kind} items of all facts": float(_count(bank, make)) for kind, make in BUILDERS.items()},
    }


def _count(bank: Bank, make: Builder) -> int:
    return sum(make(fact, bank, random.Random(fact.id)) is not None for fact in bank.facts)


def seconds_for(bank: Bank, n: int = 10, seed: int = 0) -> float:
    """Processor seconds for n items, the bank warm."""
    facts = random.Random(seed).sample(bank.facts, len(bank.facts))
    begin, made = time.process_time(), 0
    for fact in facts:
        make = list(BUILDERS.values())[made % 3] if fact.id in bank.definitions else choice_item
        made += make(fact, bank, random.Random(seed)) is not None
        if made == n:
            break
    return time.process_time() - begin


def planted(second_keys: SecondKeys, path: Path = PLANTED, held_out: bool = False) -> dict[str, Any]:
    """How the check for second keys does on hand-made items: rejected of those with one, kept of the good ones.

    Args:
        held_out: the items on which none of its numbers was set, instead of the others.
    """
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    rows = [row for row in rows if row["held_out"] == held_out]
    found: dict[str, Any] = {"missed": [], "lost": []}
    counts: Counter[tuple[bool, bool]] = Counter()
    for row in rows:
        reason = second_keys.reason(row["stem"], row["key"], row["option"], row.get("subject", ""))
        counts[row["second"], bool(reason)] += 1
        if row["second"] and not reason:
            found["missed"].append(f"{row['stem']} | {row['key']} | {row['option']}")
        if not row["second"] and reason:
            found["lost"].append(f"{row['stem']} | {row['option']}: {reason}")
    bad, good = counts[True, True] + counts[True, False], counts[False, True] + counts[False, False]
    return found | {"rejected": counts[True, True] / max(1, bad), "kept": counts[False, False] / max(1, good),
                    "planted": bad, "good": good}  # fmt: skip


def report(bank: Bank, seeds: Sequence[int] = (0, 1, 2)) -> dict[str, Any]:
    """All figures, by kind and together."""
    cosine = by_meaning(bank)
    found: dict[str, Any] = {}
    together: list[Item] = []
    for kind in BUILDERS:
        items = build(bank, [kind], seeds)
        together += items
        found[kind] = asdict(measure(items, cosine))
    found["all"] = asdict(measure(together, cosine))
    return found | {
        "yield": yields(bank),
        "seconds for 10": seconds_for(bank),
        "second keys": planted(bank.second_keys),
    }
