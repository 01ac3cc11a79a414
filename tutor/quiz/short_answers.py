"""Short answers and explanations in the student's own words, graded claim by claim and by a fitted model.

The words show which claims of the key were said, missed or denied (`claim_evidence`). What the verdict is a fitted
model decides, from all measures together (`answer_features`): it gives a verdict where one is likely enough and else
says `unsure`, with the note's sentence for the student to judge by.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tutor.claims import clauses_of, told_by
from tutor.lexicon import GENERIC
from tutor.quiz.answer_features import (
    Reader,
    Similarity,
    lexical,
    main_of,
    nearness,
    only_chooses,
    only_hedges,
    readings,
    says_yes_or_no,
)
from tutor.quiz.answer_texts import (
    Reading,
    is_formula,
    names_symbols,
    pointed,
    read_answer,
    spelt_out,
    with_roles,
)
from tutor.quiz.answered_claims import Evidence, claim_evidence, claim_measures
from tutor.quiz.bare_numbers import verdict_on_numbers
from tutor.quiz.exchanged import is_exchanged, is_levelled
from tutor.quiz.frames import framed
from tutor.quiz.grades import Grade, Point, Status, Verdict, in_quarters
from tutor.quiz.items import Item
from tutor.quiz.listed import left_out
from tutor.quiz.truth import agrees
from tutor.quiz.turned import crossed_opposites, denies_aside, turned_word
from tutor.quiz.word_answers import bare_words, holds, is_accepted
from tutor.quiz.wording import MISTAKE
from tutor.words import split_sentences

VERDICTS: tuple[Verdict, ...] = ("correct", "partial", "wrong")
# How likely a verdict must be to be given; a right one more so where something speaks against it, and a wrong one where
# something speaks for the answer. They were chosen on answers of writers that nothing was fitted on.
LEAST: Mapping[str, float] = {"correct": 0.4, "partial": 0.4, "wrong": 0.55}
_DOUBTED, _SUPPORTED, _OPPOSED = 0.55, 0.85, 0.3
_EXCHANGED = 0.15  # for "wrong" where the key's words change places: 72 of 74 such answers to 6,581 are
_STRAY = 0.4  # for "wrong" where a word or two say nothing of the key
_SAID = 0.7  # for "wrong" where the words say a claim of the key
_FOREIGN = 0.5  # the share of an answer that could not be read from which it is not judged
_STRANGE_NUMBERS = 0.4
_NAME = 3  # words up to which a key is a name, which may stand in a phrase
_REPEATED = 0.4  # the recall of the key from which on a denial is one of what the key says
_FEW = 0.4  # the share of a question's words up to which an answer picks out some of them
_FEWEST_WORDS = 4
_OF_ALL = re.compile(r"“[^”]*\b(?:all|every|any|each|no|none|only|always|never)\b[^”]*”", re.IGNORECASE)
_DEPENDS = re.compile(r"(?:because|since|which|that|and|but|or|so|than|when|where|while)\b", re.IGNORECASE)
WEIGHTS = Path(__file__).parent / "grades.json"


@dataclass(frozen=True)
class Weights:
    """A fitted model: softmax of bias + slopes * measures, for `VERDICTS` in their order."""

    names: tuple[str, ...]
    bias: tuple[float, ...]
    slopes: tuple[tuple[float, ...], ...]


@cache
def read_weights(path: Path = WEIGHTS) -> dict[str, Weights]:
    """The weights by what can be measured: "words", "near" (and embeddings), "read" (the reader), "both"."""
    values = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Weights(tuple(one["names"]), tuple(one["bias"]), tuple(tuple(row) for row in one["slopes"]))
        for name, one in values.items()
    }


def grade_short(
    item: Item,
    answer: str,
    similarity: Similarity | None = None,
    reader: Reader | None = None,
    accepts: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
) -> Grade:
    """Grades an answer in the student's own words."""
    thing = pointed(answer, item.stem)
    reading = _prepared(item.key, thing, names)
    text = reading.text
    found = claim_evidence(item.key, item.stem, text)
    accepted = (item.key, main_of(item.key), *accepts)
    named = len(bare_words(item.key)) <= _NAME and holds(text, accepted)
    lacks = left_out(item.key, item.stem, text)
    if named or is_accepted(answer, accepted) or names_symbols(answer, item.stem, main_of(item.key)):
        return _graded(item, found, "correct", lacks)
    if _repeats(item.stem, item.key, text) or (item.stem.startswith(MISTAKE) and agrees(text)):
        return _graded(item, found, "wrong")
    by_number = verdict_on_numbers(item.stem, main_of(item.key), answer)
    if by_number or only_hedges(item.stem, main_of(item.key), text):
        return _graded(item, found, by_number or "wrong", lacks)
    values = _measured(item.stem, item.key, reading, similarity, reader, found)
    chooses = only_chooses(item.stem, main_of(item.key), text)
    verdict = "correct" if chooses else decided(likely(values), values)
    if thing != answer and values["chosen"] != values["other_chosen"]:
        verdict = "correct" if values["chosen"] else "wrong"
    if verdict != "correct" and is_formula(answer) and not is_formula(main_of(item.key)):
        verdict = "unsure"  # a formula beside words says nothing that words can tell
    # Words alone cannot tell a half in other words from the whole, so that they go by the claims.
    open_ = verdict == "unsure" or (verdict == "correct" and reader is None)
    readable = values["foreign"] < _FOREIGN and not (values["exchanged"] or values["turned"])
    half = open_ and readable and _is_half(found)
    if item.stem.startswith(MISTAKE):
        verdict = _on_mistake(item.stem, "partial" if half else verdict, values, found)
        half = False
    if values["foreign"] >= _FOREIGN and not reading.translated:
        return replace(_graded(item, found, verdict), feedback=_not_read(item))
    return _graded(item, found, "partial" if half else verdict, lacks)


def _on_mistake(
    question: str, verdict: Verdict, values: Mapping[str, float], found: Sequence[Evidence]
) -> Verdict:
    """The verdict on what is said to be wrong with a statement: one thing that the key says against it is enough.

    What holds of all is refuted by any example, which need not be the key's.
    """
    turned = values["exchanged"] or values["turned"] or values["opposites"]
    denied = any(one.status == "contradicted" for one in found)
    if verdict in ("partial", "unsure") and not turned and not denied and values["foreign"] < _FOREIGN:
        return "correct" if any(one.status == "hit" for one in found) else verdict
    if (
        verdict == "wrong"
        and _OF_ALL.search(question)
        and not turned
        and not any(one.plainly for one in found)
    ):
        return "unsure"
    return verdict


def _is_half(found: Sequence[Evidence]) -> bool:
    """Whether the words say some of the claims that answer, lack others and deny none."""
    statuses = {one.status for one in found if one.claim.main}
    return statuses == {"hit", "missed"} and all(one.status != "contradicted" for one in found)


def measured(
    question: str,
    key: str,
    answer: str,
    similarity: Similarity | None = None,
    reader: Reader | None = None,
) -> dict[str, float]:
    """All that is measured of an answer, by name. With a reader the cosines are left out: they tell nothing more."""
    reading = _prepared(key, answer)
    return _measured(question, key, reading, similarity, reader, claim_evidence(key, question, reading.text))


def _prepared(key: str, answer: str, names: Mapping[str, str] | None = None) -> Reading:
    reading = read_answer(answer, names)
    return replace(reading, text=with_roles(spelt_out(reading.text, key), key))


def _measured(
    question: str,
    key: str,
    reading: Reading,
    similarity: Similarity | None,
    reader: Reader | None,
    found: Sequence[Evidence],
) -> dict[str, float]:
    text = reading.text
    values = lexical(question, key, text) | claim_measures(found) | {"foreign": reading.foreign}
    main = main_of(key)
    # Chinese in English words has another order.
    exchanged = not reading.translated and is_exchanged(key, text)
    values["exchanged"] = float(exchanged or is_levelled(question, main, text))
    values["turned"] = float(turned_word(main, question, text) or crossed_opposites(key, text))
    values["aside"] = float(denies_aside(main, question, text))
    if reader is not None:
        return values | readings(question, key, text, reader)
    return values if similarity is None else values | nearness(question, key, text, similarity)


def _repeats(question: str, key: str, answer: str) -> bool:
    """Whether an answer says nothing but the question's own words, and not those few that are the key's answer.

    "The nail" answers "which is harder, the nail or the mineral?", though the question told it.
    """
    clauses = clauses_of(answer)
    said = {word.stem for clause in clauses for word in clause.words}
    if (
        said - told_by(question) - GENERIC
        or any(clause.numbers for clause in clauses)
        or says_yes_or_no(answer)
    ):
        return False
    asked, wanted = (
        {w.stem for one in clauses_of(text) for w in one.words} for text in (question, main_of(key))
    )
    return not said & wanted - GENERIC or len(said) > _FEW * len(asked)


def likely(values: Mapping[str, float]) -> dict[Verdict, float]:
    """The probability of each verdict, from what was measured.

    Where there is a reader, what words and reader say together is averaged with what each of them says alone: the
    reader knows the notes' subject and how students write of it, the words hold for any subject.
    """
    weights = read_weights()
    words = _probabilities(values, weights["words"])
    if "read_right" in values:
        read, both = (_probabilities(values, weights[name]) for name in ("read", "both"))
        return {verdict: (words[verdict] + read[verdict] + 2 * both[verdict]) / 4 for verdict in VERDICTS}
    return _probabilities(values, weights["near"]) if "near_key" in values else words


def _probabilities(values: Mapping[str, float], weights: Weights) -> dict[Verdict, float]:
    scores = [
        bias + sum(slope * values[name] for slope, name in zip(row, weights.names, strict=True))
        for bias, row in zip(weights.bias, weights.slopes, strict=True)
    ]
    powers = [math.exp(score - max(scores)) for score in scores]
    return {verdict: power / sum(powers) for verdict, power in zip(VERDICTS, powers, strict=True)}


def decided(chances: Mapping[Verdict, float], values: Mapping[str, float]) -> Verdict:
    """The likeliest verdict where it is likely enough for what speaks for and against the answer.

    What is in a language that is not read gets none; the other yes or no, the other of two things offered, another
    role or another number is never right, nor are the key's words with one of them turned round. A negation of what
    the key does not speak of is no reason to call an answer wrong.

    Args:
        values: what was measured.
    """
    if values["foreign"] >= _FOREIGN:
        return "unsure"
    if values["disagree"]:
        return "wrong"
    if values["exchanged"] or values["turned"]:
        return "wrong" if chances["wrong"] >= _EXCHANGED else "unsure"
    if _is_opposed(values):
        if chances["wrong"] >= _OPPOSED:
            return "wrong"
        return "partial" if chances["partial"] >= LEAST["partial"] else "unsure"
    if _is_stray(values):
        return "wrong" if chances["wrong"] >= _STRAY else "unsure"
    best = max(chances, key=lambda verdict: chances[verdict])
    if best == "partial" and values["main_denied"] and not values["claims_hit"]:
        return "unsure"
    if best == "wrong" and not values["opposites"] and _only_negates(values):
        return "unsure"
    least = LEAST[best]
    if best == "correct" and _is_doubted(values):
        least = _DOUBTED
    if best == "wrong" and (values["agree"] or values["chosen"] or values["guessed"]):
        least = _SUPPORTED
    elif best == "wrong" and values["claims_hit"]:
        least = _SAID
    return best if chances[best] >= least else "unsure"


def _only_negates(values: Mapping[str, float]) -> bool:
    """Whether nothing speaks against an answer but a negation: of what the key does not speak of, or beside a claim
    that is said and with none that is denied."""
    said = values["negation"] and values["claims_hit"] and not values["claims_denied"]
    return bool(said or (values["aside"] and 0 < values["recall"] < _REPEATED))


def _is_stray(values: Mapping[str, float]) -> bool:
    """Whether an answer of a word or two has nothing of the key: no word of it, and no choice among what is asked."""
    named = ("recall_all", "claims_most", "agree", "chosen", "guessed", "number_hit")
    return bool(values["short"]) and not any(values[name] for name in named)


def _is_opposed(values: Mapping[str, float]) -> bool:
    """Whether the answer names another thing than the key: of two offered, of a family of roles, or a number."""
    other_number = values["key_numbers"] and not values["number_hit"]
    return bool(
        values["other_chosen"]
        or values["role_clash"]
        or (other_number and values["number_strange"] > _STRANGE_NUMBERS)
    )


def _is_doubted(values: Mapping[str, float]) -> bool:
    """Whether anything in the answer's words may turn what the key says into its opposite."""
    signs = ("main_denied", "claims_denied", "negation", "opposites", "misguessed")
    return any(values[name] for name in signs) or values["uncrossed"] < 0 or values["other_side"] > 0.5


# What the student is told


def _graded(item: Item, found: Sequence[Evidence], verdict: Verdict, lacks: Sequence[str] = ()) -> Grade:
    short = _short_of(found, lacks)
    points = tuple(
        Point(one.claim.text, _status(one, verdict, n in short), item.citation.quote)
        for n, one in enumerate(found)
    )
    main = [one.said for one in found if one.claim.main]
    shares = {"correct": 1.0, "wrong": 0.0, "unsure": 0.5}
    score = shares.get(verdict, in_quarters(sum(main) / len(main)) if main else 0.5)
    return Grade(verdict, score, points, _feedback(item, verdict, points, lacks))


def _short_of(found: Sequence[Evidence], lacks: Sequence[str]) -> set[int]:
    """The places of the claims that list what an answer does not name: for each thing those with most of its words."""
    words = [set(bare_words(one.claim.text)) for one in found]
    shared = [[len(own & set(bare_words(thing))) for own in words] for thing in lacks]
    return {n for row in shared for n, common in enumerate(row) if common and common == max(row)}


def _status(one: Evidence, verdict: Verdict, short: bool = False) -> Status:
    """A claim's status as it fits the verdict: a right answer says what the question asks for, a wrong one nothing.

    Args:
        short: the claim lists something that the answer does not name.
    """
    if one.status == "contradicted" and not one.plainly:
        return "missed"
    if short and one.status != "contradicted":
        return "missed"
    if verdict == "correct":
        return "hit" if one.claim.main or one.status == "hit" else "missed"
    if verdict == "wrong" and one.status == "hit":
        return "missed"
    return one.status


def _feedback(item: Item, verdict: Verdict, points: Sequence[Point], lacks: Sequence[str] = ()) -> str:
    """What the student is told; always with the note's sentence as witness, never praise alone.

    Args:
        lacks: things of the key's list that the answer does not name.
    """

    def told(frame: str, **slots: Sequence[str] | str) -> str:
        quoted = {name: one if isinstance(one, str) else _quoted(one) for name, one in slots.items()}
        return framed(item, frame, witness=witness, **quoted)

    missed, denied, said = (_told(item.key, points, status) for status in ("missed", "contradicted", "hit"))
    witness = framed(item, "The note says: “{quote}”", quote=item.citation.quote)
    against = told("Your answer goes against this: {denied}. ", denied=denied) if denied else ""
    if verdict == "correct":
        if lacks:
            return told(
                "Right as far as it goes. I do not find in your answer: {lacks}. {witness}", lacks=lacks
            )
        more = [one for one in _sentences(item.key, points, "missed") if one not in item.citation.quote]
        return (
            told("Right. {witness} You could add: {more}.", more=more) if more else told("Right. {witness}")
        )
    if verdict == "partial":
        # A sentence of which one claim is said and another is not stands for both: it is told once.
        said = list(dict.fromkeys(next((whole for whole in missed if one in whole), one) for one in said))
        part = "a part of this" if set(said) & set(missed) else "this part"
        had = told(f"You have {part}: {{said}}. ", said=said) if said else told("Some of it is there. ")
        left = [one for one in missed if one not in said]
        lacking = told("Missing: {lacks}. ", lacks=lacks or left) if lacks or left else ""
        return told("Partly. {told}{witness}", told=had + against + lacking)
    if verdict == "unsure":
        unseen = "I do not find in them: {lacks}. " if lacks else ""
        return told(
            f"I cannot tell from your words. {unseen}Compare them with the note and judge for yourself. {{witness}}",
            lacks=lacks,
        )
    return told(
        "Not quite. {told}{witness}", told=against or told("Your answer does not say what the note says. ")
    )


def _not_read(item: Item) -> str:
    witness = framed(item, "The note says: “{quote}”", quote=item.citation.quote)
    return framed(
        item,
        "I read English and Chinese, and this seems to be another language. Answer in one of the two, or compare your "
        "words with the note and judge for yourself. {witness}",
        witness=witness,
    )


def _told(key: str, points: Sequence[Point], status: Status) -> list[str]:
    """The claims of a status; of a claim that is no thought by itself its whole sentence."""
    found: dict[str, None] = {}
    for point in points:
        if point.status == status:
            text = point.claim.strip()
            whole = (
                len(text.split()) >= _FEWEST_WORDS
                and not _DEPENDS.match(text)
                and text in " ".join(key.split())
            )
            found[text if whole else _sentence_of(key, text)] = None
    return [one for one in found if not any(one != other and one in other for other in found)]


def _sentences(key: str, points: Sequence[Point], status: Status) -> list[str]:
    """The sentences of a key of which every claim has a status."""
    by_sentence: dict[str, list[Status]] = {}
    for point in points:
        by_sentence.setdefault(_sentence_of(key, point.claim.strip()), []).append(point.status)
    return [one for one, found in by_sentence.items() if set(found) == {status}]


def _sentence_of(key: str, text: str) -> str:
    """The sentence of a key that a claim was taken from: the one that has most of its words."""
    wanted = set(bare_words(text))
    sentences = [" ".join(key[begin:end].split()) for begin, end in split_sentences(key)]
    return max(sentences, key=lambda one: len(wanted & set(bare_words(one))), default=text)


def _quoted(texts: Sequence[str]) -> str:
    return "; ".join(f"“{text.strip(' .,;:')}”" for text in texts)
