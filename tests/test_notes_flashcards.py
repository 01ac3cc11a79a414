"""The reader of flashcard decks, with all the untidiness of real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutor.notes import Note, read_note
from tutor.notes.flashcards import read_flashcards


def read(text: str) -> Note:
    return read_flashcards(text, "deck.md")


def pairs(text: str) -> list[tuple[str, str]]:
    return [(card.question.words, card.answer.words) for card in read(text).cards]


TIDY = """# My deck

**Starting Chapter:** 1.2

---

#### GANs
Background context: Two *nets*.

They compete.

:p What are
the parts?
??x
The parts:
1. **Generator** \\( G \\)

```python
# no heading
---
x
```
x??

---
"""


def test_a_tidy_card_is_read_with_its_lines() -> None:
    note = read(TIDY)
    (card,) = note.cards
    assert (note.title, card.heading) == ("My deck", ("GANs",))
    assert card.question.words == "What are the parts?"
    assert card.question.lines == (12, 13)
    assert card.answer.words == "The parts:\n\n1. Generator \\( G \\)\n\n```python\n# no heading\n---\nx\n```"
    assert card.answer.lines == (15, 22)
    assert card.background is not None
    assert card.background.words == "Two nets.\n\nThey compete."
    assert card.background.lines == (8, 10)
    assert note.blocks == ()


@pytest.mark.parametrize(
    "label",
    [
        "Background context:",
        "**Background context:**",
        "Background context explaining the concept.",
        "Background:",
    ],
)
def test_the_background_label_is_dropped(label: str) -> None:
    (card,) = read(f"#### H\n{label} The words.\n:p q?\n??x\na\nx??").cards
    assert card.background is not None
    assert card.background.words == "The words."


@pytest.mark.parametrize(
    "end",
    [
        "x??",
        "??x",
        "",
        ":p",
        "#### Next",
        "---\n\n#### Next",
        "---\n---\n",
        "**Rating: 8/10**\nx??",
        "Rating: 7\n---",
    ],
)
def test_a_card_ends_at_whatever_comes_first(end: str) -> None:
    following = f"{end} Next?\n??x\nb\nx??" if end == ":p" else end
    assert pairs(f"#### H\n:p q?\n??x\na\n{following}")[0] == ("q?", "a")


def test_several_questions_under_a_heading_share_it_and_the_background() -> None:
    first, second = ":p one?\n??x\n1", ":p two?\n??x\n2\nx??\n**Rating: 8/10**"
    cards = read(f"#### H\nbg\n{first}\n\n{second}\n\n:p three?\n??x\n3\n??x\n").cards
    assert [card.question.words for card in cards] == ["one?", "two?", "three?"]
    assert [card.answer.words for card in cards] == ["1", "2", "3"]
    assert {card.heading for card in cards} == {("H",)}
    assert {card.background.words for card in cards if card.background} == {"bg"}


def test_background_does_not_leak_into_the_next_heading() -> None:
    cards = read("#### A\nbg\n:p a?\n??x\n1\nx??\n#### B\n:p b?\n??x\n2\nx??").cards
    assert [card.background and card.background.words for card in cards] == ["bg", None]


def test_two_answers_to_one_question_make_one_card_with_both() -> None:
    assert pairs("#### H\n:p q?\n??x\nfirst\n??x\nsecond\nx??\n") == [("q?", "first\n\nsecond")]


def test_a_rule_or_heading_inside_an_answer_belongs_to_it() -> None:
    assert pairs("#### H\n:p q?\n??x\na\n---\n### Example\nb\nx??\n#### I\n:p r?\n??x\nc\n") == [
        ("q?", "a\n\nExample\n\nb"),
        ("r?", "c"),
    ]


def test_a_chapter_heading_ends_an_open_card_and_heads_the_next() -> None:
    cards = read("# D\n## One\n#### H\n:p q?\n??x\na\n## Two\n#### I\n:p r?\n??x\nb\n").cards
    assert [(card.heading, card.answer.words) for card in cards] == [(("One", "H"), "a"), (("Two", "I"), "b")]


def test_marks_may_stand_on_the_line_of_the_words() -> None:
    text = "#### H\n:p q? ??x\na x??\n:p What is x??\n??x\nb\nx??"
    assert pairs(text) == [("q?", "a"), ("What is x??", "b")]


def test_a_question_closed_without_an_opening_mark_keeps_its_answer() -> None:
    assert pairs("#### H\n:p q?\nthe answer\nx??") == [("q?", "the answer")]


def test_an_unclosed_code_fence_swallows_no_other_card() -> None:
    assert pairs("#### H\n:p q?\n??x\n```\ncode\nx??\n#### I\n:p r?\n??x\nb\nx??") == [
        ("q?", "```\ncode\n```"),
        ("r?", "b"),
    ]


def test_a_question_without_an_answer_makes_no_card() -> None:
    assert pairs("#### H\n:p q?\n:p r?\n??x\n:p s?\n??x\na\nx??") == [("s?", "a")]


def test_text_without_a_card_becomes_blocks() -> None:
    note = read("# D\nintro\n#### H\n- just\n- text\n#### I\n:p q?\n??x\na\nx??")
    assert [(block.kind, block.heading, block.text.words) for block in note.blocks] == [
        ("prose", (), "intro"),
        ("list", ("H",), "- just\n- text"),
    ]


def test_struck_words_of_cards_are_retractions_once() -> None:
    note = read("#### H\n~~bg~~ kept\n:p q?\n??x\n~~wrong~~ right\nx??\n:p r?\n??x\nb\nx??")
    assert [(struck.words, struck.lines) for struck in note.retractions] == [
        ("~~bg~~", (2, 2)),
        ("~~wrong~~", (5, 5)),
    ]


def test_lines_of_the_decks_maker_are_left_out() -> None:
    text = (
        "# D\n**Rating threshold:** >= 8/10\n\n---\n**Rating: 8/10**\n\n#### H\n"
        "Background context explaining the concept. Include any relevant formulas or data here. The words.\n"
        "If applicable, add code examples with explanations:\n```python\n# a comment\n```\n:p q?\n??x\na\nx??"
    )
    note = read(text)
    assert note.blocks == ()
    (card,) = note.cards
    assert card.background is not None
    assert card.background.words == "The words.\n\n```python\n# a comment\n```"


def test_background_that_goes_on_to_explain_keeps_its_words() -> None:
    (card,) = read("#### H\nBackground context explaining that it works.\n:p q?\n??x\na\nx??").cards
    assert card.background is not None
    assert card.background.words == "Background context explaining that it works."


@pytest.mark.parametrize("opening", ["??x", "??X", "?? x", "? ?x", "\t??x ", "`??x`", "**??x**", "？？x"])
@pytest.mark.parametrize("closing", ["x??", "X??", "x ??", "??x", "\tx??", "`x??`", "**x??**", "x？？"])
def test_marks_may_be_written_untidily(opening: str, closing: str) -> None:
    text = f"#### H\n:p q?\n{opening}\na\n{closing}\n\n#### I\n:P r?\n{opening}\nb\n{closing}\n"
    assert pairs(text) == [("q?", "a"), ("r?", "b")]


@pytest.mark.parametrize("mark", [":p ", ":P ", ":p\t", "  :p  ", ": p ", "**:p** ", "- :p ", "：p "])
def test_the_mark_of_a_question_may_be_written_untidily(mark: str) -> None:
    assert pairs(f"#### H\n{mark}q?\n??x\na\nx??\n{mark}r?\n??x\nb\nx??") == [("q?", "a"), ("r?", "b")]


def test_a_deck_with_windows_line_ends_and_tabs(tmp_path: Path) -> None:
    path = tmp_path / "deck.md"
    path.write_bytes(
        b"#### H\r\n\r\n:p q?\r\n??x\r\n- a\r\n\t- b\r\nx??\r\n\r\n---\r\n\r\n---\r\n#### I\r\n:p r?\r\n??x\r\nc"
    )
    note = read_note(path, tmp_path)
    assert [(card.question.words, card.answer.words) for card in note.cards] == [
        ("q?", "- a\n  - b"),
        ("r?", "c"),
    ]
    assert [card.answer.lines for card in note.cards] == [(5, 6), (15, 15)]


def test_marks_within_a_closed_code_fence_are_code() -> None:
    text = "#### H\n:p How does a card look?\n??x\nSo:\n```\n:p q?\n??x\na\nx??\n```\nx??\n#### I\n:p r?\n??x\nb\nx??"
    assert pairs(text) == [("How does a card look?", "So:\n\n```\n:p q?\n??x\na\nx??\n```"), ("r?", "b")]


def test_a_card_that_shows_a_card_leaves_fences_of_other_cards_alone() -> None:
    fenced = "```python\nx = 1\n```"
    text = f"#### H\n:p q?\n??x\n```\ncode\nx??\n:p r?\n??x\n{fenced}\nx??"
    assert pairs(text) == [("q?", "```\ncode\n```"), ("r?", fenced)]


def test_ratings_and_doubled_rules_between_cards_are_no_words() -> None:
    between = "**Rating: 8/10**\n\n---\n---\n***\n"
    text = f"#### H\n:p q?\n??x\na\nx??\n{between}\n#### I\nRating 7/10\n:p r?\n??x\nb\nx??\n* * *\n"
    note = read(text)
    assert [(card.question.words, card.answer.words, card.background) for card in note.cards] == [
        ("q?", "a", None),
        ("r?", "b", None),
    ]
    assert note.blocks == ()
