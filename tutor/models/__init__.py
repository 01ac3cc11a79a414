"""Chat models behind LangChain's BaseChatModel, chosen by a name (README, "Chat models").

`open_model` gives the model that a name stands for, `stream_text` the words of its answer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tutor.errors import ModelError
from tutor.models.embedded import EMBEDDED, GET_COMMAND, STOCK, embedded_is_ready, embedded_path, get_embedded
from tutor.models.hub import REACH_S, cached_folder, get_model, installed_models
from tutor.models.pieces import spoken
from tutor.models.speech import speech_folder

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from tutor.settings import Settings

__all__ = [
    "ChosenModel",
    "embedded_is_ready",
    "embedded_names",
    "get_embedded",
    "get_model",
    "installed_models",
    "open_model",
    "require_answer",
    "stream_text",
]

KINDS = (
    "notes-only, embedded, embedded-stock, hf:ORG/NAME, a model's folder, gguf:FILE, openai:MODEL@URL or auto"
)
NOTES_ONLY_REASON = "No chat model: answers are made of the notes' own sentences"
# Guessing three tokens from the prompt makes copied answers 1.5 times faster and free ones a tenth slower; eight
# copy no faster and cost free answers a third.
LOOKUP_TOKENS = 3


@dataclass(frozen=True)
class ChosenModel:
    """The chat model of a session.

    Attributes:
        name: what was opened, such as `embedded` or `openai:MODEL@URL`; never `auto`.
        chat: the model; None in notes-only mode.
        reason: which model this is and why, in a sentence for the page.
    """

    name: str
    chat: BaseChatModel | None
    reason: str

    @property
    def answers_numbered(self) -> bool:
        """Whether it was fitted to answer from numbered sentences, naming the numbers."""
        return bool(getattr(self.chat, "answers_numbered", False))


def embedded_names() -> tuple[str, ...]:
    """The names of the embedded model: as it was published, and with corrections where they are bundled."""
    return (STOCK, EMBEDDED) if speech_folder() is not None else (EMBEDDED,)


def open_model(name: str, settings: Settings) -> ChosenModel:
    """The chat model that a name stands for; weights load at the first answer, servers are asked then.

    Args:
        name: one of the kinds that `KINDS` lists.

    Raises:
        ModelError: an unknown name, or a model that is not on this machine. `auto` raises nothing: it falls
            back, and its reason names what was missing.
    """
    if name == "auto":
        return _best_model(settings)
    if name == "notes-only":
        return ChosenModel(name, None, f"{NOTES_ONLY_REASON}, as you chose.")
    return ChosenModel(name, _open_chat(name, settings), f"The chat model is {name}, as you chose.")


def stream_text(
    chat: BaseChatModel,
    messages: Sequence[BaseMessage],
    *,
    max_tokens: int,
    cancel: threading.Event | None = None,
) -> Iterator[str]:
    """The words of an answer as they come, thoughts left out.

    Args:
        chat: any LangChain chat model.
        messages: the conversation.
        max_tokens: upper bound of the answer, in the model's tokens.
        cancel: ends the answer when it is set; closing this generator does the same.

    Raises:
        ModelError: the model fails, cannot be reached or the conversation is too long for it.
    """
    if cancel is not None and cancel.is_set():
        return
    options: dict[str, Any] = {"max_tokens": max_tokens}
    if cancel is not None and getattr(chat, "takes_cancel", False):
        options["cancel"] = cancel
    try:
        # LangChain's stream is a generator, although its type promises less.
        with closing(cast("Any", chat.stream(list(messages), **options))) as chunks:
            yield from spoken(_texts(chunks, cancel))
    except (OSError, RuntimeError, ValueError, LookupError) as error:
        reason = str(error).strip() or type(error).__name__
        raise ModelError(f"The chat model failed while answering ({reason[:200]})", "Ask again.") from error


def _texts(chunks: Iterator[Any], cancel: threading.Event | None) -> Iterator[str]:
    for chunk in chunks:
        if cancel is not None and cancel.is_set():
            return
        yield str(chunk.text)


def _open_chat(name: str, settings: Settings) -> BaseChatModel:
    """The model of a name that is neither `auto` nor `notes-only`."""
    if name.startswith("openai:"):
        from tutor.models.remote import open_endpoint

        return open_endpoint(name)
    if name.startswith("gguf:"):
        from tutor.models.gguf_chat import open_gguf

        return open_gguf(Path(name.removeprefix("gguf:")).expanduser())
    folder = _folder_of(name, settings)
    from tutor.models.local import open_local

    corrections = speech_folder() if name == EMBEDDED else None
    return open_local(
        folder,
        name,
        corrections=corrections,
        answers_numbered=corrections is not None,
        max_tokens=settings.answer_tokens,
        prompt_lookup_num_tokens=LOOKUP_TOKENS,
        seed=settings.seed,
    )


def _folder_of(name: str, settings: Settings) -> Path:
    if name in (EMBEDDED, STOCK):
        if not embedded_is_ready(settings.cache_dir):
            remedy = f"Run `{GET_COMMAND}` once; without a model the tutor works in notes-only mode."
            raise ModelError("The embedded model is not on this machine yet", remedy)
        return embedded_path(settings.cache_dir)
    if name.startswith("hf:"):
        return cached_folder(name.removeprefix("hf:"))
    folder = Path(name).expanduser()
    if not name or not folder.is_dir():
        remedy = f"The kinds are {KINDS}; `tutor models` lists what is here."
        raise ModelError(f"There is no chat model {name!r}", remedy)
    return folder


def _best_model(settings: Settings) -> ChosenModel:
    """The first that is there: the endpoint, the local model, the embedded model, else notes only."""
    missing: list[str] = []
    for name, why in (
        (settings.endpoint, "it is the endpoint in your settings and it answers"),
        (settings.local_model, "it is the local model in your settings"),
        ("embedded", "it is on this machine"),
    ):
        if not name:
            continue
        try:
            if name == settings.endpoint:
                require_answer(name)
            chat = _open_chat(name, settings)
        except ModelError as error:
            missing.append(str(error))
            continue
        return ChosenModel(name, chat, " ".join([f"The chat model is {name}: {why}.", *missing]))
    return ChosenModel("notes-only", None, " ".join([f"{NOTES_ONLY_REASON}.", *missing]))


def require_answer(endpoint: str) -> None:
    """Raises ModelError when the server of `openai:MODEL@URL` does not answer within two seconds."""
    from tutor.models.remote import endpoint_is_reachable, no_answer, split_spec

    url = split_spec(endpoint)[1]
    if not endpoint_is_reachable(url, REACH_S):
        raise no_answer(url)
