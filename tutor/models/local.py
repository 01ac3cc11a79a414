"""A chat model from a folder or the local hub cache, run by transformers in this process.

The weights load at the first answer, or ahead of it by `warm_up()`. Answers to one model's weights run one
after the other.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    BaseMessageChunk,
    convert_to_openai_messages,
    message_chunk_to_message,
)
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, PrivateAttr

from tutor.errors import ModelError
from tutor.models.pieces import THINK_OPEN, PieceSplitter, split, until_stop
from tutor.models.weights import Job, LocalWeights, missing_file


class LocalChat(BaseChatModel):
    """A local model behind LangChain's chat interface; greedy unless a temperature is given.

    Keywords of a call (`invoke`, `stream`, `bind`) besides LangChain's own: `cancel` (a threading.Event;
    setting it ends the answer where it is), `max_tokens`, `temperature`, `prompt_lookup_num_tokens`,
    `json_schema` (the answer is JSON of that form) and `logits_processor`. Closing the stream ends the answer
    too. Thoughts (`<think>`) never reach the text. Tools that are bound are passed to the chat template, and
    calls in the Hermes form (`<tool_call>{"name", "arguments"}</tool_call>`) come back as tool calls, those
    that are no JSON as invalid tool calls. `model_copy(update={...})` gives a second view of the same weights
    with other attributes.

    Attributes:
        source: what was opened, for messages.
        max_tokens: upper bound of an answer, in the model's tokens.
        prompt_lookup_num_tokens: how many tokens are guessed at a time from the prompt (prompt lookup, Saxena
            2023, a form of speculative decoding, Leviathan et al. 2023, arXiv:2211.17192); 0 for none.
            Several times faster when the answer quotes the notes; never used with a logits processor.
        temperature: 0 for greedy decoding.
        seed: fixes the sampling when the temperature is above 0; None draws one.
        answers_numbered: whether it was fitted to answer from numbered sentences, naming the numbers.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    source: str
    max_tokens: int = 256
    prompt_lookup_num_tokens: int = 0
    temperature: float = 0.0
    seed: int | None = None
    answers_numbered: bool = False
    takes_cancel: ClassVar[bool] = True
    takes_json_schema: ClassVar[bool] = True
    _weights: LocalWeights = PrivateAttr()

    def __init__(self, weights: LocalWeights, **fields: Any) -> None:
        super().__init__(**fields)
        self._weights = weights

    @property
    def _llm_type(self) -> str:
        return "local-transformers"

    @property
    def files(self) -> Path:
        """The folder of the model's files."""
        return self._weights.folder

    @property
    def corrections(self) -> Path | None:
        """The folder of the corrections that are added to its weights; None without any."""
        return self._weights.corrections

    def warm_up(self) -> None:
        """Loads the weights now, so that the first answer need not wait for them.

        Raises:
            ModelError: the files are damaged, of an unknown architecture, or too large for the memory.
        """
        self._weights.worker.submit(self._weights.load).result()

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """The model with these tools in its prompt; `tool_choice` is accepted and not enforced."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        total: BaseMessageChunk | None = None
        for chunk in self._stream(messages, stop, run_manager, **kwargs):
            total = chunk.message if total is None else total + chunk.message
        assert total is not None  # the stream always ends with a chunk
        return ChatResult(generations=[ChatGeneration(message=message_chunk_to_message(total))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        job = Job(
            messages=_plain_messages(messages),
            tools=kwargs.get("tools") or None,
            max_tokens=kwargs.get("max_tokens") or self.max_tokens,
            temperature=kwargs.get("temperature", self.temperature),
            seed=self.seed,
            lookup_tokens=kwargs.get("prompt_lookup_num_tokens", self.prompt_lookup_num_tokens),
            logits_processor=kwargs.get("logits_processor"),
            cancel=kwargs.get("cancel") or threading.Event(),
            json_schema=kwargs.get("json_schema"),
        )
        future = self._weights.worker.submit(self._weights.run, job)
        future.add_done_callback(lambda _: job.put(None))
        try:
            for message in _spoken_chunks(job, stop or []):
                chunk = ChatGenerationChunk(message=message)
                if run_manager:
                    run_manager.on_llm_new_token(str(message.content), chunk=chunk)
                yield chunk
            yield ChatGenerationChunk(message=_last_chunk(job, future))
        finally:
            job.closed.set()
            future.cancel()


def open_local(
    folder: Path, source: str = "", *, device: str = "auto", corrections: Path | None = None, **fields: Any
) -> LocalChat:
    """A chat model over a folder of config, tokenizer and safetensors; nothing heavy happens yet.

    Args:
        folder: the model's files.
        source: the model's name in messages; the folder's name when empty.
        device: `auto`, or a torch device name.
        corrections: the folder of corrections that are added to the weights, or none.
        fields: LocalChat's attributes.

    Raises:
        ModelError: a file that is needed is missing.
    """
    missing = missing_file(folder)
    if missing:
        raise ModelError(
            f"{folder} is no model that transformers can read: {missing} is missing",
            "Name a folder with config.json, a tokenizer and safetensors weights.",
        )
    name = source or folder.name
    return LocalChat(LocalWeights(folder, name, device, corrections), source=name, **fields)


def _spoken_chunks(job: Job, stop: list[str]) -> Iterator[AIMessageChunk]:
    """The job's text as message chunks, thoughts left out, tool calls parsed."""
    received = job.received()
    if next(received, None) is None:  # stopped, or failed before the first word
        return
    in_thought = job.prompt.rstrip().endswith(THINK_OPEN)
    splitter = PieceSplitter(job.dropped, tool_calls=bool(job.tools), in_thought=in_thought)
    begun, calls = False, 0
    for piece in split(until_stop(received, [*stop, *job.stops]), splitter):
        if piece.kind == "tool_call":
            yield _call_chunk(piece.text, calls)
            calls += 1
        text = piece.text if begun else piece.text.lstrip()
        if piece.kind == "text" and text:
            begun = True
            yield AIMessageChunk(content=text)


def _call_chunk(text: str, number: int) -> AIMessageChunk:
    """A call as LangChain wants it; what is no call becomes an invalid tool call with the text as it came."""
    try:
        call = json.loads(text)
        name, arguments = str(call["name"]), json.dumps(dict(call.get("arguments") or {}))
    except (ValueError, KeyError, TypeError, AttributeError):
        # A JSON string is no dictionary, so that LangChain cannot mend half a call into one that nobody made.
        name, arguments = "", json.dumps(text.strip())
    chunk = tool_call_chunk(name=name, args=arguments, id=f"call_{uuid.uuid4().hex[:12]}", index=number)
    return AIMessageChunk(content="", tool_call_chunks=[chunk])


def _last_chunk(job: Job, future: Future[None]) -> AIMessageChunk:
    """The chunk that ends a stream: counts and why it ended; raises what went wrong in the worker."""
    if job.cancel.is_set():
        ended = {"finish_reason": "cancelled"}
        return AIMessageChunk(content="", chunk_position="last", response_metadata=ended)
    job.closed.set()  # after a stop string the worker still generates
    future.result()
    counts = UsageMetadata(
        input_tokens=job.prompt_tokens,
        output_tokens=job.answer_tokens,
        total_tokens=job.prompt_tokens + job.answer_tokens,
    )
    reason = "length" if job.answer_tokens >= job.max_tokens else "stop"
    return AIMessageChunk(
        content="", chunk_position="last", usage_metadata=counts, response_metadata={"finish_reason": reason}
    )


def _plain_messages(messages: list[BaseMessage]) -> list[dict[str, Any]]:
    """Messages as chat templates want them: text content, tool arguments as dictionaries."""
    plain = convert_to_openai_messages(messages, text_format="string")
    for message in plain:
        for call in message.get("tool_calls") or []:
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return plain
