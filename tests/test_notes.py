"""Recognising, reading and keeping notes; and the property that every quote is found at its lines."""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tutor.errors import NotesError
from tutor.notes import (
    Note,
    Text,
    file_lines,
    hash_file,
    list_files,
    note_from_json,
    note_to_json,
    read_files,
    read_library,
    read_note,
)
from tutor.notes.recognise import format_of

CORPUS = Path(__file__).resolve().parent.parent / "corpus"

MARKDOWN = """---
title: Latent space
tags: [vae, "generative models"]
prerequisites: [autoencoder.md]
related: notes/diffusion
---

# Latent space

A **latent space** is a _compressed_ view of the [data](http://x.org "t"), see `encode()` &amp; $z \\sim
q(z|x)$ on two lines. ~~It is always two-dimensional, \\
so they say.~~ ![a picture](p.png) It has {{< ref "x.md" >}} as many axes <!-- hidden
words --> as you choose.

1. [first]({{< ref "a.md" >}})
   goes on
3. second
   - nested *item*

     ```python
     x = 1

       y = 2
     ```

| Model | Loss `L` |
|-------|----------|
| VAE   | **ELBO** $a+b$ |

$$
a
- b
$$

<details><summary>More &lt;here&gt;</summary>

**注意：**中文的**粗体。**后文，~~这是错的。~~这是对的。

</details>

Me:
> explain it like I'm 5

ChatGPT:  👍
> Imagine a box of toys.
> It has a **map**.
"""

CARDS = """# Deck

#### Attention
Background context: Each word looks at
the *others*. It weighs them.

:p What does it
weigh?
??x
It weighs words:
1. **Query** and key give \\( s \\).
2. Softmax &lt;sums&gt; to one.

\\[ a
+ b \\]

```python
# --- not a rule
w = softmax(s)
```
x??
"""

PAGE = """{% extends "layout.html" %}
<h1>🌌 Guide</h1>
<p
 class="a
 b">First <em>words</em>
over &amp; lines. <s>Wrong
claim.</s> Right. {{ user.name }} Last.</p>
<!-- a
comment -->
loose <b>words</b>
<ul><li><strong>VAE:</strong> a model
<div class="story-gen"><p><strong>Analogy.</strong> A forger
paints.</p></div></li></ul>
<table><tr><th>A</th><th>B</th></tr>
<tr><td>1</td>
<td>two</td></tr></table>
<pre><code>if x &lt; 1:
    y = 2
</code></pre>
<div class="quiz"><ol><li>Which one?</li></ol>
<div class="answers"><p><strong>1.</strong> The
first.</p></div></div>
"""

NOISY = "\n".join(f"|\n{line}\n|\n|" for line in PAGE.split("\n"))
SAMPLES = {
    "m.md": MARKDOWN,
    "c.md": CARDS,
    "p.html": PAGE,
    "noisy.txt": NOISY,
    "crlf.md": "Two\r\nlines.\r\n\r\nOne.",
}


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def texts_of(note: Note) -> Iterator[Text]:
    for block in note.blocks:
        yield block.text
    for card in note.cards:
        yield from (card.question, card.answer)
        if card.background:
            yield card.background
    for question in note.quiz:
        yield from (question.question, question.answer, *question.options)
    yield from note.retractions


def bare(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def stripped_ways(lines: list[str]) -> list[str]:
    """Letters and digits of lines without markup; with and without taking `<...>` for a tag."""
    source = "\n".join(lines)
    hidden = r"\{\{[<%].*?[>%]\}\}|\{\{[^{}]*\}\}|<!--.*?-->|!\[[^\]]*\]\([^)]*\)"
    source = re.sub(hidden, " ", source, flags=re.DOTALL)
    source = re.sub(r"\]\([^)]*\)", "] ", source)
    source = re.sub(r"(?m)^\s*(:p|\?\?x|x\?\?)", " ", source)
    without_tags = re.sub(r"</?[a-zA-Z][^>]*>", " ", source)
    return [bare(html.unescape(without_tags)), bare(html.unescape(source)), bare(source)]


def sentences_of(text: Text) -> Iterator[tuple[int, int]]:
    begin = 0
    for end in [*(found.end() for found in re.finditer(r"[.!?。！？]\s+|\n+", text.words)), len(text.words)]:
        if text.words[begin:end].strip():
            yield begin, end
        begin = end


def untraced(note: Note, lines: list[str]) -> list[str]:
    """Sentences that are not found at the lines that the note gives for them."""
    wrong = []
    for text in texts_of(note):
        assert text.starts[0][0] == 0
        assert sorted(text.starts) == list(text.starts)
        assert len({line for _, line in text.starts}) == len(text.starts)
        for begin, end in sentences_of(text):
            first, last = text.lines_of(begin, end)
            assert 1 <= first <= last <= text.end_line <= len(lines)
            words = bare(text.words[begin:end])
            if not any(words in found for found in stripped_ways(lines[first - 1 : last])):
                wrong.append(f"{first}-{last}: {text.words[begin:end]}")
    return wrong


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sentence_of_a_sample_is_found_at_its_lines(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(SAMPLES[name].encode())
    note = read_note(path, tmp_path)
    assert list(texts_of(note))
    assert untraced(note, file_lines(path, tmp_path)) == []


def test_every_sentence_of_the_bundled_corpus_is_found_at_its_lines() -> None:
    wrong = {}
    for file in list_files([CORPUS]):
        found = untraced(read_note(file.path, CORPUS), file_lines(file.path, CORPUS))
        if found:
            wrong[file.name] = found
    assert wrong == {}


def test_a_wrong_line_would_be_noticed(tmp_path: Path) -> None:
    path = write(tmp_path, a_dot_md="One line.\nAnother line.\n") / "a.md"
    note = read_note(path, tmp_path)
    assert untraced(note, ["Another line.", "One line."]) != []


def test_lines_of_a_sentence_are_no_more_than_it_needs(tmp_path: Path) -> None:
    path = write(tmp_path, a_dot_md="One here.\nTwo is\nlonger. Three.\n") / "a.md"
    text = read_note(path, tmp_path).blocks[0].text
    assert text.words == "One here. Two is longer. Three."
    assert text.lines_of(0, 9) == (1, 1)
    assert text.lines_of(10, 24) == (2, 3)
    assert text.lines_of(25, 31) == (3, 3)


@pytest.mark.parametrize(
    ("text", "ending", "expected"),
    [
        (MARKDOWN, ".txt", "markdown"),
        (CARDS, ".txt", "flashcards"),
        (CARDS, ".html", "flashcards"),
        (PAGE, ".txt", "html"),
        ("{# c #}\n<!DOCTYPE html><p>x</p>", ".txt", "html"),
        ("<p>one</p>", ".html", "html"),
        ("# Head\n\n- a\n- b\n\n<div>\n<p>x</p>\n</div>", ".md", "markdown"),
        ("# Head\n\nplain", ".html", "markdown"),
        ("only words", "", "text"),
        ("only words", ".md", "markdown"),
        ("So **bold** it is.", ".txt", "markdown"),
        ("2 ** 3 ** 4, a_b_c, [1], >>> x, 1. one\n- two\n---\n    more", ".txt", "text"),
        ("A card looks so:\n\n```\n:p q?\n??x\na\nx??\n```\n", ".md", "markdown"),
        ("The mark ??x alone makes no deck.", ".md", "markdown"),
    ],
)
def test_the_format_is_recognised_by_content(text: str, ending: str, expected: str) -> None:
    assert format_of(text, ending) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b" \n\n", "it is empty"),
        (b"%PDF-1.7 x", "the PDF is damaged"),
        (b"PK\x03\x04abc", "Office documents and archives are not read yet"),
        (b"abc\x00def", "it is not text"),
        (b"caf\xe9", "byte 3 is not UTF-8"),
        (b"---\n---\n", "it holds no words"),
        (b"a" * 5_000_001, "it is larger than 5 MB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "note.md"
    path.write_bytes(data)
    with pytest.raises(NotesError, match=re.escape(reason)):
        read_note(path, tmp_path)


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_understood(tmp_path: Path, coding: str) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes("Größe 潜在空间".encode(coding))
    assert read_note(path, tmp_path).blocks[0].text.words == "Größe 潜在空间"


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(NotesError, match="outside the notes folder"):
        read_note(folder / "a.md", folder)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.md")
    with pytest.raises(NotesError, match="not a regular file"):
        read_note(tmp_path / "a.md", tmp_path)


def test_noise_lines_reach_no_text_and_lines_stay_true(tmp_path: Path) -> None:
    clean = write(tmp_path, clean_dot_html=PAGE) / "clean.html"
    noisy = write(tmp_path, noisy_dot_html=NOISY) / "noisy.html"
    first, second = read_note(clean, tmp_path), read_note(noisy, tmp_path)
    assert [text.words for text in texts_of(second)] == [text.words for text in texts_of(first)]
    lines = [[4 * (line - 1) + 2 for _, line in text.starts] for text in texts_of(first)]
    assert [[line for _, line in text.starts] for text in texts_of(second)] == lines


def test_blank_lines_of_code_survive_the_noise(tmp_path: Path) -> None:
    code = "<html><p>x</p><pre>a\n\nb\nc</pre><p>y</p>\n<p>z</p>\n<p>q</p>"
    noisy = "\n".join(f"{line}\n|\n|" for line in code.split("\n"))
    note = read_note(write(tmp_path, n_dot_txt=noisy) / "n.txt", tmp_path)
    assert [block.text.words for block in note.blocks if block.kind == "code"] == ["a\n\nb\nc"]


def test_a_table_is_not_taken_for_noise(tmp_path: Path) -> None:
    path = write(tmp_path, t_dot_md="| a |\n|---|\n| b |\n|\n") / "t.md"
    assert read_note(path, tmp_path).blocks[0].kind == "table"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_note_comes_back_whole_from_json(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(SAMPLES[name].encode())
    note = read_note(path, tmp_path)
    assert note_from_json(note_to_json(note)) == note


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"path": 1'])
def test_broken_json_says_what_to_do(text: str) -> None:
    with pytest.raises(NotesError, match="tutor index"):
        note_from_json(text)


def test_a_library_equals_its_notes_read_one_by_one(tmp_path: Path) -> None:
    folder = write(tmp_path / "notes", a_dot_md=MARKDOWN, sub__c_dot_txt=CARDS, sub__p_dot_html=PAGE)
    told: list[str] = []
    library = read_library([folder], told.append)
    assert told == ["a.md", "sub/c.txt", "sub/p.html"] == [note.path for note in library.notes]
    assert library.notes == tuple(read_note(folder / name, folder) for name in told)
    assert library.hashes["a.md"] == hashlib.sha256(MARKDOWN.encode()).hexdigest()
    assert library.hashes["a.md"] == hash_file(folder / "a.md")
    assert library.skipped == ()


def test_what_is_no_note_is_left_out_silently(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "n",
        a_dot_md="words",
        README_dot_md="no",
        _dot_hidden_dot_md="no",
        _dot_git__b_dot_md="no",
        pic_dot_png="no",
        run_dot_py="no",
        sub__README_dot_md="a note all the same",
    )
    (folder / "a.md~").write_text("no")
    assert [file.name for file in list_files([folder])] == ["a.md", "sub/README.md"]


def test_an_unreadable_file_is_skipped_and_spoils_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "n", a_dot_md="words", b_dot_md="", z_dot_md="more words")
    (folder / "deep.html").write_text("<html>" + "<div>" * 20_000 + "x")
    library = read_library([folder])
    assert [note.path for note in library.notes] == ["a.md", "z.md"]
    assert {skip.path: skip.reason for skip in library.skipped} == {
        "b.md": "it is empty. Write something in it or take it out.",
        "deep.html": "its parts are nested too deeply. Write it flatter, or take it out.",
    }


def test_a_file_that_takes_too_long_is_skipped(tmp_path: Path) -> None:
    folder = write(tmp_path / "n", a_dot_md="words", z_dot_md="more words")
    (folder / "b.html").write_text("<html>" + "<s>x</s> y " * 60_000)
    library = read_library([folder], deadline_s=3)
    assert [note.path for note in library.notes] == ["a.md", "z.md"]
    (skip,) = library.skipped
    assert skip.path == "b.html"
    assert skip.reason.startswith("reading it took longer than 3 s. ")


def test_the_worker_ends_when_nobody_asks_any_more() -> None:
    command = [sys.executable, "-m", "tutor.notes.worker", "5"]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"ready": True}


def test_nothing_is_started_where_nothing_is_to_be_read() -> None:
    assert read_files([]).notes == ()


def test_the_same_path_in_a_later_folder_is_named_after_its_folder(tmp_path: Path) -> None:
    mine, yours = (
        write(tmp_path / "mine", a_dot_md="x"),
        write(tmp_path / "yours", a_dot_md="y", b_dot_md="z"),
    )
    library = read_library([mine, yours])
    assert [note.path for note in library.notes] == ["a.md", "yours/a.md", "b.md"]
    assert library.hashes.keys() == {"a.md", "yours/a.md", "b.md"}


def test_a_folder_named_twice_is_read_once(tmp_path: Path) -> None:
    folder = write(tmp_path / "n", a_dot_md="x")
    assert [note.path for note in read_library([folder, folder]).notes] == ["a.md"]


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotesError, match="--notes"):
        read_library([tmp_path / "nowhere"])


def test_a_folder_without_a_readable_note_says_why(tmp_path: Path) -> None:
    folder = write(tmp_path / "n", a_dot_md="")
    with pytest.raises(NotesError, match=r"holds no note.*a\.md: it is empty"):
        read_library([folder])
    with pytest.raises(NotesError, match="holds no note"):
        read_library([write(tmp_path / "m", README_dot_md="x")])


def test_a_notes_folder_cannot_smuggle_in_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "n", a_dot_md="words", yaml_dot_py="raise SystemExit('taken over')")
    (folder / "markdown_it.py").write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(folder)
    assert [note.path for note in read_library([Path()]).notes] == ["a.md"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("|" + "a|" * 100 + "\n|" + "-|" * 100 + "\n" + ("|" + "a|" * 100 + "\n") * 700, "60000 cells"),
        ("<html>" + "<b>x</b>" * 110_000, "200000 tags"),
    ],
)
def test_what_would_take_too_long_is_refused_at_once(tmp_path: Path, text: str, reason: str) -> None:
    path = write(tmp_path, a_dot_txt=text) / "a.txt"
    with pytest.raises(NotesError, match=reason):
        read_note(path, tmp_path)


def test_comments_before_no_page_are_looked_at_once() -> None:
    assert format_of("<!-- a -->" * 3000 + "words", ".txt") == "text"
