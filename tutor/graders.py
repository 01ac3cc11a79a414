"""How a session grades an answer with all that its weights can measure, and what its chat model may do."""

from __future__ import annotations

from collections.abc import Callable

from langchain_core.language_models.chat_models import BaseChatModel

from tutor.adapter import Adapter
from tutor.embedding import Embedding
from tutor.models import ChosenModel
from tutor.models.probe import Capabilities, known_capabilities
from tutor.opened import NotesInUse
from tutor.quiz.grading import Grade, Reader, grade, is_off_topic
from tutor.quiz.items import Item
from tutor.quiz.rewording import Rewording
from tutor.settings import Settings


class Graders:
    """Grades with the weights, the notes and the chat model of the session that it is a part of."""

    settings: Settings
    embedding: Embedding
    _grades: Adapter
    _notes: NotesInUse
    _chosen: ChosenModel

    def grade(self, item: Item, answer: str) -> Grade:
        """One answer graded, with all that this session can measure; nothing is recorded."""
        now = self._notes.now
        terms = [note.title for note in now.read.index.notes]
        names = now.retriever.vocabulary.chinese
        return grade(item, answer, similarity=self.similarity, reader=self._reader, terms=terms, names=names)

    @property
    def _reader(self) -> Reader | None:
        return self._grades.probabilities if self._grades.fits else None

    def off_topic(self, item: Item, words: str) -> bool:
        """Whether an answer in the student's own words is about something else than its question."""
        return is_off_topic(item, words, similarity=self.similarity, reader=self._reader)

    def similarity(self, one: str, other: str) -> float:
        """The cosine of two texts' embeddings."""
        a, b = self.embedding.embed_texts([one, other])
        return float(a @ b)

    def _caller(self) -> BaseChatModel | None:
        """The chat model where it is known to call tools."""
        known = self._abilities()
        return self._chosen.chat if known is not None and known.tools else None

    def _rewording(self) -> Callable[[Item], Item] | None:
        """Rewords questions where the chat model is known to keep to what is given and to write JSON."""
        chat, known = self._chosen.chat, self._abilities()
        if chat is None or known is None or not (known.json and known.grounded):
            return None
        return Rewording(chat, self._chosen.name, self.similarity).reworded

    def _abilities(self) -> Capabilities | None:
        """What the chat model showed it can do, where it was asked (`tutor doctor` asks)."""
        chat = self._chosen.chat
        return known_capabilities(self._chosen.name, chat, self.settings.cache_dir) if chat else None
