"""Whether a message asks for the evidence of the last answer: "how do you know?", "what did you leave out?"."""

from __future__ import annotations

import re

_BEFORE = r"(?:(?:ok(?:ay)?|and|but|so|wait|hmm+|now|then|please|well|can you|could you|would you)\W+)*"
_AFTER = r"(?:\W+(?:please|exactly|again|then|now|there|here|anyway))*"
_LEFT_OUT = (
    r"(?:leave out|left out|throw out|thrown out|reject(?:ed)?|drop(?:ped)?|discard(?:ed)?|ignored?|skip(?:ped)?"
    r"|omit(?:ted)?|not used?|pass(?:ed)? over)"
)
_THAT = (
    r"(?:that|this|it|so|all (?:of )?(?:that|this)"
    r"|(?:that|this|your|the)(?: last)? (?:answer|claim|sentence|statement|quote))"
)
_BEHIND = rf"(?: (?:for|behind|of|on|about|in) (?:{_THAT}|(?:my|the|your) notes|there))?"


def _whole(*alternatives: str) -> re.Pattern[str]:
    """Matches one of the wishes as a whole message: with anything more of substance in it, it is a question."""
    wish = "|".join(f"(?:{one}){_BEHIND}" for one in alternatives)
    return re.compile(rf"^\W*{_BEFORE}(?:{wish}){_AFTER}\W*$", re.IGNORECASE)


_EVIDENCE = _whole(
    r"(?:show|give|tell|let)(?: me)?(?: see)? (?:(?:all|the|your|any|some|more|its) )*(?:evidence|(?<!the )sources?)",
    r"(?:what|where)(?:['’]?s| is| was| are) (?:(?:the|your) (?:evidence|basis)|your sources?)",
    r"(?:do you have|have you(?: got)?|is there|any|your|more) (?:any )?(?:evidence|sources?)|evidence please",
    rf"why (?:did|do|would) you (?:say|think|claim|believe|tell me|answer|write)(?: {_THAT})?",
    rf"what makes you (?:(?:say|think|believe) {_THAT}|so sure)|why should i (?:believe|trust) (?:you|{_THAT})",
    rf"how (?:do|can|would|could) you (?:know|be (?:so )?sure(?: of| about)?)(?: {_THAT})?",
    rf"are you (?:really |quite )?sure(?: (?:about|of) {_THAT})?|says who|who says {_THAT}",
    rf"where (?:does|did|do) (?!it\b){_THAT} come from|where(?:['’]s| is| was) (?!it\b){_THAT} (?:taken |quoted )?from",
    rf"where (?:did|do) you (?:get|have|take|find|read|know) {_THAT}(?: from)?",
    rf"(?:where do my notes|where does it|which (?:note|line|passage)s?) (?:says?|states?) {_THAT}",
    rf"(?:do|does) (?:my|the) notes? (?:really |actually )?say {_THAT}|is (?:that|this) (?:really )?in my notes",
    r"(?:which|what) (?:of my |of the )?(?:notes?|passages?|sources?|lines?) (?:did|have) you (?:really )?"
    r"(?:use|read|quote|find|found|cite|look(?:ed)? at|rel(?:y|ied) on|search)\w*",
    rf"(?:which|what) (?:notes?|passages?) (?:is|was|does|did) {_THAT} (?:from|come from|taken from|based on)",
    r"what (?:else )?(?:did|have) you (?:find|found|retrieved?|look(?:ed)? at|read|search(?:ed)?(?: for)?"
    r"|consider(?:ed)?|use)",
    rf"(?:what|why|which (?:passages?|notes?|sentences?)) (?:else )?(?:did you|have you|was|were) {_LEFT_OUT}",
    r"did you leave (?:anything|something) out|why did you leave (?:it|that|anything|the rest) out",
    rf"(?:on )?what (?:is|was) {_THAT} based(?: on)?|(?:on )?what (?:do|did) you base {_THAT}(?: on)?",
    rf"(?:can|could) you back {_THAT} up|back {_THAT} up",
    rf"why (?:did|do|can|could|will)(?:n['’]?t| not)? you (?:not )?(?:answer|refuse|know)"
    rf"(?: (?:to answer|{_THAT}|my question))*",
    rf"why (?:won['’]?t|can['’]?t|cannot) you (?:answer|tell me|know)(?: (?:{_THAT}|my question))?",
    rf"why (?:do|don['’]?t) (?:my|the|your) notes (?:not )?(?:cover|answer|say) {_THAT}",
    r"(?:你的?)?(?:依据|证据|根据|出处)(?:是什么|呢|在哪里?|有哪些)?|来源(?:是什么|呢|在哪里?)|(?:这)?有(?:什么|何)(?:依据|根据|证据)吗?",
    r"(?:请)?(?:给我看|显示|展示|看看|看一下|列出)(?:一下)?(?:你的|这个)?(?:依据|证据|出处|来源)",
    r"你(?:是)?怎么知道的?|(?:你)?为什么(?:这么|这样)(?:说|认为|回答)|这(?:是|句话是)?(?:从)?哪(?:里|儿)(?:来|说)?的?",
    r"你(?:都)?(?:找到|查到|检索到|看)了?(?:些|哪些)?(?:什么|笔记|资料)|你(?:漏掉|略去|省略|舍弃|排除)了(?:哪些|些?什么)",
)


def asks_evidence(text: str) -> bool:
    """Whether a message asks what the last answer rests on, what was found, or why something was refused or left out.

    "How do you know when a GAN has converged?" does not: it asks the notes.
    """
    wishes = [wish for wish in re.split(r"(?<=[?!.？！。])\s+", text) if wish.strip()]
    return bool(wishes) and all(_EVIDENCE.match(wish) for wish in wishes)
