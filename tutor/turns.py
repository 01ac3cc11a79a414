"""What one turn of the conversation yields: the words both doors (page and terminal) render.

A turn is a stream of events. Text comes piece by piece, already checked; facts about
it come once at the end (`Answer`). Every event is plain data that JSON can hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Style = Literal["plain", "eli5", "school", "expert"]
Support = Literal["quoted", "supported", "unsupported", "connective"]
STYLES: tuple[Style, ...] = ("plain", "eli5", "school", "expert")


@dataclass(frozen=True)
class Citation:
    """A quote found by code in the named note at the named lines.

    Attributes:
        n: the number shown in the answer, from 1.
        note: the note's path; `title` and `heading` say where in it.
        quote: the note's own text, markup taken away; stands verbatim in `passage`.
        passage: the stored passage around the quote, struck-out words between `~~`.
        speaker: who said it, where the note quotes a transcript.
    """

    n: int
    note: str
    lines: tuple[int, int]
    quote: str
    title: str = ""
    heading: tuple[str, ...] = ()
    passage: str = ""
    speaker: str = ""

    def to_contract(self) -> dict[str, Any]:
        """The citation of `tutor ask --json`; `speaker` is there only where the note quotes somebody."""
        value = {"n": self.n, "note": self.note, "lines": list(self.lines), "quote": self.quote}
        return value | ({"speaker": self.speaker} if self.speaker else {})


@dataclass(frozen=True)
class Sentence:
    """One sentence of an answer, how the notes support it, and the numbers of its citations."""

    text: str
    support: Support
    cites: tuple[int, ...] = ()


@dataclass(frozen=True)
class Meters:
    """What the two meters of a simple explanation say.

    Attributes:
        grade: the Flesch-Kincaid grade of what is shown.
        facts_kept: the share of the topic's key facts that it holds, in [0, 1].
        tries: how many wordings of the notes were tried.
    """

    grade: float
    facts_kept: float
    tries: int


def worst(meters: Sequence[Meters]) -> Meters | None:
    """The meters of several explanations as of one: the highest grade, the fewest facts, all tries; None of none."""
    if not meters:
        return None
    return Meters(
        max(one.grade for one in meters),
        min(one.facts_kept for one in meters),
        sum(one.tries for one in meters),
    )


@dataclass(frozen=True)
class PassageSeen:
    """A passage that was looked at for an answer, and what became of it.

    Attributes:
        rank: its place in the search, from 1; 0 where it was sought out while the answer was made.
        score: the search's score, in [0, 1]; 0 with rank 0.
        lines: of what is quoted, or of the whole passage where nothing is.
        text: how the quote or the passage begins, without words that the note's author struck out.
        cites: the numbers under which it is quoted in the answer; empty where it is not used.
        reason: what became of it and why, in plain words.
    """

    rank: int
    score: float
    note: str
    lines: tuple[int, int]
    title: str
    heading: tuple[str, ...]
    text: str
    cites: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class DraftDropped:
    """A sentence of the model's draft that does not stand in the answer: how it begins, and why, in plain words."""

    text: str
    reason: str


@dataclass(frozen=True)
class EvidenceRecord:
    """What was looked at for an answer, what was used, and what was rejected and why.

    Attributes:
        verdict: what was decided before the answer was made, and why, in plain words.
        found: how many passages were looked at; `passages` holds those used and the nearest others.
        dropped: sentences of the draft that were thrown out, the first ones.
    """

    verdict: str
    found: int
    passages: tuple[PassageSeen, ...]
    dropped: tuple[DraftDropped, ...] = ()

    def to_contract(self) -> dict[str, Any]:
        """The key `evidence` of `tutor ask --json`."""
        return asdict(self)


@dataclass(frozen=True)
class Answer:
    """A finished answer. `answer` is Markdown with `[n]` marks; `nearest` names topics when refused; `meters` are
    those of a simple explanation; `evidence` says what was looked at."""

    answer: str
    refused: bool
    citations: tuple[Citation, ...]
    sentences: tuple[Sentence, ...]
    nearest: tuple[str, ...]
    style: Style
    fkgl: float
    model: str
    timings: dict[str, float]
    question: str = ""
    meters: Meters | None = None
    evidence: EvidenceRecord | None = None

    def to_contract(self) -> dict[str, Any]:
        """The JSON value that `tutor ask --json` promises."""
        value: dict[str, Any] = {
            "answer": self.answer,
            "refused": self.refused,
            "citations": [citation.to_contract() for citation in self.citations],
            "sentences": [
                {"text": s.text, "support": s.support, "cites": list(s.cites)} for s in self.sentences
            ],
        }
        if self.refused:
            value["nearest"] = list(self.nearest)
        value |= {
            "style": self.style,
            "readability": {"fkgl": round(self.fkgl, 1)},
            "model": self.model,
            "timings": {name: round(ms, 1) for name, ms in self.timings.items()},
        }
        return value | ({"evidence": self.evidence.to_contract()} if self.evidence else {})


@dataclass(frozen=True)
class Delta:
    """The next piece of the answer's Markdown; everything streamed has passed the grounding check."""

    text: str


@dataclass(frozen=True)
class ToolCall:
    """A tool the router called for the student: its name, bounded arguments and what the student is told."""

    name: str
    arguments: dict[str, Any]
    title: str


@dataclass(frozen=True)
class DemoProgress:
    """A new picture of a running demo; `path` is a PNG file."""

    demo: str
    path: str
    caption: str
    step: int
    total_steps: int
    elapsed_s: float
    left_s: float


@dataclass(frozen=True)
class DemoOutcome:
    """The end of a demo: the contract's fields of `tutor demo run`, or `stopped`."""

    result: dict[str, Any]
    stopped: bool = False


@dataclass(frozen=True)
class PredictionAsked:
    """A question before a demo runs: the student predicts, or says "just run it".

    Attributes:
        options: what may come out.
        call: the arguments of `run_demo` that wait for the reply.
        title: what the student is told when the run begins.
        predict: the demo's own prediction, as `tutor.jobs.list_demos` gives it.
    """

    question: str
    options: tuple[str, ...]
    call: dict[str, Any]
    title: str
    predict: dict[str, Any]


@dataclass(frozen=True)
class RunQuestion:
    """A question made from a run's numbers; `told` is what the run itself answers, `ask` what the notes are asked."""

    text: str
    told: str
    ask: str


@dataclass(frozen=True)
class RunLesson:
    """What follows a demo: the prediction beside what came out, two questions, and the titles of related notes."""

    compared: str
    questions: tuple[RunQuestion, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class TableShown:
    """A table of the program's own: the demos that there are, or two runs side by side."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class QuizItem:
    """One question as asked: number k of n, stem, lettered options (empty where words are typed).

    Attributes:
        left: for "match" what the options belong to, numbered from 1.
        how: how it is answered, in plain words.
        hints: how many hints were given on it.
    """

    item_id: str
    stem: str
    options: tuple[tuple[str, str], ...]
    k: int
    n: int
    kind: str = "short"
    left: tuple[str, ...] = ()
    how: str = ""
    hints: int = 0


@dataclass(frozen=True)
class QuizMaking:
    """What the making of a quiz is at, in plain words; gone when its first question is there."""

    text: str


@dataclass(frozen=True)
class OptionWhy:
    """An option as it was lettered, whether it is right, and why it is or is not."""

    letter: str
    text: str
    right: bool
    why: str


@dataclass(frozen=True)
class QuizGrade:
    """One answer as graded by code; `citation` is the note's sentence that decides.

    Attributes:
        attempt_id: under which the record keeps it; 0 where it is not known.
        hints: how many hints it was given with.
        why: for a question with options, each of them with its reason.
        next_due: when the fact is due again (ISO 8601); empty where it is not known.
        ask: what the student is asked to decide, where the code could not.
    """

    item_id: str
    verdict: Literal["correct", "partial", "wrong", "unsure"]
    score: float
    feedback: str
    key: str
    citation: Citation | None
    points: tuple[dict[str, Any], ...] = field(default=())
    attempt_id: int = 0
    hints: int = 0
    why: tuple[OptionWhy, ...] = ()
    next_due: str = ""
    ask: str = ""


@dataclass(frozen=True)
class QuizWhy:
    """Why the answer to a question is what it is, once it was dealt with: the note's words, each option's reason."""

    item_id: str
    stem: str
    key: str
    explanation: str
    citation: Citation | None
    options: tuple[OptionWhy, ...] = ()


@dataclass(frozen=True)
class QuizScore:
    """The end of a quiz: points out of the number of questions, and what to revisit.

    Attributes:
        revisit: concepts, each once; `titles` says in which note each stands.
        told: what the score means, what is due when and how to go on, in plain words.
        missed: how many questions "again" asks once more.
        due: each concept with the time when it is due again (ISO 8601), the soonest first.
    """

    score: float
    n: int
    revisit: tuple[str, ...]
    titles: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    missed: int = 0
    due: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Drawing:
    """A map of the notes, drawn by the program: Mermaid source with safe labels, a tree for a terminal, a caption."""

    mermaid: str
    tree: str
    caption: str


@dataclass(frozen=True)
class EvidenceShown:
    """The evidence of an earlier answer, shown because the student asks for it; `question` is that answer's."""

    question: str
    evidence: EvidenceRecord


@dataclass(frozen=True)
class Notice:
    """A line from the program itself (not from the notes): small talk, a state, a problem with its remedy."""

    text: str


Event = (
    Delta
    | Answer
    | ToolCall
    | DemoProgress
    | DemoOutcome
    | PredictionAsked
    | RunLesson
    | TableShown
    | QuizMaking
    | QuizItem
    | QuizGrade
    | QuizWhy
    | QuizScore
    | Drawing
    | EvidenceShown
    | Notice
)


def event_to_json(event: Event) -> dict[str, Any]:
    """The event as plain data, its type under `event`."""
    return {"event": type(event).__name__, **asdict(event)}


STOPPED = "Stopped."
"""What stands at the end of a turn that the student stopped."""


def lasting_events(events: list[Event], text: str, stopped: bool) -> list[Event]:
    """What a turn leaves behind: no pieces of text, nothing of how a quiz was made, of a demo only the last picture."""
    passing = (Delta, DemoProgress, QuizMaking)
    lasting: list[Event] = [event for event in events if not isinstance(event, passing)]
    pictures = [event for event in events if isinstance(event, DemoProgress)]
    if pictures and not any(isinstance(event, DemoOutcome) for event in events):
        lasting.append(pictures[-1])
    if text and not any(isinstance(event, Answer) for event in events):
        lasting.append(Delta(text))
    if stopped:
        lasting.append(Notice(STOPPED))
    return lasting


def spoken(events: list[Event]) -> str:
    """A turn in words, for the history that the next question is read against."""
    parts = []
    for event in events:
        if isinstance(event, Answer):
            parts.append(event.answer)
        elif isinstance(event, (Delta, Notice)):
            parts.append(event.text)
        elif isinstance(event, Drawing):
            parts.append(event.caption)
        elif isinstance(event, EvidenceShown):
            parts.append(f"The evidence for “{event.question}”.")
        elif isinstance(event, QuizItem):
            parts.append(event.stem)
        elif isinstance(event, QuizGrade):
            parts.append(event.feedback)
        elif isinstance(event, QuizWhy):
            parts.append(f"The answer to “{event.stem}” is: {event.key}")
        elif isinstance(event, QuizScore):
            parts.append(f"Score: {event.score:g} of {event.n}" if event.n else "No question was answered.")
        elif isinstance(event, DemoOutcome):
            parts.append(str(event.result.get("verdict", "")))
        elif isinstance(event, PredictionAsked):
            parts.append(event.question)
        elif isinstance(event, RunLesson):
            parts += [event.compared, *(question.text for question in event.questions)]
        elif isinstance(event, TableShown):
            parts.append(event.caption)
    return "\n".join(part for part in parts if part)
