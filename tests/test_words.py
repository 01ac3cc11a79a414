"""Sentences and words: where a text is cut, and how words are compared and counted."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

import tutor
from tutor.words import (
    article_of,
    content_words,
    count_syllables,
    forms,
    normalised,
    numbers,
    plain_greek,
    reading_grade,
    split_sentences,
    stem,
    symbols,
    without_article,
    without_struck,
    words,
)


def cut(text: str) -> list[str]:
    return [text[begin:end] for begin, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Wait... what? Yes!! Really.", ["Wait...", "what?", "Yes!!", "Really."]),
        # math
        ("The loss $L = 0.5. x$ falls. Then it stays.", ["The loss $L = 0.5. x$ falls.", "Then it stays."]),
        ("It ends with $x$. The next begins.", ["It ends with $x$.", "The next begins."]),
        ("And \\(a. b\\) is math. Ends.", ["And \\(a. b\\) is math.", "Ends."]),
        ("$$\nx = 1. \ny\n$$\nThen text.", ["$$\nx = 1. \ny\n$$", "Then text."]),
        ("Loss:\n$$x$$\nwhere x is y.", ["Loss:", "$$x$$", "where x is y."]),
        ("It costs $5. Then it costs $6. Fine.", ["It costs $5.", "Then it costs $6.", "Fine."]),
        # code
        (
            "Use it.\n```python\nx = 1. \n\ny = 2\n```\nAfter it.",
            ["Use it.", "```python\nx = 1. \n\ny = 2\n```", "After it."],
        ),
        # abbreviations, initials
        ("We use e.g. GANs and i.e. VAEs. Done.", ["We use e.g. GANs and i.e. VAEs.", "Done."]),
        ("Dr. Smith et al. wrote it in 2014. Good.", ["Dr. Smith et al. wrote it in 2014.", "Good."]),
        (
            "Goodfellow et al. (2014) did it. J. Smith did not.",
            ["Goodfellow et al. (2014) did it.", "J. Smith did not."],
        ),
        ("See Fig. 3 and (see eq. 4) here. Done.", ["See Fig. 3 and (see eq. 4) here.", "Done."]),
        ("The answer is no. The next is yes.", ["The answer is no.", "The next is yes."]),
        (
            "Lists, tables etc. are read. So are decks, etc. The rest is not.",
            ["Lists, tables etc. are read.", "So are decks, etc.", "The rest is not."],
        ),
        (
            "The U.S. government paid. The Ph.D. student left.",
            ["The U.S. government paid.", "The Ph.D. student left."],
        ),
        ("It is 5 vs. 6 and approx. 2. Fine.", ["It is 5 vs. 6 and approx. 2.", "Fine."]),
        # numbers
        ("The rate is 0.0002. It is small.", ["The rate is 0.0002.", "It is small."]),
        ("It was written in 2014. The next came later.", ["It was written in 2014.", "The next came later."]),
        # lists
        ("1. First step\n2. Second step\n10. Last.", ["First step", "Second step", "Last."]),
        ("- One. Two.\n* Three\n• Four", ["One.", "Two.", "Three", "Four"]),
        # addresses
        ("See https://example.org/a.b?c=d. Then go on.", ["See https://example.org/a.b?c=d.", "Then go on."]),
        ("Visit www.example.com now. It works.", ["Visit www.example.com now.", "It works."]),
        # quotation marks and brackets
        ('"One." "Two." (Three.) Four.', ['"One."', '"Two."', "(Three.)", "Four."]),
        ("**Bold.** Then more.", ["**Bold.**", "Then more."]),
        # Chinese
        (
            "生成器产生样本。判别器判断真假！你懂吗？是的",
            ["生成器产生样本。", "判别器判断真假！", "你懂吗？", "是的"],
        ),
        ("他说：“很好。”然后走了。「真的？」是。", ["他说：“很好。”", "然后走了。", "「真的？」", "是。"]),
        ("混合 GAN 模型。Next English. 再来。", ["混合 GAN 模型。", "Next English.", "再来。"]),
        # nothing
        ("", []),
        (" \n\n ", []),
        ("... --- !", []),
    ],
)
def test_text_is_cut_at_the_ends_of_its_sentences(text: str, pieces: list[str]) -> None:
    assert cut(text) == pieces


def test_pieces_never_overlap_and_lose_nothing_but_space_marks_and_signs() -> None:
    text = "1. A first. A second e.g. this.\n\n- third $x. y$!\n```\ncode. more\n```\n第四。第五"
    spans = split_sentences(text)
    assert all(a < b for a, b in spans) and all(one[1] <= two[0] for one, two in pairwise(spans))
    assert normalised(" ".join(cut(text))) == normalised(text.replace("1. ", ""))


# Syllables as in a dictionary of American English.
SYLLABLES = """the:1 noise:1 real:1 trained:1 makes:1 looks:1 rule:1 scale:1 role:1 free:1 used:1 model:2 network:2
    table:2 tables:2 sample:2 samples:2 image:2 images:3 data:2 layer:2 classes:2 added:2 created:3 area:3 idea:3
    diffusion:3 generator:4 discriminator:5 adversarial:5 variational:5 variety:4 probability:5 algorithm:4 being:2
    value:2 gradient:3 science:2 language:2 settled:2 queue:1"""


@pytest.mark.parametrize("pair", SYLLABLES.split())
def test_syllables_are_counted_as_in_a_dictionary(pair: str) -> None:
    word, count = pair.split(":")
    assert count_syllables(word) == int(count)


def test_reading_grade_is_kincaids_formula() -> None:
    # 6 words, 1 sentence, 6 syllables: 0.39 * 6 + 11.8 * 1 - 15.59 = -1.45
    assert reading_grade("The cat sat on the mat.") == pytest.approx(-1.45)
    # 4 + 11 words in 2 sentences. a 1, dis-crim-i-na-tor 5, es-ti-mates 3, prob-a-bil-i-ties 5: 14 syllables; the 1,
    # gen-er-a-tor 4, makes 1, the 1, new 1, im-ages 3, from 1, ran-dom 2, noise 1, each 1, day 1: 17 syllables
    text = "A discriminator estimates probabilities. The generator makes the new images from random noise each day."
    assert reading_grade(text) == pytest.approx(0.39 * 15 / 2 + 11.8 * 31 / 15 - 15.59)


def test_reading_grade_leaves_out_code_math_and_marks() -> None:
    plain = reading_grade("The cat sat on the mat.")
    assert reading_grade("**The cat** sat $x^2 + y$ on the mat. [1]") == pytest.approx(plain)
    assert reading_grade("The cat sat on the mat.\n```python\ndiscriminator = 1\n```") == pytest.approx(plain)


@pytest.mark.parametrize("text", ["", "   ", "$x = 1$", "123", "```\ncode\n```", "生成器"])
def test_a_text_without_words_has_grade_zero(text: str) -> None:
    assert reading_grade(text) == 0.0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("28 x 28 and 0.5", {"28", "0.5"}),
        ("1,000 and 12,345.60", {"1000", "12345.6"}),
        ("1,2,3", {"1", "2", "3"}),
        ("0.0002, 0.00020 and 3.0", {"0.0002", "3"}),
        ("10 or 100", {"10", "100"}),
        ("a rate of 1e-4", {"1e-4"}),
        ("10 % of 2014.", {"10", "2014"}),
        ("x2 and v1", set()),
        ("none", set()),
    ],
)
def test_numbers_are_found_as_values(text: str, found: set[str]) -> None:
    assert numbers(text) == found


def test_generator_generative_and_generation_stay_three_words() -> None:
    stems = {stem(word) for word in ("generator", "generative", "generation")}
    assert len(stems) == 3
    assert stem("generators") == stem("generator") and stem("generates") == stem("generated") == stem(
        "generating"
    )


@pytest.mark.parametrize(
    "family",
    [
        "sample samples sampled sampling",
        "class classes",
        "loss losses",
        "study studies studied studying",
        "map maps mapped mapping",
        "train trains trained training",
        "embed embeds embedded embedding",
        "bias biases",
        "image images",
        "fall falls falling",
        "process processes processing",
    ],
)
def test_inflections_share_a_stem(family: str) -> None:
    assert len({stem(word) for word in family.split()}) == 1


@pytest.mark.parametrize(
    "pair",
    [
        "speed sp",
        "need ne",
        "discriminator discriminative",
        "diffusion diffuse",
        "critic criticise",
        "this thi",
    ],
)
def test_other_words_keep_stems_of_their_own(pair: str) -> None:
    one, other = pair.split()
    assert stem(one) != stem(other)


def test_hyphenated_words_are_found_apart_and_together() -> None:
    assert {"u", "net", "unet"} <= set(words("U-Net"))
    assert set(words("zero-sum")) >= set(words("zero sum"))


def test_chinese_is_read_in_overlapping_pairs() -> None:
    assert words("生成对抗") == ["生成", "成对", "对抗"]
    assert words("GAN模型") == ["模型", "gan"]


def test_content_words_leave_out_asking_words_and_single_letters() -> None:
    assert content_words("What is the difference between a GAN and a VAE?") == ["gan", "vae"]
    assert content_words("x is 5") == ["5"]


def test_normalised_text_has_no_marks_and_one_space() -> None:
    assert normalised("  The **U-Net**,\n(x)! ") == "the u net x"


def test_struck_words_are_taken_out_across_lines() -> None:
    assert without_struck("Keep ~~drop\nthis~~ that.").split() == ["Keep", "that."]
    assert without_struck("A ~ B and ~~ alone") == "A ~ B and ~~ alone"


@pytest.mark.parametrize(
    ("text", "typed", "found"),
    [
        ("what is D(G(z))", True, ["d(g(z))"]),
        ("KL(q||p) and p(x | y)", True, ["kl(q|p)", "p(x|y)"]),
        (r"so $q_\phi(z \mid x)$ is near", False, ["q_phi(z|x)", "q(z|x)"]),
        (r"$D_{\mathrm{KL}}(q \,\|\, p)$", False, ["d_kl(q|p)", "d(q|p)"]),
        ("a network (GAN) without a formula", True, []),
        ("D(x) outside of dollars", False, []),
    ],
)
def test_the_functions_of_a_formula_have_one_spelling(text: str, typed: bool, found: list[str]) -> None:
    assert symbols(text, typed) == found


def test_greek_letters_are_read_by_their_names() -> None:
    assert plain_greek("what is ᾱ and ε").split() == ["what", "is", "alpha", "bar", "and", "epsilon"]


def test_what_is_remembered_of_a_text_is_not_changed_by_who_reads_it() -> None:
    words("The cat sat.").append("dog")
    split_sentences("One. Two.").clear()
    assert words("The cat sat.") == ["the", "cat", "sat"]
    assert split_sentences("One. Two.") == [(0, 4), (5, 9)]


def test_an_article_is_taken_from_the_beginning_of_a_text_alone() -> None:
    assert [article_of(text) for text in ("The  decoder", "an A", "theory", "of the")] == [
        "The  ",
        "an ",
        "",
        "",
    ]
    assert [without_article(text) for text in ("A the GAN", "Another", "a")] == ["the GAN", "Another", "a"]


def test_the_pattern_of_an_article_at_the_beginning_is_said_once() -> None:
    written = re.compile(r"\^?\(\?:an\?\|the\)(?:\\s\+| )")
    package = Path(tutor.__file__).parent
    plain = re.compile(rf'"{written.pattern}"')
    assert [path.name for path in package.rglob("*.py") if plain.search(path.read_text("utf-8"))] == [
        "words.py"
    ]


@pytest.mark.parametrize(
    ("word", "form"),
    [("blur", "blurry"), ("blurred", "blurrier"), ("noise", "noisy"), ("sharp", "sharpness"), ("slow", "slower"),
     ("slowly", "slow"), ("slowest", "slowly")],
)  # fmt: skip
def test_what_can_be_heightened_has_other_forms(word: str, form: str) -> None:
    assert stem(form) in forms(stem(word))
    assert stem(word) in forms(stem(form))


@pytest.mark.parametrize(
    "word", ["stable", "encode", "encoder", "classifier", "transform", "part", "nest", "est", "a"]
)
def test_a_word_of_another_sense_is_no_form(word: str) -> None:
    found = forms(stem(word))
    assert not found & {"unstabl", "stability", "encoder", "encod", "classify", "transformer", "party"}
