"""The parts of an answer as Markdown."""

from __future__ import annotations

from tutor.parts import Part, cited_table, rendered
from tutor.turns import Sentence


def markdown(parts: list[Part]) -> str:
    text, before = "", None
    for part in parts:
        text += rendered(part, before)
        before = part
    return text


def test_a_table_is_set_cell_by_cell_each_with_its_marks() -> None:
    cells = [Sentence("It plays.", "quoted", (1,)), Sentence("It codes.", "quoted", (2, 3))]
    assert markdown(list(cited_table(["GAN", "VAE"], [("How", cells)]))) == (
        "|  | GAN | VAE |\n| --- | --- | --- |\n| **How** | It plays. [1] | It codes. [2] [3] |"
    )


def test_a_table_stands_apart_from_the_text_around_it() -> None:
    before, after = Part(Sentence("Both learn.", "quoted", (1,))), Part(Sentence("So it is.", "quoted", (1,)))
    row = ("How", [Sentence("a", "quoted", (2,)), Sentence("–", "connective")])
    text = markdown([before, *cited_table(["A", "B"], [row]), after])
    assert text.startswith("Both learn. [1]\n\n|  | A | B |\n")
    assert text.endswith("| a [2] | – |\n\nSo it is. [1]")


def test_a_bar_or_a_line_break_does_not_break_a_cell() -> None:
    text = markdown(
        list(cited_table(["A | B"[:1], "C"], [("x|y", [Sentence("p(a|b)\nholds", "quoted", (1,))] * 2)]))
    )
    assert text.splitlines()[-1] == r"| **x\|y** | p(a\|b) holds [1] | p(a\|b) holds [1] |"


def test_each_cell_stays_a_sentence_whose_support_can_be_counted() -> None:
    parts = list(
        cited_table(["A", "B"], [("How", [Sentence("a", "quoted", (1,)), Sentence("b", "quoted", (2,))])])
    )
    assert [part.sentence.support for part in parts] == ["connective", "connective", "quoted", "quoted"]
