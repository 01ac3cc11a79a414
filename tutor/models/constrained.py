"""Decoding under a JSON schema: tokens that would leave the form are never drawn. The only owner of llguidance.

A grammar makes sure of the shape and not of the sense; what comes out is checked like every other draft.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tutor.errors import ModelError


def json_processor(tokenizer: Any, vocabulary: int, schema: Mapping[str, Any]) -> Any:
    """A logits processor for one answer in the form of a JSON schema.

    Args:
        tokenizer: the model's fast tokenizer.
        vocabulary: the width of the model's scores, which may be larger than the tokenizer's vocabulary.
        schema: bound every string with `maxLength` and every list with `maxItems`, or a small model runs on.

    Raises:
        ModelError: the schema or the tokenizer cannot be used.
    """
    import llguidance.hf
    from llguidance import LLMatcher

    form: Any = {"whitespace_flexible": False}
    try:
        grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema), defaults=form)
        matcher = LLMatcher(llguidance.hf.from_tokenizer(tokenizer, n_vocab=vocabulary), grammar)
    except (ValueError, TypeError, AttributeError) as error:
        raise _unusable(str(error)) from error
    if matcher.is_error():
        raise _unusable(matcher.get_error())
    return _processor(matcher)


def _unusable(why: str) -> ModelError:
    return ModelError(f"The answer cannot be held to a form ({why.strip()[:200]})", "Choose another model.")


def _processor(matcher: Any) -> Any:
    import numpy as np
    import torch
    from transformers import LogitsProcessor

    class InForm(LogitsProcessor):
        """Takes in each drawn token and rules out what the form does not allow next."""

        def __init__(self) -> None:
            self._seen: int | None = None

        def __call__(self, ids: Any, scores: Any) -> Any:
            """Scores [1, vocabulary] with minus infinity where the form forbids; ids are [1, tokens]."""
            if self._seen is not None and not matcher.is_stopped():
                matcher.consume_tokens(ids[0, self._seen :].tolist())
            self._seen = ids.shape[1]
            # llguidance's own torch function compiles at its first call, which takes half a minute on two cores.
            bits = np.frombuffer(matcher.compute_bitmask(), np.uint8)
            allowed = np.unpackbits(bits, bitorder="little")[: scores.shape[1]].astype(bool)
            mask = torch.from_numpy(~allowed).to(scores.device)
            return scores.masked_fill(mask[None, :], float("-inf"))

    return InForm()
