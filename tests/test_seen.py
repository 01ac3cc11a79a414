"""What was looked at for an answer: each passage and sentence with what truly became of it, kept small."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel

from tutor.answering import Answering
from tutor.evidence import MOST_PASSAGES, PREVIEW_CHARS, record_of, sections
from tutor.index import open_index, refresh_index
from tutor.models import ChosenModel
from tutor.questions import understand
from tutor.retrieval import Retriever
from tutor.turns import Answer, DraftDropped, EvidenceRecord, event_to_json

SECRET = "The generator sees the real images and copies them."


def ask(retriever: Retriever, message: str, chat: BaseChatModel | None = None) -> Answer:
    chosen = ChosenModel("scripted" if chat else "notes-only", chat, "for the test")
    events = Answering(retriever, chosen).answer(understand(message))
    return next(event for event in events if isinstance(event, Answer))


def evidence(retriever: Retriever, message: str, chat: BaseChatModel | None = None) -> EvidenceRecord:
    found = ask(retriever, message, chat).evidence
    assert found is not None
    return found


def reasons(record: EvidenceRecord) -> list[str]:
    return [one.reason for one in record.passages]


# -- what was used -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        "What is mode collapse?",
        "List the remedies for mode collapse",
        "What is the difference between the generator and the discriminator?",
        "Explain mode collapse like I'm 5",
        "So the discriminator estimates whether a sample is real, right?",
    ],
)
def test_what_is_used_is_what_the_answer_cites(small_retriever: Retriever, message: str) -> None:
    answer = ask(small_retriever, message)
    assert answer.evidence is not None and not answer.refused
    used = [one for one in answer.evidence.passages if one.cites]
    cited = {citation.n: citation for citation in answer.citations}
    assert sorted(n for one in used for n in one.cites) == sorted(cited)
    for one in used:
        assert one.reason.startswith("used: ")
        for n in one.cites:
            assert cited[n].note == one.note
            assert one.lines[0] <= cited[n].lines[0] and cited[n].lines[1] <= one.lines[1]
    for one in answer.evidence.passages:
        assert one.cites or one.reason.startswith("not used: ")


def test_ranks_and_scores_are_those_of_the_search(small_retriever: Retriever) -> None:
    record = evidence(small_retriever, "What is mode collapse?")
    hits = small_retriever.search("What is mode collapse?", k=8)
    assert [one.rank for one in record.passages] == list(range(1, record.found + 1))
    for one, hit in zip(record.passages, hits, strict=False):
        assert (one.note, one.score) == (hit.passage.note, round(hit.score, 4))


def test_a_previews_words_stand_in_the_note_at_its_lines(
    small_retriever: Retriever, small_notes: Path
) -> None:
    for one in evidence(small_retriever, "What is mode collapse?").passages:
        lines = (small_notes / one.note).read_text(encoding="utf-8").split("\n")
        first, last = one.lines
        text = " ".join(lines[first - 1 : last]).replace("*", "")
        assert one.text.rstrip("…").split(". ")[0][:30] in text


# -- what was not used, and why ----------------------------------------------------------------------------------


def test_a_story_that_was_not_asked_for_says_so(small_retriever: Retriever) -> None:
    record = evidence(small_retriever, "What is mode collapse?")
    (story,) = [one for one in record.passages if one.text.startswith("Imagine a cook")]
    assert story.reason == "not used: it tells a story, which was not asked for"


def test_a_story_that_was_asked_for_is_used(small_retriever: Retriever) -> None:
    record = evidence(small_retriever, "Explain mode collapse like I'm 5")
    (story,) = [one for one in record.passages if one.text.startswith("Imagine a cook")]
    assert story.cites and story.reason.startswith("used: quoted as")


@pytest.fixture(scope="module")
def twice_retriever(tmp_path_factory: pytest.TempPathFactory, embedding: Any) -> Iterator[Retriever]:
    """Notes that say one thing in two places and other things beside it."""
    folder = tmp_path_factory.mktemp("evidence")
    (folder / "notes").mkdir()
    for name, text in {
        "gan.md": "# GAN\n\nA GAN is a generative model of two networks that are trained against each other.\n",
        "again.md": "# Models\n\nA GAN is a generative model of two networks trained against each other.\n",
        "struck.md": "# Wrong\n\n~~A GAN is a model with one network and no noise.~~ Is a GAN one network?\n",
        "code.md": "# GAN in code\n\n```python\ngan = GAN(generator, discriminator)\n```\n",
        "zebra.md": "# Zebras\n\nA CycleGAN or another GAN paints stripes on horses in a zoo of Rome.\n",
    }.items():
        (folder / "notes" / name).write_text(text, encoding="utf-8")
    refresh_index([folder / "notes"], folder / "index", embedding)
    index = open_index(folder / "index")
    yield Retriever(index, embedding)
    index.close()


def test_a_passage_that_says_the_same_names_the_quote_that_says_it(twice_retriever: Retriever) -> None:
    record = evidence(twice_retriever, "What is a GAN?")
    used = {one.note for one in record.passages if one.cites}
    assert len(used & {"gan.md", "again.md"}) == 1
    (other,) = [one for one in record.passages if one.note in {"gan.md", "again.md"} - used]
    assert other.reason == "not used: says much the same as [1]"


def test_a_program_that_was_not_asked_for_is_passed_over_with_the_reason(twice_retriever: Retriever) -> None:
    found = {one.note: one for one in evidence(twice_retriever, "What is a GAN?").passages}
    assert found["code.md"].reason == "not used: it is a program, which was not asked for"


def test_a_passage_whose_claim_is_struck_states_nothing(twice_retriever: Retriever) -> None:
    found = {one.note: one for one in evidence(twice_retriever, "What is a GAN?").passages}
    told = "not used: it states nothing by itself; what its author struck out was passed over"
    assert found["struck.md"].reason == told and found["struck.md"].text == "Is a GAN one network?"


def test_a_passage_on_another_thing_names_the_only_word_it_shares(twice_retriever: Retriever) -> None:
    record = evidence(twice_retriever, "Which two networks of a GAN are trained against each other?")
    (zebra,) = [one for one in record.passages if one.note == "zebra.md"]
    assert zebra.reason == "not used: speaks of another thing (no word of your question but “GAN”)"


def test_retracted_text_is_said_to_be_passed_over_and_never_shown(small_retriever: Retriever) -> None:
    record = evidence(small_retriever, "What does the generator of a GAN turn into samples?")
    of_gan = [one for one in record.passages if one.note == "gan.md" and "struck out" in one.reason]
    assert of_gan and all(one.reason.endswith("was passed over") for one in of_gan)
    assert SECRET not in json.dumps(event_to_json(ask(small_retriever, "What is a GAN?"))["evidence"])


# -- refusals ----------------------------------------------------------------------------------------------------


def test_a_refusal_says_which_word_the_notes_never_use(small_retriever: Retriever) -> None:
    answer = ask(small_retriever, "What is the capital of France?")
    assert answer.refused and answer.evidence is not None
    assert "They never use the words “capital” and “France”." in answer.evidence.verdict
    assert not any(one.cites for one in answer.evidence.passages)
    assert all(one.reason.startswith("not enough: it has ") for one in answer.evidence.passages)


def test_a_refusal_says_that_a_fact_is_missing(small_retriever: Retriever) -> None:
    answer = ask(small_retriever, "How many samples does PacGAN show the discriminator?")
    assert answer.refused and answer.evidence is not None
    assert "You ask for a particular fact" in answer.evidence.verdict
    assert any("but not" in reason or "not the fact" in reason for reason in reasons(answer.evidence))


def test_no_figure_of_the_gate_is_shown(small_retriever: Retriever) -> None:
    for message in ("What is mode collapse?", "What is the capital of France?"):
        record = evidence(small_retriever, message)
        assert not any(sign.isdigit() for sign in record.verdict)


# -- drafts ------------------------------------------------------------------------------------------------------


def test_a_sentence_thrown_out_of_a_draft_is_kept_with_the_reason(
    small_retriever: Retriever, scripted: Callable[..., BaseChatModel]
) -> None:
    lie = "A GAN was invented on Mars in 1850."
    answer = ask(small_retriever, "What is a GAN?", scripted(f"{lie} A GAN is a generative model."))
    assert answer.evidence is not None and lie not in answer.answer
    dropped = {one.text: one.reason for one in answer.evidence.dropped}
    assert dropped[lie].startswith("none of the sentences found in your notes says this")
    place = dropped[lie].partition("; ")[2]
    assert any(f"[{citation.n}] stands in its place" == place for citation in answer.citations)


def test_a_draft_that_repeats_the_answer_is_said_to_repeat_it(
    small_retriever: Retriever, scripted: Callable[..., BaseChatModel]
) -> None:
    lead = ask(small_retriever, "What is mode collapse?").sentences[0].text
    record = evidence(small_retriever, "What is mode collapse?", scripted(f"{lead} Nothing else."))
    assert DraftDropped(lead, "it says again what stood there already") in record.dropped


def test_a_kept_sentence_of_a_draft_is_not_among_those_thrown_out(
    small_retriever: Retriever, scripted: Callable[..., BaseChatModel]
) -> None:
    draft = "The generator of a GAN turns random noise into samples that should look real."
    answer = ask(small_retriever, "What does the discriminator do?", scripted(draft))
    assert answer.evidence is not None and any(sentence.text == draft for sentence in answer.sentences)
    assert not answer.evidence.dropped


# -- kept small, and read back -----------------------------------------------------------------------------------


def test_a_record_stays_small(corpus_retriever: Retriever) -> None:
    for message in (
        "What is the difference between a VAE and a GAN?",
        "什么是扩散模型？",
        "Show me code for attention",
    ):
        record = evidence(corpus_retriever, message)
        assert record.found >= len(record.passages) and len(record.passages) <= MOST_PASSAGES
        assert all(len(one.text) <= PREVIEW_CHARS for one in record.passages)
        assert len(json.dumps(record.to_contract(), ensure_ascii=False)) < 8_000


def test_what_is_used_stays_in_a_record_that_is_cut(corpus_retriever: Retriever) -> None:
    answer = ask(corpus_retriever, "What is the difference between a VAE and a GAN?")
    assert answer.evidence is not None and answer.evidence.found > MOST_PASSAGES
    assert {n for one in answer.evidence.passages for n in one.cites} == {c.n for c in answer.citations}
    others = dict(sections(answer.evidence))["Looked at and not used"]
    left = answer.evidence.found - MOST_PASSAGES
    assert others[-1].place == f"and {left} more that are not listed here"


def test_a_record_survives_json(small_retriever: Retriever, scripted: Callable[..., BaseChatModel]) -> None:
    record = evidence(small_retriever, "What is a GAN?", scripted("A GAN was invented on Mars in 1850."))
    assert record.dropped
    assert record_of(json.loads(json.dumps(record.to_contract()))) == record
    assert record_of(None) is None
