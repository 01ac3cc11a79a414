"""What a capable chat model may add to a quiz: other words for a question.

The model proposes under a JSON schema, code checks, and what fails twice stays as the rules made it. The key is the
note's own words all along.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from tutor.errors import ModelError
from tutor.models.asking import reply_within
from tutor.prompts import reword_question
from tutor.quiz.items import Item, item_id, plain
from tutor.words import content_words

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import BaseMessage

TRIES = 2
LIMIT_S = 8.0  # for one proposal
MAX_TOKENS = 160
RETRY_TEMPERATURE = 0.7
SAME_MEANING = 0.8
# From this likeness (difflib, over words) on a wording is a copy and not worth its risk.
COPY = 0.9
MAX_QUESTION_CHARS = 240
_EXACT = re.compile(r"\$[^$]+\$|`[^`]+`|\d+(?:[.,]\d+)*|\b(?=\w*[A-Z])(?!(?:What|Which|Why|How|When|Where|Who|Is|Are|"
                    r"Does|Do|Can|Name|The|A|An|In|If|Of)\b)[\w-]+")  # fmt: skip
_NEGATION = re.compile(r"\b(?:not|no|never|without|cannot|except)\b|n['’]t\b", re.IGNORECASE)
_OPENER = re.compile(r"\b(?:what|which|who|why|how|when|where)\b", re.IGNORECASE)

Similarity = Callable[[str, str], float]


class Rewording:
    """Other words for questions, by one chat model.

    Args:
        chat: a model that writes JSON of a given form, as the probe found.
        name: the model's name; who made an item says it.
        similarity: cosine of two texts.
    """

    def __init__(self, chat: BaseChatModel, name: str, similarity: Similarity) -> None:
        self._chat = chat
        self._name = name
        self._similarity = similarity
        self._known: dict[tuple[str, str], Item] = {}

    def reworded(self, item: Item) -> Item:
        """The item with its question in other words; the item itself where no proposal is sound."""
        if not item.stem.endswith("?"):
            return item
        asked = (item.id, item.stem)  # the same question may have another topic in front of it
        if asked not in self._known:
            proposals = self._proposed(reword_question(item.stem), "question")
            sound = (text for text in proposals if rewords(text, item, self._similarity))
            self._known[asked] = self._with_stem(item, next(sound, item.stem))
        return self._known[asked]

    def _with_stem(self, item: Item, stem: str) -> Item:
        if stem == item.stem:
            return item
        made = item_id(item.note, item.kind, stem, item.key, item.options)
        return replace(item, id=made, stem=stem, maker=self._name)

    def _proposed(self, messages: Sequence[BaseMessage], name: str) -> Iterator[str]:
        """What the model proposes, one by one, at most TRIES times; a model that fails proposes nothing.

        A greedy model would say the same again, so later tries are drawn.
        """
        for number in range(TRIES):
            form = {name: {"type": "string", "maxLength": MAX_QUESTION_CHARS}}
            text = self._asked(messages, form, RETRY_TEMPERATURE if number else 0.0).get(name, "")
            yield " ".join(str(text).split())

    def _asked(
        self, messages: Sequence[BaseMessage], properties: Mapping[str, Any], temperature: float = 0.0
    ) -> dict[str, Any]:
        schema = {
            "type": "object",
            "properties": dict(properties),
            "required": list(properties),
            "additionalProperties": False,
        }
        options = {"temperature": temperature, **_in_form(self._chat, schema)}
        try:
            reply = reply_within(
                self._chat, messages, max_tokens=MAX_TOKENS, limit_s=LIMIT_S, options=options
            )
            said = str(reply.text)
            value = json.loads(said[said.index("{") : said.rindex("}") + 1])
        except (ModelError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}


def _in_form(chat: BaseChatModel, schema: Mapping[str, Any]) -> dict[str, Any]:
    """How this chat model is told the form of its answer; nothing where it cannot be told."""
    if getattr(chat, "takes_json_schema", False):
        return {"json_schema": schema}
    if chat._llm_type == "openai-chat":
        form = {"name": "reply", "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": form}}
    return {}


def rewords(text: str, item: Item, similarity: Similarity) -> bool:
    """Whether a text asks what the item asks, in other words.

    Names, numbers, formulas and negations must be the same, no word of the key may have come in, and the meaning must
    be near by its cosine.
    """
    stem = item.stem
    if not text.endswith("?") or len(text) > MAX_QUESTION_CHARS or "\n" in text:
        return False
    if sorted(_EXACT.findall(text)) != sorted(_EXACT.findall(stem)):
        return False
    if bool(_NEGATION.search(text)) != bool(_NEGATION.search(stem)):
        return False
    if _opener(text) != _opener(stem):
        return False
    said, told = set(content_words(text)), set(content_words(stem))
    if (said - told) & (set(content_words(item.key_text)) - told):
        return False
    like = SequenceMatcher(None, plain(text).split(), plain(stem).split()).ratio()
    return like < COPY and similarity(text, stem) >= SAME_MEANING


def _opener(text: str) -> str:
    found = _OPENER.search(text)
    return {"which": "what"}.get(found[0].lower(), found[0].lower()) if found else ""
