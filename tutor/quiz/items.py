"""A quiz item: a question that can be asked and graded, with the note's own sentence as its witness. Plain data."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from tutor.errors import QuizError
from tutor.turns import Citation

# short: the author's question, typed. choice: a question with options, the author's own or mined. definition and
# term: which definition fits a term, which term a definition. cloze: a gap, typed or among options. true-false.
# either: which of two things a sentence is about. match, order: options to be matched or put in order. number:
# a value within a tolerance. explain: in one's own words, claim by claim.
Kind = Literal[
    "short",
    "choice",
    "definition",
    "term",
    "cloze",
    "true-false",
    "either",
    "match",
    "order",
    "number",
    "explain",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True)
class Option:
    """A choice.

    Attributes:
        id: lasting, and the same wherever the option is shown.
        why: why it is right or wrong; for a mined distractor what it is the true answer of.
        fact_id: the fact that a mined distractor is the true answer of.
    """

    id: str
    text: str
    why: str = ""
    fact_id: str = ""


@dataclass(frozen=True)
class Item:
    """A question that can be asked and graded.

    Attributes:
        id: a hash of note, kind, question, key and options: the same item gets the same id in every run, and whatever
            topic is told in front of its question.
        options: in the order in which they are shown, lettered A, B, C by place; empty where words are typed.
        key: the answer in the note's words; for one choice the id of the right option; for "match" and "order" the
            ids of options in their right order, with commas.
        explanation: what the note says around the answer.
        citation: the whole answer sentences, verbatim, with their lines.
        fact: the words that the student is to know.
        fact_id: the fact that is asked about (`quiz.facts.Fact.id`); what is scheduled.
        concept: what the fact is about, for mastery.
        accepts: other answers that are right, word for word.
        left: for "match" what the options are matched to, numbered from 1.
        tolerance: for "number" how far from the key an answer may be, in the key's own unit.
        maker: who made it: "author", "rules", or a chat model's name.
    """

    id: str
    kind: Kind
    stem: str
    options: tuple[Option, ...]
    key: str
    explanation: str
    citation: Citation
    fact: str
    heading: tuple[str, ...]
    note: str
    fact_id: str = ""
    concept: str = ""
    accepts: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    tolerance: float = 0.0
    maker: str = "author"

    @property
    def is_choice(self) -> bool:
        """Whether one of the options is the answer."""
        return bool(self.options) and self.kind not in ("match", "order")

    @property
    def key_text(self) -> str:
        """The right answer in words, as the student may be shown it."""
        if not self.options:
            return self.key
        places = {option.id: n for n, option in enumerate(self.options)}
        right = [f"{LETTERS[places[one]]}. {self.options[places[one]].text}" for one in self.key.split(",")]
        if self.kind == "match":
            return "; ".join(f"{n} {text}" for n, text in enumerate(right, 1))
        return "; ".join(right)

    def to_contract(self) -> dict[str, Any]:
        """The JSON value that `tutor quiz --json` promises."""
        cited = self.citation
        value = {
            "id": self.id,
            "kind": self.kind,
            "stem": self.stem,
            "options": [{"id": one.id, "text": one.text, "why": one.why} for one in self.options],
            "key": self.key,
            "explanation": self.explanation,
            "citation": {"note": cited.note, "lines": list(cited.lines), "quote": cited.quote},
            "fact": self.fact,
            "fact_id": self.fact_id,
            "concept": self.concept,
        }
        return value | ({"left": list(self.left)} if self.left else {})

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain data for the record."""
        # `asdict` says the same and copies each word of it, which takes ten times as long.
        options = tuple(dict(vars(option)) for option in self.options)
        return {**vars(self), "options": options, "citation": dict(vars(self.citation))}

    @staticmethod
    def from_dict(value: dict[str, Any]) -> Item:
        """The item that `to_dict` wrote, also after it went through JSON. QuizError if it is not one."""
        try:
            cited = dict(value["citation"])
            begin, end = cited.pop("lines")
            cited["heading"] = tuple(cited["heading"])
            tuples: dict[str, Any] = {
                name: tuple(value[name]) for name in ("heading", "accepts", "left") if name in value
            }
            options = tuple(Option(**option) for option in value["options"])
            return Item(
                **value | tuples | {"options": options, "citation": Citation(lines=(begin, end), **cited)}
            )
        except (KeyError, TypeError, ValueError) as error:
            raise QuizError(f"A stored quiz item cannot be read ({error})", "Start a new quiz.") from error


def item_id(note: str, kind: str, stem: str, key: str, options: tuple[Option, ...] = ()) -> str:
    """A hash of what makes an item this one; the order of its options does not count.

    Their words tell items apart, and their signs where some have the same words, as formulas do.
    """
    texts = sorted(plain(option.text) for option in options)
    if len(set(texts)) < len(texts):
        texts = sorted(signs(option.text) for option in options)
    parts = "\n".join((note, kind, plain(stem), plain(key), *texts))
    return hashlib.sha256(parts.encode()).hexdigest()[:12]


def option_id(text: str) -> str:
    """The id of an option that is drawn anew each time: the same text has the same id in every order."""
    return f"o{hashlib.sha256(plain(text).encode()).hexdigest()[:6]}"


def plain(text: str) -> str:
    """The words of a text in small letters, punctuation taken away."""
    return " ".join(re.findall(r"\w+", text.lower()))


def signs(text: str) -> str:
    """What tells an option from another: its words, or its signs where it is a formula or code."""
    return re.sub(r"\s+", "", text) if re.search(r"[$`\\=<>(]", text) else plain(text) or text.strip()
