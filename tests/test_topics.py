"""What the notes have names for, and what belongs to what."""

from __future__ import annotations

import pytest

from tutor.notes.recognise import note_from_bytes
from tutor.topics import Topics, _named_by
from tutor.vocabulary import read_vocabulary
from tutor.words import words

GLOSSARY = """# Glossary

| Term | Also called | Meaning |
|---|---|---|
| variational autoencoder | VAE; 变分自编码器 | A VAE encodes data. |
| encoder | 编码器 | An encoder makes a code. |
| generator | the forger (in a story) | A generator makes samples. |
"""
VAE = "# Variational autoencoder (VAE) and the ELBO\n\nThe encoder gives a mean. The decoder rebuilds the image.\n"
VQ = "# VQ-VAE (vector-quantised variational autoencoder)\n\nA codebook holds the codes.\n"
SPACE, LATENT = "# Latent space\n\nA space.\n", "# Latent diffusion\n\nA model.\n"
FLOW = "# Normalising flow\n\nA flow is invertible.\n"
CARDS = "#### Batches\n\n:p What is a batch?\n\n??x\nSome examples.\nx??\n"


@pytest.fixture(scope="module")
def topics() -> Topics:
    texts = {"glossary.md": GLOSSARY, "vae.md": VAE, "vq.md": VQ, "flow.md": FLOW, "cards.md": CARDS}
    texts |= {"space.md": SPACE, "latent.md": LATENT}
    notes = [note_from_bytes(text.encode(), name) for name, text in texts.items()]
    stems = {name: frozenset(words(text)) for name, text in texts.items()}
    return Topics(notes, read_vocabulary(notes, texts.values()), stems)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("what is a VAE?", [("VAE", True)]),
        (
            "does the encoder of variational autoencoders learn?",
            [("encoder", False), ("variational autoencoders", True)],
        ),
        ("and the ELBO?", [("ELBO", True)]),
        ("VQ-VAEs", [("VQ-VAEs", True)]),
        ("what is a normalizing flow", [("normalizing flow", True)]),
        ("变分自编码器的编码器是什么", [("变分自编码器", True), ("编码器", False)]),
        ("what is a batch?", []),
        ("the forger", []),
        ("why?", []),
    ],
)
def test_names_are_found_the_longest_first_and_say_whether_a_note_is_named_after_them(
    topics: Topics, text: str, found: list[tuple[str, bool]]
) -> None:
    assert [(one.written, one.titled) for one in topics.mentions(text)] == found


def test_all_names_of_a_thing_have_one_key(topics: Topics) -> None:
    keys = {
        one.key
        for text in ("VAE", "variational autoencoder", "变分自编码器")
        for one in topics.mentions(text)
    }
    assert len(keys) == 1


def test_a_part_belongs_to_the_topic_whose_note_speaks_of_it(topics: Topics) -> None:
    assert topics.share("does the encoder give a mean?", "VAE") == 1.0
    assert topics.share("does the encoder bake bread?", "VAE") == pytest.approx(1 / 3)
    assert topics.share("does the encoder give a mean?", "normalising flow") == 0.0
    assert topics.share("does the encoder give a mean?", "something unknown") == 0.0


def test_a_word_that_stands_in_one_name_alone_is_completed(topics: Topics) -> None:
    assert topics.completed("vq") == "VQ-VAE"
    assert topics.completed("latent") == ""  # in two
    assert topics.completed("cheap") == ""


def test_the_family_name_of_models_is_a_name_of_their_note() -> None:
    assert "Diffusion" in _named_by("Diffusion models")
    assert "Language" not in _named_by("Language models")
