"""A chat model from a GGUF file, run by llama.cpp; needs the optional extra `llama-cpp`."""

from __future__ import annotations

import importlib
import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import (
    AIMessageChunk,
    BaseMessage,
    BaseMessageChunk,
    convert_to_openai_messages,
    message_chunk_to_message,
)
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from tutor.errors import ModelError
from tutor.models.pieces import spoken

CONTEXT_TOKENS = 4096


class GgufChat(BaseChatModel):
    """A GGUF file behind LangChain's chat interface: greedy, streaming, without tools.

    The file loads at the first answer. Calls take the keywords `max_tokens` and `cancel` as LocalChat does.
    """

    path: Path
    max_tokens: int = 256
    takes_cancel: ClassVar[bool] = True
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _llama: Any = PrivateAttr(default=None)

    @property
    def _llm_type(self) -> str:
        return "local-llama-cpp"

    @property
    def files(self) -> Path:
        """The model's file."""
        return self.path

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        total: BaseMessageChunk = AIMessageChunk(content="")
        for chunk in self._stream(messages, stop, run_manager, **kwargs):
            total = total + chunk.message
        return ChatResult(generations=[ChatGeneration(message=message_chunk_to_message(total))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        cancel = kwargs.get("cancel") or threading.Event()
        max_tokens = kwargs.get("max_tokens") or self.max_tokens
        with self._lock:
            for text in spoken(self._texts(messages, stop, max_tokens, cancel)):
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=text))
                if run_manager:
                    run_manager.on_llm_new_token(text, chunk=chunk)
                yield chunk
        yield ChatGenerationChunk(message=AIMessageChunk(content="", chunk_position="last"))

    def _texts(
        self, messages: list[BaseMessage], stop: list[str] | None, max_tokens: int, cancel: threading.Event
    ) -> Iterator[str]:
        plain = convert_to_openai_messages(messages, text_format="string")
        try:
            if self._llama is None:
                llama_cpp = importlib.import_module("llama_cpp")
                self._llama = llama_cpp.Llama(str(self.path), n_ctx=CONTEXT_TOKENS, verbose=False)
            for part in self._llama.create_chat_completion(
                plain, max_tokens=max_tokens, temperature=0.0, repeat_penalty=1.0, stop=stop, stream=True
            ):
                if cancel.is_set():
                    return
                yield part["choices"][0]["delta"].get("content") or ""
        except (ValueError, RuntimeError, OSError, LookupError) as error:
            raise ModelError(
                f"The model {self.path.name} failed ({error})",
                "Ask a shorter question, or choose another model (`tutor models` lists them).",
            ) from error


def open_gguf(path: Path) -> GgufChat:
    """A chat model over a GGUF file; nothing heavy happens yet.

    Raises:
        ModelError: the file is not there, or llama.cpp is not installed.
    """
    if not path.is_file():
        raise ModelError(f"There is no file {path}", "Give the path of a GGUF file after gguf:.")
    if importlib.util.find_spec("llama_cpp") is None:
        remedy = "Run `pip install 'tutor[llama-cpp]'`."
        raise ModelError("GGUF files need llama.cpp, which is not installed", remedy)
    return GgufChat(path=path)
