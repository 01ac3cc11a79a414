"""What a message asks for: intent, level, topic, and the question that stands alone."""

from __future__ import annotations

import pytest

from tutor.follow_ups import topic_of
from tutor.intents import ANSWERED
from tutor.questions import Said, understand
from tutor.turns import Style

COLLAPSE = (
    Said("user", "What is mode collapse?"),
    Said("assistant", "Mode collapse is a failure of training. [1]"),
)
LISTED = (
    Said("user", "What are the kinds of GANs?"),
    Said(
        "assistant", "- **DCGAN**: convolutions [1]\n- **WGAN**: a distance [2]\n- CycleGAN uses a cycle. [3]"
    ),
)
DEMO = (Said("user", "run the diffusion demo"), Said("assistant", "Done."))

NO_HISTORY: list[tuple[str, str, Style, str]] = [
    # questions
    ("What is a GAN?", "explain", "plain", "GAN"),
    ("what's mode collapse", "explain", "plain", "mode collapse"),
    ("GAN", "explain", "plain", "GAN"),
    ("what is the purpose of the discriminator?", "explain", "plain", "discriminator"),
    ("What does a diffusion model learn?", "explain", "plain", "diffusion model"),
    ("who invented the GAN?", "explain", "plain", "GAN"),
    ("help me understand GANs", "explain", "plain", "GANs"),
    ("hello, what is a GAN?", "explain", "plain", "GAN"),
    ("Great question! What is a GAN?", "explain", "plain", "GAN"),
    ("ok what is a GAN", "explain", "plain", "GAN"),
    ("hi define gan", "explain", "plain", "hi define gan"),
    ("I have a question about GANs", "explain", "plain", "GANs"),
    ("can I ask a question about GANs?", "explain", "plain", "GANs"),
    ("什么是生成对抗网络？", "explain", "plain", "生成对抗网络"),
    # levels
    ("Explain diffusion models like I'm 5", "explain", "eli5", "diffusion models"),
    ("ELI5: what is a GAN?", "explain", "eli5", "GAN"),
    ("Explain GANs to a child.", "explain", "eli5", "GANs"),
    ("what is a VAE in simple terms please", "explain", "eli5", "VAE"),
    ("Explain GANs as if I were a 5 year old", "explain", "eli5", "GANs"),
    ("as an expert, what is the ELBO?", "explain", "expert", "ELBO"),
    ("Explain the ELBO in depth", "explain", "expert", "ELBO"),
    ("what is an expert system?", "explain", "plain", "expert system"),
    # a quiz
    ("quiz me", "quiz", "plain", ""),
    ("Quiz me on GANs", "quiz", "plain", "GANs"),
    ("hi there, quiz me on GANs", "quiz", "plain", "GANs"),
    ("quiz: transformers", "quiz", "plain", "transformers"),
    ("test me on mode collapse", "quiz", "plain", "mode collapse"),
    ("Test my knowledge of VAEs", "quiz", "plain", "VAEs"),
    ("give me 5 questions about diffusion", "quiz", "plain", "diffusion"),
    ("ask me a question about GANs", "quiz", "plain", "GANs"),
    ("I want a quiz on diffusion please", "quiz", "plain", "diffusion"),
    ("let's do another quiz", "quiz", "plain", ""),
    # no quiz
    ("what is a quiz-based evaluation", "explain", "plain", "quiz-based evaluation"),
    ("is it a test of normality", "explain", "plain", "is it a test of normality"),
    ("I will test my model on CIFAR", "explain", "plain", "will test my model on CIFAR"),
    ("How do you test a GAN?", "explain", "plain", "test a GAN"),
    ("what is the test set?", "explain", "plain", "test set"),
    ("how would you make a quiz on GANs?", "explain", "plain", "make a quiz on GANs"),
    ("please don't quiz me", "explain", "plain", "don't quiz me"),
    # a demo
    ("show me a GAN training", "demo", "plain", "GAN"),
    ("run the diffusion demo", "demo", "plain", "diffusion"),
    ("Train a GAN for me please", "demo", "plain", "GAN"),
    ("can you show me mode collapse in action?", "demo", "plain", "mode collapse"),
    ("let's see diffusion live", "demo", "plain", "diffusion"),
    ("simulate flow matching", "demo", "plain", "flow matching"),
    ("demonstrate mode collapse", "demo", "plain", "mode collapse"),
    ("show me a demo", "demo", "plain", "GAN"),
    # no demo
    ("How do I train a GAN?", "explain", "plain", "train a GAN"),
    ("show me the formula of the GAN loss", "formula", "plain", "formula of the GAN loss"),
    ("can you run me through how GANs work", "explain", "plain", "GANs"),
    ("Run me through diffusion", "explain", "plain", "diffusion"),
    ("show me how a GAN works", "explain", "plain", "GAN"),
    (
        "Show me the difference between GAN and diffusion",
        "compare",
        "plain",
        "difference between GAN and diffusion",
    ),
    ("show me GAN code", "code", "plain", "GAN code"),
    ("see also diffusion models", "explain", "plain", "see also diffusion models"),
    (
        "Show that the optimal discriminator is 0.5",
        "explain",
        "plain",
        "that the optimal discriminator is 0.5",
    ),
    ("why did my GAN training run crash?", "explain", "plain", "my GAN training run crash"),
    # small talk
    ("hi", "greeting", "plain", ""),
    ("Good morning, tutor!", "greeting", "plain", ""),
    ("你好", "greeting", "plain", ""),
    ("Thank you very much!", "thanks", "plain", ""),
    ("ok, got it", "thanks", "plain", ""),
    ("that was great, thanks a lot", "thanks", "plain", ""),
    ("谢谢", "thanks", "plain", ""),
    ("what can you do?", "help", "plain", ""),
    ("which topics do you know?", "help", "plain", ""),
    ("which topics in GAN research are open?", "explain", "plain", "topics in GAN research are open"),
]


@pytest.mark.parametrize(("message", "intent", "style", "topic"), NO_HISTORY)
def test_a_message_is_understood_by_itself(message: str, intent: str, style: Style, topic: str) -> None:
    found = understand(message)
    assert (found.intent, found.style, found.topic) == (intent, style, topic)


FOLLOW_UPS = [
    ("why?", COLLAPSE, "why mode collapse?", "mode collapse"),
    ("Great question, why?", COLLAPSE, "why mode collapse?", "mode collapse"),
    ("Why does it happen?", COLLAPSE, "Why does mode collapse happen?", "mode collapse"),
    ("and how can it be avoided?", COLLAPSE, "and how can mode collapse be avoided?", "mode collapse"),
    ("what are its symptoms?", COLLAPSE, "what are mode collapse's symptoms?", "mode collapse's symptoms"),
    ("Who invented it?", COLLAPSE, "Who invented mode collapse?", "mode collapse"),
    (
        "why do GANs suffer from it?",
        COLLAPSE,
        "why do GANs suffer from mode collapse?",
        "GANs suffer from mode collapse",
    ),
    ("what does that mean?", COLLAPSE, "what does mode collapse mean?", "mode collapse"),
    ("what about WGAN?", COLLAPSE, "What is WGAN?", "WGAN"),
    ("And diffusion?", COLLAPSE, "What is diffusion?", "diffusion"),
    ("what about in diffusion models?", COLLAPSE, "What is mode collapse in diffusion models?", None),
    ("like I'm 5", COLLAPSE, "Explain mode collapse", "mode collapse"),
    ("explain it like I am five", COLLAPSE, "Explain mode collapse", "mode collapse"),
    ("give me an example", COLLAPSE, "give me an example of mode collapse", "mode collapse"),
    ("for example?", COLLAPSE, "give an example of mode collapse", "mode collapse"),
    ("show me the formula", COLLAPSE, "show me the formula of mode collapse", "mode collapse"),
    ("tell me more", COLLAPSE, "Tell me more about mode collapse", "mode collapse"),
    ("go on", COLLAPSE, "Tell me more about mode collapse", "mode collapse"),
    ("the second one", LISTED, "WGAN", "WGAN"),
    ("tell me more about the second one", LISTED, "tell me more about WGAN", "WGAN"),
    ("how does the first one work?", LISTED, "how does DCGAN work?", "DCGAN"),
    ("explain the last", LISTED, "explain CycleGAN", "CycleGAN"),
    ("how does it work?", DEMO, "how does diffusion work?", "diffusion"),
]


@pytest.mark.parametrize(("message", "history", "text", "topic"), FOLLOW_UPS)
def test_a_follow_up_is_made_to_stand_alone(
    message: str, history: tuple[Said, ...], text: str, topic: str | None
) -> None:
    found = understand(message, history)
    assert found.intent in ANSWERED and found.text == text
    assert topic is None or found.topic == topic


@pytest.mark.parametrize(
    "message",
    [
        "What is a VAE?",
        "But what does the discriminator do?",
        "So what is a GAN?",
        "Is it true that GANs memorise?",
        "What is a network that judges images called?",
        "Does a GAN know when it is done?",
        "What is the first step of diffusion?",
        "what is this thing called attention",
        "What does the generator do with its noise?",
    ],
)
@pytest.mark.parametrize("history", [COLLAPSE, LISTED])
def test_a_question_with_a_topic_of_its_own_is_left_as_it_is(message: str, history: tuple[Said, ...]) -> None:
    assert understand(message, history).text == message


def test_without_history_a_pronoun_stays() -> None:
    assert understand("Why does it happen?").text == "Why does it happen?"


def test_the_topic_is_that_of_the_last_question_that_named_one() -> None:
    history = [*COLLAPSE, Said("user", "why?"), Said("assistant", "Because."), Said("user", "thanks")]
    assert understand("and how can it be avoided?", history).text == "and how can mode collapse be avoided?"


@pytest.mark.parametrize(
    ("message", "history", "topic", "count"),
    [
        ("quiz me", COLLAPSE, "mode collapse", None),
        ("quiz me on it", COLLAPSE, "mode collapse", None),
        ("quiz me on this", COLLAPSE, "mode collapse", None),
        ("quiz me on the second one", LISTED, "WGAN", None),
        ("give me a quiz with 3 questions", COLLAPSE, "mode collapse", 3),
        ("give me 12 quiz questions about VAEs", COLLAPSE, "VAEs", 12),
    ],
)
def test_a_quiz_takes_its_topic_and_length_from_the_words_or_the_talk(
    message: str, history: tuple[Said, ...], topic: str, count: int | None
) -> None:
    found = understand(message, history)
    assert (found.intent, found.topic, found.count) == ("quiz", topic, count)


@pytest.mark.parametrize(
    ("message", "history", "demo"),
    [
        ("train a gan", (), "gan-2d"),
        ("watch the discriminator learn", (), "gan-2d"),
        ("start the diffusion demo", (), "diffusion-2d"),
        ("run flow matching", (), "diffusion-2d"),
        ("show mode collapse in a GAN", (), "mode-collapse"),
        ("show me a demo", (), "gan-2d"),
        ("show me a demo", DEMO, "diffusion-2d"),
        ("run it again", DEMO, "diffusion-2d"),
        ("run it", COLLAPSE, "mode-collapse"),
    ],
)
def test_a_demo_is_named_by_the_words_or_the_talk(message: str, history: tuple[Said, ...], demo: str) -> None:
    found = understand(message, history)
    assert (found.intent, found.demo) == ("demo", demo)


def test_words_that_set_a_level_win_over_the_page() -> None:
    assert understand("What is a GAN like I'm 5?", style="expert").style == "eli5"
    assert understand("What is a GAN?", style="expert").style == "expert"


@pytest.mark.parametrize("message", ["", "   ", "?", "!!!", "~~", "a" * 5000, "it " * 500])
def test_any_message_is_understood_as_something(message: str) -> None:
    for history in ((), COLLAPSE, LISTED):
        assert understand(message, history).intent in ("explain", "thanks", "help", "greeting")


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Can you explain what a latent space is used for?", "latent space"),
        ("How does a VAE work?", "VAE"),
        ("What does FID mean?", "FID"),
        ("the", "the"),
    ],
)
def test_the_topic_of_a_question_is_its_words_without_the_asking_ones(question: str, topic: str) -> None:
    assert topic_of(question) == topic


def test_what_a_student_says_of_himself_is_not_the_topic() -> None:
    found = understand("hi! i have an exam on friday, what is a VAE?")
    assert (found.intent, found.topic) == ("explain", "VAE")
    assert understand("I am tired. what is a GAN?").topic == "GAN"


def test_a_tool_or_a_file_needs_more_than_a_hunch_and_more_still_in_a_question() -> None:
    def heard(text: str, label: str, share: float) -> str:
        return understand(text, guess=lambda _: {label: share, "explain": 1 - share}).intent

    for label, enough in (("quiz", 0.7), ("demo", 0.8), ("save", 0.85), ("map", 0.6)):
        assert heard("hold on to this for me", label, enough - 0.05) == "explain"
        assert heard("hold on to this for me", label, enough) == label
    assert heard("Can a GAN collapse before my eyes?", "demo", 0.85) == "explain"
    assert heard("Can I see a GAN collapse before my eyes?", "demo", 0.95) == "demo"


def test_a_guess_that_the_words_share_needs_less() -> None:
    assert understand("Quiz me on GANs", guess=lambda _: {"quiz": 0.6}).intent == "quiz"
    assert understand("Quiz me on GANs", guess=lambda _: {"explain": 0.5}).intent == "quiz"


def test_a_sure_guess_outweighs_the_words() -> None:
    asked = "Is there a list of things that a map of z to x compares?"
    assert understand(asked, guess=lambda _: {"explain": 0.9}).intent == "explain"


def test_the_level_of_the_words_comes_before_that_of_the_page_and_that_before_a_guess() -> None:
    def eli5(text: str) -> dict[str, float]:
        return {"eli5": 0.9}

    assert understand("the hard way please", (), "expert", guess=eli5).style == "expert"
    assert understand("the hard way please", guess=eli5).style == "eli5"
    assert understand("GANs like I'm 5", (), "expert", guess=lambda _: {"explain": 0.9}).style == "eli5"


def test_where_nothing_is_guessed_the_words_decide() -> None:
    assert understand("Quiz me on GANs", guess=lambda _: {}).intent == "quiz"


def test_the_pronouns_of_a_statement_are_those_of_its_own_sentence() -> None:
    said = (Said("user", "What is a VAE?"), Said("assistant", "A model."))
    statement = "So the generator looks at photos and learns to copy them, right?"
    assert understand(statement, said).text == statement
    assert "VAE" in understand("So it is a kind of GAN, right?", said).text


def test_a_question_that_only_asks_for_the_verdict_is_no_part_of_the_statement() -> None:
    said = (Said("user", "What is a VAE?"), Said("assistant", "A model."))
    found = understand("I think a GAN has two networks. Is that right?", said)
    assert (found.intent, found.text) == ("check", "I think a GAN has two networks.")
