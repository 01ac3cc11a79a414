"""Chinese questions in English words: names of the glossary first, then common words, the rest as it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.chinese import WORDS, in_english, words_of

NAMES = {"判别器": "discriminator", "潜在空间": "latent space"}


@pytest.mark.parametrize(
    ("asked", "english"),
    [
        ("什么是扩散模型", "what is diffusion model"),
        ("判别器的作用是什么", "discriminator purpose what is"),
        ("GAN 的潜在空间", "GAN latent space"),
        ("为什么 LSTM 能缓解梯度消失？", "why LSTM can reduce gradient vanishing ？"),
        ("汽车怎么换轮胎", "汽车 how 换轮胎"),
        ("What is a GAN?", "What is a GAN?"),
        ("", ""),
    ],
)
def test_a_question_is_put_into_english_word_by_word(asked: str, english: str) -> None:
    assert in_english(asked, NAMES) == english


def test_a_name_of_the_notes_goes_before_the_common_words_in_it() -> None:
    assert in_english("扩散模型", {"扩散模型": "diffusion model (DDPM)"}) == "diffusion model (DDPM)"


def test_every_common_word_has_english_words_and_no_chinese() -> None:
    assert len(WORDS) > 300
    assert all(english.isascii() and english.strip() for english in WORDS.values())


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("判别器判断样本是真是假", "判别器 判断 样本 是 真 是 假"),
        ("生成器造样本", "生成器 造 样本"),
        ("模式崩溃", "模式 崩溃"),
        ("不产生噪声", "不 产生 噪声"),
        ("用户的噪声", "用户 的 噪声"),
        ("轮胎", "轮胎"),
        ("春夏秋冬", "春夏 秋冬"),
        ("", ""),
    ],
)
def test_a_run_of_chinese_is_cut_between_its_words(run: str, words: str) -> None:
    assert words_of(run) == words.split()


@given(st.text(alphabet="生成器判别的了不很大图用户模型训练数据春夏秋冬", max_size=40))
def test_no_character_is_lost_where_chinese_is_cut(run: str) -> None:
    assert "".join(words_of(run)) == run
