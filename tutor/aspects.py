"""What the notes say of each of several things, sentence by sentence, and which of these speak of the same aspect."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tutor.chinese import CJK
from tutor.coverage import held
from tutor.grounding import Evidence, evidence_in
from tutor.notes.dialogue import HUMAN
from tutor.passages import Passage
from tutor.retrieval import Retriever
from tutor.sides import without_aspect
from tutor.vocabulary import Concept
from tutor.words import content_words, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NEAR = 16  # passages searched for each thing
_OPENING = 8  # words of a sentence in which its subject stands
_MOST_WORDS = 34
_FEWEST_WORDS = 4
_MOST_EMBEDDED = 48
_VERB_WITHIN = 8  # words of a sentence
_FIRST_CLAUSE = re.compile(r"[,;:]|\s(?:and|but|that|which|because|while|so)\s", re.I)
_UNFIT = re.compile(r"[|\n]|\$\$|[?？:：]$|^(?:yes|no)\b", re.I)
# What leans on the sentence before may stand in a column that names its "it".
_GOES_ON = re.compile(r"^(?:it|they|its|their)\b|^(?:它|其)", re.I)
_POINTS = re.compile(r"\b(?:these|those|above|below|following|such an?)\b", re.I)
_LEANS = re.compile(
    r"^\W*(?:(?:this|these|that|those|such|it|its|they|their|then|both|however|here|so|instead|but|and|also|yes|no)\b"
    r"|\w+ \w+ (?:then|also|therefore)\b|(?:the )?(?:first|second|other|same|latter|former) )|^(?:它|这|那|其)",
    re.I,
)
_ASIDE = re.compile(
    r"misconception|reference|further reading|worked|in pytorch|in code|exercise|quiz|questions?$|误解|参考|代码",
    re.I,
)
_SUMMARY = re.compile(r"^(?:in short|summary|key points|takeaways|总结|小结)", re.I)
_TITLE_PARTS = re.compile(r"\s*(?:[:：,，(（)）/|]|\band\b|\bvs\.?|\s[–—-]\s|和|与)\s*", re.I)
# Words that may stand before a name without making it another thing: "a standard GAN", but not "a conditional GAN".
_PLAIN_BEFORE = frozenset(
    """a an the this each every any one no all most many some both several standard plain ordinary usual usually
    original typical simple basic vanilla classic trained modern good single of in on with for from to by as at than
    like unlike and or but training using train trains inside whole real own such is are was between while whereas means
    called
    name names""".split()
)

# What speaks well or ill of a thing; the second of each pair does so only where a heading promises it.
_BAD = re.compile(
    r"\b(?:unstable|slow\w*|fail\w*|hard to|harder|expensive|difficult\w*|suffer\w*|blurr\w*|lack(?:s|ing)?"
    r"|costly|weak\w*|poor\w*"
    r"|worse|overfit\w*|drawbacks?|struggl\w+|cannot|can't|misses|too (?:large|small|long|slow|few|many)"
    r"|false things|vanish\w*)\b"
    r"|缺点|弱点|不稳定|慢|不能|模糊",
    re.I,
)
_ILL = re.compile(
    r"\b(?:(?<!needs )no|not|never|only|collaps\w*|limit\w*|sensitive|wrong|loses?|problems?|risk\w*|without"
    r"|blurred)\b|难|只能",
    re.I,
)
_GOOD = re.compile(
    r"\b(?:fast\w*|sharp\w*|stab(?:le|ly)|good|eas(?:y|ily|ier)|simple|efficient\w*|accura\w+|cheap\w*"
    r"|robust\w*|powerful|flexib\w+"
    r"|quick\w*|better|smooth|diverse|reliabl[ey]|photorealistic|works well|well on|high quality)\b"
    r"|优点|稳定|快|容易|清晰",
    re.I,
)
_WELL = re.compile(
    r"\b(?:can|exact\w*|few|fewer|parallel|well|even|also|directly|every|any|one network|many tasks)\b|可以|能",
    re.I,
)


# What a title may add to a name that stays the same: "Diffusion models".
_GENERIC = frozenset(("model", "network", "method", "algorithm", "模型", "网络", "方法", "算法"))


@dataclass(frozen=True)
class Aspect:
    """A side from which things are described, with its name in English and Chinese and the words that tell it."""

    name: str
    chinese: str
    told: re.Pattern[str]

    def is_named(self, name: str) -> bool:
        """Whether a name such as "Weak points" or "How is it trained" stands for this aspect."""
        return bool(self.told.search(name)) or self in promised_by(name)

    def is_labelled(self, name: str) -> bool:
        """Whether a name is this aspect's own, in either language."""
        return name in (self.name, self.chinese)

    def label(self, chinese: bool) -> str:
        """The name in the student's language."""
        return self.chinese if chinese else self.name


def _aspect(name: str, chinese: str, told: str) -> Aspect:
    return Aspect(name, chinese, re.compile(told, re.I))


WHAT = _aspect(
    "What it is", "是什么", r"\b(?:is|are|means?|names?)\s+(?:an?|the|one|any)\b|\bmeans$|是一|是指|指的是"
)
STRENGTHS = _aspect("Strengths", "优点", r"$^")
WEAKNESSES = _aspect("Weaknesses", "缺点", r"$^")
ASPECTS = (
    WHAT,
    _aspect(
        "What it is made of",
        "由什么组成",
        r"\b(?:consists? of|made (?:up )?of|composed of|built (?:from|of)|comprises?|contains?|ha(?:s"
        r"|ve) (?:two|three|four|several)"
        r"|(?:two|three|four) (?:parts|networks|components|layers|stages))\b|由.*组成|包括|包含",
    ),
    _aspect(
        "How it learns",
        "怎样训练",
        r"\b(?:(?:is|are|was|were) (?:usually |often )?(?:pre)?(?:trained|fitted|learned)|(?:pre)?train(?:s"
        r"|ing)?|learns?|optimi[sz]es?"
        r"|minimi[sz](?:es?|ing)|maximi[sz](?:es?|ing)|fits?|loss|objective|estimates?)\b|训练|学习|损失|目标",
    ),
    _aspect(
        "How it works",
        "怎样工作",
        r"\b(?:generates?|samples?|sampling|draws?|predicts?|classif(?:y|ies)|produces?|decodes?|encodes?"
        r"|turns?|maps?|picks?"
        r"|chooses?|makes?|computes?|reads?|writes?|adds?|removes?|transforms?|starts? (?:from|with)|combines?"
        r"|scores?|compares?"
        r"|measures?|finds?|splits?|takes?|lets?|works? by)\b|生成|采样|预测|读|写",
    ),
    _aspect(
        "What it needs",
        "需要什么",
        r"\b(?:needs?|requires?|assum(?:es?|ption)|depends? on|relies on|expects?|wants?)\b|需要|假设",
    ),
    _aspect(
        "Speed and cost",
        "速度与代价",
        r"\b(?:fast\w*|slow\w*|quick\w*|cheap\w*|expensive|costs?|costly|seconds|minutes|hours|memory|in parallel"
        r"|(?:single|one) (?:forward )?(?:pass|step|call))\b|快|慢|步",
    ),
    STRENGTHS,
    WEAKNESSES,
    _aspect(
        "What it is used for",
        "用途",
        r"\b(?:used (?:for|to|in|as|when|where|by)|useful|suits?|suited|suitable|appl(?:ied|ications?)|serves?"
        r"|good (?:for|at))\b"
        r"|用于|用来|适合",
    ),
    _aspect(
        "Where it comes from",
        "来历",
        r"\b(?:introduced|proposed|published|invented|developed|described)\b|提出|发表",
    ),
)
_OWN_SECTION = (
    (STRENGTHS, re.compile(r"strength|advantage|benefit|\bpros\b|优点", re.I)),
    (WEAKNESSES, re.compile(r"weak|disadvantage|drawback|limit|fault|\bcons\b|缺点|局限", re.I)),
)


@lru_cache(maxsize=16_384)
def _title_stems(title: str) -> tuple[frozenset[str], ...]:
    """The meaning-bearing stems of a title, then those of each of its parts."""
    return tuple(frozenset(content_words(part)) for part in (title, *_TITLE_PARTS.split(title)))


class Thing:
    """One of the things that are compared, and how the notes name it.

    Args:
        name: as the student writes it.
    """

    def __init__(self, name: str, retriever: Retriever) -> None:
        self.name = name
        joined = re.sub(
            r"\b([A-Za-z]+) ([A-Za-z0-9])\b",
            lambda two: f"{two[1]}-{two[2]}" if retriever.knows(f"{two[1]}{two[2]}".lower()) else two[0],
            name,
        )
        readings = dict.fromkeys((joined, retriever.vocabulary.in_english(joined)))
        concepts = [retriever.vocabulary.concepts(text) for text in readings]
        self._readings: list[list[Concept]] = [found for found in concepts if found]
        self._titled: dict[str, bool] = {}
        self.stems = frozenset(words(" ".join(readings))) | {
            stem
            for found in self._readings
            for concept in found
            for option, share in concept.others
            if share == 1.0
            for stem in option
        }

    def named_in(self, have: Iterable[str]) -> bool:
        """Whether words (stems) name the thing in one way or another."""
        stems = frozenset(have)
        return any(all(held(concept, stems) == 1.0 for concept in found) for found in self._readings)

    def is_titled(self, title: str) -> bool:
        """Whether a title, or a part of it, is the name of the thing and of nothing else."""
        known = self._titled.get(title)
        if known is None:
            whole, *parts = _title_stems(title)
            known = bool(self.stems & whole) and any(
                part and part <= self.stems | _GENERIC and self.named_in(part) for part in (whole, *parts)
            )
            self._titled[title] = known
        return known

    def opens(self, start: Sequence[str]) -> bool:
        """Whether a sentence that starts with these words (stems) has the thing for its subject, with no word before
        that makes it another."""
        start = start[:_OPENING]
        for end in range(1, len(start) + 1):
            if self.named_in(start[:end]):
                before = [word for word in start[:end] if word not in self.stems]
                return all(word in _PLAIN_BEFORE for word in before)
        return False

    def is_variant(self, sentence: str) -> bool:
        """Whether a sentence names one of the thing's kinds by a longer word: "GPT-3"."""
        for word in re.findall(r"[\w-]+", sentence[:80]):
            stems = set(words(word))
            if stems & self.stems:
                return bool(stems - self.stems)
        return False

    def without_name(self, sentence: str) -> str:
        """A sentence with the thing's name taken out, so that what it says of it can be likened to others."""
        return re.sub(r"[\w-]+", lambda word: "it" if set(words(word[0])) & self.stems else word[0], sentence)


@dataclass(frozen=True, eq=False)
class Line:
    """A sentence of the notes on one thing.

    Attributes:
        weight: how much it is about the thing and fit for a cell.
        about: its meaning-bearing words but for the thing's names.
        opens: whether the thing is its subject.
    """

    piece: Evidence
    weight: float
    about: frozenset[str]
    aspects: frozenset[str]
    opens: bool


def things_named(retriever: Retriever, names: Sequence[str]) -> tuple[list[Thing], str]:
    """The things that are compared, and in which aspect; empty where it is in all that they are.

    "GAN training" and "VAE training" are a GAN and a VAE where these have notes or sections and the whole names have
    none.
    """
    things = [Thing(name, retriever) for name in names]
    bare, aspect = without_aspect(names)
    if not aspect or all(_has_home(retriever, thing) for thing in things):
        return things, ""
    barer = [Thing(name, retriever) for name in bare]
    return (barer, aspect) if all(_has_home(retriever, thing) for thing in barer) else (things, "")


def _has_home(retriever: Retriever, thing: Thing) -> bool:
    return any(is_home(passage, thing) for passage in retriever.index.passages)


def is_home(passage: Passage, thing: Thing) -> bool:
    """Whether a passage stands in a note or under a heading that is about the thing."""
    headings = passage.heading[:-1] if passage.kind in ("card", "quiz") else passage.heading
    return thing.is_titled(passage.title) or any(map(thing.is_titled, headings))


def passages_on(retriever: Retriever, thing: Thing) -> list[Passage]:
    """The passages of the notes and sections on a thing, and those that are near to its name."""
    own = [
        passage
        for passage in retriever.index.passages
        if passage.id not in retriever.copies and is_home(passage, thing)
    ]
    near = [hit.passage for hit in retriever.search(thing.name, k=_NEAR)]
    return list({passage.id: passage for passage in (*own, *near)}.values())


def lines_on(
    passages: Sequence[Passage], thing: Thing, others: Sequence[Thing], asked: Collection[str], chinese: bool
) -> list[Line]:
    """The sentences that speak of a thing, best first.

    Args:
        others: the things it is compared with; a sentence on one of these is none on this thing.
        asked: the stems of what is asked about the things besides their names.
        chinese: whether Chinese sentences come first, else they are left out.
    """
    found = [
        line
        for passage in passages
        if _is_usable(passage) and (chinese or not CJK.search(passage.text.words))
        for line in _lines_in(passage, thing, others, asked, chinese)
    ]
    return sorted(found, key=lambda line: -line.weight)


def _is_usable(passage: Passage) -> bool:
    section = passage.heading[-1] if passage.heading and passage.kind not in ("card", "quiz") else ""
    return not (
        passage.kind in ("code", "table", "analogy", "math", "quiz")
        or HUMAN.fullmatch(passage.speaker)
        or _ASIDE.search(section)
    )


def _lines_in(
    passage: Passage, thing: Thing, others: Sequence[Thing], asked: Collection[str], chinese: bool
) -> Iterator[Line]:
    home = is_home(passage, thing)
    section = passage.heading[-1] if passage.heading else ""
    for piece in evidence_in(passage):
        text = piece.text
        in_chinese = bool(CJK.search(text))
        length = len(text) // 2 if in_chinese else len(text.split())
        if not _FEWEST_WORDS <= length <= _MOST_WORDS or _UNFIT.search(text) or piece.asserted_from >= 0:
            continue
        have = words(text)
        named = thing.named_in(have)
        if not named and (not home or any(other.named_in(have) for other in others)):
            continue
        opens = thing.opens(have)
        rivals = [other for other in others if other.named_in(have[:_OPENING])]
        if rivals and not opens:
            continue
        goes_on = home and bool(_GOES_ON.match(text))
        weight = 1.0 if opens else 0.7 if goes_on else 0.6 if thing.named_in(have[:_OPENING]) else 0.3 * named
        weight += (
            0.5 * home
            - 0.4 * (bool(_LEANS.match(text)) and not goes_on)
            - 0.15 * ("$" in text)
            - 0.02 * max(0, length - 18)
        )
        weight -= (
            0.4 * (passage.kind == "card")
            + 0.7 * (passage.kind == "answer")
            + 0.3 * len(rivals)
            + 1.2 * (chinese and not in_chinese)
        )
        weight += 0.15 * bool(_SUMMARY.match(section)) + 0.3 * (home and not passage.heading)
        about = frozenset(have) - thing.stems
        weight += 0.4 * bool(about.intersection(asked)) - 0.5 * thing.is_variant(text)
        weight -= 0.7 * bool(_POINTS.search(text))
        yield Line(piece, weight, about, _aspects_of(thing, piece, opens), opens)


def _aspects_of(thing: Thing, piece: Evidence, opens: bool) -> frozenset[str]:
    """The aspects that a sentence speaks of: what its verb says; what is good or bad, by its words and its "
    "section."""
    text = thing.without_name(piece.text)
    head = _FIRST_CLAUSE.split(" ".join(text.split()[: _VERB_WITHIN + 4 * (not opens)]))[0]
    found = {aspect.name for aspect in ASPECTS if aspect.told.search(text if CJK.search(text) else head)}
    if not opens:
        found.discard(WHAT.name)
    heading = " ".join(piece.passage.heading)
    sections = promised_by(heading)
    if len(sections) == 1:
        return frozenset(found | {sections[0].name})
    if opens and WHAT.name not in found and (verdict := verdict_of(text, in_section=bool(sections))):
        found.add(verdict.name)
        found -= {"How it works", "How it learns"} if verdict is WEAKNESSES else set()
    return frozenset(found)


def verdict_of(text: str, in_section: bool) -> Aspect | None:
    """Whether a sentence tells a strength or a weakness; None where it tells neither or both.

    Args:
        in_section: it stands under a heading that promises such sentences, so that weaker words tell too.
    """
    good, bad = bool(_GOOD.search(text)), bool(_BAD.search(text))
    if in_section and not good and not bad:
        good, bad = bool(_WELL.search(text)), bool(_ILL.search(text))
    if good == bad:
        return None
    return STRENGTHS if good else WEAKNESSES


def promised_by(heading: str) -> list[Aspect]:
    """Which of strengths and weaknesses a heading promises."""
    return [aspect for aspect, told in _OWN_SECTION if told.search(heading)]


def likeness(
    retriever: Retriever, lines: Sequence[Sequence[Line]], things: Sequence[Thing]
) -> dict[int, NDArray[np.float32]]:
    """The vectors of the best sentences on each thing, its name taken out, by the identity of the line.

    One batch of at most 48 sentences is embedded.
    """
    each = _MOST_EMBEDDED // max(1, len(lines))
    taken = [(line, thing) for own, thing in zip(lines, things, strict=True) for line in own[:each]]
    if not taken:
        return {}
    vectors = retriever.embedding.embed_texts([thing.without_name(line.piece.text) for line, thing in taken])
    return {id(line): vector for (line, _), vector in zip(taken, vectors, strict=True)}
