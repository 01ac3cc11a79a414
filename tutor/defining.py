"""What defines a topic in the notes: its names, the sentences that say what it is, their facts, and shorter wordings.

A sentence defines a topic when the topic, under one of its names, is its subject: "A GAN (...) is a ...".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from tutor.chinese import CJK
from tutor.grounding import Evidence, check, evidence_in
from tutor.passages import Passage
from tutor.ranking import Findings, Ranked
from tutor.retrieval import Hit, Retriever
from tutor.words import NEGATIONS, content_words, numbers, reading_grade, symbols, words, zipf

Names = frozenset[frozenset[str]]
Idf = Callable[[str], float]

_CANDIDATES = 30
_MOST_FACTS = 3
_HELD = 0.75
_ECHOED = 0.5
_OPENING = 14  # words
_SUBJECT = 7  # words
_BRACKET = re.compile(r"\s*\(([^()]*)\)")
_ARTICLE = re.compile(r"^\W*(?:an?|the)\s+", re.I)
_COPULA = re.compile(r"\s(?:is|are|means?|stands for|describes?|refers? to)\s+(?:that\s+)?", re.I)
_NO_DEFINITION = re.compile(
    r"(?:not|no|never|often|also|usually|still|only|more|less|much|very|too|well|easy|hard|good|better|enough|based"
    r"|used|known|called|said|able|likely|in|on|at|from|for|due|part|because|trained|built|made|\w+ly|\w{2,}(?:ed|ing))\b",
    re.I,
)
_DEFINES_NOUN = re.compile(r"(?:an?|the|one|any|how|what|when|where|that)\b", re.I)
_VERB_THEN = re.compile(
    r"^\w+s\s+(?:an?|the|each|every|one|how|what|that|whether|to|from|with|text|data|images?|noise|new)\b",
    re.I,
)
_TAIL = re.compile(r"\s(?:of|in|for|on|with|from|by|between)\s", re.I)
_LEANS = re.compile(
    r"^\W*(?:this|these|that|those|such|it|its|they|then|both|however|here|he|she|instead|so|but|and|yes|no"
    r"|for example|in symbols)\b",
    re.I,
)
_MATH = re.compile(r"\$|\\\(|\\\[|[=≈≤≥|]|\b[a-zA-Z]\([a-z]")
_CLAUSE = re.compile(
    r"\s*[;:]\s+|,\s+|\s+(?=(?:so that|although|while|whereas|because|in which|with which|from which)\b)"
)
_CUT = re.compile(r"[,;:]?\s+(?=\S)")
_ASIDE = re.compile(r"\s*\([^()$]*\)|,?\s*such as [^,.;]*(?=[,.;])")
_APART = ("code", "table", "analogy", "math")


@dataclass(frozen=True)
class Topic:
    """What is asked about: the words for it, and the stems of each of its names."""

    text: str
    names: Names


@dataclass(frozen=True)
class Fact:
    """A clause of the definition, and the stems in it that are central."""

    text: str
    central: frozenset[str]


@dataclass(frozen=True)
class Line:
    """A sentence to be told: the notes' own, or a shorter wording of it that passed the grounding check."""

    piece: Evidence
    words: str = ""

    @property
    def text(self) -> str:
        """What is shown."""
        return self.words or self.piece.text


def topic_named(retriever: Retriever, text: str) -> Topic:
    """A topic with its other names in the notes: "GANs" is also "generative adversarial network"."""
    text = retriever.vocabulary.in_english(text).strip(" ?.!")
    own = frozenset(content_words(text))
    names = {own}
    concepts = retriever.vocabulary.concepts(text)
    if len(concepts) == 1:
        names |= {
            frozenset(content_words(" ".join(option))) or option for option, share in concepts[0].others
        }
    acronym = _BRACKET.search(text)
    if acronym:
        names |= {stems(_BRACKET.sub("", text)), stems(acronym.group(1))}
    return Topic(text, frozenset(name for name in names if name))


def parts_of(topic: Topic) -> Topic:
    """A topic that joins things ("Fine-tuning and LoRA", "risks of generative AI"), by the names of each."""
    pieces = {stems(piece) for piece in _TAIL.split(topic.text)} - {frozenset()}
    return Topic(topic.text, topic.names | subjects(topic.text) | pieces)


def owners(known: Sequence[Evidence]) -> frozenset[str]:
    """The stems of the things that the definition's subject belongs to: "The generator of a GAN is ..."."""
    opening = _COPULA.split(" ".join(known[0].text.split()[:_OPENING]) + " ")[0] if known else ""
    verb = re.search(r"\s[a-z]{3,}s\s+(?:an?|the|each|how|what)\s", opening)
    return stems(" ".join(_TAIL.split(opening[: verb.start()] if verb else opening)[1:]))


def stems(text: str) -> frozenset[str]:
    """The stems of a text that carry meaning."""
    return frozenset(content_words(text))


def subjects(text: str) -> set[frozenset[str]]:
    """The names in a phrase: with and without its bracket, of both things that a title joins."""
    found: set[frozenset[str]] = set()
    for part in [text, *re.split(r",|\band\b|[:;]", _BRACKET.sub("", text))]:
        found |= {stems(_BRACKET.sub("", part)), *(stems(inner) for inner in _BRACKET.findall(part))}
    found |= {stems(inner) for inner in _BRACKET.findall(text)}
    return {name for name in found if name}


def defining(retriever: Retriever, topic: Topic, found: Findings) -> list[Evidence]:
    """The sentences of the notes that define the topic, the definition proper first."""
    hits = [*found.hits, *retriever.search(f"What is {topic.text}?", k=_CANDIDATES)]
    return _defined(retriever, topic, hits, found) or _defined(retriever, parts_of(topic), hits, found)


def _defined(retriever: Retriever, topic: Topic, hits: Sequence[Hit], found: Findings) -> list[Evidence]:
    notes = {hit.passage.note for hit in hits[:6]}
    passages = {hit.passage.id: hit.passage for hit in hits}
    for passage in retriever.index.passages:
        if passage.note in notes and subjects(passage.title) & topic.names:
            passages.setdefault(passage.id, passage)
    scored = [
        (rank, -place, piece)
        for place, passage in enumerate(passages.values())
        for piece in _quotable(passage, CJK.search(found.question.text) is not None)
        if (rank := _definition_rank(piece, topic)) > 0
    ]
    scored.sort(key=lambda entry: entry[:2], reverse=True)
    return [piece for _, _, piece in scored]


def _quotable(passage: Passage, chinese: bool) -> Iterator[Evidence]:
    """The sentences of a passage that may stand for a definition."""
    section = passage.heading[-1].lower() if passage.heading else ""
    if passage.kind in _APART or section == "references" or "misconception" in section or passage.speaker:
        return
    for piece in evidence_in(passage):
        foreign = CJK.search(piece.text) is not None
        alone = "\n" not in piece.text and not piece.text.endswith(("?", ":", "：", "？"))
        if piece.asserted_from < 0 and alone and foreign == chinese:
            yield piece


def _definition_rank(piece: Evidence, topic: Topic) -> float:
    """How much a sentence is the definition of the topic; 0 where it is none."""
    passage, text = piece.passage, _ARTICLE.sub("", piece.text)
    opening = piece.begin == 0 and not passage.heading
    row = piece.begin == 0 and bool(passage.heading) and subjects(passage.heading[-1]) & topic.names
    own = bool(subjects(passage.title) & topic.names)
    verb = _COPULA.search(" ".join(text.split()[:_OPENING]) + " ")
    after = text[verb.end() :] if verb else ""
    if verb and _names(text[: verb.start()], topic.names):
        if _NO_DEFINITION.match(after) and not opening:
            return 0.0
        exact = 0.5 if _DEFINES_NOUN.match(after) else 0.0
        return 1.0 + exact + 2.0 * (opening and own) + 1.0 * bool(row) + 0.5 * own + 0.3 * opening
    if _opens_with_verb(text, topic.names):
        return 0.6 + 2.0 * (opening and own) + 1.0 * bool(row) + 0.5 * own
    return 0.0


def _names(subject: str, names: Names) -> bool:
    """Whether the subject of a sentence is the topic: by itself, in its bracket, or before "of a ..."."""
    plain = _BRACKET.sub("", subject)
    if "," in plain:
        return False
    if stems(plain) in names or any(stems(inner) in names for inner in _BRACKET.findall(subject)):
        return True
    head = _TAIL.split(plain)[0]
    return head != plain and stems(head) in names


def _opens_with_verb(text: str, names: Names) -> bool:
    """Whether a sentence says of the topic what it does: "The generator of a GAN turns noise into samples"."""
    bare = _BRACKET.sub("", text).split()
    for size in range(1, min(8, len(bare))):
        subject = " ".join(bare[:size])
        if _VERB_THEN.match(" ".join(bare[size : size + 2])) and _names(subject, names):
            return True
    return False


def lines_for(known: Sequence[Evidence], idf: Idf) -> list[Line]:
    """Wordings of the definition: itself, then the plainer ones of all that define the topic, whole and shortened."""
    if not known:
        return []
    wordings = [Line(piece) for piece in known[1:12]]
    for piece in known[:4]:
        wordings += [Line(piece, text) for text in shortened(piece, idf)]
    wordings = [line for line in wordings if not _MATH.search(line.text)]
    return [Line(known[0]), *sorted(wordings, key=lambda line: reading_grade(line.text))]


def shortened(piece: Evidence, idf: Idf) -> list[str]:
    """A long sentence cut at the end of a clause, or without an aside, where the check says that the note says so."""
    whole = piece.text.rstrip()
    found: list[str] = []
    bare = _ASIDE.sub("", whole)
    for text in dict.fromkeys((whole, bare)):
        ends = [match.start() for match in _CUT.finditer(text)]
        for cut in (*ends, len(text)):
            short = text[:cut].rstrip(" ,;:.") + "."
            if (
                short == whole
                or len(short.split()) < 6
                or short.count("(") != short.count(")")
                or "$" in short
            ):
                continue
            if not _complete(text, cut):
                continue
            if check(short, [piece], idf)[0] == "supported":
                found.append(short)
    return list(dict.fromkeys(found))


def _complete(text: str, cut: int) -> bool:
    """Whether a clause may end here: at a sign or before a word that opens another, never within a list."""
    opens = r"[;:]\s|,?\s+(?:so that|so|although|while|whereas|because|in which|which|such as)\b"
    return cut == len(text) or re.match(opens, text[cut:]) is not None


def facts_of(known: Sequence[Evidence], topic: Topic, idf: Idf) -> list[Fact]:
    """The topic's key facts: the clauses of its definition that the notes say elsewhere too, at most three.

    Of a clause those words count that other sentences on the topic use as well: what the notes repeat is central,
    the rest is wording. The topic's own name is no fact.
    """
    if not known:
        return []
    clauses = [part.strip() for part in _CLAUSE.split(_ASIDE.sub("", known[0].text)) if len(stems(part)) >= 2]
    others = [stems(piece.text) for piece in known[1:]]
    repeated, named = frozenset[str]().union(*others), frozenset[str]().union(*topic.names)
    facts = []
    for place, clause in enumerate(clauses or [known[0].text]):
        central = (stems(clause) & repeated if others else stems(clause)) - named
        if place == 0 or any(_share(stems(clause), other, idf) >= _ECHOED for other in others) or not others:
            facts.append(Fact(clause, central or stems(clause)))
    return facts[:_MOST_FACTS]


def held_facts(facts: Sequence[Fact], told: Sequence[str], idf: Idf) -> float:
    """The share of the facts that the sentences told hold, numbers, negations and formulas unchanged."""
    return sum(any(_holds(text, fact, idf) for text in told) for fact in facts) / len(facts) if facts else 1.0


def _holds(text: str, fact: Fact, idf: Idf) -> bool:
    negations = {word for word in re.findall(r"[\w'’]+", fact.text.lower()) if word in NEGATIONS}
    have = set(re.findall(r"[\w'’]+", text.lower()))
    exact = (
        negations <= have
        and numbers(fact.text) <= numbers(text)
        and set(symbols(fact.text)) <= set(symbols(text))
    )
    return exact and _share(fact.central, set(words(text)), idf) >= _HELD


def _share(need: Collection[str], have: Collection[str], idf: Idf) -> float:
    total = sum(map(idf, need))
    return sum(idf(word) for word in need if word in have) / total if total else 1.0


def plain(ranked: Sequence[Ranked], topic: Topic) -> list[Evidence]:
    """Sentences that speak to the question and stand alone, without formula, code or table, the plainest first; those
    that begin with the topic, where any do."""
    good = [
        entry
        for entry in ranked[:16]
        if entry.piece.passage.kind not in _APART
        and entry.piece.asserted_from < 0
        and "\n" not in entry.piece.text
        and not _MATH.search(entry.piece.text)
        and not _LEANS.match(entry.piece.text)
        and not entry.piece.text.endswith(("?", ":"))
    ]
    naming = [entry for entry in good if any(name <= _opening(entry.piece.text) for name in topic.names)]
    return [
        entry.piece
        for entry in sorted(
            naming or good, key=lambda entry: reading_grade(entry.piece.text) / 20 - entry.score
        )
    ]


def _opening(text: str) -> frozenset[str]:
    return stems(" ".join(text.split()[:_SUBJECT]))


def is_plain(text: str) -> bool:
    """Whether a sentence holds no formula."""
    return not _MATH.search(text)


def hard_terms(retriever: Retriever, text: str) -> list[str]:
    """The terms of the notes' own glossaries in a text, the rarest in everyday English first."""
    terms: dict[str, float] = {}
    for concept in retriever.vocabulary.concepts(text):
        if not concept.others:
            continue
        pattern = r"\b" + r"\W+".join(rf"{re.escape(part)}\w*" for part in concept.own) + r"\b"
        written = re.search(pattern, text, re.I)
        if written:
            terms[written.group()] = min(zipf(word.lower()) for word in re.findall(r"\w+", written.group()))
    return sorted(terms, key=terms.__getitem__)
