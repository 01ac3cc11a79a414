"""The map of the notes: which notes are drawn, which links, and labels that nothing in a title can break."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tutor import note_links
from tutor.concept_map import (
    MOST_IN_LIBRARY,
    MOST_NEAR,
    ConceptMap,
    concept_map,
    escaped_label,
)
from tutor.note_links import links_between
from tutor.notes import Block, Note, Text, read_library


def note(path: str, title: str, needs: tuple[str, ...] = (), related: tuple[str, ...] = ()) -> Note:
    return Note(path, "markdown", title, prerequisites=needs, related=related)


CHAIN = [
    note("a.md", "Attention", ("vectors",), ("rnn",)),
    note("vectors.md", "Vectors", ("numbers",)),
    note("numbers.md", "Numbers"),
    note("rnn.md", "Recurrent networks"),
    note("far.md", "Far away", ("rnn",)),
    note("x/lonely.md", "Lonely"),
]


def titles(drawn: ConceptMap) -> list[str]:
    return [node.title for node in drawn.nodes]


def test_a_topic_shows_its_note_first_and_what_is_up_to_two_links_away() -> None:
    drawn = concept_map(CHAIN, "attention")
    assert titles(drawn)[0] == "Attention"
    assert set(titles(drawn)) == {"Attention", "Vectors", "Numbers", "Recurrent networks", "Far away"}


def test_a_need_is_an_arrow_and_a_relation_is_dotted() -> None:
    lines = concept_map(CHAIN, "attention").mermaid.split("\n")
    assert any(re.fullmatch(r"\s*n1 -->\|needs\| n2", line) for line in lines)
    assert any(re.fullmatch(r"\s*n1 -\.- n3", line) for line in lines)


def test_the_tree_names_how_each_note_hangs_on_the_topic() -> None:
    assert concept_map(CHAIN, "attention").tree.split("\n") == [
        "Attention",
        "  needs: Vectors",
        "    needs: Numbers",
        "  related: Recurrent networks",
        "    needed by: Far away",
    ]


def test_the_tree_holds_each_note_once_and_speaks_of_no_sign_that_it_lacks(corpus_retriever: Any) -> None:
    notes = corpus_retriever.index.notes
    for topic in ("GAN", "attention", "diffusion", "LoRA"):
        drawn = concept_map(notes, topic)
        lines = drawn.tree.split("\n")
        assert sorted(line.split(": ", 1)[-1].strip() for line in lines[1:]) == sorted(titles(drawn)[1:])
    for drawn in (concept_map(notes), concept_map(CHAIN), concept_map(CHAIN, "attention")):
        assert not re.search(r"arrow|dots", drawn.tree, re.I)
        assert "arrow" in drawn.caption


def test_the_tree_of_a_library_tells_a_relation_once_and_what_it_leaves_out() -> None:
    notes = [note("a.md", "Apples", related=("b",)), note("b.md", "Bears", related=("a",))]
    assert concept_map(notes).tree.split("\n") == ["Apples (related Bears)", "Bears"]
    many = [note(f"n{n}.md", f"Concept {n}") for n in range(MOST_IN_LIBRARY + 3)]
    assert concept_map(many).tree.split("\n")[-2:] == [
        "No links between these notes were found.",
        "3 more notes have no room here: name a topic to see what is around it.",
    ]


def test_the_whole_library_is_grouped_by_folder() -> None:
    drawn = concept_map(CHAIN)
    assert 'subgraph g1 ["x"]' in drawn.mermaid
    assert set(titles(drawn)) == {one.title for one in CHAIN}
    assert drawn.left_out == 0


def test_a_topic_that_no_note_is_about_gives_the_nearest_titles() -> None:
    drawn = concept_map(CHAIN, "recurrent cells")
    assert not drawn.nodes
    assert drawn.mermaid == ""
    assert drawn.nearest == ("Recurrent networks",)
    assert "Recurrent networks" in drawn.markdown and "```" not in drawn.markdown
    assert not concept_map(CHAIN, "sourdough").nearest


def test_a_slip_in_the_name_still_finds_the_note() -> None:
    assert titles(concept_map(CHAIN, "recurent netwroks"))[:1] == ["Recurrent networks"]


def test_a_thing_that_notes_only_mention_names_these_notes(small_notes: Path) -> None:
    drawn = concept_map(read_library([small_notes]).notes, "PacGAN")
    assert not drawn.nodes
    assert drawn.nearest[0] == "Mode collapse"


def test_no_notes_make_an_empty_map_that_says_so() -> None:
    assert concept_map([]).markdown == "There are no notes to draw a map of."
    assert not concept_map([], "attention").nodes


def test_links_to_notes_that_are_not_there_and_to_itself_are_left_out() -> None:
    notes = [note("a.md", "A thing", ("gone", "a"), ("[[a]]",)), note("b.md", "Other thing", ("a",))]
    assert [(link.source, link.target) for link in links_between(notes)] == [("b.md", "a.md")]


def test_front_matter_may_name_a_title_and_prefers_the_note_in_its_own_folder() -> None:
    notes = [
        note("one/basics.md", "Basics of one"),
        note("two/basics.md", "Basics of two"),
        note("two/more.md", "More", ("basics",), ("Basics of one",)),
    ]
    found = {(link.target, link.kind) for link in links_between(notes) if link.own}
    assert found == {("two/basics.md", "needs"), ("one/basics.md", "related")}


def test_a_need_that_other_needs_lead_to_is_drawn_for_the_topic_alone() -> None:
    notes = [
        note("a.md", "Attention", ("vectors", "numbers")),
        *CHAIN[1:3],
        note("b.md", "Blocks", ("a", "numbers")),
    ]
    around = {(link.source, link.target) for link in concept_map(notes, "attention").links}
    assert around == {
        ("a.md", "vectors.md"),
        ("a.md", "numbers.md"),
        ("vectors.md", "numbers.md"),
        ("b.md", "a.md"),
    }


def test_notes_without_front_matter_are_linked_by_the_names_they_mention(tmp_path: Path) -> None:
    (tmp_path / "cells.md").write_text("# Cell membrane\n\nOsmosis moves water through the membrane.\n")
    (tmp_path / "osmosis.md").write_text("# Osmosis\n\nWater moves towards more salt.\n")
    (tmp_path / "rome.md").write_text("# Roman roads\n\nRoads were paved with stone.\n")
    drawn = concept_map(read_library([tmp_path]).notes, "osmosis")
    assert titles(drawn) == ["Osmosis", "Cell membrane"]
    assert {link.kind for link in drawn.links} == {"related"}
    assert not any(link.own for link in drawn.links)


def test_notes_that_name_no_other_are_linked_by_the_rare_words_they_share(tmp_path: Path) -> None:
    texts = {
        "one": "# Lecture one\n\nMitochondria make energy from glucose inside the cytoplasm.\n",
        "two": "# Lecture two\n\nGlucose feeds the mitochondria of muscles.\n",
        "three": "# Lecture three\n\nThe senate of Rome met near the forum.\n",
        "four": "# Lecture four\n\nCaesar spoke at the forum before the senate.\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.md").write_text(text)
    pairs = {frozenset((link.source, link.target)) for link in links_between(read_library([tmp_path]).notes)}
    assert pairs == {frozenset(("one.md", "two.md")), frozenset(("three.md", "four.md"))}


def test_a_deck_is_no_concept_unless_there_is_nothing_else(small_notes: Path) -> None:
    notes = read_library([small_notes]).notes
    assert "Flashcards" not in titles(concept_map(notes))
    assert titles(concept_map([one for one in notes if one.format == "flashcards"])) == ["Flashcards"]


@pytest.mark.parametrize(
    "title",
    [
        '1. C# & "quotes" [x] {y} (z)',
        "$x^2$ `code` %%{init: {}}%%",
        "- a <img src=x> | b; end",
        "生成式模型（笔记）",
    ],
)
def test_a_label_holds_no_sign_that_mermaid_or_html_would_read(title: str) -> None:
    label = escaped_label(title)
    assert not re.search(r"[\"<>`$%\\\[\]{}()|;&]", re.sub(r"#\d+;", "", label))
    assert re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label) == title
    assert len(escaped_label(title * 20)) < 600 and "\n" not in escaped_label("a\nb")


def test_a_large_library_stays_readable_and_says_what_it_leaves_out() -> None:
    notes = [note(f"f{n % 5}/n{n}.md", f"Concept {n}", (f"n{n // 2}",)) for n in range(300)]
    drawn = concept_map(notes)
    assert len(drawn.nodes) <= MOST_IN_LIBRARY
    assert drawn.left_out == 300 - len(drawn.nodes)
    assert str(drawn.left_out) in drawn.caption
    assert {node.group for node in drawn.nodes} == {f"f{n}" for n in range(5)}
    assert len(concept_map(notes, "concept 1").nodes) <= MOST_NEAR


def test_every_link_drawn_joins_two_notes_drawn(corpus_retriever: Any) -> None:
    notes = corpus_retriever.index.notes
    for topic in ("", "GAN", "VAE", "diffusion", "attention", "LoRA", "perplexity"):
        drawn = concept_map(notes, topic)
        shown = {node.path for node in drawn.nodes}
        assert shown
        assert all({link.source, link.target} <= shown for link in drawn.links)


def plain_note(number: int, words: str) -> Note:
    text = Text(words, ((0, 1),), 1)
    return Note(f"n{number}.md", "markdown", f"Topic w{number}x", (Block("prose", (), text),))


def test_a_name_counts_as_often_as_it_is_said_and_four_are_linked() -> None:
    said = " ".join(f"topic w{n}x is said." for n in (5, 2, 2, 2, 3, 3, 4, 1, 4, 4, 4))
    notes = [plain_note(0, said), *[plain_note(n, f"Own{n}y.") for n in range(1, 6)]]
    assert [link.target for link in links_between(notes) if link.source == "n0.md"] == [
        "n4.md",
        "n2.md",
        "n3.md",
        "n1.md",
    ]
    assert not [link for link in links_between(notes) if link.target == "n5.md"]


def test_the_work_for_plain_notes_grows_with_their_words_and_not_with_their_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counted in look-ups of a stem: each word of each note costs one, however many names there are."""
    looked: list[int] = []

    class Counting(note_links._Names):
        def _counted(self, stems: Any) -> Any:
            looked.append(sum(len(self._lengths.get(stem, ())) for stem in stems))
            return super()._counted(stems)

    monkeypatch.setattr(note_links, "_Names", Counting)
    for size in (20, 80):
        looked.clear()
        links_between([plain_note(n, f"topic w{n + 1}x follows. " * 5) for n in range(size)])
        assert sum(looked) <= 30 * size


def test_the_links_of_the_same_notes_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = [plain_note(n, f"topic w{n + 1}x follows once more.") for n in range(5)]
    first = concept_map(notes)
    monkeypatch.setattr(note_links, "_word_links", lambda notes: pytest.fail("worked out again"))
    assert concept_map(list(notes)) == first
    assert concept_map(notes, "topic w2x").nodes
