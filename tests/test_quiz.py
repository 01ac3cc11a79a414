"""Quizzes: items from cards and questions, answers graded by words and meaning."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tutor.adapter import GRADES, Adapter
from tutor.embedding import Embedding
from tutor.errors import QuizError
from tutor.lexicon import distance, likeness
from tutor.notes.flashcards import read_flashcards
from tutor.notes.note import Card, Note, QuizQuestion, Text
from tutor.quiz.authored import authored_item
from tutor.quiz.facts import Entry, fact_of
from tutor.quiz.grading import Grade, Point, chosen_option, grade
from tutor.quiz.items import Item
from tutor.quiz.replies import reply_kind
from tutor.quiz.short_answers import _feedback
from tutor.turns import Citation

DECK = """# GANs

#### Generator
The generator is one of two networks.
:p What does the generator of a GAN do?
??x
The generator turns random noise into fake samples. It never sees real data.

For example, it may draw a face:
```python
fake = generator(noise)
```
x??

---

#### Generator Role
:p What does a GAN's generator do?
??x
It turns random noise into samples that look real.
x??

---

#### Training Loop
:p How is a GAN trained in PyTorch?
??x
```python
for real in loader:
    fake = generator(noise)
    loss = criterion(discriminator(fake), ones)
    loss.backward()
    optimizer.step()
```
Like so.
x??

---

#### Mode Collapse
:p What are the signs of mode collapse?
??x
The signs of mode collapse include:

1. Low variety: the samples look alike.
2. Oscillating losses: the two networks chase each other.

These can be watched during training.
x??

---

#### Figures
:p What does the figure above show about GAN losses?
??x
The figure shows that the discriminator loss oscillates around a constant value.
x??

---

#### Retracted
:p Why do GANs need batch normalisation?
??x
~~GANs need batch normalisation because it removes all randomness.~~ It steadies the training.
x??

---

#### Diffusion
:p What does a diffusion model learn to remove?
??x
A diffusion model learns to remove Gaussian noise step by step.
x??
"""
CHOICE = ["An art critic", "An artist", "A dog photo"]
KEYS = {
    "generator": (
        "What does the generator do in a GAN?",
        "The generator turns random noise into fake samples that should fool the"
        " discriminator. It never sees the real data itself.",
    ),
    "roles": (
        "What are the roles of the generator and the discriminator in a GAN?",
        "The generator creates fake data that looks real. The discriminator tries to tell"
        " real data from the generator's fakes.",
    ),
    "collapse": (
        "What is mode collapse?",
        "Mode collapse happens when the generator produces only a few kinds of output and"
        " ignores the rest of the data distribution. The samples look good but lack variety.",
    ),
    "forward": (
        "What happens in the forward process of a diffusion model?",
        "The forward process adds a little Gaussian noise to the image at every step until"
        " only noise is left. It has no learned parameters.",
    ),
    "vae": (
        "How does a VAE differ from a plain autoencoder?",
        "A plain autoencoder maps an input to one point in latent space, whereas a VAE maps"
        " it to a distribution from which it samples.",
    ),
    "fid": (
        "Which FID score is better, and why?",
        "A lower FID is better, because the statistics of the generated images are closer to"
        " those of the real images.",
    ),
    "attention": (
        "What is self-attention used for in a Transformer?",
        "Self-attention lets every token weigh the relevance of all other tokens in the"
        " sequence, so that long-range dependencies are captured.",
    ),
    "ddpm": (
        "How many steps does the original DDPM use, and with which noise schedule?",
        "The original DDPM uses 1000 steps with a linear noise schedule.",
    ),
    "components": (
        "What are the key components of a DCGAN?",
        "The key components of a DCGAN include:\n\n1. Generator: Takes a random vector from a"
        " latent space and produces synthetic images.\n2. Discriminator: Evaluates whether an"
        " image is real or fake.",
    ),
    "minimax": (
        "What happens to the discriminator's loss when the generator gets better?",
        "The discriminator's loss increases, because its fakes become harder to detect.",
    ),
    "latent": (
        "What is a latent space?",
        "A latent space is a compressed representation in which similar inputs lie close"
        " together. Generative models sample points from it and decode them into new data.",
    ),
    "reverse": (
        "What does the network learn in the reverse process of a diffusion model?",
        "The network learns to predict the noise that was added at each step, so that it can be subtracted.",
    ),
    "temperature": (
        "What does a higher sampling temperature do to a language model's output?",
        "A higher temperature flattens the probability distribution, so that the output"
        " becomes more random and more diverse.",
    ),
    "decoder": (
        "What does the decoder do in the Transformer?",
        "The decoder generates the output sequence one token at a time, using the encoder's"
        " representation and the tokens generated so far.",
    ),
    "heads": (
        "How many attention heads does the base Transformer have?",
        "The base Transformer has 8 attention heads per layer.",
    ),
    "reparam": (
        "Why is the reparameterization trick needed in a VAE?",
        "Sampling is not differentiable, so the trick moves the randomness into an external"
        " noise variable and gradients can flow through the mean and variance.",
    ),
    "discrim": (
        "What does the discriminator do in a GAN?",
        "The discriminator classifies each sample as real or fake and returns a probability"
        " that it came from the training data.",
    ),
    "cfg": (
        "What happens when the guidance scale in classifier-free guidance is increased?",
        "Images follow the prompt more closely, but their diversity decreases.",
    ),
    "rnn": (
        "What makes Transformers different from RNNs?",
        "Transformers process all positions in parallel using self-attention, whereas RNNs"
        " read a sequence one token after another.",
    ),
    "apps": (
        "What are some applications of GANs besides generating images?",
        "Some applications of GANs include:\n\n- Image Translation: Converting one style of"
        " image into another.\n- Data Augmentation: Generating additional training data.\n-"
        " Super-Resolution: Adding detail to small images.",
    ),
    "bert": (
        "Is BERT an encoder-only or a decoder-only model?",
        "BERT is an encoder-only model that reads the context on both sides of a word.",
    ),
    "diffusion": (
        "What is a diffusion model?",
        "A diffusion model gradually adds noise to training data until it is pure noise. It"
        " then learns to remove this noise to generate new samples.",
    ),
    "posenc": (
        "Why do Transformers need positional encoding?",
        "Self-attention treats its input as a set, so without positional encoding the model"
        " could not know the order of the tokens.",
    ),
    "dropout": (
        "What does dropout do during training?",
        "Dropout switches off randomly chosen neurons in every step, which reduces overfitting.",
    ),
    "latentdiff": (
        "Where does Stable Diffusion run its diffusion process?",
        "Stable Diffusion runs the diffusion process in the latent space of an autoencoder"
        " instead of pixel space, which makes it much cheaper.",
    ),
    "limitation": (
        "What is the main limitation of pretrained language models?",
        "Their knowledge ends with their training data, so they cannot know about recent events.",
    ),
    "batch": (
        "How many images did the batch contain?",
        "Each batch contained 64 images.",
    ),
}
# C correct, P partial, W wrong, U unsure; several letters: each of these verdicts is fair.
C, P, W, U = "CPWU"
LABELLED = [
    ("generator", "It takes random noise and makes fake images to trick the discriminator", C),
    ("generator", "turns noise into fake samples", C),
    ("generator", "the discriminator makes fake images", W),
    ("generator", "It makes images.", P + U + W),
    ("generator", "it decides whether an image is real or fake", W),
    ("generator", "the generator in a GAN", W),
    ("generator", "generaes fake sampels from randm noise", C),
    ("generator", "It does not create fake samples from noise", W),
    ("generator", "bananas are rich in potassium", W),
    (
        "roles",
        "The generator makes fake data and the discriminator tries to spot the fakes among the real data",
        C,
    ),
    (
        "roles",
        "the generator produces realistic fakes, the discriminator distinguishes them from real samples",
        C,
    ),
    ("roles", "The discriminator makes fake data and the generator tells real from fake", W),
    ("roles", "the generator creates fake data", P),
    ("roles", "they are two networks in a GAN", U + W),
    ("collapse", "The generator makes only a few types of samples, so there is little variety", C),
    (
        "collapse",
        "when the generator keeps outputting nearly identical images instead of"
        " covering the whole distribution",
        C + P + U,
    ),
    ("collapse", "mode collapse is when the mode collapses", W),
    ("collapse", "The generator produces a lot of variety", W),
    ("collapse", "the training loss becomes NaN", W),
    ("collapse", "the samples lack variety", C + P),
    ("forward", "noise is added to the image step by step until it is pure noise", C),
    ("forward", "Gaussian noise gets added gradually", C + P),
    ("forward", "noise is removed from the image step by step", W),
    ("forward", "The network learns to denoise the picture", U + W),
    ("forward", "It doesn't add any noise to the image", W),
    ("forward", "you keep corrupting the picture with random static till nothing of it remains", C + P + U),
    ("vae", "an autoencoder encodes to a single point, a VAE to a distribution that is sampled", C),
    ("vae", "The VAE maps the input to a point while the autoencoder maps it to a distribution", W),
    ("vae", "a VAE samples from a distribution in latent space", C + P),
    ("vae", "a VAE is faster", W),
    ("vae", "they differ in how they work", W),
    ("fid", "Lower, since the generated images are statistically closer to real ones", C),
    ("fid", "a higher score is better because the images are closer to real ones", W),
    ("fid", "the lower the better", C + P),
    ("fid", "A lower FID is not better", W),
    ("attention", "each token can look at all the other tokens and weigh how relevant they are", C),
    ("attention", "It captures long-range dependencies", C + P),
    ("attention", "it normalises the gradients", W),
    ("attention", "Tokens cannot look at other tokens in the sequence", W),
    ("ddpm", "1000 steps, linear schedule", C),
    ("ddpm", "100 steps with a linear schedule", P + W),
    ("ddpm", "one thousand, and I think linear", C + P),
    ("ddpm", "1,000 steps with a cosine schedule", P),
    ("components", "a generator and a discriminator", C),
    ("components", "generator", P),
    ("components", "convolution layers and batch norm", U + W),
    ("minimax", "it goes up because the fakes are harder to spot", C),
    ("minimax", "the loss does not increase", W),
    ("minimax", "the loss decreases", W),
    ("minimax", "the discriminator's loss when the generator gets better", W),
    ("minimax", "it rises", C),
    ("latent", "a compressed space where similar data points are near each other", C),
    ("latent", "A space in which similar inputs are far apart", W),
    ("latent", "It is the space that is latent", W),
    ("latent", "a low-dimensional encoding of the data", C + P + U),
    ("reverse", "it predicts the added noise so we can subtract it", C),
    ("reverse", "to estimate how much noise there is in the picture", C + P + U),
    ("reverse", "the network does not predict noise", W),
    ("temperature", "It makes the output more random and varied", C),
    ("temperature", "the output becomes less random", W),
    ("temperature", "It flattens the distribution", C + P),
    ("temperature", "makes the GPU hotter", W),
    ("temperature", "more divers and randm outputs", C),
    ("decoder", "It produces the output token by token from what the encoder gives it", C),
    ("decoder", "The encoder generates the output sequence one token at a time", W),
    ("decoder", "it generates text", P + U + W),
    ("heads", "8", C),
    ("heads", "twelve heads per layer", W),
    ("heads", "eight heads in every layer", C),
    ("heads", "many attention heads", U + W),
    ("reparam", "because you cannot backpropagate through sampling, so the noise is drawn outside", C + P),
    (
        "reparam",
        "it makes gradients flow through the mean and the variance because the"
        " randomness is put in a separate noise variable",
        C,
    ),
    ("reparam", "It is needed because sampling is differentiable", W),
    ("reparam", "to save memory", W),
    ("discrim", "it says whether a sample is real or fake", C + P),
    ("discrim", "It creates fake samples from noise", W),
    ("discrim", "outputs the probability that the image is from the training set", C + P),
    ("discrim", "it cannot tell real and fake samples apart", W),
    ("cfg", "the pictures stick more closely to the prompt but are less diverse", C),
    ("cfg", "Diversity increases", W),
    ("cfg", "The image matches the text prompt better", C + P),
    ("cfg", "training becomes slower", W),
    (
        "rnn",
        "A transformer looks at the whole sequence in parallel with"
        " self-attention while an RNN goes token by token",
        C,
    ),
    ("rnn", "RNNs process all positions in parallel, Transformers read one token after another", W),
    ("rnn", "they use self-attention", C + P),
    ("apps", "data augmentation, super-resolution and image translation", C),
    ("apps", "making more training data", P),
    ("bert", "encoder-only", C),
    ("bert", "decoder-only", W),
    ("bert", "It's a decoder", W),
]
# Written after the grader was finished; nothing was changed to make them pass.
UNTUNED = [
    (
        "diffusion",
        "it learns to reverse a process that adds noise to data so it can create samples from pure noise",
        C + P,
    ),
    ("diffusion", "A model where two networks compete", W),
    ("posenc", "because attention doesn't see the order of the tokens", C + P),
    ("posenc", "Without it the model wouldn't know in which order the tokens come", C),
    ("posenc", "to normalise the activations", W),
    ("posenc", "Because self-attention already knows the order of the tokens", W),
    ("dropout", "It randomly turns off neurons so the network overfits less", C),
    ("dropout", "it increases overfitting", W),
    ("dropout", "random neurons are disabled at each step", C + P),
    ("dropout", "it removes layers from the dataset", W),
    ("latentdiff", "in the latent space of an autoencoder", C),
    ("latentdiff", "on the GPU", W),
    (
        "limitation",
        "they don't know anything that happened after their training data was collected",
        C + P + U,
    ),
    ("limitation", "They are up to date with recent events", W),
    ("limitation", "they can't know about recent events", C),
    ("batch", "64", C),
    ("batch", "32 images", W),
]


def make_item(note: Note, entry: Entry, rng: random.Random) -> Item | None:
    """The item of one card or question of a note."""
    fact = fact_of(note, entry)
    return authored_item(fact, rng) if fact else None


def text(words: str, line: int = 1) -> Text:
    lines = words.split("\n")
    starts, at = [], 0
    for n, piece in enumerate(lines):
        starts.append((at, line + n))
        at += len(piece) + 1
    return Text(words, tuple(starts), line + len(lines) - 1)


def short(name: str) -> Item:
    stem, key = KEYS[name]
    return Item(
        name, "short", stem, (), key, "", Citation(1, "gan.md", (3, 4), key), key, ("GANs",), "gan.md"
    )


def note_of(
    *quiz: QuizQuestion, cards: tuple[Card, ...] = (), title: str = "GANs", path: str = "g.md"
) -> Note:
    return Note(path, "markdown", title, quiz=quiz, cards=cards)


def choice(answer: str, options: list[str] = CHOICE, seed: int = 0) -> Item | None:
    question = QuizQuestion(
        ("Quiz",),
        text("What is a generative model like, in the story?", 10),
        text(answer, 20),
        tuple(text(option, 11 + n) for n, option in enumerate(options)),
    )
    return make_item(note_of(question), question, random.Random(seed))


def the_choice(seed: int = 0) -> Item:
    item = choice("B. An artist can paint a new picture.", seed=seed)
    assert item is not None
    return item


def letter_of(item: Item, option_id: str) -> str:
    return "ABCDEFG"[[option.id for option in item.options].index(option_id)]


@pytest.fixture(scope="module")
def deck() -> Note:
    return read_flashcards(DECK, "decks/gan.md")


@pytest.fixture(scope="module")
def similarity() -> Callable[[str, str], float]:
    embedding = Embedding()
    known: dict[str, Any] = {}

    def near(one: str, two: str) -> float:
        for words in (one, two):
            if words not in known:
                known[words] = embedding.embed_query(words)
        return float(known[one] @ known[two])

    return near


# Items


def made(deck: Note, question: str) -> Item | None:
    card = next(card for card in deck.cards if question in card.question.words)
    return make_item(deck, card, random.Random(0))


def test_a_card_becomes_an_item_whose_quote_stands_in_the_note_at_its_lines(deck: Note) -> None:
    item = made(deck, "What does the generator of a GAN do?")
    assert item is not None
    assert (item.kind, item.options, item.note, item.heading) == ("short", (), "decks/gan.md", ("Generator",))
    assert item.key == "The generator turns random noise into fake samples. It never sees real data."
    assert item.citation.quote == item.key == item.fact
    begin, end = item.citation.lines
    assert item.citation.quote in "\n".join(DECK.split("\n")[begin - 1 : end])
    # What stands before the card is about something else than its question, and is no explanation.
    assert item.explanation == item.key
    assert set(item.to_contract()) == {
        "id", "kind", "stem", "options", "key", "explanation", "citation", "fact", "fact_id", "concept",
    }  # fmt: skip
    assert set(item.to_contract()["citation"]) == {"note", "lines", "quote"}


def test_a_list_is_a_key_as_a_whole_and_the_remark_after_it_is_not(deck: Note) -> None:
    item = made(deck, "signs of mode collapse")
    assert item is not None
    assert item.key.startswith("The signs of mode collapse include:")
    assert item.key.endswith("the two networks chase each other.")
    begin, end = item.citation.lines
    assert "1. Low variety" in DECK.split("\n")[begin + 1] and "2. Oscillating" in DECK.split("\n")[end - 1]


@pytest.mark.parametrize("question", ["trained in PyTorch", "figure above", "batch normalisation"])
def test_code_answers_figures_and_retractions_make_no_item(deck: Note, question: str) -> None:
    assert made(deck, question) is None


def test_a_part_of_a_name_and_a_number_point_to_nothing_unseen() -> None:
    answer = text("The loss falls quickly at first and then levels off.")
    for asked in ("What does the text encoder do?", "What does a beta above 1 cost in a beta-VAE?"):
        assert make_item(note_of(), Card((), text(asked), answer), random.Random(0)) is not None
    for asked in ("What does the text say?", "What does the curve above show?", "What does the code do?"):
        assert make_item(note_of(), Card((), text(asked), answer), random.Random(0)) is None


def test_a_question_that_points_to_something_unseen_makes_no_item() -> None:
    answer = text("The loss falls quickly at first and then levels off.")
    for asked in (
        "How does this work in training?",
        "What does Figure 3 say about loss?",
        "Why is it useful?",
    ):
        assert make_item(note_of(), Card((), text(asked), answer), random.Random(0)) is None
    kept = Card((), text("How does the training loss behave?"), answer)
    assert make_item(note_of(), kept, random.Random(0)) is not None


def test_an_item_keeps_its_id_and_an_edited_answer_gets_another(deck: Note) -> None:
    again = read_flashcards(DECK, "decks/gan.md")
    edited = read_flashcards(DECK.replace("Gaussian noise", "all noise"), "decks/gan.md")
    ids = [made(note, "learn to remove") for note in (deck, again, edited)]
    assert ids[0] and ids[1] and ids[2]
    assert ids[0].id == ids[1].id != ids[2].id


def test_an_authors_choice_keeps_its_key_wherever_its_options_land() -> None:
    orders = set()
    for seed in range(12):
        item = the_choice(seed)
        assert next(option.text for option in item.options if option.id == item.key) == "An artist"
        assert item.citation.quote == "B. An artist can paint a new picture." and item.citation.lines == (
            20,
            20,
        )
        orders.add(tuple(option.id for option in item.options))
    assert len(orders) > 2


@pytest.mark.parametrize(
    "answer",
    [
        "B",
        "b)",
        "(B) because it paints",
        "Answer: B",
        "The correct answer is B.",
        "An artist",
        "It is an artist.",
    ],
)
def test_the_authors_answer_is_read_by_letter_or_by_words(answer: str) -> None:
    item = choice(answer)
    assert item is not None
    assert next(option.text for option in item.options if option.id == item.key) == "An artist"


def test_a_sentence_that_begins_with_the_article_is_not_read_as_the_letter_a() -> None:
    item = choice("An artist", ["A critic of art", "An artist", "A photo"])
    assert item is not None and item.key == "o2"
    assert choice("A model of some kind") is None


def test_options_that_speak_of_other_options_keep_their_order() -> None:
    options = ["It samples", "It classifies", "All of the above"]
    for seed in range(6):
        item = choice("C", options, seed)
        assert item is not None and [option.text for option in item.options] == options


def test_an_authors_choice_is_another_one_when_an_option_of_it_changes() -> None:
    ids = {the_choice(seed).id for seed in range(10)}
    assert len(ids) == 1  # the order of the options is not what makes it
    mended = choice("B", [CHOICE[0], CHOICE[1], "A librarian", *CHOICE[3:]])
    assert mended is not None and mended.id not in ids


def test_a_choice_with_two_equal_options_or_no_answer_makes_no_item() -> None:
    assert choice("A", ["An artist", "an artist.", "A dog"]) is None
    assert choice("D") is None
    assert choice("see the chapter") is None


def test_an_item_survives_json(deck: Note) -> None:
    for item in (the_choice(), made(deck, "signs of mode collapse")):
        assert item is not None
        assert Item.from_dict(json.loads(json.dumps(item.to_dict()))) == item
    with pytest.raises(QuizError):
        Item.from_dict({"id": "x"})


# Grading


# What the grader gets wrong today, by means: "words" alone, words and embeddings ("near"), words and the reader. A line
# that it learns to grade fails here until it is taken off this list. Of a long answer the first 60 letters are given.
MISSES: dict[str, set[tuple[str, str]]] = {
    "words": {
        ("generator", "the discriminator makes fake images"),
        ("generator", "it decides whether an image is real or fake"),
        ("generator", "bananas are rich in potassium"),
        ("collapse", "The generator produces a lot of variety"),
        ("forward", "Gaussian noise gets added gradually"),
        ("forward", "It doesn't add any noise to the image"),
        ("vae", "an autoencoder encodes to a single point, a VAE to a distrib"),
        ("fid", "A lower FID is not better"),
        ("attention", "Tokens cannot look at other tokens in the sequence"),
        ("ddpm", "1,000 steps with a cosine schedule"),
        ("components", "a generator and a discriminator"),
        ("minimax", "the loss does not increase"),
        ("latent", "a compressed space where similar data points are near each o"),
        ("reverse", "the network does not predict noise"),
        ("temperature", "the output becomes less random"),
        ("decoder", "It produces the output token by token from what the encoder "),
        ("decoder", "it generates text"),
        ("reparam", "It is needed because sampling is differentiable"),
        ("cfg", "the pictures stick more closely to the prompt but are less d"),
        ("rnn", "A transformer looks at the whole sequence in parallel with s"),
        ("posenc", "Because self-attention already knows the order of the tokens"),
        ("dropout", "it removes layers from the dataset"),
    },
    "near": {
        ("generator", "the discriminator makes fake images"),
        ("generator", "it decides whether an image is real or fake"),
        ("collapse", "The generator produces a lot of variety"),
        ("forward", "Gaussian noise gets added gradually"),
        ("forward", "It doesn't add any noise to the image"),
        ("vae", "an autoencoder encodes to a single point, a VAE to a distrib"),
        ("fid", "A lower FID is not better"),
        ("attention", "Tokens cannot look at other tokens in the sequence"),
        ("ddpm", "1,000 steps with a cosine schedule"),
        ("components", "a generator and a discriminator"),
        ("minimax", "the loss does not increase"),
        ("latent", "a compressed space where similar data points are near each o"),
        ("reverse", "the network does not predict noise"),
        ("temperature", "the output becomes less random"),
        ("decoder", "It produces the output token by token from what the encoder "),
        ("reparam", "It is needed because sampling is differentiable"),
        ("cfg", "the pictures stick more closely to the prompt but are less d"),
        ("rnn", "A transformer looks at the whole sequence in parallel with s"),
        ("apps", "data augmentation, super-resolution and image translation"),
        ("posenc", "Because self-attention already knows the order of the tokens"),
        ("dropout", "it removes layers from the dataset"),
        ("limitation", "They are up to date with recent events"),
    },
    "reader": {
        ("generator", "It takes random noise and makes fake images to trick the dis"),
        ("generator", "the discriminator makes fake images"),
        ("generator", "it decides whether an image is real or fake"),
        ("roles", "the generator produces realistic fakes, the discriminator di"),
        ("collapse", "The generator makes only a few types of samples, so there is"),
        ("collapse", "when the generator keeps outputting nearly identical images "),
        ("collapse", "The generator produces a lot of variety"),
        ("forward", "noise is added to the image step by step until it is pure no"),
        ("forward", "It doesn't add any noise to the image"),
        ("fid", "A lower FID is not better"),
        ("ddpm", "1,000 steps with a cosine schedule"),
        ("components", "a generator and a discriminator"),
        ("latent", "a compressed space where similar data points are near each o"),
        ("latent", "a low-dimensional encoding of the data"),
        ("temperature", "the output becomes less random"),
        ("decoder", "The encoder generates the output sequence one token at a tim"),
        ("reparam", "it makes gradients flow through the mean and the variance be"),
        ("reparam", "It is needed because sampling is differentiable"),
        ("discrim", "outputs the probability that the image is from the training "),
        ("cfg", "the pictures stick more closely to the prompt but are less d"),
        ("rnn", "A transformer looks at the whole sequence in parallel with s"),
        ("diffusion", "it learns to reverse a process that adds noise to data so it"),
        ("dropout", "random neurons are disabled at each step"),
        ("limitation", "They are up to date with recent events"),
    },
}


def labelled(means: str) -> list[Any]:
    """The labelled answers; the known misses are expected to fail, and fail the test when they do not."""
    found = []
    for name, answer, fair in [*LABELLED, *UNTUNED]:
        known = (name, answer[:60]) in MISSES[means]
        marks = pytest.mark.xfail(strict=True, reason="a known miss") if known else ()
        found.append(pytest.param(name, answer, fair, marks=marks, id=f"{name}: {answer[:40]}"))
    return found


def given(name: str, answer: str, **means: Any) -> str:
    return grade(short(name), answer, **means).verdict[0].upper()


@pytest.fixture(scope="module")
def reader() -> Any:
    return Adapter(Embedding(), GRADES).probabilities


@pytest.mark.parametrize(("name", "answer", "fair"), labelled("words"))
def test_a_labelled_answer_gets_a_fair_verdict_by_its_words_alone(name: str, answer: str, fair: str) -> None:
    assert given(name, answer) in fair


@pytest.mark.parametrize(("name", "answer", "fair"), labelled("near"))
def test_a_labelled_answer_gets_a_fair_verdict_by_words_and_nearness(
    name: str, answer: str, fair: str, similarity: Callable[[str, str], float]
) -> None:
    assert given(name, answer, similarity=similarity) in fair


@pytest.mark.parametrize(("name", "answer", "fair"), labelled("reader"))
def test_a_labelled_answer_gets_a_fair_verdict_by_words_and_the_reader(
    name: str, answer: str, fair: str, reader: Any
) -> None:
    assert given(name, answer, reader=reader) in fair


def test_the_known_misses_are_few_and_harmless(reader: Any) -> None:
    rows = [*LABELLED, *UNTUNED]
    assert all({(name, answer[:60]) for name, answer, _ in rows} >= misses for misses in MISSES.values())
    assert len(MISSES["reader"]) <= 0.3 * len(rows)
    found = [(given(name, answer, reader=reader), fair) for name, answer, fair in rows]
    assert not [fair for verdict, fair in found if verdict == C and fair == W]
    assert sum(verdict == W for verdict, fair in found if fair == C) <= 2
    sure = [verdict in fair for verdict, fair in found if verdict != U]
    assert sum(sure) >= 0.9 * len(sure)


@pytest.mark.parametrize("name", ["generator", "vae", "components", "fid", "rnn", "apps"])
def test_the_key_itself_is_correct_and_the_question_itself_is_wrong(name: str) -> None:
    item = short(name)
    assert grade(item, item.key).verdict == "correct"
    echoed = grade(item, item.stem)
    assert (echoed.verdict, echoed.score) == ("wrong", 0.0)


def test_resemblance_alone_is_never_called_correct() -> None:
    told = grade(short("generator"), "quite other wording altogether", similarity=lambda one, two: 1.0)
    assert told.verdict != "correct" and KEYS["generator"][1] in told.feedback


def test_what_was_missing_is_named_with_the_notes_sentence() -> None:
    told = grade(short("roles"), "the generator creates fake data")
    assert told.verdict == "partial"
    assert [point.status for point in told.points] == ["hit", "missed"]
    assert all(point.quote == KEYS["roles"][1] for point in told.points)
    assert "Missing: “The discriminator tries" in told.feedback and KEYS["roles"][1] in told.feedback


def test_a_contradiction_is_named_as_one() -> None:
    told = grade(short("minimax"), "the loss decreases")
    assert told.points[0].status == "contradicted"
    assert "goes against this" in told.feedback


@pytest.mark.parametrize("answer", ["I don't know", "idk", "No idea, sorry.", "", "   ", "不知道"])
def test_not_knowing_is_wrong_with_the_answer_and_without_reproach(answer: str) -> None:
    told = grade(short("minimax"), answer)
    assert (told.verdict, told.score, told.dont_know) == ("wrong", 0.0, True)
    assert KEYS["minimax"][1] in told.feedback and "Not quite" not in told.feedback


def test_a_grade_survives_json() -> None:
    told = grade(short("roles"), "the generator creates fake data")
    assert Grade.from_dict(json.loads(json.dumps(told.to_dict()))) == told


def test_a_choice_is_graded_by_letter_place_id_or_words() -> None:
    item = the_choice(3)
    right = letter_of(item, item.key)
    place = str("ABC".index(right) + 1)
    for answer in (right, right.lower(), f"({right})", f"I think {right}", f"{right}. An artist", place, item.key,
                   "an artist", "It's an artist, surely", f"{right} because it paints", "an artst"):  # fmt: skip
        assert grade(item, answer).verdict == "correct", answer
    assert chosen_option(item, "the dog") == next(o.id for o in item.options if o.text == "A dog photo")
    wrong = next(option for option in item.options if option.id != item.key)
    told = grade(item, wrong.text)
    assert (told.verdict, told.score) == ("wrong", 0.0)
    assert f"{right}. An artist" in told.feedback


def test_a_part_of_an_options_text_names_it_where_it_is_a_part_of_no_other() -> None:
    assert chosen_option(the_choice(), "A dog") == "o3"


@pytest.mark.parametrize(
    "answer", ["Z", "9", "a painter", "an artist or an art critic", "A cat", "not a dog"]
)
def test_what_names_no_option_is_not_guessed(answer: str) -> None:
    assert chosen_option(the_choice(), answer) is None
    assert grade(the_choice(), answer).verdict == "unsure"


def test_a_slip_of_the_pen_is_the_same_word_and_an_opposite_is_not() -> None:
    assert distance("sampels", "samples") == 1 and distance("kitten", "sitting") == 3
    assert likeness("sampel", "sample") > 0.5
    for one, two in (("increas", "decreas"), ("maximiz", "minimiz"), ("supervised", "unsupervised")):
        assert likeness(one, two) == -1.0
    assert likeness("encoder", "decoder") == 0.0 and likeness("generator", "generat") == 0.0


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("The generator makes fakes", "answer"),
        ("B", "answer"),
        ("is it the generator?", "answer"),
        ("Not sure, maybe the discriminator", "answer"),
        ("skip connections", "answer"),
        ("stop gradient", "answer"),
        ("How well the model fits", "answer"),
        ("skip", "skip"),
        ("Next question please", "skip"),
        ("/skip", "skip"),
        ("stop", "stop"),
        ("I want to stop the quiz.", "stop"),
        ("hint", "hint"),
        ("Can you give me a hint?", "hint"),
        ("我不知道", "dont_know"),
        ("I am done with this", "stop"),
        ("i’m done", "stop"),
        ("list the remedies for mode collapse", "question"),
        ("it is done by the generator", "answer"),
        ("I don't know", "dont_know"),
        ("idk", "dont_know"),
        ("honestly no idea...", "dont_know"),
        ("what do you mean by mode?", "question"),
        ("What does mode mean", "question"),
        ("why", "question"),
        ("Could you rephrase that", "question"),
        ("How is that different from a VAE?", "question"),
        ("", "question"),
        ("???", "question"),
    ],
)
def test_only_answers_are_taken_for_answers(message: str, kind: str) -> None:
    assert reply_kind(message) == kind


@pytest.mark.parametrize("word", ["cherries", "bananas", "pizza", "lol"])
@pytest.mark.parametrize("name", ["generator", "discrim", "forward", "latent", "dropout"])
def test_a_stray_word_is_never_right(name: str, word: str, reader: Any) -> None:
    assert given(name, word, reader=reader) in (W, U)


def test_a_sentence_is_told_once_where_one_of_its_claims_is_said_and_another_is_not() -> None:

    item = replace(short("forward"), key="Images are not detached because gradients must flow.")
    points = [Point("not detached", "hit", ""), Point("because gradients must flow", "missed", "")]
    told = _feedback(item, "partial", points)
    assert told.startswith(
        "Partly. You have a part of this: “Images are not detached because gradients must flow”"
    )
    assert "Missing" not in told
    alone = _feedback(item, "partial", [Point("because gradients must flow", "missed", "")])
    assert "Missing: “Images are not detached because gradients must flow”" in alone
    scale = "In the form with scale $s$, a guidance scale of 1 means plain conditional sampling."
    points = [
        Point("a guidance scale of 1 means plain conditional sampling", "hit", ""),
        Point("guidance scale of 1 means plain", "hit", ""),
        Point("In the form with scale s", "missed", ""),
    ]
    told = _feedback(replace(item, key=scale), "partial", points)
    assert told.startswith("Partly. You have a part of this: “In the form") and "Missing" not in told
    assert told.count("In the form") == 1
