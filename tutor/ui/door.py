"""The door of every listener: who asks is found out by the log-in, and what fails becomes words."""

# No `from __future__ import annotations` here: gradio reads the annotations of its listeners.

import functools
import html
import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_args

from tutor.ui.view import told


def at_the_door(
    seat_of: Callable[[str | None], Any], listener: Callable[..., Any], *, plain: bool = False
) -> Callable[..., Any]:
    """The listener as gradio may call it.

    Args:
        seat_of: the name that the log-in found out, if any -> what that student works at.
        listener: gets first the seat of whoever is logged in, then the values of its inputs; it may ask for the request
            or the event by an annotation, as gradio's listeners do. Its failures reach the student as words.
        plain: whether those are read by a program and not shown by a browser.
    """
    import gradio as gr

    def own(request: Any) -> Any:
        return seat_of(getattr(request, "username", None))

    def failed(error: Exception) -> Any:
        words = told(error)
        return gr.Error(words if plain else html.escape(words), print_exception=False)

    def guarded(request: Any, *given: Any) -> Any:
        try:
            return listener(own(request), *given)
        except Exception as error:
            raise failed(error) from error

    def guarded_stream(request: Any, *given: Any) -> Iterator[Any]:
        try:
            yield from listener(own(request), *given)
        except Exception as error:
            raise failed(error) from error

    streams = inspect.isgeneratorfunction(listener)
    door: Any = guarded_stream if streams else guarded
    signature = inspect.signature(listener)
    returned: Any = signature.return_annotation
    if streams:  # what comes in the end is what the endpoint is said to give
        returned = (*get_args(returned), returned)[0]
    asked = list(signature.parameters.values())[1:]
    asks = inspect.Parameter("asking", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)
    functools.update_wrapper(door, listener)
    hints = {each.name: each.annotation for each in asked if each.annotation is not each.empty}
    door.__annotations__ = {"asking": gr.Request} | hints
    door.__signature__ = inspect.Signature([asks, *asked], return_annotation=returned)
    return door
