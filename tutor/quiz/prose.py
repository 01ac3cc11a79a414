"""Facts that stand in a note's prose and have no question of their own: its misconceptions and its procedures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from tutor.notes.note import Block, Note
from tutor.quiz.facts import EVERYDAY, Fact, FactKind, concept_of, fact_id
from tutor.quiz.wording import stands_alone
from tutor.statements import subject_of_claim
from tutor.topics import Topics
from tutor.words import STRUCK, content_words, split_sentences, without_article

_MISCONCEIVED = re.compile(
    r"^(?:[-*•]\s+)?[\"“](?P<said>[^\"“”\n]{12,160}[.!])[\"”]\s+(?P<truth>\S.*)$", re.M
)
_MISCONCEPTIONS = re.compile(r"misconception|\bmyths?\b|common mistakes?", re.IGNORECASE)
_STEP = re.compile(r"^\s*(?P<n>\d{1,2})[.)]\s+(?P<words>\S.*)$", re.MULTILINE)
_NO_SEQUENCE = re.compile(
    r"\brules?\b|\breasons?\b|\bkinds?\b|\btypes?\b|\bways?\b|\bpitfalls?\b|\btips?\b|\bparts\b|\bquestions?\b|\bcomponents?\b",
    re.IGNORECASE,
)
# A step that names another by its number, or tells its own place.
_REFERS = re.compile(
    r"\bsteps? \d|\brepeat\w*\b.*\bsteps?\b|^\W*(?:first|then|next|finally|after that)\b", re.IGNORECASE
)
_NO_STATEMENTS = re.compile(r"\breferences\b|\bfurther reading\b|\bsources\b|students ask", re.IGNORECASE)
_ITEM = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+")
FEWEST_STEPS, MOST_STEPS = 3, 7
_LONGEST_NAME, _FEWEST_SAID = 4, 3  # words of a name, and meaning-bearing words that are said of it
_NAME = re.compile(r"[^\W\d_][^,;:.!?$]*")
_SAYS_WHAT = re.compile(r"(?:is|are|means?)\s+(?:an?|the|one|any)\b", re.IGNORECASE)
_BRACKET = re.compile(r"\s*\([^()]*\)")


def prose_facts(note: Note, topics: Topics | None = None, bare: bool = False) -> list[Fact]:
    """The misconceptions and the procedures of a note, in its order.

    Args:
        topics: names the concepts; without it each fact is filed under the note's title.
        bare: the note has no cards, no quiz questions and no glossary: what its sentences say of a named thing is
            asked instead.
    """
    if EVERYDAY.search(note.title):
        return []
    told = _told(note, topics) if bare else ()
    return [*_misconceptions(note, topics), *_procedures(note, topics), *told]


def stated(note: Note, topics: Topics | None = None) -> Iterator[Fact]:
    """The other sentences of a note that say something by themselves, in its order: never asked, but what they say of
    one thing is a wrong option for another.

    Args:
        topics: as for `prose_facts`.
    """
    for block in note.blocks if note.format != "flashcards" else ():
        section = block.heading[-1] if block.heading else ""
        text = block.text.words
        silent = block.kind not in ("prose", "list") or block.speaker or _NO_STATEMENTS.search(section)
        if silent or _MISCONCEPTIONS.search(section) or STRUCK.search(text):
            continue
        for begin, end in split_sentences(text):
            mark = _ITEM.match(text, begin, end)
            begin = mark.end() if mark else begin
            if stands_alone(" ".join(text[begin:end].split())):
                yield _fact(note, block, "statement", begin, end, topics)


def _told(note: Note, topics: Topics | None) -> Iterator[Fact]:
    """The sentences that open with the name of what they are about, their term, as definitions or statements."""
    for fact in stated(note, topics):
        subject = subject_of_claim(fact.key)
        name = without_article(_BRACKET.sub("", subject)).strip()
        if not fact.key.startswith(subject) or not _NAME.fullmatch(name) or not content_words(name):
            continue
        says_what = _SAYS_WHAT.match(fact.key[len(subject) :].strip()) is not None
        enough = len(content_words(fact.key)) >= len(content_words(name)) + _FEWEST_SAID
        if enough and len(name.split()) <= _LONGEST_NAME:
            yield replace(fact, kind="definition" if says_what else "statement", term=name)


def misconception_in(fact: Fact) -> str:
    """What a fact corrects, in a student's words; empty where it corrects nothing."""
    if fact.entry is not None:
        return ""
    line = fact.source.words.rfind("\n", 0, fact.span[0]) + 1
    found = _MISCONCEIVED.match(fact.source.words, line)
    return found["said"] if found and found.start("truth") == fact.span[0] else ""


def steps_in(fact: Fact) -> tuple[str, ...]:
    """The steps of a procedure in their order; empty where the key is no numbered list."""
    return tuple(step["words"].strip() for step in _numbered(fact.key))


def _numbered(text: str) -> list[re.Match[str]]:
    found = list(_STEP.finditer(text))
    return found if [int(step["n"]) for step in found] == list(range(1, len(found) + 1)) else []


def _misconceptions(note: Note, topics: Topics | None) -> Iterator[Fact]:
    for block in note.blocks:
        section = block.heading[-1] if block.heading else ""
        if block.speaker or not _MISCONCEPTIONS.search(section):
            continue
        for found in _MISCONCEIVED.finditer(block.text.words):
            truth = found["truth"]
            sentences = split_sentences(truth)
            if sentences and not STRUCK.search(found.group()) and len(content_words(truth)) > 3:
                begin = found.start("truth")
                yield _fact(
                    note, block, "yes-no", begin, begin + sentences[min(1, len(sentences) - 1)][1], topics
                )


def _procedures(note: Note, topics: Topics | None) -> Iterator[Fact]:
    for block in note.blocks:
        steps = _numbered(block.text.words) if block.kind == "list" else []
        section = block.heading[-1] if block.heading else ""
        if not FEWEST_STEPS <= len(steps) <= MOST_STEPS or _NO_SEQUENCE.search(section) or not section:
            continue
        if not STRUCK.search(block.text.words) and not any(_REFERS.search(step["words"]) for step in steps):
            yield _fact(note, block, "procedure", steps[0].start("n"), steps[-1].end(), topics)


def _fact(note: Note, block: Block, kind: FactKind, begin: int, end: int, topics: Topics | None) -> Fact:
    key = block.text.words[begin:end].rstrip()
    concept, titled = concept_of(key, note, block.heading, topics)
    return Fact(
        fact_id(key), kind, "", key, "", concept, note.path, note.title, block.heading, block.text,
        (begin, begin + len(key)), titled=titled,
    )  # fmt: skip
