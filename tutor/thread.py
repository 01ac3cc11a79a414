"""The thread of a talk: what it is about, what was compared and what was asked last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tutor.follow_ups import (
    ABOUT,
    ASKS,
    ASKS_NAME,
    ASPECTS,
    CORRECTS,
    DUE,
    EMPTY_IT,
    KIND,
    ONE,
    OPENS,
    OTHER_ONE,
    PLACE,
    PRONOUN,
    THAT,
    is_definition,
    place_of,
    pronoun_in,
    topic_of,
)
from tutor.sides import sides
from tutor.topics import Mention
from tutor.words import content_words

_OPENING = 200  # characters of an answer
TOO_LONG = 60  # characters of what a message is about


class Names(Protocol):
    """What the notes have names for; `tutor.topics.Topics` is one."""

    def mentions(self, text: str) -> list[Mention]: ...

    def share(self, text: str, topic: str) -> float: ...

    def completed(self, word: str) -> str: ...

    def holds(self, name: str) -> bool: ...


@dataclass(frozen=True)
class Reading:
    """What a message asks when it stands alone, and the thing it is about; `others` are less likely readings."""

    text: str
    topic: str
    others: tuple[str, ...] = ()


class Thread:
    """What a talk has come to, message by message.

    Args:
        names: what the notes have names for; without them only the words of the messages tell.

    Attributes:
        topic: what the talk is about.
        before: what it was about before that.
        part: of the topic, what was asked about last; else empty.
        pair: the two to four things that were compared or named last; `compared` those that a question compared.
        asked: the last question as it stands alone; `said` as it was typed.
        answer: what the tutor said last.
    """

    def __init__(self, names: Names | None = None) -> None:
        self.names = names
        self.topic = self.before = self.part = self.asked = self.said = self.answer = ""
        self.pair: list[str] = []
        self.compared: list[str] = []

    # -- what was said -----------------------------------------------------------------------------------------

    def turn_to(self, topic: str) -> None:
        """The talk turns to a topic."""
        if not topic:
            return
        if not self.same(topic, self.topic):
            if self.topic and max(len(topic), len(self.topic)) < TOO_LONG:
                self.pair = [self.topic, topic]
            self.before, self.part = self.topic, ""
        self.topic, self.asked = topic, f"What is {topic}?"

    def hear(self, answer: str) -> None:
        """Takes in what the tutor said; where a name was asked for, the talk turns to the one given."""
        self.answer = answer
        if ASKS_NAME.search(self.said) and (named := self.own(answer[:_OPENING])):
            self.turn_to(named[0].written)

    def follow(self, message: str, reading: Reading) -> None:
        """Takes in a question that was asked, as it was read."""
        message = self.completed(message)
        compared = sides(reading.text)
        leans, own = reading.text != message, _distinct(self.own(message))
        if compared:
            self._note_pair(compared)
        elif self.names is None:
            if not leans or reading.topic != self.topic:
                self.turn_to(reading.topic)
        elif leans and reading.topic != self.topic and reading.topic in self.pair:
            if any(one.titled for one in self.mentions(reading.topic)):
                self.before, self.topic, self.part = self.topic, reading.topic, ""
            else:
                self.part = reading.topic
        elif leans and own and (found := self.pronoun_in(message)) and own[0].begin > place_of(found)[0]:
            self.pair, self.part = [self.topic, own[0].written], ""
        elif own:
            self.turn_to(own[0].written)
            if len(own) > 1:
                self.pair = [one.written for one in own[:4]]
            self._note_part(message)
        elif not leans and not self.mentions(self.topic) and (not self.topic or is_definition(message)):
            self.turn_to(reading.topic)
        else:
            self._note_part(message)
        self.asked, self.said = reading.text, message

    def _note_pair(self, compared: list[str]) -> None:
        """Remembers what was compared; two parts of the topic are no new topic."""
        titled = any(one.titled for side in compared for one in self.mentions(side))
        if titled or not self.topic or self.names is None:
            self.before, self.topic, self.part = self.topic, " and ".join(compared), ""
        self.pair = self.compared = compared

    def _note_part(self, message: str) -> None:
        """Remembers which part of the topic a message is about, where it says "what is X" or "and X?"."""
        bare = DUE.sub("", CORRECTS.sub("", message).strip(" ?.!"))
        about = ABOUT.sub("", bare)
        if PLACE.match(about) or self.pronoun_in(bare) or ONE.search(bare) or OTHER_ONE.search(bare):
            return
        asks = is_definition(bare) or about != bare
        thing = topic_of(about) if asks and not ASKS.match(topic_of(about)) else ""
        named = [one.written for one in self.mentions(bare) if not one.titled]
        opens = OPENS.sub("", bare)
        if len(named) == 1 and (asks or (opens != bare and opens.startswith(named[0]))):
            self.part = named[0]
        elif thing and len(content_words(thing)) <= 3 and set(content_words(thing)) - ASPECTS:
            self.part = thing if re.search(r"[^\W\d]{2}", thing) else self.part
        if self.same(self.part, self.topic):
            self.part = ""

    def completed(self, message: str) -> str:
        """The message with the whole name of "the vq one"."""
        kind = KIND.search(message)
        if not kind or self.names is None or self.mentions(kind.group(1)):
            return message
        name = self.names.completed(kind.group(1))
        return message[: kind.start()] + name + message[kind.end() :] if name else message

    def pronoun_in(self, message: str) -> re.Match[str] | None:
        """As `pronoun_in`; where the notes' names are known, a pronoun stands for nothing before it but a name."""
        found = pronoun_in(message)
        if found or self.names is None:
            return found
        return next(
            (
                one
                for one in (*PRONOUN.finditer(message), *THAT.finditer(message))
                if not self.mentions(message[: one.start()]) and not EMPTY_IT.search(message)
            ),
            None,
        )

    # -- words of the talk -------------------------------------------------------------------------------------

    def phrase(self) -> str:
        """What "it" stands for."""
        if not self.part:
            return self.topic
        return f"{self.part} ({self.topic})"

    def in_pair(self, topic: str) -> bool:
        """Whether a topic names a thing of the pair."""
        return any(self.holds(one, topic) for one in self.pair)

    def holds(self, name: str, text: str) -> bool:
        """Whether a text names all that a name names."""
        wanted = {one.key for one in self.mentions(name)}
        held = {one.key for one in self.mentions(text)}
        return name.lower() in text.lower() or bool(wanted and wanted <= held)

    def own(self, message: str) -> list[Mention]:
        """The topics that a message names and that the talk is not about yet."""
        have = {one.key for one in self.mentions(self.topic)}
        return [one for one in self.mentions(message) if one.titled and one.key not in have]

    def mentions(self, text: str) -> list[Mention]:
        """The names in a text, in its order."""
        return self.names.mentions(text) if self.names is not None and text else []

    def same(self, one: str, other: str) -> bool:
        """Whether two phrases name one thing."""
        keys = {mention.key for mention in self.mentions(one)}
        return one.lower() == other.lower() or bool(
            keys and keys == {mention.key for mention in self.mentions(other)}
        )


def _distinct(mentions: Sequence[Mention]) -> list[Mention]:
    return list({one.key: one for one in reversed(mentions)}.values())[::-1]
