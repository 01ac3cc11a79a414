"""A question -> the passages and the sentences of the notes that speak to it, best first, and the gate's verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tutor.chinese import CJK
from tutor.compounds import is_unnamed
from tutor.gate import ASKING, GIVES_REASON, value_test
from tutor.grounding import Evidence, evidence_in
from tutor.notes.dialogue import HUMAN
from tutor.passages import Passage, embedded_text
from tutor.questions import Question
from tutor.retrieval import Answerable, Hit, Retriever
from tutor.sides import sides
from tutor.words import content_words, forms, normalised, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_POOL = 48
# How much more probable an unlikely reading of a follow-up must be to the gate than the likely one.
_SURER = 0.25
# What a sentence in another language than the question's loses; one that a student cannot read is no answer.
_OTHER_LANGUAGE = -0.35
_WEAK_SECTIONS = re.compile(r"^(?:in pytorch|a worked number|common misconceptions|further reading)$", re.I)
_WANTS_CODE = re.compile(r"\b(?:code|pytorch|implement\w*|snippet|program|python)\b", re.I)
_WANTS_FORMULA = re.compile(
    r"\b(?:formula|equation|math\w*|objective|derive|derivation|calculate|compute)\b", re.I
)
_EQUATION = re.compile(r"\$[^$]*(?:=|\\geq?|\\leq?|\\min|\\max)[^$]*\$|\\[(\[].*?=", re.S)
_FORMULA = re.compile(r"\$[^$]{12,}\$|\\[(\[]")  # no mere symbol
_CODE_WORDS = re.compile(
    r"^(?:(?:pytorch|python) )?(?:code|programs?|implementation) (?:for|of|to)\s+(?:an?\s+)?", re.I
)
_FORMULA_WORDS = re.compile(r"\b(?:the )?(?:formula[es]?|equations?) (?:of|for|behind) (?:an? |the )?", re.I)
_WANTS_LIST = re.compile(
    r"\b(?:list|name (?:some|the|all)|types?|kinds|families|examples|components|parts|steps|ways|remedies|advantages|"
    r"disadvantages|applications|uses|metrics|what are|which|avoid\w*|prevent\w*|fix\w*|cured?)\b",
    re.I,
)
_CHECKS = re.compile(
    r"^(?:so |but |and )?(?:do you mean|is it true|isn't|aren't|is |are |does |do |can )|\bright\?$|\bmisconception"
    r"|^(?:so|but) (?!what|how|why|who|which|when|where).*\b(?:is|are|means?|always|never|just|only|simply)\b "
    r"(?!it\b)(?!.*\b(?:what|how|why)\b)",
    re.I,
)
_DEFINES = re.compile(
    r"^\W*(?:what|who|explain|define|describe|tell me|do you know)\b|什么是|什么叫|是什么|是啥|^\W*(?:解释|介绍)",
    re.I,
)
_COMPARES = re.compile(r"\b(?:differ\w*|compar\w+|relation\w*|versus|vs\.?|better than|distinguish)\b", re.I)
_SUBJECT = re.compile(r"\b(?:is|are|means|stands for|was|were)\b|[是指让]|学习", re.I)
_ASKS_WHY = re.compile(
    r"^\W*(?:and |but |so )?(?:why|how come|what (?:causes|is the (?:cause|reason)))\b|为什么|为何|为啥|原因",
    re.I,
)
_YES_NO = re.compile(r"^\W*(?:yes|no)\b[,.:]", re.I)
_LEANS = re.compile(
    r"^\W*(?:(?:this|these|that|those|such|it|they|then|both|however)\b|\w+ \w+ (?:then|also)\b)", re.I
)
_ASKS_HOW = re.compile(r"\bhow\b|\bsteps?\b|\bprocedure\b|\balgorithm\b|\bloop\b|\bworkflow\b", re.I)
_SECTION_WORDS = (
    (
        ("remedy", "cure", "fix"),
        re.compile(r"\b(?:avoid|prevent|fix|cure|curing|solv|stop|reduc|overcom|remed|against)\w*", re.I),
    ),
    (
        ("notice", "symptom"),
        re.compile(r"\b(?:notic|detect|recogni[sz]|symptom|spot|tell (?:if|whether|that))\w*", re.I),
    ),
    (
        ("us", "application"),
        re.compile(r"\b(?:appl\w+|used for|use cases?|useful|good for)\b", re.I),
    ),
    (("mathematic",), _WANTS_FORMULA),
    (
        ("strength", "weakness", "advantage", "disadvantage", "limit"),
        re.compile(
            r"\b(?:strengths?|weakness\w*|(?:dis)?advantages?|benefits?|drawbacks?|limits?|limitations?)\b",
            re.I,
        ),
    ),
    (("intuition",), _ASKS_WHY),
    (("kind",), re.compile(r"\b(?:types?|kinds?|variants?|families)\b", re.I)),
    (("differenc",), _COMPARES),
    (("misconception",), _CHECKS),
)
_ASKS_STORY = re.compile(
    r"\b(?:stor(?:y|ies)|tales?|fairy ?tale|analog(?:y|ies)|metaphors?|stands? for|comparison|breaks? down"
    r"|(?:fair|good|bad|wrong) picture|picture (?:wrong|of))\b|故事|比喻|类比",
    re.I,
)
# The share of a question's words from which on a story is what it is about.
_TOLD = 0.6
# How much better than all else an analogy must fit before it is quoted unasked.
# The least share of what is asked for that a program must speak of: the development questions that a program answers
# have 0.43 or more, those that none answers 0.38 or less.
_OF_THIS_THING = 0.4
_FAR_BEHIND = 0.85
_NAMES_OPTION = re.compile(r"\W*(?:option |answer )?[A-H](?:\b is| and|[.):])", re.I)
_WANTS_SOURCE = re.compile(
    r"\b(?:who|when|paper|author\w*|reference|published|introduced|invented|year)\b", re.I
)


@dataclass(frozen=True, eq=False)
class Ranked:
    """A sentence of the notes under its headings (`text`), with its cosine with the question, its score and its
    vector [dimension]."""

    piece: Evidence
    text: str
    cosine: float
    score: float
    vector: NDArray[np.float32]


@dataclass(frozen=True)
class Findings:
    """What the notes hold on a question.

    Attributes:
        question: as it was searched for, its slips mended.
        hits: the passages, best first.
        ranked: their sentences, best first.
        gate: what the measures say.
        answered: whether the notes answer the question.
    """

    question: Question
    hits: list[Hit]
    ranked: list[Ranked]
    gate: Answerable
    answered: bool


def find(retriever: Retriever, question: Question) -> Findings:
    """Searches the notes for what answers a question, and asks the gate whether it does."""
    question = spelt(retriever, question)
    return settled(retriever, weigh(retriever, question, retrieve(retriever, question)))


def meant(retriever: Retriever, question: Question) -> Question:
    """The reading of a question that the notes answer best; the question itself where it has but one."""
    return find(retriever, question).question if question.others else question


def settled(retriever: Retriever, found: Findings) -> Findings:
    """What was found for the reading of a question that the gate is surest of; a less likely one must be surer by
    `_SURER`."""
    best, needed = found, found.gate.probability + _SURER if found.answered else 0.0
    for text in found.question.others if needed < 1.0 else ():
        question = spelt(retriever, replace(found.question, text=text, others=()))
        other = weigh(retriever, question, retrieve(retriever, question))
        if other.answered and other.gate.probability > needed:
            best, needed = other, other.gate.probability
    return best


def together(question: Question, found: Sequence[Findings]) -> Findings:
    """What the notes hold on a message that asks several questions, each passage once, best first."""
    if len(found) == 1:
        return found[0]
    hits = {hit.passage.id: hit for one in reversed(found) for hit in one.hits}
    return Findings(
        question,
        sorted(hits.values(), key=lambda hit: -hit.score),
        sorted((entry for one in found for entry in one.ranked), key=lambda entry: -entry.score),
        found[0].gate,
        any(one.answered for one in found),
    )


def spelt(retriever: Retriever, question: Question) -> Question:
    """The question with its slips mended, so that search, ranking and gate read the same words."""
    mend = retriever.lexicon.mend
    return replace(question, text=mend(question.text), topic=mend(question.topic))


def weigh(retriever: Retriever, question: Question, hits: list[Hit]) -> Findings:
    """Ranks the sentences of what was found for a question, and asks the gate whether they answer it."""
    ranked = rank(retriever, question, hits)
    gate = retriever.answerable(question.text, hits, [(entry.text, entry.cosine) for entry in ranked])
    strange = any(retriever.is_strange(side) for side in sides(question.text))
    if is_unnamed(retriever, retriever.vocabulary.in_english(question.text)):
        gate, strange = replace(gate, verdict=False, probability=0.0), True
    # A story speaks of cooks and judges, so its likeness to a question says little and its words much.
    told = any(
        retriever.coverage(question.text, hit.passage.text.words) >= _TOLD for hit in _stories(question, hits)
    )
    return Findings(question, hits, ranked, gate, (gate.verdict or told) and not strange)


def retrieve(retriever: Retriever, question: Question) -> list[Hit]:
    """The passages for a question; for a comparison also those of each side, for code also code, and
    those of a section whose heading is another word for what is asked."""
    hits = retriever.search(question.text, k=8, context=question.context)
    known = {hit.passage.id for hit in hits}
    extra: list[Hit] = []
    for side in sides(question.text):
        extra += [replace(hit, score=hit.score * 0.9) for hit in retriever.search(f"What is {side}?", k=2)]
    extra += _meant_sections(retriever, question, hits)
    if CJK.search(question.text) and retriever.chinese_notes:
        extra += retriever.search(
            question.text, k=10, notes=retriever.chinese_notes, context=question.context
        )
    if wants_code(question):
        extra += retriever.search(f"{_CODE_WORDS.sub('', question.topic)} in PyTorch", k=3, kinds={"code"})
    elif _WANTS_FORMULA.search(question.text):
        text, thing = (_FORMULA_WORDS.sub("", asked) for asked in (question.text, question.topic))
        near = [hit for hit in retriever.search(text, k=40) if hit.passage.id not in known]
        near = [hit for hit in near if _EQUATION.search(hit.passage.text.words)]
        extra += sorted(near, key=lambda hit: not _opens_with(hit.passage.text.words, thing))[:3]
    for hit in extra:
        if hit.passage.id not in known:
            known.add(hit.passage.id)
            hits.append(hit)
    return hits


def _meant_sections(retriever: Retriever, question: Question, hits: Sequence[Hit]) -> list[Hit]:
    """Sections of the nearest notes whose heading is another word for what is asked, as near as their note."""
    nearest: dict[str, float] = {}
    for hit in hits[:4]:
        nearest.setdefault(hit.passage.note, hit.score)
    found = []
    for passage in retriever.index.passages:
        if passage.note not in nearest or not passage.heading or passage.kind in ("card", "quiz", "analogy"):
            continue
        topic = set(content_words(question.topic)) & set(content_words(passage.title))
        if topic and _is_meant(set(content_words(passage.heading[-1])), question.text):
            found.append(Hit(passage, nearest[passage.note], 0.0, 0.0))
    return found


def rank(retriever: Retriever, question: Question, hits: Sequence[Hit]) -> list[Ranked]:
    """The sentences of the retrieved passages, best first.

    Each sentence is read under its headings: "PacGAN shows several samples" answers "how to avoid mode collapse"
    only because it stands under "Mode collapse > Remedies".
    """
    stories = _stories(question, hits)
    if CJK.search(question.text):
        hits = sorted(hits, key=lambda hit: hit.passage.note not in retriever.chinese_notes)
    pool = [(piece, weight) for hit in hits for piece, weight in _usable(question, hit, stories)][:_POOL]
    if not pool:
        return []
    texts = [embedded_text(piece.passage.title, piece.passage.heading[-1:], piece.text) for piece, _ in pool]
    vectors = retriever.embedding.embed_texts([retriever.vocabulary.in_english(text) for text in texts])
    cosines = vectors @ retriever.embed(question.text)
    asked = _FORMULA_WORDS.sub("", question.text)
    question = replace(question, topic=_FORMULA_WORDS.sub("", question.topic))
    found = []
    for (piece, weight), text, vector, cosine in zip(pool, texts, vectors, cosines, strict=True):
        coverage = 0.6 * retriever.coverage(asked, piece.text) + 0.4 * retriever.coverage(asked, text)
        fit = _fit(question, piece, _speaks_of_it(retriever, question, piece))
        score = 0.5 * float(cosine) + 0.25 * coverage + 0.45 * weight + fit
        found.append(Ranked(piece, text, float(cosine), score, vector))
    return sorted(found, key=lambda entry: -entry.score)


def _stories(question: Question, hits: Sequence[Hit]) -> list[Hit]:
    """The analogies that the question is about: it asks for a story, or speaks of nothing else that was found."""
    told = [hit for hit in hits if hit.passage.kind == "analogy"]
    if _ASKS_STORY.search(question.text):
        return told
    others = max((hit.score for hit in hits if hit.passage.kind != "analogy"), default=0.0)
    return [hit for hit in told if hit.score * _FAR_BEHIND > others]


def passed_over(question: Question, hits: Sequence[Hit]) -> dict[str, str]:
    """Passage id -> why no sentence of it may stand in an answer, in plain words, for those of which none may."""
    stories = _stories(question, hits)
    return {
        hit.passage.id: _barred(question, hit, stories) or _wordless(hit.passage)
        for hit in hits
        if not _usable(question, hit, stories)
    }


def _wordless(passage: Passage) -> str:
    """Why a passage that might be quoted holds no sentence that answers."""
    if passage.kind == "table":
        return "it is a table that does not compare what was asked about"
    pieces = evidence_in(passage)
    if pieces and _YES_NO.match(pieces[0].text):
        return "it answers another question with yes or no"
    return "it states nothing by itself"


def _barred(question: Question, hit: Hit, stories: Sequence[Hit]) -> str:
    """Why a passage of this sort may not be quoted in answer to this question; empty where it may."""
    passage = hit.passage
    if passage.kind == "analogy":
        return "" if hit in stories else "it tells a story, which was not asked for"
    if passage.kind == "code" and not wants_code(question):
        return "it is a program, which was not asked for"
    if passage.kind == "code" and hit.coverage < _OF_THIS_THING:
        return "it is a program for something else"
    if HUMAN.fullmatch(passage.speaker):  # in a transcript the student asks and guesses
        return "it is what somebody asked or guessed in a transcript"
    if passage.kind == "quiz" and _NAMES_OPTION.match(passage.text.words):
        return "it only names an option of a quiz question"
    if lists_references(passage) and not _WANTS_SOURCE.search(question.text):
        return "it is a list of references"
    return ""


def lists_references(passage: Passage) -> bool:
    """Whether a passage is a list of references."""
    return bool(passage.heading) and passage.heading[-1].lower() == "references"


def _usable(question: Question, hit: Hit, stories: Sequence[Hit]) -> list[tuple[Evidence, float]]:
    """The sentences of a passage that may stand in an answer to this question, with the passage's weight."""
    if _barred(question, hit, stories):
        return []
    passage, weight = hit.passage, hit.score
    section = passage.heading[-1] if passage.heading else ""
    if passage.kind == "analogy" or lists_references(passage):
        return [(piece, weight) for piece in evidence_in(passage)]
    if passage.kind == "code":
        weight += 0.2
    elif _WEAK_SECTIONS.match(section) and not (
        _CHECKS.search(question.text) and "misconception" in section.lower()
    ):
        weight -= 0.5 if "misconception" in section.lower() else 0.2
    if passage.kind == "table":
        return _table(question, hit) if sides(question.text) or wants_list(question.text) else []
    pieces = evidence_in(passage)
    if pieces and _YES_NO.match(pieces[0].text) and not _asks_the_same(question.text, section):
        return []
    # A question states nothing, whoever asks it, nor does a label without what it labels.
    return [(piece, weight) for piece in pieces if not piece.text.rstrip().endswith(("?", "？", ":", "："))]


def _asks_the_same(question: str, other: str) -> bool:
    """Whether two questions share most of their meaning-bearing words: only then does one's "no" answer both."""
    one, two = set(content_words(question)), set(content_words(other))
    return bool(one and two) and len(one & two) >= 0.6 * max(len(one), len(two))


def _table(question: Question, hit: Hit) -> list[tuple[Evidence, float]]:
    """A table as one piece, where it compares what is asked about; a table's further pieces lack the head."""
    passage = hit.passage
    compared = sides(question.text)
    have = set(normalised(passage.text.words).split())
    held = all(set(normalised(side).split()) & have for side in compared)
    if passage.part or "~~" in passage.text.words or not compared or not held:
        return []
    return [(Evidence(passage, 0, len(passage.text.words)), hit.score)]


def wants_code(question: Question) -> bool:
    """Whether the student asks for code."""
    return question.intent == "code" or bool(_WANTS_CODE.search(question.text))


def wants_list(question: str) -> bool:
    """Whether the student asks for several things of a kind."""
    return bool(_WANTS_LIST.search(question))


def _opens_with(sentence: str, topic: str) -> bool:
    """Whether a sentence has the topic for its subject: "The generator of a GAN turns ..."."""
    start = [word for word in words(sentence[:120]) if word not in ("a", "an", "the")]
    wanted = words(topic)
    abbreviated = re.search(rf"\((?:[^()]*\W)?{re.escape(topic)}\)", sentence[:120], re.I) is not None
    return bool(wanted) and (start[: len(wanted)] == wanted or abbreviated)


def _is_meant(section: set[str], question: str) -> bool:
    """Whether a section's heading is another word for what is asked: remedies for "avoid"."""
    return any(section & set(names) and asked.search(question) for names, asked in _SECTION_WORDS)


def _speaks_to(question: Question, sentence: str) -> float:
    """What speaks for a sentence by itself: the question's language, and the value or formula that is asked for."""
    bonus = 0.0 if bool(CJK.search(sentence)) == bool(CJK.search(question.text)) else _OTHER_LANGUAGE
    holds_value = value_test(question.text)
    if holds_value is not None:
        bonus += 0.3 if holds_value(sentence) else -0.1
    if _WANTS_FORMULA.search(question.text) and _EQUATION.search(sentence):
        bonus += 0.2
    return bonus


def _speaks_of_it(retriever: Retriever, question: Question, piece: Evidence) -> bool:
    """Whether a sentence may answer for its section alone: where a reason or a formula is asked for, only one that
    names what is asked about, "slow" in "why is diffusion slow?"."""
    why = bool(_ASKS_WHY.match(question.text))
    if CJK.search(question.text) or not (why or _WANTS_FORMULA.search(question.text)):
        return True
    asked = set(content_words(question.text)) - ASKING
    asked = asked - set(words(piece.passage.title)) if why else asked
    have = set(words(piece.text))
    return not asked or any(retriever.lexicon.held(one, have) or forms(one) & have for one in asked)


def _fit(question: Question, piece: Evidence, speaks_of_it: bool) -> float:
    """What speaks for a sentence beyond likeness: it defines the topic, or holds the formula asked for."""
    bonus = _speaks_to(question, piece.text)
    passage = piece.passage
    topic, title = set(content_words(question.topic)), set(content_words(passage.title))
    opening = piece.begin == 0 and not passage.heading
    if _DEFINES.match(question.text) and topic and not sides(question.text):
        if topic <= set(content_words(piece.text[:90])):
            bonus += 0.15 if _SUBJECT.search(piece.text[:90]) else 0.05
            bonus += 0.1 if opening and topic & title else 0.0
        if _opens_with(piece.text, question.topic):
            bonus += 0.15
    if _ASKS_WHY.match(question.text) and GIVES_REASON.search(piece.text):
        bonus += 0.15
    if _LEANS.match(piece.text):
        bonus -= 0.12
    if _YES_NO.match(piece.text) and not _CHECKS.search(question.text):
        bonus -= 0.25
    headed = bool(passage.heading) and passage.kind not in ("card", "quiz")
    section = set(content_words(passage.heading[-1])) if headed else set()
    if "misconception" in section and _CHECKS.search(question.text):
        asked = set(content_words(question.text))
        bonus += 0.25 if len(asked & set(content_words(piece.text))) >= 0.7 * len(asked) else -0.2
    elif section and topic & title and _is_meant(section, question.text) and speaks_of_it:
        bonus += 0.3
    elif section and topic & title and section <= set(content_words(question.text)):
        bonus += 0.12
    if (
        "\n" in piece.text
        and passage.kind not in ("code", "table", "math")
        and _ASKS_HOW.search(question.text)
    ):
        bonus += 0.15
    if question.style == "expert" and "mathematic" in section:
        bonus += 0.2
    has_math = "$" in piece.text or "\\(" in piece.text or "\\[" in piece.text
    if has_math:
        bonus += 0.1 if question.style == "expert" or _WANTS_FORMULA.search(question.text) else -0.08
        told = speaks_of_it and _FORMULA_WORDS.search(question.text) and _FORMULA.search(piece.text)
        bonus += 0.2 if told else 0.0
    length = len(piece.text.split())
    if passage.kind not in ("code", "table"):
        bonus -= 0.1 if length < 5 else 0.06 if length > 60 else 0.0
    return bonus
