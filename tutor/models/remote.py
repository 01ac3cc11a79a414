"""A chat model behind an OpenAI-compatible server: vLLM, Ollama, llama.cpp, `transformers serve`."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai.chat_models.base import BaseChatOpenAI
from pydantic import SecretStr

from tutor.errors import ModelError

FORM = "openai:MODEL@URL"
CONNECT_S = 5.0
ANSWER_S = 120.0
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class EndpointChat(BaseChatOpenAI):
    """LangChain's OpenAI client with every failure of the server as a ModelError that names the address.

    It sends `max_tokens`, which all the servers above read; `max_completion_tokens` some of them ignore.
    Turns with bound tools are not streamed, because some servers repeat a tool's name in every chunk.
    """

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        with self._as_model_errors():
            return super()._generate(*args, **kwargs)

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        with self._as_model_errors():
            yield from super()._stream(*args, **kwargs)

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        with self._as_model_errors():
            return await super()._agenerate(*args, **kwargs)

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        with self._as_model_errors():
            async for chunk in super()._astream(*args, **kwargs):
                yield chunk

    @contextmanager
    def _as_model_errors(self) -> Iterator[None]:
        import openai

        url = self.openai_api_base
        try:
            yield
        except openai.APITimeoutError as error:
            raise ModelError(
                f"No answer from {url} within {ANSWER_S:.0f} s",
                "Ask a shorter question, or choose a smaller model on that server.",
            ) from error
        except openai.APIConnectionError as error:
            raise no_answer(str(url)) from error
        except openai.APIStatusError as error:
            raise ModelError(
                f"{url} refuses the request to {self.model_name} (HTTP {error.status_code}: {_short(error)})",
                f"Check the model's name in {FORM}; a key, if one is needed, goes into TUTOR_API_KEY.",
            ) from error
        except (openai.APIError, OSError, ValueError) as error:
            raise ModelError(
                f"The answer from {url} broke off ({_short(error)})",
                "Ask again, or look at the server's own messages.",
            ) from error


def open_endpoint(spec: str) -> BaseChatModel:
    """A chat model on a server; nothing is sent before the first question.

    Args:
        spec: `MODEL@URL`, with or without `openai:` before it; `/v1` is added to a URL without a path. The
            key is read from TUTOR_API_KEY.

    Raises:
        ModelError: the spec is not of that form.
    """
    import openai

    model, url = split_spec(spec)
    clients: dict[str, Any] = {}
    if is_loopback(url):  # what stays on this machine never takes the way through a proxy
        clients["http_client"] = openai.DefaultHttpxClient(trust_env=False)
        clients["http_async_client"] = openai.DefaultAsyncHttpxClient(trust_env=False)
    return EndpointChat(
        model=model,
        base_url=url,
        api_key=SecretStr(os.environ.get("TUTOR_API_KEY") or "none"),
        timeout=openai.Timeout(ANSWER_S, connect=CONNECT_S),
        max_retries=0,
        temperature=0.0,
        disable_streaming="tool_calling",
        **clients,
    )


def split_spec(spec: str) -> tuple[str, str]:
    """Model name and base URL out of `MODEL@URL`.

    Raises:
        ModelError: there is no model, no URL, or the URL is not one of http or https that can be asked.
    """
    model, _, url = spec.removeprefix("openai:").rpartition("@")
    has_path = _has_path(url)
    if not model or has_path is None:
        example = "openai:qwen3@http://127.0.0.1:8000/v1"
        raise ModelError(f"{spec!r} names no model on a server", f"Write {FORM}, such as {example}.")
    return model, url.rstrip("/") + ("" if has_path else "/v1")


def _has_path(url: str) -> bool | None:
    """Whether a URL has a path; None for what is no URL of a web server: its host and its port are read too."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        whole = bool(host) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        return None
    return bool(parts.path.strip("/")) if whole and parts.scheme in ("http", "https") else None


def endpoint_is_reachable(url: str, timeout_s: float) -> bool:
    """Whether a web server answers at the URL within `timeout_s`; any answer of one counts, also an error."""
    proxies = urllib.request.ProxyHandler({}) if is_loopback(url) else urllib.request.ProxyHandler()
    try:
        with urllib.request.build_opener(proxies).open(f"{url.rstrip('/')}/models", timeout=timeout_s):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError, HTTPException):
        return False


def is_loopback(url: str) -> bool:
    """Whether the URL names this machine."""
    return urlsplit(url).hostname in LOOPBACK


def no_answer(url: str) -> ModelError:
    """The error of a server that cannot be reached."""
    return ModelError(f"No answer from {url}", f"Start the server, or correct the address in {FORM}.")


def _short(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
