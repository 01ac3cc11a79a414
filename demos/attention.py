"""Self-attention learns where to look: three tasks on strings whose right attention is known beforehand.

Attention(Q, K, V) = softmax(Q K^T / sqrt(d)) V (Vaswani et al. 2017, arXiv 1706.03762, eq. 1) with learned
positions and nothing but a residual sum and a linear output around it. Induction heads need two layers: Olsson
et al. 2022, arXiv 2209.11895.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot, rms_norm

from demos import attention_words
from demos.networks import Adam, LossCurve, cosine_rate, seeded
from demos.steps import Look, Metric, Pace, Result, RunSettings, Step

LETTERS = "abcdefghijklmnop"
BLANK = len(LETTERS)
N_WATCHED, N_MEASURED, N_BASELINE = 64, 512, 2000
REMEMBERED = 10
IGNORED = -100


@dataclass(frozen=True)
class Strings:
    """`inputs` [b, t]; `targets` [b, t], IGNORED where nothing is asked; `answers` [b, t]: the position in the input
    where the answer stands, 0 where nothing is asked."""

    inputs: Tensor
    targets: Tensor
    answers: Tensor

    @property
    def asked(self) -> Tensor:
        """Where something is asked: bool [b, t]."""
        return self.targets != IGNORED


def strings(task: str, n: int, length: int, source: torch.Generator) -> Strings:
    """`n` strings of a task.

    reversal: say the string backwards. copy: letters, then blanks; repeat the letters at the blanks.
    induction: different letters, then the same ones from another start on; say which comes next.
    """
    device = source.device
    first = (length + 1) // 2 if task == "copy" else length // 2
    if task == "reversal":
        inputs = torch.randint(len(LETTERS), (n, length), generator=source, device=device)
        answers = torch.arange(length - 1, -1, -1, device=device).expand(n, -1)
        return Strings(inputs, inputs.gather(1, answers), answers)
    shuffled = torch.rand((n, len(LETTERS)), generator=source, device=device).argsort(dim=1)
    letters = shuffled[:, :first]
    later = torch.arange(length - first, device=device).expand(n, -1)
    if task == "copy":
        inputs = torch.cat([letters, torch.full_like(later, BLANK)], dim=1)
        wanted, asked = later, torch.ones_like(later, dtype=torch.bool)
    else:
        start = torch.randint(first, (n, 1), generator=source, device=device)
        inputs = torch.cat([letters, letters.gather(1, (start + later) % first)], dim=1)
        wanted = (start + later + 1) % first
        asked = wanted != 0  # nothing has followed the last letter yet
    targets = letters.gather(1, wanted).masked_fill(~asked, IGNORED)
    nothing = torch.full((n, first), IGNORED, device=device)
    return Strings(
        inputs,
        torch.cat([nothing, targets], dim=1),
        torch.cat([torch.zeros_like(nothing), wanted * asked], dim=1),
    )


class AttentionNet(nn.Module):
    """(letters [b, t]) -> raw outputs [b, t, letters] and attention weights [layers, b, heads, t, t].

    Each layer adds to x its heads' mixture of values. `causal` hides later positions; scores are divided by
    sqrt(d) times `temperature`.
    """

    def __init__(self, knobs: Mapping[str, Any], causal: bool, source: torch.Generator) -> None:
        super().__init__()
        width, self.heads, self.causal = knobs["width"], knobs["heads"], causal
        self.temperature = knobs["temperature"]
        self.size = max(1, width // self.heads)
        inner = self.heads * self.size

        def drawn(*shape: int) -> nn.Parameter:
            values = torch.randn(shape, generator=source, device=source.device)
            return nn.Parameter(values / math.sqrt(width))

        self.letters, self.places = drawn(BLANK + 1, width), drawn(knobs["length"], width)
        with torch.no_grad():
            for table in (self.letters, self.places):
                table.mul_(math.sqrt(width))
        self.weights = drawn(knobs["layers"], 4, inner, width)
        self.out = drawn(len(LETTERS), width)

    def forward(self, inputs: Tensor, uniform: bool = False) -> tuple[Tensor, Tensor]:
        """`uniform` replaces the weights by equal ones, to see what is left without attention."""
        x = self.letters[inputs] + self.places[: inputs.shape[1]]
        seen = []
        for weights in self.weights:
            mixed, attention = self._attend(rms_norm(x, x.shape[-1:]), weights, uniform)
            x = x + mixed
            seen.append(attention)
        return rms_norm(x, x.shape[-1:]) @ self.out.T, torch.stack(seen)

    def _attend(self, x: Tensor, weights: Tensor, uniform: bool) -> tuple[Tensor, Tensor]:
        b, t, _ = x.shape
        query, key, value = (
            (x @ matrix.T).view(b, t, self.heads, self.size).transpose(1, 2) for matrix in weights[:3]
        )
        scores = attention_scores(query, key) / self.temperature
        scores = scores * 0 if uniform else scores
        if self.causal:
            later = torch.ones((t, t), dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(later, -math.inf)
        attention = scores.softmax(dim=-1)
        return (attention @ value).transpose(1, 2).reshape(b, t, -1) @ weights[3], attention


def attention_scores(query: Tensor, key: Tensor) -> Tensor:
    """Q K^T / sqrt(d) for query and key [..., t, d] -> [..., t, t] (arXiv 1706.03762, eq. 1)."""
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])


@dataclass(frozen=True)
class AttentionLook(Look):
    """What there is to see at one step.

    `before`, `now` [t, t]: attention of the last layer on one string, rows are queries, mean over the heads;
    `answers` [t]: where each answer stands, -1 where nothing is asked; `letters`, `wanted`, `said`: the string,
    the right answers and those given; `history`: (step, accuracy, attention on the answer) at every 10th step.
    """

    before: NDArray[np.float32]
    now: NDArray[np.float32]
    answers: NDArray[np.int64]
    letters: str
    wanted: str
    said: str
    history: tuple[tuple[int, float, float], ...]
    ceiling: float
    total_steps: int
    started: bool


class AttentionRun:
    """The network, its optimiser and the strings it is watched on, drawn from one seed."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs, self.settings = knobs, settings
        self.causal = knobs["mask"] == "causal" or (knobs["mask"] == "auto" and knobs["task"] == "induction")
        self.source = seeded(settings.seed, settings.device)
        self.network = AttentionNet(knobs, self.causal, self.source)
        self.adam = Adam(self.network.parameters(), betas=(0.9, 0.98))
        self.curve = LossCurve()
        self.watched, self.measured = self._strings(N_WATCHED), self._strings(N_MEASURED)
        self.history: list[tuple[int, float, float]] = []
        self.pace = Pace(knobs["steps"], settings)
        self.first = self._map()
        self._remember()

    def _strings(self, n: int) -> Strings:
        return strings(self.knobs["task"], n, self.knobs["length"], self.source)

    @property
    def ceiling(self) -> float:
        """The accuracy that the mask allows: 1 where the answer is in sight, a guess among the letters where not."""
        places = torch.arange(self.knobs["length"], device=self.settings.device)
        in_sight = (self.measured.answers <= places) if self.causal else self.measured.asked
        share = float(in_sight[self.measured.asked].float().mean())
        return share + (1 - share) / len(LETTERS)

    def update(self) -> None:
        """One update on a fresh batch of strings."""
        self.adam.rate = cosine_rate(self.knobs["lr"], self.pace.fraction)
        batch = self._strings(self.knobs["batch"])
        loss = answer_loss(self.network(batch.inputs)[0], batch.targets)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        self.curve.add(loss)
        self.pace.step += 1
        if self.pace.step % REMEMBERED == 0:
            self._remember()

    def _remember(self) -> None:
        self.history.append((self.pace.step, *figures_of(self.network, self.watched)))

    @torch.no_grad()
    def _map(self) -> NDArray[np.float32]:
        """Attention [t, t] of the last layer on the first watched string, mean over the heads."""
        weights = self.network(self.watched.inputs[:1])[1]
        return np.asarray(weights[-1, 0].mean(dim=0).cpu().numpy())

    @torch.no_grad()
    def look(self) -> AttentionLook:
        """The present, on one string for the map and on 64 for the figures."""
        accuracy, on_answer = figures_of(self.network, self.watched)
        figures = {"accuracy": accuracy, "attention_on_answer": on_answer}
        if self.curve.values():
            figures["loss"] = self.curve.recent(0.05)
        one = Strings(
            *(part[:1] for part in (self.watched.inputs, self.watched.targets, self.watched.answers))
        )
        asked = one.asked[0]
        said = self.network(one.inputs)[0][0].argmax(dim=-1).masked_fill(~asked, BLANK)
        wanted = one.targets[0].masked_fill(~asked, BLANK)
        return AttentionLook(
            caption=attention_words.caption(self.pace, figures, self.knobs, self.causal, self.ceiling),
            metrics=figures,
            before=self.first,
            now=self._map(),
            answers=one.answers[0].masked_fill(~asked, -1).cpu().numpy(),
            letters=_spelled(one.inputs[0]),
            wanted=_spelled(wanted),
            said=_spelled(said),
            history=tuple(self.history),
            ceiling=self.ceiling,
            total_steps=self.pace.total_steps,
            started=self.pace.step > 0,
        )


def answer_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy over the positions where something is asked, in nats; a tensor of shape []."""
    return cross_entropy(outputs.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


@torch.no_grad()
def figures_of(network: AttentionNet, batch: Strings, uniform: bool = False) -> tuple[float, float]:
    """Share of right answers, and the mean attention of the last layer's best head on where the answer stands."""
    outputs, weights = network(batch.inputs, uniform)
    asked = batch.asked
    right = (outputs.argmax(dim=-1) == batch.targets)[asked].float().mean()
    on_answer = weights[-1].gather(-1, batch.answers[:, None, :, None].expand(-1, weights.shape[2], -1, 1))[
        ..., 0
    ]
    by_head = torch.stack([head[asked].mean() for head in on_answer.unbind(dim=1)])
    return float(right), float(by_head.max())


@torch.no_grad()
def on_previous(network: AttentionNet, batch: Strings) -> float:
    """Mean attention of the first layer's best head on the position just before, where there is one."""
    weights = network(batch.inputs)[1][0]
    return float(weights.diagonal(offset=-1, dim1=-2, dim2=-1).mean(dim=(0, 2)).max())


def linear_accuracy(train: Strings, test: Strings, causal: bool) -> float:
    """Share of right answers of ridge regression from the input's one-hot letters to the answer's, one for each
    position; behind a causal mask it sees the letters up to its position."""

    def features(part: Strings, upto: int) -> Tensor:
        hot = one_hot(part.inputs[:, :upto], BLANK + 1).flatten(1).double()
        return torch.cat([hot, torch.ones_like(hot[:, :1])], dim=1)

    right, asked = 0, 0
    length = train.inputs.shape[1]
    for place in torch.nonzero(train.asked.any(dim=0))[:, 0].tolist():
        upto = place + 1 if causal else length
        use, check = train.asked[:, place], test.asked[:, place]
        x, y = features(train, upto)[use], one_hot(train.targets[use, place], len(LETTERS)).double()
        ridge = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
        solved = torch.linalg.solve(x.T @ x + ridge, x.T @ y)
        guess = (features(test, upto)[check] @ solved).argmax(dim=1)
        right += int((guess == test.targets[check, place]).sum())
        asked += int(check.sum())
    return right / max(1, asked)


def _spelled(tokens: Tensor) -> str:
    return "".join((LETTERS + "·")[token] for token in tokens.tolist())


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Trains the attention: a Step for each update, then the Result.

    `knobs` are the checked values of the catalogue's self-attention. The same seed, knobs and device give the
    same run while `steps` is fixed and the budget does not cut it.
    """
    state = AttentionRun(knobs, settings)
    yield state.pace.moment(state.look, key=True)
    while not state.pace.done and state.curve.finite:
        state.update()
        yield state.pace.moment(state.look, key=state.pace.done or state.pace.step in (10, 20, 40, 80, 160))
    yield _result(state)


def _result(state: AttentionRun) -> Result:
    state.curve.values()
    if not (state.curve.finite and all(bool(part.isfinite().all()) for part in state.network.parameters())):
        verdict = (
            f"The run diverged at step {state.pace.step}: the loss or the weights are no longer numbers."
        )
        remedy = "A lower learning rate or a higher temperature keeps the attention's scores small."
        notes: tuple[str, ...] = ("self-attention",)
        return Result("diverged", state.pace.step, {}, verdict, (remedy,), notes, state.look())
    accuracy, on_answer = figures_of(state.network, state.measured)
    blind, _ = figures_of(state.network, state.measured, uniform=True)
    linear = linear_accuracy(state._strings(N_BASELINE), state.measured, state.causal)
    n = int(state.measured.asked.sum())
    metrics = {
        "accuracy": Metric(
            accuracy, n, state.ceiling, linear, "high",
            "share of right answers on fresh strings; beside it what the mask allows, and linear regression",
        ),
        "attention_on_answer": Metric(
            on_answer, n, 1.0, state.history[0][2], "high",
            "mean weight that the last layer's best head puts where the answer stands; the baseline is before training",
        ),
        "accuracy_without_attention": Metric(
            blind, n, state.ceiling, 1 / len(LETTERS), "low",
            "share of right answers when each position attends to all alike: what is left without attention",
        ),
    }  # fmt: skip
    story = attention_words.AttentionStory(
        metrics=metrics,
        knobs=state.knobs,
        causal=state.causal,
        history=tuple(state.history),
        previous=on_previous(state.network, state.measured),
        parameters=sum(part.numel() for part in state.network.parameters()),
        pace=state.pace,
        budget_s=state.settings.budget_s,
    )
    verdict, notes = attention_words.verdict(story)
    outcome = "out of time" if state.pace.out_of_time else "done"
    told = attention_words.observations(story)
    return Result(outcome, state.pace.step, metrics, verdict, told, notes, state.look())
