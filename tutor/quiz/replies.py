"""What a message is while a quiz question is open: an answer, or something that must not be graded."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
        "just one please me what is was are yet of to lol haha hehe lmao bro man dude mate tbh honest truth oops ugh "
        "meh yeah yes no nope sadly unfortunately afraid but all any more anymore now here today maybe think guess "
        "i'm im my oh ah sir teacher",
    )
)
_OPENER = re.compile(
    r"^(?:(?:never ?mind|forget (?:it|this|the quiz)|wait|hold on|hm+|um+|uh|so|but|and|hey|well|sorry|actually|btw"
    r"|ok(?:ay)?)\b[,.!…\s]+)+(?=\w)"
)
_ASKS = re.compile(
    r"^(?:what (?:do you mean|is meant|does .{1,60} mean)|(?:can|could|would) you\b|"
    r"i (?:do not|don'?t) understand|"
    r"(?:please )?(?:explain|clarify|rephrase|repeat|define|list|show me|tell me(?! the answer))\b|"
    r"/?why$|huh$|sorry$|what$|什么意思)|"
    r"^(?:what|which|who|whose|where|when|why|how|do you|does|did you|(?:can|could|should|shall|may) (?:i|we)|"
    r"is there|am i|are there)\b.*[?？]\s*$|(?:什么|吗|怎么).*[?？]$",
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
    if is_not_knowing(bare):
        return "dont_know"
    return "question" if _ASKS.search(bare) else "answer"


def is_not_knowing(text: str) -> bool:
    """Whether a message says that the student does not know, and nothing else."""
    said = re.sub(r"\s+", " ", text.replace("’", "'").strip().lower())
    rest = re.findall(r"\w+", _DONT_KNOW.sub(" ", said))
    return bool(_DONT_KNOW.search(said)) and not [word for word in rest if word not in _FILLER]


# -- what else may be wished of a quiz -----------------------------------------------------------------------------

Wish = Literal[
    "why", "harder", "easier", "right", "undo", "forget", "knew", "knew_not", "report", "left", "repeat", "again",
    "misses", "confidence", "unclear", "score", "example",
]  # fmt: skip
SURE, NOT_SURE = 0.9, 0.5

_PLEASE = r"(?:(?:please|ok(?:ay)?|hey|but|and|no|hm+|well|actually|sorry|wait|can you|could you)[,.!…]* )*"
_THE = r"(?:the |this |that |my |your )?(?:(?:last|previous|current|open|same) )?"
_MISSES = (
    r"(?:the |my |all )?(?:misses|mistakes|errors|missed (?:ones|questions)|wrong (?:ones|answers)"
    r"|(?:ones|questions) (?:that )?i (?:missed|got wrong|failed)|what i (?:got wrong|missed|failed))"
)
_GO_ON = (
    r"(?:(?:let'?s|let us|can we|could we|may we|i want to|i would like to|i'?d like to|we can|now) )*"
    r"(?:continue|resume|go on|carry on|keep going|proceed|go ahead)"
)
_OPEN_QUIZ = (
    r"(?:the |this |that |my |our )?(?:(?:open|last|old|same|paused|unfinished|running|current) )*"
    r"(?:quiz|test|questions?)(?: (?:again|from before|where (?:we|i) (?:stopped|were|left off)))*"
)
_BACK = (
    rf"(?:(?:{_GO_ON})(?: (?:on|with))?|(?:(?:let'?s |can we |i want to )?(?:go|get|come|return) )?back to)"
    rf" {_OPEN_QUIZ}"
)
_COUNT = r"(?:mark|count|take) (?:it|that|mine|this)"
_SAME = r"(?:exactly |just )?(?:the same(?: thing)?(?: as (?:the|your) (?:notes?|answer))?|what i (?:said|meant|wrote))"
_RIGHT = (
    r"(?:i (?:was|am)|i'?m) (?:right|correct)|(?:my|that) answer (?:was|is) (?:right|correct)"
    r"|(?:that'?s|that is|it'?s|it is|this is|mine is|my answer is|that answer is|it means|that means"
    rf"|(?:my answer|mine|it|that) says) {_SAME}|same thing"
)
_WISHES: tuple[tuple[Wish | ReplyKind, str], ...] = (
    ("why", r"why(?: (?:not|so|is that|is it|was (?:it|that|i) wrong|is (?:it|that|mine|my answer) wrong|then))?"
            r"|(?:please )?explain(?: (?:why|the answer))?|how come"
            r"|(?:how|why) (?:is|was) (?:that|it|this|mine|my answer) (?:wrong|not right|incorrect)"
            r"|why (?:is|was|isn'?t|wasn'?t) (?:(?:option|answer|letter) )?\(?[a-j1-9]\)? "
            r"(?:(?:not )?(?:right|correct|true)|wrong|false|incorrect)|为什么"),
    ("skip", r"(?:give me |ask me )?(?:another|a different|a new)(?: one| question)"),
    ("harder", r"(?:/?(?:a )?(?:harder|more difficult|tougher)(?: one| question)?|(?:make|give me|ask)(?: it| me)?"
               r"(?: a| something)? (?:harder|more difficult)(?: one| question)?"
               r"|(?:it is|it'?s|that'?s|this is|that is)? ?too (?:easy|simple)|难一点|太简单了?)"),
    ("easier", r"(?:/?(?:an? )?(?:easier|simpler)(?: one| question)?|(?:make|give me|ask)(?: it| me)?"
               r"(?: an?| something)? (?:easier|simpler)(?: one| question)?"
               r"|(?:it is|it'?s|that'?s|this is|that is)? ?too (?:hard|difficult)|简单一点|太难了?)"),
    ("right", rf"(?:{_RIGHT})(?:[,.;!]? (?:so |and |please )*{_COUNT})?|{_COUNT} (?:as )?(?:right|correct)"
              r"|我是对的|意思一样|我答对了"),
    ("undo", r"/?undo(?: (?:it|that|this))?|take (?:it|that) back|(?:never ?mind,? )?i was wrong|撤销|撤回"),
    ("forget", r"/?(?:forget|unlearn|do not (?:keep|remember)|don'?t (?:keep|remember)) (?:that|this|those|these|my)"
               r"(?: (?:one|words?|answer|again))?|忘掉(?:这个|那个|它)?|别记(?:这个|那个|它)"),
    ("knew", r"(?:yes,? )?i (?:knew|did know|do know|know|had) (?:it|that|this)|(?:yes,? )?i did|i knew"
             r"|我知道的?|我会的?"),
    ("knew_not", r"(?:no,? )?i (?:did not|didn'?t|didnt)(?: (?:really )?(?:know(?: (?:it|that|this))?|have it))?"),
    ("left", r"how many(?: more)?(?: questions)?(?: (?:are|is))?(?: (?:left|to go|remain(?:ing)?|more|still|there))+"
             r"|how many(?: more)? (?:questions|to go|more)|how (?:far|long) (?:am i|still|to go|is (?:it|the quiz))"
             r"|(?:what'?s|what is) left|还有几(?:道|个)?题?|还剩(?:几|多少)(?:道|个)?题?"),
    ("score", r"(?:(?:what'?s|what is|show(?: me)?|tell me) )?my (?:current )?(?:score|mark|grade|result)s?"
              r"(?: so far| now| in (?:this|the) quiz)*|score so far|how am i doing(?: so far| in (?:this|the) quiz)+"
              r"|how many (?:points )?(?:did i get|have i got|do i have)(?: right| correct)?(?: so far)?"
              r"|我的?(?:分数|得分)(?:是多少)?|我得了?(?:多少|几)分"),
    ("example", r"(?:(?:can|could|would|will) you )?(?:please )?(?:(?:give|show|tell)(?: me)? |i need )?"
                r"(?:an?|one|some) examples?(?: of (?:it|that|this))?|举个?例子|例子"),
    ("repeat", rf"(?:(?:repeat|show(?: me)?|say|give me|ask(?: me)?|read) )?{_THE}question(?: again| once more)?"
               r"|(?:repeat|show|say|ask) (?:it|that|this)(?: again| once more)?|repeat|come again"
               r"|what (?:was|is) the question(?: again)?|重复(?:一下|问题)?|再说一遍|题目是什么"),
    ("repeat", rf"{_GO_ON}|{_BACK}|继续(?:测验|做题|答题|吧)?|接着(?:来|做)?"),
    ("misses", rf"(?:(?:retry|repeat|redo|again|practi[cs]e|retake)(?: with)? {_MISSES}"
               rf"|(?:quiz|ask|test) me (?:again )?(?:on|about|with) {_MISSES}(?: again)?"
               rf"|{_MISSES} again)|错题(?:再来一遍|重做)?"),
    ("again", r"(?:once |try |do it |and |one )?(?:again|more time)|once more|retry|redo|另?再来一次|重来"
              r"|(?:re-?start|start (?:over|again|anew))(?: (?:the |this |my )?quiz)?(?: again)?"),
)  # fmt: skip
_GOES_ON = re.compile(rf"{_BACK}|继续(?:测验|做题|答题)")
_WISHED = tuple((kind, re.compile(pattern)) for kind, pattern in _WISHES)
_UNCLEAR = re.compile(
    r"(?:sorry )?(?:what do you mean(?: by (?:it|that|this|the question))?|huh|what|sorry|pardon"
    r"|rephrase(?: (?:it|that|the question))?|(?:please )?(?:explain|clarify|reword|rephrase)"
    r" (?:it|this|that|(?:the|this) question)"
    r"|i (?:do not|don'?t|dont) (?:understand|get)(?: (?:it|this|that|(?:the|this|that) question|what you mean))?"
    r"|什么意思|我?不(?:懂|明白)(?:题目|这个)?)"
)
_REPORT = re.compile(
    r"/?(?:i (?:want|would like|'?d like) to )?(?:report|flag)(?P<rest>$|\s*[:,–-].*|\s+(?:this|that|it|"
    r"question|item|one|bad|wrong|(?:the |my )?(?:last |previous )?(?:question|item|one)|because|as)\b.*)|"
    r"(?P<said>(?:this|that|the)(?: last| previous)? (?:question|item|one)(?: before)? "
    r"(?:is|was|seems|looks|makes)(?: (?:a|an|just|very|"
    r"really|so|too|quite|totally))* (?:bad|wrong|broken|unfair|unclear|ambiguous|confusing|nonsense|stupid|weird"
    r"|no sense|buggy|duplicate|a duplicate)\b.*|bad question\b.*"
    r"|(?:这|这道)题(?:有问题|不好|错了).*|(?:举报|报告)(?:问题)?)",
    re.DOTALL,
)
_ITEM, _CAUSE = r"(?:question|item|one)\b", r"(?:because|since|as)\b"
_ENDS = rf"(?=\W*$|\s*[,;:.–-]|\s+(?:is|was|seems|looks|makes)\b|\s+{_CAUSE})"
# What is reported, where the words begin with it; the rest of them may speak of other questions.
_REPORTED = re.compile(
    rf"\W*(?:(?:that|it|this)\b,?\s+(?=(?:the |my )?(?:last|previous) {_ITEM})"
    r"|(?P<fault>(?:wrong|bad) \w+) (?:in|of) (?=(?:the |my )?(?:last|previous) ))?"
    rf"(?:(?P<last>(?:the |this |that |my )?(?:(?:last|previous) {_ITEM}"
    rf"|{_ITEM} before(?: (?:this|that)(?: (?:one|question))?)?{_ENDS}|(?:last|previous)$))"
    rf"|(?:the |this |that |my |a )(?:bad )?{_ITEM}"
    rf"|(?:bad )?(?:question|item)\b|(?:this|that|it)(?=\W*$|\s*[,;:.–-]|\s+{_CAUSE}))?"
    rf"(?:'s\b)?\W*(?:{_CAUSE}\W*)?"
)
_MOST_REASON = 300
_HOW = r"(?:(?:really|very|quite|pretty|absolutely|totally|so|too|all that|completely|100 ?%|fairly) )*"
_I_AM = r"(?:i'?m |i am )"
_SURE = (
    rf"(?:\d{{1,3}} ?% (?:sure|certain|confident)"
    rf"|{_HOW}(?:not |un)?{_HOW}(?:sure|certain|confident)(?: (?:about|of)(?: (?:it|that|this))?)?)"
)
_GUESS = r"(?:(?:just|only|i'?m|i am|this is|it'?s|a|my|wild|pure) )*guess(?:ing|ed)?"
_MARKS = r"[,;:.!()\-–—…，。：；]"
_SEP = rf"(?<!{_MARKS})\s*{_MARKS}+\s*"  # looked for once in a row of marks, not from each of them
_BARE = re.compile(rf"{_I_AM}?{_SURE}|{_GUESS}|不?确定")
_BEFORE = re.compile(
    rf"(?:(?:{_I_AM}?{_SURE}|{_GUESS}|不?确定){_SEP}(?:but |and )?"
    rf"|(?:{_I_AM}{_SURE}|not {_HOW}sure)(?: (?:that|but|it'?s|it is))*\s+|i guess (?:it'?s |it is )?)(?=\S)"
)
_AFTER = re.compile(
    rf"(?:{_SEP}(?:but |and )?(?:{_I_AM}?{_SURE}|{_GUESS}|不?确定)|\s+(?:but |and )?{_I_AM}{_SURE})[\s.!)）。]*$"
)
_LETTER_AFTER = re.compile(r"\(?[a-j1-9]\)? (?:not |un)?(?:sure|certain)")
_OPENS = re.compile(_OPENER.pattern, re.IGNORECASE)
_GUESSED = re.compile(
    r"\W*(?:is|was|(?:could|would|might) (?=(?:it|this|that|the (?:right )?answer) be)) ?"
    r"(?:it|this|that|the (?:right |correct )?answer)(?: be)?(?: (?:maybe|perhaps|just|simply))? "
    r"(?P<said>\S.*?)\s*[?？]+\s*",
    re.IGNORECASE | re.DOTALL,
)
_OF_QUIZ = re.compile(r"\b(?:question|quiz|hint|skip|allowed)\b", re.IGNORECASE)
_LOW = re.compile(r"\bnot\b|\bun|guess|不")


@dataclass(frozen=True)
class Reply:
    """A message in an open quiz.

    Attributes:
        kind: what it is; only "answer" and "dont_know" may be graded.
        words: the answer without the words on how sure the student is; for "report" the reason.
        confidence: how sure the student says to be, 0 to 1; None where nothing is said.
        last: for "report", whether the question before is meant and not the open one.
        guessed: whether the answer was put as a question ("is it the prior?"); the words are then what is guessed.
    """

    kind: ReplyKind | Wish
    words: str = ""
    confidence: float | None = None
    last: bool = False
    guessed: bool = False


def reply_of(text: str) -> Reply:
    """What a message in a quiz is: one of the kinds of `reply_kind`, or a wish besides.

    "Not sure" alone says how sure the student is of the answer to come and is no answer; "B, not sure" is one.
    """
    bare = _bared(text)
    if not re.search(r"\w", bare):
        return Reply("question")
    for kind, pattern in _WISHED:
        if pattern.fullmatch(bare):
            return Reply(kind)
    if _UNCLEAR.fullmatch(bare):
        return Reply("unclear")
    report = _REPORT.fullmatch(bare)
    if report:
        said = report["said"] or report["rest"] or ""
        named = _REPORTED.match(said)
        assert named is not None
        reason = report["said"] or said[named.end() :] or named["fault"] or ""
        return Reply("report", reason[:_MOST_REASON].strip(), last=bool(named["last"]))
    confidence, rest = confidence_of(text)
    if confidence is not None and not rest:
        return Reply("confidence", confidence=confidence)
    guess = _GUESSED.fullmatch(without_opening(rest))
    if guess is None:
        return Reply(reply_kind(rest), rest, confidence)
    on_quiz = _OF_QUIZ.search(guess["said"])
    return Reply("unclear") if on_quiz else Reply("answer", guess["said"], confidence, guessed=True)


def without_opening(text: str) -> str:
    """A message without the words that lead up to what it says: "never mind", "wait"."""
    return text[len(found[0]) :] if (found := _OPENS.match(text)) else text


def asks_to_go_on(text: str) -> bool:
    """Whether a message asks to go on with a quiz, by its name ("continue the quiz")."""
    return bool(_GOES_ON.fullmatch(_bared(text)))


def _bared(text: str) -> str:
    """A message in small letters on one line, without politeness and the marks around it."""
    said = re.sub(r"\s+", " ", text.replace("’", "'").strip().lower())
    said = re.sub(rf"^{_PLEASE}(?=\S)", "", said)
    return re.sub(r",? (?:please|then|thanks|thank you|now)$", "", said.strip(" .!?？！。…")).strip(
        " .!?？！。…,"
    )


def confidence_of(text: str) -> tuple[float | None, str]:
    """How sure the student says to be, None where nothing is said, and the message without those words."""
    said = re.sub(r"\s+", " ", text.replace("’", "'").strip())
    low = said.lower()
    kept = [word for word in re.findall(r"[^\s.,!?。！？…]+", low) if word not in _FILLER - _OF_SURE]
    if _BARE.fullmatch(" ".join(kept)):
        return _level(low), ""
    if _LETTER_AFTER.fullmatch(low):
        return _level(low), said.split()[0]
    before, after = _BEFORE.match(low), _AFTER.search(low)
    if before:
        return _level(before[0]), said[before.end() :].strip(" ,;:(")
    if after:
        return _level(after[0]), said[: after.start()].strip(" ,;:(")
    return None, text.strip()


_OF_SURE = frozenset(("i", "am", "about", "of", "not", "it"))


def _level(said: str) -> float:
    share = re.search(r"(\d{1,3}) ?% (?:sure|certain|confident)", said)
    if share:
        return min(100, int(share[1])) / 100
    return NOT_SURE if _LOW.search(said) else SURE
