"""The gates that an item passes before a student sees it: each refusal names its gate and the reason.

G0 the form, G1 the quote, G2 one right answer, G3 options apart and parallel, G4 flaws of writing, G5 the balance of a
batch, G8 what can be shown, G9 the language. G6, no item that tells the key of another, and G7, nothing asked twice,
stand in `repeats`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from tutor.chinese import CJK
from tutor.notes.note import Note, Text
from tutor.quiz.authored import ABOUT_OTHERS
from tutor.quiz.bank import Bank
from tutor.quiz.items import KINDS, Item, Option, plain, signs
from tutor.quiz.wording import GAP
from tutor.words import STRUCK, content_words, words

Flaws = Callable[[Item], Sequence[str]]

MOST_FLAWS = 1
_MIXED = 4.0  # ratio of the longest to the shortest option from which on they are not parallel
_SHORT = 25  # characters: options below this may differ in length as they like
_CHOICES = ("choice", "definition", "term", "true-false", "either")
_FENCE = re.compile(r"^\s*```", re.MULTILINE)
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_EMPHASIS = re.compile(r"(?<!\*)\*\*(?!\*)")
_LONE = re.compile(
    r"~~|\{\{|\}\}|\{%|<(?:div|span|script|style|br|p|img|table)\b|!\[|\[\[|==\w|:p\b|\?\?x|x\?\?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?")


@dataclass(frozen=True)
class Refusal:
    """Why an item must not be shown: the gate ("G0" to "G9") and the reason in plain words."""

    gate: str
    reason: str


def refusals(item: Item, bank: Bank, flaws: Flaws | None = None) -> tuple[Refusal, ...]:
    """What speaks against an item by itself; empty where it may be shown.

    Args:
        bank: the notes in use, which an item must still quote word for word.
        flaws: item -> the names of its flaws of writing; two or more refuse it.
    """
    gates = (
        ("G0", malformed(item)),
        ("G1", unquoted(item, bank)),
        ("G2", two_keys(item)),
        ("G3", unlike_options(item)),
        ("G4", flawed(item, flaws)),
        ("G8", unshowable(item)),
        ("G9", foreign(item)),
    )
    return tuple(Refusal(gate, reason) for gate, reasons in gates for reason in reasons)


def malformed(item: Item) -> Iterator[str]:
    """G0: what is missing or does not fit the kind."""
    if item.kind not in KINDS:
        yield f"There is no kind of item called {item.kind!r}"
    for name in ("id", "stem", "key", "explanation", "fact", "note"):
        if not str(getattr(item, name)).strip():
            yield f"The item has no {name}"
    ids = [option.id for option in item.options]
    if len(set(ids)) < len(ids) or not all(ids):
        yield "Two options have the same id, or one has none"
    keys = item.key.split(",")
    if item.kind in ("match", "order"):
        if sorted(keys) != sorted(ids) or len(ids) < 3:
            yield "The key does not name each option once, or there are fewer than three"
        if item.kind == "match" and len(item.left) != len(ids):
            yield "The terms and the meanings are not equally many"
    elif item.kind in _CHOICES and len(ids) < 2:
        yield "A choice needs two options at least"
    elif ids and item.key not in ids:
        yield "The key is none of the options"
    if item.kind == "number" and (not _NUMBER.fullmatch(item.key) or item.tolerance < 0):
        yield "The key is no number, or the tolerance is below zero"
    if item.kind == "cloze" and GAP not in item.stem:
        yield "The stem has no gap"


def unquoted(item: Item, bank: Bank) -> Iterator[str]:
    """G1: a quote that the note does not hold at its lines, or a fact that the notes no longer state."""
    cited = item.citation
    note = next((note for note in bank.retriever.index.notes if note.path == cited.note), None)
    if note is None:
        yield f"The note {cited.note} is not in use"
    elif not cited.quote.strip() or not any(_holds(text, cited.quote, cited.lines) for text in _texts(note)):
        yield "The note does not say the quoted words at these lines; it may have been edited"
    elif STRUCK.search(cited.quote):
        yield "The author struck the quoted words out"
    if item.fact_id and item.fact_id not in bank.by_id:
        yield "The notes no longer state this fact"
    elif item.fact_id and item.maker == "rules" and bank.by_id[item.fact_id].note != cited.note:
        yield "The quote stands in another note than the fact"


def _texts(note: Note) -> Iterator[Text]:
    yield from (block.text for block in note.blocks)
    for card in note.cards:
        yield from (card.answer, card.question)
    for asked in note.quiz:
        yield from (asked.answer, asked.question, *asked.options)


def _holds(text: Text, quote: str, lines: tuple[int, int]) -> bool:
    at = text.words.find(quote)
    while at >= 0:
        if text.lines_of(at, at + len(quote)) == lines or text.lines == lines:
            return True
        at = text.words.find(quote, at + 1)
    return False


def two_keys(item: Item) -> Iterator[str]:
    """G2: an option beside the key that is right as well."""
    if not item.is_choice or item.kind == "true-false":
        return
    right = next((option for option in item.options if option.id == item.key), None)
    accepted = {_same(name) for name in (*item.accepts, right.text if right else item.key)}
    for option in item.options:
        if option is right:
            continue
        if _same(option.text) in accepted:
            yield f"The option {option.text!r} is right as well"
        elif right and "$" not in right.text and _few_words(option.text, right.text):
            yield f"The option {option.text!r} says the same as the key"


def _few_words(one: str, other: str) -> bool:
    """Whether two texts are the same few words, in whatever order."""
    return set(words(one)) == set(words(other)) and len(words(other)) <= 3


def _same(text: str) -> str:
    """The stems of a text without articles, by which singular and plural are one answer; a formula's signs."""
    if "$" in text:
        return signs(text)
    return " ".join(word for word in words(text) if word not in ("a", "an", "the")) or plain(text)


def unlike_options(item: Item) -> Iterator[str]:
    """G3: options that are the same, that speak of each other, or that differ in form."""
    texts = [option.text for option in item.options]
    if not texts:
        return
    if not all(text.strip() for text in texts):
        yield "An option is empty"
    if len({signs(text) for text in texts}) < len(texts):
        yield "Two options are the same"
    # The author's own options keep their form.
    if item.maker == "author" or not item.is_choice:
        return
    if any(ABOUT_OTHERS.search(text) for text in texts):
        yield "An option speaks of the other options"
    sizes = [len(text) for text in texts]
    if max(sizes) > _SHORT and max(sizes) > _MIXED * max(1, min(sizes)):
        yield "One option is much longer than another"
    ends = {text.rstrip()[-1:] in ".!?" for text in texts}
    if len(ends) > 1:
        yield "Some options end with a full stop and some do not"
    numeric = [_NUMBER.fullmatch(text.strip()) is not None for text in texts]
    if any(numeric) and not all(numeric):
        yield "Some options are numbers and some are not"


def flawed(item: Item, flaws: Flaws | None) -> Iterator[str]:
    """G4: more flaws of writing than one."""
    found: Sequence[str] = flaws(item) if flaws is not None else ()
    if len(found) > MOST_FLAWS:
        yield f"Flaws of writing: {', '.join(found)}"


def unshowable(item: Item) -> Iterator[str]:
    """G8: math, code or emphasis that is opened and not closed, and markup of a note's format."""
    for name, text in (
        ("stem", item.stem),
        *(("option", option.text) for option in item.options),
        ("key", _shown(item)),
    ):
        if len(_FENCE.findall(text)) % 2:
            yield f"A fence of code in the {name} is not closed"
        bare = _CODE.sub("", text)
        if len(re.findall(r"(?<!\\)\$", bare)) % 2:
            yield f"A formula in the {name} is not closed"
        if bare.count("`") % 2 or len(_EMPHASIS.findall(bare)) % 2:
            yield f"Code or emphasis in the {name} is not closed"
        prose = re.sub(r"\$[^$]*\$", "", bare)
        if _LONE.search(prose):
            yield f"The {name} holds markup"
        if _unbalanced(prose):
            yield f"A bracket in the {name} is not closed"


def _shown(item: Item) -> str:
    return "" if item.options else item.key


def _unbalanced(text: str) -> bool:
    """Whether more round brackets open than close; a lone closing one is a list mark, "a)"."""
    return text.count("(") > text.count(")")


def foreign(item: Item) -> Iterator[str]:
    """G9: a stem in another language than the note."""
    if (CJK.search(item.stem) is None) != (CJK.search(item.citation.quote) is None):
        # A name in brackets is no other language.
        chinese = [len("".join(CJK.findall(text))) for text in (item.stem, item.citation.quote)]
        sizes = (max(1, len(plain(item.stem))), max(1, len(plain(item.citation.quote))))
        if max(chinese[0] / sizes[0], chinese[1] / sizes[1]) > 0.2:
            yield "The question is in another language than the note"


def imbalances(items: Sequence[Item]) -> tuple[Refusal, ...]:
    """G5: habits of a batch that pay without knowledge: one place, the longest option, the option most like the stem,
    or one answer to "True or false".

    A share counts against a batch when it is 2.6 standard errors above chance, which a fair batch of any size
    exceeds in one of two hundred.
    """
    found = []
    chosen = [
        item for item in items if item.is_choice and item.kind != "true-false" and len(item.options) > 1
    ]
    habits: tuple[tuple[str, Callable[[Item], str]], ...] = (
        ("the longest option", lambda item: max(item.options, key=lambda option: len(option.text)).id),
        ("the option most like the stem", _likest),
    )
    for name, picks in habits:
        if _pays([(picks(item) == item.key, 1 / len(item.options)) for item in chosen]):
            found.append(Refusal("G5", f"Choosing {name} is right too often"))
    for place, _ in Counter(_place(item) for item in chosen).most_common(1):
        if _pays([(_place(item) == place, 1 / len(item.options)) for item in chosen]):
            found.append(Refusal("G5", f"The right option stands at place {place + 1} too often"))
    judged = [item for item in items if item.kind == "true-false"]
    for answer in ("True", "False"):
        if _pays([(_answer(item) == answer, 0.5) for item in judged]):
            found.append(Refusal("G5", f"The answer {answer} is right too often"))
    lengths = {
        answer: [len(item.stem) for item in judged if _answer(item) == answer] for answer in ("True", "False")
    }
    if all(len(sizes) >= 10 for sizes in lengths.values()):
        middle = median(len(item.stem) for item in judged)
        if _pays([((len(item.stem) > middle) == (_answer(item) == "True"), 0.5) for item in judged]):
            found.append(Refusal("G5", "Long statements are true too often"))
    return tuple(found)


def _pays(tries: Sequence[tuple[bool, float]]) -> bool:
    """Whether a habit is right more often than its chances, by 2.6 standard errors."""
    expected = sum(chance for _, chance in tries)
    error = sum(chance * (1 - chance) for _, chance in tries) ** 0.5
    return bool(tries) and sum(right for right, _ in tries) > expected + 2.6 * error


def _likest(item: Item) -> str:
    asked = set(content_words(item.stem))

    def likeness(option: Option) -> float:
        own = set(content_words(option.text))
        return len(own & asked) / max(1, len(own))

    return max(item.options, key=likeness).id


def _place(item: Item) -> int:
    return next((n for n, option in enumerate(item.options) if option.id == item.key), -1)


def _answer(item: Item) -> str:
    return next((option.text for option in item.options if option.id == item.key), "")
