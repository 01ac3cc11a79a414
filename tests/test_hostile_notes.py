"""Hostile and broken files of every kind beside good notes: each is read or skipped with a reason, none spoils another.

The files are made from one seed. The default run has the kinds that keep a parser busy in a small size, the slow run
in full size.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tutor.notes import note_to_json, read_library

ROOT = Path(__file__).resolve().parent.parent
SEED = 20261125
SMALL, FULL = 400, 20_000
DEADLINE_S = 10.0
Pdf = Callable[..., bytes]
Files = Iterator[tuple[str, bytes]]

GOOD = {
    name: ROOT / "corpus" / name
    for name in (
        "gans/gan.md", "gans/wgan.md", "gans/mode-collapse.md", "vaes/vae-and-elbo.md", "language/self-attention.md",
        "cards/generative-ai.md", "guides/generative-models.html",
    )
}  # fmt: skip
WRITTEN = {
    "plain.txt": "LOSS\n\n    The loss falls slowly.\n\n1) one\n2) two\n\nQ: What falls?\nA: The loss.\n",
    "talk.md": "# Talk\n\nMe: What is a GAN?\n\nChatGPT: It is a game.\n",
    "book.ipynb": json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Book\n", "\n", "A GAN is a game."]},
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["x = 1\n", "print(x)"]},
        ]}, indent=1,
    ),
}  # fmt: skip

# What is repeated on one line, on lines of its own, and with a word behind it.
REPEATED = {
    "quote": "> ", "quotes": ">", "dash": "- ", "star": "* ", "number": "1. ", "bracket": "[", "image": "![",
    "link": "[a](", "emphasis": "*a ", "stars": "**a", "underscore": "_a ", "tilde": "~~a ", "tick": "`",
    "comment": "<!--", "tag": "<a ", "tag2": "<a", "dollar": "$", "dollars": "$$", "paren": "\\(", "math": "\\[",
    "begin": "\\begin{a}", "macro": "\\def\\a{\\a\\a}", "shortcode": "{{<", "jinja": "{%", "braces": "{{",
    "pipe": "|", "entity": "&amp", "number-entity": "&#", "cdata": "<![CDATA[", "pi": "<?", "backslash": "\\",
    "script": "<script>", "attribute": "<p class='", "footnote": "[^1]", "div": "<div>", "s": "<s>",
    "list": "<ul><li>", "table": "<table><tr><td>", "end": "</div>", "question": ":p ", "mark": "??x ",
    "q": "Q: ", "qa": "Q: a? A: b ", "me": "Me: ", "bot": "ChatGPT: ", "cjk": "生**（", "hash": "#", "rule": "---",
    "zero-width": "\u200b", "bidi": "\u202e", "nfkc": "\ufdfa", "tab": "\t", "word": "x",
}  # fmt: skip


def repeated(n: int) -> Files:
    for name, sign in REPEATED.items():
        yield f"{name}-line.md", f"Words. {sign * n}".encode()
        yield f"{name}-lines.md", ("Words.\n\n" + f"{sign}\n" * n).encode()
        yield f"{name}-words.txt", ("Words.\n\n" + f"{sign}b\n" * n).encode()
        yield f"{name}.html", ("<html><p>Words.</p>" + sign * n).encode()
        yield f"{name}-deck.md", ("#### H\n:p q?\n??x\n" + f"{sign}\n" * n + "x??\n").encode()


def encodings(rng: random.Random) -> Files:
    words = "Größe 潜在空间 words.\n"
    yield "empty.md", b""
    yield "blank.md", b" \n\t\n\r\n"
    yield "bom.md", words.encode("utf-8-sig")
    yield "utf16.md", words.encode("utf-16")
    yield "utf16-odd.md", words.encode("utf-16")[:-1]
    yield "latin1.md", "Größe".encode("latin-1")
    yield "invalid.md", b"words \xff\xfe\xfd"
    yield "nul.md", b"words\x00words"
    yield "surrogate.md", "words \ud800 words".encode("utf-8", "surrogatepass")
    yield "controls.md", b"wo\x1brds \x07\x0b\x0c\x1c\x85 and more\r\rwords"
    yield "separators.txt", "One\u2028two\u2029three\x85four.".encode()
    yield "mixed-ends.md", b"One.\r\nTwo.\rThree.\n\rFour."
    for number in range(6):
        yield f"noise-{number}.md", rng.randbytes(2000)


def large(n: int) -> Files:
    yield "ten-mb.md", b"x" * (10_000_000 if n == FULL else 5_000_001)
    yield "one-line.md", b"word " * (n * 20)
    yield (
        "table.md",
        ("|" + "c|" * 500 + "\n|" + "-|" * 500 + "\n" + ("|" + "c|" * 500 + "\n") * (n // 20)).encode(),
    )
    yield "table.html", ("<html><table>" + ("<tr>" + "<td>c</td>" * 500 + "</tr>\n") * (n // 20)).encode()
    yield "definitions.md", "".join(f"[a{i}]: /u{i} 'x'\n" for i in range(n)).encode()
    yield "ladder.md", " ".join("`" * i for i in range(1, int((2 * n) ** 0.5))).encode()
    yield "ladder-down.md", "\n".join("`" * i for i in range(int((2 * n) ** 0.5), 2, -1)).encode()
    yield "comments.txt", b"<!-- a -->" * n + b"x"
    yield "headings.md", "".join(f"{'#' * (1 + i % 6)} h{i}\n\nw\n\n" for i in range(n // 4)).encode()
    yield "long-heading.md", ("# T\n\n## " + "word " * n + "\n\n" + "Words.\n\n" * 500).encode()
    yield "long-question.md", ("Me: " + "word " * n + "\n\nChatGPT: a\n\n" + "Words.\n\n" * 500).encode()
    yield "cards.md", ("#### H\n" + ":p q?\n??x\na\nx??\n" * (n // 2)).encode()
    yield "open-fences.md", ("#### H\n" + ":p q?\n??x\n```py\nx??\n" * (n // 2)).encode()
    yield "blank-cards.md", ("#### \n:p \n??x\n\nx??\n" * n).encode()
    yield "talk.md", ("Me: a\nChatGPT: b\n" * n).encode()
    yield "pairs.md", ("Q: a\nA: b\n" * n).encode()
    yield "deep-list.md", "\n".join("  " * i + "- a" for i in range(int(n**0.5))).encode()
    yield "mermaid.md", ("```mermaid\n" + "a-->b\n" * n + "```\nWords.").encode()
    yield "unclosed-fence.md", ("Words.\n\n```\n" + "code\n" * n).encode()
    yield "unclosed-script.html", ("<html><p>Words.</p><script>" + "a<b;" * n).encode()
    yield "unclosed-math.md", ("Words.\n\n$$\n" + "a\n" * n).encode()
    yield "csv.txt", ("=cmd|' /C calc'!A0," + "x" * 200_000 + "\n" + "a,b,,\n" * n).encode()


def front_matter(n: int) -> Files:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12)
    )
    for name, inner in {
        "bomb": f"{bomb}tags: *m",
        "deep": "title: " + "[" * n,
        "deep-closed": "title: " + "[" * n + "]" * n,
        "maps": "title: " + "{a: " * n,
        "keys": "".join(f"k{i}: v\n" for i in range(n)),
        "python": "title: !!python/object/apply:os.system ['echo hi']",
        "tag": "title: !unknown x",
        "surrogate": 'title: "\\ud800"\ntags: ["\\udfff"]',
        "number": "title: " + "9" * n,
        "date": "title: 2026-99-99",
        "anchor": "title: &a [*a]",
    }.items():
        yield f"yaml-{name}.md", f"---\n{inner}\n---\n\nWords.\n".encode()


def notebooks(n: int) -> Files:
    cell = {"cell_type": "markdown", "source": ["Words.\n"]}
    for name, text in {
        "deep": '{"nbformat": 4, "cells": ' + "[" * n + "]" * n + "}",
        "deep-objects": '{"nbformat": 4, "cells": [' + '{"a":' * n,
        "digits": '{"nbformat": ' + "9" * (25 * n) + ', "cells": []}',
        "nan": json.dumps({"nbformat": 4, "x": float("nan"), "y": float("inf"), "cells": [cell]}),
        "outputs": json.dumps(
            {"nbformat": 4, "cells": [cell, {**cell, "outputs": [{"data": "A" * (100 * n)}]}]}
        ),
        "format": json.dumps({"nbformat": 17, "cells": [cell]}),
        "format-text": json.dumps({"nbformat": "4", "cells": [cell]}),
        "cells": json.dumps({"nbformat": 4, "cells": {"a": cell}}),
        "odd-cells": json.dumps({"nbformat": 4, "cells": [1, None, "x", [cell], {"cell_type": []}, cell]}),
        "cut": json.dumps({"nbformat": 4, "cells": [cell] * 9})[:-40],
        "quotes": '{"nbformat": 4, "cells": ["' + '\\"' * n,
        "escapes": '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "\\ud800\\u0000\\x"}]}',
        "many": json.dumps({"nbformat": 4, "cells": [cell] * (n // 4)}),
        "array": "[" * n,
        "empty": "{}",
    }.items():
        yield f"{name}.ipynb", text.encode()


def pdfs(n: int, pdf_file: Pdf, pdf_of: Pdf, rng: random.Random) -> Files:
    whole = pdf_file([[f"Line {i} of page {page}." for i in range(20)] for page in range(3)])
    for end in (0, 5, 9, 60, 300, len(whole) // 2, len(whole) - 10):
        yield f"cut-{end}.pdf", whole[:end]
    for number in range(12):
        data = bytearray(whole)
        for _ in range(rng.randrange(1, 60)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        yield f"mutated-{number}.pdf", bytes(data)
    catalogue = "<< /Type /Catalog /Pages 2 0 R >>"
    yield "loop.pdf", pdf_of([catalogue, "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"])
    yield "prev.pdf", pdf_file([["Words."]], "/Prev 9")
    yield "prev-self.pdf", whole.replace(b"/Root", b"/Prev " + str(whole.index(b"xref")).encode() + b" /Root")
    yield (
        "encrypt.pdf",
        pdf_file([["Words."]], "/Encrypt << /Filter /Standard /V 5 /R 6 /Length 256 >> /ID [(a)(a)]"),
    )
    yield "no-text.pdf", pdf_file([[]] * 5)
    yield "many-pages.pdf", pdf_file([["x"]] * (10_000 if n == FULL else 500))
    yield "count.pdf", whole.replace(b"/Count 3", b"/Count 9999999999")
    yield "deep.pdf", pdf_of([catalogue, "[" * n])
    kids = [f"<< /Type /Pages /Kids [{i + 3} 0 R] /Count 1 >>" for i in range(min(n, 3000))]
    yield "deep-pages.pdf", pdf_of([catalogue, *kids])
    yield "text.pdf", b"%PDF-1.4 is how a PDF begins."
    yield "html.pdf", b"<html><p>Not a PDF.</p></html>"


def archives() -> Files:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.md", b"0" * 3_000_000)
    yield "bomb.md", packed.getvalue()
    outer = io.BytesIO()
    with tarfile.open(fileobj=outer, mode="w") as tar:
        entry = tarfile.TarInfo("a.zip")
        entry.size = len(packed.getvalue())
        tar.addfile(entry, io.BytesIO(packed.getvalue()))
    yield "nested.md", outer.getvalue()
    yield "gzip.md", gzip.compress(b"0" * 3_000_000)
    yield "rtf.md", b"{\\rtf1 words}"
    yield "png.md", b"\x89PNG\r\n\x1a\n" + b"0" * 50


def mutated(rng: random.Random, count: int) -> Files:
    """Good notes with bytes changed, taken out and doubled."""
    sources = [path.read_bytes()[:6000] for path in GOOD.values()] + [
        text.encode() for text in WRITTEN.values()
    ]
    for number in range(count):
        data = bytearray(sources[number % len(sources)])
        for _ in range(rng.randrange(1, 200)):
            begin = rng.randrange(len(data) + 1)
            piece = data[begin : begin + rng.randrange(1, 30)]
            data[begin : begin + len(piece)] = rng.choice(
                [
                    b"",
                    bytes(piece) * 2,
                    bytes([rng.randrange(32, 127)]),
                    rng.choice(list(REPEATED.values())).encode(),
                ]
            )
        yield f"mutated-{number}{rng.choice(['.md', '.txt', '.html', '.ipynb'])}", bytes(data)


def names() -> Files:
    for name in (
        "new\nline.md",
        "a..md",
        "a..b.md",
        "x" * 240 + ".md",
        "CON.md",
        "aux.txt",
        "A.md",
        "a.md",
        " .md",
        "-r.md",
    ):
        yield name, b"Words of a note with an odd name.\n"
    for number in range(20):
        yield f"same-{number}.md", b"The same words under many names.\n"


def odd_entries(folder: Path, outside: Path) -> None:
    """Things that are no regular files, and links."""
    outside.write_text("secret")
    os.mkfifo(folder / "pipe.md")
    (folder / "out.md").symlink_to(outside)
    (folder / "itself.md").symlink_to(folder / "itself.md")
    (folder / "nowhere.md").symlink_to(folder / "gone.md")
    (folder / "device.md").symlink_to("/dev/zero")
    (folder / "up").symlink_to(folder.parent)


def write_good(folder: Path) -> None:
    for name, source in GOOD.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / name)
    for name, text in WRITTEN.items():
        (folder / name).write_text(text, encoding="utf-8")


def write_hostile(folder: Path, n: int, pdf_file: Pdf, pdf_of: Pdf) -> None:
    rng = random.Random(SEED)
    kinds: dict[str, Files] = {
        "repeated": repeated(n),
        "encodings": encodings(rng),
        "large": large(n),
        "yaml": front_matter(n),
        "notebooks": notebooks(n),
        "pdfs": pdfs(n, pdf_file, pdf_of, rng),
        "archives": archives(),
        "mutated": mutated(rng, 60),
        "names": names(),
    }
    for kind, files in kinds.items():
        (folder / kind).mkdir(parents=True)
        for name, data in files:
            (folder / kind / name).write_bytes(data)
    os.link(folder / "names" / "A.md", folder / "names" / "hard.md")
    odd_entries(folder, folder.parent.parent / "secret.md")


@pytest.mark.parametrize("n", [SMALL, pytest.param(FULL, marks=pytest.mark.slow)])
def test_hostile_files_are_read_or_skipped_and_spoil_no_others(
    tmp_path: Path, n: int, pdf_file: Pdf, pdf_of: Pdf
) -> None:
    alone, notes = tmp_path / "alone", tmp_path / "notes"
    write_good(alone)
    # "hostile" stands between the folders and names of the good ones, so that bad files come before and after them.
    write_hostile(notes / "hostile", n, pdf_file, pdf_of)
    write_good(notes)
    total = sum(len(names) for _, _, names in os.walk(notes))
    library = read_library([notes], deadline_s=DEADLINE_S)
    good = read_library([alone], deadline_s=DEADLINE_S).notes
    assert len(good) == 10
    assert total >= 310
    assert len(library.notes) + len(library.skipped) == total
    assert len({note.path for note in library.notes} | {skip.path for skip in library.skipped}) == total
    assert set(good) <= set(library.notes)
    reasons = {skip.path: skip.reason for skip in library.skipped}
    assert all(reasons.values())
    assert {path: reason for path, reason in reasons.items() if "failed" in reason} == {}
    late = {skip.path for skip in library.skipped if skip.transient}
    assert late == set() or n == FULL, "what is small must be read in time"
    print(
        f"{len(library.notes)} read, {len(library.skipped)} skipped, of them at the deadline: {sorted(late)}"
    )
    for note in library.notes:
        note_to_json(note).encode()  # no half of a surrogate pair is left in it
