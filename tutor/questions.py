"""The student's words -> what is asked: the intent, the level, the topic, and the question that stands alone.

All of it is code: a small model that rewrites questions loses more of them than these rules do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tutor.turns import Style
from tutor.words import content_words

Intent = Literal["explain", "quiz", "demo", "greeting", "thanks", "help"]

_ELI5 = re.compile(
    r",?\s*\b(?:(?:explain(?: it| that| this)?|tell me|say it|again)?\s*(?:to me\s*)?"
    r"(?:like|as if|as though|as)\s+(?:i['’]?m|i am|i were|i was|to)\s*(?:only\s*)?(?:a\s*)?(?:5|five)"
    r"(?:[- ]years?[- ]olds?)?|eli5|(?:to|for) (?:a|my) (?:5|five)[- ]year[- ]old|(?:to|for) a (?:child|kid)"
    r"|in (?:very )?(?:simple|plain) (?:words|terms|language))\b[.!]?",
    re.IGNORECASE,
)
_EXPERT = re.compile(
    r",?\s*\b(?:(?:like|as) (?:to )?an expert|for experts?|at expert level|in depth|in full detail|rigorously|mathematically"
    r"|with (?:all )?the math(?:s|ematics)?)\b[.!]?",
    re.IGNORECASE,
)
_QUIZ = re.compile(
    r"\b(?:quiz|test|examine) (?:me|my)\b|\b(?:give|make|ask|start|do) (?:me )?(?:a |an |some |few |\d+ )*"
    r"(?:quiz|test questions?|quiz questions?|questions? (?:on|about|to test))\b|^\s*quiz\b",
    re.IGNORECASE,
)
_DEMO_VERB = re.compile(
    r"^(?:please |now |ok(?:ay)?,? |can you |could you |would you |i want to |i'd like to |let me |let's )*"
    r"(show|run|start|launch|train|demo(?:nstrate)?|watch|see|simulate)\b(?: me)?",
    re.IGNORECASE,
)
_DEMO_WORD = re.compile(
    r"\b(?:demos?|training|train|live|in action|running|simulation|2-?d|learning)\b", re.IGNORECASE
)
_DEMOS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("mode-collapse", re.compile(r"\bmode[- ]collaps\w*", re.IGNORECASE)),
    ("diffusion-2d", re.compile(r"\b(?:diffusion|denoising|flow matching)\b", re.IGNORECASE)),
    ("gan-2d", re.compile(r"\b(?:gans?|generator|discriminator|adversarial)\b", re.IGNORECASE)),
)
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|good (?:morning|evening|afternoon)|你好)\b[\s\w]{0,12}\W*$", re.IGNORECASE
)
_THANKS = re.compile(
    r"^\W*(?:thanks?|thank you|thx|great|cool|ok(?:ay)?|got it|i see|bye|goodbye|谢谢)\b.{0,20}$",
    re.IGNORECASE,
)
_HELP = re.compile(
    r"^\W*(?:help|what can you do|what can i ask|who are you|what are you|how do you work|what do you know|which topics.*)\W*$",
    re.IGNORECASE,
)
_LEADS = re.compile(
    r"^(?:(?:so|and|but|ok(?:ay)?|now|well|please|also|then|hmm|got it)[,.!]?\s+)*"
    r"(?:(?:can|could|would) you (?:please )?|do you know |i want to know |i wonder |tell me (?:more )?(?:about )?|please )*"
    r"(?:(?:explain|describe|define|discuss|summari[sz]e|show|list|give|name|compare)(?: to me| me)?\s+)?"
    r"(?:(?:what|who|which|where|when|why|how)(?:['’]s| is| are| was| were| does| do| did| can| could| should| would| many| much)?\s+)?"
    r"(?:i |we |you |one )?(?:it means?\s+|the (?:meaning|idea|definition|concept|purpose|role|point) (?:of|behind)\s+)?",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s+(?:work|works|mean|means|do|about|happen|happens|come from|good for|used for|useful|important|matter|differ"
    r"|called|look like|arise|occur|be \w+ed)$",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:it|its|they|them|their|this|that|these|those|he|she)\b(?!\s+(?:possible|true that))", re.IGNORECASE
)
_ONE = re.compile(
    r"\bthe (first|second|third|fourth|last|former|latter)(?: one)?\b(?!\s+\w+ing)", re.IGNORECASE
)
_FOLLOW_UP = re.compile(
    r"^\W*(?:and|but|so|why|how so|how come|really|more|again|go on|for example|an? example|give me (?:an?|another|some) examples?|what about|how about)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Question:
    """What the student asks.

    Attributes:
        text: the question that stands alone, without the words that only set the level.
        topic: the thing it is about, as a phrase.
        demo: for intent "demo", what is to be shown: "gan-2d", "diffusion-2d" or "mode-collapse".
        count: for intent "quiz", the number of questions asked for, else None.
    """

    text: str
    intent: Intent
    style: Style
    topic: str
    demo: str = ""
    count: int | None = None


@dataclass(frozen=True)
class Said:
    """An earlier message of the conversation: role "user" or "assistant"."""

    role: str
    content: str


def understand(message: str, history: Sequence[Said] = (), style: Style | None = None) -> Question:
    """What a message asks for, in the light of the conversation so far.

    Args:
        message: the student's words.
        history: the turns before it, oldest first.
        style: the level chosen on the page; words in the message that set a level win.
    """
    text = " ".join(message.split())
    level: Style = style or "plain"
    if _ELI5.search(text):
        level, text = "eli5", _ELI5.sub("", text).strip(" ,")
    elif _EXPERT.search(text):
        level, text = "expert", _EXPERT.sub("", text).strip(" ,")
    intent = _intent(text)
    if intent in ("greeting", "thanks", "help"):
        return Question(text, intent, level, "")
    standalone = _stand_alone(text, history)
    if intent == "quiz":
        topic = _quiz_topic(text) or _last_topic(history)
        return Question(text, intent, level, topic, count=_count(text))
    if intent == "demo":
        return Question(text, intent, level, topic_of(text), demo=_demo(text))
    return Question(standalone, "explain", level, topic_of(standalone))


def topic_of(question: str) -> str:
    """The thing a question is about: its words without the asking ones."""
    text = question.strip().rstrip("?!. ")
    rest = _LEADS.sub("", text, count=1)
    previous = ""
    while previous != rest:
        previous, rest = rest, _TAIL.sub("", rest).strip(" ,")
    rest = re.sub(r"^(?:an?|the)\s+", "", rest, flags=re.IGNORECASE)
    return rest if content_words(rest) else text


def _intent(text: str) -> Intent:
    if _GREETING.match(text):
        return "greeting"
    if _HELP.match(text):
        return "help"
    if _QUIZ.search(text):
        return "quiz"
    if _demo(text):
        return "demo"
    return "thanks" if _THANKS.match(text) and "?" not in text and len(text.split()) <= 5 else "explain"


def _demo(text: str) -> str:
    """The demo that the student's own words ask to run; a question about training asks for none."""
    verb = _DEMO_VERB.match(text)
    if not verb:
        return ""
    rest = text[verb.end() :]
    for name, pattern in _DEMOS:
        found = pattern.search(rest)
        if not found:
            continue
        strong = verb.group(1).lower() in (
            "run",
            "start",
            "launch",
            "train",
            "simulate",
            "demo",
            "demonstrate",
        )
        short = len(content_words(rest)) <= 2 + (name == "mode-collapse")
        if strong or _DEMO_WORD.search(rest) or (short and verb.group(1).lower() in ("show", "see", "watch")):
            return name
    return ""


def _quiz_topic(text: str) -> str:
    found = re.search(r"\b(?:on|about|of|in|over)\s+(?:the\s+)?(.+?)[?.!]*$", text, re.IGNORECASE)
    if found:
        topic = re.sub(
            r"\b(?:please|with \d+ questions?|now)\b", "", found.group(1), flags=re.IGNORECASE
        ).strip()
        return "" if _PRONOUN.fullmatch(topic) else topic
    rest = re.sub(_QUIZ, "", text)
    return rest.strip(" .!?:") if content_words(rest) else ""


def _count(text: str) -> int | None:
    found = re.search(r"\b(\d{1,2})\b(?=\s+(?:\w+\s+)?(?:questions?|items?|cards?))", text)
    return int(found.group(1)) if found else None


def _last_topic(history: Sequence[Said]) -> str:
    """The topic of the last question of the student's that had one."""
    said = [turn.content for turn in history if turn.role == "user"]
    for i in range(len(said) - 1, -1, -1):
        text = _ELI5.sub("", _EXPERT.sub("", said[i])).strip(" ,")
        if _intent(text) == "quiz" and _quiz_topic(text):
            return _quiz_topic(text)
        if _intent(text) not in ("explain", "demo") or not content_words(text):
            continue
        if _needs_context(text) and i > 0:
            continue
        return topic_of(text)
    return ""


def _needs_context(text: str) -> bool:
    content = content_words(_LEADS.sub("", text, count=1))
    if not content:
        return True
    if _PRONOUN.search(text) or _ONE.search(text):
        return len(content) <= 6
    return bool(_FOLLOW_UP.match(text)) and len(content) <= 1


def _stand_alone(text: str, history: Sequence[Said]) -> str:
    """The question with what its pronouns stand for, or with the last topic when it names none."""
    topic = _last_topic(history)
    if not topic or not _needs_context(text):
        return text
    which = _ONE.search(text)
    item = _listed(which.group(1), history) if which else ""
    if which and item:
        return text[: which.start()] + item + text[which.end() :]
    if not content_words(_LEADS.sub("", text, count=1)) and not _PRONOUN.search(text):
        asks = text.strip(" ?.!")
        return f"{asks} {topic}?" if asks else f"Explain {topic}"
    found = _PRONOUN.search(text)
    if found:
        owner = "'s" if found.group().lower() in ("its", "their") else ""
        return text[: found.start()] + topic + owner + text[found.end() :]
    return f"{text.rstrip('?. ')} ({topic})?"


def _listed(which: str, history: Sequence[Said]) -> str:
    """The item of the last list that the tutor gave: "the second one"."""
    answer = next((turn.content for turn in reversed(history) if turn.role == "assistant"), "")
    items = re.findall(r"^\s*(?:[-*•]|\d+[.)])\s+\**([^:.\n*]{2,60})", answer, re.MULTILINE)
    place = {"first": 0, "former": 0, "second": 1, "third": 2, "fourth": 3, "last": -1, "latter": -1}[
        which.lower()
    ]
    return items[place].strip() if len(items) > max(place, 0) else ""
