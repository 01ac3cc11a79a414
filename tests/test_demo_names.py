"""What students call the demos, in English and Chinese, and what else they wish of them."""

from __future__ import annotations

import pytest

from demos.catalogue import DEMOS
from tutor.demo_names import (
    asked_demo,
    asks_again,
    asks_for_list,
    asks_to_compare,
    named_demo,
    nearest_demo,
    wants_prediction,
)

ASKED = {
    "gan-2d": ("run gan-2d", "show me a GAN training", "train a GAN on moons", "训练一个GAN", "演示对抗网络"),
    "mode-collapse": ("show me mode collapse in action", "演示模式崩溃", "跑一下 mode collapse 的 demo"),
    "diffusion-2d": ("run the diffusion demo", "simulate flow matching", "演示扩散模型", "let's see diffusion live"),
    "generative-vs-discriminative": (
        "run generative-vs-discriminative", "show me the demo of naive Bayes against logistic regression",
        "demonstrate generative versus discriminative models", "演示生成模型和判别模型",
    ),
    "dcgan-digits": ("train a DCGAN", "run a GAN on handwritten digits", "run dcgan-digits"),
    "conditional-gan": ("train a conditional GAN", "show me a cGAN", "演示条件GAN"),
    "cyclegan": ("show me CycleGAN", "run the cycle-gan demo", "run the hair colour demo", "演示循环一致"),
    "face-vae": ("train a VAE", "show me the face space demo", "run an autoencoder", "演示变分自编码器", "训练一个VAE"),
    "latent-diffusion": ("run latent diffusion", "train a diffusion model on faces", "演示潜在扩散"),
    "digit-diffusion": ("run the diffusion demo on digits", "show me the guidance demo", "演示手写数字的扩散"),
    "metrics-lab": ("run the metrics lab", "show me the FID demo", "演示评估指标"),
    "self-attention": ("show me self-attention live", "run the attention demo", "演示注意力"),
    "tiny-transformer": ("train a tiny transformer", "train a language model", "训练一个Transformer", "run nanoGPT"),
    "tokens": ("run the tokens demo", "show me the tokeniser demo", "demonstrate byte-pair encoding", "演示分词"),
    "fine-tuning": (
        "show me fine-tuning", "let me watch LoRA", "run the fine-tuning demo", "演示微调",
        "show me fine-tuning on my own cards", "run LoRA on my cards about diffusion with rank 4",
        "show me fine-tuning a pretrained model live", "demonstrate low-rank adaptation",
    ),
    "pretrained": ("run the pretrained model", "show me the demo with pre-trained weights", "演示预训练模型"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in ASKED.items() for text in texts])
def test_each_demo_is_known_by_its_names(name: str, text: str) -> None:
    assert asked_demo(text)[0] == name


@pytest.mark.parametrize("name", [demo.name for demo in DEMOS])
def test_each_demo_that_is_there_is_known_by_its_own_name(name: str) -> None:
    assert named_demo(name)[0] == name
    assert asked_demo(f"run {name}")[0] == name


@pytest.mark.parametrize(
    "text",
    [
        "show me the metrics",
        "show me the tokens",
        "show me the difference between a GAN and a VAE",
        "how do I train a GAN?",
        "show me how attention works",
        "what is a transformer?",
        "show me my notes on diffusion",
        "run me through the training of a GAN",
        "show me an example of tokens",
        "what is LoRA?",
        "show me the difference between LoRA and full fine-tuning",
        "show me my notes on fine-tuning",
    ],
)
def test_words_about_a_thing_ask_for_no_demo(text: str) -> None:
    assert asked_demo(text) == ("", "")


def test_settings_are_no_part_of_what_is_asked_for() -> None:
    assert asked_demo("train a GAN with the lsgan loss and d_lr 0.005") == ("gan-2d", "GAN")
    assert asked_demo("show me the GAN loss") == ("", "")


def test_a_demo_without_a_name_is_that_of_the_last_topic_or_a_gan() -> None:
    assert asked_demo("show me a demo") == ("gan-2d", "GAN")
    assert asked_demo("show me a quick demo", lambda: "diffusion") == ("diffusion-2d", "diffusion")


def test_a_demo_of_something_else_keeps_its_words() -> None:
    assert asked_demo("run the BERT demo") == ("bert", "bert")


def test_the_nearest_is_one_that_is_there() -> None:
    assert nearest_demo("cyclegan", ["gan-2d", "diffusion-2d"]) == "gan-2d"
    assert nearest_demo("cyclegan", ["gan-2d", "conditional-gan"]) == "conditional-gan"
    assert nearest_demo("bert", ["gan-2d"]) == ""


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("run it again", True),
        ("run it again with d_lr 0.01", True),
        ("rerun it with seed 3", True),
        ("please do that once more, but with 500 steps", True),
        ("try it with the lsgan loss", True),
        ("再跑一次", True),
        ("run a GAN", False),
        ("explain it again", False),
        ("show me that in the notes", False),
        ("do it", True),
    ],
)
def test_another_run_is_asked_for_in_many_words(text: str, yes: bool) -> None:
    assert asks_again(text) is yes


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("which demos are there?", True),
        ("What demos do you have?", True),
        ("list the demos", True),
        ("show me all demos", True),
        ("what can you show me?", True),
        ("有哪些演示？", True),
        ("你能演示什么", True),
        ("show me a demo", False),
        ("what does the demo show?", False),
        ("which demo shows mode collapse?", False),
        ("what is a demo?", False),
    ],
)
def test_a_list_is_asked_for_in_many_words(text: str, yes: bool) -> None:
    assert asks_for_list(text) is yes


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("compare the last two runs", True),
        ("compare both runs", True),
        ("what is the difference between the last two runs?", True),
        ("比较最近两次运行", True),
        ("compare GANs and VAEs", False),
        ("compare the last two answers", False),
    ],
)
def test_a_comparison_of_runs_is_asked_for_in_many_words(text: str, yes: bool) -> None:
    assert asks_to_compare(text) is yes


def test_a_prediction_is_wanted_until_the_student_says_otherwise() -> None:
    assert wants_prediction(["run a GAN"])
    assert not wants_prediction(["run a GAN without asking"])
    assert not wants_prediction(["stop asking me for predictions", "run a GAN"])
    assert wants_prediction(["stop asking", "ask me first again"])
