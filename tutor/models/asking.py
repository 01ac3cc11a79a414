"""One question to a chat model, answered within a time limit or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from tutor.errors import ModelError

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.tools import BaseTool

WATCH_S = 0.02
_ERRORS = (ModelError, OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError)


class ModelTimeoutError(ModelError):
    """A chat model took longer than it was given; it may be quicker when the machine is less busy."""


def reply_within(
    chat: BaseChatModel,
    messages: Sequence[BaseMessage],
    *,
    max_tokens: int,
    limit_s: float,
    tools: Sequence[BaseTool] = (),
    options: Mapping[str, Any] | None = None,
    cancel: threading.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AIMessage:
    """A model's whole reply, its tool calls included.

    The model works in a thread of its own. When time is up or `cancel` is set it is told to end, and no longer
    waited for: a server that hangs costs its thread, not the caller.

    Args:
        max_tokens: upper bound of the reply, in the model's tokens.
        limit_s: seconds that the reply may take, loading the weights included.
        tools: what the model may call; needs a model with `bind_tools`.
        options: what else the model is told, such as the form of its reply.
        cancel: ends the reply.

    Raises:
        ModelTimeoutError: it takes too long.
        ModelError: the model fails, has no tool calls or is cancelled.
    """
    asked = _Asked(chat, messages, tools, {**(options or {}), "max_tokens": max_tokens})
    until_s = clock() + limit_s
    asked.start()
    while not asked.done.wait(WATCH_S):
        if cancel is not None and cancel.is_set():
            asked.over.set()
            raise ModelError("The question to the chat model was stopped", "Ask again.")
        if clock() >= until_s:
            asked.over.set()
            raise ModelTimeoutError(
                f"The chat model gave no whole reply within {limit_s:.0f} s",
                "Choose a smaller model, or ask again when the machine is less busy.",
            )
    if asked.error is not None:
        reason = str(asked.error).strip() or type(asked.error).__name__
        raise ModelError(f"The chat model failed ({reason[:200]})", "Choose another model.") from asked.error
    if asked.reply is None:
        raise ModelError("The chat model said nothing", "Choose another model.")
    return asked.reply


class _Asked(threading.Thread):
    """The thread in which one reply is made; `over` tells the model to end."""

    def __init__(
        self,
        chat: BaseChatModel,
        messages: Sequence[BaseMessage],
        tools: Sequence[BaseTool],
        options: dict[str, Any],
    ) -> None:
        super().__init__(name="chat-reply", daemon=True)
        self._chat, self._messages = chat, list(messages)
        self._tools = list(tools)
        self._options = options
        self.done, self.over = threading.Event(), threading.Event()
        self.error: BaseException | None = None
        self.reply: AIMessage | None = None

    def run(self) -> None:
        from langchain_core.messages import message_chunk_to_message

        if getattr(self._chat, "takes_cancel", False):
            self._options["cancel"] = self.over
        try:
            total: Any = None
            for chunk in self._chunks():
                total = chunk if total is None else total + chunk
                if self.over.is_set():
                    return
            if total is not None:
                self.reply = cast("AIMessage", message_chunk_to_message(total))
        except _ERRORS as error:
            self.error = error
        finally:
            self.done.set()

    def _chunks(self) -> Iterator[Any]:
        chat: Any = self._chat.bind_tools(self._tools) if self._tools else self._chat
        # LangChain's stream is a generator, although its type promises less.
        with closing(cast("Any", chat.stream(self._messages, **self._options))) as chunks:
            yield from chunks
