"""Examples for the chat model that are made by script, out of the notes, the bundled claims and the messages.

They teach the short jobs: a verdict on a statement, an answer in the note's own words, a call as JSON,
the distractors of a question. Nothing of the notes, the cards and the sets that are held out comes in.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tutor.chinese import CJK
from tutor.evaluation.numbered import drafted, is_grounded
from tutor.evaluation.questions import SETS_FOLDER
from tutor.grounding import evidence_in
from tutor.prompts import NOT_SAID
from tutor.quiz.bank import Bank
from tutor.quiz.items import plain
from tutor.retrieval import Retriever
from tutor.training.claims import LabelledClaim, read_claims
from tutor.training.examples import (
    BY_HAND,
    BY_SCRIPT,
    HELD_OUT_NOTES,
    HELD_OUT_SUBJECTS,
    Lesson,
    read_lessons,
    write_lessons,
)
from tutor.training.grades import left_out_of_scripts
from tutor.training.scripted_calls import call_lessons
from tutor.training.scripted_options import distractors
from tutor.words import content_words, split_sentences

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEED = 0
MAKER = "script"
COUNTS = {
    "verdict": 351,
    "answer": 350,
    "tool": 300,
    "distractor": 150,
}  # of the last there may be fewer
_HELD_OUT_SETS = (
    "conversations", "eli5", "graded-fresh", "graded-held-out", "misconceptions", "numbered-held-out",
    "routing-held-out", "search-held-out", "statements-held-out",
)  # fmt: skip
_LEAST_WORDS, _MOST_WORDS = 6, 34
_LEANS = re.compile(r"(?:it|its|this|these|they|their|that|then|he|she|here|there|both|so|but|and|thus|such|in this|"
                    r"for this|the same|as a result|for example|where it breaks|analogy)\b", re.IGNORECASE)  # fmt: skip
_NO_PROSE = re.compile(r"[|<>`\n\\]|\$[^$]{25,}\$|https?:|\d{4}\.\d{5}")
_EVERYDAY = re.compile(r"everyday questions|students ask", re.IGNORECASE)
_REFUSED = 0.2  # the share of answers whose sentence is taken out
# The likeness in words with the claim that its own sentence needs, and that other sentences may have.
_SPEAKS = {"supported": 0.35, "contradicted": 0.3, "absent": 0.1}
_MAY_SPEAK = 0.25
_SAID_AS = ("{}", "{}", "{}", "{}", "so {}, right?", "is it true that {}?", "i think {}", "{}, correct?")


@dataclass(frozen=True)
class Sentence:
    """A sentence of the notes that may be shown to the model."""

    note: str
    lines: tuple[int, int]
    text: str
    passage: int

    def told(self) -> dict[str, Any]:
        """The sentence as a lesson keeps it."""
        return {"note": self.note, "lines": list(self.lines), "text": self.text}


class Material:
    """The sentences that may be learned from, with their vectors.

    Attributes:
        sentences: each text once.
    """

    def __init__(self, retriever: Retriever) -> None:
        self.retriever = retriever
        self._held = held_out_texts()
        found: dict[str, Sentence] = {}
        for row, passage in enumerate(retriever.index.passages):
            if (
                passage.note in HELD_OUT_NOTES
                or passage.speaker
                or passage.kind in ("code", "table", "analogy")
            ):
                continue
            section = passage.heading[-1].lower() if passage.heading else ""
            if section == "references" or not self.allows(
                *passage.heading
            ):  # what an answer names may stand there
                continue
            for piece in evidence_in(passage):
                if (
                    piece.asserted_from <= piece.begin
                    and self.allows(piece.text)
                    and _stands_alone(piece.text)
                ):
                    found.setdefault(piece.text, Sentence(passage.note, piece.lines, piece.text, row))
        self.sentences = list(found.values())
        self.places = {one.text: place for place, one in enumerate(self.sentences)}
        self.by_note: dict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(self.sentences):
            self.by_note[one.note].append(place)
        self.stems = [frozenset(content_words(one.text)) for one in self.sentences]
        self._holding: dict[str, list[int]] = defaultdict(list)
        for place, stems in enumerate(self.stems):
            for stem in stems:
                self._holding[stem].append(place)
        self._lengths = [max(self._weight(stems), 0.1) ** 0.5 for stems in self.stems]

    def _weight(self, stems: Iterable[str]) -> float:
        return sum(self._rarity(stem) ** 2 for stem in stems)

    def _rarity(self, stem: str) -> float:
        return math.log((1 + len(self.sentences)) / (1 + len(self._holding.get(stem, ()))))

    def likeness(self, text: str) -> NDArray[np.float32]:
        """The cosine of a text's words with those of each sentence, rare words weighing more, [sentences]."""
        import numpy as np

        stems = frozenset(content_words(text))
        shared = np.zeros(len(self.sentences), np.float32)
        for stem in stems:
            shared[self._holding.get(stem, [])] += self._rarity(stem) ** 2
        return shared / np.array(self._lengths, np.float32) / max(self._weight(stems), 0.1) ** 0.5

    @cached_property
    def _passages(self) -> NDArray[np.float32]:
        return self.retriever.index.vectors(list(range(len(self.retriever.index.passages))))

    def nearness(self, place: int) -> NDArray[np.float32]:
        """The cosine in meaning of the passage of one sentence with that of each, [sentences]."""
        near = self._passages @ self._passages[self.sentences[place].passage]
        return near[[one.passage for one in self.sentences]]

    def allows(self, *texts: str) -> bool:
        """Whether none of the texts is of a held-out set or names a held-out subject."""
        return not any(
            HELD_OUT_SUBJECTS.search(text) or CJK.search(text) or plain(text) in self._held for text in texts
        )


def held_out_texts() -> frozenset[str]:
    """All texts of the held-out sets and their sentences, in plain words."""
    lines = (
        line
        for name in _HELD_OUT_SETS
        for line in (SETS_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    )
    texts = [text for line in lines for text in _strings(json.loads(line))]
    found = {plain(text) for text in (*texts, *left_out_of_scripts()) if len(text.split()) > 2}
    parts = (
        text[slice(*span)] for text in (*texts, *left_out_of_scripts()) for span in split_sentences(text)
    )
    return frozenset(found | {plain(part) for part in parts if len(part.split()) > 4})


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def _stands_alone(text: str) -> bool:
    fits = _LEAST_WORDS <= len(text.split()) <= _MOST_WORDS and text.endswith(".") and text[:1].isupper()
    return fits and not _LEANS.match(text) and not _NO_PROSE.search(text)


def scripted_lessons(retriever: Retriever, demos: Sequence[str], seed: int = SEED) -> list[Lesson]:
    """All of them, the same for the same notes and seed.

    Args:
        demos: the names of the demos.
    """
    material = Material(retriever)
    bank = Bank(retriever)
    made: list[Lesson] = []
    made += verdicts(material, COUNTS["verdict"], random.Random(f"verdict {seed}"))
    made += answers(material, COUNTS["answer"], random.Random(f"answer {seed}"))
    made += call_lessons(
        retriever.named, material.allows, demos, COUNTS["tool"], random.Random(f"tool {seed}")
    )
    made += distractors(material.allows, bank, COUNTS["distractor"], random.Random(f"distractor {seed}"))
    return made


def write_scripted(retriever: Retriever, demos: Sequence[str]) -> list[Lesson]:
    """Makes them and writes them into the package."""
    made = scripted_lessons(retriever, demos)
    write_lessons(made, BY_SCRIPT)
    return made


# -- verdicts ----------------------------------------------------------------------------------------------------


def verdicts(material: Material, n: int, rng: random.Random) -> list[Lesson]:
    """Statements with what one to four sentences say of them; a third each is true, false and not said."""
    by_verdict: dict[str, list[tuple[LabelledClaim, int]]] = defaultdict(list)
    own = _Quotes(material)
    claims = read_claims()
    rng.shuffle(claims)
    for claim in claims:
        place = own(claim)
        if place is not None and material.allows(claim.claim) and 4 <= len(claim.claim.split()) <= 24:
            by_verdict[claim.verdict].append((claim, place))
    made: list[Lesson] = []
    for _, found in sorted(by_verdict.items()):
        used: set[int] = set()
        lessons: list[Lesson] = []
        for claim, place in found:
            if len(lessons) < n // 3 and place not in used:
                lesson = _verdict(material, claim, place, rng)
                if lesson is not None:
                    lessons.append(lesson)
                    used.add(place)
        made += lessons
    rng.shuffle(made)
    return made


class _Quotes:
    """Finds the sentence that a claim's quote was taken from."""

    def __init__(self, material: Material) -> None:
        self._places = {plain(text): place for text, place in material.places.items()}

    def __call__(self, claim: LabelledClaim) -> int | None:
        return self._places.get(plain(re.sub(r"<[^>]+>|^\s*(?:[-*•]|\d{1,2}\.)\s+", "", claim.quote)))


def _verdict(material: Material, claim: LabelledClaim, place: int, rng: random.Random) -> Lesson | None:
    """The lesson; None where the claim is too far from its sentence to be judged by it alone."""
    like = material.likeness(claim.claim)
    if like[place] < _SPEAKS[claim.verdict]:
        return None
    own = material.likeness(material.sentences[place].text)
    others = [
        other
        for other in material.by_note[material.sentences[place].note]
        if other != place and like[other] < _MAY_SPEAK and own[other] < 0.4
    ]
    others.sort(key=lambda other: -float(like[other]))
    shown = [place, *rng.sample(others[:8], min(len(others[:8]), rng.choice((0, 1, 1, 1, 2, 3))))]
    rng.shuffle(shown)
    said = rng.choice(_SAID_AS).format(claim.claim.rstrip(" .?!"))
    given = {"statement": said, "evidence": [material.sentences[one].told() for one in shown]}
    number = shown.index(place) + 1
    target = {
        "supported": f"True. [{number}]",
        "contradicted": f"False: {material.sentences[place].text} [{number}]",
        "absent": NOT_SAID,
    }[claim.verdict]
    return Lesson("verdict", given, target, MAKER)


# -- answers -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asked:
    """A card's question, with the places of the sentences that answer it.

    Attributes:
        everyday: whether it is in a beginner's words, so that shared words cannot tell which sentences answer it.
    """

    question: str
    places: tuple[int, ...]
    everyday: bool


def answers(material: Material, n: int, rng: random.Random) -> list[Lesson]:
    """Cards' questions among sentences of their own and of other notes; a fifth with the answer taken out."""
    by_hand = {text for one in read_lessons(BY_HAND) for text, _ in drafted(one.target).sentences}
    cards = list(_cards(material))
    rng.shuffle(cards)
    cards.sort(key=lambda one: any(material.sentences[place].text in by_hand for place in one.places))
    made: list[Lesson] = []
    for asked in cards:
        if len(made) == n:
            break
        refused = sum(one.target == NOT_SAID for one in made) < _REFUSED * (len(made) + 1)
        lesson = _answer(material, asked, refused and not asked.everyday, rng)
        if lesson is not None:
            made.append(lesson)
    return made


def _cards(material: Material) -> Iterator[_Asked]:
    """The cards whose answer stands alone, the first two sentences of it at most."""
    for passage in material.retriever.index.passages:
        if passage.kind != "card" or passage.note in HELD_OUT_NOTES or passage.part:
            continue
        question = passage.heading[-1]
        places = [material.places.get(piece.text) for piece in evidence_in(passage)[:2]]
        kept = tuple(place for place in places if place is not None)
        fits = question.endswith("?") and "\n" not in question and material.allows(question)
        own = all(material.sentences[place].note == passage.note for place in kept)
        if fits and own and kept and places[0] is not None:
            everyday = any(_EVERYDAY.search(part) for part in (passage.title, *passage.heading[:-1]))
            yield _Asked(question, kept, everyday)


def _answer(material: Material, asked: _Asked, refused: bool, rng: random.Random) -> Lesson | None:
    """The lesson; None where too few sentences do not answer."""
    import numpy as np

    own = asked.places
    like = material.likeness(asked.question)
    nearness = material.nearness(own[0])
    told = frozenset(content_words(asked.question))
    new = frozenset(stem for place in own for stem in material.stems[place]) - told
    if not new:
        return None
    alike = np.max([material.likeness(material.sentences[place].text) for place in own], axis=0)
    most_near, most_like, most_new = (0.6, 0.5, 0.25) if refused else (0.85, 0.9, 0.45)

    def answers_not(place: int) -> bool:
        says = len(material.stems[place] & new) / len(new)
        return bool(
            alike[place] < 0.45
            and nearness[place] < most_near
            and like[place] < most_like
            and says < most_new
        )

    note = material.sentences[own[0]].note
    passage = material.sentences[own[0]].passage
    order = [int(place) for place in (like + nearness).argsort()[::-1][:100]]
    near = [place for place in order if place not in own and answers_not(place)][:10]
    siblings = [
        place
        for place in material.by_note[note]
        if 0 < abs(material.sentences[place].passage - passage) < 12 and answers_not(place)
    ]
    wanted = rng.choice((4, 4, 4, 5, 6)) - (0 if refused else len(own))
    pool = list(
        dict.fromkeys((*rng.sample(near, min(len(near), wanted - 1)), *rng.sample(siblings, len(siblings))))
    )
    if len(pool) < 3:
        return None
    shown = [*pool[:wanted], *(() if refused else own)]
    rng.shuffle(shown)
    target = NOT_SAID
    if not refused:
        target = " ".join(f"{material.sentences[place].text} [{shown.index(place) + 1}]" for place in own)
    evidence = [material.sentences[place].told() for place in shown]
    given = {"question": _as_typed(asked.question, rng), "evidence": evidence}
    lesson = Lesson("answer", given, target, MAKER)
    return lesson if refused or grounded(lesson) else None


def grounded(lesson: Lesson) -> bool:
    """Whether each sentence of an answer is supported by the sentences whose numbers it gives."""
    evidence = lesson.given["evidence"]
    return all(
        numbers and is_grounded(text, [evidence[number - 1] for number in numbers])
        for text, numbers in drafted(lesson.target).sentences
    )


def _as_typed(question: str, rng: random.Random) -> str:
    """A question as a student types it: now and then in small letters at its begin, without its sign at the end."""
    if rng.random() < 0.6 or not re.match(r"[A-Z][a-z]+ ", question):
        return question
    small = question[0].lower() + question[1:]
    return small if rng.random() < 0.3 else small.rstrip("?")
