"""What a character model costs: `python benchmarks/character_model.py [--share 0.25] [--seed 0]`.

The yardstick is the recipe that nanoGPT's README describes for a CPU (4 layers, 4 heads, width 128, context 64,
batch 12, 2000 iterations of AdamW at 1e-3, no dropout), written anew from those settings. Ours is the network
and the optimiser of the demo tiny-transformer, on the same text, given that share of the yardstick's processor
seconds. Told: the loss on all held-out text at the yardstick's end, and the processor seconds of training
after which ours first reached it. Measuring is not counted for either.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from demos.catalogue import find_demo
from demos.steps import RunSettings
from demos.text import load_text
from demos.tokenisers import CharTokeniser
from demos.transformer import TransformerRun, next_token_loss

LAYERS, HEADS, WIDTH, CONTEXT, BATCH = 4, 4, 128, 64, 12
ITERATIONS, WARM, RATE, LEAST_RATE = 2000, 100, 1e-3, 1e-4
CHECKS = 20


class Block(nn.Module):
    """One layer of GPT-2 (Radford et al. 2019) without biases."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH, bias=False), nn.LayerNorm(WIDTH, bias=False)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        b, t, _ = x.shape
        query, key, value = self.qkv(self.before(x)).view(b, t, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(b, t, WIDTH))
        done: Tensor = x + self.down(gelu(self.up(self.between(x))))
        return done


class Yardstick(nn.Module):
    """(tokens [b, t]) -> [b, t, vocab]: learned positions, and one matrix for embedding and output."""

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self.letters, self.places = nn.Embedding(vocab, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.last = nn.LayerNorm(WIDTH, bias=False)
        for name, part in self.named_parameters():
            if part.ndim == 2:
                deep = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(part, std=0.02 / math.sqrt(2 * LAYERS) if deep else 0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.letters(tokens) + self.places.weight[: tokens.shape[1]]
        done: Tensor = self.last(self.blocks(x)) @ self.letters.weight.T
        return done


def yardstick_rate(step: int) -> float:
    """Linear up to RATE over WARM iterations, then half a cosine down to LEAST_RATE."""
    if step < WARM:
        return RATE * (step + 1) / (WARM + 1)
    share = (step - WARM) / (ITERATIONS - WARM)
    return LEAST_RATE + 0.5 * (1 + math.cos(math.pi * share)) * (RATE - LEAST_RATE)


def train_yardstick(train: Tensor, vocab: int, seed: int) -> tuple[nn.Module, float]:
    """The trained network and its processor seconds."""
    torch.manual_seed(seed)
    network = Yardstick(vocab)
    kinds = [
        [p for p in network.parameters() if p.ndim >= 2],
        [p for p in network.parameters() if p.ndim < 2],
    ]
    groups = [{"params": part, "weight_decay": decay} for part, decay in zip(kinds, (0.1, 0.0), strict=True)]
    adam = torch.optim.AdamW(groups, betas=(0.9, 0.99))
    offsets = torch.arange(CONTEXT + 1)
    started_s = time.process_time()
    for step in range(ITERATIONS):
        for group in adam.param_groups:
            group["lr"] = yardstick_rate(step)
        pieces = train[torch.randint(len(train) - CONTEXT, (BATCH, 1)) + offsets]
        loss = next_token_loss(network(pieces[:, :-1]), pieces[:, 1:])
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()
        if (step + 1) % 200 == 0:
            cpu_s = time.process_time() - started_s
            print(
                f"yardstick: {step + 1} iterations, loss {loss.item():.3f}, {cpu_s:.1f} CPU-s",
                file=sys.stderr,
            )
    return network, time.process_time() - started_s


class TrainingClock:
    """Processor seconds, but those spent in `paused`."""

    def __init__(self) -> None:
        self._away_s = 0.0

    def __call__(self) -> float:
        return time.process_time() - self._away_s

    def paused(self, measure: Callable[[], float]) -> float:
        started_s = time.process_time()
        value = measure()
        self._away_s += time.process_time() - started_s
        return value


def train_ours(seed: int, budget_s: float, goal: float) -> dict[str, float | None]:
    """The demo's network trained for `budget_s` processor seconds: final loss, and when it first came to `goal`."""
    clock = TrainingClock()
    knobs = find_demo("tiny-transformer").knob_values({"steps": 0, "text": "notes"})
    run = TransformerRun(knobs, RunSettings(seed, "cpu", budget_s, clock))
    reached_s: float | None = None
    checks = 0
    while not run.pace.done:
        run.update()
        if run.pace.elapsed_s * CHECKS >= (checks + 1) * budget_s:
            checks += 1
            loss = clock.paused(run.held_out_loss)
            print(
                f"ours: {run.pace.step} steps, loss {loss:.3f}, {run.pace.elapsed_s:.1f} CPU-s",
                file=sys.stderr,
            )
            if reached_s is None and loss <= goal:
                reached_s = run.pace.elapsed_s
    loss = run.held_out_loss()
    return {"loss": loss, "cpu_s": run.pace.elapsed_s, "reached_cpu_s": reached_s, "steps": run.pace.step}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--share", type=float, default=0.25, help="of the yardstick's seconds, for ours")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    text = load_text("notes")
    tokeniser = CharTokeniser(text.alphabet)
    train, held_out = (torch.from_numpy(tokeniser.encode(part)) for part in (text.train, text.held_out))
    network, cpu_s = train_yardstick(train, tokeniser.vocab, asked.seed)
    count = (len(held_out) - 1) // CONTEXT
    inputs, targets = held_out[: count * CONTEXT], held_out[1 : count * CONTEXT + 1]
    with torch.no_grad():
        goal = float(next_token_loss(network(inputs.view(count, CONTEXT)), targets.view(count, CONTEXT)))
    ours = train_ours(asked.seed, asked.share * cpu_s, goal)
    reached_s = ours["reached_cpu_s"]
    told = {
        "text_characters": len(text.train),
        "yardstick": {"loss": goal, "cpu_s": cpu_s, "steps": ITERATIONS},
        "ours": ours,
        "times_cheaper": cpu_s / reached_s if reached_s else None,
    }
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
