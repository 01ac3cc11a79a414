"""Whether a message asks for the student's own record: how they are doing, what is due, what they got wrong."""

from __future__ import annotations

import re
from typing import Literal

Which = Literal["", "due", "missed"]

_BEFORE = (
    r"(?:(?:ok(?:ay)?|and|but|so|now|then|please|well|hi|hey|hello|can you|could you|will you|would you"
    r"|let['’]?s|i want to"
    r"|i(?:['’]d| would) like to|may i|can i|can we|could we|shall we|tell me|show me|let me see|give me"
    r"|do you know)\W+)*"
)
_AFTER = (
    r"(?:\W+(?:please|so far|now|today|right now|again|then|lately|overall|for me|with this|here"
    r"|in the quiz(?:zes)?|until now"
    r"|this week|at the moment|in my quiz(?:zes)?|last time|before|yesterday|the last time))*"
)
_TOPIC = r"(?: (?:on|with|in|about|of) (?:the )?.{2,60}?)?"


def _whole(*alternatives: str) -> re.Pattern[str]:
    """Matches one of the wishes as a whole message: with anything more of substance in it, it is a question."""
    return re.compile(rf"^\W*{_BEFORE}(?:{'|'.join(alternatives)}){_AFTER}\W*$", re.IGNORECASE)


_MINE = r"(?:my|the) (?:own |overall |learning |study |quiz )*"
_GOT = r"(?:got|get|answer(?:ed)?|had|have|did|gave|was|were|missed?|fail(?:ed)?|messed up)"
_WRONG = (
    rf"(?:i (?:have |always |keep |last )?{_GOT}(?: (?:it|them|that))?(?: (?:wrong(?:ly)?"
    r"|incorrect(?:ly)?))?)"
)
_WRONG_SURE = (
    r"i (?:have |always |keep )?(?:(?:got|get|getting|answer(?:ed)?|had|have|did|was|were) (?:wrong(?:ly)?"
    r"|incorrect(?:ly)?)"
    r"|missed?|fail(?:ed)?|messed up)"
)
_MISTAKES = rf"{_MINE}(?:mistakes|errors|misses|wrong answers|weak (?:spots|points|areas)|weaknesses)"
_DUE = (
    r"(?:what(?:['’]?s| is| are)? (?:now )?(?:over)?due|which (?:cards|questions|facts|reviews|ones) are (?:over)?due"
    r"|(?:all )?(?:the |my )?(?:cards|questions|facts|items|reviews|things)"
    r"(?: (?:that|which) are)? (?:over)?due|(?:all )?(?:the |my )?due (?:cards|questions|facts|items|reviews|ones)"
    r"|everything (?:that(?:['’]?s| is) )?due)"
)
_PROGRESS = _whole(
    r"how(?: well| far| good)? (?:am|was|have|did) i (?:doing|going|been doing|done|getting (?:on|along)"
    r"|progress(?:ing|ed)|come"
    rf"|faring|coming along){_TOPIC}",
    rf"(?:what(?:['’]?s| is| are)|how(?:['’]?s| is| are)|see|show|check|open|view)? ?{_MINE}(?:progress"
    r"|stats|statistics|mastery"
    rf"|streak|track record|results|report card|learning curve)(?: (?:going|looking|like|look))?{_TOPIC}",
    r"how (?:good|bad|weak|strong) am i(?: (?:at|in|on) .{2,60}?)?",
    r"(?:what|which (?:topics?|concepts?|things?))(?: else)? (?:do|have|did) i (?:already )?(?:know"
    r"|mastered?|learnt|learned)"
    r"(?: (?:well|best))",
    r"(?:what|where|which (?:topics?|concepts?|things?)) am i (?:bad|weak|weakest|worst|good|strong"
    r"|best)(?: (?:at|in|on))?",
    r"am i (?:making|doing) (?:any )?(?:progress|better|well)|did i (?:improve|get better)"
    r"|have i (?:improved|got better)",
    r"(?:what|which (?:topics?|concepts?|things?)) (?:do|did) i (?:still )?(?:mix|muddle) up"
    r"|what do i (?:keep )?confus(?:e|ing)",
    r"我(?:的)?(?:学习)?(?:进度|成绩|进展)(?:如何|怎么样|怎样)?|我(?:学|掌握)得(?:怎么样|如何)",
)
_ASKS_DUE = _whole(
    rf"{_DUE}|(?:(?:is|are) )?(?:there )?(?:anything|something|any (?:cards|reviews|questions)) (?:over)?due",
    r"how (?:many|much)(?: (?:cards|reviews|questions|facts))? (?:are|is|do i have) (?:due|to review"
    r"|to repeat|left to review)",
    r"(?:what|which (?:topics?|concepts?|cards?|things?|notes?))(?: (?:do|should|must) i (?:need to "
    r"|have to )?|(?:['’]?s| is| are) there"
    r"(?: for me)? to )(?:review|revise|repeat|revisit|look at again|go over again)(?: next)?",
    r"(?:今天)?(?:有)?(?:什么|哪些)(?:卡片)?(?:要|需要|该)复习(?:的)?(?:吗)?|(?:哪些|什么)到期了?",
)
_ASKS_MISSED = _whole(
    r"(?:what|which(?: (?:of the )?(?:questions|ones|answers|things|facts|cards))?|where) (?:did|have"
    rf"|do) {_WRONG}",
    r"(?:what|which(?: ones?| questions?)?) (?:was|were|did) i (?:get |answer )?(?:wrong|miss"
    r"|fail)(?: (?:about|on|in))?",
    rf"(?:(?:what|where)(?:['’]?s| is| are| were) |see |list |go (?:over|through) )?{_MISTAKES}",
    r"(?:list |see )?(?:the |all (?:the )?)?(?:questions|ones|answers|things"
    rf"|everything)(?: that)? {_WRONG_SURE}",
    r"我(?:答|做)?错了(?:什么|哪些)(?:题)?|(?:哪些|什么)题?我(?:答|做)错了|我的错题",
)
_QUIZ = (
    r"(?:quiz|test|ask|examine|drill|grill)(?: me)?(?: again| once more)?(?: (?:on|about|over|with"
    r"|for))?(?: again| only| just)*"
)
_AGAIN = (
    r"(?:review|revise|repeat|retry|redo|retake|practi[sc]e|go over|go through|do|try|start|begin"
    r"|rehearse)(?: again)?"
)
_REVIEW_DUE = _whole(
    r"(?:(?:start|begin|do|open) )?(?:a |the |my |today['’]?s )?(?:daily )?reviews?(?: (?:session|time|me"
    r"|it|cards|everything))?",
    rf"(?:{_QUIZ}|{_AGAIN})(?: (?:on|about|over|with))? {_DUE}",
    r"(?:only |just )?(?:the |my )?(?:cards|questions|reviews) (?:that are )?due",
    rf"(?:{_AGAIN}) (?:my|the) (?:cards|flash ?cards|reviews)",
    r"复习(?:一下|吧|到期的?(?:卡片|内容|题)?)?|(?:开始|来|我要|我们)复习(?:吧)?",
)
_REVIEW_MISSED = _whole(
    rf"(?:{_QUIZ}|{_AGAIN})(?: (?:on|about|over|with))? (?:(?:what|all|everything|only|just|whatever"
    r"|the)(?: that| of)? ?)*"
    rf"(?:(?:questions|ones|answers|things|items|cards|facts|stuff)(?: that| which)? )?{_WRONG_SURE}",
    rf"(?:{_QUIZ}|{_AGAIN})(?: (?:on|about|over|with))? (?:all )?(?:of )?{_MISTAKES}",
    rf"(?:{_AGAIN}) (?:the )?(?:misses|missed (?:ones|questions)|failed (?:ones|questions)|wrong (?:ones"
    r"|questions|answers))",
    r"(?:考|测|问)(?:一?考)?我(?:答|做)?错(?:了|过)?的(?:题|问题)?|(?:重做|再做|复习)(?:一遍|一下)?(?:我的)?错题",
)


def asks_review(text: str) -> Which:
    """Which facts a message asks to be quizzed on: those that are due, those last answered wrong, or neither."""
    if _REVIEW_MISSED.match(text):
        return "missed"
    return "due" if _REVIEW_DUE.match(text) else ""


def asks_progress(text: str) -> bool:
    """Whether a message asks how the student is doing, what is due or what they got wrong."""
    return bool(_PROGRESS.match(text) or _ASKS_DUE.match(text) or _ASKS_MISSED.match(text))


# Within a message that is known to ask for a quiz or for the record.
_MISSED = re.compile(
    r"\b(?:what|ones|those|questions|answers|things|everything|whatever|stuff|which)(?: that| which)?(?: did)?"
    rf" {_WRONG_SURE}"
    r"|\bmy (?:\w+ )?(?:mistakes|errors|misses|wrong answers|weak spots|weak points|weaknesses)\b|错题|(?:答|做)错",
    re.IGNORECASE,
)
_IS_DUE = re.compile(
    r"\b(?:due(?! to\b(?! (?:be|come)\b))|overdue|my reviews|review (?:queue|session))\b"
    r"|\bscheduled for (?:today|now)\b|到期|复习",
    re.IGNORECASE,
)


def which_part(text: str) -> Which:
    """Which facts a message means that asks for a quiz or for the record: what is due, what went wrong, or all."""
    if asks_review(text):
        return asks_review(text)
    if _ASKS_MISSED.match(text) or _MISSED.search(text):
        return "missed"
    return "due" if _ASKS_DUE.match(text) or _IS_DUE.search(text) else ""


_ON = re.compile(
    r"\b(?:on|with|in|about|at|of) (?:the )?(.{2,60}?)(?:\s+(?:so far|now|today|please|overall))*\W*$", re.I
)
_NO_TOPIC = re.compile(
    r"^(?:my|the)? ?(?:quiz(?:zes)?|general|total|all|everything|far|this|that|it|here|last time|notes)$",
    re.I,
)


def progress_topic(text: str) -> str:
    """What the student asks their progress in: "GANs" of "how am I doing on GANs?"; empty for everything."""
    found = _ON.search(text) if _PROGRESS.match(text) else None
    return "" if found is None or _NO_TOPIC.match(found[1]) else found[1].strip()
