"""Answers: what is shown stands in the notes, whatever the model drafts."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from tutor.answering import Answering
from tutor.index import open_index, refresh_index
from tutor.models import ChosenModel
from tutor.parts import markdown_table
from tutor.questions import Said, understand
from tutor.retrieval import Retriever
from tutor.turns import Answer, Delta, Notice, Style
from tutor.words import normalised

NOTES_ONLY = ChosenModel("notes-only", None, "as you chose")
QUESTIONS = [
    "What is a GAN?",
    "What is mode collapse?",
    "What does the generator do?",
    "What does the discriminator do?",
    "How does mode collapse show?",
    "What remedies are there for mode collapse?",
    "What does D(x) answer at equilibrium?",
    "Does mode collapse mean blurry images?",
    "What does a diffusion model learn?",
    "Why does mode collapse happen?",
]
OUTSIDE = ["What is the capital of France?", "Who won the world cup in 2018?", "How do I bake bread?"]
LIES = [
    "The generator sees the real images and copies them.",
    "The discriminator turns random noise into samples.",
    "A GAN was invented on Mars in 1850.",
    "Mode collapse means blurry images.",
    "A GAN is not a generative model of two networks.",
]

SETTINGS = """# Optimisers

An optimiser changes the weights of a network after each batch.

| Optimiser | Learning rate |
|---|---|
| Adam | 0.0002 |
| SGD with momentum | 0.1 |

Adam adapts the learning rate of each weight and was introduced by Kingma and Ba [3].
SGD uses one learning rate for all weights.

## In PyTorch

```python
optimiser = torch.optim.Adam(model.parameters(), lr=0.0002)
optimiser.step()
```
"""


class Failing(BaseChatModel):
    """Streams the words and then fails."""

    words: str

    @property
    def _llm_type(self) -> str:
        return "failing"

    def _generate(
        self, messages: list[Any], stop: Any = None, run_manager: Any = None, **kw: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self.words))])

    def _stream(
        self, messages: list[Any], stop: Any = None, run_manager: Any = None, **kw: Any
    ) -> Iterator[ChatGenerationChunk]:
        for word in re.findall(r"\S+\s*", self.words):
            yield ChatGenerationChunk(message=AIMessageChunk(word))
        raise RuntimeError("out of memory")


class Endless(Failing):
    """Repeats its words until nobody listens."""

    def _stream(
        self, messages: list[Any], stop: Any = None, run_manager: Any = None, **kw: Any
    ) -> Iterator[ChatGenerationChunk]:
        while True:
            yield ChatGenerationChunk(message=AIMessageChunk(self.words))


def ask(
    retriever: Retriever,
    message: str,
    chat: BaseChatModel | None = None,
    *,
    style: Style | None = None,
    history: tuple[Said, ...] = (),
    cancel: threading.Event | None = None,
) -> tuple[list[Any], Answer]:
    chosen = ChosenModel("scripted", chat, "for the test") if chat else NOTES_ONLY
    events = list(Answering(retriever, chosen).answer(understand(message, history, style), cancel))
    answers = [event for event in events if isinstance(event, Answer)]
    assert answers == events[-1:]
    return events, answers[0]


def shown(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


@pytest.fixture(scope="module")
def settings_retriever(tmp_path_factory: pytest.TempPathFactory, embedding: Any) -> Iterator[Retriever]:
    folder = tmp_path_factory.mktemp("answering")
    (folder / "notes").mkdir()
    (folder / "notes" / "optimisers.md").write_text(SETTINGS, encoding="utf-8")
    refresh_index([folder / "notes"], folder / "index", embedding)
    index = open_index(folder / "index")
    yield Retriever(index, embedding)
    index.close()


def assert_cited(answer: Answer, notes: Path) -> None:
    """Every quote stands in its passage, and in the note at its lines; every sentence's quote holds it."""
    quotes = {citation.n: citation for citation in answer.citations}
    assert sorted(quotes) == list(range(1, len(quotes) + 1))
    for citation in answer.citations:
        assert citation.quote in citation.passage
        first, last = citation.lines
        lines = (notes / citation.note).read_text(encoding="utf-8").split("\n")[first - 1 : last]
        assert normalised(citation.quote) in normalised("\n".join(lines))
        assert f"[{citation.n}]" in answer.answer
    for sentence in answer.sentences:
        assert (sentence.support == "connective") == (sentence.cites == ())
        if sentence.support == "quoted":
            cited = " ".join(normalised(quotes[n].quote) for n in sentence.cites)
            assert normalised(sentence.text) in cited


# -- from the notes alone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", QUESTIONS)
def test_without_a_model_every_sentence_is_quoted_at_its_lines(
    small_retriever: Retriever, small_notes: Path, message: str
) -> None:
    events, answer = ask(small_retriever, message)
    assert not answer.refused and answer.nearest == () and answer.citations
    own = [sentence.text for sentence in answer.sentences if sentence.support != "quoted"]
    assert set(own) <= {"A common mistake:", "That is 2 in all, from one note."}
    assert_cited(answer, small_notes)
    assert shown(events) == answer.answer


@pytest.mark.parametrize("style", ["plain", "eli5", "expert"])
def test_every_style_streams_what_the_answer_holds(
    small_retriever: Retriever, small_notes: Path, style: Style
) -> None:
    events, answer = ask(small_retriever, "What is mode collapse?", style=style)
    assert shown(events) == answer.answer and answer.style == style
    assert_cited(answer, small_notes)


def test_no_sentence_is_said_twice(small_retriever: Retriever) -> None:
    for message in QUESTIONS:
        said = [normalised(sentence.text) for sentence in ask(small_retriever, message)[1].sentences]
        assert len(set(said)) == len(said)


def test_struck_words_are_never_quoted(small_retriever: Retriever) -> None:
    for message in [*QUESTIONS, "Does the generator copy the real images?", "Who sees the real images?"]:
        _, answer = ask(small_retriever, message)
        assert "copies them" not in answer.answer
        assert all("copies them" not in citation.quote for citation in answer.citations)


def test_a_misconception_is_shown_with_its_correction(small_retriever: Retriever) -> None:
    _, answer = ask(small_retriever, "Does mode collapse mean blurry images?")
    assert "blurry images" in answer.answer and "not of sharpness" in answer.answer


def test_the_best_sentence_defines_what_is_asked(small_retriever: Retriever) -> None:
    _, answer = ask(small_retriever, "What is mode collapse?")
    assert answer.sentences[0].text.startswith("Mode collapse is a failure of GAN training")


def test_times_and_grade_are_measured(small_retriever: Retriever) -> None:
    _, answer = ask(small_retriever, "What is mode collapse?")
    assert 0 < answer.timings["retrieve_ms"] <= answer.timings["first_text_ms"] <= answer.timings["total_ms"]
    assert 0 < answer.fkgl < 20 and answer.model == "notes-only"


# -- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", OUTSIDE)
@pytest.mark.parametrize("drafts", [False, True], ids=["notes only", "with a model"])
def test_a_question_outside_the_notes_is_refused_with_the_nearest_topics(
    small_retriever: Retriever, scripted: Callable[..., BaseChatModel], message: str, drafts: bool
) -> None:
    chat = scripted("Paris is the capital of France.") if drafts else None
    events, answer = ask(small_retriever, message, chat)
    assert answer.refused and answer.citations == () and 1 <= len(answer.nearest) <= 3
    assert all(topic in answer.answer for topic in answer.nearest) and "Paris" not in answer.answer
    assert {sentence.support for sentence in answer.sentences} == {"connective"}
    assert shown(events) == answer.answer


# -- like I'm 5 --------------------------------------------------------------------------------------------------


def test_eli5_tells_the_notes_analogy_then_where_it_breaks_then_the_real_words(
    small_retriever: Retriever, small_notes: Path
) -> None:
    _, answer = ask(small_retriever, "Explain mode collapse like I'm 5")
    places = [
        answer.answer.index(part)
        for part in ("Imagine a cook", "Where it breaks", "In the real words:", "Mode collapse is a failure")
    ]
    assert places == sorted(places) and answer.style == "eli5"
    assert_cited(answer, small_notes)


def test_eli5_without_an_analogy_says_so(settings_retriever: Retriever) -> None:
    _, answer = ask(settings_retriever, "Explain the learning rate of Adam like I'm 5")
    assert "no analogy" in answer.answer and "Imagine" not in answer.answer
    assert any(sentence.support == "quoted" for sentence in answer.sentences)


def test_eli5_follows_up_on_what_was_asked_before(small_retriever: Retriever) -> None:
    history = (Said("user", "What is mode collapse?"), Said("assistant", "A failure."))
    assert "Imagine a cook" in ask(small_retriever, "like I'm 5", history=history)[1].answer


# -- drafts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("message", ["What is a GAN?", "What is mode collapse?"])
def test_a_false_sentence_of_a_draft_is_never_shown(
    small_retriever: Retriever,
    scripted: Callable[..., BaseChatModel],
    small_notes: Path,
    message: str,
    lie: str,
) -> None:
    draft = f"{lie} The generator turns random noise into samples. {lie}"
    events, answer = ask(small_retriever, message, scripted(draft))
    own = [citation.quote for citation in answer.citations]
    for words in (shown(events), answer.answer, *(sentence.text for sentence in answer.sentences)):
        for quote in own:
            words = words.replace(quote, "")
        assert normalised(lie) not in normalised(words)
    own = [s.text for s in answer.sentences if s.support not in ("quoted", "supported")]
    assert set(own) <= {"A common mistake:", "That is 2 in all, from one note."}
    assert shown(events) == answer.answer
    assert_cited(answer, small_notes)


def test_a_true_sentence_of_a_draft_is_kept_with_its_citation(
    small_retriever: Retriever, scripted: Callable[..., BaseChatModel], small_notes: Path
) -> None:
    draft = "The generator of a GAN turns random noise into samples that should look real."
    _, answer = ask(small_retriever, "What does the discriminator do?", scripted(draft))
    kept = next(sentence for sentence in answer.sentences if sentence.text == draft)
    assert kept.support == "quoted" and kept.cites
    assert_cited(answer, small_notes)


def test_a_reworded_sentence_is_marked_supported(
    small_retriever: Retriever, scripted: Callable[..., BaseChatModel]
) -> None:
    draft = "In short, a diffusion model learned to remove noise from the data, step by step."
    _, answer = ask(small_retriever, "What does the discriminator do?", scripted(draft))
    (kept,) = [sentence for sentence in answer.sentences if sentence.text == draft]
    assert kept.support == "supported" and len(kept.cites) == 1


def test_marks_of_the_model_are_taken_out(
    small_retriever: Retriever, scripted: Callable[..., BaseChatModel]
) -> None:
    draft = "**The generator of a GAN** turns random noise into samples that should look real. [7]"
    _, answer = ask(small_retriever, "What does the discriminator do?", scripted(draft))
    assert "**" not in answer.answer and "[7]" not in answer.answer


def test_a_sentence_cut_off_by_the_budget_is_dropped(
    small_retriever: Retriever, scripted: Callable[..., BaseChatModel]
) -> None:
    _, answer = ask(small_retriever, "What is a GAN?", scripted("The generator turns random noise into"))
    assert all(not sentence.text.endswith("noise into") for sentence in answer.sentences)


@pytest.mark.parametrize("draft", ["", "   ", "...", "I do not know", "```\n```", "\n\n- \n- "])
def test_an_empty_draft_leaves_the_notes_own_sentences(
    small_retriever: Retriever, scripted: Callable[..., BaseChatModel], draft: str
) -> None:
    _, answer = ask(small_retriever, "What is a GAN?", scripted(draft))
    assert not answer.refused and {sentence.support for sentence in answer.sentences} == {"quoted"}


def test_the_notes_own_sentence_comes_before_the_model_is_asked(small_retriever: Retriever) -> None:
    chosen = ChosenModel("failing", Failing(words=""), "for the test")
    events = Answering(small_retriever, chosen).answer(understand("What is a GAN?"))
    first = next(events)
    assert isinstance(first, Delta) and first.text.startswith("A generative adversarial network")


def test_a_model_that_fails_is_named_and_the_notes_go_on(
    small_retriever: Retriever, small_notes: Path
) -> None:
    chat = Failing(words="The generator turns random noise into samples. The generator sees")
    events, answer = ask(small_retriever, "What is a GAN?", chat)
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert "out of memory" in notice.text and "notes alone" in notice.text
    assert len(answer.sentences) >= 2 and "out of memory" not in answer.answer
    assert shown(events) == answer.answer
    assert_cited(answer, small_notes)


def test_a_model_that_fails_at_once_leaves_a_whole_answer(small_retriever: Retriever) -> None:
    events, answer = ask(small_retriever, "What is a GAN?", Failing(words=""))
    assert any(isinstance(event, Notice) for event in events)
    assert len(answer.sentences) >= 2


def test_cancelling_ends_an_endless_draft(small_retriever: Retriever) -> None:
    cancel = threading.Event()
    chosen = ChosenModel("endless", Endless(words="Nothing of this is true at all. "), "for the test")
    events = Answering(small_retriever, chosen).answer(understand("What is a GAN?"), cancel)
    first = next(events)
    cancel.set()
    rest = list(events)
    assert isinstance(first, Delta) and isinstance(rest[-1], Answer)
    assert rest[-1].answer == shown([first, *rest])


def test_cancelled_before_it_begins_the_model_is_not_heard(
    small_retriever: Retriever, scripted: Callable[..., BaseChatModel]
) -> None:
    cancel = threading.Event()
    cancel.set()
    _, answer = ask(small_retriever, "What is a GAN?", scripted("The generator turns noise."), cancel=cancel)
    assert len(answer.sentences) == 1


def test_the_model_is_given_the_question_and_the_notes(
    small_retriever: Retriever, scripted: Callable[..., Any]
) -> None:
    chat = scripted("Nothing.")
    ask(small_retriever, "What is a GAN?", chat)
    (messages,) = chat._asked
    assert "What is a GAN?" in messages[-1].content and "two networks" in messages[-1].content
    assert "copies them" not in messages[-1].content


# -- code and tables ---------------------------------------------------------------------------------------------


def test_code_asked_for_comes_as_a_fenced_block(settings_retriever: Retriever) -> None:
    events, answer = ask(settings_retriever, "Show me the PyTorch code of the optimiser Adam")
    block = re.search(r"```\n(.*?)\n```", answer.answer, re.DOTALL)
    assert block is not None
    assert block.group(1).split("\n") == [
        "optimiser = torch.optim.Adam(model.parameters(), lr=0.0002)",
        "optimiser.step()",
    ]
    assert shown(events) == answer.answer


def test_code_not_asked_for_is_left_out(settings_retriever: Retriever) -> None:
    assert "```" not in ask(settings_retriever, "What does Adam adapt?")[1].answer


def test_a_reference_in_the_note_is_not_taken_for_a_citation(settings_retriever: Retriever) -> None:
    _, answer = ask(settings_retriever, "What does Adam adapt?")
    assert "Kingma and Ba [\u20603]" in answer.answer
    assert {int(n) for n in re.findall(r"\[(\d+)\]", answer.answer)} == {c.n for c in answer.citations}
    assert any("Kingma and Ba [3]" in citation.quote for citation in answer.citations)


def test_a_bar_inside_a_cell_does_not_end_the_cell() -> None:
    shown = markdown_table("Model | Learns\nDiscriminative | $p(y|x)$")
    assert shown.split("\n")[2] == r"| Discriminative | $p(y\|x)$ |"


def test_a_table_is_shown_as_a_table_of_markdown(settings_retriever: Retriever) -> None:
    _, answer = ask(settings_retriever, "What is the difference between Adam and SGD?")
    rows = [line for line in answer.answer.split("\n") if line.startswith("|")]
    assert rows[:2] == ["|  | Adam | SGD |", "| --- | --- | --- |"]
    assert re.fullmatch(r"\| \*\*Learning rate\*\* \| 0\.0002 \[\d\] \| 0\.1 \[\d\] \|", rows[2])
