"""Which of the ranked sentences make the answer: none said twice, lists whole, in the author's order."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tutor.grounding import Evidence
from tutor.questions import Question
from tutor.ranking import Ranked, lists_references, wants_code, wants_list
from tutor.sides import sides
from tutor.turns import Style
from tutor.words import content_words

MOST_SENTENCES: dict[Style, int] = {"plain": 4, "eli5": 4, "school": 4, "expert": 6}
_SAME_MEANING = 0.82
_MOST_ITEMS = 7
_COHERENT = 0.08
_SUMMARY = re.compile(r"^(?:in short|summary|key points|takeaways)$", re.I)
_PROGRAM = re.compile(r"\bin (?:pytorch|code|python)\b|\b(?:program|implementation|from scratch)\b", re.I)
# Where prose answers who and when, titles of papers are no further sentences.
_WANTS_PAPERS = re.compile(
    r"\b(?:papers?|author\w*|references?|publi\w+|sources?|literature|cite\w*|read)\b", re.I
)
_ASKS_EXAMPLE = re.compile(
    r"\b(?:give|show|tell|make|have|need|want|see|name|is there)\b.{0,12}\bexamples?\b|^\W*(?:an? |one )?example\b",
    re.I,
)
_EXAMPLE = re.compile(r"\b(?:for example|for instance|such as|e\.g\.|an example|imagine)\b|例如|比如", re.I)
_NEAR_BEST = 0.7
_LIST_MARK = re.compile(r"(?:^|\n)[ \t]*(?:[-*•]|\d{1,3}[.)])\s+$")


def choose(question: Question, ranked: Sequence[Ranked]) -> list[Evidence]:
    """The sentences of the answer, best first: none repeats another, a list is kept together."""
    if not ranked:
        return []
    if not lists_references(ranked[0].piece.passage) and not _WANTS_PAPERS.search(question.text):
        ranked = [entry for entry in ranked if not lists_references(entry.piece.passage)]
    if asks_example(question):
        thing = set(content_words(question.topic))
        told = [e for e in ranked if gives_example(e.piece) and _is_near(e, ranked[0])]
        ranked = [e for e in told if thing & set(content_words(e.piece.text))] or ranked
    programs = [entry for entry in ranked if entry.piece.passage.kind == "code"]
    if question.intent == "code" and programs:
        best = max(programs, key=lambda one: (_titled(question, one), _whole(one.piece), one.score))
        return _around(best, ranked)
    most = MOST_SENTENCES[question.style]
    lead = ranked[0]
    chosen = [lead]
    if lead.piece.passage.kind in ("card", "quiz"):
        same = [entry for entry in ranked if entry.piece.passage.id == lead.piece.passage.id]
        chosen = sorted(same, key=lambda entry: entry.piece.begin)[:most]
    elif wants_list(question.text):
        near = (e for e in ranked[:6] if is_item(e.piece) and e.score >= 0.75 * lead.score)
        first = next((e for e in near if not _SUMMARY.match(_section(e.piece))), None)
        if first is not None:
            chosen = ([] if is_item(lead.piece) else [lead]) + [first, *_siblings(first, ranked)]
            most = max(most, len(chosen))
    chosen += _missing_sides(question, ranked, chosen)
    if wants_code(question):
        chosen += [entry for entry in programs if entry is not lead][:1]
    for entry in sorted(ranked[1:], key=lambda e: -(e.score + _COHERENT * _neighbours(e.piece, lead.piece))):
        if len(chosen) >= most:
            break
        if entry not in chosen and entry.score >= _least(entry, lead) and not _said(entry, chosen):
            chosen.append(entry)
    return [entry.piece for entry in chosen]


def asks_example(question: Question) -> bool:
    """Whether the student asks for an example of a thing, and not for a list of things."""
    return question.intent == "explain" and bool(_ASKS_EXAMPLE.search(question.text))


def gives_example(piece: Evidence) -> bool:
    """Whether a sentence gives an example, or tells of a thing by another that is like it."""
    return piece.passage.kind == "analogy" or bool(_EXAMPLE.search(piece.text))


def _is_near(entry: Ranked, best: Ranked) -> bool:
    return entry.score >= _NEAR_BEST * best.score


def _titled(question: Question, entry: Ranked) -> int:
    """How many words of the question stand by themselves in the title of a sentence's note: "VAE" not in "VQ-VAE"."""
    title = entry.piece.passage.title
    asked = set(re.findall(r"[\w-]{2,}", question.text))
    return sum(bool(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", title, re.I)) for word in asked)


def _whole(piece: Evidence) -> bool:
    """Whether a program shows the thing itself, and not a number worked by hand."""
    return bool(_PROGRAM.search(_section(piece)))


def _around(program: Ranked, ranked: Sequence[Ranked]) -> list[Evidence]:
    """A program, and the sentence of its own note that is nearest to what is asked for."""
    told = [
        entry.piece
        for entry in ranked
        if entry.piece.passage.note == program.piece.passage.note and entry.piece.passage.kind != "code"
    ]
    return [program.piece, *told[:1]]


def why_unchosen(entry: Ranked, ranked: Sequence[Ranked], chosen: Sequence[Evidence]) -> str:
    """Why `choose` left out a sentence that repeats none of those it chose, in plain words."""
    if entry.piece in chosen:
        return "kept in reserve, the answer was long enough without it"
    if entry.piece.passage.kind == "table" and any(piece.passage.kind == "table" for piece in chosen):
        return "another table is quoted already"
    if entry.score < _least(entry, ranked[0]):
        return "less near to your question than what was quoted"
    return "the answer was full before its turn"


def says_the_same(entry: Ranked, other: Ranked) -> bool:
    """Whether a sentence says nothing that another one does not say; two tables or items of one list never do."""
    return entry.piece.passage.kind != "table" and _said(entry, [other])


def _missing_sides(question: Question, ranked: Sequence[Ranked], chosen: Sequence[Ranked]) -> list[Ranked]:
    """For each side of a comparison that no chosen sentence speaks of, the best sentence that does."""
    added: list[Ranked] = []
    for side in sides(question.text):
        wanted = set(content_words(side))
        about = [entry for entry in ranked if wanted <= set(content_words(entry.piece.text))]
        if about and not any(entry in about for entry in (*chosen, *added)):
            added.append(about[0])
    return added


def _least(entry: Ranked, lead: Ranked) -> float:
    """The score that a further sentence needs: more, the further away from the lead it stands."""
    if entry.piece.passage.id == lead.piece.passage.id:
        return lead.score * (0.55 if entry.piece.begin > lead.piece.begin else 0.8)
    return lead.score * (0.6 if entry.piece.passage.note == lead.piece.passage.note else 0.7)


def _neighbours(piece: Evidence, lead: Evidence) -> bool:
    """Whether both stand in one running text; the sentences of a summary do not lean on each other."""
    return piece.passage.id == lead.passage.id and not _SUMMARY.match(_section(lead))


def _section(piece: Evidence) -> str:
    return piece.passage.heading[-1] if piece.passage.heading else ""


def _siblings(lead: Ranked, ranked: Sequence[Ranked]) -> list[Ranked]:
    """The other items of the list that the lead belongs to, in the author's order."""
    same = [
        e
        for e in ranked
        if e.piece.passage.id == lead.piece.passage.id and e is not lead and is_item(e.piece)
    ]
    return sorted(same, key=lambda entry: entry.piece.begin)[: _MOST_ITEMS - 1]


def _said(entry: Ranked, chosen: Sequence[Ranked]) -> bool:
    if entry.piece.passage.kind == "table":
        return any(other.piece.passage.kind == "table" for other in chosen)
    if any(
        float(entry.vector @ other.vector) >= _SAME_MEANING
        for other in chosen
        if not _in_one_list(entry, other)
    ):
        return True
    return repeats(entry.piece.text, [other.piece.text for other in chosen])


def _in_one_list(one: Ranked, other: Ranked) -> bool:
    return one.piece.passage.id == other.piece.passage.id and is_item(one.piece) and is_item(other.piece)


def in_order(pieces: Sequence[Evidence]) -> list[Evidence]:
    """By passage, the lead's first, each in the author's order; of a summary the lead comes first alone."""
    if not pieces:
        return []
    order: dict[str, int] = {}
    for piece in pieces:
        order.setdefault(piece.passage.id, len(order))
    lead = pieces[0]
    rest = sorted(pieces, key=lambda piece: (order[piece.passage.id], piece.begin))
    if _SUMMARY.match(_section(lead)):
        return [lead, *[piece for piece in rest if piece is not lead]]
    return rest


def is_item(piece: Evidence) -> bool:
    """Whether a sentence opens an item of a list."""
    return bool(_LIST_MARK.search(piece.passage.text.words[: piece.begin]))


def repeats(sentence: str, said: Sequence[str]) -> bool:
    """Whether nearly all of a sentence's meaning-bearing words stand in one that was said, or the reverse."""
    new = set(content_words(sentence))
    for other in said:
        old = set(content_words(other))
        if new and old and len(new & old) >= 0.75 * min(len(new), len(old)):
            return True
    return False
