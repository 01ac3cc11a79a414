"""Imports: decks of other programs become cards of the student's own; hostile files are refused with a reason."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import random
import sqlite3
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tutor.notes.anki_package
from tutor.errors import NotesError
from tutor.libraries import Libraries, open_libraries
from tutor.notes import file_lines, list_files, read_files, read_note
from tutor.notes.anki_package import is_anki_package, read_anki_package
from tutor.notes.field_text import field_text, gap_questions, media_in
from tutor.notes.note import Note
from tutor.quiz.bank import Bank
from tutor.quiz.export import render, to_export
from tutor.quiz.importing import Imported, import_deck
from tutor.settings import Settings

Make = Callable[..., Path]


@pytest.fixture
def libraries(settings: Settings) -> Libraries:
    return open_libraries(settings)


def cards_in(libraries: Libraries, done: Imported) -> dict[str, str]:
    """Question -> answer of all cards that an import put into its library."""
    library = libraries.named(done.library)
    notes: tuple[Note, ...] = read_files(list_files(library.folders)).notes
    assert sorted(note.path for note in notes) == sorted(done.files)
    return {card.question.words: card.answer.words for note in notes for card in note.cards}


# -- packages of Anki, made by Anki itself -------------------------------------------------------------------------


@pytest.fixture
def anki_deck(tmp_path: Path) -> Make:
    """anki_deck(rows, name, legacy) -> a package that Anki wrote; a row is (note type, *fields)."""
    from anki.collection import Collection, DeckIdLimit, ExportAnkiPackageOptions

    def make(rows: list[tuple[str, ...]], name: str = "Biology::Cells", legacy: bool = True) -> Path:
        collection = Collection(tempfile.mkdtemp(dir=tmp_path) + "/made.anki2")
        deck = collection.decks.id(name)
        for kind, *fields in rows:
            note = collection.new_note(collection.models.by_name(kind))
            note.fields = [*fields, *[""] * (len(note.fields) - len(fields))]
            note.tags = ["cell"]
            collection.add_note(note, deck)
        path = tmp_path / "Biology_deck.apkg"
        collection.export_anki_package(
            out_path=str(path),
            options=ExportAnkiPackageOptions(
                with_scheduling=True, with_deck_configs=False, with_media=True, legacy=legacy
            ),
            limit=DeckIdLimit(deck),
        )
        collection.close()
        return path

    return make


ROWS: list[tuple[str, ...]] = [
    ("Basic", "What is a <b>cell</b>?", "The smallest unit of life.<br>It has a membrane &amp; a nucleus."),
    ("Basic", "Which formula?", r"It is \(a &lt; b^{2}\) and \[\sum_i x_i\] and [$]c_1[/$]."),
    ("Basic (and reversed card)", "Front side", "Back side"),
    ("Basic", "<ul><li>one</li><li>two</li></ul>", "H<sub>2</sub>O and x<sup>2</sup>"),
    ("Basic", "Which code?", "<pre>if a &lt; b:\n    return 1</pre>"),
    ("Basic", "What sounds?", "A bell. [sound:bell.mp3]"),
    ("Basic", '<img src="cell.png">', "A picture of a cell"),
    ("Basic", "Who scripts?", "<script>alert(1)</script>Nobody<style>b{}</style>."),
    ("Cloze", "The {{c1::nucleus}} holds {{c2::DNA::which molecule}}.", ""),
]


@pytest.mark.parametrize("legacy", [True, False])
def test_a_package_becomes_cards(anki_deck: Make, libraries: Libraries, legacy: bool) -> None:
    path = anki_deck(ROWS, legacy=legacy)
    before = path.read_bytes()
    done = import_deck(path, libraries)
    assert cards_in(libraries, done) == {
        "What is a cell?": "The smallest unit of life.\nIt has a membrane & a nucleus.",
        "Which formula?": r"It is \(a < b^{2}\) and \[\sum_i x_i\] and $c_1$.",
        "Front side": "Back side",
        "- one\n- two": "H_2O and x^2",
        "Which code?": "```\nif a < b:\n    return 1\n```",
        "What sounds?": "A bell.",
        "Who scripts?": "Nobody.",
        "Fill in the gap: The _____ holds DNA.": "nucleus\n\nThe nucleus holds DNA.",
        "Fill in the gap: The nucleus holds _____ (which molecule).": "DNA\n\nThe nucleus holds DNA.",
    }
    assert (done.library, done.files, done.count) == ("Biology deck", ["Biology_deck.md"], 9)
    assert done.skipped == {"the question is a picture or a sound": 1}
    assert done.media == ["bell.mp3", "cell.png"]
    assert path.read_bytes() == before
    deck = (libraries.named("Biology deck").folders[0] / "Biology_deck.md").read_text(encoding="utf-8")
    assert "#### Cells" in deck and "script" not in deck.replace("Who scripts?", "")


def test_an_import_for_newer_anki_says_how_to_export_where_it_cannot_be_unpacked(
    anki_deck: Make, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = anki_deck(ROWS[:1], legacy=False)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(NotesError, match="Support older Anki versions"):
        import_deck(path, libraries)
    assert libraries.all()[1:] == []


def test_fields_are_those_that_the_first_card_shows(tmp_path: Path, libraries: Libraries) -> None:
    import genanki

    model = genanki.Model(
        1_700_000_001,
        "Own",
        fields=[{"name": name} for name in ("Id", "Term", "Source", "Meaning", "Note")],
        templates=[
            {
                "name": "Card",
                "qfmt": "{{#Term}}{{text:Term}}{{/Term}}",
                "afmt": "{{FrontSide}}{{Meaning}} {{hint:Note}} {{Source}}",
            }
        ],
    )
    deck = genanki.Deck(1_700_000_002, "Terms")
    deck.add_note(genanki.Note(model, ["17", "Osmosis", "p. 3", "Water moves.", "Slowly."]))
    genanki.Package(deck).write_to_file(tmp_path / "own.apkg")
    done = import_deck(tmp_path / "own.apkg", libraries)
    assert cards_in(libraries, done) == {"Osmosis": "Water moves.\nSlowly."}


@pytest.mark.parametrize("kind", ["anki", "csv"])
def test_what_was_exported_is_imported_equal(
    small_retriever: Any, tmp_path: Path, libraries: Libraries, kind: Any
) -> None:
    found = to_export(Bank(small_retriever), "", random.Random(0))
    path = tmp_path / f"cards.{'apkg' if kind == 'anki' else 'csv'}"
    path.write_bytes(render(kind, found, "Notes", 1.7e9)[0])
    done = import_deck(path, libraries)
    assert cards_in(libraries, done) == {one.item.stem: one.answer for one in found}


def test_cards_are_taken_once(anki_deck: Make, libraries: Libraries) -> None:
    path = anki_deck([*ROWS[:2], ROWS[0]])
    done = import_deck(path, libraries, "Mine")
    assert (done.library, done.count, done.skipped) == ("Mine", 2, {"twice in the file": 1})
    with pytest.raises(NotesError, match=r"no card that can be taken \(3 × the library has it already\)"):
        import_deck(path, libraries, "mine")
    path = anki_deck(ROWS[:3])
    again = import_deck(path, libraries, "MINE")
    assert (again.library, again.count, again.files) == ("Mine", 1, ["Biology_deck-2.md"])
    assert again.skipped == {"the library has it already": 2}
    assert len(libraries.all()) == 2


# -- hostile packages ----------------------------------------------------------------------------------------------


def packed(path: Path, collection: bytes, **more: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("collection.anki2", collection)
        for name, data in more.items():
            archive.writestr(name, data)
    return path


def collection_of(folder: Path, *statements: str, notes: list[str] | None = None) -> bytes:
    """A collection with the tables that a reader looks for, changed by statements."""
    file = folder / "hostile.db"
    file.unlink(missing_ok=True)
    base = sqlite3.connect(file)
    base.executescript(
        "CREATE TABLE col (models TEXT, decks TEXT); CREATE TABLE cards (nid INT, did INT, ord INT);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, mid INT, flds TEXT, tags TEXT);"
        "INSERT INTO col VALUES ('{}', '{}');"
    )
    base.executemany("INSERT INTO notes (mid, flds, tags) VALUES (1, ?, '')", [(one,) for one in notes or []])
    for statement in statements:
        base.executescript(statement)
    base.commit()
    base.close()
    return file.read_bytes()


def refused(path: Path, libraries: Libraries, words: str) -> None:
    with pytest.raises(NotesError, match=words):
        import_deck(path, libraries)
    assert [library.name for library in libraries.all() if library.own] == []


def test_a_package_with_paths_or_links_out_of_it_is_refused(tmp_path: Path, libraries: Libraries) -> None:
    good = collection_of(tmp_path, notes=["Q one?\x1fA one."])
    for name in ("../../evil", "/etc/passwd", "C:\\evil", "a/../../b"):
        refused(packed(tmp_path / "a.apkg", good, **{name: b"x"}), libraries, "leads out of the package")
    with zipfile.ZipFile(tmp_path / "b.apkg", "w") as archive:
        link = zipfile.ZipInfo("collection.anki2")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    refused(tmp_path / "b.apkg", libraries, "leads out of the package")


def test_a_bomb_is_refused(tmp_path: Path, libraries: Libraries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tutor.notes.anki_package, "LARGEST_COLLECTION_MB", 1)
    packed(tmp_path / "a.apkg", bytes(3_000_000))
    refused(tmp_path / "a.apkg", libraries, "unpacks to more than 1 MB")
    import zstandard

    with zipfile.ZipFile(tmp_path / "b.apkg", "w") as archive:
        archive.writestr("collection.anki21b", zstandard.compress(bytes(3_000_000)))
    refused(tmp_path / "b.apkg", libraries, "unpacks to more than 1 MB")
    monkeypatch.setattr(tutor.notes.anki_package, "LARGEST_PACKAGE_MB", 0)
    refused(tmp_path / "a.apkg", libraries, "larger than 0 MB")


def test_a_damaged_package_is_refused(tmp_path: Path, libraries: Libraries) -> None:
    good = collection_of(tmp_path, notes=[f"Question {n}?\x1fAnswer {n}." * 50 for n in range(100)])
    whole = packed(tmp_path / "a.apkg", good).read_bytes()
    draw = random.Random(7)
    for data in (b"", b"PK\x03\x04", whole[: len(whole) // 2], whole[:200] + bytes(500) + whole[700:]):
        (tmp_path / "b.apkg").write_bytes(data)
        refused(tmp_path / "b.apkg", libraries, "was not imported")
    for _ in range(10):
        spoiled = bytearray(good)
        for _ in range(60):
            spoiled[draw.randrange(100, len(spoiled))] = draw.randrange(256)
        try:
            package = read_anki_package(packed(tmp_path / "c.apkg", bytes(spoiled)))
        except NotesError:
            continue
        assert all(card.question and card.answer for card in package.cards)
    with zipfile.ZipFile(tmp_path / "d.apkg", "w") as archive:
        archive.writestr("collection.anki21b", b"\x28\xb5\x2f\xfd" + bytes(40))
    refused(tmp_path / "d.apkg", libraries, "is damaged")
    refused(packed(tmp_path / "e.apkg", b"no database"), libraries, "is damaged")
    with zipfile.ZipFile(tmp_path / "f.apkg", "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    refused(tmp_path / "f.apkg", libraries, "no collection of Anki")


def test_a_query_without_end_is_stopped(
    tmp_path: Path, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tutor.notes.anki_package, "_MOST_STEPS", 2)
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, 1, 'a' || i, '' FROM n"
    )
    view = collection_of(tmp_path, f"DROP TABLE notes; CREATE VIEW notes (id, mid, flds, tags) AS {endless};")
    refused(packed(tmp_path / "a.apkg", view), libraries, "not one of Anki's")
    many = collection_of(
        tmp_path,
        "INSERT INTO notes (mid, flds) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000) "
        "SELECT 1, 'a' FROM n;",
        "INSERT INTO cards SELECT id, 1, id % 977 FROM notes;",
    )
    refused(packed(tmp_path / "b.apkg", many), libraries, "busy without end")
    # A column that is worked out anew for each row, to some hundred megabytes.
    swollen = "flds TEXT AS (replace(hex(zeroblob(20000000)), '0', 'abcdef'))"
    huge = collection_of(
        tmp_path,
        f"DROP TABLE notes; CREATE TABLE notes (id INTEGER PRIMARY KEY, mid INT, tags TEXT, {swollen});"
        "INSERT INTO notes (mid) VALUES (1);",
    )
    refused(packed(tmp_path / "c.apkg", huge), libraries, "busy without end")


def test_huge_fields_and_odd_note_types_are_skipped(tmp_path: Path, libraries: Libraries) -> None:
    notes = [
        "Q one?\x1fA one.",
        "x" * 30_000 + "\x1fy",
        "<div>" * 3000 + "deep?\x1fA two.",
        "only a front\x1f",
        "\x1f\x1f",
    ]
    models = {"1": {"id": 1, "flds": [{"name": "F", "ord": 0}], "tmpls": [{"qfmt": "{{Gone}}", "afmt": ""}]}}
    base = collection_of(tmp_path, f"UPDATE col SET models = '{json.dumps(models)}'", notes=notes)
    done = import_deck(packed(tmp_path / "a.apkg", base), libraries)
    assert cards_in(libraries, done) == {"Q one?": "A one."}
    assert done.skipped == {
        "a field longer than 20000 signs": 1,
        "no answer in words": 1,
        "no question in words": 2,
    }
    for odd in ("[]", "7", "{", '{"1": 3}', '{"1": {"id": "x", "flds": []}}', "[" * 20_000):
        broken = collection_of(tmp_path, f"UPDATE col SET models = '{odd}'", notes=notes)
        (tmp_path / "b.apkg").unlink(missing_ok=True)
        with pytest.raises(NotesError, match="names of its fields"):
            read_anki_package(packed(tmp_path / "b.apkg", broken))


def test_notes_without_their_type_give_their_first_two_fields(tmp_path: Path) -> None:
    base = collection_of(tmp_path, notes=["\x1fWhat is it?\x1f\x1fThis.\x1fmore"])
    (card,) = read_anki_package(packed(tmp_path / "a.apkg", base)).cards
    assert (card.question, card.answer) == ("What is it?", "This.")


NAMED = {
    "older": r"""UPDATE col SET decks = '{"1": {"id": 1, "name": "Biology::Cells \ud800\u0000"}}';""",
    "newer": "CREATE TABLE notetypes (id INT); CREATE TABLE fields (ntid INT, ord INT, name TEXT);"
    "CREATE TABLE templates (ntid INT, ord INT, config BLOB); CREATE TABLE decks (id INT, name TEXT);"
    "INSERT INTO decks VALUES (1, CAST(x'42696f6c6f67791f43656c6c7320eda08000' AS TEXT));",
}


@pytest.mark.parametrize("tables", NAMED.values(), ids=NAMED)
def test_a_deck_whose_name_no_file_can_hold_is_imported(
    tmp_path: Path, libraries: Libraries, tables: str
) -> None:
    made = collection_of(tmp_path, tables, "INSERT INTO cards VALUES (1, 1, 0)", notes=["Front\x1fBack"])
    path = packed(tmp_path / "d.apkg", made)
    [card] = read_anki_package(path).cards
    assert card.deck.startswith("Biology::Cells \ufffd") and not set(card.deck) & {"\ud800", "\x00"}
    done = import_deck(path, libraries)
    assert cards_in(libraries, done) == {"Front": "Back"}
    assert "#### Cells" in (libraries.named(done.library).folders[0] / done.files[0]).read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("name", [b"Biologi\xe9.csv", b"Biologi\xe9.apkg"])
def test_a_file_whose_name_is_no_text_is_imported(tmp_path: Path, libraries: Libraries, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    if path.suffix == ".csv":
        path.write_text("question,answer\nFront,Back\n")
    else:
        packed(path, collection_of(tmp_path, notes=["Front\x1fBack"]))
    done = import_deck(path, libraries)
    assert done.library == "Biologi" and cards_in(libraries, done) == {"Front": "Back"}


def test_a_package_is_known_by_its_content(tmp_path: Path, libraries: Libraries) -> None:
    base = collection_of(tmp_path, notes=["Q one?\x1fA one."])
    path = packed(tmp_path / "cards.bin", base)
    assert is_anki_package(path) and not is_anki_package(tmp_path / "hostile.db")
    assert import_deck(path, libraries).count == 1
    refused_kind = tmp_path / "deck.md"
    refused_kind.write_text("#### x")
    with pytest.raises(NotesError, match="no decks"):
        import_deck(refused_kind, libraries)
    for gone in (tmp_path / "gone.apkg", tmp_path, Path("a\x00b.apkg")):
        with pytest.raises(NotesError, match="was not imported"):
            import_deck(gone, libraries)


# -- fields --------------------------------------------------------------------------------------------------------


def test_gaps_within_gaps_are_asked_one_by_one() -> None:
    assert gap_questions("A {{c1::big {{c2::red}} ball}} and {{C1::bat::hint}}.") == [
        ("A _____ and _____ (hint).", "big red ball; bat", "A big red ball and bat."),
        ("A big _____ ball and bat.", "red", "A big red ball and bat."),
    ]
    assert gap_questions("{{c1::" * 5000) == [("{{c1::" * 5000, "", "{{c1::" * 5000)]


def test_pictures_and_sounds_are_named() -> None:
    field = "See <img src='a b.png'> and <IMG alt=x src=\"p/c.jpg\" > [sound:s.mp3] <img>"
    assert list(media_in(field)) == ["s.mp3", "a b.png", "p/c.jpg", "picture"]
    text = field_text(field)
    assert text is not None
    assert text.words == "See (picture: a b.png) and (picture: c.jpg) (picture)"


def test_braces_of_a_field_stay() -> None:
    text = field_text("{{ x }} {% raw %} x^{{2}} &lt;b&gt; <a href='javascript:x()'>link</a>")
    assert text is not None
    assert text.words == "{{ x }} {% raw %} x^{{2}} <b> link"


# -- tables --------------------------------------------------------------------------------------------------------


ONE = {"What is A?": "It is a."}
TABLES = (
    ("a.csv", "Question,Answer\nWhat is A?,It is a.\n", ONE),
    ("a.csv", "What is A?,It is a.\nWhat is B?,It is b.\n", ONE | {"What is B?": "It is b."}),
    ("a.csv", "answer;id;front\nIt is, a.;1;What is A?\n", {"What is A?": "It is, a."}),
    ("a.tsv", 'What is "A"?\tIt is a, b; c.\n', {'What is "A"?': "It is a, b; c."}),
    (
        "a.txt",
        "What, A?\tIt is, a.\nWhat is B?\tIt; is b.\n",
        {"What, A?": "It is, a.", "What is B?": "It; is b."},
    ),
    (
        "a.csv",
        'front,back\n"A ""quoted"" one,\nof two?","Yes, so."\n',
        {'A "quoted" one,\nof two?': "Yes, so."},
    ),
    (
        "a.csv",
        "front,back\nWhat is A?,'=1+1\nWhat is B?,'quoted'\n",
        {"What is A?": "=1+1", "What is B?": "'quoted'"},
    ),
    (
        "a.txt",
        "#separator:tab\n#html:true\n#tags column:3\nWhat <b>is</b> A?\tOne<br>two &amp; three\tx y\n",
        {"What is A?": "One\ntwo & three"},
    ),
    ("a.txt", "#separator:Semicolon\n#guid column:1\n#deck column:2\nabc;D::E;What is A?;It is a.\n", ONE),
    ("a.csv", "\ufefffront,back\r\nWhat is A?,It is a.\r\n\r\n", ONE),
    ("a.csv", "问题,答案\n什么是甲？,甲是一。\n", {"什么是甲？": "甲是一。"}),
)


@pytest.mark.parametrize(("name", "text", "cards"), TABLES)
def test_tables_become_cards(
    name: str, text: str, cards: dict[str, str], tmp_path: Path, libraries: Libraries
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    assert cards_in(libraries, import_deck(path, libraries)) == cards


def test_rows_that_hold_no_card_are_counted(tmp_path: Path, libraries: Libraries) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        f"front,back\nQ one?,A one.\n,A two.\nQ three?,--\nQ four?,{'x' * 30_000}\n"
        f"Q five?,{'x' * 9_000}\nQ one?,A one.\n\n"
    )
    done = import_deck(path, libraries)
    assert done.count == 1
    assert done.skipped == {
        "no question in words": 1,
        "no answer in words": 1,
        "a field longer than 20000 signs": 1,
        "a card longer than 8000 signs": 1,
        "twice in the file": 1,
    }
    assert done.to_contract() == {
        "library": "a",
        "files": ["a.md"],
        "count": 1,
        "skipped": [{"reason": reason, "count": 1} for reason in done.skipped],
        "media": [],
        "media_count": 0,
    }


def test_what_is_no_table_of_cards_is_refused(tmp_path: Path, libraries: Libraries) -> None:
    path = tmp_path / "a.csv"
    for data, words in (
        (b"one\ntwo\nthree\n", "no answer in words"),
        (b"", "is empty"),
        (b"\x00\x01\x02", "not text"),
        (b"a,\xff\xfe\n", "not UTF-8"),
        (b"x" * 5_000_001, "larger than 5 MB"),
    ):
        path.write_bytes(data)
        refused(path, libraries, words)


def test_a_large_deck_lies_in_several_files(tmp_path: Path, libraries: Libraries) -> None:
    path = tmp_path / "big.csv"
    path.write_text("front,back\n" + "".join(f"What is number {n}?,It is {n} of them.\n" for n in range(900)))
    done = import_deck(path, libraries)
    assert (done.files, done.count) == (["big.md", "big 2.md", "big 3.md"], 900)
    assert len(cards_in(libraries, done)) == 900


# -- tables in a folder of notes -----------------------------------------------------------------------------------


def test_a_table_of_cards_in_a_notes_folder_is_a_deck(tmp_path: Path) -> None:
    path = tmp_path / "deck.csv"
    rows = [
        ["Question", "Options", "Answer", "Background", "Topic"],
        ["What is A?\nReally?", "", "It is a.\n\nAnd b.", "About letters.", "Letters"],
        ["Which one?", "A. first\nB. second", "B", "", ""],
        ["=Is ~~this~~ it?", "", "~~No.~~ Yes.", "", ""],
    ]
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    path.write_bytes(file.getvalue().encode())
    note = read_note(path, tmp_path)
    assert (note.format, note.title) == ("table", "deck")
    first, second = note.cards
    assert (first.heading, first.question.words, first.answer.words) == (("Letters",), rows[1][0], rows[1][2])
    assert first.background is not None and first.background.words == "About letters."
    assert (first.question.lines, first.answer.lines, first.background.lines) == ((2, 3), (3, 5), (5, 5))
    assert first.answer.lines_of(10, 15) == (5, 5)
    assert second.question.lines == (8, 8)
    assert [option.words for option in note.quiz[0].options] == ["first", "second"]
    assert [option.lines for option in note.quiz[0].options] == [(6, 6), (7, 7)]
    assert [struck.words for struck in note.retractions] == ["~~this~~", "~~No.~~"]
    lines = file_lines(path, tmp_path)
    for text in (first.question, first.answer, second.question, second.answer):
        for begin, line in text.starts:
            assert text.words[begin:].split("\n")[0] in lines[line - 1]


def test_other_tables_stay_out_of_the_notes_silently(tmp_path: Path) -> None:
    (tmp_path / "deck.tsv").write_text("front\tback\nWhat is A?\tIt is a.\n")
    (tmp_path / "data.csv").write_text("epoch,loss\n1,0.5\n")
    (tmp_path / "words.csv").write_text("what,ever\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "wide.csv").write_bytes("question,answer\nWas ist é?,Ja.\n".encode("utf-16"))
    (tmp_path / "link.csv").symlink_to(tmp_path / "gone")
    assert [file.name for file in list_files([tmp_path])] == ["deck.tsv", "wide.csv"]
    found = read_files(list_files([tmp_path]))
    assert [note.path for note in found.notes] == ["deck.tsv", "wide.csv"]
    assert found.skipped == ()


def test_a_package_of_anki_in_a_notes_folder_is_pointed_to_the_import(tmp_path: Path) -> None:
    packed(tmp_path / "a.apkg", collection_of(tmp_path, notes=["Q?\x1fA."]))
    (tmp_path / "hostile.db").unlink()
    (skipped,) = read_files(list_files([tmp_path])).skipped
    assert "tutor import" in skipped.reason


def test_a_table_of_cards_can_be_uploaded(tmp_path: Path, libraries: Libraries) -> None:
    slug = libraries.create("Mine").slug
    path = tmp_path / "x"
    path.write_text("question,answer\nWhat is A?,It is a.\n")
    assert libraries.add_file(slug, path, "cards.csv") == ("cards.csv", "")
    path.write_text("epoch,loss\n1,2\n")
    with pytest.raises(NotesError, match="not read as notes"):
        libraries.add_file(slug, path, "loss.csv")


def test_cells_may_hold_html(tmp_path: Path) -> None:
    path = tmp_path / "deck.csv"
    path.write_text('front,back\nWhat?,"<div>One</div>\n<div>two &lt; three</div>"\n')
    (card,) = read_note(path, tmp_path).cards
    assert card.answer.words == "One\ntwo < three"
    assert (card.answer.lines, card.answer.lines_of(4, 8)) == ((2, 3), (3, 3))
    assert dataclasses.asdict(card)["background"] is None


def test_a_number_where_a_template_should_be_makes_nothing_large() -> None:
    base = sqlite3.connect(":memory:")
    base.executescript(
        "CREATE TABLE fields (ntid, ord, name); CREATE TABLE templates (ntid, ord, config);"
        "CREATE TABLE decks (id, name); INSERT INTO fields VALUES (1, 0, 'Front'), (1, 1, 'Back');"
        "INSERT INTO templates VALUES (1, 0, 4000000000000); INSERT INTO decks VALUES (1, 'Cells');"
    )
    types, decks = tutor.notes.anki_package._newer_names(base)
    assert types[1].fields == ("Front", "Back") and decks == {1: "Cells"}
