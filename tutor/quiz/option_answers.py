"""Answers to questions with options, graded: one option chosen, things matched to options, options put in order."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from tutor.lexicon import likeness
from tutor.quiz.frames import framed
from tutor.quiz.grades import Grade, Point, in_quarters
from tutor.quiz.items import LETTERS, Item, plain
from tutor.quiz.named_options import meant_by, placed, shortened
from tutor.quiz.truth import said_of
from tutor.quiz.word_answers import named_by
from tutor.words import content_words

_LETTERED = re.compile(
    r"\s*(?:(?:it'?s|i (?:think|say|choose|pick)|my|the|answer|option|is|choice|:)\s*)*"
    r"[(\[]?([a-j]|\d)(?:[)\].:,]|\s*[-–—]\s|\s*$|\s+(?:because|since|as)\b)"
)
_REASON = re.compile(r"\b(?:because|since|as|cause|bc)\b|[,;:.–—-]\s+", re.IGNORECASE)
_LINK = r"\s*(?:(?:[-–—:=.)>→]|is\b|goes (?:with|to)\b|belongs to\b|with\b)\s*)*"
_PAIR = re.compile(rf"(?<!\w)(?:(\d{{1,2}}){_LINK}([a-z])|([a-z]){_LINK}(\d{{1,2}}))(?!\w)", re.IGNORECASE)
_IN_ORDER = re.compile(
    r"\b(?:first|then|next|last|finally|and|is|the|order|answer|after that)\b", re.IGNORECASE
)
_AROUND = re.compile(r"\b(?:it|its|s|is|that|this|i|think|say|guess|mean|the|an?|answer|option|one|with)\b")
_FEWEST_STEPS = 3  # from which on an order is right in part though two neighbours have changed places
_FEWEST = 2  # pairs, or things in an order, from which an answer that is not whole is read as one
_SEVERAL = re.compile(r"\W*[a-j](?:(?:[^\w,/&+]*[,/&+]\W*|\W*\b(?:and|or)\b\W*)[a-j])+\W*", re.IGNORECASE)
_FIGURE = re.compile(r"[-+−]?\s*[\d,]*\.?\d+")
_NAMES_END = re.compile(r"[,;>→\n]|\s[-–—]+\s|\bthen\b", re.IGNORECASE)
_FORM, _ROOT, _NEVER = 0.8, 6, 99  # likeness and letters that forms of a word share; after every word
_SINGLE = re.compile(r"(?<![a-z])[a-j](?![a-z])", re.IGNORECASE)


def chosen_option(item: Item, answer: str) -> str | None:
    """The id of the option that an answer names by id, letter, number or text; None for none or several."""
    said = plain(answer)
    ids = {option.id: option.id for option in item.options}
    exact = [option.id for option in item.options if _bare(option.text) == _bare(answer)]
    if len(exact) == 1:
        return exact[0]
    alike = Counter(plain(option.text) for option in item.options)
    # Options that differ in a sign alone, as formulas do, are told by their letters.
    texts = {plain(option.text): option.id for option in item.options if alike[plain(option.text)] == 1}
    places = {LETTERS[n].lower(): option.id for n, option in enumerate(item.options)}
    places |= {str(n): option.id for n, option in enumerate(item.options, 1)}
    if _FIGURE.fullmatch(answer.strip()) and any(re.match(r"-\d", one.text) for one in item.options):
        # Another sign is another number: "1.386" is not "-1.386".
        return places.get(answer.strip())
    for names in (ids, texts, places):
        if said in names:
            return names[said]
    if _SEVERAL.fullmatch(answer):
        return None
    lettered = _LETTERED.match(answer.lower())
    if lettered and len(texts) < len(item.options) and re.search(r"[+=^_\\]", answer):
        return None  # "(1 - t) z" is a formula, and not the first option with a reason
    if lettered and lettered[1] in places:
        return places[lettered[1]]
    if set(texts) == {"true", "false"}:
        found = said_of(item, answer)
        return None if found is None else texts["true" if found else "false"]
    if lettered:
        return None
    named = {text for text in texts if f" {text} " in f" {said} "}
    longest = {text for text in named if not any(text != other and text in other for other in named)}
    meant = longest or _parts_of(said, texts)
    if meant:
        return texts[meant.pop()] if len(meant) == 1 else None
    by_id = {option.id: option.text for option in item.options if option.id in texts.values()}
    readings = (placed, named_by, shortened, meant_by)
    return next(filter(None, (reading(answer, by_id) for reading in readings)), None)


def _bare(text: str) -> str:
    """What is written, but for spaces, dollars and the longer minus."""
    return re.sub(r"[\s$]", "", text.replace("−", "-")).lower()


def _parts_of(said: str, texts: Iterable[str]) -> set[str]:
    """The texts of which an answer is a part, word for word but for articles and the like."""
    bare = {text: " ".join(_AROUND.sub(" ", text).split()) for text in (said, *texts)}
    if not content_words(bare[said]):
        return set()
    return {text for text in texts if f" {bare[said]} " in f" {bare[text]} "}


def chosen_ids(item: Item, answer: str) -> tuple[str, ...]:
    """The ids of the options that an answer names, by ids with commas, letters, numbers or texts.

    Returns:
        One id for a choice; for "match" one for each number, empty for a number that was left out; for "order" ids in
        the order that was given. Empty where the answer cannot be read.
    """
    if item.kind == "match":
        return _matched(item, lettered(item, answer))
    if item.kind == "order":
        return _ordered(item, lettered(item, answer))
    one = chosen_option(item, answer) if item.is_choice else None
    return (one,) if one else ()


def lettered(item: Item, answer: str) -> str:
    """An answer of option ids with commas, in the order of the key, as letters that a student types; else itself."""
    letters = {option.id: LETTERS[n] for n, option in enumerate(item.options)}
    ids = answer.split(",")
    if not any(ids) or not set(ids) - {""} <= set(letters):
        return answer
    if item.kind == "match":
        return " ".join(f"{n}{letters[one]}" for n, one in enumerate(ids, 1) if one)
    return " ".join(letters[one] for one in ids)


def right_answer(item: Item) -> str:
    """The right answer with its witness."""
    if not item.options:
        return f"“{item.key}”"
    right = next((option for option in item.options if option.id == item.key), None)
    why = right.why.removeprefix("The note says: ").strip("“” ") if right else ""
    told = why and right is not None and plain(why) not in plain(right.text)
    return f"{item.key_text.rstrip('.')}." + (
        f" {framed(item, 'The note says: “{quote}”', quote=why)}" if told else ""
    )


def grade_choice(item: Item, answer: str) -> Grade:
    """One option: right or wrong. A reason that is given besides changes nothing in the verdict."""
    chosen = chosen_option(item, answer)
    if chosen is None:
        letters = ", ".join(LETTERS[: len(item.options)])
        told = "That names none of the options. Answer with a letter of {letters}."
        return Grade("unsure", 0.0, (), framed(item, told, letters=letters))
    right = chosen == item.key
    point = Point(item.fact, "hit" if right else "missed", item.citation.quote)
    feedback = framed(
        item,
        "Right: {answer}" if right else "Not this one. The answer is {answer}",
        answer=right_answer(item),
    )
    if item.kind == "true-false" and right and _reason(answer):
        feedback += f" Compare your reason with the note: “{item.citation.quote}”"
    return Grade("correct" if right else "wrong", float(right), (point,), feedback)


def _reason(answer: str) -> str:
    """What is said after "false, because"; or empty."""
    parts = _REASON.split(answer, maxsplit=1)
    return parts[1].strip() if len(parts) > 1 and len(parts[1].split()) > 1 else ""


def grade_match(item: Item, answer: str) -> Grade:
    """Things matched to options, "1B 2A 3C", "B A C" or "1-B, 2-A": each pair counts."""
    size = len(item.left)
    chosen = _matched(item, answer)
    if not chosen:
        letters = LETTERS[: len(item.options)]
        example = " ".join(
            f"{n}{letter}" for n, letter in zip(range(1, size + 1), letters[::-1], strict=False)
        )
        return Grade("unsure", 0.0, (), f"I cannot read your pairs. Write them like this: {example}.")
    keys, by_id = item.key.split(","), {option.id: option.text for option in item.options}
    points = tuple(
        Point(f"{left} – {by_id[key]}", "hit" if one == key else "missed", item.citation.quote)
        for left, key, one in zip(item.left, keys, chosen, strict=True)
    )  # fmt: skip
    right = sum(point.status == "hit" for point in points)
    return _in_parts(item, points, score_in_parts(right, size), f"{right} of {size} pairs are right.")


def _matched(item: Item, answer: str) -> tuple[str, ...]:
    """As `chosen_ids`: pairs, the more of them the better, but not one alone where there are more."""
    size = len(item.left)
    pairs = _pairs(answer, size, len(item.options))
    if len(pairs) < min(size, _FEWEST):
        return ()
    ids = dict(zip(LETTERS, (option.id for option in item.options), strict=False))
    return tuple(ids.get(pairs.get(n, ""), "") for n in range(1, size + 1))


def _pairs(answer: str, size: int, options: int) -> dict[int, str]:
    """Number -> letter as the student paired them; empty where that cannot be read."""
    letters = LETTERS[:options]
    found: dict[int, str] = {}
    for one in _PAIR.finditer(answer):
        number, letter = int(one[1] or one[4]), (one[2] or one[3]).upper()
        if not 1 <= number <= size or letter not in letters or found.get(number, letter) != letter:
            return {}
        found[number] = letter
    if found:
        return found
    listed = _listed(answer, letters)
    return dict(enumerate(listed, 1)) if len(listed) == size else {}


def _listed(answer: str, letters: str) -> list[str]:
    """The letters of "B, A, C", "b then a then c" or "BAC", in their order; empty where one is out of place."""
    bare = re.sub(r"[\s,;>→–—.-]+", "", answer).upper()
    if bare and set(bare) <= set(letters):
        return list(bare)
    found = [one[0].upper() for one in _SINGLE.finditer(_IN_ORDER.sub(" ", answer))]
    return found if found and set(found) <= set(letters) else []


def _ordered(item: Item, answer: str) -> tuple[str, ...]:
    """As `chosen_ids`: letters, numbers or texts, each once; some may lack, but not all but one."""
    ids = [option.id for option in item.options]
    letters = LETTERS[: len(ids)]
    found = [ids[letters.index(letter)] for letter in _listed(answer, letters)]
    numbers = _IN_ORDER.sub(" ", answer)
    if not found and re.fullmatch(r"[\d\s,;>→–—.-]+", numbers):
        digits = re.findall(r"\d+", numbers) if re.search(r"\d\D+\d", numbers) else re.findall(r"\d", numbers)
        places = [int(digit) for digit in digits]
        found = [ids[n - 1] for n in places] if all(1 <= n <= len(ids) for n in places) else []
    if not found:
        said = f" {plain(answer)} "
        at = [(said.find(f" {plain(option.text)} "), option.id) for option in item.options]
        found = [option_id for _, option_id in sorted(at)] if min(at)[0] >= 0 else _by_names(item, answer)
    return tuple(found) if len(found) >= _FEWEST and len(set(found)) == len(found) else ()


def _by_names(item: Item, answer: str) -> list[str]:
    """The options that a list of short names tells ("splitting, embedding, retrieval"), in its order; or none.

    A name is of the one option whose first words it holds, else of the only one that has its words.
    """
    stems = {option.id: content_words(option.text) for option in item.options}
    found: list[str] = []
    for part in filter(None, map(content_words, _NAMES_END.split(_IN_ORDER.sub(" ", answer)))):
        held = {
            one: next((n for n, word in enumerate(own) if any(_alike(word, said) for said in part)), _NEVER)
            for one, own in stems.items()
        }
        first = min(held.values())
        named = [one for one, place in held.items() if place == first and place != _NEVER]
        if len(named) != 1:
            return []
        found.append(named[0])
    return found


def _alike(word: str, said: str) -> bool:
    """Whether two stems are forms of one word: "retriev" and "retrieval"."""
    return likeness(word, said) >= _FORM or (min(len(word), len(said)) > 3 and word[:_ROOT] == said[:_ROOT])


def grade_order(item: Item, answer: str) -> Grade:
    """Options put in order, "B, A, C" (or the same by numbers or texts): each right pair of neighbours counts, and all
    but two where only two neighbours have changed places."""
    letters = LETTERS[: len(item.options)]
    listed = _ordered(item, answer)
    if not listed:
        return Grade(
            "unsure",
            0.0,
            (),
            f"I cannot read an order. Write each letter once, like this: {', '.join(letters)}.",
        )
    right = item.key.split(",")
    said = set(itertools.pairwise(listed))
    texts = {option.id: option.text for option in item.options}
    points = tuple(
        Point(f"{texts[one]} → {texts[two]}", "hit" if (one, two) in said else "missed", item.citation.quote)
        for one, two in itertools.pairwise(right)
    )
    if list(listed) == right:
        return _in_parts(item, points, 1.0, "")
    swapped = _swapped(listed, right)
    hits = sum(point.status == "hit" for point in points)
    if swapped:
        told = f"only “{texts[swapped[0]]}” and “{texts[swapped[1]]}” have changed places."
        score = max(score_of_swap(len(right)), score_in_parts(hits, len(points)))
        return _in_parts(item, points, score, told)
    score = score_in_parts(min(hits, len(points) - 1) if len(listed) < len(right) else hits, len(points))
    return _in_parts(item, points, score, f"{hits} of {len(points)} steps follow each other as they should.")


def _swapped(listed: Sequence[str], right: Sequence[str]) -> tuple[str, str] | None:
    """The two neighbours that changed places, in their right order, where nothing else is wrong."""
    if len(listed) != len(right) or len(right) < _FEWEST_STEPS:
        return None
    wrong = [place for place, (one, other) in enumerate(zip(listed, right, strict=True)) if one != other]
    if len(wrong) != 2 or wrong[1] != wrong[0] + 1:
        return None
    return right[wrong[0]], right[wrong[1]]


def _in_parts(item: Item, points: tuple[Point, ...], score: float, told: str) -> Grade:
    wanted = right_answer(item)
    witness = "" if "The note says" in wanted else f" The note says: “{item.citation.quote}”"
    answer = f"The answer is {wanted}{witness}"
    if score == 1.0:
        return Grade("correct", score, points, f"Right. The note says: “{item.citation.quote}”")
    if score:
        return Grade("partial", score, points, f"Partly: {told} {answer}")
    return Grade("wrong", score, points, f"Not quite: {told} {answer}")


def score_in_parts(right: int, size: int) -> float:
    """What so many right pairs or steps out of `size` bring, 0 to 1."""
    if right == size:
        return 1.0
    return in_quarters(right / size) if 2 * right >= size or (right and size <= 3) else 0.0


def score_of_swap(size: int) -> float:
    """What an order of so many things brings in which two neighbours have changed places and all else is right; 0 where
    the neighbours are all there is."""
    return in_quarters((size - 2) / size) if size >= _FEWEST_STEPS else 0.0
