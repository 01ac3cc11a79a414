"""The quiz as a state machine: every message has a move, each step is kept before it is shown, no crash loses any."""

from __future__ import annotations

import ast
import json
import random
import re
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tutor.errors import QuizError
from tutor.notes.note import Note
from tutor.quiz import frames
from tutor.quiz.authored import authored_item
from tutor.quiz.chosen import chosen_ids, how_to_answer
from tutor.quiz.cuts import reveals
from tutor.quiz.facts import Entry, fact_of
from tutor.quiz.frames import CHINESE as FRAMES
from tutor.quiz.frames import is_chinese
from tutor.quiz.grading import Grade, grade
from tutor.quiz.hints import hint
from tutor.quiz.items import Item, Kind, Option, item_id
from tutor.quiz.keeping import Quizzes, RoundsInMemory, Settle
from tutor.quiz.moves import MOST_CHARS, Rules, asks_again, follows_quiz
from tutor.quiz.replies import NOT_SURE, SURE, Reply, asks_to_go_on, confidence_of, reply_of
from tutor.quiz.rounds import MOST_PAUSED, Round, start
from tutor.quiz.scoring import Mark, chance, known_share, score_of
from tutor.quiz.word_answers import grade_cloze
from tutor.quiz.wording import BEGINNERS
from tutor.turns import Citation, Event, Notice, QuizGrade, QuizItem, QuizScore, QuizWhy

KEY = "The discriminator's loss increases, because its fakes become harder to detect."
STEM = "What happens to the discriminator's loss when the generator gets better?"


def make_item(note: Note, entry: Entry, rng: random.Random) -> Item | None:
    """The item of one card or question of a note."""
    fact = fact_of(note, entry)
    return authored_item(fact, rng) if fact else None


def item(
    kind: Kind,
    stem: str,
    key: str,
    options: Sequence[str] = (),
    quote: str = "",
    *,
    left: Sequence[str] = (),
    fact: str = "",
    concept: str = "GANs",
) -> Item:
    """An item whose options have the ids o1, o2 ... in the given order."""
    made = tuple(
        Option(f"o{n}", text, f"This is why {text}.", f"fact-{text}") for n, text in enumerate(options, 1)
    )
    quote = quote or key
    cited = Citation(1, "gan.md", (3, 4), quote, "GAN notes", ("Losses",), quote)
    name = item_id("gan.md", kind, stem, key, made)
    return Item(name, kind, stem, made, key, "", cited, quote, ("Losses",), "gan.md", fact or f"fact-{name}", concept,
                left=tuple(left))  # fmt: skip


SHORT = item("short", STEM, KEY)
CHOICE = item("choice", "What is a generative model like?", "o2",
              ["An art critic", "An artist", "A dog photo", "A tree"],
              "A generative model is like an artist who paints new pictures.")  # fmt: skip
TRUTH = item(
    "true-false", "The generator sees real images.", "o2", ["True", "False"], "It never sees real images."
)
EITHER = item("either", "It turns noise into samples.", "o1", ["Generator", "Discriminator"],
              "The generator turns noise into samples.")  # fmt: skip
CLOZE = item(
    "cloze", "A collapsed generator lacks ____.", "variety", quote="A collapsed generator lacks variety."
)
NUMBER = item("number", "How many steps does DDPM take?", "1000", quote="The original DDPM takes 1000 steps.")
SEARCH = item("choice", "Which method keeps several candidates?", "o1",
              ["Beam search", "Greedy decoding of the tokens", "Tree search", "Best-first tree search"],
              "Beam search keeps several candidates.")  # fmt: skip
MATCH = item("match", "Match each network with its task.", "o2,o3,o1", ["scores", "makes", "maps"],
             "The generator makes, the encoder maps, the critic scores.",
             left=["generator", "encoder", "critic"])  # fmt: skip
ORDER = item("order", "Put the steps in order.", "o3,o1,o2", ["add noise", "train", "draw an image"],
             "First draw an image, then add noise, then train.")  # fmt: skip
EXPLAIN = item("explain", "Explain why GANs are unstable.", "Two networks chase each other.")
EVERY = (SHORT, CHOICE, TRUTH, EITHER, CLOZE, NUMBER, MATCH, ORDER, EXPLAIN)
RIGHT = {
    SHORT.id: "it goes up because the fakes are harder to spot", CHOICE.id: "B", TRUTH.id: "false", EITHER.id: "A",
    CLOZE.id: "variety", NUMBER.id: "1000", MATCH.id: "1B 2C 3A", ORDER.id: "C A B",
    EXPLAIN.id: "two networks chase each other",
}  # fmt: skip


class Chat:
    """A chat with a quiz in it; every message is taken by a new program over the same store."""

    def __init__(self, *items: Item, store: RoundsInMemory | None = None, **rules: Any) -> None:
        self.store = store or RoundsInMemory()
        self.rules = Rules(rules.pop("grade", grade), **rules)
        self.opening = list(self.quizzes.begin("chat", items or EVERY, "GANs"))

    @property
    def quizzes(self) -> Quizzes:
        return Quizzes(self.store, self.rules)

    @property
    def state(self) -> Round:
        state = self.quizzes.state("chat")
        assert state is not None
        return state

    def say(self, text: str) -> list[Event]:
        return list(self.quizzes.say("chat", text))

    def notice_of(self, text: str) -> str:
        """What is told first in reply to a message."""
        told = self.say(text)[0]
        assert isinstance(told, Notice)
        return told.text

    def notice(self, text: str) -> str:
        """What is told in reply to a message, which leaves the open question open."""
        before = self.state
        told, shown = self.say(text)
        assert isinstance(told, Notice) and isinstance(shown, QuizItem)
        assert self.state.outcomes == before.outcomes
        return told.text


def kinds(events: Sequence[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def grade_in(events: Sequence[Event]) -> QuizGrade:
    [found] = [event for event in events if isinstance(event, QuizGrade)]
    return found


def score_in(events: Sequence[Event]) -> QuizScore:
    [found] = [event for event in events if isinstance(event, QuizScore)]
    return found


def unsure(item: Item, words: str) -> Grade:
    return Grade("unsure", 0.3, (), "I cannot tell.")


# -- answers -------------------------------------------------------------------------------------------------------


def test_every_kind_is_asked_answered_rightly_and_scored() -> None:
    chat = Chat()
    assert kinds(chat.opening) == ["QuizItem"]
    for number, asked in enumerate(EVERY, 1):
        events = chat.say(RIGHT[asked.id])
        assert grade_in(events).verdict == "correct", asked.kind
        assert grade_in(events).attempt_id == number
        last = events[-1]
        assert not isinstance(last, QuizItem) or (last.k, last.n) == (number + 1, len(EVERY))
    assert score_in(events).score == len(EVERY) and score_in(events).revisit == ()
    kept = chat.store.attempts
    assert [one["answer"] for one in kept] == [RIGHT[one.id] for one in EVERY]
    assert [one["kind"] for one in kept] == [one.kind for one in EVERY]
    assert all(
        one["overrides"] == 0 and one["rating"] is None and one["chosen_fact_id"] == "" for one in kept
    )
    assert set(chat.store.items) == {one.id for one in EVERY}
    assert chat.state.over and not chat.state.waits


def test_a_wrong_option_is_kept_with_the_fact_it_is_the_answer_of() -> None:
    events = Chat(CHOICE, store=(store := RoundsInMemory())).say("an art critic")
    assert grade_in(events).verdict == "wrong"
    assert store.attempts[0]["chosen_fact_id"] == "fact-An art critic"
    told = {one.letter: one.why for one in grade_in(events).why if not one.right}
    assert told == {
        letter: f"This is why {CHOICE.options[n].text}." for n, letter in ((0, "A"), (2, "C"), (3, "D"))
    }


@pytest.mark.parametrize(
    ("asked", "words", "ids"),
    [
        (MATCH, "1B 2C 3A", ("o2", "o3", "o1")),
        (MATCH, "1-b, 2-c, 3-a", ("o2", "o3", "o1")),
        (MATCH, "1: B; 3 = A; 2 -> C", ("o2", "o3", "o1")),
        (MATCH, "B C A", ("o2", "o3", "o1")),
        (MATCH, "1 is B, 2 goes with C and 3 with A", ("o2", "o3", "o1")),
        (MATCH, "B1 C2 A3", ("o2", "o3", "o1")),
        (MATCH, "o2,o3,o1", ("o2", "o3", "o1")),
        (MATCH, "1B 2C", ("o2", "o3", "")),
        (MATCH, "1B", ()),
        (MATCH, "1B 1C 3A", ()),
        (MATCH, "1B 2C 4A", ()),
        (MATCH, "no idea about these", ()),
        (ORDER, "C A B", ("o3", "o1", "o2")),
        (ORDER, "cab", ("o3", "o1", "o2")),
        (ORDER, "C, then A, then B", ("o3", "o1", "o2")),
        (ORDER, "draw an image, add noise, train", ("o3", "o1", "o2")),
        (ORDER, "3 1 2", ("o3", "o1", "o2")),
        (ORDER, "312", ("o3", "o1", "o2")),
        (ORDER, "first 3, then 1, then 2", ("o3", "o1", "o2")),
        (ORDER, "C A", ("o3", "o1")),
        (ORDER, "C", ()),
        (ORDER, ".5", ()),
        (ORDER, "C A A", ()),
        (TRUTH, "that's wrong", ("o2",)),
        (TRUTH, "T", ("o1",)),
        (TRUTH, "yes", ("o1",)),
        (TRUTH, "y", ("o1",)),
        (TRUTH, "n", ("o2",)),
        (TRUTH, "真", ("o1",)),
        (TRUTH, "假的", ("o2",)),
        (TRUTH, "是的", ("o1",)),
        (TRUTH, "不是", ("o2",)),
        (TRUTH, "不对", ("o2",)),
        (TRUTH, "maybe", ()),
        (SEARCH, "beam", ("o1",)),
        (SEARCH, "it's the beam one", ("o1",)),
        (SEARCH, "search", ()),
        (SEARCH, "greedy decoding of tokens", ("o2",)),
        (SEARCH, "I say best-first tree search", ("o4",)),
        (SEARCH, "best-first", ("o4",)),
        (SEARCH, "tree", ()),
        (SEARCH, "not beam", ()),
        (SEARCH, "the", ()),
        (SEARCH, "beamer", ()),
        (CHOICE, "b) an artist", ("o2",)),
        (CHOICE, "Z", ()),
        (SHORT, "B", ()),
    ],
)
def test_options_are_named_in_the_ways_students_write_in_the_chat_and_at_the_command(
    asked: Item, words: str, ids: tuple[str, ...]
) -> None:
    assert chosen_ids(asked, words) == ids
    if asked.options:
        assert (grade(asked, words).verdict == "unsure") == (not ids)
        assert not ids or grade(asked, words) == grade(asked, ",".join(ids))


def test_pairs_and_places_that_are_partly_right_earn_a_part() -> None:
    half = grade(MATCH, "o2,o1,o3")
    assert (half.verdict, half.score) == ("partial", 0.25)
    assert [point.status for point in half.points] == ["hit", "missed", "missed"]
    far = grade(ORDER, "o2,o1,o3")
    assert (far.verdict, far.score) == ("wrong", 0.0) and "0 of 2" in far.feedback
    assert MATCH.citation.quote in half.feedback


def test_what_names_no_option_is_not_graded_and_the_letters_are_told() -> None:
    assert "A, B, C, D" in Chat(CHOICE).notice("a painter")
    assert "from 1 to 3" in Chat(MATCH).notice("1B")
    assert "each of A, B, C once" in Chat(ORDER).notice("C")


def test_how_to_answer_is_told_with_an_example_that_can_be_parsed_and_is_not_the_answer() -> None:
    backwards = replace(ORDER, key="o3,o2,o1")
    for asked in (MATCH, ORDER, backwards, replace(MATCH, key="o3,o2,o1")):
        said = how_to_answer(asked).split("such as ")[1].rstrip(".")
        assert chosen_ids(asked, said) not in ((), tuple(asked.key.split(",")))


@pytest.mark.parametrize("text", ["", "   ", "???", "🙂", "x" * (MOST_CHARS + 1)])
def test_nothing_to_grade_is_not_graded(text: str) -> None:
    assert Chat(SHORT).notice(text)


@pytest.mark.parametrize("text", ["I don't know", "不知道", "no idea"])
def test_not_knowing_is_an_answer(text: str) -> None:
    for asked in (SHORT, MATCH, CHOICE):
        assert grade_in(Chat(asked).say(text)).verdict == "wrong"


# Each can be read in two ways at each of its places.
REPEATED = (
    (SHORT, "a" + " . . b" * 40 + " zz"),
    (SHORT, "(1, 1, " * 40 + "zz"),
    (CHOICE, "a" + " , , b" * 40 + " zz"),
    (TRUTH, "i think it's " * 60 + "x"),
    (TRUTH, "i say that's " * 60 + "x"),
    (EXPLAIN, "." * (MOST_CHARS - 1) + "x"),
)


def test_no_answer_that_repeats_its_marks_and_words_keeps_the_program_busy() -> None:
    """A pattern that is torn between two readings takes years for 40 places, and with it every other chat waits."""
    script = """
        from test_quiz_rounds import EVERY, REPEATED, Chat
        for asked, said in REPEATED:
            chat = Chat(asked, *(one for one in EVERY if one is not asked))
            for _ in range(3):
                assert chat.say(said)
            print("taken", flush=True)
    """
    path = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})"
    command = [sys.executable, "-c", path + textwrap.dedent(script)]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    except subprocess.TimeoutExpired as busy:
        told = (busy.stdout or b"").decode()
    assert told.count("taken") == len(REPEATED)


# -- the same message twice ----------------------------------------------------------------------------------------


def test_a_letter_twice_answers_two_questions() -> None:
    chat = Chat(CHOICE, EITHER)
    chat.say("B")
    assert grade_in(chat.say("B")).item_id == EITHER.id


def test_a_letter_twice_with_the_same_sureness_answers_two_questions() -> None:
    chat = Chat(CHOICE, EITHER)
    chat.say("B (I'm sure)")
    graded = grade_in(chat.say("B (I'm sure)"))
    assert graded.item_id == EITHER.id and len(chat.store.attempts) == 2


def test_an_answer_sent_twice_does_not_grade_the_next_question() -> None:
    chat = Chat(CHOICE, EITHER, SHORT)
    chat.say("B. An artist")
    assert "say it again" in chat.notice("B. An artist")
    assert grade_in(chat.say("B. An artist")).item_id == EITHER.id  # said once more, it is meant


def test_a_letter_sent_twice_is_no_answer_where_the_next_question_has_no_letters() -> None:
    chat = Chat(CHOICE, SHORT)
    chat.say("B")
    assert "say it again" in chat.notice("B")
    assert len(chat.store.attempts) == 1


def test_words_that_are_an_option_of_both_questions_answer_both() -> None:
    other = replace(TRUTH, id="other", stem="The discriminator sees real images.")
    chat = Chat(TRUTH, other)
    chat.say("A. True")
    assert grade_in(chat.say("A. True")).item_id == "other"


# -- letters -------------------------------------------------------------------------------------------------------


def test_letters_stay_as_first_shown_in_every_later_quiz_of_the_chat() -> None:
    chat = Chat(CHOICE)
    [first] = [event for event in chat.opening if isinstance(event, QuizItem)]
    turned = replace(CHOICE, options=CHOICE.options[::-1])
    chat.say("A")
    [again] = [event for event in chat.say("again") if isinstance(event, QuizItem)]
    assert again.options == first.options
    [third] = [event for event in chat.quizzes.begin("chat", [turned]) if isinstance(event, QuizItem)]
    assert third.options == first.options
    assert grade_in(chat.say("B")).verdict == "correct"


# -- hints ---------------------------------------------------------------------------------------------------------


def test_the_first_hint_says_what_is_asked_for_and_where_to_look() -> None:
    assert hint(SHORT, 1) == (
        "It asks what happens, or what something does. Look in your note “GAN notes” at “Losses”."
    )
    quiz = replace(SHORT, heading=("Students ask",))
    assert hint(quiz, 1).endswith("Look in your note “GAN notes”.")


@pytest.mark.parametrize(
    ("stem", "asks"),
    [
        ("Why does a GAN collapse?", "a reason"),
        ("How is CLIP trained?", "how something is done"),
        ("How many steps are there?", "a number"),
        ("On GANs: in how many steps is it trained?", "a number"),
        ("By how much does it fall, and how often?", "a number"),
        ("When does a sampler fail to say how many times it ran?", "a few words"),
        ("How does a GAN differ from a VAE?", "what sets things apart"),
        ("How is a GAN different from a VAE?", "what sets things apart"),
        ("Must a generator be differentiable?", "yes or no"),
        ("How do different seeds enter?", "how something is done"),
        ("Why do GANs differ from VAEs?", "a reason"),
        ("What is a token?", "what something is"),
        ("What are the skip connections in a U-Net?", "what something is"),
        ("What is the role of the discriminator?", "a few words"),
        ("What is the best optimizer?", "a few words"),
        ("什么是过拟合？", "属于哪一类"),
        ("生成器的目标是什么？", "请用几个词回答"),
        ("不同的样本为什么有用？", "原因"),
        ("Does a GAN need labels?", "yes or no"),
        ("Which formula gives the loss?", "a formula"),
        ("Who published it?", "a few words"),
    ],
)
def test_the_first_hint_tells_the_kind_of_answer(stem: str, asks: str) -> None:
    key = "一只狐狸跳过去了。" if is_chinese(stem) else "The quick brown fox jumps over it."
    assert asks in hint(item("short", stem, key), 1)


def test_the_first_hint_tells_of_the_concept_in_the_notes_words_but_not_the_answer() -> None:
    around = "A GAN is a generative model of two networks that train against each other."
    assert f"Around it the notes say: “{around}”" in hint(SHORT, 1, around)
    assert KEY.rstrip(".") not in hint(SHORT, 1, f"{KEY[:-1]}, as all of us know.")
    beside = replace(
        SHORT, citation=replace(SHORT.citation, passage=f"{KEY} {around} “All GANs always win.”")
    )
    assert around in hint(beside, 1) and "always win" not in hint(beside, 1)
    assert "Around" not in hint(TRUTH, 1, around)


def test_a_number_is_hidden_however_the_note_writes_it() -> None:
    for written in ("38,597,376", "38597376"):
        table = item(
            "number",
            "How many numbers does it hold?",
            "38597376",
            quote=f"The table holds {written} numbers in all.",
        )
        assert written not in hint(table, 2) + hint(table, 3)
    three = item(
        "number", "How many gates has a common LSTM?", "3", quote="A common LSTM cell has three gates inside."
    )
    assert "three" not in hint(three, 2) + hint(three, 3)


VAE = "variational autoencoder"
BEGINNER = item(
    "choice", f"{BEGINNERS}“Why do all my pictures look alike?” Which of these answers it?", "o1",
    ["Mode collapse shows few kinds", "A schedule adds noise", "A tokenizer cuts words"],
    "Mode collapse shows few kinds.",
)  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "around"),
    [
        (
            item("number", "How many steps does it take?", "2560"),
            "The long run of it takes 2,560 steps in all.",
        ),
        (item("number", "How many gates has it?", "3"), "Each of its three gates is a small network."),
        (item("short", "Which formula is it?", "$a = b + c$"), "It holds that $a = b + c$ for all of them."),
        (item("short", "Is it a GAN?", "It is a GAN."), "Everyone who reads it says that it is one."),
        (item("cloze", "A ____ has an encoder.", VAE), "A VAE draws its codes from a normal distribution."),
        (item("term", "What has two networks?", VAE), "A VAE draws its codes from a normal distribution."),
        (BEGINNER, "A GAN is two networks that train against each other."),
    ],
)
def test_no_sentence_around_an_answer_that_is_short_or_has_no_words_of_its_own(
    asked: Item, around: str
) -> None:
    assert "Around it" not in hint(asked, 1, around)
    told = replace(asked, citation=replace(asked.citation, passage=f"{asked.citation.quote} {around}"))
    assert "Around it" not in hint(told, 1)


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        (item("cloze", "A ____ has an encoder.", VAE), "The VAE"),
        (item("cloze", "A ____ has an encoder.", "VAE"), "Variational autoencoders (VAEs)"),
        (item("term", "What has two networks?", "GAN"), "Generative adversarial networks"),
        (
            replace(item("cloze", "____ is a distance.", "earth mover"), accepts=("Wasserstein",)),
            "On Wasserstein",
        ),
        (item("number", "How many gates has it?", "3"), "The three gates"),
        (item("number", "How many steps does it take?", "2560"), "All of 2,560 steps"),
        (item("short", "Which formula is it?", "$a=b$"), "Why $a=b$"),
        (BEGINNER, "GANs and their losses"),
    ],
)
def test_no_place_is_named_that_holds_the_answer_in_another_form(asked: Item, title: str) -> None:
    titled = replace(asked, citation=replace(asked.citation, title=title))
    assert title not in hint(titled, 1)
    headed = replace(asked, heading=(title,))
    assert title not in hint(headed, 1)


CHINESE = item("short", "为什么生成器会模式崩溃？", "因为生成器只需要骗过判别器，少数几种样本就够了。")


def test_hints_and_feedback_are_in_the_language_of_the_fact() -> None:
    texts = [hint(CHINESE, level) for level in (1, 2, 3)]
    texts += [grade(CHINESE, said).feedback for said in ("不知道", "香蕉是黄色的", CHINESE.key, "")]
    texts.append(Chat(CHINESE).notice_of("skip"))
    for text in texts:
        assert not re.search(r"[A-Za-z]{3}", text.replace("GAN notes", "").replace("Losses", "")), text
    assert "问的是原因" in texts[0] and len(set(texts[:3])) == 3
    assert not any(reveals(CHINESE, text) for text in texts[:3])
    assert "____" in texts[1] and "生成" in texts[1]


def test_words_and_options_in_chinese_are_graded_and_hinted_in_chinese() -> None:
    cloze = item("cloze", "____会骗过判别器。", "生成器 模型", quote="生成器 模型会骗过判别器。")
    choice = item(
        "choice", "谁会骗过判别器？", "o1", ["生成器", "编码器", "解码器", "噪声"], "生成器会骗过判别器。"
    )
    choice = replace(choice, options=tuple(replace(option, why="") for option in choice.options))
    number = item("number", "一共有多少步？", "1000", quote="一共有1000步。")
    texts = [grade(cloze, said).feedback for said in ("生成器 模型", "生成器", "香蕉", "")]
    texts += [grade(choice, said).feedback for said in ("A", "B", "香蕉", "")]
    texts += [grade(number, said).feedback for said in ("1000", "7", "香蕉", "")]
    texts += [hint(one, level) for one in (cloze, choice, number) for level in (1, 2, 3)]
    texts += [Chat(choice).notice("Z"), Chat(choice).notice("E")]
    for text in texts:
        assert not re.search(r"[A-Za-z]{2}", text.replace("GAN notes", "").replace("Losses", "")), text
    assert grade_cloze(cloze, "生成器", (), ()).verdict == "partial"


_LITERAL = 12  # letters of a frame that is put together of parts


def test_each_frame_is_used() -> None:
    source = Path(frames.__file__)
    forms = set()
    for path in source.parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path != source else ():
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                forms.add(re.escape(node.value))
            elif isinstance(node, ast.JoinedStr):
                whole = (str(one.value) if isinstance(one, ast.Constant) else "\0" for one in node.values)
                forms.add(re.escape("".join(whole)).replace("\0", ".*"))
    written = re.compile(
        "|".join(form for form in forms if len(form.replace(".*", "")) > _LITERAL or ".*" not in form)
    )
    assert [frame for frame in FRAMES if not written.fullmatch(frame)] == []


def test_each_frame_has_the_same_slots_in_both_languages() -> None:
    for english, chinese in FRAMES.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese)), english


def test_a_place_that_names_nothing_or_is_the_answer_is_not_told() -> None:
    named = replace(
        CLOZE, citation=replace(CLOZE.citation, title="Variety"), heading=("Variety",), note="a.md"
    )
    assert hint(named, 1) == "It asks for a name. The answer has 1 word."


def test_a_formula_of_the_answer_is_hidden_as_a_whole() -> None:
    formula = item("short", "Which formula gives the loss?", "The loss is $L = \\mathbb{E}[x]$ in the mean.")
    assert "mathbb" not in hint(formula, 2) + hint(formula, 3)
    only = item("short", "Which formula gives the loss?", "The loss is $L = \\mathbb{E}[x]$.")
    assert hint(only, 3).endswith("The formula begins with $L =$.")


def test_what_a_question_offers_for_choice_and_what_denies_is_hidden_too() -> None:
    kind = item(
        "short", "Is a GAN an implicit or an explicit model?", "A GAN is an implicit model without a density."
    )
    assert "implicit" not in hint(kind, 2) + hint(kind, 3)
    denied = item("short", "Does a GAN need labels?", "No, a plain GAN does not need labels of its images.")
    assert "No" not in hint(denied, 2) and " not " not in hint(denied, 2)


def test_hints_of_a_typed_answer_go_from_the_place_to_the_gaps_to_half_of_the_answer() -> None:
    chat = Chat(SHORT)
    said = [chat.notice("hint") for _ in range(4)]
    assert "“Losses”" in said[0]
    assert said[1].startswith("The note says: “The discriminator's loss ____") and "increases" not in said[1]
    assert said[2].count("____") < said[1].count("____") or len(said[2]) > len(said[1])
    assert "increases" not in said[2]
    assert said[3].startswith("That was the last hint")
    chat.say("it rises")
    assert chat.store.attempts[0]["hints"] == 3 and chat.state.outcomes[0].hints == 3


def test_a_skipped_choice_is_told_with_the_notes_sentence() -> None:
    assert Chat(TRUTH).notice_of("skip") == (
        "Skipped. The answer is: B. False. The note says: “It never sees real images.”"
    )
    assert Chat(SHORT).notice_of("skip") == f"Skipped. The answer is: {KEY}"


def test_of_four_options_two_are_taken_away_at_last_and_never_the_right_one() -> None:
    chat = Chat(CHOICE)
    chat.say("hint")
    assert "artist" not in chat.notice("hint")
    told = chat.notice("hint")
    gone = set(told.removeprefix("It is not ").partition(".")[0].split(" or "))
    assert len(gone) == 2 and "B" not in gone and chat.state.hints == 3


@pytest.mark.parametrize("asked", EVERY, ids=lambda one: one.kind)
def test_no_hint_tells_the_answer_and_each_level_tells_something(asked: Item) -> None:
    texts = [hint(asked, level) for level in (1, 2, 3)]
    assert all(texts) and len(set(texts)) == 3
    for text in texts:
        named = chosen_ids(asked, text)
        assert len(named) < len(asked.options) or "" in named or not named or asked.is_choice
        assert not reveals(asked, text) or asked.kind == "true-false"


def test_an_answer_of_the_tutor_that_holds_the_key_counts_as_the_last_hint() -> None:
    chat = Chat(SHORT)
    chat.quizzes.told_besides("chat", "A token is a piece of a word.")
    assert chat.state.hints == 0
    chat.quizzes.told_besides("chat", f"Well: {KEY}")
    assert chat.state.hints == 3


# -- wishes --------------------------------------------------------------------------------------------------------


def test_why_tells_the_notes_words_and_each_options_reason_but_only_afterwards() -> None:
    chat = Chat(CHOICE, SHORT)
    told = chat.notice("why?")
    assert "artist" not in told
    chat.say("A")
    why, shown = chat.say("why?")
    assert isinstance(why, QuizWhy) and isinstance(shown, QuizItem)
    assert why.item_id == CHOICE.id and why.citation == CHOICE.citation and why.key == "B. An artist"
    assert [(one.letter, one.right) for one in why.options] == [
        ("A", False),
        ("B", True),
        ("C", False),
        ("D", False),
    ]


@pytest.mark.parametrize(
    ("explanation", "told"),
    [
        ("B. It paints new pictures.", "It paints new pictures."),
        ("because it paints new pictures.", "Because it paints new pictures."),
        ("loss.backward() computes gradients.", "loss.backward() computes gradients."),
        ("A generative model paints.", "A generative model paints."),
    ],
)
def test_what_is_told_on_why_begins_as_a_sentence_does(explanation: str, told: str) -> None:
    right = Option("o2", "An artist", explanation)
    options = tuple(right if option.id == "o2" else option for option in CHOICE.options)
    chat = Chat(replace(CHOICE, explanation=explanation, options=options))
    chat.say("B")
    [why] = [event for event in chat.say("why?") if isinstance(event, QuizWhy)]
    assert why.explanation == told and why.options[1].why == told


def test_harder_and_easier_swap_the_open_item_and_store_it_first() -> None:
    chat = Chat(CHOICE, TRUTH, other=lambda one, wish, *_: SHORT if wish == "harder" else None)
    events = chat.say("harder")
    assert kinds(events) == ["Notice", "QuizItem"] and events[1].item_id == SHORT.id  # type: ignore[union-attr]
    assert SHORT.id in chat.store.items and chat.state.outcomes == ()
    assert "no easier" in chat.notice("easier")
    assert grade_in(chat.say(RIGHT[SHORT.id])).item_id == SHORT.id


def test_a_swap_is_told_what_the_quiz_asks_besides_and_all_that_was_shown() -> None:
    seen: list[Any] = []

    def other(
        one: Item, wish: str, beside: Sequence[Item], shown: Collection[str], told: Sequence[str]
    ) -> Item | None:
        seen.append((one.id, [each.id for each in beside], set(shown), any(KEY in text for text in told)))
        return replace(EXPLAIN, id="swapped")

    chat = Chat(SHORT, CHOICE, TRUTH, other=other)
    chat.say("it rises")
    chat.say("harder")
    assert seen == [(CHOICE.id, [SHORT.id, TRUTH.id], {SHORT.id, CHOICE.id}, True)]
    assert "no harder" in chat.notice("harder")  # it was shown already


def test_hints_stay_given_when_the_fact_is_asked_in_another_way() -> None:
    swapped = replace(CLOZE, id="swapped", fact_id=SHORT.fact_id)
    chat = Chat(SHORT, CHOICE, other=lambda one, *_: swapped if one.id == SHORT.id else EXPLAIN)
    chat.say("hint")
    chat.say("hint")
    shown = chat.say("easier")[-1]
    assert isinstance(shown, QuizItem) and (shown.item_id, shown.hints) == ("swapped", 2)
    chat.say("variety")
    assert chat.store.attempts[0]["hints"] == 2
    chat.say("hint")
    shown = chat.say("harder")[-1]
    assert isinstance(shown, QuizItem) and (shown.item_id, shown.hints) == (EXPLAIN.id, 0)  # another fact


def test_an_item_that_the_quiz_asks_anyway_is_no_swap() -> None:
    assert "no harder" in Chat(CHOICE, SHORT, other=lambda *_: SHORT).notice("harder")


def test_an_override_counts_as_right_is_kept_beside_the_grade_and_can_be_undone() -> None:
    chat = Chat(SHORT, CHOICE)
    chat.say("the loss falls apart")
    assert chat.state.outcomes[0].grade is not None and chat.state.outcomes[0].grade.verdict == "wrong"
    told, shown = chat.say("I was right")
    assert isinstance(told, Notice) and "undo" in told.text and isinstance(shown, QuizItem)
    assert [one["overrides"] for one in chat.store.attempts] == [0, 1]
    assert chat.store.attempts[1]["grade"]["verdict"] == "correct"
    chat.say("undo")
    assert [one["overrides"] for one in chat.store.attempts] == [0, 1, 2]
    assert chat.store.attempts[2]["grade"] == chat.store.attempts[0]["grade"]
    assert chat.state.outcomes[0].graded is None
    assert "nothing to undo" in chat.notice("undo")
    assert chat.store.accepted(SHORT.fact_id) == ()


def test_overridden_words_are_right_from_then_on_though_nothing_more_is_said_in_the_chat() -> None:
    chat = Chat(SHORT, CHOICE)
    chat.say("the loss falls apart, sure")
    chat.say("that is the same")
    assert chat.store.accepted(SHORT.fact_id) == ("the loss falls apart",)
    other = Chat(SHORT, store=chat.store)
    assert grade_in(other.say("The loss falls apart.")).verdict == "correct"


@pytest.mark.parametrize("between", [[], ["why?"], ["hint", "how many left?"], ["why?", "stop", "why?"]])
def test_undo_takes_the_words_back_with_the_grade_however_late(between: list[str]) -> None:
    chat = Chat(SHORT, CHOICE)
    for said in ("bananas", "I was right", *between):
        chat.say(said)
    assert "“bananas” is no longer kept as right" in chat.notice_of("undo")
    assert chat.store.accepted(SHORT.fact_id) == ()
    assert "No words" in chat.notice_of("forget that")
    assert grade_in(Chat(SHORT, store=chat.store).say("bananas")).verdict == "wrong"


def test_undo_takes_back_no_words_but_those_of_the_grade() -> None:
    chat = Chat(SHORT, EXPLAIN, CHOICE)
    for said in ("bananas", "I was right", "they run after each other", "I was right", "forget that", "undo"):
        chat.say(said)
    assert chat.store.accepted(SHORT.fact_id) == ("bananas",)
    assert chat.store.accepted(EXPLAIN.fact_id) == ()


@pytest.mark.parametrize(
    ("asked", "said", "why"),
    [
        (SHORT, "I don't know", "did not know"),
        (SHORT, "i dont know lol", "did not know"),
        (SHORT, "no idea, sorry man", "did not know"),
        (SHORT, "skip", "skipped"),
        (SHORT, "the generator gets better", "does not say"),
        (SHORT, "the discriminator's loss", "does not say"),
        (CHOICE, "A", "options"),
        (CHOICE, "An art critic", "options"),
        (TRUTH, "true", "options"),
        (MATCH, "1A 2B 3C", "options"),
        (ORDER, "A B C", "options"),
        (CLOZE, "I think it adds noise", "a word or a name"),
        (CLOZE, "it can no longer make many different kinds", "a word or a name"),
    ],
)
def test_what_cannot_be_an_answer_is_not_counted_as_right_and_the_way_to_the_note_is_told(
    asked: Item, said: str, why: str
) -> None:
    chat = Chat(asked, EXPLAIN)
    chat.say(said)
    before = chat.state
    assert before.outcomes[0].grade is not None and before.outcomes[0].grade.verdict != "correct"
    told = chat.notice("I was right")
    assert why in told and "“why?”" in told and "report the last question" in told
    assert chat.state == before and len(chat.store.attempts) == 1
    chat.say("stop")
    assert chat.store.accepted(asked.fact_id) == ()


def test_an_answer_about_something_else_is_not_counted_as_right() -> None:
    chat = Chat(SHORT, CHOICE, off_topic=lambda one, words: "banana" in words)
    chat.say("bananas are yellow")
    assert "something else" in chat.notice("I was right")
    other = Chat(SHORT, CHOICE, off_topic=lambda one, words: "banana" in words)
    other.say("the critic is fooled more often")
    assert isinstance(other.say("I was right")[0], Notice) and other.state.outcomes[0].graded is not None


@pytest.mark.parametrize(
    "said", ["diversity", "a diversity of outputs", "I think diversity", "the diversity"]
)
def test_a_name_for_the_gap_may_be_counted_as_right(said: str) -> None:
    chat = Chat(CLOZE, CHOICE)
    chat.say(said)
    assert "Counted as right" in chat.notice_of("I was right")


def test_words_kept_as_right_can_be_taken_back() -> None:
    chat = Chat(SHORT, CHOICE, EXPLAIN)
    chat.say("the loss falls apart")
    chat.say("I was right")
    assert "the loss falls apart" in chat.notice("forget that")
    assert chat.store.accepted(SHORT.fact_id) == ()
    assert "No words" in chat.notice("forget that")
    chat.say("B")
    chat.say("they run after each other")
    chat.say("I was right")
    chat.say("why?")
    assert chat.store.accepted(EXPLAIN.fact_id) == ("they run after each other",)
    assert "Forgotten" in chat.notice_of("forget that")
    assert chat.store.accepted(EXPLAIN.fact_id) == ()


def test_words_of_an_earlier_day_are_forgotten_when_they_are_the_last_answer() -> None:
    store = RoundsInMemory()
    store.keep_step("another day", {}, accepts=[(SHORT.fact_id, "bananas")])
    chat = Chat(SHORT, CHOICE, store=store)
    assert grade_in(chat.say("Bananas!")).verdict == "correct"
    chat.notice("forget that")
    assert store.accepted(SHORT.fact_id) == ()
    assert grade_in(Chat(SHORT, store=store).say("bananas")).verdict == "wrong"


@pytest.mark.parametrize("inner", [False, True])
def test_after_an_answer_that_was_graded_outside_of_the_quiz_none_of_its_grades_changes(inner: bool) -> None:
    chat = Chat(SHORT, EXPLAIN, CHOICE)
    chat.say("bananas")
    chat.quizzes.graded_aside("chat")
    if inner:  # what was graded last stays that in a quiz in between, and when that is over
        list(chat.quizzes.begin("chat", [TRUTH], "GANs"))
    for _ in range(2 if inner else 1):
        for said in ("I was right", "undo", "why?", "forget that", "I knew it", "report the last question"):
            assert "no question of this quiz" in chat.notice_of(said)
        if inner and chat.state.paused:
            chat.say("stop")
    assert chat.store.reports == [] and chat.store.accepted(SHORT.fact_id) == ()
    assert [one["overrides"] for one in chat.store.attempts] == [0]
    chat.say("they run after each other")
    assert "Counted as right" in chat.notice_of("I was right")
    assert chat.store.accepted(EXPLAIN.fact_id) == ("they run after each other",)


def test_there_is_nothing_to_override_before_a_grade_or_where_it_is_right() -> None:
    chat = Chat(CHOICE, SHORT)
    assert "no grade" in chat.notice("I was right")
    chat.say("B")
    assert "already" in chat.notice("I was right")


@pytest.mark.parametrize(
    ("words", "rating", "score"), [("I knew it", "good", 1.0), ("I did not", "again", 0.0)]
)
def test_an_answer_that_code_cannot_judge_is_rated_by_the_student(
    words: str, rating: str, score: float
) -> None:
    chat = Chat(SHORT, CHOICE, grade=unsure)
    assert "I knew it" in grade_in(chat.say("some words")).ask
    told, _ = chat.say(words)
    assert isinstance(told, Notice) and told.text.startswith("Noted")
    rated = chat.store.attempts[1]
    assert (rated["rating"], rated["overrides"], rated["grade"]["score"]) == (rating, 1, score)
    chat.say("undo")
    assert chat.state.outcomes[0].grade == unsure(SHORT, "")
    chat.say(words)
    assert score_in(chat.say("stop")).score == score


def test_a_clear_grade_is_not_rated() -> None:
    chat = Chat(CHOICE, SHORT)
    assert "Nothing is graded" in chat.notice("I knew it")
    chat.say("A")
    assert "I was right" in chat.notice("I knew it")


def test_a_reported_question_is_closed_ungraded_and_does_not_count() -> None:
    chat = Chat(CHOICE, SHORT)
    told, shown = chat.say("report: two answers are right")
    assert isinstance(told, Notice) and isinstance(shown, QuizItem) and shown.item_id == SHORT.id
    assert chat.store.reports == [
        {"item_id": CHOICE.id, "fact_id": CHOICE.fact_id, "kind": "choice", "reason": "two answers are right"}
    ]
    assert chat.store.attempts == []
    chat.say("the loss falls")
    chat.say("report the last question")
    score = score_in(
        [*chat.opening, chat.say("left")[0], *chat.quizzes.begin("chat", [TRUTH]), *chat.say("stop")]
    )
    assert (score.n, len(chat.store.reports)) == (0, 2)


def test_a_graded_question_that_is_reported_afterwards_leaves_the_score() -> None:
    chat = Chat(CHOICE, SHORT)
    chat.say("A")
    chat.say("report the question before, it is unfair")
    score = score_in(chat.say("stop"))
    assert (score.n, score.missed) == (0, 0) and "does not count" in " ".join(score.told)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("report the last question: unclear", "unclear"), ("report the question before, it is unfair", "it is unfair"),
        ("report the previous one because it has two keys", "it has two keys"), ("report the last one", ""),
        ("report: the last question is unfair", "is unfair"), ("report last question", ""), ("report: last", ""),
        ("report the question before this one", ""), ("report the last question: the option before is wrong",
         "the option before is wrong"),
        ("report that the last question is wrong", "is wrong"), ("report it, the last question", ""),
        ("i want to report that the last question was unfair", "was unfair"),
        ("report wrong key in the last question", "wrong key"),
        ("the last question is bad", "the last question is bad"),
        ("the previous question was unfair", "the previous question was unfair"),
        ("the question before was unclear", "the question before was unclear"),
    ],
)  # fmt: skip
def test_the_question_before_is_reported_where_that_is_what_is_named(said: str, reason: str) -> None:
    reply = reply_of(said)
    assert (reply.kind, reply.last, reply.words) == ("report", True, reason)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("this question is a duplicate of the last one", "this question is a duplicate of the last one"),
        ("report: the last option is nonsense", "the last option is nonsense"),
        ("report: it is the same as the question before", "it is the same as the question before"),
        ("report this question, it repeats the previous question", "it repeats the previous question"),
        ("report it: the last layer is wrong", "the last layer is wrong"),
        ("report: asked before", "asked before"), ("report because it says the last layer", "it says the last layer"),
        ("report this question before it confuses others", "before it confuses others"),
        ("bad question, like the last one", "bad question, like the last one"),
    ],
)  # fmt: skip
def test_the_open_question_is_reported_where_the_one_before_is_only_spoken_of(said: str, reason: str) -> None:
    reply = reply_of(said)
    assert (reply.kind, reply.last, reply.words) == ("report", False, reason)


@pytest.mark.parametrize("key", ["restart", "Undo", "skip", "start over"])
def test_words_that_are_right_are_an_answer_though_they_be_a_command_too(key: str) -> None:
    asked = replace(SHORT, key=key)
    chat = Chat(asked, CHOICE)
    graded = next(event for event in chat.say(key) if isinstance(event, QuizGrade))
    assert graded.verdict == "correct"
    assert not [
        event for event in Chat(SHORT, CHOICE).say(key) if isinstance(event, QuizGrade) and key != "skip"
    ]


@pytest.mark.parametrize("last", [True, False])
def test_of_a_reported_question_it_is_said_that_it_does_not_count(last: bool) -> None:
    chat = Chat(SHORT) if last else Chat(SHORT, CHOICE)
    chat.say("bananas")
    chat.say("report the last question: unclear")
    for words in ("I was right", "I knew it", "undo", "report the last question"):
        told = chat.notice_of(words)
        assert "reported" in told and "does not count" in told, words
    assert len(chat.store.reports) == 1


def test_how_sure_the_student_is_is_kept_from_before_or_within_an_answer() -> None:
    chat = Chat(CHOICE, TRUTH, SHORT)
    assert "a guess is fine" in chat.notice("not sure")
    chat.say("B")
    chat.say("false, sure")
    chat.say("it rises")
    assert [one["confidence"] for one in chat.store.attempts] == [NOT_SURE, SURE, None]
    assert chat.store.attempts[1]["answer"] == "false, sure"


@pytest.mark.parametrize(
    ("text", "confidence", "rest"),
    [
        ("B, sure", SURE, "B"), ("B (not sure)", NOT_SURE, "B"), ("b sure", SURE, "b"), ("80% sure: B", 0.8, "B"),
        ("I'm pretty sure it's B", SURE, "B"), ("just a guess: B", NOT_SURE, "B"), ("I guess B", NOT_SURE, "B"),
        ("I'm really not sure", NOT_SURE, ""), ("不确定", NOT_SURE, ""), ("sure", SURE, ""),
        ("the model is not sure", None, "the model is not sure"),
        ("certain tokens are masked", None, "certain tokens are masked"),
        ("make sure it works", None, "make sure it works"),
    ],
)  # fmt: skip
def test_words_on_certainty_are_told_from_the_answer(text: str, confidence: float | None, rest: str) -> None:
    assert confidence_of(text) == (confidence, rest)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("why?", "why"), ("explain why", "why"), ("harder", "harder"), ("too easy", "harder"),
        ("make it easier", "easier"),
        ("I was right", "right"), ("that is the same", "right"), ("undo", "undo"), ("I knew it", "knew"),
        ("I did not", "knew_not"), ("report", "report"), ("this question is confusing", "report"),
        ("How many are left?", "left"), ("repeat the question", "repeat"), ("again", "again"),
        ("retry the misses", "misses"), ("quiz me again on what I got wrong", "misses"), ("not sure", "confidence"),
        ("what do you mean?", "unclear"), ("I don't understand the question", "unclear"), ("another question", "skip"),
        ("what does token mean?", "question"), ("what is a token?", "question"), ("I don't know", "dont_know"),
        ("I was right, count it", "right"), ("my answer says the same as the note", "right"),
        ("i am correct. please mark it", "right"), ("restart", "again"), ("Start over!", "again"),
        ("restart the quiz", "again"), ("why is A wrong?", "why"), ("why isn't option c right?", "why"),
        ("can we do vaes instead?", "question"), ("start with noise", "answer"), ("it restarts the chain", "answer"),
        ("report bias in data", "answer"), ("it is the same as a decoder", "answer"), ("harder to detect", "answer"),
        ("the last layer is repeated", "answer"), ("B", "answer"), ("/skip", "skip"), ("hint", "hint"),
        ("what's my score?", "score"), ("how many did I get right so far?", "score"), ("my grade?", "score"),
        ("the Inception Score", "answer"), ("it scores its own samples", "answer"),
        ("can you give me an example?", "example"), ("give me an example", "example"),
        ("an example of overfitting", "answer"), ("is this the last question?", "unclear"),
    ],
)  # fmt: skip
def test_wishes_are_told_from_answers(text: str, kind: str) -> None:
    assert reply_of(text).kind == kind


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("is the answer the prior?", "the prior"), ("Is it because D is too good?", "because D is too good"),
        ("wait, could it be B?", "B"), ("was it the discriminator ?", "the discriminator"),
    ],
)  # fmt: skip
def test_a_guess_that_is_put_as_a_question_is_an_answer(text: str, said: str) -> None:
    assert reply_of(text) == Reply("answer", said, guessed=True)
    assert not reply_of("it is the prior?").guessed and reply_of("it is the prior?").kind == "answer"


def test_a_guess_is_graded_and_said_to_be_taken_for_the_answer() -> None:
    chat = Chat(CHOICE, SHORT)
    taken, graded, _ = chat.say("is it B?")
    assert taken == Notice("I take “B” as your answer.")
    assert isinstance(graded, QuizGrade) and graded.verdict == "correct"
    assert len(chat.store.attempts) == 1


def test_what_the_student_says_of_the_question_is_no_answer_to_it() -> None:
    chat = Chat(SHORT)
    for said in ("it asks about the loss", "So the question asks what happens", "you want to know the loss"):
        assert "no answer" in chat.notice(said)
    assert chat.store.attempts == []
    asking = replace(SHORT, id="asks", key="It asks about one feature after another.", accepts=())
    assert isinstance(Chat(asking).say("it asks about one feature after another")[0], QuizGrade)


def test_the_score_is_told_while_the_quiz_goes_on_and_after_it() -> None:
    chat = Chat(CHOICE, TRUTH, SHORT)
    assert chat.notice("what's my score?") == "Nothing is graded yet: 3 questions left, with this one."
    chat.say("B")
    assert chat.notice("what is my score so far?") == (
        "Your score so far: 1 of 1 point. 2 questions left, with this one."
    )
    chat.say("report")
    chat.say("skip")
    assert chat.say("what's my score?") == [Notice("Your score: 1 of 2 points. This quiz is over.")]


def test_an_example_that_could_tell_the_answer_is_not_given_but_a_hint_is_offered() -> None:
    chat = Chat(SHORT)
    told = chat.notice("can you give me an example?")
    assert "hint" in told and KEY not in told and chat.store.attempts == []


def test_how_many_are_left_and_the_question_again() -> None:
    chat = Chat(CHOICE, SHORT)
    assert "0 of 2 are done; 2 left" in chat.notice("how many are left?")
    assert chat.say("repeat the question") == chat.opening
    assert chat.say("again") == chat.opening


# -- the end -------------------------------------------------------------------------------------------------------


def test_the_end_tells_what_to_revisit_where_and_retries_the_misses() -> None:
    chat = Chat(CHOICE, TRUTH, SHORT)
    chat.say("A")
    chat.say("false")
    score = score_in(chat.say("skip"))
    assert (score.score, score.n, score.missed) == (1.0, 3, 2)
    assert (score.revisit, score.titles) == (("GANs",), ("GAN notes",))
    assert any("Lucky guesses taken out" in line for line in score.told)
    assert "again" in score.told[-1]
    events = chat.say("again")
    assert kinds(events) == ["Notice", "QuizItem"]
    assert [one.id for one in chat.state.items] == [CHOICE.id, SHORT.id]
    chat.say("B")
    score = score_in(chat.say(RIGHT[SHORT.id]))
    assert (score.score, score.missed) == (2.0, 0)
    assert "missed nothing" in chat.say("again")[0].text  # type: ignore[union-attr]


def test_an_override_after_the_end_changes_the_score() -> None:
    chat = Chat(SHORT)
    chat.say("bananas")
    told, score = chat.say("I was right")
    assert isinstance(told, Notice) and isinstance(score, QuizScore) and score.score == 1.0
    assert isinstance(chat.say("why?")[0], QuizWhy)


def test_after_the_end_only_what_belongs_to_the_quiz_is_taken_and_only_at_once() -> None:
    chat = Chat(SHORT)
    chat.say("bananas")
    assert all(follows_quiz(chat.state, text) for text in ("why?", "I was right", "again", "report"))
    assert not any(follows_quiz(chat.state, text) for text in ("What is a GAN?", "hint", "B", "stop"))
    chat.say("I was right")
    chat.quizzes.moved_on("chat", chat.state)
    assert chat.store.accepted(SHORT.fact_id) == ("bananas",)
    # Nothing of this quiz was missed now: what was missed before is for the record to say.
    assert not follows_quiz(chat.state, "why?") and not follows_quiz(chat.state, "retry the misses")


def test_next_due_dates_are_told_where_the_record_knows_them(live_in: Callable[[str], None]) -> None:
    live_in("UTC")

    class Scheduled(RoundsInMemory):
        def keep_step(self, chat_id: str, state: dict[str, Any], **kept: Any) -> list[dict[str, Any]]:
            found = super().keep_step(chat_id, state, **kept)
            return [one | {"next_due": "2026-12-01T09:00:00+00:00"} for one in found]

    chat = Chat(SHORT, store=Scheduled())
    events = chat.say("bananas")
    assert grade_in(events).next_due.startswith("2026-12-01")
    assert score_in(events).due == (("GANs", "2026-12-01T09:00:00+00:00"),)
    assert any("2026-12-01 (GANs)" in line for line in score_in(events).told)


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("America/New_York", "Due again: 2025-11-29 (GANs, VAEs); 2025-11-30 (WGANs)."),
        ("Asia/Shanghai", "Due again: 2025-11-29 (GANs); 2025-11-30 (VAEs, WGANs)."),
    ],
)
def test_due_days_are_told_by_the_students_calendar(
    zone: str, told: str, live_in: Callable[[str], None]
) -> None:
    live_in(zone)
    due = {
        "GANs": "2025-11-29T13:00:00+00:00",
        "VAEs": "2025-11-30T02:00:00+00:00",
        "WGANs": "2025-11-30T14:00:00+00:00",
    }
    marks = [Mark(replace(SHORT, concept=concept), 1.0, at) for concept, at in due.items()]
    score = score_of(marks, 0)
    assert told in score.told and dict(score.due) == due


@pytest.mark.parametrize("kind", ["order", "match", "choice", "true-false"])
@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_the_chance_of_a_question_is_what_every_way_to_guess_brings_on_average(kind: Kind, n: int) -> None:
    ids, many = [f"o{one}" for one in range(1, n + 1)], kind in ("order", "match")
    left = ["one", "two", "three", "four", "five"][:n] if kind == "match" else ()
    guessed = item(
        kind,
        "Which is it?",
        ",".join(ids) if many else "o1",
        [f"thing {one}" for one in "vwxyz"[:n]],
        left=left,
    )
    guesses = [",".join(guess) for guess in permutations(ids)] if many else ids
    brought = [grade(guessed, guess).score for guess in guesses]
    assert chance(guessed) == pytest.approx(sum(brought) / len(brought))


def test_typed_answers_are_not_guessed() -> None:
    assert {chance(one) for one in (SHORT, CLOZE, NUMBER, EXPLAIN)} == {0.0}


def test_the_score_takes_lucky_guesses_out_and_gives_bounds() -> None:
    coin = [Mark(TRUTH, float(n % 2)) for n in range(20)]
    known, low, high = known_share(coin)
    assert (known, low) == (0.0, 0.0) and 0.3 < high < 0.5  # half right by flipping a coin says nothing
    typed = [Mark(SHORT, float(n % 2)) for n in range(20)]
    known, low, high = known_share(typed)
    assert known == 0.5 and 0.25 < low < 0.35 and 0.65 < high < 0.75
    assert known_share([Mark(CHOICE, 1.0)] * 5)[0] == 1.0
    assert "little" in score_of([Mark(TRUTH, 1.0)], 0).told[0]
    assert score_of([], 0).told == ()


# -- pauses, restarts, broken states -------------------------------------------------------------------------------


def test_another_quiz_pauses_this_one_and_it_comes_back_with_its_letters_and_hints() -> None:
    chat = Chat(CHOICE, SHORT)
    chat.say("hint")
    chat.say("hint")
    list(chat.quizzes.begin("chat", [TRUTH], "VAEs"))
    assert "1 more quiz waits" in chat.notice("how many left?")
    events = chat.say("true")
    assert kinds(events) == ["QuizGrade", "QuizScore", "Notice", "QuizItem"]
    back = events[-1]
    assert isinstance(back, QuizItem) and (back.item_id, back.hints) == (CHOICE.id, 2)
    chat.say("B")
    score = score_in(chat.say("stop"))
    assert (score.n, score.missed) == (1, 1)  # the miss of the quiz in between can be retried too
    chat.say("again")
    assert [one.id for one in chat.state.items] == [TRUTH.id]


def nested() -> Chat:
    """A chat in which an outer answer was wrong, and then the only answer of a quiz in between."""
    chat = Chat(SHORT, CHOICE)
    chat.say("the loss falls apart")
    list(chat.quizzes.begin("chat", [EXPLAIN], "VAEs"))
    chat.say("they run after each other")
    return chat


def test_after_a_quiz_in_between_the_students_word_is_about_its_last_answer() -> None:
    chat = nested()
    told, score, shown = chat.say("I was right")
    assert isinstance(told, Notice) and "they run after each other" in told.text
    assert isinstance(score, QuizScore) and (score.score, score.n) == (1.0, 1)
    assert isinstance(shown, QuizItem) and shown.item_id == CHOICE.id
    assert [(one["item_id"], one["overrides"]) for one in chat.store.attempts] == [
        (SHORT.id, 0), (EXPLAIN.id, 0), (EXPLAIN.id, 2),
    ]  # fmt: skip
    assert chat.state.outcomes[0].graded is None and chat.state.carried == ()
    why = chat.say("why?")[0]
    assert isinstance(why, QuizWhy) and why.item_id == EXPLAIN.id
    assert chat.store.accepted(EXPLAIN.fact_id) == ("they run after each other",)
    assert chat.store.accepted(SHORT.fact_id) == ()
    chat.say("undo")
    assert [one["overrides"] for one in chat.store.attempts[3:]] == [3]
    assert [one.id for one in chat.state.carried] == [EXPLAIN.id]
    chat.say("B")
    why = chat.say("why?")[0]
    assert isinstance(why, QuizWhy) and why.item_id == CHOICE.id


def test_after_a_quiz_in_between_its_last_question_is_the_one_reported() -> None:
    chat = nested()
    told, score, shown = chat.say("report the last question: unfair")
    assert isinstance(told, Notice) and EXPLAIN.stem in told.text
    assert isinstance(score, QuizScore) and score.n == 0 and isinstance(shown, QuizItem)
    assert chat.store.reports[0]["item_id"] == EXPLAIN.id and chat.state.carried == ()
    assert "does not count" in chat.notice("I was right")


def test_a_quiz_in_between_without_an_answer_leaves_the_last_answer_where_it_was() -> None:
    chat = Chat(SHORT, CHOICE)
    chat.say("the loss falls apart")
    list(chat.quizzes.begin("chat", [EXPLAIN], "VAEs"))
    why = chat.say("why?")[0]
    assert isinstance(why, QuizWhy) and why.item_id == SHORT.id
    chat.say("I was right")
    assert [(one["item_id"], one["overrides"]) for one in chat.store.attempts] == [
        (SHORT.id, 0),
        (SHORT.id, 1),
    ]
    chat.say("stop")
    assert chat.state.outcomes[0].graded is not None and chat.state.ended is None
    chat.say("undo")
    assert chat.state.outcomes[0].graded is None
    assert chat.store.attempts[2]["overrides"] == 2


def test_an_answer_of_a_quiz_in_between_sent_twice_is_not_graded_for_the_other_quiz() -> None:
    chat = Chat(SHORT, CHOICE)
    list(chat.quizzes.begin("chat", [EXPLAIN], "VAEs"))
    chat.say("they run after each other")
    assert "say it again" in chat.notice("they run after each other")


def test_the_open_question_is_asked_again_when_the_student_goes_on() -> None:
    chat = Chat(CHOICE, SHORT)
    for text in (
        "continue the quiz",
        "go on",
        "continue",
        "let's go on with the quiz",
        "back to the quiz",
        "继续",
    ):
        assert chat.say(text) == chat.opening, text
    assert all(
        asks_to_go_on(text)
        for text in ("continue the quiz", "Please resume the last quiz!", "back to the quiz")
    )
    assert not any(asks_to_go_on(text) for text in ("go on", "continue", "quiz me", "what is a quiz?"))


def test_a_skipped_question_counts_as_not_known_everywhere() -> None:
    chat = Chat(SHORT, CHOICE)
    chat.say("skip")
    [kept] = chat.store.attempts
    assert (kept["item_id"], kept["grade"]["verdict"], kept["grade"]["dont_know"]) == (
        SHORT.id,
        "wrong",
        True,
    )
    assert "nothing to undo" in chat.notice("undo")
    score = score_in(chat.say("stop"))
    assert (score.score, score.n, score.missed) == (0.0, 1, 1)


def test_what_was_missed_can_be_retried_after_other_talk_until_a_new_quiz_ends() -> None:
    chat = Chat(CHOICE, SHORT)
    chat.say("A")
    chat.say("skip")
    chat.quizzes.moved_on("chat", chat.state)
    assert asks_again(chat.state, "again") and asks_again(chat.state, "retry")
    assert not asks_again(chat.state, "what is a GAN?")
    chat.say("again")
    assert [one.id for one in chat.state.items] == [CHOICE.id, SHORT.id]
    chat.say("B")
    chat.say(RIGHT[SHORT.id])
    assert not asks_again(chat.state, "again")


def test_so_many_quizzes_wait_and_no_more() -> None:
    chat = Chat(SHORT)
    for _ in range(MOST_PAUSED):
        list(chat.quizzes.begin("chat", [TRUTH]))
    with pytest.raises(QuizError, match="wait already"):
        list(chat.quizzes.begin("chat", [CHOICE]))
    for _ in range(MOST_PAUSED + 1):
        chat.say("stop")
    assert not chat.state.waits


def test_an_empty_quiz_is_refused() -> None:
    with pytest.raises(QuizError):
        start([])


def test_a_state_survives_json_at_every_point() -> None:
    chat = Chat(other=lambda *_: replace(SHORT, id="swapped"))
    for text in (
        "hint",
        "harder",
        "it rises",
        "I was right",
        "undo",
        "not sure",
        "B",
        "report",
        "A",
        "x",
        "stop",
    ):
        chat.say(text)
        assert Round.from_dict(json.loads(json.dumps(chat.state.to_dict()))) == chat.state


def test_a_state_of_the_first_version_is_read() -> None:
    old = {"topic": "GANs", "items": [CHOICE.to_dict()], "outcomes": [], "hints": 1, "stopped": False}
    state = Round.from_dict(json.loads(json.dumps(old)))
    assert state.asked == CHOICE and state.hints == 1 and state.told


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"topic": "GANs"},
        {"topic": 1, "items": [3], "outcomes": []},
        {"items": None},
        [],
        {"items": [], "outcomes": [{}]},
    ],
)
def test_a_state_that_cannot_be_read_ends_the_quiz_and_is_kept(broken: Any) -> None:
    store = RoundsInMemory()
    store._states["chat"] = json.dumps(broken)
    quizzes = Quizzes(store, Rules(grade))
    with pytest.raises(QuizError):
        quizzes.state("chat")
    [told] = quizzes.set_aside("chat")
    assert isinstance(told, Notice) and "has ended" in told.text
    state = quizzes.state("chat")
    assert state is not None and not state.waits
    assert (store.load_round("chat") or {})["unreadable"] == broken
    assert kinds(list(quizzes.begin("chat", [SHORT]))) == ["QuizItem"]


def test_a_grade_that_was_kept_and_not_shown_is_shown_and_the_answer_sent_again_is_not_graded() -> None:
    chat = Chat(CHOICE, EITHER)
    turn = chat.quizzes.say("chat", "B")
    next(turn)
    turn.close()  # the program ends here
    events = chat.say("B")
    assert kinds(events) == ["Notice", "QuizGrade", "QuizItem"] and grade_in(events).item_id == CHOICE.id
    assert len(chat.store.attempts) == 1
    assert grade_in(events).attempt_id == 1
    assert grade_in(chat.say("B")).item_id == EITHER.id


def test_the_students_word_on_a_grade_that_was_kept_and_not_shown_revises_that_attempt() -> None:
    chat = Chat(SHORT, CHOICE)
    turn = chat.quizzes.say("chat", "bananas")
    next(turn)
    turn.close()  # the program ends here
    chat.say("bananas")
    chat.say("I was right")
    assert [one["overrides"] for one in chat.store.attempts] == [0, 1]


# -- T12: no sequence of messages and no crash breaks it ------------------------------------------------------------


class Crash(Exception):
    """The program ends here."""


Fault = tuple[int, Literal["before", "inside", "after"]]


class Disk:
    """Rounds in SQLite that check each step against the one before, and crash where they are told to."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.executescript(
            "create table state (body text); create table items (id text primary key, body text);"
            "create table attempts (id integer primary key, body text); create table reports (body text);"
            "create table accepted (fact text, words text, unique (fact, words));"
        )
        self.fault: Fault | None = None
        self.calls = 0

    def _called(self, where: str) -> None:
        if self.fault is not None and self.fault == (self.calls, where):
            raise Crash

    def load_round(self, chat_id: str) -> dict[str, Any] | None:
        self.calls += 1
        self._called("before")
        row = self.db.execute("select body from state").fetchone()
        return json.loads(row[0]) if row else None

    def keep_step(
        self,
        chat_id: str,
        state: dict[str, Any],
        *,
        items: Sequence[dict[str, Any]] = (),
        attempts: Sequence[dict[str, Any]] = (),
        reports: Sequence[dict[str, Any]] = (),
        accepts: Sequence[tuple[str, str]] = (),
        forgets: Sequence[tuple[str, str]] = (),
        settle: Settle | None = None,
    ) -> list[dict[str, Any]]:
        self.calls += 1
        self._called("before")
        kept = []
        self.db.execute("begin")
        try:
            before = self.db.execute("select body from state").fetchone()
            self._revises_the_last_answer(attempts)
            self.db.executemany(
                "insert or replace into items values (?, ?)", [(i["id"], json.dumps(i)) for i in items]
            )
            for one in attempts:
                row = self.db.execute("insert into attempts (body) values (?)", (json.dumps(one),)).lastrowid
                kept.append({"attempt_id": row, "fact_id": one["fact_id"], "next_due": None})
            self.db.executemany("insert or ignore into accepted values (?, ?)", accepts)
            self._called("inside")
            self.db.executemany("delete from accepted where fact = ? and words = ?", forgets)
            self.db.executemany("insert into reports values (?)", [(json.dumps(one),) for one in reports])
            state = settle(kept) if settle else state
            self.db.execute("delete from state")
            self.db.execute("insert into state values (?)", (json.dumps(state),))
            self.db.execute("commit")
        except Crash:
            self.db.execute("rollback")
            raise
        check_step(json.loads(before[0]) if before else None, json.loads(json.dumps(state)), attempts)
        self._called("after")
        return kept

    def accepted(self, fact_id: str) -> tuple[str, ...]:
        return tuple(
            row[0] for row in self.db.execute("select words from accepted where fact = ?", (fact_id,))
        )

    def words_kept(self) -> set[tuple[str, str]]:
        """Facts' ids and the words that are right for them by the student's word."""
        return set(self.db.execute("select fact, words from accepted"))

    def last_attempt(self) -> tuple[int, dict[str, Any]]:
        """The number and the body of the last attempt; 0 and nothing where there is none."""
        row = self.db.execute("select id, body from attempts order by id desc limit 1").fetchone()
        return (row[0], json.loads(row[1])) if row else (0, {})

    def plain_attempts(self) -> list[dict[str, Any]]:
        """The attempts that replace no other, in order."""
        rows = self.db.execute("select body from attempts order by id")
        return [one for one in (json.loads(row[0]) for row in rows) if not one["overrides"]]

    def _revises_the_last_answer(self, attempts: Sequence[dict[str, Any]]) -> None:
        """The student's own word is about the last answer of the chat, whichever quiz it was given in."""
        rows = self.db.execute("select id, body from attempts order by id").fetchall()
        overrides = {row[0]: json.loads(row[1])["overrides"] for row in rows}
        for one in attempts:
            root = one["overrides"]
            while root and overrides[root]:
                root = overrides[root]
            assert not root or root == max(number for number, before in overrides.items() if not before)

    def has_item(self, name: str) -> bool:
        return self.db.execute("select 1 from items where id = ?", (name,)).fetchone() is not None


def check_step(
    before: dict[str, Any] | None, after: dict[str, Any], attempts: Sequence[dict[str, Any]]
) -> None:
    """A plain attempt goes with exactly one open item that is dealt with in the same step, by the same words."""
    plain = [one for one in attempts if not one["overrides"]]
    assert len(plain) <= 1
    if plain:
        assert before is not None
        place = len(before["outcomes"])
        assert before["items"][place]["id"] == plain[0]["item_id"]
        assert len(after["outcomes"]) == place + 1
        assert after["outcomes"][place]["answer"] == plain[0]["answer"]
        assert after["outcomes"][:place] == before["outcomes"]


class Player:
    """One student in one chat who sees what is shown, through any number of programs over one disk."""

    def __init__(self) -> None:
        self.disk = Disk()
        self.letters: dict[str, tuple[tuple[str, str], ...]] = {}
        self.graded: Counter[str] = Counter()  # grades that were shown, by item
        self.started = 0

    @staticmethod
    def grade(one: Item, words: str) -> Grade:
        verdict: Any = ("correct", "partial", "wrong", "unsure")[(len(words) + len(one.stem)) % 4]
        return Grade(verdict, {"correct": 1.0, "partial": 0.5}.get(verdict, 0.0), (), "So.")

    @staticmethod
    def other(
        one: Item, wish: str, beside: Sequence[Item], shown: Collection[str], told: Sequence[str]
    ) -> Item | None:
        name = f"{one.id}-{wish}"
        return None if len(name) > 40 else replace(one, id=name, options=one.options[::-1])

    def say(self, text: str, fault: Fault | None = None) -> list[Event]:
        """What is shown in reply; after a crash, what was shown until then."""
        self.disk.fault, self.disk.calls = fault, 0
        kept, last = self.disk.words_kept(), self.disk.last_attempt()[0]
        shown: list[Event] = []
        try:
            for event in self._turn("x" * 5000 if text == LONG else text):
                self._see(event)
                shown.append(event)
        except Crash:
            return shown
        finally:
            self.disk.fault = None
            self._check_words(kept, last, text)
        assert shown, "every message gets a reply"
        return shown

    def _check_words(self, before: set[tuple[str, str]], last: int, text: str) -> None:
        """Words are kept in the step that counts them as right by the student's word; what undoes it forgets them."""
        after = self.disk.words_kept()
        number, attempt = self.disk.last_attempt()
        if number > last and attempt["overrides"]:
            words = {(attempt["fact_id"], reply_of(attempt["answer"]).words)}
            own = attempt["grade"]["feedback"] == "Counted as right on your own word."
            assert after == (before | words if own else before - words), "kept words and grade differ"
        elif text == "forget that":
            assert after <= before and len(before - after) <= 1
        else:
            assert after == before, "kept words changed by themselves"

    def _turn(self, text: str) -> Iterator[Event]:
        quizzes = Quizzes(self.disk, Rules(self.grade, self.other))
        state = quizzes.state("chat")
        if text == "quiz" or state is None:
            rng = random.Random(self.started)
            self.started += 1
            drawn = rng.sample(EVERY, 3)
            turned = [replace(one, options=tuple(rng.sample(one.options, len(one.options)))) for one in drawn]
            try:
                yield from quizzes.begin("chat", turned, "GANs")
            except QuizError as error:
                yield Notice(str(error))
        elif text == RESTART:
            yield from quizzes.show_again("chat")
            yield Notice("The chat is open again.")
        elif state.waits or follows_quiz(state, text):
            yield from quizzes.say("chat", text)
        else:
            quizzes.moved_on("chat", state)
            if asks_again(state, text):
                yield from quizzes.say("chat", text)
            else:
                yield Notice("An answer of the tutor.")

    def _see(self, event: Event) -> None:
        if isinstance(event, QuizItem):
            assert self.disk.has_item(event.item_id), "shown before it was stored"
            assert self.letters.setdefault(event.item_id, event.options) == event.options, "a letter moved"
        if isinstance(event, Notice) and event.text.startswith("Skipped."):
            self.graded[self.disk.plain_attempts()[-1]["item_id"]] += 1
        if isinstance(event, QuizGrade):
            self.graded[event.item_id] += 1
            kept = Counter(one["item_id"] for one in self.disk.plain_attempts())
            assert kept[event.item_id], "a grade was shown that is not kept"

    @property
    def waits(self) -> bool:
        stored = self.disk.load_round("chat")
        return stored is not None and Round.from_dict(stored).waits


LONG, RESTART = "<very long>", "<restart>"
TEXTS = [
    "A", "B", "b", "C", "Z", "1", "True", "false", "yes", "B. An artist", "an artist", "Generator", "1B 2C 3A", "1A 2B",
    "C A B", "cab", "variety", "1000", "it rises", "it rises, sure", "idk", "I don't know", "不知道", "hint", "hint",
    "skip", "why", "why?", "harder", "too hard", "I was right", "that is the same", "undo", "I knew it", "I did not",
    "report",
    "report: unclear", "report the last question", "sure", "not sure", "B, sure", "how many left?",
    "repeat the question", "again", "retry the misses", "quiz", "quiz", "stop", "what do you mean?", "", "???", LONG,
    "What is a GAN?",
    "quiz", "I was right", "I was right", "undo", "again", "forget that", "continue the quiz", "go on",
    RESTART, RESTART,
    "'; DROP TABLE items; --", "~~A~~", "\u0000", "🙂", "İ" * 30,
]  # fmt: skip
FAULTS = [None] * 8 + [(n, where) for n in (1, 2, 3, 4) for where in ("before", "inside", "after")]
MOVES = st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from(FAULTS)), min_size=50, max_size=50)


@settings(
    max_examples=500, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(moves=MOVES, end=st.sampled_from(["skip", "stop"]))
def test_no_sequence_of_messages_and_no_crash_loses_regrades_or_reorders_an_item(
    moves: list[tuple[str, Fault | None]], end: str
) -> None:
    player = Player()
    player.say("quiz")
    for text, fault in moves:
        attempts = len(player.disk.plain_attempts())
        shown = player.say(text, fault)
        assert len(player.disk.plain_attempts()) - attempts in (0, 1)
        if fault is None:
            kept = Counter(one["item_id"] for one in player.disk.plain_attempts())
            assert not kept - player.graded, "a grade that was kept was never shown"
            assert shown
    left = 0
    while player.waits:
        player.say(end)
        left += 1
        assert left < 40, "a dead end"
