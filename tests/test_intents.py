"""What a message asks for by its own words, the level that it names, and whether it states something."""

from __future__ import annotations

import pytest

from tutor.intents import (
    ANSWERED,
    Intent,
    intent_of,
    is_quiet,
    level_of,
    states_understanding,
    takes_cards,
)
from tutor.turns import Style

ASKED: dict[Intent, str] = {
    "explain": """Why does the discriminator win so early? | Explain classifier-free guidance | diffusion
        | How does a VAE sample new images? | what does a feature map show? | 扩散模型是什么？""",
    "compare": """How does a GAN differ from a VAE? | DDPM vs DDIM | compare flows and diffusion models
        | which is faster, a GAN or a diffusion model? | What do VAEs and autoencoders have in common?
        | GAN 和 VAE 有什么区别？""",
    "list": """List the remedies for mode collapse | what kinds of generative models are there?
        | Name three uses of GANs | which samplers are in the notes? | give me the drawbacks of GANs
        | 生成模型有哪些？""",
    "check": """So a GAN never sees real images, right? | Do you mean that the encoder adds the noise?
        | I think diffusion models are slower than GANs. | Correct me if I'm wrong: a VAE maximises the ELBO
        | True or false: dropout is used at test time | GAN 只有一个网络，对吗？""",
    "code": """Show me the PyTorch code of a VAE | how do I implement a residual block?
        | write a training loop for a GAN | Can I see a snippet for attention? | what is the code for attention?
        | 用 PyTorch 怎么写一个生成器？""",
    "formula": """What is the formula of the ELBO? | derive the objective of a VAE | State the loss of WGAN-GP
        | how is FID calculated? | Give me the equation for the forward process | 变分下界的公式""",
    "summary": """Summarise what we talked about | recap please | tl;dr of our chat | What did we cover today?
        | can you sum up everything so far? | 总结一下我们的对话""",
    "map": """Draw a concept map of my notes | show me a mind map about GANs | make a graph of the concepts
        | how do all the topics hang together? | which topics do I need before diffusion? | 画一个概念图""",
    "save": """Save this conversation as a study note | export our chat to markdown | please save the chat
        | write this up as a note | put all of this into a file for later | 把这段对话保存成笔记""",
    "quiz": """Quiz me on GANs | test my knowledge of VAEs | give me five practice questions
        | Ask me three questions about diffusion | check what I remember of attention | 出三道关于GAN的题""",
    "greeting": "hi | Good morning, tutor! | hello there | Hey, how are you doing today? | 你好",
    "thanks": "thanks a lot! | ok, got it, bye | thank you for your help | great, makes sense | 谢谢老师",
    "help": "help | What can you do? | who are you? | which topics do you know? | 你能做什么？",
    "small_talk": """you're so funny | I'm a bit tired today | are you a robot? | haha nice one
        | what's your name? | 你真聪明""",
}
MESSAGES = [(text.strip(), intent) for intent, texts in ASKED.items() for text in texts.split("|")]


@pytest.mark.parametrize(("text", "intent"), MESSAGES)
def test_a_message_asks_for_what_its_words_say(text: str, intent: Intent) -> None:
    assert intent_of(text) == intent


@pytest.mark.parametrize("text", [text.upper() for text, _ in MESSAGES if text.isascii()])
def test_capital_letters_change_no_intent(text: str) -> None:
    assert intent_of(text) == intent_of(text.lower())


@pytest.mark.parametrize(
    "text",
    """what is the test set for? | explain the test error | test set | What is a quiz score?
    | when was the first GAN test? | quiz-based evaluation | don't quiz me, explain GANs | 测试集有什么用？
    | I have a test on Friday, what should I know about VAEs?""".split("|"),
)
def test_a_test_that_is_a_topic_starts_no_quiz(text: str) -> None:
    assert intent_of(text.strip()) == "explain"


@pytest.mark.parametrize(
    "text",
    """latent code | what is a latent code? | How are hidden codes sampled? | the error code | binary code
    | how is the latent code learned? | why does the code use detach? | who wrote the code?
    | what is a code book? | list comprehension in python""".split("|"),
)
def test_a_code_that_is_no_program_asks_for_no_code(text: str) -> None:
    assert intent_of(text.strip()) == "explain"


@pytest.mark.parametrize(
    "text",
    """show me how a GAN works | show me the graph of the loss | show me a diagram of a GAN
    | what's a concept map? | summarise GANs | summary of diffusion models | overview of GANs
    | how do I save memory with checkpointing? | why do we save checkpoints? | add noise to all images
    | does it prove useful? | who invented the equation of diffusion? | What is a list of tokens?
    | hi, what is a GAN? | thanks, and what is a VAE? | what can you do with a GAN?
    | are you sure that GANs are slow? | I guess you know GANs""".split("|"),
)
def test_words_of_a_wish_within_a_question_leave_it_a_question(text: str) -> None:
    assert intent_of(text.strip()) == "explain"


def test_a_difference_equation_is_a_formula_and_no_comparison() -> None:
    assert intent_of("difference equation") == "formula"


def test_a_demo_is_asked_for_only_where_the_caller_says_so() -> None:
    assert intent_of("run the GAN") == "explain"
    assert intent_of("run the GAN", asks_demo=True) == "demo"


@pytest.mark.parametrize(
    ("text", "intent"), [("Quiz me on GANs", "quiz"), ("recap please", "summary"), ("save the chat", "save")]
)
def test_what_the_program_does_itself_comes_before_a_demo(text: str, intent: Intent) -> None:
    assert intent_of(text, asks_demo=True) == intent


def test_the_notes_answer_six_intents_and_never_the_programs_own_business() -> None:
    assert {"explain", "compare", "list", "check", "code", "formula"} == ANSWERED


# -- levels ------------------------------------------------------------------------------------------------------

LEVELS: list[tuple[str, Style, str]] = [
    ("Explain GANs like I'm 5", "eli5", "Explain GANs"),
    ("ELI5 diffusion", "eli5", "diffusion"),
    ("explain a VAE to a five-year-old", "eli5", "explain a VAE"),
    ("What is a GAN in simple terms?", "eli5", "What is a GAN ?"),
    ("Explain how a GAN learns as simply as possible", "eli5", "Explain how a GAN learns"),
    ("dumb it down for me", "eli5", ""),
    ("用简单的话解释扩散模型", "eli5", "扩散模型"),
    ("explain attention for high school students", "school", "explain attention"),
    ("Explain GANs at school level", "school", "Explain GANs"),
    ("I'm 14, what is a GAN?", "school", "what is a GAN?"),
    ("as if I were a teenager explain VAEs", "school", "explain VAEs"),
    ("Explain k-means like I am 12", "school", "Explain k-means"),
    ("给高中生讲一下GAN", "school", "GAN"),
    ("Explain VAEs in depth", "expert", "Explain VAEs"),
    ("explain DDIM at graduate level", "expert", "explain DDIM"),
    ("derive it rigorously", "expert", "derive it"),
    ("I have a PhD in physics. What is a GAN?", "expert", "What is a GAN?"),
    ("What is score matching, with full mathematical rigour?", "expert", "What is score matching ?"),
    ("深入解释扩散模型", "expert", "扩散模型"),
]


@pytest.mark.parametrize(("text", "level", "rest"), LEVELS)
def test_a_level_is_read_and_its_words_are_taken_away(text: str, level: Style, rest: str) -> None:
    assert level_of(text) == (level, rest)


@pytest.mark.parametrize(
    "text",
    """Layer 5 of the network | give me 5 questions | a model with 12 layers | my five samples
    | what is a simple model? | what is plain language? | what is in-depth supervision?
    | what is a mixture of experts? | expert models | what are advanced GANs?""".split("|"),
)
def test_numbers_and_experts_of_a_topic_name_no_level(text: str) -> None:
    assert level_of(text.strip()) == (None, text.strip())


def test_a_pupil_of_fifteen_is_no_child_of_five() -> None:
    assert level_of("explain GANs like I'm 15")[0] == "school"
    assert level_of("explain GANs like I'm 5")[0] == "eli5"


# -- statements --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    """So a VAE is just an autoencoder with noise | ok so a GAN learns a density | basically GANs are two networks
    | The generator never sees real images, correct? | If I understand correctly, DDIM needs fewer steps
    | you're saying that the encoder is thrown away? | Is it true that GANs have no likelihood?
    | I always thought that dropout adds noise | 我觉得生成器看不到真实图像 | 也就是说编码器输出一个分布
    | 扩散模型需要很多步，是吗？""".split("|"),
)
def test_a_claim_to_be_checked_is_known(text: str) -> None:
    assert states_understanding(text.strip())


@pytest.mark.parametrize(
    "text",
    """What is mode collapse, right? | right? | yes | so how does it learn | so what is a GAN?
    | But why is D(x)=0.5? | I think I need a break | I guess you know GANs | I understood nothing about GANs
    | is a GAN a generative model? | do you mean by this what I think? | 为什么生成器看不到图像，对吗？""".split(
        "|"
    ),
)
def test_a_question_or_an_aside_states_nothing(text: str) -> None:
    assert not states_understanding(text.strip())


def test_a_tag_needs_a_statement_before_it() -> None:
    assert states_understanding("GANs have two networks, right?")
    assert not states_understanding("GANs, right?")


# -- the rest ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ("hello!", True),
        ("thanks, bye", True),
        ("谢谢", True),
        ("thanks, quiz me", False),
        ("hello, what is a GAN?", False),
        ("help", False),
    ],
)
def test_only_bare_greetings_and_thanks_are_quiet(text: str, quiet: bool) -> None:
    assert is_quiet(text) == quiet


@pytest.mark.parametrize(
    ("message", "takes"),
    [
        ("export the deck for Anki", True),
        ("save these cards", True),
        ("Export the GAN flashcards as an Anki deck", True),
        ("give me a csv of the cards on GANs", True),
        ("make flashcards on latent space for Anki", True),
        ("How do I export the cards?", True),
        ("导出闪卡", True),
        ("save this chat as a note", False),
        ("make flashcards on GANs", False),
        ("give me five quiz questions", False),
        ("what is a deck?", False),
        ("What does CSV stand for?", False),
        ("take the quiz questions again", False),
    ],
)
def test_cards_as_a_file_are_asked_for_by_their_name(message: str, takes: bool) -> None:
    assert takes_cards(message) == takes
    assert (intent_of(message) == "save") == (takes or message.endswith("note"))


@pytest.mark.parametrize(
    "message",
    [
        "Does a VAE keep all information? my notes say no",
        "Can a transformer write everything to a file",
        "Which models keep the answer in a file?",
        "Does the encoder store all information in a file?",
    ],
)
def test_a_question_never_saves_a_file(message: str) -> None:
    assert intent_of(message) != "save"


@pytest.mark.parametrize(
    "message",
    ["Tell me about knowledge graphs", "Are knowledge graphs used in RAG?", "Explain what a topic graph is"],
)
def test_a_graph_that_is_asked_about_is_not_drawn(message: str) -> None:
    assert intent_of(message) != "map"
