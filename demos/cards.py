"""Cards to learn from: a file of the student's own, or the bundled dozen; and plain sentences that no card is about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demos.knobs import DemoArgumentError

LEAST = 4
MOST_KEPT_APART = 4
_FORMAT = 'It is JSON: {"about": "...", "cards": [{"question": "...", "answer": "..."}, ...]}.'


@dataclass(frozen=True)
class Card:
    """A question and its answer."""

    question: str
    answer: str


@dataclass(frozen=True)
class Deck:
    """Cards, and what they are about in a few words."""

    about: str
    cards: tuple[Card, ...]


def read_deck(path: Path) -> Deck:
    """The cards of a file {about, cards: [{question, answer}]}; DemoArgumentError for a file that holds none."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        cards = tuple(Card(_line(card["question"]), _line(card["answer"])) for card in told["cards"])
        about = _line(told["about"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DemoArgumentError(f"{path.name} cannot be read as cards ({error!r})", _FORMAT) from error
    if not all(card.question and card.answer for card in cards):
        raise DemoArgumentError(f"{path.name} holds a card without a question or an answer", _FORMAT)
    return Deck(about, cards)


def _line(text: str) -> str:
    return " ".join(text.split())


def split(cards: Sequence[Card], learned: int) -> tuple[tuple[Card, ...], tuple[Card, ...]]:
    """The first cards, at most `learned`, to learn from, and up to four of the others, which are kept apart.

    Where there are few cards, fewer are learned: a third of all, two at least, is kept apart. DemoArgumentError for
    fewer than four cards.
    """
    if len(cards) < LEAST:
        raise DemoArgumentError(
            f"There are {len(cards)} cards that are short enough to learn from",
            f"Choose a topic with at least {LEAST} short cards, or none: then the bundled cards are taken.",
        )
    learned = min(learned, len(cards) - max(2, len(cards) // 3))
    return tuple(cards[:learned]), tuple(cards[learned : learned + MOST_KEPT_APART])


BUNDLED = Deck(
    "generative models (the bundled cards)",
    (
        Card(
            "What does the generator of a GAN get as its input?",
            "Random noise, which it turns into a sample that should look real.",
        ),
        Card(
            "When is the discriminator of a GAN at its wits' end?",
            "When it answers one half for every sample, since real and generated ones look alike to it.",
        ),
        Card(
            "How do you notice mode collapse?",
            "Whatever noise goes in, only a few kinds of sample come out.",
        ),
        Card(
            "What does a diffusion model learn to predict?",
            "The noise in a noisy sample, so that it can be taken away step by step.",
        ),
        Card(
            "Why does a VAE need the KL term?",
            "It keeps the codes near a standard normal, so that random codes can be decoded.",
        ),
        Card(
            "What is the reparameterisation trick good for?",
            "It moves the randomness out of the way, so that gradients reach the encoder.",
        ),
        Card(
            "What does temperature do when text is sampled?",
            "It divides the scores: a low one makes the likely tokens likelier, a high one evens them out.",
        ),
        Card(
            "What does perplexity say about a language model?",
            "Among how many equally likely tokens its choice would be as hard.",
        ),
        Card(
            "What is the role of the query in attention?",
            "It is compared with every key, and the match decides how much of each value is taken.",
        ),
        Card(
            "Why does a decoder mask later positions?",
            "So that no token can look at the words which it has to predict.",
        ),
        Card(
            "What does classifier-free guidance trade away?",
            "Variety: the samples follow the prompt more closely and become more alike.",
        ),
        Card(
            "What does cycle consistency ask of CycleGAN?",
            "An image that goes to the other domain and back should come back as it was.",
        ),
    ),
)

EVERYDAY = "How do I keep bread fresh for longer?"
"""A question that no card is about."""

PLAIN = (
    "Water freezes at zero degrees Celsius and boils at one hundred degrees.",
    "The Earth takes about one year to travel once around the Sun.",
    "Bees collect nectar from flowers and turn it into honey.",
    "A week has seven days, and a year has twelve months.",
    "Paris is the capital of France and lies on the river Seine.",
    "Plants use sunlight, water and air to make their own food.",
    "The heart pumps blood through the body day and night.",
    "Most birds build nests in which they lay their eggs.",
    "Iron rusts when it is left outside in the rain.",
    "The Pacific is the largest and deepest ocean in the world.",
    "Bread is made from flour, water, salt and yeast.",
    "In winter many people wear warm coats, hats and gloves.",
)
"""Sentences of general knowledge, on which it is measured what was forgotten."""
