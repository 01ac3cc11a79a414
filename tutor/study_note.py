"""A conversation -> a study note in the format that the corpus's README describes, which the readers read back.

Each sentence carries the note and lines that it was quoted from, within the sentence itself: where the saved note is
searched later, its words say that they are another note's and no second witness.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath

from tutor.errors import NotesError
from tutor.exchanges import ChatTurn, Data, Exchange, citation_of, exchanges, is_story
from tutor.follow_ups import topic_of
from tutor.libraries import Libraries, NotesLibrary, safe_name
from tutor.parts import BREAKS, markdown_table
from tutor.saved_chats import TAG
from tutor.turns import Citation
from tutor.words import and_joined, lines_told, split_sentences

SAVED_CHATS = "Saved chats"
_LONGEST_QUESTION = 300
_LONGEST_TITLE = 120
_MATH = re.compile(
    r"\$\$.+?\$\$|(?<!\\)\$(?=\S)[^$\n]+?(?<=\S)\$(?!\d)|\\\(.+?\\\)|\\\[.+?\\\]|~~.+?~~", re.DOTALL
)
_SIGNS = re.compile(r"[\\`*_<>&#|~]")
# With a backslash these brackets would open a formula.
_LINKS = re.compile(r"(?<=\])\(|\[(?=[\[^])")
_LINE_START = re.compile(r"^(\s*)(\d{0,9})([-+=.)])(?=\s|$|[-=]+$)")
_LABEL = re.compile(r"\S{1,16}(?:\s+\S{1,12}){0,2}?\s*[:：]|\w{1,9}\s*\d{1,3}\s*[.)]")
_TABLE_BAR = " | "
_STEPS = re.compile(r"(?!\s*\d+[.)]\s).*\n\s*2[.)]\s")
_PLACE = r"(?:[^()]|\([^()]*\))+, lines? \d+(?: to \d+)?"
_HAS_SOURCE = re.compile(rf"\(from {_PLACE}\)\W*$|^From {_PLACE}:$")
_TABLE = re.compile(r"(?:^\|.*\|$\n?){3,}", re.MULTILINE)
_MARK = re.compile(r"\s*\[(\d+)\]")
_LIST = re.compile(r"\n[ \t]*(?:[-*•]|\d{1,3}[.)])\s")
_LIST_MARK = re.compile(r"[ \t]*(?:[-*•]|\d{1,3}[.)])\s+")
_END = re.compile(r"[.!?:。！？：…]+[\"'”’)\]]*$")


def chat_as_note(title: str, turns: Iterable[ChatTurn], today: date) -> str:
    """A conversation as Markdown: questions with the sentences shown, quiz questions, demos, and what is open.

    Args:
        title: the note's title.
        turns: the messages of the chat in order.
        today: the day it is saved on.

    Returns:
        The note; sentences that the notes do not support are left out.
    """
    return _Writer(" ".join(title.split())[:_LONGEST_TITLE] or "Chat", exchanges(turns), today).text()


def save_note(text: str, folder: Path, title: str) -> Path:
    """Writes a note into a folder under a name made of its title; an existing file is never replaced.

    Returns:
        The file written, with a number where the name was taken.

    Raises:
        NotesError: the folder is gone or cannot be written, or the disk is full; nothing half-written stays.
    """
    stem = re.sub(r"[/\\]", "-", re.sub(r"[.<>:\"|?*]", " ", title)).strip()
    name = safe_name(f"{stem or 'chat'}.md")
    try:
        folder.mkdir(exist_ok=True)
        return save_new(text.encode(), folder / name)
    except OSError as error:
        what = f"The note cannot be saved in {folder} ({error.strerror or error})"
        raise NotesError(what, "Check that the folder exists, its permissions and the free space.") from error


def save_new(data: bytes, wanted: Path) -> Path:
    """Writes a new file, whole or not at all.

    Returns:
        The file written, with a number where the name was taken.

    Raises:
        OSError: it cannot be written.
    """
    handle, draft = tempfile.mkstemp(prefix=".", suffix=".part", dir=wanted.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, 0o644)
        return _placed(Path(draft), wanted)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise


def save_chat(turns: Sequence[ChatTurn], library: NotesLibrary, libraries: Libraries, today: date) -> str:
    """Saves a chat as a note in the library in use, or in one of its own where that is the bundled one.

    Returns:
        What the student is told.

    Raises:
        NotesError, StoreError: it cannot be written.
    """
    talked = exchanges(turns)
    asked = next((one.message for one in talked if one.kind == "answer"), talked[0].message if talked else "")
    if not asked:
        return "There is nothing to save yet: ask something first."
    kept = library if library.own else _saved_chats(libraries)
    title = _short(asked)
    file = save_note(chat_as_note(title, turns, today), kept.folders[0], title)
    return f"Saved as “{file.name}” in the library “{kept.name}”."


def _saved_chats(libraries: Libraries) -> NotesLibrary:
    found = (
        library
        for library in libraries.all()
        if library.own and library.name.casefold() == SAVED_CHATS.casefold()
    )
    return next(found, None) or libraries.create(SAVED_CHATS)


def _placed(draft: Path, wanted: Path) -> Path:
    """Gives a draft the first free name: the name is taken first, so that two programs never take the same."""
    number, target = 1, wanted
    while True:
        try:
            target.touch(exist_ok=False)
            break
        except FileExistsError:
            number += 1
            target = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
    try:
        draft.replace(target)
    except BaseException:
        target.unlink()
        raise
    return target


@dataclass
class _Card:
    """A question with what was shown: sentences on a line each, formulas and lists, analogies, code and tables."""

    question: str
    topic: str = ""
    lines: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    apart: dict[str, str] = field(default_factory=dict)


@dataclass
class _Writer:
    title: str
    talked: Sequence[Exchange]
    today: date
    cited: dict[str, None] = field(default_factory=dict)

    def text(self) -> str:
        body = [*self._answers(), *self._quiz(), *self._demos(), *self._open()]
        body = body or ["## Open questions", "- None so far?"]
        # In the front matter, where no reader looks for words of a note: it must never be quoted.
        about = "Saved from a chat; its sentences are quoted from other notes, which are named behind them."
        related = dict.fromkeys(PurePosixPath(note).stem for note in self.cited)
        head = [
            "---",
            f"title: {yaml_text(self.title)}",
            f"tags: [{TAG}]",
            f"related: [{', '.join(map(yaml_text, related))}]",
            f"about: {yaml_text(about)}",
            f"date: {self.today.isoformat()}",
            "---",
        ]
        heading = f"# {escaped(self.title)}"
        return "\n".join(head) + "\n\n" + "\n\n".join([heading, *body]) + "\n"

    # -- questions and answers ---------------------------------------------------------------------------------

    def _answers(self) -> Iterator[str]:
        """Under each topic its questions as cards; a question asked twice makes one card."""
        topics: dict[str, dict[str, _Card]] = {}
        for one in self.talked:
            if one.kind != "answer":
                continue
            # A statement that was judged is asked about, never stated: it may be false.
            asked = f"Is it true: “{one.question.rstrip(' .?!')}”?" if one.is_claim else one.question
            topic = asked if one.is_claim else topic_of(asked)
            cards = topics.setdefault(topic.casefold(), {})
            card = cards.setdefault(asked.casefold(), _Card(asked, topic))
            for sentence, answer in one.shown:
                self._add(card, sentence, answer)
        for cards in topics.values():
            first = next(iter(cards.values()))
            yield f"## {escaped(_heading(_short(first.topic)))}"
            for card in cards.values():
                yield from _card_text(card)
            stories = dict.fromkeys(line for card in cards.values() for line in card.story)
            if stories:
                yield "### Analogy"
                yield "\n".join(stories)
            for card in cards.values():
                for piece, source in card.apart.items():
                    yield f"### {escaped(_short(card.question))} ({escaped(source)})"
                    yield piece

    def _add(self, card: _Card, sentence: Data, answer: Data) -> None:
        known = {int(value["n"]): citation_of(value) for value in answer.get("citations") or ()}
        sources = [known[n] for n in sentence.get("cites") or () if n in known]
        if not sources:
            return
        self.cited.update(dict.fromkeys(source.note for source in sources))
        table = _TABLE.search(str(answer.get("answer") or ""))
        if table and str(sentence["text"]) in table[0].replace(r"\|", "|"):
            # Cells by themselves say nothing: the table is kept whole.
            notes = dict.fromkeys(known[int(n)].note for n in _MARK.findall(table[0]) if int(n) in known)
            card.apart.setdefault(_MARK.sub("", table[0]).strip(), f"from {and_joined(list(notes))}")
            return
        # A rewording does not stand at the lines that it is saved with: the note's own words do.
        reworded = sentence.get("support") == "supported"
        text = " ".join(source.quote for source in sources) if reworded else str(sentence["text"]).strip()
        if is_story(sentence, answer):
            place, piece = card.story, _story_line(text, sources)
        elif "$$" in text or _LIST.search(text):
            place, piece = card.blocks, _block(text, sources)
        elif "\n" in text:
            card.apart.setdefault(_set_apart(text), _source(sources))
            return
        else:
            place, piece = card.lines, _with_source(text, sources)
        if piece not in place:
            place.append(piece)

    # -- quiz, demos, what is open -----------------------------------------------------------------------------

    def _quiz(self) -> Iterator[str]:
        quizzes = [one for one in self.talked if one.kind == "quiz"]
        stems = {str(item["item_id"]): str(item["stem"]) for one in quizzes for item in one.of("QuizItem")}
        cards: dict[str, _Card] = {}
        for one in quizzes:
            for grade in one.of("QuizGrade"):
                stem, value = stems.get(str(grade["item_id"]), ""), grade.get("citation")
                if not stem or not value:
                    continue
                cited = citation_of(value)
                card = cards.setdefault(stem, _Card(stem))
                answer = {"citations": [value]}
                self._add(card, {"text": cited.quote, "cites": [cited.n]}, answer)
        if cards:
            yield "## Quiz"
        for card in cards.values():
            yield from _card_text(card)

    def _demos(self) -> Iterator[str]:
        lines = []
        for one in self.talked:
            titles = [str(call.get("title") or "") for call in one.of("ToolCall")]
            for number, outcome in enumerate(one.of("DemoOutcome")):
                result = outcome.get("result") or {}
                verdict = str(result.get("verdict") or "")
                name = titles[number] if number < len(titles) else str(result.get("demo") or "")
                if verdict and not outcome.get("stopped"):
                    day = self.today.isoformat()
                    lines.append(f"- {escaped(name)}: {escaped(_marked(verdict, f'one run, saved {day}'))}")
        if lines:
            yield "## Demos"
            yield "\n".join(lines)

    def _open(self) -> Iterator[str]:
        """Questions without an answer, as questions: none of them states anything."""
        asked = dict.fromkeys(one.question for one in self.talked if one.kind in ("refused", "other"))
        lines = [
            f"- {escaped(_short(question))}" for question in asked if "?" in question or "？" in question
        ]
        if lines:
            yield "## Open questions"
            yield "\n".join(lines)


def _card_text(card: _Card) -> Iterator[str]:
    """A card as lines "Q:" and "A:", which the readers make a flashcard of; formulas and lists come after."""
    if not card.lines and not card.blocks:
        return
    question = f"Q: {escaped(_short(card.question))}"
    lines = card.lines or card.blocks[:1]
    text = f"{question}\nA: {lines[0]}"
    for line in lines[1:]:
        # What looks like the label of a speaker or of an answer would end the card at the beginning of a line.
        text += (" " if _LABEL.match(line) else "\n") + line
    yield text
    yield from card.blocks[0 if card.lines else 1 :]


def _source(sources: Sequence[Citation]) -> str:
    """Where words were quoted from: "from gans/gan.md, lines 3 to 4"."""
    places = []
    for source in sources:
        lines = lines_told(source.lines, " to ")
        # A full stop before a space would end the sentence in the midst of a file's name.
        path = re.sub(r"([.!?。！？])\s+", r"\1", source.note)
        place = f"{path}, {lines}" if path else lines
        said = f"{source.speaker} in {place}" if source.speaker else place
        places.append(said)
    return "from " + " and ".join(dict.fromkeys(places))


def _with_source(text: str, sources: Sequence[Citation]) -> str:
    """A line with its source in each sentence; a misconception in quotation marks goes with its correction."""
    mark = _source(sources)
    if text.startswith("~~"):
        return escaped(_marked(text, mark))
    spans = split_sentences(text) or [(0, len(text))]
    begins = [0, *[begin for begin, _ in spans[1:]]]
    said = [text[begin:end] for begin, (_, end) in zip(begins, spans, strict=True)]
    marked = [
        piece if piece[:1] in '"“«' and piece is not said[-1] else _marked(piece, mark) for piece in said
    ]
    return escaped(" ".join(marked))


def _marked(text: str, mark: str, stop: str = ".") -> str:
    """A sentence with a mark before its last stop, so that no cut between sentences parts them."""
    text = text.strip()
    if re.fullmatch(r"~~.+~~", text, re.DOTALL):
        return f"~~{_marked(text[2:-2], mark)}~~"
    if _HAS_SOURCE.search(text):  # quoted from a saved chat: the first source is the one that counts
        return text
    end = _END.search(text)
    at = end.start() if end else len(text)
    return f"{text[:at]} ({mark}){text[at:] or stop}"


def _story_line(text: str, sources: Sequence[Citation]) -> str:
    """A sentence of an analogy; where it breaks stands in a paragraph of its own."""
    label = BREAKS.match(text)
    line = _with_source(" ".join(text.split()), sources)
    return f"\n{line}" if label else line


def _block(text: str, sources: Sequence[Citation]) -> str:
    """A sentence with its formula or list, the source in its first words."""
    if _STEPS.match(text):
        text = f"{_source(sources)[:1].upper()}{_source(sources)[1:]}:\n\n1. {text}"
        sources = ()
    lines = text.split("\n")
    if sources and "$$" not in lines[0]:
        lines[0] = _marked(lines[0], _source(sources), stop="")
    elif sources:
        lines = [f"{_source(sources)[:1].upper()}{_source(sources)[1:]}:", "", *lines]
    inside, found = False, []
    for line in lines:
        is_math = inside or "$$" in line
        inside ^= line.count("$$") % 2 == 1
        mark = _LIST_MARK.match(line)
        begin = mark.end() if mark and not is_math else 0
        found.append(line if is_math else line[:begin] + escaped(line[begin:]))
    return "\n".join(found)


def _set_apart(text: str) -> str:
    """Code between fences, a table as one."""
    if all(_TABLE_BAR in line for line in text.split("\n")):
        rows = [
            _TABLE_BAR.join(escaped(cell) for cell in line.split(_TABLE_BAR)) for line in text.split("\n")
        ]
        return markdown_table("\n".join(rows).replace(r"\|", "|"))
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"


def escaped(text: str) -> str:
    """Plain words as Markdown that reads back as these very words; formulas and struck-out words stay so."""
    parts: list[str] = []
    at = 0
    for found in _MATH.finditer(text):
        parts.append(_plain(text[at : found.start()]))
        inner = found.group()
        parts.append(f"~~{escaped(inner[2:-2])}~~" if inner.startswith("~~") else inner)
        at = found.end()
    parts.append(_plain(text[at:]))
    return _LINE_START.sub(r"\1\2\\\3", "".join(parts))


def _plain(text: str) -> str:
    kept = _SIGNS.sub(r"\\\g<0>", text)
    return _LINKS.sub(lambda found: f"&#{ord(found.group())};", kept)


def _heading(topic: str) -> str:
    return topic[:1].upper() + topic[1:]


def _short(question: str) -> str:
    line = " ".join(question.split())
    return line if len(line) <= _LONGEST_QUESTION else line[: _LONGEST_QUESTION - 1].rstrip() + "…"


def yaml_text(text: str) -> str:
    """Text as a YAML string."""
    return json.dumps(text, ensure_ascii=False)
