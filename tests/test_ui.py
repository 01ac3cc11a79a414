"""The page without a browser: markup, messages, the guard, the desk and the server."""

from __future__ import annotations

import asyncio
import base64
import http.client
import itertools
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tutor.errors import ModelError, PageError, QuizError, RecordError, SettingsError
from tutor.job_queue import Line
from tutor.libraries import NotesLibrary
from tutor.notes import Note, Skipped, Text
from tutor.opened import NoNotes, ReadNotes
from tutor.passages import Passage
from tutor.settings import PROJECT_ROOT, Settings
from tutor.turns import (
    Answer,
    Citation,
    Delta,
    DemoOutcome,
    DemoProgress,
    DraftDropped,
    Event,
    EvidenceRecord,
    EvidenceShown,
    Notice,
    OptionWhy,
    PassageSeen,
    PredictionAsked,
    QuizGrade,
    QuizItem,
    QuizMaking,
    QuizScore,
    QuizWhy,
    RunLesson,
    RunQuestion,
    Sentence,
    Style,
    TableShown,
    ToolCall,
    event_to_json,
    lasting_events,
)
from tutor.ui import RunningPage, check_address, start_server
from tutor.ui.chats import DELETED, LISTED, MOST_LISTED, OPENED, Chats, chat_update
from tutor.ui.citations import MOST_SOURCES, citation_html
from tutor.ui.contents import FIRST_LINES, MOST_LINES, contents_html, notices_html, status_html
from tutor.ui.desk import UNBEGUN_S, Desk, Pace, Ticket
from tutor.ui.gate import Gate
from tutor.ui.markup import (
    DISPLAY_MATH,
    INLINE_MATH,
    bounded_html,
    inline_html,
    label,
    passage_html,
    quoted_html,
    to_html,
)
from tutor.ui.note_view import Place, place_of_href
from tutor.ui.offers import offers
from tutor.ui.reader import AROUND, note_html, quote_key
from tutor.ui.rendering import (
    MAX_TEXT_BYTES,
    MOST_CHARS,
    Message,
    note_message,
    turn_messages,
    user_message,
)
from tutor.ui.saying import TAKING, Saying
from tutor.ui.seats import Seats
from tutor.ui.shelf import SHOWN, UPLOAD_KEPT_S, Shelf
from tutor.ui.view import BUSY, STOPPED_EARLY, View

QUOTE = "The generator makes only one kind of output."
CITED = Citation(
    1,
    "gans/a.md",
    (12, 14),
    QUOTE,
    "Mode collapse",
    ("Kinds",),
    f"Before $x<y$. ~~Wrong.~~ {QUOTE} After.",
    "ChatGPT",
)
ANSWER = Answer(
    answer=f"{QUOTE} [1]",
    refused=False,
    citations=(CITED,),
    sentences=(Sentence(QUOTE, "quoted", (1,)),),
    nearest=(),
    style="plain",
    fkgl=5.0,
    model="embedded",
    timings={"total_ms": 1234.0},
)
SEEN = PassageSeen(
    1, 0.8, "gans/<a>.md", (12, 14), "<b>GAN</b>", (), "Here $x<y$ <script>", (1,), "used: quoted as [1]"
)
EVIDENCE = EvidenceRecord(
    "Found to cover <it>.", 2, (SEEN,), (DraftDropped("<i>Blue</i>.", "no sentence says it"),)
)


def _math(formula: str) -> str:
    return INLINE_MATH[0] + formula + INLINE_MATH[1]


def _display(formula: str) -> str:
    return DISPLAY_MATH[0] + formula + DISPLAY_MATH[1]


def _messages(*events: Event, finished: bool = True) -> list[Message]:
    return turn_messages([event_to_json(event) for event in events], finished=finished)


# Markup


@pytest.mark.parametrize(
    ("source", "formula"),
    [
        ("so $a<b$ holds", "a&lt;b"),
        (r"so \(a & b\) holds", "a &amp; b"),
        (r"so $p_{data}*q*$ holds", "p_{data}*q*"),
        ("the letter $D$ stands", "D"),
        (r"so $\alpha_t$, where", r"\alpha_t"),
        (r"a label $y \in \{0, 1\}$ and $p$", r"y \in \{0, 1\}"),
        (r"the norm $\|x\|$", r"\|x\|"),
    ],
)
def test_inline_math_in_every_notation_is_set(source: str, formula: str) -> None:
    assert _math(formula) in to_html(source)


@pytest.mark.parametrize(
    "source", ["$$\nH\n= -1\n$$", "\\[\nH\n= -1\n\\]", "$$H = -1$$", "so \\[H = -1\\] holds"]
)
def test_display_math_is_read_whole(source: str) -> None:
    assert _display("H = -1") in to_html(source)


@pytest.mark.parametrize(
    "source",
    [
        "It costs $5 to $6 per run.",
        "From $5 to $6 and $7.",
        "It is $5 or even 6$ here.",
        "US$5 and US$6",
        "a \\$5 note",
    ],
)
def test_money_is_not_math(source: str) -> None:
    html = to_html(source)
    assert not re.search("[\ue000-\uf8ff]", html)
    assert source.replace("\\$", "$") in html


def test_math_signs_in_code_are_left_alone() -> None:
    html = to_html("Use `$x$` here.\n\n```python\na = '$b$' + r'\\(c\\)'\n```")
    assert "<code>$x$</code>" in html
    assert "```python\na = '$b$' + r'\\(c\\)'\n```" in html
    assert not re.search("[\ue000-\uf8ff]", html)


def test_raw_html_and_images_do_not_render() -> None:
    html = to_html(
        "<img src=x onerror=y> ![alt](http://evil.example/x.png) <script>1</script>\n\n<div>block</div>"
    )
    assert not re.search(r"<(?!/?p>)", html)
    assert "alt" in html and "evil.example/x.png" not in html


def test_only_web_links_are_links() -> None:
    html = to_html("[a](javascript:alert(1)) [b](https://arxiv.org/abs/1) [c](file:///etc/passwd)")
    assert re.findall(r'href="([^"]*)"', html) == ["https://arxiv.org/abs/1"]


def test_code_fence_cannot_be_closed_or_drawn_from_within() -> None:
    assert to_html("````mermaid\n```\ngraph TD\n````") == "````\n```\ngraph TD\n````"


def test_blocks_hold_no_blank_line_inside_html() -> None:
    html = to_html("- one\n\n  ```\n  a\n\n  b\n  ```\n- two\n\ntext")
    assert html.split("\n\n")[1] == "<p>text</p>"
    assert "a&#10;&#10;b" in html.split("\n\n")[0]


def test_known_citation_numbers_become_marks_and_others_stay_text() -> None:
    html = to_html("One [1][2], three [1, 2] and x[3]. `[1]`", {1: "a.md · line 1", 2: "b.md"})
    assert html.count('<sup class="cite c1" role="button" tabindex="0" title="a.md · line 1">') == 2
    assert html.count('<sup class="cite c2"') == 2
    assert "x[3]" in html and "<code>[1]</code>" in html


def test_doubted_sentence_is_marked() -> None:
    html = to_html("Good one. Bad $x$ one. Good two.", doubted=["Bad $x$ one."])
    assert (
        f'<span class="doubted" title="not found in your notes">Bad {_math("x")} one.</span> Good two.'
        in html
    )


def test_private_signs_in_a_note_cannot_forge_markup() -> None:
    assert "\ue004" not in to_html("\ue004x\ue000y") and "\ue000" not in passage_html("\ue000x")
    assert to_html("\ue000x\ue001") == "<p>x</p>"


def test_long_text_is_cut_and_says_so() -> None:
    html = bounded_html("word & " * 20_000, 5000)
    assert len(html.encode()) <= 5000 and "cut here" in html


def test_what_the_making_of_a_quiz_is_at_is_shown_until_its_question_is_there() -> None:
    events: list[Event] = [
        ToolCall("make_quiz", {"topic": "GANs"}, "Choosing questions"),
        QuizMaking("Making 3 <b>"),
    ]
    [shown] = turn_messages([event_to_json(event) for event in events], finished=False)
    assert "Making 3 &lt;b&gt;" in shown["content"] and shown["metadata"]["status"] == "pending"
    asked = QuizItem("a", "What is a GAN?", (), 1, 3)
    [done, _] = turn_messages([event_to_json(event) for event in (*events, asked)], finished=False)
    assert "Making" not in done["content"] and "GANs" in done["content"]
    assert done["metadata"]["status"] == "done"
    assert lasting_events([*events, asked], "", stopped=False) == [events[0], asked]


def test_a_long_passage_before_a_quote_begins_with_a_whole_sentence() -> None:
    before = " ".join(f"Sentence {n} says a few more words." for n in range(99))
    html = citation_html(event_to_json(replace(CITED, passage=f"{before} {QUOTE}")))
    shown = html.partition('<div class="passage">')[2]
    assert re.match(r"… Sentence \d+ says", shown) and f"<mark>{QUOTE}</mark>" in shown


def test_passage_shows_struck_words_math_and_line_breaks() -> None:
    html = passage_html("a <b>\n~~no $x_1$~~ *as is*")
    assert html == f"a &lt;b&gt;&#10;<s>no {_math('x_1')}</s> *as is*"


def test_items_of_a_passage_are_a_list_with_the_quote_marked() -> None:
    words = "Kinds:\n- Full <b>.\n* Half $x<y$. ~~Wrong.~~\nAfter.\n\n1. One.\n2. Two."
    html = quoted_html(words, words.index("Half"), words.index(" ~~"))
    half = f"<li><mark>Half {_math('x&lt;y')}.</mark> <s>Wrong.</s></li>"
    assert html.startswith(f"Kinds:<ul><li>Full &lt;b&gt;.</li>{half}</ul>After.")
    assert html.endswith("<ol><li>One.</li><li>Two.</li></ol>") and html.count("<mark>") == 1
    whole = quoted_html(words, 0, len(words))
    assert "<mark>Kinds:</mark>" in whole and "<li><mark>Two.</mark></li>" in whole


@pytest.mark.parametrize(
    "words",
    [
        "3. Third.\n4. Fourth.",
        "It is ~~\n- wrong\n~~ here.",
        "- ~~one\n- two~~",
        "$$\n- 1\n$$",
        "\\[\n- 1\n\\]",
        "-no item",
        "a - b",
        "2024. A year",
        "- ",
        "",
    ],
)
def test_what_is_no_list_or_would_lose_something_as_one_is_left_as_it_stands(words: str) -> None:
    assert quoted_html(words) == passage_html(words)


def test_label_is_inert_in_markdown() -> None:
    assert inline_html(label("*x* <b> [y](z)")).replace("&lt;", "<").replace("&gt;", ">") == "*x* <b> [y](z)"


# Messages


def test_answer_takes_the_place_of_its_streamed_text() -> None:
    streaming = _messages(Delta("The gen"), finished=False)
    assert len(streaming) == 1 and "The gen" in streaming[0]["content"]
    shown = _messages(Delta(QUOTE), Delta(" [1]"), ANSWER)
    assert len(shown) == 1
    assert shown[0]["content"].count(QUOTE) == 2  # the sentence, and its quote in the passage


def test_citation_chip_names_the_place_and_marks_the_quote() -> None:
    text = _messages(ANSWER)[0]["content"]
    where = "Mode collapse · gans/a.md · lines 12–14 · said by ChatGPT in your notes"
    assert _summaries(text) == [f"[1] {where}"]
    assert f"<mark>{QUOTE}</mark>" in text
    assert '<div class="where">Kinds</div>' in text
    assert "<s>Wrong.</s>" in text and _math("x&lt;y") in text


def test_one_line_is_called_a_line() -> None:
    text = _messages(replace(ANSWER, citations=(replace(CITED, lines=(7, 7), speaker=""),)))[0]["content"]
    assert _summaries(text) == ["[1] Mode collapse · gans/a.md · line 7"]


def _summaries(text: str) -> list[str]:
    """What stands on the chips, as whatever reads the page aloud reads it."""
    return [re.sub("<[^>]*>", "", one) for one in re.findall("<summary>(.*?)</summary>", text)]


def _citing(*cited: Citation) -> str:
    return str(_messages(replace(ANSWER, citations=cited))[0]["content"])


def test_all_quotes_of_a_note_are_in_one_chip_and_each_says_and_opens_its_own_place() -> None:
    cited = [
        replace(CITED, n=n, lines=(n, n), note=note, title=note[:-3].upper(), speaker=speaker)
        for n, note, speaker in [(1, "a.md", ""), (2, "b.md", ""), (3, "a.md", ""), (4, "a.md", "ChatGPT")]
    ]
    text = _citing(*cited)
    chips = text.split('<div class="source">')[1:]
    assert [re.findall(r"citation c(\d+) ", chip) for chip in chips] == [["1", "3"], ["2"], ["4"]]
    assert _summaries(chips[0]) == ["[1] A · a.md · line 1", "[3] A · a.md · line 3"]
    assert _summaries(chips[2]) == ["[4] A · a.md · line 4 · said by ChatGPT in your notes"]
    for one in cited:
        assert f"citation c{one.n} at-{quote_key(event_to_json(one))}" in text
    assert text.count(f"<mark>{QUOTE}</mark>") == 4 and "<summary>1 more" not in text


def test_notes_beyond_the_first_few_are_folded_with_all_that_they_say() -> None:
    cited = [replace(CITED, n=n, note=f"{n}.md", passage=QUOTE) for n in range(1, MOST_SOURCES + 4)]
    assert '<details class="more">' not in _citing(*cited[: MOST_SOURCES + 1])
    before, folded = _citing(*cited).split('<details class="more"><summary>3 more notes</summary>')
    assert before.count('<div class="source">') == MOST_SOURCES and folded.count('<div class="source">') == 3
    assert folded.count(f"<mark>{QUOTE}</mark>") == 3


def test_quotes_that_do_not_fit_are_counted() -> None:
    cited = [replace(CITED, n=n, note=f"{n}.md", passage=QUOTE * 30) for n in range(1, 30)]
    text = _citing(*cited)
    shown = text.count('<details class="citation')
    assert 5 < shown < 29 and f"and {29 - shown} more, not shown here" in text
    assert len(text.encode()) <= MAX_TEXT_BYTES


def test_hostile_note_is_escaped_wherever_it_is_shown() -> None:
    evil = "<img src=x onerror=alert(1)>"
    cited = replace(
        CITED, note=evil, title=evil, heading=(evil,), quote=evil, passage=f"a {evil} b", speaker=evil
    )
    answer = replace(ANSWER, answer=f"{evil} [1]", citations=(cited,), model=evil)
    grade = QuizGrade("i", "wrong", 0.0, evil, evil, cited, ({"claim": evil + "!", "status": evil},))
    result = {
        "verdict": evil,
        "metrics": {evil: {"value": evil, "meaning": evil}},
        "observations": [evil],
        "device": evil,
    }
    item = QuizItem("i", evil, (("a", evil),), 1, 1)
    call = ToolCall(evil, {evil: evil}, evil)
    shown = _messages(answer, item, grade, QuizScore(0, 1, (evil,)), call, DemoOutcome(result), Notice(evil))
    texts = [m["content"] for m in shown] + [m["metadata"]["title"] for m in shown if "metadata" in m]
    assert not [text for text in texts if "<img" in text]
    assert "<img" not in user_message(evil)["content"]


@pytest.mark.parametrize(
    ("supports", "line"),
    [
        (["quoted", "quoted"], "every sentence quoted from your notes"),
        (["quoted", "supported", "connective"], "1 of 2 sentences quoted, 1 reworded and checked"),
        (["quoted", "unsupported"], "1 of 2 sentences quoted, 1 not found in your notes"),
    ],
)
def test_support_line_counts_the_sentences(supports: list[Any], line: str) -> None:
    sentences = tuple(Sentence(f"s{n}", support) for n, support in enumerate(supports))
    text = _messages(replace(ANSWER, sentences=sentences))[0]["content"]
    assert f'<div class="support">{line} · embedded · 1.2 s</div>' in text


def test_reading_grade_is_shown_for_like_five_only() -> None:
    assert "reading grade 5.0" in _messages(replace(ANSWER, style="eli5"))[0]["content"]
    assert "reading grade" not in _messages(ANSWER)[0]["content"]


@pytest.mark.parametrize(
    ("question", "title", "said"),
    [
        ("List the remedies for mode collapse", "Mode collapse", {"Show me": "Run the mode-collapse demo",
         "Map": "Draw a map of the concepts around Mode collapse"}),
        ("What is the ELBO?", "VAE and the ELBO", {"Map": "Draw a map of the concepts around ELBO"}),
        ("Why is beta small at first?", "Schedules", {"Map": "Draw a map of the concepts around Schedules"}),
        ("什么是损失？", "笔记", {"Map": "Draw a map of the concepts around 笔记"}),
    ],
)  # fmt: skip
def test_an_answer_offers_what_can_be_asked_next(question: str, title: str, said: dict[str, str]) -> None:
    event = event_to_json(replace(ANSWER, question=question, citations=(replace(CITED, title=title),)))
    always = {"Explain like I'm 5": "Explain that like I'm 5", "Quiz me on this": "Quiz me on this"}
    assert dict(offers(event)) == always | said
    assert "Explain like I'm 5" not in dict(offers(event | {"style": "eli5"}))
    assert offers(event | {"refused": True}) == []
    *_, last = turn_messages([event], finished=True)
    assert [option["label"] for option in last["options"]] == [name for name, _ in offers(event)]


def _passage(words: str, line: int, note: str = "gans/a.md", **more: Any) -> Passage:
    return Passage(
        f"p{line}", note, "Mode collapse", ("Kinds",), "prose", Text(words, ((0, line),), line + 1), **more
    )


def test_a_note_is_opened_at_its_quote_with_what_stands_around_it() -> None:
    passages = [
        *(_passage(f"Before {n}.", n) for n in range(1, 40)),
        _passage(f"An <b>early</b> copy: {QUOTE}", 45),
        _passage(f"See $x<y$: {QUOTE} ~~Wrong.~~", 60),
        _passage("Elsewhere.", 70, note="b.md"),
        *(_passage(f"After {n}.", n) for n in range(100, 150)),
    ]  # fmt: skip
    shown = note_html(quote_key(event_to_json(replace(CITED, lines=(60, 61)))), passages)
    assert shown.count("<mark>") == 1 and f"<mark>{QUOTE}</mark> <s>Wrong.</s>" in shown
    assert "lines 60–61" in shown and "&lt;b&gt;early&lt;/b&gt;" in shown and "Elsewhere" not in shown
    assert f"{40 - AROUND} earlier passages" in shown and f"{50 - AROUND} later passages" in shown
    assert shown.count("<h3>") == 1 and "\n\n\n" not in shown
    assert '<p class="elsewhere"><a href="#note=gans%2Fa.md~60-61">' in shown


def test_an_opened_note_shows_its_items_as_a_list_and_its_code_as_it_is() -> None:
    passages = [
        _passage(f"- One.\n- {QUOTE}", 5),
        replace(_passage(f"- x\n- {QUOTE}", 50), kind="code"),
    ]
    near, far = (
        note_html(quote_key(event_to_json(replace(CITED, lines=at))), passages) for at in ((5, 6), (50, 51))
    )
    assert f"<ul><li>One.</li><li><mark>{QUOTE}</mark></li></ul>" in near
    assert f'<div class="passage code">- x&#10;- <mark>{QUOTE}</mark></div>' in far


def test_the_link_to_an_opened_note_leads_to_it_whatever_its_name() -> None:
    evil = '"><img src=x onerror=alert(1)>~9-9.md'
    key = quote_key(event_to_json(replace(CITED, note=evil)))
    shown = note_html(key, [_passage(QUOTE, 5, note=evil)])
    (href,) = re.findall('href="([^"]*)"', shown)
    assert "<img" not in shown and place_of_href(unescape(href)) == ("note", Place(evil, (5, 6)))
    assert "Open in Notes" in note_html(key, [_passage("Other words now.", 5, note=evil)])
    assert "Open in Notes" not in note_html(key, [_passage(QUOTE, 5, note="other.md")])


def _key(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "key",
    [
        *("", "????", "AAAA", "W10", quote_key({"note": "gone.md", "lines": [1, 1], "quote": "x"})),
        *(_key("[" * 2_000), _key('["a", 1, Infinity, "x"]'), _key('["a", NaN, 1, "x"]')),
    ],
)
def test_a_quote_that_is_not_there_any_more_or_makes_no_sense_is_said_to_be_so(key: str) -> None:
    shown = note_html(key, [_passage("Something.", 3)])
    assert "cannot be opened" in shown or "have changed" in shown
    assert "<mark>" not in shown


def test_refusal_offers_the_nearest_topics() -> None:
    refused = replace(ANSWER, answer="Not covered.", refused=True, citations=(), nearest=("WGAN", "U-Net"))
    message = _messages(Delta("Not"), refused)[-1]
    assert [option["label"] for option in message["options"]] == ["WGAN", "U-Net"]
    assert "WGAN" in message["options"][0]["value"]
    assert "sentence" not in message["content"]


def test_buttons_vanish_when_something_follows_them() -> None:
    refused = replace(ANSWER, refused=True, nearest=("WGAN",))
    assert "options" not in _messages(refused, Notice("and so on"))[-1]


def test_tool_call_is_at_work_until_the_turn_is_over() -> None:
    call = ToolCall("run_demo", {"name": "gan-2d", "knobs": {"steps": 400}}, "Training a GAN")
    assert _messages(call, finished=False)[0]["metadata"]["status"] == "pending"
    assert _messages(call)[0]["metadata"]["status"] == "done"
    assert "<li>name: gan-2d</li><li>steps: 400</li>" in _messages(call)[0]["content"]


def test_empty_arguments_are_left_out_and_the_rest_are_words() -> None:
    call = ToolCall("run_demo", {"name": "gan-2d", "knobs": {}, "device": "", "seed": 0}, "Training a GAN")
    assert "<ul><li>name: gan-2d</li><li>random seed: 0</li></ul>" in _messages(call)[0]["content"]
    quiz = _messages(ToolCall("make_quiz", {"topic": "GANs", "n": 3}, "Choosing"))[0]["content"]
    assert "<li>topic: GANs</li><li>questions: 3</li>" in quiz
    assert "make quiz" in _messages(ToolCall("make_quiz", {"topic": ""}, "Choosing"))[0]["content"]


def test_tool_call_is_done_when_its_questions_come() -> None:
    shown = _messages(ToolCall("make_quiz", {}, "Choosing"), QuizItem("i", "Why?", (), 1, 1), finished=False)
    assert shown[0]["metadata"]["status"] == "done"


def _frame(n: int) -> DemoProgress:
    return DemoProgress("gan-2d", f"/pictures/{n}.png", f"caption {n}", n, 4, float(n), 75.0)


def test_demo_frames_replace_each_other() -> None:
    shown = _messages(ToolCall("run_demo", {}, "Demo"), _frame(1), _frame(2), finished=False)
    assert [m["content"] for m in shown if isinstance(m["content"], dict)] == [
        {"path": "/pictures/2.png", "alt_text": "caption 2"}
    ]
    assert "step 2 of 4 · 1 min 15 s left" in shown[-1]["content"]


def test_demo_outcome_replaces_the_frames_and_shows_its_figures() -> None:
    metric = {"value": 7, "floor": 8.0, "baseline": None, "meaning": "modes with samples"}
    result = {
        "images": ["/p/final.png", "/p/film.gif"],
        "verdict": "Good.",
        "metrics": {"modes_covered": metric, "loss": 0.12345678},
        "observations": ["It swings."],
        "seconds": 2.5,
        "seed": 3,
        "device": "cpu",
    }
    shown = _messages(ToolCall("run_demo", {}, "Demo"), _frame(1), DemoOutcome(result))
    assert [m["content"]["path"] for m in shown if isinstance(m["content"], dict)] == ["/p/final.png"]
    text = shown[-1]["content"]
    for piece in (
        "Good.",
        "modes covered",
        "<td>7</td><td>8</td><td>–</td>",
        "0.1235",
        "It swings.",
        "2.5 s · on cpu · seed 3",
    ):
        assert piece in text
    assert "caption" not in text


def test_a_prediction_is_asked_with_buttons_and_one_that_skips_it() -> None:
    shown = _messages(PredictionAsked("How many <b>?", ("few", "all"), {}, "Running", {}))
    assert "How many &lt;b&gt;?" in str(shown) and "<li>few</li>" in str(shown)
    assert [option["value"] for option in shown[-1]["options"]] == ["A. few", "B. all", "Just run it"]


def test_the_lesson_after_a_run_offers_the_answers_to_its_questions() -> None:
    questions = (RunQuestion("So <i>few</i>?", "", ""), RunQuestion("Why lost?", "", ""))
    shown = _messages(RunLesson("You predicted “all”.", questions, ("GANs",)))
    assert "You predicted “all”." in str(shown) and "&lt;i&gt;few" in str(shown)
    assert [option["value"] for option in shown[-1]["options"]] == ["Why?", "Why 2?"]
    assert _messages(RunLesson("", (), ())) == []


def test_a_table_is_shown_with_its_caption() -> None:
    shown = str(_messages(TableShown("Two runs.", ("", "first"), (("recall", "<script>"),))))
    assert "<td>recall</td><td>&lt;script&gt;</td>" in shown and "Two runs." in shown


def test_stopped_demo_keeps_its_last_picture() -> None:
    shown = _messages(ToolCall("run_demo", {}, "Demo"), _frame(1), DemoOutcome({}, stopped=True))
    assert shown[1]["content"]["path"] == "/pictures/1.png"
    assert "Stopped." in shown[-1]["content"]


def test_picture_that_is_gone_is_said_to_be_gone() -> None:
    shown = turn_messages([event_to_json(_frame(1))], finished=True, picture=lambda path: None)
    assert "no longer on the disk" in shown[0]["content"]


def test_quiz_item_letters_its_options_and_sends_letter_and_text() -> None:
    item = QuizItem("i", "What is $D$?", (("o2", "a $x$"), ("o1", "b")), 2, 3, "choice")
    message = _messages(item)[0]
    assert "Question 2 of 3" in message["content"] and _math("x") in message["content"]
    assert message["options"] == [{"label": "A", "value": "A. a $x$"}, {"label": "B", "value": "B. b"}]
    assert "Type your answer" in _messages(replace(item, options=()))[0]["content"]


@pytest.mark.parametrize(
    ("verdict", "word"),
    [("correct", "Correct"), ("partial", "Partly"), ("wrong", "Not yet"), ("unsure", "Unsure")],
)
def test_verdict_is_said_in_words_with_the_sentence_that_decides(verdict: Any, word: str) -> None:
    text = _messages(QuizGrade("i", verdict, 0.5, "So.", "", CITED, ({"claim": "c1", "status": "missed"},)))[
        0
    ]["content"]
    assert f'<strong class="verdict">{word}</strong>' in text
    assert f"<mark>{QUOTE}</mark>" in text and "– left out:</small> c1" in text


def test_a_question_with_several_letters_has_no_buttons_and_says_how_it_is_answered() -> None:
    item = QuizItem(
        "i", "Match.", (("A", "a"), ("B", "b")), 1, 1, "match", ("one <b>", "two"), "Such as 1B 2A."
    )
    message = _messages(item)[0]
    assert "options" not in message and "Such as 1B 2A." in message["content"]
    assert "<li>one &lt;b&gt;</li>" in message["content"]


def test_why_shows_each_options_reason_and_the_note() -> None:
    whys = (OptionWhy("A", "<i>", False, "It is the answer to another."), OptionWhy("B", "b", True, ""))
    grade = QuizGrade(
        "i", "unsure", 0.3, "So.", "b", CITED, why=whys, next_due="2026-12-01T09:00", ask="Did you?"
    )
    for event in (grade, QuizWhy("i", "What?", "B. b", "Around it.", CITED, whys)):
        text = _messages(event)[0]["content"]
        assert "It is the answer to another." in text and "&lt;i&gt;" in text and QUOTE in text
    assert (
        "Due again: 2026-12-01" in _messages(grade)[0]["content"]
        and "Did you?" in _messages(grade)[0]["content"]
    )


@pytest.mark.parametrize(("zone", "day"), [("America/New_York", "29"), ("Asia/Shanghai", "30")])
def test_when_a_fact_is_due_is_shown_by_the_students_calendar(
    zone: str, day: str, live_in: Callable[[str], None]
) -> None:
    live_in(zone)
    grade = QuizGrade("i", "correct", 1.0, "So.", "b", CITED, next_due="2025-11-30T02:00:00+00:00")
    assert f"Due again: 2025-11-{day}<" in _messages(grade)[0]["content"]


def test_a_reason_that_is_told_already_is_not_told_again() -> None:
    whys = (
        OptionWhy("A", "true", True, QUOTE),
        OptionWhy("B", "false", False, QUOTE),
        OptionWhy("C", "both", False, "It is the answer to another."),
    )
    told = QuizGrade(
        "i", "wrong", 0.0, f"Not this one. The answer is A. The note says: “{QUOTE}”", "A", CITED
    )
    text = _messages(replace(told, why=whys[:2]))[0]["content"]
    assert "Not yet" in text and "Not this one" not in text and "Why" not in text
    text = _messages(replace(told, why=whys))[0]["content"]
    assert "Why the others are wrong" in text and "both: wrong. It is the answer to another." in text
    text = _messages(QuizWhy("i", "So?", "A", "", CITED, whys[:2]))[0]["content"]
    assert "true: right. " in text and "false: " not in text


def test_the_score_says_what_it_means_and_offers_the_misses_again() -> None:
    message = _messages(QuizScore(1.0, 3, ("WGAN",), ("WGANs",), ("You know about 33 %.",), 2))[0]
    assert "You know about 33 %." in message["content"] and "WGANs" in message["content"]
    assert message["options"][-1] == {"label": "Retry the misses", "value": "Retry the misses"}


def test_score_names_what_to_revisit() -> None:
    message = _messages(QuizScore(1.5, 3, ("WGAN",)))[0]
    assert "Score: 1.5 of 3" in message["content"] and "WGAN" in message["content"]
    assert message["options"] == [{"label": "WGAN", "value": "Explain WGAN"}]


def test_stored_turn_shows_the_same_as_the_live_one() -> None:
    events: list[Event] = [
        ToolCall("run_demo", {"steps": 4}, "Demo"),
        _frame(1),
        DemoOutcome({"images": ["/p/final.png"], "metrics": {"m": 1.0}}),
        Delta(QUOTE),
        ANSWER,
        QuizItem("i", "Why?", (("o1", "a"),), 1, 1, "choice"),
        QuizGrade("i", "wrong", 0.0, "No.", "a", CITED),
        QuizScore(0.0, 1, ("x",)),
        Notice("bye"),
    ]
    live = [event_to_json(event) for event in events]
    stored = json.loads(json.dumps(live))
    assert turn_messages(stored, finished=True) == turn_messages(live, finished=True)


def test_every_message_stays_within_its_bound() -> None:
    huge = "wörd $x$ " * 5000
    many = tuple(replace(CITED, n=n, passage=huge, quote=huge) for n in range(1, 40))
    shown = _messages(
        Delta(huge),
        replace(ANSWER, answer=huge, citations=many),
        QuizItem("i", huge, (("a", huge),) * 10, 1, 1),
        QuizGrade(
            "i",
            "wrong",
            0.0,
            huge,
            huge,
            many[0],
            tuple({"claim": huge + str(n), "status": "hit"} for n in range(20)),
        ),
        DemoOutcome(
            {"verdict": huge, "observations": [huge] * 50, "metrics": {str(n): 1.0 for n in range(100)}}
        ),
        Notice(huge),
    )
    assert max(len(m["content"].encode()) for m in shown) <= MAX_TEXT_BYTES


def test_the_evidence_is_folded_under_its_answer_and_escaped() -> None:
    answer, fold = _messages(replace(ANSWER, evidence=EVIDENCE))
    assert "evidence" not in answer["content"]
    html = fold["content"]
    assert "<summary>Evidence: 1 of 2 passages used, 1 sentence of the draft thrown out</summary>" in html
    assert "<details" in html and "open" not in re.sub(r"[^<]*(<[^>]*>)", r"\1", html)
    assert "&lt;b&gt;GAN&lt;/b&gt; · gans/&lt;a&gt;.md · lines 12–14" in html
    assert _math("x&lt;y") in html and "&lt;script&gt;" in html and "<script>" not in html
    assert "<s>&lt;i&gt;Blue&lt;/i&gt;.</s>" in html and "Found to cover &lt;it&gt;." in html


def test_an_answer_kept_without_evidence_has_no_fold() -> None:
    value = event_to_json(ANSWER)
    del value["evidence"]
    assert turn_messages([value], finished=True) == _messages(ANSWER) and len(_messages(ANSWER)) == 1


def test_a_refusal_keeps_its_topics_below_the_evidence() -> None:
    refused = replace(ANSWER, refused=True, citations=(), nearest=("GAN",), evidence=EVIDENCE)
    answer, fold = _messages(refused)
    assert "options" not in answer and [option["label"] for option in fold["options"]] == ["GAN"]


def test_the_evidence_that_is_asked_for_is_shown_open() -> None:
    (shown,) = _messages(EvidenceShown("What is <x>?", EVIDENCE))
    assert "Evidence for “What is &lt;x&gt;?”" in shown["content"] and "<details" not in shown["content"]


def test_evidence_of_any_size_stays_below_what_the_page_takes() -> None:
    seen = replace(SEEN, text='"' * 160, heading=('"' * 100,) * 4, title='"' * 100, note='"' * 255)
    shown = _messages(replace(ANSWER, evidence=EvidenceRecord("V.", 99, (seen,) * 12)))
    assert max(len(message["content"].encode()) for message in shown) <= MAX_TEXT_BYTES
    assert "and more that is too long to show" in shown[-1]["content"]


def test_long_message_of_the_student_is_shown_whole_or_says_that_it_is_cut() -> None:
    whole = user_message("w" * (MOST_CHARS - 1) + "z")["content"]
    assert "wz" in whole and "not shown" not in whole
    assert "the rest is not shown here" in user_message("w" * (MOST_CHARS + 1))["content"]
    assert "the rest is not shown here" in note_message("w" * (MOST_CHARS + 1))["content"]
    escaped = user_message('"' * MOST_CHARS)["content"]
    assert "the rest is not shown here" in escaped and len(escaped.encode()) <= MAX_TEXT_BYTES


def test_notices_are_escaped_and_bounded() -> None:
    session = PlainSession()
    assert notices_html(session) == ""
    session.notices = ["a <b>\n\nb `tutor index`", *[f"line {n}" for n in range(6)]]
    html = notices_html(session)
    assert "<p>a &lt;b&gt; b <code>tutor index</code></p>" in html and "\n" not in html
    assert "line 3" in html and "line 4" not in html
    assert "and 2 more; see <code>tutor index</code>" in html


def test_unknown_and_broken_events_are_left_out() -> None:
    assert turn_messages([{"event": "Later"}, {}, {"event": "Delta", "text": ""}], finished=True) == []


# The desk


def _put(desk: Desk, tab: str, chat_id: str, text: str) -> bool:
    taken = desk.take(tab, chat_id)
    if taken:
        desk.wait(tab, chat_id, text)
    return taken


def test_desk_takes_one_message_per_tab() -> None:
    desk = Desk()
    assert _put(desk, "tab", "chat", "one")
    assert not _put(desk, "tab", "another", "two")
    ticket = desk.begin("tab")
    assert ticket is not None and ticket.text == "one"
    assert not _put(desk, "tab", "another", "two")
    assert _put(desk, "other", "another", "two")
    desk.end("tab")
    assert ticket.cancel.is_set() and _put(desk, "tab", "chat", "three")


def test_desk_takes_one_message_per_conversation() -> None:
    desk = Desk()
    assert _put(desk, "tab", "chat", "one")
    assert desk.holds("chat") and not _put(desk, "other", "chat", "two")
    desk.end("tab")
    assert not desk.holds("chat") and _put(desk, "other", "chat", "two")


def test_empty_conversations_do_not_hold_each_other_up() -> None:
    desk = Desk()
    assert desk.take("tab", "") and desk.take("other", "")


def test_message_is_not_begun_before_its_words_are_on_record() -> None:
    desk = Desk()
    assert desk.take("tab", "chat") and desk.begin("tab") is None
    desk.wait("tab", "chat", "one")
    assert desk.begin("tab") is not None


def test_message_stopped_while_it_waits_is_never_begun() -> None:
    desk = Desk()
    _put(desk, "tab", "chat", "one")
    assert desk.stop("tab")
    assert desk.begin("tab") is None and not desk.stop("tab")
    assert _put(desk, "tab", "chat", "two")


def test_message_stopped_before_its_words_are_on_record_never_waits() -> None:
    desk = Desk(most=1)
    assert desk.take("tab", "chat")
    ticket = desk.stop("tab")
    assert ticket is not None and not ticket.recorded
    assert not desk.wait("tab", "chat", "one")
    assert not desk.busy("tab") and _put(desk, "other", "chat", "two")


def test_message_that_nobody_comes_to_begin_gives_its_place_up() -> None:
    now = [0.0]
    desk = Desk(most=1, clock=lambda: now[0])
    assert _put(desk, "tab", "chat", "one")
    now[0] = UNBEGUN_S
    assert not desk.take("other", "") and desk.shut() is None and desk.holds("chat")
    now[0] += 1.0
    assert not desk.holds("chat") and desk.begin("tab") is None and desk.take("other", "chat")
    now[0] += 2 * UNBEGUN_S
    assert not desk.take("third", "") and desk.wait("other", "chat", "two")
    assert desk.begin("other")
    now[0] += 2 * UNBEGUN_S
    assert not desk.take("third", "") and desk.shut() is None
    desk.end("other")
    assert _put(desk, "tab", "chat", "three")
    now[0] += 2 * UNBEGUN_S
    assert desk.shut() is not None


def test_desk_is_shut_while_the_notes_change_and_not_while_a_message_is_there() -> None:
    desk = Desk()
    _put(desk, "tab", "chat", "one")
    assert desk.shut() is None and not desk.is_shut
    desk.end("tab")
    ticket = desk.shut()
    assert ticket is not None and desk.is_shut
    assert desk.shut() is None and not desk.take("tab", "chat") and not desk.take("other", "")
    desk.cut_short()
    assert ticket.cancel.is_set()
    desk.reopen()
    assert not desk.is_shut and desk.take("tab", "chat")


def test_stopping_everything_stops_a_change_of_the_notes() -> None:
    desk = Desk()
    ticket = desk.shut()
    desk.stop_all()
    assert ticket is not None and ticket.cancel.is_set()


def test_desk_with_a_bound_takes_no_more_messages_from_whatever_tab() -> None:
    desk = Desk(most=1)
    assert _put(desk, "tab", "chat", "one") and not _put(desk, "other", "another", "two")
    desk.end("tab")
    assert _put(desk, "other", "another", "two")


def test_pace_counts_what_it_lets_through_and_says_how_long_to_wait() -> None:
    now = [0.0]
    pace = Pace(2, 60.0, lambda: now[0])
    assert [pace.wait_s(), pace.wait_s(), pace.wait_s()] == [0.0, 0.0, 60.0]
    now[0] = 20.0
    assert pace.wait_s() == 40.0
    now[0] = 60.0
    assert [pace.wait_s(), pace.wait_s(), pace.wait_s()] == [0.0, 0.0, 60.0]


# The session


@dataclass
class Chat:
    id: str
    title: str


@dataclass
class Found:
    chat: Chat
    snippet: str


@dataclass
class Turn:
    role: str
    content: str
    payload: dict[str, Any] | None
    id: int = 0


@dataclass
class Thought:
    turn_id: int
    value: str
    word: str = ""


class PlainSession:
    """The session's interface over a list; it answers every message with the same answer."""

    model_name = "notes-only"
    model_reason = "No chat model is installed."
    library_line = "2 notes"
    examples = ("What is a GAN?",)
    libraries = None

    def __init__(self) -> None:
        self.kept: dict[str, list[Turn]] = {}
        self.titles: dict[str, str] = {}
        self.gone: set[str] = set()
        self.thoughts: list[Thought] = []
        self.notices: list[str] = []
        self.in_quiz = False
        self.locked = False
        self.numbers = itertools.count(1)

    def new_chat(self) -> str:
        self.kept[f"chat-{len(self.kept)}"] = []
        return list(self.kept)[-1]

    def chats(self) -> list[Chat]:
        return [
            Chat(name, self.titles.get(name, name)) for name in reversed(self.kept) if name not in self.gone
        ]

    def find_chats(self, words: str) -> list[Found]:
        return [
            Found(chat, turn.content)
            for chat in self.chats()
            for turn in self.kept[chat.id][:1]
            if words in turn.content
        ]

    def turns(self, chat_id: str) -> list[Turn]:
        return list(self.kept.get(chat_id, ()))

    def rename_chat(self, chat_id: str, title: str) -> None:
        self.titles[chat_id] = title

    def delete_chat(self, chat_id: str) -> None:
        if self.locked:
            raise RecordError("The record is locked", "Close the other tutor.")
        self.gone.add(chat_id)

    def restore_chat(self, chat_id: str) -> None:
        self.gone.remove(chat_id)

    def chat_note(self, chat_id: str) -> tuple[str, str]:
        return f"{chat_id}.md", f"# {chat_id}"

    def retract_last(self, chat_id: str) -> str | None:
        if self.in_quiz:
            raise QuizError("An answer in a quiz cannot be taken back", "Go on, or say stop.")
        while self.kept[chat_id] and self.kept[chat_id][-1].role == "assistant":
            self.kept[chat_id].pop()
        return self.kept[chat_id][-1].content if self.kept[chat_id] else None

    def take_back(self, chat_id: str, instead: str | None = None) -> str | None:
        words = self.retract_last(chat_id)
        if words is not None:
            self.kept[chat_id].pop()
            if instead is not None:
                self.hear(chat_id, instead)
        return words

    def give_feedback(self, turn_id: int, value: str, word: str = "") -> None:
        self.thoughts.append(Thought(turn_id, value, word))

    def feedback(self) -> list[Thought]:
        return self.thoughts

    def hear(self, chat_id: str, message: str) -> None:
        if self.locked:
            raise RecordError("The record is locked", "Close the other tutor.")
        self._keep(chat_id, "user", message)

    def note(self, chat_id: str, text: str) -> None:
        self._keep(chat_id, "assistant", text, Notice(text))

    def _keep(self, chat_id: str, role: str, text: str, *events: Event) -> None:
        payload = {"events": [event_to_json(event) for event in events]} if events else None
        self.kept[chat_id].append(Turn(role, text, payload, next(self.numbers)))

    def respond(
        self,
        chat_id: str,
        message: str,
        *,
        style: Style | None = None,
        cancel: threading.Event | None = None,
        heard: bool = False,
    ) -> Iterator[Event]:
        if not heard:
            self.hear(chat_id, message)
        if message == "fail":
            raise ModelError("The model did not load", "Run `tutor doctor`.")
        yield Delta(QUOTE)
        yield ANSWER
        self._keep(chat_id, "assistant", QUOTE, ANSWER)


# What the buttons do, without a server


@dataclass
class Opened:
    """A page's listeners over a session of its own, and the lines they told the student in passing."""

    session: PlainSession
    desk: Desk
    chats: Chats
    listeners: Saying
    told: list[str]

    def said(self, chat_id: str) -> list[tuple[str, str]]:
        return [(turn.role, turn.content) for turn in self.session.turns(chat_id)]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    import gradio as gr

    told: list[str] = []
    monkeypatch.setattr(gr, "Info", lambda text, duration=0: told.append(text))
    session, desk = PlainSession(), Desk()
    view = View(session, lambda path: path)
    chats = Chats(session, view, desk)
    return Opened(session, desk, chats, Saying(session, view, desk, chats), told)


def _skipped(updates: list[Any]) -> bool:
    import gradio as gr

    return updates == [gr.skip()] * len(TAKING)


def _messages_of(update: Any) -> list[Message]:
    """The messages that an update of the chat shows."""
    shown: list[Message] = update._constructor_args[0]["value"]
    return shown


def _nothing_answered(opened: Opened) -> bool:
    """Whether the chat is left as it is; a generator that gives nothing would empty it."""
    import gradio as gr

    return list(opened.listeners.answered("tab", "Plain")) == [gr.skip()]


def test_words_are_on_record_before_they_are_answered(opened: Opened) -> None:
    chat_id, shown, *_ = opened.listeners.taken("tab", "", "What is a GAN?", typed=True)
    assert opened.said(chat_id) == [("user", "What is a GAN?")]
    assert [message["role"] for message in _messages_of(shown)] == ["user"]
    *_, last = opened.listeners.answered("tab", "Plain")
    assert [message["role"] for message in last] == ["user", "assistant"]
    assert opened.said(chat_id) == [("user", "What is a GAN?"), ("assistant", QUOTE)]
    assert not opened.desk.busy("tab")


def test_second_message_does_not_take_the_place_of_a_waiting_one(opened: Opened) -> None:
    chat_id = opened.listeners.taken("tab", "", "one")[0]
    assert _skipped(opened.listeners.taken("tab", chat_id, "two", typed=True))
    assert _skipped(opened.listeners.taken("another tab", chat_id, "three", typed=True))
    assert _skipped(opened.listeners.again("tab", chat_id))
    assert opened.said(chat_id) == [("user", "one")]
    assert len(opened.told) == 3 and all("One answer at a time" in line for line in opened.told)


def test_message_stopped_while_it_waits_stays_with_a_line(opened: Opened) -> None:
    chat_id = opened.listeners.taken("tab", "", "one")[0]
    shown, box, *_ = opened.listeners.stopped("tab")
    assert opened.said(chat_id) == [("user", "one"), ("assistant", STOPPED_EARLY)]
    assert STOPPED_EARLY in _messages_of(shown)[-1]["content"] and box.submit_btn == "Send"
    assert _nothing_answered(opened)
    assert opened.listeners.again("tab", chat_id)[0] == chat_id
    assert list(opened.listeners.answered("tab", "Plain"))
    assert opened.said(chat_id) == [("user", "one"), ("assistant", QUOTE)]


def test_tab_closed_while_its_message_waits_leaves_the_words_and_frees_the_conversation(
    opened: Opened,
) -> None:
    chat_id = opened.listeners.taken("tab", "", "one")[0]
    opened.listeners.left("tab")
    opened.listeners.left("tab that never asked")
    assert opened.said(chat_id) == [("user", "one"), ("assistant", STOPPED_EARLY)]
    assert opened.listeners.taken("another tab", chat_id, "two")[0] == chat_id


@pytest.mark.parametrize("closed", [True, False])
def test_tab_closed_or_stopped_while_its_words_are_being_recorded_frees_the_conversation(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    hear = opened.session.hear

    def slow(chat_id: str, message: str) -> None:
        hear(chat_id, message)
        (opened.listeners.left if closed else opened.listeners.stopped)("tab")

    monkeypatch.setattr(opened.session, "hear", slow)
    chat_id, shown, box, *_ = opened.listeners.taken("tab", "", "one")
    assert opened.said(chat_id) == [("user", "one"), ("assistant", STOPPED_EARLY)]
    assert STOPPED_EARLY in _messages_of(shown)[-1]["content"] and box.submit_btn == "Send"
    monkeypatch.undo()
    assert _nothing_answered(opened) and opened.desk.shut() is not None
    opened.desk.reopen()
    assert opened.listeners.taken("another tab", chat_id, "two")[0] == chat_id


def _asked(line: Line, text: str) -> tuple[View, Ticket]:
    """A message on record in a session of its own, to be answered in a line."""
    session = PlainSession()
    ticket = Ticket(session.new_chat(), text, recorded=True, begun=True)
    session.hear(ticket.chat_id, text)
    return View(session, lambda path: path, line=line), ticket


def test_an_answer_waits_its_turn_and_says_how_many_come_before() -> None:
    line = Line(1, 5)
    held = [line.join(), line.join()]
    view, ticket = _asked(line, "What is a GAN?")
    answer = view.answer(ticket, None)
    assert "2 before you" in next(answer)[-1]["content"]
    for place in held:
        assert place is not None
        place.leave()
    *_, last = answer
    assert QUOTE in str(last) and "before you" not in str(last)
    assert line.join().before == 0  # type: ignore[union-attr]


def test_one_who_waits_is_told_again_only_when_fewer_come_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutor.ui.view.WAITING_PAUSE_S", 0.0)
    line = Line(1, 5)
    held = [line.join(), line.join()]
    view, ticket = _asked(line, "What is a GAN?")
    answer = view.answer(ticket, None)
    assert "2 before you" in str(next(answer))
    after = threading.Timer(0.2, lambda: [place.leave() for place in held if place is not None])
    after.start()
    told = [str(shown) for shown in answer]
    assert sum("before you" in shown for shown in told) <= 1 and QUOTE in told[-1]


def test_an_answer_that_is_stopped_or_left_while_it_waits_gives_its_place_up() -> None:
    for stopped in (True, False):
        line = Line(1, 5)
        held = line.join()
        view, ticket = _asked(line, "What is a GAN?")
        answer = view.answer(ticket, None)
        next(answer)
        if stopped:
            ticket.cancel.set()
            assert STOPPED_EARLY in str([*answer][-1])
        else:
            answer.close()  # type: ignore[attr-defined]
            assert STOPPED_EARLY in str(view.chat(ticket.chat_id))
        assert held is not None
        held.leave()
        assert line.join().before == 0  # type: ignore[union-attr]


def test_a_line_that_is_full_is_told_in_the_chat() -> None:
    line = Line(1, 0)
    line.join()
    view, ticket = _asked(line, "What is a GAN?")
    assert BUSY in str([*view.answer(ticket, None)][-1])


def test_others_are_answered_while_a_demo_runs() -> None:
    line = Line(1, 5)
    view, ticket = _asked(line, "Show me a GAN training")

    def respond(*_: Any, **__: Any) -> Iterator[Event]:
        yield Delta("Here.")
        yield ToolCall("run_demo", {"name": "gan-2d"}, "Training")
        yield Delta("Done.")

    view._session.respond = respond  # type: ignore[method-assign]
    running = view.answer(ticket, None)
    next(running)
    other, waiting = _asked(line, "What is a GAN?")
    assert "1 before you" in str(next(other.answer(waiting, None)))
    next(running)
    assert QUOTE in str([*other.answer(waiting, None)][-1])
    running.close()  # type: ignore[attr-defined]


def test_stop_of_everything_reaches_a_waiting_message(opened: Opened) -> None:
    chat_id = opened.listeners.taken("tab", "", "one")[0]
    opened.desk.stop_all()
    assert STOPPED_EARLY in [*opened.listeners.answered("tab", "Plain")][-1][-1]["content"]
    assert opened.said(chat_id) == [("user", "one"), ("assistant", STOPPED_EARLY)]


def test_message_that_cannot_be_recorded_is_not_answered_and_frees_the_desk(opened: Opened) -> None:
    opened.session.locked = True
    with pytest.raises(RecordError):
        opened.listeners.taken("tab", "", "one")
    assert not opened.desk.busy("tab") and _nothing_answered(opened)
    opened.session.locked = False
    assert not _skipped(opened.listeners.taken("tab", "", "one"))


def test_message_too_long_is_refused_in_words_and_not_cut(opened: Opened) -> None:
    assert _skipped(opened.listeners.taken("tab", "", "w" * (MOST_CHARS + 1), typed=True))
    assert "4000 characters" in opened.told[0] and opened.session.kept == {}
    assert not opened.desk.busy("tab")


def test_retry_keeps_the_words_and_answers_them_anew(opened: Opened) -> None:
    chat_id = opened.listeners.taken("tab", "", "one")[0]
    list(opened.listeners.answered("tab", "Plain"))
    shown = opened.listeners.again("tab", chat_id)[1]
    assert opened.said(chat_id) == [("user", "one")] and len(_messages_of(shown)) == 1
    list(opened.listeners.answered("tab", "Plain"))
    assert opened.said(chat_id) == [("user", "one"), ("assistant", QUOTE)]


def test_retry_in_a_quiz_is_a_notice_and_changes_nothing(opened: Opened) -> None:
    chat_id = opened.listeners.taken("tab", "", "B. It fools D")[0]
    list(opened.listeners.answered("tab", "Plain"))
    before = opened.said(chat_id)
    opened.session.in_quiz = True
    assert _skipped(opened.listeners.again("tab", chat_id))
    assert opened.told == ["An answer in a quiz cannot be taken back. Go on, or say stop."]
    assert opened.said(chat_id) == before and not opened.desk.busy("tab")


def test_words_without_an_answer_are_said_to_wait_when_they_are_opened_again(opened: Opened) -> None:
    chat_id = opened.session.new_chat()
    opened.session.hear(chat_id, "one")
    assert "not here yet" in _messages_of(opened.chats.newest()[1])[-1]["content"]
    opened.session.note(chat_id, "so")
    assert "not here yet" not in _messages_of(opened.chats.newest()[1])[-1]["content"]


def test_conversation_that_is_being_answered_is_not_deleted(opened: Opened) -> None:
    chat_id = opened.listeners.taken("tab", "", "one")[0]
    opened.chats.deleted(chat_id)
    assert [chat.id for chat in opened.session.chats()] == [chat_id]
    assert opened.told == ["This conversation is being answered: stop the answer first."]


def _answer(opened: Opened, *questions: str) -> str:
    """A conversation in which these questions were asked and answered."""
    chat_id = ""
    for question in questions:
        chat_id = opened.listeners.taken("tab", chat_id, question)[0]
        list(opened.listeners.answered("tab", "Plain"))
    return chat_id


def test_a_question_that_is_edited_takes_the_place_of_the_last_and_of_its_answer(opened: Opened) -> None:
    chat_id = _answer(opened, "one", "two")
    _, shown, *_ = opened.listeners.edited("tab", chat_id, 2, "  three ")
    assert [turn for turn in opened.said(chat_id)] == [
        ("user", "one"),
        ("assistant", QUOTE),
        ("user", "three"),
    ]
    assert [message["role"] for message in _messages_of(shown)] == ["user", "assistant", "user"]
    list(opened.listeners.answered("tab", "Plain"))
    assert opened.said(chat_id)[-1] == ("assistant", QUOTE) and not opened.desk.busy("tab")


@pytest.mark.parametrize(
    ("place", "text"), [(0, "three"), (1, "three"), (9, "three"), (2, " "), (2, "w" * 4001)]
)
def test_what_cannot_be_edited_is_shown_as_it_is_on_record(opened: Opened, place: int, text: str) -> None:
    chat_id = _answer(opened, "one", "two")
    before = opened.said(chat_id)
    shown = _messages_of(opened.listeners.edited("tab", chat_id, place, text)[1])
    assert opened.said(chat_id) == before and len(shown) == 4 and "two" in shown[2]["content"]
    assert not opened.desk.busy("tab")


def test_the_last_exchange_is_undone_and_its_words_are_in_the_box(opened: Opened) -> None:
    chat_id = _answer(opened, "one", "two")
    _, shown, box, *_ = opened.listeners.undone("tab", chat_id, "")
    assert opened.said(chat_id) == [("user", "one"), ("assistant", QUOTE)] and box.value == "two"
    assert len(_messages_of(shown)) == 2 and not opened.desk.busy("tab")
    import gradio as gr

    assert opened.listeners.undone("tab", chat_id, "a draft")[2] == gr.skip()
    assert opened.said(chat_id) == [] and _skipped(opened.listeners.undone("tab", chat_id, ""))


def test_an_answer_in_a_quiz_is_neither_edited_nor_undone(opened: Opened) -> None:
    chat_id = _answer(opened, "B")
    opened.session.in_quiz = True
    assert _skipped(opened.listeners.undone("tab", chat_id, ""))
    assert len(_messages_of(opened.listeners.edited("tab", chat_id, 0, "C")[1])) == 2
    assert opened.said(chat_id) == [("user", "B"), ("assistant", QUOTE)] and len(opened.told) == 2


def test_what_is_thought_of_an_answer_is_kept_and_shown_and_a_word_is_asked_for(opened: Opened) -> None:
    chat_id = _answer(opened, "one", "two")
    answers = [turn.id for turn in opened.session.turns(chat_id) if turn.role == "assistant"]
    assert opened.listeners.liked(chat_id, 1, "like")[1].visible is False
    chat, row, _, turn = opened.listeners.liked(chat_id, 3, "dislike")
    assert row.visible and turn == answers[1]
    assert chat._constructor_args[0] == {"feedback_value": ["Like", "Dislike"]}
    opened.listeners.worded(turn, " too long ")
    opened.listeners.worded(turn, "  ")
    assert [(one.turn_id, one.value, one.word) for one in opened.session.thoughts] == [
        (answers[0], "like", ""), (answers[1], "dislike", ""), (answers[1], "dislike", "too long")
    ]  # fmt: skip


def test_a_conversation_is_set_once_for_each_thing_that_is_done_with_it(opened: Opened) -> None:
    served: list[str] = []
    view = View(opened.session, lambda path: (served.append(path), path)[1])
    saying = Saying(opened.session, view, opened.desk, opened.chats)
    chat_id = _answer(opened, "one")
    outcome = DemoOutcome({"demo": "gan-2d", "images": ["/p/a.png"]})
    opened.session._keep(chat_id, "assistant", "A demo.", outcome)
    places = [message["role"] for message in view.chat(chat_id)]
    for work in (
        lambda: chat_update(view, chat_id),
        lambda: chat_update(view, chat_id, reopened=True),
        lambda: saying.liked(chat_id, places.index("assistant"), "like"),
    ):
        served.clear()
        work()
        assert served == ["/p/a.png"]
    assert opened.session.thoughts[0].turn_id == opened.session.turns(chat_id)[-1].id
    assert view.liked(view.shown(chat_id)) == ["Like"]


@pytest.mark.parametrize("place", [0, 2, -1, 7])
def test_nothing_is_thought_of_what_is_no_answer(opened: Opened, place: int) -> None:
    chat_id = _answer(opened, "one", "two")
    opened.listeners.liked(chat_id, place, "dislike")
    assert opened.session.thoughts == []


def test_conversations_are_found_by_their_words_with_the_place(opened: Opened) -> None:
    _answer(opened, "What is a GAN?")
    chat_id = _answer(opened, "What is a VAE?")
    _, chats, none, *_ = opened.chats.looked_for("tab", chat_id, "GAN")
    assert chats.choices == [("chat-0\nWhat is a GAN?", "chat-0")] and not none.visible
    _, chats, none, *_ = opened.chats.looked_for("tab", chat_id, "nowhere")
    assert not chats.visible and "No conversation holds these words" in none.value
    assert [label for label, _ in opened.chats.looked_for("tab", chat_id, " ")[1].choices] == [
        "chat-1",
        "chat-0",
    ]


def test_a_long_list_of_conversations_is_cut_and_says_so(opened: Opened) -> None:
    for _ in range(MOST_LISTED + 5):
        opened.session.new_chat()
    chats = opened.chats.listing("", False)[1]
    assert len(chats.choices) == MOST_LISTED and chats.info == "5 older ones are found by their words."


def test_a_deleted_conversation_comes_back_with_undo(opened: Opened) -> None:
    chat_id = _answer(opened, "one")
    updates = opened.chats.deleted(chat_id)
    assert opened.session.chats() == [] and updates[0] == ""
    row, said, gone, clock = updates[-4:]
    assert row.visible and "“chat-0” is deleted" in said and gone == chat_id and clock.active
    updates = opened.chats.brought_back("tab", chat_id, "")
    assert updates[0] == chat_id and len(_messages_of(updates[1])) == 2
    assert [chat.id for chat in opened.session.chats()] == [chat_id] and not updates[-4].visible


def test_undo_of_a_deletion_during_an_answer_leaves_the_student_at_the_answer(opened: Opened) -> None:
    import gradio as gr

    gone = _answer(opened, "one")
    opened.chats.deleted(gone)
    asked = opened.listeners.taken("tab", "", "two")[0]
    updates = dict(zip((*OPENED, *DELETED), opened.chats.brought_back("tab", gone, asked), strict=True))
    assert updates["chat_id"] == updates["chat"] == gr.skip() and not updates["gone"].visible
    assert [chat_id for _, chat_id in updates["chats"].choices] == [asked, gone]
    assert updates["chats"].value == asked
    assert not any(updates[name].interactive for name in ("chats", "new", "delete"))


def test_the_words_that_are_looked_for_stay_whatever_is_said_or_deleted(opened: Opened) -> None:
    _answer(opened, "What is a GAN?")
    chat_id = _answer(opened, "What is a VAE?")

    def found(names: Sequence[str], updates: list[Any]) -> list[str]:
        listed = dict(zip(names, updates, strict=True))
        assert "value" not in listed["find"]._constructor_args[0]
        return [chat for _, chat in listed["chats"].choices]

    saying, words = opened.listeners, "GAN"
    said = ("chat", "box", *LISTED)
    assert found(TAKING, saying.taken("tab", chat_id, "And?", words)) == ["chat-0"]
    assert found(said, saying.stopped("tab", words)) == ["chat-0"]
    assert found(TAKING, saying.again("tab", chat_id, words)) == ["chat-0"]
    assert found(said, saying.stopped("tab", words)) == ["chat-0"]
    assert found(TAKING, saying.edited("tab", chat_id, 2, "Or?", words)) == ["chat-0"]
    assert found(said, saying.stopped("tab", words)) == ["chat-0"]
    assert found(TAKING, saying.undone("tab", chat_id, "", words)) == ["chat-0"]
    assert found((*OPENED, *DELETED), opened.chats.deleted(chat_id, words)) == ["chat-0"]
    back = opened.chats.brought_back("tab", chat_id, "", words)
    assert found((*OPENED, *DELETED), back) == ["chat-0"]
    assert opened.chats.begun()[OPENED.index("find")].value == ""


def test_a_conversation_is_renamed_and_taken_away_as_a_note(opened: Opened) -> None:
    chat_id = _answer(opened, "one")
    assert opened.chats.renaming(chat_id)[1].value == "chat-0"
    updates = dict(zip(LISTED, opened.chats.renamed("tab", chat_id, "My GANs", ""), strict=True))
    assert updates["chats"].choices == [("My GANs", chat_id)] and not updates["renaming"].visible
    first, second = (json.loads(opened.chats.taken(chat_id)) for _ in range(2))
    assert first[1:] == ["chat-0.md", "# chat-0"] and first[0] != second[0]


def test_nothing_is_asked_while_the_notes_change(opened: Opened) -> None:
    opened.desk.shut()
    assert _skipped(opened.listeners.taken("tab", "", "one"))
    assert opened.told == ["The notes are being read: ask again when that is done."]
    assert opened.session.kept == {}


def test_failure_of_an_answer_is_a_line_under_the_words(opened: Opened) -> None:
    opened.listeners.taken("tab", "", "fail")
    *_, last = opened.listeners.answered("tab", "Plain")
    assert [message["role"] for message in last] == ["user", "assistant"]
    assert "The model did not load" in last[-1]["content"] and not opened.desk.busy("tab")


# The notes


def _read(*notes: Note, skipped: tuple[Skipped, ...] = (), passages: tuple[Any, ...] = ()) -> ReadNotes:
    index = NoNotes(Path("index"))
    index.notes, index.passages = list(notes), list(passages)
    return ReadNotes(NotesLibrary("x", "X", (), Path("index")), index, skipped, ())


def test_what_was_read_and_skipped_is_listed_with_the_reason_and_escaped() -> None:
    evil = "<img src=x onerror=alert(1)>\n\n**x**"
    shown = contents_html(
        _read(Note("a.md", "markdown", "Osmosis"), Note(evil, "html", evil), skipped=(Skipped(evil, evil),))
    )
    assert "<h2>Read: 2 notes</h2>" in shown and "<b>Osmosis</b><span>a.md · markdown</span>" in shown
    assert "<h2>Skipped: 1</h2>" in shown and "<img" not in shown and "\n" not in shown
    assert shown.index("Skipped: 1") < shown.index("Read: 2 notes")
    assert "<h2>Read: nothing</h2>" in contents_html(_read()) and "Skipped" not in contents_html(_read())
    many = contents_html(_read(*[Note(f"{n}.md", "markdown", "") for n in range(MOST_LINES + 5)]))
    assert many.count("<li>") == MOST_LINES + 1 and "<li>and 5 more</li>" in many
    in_sight, folded = many.split(f"<details><summary>and {MOST_LINES + 5 - FIRST_LINES} more</summary>")
    assert in_sight.count("<li>") == FIRST_LINES and folded.endswith("</ul></details></div>")
    few = [Note(f"{n}.md", "markdown", "") for n in range(FIRST_LINES)]
    assert "<details>" not in contents_html(_read(*few))


def test_a_line_on_what_was_done_is_escaped() -> None:
    assert (
        status_html("<b>\n\nsecond") == '<div role="status" class="done"><p>&lt;b&gt;</p><p>second</p></div>'
    )
    assert status_html(" ") == ""


@pytest.fixture
def shelf(settings: Settings, embedding: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """The part for the notes over a real session; uploads lie in `cache_dir/up`."""
    import gradio as gr

    import tutor.session

    monkeypatch.setattr(tutor.session, "Embedding", lambda: embedding)
    monkeypatch.setattr(gr, "Info", lambda text, duration=0: None)
    session = tutor.session.open_session(settings, record=True)
    uploads = settings.cache_dir / "up"
    uploads.mkdir(parents=True)
    view = View(session, lambda path: path)
    yield Shelf(session, session.libraries, view, Desk(), lambda: str(uploads))
    session.close()


def _sent(shelf: Shelf, name: str, data: bytes, folder: str = "0a") -> dict[str, Any]:
    """A file as it lies after an upload, and what the browser says of it."""
    path = Path(shelf._upload_folder()) / folder / "file.md"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return {"path": str(path), "orig_name": name}


def _done(shelf: Shelf, work: Any, chat_id: str = "", seen: str | None = None, picked: str = "") -> str:
    """The line that stands on the page when the work is done."""
    [*_, (shown, _)] = shelf.change(chat_id, work, seen, picked=picked)
    return re.sub(r"<[^>]+>", "", shown[SHOWN.index("status")].value)


def _age(path: Path, by_s: float) -> None:
    os.utime(path, (time.time() - by_s,) * 2)


def test_uploads_are_copied_and_what_was_refused_is_told(shelf: Shelf) -> None:
    assert "“Biology” is made" in _done(shelf, partial(shelf.make, "Biology"))
    sent = [
        _sent(shelf, "../../osmosis.md", b"# Osmosis\n\nOsmosis moves water.\n", "0a"),
        _sent(shelf, "broken.md", b"\xff\xfa\x00", "0b"),
        _sent(shelf, "photo.png", b"x", "0c"),
    ]
    said = _done(shelf, partial(shelf.add_files, sent), seen="biology")
    assert said.startswith("1 file added. 1 of 2 cannot be read.") and "broken.md cannot be read: " in said
    told = notices_html(shelf._session)
    assert told == "<div><p>1 file could not be read: see “Notes”.</p></div>"
    assert "broken.md" in contents_html(shelf._session.notes_read)
    assert "photo.png was not added" in said
    assert shelf._libraries.files("biology") == ["broken.md", "osmosis.md"]
    assert [note.path for note in shelf._session.notes_read.index.notes] == ["osmosis.md"]


def test_uploads_are_removed_once_they_have_lain_and_what_is_shown_to_students_never(shelf: Shelf) -> None:
    _done(shelf, partial(shelf.make, "Biology"))
    old, new = (_sent(shelf, f"{folder}.md", b"# A\n\nText.\n", folder) for folder in ("0a", "0b"))
    shown = Path(old["path"]).with_name("final.png")
    shown.write_bytes(b"x")
    shown.chmod(0o400)  # as the page makes its copies
    refused = [Path(old["path"]).with_name(f"mine{ending}") for ending in (".png", ".gif", ".json")]
    for path in refused:
        path.write_bytes(b"x")
    for path in (Path(old["path"]), shown, *refused):
        _age(path, UPLOAD_KEPT_S + 60)
    said = _done(shelf, partial(shelf.add_files, [new, {"path": str(shown), "orig_name": "final.png"}]))
    assert said.startswith("1 file added.") and "final.png was not added" in said
    assert shown.is_file() and Path(new["path"]).is_file() and not Path(old["path"]).exists()
    assert not any(path.exists() for path in refused)


def test_the_pages_own_copy_of_a_picture_is_told_from_an_upload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tutor.ui.page import _Pictures
    from tutor.ui.shelf import remove_uploads

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "up"))
    picture = tmp_path / "final.png"
    picture.write_bytes(b"picture")
    copy = _Pictures()(str(picture))
    assert copy is not None and Path(copy).is_relative_to(tmp_path / "up")
    _age(Path(copy), UPLOAD_KEPT_S + 60)
    remove_uploads(tmp_path / "up", time.time())
    assert Path(copy).read_bytes() == b"picture" and _Pictures()(str(picture)) == copy


def test_two_who_send_the_same_file_at_once_both_get_it(shelf: Shelf) -> None:
    sent = _sent(shelf, "osmosis.md", b"# Osmosis\n\nOsmosis moves water.\n")
    for name in ("Biology", "Chemistry"):
        _done(shelf, partial(shelf.make, name))
        assert _done(shelf, partial(shelf.add_files, [sent])).startswith("1 file added.")


def test_a_path_outside_the_upload_folder_is_neither_read_nor_removed(shelf: Shelf, notes: Path) -> None:
    _done(shelf, partial(shelf.make, "Biology"))
    inside = Path(_sent(shelf, "x.md", b"x")["path"])
    (inside.parent / "link.md").symlink_to(notes / "gan.md")
    for path in (notes / "gan.md", inside.parent.parent / ".." / "up" / "link", inside.parent / "link.md"):
        said = _done(shelf, partial(shelf.add_files, [{"path": str(path), "orig_name": "gan.md"}]))
        assert "An upload did not arrive" in said
    assert (notes / "gan.md").exists() and shelf._libraries.files("biology") == []


def test_the_notes_do_not_change_while_a_message_is_answered(shelf: Shelf) -> None:
    shelf._desk.take("another tab", "chat")
    sent = [_sent(shelf, "a.md", b"x")]
    assert _done(shelf, partial(shelf.make, "Biology")) == ""
    assert _done(shelf, partial(shelf.add_files, sent)) == "" and len(shelf._libraries.all()) == 1
    shelf._desk.end("another tab")
    assert "is made" in _done(shelf, partial(shelf.make, "Biology")) and not shelf._desk.is_shut


def test_a_choice_of_a_library_that_is_told_twice_is_done_once_and_not_refused(shelf: Shelf) -> None:
    _done(shelf, partial(shelf.make, "Biology"))
    inside: list[Any] = []

    def slow(report: Any) -> str:
        inside.extend(shelf.change("", partial(shelf.choose, "."), None, picked="."))
        inside.extend(shelf.change("", partial(shelf.choose, "biology"), None, picked="biology"))
        inside.extend(shelf.change("", partial(shelf.choose, "chemistry"), None, picked="chemistry"))
        return shelf.choose(".", report)

    list(shelf.change("", slow, None, picked="."))
    again, left, other = (shown[SHOWN.index("status")] for shown, _ in inside)
    assert "value" not in again and "value" not in left and "Wait until" in other.value
    assert shelf._session.library.slug == ""
    shelf._desk.take("another tab", "chat")
    [(shown, _)] = shelf.change("", partial(shelf.choose, "."), None, picked=".")
    assert "value" not in shown[SHOWN.index("status")]
    assert "Wait until the answer is finished" in _done(
        shelf, partial(shelf.choose, "biology"), picked="biology"
    )
    assert shelf._session.library.slug == ""


def test_the_library_in_use_chosen_again_reads_what_changed(shelf: Shelf) -> None:
    _done(shelf, partial(shelf.make, "Biology"))
    sent = _sent(shelf, "osmosis.md", b"# Osmosis\n\nOsmosis moves water.\n")
    shelf._libraries.add_file("biology", Path(sent["path"]), "osmosis.md")
    _done(shelf, partial(shelf.choose, "biology"), picked="biology")
    assert [note.path for note in shelf._session.notes_read.index.notes] == ["osmosis.md"]


def test_a_list_that_another_tab_has_outdated_removes_nothing(shelf: Shelf) -> None:
    _done(shelf, partial(shelf.make, "Biology"))
    _done(shelf, partial(shelf.make, "Chemistry"))
    assert "Another library came into use" in _done(shelf, shelf.delete, seen="biology")
    assert len(shelf._libraries.all()) == 3 and not shelf._desk.is_shut


def test_a_library_that_comes_into_use_at_the_last_moment_is_not_deleted(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Chemistry", "Biology"):
        _done(shelf, partial(shelf.make, name))
    shut = shelf._desk.shut

    def shut_after_a_switch(purpose: str = "") -> Ticket | None:
        shelf._session.use_library("chemistry")
        return shut(purpose)

    monkeypatch.setattr(shelf._desk, "shut", shut_after_a_switch)
    assert "Another library came into use" in _done(shelf, shelf.delete, seen="biology")
    assert len(shelf._libraries.all()) == 3 and not shelf._desk.is_shut


def test_the_conversation_says_from_where_it_is_answered(shelf: Shelf) -> None:
    chat_id = shelf._session.new_chat()
    _done(shelf, partial(shelf.make, "Biology"), chat_id)
    _done(shelf, partial(shelf.choose, "."), chat_id)
    _done(shelf, partial(shelf.choose, "."), chat_id)
    assert [turn.content for turn in shelf._session.turns(chat_id)] == [
        "From here on I answer from: Biology",
        "From here on I answer from: notes",
    ]


def test_what_goes_wrong_is_told_in_words_and_the_desk_is_open_again(shelf: Shelf) -> None:
    _done(shelf, partial(shelf.make, "Biology"))
    for work, says in (
        (partial(shelf.make, "biology"), "There is a library “biology” already"),
        (partial(shelf.add_folder, "/"), "is no folder of notes"),
        (partial(shelf.take_out, "file:none.md"), "is not in this library"),
        (partial(shelf.choose, "none"), "gone"),
        (lambda report: 1 / 0, "Something went wrong"),
    ):
        assert says in _done(shelf, work)
        assert not shelf._desk.is_shut


def test_no_folder_is_named_from_another_device(shelf: Shelf, notes: Path) -> None:
    _done(shelf, partial(shelf.make, "Biology"))
    shelf._local = False
    assert "Folders are not added on a page open to other devices" in _done(
        shelf, partial(shelf.add_folder, str(notes))
    )
    assert shelf._libraries.get("biology").linked == ()


def test_reading_can_be_stopped_and_nothing_is_lost(shelf: Shelf, notes: Path) -> None:
    _done(shelf, partial(shelf.make, "Biology"))

    def stopped(report: Any) -> str:
        shelf.halt()
        return shelf.add_folder(str(notes), report)

    assert "Reading was stopped" in _done(shelf, stopped)
    assert shelf._libraries.get("biology").linked == (notes.resolve(),)
    assert not shelf._session.collect(shelf._session.ask("What is mode collapse?")).refused


def test_a_deleted_library_makes_place_for_the_notes_of_the_start(shelf: Shelf) -> None:
    _done(shelf, partial(shelf.make, "Biology"))
    assert "“Biology” is deleted" in _done(shelf, shelf.delete, seen="biology")
    assert shelf._session.library.name == "notes" and len(shelf._libraries.all()) == 1
    assert "cannot be changed here" in _done(shelf, shelf.delete, seen="")


# The server


def _settings(folder: Path, **values: Any) -> Settings:
    values = {"port": 0} | values
    return Settings((folder,), folder, data_dir=folder / "data", cache_dir=folder / "cache", **values)


@pytest.fixture(scope="module")
def session() -> PlainSession:
    return PlainSession()


@pytest.fixture(scope="module")
def server(session: PlainSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    running = start_server(session, _settings(tmp_path_factory.mktemp("page")))
    yield running
    running.stop()


def _request(
    server: RunningPage, method: str, path: str, headers: dict[str, str]
) -> http.client.HTTPResponse:
    address = server.url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for name, value in ({"Host": address, "Content-Length": "0"} | headers).items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse()


def test_page_comes_with_its_policy(server: RunningPage) -> None:
    response = _request(server, "GET", "/", {})
    assert response.status == 200
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "form-action 'none'" in policy and "'unsafe-eval'" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in response.headers["Permissions-Policy"]


def _upload(
    server: RunningPage,
    data: bytes,
    name: str = "note.md",
    *,
    path: str = "/gradio_api/upload",
    chunked: bool = False,
    **headers: str,
) -> tuple[int, str]:
    """Sends a file as the page does; gives the status and the words of the answer."""
    address = server.url.removeprefix("http://")
    head = f'--cut\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + b"\r\n--cut--\r\n"
    sent = {"Content-Type": "multipart/form-data; boundary=cut", "Origin": server.url} | headers
    sent = {name: value for name, value in sent.items() if value}
    connection = http.client.HTTPConnection(address, timeout=20)
    parts = (body[at : at + 65536] for at in range(0, len(body), 65536))
    with suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was sent
        connection.request("POST", path, parts if chunked else body, sent, encode_chunked=chunked)
    response = connection.getresponse()
    return response.status, response.read().decode()


def _page_folder() -> Path:
    from gradio.utils import get_upload_folder

    return Path(get_upload_folder())


def test_a_file_is_uploaded_by_the_page_into_its_own_folder_and_is_not_served(server: RunningPage) -> None:
    status, said = _upload(server, b"# Note")
    [path] = map(Path, json.loads(said))
    assert status == 200 and path.read_bytes() == b"# Note"
    assert path.parent.parent.resolve() == _page_folder().resolve()
    for form in ("file=", "file/", "file%3D"):
        assert _request(server, "GET", f"/gradio_api/{form}{path}", {}).status in (403, 404)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_too_large_is_refused_whatever_length_it_claims(server: RunningPage, chunked: bool) -> None:
    before = {path for path in _page_folder().rglob("*") if path.is_file()}
    status, said = _upload(server, b"x" * 6_000_000, chunked=chunked)
    assert status == 413 and "maximum allowed size" in said
    assert {path for path in _page_folder().rglob("*") if path.is_file()} == before


def test_no_body_is_read_beyond_its_bound(server: RunningPage, monkeypatch: pytest.MonkeyPatch) -> None:
    import tutor.ui.guard

    monkeypatch.setattr(tutor.ui.guard, "MOST_UPLOAD_BYTES", 2_000_000)
    status, said = _upload(server, b"x" * 4_000_000, chunked=True)
    assert (status, said) == (413, "Refused: at most 2 MB at once.")
    status, said = _upload(server, b"x" * 4_000_000, path="/gradio_api/queue/join", chunked=True)
    assert (status, said) == (413, "Refused: at most 1 MB at once.")
    assert _upload(server, b"small")[0] == 200


@pytest.mark.parametrize("name", ["../../x.md", "..\\..\\x.md", "/etc/x.md", "n" * 400 + ".md", ".hidden.md"])
def test_a_file_name_leads_nowhere_else(server: RunningPage, name: str) -> None:
    before = set(_page_folder().parent.rglob("*.md"))
    status, said = _upload(server, b"# " + name.encode(), name)
    assert status == 200, said
    [path] = map(Path, json.loads(said))
    assert path.resolve().parent.parent == _page_folder().resolve()
    assert set(_page_folder().parent.rglob("*.md")) - before == {path}


def test_what_an_earlier_page_left_behind_goes_at_the_next_start(tmp_path: Path) -> None:
    from tutor.ui.serving import remove_left_behind

    now, hour = 1_000_000.0, 3600.0
    ages = {"tmpold": 2 * hour, "tmpnew": 1.0, "0a/frame.png": 25 * hour, "0b/note.md": 25 * hour,
            "0b/film.gif": 23 * hour, "0c/note.md": 1.0}  # fmt: skip
    for name, age in ages.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        os.utime(path, (now - age,) * 2)
    remove_left_behind(tmp_path, now)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {"tmpnew", "0b", "0b/film.gif", "0c", "0c/note.md"}


def test_a_request_for_a_picture_opens_no_record_and_waits_for_none() -> None:
    opened, goes_on = threading.Event(), threading.Event()

    def make(name: str) -> Any:
        opened.set()
        goes_on.wait(20)
        return SimpleNamespace(shows={"/p/own.png"}.__contains__)

    seats: Seats[Any] = Seats(make, are_named=True, shown_to_all={"/p/all.png"})
    entered = SimpleNamespace(tokens={"key": "ann"}, cookie_id="x")
    door = SimpleNamespace(line=lambda name: "a line")
    passed: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope["path"])

    async def send(message: Any) -> None:
        pass

    gate = Gate(app, entered, seats, door, lambda: 0.0)  # type: ignore[arg-type]
    gate._let_in["key"] = "a line"

    def asked(file: str) -> bool:
        path = f"/gradio_api/file={file}"
        headers = [(b"cookie", b"access-token-x=key")]
        scope = {"type": "http", "method": "GET", "path": path, "headers": headers}
        asyncio.run(gate(scope, None, send))  # type: ignore[arg-type]
        return path in passed

    assert not asked("/p/own.png") and asked("/p/all.png") and not opened.is_set()
    opening = threading.Thread(target=seats.of, args=["ann"])
    opening.start()
    assert opened.wait(20)
    assert not asked("/p/own.png") and opening.is_alive()
    goes_on.set()
    opening.join()
    assert asked("/p/own.png") and not asked("/p/anothers.png")


def test_the_history_of_runs_is_off(server: RunningPage) -> None:
    assert json.loads(_request(server, "GET", "/config", {}).read()).get("run_history") in (None, False)


def test_a_program_can_talk_to_the_page(server: RunningPage, session: PlainSession) -> None:
    from gradio_client import Client

    client = Client(server.url, verbose=False, analytics_enabled=False)
    client.predict("What is mode collapse?", api_name="/say")
    shown = client.predict("Plain", api_name="/answer")
    texts = [block["text"] for message in shown for block in message["content"]]
    assert [message["role"] for message in shown] == ["user", "assistant"]
    assert "What is mode collapse?" in texts[0] and QUOTE in texts[1]
    assert [turn.role for turn in session.kept["chat-0"]] == ["user", "assistant"]
    client.close()


def test_port_in_use_is_told_before_any_work(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            PageError, match=rf"Port {port} is in use\. Choose another with `tutor --port {port + 1}`"
        ):
            check_address(_settings(tmp_path, port=port))
        assert not (tmp_path / "cache").exists()


def test_a_page_that_could_not_be_built_frees_the_port_and_logs_nothing_more(
    session: PlainSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no page")

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        settings = _settings(tmp_path, port=other.getsockname()[1])
    before = list(logging.getLogger("tutor").handlers)
    monkeypatch.setattr("tutor.ui.serving.build_page", broken)
    with pytest.raises(RuntimeError, match="no page"):
        start_server(session, settings)
    assert logging.getLogger("tutor").handlers == before
    check_address(settings)


def test_unknown_host_is_told(tmp_path: Path) -> None:
    from tutor.logins import add_login

    add_login(tmp_path / "logins", "ann", "correct horse")
    with pytest.raises(PageError, match=r"cannot be served on 192\.0\.2\.1"):
        check_address(_settings(tmp_path, host="192.0.2.1", auth=tmp_path / "logins"))


def test_open_to_the_network_needs_a_log_in(tmp_path: Path) -> None:
    with pytest.raises(PageError, match="--auth"):
        check_address(_settings(tmp_path, host="0.0.0.0"))
    with pytest.raises(PageError, match="anyone who has the address"):
        check_address(_settings(tmp_path, share=True))


@pytest.mark.parametrize("text", ["", "# only a comment\n", "ann\n", "ann:secret\n"])
def test_file_without_logins_is_refused_before_anything_is_opened(tmp_path: Path, text: str) -> None:
    (tmp_path / "logins").write_text(text)
    (tmp_path / "logins").chmod(0o600)
    with pytest.raises(SettingsError, match="tutor users add"):
        check_address(_settings(tmp_path, auth=tmp_path / "logins"))


def test_failure_of_a_button_reaches_the_student_as_words() -> None:
    import gradio as gr

    from tutor.ui.door import at_the_door

    locked = PlainSession()
    locked.locked = True
    seats: Seats[Any] = Seats(lambda name: locked, are_named=False)
    guarded = at_the_door(seats.of, lambda mine, chat_id: mine.delete_chat(chat_id))
    with pytest.raises(gr.Error, match=r"The record is locked\. Close the other tutor\."):
        guarded(None, "chat-0")


_SERVE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from tutor.settings import Settings
from tutor.ui import serve
class Empty:
    model_name, model_reason, library_line, examples = "notes-only", "none", "no notes", ()
    notices, libraries = (), None
    def chats(self): return []
folder = Path(sys.argv[2])
settings = Settings((folder,), folder, data_dir=folder / "data", cache_dir=folder / "cache", port=0)
serve(Empty(), settings, on_ready=lambda page: print(page.url, flush=True))
print("ended", flush=True)
"""


_HOSTILE = {
    "GRADIO_SHARE": "True",
    "GRADIO_ALLOWED_PATHS": "/",
    "GRADIO_MCP_SERVER": "True",
    "GRADIO_SSR_MODE": "True",
    "GRADIO_RUN_HISTORY": "True",
    "GRADIO_ROOT_PATH": "http://evil.example",
    "GRADIO_ANALYTICS_ENABLED": "True",
    "GRADIO_DEBUG": "1",
}


def test_no_variable_that_was_inherited_opens_the_page_and_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    code = "from tutor.settings import close_environment; close_environment()" + _SERVE
    command = [sys.executable, "-c", code, str(PROJECT_ROOT), str(tmp_path)]
    environment = os.environ | _HOSTILE | {"PYTHONPATH": str(PROJECT_ROOT)}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        page = RunningPage(url, None, None, None, None)  # type: ignore[arg-type]
        try:
            config = json.loads(_request(page, "GET", "/config", {}).read())
            assert not config["run_history"] and not config["analytics_enabled"]
            assert "evil.example" not in json.dumps(config) and config["root"].startswith("http://127.0.0.1")
            for path in ("/gradio_api/mcp/", "/gradio_api/file=/etc/hostname", "/gradio_api/file=/etc/x.png"):
                assert _request(page, "GET", path, {}).status in (403, 404), path
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and out.strip() == "ended" and "Traceback" not in err


def test_ctrl_c_ends_the_page_cleanly(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _SERVE, str(PROJECT_ROOT), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and out.strip() == "ended" and "Traceback" not in err
