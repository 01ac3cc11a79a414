"""The reader of PDF text."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tutor.errors import NotesError
from tutor.evaluation.measures import citation_holds
from tutor.notes import Note, file_lines, read_library, read_note
from tutor.notes.pdf import MOST_PAGES

Pdf = Callable[..., bytes]
WIDE = "This line is about as wide as the page allows it to be, which is what most lines are"
PAGES = [
    [
        "Lecture notes on GANs 1",
        "1.1 Two networks",
        "A GAN has two net-",
        "works that are trained against each other, which is a game of two players that has a",
        "value. It is well-",
        "known. It ends in an equilibrium.",
        "The parts are:",
        "- the generator",
        "- the discriminator, which looks at the real samples of the data and at the made ones",
        "and tells them apart",
        "1",
    ],
    [
        "Lecture notes on GANs 2",
        f"{WIDE}.",
        "A well-known loss follows.",
        "Q: What is a GAN?",
        "A: A game.",
        "Page 2 of 3",
    ],
    ["Lecture notes on GANs 3", f"{WIDE} and", "goes on (here) caf\xe9.", "iii"],
]


def read(folder: Path, data: bytes) -> Note:
    (folder / "n.pdf").write_bytes(data)
    return read_note(folder / "n.pdf", folder)


def test_lines_become_paragraphs_under_their_page(tmp_path: Path, pdf_file: Pdf) -> None:
    note = read(tmp_path, pdf_file(PAGES))
    two = ("Page 1", "1.1 Two networks")
    assert (note.format, note.title) == ("pdf", "n")
    assert [(block.kind, block.heading, block.text.words, block.text.lines) for block in note.blocks] == [
        (
            "prose",
            two,
            "A GAN has two networks that are trained against each other, which is a game of two players that has a "
            "value. It is well-known. It ends in an equilibrium.",
            (3, 6),
        ),
        ("prose", two, "The parts are:", (7, 7)),
        (
            "list",
            two,
            "- the generator\n- the discriminator, which looks at the real samples of the data and at the made ones "
            "and tells them apart",
            (8, 10),
        ),
        ("prose", ("Page 2", "1.1 Two networks"), f"{WIDE}. A well-known loss follows.", (13, 14)),
        ("prose", ("Page 3", "1.1 Two networks"), f"{WIDE} and goes on (here) caf\xe9.", (19, 20)),
    ]
    (card,) = note.cards
    assert (card.question.words, card.answer.words, card.answer.lines) == (
        "What is a GAN?",
        "A game.",
        (16, 16),
    )


def test_the_lines_of_a_pdf_are_those_of_its_text(tmp_path: Path, pdf_file: Pdf) -> None:
    note = read(tmp_path, pdf_file(PAGES))
    lines = file_lines(tmp_path / "n.pdf", tmp_path)
    assert lines == [line for page in PAGES for line in page]
    for block in note.blocks:
        for word in re.finditer(r"\w+", block.text.words):
            first, last = block.text.lines_of(*word.span())
            assert word[0] in "".join(lines[first - 1 : last + 1]).replace("-", "")


def test_citations_hold_and_wrong_ones_do_not(tmp_path: Path, pdf_file: Pdf) -> None:
    note = read(tmp_path, pdf_file(PAGES))
    for block in note.blocks:
        cited = {"note": "n.pdf", "lines": list(block.text.lines), "quote": block.text.words}
        assert citation_holds(cited, [tmp_path])
        assert not citation_holds({**cited, "quote": "A GAN has four networks."}, [tmp_path])
        assert not citation_holds({**cited, "lines": [1, 2]}, [tmp_path])
        assert not citation_holds({**cited, "lines": [1, 999]}, [tmp_path])


def test_ligatures_are_written_out(tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    drawn = io.BytesIO()
    with plt.rc_context({"pdf.fonttype": 42}):
        figure = plt.figure()
        figure.text(0.1, 0.5, "The ﬁrst eﬀect")
        figure.savefig(drawn, format="pdf")
        plt.close(figure)
    assert [block.text.words for block in read(tmp_path, drawn.getvalue()).blocks] == ["The first effect"]


def encrypted(data: bytes, password: str) -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer, out = PdfWriter(PdfReader(io.BytesIO(data))), io.BytesIO()
    writer.encrypt(password, owner_password="o", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def test_a_pdf_that_opens_without_a_password_is_read(tmp_path: Path, pdf_file: Pdf) -> None:
    assert read(tmp_path, encrypted(pdf_file(PAGES), "")).blocks == read(tmp_path, pdf_file(PAGES)).blocks


def test_what_cannot_be_read_says_the_remedy(tmp_path: Path, pdf_file: Pdf, pdf_of: Pdf) -> None:
    whole = pdf_file(PAGES)
    loop = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]
    files = {
        "encrypted": (encrypted(whole, "secret"), "it is encrypted", "without a password"),
        "scan": (pdf_file([[], []]), "it holds no text", "OCR"),
        "long": (pdf_file([["x"]] * (MOST_PAGES + 1)), f"it has {MOST_PAGES + 1} pages", "chapters"),
        "cut": (whole[:80], "the PDF is damaged", "print it to a new PDF"),
        "loop": (pdf_of(loop), "the PDF is damaged", "print it to a new PDF"),
        "junk": (b"%PDF-1.7\n" + bytes(range(256)) * 40, "the PDF is damaged", "print it to a new PDF"),
    }
    for name, (data, _, _) in files.items():
        (tmp_path / f"{name}.pdf").write_bytes(data)
    (tmp_path / "good.pdf").write_bytes(whole)
    library = read_library([tmp_path])
    assert [note.path for note in library.notes] == ["good.pdf"]
    reasons = {skip.path.removesuffix(".pdf"): skip.reason for skip in library.skipped}
    assert reasons.keys() == files.keys()
    for name, (_, reason, remedy) in files.items():
        assert reason in reasons[name]
        assert remedy in reasons[name]
    with pytest.raises(NotesError, match="without a password"):
        file_lines(tmp_path / "encrypted.pdf", tmp_path)


def test_a_pdf_may_be_larger_than_a_text(tmp_path: Path, pdf_file: Pdf) -> None:
    padded = pdf_file(PAGES, f"/Padding ({'x' * 6_000_000})")
    assert read(tmp_path, padded).blocks
    with pytest.raises(NotesError, match="larger than 30 MB"):
        read(tmp_path, b"%PDF-1.4\n" + b"x" * 30_000_000)


def test_lines_of_one_page_that_differ_in_a_number_alone_are_no_header(tmp_path: Path, pdf_file: Pdf) -> None:
    note = read(tmp_path, pdf_file([["Epoch 1: loss 0.5", "Epoch 2: loss 0.4", "3.14", "2.71"]]))
    said = " ".join(block.text.words for block in note.blocks)
    assert all(line in said for line in ("Epoch 1: loss 0.5", "Epoch 2: loss 0.4"))
