"""The things that a question compares: "GAN vs VAE", "the difference between A, B and C", "X 和 Y 的区别"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tutor.chinese import CJK
from tutor.words import content_words

MOST_SIDES = 4
_LONGEST = 60  # characters of one side
_MOST_WORDS = 8
_COMPARES = re.compile(
    r"\b(?:differ\w*|diff|diffrences?|differnces?|compar\w+|relat(?:ion\w*|ed|es?)|versus|vs|better than|worse than"
    r"|distinguish\w*|connection|in common|apart|contrast\w*|instead of|rather than|similar\w*)\b"
    r"|区别|差别|不同|差异|关系|联系|对比|比较|还是|相比",
    re.I,
)
_WHICH = r"(?:which|what|who|when|where)"
_BEST = r"(?:better|best|cheaper|more|less|needs?|has|is|should|do|\w+er)"
_CHOICES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"^([^,:;?]{{2,80}}?\s+or\s+[^,:;?]{{2,60}}?)\s*[,:;?—–-]\s*{_WHICH}\b",
        rf"^{_WHICH}\b[^,:;]*?\b{_BEST}\b[^,:;]{{0,40}}?[,:;—–]\s*(.+?\s+or\s+.+)$",
        r"^(?:should (?:i|we|one)|do i|when (?:should i|to)|when do i)\s+(?:use|take|choose|pick"
        r"|prefer)\s+(.+?\s+or\s+.+)$",
        r"^(?:choose|pick|decide) between\s+(.+?\s+or\s+.+)$",
    )
)
# Where a question names its sides: behind these words "and" parts them ...
_NAMED = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"^(.+?\s(?:vs\.?|versus)\s.+)$",
        r"\b(?:differ\w*|diff\w*|relation\w*|compar\w+|connection|contrast|similarit\w+|distinguish|distinction"
        r"|choose)\b"
        r".*?\bbetween\s+(.+)$",
        r"^\W*(?:(?:can|could|would) you |please |i want to |now )*(?:compare|contrast|distinguish"
        r"|tell)\s+(.+?)(?:\s+apart)?$",
        r"\btell\s+(.+?)\s+apart$",
        r"\bwhat\s+(?:do|does)\s+(.+?)\s+have in common\b",
        r"\bwhat\s+(?:distinguish\w*|separates)\s+(.+)$",
        r"\b(?:differences?|relation\w*|comparison|similarit\w+)\b.*?\bof\s+(.+)$",
        r"^(?:how|why) (?:is|are|do|does)\s+(.+?)\s+(?:related|connected|different|differ|compared?|relate)$",
        r"^(.+?)[:,-]?\s+(?:the\s+)?(?:main\s+)?(?:diff|differences?|diffrences?|differnces?|comparison"
        r"|compared|relationship)$",
    )
)
# ... and here only words that compare do.
_SAID = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"^(?:how|why|when|what|is|are|does|do)\b(?: (?:is|are|does?|did|should|would|can|to))?(?: (?:i|we|you|one))?"
        r"(?: (?:use|take|choose|prefer))?\s+(.+)$",
        r"^(.+)$",
    )
)
# What stands between two sides, when the words around already say that they are compared.
_BETWEEN = re.compile(
    r"\s*,?\s+(?:vs\.?|versus)\s+"
    r"|\s+(?:(?:is |are )?(?:differ\w*|diff|distinct|distinguish\w*)(?: in \w+)?\s+(?:from|to|than|with)|(?:is "
    r"|are )?related to"
    r"|relates? to|(?:as )?compared? (?:to|with|against)|better than|worse than|instead of|rather than"
    r"|in contrast to|(?:is |are )?similar to)\s+",
    re.I,
)
_LISTED = re.compile(
    r"\s*(?:,\s*(?:and|or)\s+|,\s+|;\s+|\s+(?:and|or|with|to|from|against)\s+|\s+&\s+|\s/\s)", re.I
)
_TAIL = re.compile(
    r"\s*(?:[?!;:—–]|,\s*(?=(?:what|which|when|why|how|who|is|are|please|in|for|and (?:what|which|when|why|how))\b)"
    r"|\s(?=(?:which (?:one|of|is)|what(?:'?s| is| are)?|who)\b)"
    r"|\s+(?:in (?:terms|one|a (?:nutshell|few|table|sentence|simple)|short|simple|plain|detail|practice|common"
    r"|general|the context)|when|with (?:respect|regard)|regarding|when it comes|for (?:me|beginners)"
    r"|like (?:i|i'm)\b|and (?:what|which|when|why|how)\b)).*$|[.。]\s*$",
    re.I | re.S,
)
# "better than a VAE at sharp images" compares with a VAE.
_MEASURED_BY = re.compile(r"\s+(?:at|for|on|as)\s.+$", re.I)
_TRAILING = re.compile(
    r"(?:\s*[:,-])?\s+(?:the\s+)?(?:main\s+|key\s+)?(?:diff(?:erences?|rences?|ernces?)?|comparison|compared"
    r"|differ|work|relat\w+|each other"
    r"|(?:relationships?|relations?)(?: and differences?)?|apart|for me|please|wise)$",
    re.I,
)
_LEADING = re.compile(
    r"^(?:(?:\W*\b(?:an?|the|both|either|normal|ordinary|plain|usual|using|me|about|of|explain|compare"
    r"|comparing|between|what|is"
    r"|are|whats|differences?|relationship|relation|which|better|best|and|but|so)\b)+\s+|^.*\b(?:weaknesses"
    r"|differences|cons) of\s+)",
    re.I,
)
# No name of a thing: a pronoun, or a clause with a subject or verb of its own.
_NO_NAME = re.compile(
    r"^(?:it|its|that|this|them|these|those|they|each other|one another|kind|ones?|others?"
    r"|(?:the )?(?:first|second|last|former|latter)(?: one)?|two|which|what|both|all|there)\b(?!-)"
    r"|\b(?:you|i|we|he|she|did|does|do|was|were|will|would|can|could|should|wouldn'?t|how|why|when|where|who"
    r"|is|are|am)\b"
    r"|\bnot$",
    re.I,
)
# What things are compared in.
_ASPECT = (
    r"(?:(?:pre)?training|fine-?tuning|sampling|inference|generation|learning|evaluation|optimi[sz]ation|convergence"
    r"|speed|time|costs?|memory|compute|loss(?:es)?|loss functions?|objectives?|architectures?|stability|diversity"
    r"|quality|outputs?|samples?|images?|likelihoods?|parameters?|data|inputs?|strengths?|weakness(?:es)?"
    r"|(?:dis)?advantages?|limits|limitations|faults?|problems?|uses?|applications?)"
)
_OF = re.compile(
    rf"^(?:the\s+)?(?P<aspect>(?:[\w-]+\s+)?{_ASPECT})\s+(?:of|in|for|with)\s+(?P<thing>.+)$", re.I
)
_WITH_ASPECT = re.compile(
    rf"^(?P<thing>.+?)(?:['’]s?)?\s+(?P<aspect>(?:(?:training|sampling|generation|inference)\s+)?{_ASPECT})$",
    re.I,
)
_CHINESE = re.compile(
    r"(?:比较|对比)(?:一下)?(?P<a>.+?)$"
    r"|(?P<b>.+?)(?:之间)?(?:的|有什么|有何|有啥|是什么|到底)*(?:主要|本质)?(?:区别|差别|不同|差异|关系|联系|对比|比较)"
    r"|(?P<c>.+?还是.+?)$"
)
_CHINESE_LISTED = re.compile(r"\s*(?:和|与|跟|同|及|、|，|,|还是|相比|比(?!较)|\bvs\.?\b|\band\b)\s*", re.I)
_CHINESE_EDGE = re.compile(
    r"^(?:请问|请|解释|说说|一下|讲讲|什么是|那|到底)+|(?:之间|的|有|呢|吗|各|最?主要|本质|根本|最大)+$"
)


def sides(question: str) -> list[str]:
    """The two to four things that a question compares, in its order and words; none when it compares nothing."""
    if CJK.search(question):
        return _kept(_chinese_sides(question))
    text = " ".join(question.split()).rstrip("?!. ")
    for pattern in _CHOICES:
        match = pattern.search(text)
        if match and (parts := _kept(re.split(r"\s*,?\s+or\s+|\s*,\s+", match.group(1), flags=re.I))):
            return parts
    if not _COMPARES.search(text):
        return []
    for pattern in (*_NAMED, *_SAID):
        match = pattern.search(text)
        if match and (parts := _kept(_cut(match.group(1), listed=pattern in _NAMED))):
            return parts
    return []


def without_aspect(names: Sequence[str]) -> tuple[list[str], str]:
    """The sides without the aspect that they are compared in, and that aspect; as they are where they name none.

    "GAN training" and "VAE training" are a GAN and a VAE in training, "sampling speed of GANs" and "diffusion" are
    GANs and diffusion in sampling speed.
    """
    found = [_OF.match(name) or _WITH_ASPECT.match(name) for name in names]
    aspects = dict.fromkeys(match["aspect"].lower() for match in found if match)
    if len(aspects) != 1:
        return list(names), ""
    bare = [match["thing"] if match else name for match, name in zip(found, names, strict=True)]
    return [_LEADING.sub("", name).strip() for name in bare], next(iter(aspects))


def _cut(text: str, listed: bool) -> list[str]:
    """The sides in the part of a question that names them; where it is no list, only words that compare part them."""
    text = _TAIL.sub("", text).strip()
    previous = ""
    while previous != text:
        previous, text = text, _TRAILING.sub("", text).strip(" ,")
    parts = _BETWEEN.split(text)
    if len(parts) >= 2:
        parts[-1] = _MEASURED_BY.sub("", parts[-1])
        return [piece for part in parts for piece in re.split(r"\s*,\s+(?:and\s+|or\s+)?", part)]
    return _LISTED.split(text) if listed else []


def _kept(parts: list[str]) -> list[str]:
    """The parts without the words around, each once; none where one of them names nothing."""
    found: list[str] = []
    for part in parts:
        part = _TRAILING.sub("", _TAIL.sub("", part)).strip(" ,;:\"'“”‘’")
        part = _LEADING.sub("", part).strip()
        if not part:
            continue
        if (
            _NO_NAME.search(part)
            or not content_words(part)
            or len(part) >= _LONGEST
            or len(part.split()) > _MOST_WORDS
        ):
            return []
        if part.lower() not in [other.lower() for other in found]:
            found.append(part)
    return found if 2 <= len(found) <= MOST_SIDES else []


def _chinese_sides(question: str) -> list[str]:
    if not _COMPARES.search(question):
        return []
    text = question.strip(" ?？。!！")
    match = _CHINESE.search(text)
    if not match:
        return []
    named = re.split(r"[，,。；;：:]", next(part for part in match.groups() if part))
    listed = next((part for part in named if len(_CHINESE_LISTED.split(part)) >= 2), "")
    parts = [part for part in _CHINESE_LISTED.split(listed) if part.strip()]
    return [_CHINESE_EDGE.sub("", part.strip()).strip() for part in parts]
