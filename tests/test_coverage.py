"""How much of a question a text names: by its own words, by other names, of the better reading."""

from __future__ import annotations

import pytest

from tutor.coverage import coverage_of, held, terms
from tutor.vocabulary import Concept

ELBO = Concept(("elbo",), ((frozenset({"evidenc", "lower", "bound"}), 1.0), (frozenset({"bound"}), 0.6)))


def test_a_concept_is_held_by_its_own_words_or_another_name() -> None:
    assert held(ELBO, {"elbo"}) == 1.0
    assert held(ELBO, {"evidenc", "lower", "bound"}) == 1.0
    assert held(ELBO, {"bound"}) == 0.6
    assert held(ELBO, {"lower"}) == 0.0
    assert held(Concept(("mode", "collaps")), {"mode"}) == 0.5


def test_coverage_is_weighted_and_of_the_better_reading() -> None:
    one = [(3.0, Concept(("gan",))), (1.0, Concept(("why",)))]
    assert coverage_of([one], {"gan"}) == pytest.approx(0.75)
    assert coverage_of([one, [(2.0, Concept(("生成",)))]], {"生成"}) == 1.0
    assert coverage_of([[]], {"gan"}) == 0.0


def test_a_text_is_found_by_its_stems_and_its_formulas() -> None:
    assert terms("Losses of $D(G(z))$") == ["loss", "of", "d", "g", "z", "d(g(z))"]
