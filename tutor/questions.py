"""The student's words -> what is asked: the intent, the level, the topic, and the question that stands alone.

All of it is code: a small model that rewrites questions loses more of them than these rules do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from tutor.chinese import CJK
from tutor.intents import ANSWERED, Intent, intent_of, is_quiet, level_of, without_level, without_quiz
from tutor.turns import STYLES, Style
from tutor.words import content_words, stem

# How students write -> the words of the notes.
_SHORTHAND = tuple(
    (re.compile(rf"\b(?:{said})\b", re.IGNORECASE), plain)
    for said, plain in (
        ("gimme", "give me"),
        ("pros and cons|pros & cons", "strengths and weaknesses"),
        ("advantages and disadvantages|ups and downs", "strengths and weaknesses"),
        (
            "mak(?:e|es|ing) (?:stuff|things|facts|it) up|mak(?:e|es|ing) up (?:stuff|things|facts)",
            "hallucinate",
        ),
        ("what(?:'?s| is) the diff", "what is the difference"),
        (
            "the same (?:pics?|picture|image|output)(?: over and over| again and again)?",
            "the same image (mode collapse)",
        ),
        ("(?:pic|img)(s?)", r"image\1"),
        ("what even", "what"),
        ("w/", "with"),
    )
)
_PUZZLED = re.compile(
    r"^\W*(?:sorry,? |but |hm+,? )?"
    r"(?:i (?:still )?(?:do not|don['’]?t|dont|didn['’]?t|didnt) (?:really )?(?:get|understand)"
    r"(?: (?:it|that|this|you))?|what did you just say|huh|too (?:hard|complicated)|simpler(?: please)?"
    r"|explain (?:it )?(?:more )?simply)\W*(?:i (?:do not|don['’]?t|dont) get it\W*)?$",
    re.IGNORECASE,
)

_DEMO_VERB = re.compile(
    r"^(?:please |now |ok(?:ay)?,? |can you |could you |would you |i want to |i'd like to |let me |let's )*"
    r"(show|run(?!(?: me| us)? (?:through|down))|start|launch|train|demo(?:nstrate)?|watch|(?<!^)see"
    r"|simulate)\b(?: me)?",
    re.IGNORECASE,
)
_DEMO_WORD = re.compile(
    r"\b(?:demos?|training|train|live|in action|running|simulation|2-?d|learning)\b", re.IGNORECASE
)
_NO_DEMO = re.compile(
    r"\b(?:how|what|why|which|who|that|whether|difference|formulas?|equations?|code|loss|maths?|definition"
    r"|derivation|proof"
    r"|papers?|notes?|architecture|pytorch|implementation|advantages|types|kinds|questions?|examples?|my|our"
    r"|me to|dynamics)\b",
    re.IGNORECASE,
)
_CHINESE_DEMO = re.compile(
    r"演示(?!什么)|(?:跑|运行|训练)(?:一下|一个|个|一遍).{0,12}(?:GAN|扩散|模型|模式)|(?:现场|实时).{0,6}(?:看|训练)",
    re.IGNORECASE,
)
_NAMES_DEMO = re.compile(r"\bdemos?\b", re.IGNORECASE)
_AGAIN = re.compile(
    r"^(?:run|start|launch|simulate|show)(?: me)? (?:it|that|this)\b(?: again| now| live| to me)*\W*$", re.I
)
_STRONG = ("run", "start", "launch", "train", "simulate", "demo", "demonstrate")
_DEMOS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("mode-collapse", re.compile(r"\bmode[- ]collaps\w*|模式崩[溃塌]", re.IGNORECASE)),
    ("diffusion-2d", re.compile(r"\b(?:diffusion|denoising|flow matching)\b|扩散", re.IGNORECASE)),
    (
        "gan-2d",
        re.compile(
            r"(?<![a-z])gans?(?![a-z])|\b(?:generator|discriminator|adversarial)\b|对抗网络", re.IGNORECASE
        ),
    ),
)
_MAP_OF = re.compile(
    r".*\b(?:about|around|on)\s+(.+?)(?:\s+please)?\W*$|.*?\b(?:of|for)\s+(.+?)(?:\s+please)?\W*$",
    re.IGNORECASE,
)
_MAP_ALL = re.compile(
    r"\b(?:all|everything|topics|concepts|notes|library|ideas|themes|terms|things|whole|me|course|chapters?)\b",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:(?:hi|hello|hey|good (?:morning|evening|afternoon))(?: there| tutor)?"
    r"|great(?: question| answer)?|thanks?(?: you)?|cool|nice|ok(?:ay)?|i see|got it|perfect)\s*[,.!:;]+\s+(?=\w)",
    re.IGNORECASE,
)
_POLITE = re.compile(r"^please,?\s+|,?\s+please(?=\W*$)", re.IGNORECASE)
_LEADS = re.compile(
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
    r"|是?怎么(?:样)?(?:理解|工作|训练|用)?(?:的)?|为什么(?:会|要|能)?|为何|如何|有什么用|有哪些|吗|呢|吧|啊|[,，、；;：:]"
)
_TAIL = re.compile(
    r"\s+(?:work|works|learns?|mean|means|do|about|happen|happens|come from|good for|used for|useful|important|matter"
    r"|differ|called|look like|arise|occur|is|are|be \w+ed)$",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:it|its|they|them|their|he|she)\b"
    r"|(?:^|\b(?:is|are|does|do|was|why|how|can|of|for|with|from|to|on|about|explain|avoid|causes?|prevent) )"
    r"(?P<that>this|that|these|those)\b(?! thing called)",
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
# How probable a guessed intent must be, and one that runs a tool or leaves the notes aside.
_LIKELY, _SURE = 0.35, 0.5
_EMPTY_IT = re.compile(
    r"\b(?:is|was) it (?:true|possible|correct|right|necessary|better|best|easy|hard|important|a fact|ok(?:ay)?) "
    r"(?:that|to|for|if)\b",
    re.IGNORECASE,
)
_NEW_CLAUSE = re.compile(
    r"\b(?:and|but|when|while|because|if|so|after|before|once|until|that|which)\b|,", re.IGNORECASE
)
_ONE = re.compile(
    r"\bthe (first|second|third|fourth|last|former|latter)"
    r"(?:\s+one\b|(?=\s*[?.!,]*$)|(?=\s+(?:works?|means?|does?|is|are)\b))",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"^\W*(?:(?:and|but|so|then) )?(?:what|how) about\s+|^\W*(?:and|but)\s+", re.IGNORECASE)
_ASKS = re.compile(
    r"^\W*(?:what|who|which|where|when|why|how|is|are|does|do|did|can|could|should|would|will|was|were|has|have"
    r"|explain|show|give"
    r"|tell|list|name|compare|describe)\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"^\W*(?:(?:can|could) you )?(?:(?:tell|say|explain)(?: me| it)? )?(?:more|go on|continue|further|again"
    r"|elaborate|really|another one|in more detail)\W*$",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"^\W*(?:what(?:['’]s| is| are)|explain|define|describe|tell me about)\s+(?:an?\s+|the\s+)?",
    re.IGNORECASE,
)
_ASPECTS = frozenset(
    stem(word)
    for word in """example examples formula formulas equation code analogy math maths mathematics proof derivation
    picture detail details summary advantage advantages disadvantage disadvantages application applications type types
    remedy remedies symptom symptoms step steps reference references source sources paper papers history python pytorch
    objective definition limit limits cause causes reason reasons intuition pros cons""".split()
)
_VERB = re.compile(
    r"\s(?:is|are|means?|uses?|lets?|shows?|gives?|makes?|has|have|takes?|push(?:es)?|keeps?|needs?|learns?)\b"
)


@dataclass(frozen=True)
class Question:
    """What the student asks.

    Attributes:
        text: the question that stands alone, without the words that only set the level.
        topic: the thing it is about, as a phrase.
        context: what was asked and answered before, where the message leans on it; else empty.
        demo: for intent "demo", what is to be shown: "gan-2d", "diffusion-2d" or "mode-collapse".
        count: for intent "quiz", the number of questions asked for, else None.
    """

    text: str
    intent: Intent
    style: Style
    topic: str
    context: str = ""
    demo: str = ""
    count: int | None = None


@dataclass(frozen=True)
class Said:
    """An earlier message of the conversation: role "user" or "assistant"."""

    role: str
    content: str


# A message -> what it may ask for ("quiz", "eli5", "talk" ...), each with its probability.
Guess = Callable[[str], Mapping[str, float]]


def understand(
    message: str,
    history: Sequence[Said] = (),
    style: Style | None = None,
    *,
    guess: Guess | None = None,
) -> Question:
    """What a message asks for, in the light of the conversation so far.

    Args:
        message: the student's words.
        history: the turns before it, oldest first.
        style: the level chosen on the page; words in the message that set a level win.
        guess: asked where no rule knows the message's words.
    """
    text = " ".join(message.split())
    for pattern, plain in _SHORTHAND:
        text = pattern.sub(plain, text)
    named, text = level_of(text)
    level: Style = named or style or "plain"
    text = _plain(text)
    if _PUZZLED.match(text) and _last_topic(history):
        level, text = "eli5", f"Explain {_last_topic(history)}"
    intent = _intent(text, history)
    if intent == "explain" and named is None and guess is not None:
        intent, level = _guessed(guess(text), level)
    if intent in ("greeting", "thanks", "help", "small_talk", "summary", "save"):
        return Question(text, intent, level, "")
    if intent == "map":
        return Question(text, intent, level, _map_topic(text, history))
    if intent == "quiz":
        topic = _quiz_topic(text, history) or _last_topic(history)
        return Question(text, intent, level, topic, count=_count(text))
    if intent == "demo":
        name, topic = _demo(text, history)
        name = name or next((one for one, pattern in _DEMOS if pattern.search(text)), "")
        return Question(text, intent, level, topic, demo=name)
    standalone, topic = _stand_alone(text, history)
    return Question(standalone, intent, level, topic, _context(text, history))


def _guessed(likely: Mapping[str, float], level: Style) -> tuple[Intent, Style]:
    """The intent and level that a message most likely asks for; a tool needs more than a hunch."""
    best = max(likely, key=lambda label: likely[label])
    if likely[best] < (_SURE if best in ("quiz", "demo", "save", "talk") else _LIKELY):
        return "explain", level
    if best in STYLES:
        return "explain", best
    if best == "talk":
        return "small_talk", level
    return ("explain" if best == "outside" else cast("Intent", best)), level


def _plain(text: str) -> str:
    """The message without greeting, praise and politeness around what it asks."""
    if is_quiet(text):
        return text
    return _POLITE.sub("", _OPENING.sub("", " ".join(text.split()).strip(" ,:;"))).strip(" ,:;")


def topic_of(question: str) -> str:
    """The thing a question is about: its words without the asking ones."""
    text = question.strip().rstrip("?!.？！。 ")
    if CJK.search(text):
        return _CHINESE_ASKING.sub(" ", text).strip() or text
    rest = _LEADS.sub("", text, count=1)
    previous = ""
    while previous != rest:
        previous, rest = rest, _TAIL.sub("", rest).strip(" ,")
    rest = re.sub(r"^(?:an?|the)\s+", "", rest, flags=re.IGNORECASE)
    return rest if content_words(rest) else text


def _intent(text: str, history: Sequence[Said] = ()) -> Intent:
    return intent_of(text, asks_demo=bool(_demo(text, history)[0]))


def _demo(text: str, history: Sequence[Said] = ()) -> tuple[str, str]:
    """The demo that the student's own words ask to run and what it is about; a question about training asks for
    none."""
    if _CHINESE_DEMO.search(text):
        named = next(((name, pattern.search(text)) for name, pattern in _DEMOS if pattern.search(text)), None)
        return (named[0], named[1].group()) if named and named[1] else ("", "")
    verb = _DEMO_VERB.match(text)
    if not verb:
        return "", ""
    rest = text[verb.end() :]
    unnamed = bool(_NAMES_DEMO.search(text)) and not any(pattern.search(rest) for _, pattern in _DEMOS)
    if _AGAIN.match(text) or (unnamed and not _NO_DEMO.search(rest)):
        last = _last_topic(history)
        found = next(((name, last) for name, pattern in _DEMOS if pattern.search(last)), ("", ""))
        return found if found[0] or not unnamed else ("gan-2d", "GAN")
    word = verb.group(1).lower()
    for name, pattern in _DEMOS:
        match = pattern.search(rest)
        if not match or _NO_DEMO.search(rest):
            continue
        short = len(content_words(rest)) <= 2 + (name == "mode-collapse")
        if word in _STRONG or _DEMO_WORD.search(rest) or short:
            return name, match.group()
    return "", ""


def _quiz_topic(text: str, history: Sequence[Said] = ()) -> str:
    found = re.search(
        r"\b(?:on|about|of|in|over)\s+(?:the\s+(?!(?:first|second|third|fourth|last)\b))?(.+?)[?.!]*$",
        text,
        re.I,
    )
    if found:
        topic = re.sub(
            r"\b(?:please|with \d+ questions?|now)\b", "", found.group(1), flags=re.IGNORECASE
        ).strip()
        which = _ONE.fullmatch(topic)
        if which:
            return _listed(which.group(1), history)
        return (
            "" if _PRONOUN.fullmatch(topic) or topic.lower() in ("this", "that", "these", "those") else topic
        )
    rest = re.sub(r"\bwith \d+ questions?\b", "", without_quiz(text))
    return rest.strip(" .!?:") if content_words(rest) else ""


def _map_topic(text: str, history: Sequence[Said]) -> str:
    """What a concept map is to be about; empty for the whole library."""
    found = _MAP_OF.search(text)
    topic = (found.group(1) or found.group(2)).strip(" ?.!") if found else ""
    if _PRONOUN.fullmatch(topic) or topic.lower() in ("this", "that", "these"):
        return _last_topic(history)
    return "" if _MAP_ALL.search(topic) else re.sub(r"^(?:an?|the)\s+", "", topic, flags=re.IGNORECASE)


def _count(text: str) -> int | None:
    found = re.search(r"\b(\d{1,2})\b(?=\s+(?:\w+\s+)?(?:questions?|items?|cards?))", text)
    return int(found.group(1)) if found else None


def _last_topic(history: Sequence[Said]) -> str:
    """The topic of the last question of the student's that had one."""
    last = _last_question(history)
    return last[1] if last else ""


def _last_question(history: Sequence[Said]) -> tuple[str, str] | None:
    """The last message of the student's that named a topic, and that topic."""
    said = [turn.content for turn in history if turn.role == "user"]
    for i in range(len(said) - 1, -1, -1):
        text = _plain(without_level(said[i]))
        intent = _intent(text)
        if intent == "quiz" and _quiz_topic(text):
            return text, _quiz_topic(text)
        if intent == "demo":
            return text, _demo(text)[1]
        if intent not in ANSWERED or not content_words(text) or (i > 0 and _needs_context(text)):
            continue
        return text, topic_of(_ABOUT.sub("", text))
    return None


def _needs_context(text: str) -> bool:
    content = content_words(_LEADS.sub("", text, count=1))
    if not content or _MORE.match(text) or set(content) <= _ASPECTS:
        return True
    if _pronoun(text) or _ONE.search(text):
        return len(content) <= 6
    rest = _ABOUT.sub("", text)
    return rest != text and not _ASKS.match(rest) and len(content) <= 4


def _context(text: str, history: Sequence[Said]) -> str:
    """The last question and its answer, where a message may lean on them; search weighs how much it does."""
    if not _LEANS.search(text):
        return ""
    last = {turn.role: turn.content for turn in history}
    return "\n".join(last[role] for role in ("user", "assistant") if role in last)[:_CONTEXT_CHARS]


def _pronoun(text: str) -> re.Match[str] | None:
    """The first pronoun that stands for something said before, not for a word of this very message."""
    empty = _EMPTY_IT.search(text)
    for found in _PRONOUN.finditer(text):
        if empty and empty.start() <= found.start() < empty.end():
            continue
        begin = _place(found)[0]
        before = _LEADS.sub("", text[:begin], count=1)
        if content_words(before) and (
            found.group().lower() in ("its", "their") or _NEW_CLAUSE.search(before)
        ):
            continue
        return found
    return None


def _place(pronoun: re.Match[str]) -> tuple[int, int]:
    return pronoun.span("that") if pronoun["that"] else pronoun.span()


def _stand_alone(text: str, history: Sequence[Said]) -> tuple[str, str]:
    """The question with what its pronouns stand for, or with the last topic when it names none; and its topic."""
    last = _last_question(history)
    if last is None or not _needs_context(text):
        return text, topic_of(text)
    asked, topic = last
    which = _ONE.search(text)
    item = _listed(which.group(1), history) if which else ""
    if which and item:
        return text[: which.start()] + item + text[which.end() :], item
    found = _pronoun(text)
    if found:
        owner = "'s" if found.group().lower() in ("its", "their") else ""
        begin, end = _place(found)
        standalone = text[:begin] + topic + owner + text[end:]
        return standalone, topic_of(standalone)
    if _MORE.match(text):
        return f"Tell me more about {topic}", topic
    content = content_words(_LEADS.sub("", text, count=1))
    bare = text.strip(" ?.!")
    if not content:
        return (f"{bare} {topic}?" if bare else f"Explain {topic}"), topic
    if set(content) <= _ASPECTS:
        return f"{re.sub(r'^for ', 'give an ', bare, flags=re.IGNORECASE)} of {topic}", topic
    return _other_thing(_ABOUT.sub("", text).strip(" ?.!"), asked, topic)


def _other_thing(thing: str, asked: str, topic: str) -> tuple[str, str]:
    """ "What about WGAN?": the last question asked of another thing, or of the same in another place."""
    if re.match(r"(?:in|for|with|on|at|during|without)\b", thing, re.IGNORECASE):
        return f"{asked.rstrip('?.! ')} {thing}?", topic_of(f"{topic} {thing}")
    if _DEFINES.sub("", asked).rstrip("?.! ").lower() == topic.lower():
        return f"What is {thing}?", topic_of(thing)
    return f"{thing} ({topic})?", topic_of(thing)


def _listed(which: str, history: Sequence[Said]) -> str:
    """The item of the last list that the tutor gave: "the second one"."""
    answer = next((turn.content for turn in reversed(history) if turn.role == "assistant"), "")
    items = re.findall(r"^\s*(?:[-*•]|\d+[.)])\s+\**([^:.\n*\[]{2,60})", answer, re.MULTILINE)
    place = {"first": 0, "former": 0, "second": 1, "third": 2, "fourth": 3, "last": -1, "latter": -1}[
        which.lower()
    ]
    return _VERB.split(items[place])[0].strip() if len(items) > max(place, 0) else ""
