"""Transcripts and question-and-answer pairs in running text."""

from __future__ import annotations

import pytest

from tutor.notes import Note
from tutor.notes.markdown import read_markdown
from tutor.notes.plain import read_plain
from tutor.words import without_struck


def markdown(text: str) -> Note:
    return read_markdown(text, "n.md")


def turns(note: Note) -> list[tuple[str, tuple[str, ...], str]]:
    return [(block.speaker, block.heading, block.text.words) for block in note.blocks]


def pairs(note: Note) -> list[tuple[str, str]]:
    return [(card.question.words, card.answer.words) for card in note.cards]


# -- question and answer ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Q: ", "A: "),
        ("q: ", "a: "),
        ("Question: ", "Answer: "),
        ("Question 1: ", "Answer 1: "),
        ("Q1: ", "A1: "),
        ("Q1. ", "A1. "),
        ("Q1. ", "A: "),
        ("Q12) ", "Ans: "),
        ("问：", "答："),
        ("问题1：", "答案："),
        ("问: ", "答: "),
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_question_and_answer_become_a_card_in_every_format(question: str, answer: str, gap: str) -> None:
    text = f"Before.\n\n{question}What is it?{gap}{answer}It is a game.\n\nAfter."
    for note in (markdown(text), read_plain(text, "n.txt")):
        assert pairs(note) == [("What is it?", "It is a game.")]
        assert [block.text.words for block in note.blocks] == ["Before.", "After."]
        (card,) = note.cards
        assert (card.question.lines, card.answer.lines) == ((3, 3), (3 + len(gap), 3 + len(gap)))


def test_bold_labels_and_several_pairs_in_one_paragraph() -> None:
    note = markdown("## S\n\n**Q:** One\nquestion?\n**A:** First\nanswer.\n**Q2.** Two?\n**A2.** Second.\n")
    assert pairs(note) == [("One question?", "First answer."), ("Two?", "Second.")]
    assert [card.heading for card in note.cards] == [("S",), ("S",)]
    assert [card.answer.lines for card in note.cards] == [(5, 6), (8, 8)]
    assert note.blocks == ()


def test_question_and_answer_may_stand_on_one_line() -> None:
    assert pairs(markdown("Q: What is it? A: It is a game.")) == [("What is it?", "It is a game.")]


def test_lists_and_code_belong_to_the_answer_and_prose_does_not() -> None:
    text = "Q: How?\n\nA: So:\n\n- one\n- two\n\n```\nx = 1\n```\n\nOther words."
    note = markdown(text)
    assert pairs(note) == [("How?", "So:\n\n- one\n- two\n\n```\nx = 1\n```")]
    assert note.cards[0].answer.starts[-1][1] == 9
    assert [block.text.words for block in note.blocks] == ["Other words."]


@pytest.mark.parametrize(
    "text",
    [
        "Q: Is it open?",
        "Q: One?\n\n## Next\n\nA: Two.",
        "A: only an answer",
        "Q-learning: a method. A* is a search.",
        "A. first\nB. second",
    ],
)
def test_what_is_no_pair_stays_as_it_is(text: str) -> None:
    note = markdown(text)
    assert note.cards == ()
    assert " ".join(block.text.words for block in note.blocks) == text.replace(
        "\n\n## Next\n\n", " "
    ).replace("\n", " ")


def test_a_struck_answer_is_still_a_retraction() -> None:
    note = markdown("Q: What?\nA: ~~Wrong.~~ Right.")
    assert pairs(note) == [("What?", "~~Wrong.~~ Right.")]
    assert [struck.words for struck in note.retractions] == ["~~Wrong.~~"]


# -- transcripts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asks", "says"),
    [
        ("Me", "ChatGPT"),
        ("User", "Assistant"),
        ("Human", "AI"),
        ("You", "GPT-4"),
        ("Student", "Claude 3.5"),
        ("我", "ChatGPT"),
        ("用户", "助手"),
    ],
)
@pytest.mark.parametrize("label", ["{}: ", "**{}:** ", "**{}**: ", "{}：", "🙂 {}: "])
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_a_transcript_without_block_quotes_knows_who_speaks(
    asks: str, says: str, label: str, gap: str
) -> None:
    asked, said = f"{label.format(asks)}What is it?", f"{label.format(says)}It is a game.\nIt ends."
    text = f"Before.\n\n## Talk\n\n{asked}{gap}{said}\n\n- one"
    expected = [
        ("", (), "Before."),
        (asks, ("Talk",), "What is it?"),
        (says, ("Talk", "What is it?"), "It is a game. It ends."),
        (says, ("Talk", "What is it?"), "- one"),
    ]
    assert turns(markdown(text)) == expected


def test_a_transcript_in_plain_text() -> None:
    note = read_plain("TALK\n\nA note.\n\nHuman: Why\nso?\nAI: Because.\nHuman: Really?\nAI: Yes.\n", "n.txt")
    assert turns(note) == [
        ("", (), "A note."),
        ("Human", (), "Why so?"),
        ("AI", ("Why so?",), "Because."),
        ("Human", (), "Really?"),
        ("AI", ("Really?",), "Yes."),
    ]
    assert [block.text.lines for block in note.blocks] == [(3, 3), (5, 6), (7, 7), (8, 8), (9, 9)]


@pytest.mark.parametrize(
    ("asks", "says"),
    [("Me:", "ChatGPT:"), ("Human:", "AI:"), ("我：", "ChatGPT："), ("**You said:**", "**ChatGPT said:**")],
)
def test_a_transcript_in_block_quotes(asks: str, says: str) -> None:
    note = markdown(f"{asks}\n\n> What is it?\n\n{says}\n\n> It is a game.\n>\n> It ends.\n\nMy own words.")
    named = [label.strip("*:： ").removesuffix(" said").strip() for label in (asks, says)]
    assert turns(note) == [
        (named[0], (), "What is it?"),
        (named[1], ("What is it?",), "It is a game."),
        (named[1], ("What is it?",), "It ends."),
        ("", (), "My own words."),
    ]


def test_a_transcript_within_one_block_quote() -> None:
    note = markdown("> **Me:** What is it?\n>\n> **ChatGPT:** It is a game.\n")
    assert turns(note) == [("Me", (), "What is it?"), ("ChatGPT", ("What is it?",), "It is a game.")]


def test_a_chatbot_known_by_name_is_marked_also_where_nobody_asked() -> None:
    assert turns(markdown("ChatGPT:\n> It is a game.\n\nDefinition:\n> It is one.")) == [
        ("ChatGPT", (), "It is a game."),
        ("", (), "Definition:"),
        ("", (), "It is one."),
    ]


def test_labels_on_lines_of_their_own() -> None:
    note = markdown("User:\n\nWhat is it?\n\nMore words.\n\nAssistant:\n\nA game.")
    assert turns(note) == [
        ("User", (), "What is it?"),
        ("User", (), "More words."),
        ("Assistant", ("What is it? More words.",), "A game."),
    ]


def test_speakers_as_headings() -> None:
    note = markdown(
        "# T\n\n## You said:\n\nhi\n\n## ChatGPT said:\n\nhello\n\n### Part\n\nmore\n\n## Mine\n\nwords"
    )
    assert turns(note) == [
        ("You", (), "hi"),
        ("ChatGPT", ("hi",), "hello"),
        ("ChatGPT", ("hi", "Part"), "more"),
        ("", ("Mine",), "words"),
    ]


def test_headings_within_an_answer_are_the_chatbots() -> None:
    note = markdown(
        "## Talk\n\nMe: a?\n\nChatGPT: b.\n\n### Part\n\nc.\n\nMe: d?\n\nChatGPT: e.\n\n## Mine\n\nf."
    )
    assert turns(note) == [
        ("Me", ("Talk",), "a?"),
        ("ChatGPT", ("Talk", "a?"), "b."),
        ("ChatGPT", ("Talk", "a?", "Part"), "c."),
        ("Me", ("Talk",), "d?"),
        ("ChatGPT", ("Talk", "d?"), "e."),
        ("", ("Mine",), "f."),
    ]


def test_the_last_answer_under_no_heading_ends_at_the_next() -> None:
    assert turns(markdown("# T\n\nMe: a?\n\nChatGPT: b.\n\n## Mine\n\nc."))[-1] == ("", ("Mine",), "c.")


def test_an_explanation_for_a_child_is_an_analogy() -> None:
    note = markdown("Me: explain it like I'm 5\n\nChatGPT: A box of toys.")
    assert [block.kind for block in note.blocks] == ["prose", "analogy"]


@pytest.mark.parametrize(
    "text",
    [
        "ChatGPT: a chat model by OpenAI.\n\nClaude: one by Anthropic.",
        "User: a person who asks.\n\nWords.",
        "Assistant: one who helps.\n\nUser: one who asks.",
        "## Human\n\nWords.\n\n## Machine\n\nWords.",
        "Note: the AI: model is here.",
    ],
)
def test_names_that_are_no_transcript_stay_words(text: str) -> None:
    note = markdown(text)
    assert all(block.speaker == "" for block in note.blocks)
    assert " ".join(block.text.words for block in note.blocks) == " ".join(
        line for line in text.split("\n") if line and not line.startswith("#")
    )


def test_struck_words_of_a_chatbot_are_a_retraction() -> None:
    note = markdown("Me: a?\n\nChatGPT: ~~Wrong.~~ Right.")
    assert [struck.words for struck in note.retractions] == ["~~Wrong.~~"]


@pytest.mark.parametrize(
    "text",
    [
        "~~Q: What?\nA: Wrong.~~",
        "~~Me: what?\nChatGPT: Wrong.~~",
        "Q: What? ~~One.\nA: Wrong.~~",
        "~~Me: a~~\nAI: ~~b\nMe: c~~",
    ],
)
def test_struck_words_are_never_cut_free(text: str) -> None:
    note = markdown(text)
    told = [block.text.words for block in note.blocks] + [card.answer.words for card in note.cards]
    assert not any("Wrong" in without_struck(words) or "c" in without_struck(words) for words in told)


def test_a_heading_between_speakers_as_headings_is_the_authors() -> None:
    talk = "## You\n\nhi\n\n## ChatGPT\n\nhello\n\n"
    note = markdown(f"# T\n\n{talk}## Mine\n\nwords\n\n{talk}")
    assert [block.speaker for block in note.blocks] == ["You", "ChatGPT", "", "You", "ChatGPT"]
