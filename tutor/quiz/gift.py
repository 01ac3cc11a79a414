"""Items in GIFT, the text format from which Moodle and others read questions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tutor.chinese import CJK
from tutor.quiz.cuts import pieces, split
from tutor.quiz.export import Exported
from tutor.quiz.field_html import as_html
from tutor.quiz.items import Item, Option
from tutor.words import without_article

LONGEST_SHORT_ANSWER = 4  # words; a longer answer nobody types word for word
_CONTROL = re.compile(r"[\\~=#{}:]")
_NO_TAG = re.compile(r"[^\w.+-]")
_TRUE = frozenset(("true", "yes", "right", "correct"))
_TRUTHS = _TRUE | {"false", "no", "wrong"}
_NAME_WIDTH = 80  # letters; a Chinese character is as wide as two, and says as much as a short word


def gift(found: Sequence[Exported], title: str) -> str:
    """The items as questions, in a category for each concept.

    Texts are HTML with formulas for MathJax. An item that no other kind of question holds becomes an essay, with the
    answer as its feedback.
    """
    parts = [f"// {_line(title)}\n"]
    category = ""
    for one in found:
        if one.item.concept != category:
            category = one.item.concept
            # A slash in a name is written twice; a single one parts categories.
            parts.append(f"$CATEGORY: Tutor/{_line(category).replace('/', '//') or 'Cards'}\n")
        parts.append(_question(one))
    return "\n".join(parts)


def escaped(text: str) -> str:
    """Text in which no sign has a meaning of its own in GIFT."""
    return _CONTROL.sub(r"\\\g<0>", text).replace("\r", "").replace("\n", "\\n")


def _question(one: Exported) -> str:
    item = one.item
    tags = "".join(f" [tag:{_NO_TAG.sub('-', tag)}]" for tag in one.tags)
    name = escaped(f"{_title(item.stem)} ({item.id})")
    # What the feedback on the answer tells already is not told twice.
    whys = " ".join(option.why for option in item.options)
    background = "" if _is_truth(item) or one.background in whys else one.background
    told = _html("\n\n".join(filter(None, (one.answer if not item.options else "", background, one.place))))
    return f"// [id:{item.id}]{tags}\n::{name}::[html]{_html(item.stem)} {{{_answers(one)}####{told}}}\n"


def _answers(one: Exported) -> str:
    item = one.item
    if item.kind in ("match", "order"):
        return _pairs(item)
    if _is_truth(item):
        right = _right(item).lower().rstrip(".") in _TRUE
        why = {option.text.strip().lower().rstrip(".") in _TRUE: option.why for option in item.options}
        wrong_why, right_why = why.get(not right, ""), why.get(right, "") or item.explanation
        return f"{'TRUE' if right else 'FALSE'}#{_html(wrong_why or item.explanation)}#{_html(right_why)}"
    if item.is_choice:
        return "".join(f"\n{_choice(option, option.id == item.key)}" for option in item.options) + "\n"
    if item.kind == "number" and (number := _number(item.key)):
        return f"#={number}:{item.tolerance:g}"
    short = [] if item.kind == "explain" else _accepted(item)
    return "".join(f"\n=%100%{_typed(answer)}" for answer in short) + "\n" if short else ""


def _is_truth(item: Item) -> bool:
    """Whether an item asks for true or false, also where its author wrote these as options."""
    options = {option.text.strip().lower().rstrip(".") for option in item.options}
    return item.kind == "true-false" or (len(options) == 2 and options <= _TRUTHS)


def _accepted(item: Item) -> list[str]:
    """What may be typed, each once, as capitals do not count: the key and its other names, with an article and
    without."""
    names = [" ".join(answer.split()) for answer in (item.key, *item.accepts)]
    short = [answer for answer in names if _is_short(answer)]
    bare = [without_article(answer) for answer in short]
    english = [answer for answer in bare if not CJK.search(answer)]
    articled = [f"{article} {answer}" for answer in english for article in ("the", _indefinite(answer))]
    every = [*short, *bare, *(articled if item.kind in ("term", "cloze") else ())]
    first: dict[str, str] = {}
    for answer in every:
        first.setdefault(answer.casefold(), answer)
    return list(first.values())


def _indefinite(name: str) -> str:
    return "an" if name[:1].lower() in "aeiou" else "a"


def _title(stem: str) -> str:
    """The beginning of a question, cut between two words, and before a formula that would not be whole."""
    line = _line(stem)
    if _width(line) <= _NAME_WIDTH:
        return line
    fits = max(n for n in range(len(line) + 1) if _width(line[:n]) <= _NAME_WIDTH)
    ends = [
        *(one.start() for one in re.finditer(" ", line)),
        *(one.end for one in pieces(line) if CJK.match(one.text)),
    ]
    whole = [end for end in ends if 0 < end <= fits and line[:end].count("$") % 2 == 0]
    return line[: max(whole, default=fits)] + " …"


def _width(text: str) -> int:
    return len(text) + sum(map(len, CJK.findall(text)))


def _pairs(item: Item) -> str:
    texts = {option.id: option.text for option in item.options}
    right = [texts[one] for one in item.key.split(",") if one in texts]
    left = item.left or tuple(f"Step {number}" for number in range(1, len(right) + 1))
    return "".join(
        f"\n={_html(side)} -> {escaped(_line(text).replace('->', '→'))}"
        for side, text in zip(left, right, strict=False)
    ) + "\n"  # fmt: skip


def _choice(option: Option, right: bool) -> str:
    return f"{'=' if right else '~'}{_html(option.text)}#{_html(option.why)}"


def _right(item: Item) -> str:
    return next((option.text for option in item.options if option.id == item.key), item.key).strip()


def _number(key: str) -> str:
    """The number in a key, as GIFT reads it; empty where it holds none or several."""
    found = re.findall(r"[-−]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?", key.replace("\u202f", ""))
    return found[0].replace("−", "-").replace(",", ".") if len(found) == 1 else ""


def _is_short(answer: str) -> bool:
    """Whether a student can be asked to type just this; `->` would make it a pair to match."""
    return 0 < len(split(answer)) <= LONGEST_SHORT_ANSWER and "->" not in answer and "$" not in answer


def _typed(answer: str) -> str:
    # A star stands for any signs.
    return escaped(answer.replace("*", r"\*"))


def _html(words: str) -> str:
    """Words as escaped HTML; a percent sign at the beginning would be read as a weight."""
    shown = as_html(words.strip())
    shown = re.sub(r"^[%\[]", lambda found: f"&#{ord(found[0])};", shown)
    return escaped(shown.replace("->", "-&gt;"))


def _line(text: str) -> str:
    return " ".join(text.split())
