"""The grounding check: what a draft may say because the notes say it, and what it may not."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tutor.grounding import Citations, Evidence, check, evidence_in
from tutor.notes import read_library
from tutor.notes.note import Text
from tutor.passages import Passage, PassageKind, split_note
from tutor.words import split_sentences

MODE = """Mode collapse is a failure of GAN training in which the generator produces only a few kinds of output, \
although the training data contain many kinds.
A GAN generator is rewarded when each of its samples fools the discriminator.
The generator turns random noise into samples.
The discriminator estimates the probability that a sample is real.
The FID rises when modes are missing, \
because the covariance of the generated features no longer matches that of the data.
Partial collapse is more common than complete collapse.
Complete collapse means that almost every latent vector gives the same output.
PacGAN shows the discriminator several samples at once and asks whether the whole pack is real.
None of the remedies for mode collapse is a guarantee, so diversity has to be measured after training.
Overfitting means that a model copies its training examples, \
while mode collapse means that a generator ignores a part of them.
A collapsed generator may still make sharp samples.
A generator that is trained too long against a frozen discriminator tends to map all latent vectors to one sample.
Some researchers believe that GANs are obsolete.
If the discriminator is perfect, the gradients of the generator vanish.
The discriminator is fooled by the generator.
Unrolled GANs fail to converge without a good learning rate.
Does the generator see the real images?
Precision measures quality, while recall measures coverage.
Mode collapse is a loss of variety and not of sharpness."""

NUMBERS = """At equilibrium the discriminator answers $D(x) = 0.5$ for every sample.
The ideal GAN solves $\\min_G \\max_D V(D, G)$.
The critic minimises $f(G(z)) - f(x)$ in every step.
Adam with a learning rate of 0.0002 is a common choice for GAN training.
The WGAN paper takes five critic steps for each generator step.
The guidance scale of Stable Diffusion is often raised from 3 to 7.5.
It is not true that diffusion models are faster than GANs.
Goodfellow introduced the GAN in 2014.
Arjovsky introduced the WGAN in 2017.
A larger guidance scale gives a better fit to the prompt and less variety.
The encoder maps an image to a latent code, and the decoder maps the code back to an image.
The weights are clipped to the range from -0.01 to 0.01.
A DCGAN uses batch normalisation in both networks.
Weight clipping is one of three ways to keep the critic Lipschitz.
Diffusion models need between 20 and 1,000 steps to make an image."""

OTHER = """A VAE has an encoder and a decoder.
The decoder of a VAE turns a latent code into an image."""

MISCONCEPTIONS = """“Mode collapse means that the images are bad.” \
Samples of a collapsed generator can look excellent one by one.
“A longer training cures mode collapse.” A change of loss is usually needed."""

STRUCK = """The generator learns from the gradients of the discriminator. \
~~The generator sees the real images and copies them.~~"""


def passage(words: str, *, note: str = "gan.md", kind: PassageKind = "prose", name: str = "p") -> Passage:
    starts, offset = [], 0
    for number, line in enumerate(words.split("\n"), 1):
        starts.append((offset, number))
        offset += len(line) + 1
    return Passage(name, note, "GAN", (), kind, Text(words, tuple(starts), len(starts)))


def even(word: str) -> float:
    """Every word is equally rare."""
    return 1.0


@pytest.fixture(scope="module")
def evidence() -> list[Evidence]:
    found: list[Evidence] = []
    for name, (words, note) in enumerate(
        [
            (MODE, "mode.md"),
            (NUMBERS, "mode.md"),
            (OTHER, "vae.md"),
            (MISCONCEPTIONS, "mode.md"),
            (STRUCK, "mode.md"),
        ]
    ):
        found += evidence_in(passage(words, note=note, name=str(name)))
    return found


FALSE = {
    "negation added": [
        "Mode collapse is not a failure of GAN training.",
        "The generator does not turn random noise into samples.",
        "Partial collapse is never more common than complete collapse.",
        "The discriminator doesn't estimate the probability that a sample is real.",
        "The FID rises when no modes are missing.",
    ],
    "negation dropped": [
        "Diffusion models are faster than GANs.",
        "It is true that diffusion models are faster than GANs.",
        "Mode collapse is a loss of sharpness.",
        "The covariance of the generated features matches that of the data.",
        "Unrolled GANs converge without a good learning rate.",
        "Unrolled GANs converge.",
        "The remedies for mode collapse are a guarantee.",
    ],
    "number changed": [
        "Adam with a learning rate of 0.002 is a common choice for GAN training.",
        "The WGAN paper takes two critic steps for each generator step.",
        "The WGAN paper takes one critic step for each generator step.",
        "Goodfellow introduced the GAN in 2017.",
        "The guidance scale of Stable Diffusion is often raised from 7.5 to 3.",
        "The weights are clipped to the range from 0.01 to 0.01.",
        "Weight clipping is one of two ways to keep the critic Lipschitz.",
        "Weight clipping is one of 13 ways to keep the critic Lipschitz.",
        "Diffusion models need between 20 and 1 steps to make an image.",
    ],
    "name swapped": [
        "Arjovsky introduced the GAN in 2014.",
        "Arjovsky introduced the GAN in 2017.",
        "Goodfellow introduced the WGAN in 2014.",
        "A WGAN uses batch normalisation in both networks.",
        "Unrolled GANs show the discriminator several samples at once.",
    ],
    "roles swapped": [
        "The discriminator turns random noise into samples.",
        "The generator estimates the probability that a sample is real.",
        "The generator is fooled by the discriminator.",
        "The discriminator fooled the generator.",
        "A GAN discriminator is rewarded when each of its samples fools the generator.",
        "The decoder maps an image to a latent code, and the encoder maps the code back to an image.",
        "The decoder maps an image to a latent code.",
        "The WGAN paper takes five generator steps for each critic step.",
        "Precision measures coverage, while recall measures quality.",
        "Precision measures coverage.",
        "Overfitting means that a generator ignores a part of its training examples.",
        "Mode collapse means that a model copies its training examples.",
        "Complete collapse is more common than partial collapse.",
        "Mode collapse is a loss of sharpness and not of variety.",
    ],
    "opposite word": [
        "A larger guidance scale gives a worse fit to the prompt and less variety.",
        "A larger guidance scale gives a better fit to the prompt and more variety.",
        "A smaller guidance scale gives a better fit to the prompt and less variety.",
        "The FID falls when modes are missing.",
        "A collapsed generator may still make blurry samples.",
        "The discriminator estimates the probability that a sample is fake.",
        "The critic maximises $f(G(z)) - f(x)$ in every step.",
        "Diffusion models need between 20 and 1,000 steps to destroy an image.",
    ],
    "formula altered": [
        "At equilibrium the discriminator answers $D(x) = 0.6$ for every sample.",
        "At equilibrium the discriminator answers $D(x) = -0.5$ for every sample.",
        "The critic minimises $f(G(z)) + f(x)$ in every step.",
        "The critic minimises $f(x) - f(G(z))$ in every step.",
        "The critic minimises $f(G(z))$ in every step.",
        "The ideal GAN solves $\\max_G \\min_D V(D, G)$.",
        "The ideal GAN solves $\\min_g \\max_d V(d, g)$.",
        "At equilibrium the discriminator answers D(x) > 0.5 for every sample.",
        "The critic minimises f(G(z)) * f(x) in every step.",
    ],
    "two sentences merged": [
        "The generator turns random noise into samples and estimates the probability that a sample is real.",
        "The discriminator estimates the probability that a sample is real and turns random noise into samples.",
        "Goodfellow introduced the GAN and the WGAN in 2014.",
        "A DCGAN takes five critic steps for each generator step.",
        "The FID rises because partial collapse is more common than complete collapse.",
        "The decoder of a VAE turns random noise into samples.",
        "The generator turns random noise into samples because the discriminator is fooled by the generator.",
    ],
    "half and invention": [
        "The generator turns random noise into samples of cats.",
        "The generator turns random noise into samples by means of a Fourier transform.",
        "The discriminator estimates the probability that a sample is real with an accuracy of 99 %.",
        "Mode collapse is a failure of GAN training in which the generator produces only a few kinds of green output.",
        "Goodfellow introduced the GAN in 2014 in Montreal.",
        "PacGAN shows the discriminator several samples at once and asks whether the whole pack is tasty.",
    ],
    "limit dropped": [
        "The gradients of the generator vanish.",
        "GANs are obsolete.",
        "The discriminator is perfect.",
        "Every latent vector gives the same output.",
        "A generator tends to map all latent vectors to one sample.",
        "A collapsed generator makes sharp samples.",
        "The FID rises.",
        "The discriminator answers $D(x) = 0.5$ for every sample.",
        "The generator produces a few kinds of output and all of its samples are sharp.",
        "Diffusion models need 20 steps to make an image.",
    ],
    "limit added": [
        "All researchers believe that GANs are obsolete.",
        "Mode collapse is always a failure of GAN training.",
        "Only the generator turns random noise into samples.",
        "The generator must turn random noise into samples.",
    ],
    "question turned into a claim": [
        "The generator sees the real images.",
        "The generator does see the real images.",
    ],
    "misconception": [
        "Mode collapse means that the images are bad.",
        "A longer training cures mode collapse.",
        "“A longer training cures mode collapse.”",
    ],
    "struck out": [
        "The generator sees the real images and copies them.",
        "~~The generator sees the real images and copies them.~~",
        "The generator copies the real images.",
    ],
    "nothing said": ["It is.", "This is so.", "Yes.", "The other one."],
}

TRUE = [
    # the notes' own sentence, whole, with other marks
    "The generator turns random noise into samples.",
    "the generator turns random noise into samples",
    "**The generator** turns random noise into samples.",
    "Partial collapse is more common than complete collapse!",
    "At equilibrium the discriminator answers $D(x)=0.5$ for every sample.",
    "The ideal GAN solves \\(\\min_G \\max_D V(D, G)\\).",
    "Diffusion models need between 20 and 1000 steps to make an image.",
    "Samples of a collapsed generator can look excellent one by one.",
    "A change of loss is usually needed.",
    "The generator learns from the gradients of the discriminator.",
    "Mode collapse is a loss of variety and not of sharpness.",
    # words left out
    "The generator turns noise into samples.",
    "Mode collapse is a failure of GAN training in which the generator produces only a few kinds of output.",
    "Mode collapse is a failure of GAN training.",
    "A GAN generator is rewarded when its samples fool the discriminator.",
    "PacGAN shows the discriminator several samples at once.",
    "Overfitting means that a model copies its training examples.",
    "Mode collapse means that a generator ignores a part of them.",
    "The FID rises when modes are missing.",
    "The encoder maps an image to a latent code.",
    "The decoder maps the code back to an image.",
    "Recall measures coverage.",
    "A larger guidance scale gives a better fit to the prompt.",
    "The training data contain many kinds.",
    # other small words, forms and words of the same meaning
    "In short, the generator turns random noise into samples.",
    "So the discriminator estimates the probability that the sample is real.",
    "Mode collapse is a failure in GAN training where the generator only produces a few kinds of output.",
    "The generator turned random noise into a sample.",
    "In a DCGAN, batch normalisation is used in both networks.",
    "Mode collapse means the generator produces only a few kinds of output.",
    "The generator transforms random noise into samples.",
    "If the discriminator is perfect, then the gradients of the generator vanish.",
    "The gradients of the generator vanish if the discriminator is perfect.",
    "Partial collapse is more frequent than complete collapse.",
    "In 2014, Goodfellow introduced the GAN.",
    "The GAN was introduced by Goodfellow in 2014.",
    "Goodfellow introduced GANs in 2014.",
    "A collapsed generator can still produce sharp samples.",
    # two sentences of one note
    "The generator turns random noise into samples, and the discriminator estimates the probability that a sample is "
    "real.",
    "The generator turns random noise into samples, while Goodfellow introduced the GAN in 2014.",
    "Goodfellow introduced the GAN in 2014 and Arjovsky introduced the WGAN in 2017.",
]


# -- what may be said ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trap", "sentence"), [(trap, sentence) for trap, sentences in FALSE.items() for sentence in sentences]
)
def test_a_false_sentence_is_never_supported(evidence: list[Evidence], trap: str, sentence: str) -> None:
    support, found = check(sentence, evidence, even)
    assert (support, found) == ("unsupported", []), trap


def test_four_of_five_true_sentences_pass(evidence: list[Evidence]) -> None:
    rejected = [sentence for sentence in TRUE if check(sentence, evidence, even)[0] == "unsupported"]
    assert len(rejected) <= 0.2 * len(TRUE), rejected


def test_a_whole_sentence_of_the_notes_is_quoted_with_its_evidence(evidence: list[Evidence]) -> None:
    for piece in evidence:
        if len(piece.asserted.split()) < 3:
            continue
        support, found = check(piece.asserted, evidence, even)
        assert support == "quoted" and piece.asserted in found[0].asserted


def test_a_part_of_a_sentence_is_supported_but_not_quoted(evidence: list[Evidence]) -> None:
    support, found = check("Overfitting means that a model copies its training examples.", evidence, even)
    assert support == "supported" and found[0].text.startswith("Overfitting")


def test_two_claims_are_tied_to_a_sentence_each(evidence: list[Evidence]) -> None:
    sentence = "Goodfellow introduced the GAN in 2014 and Arjovsky introduced the WGAN in 2017."
    support, found = check(sentence, evidence, even)
    assert support == "supported"
    assert [piece.text[:10] for piece in found] == ["Goodfellow", "Arjovsky i"]


def test_claims_of_two_notes_are_not_merged(evidence: list[Evidence]) -> None:
    sentence = "A VAE has an encoder and a decoder, and the generator turns random noise into samples."
    assert check(sentence, evidence, even)[0] == "unsupported"


def test_nothing_is_supported_without_evidence() -> None:
    assert check("The generator turns random noise into samples.", [], even) == ("unsupported", [])


def test_chinese_is_checked_sign_by_sign() -> None:
    found = evidence_in(passage("生成器把噪声变成样本，判别器判断样本的真假。模式崩溃不是过拟合。"))
    assert check("生成器把噪声变成样本，判别器判断样本的真假。", found, even)[0] == "quoted"
    assert check("生成器把噪声变成样本。", found, even)[0] == "supported"
    assert check("判别器把噪声变成样本。", found, even)[0] == "unsupported"
    assert check("模式崩溃是过拟合。", found, even)[0] == "unsupported"


@pytest.mark.parametrize(
    ("words", "claim"),
    [
        (
            "These statements are false:\n- GANs never collapse in training.",
            "GANs never collapse in training.",
        ),
        ("“GANs are always stable in training”: only with luck.", "GANs are always stable in training."),
        ("“GANs are always stable in training” is wrong.", "GANs are always stable in training."),
        (
            "Myth: GANs are always stable in training. Fact: GANs are hard.",
            "GANs are always stable in training.",
        ),
        ("“GANs are easy. GANs never fail in practice.” GANs are hard.", "GANs never fail in practice."),
        ("Suppose that every GAN is stable in training.", "Every GAN is stable in training."),
        ("In theory, a GAN reaches its equilibrium.", "A GAN reaches its equilibrium."),
        ("A GAN uses Adam or RMSProp for training.", "A GAN uses Adam."),
        ("The distance between real and fake samples shrinks.", "The distance between real samples shrinks."),
    ],
)
def test_what_the_note_does_not_claim_supports_nothing(words: str, claim: str) -> None:
    assert check(claim, evidence_in(passage(words)), even)[0] == "unsupported"


# -- the bundled notes, with one word changed --------------------------------------------------------------------

SWAPS = """generator discriminator|encoder decoder|increase decrease|higher lower|high low|more less|larger smaller
real fake|before after|with without|all some|forward reverse|raises lowers|GAN VAE|first second|can cannot
always never|every no|is is-not|are are-not"""


def changed(sentence: str) -> Iterator[str]:
    """The sentence with one word turned into its rival, a negation dropped, or a number changed."""
    for pair in re.split(r"[|\n]", SWAPS):
        one, other = (word.replace("-", " ") for word in pair.split())
        for old, new in ((one, other), (other, one)):
            if re.search(rf"\b{old}\b", sentence):
                yield re.sub(rf"\b{old}\b", new, sentence, count=1)
    if re.search(r"\b(?:not|never|no) ", sentence):
        yield re.sub(r"\b(?:not|never|no) ", "", sentence, count=1)
    if re.search(r"\d+", sentence):
        yield re.sub(r"\d+", lambda match: str(int(match.group()) + 1), sentence, count=1)


def test_no_sentence_of_the_corpus_passes_with_a_word_turned_round() -> None:
    corpus = Path(__file__).resolve().parent.parent / "corpus"
    rng = random.Random(0)
    tried, passed = 0, []
    for note in read_library([corpus]).notes:
        found = [
            piece for part in split_note(note, lambda text: len(text.split())) for piece in evidence_in(part)
        ]
        prose = [piece for piece in found if piece.passage.kind not in ("code", "table")]
        for piece in rng.sample(prose, min(6, len(prose))):
            begin, end = split_sentences(piece.asserted)[0]
            at = prose.index(piece)
            for sentence in changed(piece.asserted[begin:end]):
                tried += 1
                if check(sentence, prose[max(0, at - 6) : at + 6], even)[0] != "unsupported":
                    passed.append(sentence)
    assert tried > 100 and passed == []


# -- what may be quoted ------------------------------------------------------------------------------------------


def quotes(words: str, kind: PassageKind = "prose") -> list[str]:
    return [piece.text for piece in evidence_in(passage(words, kind=kind))]


def test_each_sentence_is_one_piece() -> None:
    assert quotes("One is so. Two is so.") == ["One is so.", "Two is so."]


def test_struck_sentences_are_no_evidence() -> None:
    assert quotes("One is so. ~~Two is so.~~ Three is ~~not~~ so. Four is so.") == [
        "One is so.",
        "Four is so.",
    ]
    assert quotes("x = 1\n~~y = 2~~", "code") == []


def test_a_formula_stays_with_the_sentence_that_leads_to_it() -> None:
    text = "The loss is:\n$$\nL = x.\n$$\nIt falls."
    assert quotes(text) == ["The loss is:\n$$\nL = x.\n$$", "It falls."]


def test_a_list_stays_with_the_colon_before_it() -> None:
    text = "There are two kinds:\n- One.\n- Two.\n\nAfter it."
    assert quotes(text) == ["There are two kinds:\n- One.\n- Two.", "After it."]


def test_steps_stay_together_and_items_do_not() -> None:
    assert quotes("1. Sample noise.\n2. Make a sample.") == ["Sample noise.\n2. Make a sample."]
    assert quotes("- One is so.\n- Two is so.") == ["One is so.", "Two is so."]


def test_code_is_one_piece() -> None:
    assert quotes("x = 1.\n\ny = 2.", "code") == ["x = 1.\n\ny = 2."]


def test_a_misconception_is_quoted_with_its_correction_only() -> None:
    pieces = evidence_in(passage("“GANs are easy.” GANs are hard.\n“VAEs are sharp.”\nFlows are exact."))
    assert [piece.text for piece in pieces] == ["“GANs are easy.” GANs are hard.", "Flows are exact."]
    assert [piece.asserted for piece in pieces] == ["GANs are hard.", "Flows are exact."]


def test_a_term_in_quotation_marks_is_no_misconception() -> None:
    assert [piece.asserted for piece in evidence_in(passage("“Mode collapse” is a loss of variety."))] == [
        "“Mode collapse” is a loss of variety."
    ]


def test_a_quotation_mark_that_never_closes_swallows_nothing() -> None:
    assert len(quotes('"One is so. Two is so. Three is so.')) == 3


def test_lines_of_a_piece_are_those_of_its_words() -> None:
    pieces = evidence_in(passage("One is so.\nTwo is so. Three is so.\nFour is so."))
    assert [piece.lines for piece in pieces] == [(1, 1), (2, 2), (2, 2), (3, 3)]


# -- citations ---------------------------------------------------------------------------------------------------


def test_the_same_quote_gets_the_same_number() -> None:
    one, two = evidence_in(passage("One is so. Two is so."))
    citations = Citations()
    assert [citations.cite(one), citations.cite(two), citations.cite(one)] == [1, 2, 1]
    assert [citation.quote for citation in citations.all()] == ["One is so.", "Two is so."]


def test_a_citation_names_note_lines_and_passage() -> None:
    piece = evidence_in(passage("One is so.\nTwo is so."))[1]
    citations = Citations()
    assert citations.cite(piece) == 1
    (citation,) = citations.all()
    assert (citation.note, citation.lines, citation.title) == ("gan.md", (2, 2), "GAN")
    assert citation.quote in citation.passage


def retracted(words: str, draft: str) -> str:
    return check(draft, evidence_in(passage(words)), even)[0]


def test_a_struck_sentence_after_a_quoted_misconception_is_no_evidence() -> None:
    words = '"GANs have one network." ~~GANs copy their training images.~~ GANs have two networks.'
    assert retracted(words, "GANs copy their training images.") == "unsupported"


def test_a_struck_step_is_not_carried_by_the_steps_around_it() -> None:
    words = "1. Draw noise from the prior.\n2. ~~Copy a training image.~~\n3. Send the noise through the generator."
    assert retracted(words, "Copy a training image.") == "unsupported"
    assert all("~~" not in piece.text for piece in evidence_in(passage(words)))


def test_a_struck_item_is_not_carried_by_the_words_before_its_list() -> None:
    words = "The remedies for collapse are:\n\n- PacGAN\n- ~~more layers in the generator~~\n- batch discrimination"
    assert retracted(words, "more layers in the generator") == "unsupported"
    assert all("~~" not in piece.text for piece in evidence_in(passage(words)))


@pytest.mark.parametrize(
    "tail",
    [
        "as long as the learning rate is small",
        "so long as it is Lipschitz",
        "whenever its weights are clipped",
        "depending on the penalty",
        "at least on small images",
        "sometimes",
        "contrary to the usual belief",
    ],
)
def test_a_condition_is_not_lost(tail: str) -> None:
    words = f"The critic of a WGAN gives useful gradients {tail}."
    assert retracted(words, "The critic of a WGAN gives useful gradients.") == "unsupported"
