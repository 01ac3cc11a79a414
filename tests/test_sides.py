"""What a question compares: two to four things in its order and words."""

from __future__ import annotations

import pytest

from tutor.sides import sides, without_aspect


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What is the difference between a GAN and a VAE?", ["GAN", "VAE"]),
        ("What is the relationship and the differences between a GAN and a VAE?", ["GAN", "VAE"]),
        ("How does a GAN differ from a diffusion model?", ["GAN", "diffusion model"]),
        ("Compare WGAN with DCGAN", ["WGAN", "DCGAN"]),
        ("BERT vs. GPT vs. T5?", ["BERT", "GPT", "T5"]),
        ("compare naive Bayes, logistic regression and SVM", ["naive Bayes", "logistic regression", "SVM"]),
        ("strengths and weaknesses of vae vs gan vs diffusion vs rnn", ["vae", "gan", "diffusion", "rnn"]),
        ("BERT or GPT: which is better for classification?", ["BERT", "GPT"]),
        ("which is better, a GAN or a VAE?", ["GAN", "VAE"]),
        ("is a GAN better than a VAE at sharp images?", ["GAN", "VAE"]),
        ("pix2pix vs cyclegan which one needs pairs", ["pix2pix", "cyclegan"]),
        ("top k or top p, whats the differnce", ["top k", "top p"]),
        ("relation between ELBO and KL divergence", ["ELBO", "KL divergence"]),
        ("when should I use a GAN instead of a VAE?", ["GAN", "VAE"]),
        ("How are precision and recall related?", ["precision", "recall"]),
        ("GAN 和 VAE 的区别", ["GAN", "VAE"]),
        ("扩散模型和GAN有什么区别？", ["扩散模型", "GAN"]),
        ("朴素贝叶斯、逻辑回归和支持向量机的区别", ["朴素贝叶斯", "逻辑回归", "支持向量机"]),
        ("RAG 还是微调？", ["RAG", "微调"]),
    ],
)
def test_the_sides_of_a_comparison_are_found(question: str, named: list[str]) -> None:
    assert sides(question) == named


@pytest.mark.parametrize(
    "question",
    [
        "What is a GAN?",
        "What happens between two steps?",
        "Is there a difference?",
        "How is it different from that?",
        "Why do the images differ every time and what can I do?",
        "On how many cards and for how many hours was it trained?",
        "is it better to give a program as many passages as possible",
        "为什么 diffusion 采样比 GAN 慢那么多",
    ],
)
def test_a_question_that_compares_nothing_has_no_sides(question: str) -> None:
    assert sides(question) == []


@pytest.mark.parametrize(
    ("question", "bare", "aspect"),
    [
        ("compare GAN training and VAE training", ["GAN", "VAE"], "training"),
        ("sampling speed of GANs vs diffusion", ["GANs", "diffusion"], "sampling speed"),
        ("compare the loss of a GAN with the loss of a VAE", ["GAN", "VAE"], "loss"),
        ("GAN training vs diffusion", ["GAN", "diffusion"], "training"),
        ("What is the difference between a GAN's training and a VAE's training?", ["GAN", "VAE"], "training"),
        ("GAN vs VAE", ["GAN", "VAE"], ""),
        ("diffusion model vs language model", ["diffusion model", "language model"], ""),
        ("GAN training vs VAE sampling", ["GAN training", "VAE sampling"], ""),
    ],
)
def test_an_aspect_is_taken_from_the_names_of_the_sides(question: str, bare: list[str], aspect: str) -> None:
    assert without_aspect(sides(question)) == (bare, aspect)
