"""Names of one thing: from acronyms that the notes spell out and from a glossary's column "Also called"."""

from __future__ import annotations

import pytest

from tutor.notes.recognise import note_from_bytes
from tutor.passages import split_note
from tutor.vocabulary import LOOSE, Concept, Vocabulary, glossary_columns, read_vocabulary
from tutor.words import words

GLOSSARY = """# Glossary

| Term | Also called | Meaning |
|---|---|---|
| discriminator | critic (in a WGAN); the judge; 判别器 | The discriminator tells real from fake. |
| evidence lower bound | ELBO; variational lower bound; 证据下界 | The ELBO is a bound. |
| Inception Score | IS | The Inception Score rates images. |
| latent vector | z | A latent vector is drawn. |

| Model | Loss |
|---|---|
| GAN | minimax |
"""
TEXT = "A generative adversarial network (GAN) has two parts."


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return read_vocabulary([note_from_bytes(GLOSSARY.encode(), "glossary.md")], [TEXT])


def others(vocabulary: Vocabulary, query: str) -> dict[frozenset[str], float]:
    [concept] = vocabulary.concepts(query)
    return dict(concept.others)


def test_another_name_stands_for_the_term_and_the_term_for_it(vocabulary: Vocabulary) -> None:
    term = frozenset(words("evidence lower bound"))
    assert others(vocabulary, "what is the ELBO")[term] == 1.0
    assert others(vocabulary, "what is the evidence lower bound")[frozenset({"elbo"})] == 1.0
    assert others(vocabulary, "证据下界")[term] == 1.0


def test_a_name_with_a_bracket_counts_less(vocabulary: Vocabulary) -> None:
    assert others(vocabulary, "the critic")[frozenset({"discriminator"})] == LOOSE
    assert others(vocabulary, "the discriminator")[frozenset({"critic"})] == LOOSE


def test_an_acronym_stands_for_its_long_form(vocabulary: Vocabulary) -> None:
    long_form = frozenset(words("generative adversarial network"))
    assert others(vocabulary, "GAN")[long_form] == 1.0
    assert vocabulary.expand("what is a GAN").split("GAN ")[1] == " ".join(
        words("generative adversarial network")
    )


def test_a_name_of_common_words_or_of_one_letter_is_none(vocabulary: Vocabulary) -> None:
    assert vocabulary.concepts("what is z") == []
    assert vocabulary.spell_out("what is z") == "what is z"


def test_the_words_of_one_name_are_one_concept(vocabulary: Vocabulary) -> None:
    found = vocabulary.concepts("does the variational lower bound hold for cats")
    assert [concept.own for concept in found] == [
        tuple(words("variational lower bound")),
        ("hold",),
        ("cat",),
    ]
    assert found[2] == Concept(("cat",))


def test_the_embedding_model_reads_long_forms_and_usual_terms(vocabulary: Vocabulary) -> None:
    assert vocabulary.spell_out("what is a GAN") == "what is a generative adversarial network (GAN)"
    assert vocabulary.spell_out("does the critic win") == "does the critic win (discriminator)"
    assert vocabulary.spell_out("is the discriminator a critic") == "is the discriminator a critic"
    assert vocabulary.in_english("判别器的作用") == "discriminator purpose"


def test_a_long_chain_of_hyphens_is_read_at_once() -> None:
    chain = "The sequence reads " + "-".join("acgt" * 500) + " and so on."
    assert read_vocabulary([], [chain]).long_forms == {}


def test_only_a_table_with_other_names_is_a_glossary() -> None:
    assert glossary_columns("Term | Also called | Meaning\na | b | c") == (0, 1, 2)
    assert glossary_columns("Synonyms | Term | Meaning\na | b | c") == (1, 0, 2)
    assert glossary_columns("Term | Also called\na | b") is None
    assert glossary_columns("Model | Loss | Use\na | b | c") is None


def test_each_row_of_a_glossary_is_a_passage_under_its_term() -> None:
    note = note_from_bytes(GLOSSARY.encode(), "glossary.md")
    found = {p.heading[-1]: p for p in split_note(note, lambda text: len(text.split())) if p.heading}
    meaning = found["discriminator"].text
    assert (meaning.words, meaning.lines) == ("The discriminator tells real from fake.", (5, 5))
    assert "evidence lower bound" in found
