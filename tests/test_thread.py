"""The thread of a talk: what a message leans on, and what it does not."""

from __future__ import annotations

import pytest

from tutor.notes.recognise import note_from_bytes
from tutor.questions import Question, Said, understand
from tutor.topics import Topics
from tutor.vocabulary import read_vocabulary
from tutor.words import words

NOTES = {
    "gan.md": "# Generative adversarial network (GAN)\n\nThe generator makes samples, the discriminator judges them.\n",
    "vae.md": "# Variational autoencoder (VAE)\n\nThe encoder and the decoder of a VAE give blurry images. A prior.\n",
    "vq.md": "# VQ-VAE\n\nA codebook.\n",
    "collapse.md": "# Mode collapse\n\nRemedies against mode collapse.\n",
    "wgan.md": "# Wasserstein GAN (WGAN)\n\nA critic.\n",
    "perplexity.md": "# Perplexity\n\nA lower perplexity is better.\n",
    "diffusion.md": "# Diffusion models\n\nThe noise schedule. Sampling takes many steps.\n",
    "ddim.md": "# DDIM\n\nFewer steps.\n",
    "bayes.md": "# Naive Bayes\n\nIt is generative.\n",
    "forest.md": "# Random forests\n\nMany trees.\n",
    "flow.md": "# Flow matching\n\nA velocity.\n",
    "sd.md": "# Stable Diffusion\n\nVersions.\n",
    "glossary.md": "# Glossary\n\n| Term | Also called | Meaning |\n|---|---|---|\n"
    "| generator | 生成器 | Makes. |\n| discriminator | 判别器 | Judges. |\n| encoder | 编码器 | Codes. |\n"
    "| decoder | 解码器 | Decodes. |\n| guidance scale | CFG scale | A number. |\n| diffusion model | 扩散模型 | D. |\n"
    "| variational autoencoder | VAE; 变分自编码器 | V. |\n"
    "| generative adversarial network | GAN; 生成对抗网络 | G. |\n",
}


@pytest.fixture(scope="module")
def names() -> Topics:
    notes = [note_from_bytes(text.encode(), name) for name, text in NOTES.items()]
    stems = {name: frozenset(words(text)) for name, text in NOTES.items()}
    return Topics(notes, read_vocabulary(notes, NOTES.values()), stems)


def last(names: Topics, *said: str | tuple[str, str]) -> Question:
    """How the last message is read after the ones before it, each alone or with its answer."""
    history = []
    for one in said[:-1]:
        asked, answer = (one, "So say the notes.") if isinstance(one, str) else one
        history += [Said("user", asked), Said("assistant", answer)]
    message = said[-1]
    assert isinstance(message, str)
    return understand(message, history, names=names)


TALKS: list[tuple[tuple[str | tuple[str, str], ...], str]] = [
    # a part belongs to what the talk is about
    (("what is a VAE?", "what does the encoder give out?"), "what does the encoder give out (VAE)?"),
    (("what is a VAE?", "thanks!", "why are the images blurry then?"), "why are the images blurry (VAE)?"),
    (
        ("what is a VAE?", "what does the encoder give out?", "and the decoder?"),
        "what does the decoder give out (VAE)?",
    ),
    (("what is perplexity?", "is lower better?"), "is lower better (perplexity)?"),
    (("what is stable diffusion?", "which versions exist?"), "which versions exist (stable diffusion)?"),
    # a junk phrase never becomes the topic
    (("what is a GAN?", "why can't you do both?", "how was it trained?"), "how was GAN trained?"),
    (("what is perplexity?", "and what does 1 mean?", "what are its weaknesses?"), "what are perplexity's weaknesses?"),
    # what was compared
    (("compare GANs and VAEs", "which one makes sharper images?"), "which makes sharper images: GANs or VAEs?"),
    (("compare GANs and VAEs", "which is better?", "can the second one give a likelihood?"),
     "can VAEs give a likelihood?"),
    (
        ("compare GANs and VAEs", "can the latter give a likelihood?", "and the former?"),
        "can GANs give a likelihood?",
    ),
    (("compare GANs and VAEs", "what about diffusion models?", "are they slower than both?"),
     "are diffusion models slower than GANs and VAEs?"),
    (("explain flow matching", "how is that related to diffusion models?", "which is faster?"),
     "which is faster: flow matching or diffusion models?"),
    (("what is a GAN?", "and a VAE?", "so what's the difference?"), "What is the difference between GAN and VAE?"),
    (("what is a VAE?", "does the vq one blur too?", "what is the codebook in it?"), "what is the codebook in VQ-VAE?"),
    # compared with one thing alone
    (("what is a VAE?", "why are the images blurry?", "and compared to a GAN?"), "VAE compared to a GAN?"),
    (("what is a VAE?", "what's the difference to diffusion models?"), "VAE compared to diffusion models?"),
    (("what is a GAN?", "better than a VAE?"), "Is GAN better than a VAE?"),
    # the other one
    (("what is a GAN?", "no, I meant the discriminator", "and the other one?"), "What is generator (GAN)?"),
    (("compare GANs and VAEs", "can GANs give a likelihood?", "and the other one?"), "can VAEs give a likelihood?"),
    # why
    (("compare GANs and VAEs", "which is sharper?", "why?"), "why: which is sharper: GANs or VAEs?"),
    # the same asked of another
    (("what is a random forest?", "is that generative?", "and naive bayes?"), "is naive bayes generative?"),
    # a topic of its own
    (("what is a GAN?", "what is perplexity?"), "what is perplexity?"),
    (("what is a GAN?", "how is it trained?", "ok, what about perplexity then?"), "What is perplexity?"),
    (("what is a GAN?", "what is perplexity?", "back to GANs: who invented them?"), "who invented GANs?"),
    # who acts becomes the topic, what is acted on does not
    (("how do diffusion models work?", "how does DDIM speed that up?", "is it deterministic?"),
     "is DDIM deterministic?"),
    (("what is mode collapse?", "how does it hurt VAEs?", "can it be avoided?"), "can mode collapse be avoided?"),
    # a level alone asks for the same again
    (("what is a GAN?", "what does the generator do?", "like I'm 5?"), "what does the generator do (GAN)?"),
    (("what is mode collapse?", "in simple words?"), "Explain mode collapse"),
    # the tutor gave the name that was asked for
    (("what is a GAN?", ("is there a name for when all samples look alike?", "**Mode collapse** is that. [1]"),
      "how do I fix that?"),
     "how do I fix Mode collapse?"),
    # Chinese
    (("什么是GAN？", "那VAE呢？", "它们有什么区别？"), "GAN和VAE有什么区别？"),
    (("什么是扩散模型？", "它为什么慢？"), "扩散模型为什么慢？"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "text"), TALKS)
def test_a_message_is_read_in_the_light_of_the_talk(
    names: Topics, said: tuple[str | tuple[str, str], ...], text: str
) -> None:
    assert last(names, *said).text == text


def test_an_item_is_one_of_a_list_that_was_asked_for(names: Topics) -> None:
    answer = "- **Complete collapse**: all alike [1]\n- Mode hopping means that it jumps. [2]"
    assert (
        last(names, ("what kinds of mode collapse are there?", answer), "explain the second one").text
        == "explain Mode hopping"
    )
    asked = last(names, "compare GANs and VAEs", ("how are they trained?", answer), "explain the second one")
    assert asked.text == "explain VAEs"


def test_a_message_that_may_lean_or_not_has_both_readings(names: Topics) -> None:
    found = last(names, "what is a VAE?", "which prior is it then?", "are images blurry?")
    assert (found.text, found.others[-1]) == ("are images blurry (VAE)?", "are images blurry?")
    assert last(names, "what is a VAE?", "what is a GAN?").others == ()


def test_a_question_on_something_else_is_not_tied_to_the_talk(names: Topics) -> None:
    for message in ("why do planes fly?", "who won the world cup in 2018?"):
        found = last(names, "what is a VAE?", message)
        assert (found.text, found.others) == (message, ())


def test_a_choice_between_what_was_compared_is_a_comparison(names: Topics) -> None:
    assert last(names, "compare GANs and VAEs", "and which one is better?").intent == "compare"


def test_a_question_that_leans_on_the_talk_is_guessed_at_as_it_stands_alone(names: Topics) -> None:
    history = [Said("user", "what is mode collapse?"), Said("assistant", "A failure.")]

    def guess(message: str) -> dict[str, float]:
        return {"explain": 0.9} if "collapse" in message else {"save": 0.99}

    found = understand("how do you undo it?", history, guess=guess, names=names)
    assert (found.intent, found.text) == ("explain", "how do you undo mode collapse?")
    assert understand("keep it for me", history, guess=guess, names=names).intent == "save"
