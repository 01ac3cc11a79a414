"""A decoder-only transformer learns to write, character by character, live on a text of half a megabyte.

Next-token training as in GPT (Radford et al. 2018); the matrices are trained by Muon or by AdamW (arXiv
1711.05101), embedding and head always by AdamW; the learning rate is level and then falls to 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from demos import transformer_words
from demos.decoder import Decoder, Muon, next_distribution, trapezoid_rate, written
from demos.networks import Adam, LossCurve, seeded
from demos.ngram import NGram
from demos.steps import Look, Metric, Pace, Result, RunSettings, Step
from demos.text import Text, load_text
from demos.tokenisers import CharTokeniser

SHOWN_CHARACTERS = 150
GLANCE = 48
SAMPLES, SAMPLE_LENGTH = 8, 220
COPY = 20
BARS = 8
MEASURED_TIMES, MEASURED_EVERY = 12, 40
"""How often the held-out text is measured while training, or after how many steps where their number is open."""

BASELINE_ORDERS = (3, 4, 5, 6, 7)
FILM = 3


@dataclass(frozen=True)
class TransformerLook(Look):
    """What there is to see at one step.

    `losses` is the training loss by step; `held_out` holds (step, loss on held-out text), all in nats per
    character; `uniform` and `ngram` are the losses of pure guessing and of the best n-gram model; `sample`
    continues `prompt`; `bars` holds (character, model's probability, its share in the text) after the prompt,
    `bars_n` how often the text has the prompt.
    """

    losses: list[float]
    held_out: tuple[tuple[int, float], ...]
    uniform: float
    ngram: float
    ngram_order: int
    total_steps: int
    prompt: str
    sample: str
    bars: tuple[tuple[str, float, float], ...]
    bars_n: int


class TransformerRun:
    """The network, its optimisers and the text as numbers, drawn from one seed."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs = knobs
        self.settings = settings
        self.text: Text = load_text(knobs["text"])
        self.tokeniser = CharTokeniser(self.text.alphabet)
        self.train, self.held_out = (
            torch.from_numpy(self.tokeniser.encode(part)).to(settings.device)
            for part in (self.text.train, self.text.held_out)
        )
        self.source = seeded(settings.seed, settings.device)
        self.network = Decoder(
            self.tokeniser.vocab, knobs["layers"], knobs["heads"], knobs["width"], self.source
        )
        ends = [self.network.embedding, self.network.head]
        if knobs["optimiser"] == "adamw":
            self.muon, ends = None, [*ends, *self.network.matrices]
        else:
            self.muon = Muon(self.network.matrices)
        self.adam = Adam(ends, betas=(0.9, 0.95), decay=0.0)
        self.curve = LossCurve()
        self.history: list[tuple[int, float]] = []
        self.ngram_order, self.ngram_loss = best_ngram(
            self.tokeniser.encode(self.text.train),
            self.tokeniser.encode(self.text.held_out),
            self.tokeniser.vocab,
        )
        self.after_prompt = self._after_prompt(knobs["prompt"])
        self._offsets = torch.arange(knobs["context"] + 1, device=settings.device)
        self.pace = Pace(knobs["steps"], settings)

    @property
    def uniform(self) -> float:
        """The loss of pure guessing: ln of the number of characters, in nats."""
        return math.log(self.tokeniser.vocab)

    def update(self) -> None:
        """One update on `batch` random pieces of the text."""
        fraction, rate = self.pace.fraction, self.knobs["lr"]
        self.adam.rate = trapezoid_rate(0.3 * rate, fraction)
        if self.muon:
            self.muon.rate = trapezoid_rate(rate, fraction)
        last = len(self.train) - len(self._offsets)
        starts = torch.randint(
            last + 1, (self.knobs["batch"],), generator=self.source, device=self.settings.device
        )
        pieces = self.train[starts[:, None] + self._offsets]
        loss = next_token_loss(self.network(pieces[:, :-1]), pieces[:, 1:])
        self.network.zero_grad()
        loss.backward()
        if self.muon:
            self.muon.step()
        self.adam.step()
        self.curve.add(loss)
        self.pace.step += 1
        every = max(1, self.knobs["steps"] // MEASURED_TIMES) if self.knobs["steps"] else MEASURED_EVERY
        if self.pace.step % every == 0:
            self.history.append((self.pace.step, self.held_out_loss(GLANCE)))

    @torch.no_grad()
    def held_out_loss(self, most: int | None = None) -> float:
        """Nats per held-out character, in `most` (None: all) stretches of the context's length, cut one after
        the other; the first character of each is guessed with nothing before it but one."""
        context = self.knobs["context"]
        count = (len(self.held_out) - 1) // context
        inputs = self.held_out[: count * context].view(count, context)
        targets = self.held_out[1 : count * context + 1].view(count, context)
        if most and count > most:
            picks = torch.linspace(0, count - 1, most, device=inputs.device).long()
            inputs, targets = inputs[picks], targets[picks]
        total = sum(
            float(next_token_loss(self.network(x), y)) * x.numel()
            for x, y in zip(inputs.split(64), targets.split(64), strict=True)
        )
        return total / inputs.numel()

    def _after_prompt(self, prompt: str) -> NDArray[np.int64]:
        """How often each character [vocab] follows the prompt in the text that is learned."""
        followers = [
            self.text.train[at + len(prompt)]
            for at in _places(self.text.train, prompt)
            if at + len(prompt) < len(self.text.train)
        ]
        tokens = self.tokeniser.encode("".join(followers))
        return np.bincount(tokens, minlength=self.tokeniser.vocab)

    def write(self, rows: int, length: int) -> list[str]:
        """`rows` continuations of the prompt, always from the same random numbers."""
        prompt = torch.from_numpy(self.tokeniser.encode(self.knobs["prompt"])).to(self.settings.device)
        tokens = written(
            self.network,
            prompt.repeat(rows, 1),
            length,
            self.knobs["context"],
            self.knobs["temperature"],
            self.knobs["top_k"],
            seeded(self.settings.seed + 1, self.settings.device),
        )
        alphabet = self.text.alphabet + "?"
        return ["".join(alphabet[token] for token in row) for row in tokens.tolist()]

    @torch.no_grad()
    def _bars(self) -> tuple[tuple[str, float, float], ...]:
        """The likeliest characters after the prompt: the model's probability and the text's share."""
        prompt = torch.from_numpy(self.tokeniser.encode(self.knobs["prompt"])).to(self.settings.device)
        outputs = self.network(prompt[None, -self.knobs["context"] :], last_only=True)[0, -1]
        model = next_distribution(outputs, 1.0).cpu().numpy()
        counts = self.after_prompt
        share = counts / max(1, counts.sum())
        order = np.argsort(-(model + share), kind="stable")[:BARS]
        alphabet = self.text.alphabet + "?"
        return tuple((alphabet[token], float(model[token]), float(share[token])) for token in order)

    def broken(self) -> bool:
        """Whether loss or weights are no longer numbers."""
        self.curve.values()
        weights = all(bool(part.isfinite().all()) for part in self.network.parameters())
        return not (self.curve.finite and weights)

    def look(self, sample: str | None = None, caption: str | None = None) -> TransformerLook:
        """The present; `sample` and `caption` are made if not given."""
        losses = self.curve.values()
        fit = self.held_out_loss(GLANCE)
        figures = {"held_out_loss": fit, "perplexity": math.exp(min(fit, 50.0))}
        if losses:
            figures["loss"] = self.curve.recent(0.05)
        if sample is None:
            sample = "" if self.broken() else self.write(1, SHOWN_CHARACTERS)[0]
        return TransformerLook(
            caption=caption or transformer_words.caption(self.pace, figures, self.ngram_loss),
            metrics=figures,
            losses=list(losses),
            held_out=tuple(self.history),
            uniform=self.uniform,
            ngram=self.ngram_loss,
            ngram_order=self.ngram_order,
            total_steps=self.pace.total_steps,
            prompt=self.knobs["prompt"],
            sample=sample,
            bars=self._bars(),
            bars_n=int(self.after_prompt.sum()),
        )


def next_token_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean of -ln softmax(outputs)[target] over outputs [b, t, vocab], targets [b, t]: nats per token."""
    return cross_entropy(outputs.flatten(0, 1), targets.flatten())


def best_ngram(train: NDArray[np.int64], held_out: NDArray[np.int64], vocab: int) -> tuple[int, float]:
    """The order whose n-gram model loses least on the held-out text, and that loss in nats per token."""
    by_order = NGram(train, vocab, BASELINE_ORDERS[-1]).log_probs_by_order(held_out)
    losses = {order: -float(by_order[order - 1].mean()) for order in BASELINE_ORDERS}
    order = min(losses, key=lambda known: losses[known])
    return order, losses[order]


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Trains the transformer: a Step for each update, a few Steps of the finished model's text, then the Result.

    `knobs` are the checked values of the catalogue's tiny-transformer. The same seed, knobs and device give
    the same run while `steps` is fixed and the budget does not cut it.
    """
    state = TransformerRun(knobs, settings)
    yield state.pace.moment(state.look, key=True)
    while not state.pace.done and state.curve.finite:
        state.update()
        yield state.pace.moment(state.look, key=state.pace.done)
    if state.broken():
        yield _diverged(state)
        return
    samples = state.write(SAMPLES, SAMPLE_LENGTH)
    for sample in samples[1:FILM]:
        caption = transformer_words.sample_caption(knobs["temperature"])
        shown = partial(state.look, sample[:SHOWN_CHARACTERS], caption)
        yield state.pace.moment(shown, key=True)
    yield _result(state, samples)


def _diverged(state: TransformerRun) -> Result:
    verdict = f"The run diverged at step {state.pace.step}: the loss or the weights are no longer numbers."
    remedy = "A lower learning rate keeps them finite."
    return Result("diverged", state.pace.step, {}, verdict, (remedy,), ("transformer", "gpt"), state.look(""))


def _result(state: TransformerRun, samples: list[str]) -> Result:
    fit = state.held_out_loss()
    n = (len(state.held_out) - 1) // state.knobs["context"] * state.knobs["context"]
    metrics = transformer_words.loss_metrics(fit, state.ngram_loss, state.ngram_order, n)
    metrics |= sample_metrics(samples, state.text)
    story = transformer_words.TransformerStory(
        metrics=metrics,
        train_loss=state.curve.recent(),
        uniform=state.uniform,
        ngram_order=state.ngram_order,
        text=state.text,
        parameters=sum(part.numel() for part in state.network.parameters()),
        knobs=state.knobs,
        history=tuple(state.history),
        sample=samples[0],
        pace=state.pace,
        budget_s=state.settings.budget_s,
    )
    verdict, notes = transformer_words.verdict(story)
    outcome = "out of time" if state.pace.out_of_time else "done"
    look = state.look(samples[0][:SHOWN_CHARACTERS])
    told = transformer_words.observations(story)
    return Result(outcome, state.pace.step, metrics, verdict, told, notes, look)


def sample_metrics(samples: list[str], text: Text) -> dict[str, Metric]:
    """How much of the samples are words of the text, and how much is copied from it; real text beside it."""
    known = set(whole_words([text.train]))
    real = [
        text.held_out[at : at + SAMPLE_LENGTH]
        for at in range(0, len(text.held_out) - SAMPLE_LENGTH, SAMPLE_LENGTH)
    ]
    words = whole_words(samples)
    share = partial(share_known, known=known)
    copied, real_copied = (
        copied_share(samples, text.train),
        copied_share(real[:: max(1, len(real) // 40)], text.train),
    )
    characters = sum(map(len, samples))
    return {
        "known_words": Metric(
            share(words), len(words), share(whole_words(real)), None, "high",
            "share of the written words that stand somewhere in the text that was learned",
        ),
        "copied": Metric(
            copied, characters, real_copied, None, "low",
            f"share of the written stretches of {COPY} characters that stand word for word in the text that was "
            "learned; real text that was held out shares some too",
        ),
    }  # fmt: skip


def copied_share(samples: list[str], train: str) -> float:
    """Share of all stretches of COPY characters of the samples that occur in `train`; 0 if there are none."""
    windows = [sample[at : at + COPY] for sample in samples for at in range(0, len(sample) - COPY + 1, 4)]
    wanted = set(windows)  # one walk along the text: a search for each window takes four times as long
    known = {train[at : at + COPY] for at in range(len(train) - COPY + 1) if train[at : at + COPY] in wanted}
    return sum(window in known for window in windows) / max(1, len(windows))


def _places(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def whole_words(texts: list[str]) -> list[str]:
    """Whole words: letters between two other characters, so that nothing cut off at an end counts."""
    return [
        word.lower()
        for text in texts
        for word in "".join(c if c.isalpha() else " " for c in text).split(" ")[1:-1]
        if word
    ]


def share_known(words: list[str], known: Set[str]) -> float:
    """The share of `words` among those `known`; 0 if there are no words."""
    return sum(word in known for word in words) / max(1, len(words))
