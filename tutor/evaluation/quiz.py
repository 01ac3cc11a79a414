"""`tutor eval quiz`: the acceptance tests T1 to T17 of quizzes, over the notes in use and without a chat model.

The letters of a test stand before each measure, its gate after it. T10 and T11 are measured on answers that people
judged (`tutor eval grading`), T12 also by the tests with crashes.
"""

from __future__ import annotations

import csv
import io
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutor.errors import QuizError
from tutor.evaluation.measures import citation_holds
from tutor.evaluation.quiz_cues import CueReport, measure, planted
from tutor.evaluation.quiz_reader import answerability
from tutor.evaluation.report import Measure
from tutor.notes.flashcards import read_flashcards
from tutor.notes.note import Card
from tutor.quiz.bank import Bank
from tutor.quiz.blueprint import Standing, is_sound, made, on_topic, quiz_items
from tutor.quiz.export import render, to_export
from tutor.quiz.facts import Fact
from tutor.quiz.gaps import told
from tutor.quiz.gates import imbalances
from tutor.quiz.grades import Grade
from tutor.quiz.items import KINDS, Item, Kind, plain, signs
from tutor.quiz.keeping import Quizzes, RoundsInMemory
from tutor.quiz.moves import Rules
from tutor.quiz.repeats import duplicates, without_repeats
from tutor.quiz.wording import GAP
from tutor.turns import QuizItem
from tutor.words import split_sentences

Each = Callable[[str, Sequence[Any]], Iterator[Any]]
Similarity = Callable[[str, str], float]
_CHOICES: tuple[Kind, ...] = ("choice", "definition", "term")
_TOPICS = (
    "GANs",
    "diffusion",
    "VAE",
    "mode collapse",
    "self-attention",
    "LoRA",
    "FID",
    "transformers",
    "RAG",
    "BERT",
)
_SEEDS = (0, 1, 2)
_TALKS, _MESSAGES = 100, 50
_SAID = (
    "A", "B", "C", "D", "true", "false", "1B 2A 3C 4D", "B A C", "0.5", "the generator", "it is noise", "hint", "skip",
    "why", "why?", "harder", "easier", "I was right", "undo", "report", "idk", "不知道", "what does token mean?",
    "sure", "not sure", "stop", "again", "how many left?", "repeat the question", "", "?", "B, sure", "I knew it",
)  # fmt: skip


@dataclass(frozen=True)
class Quizzed:
    """What is measured.

    Attributes:
        bank: opens the facts of the notes.
        similarity: cosine of two texts.
        grade: an item and an answer -> the grade.
        notes: the notes folders that quotes are checked against.
    """

    bank: Callable[[], Bank]
    similarity: Similarity
    grade: Callable[[Item, str], Grade]
    notes: Sequence[Path]


def quiz(quizzed: Quizzed, each: Each) -> list[Measure]:
    """All measures of the suite but those of the grader.

    Args:
        each: gives the items of a stage one by one, with progress.
    """
    bank = quizzed.bank()
    made = _made(bank, each)
    asked = [
        item for topic in each("Quizzes", _TOPICS) for seed in _SEEDS for item in _quiz(bank, topic, 10, seed)
    ]
    return [
        *_sound(asked, quizzed.notes),
        *_cues(made, bank, quizzed.similarity),
        *_answerable(made, bank, quizzed.similarity),
        *_gaps(made["cloze"], bank),
        *_talks(asked, each),
        *_coverage(bank, each),
        *_round_trips(bank),
        *_speed(bank, asked, quizzed.grade),
        *_yield(made, bank),
    ]


def _made(bank: Bank, each: Each) -> dict[Kind, list[Item]]:
    """The items of every kind that each fact gives, through the gates."""
    found: dict[Kind, list[Item]] = {kind: [] for kind in KINDS}
    for fact in each("Building items", bank.facts):
        for kind in KINDS:
            item = _first(fact, kind, bank)
            if item is not None:
                found[kind].append(item)
    return found


def _first(fact: Fact, kind: Kind, bank: Bank) -> Item | None:
    found = made(kind, fact, bank, random.Random(f"{kind}{fact.id}"))
    return next((item for item in found if is_sound(item, bank, ())), None)


def _quiz(bank: Bank, topic: str, n: int, seed: int, standing: Standing | None = None) -> list[Item]:
    try:
        return quiz_items(bank, topic, n, rng=random.Random(seed), standing=standing or Standing())
    except QuizError:
        return []


def _sound(asked: Sequence[Item], notes: Sequence[Path]) -> list[Measure]:
    def whole(item: Item) -> bool:
        ids = [option.id for option in item.options]
        texts = {signs(option.text) for option in item.options}
        keyed = not item.options or set(item.key.split(",")) <= set(ids)
        return (
            keyed
            and len(set(ids)) == len(ids) == len(texts)
            and bool(item.stem and item.key and item.fact_id)
        )

    return [
        Measure.share("T1 form and invariants hold (all)", [(item.id, whole(item)) for item in asked]),
        Measure.share(
            "T1 the quote stands in the note at its lines (all)",
            [(item.id, citation_holds(item.to_contract()["citation"], notes)) for item in asked],
        ),
        Measure.share("T1 quizzes without a habit that pays (all)", [("all", not imbalances(asked))]),
    ]


def _cues(made: dict[Kind, list[Item]], bank: Bank, similarity: Similarity) -> list[Measure]:
    items = [item for kind in _CHOICES for item in made[kind] if item.maker == "rules"]
    if len(items) < 50:
        return []
    found: CueReport = measure(items, similarity)
    check = planted(bank.second_keys)
    n = found.items
    return [
        Measure("T2 choices with two hard flaws (<= 0.02)", found.two_flaws, n),
        Measure("T2 choices with a hard flaw (<= 0.10)", found.one_flaw, n),
        Measure("T3 chance of a blind guess", found.chance, n),
        Measure("T3 picking the longest option (chance +- 0.07)", found.longest, n),
        Measure("T3 picking the option most like the stem (chance +- 0.07)", found.overlap, n),
        Measure("T4 test-wise solver, linear (<= chance + 0.12)", found.linear, n),
        Measure("T4 test-wise solver, trees (<= chance + 0.12)", found.trees, n),
        Measure("T5 p of the key's places (> 0.01)", found.position_p, n),
        Measure("T6 planted second keys rejected (>= 0.95)", check["rejected"], check["planted"]),
        Measure("T6 good options kept (>= 0.80)", check["kept"], check["good"]),
    ]


def _answerable(made: dict[Kind, list[Item]], bank: Bank, similarity: Similarity) -> list[Measure]:
    items = [item for kind in (*_CHOICES, "either") for item in made[kind] if item.maker == "rules"]
    found = answerability(items, bank.retriever.idf, similarity)
    return [
        Measure(
            "T7 reader finds the key with the note (>= 0.95)",
            found.with_note,
            found.n,
            missed=found.missed[:10],
        ),
        Measure("T7 reader without the note", found.without, found.n),
        Measure("T7 what the note adds, the KDA gap (>= 0.3)", found.gap, found.n),
    ]


def _gaps(items: Sequence[Item], bank: Bank) -> list[Measure]:
    """Gaps whose fill can be read in the stem, and those into which another sentence of the notes puts another fill."""
    sentences = [
        " ".join(passage.text.words[begin:end].split())
        for passage in bank.retriever.index.passages
        for begin, end in split_sentences(passage.text.words)
    ]
    together = "\n".join(sentences)

    def single(item: Item) -> bool:
        stem = item.stem.partition(": ")[2]
        names = {plain(text) for text in (item.key_text, item.key, *item.accepts)}
        pattern = r"([^\n.;:]{1,60}?)".join(re.escape(piece) for piece in re.split(rf"\w?{GAP}", stem))
        fills = {plain(found[1]) for found in re.finditer(pattern, together, re.IGNORECASE)}
        return all(any(name in fill or fill in name for name in names) for fill in fills)

    def silent(item: Item) -> bool:
        return not told(item.stem.partition(": ")[2], [item.key, *item.accepts]) if not item.options else True

    return [
        Measure.share(
            "T8 the gap is not told by the stem (all)", [(item.id, silent(item)) for item in items]
        ),
        Measure.share("T8 one fill in the notes (>= 95 %)", [(item.id, single(item)) for item in items]),
    ]


def _talks(asked: Sequence[Item], each: Each) -> list[Measure]:
    """Chats of drawn messages: nothing graded twice, no letter moved, and skipping always ends a quiz."""
    sound = []
    for seed in each("Chats of drawn messages", range(_TALKS)):
        sound.append((f"chat {seed}", _is_sound_talk(asked, random.Random(seed))))
    return [Measure.share(f"T12 chats of {_MESSAGES} messages without a fault (all)", sound)]


def _is_sound_talk(asked: Sequence[Item], rng: random.Random) -> bool:
    store = RoundsInMemory()
    letters: dict[str, tuple[tuple[str, str], ...]] = {}

    def grader(item: Item, answer: str) -> Grade:
        return Grade("correct" if len(answer) % 2 else "wrong", float(len(answer) % 2), (), "So.")

    quizzes = Quizzes(store, Rules(grader))
    list(quizzes.begin("chat", rng.sample(list(asked), 5), "notes"))
    for said in rng.choices(_SAID, k=_MESSAGES):
        before = len(store.attempts)
        events = list(quizzes.say("chat", said))
        for event in events:
            if (
                isinstance(event, QuizItem)
                and letters.setdefault(event.item_id, event.options) != event.options
            ):
                return False
        if not events or len(store.attempts) - before > 1:
            return False
    return _ends(quizzes)


def _ends(quizzes: Quizzes) -> bool:
    """Whether a few skips end the quiz, and those that paused for it."""
    for _ in range(60):
        state = quizzes.state("chat")
        if state is None or not state.waits:
            return True
        list(quizzes.say("chat", "skip"))
    return False


def _coverage(bank: Bank, each: Each) -> list[Measure]:
    """How much of a topic is asked before anything is asked again, question by question and by whole quizzes, and
    pairs of nearly the same questions in a quiz."""
    shares, whole, pairs, quizzes = [], [], 0, 0
    for topic in each("Coverage of topics", _TOPICS):

        def drawn(seed: int, asked: Counter[str], topic: str = topic) -> list[Item]:
            return _quiz(bank, topic, 5, seed, Standing(asked=asked))

        share, by_quizzes, items_of = asked_before_repeat(bank, on_topic(bank, topic, 5), drawn)
        shares.append(share)
        whole.append(by_quizzes)
        pairs += sum(len(duplicates(items, bank)) for items in items_of)
        quizzes += len(items_of)
    return [
        Measure(
            "T13 share of a topic asked before a question repeats, least (>= 0.9)", min(shares), len(shares)
        ),
        Measure("T13 the same by quizzes of five without a repeat, least", min(whole), len(whole)),
        Measure("T13 pairs of nearly the same questions (0)", pairs, quizzes),
    ]


def asked_before_repeat(
    bank: Bank, facts: Sequence[Fact], drawn: Callable[[int, Counter[str]], Sequence[Item]]
) -> tuple[float, float, list[Sequence[Item]]]:
    """How much of some facts quizzes ask before one of them asks a fact again.

    Of facts that say nearly the same the first counts, and what is not among the facts counts for nothing.

    Args:
        facts: those of a topic.
        drawn: the number of a quiz and how often each fact was asked before -> its items.

    Returns:
        The share asked before the first repeat, the share asked by the quizzes before the one that repeats, and the
        items of every quiz.
    """
    own = {fact.id for fact in without_repeats(facts, bank)}
    asked, quizzes = Counter[str](), list[Sequence[Item]]()
    for seed in range(len(own)):
        items = drawn(seed, asked.copy())
        quizzes.append(items)
        seen = set(asked)
        for item in items:
            if item.fact_id in seen:
                return _share(own & seen, own), _share(own & set(asked), own), quizzes
            seen.add(item.fact_id)
        asked.update(seen - set(asked))
    share = _share(own & set(asked), own)
    return share, share, quizzes


def _share(some: Collection[str], whole: Collection[str]) -> float:
    return len(some) / len(whole) if whole else 1.0


def _round_trips(bank: Bank) -> list[Measure]:
    found = to_export(bank, "", random.Random(0))
    deck, count = render("markdown", found, "Deck", 0.0)
    cards = read_flashcards(deck.decode(), "deck.md").cards
    table, rows = render("csv", found, "Deck", 0.0)
    read = list(csv.reader(io.StringIO(table.decode("utf-8-sig"))))[1:]
    return [
        Measure("T15 cards read back from a Markdown deck (1)", len(cards) / max(1, count), count),
        Measure("T15 cards read back from a table (1)", len(read) / max(1, rows), rows),
    ]


def _speed(bank: Bank, asked: Sequence[Item], grade: Callable[[Item, str], Grade]) -> list[Measure]:
    """Medians of processor time, which other programs on the machine do not change, of warm parts."""
    built, graded = [], []
    for seed in range(10):
        began = time.process_time()
        _quiz(bank, _TOPICS[seed % len(_TOPICS)], 10, 100 + seed)
        built.append(1000 * (time.process_time() - began))
    typed = [item for item in asked if item.kind == "short"][:40]
    for item in typed:
        began = time.process_time()
        grade(item, "It learns to make samples that look real, step by step.")
        graded.append(1000 * (time.process_time() - began))
    return [
        Measure(
            "T16 quiz of ten items, median (<= 1000)", sorted(built)[len(built) // 2], len(built), unit="ms"
        ),
        Measure(
            "T16 one grade, median (<= 50)",
            sorted(graded)[len(graded) // 2] if graded else None,
            len(graded),
            unit="ms",
        ),
    ]


def _median(values: Sequence[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None


def _yield(made: dict[Kind, list[Item]], bank: Bank) -> list[Measure]:
    cards = [fact.id for fact in bank.facts if isinstance(fact.entry, Card)]

    def share(name: str, kinds: Sequence[Kind]) -> Measure:
        given = {item.fact_id for kind in kinds for item in made[kind]}
        return Measure.share(name, [(card, card in given) for card in cards])

    found = [
        share("T17 cards that give a short answer or a gap (>= 98 %)", ("short", "cloze")),
        share("T17 cards that give a multiple choice (>= 70 %)", _CHOICES),
        share("T17 cards that give an item of any kind", KINDS),
    ]
    # The cards that give none would fill pages.
    return [Measure(one.name, one.value, one.n, one.k) for one in found] + [
        Measure(f"T17 items of the kind {kind}", float(len(items)), len(bank.facts))
        for kind, items in made.items()
    ]
