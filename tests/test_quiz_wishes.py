"""What a student wishes of a quiz, in many wordings, and what is no such wish."""

from __future__ import annotations

import pytest

from tutor.notes.note import Note
from tutor.questions import Said, understand
from tutor.quiz_wishes import EASY, HARD, TOPIC_ASKED, quiz_wish
from tutor.topics import Topics
from tutor.vocabulary import read_vocabulary

CHOICES = ("choice", "definition", "term")
TYPED = ("short", "cloze", "number", "explain")
TRUTH = ("true-false",)
GAPS = ("cloze",)
OPEN = ("short", "explain")
NO_CHOICES = ("short", "cloze", "number", "explain", "match", "order", "true-false")
NO_TRUTH = ("short", "cloze", "number", "explain", "match", "order", "either", "choice", "definition", "term")

# The words, and what they wish: the topic, how many questions, of which kinds, and which part of the record.
WISHES: list[tuple[str, str, int | None, tuple[str, ...], str]] = [
    ("quiz me", "", None, (), ""),
    ("quiz me on GANs", "GANs", None, (), ""),
    ("quiz me on GANs, typed answers only", "GANs", None, TYPED, ""),
    ("Quiz me on GANs, 4 questions, typed answers only", "GANs", 4, TYPED, ""),
    ("quiz me on diffusion models with typed answers only", "diffusion models", None, TYPED, ""),
    ("quiz me on VAEs, no multiple choice", "VAEs", None, NO_CHOICES, ""),
    ("only true or false questions on CNNs", "CNNs", None, TRUTH, ""),
    ("quiz me on transformers, multiple choice only", "transformers", None, CHOICES, ""),
    ("short answers on BERT please: quiz me", "BERT", None, OPEN, ""),
    ("quiz me with 100 questions on GANs", "GANs", 100, (), ""),
    ("quiz me on GANs with 100 questions", "GANs", 100, (), ""),
    ("give me twenty questions about attention", "attention", 20, (), ""),
    ("a quick quiz on LoRA", "LoRA", 3, (), ""),
    ("5 hard questions on diffusion", "diffusion", 5, HARD, ""),
    ("give me something harder on GANs", "GANs", None, HARD, ""),
    ("用中文出题:GAN", "GAN", None, (), ""),
    ("考考我 GAN", "GAN", None, (), ""),
    ("来5道题 about 扩散模型", "扩散模型", 5, (), ""),
    ("quiz me in Chinese on GAN", "GAN", None, (), ""),
    ("quiz me on", "", None, (), ""),
    ("quiz me on ", "", None, (), ""),
    ("quiz me on everything", "", None, (), ""),
    ("test me on what's due", "", None, (), "due"),
    ("ask me ten easy questions about VAEs", "VAEs", 10, EASY, ""),
    ("I'd like a dozen multiple-choice questions on self-attention", "self-attention", 12, CHOICES, ""),
    ("can you quiz me about the difference between GANs and VAEs?", "difference between GANs and VAEs", None, (), ""),
    ("quiz me on GANs and diffusion models, 10 questions", "GANs and diffusion models", 10, (), ""),
    ("let's do a true/false quiz on FID", "FID", None, TRUTH, ""),
    ("make a fill in the gaps quiz on mode collapse", "mode collapse", None, GAPS, ""),
    ("give me a couple of questions on PyTorch", "PyTorch", 2, (), ""),
    ("one question on U-Net please", "U-Net", 1, (), ""),
    ("出三道关于GAN的选择题", "GAN", 3, CHOICES, ""),
    ("quiz me hard on VAEs", "VAEs", None, HARD, ""),
    ("ask me about the EM algorithm", "EM algorithm", None, (), ""),
    ("quiz me on the reparameterisation trick, 4 questions, no true or false",
     "reparameterisation trick", 4, NO_TRUTH, ""),
    ("quiz me on open models", "open models", None, (), ""),
    ("quiz me on FLUX 1", "FLUX 1", None, (), ""),
    ("quiz me on pix2pix 3", "pix2pix 3", None, (), ""),
    ("quiz me on GANs x5", "GANs", 5, (), ""),
    ("quiz me on GANs×3", "GANs", 3, (), ""),
    ("quiz me on overfitting due to small data", "overfitting due to small data", None, (), ""),
    ("test me on training that fails due to a learning rate too high",
     "training that fails due to a learning rate too high", None, (), ""),
    ("quiz me on the cards that are due to come up today", "", None, (), "due"),
    ("quiz me on what is due to be reviewed", "", None, (), "due"),
    ("quiz me on what I got wrong", "", None, (), "missed"),
    ("please test me on convolutional neural networks", "convolutional neural networks", None, (), ""),
    ("I'd like to be quizzed on WGANs, seven questions", "WGANs", 7, (), ""),
    ("15 MCQs about large language models", "large language models", 15, CHOICES, ""),
    ("three tricky true or false questions on overfitting", "overfitting", 3, TRUTH, ""),
    ("quiz me on RAG but without multiple choice please", "RAG", None, NO_CHOICES, ""),
    ("can we do a short quiz on tokens and sampling?", "tokens and sampling", 3, (), ""),
    ("grill me on the ELBO", "ELBO", None, (), ""),
    ("make me a matching quiz about GANs", "GANs", None, ("match",), ""),
    ("quiz me with typed questions only on the transformer", "transformer", None, TYPED, ""),
    ("Ask me fifty questions on everything", "", 50, (), ""),
    ("quiz me on U-Net with easy questions", "U-Net", None, EASY, ""),
    ("another quiz on CycleGAN, harder this time", "CycleGAN", None, HARD, ""),
    ("give me 2 number questions on perplexity", "perplexity", 2, ("number",), ""),
    ("quiz: latent space", "latent space", None, (), ""),
    ("test my knowledge of normalising flows with 6 fill-in-the-blank questions", "normalising flows", 6, GAPS, ""),
    ("quiz me on self attention in 4 questions", "self attention", 4, (), ""),
    ("I want half a dozen open questions about diffusion", "diffusion", 6, OPEN, ""),
    ("let's have a pop quiz on BERT and GPT", "BERT and GPT", None, (), ""),
    ("quiz me on all my notes, 20 questions, multiple choice", "", 20, CHOICES, ""),
    ("question me about LSTMs", "LSTMs", None, (), ""),
    ("hit me with twelve questions on VAEs", "VAEs", 12, (), ""),
    ("测试一下我对自注意力的理解", "自注意力", None, (), ""),
    ("给我出十道判断题,关于生成对抗网络", "生成对抗网络", 10, TRUTH, ""),
    ("请用中文考我扩散模型", "扩散模型", None, (), ""),
    ("出几道难一点的题:VAE", "VAE", 3, HARD, ""),
    ("quiz me in Chinese about attention with 3 questions", "attention", 3, (), ""),
    ("only short answers please, quiz on fine-tuning", "fine-tuning", None, OPEN, ""),
    ("quiz me on what I missed", "", None, (), "missed"),
    ("start a review", "", None, (), "due"),
    ("a single question about FID", "FID", 1, (), ""),
    ("quiz me about how GANs are trained", "how GANs are trained", None, (), ""),
    ("gimme 8 flashcards on LoRA", "LoRA", 8, (), ""),
]  # fmt: skip
QUESTIONS = [
    "what is a multiple choice question?",
    "how many questions does the test set have?",
    "GANs are hard to train, right?",
    "what does typed mean in PyTorch?",
    "I have a quiz tomorrow, what is a VAE?",
    "is mode collapse a hard problem?",
    "what is the temperature of a language model?",
    "什么是扩散模型?",
    "so a GAN never sees real images, right?",
    "which is harder to train, a GAN or a VAE?",
    "how hard is it to train a GAN?",
    "I have five questions about VAEs",
    "can I ask you two questions about attention?",
    "what is a gap in a loss curve?",
    "the discriminator tests real against fake images",
    "a classifier answers multiple choice questions badly, why?",
    "true or false: a VAE has a decoder",
    "tell me about matching networks",
    "open models are easier to study than closed ones, right?",
    "generate an image with Stable Diffusion",
]


@pytest.mark.parametrize(("text", "topic", "count", "kinds", "which"), WISHES)
def test_a_wish_is_read_from_its_words(
    text: str, topic: str, count: int | None, kinds: tuple[str, ...], which: str
) -> None:
    found = understand(text)
    assert (found.intent, found.topic, found.count, found.which) == ("quiz", topic, count, which)
    assert set(found.kinds) == set(kinds)


def named(*titles: str) -> Topics:
    """What notes with these titles have names for."""
    notes = [Note(f"{n}.md", "markdown", title) for n, title in enumerate(titles)]
    return Topics(notes, read_vocabulary(notes, titles), {})


# What students call a kind of question, and that kind.
ALONE = [
    ("matching", ("match",)), ("ordering", ("order",)), ("sorting", ("order",)), ("order", ("order",)),
    ("typing", TYPED), ("gaps", GAPS), ("multiple choice", CHOICES), ("true or false", TRUTH),
    ("calculation", ("number",)), ("explanation", ("explain",)), ("essay", OPEN),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kinds"), ALONE)
@pytest.mark.parametrize("wish", ["quiz me on {}", "test me on {} please", "quiz me about {}, 4 questions"])
def test_the_name_of_a_kind_alone_is_the_topic_only_where_the_notes_hold_it(
    wish: str, name: str, kinds: tuple[str, ...]
) -> None:
    text = wish.format(name)
    for none in (None, named("GANs", f"Flow {name}")):
        found = understand(text, names=none)
        assert (found.topic, set(found.kinds), found.everything) == ("", set(kinds), False)
    for title in (name.capitalize(), f"{name.capitalize()} of the layers"):
        found = understand(text, names=named(title))
        assert (found.topic, found.kinds) == (name, ())
    assert understand(text).count == (4 if "4" in wish else None)


@pytest.mark.parametrize(
    "topic", ["matching networks", "sorting algorithms", "ordering of layers", "typing rules"]
)
def test_the_name_of_a_kind_within_a_longer_one_is_the_topic(topic: str) -> None:
    for text in (f"quiz me on {topic}", f"quiz me on {topic}, 4 questions"):
        found = understand(text, names=named("GANs"))
        assert (found.topic, found.kinds) == (topic, ())


def test_a_topic_that_was_asked_for_is_read_by_the_notes_too() -> None:
    assert understand("sorting", ASKED, names=named("Sorting")).topic == "sorting"
    assert understand("sorting", ASKED, names=named("GANs")).kinds == ("order",)


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_or_a_statement_is_no_wish_for_a_quiz(text: str) -> None:
    assert understand(text).intent != "quiz"


@pytest.mark.parametrize("text", ["quiz me in Chinese on GAN", "用中文出题:GAN", "考考我 GAN"])
def test_questions_may_be_wanted_in_chinese(text: str) -> None:
    assert understand(text).chinese and not understand("quiz me on GANs in English").chinese


TALK = (Said("user", "What is mode collapse?"), Said("assistant", "A failure of training. [1]"))


@pytest.mark.parametrize(
    ("text", "topic", "goes_on"),
    [
        ("quiz me", "mode collapse", True),
        ("quiz me on", "mode collapse", True),
        ("quiz me on it", "mode collapse", False),
        ("quiz me again but harder", "mode collapse", True),
        ("quiz me on GANs", "GANs", False),
        ("quiz me on everything", "", False),
    ],
)
def test_a_wish_without_a_topic_goes_on_with_that_of_the_talk(text: str, topic: str, goes_on: bool) -> None:
    found = understand(text, TALK)
    assert (found.intent, found.topic, found.goes_on) == ("quiz", topic, goes_on)


ASKED = (Said("user", "quiz me"), Said("assistant", f"{TOPIC_ASKED} Name a topic, or say “everything”."))


@pytest.mark.parametrize(
    ("text", "topic"),
    [("GANs", "GANs"), ("on the U-Net please", "U-Net"), ("ok let's do VAEs", "VAEs"), ("everything", "")],
)
def test_a_topic_that_was_asked_for_starts_the_quiz(text: str, topic: str) -> None:
    found = understand(text, ASKED)
    assert (found.intent, found.topic) == ("quiz", topic)


@pytest.mark.parametrize("text", ["what is a GAN?", "thanks", "never mind", "show me a GAN training", "why?"])
def test_other_replies_stay_what_they_are(text: str) -> None:
    assert understand(text, ASKED).intent != "quiz"


@pytest.mark.parametrize(
    "words", ["能不能一下 测" * 60 + "x", "考我 1" + "的题目问题了解掌握" * 60 + "x"], ids=["lead", "tail"]
)
def test_no_row_of_chinese_wishes_keeps_the_program_busy(words: str) -> None:
    assert quiz_wish(words).topic  # a pattern that is torn between two readings would take years
