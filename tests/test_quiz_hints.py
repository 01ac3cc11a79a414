"""Hints bring a student nearer without the answer: where to look, what a wrong option belongs to, a word to weigh."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tutor.quiz.around import around
from tutor.quiz.bank import Bank
from tutor.quiz.blueprint import made
from tutor.quiz.cuts import pieces, reveals
from tutor.quiz.hints import hint
from tutor.quiz.items import KINDS, Item, Kind, Option
from tutor.quiz.shapes import defined_term
from tutor.turns import Citation


def item(kind: Kind, stem: str, key: str, quote: str, options: Sequence[Option] = ()) -> Item:
    cited = Citation(1, "gan.md", (3, 4), quote, "GAN notes", ("Losses",), quote)
    return Item("x", kind, stem, tuple(options), key, "", cited, quote, ("Losses",), "gan.md", "fact", "GANs")


@pytest.fixture(scope="module")
def bank(corpus_retriever: Any) -> Bank:
    return Bank(corpus_retriever)


WRONG = {
    "o1": "This is true of inpainting (Glossary)",
    "o3": "This is the answer to: What is a tokenizer? (Language models (LLMs))",
    "o4": "The note gives a step by step removal of noise from a sample.",
}
OPTIONS = (
    Option("o1", "It fills a masked hole of a picture anew", WRONG["o1"]),
    Option("o2", "It removes noise from a sample step by step", "It is right."),
    Option("o3", "It cuts a long text into small numbered pieces", WRONG["o3"]),
    Option("o4", "It adds fresh noise to clean data for ever", WRONG["o4"]),
)
CHOICE = item("choice", "Which of these is true of a sampler?", "o2", "A sampler removes noise.", OPTIONS)


# What each wrong option of `WRONG` may be told to belong to, in brackets no note, and of "D" nothing: a note gives it.
TOLD = {
    "A": "This is true of inpainting.",
    "C": "This is the answer to: What is a tokenizer?",
    "D": "",
}


def test_a_wrong_option_is_struck_out_with_what_it_belongs_to_as_far_as_that_is_not_the_answer() -> None:
    pairs = set()
    for number in range(30):
        asked = replace(CHOICE, id=f"x{number}")
        second, last = hint(asked, 2), hint(asked, 3)
        one = second.removeprefix("It is not ")[0]
        assert second == f"It is not {one}. {TOLD[one]}".strip()
        first, other = last.removeprefix("It is not ")[0:6:5]
        assert one in (first, other) and first < other and not {first, other} - set(TOLD)
        whys = (f"{letter}: {TOLD[letter]}" for letter in (first, other) if TOLD[letter])
        assert last == " ".join((f"It is not {first} or {other}.", *whys))
        pairs.add((one, first, other))
    assert len(pairs) == 6  # drawn, and by no place


def test_of_three_options_the_second_hint_tells_where_one_belongs_and_the_last_which_it_is() -> None:
    three = replace(CHOICE, options=OPTIONS[:3])
    second, last = hint(three, 2), hint(three, 3)
    assert second.startswith("Of one that is wrong: This is ") and " A" not in second and " C" not in second
    assert last.startswith(("It is not A. This is ", "It is not C. This is "))


def test_of_two_things_both_are_left_out_first_and_then_the_right_one_alone() -> None:
    two = item(
        "either", "Which of the two changes only the input: fine-tuning or prompting?", "o2",
        "Prompting changes only the input of a model, while fine-tuning trains parameters.",
        (Option("o1", "Fine-tuning"), Option("o2", "Prompting")),
    )  # fmt: skip
    sentence = "The note says: “____ changes only the input of a model, while {} trains parameters.”"
    assert [hint(two, level) for level in (2, 3)] == [sentence.format("____"), sentence.format("fine-tuning")]


def truth(statement: str, quote: str) -> Item:
    return item("true-false", statement, "o1", quote, (Option("o1", "True"), Option("o2", "False")))


@pytest.mark.parametrize(
    ("statement", "quote", "word", "gapped"),
    [
        (
            "True or false: The temperature divides the logits after the softmax.",
            "The temperature divides the logits before the softmax, so that it flattens them.",
            "after",
            "The temperature divides the logits ____ the softmax …",
        ),
        (
            "True or false: BERT is a text generator.",
            "BERT is not a text generator: BERT is an encoder.",
            "is",
            "BERT ____ a text generator …",
        ),
        (
            "True or false (topic: sampling): Greedy decoding always takes the most likely token.",
            "Greedy decoding always takes the least likely token.",
            "most",
            "Greedy decoding always takes the ____ likely token.",
        ),
        (
            "True or false: The FID compares real with generated images, and a lower value is worse.",
            "The FID compares real with generated images, and a lower value is better.",
            "worse",
            "The FID compares real with generated images, and a lower value is ____.",
        ),
    ],
)
def test_the_word_to_weigh_is_the_one_that_was_changed_and_is_then_left_out_of_the_notes_sentence(
    statement: str, quote: str, word: str, gapped: str
) -> None:
    asked = truth(statement, quote)
    assert f"“{word}”" in hint(asked, 2)
    assert hint(asked, 3) == f"The note says: “{gapped}”"


def test_a_true_statement_is_hinted_in_the_same_form() -> None:
    quote = "Greedy decoding always takes the most likely token."
    asked = truth(f"True or false (topic: sampling): {quote}", quote)
    assert hint(asked, 2).startswith("The word to weigh is “") and "sampling" not in hint(asked, 2)
    assert hint(asked, 3).count("____") == 1


def test_a_yes_or_no_is_hinted_by_the_sentence_that_says_it() -> None:
    key = "No, a CycleGAN receives an image. Each input image therefore leads to one fixed translation after training."
    asked = item("short", "Does a CycleGAN receive a random vector?", key, key)
    assert all("CycleGAN receives" in hint(asked, level) for level in (2, 3))


def test_the_second_hint_has_few_gaps_and_the_last_tells_more() -> None:
    key = (
        "Many kinds of networks use other designs: one of them uses convolutions, and another removes noise with a "
        "convolutional ladder that holds a few layers of attention but no recurrence."
    )
    asked = item("short", "Do all generative models need transformers?", key, key)
    second, last = hint(asked, 2), hint(asked, 3)
    assert second.count("____") <= 5 and last.count("____") < second.count("____")
    assert not reveals(asked, last)


def test_of_three_steps_the_last_hint_tells_the_first_alone() -> None:
    steps = tuple(Option(f"o{n}", f"step {n}") for n in (2, 3, 1))
    asked = item("order", "Put the steps in order.", "o1,o2,o3", "1, 2, 3.", steps)
    assert [hint(asked, level) for level in (2, 3)] == ["B does not come first.", "C comes first."]


def test_a_name_that_is_asked_for_is_told_more_of_without_the_name(bank: Bank) -> None:
    told = 0
    for fact in [fact for fact in bank.facts if fact.kind == "definition"][:80]:
        for asked in made("cloze", fact, bank, random.Random(0)):
            beside = around(asked, bank)
            told += bool(beside)
            assert not beside or ("____" in beside and asked.key.lower() not in beside.lower().split())
            assert not beside or hint(asked, 2, beside) == f"The notes say of it too: “{beside}”"
            assert "notes say" not in hint(asked, 1, beside)
    assert told >= 10


def test_a_sentence_beside_a_question_defines_something_that_it_names(bank: Bank) -> None:
    named = 0
    for fact in [fact for fact in bank.facts if fact.question and fact.kind == "reason"][:40]:
        for asked in made("short", fact, bank, random.Random(0)):
            beside = around(asked, bank)
            defined = [
                other for other in bank.facts if bank.defined(other) and beside and beside in other.key
            ]
            named += bool(defined)
            units = bank.units(asked.stem) | bank.units(asked.concept)
            assert not defined or any(bank.defined(other) <= units for other in defined)
    assert named >= 10


@pytest.mark.parametrize("term", ["mode collapse", "gradient penalty", "feature matching", "token embedding"])
def test_what_a_question_names_in_several_words_is_found_by_them(term: str, bank: Bank) -> None:
    defining = [fact for fact in bank.facts if defined_term(fact).lower() == term]
    assert defining
    for asked in (f"Why does {term} help?", f"Is a {term.capitalize()} of use?"):
        assert set(defining) <= set(bank.facts_defining(asked))
    apart = " which does not need any ".join(term.split())
    assert not set(defining) & set(bank.facts_defining(f"What about {apart}?"))


def test_every_fact_that_defines_something_is_found_by_the_name(bank: Bank) -> None:
    terms = [(fact, defined_term(fact)) for fact in bank.facts if defined_term(fact)]
    assert sum(len(bank.defined(fact)) > 1 for fact, _ in terms) >= 10
    assert [term for fact, term in terms if fact not in bank.facts_defining(term)] == []


def test_a_sentence_beside_a_question_defines_what_it_names_in_several_words(bank: Bank) -> None:
    asked = item("short", "Why is a token embedding learned?", "By hand it is hard.", "")
    assert around(asked, bank).startswith("A generative adversarial network is")  # the concept goes first
    told = around(replace(asked, concept=""), bank)
    assert told.startswith("A token embedding is the learned vector")


# -- in Chinese ----------------------------------------------------------------------------------------------------

NAMES = [
    item(
        "term", "生成器只生成少数几类样本的现象叫什么？", "模式崩溃", "模式崩溃指生成器只生成少数几类样本。"
    ),
    item("cloze", "VAE 的 ____ 把隐向量变回数据。", "解码器", "VAE 的解码器把隐向量变回数据。"),
    item("term", "LSTM 用什么决定丢掉什么？", "门", "门决定从细胞状态中丢掉什么。"),
    item("term", "DCGAN 的中文名是什么？", "深度卷积生成对抗网络", "DCGAN 是深度卷积生成对抗网络。"),
]
SAID = [
    item("short", "什么是模式崩溃？", key := "模式崩溃指生成器只生成少数几类样本，虽然训练数据里有很多类。", key),
    item("short", "为什么判别式模型不能生成新的输入？", key := "因为判别式模型没有学习输入是怎样分布的。", key),
    item("short", "GAN 为什么训练不稳定？", key := "两个神经网络互相对抗，任何一方变化都会改变另一方的目标。", key),
    item("explain", "用自己的话解释重参数化技巧。", key := "重参数化技巧把抽样写成均值加标准差乘噪声。", key),
]  # fmt: skip


@pytest.mark.parametrize("asked", NAMES, ids=lambda asked: asked.key)
def test_of_a_chinese_name_its_length_is_told_and_its_first_sign_at_most(asked: Item) -> None:
    second, last = hint(asked, 2), hint(asked, 3)
    size = len(asked.key)
    assert second == f"是一个词，共{size}个字。"
    assert last == (f"以“{asked.key[0]}”开头，共{size}个字。" if size > 1 else second)


@pytest.mark.parametrize("asked", SAID, ids=lambda asked: asked.stem)
def test_gaps_in_a_chinese_sentence_begin_and_end_with_its_words(asked: Item) -> None:
    ends = {end for piece in pieces(asked.key) for end in (piece.begin, piece.end)}
    told = []
    for level in (2, 3):
        shown = hint(asked, level).removeprefix("笔记里说：“").removesuffix("”")
        assert "____" in shown and not reveals(asked, shown)
        at = 0
        for part in shown.split("____"):
            begin = asked.key.index(part, at)
            at = begin + len(part)
            assert not part or ((not begin or begin in ends) and (at == len(asked.key) or at in ends)), (
                part,
                shown,
            )
        told.append(len(shown.replace("____", "")))
    assert 0 < told[0] < told[1]


def test_a_chinese_statement_is_weighed_by_its_words() -> None:
    needs = truth("判断：标准的前向过程是固定的，需要学习。", "标准的前向过程是固定的，不需要学习。")
    assert "“需要”" in hint(needs, 2) and hint(needs, 3) == "笔记里说：“标准的前向过程是固定的，____学习。”"
    noise = truth("判断：编码器产生噪声。", "编码器不产生噪声。")
    assert "“产生”" in hint(noise, 2) and hint(noise, 3) == "笔记里说：“编码器____噪声。”"
    fast = truth("判断：扩散模型的采样速度很快。", "扩散模型的采样速度很慢，因为要一步一步去噪。")
    for options in (fast.options, (Option("o1", "对"), Option("o2", "错"))):
        fast = replace(fast, options=options)
        assert "“很快”" in hint(fast, 2) and hint(fast, 3) == "笔记里说：“扩散模型的采样速度____ …”"


def test_of_two_things_in_chinese_both_are_left_out_first_and_then_the_right_one_alone() -> None:
    options = (Option("o1", "生成器"), Option("o2", "判别器"))
    quote = "生成器造样本，判别器判断样本是真是假。"
    two = item("either", "哪个网络造样本：生成器还是判别器？", "o1", quote, options)
    sentence = "笔记里说：“____造样本，{}判断样本是真是假。”"
    assert [hint(two, level) for level in (2, 3)] == [sentence.format("____"), sentence.format("判别器")]


def test_a_reason_that_names_the_chinese_answer_is_not_told() -> None:
    texts = ("采样速度慢", "图像偏模糊", "模式崩溃", "只能按顺序生成样本")
    whys = ("", "这和采样速度慢不同，是变分自编码器的弱点。", "", "这是自回归模型的弱点。")
    options = [Option(f"o{n}", text, why) for n, (text, why) in enumerate(zip(texts, whys, strict=True))]
    for four in (options, options[::-1]):
        asked = item("choice", "扩散模型的常见弱点是什么？", "o0", "扩散模型的弱点是速度。", four)
        for name in range(8):
            assert "采样" not in hint(replace(asked, id=f"x{name}"), 3)


def test_nothing_is_told_in_english_beside_a_chinese_question(bank: Bank) -> None:
    asked = item("short", "为什么要避免模式崩溃？", "因为样本不多样。", "因为样本不多样。")
    english = replace(
        asked, stem="Why avoid mode collapse?", citation=replace(asked.citation, quote="Variety.")
    )
    assert around(english, bank) and around(asked, bank) == ""


# -- made by hand --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quote", ["A sampler removes noise.", ""])
@pytest.mark.parametrize("stem", ["What removes noise?", "True or false: it removes noise.", "____", ""])
@pytest.mark.parametrize(
    "key", ["o1", "o2,o1", "o1,o2,o3", "o9", "a sampler", "5", "z", ".5", "of 3.5.", "五", ""]
)
@pytest.mark.parametrize(
    "texts", [(), ("",), ("", ""), ("A", ""), ("True",), ("True", ""), ("A", "B", "C"), ("对", "")]
)
def test_whatever_an_item_lacks_each_hint_says_something(
    texts: tuple[str, ...], key: str, stem: str, quote: str
) -> None:
    options = tuple(Option(f"o{n}", text) for n, text in enumerate(texts, 1))
    for kind in KINDS:
        asked = item(kind, stem, key, quote, options)
        for bare in (asked, replace(asked, citation=replace(asked.citation, title=""), heading=(), note="")):
            for level in (1, 2, 3):
                told = hint(bare, level)
                assert (
                    re.search(r"\w", told) and "“”" not in told and "not ." not in told and " 0 " not in told
                ), told
                assert key not in ("z", "五") or options or kind == "number" or f"“{key}" not in told


@pytest.mark.parametrize("kind", ["match", "order"])
def test_of_two_things_neither_place_is_told(kind: Any) -> None:
    two = item(
        kind, "Put them in order.", "o2,o1", "Two, then one.", (Option("o1", "one"), Option("o2", "two"))
    )
    assert {hint(two, level) for level in (2, 3)} == {"Read again what your note says."}
