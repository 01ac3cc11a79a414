"""The evidence of an answer, read back from a chat and told in plain words; nothing is searched or asked again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tutor.exchanges import ChatTurn, citation_of, is_summary
from tutor.turns import Citation, DraftDropped, EvidenceRecord, EvidenceShown, PassageSeen
from tutor.words import lines_told

Data = Mapping[str, Any]

MOST_PASSAGES = 12
PREVIEW_CHARS = 160


def short(text: str, most: int = PREVIEW_CHARS) -> str:
    """The beginning of a text on one line, at most so many characters, cut between words."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    kept = line[: most - 1]
    return (kept.rpartition(" ")[0] or kept).rstrip() + "…"


# -- read back ---------------------------------------------------------------------------------------------------


def record_of(value: Any) -> EvidenceRecord | None:
    """A record as `event_to_json` wrote it, read back; None where there is none."""
    if not isinstance(value, Mapping):
        return None
    passages = tuple(_passage_of(one) for one in value.get("passages") or ())
    dropped = tuple(
        DraftDropped(str(one.get("text", "")), str(one.get("reason", "")))
        for one in value.get("dropped") or ()
    )
    return EvidenceRecord(str(value.get("verdict", "")), int(value.get("found", 0)), passages, dropped)


def _passage_of(value: Data) -> PassageSeen:
    cited = citation_of(value)
    return PassageSeen(
        int(value.get("rank", 0)),
        float(value.get("score", 0)),
        cited.note,
        cited.lines,
        cited.title,
        cited.heading,
        str(value.get("text", "")),
        tuple(int(n) for n in value.get("cites") or ()),
        str(value.get("reason", "")),
    )


def last_evidence(turns: Iterable[ChatTurn]) -> EvidenceShown | None:
    """The evidence of the last answer or grade among the messages of a chat; None where there is none.

    Of an answer that kept no record, such as a summary, its citations are the evidence; of a grade it is the sentence
    that decides.
    """
    events = [event for turn in turns for event in (turn.payload or {}).get("events") or ()]
    told = [event for event in events if event.get("event") in ("Answer", "QuizGrade")]
    if not told:
        return None
    last = told[-1]
    if last["event"] == "QuizGrade":
        stems = {
            event.get("item_id"): event.get("stem") for event in events if event.get("event") == "QuizItem"
        }
        return EvidenceShown(short(str(stems.get(last.get("item_id")) or "")), _of_grade(last))
    kept = record_of(last.get("evidence")) or _from_citations(last)
    return EvidenceShown(short(str(last.get("question") or "")), kept)


def _of_grade(grade: Data) -> EvidenceRecord:
    cited = [citation_of(grade["citation"])] if grade.get("citation") else []
    named = "Your answer was graded against this sentence of your notes."
    verdict = named if cited else "This grade names no sentence of your notes."
    passages = tuple(_cited(one, (1,), "used: it decides") for one in cited)
    return EvidenceRecord(verdict, len(cited), passages)


def _from_citations(answer: Data) -> EvidenceRecord:
    cited = [citation_of(value) for value in answer.get("citations") or ()]
    passages = tuple(_cited(one, (one.n,), f"used: cited as [{one.n}]") for one in cited[:MOST_PASSAGES])
    summed_up = "This sums up what was shown before; nothing else was looked at."
    verdict = summed_up if is_summary(answer) else "It was not kept what else was looked at for this answer."
    return EvidenceRecord(verdict, len(cited), passages)


def _cited(one: Citation, cites: tuple[int, ...], reason: str) -> PassageSeen:
    return PassageSeen(0, 0.0, one.note, one.lines, one.title, one.heading, short(one.quote), cites, reason)


# -- told --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """One line of the evidence: where it stands, how it begins, and what became of it."""

    place: str
    text: str
    reason: str


def sections(record: EvidenceRecord) -> Iterator[tuple[str, list[Told]]]:
    """The record in words: a heading and its lines each, for the page and for the terminal; empty ones are left out."""
    used = [_told(one) for one in sorted(record.passages, key=lambda one: one.cites) if one.cites]
    others = [_told(one) for one in record.passages if not one.cites]
    more = record.found - len(record.passages)
    if more > 0:
        others.append(Told(f"and {more} more that are not listed here", "", ""))
    dropped = [Told("", one.text, one.reason) for one in record.dropped]
    for heading, lines in (
        ("Used", used),
        ("Looked at and not used", others),
        ("Thrown out of the model's draft", dropped),
    ):
        if lines:
            yield heading, lines


def counted(record: EvidenceRecord) -> str:
    """The record in a few words: "2 of 11 passages used, 1 sentence of the draft thrown out"."""
    used = sum(bool(one.cites) for one in record.passages)
    said = f"{used} of {record.found} passages used"
    n = len(record.dropped)
    return said + (f", {n} {'sentence' if n == 1 else 'sentences'} of the draft thrown out" if n else "")


def _told(one: PassageSeen) -> Told:
    names = " › ".join(part for part in (one.title, *one.heading) if part)
    place = (names, one.note, lines_told(one.lines))
    return Told(" · ".join(part for part in place if part), one.text, one.reason)
