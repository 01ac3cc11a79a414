"""The grounding check: what a draft may say because the notes say it, and what it may not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tutor.grounding import Citations, Evidence, check, evidence_in
from tutor.notes.note import Text
from tutor.passages import Passage, PassageKind
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
        "Mode collapse is a failure of GAN training in which the generator produces only a few kinds of green output, although the training data contain many kinds.",
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
    "The generator turns random noise into samples, and the discriminator estimates the probability that a sample is real.",
    "The generator turns random noise into samples, while the discriminator estimates the probability that a sample is real.",
    "Goodfellow introduced the GAN in 2014 and Arjovsky introduced the WGAN in 2017.",
]
