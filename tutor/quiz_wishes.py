"""What a student wishes of a quiz, in words: on what, how many questions, of which kinds, how hard, in which language.

Each wish is taken out of the message where it stands; what is left and is not the asking itself is the topic.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce

from tutor.chinese import CJK
from tutor.words import content_words

TOPIC_ASKED = "On what shall I quiz you?"
MOST_ASKED = 50  # questions in one quiz of a chat
SEVERAL, LONG = 3, 10  # what "a few questions" and "a long quiz" stand for

_CHOICES: tuple[str, ...] = ("choice", "definition", "term")
_TYPED: tuple[str, ...] = ("short", "cloze", "number", "explain")
HARD = ("short", "cloze", "number", "explain", "match", "order")
EASY = ("true-false", "either", "choice", "definition", "term")
_ALL = tuple(dict.fromkeys((*HARD, *EASY)))

_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = {
    word: 10 * n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_WORDS = {word: n for n, word in enumerate(_ONES.split(), 1)}
_VAGUE = {
    "a couple of": 2, "a couple": 2, "half a dozen": 6, "a dozen": 12, "two dozen": 24, "a hundred": 100,
    "one hundred": 100, "a thousand": 1000, "a few": SEVERAL, "some": None, "several": SEVERAL, "a single": 1,
    "as many": MOST_ASKED, "lots of": LONG, "a lot of": LONG, "many": LONG, "all the": MOST_ASKED, "all": MOST_ASKED,
}  # fmt: skip
_DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_NUMBER = (
    rf"(?:\d{{1,6}}|(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_WORDS)}))?"
    rf"|(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})(?: hundred)?"
    rf"|{'|'.join(sorted(_VAGUE, key=len, reverse=True))})"
)
_VERY = r"(?:really |very |quite |much |rather |a bit |slightly |more |less )*"
_HARD_WORD = rf"(?:{_VERY}(?:hard(?:er|est)?|difficult|tough(?:er|est)?|challenging|trick(?:y|ier)|demanding|advanced))"
_EASY_WORD = rf"(?:{_VERY}(?:eas(?:y|ier|iest)|simple|simpler|basic|gentle|beginner(?:['’]?s)?(?: level)?))"
_SIZE = r"(?:quick|short|small|brief|little|tiny|fast|mini)"
_ASKED = (
    r"(?:questions?|items?|ones?|(?:flash ?)?cards?|problems?|exercises?|quiz+(?:es)?|tests?|q['’]?s|things?)"
)
_PLAIN = (
    r"(?:(?:practi[cs]e|revision|exam|test|quiz|good|nice|more|new|other|different|random|of the|of)\s+)*"
)

# What students call the kinds of questions.
_NAMES_OF_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(?:multiple|single)[- ]?choice|mcqs?|choice(?= questions?)|a ?b ?c ?d(?= questions?)|with options", _CHOICES),
    (r"true[- ]?(?:or|/|and|\\|&)?[- ]?false|t ?/ ?f|yes[- ]?(?:or|/)[- ]?no(?= questions?)", ("true-false",)),
    (r"fill[- ](?:in[- ]?)?(?:the[- ]?)?(?:gaps?|blanks?)|clozes?|gap[- ]?fill(?:s|ing)?|gaps?", ("cloze",)),
    (r"typed?(?:[- ](?:in))?|typing|write[- ]in|keyboard", _TYPED),
    (r"short[- ]answers?|open(?:[- ]ended)?|written|free[- ]?(?:text|form|response)|essay", ("short", "explain")),
    (r"matching|match[- ]up", ("match",)),
    (r"order(?:ing)?|sort(?:ing)?|put[- ]in[- ]order", ("order",)),
    (r"number|numerical|numeric|calculation", ("number",)),
    (r"explain|explanation", ("explain",)),
)  # fmt: skip
_CHINESE_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"选择题", _CHOICES), (r"判断题|是非题|对错题", ("true-false",)), (r"填空题", ("cloze",)),
    (r"简答题|问答题", ("short", "explain")), (r"连线题|配对题", ("match",)), (r"计算题", ("number",)),
)  # fmt: skip
_NO = (
    r"(?:no(?: more)?|not|without(?: any)?|don['’]?t (?:give|ask|use)(?: me)?|but no(?:t)?|except(?: for)?|skip"
    r"|avoid|leave out)"
)
_ONLY = r"(?:(?:and |but |please |just |only |with |in |as |all |using |make (?:it|them) )+)?"
_END = r"(?=\W*$|\s*[,.;:!]|\s+(?:please|only|on|about|for|from|over|of|questions?|answers?|quiz|test|items?|ones)\b)"

# What may follow a topic in a wish without being part of its name.
_ALONE = rf"\W*$|\s*[,.;:!?(]|\s+(?:please|now|today|again|instead|thanks|(?:with|in) {_NUMBER})\b"

Holds = Callable[[str], bool]

_LANGUAGE = re.compile(
    r",?\s*\bin (?:simplified |traditional |mandarin )?(?P<chinese>chinese|mandarin)\b|,?\s*\bin english\b"
    r"|(?:请)?用(?P<zh>中文|汉语|普通话)(?:来)?|(?:出)?(?P<zh2>中文)的?(?=题|测验|问题)",
    re.IGNORECASE,
)
_DONE_WITH = re.compile(
    r"\b(?:please|thanks?|thank you|pls|plz|for me|right now|now|today|again|next|instead|then|too|once more|only"
    r"|just|at once|straight away|if you can|if possible|ok(?:ay)?|this time|but|and)\b\W*$",
    re.IGNORECASE,
)
_EVERYTHING = re.compile(
    r"^\W*(?:everything|all|anything|whatever(?: you (?:like|want))?|any ?(?:topic|thing)?|all (?:of )?(?:it|topics"
    r"|my notes|the notes|notes|of my notes)|my (?:whole )?notes|the (?:whole )?(?:notes|course|library|lot)|a mix"
    r"|random(?: topics?)?|mixed(?: topics?)?|a random topic|(?:the )?whole (?:lot|course)|you choose|surprise me"
    r"|so far|general|所有|全部|随便|任何|什么都(?:行|可以))\W*$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:on|about|of|over|covering|regarding|concerning|around|from|in|for|with)\s+"
    r"(?:the topics? (?:of )?|the note (?:on )?|my notes on "
    r"|what i (?:know|learn(?:ed|t)|remember|understood?) (?:about|of|on) )?"
    r"(?:the\s+(?!(?:first|second|third|fourth|fifth|last|former|latter)\b))?(?P<topic>\S.*)$",
    re.IGNORECASE,
)
_QUESTIONS = re.compile(
    r"\b(?:with|in|of|as)? ?(?:some |more |the |a )?(?:questions?|items?|problems?|exercises?)"
    r"(?=\s+(?:on|about|over|from|of|covering|regarding)\b|\W*$|\s*,)",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"^(?:on|about)? ?(?P<topic>[^:]+?)(?: please)?: (?:quiz|test) me$", re.IGNORECASE)
_ASKING = re.compile(
    r"^\W*(?:(?:hi|hey|ok(?:ay)?|now|so|well|then|and|please|let['’]?s|can|could|would|will|may|you|we|i|i['’]?d|like|want|need"
    r"|to|us|me|my|have|do|take|try|start|make|give|get|set|prepare|create|generate|write|ask|fire|throw|shoot|hit"
    r"|test|quiz+(?:zed|es)?|examine|examined|grill|drill|interrogate|exam|check|knowledge|understanding|memory|skills?"
    r"|practi[cs]e|revise|tested|be|being|go|another|a|an|the|some|round|time|pop|up|with|at|for|love|it|is|on"
    r"|questions?|mock|little|how|well|know|what|remember|whether|if|really|that|of|about)\b[\s,:]*)+",
    re.IGNORECASE,
)
_CHINESE_LEAD = re.compile(
    r"^(?:请|麻烦|帮我|给我|我想|我要|我们|能不能|可以|能|再|你|来|出|做|问|考|测|试|验|一下|几|些|道|个|关于|有关|我对|我|难一?点的?"
    r"|简单一?点的?|难|简单|小?测验?|题目?|吧|的|\s|[，。：！？,.:!?])++"
)
_CHINESE_TAIL = re.compile(
    r"(?:一下|的?(?:理解|掌握|知识|了解|内容)|小?测验|的?(?:题目?|问题)|吧|吗|呢|呀|的|\s|[，。：！？,.:!?])++$"
)
_SHORT_ASKING = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|well|hm+|let['’]?s (?:do|take|try)|i(?:['’]d| would)? (?:like|want|take|choose)|please|maybe"
    r"|then|on|about|the topic is|quiz me on|do|take|try)\b[\s,:]*)+|,?\s*\bplease\W*$",
    re.IGNORECASE,
)
_IS_QUESTION = re.compile(
    r"^\W*(?:what|who|which|where|when|why|how|is|are|does|do you|did|can you (?!do)|could you|explain|show|tell"
    r"|no\b|stop|never ?mind|nothing|cancel|thanks?|hello|hi\b|help|run|train|save|draw|summar\w+|recap"
    r"|什么|怎么|为什么)",
    re.IGNORECASE,
)
_LONGEST_TOPIC = 8  # words
_MANY = (
    r"(?:\d{1,6}|(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty"
    r"|sixty|seventy|eighty|ninety|hundred)(?:[- ]\w+)??|(?:a |half a |two )?(?:couple(?: of)?|dozen|few|hundred)"
    r"|several|some|more|lots of|many|only|just|one)"
)
_HOW = (
    r"(?:(?:quick|short|small|brief|long|little|tiny|big|mini|pop|mock|new|nice|good|another|other|different|mixed"
    r"|random|number|numerical|calculation|ordering|easy|easier|simple|basic|hard|harder|difficult|tough|challenging|tricky|advanced|really|very|more|typed"
    r"|practi[cs]e|revision|exam|test|open|written|short[- ]answer|matching|cloze|gap|multiple[- ]choice|mcq"
    r"|true ?(?:[- ]or[- ]|/) ?false|t ?/ ?f|fill[- ]in(?:[- ]the)?[- ](?:gaps?|blanks?))[ ,]+(?:and )?)*"
)
_THEN = r"(?=\s+(?:on|about|over|covering|regarding|from|please|in|with|for me|only)\b|\s*[,:]|\W*$)"
_BEFORE = (
    r"^\W*(?:(?:ok(?:ay)?|now|so|well|then|and|please|hey|hi|hello|yes|sure|can you|could you|would you|will you"
    r"|can we|could we|shall we|let['’]?s|let us|i['’]?d (?:like|love)|i would (?:like|love)|i want|i need|i wish"
    r"|you should|you to|to be|to|have|do|go for|how about|what about|time for|again|just)\b[\s,.:!]*)*"
)
_GIVE = (
    r"(?:give|throw|fire|hit|shoot|show|get|make|set|write|send|prepare|create|generate)(?: (?:me|us))?"
    r"(?: up| at me| with)?"
)
_QUIZZES = r"quiz+(?:es)?(?!-)(?! score| program| app)|mcqs?|flash ?cards?"
# A wish that opens the message: nothing in it is stated, whatever kinds of questions it names.
_OPENS = re.compile(
    rf"{_BEFORE}(?:"
    r"(?:quiz+(?:zed)?|test(?:ed)?|examined?|grill(?:ed)?|drill(?:ed)?|interrogated?|question|exam)\b"
    r"(?: me\b| us\b| my (?:knowledge|understanding|memory|skills?)\b| myself\b|(?<=ed) (?:on|about)\b)"
    r"|ask me (?!(?:again|later|nothing|anything else)\b)(?=.*\b(?:on|about|questions?|something|anything)\b)"
    rf"|{_GIVE} (?:a |an |the )?(?:{_MANY} )?{_HOW}(?:{_QUIZZES}|(?<!a )questions?(?! \w+ (?:is|are|was)\b)){_THEN}"
    r"|(?:give|ask|show) me something (?:much |a bit )?(?:harder|easier|tougher|simpler|more difficult)\b"
    rf"|(?:a |an |another |the next )?(?:{_MANY} )?{_HOW}(?:{_QUIZZES}|exam questions?|questions"
    rf"|(?:mock |practi[cs]e )(?:test|exam)){_THEN}"
    rf"|(?:just )?(?:one|a single) (?:{_HOW})question (?:on|about)\b"
    r"|[^?]{0,60}[,:.] (?:please )?quiz (?:me )?(?:on|about)\b"
    r"|(?:practi[cs]e|revise)(?= .*\bquestions?\b))",
    re.IGNORECASE,
)
_ASKS_OWN = re.compile(
    r"^\W*(?:(?:i|we|my friend)(?: (?:have|had|got|ask\w*)|['’]ve)\b|(?:can|may|could) (?:i|we) ask\b(?! to be)"
    r"|(?:don['’]?t|do not|never|no|stop) (?:quiz|test|ask|more)\b|.*[:,] (?:what|how|why|which|who) .*\?\s*$)",
    re.IGNORECASE,
)


def opens_quiz(text: str) -> bool:
    """Whether a message opens with the wish for a quiz, in so many words."""
    return bool(_OPENS.match(text)) and not _ASKS_OWN.match(text)


@dataclass(frozen=True)
class QuizWish:
    """What a message wishes of a quiz.

    Attributes:
        topic: in the student's words; empty where none is named.
        everything: whether the whole library is meant.
        count: how many questions; None where nothing is said.
        kinds: which kinds of questions; empty for all.
        chinese: whether the questions are wanted in Chinese.
    """

    topic: str
    everything: bool = False
    count: int | None = None
    kinds: tuple[str, ...] = ()
    chinese: bool = False

    @property
    def is_bare(self) -> bool:
        """Whether nothing is said but that a quiz is wanted."""
        return not (self.topic or self.everything or self.count or self.kinds)


def quiz_wish(text: str, holds: Holds | None = None) -> QuizWish:
    """What a message that asks for a quiz wishes of it.

    Args:
        holds: whether the notes name something so; without it the name of a kind of questions names no topic.
    """
    rest = " ".join(text.split())
    language = _LANGUAGE.search(rest)
    chinese = bool(CJK.search(text)) or bool(language and any(language.groupdict().values()))
    rest = _LANGUAGE.sub(" ", rest)
    kinds, rest = _kinds(rest, holds)
    count, rest = _count(rest)
    hard, rest = _difficulty(rest)
    if hard is not None:
        wanted = HARD if hard else EASY
        kinds = tuple(kind for kind in kinds or _ALL if kind in wanted) or kinds
    topic = _topic(rest)
    everything = bool(_EVERYTHING.match(topic))
    return QuizWish("" if everything else topic, everything, count, kinds, chinese)


def topic_named(text: str, holds: Holds | None = None) -> QuizWish | None:
    """What a reply to `TOPIC_ASKED` wishes; None where it is a question or too long for a topic. As `quiz_wish`."""
    plain = _SHORT_ASKING.sub("", text).strip(" .,!?？。")
    asks = re.search(r"[?？]\s*$", text) or _IS_QUESTION.match(text)
    if asks or not plain or len(plain.split()) > _LONGEST_TOPIC:
        return None
    return quiz_wish(f"quiz me on {plain}", holds)


# -- kinds -----------------------------------------------------------------------------------------------------------


def _kinds(text: str, holds: Holds | None) -> tuple[tuple[str, ...], str]:
    """The kinds that a wish names, those it does not want left out, and the wish without those words."""
    wanted: dict[str, None] = {}
    unwanted: set[str] = set()
    for name, kinds in _CHINESE_KINDS:
        if re.search(name, text):
            if re.search(rf"(?:不要|别)(?:出|用)?(?:{name})", text):
                unwanted.update(kinds)
            else:
                wanted |= dict.fromkeys(kinds)
            text = re.sub(rf"(?:不要|别|只要|只)?(?:出|用)?(?:{name})", "题", text)
    for name, kinds in _NAMES_OF_KINDS:
        tail = r"(?:[- ](?:questions?|answers?|quiz(?:zes)?|items?|tests?|ones|only))*"
        no = re.compile(rf"[,;(]?\s*\b{_NO}\s+(?:{name})\b{tail}(?:\s+please)?\)?", re.IGNORECASE)
        yes = re.compile(rf"[,;(:]?\s*\b{_ONLY}(?:{name})\b(?:{tail}){_END}(?:\s+only)?\)?", re.IGNORECASE)
        if no.search(text):
            unwanted.update((*kinds, "either") if kinds == _CHOICES else kinds)
            text = no.sub(" ", text)
        elif yes.search(text) and not _is_topic(name, text, holds):
            wanted |= dict.fromkeys(kinds)
            text = yes.sub(lambda found: _left(found[0]), text)
    if unwanted:
        wanted = dict.fromkeys(kind for kind in wanted or _ALL if kind not in unwanted)
    return tuple(wanted), " ".join(text.split())


def _left(words: str) -> str:
    """What stays of the words that name a kind: that questions are meant."""
    return " questions " if re.search(r"question|item|quiz|test|answer", words, re.IGNORECASE) else " "


def _is_topic(name: str, text: str, holds: Holds | None) -> bool:
    """Whether the name of a kind says what the quiz is on.

    It does within a longer name, as in "quiz me on matching networks", and alone where the notes hold such a topic.
    """
    found = re.search(
        rf"\b(?:on|about|of|over) (?P<the>the )?(?P<name>{name})\b"
        rf"(?!\s*(?:questions?|answers?|quiz|items?|only)\b)(?P<alone>{_ALONE})?",
        text,
        re.IGNORECASE,
    )
    if found is None or found["alone"] is None or found["the"]:
        return found is not None
    return holds is not None and holds(found["name"])


# -- how many --------------------------------------------------------------------------------------------------------


def _count(text: str) -> tuple[int | None, str]:
    """How many questions a wish names, and the wish without the number; the word for questions stays."""
    adjectives = rf"(?:(?:{_HARD_WORD}|{_EASY_WORD}|{_SIZE}|{_PLAIN.rstrip('*')})\s*)*"
    patterns = (
        rf"\b(?P<n>{_NUMBER})(?=\s+{adjectives}{_ASKED}\b)",
        rf"[,;(]?\s*\b(?:with|in|of|make (?:it|that)|give me|ask me|just|only)\s+(?P<n>{_NUMBER})"
        r"(?=\W*$|\s+(?:please|on|about|of)\b)",
        r"(?:[,;(×]|(?<!\w)x)\s*(?P<n>\d{1,6})\)?\s*$",
        r"(?P<n>\d{1,6}|[零一二两三四五六七八九十百]{1,5}|几)\s*(?:道|个|题)(?=.*)",
        r"^\W*(?P<n>\d{1,6})\s+(?=(?:on|about)\b)",
    )
    for pattern in patterns:
        found = re.search(pattern, text, re.IGNORECASE)
        if found and (number := _value(found["n"])) is not None:
            rest = f"{text[: found.start()]} {text[found.end() :]}"
            return number, " ".join(rest.split())
    if re.search(rf"\ba (?:{_HARD_WORD} |{_EASY_WORD} |{_PLAIN})?question\b", text, re.IGNORECASE):
        return 1, text
    if re.search(r"\b(?:long|big|large|full|thorough)\s+(?:quiz|test|exam)\b", text, re.IGNORECASE):
        return LONG, re.sub(r"\b(?:long|big|large|full|thorough)\s+(?=quiz|test|exam)", "", text)
    if re.search(rf"\b{_SIZE}\s+(?:quiz|test|one|round|check)\b", text, re.IGNORECASE):
        return SEVERAL, re.sub(rf"\b{_SIZE}\s+(?=quiz|test|one|round|check)", "", text, flags=re.IGNORECASE)
    return None, text


def _value(said: str) -> int | None:
    """A number in digits or words, also in Chinese ones."""
    said = said.lower().replace("-", " ")
    if said.isdigit():
        return int(said)
    if said in _VAGUE:
        return _VAGUE[said]
    if said == "几":
        return SEVERAL
    if CJK.search(said):
        return _chinese_value(said)
    parts = said.split()
    value = sum(_TENS.get(part, 0) + _WORDS.get(part, 0) for part in parts)
    return value * (100 if "hundred" in parts else 1) or None


def _chinese_value(said: str) -> int:
    """Up to 999: 十二, 二十, 一百."""
    hundreds, _, rest = said.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    value = 100 * (_DIGITS.get(hundreds, 1) if "百" in said else 0)
    return value + (10 * _DIGITS.get(tens, 1) if ten else 0) + _DIGITS.get(ones[-1:], 0)


# -- how hard, and on what -------------------------------------------------------------------------------------------


def _difficulty(text: str) -> tuple[bool | None, str]:
    """Whether hard or easy questions are wanted, None for neither, and the wish without those words."""
    for hard, word in ((True, _HARD_WORD), (False, _EASY_WORD)):
        patterns: Iterable[str] = (
            r"[,;]?\s*\b(?:but |and |make (?:it|them|this) |something |a (?:bit|little) |nothing too |not too )*"
            rf"{word}(?:\s+(?:ones?|please|this time))*\W*$",
            rf"\b(?:make (?:it|them) |something |an? )?{word}\s+(?={_PLAIN}{_ASKED}\b)",
            rf"\b(?:something|anything|ones?) {word}",
            rf"(?<=[,;]) ?(?:a bit |make it )?{word}(?=[,;])",
            rf"\bme (?P<how>{word}) (?=on\b|about\b)",
        )
        for pattern in patterns:
            found = re.search(pattern, text, re.IGNORECASE)
            if found:
                turned = re.search(r"\b(?:not|nothing) too\b|\bless\b", found[0], re.IGNORECASE) is not None
                rest = (
                    f"{text[: found.start()]} {' me ' if 'me ' in found[0][:4] else ''}{text[found.end() :]}"
                )
                return hard != turned, " ".join(rest.split())
    zh = re.search(r"(?P<hard>难一?点|更?难(?:的)?)|简单(?:一?点)?的?|容易(?:一?点)?的?", text)
    if zh:
        return bool(zh["hard"]), text.replace(zh[0], "")
    return None, text


def _topic(text: str) -> str:
    """What is left of a wish when the asking is taken away."""
    text = _QUESTIONS.sub(" ", text)
    text = reduce(lambda said, _: _DONE_WITH.sub("", said).strip(" ,.;:!?。，：！？"), range(4), text)
    if CJK.search(text):
        found = _CHINESE_TAIL.sub("", _CHINESE_LEAD.sub("", text))
        text = " ".join(found.split())
        if not re.search(r"\b(?:on|about)\b", text):
            return _clean(text)
    text = _BEHIND.sub(r"quiz me on \g<topic>", text)
    about = _ABOUT.search(text)
    if about:
        return _clean(about["topic"])
    rest = _ASKING.sub("", text)
    return _clean(rest) if content_words(rest) else ""


def _clean(topic: str) -> str:
    topic = topic.strip(" .,;:!?\"“”'()。，：！？")
    topic = re.sub(r"^(?:the (?:topics? )?of |the topic |on |about )", "", topic, flags=re.IGNORECASE)
    topic = re.sub(
        r"(?:\s+(?:questions?|quiz|test|please|and|with|but|in|on|of))+$", "", topic, flags=re.IGNORECASE
    )
    topic = topic.rstrip(" ,;:，：")  # what such a word followed
    return topic if content_words(topic) or _EVERYTHING.match(topic) or re.search(r"\w", topic) else ""
