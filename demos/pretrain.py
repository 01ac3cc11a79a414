"""`python -m demos.pretrain [digits|faces|text|all]`: makes the weights that lie in demos/weights anew.

Each model is trained by the demo that teaches it, a little longer than its preset `normal`: on one core half a minute
for digits, as much for faces, and two minutes for text. It runs on the processor whatever there is, so that the same
seed gives the same weights with the same versions of the libraries. Progress goes to standard error; a file is replaced
only once its successor is whole.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from demos import faces
from demos.catalogue_digits import DIGIT_DIFFUSION
from demos.catalogue_faces import LATENT_DIFFUSION
from demos.catalogue_language import TINY_TRANSFORMER
from demos.catalogue_pretrained import PRETRAINED
from demos.checkpoints import (
    MODELS,
    WEIGHTS,
    Checkpoint,
    command,
    packed,
    parameters,
    save_checkpoint,
    unpacked,
)
from demos.digit_diffusion import DigitRun
from demos.knobs import Demo
from demos.latent_diffusion import VAE_KNOBS, LatentRun
from demos.pretrained import maker_of
from demos.pretrained_text import TextMaker
from demos.steps import Pace, RunSettings
from demos.text import text_hash
from demos.transformer import TransformerRun, whole_words

STEPS = {"digits": 3000, "faces": 12000, "text": 2000}
EIGENFACES_KEPT = 96
"""Of 192: FD-faces64 was 0.093 with either number."""

NO_LIMIT_S = 1e9
MEASURED = {"samples": 700, "nfe": 16, "guidance": 1.5}
Trained = tuple[dict[str, Tensor], dict[str, Any]]
Progress = Callable[[Pace], None]


def train_digits(steps: int, settings: RunSettings, tell: Progress) -> Trained:
    """The averaged denoiser of `digit-diffusion`, and the classifier that judges it."""
    state = DigitRun(DIGIT_DIFFUSION.knob_values({"steps": steps}), settings)
    while not state.pace.done:
        state.update()
        tell(state.pace)
    tensors = parameters(state.averaged.network, "network") | parameters(state.judge.classifier, "judge")
    digest = hashlib.sha256(state.train.images.cpu().numpy().tobytes()).hexdigest()
    about = {
        "knobs": state.knobs,
        "data": f"{len(state.train):,} scanned digits of scikit-learn",
        "data_sha256": digest,
    }
    return tensors, about


def train_faces(steps: int, settings: RunSettings, tell: Progress) -> Trained:
    """The decoder of the VAE and the averaged flow of `latent-diffusion`, without its flow on pixels."""
    state = LatentRun(LATENT_DIFFUSION.knob_values({"steps": steps, "pixel_share": 0.0}), settings)
    while not state.pace.done:
        state.update()
        tell(state.pace)
    eigen, vae, k = state.vae.eigen, state.vae.vae, EIGENFACES_KEPT
    decoder = parameters(vae.decoder, "decoder")
    last = max(key for key in decoder if key.endswith("bias")).removesuffix("bias")
    decoder |= {f"{last}{end}": decoder[f"{last}{end}"][:k] for end in ("weight", "bias")}
    tensors = decoder | parameters(state.latent.averaged.network, "flow")
    tensors |= {
        "eigen.mean": eigen.mean, "eigen.basis": eigen.basis[:, :k], "eigen.sd": eigen.sd[:k],
        "decoder_weight": vae.weight[:k], "codes.mean": state.latent.mean, "codes.scale": state.latent.scale,
    }  # fmt: skip
    about = {
        "knobs": {**state.knobs, "vae_width": VAE_KNOBS["width"]},
        "data": f"{len(state.vae.rows):,} cartoon faces drawn by demos/faces.py",
        "data_sha256": hashlib.sha256(Path(faces.__file__).read_bytes()).hexdigest(),
    }
    return tensors, about


def train_text(steps: int, settings: RunSettings, tell: Progress) -> Trained:
    """The decoder of `tiny-transformer`, with the held-out text as numbers and the words of the learned text."""
    state = TransformerRun(TINY_TRANSFORMER.knob_values({"steps": steps}), settings)
    while not state.pace.done:
        state.update()
        tell(state.pace)
    text = state.text
    words = "\n".join(sorted(set(whole_words([text.train])))).encode()
    tensors = parameters(state.network, "network")
    tensors |= {
        "held_out": state.held_out.to(torch.uint8),
        "words": torch.frombuffer(bytearray(words), dtype=torch.uint8),
    }
    about = {
        "knobs": state.knobs,
        "data": f"{len(text.train):,} characters of {text.files} study notes",
        "data_sha256": text_hash(text),
        "alphabet": text.alphabet,
        "ngram": {"order": state.ngram_order, "nats": state.ngram_loss},
    }
    return tensors, about


TRAININGS: Mapping[str, tuple[Callable[[int, RunSettings, Progress], Trained], Demo]] = {
    "digits": (train_digits, DIGIT_DIFFUSION),
    "faces": (train_faces, LATENT_DIFFUSION),
    "text": (train_text, TINY_TRANSFORMER),
}


def pretrain(
    name: str, settings: RunSettings, steps: int = 0, tell: Progress = lambda pace: None
) -> Checkpoint:
    """Trains one model of MODELS for `steps` updates (0: those of STEPS) and measures it with 16 bits a weight."""
    training, demo = TRAININGS[name]
    tensors, about = training(steps or STEPS[name], settings, tell)
    about |= {
        "model": name,
        "demo": demo.name,
        "command": command(name),
        "seed": settings.seed,
        "steps": steps or STEPS[name],
        "torch": torch.__version__,
        "measured": MEASURED,
    }
    rounded = unpacked(packed(tensors), settings.device)
    figures = _figures(Checkpoint(name, rounded, about), settings)
    return Checkpoint(name, tensors, about | {"figures": figures})


def _figures(checkpoint: Checkpoint, settings: RunSettings) -> dict[str, float]:
    """What a run of the demo `pretrained` measures with these weights; of text, bits over all of what is held out."""
    maker = maker_of(checkpoint, PRETRAINED.knob_values({**MEASURED, "model": checkpoint.name}), settings)
    while not maker.pace.done:
        maker.move()
    figures = {key: metric.value for key, metric in maker.measure().items()}
    if isinstance(maker, TextMaker):
        loss, n = maker.held_out_loss(None)
        figures |= {"bits_per_character": loss / math.log(2), "perplexity": math.exp(loss), "characters": n}
    return {key: round(value, 6) for key, value in figures.items()}


def _told(name: str) -> Progress:
    """Tells now and then on standard error how far the training of that name is."""
    last_s = -math.inf

    def tell(pace: Pace) -> None:
        nonlocal last_s
        if pace.elapsed_s - last_s >= 2 or pace.done:
            last_s = pace.elapsed_s
            end = "\n" if pace.done else ""
            line = f"\r{name}: update {pace.step} of {pace.total_steps}, about {pace.left_s:.0f} s left   "
            print(line, end=end, file=sys.stderr, flush=True)

    return tell


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the weights asked for and gives the exit status: 0 done, 1 broken off or not written."""
    parser = argparse.ArgumentParser(
        prog="python -m demos.pretrain", description="Makes the weights of the demos."
    )
    parser.add_argument("model", nargs="?", choices=(*MODELS, "all"), default="all", help="default: all")
    parser.add_argument("--seed", type=int, default=0, help="fixes randomness (default 0)")
    parser.add_argument(
        "--steps", type=int, default=0, help="updates (default: those of the bundled weights)"
    )
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="folder (default demos/weights)")
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        asked.out.mkdir(parents=True, exist_ok=True)  # found out before the training rather than after it
        for name in MODELS if asked.model == "all" else (asked.model,):
            settings = RunSettings(asked.seed, "cpu", NO_LIMIT_S, time.monotonic)
            path = save_checkpoint(pretrain(name, settings, asked.steps, _told(name)), asked.out)
            print(f"{path}: {path.stat().st_size:,} bytes", flush=True)
    except KeyboardInterrupt:
        print("\nBroken off: what was not finished is as it was before.", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{asked.out} cannot be written: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # taking torch down in good order would cost half a second more
