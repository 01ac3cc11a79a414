"""A student's statement: which claims it makes, without what only asks for a verdict."""

import pytest

from tutor.statements import claims_in


@pytest.mark.parametrize(
    ("statement", "claims"),
    [
        ("do you mean that the generator sees the real images?", ["the generator sees the real images"]),
        ("so a VAE is just a compressed autoencoder, right?", ["a VAE is just a compressed autoencoder"]),
        (
            "if I understand correctly, FID is better when higher and it compares feature distributions",
            ["FID is better when higher", "FID compares feature distributions"],
        ),
        ("T5 has both an encoder and a decoder, I think", ["T5 has both an encoder and a decoder"]),
        ("BERT reads text from left to right, right?", ["BERT reads text from left to right"]),
        ("Doesn't a GAN need labels?", ["a GAN need labels"]),
    ],
)
def test_a_statement_is_cut_into_claims_that_stand_alone(statement: str, claims: list[str]) -> None:
    assert claims_in(statement) == claims
