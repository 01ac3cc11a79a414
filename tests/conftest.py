"""Shared parts of the tests: a small library of notes, the real embedding model loaded once, a scripted chat model,
a page that is served, and the browser that looks at it."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tutor.settings import Settings, close_environment, read_settings

close_environment()

# `make test` has a worker for each core, so that more threads would only wait for each other; read by torch's import.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"

ROOT = Path(__file__).resolve().parent.parent

MODE_COLLAPSE = """---
title: Mode collapse
tags: [gan]
related: [gan]
---

# Mode collapse

**Mode collapse** is a failure of GAN training in which the generator makes only a few kinds of output.
A collapsed generator may still make sharp samples.

## Analogy

Imagine a cook who bakes only apple pie. Every guest likes it, but there is no soup.

**Where it breaks:** A cook remembers the other recipes, a collapsed generator does not.

## Remedies

- Minibatch discrimination lets the discriminator compare the samples of a batch.
- PacGAN shows the discriminator several samples at once.

## Common misconceptions

- **"Mode collapse means blurry images."** Mode collapse is a loss of variety and not of sharpness.
"""

GAN = """# Generative adversarial networks

A **generative adversarial network (GAN)** is a generative model of two networks that are trained against each other.
The generator turns random noise into samples.
The discriminator estimates the probability that a sample is real.
~~The generator sees the real images and copies them.~~

At equilibrium the discriminator answers $D(x) = 0.5$ for every sample.
"""

DECK = """# Flashcards

---

#### Generator and discriminator

:p What does the generator of a GAN do?
??x
The generator of a GAN turns random noise into samples that should look real.
x??

:p What does the discriminator of a GAN do?
??x
The discriminator of a GAN estimates whether a sample is real or generated.
x??

---

#### Diffusion

:p What does a diffusion model learn?
??x
A diffusion model learns to remove noise from data step by step.
x??
"""


@pytest.fixture
def live_in() -> Iterator[Callable[[str], None]]:
    """Moves the student to a time zone, such as "Asia/Shanghai", until the test ends."""
    with pytest.MonkeyPatch.context() as patch:

        def move(zone: str) -> None:
            patch.setenv("TZ", zone)
            time.tzset()

        yield move
    time.tzset()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A notes folder with two concept notes and a deck of three cards."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for name, text in (("mode-collapse.md", MODE_COLLAPSE), ("gan.md", GAN), ("deck.md", DECK)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def embedding() -> Any:
    """The real bundled embedding model, loaded once."""
    from tutor.embedding import Embedding

    return Embedding()


@pytest.fixture(scope="session")
def small_notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same three notes, for tests that only read."""
    folder = tmp_path_factory.mktemp("library") / "notes"
    folder.mkdir()
    for name, text in (("mode-collapse.md", MODE_COLLAPSE), ("gan.md", GAN), ("deck.md", DECK)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def small_index(small_notes: Path, embedding: Any) -> Path:
    """The folder of an index of the three notes that nobody opens, to be copied: to build one takes half a second."""
    from tutor.index import refresh_index

    folder = small_notes.parent / "index"
    refresh_index([small_notes], folder, embedding)
    return folder


@pytest.fixture(scope="session")
def small_retriever(small_index: Path, embedding: Any) -> Iterator[Any]:
    """A retriever over the three notes."""
    from tutor.index import open_index
    from tutor.retrieval import Retriever

    index = open_index(shutil.copytree(small_index, small_index.with_name("opened")))
    yield Retriever(index, embedding)
    index.close()


@pytest.fixture(scope="session")
def corpus_index_dir(tmp_path_factory: pytest.TempPathFactory, embedding: Any) -> Path:
    """An index of the bundled corpus; the checkout's own is copied where there is one, to save the embedding.

    To embed the corpus takes a minute of the machine, so the workers of a run build one between them and copy it.
    """
    from tutor.index import refresh_index

    run = tmp_path_factory.getbasetemp()
    built = (run.parent if "PYTEST_XDIST_WORKER" in os.environ else run) / "corpus-index"
    with built.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = ROOT / "index" / "passages.db"
        if known.exists() and not built.exists():
            built.mkdir()
            shutil.copy(known, built / "passages.db")
        refresh_index([ROOT / "corpus"], built, embedding)
        return shutil.copytree(built, tmp_path_factory.mktemp("corpus") / "index")


@pytest.fixture(scope="session")
def corpus_retriever(corpus_index_dir: Path, embedding: Any) -> Iterator[Any]:
    """A retriever over the bundled corpus."""
    from tutor.index import open_index
    from tutor.retrieval import Retriever

    index = open_index(corpus_index_dir)
    yield Retriever(index, embedding)
    index.close()


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """PyTorch computes on one thread, as in the process of a demo."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def chat_tokenizer() -> Callable[[Sequence[str], int], Any]:
    """Texts and a number of tokens -> a tokenizer for chats that was made of these texts."""

    def made(texts: Sequence[str], tokens: int) -> Any:
        from tokenizers import ByteLevelBPETokenizer
        from transformers import PreTrainedTokenizerFast

        bpe = ByteLevelBPETokenizer()
        special = ["<|end|>", "<|im_start|>", "<|im_end|>"]
        bpe.train_from_iterator(list(texts) * 3, vocab_size=tokens, special_tokens=special)
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=bpe._tokenizer, eos_token="<|im_end|>", pad_token="<|end|>"
        )
        tokenizer.chat_template = (
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
            "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
        )
        return tokenizer

    return made


@pytest.fixture(scope="session")
def tiny_language_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model of SmolLM2's kind with random weights, and a tokenizer made of the bundled cards."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM

    from demos import cards

    folder = tmp_path_factory.mktemp("base")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    texts = [f"{card.question} {card.answer}" for card in cards.BUNDLED.cards] + list(cards.PLAIN)
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, intermediate_size=48, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True, initializer_range=0.3,
        rope_parameters={"rope_type": "default", "rope_theta": 5000.0}, max_position_embeddings=512,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture
def unbuilt(notes: Path, tmp_path: Path) -> Settings:
    """Settings over the small library, everything below tmp_path, no chat model; for tests that watch the building."""
    options = {
        "notes": [notes],
        "index_dir": tmp_path / "index",
        "data_dir": tmp_path / "data",
        "cache_dir": tmp_path / "cache",
        "model": "notes-only",
        "seed": 0,
    }
    return read_settings(options, environ={})


@pytest.fixture
def settings(unbuilt: Settings, small_index: Path) -> Settings:
    """The same settings where the index is there already: it goes by the names and contents of the notes."""
    shutil.copytree(small_index, unbuilt.index_dir)
    return unbuilt


@pytest.fixture
def scripted() -> Any:
    """scripted(text, ...) -> a chat model that streams these answers word by word, one a call.

    With `answers_numbered=True` it passes for one that was fitted to answer from numbered sentences.
    """
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk
    from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
    from pydantic import PrivateAttr

    class Scripted(BaseChatModel):
        answers: list[str]
        answers_numbered: bool = False
        _asked: list[Any] = PrivateAttr(default_factory=list)

        @property
        def _llm_type(self) -> str:
            return "scripted"

        def _next(self, messages: list[Any]) -> str:
            self._asked.append(messages)
            return self.answers[min(len(self._asked), len(self.answers)) - 1]

        def _generate(
            self, messages: list[Any], stop: Any = None, run_manager: Any = None, **kw: Any
        ) -> ChatResult:
            return ChatResult(generations=[ChatGeneration(message=AIMessage(self._next(messages)))])

        def _stream(
            self, messages: list[Any], stop: Any = None, run_manager: Any = None, **kw: Any
        ) -> Iterator[Any]:
            for word in re.findall(r"\S+\s*", self._next(messages)):
                yield ChatGenerationChunk(message=AIMessageChunk(word))

    return lambda *answers, **more: Scripted(answers=list(answers), **more)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the student's own record, settings or weights."""
    for name in [name for name in os.environ if name.startswith("TUTOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg-data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))


# Pages: served by this process, looked at in a real browser


@dataclass(frozen=True)
class Served:
    """A page that is being served, and what it is served from: a session, or a class."""

    running: Any
    opened: Any

    @property
    def url(self) -> str:
        return str(self.running.url)


@pytest.fixture(scope="session")
def page_settings(small_notes: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Settings]:
    """page_settings(folder, **values) -> settings of a page over the three notes, on a free port, without a chat model.

    Everything that the student leaves is below the folder; the index is one for all such pages, built by the first.
    """
    index_dir = tmp_path_factory.mktemp("page-index")

    def settings_of(folder: Path, **values: Any) -> Settings:
        given: dict[str, Any] = {
            "notes": (small_notes,),
            "index_dir": index_dir,
            "data_dir": folder / "data",
            "cache_dir": folder / "cache",
            "model": "notes-only",
            "port": 0,
            "seed": 0,
        }
        return Settings(**(given | values))

    return settings_of


@pytest.fixture(scope="session")
def light_hash() -> Callable[[str], str]:
    """As `tutor.logins.hashed`, at the least cost that a file may name: a log-in takes a sixth of the time."""

    def hashed(password: str) -> str:
        import tutor.logins

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tutor.logins, "_LN", 14)
            patch.setattr(tutor.logins, "_P", 1)
            return tutor.logins.hashed(password)

    return hashed


@pytest.fixture(scope="session")
def serve_page(embedding: Any) -> Callable[..., AbstractContextManager[Served]]:
    """serve_page(settings) -> a context in which the page is served: for a class where the settings name logins."""

    @contextmanager
    def serving(settings: Settings, **more: Any) -> Iterator[Served]:
        import tutor.session
        from tutor.classroom import open_classroom
        from tutor.ui import start_server

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tutor.session, "Embedding", lambda: embedding)
            if settings.auth is not None:
                opened: Any = open_classroom(settings)
            else:
                opened = tutor.session.open_session(settings, record=True)
        try:
            running = start_server(opened, settings, **more)
            try:
                yield Served(running, opened)
            finally:
                running.stop()
        finally:
            opened.close()

    return serving


PATIENCE_MS = 60_000
_CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _chromium() -> str | None:
    places = (
        os.environ.get("CHROMIUM"),
        "/usr/bin/chromium",
        shutil.which("chromium"),
        shutil.which("chrome"),
    )
    return next((place for place in places if place and Path(place).is_file()), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window, started once for a file of tests."""
    binary = _chromium()
    if binary is None:
        pytest.skip("no chromium binary in $CHROMIUM, /usr/bin or PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=binary, args=list(_CHROMIUM_ARGUMENTS))
        yield found
        found.close()


@contextmanager
def _browsing(browser: Any) -> Iterator[Callable[..., Any]]:
    contexts: list[Any] = []
    called: list[str] = []
    told: list[str] = []

    def open_page(url: str, ready: str = "#box textarea", provokes: str = "", **options: Any) -> Any:
        contexts.append(browser.new_context(**({"viewport": {"width": 1200, "height": 850}} | options)))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)

        def hear(text: str) -> None:
            if not (provokes and re.search(provokes, text)):
                told.append(text)

        page.on("request", lambda request: called.append(request.url))
        page.on("pageerror", lambda error: hear(str(error)))
        page.on("console", lambda line: hear(line.text) if line.type == "error" else None)
        page.goto(url)
        page.wait_for_selector(ready)
        return page

    yield open_page
    for context in contexts:
        context.close()
    hosts = {urlsplit(url).hostname for url in called if url.startswith(("http", "ws"))}
    assert hosts <= {"127.0.0.1"}
    assert told == []


@pytest.fixture
def browse(browser: Any) -> Iterator[Callable[..., Any]]:
    """browse(url, ready=selector, provokes=pattern, **options of the context) -> the page, in a browser of its own.

    The test fails when one of its pages asked another host for anything, or the console told an error: but for errors
    that match `provokes`, which is for what a test brings about by intent.
    """
    with _browsing(browser) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def browse_on(browser: Any) -> Iterator[Callable[..., Any]]:
    """As `browse`, for pages that stay open for a whole file; they are judged after its last test."""
    with _browsing(browser) as open_page:
        yield open_page


@pytest.fixture(scope="session")
def answer_question() -> Callable[[Any], None]:
    """Answers the question that is open in the quiz of a page, whatever its kind, until it is graded."""

    def answered(page: Any) -> None:
        if page.locator("#quiz-options button:visible").count():
            page.locator("#quiz-options button:visible").first.click()
        else:
            page.fill("#quiz-answer textarea", "It turns random noise into samples.")
            page.click("#quiz-answer .submit-button")
        page.wait_for_selector("#quiz-next:visible")

    return answered


def _pdf_file(pages: Sequence[Sequence[str]], trailer: str = "") -> bytes:
    """A PDF with these lines on its pages; `trailer` goes into its trailer."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * number} 0 R >>"
        )
        shown = "\n".join(f"({_escaped(line)}) Tj T*" for line in lines)
        drawn = f"BT /F1 11 Tf 14 TL 72 720 Td\n{shown}\nET"
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    return _pdf_of(objects, trailer)


def _pdf_of(objects: Sequence[str], trailer: str = "") -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalogue."""
    text, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(text))
        text += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>"
    start = len(text)
    text += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n{end}\nstartxref\n{start}\n%%EOF\n"
    )
    return text.encode("latin-1")


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


@pytest.fixture(scope="session")
def pdf_file() -> Callable[..., bytes]:
    """Makes a PDF of the lines of its pages."""
    return _pdf_file


@pytest.fixture(scope="session")
def pdf_of() -> Callable[..., bytes]:
    """Makes a PDF of its objects."""
    return _pdf_of
