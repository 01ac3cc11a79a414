"""The turns of a conversation -> a summary that covers each of the student's messages, with the quotes shown then.

What the notes say is told in sentences that were shown, quoted or checked, with their citations; all else is the
program's own words about the conversation. No model is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tutor.exchanges import (
    EMPTY,
    OPENING,
    STORY,
    ChatTurn,
    Data,
    Exchange,
    citation_of,
    exchanges,
    is_story,
    is_summary,
)
from tutor.follow_ups import topic_of
from tutor.grounding import Evidence, check
from tutor.note_links import own_links
from tutor.notes import Note, Text
from tutor.parts import BREAKS, Layout, Part, rendered
from tutor.passages import Passage
from tutor.turns import Citation, Sentence, Support
from tutor.words import and_joined, content_words, split_sentences, stem

MOST_WORDS = 350
_LONGEST_NAME = 60
_SHORTEST = 4  # words
FEWEST = 8
"""Words of a sentence that takes the place of a longer one."""
_ASPECTS = frozenset(
    stem(word)
    for word in """derive derivation proof formula equation code example list remedy cause reason problem advantage
    drawback detail math difference work train training avoid avoided good bad better""".split()
)
_WANTS_FORMULA = re.compile(r"\b(?:formulas?|equations?|objective|loss|math\w*)\b|公式", re.IGNORECASE)
_LONGEST_FORMULA = 600  # signs
_ASPECT_FIRST = re.compile(r"^(\w+) (?:for|of|to|in) (?:an? |the )?(?=\w)", re.IGNORECASE)
# What Markdown or HTML would read as signs of its own; the bars of "p(x|z)" and the line of "top_p" are letters.
_SIGNS = re.compile(r"[`~<>\[\]]|\*+|(?<!\w)_+|_+(?!\w)|(?<!\w)#+|(?<!\S)\|+|\|+(?!\S)")
_SUBORDINATE = re.compile(
    r"[,;]?\s(?=(?:although|because|since|so that|whereas|while|instead of)\s)|;\s"
    r"|,\s(?=(?:so|which|but|and (?:an?|the|it|its))\s)"
)


@dataclass(frozen=True)
class RecapResult:
    """A summary: its parts to be rendered in order, and the citations that they number."""

    parts: tuple[Part, ...]
    citations: tuple[Citation, ...]

    @property
    def markdown(self) -> str:
        """The summary as Markdown with citation marks."""
        text, before = "", None
        for part in self.parts:
            text, before = text + rendered(part, before), part
        return text


def recap(turns: Iterable[ChatTurn], notes: Sequence[Note] = ()) -> RecapResult:
    """What was asked and shown in a conversation.

    Args:
        turns: the messages of a chat in order, before the one that asks for the summary.
        notes: the notes of the index; with them the end names what is related and was not asked about.

    Returns:
        Parts that cover each message of the student's, grouped by topic, and their citations; about MOST_WORDS words
        or fewer where a sentence for each message allows it.
    """
    talked = exchanges(turns)
    if not talked:
        return RecapResult((Part(Sentence(EMPTY, "connective")),), ())
    if all(one.kind == "talk" for one in talked):
        said = and_joined([f"“{name}”" for name in _names([one.message for one in talked])] or ["nothing"])
        return RecapResult((_own(f"So far you said {said}, and have not asked anything yet.", "run"),), ())
    for most in (2, 1):
        writer = _Writer(max(8, MOST_WORDS // len(talked)), most)
        parts = tuple(writer.parts(talked, notes))
        if most == 1 or sum(len(part.sentence.text.split()) for part in parts) <= MOST_WORDS:
            break
    return RecapResult(parts, tuple(writer.citations.values()))


@dataclass
class _Group:
    """The exchanges about one topic."""

    topic: str
    note: str
    members: list[Exchange]

    @property
    def name(self) -> str:
        """The topic as a heading, without the aspect where several were asked about."""
        found = _ASPECT_FIRST.match(self.topic) if len(self.members) > 1 else None
        topic = self.topic[found.end() :] if found and stem(found[1].lower()) in _ASPECTS else self.topic
        name = short_name(topic)
        plain = re.match(r"[a-z]+(?:-[a-z]{2,})*(?!\S)", name)  # "t-SNE" and "pix2pix" are written so
        return name[:1].upper() + name[1:] if plain else name


@dataclass
class _Writer:
    """Writes one summary.

    Args:
        share: words for each message.
        most: sentences for each message.
    """

    share: int
    most: int
    citations: dict[tuple[str, tuple[int, int], str], Citation] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def parts(self, talked: Sequence[Exchange], notes: Sequence[Note]) -> Iterator[Part]:
        yield _own(OPENING, "paragraph")
        groups = _groups([one for one in talked if one.kind == "answer" and not one.is_claim])
        alone = [group for group in groups if self.most == 1 and self._tells_its_topic(group)]
        for group in groups:
            if group not in alone:
                yield from self._about(group, headed=True)
        if alone and len(alone) < len(groups):
            yield _own("**Also**", "paragraph")
        for group in alone:
            yield from self._about(group, headed=False)
        for one in talked:
            if one.kind == "answer" and one.is_claim:
                yield from self._verdict(one)
        yield from self._quizzes([one for one in talked if one.kind == "quiz"])
        yield from self._demos([one for one in talked if one.kind == "demo"])
        refused = _names([one.question for one in talked if one.kind == "refused"])
        if refused:
            told = "; ".join(f"“{name}”" for name in refused)
            yield _own(f"Your notes did not cover: {told}.", "paragraph")
        yield from self._rest(talked)
        yield from self._next(talked, notes, refused)

    # -- what the notes said -----------------------------------------------------------------------------------

    def _about(self, group: _Group, headed: bool) -> Iterator[Part]:
        times = len(group.members)
        often = f" ({times} questions)" if times > 1 else ""
        if headed:
            yield _own(f"**{group.name}**{often}", "paragraph")
        for one in group.members:
            chosen = self._leads(one, group.topic)
            for sentence, answer in chosen:
                text, support = str(sentence["text"]), sentence["support"]
                self._said.add(text)
                if self.most == 1 and len(text.split()) > self.share:
                    text, support = _shortened(text, support)
                layout: Layout = "block" if "$$" in text else "item"
                yield Part(Sentence(text, support, self._cited(sentence, answer)), layout)
            if not chosen:
                yield self._pointer(one)

    def _verdict(self, one: Exchange) -> Iterator[Part]:
        """What the student stated, as words of theirs, with the verdict that it got and the quotes that showed it."""
        yield _own(f"**You said “{short_name(one.question)}”**", "paragraph")
        for answer in one.of("Answer"):
            for sentence in answer.get("sentences") or ():
                text, support = str(sentence["text"]), sentence["support"]
                if support == "connective":
                    yield _own(text, "paragraph")
                elif support != "unsupported":
                    self._said.add(text)
                    yield Part(Sentence(text, support, self._cited(sentence, answer)))

    def _tells_its_topic(self, group: _Group) -> bool:
        """Whether one sentence stands for the group and names its topic, so that it needs no heading."""
        leads = self._leads(group.members[0], group.topic)
        wanted = set(content_words(group.topic))
        return len(group.members) == 1 and bool(leads) and wanted <= set(content_words(leads[0][0]["text"]))

    def _leads(self, one: Exchange, topic: str) -> list[tuple[Data, Data]]:
        """The sentences that stand for an answer: its first that speaks of the topic and stands alone, and one more."""
        alone = [
            pair
            for pair in one.shown
            if (_stands_alone(str(pair[0]["text"])) or _is_formula(str(pair[0]["text"])))
            and not is_story(*pair)
        ]
        fresh = [pair for pair in alone if pair[0]["text"] not in self._said]
        if not fresh:
            return []
        wanted = set(content_words(topic))
        speaking = [pair for pair in fresh if wanted & set(content_words(str(pair[0]["text"])))] or fresh
        lead = self._first(one, topic, fresh, speaking)
        if self.most == 1 and _length(lead) > 1.3 * self.share:
            whole = [pair for pair in speaking if _subject(str(pair[0]["text"])) == wanted]
            short = [pair for pair in whole if FEWEST <= _length(pair) < 0.7 * _length(lead)]
            lead = min(short, key=_length, default=lead)
        after = fresh.index(lead) + 1
        more = [*fresh[after:], *fresh[: after - 1]]
        return [lead, *more][: self.most]

    def _first(
        self,
        one: Exchange,
        topic: str,
        fresh: Sequence[tuple[Data, Data]],
        speaking: Sequence[tuple[Data, Data]],
    ) -> tuple[Data, Data]:
        """The sentence that the answer consists of: the formula that was asked for, the answer's own first one where
        that is a formula, the one that opens with the topic, or the first that speaks of it."""
        formulas = [pair for pair in fresh if _is_formula(str(pair[0]["text"]))]
        if formulas and (_WANTS_FORMULA.search(one.question) or formulas[0] is fresh[0]):
            return formulas[0]
        wanted = set(content_words(topic))
        opening = (
            pair
            for pair in speaking
            if wanted
            and wanted <= set(content_words(" ".join(str(pair[0]["text"]).split()[: len(wanted) + 3])))
        )
        return next(opening, speaking[0])

    def _pointer(self, one: Exchange) -> Part:
        """A line for an answer whose sentences were told already or are code or a table."""
        sentence, answer = one.shown[0]
        cites = self._cited(sentence, answer)
        again = any(str(shown["text"]) in self._said for shown, _ in one.shown)
        story = is_story(sentence, answer)
        said = "a story" if story else "a piece of code or a table"
        said = "the same again" if again else f"{said} from your notes"
        return Part(Sentence(f"To “{short_name(one.question)}”: {said}.", "connective", cites), "item")

    def _cited(self, sentence: Data, answer: Data) -> tuple[int, ...]:
        known = {int(value["n"]): citation_of(value) for value in answer.get("citations") or ()}
        return tuple(self._cite(known[n]) for n in sentence.get("cites") or () if n in known)

    def _cite(self, old: Citation) -> int:
        """The number of a quote in the summary, given at its first use."""
        key = (old.note, old.lines, old.quote)
        if key not in self.citations:
            values = {**old.__dict__, "n": len(self.citations) + 1}
            self.citations[key] = Citation(**values)
        return self.citations[key].n

    # -- quizzes and demos -------------------------------------------------------------------------------------

    def _quizzes(self, quizzes: Sequence[Exchange]) -> Iterator[Part]:
        if not quizzes:
            return
        stems = {str(item["item_id"]): str(item["stem"]) for one in quizzes for item in one.of("QuizItem")}
        grades = [grade for one in quizzes for grade in one.of("QuizGrade")]
        right = [grade for grade in grades if grade.get("verdict") == "correct"]
        skipped = sum(
            str(n.get("text", "")).startswith("Skipped.") for one in quizzes for n in one.of("Notice")
        )
        told = f"{len(right)} of {len(grades)} answers were right" if grades else "no question was answered"
        told += f", {skipped} skipped" if skipped else ""
        yield _own(f"**Quiz**: {told}.", "paragraph")
        if right:
            known = _names([stems.get(str(grade["item_id"]), "") for grade in right])
            yield _own(f"Right: {'; '.join(f'“{name}”' for name in known)}.", "item")
        for grade in grades:
            if grade.get("verdict") == "correct":
                continue
            partly = "Partly right" if grade.get("verdict") == "partial" else "To revisit"
            cited = grade.get("citation")
            cites = (self._cite(citation_of(cited)),) if cited else ()
            told = f"{partly}: “{short_name(stems.get(str(grade['item_id']), ''))}”"
            quote = str(cited.get("quote", "")) if cited and self.most > 1 else ""
            if quote and _stands_alone(quote):
                yield _own(told, "item")
                begin, end = split_sentences(quote)[0]
                yield Part(Sentence(quote[begin:end], "quoted", cites), "item")
            else:
                yield Part(Sentence(told, "connective", cites), "item")

    def _demos(self, demos: Sequence[Exchange]) -> Iterator[Part]:
        if not demos:
            return
        yield _own("**Demos**", "paragraph")
        for one in demos:
            titles = [str(call.get("title") or "") for call in one.of("ToolCall")]
            for number, outcome in enumerate(one.of("DemoOutcome")):
                result = outcome.get("result") or {}
                name = titles[number] if number < len(titles) else str(result.get("demo") or "A demo")
                verdict = str(result.get("verdict") or "")
                ended = "stopped before its end." if outcome.get("stopped") or not verdict else verdict
                yield _own(f"{name}: {ended}", "item")

    # -- the rest ----------------------------------------------------------------------------------------------

    def _rest(self, talked: Sequence[Exchange]) -> Iterator[Part]:
        unfinished = []
        for one in talked:
            if one.kind != "other":
                continue
            if any(is_summary(answer) for answer in one.of("Answer")):
                yield _own("You asked for a summary before.", "paragraph")
            else:
                unfinished.append(one.question)
        if unfinished:
            quoted = "; ".join(f"“{name}”" for name in _names(unfinished))
            yield _own(f"Without an answer that your notes support: {quoted}.", "paragraph")
        talk = _names([one.message for one in talked if one.kind == "talk"])
        if talk:
            yield _own(f"Besides, you said {', '.join(f'“{name}”' for name in talk)}.", "paragraph")

    def _next(
        self, talked: Sequence[Exchange], notes: Sequence[Note], refused: Sequence[str]
    ) -> Iterator[Part]:
        revisit = _names(
            [
                str(name)
                for one in talked
                for score in one.of("QuizScore")
                for name in score.get("revisit") or ()
            ]
        )
        again = [f"“{name}”" for name in revisit[:3]]
        ideas = [f"go over {and_joined(again)} again"] if again else []
        near = _related({cited.note for cited in self.citations.values()}, notes)
        ideas += [f"ask about {and_joined([f'“{title}”' for title in near[:3]])}"] if near else []
        if not ideas and not any(one.of("QuizGrade") for one in talked) and self.citations:
            ideas.append("say “quiz me” to see what has stuck")
        if not ideas and refused:
            ideas.append("ask about one of the nearest topics, or add notes on what is missing")
        ideas = ideas or ["ask on"]
        yield _own(f"Next, you could {' or '.join(ideas)}.", "paragraph")


def _own(text: str, layout: Layout) -> Part:
    return Part(Sentence(text, "connective"), layout)


def _groups(answered: Sequence[Exchange]) -> list[_Group]:
    """The exchanges by topic: of the same words, or of shared words and the same note."""
    groups: list[_Group] = []
    for one in answered:
        topic = topic_of(one.question)
        wanted = set(content_words(topic)) - _ASPECTS or set(content_words(topic))
        sentence, answer = one.shown[0]
        notes = {int(cited["n"]): str(cited["note"]) for cited in answer.get("citations") or ()}
        note = next((notes[n] for n in sentence.get("cites") or () if n in notes), "")
        for group in groups:
            known = set(content_words(group.topic)) - _ASPECTS or set(content_words(group.topic))
            if wanted == known or (note and note == group.note and wanted & known):
                group.members.append(one)
                if len(content_words(topic)) < len(content_words(group.topic)):
                    group.topic = topic
                break
        else:
            groups.append(_Group(topic, note, [one]))
    return groups


def _stands_alone(text: str) -> bool:
    """Whether a sentence of the notes can be told by itself: no code, table, formula on lines of its own or story."""
    return (
        "\n" not in text
        and "$$" not in text
        and len(text.split()) >= _SHORTEST - 3 * bool(re.search(r"[\u3400-\u9fff]", text))
        and not BREAKS.match(text)
        and not STORY.match(text)
    )


def _is_formula(text: str) -> bool:
    """Whether a piece of the notes is a formula on lines of its own, with or without the words that lead to it."""
    return "$$" in text and len(text) <= _LONGEST_FORMULA and not STORY.match(text)


def _subject(text: str) -> set[str]:
    """The stems of what a sentence says something of: "A latent space" of "A latent space is ..."."""
    found = re.match(r"(.{1,60}?)\s+(?:is|are|means)\s", text)
    return set(content_words(found[1])) if found else set()


def _shortened(text: str, support: Support) -> tuple[str, Support]:
    """A sentence up to its first subordinate clause, where the grounding check says that it loses no condition."""
    passage = Passage("", "", "", (), "prose", Text(text, ((0, 1),), 1))
    for cut in _SUBORDINATE.finditer(text):
        kept = text[: cut.start()].rstrip() + "."
        if len(kept.split()) < FEWEST:
            continue
        verdict, _ = check(kept, [Evidence(passage, 0, len(text))], lambda word: 1.0)
        if verdict != "unsupported":
            return kept, "supported"
    return text, support


def _length(pair: tuple[Data, Data]) -> int:
    return len(str(pair[0]["text"]).split())


def _related(cited: set[str], notes: Sequence[Note]) -> list[str]:
    """The titles of notes that the cited ones name as related and that were not cited, those named most first."""
    titles = {note.path: note.title for note in notes}
    votes: dict[str, int] = {}
    for link in own_links(notes):
        for here, there in ((link.source, link.target), (link.target, link.source)):
            if here in cited and there not in cited:
                votes[there] = votes.get(there, 0) + 1
    return [titles[path] for path in sorted(votes, key=lambda path: -votes[path])]


def _names(texts: Iterable[str]) -> list[str]:
    """Short names in order, each once."""
    found = {name.casefold(): name for text in texts if (name := short_name(text))}
    return list(found.values())


def short_name(text: str) -> str:
    """A student's words or a question on one line, cut where they are long, without what Markdown would read."""
    line = " ".join(_SIGNS.sub(" ", text).split())
    if len(line) <= _LONGEST_NAME:
        return line
    cut = line[: _LONGEST_NAME - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:") + "…"
