"""What gradio would do of itself and must not on this page; each may be called again and again."""

from __future__ import annotations

from functools import cache
from typing import Any, NoReturn


def fetch_nothing() -> None:
    """Gradio would fetch what a request gives as a file by its address, from any server of the internet."""
    from gradio import processing_utils

    async def refused(*_: Any, **__: Any) -> NoReturn:
        raise ValueError("a file is uploaded; it is not fetched from an address")

    processing_utils.async_ssrf_protected_download = refused
    processing_utils.async_ssrf_protected_get = refused


@cache
def describe_chats_once() -> None:
    """Gradio would make the JSON schema of a chat anew whenever its messages change; it is always the same."""
    import gradio as gr

    describe: Any = gr.Chatbot.api_info
    known: dict[type, Any] = {}

    def described(chat: Any) -> Any:
        if type(chat) not in known:
            known[type(chat)] = describe(chat)
        return known[type(chat)]

    gr.Chatbot.api_info = described
