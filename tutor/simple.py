"""Levels: a topic told to a child of five by the notes' own analogy, or to a pupil in plain sentences.

Two meters watch each answer: the reading grade of what is shown, and how many of the topic's facts it holds. Where
one fails, another true wording of the notes is tried; no word of substance is ever made up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tutor.defining import (
    Fact,
    Line,
    Topic,
    defining,
    facts_of,
    hard_terms,
    held_facts,
    is_plain,
    lines_for,
    owners,
    parts_of,
    plain,
    shortened,
    stems,
    subjects,
    topic_named,
)
from tutor.grounding import Citations, Evidence, evidence_in
from tutor.parts import BREAKS, Layout, Part, quoted
from tutor.passages import Passage
from tutor.ranking import Findings
from tutor.retrieval import Retriever
from tutor.selection import repeats
from tutor.turns import Meters, Sentence
from tutor.words import reading_grade

Level = Literal["eli5", "school"]
HIGHEST_GRADE: dict[Level, float] = {"eli5": 6.0, "school": 9.0}
_LONGEST_ANALOGY = 12
_MOST_TRIES = 60
_LONGEST_TERM = 25  # words
# The fit from which on an analogy is the topic's own.
_OWN = 2.0
_STORY_HEADING = re.compile(
    r"\W*(?:an? )?(?:analog(?:y|ies)|stor(?:y|ies)|metaphors?|(?:explain )?like i['’]?m (?:5|five))\W*", re.I
)
_STORY_LABEL = re.compile(r"\W*(?:analogy|story|metaphor)\b[^.!?]{0,60}:", re.I)
_BRACKET = re.compile(r"\s*\(([^()]*)\)")
# Nouns that say no more of a thing than that it is one: "diffusion" and "diffusion models" are one topic.
_KIND_NOUNS = frozenset("model network method algorithm technique trick system machine".split())


@dataclass(frozen=True)
class Explanation:
    """What is told: its parts, what the meters say, and whether an analogy of the notes is among them."""

    parts: tuple[Part, ...]
    meters: Meters
    analogy: bool


@dataclass(frozen=True)
class Story:
    """A whole analogy of the notes; `about` names its subject where that is not the topic itself."""

    pieces: tuple[Evidence, ...]
    fit: float
    about: str = ""


@dataclass(frozen=True)
class _Plan:
    """One way to tell it: the line that defines the topic, plain sentences, a term explained, an analogy."""

    line: Line | None
    story: Story | None = None
    more: tuple[Line, ...] = ()
    term: tuple[str, Line] | None = None


def explain_simply(
    retriever: Retriever, found: Findings, citations: Citations, level: Level = "eli5"
) -> Explanation:
    """A topic at the level of a child of five ("eli5") or of a pupil of about 14 ("school").

    Args:
        found: what the notes hold on the question, which the gate has let pass.
        citations: take up the quotes of what is told, and of nothing that was only tried.

    Returns:
        no parts where the notes hold no sentence to tell.
    """
    topic = topic_named(retriever, found.question.topic or found.question.text)
    known = defining(retriever, topic, found)
    stories = _stories(retriever, topic, known, found)
    lines = lines_for(known, retriever.idf) or [Line(piece) for piece in plain(found.ranked, topic)[:1]]
    facts = facts_of(known or [line.piece for line in lines], topic, retriever.idf)
    others = _plain_lines(retriever, parts_of(topic), found)
    if level == "eli5":
        plans = _eli5_plans(lines, others, facts, stories, retriever.idf)
    else:
        plans = _school_plans(lines, others, stories, _term(retriever, topic, lines, others, found))
    best: tuple[tuple[bool, float, float], _Plan, Meters] | None = None
    bound = HIGHEST_GRADE[level]
    tries = 0
    for plan in plans:
        tries += 1
        parts = list(_parts(plan, level, Citations()))
        grade = shown_grade(parts)
        kept = held_facts(facts, _told(plan), retriever.idf)
        value = (kept < 1.0, max(0.0, grade - bound), -kept)
        if best is None or value < best[0]:
            best = (value, plan, Meters(grade, kept, tries))
        if (kept == 1.0 and grade <= bound) or tries >= _MOST_TRIES:
            break
    if best is None:
        return Explanation((), Meters(0.0, 0.0, tries), False)
    _, plan, meters = best
    return Explanation(
        tuple(_parts(plan, level, citations)), replace(meters, tries=tries), plan.story is not None
    )


def shown_grade(parts: Sequence[Part]) -> float:
    """The Flesch-Kincaid grade of what the student reads."""
    return reading_grade(" ".join(part.sentence.text for part in parts))


def _told(plan: _Plan) -> list[str]:
    """The sentences of a plan that claim something of the topic itself."""
    return [line.text for line in ([plan.line] if plan.line else []) + list(plan.more)]


# -- plans, the best first -------------------------------------------------------------------------------------------


def _eli5_plans(
    lines: Sequence[Line],
    others: Sequence[Line],
    facts: Sequence[Fact],
    stories: Sequence[Story],
    idf: Callable[[str], float],
) -> Iterator[_Plan]:
    """An analogy and the line with the real words: the best of each, then plainer lines, then other analogies."""
    own = [story for story in stories if story.fit >= _OWN]
    pairs = list(_pairs(lines, others, facts, idf))
    for story in own or stories[:1]:
        yield from (_Plan(line, story) for line in lines)
        yield from (_Plan(line, story, (second,)) for line, second in pairs)
        if not lines:
            yield _Plan(None, story)
    if stories:
        return
    for line in lines:
        more = [other for other in others if not repeats(other.text, [line.text])]
        plainest = sorted(more, key=_grade)
        yield from (_Plan(line, more=tuple(some)) for some in (more[:2], plainest[:2], plainest[:3], ()))
    yield from (_Plan(line, more=(second, *others[:1])) for line, second in pairs)


def _pairs(
    lines: Sequence[Line], others: Sequence[Line], facts: Sequence[Fact], idf: Callable[[str], float]
) -> Iterator[tuple[Line, Line]]:
    """Two short sentences that hold together what the definition says in one, the plainest first."""
    found = []
    for line in lines:
        lacking = [fact for fact in facts if held_facts([fact], [line.text], idf) < 1.0]
        if not 0 < len(lacking) < len(facts):
            continue
        for second in (*lines, *others):
            if held_facts(lacking, [second.text], idf) == 1.0 and not repeats(second.text, [line.text]):
                found.append((line, second))
    yield from sorted(found, key=lambda pair: reading_grade(f"{pair[0].text} {pair[1].text}"))


def _school_plans(
    lines: Sequence[Line], others: Sequence[Line], stories: Sequence[Story], term: tuple[str, Line] | None
) -> Iterator[_Plan]:
    """A plain explanation with a term explained; then shorter lines; then the analogy after it."""
    for story in (None, *stories[:2]):
        for line in lines:
            more = [other for other in others if not repeats(other.text, [line.text])]
            word = term if term and term[0] in line.text else None
            for count in (2, 1):
                yield _Plan(line, story, tuple(more[:count]), word)
                if word is not None:
                    yield _Plan(line, story, tuple(more[:count]))


def _plain_lines(retriever: Retriever, topic: Topic, found: Findings) -> list[Line]:
    """Sentences that explain, none said twice, long ones shortened where the check lets them."""
    told: list[Line] = []
    for piece in plain(found.ranked, topic):
        if repeats(piece.text, [line.text for line in told]):
            continue
        told.append(
            min([Line(piece), *(Line(piece, text) for text in shortened(piece, retriever.idf))], key=_grade)
        )
        if len(told) == 6:
            break
    return told


def _grade(line: Line) -> float:
    return reading_grade(line.text)


def _term(
    retriever: Retriever, topic: Topic, lines: Sequence[Line], others: Sequence[Line], found: Findings
) -> tuple[str, Line] | None:
    """A hard word of the definition, and the notes' own plain definition of it."""
    asked = frozenset[str]().union(*topic.names)
    said = [line.text for line in (*lines[:1], *others[:2])]
    terms = [term for text in said[:1] for term in hard_terms(retriever, text) if not stems(term) <= asked]
    for term in terms[:2]:
        named = topic_named(retriever, term)
        for piece in defining(retriever, named, found)[:4]:
            short = len(piece.text.split()) <= _LONGEST_TERM and is_plain(piece.text)
            if short and not repeats(piece.text, said):
                return term, Line(piece)
    return None


# -- analogies -------------------------------------------------------------------------------------------------------


def _stories(retriever: Retriever, topic: Topic, known: Sequence[Evidence], found: Findings) -> list[Story]:
    """The analogies of the topic, the best fitting first; none that only shares a word with it."""
    home = found.ranked[0].piece.passage.note if found.ranked and not known else ""
    owned = owners(known)
    fitting: dict[tuple[str, tuple[str, ...]], tuple[float, int, Passage]] = {}
    for place, hit in enumerate(retriever.search(topic.text, k=10, kinds={"analogy"})):
        fit = _fit(hit.passage, topic, owned, home)
        if fit > 0:
            fitting.setdefault((hit.passage.note, hit.passage.heading), (fit, -place, hit.passage))
    ranked = sorted(fitting.values(), key=lambda entry: entry[:2], reverse=True)
    return [
        Story(tuple(_whole(retriever, passage)), fit, "" if fit >= _OWN else _subject(passage))
        for fit, _, passage in ranked
    ]


def _fit(passage: Passage, topic: Topic, owned: frozenset[str], home: str) -> float:
    """How far an analogy is one of the topic: from `_OWN` on its own, below that of a thing it belongs to."""
    subject = _subject(passage)
    whole, named = stems(_BRACKET.sub("", subject)), subjects(subject)
    if whole in topic.names:
        return 3.0
    if named & topic.names:
        return 2.5
    if any(_same_kind(name, own) for name in topic.names for own in named):
        return _OWN
    if any(own < name for name in topic.names for own in named) or any(own <= owned for own in named):
        return 1.2
    return 1.0 if home == passage.note else 0.0


def _same_kind(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two names differ in a noun that adds nothing: "diffusion" and "diffusion model"."""
    return bool(one & other) and (one ^ other) <= _KIND_NOUNS


def _subject(passage: Passage) -> str:
    """What an analogy is told of: the innermost heading that names a thing, else the note's title."""
    return next(
        (part for part in reversed(passage.heading) if not _STORY_HEADING.fullmatch(part)), passage.title
    )


def _whole(retriever: Retriever, passage: Passage) -> list[Evidence]:
    """A whole analogy, also where it was too long for one passage; of several in a row the first."""
    told: list[Evidence] = []
    for other in retriever.index.passages:
        if (other.note, other.heading, other.kind, other.speaker) != (
            passage.note,
            passage.heading,
            "analogy",
            passage.speaker,
        ):
            continue
        for piece in evidence_in(other):
            ended = any(BREAKS.match(before.text) for before in told)
            begins = "\n\n" in other.text.words[told[-1].end : piece.begin] if told else False
            if told and (_STORY_LABEL.match(piece.text) or (ended and begins)):
                return told
            told.append(piece)
    return told[:_LONGEST_ANALOGY]


# -- parts -----------------------------------------------------------------------------------------------------------


def _parts(plan: _Plan, level: Level, citations: Citations) -> Iterator[Part]:
    if level == "eli5":
        yield from _for_a_child(plan, citations)
    else:
        yield from _for_a_pupil(plan, citations)


def _for_a_child(plan: _Plan, citations: Citations) -> Iterator[Part]:
    if plan.story is None:
        yield _said("Your notes hold no analogy for this. These are their plainest words.")
        yield from _lines(([plan.line] if plan.line else []) + list(plan.more), citations)
        return
    yield from _story(plan.story, citations)
    if plan.line is not None:
        yield _said("In the real words:", "paragraph")
        yield from _lines([plan.line, *plan.more], citations)


def _for_a_pupil(plan: _Plan, citations: Citations) -> Iterator[Part]:
    yield from _lines(([plan.line] if plan.line else []) + list(plan.more), citations)
    if plan.term is not None:
        yield _said(f'One hard word here is "{plan.term[0]}".', "paragraph")
        yield from _lines([plan.term[1]], citations)
    if plan.story is not None:
        yield _said("A picture for it.", "paragraph")
        yield from _story(plan.story, citations)


def _story(story: Story, citations: Citations) -> Iterator[Part]:
    if story.about:
        yield _said(f"Your notes have no story for this alone. Here is the one for {story.about}:")
    yield from quoted(story.pieces, citations)


def _lines(lines: Sequence[Line], citations: Citations) -> Iterator[Part]:
    """Each sentence with its quote; what was shortened is marked as supported."""
    for line in lines:
        if line.words:
            yield Part(Sentence(line.text, "supported", (citations.cite(line.piece),)))
        else:
            yield from quoted([line.piece], citations)


def _said(text: str, layout: Layout = "run") -> Part:
    return Part(Sentence(text, "connective"), layout)
