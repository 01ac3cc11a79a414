"""Latent diffusion of faces, trained live: a VAE first, then flow matching on its codes (Rombach et al. 2021, arXiv
2112.10752), and beside it the same flow on pixels with as many multiplications to spend.

Flow matching: xt = (1 - t) x0 + t eps, and the network learns the velocity eps - x0 (arXiv 2210.02747, 2209.03003). The
networks are told four attributes, and in a tenth of the cases nothing, so that guidance can push towards them (arXiv
2207.12598).
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

from demos import faces, latent_diffusion_words
from demos.face_measures import N_MEASURED, SIZE, FaceJudge
from demos.face_vae import VaeTraining, shown
from demos.networks import Adam, AveragedCopy, LossCurve, cosine_rate, mlp, seeded
from demos.samplers import flow_trail
from demos.steps import Look, Metric, Pace, Result, RunSettings, Step

TOLD = [faces.column(name) for name in faces.TAUGHT]
UNTOLD_SHARE = 0.1
LEAST_T = 0.2
"""Noise levels below this one count as this one where they divide."""

N_SHOWN = 16
N_WISHED = 3
VAE_SHARE = 0.4
VAE_KNOBS: dict[str, Any] = {"width": 256, "batch": 128, "lr": 4e-3, "beta": 0.1}


class FaceFlow(nn.Module):
    """(xt [b, d], t [b] in 0..1, wish [b, 4], told [b, 1]) -> the velocity [b, d].

    What the layers answer is the data x0, and the velocity follows, (xt - x0) / t: faces fill few of the directions of
    pixel space and noise fills all, which layers narrower than that cannot pass on (arXiv 2511.13720).
    `wish` holds hair, smile, age, glasses in 0..1; where `told` is 0 the wish is not looked at.
    """

    frequencies: Tensor

    def __init__(self, d: int, width: int, source: torch.Generator) -> None:
        super().__init__()
        self.register_buffer("frequencies", math.pi * 2.0 ** torch.arange(5, device=source.device))
        self.body = mlp([d + 11 + len(TOLD) + 1, width, width, width, d], nn.SiLU, source)

    def forward(self, xt: Tensor, t: Tensor, wish: Tensor, told: Tensor) -> Tensor:
        angles = t[:, None] * self.frequencies
        known = (2 * wish - 1) * told
        x0: Tensor = self.body(torch.cat([xt, t[:, None], angles.sin(), angles.cos(), known, told], dim=1))
        return (xt - x0) / t[:, None].clamp(min=LEAST_T)

    @property
    def multiplications(self) -> int:
        """Multiplications for one evaluation of one face: one for each weight of a matrix."""
        return sum(weight.numel() for weight in self.parameters() if weight.dim() == 2)


def guided(plain: Tensor, wished: Tensor, guidance: float) -> Tensor:
    """u + w (c - u), of a velocity without and with the wish: w = 1 is no guidance (arXiv 2207.12598, eq. 6, where w
    counts from 0)."""
    return plain + guidance * (wished - plain)


class FlowTraining:
    """A flow on data [n, d] of which the wish [n, 4] is known; data are shifted to mean 0 and divided by `scale`, one
    number or one for each column."""

    def __init__(
        self, data: Tensor, wish: Tensor, scale: Tensor, knobs: Mapping[str, Any], source: torch.Generator
    ) -> None:
        self.mean, self.scale = data.mean(dim=0), scale
        self.data, self.wish = (data - self.mean) / scale, wish
        self.knobs, self.source = knobs, source
        self.network = FaceFlow(data.shape[1], knobs["width"], source)
        self.averaged = AveragedCopy(self.network)
        self.adam = Adam(self.network.parameters(), decay=1e-4)
        self.curve = LossCurve()

    def update(self, fraction: float, step: int, total: int) -> None:
        """Update `step` (from 0) of `total`, at `fraction` (0..1) of the training.

        The noise level t is logit-normal (arXiv 2403.03206, section 3.1).
        """
        device, batch = self.data.device, self.knobs["batch"]
        self.adam.rate = cosine_rate(self.knobs["lr"], fraction)
        picks = torch.randint(len(self.data), (batch,), generator=self.source, device=device)
        x0 = self.data[picks]
        eps = torch.randn(x0.shape, generator=self.source, device=device)
        t = torch.sigmoid(torch.randn(batch, generator=self.source, device=device))
        told = (torch.rand((batch, 1), generator=self.source, device=device) >= UNTOLD_SHARE).float()
        xt = torch.lerp(x0, eps, t[:, None])
        loss = (self.network(xt, t, self.wish[picks], told) - (eps - x0)).square().mean()
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        self.averaged.update(self.network, step, total)
        self.curve.add(loss)

    @torch.no_grad()
    def sample(self, start: Tensor, wish: Tensor) -> Tensor:
        """Noise [n, d] carried to data [n, d] that have the wished attributes [n, 4], in `nfe` Euler steps."""
        network, told, w = self.averaged.network, torch.ones_like(wish[:, :1]), self.knobs["guidance"]

        def velocity(xt: Tensor, t: Tensor) -> Tensor:
            wished: Tensor = network(xt, t, wish, told)
            return wished if w == 1 else guided(network(xt, t, wish, 0 * told), wished, w)

        return flow_trail(velocity, start, self.knobs["nfe"], "euler").points[-1] * self.scale + self.mean

    @property
    def worse(self) -> bool:
        """Whether the loss ended at more than twice what it was at first."""
        values = self.curve.values()
        return len(values) > 20 and self.curve.recent() > 2 * sum(values[:5]) / 5

    @property
    def multiplications(self) -> int:
        """Multiplications for one sampled face; guidance asks the network twice."""
        return self.network.multiplications * self.knobs["nfe"] * (1 if self.knobs["guidance"] == 1 else 2)


@dataclass(frozen=True)
class LatentLook(Look):
    """What there is to see of latent diffusion: pictures [n, 32, 32, 3] in 0..1.

    prior, latent and pixel [16 each]: faces from the VAE's prior and of both flows, or of size 0 before they exist;
    wished [4 x 6]: at fixed noise, each taught attribute at its two ends; losses of the three trainings; `costs`:
    million multiplications for one face of each kind.
    """

    prior: NDArray[np.float32]
    latent: NDArray[np.float32]
    pixel: NDArray[np.float32]
    wished: NDArray[np.float32]
    losses: Mapping[str, list[float]]
    costs: Mapping[str, float]
    distances: Mapping[str, float]


class LatentRun:
    """The three trainings one after the other, all drawn from one seed, and the noise that is always shown."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs, self.settings = knobs, settings
        self.source = seeded(settings.seed, settings.device)
        self.vae = VaeTraining(VAE_KNOBS | {"latent": knobs["latent"]}, settings, SIZE, self.source)
        self.wish = self.vae.rows[:, TOLD]
        pixels = self.vae.images.flatten(1)
        self.pixel = FlowTraining(pixels, self.wish, pixels.std(), knobs, self.source)
        self.latent = self._latent_flow()
        self.asked = faces.draw_attributes(N_MEASURED, self.source)[:, TOLD]
        self.noise = self._noise(knobs["latent"])
        self.pixel_noise = self._noise(pixels.shape[1])
        self.updates = {"vae": 0, "latent": 0, "pixel": 0}
        self.distances: dict[str, float] = {}
        self.parts = self._parts()
        self.pace = Pace(sum(self.parts.values()) if knobs["steps"] else 0, settings)

    def _noise(self, d: int) -> Tensor:
        return torch.randn((N_MEASURED, d), generator=self.source, device=self.settings.device)

    def _latent_flow(self) -> FlowTraining:
        """A flow on the codes that the VAE gives now."""
        codes = self.vae.codes()
        return FlowTraining(codes, self.wish, codes.std(dim=0).clamp(min=1e-3), self.knobs, self.source)

    def _parts(self) -> dict[str, int]:
        """Updates of each training. The pixel flow gets as many multiplications as VAE and latent flow together, times
        `pixel_share`; where time alone decides, parts of the time stand in for updates."""
        share = self.knobs["pixel_share"]
        if not self.knobs["steps"]:
            return {"vae": 400, "latent": 600, "pixel": round(1000 * share)}
        vae = max(1, round(VAE_SHARE * self.knobs["steps"]))
        flow = max(1, self.knobs["steps"] - vae)
        spent = vae * VAE_KNOBS["batch"] * self.vae.vae.multiplications
        spent += flow * self.knobs["batch"] * self.latent.network.multiplications
        pixel = share * spent / (self.knobs["batch"] * self.pixel.network.multiplications)
        return {"vae": vae, "latent": flow, "pixel": max(1, round(pixel)) if share else 0}

    def part(self) -> tuple[str, float]:
        """The training that is under way, and its fraction done in 0..1."""
        place = self.pace.fraction * sum(self.parts.values())
        for name, length in self.parts.items():
            if place < length:
                return name, place / length
            place -= length
        return [name for name, length in self.parts.items() if length][-1], 1.0

    def update(self) -> None:
        """One update of the training that is under way."""
        name, fraction = self.part()
        if name == "vae":
            self.vae.update(fraction)
        else:
            if name == "latent" and not self.updates["latent"]:
                self.latent = self._latent_flow()
            flow = self.latent if name == "latent" else self.pixel
            total = (
                self.parts[name] if self.knobs["steps"] else round(self.updates[name] / max(fraction, 0.02))
            )
            flow.update(fraction, self.updates[name], total)
        self.updates[name] += 1
        self.pace.step += 1

    @property
    def sound(self) -> bool:
        """Whether the losses so far are numbers."""
        return self.vae.curve.finite and self.latent.curve.finite and self.pixel.curve.finite

    @property
    def sane(self) -> bool:
        """Whether losses and a few sampled faces are numbers, and no loss has grown: to be asked at the end."""
        for curve in (self.latent.curve, self.pixel.curve):
            curve.values()
        few = [self.sampled(kind, N_SHOWN) for kind in self.costs()]
        numbers = all(bool(images.isfinite().all()) for images in few)
        return numbers and self.sound and self.vae.sound and not self.latent.worse and not self.pixel.worse

    @torch.no_grad()
    def sampled(self, kind: str, n: int) -> Tensor:
        """Faces [n, 3, 32, 32] of one kind: prior, latent or pixel."""
        if kind == "prior":
            return self.vae.pictures(self.noise[:n])
        if kind == "latent":
            return self.vae.pictures(self.latent.sample(self.noise[:n], self.asked[:n]))
        flat = self.pixel.sample(self.pixel_noise[:n], self.asked[:n])
        return flat.clamp(-1, 1).reshape(n, *self.vae.images.shape[1:])

    @torch.no_grad()
    def wished(self) -> Tensor:
        """Latent faces from three noises: each taught attribute at 0 and at 1, the others as asked, [4 x 6]."""
        noise, wish = self.noise[:N_WISHED].repeat(8, 1), self.asked[:N_WISHED].repeat(8, 1)
        for row in range(len(TOLD)):
            for end in (0, 1):
                start = (2 * row + end) * N_WISHED
                wish[start : start + N_WISHED, row] = end
        return self.vae.pictures(self.latent.sample(noise, wish))

    def look(self) -> LatentLook:
        """The present."""
        name, _ = self.part()
        kinds = ["prior", *(kind for kind in ("latent", "pixel") if self.updates[kind])]
        seen = {kind: shown(self.sampled(kind, N_SHOWN)) for kind in kinds}
        nothing = np.empty((0, SIZE, SIZE, 3), np.float32)
        curves = {"vae": self.vae.curve, "latent": self.latent.curve, "pixel": self.pixel.curve}
        losses = {part: list(curve.values()) for part, curve in curves.items()}
        figures = {f"{part}_loss": curves[part].recent(0.05) for part, values in losses.items() if values}
        return LatentLook(
            caption=latent_diffusion_words.caption(self.pace, name, figures),
            metrics=figures,
            prior=seen["prior"],
            latent=seen.get("latent", nothing),
            pixel=seen.get("pixel", nothing),
            wished=shown(self.wished()) if self.updates["latent"] else nothing,
            losses=losses,
            costs=self.costs(),
            distances=self.distances,
        )

    def costs(self) -> dict[str, float]:
        """Million multiplications for one face of each kind; eigenfaces to pixels are counted."""
        decoder = sum(w.numel() for w in self.vae.vae.decoder.parameters() if w.dim() == 2)
        decoder += self.vae.eigen.basis.numel()
        each = {
            "prior": decoder,
            "latent": decoder + self.latent.multiplications,
            "pixel": self.pixel.multiplications,
        }
        return {kind: cost / 1e6 for kind, cost in each.items() if kind != "pixel" or self.updates["pixel"]}

    def measure(self) -> tuple[dict[str, Metric], dict[str, float]]:
        """The result's metrics, and the measured milliseconds for one face of each flow; notes the distances."""
        judge = FaceJudge(self.vae.images, self.settings.device)
        made, times_ms = {}, {}
        for kind in self.costs():
            start_s = self.settings.clock()
            made[kind] = self.sampled(kind, judge.n)
            times_ms[kind] = 1000 * (self.settings.clock() - start_s) / judge.n
        sd = self.vae.eigen.sd
        noise = torch.randn((judge.n, len(sd)), generator=seeded(1, self.settings.device), device=sd.device)
        metrics = judge.metrics(made["latent"], self.vae.eigen.pictures(noise * sd))
        self.distances = {"latent": metrics["fd_faces64"].value}
        for kind in made.keys() - {"latent"}:
            told = judge.metrics(made[kind])
            self.distances[kind] = told["fd_faces64"].value
            metrics |= {f"{kind}_{name}": told[name] for name in ("fd_faces64", "recall")}
        return metrics | self._errors(judge, made["latent"]), times_ms

    def _errors(self, judge: FaceJudge, made: Tensor) -> dict[str, Metric]:
        """How far each attribute read off the faces is from the one asked for; the floor is that of real faces."""
        source = seeded(3, self.settings.device)
        rows = faces.draw_attributes(judge.n, source)
        real = (judge.read(faces.render(rows, SIZE)) - rows).abs().mean(dim=0)
        errors = (judge.read(made)[:, TOLD] - self.asked[: judge.n]).abs().mean(dim=0)
        return {
            f"{name}_error": Metric(
                float(error),
                judge.n,
                float(real[column]),
                None,
                "low",
                f"mean distance of {name} read from {name} asked",
            )
            for name, column, error in zip(faces.TAUGHT, TOLD, errors, strict=True)
        }


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Trains a VAE, a flow on its codes and a flow on pixels: a Step for each update, then the Result.

    `knobs` are the checked values of the catalogue's latent-diffusion. The same seed, knobs and device give the same
    run as long as `steps` is fixed and the budget does not cut it off.
    """
    state = LatentRun(knobs, settings)
    yield state.pace.moment(state.look, key=True)
    while not state.pace.done and state.sound:
        before = state.part()[0]
        state.update()
        yield state.pace.moment(state.look, key=state.pace.done or state.part()[0] != before)
    yield _result(state)


def _result(state: LatentRun) -> Result:
    if not state.sane:
        verdict = f"The run diverged at step {state.pace.step}: the loss grew, or is no longer a number."
        remedy = "A lower learning rate keeps the training stable."
        return Result(
            "diverged", state.pace.step, {}, verdict, (remedy,), ("diffusion-models",), state.look()
        )
    metrics, times_ms = state.measure()
    story = latent_diffusion_words.LatentStory(
        metrics=metrics,
        costs=state.costs(),
        times_ms=times_ms,
        updates=state.updates,
        guidance=state.knobs["guidance"],
        nfe=state.knobs["nfe"],
        pace=state.pace,
        budget_s=state.settings.budget_s,
    )
    verdict, notes = latent_diffusion_words.verdict(story)
    outcome = "out of time" if state.pace.out_of_time else "done"
    told = latent_diffusion_words.observations(story)
    return Result(outcome, state.pace.step, metrics, verdict, told, notes, state.look())
