"""Chinese questions in English words: names of the glossary first, then common words, the rest as it stands."""

from __future__ import annotations

import pytest

from tutor.chinese import WORDS, in_english

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
