"""Whether a message leans on what was said before, on what, and what a question is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tutor.chinese import CJK
from tutor.compound import questions_in
from tutor.words import content_words, stem, without_article

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
EMPTY_IT = re.compile(
    r"\b(?:is|was) it (?:true|possible|correct|right|necessary|better|best|easy|hard|important|a fact|ok(?:ay)?) "
    r"(?:that|to|for|if)\b",
    re.IGNORECASE,
)
_NEW_CLAUSE = re.compile(
    r"\b(?:and|but|when|while|because|if|so|after|before|once|until|that|which)\b|,", re.IGNORECASE
)
ONE = re.compile(
    r"\bthe (first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th|last|former|latter)"
    r"(?:\s+one\b|(?=\s*[?.!,]*$)|(?=\s+(?:works?|means?|does?|is|are)\b)|(?<=former)|(?<=latter))",
    re.IGNORECASE,
)
PLACES = {
    word: place
    for place, names in enumerate(("first 1st former", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th"))
    for word in names.split()
} | {"last": -1, "latter": -1}
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
_ANY_VERB = re.compile(r"(?<=\w)\s[a-z]+s\b")
_LONG_ITEM = 5  # words

# -- what leans on what
FILLER = re.compile(
    r"^(?:\W*\b(?:so|and|but|ok(?:ay)?|now|well|then|also|hmm+|wait|ah|oh|hey|right|cool|alright|thanks|thx|lol)\b[,.!]?)+\s+",
    re.I,
)
BACK = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|so|and|now|let['’]?s)\W+)*(?:(?:go|come|get|going|coming) )?back to\s+"
    r"(?P<topic>[^:,.?!]+?)\s*(?:[:,.?!]\s*|$)",
    re.I,
)
CORRECTS = re.compile(
    r"^\W*(?:(?:no|nope|sorry|wait|oops|not that)\b\W*)+(?:but )?"
    r"(?:i (?:meant?|was asking about)|i['’]m asking about|what about|rather)?\s*"
    r"|^\W*i (?:actually )?meant\s+",
    re.I,
)
OTHER_ONE = re.compile(
    r"\bthe (?:other|second|remaining) (?:ones?|two|term|part|way|kind|side|thing|network"
    r"|half|step|method|metric|model)\b"
    r"|\bthe others?(?=\W*$|\s+(?:is|are|does|do|can|has|have)\b)",
    re.I,
)
BOTH = re.compile(
    r"\b(?:the two(?: of them)?|them both|they both|both(?: of (?:them|these|those))?|these two|those two|each other"
    r"|either(?: of them)?|each of them)\b",
    re.I,
)
THEY = re.compile(r"\b(?:they|them|these|those)\b(?=\W|$)", re.I)
WHICH = re.compile(
    r"\b(?:which|what)(?: one| of (?:them|these|those|the two|both))?\s+(?:is|are|was|were|can|should|would|will"
    r"|does|do|has|have|makes?|gives?|needs?|takes?|works?|uses?|costs?|runs?|trains?|spreads?|drops?|falls?|rises?|grows?|wins?|learns?"
    r"|samples?|forgets?|came|suits?|fits?|goes|did)\b(?! (?:it|that|this|there|mean)\b)",
    re.I,
)
WHICH_ONE = re.compile(r"\bwhich (?:one|of (?:them|these|those|the two|both))\b|^\W*which\b", re.I)
COMPARES = re.compile(
    r"\bdiffer\w*\b|\bcompar\w+|\b(?:better|worse|faster|slower|cheaper|easier|harder|sharper)\b(?!\s+than\b)"
    r"|区别|差别|不同|比较|对比|哪个|哪种",
    re.I,
)
# What compares with one thing alone: the other is that of the talk.
AGAINST = re.compile(
    r"^\W*(?:(?:and|but|so|then|ok(?:ay)?|now)\W+)*(?:(?:what|how) about\s+)?"
    r"(?:(?:as |when )?compared?(?: to| with| against)|in (?:comparison|contrast)(?: to| with)|as opposed to"
    r"|relative to|versus|vs\.?|against|contrast(?:ed)? with"
    r"|(?:what(?:['’]?s| is| are) )?(?:the )?(?:main |key )?(?:diff(?:erences?)?|different) (?:to|from|with)"
    r"|(?P<than>(?:better|worse|faster|slower|cheaper|easier|harder|sharper|simpler) than))"
    r"\s+(?P<thing>(?!(?:it|that|this|them|these|those|what|which|how|why)\b)[^,;:?.!]{2,60}?)\W*$",
    re.IGNORECASE,
)
BARE_WHY = re.compile(
    r"^(?:why|how come|why (?:is|was) (?:that|it|this)(?: so)?|why so|why (?:not|then)|really|how so|since when"
    r"|how (?:exactly|then))$",
    re.I,
)
LEANING = re.compile(
    r"\b(?:this|that|these|those|same|too|either|as well|there|here|it|its|they|them|their|so|then|instead|other|else"
    r"|another|again|before|previous|both)\b",
    re.I,
)
SHIFTS = re.compile(
    r"^\W*(?:what|how) about\b.*\b(?:then|now|instead)\W*$|^\W*(?:ok|okay|now|next)\W+(?:what|how) about\b",
    re.I,
)
ASKS_TO = re.compile(r"^(?:(?:can|could|would) you|please|explain|tell me)\b", re.I)
DUE = re.compile(r",?\s*\b(?:then|though|again|anyway|now|exactly|too|as well)\s*$", re.I)
CHINESE_THEY = re.compile(r"它们|他们|两者|二者|这两个|这两种")
CHINESE_WHICH = re.compile(r"哪个|哪种|哪一个")
# Where a language has one word for each of two parts, "the other one" is the partner.
PARTNERS = tuple(
    pair.split("/")
    for pair in (
        "generator/discriminator encoder/decoder forward/reverse precision/recall generative/discriminative "
        "prior/posterior query/key linear/cosine dense/lexical dense/sparse max/average E/M client/server"
    ).split()
)
KIND = re.compile(r"\bthe (?!other\b|same\b|last\b)([\w-]{2,}) (?:ones?|version|kind|variant)\b", re.I)
THAT = re.compile(
    r"\b(?P<that>this|that)(?P<last>)"
    r"(?:(?<=n['’]t that)|(?<=n['’]t this)|(?=\s+(?:if|when|for|in|with|at all|then|too|help|work)\b))",
    re.I,
)
OPENS = re.compile(r"^(?:and |so |but )?(?:what|how) (?:is|are|do|does|did|can)\s+(?:an?\s+|the\s+)?", re.I)
PLACE = re.compile(r"(?:in|for|with|on|at|during|without|to|if|when|from|as)\b", re.I)
WHAT_ABOUT = re.compile(r"\b(?:what|how) about\b", re.I)
ASKS_NAME = re.compile(
    r"\b(?:names? (?:for|of)|called|call (?:it|that|this)|is there an?|are there any)\b", re.I
)
ASKS_LIST = re.compile(
    r"\b(?:lists?|names?|kinds?|types?|which|what are|ways|remed\w+|steps|parts|components|versions|examples|roles"
    r"|methods|metrics)\b|哪些|几种",
    re.I,
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
    rest = without_article(rest)
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
    empty = EMPTY_IT.search(text)
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
    if is_definition(asked, topic):
        return f"What is {thing}?", topic_of(thing)
    return f"{thing} ({topic})?", topic_of(thing)


def is_definition(asked: str, topic: str = "") -> bool:
    """Whether a question asks what a thing is, and nothing more.

    Args:
        topic: the thing; any when empty.
    """
    rest = _DEFINES.sub("", asked.strip())
    if topic:
        return rest.rstrip("?.! ").lower() == topic.lower()
    return (rest != asked.strip() or " " not in rest) and not re.search(
        r"\b(?:of|for|in|with|between|when|if|to|from|by|and)\b", rest
    )


def items_in(answer: str) -> list[str]:
    """What each item of the list in an answer is about."""
    items = re.findall(r"^\s*(?:[-*•]|\d+[.)])\s+\**([^:.\n*\[]{2,60})", answer, re.MULTILINE)
    names = [re.split(r",\s", _VERB.split(item)[0])[0].strip() for item in items]
    return [_ANY_VERB.split(name)[0] if len(name.split()) > _LONG_ITEM else name for name in names]


def listed(which: str, history: Sequence[Said]) -> str:
    """The item of the last list that the tutor gave: "the second one"."""
    items = items_in(next((turn.content for turn in reversed(history) if turn.role == "assistant"), ""))
    place = PLACES[which.lower()]
    return items[place] if len(items) > max(place, 0) else ""
