"""Text from weights that travel with the demos: the decoder of `transformer` writes, one character at a time.

Nothing is trained. The text that was held out at the training, and the words of the text that was learned, lie beside
the weights, so that what is measured stays honest when the study notes change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from demos.checkpoints import Checkpoint
from demos.decoder import Decoder, Memory, next_distribution
from demos.networks import seeded
from demos.steps import Look, Metric, Pace, RunSettings
from demos.text import Text, load_text, text_hash
from demos.tokenisers import CharTokeniser
from demos.transformer import COPY, SAMPLE_LENGTH, copied_share, next_token_loss, share_known, whole_words

LENGTH = 150
SHOWN = 3
BARS = 8
STRETCHES = 96
TEMPERATURES = (0.2, 0.6, 1.0, 1.4, 2.0)
SWEEP_ROWS = 4


@dataclass(frozen=True)
class TextLook(Look):
    """What there is to see of texts that grow.

    `texts` continue `prompt`; `bars` holds (character, probability) of what may come next in the first text; `known`
    holds (temperature, share of known words), `known_floor` that of real text, `bits` (name, bits per held-out
    character), all three empty or 0 before the end.
    """

    prompt: str
    texts: tuple[str, ...]
    length: int
    bars: tuple[tuple[str, float], ...]
    known: tuple[tuple[float, float], ...]
    known_floor: float
    bits: tuple[tuple[str, float], ...]


class TextMaker:
    """Texts that grow by one character with each `move`: those of the knobs, and some at other temperatures."""

    def __init__(self, checkpoint: Checkpoint, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.checkpoint, self.knobs, self.settings = checkpoint, knobs, settings
        device, made_with = settings.device, checkpoint.about["knobs"]
        self.alphabet: str = checkpoint.about["alphabet"]
        self.tokeniser = CharTokeniser(self.alphabet)
        self.context: int = made_with["context"]
        sizes = made_with["layers"], made_with["heads"], made_with["width"]
        self.network = Decoder(self.tokeniser.vocab, *sizes, seeded(0, device))
        checkpoint.fill(self.network, "network")
        self.held_out = checkpoint.tensor("held_out").long()
        self.words = frozenset(bytes(checkpoint.tensor("words").tolist()).decode().split("\n"))
        self.notes: Text = load_text("notes")
        self.source = seeded(settings.seed + 1, device)
        prompt = torch.from_numpy(self.tokeniser.encode(knobs["prompt"])).to(device)
        rows = knobs["texts"] + SWEEP_ROWS * len(TEMPERATURES)
        self.tokens = prompt.repeat(rows, 1)
        swept = torch.tensor(TEMPERATURES, device=device).repeat_interleave(SWEEP_ROWS)
        own = torch.full((knobs["texts"],), float(knobs["temperature"]), device=device)
        self.temperatures = torch.cat([own, swept])[:, None]
        self.memory: Memory = {}
        self.outputs = self._read(self.tokens)
        self.known: tuple[tuple[float, float], ...] = ()
        self.known_floor = 0.0
        self.bits: tuple[tuple[str, float], ...] = ()
        self.pace = Pace(LENGTH, settings)

    @property
    def notes_changed(self) -> bool:
        """Whether the study notes of today are not those that were learned from."""
        return text_hash(self.notes) != self.checkpoint.about["data_sha256"]

    @property
    def sound(self) -> bool:
        return bool(self.outputs.isfinite().all())

    @torch.no_grad()
    def _read(self, tokens: Tensor) -> Tensor:
        """Raw outputs [rows, vocab] for what comes after `tokens` [rows, t]."""
        outputs: Tensor = self.network(tokens, last_only=True, memory=self.memory)[:, -1]
        return outputs

    def move(self) -> None:
        """One character more in each text.

        Once the network sees as many as in training, it reads the later half of them anew and goes on from there.
        """
        p = next_distribution(self.outputs, self.temperatures, self.knobs["top_k"])
        new = torch.multinomial(p, 1, generator=self.source)
        self.tokens = torch.cat([self.tokens, new], dim=1)
        if self.memory[0][0].shape[2] >= self.context:
            self.memory.clear()
            new = self.tokens[:, -self.context // 2 :]
        self.outputs = self._read(new)
        self.pace.step += 1

    def written(self) -> list[str]:
        """What each row wrote after the prompt."""
        alphabet, start = self.alphabet + "?", len(self.knobs["prompt"])
        return ["".join(alphabet[token] for token in row[start:]) for row in self.tokens.tolist()]

    def look(self, caption: str) -> TextLook:
        """The present."""
        p = next_distribution(self.outputs[:1], self.knobs["temperature"], self.knobs["top_k"])[0]
        top = p.topk(min(BARS, len(p)))
        alphabet = self.alphabet + "?"
        bars = zip(top.indices.tolist(), top.values.tolist(), strict=True)
        return TextLook(
            caption=caption,
            metrics={"characters": float(self.pace.step)},
            prompt=self.knobs["prompt"],
            texts=tuple(self.written()[: min(SHOWN, self.knobs["texts"])]),
            length=LENGTH,
            bars=tuple((alphabet[token], value) for token, value in bars),
            known=self.known,
            known_floor=self.known_floor,
            bits=self.bits,
        )

    @torch.no_grad()
    def held_out_loss(self, most: int | None = STRETCHES) -> tuple[float, int]:
        """Nats per held-out character, and over how many: `most` stretches (None: all) of the context's length."""
        context = self.context
        count = (len(self.held_out) - 1) // context
        picks = torch.arange(count, device=self.held_out.device)
        if most and most < count:
            picks = torch.linspace(0, count - 1, most, device=self.held_out.device).long()
        places = picks[:, None] * context + torch.arange(context + 1, device=self.held_out.device)
        pieces = self.held_out[places]
        losses = [
            float(next_token_loss(self.network(part[:, :-1]), part[:, 1:])) * len(part)
            for part in pieces.split(64)
        ]
        return sum(losses) / len(pieces), len(pieces) * context

    def measure(self) -> dict[str, Metric]:
        """The result's metrics; notes what the last picture shows."""
        written, rows = self.written(), self.knobs["texts"]
        share = partial(share_known, known=self.words)
        held_out = "".join((self.alphabet + "?")[token] for token in self.held_out.tolist())
        real = [held_out[at : at + SAMPLE_LENGTH] for at in range(0, len(held_out), SAMPLE_LENGTH)]
        words = whole_words(written[:rows])
        self.known_floor = share(whole_words(real))
        parts = [written[rows + at * SWEEP_ROWS :][:SWEEP_ROWS] for at in range(len(TEMPERATURES))]
        self.known = tuple(
            (temperature, share(whole_words(part)))
            for temperature, part in zip(TEMPERATURES, parts, strict=True)
        )
        copied = copied_share(written[:rows], self.notes.train)
        return self._loss_metrics() | {
            "known_words": Metric(
                share(words), len(words), self.known_floor, None, "high",
                "share of the written words that stand in the text that was learned",
            ),
            "copied": Metric(
                copied, sum(map(len, written[:rows])), copied_share(real[::7], self.notes.train), None, "low",
                f"share of the written stretches of {COPY} characters that stand word for word in the notes",
            ),
        }  # fmt: skip

    def _loss_metrics(self) -> dict[str, Metric]:
        """Bits and perplexity; the floor is no number: how surely a perfect model would guess is not known."""
        loss, n = self.held_out_loss()
        rival: float = self.checkpoint.about["ngram"]["nats"]
        order: int = self.checkpoint.about["ngram"]["order"]
        bits, rival_bits = loss / math.log(2), rival / math.log(2)
        guessing = math.log2(self.tokeniser.vocab)
        self.bits = (("guessing", guessing), (f"{order}-gram", rival_bits), ("network", bits))
        told = "on text held out at the training"
        return {
            "bits_per_character": Metric(
                bits, n, math.nan, rival_bits, "low",
                f"mean of -log2 p(next character) {told}; baseline: an n-gram model of order {order}",
            ),
            "perplexity": Metric(
                math.exp(loss), n, math.nan, math.exp(rival), "low",
                f"among how many equally likely characters the choice would be as hard, {told}",
            ),
        }  # fmt: skip
