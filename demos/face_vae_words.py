"""What is said about a run of the face VAE: the caption of each frame, the verdict and what to notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demos.face_space import Edit
from demos.steps import Metric, Pace, out_of_time

GOOD_EDIT = 0.6
"""An axis works if it moves its attribute by this share of what the true twin shows, at least."""


@dataclass(frozen=True)
class VaeStory:
    """The facts of a finished run that are told; `kl` holds the nats of each latent number."""

    metrics: Mapping[str, Metric]
    edits: Mapping[str, Edit]
    kl: Sequence[float]
    beta: float
    latent: int
    pace: Pace
    budget_s: float

    @property
    def working(self) -> list[str]:
        return [name for name, edit in self.edits.items() if edit.effect >= GOOD_EDIT]


def caption(pace: Pace, figures: Mapping[str, float], latent: int) -> str:
    """One or two sentences on the present, from its live figures."""
    if pace.step == 0:
        return f"Before training: any {latent} numbers z decode to much the same blur."
    return (
        f"Step {pace.step} of {pace.total_steps}: faces rebuilt from {latent} numbers come within "
        f"{figures['psnr_db']:.1f} dB; {figures['numbers_in_use']:.0f} of the {latent} numbers carry "
        f"{figures['kl_nats']:.0f} nats in all."
    )


def verdict(story: VaeStory) -> tuple[str, tuple[str, ...]]:
    """One sentence on how it went, and the notes that explain it, most fitting first."""
    psnr, working = story.metrics["psnr_db"], story.working
    assert psnr.baseline is not None
    used = story.metrics["numbers_in_use"].value
    if used == 0:
        told = "Posterior collapse: no latent number says anything about the face, and every z decodes to the same one."
        return told, ("vae-and-elbo", "kl-divergence", "latent-space")
    whole = len(working) == len(story.edits) and psnr.value > psnr.baseline
    lost = [name for name in story.edits if name not in working]
    axes = "all four axes work" if working else "no axis works"
    if lost and working:
        verb = "work as axes" if len(working) > 1 else "works as an axis"
        axes = f"{_listed(working)} {verb}, {_listed(lost)} not"
    word = "Learned" if whole else "Partly learned"
    told = (
        f"{word}: faces are rebuilt at {psnr.value:.1f} dB "
        f"({story.latent} eigenfaces: {psnr.baseline:.1f} dB) and {axes}."
    )
    return told, ("vae-and-elbo", "latent-space", "reparameterisation-trick", "kl-divergence")


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def observations(story: VaeStory) -> tuple[str, ...]:
    """What to notice about this run, in full sentences with its numbers."""
    return (
        *out_of_time(story.pace, story.budget_s),
        _edit_story(story),
        _bend_story(story),
        _rebuild_story(story),
        _kl_story(story),
        _prior_story(story),
    )


def _edit_story(story: VaeStory) -> str:
    effects = ", ".join(f"{name} by {edit.effect:.2f}" for name, edit in story.edits.items())
    worst_name, worst = max(story.edits.items(), key=lambda item: item[1].leak)
    return (
        f"Moved from 0 to 1 along an axis, faces change in the attribute that the reader sees: {effects} "
        f"(true twins: about 1). The largest side effect is that moving {worst_name} changes "
        f"{worst.leaks_into} by {worst.leak:.2f} on average."
    )


def _bend_story(story: VaeStory) -> str:
    gains = {
        name: edit.effect - (story.metrics[f"edit_{name}"].baseline or 0.0)
        for name, edit in story.edits.items()
    }
    name = max(gains, key=lambda key: abs(gains[key]))
    metric = story.metrics[f"edit_{name}"]
    told = (
        f"Each axis may bend. It matters most for {name}: a straight line moves it by {metric.baseline:.2f}, a "
        f"bent one by {metric.value:.2f}"
    )
    if gains[name] > 0.1:
        return f"{told}, so on its way from 0 to 1 the code does not run straight: the space is curved there."
    return f"{told}, so straight lines do as well in this space."


def _rebuild_story(story: VaeStory) -> str:
    psnr = story.metrics["psnr_db"]
    assert psnr.baseline is not None
    more = psnr.value - psnr.baseline
    return (
        f"Rebuilt faces that the network never saw come within {psnr.value:.1f} dB; the {story.latent} "
        f"best eigenfaces, a linear code of the same length, reach {psnr.baseline:.1f} dB, so bending the "
        f"space {'gains' if more >= 0 else 'loses'} {abs(more):.1f} dB here."
    )


def _kl_story(story: VaeStory) -> str:
    used = sum(nats > 0.1 for nats in story.kl)
    idle = story.latent - used
    rest = (
        f" The other {idle} stay at the prior: at beta {story.beta:g} what they could add to the picture "
        "is not worth its KL."
        if idle
        else " None lies idle: a larger beta, or more numbers, would switch some off."
    )
    return (
        f"{used} of {story.latent} latent numbers are in use, {sum(story.kl):.0f} nats in all, the busiest "
        f"with {max(story.kl):.1f}.{rest}"
    )


def _prior_story(story: VaeStory) -> str:
    fd, recall, near = (story.metrics[name] for name in ("fd_faces64", "recall", "memorisation"))
    assert fd.baseline is not None and near.baseline is not None
    told = (
        f"Faces decoded from the prior are at FD-faces64 {fd.value:.2f} (n = {fd.n}; real faces: "
        f"{fd.floor:.2f}) with recall {recall.value:.2f}; a plain Gaussian over {story.latent} eigenfaces "
        f"comes to {fd.baseline:.2f}"
    )
    if fd.baseline < fd.value and near.baseline > near.value:
        told += (
            f", but its faces are ghosts that lie {near.baseline:.2f} times as far from training faces as "
            f"real ones do (the VAE's: {near.value:.2f}), which this distance does not see"
        )
    return f"{told}. What the encoder uses of the space is not quite the prior; latent diffusion learns the difference."
