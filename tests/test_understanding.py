"""Check my understanding: nothing is confirmed without a quote, and what the notes call false is corrected."""

import json
from pathlib import Path
from typing import Any

import pytest

from tutor import understanding
from tutor.adapter import CLAIMS, Adapter
from tutor.grounding import Citations, evidence_in
from tutor.parts import rendered
from tutor.retrieval import Retriever
from tutor.understanding import Judged, Verdict, check_statement, parts
from tutor.verdicts import Judgement

SET = Path(__file__).parent.parent / "tutor" / "evaluation" / "sets" / "statements-dev.jsonl"


@pytest.mark.parametrize(
    ("statement", "overall"),
    [
        ("So a diffusion model learns to remove noise step by step, right?", "true"),
        ("I think a diffusion model removes the noise in one step", "false"),
        ("do you mean that mode collapse means blurry images?", "false"),
        ("So the discriminator turns random noise into samples?", "false"),
        ("So GANs were paid for by a bakery in Rome?", "absent"),
    ],
)
def test_a_statement_is_judged_by_the_notes(small_retriever: Any, statement: str, overall: str) -> None:
    assert check_statement(small_retriever, statement).overall == overall


def test_what_the_author_struck_out_confirms_nothing(small_retriever: Any) -> None:
    verdict = check_statement(small_retriever, "So the generator sees the real images and copies them?")
    assert verdict.overall != "true"


def test_what_is_right_is_said_before_what_is_wrong_each_with_its_quote(small_retriever: Any) -> None:
    citations = Citations()
    statement = (
        "So mode collapse means blurry images and the generator of a GAN turns random noise into samples?"
    )
    verdict = check_statement(small_retriever, statement, citations)
    assert [judged.judgement for judged in verdict.claims] == ["contradicted", "supported"]
    found = parts(verdict, citations)
    text = "".join(rendered(part, before) for part, before in zip(found, [None, *found], strict=False))
    assert text.index("right") < text.index("not what the notes say")
    assert "loss of variety" in text
    assert all(part.sentence.cites for part in found if part.sentence.support == "quoted")


def test_nothing_is_confirmed_where_the_notes_are_silent(small_retriever: Any) -> None:
    citations = Citations()
    verdict = check_statement(small_retriever, "So GANs were paid for by a bakery in Rome?", citations)
    assert "do not say this" in parts(verdict, citations)[0].sentence.text


@pytest.mark.slow
def test_few_false_statements_are_confirmed(corpus_retriever: Any) -> None:
    lines = [json.loads(line) for line in SET.read_text(encoding="utf-8").splitlines()]
    false = [line for line in lines if line["verdict"] == "false"]
    confirmed = [
        line for line in false if check_statement(corpus_retriever, line["statement"]).overall == "true"
    ]
    assert len(confirmed) <= len(false) / 20


# -- what a question takes for granted ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "taken"),
    [
        ("Why does FID rise with quality?", "FID rise with quality"),
        ("so why is a VAE a kind of GAN?", "a VAE a kind of GAN"),
        ("Why is BERT not used to write text?", ""),
        ("why does my GAN collapse?", ""),
        ("What is a GAN?", ""),
        ("How does a GAN learn?", ""),
    ],
)
def test_only_a_question_for_a_reason_takes_something_for_granted(question: str, taken: str) -> None:
    assert understanding.presupposed(question) == taken


def test_without_a_reader_no_misconception_is_named(small_retriever: Retriever) -> None:
    assert understanding.misconception(small_retriever, "Why is a GAN a single network?", None) is None


def test_what_the_notes_deny_is_said_first_with_its_quote(
    small_retriever: Retriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Adapter(small_retriever.embedding, CLAIMS)
    question = "Why is a GAN made of a single network?"
    for share, named in ((0.9, True), (0.7, False)):
        shares = {"supported": 0.0, "contradicted": share, "not in the notes": 1 - share}
        monkeypatch.setattr(understanding, "likely", lambda found, weights, s=shares: s)
        judged = understanding.misconception(small_retriever, question, reader)
        assert (judged is not None) == named
        if judged is not None:
            citations = Citations()
            lead, quote = understanding.denial(judged, citations)
            assert "takes for granted" in lead.sentence.text and lead.sentence.support == "connective"
            assert quote.sentence.cites == (1,) and quote.sentence.support == "quoted"


def test_what_the_reader_alone_judges_is_said_with_less_certainty(small_retriever: Retriever) -> None:
    quote = next(iter(evidence_in(small_retriever.index.passages[0])))

    def said(judgement: Judgement, *, sure: bool, claims: int = 1) -> str:
        judged = tuple(Judged(f"claim {n}", judgement, quote, sure) for n in range(claims))
        return parts(Verdict("", judged), Citations())[0].sentence.text

    assert said("supported", sure=True).startswith("Yes,")
    assert said("supported", sure=False).startswith("It seems so.")
    assert said("contradicted", sure=True).startswith("Not quite.")
    assert "does not seem to fit" in said("contradicted", sure=False)
    assert "part seems right: “Claim 0”" in said("supported", sure=False, claims=2)
    assert "does not seem to fit: “Claim 0”" in said("contradicted", sure=False, claims=2)


# -- what the words forbid the reader ----------------------------------------------------------------------------


def test_a_sentence_that_says_the_claim_is_no_denial_of_it(small_retriever: Retriever) -> None:
    reader = Adapter(small_retriever.embedding, CLAIMS)
    for judged in check_statement(
        small_retriever, "Mode collapse is a failure of the generator, right?", reader=reader
    ).claims:
        assert judged.judgement != "contradicted"


def test_that_the_rival_does_it_denies_no_claim_that_this_one_does_not(small_retriever: Retriever) -> None:
    verdict = check_statement(small_retriever, "The generator never judges real samples.")
    assert verdict.overall != "false"
