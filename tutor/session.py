"""open_session(settings): the one place where concrete parts are chosen, and the one that keeps the record."""

from __future__ import annotations

import random
import tempfile
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langchain_core.tools import BaseTool

from tutor.adapter import CLAIMS, GRADES, INTENTS, Adapter
from tutor.answering import Answering
from tutor.beginnings import Beginnings
from tutor.embedding import Embedding
from tutor.errors import NotesError, QuizError, StoreError, TutorError
from tutor.graders import Graders
from tutor.graph import Parts, TutoringGraph
from tutor.job_memory import give_back_memory
from tutor.job_queue import JobQueue
from tutor.learner import Chat, Record, Recorded, Turn, opened_record
from tutor.libraries import NotesLibrary, open_libraries
from tutor.models import ChosenModel, open_model
from tutor.opened import Common, NotesInUse, Opened, Progress, ReadNotes, example_questions, library_line
from tutor.questions import Said, understand
from tutor.quiz.bank import Bank, once
from tutor.quiz.export import CardsFile, Format, cards_file
from tutor.quiz.items import KINDS, Item, Kind
from tutor.quiz.keeping import Rounds, RoundsInMemory
from tutor.quiz.schedule import day_of
from tutor.quiz.studies import Studies
from tutor.quiz.study import StudyRecord
from tutor.ranking import meant
from tutor.retrieval import Retriever
from tutor.reviewing import Which
from tutor.router import Router
from tutor.runs import new_run_folder
from tutor.settings import Settings
from tutor.study_note import save_chat
from tutor.tools import make_tools
from tutor.turns import Answer, Event, Notice, Style

QUIZ_WAITS = "A quiz is open in your last conversation: answer its question, or say “stop” there."
NO_MODEL = ChosenModel("notes-only", None, "Answers are the notes' own sentences.")


class Session(Beginnings, Graders):
    """The opened tutor, as the page, the terminal and the evaluation use it.

    Attributes:
        model_name, model_reason: which chat model answers, and why.
        libraries: the student's libraries of notes; after a change to the one in use, call `refresh_notes`.

    Args:
        watch: whether each question first looks whether the notes changed.
        shared: another session whose readers of words and whose line of runs this one uses too.
    """

    def __init__(
        self,
        settings: Settings,
        embedding: Embedding,
        chosen: ChosenModel,
        record: Record | None,
        *,
        watch: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        shared: Session | None = None,
    ) -> None:
        self.settings = settings
        self.embedding = embedding
        self.libraries = open_libraries(settings)
        self.model_name, self.model_reason = chosen.name, chosen.reason
        self._messages: list[str] = []
        self._chosen = chosen
        super().__init__(record)
        self._study = StudyRecord(record) if record is not None else None
        self._rounds: Rounds = self._study or RoundsInMemory()
        self._rng = random.Random(settings.seed)
        self._scratch = tempfile.TemporaryDirectory(prefix="tutor-")
        self._jobs: JobQueue = shared._jobs if shared else JobQueue()
        self._watch = watch
        self._now = now
        readers = [Adapter(embedding, fitted) for fitted in (INTENTS, CLAIMS, GRADES)]
        self._adapters: list[Adapter] = shared._adapters if shared else readers
        self._intents, self.claims, self._grades = self._adapters
        self._notes = self._notes_in_use()

    def _notes_in_use(self) -> NotesInUse:
        return NotesInUse(self._made, self.embedding, self.settings.passage_tokens)

    def _made(self, read: ReadNotes) -> Opened:
        """What hangs on an opened index."""
        retriever = Retriever(read.index, self.embedding)
        answering = Answering(retriever, self._chosen, self.settings.answer_tokens, self.claims)
        router = Router(retriever, self._intents)
        return self._studied(Common(read, retriever, router, answering, once(lambda: Bank(retriever))))

    def _studied(self, common: Common) -> Opened:
        """What hangs on an opened index, with the studies, the tools and the graph of this student."""
        read, retriever, bank = common.read, common.retriever, common.bank
        studies = Studies(bank, self._study, self.grade, self._now, self._rewording())
        tools = make_tools(
            retriever,
            root=self.settings.root,
            out=self._run_folder,
            budget_s=self.settings.demo_budget_s,
            device="auto",
            rng=self._rng,
            studies=studies,
            jobs=self._jobs,
            cache_dir=self.settings.cache_dir,
        )
        line, examples = library_line(read.index), example_questions(read.index)
        about = (
            f"I answer questions from your notes ({line}) and show the lines that prove it. Try: "
            f"“{examples[0]}”, “explain it like I'm 5”, “quiz me on GANs” or “show me a GAN training”."
        )
        parts = Parts(
            common.answering,
            tools,
            self._rounds,
            self.grade,
            about,
            self.settings.seed or 0,
            guess=common.router,
            caller=self._caller(),
            turns=lambda chat_id: self.turns(chat_id),
            save=lambda turns: save_chat(turns, self.library, self.libraries, day_of(self._now())),
            other=lambda item, wish, beside, shown, told: studies.other(
                item, wish, beside, shown, told, self._rng
            ),
            keep_prediction=studies.keep_prediction,
            find_question=studies.find_question,
            near_questions=studies.near_questions,
            off_topic=self.off_topic,
            around=studies.around,
            elsewhere=self._other_open_quiz,
            last_quiz=self._last_quiz,
        )
        graph, (router, answering) = TutoringGraph(parts), (common.router, common.answering)
        return Opened(read, retriever, router, answering, bank, graph, line, examples, studies)

    # -- the notes in use --------------------------------------------------------------------------------------

    @property
    def library(self) -> NotesLibrary:
        """The library that answers now."""
        return self._notes.now.read.library

    @property
    def library_line(self) -> str:
        """What was read, in one line."""
        return self._notes.now.line

    @property
    def examples(self) -> tuple[str, ...]:
        """Questions that fit the library."""
        return self._notes.now.examples

    @property
    def retriever(self) -> Retriever:
        """Searches the library."""
        return self._notes.now.retriever

    @property
    def router(self) -> Router:
        """Guesses what messages ask for."""
        return self._notes.now.router

    @property
    def tools(self) -> dict[str, BaseTool]:
        """The tools that the graph may call, by name."""
        return self._graph.tools

    @property
    def notes_read(self) -> ReadNotes:
        """What was read of the library, and what was skipped."""
        return self._notes.now.read

    @property
    def _graph(self) -> TutoringGraph:
        return self._notes.now.graph

    def use_library(self, slug: str, on_progress: Progress | None = None) -> None:
        """Answers from another library from now on; conversations stay as they are.

        Raises:
            TutorError: it is gone or cannot be read; the library before stays in use.
        """
        self._notes.open(self.libraries.get(slug), on_progress, wait=False)
        self.libraries.remember(slug)

    def refresh_notes(self, on_progress: Progress | None = None) -> str:
        """Reads the notes of the library in use again, where they changed, also its list of folders.

        Returns:
            Why the last good index stays in use; empty when all is well.

        Raises:
            TutorError: the library is gone.
        """
        return self._notes.refresh(self.libraries.get(self.library.slug), on_progress)

    def _fresh(self, cancel: threading.Event | None = None) -> Iterator[Notice]:
        """Brings the notes up to date before a question is answered; says when there is something to say."""
        if self._watch:
            yield from self._changes(cancel)
        if not self.notes_read.index.notes:
            yield Notice(f"The library “{self.library.name}” holds nothing that can be read yet.")

    def _changes(self, cancel: threading.Event | None) -> Iterator[Notice]:
        library = self.library
        with suppress(NotesError):  # one that was deleted meanwhile answers from what was read
            library = self.libraries.get(library.slug)
        if self._notes.changed(library):
            yield Notice("Something in your notes changed: I read them again first.")

        def stop_when_cancelled(stage: str, done: float, total: float) -> None:
            if cancel is not None and cancel.is_set():
                raise StoreError("Reading was stopped", "The next question goes on with it.")

        problem = self._notes.refresh(library, stop_when_cancelled)
        if problem:
            yield Notice(problem)

    def _open_notes(self, on_progress: Progress | None, resume: bool) -> None:
        """Opens the library that the settings name, else the one to resume, else the notes of the start."""
        wait, base = self._record is not None, self.libraries.base
        if self.settings.library:
            library = self.libraries.named(self.settings.library)
            self._notes.open(library, on_progress, wait=wait)
            return
        last = self.libraries.remembered() if resume else base
        if last.own:
            try:
                self._notes.open(last, on_progress, wait=wait)
                return
            except TutorError as error:
                self._messages.append(f"The library “{last.name}” could not be opened. {error}")
        self._notes.open(base, on_progress, wait=wait, strict=True)

    def _run_folder(self) -> Path:
        """A new folder for one demo's pictures; with a record it lasts until many runs later."""
        return new_run_folder(
            self.settings.data_dir / "runs" if self._record is not None else Path(self._scratch.name)
        )

    @property
    def messages(self) -> list[str]:
        """What the student should be told: files that were skipped, a restored record, a failed backup."""
        skipped = [f"{entry.path} was skipped: {entry.reason}" for entry in self.notes_read.skipped]
        return [*skipped, *self._told]

    @property
    def notices(self) -> list[str]:
        """What the page says at its start: as `messages` without the skipped files, which it lists, and what is due."""
        with self._notes.hold() as opened:
            due = opened.studies.due_line
        waits = self._record is not None and self.open_quiz() is not None
        return [*([due] if due else ()), *([QUIZ_WAITS] if waits else ()), *self._told]

    @property
    def _told(self) -> list[str]:
        kept = self._record.messages if self._record is not None else ()
        return [*self._messages, *self.notes_read.messages, *kept]

    def warm_up(self) -> None:
        """Loads the embedding weights, and starts loading beside what the first answer and quiz need."""
        self.embedding.warm_up()
        with self._notes.hold() as opened:
            opened.router("warm up")
        if self.claims.fits:
            self.claims.warm_up()
        if self._grades.fits:
            self._grades.warm_up()
        warm = getattr(self._chosen.chat, "warm_up", None)
        for work in (self._warm_quizzes,) if warm is None else (warm, self._warm_quizzes):
            threading.Thread(target=work, name="warm-up", daemon=True).start()

    def _warm_quizzes(self) -> None:
        with self._notes.hold() as opened:
            opened.studies.warm_up()
        give_back_memory()

    def close(self) -> None:
        """Lets go of the index, the record and what is temporary."""
        self._notes.close()
        if self._record is not None:
            self._record.close()
        self._scratch.cleanup()

    # -- without a conversation --------------------------------------------------------------------------------

    def search(
        self, query: str, k: int = 5, history: Iterable[Mapping[str, str]] = ()
    ) -> list[dict[str, Any]]:
        """Retrieval alone, a follow-up read with its history: the value that `tutor search --json` promises."""
        list(self._fresh())
        said = [Said(turn["role"], turn["content"]) for turn in history]
        with self._notes.hold() as opened:
            asked = meant(opened.retriever, understand(query, said, names=opened.retriever.named))
            hits = opened.retriever.search(asked.text, k, context=asked.context)
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
            for rank, hit in enumerate(hits, 1)
        ]

    def ask(
        self, question: str, *, history: Iterable[Mapping[str, str]] = (), style: Style | None = None
    ) -> Iterator[Event]:
        """One answer from the notes; nothing is recorded."""
        said = [Said(turn["role"], turn["content"]) for turn in history]
        yield from self._fresh()
        with self._notes.hold() as opened:
            understood = understand(question, said, style, guess=opened.router, names=opened.retriever.named)
            yield from opened.answering.answer(understood)

    @staticmethod
    def collect(events: Iterable[Event]) -> Answer:
        """The answer at the end of a stream."""
        return next(event for event in events if isinstance(event, Answer))

    def quiz_items(
        self, topic: str, n: int, *, kinds: Collection[Kind] = KINDS, which: Which = "", keep: bool = False
    ) -> list[Item]:
        """Questions on a topic, as `Studies.items` chooses them.

        Args:
            keep: whether they go into the record, so that answers to them can be graded.

        Raises:
            QuizError: nothing can be asked.
        """
        list(self._fresh())
        with self._notes.hold() as opened:
            items = opened.studies.items(topic, n, rng=self._rng, kinds=kinds, which=which)
            if keep:
                opened.studies.shown(items)
            return items

    def cards_file(self, format: Format, topic: str, kinds: Sequence[Kind] = ()) -> CardsFile:
        """The cards on a topic as a file of another program; all of them for an empty topic. As `export.cards_file`."""
        list(self._fresh())
        name, now, seed = self.library.name, self._now().timestamp(), self.settings.seed or 0
        with self._notes.hold() as opened:
            return cards_file(opened.bank(), format, topic, name, now, seed=seed, kinds=kinds)

    @property
    def studies(self) -> Studies:
        """Grades single answers and says how the student stands."""
        return self._notes.now.studies

    # -- conversations -----------------------------------------------------------------------------------------

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

        def events() -> Iterator[Event]:
            yield from self._fresh(cancel)
            with self._notes.hold() as opened:
                yield from opened.graph.run(
                    message, history=history, chat_id=chat_id, style=style, cancel=cancel
                )

        yield from self._recorded(chat_id, events(), cancel)

    def resume_quiz(self, chat_id: str) -> Iterator[Event]:
        """The open question of a conversation's quiz once more, as after a restart; nothing where none is open."""

        def events() -> Iterator[Event]:
            with self._notes.hold() as opened:
                yield from opened.graph.show_quiz(chat_id)

        yield from self._recorded(chat_id, events(), threading.Event())


def open_session(
    settings: Settings,
    *,
    record: Recorded = False,
    model: bool = True,
    watch: bool = True,
    resume: bool = False,
    on_progress: Progress | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Session:
    """Refreshes the index when the notes changed, and opens everything.

    Args:
        record: whether to open the student's record for writing (the page and the terminal chat do); "read" opens it
            also while another tutor writes it, then only to read.
        model: whether a chat model is needed.
        watch: whether each question first looks whether the notes changed; one-shot commands read them once.
        resume: whether to go on with the library that was in use last (the page does), where none is named.
        on_progress: called with (stage, done, total).
        now: the clock of the record.

    Raises:
        TutorError: notes, index, model or record cannot be opened; the message says the remedy.
    """
    with ExitStack() as on_failure:
        kept = opened_record(settings.record_path, now, record) if record else None
        if kept is not None:
            on_failure.callback(kept.close)
        chosen = open_model(settings.model, settings) if model else NO_MODEL
        session = Session(settings, Embedding(), chosen, kept, watch=watch, now=now)
        session._open_notes(on_progress, resume)
        on_failure.pop_all()
    return session


__all__ = ["Chat", "QuizError", "Recorded", "Session", "Turn", "open_session"]
