"""A variational autoencoder of faces, trained live: Kingma and Welling 2013 (arXiv 1312.6114), with a weight beta on
the KL term.

The network works on the coordinates of 192 eigenfaces, which keep the pictures almost whole, so that a step costs a
hundredth of one on pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demos import face_space, face_vae_words, faces
from demos.face_measures import FaceJudge
from demos.face_space import Edit, FaceVae
from demos.networks import Adam, LossCurve, cosine_rate, seeded
from demos.steps import Look, Metric, Pace, Result, RunSettings, Step

POOL = 8192
HELD_OUT = 512
WARM_UP = 0.2
"""The share of the run over which beta grows from 0: faces first, order in the face space second."""

PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Where on an axis the shown face is put: 0 and 1 are the ends that real faces reach."""

ACTIVE = 0.1
"""A latent number is in use if it holds more nats than this on average."""


@dataclass(frozen=True)
class FaceVaeLook(Look):
    """What there is to see of a face VAE: pictures [n, s, s, 3] in 0..1.

    real and rebuilt [8]; made [16] from the prior; slid [4 x 5], a face moved along the four axes; between [8], from
    one face to another; kl [latent] nats of each latent number, largest first; edits: what each axis does, at the end.
    """

    real: NDArray[np.float32]
    rebuilt: NDArray[np.float32]
    made: NDArray[np.float32]
    slid: NDArray[np.float32]
    between: NDArray[np.float32]
    kl: NDArray[np.float32]
    edits: Mapping[str, Edit]


class VaeTraining:
    """Faces, eigenfaces, the VAE and its optimiser, all drawn from one seed."""

    def __init__(
        self, knobs: Mapping[str, Any], settings: RunSettings, size: int, source: torch.Generator
    ) -> None:
        self.knobs, self.device, self.source = knobs, settings.device, source
        self.rows = faces.draw_attributes(POOL, source)
        self.images = faces.render(self.rows, size)
        self.held_rows = faces.draw_attributes(HELD_OUT, source)
        self.held_images = faces.render(self.held_rows, size)
        self.eigen = face_space.find_eigenfaces(self.images, source)
        self.coordinates = self.eigen.coordinates(self.images)
        self.held = self.eigen.coordinates(self.held_images)
        self.vae = FaceVae(self.eigen.sd, knobs["latent"], knobs["width"], source)
        self.adam = Adam(self.vae.parameters(), decay=1e-4)
        self.curve = LossCurve()

    def update(self, fraction: float) -> None:
        """One update at `fraction` (0..1) of the training."""
        self.adam.rate = cosine_rate(self.knobs["lr"], fraction)
        picks = torch.randint(POOL, (self.knobs["batch"],), generator=self.source, device=self.device)
        target = self.coordinates[picks]
        mean, log_variance = self.vae.encode(target)
        noise = torch.randn(mean.shape, generator=self.source, device=self.device)
        made = self.vae.decode(mean + (0.5 * log_variance).exp() * noise)
        beta = self.knobs["beta"] * min(1.0, fraction / WARM_UP)
        loss = face_space.vae_loss(target, made, face_space.kl_by_number(mean, log_variance), beta)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        self.curve.add(loss)

    def pictures(self, z: Tensor) -> Tensor:
        """Codes [n, latent] -> faces [n, 3, s, s]."""
        return self.eigen.pictures(self.vae.decode(z))

    @torch.no_grad()
    def codes(self) -> Tensor:
        """The mean codes [8192, latent] of the training faces."""
        return self.vae.encode(self.coordinates)[0]

    @torch.no_grad()
    def kl(self) -> Tensor:
        """Nats of each latent number [latent], averaged over held-out faces."""
        return face_space.kl_by_number(*self.vae.encode(self.held)).mean(dim=0)

    @torch.no_grad()
    def rebuilt(self) -> Tensor:
        """The held-out faces, encoded to the mean of z and decoded."""
        return self.pictures(self.vae.encode(self.held)[0])

    @property
    def sound(self) -> bool:
        """Whether losses and rebuilt faces are still numbers."""
        self.curve.values()
        return self.curve.finite and bool(self.codes().isfinite().all() and self.rebuilt().isfinite().all())


class FaceVaeRun:
    """A training with what is always shown: a face to slide, two to mix, and codes from the prior."""

    def __init__(self, knobs: Mapping[str, Any], settings: RunSettings) -> None:
        self.knobs, self.settings = knobs, settings
        self.source = seeded(settings.seed, settings.device)
        self.training = VaeTraining(knobs, settings, int(knobs["size"]), self.source)
        self.prior = torch.randn((1000, knobs["latent"]), generator=self.source, device=settings.device)
        self.edits: dict[str, Edit] = {}
        self.pace = Pace(knobs["steps"], settings)

    @torch.no_grad()
    def look(self) -> FaceVaeLook:
        """The present."""
        training = self.training
        rebuilt = training.rebuilt()
        kl = training.kl()
        figures = {
            "psnr_db": face_space.decibels(training.held_images, rebuilt),
            "kl_nats": float(kl.sum()),
            "numbers_in_use": float((kl > ACTIVE).sum()),
        }
        return FaceVaeLook(
            caption=face_vae_words.caption(self.pace, figures, self.knobs["latent"]),
            metrics=figures,
            real=shown(training.held_images[:8]),
            rebuilt=shown(rebuilt[:8]),
            made=shown(training.pictures(self.prior[:16])),
            slid=shown(training.pictures(self._slid())),
            between=shown(training.pictures(self._between())),
            kl=kl.sort(descending=True).values.cpu().numpy(),
            edits=self.edits,
        )

    def _slid(self) -> Tensor:
        """Codes [4 x 5, latent] of the most middling face without glasses, moved along each taught axis in turn."""
        training = self.training
        axes = face_space.find_axes(training.codes(), training.rows)
        middling = [faces.column(name) for name in faces.TAUGHT if name != "glasses"]
        odd = (training.held_rows[:, middling] - 0.5).abs().sum(dim=1)
        one = int((odd + 9 * training.held_rows[:, faces.column("glasses")]).argmin())
        z = training.vae.encode(training.held[one : one + 1])[0]
        row = training.held_rows[one : one + 1]
        return torch.cat([axes.moved(z, row, name, place) for name in faces.TAUGHT for place in PLACES])

    def _between(self) -> Tensor:
        """Codes [8, latent] in straight steps from the first held-out face to the one that is least like it."""
        rows = self.training.held_rows
        unlike = int((rows - rows[0]).square().sum(dim=1).argmax())
        z = self.training.vae.encode(self.training.held[[0, unlike]])[0]
        return torch.stack([torch.lerp(z[0], z[1], place / 7) for place in range(8)])

    @torch.no_grad()
    def measure(self) -> dict[str, Metric]:
        """The result's metrics; notes the edits."""
        training = self.training
        judge = FaceJudge(training.images, self.settings.device)
        plain = training.eigen.sd[: self.knobs["latent"]]
        noise = torch.randn(
            (judge.n, len(plain)), generator=seeded(1, self.settings.device), device=plain.device
        )
        metrics = rebuilding(training)
        metrics |= judge.metrics(
            training.pictures(self.prior[: judge.n]), training.eigen.pictures(noise * plain)
        )
        self.edits = edits(training, judge, bent=True)
        straight = edits(training, judge, bent=False)
        return metrics | edit_metrics(self.edits, straight, training, judge)


def shown(images: Tensor) -> NDArray[np.float32]:
    """Faces [n, 3, s, s] in -1..1 as [n, s, s, 3] in 0..1 on the CPU."""
    return np.asarray((images.permute(0, 2, 3, 1) * 0.5 + 0.5).clamp(0, 1).cpu().numpy())


def rebuilding(training: VaeTraining) -> dict[str, Metric]:
    """How close the rebuilt faces come, beside as many eigenfaces as there are latent numbers."""
    images = training.held_images
    latent = training.vae.latent
    best = face_space.decibels(images, training.eigen.pictures(training.held))
    plain = face_space.decibels(images, training.eigen.pictures(training.held[:, :latent]))
    value = face_space.decibels(images, training.rebuilt())
    kl = training.kl()
    words = "closeness of rebuilt faces in decibels; the floor is that of all 192 eigenfaces"
    used = float((kl > ACTIVE).sum())
    return {
        "psnr_db": Metric(value, len(images), best, plain, "high", words),
        "numbers_in_use": Metric(
            used, len(images), float(latent), None, "high", "latent numbers with over 0.1 nats"
        ),
    }


@torch.no_grad()
def edits(training: VaeTraining, judge: FaceJudge, bent: bool) -> dict[str, Edit]:
    """What moving held-out faces from 0 to 1 along each taught axis, bent or straight, does to the attributes read."""
    axes = face_space.find_axes(training.codes(), training.rows, bent)
    z, rows = training.vae.encode(training.held)[0], training.held_rows

    def read(name: str, to: float) -> Tensor:
        return judge.read(training.pictures(axes.moved(z, rows, name, to)))

    return {name: face_space.edit_of(name, read(name, 0.0), read(name, 1.0)) for name in faces.TAUGHT}


def edit_metrics(
    found: Mapping[str, Edit], straight: Mapping[str, Edit], training: VaeTraining, judge: FaceJudge
) -> dict[str, Metric]:
    """The edits as metrics; the floor is that of true twins, drawn with the attribute at 0 and at 1, the
    baseline that of straight axes."""
    rows = training.held_rows
    size = training.images.shape[-1]

    def twins_read(name: str, to: float) -> Tensor:
        return judge.read(faces.render(faces.twins(rows, name, to), size))

    true = {name: face_space.edit_of(name, twins_read(name, 0.0), twins_read(name, 1.0)) for name in found}
    metrics = {
        f"edit_{name}": Metric(
            edit.effect,
            len(rows),
            true[name].effect,
            straight[name].effect,
            "near 1",
            f"change of {name} read along its axis; baseline: a straight axis",
        )
        for name, edit in found.items()
    }
    worst, true_worst = max(e.leak for e in found.values()), max(e.leak for e in true.values())
    meaning = "largest mean change of an attribute that should have stayed"
    return metrics | {"worst_leak": Metric(worst, len(rows), true_worst, None, "low", meaning)}


def run(knobs: Mapping[str, Any], settings: RunSettings) -> Iterator[Step | Result]:
    """Trains a VAE of faces: a Step for each update, then the Result.

    `knobs` are the checked values of the catalogue's face-vae. The same seed, knobs and device give the same run as
    long as `steps` is fixed and the budget does not cut it off.
    """
    state = FaceVaeRun(knobs, settings)
    yield state.pace.moment(state.look, key=True)
    while not state.pace.done and state.training.curve.finite:
        state.training.update(state.pace.fraction)
        state.pace.step += 1
        yield state.pace.moment(state.look, key=state.pace.done)
    yield _result(state)


def _result(state: FaceVaeRun) -> Result:
    if not state.training.sound:
        verdict = f"The run diverged at step {state.pace.step}: the loss is no longer a number."
        remedy = "A lower learning rate keeps it finite."
        return Result("diverged", state.pace.step, {}, verdict, (remedy,), ("vae-and-elbo",), state.look())
    metrics = state.measure()
    story = face_vae_words.VaeStory(
        metrics=metrics,
        edits=state.edits,
        kl=state.training.kl().tolist(),
        beta=state.knobs["beta"],
        latent=state.knobs["latent"],
        pace=state.pace,
        budget_s=state.settings.budget_s,
    )
    verdict, notes = face_vae_words.verdict(story)
    outcome = "out of time" if state.pace.out_of_time else "done"
    return Result(
        outcome, state.pace.step, metrics, verdict, face_vae_words.observations(story), notes, state.look()
    )
