"""Images from weights that travel with the demos: digits by the flow of `digit_diffusion`, faces by the latent flow of
`latent_diffusion`. Nothing is trained; noise is carried to data one evaluation at a time.

xt = (1 - t) x0 + t eps, so from the velocity v = eps - x0 the guess of the data is x0 = xt - t v (arXiv 2210.02747).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from demos import faces, latent_diffusion
from demos.checkpoints import Checkpoint
from demos.digit_denoiser import PIXELS, DigitDenoiser, guided
from demos.digit_diffusion import Sweep
from demos.digits import CLASSES, SIDE, ImageSet, load_digits
from demos.face_measures import N_MEASURED, SIZE, FaceJudge, fresh_faces
from demos.face_space import Eigenfaces
from demos.face_vae import POOL, shown
from demos.image_measures import Classifier, Judge
from demos.networks import mlp, seeded
from demos.samplers import Network, flow_trail
from demos.steps import Look, Metric, Pace, RunSettings

N_SWEPT = 200
EVALUATIONS = (1, 2, 4, 8, 16, 32)
GUIDANCES = (0.0, 1.0, 2.0, 4.0, 8.0)
SWEEP_NFE = 8
"""Evaluations at most while other guidance is tried."""

ENOUGH = 1.25
"""Evaluations are enough once FD is within this many times that of the most that were tried."""

WISHES: Mapping[str, Mapping[str, float]] = {
    "hair": {"black": 0.0, "brown": 0.5, "blond": 1.0},
    "smile": {"sad": 0.0, "calm": 0.4, "laughing": 1.0},
    "age": {"young": 0.0, "middle": 0.5, "old": 1.0},
    "glasses": {"none": 0.0, "worn": 1.0},
}
"""What the words of the knobs are as attributes of a face; a knob at "any" is not among them."""

AGREES = 0.2
"""An attribute read within this distance of the one asked for agrees with it."""


@dataclass(frozen=True)
class ImageLook(Look):
    """What there is to see of images on their way.

    now: digits [60, 8, 8] from -1 to 1 or faces [24, 32, 32, 3] in 0..1; guess: what the network takes them to become,
    None at the end; heads: what stands over the columns of digits; asked, read [n, 4]: attributes of faces, empty
    before the end; the sweeps, also empty before; sweep_floor: FD of as many real images.
    """

    kind: str
    now: NDArray[np.float32]
    guess: NDArray[np.float32] | None
    heads: tuple[str, ...]
    asked: NDArray[np.float32]
    read: NDArray[np.float32]
    by_guidance: tuple[Sweep, ...]
    by_nfe: tuple[Sweep, ...]
    sweep_floor: float


class ImageMaker:
    """Images on their way from noise `x` [n, d] to data, moved on by `move`; what differs between digits and faces is
    left to the two classes below."""

    kind: str
    shown: int
    heads: tuple[str, ...] = ()

    def __init__(self, checkpoint: Checkpoint, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.checkpoint, self.knobs, self.settings = checkpoint, knobs, settings
        self.source = seeded(settings.seed, settings.device)
        self.asked = self.read = np.empty((0, len(faces.TAUGHT)), np.float32)
        self.by_guidance: tuple[Sweep, ...] = ()
        self.by_nfe: tuple[Sweep, ...] = ()
        self.sweep_floor = 0.0
        self.times = torch.linspace(1, 0, knobs["nfe"] + 1, device=settings.device)

    def set_off(self, n: int, d: int) -> None:
        """Draws the noise of n images, and starts the clock."""
        self.start = torch.randn((n, d), generator=self.source, device=self.settings.device)
        self.x = self.start
        self.pace = Pace(self.knobs["nfe"], self.settings)

    def velocity(self, n: int, guidance: float) -> Network:
        """The velocity of the first n images, each with its wish."""
        raise NotImplementedError

    def pictures(self, x: Tensor) -> Tensor:
        """Data [n, d] as images [n, ...]."""
        raise NotImplementedError

    def arrays(self, x: Tensor) -> NDArray[np.float32]:
        """Data [n, d] as they are drawn."""
        raise NotImplementedError

    def judged(self, images: Tensor) -> dict[str, Metric]:
        """The figures of this run's images."""
        raise NotImplementedError

    def glance(self, images: Tensor) -> tuple[float, float, float]:
        """FD, recall and the share that is as asked for, of the first images."""
        raise NotImplementedError

    def real_glance(self, n: int) -> float:
        """FD of n real images."""
        raise NotImplementedError

    @torch.no_grad()
    def move(self) -> None:
        """One evaluation of the network for each image, and one Euler step."""
        now, then = self.times[self.pace.step], self.times[self.pace.step + 1]
        velocity = self.velocity(len(self.x), self.knobs["guidance"])
        self.x = self.x + (then - now) * velocity(self.x, now.expand(len(self.x)))
        self.pace.step += 1

    @property
    def t(self) -> float:
        """The noise level, 1 for pure noise, 0 for data."""
        return float(self.times[self.pace.step])

    @property
    def sound(self) -> bool:
        return bool(self.x.isfinite().all())

    @torch.no_grad()
    def look(self, caption: str) -> ImageLook:
        """The present: images as they are, and what the network takes them to become."""
        x = self.x[: self.shown]
        guess = None
        if self.t > 0:
            velocity = self.velocity(len(x), self.knobs["guidance"])
            guess = self.arrays(x - self.t * velocity(x, x.new_full((len(x),), self.t)))
        return ImageLook(
            caption=caption,
            metrics={"t": self.t},
            kind=self.kind,
            now=self.arrays(x),
            guess=guess,
            heads=self.heads,
            asked=self.asked,
            read=self.read,
            by_guidance=self.by_guidance,
            by_nfe=self.by_nfe,
            sweep_floor=self.sweep_floor,
        )

    @torch.no_grad()
    def measure(self) -> dict[str, Metric]:
        """The result's metrics; notes the sweeps."""
        metrics = self.judged(self.pictures(self.x))
        self.sweep_floor = self.real_glance(min(N_SWEPT, len(self.x)))
        w, nfe = self.knobs["guidance"], self.knobs["nfe"]
        self.by_nfe = tuple(self._swept(steps, steps, w) for steps in EVALUATIONS)
        self.by_guidance = tuple(self._swept(push, min(nfe, SWEEP_NFE), push) for push in GUIDANCES)
        last = self.by_nfe[-1].fd
        enough = next(one.setting for one in self.by_nfe if one.fd <= ENOUGH * last)
        n = min(N_SWEPT, len(self.x))
        meaning = f"evaluations for each image until FD is within a quarter of that of {EVALUATIONS[-1]}"
        return metrics | {"enough_evaluations": Metric(enough, n, 1.0, None, "low", meaning)}

    def _swept(self, setting: float, nfe: int, guidance: float) -> Sweep:
        start = self.start[:N_SWEPT]
        made = flow_trail(self.velocity(len(start), guidance), start, nfe, "euler").points[-1]
        return Sweep(setting, *self.glance(self.pictures(made)))


class DigitMaker(ImageMaker):
    """Digits, measured against real ones of the kind asked for."""

    kind = "digits"
    shown = 60

    def __init__(self, checkpoint: Checkpoint, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        super().__init__(checkpoint, knobs, settings)
        device = settings.device
        self.network = DigitDenoiser(checkpoint.about["knobs"]["width"], seeded(0, device))
        checkpoint.fill(self.network, "network")
        classifier = Classifier(PIXELS, CLASSES, seeded(0, device))
        checkpoint.fill(classifier, "judge")
        train, held_out = load_digits(device)
        if knobs["digit"] != "all":
            train, held_out = (_only(data, int(knobs["digit"])) for data in (train, held_out))
        self.judge = Judge(train, held_out, classifier=classifier)
        n = max(self.shown, min(knobs["samples"], len(self.judge.halves[0][1])))
        self.labels = torch.arange(n, device=device) % CLASSES
        if knobs["digit"] != "all":
            self.labels = torch.full_like(self.labels, int(knobs["digit"]))
        self.heads = tuple(str(label) for label in self.labels[:CLASSES].tolist())
        self.set_off(n, PIXELS)

    def velocity(self, n: int, guidance: float) -> Network:
        return guided(self.network, self.labels[:n], guidance)

    def pictures(self, x: Tensor) -> Tensor:
        return x.clamp(-1, 1).reshape(-1, 1, SIDE, SIDE)

    def arrays(self, x: Tensor) -> NDArray[np.float32]:
        drawn: NDArray[np.float32] = self.pictures(x)[:, 0].cpu().numpy()
        return drawn

    def judged(self, images: Tensor) -> dict[str, Metric]:
        classical = gaussian_images(self.judge.train, self.labels, seeded(1, self.settings.device))
        metrics = self.judge.metrics(images, self.labels, classical, self.labels)
        if self.knobs["digit"] != "all":
            del metrics["inception_score"]  # of one digit it says nothing
        return metrics

    def glance(self, images: Tensor) -> tuple[float, float, float]:
        told = self.judge.live_figures(images, self.labels[: len(images)])
        return told["fd_digits64"], told["recall"], told["class_accuracy"]

    def real_glance(self, n: int) -> float:
        reals = self.judge.train.images[self.judge.halves[0][1][:n]]
        return self.judge.live_figures(reals)["fd_digits64"]


def _only(data: ImageSet, label: int) -> ImageSet:
    chosen = data.labels == label
    return ImageSet(data.images[chosen], data.labels[chosen])


def gaussian_images(data: ImageSet, labels: Tensor, source: torch.Generator) -> Tensor:
    """The classical generator: images of `labels` [n], each from the one Gaussian fitted to its class of `data`."""
    made = torch.empty((len(labels), *data.images.shape[1:]), device=labels.device)
    for label in labels.unique():
        real, places = data.images[data.labels == label].flatten(1), labels == label
        cov = torch.cov(real.T) + 1e-3 * torch.eye(real.shape[1], device=real.device)
        noise = torch.randn((int(places.sum()), real.shape[1]), generator=source, device=real.device)
        drawn = real.mean(dim=0) + noise @ torch.linalg.cholesky(cov).T
        made[places] = drawn.clamp(-1, 1).reshape(-1, *made.shape[1:])
    return made


class FaceMaker(ImageMaker):
    """Faces: codes of a VAE's face space, which its decoder and eigenfaces turn into pictures."""

    kind = "faces"
    shown = 24

    def __init__(self, checkpoint: Checkpoint, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        super().__init__(checkpoint, knobs, settings)
        device, made_with = settings.device, checkpoint.about["knobs"]
        mean, basis, sd = (checkpoint.tensor(f"eigen.{part}") for part in ("mean", "basis", "sd"))
        self.eigen = Eigenfaces(mean, basis, sd, (3, SIZE, SIZE))
        self.mean, self.scale = checkpoint.tensor("codes.mean"), checkpoint.tensor("codes.scale")
        self.weight = checkpoint.tensor("decoder_weight")
        latent, width = made_with["latent"], made_with["vae_width"]
        self.decoder = mlp([latent, width, width, len(sd)], nn.SiLU, seeded(0, device))
        self.flow = latent_diffusion.FaceFlow(latent, made_with["width"], seeded(0, device))
        checkpoint.fill(self.decoder, "decoder")
        checkpoint.fill(self.flow, "flow")
        self.fixed = {name: WISHES[name][knobs[name]] for name in WISHES if knobs[name] != "any"}
        n = min(knobs["samples"], N_MEASURED)
        self.wish = faces.asked_attributes(n, self.source, self.fixed)[:, latent_diffusion.TOLD]
        self.set_off(n, latent)

    @cached_property
    def judge(self) -> FaceJudge:
        """The judge, made at its first use: it knows the faces of the training, drawn anew as they were, on the CPU."""
        device = self.settings.device
        rows = faces.draw_attributes(POOL, seeded(self.checkpoint.about["seed"], "cpu")).to(device)
        return FaceJudge(faces.render(rows, SIZE), device, len(self.wish), self.fixed)

    def velocity(self, n: int, guidance: float) -> Network:
        wish = self.wish[:n]
        told = torch.ones_like(wish[:, :1])

        def answer(xt: Tensor, t: Tensor) -> Tensor:
            wished: Tensor = self.flow(xt, t, wish, told)
            if guidance == 1:
                return wished
            return latent_diffusion.guided(self.flow(xt, t, wish, 0 * told), wished, guidance)

        return answer

    def pictures(self, x: Tensor) -> Tensor:
        return self.eigen.pictures(self.decoder(x * self.scale + self.mean) * self.weight)

    def arrays(self, x: Tensor) -> NDArray[np.float32]:
        return shown(self.pictures(x))

    def judged(self, images: Tensor) -> dict[str, Metric]:
        device, n = self.settings.device, len(images)
        noise = torch.randn((n, len(self.eigen.sd)), generator=seeded(1, device), device=device)
        metrics = self.judge.metrics(images, self.eigen.pictures(noise * self.eigen.sd))
        read = self._read(images)
        self.asked, self.read = self.wish[:N_SWEPT].cpu().numpy(), read[:N_SWEPT].cpu().numpy()
        rows = faces.asked_attributes(n, seeded(3, device), self.fixed)
        real = (self._read(faces.render(rows, SIZE)) - rows[:, latent_diffusion.TOLD]).abs()
        missed = (read - self.wish).abs()
        chance = agreement(read.roll(1, dims=0) - self.wish)
        told = f"share of the four attributes read within {AGREES:g} of those asked for; baseline: of another face"
        metrics["agreement"] = Metric(agreement(missed), n, agreement(real), chance, "high", told)
        for column, name in enumerate(faces.TAUGHT):
            off, floor = float(missed[:, column].mean()), float(real[:, column].mean())
            told = f"mean distance of {name} read from {name} asked"
            metrics[f"{name}_error"] = Metric(off, n, floor, None, "low", told)
        return metrics

    def _read(self, images: Tensor) -> Tensor:
        """The taught attributes [n, 4] that the reader sees, held within 0..1."""
        return self.judge.read(images)[:, latent_diffusion.TOLD].clamp(0, 1)

    def glance(self, images: Tensor) -> tuple[float, float, float]:
        fd, recall = self.judge.glance(images)
        return fd, recall, agreement(self._read(images) - self.wish[: len(images)])

    def real_glance(self, n: int) -> float:
        return self.judge.distance(fresh_faces(n, seeded(4, self.settings.device), self.fixed))


def agreement(missed: Tensor) -> float:
    """The share of `missed` [n, 4], differences of attributes read and asked, that is at most AGREES."""
    return float((missed.abs() <= AGREES).float().mean())
