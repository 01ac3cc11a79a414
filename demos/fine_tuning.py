"""Fine-tuning live: a language model that was trained elsewhere learns a handful of cards through low-rank corrections.

The loss is that of instruction tuning: -ln p of the answer's tokens alone, given the question (as in arXiv 2203.02155,
section 3). A second, gentler adapter (a quarter of the rank and of the rate) learns the same cards beside the first,
so that what was forgotten can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from demos import fine_tuning_words as words
from demos.cards import BUNDLED, EVERYDAY, PLAIN, Card, read_deck, split
from demos.decoder import trapezoid_rate
from demos.language_model import PROJECTIONS, LanguageModel, Seen, Writer, check_base
from demos.lora import Adapter
from demos.networks import Adam, seeded
from demos.steps import Look, Metric, Pace, Result, RunSettings, Step

START, END, TEXT_START = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
ANSWER_TOKENS = 36
LONGEST = 96
"""Tokens of a card at most, question, answer and marks together: a longer one would slow every step down."""

GENTLER = 4
MEASURED_TIMES = 6
SETS = ("learned", "kept_apart", "plain")
_IGNORED = -100


@dataclass(frozen=True)
class Shown:
    """A question with the answer of its card ("" for none), and what the model says before and after."""

    kind: str
    question: str
    wanted: str
    before: str
    after: str


@dataclass(frozen=True)
class FineTuningLook(Look):
    """What there is to see at one moment; losses are in nats per token.

    `learned` and `learned_gently` are the losses on the cards by update; `kept_apart` and `plain` hold (update, loss);
    `forgetting` holds (name, loss on plain sentences), whole at the end.
    """

    shown: tuple[Shown, ...]
    learned: tuple[float, ...]
    learned_gently: tuple[float, ...]
    kept_apart: tuple[tuple[int, float], ...]
    plain: tuple[tuple[int, float], ...]
    forgetting: tuple[tuple[str, float], ...]
    total_steps: int


@dataclass(frozen=True)
class Batch:
    """Texts of one kind, as they leave the frozen lower layers: vectors [b, t, width], and the tokens to guess."""

    hidden: Tensor
    targets: Tensor
    seen: Seen

    @property
    def n(self) -> int:
        """How many tokens are guessed."""
        return int((self.targets != _IGNORED).sum())


def prompt_of(question: str) -> str:
    """A question as the model reads it in a chat."""
    return f"{START}user\n{question}{END}\n{START}assistant\n"


def rows_of(texts: Sequence[tuple[list[int], list[int]]]) -> tuple[Tensor, Tensor]:
    """(given tokens, tokens to guess) each -> tokens [b, t], filled up, and for each place the next one to guess."""
    longest = max(len(given) + len(wanted) for given, wanted in texts)
    tokens = torch.zeros((len(texts), longest), dtype=torch.long)
    targets = torch.full((len(texts), longest), _IGNORED)
    for row, (given, wanted) in enumerate(texts):
        tokens[row, : len(given) + len(wanted)] = torch.tensor([*given, *wanted])
        targets[row, len(given) - 1 : len(given) + len(wanted) - 1] = torch.tensor(wanted)
    return tokens, targets


class Learner:
    """One adapter with its optimiser and the losses of its updates."""

    def __init__(self, model: LanguageModel, layers: int, rank: int, rate: float, seed: int) -> None:
        upper = range(model.layers - layers, model.layers)
        shapes = {(layer, name): model.shape(layer, name) for layer in upper for name in PROJECTIONS}
        self.rank, self.rate = rank, rate
        self.adapter = Adapter(shapes, rank, seeded(seed, model.device))
        self.adam = Adam(self.adapter.tensors)
        self.losses: list[float] = []

    def update(self, loss: Tensor, fraction: float) -> None:
        """One update down the slope of `loss`."""
        self.adam.rate = trapezoid_rate(self.rate, fraction)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        self.losses.append(float(loss.detach()))


class FineTuning:
    """The model, the cards, the two adapters that learn them, and what was measured."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs, self.settings = knobs, settings
        self.model = LanguageModel(check_base(settings.inputs.get("base")), settings.device)
        self.deck = read_deck(settings.inputs["cards"]) if "cards" in settings.inputs else BUNDLED
        self.own = "cards" in settings.inputs
        self.cards, self.others = self._cards()
        self.layers = min(knobs["layers"], self.model.layers)
        self.first = self.model.layers - self.layers
        rank, rate = knobs["rank"], knobs["lr"]
        self.main = Learner(self.model, self.layers, rank, rate, settings.seed)
        gentle = max(1, rank // GENTLER), rate / GENTLER
        self.gentle = Learner(self.model, self.layers, *gentle, settings.seed + 1)
        self.batches: dict[str, Batch] = {}
        self.before: dict[str, float] = {}
        self.after: dict[str, float] = {}
        self.after_gentle: dict[str, float] = {}
        self.kept: list[tuple[int, float]] = []
        self.plain: list[tuple[int, float]] = []
        self.said_before: tuple[str, ...] = ("",) * len(self.questions)
        self.said_after: tuple[str, ...] = ("",) * len(self.questions)
        self.step_s = 0.0
        self.pace = Pace(knobs["steps"], settings)

    def _cards(self) -> tuple[tuple[Card, ...], tuple[Card, ...]]:
        """The cards to learn and those kept apart, by the seed; long ones are left out: cut off, they would teach to
        cut off."""
        short = [card for card in self.deck.cards if sum(map(len, self._encoded(card))) <= LONGEST]
        order = torch.randperm(len(short), generator=seeded(self.settings.seed, "cpu")).tolist()
        return split([short[place] for place in order], self.knobs["cards"])

    @property
    def questions(self) -> tuple[str, ...]:
        """One that is learned, one that is kept apart, one of every day."""
        return self.cards[0].question, self.others[0].question, EVERYDAY

    def _encoded(self, card: Card) -> tuple[list[int], list[int]]:
        return self.model.tokens(prompt_of(card.question)), self.model.tokens(card.answer + END)

    @torch.no_grad()
    def prepare(self) -> None:
        """Passes all texts through the layers that stay as they are, once, and measures the model as it came."""
        start = self.model.tokens(TEXT_START)
        for name, texts in (
            ("learned", [self._encoded(card) for card in self.cards]),
            ("kept_apart", [self._encoded(card) for card in self.others]),
            ("plain", [(start, self.model.tokens(sentence)) for sentence in PLAIN]),
        ):
            tokens, targets = (part.to(self.settings.device) for part in rows_of(texts))
            seen = self.model.seen(torch.arange(tokens.shape[1], device=self.settings.device))
            hidden = self.model.passed(self.model.embedded(tokens), 0, self.first, seen)
            self.batches[name] = Batch(hidden, targets, seen)
        self.before = self.measured(None)
        self._note(self.before)
        self.pace = Pace(self.knobs["steps"], self.settings)

    def loss(self, name: str, adapter: Adapter | None) -> Tensor:
        """Mean of -ln p over the tokens to guess of one of SETS, in nats; scores are computed for these alone."""
        batch = self.batches[name]
        x = self.model.passed(batch.hidden, self.first, self.model.layers, batch.seen, adapter)
        wanted = batch.targets != _IGNORED
        return cross_entropy(self.model.scores(x[wanted]), batch.targets[wanted])

    @torch.no_grad()
    def measured(self, adapter: Adapter | None, names: Sequence[str] = SETS) -> dict[str, float]:
        """The losses with an adapter; None: of the model as it came."""
        return {name: float(self.loss(name, adapter)) for name in names}

    def _note(self, losses: Mapping[str, float]) -> None:
        self.kept.append((self.pace.step, losses["kept_apart"]))
        self.plain.append((self.pace.step, losses["plain"]))

    def update(self) -> None:
        """One update of both adapters on all cards that are learned."""
        begun_s, fraction = self.settings.clock(), self.pace.fraction
        for learner in (self.main, self.gentle):
            learner.update(self.loss("learned", learner.adapter), fraction)
        self.step_s += self.settings.clock() - begun_s
        self.pace.step += 1
        if self.pace.step % max(1, self.knobs["steps"] // MEASURED_TIMES) == 0 and not self.pace.done:
            self._note(self.measured(self.main.adapter, SETS[1:]))

    def finish(self) -> None:
        """Measures both adapters."""
        self.after = self.measured(self.main.adapter)
        self.after_gentle = self.measured(self.gentle.adapter)
        self._note(self.after)

    def writer(self, adapter: Adapter | None) -> Writer:
        """What writes the three answers."""
        return Writer(self.model, [prompt_of(question) for question in self.questions], END, adapter)

    @property
    def broken(self) -> bool:
        """Whether a loss is no longer a number."""
        losses = [*self.main.losses[-1:], *self.gentle.losses[-1:], *self.after.values()]
        return not all(math.isfinite(loss) for loss in losses)

    def look(self, caption: str = "") -> FineTuningLook:
        """The present."""
        wanted = self.cards[0].answer, self.others[0].answer, ""
        rows = zip(words.KINDS, self.questions, wanted, self.said_before, self.said_after, strict=True)
        figures = {"learned_loss": self.main.losses[-1]} if self.main.losses else {}
        if self.kept:
            figures |= {"kept_apart_loss": self.kept[-1][1], "plain_loss": self.plain[-1][1]}
        forgetting = (
            ("before", self.before), ("after, gentler", self.after_gentle), ("after", self.after)
        )  # fmt: skip
        last = [self.after["learned"]] if self.after else []
        last_gentle = [self.after_gentle["learned"]] if self.after else []
        return FineTuningLook(
            caption=caption or words.caption(self.pace, self.before, figures),
            metrics=figures,
            shown=tuple(Shown(*row) for row in rows),
            learned=(*self.main.losses, *last),
            learned_gently=(*self.gentle.losses, *last_gentle),
            kept_apart=tuple(self.kept),
            plain=tuple(self.plain),
            forgetting=tuple((name, losses["plain"]) for name, losses in forgetting if losses),
            total_steps=self.pace.total_steps,
        )


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Fine-tunes the model in `settings.inputs["base"]`: Steps while it answers before, learns, answers after; then the
    Result.

    `knobs` are the checked values of the catalogue's fine-tuning; `settings.inputs["cards"]` may name a file of cards.
    The same seed, knobs, cards and device give the same run unless the budget cuts it off. Raises BaseError where the
    weights are not there, DemoArgumentError for cards that cannot be learned from.
    """
    check_base(settings.inputs.get("base"))
    if "cards" in settings.inputs:
        read_deck(settings.inputs["cards"])
    return _moments(knobs, settings)


def _moments(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    state = FineTuning(knobs, settings)
    yield state.pace.moment(lambda: state.look(words.loaded(state)), key=True)
    state.prepare()
    yield from _written(state, None)
    while not state.pace.done and not state.broken:
        state.update()
        yield state.pace.moment(state.look, key=state.pace.done)
    state.finish()
    if state.broken:
        yield _diverged(state)
        return
    yield from _written(state, state.main.adapter)
    yield _result(state)


def _written(state: FineTuning, adapter: Adapter | None) -> Iterator[Step]:
    """The three answers as they grow: those before for no adapter, else those after."""
    writer = state.writer(adapter)
    for place in range(ANSWER_TOKENS):
        writer.move()
        if adapter is None:
            state.said_before = writer.texts()
        else:
            state.said_after = writer.texts()
        last = place == ANSWER_TOKENS - 1 or not any(writer.open)
        yield state.pace.moment(lambda: state.look(words.writing(adapter is None)), key=last)
        if last:
            return


def _diverged(state: FineTuning) -> Result:
    verdict = f"The run diverged at step {state.pace.step}: the loss is no longer a number."
    remedy = "A lower learning rate keeps it finite."
    return Result("diverged", state.pace.step, {}, verdict, (remedy,), words.NOTES, state.look(verdict))


def _result(state: FineTuning) -> Result:
    metrics = {
        f"{name}_loss{end}": Metric(
            after[name], state.batches[name].n, math.nan, state.before[name], "low",
            f"mean of -ln p(next token) on {words.MEASURED[name]}{told}, in nats; the baseline is the model as it came",
        )
        for end, told, after in (("", "", state.after), ("_gentle", words.GENTLY, state.after_gentle))
        for name in SETS
    }  # fmt: skip
    for end, after in (("", state.after), ("_gentle", state.after_gentle)):
        metrics[f"forgotten{end}"] = Metric(
            after["plain"] - state.before["plain"], state.batches["plain"].n, 0.0, None, "low",
            f"how much the loss on {words.MEASURED['plain']} rose, in nats per token; 0 is the model as it came",
        )  # fmt: skip
    verdict = words.verdict(state)
    outcome = "out of time" if state.pace.out_of_time else "done"
    look = state.look(verdict)
    look = replace(look, metrics={name: metric.value for name, metric in metrics.items()})
    return Result(outcome, state.pace.step, metrics, verdict, words.observations(state), words.NOTES, look)
