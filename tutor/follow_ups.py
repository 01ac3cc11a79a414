"""Whether a message leans on what was said before, on what, and what a question is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tutor.chinese import CJK
from tutor.compound import questions_in
from tutor.words import content_words, stem

LEADS = re.compile(
    r"^(?:(?:so|and|but|ok(?:ay)?|now|well|please|also|then|hmm|got it)[,.!]?\s+)*"
    r"(?:(?:can|could|would) you (?:please )?|do you know |i wonder |tell me (?:more )?(?:about )?|please "
    r"|help me (?:to )?(?:understand|learn) |i (?:want|need|would like) to (?:know|understand|learn) (?:about )?"
    r"|(?:i have|can i ask(?: you)?) a question (?:about|on) |(?:run|walk|take|talk) me through )*"
    r"(?:(?:explain|describe|define|discuss|summari[sz]e|show|list|give|name|compare)(?: to me| me)?\s+)?"
    r"(?:(?:what|who|which|where|when|why|how)"
    r"(?:['’]s| is| are| was| were| does| do| did| can| could| should| would| many| much)?\s+)?"
    r"(?:(?:invented|introduced|proposed|discovered|developed) )?(?:i |we |you |one )?"
    r"(?:it means?\s+|the (?:meaning|idea|definition|concept|purpose|role|point)"
    r" (?:of|behind)\s+)?",
    re.IGNORECASE,
)
_CHINESE_ASKING = re.compile(
    r"^(?:那么?|请问?|所以|你?能不能|可以|能否|帮我|给我|再)+|(?:请)?(?:解释|介绍|讲|说)(?:一下|讲|说)?|什么是|什么叫|是什么(?:意思)?|什么意思"
    r"|是?怎么(?:样)?(?:理解|工作|训练|用)?(?:的)?|为什么(?:会|要|能)?|为何|如何|有什么用|有哪些|怎么办|怎么(?:避免|解决|修|改)|举(?:个)?例子?|吗|呢|吧|啊|[,，、；;：:]"
)
CHINESE_IT = re.compile(r"它们?|他们|这个|那个")
_CHINESE_LEANS = re.compile(r"它们?|他们|这个?|那个?|还|也|再|更|很|又|\W")
_TAIL = re.compile(
    r"\s+(?:for|stands?|works?|learns?|means?|do|about|happen|happens|come from|good for|used for|useful|important"
    r"|matter|differ|called|look like|arise|occur|is|are|be \w+ed)$",
    re.IGNORECASE,
)
PRONOUN = re.compile(
    r"\b(?:it|its|they|them|their|he|she)\b"
    r"|(?:^|\b(?:is|are|does|do|was|why|how|can|of|for|with|from|to|on|about|explain|avoid|causes?|prevent) )"
    r"(?P<that>this|that|these|those)\b(?! thing called)"
    r"|\b(?P<last>this|that|these|those)(?=\W*$)",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"\b(?:its?|they|them|theirs?|he|she|that|this|those|these|ones?|both|either|neither|same|others?|another|former"
    r"|latter|previous|before|there|else|instead|any ?more|again|middle|result|you (?:said|mentioned|told))\b"
    r"|^\W*(?:and|but|so|then|or|ok|okay|what about|how about|why|really)\b"
    r"|它|他们|她|这个|那个|那么|呢|上面|刚才|前者|后者|第[一二三]",
    re.IGNORECASE,
)
_CONTEXT_CHARS = 600
_EMPTY_IT = re.compile(
    r"\b(?:is|was) it (?:true|possible|correct|right|necessary|better|best|easy|hard|important|a fact|ok(?:ay)?) "
    r"(?:that|to|for|if)\b",
    re.IGNORECASE,
)
_NEW_CLAUSE = re.compile(
    r"\b(?:and|but|when|while|because|if|so|after|before|once|until|that|which)\b|,", re.IGNORECASE
)
ONE = re.compile(
    r"\bthe (first|second|third|fourth|last|former|latter)"
    r"(?:\s+one\b|(?=\s*[?.!,]*$)|(?=\s+(?:works?|means?|does?|is|are)\b))",
    re.IGNORECASE,
)
ABOUT = re.compile(r"^\W*(?:(?:and|but|so|then) )?(?:what|how) about\s+|^\W*(?:and|but)\s+", re.IGNORECASE)
OTHER = re.compile(r"^\W*(?:(?:and|but|so|then|ok(?:ay)?) )?(?:what|how) about ([^,?.!]+)", re.IGNORECASE)
ASKS = re.compile(
    r"^\W*(?:what|who|which|where|when|why|how|is|are|does|do|did|can|could|should|would|will|was|were|has|have"
    r"|explain|show|give"
    r"|tell|list|name|compare|describe)\b",
    re.IGNORECASE,
)
MORE = re.compile(
    r"^\W*(?:(?:can|could) you )?(?:(?:tell|say|explain)(?: me| it)? )?(?:more|go on|continue|further|again"
    r"|elaborate|really|another one|in more detail)\W*$",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"^\W*(?:what(?:['’]s| is| are)|explain|define|describe|tell me about)\s+(?:an?\s+|the\s+)?",
    re.IGNORECASE,
)
ASPECTS = frozenset(
    stem(word)
    for word in """example examples formula formulas equation code analogy math maths mathematics proof derivation
    picture detail details summary advantage advantages disadvantage disadvantages application applications type types
    remedy remedies symptom symptoms step steps reference references source sources paper papers history python pytorch
    objective definition limit limits cause causes reason reasons intuition pros cons catch problem problems point idea
    downside downsides benefit benefits drawback drawbacks goal trick cost risk risks purpose use strength strengths
    weakness weaknesses""".split()
)
_VERB = re.compile(
    r"\s(?:is|are|means?|uses?|lets?|shows?|gives?|makes?|has|have|takes?|push(?:es)?|keeps?|needs?|learns?)\b"
)


@dataclass(frozen=True)
class Said:
    """An earlier message of the conversation: role "user" or "assistant"."""

    role: str
    content: str


def topic_of(question: str) -> str:
    """The thing a question is about, the first of several: its words without the asking ones."""
    text = questions_in(question)[0].strip().rstrip("?!.？！。 ")
    if CJK.search(text):
        return _CHINESE_ASKING.sub(" ", text).strip() or text
    rest = LEADS.sub("", text, count=1)
    previous = ""
    while previous != rest:
        previous, rest = rest, _TAIL.sub("", rest).strip(" ,")
    rest = re.sub(r"^(?:an?|the)\s+", "", rest, flags=re.IGNORECASE)
    return rest if content_words(rest) else text


def needs_context(text: str) -> bool:
    if CJK.search(text):
        return len(_CHINESE_LEANS.sub("", _CHINESE_ASKING.sub("", text))) <= 1
    content = content_words(LEADS.sub("", text, count=1))
    if not content or MORE.match(text) or set(content) <= ASPECTS:
        return True
    if pronoun_in(text) or ONE.search(text):
        return len(content) <= 6
    rest = ABOUT.sub("", text)
    return rest != text and not ASKS.match(rest) and len(content) <= 4


def context_of(text: str, history: Sequence[Said]) -> str:
    """The last question and its answer, where a message may lean on them; search weighs how much it does."""
    if not _LEANS.search(text):
        return ""
    last = {turn.role: turn.content for turn in history}
    return "\n".join(last[role] for role in ("user", "assistant") if role in last)[:_CONTEXT_CHARS]


def pronoun_in(text: str) -> re.Match[str] | None:
    """The first pronoun that stands for something said before, not for a word of this very message."""
    empty = _EMPTY_IT.search(text)
    for found in PRONOUN.finditer(text):
        if empty and empty.start() <= found.start() < empty.end():
            continue
        begin = place_of(found)[0]
        before = LEADS.sub("", text[:begin], count=1)
        if content_words(before) and (
            found.group().lower() in ("its", "their") or _NEW_CLAUSE.search(before)
        ):
            continue
        return found
    return None


def place_of(pronoun: re.Match[str]) -> tuple[int, int]:
    return pronoun.span("that" if pronoun["that"] else "last" if pronoun["last"] else 0)


def other_thing(thing: str, asked: str, topic: str) -> tuple[str, str]:
    """ "What about WGAN?": the last question asked of another thing, or of the same in another place."""
    if re.match(r"(?:in|for|with|on|at|during|without)\b", thing, re.IGNORECASE):
        return f"{asked.rstrip('?.! ')} {thing}?", topic_of(f"{topic} {thing}")
    if _DEFINES.sub("", asked).rstrip("?.! ").lower() == topic.lower():
        return f"What is {thing}?", topic_of(thing)
    return f"{thing} ({topic})?", topic_of(thing)


def listed(which: str, history: Sequence[Said]) -> str:
    """The item of the last list that the tutor gave: "the second one"."""
    answer = next((turn.content for turn in reversed(history) if turn.role == "assistant"), "")
    items = re.findall(r"^\s*(?:[-*•]|\d+[.)])\s+\**([^:.\n*\[]{2,60})", answer, re.MULTILINE)
    place = {"first": 0, "former": 0, "second": 1, "third": 2, "fourth": 3, "last": -1, "latter": -1}[
        which.lower()
    ]
    return re.split(r",\s", _VERB.split(items[place])[0])[0].strip() if len(items) > max(place, 0) else ""
