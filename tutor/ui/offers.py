"""What one tap under an answer says for the student: plain messages that go the way of typed ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tutor.chinese import CJK
from tutor.demo_names import named_demo
from tutor.follow_ups import topic_of
from tutor.words import content_words

_MOST_WORDS = 3
_DEFINES = re.compile(r"^\W*(?:what(?:['’]s| is| are)|define|explain|tell me about)\b", re.IGNORECASE)
_LEVEL = re.compile(r"\W*\b(?:like i['’]?m|to an?|for an?|in simple|simply)\b.*$", re.IGNORECASE)


def offers(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The buttons under an answer: what each shows, and what it says. They lean on the answer above them.

    Args:
        answer: an Answer event. One that was refused has none; a demo or a map is offered only where there is one.
    """
    question = str(answer.get("question") or "")
    if answer.get("refused") or not question:
        return []
    buttons = []
    if answer.get("style") != "eli5":
        buttons.append(("Explain like I'm 5", "Explain that like I'm 5"))
    buttons.append(("Quiz me on this", "Quiz me on this"))
    demo, _ = named_demo(question)
    if demo:
        buttons.append(("Show me", f"Run the {demo} demo"))
    concept = _concept(question, answer)
    if concept:
        buttons.append(("Map", f"Draw a map of the concepts around {concept}"))
    return buttons


def _concept(question: str, answer: Mapping[str, Any]) -> str:
    """What a map can be drawn around: the title of a cited note that the question names, or that alone is cited, or
    what the question wants defined; empty where that is not plain."""
    titles = [str(cited.get("title") or "") for cited in answer.get("citations") or ()]
    asked = set(content_words(question))
    for title in titles:
        words = set(content_words(title))
        if words and words <= asked:
            return title
    topic = (
        _LEVEL.sub("", topic_of(question)) if _DEFINES.match(question) and not CJK.search(question) else ""
    )
    if topic and len(content_words(topic)) <= _MOST_WORDS:
        return topic
    return titles[0] if len(set(titles)) == 1 else ""
