"""Exports: each is read back by another program or by a reader of its own, and says the same."""

from __future__ import annotations

import csv
import dataclasses
import html
import io
import random
import re
import sqlite3
import string
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.errors import NotesError, QuizError
from tutor.notes.flashcards import read_flashcards
from tutor.notes.recognise import note_from_bytes
from tutor.notes.table_deck import COLUMNS, cells_of, guarded, unguarded
from tutor.quiz.anki import CARD_MODEL_ID, GAP_MODEL_ID, anki_package, deck_id, gap_text, note_ids
from tutor.quiz.bank import Bank
from tutor.quiz.cuts import reveals
from tutor.quiz.deck import DeckCard, card_text, deck_of, deck_text, tidy
from tutor.quiz.export import Exported, file_name, render, to_export, write_new
from tutor.quiz.field_html import as_html
from tutor.quiz.gift import escaped, gift
from tutor.quiz.items import Item, Option, item_id
from tutor.quiz.table import table
from tutor.turns import Citation

NOW = 1_790_000_000.0
# Nothing is kept from run to run, and no example has a deadline.
steady = settings(deadline=None, database=None, derandomize=True, max_examples=200)
SIGNS = st.text(alphabet=string.printable + "äé问题—→{}~=#:\\", max_size=60)


def item(kind: Any, stem: str, key: str, options: tuple[Option, ...] = (), **more: Any) -> Item:
    cited = Citation(1, "gans/gan.md", (3, 4), "The quote.", "GAN")
    return Item(
        item_id("gans/gan.md", kind, stem, key, options), kind, stem, options, key, "Because the notes say so.",
        cited, key, ("GAN",), "gans/gan.md", "fact-1", "GAN", **more,
    )  # fmt: skip


def sheet(one: Item, answer: str = "", background: str = "") -> Exported:
    return Exported(
        one, answer or one.key_text, background, "gans/gan.md, lines 3 to 4", ("gan", "deep-learning")
    )


OPTIONS = (
    Option("o1", "It makes a { and a } of 50% = {x: 1}", "This is the answer to: What is a set? ~"),
    Option("o2", "$a < b$ & more", "Right: see #4."),
    Option("o3", "%100% of it"),
)
KINDS = (
    sheet(item("short", "Why is 2 * 3 = 6: {true}?", "Because of ~two~ groups of #3 that are counted in turn.")),
    sheet(item("choice", "Which one?\n\n```python\nx = {1: '~'}\n```", "o2", OPTIONS)),
    sheet(
        item("true-false", "A GAN has two nets.", "o1", (Option("o1", "True"), Option("o2", "False", "It has two.")))
    ),
    sheet(item("true-false", "A GAN has one network.", "false")),
    sheet(item("term", "What is a loss of variety called?", "mode collapse", accepts=("mode-collapse", "a*b"))),
    sheet(item("number", "How many networks has a GAN?", "2", tolerance=0.5)),
    sheet(item("number", "At which learning rate?", "0.0002")),
    sheet(
        item(
            "match", "Match them.", "b,a,c",
            (Option("a", "makes -> samples"), Option("b", "judges"), Option("c", "noise = input")),
            left=("discriminator: D", "generator {G}", "z"),
        )
    ),
    sheet(item("order", "Put in order.", "c,a,b", (Option("a", "train"), Option("b", "sample"), Option("c", "load")))),
    sheet(item("cloze", "The generator makes _____ from noise.", "samples")),
    sheet(item("explain", "Explain a GAN.", "Two networks play a game.")),
)  # fmt: skip


# -- GIFT, read by a parser of its own that follows Moodle's rules -------------------------------------------------


class Asked(NamedTuple):
    id: str
    tags: list[str]
    category: str
    stem: str
    kind: str
    answers: list[tuple[Any, ...]]
    feedback: str


def unescaped(text: str) -> str:
    return re.sub(
        r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text, flags=re.DOTALL
    ).strip()


def split(text: str, sign: str) -> list[str]:
    """Cuts at a sign that no backslash protects."""
    parts, at = [""], 0
    while at < len(text):
        if text.startswith(sign, at):
            parts.append("")
            at += len(sign)
            continue
        step = 2 if text[at] == "\\" else 1
        parts[-1] += text[at : at + step]
        at += step
    return parts


def read_gift(text: str) -> list[Asked]:
    found, category = [], ""
    for block in re.split(r"\n[ \t]*\n", text):
        lines = block.strip().split("\n")
        notes = [line for line in lines if line.startswith("//")]
        body = "\n".join(line for line in lines if not line.startswith("//")).strip()
        if body.startswith("$CATEGORY:"):
            category = body[len("$CATEGORY:") :].strip()
        elif body:
            told = re.search(r"\[id:([^\]]+)\]", "".join(notes))
            tags = re.findall(r"\[tag:([^\]]+)\]", "".join(notes))
            found.append(read_question(body, told[1] if told else "", tags, category))
    return found


def read_question(body: str, name: str, tags: list[str], category: str) -> Asked:
    _, title, rest = split(body, "::")
    assert title and rest.startswith("[html]")
    stem, inner = split(rest[len("[html]") :], "{")
    inner, end = split(inner, "}")
    assert not end.strip()
    answers, _, feedback = inner.rpartition("####")
    answers = answers.strip()
    common = (name, tags, category, unescaped(stem))
    if not answers:
        return Asked(*common, "essay", [], unescaped(feedback))
    if answers.startswith("#"):
        value, tolerance = answers[1:].lstrip("=").split(":")
        return Asked(*common, "numerical", [(float(value), float(tolerance))], unescaped(feedback))
    if split(answers, "#")[0].strip() in ("TRUE", "FALSE"):
        right, wrong_told, right_told = split(answers, "#")
        return Asked(
            *common, "truefalse", [(right == "TRUE", unescaped(wrong_told), unescaped(right_told))], ""
        )
    marked = re.findall(r"(?<!\\)(?:\\\\)*([=~])((?:\\.|[^=~\\])*)", answers, re.DOTALL)
    if any(sign == "~" for sign, _ in marked):
        kind = "multichoice"
        read = [(sign == "=", *map(unescaped, split(words, "#"))) for sign, words in marked]
    elif "->" in answers:
        kind = "match"
        read = [tuple(map(unescaped, words.split("->"))) for _, words in marked]
    else:
        kind = "shortanswer"
        read = [(unescaped(words.strip().removeprefix("%100%")),) for _, words in marked]
    return Asked(*common, kind, read, unescaped(feedback))


def shown(markup: str) -> str:
    """What a browser shows of a field, formulas as TeX."""
    text = re.sub(r"<br>", "\n", markup)
    return html.unescape(re.sub(r"<[^<>]*>", "", text))


def test_gift_of_every_kind_is_read_as_that_kind() -> None:
    read = read_gift(gift(KINDS, "My notes"))
    assert [one.kind for one in read] == [
        "essay", "multichoice", "truefalse", "truefalse", "shortanswer", "numerical", "numerical", "match", "match",
        "shortanswer", "essay",
    ]  # fmt: skip
    assert [one.id for one in read] == [one.item.id for one in KINDS]
    assert {one.category for one in read} == {"Tutor/GAN"}
    assert read[0].tags == ["gan", "deep-learning"]
    assert shown(read[0].stem) == KINDS[0].item.stem
    assert KINDS[0].answer in shown(read[0].feedback)
    assert all("gans/gan.md, lines 3 to 4" in one.feedback for one in read if one.kind != "truefalse")


def test_gift_keeps_options_with_the_reason_of_each() -> None:
    choice = read_gift(gift(KINDS[1:2], ""))[0]
    assert choice.stem == "Which one?<pre><code>x = {1: '~'}</code></pre>"
    assert [(right, shown(text), shown(why)) for right, text, why in choice.answers] == [
        (False, OPTIONS[0].text, OPTIONS[0].why),
        (True, r"\(a < b\) & more", OPTIONS[1].why),
        (False, OPTIONS[2].text, ""),
    ]
    # A percent sign at the beginning of an answer would be its weight.
    assert not choice.answers[2][1].startswith("%")


def test_true_or_false_by_an_author_is_that_in_gift_and_is_told_once() -> None:
    options = (Option("o1", "True", "It has two."), Option("o2", "False"))
    asked = sheet(
        item("choice", "True or false: a GAN has two networks.", "o1", options), background="It has two."
    )
    told = gift([asked], "")
    assert "{TRUE#Because the notes say so.#It has two.####gans/gan.md, lines 3 to 4}" in told


def test_a_name_is_taken_in_gift_with_an_article_and_without_and_capitals_count_once() -> None:
    typed = sheet(item("cloze", "The ____ makes samples.", "generator", accepts=("Generator", "the forger")))
    [read] = read_gift(gift([typed], ""))
    assert [one for (one,) in read.answers] == [
        "generator", "the forger", "forger", "the generator", "a generator", "a forger"
    ]  # fmt: skip


def test_the_name_of_a_question_in_gift_ends_with_a_whole_word() -> None:
    long = "Which of the two networks of a generative adversarial network is needed after its training?"
    title = gift([sheet(item("short", long, "Only the generator."))], "").split("::")[1]
    assert re.match(r"Which .+ after … \(\w+\)$", title)


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        (
            "为什么判别式模型不能生成新的输入，而生成式模型可以生成新的输入，并且在训练数据的分布里采样，得到新样本？",
            "为什么判别式模型不能生成新的输入，而生成式模型可以生成新的输入，并且在训练数据的 …",
        ),
        (
            "判别器 (discriminator) 在训练里看到真图和假图，它为什么 (why) 要给每一张图打一个从零到一的分数？",
            "判别器 (discriminator) 在训练里看到真图和假图，它为什么 (why) 要给每一张图打一个 …",
        ),
        (
            r"在扩散模型里，公式 $x_t = \sqrt{\bar\alpha_t} x_0 + \sqrt{1-\bar\alpha_t} \epsilon$ 中的 $x_0$ 是什么？",
            "在扩散模型里，公式 …",
        ),
        ("什么是模式崩溃？", "什么是模式崩溃？"),
        ("x" * 99, "x" * 80 + " …"),
    ],
)
def test_the_name_of_a_question_in_gift_is_cut_after_a_word_also_where_no_spaces_are_set(
    stem: str, name: str
) -> None:
    title = gift([sheet(item("short", stem, "Only the generator."))], "").split("::")[1]
    assert unescaped(title).rpartition(" (")[0] == name


def test_a_chinese_sentence_is_not_to_be_typed_word_for_word_and_a_name_takes_no_english_article() -> None:
    said = sheet(item("short", "什么是模式崩溃？", "模式崩溃指生成器只生成少数几类样本。"))
    named = sheet(item("term", "什么把隐向量变回数据？", "解码器", accepts=("decoder",)))
    essay, typed = read_gift(gift([said, named], ""))
    assert essay.kind == "essay"
    assert [one for (one,) in typed.answers] == ["解码器", "decoder", "the decoder", "a decoder"]


def test_gift_keeps_truth_numbers_pairs_and_order() -> None:
    read = read_gift(gift(KINDS, ""))
    assert [one.answers[0][0] for one in read[2:4]] == [True, False]
    assert read[2].answers[0][1] == "It has two."
    assert read[4].answers[:3] == [("mode collapse",), ("mode-collapse",), (r"a\*b",)]
    assert (read[5].answers, read[6].answers) == ([(2.0, 0.5)], [(0.0002, 0.0)])
    assert [(shown(left), right) for left, right in read[7].answers] == [
        ("discriminator: D", "judges"),
        ("generator {G}", "makes → samples"),
        ("z", "noise = input"),
    ]
    assert [right for _, right in read[8].answers] == ["load", "train", "sample"]


@steady
@given(SIGNS)
def test_gift_escapes_every_sign(text: str) -> None:
    assert unescaped(escaped(text)) == text.replace("\r", "").strip()


@steady
@given(SIGNS, SIGNS, SIGNS)
def test_gift_of_any_words_is_one_question_with_these_words(stem: str, one: str, other: str) -> None:
    options = (Option("o1", one), Option("o2", other, stem))
    read = read_gift(gift([sheet(item("choice", stem, "o2", options))], stem))
    assert len(read) == 1
    assert [right for right, *_ in read[0].answers] == [False, True]
    assert (
        read[0].stem.replace("&#91;", "[").replace("&#37;", "%")
        == as_html(stem.strip()).replace("->", "-&gt;").replace("&#91;", "[").replace("\r", "").strip()
    )


# -- HTML of fields ------------------------------------------------------------------------------------------------


def test_formulas_code_and_struck_words_become_html() -> None:
    words = "Loss $a < b$ and $$\\sum_i x_i$$, `a<b` ~~wrong~~ [sound:x.mp3]\n```py\nif a < b:\n\n    pass\n```\nEnd."
    assert as_html(words) == (
        "Loss \\(a &lt; b\\) and \\[\\sum_i x_i\\], <code>a&lt;b</code> <s>wrong</s> &#91;sound:x.mp3]"
        "<pre><code>if a &lt; b:\n\n    pass</code></pre>End."
    )
    assert as_html("It costs $5 and $6.") == "It costs $5 and $6."


@steady
@given(SIGNS)
def test_no_words_become_markup(words: str) -> None:
    markup = as_html(words)
    assert set(re.findall(r"<[^>]*>", markup)) <= {
        "<br>",
        "<s>",
        "</s>",
        "<code>",
        "</code>",
        "<pre>",
        "</pre>",
    }
    assert not re.search(r"\[(?:sound|latex|\$|anki)", markup, re.IGNORECASE)


# -- Anki ----------------------------------------------------------------------------------------------------------


def notes_in(package: bytes, folder: Path) -> list[tuple[str, int, str, list[str]]]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        file = Path(archive.extract("collection.anki2", folder))
    base = sqlite3.connect(file)
    rows = base.execute("SELECT guid, mid, tags, flds FROM notes ORDER BY id").fetchall()
    base.close()
    return [(guid, model, tags.strip(), fields.split("\x1f")) for guid, model, tags, fields in rows]


@pytest.fixture
def collection(tmp_path: Path) -> Any:
    from anki.collection import Collection

    opened = Collection(str(tmp_path / "collection.anki2"))
    yield opened
    opened.close()


def taken(collection: Any, package: bytes, folder: Path) -> tuple[int, int, int]:
    """Imports a package into Anki: how many notes are new, changed, the same."""
    from anki.collection import ImportAnkiPackageRequest

    file = folder / "cards.apkg"
    file.write_bytes(package)
    log = collection.import_anki_package(ImportAnkiPackageRequest(package_path=str(file))).log
    return len(log.new), len(log.updated), len(log.duplicate)


def test_a_package_holds_the_items_with_lasting_ids(tmp_path: Path) -> None:
    read = notes_in(anki_package(KINDS, "My notes", NOW), tmp_path)
    assert [guid for guid, *_ in read] == note_ids(one.item for one in KINDS)
    assert {tags for _, _, tags, _ in read} == {"gan deep-learning"}
    assert [model for _, model, _, _ in read] == [CARD_MODEL_ID] * 9 + [GAP_MODEL_ID, CARD_MODEL_ID]
    question, options, answer, _, source = read[1][3]
    assert question == "Which one?<pre><code>x = {1: '~'}</code></pre>"
    assert "<br>B. \\(a &lt; b\\) &amp; more<br>" in options
    assert (answer, source) == ("B. \\(a &lt; b\\) &amp; more", "gans/gan.md, lines 3 to 4")
    assert read[9][3][0] == "The generator makes {{c1::samples}} from noise."
    assert notes_in(anki_package(KINDS, "My notes", NOW), tmp_path) == read


def test_anki_takes_the_package_into_a_subdeck_for_each_concept(collection: Any, tmp_path: Path) -> None:
    other = dataclasses.replace(KINDS[0].item, concept="Diffusion: DDPM::DDIM", fact_id="fact-2")
    assert taken(
        collection, anki_package([*KINDS[:2], KINDS[9], sheet(other)], "My notes", NOW), tmp_path
    ) == (4, 0, 0)
    assert collection.card_count() == 4
    names = {deck.name for deck in collection.decks.all_names_and_ids()}
    assert {"Tutor", "Tutor::GAN", "Tutor::Diffusion: DDPM:DDIM"} <= names
    card = collection.get_card(collection.find_cards("deck:Tutor::GAN Which")[0])
    assert "A. It makes a { and a }" in card.question() and "lines 3 to 4" not in card.question()
    assert "B. \\(a &lt; b\\) &amp; more" in card.answer() and "lines 3 to 4" in card.answer()
    gap = collection.get_card(collection.find_cards("generator makes")[0])
    assert "samples" not in re.sub(
        r"<style>.*?</style>|data-cloze=\"[^\"]*\"", "", gap.question(), flags=re.DOTALL
    )
    assert ">samples</span>" in gap.answer()


def test_a_later_edition_changes_the_cards_and_adds_none(collection: Any, tmp_path: Path) -> None:
    taken(collection, anki_package(KINDS, "My notes", NOW), tmp_path)
    first = sheet(
        dataclasses.replace(KINDS[0].item, stem="Reworded: why?", note="moved.md"), "The new answer."
    )
    assert taken(collection, anki_package([first, *KINDS[1:]], "My notes", NOW + 60), tmp_path) == (
        0,
        len(KINDS),
        0,
    )
    assert collection.note_count() == len(KINDS)
    note = collection.get_note(collection.find_notes("Reworded")[0])
    assert (note["Question"], note["Answer"]) == ("Reworded: why?", "The new answer.")


def test_a_gap_with_options_is_a_card_with_options() -> None:
    options = (Option("o1", "samples"), Option("o2", "noise"))
    assert gap_text(item("cloze", "The generator makes _____.", "o1", options)) == ""


def test_a_deck_keeps_its_id_and_a_fact_asked_in_two_ways_has_two_notes() -> None:
    assert deck_id("tutor::gan") == deck_id("tutor::gan") != deck_id("tutor::vae")
    assert 1 << 30 <= deck_id("x") < 1 << 31
    ids = note_ids(one.item for one in KINDS)
    assert len(set(ids)) == len(KINDS)
    assert note_ids([dataclasses.replace(KINDS[0].item, stem="Why so?", key="x", id="y")]) == ids[:1]


def test_braces_and_colons_do_not_end_a_gap(collection: Any, tmp_path: Path) -> None:
    gaps = [
        dataclasses.replace(
            item("cloze", "The loss is $\\frac{{a}}{b}$ of _____.", "$x^{{2}}$"), fact_id="a"
        ),
        dataclasses.replace(item("cloze", "Write {{c1::no}} as _____ here.", "std::vector}}"), fact_id="b"),
    ]
    assert "c1::\\(x^{ {2} }\\)}}" in gap_text(gaps[0])
    taken(collection, anki_package([sheet(gap) for gap in gaps], "", NOW), tmp_path)
    assert collection.card_count() == 2
    card = collection.get_card(collection.find_cards("Write")[0])
    assert "std:<!-- -->:vector}<!-- -->}<!-- --></span> here." in card.answer()


# -- tables --------------------------------------------------------------------------------------------------------


def test_a_table_is_read_back_equal() -> None:
    text = table(KINDS)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [unguarded(row["fact"]) for row in rows] == ["fact-1"] * len(KINDS)
    for row, one in zip(rows, KINDS, strict=True):
        assert unguarded(row["answer"]) == one.answer
        assert unguarded(row["question"]).startswith(one.item.stem)
    note = note_from_bytes(text.encode("utf-8-sig"), "cards.csv")
    assert [asked.question.words for asked in note.quiz] == [
        KINDS[n].item.stem for n in (1, 2, 8)
    ] + [] or note.quiz
    read = {card.question.words: card.answer.words for card in note.cards}
    for one in KINDS:
        if not one.item.options:
            assert read[one.item.stem.strip()] == one.answer.strip()
    choice = next(asked for asked in note.quiz if asked.question.words == KINDS[1].item.stem)
    assert [option.words for option in choice.options] == [option.text for option in OPTIONS]


@pytest.mark.parametrize(
    "words", ["=1+1", "+x", "-1", "@a", "\tx", "'=1", "''-", "=cmd|' /C calc'!A0", "＝1"]
)
def test_no_cell_calculates(words: str) -> None:
    one = sheet(item("short", words, words))
    row = next(csv.DictReader(io.StringIO(table([one]), newline="")))
    assert row["question"][0] == row["answer"][0] == "'"
    assert unguarded(row["question"]) == words


@steady
@given(SIGNS)
def test_guarding_a_cell_can_be_undone(words: str) -> None:
    assert unguarded(guarded(words)) == words
    assert guarded(words)[:1] not in ("=", "+", "-", "@", "\t", "\r")


@steady
@given(
    st.lists(
        st.lists(
            SIGNS.map(lambda text: text.replace("\r", "").replace("\x0b", "").replace("\x0c", "")), min_size=1
        ),
        min_size=1,
    ),
    st.sampled_from(",;\t"),
)
def test_cells_are_those_of_the_csv_module(rows: list[list[str]], delimiter: str) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(rows)
    text = file.getvalue()
    assert [[cell.words for cell in row] for row in cells_of(text, delimiter)] == rows
    for row in cells_of(text, delimiter):
        for cell in row:
            first = cell.words.split("\n")[0].replace('"', '""')
            assert first in text.split("\n")[cell.line - 1]


# -- Markdown ------------------------------------------------------------------------------------------------------


def test_a_deck_is_read_back_equal() -> None:
    text, count = deck_of(KINDS, "My notes: “GANs”")
    note = note_from_bytes(text.encode(), "deck.md")
    assert count == len(note.cards) == len(KINDS)
    assert (note.title, note.blocks) == ("My notes: “GANs”", ())
    for card, one in zip(note.cards, KINDS, strict=True):
        assert (card.heading, card.question.words, card.answer.words) == (
            ("GAN",),
            tidy(one.front),
            tidy(one.answer),
        )


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What?", "x??"),
        ("What ends a card?", "The mark\nx??\nends a card."),
        (":p Is this a mark?", "#### No heading\n\n---\n\nRating: 5/5"),
        ("What is __init__ in a*b*c and <b>?", "It is `__init__` & more, [a](b) &amp; c."),
        ("Which steps?", "Two steps:\n- one\n- two\nDone."),
        ("A formula?", "It is $a_1 * b_2 < c$ or\n$$\n- x\n$$\nor \\(y_1\\)."),
        ("Code?", "Like this:\n```python\n:p x\nif a < b:\n    return '```'\n```\nDone."),
        ("问：什么？", "答案。"),
        ("~~struck~~ words?", "~~Wrong.~~ Right."),
        ("1. One", "2) Two\n+ three\n= four"),
    ],
)
def test_words_that_look_like_marks_are_read_back(question: str, answer: str) -> None:
    text = card_text(DeckCard(question, answer, "A: *b*", "A background_with_signs *", "a/b.md, line 3"))
    deck = deck_text("T", [text, card_text(DeckCard("Next one?", "The next one."))])
    first, second = read_flashcards(deck, "d.md").cards
    assert first.question.words.split() == question.split()
    assert first.answer.words.split() == answer.split()
    assert first.background is not None and first.background.words == "A background_with_signs *"
    assert first.heading == ("A: *b*",)
    assert (second.question.words, second.background) == ("Next one?", None)


@steady
@given(SIGNS, SIGNS)
def test_a_card_is_read_back_or_not_written(question: str, answer: str) -> None:
    text = card_text(DeckCard(question, answer))
    if text:
        (card,) = read_flashcards(deck_text("T", [text]), "d.md").cards
        assert card.question.words.split() == tidy(question).split()
        assert card.answer.words.split() == tidy(answer).split()
    else:
        plain = re.fullmatch(r"[A-Za-z ]*[A-Za-z][A-Za-z ]*", question) and re.fullmatch(r"[A-Za-z]+", answer)
        assert not plain


# -- what is exported, and where to --------------------------------------------------------------------------------


def test_the_cards_of_the_notes_are_exported_whole(small_retriever: Any) -> None:
    bank = Bank(small_retriever)
    found = to_export(bank, "", random.Random(0))
    deck = next(note for note in small_retriever.index.notes if note.path == "deck.md")
    assert [(one.item.stem, one.answer) for one in found] == [
        (card.question.words, card.answer.words) for card in deck.cards
    ]
    assert [one.place for one in found] == ["deck.md, line 9", "deck.md, line 14", "deck.md, line 23"]
    again = note_from_bytes(render("markdown", found, "T", NOW)[0], "d.md")
    assert [(card.question.words, card.answer.words) for card in again.cards] == [
        (card.question.words, card.answer.words) for card in deck.cards
    ]


def test_what_tells_of_the_answer_stands_behind_it_in_a_deck(corpus_retriever: Any) -> None:
    bank = Bank(corpus_retriever)
    found = to_export(bank, "mode collapse", random.Random(0), ("short", "choice", "cloze", "definition"))
    cards = note_from_bytes(render("markdown", found, "T", NOW)[0], "d.md").cards
    for card, one in zip(cards, found, strict=True):
        before = card.background.words if card.background else ""
        assert not reveals(one.item, before, share=0.5), (one.item.stem, before)
        assert not one.background or bool(before) != one.telling
    assert any(one.background and not one.telling for one in found)


def test_for_a_program_that_marks_a_sentence_is_asked_for_in_another_way(corpus_retriever: Any) -> None:
    bank = Bank(corpus_retriever)
    plain, marked = (to_export(bank, "GANs", random.Random(0), marked=how) for how in (False, True))
    essays = [sum(one.kind == "essay" for one in read_gift(gift(found, ""))) for found in (plain, marked)]
    assert len(plain) == len(marked) >= 90 and essays[0] > 0.9 * len(plain) and essays[1] < 0.6 * len(marked)
    assert [one.item.fact_id for one in marked] == [one.item.fact_id for one in plain]
    assert len({one.item.kind for one in marked}) >= 6
    wished = to_export(bank, "GANs", random.Random(0), ("short",), marked=True)
    assert {one.item.kind for one in wished} == {"short"}


def test_a_topic_leaves_other_cards_out(small_retriever: Any) -> None:
    found = to_export(Bank(small_retriever), "diffusion", random.Random(0))
    assert [one.item.stem for one in found] == ["What does a diffusion model learn?"]
    with pytest.raises(QuizError, match="no cards on “photosynthesis”"):
        to_export(Bank(small_retriever), "photosynthesis", random.Random(0))


def test_facts_are_asked_in_the_ways_that_were_wished_for(
    corpus_retriever: Any, tmp_path: Path, collection: Any
) -> None:
    bank = Bank(corpus_retriever)
    found = to_export(bank, "mode collapse", random.Random(0), ("choice", "cloze", "true-false"))
    assert {one.item.kind for one in found} == {"choice", "cloze", "true-false"}
    read = {one.id: one for one in read_gift(gift(found, ""))}
    for one in found:
        item, asked = one.item, read[one.item.id]
        if item.kind == "choice":
            if {option.text.lower() for option in item.options} == {"true", "false"}:
                assert asked.kind == "truefalse"
                continue
            assert asked.kind == "multichoice"
            assert [right for right, *_ in asked.answers] == [
                option.id == item.key for option in item.options
            ]
        elif item.kind == "true-false":
            right = next((option.text for option in item.options if option.id == item.key), item.key)
            assert asked.kind == "truefalse" and asked.answers[0][0] == (right.lower() == "true")
    assert taken(collection, anki_package(found, "", NOW), tmp_path) == (len(found), 0, 0)
    gaps = [one for one in found if one.item.kind == "cloze" and not one.item.options]
    assert gaps and len(collection.find_notes('note:Tutor-gap or "note:Tutor gap"')) == len(gaps)
    with pytest.raises(QuizError, match="no cards of the kinds order on “mode collapse”"):
        to_export(bank, "mode collapse", random.Random(0), ("order",))


def test_the_corpus_is_exported_without_loss(corpus_retriever: Any, tmp_path: Path, collection: Any) -> None:
    found = to_export(Bank(corpus_retriever), "", random.Random(0))
    assert len(found) > 1000
    data, count = render("markdown", found, "All", NOW)
    cards = note_from_bytes(data, "d.md").cards
    assert count == len(found) == len(cards)
    for card, one in zip(cards, found, strict=True):
        behind = f"\n\n{one.background}" if one.telling and one.background else ""
        assert (card.question.words, card.answer.words) == (tidy(one.front), tidy(one.answer + behind))
    read = read_gift(render("gift", found, "All", NOW)[0].decode())
    assert [one.id for one in read] == [one.item.id for one in found]
    assert taken(collection, render("anki", found, "All", NOW)[0], tmp_path) == (len(found), 0, 0)
    table_read = note_from_bytes(render("csv", found, "All", NOW)[0], "d.csv")
    assert len(table_read.cards) + len(table_read.quiz) == len(found)
    answers = {(card.question.words, card.answer.words) for card in table_read.cards}
    assert answers == {(one.item.stem, one.answer) for one in found if not one.item.options}


def test_an_export_replaces_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = file_name("The GANs & more!", "anki")
    assert name == "tutor-the-gans-more.apkg"
    first = write_new(b"one", None, name, [])
    assert first == tmp_path / name
    assert write_new(b"two", None, name, []) == tmp_path / "tutor-the-gans-more-2.apkg"
    assert write_new(b"3", tmp_path / "mine.apkg", name, []).name == "mine.apkg"
    assert write_new(b"4", tmp_path / "mine.apkg", name, []).name == "mine-2.apkg"
    (tmp_path / "folder").mkdir()
    assert write_new(b"5", tmp_path / "folder", name, []) == tmp_path / "folder" / name
    assert first.read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_nothing_is_written_into_notes_or_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = tmp_path / "notes"
    (notes / "below").mkdir(parents=True)
    monkeypatch.chdir(notes / "below")
    for out in (None, notes / "x.md", Path("x.md"), notes):
        with pytest.raises(NotesError, match="holds notes that the tutor reads"):
            write_new(b"x", out, "x.md", [notes])
    with pytest.raises(NotesError, match="cannot be written"):
        write_new(b"x", tmp_path / "gone" / "x.md", "x.md", [notes])
    assert not [path for path in notes.rglob("*") if path.is_file()]
