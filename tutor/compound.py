"""The questions that one message asks: "What is a VAE and why are its samples blurry?" asks two.

A question is cut only where a second one begins that has a verb of its own: "precision and recall" is one thing, and
"the relationship and the differences" are asked of one pair.
"""

from __future__ import annotations

import re

from tutor.chinese import CJK
from tutor.words import content_words

MOST_QUESTIONS = 3
_AUXILIARY = (
    r"(?:is|are|was|were|do|does|did|can|could|should|would|will|has|have|['’]s|don['’]?t|doesn['’]?t"
    r"|isn['’]?t|aren['’]?t|can['’]?t)"
)
_TELL = r"(?:explain|give|show|list|describe|define|name|compare|tell|summari[sz]e|state|write)"
_WH = r"(?:what|why|how|when|where|who|whose)"
# Where a second question begins.
_BEGINS = (
    rf"{_WH}(?:['’]s\b|\s+{_AUXILIARY}\b|(?=\s*[?.!]*$))"
    r"|(?:in|by|from|at) (?:which|what) \w+(?=\s*[?.!]*$)"
    rf"|(?:what|how)\s+\w+(?:\s+\w+){{0,3}}?\s+{_AUXILIARY}\b"
    r"|how\s+(?:to|(?:it|they|this|that|these|those|its|their|we|you|i|one)\b)"
    r"|(?:what|why|when|where|who)\s+(?:it|they|its|their)\b"
    r"|(?:who|what)\s+(?!and\b|or\b)\w+(?:ed|[^s\W]s)\s+(?:it|them|the|an?|this|that|these|those|its|their)\b"
    rf"|(?:is|are|was|were|do|does|did|can|could|should|will|would)\s+(?:it|they|its|their|there|this|these|i|we|you)\b"
)
_JOINED = re.compile(
    r"\s*[,;]?\s+(?:and|but|&)\s+(?:also\s+|then\s+|so\s+|in that case,?\s+)?"
    rf"(?=(?P<asks>{_BEGINS})|(?P<tells>{_TELL}\s+(?!each\b|every\b|both\b)\w))"
    rf"|[?？]+\s+(?:and\s+|but\s+|also,?\s+)?(?=(?:{_WH}|explain (?:why|how)|(?:give|show)(?: me)? (?:an?|some))\b)"
    rf"|\s*[,;]\s+(?=(?:{_WH})\s+(?:{_AUXILIARY}|exactly)\b)",
    re.IGNORECASE,
)
_CHINESE_ASKS = r"为什么|为何|为啥|怎么|怎样|如何|什么是|是什么|什么时候|何时|是谁|谁|有什么|有哪些|有何"
_CHINESE_JOINED = re.compile(
    r"[，,；;？?。]\s*(?:那么?|以及|还有|并且|而且|又)?\s*(?!我?该)(?=[^，,；;？?。我]{0,8}?"
    rf"(?:{_CHINESE_ASKS})(?!跟|讲|说))|(?:以及|和)(?=它们?(?:{_CHINESE_ASKS}))"
)
_ASKED = re.compile(
    r"^\W*(?:(?:so|ok(?:ay)?|well|hi|hello|please|now|and|but|then),?\s+)*"
    r"(?:(?:can|could|would) you (?:please )?|do you know |tell me |i (?:want|would like) to know |i wonder )?"
    rf"(?:{_TELL}\b|{_WH}['’]s\b|(?:{_WH}|which)\b.*?\b{_AUXILIARY}\b|{_AUXILIARY}\b"
    r"|(?:who|what)\s+\w+(?:ed|[^s\W]s)\s+\w|(?:how|why|what|when|where)\s+(?:an?|the)\s+\w)",
    re.IGNORECASE | re.DOTALL,
)
_IMPERATIVE = re.compile(
    rf"^\W*(?:(?:can|could|would) you (?:please )?|please )?(?:{_TELL}|what(?:['’]s| is| are))\b",
    re.IGNORECASE,
)
# A first part that waits for the second: "between A and what B does", "how to load and show".
_WAITS = re.compile(
    r"\b(?:between|both|either|compare|whether)\b(?!.*\band\b)|\b(?:to|how|why|when|where|if|because)\s*$"
    r"|\bto\s+\w+$|\b(?:and|but) if\b[^,]*$",
    re.IGNORECASE | re.DOTALL,
)
_BARE = re.compile(rf"^({_WH}|(?:in|by|from|at) (?:which|what) \w+)\W*$", re.IGNORECASE)
_LEADING_WH = re.compile(rf"^(\W*){_WH}\b", re.IGNORECASE)
_LEANS = re.compile(r"\b(?:its?|they|them|theirs?|this|that|these|those)\b", re.IGNORECASE)


def questions_in(text: str) -> list[str]:
    """The questions of a message, at most MOST_QUESTIONS, in its words; the message alone where it asks one.

    A bare "and when?" takes its words from the question before: "who invented GANs and when?" also asks "when
    invented GANs?". Pronouns stay, for whoever knows what was said before.
    """
    cut = _CHINESE_JOINED if CJK.search(text) else _JOINED
    found: list[str] = []
    begin = 0
    for join in cut.finditer(text):
        first, rest = text[begin : join.start()].strip(), text[join.end() :].strip()
        if len(found) < MOST_QUESTIONS - 1 and _is_whole(first, join) and _says_something(rest):
            found.append(first)
            begin = join.end()
    last = text[begin:].strip()
    if not found:
        return [text]
    return [*(f"{one.rstrip(' ?？,')}?" for one in found), _filled(last, found[-1])]


def _is_whole(first: str, join: re.Match[str]) -> bool:
    """Whether the words before a cut are a question by themselves."""
    if CJK.search(join.string):
        return bool(re.search(rf"{_CHINESE_ASKS}|解释|介绍|什么", first))
    if join["tells"] and not _IMPERATIVE.match(first):
        return False
    last = re.split(r"[.?!:;]\s+", first)[-1]
    return bool(content_words(first) and _ASKED.match(last) and not _WAITS.search(last))


def _says_something(rest: str) -> bool:
    return bool(content_words(rest) or _LEANS.search(rest) or _BARE.match(rest) or CJK.search(rest))


def _filled(last: str, before: str) -> str:
    """The last question; a bare "when?" with the words of the one before."""
    bare = _BARE.match(last)
    if not bare:
        return last
    asked = before.rstrip(" ?")
    if _LEADING_WH.match(asked):
        return _LEADING_WH.sub(rf"\g<1>{bare[1]}", asked) + "?"
    return f"{bare[1]} {asked[:1].lower()}{asked[1:]}?"
