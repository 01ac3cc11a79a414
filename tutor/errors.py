"""The tree of all that can go wrong. Each message says what, where and the remedy.

TutorError
├── SettingsError      tutor.toml, an environment variable or an option holds a bad value
├── NotesError         the notes folder is missing, empty or cannot be read
├── StoreError         the index cannot be built, opened or trusted
├── EmbeddingError     the embedding weights are missing or do not load
├── ModelError         a chat model is unknown, missing, unreachable or fails
├── RecordError        the student's record cannot be opened or written
├── QuizError          no questions for a topic, an unknown item, a bad answer
├── DemoError          a demo is unknown, its knob is out of bounds, its process failed
└── PageError          the page cannot be served (port in use, bad host)
"""

from typing import Literal

DemoState = Literal["done", "out of time", "diverged", "stopped", "out of memory", "failed", "killed"]
"""How a run of a demo ended; result.json names it under `outcome`. The first three ended by themselves."""


class TutorError(Exception):
    """What went wrong, where, and the remedy, in words a student can act on.

    Args:
        what: one sentence naming the thing and the place.
        remedy: one sentence or command that mends it.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what.rstrip('.')}. {remedy}")
        self.what = what
        self.remedy = remedy


class SettingsError(TutorError):
    """tutor.toml, an environment variable or an option holds a bad value."""


class NotesError(TutorError):
    """The notes folder is missing, empty or cannot be read."""


class StoreError(TutorError):
    """The index cannot be built, opened or trusted."""


class EmbeddingError(TutorError):
    """The embedding weights are missing or do not load."""


class ModelError(TutorError):
    """A chat model is unknown, missing, unreachable or fails."""


class RecordError(TutorError):
    """The student's record cannot be opened or written."""


class QuizError(TutorError):
    """No questions for a topic, an unknown item, a bad answer."""


class DemoError(TutorError):
    """A demo is unknown, its knob is out of bounds, or its process failed.

    Args:
        state: how a run of it ended, as `DemoState` names it.
    """

    def __init__(self, what: str, remedy: str, state: DemoState = "failed") -> None:
        super().__init__(what, remedy)
        self.state: DemoState = state


class PageError(TutorError):
    """The page cannot be served: port in use, unknown host."""
