"""The Markdown reader."""

from __future__ import annotations

import pytest

from tutor.notes import Block, Note
from tutor.notes.markdown import read_markdown


def read(text: str) -> Note:
    return read_markdown(text, "my-first_note.md")


def words(text: str) -> list[str]:
    return [block.text.words for block in read(text).blocks]


def only(text: str) -> Block:
    (block,) = read(text).blocks
    return block


def test_front_matter_gives_title_tags_and_links() -> None:
    front = 'title: "T: t"\ntags: a, b\nprerequisites: [x.md, "[[y]]"]\nrelated:\n- notes/z.html'
    note = read(f"---\n{front}\n---\nWords.")
    assert (note.title, note.tags) == ("T: t", ("a", "b"))
    assert (note.prerequisites, note.related) == (("x", "y"), ("z",))
    assert [block.text.lines for block in note.blocks] == [(8, 8)]


def test_broken_yaml_does_not_lose_the_note() -> None:
    note = read("---\ntitle: GANs: a game\ntags: [a, b]\nother: [1\n---\n\nWords.")
    assert (note.title, note.tags) == ("GANs: a game", ("a", "b"))
    assert note.blocks[0].text.words == "Words."


def test_a_rule_and_prose_are_no_front_matter() -> None:
    assert words("---\njust words\n\n---\n\nmore") == ["just words", "more"]


def test_the_first_heading_serves_as_title_and_leaves_the_path() -> None:
    note = read("# 🔹 Title\n\na\n\n## S\n\nb\n\n#### D\n\nc\n\n## T:\n\nd\n\n# Other\n\ne")
    assert note.title == "Title"
    assert [block.heading for block in note.blocks] == [(), ("S",), ("S", "D"), ("T",), ("Other",)]


def test_headings_stay_where_the_title_is_another() -> None:
    note = read("---\ntitle: X\n---\n# One\n\na\n\n# X\n\nb")
    assert [block.heading for block in note.blocks] == [("One",), ()]


def test_a_note_without_title_is_called_after_its_file() -> None:
    assert read("words").title == "my first note"


def test_markup_is_taken_away_and_entities_are_undone() -> None:
    text = '**b** _e_ `c` [l](u "t") ![i](p) &lt;x&gt; \\*s\\* <u>u</u> x<br>y  \nz\nw <!-- gone --> .'
    assert words(text) == ["b e c l <x> *s* u x\ny\nz w ."]


def test_bold_between_chinese_words_is_taken_away() -> None:
    assert words("**注意：**中文的**“粗体”**后文**正常**。") == ["注意：中文的“粗体”后文正常。"]


def test_math_stays_as_tex() -> None:
    text = "So $a_1 * b_1$ and \\(x_i * y_i\\) and $$z$$, \\[ q \\] but $5 and $10."
    assert words(text) == ["So $a_1 * b_1$ and \\(x_i * y_i\\) and $$z$$, \\[ q \\] but $5 and $10."]


@pytest.mark.parametrize(
    "formula",
    ["$$\na\n- b\n$$", "\\[\na\n- b\n\\]", "\\[ a\n- b \\]", "\\begin{align}\na &= b \\\\\n\\end{align}"],
)
def test_a_formula_of_several_lines_is_a_block_of_its_own(formula: str) -> None:
    blocks = read(f"Before:\n\n{formula}\n\nafter").blocks
    assert [(block.kind, block.text.words) for block in blocks] == [
        ("prose", "Before:"),
        ("math", formula),
        ("prose", "after"),
    ]


def test_a_formula_may_follow_its_paragraph_at_once() -> None:
    assert words("Before:\n$$\na\n- b\n$$\nafter") == ["Before:", "$$\na\n- b\n$$", "after"]


def test_struck_text_stays_struck_and_becomes_a_retraction() -> None:
    note = read("True. ~~False\nclaim.~~ True.\n\n- ~~no~~ yes")
    assert [block.text.words for block in note.blocks] == ["True. ~~False claim.~~ True.", "- ~~no~~ yes"]
    assert [(struck.words, struck.lines) for struck in note.retractions] == [
        ("~~False claim.~~", (1, 2)),
        ("~~no~~", (4, 4)),
    ]


def test_struck_text_beside_chinese_punctuation_is_a_retraction() -> None:
    assert [struck.words for struck in read("前文，~~这是错的。~~后文").retractions] == ["~~这是错的。~~"]


def test_tildes_in_code_are_no_retraction() -> None:
    assert read("```\n~~x~~\n```\n\n- a\n\n  ```\n  ~~y~~\n  ```\n").retractions == ()


def test_a_list_is_one_block_with_the_numbers_of_its_author() -> None:
    block = only("1. one\n   goes on\n4. four\n   - sub\n\n     more")
    assert block.kind == "list"
    assert block.text.words == "1. one goes on\n4. four\n  - sub\n    more"
    assert block.text.lines == (1, 6)


def test_code_in_a_list_keeps_fences_and_indentation() -> None:
    block = only("- a\n\n  ```py\n  if x:\n\n      y\n  ```\n")
    assert block.text.words == "- a\n  ```py\n  if x:\n\n      y\n  ```"


def test_a_table_gives_a_line_for_each_row() -> None:
    block = only("| A `x` | B |\n|---|:-:|\n| **1** | $y$ |\n| c \\| d | |")
    assert (block.kind, block.text.words) == ("table", "A x | B\n1 | $y$\nc | d |")
    assert block.text.starts == ((0, 1), (8, 3), (16, 4))


def test_code_is_kept_as_it_is() -> None:
    block = only("```python\n\n  if x:  # <b> {{< no >}} &amp;\n\n      y\n```")
    assert (block.kind, block.text.words) == ("code", "  if x:  # <b> {{< no >}} &amp;\n\n      y")
    assert block.text.lines == (3, 5)


def test_drawings_are_left_out() -> None:
    text = "a\n\n```mermaid\nmindmap\n  root((x))\n```\n\n- b\n\n  ```mermaid\n  graph\n  ```\n"
    assert words(text) == ["a", "- b"]


def test_shortcodes_are_removed_but_not_from_code() -> None:
    text = '{{% note %}}\nA {{< figure\nsrc="x" >}} b `{{< c >}}` [d]({{< ref "/p/e.md">}})\n{{% /note %}}'
    assert words(text) == ["A b {{< c >}} d"]
    assert only("{{< highlight python >}}\nx = 1\n{{< /highlight >}}").kind == "code"


def test_a_shortcode_in_code_stays_where_it_is_the_last() -> None:
    assert words("See `a {{< x >}} b` there.") == ["See a {{< x >}} b there."]


def test_html_in_markdown_gives_its_words_only() -> None:
    text = "<div>\n<p>One &amp; <s>two</s></p>\n</div>\n\n<!-- a\nb -->\n\n<style>p {}</style>\n\nend"
    assert words(text) == ["One & ~~two~~", "end"]


@pytest.mark.parametrize(
    "heading", ["Analogy", "Analogies", "Like I'm 5", "Story", "类比", "比喻：", "An analogy"]
)
def test_blocks_under_an_analogy_heading_are_analogies(heading: str) -> None:
    told = f"## {heading}\n\nA box.\n\n- toys\n\n### More\n\nb\n\n```\ncode\n```"
    blocks = read(f"# T\n\n{told}\n\n## Next\n\nx").blocks
    assert [block.kind for block in blocks] == ["analogy", "analogy", "analogy", "code", "prose"]


def test_history_is_no_story() -> None:
    assert only("# T\n\n## Story of GANs\n\nGoodfellow.").kind == "prose"


def test_a_paragraph_can_call_itself_an_analogy() -> None:
    text = (
        "Analogy: lego.\n\nWhere it breaks: bricks.\n\nplain\n\nWhere it breaks: debugging.\n\n"
        "**Analogy** a box.\n\n**Analogy**\n\nA map.\n\nplain"
    )
    kinds = [block.kind for block in read(text).blocks]
    assert kinds == ["analogy", "analogy", "prose", "prose", "analogy", "analogy", "analogy", "prose"]


CHAT = """## Talk

Me:
> What is a **GAN**?

ChatGPT: 👍
> Two nets.
> 1. one

> They compete.
>
> ## In short
>
> A game.

Me:

> explain it
> like I'm 5

ChatGPT:
> Two children play.
>
> ```
> code
> ```

---
> A plain quote.

Definition:
> Another one.
"""


def test_a_quoted_chat_knows_who_speaks_and_what_was_asked() -> None:
    blocks = read(CHAT).blocks
    asked, again = ("Talk", "What is a GAN?"), ("Talk", "explain it like I'm 5")
    assert [(block.speaker, block.heading, block.kind, block.text.words) for block in blocks] == [
        ("Me", ("Talk",), "prose", "What is a GAN?"),
        ("ChatGPT", asked, "prose", "Two nets."),
        ("ChatGPT", asked, "list", "1. one"),
        ("ChatGPT", asked, "prose", "They compete."),
        ("ChatGPT", (*asked, "In short"), "prose", "A game."),
        ("Me", ("Talk",), "prose", "explain it like I'm 5"),
        ("ChatGPT", again, "analogy", "Two children play."),
        ("ChatGPT", again, "code", "code"),
        ("", ("Talk",), "prose", "A plain quote."),
        ("", ("Talk",), "prose", "Definition:"),
        ("", ("Talk",), "prose", "Another one."),
    ]


def test_a_callout_loses_its_mark() -> None:
    assert words("> [!NOTE]\n> Mind this.") == ["Mind this."]


def test_odd_spaces_in_a_note_do_no_harm() -> None:
    block = only("a\u2009b\u1680\u2003c\nd\u205fe\n`f\ng` h")
    assert block.text.words == "a b c d e f g h"
    assert block.text.starts == ((0, 1), (6, 2), (10, 3), (12, 4))


@pytest.mark.parametrize("sign", ["[", "![", "*a", "_a", "~~a", "`", "<a", "$", "{{<"])
def test_a_paragraph_of_thousands_of_signs_keeps_its_words(sign: str) -> None:
    block = only(f"Words before. {sign * 3000} and behind.")
    assert block.text.words == f"Words before. {sign * 3000} and behind."


def test_formulas_that_never_end_are_prose_and_hide_no_later_one() -> None:
    blocks = read("\\[ a\n" * 3000 + "\n\\[ b\n- c \\]\n").blocks
    assert [block.kind for block in blocks] == ["prose", "math"]


def test_deep_front_matter_still_gives_its_fields() -> None:
    note = read(f"---\ntitle: Deep\nother: {'[' * 5000}\n---\nWords.")
    assert (note.title, note.blocks[0].text.words) == ("Deep", "Words.")


def test_a_long_heading_does_not_stand_whole_with_each_block() -> None:
    block = only(f"# T\n\n## {'word ' * 5000}\n\nWords.")
    assert len(block.heading[0]) <= 400
