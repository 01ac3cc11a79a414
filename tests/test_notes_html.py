"""The reader of HTML study guides."""

from __future__ import annotations

import pytest

from tutor.notes import Note
from tutor.notes.html import read_html


def read(text: str) -> Note:
    return read_html(text, "guide.html")


def blocks(text: str) -> list[tuple[str, str]]:
    return [(block.kind, block.text.words) for block in read(text).blocks]


def test_title_and_headings_lose_their_pictures() -> None:
    core = "<h2>🔹 Core</h2><p>a</p><h3>In:</h3><p>b</p>"
    note = read(f"<h1>🌌 Study <em>Guide</em></h1>{core}<h2>x → y</h2><p>c</p>")
    assert note.title == "Study Guide"
    assert [block.heading for block in note.blocks] == [("Core",), ("Core", "In"), ("x → y",)]


def test_a_page_without_h1_takes_the_head_title_or_the_file_name() -> None:
    assert read("<head><title>A\n title</title></head><p>x</p>").title == "A title"
    assert read("<p>x</p>").title == "guide"


def test_what_is_not_the_note_is_dropped() -> None:
    text = """{% extends "l.html" %}{% block content %}<head><style>p {}</style></head>
    <header><a href="/">Home</a></header><nav>menu</nav><div class="sidebar">side</div>
    <script>var a = "<p>no</p>";</script><p>{# note #}Hello {{ user.name }}.</p><button>Go</button>
    <footer>foot</footer>{% endblock %}"""
    assert blocks(text) == [("prose", "Hello .")]


def test_formulas_with_double_braces_are_no_templates() -> None:
    text = "{% block x %}<p>\\( x^{{2}} + \\frac{{a}}{b} \\) {{ gone }}</p>{% endblock %}"
    assert blocks(text) == [("prose", "\\( x^{{2}} + \\frac{{a}}{b} \\)")]
    assert blocks('<p>f"{{x}}" {{ user.name }}</p>') == [("prose", 'f"{{x}}"')]
    assert blocks("<p>{% raw %}{{ kept }}{% endraw %}</p>") == [("prose", "{{ kept }}")]


def test_lines_are_true_after_tags_and_comments_of_several_lines() -> None:
    text = '<p\n class="a\n b">one\ntwo</p><!-- c\nc --> three\n<p title="x\ny">four</p>'
    assert [(block.text.words, block.text.starts) for block in read(text).blocks] == [
        ("one two", ((0, 3), (4, 4))),
        ("three", ((0, 5),)),
        ("four", ((0, 7),)),
    ]
    (block,) = read("<p>a <b\n>b</b\n>, c</p\n>").blocks
    assert (block.text.words, block.text.starts) == ("a b, c", ((0, 1), (2, 2), (3, 3)))


def test_lists_tables_and_code_keep_their_shape() -> None:
    text = """<ol><li>one<ul><li>sub</li></ul></li><li><p>two</p><p>more</p><pre>
a
  b</pre></li></ol><dl><dt>GAN</dt><dd>two nets</dd></dl>
<table><tr><th>A</th><th>B</th></tr><tr><td>1<br>x</td><td></td></tr></table>
<pre><code>

  if a &lt; b:
      c
</code></pre>"""
    assert blocks(text) == [
        ("list", "- one\n  - sub\n- two\n  more\n  ```\n  a\n    b\n  ```"),
        ("list", "- GAN\n  two nets"),
        ("table", "A | B\n1 x |"),
        ("code", "  if a < b:\n      c"),
    ]


def test_struck_text_becomes_a_retraction() -> None:
    paragraph = "<p>a <s>b\nc</s> d <strike>e</strike></p>"
    note = read(f"{paragraph}<del><p>all</p></del><ul><li><del>x</del> y</li></ul>")
    assert [block.text.words for block in note.blocks] == ["a ~~b c~~ d ~~e~~", "~~all~~", "- ~~x~~ y"]
    assert [struck.words for struck in note.retractions] == ["~~b c~~", "~~e~~", "~~all~~", "~~x~~"]


@pytest.mark.parametrize("name", ["analogy", "story-gen", "box Intuition", "stories"])
def test_an_element_called_a_story_is_an_analogy(name: str) -> None:
    text = f'<div class="{name}"><p><b>The forger</b></p><p>He paints.<br>• fast</p></div><p>x</p>'
    assert blocks(text) == [("analogy", "The forger\n\nHe paints.\n• fast"), ("prose", "x")]


def test_history_is_no_story_and_a_bold_headline_alone_is_none() -> None:
    headline = '<div class="story-gen"><p><strong>The Story: a kit</strong></p></div>'
    assert blocks(f'<div class="history">Old.</div>{headline}') == [
        ("prose", "Old."),
        ("prose", "The Story: a kit"),
    ]


def test_code_and_headings_within_a_story_stay_what_they_are() -> None:
    note = read('<h2>H</h2><section class="intuition"><h3>S</h3><p>a</p><pre>c</pre></section><p>b</p>')
    assert [(block.kind, block.heading) for block in note.blocks] == [
        ("analogy", ("H", "S")),
        ("code", ("H", "S")),
        ("prose", ("H",)),
    ]


def test_a_paragraph_or_heading_can_say_that_it_is_an_analogy() -> None:
    assert blocks("<p><b>Analogy:</b> lego</p><h2>Analogy</h2><p>a box</p>") == [
        ("analogy", "Analogy: lego"),
        ("analogy", "a box"),
    ]


def test_an_analogy_in_a_list_item_stands_under_the_items_label() -> None:
    text = (
        '<h2>Types</h2><ul><li><strong>VAE:</strong> a model<div class="story"><p>A forger.</p></div></li>'
        "<li><strong>GAN:</strong><br><strong>What it is:</strong> a game.<br>"
        "<strong>Story Example:</strong> two play.<br>And win.<br><strong>Use:</strong> art.</li></ul>"
    )
    assert [(block.kind, block.heading, block.text.words) for block in read(text).blocks] == [
        ("list", ("Types",), "- VAE: a model\n- GAN:\n  What it is: a game.\n  Use: art."),
        ("analogy", ("Types", "VAE"), "A forger."),
        ("analogy", ("Types", "GAN"), "Story Example: two play.\nAnd win."),
    ]


def quiz(text: str) -> list[tuple[str, list[str], str]]:
    return [
        (item.question.words, [option.words for option in item.options], item.answer.words)
        for item in read(text).quiz
    ]


def test_a_quiz_section_is_matched_with_its_numbered_answers() -> None:
    text = """<div class="quiz-section"><h2>📝 Quick Quiz</h2>
    <ol><li><strong>Why?</strong></li><li>What?</li></ol>
    <div class="quiz-answers"><h3>Answers</h3>
    <p><strong>2.</strong> That.</p><p><strong>1.</strong> Because.</p>
    <p>And so on.</p></div></div><h2>After</h2><p>x</p>"""
    assert quiz(text) == [("Why?", [], "Because.\n\nAnd so on."), ("What?", [], "That.")]
    note = read(text)
    assert {item.heading for item in note.quiz} == {("Quick Quiz",)}
    assert [(block.heading, block.text.words) for block in note.blocks] == [(("After",), "x")]


def test_a_quiz_may_be_known_by_its_heading_and_end_at_the_next() -> None:
    text = """<h2>Quiz</h2><p>Try it.</p><ol><li>A?<ol type="a"><li>x</li><li>y</li></ol></li>
    <li>B?<br>A) p<br>B) q</li><li>Open?</li></ol><h3>Answer key</h3><ol><li>y</li><li>A) p</li></ol>
    <h2>Next</h2><p>z</p>"""
    assert quiz(text) == [("A?", ["x", "y"], "y"), ("B?", ["A) p", "B) q"], "A) p")]
    assert blocks(text) == [("prose", "Open?"), ("prose", "z")]


def test_answers_may_stand_right_after_their_questions() -> None:
    text = """<section class="quiz"><p>1. One?</p><ul><li>a</li><li>b</li></ul>
    <details><summary>Show answer</summary><p>Answer: b</p></details>
    <p>2. Two?</p><details><summary>Answer</summary>yes</details>
    <p>Three?</p><p class="answer">no</p></section>"""
    assert quiz(text) == [("One?", ["a", "b"], "b"), ("Two?", [], "yes"), ("Three?", [], "no")]


def test_answers_within_the_items_are_taken() -> None:
    items = '<li>One?<div class="answer">Answer: 1</div></li><li>Two?<br>Answer: 2</li>'
    assert quiz(f'<div class="quiz"><ol>{items}</ol></div>') == [("One?", [], "1"), ("Two?", [], "2")]


def test_a_quiz_without_answers_is_read_as_text() -> None:
    assert blocks('<div class="quiz"><ol><li>Why?</li></ol></div>') == [("list", "- Why?")]


def test_a_table_that_only_lays_out_the_page_is_walked_through() -> None:
    inner = "<table><tr><td>1</td><td>2</td></tr></table>"
    text = f"<table><tr><td><h2>H</h2><p>a</p></td><td>{inner}</td></tr></table>"
    assert blocks(text) == [("prose", "a"), ("table", "1 | 2")]


@pytest.mark.parametrize("sign", ["<a ", "<p class='", "<!--", "<b", "{%", "{{ "])
def test_what_begins_and_never_ends_hides_no_words(sign: str) -> None:
    note = read("<p>Words before.</p>" + sign * 3000)
    assert note.blocks[0].text.words == "Words before."
