"""Retrieval: what is found, in which order, and what an acronym stands for."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tutor.index import open_index, refresh_index
from tutor.retrieval import Retriever

NOTES = {
    "vae.md": """# Variational autoencoder

A **variational autoencoder (VAE)** learns a latent code with a distribution for each input.
The negative log-likelihood (NLL) is a part of its training objective.
A denoising diffusion model (DDM) is not one of them.
~~A VAE needs a discriminator with quixotic habits.~~

| Part | Role |
|---|---|
| Encoder | gives a mean and a variance |
| Decoder | turns a code into an image |

```python
code = mean + std * noise
```
""",
    "copy-a.md": "# Twin\n\nThe twin sentence about convolution stands here twice.\n",
    "copy-b.md": "# Twin\n\nThe twin sentence about convolution stands here twice.\n",
    "copy-c.md": "# Twin\n\nThe twin sentence about convolution stands here twice.\n",
    "chinese.md": "# 扩散模型\n\n扩散模型学习逐步去除噪声。\n",
}


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory, embedding: Any) -> Iterator[Retriever]:
    folder = tmp_path_factory.mktemp("retrieval")
    (folder / "notes").mkdir()
    for name, words in NOTES.items():
        (folder / "notes" / name).write_text(words, encoding="utf-8")
    refresh_index([folder / "notes"], folder / "index", embedding)
    index = open_index(folder / "index")
    yield Retriever(index, embedding)
    index.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, embedding: Any) -> Iterator[Retriever]:
    """A library whose only note holds struck words alone."""
    folder = tmp_path_factory.mktemp("empty")
    (folder / "notes").mkdir()
    (folder / "notes" / "struck.md").write_text("~~All of it is wrong.~~\n", encoding="utf-8")
    refresh_index([folder / "notes"], folder / "index", embedding)
    index = open_index(folder / "index")
    yield Retriever(index, embedding)
    index.close()


@pytest.mark.parametrize(
    ("query", "note", "words"),
    [
        ("What does the generator do?", "deck.md", "turns random noise into samples"),
        ("What is a GAN?", "gan.md", "two networks"),
        ("How does a diffusion model learn?", "deck.md", "remove noise"),
        ("remedies against mode collapse", "mode-collapse.md", "PacGAN"),
        ("value of D(x) at equilibrium", "gan.md", "0.5"),
    ],
)
def test_the_passage_that_answers_comes_first(
    small_retriever: Retriever, query: str, note: str, words: str
) -> None:
    best = small_retriever.search(query, k=5)
    assert any(hit.passage.note == note and words in hit.passage.text.words for hit in best)


def test_hits_come_best_first_with_scores_in_their_bounds(small_retriever: Retriever) -> None:
    hits = small_retriever.search("Why does a GAN collapse?", k=8)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(
        0 <= hit.score <= 1.0001 and 0 <= hit.coverage <= 1 and -1.0001 <= hit.cosine <= 1.0001
        for hit in hits
    )
    assert len({hit.passage.id for hit in hits}) == len(hits)


def test_equal_passages_take_one_place_and_the_order_is_always_the_same(retriever: Retriever) -> None:
    first = retriever.search("twin sentence about convolution", k=4)
    assert [hit.passage.note for hit in first if hit.passage.title == "Twin"] == ["copy-a.md"]
    every = retriever.search("twin sentence about convolution", k=100)
    assert sorted(hit.passage.note for hit in every if hit.passage.title == "Twin") == [
        "copy-a.md",
        "copy-b.md",
        "copy-c.md",
    ]
    for _ in range(5):
        again = retriever.search("twin sentence about convolution", k=4)
        assert [hit.passage.id for hit in again] == [hit.passage.id for hit in first]


@pytest.mark.parametrize("query", ["", "   ", "\n"])
def test_an_empty_query_finds_nothing(small_retriever: Retriever, query: str) -> None:
    assert small_retriever.search(query) == []


@pytest.mark.parametrize("query", ["?", "the of and", "!!! ###", "🙂", "x" * 4000, "zzyzx qwrtp", "噪声"])
def test_any_query_gives_hits_with_finite_scores(small_retriever: Retriever, query: str) -> None:
    hits = small_retriever.search(query, k=4)
    assert len(hits) == 4 and all(math.isfinite(hit.score) for hit in hits)


def test_an_empty_library_finds_nothing(empty: Retriever) -> None:
    assert empty.search("What is a GAN?") == []
    assert empty.topics("What is a GAN?") == ()
    assert not empty.answerable("What is a GAN?", [], []).verdict


def test_no_more_than_k_hits(small_retriever: Retriever) -> None:
    assert [len(small_retriever.search("GAN", k=k)) for k in (1, 3)] == [1, 3]
    assert len(small_retriever.search("GAN", k=1000)) == len(small_retriever.index.passages)


@pytest.mark.parametrize("kind", ["card", "analogy", "prose"])
def test_only_the_wanted_kinds_are_found(small_retriever: Retriever, kind: str) -> None:
    hits = small_retriever.search("mode collapse", k=10, kinds={kind})
    assert hits and {hit.passage.kind for hit in hits} == {kind}


def test_code_and_tables_are_found_as_such(retriever: Retriever) -> None:
    assert [hit.passage.kind for hit in retriever.search("decoder", k=3, kinds={"table", "code"})] == [
        "table",
        "code",
    ]


def test_only_the_wanted_notes_are_found(small_retriever: Retriever) -> None:
    hits = small_retriever.search("mode collapse", k=10, notes={"gan.md"})
    assert hits and {hit.passage.note for hit in hits} == {"gan.md"}


def test_an_unknown_kind_finds_nothing(small_retriever: Retriever) -> None:
    assert small_retriever.search("mode collapse", kinds={"poem"}) == []


def test_an_acronym_is_expanded_to_its_long_form_and_back(retriever: Retriever) -> None:
    assert retriever.vocabulary.expand("What is a DDM?") == "What is a DDM? denois diffusion model"
    assert retriever.vocabulary.expand("What are denoising diffusion models?").split()[-1] == "ddm"


def test_a_query_with_both_forms_or_none_is_left_as_it_is(retriever: Retriever) -> None:
    for query in ("denoising diffusion model (DDM)", "What is convolution?"):
        assert retriever.vocabulary.expand(query) == query


def test_the_long_form_finds_what_the_acronym_finds(retriever: Retriever) -> None:
    short = retriever.search("DDM", k=1)[0].passage.id
    assert short == retriever.search("denoising diffusion model", k=1)[0].passage.id


def test_struck_words_are_unknown_to_search(retriever: Retriever) -> None:
    assert not retriever.knows("quixotic")
    assert retriever.coverage("quixotic", "nothing of the kind") == 0.0
    assert all(hit.coverage == 0.0 for hit in retriever.search("quixotic habits", k=8))


def test_rare_words_weigh_more_and_unknown_ones_most(retriever: Retriever) -> None:
    assert retriever.idf("twin") < retriever.idf("ddm") < retriever.idf("neverseen")


def test_coverage_is_the_weighted_share_of_the_questions_words(retriever: Retriever) -> None:
    assert retriever.coverage("twin convolution", "a twin and a convolution") == pytest.approx(1.0)
    assert 0 < retriever.coverage("twin ddm", "a twin") < 0.5
    assert retriever.coverage("what is the", "what is the") == 0.0
    assert retriever.coverage("DDM", "a denoising diffusion model") == pytest.approx(1.0)


def test_chinese_is_found(retriever: Retriever) -> None:
    assert retriever.search("扩散模型学习什么？", k=1)[0].passage.note == "chinese.md"


def test_topics_are_named_once_best_first(small_retriever: Retriever) -> None:
    topics = small_retriever.topics("How does a generator collapse?", n=3)
    assert len(topics) == len(set(topics)) == 3 and "Mode collapse" in topics


def test_an_english_question_is_offered_no_chinese_topic_where_there_are_others(
    retriever: Retriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = retriever.topics("扩散模型学习什么？", n=30)
    assert "扩散模型" in topics and len(topics) > 1
    english = retriever.topics("What does diffusion learn?", n=30)
    assert english and "扩散模型" not in english
    chinese = [hit for hit in retriever.search("扩散模型", k=30) if hit.passage.note == "chinese.md"]
    monkeypatch.setattr(retriever, "search", lambda query, k: chinese)
    assert retriever.topics("What does diffusion learn?") == ("扩散模型",)


def test_langchain_gets_documents_with_note_lines_and_heading(
    small_retriever: Retriever, small_notes: Path
) -> None:
    documents = small_retriever.as_langchain(k=3).invoke("What does the generator do?")
    hits = small_retriever.search("What does the generator do?", k=3)
    assert [document.page_content for document in documents] == [hit.passage.text.words for hit in hits]
    for document, hit in zip(documents, hits, strict=True):
        assert set(document.metadata) == {"note", "lines", "heading", "kind", "score"}
        assert document.metadata["lines"] == list(hit.passage.text.lines)
        first, last = document.metadata["lines"]
        lines = (
            (small_notes / document.metadata["note"])
            .read_text(encoding="utf-8")
            .split("\n")[first - 1 : last]
        )
        assert document.page_content.split()[-1].strip(".") in " ".join(lines)


def test_the_corpus_has_acronyms_and_finds_its_concepts(corpus_retriever: Retriever) -> None:
    for query, part in [
        ("What is mode collapse?", "mode-collapse"),
        ("What is CFG?", "classifier-free-guidance"),
        ("WGAN critic Lipschitz", "wgan"),
        ("What is the ELBO?", "vae"),
    ]:
        assert any(part in hit.passage.note for hit in corpus_retriever.search(query, k=3)), query
    assert "generativ adversarial network" in corpus_retriever.vocabulary.expand("GAN")


def test_an_acronym_need_not_be_the_initials_of_its_words(corpus_retriever: Any) -> None:
    assert "wasserstein gan" in corpus_retriever.vocabulary.expand("WGAN")
    assert "autoencoder" in corpus_retriever.vocabulary.expand("What is a VAE?")


def test_no_note_fills_the_page_while_others_have_something_to_say(small_retriever: Retriever) -> None:
    hits = small_retriever.search("GAN mode collapse generator discriminator", k=6)
    assert max(Counter(hit.passage.note for hit in hits).values()) <= 3
    assert len(small_retriever.search("mode collapse", k=6, notes={"mode-collapse.md"})) > 3


def test_a_follow_up_is_found_by_what_was_said_before(small_retriever: Retriever) -> None:
    said = "What is mode collapse?\nMode collapse means that the generator makes few kinds of output."
    alone = small_retriever.search("and what else could one do?", k=1)[0]
    led = small_retriever.search("and what else could one do?", k=1, context=said)[0]
    assert led.passage.note == "mode-collapse.md" and led.score > alone.score


def test_a_question_that_stands_alone_is_not_led_astray(small_retriever: Retriever) -> None:
    question = "How does a diffusion model learn to remove noise?"
    alone = [hit.passage.id for hit in small_retriever.search(question, k=3)]
    said = "What is mode collapse?\nMode collapse means that the generator makes few kinds of output."
    assert [hit.passage.id for hit in small_retriever.search(question, k=3, context=said)] == alone


def test_a_formula_is_found_as_students_type_it(tmp_path: Path, embedding: Any) -> None:
    (tmp_path / "notes").mkdir()
    for name, words in {
        "a.md": "# Loss\n\nThe loss holds $\\log D(G(z))$ for a fake.\n",
        "b.md": "# Loss\n\nThe loss holds $\\log D(x)$ for a real sample.\n",
        "c.md": "# Schedule\n\nThe number $\\bar\\alpha_t$ is a product.\n",
    }.items():
        (tmp_path / "notes" / name).write_text(words, encoding="utf-8")
    refresh_index([tmp_path / "notes"], tmp_path / "index", embedding)
    index = open_index(tmp_path / "index")
    found = Retriever(index, embedding)
    for query, note in (("what is D(G(z))", "a.md"), ("what is D(x)", "b.md"), ("what is ᾱ_t", "c.md")):
        assert found.search(query, k=1)[0].passage.note == note
    index.close()


def test_a_saved_chat_is_no_second_witness_beside_the_notes_that_it_quotes(
    small_notes: Path, tmp_path: Path, embedding: Any
) -> None:
    folder = tmp_path / "notes"
    shutil.copytree(small_notes, folder)
    head = "---\ntitle: Chat\ntags: [chat]\n---\n\n# Chat\n\n"
    table = (
        "\n### What does a GAN do? (from gan.md and deck.md)\n\n| GAN | does |\n|---|---|\n| it | samples |\n"
    )
    claim = "The generator turns random noise into samples"
    (folder / "chat.md").write_text(
        f"{head}Q: What does a GAN do?\nA: {claim} (from gan.md, line 4).\n{table}"
    )
    (folder / "kept.md").write_text(f"{head}Q: What does a GAN do?\nA: {claim} (from gone.md, line 4).\n")
    refresh_index([folder], tmp_path / "index", embedding)
    index = open_index(tmp_path / "index")
    try:
        found = [hit.passage.note for hit in Retriever(index, embedding).search("What does a GAN do?", k=20)]
    finally:
        index.close()
    assert "gan.md" in found and "kept.md" in found and "chat.md" not in found
