"""What a message is while a quiz question is open: an answer, or something that must not be graded."""

from __future__ import annotations

import re
from typing import Literal

ReplyKind = Literal["answer", "skip", "stop", "hint", "dont_know", "question"]

_QUIZ = r"(?: (?:it|now|here|please|(?:the |this )?quiz|for now))*"
_HELP = r"(?:hint|clue|tip|help)s?"
_COMMANDS: tuple[tuple[ReplyKind, re.Pattern[str]], ...] = (
    ("skip", re.compile(
        r"/?(?:please )?(?:skip|pass|next)(?: (?:it|this|that|one|this one|(?:the |this )?(?:next )?"
        r"question))?(?: please)?|跳过|下一题"
    )),
    ("stop", re.compile(
        rf"/?(?:please )?(?:stop|quit|exit|end|cancel|enough|finish|abort){_QUIZ}|that'?s enough|"
        rf"(?:i (?:want|would like|'?d like) to|let'?s) (?:stop|quit|end){_QUIZ}|no more(?: questions)?|"
        rf"(?:i'?m|i am) (?:done|finished|through){_QUIZ}(?: with (?:it|this|the quiz))?|"
        r"停止?|结束|退出"
    )),
    ("hint", re.compile(
        rf"/?(?:a |another |one more |please )?{_HELP}(?: me)?(?: please)?|"
        r"(?:please )?(?:(?:can|could) you |(?:can|could|may) i )?(?:please )?"
        rf"(?:give me|get|have|show me|i need|need)(?: a| another| some| one more)? {_HELP}(?: please)?|提示"
    )),
)  # fmt: skip
_DONT_KNOW = re.compile(
    r"\b(?:(?:i )?(?:really |honestly |just )*(?:do not|don'?t|dont) (?:really |actually )*"
    r"(?:know|remember|recall|have (?:a clue|any idea|an idea))|i (?:forgot|forget|have forgotten)|idk|"
    r"(?:i )?dunno|(?:i have |i'?ve )?(?:got )?(?:no|not a) (?:idea|clue)|(?:i'?m |i am )?not sure|"
    r"(?:i )?give up|can'?t (?:remember|recall|say)|tell me the answer|show (?:me )?the answer|beats me)\b|"
    r"我?(?:真的?|也|还)?(?:不知道|不清楚|不会|忘了|不记得)"
)
_FILLER = frozenset(
    re.findall(
        r"\w+",
        "i it this that the a an at all sorry hmm um uh well ok so no really about question answer honestly "
        "just one please me what is was are yet of to",
    )
)
_OPENER = re.compile(
    r"^(?:(?:wait|hold on|hm+|um+|uh|so|but|and|hey|well|sorry|actually|btw|ok(?:ay)?)\b[,.!…\s]+)+(?=\w)"
)
_ASKS = re.compile(
    r"^(?:what (?:do you mean|is meant|does .{1,60} mean)|(?:can|could|would) you\b|"
    r"i (?:do not|don'?t) understand|"
    r"(?:please )?(?:explain|clarify|rephrase|repeat|define|list|show me|tell me(?! the answer))\b|"
    r"/?why$|huh$|sorry$|what$|什么意思)|"
    r"^(?:what|which|who|whose|where|when|why|how|do you|does|did you|can i|could i|should i|is there|am i|"
    r"may i|are there)\b.*[?？]\s*$|(?:什么|吗|怎么).*[?？]$",
    re.DOTALL,
)


def reply_kind(text: str) -> ReplyKind:
    """What a message is while a question is open; only "answer" and "dont_know" may be graded.

    Empty messages, questions of the student's own and `why` are "question". A guess in the form of a question
    ("is it the generator?") and a guess after "not sure" are answers.
    """
    said = re.sub(r"\s+", " ", text.replace("’", "'").strip().lower())
    said = _OPENER.sub("", said) or said
    bare = said.strip(" .!。！")
    if not re.search(r"\w", bare):
        return "question"
    for kind, pattern in _COMMANDS:
        if pattern.fullmatch(bare.rstrip("?？ ")):
            return kind
    if _DONT_KNOW.search(bare):
        rest = re.findall(r"\w+", _DONT_KNOW.sub(" ", bare))
        if not [word for word in rest if word not in _FILLER]:
            return "dont_know"
    return "question" if _ASKS.search(bare) else "answer"
