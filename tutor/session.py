"""open_session(settings): the one place where concrete parts are chosen, and the one that keeps the record."""

from __future__ import annotations

import random
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tutor.answering import Answering
from tutor.embedding import Embedding
from tutor.errors import QuizError, RecordError, StoreError, TutorError
from tutor.graph import Parts, Rounds, RoundsInMemory, TutoringGraph
from tutor.index import Index, open_index, refresh_index
from tutor.learner import Chat, Record, Turn, open_record
from tutor.models import ChosenModel, open_model
from tutor.questions import Said, understand
from tutor.quiz.items import Item
from tutor.quiz.rounds import Round
from tutor.retrieval import Retriever
from tutor.settings import Settings
from tutor.tools import make_tools, quiz_items
from tutor.turns import (
    Answer,
    Delta,
    DemoOutcome,
    DemoProgress,
    Event,
    Notice,
    QuizGrade,
    QuizItem,
    QuizScore,
    Style,
    event_to_json,
)

Progress = Callable[[str, float, float], None]
NO_MODEL = ChosenModel("notes-only", None, "Answers are the notes' own sentences.")
_TITLE_LENGTH = 48
_REMEMBERED_ITEMS = 30


class Session:
    """The opened tutor, as the page, the terminal and the evaluation use it.

    Attributes:
        model_name, model_reason: which chat model answers, and why.
        library_line: what was read, in one line.
        examples: questions that fit the library.
        messages: what the student should be told about the start.
    """

    def __init__(
        self,
        settings: Settings,
        index: Index,
        embedding: Embedding,
        chosen: ChosenModel,
        record: Record | None,
        messages: Iterable[str] = (),
    ) -> None:
        self.settings = settings
        self.embedding = embedding
        self.retriever = Retriever(index, embedding)
        self._messages = list(messages)
        self.model_name, self.model_reason = chosen.name, chosen.reason
        self.library_line = _library_line(index)
        self.examples = _examples(index)
        self._chosen = chosen
        self._record = record
        self._rng = random.Random(settings.seed)
        self._scratch = tempfile.TemporaryDirectory(prefix="tutor-")
        self._answering = Answering(self.retriever, chosen, settings.answer_tokens)
        self._graph = TutoringGraph(self._parts(index))

    def _parts(self, index: Index) -> Parts:
        rounds: Rounds = self._record if self._record is not None else RoundsInMemory()
        tools = make_tools(
            self.retriever,
            root=self.settings.root,
            out=self._run_folder,
            budget_s=self.settings.demo_budget_s,
            device="auto",
            rng=self._rng,
            seen=self._seen_items,
        )
        about = (
            f"I answer questions from your notes ({self.library_line}) and show the lines that prove it. Try: "
            f"“{self.examples[0]}”, “explain it like I'm 5”, “quiz me on GANs” or “show me a GAN training”."
        )
        return Parts(self._answering, tools, rounds, self._similarity, about, self.settings.seed or 0)

    def _run_folder(self) -> Path:
        """A new folder for one demo's pictures; it lasts where the conversation lasts."""
        runs = self.settings.data_dir / "runs" if self._record is not None else Path(self._scratch.name)
        runs.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="run-", dir=runs))

    def _seen_items(self) -> set[str]:
        attempts = self._record.attempts() if self._record is not None else []
        return {attempt.item_id for attempt in attempts[-_REMEMBERED_ITEMS:]}

    def _similarity(self, one: str, other: str) -> float:
        a, b = self.embedding.embed_texts([one, other])
        return float(a @ b)

    @property
    def messages(self) -> list[str]:
        """What the student should be told: files that were skipped, a restored record, a failed backup."""
        return [*self._messages, *(self._record.messages if self._record is not None else ())]

    def warm_up(self) -> None:
        """Loads the embedding weights, and starts loading the chat model beside, before the first question."""
        self.embedding.warm_up()
        warm = getattr(self._chosen.chat, "warm_up", None)
        if warm is not None:
            threading.Thread(target=warm, name="warm-up", daemon=True).start()

    def close(self) -> None:
        """Lets go of the index, the record and what is temporary."""
        self.retriever.index.close()
        if self._record is not None:
            self._record.close()
        self._scratch.cleanup()

    # -- without a conversation --------------------------------------------------------------------------------

    def search(self, query: str, k: int = 5) -> list[dict[str, Any]]:
        """Retrieval alone: the value that `tutor search --json` promises."""
        return [
            {
                "rank": rank,
                "score": round(hit.score, 4),
                "note": hit.passage.note,
                "lines": list(hit.passage.text.lines),
                "heading": [hit.passage.title, *hit.passage.heading],
                "kind": hit.passage.kind,
                "text": hit.passage.text.words,
            }
            for rank, hit in enumerate(self.retriever.search(query, k), 1)
        ]

    def ask(
        self, question: str, *, history: Iterable[Mapping[str, str]] = (), style: Style | None = None
    ) -> Iterator[Event]:
        """One answer from the notes; nothing is recorded."""
        said = [Said(turn["role"], turn["content"]) for turn in history]
        understood = understand(question, said, style)
        yield from self._answering.answer(understood)

    @staticmethod
    def collect(events: Iterable[Event]) -> Answer:
        """The answer at the end of a stream."""
        return next(event for event in events if isinstance(event, Answer))

    def quiz_items(self, topic: str, n: int) -> list[Item]:
        """Questions on a topic. Raises QuizError when the notes hold none."""
        return quiz_items(self.retriever, topic, n, self._rng)

    # -- conversations -----------------------------------------------------------------------------------------

    def new_chat(self) -> str:
        """Opens an empty conversation and returns its id."""
        return self._kept.new_chat("New chat")

    def chats(self) -> list[Chat]:
        """All conversations, the last used first."""
        return self._kept.list_chats()

    def turns(self, chat_id: str) -> list[Turn]:
        """The messages of a conversation in order."""
        return self._kept.turns(chat_id)

    def delete_chat(self, chat_id: str) -> None:
        """Deletes a conversation."""
        self._kept.delete_chat(chat_id)

    def retract_last(self, chat_id: str) -> str | None:
        """Takes the last answer back; returns the student's words, which stay, to be answered again.

        Raises:
            QuizError: the answer belongs to a quiz, whose grades are never taken back.
        """
        turns = self.turns(chat_id)
        asked = next((turn for turn in reversed(turns) if turn.role == "user"), None)
        if asked is None:
            return None
        answers = [turn for turn in turns if turn.id > asked.id]
        events = {event["event"] for turn in answers for event in (turn.payload or {}).get("events", [])}
        if events & {"QuizItem", "QuizGrade", "QuizScore"}:
            raise QuizError(
                "An answer in a quiz cannot be taken back", "Go on, or say “stop” and start a new quiz."
            )
        self._kept.drop_turns_after(asked.id)
        return asked.content

    def hear(self, chat_id: str, message: str) -> None:
        """Records the student's words at once, before they are answered; the first ones name the chat."""
        if not any(turn.role == "user" for turn in self.turns(chat_id)):
            self._kept.rename_chat(chat_id, _title(message))
        self._kept.add_turn(chat_id, "user", message)

    def note(self, chat_id: str, text: str) -> None:
        """Records a line of the program's own in a conversation."""
        self._kept.add_turn(chat_id, "assistant", text, {"events": [event_to_json(Notice(text))]})

    def respond(
        self,
        chat_id: str,
        message: str,
        *,
        style: Style | None = None,
        cancel: threading.Event | None = None,
        heard: bool = False,
    ) -> Iterator[Event]:
        """One turn of a conversation: streams its events and records what was said.

        Args:
            heard: the student's words are on record already (`hear`).
            cancel: setting it, or closing the generator, ends the turn; what was said so far is kept.

        Raises:
            TutorError: with the remedy; the student's words are kept all the same.
        """
        cancel = cancel or threading.Event()
        if not heard:
            self.hear(chat_id, message)
        earlier = self.turns(chat_id)
        asked = max((turn.id for turn in earlier if turn.role == "user"), default=0)
        history = [Said(turn.role, turn.content) for turn in earlier if turn.id < asked]
        events = self._graph.run(message, history=history, chat_id=chat_id, style=style, cancel=cancel)
        yield from self._recorded(chat_id, events, cancel)

    def start_quiz(self, chat_id: str, topic: str, n: int) -> Iterator[Event]:
        """Begins a quiz of n questions in a conversation."""
        self.hear(chat_id, f"Quiz: {topic}" if topic else "Quiz")
        yield from self._recorded(chat_id, self._graph.start_quiz(chat_id, topic, n), threading.Event())

    def quiz_is_open(self, chat_id: str) -> bool:
        """Whether a quiz question waits for its answer."""
        stored = self._kept.load_round(chat_id)
        return stored is not None and not Round.from_dict(stored).over

    def _recorded(self, chat_id: str, events: Iterator[Event], cancel: threading.Event) -> Iterator[Event]:
        kept: list[Event] = []
        text, ended = "", False
        try:
            for event in events:
                text += event.text if isinstance(event, Delta) else ""
                kept.append(event)
                yield event
            ended = True
        except GeneratorExit:
            raise
        except BaseException as error:
            ended = True
            kept.append(Notice(str(error) if isinstance(error, TutorError) else "Something went wrong here."))
            raise
        finally:
            cancel.set()
            events.close()  # type: ignore[attr-defined]
            lasting = _lasting(kept, text, stopped=not ended)
            if lasting:
                payload = {"events": [event_to_json(event) for event in lasting]}
                self._kept.add_turn(chat_id, "assistant", _spoken(lasting), payload)

    @property
    def _kept(self) -> Record:
        if self._record is None:
            raise RecordError("This session keeps no conversations", "Open it with a record.")
        return self._record


def open_session(
    settings: Settings,
    *,
    record: bool = False,
    model: bool = True,
    on_progress: Progress | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Session:
    """Refreshes the index when the notes changed, and opens everything.

    Args:
        record: whether to open the student's record for writing (the page and the terminal chat do).
        model: whether a chat model is needed.
        on_progress: called with (stage, done, total).
        now: the clock of the record.

    Raises:
        TutorError: notes, index, model or record cannot be opened; the message says the remedy.
    """
    with ExitStack() as on_failure:
        kept = open_record(settings.record_path, now=now) if record else None
        if kept is not None:
            on_failure.callback(kept.close)
        chosen = open_model(settings.model, settings) if model else NO_MODEL
        embedding = Embedding()
        index, messages = _index(settings, embedding, on_progress, wait=record)
        on_failure.callback(index.close)
        session = Session(settings, index, embedding, chosen, kept, messages)
        on_failure.pop_all()
    return session


def _index(
    settings: Settings, embedding: Embedding, on_progress: Progress | None, wait: bool
) -> tuple[Index, list[str]]:
    """The refreshed index; the last good one with a message when refreshing fails or, without `wait`, goes on."""
    try:
        done = refresh_index(
            settings.notes,
            settings.index_dir,
            embedding,
            passage_tokens=settings.passage_tokens,
            on_progress=on_progress,
            wait=wait,
        )
    except StoreError as error:
        try:
            return open_index(settings.index_dir, embedding), [f"{error} The last good index is used."]
        except StoreError:
            raise error from None
    return open_index(settings.index_dir, embedding), [
        f"{entry.path} was skipped: {entry.reason}" for entry in done.skipped
    ]


def _library_line(index: Index) -> str:
    cards = sum(len(note.cards) for note in index.notes)
    questions = sum(len(note.quiz) for note in index.notes)
    return f"{len(index.notes)} notes, {cards} cards, {questions} quiz questions"


def _examples(index: Index) -> tuple[str, ...]:
    """Questions about notes that are there; titles that open with a known concept come first."""
    titles = [note.title for note in index.notes if note.title and note.format in ("markdown", "notebook")]
    first = [
        title for title in titles if any(note.analogies for note in index.notes if note.title == title)
    ] or titles
    if not first:
        return ("What do my notes cover?",)
    known = [t for t in ("Mode collapse", "Diffusion models", "Self-attention") if t in first]
    chosen = [*known, *[title for title in first if title not in known]][:3]
    several = chosen[0].endswith("s") and not chosen[0].endswith(("ss", "is"))
    questions = [f"What {'are' if several else 'is'} {_in_a_sentence(chosen[0])}?"]
    questions += [f"Explain {_in_a_sentence(title)} like I'm 5" for title in chosen[1:2]]
    questions += [f"Quiz me on {_in_a_sentence(title)}" for title in chosen[2:3]]
    return (*questions, "Show me a GAN training")


def _in_a_sentence(title: str) -> str:
    """A title with a small first letter, unless it begins with a name or an acronym."""
    first = title.split()[0]
    return title if any(letter.isupper() for letter in first[1:]) else title[0].lower() + title[1:]


def _title(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= _TITLE_LENGTH else line[: _TITLE_LENGTH - 1].rstrip() + "…"


def _lasting(events: list[Event], text: str, stopped: bool) -> list[Event]:
    """What a turn leaves behind: no pieces of text, of a demo only the last picture."""
    lasting: list[Event] = [event for event in events if not isinstance(event, (Delta, DemoProgress))]
    pictures = [event for event in events if isinstance(event, DemoProgress)]
    if pictures and not any(isinstance(event, DemoOutcome) for event in events):
        lasting.append(pictures[-1])
    if text and not any(isinstance(event, Answer) for event in events):
        lasting.append(Delta(text))
    if stopped:
        lasting.append(Notice("Stopped."))
    return lasting


def _spoken(events: list[Event]) -> str:
    """A turn in words, for the history that the next question is read against."""
    parts = []
    for event in events:
        if isinstance(event, Answer):
            parts.append(event.answer)
        elif isinstance(event, (Delta, Notice)):
            parts.append(event.text)
        elif isinstance(event, QuizItem):
            parts.append(event.stem)
        elif isinstance(event, QuizGrade):
            parts.append(event.feedback)
        elif isinstance(event, QuizScore):
            parts.append(f"Score: {event.score:g} of {event.n}")
        elif isinstance(event, DemoOutcome):
            parts.append(str(event.result.get("verdict", "")))
    return "\n".join(part for part in parts if part)


__all__ = ["Chat", "QuizError", "Session", "Turn", "open_session"]
